//! Finds the ends of nested shell text without parsing it: in linear time and without recursion.

use std::borrow::Cow;
use std::ops::Range;

/// What a closing character may close.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// `(` or `$(`.
    Paren,
    /// `((`, where `#`, `<<` and `case` mean nothing.
    Arithmetic,
    /// `case` up to `esac`: its patterns end with a `)` that closes nothing.
    Case,
    /// `"`.
    Double,
    /// `${`, and whether in double quotes, where an apostrophe is a character (`"${x:-it's}"`).
    Brace(bool),
    /// A backquote.
    Back,
    /// The script itself, which nothing closes.
    Script,
}

/// The offset of the `)` that closes what was opened just before `text`.
pub(super) fn paren(text: &str) -> Option<usize> {
    close(text, Open::Paren)
}

/// The offset of the `))` that closes the `((` just before `text`, when it is arithmetic.
pub(super) fn arithmetic(text: &str) -> Option<usize> {
    let end = close(text, Open::Arithmetic)?;
    (text.as_bytes().get(end + 1) == Some(&b')')).then_some(end)
}

/// The offset of the `}` that closes the `${` just before `text`, which stands in double quotes or not.
pub(super) fn brace(text: &str, quoted: bool) -> Option<usize> {
    close(text, Open::Brace(quoted))
}

/// The offset of the backquote that closes the one just before `text`.
pub(super) fn back(text: &str) -> Option<usize> {
    close(text, Open::Back)
}

/// Whether the word that ends at `before` leaves the shell expecting a command.
fn expects_command(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '\t']);
    before.is_empty()
        || before.ends_with(['\n', ';', '&', '|', '(', '{', '!'])
        || ["then", "do", "else", "elif", "if", "while", "until"].iter().any(|word| before.ends_with(word))
}

fn close(text: &str, first: Open) -> Option<usize> {
    walk(text, first, &mut Vec::new()).0
}

/// How deep quotes, expansions and parentheses of a script are nested.
pub(super) fn depth(text: &str) -> usize {
    walk(text, Open::Script, &mut Vec::new()).1
}

/// The script with the inside of every substitution and of every involved parameter expansion filled up, character by
/// character. What is left has the same words and statements at the same positions, but nothing in them that a
/// grammar could stumble over.
pub(super) fn flatten(text: &str) -> Cow<'_, str> {
    let mut insides = Vec::new();
    if expands(text) {
        walk(text, Open::Script, &mut insides);
    }
    if insides.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut flat = String::with_capacity(text.len());
    let mut from = 0;
    for range in insides {
        flat.push_str(text.get(from..range.start).unwrap_or_default());
        from = range.end;
        let inside = text.get(range).unwrap_or_default();
        flat.extend(inside.chars().map(|_| '_'));
    }
    flat.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(flat)
}

/// Whether there is a mark that opens a substitution or a parameter expansion.
fn expands(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut marks = memchr::memchr2_iter(b'$', b'`', bytes);
    marks.any(|at| bytes.get(at) == Some(&b'`') || matches!(bytes.get(at + 1), Some(b'(' | b'{')))
}

