//! The notation in which the catalogue writes commands.

use serde::Deserialize;

/// A program and the words that follow it, as [`crate::commands::matches`] explains them. Hardly any pattern is of the
/// program that a command runs, so what decides about that is read once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct CommandPattern {
    text: Box<str>,
    /// Where the program ends.
    program: usize,
    /// Whether the program is one name.
    plain: bool,
    /// Whether its name may be another than those that are written out.
    wild: bool,
    /// Whether the program is compared as a whole path too.
    path: bool,
}

impl From<String> for CommandPattern {
    fn from(text: String) -> Self {
        let program = text.find(' ').unwrap_or(text.len());
        let name = text.get(..program).unwrap_or_default();
        let (plain, wild, path) = (!name.contains(['|', '*']), name.contains('*'), name.contains('/'));
        Self { program, plain, wild, path, text: text.into() }
    }
}

impl CommandPattern {
    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The program.
    pub fn program(&self) -> &str {
        self.text.get(..self.program).unwrap_or_default()
    }

    /// The words behind the program.
    pub fn words(&self) -> &str {
        self.text.get(self.program..).unwrap_or_default()
    }

    /// Whether a program of this name fits.
    pub fn is_of(&self, name: &str) -> bool {
        match self.plain {
            true => self.program() == name,
            // Most lists of programs do not hold the name at all.
            false => (self.wild || self.program().contains(name)) && fits(self.program(), name),
        }
    }

    /// Whether the program is compared as a whole path too.
    pub fn names_path(&self) -> bool {
        self.path
    }
}

/// Whether `text` fits one of the alternatives of a pattern word: `|` between them, `*` for any characters.
pub fn fits(pattern: &str, text: &str) -> bool {
    if memchr::memchr2(b'|', b'*', pattern.as_bytes()).is_none() {
        return pattern == text;
    }
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    pattern.split(|byte| *byte == b'|').any(|p| if p.contains(&b'*') { star(p, text) } else { p == text })
}

fn star(pattern: &[u8], text: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let last = parts.next_back().unwrap_or_default();
    for part in parts {
        let Some(at) = memchr::memmem::find(rest, part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}
