//! Release sinks.

use serde::Deserialize;

use super::{CommandPattern, Pick, Test};
use crate::model::Kind;

/// How a target published by a sink is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Naming {
    /// The repository's release on its forge.
    Release,
    /// An image reference: registry and repository, without tag and digest.
    Image,
    /// The Go programs that ko builds, each an image of its own.
    GoPrograms,
    /// The manifest of the package in the folder where the step works (`package.json`, `pyproject.toml`, ...).
    Manifest,
    /// The picked value itself.
    Value,
}

/// Where the published bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bytes {
    /// Existing files or images are handed out as they are.
    Given,
    /// The step packs the package itself, so earlier digests do not cover it.
    Packed,
    /// The step builds what it publishes.
    Built,
    /// An existing object of another registry is copied.
    Copied,
}

/// Where a tool that publishes packages of a workspace does otherwise than npm.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The file, below the folder where it works, from which it reads the settings of npm instead.
    #[serde(default)]
    pub settings: Option<String>,
    /// Whether it reads npm's settings where it works, whichever package it publishes.
    #[serde(default)]
    pub works_here: bool,
    /// Whether `nx.json` says which packages it releases.
    #[serde(default)]
    pub by_nx: bool,
    /// The JSON file, below the folder where it works, whose `ignore` names packages that it does not publish.
    #[serde(default)]
    pub ignores: Option<String>,
    /// Options that choose packages for others and mean something else to it.
    #[serde(default)]
    pub no_filters: Vec<String>,
    /// Whether it publishes to a registry of its own vendor, never to npm's.
    #[serde(default)]
    pub elsewhere: bool,
    /// The variable without which it does not publish with the platform's identity.
    #[serde(default)]
    pub trusted_by: Option<String>,
}

/// The registry that a step names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Where it names one, by its address.
    pub at: Vec<Pick>,
    /// Hosts of the one that the entry's `place` speaks of.
    #[serde(default)]
    pub own: Vec<String>,
}

/// How a step leaves all files out but some.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// All that must hold for it to leave them out.
    pub when: Vec<Test>,
    /// The patterns of those that it takes, below the folder that it is given.
    pub files: Vec<Pick>,
}

/// A step that hands bytes to consumers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    /// The entry's identifier, shown with its evidence.
    pub id: String,
    /// What the step does, as a clause that continues "this step ...".
    pub what: String,
    /// The kind of target.
    pub kind: Kind,
    /// Actions, as `owner/repository[/path]` in lower case.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands: program and subcommand words, options between them ignored (`npm publish`). A word may list
    /// alternatives with `|` and be a pattern with `*`.
    #[serde(default)]
    pub commands: Vec<CommandPattern>,
    /// All must hold.
    #[serde(default)]
    pub when: Vec<Test>,
    /// None may hold.
    #[serde(default)]
    pub unless: Vec<Test>,
    /// Flags of the command that take a value as their next word, so that positional words can be told.
    #[serde(default)]
    pub value_flags: Vec<String>,
    /// How the target is named.
    pub naming: Naming,
    /// Where the name comes from; several are tried in order.
    #[serde(default)]
    pub name: Vec<Pick>,
    /// What that name stands under, where it is given apart: a registry, an account.
    #[serde(default)]
    pub under: Vec<Pick>,
    /// Where the published files come from; all that are set count.
    #[serde(default)]
    pub files: Vec<Pick>,
    /// Which of them alone are published.
    #[serde(default)]
    pub only: Option<Only>,
    /// How the names of the files end that the step makes and publishes, where it names no files.
    #[serde(default)]
    pub makes: Vec<Pick>,
    /// Where the bytes come from.
    pub bytes: Bytes,
    /// Whether its registry rewrites what it gets, so that a digest made before does not name what consumers download.
    #[serde(default)]
    pub rewrites: bool,
    /// Where the folder of the package comes from, relative to the step's folder.
    #[serde(default)]
    pub folder: Vec<Pick>,
    /// Words by which the command goes over all packages of a workspace; `*` stands for any part of one.
    #[serde(default)]
    pub workspace: Vec<String>,
    /// Outputs of its actions that hold the digest of what it pushes, by itself or among other facts.
    #[serde(default)]
    pub digests: Vec<String>,
    /// Whether it makes an image index of images that are pushed.
    #[serde(default)]
    pub index: bool,
    /// Whether BuildKit's provenance of these images goes into that index.
    #[serde(default)]
    pub keeps_provenance: bool,
    /// Whether its positional words are the images of which it makes that index.
    #[serde(default)]
    pub parts: bool,
    /// Where it does otherwise than npm with packages of a workspace.
    #[serde(default)]
    pub client: Client,
    /// Which place the bytes go to, when the sink names one (`npm registry`).
    #[serde(default)]
    pub place: Option<String>,
    /// Another place that the step may name.
    #[serde(default)]
    pub host: Host,
    /// It counts only behind one of these commands of its job, which works in what it publishes.
    #[serde(default)]
    pub after: Vec<CommandPattern>,
}
