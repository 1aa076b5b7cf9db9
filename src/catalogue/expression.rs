//! The regular expressions of the catalogue.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use serde::Deserialize;

use crate::model::lowered;

/// A regular expression without regard to the case of ASCII letters. Hardly any text fits, and most are refused for a
/// word that is not in them: it is compiled when one first may fit.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "(String, Vec<Vec<String>>)")]
pub struct Expression {
    text: String,
    /// In lower case; each text that fits holds one of each list. The build script finds them.
    words: Vec<Vec<Word>>,
    somewhere: OnceLock<Option<Regex>>,
    whole: OnceLock<Option<Regex>>,
}

/// A word, and which characters are in it.
#[derive(Debug, Clone)]
struct Word(String, Characters);

impl From<(String, Vec<Vec<String>>)> for Expression {
    fn from((text, words): (String, Vec<Vec<String>>)) -> Self {
        let word = |word: String| {
            let characters = Characters::of(&word);
            Word(word, characters)
        };
        let words = words.into_iter().map(|list| list.into_iter().map(word).collect()).collect();
        Self { text, words, somewhere: OnceLock::new(), whole: OnceLock::new() }
    }
}

/// Which characters a text in lower case holds: a bit for each letter, and one for all others.
#[derive(Debug, Clone, Copy)]
struct Characters(u32);

impl Characters {
    fn of(text: &str) -> Self {
        let bit = |byte: u8| 1 << if byte.is_ascii_lowercase() { byte - b'a' } else { 31 };
        Self(text.bytes().fold(0, |all, byte| all | bit(byte)))
    }

    fn include(self, Characters(others): Characters) -> bool {
        others & !self.0 == 0
    }
}

/// A text that is held against expressions, with what all of them ask of it.
pub struct Asked<'t> {
    text: &'t str,
    low: Cow<'t, str>,
    characters: Characters,
}

impl<'t> From<&'t str> for Asked<'t> {
    fn from(text: &'t str) -> Self {
        let low = lowered(text);
        Self { text, characters: Characters::of(&low), low }
    }
}

impl Expression {
    /// Whether it matches somewhere.
    pub fn search(&self, text: &str) -> bool {
        self.finds(&text.into())
    }

    /// Whether it matches somewhere in a text that is held against others too.
    pub fn finds(&self, asked: &Asked<'_>) -> bool {
        self.may_fit(asked) && self.somewhere().is_some_and(|regex| regex.is_match(asked.text))
    }

    /// The byte at which it first matches.
    pub fn find(&self, text: &str) -> Option<usize> {
        let regex = self.somewhere().filter(|_| self.may_fit(&text.into()))?;
        regex.find(text).map(|found| found.start())
    }

    /// Whether it matches the whole text.
    pub fn whole(&self, asked: &Asked<'_>) -> bool {
        let regex = || self.whole.get_or_init(|| compile(&format!("^(?:{})$", self.text))).as_ref();
        self.may_fit(asked) && regex().is_some_and(|regex| regex.is_match(asked.text))
    }

    /// What the first group captures.
    pub fn capture<'t>(&self, text: &'t str) -> Option<&'t str> {
        let regex = self.somewhere().filter(|_| self.may_fit(&text.into()))?;
        let mut captures = regex.create_captures();
        regex.captures(text, &mut captures);
        text.get(captures.get_group(1)?.range())
    }

    /// What the first group captures, wherever it matches.
    pub fn captures<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let Some(regex) = self.somewhere().filter(|_| self.may_fit(&text.into())) else { return Vec::new() };
        let all = regex.captures_iter(text);
        all.filter_map(|captures| text.get(captures.get_group(1)?.range())).collect()
    }

    fn may_fit(&self, asked: &Asked<'_>) -> bool {
        let holds =
            |Word(word, characters): &Word| asked.characters.include(*characters) && asked.low.contains(word.as_str());
        self.words.iter().all(|list| list.iter().any(holds))
    }

    fn somewhere(&self) -> Option<&Regex> {
        self.somewhere.get_or_init(|| compile(&self.text)).as_ref()
    }
}

/// Texts are short and an expression is asked a few times: engines that take longer to build than to search, literals
/// to look for first (the words do that) and the tables of Unicode do not pay.
fn compile(expression: &str) -> Option<Regex> {
    let engines = Config::new().hybrid(false).dfa(false).onepass(false).auto_prefilter(false).utf8_empty(false);
    let syntax = syntax::Config::new().case_insensitive(true).unicode(false).utf8(false);
    Regex::builder().configure(engines).syntax(syntax).build(expression).ok()
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
