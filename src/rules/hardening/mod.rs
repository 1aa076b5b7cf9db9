//! What could be hardened, and what is already: orthogonal to the level. One function for each rule; each has a card
//! in `rules/hardening/`.

mod credentials;
mod references;
mod reviews;
mod safeguards;
mod untrusted;

use std::collections::BTreeSet;

use crate::model::{Location, Note, Outline, Pipeline, Review};
use crate::release::Linked;

/// What the rules look at.
pub struct Subject<'a> {
    /// Pipeline files and actions as written.
    pub outlines: &'a [Outline],
    /// The pipelines as they run.
    pub pipelines: &'a [Pipeline],
    /// The release targets.
    pub targets: &'a [Linked<'a>],
    /// What files say about reviews.
    pub review: &'a Review,
}

/// The notes on a checkout, each once, sorted.
pub fn notes(subject: &Subject<'_>) -> Vec<Note> {
    let places = Places::of(subject.targets);
    let mut notes = Vec::new();
    for rule in [
        references::unpinned_action,
        references::unpinned_image,
        references::inherited_secrets,
        untrusted::untrusted_checkout,
        untrusted::script_injection,
        credentials::persisted_credentials,
        credentials::stored_identities,
        safeguards::safeguards,
        reviews::unreviewed_pipelines,
        reviews::pipeline_review,
    ] {
        notes.extend(rule(subject, &places));
    }
    notes.sort();
    notes.dedup();
    notes
}

/// Where releases are built and published: what weakens these places weighs more.
struct Places {
    /// Definitions of jobs that build or publish.
    jobs: BTreeSet<Location>,
    /// Definitions of jobs that build.
    builds: BTreeSet<Location>,
    /// Steps and calls of the jobs that build or publish.
    steps: BTreeSet<Location>,
}

impl Places {
    fn of(targets: &[Linked<'_>]) -> Self {
        let mut places = Self { jobs: BTreeSet::new(), builds: BTreeSet::new(), steps: BTreeSet::new() };
        for target in targets {
            for (at, job) in target.flow.jobs.iter().enumerate() {
                let builds = target.builds.contains(&at);
                if !builds && !target.publishers.contains(&at) {
                    continue;
                }
                places.jobs.insert(job.location.clone());
                if builds {
                    places.builds.insert(job.location.clone());
                }
                places.steps.extend(job.steps.iter().map(|step| step.location.clone()));
                places.steps.extend(job.outside.iter().map(|call| call.reference.location.clone()));
            }
        }
        places
    }
}
