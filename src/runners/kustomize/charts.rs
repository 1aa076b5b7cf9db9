//! Charts that a customisation inflates (`helmCharts`), with their values from files and from the customisation itself.
//!
//! What the chart makes of its values is not in the checkout. A patch for the objects that come out of it is followed as
//! far as it shows something bad; anything else that it changes takes away what was met.
//! Source: <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/helmcharts/>

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Customs, Object, join};
use crate::checkout::Checkout;
use crate::model::{Location, RunnerPool, Tri, Version};
use crate::runners::shapes::scale_set;
use crate::runners::tree::{self, lay_over};
use crate::runners::{File, each_location};
use crate::syntax::conf::{Data, Entry, Value};

const SCALE_SET: &str = "gha-runner-scale-set";

/// A chart, on its way through the customisations.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    pub(super) name: String,
    release: Option<String>,
    version: Option<Version>,
    /// Patches for objects that come out of it.
    pub(super) patches: Vec<Value>,
    /// Where the customisation names it.
    at: Location,
}

/// The charts of a customisation. Files with values are added to `used`.
pub(super) fn of(
    customs: &Customs<'_>,
    folder: &str,
    file: &Arc<str>,
    tree: &Value,
    used: &mut BTreeSet<Arc<str>>,
) -> Vec<Object> {
    let entries = tree.all("helmCharts").chain(tree.all("helmChartInflationGenerator"));
    entries.filter_map(|entry| chart(customs, folder, file, entry, used)).collect()
}

fn chart(
    customs: &Customs<'_>,
    folder: &str,
    file: &Arc<str>,
    entry: &Value,
    used: &mut BTreeSet<Arc<str>>,
) -> Option<Object> {
    let word = |key: &str| entry.get(key).and_then(Value::text);
    let name = word("name").or_else(|| word("chartName"))?.rsplit('/').next()?.to_owned();
    let mut hidden = None;
    let mut values = Value::new(entry.at.clone(), 0..0, Data::Map(Vec::new()));
    let files = ["valuesFile", "values"].iter().filter_map(|key| entry.get(key).filter(|v| !v.is_map()));
    for written in files.chain(entry.all("additionalValuesFiles")) {
        let path = written.text().and_then(|path| join(folder, path));
        let read = path.and_then(|path| customs.read_file("", &path));
        match read {
            Some((path, documents)) => {
                used.insert(path);
                documents.into_iter().for_each(|document| lay_over(&mut values, document, true));
            }
            None => hidden = Some(written.at.clone()),
        }
    }
    if let Some(inline) = entry.get("valuesInline") {
        match word("valuesMerge") {
            Some("replace") => values = inline.clone(),
            // The files win.
            Some("merge") => lay_over(&mut values, inline.clone(), false),
            _ => lay_over(&mut values, inline.clone(), true),
        }
    }
    let chart = Chart {
        name,
        release: word("releaseName").map(str::to_owned),
        version: word("version").and_then(Version::parse),
        patches: Vec::new(),
        at: entry.at.clone(),
    };
    Some(Object { hidden, chart: Some(chart), ..Object::new(file, values) })
}

impl Chart {
    /// What a target has to name to mean the object that makes runners: the scale set. Charts of other agents keep the
    /// settings of their jobs in configuration maps.
    pub(super) fn head(&self, object: &Object) -> Object {
        let (version, kind) = match self.name.as_str() {
            SCALE_SET => ("actions.github.com/v1alpha1", "AutoscalingRunnerSet"),
            _ => ("v1", "ConfigMap"),
        };
        let text = |text: &str| Value::new(self.at.clone(), 0..0, Data::Text { text: text.to_owned(), exact: true });
        let entry = |key: &str, value: Value| Entry { key: key.to_owned(), at: self.at.clone(), value };
        let map = |entries: Vec<Entry>| Value::new(self.at.clone(), 0..0, Data::Map(entries));
        let own = object.value.get("runnerScaleSetName").and_then(Value::text);
        let name = own.or(self.release.as_deref()).unwrap_or(&self.name);
        let value = map(vec![
            entry("apiVersion", text(version)),
            entry("kind", text(kind)),
            entry("metadata", map(vec![entry("name", text(name))])),
        ]);
        Object::new(&object.path, value)
    }

