//! The agent in a container, whatever starts the container: which image it is, what its environment says, and what its
//! own scripts do.
//!
//! Every image reads keys of its own. A key that an image does not read says nothing, however it is called:
//! `RUNNER_EPHEMERAL` on `myoung34/github-runner` does nothing, while its `EPHEMERAL` is on as soon as it is not empty,
//! even as `false`.
//! Source: <https://github.com/myoung34/docker-github-actions-runner>, <https://github.com/actions/runner>

use std::sync::Arc;

use super::image;
use super::script::{self, Once};
use crate::catalogue::{Asked, Catalogue, Credential};
use crate::model::{Evidence, Location, RunnerPlatform, RunnerVariable};
use crate::runners::{File, is_open, is_token, labels_of, scope_of};
use crate::syntax::conf::{Data, Value};

/// The image whose `EPHEMERAL` and labels are known.
const MYOUNG: &str = "myoung34/github-runner";

/// Parts of the names of images that hold an agent of GitHub Actions. A file with such a container holds one.
pub(in crate::runners) const IMAGES: &[&str] = &[
    MYOUNG,
    "actions/actions-runner",
    "ghcr.io/actions/runner",
    "summerwind/actions-runner",
    "actions-runner-controller/actions-runner",
    "tcardonne/github-runner",
];

/// The strings of which a file with a container that holds an agent has one: its image, a variable that registers it,
/// or a Dockerfile of its own (a service called after what it does).
pub(in crate::runners) const KEYS: &[&str] = &[
    "myoung34/github-runner",
    "actions-runner",
    "actions/runner",
    "tcardonne/github-runner",
    "RUNNER_SCOPE",
    "RUNNER_LABELS",
    "RUNNER_TOKEN",
    "RUNNER_REPOSITORY_URL",
    "ACTIONS_RUNNER_INPUT_",
    "ScaledJob",
    "runner",
];

/// Variables that register an agent of GitHub.
const REGISTERS: &[&str] = &[
    "RUNNER_TOKEN",
    "RUNNER_LABELS",
    "RUNNER_SCOPE",
    "RUNNER_REPOSITORY_URL",
    "RUNNER_NAME_PREFIX",
    "REGISTRATION_TOKEN_API_URL",
];

/// Variables that say for whom it is registered.
const ADDRESSES: &[&str] = &[
    "REPO_URL",
    "RUNNER_REPOSITORY_URL",
    "ORG_NAME",
    "GITHUB_URL",
    "GH_URL",
    "ACTIONS_RUNNER_INPUT_URL",
    "GITHUB_REPOSITORY",
    "GITHUB_OWNER",
    "GH_REPOSITORY",
    "REPO",
    "GITHUB_REPO",
];

/// Variables that hold a credential which registers once, or for an hour.
const SHORT_LIVED: &[&str] = &[
    "RUNNER_TOKEN",
    "REG_TOKEN",
    "REGISTRATION_TOKEN",
    "ACTIONS_RUNNER_INPUT_TOKEN",
    "ACTIONS_RUNNER_INPUT_JITCONFIG",
    "ENCODED_JIT_CONFIG",
    "JITCONFIG",
];

/// Whether a variable of this name holds a credential that registers any number of agents.
fn is_lasting(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let word = |w: &str| name.split('_').any(|part| part == w);
    let any = |keys: &[&str]| keys.iter().any(|key| name.contains(key)) && !name.ends_with("_URL");
    word("PAT")
        || any(&["GITHUB_TOKEN", "GITHUB_PERSONAL_TOKEN", "GH_TOKEN", "AZP_TOKEN"])
        || any(&["ACCESS_TOKEN", "PRIVATE_KEY", "APP_KEY", "APP_PEM"]) && is_of_forge(&name)
}

