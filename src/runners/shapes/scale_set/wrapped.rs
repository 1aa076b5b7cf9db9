//! Objects of Argo CD, Flux and their like that carry values of the chart, or name the file that holds them.

use std::sync::Arc;

use super::flux;
use super::helm::Release;
use super::layers::Layers;
use super::options::from_pairs;
use super::{CHART, DEEPEST, Definition, set_of, values};
use crate::model::{Location, RunnerPool, Version};
use crate::runners::facts::pod::name_of;
use crate::runners::shapes::workload::literal;
use crate::runners::{File, is_open};
use crate::syntax::conf::yaml_node;
use crate::syntax::yaml::Node;

/// Argo CD, Flux and other wrappers that carry values of the chart.
pub(super) fn wrapped(root: Node<'_>, file: &File<'_>) -> Vec<RunnerPool> {
    if let Some(found) = flux::release(root, file) {
        return found;
    }
    let mut found = Vec::new();
    let (mut sources, mut texts) = (Vec::new(), Vec::new());
    sources_of(root, 0, &mut sources);
    for source in sources {
        let version = ["targetRevision", "version"].iter().find_map(|k| literal(source, k)).and_then(Version::parse);
        let helm = source.get("helm");
        let own = name_of(root).filter(|n| !is_open(n));
        let release = helm.and_then(|h| literal(h, "releaseName")).map(str::to_owned);
        let spec = root.get("spec").and_then(|s| literal(s, "releaseName")).map(str::to_owned);
        let name = release.or(spec).or(own);
        let layers = helm.map(|helm| layers_of(helm, file)).unwrap_or_default();
        if layers.count() {
            found.extend(layers.pools(file, name.as_deref(), version, false));
            continue;
        }
        let mut sets = Vec::new();
        helm.into_iter().for_each(|h| values(h, 0, &mut sets));
        if let Some(own) = root.get("spec").and_then(|s| s.get("values")) {
            values(own, 0, &mut sets);
        }
        found
            .extend(sets.into_iter().map(|set| {
                set_of(&Definition { values: set, file, name: name.clone(), version, place: file.at(set) })
            }));
        if let Some(text) = helm.and_then(|h| h.get("values")).filter(|v| v.as_str().is_some()) {
            texts.push((text, name.clone(), version));
        }
        if let Some(parameters) = helm.and_then(|h| h.get("parameters")) {
            found.extend(from_parameters(parameters, file, name, version));
        }
    }
    for (text, name, version) in texts {
        found.extend(inner(text, file, name, version));
    }
    found
}

/// The values of an application of Argo CD: files, a text or a mapping over them, single parameters over all.
/// Source: <https://argo-cd.readthedocs.io/en/stable/user-guide/helm/>
fn layers_of(helm: Node<'_>, file: &File<'_>) -> Layers {
    let mut layers = Layers::default();
    for written in helm.get("valueFiles").into_iter().flat_map(|f| f.items()) {
        let name = written.as_str().unwrap_or_default();
        match name.split_once('/') {
            // The root of another source, which is taken for this repository where it holds such a file.
            Some((head, rest)) if head.starts_with('$') => {
                layers.add_file(file.at_root(rest), file, &file.at(written));
            }
            // A file of the chart itself: its defaults.
            _ if name == "values.yaml" => {}
            _ => layers.hide(&file.at(written)),
        }
    }
    if let Some(text) = helm.get("values").filter(|v| v.as_str().is_some_and(|text| !text.trim().is_empty())) {
        layers.add_inside(file, text.as_str().unwrap_or_default(), &file.at(text));
    }
    for own in ["values", "valuesObject"].iter().filter_map(|key| helm.get(key)).filter(|v| v.is_mapping()) {
        layers.add(yaml_node(file.path, own));
    }
    for entry in helm.get("parameters").into_iter().flat_map(|p| p.items()) {
        let value = entry.get("value").and_then(|v| v.as_str()).unwrap_or_default();
        layers.set(literal(entry, "name").unwrap_or("$"), value, &file.at(entry));
    }
    if let Some(files) = helm.get("fileParameters").filter(|f| f.items().next().is_some()) {
        layers.hide(&file.at(files));
    }
    layers
}

