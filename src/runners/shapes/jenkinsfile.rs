//! Jenkins: pods that a pipeline defines for its own builds, in a declarative agent or in a `podTemplate`.
//!
//! The plugin makes a pod for each build and deletes it afterwards, unless `idleMinutes` keeps it. What the pod may do
//! stands in its YAML, in a file of the checkout, or in arguments. A template that another one inherits from, or that is
//! nested in another one, has all of it.
//! Source: <https://plugins.jenkins.io/kubernetes/>

use std::sync::Arc;

use super::jenkins;
use crate::model::{Location, RunnerPool, Tri};
use crate::runners::facts::pod::Pod;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::runners::verdict::secret::Registration;
use crate::runners::{File, is_open, read_named};
use crate::syntax::conf::{ARGUMENTS, BLOCK, Data, Entry, Value, groovy};

/// The strings of which a pipeline with such a definition holds one.
pub(in crate::runners) const KEYS: &[&str] =
    &["podTemplate", "kubernetes {", "kubernetes{", "kubernetes(", "idleMinutes", "yamlFile"];

const RULE: &str = "jenkins-pipeline-pod";

/// Templates within each other.
const DEEPEST: usize = 32;
/// Templates of one pipeline.
const MOST: usize = 200;

/// What a template may say. Anything else, such as a call of a library, fills it in from elsewhere.
const SETTINGS: &[&str] = &[
    "activeDeadlineSeconds",
    "agentContainer",
    "agentInjection",
    "annotations",
    "cloud",
    "containerTemplate",
    "containers",
    "customWorkspace",
    "defaultContainer",
    "envVars",
    "hostNetwork",
    "idleMinutes",
    "imagePullSecrets",
    "inheritFrom",
    "inheritYamlMergeStrategy",
    "instanceCap",
    "label",
    "name",
    "namespace",
    "nodeSelector",
    "nodeUsageMode",
    "podRetention",
    "retries",
    "runAsGroup",
    "runAsUser",
    "schedulerName",
    "serviceAccount",
    "serviceAccountName",
    "showRawYaml",
    "slaveConnectTimeout",
    "supplementalGroups",
    "volumes",
    "workingDir",
    "workspaceVolume",
    "yaml",
    "yamlFile",
    "yamlMergeStrategy",
    BLOCK,
];

/// What a pod gets that nothing in the checkout shows.
const TO_SHOW: &str = "the pod's YAML in the pipeline or in a file of the checkout";

/// Whether a file may be a pipeline of Jenkins.
pub(in crate::runners) fn is_pipeline(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.starts_with("jenkinsfile") || name.ends_with(".jenkinsfile") || name.ends_with(".groovy")
}

/// The pods of a pipeline.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    if !is_pipeline(file.path) {
        return Vec::new();
    }
    let tree = groovy(file.path, file.text);
    let mut found = Vec::new();
    walk(&tree, &Scene { file, tree: &tree }, &mut Vec::new(), &mut found, 0);
    found
}

/// A pipeline that is read.
struct Scene<'s, 'f> {
    file: &'s File<'f>,
    tree: &'s Value,
}

impl Scene<'_, '_> {
    /// The text that a variable of the pipeline holds; the value itself when it is none, or set more than once.
    fn variable<'v>(&'v self, value: &'v Value) -> &'v Value {
        let Data::Unknown(name) = &value.data else { return value };
        let set: Vec<&Value> = self.tree.walk().into_iter().flat_map(|v| v.all(name)).collect();
        match set.as_slice() {
            [one] if matches!(one.data, Data::Text { .. }) => one,
            _ => value,
        }
    }
}

/// Templates of a value, each with those around it.
fn walk<'v>(
    value: &'v Value,
    scene: &Scene<'_, '_>,
    around: &mut Vec<&'v Value>,
    found: &mut Vec<RunnerPool>,
    depth: usize,
) {
    if depth > DEEPEST * 2 || found.len() >= MOST {
        return;
    }
    for item in value.items() {
        walk(item, scene, around, found, depth + 1);
    }
    for entry in value.entries() {
        let template = match entry.key.as_str() {
            "podTemplate" => Some(&entry.value).filter(|v| v.is_map()),
            "agent" => entry.value.get("kubernetes").filter(|v| v.is_map()),
            _ => None,
        };
        // `podTemplate([…])` hands over a map that is made elsewhere.
        let Some(template) = template else {
            walk(&entry.value, scene, around, found, depth + 1);
            continue;
        };
        found.push(pool(entry, template, around, scene));
        around.push(template);
        walk(&entry.value, scene, around, found, depth + 1);
        around.pop();
    }
}

fn pool(entry: &Entry, template: &Value, around: &[&Value], scene: &Scene<'_, '_>) -> RunnerPool {
    let word = |key: &str| template.get(key).and_then(Value::text);
    let label = word("label");
    let name = word("name").or(label).unwrap_or("pod");
    let mut draft = Draft::new(RULE, name, &entry.at);
    draft.labels(label);
    draft.documented(Hosted, &entry.at, "the plugin makes pods of a Kubernetes cluster");
    for one in around.iter().copied().chain([template]) {
        judge(&mut draft, one, &entry.at, scene, 0);
    }
    draft.met(Isolated, &entry.at, "no privileged container, no host namespace and no shared volume");
    draft.finish()
}

