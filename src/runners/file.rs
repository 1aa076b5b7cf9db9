//! A file that may define runners, and what it is read as.

use std::sync::{Arc, OnceLock};

use super::recognise::{LARGEST, is_incidental};
use crate::checkout::{Bearing, Checkout};
use crate::model::Location;
use crate::syntax::conf::{Value, yaml_node};
use crate::syntax::yaml::{self, Document, Node};

/// A file that may define runners.
pub(super) struct File<'a> {
    /// Its path.
    pub(super) path: &'a Arc<str>,
    /// Its text.
    pub(super) text: &'a str,
    /// The checkout that holds it, for files that it names.
    pub(super) checkout: &'a Checkout,
    yaml: OnceLock<Yaml>,
}

/// The YAML of a file, templates masked.
#[derive(Default)]
struct Yaml {
    documents: Vec<Document>,
    /// Where a directive of a template hides or adds lines.
    directive: Option<Location>,
}

impl<'a> File<'a> {
    pub(super) fn new(path: &'a Arc<str>, text: &'a str, checkout: &'a Checkout) -> Self {
        Self { path, text, checkout, yaml: OnceLock::new() }
    }

    /// The YAML documents of the file; none when it is not YAML, templates apart.
    pub(super) fn documents(&self) -> &[Document] {
        &self.yaml().documents
    }

    /// The values of its YAML documents; none when it is not called a YAML file.
    pub(super) fn trees(&self) -> impl Iterator<Item = Value> {
        let named = self.path.ends_with(".yaml") || self.path.ends_with(".yml");
        let documents = if named { self.documents() } else { &[] };
        documents.iter().map(|document| yaml_node(self.path, document.root()))
    }

    /// A directive of a template (`{{- if … }}`, `{{- toYaml … }}`) on a line of its own: what it hides or adds is not
    /// visible.
    pub(super) fn directive(&self) -> Option<&Location> {
        self.yaml().directive.as_ref()
    }

    fn yaml(&self) -> &Yaml {
        self.yaml.get_or_init(|| {
            let (text, directive) = unmask(self.text);
            let directive = directive.map(|line| Location {
                path: Arc::clone(self.path),
                line,
                column: 1,
                end_line: line,
                end_column: 2,
            });
            Yaml { documents: yaml::parse(&text).unwrap_or_default(), directive }
        })
    }

    /// The place of a node of [`File::documents`].
    pub(super) fn at(&self, node: Node<'_>) -> Location {
        Location::new(self.path, node.span())
    }

    /// The folder of the file, empty for the root.
    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The text of the file at a path as it is written in this file: relative to its folder, or else to the root. What is
    /// there and cannot be read is told.
    pub(super) fn sibling(&self, written: &str) -> Option<(Arc<str>, Arc<str>)> {
        let written = written.trim_start_matches("./");
        let folder = self.folder();
        let beside = if folder.is_empty() { written.to_owned() } else { format!("{folder}/{written}") };
        [beside, written.to_owned()].into_iter().find_map(|path| {
            let text = read_named(self.checkout, self.path, &path)?;
            Some((Arc::from(path), text))
        })
    }

    /// The text of the file at a path from the root of the checkout.
    pub(super) fn at_root(&self, path: &str) -> Option<(Arc<str>, Arc<str>)> {
        Some((Arc::from(path), read_named(self.checkout, self.path, path)?))
    }

    /// Whether the text of some YAML file of the checkout holds one of `keys`.
    pub(super) fn anywhere(&self, keys: &[&str]) -> bool {
        let mut files = self.checkout.files().iter().filter(|p| p.ends_with(".yml") || p.ends_with(".yaml"));
        files.any(|path| {
            let text = self.checkout.glance(path).ok().filter(|text| text.len() <= LARGEST);
            text.is_some_and(|text| keys.iter().any(|key| text.contains(key)))
        })
    }

    /// YAML files of the checkout whose text holds `key`.
    pub(super) fn elsewhere(&self, key: &str) -> Vec<(Arc<str>, Arc<str>)> {
        let files = self.checkout.files().iter().filter(|p| p.ends_with(".yml") || p.ends_with(".yaml"));
        files
            .filter_map(|path| Some((Arc::clone(path), self.checkout.glance(path).ok()?)))
            .filter(|(_, text)| text.len() <= LARGEST && text.contains(key))
            .collect()
    }
}

/// The text of a file that another one names. What is there and cannot be read is told, unless it is an example that names
/// it.
pub(super) fn read_named(checkout: &Checkout, by: &str, path: &str) -> Option<Arc<str>> {
    match is_incidental(by) {
        true => checkout.glance(path).ok(),
        false => checkout.read_for(Bearing::Runner, path).ok(),
    }
}

/// The text with every `{{ … }}` as an unresolved word of the same length, and the line of the first directive that
/// stands on lines of its own, which becomes a comment.
fn unmask(text: &str) -> (std::borrow::Cow<'_, str>, Option<u32>) {
    if !text.contains("{{") && !text.contains("%{") {
        return (text.into(), None);
    }
    let mut out = String::with_capacity(text.len());
    let mut directive = None;
    let mut open = false;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let trimmed = line.trim();
        // Terraform's directives stand on lines of their own as well.
        let terraform = !open && trimmed.starts_with("%{") && trimmed.ends_with('}');
        let whole =
            terraform || open || trimmed.starts_with("{{") && (trimmed.ends_with("}}") || !trimmed.contains("}}"));
        if whole {
            open = !terraform && !trimmed.contains("}}");
            // A comment of the template hides nothing.
            let comment = trimmed.trim_start_matches(['{', '-']).trim_start().starts_with("/*");
            if !comment {
                directive = directive.or_else(|| u32::try_from(number + 1).ok());
            }
            out.push('#');
            out.extend(line.chars().skip(1));
            if line == "\n" {
                out.push('\n');
            }
            continue;
        }
        let mut rest = line;
        while let Some(at) = rest.find("{{") {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let Some(end) = from.find("}}") else {
                rest = from;
                break;
            };
            let (inner, tail) = from.split_at(end + 2);
            out.push('$');
            out.extend(inner.chars().skip(1).map(|_| '_'));
            rest = tail;
        }
        out.push_str(rest);
    }
    (out.into(), directive)
}
