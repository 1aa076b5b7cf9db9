//! The agent in a container: which image it is, what its environment says, and what its own scripts do.
//!
//! Every image reads keys of its own. A key that an image does not read says nothing, however it is called.
//! Source: <https://github.com/myoung34/docker-github-actions-runner>, <https://github.com/actions/runner>

use std::sync::Arc;

use crate::model::{Evidence, Location};
use crate::runners::facts::install;
use crate::runners::{File, is_open, labels_of, scope_of};

/// Parts of the names of images that hold an agent of GitHub Actions. A file with such a container holds one.
pub(in crate::runners) const IMAGES: &[&str] = &[
    "myoung34/github-runner",
    "ghcr.io/actions/actions-runner",
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

/// Variables that hold a credential which outlives a registration.
const LONG_LIVED: &[&str] = &[
    "ACCESS_TOKEN",
    "APP_PRIVATE_KEY",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_PAT",
    "GH_PAT",
    "PAT",
    "GITHUB_ACCESS_TOKEN",
    "GITHUB_APP_PRIVATE_KEY",
    "GH_ACCESS_TOKEN",
    "PERSONAL_ACCESS_TOKEN",
    "GITHUB_PERSONAL_TOKEN",
    "ACTIONS_RUNNER_INPUT_PAT",
    "ACCESS_TOKEN_FILE",
    "APP_PRIVATE_KEY_FILE",
    "AZP_TOKEN",
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

/// A variable of a container.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Variable {
    pub(in crate::runners) name: String,
    /// Its value; `None` when it comes from elsewhere.
    pub(in crate::runners) value: Option<String>,
    pub(in crate::runners) location: Location,
}

/// A container that may hold an agent.
pub(in crate::runners) struct Container<'a> {
    pub(in crate::runners) file: &'a File<'a>,
    pub(in crate::runners) rule: &'static str,
    pub(in crate::runners) image: Option<&'a str>,
    /// Folder and Dockerfile from which the image is built.
    pub(in crate::runners) build: Option<(String, Option<String>)>,
    /// The command that takes the place of the image's own, and its arguments.
    pub(in crate::runners) command: Vec<String>,
    pub(in crate::runners) variables: Vec<Variable>,
    /// Where variables come from as a whole, without being named.
    pub(in crate::runners) bulk: Option<Location>,
    pub(in crate::runners) location: Location,
}

/// Whether the agent takes one job and ends.
#[derive(Debug, Clone)]
pub(in crate::runners) enum Once {
    /// It registers for one job.
    Yes(Evidence),
    /// It takes one job after another.
    No(Evidence),
    /// It cannot be told.
    Hidden(Evidence),
}

/// An agent as its container registers it.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Agent {
    pub(in crate::runners) once: Once,
    /// Labels that are shown.
    pub(in crate::runners) labels: Vec<String>,
    /// Whether it gets the default labels as well.
    pub(in crate::runners) defaults: bool,
    pub(in crate::runners) group: Option<String>,
    pub(in crate::runners) scope: Option<String>,
    /// Who can read what registers it.
    pub(in crate::runners) credentials: Vec<Evidence>,
    /// A credential in the runner that outlives the registration.
    pub(in crate::runners) long_lived: Option<Evidence>,
    /// Nothing shows which credential the runner holds.
    pub(in crate::runners) hidden: Option<Evidence>,
    /// Files of the checkout that the container runs.
    pub(in crate::runners) files: Vec<Arc<str>>,
}

/// A word of a command line, so that a shell reads it as one.
pub(in crate::runners) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

