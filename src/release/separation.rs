//! How far the steps that build are from the identity that signs.

use super::facts::{Attest, FlowFacts};
use crate::catalogue::{Catalogue, Signer};
use crate::checkout::Checkout;
use crate::model::{Access, Definition, Flow, Job, LabelSet, Location, RunnerChoice, StepBody};

/// How far the steps that build are from the signing identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Separation {
    /// The job that builds signs as well.
    BuildJob,
    /// Another job of the same workflow signs: every job of a workflow file shares one identity.
    SameWorkflow,
    /// A called workflow of the same repository signs, which the same people edit.
    SameRepository,
    /// An outside workflow builds and signs in one job; the vendor's claim, when it makes one.
    OutsideWithBuild(Option<String>),
    /// An outside workflow signs, and the repository reaches its identity all the same: how, and where.
    OutsideReached(String, Location),
    /// An outside workflow signs on a machine that nothing shows to be the platform's: why, and where.
    OutsideMachine(String, Location),
    /// A workflow of this other repository, whose checkout was given, signs in a job that runs no code of the build.
    OutsideApart(String),
    /// An outside builder that this run compiles from source, which no verifier accepts.
    CompiledBuilder,
    /// A trusted workflow of another repository signs in a job that runs no code of the build.
    TrustedBuilder,
    /// The platform's control plane signs.
    ControlPlane,
}

/// How far the build jobs `builds` are from the identity of an attesting step.
pub(super) fn of_step(
    checkout: &Checkout,
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (attest, job): (&Attest<'_>, &Job),
    builds: bool,
) -> Separation {
    if attest.signer == Signer::ControlPlane {
        return Separation::ControlPlane;
    }
    let Definition::Outside(repository) = &job.definition else {
        let called = job.chain.iter().any(|h| h.what.starts_with("calls "));
        return match (builds, called) {
            (true, _) => Separation::BuildJob,
            (false, true) => Separation::SameRepository,
            (false, false) => Separation::SameWorkflow,
        };
    };
    if builds {
        return Separation::OutsideWithBuild(None);
    }
    if let Some((what, location)) = foreign_code(checkout, facts, attest.job, job) {
        let why = format!("the job {} of the outside workflow signs, and {what} there", job.key);
        return Separation::OutsideReached(why, location);
    }
    // All jobs of one workflow file get the same identity.
    for (at, other) in flow.jobs.iter().enumerate() {
        if at == attest.job
            || other.location.path != job.location.path
            || other.token.access("id-token") != Access::Write
        {
            continue;
        }
        if let Some((what, _)) = foreign_code(checkout, facts, at, other) {
            let why = format!(
                "the job {} of the same outside workflow holds `id-token: write`, and {what} there: it can sign as well",
                other.key
            );
            return Separation::OutsideReached(why, other.token.location_of("id-token").clone());
        }
    }
    match machine(&job.runner) {
        Some((why, location)) => Separation::OutsideMachine(why, location),
        None => Separation::OutsideApart(repository.clone()),
    }
}

/// What in a job of another repository's workflow the graded repository decides about.
fn foreign_code(checkout: &Checkout, facts: &FlowFacts<'_>, at: usize, job: &Job) -> Option<(String, Location)> {
    let own = |path: &str| checkout.repository_of(path).is_none();
    for step in &job.steps {
        if let Some((symbol, location)) = step.interpolates.first() {
            return Some((
                format!("`{symbol}`, which the caller supplies, becomes a part of a script"),
                location.clone(),
            ));
        }
        let mut places = vec![&step.location];
        if let StepBody::Script(script) = &step.body {
            places.extend(script.commands.iter().map(|c| &c.location));
        }
        if let Some(place) = places.into_iter().find(|l| own(&l.path)) {
            return Some(("a file of the graded repository runs".to_owned(), place.clone()));
        }
    }
    let working = facts.get(at).and_then(|f| f.working.first()).and_then(|step| job.steps.get(*step))?;
    Some(("code of the build runs".to_owned(), working.first_place()))
}

/// Why the signing job's machine may be somebody else's than the platform's.
fn machine(runner: &RunnerChoice) -> Option<(String, Location)> {
    let labels = &Catalogue::get().labels;
    let hosted = |set: &LabelSet| {
        let known = |name: &str| labels.hosted.iter().chain(&labels.shared).any(|l| l.eq_ignore_ascii_case(name));
        set.group.is_none() && matches!(set.labels.as_slice(), [one] if known(one.as_str()))
    };
    match runner {
        RunnerChoice::Hosted { .. } => None,
        RunnerChoice::Labels { sets, .. } if !sets.is_empty() && sets.iter().all(hosted) => None,
        RunnerChoice::Labels { location, .. } => {
            Some(("the job that signs does not run on a machine of the platform".to_owned(), location.clone()))
        }
        RunnerChoice::Unresolved { reason, location, .. } => {
            Some((format!("nothing shows on which machine the signing job runs: {reason}"), location.clone()))
        }
    }
}
