//! Calls of libraries that publish.

use serde::Deserialize;

/// A call by which a program publishes without a command line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The call, as it stands in the text of a program.
    pub call: String,
    /// What else such a program names.
    #[serde(default)]
    pub within: String,
    /// The command that does the same, its words separated by spaces.
    pub command: String,
}
