//! The trust boundary of one target as a picture, before anybody draws it: who takes part on which side, what crosses,
//! and where the cap lies. Every requirement has its place in the picture.

use super::TargetReport;
use crate::model::{Requirement, State};

/// Where something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Whoever may change the repository decides here.
    Repository,
    /// On the build platform, within reach of the steps that build.
    Build,
    /// On the build platform, out of reach of the steps that build.
    Control,
    /// Where consumers are.
    Outside,
}

/// What a box of the picture stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The pipeline file.
    Pipeline,
    /// The jobs that make the bytes.
    Build,
    /// The job that publishes them, when it is another one.
    Publish,
    /// What makes and signs the provenance.
    Signing,
    /// Where the bytes are handed out.
    Registry,
    /// Where the provenance is handed out.
    Store,
}

impl Part {
    /// A short name, the same in every format.
    pub(super) fn id(self) -> &'static str {
        match self {
            Part::Pipeline => "pipeline",
            Part::Build => "build",
            Part::Publish => "publish",
            Part::Signing => "signing",
            Part::Registry => "registry",
            Part::Store => "store",
        }
    }
}

/// A requirement where it lies in the picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Control {
    /// Which.
    pub(super) id: Requirement,
    /// How it stands.
    pub(super) state: State,
    /// Whether it is what holds the target down.
    pub(super) cap: bool,
}

/// One box.
#[derive(Debug)]
pub(super) struct Node {
    /// What it stands for.
    pub(super) part: Part,
    /// Where it stands.
    pub(super) side: Side,
    /// What it is.
    pub(super) title: &'static str,
    /// Names and facts from the checkout, not yet sanitised.
    pub(super) facts: Vec<String>,
    /// The requirements that are about it.
    pub(super) controls: Vec<Control>,
    /// Whether there is no such thing: the box shows what is missing.
    pub(super) missing: bool,
}

/// One arrow.
#[derive(Debug)]
pub(super) struct Edge {
    /// Its start.
    pub(super) from: Part,
    /// Its end.
    pub(super) to: Part,
    /// What crosses.
    pub(super) what: &'static str,
    /// Whether it should not be: the build reaches the signing.
    pub(super) bad: bool,
}

/// The picture.
#[derive(Debug)]
pub(super) struct Picture {
    /// The boxes, from source to consumer.
    pub(super) nodes: Vec<Node>,
    /// The arrows.
    pub(super) edges: Vec<Edge>,
}

/// Names of one box that are shown before the others are counted.
const NAMES: usize = 3;

const BUILD: &[Requirement] = &[
    Requirement::HostedBuild,
    Requirement::EphemeralEnvironment,
    Requirement::IsolatedEnvironment,
    Requirement::IsolatedCache,
    Requirement::NoRemoteInfluence,
    Requirement::CompleteParameters,
    Requirement::ScopedToken,
];
const SIGNING: &[Requirement] =
    &[Requirement::ProvenanceExists, Requirement::ProvenanceAuthentic, Requirement::ProvenanceUnforgeable];
const STORE: &[Requirement] = &[Requirement::ProvenanceDistributed];

/// Draws up the picture of one target.
pub(super) fn picture(target: &TargetReport) -> Picture {
    let state = |id: Requirement| {
        target.requirements.iter().find(|requirement| requirement.id == id).map_or(State::Unshown, |r| r.state)
    };
    let exists = !state(Requirement::ProvenanceExists).is_open();
    let apart = exists && !state(Requirement::ProvenanceUnforgeable).is_open();
    let publishes_itself = target.build_jobs.contains(&target.publish_job) || target.publish_job.is_empty();

    let mut nodes = vec![
        node(target, Part::Pipeline, Side::Repository, "pipeline", &[]),
        node(
            target,
            Part::Build,
            Side::Build,
            match (publishes_itself, target.build_jobs.len() > 1) {
                (true, false) => "build job, publishes too",
                (true, true) => "build jobs, one publishes",
                (false, false) => "build job",
                (false, true) => "build jobs",
            },
            BUILD,
        ),
    ];
    if !publishes_itself {
        nodes.push(node(target, Part::Publish, Side::Build, "publish job", &[]));
    }
    let signing = match (exists, apart) {
        (false, _) => "no provenance",
        (true, true) => "provenance, signed out of reach",
        (true, false) => "provenance, within the build's reach",
    };
    let side = if apart { Side::Control } else { Side::Build };
    nodes.push(Node { missing: !exists, ..node(target, Part::Signing, side, signing, SIGNING) });
    nodes.push(node(target, Part::Registry, Side::Outside, "consumers get the bytes", &[]));
    let distributed = exists && !state(Requirement::ProvenanceDistributed).is_open();
    let store = if distributed { "consumers get the provenance" } else { "no provenance for consumers" };
    nodes.push(Node { missing: !distributed, ..node(target, Part::Store, Side::Outside, store, STORE) });

    let edge = |from, to, what, bad| Edge { from, to, what, bad };
    let publisher = if publishes_itself { Part::Build } else { Part::Publish };
    let mut edges = vec![edge(Part::Pipeline, Part::Build, "defines the jobs", false)];
    if !publishes_itself {
        edges.push(edge(Part::Build, Part::Publish, "bytes", false));
    }
    if exists {
        let crossing = if apart { "digests only" } else { "digests and identity" };
        edges.push(edge(Part::Build, Part::Signing, crossing, !apart));
    }
    edges.push(edge(publisher, Part::Registry, "bytes", false));
    if distributed {
        edges.push(edge(Part::Signing, Part::Store, "signed statement", false));
    }
    Picture { nodes, edges }
}

