//! What a pipeline fetches by a name that its owner can move, and to whom it hands its secrets.

use super::{Places, Subject};
use crate::catalogue::Catalogue;
use crate::model::{Note, Severity};

/// Owners that run the platform itself: who can move their tags runs the builds anyway.
const PLATFORM: &[&str] = &["actions/", "github/"];

/// Actions and workflows that are not named by a commit. Builders that run at a full release tag only are left out:
/// a commit in its place would stop them.
pub(super) fn unpinned_action(subject: &Subject<'_>, places: &Places) -> Vec<Note> {
    let mut notes = Vec::new();
    for used in subject.outlines.iter().flat_map(|outline| &outline.used) {
        let reference = &used.reference;
        if reference.is_hash() || tag_only(&used.name) {
            continue;
        }
        let named = match reference.raw.as_str() {
            "" => "without a ref".to_owned(),
            raw => format!("by `{raw}`"),
        };
        let own = PLATFORM.iter().any(|owner| used.name.starts_with(owner));
        let in_release = places.steps.contains(&reference.location);
        let why = match (own, in_release) {
            (true, _) => "the platform's own action; a commit hash still keeps a release from changing by itself",
            (false, true) => "whoever moves that name runs code where a release is built or published",
            (false, false) => "whoever moves that name runs code in this job",
        };
        let message = format!("`{}` is named {named}, not by a commit: {why}", used.name);
        notes.push(Note {
            severity: if in_release && !own { Severity::Warning } else { Severity::Info },
            ..Note::info("unpinned-action", &reference.location, message)
        });
    }
    notes
}

/// Whether the repository holds builders that only run at a full tag.
fn tag_only(name: &str) -> bool {
    let repository = |path: &str| path.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    let own = repository(name);
    let builders = Catalogue::get().builders.iter().filter(|builder| builder.full_tag_only);
    builders.flat_map(|builder| &builder.workflows).any(|workflow| repository(workflow) == own)
}

/// Images of jobs, services and steps that are not named by digest.
pub(super) fn unpinned_image(subject: &Subject<'_>, _: &Places) -> Vec<Note> {
    let images = subject.outlines.iter().flat_map(|outline| &outline.images);
    images
        // What an expression names may well be pinned where its value is written.
        .filter(|used| !used.image.contains("@sha256:") && !used.image.contains("${{"))
        .map(|used| {
            let message = format!(
                "{} runs in `{}`, which is not pinned by digest: whoever moves the tag changes what runs",
                used.what, used.image
            );
            Note::info("unpinned-image", &used.location, message)
        })
        .collect()
}

/// Calls that hand over every secret.
pub(super) fn inherited_secrets(subject: &Subject<'_>, _: &Places) -> Vec<Note> {
    let calls = subject.outlines.iter().flat_map(|outline| &outline.inherited);
    calls
        .map(|call| {
            let whose = if call.local { "a workflow of this repository" } else { "a workflow of another repository" };
            let message = format!(
                "every secret goes to `{}`, {whose}, whether it needs it or not: name those that it needs",
                call.callee
            );
            let severity = if call.local { Severity::Info } else { Severity::Warning };
            Note { severity, ..Note::info("inherited-secrets", &call.location, message) }
        })
        .collect()
}
