//! What the specification of a pod says about isolation and about storage that outlives it.

use crate::runners::verdict::draft::{Draft, On::Isolated};
use crate::syntax::conf::Value;

/// Judges a pod specification: namespaces, volumes, containers. A text that is not exact breaks nothing.
pub(in crate::runners) fn judge(draft: &mut Draft, spec: &Value) {
    for key in ["hostNetwork", "hostPID", "hostIPC", "host_network", "host_pid", "host_ipc"] {
        if let Some(value) = spec.get(key).filter(|v| v.bool() == Some(true)) {
            draft.failed(Isolated, &value.at, "the pod shares a namespace of its node");
        }
    }
    for volume in spec.all("volumes").chain(spec.all("volume")) {
        judge_volume(draft, volume);
    }
    let containers = ["containers", "initContainers", "container", "init_container", "sidecars"];
    for container in containers.iter().flat_map(|key| spec.all(key)) {
        judge_container(draft, container);
    }
}

/// One volume of a pod.
pub(in crate::runners) fn judge_volume(draft: &mut Draft, volume: &Value) {
    let get = |keys: &[&str]| keys.iter().find_map(|k| volume.entry(k)).filter(|e| !e.value.is_null());
    if let Some(host) = get(&["hostPath", "host_path"]) {
        let path = host.value.get("path").unwrap_or(&host.value).text().unwrap_or_default();
        if path.ends_with(".sock") {
            draft.failed(Isolated, &host.at, "the container runtime's socket of the node is mounted");
        } else {
            draft.lasting(&host.at, "a folder of the node is mounted");
        }
    }
    if let Some(claim) = get(&["persistentVolumeClaim", "persistent_volume_claim", "nfs"]) {
        draft.lasting(&claim.at, "a volume is mounted that one build leaves to the next");
    }
}

/// One container of a pod.
pub(in crate::runners) fn judge_container(draft: &mut Draft, container: &Value) {
    let Some(context) = container.get("securityContext").or_else(|| container.get("security_context")) else { return };
    if let Some(value) = context.get("privileged").filter(|v| v.bool() == Some(true)) {
        draft.failed(Isolated, &value.at, "a container of the pod is privileged on a node that it shares");
    }
    let added = context.get("capabilities").and_then(|c| c.get("add"));
    if let Some(value) =
        added.and_then(|a| a.items().iter().find(|v| matches!(v.text(), Some("SYS_ADMIN" | "CAP_SYS_ADMIN" | "ALL"))))
    {
        draft.failed(Isolated, &value.at, "a container of the pod has capabilities that reach its node");
    }
    if let Some(value) = context.get("procMount").filter(|v| v.text() == Some("Unmasked")) {
        draft.failed(Isolated, &value.at, "`procMount: Unmasked` opens the node's kernel interfaces");
    }
}
