//! A pod: what it opens to its node, and what it leaves to the next pod.

use super::draft::{Draft, On::Isolated};
use super::secret::{Registration, readable};
use crate::model::{Evidence, Location, Note, Tri};
use crate::runners::facts::pod::{self, Found, Opening, Pod, Power, is_runtime};
use crate::syntax::conf::{Value, yaml_node};
use crate::syntax::yaml::Node;

impl Pod<'_> {
    /// A volume that outlives the pod, or a claim of it.
    pub(in crate::runners) fn lasting(&self) -> Option<Evidence> {
        self.openings().iter().find(|f| f.lasting).map(|f| self.outlives(f))
    }

    fn outlives(&self, found: &Found) -> Evidence {
        let what = match found.what {
            Opening::Network => "a network volume",
            Opening::Claim => "a volume",
            _ => "a path of the node",
        };
        let note = format!("{what} outlives the pod, so one job leaves files to the next");
        Evidence::observed(&found.at, self.rule, note)
    }

    /// What lets overlapping builds reach one another; `None` when nothing of the pod does. `machine` says that the pod
    /// has a machine of its own, which bears privileged containers. With `makes_pods` the role of the pod's service
    /// account is expected to make pods, and only secrets count. `registration` says which secrets register its agents.
    pub(in crate::runners) fn breach(
        &self,
        machine: bool,
        makes_pods: bool,
        registration: Registration<'_>,
    ) -> Option<Tri> {
        let openings = self.openings();
        let find = |wanted: &[Opening]| openings.iter().find(|f| wanted.contains(&f.what));
        if let Some(found) = openings.iter().find(|f| f.lasting) {
            let found = self.outlives(found);
            return Some(Tri::Failed(Evidence { note: format!("builds share storage: {}", found.note), ..found }));
        }
        if let Some(found) = find(&[Opening::Socket, Opening::Secret, Opening::Folder]) {
            return Some(self.tri(found));
        }
        if let Some(found) = find(&[Opening::Namespace]) {
            return Some(self.tri(found));
        }
        let strong = find(&[Opening::Privileged, Opening::Unmasked, Opening::Capability]);
        if let Some(found) = strong.filter(|_| !machine) {
            return Some(self.tri(found));
        }
        let [shown, hidden] = readable(&yaml_node(self.file.path, self.spec), registration, self.rule);
        if shown.is_some() {
            return shown;
        }
        match self.service_account(makes_pods) {
            Power::Harmless => hidden,
            Power::Strong(evidence) => Some(Tri::Failed(evidence)),
            Power::Unknown(evidence) => {
                let to_show = "the service account's Role and RoleBinding in the checkout, or no service account";
                Some(Tri::Unshown(evidence, to_show.to_owned()))
            }
        }
    }

    fn tri(&self, found: &Found) -> Tri {
        if !found.shown {
            let evidence = Evidence::observed(&found.at, self.rule, "the value of this field is not visible");
            return Tri::Unshown(evidence, "a literal `false` here".to_owned());
        }
        let who = found.container.as_ref().map_or("the runner".to_owned(), |n| format!("the container `{n}`"));
        let note = match found.what {
            Opening::Socket => {
                "the socket of the node's container runtime is mounted: a build controls the node".to_owned()
            }
            Opening::Secret | Opening::Folder | Opening::Network | Opening::Claim => {
                "a path of the node is mounted into the runner".to_owned()
            }
            Opening::Namespace => "the runner shares a namespace of its node".to_owned(),
            Opening::Privileged => format!("{who} is privileged on a shared node"),
            Opening::Unmasked => format!("{who} sees the node's processes unmasked"),
            Opening::Capability => format!("{who} holds a capability that amounts to the node"),
        };
        Tri::Failed(Evidence::observed(&found.at, self.rule, note))
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

fn is_socket(host: Node<'_>) -> bool {
    host.get("path").and_then(|p| p.as_str()).is_some_and(is_runtime)
        || host.get("type").and_then(|p| p.as_str()) == Some("Socket")
}

/// Judges the pods that an agent makes for its jobs, by their specification. A text that is not exact breaks nothing.
pub(in crate::runners) fn judge(draft: &mut Draft, spec: &Value) {
    pod::openings(spec).iter().for_each(|found| opens(draft, found));
}

/// One volume of such pods.
pub(in crate::runners) fn judge_volume(draft: &mut Draft, volume: &Value) {
    pod::opened(volume, false).iter().for_each(|found| opens(draft, found));
}

fn opens(draft: &mut Draft, found: &Found) {
    if !found.shown {
        return;
    }
    match found.what {
        Opening::Namespace => draft.failed(Isolated, &found.key, "the pod shares a namespace of its node"),
        Opening::Socket => {
            draft.failed(Isolated, &found.key, "the container runtime's socket of the node is mounted");
        }
        Opening::Secret | Opening::Folder if found.lasting => {
            draft.lasting(&found.key, "a folder of the node is mounted");
        }
        Opening::Secret | Opening::Folder => draft.failed(Isolated, &found.key, "a folder of the node is mounted"),
        Opening::Network | Opening::Claim => {
            draft.lasting(&found.key, "a volume is mounted that one build leaves to the next");
        }
        Opening::Privileged => {
            draft.failed(Isolated, &found.key, "a container of the pod is privileged on a node that it shares");
        }
        Opening::Unmasked => {
            draft.failed(Isolated, &found.key, "`procMount: Unmasked` opens the node's kernel interfaces");
        }
        Opening::Capability => {
            draft.failed(Isolated, &found.key, "a container of the pod has capabilities that reach its node");
        }
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
