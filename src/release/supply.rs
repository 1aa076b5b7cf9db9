//! Which other repositories' checkouts could show the provenance that nothing here shows.

use std::collections::BTreeSet;

use super::{Linked, Path, opaque};
use crate::model::{Access, Job, StepBody};
use crate::syntax::words;

/// Parts of names that speak of provenance or publishing.
const PROVENANCE: &str = "attest provenance slsa sign publish release";

/// `owner/name` of every repository that a job of the flow refers to, that nothing describes, and that may make
/// provenance for the target.
pub(super) fn of(path: &Path<'_, '_>, target: &Linked<'_>) -> BTreeSet<String> {
    if target.provenance.is_some() {
        return BTreeSet::new();
    }
    let mut found = BTreeSet::new();
    for (at, job) in path.flow.jobs.iter().enumerate().filter(|(_, job)| !job.cond.is_never()) {
        let own = target.builds.contains(&at) || target.publishers.contains(&at);
        match &job.outside {
            Some(call) if Linked::builder_of(job).is_none() && (own || signs(job)) => {
                found.insert(call.repository());
            }
            Some(_) => {}
            None if own || signs(job) => {
                found.extend(path.facts.get(at).into_iter().flat_map(|f| f.suppliers(job)).cloned());
            }
            None => {}
        }
    }
    // What was given has been read already, and shows what it shows.
    found.retain(|repository| path.checkout.beside(repository).is_none());
    found
}

fn signs(job: &Job) -> bool {
    job.token.access("id-token") == Access::Write
}

/// The repositories of a job's actions that nothing describes and that may make provenance.
pub(super) fn of_job(job: &Job) -> Vec<String> {
    let mut found = Vec::new();
    for step in job.steps.iter().filter(|s| !s.cond.is_never()) {
        let StepBody::Action(action) = &step.body else { continue };
        let mut parts = action.name.splitn(3, '/');
        let (Some(owner), Some(name)) = (parts.next(), parts.next()) else { continue };
        let speaks = words::holds(action.name.trim_start_matches(owner), PROVENANCE);
        if speaks && !opaque::is_known(step, action) {
            found.push(format!("{owner}/{name}"));
        }
    }
    found
}
