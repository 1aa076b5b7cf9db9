//! What the values of a scale set show: how containers run beside the runner, and what its pod may do.

use super::RULE;
use crate::model::{Evidence, Location, Tri};
use crate::runners::File;
use crate::runners::facts::pod::{Pod, Power};
use crate::runners::verdict::secret::Registration;
use crate::syntax::yaml::Node;

/// How containers run beside the runner.
pub(super) enum Mode<'a> {
    /// As the pod template says.
    None,
    Dind(Node<'a>),
    /// In pods that the runner makes with the chart's role, unless it has an own one.
    Kubernetes {
        node: Node<'a>,
        vault: bool,
    },
    /// Not visible.
    Hidden(Node<'a>),
}

pub(super) fn mode(values: Node<'_>) -> Mode<'_> {
    let Some(node) = values.get("containerMode").and_then(|m| m.get("type")) else { return Mode::None };
    let vault = values.get("keyVault").is_some_and(|v| v.is_mapping() && v.entries().next().is_some());
    match node.as_str() {
        None | Some("") => Mode::None,
        Some("dind") => Mode::Dind(node),
        Some("kubernetes" | "kubernetes-novolume") => Mode::Kubernetes { node, vault },
        Some(_) => Mode::Hidden(node),
    }
}

pub(super) fn hosted(location: &Location) -> Tri {
    Tri::Met(Evidence::documented(location, RULE, "a controller runs every runner as a pod of a Kubernetes cluster"))
}

pub(super) fn held(location: &Location) -> Evidence {
    Evidence::documented(
        location,
        RULE,
        "the controller holds what registers runners; a pod gets a just-in-time configuration",
    )
}

/// The container of the pod template that is the runner.
fn runner<'a>(pod: &Pod<'a>) -> Option<Node<'a>> {
    pod.containers().into_iter().find(|c| c.get("name").and_then(|n| n.as_str()) == Some("runner"))
}

pub(super) fn ephemeral(pod: Option<&Pod<'_>>, location: &Location) -> Tri {
    if let Some(pod) = pod {
        if let Some(evidence) = pod.lasting() {
            return Tri::Failed(evidence);
        }
        if let Some(command) = runner(pod).and_then(|c| c.get("command")) {
            let words: Vec<&str> = command.items().filter_map(|i| i.as_str()).collect();
            let stock = matches!(words.as_slice(), [one] if one.rsplit('/').next() == Some("run.sh"))
                || matches!(words.as_slice(), [shell, one] if shell.ends_with("sh") && one.rsplit('/').next() == Some("run.sh"));
            if !stock {
                let evidence = Evidence::observed(
                    &pod.at(command),
                    RULE,
                    "an own command takes the place of `run.sh`, and what it does is not visible",
                );
                return Tri::Unshown(evidence, "the stock command `/home/runner/run.sh`".to_owned());
            }
        }
    }
    let note =
        "every runner gets a pod of its own and a just-in-time configuration for one job; nothing switches that off";
    Tri::Met(Evidence::documented(location, RULE, note))
}

/// The secret that the chart makes where its values hold the credential itself.
/// Source: <https://github.com/actions/actions-runner-controller/blob/master/charts/gha-runner-scale-set/templates/_helpers.tpl>
pub(in crate::runners) fn secret_of_chart(set: &str) -> String {
    format!("{set}-gha-rs-github-secret").replace('_', "-")
}

/// The secret that registers the runners of a scale set: a secret of the cluster, or the one that the chart makes of the
/// values and names after the scale set.
pub(super) fn registering(values: Node<'_>, set: Option<&str>) -> Vec<String> {
    let Some(node) = values.get("githubConfigSecret") else { return Vec::new() };
    if node.is_mapping() {
        return set.map(secret_of_chart).into_iter().collect();
    }
    node.as_str().filter(|name| !name.is_empty()).map(str::to_owned).into_iter().collect()
}

