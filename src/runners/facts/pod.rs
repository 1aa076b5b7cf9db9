//! What the specification of a pod shows about the builds in it, whatever makes the pod.
//!
//! A specification is the same in a manifest, in the values of a chart, in Terraform and in a text inside of another
//! configuration: [`openings`] finds what it opens, and what that means is said where it is judged.
//!
//! Storage that outlives the pod hands one build's files to the next. Privileged containers, paths and namespaces of
//! the node, runtime sockets and strong service accounts let overlapping builds reach one another.
//! Source: <https://kubernetes.io/docs/concepts/storage/volumes/>,
//! <https://kubernetes.io/docs/concepts/security/pod-security-standards/>

use super::handed;
use crate::model::{Evidence, Location, RunnerVariable};
use crate::runners::{File, is_open, is_strong_capability};
use crate::syntax::conf::{Value, yaml_node};
use crate::syntax::yaml::{Kind, Node};

/// Volumes that exist apart from the pod.
const LASTING: &[&str] = &[
    "persistentVolumeClaim",
    "nfs",
    "cephfs",
    "glusterfs",
    "azureFile",
    "azureDisk",
    "iscsi",
    "rbd",
    "awsElasticBlockStore",
    "gcePersistentDisk",
    "flexVolume",
    "portworxVolume",
    "quobyte",
    "storageos",
    "vsphereVolume",
    "fc",
    "cinder",
];

/// Mounts of paths of the node that tell its secrets even when they are only read.
const SECRET: &[&str] = &["", "/etc", "/root", "/var/lib/kubelet", "/proc", "/home"];

/// Lists of the containers of a pod. A task of Tekton and Terraform have words of their own.
const CONTAINERS: &[&str] = &[
    "containers",
    "initContainers",
    "sidecarContainers",
    "ephemeralContainers",
    "steps",
    "sidecars",
    "container",
    "init_container",
];

/// What a specification opens to the node, or leaves to the next pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runners) enum Opening {
    /// A namespace of the node is shared.
    Namespace,
    /// The socket of the node's container runtime is mounted.
    Socket,
    /// A device of the node, or a path that tells its secrets even when it is only read.
    Secret,
    /// A path of the node, which outlives the pod.
    Folder,
    /// A volume of the network, which outlives the pod.
    Network,
    /// Another volume that outlives the pod.
    Claim,
    /// A container is privileged.
    Privileged,
    /// A container sees the node's processes.
    Unmasked,
    /// A container holds a capability that is as good as the node.
    Capability,
}

/// An opening and its place.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Found {
    pub(in crate::runners) what: Opening,
    /// The volume or value.
    pub(in crate::runners) at: Location,
    /// The key that decides.
    pub(in crate::runners) key: Location,
    /// The container, when it has a name.
    pub(in crate::runners) container: Option<String>,
    /// Whether it is there; a value that is not visible may be anything.
    pub(in crate::runners) shown: bool,
    /// Whether a volume also outlives the pod with files that a build can write.
    pub(in crate::runners) lasting: bool,
}

impl Found {
    fn new(what: Opening, at: &Location) -> Self {
        Self { what, at: at.clone(), key: at.clone(), container: None, shown: true, lasting: false }
    }
}

/// The containers of a specification.
pub(super) fn containers_of(spec: &Value) -> Vec<&Value> {
    CONTAINERS.iter().flat_map(|key| spec.all(key)).chain(spec.get("stepTemplate")).collect()
}

