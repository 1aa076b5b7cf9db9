//! Lines of a text by their number.

/// The text from a line on, counted from 1; `None` when it has fewer.
pub fn from(text: &str, line: u32) -> Option<&str> {
    let start = match line {
        0 => return None,
        1 => 0,
        // Most lines stand far down, and this steps over those before them fastest.
        line => memchr::memchr_iter(b'\n', text.as_bytes()).nth(line as usize - 2)? + 1,
    };
    text.get(start..)
}

#[cfg(test)]
mod tests {
    use super::from;

    #[test]
    fn a_line_that_is_not_there_is_no_empty_line() {
        assert_eq!(from("a\nb\n", 1), Some("a\nb\n"));
        assert_eq!(from("a\nb\n", 2), Some("b\n"));
        assert_eq!(from("a\nb\n", 3), Some(""));
        assert_eq!(from("a\nb\n", 4), None);
        assert_eq!(from("a", 0), None);
    }
}
