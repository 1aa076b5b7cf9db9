//! Where the text of a scalar stands in the file, when it is not a slice of it.

use super::document::Style;
use super::source::{Source, narrow};

/// From the byte `value` of the scalar's text on, the text is the file's from the byte `source` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) value: u32,
    pub(super) source: u32,
}

/// The marks of a scalar, in order. `start` and `end` are its stretch of the file: from the indicator or quote on.
pub(super) fn marks(source: &Source, start: u32, end: u32, style: Style, value: &str) -> Box<[Mark]> {
    let marks = match style {
        Style::Literal => literal(source, start, value),
        Style::Folded => folded(source, start, end, value),
        Style::Plain => flow(source, start, end, None, value),
        Style::SingleQuoted => flow(source, start + 1, end, Some(b'\''), value),
        Style::DoubleQuoted => flow(source, start + 1, end, Some(b'"'), value),
    };
    marks.into_boxed_slice()
}

/// The byte of the file for the byte `offset` of the value.
pub(super) fn locate(marks: &[Mark], offset: u32, start: u32) -> u32 {
    let next = marks.partition_point(|mark| mark.value <= offset);
    let Some(mark) = next.checked_sub(1).and_then(|before| marks.get(before)) else { return start };
    let at = mark.source.saturating_add(offset - mark.value);
    marks.get(next).map_or(at, |limit| at.min(limit.source))
}

/// Each line of the value is the tail of a line of the file, whatever the indentation and the chomping are.
fn literal(source: &Source, start: u32, value: &str) -> Vec<Mark> {
    let first = source.line_of(start) + 1;
    let mut marks = Vec::new();
    let mut offset = 0;
    for (index, line) in value.split('\n').enumerate() {
        // The empty rest behind the last line break has no line of its own.
        if line.is_empty() && offset == value.len() {
            break;
        }
        let Some((begin, end)) = source.line(first + index) else { break };
        marks.push(Mark { value: narrow(offset), source: end.saturating_sub(narrow(line.len())).max(begin) });
        offset += line.len() + 1;
    }
    marks
}

/// Lines are joined by a space, or kept apart by as many breaks as there are empty lines.
fn folded(source: &Source, start: u32, end: u32, value: &str) -> Vec<Mark> {
    let spaces = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let mut marks = Vec::new();
    let mut indent = None;
    let mut offset = 0;
    let mut index = source.line_of(start) + 1;
    while let Some((begin, stop)) = source.line(index) {
        if begin > end {
            break;
        }
        index += 1;
        let line = source.slice(begin, stop);
        // White space beyond the indentation is content.
        if line.trim_matches(' ').is_empty() && indent.is_none_or(|indent| line.len() <= indent) {
            continue;
        }
        let rest = value.get(offset..).unwrap_or_default();
        let breaks = rest.len() - rest.trim_start_matches('\n').len();
        let indent =
            *indent.get_or_insert_with(|| spaces(line).saturating_sub(spaces(rest.get(breaks..).unwrap_or_default())));
        let content = line.get(indent..).unwrap_or_default();
        let folded_here = breaks == 0 && offset > 0 && rest.starts_with(' ') && !content.starts_with([' ', '\t']);
        offset += if folded_here { 1 } else { breaks };
        marks.push(Mark { value: narrow(offset), source: begin + narrow(indent) });
        offset += content.len();
    }
    marks
}

/// Quoted scalars with escapes, and quoted or plain ones over several lines.
fn flow(source: &Source, from: u32, end: u32, quote: Option<u8>, value: &str) -> Vec<Mark> {
    let file = source.slice(from, end).as_bytes();
    let mut marks = vec![Mark { value: 0, source: from }];
    let (mut at, mut offset) = (0, 0);
    let peek = |at: usize| file.get(at).copied();
    while offset < value.len() {
        let Some(byte) = peek(at) else { break };
        let blank_run = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                let run = BlankRun::at(file, at);
                match run.breaks {
                    // Kept as it stands.
                    0 => {
                        offset += run.end - at;
                        at = run.end;
                        continue;
                    }
                    1 => Some((run.end, 1)),
                    breaks => Some((run.end, breaks - 1)),
                }
            }
            _ => None,
        };
        let (next, length) = match (blank_run, byte, quote) {
            (Some((next, length)), _, _) => (next, length),
            (None, b'\\', Some(b'"')) => match peek(at + 1) {
                // An escaped line break joins the lines with nothing.
                Some(b'\r' | b'\n') => {
                    let run = BlankRun::at(file, at + 1);
                    (run.end, run.breaks.saturating_sub(1))
                }
                escape => {
                    let digits = match escape {
                        Some(b'x') => 2,
                        Some(b'u') => 4,
                        Some(b'U') => 8,
                        _ => 0,
                    };
                    let decoded = value.get(offset..).and_then(|rest| rest.chars().next());
                    (at + 2 + digits, decoded.map_or(1, char::len_utf8))
                }
            },
            (None, b'\'', Some(b'\'')) => (at + 2, 1),
            _ => {
                at += 1;
                offset += 1;
                continue;
            }
        };
        at = next;
        offset += length;
        marks.push(Mark { value: narrow(offset), source: from + narrow(at) });
    }
    marks
}

/// White space from some place on.
struct BlankRun {
    /// The first byte that is none.
    end: usize,
    /// Line breaks in it.
    breaks: usize,
}

impl BlankRun {
    fn at(file: &[u8], start: usize) -> Self {
        let mut run = Self { end: start, breaks: 0 };
        while let Some(byte) = file.get(run.end) {
            match byte {
                b'\n' => run.breaks += 1,
                b'\r' if file.get(run.end + 1) != Some(&b'\n') => run.breaks += 1,
                b' ' | b'\t' | b'\r' => {}
                _ => break,
            }
            run.end += 1;
        }
        run
    }
}
