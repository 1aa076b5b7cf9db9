//! A Terraform module: the files of one folder, with what its names stand for.

use std::collections::HashMap;
use std::sync::Arc;

use crate::checkout::Checkout;
use crate::model::Location;
use crate::runners::recognise::{is_incidental, refuse};
use crate::runners::{File, read_named};
use crate::syntax::conf::{Block, Data, Entry, Names, Value, hcl};

/// A folder with more files of Terraform is read without the values of its names.
const MOST_FILES: usize = 200;
/// Names refer to names no deeper.
const DEEPEST: usize = 5;

/// The blocks of one file, and those beside it.
pub(super) struct Module<'a> {
    /// The blocks of the file that is read.
    pub(super) blocks: Vec<Block>,
    /// The blocks of the whole folder, that file's included.
    pub(super) beside: Vec<Block>,
    folder: String,
    checkout: &'a Checkout,
}

/// The values of `local.x` and `var.x`.
#[derive(Default, PartialEq)]
struct Table(HashMap<(String, String), Value>);

impl Names for Table {
    fn name(&self, namespace: &str, name: &str) -> Option<Value> {
        if namespace == "path" && matches!(name, "module" | "root") {
            let at = Location::start_of(&Arc::from(""));
            return Some(Value::new(at, 0..0, Data::Text { text: ".".to_owned(), exact: true }));
        }
        self.0.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }
}

impl<'a> Module<'a> {
    /// Reads the file and what its names need of the files beside it; `None` when the file is broken.
    pub(super) fn read(file: &File<'a>) -> Option<Self> {
        let folder = file.folder().to_owned();
        let prefix = if folder.is_empty() { 0 } else { folder.len() + 1 };
        let mut files: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for path in file.checkout.under(&folder) {
            let name = path.get(prefix..).unwrap_or_default();
            let kind = [".tf", ".tofu", ".tfvars"].iter().any(|e| name.ends_with(e));
            if name.contains('/') || !kind {
                continue;
            }
            if let Some(text) = read_named(file.checkout, file.path, path) {
                files.push((Arc::clone(path), text));
            }
        }
        if files.len() > MOST_FILES {
            files.clear();
        }
        // What a broken file would have set is not seen, be it a value or a block.
        for (path, text) in files.iter().filter(|(path, _)| !is_incidental(path)) {
            if hcl(path, text, &()).is_none() {
                refuse(file.checkout, path, None, "cannot be read as HCL".to_owned());
            }
        }
        let table = table(&files);
        let (blocks, _) = hcl(file.path, file.text, &table)?;
        let mut beside = Vec::new();
        for (path, text) in &files {
            if path != file.path
                && !path.ends_with(".tfvars")
                && let Some((more, _)) = hcl(path, text, &table)
            {
                beside.extend(more);
            }
        }
        beside.extend(blocks.iter().cloned());
        Some(Self { blocks, beside, folder, checkout: file.checkout })
    }

    /// The blocks of the file of a kind, with their type and name.
    pub(super) fn of<'b>(&'b self, kind: &'b str) -> impl Iterator<Item = (&'b str, &'b str, &'b Value)> {
        self.blocks.iter().filter(move |b| b.kind == kind).map(named)
    }

    /// The resource, data source or module block that an expression refers to.
    pub(super) fn referred(&self, expression: &str) -> Option<&Value> {
        let mut words = expression.split(['.', '[', ']', '{', '}', '$', '(', ')', ' ']).filter(|w| !w.is_empty());
        let first = words.next()?;
        let (kind, of) = if first == "data" { ("data", words.next()?) } else { ("resource", first) };
        let name = words.next()?;
        self.beside
            .iter()
            .filter(|b| b.kind == kind)
            .map(named)
            .find(|(t, n, _)| *t == of && *n == name)
            .map(|(.., value)| value)
    }

    /// The blocks of the folder of a type.
    pub(super) fn resources<'b>(&'b self, of: &'b str) -> impl Iterator<Item = (&'b str, &'b Value)> {
        let resources = self.beside.iter().filter(|b| b.kind == "resource").map(named);
        resources.filter(move |(t, ..)| *t == of).map(|(_, name, value)| (name, value))
    }

    /// The locals of the folder.
    pub(super) fn locals(&self) -> impl Iterator<Item = &Value> {
        self.beside.iter().filter(|b| b.kind == "locals").map(|b| &b.value)
    }

    /// The file at a path that an expression names.
    pub(super) fn file(&self, written: &str) -> Option<(Arc<str>, Arc<str>)> {
        let written = written.replace("${path.module}", ".").replace("${path.root}", ".");
        let mut parts: Vec<&str> = self.folder.split('/').filter(|p| !p.is_empty()).collect();
        for part in written.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        let text = read_named(self.checkout, &path, &path)?;
        Some((Arc::from(path), text))
    }
}

fn named(block: &Block) -> (&str, &str, &Value) {
    let label = |n: usize| block.labels.get(n).map_or("", String::as_str);
    match block.kind.as_str() {
        "module" => ("", label(0), &block.value),
        _ => (label(0), label(1), &block.value),
    }
}

/// `locals`, defaults of variables, and the values that Terraform loads by itself. Names refer to names, so the files
/// are read again with what is known, until nothing is added.
fn table(files: &[(Arc<str>, Arc<str>)]) -> Table {
    let mut known = Table::default();
    for _ in 0..DEEPEST {
        let next = read_names(files, &known);
        let settled = next == known;
        known = next;
        if settled {
            break;
        }
    }
    known
}

fn read_names(files: &[(Arc<str>, Arc<str>)], known: &Table) -> Table {
    let mut table = Table::default();
    let mut loaded: Vec<Entry> = Vec::new();
    for (path, text) in files {
        let Some((blocks, entries)) = hcl(path, text, known) else { continue };
        if path.ends_with(".tfvars") {
            let name = path.rsplit('/').next().unwrap_or_default();
            if name == "terraform.tfvars" || name.ends_with(".auto.tfvars") {
                loaded.extend(entries);
            }
            continue;
        }
        for block in blocks {
            match block.kind.as_str() {
                "locals" => {
                    if let Data::Map(entries) = block.value.data {
                        table.0.extend(entries.into_iter().map(|e| (("local".to_owned(), e.key), e.value)));
                    }
                }
                "variable" => {
                    if let (Some(name), Some(default)) = (block.labels.first(), block.value.get("default")) {
                        let mut value = default.clone();
                        value.assumed = Some(Arc::from(format!("the default of the variable `{name}`")));
                        table.0.insert(("var".to_owned(), name.clone()), value);
                    }
                }
                _ => {}
            }
        }
    }
    table.0.extend(loaded.into_iter().map(|e| (("var".to_owned(), e.key), e.value)));
    table
}
