//! TOML.

use std::ops::Range;
use std::sync::Arc;

use toml_edit::{Document, Item, TableLike, Value as Toml};

use super::{Data, Entry, Lines, MAX_DEPTH, Value};

/// Reads a TOML text; `None` when it is broken. `start` is the offset in `lines` of the text.
pub fn toml(lines: &Lines<'_>, text: &str, start: usize) -> Option<Value> {
    let document = Document::parse(text).ok()?;
    let reader = Reader { lines, start };
    let whole = 0..text.len();
    let entries = reader.table(document.as_table(), &whole, 0);
    Some(reader.value(&whole, Data::Map(entries)))
}

/// Reads a TOML text that fills the file `path`.
impl Value {
    /// The value of a TOML file; `None` when it is broken.
    pub fn of_toml(path: &Arc<str>, text: &str) -> Option<Value> {
        toml(&Lines::new(path, text), text, 0)
    }
}

struct Reader<'a> {
    lines: &'a Lines<'a>,
    start: usize,
}

impl Reader<'_> {
    fn value(&self, bytes: &Range<usize>, data: Data) -> Value {
        let bytes = bytes.start + self.start..bytes.end + self.start;
        Value::new(self.lines.at(&bytes), bytes, data)
    }

    fn table(&self, table: &dyn TableLike, outer: &Range<usize>, depth: usize) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (name, item) in table.iter() {
            let key = table.key(name).and_then(toml_edit::Key::span);
            let value = self.item(item, &key.clone().or_else(|| item.span()).unwrap_or(outer.clone()), depth + 1);
            let at =
                key.map_or_else(|| value.at.clone(), |k| self.lines.at(&(k.start + self.start..k.end + self.start)));
            entries.push(Entry { key: name.to_owned(), at, value });
        }
        entries
    }

    fn item(&self, item: &Item, outer: &Range<usize>, depth: usize) -> Value {
        let bytes = item.span().unwrap_or_else(|| outer.clone());
        if depth > MAX_DEPTH {
            return self.value(&bytes, Data::Unknown(String::new()));
        }
        match item {
            Item::None => self.value(&bytes, Data::Null),
            Item::Value(value) => self.scalar(value, &bytes, depth),
            Item::Table(table) => self.value(&bytes, Data::Map(self.table(table, &bytes, depth))),
            Item::ArrayOfTables(tables) => {
                let list = tables
                    .iter()
                    .map(|table| {
                        let bytes = table.span().unwrap_or_else(|| bytes.clone());
                        self.value(&bytes, Data::Map(self.table(table, &bytes, depth)))
                    })
                    .collect();
                self.value(&bytes, Data::List(list))
            }
        }
    }

    fn scalar(&self, value: &Toml, outer: &Range<usize>, depth: usize) -> Value {
        let bytes = value.span().unwrap_or_else(|| outer.clone());
        if depth > MAX_DEPTH {
            return self.value(&bytes, Data::Unknown(String::new()));
        }
        let data = match value {
            Toml::String(text) => {
                let text = text.value();
                // What a template engine fills in.
                let exact = !["{{", "${", "<%"].iter().any(|mark| text.contains(mark));
                Data::Text { text: text.clone(), exact }
            }
            Toml::Integer(n) => Data::Number(n.value().to_string()),
            Toml::Float(n) => Data::Number(n.value().to_string()),
            Toml::Boolean(b) => Data::Bool(*b.value()),
            Toml::Datetime(d) => Data::Text { text: d.value().to_string(), exact: true },
            Toml::Array(list) => Data::List(list.iter().map(|v| self.scalar(v, &bytes, depth + 1)).collect()),
            Toml::InlineTable(table) => Data::Map(self.table(table, &bytes, depth)),
        };
        self.value(&bytes, data)
    }
}
