//! Agents in containers that a host's own runtime runs: compose services and `docker run`.
//!
//! A restart policy starts the same container again, so its files stay; `--rm` throws the container away. Nothing of
//! it shows whose host it is.
//! Source: <https://docs.docker.com/engine/containers/start-containers-automatically/>

use crate::model::{Evidence, Location, Note, RunnerPool, Tri};
use crate::runners::facts::pod::{identity, is_runtime, unpinned};
use crate::runners::facts::registration::{Agent, Container, Once, Variable};
use crate::runners::{File, default_labels, is_open};

const CAPABILITIES: &[&str] = &["SYS_ADMIN", "CAP_SYS_ADMIN", "ALL", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO"];

/// A mount of a container.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Mount {
    /// A path of the host or the name of a volume.
    pub(in crate::runners) source: String,
    pub(in crate::runners) read_only: bool,
    pub(in crate::runners) location: Location,
}

impl Mount {
    /// Reads `source:target[:options]`; `None` for an anonymous volume.
    pub(in crate::runners) fn parse(text: &str, location: &Location) -> Option<Self> {
        // A default of a variable holds a colon too.
        let masked = text.replace(":-", "\u{1}-");
        let mut parts = masked.split(':');
        let source = parts.next()?.replace('\u{1}', ":");
        parts.next()?;
        let read_only = parts.next().is_some_and(|o| o.split(',').any(|o| o == "ro" || o == "readonly"));
        Some(Self { source, read_only, location: location.clone() })
    }
}

/// How a container is run.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Run {
    pub(in crate::runners) name: Option<String>,
    pub(in crate::runners) image: String,
    pub(in crate::runners) command: Vec<String>,
    pub(in crate::runners) variables: Vec<Variable>,
    /// A file or list of variables that is not visible.
    pub(in crate::runners) bulk: Option<Location>,
    pub(in crate::runners) mounts: Vec<Mount>,
    /// What reaches the host, with what it does.
    pub(in crate::runners) reach: Vec<(Location, String)>,
    /// The restart policy, unless it is `no`.
    pub(in crate::runners) restart: Option<(String, Location)>,
    /// The container is removed when it ends.
    pub(in crate::runners) removed: Option<Location>,
    pub(in crate::runners) platform: Option<String>,
    pub(in crate::runners) location: Location,
}

impl Run {
    /// A container that nothing is known of yet.
    pub(in crate::runners) fn new(location: &Location) -> Self {
        Self {
            name: None,
            image: String::new(),
            command: Vec::new(),
            variables: Vec::new(),
            bulk: None,
            mounts: Vec::new(),
            reach: Vec::new(),
            restart: None,
            removed: None,
            platform: None,
            location: location.clone(),
        }
    }

