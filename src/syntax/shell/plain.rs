//! Statements of words, assignments, redirects and the operators between them. A grammar has nothing to decide there,
//! and most lines of most scripts hold nothing else.

use std::ops::Range;

use super::mask::{PAD, hole};
use super::word::word;
use super::{Assignment, MOST_LINKS, Node, Redirect, RedirectKind, Simple, Value, is_declaring, scan};

/// Words by which a command is more than a program with its arguments, where they stand first.
const DECIDING: &[&str] = &[
    "!", "{", "}", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if",
    "in", "select", "then", "time", "until", "while",
];
/// More digits than these do not name a file descriptor.
const MOST_DIGITS: usize = 9;

/// A line longer than this many bytes is left to the grammar, so that what does not end is not looked for to the end of
/// the script from each line anew.
const MOST_LINE: usize = 1 << 14;

/// A part of a line.
enum Part {
    Word(Range<usize>),
    Assignment(Range<usize>),
    Redirect(Option<u32>, RedirectKind, Range<usize>),
    Operator(Operator),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    And,
    Or,
    Pipe,
    /// `;`
    End,
}

/// The statements of the lines at the start, and the offset of the first line that is more. The script stands at byte
/// `base` of another one, `depth` substitutions deep.
pub(super) fn statements(text: &str, base: usize, depth: usize) -> (Vec<Node>, usize) {
    let mut nodes = Vec::new();
    let mut read = 0;
    while read < text.len() {
        let rest = text.get(read..).unwrap_or_default();
        // Nothing inside of words is read before the whole line is known to be plain, so nothing is read twice.
        // A character that the limit falls into leaves the line to the grammar, too.
        let window = rest.get(..MOST_LINE.min(rest.len())).unwrap_or_default();
        let Some((parts, length)) = line(window) else { break };
        if length == window.len() && length < rest.len() {
            break;
        }
        nodes.extend(Tree::new(rest, base + read, depth).grow(parts));
        read += length;
    }
    (nodes, read)
}

/// The parts of the first line, and how long it is with its continuations and its end; `None` when it is more than
/// plain.
fn line(text: &str) -> Option<(Vec<Part>, usize)> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut at = 0;
    let mut links = 0;
    // What the command has so far, and whether an operator needs one.
    let (mut begun, mut named, mut declares, mut awaited) = (false, false, false, false);
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [] => return (!awaited).then_some((parts, at)),
            [b'\n', ..] if awaited => at += 1,
            [b'\n', ..] => return Some((parts, at + 1)),
            [b' ' | b'\t', ..] => at += 1,
            [b'\\', b'\n', ..] => at += 2,
            [b'#', ..] => at += text.get(at..)?.find('\n').unwrap_or(text.len() - at),
            [b'<' | b'>', ..] | [b'&', b'>', ..] => {
                at = redirect(text, at, None, &mut parts)?;
                (begun, awaited) = (true, false);
            }
            [b';' | b'&' | b'|', ..] => {
                let (operator, length) = operator(bytes.get(at..)?)?;
                links = if operator == Operator::End { 0 } else { links + 1 };
                if !begun || links > MOST_LINKS {
                    return None;
                }
                parts.push(Part::Operator(operator));
                at += length;
                (begun, named, declares, awaited) = (false, false, false, operator != Operator::End);
            }
            _ => {
                let stretch = at..at + extent(text.get(at..)?)?;
                let own = text.get(stretch.clone())?;
                let next = bytes.get(stretch.end).copied();
                (begun, awaited) = (true, false);
                at = if matches!(next, Some(b'<' | b'>')) && own.bytes().all(|b| b.is_ascii_digit()) {
                    let descriptor = (own.len() <= MOST_DIGITS).then(|| own.parse().ok()).flatten()?;
                    redirect(text, stretch.end, Some(descriptor), &mut parts)?
                } else {
                    if !ends_word(next) || matches!(next, Some(b'<' | b'>')) && own.ends_with('}') {
                        return None;
                    }
                    let end = stretch.end;
                    let assigns = (!named || declares) && assigned(own).is_some();
                    // An element of an array, perhaps.
                    if !assigns && (!named || declares) && own.contains('[') && own.contains('=') {
                        return None;
                    }
                    if !assigns && !named {
                        if DECIDING.contains(&own) {
                            return None;
                        }
                        (named, declares) = (true, is_declaring(own));
                    }
                    parts.push(if assigns { Part::Assignment(stretch) } else { Part::Word(stretch) });
                    end
                };
            }
        }
    }
}

