//! Nomad jobs that run an agent, and Packer images that bake one in.

use crate::model::RunnerPool;
use crate::runners::File;
use crate::runners::facts::container::{self, Container, Variable};
use crate::runners::facts::script::lines;
use crate::runners::verdict::container::{Unit, in_cloud};
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::syntax::conf::{Block, Data, Value, hcl};

const RULE: &str = "nomad-job";
const CIRCLE: &str = "circleci-nomad-job";
const PACKER: &str = "packer-image";

/// Strings of which such a file holds one.
pub(in crate::runners) const KEYS: &[&str] = &["config.sh", "driver", "RUNNER_"];

/// The pools of an HCL file that is no Terraform.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    if !file.path.ends_with(".hcl") && !file.path.ends_with(".nomad") {
        return Vec::new();
    }
    let Some((blocks, _)) = hcl(file.path, file.text, &()) else { return Vec::new() };
    let mut pools = Vec::new();
    for block in &blocks {
        match block.kind.as_str() {
            "job" => pools.extend(job(file, block)),
            "build" => pools.extend(image(file, block)),
            _ => {}
        }
    }
    pools
}

fn job(file: &File<'_>, block: &Block) -> Vec<RunnerPool> {
    let name = block.labels.first().map_or("job", String::as_str);
    let kind = block.value.get("type").and_then(Value::text).unwrap_or("service");
    let mut pools = Vec::new();
    for group in block.value.all("group") {
        let tasks: Vec<&Value> = group.all("task").collect();
        for task in &tasks {
            let config = task.get("config").unwrap_or(task);
            let container = Container {
                rule: RULE,
                build: None,
                image: config.get("image").and_then(Value::shown).unwrap_or_default().to_owned(),
                variables: variables(task),
                command: container::words([config.get("entrypoint"), config.get("command"), config.get("args")]),
                at: task.at.clone(),
                bulk: None,
            };
            let circle = container.variables.iter().any(|v| v.name.starts_with("CIRCLECI_RUNNER_"));
            let agent = container.agent(Some(file));
            if agent.is_none() && !circle {
                continue;
            }
            let mut draft = Draft::new(if circle { CIRCLE } else { RULE }, name, &block.value.at);
            draft.documented(Hosted, &block.value.at, "Nomad schedules the agent's task on a cluster");
            let unit = if kind == "batch" { Unit::Job } else { Unit::Restarted };
            match &agent {
                Some(agent) => in_cloud(&mut draft, &container, agent, unit),
                None => circleci(&mut draft, &container, unit),
            }
            for each in &tasks {
                reach(&mut draft, each);
            }
            if kind == "batch" {
                draft.met(Isolated, &task.at, "no privileged task, no host folder and no shared volume");
            }
            pools.push(draft.finish());
        }
    }
    pools
}

/// The environment of a task, from its block and from templates that become one.
fn variables(task: &Value) -> Vec<Variable> {
    let mut found = Vec::new();
    for env in task.all("env") {
        for entry in env.entries() {
            let value = entry.value.shown().map(str::to_owned);
            found.push(Variable { name: entry.key.clone(), value, at: entry.at.clone() });
        }
    }
    for template in task.all("template").filter(|t| t.get("env").and_then(Value::bool) == Some(true)) {
        let Some(data) = template.get("data") else { continue };
        for line in data.shown().unwrap_or_default().lines() {
            let code = line.trim();
            if code.starts_with('#') {
                continue;
            }
            if let Some((name, value)) = code.split_once('=') {
                let value = value.trim().trim_matches('"').to_owned();
                found.push(Variable { name: name.trim().to_owned(), value: Some(value), at: data.at.clone() });
            }
        }
    }
    found
}

