//! An agent in a container: what the agent and the thing that runs its container show together.
//!
//! A job or task of a cloud is thrown away with its agent. On a host, a restart policy starts the same container again,
//! so its files stay, and `--rm` throws it away; nothing of it shows whose host it is.
//! Source: <https://docs.docker.com/engine/containers/start-containers-automatically/>

use super::draft::{
    Draft,
    On::{Ephemeral, Isolated},
};
use super::pod::{identity, unpinned};
use crate::model::{Evidence, Location, Note, RunnerPlatform, RunnerPool, Tri};
use crate::runners::facts::container::{Agent, Container, Variable};
use crate::runners::facts::docker::{Mount, Run};
use crate::runners::facts::pod::is_runtime;
use crate::runners::facts::script::Once;
use crate::runners::{File, default_labels, is_open};

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

/// What would show the single use of an agent.
const TO_SHOW: &str =
    "`EPHEMERAL` in the environment of an image that reads it, or `--ephemeral` or `--jitconfig` in the command";

/// An agent in a container that a cluster or cloud runs: labels, scope, single use, credentials.
pub(in crate::runners) fn in_cloud(draft: &mut Draft, container: &Container, agent: &Agent, unit: Unit) {
    draft.pool.shape = shape_of(agent, draft.pool.shape);
    if agent.defaults && draft.pool.labels.is_empty() {
        draft.pool.labels = default_labels(false);
    }
    draft.pool.variables.extend(container.variables.iter().map(Variable::shown));
    draft.labels(agent.labels.iter().map(String::as_str));
    draft.pool.group = draft.pool.group.take().or_else(|| agent.group.clone());
    draft.pool.scope = draft.pool.scope.take().or_else(|| agent.scope.clone());
    match (&agent.once, unit) {
        (Once::Yes(shown), Unit::Job) => {
            draft.met(Ephemeral, &shown.location, "a single-use agent in a job that is thrown away after the build");
        }
        (Once::Yes(shown), Unit::Task) => draft.met(
            Ephemeral,
            &shown.location,
            "a single-use agent, and its task is replaced by a new one when it ends",
        ),
        (Once::Yes(shown), Unit::Restarted) => draft.unshown(
            Ephemeral,
            &shown.location,
            "single-use registration shown, disposal of what it runs in not shown",
            "a job that is thrown away after the build instead of a service that is restarted",
        ),
        (Once::No(_), _) if container.is_myoung() => draft.failed_by_default(
            Ephemeral,
            &container.at,
            "`EPHEMERAL` is not set and off by default in this image: the agent takes job after job",
        ),
        (Once::No(shown), _) => draft.failed(Ephemeral, &shown.location, shown.note.clone()),
        (Once::Hidden(shown), Unit::Job) => draft.unshown(
            Ephemeral,
            &shown.location,
            "the job is thrown away when its agent ends, but nothing shows that the agent in the image ends after one build",
            TO_SHOW,
        ),
        (Once::Hidden(shown), _) => draft.unshown(
            Ephemeral,
            &shown.location,
            "nothing shows that the agent in the image takes one build only",
            TO_SHOW,
        ),
    }
    if let Some(at) = &container.bulk {
        let note = "not all variables of the agent's container are visible, and one may hold a lasting credential";
        draft.unshown(Isolated, at, note, "literal names of the variables");
    }
    for held in &agent.held {
        if held.lasting {
            let note = format!(
                "`{}` in the environment of the agent: a build can read it and register runners of its own",
                held.name
            );
            draft.leaks(&held.at, note);
        } else if !held.name.contains("JIT") {
            draft.credential(&held.at, "a short-lived registration token in the environment of the agent");
        }
    }
}

/// A cloud's container job offers neither privileged containers nor the host.
pub(in crate::runners) fn cloud_isolates(draft: &mut Draft, at: &Location, what: &str) {
    if draft.is_met(Ephemeral) {
        draft.documented(Isolated, at, format!("{what} offers neither privileged containers nor the host's files"));
    }
}