/// The operator at the start, and its length.
fn operator(bytes: &[u8]) -> Option<(Operator, usize)> {
    Some(match bytes {
        [b'&', b'&', ..] => (Operator::And, 2),
        [b'|', b'|', ..] => (Operator::Or, 2),
        [b'|', b'&', ..] | [b';', b';' | b'&', ..] | [b'&', ..] => return None,
        [b'|', ..] => (Operator::Pipe, 1),
        _ => (Operator::End, 1),
    })
}

/// Reads the redirect at `at` of the text, and gives the end of its target.
fn redirect(text: &str, at: usize, descriptor: Option<u32>, parts: &mut Vec<Part>) -> Option<usize> {
    let rest = text.get(at..)?.as_bytes();
    let (kind, length) = match rest {
        [b'<', b'<', b'<', ..] => (RedirectKind::HereString, 3),
        [b'<', b'<', ..] => return None,
        [b'<' | b'>', b'&', ..] => (RedirectKind::Duplicate, 2),
        [b'<', b'>', ..] => (RedirectKind::Read, 2),
        [b'<', ..] => (RedirectKind::Read, 1),
        [b'>', b'>', ..] => (RedirectKind::Append, 2),
        [b'>', b'|', ..] => (RedirectKind::Write, 2),
        [b'>', ..] => (RedirectKind::Write, 1),
        [b'&', b'>', b'>', ..] => (RedirectKind::Both, 3),
        _ => (RedirectKind::Both, 2),
    };
    let blanks = rest.get(length..)?.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let start = at + length + blanks;
    let end = start + extent(text.get(start..)?)?;
    ends_word(text.as_bytes().get(end).copied()).then(|| {
        parts.push(Part::Redirect(descriptor, kind, start..end));
        end
    })
}

/// Whether a word ends before this byte.
fn ends_word(next: Option<u8>) -> bool {
    matches!(next, None | Some(b'\n' | b' ' | b'\t' | b';' | b'&' | b'|' | b'<' | b'>'))
}

/// The name that a word assigns to, and where the value begins.
fn assigned(word: &str) -> Option<(&str, usize)> {
    let length = word.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let (name, rest) = word.split_at_checked(length)?;
    let sign = if rest.starts_with('=') { 1 } else { 2 * usize::from(rest.starts_with("+=")) };
    (sign > 0 && name.starts_with(|c: char| !c.is_ascii_digit())).then_some((name, length + sign))
}

/// How far the word at the start of a text reaches; `None` when it is none, or not plainly one.
fn extent(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut quoted = false;
    loop {
        let plain = text.bytes().skip(at).take_while(|b| if quoted { is_plain_in_quotes(*b) } else { is_plain(*b) });
        at += plain.count();
        let rest = text.get(at..)?;
        at += match rest.as_bytes() {
            [b'"', ..] => {
                quoted = !quoted;
                1
            }
            [b'$', b'(', b'(', ..] | [b'$', b'\'' | b'"' | b'[', ..] | [b'`', ..] => return None,
            [b'$', b'{', ..] => 3 + scan::brace(rest.get(2..)?, quoted)?,
            [b'$', b'(', ..] => 3 + scan::paren(rest.get(2..)?)?,
            [b'\\', b' '..=b'~', ..] => 2,
            [b'\\', ..] => return None,
            [b'\n' | b'\t', ..] if quoted => 1,
            [b'\'', ..] => {
                let length = scan::quoted(rest.get(1..)?, false);
                rest.get(length..length + 1).filter(|last| *last == "'")?;
                1 + length
            }
            [b'$', ..] => 1,
            [b'#', ..] if at > 0 => 1,
            _ => match rest.chars().next() {
                Some(c) if c == PAD || hole(c).is_some() => c.len_utf8(),
                _ => return (at > 0 && !quoted).then_some(at),
            },
        };
    }
}

