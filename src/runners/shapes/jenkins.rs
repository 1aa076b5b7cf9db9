//! Jenkins: Configuration as Code.
//!
//! The same words mean opposite things: with the Kubernetes plugin `idleMinutes` keeps a pod for further builds, with
//! the Docker plugin it belongs to the strategy that uses a container once.
//! Source: <https://plugins.jenkins.io/kubernetes/>, <https://plugins.jenkins.io/docker-plugin/>, <https://plugins.jenkins.io/ec2/>

use crate::model::{Location, RunnerPool};
use crate::runners::File;
use crate::runners::facts::pod::is_runtime;
use crate::runners::recognise::{is_incidental, refuse};
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::runners::verdict::pod;
use crate::syntax::conf::{Entry, Value, yaml, yaml_node};

const CONTROLLER: &str = "jenkins-controller";
const NODE: &str = "jenkins-node";
const KUBERNETES: &str = "jenkins-kubernetes";
const DOCKER: &str = "jenkins-docker";
const EC2: &str = "jenkins-ec2";
const VM: &str = "jenkins-vm";

/// Strings of which a configuration holds one.
pub(in crate::runners) const KEYS: &[&str] = &["numExecutors", "clouds:", "permanent:"];

/// The agents that a configuration defines.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let mut pools = Vec::new();
    for tree in file.trees() {
        if let Some(jenkins) = tree.get("jenkins").filter(|j| is_configuration(j)) {
            read(jenkins, &mut pools);
        }
        // Values of the Helm chart hold configurations as texts.
        let Some(scripts) = tree.path(&["controller", "JCasC", "configScripts"]) else { continue };
        for script in scripts.entries() {
            let Some(text) = script.value.shown() else { continue };
            let padded = format!("{}{text}", "\n".repeat(script.value.at.line as usize));
            let inner = yaml(file.path, &padded);
            if inner.is_none() && !text.contains("{{") && !is_incidental(file.path) {
                let at = Some((script.at.line, script.at.column));
                refuse(file.checkout, file.path, at, "the configuration in this text is not valid YAML".to_owned());
            }
            for inner in inner.unwrap_or_default() {
                if let Some(jenkins) = inner.get("jenkins").filter(|j| is_configuration(j)) {
                    read(jenkins, &mut pools);
                }
            }
        }
    }
    pools
}

fn is_configuration(jenkins: &Value) -> bool {
    ["nodes", "clouds", "numExecutors"].iter().any(|k| jenkins.get(k).is_some())
}

fn own_host(draft: &mut Draft, at: &Location) {
    draft.unshown(
        Hosted,
        at,
        "the machine is not defined in the checkout",
        "an agent of a cloud, or the machine's definition",
    );
}

fn read(jenkins: &Value, pools: &mut Vec<RunnerPool>) {
    if let Some(executors) = jenkins.get("numExecutors").filter(|n| n.int().is_some_and(|n| n > 0)) {
        let mut draft = Draft::new(CONTROLLER, "built-in", &executors.at);
        draft.labels(["built-in"]);
        draft.labels(jenkins.get("labelString").and_then(Value::text));
        own_host(&mut draft, &executors.at);
        draft.failed(Ephemeral, &executors.at, "the controller takes one build after another");
        draft.failed(Isolated, &executors.at, "builds run on the controller, beside its credentials");
        pools.push(draft.finish());
    }
    for node in jenkins.all("nodes") {
        let Some(permanent) = node.get("permanent") else { continue };
        let name = permanent.get("name").and_then(Value::text).unwrap_or("node");
        let mut draft = Draft::new(NODE, name, &node.at);
        draft.labels([name]);
        draft.labels(permanent.get("labelString").and_then(Value::text));
        own_host(&mut draft, &node.at);
        draft.failed(Ephemeral, &node.at, "a permanent node takes one build after another");
        if let Some(n) = permanent.get("numExecutors").filter(|n| n.int().is_some_and(|n| n > 1)) {
            draft.failed(Isolated, &n.at, "builds that overlap share the node");
        }
        pools.push(draft.finish());
    }
    for cloud in jenkins.all("clouds") {
        for entry in cloud.entries() {
            match entry.key.as_str() {
                "kubernetes" => entry.value.all("templates").for_each(|t| pools.push(kubernetes(t))),
                "docker" => entry.value.all("templates").for_each(|t| pools.push(docker(t))),
                "amazonEC2" | "ec2" | "eC2" => entry.value.all("templates").for_each(|t| pools.push(ec2(t))),
                "azureVM" | "azureVm" => entry.value.all("vmTemplates").for_each(|t| pools.push(machine(t))),
                "computeEngine" => entry.value.all("configurations").for_each(|t| pools.push(machine(t))),
                _ => {}
            }
        }
    }
}

