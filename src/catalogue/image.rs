//! Images whose entry point is a program that publishes, and registries that hand none out.

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

/// Registries from which no consumer gets an image.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Their hosts, without port and domain.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Variables that hold such a registry, or a repository in it.
    #[serde(default)]
    pub env: Vec<String>,
}