/// Whether nothing that the catalogue knows about a name says that its credential is another service's
/// (`NX_CLOUD_ACCESS_TOKEN`, `SSH_PRIVATE_KEY`).
fn is_of_forge(name: &str) -> bool {
    let asked = Asked::from(name);
    let named = |c: &&Credential| c.goes_anywhere() && c.names.iter().any(|expression| expression.whole(&asked));
    let known = Catalogue::get().credentials.iter().find(named);
    known.is_none_or(|c| ["app-key", "personal-token", "generic-write"].contains(&c.id.as_str()))
}

/// A variable of a container.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Variable {
    pub(in crate::runners) name: String,
    /// Its value; `None` when it comes from elsewhere.
    pub(in crate::runners) value: Option<String>,
    pub(in crate::runners) at: Location,
}

impl Variable {
    /// The same as what every job of the agent finds in its environment.
    pub(in crate::runners) fn shown(&self) -> RunnerVariable {
        let value = self.value.clone().filter(|value| !is_open(value));
        RunnerVariable { name: self.name.clone(), value, location: self.at.clone() }
    }
}

/// A container that may hold an agent.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Container {
    /// The rule that evidence names.
    pub(in crate::runners) rule: &'static str,
    /// The image, as it is written; empty when the container has none.
    pub(in crate::runners) image: String,
    /// Folder and Dockerfile from which the image is built.
    pub(in crate::runners) build: Option<(String, Option<String>)>,
    /// The command that takes the place of the image's own, and its arguments.
    pub(in crate::runners) command: Vec<String>,
    pub(in crate::runners) variables: Vec<Variable>,
    /// Where variables come from as a whole, without being named.
    pub(in crate::runners) bulk: Option<Location>,
    pub(in crate::runners) at: Location,
}

/// A credential in the environment of an agent.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Held {
    pub(in crate::runners) name: String,
    /// It outlives the registration.
    pub(in crate::runners) lasting: bool,
    pub(in crate::runners) at: Location,
}

impl Held {
    /// The credential that a variable holds, by its name.
    pub(super) fn of(variable: &Variable) -> Option<Self> {
        let set = variable.value.as_deref() != Some("");
        let lasting = is_lasting(&variable.name);
        let short = SHORT_LIVED.contains(&variable.name.as_str())
            || variable.name.contains("REGISTRATION_TOKEN") && !variable.name.ends_with("_URL");
        (set && (lasting || short)).then(|| Self { lasting, ..Self::lasting(variable) })
    }

    /// A variable that holds one which outlives the registration.
    pub(super) fn lasting(variable: &Variable) -> Self {
        Self { name: variable.name.clone(), lasting: true, at: variable.at.clone() }
    }

    /// Whether the key of a secret speaks of one that outlives the registration.
    pub(super) fn names(key: &str) -> bool {
        is_lasting(&key.replace(['-', '.'], "_"))
    }
}

/// An agent as its container registers it.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Agent {
    pub(in crate::runners) platform: RunnerPlatform,
    pub(in crate::runners) once: Once,
    /// Labels that are shown.
    pub(in crate::runners) labels: Vec<String>,
    /// Whether it gets the default labels as well.
    pub(in crate::runners) defaults: bool,
    pub(in crate::runners) group: Option<String>,
    pub(in crate::runners) scope: Option<String>,
    /// What registers it and stands in its environment.
    pub(in crate::runners) held: Vec<Held>,
    /// A literal key, which is out in the open whatever its variable is called.
    pub(in crate::runners) leaked: Option<Held>,
    /// What its own scripts hold to register it.
    pub(in crate::runners) script: Option<Evidence>,
    /// Nothing shows which credential it holds.
    pub(in crate::runners) hidden: Option<Location>,
    /// Files of the checkout that the container runs.
    pub(in crate::runners) files: Vec<Arc<str>>,
}

/// What is said of an image whose scripts nothing shows.
const OPAQUE: &str = "nothing in the checkout shows how the image registers its agent";

/// A word of a command line, so that a shell reads it as one.
pub(in crate::runners) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