/// What a specification opens: namespaces, then volumes, then containers.
pub(in crate::runners) fn openings(spec: &Value) -> Vec<Found> {
    let mut found = Vec::new();
    for key in ["hostNetwork", "hostPID", "hostIPC", "host_network", "host_pid", "host_ipc"] {
        found.extend(spec.get(key).and_then(|value| switch(Opening::Namespace, value)));
    }
    let containers = containers_of(spec);
    for volume in spec.all("volumes").chain(spec.all("volume")) {
        let name = volume.get("name").and_then(Value::text);
        let mut mounts = containers
            .iter()
            .copied()
            .chain([spec])
            .flat_map(|c| c.all("volumeMounts").chain(c.all("volume_mount")))
            .filter(|m| name.is_some() && m.get("name").and_then(Value::text) == name)
            .peekable();
        let reads = |m: &Value| m.get("readOnly").or_else(|| m.get("read_only")).and_then(Value::bool) == Some(true);
        let only_read = mounts.peek().is_some() && mounts.all(reads);
        found.extend(opened(volume, only_read));
    }
    // The specification itself is looked at too: legacy runners carry the container's own context there.
    for container in [spec].into_iter().chain(containers) {
        let context = container.get("securityContext").or_else(|| container.get("security_context"));
        let Some(context) = context else { continue };
        let name = container.get("name").and_then(Value::text).map(str::to_owned);
        let added = context.get("capabilities").and_then(|c| c.get("add")).map(Value::items).unwrap_or_default();
        let strong = added.iter().find(|v| v.text().is_some_and(is_strong_capability));
        let unmasked = ["procMount", "proc_mount"].iter().find_map(|key| context.get(key));
        let unmasked = unmasked.filter(|p| p.text() == Some("Unmasked"));
        let own = context
            .get("privileged")
            .and_then(|value| switch(Opening::Privileged, value))
            .into_iter()
            .chain(unmasked.map(|value| Found::new(Opening::Unmasked, &value.at)))
            .chain(strong.map(|value| Found::new(Opening::Capability, &value.at)));
        found.extend(own.map(|found| Found { container: name.clone(), ..found }));
    }
    found
}

/// A field that opens something when it is on.
fn switch(what: Opening, value: &Value) -> Option<Found> {
    match value.bool() {
        Some(false) => None,
        Some(true) => Some(Found::new(what, &value.at)),
        None if value.is_null() => None,
        None => Some(Found { shown: false, ..Found::new(what, &value.at) }),
    }
}

/// What a volume opens. `only_read` says that no container writes to it.
pub(in crate::runners) fn opened(volume: &Value, only_read: bool) -> Option<Found> {
    let get = |keys: &[&str]| keys.iter().find_map(|k| volume.entry(k)).filter(|e| !e.value.is_null());
    if let Some(host) = get(&["hostPath", "host_path"]) {
        let path = host.value.get("path").unwrap_or(&host.value).text().unwrap_or_default();
        let device = path.starts_with("/dev/");
        let what = if is_runtime(path) || host.value.get("type").and_then(Value::text) == Some("Socket") {
            Opening::Socket
        } else if device || SECRET.contains(&path.trim_end_matches('/')) && path.starts_with('/') {
            Opening::Secret
        } else if !only_read {
            Opening::Folder
        } else {
            return None;
        };
        let lasting = what != Opening::Socket && !device && !only_read;
        return Some(Found { key: host.at.clone(), lasting, ..Found::new(what, &volume.at) });
    }
    if let Some(csi) = get(&["csi"])
        && let Some(driver) = csi.value.get("driver").and_then(Value::text)
    {
        let shared = ["nfs", "efs", "smb", "file", "lustre", "fuse"].iter().any(|s| driver.contains(s));
        return (shared && !only_read).then(|| Found {
            key: csi.at.clone(),
            lasting: true,
            ..Found::new(Opening::Network, &volume.at)
        });
    }
    let claim = get(&["persistent_volume_claim"]).or_else(|| get(LASTING))?;
    let own = claim.value.get("readOnly").or_else(|| claim.value.get("read_only")).and_then(Value::bool);
    (own != Some(true) && !only_read).then(|| Found {
        key: claim.at.clone(),
        lasting: true,
        ..Found::new(Opening::Claim, &volume.at)
    })
}

/// The specification of a pod in a file.
#[derive(Clone, Copy)]
pub(in crate::runners) struct Pod<'a> {
    pub(in crate::runners) file: &'a File<'a>,
    pub(in crate::runners) spec: Node<'a>,
    /// The rule that evidence names.
    pub(in crate::runners) rule: &'static str,
}

/// What the service account of a pod may do.
pub(in crate::runners) enum Power {
    /// Nothing that matters: none is named, its token is not mounted, or its role is shown and harmless.
    Harmless,
    /// It reads secrets, or makes pods.
    Strong(Evidence),
    /// It is named, and no file shows its role.
    Unknown(Evidence),
}

impl<'a> Pod<'a> {
    pub(in crate::runners) fn at(&self, node: Node<'_>) -> Location {
        self.file.at(node)
    }

    pub(in crate::runners) fn seen(&self, node: Node<'_>, note: impl Into<String>) -> Evidence {
        Evidence::observed(&self.at(node), self.rule, note)
    }

