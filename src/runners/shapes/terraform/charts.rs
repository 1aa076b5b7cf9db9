//! Helm charts that Terraform installs.

use std::sync::Arc;

use super::module::Module;
use crate::model::RunnerPool;
use crate::runners::scope_of;
use crate::runners::shapes::gitlab;
use crate::runners::shapes::scale_set::secret_of_chart;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::runners::verdict::{pod, secret};
use crate::syntax::conf::{Data, Entry, Value, yaml};

const RULE: &str = "terraform-arc-scale-set";

/// A chart of the Helm provider.
pub(super) fn helm_release(module: &Module<'_>, of: &str, name: &str, value: &Value) -> Option<RunnerPool> {
    if of != "helm_release" {
        return None;
    }
    let chart = value.get("chart").and_then(Value::text)?;
    let chart = chart.rsplit('/').next().unwrap_or(chart);
    if !matches!(chart, "gha-runner-scale-set" | "gitlab-runner") {
        return None;
    }
    let release = value.get("name").and_then(Value::text);
    let values = Values::of(module, value);
    match chart {
        "gha-runner-scale-set" => Some(scale_set(name, release, value, &values)),
        _ => Some(gitlab::helm(release.unwrap_or(name), &value.at, &values.tree, values.hidden.as_ref())),
    }
}

/// The values of a release, the last writer of each key last.
struct Values {
    tree: Value,
    /// Values that are not visible.
    hidden: Option<crate::model::Location>,
}

impl Values {
    fn of(module: &Module<'_>, release: &Value) -> Self {
        let mut tree = Value::new(release.at.clone(), 0..0, Data::Map(Vec::new()));
        // Values of an earlier release stay, and what the program prints is installed instead.
        let reused = release.get("reuse_values").filter(|value| !matches!(value.data, Data::Bool(false)));
        let mut hidden = reused.or_else(|| release.all("postrender").next()).map(|value| value.at.clone());
        if let Some(values) = release.get("values") {
            let list = match &values.data {
                Data::List(items) => items.as_slice(),
                _ => {
                    hidden = Some(values.at.clone());
                    &[]
                }
            };
            for item in list {
                match part(module, item) {
                    Some(part) => merge(&mut tree, part),
                    None => hidden = Some(item.at.clone()),
                }
            }
        }
        for set in release.all("set").chain(release.all("set_list")) {
            let Some(path) = set.get("name").and_then(Value::text) else {
                hidden = Some(set.at.clone());
                continue;
            };
            if let Some(value) = set.get("value") {
                put(&mut tree, path, value);
            }
        }
        for set in release.all("set_sensitive") {
            let name = set.get("name").and_then(Value::text).unwrap_or_default();
            if let Some(value) = set.get("value") {
                put(&mut tree, name, value);
            }
        }
        Self { tree, hidden }
    }
}

/// One element of `values`: a map from `yamlencode`, a text, or a file.
fn part(module: &Module<'_>, item: &Value) -> Option<Value> {
    match &item.data {
        Data::Map(_) => Some(item.clone()),
        Data::Text { text, .. } => {
            // Its lines are those of the heredoc, which begins on the line below its mark.
            let blank = "\n".repeat(item.at.line as usize);
            let mut documents = yaml(&item.at.path, &format!("{blank}{}", masked(text)))?;
            (!documents.is_empty()).then(|| documents.remove(0))
        }
        Data::File { path, .. } => {
            let (file, text): (Arc<str>, Arc<str>) = module.file(path)?;
            let mut documents = yaml(&file, &masked(&text))?;
            (!documents.is_empty()).then(|| documents.remove(0))
        }
        _ => None,
    }
}

