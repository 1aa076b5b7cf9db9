//! The run whose end starts another one (`on: workflow_run`): its jobs, where its workflow is in the checkout.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::scope::Run;
use super::shared::Earlier;
use super::source::Source;
use super::workflow::{self, Frame};
use super::{Lowering, events, is_workflow};
use crate::model::Job;
use crate::syntax::yaml::Node;

/// Runs that are looked at for one workflow: more make it as if none were shown.
const MOST_RUNS: usize = 12;
/// How a workflow names the run that started it.
const RUN: &str = "workflow_run.id";

/// The jobs of every run that can start a workflow, a list for each event that starts such a run. Nothing where a workflow
/// that it waits for is not in the checkout, or where it takes nothing from that run.
pub(super) fn runs(lowering: &Lowering<'_>, source: &Source, on: Node<'_>) -> Vec<Vec<Arc<Job>>> {
    let named = on.get("workflow_run").and_then(|event| event.get("workflows"));
    let Some(named) = named.filter(|_| source.text.contains(RUN) && source.repository.is_none()) else {
        return Vec::new();
    };
    let known = named_workflows(lowering);
    let names: Vec<&str> = named.as_str().into_iter().chain(named.items().filter_map(|item| item.as_str())).collect();
    let mut runs: Vec<Vec<Arc<Job>>> = Vec::new();
    for name in names {
        let Some(started) = known.get(name) else { return Vec::new() };
        let Some(triggers) = started.root().and_then(|root| root.get("on").or_else(|| root.get("true"))) else {
            return Vec::new();
        };
        let earlier = Earlier::default();
        for event in events::triggers(triggers).events {
            if runs.len() >= MOST_RUNS {
                return Vec::new();
            }
            let run = Run::new(&event, lowering.sources.checkout().slug());
            // No job of the waiting workflow is called like a file.
            let prefix = format!("{}/", started.path.rsplit('/').next().unwrap_or(&started.path));
            let frame = Frame { prefix, earlier: Some(&earlier), ..Frame::started(started, &run, event.kind) };
            let of_run = |job: Arc<Job>| Arc::new(Job { other_run: true, ..Arc::unwrap_or_clone(job) });
            runs.push(workflow::lower(lowering, &frame).jobs.into_iter().map(of_run).collect());
        }
    }
    runs
}

/// The names of the events that can start the run whose end starts a workflow, proposed changes left out: what those lead
/// to are previews. `None` where one of the workflows that it waits for is not in the checkout, or does not tell.
pub(super) fn started_by(lowering: &Lowering<'_>, on: Node<'_>) -> Option<Vec<String>> {
    let named = on.get("workflow_run")?.get("workflows")?;
    let known = named_workflows(lowering);
    let mut events: Vec<String> = Vec::new();
    for name in named.as_str().into_iter().chain(named.items().filter_map(|item| item.as_str())) {
        let root = known.get(name)?.root()?;
        let triggers = events::triggers(root.get("on").or_else(|| root.get("true"))?);
        if triggers.callable && triggers.events.is_empty() {
            return None;
        }
        events.extend(triggers.events.into_iter().map(|event| event.name));
    }
    events.sort_unstable();
    events.dedup();
    Some(events)
}

/// The workflows of the checkout by what they are called: their name, or their path without one.
pub(super) type Named = BTreeMap<String, Rc<Source>>;

fn named_workflows<'l>(lowering: &'l Lowering<'_>) -> &'l Named {
    lowering.named.get_or_init(|| {
        let paths = lowering.sources.checkout().under(".github/workflows").filter(|path| is_workflow(path));
        let sources = paths.filter_map(|path| lowering.sources.load(path).ok());
        let called = |source: &Source| {
            let name = source.root().and_then(|root| root.get("name")?.as_str().map(str::to_owned));
            name.unwrap_or_else(|| source.path.to_string())
        };
        sources.map(|source| (called(&source), source)).collect()
    })
}

/// The jobs of a run with those of the run before it, for which they wait.
pub(super) fn behind(before: Vec<Arc<Job>>, jobs: &[Arc<Job>]) -> Vec<Arc<Job>> {
    let mut keys: Vec<String> = before.iter().map(|job| job.key.clone()).collect();
    keys.dedup();
    let waiting = jobs.iter().map(|job| {
        let mut job = Job::clone(job);
        job.needs.extend(keys.iter().cloned());
        Arc::new(job)
    });
    before.into_iter().chain(waiting).collect()
}
