//! What the specification of a pod shows about the builds in it, whatever makes the pod.
//!
//! Storage that outlives the pod hands one build's files to the next. Privileged containers, paths and namespaces of
//! the node, runtime sockets and strong service accounts let overlapping builds reach one another.
//! Source: <https://kubernetes.io/docs/concepts/storage/volumes/>,
//! <https://kubernetes.io/docs/concepts/security/pod-security-standards/>

use crate::model::{Evidence, Location, Note, Tri};
use crate::runners::{File, is_open};
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

/// Capabilities that are as good as the whole node.
const CAPABILITIES: &[&str] = &["SYS_ADMIN", "CAP_SYS_ADMIN", "ALL", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "BPF"];

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

    fn seen(&self, node: Node<'_>, note: impl Into<String>) -> Evidence {
        Evidence::observed(&self.at(node), self.rule, note)
    }

    /// Every container, those that start first included. The specification of a task of Tekton has its own words.
    pub(in crate::runners) fn containers(&self) -> Vec<Node<'a>> {
        let lists = ["containers", "initContainers", "sidecarContainers", "ephemeralContainers", "steps", "sidecars"];
        let listed = lists.iter().filter_map(|key| self.spec.get(key)).flat_map(|list| list.items());
        listed.chain(self.spec.get("stepTemplate")).collect()
    }

    /// A volume that outlives the pod, or a claim of it.
    pub(in crate::runners) fn lasting(&self) -> Option<Evidence> {
        let volumes = self.spec.get("volumes")?;
        volumes.items().find_map(|volume| {
            if let Some(host) = volume.get("hostPath") {
                return (!is_socket(host) && !is_device(host) && !self.only_read(volume)).then(|| {
                    self.seen(volume, "a path of the node outlives the pod, so one job leaves files to the next")
                });
            }
            if let Some(driver) = volume.get("csi").and_then(|c| c.get("driver")).and_then(|d| d.as_str()) {
                let shared = ["nfs", "efs", "smb", "file", "lustre", "fuse"].iter().any(|s| driver.contains(s));
                return (shared && !self.only_read(volume)).then(|| {
                    self.seen(volume, "a network volume outlives the pod, so one job leaves files to the next")
                });
            }
            let kind = LASTING.iter().find(|kind| volume.get(kind).is_some())?;
            let read_only = volume.get(kind).and_then(|v| v.get("readOnly")).and_then(|r| r.as_bool()) == Some(true);
            (!read_only && !self.only_read(volume))
                .then(|| self.seen(volume, "a volume outlives the pod, so one job leaves files to the next"))
        })
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
    fn only_read(&self, volume: Node<'_>) -> bool {
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

    /// What lets overlapping builds reach one another; `None` when nothing of the pod does. `machine` says that the pod
    /// has a machine of its own, which bears privileged containers. With `makes_pods` the role of the pod's service
    /// account is expected to make pods, and only secrets count.
    pub(in crate::runners) fn breach(&self, machine: bool, makes_pods: bool) -> Option<Tri> {
        if let Some(found) = self.lasting() {
            return Some(Tri::Failed(Evidence { note: format!("builds share storage: {}", found.note), ..found }));
        }
        if let Some(found) = self.host_path() {
            return Some(Tri::Failed(found));
        }
        if let Some(found) = self.namespace() {
            return Some(found);
        }
        if let Some(found) = self.privileged().filter(|_| !machine) {
            return Some(found);
        }
        match self.service_account(makes_pods) {
            Power::Harmless => None,
            Power::Strong(evidence) => Some(Tri::Failed(evidence)),
            Power::Unknown(evidence) => {
                let to_show = "the service account's Role and RoleBinding in the checkout, or no service account";
                Some(Tri::Unshown(evidence, to_show.to_owned()))
            }
        }
    }

    /// The verdict on a field that is bad when it is on, unless it is off.
    fn switch(&self, node: Node<'_>, note: String) -> Option<Tri> {
        match node.as_bool() {
            Some(false) => None,
            Some(true) => Some(Tri::Failed(self.seen(node, note))),
            None if node.is_null() => None,
            None => {
                let evidence = self.seen(node, "the value of this field is not visible");
                Some(Tri::Unshown(evidence, "a literal `false` here".to_owned()))
            }
        }
    }

    fn host_path(&self) -> Option<Evidence> {
        let volumes = self.spec.get("volumes")?;
        volumes.items().find_map(|volume| {
            let host = volume.get("hostPath")?;
            if is_socket(host) {
                return Some(
                    self.seen(
                        volume,
                        "the socket of the node's container runtime is mounted: a build controls the node",
                    ),
                );
            }
            // The whole file system of the node, or what the node's agent keeps, tells secrets even when only read.
            let path = host.get("path").and_then(|p| p.as_str()).unwrap_or_default();
            let secret = path == "/"
                || ["/etc", "/root", "/var/lib/kubelet", "/proc", "/home"].contains(&path.trim_end_matches('/'));
            (secret || is_device(host) || !self.only_read(volume))
                .then(|| self.seen(volume, "a path of the node is mounted into the runner"))
        })
    }

    fn namespace(&self) -> Option<Tri> {
        let keys = ["hostNetwork", "hostPID", "hostIPC"];
        keys.iter()
            .filter_map(|key| self.spec.get(key))
            .find_map(|node| self.switch(node, "the runner shares a namespace of its node".to_owned()))
    }

    /// A privileged container, or one with capabilities that amount to it.
    pub(in crate::runners) fn privileged(&self) -> Option<Tri> {
        // The specification itself is looked at too: legacy runners carry the container's own context there.
        [self.spec].into_iter().chain(self.containers()).find_map(|container| {
            let context = container.get("securityContext")?;
            let name = container.get("name").and_then(|n| n.as_str());
            let who = name.map_or("the runner".to_owned(), |n| format!("the container `{n}`"));
            let privileged = context.get("privileged");
            if let Some(found) =
                privileged.and_then(|p| self.switch(p, format!("{who} is privileged on a shared node")))
            {
                return Some(found);
            }
            if let Some(node) = context.get("procMount").filter(|p| p.as_str() == Some("Unmasked")) {
                return Some(Tri::Failed(self.seen(node, format!("{who} sees the node's processes unmasked"))));
            }
            let added = context.get("capabilities")?.get("add")?;
            let strong = added.items().find(|c| c.as_str().is_some_and(|c| CAPABILITIES.contains(&c)))?;
            Some(Tri::Failed(self.seen(strong, format!("{who} holds a capability that amounts to the node"))))
        })
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

    /// What could be hardened.
    pub(in crate::runners) fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        for container in self.containers() {
            if let Some(image) = container.get("image")
                && let Some(note) = unpinned(image.as_str().unwrap_or_default(), &self.at(image))
            {
                notes.push(note);
            }
        }
        if let Some(image) = self.spec.get("image")
            && let Some(note) = unpinned(image.as_str().unwrap_or_default(), &self.at(image))
        {
            notes.push(note);
        }
        let non_root = |n: Node<'_>| {
            n.get("securityContext").and_then(|c| c.get("runAsNonRoot")).and_then(|v| v.as_bool()) == Some(true)
        };
        if !non_root(self.spec) && !self.containers().into_iter().any(non_root) {
            notes.push(Note::info(
                "runner-root",
                &self.at(self.spec),
                "nothing asks for a user other than root (`runAsNonRoot`): least privilege leaves a hostile build less to start from",
            ));
        }
        let read_only = |n: Node<'_>| {
            n.get("securityContext").and_then(|c| c.get("readOnlyRootFilesystem")).and_then(|v| v.as_bool())
                == Some(true)
        };
        if !self.containers().into_iter().chain([self.spec]).any(read_only) {
            notes.push(Note::info(
                "runner-writable-root",
                &self.at(self.spec),
                "no container has a read-only root (`readOnlyRootFilesystem`): a hostile build may replace the tools that later steps run",
            ));
        }
        for container in self.containers() {
            let privileged = container.get("securityContext").and_then(|c| c.get("privileged"));
            if let Some(node) = privileged.filter(|n| n.as_bool() == Some(true)) {
                notes.push(Note::info(
                    "runner-privileged",
                    &self.at(node),
                    "a privileged container may do on its machine whatever the machine may: least privilege would do without",
                ));
            }
        }
        for volume in self.spec.get("volumes").into_iter().flat_map(|v| v.items()) {
            if let Some(host) = volume.get("hostPath").filter(|host| !self.only_read(volume) || is_socket(*host)) {
                notes.push(Note::info(
                    "runner-host-path",
                    &self.at(host),
                    "a path of the node is mounted into the pod: what a build does there reaches beyond its pod",
                ));
            }
        }
        const SIGNATURES: &[&str] = &[
            "ClusterImagePolicy",
            "verifyImages",
            "ImageVerificationPolicy",
            "ImageValidatingPolicy",
            "ConnaisseurConfig",
        ];
        if !self.file.anywhere(SIGNATURES) {
            notes.push(Note::info(
                "runner-image-unsigned",
                &self.at(self.spec),
                "no policy in the checkout admits only signed images: whoever can push to the registry chooses what builds run in",
            ));
        }
        // The name of Cilium's policies ends like that of the common ones.
        if !self.file.anywhere(&["NetworkPolicy"]) {
            notes.push(Note::info(
                "runner-egress",
                &self.at(self.spec),
                "no network policy limits where builds may connect: an allow-list of destinations keeps a hostile dependency from sending secrets out or fetching more",
            ));
        }
        notes
    }
}

