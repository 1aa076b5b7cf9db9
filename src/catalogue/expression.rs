//! The regular expressions of the catalogue.

use std::fmt;
use std::sync::OnceLock;

use regex::bytes::{Captures, Regex, RegexBuilder};
use serde::Deserialize;

use crate::model::lowered;

/// A regular expression without regard to the case of ASCII letters. Hardly any text fits, and most are refused for a
/// word that is not in them: it is compiled when one first may fit.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "(String, Vec<Vec<String>>)")]
pub struct Expression {
    text: String,
    /// In lower case; each text that fits holds one of each list. The build script finds them.
    words: Vec<Vec<String>>,
    somewhere: OnceLock<Option<Regex>>,
    whole: OnceLock<Option<Regex>>,
}

impl From<(String, Vec<Vec<String>>)> for Expression {
    fn from((text, words): (String, Vec<Vec<String>>)) -> Self {
        Self { text, words, somewhere: OnceLock::new(), whole: OnceLock::new() }
    }
}

impl Expression {
    /// Whether it matches somewhere.
    pub fn search(&self, text: &str) -> bool {
        self.may_fit(text) && self.somewhere().is_some_and(|regex| regex.is_match(text.as_bytes()))
    }

    /// Whether it matches the whole text.
    pub fn whole(&self, text: &str) -> bool {
        let regex = || self.whole.get_or_init(|| compile(&format!("^(?:{})$", self.text))).as_ref();
        self.may_fit(text) && regex().is_some_and(|regex| regex.is_match(text.as_bytes()))
    }

    /// What the first group captures.
    pub fn capture<'t>(&self, text: &'t str) -> Option<&'t str> {
        let captures: Captures<'_> = self.somewhere().filter(|_| self.may_fit(text))?.captures(text.as_bytes())?;
        text.get(captures.get(1)?.range())
    }

    fn may_fit(&self, text: &str) -> bool {
        let text = lowered(text);
        self.words.iter().all(|list| list.iter().any(|word| text.contains(word.as_str())))
    }

    fn somewhere(&self) -> Option<&Regex> {
        self.somewhere.get_or_init(|| compile(&self.text)).as_ref()
    }
}

/// Without the tables of Unicode it compiles in half the time.
fn compile(expression: &str) -> Option<Regex> {
    RegexBuilder::new(expression).case_insensitive(true).unicode(false).build().ok()
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
