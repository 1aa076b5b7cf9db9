//! How a checkout claims a level.

use serde::Deserialize;

/// `rules/claims.yml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Glob patterns of documents for readers, from the checkout root, without regard to case.
    pub files: Vec<String>,
    /// Folders, at any depth, whose documents are none of these, without regard to case.
    pub except_below: Vec<String>,
    /// What the names of documents begin with that are none of these, without regard to case.
    pub except_named: Vec<String>,
    /// Images whose address claims a level.
    pub badges: Vec<Badge>,
    /// The mention of a level in a sentence.
    pub mention: String,
    /// What a sentence that claims looks like; one has to fit.
    pub forms: Vec<Form>,
    /// What makes it none.
    pub unless: Vec<String>,
    /// Headings of sections whose sentences claim nothing.
    pub sections: String,
}

impl Claims {
    /// Whether a file is no document for readers, whatever its name.
    pub fn excepts(&self, path: &str) -> bool {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let begins = |start: &String| name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
        let below = |folder: &str| self.except_below.iter().any(|except| except.eq_ignore_ascii_case(folder));
        self.except_named.iter().any(begins) || folders.split('/').any(below)
    }
}

/// An image whose address claims a level.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Badge {
    /// The entry's identifier.
    pub id: String,
    /// A regular expression over the address with the group `level`.
    pub matches: String,
}

/// A form of sentence that claims a level.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The entry's identifier.
    pub id: String,
    /// What it says, for whoever reads the file.
    pub what: String,
    /// A regular expression over the sentence, in which `§` stands for the mention and `{name}` for the repository's
    /// name.
    pub matches: String,
    /// Most words of such a sentence.
    #[serde(default)]
    pub words: Option<usize>,
    /// Only as an entry of a list.
    #[serde(default)]
    pub list: bool,
}
