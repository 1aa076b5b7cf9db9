//! From byte offsets to lines and columns.

use std::ops::Range;
use std::sync::Arc;

use crate::model::{Location, Position, Span};

/// The lines of a text.
#[derive(Debug)]
pub struct Lines<'a> {
    path: Arc<str>,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Reads the line breaks of the file `path`.
    pub fn new(path: &Arc<str>, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path: Arc::clone(path), text, starts }
    }

    /// The text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The text between two offsets; empty when they are no slice of it.
    pub fn slice(&self, bytes: Range<usize>) -> &'a str {
        self.text.get(bytes).unwrap_or_default()
    }

    /// Line and column of an offset.
    pub fn position(&self, byte: usize) -> Position {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|&start| start <= byte).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let column = self.slice(start..byte).trim_start_matches('\u{feff}').chars().count() + 1;
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position { line: narrow(line), column: narrow(column), byte: narrow(byte) }
    }

    /// The stretch between two offsets.
    pub fn at(&self, bytes: &Range<usize>) -> Location {
        let span = Span { start: self.position(bytes.start), end: self.position(bytes.end.max(bytes.start)) };
        Location::new(&self.path, span)
    }
}