    /// What the specification opens.
    pub(in crate::runners) fn openings(&self) -> Vec<Found> {
        openings(&yaml_node(self.file.path, self.spec))
    }

    /// What the runner hands to every job.
    pub(in crate::runners) fn variables(&self) -> Vec<RunnerVariable> {
        handed::variables(&yaml_node(self.file.path, self.spec))
    }

    /// Every container, those that start first included. The specification of a task of Tekton has its own words.
    pub(in crate::runners) fn containers(&self) -> Vec<Node<'a>> {
        let lists = ["containers", "initContainers", "sidecarContainers", "ephemeralContainers", "steps", "sidecars"];
        let listed = lists.iter().filter_map(|key| self.spec.get(key)).flat_map(|list| list.items());
        listed.chain(self.spec.get("stepTemplate")).collect()
    }

    /// A volume of the pod that keeps its files when a container restarts.
    pub(in crate::runners) fn scratch(&self) -> Option<Node<'a>> {
        let volumes = self.spec.get("volumes")?;
        volumes.items().find(|v| {
            let memory = v.get("emptyDir").is_some() || v.get("ephemeral").is_some();
            memory && !self.only_read(*v)
        })
    }

    /// A container beside the first that keeps running when the first restarts.
    pub(in crate::runners) fn sidecar(&self) -> Option<Node<'a>> {
        let restarts = |n: &Node<'_>| n.get("restartPolicy").and_then(|p| p.as_str()) == Some("Always");
        let native = self.spec.get("initContainers").and_then(|list| list.items().find(restarts));
        native.or_else(|| self.spec.get("containers").and_then(|list| list.items().nth(1)))
    }

    /// Whether every mount of a volume only reads.
    pub(in crate::runners) fn only_read(&self, volume: Node<'_>) -> bool {
        let Some(name) = volume.get("name").and_then(|n| n.as_str()) else { return false };
        let mut mounts = self
            .containers()
            .into_iter()
            .chain([self.spec])
            .filter_map(|c| c.get("volumeMounts"))
            .flat_map(|m| m.items())
            .filter(|m| m.get("name").and_then(|n| n.as_str()) == Some(name))
            .peekable();
        mounts.peek().is_some() && mounts.all(|m| m.get("readOnly").and_then(|r| r.as_bool()) == Some(true))
    }

    /// A runtime class of the checkout that gives each pod a virtual machine.
    pub(in crate::runners) fn machine(&self) -> Option<Evidence> {
        let class = self.spec.get("runtimeClassName")?;
        let name = class.as_str().filter(|n| !is_open(n))?;
        for (path, text) in self.file.elsewhere("RuntimeClass") {
            let file = File::new(&path, &text, self.file.checkout);
            for document in file.documents() {
                let root = document.root();
                let is = |key: &str, value: &str| root.get(key).and_then(|n| n.as_str()) == Some(value);
                let named = root.get("metadata").and_then(|m| m.get("name")).and_then(|n| n.as_str()) == Some(name);
                let handler = root.get("handler").and_then(|h| h.as_str()).unwrap_or_default();
                // gVisor and its like share the node's kernel.
                if is("kind", "RuntimeClass") && named && handler.contains("kata") && file.directive().is_none() {
                    let note = format!("the runtime class `{name}` runs each pod in a virtual machine of its own");
                    return Some(self.seen(class, note));
                }
            }
        }
        None
    }

    /// What the pod's service account may do. With `makes_pods` its role is expected to make pods, and only secrets
    /// count.
    pub(in crate::runners) fn service_account(&self, makes_pods: bool) -> Power {
        let named = self.spec.get("serviceAccountName").or_else(|| self.spec.get("serviceAccount"));
        let Some(node) = named.filter(|n| n.as_str().is_some_and(|s| !s.is_empty() && s != "default")) else {
            return Power::Harmless;
        };
        if self.spec.get("automountServiceAccountToken").and_then(|n| n.as_bool()) == Some(false) {
            return Power::Harmless;
        }
        let name = node.as_str().unwrap_or_default();
        let unknown = || {
            let note = format!("no file shows what the service account `{name}` may do");
            Power::Unknown(self.seen(node, note))
        };
        if is_open(name) {
            return unknown();
        }
        let mut roles: Vec<(String, String)> = Vec::new();
        for (path, text) in self.file.elsewhere("RoleBinding") {
            let file = File::new(&path, &text, self.file.checkout);
            for document in file.documents() {
                let root = document.root();
                let binding = root.get("kind").and_then(|k| k.as_str()).is_some_and(|k| k.ends_with("RoleBinding"));
                let subject = root
                    .get("subjects")
                    .is_some_and(|s| s.items().any(|s| s.get("name").and_then(|n| n.as_str()) == Some(name)));
                if binding
                    && subject
                    && let Some(role) = root.get("roleRef")
                {
                    let word = |key: &str| role.get(key).and_then(|n| n.as_str()).unwrap_or_default().to_owned();
                    roles.push((word("kind"), word("name")));
                }
            }
        }
        if roles.is_empty() {
            return unknown();
        }
        for (kind, role) in &roles {
            match self.role(kind, role, makes_pods) {
                Power::Harmless => {}
                other => return other,
            }
        }
        Power::Harmless
    }

    fn role(&self, kind: &str, name: &str, makes_pods: bool) -> Power {
        let node = self.spec.get("serviceAccountName").or_else(|| self.spec.get("serviceAccount")).unwrap_or(self.spec);
        if kind == "ClusterRole" && ["cluster-admin", "admin", "edit"].contains(&name) {
            return Power::Strong(self.seen(
                node,
                format!("the service account has the role `{name}`: a build reads secrets and makes pods"),
            ));
        }
        if kind == "ClusterRole" && name == "view" {
            return Power::Harmless;
        }
        for (path, text) in self.file.elsewhere(name) {
            let file = File::new(&path, &text, self.file.checkout);
            for document in file.documents() {
                let root = document.root();
                let same = root.get("kind").and_then(|k| k.as_str()) == Some(kind)
                    && root.get("metadata").and_then(|m| m.get("name")).and_then(|n| n.as_str()) == Some(name);
                let Some(rules) = root.get("rules").filter(|_| same) else { continue };
                for rule in rules.items() {
                    let has = |key: &str, wanted: &[&str]| {
                        rule.get(key).is_some_and(|list| {
                            list.items()
                                .filter_map(|i| i.as_str())
                                .any(|i| i == "*" || is_open(i) || wanted.contains(&i))
                        })
                    };
                    let place = file.at(rule);
                    if has("resources", &["secrets"]) && has("verbs", &["get", "list", "watch"]) {
                        let note = "the runner's service account reads secrets of the cluster";
                        return Power::Strong(Evidence::observed(&place, self.rule, note));
                    }
                    if !makes_pods
                        && has("resources", &["pods", "pods/exec", "deployments", "jobs"])
                        && has("verbs", &["create"])
                    {
                        let note = "the runner's service account makes pods, and a pod can mount any secret beside it";
                        return Power::Strong(Evidence::observed(&place, self.rule, note));
                    }
                }
                return if file.directive().is_some() {
                    Power::Unknown(self.seen(node, format!("the role `{name}` is a template")))
                } else {
                    Power::Harmless
                };
            }
        }
        Power::Unknown(self.seen(node, format!("no file shows what the role `{name}` allows")))
    }

    /// Whether the pod asks for nodes of the other common architecture.
    pub(in crate::runners) fn is_arm(&self) -> bool {
        let selector = self.spec.get("nodeSelector");
        let arch = selector.and_then(|s| s.get("kubernetes.io/arch").or_else(|| s.get("beta.kubernetes.io/arch")));
        arch.and_then(|a| a.as_str()) == Some("arm64")
    }
}

/// Whether a path is the socket of a container runtime, or the folder that holds it.
pub(in crate::runners) fn is_runtime(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path.ends_with(".sock")
        || path.ends_with("docker_engine")
        || ["/run", "/var/run", "/run/containerd", "/var/run/containerd", "/run/docker", "/var/run/docker"]
            .contains(&path)
}

/// The name in the metadata of an object.
pub(in crate::runners) fn name_of(root: Node<'_>) -> Option<String> {
    root.get("metadata")?.get("name")?.as_str().map(str::to_owned)
}

/// Group and kind of an object, when both are written out.
pub(in crate::runners) fn kind_of<'a>(root: Node<'a>) -> Option<(&'a str, &'a str)> {
    let version = root.get("apiVersion").filter(|n| n.kind() == Kind::String)?.as_str()?;
    let group = version.split_once('/').map_or("", |(group, _)| group);
    Some((group, root.get("kind")?.as_str()?))
}