/// The advice against personal tokens.
pub(in crate::runners) fn identity(at: &Location) -> Note {
    Note::info(
        "runner-identity",
        at,
        "an app or a managed identity in place of a personal token: it belongs to nobody, and its rights and its life are narrow",
    )
}

/// The advice for an image that a tag names, which its owner can move.
pub(in crate::runners) fn unpinned(image: &str, at: &Location) -> Option<Note> {
    (!image.is_empty() && !image.contains("@sha256:")).then(|| {
        let message = format!(
            "the runner image `{image}` is not pinned by digest: whoever moves the tag changes what every build runs in"
        );
        Note::info("runner-image", at, message)
    })
}

fn is_socket(host: Node<'_>) -> bool {
    host.get("path").and_then(|p| p.as_str()).is_some_and(is_runtime)
        || host.get("type").and_then(|p| p.as_str()) == Some("Socket")
}

/// Whether a path is the socket of a container runtime, or the folder that holds it.
pub(in crate::runners) fn is_runtime(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path.ends_with(".sock")
        || path.ends_with("docker_engine")
        || ["/run", "/var/run", "/run/containerd", "/var/run/containerd", "/run/docker", "/var/run/docker"]
            .contains(&path)
}

fn is_device(host: Node<'_>) -> bool {
    host.get("path").and_then(|p| p.as_str()).is_some_and(|p| p.starts_with("/dev/"))
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