    /// Reads the words behind `docker run`.
    pub(in crate::runners) fn parse(words: &[String], at: &Location) -> Option<Self> {
        const SWITCHES: &[&str] = &[
            "--rm",
            "-d",
            "--detach",
            "-i",
            "-t",
            "-it",
            "-ti",
            "-dit",
            "-itd",
            "-td",
            "--privileged",
            "--init",
            "--tty",
            "--interactive",
            "--read-only",
            "-P",
        ];
        let mut run = Self::new(at);
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if !word.starts_with('-') {
                run.image = word.clone();
                run.command = rest.cloned().collect();
                break;
            }
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            if name == "--rm" && attached.as_deref() != Some("false") {
                run.removed = Some(at.clone());
                continue;
            }
            if name == "--privileged" && attached.as_deref() != Some("false") {
                run.reach.push((at.clone(), "the container is privileged".to_owned()));
                continue;
            }
            if SWITCHES.contains(&name) {
                continue;
            }
            let value = match attached {
                Some(value) => value,
                None => rest.next()?.clone(),
            };
            match name {
                "-e" | "--env" => run.variables.push(variable(&value, at)),
                "--env-file" => run.bulk = Some(at.clone()),
                "-v" | "--volume" => run.mounts.extend(Mount::parse(&value, at)),
                "--mount" => {
                    let field = |keys: &[&str]| {
                        value.split(',').find_map(|f| {
                            f.split_once('=').filter(|(k, _)| keys.contains(k)).map(|(_, v)| v.to_owned())
                        })
                    };
                    let read_only =
                        value.split(',').any(|f| matches!(f, "readonly" | "ro" | "readonly=true" | "ro=true"));
                    if let Some(source) = field(&["source", "src"]) {
                        run.mounts.push(Mount { source, read_only, location: at.clone() });
                    }
                }
                "--restart" if value != "no" => run.restart = Some((value, at.clone())),
                "--name" => run.name = Some(value),
                "--platform" => run.platform = Some(value),
                "--network" | "--net" | "--pid" | "--ipc" | "--userns" | "--uts" if value == "host" => {
                    run.reach.push((at.clone(), "the container shares a namespace of the host".to_owned()));
                }
                "--cap-add" if CAPABILITIES.contains(&value.as_str()) => {
                    run.reach
                        .push((at.clone(), "the container holds a capability that amounts to the host".to_owned()));
                }
                "--security-opt" if value.contains("unconfined") || value.contains("disable") => {
                    run.reach.push((at.clone(), "the container is not confined".to_owned()));
                }
                _ => {}
            }
        }
        (!run.image.is_empty()).then_some(run)
    }
}

/// Reads `NAME=value`, or `NAME` for a value of the caller's.
pub(in crate::runners) fn variable(text: &str, at: &Location) -> Variable {
    match text.split_once('=') {
        Some((name, value)) => {
            let value = value.trim_matches(['"', '\'']);
            Variable { name: name.trim().to_owned(), value: Some(value.to_owned()), location: at.clone() }
        }
        None => Variable { name: text.trim().to_owned(), value: None, location: at.clone() },
    }
}

/// The pool of a container; `None` when it holds no agent.
pub(in crate::runners) fn pool(
    run: &Run,
    build: Option<(String, Option<String>)>,
    file: &File<'_>,
    rule: &'static str,
) -> Option<RunnerPool> {
    let container = Container {
        file,
        rule,
        image: Some(run.image.as_str()).filter(|i| !i.is_empty()),
        build,
        command: run.command.clone(),
        variables: run.variables.clone(),
        bulk: run.bulk.clone(),
        location: run.location.clone(),
    };
    let agent = container.agent()?;
    let arm = run.platform.as_deref().is_some_and(|p| p.contains("arm"));
    let mut labels = if agent.defaults { default_labels(arm) } else { Vec::new() };
    labels.extend(agent.labels.iter().cloned());
    let name = run.name.clone().filter(|n| !is_open(n)).unwrap_or_else(|| "runner".to_owned());
    let hosted = Evidence::observed(&run.location, rule, "a container on a host that no file shows");
    let mut notes: Vec<Note> = unpinned(&run.image, &run.location).into_iter().collect();
    notes.extend(agent.long_lived.iter().map(|e| identity(&e.location)));
    if let Some(mount) = run.mounts.iter().find(|m| is_runtime(&m.source)) {
        notes.push(docker_note(&mount.location));
    }
    Some(RunnerPool {
        labels,
        group: agent.group.clone(),
        scope: agent.scope.clone(),
        hosted: Tri::Unshown(
            hosted,
            "the definition of the host as a managed machine, or a managed pool in its place".to_owned(),
        ),
        ephemeral: ephemeral(run, &agent, rule),
        isolated: isolated(run, &agent, rule),
        credentials: agent.credentials.clone(),
        notes,
        files: agent.files.clone(),
        ..RunnerPool::new(rule, name, &run.location)
    })
}

/// The advice against a container runtime that builds can reach.
pub(in crate::runners) fn docker_note(at: &Location) -> Note {
    Note::info(
        "runner-docker",
        at,
        "no build needs a container runtime in the runner when images are built by a tool without a daemon: the daemon is the usual way out of a container",
    )
}

