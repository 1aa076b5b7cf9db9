//! Where a job runs, and what a checkout tells about the machines behind a label.

use super::{Evidence, Location, Text};

/// One set of labels that a job may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Labels that its runners carry, lower case.
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
}
