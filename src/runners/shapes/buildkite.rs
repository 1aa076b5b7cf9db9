//! Agents of Buildkite: the Elastic CI stack, `buildkite-agent.cfg`, and the stack for Kubernetes.
//!
//! Source: <https://buildkite.com/docs/agent/v3/configuration>,
//! <https://github.com/buildkite/elastic-ci-stack-for-aws/blob/main/templates/aws-stack.yml>

use crate::model::{Location, RunnerPool};
use crate::runners::File;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::runners::verdict::pod;
use crate::syntax::conf::{Lines, Value};

const STACK: &str = "buildkite-elastic-stack";
const AGENT: &str = "buildkite-agent";
const KUBERNETES: &str = "buildkite-agent-stack-k8s";

/// The parameters of the stack: those of CloudFormation, or those of its Terraform module.
struct Keys {
    terminate: &'static str,
    agents: &'static str,
    queue: &'static str,
    mirrors: &'static str,
}

const PARAMETERS: Keys = Keys {
    terminate: "BuildkiteTerminateInstanceAfterJob",
    agents: "AgentsPerInstance",
    queue: "BuildkiteQueue",
    mirrors: "BuildkiteAgentEnableGitMirrors",
};
const VARIABLES: Keys = Keys {
    terminate: "buildkite_terminate_instance_after_job",
    agents: "agents_per_instance",
    queue: "buildkite_queue",
    mirrors: "buildkite_agent_enable_git_mirrors",
};

/// A CloudFormation stack made from the Elastic CI template.
pub(in crate::runners) fn stack(name: &str, at: &Location, template: &str, parameters: &Value) -> Option<RunnerPool> {
    let known = template.contains("buildkite") && template.contains("aws-stack")
        || parameters.get(PARAMETERS.terminate).is_some()
        || parameters.get(PARAMETERS.queue).is_some();
    known.then(|| elastic(name, at, parameters, &PARAMETERS))
}

/// The Terraform module of the stack.
pub(in crate::runners) fn stack_module(name: &str, source: &str, value: &Value) -> Option<RunnerPool> {
    source.contains("elastic-ci-stack-for-aws").then(|| elastic(name, &value.at, value, &VARIABLES))
}

fn elastic(name: &str, at: &Location, parameters: &Value, keys: &Keys) -> RunnerPool {
    let mut draft = Draft::new(STACK, name, at);
    draft.labels([parameters.get(keys.queue).map_or("default", |q| q.text().unwrap_or("$"))]);
    draft.documented(Hosted, at, "the stack makes virtual machines of an autoscaling group");
    if !parameters.is_map() || parameters.assumed.is_some() && parameters.get(keys.terminate).is_none() {
        let to_show = format!("`{}` as a literal `true`", keys.terminate);
        draft.pool.labels.clear();
        draft.unshown(Ephemeral, &parameters.at, "the parameters of the stack are not visible", to_show);
        draft.machine_decides(at);
        return draft.finish();
    }
    match parameters.get(keys.terminate).map(|v| (v, v.bool(), &v.assumed)) {
        Some((v, Some(true), None)) => {
            draft.met(Ephemeral, &v.at, format!("`{}`: a machine ends itself after one job", keys.terminate));
        }
        Some((v, Some(false), None)) => {
            draft.failed(Ephemeral, &v.at, format!("`{}` is off: a machine takes job after job", keys.terminate));
        }
        Some((v, ..)) => draft.unshown(
            Ephemeral,
            &v.at,
            format!("the value of `{}` is not visible", keys.terminate),
            format!("`{}` as a literal `true`", keys.terminate),
        ),
        None => draft.failed_by_default(
            Ephemeral,
            at,
            format!("`{}` is not set and off by default: a machine takes job after job", keys.terminate),
        ),
    }
    match parameters.get(keys.agents).map(|v| (v, v.int())) {
        Some((_, Some(1))) | None => {}
        Some((v, Some(_))) => {
            draft.failed(Ephemeral, &v.at, "several agents take jobs on one machine");
            draft.failed(Isolated, &v.at, "several agents take overlapping jobs on one machine");
        }
        Some((v, None)) => draft.unshown(
            Ephemeral,
            &v.at,
            format!("the value of `{}` is not visible", keys.agents),
            format!("`{}` as a literal 1, its default", keys.agents),
        ),
    }
    if let Some(v) = parameters.get("EnableDockerUserNamespaceRemap").filter(|v| v.bool() == Some(false)) {
        draft.note("runner-user-namespaces", &v.at, "containers run as the users of the machine");
    }
    if let Some(v) = parameters.get(keys.mirrors).filter(|v| v.bool() == Some(true)) {
        draft.note("runner-kept-files", &v.at, "git mirrors are kept on the machine");
    }
    draft.machine_decides(at);
    draft.finish()
}

/// Strings of which an agent's configuration holds one.
pub(in crate::runners) const CFG_KEYS: &[&str] = &["build-path", "hooks-path", "buildkite-agent"];