fn circleci(draft: &mut Draft, container: &Container, unit: Unit) {
    if let Some(class) = container.set("CIRCLECI_RESOURCE_CLASS").and_then(|v| v.value.as_deref()) {
        draft.labels([class]);
    }
    let single = container.set("CIRCLECI_RUNNER_MODE").filter(|v| v.value.as_deref() == Some("single-task"));
    match (single, unit) {
        (Some(mode), Unit::Job) => draft.met(Ephemeral, &mode.at, "a runner for one task, in a job that ends with it"),
        (Some(mode), _) => draft.unshown(
            Ephemeral,
            &mode.at,
            "the runner ends after one task, and the service starts it again; what stays in its place is not shown",
            "a job of the type `batch`",
        ),
        (None, _) => {
            draft.failed_by_default(Ephemeral, &container.at, "the mode is `continuous` by default: task after task");
        }
    }
    if let Some(token) = container.set("CIRCLECI_RUNNER_API_AUTH_TOKEN") {
        draft.credential(&token.at, "the token of the resource class stands in the environment of the runner");
    }
}

/// What a task of the group may reach, and what it leaves.
fn reach(draft: &mut Draft, task: &Value) {
    let config = task.get("config").unwrap_or(task);
    if let Some(value) = config.get("privileged").filter(|v| v.bool() == Some(true)) {
        draft.failed(Isolated, &value.at, "a task of the group is privileged on a node that it shares");
    }
    let caps = config.get("cap_add").map(Value::items).unwrap_or_default();
    if let Some(value) =
        caps.iter().find(|v| v.text().is_some_and(|t| matches!(t.to_ascii_lowercase().as_str(), "sys_admin" | "all")))
    {
        draft.failed(Isolated, &value.at, "a task of the group has capabilities that reach its node");
    }
    let options = config.get("security_opt").map(Value::items).unwrap_or_default();
    if let Some(value) = options.iter().find(|v| v.text().is_some_and(|t| t.contains("unconfined"))) {
        draft.failed(Isolated, &value.at, "a task of the group runs unconfined on its node");
    }
    let arguments = ["args", "entrypoint", "command"].into_iter().flat_map(|key| config.all(key));
    if let Some(value) = arguments.into_iter().find(|v| v.shown().is_some_and(|t| t.contains("--data-root=/alloc"))) {
        draft.lasting(&value.at, "the Docker daemon of the allocation keeps images and containers from build to build");
    }
    for volume in config.get("volumes").map(Value::items).unwrap_or_default() {
        let Some((host, _)) = volume.text().and_then(|v| v.split_once(':')) else { continue };
        if host.ends_with(".sock") {
            draft.failed(Isolated, &volume.at, "the container runtime's socket of the node is mounted");
        } else if host.starts_with('/') {
            draft.lasting(&volume.at, "a folder of the node is mounted");
        }
    }
    if let Some(mount) = task.get("volume_mount") {
        draft.lasting(&mount.at, "a volume is mounted that one build leaves to the next");
    }
}

/// An image that only holds the agent says nothing; one that is registered while it is made shares one identity among
/// all machines made of it.
fn image(file: &File<'_>, block: &Block) -> Option<RunnerPool> {
    for step in block.value.all("provisioner") {
        for key in ["inline", "script", "scripts"] {
            let Some(value) = step.get(key) else { continue };
            let texts: Vec<String> = match (&value.data, key) {
                (Data::List(items), "inline") => {
                    vec![items.iter().filter_map(Value::shown).collect::<Vec<_>>().join("\n")]
                }
                _ => {
                    let paths = value.walk().into_iter().filter_map(Value::shown);
                    paths.filter_map(|p| Some(file.sibling(p)?.1.to_string())).collect()
                }
            };
            for text in texts {
                let install = lines::read(&text, &|_, _| value.at.clone(), &[], PACKER);
                if install.registers().is_some() {
                    let mut draft = Draft::new(PACKER, "image", &value.at);
                    crate::runners::verdict::machine::registered(&mut draft, &install, false);
                    let note = "the agent is registered while the image is made, so machines of it share one identity";
                    draft.failed(Ephemeral, &value.at, note);
                    return Some(draft.finish());
                }
            }
        }
    }
    None
}
