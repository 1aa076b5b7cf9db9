//! Values of the chart that stand as dotted names: options of a command, parameters of an application.

use super::helm::Release;
use super::{DEEPEST, Definition, RULE, set_of};
use crate::model::{Evidence, Location, RunnerPool, Tri, Version};
use crate::runners::File;
use crate::syntax::yaml::parse;

/// A scale set of dotted names and values. Names with list indices are not read, so what they set is not visible.
pub(super) fn from_pairs(
    pairs: &[(String, String)],
    file: &File<'_>,
    name: Option<String>,
    version: Option<Version>,
    place: &Location,
) -> Option<RunnerPool> {
    let mut tree = serde_json::Map::new();
    let mut hidden = false;
    for (key, value) in pairs {
        if key.contains(['[', '\\']) {
            hidden |= key.starts_with("template");
            continue;
        }
        let value = match value.as_str() {
            "true" => serde_json::Value::Bool(true),
            "false" => serde_json::Value::Bool(false),
            text => serde_json::Value::String(text.to_owned()),
        };
        let mut parts: Vec<&str> = key.split('.').take(DEEPEST * 2).collect();
        let last = parts.pop()?;
        let mut at = &mut tree;
        for part in parts {
            let inner = at.entry(part).or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
            // The last writer wins, as in Helm.
            if !inner.is_object() {
                *inner = serde_json::Value::Object(serde_json::Map::new());
            }
            at = inner.as_object_mut()?;
        }
        at.insert(last.to_owned(), value);
    }
    let text = serde_json::Value::Object(tree).to_string();
    let documents = parse(&text).ok()?;
    let root = documents.first()?.root();
    let inside = File::new(file.path, &text, file.checkout);
    let mut pool = set_of(&Definition { values: root, file: &inside, name, version, place: place.clone() });
    crate::runners::each_location(&mut pool, &mut |at: &mut Location| *at = place.clone());
    if hidden {
        let evidence = Evidence::observed(place, RULE, "options set parts of the pod template that are not read");
        let axis = || Tri::Unshown(evidence.clone(), "the pod template in a values file".to_owned());
        pool.ephemeral = worse(pool.ephemeral, axis());
        pool.isolated = worse(pool.isolated, axis());
    }
    Some(pool)
}

/// The worse of two findings; the first of equals.
pub(super) fn worse(a: Tri, b: Tri) -> Tri {
    let rank = |t: &Tri| match t {
        Tri::Met(_) => 0,
        Tri::Unshown(..) => 1,
        Tri::Failed(_) => 2,
    };
    if rank(&b) > rank(&a) { b } else { a }
}

/// A pool of a values file with the options of the command that installs it.
pub(super) fn with_options(mut pool: RunnerPool, release: Option<&Release>, file: &File<'_>) -> RunnerPool {
    let Some((release, place)) = release.and_then(|r| Some((r, r.place.as_ref()?))) else { return pool };
    if release.pairs.is_empty() {
        return pool;
    }
    let Some(options) = from_pairs(&release.pairs, file, release.name.clone(), release.version, place) else {
        return pool;
    };
    pool.ephemeral = worse(pool.ephemeral, options.ephemeral);
    pool.isolated = worse(pool.isolated, options.isolated);
    if release.pairs.iter().any(|(key, _)| key == "runnerScaleSetName") {
        pool.labels = options.labels;
        pool.name = options.name;
    }
    pool.variables.extend(options.variables);
    pool.scope = options.scope.or(pool.scope);
    pool.group = options.group.or(pool.group);
    pool
}
