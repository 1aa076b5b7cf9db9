//! Statements of words, assignments, redirects and the operators between them, and those that are made of such. A grammar
//! has nothing to decide there, and most lines of most scripts hold nothing else.

use std::ops::Range;

use super::compound::{self, Compound};
use super::mask::{PAD, hole};
use super::parse::{Tested, tested};
use super::tree::Tree;
use super::{MOST_LINKS, Node, RedirectKind, is_declaring, scan};

/// Words by which a command is more than a program with its arguments, where they stand first.
const DECIDING: &[&str] = &[
    "!", "{", "}", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if",
    "in", "select", "then", "time", "until", "while",
];
/// More digits than these do not name a file descriptor.
const MOST_DIGITS: usize = 9;

/// A statement longer than this many bytes is left to the grammar, so that what does not end is not looked for to the end of
/// the script from each line anew.
const MOST_LINE: usize = 1 << 14;

/// A part of a list of statements.
pub(super) enum Part {
    Word(Range<usize>),
    Assignment(Range<usize>),
    Redirect(Option<u32>, RedirectKind, Range<usize>),
    Operator(Operator),
    /// `!`
    Not,
    /// `[[ ... ]]`
    Test(Range<usize>, Box<Tested>),
    Compound(Compound),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
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
        // Nothing inside of words is read before all of a statement is known to be plain, so nothing is read twice.
        // A character that the limit falls into leaves the line to the grammar, too.
        let window = rest.get(..MOST_LINE.min(rest.len())).unwrap_or_default();
        let Some(List { parts, end, .. }) = list(window, 0, Around { depth, within: 0, ends: &[] }) else { break };
        if end == window.len() && end < rest.len() {
            break;
        }
        let mut found = Tree::new(rest, base + read, depth).grow(parts);
        match found.len() {
            0 | 1 => nodes.append(&mut found),
            _ => nodes.push(Node::Sequence(found)),
        }
        read += end;
    }
    (nodes, read)
}

/// Statements one behind the other.
pub(super) struct List {
    pub(super) parts: Vec<Part>,
    /// The byte behind them and what ends them.
    pub(super) end: usize,
    /// The word that ends them.
    pub(super) word: &'static str,
}

/// What is around a list.
#[derive(Clone, Copy)]
pub(super) struct Around {
    /// How many substitutions and statements it stands in.
    pub(super) depth: usize,
    /// How many compound statements of this text it stands in.
    pub(super) within: usize,
    /// The words that end it; without any, the end of its line does.
    pub(super) ends: &'static [&'static str],
}

/// The list that begins at a byte; `None` when it is more than plain.
pub(super) fn list(text: &str, mut at: usize, around: Around) -> Option<List> {
    let bytes = text.as_bytes();
    let (mut parts, mut links) = (Vec::new(), 0);
    // What the command has so far, and whether an operator needs one.
    let (mut begun, mut named, mut declares, mut awaited) = (false, false, false, false);
    // Whether its pipeline is turned round and has more before it, and whether it is whole but for redirects.
    let (mut negated, mut piped, mut closed) = (false, false, false);
    let line = around.ends.is_empty();
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [] | [b'\n', ..] if negated && !begun && !piped => return None,
            [] => return (line && !awaited).then_some(List { parts, end: at, word: "" }),
            [b'\n', ..] if awaited => at += 1,
            [b'\n', ..] if line => return Some(List { parts, end: at + 1, word: "" }),
            [b'\n', ..] => {
                if begun {
                    parts.push(Part::Operator(Operator::End));
                }
                at += 1;
                (begun, named, declares, closed, links) = (false, false, false, false, 0);
                (negated, piped) = (false, false);
            }
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
                piped = operator == Operator::Pipe;
                negated &= piped;
                parts.push(Part::Operator(operator));
                at += length;
                (begun, named, declares, closed, awaited) = (false, false, false, false, operator != Operator::End);
            }
            _ => {
                let stretch = at..at + extent(text.get(at..)?)?;
                let own = text.get(stretch.clone())?;
                let next = bytes.get(stretch.end).copied();
                if !begun && DECIDING.contains(&own) && ends_word(next) {
                    match own {
                        "!" if !negated && !piped => {
                            parts.push(Part::Not);
                            (at, negated) = (stretch.end, true);
                            continue;
                        }
                        "[[" => {
                            let end = test(text, stretch.end)?;
                            parts.push(Part::Test(at..end, tested(text.get(at..end)?, around.depth)?));
                            at = end;
                        }
                        "if" | "for" | "while" | "until" => {
                            let (statement, end) = compound::read(text, stretch, around)?;
                            parts.push(Part::Compound(statement));
                            at = end;
                        }
                        _ => {
                            let word = around.ends.iter().find(|end| **end == own)?;
                            let whole = !(parts.is_empty() || awaited || negated || piped);
                            return whole.then_some(List { parts, end: stretch.end, word });
                        }
                    }
                    (begun, named, awaited, closed) = (true, true, false, true);
                    if !ends_word(bytes.get(at).copied()) {
                        return None;
                    }
                    continue;
                }
                (begun, awaited) = (true, false);
                at = if matches!(next, Some(b'<' | b'>')) && own.bytes().all(|b| b.is_ascii_digit()) {
                    let descriptor = (own.len() <= MOST_DIGITS).then(|| own.parse().ok()).flatten()?;
                    redirect(text, stretch.end, Some(descriptor), &mut parts)?
                } else {
                    if closed || !ends_word(next) || matches!(next, Some(b'<' | b'>')) && own.ends_with('}') {
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

/// The end of a test in double brackets whose inside begins at `at`, where it ends on its line.
fn test(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = text.get(at..)?;
        at += match rest.as_bytes() {
            [b' ' | b'\t' | b'&' | b'|' | b'<' | b'>', ..] => 1,
            [b']', b']', ..] if ends_word(rest.as_bytes().get(2).copied()) => return Some(at + 2),
            _ => extent(rest)?,
        };
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
pub(super) fn ends_word(next: Option<u8>) -> bool {
    matches!(next, None | Some(b'\n' | b' ' | b'\t' | b';' | b'&' | b'|' | b'<' | b'>'))
}

/// The name that a word assigns to, and where the value begins.
pub(super) fn assigned(word: &str) -> Option<(&str, usize)> {
    let length = word.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let (name, rest) = word.split_at_checked(length)?;
    let sign = if rest.starts_with('=') { 1 } else { 2 * usize::from(rest.starts_with("+=")) };
    (sign > 0 && name.starts_with(|c: char| !c.is_ascii_digit())).then_some((name, length + sign))
}

/// How far the word at the start of a text reaches; `None` when it is none, or not plainly one.
pub(super) fn extent(text: &str) -> Option<usize> {
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
