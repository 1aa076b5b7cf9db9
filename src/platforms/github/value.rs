//! Values of expressions as far as reading resolves them.

use std::cmp::Ordering;

use smol_str::SmolStr;

use super::events;
use super::scope::STARTER;
use crate::model::{Cond, Text};

/// The value of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    /// A string; it may hold unknown parts.
    String(Text),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// A truth value that reading cannot decide.
    Truth(Cond),
    /// One of these, each under its condition.
    Choice(Vec<(Cond, Value)>),
}

/// More alternatives than this are not kept apart.
const MOST_CHOICES: usize = 64;

impl Value {
    pub(super) fn unknown(symbol: &str) -> Self {
        Value::String(Text::unknown(symbol))
    }

    pub(super) fn literal(text: &str) -> Self {
        Value::String(Text::new(text))
    }

    /// Whether the value holds, by the platform's rules: null, false, 0 and the empty string do not.
    pub(super) fn truth(&self) -> Cond {
        match self {
            Value::Null => Cond::FALSE,
            Value::Bool(b) => Cond::Known(*b),
            Value::Number(n) => Cond::Known(*n != 0.0 && !n.is_nan()),
            Value::String(t) => match t.symbol() {
                Some(symbol) if t.lacks().is_none() => Cond::atom(symbol),
                Some(_) => Cond::FALSE,
                None => Cond::Known(!t.is_empty()),
            },
            Value::List(_) | Value::Map(_) => Cond::TRUE,
            Value::Truth(c) => c.clone(),
            Value::Choice(options) => options.iter().fold(Cond::FALSE, |all, (c, v)| all.or(c.clone().and(v.truth()))),
        }
    }

    /// The value as a string.
    pub(super) fn text(&self) -> Text {
        match self {
            Value::Null => Text::default(),
            Value::Bool(b) => Text::new(b.to_string()),
            Value::Number(n) => Text::new(n.to_string()),
            Value::String(t) => t.clone(),
            Value::List(_) | Value::Map(_) => match self.json() {
                Some(json) => Text::new(json.to_string()),
                None => Text::unknown("object"),
            },
            Value::Truth(c) => Text::unknown(&c.to_string()),
            Value::Choice(options) => {
                let mut texts = options.iter().map(|(_, v)| v.text());
                let first = texts.next().unwrap_or_default();
                if texts.all(|t| t == first) {
                    return first;
                }
                let shown: Vec<String> = options.iter().map(|(c, v)| format!("{c} ? {}", v.text().plain())).collect();
                Text::unknown(&format!("choice({})", shown.join(", ")))
            }
        }
    }

    /// The value as what only holds strings has it: variables, outputs, inputs of composite actions.
    pub(super) fn written(self) -> Self {
        self.map(&mut |value| match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Value::String(value.text()),
            other => other,
        })
    }

    /// Every string that the value can be.
    pub(super) fn alternatives(&self) -> Vec<Value> {
        match self {
            Value::Choice(options) => {
                let mut all = Vec::new();
                for (c, v) in options {
                    if c.is_never() {
                        continue;
                    }
                    for a in v.alternatives() {
                        if all.len() >= MOST_CHOICES {
                            return vec![Value::unknown("too many choices")];
                        }
                        if !all.contains(&a) {
                            all.push(a);
                        }
                    }
                }
                all
            }
            other => vec![other.clone()],
        }
    }

    /// Applies a function to every alternative.
    pub(super) fn map(self, f: &mut dyn FnMut(Value) -> Value) -> Value {
        match self {
            Value::Choice(options) => {
                let options = options.into_iter().map(|(c, v)| (c, v.map(f))).collect();
                Value::Choice(options).simplified()
            }
            other => f(other),
        }
    }

    /// One value when all alternatives agree.
    pub(super) fn simplified(self) -> Value {
        match self {
            Value::Choice(options) => {
                let mut flat: Vec<(Cond, Value)> = Vec::new();
                for (c, v) in options {
                    match v {
                        Value::Choice(inner) => {
                            flat.extend(inner.into_iter().map(|(d, v)| (c.clone().and(d), v)));
                        }
                        v => flat.push((c, v)),
                    }
                }
                flat.retain(|(c, _)| !c.is_never());
                if flat.len() > MOST_CHOICES {
                    return Value::unknown("too many choices");
                }
                match flat.as_slice() {
                    [(_, first), rest @ ..] if rest.iter().all(|(_, v)| v == first) => first.clone(),
                    _ => Value::Choice(flat),
                }
            }
            other => other,
        }
    }

    /// What stands at a path below: members of maps, list items, and the unknown below an unknown.
    pub(super) fn below(&self, path: &[SmolStr]) -> Value {
        let Some((key, rest)) = path.split_first() else { return self.clone() };
        match self {
            Value::Map(entries) => {
                entries.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map_or(Value::Null, |(_, v)| v.below(rest))
            }
            Value::List(items) => {
                key.parse().ok().and_then(|at: usize| items.get(at)).map_or(Value::Null, |v| v.below(rest))
            }
            Value::String(t) => match t.symbol() {
                Some(symbol) => Value::unknown(&format!("{symbol}.{}", path.join("."))),
                None => Value::Null,
            },
            Value::Choice(options) => {
                Value::Choice(options.iter().map(|(c, v)| (c.clone(), v.below(path))).collect()).simplified()
            }
            _ => Value::Null,
        }
    }

    /// Whether the value is a single one that nothing unknown is part of.
    fn is_known(&self) -> bool {
        match self {
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
            Value::String(text) => text.is_literal(),
            Value::Truth(_) | Value::Choice(_) | Value::List(_) | Value::Map(_) => false,
        }
    }

    /// The JSON of a wholly known value.
    pub(super) fn json(&self) -> Option<serde_json::Value> {
        Some(match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => serde_json::Value::Bool(*b),
            Value::Number(n) => serde_json::Number::from_f64(*n).map_or(serde_json::Value::Null, |number| {
                if n.fract() == 0.0 { serde_json::json!(*n as i64) } else { serde_json::Value::Number(number) }
            }),
            Value::String(t) => serde_json::Value::String(t.as_str().to_owned()),
            Value::List(items) => serde_json::Value::Array(items.iter().map(Value::json).collect::<Option<_>>()?),
            Value::Map(entries) => serde_json::Value::Object(
                entries.iter().map(|(k, v)| Some((k.clone(), v.json()?))).collect::<Option<_>>()?,
            ),
            Value::Truth(_) | Value::Choice(_) => return None,
        })
    }

    pub(super) fn from_json(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(b) => Value::Bool(*b),
            serde_json::Value::Number(n) => Value::Number(n.as_f64().unwrap_or(0.0)),
            serde_json::Value::String(s) => Value::literal(s),
            serde_json::Value::Array(items) => Value::List(items.iter().map(Value::from_json).collect()),
            serde_json::Value::Object(map) => {
                Value::Map(map.iter().map(|(k, v)| (k.clone(), Value::from_json(v))).collect())
            }
        }
    }
}

