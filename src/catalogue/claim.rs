//! How a checkout claims a level.

use serde::Deserialize;

/// `rules/claims.yml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Glob patterns of documents for readers, from the checkout root, without regard to case.
    pub files: Vec<String>,
    /// Glob patterns of documents that are none of these.
    pub except: Vec<String>,
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