/// `buildkite-agent.cfg`: lines of `key=value`.
pub(in crate::runners) fn config(file: &File<'_>) -> Vec<RunnerPool> {
    if !file.path.ends_with(".cfg") {
        return Vec::new();
    }
    let lines = Lines::new(file.path, file.text);
    let mut settings: Vec<(String, String, Location)> = Vec::new();
    let mut offset = 0;
    for line in file.text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let code = line.trim();
        if code.starts_with('#') {
            continue;
        }
        if let Some((key, value)) = code.split_once('=') {
            let value = value.split(" #").next().unwrap_or_default().trim().trim_matches('"');
            settings.push((key.trim().to_owned(), value.to_owned(), lines.at(&(start..start + line.trim_end().len()))));
        }
    }
    let get = |key: &str| settings.iter().find(|(k, ..)| k == key);
    let own = ["hooks-path", "plugins-path", "tags", "spawn", "queue", "disconnect-after-job"];
    let known = get("build-path").is_some() && own.iter().any(|k| get(k).is_some())
        || get("token").is_some() && own.iter().any(|k| get(k).is_some()) && file.path.contains("buildkite");
    let Some((.., first)) = settings.first().filter(|_| known) else { return Vec::new() };
    let mut draft = Draft::new(AGENT, "buildkite-agent", first);
    let tags = get("tags").map_or("", |(_, v, _)| v);
    let queue =
        tags.split(',').find_map(|t| t.trim().strip_prefix("queue=")).or(get("queue").map(|(_, v, _)| v.as_str()));
    draft.labels([queue.unwrap_or("default")]);
    draft.unshown(
        Hosted,
        first,
        "the agent works on a host that no file shows",
        "the Elastic CI stack, the stack for Kubernetes, or the definition of the host",
    );
    match get("disconnect-after-job") {
        Some((_, value, at)) if value == "true" => draft.unshown(
            Ephemeral,
            at,
            "the agent leaves after one job, but the disposal of its host is not shown",
            "a machine or pod that is destroyed after one job",
        ),
        Some((_, value, at)) if value == "false" => {
            draft.failed(Ephemeral, at, "`disconnect-after-job` is off: the agent takes job after job");
        }
        Some((.., at)) => draft.unshown(
            Ephemeral,
            at,
            "the value of `disconnect-after-job` is not visible",
            "`disconnect-after-job=true`, and a machine that is destroyed",
        ),
        None => draft.failed_by_default(
            Ephemeral,
            first,
            "`disconnect-after-job` is not set and off by default: the agent takes job after job",
        ),
    }
    if let Some((.., at)) = get("spawn").filter(|(_, v, _)| v.parse::<u32>().is_ok_and(|n| n > 1)) {
        draft.failed(Isolated, at, "several agents take overlapping jobs on one host");
    }
    if let Some((.., at)) = get("spawn-per-cpu").filter(|(_, v, _)| v.parse::<u32>().is_ok_and(|n| n > 0)) {
        draft.failed(Isolated, at, "several agents take overlapping jobs on one host");
    }
    if let Some((.., at)) = get("token").filter(|(_, v, _)| !v.is_empty() && v != "xxx" && !crate::runners::is_open(v))
    {
        draft.leaks(at, "the agent's token stands in a file that jobs of the same user can read");
    }
    vec![draft.finish()]
}

/// Strings of which the values of `agent-stack-k8s` hold one.
pub(in crate::runners) const K8S_KEYS: &[&str] =
    &["agent-stack-k8s", "agentStackSecret", "agentToken", "pod-spec-patch"];

/// Values of the chart `agent-stack-k8s`, and its configuration file.
pub(in crate::runners) fn kubernetes(file: &File<'_>) -> Vec<RunnerPool> {
    let mut pools = Vec::new();
    for tree in file.trees() {
        let Some(config) = tree.get("config").filter(|c| c.is_map()) else { continue };
        let own = ["agentToken", "agentStackSecret"].iter().find_map(|k| tree.entry(k));
        let typical = ["queue", "tags", "org", "max-in-flight", "pod-spec-patch", "job-ttl"];
        let Some(own) = own.filter(|_| typical.iter().any(|k| config.get(k).is_some())) else { continue };
        let mut draft = Draft::new(KUBERNETES, "agent-stack-k8s", &own.at);
        let tags = config.get("tags").map(|t| t.walk().into_iter().filter_map(Value::text).collect::<Vec<_>>());
        let queue = tags.unwrap_or_default().into_iter().find_map(|t| t.strip_prefix("queue="));
        draft.labels([queue.or_else(|| config.get("queue").and_then(Value::text)).unwrap_or("default")]);
        draft.documented(Hosted, &own.at, "the controller makes pods of a Kubernetes cluster");
        draft.documented(Ephemeral, &own.at, "the controller makes a pod for each job");
        if let Some(volume) = config.get("workspace-volume") {
            pod::judge_volume(&mut draft, volume);
        }
        if let Some(patch) = config.get("pod-spec-patch") {
            pod::judge(&mut draft, patch);
        }
        if config.get("prohibit-kubernetes-plugin").and_then(Value::bool) == Some(true) {
            draft.met(Isolated, &own.at, "no privileged container, and pipelines may not change the pod");
        } else {
            draft.unshown(
                Isolated,
                &own.at,
                "the `kubernetes` plugin of a pipeline may add privileged containers",
                "`prohibit-kubernetes-plugin: true`",
            );
        }
        pools.push(draft.finish());
    }
    pools
}
