//! What is reported beside the level.

use schemars::JsonSchema;
use serde::Serialize;

use super::Location;

/// How much a note matters. Notes never change a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth changing.
    Warning,
}

/// An observation that is orthogonal to the level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Note {
    /// The rule that makes it.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
}

impl Note {
    /// Something worth knowing.
    pub fn info(rule: impl Into<String>, location: &Location, message: impl Into<String>) -> Self {
        Self { rule: rule.into(), severity: Severity::Info, message: message.into(), location: Some(location.clone()) }
    }

    /// Something worth changing.
    pub fn warning(rule: impl Into<String>, location: &Location, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::info(rule, location, message) }
    }
}

/// Something of the checkout that could not be read as it should.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Problem {
    /// The file.
    pub path: String,
    /// Line from 1, when the problem has one.
    pub line: Option<u32>,
    /// Column from 1, when the problem has one.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
}

/// A pipeline that was recognised and not graded. A release flow among them holds the repository down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Unassessed {
    /// The file.
    pub path: String,
    /// The platform's identifier.
    pub platform: String,
    /// Why it was not graded, and what in it looks like a release.
    pub reason: String,
    /// The line that looks like a release; `None` when nothing in the file does, and it then holds nothing down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Whether it holds the repository's level down.
    pub holds_down: bool,
}
