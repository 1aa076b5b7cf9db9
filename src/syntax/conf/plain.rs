//! YAML and JSON. JSON is read as the YAML that it is.

use std::sync::Arc;

use super::{Data, Entry, MAX_DEPTH, Value};
use crate::model::Location;
use crate::syntax::yaml::{self, Kind, Node};

/// The documents of a YAML or JSON text; `None` when it is broken.
pub fn yaml(path: &Arc<str>, text: &str) -> Option<Vec<Value>> {
    let documents = yaml::parse(text).ok()?;
    Some(documents.iter().map(|d| yaml_node(path, d.root())).collect())
}

/// A node of a YAML document. The short forms of CloudFormation's functions (`!Sub`, `!Ref`, ...) are unknown values.
pub fn yaml_node(path: &Arc<str>, node: Node<'_>) -> Value {
    value(path, node, 0)
}

fn value(path: &Arc<str>, node: Node<'_>, depth: usize) -> Value {
    let span = node.span();
    let at = Location::new(path, span);
    let bytes = span.start.byte as usize..span.end.byte as usize;
    let new = |data| Value::new(at.clone(), bytes.clone(), data);
    if depth > MAX_DEPTH {
        return new(Data::Unknown(String::new()));
    }
    if let Some(tag) = node.tag().and_then(|t| t.rsplit('!').next()).filter(|t| !t.contains(':')) {
        let written = node.as_str().unwrap_or_default();
        return match tag {
            "Base64" | "str" => new(content(path, node, depth)),
            "Sub" => {
                let text = node.as_str().or_else(|| node.items().next().and_then(|n| n.as_str())).unwrap_or_default();
                new(Data::Text { text: text.to_owned(), exact: !text.contains("${") })
            }
            "Join" => {
                let list: Vec<Value> = node.items().map(|n| value(path, n, depth + 1)).collect();
                new(join(&list))
            }
            _ => new(Data::Unknown(format!("!{tag} {written}"))),
        };
    }
    new(content(path, node, depth))
}

fn content(path: &Arc<str>, node: Node<'_>, depth: usize) -> Data {
    let text = || node.as_str().unwrap_or_default().to_owned();
    match node.kind() {
        Kind::Sequence => Data::List(node.items().map(|n| value(path, n, depth + 1)).collect()),
        Kind::Mapping => {
            let entries: Vec<Entry> = node
                .entries()
                .filter_map(|(key, item)| {
                    let at = Location::new(path, key.span());
                    Some(Entry { key: key.as_str()?.to_owned(), at, value: value(path, item, depth + 1) })
                })
                .collect();
            function(&entries).unwrap_or(Data::Map(entries))
        }
        Kind::Null => Data::Null,
        Kind::Bool => node.as_bool().map_or_else(|| Data::Text { text: text(), exact: true }, Data::Bool),
        Kind::Int | Kind::Float => Data::Number(text()),
        _ => {
            let text = text();
            // A template that was filled in before anybody reads it as YAML.
            let exact = !text.contains("${{") && !text.contains("{{") && !text.contains("<%");
            Data::Text { text, exact }
        }
    }
}

/// The long forms of CloudFormation's functions.
fn function(entries: &[Entry]) -> Option<Data> {
    let [entry] = entries else { return None };
    let value = &entry.value;
    match entry.key.as_str() {
        "Fn::Base64" => Some(value.data.clone()),
        "Fn::Sub" => {
            let text = value.shown().or_else(|| value.items().first().and_then(Value::shown))?;
            Some(Data::Text { text: text.to_owned(), exact: !text.contains("${") })
        }
        "Fn::Join" => Some(join(value.items())),
        "Ref" => Some(Data::Unknown(format!("!Ref {}", value.shown().unwrap_or_default()))),
        key if key.starts_with("Fn::") => Some(Data::Unknown(key.to_owned())),
        _ => None,
    }
}

fn join(parts: &[Value]) -> Data {
    let [separator, list] = parts else { return Data::Unknown("Join".to_owned()) };
    let mut exact = true;
    let words: Vec<String> = list
        .items()
        .iter()
        .map(|part| match part.text() {
            Some(text) => text.to_owned(),
            None => {
                exact = false;
                match &part.data {
                    Data::Text { text, .. } => text.clone(),
                    _ => format!("${{{}}}", part.shown().unwrap_or_default()),
                }
            }
        })
        .collect();
    Data::Text { text: words.join(separator.text().unwrap_or_default()), exact }
}
