//! Trees of several files laid over one another, as a text that the shapes can read, and where each piece was written.

use std::fmt::Write;

use rustc_hash::FxHashMap;

use crate::model::Location;
use crate::syntax::conf::{Data, Entry, Value};

/// Lays values over others, key by key; `wins` says whose value stays where both have one.
pub(super) fn lay_over(values: &mut Value, over: Value, wins: bool) {
    match (&mut values.data, over.data) {
        (Data::Map(old), Data::Map(new)) => {
            let mut places: FxHashMap<String, usize> = FxHashMap::default();
            for (at, entry) in old.iter().enumerate() {
                places.entry(entry.key.clone()).or_insert(at);
            }
            for entry in new {
                match places.get(&entry.key).and_then(|at| old.get_mut(*at)) {
                    Some(same) => {
                        if wins {
                            same.at = entry.at;
                        }
                        lay_over(&mut same.value, entry.value, wins);
                    }
                    None => {
                        places.insert(entry.key.clone(), old.len());
                        old.push(entry);
                    }
                }
            }
        }
        (data, new) if wins => {
            *data = new;
            values.at = over.at;
        }
        _ => {}
    }
}

/// Sets the value at a path of keys, as dotted names do.
pub(super) fn put(values: &mut Value, keys: &[&str], value: Value) {
    let built = keys.iter().rev().fold(value, |inner, key| {
        let at = inner.at.clone();
        let entry = Entry { key: (*key).to_owned(), at: at.clone(), value: inner };
        Value::new(at, 0..0, Data::Map(vec![entry]))
    });
    lay_over(values, built, true);
}

/// A text, and the places of its lines.
pub(super) struct Written {
    pub(super) text: String,
    lines: Vec<Line>,
}

/// Where a key and the value behind it were written.
struct Line {
    key: Location,
    value: Location,
    /// The column in which the value begins.
    column: u32,
}

impl Written {
    /// The place of what stands at a line and column of the text.
    pub(super) fn place(&self, line: u32, column: u32, otherwise: &Location) -> Location {
        let found = (line as usize).checked_sub(1).and_then(|at| self.lines.get(at));
        match found {
            Some(found) if column >= found.column => found.value.clone(),
            Some(found) => found.key.clone(),
            None => otherwise.clone(),
        }
    }

    fn line(&mut self, start: &str, key: &Location, value: &str, at: &Location) {
        let column = start.chars().count() + 1;
        self.text.push_str(start);
        self.text.push_str(value);
        self.text.push('\n');
        let column = u32::try_from(column).unwrap_or(u32::MAX);
        self.lines.push(Line { key: key.clone(), value: at.clone(), column });
    }
}

/// Writes an object as YAML, one key or item a line.
pub(super) fn write(value: &Value) -> Written {
    let mut written = Written { text: String::new(), lines: Vec::new() };
    block(value, 0, &mut written);
    written
}

fn block(value: &Value, indent: usize, out: &mut Written) {
    let pad = " ".repeat(indent);
    match &value.data {
        Data::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                let start = format!("{pad}{}: ", quoted(&entry.key));
                nested(&entry.value, &start, &entry.at, indent, out);
            }
        }
        Data::List(items) if !items.is_empty() => {
            for item in items {
                nested(item, &format!("{pad}- "), &item.at, indent, out);
            }
        }
        _ => out.line(&pad, &value.at, &scalar(value), &value.at),
    }
}

/// A value behind its key or dash: on the same line, or as a block below.
fn nested(value: &Value, start: &str, key: &Location, indent: usize, out: &mut Written) {
    let inner = match &value.data {
        Data::Map(entries) => !entries.is_empty(),
        Data::List(items) => !items.is_empty(),
        _ => false,
    };
    if inner {
        out.line(start.trim_end(), key, "", key);
        block(value, indent + 2, out);
    } else {
        out.line(start, key, &scalar(value), &value.at);
    }
}

fn scalar(value: &Value) -> String {
    match &value.data {
        Data::Null => "null".to_owned(),
        Data::Bool(value) => value.to_string(),
        Data::Number(text) => text.clone(),
        Data::Text { text, .. } | Data::Unknown(text) => quoted(text),
        Data::Map(_) => "{}".to_owned(),
        Data::List(_) => "[]".to_owned(),
        Data::File { path, .. } => quoted(path),
    }
}

/// A string of JSON is one of YAML, too.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() || c == '\u{2028}' || c == '\u{2029}' || c == '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
