//! `rules/runners.yml`: what to set in definitions of runners.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::{Evidence, Requirement};

/// What to set in definitions of some shapes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerFields {
    /// The shapes.
    pub shapes: Vec<String>,
    /// For managed machines.
    #[serde(default)]
    pub hosted: Vec<Field>,
    /// For a fresh environment, the registration first.
    #[serde(default)]
    pub ephemeral: Vec<Field>,
    /// For builds kept apart, what reaches the host first and credentials last.
    #[serde(default)]
    pub isolated: Vec<Field>,
}

/// One thing to set.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Field {
    /// Whatever the finding is.
    Always(String),
    /// For findings whose note holds one of these words.
    For(FieldFor),
}

/// One thing to set for some findings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldFor {
    /// What to set.
    pub set: String,
    /// Words of the notes of the findings that it answers.
    #[serde(rename = "for")]
    pub words: Vec<String>,
}

impl Field {
    fn text(&self) -> &str {
        match self {
            Field::Always(text) => text,
            Field::For(field) => &field.set,
        }
    }

    /// Whether it answers a finding by name.
    pub fn answers(&self, note: &str) -> bool {
        matches!(self, Field::For(field) if field.words.iter().any(|word| note.contains(word.as_str())))
    }
}

/// Read when a definition is found.
static ALL: LazyLock<Vec<RunnerFields>> = LazyLock::new(|| {
    let all = super::unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/runners.json.lz4")));
    all.unwrap_or_else(|error| super::broken(&error))
});

impl super::Catalogue {
    /// What to set in definitions of every shape.
    pub fn runners(&self) -> &'static [RunnerFields] {
        &ALL
    }

    /// Everything that may have to be set in a definition of a shape so that a requirement is met.
    pub fn runner_fields(&self, shape: &str, requirement: Requirement) -> &[Field] {
        let entry = self.runners().iter().find(|e| e.shapes.iter().any(|s| s == shape));
        match (entry, requirement) {
            (Some(entry), Requirement::HostedBuild) => &entry.hosted,
            (Some(entry), Requirement::EphemeralEnvironment) => &entry.ephemeral,
            (Some(entry), Requirement::IsolatedEnvironment) => &entry.isolated,
            _ => &[],
        }
    }

    /// What to set for a finding about a runner, in order: what answers it by name, or else what holds for any finding of
    /// its axis. Empty for evidence of anything else.
    pub fn to_set(&self, finding: &Evidence, requirement: Requirement) -> Vec<&str> {
        let fields = self.runner_fields(&finding.rule, requirement);
        let named: Vec<&str> = fields.iter().filter(|f| f.answers(&finding.note)).map(Field::text).collect();
        let general = || fields.iter().filter(|f| matches!(f, Field::Always(_))).map(Field::text);
        if named.is_empty() { general().collect() } else { named }
    }
}
