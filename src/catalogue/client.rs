//! Tools that publish npm packages by a client of their own, or in their own way.

use serde::Deserialize;

use super::{CommandPattern, Described};

/// A tool that publishes npm packages and does not leave it all to the npm on the machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NpmClient {
    /// The package that brings it, or the action.
    pub package: String,
    /// Actions, as `owner/repository[/path]` in lower case.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands, in the notation of sinks.
    #[serde(default)]
    pub commands: Vec<CommandPattern>,
    /// Whether it brings the client that publishes.
    #[serde(default)]
    pub own: bool,
    /// The first version whose client makes provenance where it is asked to; absent: every version does, or npm does.
    #[serde(default)]
    pub provenance_from: Option<[u32; 3]>,
    /// The first version that publishes with the platform's identity; absent: none makes provenance without a request.
    #[serde(default)]
    pub trusted_from: Option<[u32; 3]>,
}

impl Described for NpmClient {
    fn actions(&self) -> &[String] {
        &self.actions
    }

    fn commands(&self) -> &[CommandPattern] {
        &self.commands
    }
}
