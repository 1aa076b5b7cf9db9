//! Which other repositories' checkouts could show the provenance that nothing here shows.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Linked, Path, opaque, speech};
use crate::model::{Access, Job, StepBody};

/// What jobs of one flow name that many targets share.
#[derive(Default)]
pub(super) struct Read {
    /// Jobs that may sign, whatever they build.
    signing: Option<BTreeSet<String>>,
    /// Jobs that publish the same, and what all of them name.
    publishing: Option<(Rc<BTreeSet<usize>>, BTreeSet<String>)>,
}

/// `owner/name` of every repository that a job of the flow refers to, that nothing describes, and that may make
/// provenance for the target.
pub(super) fn of(path: &Path<'_, '_>, target: &Linked<'_>, read: &mut Read) -> BTreeSet<String> {
    if target.provenance.is_some() {
        return BTreeSet::new();
    }
    let mut found = named(path, target.builds.iter().copied());
    if !read.publishing.as_ref().is_some_and(|(of, _)| Rc::ptr_eq(of, &target.publishers)) {
        let all = named(path, target.publishers.iter().copied());
        read.publishing = Some((Rc::clone(&target.publishers), all));
    }
    if read.signing.is_none() {
        let signing = path.flow.jobs.iter().enumerate().filter(|(_, job)| signs(job)).map(|(at, _)| at);
        read.signing = Some(named(path, signing));
    }
    found.extend(read.publishing.iter().flat_map(|(_, named)| named).chain(read.signing.iter().flatten()).cloned());
    // What was given has been read already, and shows what it shows.
    found.retain(|repository| path.checkout.beside(repository).is_none());
    found
}

/// The repositories that some jobs refer to.
fn named(path: &Path<'_, '_>, jobs: impl Iterator<Item = usize>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for at in jobs {
        let (Some(job), Some(own)) = (path.flow.jobs.get(at), path.facts.get(at)) else { continue };
        match &job.outside {
            _ if job.cond.is_never() => {}
            Some(call) if Linked::builder_of(job).is_none() => drop(found.insert(call.repository())),
            Some(_) => {}
            None => found.extend(own.suppliers(job).iter().cloned()),
        }
    }
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
        let speaks = speech::of_provenance(action.name.trim_start_matches(owner));
        if speaks && !opaque::is_known(step, action) {
            found.push(format!("{owner}/{name}"));
        }
    }
    found
}
