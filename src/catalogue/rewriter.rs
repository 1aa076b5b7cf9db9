//! Programs that change files.

use serde::Deserialize;

/// Which words of a command name what it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Writes {
    /// All operands.
    Operands,
    /// The first operand.
    First,
    /// The word behind the letters that create an archive (`-czf`).
    Archive,
}

/// A program after which the files that it names have other digests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewriter {
    /// Its names; `*` stands for any program.
    pub programs: Vec<String>,
    /// Which words name what it writes.
    #[serde(default)]
    pub files: Option<Writes>,
    /// Options whose value is what it writes.
    #[serde(default)]
    pub options: Vec<String>,
    /// Words with which it changes nothing.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Where this is documented.
    pub source: String,
}
