//! ECS tasks that run an agent.

use crate::model::{Location, RunnerPool};
use crate::runners::facts::container::{self, Container, Variable, variables};
use crate::runners::verdict::container::{Unit, in_cloud};
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::syntax::conf::Value;

const RULE: &str = "ecs-task";

/// A task definition, whatever the language.
pub(in crate::runners) struct Task<'v> {
    pub(in crate::runners) name: &'v str,
    pub(in crate::runners) at: &'v Location,
    pub(in crate::runners) containers: Vec<Container>,
    pub(in crate::runners) volumes: Vec<&'v Value>,
    /// The service that keeps tasks of it running.
    pub(in crate::runners) service: Option<&'v Location>,
    pub(in crate::runners) fargate: bool,
}

/// A container definition; its keys are written in lower or upper case.
pub(in crate::runners) fn container(value: &Value) -> Container {
    let get = |lower: &str, upper: &str| value.get(lower).or_else(|| value.get(upper));
    let mut found = variables(value.all("environment").chain(value.all("Environment")));
    for secret in value.all("secrets").chain(value.all("Secrets")) {
        if let Some(name) = secret.get("name").or_else(|| secret.get("Name")).and_then(Value::text) {
            found.push(Variable { name: name.to_owned(), value: None, at: secret.at.clone() });
        }
    }
    Container {
        rule: RULE,
        build: None,
        image: get("image", "Image").and_then(Value::shown).unwrap_or_default().to_owned(),
        variables: found,
        command: container::words([get("entryPoint", "EntryPoint"), get("command", "Command")]),
        at: value.at.clone(),
        bulk: container::hidden(value.all("environment").chain(value.all("Environment")).chain(value.all("secrets"))),
    }
}

/// The pool, when a container of the task runs an agent.
pub(in crate::runners) fn pool(task: &Task<'_>) -> Option<RunnerPool> {
    let (container, agent) = task.containers.iter().find_map(|c| Some((c, c.agent(None)?)))?;
    let mut draft = Draft::new(RULE, task.name, task.at);
    draft.documented(Hosted, task.at, "ECS runs the agent's container");
    in_cloud(&mut draft, container, &agent, Unit::Task);
    for volume in &task.volumes {
        let get = |keys: &[&str]| keys.iter().find_map(|k| volume.get(k)).filter(|v| !v.is_null());
        let path = get(&["host_path", "hostPath"])
            .or_else(|| volume.path(&["host", "sourcePath"]))
            .or_else(|| volume.path(&["Host", "SourcePath"]));
        if let Some(path) = path {
            let socket = path.text().is_some_and(|p| p.ends_with(".sock"));
            if socket {
                draft.failed(Isolated, &path.at, "the container runtime's socket of the host is mounted");
            } else {
                draft.lasting(&path.at, "a folder of the host is mounted");
            }
        }
        if get(&["efs_volume_configuration", "efsVolumeConfiguration", "EFSVolumeConfiguration"]).is_some() {
            draft.lasting(&volume.at, "a file system is mounted that one build leaves to the next");
        }
    }
    if draft.is_met(Ephemeral) {
        if task.fargate {
            draft.documented(
                Isolated,
                task.at,
                "Fargate gives each task a machine of its own, without privileged containers",
            );
        } else {
            draft.unshown(
                Isolated,
                task.at,
                "tasks on instances share a host, and no file shows that none is privileged",
                "the launch type `FARGATE`",
            );
        }
    }
    if let Some(service) = task.service {
        draft.note(
            "runner-scale-to-zero",
            service,
            "a service keeps this many agents waiting; one task for each queued job needs none",
        );
    }
    Some(draft.finish())
}
