//! Agents in pods that Kubernetes itself or KEDA makes: Deployment, StatefulSet, DaemonSet, Pod, Job, CronJob,
//! ScaledJob.
//!
//! A container that restarts gets a fresh root file system, and its pod's volumes and sidecars stay. Only a pod that is
//! never restarted is one environment for one job.
//! Source: <https://kubernetes.io/docs/concepts/storage/volumes/>, <https://keda.sh/docs/latest/concepts/scaling-jobs/>

use crate::model::{Evidence, Location, Note, RunnerPlatform, RunnerPool, Tri};
use crate::runners::facts::container::{Agent, Container, Variable};
use crate::runners::facts::pod::{Pod, kind_of, name_of};
use crate::runners::facts::script::Once;
use crate::runners::shapes::arc_legacy::visible;
use crate::runners::verdict::container::{Credentials, shape_of};
use crate::runners::verdict::pod::identity;
use crate::runners::verdict::secret::Registration;
use crate::runners::{File, default_labels, is_open, labels_of, scope_of};
use crate::syntax::yaml::Node;

const RULE: &str = "kubernetes-runner";
const SCALED: &str = "keda-scaled-job";
/// The same for agents of Azure Pipelines.
const SCALED_AZURE: &str = "azure-pipelines-scaled-job";

/// Triggers of KEDA that count waiting jobs.
const TRIGGERS: [&str; 2] = ["github-runner", "azure-pipelines"];

/// What makes the pods.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    /// A pod for each task, which ends with it.
    Job,
    /// A number of pods that are kept running.
    Kept,
}

/// The pools of a file.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let mut found = Vec::new();
    if !file.text.contains("apiVersion") {
        return found;
    }
    for document in file.documents() {
        let root = document.root();
        // `kubectl get -o yaml` and older tools wrap objects in a list.
        match root.get("items").filter(|i| root.get("kind").and_then(|k| k.as_str()) == Some("List") && i.is_sequence())
        {
            Some(items) => items.items().for_each(|item| found.extend(object(item, file))),
            None => found.extend(object(root, file)),
        }
    }
    found
}