/// Walks to the end of `first`, and notes the insides of the outermost expansions on the way.
fn walk(text: &str, first: Open, insides: &mut Vec<Range<usize>>) -> (Option<usize>, usize) {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let word = |at: usize, word: &str| {
        text.get(at..).is_some_and(|t| t.starts_with(word))
            && !byte(at + word.len()).is_ascii_alphanumeric()
            && !matches!(byte(at + word.len()), b'_' | b'-' | b'=' | b'.' | b'/')
    };
    let mut stack = vec![first];
    let mut documents: Vec<(String, bool)> = Vec::new();
    let mut at = 0;
    let mut deepest = 0;
    let mut inside: Option<(usize, usize)> = None;
    while at < bytes.len() {
        let Some(top) = stack.last().copied() else { break };
        let before = stack.len();
        deepest = deepest.max(stack.len());
        let starts_word = at == 0 || matches!(byte(at - 1), b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')');
        let mut step = 1;
        match (byte(at), top) {
            (b'\\', _) => step = 2,
            (b'`', Open::Back) => drop(stack.pop()),
            (_, Open::Back) => {}
            (b'"', Open::Double) => drop(stack.pop()),
            (b'"', _) => stack.push(Open::Double),
            (b'`', _) => stack.push(Open::Back),
            (b'$', _) if byte(at + 1) == b'{' => {
                stack.push(Open::Brace(matches!(top, Open::Double | Open::Brace(true))));
                step = 2;
            }
            (b'$', _) if byte(at + 1) == b'(' => {
                let arithmetic = byte(at + 2) == b'(';
                stack.push(if arithmetic { Open::Arithmetic } else { Open::Paren });
                if arithmetic {
                    stack.push(Open::Arithmetic);
                }
                step = if arithmetic { 3 } else { 2 };
            }
            (b'}', Open::Brace(_)) => drop(stack.pop()),
            (b'\'', Open::Double | Open::Brace(true)) => {}
            (b'\'', _) => {
                let escapes = at > 0 && byte(at - 1) == b'$';
                step = 1 + quoted(text.get(at + 1..).unwrap_or_default(), escapes);
            }
            (_, Open::Double | Open::Brace(_)) => {}
            (b'(', Open::Arithmetic) => stack.push(Open::Arithmetic),
            (b')', Open::Arithmetic) => drop(stack.pop()),
            (_, Open::Arithmetic) => {}
            (b'(', _) if byte(at + 1) == b'(' => {
                stack.extend([Open::Arithmetic, Open::Arithmetic]);
                step = 2;
            }
            (b'(', _) => stack.push(Open::Paren),
            (b')', Open::Paren) => drop(stack.pop()),
            (b'#', _) if starts_word => {
                step = text.get(at..).and_then(|t| t.find('\n')).unwrap_or(bytes.len() - at);
            }
            (b'<', _) if byte(at + 1) == b'<' && byte(at + 2) == b'<' => step = 3,
            (b'<', _) if byte(at + 1) == b'<' => {
                let (tag, tabs, length) = tag(text.get(at + 2..).unwrap_or_default());
                step = 2 + length;
                documents.push((tag, tabs));
            }
            (b'\n', _) if !documents.is_empty() => {
                step = 1 + bodies(text.get(at + 1..).unwrap_or_default(), &mut documents);
            }
            (b'c', _) if starts_word && word(at, "case") && expects_command(text.get(..at).unwrap_or_default()) => {
                stack.push(Open::Case);
                step = 4;
            }
            (b'e', Open::Case) if starts_word && word(at, "esac") => {
                stack.pop();
                step = 4;
            }
            _ => {}
        }
        if stack.is_empty() {
            return (Some(at), deepest);
        }
        let expands = (bytes.get(at) == Some(&b'$') || bytes.get(at) == Some(&b'`')) && stack.len() > before;
        match inside {
            None if expands => inside = Some((before, at + step)),
            Some((outer, start)) if stack.len() <= outer => {
                // `$((1))` keeps both its brackets, `$((a); b)` is a subshell within a substitution.
                let arithmetic = text.get(..start).is_some_and(|t| t.ends_with("$(("));
                let range = match arithmetic {
                    true if byte(at - 1) == b')' => start..at - 1,
                    true => start - 1..at,
                    false => start..at,
                };
                let plain =
                    text.get(range.clone()).is_some_and(|t| t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
                if !plain {
                    insides.push(range);
                }
                inside = None;
            }
            _ => {}
        }
        at += step;
    }
    (None, deepest)
}

/// The length of a single-quoted string behind its opening quote, the closing one included.
pub(super) fn quoted(text: &str, escapes: bool) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if escapes => escaped = true,
            b'\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The tag of a here-document, whether its leading tabs go, and the length of what was read.
fn tag(text: &str) -> (String, bool, usize) {
    let tabs = text.starts_with('-');
    let mut length = usize::from(tabs);
    let mut tag = String::new();
    let mut begun = false;
    for c in text.chars().skip(usize::from(tabs)) {
        match c {
            ' ' | '\t' if !begun => {}
            '\'' | '"' | '\\' => begun = true,
            ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
            c => {
                begun = true;
                tag.push(c);
            }
        }
        length += c.len_utf8();
    }
    (tag, tabs, length)
}

/// The length of the bodies behind a line, if all of its `<<` announce here-documents.
pub(super) fn documents(line: &str, behind: &str) -> usize {
    let starts = line.match_indices("<<").filter(|(at, _)| !line.get(..*at).is_some_and(|t| t.ends_with('<')));
    let rests = starts.filter_map(|(at, _)| line.get(at + 2..)).filter(|rest| !rest.starts_with('<'));
    bodies(behind, &mut rests.map(tag).map(|(tag, tabs, _)| (tag, tabs)).collect())
}

/// The length of the bodies of all waiting here-documents.
fn bodies(text: &str, documents: &mut Vec<(String, bool)>) -> usize {
    let mut length = 0;
    let mut waiting = documents.drain(..);
    let mut next = waiting.next();
    for line in text.split_inclusive('\n') {
        let Some((tag, tabs)) = &next else { break };
        let bare = line.trim_end_matches('\n');
        let bare = if *tabs { bare.trim_start_matches('\t') } else { bare };
        length += line.len();
        if bare == tag {
            next = waiting.next();
        }
    }
    length
}