    /// The prefix or suffix of a customisation is part of the name that the chart's object gets.
    pub(super) fn affix(&mut self, front: bool, text: &str) {
        self.release = self.release.take().map(|name| match front {
            true => format!("{text}{name}"),
            false => format!("{name}{text}"),
        });
    }

    /// The pools of the chart with the values that it gets.
    pub(super) fn pools(&self, file: &File<'_>, read: &dyn Fn(&File<'_>) -> Vec<RunnerPool>) -> Vec<RunnerPool> {
        match self.name.as_str() {
            SCALE_SET => scale_set::of_release(file, self.release.clone(), self.version),
            _ => read(file),
        }
    }

    /// What patches for the chart's object show about its pool; only the bad is taken from them.
    pub(super) fn patched(
        &self,
        pool: &mut RunnerPool,
        checkout: &Checkout,
        read: &dyn Fn(&File<'_>) -> Vec<RunnerPool>,
    ) {
        for patch in &self.patches {
            let text = tree::write(patch);
            let path = &patch.at.path;
            for mut found in read(&File::new(path, &text.text, checkout)) {
                each_location(&mut found, &mut |at| {
                    if at.path == *path {
                        *at = text.place(at.line, at.column, &patch.at);
                    }
                });
                let axes = [(&mut pool.ephemeral, found.ephemeral), (&mut pool.isolated, found.isolated)];
                for (axis, found) in axes {
                    if matches!(found, Tri::Failed(_)) && !matches!(axis, Tri::Failed(_)) {
                        *axis = found;
                    }
                }
            }
        }
    }
}

/// Fields of a pod that bear on neither axis.
const NEUTRAL: &[&str] = &[
    "nodeSelector",
    "tolerations",
    "affinity",
    "priorityClassName",
    "topologySpreadConstraints",
    "terminationGracePeriodSeconds",
    "dnsPolicy",
    "dnsConfig",
    "imagePullSecrets",
    "schedulerName",
    "enableServiceLinks",
];

/// Fields of a pod that bear on isolation alone.
const ISOLATING: &[&str] = &[
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "securityContext",
    "serviceAccountName",
    "automountServiceAccountToken",
    "runtimeClassName",
];

/// What a change at a path of a scale set's object bears on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bears {
    Nothing,
    Isolation,
    Everything,
}

/// What a path of keys bears on.
pub(super) fn bears(path: &[&str]) -> Bears {
    match path {
        ["metadata", "labels" | "annotations", ..]
        | ["spec", "minRunners" | "maxRunners", ..]
        | ["spec", "template", "metadata", ..] => Bears::Nothing,
        ["spec", "template", "spec", key, ..] if NEUTRAL.contains(key) => Bears::Nothing,
        ["spec", "template", "spec", key, ..] if ISOLATING.contains(key) => Bears::Isolation,
        _ => Bears::Everything,
    }
}

/// What a patch bears on that is merged with the object.
pub(super) fn merge_bears(patch: &Value) -> Bears {
    fn walk<'v>(value: &'v Value, path: &mut Vec<&'v str>) -> Bears {
        if !value.is_map() || value.entries().is_empty() || path.len() > 3 {
            return bears(path);
        }
        let of = |entry: &'v Entry, path: &mut Vec<&'v str>| {
            path.push(&entry.key);
            let found = walk(&entry.value, path);
            path.pop();
            found
        };
        // What names the object changes nothing.
        let named = |path: &[&str], key: &str| match path {
            [] => matches!(key, "apiVersion" | "kind"),
            ["metadata"] => matches!(key, "name" | "namespace"),
            _ => false,
        };
        let entries = value.entries().iter().filter(|e| !named(path, &e.key)).collect::<Vec<_>>();
        entries.into_iter().map(|e| of(e, path)).max().unwrap_or(Bears::Nothing)
    }
    walk(patch, &mut Vec::new())
}