/// `${...}` at the start of a value opens a flow mapping for YAML; as a word it is an unknown value. A directive on a
/// line of its own is no YAML at all.
fn masked(text: &str) -> String {
    let lines = text.lines().map(|line| match line.trim_start().starts_with("%{") {
        true => String::new(),
        false => line.replace("${", "{{").replace("{{", "${"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn merge(tree: &mut Value, part: Value) {
    match (&mut tree.data, part.data) {
        (Data::Map(old), Data::Map(new)) => {
            for entry in new {
                match old.iter_mut().find(|e| e.key == entry.key) {
                    Some(same) => {
                        same.at = entry.at;
                        merge(&mut same.value, entry.value);
                    }
                    None => old.push(entry),
                }
            }
        }
        (data, new) => {
            *data = new;
            tree.at = part.at;
            tree.assumed = part.assumed;
        }
    }
}

fn put(tree: &mut Value, path: &str, value: &Value) {
    let mut built = value.clone();
    for key in path.split('.').rev() {
        let entry = Entry { key: key.to_owned(), at: value.at.clone(), value: built };
        built = Value::new(value.at.clone(), value.bytes.clone(), Data::Map(vec![entry]));
    }
    merge(tree, built);
}

fn scale_set(name: &str, release: Option<&str>, value: &Value, values: &Values) -> RunnerPool {
    let tree = &values.tree;
    let own = tree.get("runnerScaleSetName");
    let label = own.map_or(release, Value::text);
    let mut draft = Draft::new(RULE, label.unwrap_or(name), &value.at);
    draft.labels(label);
    // Further labels exist from chart 0.14 on.
    let version = value.get("version").and_then(Value::text).unwrap_or_default();
    let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (0, 14)
        && let Some(labels) = tree.get("scaleSetLabels")
    {
        draft.labels(labels.items().iter().filter_map(Value::text));
    }
    draft.pool.group = tree.get("runnerGroup").and_then(Value::text).map(str::to_owned);
    draft.pool.scope = tree.get("githubConfigUrl").and_then(Value::text).and_then(scope_of);
    draft.documented(Hosted, &value.at, "a controller runs the runners as pods of a Kubernetes cluster");
    draft.documented(
        Ephemeral,
        &value.at,
        "a runner scale set gives each job a pod of its own with a just-in-time registration, and offers nothing else",
    );
    isolation(&mut draft, value, values);
    draft.finish()
}

fn isolation(draft: &mut Draft, value: &Value, values: &Values) {
    let tree = &values.tree;
    let mode = tree.path(&["containerMode", "type"]);
    match mode.map(|m| (m, m.text())) {
        Some((mode, Some("dind"))) => {
            draft.failed(
                Isolated,
                &mode.at,
                "`containerMode: dind` adds a privileged Docker sidecar to every runner pod",
            );
        }
        Some((mode, Some("kubernetes" | "kubernetes-novolume"))) => {
            let keeps = tree.get("keyVault").is_some();
            let account = tree.path(&["template", "spec", "serviceAccountName"]);
            if !keeps && account.is_none() {
                draft.failed(
                    Isolated,
                    &mode.at,
                    "with the chart's own role the runner may read the secrets of its namespace, the registration secret among them",
                );
            } else if let Some(account) = account.filter(|_| !keeps) {
                let to_show = "a role of the account, in the checkout, that excludes secrets";
                draft.unshown(Isolated, &account.at, "what the account of the runner may read is not shown", to_show);
            }
        }
        Some((mode, None)) => draft.unshown(
            Isolated,
            &mode.at,
            "the container mode is not visible",
            "a literal `containerMode.type`, or none",
        ),
        _ => {}
    }
    if let Some(spec) = tree.path(&["template", "spec"]) {
        pod::judge(draft, spec);
        let secret = tree.get("githubConfigSecret").and_then(|secret| match secret.is_map() {
            true => Some(secret_of_chart(&draft.pool.name)),
            false => secret.shown().map(str::to_owned),
        });
        secret::judge(draft, spec, secret.as_slice());
        let runner = spec.all("containers").find(|c| c.get("name").and_then(Value::text) == Some("runner"));
        if let Some(command) = runner.and_then(|r| r.get("command")) {
            let usual =
                command.walk().iter().filter_map(|v| v.text()).any(|w| w == "/home/runner/run.sh" || w == "run.sh");
            if !usual {
                let note = "an entrypoint of its own takes the place of `run.sh`";
                draft.unshown(Ephemeral, &command.at, note, "the command `/home/runner/run.sh`");
            }
        }
    }
    if let Some(at) = &values.hidden {
        for axis in [Ephemeral, Isolated] {
            draft.unshown(axis, at, "not all values of the chart are visible", "literal values of the chart");
        }
    }
    draft.met(Isolated, &value.at, "no privileged container, no shared volume, and no rights in the cluster");
}

/// Google's module of a cluster with a runner scale set.
pub(super) fn google_gke(module: &Module<'_>, name: &str, source: &str, value: &Value) -> Option<RunnerPool> {
    const RULE: &str = "terraform-google-runner-gke";
    if !source.contains("gh-runner-gke") {
        return None;
    }
    let mut draft = Draft::new(RULE, name, &value.at);
    // The module's release is always called so.
    draft.labels(["arc-runners"]);
    draft.pool.scope = value.get("gh_config_url").and_then(Value::text).and_then(scope_of);
    draft.documented(Hosted, &value.at, "the module runs the runners as pods of a Kubernetes cluster");
    let scale_sets = value.entries().iter().any(|e| e.key.starts_with("arc_") || e.key == "gh_app_id");
    if !scale_sets {
        draft.failed_by_default(
            Ephemeral,
            &value.at,
            "the module's versions without Actions Runner Controller keep a deployment of runners",
        );
        return Some(draft.finish());
    }
    draft.documented(Ephemeral, &value.at, "the module's runner scale set gives each job a pod of its own");
    match value.get("arc_container_mode").map(|m| (m, m.text())) {
        Some((mode, Some("dind"))) => {
            draft.failed(Isolated, &mode.at, "`dind` adds a privileged Docker sidecar to every runner pod");
        }
        Some((mode, Some("kubernetes" | "kubernetes-novolume"))) => draft.failed(
            Isolated,
            &mode.at,
            "with the chart's own role the runner may read the secrets of its namespace, the registration secret among them",
        ),
        Some((mode, None)) => {
            draft.unshown(Isolated, &mode.at, "the container mode is not visible", "a literal `arc_container_mode`");
        }
        Some((_, Some(_))) | None => {}
    }
    if let Some(own) = value.get("arc_runners_values") {
        for item in own.items() {
            match part(module, item) {
                Some(values) => {
                    if let Some(spec) = values.path(&["template", "spec"]) {
                        pod::judge(&mut draft, spec);
                        // The module makes the secret of its own values.
                        secret::judge(&mut draft, spec, &[]);
                    }
                }
                None => draft.unshown(
                    Isolated,
                    &item.at,
                    "the values of the chart are not visible",
                    "literal values of the chart",
                ),
            }
        }
    }
    draft.met(Isolated, &value.at, "the chart adds no privileged container and no shared volume");
    Some(draft.finish())
}