fn template(shape: &'static str, template: &Value, labels: &[&str]) -> Draft {
    let name = ["name", "templateName", "namePrefix", "description"];
    let name = name.iter().find_map(|k| template.get(k).and_then(Value::text)).unwrap_or("template");
    let mut draft = Draft::new(shape, name, &template.at);
    draft.labels(labels.iter().filter_map(|k| template.get(k).and_then(Value::text)));
    draft
}

fn kubernetes(value: &Value) -> RunnerPool {
    let mut draft = template(KUBERNETES, value, &["label"]);
    draft.documented(Hosted, &value.at, "the plugin makes pods of a Kubernetes cluster");
    settings(&mut draft, value);
    for text in value.all("yaml").chain(value.all("yamls")) {
        let padded = text.shown().map(|t| format!("{}{t}", "\n".repeat(text.at.line as usize)));
        let documents = padded.and_then(|t| yaml(&text.at.path, &t));
        match documents {
            Some(documents) => {
                for document in documents {
                    pod::judge(&mut draft, document.get("spec").unwrap_or(&document));
                }
            }
            None => draft.unshown(Isolated, &text.at, "the pod's own text is not readable as YAML", "plain YAML"),
        }
    }
    draft.met(Isolated, &value.at, "no privileged container, no host namespace and no shared volume");
    draft.finish()
}

/// What a pod template of the Kubernetes plugin says besides its YAML, in a configuration or in a pipeline.
pub(super) fn settings(draft: &mut Draft, value: &Value) {
    match value.get("idleMinutes").map(|v| (v, v.int())) {
        Some((_, Some(0))) | None => {
            draft.documented(Ephemeral, &value.at, "`idleMinutes` is 0 by default: a pod is deleted after one build");
        }
        Some((v, Some(_))) => draft.failed(Ephemeral, &v.at, "`idleMinutes` keeps a pod for further builds"),
        Some((v, None)) => {
            draft.unshown(Ephemeral, &v.at, "the value of `idleMinutes` is not visible", "no `idleMinutes`");
        }
    }
    if let Some(network) = value.get("hostNetwork").filter(|v| v.bool() == Some(true)) {
        draft.failed(Isolated, &network.at, "the pod shares the network of its node");
    }
    for volume in value.all("volumes") {
        let get = |key: &str| volume.entry(key);
        let reads = |entry: &Entry| entry.value.get("readOnly").and_then(Value::bool) == Some(true);
        if let Some(host) = get("hostPathVolume") {
            let path = host.value.get("hostPath").and_then(Value::text).unwrap_or_default();
            if is_runtime(path) {
                draft.failed(Isolated, &host.at, "the container runtime's socket of the node is mounted");
            } else if !reads(host) {
                draft.lasting(&host.at, "a folder of the node is mounted");
            }
        }
        if let Some(claim) = get("persistentVolumeClaim").or_else(|| get("nfsVolume")).filter(|e| !reads(e)) {
            draft.lasting(&claim.at, "a volume is mounted that one build leaves to the next");
        }
    }
    if let Some(workspace) = value.get("workspaceVolume") {
        let kept = ["persistentVolumeClaimWorkspaceVolume", "hostPathWorkspaceVolume", "nfsWorkspaceVolume"];
        if let Some(entry) = kept.iter().find_map(|k| workspace.entry(k)) {
            draft.lasting(&entry.at, "the workspace lies on a volume that one build leaves to the next");
        }
    }
    // A pipeline names each container by the call that makes it.
    let containers = value.all("containers").chain(value.all("containerTemplate"));
    for container in containers.map(|c| c.get("containerTemplate").unwrap_or(c)) {
        if let Some(privileged) = container.get("privileged").filter(|v| v.bool() == Some(true)) {
            draft.failed(Isolated, &privileged.at, "a container of the pod is privileged on a node that it shares");
        }
    }
    let retention = value.get("podRetention").filter(|r| {
        let named = |name: &str| r.get(name).is_some() || r.shown() == Some(name);
        named("always") || named("onFailure")
    });
    if let Some(retention) = retention {
        draft.note(
            "runner-kept-files",
            &retention.at,
            "the pod stays after its build, with what the build left in it; no further build gets it",
        );
    }
}

