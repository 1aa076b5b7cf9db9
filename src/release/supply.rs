//! Which other repositories' checkouts could show the provenance that nothing here shows.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::{Linked, Path, opaque};
use crate::model::{Access, Job, StepBody};
use crate::syntax::pattern;

/// Names that speak of provenance or publishing.
const WORDS: &str = r"(attest|provenance|slsa|sign|publish|release)";

/// What the jobs of one flow name, read once for all targets in it.
#[derive(Default)]
pub(super) struct Read {
    /// By the place of the job.
    jobs: BTreeMap<usize, Vec<String>>,
    /// Jobs that may sign, whatever they build.
    signing: Option<BTreeSet<String>>,
    /// Jobs that publish the same, and what all of them name.
    publishing: Option<(Rc<BTreeSet<usize>>, BTreeSet<String>)>,
}

impl Read {
    fn all(&mut self, jobs: &[Arc<Job>], wanted: impl Iterator<Item = usize>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for at in wanted {
            if let Some(job) = jobs.get(at) {
                found.extend(self.jobs.entry(at).or_insert_with(|| named(job)).iter().cloned());
            }
        }
        found
    }
}

/// `owner/name` of every repository that a job of the flow refers to, that nothing describes, and that may make
/// provenance for the target.
pub(super) fn of(path: &Path<'_, '_>, target: &Linked<'_>, read: &mut Read) -> BTreeSet<String> {
    if target.provenance.is_some() {
        return BTreeSet::new();
    }
    let jobs = &path.flow.jobs;
    let mut found = read.all(jobs, target.builds.iter().copied());
    if !read.publishing.as_ref().is_some_and(|(of, _)| Rc::ptr_eq(of, &target.publishers)) {
        let named = read.all(jobs, target.publishers.iter().copied());
        read.publishing = Some((Rc::clone(&target.publishers), named));
    }
    if read.signing.is_none() {
        let signing = jobs.iter().enumerate().filter(|(_, job)| signs(job)).map(|(at, _)| at);
        read.signing = Some(read.all(jobs, signing));
    }
    found.extend(read.publishing.iter().flat_map(|(_, named)| named).chain(read.signing.iter().flatten()).cloned());
    // What was given has been read already, and shows what it shows.
    found.retain(|repository| path.checkout.beside(repository).is_none());
    found
}

/// The repositories that a job refers to.
fn named(job: &Job) -> Vec<String> {
    match &job.outside {
        _ if job.cond.is_never() => Vec::new(),
        Some(call) if Linked::builder_of(job).is_none() => vec![call.repository()],
        Some(_) => Vec::new(),
        None => actions(job),
    }
}

fn signs(job: &Job) -> bool {
    job.token.access("id-token") == Access::Write
}

fn actions(job: &Job) -> Vec<String> {
    let mut found = Vec::new();
    for step in job.steps.iter().filter(|s| !s.cond.is_never()) {
        let StepBody::Action(action) = &step.body else { continue };
        let mut parts = action.name.splitn(3, '/');
        let (Some(owner), Some(name)) = (parts.next(), parts.next()) else { continue };
        let speaks = pattern::search(WORDS, action.name.trim_start_matches(owner));
        if speaks && !opaque::is_known(step, action) {
            found.push(format!("{owner}/{name}"));
        }
    }
    found
}
