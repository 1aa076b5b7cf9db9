//! Actions Runner Controller, legacy kinds (`actions.summerwind.dev`).
//!
//! The controller makes a pod for each runner. A runner is single-use unless `ephemeral: false`; its pod has a
//! privileged Docker sidecar unless that is switched off.
//! Source: <https://github.com/actions/actions-runner-controller/tree/master/docs>, and the release notes of 0.22
//! (`--ephemeral` in place of `--once`), 0.24 (the image decides) and 0.25 (`--once` is gone).

use crate::model::{Evidence, Location, Note, RunnerPool, Tri, Version};
use crate::runners::facts::pod::{Pod, kind_of, name_of};
use crate::runners::verdict::secret::Registration;
use crate::runners::{File, default_labels, is_open, scope_of};
use crate::syntax::yaml::Node;

/// The strings of which a file with such a definition holds one.
pub(in crate::runners) const KEYS: &[&str] = &["actions.summerwind."];

/// Older documentation spells the group with `.net`.
const GROUPS: [&str; 2] = ["actions.summerwind.dev", "actions.summerwind.net"];

const RULE: &str = "arc-runner-deployment";

/// The first runner that knows `--ephemeral`.
const EPHEMERAL_RUNNER: [u32; 3] = [2, 282, 0];
/// The first runner with which the controller from 0.24 on registers for one job without being told.
const SILENT_RUNNER: [u32; 3] = [2, 292, 0];

/// The pools of a file.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    file.documents().iter().filter_map(|d| pool(d.root(), file)).collect()
}

/// Reads one document; `None` when it is something else.
fn pool(root: Node<'_>, file: &File<'_>) -> Option<RunnerPool> {
    let (group, kind) = kind_of(root)?;
    if !GROUPS.contains(&group) {
        return None;
    }
    let spec = root.get("spec")?;
    let runner = match kind {
        "RunnerDeployment" | "RunnerReplicaSet" => spec.get("template")?.get("spec")?,
        "Runner" | "RunnerSet" => spec,
        _ => return None,
    };
    let location = file.at(root.get("kind")?);
    let word = |key: &str| {
        let value = runner.get(key).and_then(|n| n.as_str());
        value.filter(|v| !v.is_empty() && !is_open(v)).map(str::to_owned)
    };
    // A RunnerSet keeps its pod's specification in the template of a StatefulSet.
    let inner = match kind {
        "RunnerSet" => spec.get("template").and_then(|t| t.get("spec")),
        _ => None,
    };
    let pods: Vec<Pod<'_>> =
        [Some(runner), inner].into_iter().flatten().map(|spec| Pod { file, spec, rule: RULE }).collect();
    let arm = pods.iter().any(Pod::is_arm);
    let mut labels = default_labels(arm);
    if let Some(list) = runner.get("labels") {
        let shown = list.items().filter_map(|n| n.as_str()).filter(|l| !is_open(l));
        labels.extend(shown.map(str::to_ascii_lowercase));
    }
    let mut notes: Vec<Note> = pods.first().map(Pod::notes).unwrap_or_default();
    if let Some(node) = runner.get("dockerEnabled").filter(|n| n.as_bool() != Some(false)) {
        notes.push(docker(&file.at(node)));
    }
    let token = "the controller puts a short-lived registration token into the runner's environment";
    Some(RunnerPool {
        labels,
        group: word("group"),
        scope: word("repository").or_else(|| word("organization")).and_then(|s| scope_of(&s)),
        hosted: Tri::Met(Evidence::documented(
            &location,
            RULE,
            "a controller runs the runners as pods of a Kubernetes cluster",
        )),
        ephemeral: visible(file, ephemeral(runner, kind, &pods, &location)),
        isolated: visible(file, isolated(runner, &pods, &location)),
        credentials: vec![Evidence::documented(&location, RULE, token)],
        variables: pods.iter().flat_map(Pod::variables).collect(),
        notes,
        ..RunnerPool::new(RULE, name_of(root).unwrap_or_else(|| kind.to_owned()), &location)
    })
}

fn docker(at: &Location) -> Note {
    let message = "no build needs a Docker daemon in the runner when images are built by a tool without one: the daemon is the usual way out of a pod";
    Note::info("runner-docker", at, message)
}

/// What is met in a template with hidden lines is not shown after all.
pub(in crate::runners) fn visible(file: &File<'_>, verdict: Tri) -> Tri {
    match (file.directive(), verdict) {
        (Some(place), Tri::Met(evidence)) => {
            let note = "the definition is a template, and what its directives add or hide is not visible";
            Tri::Unshown(Evidence::observed(place, evidence.rule, note), "the definition as it is applied".to_owned())
        }
        (_, verdict) => verdict,
    }
}

