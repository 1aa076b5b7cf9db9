//! GitLab Runner: `config.toml`, Helm values, the operator, and Terraform's cattle-ops module.
//!
//! What decides is the executor: a pod for each job, a machine for each job, or a host that jobs share. On a shared
//! host a container for each job is not enough, since its `/builds` and `/cache` volumes stay.
//! Source: <https://docs.gitlab.com/runner/executors/>, <https://docs.gitlab.com/runner/configuration/advanced-configuration/>

mod executor;

use crate::model::{Location, RunnerPool};
use crate::runners::File;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};

use crate::syntax::conf::{Lines, Value, toml};

use executor::{caches, kubernetes, machine_uses, one};

const CONFIG: &str = "gitlab-runner-config";
const HELM: &str = "gitlab-runner-helm";
const OPERATOR: &str = "gitlab-runner-operator";
const CATTLE: &str = "gitlab-runner-cattle-ops";

/// Strings of which a `config.toml` holds one.
pub(in crate::runners) const TOML_KEYS: &[&str] = &["[[runners]]"];
/// Strings of which a YAML file with a runner holds one.
pub(in crate::runners) const YAML_KEYS: &[&str] = &["gitlabUrl", "apps.gitlab.com", "[[runners]]"];

/// The runners of a `config.toml`.
pub(in crate::runners) fn config(file: &File<'_>) -> Vec<RunnerPool> {
    let lower = file.path.to_ascii_lowercase();
    if ![".toml", ".tpl", ".tftpl", ".j2"].iter().any(|e| lower.ends_with(e)) {
        return Vec::new();
    }
    let Some(tree) = Value::of_toml(file.path, file.text) else { return Vec::new() };
    let concurrent = tree.get("concurrent").and_then(Value::int);
    let runners = tree.all("runners").filter(|r| r.get("executor").is_some());
    runners
        .map(|runner| {
            let name = runner.get("name").and_then(Value::text).unwrap_or("gitlab-runner");
            let mut draft = Draft::new(CONFIG, name, &runner.at);
            one(&mut draft, runner, concurrent);
            draft.finish()
        })
        .collect()
}

/// Runners in YAML: Helm values, resources of the operator, and configuration maps with a `config.toml`.
pub(in crate::runners) fn in_yaml(file: &File<'_>) -> Vec<RunnerPool> {
    let mut pools = Vec::new();
    for tree in file.trees() {
        let group = tree.get("apiVersion").and_then(Value::text).unwrap_or_default();
        if group.starts_with("apps.gitlab.com/") && tree.get("kind").and_then(Value::text) == Some("Runner") {
            pools.extend(operator(file, &tree));
        } else {
            values(file, &tree, 0, &mut pools);
        }
    }
    pools
}

/// Helm values, also where another chart or a wrapper holds them.
fn values(file: &File<'_>, tree: &Value, depth: usize, pools: &mut Vec<RunnerPool>) {
    let config = tree.path(&["runners", "config"]);
    let toml = config.and_then(Value::shown).is_some_and(|t| t.contains("[[runners]]"));
    let url = tree.entry("gitlabUrl");
    if toml || url.is_some() && (tree.get("runners").is_some_and(Value::is_map) || tree.get("runnerToken").is_some()) {
        let at = url.map_or_else(|| tree.entry("runners").map_or(tree.at.clone(), |e| e.at.clone()), |e| e.at.clone());
        let name = file.path.rsplit('/').next().unwrap_or_default();
        pools.push(helm(name, &at, tree, file.directive()));
        return;
    }
    if depth < 6 {
        for entry in tree.entries().iter().filter(|e| e.value.is_map()) {
            values(file, &entry.value, depth + 1, pools);
        }
    }
}

