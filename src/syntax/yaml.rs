//! YAML with positions.
//!
//! A pipeline file is read into an arena: no node owns another, so neither building, walking nor dropping a document
//! recurses, however deep the input nests. Every limit below ends in an error, never in a partial tree.
//!
//! saphyr reads first. What it refuses gets a second reading by granit, its fork, which accepts a few shapes that the
//! platforms accept too (a flow sequence whose closing bracket sits at the indentation of its key). Only what both
//! refuse is broken.
//!
//! Scalars follow the core schema of YAML 1.2: `on` and `yes` are strings.

mod build;
mod document;
mod events;
mod map;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

pub use document::{Document, Entries, Items, Kind, Node, Style};

use build::Refusal;
use events::{Granit, Saphyr};
use source::Source;

/// Most levels of nesting of one document.
pub const MAX_DEPTH: usize = 200;
/// Most nodes of one text, over all its documents.
pub const MAX_NODES: usize = 500_000;
/// Most documents of one text.
pub const MAX_DOCUMENTS: usize = 10_000;
/// Most aliases of one text.
pub const MAX_ALIASES: usize = 10_000;
/// Most nodes of one text once every alias counts as a copy of its anchor.
pub const MAX_EXPANDED_NODES: u64 = 500_000;
/// Most bytes of scalar text of one text once every alias counts as a copy of its anchor.
pub const MAX_EXPANDED_BYTES: u64 = 32 * 1024 * 1024;
/// Most bytes of one text. The reader of the checkout allows far less.
pub const MAX_TEXT: usize = 1 << 30;

/// Why a text is not YAML, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// What is wrong.
    pub message: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}, column {}", self.message, self.line, self.column)
    }
}

impl std::error::Error for YamlError {}

/// Reads a stream of documents. A text of nothing but white space and comments has none.
///
/// # Errors
/// The text is not YAML for either parser, an alias has no anchor or stands inside its own, or a limit is exceeded.
pub fn parse(text: &str) -> Result<Vec<Document>, YamlError> {
    if text.len() > MAX_TEXT {
        let message = format!("the text is larger than {MAX_TEXT} bytes");
        return Err(YamlError { message, line: 1, column: 1 });
    }
    let source = Arc::new(Source::new(text));
    match build::documents(&source, Saphyr::new(source.text())) {
        Ok(documents) => Ok(documents),
        Err(Refusal::Final(error)) => Err(error),
        Err(Refusal::Syntax(first)) => match build::documents(&source, Granit::new(source.text())) {
            Ok(documents) => Ok(documents),
            Err(Refusal::Final(error)) => Err(error),
            Err(Refusal::Syntax(_)) => Err(first),
        },
    }
}
