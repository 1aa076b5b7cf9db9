//! The small language in which catalogue entries say when they apply.

use serde::Deserialize;

use super::Expression;

/// One test on a step. Exactly one of the subject keys (`input`, `flag`, `word`, `env`, `version`, `any`, `not`) is
/// set. A test on a value that the checkout does not show is undecided, and what follows from it is conditional.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// An input of the action.
    #[serde(default)]
    pub input: Option<String>,
    /// A flag of the command, by any of its spellings; `--flag value` and `--flag=value` are the same.
    #[serde(default)]
    pub flag: Vec<String>,
    /// Some word of the command matches this regular expression as a whole.
    #[serde(default)]
    pub word: Option<Expression>,
    /// With `word`: a word that stands behind one of these options does not count.
    #[serde(default)]
    pub not_behind: Vec<String>,
    /// An environment variable of the step or command.
    #[serde(default)]
    pub env: Option<String>,
    /// The action's version: `>=4.0.0` or `<4.0.0`. An unknown version counts as current.
    #[serde(default)]
    pub version: Option<String>,
    /// At least one of these holds.
    #[serde(default)]
    pub any: Vec<Test>,
    /// None of these holds.
    #[serde(default)]
    pub not: Vec<Test>,

    /// The value when it is not set.
    #[serde(default)]
    pub default: Option<String>,
    /// The value is exactly this (without regard to case).
    #[serde(default)]
    pub is: Option<String>,
    /// The value is set and not empty (`true`), or not (`false`).
    #[serde(default)]
    pub present: Option<bool>,
    /// The value matches this regular expression somewhere.
    #[serde(default)]
    pub matches: Option<Expression>,
}

/// How a picked value falls into items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// One value.
    #[default]
    Whole,
    /// One item a line.
    Lines,
    /// Items separated by commas or line ends.
    Commas,
    /// Items separated by white space.
    Words,
}

/// Where a step carries a value.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Pick {
    /// From this input of the action.
    #[serde(default)]
    pub input: Option<String>,
    /// From these flags of the command, every occurrence.
    #[serde(default)]
    pub flag: Vec<String>,
    /// From this environment variable.
    #[serde(default)]
    pub env: Option<String>,
    /// From the command's positional words behind the matched pattern, from this one on (0 is the first).
    #[serde(default)]
    pub args: Option<usize>,
    /// How many positional words at most.
    #[serde(default)]
    pub most: Option<usize>,
    /// How the value falls into items.
    #[serde(default)]
    pub split: Split,
    /// The value when nothing is set.
    #[serde(default)]
    pub default: Option<String>,
    /// Keeps only the part of the value that this regular expression's first group captures.
    #[serde(default)]
    pub capture: Option<Expression>,
}

impl Pick {
    /// Whether it looks nowhere and is nothing but a default.
    pub fn is_default(&self) -> bool {
        self.input.is_none() && self.flag.is_empty() && self.env.is_none() && self.args.is_none()
    }
}

impl Test {
    /// Whether it asks for nothing but that something is set.
    pub fn only_names(&self) -> bool {
        self.is.is_none() && self.present.is_none() && self.matches.is_none()
    }
}
