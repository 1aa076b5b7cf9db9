//! The eleven requirements of the Build track, in the order in which they cap.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The specification that levels are graded against.
pub const SPECIFICATION: &str = "SLSA v1.2";

macro_rules! requirements {
    ($($name:ident = $id:literal,)*) => {
        /// A requirement that a release target meets or not. The order is the order in which requirements cap.
        /// What each asks, and at which level, stands on its card in `rules/requirements/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        #[allow(missing_docs)]
        pub enum Requirement { $($name,)* }

        impl Requirement {
            /// All of them, in cap order.
            pub const ALL: &'static [Requirement] = &[$(Requirement::$name,)*];

            /// The identifier used in reports.
            pub fn id(self) -> &'static str {
                match self { $(Requirement::$name => $id,)* }
            }
        }
    };
}

requirements! {
    ProvenanceExists = "provenance-exists",
    ProvenanceDistributed = "provenance-distributed",
    HostedBuild = "hosted-build",
    ProvenanceAuthentic = "provenance-authentic",
    ProvenanceUnforgeable = "provenance-unforgeable",
    EphemeralEnvironment = "ephemeral-environment",
    IsolatedEnvironment = "isolated-environment",
    IsolatedCache = "isolated-cache",
    NoRemoteInfluence = "no-remote-influence",
    CompleteParameters = "complete-parameters",
    ScopedToken = "scoped-token",
}

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}
