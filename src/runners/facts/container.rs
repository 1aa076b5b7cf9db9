//! A container that runs an agent: what its image, its command and its environment show.
//!
//! Every image has keys of its own. A key that the image never reads is no evidence: `RUNNER_EPHEMERAL` on
//! `myoung34/github-runner` does nothing, while its `EPHEMERAL` is on as soon as it is not empty, even as `false`.
//! Source: <https://github.com/myoung34/docker-github-actions-runner#environment-variables>

use crate::model::{Location, RunnerPlatform};
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Isolated},
};
use crate::runners::{default_labels, is_open, labels_of, scope_of};
use crate::syntax::conf::{Data, Value};

/// An environment variable of a container.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Variable {
    pub(in crate::runners) name: String,
    /// The value, when it is visible.
    pub(in crate::runners) value: Option<String>,
    pub(in crate::runners) at: Location,
}

/// A container as a definition describes it.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Container {
    /// The image, as it is written.
    pub(in crate::runners) image: String,
    pub(in crate::runners) variables: Vec<Variable>,
    /// Command and arguments.
    pub(in crate::runners) command: Vec<String>,
    pub(in crate::runners) at: Location,
    /// Variables whose names the file does not show.
    pub(in crate::runners) hidden: Option<Location>,
}

/// What starts the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runners) enum Unit {
    /// A job of a platform, made for each queued build and thrown away after it.
    Job,
    /// A task that a service replaces by a new one when it ends.
    Task,
    /// Something that restarts the same container, or whose storage outlives it.
    Restarted,
}

/// Images by other people that hold an agent.
const MYOUNG: &[&str] = &["myoung34/github-runner"];
const GITHUB_IMAGES: &[&str] = &[
    "actions/actions-runner",
    "actions/runner",
    "summerwind/actions-runner",
    "actions-runner-controller/",
    "tcardonne/github-runner",
    "myoung34/github-runner",
];
/// Variables that register an agent at GitHub; two of them, or one with an image named for it, make a runner.
const GITHUB_KEYS: &[&str] = &[
    "REPO_URL",
    "ORG_NAME",
    "RUNNER_SCOPE",
    "RUNNER_TOKEN",
    "RUNNER_LABELS",
    "RUNNER_NAME_PREFIX",
    "REGISTRATION_TOKEN_API_URL",
    "GITHUB_PAT",
    "GH_URL",
    "GH_TOKEN",
    "ACCESS_TOKEN",
    "APP_PRIVATE_KEY",
    "GITHUB_APP_KEY",
    "RUNNER_GROUP",
    "RUNNER_REPOSITORY_URL",
    "ACTIONS_RUNNER_INPUT_URL",
];

impl Container {
    /// The variable of a name.
    pub(in crate::runners) fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|v| v.name == name)
    }

    fn visible(&self, name: &str) -> Option<&str> {
        self.variable(name)?.value.as_deref().filter(|v| !is_open(v))
    }

    fn is_myoung(&self) -> bool {
        MYOUNG.iter().any(|i| self.image.contains(i))
    }

    fn has_word(&self, word: &str) -> bool {
        self.command.iter().any(|c| c.split_whitespace().any(|w| w == word))
    }

    /// The platform whose agent it runs; `None` for any other container.
    pub(in crate::runners) fn agent(&self) -> Option<RunnerPlatform> {
        let image = self.image.to_ascii_lowercase();
        if GITHUB_IMAGES.iter().any(|i| image.contains(i)) {
            return Some(RunnerPlatform::GitHub);
        }
        if self.variable("AZP_URL").is_some() && self.variable("AZP_POOL").is_some()
            || self.variable("AZP_TOKEN").is_some()
        {
            return Some(RunnerPlatform::AzurePipelines);
        }
        let keys = GITHUB_KEYS.iter().filter(|k| self.variable(k).is_some()).count();
        let named = image.contains("runner");
        (keys >= 2 || keys == 1 && named).then_some(RunnerPlatform::GitHub)
    }
}

/// What would show the single use of an agent.
const TO_SHOW: &str =
    "`EPHEMERAL` in the environment of an image that reads it, or `--ephemeral` or `--jitconfig` in the command";

/// Reads an agent's container into a pool: labels, scope, single use, credentials.
pub(in crate::runners) fn judge(draft: &mut Draft, container: &Container, platform: RunnerPlatform, unit: Unit) {
    // An agent of Azure Pipelines never answers to a label of GitHub, wherever it runs.
    if platform == RunnerPlatform::AzurePipelines && !draft.pool.shape.starts_with("azure-pipelines-") {
        draft.pool.shape = "azure-pipelines-container";
    }
    if platform == RunnerPlatform::GitHub {
        labels(draft, container);
    } else if let Some(pool) = container.visible("AZP_POOL") {
        draft.labels([pool]);
    }
    single_use(draft, container, platform, unit);
    credentials(draft, container);
}

fn labels(draft: &mut Draft, container: &Container) {
    let off = |name: &str| container.variable(name).is_some_and(|v| v.value.as_deref() != Some(""));
    if !(container.is_myoung() && off("NO_DEFAULT_LABELS")) && draft.pool.labels.is_empty() {
        draft.pool.labels = default_labels(false);
    }
    let own = ["RUNNER_LABELS", "LABELS"].iter().find_map(|name| container.variable(name));
    match own {
        Some(variable) => {
            let shown = variable.value.as_deref().map(labels_of).unwrap_or_default();
            draft.labels(shown.iter().map(String::as_str));
        }
        None if container.is_myoung() => draft.labels(["default"]),
        None => {}
    }
    draft.pool.group = draft.pool.group.take().or_else(|| container.visible("RUNNER_GROUP").map(str::to_owned));
    let scope = ["REPO_URL", "ORG_NAME", "RUNNER_REPOSITORY_URL", "GH_URL"].iter().find_map(|n| container.visible(n));
    draft.pool.scope = draft.pool.scope.take().or_else(|| scope.and_then(scope_of));
}

