//! `runs-on:`: the machines that a job asks for.

use std::sync::Arc;

use smol_str::SmolStr;

use super::expression::{Lookup, interpolate};
use super::value::Value;
use crate::model::{LabelSet, Location, RunnerChoice, Text};
use crate::syntax::yaml::Node;

/// Resolves `runs-on` under one matrix leg.
pub(super) fn choice(node: Option<Node<'_>>, job: &Location, path: &Arc<str>, scope: &dyn Lookup) -> RunnerChoice {
    let Some(node) = node else {
        return RunnerChoice::Unresolved {
            reason: "the job names no runner".to_owned(),
            asked: Vec::new(),
            location: job.clone(),
        };
    };
    let location = Location::new(path, node.span());
    let mut sets: Vec<LabelSet> = Vec::new();
    if node.is_mapping() {
        let group = node.get("group").and_then(|n| n.as_str()).map(|s| interpolate(s, scope).text());
        let label_sets = node.get("labels").map_or_else(|| vec![Vec::new()], |n| alternatives(n, scope));
        sets.extend(label_sets.into_iter().map(|labels| LabelSet { labels, group: group.clone() }));
    } else {
        sets.extend(alternatives(node, scope).into_iter().map(|labels| LabelSet { labels, group: None }));
    }
    let open = sets.iter().flat_map(|s| &s.labels).find(|l| !l.is_literal() || l.is_empty());
    match open {
        Some(label) => RunnerChoice::Unresolved {
            reason: format!("the runner label comes from `{}`, which the checkout does not show", source_of(label)),
            asked: sets.clone(),
            location,
        },
        None => RunnerChoice::Labels { sets, location },
    }
}

/// The part of a label that nothing shows.
fn source_of(label: &Text) -> String {
    label.symbols().next().unwrap_or("a value that is not set in every leg or run").to_owned()
}

/// Every set of labels that the node can yield.
fn alternatives(node: Node<'_>, scope: &dyn Lookup) -> Vec<Vec<Text>> {
    if node.is_sequence() {
        let mut sets: Vec<Vec<Text>> = vec![Vec::new()];
        for item in node.items() {
            let options = interpolate(item.as_str().unwrap_or_default(), scope).alternatives();
            sets = sets
                .iter()
                .flat_map(|head| {
                    options.iter().map(move |o| {
                        let mut set = head.clone();
                        set.extend(labels_of(o));
                        set
                    })
                })
                .take(64)
                .collect();
        }
        return sets;
    }
    interpolate(node.as_str().unwrap_or_default(), scope).alternatives().iter().map(labels_of).collect()
}

fn labels_of(value: &Value) -> Vec<Text> {
    match value {
        Value::List(items) => items.iter().map(Value::text).collect(),
        // An object with a group or labels, as `fromJSON` may yield it.
        Value::Map(_) => match value.below(&[SmolStr::new_static("labels")]) {
            Value::List(items) => items.iter().map(Value::text).collect(),
            Value::Null => vec![Text::unknown("group")],
            other => vec![other.text()],
        },
        other => vec![other.text()],
    }
}
