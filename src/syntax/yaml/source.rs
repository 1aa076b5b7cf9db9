//! The text of a stream and the places in it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::model::{Position, Span};

/// One in so many characters has its byte offset recorded, so that a conversion counts at most this many.
const STEP: usize = 16;

/// A stretch of fewer bytes is counted through.
const SHORT: u32 = 256;

/// The text of a stream, with what turns character indices and byte offsets into each other without a scan from the
/// start.
#[derive(Debug)]
pub(super) struct Source {
    text: Box<str>,
    /// Byte offset of every [`STEP`]th character; empty for ASCII, where both counts agree.
    steps: Vec<u32>,
    /// Byte offset of the start of every line.
    lines: OnceLock<Vec<u32>>,
    /// The line that was asked for last.
    near: AtomicUsize,
}

impl Source {
    pub(super) fn new(text: &str) -> Self {
        let steps = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STEP).map(|(at, _)| narrow(at)).collect()
        };
        Self { text: text.into(), steps, lines: OnceLock::new(), near: AtomicUsize::new(0) }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The bytes from `start` to `end`, empty when they are no slice of the text.
    pub(super) fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The text from `start` on.
    pub(super) fn from(&self, start: u32) -> &str {
        self.text.get(start as usize..).unwrap_or_default()
    }

    /// The byte offset of the character `index`; the length of the text when there are not as many.
    pub(super) fn byte_of_char(&self, index: usize) -> u32 {
        let len = self.text.len();
        if self.steps.is_empty() {
            return narrow(index.min(len));
        }
        let Some(&step) = self.steps.get(index / STEP) else { return narrow(len) };
        self.from(step).char_indices().nth(index % STEP).map_or(narrow(len), |(at, _)| step + narrow(at))
    }

    /// How many characters there are from one byte to another.
    fn chars_between(&self, start: u32, end: u32) -> u32 {
        if self.steps.is_empty() {
            return end - start;
        }
        if end - start < SHORT {
            return narrow(self.slice(start, end).chars().count());
        }
        self.char_of_byte(end) - self.char_of_byte(start)
    }

    fn char_of_byte(&self, byte: u32) -> u32 {
        let before = self.steps.partition_point(|&at| at <= byte).saturating_sub(1);
        let step = self.steps.get(before).copied().unwrap_or_default();
        narrow(before * STEP + self.slice(step, byte).chars().count())
    }

    /// Where every line starts. YAML breaks lines at LF, CRLF and a lone CR.
    pub(super) fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let bytes = self.text.as_bytes();
            // A line feed behind it ends the line of a carriage return.
            let ends = memchr::memchr2_iter(b'\n', b'\r', bytes);
            let ends = ends.filter(|&at| bytes.get(at) == Some(&b'\n') || bytes.get(at + 1) != Some(&b'\n'));
            std::iter::once(0).chain(ends.map(|at| narrow(at + 1))).collect()
        })
    }

    /// The index in [`Source::lines`] of the line that holds `byte`.
    pub(super) fn line_of(&self, byte: u32) -> usize {
        self.lines().partition_point(|&start| start <= byte).saturating_sub(1)
    }

    /// The start and the end of a line, its break excluded.
    pub(super) fn line(&self, index: usize) -> Option<(u32, u32)> {
        let start = *self.lines().get(index)?;
        let next = self.lines().get(index + 1).copied().unwrap_or(narrow(self.text.len()));
        let line = self.slice(start, next);
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        Some((start, start + narrow(line.len())))
    }

    /// Line and column of a byte offset. A byte order mark takes no column.
    pub(super) fn position(&self, byte: u32) -> Position {
        let mut byte = byte.min(narrow(self.text.len()));
        while byte > 0 && !self.text.is_char_boundary(byte as usize) {
            byte -= 1;
        }
        let lines = self.lines();
        // What is asked for stands mostly on the line that was asked for last, or on the next.
        let near = self.near.load(Ordering::Relaxed);
        let holds = |line: &usize| {
            lines.get(*line).is_some_and(|&start| start <= byte) && lines.get(line + 1).is_none_or(|&next| byte < next)
        };
        let line = [near, near + 1].into_iter().find(holds).unwrap_or_else(|| self.line_of(byte));
        self.near.store(line, Ordering::Relaxed);
        let start = lines.get(line).copied().unwrap_or_default();
        let mark = u32::from(line == 0 && byte > 0 && self.text.starts_with('\u{feff}'));
        let column = self.chars_between(start, byte) + 1 - mark;
        Position { line: narrow(line + 1), column, byte }
    }

    pub(super) fn span(&self, start: u32, end: u32) -> Span {
        Span { start: self.position(start), end: self.position(end.max(start)) }
    }
}

/// Offsets fit: a text is at most [`super::MAX_TEXT`] bytes.
pub(super) fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
