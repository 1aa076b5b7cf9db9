//! Whether BuildKit builds in a container of its own, which provenance needs, or in the engine.
//!
//! Source: <https://docs.docker.com/build/builders/>

use super::doer::{Act, Doer};
use super::facts::Attest;
use crate::catalogue::{self, Broken};
use crate::commands::matching::{flag, matches, tool, tool_of_action};
use crate::model::{ActionUse, Cond, Job, Location, Step, StepBody, Text};

/// What a step does to the builders of its job.
#[derive(Debug)]
pub(super) struct Change {
    /// Index of the step.
    step: usize,
    cond: Cond,
    does: Does,
    /// Why the builder attaches nothing, and what shows it.
    outdated: Option<(String, Location)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Sets up a builder in a container and makes it the one that is asked.
    SetUp,
    /// Sets one up that is asked only where it is chosen.
    SetUpApart,
    /// Chooses a builder.
    Choose,
    /// Puts buildx in the place of `docker build`.
    Install,
}

/// The changes in a job, in order.
pub(super) fn of_job(job: &Job) -> Vec<Change> {
    let mut found = Vec::new();
    for (at, step) in job.steps.iter().enumerate() {
        match &step.body {
            StepBody::Action(action) => found.extend(of_action(at, step, action)),
            StepBody::Script(script) => {
                for command in &script.commands {
                    let doers = command.views().map(|words| Doer::command(step, command, words));
                    found.extend(doers.filter_map(|doer| of_command(at, step, doer)));
                }
            }
            StepBody::Opaque { .. } => {}
        }
    }
    found
}

fn of_action(at: usize, step: &Step, action: &ActionUse) -> Vec<Change> {
    let says = |input: &str, value: &str| action.input(input).is_some_and(|i| i.value.literal() == Some(value));
    let Some(tool) = tool_of_action(catalogue::Does::Buildkit, &action.name) else { return Vec::new() };
    let doer = Doer::action(step, action);
    let cond = step.cond.clone().and(doer.applies(&tool.when, &[]));
    let set_up = if says("use", "false") { Does::SetUpApart } else { Does::SetUp };
    let set_up = (!says("driver", "docker")).then_some(set_up);
    let all = set_up.into_iter().chain(says("install", "true").then_some(Does::Install));
    let change =
        |does: Does| Change { step: at, cond: cond.clone(), does, outdated: outdated(doer, &tool.attaches_nothing) };
    all.map(change).collect()
}

fn of_command(at: usize, step: &Step, doer: Doer<'_>) -> Option<Change> {
    let Act::Command(_, _, words) = doer.act else { return None };
    let does = if matches("docker buildx use", words).is_some() {
        Does::Choose
    } else if matches("docker buildx install", words).is_some() {
        Does::Install
    } else {
        created(words)?
    };
    let known = tool(catalogue::Does::Buildkit, words);
    let outdated = known.and_then(|(tool, _)| outdated(doer, &tool.attaches_nothing));
    Some(Change { step: at, cond: step.cond.clone(), does, outdated })
}

/// How a command sets a builder up in a container, where it does.
fn created(words: &[Text]) -> Option<Does> {
    matches("docker buildx create", words)?;
    let has = |name: &str, value: Option<&str>| {
        let mut found = flag(words, &[name.to_owned()]).into_iter();
        found.any(|f| value.is_none() || f.value().map(Text::as_str) == value)
    };
    let in_a_container = !has("--driver", Some("docker"));
    in_a_container.then(|| if has("--use", None) { Does::SetUp } else { Does::SetUpApart })
}

/// Why a builder that is set up so attaches nothing, and where that stands.
fn outdated(doer: Doer<'_>, reasons: &[Broken]) -> Option<(String, Location)> {
    let holds = reasons.iter().find(|reason| !doer.applies(&reason.when, &[]).is_never())?;
    Some((holds.why.clone(), doer.shown_by(&holds.when)))
}

/// Why the builder that the step asks attaches nothing: the one that was set up last, or one of those that are asked by
/// name.
pub(super) fn attaches_nothing<'c>(changes: &'c [Change], attest: &Attest<'_>) -> Option<&'c (String, Location)> {
    let before = || changes.iter().filter(|change| change.step <= attest.step && !change.cond.is_never());
    let last = before().rfind(|change| change.does == Does::SetUp);
    let apart = before().filter(|change| change.does == Does::SetUpApart);
    last.into_iter().chain(apart).find_map(|change| change.outdated.as_ref())
}

/// Whether a builder in a container is set up before the step, in every run in which the step runs, and is what the step
/// builds with: `docker build` asks the engine's own builder unless it names one or buildx is installed in its place.
pub(super) fn in_a_container(changes: &[Change], attest: &Attest<'_>) -> bool {
    let (named, plain) = match attest.doer.act {
        Act::Action(_, action) => (action.input("builder").is_some_and(|b| !b.value.is_empty()), false),
        Act::Command(step, command, words) => {
            let mut env = step.env.iter().chain(&command.env);
            let named = !flag(words, &["--builder".to_owned()]).is_empty() || env.any(|(n, _)| n == "BUILDX_BUILDER");
            (named, matches("docker build", words).or_else(|| matches("docker image|builder build", words)).is_some())
        }
    };
    let cond = attest.doer.cond();
    let had = |does: Does| {
        let mut before = changes.iter().filter(|change| change.step <= attest.step);
        before.any(|change| change.does == does && cond.implies(&change.cond))
    };
    let chosen = || named || had(Does::Choose);
    (had(Does::SetUp) || had(Does::SetUpApart) && chosen()) && (named || !plain || had(Does::Install))
}
