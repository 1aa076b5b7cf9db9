//! One tree for configuration texts: HCL, JSON, YAML, TOML, Bicep and Groovy become the same values with positions.
//!
//! A value that reading cannot decide stays in the tree as [`Data::Unknown`], or as a text that is not exact. Nothing is
//! guessed: what asks for a literal gets `None` then. Every reader stops at a depth and a size, and gives nothing
//! rather than a part when the text is broken.

mod bicep;
mod groovy;
mod hcl;
mod lines;
mod plain;
#[cfg(test)]
mod tests;
mod toml;
mod unfinished;

use std::ops::Range;
use std::sync::Arc;

use crate::model::Location;

pub use bicep::{Resource, bicep};
pub use groovy::{ARGUMENTS, BLOCK, groovy};
pub use hcl::{Block, Names, hcl};
pub use lines::Lines;
pub use plain::{yaml, yaml_node};
pub use toml::toml;
pub use unfinished::{BICEP, GROOVY, JUST, KOTLIN, Language, NIX, POWERSHELL, PYTHON, SCRIPT, unfinished};

/// Most levels of nesting.
pub const MAX_DEPTH: usize = 64;
/// Most values of one text once names and loops are written out; what comes after stays unknown.
pub const MAX_VALUES: usize = 300_000;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Where it is written.
    pub at: Location,
    /// Where it is written, in bytes of that file; quotes and delimiters included.
    pub bytes: Range<usize>,
    /// What it is.
    pub data: Data,
    /// The labels of a block (`task "build" {`).
    pub labels: Vec<String>,
    /// The input whose default it is, and which the caller of the module may set to something else.
    pub assumed: Option<Arc<str>>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A string; in one that is not exact, unknown parts stand as `${...}`.
    Text {
        /// The string.
        text: String,
        /// Whether nothing in it is unknown.
        exact: bool,
    },
    /// A sequence.
    List(Vec<Value>),
    /// Keys and values in the order of the text. A key may occur more than once where the language has blocks.
    Map(Vec<Entry>),
    /// The content of another file, read as a template with these variables.
    File {
        /// The path as it is written; `path.module` stands for the folder of the file.
        path: String,
        /// The variables of the template.
        variables: Vec<Entry>,
    },
    /// An expression that reading cannot decide, as it is written.
    Unknown(String),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is written.
    pub at: Location,
    /// The value.
    pub value: Value,
}

// Asked in hundreds of places of files that few checkouts hold: what is not built into each keeps the program small.
impl Value {
    /// A value without labels.
    pub fn new(at: Location, bytes: Range<usize>, data: Data) -> Self {
        Self { at, bytes, data, labels: Vec::new(), assumed: None }
    }

    /// The first value of a key.
    #[inline(never)]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).map(|e| &e.value)
    }

    /// The first entry of a key.
    #[inline(never)]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key == key)
    }

    /// The value at the end of a path of keys. Where a list or a repeated block stands on the way, its first element.
    #[inline(never)]
    pub fn path(&self, keys: &[&str]) -> Option<&Value> {
        let mut here = self;
        for key in keys {
            if let Data::List(items) = &here.data {
                here = items.first()?;
            }
            here = here.get(key)?;
        }
        Some(here)
    }

    /// Every value of a key; the elements of a list count each.
    #[inline(never)]
    pub fn all(&self, key: &str) -> std::vec::IntoIter<&Value> {
        let mut found = Vec::new();
        for entry in self.entries().iter().filter(|e| e.key == key) {
            match &entry.value.data {
                Data::List(items) => found.extend(items),
                _ => found.push(&entry.value),
            }
        }
        found.into_iter()
    }

    /// The entries; none when it is no map.
    pub fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements; none when it is no list.
    pub fn items(&self) -> &[Value] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The string, when nothing in it is unknown. A number or a truth value reads as it is written.
    #[inline(never)]
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text { text, exact: true } => Some(text),
            Data::Number(text) => Some(text),
            Data::Bool(true) => Some("true"),
            Data::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// The string or the expression, unknown parts included as they are written.
    pub fn shown(&self) -> Option<&str> {
        match &self.data {
            Data::Text { text, .. } | Data::Unknown(text) => Some(text),
            _ => self.text(),
        }
    }

    /// The truth value, also where it is written as a string.
    #[inline(never)]
    pub fn bool(&self) -> Option<bool> {
        match self.text()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// The whole number, also where it is written as a string.
    #[inline(never)]
    pub fn int(&self) -> Option<i64> {
        self.text()?.trim().parse().ok()
    }

    /// Whether it is there and empty.
    pub fn is_null(&self) -> bool {
        self.data == Data::Null
    }

    /// Whether it has keys.
    pub fn is_map(&self) -> bool {
        matches!(self.data, Data::Map(_))
    }

    /// How much of a budget a copy of it takes: its values, and the length of its texts.
    pub(crate) fn weight(&self) -> usize {
        let of = |value: &Value| match &value.data {
            Data::Text { text, .. } | Data::Unknown(text) | Data::Number(text) => 1 + text.len() / 16,
            _ => 1,
        };
        self.walk().into_iter().map(of).sum()
    }

    /// Every value in it, itself first.
    pub fn walk(&self) -> Vec<&Value> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(value) = open.pop() {
            found.push(value);
            match &value.data {
                Data::List(items) => open.extend(items.iter().rev()),
                Data::Map(entries) => open.extend(entries.iter().rev().map(|e| &e.value)),
                _ => {}
            }
        }
        found
    }
}
