//! What is good already: egress under control, somebody watching, a list of contents made in the build.

use super::{Places, Subject};
use crate::model::Note;

/// Safeguards in the jobs of a release.
pub(super) fn safeguards(subject: &Subject<'_>, _: &Places) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for target in subject.targets {
        for (at, traits) in target.traits.iter().enumerate().filter(|(_, traits)| !traits.safeguards.is_empty()) {
            if !target.builds.contains(&at) && !target.publishers.contains(&at) {
                continue;
            }
            let Some(job) = target.flow.jobs.get(at) else { continue };
            let role = if target.builds.contains(&at) { "build" } else { "publish" };
            for found in &traits.safeguards {
                // A workflow that several jobs call is one place.
                if notes.iter().any(|n| n.rule == found.entry.rule && n.location.as_ref() == Some(&found.location)) {
                    continue;
                }
                let message = format!("a step of the {role} job {} {}", job.key, found.entry.what);
                notes.push(Note::info(found.entry.rule.clone(), &found.location, message));
            }
        }
    }
    notes
}
