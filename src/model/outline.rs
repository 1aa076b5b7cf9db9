//! Pipeline files as they are written: facts about a file that hold whatever starts it and whichever of its jobs run.

use std::sync::Arc;

use super::{Location, Reference};

/// What one pipeline file, or one action that pipelines use, says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The file.
    pub path: Arc<str>,
    /// Whether the platform starts it by itself; `false` for an action that steps use.
    pub pipeline: bool,
    /// Actions and workflows of other repositories that it names.
    pub used: Vec<Used>,
    /// Images that its jobs and steps run in.
    pub images: Vec<UsedImage>,
    /// Calls that hand over every secret.
    pub inherited: Vec<InheritedSecrets>,
    /// Checkouts of what somebody proposes, in runs that hold the repository's own rights.
    pub proposals: Vec<ProposalCheckout>,
    /// Values of an event that become part of a script.
    pub injected: Vec<Injected>,
}

/// The use of an action or workflow of another repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// `owner/repository[/path]`, lower case.
    pub name: String,
    /// The ref.
    pub reference: Reference,
}

/// An image that a job or step runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedImage {
    /// The image, as written.
    pub image: String,
    /// What runs in it, as a noun phrase ("the container of the job build").
    pub what: String,
    /// Where it is named.
    pub location: Location,
}

/// A call that hands every secret over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InheritedSecrets {
    /// What is called.
    pub callee: String,
    /// Whether the callee is a file of this repository.
    pub local: bool,
    /// Where.
    pub location: Location,
}

/// A checkout of a proposal that has not been reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalCheckout {
    /// The event whose runs hold the repository's rights.
    pub event: String,
    /// What is checked out, as written.
    pub what: String,
    /// Whether the action refuses the proposals of outsiders.
    pub refused: bool,
    /// Whether a condition keeps the proposals of outsiders away.
    pub restricted: bool,
    /// Whether a later step of the job runs something.
    pub runs: bool,
    /// Where.
    pub location: Location,
}

/// Who can choose a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chooser {
    /// Anybody who may open an issue or a pull request.
    Outsider,
    /// Somebody who may start the pipeline or write to the repository.
    Writer,
}

/// A value that the platform pastes into a script before the script is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injected {
    /// The value, as in `github.event.issue.title`.
    pub value: String,
    /// Who can choose it.
    pub chooser: Chooser,
    /// Where.
    pub location: Location,
    /// Where the job is defined.
    pub job: Location,
}

/// What the repository's files say about reviews of its pipelines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// The file that names owners, when there is one.
    pub owners_file: Option<Location>,
    /// For each pipeline file the line that gives it owners.
    pub owned: Vec<(Arc<str>, Option<Location>)>,
    /// Settings kept as files that require reviews.
    pub required: Vec<RequiredReview>,
}

/// A setting that requires reviews before a change is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredReview {
    /// How many approvals.
    pub approvals: u32,
    /// Whether owners have to be among those who approve.
    pub owners: bool,
    /// Where.
    pub location: Location,
}