/// A mount on which one job leaves files to the next.
fn lasting(run: &Run) -> Option<&Mount> {
    run.mounts.iter().find(|m| !m.read_only && !is_runtime(&m.source) && !m.source.starts_with("/dev/"))
}

/// A daemon beside the container, which keeps what every job leaves in it.
fn daemon(run: &Run) -> Option<&Variable> {
    run.variables
        .iter()
        .find(|v| v.name == "DOCKER_HOST" && v.value.as_deref().is_some_and(|d| d.starts_with("tcp://")))
}

fn ephemeral(run: &Run, agent: &Agent, rule: &'static str) -> Tri {
    if let Once::No(evidence) = &agent.once {
        return Tri::Failed(evidence.clone());
    }
    if let Some(mount) = lasting(run) {
        let note = "a volume outlives the container, so one job leaves files to the next";
        return Tri::Failed(Evidence::observed(&mount.location, rule, note));
    }
    if let Some(v) = daemon(run) {
        let note = "a Docker daemon beside the runner keeps what every job leaves in it";
        return Tri::Failed(Evidence::observed(&v.location, rule, note));
    }
    if let Some((policy, at)) = &run.restart {
        let note = format!("`restart: {policy}` starts the same container again, with the files of the last job");
        return match is_open(policy) {
            true => Tri::Unshown(
                Evidence::observed(at, rule, "the restart policy is not visible"),
                "no restart policy".to_owned(),
            ),
            false => Tri::Failed(Evidence::observed(at, rule, note)),
        };
    }
    match (&agent.once, &run.removed) {
        (Once::Hidden(e), _) => {
            Tri::Unshown(e.clone(), "a registration for one job that is visible in the checkout".to_owned())
        }
        (_, Some(at)) => {
            let note = "the agent registers for one job, and `--rm` throws its container away afterwards";
            Tri::Met(Evidence::observed(at, rule, note))
        }
        (Once::Yes(e) | Once::No(e), None) => {
            let note = format!("{}: single-use registration is shown, disposal of the container is not", e.note);
            let to_show = "`docker run --rm` for each job, or a controller that replaces the container";
            Tri::Unshown(Evidence { note, ..e.clone() }, to_show.to_owned())
        }
    }
}

fn isolated(run: &Run, agent: &Agent, rule: &'static str) -> Tri {
    let failed = |at: &Location, note: &str| Tri::Failed(Evidence::observed(at, rule, note));
    if let Some(mount) = run.mounts.iter().find(|m| is_runtime(&m.source)) {
        return failed(
            &mount.location,
            "the socket of the container runtime is mounted: a build controls the host and every other build on it",
        );
    }
    if let Some((at, note)) = run.reach.first() {
        return failed(at, note);
    }
    if let Some(mount) = lasting(run) {
        return failed(&mount.location, "builds share a writable volume");
    }
    let secret = |m: &&Mount| {
        let source = m.source.trim_end_matches('/');
        matches!(source, "" | "/root" | "/etc" | "/home" | "/proc")
            || source.contains("secret")
            || source.contains(".ssh")
            || source.contains(".aws")
    };
    if let Some(mount) = run.mounts.iter().find(secret) {
        return failed(&mount.location, "a folder of the host with its secrets is mounted into the runner");
    }
    if let Some(v) = daemon(run) {
        return failed(&v.location, "builds share a Docker daemon");
    }
    if let Some(evidence) = &agent.long_lived {
        return Tri::Failed(evidence.clone());
    }
    if let Some(evidence) = &agent.hidden {
        return Tri::Unshown(
            evidence.clone(),
            "the credential's kind: a registration token or a just-in-time configuration".to_owned(),
        );
    }
    let note =
        "no runtime socket, no shared volume, no namespace of the host and no lasting credential in the container";
    Tri::Met(Evidence::observed(&run.location, rule, note))
}
