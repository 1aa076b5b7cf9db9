//! Workflows of other repositories whose internals are known.

use serde::Deserialize;

use super::{Pick, Test};
use crate::model::Kind;

/// How building and signing relate inside a builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signing {
    /// In a job of its own, which runs no code of the build.
    Separate,
    /// In the job that builds.
    WithBuild,
    /// Nothing is signed.
    Nothing,
}

/// Which external parameters its provenance records.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Dispatch inputs and payloads.
    #[serde(default)]
    pub inputs: bool,
    /// `vars.*`, from this version on; absent: never.
    #[serde(default)]
    pub vars_since: Option<String>,
}

/// How the builder or its provenance reaches a release.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uploads {
    /// The input that switches it on.
    pub input: String,
    /// Its default.
    pub default: bool,
    /// The input that names a tag; without it only runs on a tag upload.
    #[serde(default)]
    pub tag_input: Option<String>,
}

/// Provenance that a builder puts into the artifact with the files that it is about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// It does when all of these hold.
    pub when: Vec<Test>,
    /// The file's name.
    pub file: String,
}

/// A reusable workflow of another repository.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// The entry's identifier, shown with its evidence.
    pub id: String,
    /// What it is, as a noun phrase ("the SLSA generic generator").
    pub what: String,
    /// `owner/repository/.github/workflows/file.yml` in lower case; `*` stands for any part.
    pub workflows: Vec<String>,
    /// Whether it only makes provenance for bytes that other jobs built (`true`), or builds itself.
    #[serde(default)]
    pub generator: bool,
    /// What it publishes when it builds itself and uploads; absent: it publishes nothing.
    #[serde(default)]
    pub publishes: Option<Kind>,
    /// It publishes only when all of these hold.
    #[serde(default)]
    pub publishes_when: Vec<Test>,
    /// Where the published name comes from.
    #[serde(default)]
    pub name: Vec<Pick>,
    /// Whether it makes build provenance at all.
    pub provenance: bool,
    /// It makes provenance only when all of these hold.
    #[serde(default)]
    pub provenance_when: Vec<Test>,
    /// How building and signing relate.
    pub signing: Signing,
    /// Unsigned when one of these holds.
    #[serde(default)]
    pub unsigned_when: Vec<Test>,
    /// The isolation that the vendor claims, for the text of an open `provenance-unforgeable`.
    #[serde(default)]
    pub vendor_claim: Option<String>,
    /// Only a ref of this form can run: a full release tag `vMAJOR.MINOR.PATCH`.
    #[serde(default)]
    pub full_tag_only: bool,
    /// The suffix that a full tag carries besides (`-java`).
    #[serde(default)]
    pub tag_suffix: Option<String>,
    /// Inputs that compile the builder in the run: it then runs from any ref, and no verifier accepts it.
    #[serde(default)]
    pub compile_inputs: Vec<String>,
    /// Versions below this cannot run.
    #[serde(default)]
    pub runs_since: Option<String>,
    /// Why older versions cannot run, as a clause.
    #[serde(default)]
    pub runs_why: Option<String>,
    /// Token scopes that the caller must grant as `write`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Token scopes that the caller must grant as `read` or more.
    #[serde(default)]
    pub reads: Vec<String>,
    /// The subject: files as a base64 list of digests, or an image by name and digest.
    #[serde(default)]
    pub subjects: Vec<Pick>,
    /// The image that is the subject.
    #[serde(default)]
    pub image: Vec<Pick>,
    /// The image's digest.
    #[serde(default)]
    pub digest: Vec<Pick>,
    /// Inputs and secrets without which it reaches no registry.
    #[serde(default)]
    pub login: Vec<String>,
    /// Inputs under which a failure ships without provenance.
    #[serde(default)]
    pub may_fail_when: Vec<Test>,
    /// How files reach the release; absent for images, which carry their provenance in the registry.
    #[serde(default)]
    pub uploads: Option<Uploads>,
    /// Where the provenance lies among the files that the call hands over, and is lost unless it goes out with them.
    #[serde(default)]
    pub beside: Option<Beside>,
    /// It restores a cache that other builds can write when all of these hold; `[]` means always, absent never.
    #[serde(default)]
    pub cache_when: Option<Vec<Test>>,
    /// How the cache is restored, as a clause.
    #[serde(default)]
    pub cache_why: Option<String>,
    /// Its build job holds these write scopes.
    #[serde(default)]
    pub build_scopes: Vec<String>,
    /// The machine its build job runs on: `true` for hosted ones that the caller cannot change.
    #[serde(default)]
    pub hosted: bool,
    /// Which external parameters its provenance records.
    #[serde(default)]
    pub records: Recorded,
    /// A remark for the report.
    #[serde(default)]
    pub remark: Option<String>,
}
