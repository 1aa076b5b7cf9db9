//! Release targets: what a repository hands to consumers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Location, Platform, Verdict};

macro_rules! kinds {
    ($($name:ident = $id:literal,)*) => {
        /// The kind of a release target.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[allow(missing_docs)]
        pub enum Kind { $(#[serde(rename = $id)] $name,)* }

        impl Kind {
            /// The identifier used in reports.
            pub fn id(self) -> &'static str {
                match self { $(Kind::$name => $id,)* }
            }
        }
    };
}

kinds! {
    Npm = "npm",
    Pypi = "pypi",
    Crate = "crate",
    Gem = "gem",
    Maven = "maven",
    Nuget = "nuget",
    Image = "image",
    HelmChart = "helm-chart",
    ReleaseAssets = "release-assets",
    ObjectStorage = "object-storage",
    GoModule = "go-module",
    VscodeExtension = "vscode-extension",
    Action = "action",
    Snap = "snap",
    Store = "app-store",
    PackageIndex = "package-index",
    OciArtifact = "oci-artifact",
    Other = "other",
}

/// Who builds, signs and stores for one target, in words for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Boundary {
    /// The jobs that build, publish or make the provenance, each once.
    pub jobs: Vec<BoundaryJob>,
    /// What makes the provenance (`actions/attest@v4`); absent without provenance.
    pub producer: Option<String>,
    /// Whose key or identity signs it (`identity of release.yml`, `the secret COSIGN_KEY`); absent when nobody does.
    pub signer: Option<String>,
    /// Where consumers find it (`attestation store of the forge`).
    pub store: Option<String>,
}

impl Boundary {
    /// Whether nothing is known beyond jobs and verdicts.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One job in the picture of the trust boundary.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BoundaryJob {
    /// Its key, as in `build_jobs`, `publish_job` and `provenance_job`.
    pub key: String,
    /// The machine it asks for (`ubuntu-24.04`, `runner set arc-release`).
    pub runner: Option<String>,
    /// The workflow of another repository that defines it, when one does.
    pub defined_in: Option<String>,
}

/// A graded release target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What kind of stream.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Places where the same bytes are handed out (registries, release).
    pub locations: Vec<String>,
    /// The pipeline file that publishes it.
    pub pipeline: String,
    /// The platform that runs it.
    pub platform: Platform,
    /// The event whose path was the lowest.
    pub event: String,
    /// Keys of the build jobs.
    pub build_jobs: Vec<String>,
    /// Key of the publish job.
    pub publish_job: String,
    /// Key of the job that makes the provenance.
    pub provenance_job: Option<String>,
    /// The innermost publish step or command.
    pub location: Location,
    /// The catalogue entry by which it is known to publish.
    pub publisher: String,
    /// Scopes that the tokens of its build jobs may write to, as far as they could alter other builds.
    pub build_scopes: Vec<&'static str>,
    /// All eleven, in cap order.
    pub verdicts: Vec<Verdict>,
    /// How it was found and how its bytes flow, one line per hop.
    pub chain: Vec<(String, Location)>,
    /// Who builds, signs and stores.
    pub boundary: Boundary,
    /// Further observations on this target.
    pub notes: Vec<super::Note>,
}
