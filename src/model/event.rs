//! What starts a pipeline.

use std::fmt;

use serde::Deserialize;

/// The kind of occurrence that starts a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A tag is pushed.
    TagPush,
    /// A branch is pushed.
    BranchPush,
    /// A release is created or published on the forge.
    Release,
    /// A person starts it, on any ref and with inputs.
    Dispatch,
    /// Another system starts it with a payload.
    RepositoryDispatch,
    /// A timer starts it on the default branch.
    Schedule,
    /// Another workflow of the repository has finished.
    WorkflowRun,
    /// A pull request was closed; conditions tell whether merging is what counts.
    PullRequestClosed,
    /// Any other occurrence that is not a pull request.
    Other,
}

/// One way in which a pipeline starts, with the refs its filters let through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    /// What happens.
    pub kind: EventKind,
    /// The platform's own name (`push`, `release`, `workflow_dispatch`).
    pub name: String,
    /// Patterns of the tags or branches that the filter admits; empty when there is no filter.
    pub refs: Vec<String>,
    /// Activity types that the filter admits; empty when there is no filter.
    pub types: Vec<String>,
    /// The inputs that whoever starts it by hand may give; `None` where nothing tells.
    pub inputs: Option<Vec<String>>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            EventKind::TagPush => "tag push",
            EventKind::BranchPush => "branch push",
            EventKind::Release => "release",
            EventKind::Dispatch => "manual dispatch",
            EventKind::RepositoryDispatch => "repository dispatch",
            EventKind::Schedule => "schedule",
            EventKind::WorkflowRun => "workflow run",
            EventKind::PullRequestClosed => "merged pull request",
            EventKind::Other => &self.name,
        })
    }
}
