//! Places in files. Lines and columns count from 1; columns count characters.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

/// One position in a text: line and column from 1, and the byte offset from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Offset in bytes from the start of the text.
    pub byte: u32,
}

/// A stretch of a text; `end` is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First position.
    pub start: Position,
    /// The position after the last character.
    pub end: Position,
}

/// A stretch of a file of the checkout.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Location {
    /// Path relative to the checkout root, `/` on every system.
    #[serde(serialize_with = "serialize_path")]
    #[schemars(with = "String")]
    pub path: Arc<str>,
    /// First line, from 1.
    pub line: u32,
    /// First column in characters, from 1.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column after the last character.
    pub end_column: u32,
}

fn serialize_path<S: serde::Serializer>(path: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(path)
}

impl Location {
    /// The stretch `span` of the file `path`.
    pub fn new(path: &Arc<str>, span: Span) -> Self {
        Self {
            path: Arc::clone(path),
            line: span.start.line,
            column: span.start.column,
            end_line: span.end.line,
            end_column: span.end.column,
        }
    }

    /// The line of the file `path`, whose content is `text`, that holds a byte or begins there.
    pub fn line_at(path: &Arc<str>, text: &str, byte: usize) -> Self {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (before, rest) = text.split_at_checked(byte).unwrap_or((text, ""));
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = rest.find('\n').map_or(text.len(), |at| byte + at);
        let shown = text.get(start..end).unwrap_or_default();
        let line = number(before.matches('\n').count() + 1);
        let indent = shown.chars().take_while(|c| c.is_whitespace()).count();
        let column = |count: usize| number(count + 1);
        Self {
            path: Arc::clone(path),
            line,
            column: column(indent),
            end_line: line,
            end_column: column(shown.trim_end().chars().count()),
        }
    }

    /// The first character of the file `path`.
    pub fn start_of(path: &Arc<str>) -> Self {
        Self { path: Arc::clone(path), line: 1, column: 1, end_line: 1, end_column: 2 }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Location;

    #[test]
    fn a_line_is_found_by_a_byte_of_it() {
        let at = |byte| {
            let found = Location::line_at(&Arc::from("f"), "a\n  é b \n", byte);
            (found.line, found.column, found.end_line, found.end_column)
        };
        assert_eq!(at(0), (1, 1, 1, 2));
        assert_eq!([at(2), at(4), at(8)], [(2, 3, 2, 6); 3]);
    }
}
