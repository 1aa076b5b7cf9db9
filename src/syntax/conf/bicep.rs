//! Bicep, as far as the properties of resources and modules go.

use std::sync::Arc;

use super::{Data, Entry, Lines, MAX_DEPTH, MAX_VALUES, Value};

/// A resource or a module.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// `resource` or `module`.
    pub kind: &'static str,
    /// The name by which the file refers to it.
    pub name: String,
    /// The quoted type (`Microsoft.App/jobs@2024-03-01`) or path of the module.
    pub of: String,
    /// Its properties.
    pub value: Value,
}

/// The resources and modules of a Bicep text. What is not understood is passed over.
pub fn bicep(path: &Arc<str>, text: &str) -> Vec<Resource> {
    let lines = Lines::new(path, text);
    let names = declarations(&lines);
    let mut reader = Reader { lines: &lines, text, here: 0, names, made: 0 };
    let mut found = Vec::new();
    while reader.here < text.len() {
        reader.blank();
        let start = reader.here;
        let kind = match reader.word() {
            "resource" => "resource",
            "module" => "module",
            _ => {
                reader.skip_statement(start);
                continue;
            }
        };
        reader.blank();
        let name = reader.word().to_owned();
        reader.blank();
        let Some(of) = reader.string().and_then(|v| v.shown().map(str::to_owned)) else {
            reader.skip_statement(start);
            continue;
        };
        let head = start..reader.here;
        reader.skip_to_value();
        if let Some(mut value) = reader.value(0) {
            if value.is_map() {
                value.at = lines.at(&head);
                found.push(Resource { kind, name, of, value });
            }
        } else {
            reader.skip_statement(start);
        }
    }
    found
}

/// `var name = value` and `param name type = value`; a parameter's value may be set by the caller.
fn declarations(lines: &Lines<'_>) -> Vec<(String, Value)> {
    let text = lines.text();
    let mut reader = Reader { lines, text, here: 0, names: Vec::new(), made: 0 };
    while reader.here < text.len() {
        reader.blank();
        let start = reader.here;
        let kind = reader.word();
        if kind == "var" || kind == "param" {
            reader.blank();
            let name = reader.word().to_owned();
            let rest = lines.slice(reader.here..text.len());
            let line = rest.split('\n').next().unwrap_or_default();
            if let Some(equals) = line.find('=') {
                reader.here += equals + 1;
                reader.blank();
                if let Some(mut value) = reader.value(0) {
                    if kind == "param" {
                        value.assumed = Some(Arc::from(name.as_str()));
                    }
                    reader.names.push((name, value));
                    continue;
                }
            }
        }
        reader.skip_statement(start);
    }
    reader.names
}

