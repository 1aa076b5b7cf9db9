//! `on:`: which occurrences start a workflow.

use crate::model::{Event, EventKind};
use crate::syntax::yaml::Node;

/// How a workflow can be started.
#[derive(Debug, Default)]
pub(super) struct Triggers {
    /// One for each occurrence that can release something.
    pub(super) events: Vec<Event>,
    /// Whether other workflows can call it.
    pub(super) callable: bool,
}

/// Reads the value of `on:`.
pub(super) fn triggers(on: Node<'_>) -> Triggers {
    let mut found = Triggers::default();
    if let Some(name) = on.as_str() {
        add(&mut found, name, None);
    } else if on.is_sequence() {
        for item in on.items() {
            if let Some(name) = item.as_str() {
                add(&mut found, name, None);
            }
        }
    } else {
        for (key, value) in on.entries() {
            if let Some(name) = key.as_str() {
                add(&mut found, name, Some(value));
            }
        }
    }
    found
}

fn add(found: &mut Triggers, name: &str, filter: Option<Node<'_>>) {
    let list = |key: &str| -> Option<Vec<String>> {
        let node = filter?.get(key)?;
        Some(match node.as_str() {
            Some(one) => vec![one.to_owned()],
            None => node.items().filter_map(|n| n.as_str().map(str::to_owned)).collect(),
        })
    };
    let types = list("types").unwrap_or_default();
    let inputs = declared(filter).filter(|_| name == "workflow_dispatch");
    let mut event = |kind, refs: Vec<String>| {
        found.events.push(Event { kind, name: name.to_owned(), refs, types: types.clone(), inputs: inputs.clone() });
    };
    match name {
        "push" => {
            let (tags, branches) = (list("tags"), list("branches"));
            let no_tags = list("tags-ignore").is_some_and(|t| t.iter().any(|p| p == "**" || p == "*"));
            let no_branches = list("branches-ignore").is_some_and(|t| t.iter().any(|p| p == "**"));
            // A filter on one kind of ref shuts out the other kind, unless that has a filter of its own.
            let tag_filter = tags.is_some() || list("tags-ignore").is_some();
            let branch_filter = branches.is_some() || list("branches-ignore").is_some();
            if (tag_filter || !branch_filter) && !no_tags {
                event(EventKind::TagPush, tags.unwrap_or_default());
            }
            if (branch_filter || !tag_filter) && !no_branches {
                event(EventKind::BranchPush, branches.unwrap_or_default());
            }
        }
        "release" => event(EventKind::Release, Vec::new()),
        "create" => event(EventKind::TagPush, Vec::new()),
        "workflow_dispatch" => event(EventKind::Dispatch, Vec::new()),
        "repository_dispatch" => event(EventKind::RepositoryDispatch, Vec::new()),
        "schedule" => event(EventKind::Schedule, Vec::new()),
        "workflow_run" => event(EventKind::WorkflowRun, list("branches").unwrap_or_default()),
        "workflow_call" => found.callable = true,
        "pull_request" | "pull_request_target" => {
            // Releasing on merge listens to the closing of the request; every other activity is a preview.
            if types.iter().any(|t| t == "closed") {
                event(EventKind::PullRequestClosed, list("branches").unwrap_or_default());
            }
        }
        name if is_preview(name) => {}
        // Not `issues` and the like either: but a comment can start a release, so they stay.
        _ => event(EventKind::Other, Vec::new()),
    }
}

/// Whether an event is about a proposed change, so that what it starts publishes previews at most.
pub(super) fn is_preview(name: &str) -> bool {
    const PREVIEWS: &[&str] = &[
        "pull_request",
        "pull_request_target",
        "merge_group",
        "pull_request_review",
        "pull_request_review_comment",
        "pull_request_comment",
    ];
    PREVIEWS.contains(&name)
}

/// The inputs that a workflow declares for those who start it by hand.
fn declared(filter: Option<Node<'_>>) -> Option<Vec<String>> {
    let Some(inputs) = filter.and_then(|filter| filter.get("inputs")) else {
        return filter.is_none_or(|filter| filter.is_null() || filter.is_mapping()).then(Vec::new);
    };
    match () {
        () if inputs.is_null() => Some(Vec::new()),
        () if inputs.is_mapping() => inputs.entries().map(|(key, _)| key.as_str().map(str::to_owned)).collect(),
        () => None,
    }
}
