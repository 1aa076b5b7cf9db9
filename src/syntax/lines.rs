//! Lines of a text by their number.

/// Bytes that are counted at once.
const STRETCH: usize = 1 << 10;

/// The text from a line on, counted from 1; `None` when it has fewer.
pub fn from(text: &str, line: u32) -> Option<&str> {
    let mut before = line.checked_sub(1)? as usize;
    let mut start = 0;
    // Most lines stand far down: whole stretches before them are counted, and not stepped through.
    for stretch in text.as_bytes().chunks(STRETCH) {
        let ends = memchr::memchr_iter(b'\n', stretch).count();
        if ends >= before {
            break;
        }
        before -= ends;
        start += stretch.len();
    }
    let mut ends = memchr::memchr_iter(b'\n', text.as_bytes().get(start..)?);
    match before.checked_sub(1) {
        Some(before) => text.get(start + ends.nth(before)? + 1..),
        None => text.get(start..),
    }
}

/// Where the lines of a text start.
pub struct Starts(Vec<usize>);

impl Starts {
    /// Looks through a text.
    pub fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect())
    }

    /// The lines before a byte of that text, and the characters before it on its own.
    pub fn before(&self, text: &str, byte: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.0.get(line).copied().unwrap_or_default();
        (line, text.get(start..byte).unwrap_or_default().chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::{STRETCH, Starts, from};

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let text = "aé\n\nb";
        let starts = Starts::of(text);
        let before = |byte| starts.before(text, byte);
        assert_eq!([before(0), before(1), before(3), before(4), before(5)], [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)]);
        assert_eq!(before(6), (2, 1));
    }

    #[test]
    fn a_line_that_is_not_there_is_no_empty_line() {
        assert_eq!(from("a\nb\n", 1), Some("a\nb\n"));
        assert_eq!(from("a\nb\n", 2), Some("b\n"));
        assert_eq!(from("a\nb\n", 3), Some(""));
        assert_eq!(from("a\nb\n", 4), None);
        assert_eq!(from("a", 0), None);
        let long = "a\n".repeat(STRETCH) + "b";
        assert_eq!(from(&long, STRETCH as u32 + 1), Some("b"));
        assert_eq!(from(&long, STRETCH as u32 + 2), None);
        for line in 1..=STRETCH as u32 {
            assert_eq!(from(&long, line), long.get(2 * (line as usize - 1)..));
        }
    }
}
