//! Tekton: every task of a run is a pod of its own.
//!
//! What a run binds to its workspaces decides whether builds leave files to one another, and what the steps, the
//! sidecars and the pod template ask for decides whether they can reach one another. Tasks that the run takes from
//! elsewhere are not visible.
//! Source: <https://tekton.dev/docs/pipelines/workspaces/>, <https://tekton.dev/docs/pipelines/podtemplates/>,
//! <https://tekton.dev/docs/pipelines/tasks/#specifying-sidecars>

use std::sync::Arc;

use crate::model::{Evidence, Location, RunnerPool, Tri};
use crate::runners::facts::pod::{Pod, kind_of, name_of};
use crate::runners::verdict::secret::Registration;
use crate::runners::{File, is_open};
use crate::syntax::yaml::Node;

/// The strings of which a file with such a definition holds one.
pub(in crate::runners) const KEYS: &[&str] = &["tekton.dev/v1"];

const RULE: &str = "tekton-run";
const GROUP: &str = "tekton.dev";

/// Tasks of a run that are looked up in the checkout.
const MOST_TASKS: usize = 200;

/// What shows that the cluster is somebody's platform and no laptop: the configuration of its controllers.
const CLUSTER: &[&str] = &["operator.tekton.dev/", "chains-config"];

/// The pools of a file: one for each run, and one for each pipeline that no run of the checkout names.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let mut found = Vec::new();
    for document in file.documents() {
        object(document.root(), file, &mut found);
    }
    found
}

fn object(root: Node<'_>, file: &File<'_>, found: &mut Vec<RunnerPool>) {
    match kind_of(root) {
        Some((GROUP, "PipelineRun" | "TaskRun")) => found.extend(Run::of(root, file)),
        Some((GROUP, "Pipeline")) => {
            let name = name_of(root).unwrap_or_default();
            if !is_run(file, &name) {
                found.extend(Run::of(root, file));
            }
        }
        Some(("triggers.tekton.dev", "TriggerTemplate")) => {
            let templates = root.get("spec").and_then(|s| s.get("resourcetemplates"));
            templates.into_iter().flat_map(|t| t.items()).for_each(|t| object(t, file, found));
        }
        _ => {}
    }
}

/// Whether a run of the checkout names the pipeline.
fn is_run(file: &File<'_>, name: &str) -> bool {
    if name.is_empty() {
        return false;
    }
    file.elsewhere("pipelineRef").into_iter().any(|(path, text)| {
        let other = File::new(&path, &text, file.checkout);
        let names = |root: Node<'_>| {
            let reference = root.get("spec").and_then(|s| s.get("pipelineRef"));
            reference.and_then(|r| r.get("name")).and_then(|n| n.as_str()) == Some(name)
        };
        other.documents().iter().any(|document| {
            let root = document.root();
            let templates = root.get("spec").and_then(|s| s.get("resourcetemplates"));
            names(root) || templates.is_some_and(|t| t.items().any(names))
        })
    })
}

/// A run while it is read: on each axis the worst finding stays.
struct Run<'a> {
    file: &'a File<'a>,
    ephemeral: Option<Tri>,
    isolated: Option<Tri>,
    tasks: usize,
}

