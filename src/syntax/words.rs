//! Words in names and lines, without regard to the case of ASCII letters.

use crate::model::lowered;

/// Words that stand by themselves: letters beside one make another word of it.
#[derive(Debug)]
pub struct Words {
    words: Vec<&'static str>,
    endings: &'static [&'static str],
}

impl Words {
    /// Words that begin with a letter, and what each may end with besides.
    pub fn new(
        words: impl IntoIterator<Item = &'static (impl AsRef<str> + 'static)>,
        endings: &'static [&'static str],
    ) -> Self {
        Self { words: words.into_iter().map(AsRef::as_ref).collect(), endings }
    }

    /// Whether the text says one of them.
    pub fn are_in(&self, text: &str) -> bool {
        let text = text.as_bytes();
        let mut inside = false;
        text.iter().enumerate().any(|(at, byte)| {
            let starts = !std::mem::replace(&mut inside, byte.is_ascii_alphabetic()) && inside;
            starts && text.get(at..).is_some_and(|rest| self.begin(rest))
        })
    }

    fn begin(&self, text: &[u8]) -> bool {
        let ends = |rest: &[u8]| !rest.first().is_some_and(u8::is_ascii_alphabetic);
        let mut rests = self.words.iter().filter_map(|word| behind(text, word));
        rests.any(|rest| ends(rest) || self.endings.iter().filter_map(|end| behind(rest, end)).any(ends))
    }
}

/// What stands behind a word at the start of a text.
fn behind<'t>(text: &'t [u8], word: &str) -> Option<&'t [u8]> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word.as_bytes()).then_some(rest)
}

/// Whether a text holds one of some parts of words, which are in lower case, wherever it stands.
pub fn holds(text: &str, parts: impl IntoIterator<Item = impl AsRef<str>>) -> bool {
    let text = lowered(text);
    parts.into_iter().any(|part| text.contains(part.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::{Words, holds};

    #[test]
    fn a_word_stands_by_itself() {
        let words = Words::new(&["push", "multi-arch"], &["es", "ing"]);
        assert!(words.are_in("Push") && words.are_in("build-push-action") && words.are_in("a_pushes2"));
        assert!(words.are_in("é push") && words.are_in("x/multi-archING.sh"));
        assert!(!words.are_in("pusher") && !words.are_in("apush") && !words.are_in("pushesing") && !words.are_in(""));
    }

    #[test]
    fn a_part_stands_anywhere() {
        assert!(holds("NPM_TOKENS", ["secret", "token"]) && !holds("TOKE", ["token"]));
    }
}