/// The values of the chart `gitlab-runner`. There is no key for the executor: the chart's default is `kubernetes`, and
/// the TOML in `runners.config` may say otherwise.
pub(in crate::runners) fn helm(name: &str, at: &Location, tree: &Value, hidden: Option<&Location>) -> RunnerPool {
    let mut draft = Draft::new(HELM, name, at);
    if let Some(tags) = tree.path(&["runners", "tags"]) {
        draft.labels(tags.walk().into_iter().filter_map(Value::text));
    }
    let config = tree.path(&["runners", "config"]);
    let text = config.and_then(|c| Some((c, c.shown()?)));
    let parsed = text.map(|(value, text)| (value, embedded(value, text)));
    match parsed {
        Some((_, Some(inner))) if inner.all("runners").next().is_some() => {
            for runner in inner.all("runners") {
                match runner.get("executor") {
                    Some(_) => one(&mut draft, runner, None),
                    None => {
                        kubernetes(&mut draft, runner.get("kubernetes"), &runner.at);
                        caches(&mut draft, runner);
                    }
                }
            }
        }
        Some((value, None)) => {
            draft.unshown(Ephemeral, &value.at, "`runners.config` is not readable as TOML", "plain TOML");
            draft.unshown(Isolated, &value.at, "`runners.config` is not readable as TOML", "plain TOML");
            draft.documented(Hosted, at, "the chart runs the runner in a Kubernetes cluster");
        }
        _ => {
            let executor = tree.path(&["runners", "executor"]).filter(|e| e.text() != Some("kubernetes"));
            match executor {
                Some(executor) => {
                    draft.unshown(Ephemeral, &executor.at, "the executor is not that of the chart", "`kubernetes`");
                    draft.documented(Hosted, at, "the chart runs the runner in a Kubernetes cluster");
                }
                None => kubernetes(&mut draft, None, at),
            }
        }
    }
    // Before chart 0.23 the setting stood here.
    if let Some(value) = tree.path(&["runners", "privileged"]).filter(|v| v.bool() == Some(true)) {
        draft.failed(Isolated, &value.at, "`runners.privileged`: pods of jobs control the node that they share");
    }
    if let Some(value) = tree.path(&["rbac", "clusterWideAccess"]).filter(|v| v.bool() == Some(true)) {
        draft.note("runner-account", &value.at, "the runner's account may act in every namespace of the cluster");
    }
    if let Some(token) = tree.get("runnerToken").or_else(|| tree.get("runnerRegistrationToken")) {
        draft.credential(&token.at, "the runner's token stays with the manager");
    }
    if let Some(at) = hidden {
        for axis in [Ephemeral, Isolated] {
            draft.unshown(axis, at, "not all values of the chart are visible", "literal values of the chart");
        }
    }
    draft.finish()
}

/// TOML in a block of another language. Lines hold where the block is a literal one; columns are those of the block.
fn embedded(value: &Value, text: &str) -> Option<Value> {
    let padded = format!("{}{text}", "\n".repeat(value.at.line as usize));
    let lines = Lines::new(&value.at.path, &padded);
    toml(&lines, &padded, 0)
}

/// A resource of the GitLab Runner operator, which uses the Kubernetes executor.
fn operator(file: &File<'_>, tree: &Value) -> Option<RunnerPool> {
    let spec = tree.get("spec")?;
    let kind = tree.get("kind")?;
    let name = tree.path(&["metadata", "name"]).and_then(Value::text).unwrap_or("Runner");
    let mut draft = Draft::new(OPERATOR, name, &kind.at);
    if let Some(tags) = spec.get("tags") {
        draft.labels(tags.walk().into_iter().filter_map(Value::text));
    }
    draft.documented(Hosted, &kind.at, "the operator makes pods of a Kubernetes cluster");
    draft.documented(Ephemeral, &kind.at, "the operator uses the Kubernetes executor, which makes a pod for each job");
    if let Some(config) = spec.get("config") {
        match config.text().and_then(|name| own_settings(file, name)) {
            Some(settings) => {
                for runner in settings.all("runners") {
                    kubernetes(&mut draft, runner.get("kubernetes"), &runner.at);
                    caches(&mut draft, runner);
                }
            }
            None => {
                let note = "a configuration map changes the runner's settings, and the checkout does not hold it";
                draft.unshown(Ephemeral, &config.at, note, "the configuration map in the checkout");
                draft.unshown(Isolated, &config.at, note, "the configuration map in the checkout");
            }
        }
    }
    draft.documented(Isolated, &kind.at, "pods of jobs are not privileged and share no volume by default");
    Some(draft.finish())
}

