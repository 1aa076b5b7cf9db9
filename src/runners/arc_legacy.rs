//! Actions Runner Controller, legacy kinds (`actions.summerwind.dev`).
//!
//! The controller makes a pod for each runner. A runner is single-use unless `ephemeral: false`; its pod has a
//! privileged Docker sidecar unless that is switched off.
//! Source: <https://github.com/actions/actions-runner-controller/blob/master/docs>

use std::sync::Arc;

use super::File;
use crate::model::{Evidence, Location, RunnerPool, Tri};
use crate::syntax::yaml::Node;

/// The API group; a file without it defines none of these.
pub(super) const GROUP: &str = "actions.summerwind.dev";

const RULE: &str = "arc-runner-deployment";

/// The pools of a file.
pub(super) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    file.documents().iter().filter_map(|d| pool(d.root(), file.path)).collect()
}

/// Reads one document; `None` when it is something else.
fn pool(root: Node<'_>, path: &Arc<str>) -> Option<RunnerPool> {
    let version = root.get("apiVersion")?.as_str()?;
    if version.split('/').next() != Some(GROUP) {
        return None;
    }
    let kind_node = root.get("kind")?;
    let kind = kind_node.as_str()?;
    let spec = root.get("spec")?;
    let runner = match kind {
        "RunnerDeployment" | "RunnerReplicaSet" => spec.get("template")?.get("spec")?,
        "Runner" | "RunnerSet" => spec,
        _ => return None,
    };
    let at = |node: Node<'_>| Location::new(path, node.span());
    let location = at(kind_node);
    let word = |key: &str| runner.get(key).and_then(|n| n.as_str()).map(str::to_owned);
    let mut labels: Vec<String> = ["self-hosted", "linux", "x64"].map(str::to_owned).to_vec();
    if let Some(list) = runner.get("labels") {
        labels.extend(list.items().filter_map(|n| n.as_str()).map(str::to_ascii_lowercase));
    }
    Some(RunnerPool {
        shape: RULE,
        name: root.get("metadata").and_then(|m| m.get("name")).and_then(|n| n.as_str()).unwrap_or(kind).to_owned(),
        labels,
        group: word("group"),
        scope: word("repository").or_else(|| word("organization")),
        hosted: Tri::Met(Evidence::documented(
            &location,
            RULE,
            "a controller runs the runners as pods of a Kubernetes cluster",
        )),
        ephemeral: ephemeral(runner, kind, &location, &at),
        isolated: isolated(runner, &location, &at),
        ..RunnerPool::new(RULE, String::new(), &location)
    })
}

fn ephemeral(runner: Node<'_>, kind: &str, location: &Location, at: &dyn Fn(Node<'_>) -> Location) -> Tri {
    let failed = |node: Node<'_>, note: &str| Tri::Failed(Evidence::observed(&at(node), RULE, note));
    if let Some(node) = runner.get("ephemeral") {
        match node.as_bool() {
            Some(true) => {}
            Some(false) => return failed(node, "`ephemeral: false`: the pod takes one job after another"),
            None => {
                let note = "the value of `ephemeral` is not visible";
                return Tri::Unshown(
                    Evidence::observed(&at(node), RULE, note),
                    "a literal `ephemeral: true`".to_owned(),
                );
            }
        }
    }
    if let Some(env) = runner.get("env") {
        for entry in env.items() {
            let name = entry.get("name").and_then(|n| n.as_str());
            let on = entry.get("value").and_then(|n| n.as_str()) == Some("true");
            if name == Some("RUNNER_FEATURE_FLAG_ONCE") && on {
                return failed(entry, "`RUNNER_FEATURE_FLAG_ONCE` takes the place of single-use registration");
            }
        }
    }
    if let Some(node) = lasting_volume(runner) {
        return failed(node, "a volume outlives the pod, so one job leaves files to the next");
    }
    if kind == "RunnerSet"
        && let Some(node) = runner.get("volumeClaimTemplates")
    {
        return failed(node, "claims of a RunnerSet are handed from pod to pod");
    }
    let note = "the controller gives each job a pod of its own: `ephemeral` is on unless switched off (since 0.22)";
    Tri::Met(Evidence::documented(location, RULE, note))
}

fn lasting_volume(runner: Node<'_>) -> Option<Node<'_>> {
    let volumes = runner.get("volumes")?;
    volumes.items().find(|v| {
        let socket = v
            .get("hostPath")
            .and_then(|h| h.get("path"))
            .and_then(|p| p.as_str())
            .is_some_and(|p| p.ends_with(".sock"));
        v.get("persistentVolumeClaim").is_some() || v.get("nfs").is_some() || v.get("hostPath").is_some() && !socket
    })
}

fn isolated(runner: Node<'_>, location: &Location, at: &dyn Fn(Node<'_>) -> Location) -> Tri {
    let failed = |node: Node<'_>, note: &str| Tri::Failed(Evidence::observed(&at(node), RULE, note));
    if let Some(node) = runner.get("volumes").and_then(|v| v.items().find(|v| v.get("hostPath").is_some())) {
        return failed(node, "a path of the node is mounted into the runner");
    }
    if let Some(node) = lasting_volume(runner) {
        return failed(node, "runners share a writable volume");
    }
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if let Some(node) = runner.get(key).filter(|n| n.as_bool() == Some(true)) {
            return failed(node, "the runner shares a namespace of its node");
        }
    }
    let privileged = |n: Node<'_>| {
        n.get("securityContext").and_then(|c| c.get("privileged")).filter(|p| p.as_bool() == Some(true)).map(|p| at(p))
    };
    if let Some(place) = privileged(runner) {
        return Tri::Failed(Evidence::observed(&place, RULE, "the runner is privileged on a shared node"));
    }
    if let Some(containers) = runner.get("containers")
        && let Some(place) = containers.items().find_map(privileged)
    {
        return Tri::Failed(Evidence::observed(
            &place,
            RULE,
            "a container of the runner is privileged on a shared node",
        ));
    }
    if let Some(node) = runner.get("dockerdWithinRunnerContainer").filter(|n| n.as_bool() == Some(true)) {
        return failed(node, "`dockerdWithinRunnerContainer` makes the runner privileged");
    }
    let kubernetes = runner.get("containerMode").and_then(|n| n.as_str()) == Some("kubernetes");
    let off = runner.get("dockerEnabled").is_some_and(|n| n.as_bool() == Some(false));
    if kubernetes || off {
        return Tri::Met(Evidence::observed(location, RULE, "no privileged container and no shared volume"));
    }
    match runner.get("dockerEnabled") {
        Some(node) => failed(node, "a privileged Docker sidecar runs in every runner pod"),
        None => Tri::Failed(Evidence::documented(
            location,
            RULE,
            "a privileged Docker sidecar runs in every runner pod, as `dockerEnabled` is on by default",
        )),
    }
}
