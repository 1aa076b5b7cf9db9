//! What outsiders send, where it becomes code.

use super::{Places, Subject};
use crate::model::{Chooser, Note};

/// Checkouts of a pull request's head in runs that hold the repository's rights, where something is run afterwards.
pub(super) fn untrusted_checkout(subject: &Subject<'_>, _: &Places) -> Vec<Note> {
    let proposals = subject.outlines.iter().flat_map(|outline| &outline.proposals);
    proposals
        .filter(|found| found.runs && !found.refused && !found.restricted)
        .map(|found| {
            let message = format!(
                "a run on `{}` holds the repository's token and secrets, and checks out what anybody may propose (`{}`) before it runs something",
                found.event, found.what
            );
            Note::warning("untrusted-checkout", &found.location, message)
        })
        .collect()
}

/// Values of an event that are pasted into a script: those of outsiders anywhere, those of maintainers where a release
/// is built.
pub(super) fn script_injection(subject: &Subject<'_>, places: &Places) -> Vec<Note> {
    let mut notes = Vec::new();
    for found in subject.outlines.iter().flat_map(|outline| &outline.injected) {
        let builds = places.builds.contains(&found.job);
        let note = match found.chooser {
            Chooser::Outsider => {
                let place = if builds { "a script that builds a release" } else { "a script" };
                let message = format!(
                    "`{}` is pasted into {place} before the shell reads it: whoever chooses its text runs commands in this job",
                    found.value
                );
                Note::warning("script-injection", &found.location, message)
            }
            Chooser::Writer if builds => {
                let message = format!(
                    "`{}` is pasted into a script that builds a release: whoever starts the run can change the build without a commit",
                    found.value
                );
                Note::info("script-injection", &found.location, message)
            }
            Chooser::Writer => continue,
        };
        notes.push(note);
    }
    notes
}