/// The `config.toml` of a configuration map of the checkout.
fn own_settings(file: &File<'_>, name: &str) -> Option<Value> {
    file.elsewhere("ConfigMap").into_iter().find_map(|(path, text)| {
        let other = File::new(&path, &text, file.checkout);
        let tree = other.documents().iter().map(|d| crate::syntax::conf::yaml_node(&path, d.root())).find(|tree| {
            tree.get("kind").and_then(Value::text) == Some("ConfigMap")
                && tree.path(&["metadata", "name"]).and_then(Value::text) == Some(name)
        })?;
        let data = tree.path(&["data", "config.toml"])?;
        embedded(data, data.shown()?)
    })
}

/// Terraform's cattle-ops module (before: npalm), whose defaults are the opposite on every axis.
/// Source: <https://github.com/cattle-ops/terraform-aws-gitlab-runner/blob/main/variables.tf>
pub(in crate::runners) fn cattle_ops(name: &str, source: &str, value: &Value) -> Option<RunnerPool> {
    if !source.contains("cattle-ops/gitlab-runner/aws")
        && !source.contains("npalm/gitlab-runner/aws")
        && !source.contains("terraform-aws-gitlab-runner")
    {
        return None;
    }
    let mut draft = Draft::new(CATTLE, name, &value.at);
    draft.documented(Hosted, &value.at, "the module makes virtual machines of a cloud account");
    if let Some(tags) = value.path(&["runner_gitlab_registration_config", "tag_list"]) {
        draft.labels(tags.text());
    }
    let kind = value.path(&["runner_worker", "type"]).or_else(|| value.get("runners_executor"));
    let kind_text = match kind {
        None => Some("docker+machine"),
        Some(kind) => kind.text(),
    };
    let (key, default, used) = match kind_text {
        Some("docker-autoscaler" | "instance") => {
            ("max_use_count", 100, value.path(&["runner_worker_docker_autoscaler", "max_use_count"]))
        }
        Some("docker+machine") => (
            "destroy_after_max_builds",
            0,
            value
                .path(&["runner_worker_docker_machine_instance", "destroy_after_max_builds"])
                .or_else(|| value.get("runners_max_builds")),
        ),
        Some("docker") => {
            draft.failed(Ephemeral, &kind.map_or(value.at.clone(), |k| k.at.clone()), "jobs run on the manager's host");
            ("", 0, None)
        }
        _ => {
            let at = kind.map_or(&value.at, |k| &k.at);
            draft.unshown(Ephemeral, at, "the type of the workers is not visible", "a literal `runner_worker.type`");
            ("", 0, None)
        }
    };
    if !key.is_empty() {
        match used {
            Some(used) => machine_uses(&mut draft, &value.at, Some(used), key),
            None => {
                let note = format!("`{key}` is not set and {default} by default: a machine takes job after job");
                draft.failed_by_default(Ephemeral, &value.at, note);
            }
        }
    }
    if let Some(capacity) = value.path(&["runner_worker_docker_autoscaler", "capacity_per_instance"])
        && capacity.int().is_some_and(|c| c > 1)
    {
        draft.failed(Isolated, &capacity.at, "`capacity_per_instance` puts jobs that overlap on one machine");
        draft.failed(Ephemeral, &capacity.at, "`capacity_per_instance` puts several jobs on one machine");
    }
    let privileged =
        value.path(&["runner_worker_docker_options", "privileged"]).or_else(|| value.get("runners_privileged"));
    if !draft.is_met(Ephemeral) {
        match privileged {
            Some(p) if p.bool() == Some(true) => {
                draft.failed(Isolated, &p.at, "`privileged`: containers of jobs control the machine that jobs share");
            }
            Some(_) => {}
            None => draft.failed_by_default(
                Isolated,
                &value.at,
                "`privileged` is on by default: containers of jobs control the machine that jobs share",
            ),
        }
    }
    draft.machine_decides(&value.at);
    Some(draft.finish())
}
