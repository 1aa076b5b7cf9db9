//! Which jobs are build jobs: those that make the published bytes, and all upstream whose outputs or artifacts feed them.

use std::collections::{BTreeMap, BTreeSet};

use super::bytes::{
    Origin, artifact_feeders, below, fetched_by, legs, only_builder, origin, output_feeders, same_artifact,
    within_reach,
};
use super::facts::{FlowFacts, Handover, Publish, jobs_in};
use super::filenames::{ancillary, speaks_of_provenance};
use super::{engine, glob, opaque};
use crate::model::{Flow, Job, Kind, Location, Step, StepBody, Text};

/// The jobs that make the bytes of a stream, and those whose outputs or artifacts feed them.
#[derive(Debug, Default)]
pub(super) struct Builds {
    /// Indices of the build jobs in their flow, every leg.
    pub jobs: BTreeSet<usize>,
    /// Indices of the jobs that make none of the bytes, but whose outputs reach what is built.
    pub telling: BTreeSet<usize>,
    /// Bytes that come from where nothing shows how they are built.
    pub unknown: Vec<(String, Location)>,
}

impl Builds {
    /// All of them: those that make the bytes and those whose outputs feed them.
    pub(super) fn all(self) -> BTreeSet<usize> {
        self.jobs.into_iter().chain(self.telling).collect()
    }
}

/// Finds the build jobs behind some publishing steps.
pub(super) fn builds(flow: &Flow, facts: &FlowFacts<'_>, publishes: &[&Publish<'_>]) -> Builds {
    let mut found = Builds::default();
    let mut open: Vec<usize> = Vec::new();
    // The last step of each job that publishes any of it.
    let mut ends: BTreeMap<usize, usize> = BTreeMap::new();
    for publish in publishes {
        let Some(own) = facts.get(publish.job) else { continue };
        let end = ends.entry(publish.job).or_default();
        *end = publish.step.max(*end);
        let origins: Vec<Origin> =
            made(publish).into_iter().map(|f| origin(flow, facts, publish.job, publish.step, f.as_str())).collect();
        for location in origins.iter().filter_map(|o| o.brought.clone()) {
            let why = "among the published files are some from elsewhere, and nothing shows how they were built";
            found.unknown.push((why.to_owned(), location));
        }
        if let Some(location) =
            (publish.sink.kind == Kind::Image).then(|| engine::elsewhere(flow, facts, publish)).flatten()
        {
            found
                .unknown
                .push(("the image comes from elsewhere, and nothing shows how it was built".to_owned(), location));
        }
        // A part of an index that no step is shown to push comes from any job in front that builds.
        if publish.sink.index && engine::lacks_a_part(flow, facts, publish) {
            open.extend(building(flow, facts, publish.job));
        }
        if own.builds() {
            open.push(publish.job);
            continue;
        }
        let mut feeders: BTreeSet<usize> = BTreeSet::new();
        for origin in origins {
            if let Some(location) = origin.foreign {
                found.unknown.push(("the published files come from another run".to_owned(), location));
            }
            feeders.extend(origin.through.iter().filter(|at| **at != publish.job));
            for file in origin.files {
                feeders.extend(legs(flow, &file.job).filter(|at| *at != publish.job));
            }
        }
        let traced = !feeders.is_empty();
        feeders.extend(engine::pushed_before(flow, facts, publish.job, publish.step).iter());
        unseen(flow, facts, publish.job, |fetch| takes(publish, fetch), &mut feeders, &mut found.unknown);
        if !traced {
            feeders.extend(artifact_feeders(flow, facts, publish.job, Some(publish.step)));
            for fetch in own.fetches.iter().filter(|f| !f.foreign.is_never()) {
                found.unknown.push(("the published files come from another run".to_owned(), fetch.location.clone()));
            }
            // An index is made of what other steps push. What only tells a version brings no bytes: those come from a job
            // that builds.
            let parts = publish.sink.index && publishes.len() > 1;
            if feeders.is_empty() && !parts && found.unknown.is_empty() {
                feeders.extend(building(flow, facts, publish.job));
            }
            feeders.extend(output_feeders(flow, facts, publish.job));
        }
        open.extend(feeders);
    }
    close(flow, facts, open, &ends, &mut found);
    found.unknown.sort_unstable();
    found.unknown.dedup();
    found
}

/// What a step publishes of its stream: what lies beside it and nobody runs, an SBOM for one, is made by other jobs.
fn made(publish: &Publish<'_>) -> Vec<Text> {
    let mut items: Vec<Text> = publish.files.iter().flat_map(|f| f.value.items(&[','])).collect();
    let beside = |item: &Text| ancillary(item.as_str());
    if items.iter().any(beside) && !items.iter().all(beside) {
        items.retain(|item| !beside(item));
    }
    items
}