fn object(root: Node<'_>, file: &File<'_>) -> Option<RunnerPool> {
    let (group, kind) = kind_of(root)?;
    let spec = root.get("spec")?;
    let (maker, pod) = match (group, kind) {
        ("apps" | "extensions", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => {
            (Maker::Kept, spec.get("template")?.get("spec")?)
        }
        ("", "ReplicationController") => (Maker::Kept, spec.get("template")?.get("spec")?),
        ("", "Pod") => {
            let never = spec.get("restartPolicy").and_then(|p| p.as_str()) == Some("Never");
            (if never { Maker::Job } else { Maker::Kept }, spec)
        }
        ("batch", "Job") => (Maker::Job, spec.get("template")?.get("spec")?),
        ("batch", "CronJob") => (Maker::Job, spec.get("jobTemplate")?.get("spec")?.get("template")?.get("spec")?),
        ("keda.sh", "ScaledJob") => (Maker::Job, spec.get("jobTargetRef")?.get("template")?.get("spec")?),
        _ => return None,
    };
    let trigger = (kind == "ScaledJob").then(|| trigger(spec)).flatten();
    let azure = trigger.is_some_and(|t| t.get("type").and_then(|t| t.as_str()) == Some("azure-pipelines"));
    let rule = match kind {
        "ScaledJob" if azure => SCALED_AZURE,
        "ScaledJob" => SCALED,
        _ => RULE,
    };
    let pod = Pod { file, spec: pod, rule };
    let location = file.at(root.get("kind")?);
    let agent = pod.containers().into_iter().find_map(|c| container(c, file, rule).agent(Some(file)));
    let agent = match (agent, trigger) {
        // A pod for each waiting job says more about an agent of Azure Pipelines than its image does.
        (Some(agent), Some(trigger)) if agent.platform == RunnerPlatform::AzurePipelines => {
            opaque(&pod, trigger, rule)?
        }
        (Some(agent), _) => agent,
        (None, Some(trigger)) => opaque(&pod, trigger, rule)?,
        (None, None) => return None,
    };
    let credentials = Credentials::of(&agent, rule);
    let mut labels = if agent.defaults { default_labels(pod.is_arm()) } else { Vec::new() };
    labels.extend(agent.labels.iter().cloned());
    let mut scope = agent.scope.clone();
    if let Some(meta) = trigger.and_then(|t| t.get("metadata")) {
        let word = |key: &str| meta.get(key).and_then(|n| n.as_str());
        // The scaler's labels filter what it counts; where the runner's own are not visible they are the best there is.
        if agent.labels.is_empty() {
            labels.extend(word("labels").map(labels_of).unwrap_or_default());
        }
        if word("poolName").is_some() {
            labels = word("poolName").map(labels_of).unwrap_or_default();
        }
        let one = word("repos").filter(|r| !r.contains(','));
        let named = match (word("owner"), one) {
            (Some(owner), Some(repo)) => Some(format!("{owner}/{repo}")),
            (Some(owner), None) => Some(owner.to_owned()),
            _ => None,
        };
        scope = scope.or_else(|| named.as_deref().and_then(scope_of));
    }
    let hosted = match kind {
        "ScaledJob" => "KEDA starts a Kubernetes job for each waiting job",
        _ => "the runners are pods of a Kubernetes cluster",
    };
    let mut notes: Vec<Note> = pod.notes();
    notes.extend(credentials.lasting.iter().map(|e| identity(&e.location)));
    let least = spec.get("minReplicaCount").filter(|n| n.as_i64().is_some_and(|n| n > 0));
    if let Some(node) = least {
        notes.push(Note::info(
            "runner-scale-to-zero",
            &file.at(node),
            "runners wait while there is no work: a pool that scales to zero leaves nothing to attack between builds",
        ));
    }
    Some(RunnerPool {
        labels,
        group: agent.group.clone(),
        scope,
        hosted: Tri::Met(Evidence::observed(&location, rule, hosted)),
        ephemeral: visible(file, ephemeral(&pod, maker, kind, spec, &agent, &location)),
        isolated: visible(file, isolated(&pod, spec, &credentials, &location)),
        credentials: credentials.all,
        variables: pod.variables(),
        notes,
        files: agent.files.clone(),
        ..RunnerPool::new(shape_of(&agent, rule), name_of(root).unwrap_or_else(|| kind.to_owned()), &location)
    })
}

/// The trigger that counts waiting jobs of a CI platform.
fn trigger(spec: Node<'_>) -> Option<Node<'_>> {
    let is_one = |t: &Node<'_>| t.get("type").and_then(|t| t.as_str()).is_some_and(|t| TRIGGERS.contains(&t));
    spec.get("triggers")?.items().find(is_one)
}

/// A container of a pod.
pub(in crate::runners) fn container(node: Node<'_>, file: &File<'_>, rule: &'static str) -> Container {
    let mut variables = Vec::new();
    for entry in node.get("env").into_iter().flat_map(|e| e.items()) {
        let Some(name) = entry.get("name").and_then(|n| n.as_str()) else { continue };
        let value = entry.get("value").map(|v| v.as_str().unwrap_or_default().to_owned());
        variables.push(Variable { name: name.to_owned(), value, at: file.at(entry) });
    }
    let words = |key: &str| -> Vec<String> {
        node.get(key).map(|c| c.items().filter_map(|i| i.as_str().map(str::to_owned)).collect()).unwrap_or_default()
    };
    Container {
        rule,
        image: node.get("image").and_then(|n| n.as_str()).unwrap_or_default().to_owned(),
        build: None,
        command: words("command").into_iter().chain(words("args")).collect(),
        variables,
        bulk: node.get("envFrom").filter(|e| e.items().next().is_some()).map(|e| file.at(e)),
        at: file.at(node.get("image").unwrap_or(node)),
    }
}

/// The agent of a pod that a trigger for CI jobs starts, when its image does not show it.
fn opaque(pod: &Pod<'_>, trigger: Node<'_>, rule: &'static str) -> Option<Agent> {
    let first = pod.spec.get("containers")?.items().next()?;
    let shown = container(first, pod.file, rule);
    let azure = trigger.get("type").and_then(|t| t.as_str()) == Some("azure-pipelines");
    let once = shown.command.iter().flat_map(|c| c.split_whitespace()).any(|w| w == "--once");
    let once = match once && azure {
        true => Once::Yes(Evidence::observed(&shown.at, rule, "`--once`: the agent takes one job")),
        false => Once::Hidden(Evidence::observed(
            &shown.at,
            rule,
            "a pod for each waiting job is shown, but not that its agent ends after one job: the image is not in the checkout",
        )),
    };
    let platform = if azure { RunnerPlatform::AzurePipelines } else { RunnerPlatform::GitHub };
    Some(Agent { once, ..shown.assumed(platform) })
}

fn ephemeral(pod: &Pod<'_>, maker: Maker, kind: &str, spec: Node<'_>, agent: &Agent, location: &Location) -> Tri {
    let failed = |at: &Location, note: &str| Tri::Failed(Evidence::observed(at, pod.rule, note));
    if let Once::No(evidence) = &agent.once {
        return Tri::Failed(evidence.clone());
    }
    if let Some(evidence) = pod.lasting() {
        return Tri::Failed(evidence);
    }
    if let Some(claims) = spec.get("volumeClaimTemplates").filter(|_| kind == "StatefulSet") {
        return failed(
            &pod.at(claims),
            "a claim of a StatefulSet outlives its pod, so one job leaves files to the next",
        );
    }
    let policy = pod.spec.get("restartPolicy");
    if maker == Maker::Job {
        if let Some(node) = policy.filter(|p| p.as_str() == Some("OnFailure")) {
            return failed(
                &pod.at(node),
                "a failed runner is started again in the same pod, with the volumes of the last job",
            );
        }
        if let Once::Hidden(evidence) = &agent.once {
            let to_show = "a registration for one job that is visible: `EPHEMERAL`, `--ephemeral` or a just-in-time configuration";
            return Tri::Unshown(evidence.clone(), to_show.to_owned());
        }
        return match policy.filter(|p| p.as_str() == Some("Never")) {
            Some(node) => Tri::Met(Evidence::observed(
                &pod.at(node),
                pod.rule,
                "the agent registers for one job, and its pod is never started again",
            )),
            None => Tri::Unshown(
                Evidence::observed(location, pod.rule, "nothing shows that the pod is not started again"),
                "`restartPolicy: Never` in the pod".to_owned(),
            ),
        };
    }
    match &agent.once {
        Once::Hidden(evidence) => Tri::Unshown(
            evidence.clone(),
            "a pool that makes a pod for each job, such as a runner scale set".to_owned(),
        ),
        Once::Yes(evidence) | Once::No(evidence) => {
            if let Some(volume) = pod.scratch() {
                return failed(
                    &pod.at(volume),
                    "the container is started again in the same pod, and this volume keeps the files of the last job",
                );
            }
            if let Some(sidecar) = pod.sidecar() {
                return failed(
                    &pod.at(sidecar),
                    "the runner is started again in the same pod, and this container beside it keeps its state",
                );
            }
            let note = format!(
                "{}, but its container is started again in the same pod: single-use registration is shown, disposal of the environment is not",
                evidence.note
            );
            Tri::Unshown(
                Evidence { note, ..evidence.clone() },
                "a pool that makes a pod for each job, such as a runner scale set".to_owned(),
            )
        }
    }
}

fn isolated(pod: &Pod<'_>, spec: Node<'_>, credentials: &Credentials, location: &Location) -> Tri {
    let machine = pod.machine();
    if let Some(found) = pod.breach(machine.is_some(), false, Registration::Agent) {
        return found;
    }
    if let Some(claims) = spec.get("volumeClaimTemplates") {
        return Tri::Failed(Evidence::observed(
            &pod.at(claims),
            pod.rule,
            "builds share a claim that outlives the pod",
        ));
    }
    if let Some(evidence) = &credentials.lasting {
        return Tri::Failed(evidence.clone());
    }
    if let Some(evidence) = &credentials.hidden {
        let to_show = "the credential's kind: a registration token or a just-in-time configuration";
        return Tri::Unshown(evidence.clone(), to_show.to_owned());
    }
    let note = "no privileged container, no path or namespace of the node, no lasting credential";
    Tri::Met(machine.unwrap_or_else(|| Evidence::observed(location, pod.rule, note)))
}

/// A value that a manifest shows.
pub(in crate::runners) fn literal<'a>(node: Node<'a>, key: &str) -> Option<&'a str> {
    node.get(key).and_then(|n| n.as_str()).filter(|v| !v.is_empty() && !is_open(v))
}
