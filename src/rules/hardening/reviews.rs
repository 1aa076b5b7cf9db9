//! Two-person review of what defines a release.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Places, Subject};
use crate::model::{Location, Note};

/// The files that define releases, and those among them without an owner.
fn defining(subject: &Subject<'_>) -> (BTreeSet<Arc<str>>, BTreeSet<Arc<str>>) {
    let all: BTreeSet<Arc<str>> = subject.targets.iter().map(|target| Arc::clone(&target.pipeline.path)).collect();
    let owner = |path: &Arc<str>| subject.review.owned.iter().any(|(owned, line)| owned == path && line.is_some());
    let orphans = all.iter().filter(|path| !owner(path)).cloned().collect();
    (all, orphans)
}

/// Release pipelines that nobody is asked to review, as far as files say.
pub(super) fn unreviewed_pipelines(subject: &Subject<'_>, _: &Places) -> Vec<Note> {
    let (_, orphans) = defining(subject);
    let Some(first) = orphans.first().filter(|_| subject.review.required.is_empty()) else { return Vec::new() };
    let others = match orphans.len() - 1 {
        0 => String::new(),
        1 => " and one more file".to_owned(),
        more => format!(" and {more} more files"),
    };
    let (message, location) = match &subject.review.owners_file {
        None => (
            format!(
                "no file asks for a review of changes to {first}{others}: there is no CODEOWNERS, and no ruleset is kept as a file"
            ),
            Location::start_of(first),
        ),
        Some(file) => (
            format!(
                "no line of {} gives {first}{others} an owner, so a change of it asks nobody in particular",
                file.path
            ),
            file.clone(),
        ),
    };
    vec![Note::info("unreviewed-pipelines", &location, message)]
}

/// Reviews that files ask for.
pub(super) fn pipeline_review(subject: &Subject<'_>, _: &Places) -> Vec<Note> {
    let (all, orphans) = defining(subject);
    if all.is_empty() {
        return Vec::new();
    }
    let mut notes = Vec::new();
    for required in &subject.review.required {
        let approvals = match required.approvals {
            1 => "one approval".to_owned(),
            many => format!("{many} approvals"),
        };
        let owners = if required.owners { ", an owner's among them" } else { "" };
        let message = format!(
            "settings kept as a file require {approvals}{owners}, before a change is merged; that they are applied no file shows"
        );
        notes.push(Note::info("pipeline-review", &required.location, message));
    }
    if orphans.is_empty() {
        let lines: BTreeSet<&Location> = subject
            .review
            .owned
            .iter()
            .filter(|(path, _)| all.contains(path))
            .filter_map(|(_, line)| line.as_ref())
            .collect();
        for line in lines {
            let message = "changes of the release's pipelines ask these owners for a review; that it is required is a setting which no file shows";
            notes.push(Note::info("pipeline-review", line, message));
        }
    }
    notes
}