pub(super) fn isolated(pod: Option<&Pod<'_>>, mode: &Mode<'_>, secrets: &[String], location: &Location) -> Tri {
    let file = |node: &Node<'_>| -> Location { pod.map_or_else(|| at_node(location, *node), |p| p.at(*node)) };
    let machine = pod.and_then(Pod::machine);
    let kubernetes = matches!(mode, Mode::Kubernetes { .. });
    let registration = Registration::Controller(secrets);
    if let Some(found) = pod.and_then(|p| p.breach(machine.is_some(), kubernetes, registration)) {
        return found;
    }
    if let Some(found) = pod.and_then(|p| hook_template(p, registration)) {
        return found;
    }
    match mode {
        Mode::Dind(node) if machine.is_none() => {
            return Tri::Failed(Evidence::documented(
                &file(node),
                RULE,
                "`containerMode: dind` puts a privileged container beside every runner on a shared node",
            ));
        }
        Mode::Hidden(node) => {
            return Tri::Unshown(
                Evidence::observed(&file(node), RULE, "the container mode is not visible"),
                "a literal container mode, or none".to_owned(),
            );
        }
        Mode::Kubernetes { node, vault } => {
            let own = pod.and_then(|p| p.spec.get("serviceAccountName"));
            // `breach` has found the role of an own account to be shown and without secrets.
            let harmless = own.is_some() && pod.is_some_and(|p| matches!(p.service_account(true), Power::Harmless));
            if !vault && !harmless {
                return Tri::Failed(Evidence::documented(
                    &file(node),
                    RULE,
                    "the chart's role for this mode lets the runner read the secrets of its namespace, the one that registers runners among them",
                ));
            }
            let note = if *vault {
                "jobs run in pods of their own, and a vault holds the registration secret"
            } else {
                "jobs run in pods of their own, and the own service account reads no secrets"
            };
            return Tri::Met(Evidence::observed(&file(node), RULE, note));
        }
        Mode::Dind(_) | Mode::None => {}
    }
    let note =
        "no privileged container, no path of the node and no service account with rights: that is the chart's default";
    Tri::Met(machine.unwrap_or_else(|| Evidence::documented(location, RULE, note)))
}

/// What the template of the pods that the runner makes for containers breaks. The template lies in a config map.
fn hook_template(pod: &Pod<'_>, registration: Registration<'_>) -> Option<Tri> {
    const VARIABLE: &str = "ACTIONS_RUNNER_CONTAINER_HOOK_TEMPLATE";
    let variables = runner(pod)?.get("env")?;
    let entry = variables.items().find(|e| e.get("name").and_then(|n| n.as_str()) == Some(VARIABLE))?;
    let mut seen = false;
    for (path, text) in pod.file.elsewhere("ConfigMap") {
        let outer = File::new(&path, &text, pod.file.checkout);
        for document in outer.documents() {
            let root = document.root();
            if root.get("kind").and_then(|k| k.as_str()) != Some("ConfigMap") {
                continue;
            }
            for (_, value) in root.get("data").into_iter().flat_map(|d| d.entries()) {
                let body = value.as_str().unwrap_or_default();
                if !body.contains("spec:") {
                    continue;
                }
                let inner = File::new(&path, body, pod.file.checkout);
                for spec in inner.documents().iter().filter_map(|d| d.root().get("spec")) {
                    seen = true;
                    let job = Pod { file: &inner, spec, rule: RULE };
                    if let Some(Tri::Failed(found)) = job.breach(false, true, registration) {
                        let note = format!("the template of the job's pods: {}", found.note);
                        return Some(Tri::Failed(Evidence::observed(&outer.at(value), RULE, note)));
                    }
                }
            }
        }
    }
    (!seen).then(|| {
        let note = "the runner makes the job's pods from a template that no config map of the checkout shows";
        Tri::Unshown(Evidence::observed(&pod.at(entry), RULE, note), "the config map with the template".to_owned())
    })
}

fn at_node(location: &Location, node: Node<'_>) -> Location {
    Location::new(&location.path, node.span())
}