impl Container<'_> {
    fn seen(&self, at: &Location, note: impl Into<String>) -> Evidence {
        Evidence::observed(at, self.rule, note)
    }

    /// A variable that is set to something that is not nothing.
    fn set(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find(|v| v.name == name).filter(|v| v.value.as_deref() != Some(""))
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.set(name)?.value.as_deref().filter(|v| !is_open(v))
    }

    /// The agent of the container; `None` when nothing shows that it holds one.
    pub(in crate::runners) fn agent(&self) -> Option<Agent> {
        let image = self.image.unwrap_or_default();
        if image.contains("myoung34/github-runner") {
            return Some(self.myoung());
        }
        if let Some(found) = self.followed() {
            return Some(found);
        }
        let known = IMAGES.iter().any(|i| image.contains(i));
        // An image that nobody knows is an agent when its variables register one.
        let registers = self.variables.iter().any(|v| {
            v.name.starts_with("ACTIONS_RUNNER_INPUT_")
                || ["RUNNER_TOKEN", "RUNNER_LABELS", "RUNNER_SCOPE", "RUNNER_REPOSITORY_URL"].contains(&v.name.as_str())
        });
        let addressed = [
            "REPO_URL",
            "RUNNER_REPOSITORY_URL",
            "ORG_NAME",
            "GITHUB_URL",
            "ACTIONS_RUNNER_INPUT_URL",
            "GITHUB_REPOSITORY",
            "GITHUB_OWNER",
            "GH_REPOSITORY",
            "REPO",
            "GITHUB_REPO",
        ]
        .iter()
        .any(|name| self.variables.iter().any(|v| v.name == *name));
        let named = image.contains("runner") && addressed;
        (known || registers && addressed || named).then(|| self.unknown())
    }

    /// What the variables show about the agent, whatever image it is.
    pub(in crate::runners) fn common(&self, once: Once) -> Agent {
        let long = LONG_LIVED.iter().find_map(|name| self.set(name)).map(|v| {
            self.seen(
                &v.location,
                format!("`{}` stands in the runner's environment, and every build can read it", v.name),
            )
        });
        let short = SHORT_LIVED.iter().find_map(|name| self.set(name)).map(|v| {
            self.seen(&v.location, format!("`{}` registers the runner and is worth little afterwards", v.name))
        });
        // A literal key in the file is out in the open, whatever its variable is called.
        let leaked = self.variables.iter().find(|v| {
            v.value.as_deref().is_some_and(|t| ["ghp_", "github_pat_", "gho_"].iter().any(|p| t.starts_with(p)))
        });
        let leaked = leaked.map(|v| self.seen(&v.location, format!("`{}` holds a token in clear text", v.name)));
        let hidden = self.bulk.as_ref().filter(|_| long.is_none() && short.is_none()).map(|at| {
            self.seen(
                at,
                "the runner's environment comes from a file or secret that does not show which credential it holds",
            )
        });
        Agent {
            once,
            labels: Vec::new(),
            defaults: true,
            group: None,
            scope: None,
            credentials: long.iter().chain(&short).chain(&leaked).chain(&hidden).cloned().collect(),
            long_lived: long.or(leaked),
            hidden,
            files: Vec::new(),
        }
    }

    /// The image reads `EPHEMERAL` and tests it for being set at all: `false` switches it on.
    fn myoung(&self) -> Agent {
        let once = match self.set("EPHEMERAL") {
            Some(v) if v.value.as_deref().is_some_and(is_open) => {
                Once::Hidden(self.seen(&v.location, "the value of `EPHEMERAL` is not visible"))
            }
            Some(v) => {
                let odd = matches!(v.value.as_deref(), Some("false" | "0" | "no"));
                let note = if odd {
                    "`EPHEMERAL` is set, and the image does not look at its value: the agent registers for one job"
                } else {
                    "`EPHEMERAL`: the agent registers for one job"
                };
                Once::Yes(self.seen(&v.location, note))
            }
            None => match (self.set("RUNNER_EPHEMERAL"), &self.bulk) {
                (Some(v), _) => {
                    Once::No(self.seen(&v.location, "the image does not read `RUNNER_EPHEMERAL`, only `EPHEMERAL`: the agent takes one job after another"))
                }
                (None, Some(at)) => {
                    Once::Hidden(self.seen(at, "`EPHEMERAL` may be set in a file or secret that is not visible"))
                }
                (None, None) => Once::No(Evidence::documented(
                    &self.location,
                    self.rule,
                    "`EPHEMERAL` is not set, and without it the agent takes one job after another",
                )),
            },
        };
        let reuse = self.set("CONFIGURED_ACTIONS_RUNNER_FILES_DIR").filter(|_| {
            self.set("DISABLE_AUTOMATIC_DEREGISTRATION").is_some_and(|v| v.value.as_deref() != Some("false"))
        });
        let once = match reuse {
            Some(v) => Once::No(self.seen(&v.location, "the registration is kept in a folder and used again")),
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
            ..self.common(once)
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
        let inline = install::read_line(&line, &self.location, self.rule);
        let once = if let Some(v) = input("JITCONFIG") {
            Once::Yes(self.seen(&v.location, "a just-in-time configuration registers for one job"))
        } else if let Some(v) =
            input("EPHEMERAL").filter(|v| v.value.as_deref().is_some_and(|t| t.eq_ignore_ascii_case("true")))
        {
            Once::Yes(self.seen(&v.location, "the agent registers for one job"))
        } else {
            match inline.as_ref().and_then(|i| i.once.clone()) {
                Some(once) => once,
                None => Once::Hidden(
                    self.seen(&self.location, "nothing in the checkout shows how the image registers its agent"),
                ),
            }
        };
        let label = ["ACTIONS_RUNNER_INPUT_LABELS", "RUNNER_LABELS", "LABELS", "GITHUB_RUNNER_LABELS"];
        let labels = label.iter().find_map(|n| self.set(n)).map(|v| labels_of(v.value.as_deref().unwrap_or("$")));
        let flags = inline.as_ref().and_then(|i| i.labels.as_deref()).map(|l| labels_of(&self.expand(l)));
        let labels = flags.or(labels);
        let address = inline.as_ref().and_then(|i| i.url.as_deref()).map(|u| self.expand(u));
        let urls = ["ACTIONS_RUNNER_INPUT_URL", "REPO_URL", "RUNNER_REPOSITORY_URL", "GITHUB_URL", "GITHUB_REPOSITORY"];
        Agent {
            labels: labels.unwrap_or_default(),
            scope: address.as_deref().or_else(|| urls.iter().find_map(|n| self.value(n))).and_then(scope_of),
            group: self.value("RUNNER_GROUP").map(str::to_owned),
            defaults: inline.is_none_or(|i| i.defaults),
            ..self.common(once)
        }
    }

    /// The agent that the container's own Dockerfile and entrypoint show.
    fn followed(&self) -> Option<Agent> {
        let mut files: Vec<Arc<str>> = Vec::new();
        let (path, text) = match &self.build {
            Some((folder, dockerfile)) => {
                let folder = folder.trim_start_matches("./").trim_end_matches('/');
                let name = dockerfile.as_deref().unwrap_or("Dockerfile");
                let path = match folder {
                    "" | "." => name.to_owned(),
                    folder => format!("{folder}/{name}"),
                };
                self.file.sibling(&path)?
            }
            None => return None,
        };
        files.push(Arc::clone(&path));
        let image = install::image(&path, &text, self.file.checkout, self.rule)?;
        files.extend(image.files.iter().cloned());
        if image.base.as_deref().is_some_and(|b| b.contains("myoung34/github-runner")) && image.install.is_none() {
            return Some(Agent { files, ..self.myoung() });
        }
        let Some(install) = image.install else {
            let base = image.base.as_deref().is_some_and(|b| IMAGES.iter().any(|i| b.contains(i)));
            return base.then(|| Agent { files, ..self.unknown() });
        };
        let once = install.once.unwrap_or_else(|| {
            Once::Hidden(self.seen(&self.location, "the entrypoint does not show how the agent registers"))
        });
        let mut agent = self.common(once);
        let lookup = |text: &str| self.expand(text);
        agent.labels = install.labels.as_deref().map(|l| labels_of(&lookup(l))).unwrap_or_default();
        agent.defaults = install.defaults;
        agent.scope = install.url.as_deref().map(lookup).and_then(|u| scope_of(&u));
        agent.group = install.group.as_deref().map(lookup).filter(|g| !is_open(g));
        if agent.long_lived.is_none() {
            agent.long_lived = install.long_lived.clone();
        }
        agent.credentials.extend(install.long_lived);
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
