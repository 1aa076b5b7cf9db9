//! Releases of Flux: a chart by its name or by a reference, values from elsewhere, and values of their own over these.
//! Source: <https://fluxcd.io/flux/components/helm/helmreleases/>

use super::layers::{Layers, bears};
use super::{CHART, Definition, set_of, values};
use crate::model::{RunnerPool, Version};
use crate::runners::facts::pod::{kind_of, name_of};
use crate::runners::shapes::workload::literal;
use crate::runners::{File, is_open};
use crate::syntax::conf::yaml_node;
use crate::syntax::yaml::Node;

/// The scale sets of a release of the chart; `None` when the object is something else.
pub(super) fn release(root: Node<'_>, file: &File<'_>) -> Option<Vec<RunnerPool>> {
    let (group, kind) = kind_of(root)?;
    if (group, kind) != ("helm.toolkit.fluxcd.io", "HelmRelease") {
        return None;
    }
    let spec = root.get("spec")?;
    let version = chart_of(spec, file)?;
    let name = literal(spec, "releaseName").map(str::to_owned).or_else(|| {
        let own = name_of(root)?;
        Some(literal(spec, "targetNamespace").map_or_else(|| own.clone(), |space| format!("{space}-{own}")))
    });
    let name = name.filter(|n| !is_open(n));
    let mut layers = Layers::default();
    for from in spec.get("valuesFrom").into_iter().flat_map(|v| v.items()) {
        values_from(from, file, &mut layers);
    }
    let own = spec.get("values").filter(|v| v.is_mapping());
    if let Some(own) = own {
        layers.add(yaml_node(file.path, own));
    }
    if let Some(patches) = spec.get("postRenderers").filter(|p| p.items().next().is_some()) {
        layers.hide(&file.at(patches));
    }
    if layers.count() {
        return Some(layers.pools(file, name.as_deref(), version, false));
    }
    let mut sets = Vec::new();
    own.into_iter().for_each(|own| values(own, 0, &mut sets));
    let of = |set| set_of(&Definition { values: set, file, name: name.clone(), version, place: file.at(set) });
    Some(sets.into_iter().map(of).collect())
}

/// The version of the chart, when it is that of scale sets.
fn chart_of(spec: Node<'_>, file: &File<'_>) -> Option<Option<Version>> {
    if let Some(chart) = spec.get("chart").and_then(|c| c.get("spec")) {
        let ours = literal(chart, "chart").is_some_and(|c| c.ends_with(CHART));
        return ours.then(|| literal(chart, "version").and_then(Version::parse));
    }
    let reference = spec.get("chartRef")?;
    let (kind, name) = (literal(reference, "kind")?, literal(reference, "name")?);
    match source(kind, name, file) {
        Some(found) => found,
        // What lies elsewhere is known by its name only.
        None => name.contains(CHART).then_some(None),
    }
}

/// What a source of charts in the checkout holds; the inner value is `None` when it is another chart.
fn source(kind: &str, name: &str, file: &File<'_>) -> Option<Option<Option<Version>>> {
    for (path, text) in file.elsewhere(kind) {
        let other = File::new(&path, &text, file.checkout);
        for root in other.documents().iter().map(|d| d.root()) {
            let same =
                kind_of(root) == Some(("source.toolkit.fluxcd.io", kind)) && name_of(root).as_deref() == Some(name);
            let Some(spec) = root.get("spec").filter(|_| same) else { continue };
            let (chart, version) = match kind {
                "OCIRepository" => {
                    let tag = spec.get("ref").and_then(|r| literal(r, "tag").or_else(|| literal(r, "semver")));
                    (literal(spec, "url"), tag)
                }
                _ => (literal(spec, "chart"), literal(spec, "version")),
            };
            let ours = chart.is_some_and(|c| c.trim_end_matches('/').ends_with(CHART));
            return Some(ours.then(|| version.and_then(Version::parse)));
        }
    }
    None
}

/// Values of a map of the cluster. What a secret holds is not shown.
fn values_from(from: Node<'_>, file: &File<'_>, layers: &mut Layers) {
    let at = file.at(from);
    if let Some(target) = literal(from, "targetPath") {
        if bears(target) {
            layers.hide(&at);
        }
        return;
    }
    let key = literal(from, "valuesKey").unwrap_or("values.yaml");
    let name = literal(from, "name").filter(|_| literal(from, "kind") == Some("ConfigMap"));
    let read = name.is_some_and(|name| of_map(name, key, file, layers) || generated(name, key, file, layers));
    if !read {
        layers.hide(&at);
    }
}

fn of_map(name: &str, key: &str, file: &File<'_>, layers: &mut Layers) -> bool {
    for (path, text) in file.elsewhere("ConfigMap") {
        let other = File::new(&path, &text, file.checkout);
        for root in other.documents().iter().map(|d| d.root()) {
            let same = kind_of(root) == Some(("", "ConfigMap")) && name_of(root).as_deref() == Some(name);
            let Some(value) = root.get("data").and_then(|d| d.get(key)).filter(|_| same) else { continue };
            layers.add_inside(&other, value.as_str().unwrap_or_default(), &other.at(value));
            return true;
        }
    }
    false
}

/// The same of a map that a customisation generates of files.
fn generated(name: &str, key: &str, file: &File<'_>, layers: &mut Layers) -> bool {
    for (path, text) in file.elsewhere("configMapGenerator") {
        let other = File::new(&path, &text, file.checkout);
        let generators = other.documents().iter().filter_map(|d| d.root().get("configMapGenerator"));
        for map in generators.flat_map(|g| g.items()).filter(|map| literal(*map, "name") == Some(name)) {
            for written in map.get("files").into_iter().flat_map(|f| f.items()) {
                let text = written.as_str().unwrap_or_default();
                let (own, path) = text.split_once('=').unwrap_or((text.rsplit('/').next().unwrap_or(text), text));
                if own == key {
                    layers.add_file(other.sibling(path), file, &other.at(written));
                    return true;
                }
            }
        }
    }
    false
}