/// Loose equality of two values. An unknown compared with `true` is the unknown's own truth.
pub(super) fn equal(a: &Value, b: &Value) -> Cond {
    match (a, b) {
        (Value::Choice(options), other) | (other, Value::Choice(options)) => {
            options.iter().fold(Cond::FALSE, |all, (c, v)| all.or(c.clone().and(equal(v, other))))
        }
        (Value::Truth(c), other) | (other, Value::Truth(c)) => match truth_word(other) {
            Some(true) => c.clone(),
            Some(false) => c.clone().negate(),
            None => match number(other) {
                Some(1.0) => c.clone(),
                Some(0.0) => c.clone().negate(),
                Some(_) => Cond::FALSE,
                None if other.is_known() => Cond::FALSE,
                None => Cond::atom(format!("{} == {}", a.text().plain(), b.text().plain())),
            },
        },
        (Value::String(t), other) | (other, Value::String(t)) if t.symbol().is_some() && t.lacks().is_some() => {
            equal(&Value::literal(""), other)
        }
        (Value::String(x), Value::String(y)) if is_preview(x, y) || is_preview(y, x) => Cond::FALSE,
        (Value::String(x), Value::String(y)) => x.equals(y),
        (Value::String(t), other) | (other, Value::String(t)) if !t.is_literal() => match (t.symbol(), other) {
            (Some(symbol), Value::Bool(_)) if is_text(symbol) => {
                Cond::atom(format!("{symbol} == {}", other.text().plain()))
            }
            (Some(symbol), Value::Bool(true)) => Cond::atom(symbol),
            (Some(symbol), Value::Bool(false) | Value::Null) => Cond::atom(symbol).negate(),
            _ => Cond::atom(format!("{} == {}", t.plain(), other.text().plain())),
        },
        (Value::Null, Value::Null) => Cond::TRUE,
        (Value::Bool(x), Value::Bool(y)) => Cond::Known(x == y),
        (Value::List(_) | Value::Map(_), _) | (_, Value::List(_) | Value::Map(_)) => Cond::FALSE,
        // Different types compare as numbers.
        _ => Cond::Known(number(a).is_some_and(|x| number(b) == Some(x))),
    }
}

/// Whether it is asked if a proposed change started the run behind this one. What such runs publish are previews, so the
/// run at hand is another one.
fn is_preview(starter: &Text, event: &Text) -> bool {
    starter.symbol() == Some(STARTER) && event.literal().is_some_and(events::is_preview)
}

/// Whether what a symbol stands for is a text whatever it says. Compared with a truth value it is read as a number, so
/// the text `true` is not equal to `true`.
fn is_text(symbol: &str) -> bool {
    ["vars.", "secrets.", "env."].iter().any(|context| symbol.starts_with(context))
}

/// How two known values are ordered: texts without regard to case, others as numbers. `Some(None)`: one is no number, and
/// no comparison holds. `None`: nobody knows.
pub(super) fn order(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    if !a.is_known() || !b.is_known() {
        return None;
    }
    Some(match (a, b) {
        (Value::String(one), Value::String(other)) => {
            Some(one.as_str().to_uppercase().cmp(&other.as_str().to_uppercase()))
        }
        _ => number(a).zip(number(b)).and_then(|(one, other)| one.partial_cmp(&other)),
    })
}

fn truth_word(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::String(t) => match t.literal()? {
            "true" => Some(true),
            "false" | "" => Some(false),
            _ => None,
        },
        Value::Null => Some(false),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(0.0),
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        Value::Number(n) => Some(*n),
        Value::String(t) => match t.literal()?.trim() {
            "" => Some(0.0),
            s => s.parse().ok(),
        },
        _ => None,
    }
}