impl<'a> Run<'a> {
    fn of(root: Node<'_>, file: &'a File<'a>) -> Option<RunnerPool> {
        let spec = root.get("spec")?;
        let location = file.at(root.get("kind")?);
        let mut run = Run { file, ephemeral: None, isolated: None, tasks: 0 };
        let kind = root.get("kind").and_then(|k| k.as_str()).unwrap_or_default();
        run.workspaces(spec, kind);
        for settings in [Some(spec), spec.get("taskRunTemplate")].into_iter().flatten() {
            run.settings(settings, file);
        }
        for own in spec.get("taskRunSpecs").into_iter().flat_map(|s| s.items()) {
            run.settings(own, file);
        }
        match kind {
            "TaskRun" => run.task(spec, file),
            "Pipeline" => run.pipeline(spec, file),
            _ => match spec.get("pipelineSpec") {
                Some(inline) => run.pipeline(inline, file),
                None => run.referenced(spec, "pipelineRef", "Pipeline", file),
            },
        }
        let metadata = root.get("metadata");
        let generated = metadata.and_then(|m| m.get("generateName")).and_then(|n| n.as_str());
        let name = name_of(root).or_else(|| generated.map(|n| n.trim_end_matches('-').to_owned()));
        let name = name.unwrap_or_else(|| kind.to_owned());
        let fresh = "the controller makes a pod for each task, and its volumes are made for the run";
        let apart = "no privileged step or sidecar, no path of the node and no shared claim";
        let met = |note: &str| Tri::Met(Evidence::documented(&location, RULE, note));
        let (ephemeral, isolated) = (run.ephemeral.take(), run.isolated.take());
        Some(RunnerPool {
            hosted: hosted(file, &location),
            ephemeral: crate::runners::shapes::arc_legacy::visible(file, ephemeral.unwrap_or_else(|| met(fresh))),
            isolated: crate::runners::shapes::arc_legacy::visible(file, isolated.unwrap_or_else(|| met(apart))),
            ..RunnerPool::new(RULE, name, &location)
        })
    }

    fn worsen(slot: &mut Option<Tri>, found: Tri) {
        let rank = |t: &Tri| match t {
            Tri::Met(_) => 0,
            Tri::Unshown(..) => 1,
            Tri::Failed(_) => 2,
        };
        if slot.as_ref().is_none_or(|old| rank(old) < rank(&found)) {
            *slot = Some(found);
        }
    }

    fn both(&mut self, found: &Tri) {
        Self::worsen(&mut self.ephemeral, found.clone());
        Self::worsen(&mut self.isolated, found.clone());
    }

    /// What the run binds to its workspaces. A pipeline alone only declares them.
    fn workspaces(&mut self, spec: Node<'_>, kind: &str) {
        for workspace in spec.get("workspaces").into_iter().flat_map(|w| w.items()) {
            let seen = |node: Node<'_>, note: &str| Evidence::observed(&self.file.at(node), RULE, note);
            if kind == "Pipeline" {
                if workspace.get("optional").and_then(|o| o.as_bool()) == Some(true) {
                    continue;
                }
                let note = "a run binds this workspace, and no run of the checkout shows to what";
                let to_show = "the run, with a `volumeClaimTemplate` or an `emptyDir` for the workspace";
                let found = Tri::Unshown(seen(workspace, note), to_show.to_owned());
                self.both(&found);
                continue;
            }
            let Some((key, claim)) = workspace.entry("persistentVolumeClaim") else { continue };
            if claim.get("readOnly").and_then(|r| r.as_bool()) == Some(true) {
                continue;
            }
            let name = claim.get("claimName").and_then(|n| n.as_str()).unwrap_or_default();
            let found = if is_open(name) {
                let evidence = seen(key, "which claim the workspace gets is not visible");
                Tri::Unshown(evidence, "`volumeClaimTemplate` in place of the claim".to_owned())
            } else {
                Tri::Failed(seen(
                    key,
                    "the workspace is a claim that outlives the run, so one run leaves files to the next",
                ))
            };
            self.both(&found);
        }
    }

    /// Pod template and service account of a run or of one of its tasks.
    fn settings(&mut self, settings: Node<'_>, file: &File<'_>) {
        for key in ["podTemplate", "taskPodTemplate"] {
            if let Some(spec) = settings.get(key) {
                self.pod(&Pod { file, spec, rule: RULE });
            }
        }
        let named = ["serviceAccountName", "taskServiceAccountName"].iter().any(|key| settings.get(key).is_some());
        if named {
            self.pod(&Pod { file, spec: settings, rule: RULE });
        }
    }

