//! `strategy.matrix`: the legs of a job.

use super::value::{Value, equal};
use crate::model::Cond;

/// The platform starts no more jobs than this for one matrix.
const MOST_LEGS: usize = 256;
/// Combinations of all axes before `exclude` takes some of them away.
const MOST_COMBINATIONS: usize = 4_096;
/// Combinations times the entries of `exclude` and `include` that are held against each.
const MOST_COMPARISONS: usize = 1 << 20;

/// The legs of a matrix, each a map; empty when nothing resolves it, or when there are too many: what is left out could
/// be what publishes. `spend` is told of the work.
pub(super) fn legs(matrix: &Value, spend: &dyn Fn(usize)) -> Vec<Value> {
    let mut legs: Vec<Value> = Vec::new();
    for alternative in matrix.alternatives() {
        let Value::Map(entries) = alternative else { return Vec::new() };
        let Some(expanded) = expand(&entries, spend) else { return Vec::new() };
        // Further legs from a source that is not visible, with any keys: one of them stands for all.
        let shown = |entries: &[Value]| entries.iter().all(|entry| matches!(entry, Value::Map(_)));
        let open = |(key, value): &(String, Value)| {
            key == "include" && !matches!(value, Value::Null) && !matches!(value, Value::List(all) if shown(all))
        };
        let expanded = expanded.into_iter().chain(entries.iter().any(open).then(|| Value::unknown("matrix")));
        for leg in expanded {
            if !legs.contains(&leg) {
                legs.push(leg);
            }
        }
        if legs.len() > MOST_LEGS {
            return Vec::new();
        }
    }
    legs
}

/// The legs of a matrix of known axes; `None` when there are too many.
fn expand(entries: &[(String, Value)], spend: &dyn Fn(usize)) -> Option<Vec<Value>> {
    let list = |name: &str| entries.iter().find(|(k, _)| k == name).map(|(_, v)| v);
    let axes: Vec<&(String, Value)> = entries.iter().filter(|(k, _)| k != "include" && k != "exclude").collect();
    let mut combinations: Vec<Vec<(String, Value)>> = if axes.is_empty() { Vec::new() } else { vec![Vec::new()] };
    for (name, values) in &axes {
        let values = match values {
            Value::List(items) => items.clone(),
            // What a job output or another context supplies: one leg with the unknown value.
            Value::Choice(_) => values.alternatives().into_iter().flat_map(items_of).collect(),
            other => vec![Value::unknown(&format!("matrix.{name}")).or_scalar(other)],
        };
        combinations = combinations
            .into_iter()
            .flat_map(|head| {
                values.iter().map(move |v| {
                    let mut leg = head.clone();
                    leg.push((name.clone(), v.clone()));
                    leg
                })
            })
            .take(MOST_COMBINATIONS + 1)
            .collect();
        if combinations.len() > MOST_COMBINATIONS {
            return None;
        }
    }
    let count = |name: &str| if let Some(Value::List(entries)) = list(name) { entries.len() } else { 0 };
    let comparisons = combinations.len() * (count("exclude") + count("include"));
    if comparisons > MOST_COMPARISONS {
        return None;
    }
    spend(comparisons);
    if let Some(Value::List(excluded)) = list("exclude") {
        combinations.retain(|leg| !excluded.iter().any(|e| matches_all(leg, e)));
    }
    let axis_names: Vec<String> = axes.iter().map(|(k, _)| k.clone()).collect();
    let bases = combinations.len();
    if let Some(Value::List(included)) = list("include") {
        for entry in included {
            let Value::Map(extra) = entry else { continue };
            let mut added = false;
            for leg in combinations.iter_mut().take(bases) {
                // It joins every leg whose axis values it does not overwrite.
                let fits = extra.iter().all(|(k, v)| {
                    !axis_names.contains(k) || leg.iter().any(|(name, own)| name == k && !equal(own, v).is_never())
                });
                if fits {
                    added = true;
                    for (k, v) in extra {
                        match leg.iter_mut().find(|(name, _)| name == k) {
                            Some(_) if axis_names.contains(k) => {}
                            Some(slot) => slot.1 = v.clone(),
                            None => leg.push((k.clone(), v.clone())),
                        }
                    }
                }
            }
            if !added {
                combinations.push(extra.clone());
            }
        }
    }
    (combinations.len() <= MOST_LEGS).then(|| combinations.into_iter().map(Value::Map).collect())
}

fn items_of(value: Value) -> Vec<Value> {
    match value {
        Value::List(items) => items,
        other => vec![other],
    }
}

fn matches_all(leg: &[(String, Value)], entry: &Value) -> bool {
    let Value::Map(wanted) = entry else { return false };
    wanted.iter().all(|(k, v)| leg.iter().any(|(name, own)| name == k && equal(own, v) == Cond::TRUE))
}

impl Value {
    /// A scalar in place of an axis list is that one value; anything unresolved keeps the unknown.
    fn or_scalar(self, other: &Value) -> Value {
        match other {
            Value::Bool(_) | Value::Number(_) => other.clone(),
            Value::String(t) if t.is_literal() => other.clone(),
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(json: serde_json::Value) -> Vec<String> {
        legs(&Value::from_json(&json), &|_| ()).iter().map(|l| l.json().expect("known").to_string()).collect()
    }

    #[test]
    fn include_joins_fitting_legs_and_adds_the_rest() {
        let legs = run(serde_json::json!({
            "os": ["linux", "mac"],
            "include": [{"os": "linux", "cross": true}, {"os": "windows"}, {"all": 1}]
        }));
        assert_eq!(legs, [r#"{"os":"linux","cross":true,"all":1}"#, r#"{"os":"mac","all":1}"#, r#"{"os":"windows"}"#,]);
    }

    #[test]
    fn exclude_removes_legs_that_match_all_its_keys() {
        let legs = run(serde_json::json!({"os": ["a", "b"], "v": [1, 2], "exclude": [{"os": "a", "v": 2}]}));
        assert_eq!(legs, [r#"{"os":"a","v":1}"#, r#"{"os":"b","v":1}"#, r#"{"os":"b","v":2}"#]);
    }

    #[test]
    fn an_include_only_matrix_is_its_entries() {
        assert_eq!(run(serde_json::json!({"include": [{"t": "x"}, {"t": "y"}]})), [r#"{"t":"x"}"#, r#"{"t":"y"}"#]);
    }

    #[test]
    fn a_matrix_of_unknown_source_has_no_legs() {
        assert!(legs(&Value::unknown("fromJSON(needs.x.outputs.y)"), &|_| ()).is_empty());
    }
}