fn single_use(draft: &mut Draft, container: &Container, platform: RunnerPlatform, unit: Unit) {
    let azure = platform == RunnerPlatform::AzurePipelines;
    let on = |name: &str| container.variable(name).filter(|v| v.value.as_deref() == Some("true")).map(|v| v.at.clone());
    let shown = if azure {
        container.has_word("--once").then(|| container.at.clone())
    } else {
        let flag = ["--ephemeral", "--jitconfig"].iter().any(|f| container.has_word(f)).then(|| container.at.clone());
        let own = container.variable("EPHEMERAL").filter(|v| container.is_myoung() && v.value.as_deref() != Some(""));
        let jit = container.variable("ACTIONS_RUNNER_INPUT_JITCONFIG").map(|v| v.at.clone());
        flag.or_else(|| own.map(|v| v.at.clone())).or_else(|| on("ACTIONS_RUNNER_INPUT_EPHEMERAL")).or(jit)
    };
    match (shown, unit) {
        (Some(at), Unit::Job) => {
            draft.met(Ephemeral, &at, "a single-use agent in a job that is thrown away after the build");
        }
        (Some(at), Unit::Task) => {
            draft.met(Ephemeral, &at, "a single-use agent, and its task is replaced by a new one when it ends");
        }
        (Some(at), Unit::Restarted) => draft.unshown(
            Ephemeral,
            &at,
            "single-use registration shown, disposal of what it runs in not shown",
            "a job that is thrown away after the build instead of a service that is restarted",
        ),
        (None, _) if container.is_myoung() => draft.failed_by_default(
            Ephemeral,
            &container.at,
            "`EPHEMERAL` is not set and off by default in this image: the agent takes job after job",
        ),
        (None, Unit::Job) => draft.unshown(
            Ephemeral,
            &container.at,
            "the job is thrown away when its agent ends, but nothing shows that the agent in the image ends after one build",
            TO_SHOW,
        ),
        (None, _) => draft.unshown(
            Ephemeral,
            &container.at,
            "nothing shows that the agent in the image takes one build only",
            TO_SHOW,
        ),
    }
}

/// Whether a variable of this name holds a credential that registers any number of agents.
fn is_lasting(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let word = |w: &str| name.split('_').any(|part| part == w);
    word("PAT")
        || ["ACCESS_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "AZP_TOKEN", "PRIVATE_KEY", "APP_KEY", "APP_PEM"]
            .iter()
            .any(|key| name.contains(key))
            && !name.ends_with("_URL")
}

fn credentials(draft: &mut Draft, container: &Container) {
    if let Some(at) = &container.hidden {
        let note = "not all variables of the agent's container are visible, and one may hold a lasting credential";
        draft.unshown(Isolated, at, note, "literal names of the variables");
    }
    for variable in &container.variables {
        if is_lasting(&variable.name) {
            let note = format!(
                "`{}` in the environment of the agent: a build can read it and register runners of its own",
                variable.name
            );
            draft.leaks(&variable.at, note);
        } else if variable.name == "RUNNER_TOKEN"
            || variable.name.contains("REGISTRATION_TOKEN") && !variable.name.ends_with("_URL")
        {
            draft.credential(&variable.at, "a short-lived registration token in the environment of the agent");
        }
    }
}

/// Variables in the forms that infrastructure code has: maps with a name and a value under some key.
pub(in crate::runners) fn variables<'v>(entries: impl Iterator<Item = &'v Value>) -> Vec<Variable> {
    let found = entries.filter_map(|entry| {
        let first = |keys: &[&str]| keys.iter().find_map(|k| entry.entry(k));
        let name = first(&["name", "Name"])?;
        let value = first(&["value", "Value"]).and_then(|e| written(&e.value));
        Some(Variable { name: name.value.text()?.to_owned(), value, at: entry.at.clone() })
    });
    found.collect()
}

/// A part of the environment whose names are not visible.
pub(in crate::runners) fn hidden<'v>(environment: impl IntoIterator<Item = &'v Value>) -> Option<Location> {
    environment.into_iter().find_map(|value| {
        let entries: Vec<&Value> = match &value.data {
            Data::List(items) => items.iter().collect(),
            Data::Null => return None,
            _ => vec![value],
        };
        let named = |e: &Value| ["name", "Name"].iter().any(|k| e.get(k).is_some_and(|n| n.text().is_some()));
        entries.into_iter().find(|e| !named(e)).map(|e| e.at.clone())
    })
}

/// A text, its unknown parts as they are written; an expression is no text.
fn written(value: &Value) -> Option<String> {
    match &value.data {
        Data::Text { text, .. } => Some(text.clone()),
        _ => value.text().map(str::to_owned),
    }
}

/// The words of a command that is written as a list or a string.
pub(in crate::runners) fn words<'v>(values: impl IntoIterator<Item = Option<&'v Value>>) -> Vec<String> {
    let mut found = Vec::new();
    for value in values.into_iter().flatten() {
        found.extend(value.walk().into_iter().filter_map(Value::shown).map(str::to_owned));
    }
    found
}

/// A cloud's container job offers neither privileged containers nor the host.
pub(in crate::runners) fn cloud_isolates(draft: &mut Draft, at: &Location, what: &str) {
    if draft.is_met(Ephemeral) {
        draft.documented(Isolated, at, format!("{what} offers neither privileged containers nor the host's files"));
    }
}
