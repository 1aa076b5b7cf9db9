//! Lines at the start of a script that are nothing but words. There is nothing in them for a grammar to decide, and
//! many scripts have no others.

use super::mask::{PAD, hole};
use super::word::word;
use super::{Node, Simple, scan};

/// Words by which a line is more than a command with its arguments, where they stand first.
const DECIDING: &[&str] = &[
    "!", "{", "}", "[[", "]]", "case", "coproc", "declare", "do", "done", "elif", "else", "esac", "export", "fi",
    "for", "function", "if", "in", "local", "readonly", "select", "then", "time", "typeset", "until", "while",
];

/// The commands of these lines, and the offset of the first line that is more. The script stands at byte `base` of
/// another one, `depth` substitutions deep.
pub(super) fn commands(text: &str, base: usize, depth: usize) -> (Vec<Node>, usize) {
    let mut nodes = Vec::new();
    let mut read = 0;
    while read < text.len() {
        let rest = text.get(read..).unwrap_or_default();
        let Some((words, length)) = line(rest) else { break };
        let mut simple = Simple { offset: usize::MAX, ..Simple::default() };
        for (start, end) in words {
            simple.add(word(rest.get(start..end).unwrap_or_default(), base + read + start, depth));
        }
        if !simple.words.is_empty() {
            nodes.push(Node::Command(simple));
        }
        read += length;
    }
    (nodes, read)
}

/// Where the words of the first line stand, and how long it is with its continuations and its end; `None` when it is
/// more than words.
fn line(text: &str) -> Option<(Vec<(usize, usize)>, usize)> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [] => return Some((words, at)),
            [b'\n', ..] => return Some((words, at + 1)),
            [b' ' | b'\t', ..] => at += 1,
            [b'\\', b'\n', ..] => at += 2,
            [b'#', ..] => at += text.get(at..)?.find('\n').unwrap_or(text.len() - at),
            _ => {
                let rest = text.get(at..)?;
                let length = extent(rest)?;
                let own = rest.get(..length)?;
                if words.is_empty() && (own.contains('=') || DECIDING.contains(&own)) {
                    return None;
                }
                words.push((at, at + length));
                at += length;
                if !matches!(bytes.get(at), None | Some(b'\n' | b' ' | b'\t')) {
                    return None;
                }
            }
        }
    }
}

/// How far the word at the start of a text reaches; `None` when it is none, or not plainly one.
fn extent(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut quoted = false;
    loop {
        let rest = text.get(at..)?;
        at += match rest.as_bytes() {
            [b'"', ..] => {
                quoted = !quoted;
                1
            }
            [b'$', b'(', b'(', ..] | [b'$', b'\'' | b'"' | b'[', ..] | [b'`', ..] => return None,
            [b'$', b'{', ..] => 3 + scan::brace(rest.get(2..)?)?,
            [b'$', b'(', ..] => 3 + scan::paren(rest.get(2..)?)?,
            [b'\\', b' '..=b'~', ..] => 2,
            [b'\\', ..] => return None,
            [b' '..=b'~' | b'\n' | b'\t', ..] if quoted => 1,
            [b'\'', ..] => {
                let length = scan::quoted(rest.get(1..)?, false);
                rest.get(length..length + 1).filter(|last| *last == "'")?;
                1 + length
            }
            [byte, ..] if byte.is_ascii_alphanumeric() => 1,
            [b'-' | b'_' | b'.' | b'/' | b':' | b'=' | b',' | b'+' | b'@' | b'%' | b'$' | b'*' | b'?', ..] => 1,
            _ => match rest.chars().next() {
                Some(c) if c == PAD || hole(c).is_some() => c.len_utf8(),
                _ => return (at > 0 && !quoted).then_some(at),
            },
        };
    }
}
