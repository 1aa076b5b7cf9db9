//! Entries of a pipeline file that stand within braces, each as the line that it would be without them.

use std::sync::Arc;

use crate::model::Location;
use crate::syntax::yaml::{self, Node};

/// Entries of one file that are looked at.
const MOST_ENTRIES: usize = 10_000;
/// Nodes of one file that are visited: merge keys multiply them.
const MOST_NODES: usize = 100_000;
/// Nodes within each other.
const DEEPEST: usize = 64;

/// An entry as a line of its own.
pub(super) struct Entry {
    pub(super) line: String,
    pub(super) location: Location,
}

/// The entries within braces, in order, and the keys of which they are the value. None of a file that cannot be parsed.
pub(super) fn entries(path: &Arc<str>, text: &str) -> Vec<Entry> {
    let is_yaml = [".yml", ".yaml", ".json"].iter().any(|ending| path.ends_with(ending));
    let documents = if is_yaml && text.contains('{') { yaml::parse(text).ok() } else { None };
    let mut found = Found { path, text, entries: Vec::new(), left: MOST_NODES };
    for document in documents.iter().flatten() {
        found.within(document.root(), false, DEEPEST);
    }
    found.entries
}

struct Found<'f> {
    path: &'f Arc<str>,
    text: &'f str,
    entries: Vec<Entry>,
    /// Nodes that may still be visited.
    left: usize,
}

impl Found<'_> {
    /// Whether a node is written with braces or brackets.
    fn is_flow(&self, node: Node<'_>) -> bool {
        let first = self.text.as_bytes().get(node.start() as usize);
        !node.is_scalar() && matches!(first, Some(b'{' | b'['))
    }

    fn within(&mut self, node: Node<'_>, flow: bool, depth: usize) {
        // What an alias stands for is looked at where it is written.
        let over = depth == 0 || self.left == 0 || self.entries.len() >= MOST_ENTRIES;
        if over || node.alias_span().is_some() {
            return;
        }
        self.left -= 1;
        let flow = flow || self.is_flow(node);
        for item in node.items().take(MOST_ENTRIES) {
            let before = self.entries.len();
            self.within(item, flow, depth - 1);
            // The first entry of an item has the dash.
            if let Some(first) = self.entries.get_mut(before).filter(|_| item.is_mapping()) {
                first.line.insert_str(first.line.len() - first.line.trim_start().len(), "- ");
            }
        }
        for (key, value) in node.entries().take(MOST_ENTRIES) {
            let Some(name) = key.as_str() else { continue };
            let scalar = value.as_str().filter(|value| value.len() <= 1000 && !value.contains('\n'));
            if (flow || self.is_flow(value)) && (scalar.is_some() || !value.is_scalar()) {
                let line = format!("  {name}: {}", scalar.unwrap_or_default());
                let span = if scalar.is_some() { key.span_to(value) } else { key.span() };
                let location = Location::new(self.path, span);
                self.entries.push(Entry { line: line.trim_end().to_owned(), location });
            }
            self.within(value, flow, depth - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_within_braces_has_lines_of_its_own() {
        let text = "a: b\njobs: [{x/publish: {image: acme/app}}, other]\nref: {name: &n kaniko, kind: *n}\n";
        let lines: Vec<String> = entries(&Arc::from("x.yml"), text).into_iter().map(|entry| entry.line).collect();
        let expected = ["  jobs:", "  - x/publish:", "  image: acme/app", "  ref:", "  name: kaniko", "  kind: kaniko"];
        assert_eq!(lines, expected);
        assert!(entries(&Arc::from("x.yml"), "a: {b: [").is_empty());
    }

    #[test]
    fn what_aliases_multiply_is_looked_at_once() {
        let mut text = "a0: &a0 {x: y}\n".to_owned();
        for at in 1..30 {
            text.push_str(&format!("a{at}: &a{at} [*a{0}, *a{0}]\n", at - 1));
        }
        assert!(entries(&Arc::from("x.yml"), &text).len() < 100);
        let mut text = "a0: &a0 {x: y}\n".to_owned();
        for at in 1..60 {
            text.push_str(&format!("a{at}: &a{at}\n  p:\n    <<: *a{0}\n  q:\n    <<: *a{0}\n", at - 1));
        }
        assert!(entries(&Arc::from("x.yml"), &text).len() <= MOST_ENTRIES);
    }
}
