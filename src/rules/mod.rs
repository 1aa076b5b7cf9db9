//! JUDGE: plain functions from a linked target to verdicts with evidence. No rule reads a file.

mod declared;
mod ephemerality;
pub mod hardening;
mod notes;
mod parameters;
mod parties;
mod pools;
mod provenance;
mod settings;
mod token;

use std::cell::RefCell;
use std::collections::HashMap;

use crate::checkout::Checkout;
use crate::model::{Evidence, LabelSet, RunnerPool, Target, UNKNOWN_BUILD, Verdict};
use crate::release::Linked;

pub use declared::declared;
pub use pools::reached;

/// What a rule may look at besides the target.
pub struct Scene<'a> {
    /// The checkout, for asking whether a file exists.
    checkout: &'a Checkout,
    /// Runner pools that the checkout defines.
    pools: &'a [RunnerPool],
    /// Those of them that answer to the labels that were asked about.
    answering: RefCell<HashMap<LabelSet, Vec<&'a RunnerPool>>>,
}

impl<'a> Scene<'a> {
    /// A checkout with the runner pools that it defines.
    pub fn new(checkout: &'a Checkout, pools: &'a [RunnerPool]) -> Self {
        Self { checkout, pools, answering: RefCell::default() }
    }
}

/// What would show a build of which nothing is shown.
const TO_SHOW_BUILD: &str = "the build in the same pipeline as the release";

/// That some of the bytes come from where nothing shows how they are built.
fn unknown_build(target: &Linked<'_>) -> Option<Evidence> {
    let (why, location) = target.unknown_builds.first()?;
    Some(Evidence::observed(location, UNKNOWN_BUILD, why.clone()))
}

/// What was asked of the jobs, which targets share.
#[derive(Default)]
struct Read<'p> {
    parameters: parameters::Read<'p>,
    credentials: token::Read,
}

/// The verdicts on all eleven requirements, in cap order.
fn judge<'p>(scene: &Scene<'_>, target: &Linked<'p>, read: &mut Read<'p>) -> Vec<Verdict> {
    let mut verdicts = provenance::judge(target, &read.parameters.reaching(target));
    verdicts.extend(ephemerality::judge(scene, target));
    verdicts.push(token::judge(target, &mut read.credentials));
    verdicts.sort_by_key(Verdict::requirement);
    verdicts
}

/// The judged targets: their verdicts, and what the report says about how they were found.
pub fn targets(scene: &Scene<'_>, linked: &[Linked<'_>]) -> Vec<Target> {
    let mut read = Read::default();
    linked.iter().map(|linked| target(scene, linked, &mut read)).collect()
}

fn target<'p>(scene: &Scene<'_>, linked: &Linked<'p>, read: &mut Read<'p>) -> Target {
    let key = |at: usize| linked.flow.jobs.get(at).map(|j| j.key.clone());
    let mut build_jobs: Vec<String> = Vec::new();
    for (_, job) in linked.build_jobs() {
        if !build_jobs.contains(&job.key) {
            build_jobs.push(job.key.clone());
        }
    }
    let verdicts = judge(scene, linked, read);
    Target {
        kind: linked.kind,
        name: linked.name.clone(),
        locations: linked.places.clone(),
        pipeline: linked.pipeline.path.to_string(),
        platform: linked.pipeline.platform,
        event: linked.flow.event.to_string(),
        build_jobs,
        publish_job: key(linked.publish.job).unwrap_or_default(),
        provenance_job: linked.provenance.as_ref().and_then(|p| key(p.job)),
        location: linked.publish.location.clone(),
        publisher: linked.publish.rule.clone(),
        build_scopes: token::written(linked),
        verdicts,
        chain: linked.chain.clone(),
        boundary: parties::of(scene, linked),
        notes: notes::of(scene, linked),
    }
}