/// The pool of a container that a host's own runtime runs; `None` when it holds no agent.
pub(in crate::runners) fn on_host(
    run: &Run,
    build: Option<(String, Option<String>)>,
    file: &File<'_>,
    rule: &'static str,
) -> Option<RunnerPool> {
    let container = Container {
        rule,
        image: run.image.clone(),
        build,
        command: run.command.clone(),
        variables: run.variables.clone(),
        bulk: run.bulk.clone(),
        at: run.location.clone(),
    };
    let agent = container.agent(Some(file))?;
    let credentials = Credentials::of(&agent, rule);
    let arm = run.platform.as_deref().is_some_and(|p| p.contains("arm"));
    let mut labels = if agent.defaults { default_labels(arm) } else { Vec::new() };
    labels.extend(agent.labels.iter().cloned());
    let name = run.name.clone().filter(|n| !is_open(n)).unwrap_or_else(|| "runner".to_owned());
    let hosted = Evidence::observed(&run.location, rule, "a container on a host that no file shows");
    let mut notes: Vec<Note> = unpinned(&run.image, &run.location).into_iter().collect();
    notes.extend(credentials.lasting.iter().map(|e| identity(&e.location)));
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
        ephemeral: host_ephemeral(run, &agent, rule),
        isolated: host_isolated(run, &credentials, rule),
        credentials: credentials.all,
        variables: run.variables.iter().map(Variable::shown).collect(),
        notes,
        files: agent.files.clone(),
        ..RunnerPool::new(shape_of(&agent, rule), name, &run.location)
    })
}

/// An agent of Azure Pipelines never answers to a label of GitHub, wherever it runs.
pub(in crate::runners) fn shape_of(agent: &Agent, shape: &'static str) -> &'static str {
    match agent.platform {
        RunnerPlatform::AzurePipelines if !shape.starts_with("azure-pipelines-") => "azure-pipelines-container",
        _ => shape,
    }
}

/// What registers an agent, as evidence.
pub(in crate::runners) struct Credentials {
    pub(in crate::runners) all: Vec<Evidence>,
    /// One that outlives the registration.
    pub(in crate::runners) lasting: Option<Evidence>,
    /// Nothing shows which one it is.
    pub(in crate::runners) hidden: Option<Evidence>,
}

impl Credentials {
    pub(in crate::runners) fn of(agent: &Agent, rule: &'static str) -> Self {
        let seen = |at: &Location, note: String| Evidence::observed(at, rule, note);
        let lasting = agent.lasting().map(|h| {
            seen(&h.at, format!("`{}` stands in the runner's environment, and every build can read it", h.name))
        });
        let short = agent
            .held
            .iter()
            .find(|h| !h.lasting)
            .map(|h| seen(&h.at, format!("`{}` registers the runner and is worth little afterwards", h.name)));
        let leaked = agent.leaked.as_ref().map(|h| seen(&h.at, format!("`{}` holds a token in clear text", h.name)));
        let hidden = agent.hidden.as_ref().map(|at| {
            let note =
                "the runner's environment comes from a file or secret that does not show which credential it holds";
            seen(at, note.to_owned())
        });
        let all = lasting.iter().chain(&short).chain(&leaked).chain(&hidden).chain(&agent.script).cloned().collect();
        Self { all, lasting: lasting.or(leaked).or_else(|| agent.script.clone()), hidden }
    }
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

fn host_ephemeral(run: &Run, agent: &Agent, rule: &'static str) -> Tri {
    if let Once::No(evidence) = &agent.once {
        return Tri::Failed(evidence.clone());
    }
    if let Some(mount) = lasting(run) {
        let note = "a volume outlives the container, so one job leaves files to the next";
        return Tri::Failed(Evidence::observed(&mount.location, rule, note));
    }
    if let Some(v) = daemon(run) {
        let note = "a Docker daemon beside the runner keeps what every job leaves in it";
        return Tri::Failed(Evidence::observed(&v.at, rule, note));
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

fn host_isolated(run: &Run, credentials: &Credentials, rule: &'static str) -> Tri {
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
        return failed(&v.at, "builds share a Docker daemon");
    }
    if let Some(evidence) = &credentials.lasting {
        return Tri::Failed(evidence.clone());
    }
    if let Some(evidence) = &credentials.hidden {
        return Tri::Unshown(
            evidence.clone(),
            "the credential's kind: a registration token or a just-in-time configuration".to_owned(),
        );
    }
    let note =
        "no runtime socket, no shared volume, no namespace of the host and no lasting credential in the container";
    Tri::Met(Evidence::observed(&run.location, rule, note))
}