/// A character that means nothing in a word without quotes.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b':' | b'=' | b',' | b'+' | b'@')
        || matches!(byte, b'%' | b'*' | b'?' | b'[' | b']' | b'{' | b'}' | b'~' | b'^' | b'!')
}

/// A character that means nothing between double quotes.
fn is_plain_in_quotes(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'$' | b'`')
}

/// The statements of a line as they grow together.
struct Tree<'a> {
    text: &'a str,
    base: usize,
    depth: usize,
    simple: Simple,
    pipeline: Vec<Node>,
    chain: Option<(Node, Operator)>,
    list: Vec<Node>,
}

impl<'a> Tree<'a> {
    fn new(text: &'a str, base: usize, depth: usize) -> Self {
        Self { text, base, depth, simple: Simple::begun(), pipeline: Vec::new(), chain: None, list: Vec::new() }
    }

    fn grow(mut self, parts: Vec<Part>) -> Option<Node> {
        let ended = matches!(parts.last(), None | Some(Part::Operator(_)));
        for part in parts {
            match part {
                Part::Word(stretch) => {
                    let word = self.word(stretch);
                    self.simple.add(word);
                }
                Part::Assignment(stretch) => self.assign(stretch),
                Part::Redirect(descriptor, kind, stretch) => {
                    let target = self.word(stretch);
                    self.simple.redirects.push(Redirect::new(descriptor, kind, target));
                }
                Part::Operator(operator) => self.end(operator),
            }
        }
        if !ended {
            self.end(Operator::End);
        }
        match self.list.len() {
            0 | 1 => self.list.pop(),
            _ => Some(Node::Sequence(self.list)),
        }
    }

    fn word(&self, stretch: Range<usize>) -> super::Word {
        let start = self.base + stretch.start;
        word(self.text.get(stretch).unwrap_or_default(), start, self.depth)
    }

    fn assign(&mut self, stretch: Range<usize>) {
        let text = self.text.get(stretch.clone()).unwrap_or_default();
        let Some((name, at)) = assigned(text) else { return };
        let value = Value::Scalar(self.word(stretch.start + at..stretch.end));
        let append = at > name.len() + 1;
        let assignment = Assignment { name: name.to_owned(), index: None, value, append };
        self.simple.reach(self.base + stretch.start, self.base + stretch.end);
        let declares = !self.simple.words.is_empty();
        if declares { &mut self.simple.declarations } else { &mut self.simple.assignments }.push(assignment);
    }

    /// Ends a command with what stands behind it.
    fn end(&mut self, operator: Operator) {
        let simple = std::mem::replace(&mut self.simple, Simple::begun());
        self.pipeline.push(Node::Command(simple.settled(self.base)));
        if operator == Operator::Pipe {
            return;
        }
        let mut pipeline = std::mem::take(&mut self.pipeline);
        let node = match pipeline.pop() {
            Some(only) if pipeline.is_empty() => only,
            Some(last) => {
                pipeline.push(last);
                Node::Pipeline(pipeline)
            }
            None => return,
        };
        let node = match self.chain.take() {
            None => node,
            Some((before, Operator::Or)) => Node::Or(Box::new(before), Box::new(node)),
            Some((before, _)) => Node::And(Box::new(before), Box::new(node)),
        };
        match operator {
            Operator::End => self.list.push(node),
            operator => self.chain = Some((node, operator)),
        }
    }
}
