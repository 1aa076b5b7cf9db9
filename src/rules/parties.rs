//! Who builds, signs and stores for a target, in words for people: the picture of the trust boundary.

use std::collections::BTreeSet;

use super::{Scene, pools};
use crate::catalogue::Signer;
use crate::model::{Boundary, BoundaryJob, Definition, Job, Location, RunnerChoice, StepBody};
use crate::release::{Linked, Provenance, Reach};

/// The parties of a target.
pub(super) fn of(scene: &Scene<'_>, target: &Linked<'_>) -> Boundary {
    let signing = target.provenance.as_ref().map(|p| p.job);
    let indices: BTreeSet<usize> = target.builds.iter().copied().chain([target.publish.job]).chain(signing).collect();
    let mut jobs: Vec<BoundaryJob> = Vec::new();
    for job in indices.iter().filter_map(|at| target.flow.jobs.get(*at)) {
        let new = BoundaryJob { key: job.key.clone(), runner: machine(scene, job), defined_in: outside(job) };
        match jobs.iter_mut().find(|known| known.key == new.key) {
            // Legs of a matrix that run on different machines.
            Some(known) => match (&mut known.runner, new.runner) {
                (Some(all), Some(one)) if !all.split(", ").any(|known| known == one) => {
                    all.push_str(", ");
                    all.push_str(&one);
                }
                (Some(_), _) | (None, None) => {}
                (slot @ None, one) => *slot = one,
            },
            None => jobs.push(new),
        }
    }
    let provenance = target.provenance.as_ref();
    Boundary {
        jobs,
        producer: provenance.map(|p| producer(target, p)),
        signer: provenance.and_then(|p| signer(target, p)),
        store: provenance.and_then(|p| match &p.reach {
            Reach::Public(how, _) => Some(place(how)),
            Reach::Unshown(..) | Reach::Lost(..) => None,
        }),
    }
}

/// The machine that a job asks for.
fn machine(scene: &Scene<'_>, job: &Job) -> Option<String> {
    if let Some(builder) = Linked::builder_of(job) {
        return builder.hosted.then(|| "a hosted machine that the builder chooses".to_owned());
    }
    let pools = pools::reached(scene, job);
    let named: BTreeSet<String> = pools.iter().map(|p| format!("runner pool {}", p.name)).collect();
    if !named.is_empty() {
        return Some(named.into_iter().collect::<Vec<_>>().join(", "));
    }
    match &job.runner {
        RunnerChoice::Labels { sets, .. } => {
            let all: Vec<String> = sets
                .iter()
                .map(|set| set.labels.iter().map(|l| l.as_str().to_owned()).collect::<Vec<_>>().join(" + "))
                .collect();
            (!all.is_empty()).then(|| all.join(", "))
        }
        RunnerChoice::Unresolved { .. } => None,
        RunnerChoice::Hosted { reason, .. } => Some(reason.clone()),
    }
}

/// The workflow of another repository that defines a job.
fn outside(job: &Job) -> Option<String> {
    match (&job.outside, &job.definition) {
        (Some(call), _) => Some(format!("{}@{}", call.workflow, call.reference.raw)),
        (None, Definition::Outside(_)) => Some(job.location.path.to_string()),
        (None, Definition::Repository) => None,
    }
}

/// What makes the provenance, as it is written.
fn producer(target: &Linked<'_>, p: &Provenance) -> String {
    let job = target.flow.jobs.get(p.job);
    if let Some(call) = job.and_then(|j| j.outside.as_ref()) {
        return format!("{}@{}", call.workflow, call.reference.raw);
    }
    let at = |location: &Location| *location == p.location;
    let action = job.into_iter().flat_map(|j| &j.steps).find_map(|step| match &step.body {
        StepBody::Action(action) if at(&action.reference.location) => {
            let version = action.reference.version.as_ref().map(ToString::to_string);
            Some(format!("{}@{}", action.name, version.unwrap_or_else(|| action.reference.raw.clone())))
        }
        _ => None,
    });
    action.unwrap_or_else(|| p.what.clone())
}

/// Whose identity or key signs it.
fn signer(target: &Linked<'_>, p: &Provenance) -> Option<String> {
    let job = target.flow.jobs.get(p.job);
    Some(match p.signer {
        Signer::Nobody => return None,
        Signer::JobKey => "a key that the job holds as a secret".to_owned(),
        Signer::ControlPlane => "a key of the platform's control plane".to_owned(),
        Signer::JobIdentity | Signer::Builder => {
            let workflow = match job.and_then(|j| j.outside.as_ref()) {
                Some(call) => call.workflow.clone(),
                None => job.map_or_else(|| target.pipeline.path.to_string(), |j| j.location.path.to_string()),
            };
            format!("the identity of {workflow}")
        }
    })
}

/// A sentence about where the provenance lies, as a place.
fn place(how: &str) -> String {
    let bare = ["it lies in ", "it lies on ", "it lies ", "it is "].iter().find_map(|start| how.strip_prefix(start));
    bare.unwrap_or(how).to_owned()
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_sentence_becomes_a_place() {
        assert_eq!(place("it lies in the forge's attestation store"), "the forge's attestation store");
        assert_eq!(place("it lies beside the package in its registry"), "beside the package in its registry");
        assert_eq!(place("a later job adds it to the release"), "a later job adds it to the release");
    }
}