/// Takes what a template says, and those that it inherits from.
fn judge(draft: &mut Draft, template: &Value, at: &Location, scene: &Scene<'_, '_>, depth: usize) {
    let file = scene.file;
    let mut shown = template.clone();
    shown.at = at.clone();
    jenkins::settings(draft, &shown);
    // Templates of a configuration have words of their own.
    let foreign = |entry: &&Entry| depth == 0 && !SETTINGS.contains(&entry.key.as_str());
    if let Some(entry) = template.entries().iter().find(foreign) {
        hidden(draft, &entry.at, "what fills in the template is not visible");
    }
    for text in template.all("yaml") {
        let text = scene.variable(text);
        match &text.data {
            Data::Text { text: body, .. } => own_yaml(draft, text, body, file),
            // `readTrusted('pod.yaml')` reads a file of the checkout.
            _ => match ["readTrusted", "readFile"].iter().find_map(|f| text.get(f)) {
                Some(arguments) => {
                    let written = arguments.get(ARGUMENTS).and_then(|a| a.items().first()).or(arguments.get("file"));
                    from_file(draft, written.unwrap_or(text), file);
                }
                None => hidden(draft, &text.at, "the YAML of the pod is not visible"),
            },
        }
    }
    for written in template.all("yamlFile") {
        from_file(draft, written, file);
    }
    let account = ["serviceAccount", "serviceAccountName"].iter().find_map(|key| template.get(key));
    if let Some(account) = account.filter(|a| a.text() != Some("default")) {
        draft.unshown(
            Isolated,
            &account.at,
            "what the service account of the pod may do is not shown",
            "no `serviceAccount` in the template, or one in its YAML with its Role and RoleBinding in the checkout",
        );
    }
    let inherits = template.get("inheritFrom").filter(|i| i.text() != Some("") && !i.is_null());
    let Some(inherits) = inherits else { return };
    let names = inherits.text().map(|names| names.split_whitespace().collect::<Vec<_>>()).unwrap_or_default();
    for name in &names {
        let found = jenkins::named(file, name).filter(|_| depth == 0);
        match found {
            Some(other) => judge(draft, &other, &other.at, scene, depth + 1),
            None => inherited(draft, &inherits.at),
        }
    }
    if names.is_empty() {
        inherited(draft, &inherits.at);
    }
}

fn inherited(draft: &mut Draft, at: &Location) {
    let note = "the template inherits from one of the controller, which no file shows";
    let to_show = "the controller's template in its configuration as code";
    draft.unshown(Ephemeral, at, note, to_show);
    draft.unshown(Isolated, at, note, to_show);
}

fn hidden(draft: &mut Draft, at: &Location, note: &str) {
    draft.unshown(Isolated, at, note, TO_SHOW);
    draft.unshown(Ephemeral, at, note, TO_SHOW);
}

/// YAML that stands in the pipeline, where its first line is that of the mark in front of it, or in a configuration,
/// where it begins below the mark.
fn own_yaml(draft: &mut Draft, text: &Value, body: &str, file: &File<'_>) {
    let above = if is_pipeline(&text.at.path) { 1 } else { 0 };
    let padded = format!("{}{body}", "\n".repeat(text.at.line.saturating_sub(above) as usize));
    let inside = File::new(&text.at.path, &padded, file.checkout);
    specification(draft, &inside, &text.at);
}

/// YAML of a file of the checkout, by its path from the root.
fn from_file(draft: &mut Draft, written: &Value, file: &File<'_>) {
    let read = written.text().filter(|p| !is_open(p)).and_then(|path| {
        let path = path.trim_start_matches("./");
        Some((Arc::<str>::from(path), read_named(file.checkout, file.path, path)?))
    });
    match read {
        Some((path, text)) => {
            specification(draft, &File::new(&path, &text, file.checkout), &written.at);
            draft.pool.files.push(path);
        }
        None => hidden(draft, &written.at, "the file with the pod's YAML is not in the checkout"),
    }
}

fn specification(draft: &mut Draft, file: &File<'_>, at: &Location) {
    // A line that is nothing but a variable may add anything.
    let open = file.text.lines().any(|l| l.trim_start().starts_with("${") || l.trim_start().starts_with("$"));
    let specs: Vec<_> = file.documents().iter().filter_map(|d| d.root().get("spec")).collect();
    if specs.is_empty() || open || file.directive().is_some() {
        hidden(draft, at, "the YAML of the pod is not readable as a pod");
    }
    for spec in specs {
        let pod = Pod { file, spec, rule: RULE };
        if let Some(found) = pod.lasting() {
            draft.found(Ephemeral, Tri::Failed(found));
        }
        let machine = pod.machine();
        if let Some(found) = pod.breach(machine.is_some(), false, Registration::Unneeded) {
            draft.found(Isolated, found);
        }
        draft.pool.notes.extend(pod.notes());
    }
}
