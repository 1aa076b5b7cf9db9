//! Real pipelines with something deleted, doubled, swapped, retyped, nested or renamed: the whole of a check holds what
//! it promises for every report.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_yaml::{Mapping, Value};

use super::{Files, bodies, fixtures, hold};

/// One change: what kind, where, and a second place or a degree.
type Change = (u8, u16, u16);

/// The way from the root to a node.
type Way = Vec<usize>;

fn ways(value: &Value, here: &Way, found: &mut Vec<Way>) {
    found.push(here.clone());
    let step = |at: usize| here.iter().copied().chain([at]).collect::<Way>();
    match value {
        Value::Sequence(items) => items.iter().enumerate().for_each(|(at, item)| ways(item, &step(at), found)),
        Value::Mapping(map) => map.values().enumerate().for_each(|(at, item)| ways(item, &step(at), found)),
        _ => {}
    }
}

fn at<'v>(value: &'v mut Value, way: &[usize]) -> Option<&'v mut Value> {
    let Some((first, rest)) = way.split_first() else { return Some(value) };
    match value {
        Value::Sequence(items) => at(items.get_mut(*first)?, rest),
        Value::Mapping(map) => at(map.values_mut().nth(*first)?, rest),
        _ => None,
    }
}

/// Values of other types than the platform expects.
fn other(kind: u16) -> Value {
    match kind % 10 {
        0 => Value::Null,
        1 => Value::Bool(true),
        2 => Value::Number(0.into()),
        3 => Value::Number((-1.5e300).into()),
        4 => Value::String(String::new()),
        5 => Value::Sequence(Vec::new()),
        6 => Value::Mapping(Mapping::new()),
        7 => Value::String("${{ fromJSON(needs.a.outputs.b) }}".to_owned()),
        8 => Value::Sequence(vec![Value::Null, Value::Sequence(vec![Value::Bool(false)])]),
        _ => Value::String("x".repeat(5_000)),
    }
}

fn nested(value: Value, depth: usize, in_maps: bool) -> Value {
    (0..depth).fold(value, |inner, _| match in_maps {
        true => Value::Mapping([(Value::String("steps".to_owned()), inner)].into_iter().collect()),
        false => Value::Sequence(vec![inner]),
    })
}

fn changed(root: &mut Value, (kind, place, more): Change) {
    let mut all = Vec::new();
    ways(root, &Vec::new(), &mut all);
    let way = all[usize::from(place) % all.len()].clone();
    let second = all[usize::from(more) % all.len()].clone();
    let copy = at(root, &second).cloned().unwrap_or(Value::Null);
    let parent = way.split_last().map(|(last, above)| (*last, above.to_vec()));
    match kind % 8 {
        0 | 1 | 6 => {
            let Some((last, above)) = parent else { return };
            match (kind % 8, at(root, &above)) {
                (0, Some(Value::Sequence(items))) => drop(items.remove(last)),
                (0, Some(Value::Mapping(map))) => {
                    let key = map.keys().nth(last).unwrap().clone();
                    map.shift_remove(&key);
                }
                (1, Some(Value::Sequence(items))) => items.insert(last, items[last].clone()),
                (1, Some(Value::Mapping(map))) => {
                    let (key, value) = map.iter().nth(last).map(|(k, v)| (k.clone(), v.clone())).unwrap();
                    let key = key.as_str().unwrap_or("key").to_owned();
                    map.insert(Value::String(format!("{key}2")), value);
                }
                // The value under a name of some other place.
                (_, Some(Value::Mapping(map))) => {
                    let words = [
                        "if",
                        "run",
                        "uses",
                        "with",
                        "env",
                        "permissions",
                        "needs",
                        "runs-on",
                        "matrix",
                        "on",
                        "shell",
                    ];
                    let value = map.values().nth(last).unwrap().clone();
                    map.insert(Value::String(words[usize::from(more) % words.len()].to_owned()), value);
                }
                _ => {}
            }
        }
        2 => {
            let old = at(root, &way).map(|node| std::mem::replace(node, copy));
            if let (Some(old), Some(node)) = (old, at(root, &second)) {
                *node = old;
            }
        }
        3 => drop(at(root, &way).map(|node| *node = other(more))),
        4 => {
            let node = at(root, &way).unwrap();
            *node = nested(node.clone(), usize::from(more % 120), more.is_multiple_of(2));
        }
        5 => drop(at(root, &way).map(|node| *node = copy)),
        _ => {
            if let Some(Value::String(text)) = at(root, &way) {
                let cut = text.char_indices().map(|(at, _)| at).nth(usize::from(more) % 40).unwrap_or(text.len());
                text.truncate(cut);
            }
        }
    }
}

/// A fixture with changes in one of its YAML files. Files that are no single document stay as they are.
fn mutated(fixture: usize, file: usize, changes: &[Change]) -> Files {
    let mut files = fixtures()[fixture % fixtures().len()].clone();
    let yaml: Vec<usize> =
        (0..files.len()).filter(|at| files[*at].0.ends_with(".yml") || files[*at].0.ends_with(".yaml")).collect();
    if !yaml.is_empty() {
        let text = &mut files[yaml[file % yaml.len()]].1;
        if let Ok(mut root) = serde_yaml::from_slice::<Value>(text) {
            changes.iter().for_each(|change| changed(&mut root, *change));
            // The writer has no way to put a collection or a tagged value into some places.
            if let Ok(written) = serde_yaml::to_string(&root) {
                *text = written.into_bytes();
            }
        }
    }
    files
}

#[test]
fn a_mutated_checkout_is_graded_soundly() {
    let inputs = (any::<usize>(), any::<usize>(), vec(any::<Change>(), 1..8), any::<u8>());
    hold(250, inputs, |(fixture, file, changes, format)| {
        bodies::show(bodies::grade(mutated(fixture, file, &changes)), format);
    });
}
