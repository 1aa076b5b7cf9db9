//! Whether BuildKit builds in a container of its own, which provenance needs, or in the engine.
//!
//! Source: <https://docs.docker.com/build/builders/>

use super::doer::{Act, Doer};
use super::facts::Attest;
use crate::catalogue;
use crate::commands::matching::{flag, matches, tool_of_action};
use crate::model::{ActionUse, Cond, Job, Step, StepBody, Text};

/// What a step does to the builders of its job.
#[derive(Debug)]
pub(super) struct Change {
    /// Index of the step.
    step: usize,
    cond: Cond,
    does: Does,
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
            StepBody::Action(action) => {
                let of = |(does, when): (Does, Cond)| Change { step: at, cond: step.cond.clone().and(when), does };
                found.extend(of_action(step, action).into_iter().map(of));
            }
            StepBody::Script(script) => {
                let all = script.commands.iter().flat_map(|command| command.views()).filter_map(of_command);
                found.extend(all.map(|does| Change { step: at, cond: step.cond.clone(), does }));
            }
            StepBody::Opaque { .. } => {}
        }
    }
    found
}

/// Each with the condition under which the action does it.
fn of_action(step: &Step, action: &ActionUse) -> Vec<(Does, Cond)> {
    let says = |input: &str, value: &str| action.input(input).is_some_and(|i| i.value.literal() == Some(value));
    let Some(tool) = tool_of_action(catalogue::Does::Buildkit, &action.name) else { return Vec::new() };
    let when = Doer::action(step, action).applies(&tool.when, &[]);
    let set_up = if says("use", "false") { Does::SetUpApart } else { Does::SetUp };
    let set_up = (!says("driver", "docker")).then_some(set_up);
    let all = set_up.into_iter().chain(says("install", "true").then_some(Does::Install));
    all.map(|does| (does, when.clone())).collect()
}

fn of_command(words: &[Text]) -> Option<Does> {
    if matches("docker buildx use", words).is_some() {
        return Some(Does::Choose);
    }
    if matches("docker buildx install", words).is_some() {
        return Some(Does::Install);
    }
    matches("docker buildx create", words)?;
    let has = |name: &str, value: Option<&str>| {
        let mut found = flag(words, &[name.to_owned()]).into_iter();
        found.any(|f| value.is_none() || f.value().map(Text::as_str) == value)
    };
    let in_a_container = !has("--driver", Some("docker"));
    in_a_container.then(|| if has("--use", None) { Does::SetUp } else { Does::SetUpApart })
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