impl Agent {
    /// The first credential that outlives the registration.
    pub(in crate::runners) fn lasting(&self) -> Option<&Held> {
        self.held.iter().find(|h| h.lasting)
    }
}

impl Container {
    fn seen(&self, at: &Location, note: impl Into<String>) -> Evidence {
        Evidence::observed(at, self.rule, note)
    }

    /// A variable that is set to something that is not nothing.
    pub(in crate::runners) fn set(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find(|v| v.name == name).filter(|v| v.value.as_deref() != Some(""))
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.set(name)?.value.as_deref().filter(|v| !is_open(v))
    }

    fn has_word(&self, word: &str) -> bool {
        self.command.iter().any(|c| c.split_whitespace().any(|w| w == word))
    }

    pub(in crate::runners) fn is_myoung(&self) -> bool {
        self.image.contains(MYOUNG)
    }

    /// The agent of the container; `None` when nothing shows that it holds one. `file` holds the container; without one
    /// the scripts of its image are not looked for.
    pub(in crate::runners) fn agent(&self, file: Option<&File<'_>>) -> Option<Agent> {
        if self.image.contains(MYOUNG) {
            return Some(self.myoung());
        }
        if let Some(found) = file.and_then(|file| self.followed(file)) {
            return Some(found);
        }
        let any = |names: &[&str]| self.variables.iter().any(|v| names.contains(&v.name.as_str()));
        if any(&["AZP_URL"]) && any(&["AZP_POOL"]) || any(&["AZP_TOKEN"]) {
            return Some(self.azure());
        }
        let image = self.image.to_ascii_lowercase();
        // What makes runners is none: `actions-runner-controller`, `gha-runner-scale-set-controller`.
        let name = image.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        if name.split(':').next().is_some_and(|name| name.ends_with("-controller")) {
            return None;
        }
        let known = IMAGES.iter().any(|i| image.contains(i));
        // An image that nobody knows is an agent when its variables register one.
        let registers = any(REGISTERS) || self.variables.iter().any(|v| v.name.starts_with("ACTIONS_RUNNER_INPUT_"));
        let held = self.variables.iter().any(|v| is_lasting(&v.name));
        let addressed = any(ADDRESSES);
        let named = image.contains("runner");
        let strongly = ["github-runner", "gh-runner", "gha-runner", "actions-runner"].iter().any(|n| image.contains(n));
        let shown = registers && (addressed || held || named) || addressed && named || strongly && held;
        (known || shown).then(|| self.unknown())
    }

    /// The agent of a container that is known to hold one of this platform.
    pub(in crate::runners) fn assumed(&self, platform: RunnerPlatform) -> Agent {
        match (self.agent(None).filter(|agent| agent.platform == platform), platform) {
            (Some(agent), _) => agent,
            (None, RunnerPlatform::AzurePipelines) => self.azure(),
            (None, _) => self.unknown(),
        }
    }

    /// What the variables show about the agent, whatever image it is.
    fn common(&self, platform: RunnerPlatform, once: Once) -> Agent {
        let held: Vec<Held> = self.variables.iter().filter_map(Held::of).collect();
        let leaked = self.variables.iter().find(|v| v.value.as_deref().is_some_and(is_token));
        Agent {
            platform,
            once,
            labels: Vec::new(),
            defaults: true,
            group: None,
            scope: None,
            hidden: self.bulk.clone().filter(|_| held.is_empty()),
            held,
            leaked: leaked.map(|v| Held { name: v.name.clone(), lasting: true, at: v.at.clone() }),
            script: None,
            files: Vec::new(),
        }
    }

    /// The agent of Azure Pipelines, whose one label is its pool.
    fn azure(&self) -> Agent {
        let once = match self.has_word("--once") {
            true => Once::Yes(self.seen(&self.at, "`--once`: the agent takes one job")),
            false => Once::Hidden(self.seen(&self.at, OPAQUE)),
        };
        Agent {
            labels: self.value("AZP_POOL").map(labels_of).unwrap_or_default(),
            defaults: false,
            ..self.common(RunnerPlatform::AzurePipelines, once)
        }
    }