fn ephemeral(runner: Node<'_>, kind: &str, pods: &[Pod<'_>], location: &Location) -> Tri {
    let Some(pod) = pods.first() else { return RunnerPool::new(RULE, "", location).ephemeral };
    let at = |node: Node<'_>| pod.at(node);
    let failed = |node: Node<'_>, note: &str| Tri::Failed(Evidence::observed(&at(node), RULE, note));
    let hidden = |node: Node<'_>, note: &str, to_show: &str| {
        Tri::Unshown(Evidence::observed(&at(node), RULE, note), to_show.to_owned())
    };
    let switch = runner.get("ephemeral");
    if let Some(node) = switch {
        match node.as_bool() {
            Some(true) => {}
            Some(false) => return failed(node, "`ephemeral: false`: the pod takes one job after another"),
            None => return hidden(node, "the value of `ephemeral` is not visible", "a literal `ephemeral: true`"),
        }
    }
    for entry in runner.get("env").into_iter().flat_map(|env| env.items()) {
        let name = entry.get("name").and_then(|n| n.as_str());
        let value = entry.get("value").and_then(|n| n.as_str());
        if name == Some("RUNNER_FEATURE_FLAG_ONCE") && value == Some("true") {
            return failed(
                entry,
                "`RUNNER_FEATURE_FLAG_ONCE` takes the place of single-use registration: a pod can get a second job",
            );
        }
    }
    if let Some(evidence) = pods.iter().find_map(Pod::lasting) {
        return Tri::Failed(evidence);
    }
    let claims = runner.get("volumeClaimTemplates").filter(|_| kind == "RunnerSet");
    if let Some(node) = claims {
        return failed(node, "claims of a RunnerSet are handed from pod to pod");
    }
    if let Some(node) = runner.get("workVolumeClaimTemplate").and_then(|w| w.get("storageClassName"))
        && runner.get("containerMode").and_then(|n| n.as_str()) != Some("kubernetes")
    {
        return hidden(
            node,
            "a claim for the work folder is only made for each pod in `containerMode: kubernetes`",
            "`containerMode: kubernetes` beside it",
        );
    }
    if let Some((node, version)) = old_image(runner, pods) {
        return if version.at_least(EPHEMERAL_RUNNER) && switch.is_some() {
            hidden(
                node,
                "a runner image this old falls back to `--once` under newer controllers, and a pod can get a second job",
                "a runner image from 2.292.0 on",
            )
        } else {
            failed(node, "a runner image this old uses `--once`, and a pod can get a second job")
        };
    }
    let note = "the controller gives each job a pod of its own: `ephemeral` is on unless switched off (since 0.22)";
    Tri::Met(match switch {
        Some(node) => Evidence::observed(&at(node), RULE, "the controller gives each job a pod of its own"),
        None => Evidence::documented(location, RULE, note),
    })
}

/// An image of the project whose runner is older than what single-use registration needs.
fn old_image<'a>(runner: Node<'a>, pods: &[Pod<'a>]) -> Option<(Node<'a>, Version)> {
    let containers = pods.iter().flat_map(Pod::containers).filter_map(|c| c.get("image"));
    runner.get("image").into_iter().chain(containers).find_map(|node| {
        let image = node.as_str()?;
        let (name, tag) = image.split('@').next()?.rsplit_once(':')?;
        if !name.contains("actions-runner") {
            return None;
        }
        let version = Version::parse(tag)?;
        // `v2` moves with the newest runner.
        (!version.at_least(SILENT_RUNNER)).then_some((node, version))
    })
}

/// The names of the secret that registers the runners: the controller's own, and the one that a deployment names for
/// itself. Source: <https://github.com/actions/actions-runner-controller/blob/master/docs/authenticating-to-the-github-api.md>
fn registering(runner: Node<'_>) -> Vec<String> {
    let named = runner.get("githubAPICredentialsFrom").and_then(|c| c.get("secretRef")).and_then(|s| s.get("name"));
    let named = named.and_then(|n| n.as_str()).map(str::to_owned);
    named.into_iter().chain(["controller-manager".to_owned()]).collect()
}

fn isolated(runner: Node<'_>, pods: &[Pod<'_>], location: &Location) -> Tri {
    let Some(pod) = pods.first() else { return RunnerPool::new(RULE, "", location).isolated };
    let at = |node: Node<'_>| pod.at(node);
    let failed = |node: Node<'_>, note: &str| Tri::Failed(Evidence::observed(&at(node), RULE, note));
    let kubernetes = runner.get("containerMode").and_then(|n| n.as_str()) == Some("kubernetes");
    let machine = pods.iter().find_map(Pod::machine);
    let secrets = registering(runner);
    let registration = Registration::Controller(&secrets);
    if let Some(found) = pods.iter().find_map(|p| p.breach(machine.is_some(), kubernetes, registration)) {
        return found;
    }
    if let Some(node) = runner.get("volumeClaimTemplates") {
        return failed(node, "claims of a RunnerSet are handed from pod to pod");
    }
    if let Some(evidence) = machine {
        return Tri::Met(evidence);
    }
    if let Some(node) = runner.get("dockerdWithinRunnerContainer").filter(|n| n.as_bool() != Some(false)) {
        return match node.as_bool() {
            Some(_) => failed(node, "`dockerdWithinRunnerContainer` makes the runner privileged"),
            None => Tri::Unshown(
                Evidence::observed(&at(node), RULE, "the value of `dockerdWithinRunnerContainer` is not visible"),
                "a literal `false` here".to_owned(),
            ),
        };
    }
    // The controller leaves the sidecar's privileges to SELinux where its options are set.
    let selinux = runner.get("securityContext").and_then(|c| c.get("seLinuxOptions"));
    if let Some(node) = selinux {
        return Tri::Met(Evidence::observed(
            &at(node),
            RULE,
            "SELinux options take the place of the privileged sidecar",
        ));
    }
    if kubernetes {
        let node = runner.get("containerMode").unwrap_or(runner);
        return Tri::Met(Evidence::observed(&at(node), RULE, "jobs run in pods of their own, without Docker"));
    }
    match runner.get("dockerEnabled") {
        Some(node) if node.as_bool() == Some(false) => {
            Tri::Met(Evidence::observed(&at(node), RULE, "no privileged container and no shared volume"))
        }
        Some(node) if node.as_bool().is_none() => Tri::Unshown(
            Evidence::observed(&at(node), RULE, "the value of `dockerEnabled` is not visible"),
            "a literal `dockerEnabled: false`".to_owned(),
        ),
        Some(node) => failed(node, "a privileged Docker sidecar runs in every runner pod"),
        None => Tri::Failed(Evidence::documented(
            location,
            RULE,
            "a privileged Docker sidecar runs in every runner pod, as `dockerEnabled` is on by default",
        )),
    }
}
