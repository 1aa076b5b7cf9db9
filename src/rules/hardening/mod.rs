//! What could be hardened, and what is already: orthogonal to the level. One function for each rule; each has a card
//! in `rules/hardening/`.

mod credentials;
mod references;
mod reviews;
mod safeguards;
mod untrusted;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::model::{Flow, Location, Note, Outline, Pipeline, Review};
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
    notes.sort_unstable();
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

/// A run, with the jobs of all its targets.
struct Run<'f> {
    flow: &'f Flow,
    builds: BTreeSet<usize>,
    publishers: BTreeSet<usize>,
}

impl<'f> Run<'f> {
    fn of(flow: &'f Flow) -> Self {
        Self { flow, builds: BTreeSet::new(), publishers: BTreeSet::new() }
    }
}

impl Places {
    fn of(targets: &[Linked<'_>]) -> Self {
        let mut places = Self { jobs: BTreeSet::new(), builds: BTreeSet::new(), steps: BTreeSet::new() };
        // Many targets share a run and its jobs.
        let mut runs: BTreeMap<*const Flow, Run<'_>> = BTreeMap::new();
        let mut last: Option<&Linked<'_>> = None;
        for target in targets {
            let run = runs.entry(target.flow).or_insert_with(|| Run::of(target.flow));
            run.builds.extend(&target.builds);
            if !last.is_some_and(|last| Rc::ptr_eq(&last.publishers, &target.publishers)) {
                run.publishers.extend(target.publishers.iter());
            }
            last = Some(target);
        }
        for run in runs.values() {
            for (at, job) in run.flow.jobs.iter().enumerate() {
                let builds = run.builds.contains(&at);
                if !builds && !run.publishers.contains(&at) {
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