    /// The image reads `EPHEMERAL` and tests it for being set at all: `false` switches it on.
    fn myoung(&self) -> Agent {
        let once = match self.set("EPHEMERAL") {
            Some(v) if v.value.as_deref().is_some_and(is_open) => {
                Once::Hidden(self.seen(&v.at, "the value of `EPHEMERAL` is not visible"))
            }
            Some(v) => {
                let odd = matches!(v.value.as_deref(), Some("false" | "0" | "no"));
                let note = if odd {
                    "`EPHEMERAL` is set, and the image does not look at its value: the agent registers for one job"
                } else {
                    "`EPHEMERAL`: the agent registers for one job"
                };
                Once::Yes(self.seen(&v.at, note))
            }
            None => match (self.set("RUNNER_EPHEMERAL"), &self.bulk) {
                (Some(v), _) => {
                    Once::No(self.seen(&v.at, "the image does not read `RUNNER_EPHEMERAL`, only `EPHEMERAL`: the agent takes one job after another"))
                }
                (None, Some(at)) => {
                    Once::Hidden(self.seen(at, "`EPHEMERAL` may be set in a file or secret that is not visible"))
                }
                (None, None) => Once::No(Evidence::documented(
                    &self.at,
                    self.rule,
                    "`EPHEMERAL` is not set, and without it the agent takes one job after another",
                )),
            },
        };
        let reuse = self.set("CONFIGURED_ACTIONS_RUNNER_FILES_DIR").filter(|_| {
            self.set("DISABLE_AUTOMATIC_DEREGISTRATION").is_some_and(|v| v.value.as_deref() != Some("false"))
        });
        let once = match reuse {
            Some(v) => Once::No(self.seen(&v.at, "the registration is kept in a folder and used again")),
            None => once,
        };
        let labels = match self.set("RUNNER_LABELS").or_else(|| self.set("LABELS")) {
            Some(v) => labels_of(v.value.as_deref().unwrap_or("$")),
            None => vec!["default".to_owned()],
        };
        let scope = match self.value("RUNNER_SCOPE") {
            Some(s) if s.starts_with("org") => self.value("ORG_NAME").map(str::to_ascii_lowercase),
            Some(s) if s.starts_with("ent") => None,
            _ => self.value("REPO_URL").and_then(scope_of),
        };
        Agent {
            labels,
            defaults: self.set("NO_DEFAULT_LABELS").is_none(),
            group: self.value("RUNNER_GROUP").map(str::to_owned),
            scope,
            ..self.common(RunnerPlatform::GitHub, once)
        }
    }

    /// The agent's own variables, which `config.sh` reads in every image.
    fn unknown(&self) -> Agent {
        let input = |name: &str| self.set(&format!("ACTIONS_RUNNER_INPUT_{name}"));
        let line = match self.command.as_slice() {
            // One string is a line of a shell.
            [line] => line.clone(),
            words => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
        };
        let inline = script::read_line(&line, &self.at, self.rule);
        let once = if let Some(v) = input("JITCONFIG") {
            Once::Yes(self.seen(&v.at, "a just-in-time configuration registers for one job"))
        } else if let Some(v) =
            input("EPHEMERAL").filter(|v| v.value.as_deref().is_some_and(|t| t.eq_ignore_ascii_case("true")))
        {
            Once::Yes(self.seen(&v.at, "the agent registers for one job"))
        } else {
            match inline.as_ref().and_then(|i| i.once.clone()) {
                Some(once) => once,
                None => Once::Hidden(self.seen(&self.at, OPAQUE)),
            }
        };
        let label = ["ACTIONS_RUNNER_INPUT_LABELS", "RUNNER_LABELS", "LABELS", "GITHUB_RUNNER_LABELS"];
        let labels = label.iter().find_map(|n| self.set(n)).map(|v| labels_of(v.value.as_deref().unwrap_or("$")));
        let flags = inline.as_ref().and_then(|i| i.labels.as_deref()).map(|l| labels_of(&self.expand(l)));
        let labels = flags.or(labels);
        let address = inline.as_ref().and_then(|i| i.url.as_deref()).map(|u| self.expand(u));
        let urls = [
            "ACTIONS_RUNNER_INPUT_URL",
            "REPO_URL",
            "RUNNER_REPOSITORY_URL",
            "GITHUB_URL",
            "GH_URL",
            "GITHUB_REPOSITORY",
            "ORG_NAME",
        ];
        Agent {
            labels: labels.unwrap_or_default(),
            scope: address.as_deref().or_else(|| urls.iter().find_map(|n| self.value(n))).and_then(scope_of),
            group: self.value("RUNNER_GROUP").map(str::to_owned),
            defaults: inline.is_none_or(|i| !i.bare),
            ..self.common(RunnerPlatform::GitHub, once)
        }
    }

