//! From the text of the file to checked settings.
//!
//! The text is read by the same YAML reader as pipelines, with the same limits. serde checks the shape; the path at
//! which it stumbles leads back to the node, and so to line and column.

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::place::{self, Step};
use super::{MAX_BYTES, Settings, refusal, refused};
use crate::model::{Location, Problem, Span};
use crate::syntax::yaml::{self, Document, Kind, Node};

/// The settings that the text of a checkout's own file holds.
pub(super) fn settings(path: &str, text: &str) -> Result<Settings, Problem> {
    let settings = settings_beside(path, text)?;
    let folders = settings.runner_config.iter().enumerate();
    let folders = folders.map(|(at, folder)| (folder, vec![Step::Key("runner-config".to_owned()), Step::Item(at)]));
    let others = settings.with.iter();
    let others = others.map(|(name, folder)| (folder, vec![Step::Key("with".to_owned()), Step::Key(name.clone())]));
    for (folder, steps) in folders.chain(others) {
        if place::leaves(folder) {
            let message = format!(
                "`{folder}` leaves the checkout; a folder elsewhere is named on the command line, or in a file given \
                 with --config"
            );
            let span = root(text).ok().flatten().map(|document| place::of(document.root(), &steps));
            return Err(at(path, span, &message));
        }
    }
    Ok(settings)
}

/// The settings that the text holds, its paths unchecked.
pub(super) fn settings_beside(path: &str, text: &str) -> Result<Settings, Problem> {
    if text.len() > MAX_BYTES {
        return Err(refused(path, &format!("the file is larger than {MAX_BYTES} bytes")));
    }
    let document = root(text).map_err(|problem| Problem { path: path.to_owned(), ..problem })?;
    let Some(document) = document else { return Ok(Settings::default()) };
    if let Some((key, span)) = document.duplicate_keys().first() {
        return Err(at(path, Some(*span), &format!("the key `{key}` stands here a second time")));
    }
    if document.root().is_null() {
        return Ok(Settings::default());
    }
    if !document.root().is_mapping() {
        let message = "the file is a mapping of keys such as `gate` and `declarations`";
        return Err(at(path, Some(document.root().span()), message));
    }
    let settings: Result<Settings, _> = serde_path_to_error::deserialize(value(document.root()));
    let mut settings = settings.map_err(|error| {
        let steps = place::steps(error.path());
        let (message, key) = refusal::words(&error.inner().to_string());
        let span = match key {
            Some(key) => place::of_key(document.root(), &steps, &key),
            None => place::of(document.root(), &steps),
        };
        at(path, Some(span), &message)
    })?;
    locate(&mut settings, path, document.root());
    Ok(settings)
}

/// The one document of the text; none when it holds nothing but comments.
fn root(text: &str) -> Result<Option<Document>, Problem> {
    let mut documents = yaml::parse(text).map_err(|error| Problem {
        line: Some(error.line),
        column: Some(error.column),
        ..refused("", &error.message)
    })?;
    if let Some(second) = documents.get(1) {
        return Err(at("", Some(second.root().span()), "a second document starts here; the file has one"));
    }
    Ok(documents.pop())
}

fn at(path: &str, span: Option<Span>, message: &str) -> Problem {
    let start = span.map(|span| span.start);
    Problem { line: start.map(|start| start.line), column: start.map(|start| start.column), ..refused(path, message) }
}

/// A node as serde reads it. The reader of YAML has bounded depth and size, aliases counted as copies.
fn value(node: Node<'_>) -> Value {
    let text = || Value::String(node.as_str().unwrap_or_default().to_owned());
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => node.as_bool().map_or_else(text, Value::Bool),
        Kind::Int => node.as_i64().map_or_else(text, |number| Value::Number(Number::from(number))),
        Kind::Float | Kind::String => text(),
        Kind::Sequence => Value::Array(node.items().map(value).collect()),
        Kind::Mapping => {
            let entries = node.entries();
            let entries = entries.map(|(key, entry)| (key.as_str().unwrap_or_default().to_owned(), value(entry)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

/// Tells every entry where it stands.
fn locate(settings: &mut Settings, path: &str, root: Node<'_>) {
    let path: Arc<str> = path.into();
    let item = |list: Option<Node<'_>>, at: usize| {
        let span = list.and_then(|list| list.items().nth(at)).unwrap_or(root).span();
        Location::new(&path, first_line(span))
    };
    settings.location = Location::start_of(&path);
    let gate = root.get("gate");
    if let Some((key, _)) = root.entry("gate") {
        settings.gate.location = Location::new(&path, key.span());
    }
    let of_gate = gate.and_then(|gate| gate.get("targets"));
    settings.gate.targets.iter_mut().enumerate().for_each(|(at, entry)| entry.location = item(of_gate, at));
    let list = |key: &str| root.get(key);
    settings.targets.iter_mut().enumerate().for_each(|(at, entry)| entry.location = item(list("targets"), at));
    settings.declarations.iter_mut().enumerate().for_each(|(at, e)| e.location = item(list("declarations"), at));
    settings.exclude.iter_mut().enumerate().for_each(|(at, entry)| entry.location = item(list("exclude"), at));
    settings.accept.iter_mut().enumerate().for_each(|(at, entry)| entry.location = item(list("accept"), at));
}

/// An entry is pointed at by its first line.
fn first_line(span: Span) -> Span {
    if span.start.line == span.end.line {
        return span;
    }
    let mut end = span.start;
    end.column += 1;
    Span { end, ..span }
}
