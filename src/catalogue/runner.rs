//! `rules/runners.yml`: what to set in definitions of runners.

use serde::Deserialize;

use crate::model::Requirement;

/// What to set in definitions of some shapes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerFields {
    /// The shapes.
    pub shapes: Vec<String>,
    /// The document that says so.
    pub source: String,
    /// For managed machines.
    #[serde(default)]
    pub hosted: Vec<String>,
    /// For a fresh environment, the registration first.
    #[serde(default)]
    pub ephemeral: Vec<String>,
    /// For builds kept apart, what reaches the host first and credentials last.
    #[serde(default)]
    pub isolated: Vec<String>,
}

impl super::Catalogue {
    /// What to set in a definition of a shape so that a requirement is met, in order; empty for anything else.
    pub fn runner_fields(&self, shape: &str, requirement: Requirement) -> &[String] {
        let entry = self.runners.iter().find(|e| e.shapes.iter().any(|s| s == shape));
        match (entry, requirement) {
            (Some(entry), Requirement::HostedBuild) => &entry.hosted,
            (Some(entry), Requirement::EphemeralEnvironment) => &entry.ephemeral,
            (Some(entry), Requirement::IsolatedEnvironment) => &entry.isolated,
            _ => &[],
        }
    }
}