    /// The agent that the container's own Dockerfile and entrypoint show.
    fn followed(&self, file: &File<'_>) -> Option<Agent> {
        let mut files: Vec<Arc<str>> = Vec::new();
        let (path, text) = match &self.build {
            Some((folder, dockerfile)) => {
                let folder = folder.trim_start_matches("./").trim_end_matches('/');
                let name = dockerfile.as_deref().unwrap_or("Dockerfile");
                let path = match folder {
                    "" | "." => name.to_owned(),
                    folder => format!("{folder}/{name}"),
                };
                file.sibling(&path)?
            }
            None => return None,
        };
        files.push(Arc::clone(&path));
        let image = image::read(&path, &text, file.checkout, self.rule)?;
        files.extend(image.files.iter().cloned());
        if image.base.as_deref().is_some_and(|b| b.contains(MYOUNG)) && image.install.is_none() {
            return Some(Agent { files, ..self.myoung() });
        }
        let Some(install) = image.install else {
            let base = image.base.as_deref().is_some_and(|b| IMAGES.iter().any(|i| b.contains(i)));
            return base.then(|| Agent { files, ..self.unknown() });
        };
        let once = install.once.unwrap_or_else(|| {
            Once::Hidden(self.seen(&self.at, "the entrypoint does not show how the agent registers"))
        });
        let mut agent = self.common(RunnerPlatform::GitHub, once);
        let lookup = |text: &str| self.expand(text);
        agent.labels = install.labels.as_deref().map(|l| labels_of(&lookup(l))).unwrap_or_default();
        agent.defaults = !install.bare;
        agent.scope = install.url.as_deref().map(lookup).and_then(|u| scope_of(&u));
        agent.group = install.group.as_deref().map(lookup).filter(|g| !is_open(g));
        agent.script = install.long_lived;
        agent.files = files;
        Some(agent)
    }

    /// `$NAME`, `${NAME}` and `${NAME:-default}` with the container's own variables.
    fn expand(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let inner = from.get(1..).unwrap_or_default();
            let (raw, tail) = match inner.strip_prefix('{') {
                Some(braced) => match braced.split_once('}') {
                    Some((raw, tail)) => (raw, tail),
                    None => break,
                },
                None => {
                    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
                    inner.split_at(end)
                }
            };
            let name = raw.split([':', '-']).next().unwrap_or(raw);
            let default = raw.split_once('-').map(|(_, d)| d);
            match (self.set(name), default) {
                (Some(v), _) => out.push_str(v.value.as_deref().unwrap_or("$")),
                (None, Some(default)) if self.bulk.is_none() => out.push_str(default),
                _ => out.push('$'),
            }
            rest = tail;
        }
        out.push_str(rest);
        out
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
pub(super) fn written(value: &Value) -> Option<String> {
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
