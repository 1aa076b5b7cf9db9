//! Where a job runs, and what a checkout tells about the machines behind a label.

use std::sync::Arc;

use super::{Evidence, Location, Note, Text};

/// One set of labels that a job may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabelSet {
    /// Every label of it; a runner must carry all.
    pub labels: Vec<Text>,
    /// The runner group, when one is asked for.
    pub group: Option<Text>,
}

/// The machine that a job asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunnerChoice {
    /// One of these sets, depending on the matrix leg or a visible expression.
    Labels {
        /// Every set that the expression can yield.
        sets: Vec<LabelSet>,
        /// The value that decides.
        location: Location,
    },
    /// Cannot be told from the checkout.
    Unresolved {
        /// Why.
        reason: String,
        /// What it asks for as far as that is known; unknown parts stand as symbols.
        asked: Vec<LabelSet>,
        /// The value that could not be resolved.
        location: Location,
    },
    /// The platform provides the machine itself, as documented.
    Hosted {
        /// Why.
        reason: String,
        /// Where the job is defined.
        location: Location,
    },
}

impl RunnerChoice {
    /// What decides.
    pub fn location(&self) -> &Location {
        match self {
            Self::Labels { location, .. } | Self::Unresolved { location, .. } | Self::Hosted { location, .. } => {
                location
            }
        }
    }
}

/// A finding on one axis of a runner pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tri {
    /// Shown.
    Met(Evidence),
    /// The opposite is shown.
    Failed(Evidence),
    /// Neither is shown; the text says what would show it.
    Unshown(Evidence, String),
}

/// Machines that a file of the checkout defines and that jobs may reach by labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerPool {
    /// What kind of definition it is (`arc-runner-deployment`).
    pub shape: &'static str,
    /// The name it has in its file.
    pub name: String,
    /// Labels that its runners carry, lower case: those of the definition, and the implicit ones where the shape adds
    /// them. A label that the file does not show is left out, so the pool answers no job by it.
    pub labels: Vec<String>,
    /// The runner group, when the definition names one.
    pub group: Option<String>,
    /// The repository or organisation it is registered for, when the definition names one.
    pub scope: Option<String>,
    /// Where it is defined.
    pub location: Location,
    /// Managed infrastructure.
    pub hosted: Tri,
    /// A fresh environment per job, destroyed afterwards.
    pub ephemeral: Tri,
    /// Overlapping builds cannot touch one another or the control plane.
    pub isolated: Tri,
    /// Credentials by which its runners are registered, and who holds them.
    pub credentials: Vec<Evidence>,
    /// Stores of the pool that hand one build's cached files to the next.
    pub caches: Vec<Evidence>,
    /// Variables that its runners hand to every job.
    pub variables: Vec<RunnerVariable>,
    /// What could be hardened; changes no verdict.
    pub notes: Vec<Note>,
    /// Other files of the checkout that the definition runs (an entrypoint, a Dockerfile). What they define alone is
    /// part of this pool.
    pub files: Vec<Arc<str>>,
    /// Whether the file lies among examples, test data or dependencies, where it need not be in use.
    pub incidental: bool,
}

impl RunnerPool {
    /// A pool of which nothing is shown yet.
    pub fn new(shape: &'static str, name: impl Into<String>, location: &Location) -> Self {
        let nothing = |what: &str, to_show: &str| {
            Tri::Unshown(Evidence::observed(location, shape, format!("nothing shows {what}")), to_show.to_owned())
        };
        Self {
            shape,
            name: name.into(),
            labels: Vec::new(),
            group: None,
            scope: None,
            location: location.clone(),
            hosted: nothing("which machines the runners use", "the definition of the machines in the checkout"),
            ephemeral: nothing(
                "that a machine takes one job only",
                "a runner that ends, with its machine, after one job",
            ),
            isolated: nothing(
                "that builds are kept apart",
                "the definition of the machine or pod that runs the builds",
            ),
            credentials: Vec::new(),
            caches: Vec::new(),
            variables: Vec::new(),
            notes: Vec::new(),
            files: Vec::new(),
            incidental: false,
        }
    }
}

/// A variable in the environment of runners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerVariable {
    /// Its name.
    pub name: String,
    /// Its value; `None` when the definition does not show it.
    pub value: Option<String>,
    /// Where it is set.
    pub location: Location,
}

/// The platform whose jobs a pool takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunnerPlatform {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI/CD.
    GitLab,
    /// Azure Pipelines.
    AzurePipelines,
    /// Buildkite.
    Buildkite,
    /// CircleCI.
    CircleCi,
    /// Jenkins.
    Jenkins,
    /// TeamCity.
    TeamCity,
    /// Bitbucket Pipelines.
    Bitbucket,
    /// Woodpecker.
    Woodpecker,
    /// Drone.
    Drone,
    /// Gitea and Forgejo Actions.
    Gitea,
    /// Tekton.
    Tekton,
}

impl RunnerPool {
    /// The platform whose jobs the pool takes: shapes of other platforms than GitHub carry its name in front, so that
    /// a label of one platform never answers to another's.
    pub fn platform(&self) -> RunnerPlatform {
        use RunnerPlatform as P;
        let families = [
            ("gitlab-", P::GitLab),
            ("azure-pipelines-", P::AzurePipelines),
            ("buildkite-", P::Buildkite),
            ("circleci-", P::CircleCi),
            ("jenkins-", P::Jenkins),
            ("teamcity-", P::TeamCity),
            ("bitbucket-", P::Bitbucket),
            ("woodpecker-", P::Woodpecker),
            ("drone-", P::Drone),
            ("gitea-", P::Gitea),
            ("tekton-", P::Tekton),
        ];
        families.into_iter().find(|(prefix, _)| self.shape.starts_with(prefix)).map_or(P::GitHub, |(_, p)| p)
    }
}