    fn pod(&mut self, pod: &Pod<'_>) {
        if let Some(evidence) = pod.lasting() {
            Self::worsen(&mut self.ephemeral, Tri::Failed(evidence));
        }
        let machine = pod.machine().is_some();
        if let Some(found) = pod.breach(machine, false, Registration::Unneeded) {
            Self::worsen(&mut self.isolated, found);
        }
    }

    fn pipeline(&mut self, spec: Node<'_>, file: &File<'_>) {
        for task in ["tasks", "finally"].iter().filter_map(|key| spec.get(key)).flat_map(|t| t.items()) {
            self.task(task, file);
        }
    }

    /// A task, written out or by reference.
    fn task(&mut self, task: Node<'_>, file: &File<'_>) {
        self.tasks += 1;
        if self.tasks > MOST_TASKS {
            return self.unseen(task, "more tasks than are read", file);
        }
        match task.get("taskSpec") {
            Some(spec) => self.pod(&Pod { file, spec, rule: RULE }),
            None => self.referenced(task, "taskRef", "Task", file),
        }
    }

    /// The pipeline or task that a reference names, when the checkout holds it.
    fn referenced(&mut self, from: Node<'_>, key: &str, kind: &str, file: &File<'_>) {
        let Some(reference) = from.get(key) else { return };
        let resolved = reference.get("resolver").is_some() || reference.get("bundle").is_some();
        let name = reference.get("name").and_then(|n| n.as_str()).filter(|n| !resolved && !is_open(n));
        let found = name.and_then(|name| definition(file, kind, name));
        let Some((path, text)) = found else {
            let note = if kind == "Task" {
                "the task is not in the checkout, and its steps may be privileged"
            } else {
                "the pipeline is not in the checkout, and its tasks may be privileged"
            };
            return self.unseen(reference, note, file);
        };
        let other = File::new(&path, &text, file.checkout);
        let same = |root: &Node<'_>| kind_of(*root) == Some((GROUP, kind)) && name_of(*root).as_deref() == name;
        for spec in other.documents().iter().map(|d| d.root()).filter(same).filter_map(|root| root.get("spec")) {
            match kind {
                "Pipeline" => self.pipeline(spec, &other),
                _ => self.pod(&Pod { file: &other, spec, rule: RULE }),
            }
        }
    }

    fn unseen(&mut self, node: Node<'_>, note: &str, file: &File<'_>) {
        let evidence = Evidence::observed(&file.at(node), RULE, note);
        Self::worsen(&mut self.isolated, Tri::Unshown(evidence, "its definition in the checkout".to_owned()));
    }
}

/// The file that defines a pipeline or task.
fn definition(file: &File<'_>, kind: &str, name: &str) -> Option<(Arc<str>, Arc<str>)> {
    file.elsewhere(GROUP).into_iter().find(|(path, text)| {
        let other = File::new(path, text, file.checkout);
        other.documents().iter().any(|d| {
            let root = d.root();
            kind_of(root) == Some((GROUP, kind)) && name_of(root).as_deref() == Some(name)
        })
    })
}

/// Whether the checkout shows the cluster's own configuration.
fn hosted(file: &File<'_>, location: &Location) -> Tri {
    for (path, text) in CLUSTER.iter().flat_map(|key| file.elsewhere(key)) {
        let other = File::new(&path, &text, file.checkout);
        for root in other.documents().iter().map(|d| d.root()) {
            let operator = kind_of(root).is_some_and(|(group, _)| group == "operator.tekton.dev");
            let chains = kind_of(root) == Some(("", "ConfigMap")) && name_of(root).as_deref() == Some("chains-config");
            if operator || chains {
                let note =
                    "the configuration of the cluster's controllers is in the checkout: runs are pods of that cluster";
                return Tri::Met(Evidence::observed(&other.at(root.get("kind").unwrap_or(root)), RULE, note));
            }
        }
    }
    let note = "runs are pods of a cluster, and nothing in the checkout shows whose it is";
    let to_show = "the operator's or Chains' configuration of the cluster (`TektonConfig`, `chains-config`)";
    Tri::Unshown(Evidence::observed(location, RULE, note), to_show.to_owned())
}
