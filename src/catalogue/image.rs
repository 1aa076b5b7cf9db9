//! Images whose entry point is a program that publishes.

use serde::Deserialize;

/// Images with one entry point.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Their names without tag, in lower case; `*` stands for any part.
    pub images: Vec<String>,
    /// The program that the words behind the image are for.
    pub program: String,
}