fn node(target: &TargetReport, part: Part, side: Side, title: &'static str, requirements: &[Requirement]) -> Node {
    let cap = target.cap.as_ref().map(|cap| cap.requirement);
    let controls = target.requirements.iter().filter(|requirement| requirements.contains(&requirement.id));
    let controls = controls.map(|r| Control { id: r.id, state: r.state, cap: cap == Some(r.id) }).collect();
    Node { part, side, title, facts: facts(target, part), controls, missing: false }
}

fn facts(target: &TargetReport, part: Part) -> Vec<String> {
    let boundary = &target.boundary;
    let mut facts = Vec::new();
    match part {
        Part::Pipeline => {
            facts.push(target.pipeline.clone());
            if !target.event.is_empty() {
                facts.push(format!("on {}", target.event));
            }
        }
        Part::Build => {
            facts.extend(listed(&target.build_jobs));
            facts.extend(machines(target, &target.build_jobs));
        }
        Part::Publish => {
            let job = std::slice::from_ref(&target.publish_job);
            facts.extend(listed(job));
            facts.extend(machines(target, job));
        }
        Part::Signing => {
            if let Some(job) = &target.provenance_job {
                facts.push(format!("in job {job}"));
                facts.extend(machines(target, std::slice::from_ref(job)));
            }
            facts.extend(boundary.producer.as_ref().map(|producer| format!("made by {producer}")));
            facts.extend(boundary.signer.as_ref().map(|signer| format!("signed with {signer}")));
        }
        Part::Registry => {
            facts.push(target.id.clone());
            facts.extend(listed(&target.locations));
        }
        Part::Store => facts.extend(boundary.store.clone()),
    }
    facts
}

/// Names, the first few.
fn listed(names: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = names.iter().filter(|name| !name.is_empty()).take(NAMES).cloned().collect();
    if names.len() > NAMES {
        shown.push(format!("and {} more", names.len() - NAMES));
    }
    shown
}

/// The machines of jobs, and who defines them.
fn machines(target: &TargetReport, jobs: &[String]) -> Vec<String> {
    let known = target.boundary.jobs.iter().filter(|job| jobs.contains(&job.key));
    let mut facts: Vec<String> = Vec::new();
    for job in known {
        let runner = job.runner.as_ref().map(|runner| format!("on {runner}"));
        let defined = job.defined_in.as_ref().map(|workflow| format!("defined in {workflow}"));
        for fact in runner.into_iter().chain(defined) {
            if !facts.contains(&fact) {
                facts.push(fact);
            }
        }
    }
    facts.truncate(NAMES);
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn every_requirement_has_one_place_and_the_cap_is_marked_once() {
        for (name, report) in samples::all() {
            for target in &report.targets {
                let picture = picture(target);
                let mut controls: Vec<_> = picture.nodes.iter().flat_map(|node| &node.controls).collect();
                controls.sort_by_key(|control| control.id);
                let ids: Vec<_> = controls.iter().map(|control| control.id).collect();
                assert_eq!(ids, Requirement::ALL, "{name}");
                let caps = controls.iter().filter(|control| control.cap).count();
                assert_eq!(caps, usize::from(target.cap.is_some()), "{name}");
                for edge in &picture.edges {
                    for part in [edge.from, edge.to] {
                        assert!(picture.nodes.iter().any(|node| node.part == part), "{name}");
                    }
                }
            }
        }
    }

    #[test]
    fn signing_stands_where_the_verdict_puts_it() {
        let side = |target: &TargetReport| {
            picture(target).nodes.iter().find(|node| node.part == Part::Signing).map(|node| (node.side, node.missing))
        };
        assert_eq!(side(&samples::hardened().targets[0]), Some((Side::Control, false)));
        assert_eq!(side(&samples::seed().targets[0]), Some((Side::Build, false)));
        assert_eq!(side(&samples::hostile().targets[0]), Some((Side::Build, true)));
    }
}