/// The pod template of this name that a configuration of the checkout defines.
pub(super) fn named(file: &File<'_>, name: &str) -> Option<Value> {
    for (path, text) in file.elsewhere("clouds:") {
        let other = File::new(&path, &text, file.checkout);
        for document in other.documents() {
            let tree = yaml_node(&path, document.root());
            let clouds = tree.get("jenkins").into_iter().flat_map(|j| j.all("clouds").collect::<Vec<_>>());
            let templates = clouds.flat_map(|c| {
                c.all("kubernetes").flat_map(|k| k.all("templates").collect::<Vec<_>>()).collect::<Vec<_>>()
            });
            let found = templates
                .into_iter()
                .find(|t| ["name", "label"].iter().any(|key| t.get(key).and_then(Value::text) == Some(name)));
            if let Some(found) = found {
                return Some(found.clone());
            }
        }
    }
    None
}

fn docker(value: &Value) -> RunnerPool {
    let mut draft = template(DOCKER, value, &["labelString"]);
    own_host(&mut draft, &value.at);
    let base = value.get("dockerTemplateBase");
    draft.documented(
        Ephemeral,
        &value.at,
        "the plugin uses a container once by default; `idleMinutes` is only a time-out",
    );
    for mount in base.into_iter().flat_map(|b| b.all("mounts").chain(b.all("volumes"))) {
        let Some(text) = mount.text() else { continue };
        if text.contains(".sock") {
            draft.failed(Isolated, &mount.at, "the container runtime's socket of the host is mounted");
        } else if !text.contains("type=tmpfs") {
            draft.lasting(&mount.at, "a volume is mounted that one build leaves to the next");
        }
    }
    if let Some(privileged) = base.and_then(|b| b.get("privileged")).filter(|v| v.bool() == Some(true)) {
        draft.failed(Isolated, &privileged.at, "the container controls the host that it shares");
    }
    draft.unshown(
        Isolated,
        &value.at,
        "containers share the daemon of a host that no file shows",
        "a pod or machine for each build",
    );
    draft.finish()
}

fn ec2(value: &Value) -> RunnerPool {
    let mut draft = template(EC2, value, &["labelString", "labels"]);
    draft.documented(Hosted, &value.at, "the plugin makes virtual machines of a cloud account");
    match value.get("maxTotalUses").map(|v| (v, v.int())) {
        Some((v, Some(1))) => draft.met(Ephemeral, &v.at, "`maxTotalUses: 1`: a machine takes one build"),
        Some((v, Some(_))) => draft.failed(Ephemeral, &v.at, "`maxTotalUses` lets a machine take several builds"),
        Some((v, None)) => {
            draft.unshown(Ephemeral, &v.at, "the value of `maxTotalUses` is not visible", "`maxTotalUses: 1`");
        }
        None => draft.failed_by_default(
            Ephemeral,
            &value.at,
            "`maxTotalUses` is -1 by default: a machine takes any number of builds",
        ),
    }
    if let Some(stop) = value.get("stopOnTerminate").filter(|v| v.bool() == Some(true)) {
        draft.failed(Ephemeral, &stop.at, "`stopOnTerminate` keeps the machine and its disk for later");
    }
    if let Some(kept) = value.get("deleteRootOnTermination").filter(|v| v.bool() == Some(false)) {
        draft.note("runner-kept-files", &kept.at, "the disk outlives the machine");
    }
    executors(&mut draft, value);
    draft.machine_decides(&value.at);
    draft.finish()
}

fn machine(value: &Value) -> RunnerPool {
    let mut draft = template(VM, value, &["labelString", "labels"]);
    draft.documented(Hosted, &value.at, "the plugin makes virtual machines of a cloud account");
    let strategy = value.get("retentionStrategy");
    let once = value.get("oneShot").filter(|v| v.bool() == Some(true)).or_else(|| {
        strategy.filter(|s| {
            s.walk().iter().any(|v| {
                v.entries().iter().any(|e| e.key.to_ascii_lowercase().contains("once"))
                    || v.text().is_some_and(|t| t.to_ascii_lowercase().contains("once"))
            })
        })
    });
    match once {
        Some(value) => draft.met(Ephemeral, &value.at, "a machine takes one build"),
        None => draft.failed_by_default(
            Ephemeral,
            &value.at,
            "nothing limits a machine to one build, and by default it takes any number",
        ),
    }
    executors(&mut draft, value);
    draft.machine_decides(&value.at);
    draft.finish()
}

fn executors(draft: &mut Draft, value: &Value) {
    if let Some(n) = value.get("numExecutors").filter(|n| n.int().is_some_and(|n| n > 1)) {
        draft.failed(Isolated, &n.at, "builds that overlap share the machine");
    }
}