struct Reader<'a> {
    lines: &'a Lines<'a>,
    text: &'a str,
    here: usize,
    names: Vec<(String, Value)>,
    /// What copies of named values weigh so far.
    made: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.here..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) {
        self.here += self.peek().map_or(1, char::len_utf8);
    }

    /// White space, line breaks and comments.
    fn blank(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.here += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.here += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.here += trimmed.find("*/").map_or(trimmed.len(), |at| at + 2);
            } else {
                return;
            }
        }
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len());
        self.here += end;
        rest.get(..end).unwrap_or_default()
    }

    /// To the end of the statement that began at `start`, brackets and strings in it included.
    fn skip_statement(&mut self, start: usize) {
        self.here = self.here.max(start);
        let before = self.here;
        self.raw(false);
        if self.here == before {
            self.bump();
        }
    }

    /// From the type of a resource to its body: past `=`, `existing`, `if (...)` and `[for ... :`.
    fn skip_to_value(&mut self) {
        let rest = self.rest();
        let stop = rest.find('{').unwrap_or(rest.len());
        let line = rest.find('\n').unwrap_or(rest.len());
        // The brace stands on the line of the type, or right below it.
        self.here +=
            if stop <= line || rest.get(line..stop).is_some_and(|r| r.trim().is_empty()) { stop } else { line };
    }

    fn string(&mut self) -> Option<Value> {
        let start = self.here;
        let rest = self.rest();
        if let Some(body) = rest.strip_prefix("'''") {
            let end = body.find("'''")?;
            self.here += end + 6;
            let text = body.get(..end).unwrap_or_default().to_owned();
            return Some(self.made(start, Data::Text { text, exact: true }));
        }
        if !rest.starts_with('\'') {
            return None;
        }
        self.here += 1;
        let mut text = String::new();
        let mut exact = true;
        let mut assumed = None;
        loop {
            match self.peek()? {
                '\'' => {
                    self.here += 1;
                    break;
                }
                '\n' => return None,
                '\\' => {
                    self.here += 1;
                    match self.peek()? {
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        c => text.push(c),
                    }
                    self.bump();
                }
                '$' if self.rest().starts_with("${") => {
                    let inner = self.rest();
                    let end = inner.find('}')?;
                    let name = inner.get(2..end).unwrap_or_default().trim();
                    let known = self.names.iter().find(|(n, _)| n == name).map(|(_, v)| v);
                    self.made = self.made.saturating_add(known.map_or(0, Value::weight));
                    let known = known.filter(|_| self.made <= MAX_VALUES);
                    match known.and_then(Value::text) {
                        Some(known_text) => {
                            text.push_str(known_text);
                            assumed = assumed.or_else(|| known.and_then(|v| v.assumed.clone()));
                        }
                        None => {
                            exact = false;
                            text.push_str(inner.get(..=end).unwrap_or_default());
                        }
                    }
                    self.here += end + 1;
                }
                c => {
                    text.push(c);
                    self.bump();
                }
            }
        }
        let mut value = self.made(start, Data::Text { text, exact });
        value.assumed = assumed;
        Some(value)
    }

    fn made(&self, start: usize, data: Data) -> Value {
        let bytes = start..self.here;
        Value::new(self.lines.at(&bytes), bytes, data)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = self.here;
        match self.peek()? {
            '{' => {
                self.here += 1;
                let mut entries = Vec::new();
                loop {
                    self.blank();
                    match self.peek()? {
                        '}' => {
                            self.here += 1;
                            return Some(self.made(start, Data::Map(entries)));
                        }
                        ',' => self.here += 1,
                        _ => {
                            let from = self.here;
                            let key = match self.string() {
                                Some(key) => key.shown().unwrap_or_default().to_owned(),
                                None => self.word().to_owned(),
                            };
                            let at = self.lines.at(&(from..self.here));
                            self.blank();
                            if self.peek() == Some(':') && !key.is_empty() {
                                self.here += 1;
                                self.blank();
                                let value = self.value(depth + 1)?;
                                entries.push(Entry { key, at, value });
                            } else {
                                // A nested resource, a decorator, a loop: nothing that is read.
                                self.here = self.here.max(from);
                                self.skip_statement(from);
                            }
                        }
                    }
                }
            }
            '[' => {
                self.here += 1;
                let mut items = Vec::new();
                loop {
                    self.blank();
                    match self.peek()? {
                        ']' => {
                            self.here += 1;
                            return Some(self.made(start, Data::List(items)));
                        }
                        ',' => self.here += 1,
                        _ => {
                            let before = self.here;
                            items.push(self.value(depth + 1)?);
                            if self.here == before {
                                return None;
                            }
                        }
                    }
                }
            }
            '\'' => {
                let value = self.string()?;
                self.tail(start, value)
            }
            _ => {
                let raw = self.raw(true);
                let written = raw.trim();
                let data = match written {
                    "true" => Data::Bool(true),
                    "false" => Data::Bool(false),
                    "null" => Data::Null,
                    number if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                        Data::Number(number.to_owned())
                    }
                    name => match self.names.iter().find(|(n, _)| n == name) {
                        Some((_, value)) if self.made <= MAX_VALUES => {
                            self.made = self.made.saturating_add(value.weight());
                            return Some(value.clone());
                        }
                        _ => Data::Unknown(written.to_owned()),
                    },
                };
                Some(self.made(start, data))
            }
        }
    }

    /// What follows a string on its line makes it part of a larger expression.
    fn tail(&mut self, start: usize, value: Value) -> Option<Value> {
        let rest = self.rest();
        let next = rest.trim_start_matches([' ', '\t', '\r']);
        if next.is_empty() || next.starts_with(['\n', ',', ']', '}', ')']) || next.starts_with("//") {
            return Some(value);
        }
        self.here = start;
        let raw = self.raw(true).trim().to_owned();
        Some(self.made(start, Data::Unknown(raw)))
    }

    /// The rest of an expression: to the end of the line, or to a comma or a closing bracket that belongs to what is
    /// around it.
    fn raw(&mut self, inside: bool) -> &'a str {
        let start = self.here;
        let mut open = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                '\n' if open == 0 => break,
                ',' | ']' | '}' | ')' if open == 0 && inside => break,
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' => open = open.saturating_sub(1),
                '\'' => {
                    if self.string().is_none() {
                        self.bump();
                    }
                    continue;
                }
                '/' if self.rest().starts_with("//") => {
                    self.here += self.rest().find('\n').unwrap_or(self.rest().len());
                    continue;
                }
                _ => {}
            }
            self.bump();
        }
        self.text.get(start..self.here).unwrap_or_default()
    }
}