/// Mappings that name the chart.
fn sources_of<'a>(node: Node<'a>, depth: usize, found: &mut Vec<Node<'a>>) {
    if depth > DEEPEST {
        return;
    }
    if node.is_mapping() {
        if node.get("chart").and_then(|c| c.as_str()).is_some_and(|c| c.ends_with(CHART)) {
            found.push(node);
        }
        node.entries().for_each(|(_, value)| sources_of(value, depth + 1, found));
    } else if node.is_sequence() {
        node.items().for_each(|item| sources_of(item, depth + 1, found));
    }
}

/// Values that stand as a text inside another document. Their places are those of the lines in the outer file.
fn inner(text: Node<'_>, file: &File<'_>, name: Option<String>, version: Option<Version>) -> Vec<RunnerPool> {
    let body = text.as_str().unwrap_or_default();
    let span = text.span();
    let first = span.start.line;
    // The indentation of the block is the same on every line; the text has lost it.
    let outer = file.text.lines().nth(first as usize).unwrap_or_default();
    let indent = outer.chars().count().saturating_sub(outer.trim_start().chars().count());
    let own = body.lines().next().map_or(0, |l| l.len() - l.trim_start().len());
    let shift = u32::try_from(indent.saturating_sub(own)).unwrap_or(0);
    let path = Arc::clone(file.path);
    let inside = File::new(&path, body, file.checkout);
    let mut found = Vec::new();
    for document in inside.documents() {
        let mut sets = Vec::new();
        values(document.root(), 0, &mut sets);
        for set in sets {
            let place = inside.at(set);
            let mut pool = set_of(&Definition { values: set, file: &inside, name: name.clone(), version, place });
            move_down(&mut pool, first, shift);
            found.push(pool);
        }
    }
    found
}

fn move_down(pool: &mut RunnerPool, lines: u32, columns: u32) {
    crate::runners::each_location(pool, &mut |at: &mut Location| {
        at.line += lines;
        at.end_line += lines;
        at.column += columns;
        at.end_column += columns;
    });
}

/// `helm.parameters` of Argo CD, one dotted name for each value.
fn from_parameters(
    node: Node<'_>,
    file: &File<'_>,
    name: Option<String>,
    version: Option<Version>,
) -> Option<RunnerPool> {
    let pair = |entry: Node<'_>| {
        Some((literal(entry, "name")?.to_owned(), entry.get("value").and_then(|v| v.as_str())?.to_owned()))
    };
    let pairs: Vec<(String, String)> = node.items().filter_map(pair).collect();
    let any = pairs.iter().any(|(key, _)| key == "githubConfigUrl");
    any.then(|| from_pairs(&pairs, file, name, version, &file.at(node))).flatten()
}

/// An Argo CD application that takes its values from a file of the checkout.
pub(super) fn application_of(file: &File<'_>) -> Option<Release> {
    for (path, text) in file.elsewhere(CHART) {
        if !text.contains("valueFiles") {
            continue;
        }
        let outer = File::new(&path, &text, file.checkout);
        for document in outer.documents() {
            let root = document.root();
            let mut sources = Vec::new();
            sources_of(root, 0, &mut sources);
            for source in sources {
                let helm = source.get("helm");
                let files = helm.and_then(|h| h.get("valueFiles")).into_iter().flat_map(|f| f.items());
                let mut names = files.filter_map(|f| f.as_str());
                // `$values/` stands for the root of another source.
                if !names.any(|n| {
                    n.split_once('/').is_some_and(|(head, rest)| head.starts_with('$') && rest == &**file.path)
                }) {
                    continue;
                }
                let release = helm.and_then(|h| literal(h, "releaseName")).map(str::to_owned);
                let name = release.or_else(|| name_of(root)).filter(|n| !is_open(n));
                let version = literal(source, "targetRevision").and_then(Version::parse);
                let layers = helm.map(|helm| layers_of(helm, &outer)).unwrap_or_default();
                return Some(Release { name, version, layers, ..Release::default() });
            }
        }
    }
    None
}