/// Whether a fetch may bring what a step publishes.
fn takes(publish: &Publish<'_>, fetch: &Handover<'_>) -> bool {
    let folder = fetch.paths.first().map(|p| glob::normal(p.as_str())).unwrap_or_else(|| "**".to_owned());
    let folder = folder.trim_end_matches("**").trim_end_matches('/');
    let mut files = publish.files.iter().flat_map(|f| f.value.items(&[','])).peekable();
    fetch.step <= publish.step
        && (files.peek().is_none() || files.any(|file| below(folder, &glob::normal(file.as_str())).is_some()))
}

/// The jobs that a job waits for and that build.
fn building(flow: &Flow, facts: &FlowFacts<'_>, job: usize) -> Vec<usize> {
    let builds = |at: &usize| facts.get(*at).is_some_and(|own| own.builds());
    facts.earlier(flow, job).iter().copied().filter(builds).collect()
}

/// Where fetches of a job take what no step that is shown stores: any job in front that builds may have made it.
fn unseen(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    job: usize,
    counts: impl Fn(&Handover<'_>) -> bool,
    feeders: &mut BTreeSet<usize>,
    unknown: &mut Vec<(String, Location)>,
) {
    let Some(own) = facts.get(job) else { return };
    for fetch in own.fetches.iter().filter(|fetch| fetch.foreign.is_never() && counts(fetch)) {
        let stored = || within_reach(flow, facts, job, fetch).iter().any(|(_, store)| fetched_by(fetch, store));
        let called = || fetch.name.iter().flat_map(jobs_in).next().is_some();
        let known = called() || only_builder(flow, facts, job, fetch).is_some() || stored();
        let name = fetch.name.as_ref().map(Text::as_str);
        if known {
            // Of what is not asked for by its name, some may be stored by what nothing shows.
            if name.is_none_or(|name| name.contains('*')) {
                let earlier = facts.earlier(flow, job);
                feeders.extend(earlier.iter().filter(|at| may_store(flow, facts, **at, name)));
            }
            continue;
        }
        if name.is_some_and(|name| ancillary(name) || speaks_of_provenance(name)) {
            continue;
        }
        let calls = |at: &usize| flow.jobs.get(*at).is_some_and(|j| j.outside.is_some() && !j.cond.is_never());
        let mut makers = building(flow, facts, job);
        makers.extend(facts.earlier(flow, job).iter().filter(|at| calls(at)));
        if makers.is_empty() {
            let what = name.map_or_else(|| "the artifacts are".to_owned(), |name| format!("the artifact `{name}` is"));
            unknown.push((format!("{what} stored by no step that is shown"), fetch.location.clone()));
        }
        feeders.extend(makers);
    }
}

/// Whether a job that stores nothing that is shown may store artifacts: by an action that nothing describes, under a name
/// that fits a pattern where one is given, or in a called workflow that nothing shows.
fn may_store(flow: &Flow, facts: &FlowFacts<'_>, job: usize, pattern: Option<&str>) -> bool {
    let (Some(own), Some(job)) = (facts.get(job), flow.jobs.get(job)) else { return false };
    if job.outside.is_some() {
        return pattern.is_none() && !job.cond.is_never() && super::Linked::builder_of(job).is_none();
    }
    let stores = |step: &Step| match &step.body {
        StepBody::Action(action) if !step.cond.is_never() && !opaque::is_known(step, action) => {
            pattern.is_none_or(|p| action.inputs.iter().any(|input| same_artifact(p, input.value.as_str())))
        }
        _ => false,
    };
    own.builds() && own.stores.is_empty() && job.steps.iter().any(|step| stores(step))
}

/// Adds the build jobs among `open` and everything upstream of them, as far as it reaches what their last steps publish,
/// build or store.
fn close(flow: &Flow, facts: &FlowFacts<'_>, open: Vec<usize>, ends: &BTreeMap<usize, usize>, found: &mut Builds) {
    // Each with whether its outputs reach what is built.
    let mut open: Vec<(usize, bool)> = open.into_iter().map(|at| (at, false)).collect();
    let mut seen: BTreeSet<(usize, bool)> = BTreeSet::new();
    let mut keys: BTreeSet<(&str, bool)> = BTreeSet::new();
    let mut supplies: BTreeSet<usize> = BTreeSet::new();
    while let Some((at, tells)) = open.pop() {
        let (Some(own), Some(job)) = (facts.get(at), flow.jobs.get(at)) else { continue };
        // A generator makes provenance, no bytes.
        if !seen.insert((at, tells)) || super::Linked::builder_of(job).is_some_and(|b| b.generator) {
            continue;
        }
        // All legs of a job may write the same outputs and artifacts.
        if keys.insert((&job.key, tells)) {
            open.extend(legs(flow, &job.key).map(|leg| (leg, tells)));
        }
        let last = [ends.get(&at).copied(), own.working.last().copied(), own.stores.iter().map(|s| s.step).max()];
        let last = last.into_iter().flatten().max();
        let counts = |fetch: &Handover<'_>| last.is_none_or(|last| fetch.step <= last);
        let mut feeders: BTreeSet<usize> = artifact_feeders(flow, facts, at, last).into_iter().collect();
        let builds = job.outside.is_some() || own.builds();
        if builds {
            found.jobs.insert(at);
            // What a build takes from another job is built from what that job brings, be it restored or fetched.
            let brings = |at: &&usize| facts.get(**at).is_some_and(|f| f.fetches.is_empty() && !f.stores.is_empty());
            supplies.extend(feeders.iter().filter(brings));
            feeders.extend(engine::pushed_before(flow, facts, at, last.unwrap_or(usize::MAX)).iter());
        } else if tells {
            found.telling.insert(at);
        }
        unseen(flow, facts, at, counts, &mut feeders, &mut found.unknown);
        open.extend(feeders.into_iter().map(|at| (at, false)));
        for fetch in own.fetches.iter().filter(|f| !f.foreign.is_never() && counts(f)) {
            let why = format!("the job {} takes files from another run", job.title());
            found.unknown.push((why, fetch.location.clone()));
        }
        let read = if tells && !builds { own.reads(job) } else { own.feeds(job) };
        for key in read {
            let tells = (tells || builds) && !passes_on(flow, key);
            if !keys.contains(&(key.as_str(), tells)) {
                open.extend(legs(flow, key).map(|leg| (leg, tells)));
            }
        }
    }
    found.telling.retain(|at| !found.jobs.contains(at) && !supplies.contains(at));
    found.jobs.extend(supplies);
}

/// Whether a job hands on nothing but what its event, its parameters and its own text say: those are parameters, and
/// what it runs on decides nothing about them.
fn passes_on(flow: &Flow, key: &str) -> bool {
    const GIVEN: &[&str] = &["github.", "inputs.", "vars.", "matrix.", "strategy."];
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let given = |symbol: &str| {
        let mut parts = symbol.split(|c| !part(c)).filter(|p| !p.is_empty());
        parts.all(|p| p != "shell" && (!p.contains('.') || GIVEN.iter().any(|given| p.starts_with(given))))
    };
    let written = |job: &Job, id: &str, name: &str| {
        let mut steps = job.steps.iter().filter(|step| step.id.as_deref() == Some(id)).peekable();
        steps.peek().is_some()
            && steps.all(|step| {
                let writes = step.script().map(|script| script.outputs.iter().filter(|write| write.name == name));
                let mut writes = writes.into_iter().flatten().peekable();
                writes.peek().is_some() && writes.all(|write| write.value.symbols().all(given))
            })
    };
    let handed = |job: &Job, symbol: &str| {
        let own = symbol.strip_prefix("jobs.").and_then(|s| s.strip_prefix(job.key.as_str()));
        match own.and_then(|s| s.strip_prefix(".steps.")).and_then(|s| s.split_once(".outputs.")) {
            Some((id, name)) => written(job, id, name),
            None => given(symbol),
        }
    };
    let mut jobs = legs(flow, key).filter_map(|at| flow.job(at)).peekable();
    jobs.peek().is_some()
        && jobs.all(|job| job.outside.is_none() && job.outputs.iter().all(|(_, v)| v.symbols().all(|s| handed(job, s))))
}

/// The build jobs whose outputs reach the inputs of a call.
pub(super) fn feeding(flow: &Flow, facts: &FlowFacts<'_>, call: usize) -> BTreeSet<usize> {
    let mut found = Builds::default();
    close(flow, facts, output_feeders(flow, facts, call), &BTreeMap::new(), &mut found);
    found.all()
}

/// A job and everything upstream of it, as far as they build.
pub(super) fn upstream(flow: &Flow, facts: &FlowFacts<'_>, job: usize) -> BTreeSet<usize> {
    let mut found = Builds::default();
    close(flow, facts, vec![job], &BTreeMap::new(), &mut found);
    found.all()
}
