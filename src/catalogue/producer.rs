//! Provenance producers.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{CommandPattern, Pick, Test};
use crate::model::Kind;

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signer {
    /// The identity that the platform issues to the job.
    JobIdentity,
    /// A key that is a secret of the job.
    JobKey,
    /// A trusted workflow of another repository, in a job of its own.
    Builder,
    /// The platform's control plane.
    ControlPlane,
    /// Nobody.
    Nobody,
}

/// Who writes the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// The platform or its own action.
    Platform,
    /// The steps of the job.
    Tenant,
}

/// Where consumers find the provenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Store {
    /// The forge's attestation store.
    Forge,
    /// Beside the package in its registry.
    Registry,
    /// A public transparency log or attestation server.
    Log,
    /// An attestation server that the step names.
    Server,
    /// The release of the forge, to which the step uploads it.
    Release,
    /// A file of the job; it reaches consumers only when a step publishes it.
    File,
}

/// What shows provenance that no step names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundBy {
    /// A file with settings.
    Settings,
    /// The conditions of trusted publishing.
    TrustedPublishing,
}

/// Which bytes the provenance names.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Subjects {
    /// Files.
    #[serde(default)]
    pub files: Vec<Pick>,
    /// Whether a folder among them stands for everything that is in it.
    #[serde(default)]
    pub folders: bool,
    /// A checksums file that lists files.
    #[serde(default)]
    pub checksums: Vec<Pick>,
    /// A name, such as an image without tag.
    #[serde(default)]
    pub name: Vec<Pick>,
    /// A digest.
    #[serde(default)]
    pub digest: Vec<Pick>,
    /// The variable with the file in which earlier steps of the job declare subjects, for a step that names none.
    #[serde(default)]
    pub declared: Option<String>,
    /// Exactly what the same step publishes.
    #[serde(default)]
    pub own: bool,
    /// The release of the forge whose files it names, by its tag or as `github://OWNER/REPOSITORY/TAG`.
    #[serde(default)]
    pub release: Vec<Pick>,
    /// Of the files that its job makes, those alone that the command makes which the step runs.
    #[serde(default)]
    pub made: bool,
    /// The files that its job makes, which it finds without being told.
    #[serde(default)]
    pub finds: bool,
}

/// A step that makes provenance, or looks as if it did.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Producer {
    /// The entry's identifier, shown with its evidence.
    pub id: String,
    /// What it makes, as a noun phrase ("a GitHub build provenance attestation").
    pub what: String,
    /// Actions, as `owner/repository[/path]` in lower case.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands, in the notation of sinks.
    #[serde(default)]
    pub commands: Vec<CommandPattern>,
    /// All must hold.
    #[serde(default)]
    pub when: Vec<Test>,
    /// None may hold.
    #[serde(default)]
    pub unless: Vec<Test>,
    /// Flags of the command that take a value as their next word.
    #[serde(default)]
    pub value_flags: Vec<String>,
    /// The reason why this is no build provenance although it looks like it (SBOM, signature, scan). Such an entry
    /// makes nothing and is named in the report.
    #[serde(default)]
    pub look_alike: Option<String>,
    /// The kinds of targets beside which a look-alike is named; all when absent.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// The file asks for provenance with this step and these conditions keep it from being made; each with a reason.
    #[serde(default)]
    pub broken: Vec<Broken>,
    /// Nothing is made unless a builder that keeps attestations is visible before the step in its job: BuildKit in a
    /// container, not the engine's own.
    #[serde(default)]
    pub needs_container_builder: bool,
    /// Found by code, in the settings of the checkout or by the conditions of the platform; no step names it.
    #[serde(default)]
    pub found_by: Option<FoundBy>,
    /// Whether npm makes it, and so none where a client is too old for it.
    #[serde(default)]
    pub by_npm: bool,
    /// Whether a variable of npm's settings asks for it, which a manifest overrules and some clients lose.
    #[serde(default)]
    pub by_variable: bool,
    /// Whether the step also runs the build that it attests.
    #[serde(default)]
    pub builds: bool,
    /// Who signs.
    pub signer: Signer,
    /// Set when one of these holds: a key signs instead of the identity.
    #[serde(default)]
    pub key_when: Vec<Test>,
    /// Who writes the content.
    pub content: Content,
    /// Set when one of these holds: the steps of the job write the content.
    #[serde(default)]
    pub tenant_when: Vec<Test>,
    /// Token scopes that must be `write`, or nothing is made.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Which bytes it names.
    #[serde(default)]
    pub subjects: Subjects,
    /// Where it goes.
    pub stores: Vec<Store>,
    /// It goes to these only where all of the tests hold.
    #[serde(default)]
    pub stored_when: BTreeMap<Store, Vec<Test>>,
    /// Whether it records dispatch inputs and other external parameters.
    #[serde(default)]
    pub records_parameters: bool,
    /// A remark for the report ("the predicate body is empty: identity facts only").
    #[serde(default)]
    pub remark: Option<String>,
}

/// A condition under which a producer step makes nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broken {
    /// All must hold.
    pub when: Vec<Test>,
    /// Why nothing is made, as a clause.
    pub why: String,
    /// What to do about it, where the step switches provenance off: an imperative in front of the place.
    #[serde(default)]
    pub fix: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::FoundBy;
    use crate::catalogue::Catalogue;

    #[test]
    fn one_entry_stands_for_each_thing_that_code_finds() {
        for by in [FoundBy::Settings, FoundBy::TrustedPublishing] {
            let entries = Catalogue::get().producers.iter().filter(|p| p.found_by == Some(by));
            assert_eq!(entries.count(), 1, "{by:?}");
        }
    }
}
