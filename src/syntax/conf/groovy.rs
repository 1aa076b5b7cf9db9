//! Groovy as far as build scripts write configuration in it: calls with arguments, and blocks.
//!
//! `name argument`, `name(argument, key: value)` and `name { … }` become entries. Arguments without a name are a list
//! under [`ARGUMENTS`], the block behind arguments stands under [`BLOCK`]; one argument alone, or a block alone, is the
//! value itself. Anything else of the language is passed over, and an expression that is more than a literal stays
//! unknown.

use std::sync::Arc;

use super::{Data, Entry, Lines, MAX_DEPTH, MAX_VALUES, Value};

/// The key of arguments without a name.
pub const ARGUMENTS: &str = "()";
/// The key of the block behind arguments.
pub const BLOCK: &str = "{}";

/// Methods of a string that leave its lines as they are.
const KEEPS: &[&str] = &["stripIndent", "trim", "toString"];

/// The statements of a text.
pub fn groovy(path: &Arc<str>, text: &str) -> Value {
    let mut reader = Reader { text, lines: Lines::new(path, text), here: 0, made: 0 };
    let entries = reader.statements(0);
    reader.value(0, Data::Map(entries))
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines<'a>,
    here: usize,
    /// Values made so far.
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

    fn value(&mut self, start: usize, data: Data) -> Value {
        self.made += 1;
        let bytes = start..self.here.max(start);
        Value::new(self.lines.at(&bytes), bytes, data)
    }

    /// Passes over blanks and comments, and over line ends where `lines` says so.
    fn blanks(&mut self, lines: bool) {
        loop {
            let rest = self.rest();
            if rest.starts_with("//") || rest.starts_with("#!") && self.here == 0 {
                self.here += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.here += rest.find("*/").map_or(rest.len(), |at| at + 2);
            } else if rest.starts_with("\\\n") {
                self.here += 2;
            } else {
                match self.peek() {
                    Some('\n') if !lines => return,
                    Some(c) if c.is_whitespace() => self.bump(),
                    _ => return,
                }
            }
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let first = rest.chars().next().filter(|c| plain(*c) && !c.is_ascii_digit())?;
        let mut end = first.len_utf8();
        for c in rest.get(end..)?.chars() {
            let dotted =
                c == '.' && rest.get(end + 1..).and_then(|r| r.chars().next()).is_some_and(char::is_alphabetic);
            if !plain(c) && !dotted {
                break;
            }
            end += c.len_utf8();
        }
        self.here += end;
        rest.get(..end)
    }

    /// Statements up to the brace that closes them.
    fn statements(&mut self, depth: usize) -> Vec<Entry> {
        let mut found = Vec::new();
        while self.made < MAX_VALUES {
            self.blanks(true);
            let start = self.here;
            match self.peek() {
                None => break,
                Some('}') => {
                    self.bump();
                    break;
                }
                Some('{') => {
                    self.bump();
                    let value = self.block(start, depth);
                    found.push(self.entry("", start..start + 1, value));
                }
                Some('\'' | '"') => drop(self.string()),
                Some(_) => match self.word() {
                    // The name of what is declared comes next.
                    Some("def" | "final" | "static" | "var" | "String" | "return") => {}
                    Some(name) => {
                        let end = self.here;
                        let value = self.call(start, depth);
                        found.push(self.entry(name, start..end, value));
                    }
                    None => self.bump(),
                },
            }
        }
        found
    }

    fn entry(&self, key: &str, bytes: std::ops::Range<usize>, value: Value) -> Entry {
        Entry { key: key.to_owned(), at: self.lines.at(&bytes), value }
    }

    /// The statements of a block whose brace has been read.
    fn block(&mut self, start: usize, depth: usize) -> Value {
        if depth >= MAX_DEPTH {
            // Deeper than anybody writes: what is left is passed over.
            self.here = self.text.len();
            return self.value(start, Data::Null);
        }
        let entries = self.statements(depth + 1);
        self.value(start, Data::Map(entries))
    }

    /// What stands behind a name: arguments, a block, or an assignment.
    fn call(&mut self, start: usize, depth: usize) -> Value {
        self.blanks(false);
        let mut arguments = None;
        match self.peek() {
            Some('(') => {
                self.bump();
                arguments = Some(self.arguments(depth, Some(')')));
            }
            Some('=') if !self.rest().starts_with("==") => {
                self.bump();
                self.blanks(true);
                return self.expression(depth);
            }
            Some('\'' | '"' | '[') => arguments = Some(self.arguments(depth, None)),
            Some(c) if c.is_alphanumeric() || c == '_' => arguments = Some(self.arguments(depth, None)),
            _ => {}
        }
        self.blanks(false);
        let block = (self.peek() == Some('{')).then(|| {
            let at = self.here;
            self.bump();
            self.block(at, depth)
        });
        match (arguments, block) {
            (None, Some(block)) => block,
            (None, None) => self.value(start, Data::Null),
            (Some((named, mut plain)), None) if named.is_empty() && plain.len() == 1 => {
                plain.pop().unwrap_or_else(|| self.value(start, Data::Null))
            }
            (Some((mut entries, plain)), block) => {
                if !plain.is_empty() {
                    let list = self.value(start, Data::List(plain));
                    entries.push(self.entry(ARGUMENTS, start..start, list));
                }
                if let Some(block) = block {
                    entries.push(self.entry(BLOCK, start..start, block));
                }
                self.value(start, Data::Map(entries))
            }
        }
    }

    /// Arguments up to a closing mark, or to the end of the line.
    fn arguments(&mut self, depth: usize, close: Option<char>) -> (Vec<Entry>, Vec<Value>) {
        let (mut named, mut plain) = (Vec::new(), Vec::new());
        while self.made < MAX_VALUES {
            self.blanks(close.is_some());
            let start = self.here;
            match self.peek() {
                None => break,
                Some(c) if Some(c) == close => {
                    self.bump();
                    break;
                }
                Some('\n' | ';' | '{' | '}') if close.is_none() => break,
                Some(',') => {
                    self.bump();
                    // An argument may follow on the next line.
                    self.blanks(true);
                    continue;
                }
                _ => {}
            }
            if let Some(key) = self.key() {
                let end = self.here;
                self.blanks(false);
                self.bump();
                self.blanks(true);
                let value = self.expression(depth);
                named.push(self.entry(&key, start..end, value));
            } else {
                plain.push(self.expression(depth));
            }
            if self.here == start {
                self.bump();
            }
        }
        (named, plain)
    }

    /// A name in front of a colon. Nothing is passed over when there is none.
    fn key(&mut self) -> Option<String> {
        let start = self.here;
        let name = match self.peek() {
            Some('\'' | '"') => self.string().and_then(|v| v.text().map(str::to_owned)),
            _ => self.word().map(str::to_owned),
        };
        let end = self.here;
        self.blanks(false);
        let colon = self.rest().starts_with(':') && !self.rest().starts_with("::");
        self.here = if colon { end } else { start };
        name.filter(|_| colon)
    }

    /// One expression.
    fn expression(&mut self, depth: usize) -> Value {
        let start = self.here;
        if depth >= MAX_DEPTH {
            self.here = self.text.len();
            return self.value(start, Data::Unknown(String::new()));
        }
        let value = match self.peek() {
            Some('\'' | '"') => self.string(),
            Some('[') => {
                self.bump();
                let (named, plain) = self.arguments(depth + 1, Some(']'));
                let data = if named.is_empty() { Data::List(plain) } else { Data::Map(named) };
                Some(self.value(start, data))
            }
            Some(c) if c.is_ascii_digit() => {
                let digits = self.rest().find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest().len());
                let number = self.rest().get(..digits).unwrap_or_default().to_owned();
                self.here += digits;
                Some(self.value(start, Data::Number(number)))
            }
            _ => self.word().map(|name| match name {
                "true" => self.value(start, Data::Bool(true)),
                "false" => self.value(start, Data::Bool(false)),
                "null" => self.value(start, Data::Null),
                name if self.peek() == Some('(') => {
                    self.bump();
                    let (mut entries, plain) = self.arguments(depth + 1, Some(')'));
                    if !plain.is_empty() {
                        let list = self.value(start, Data::List(plain));
                        entries.push(self.entry(ARGUMENTS, start..start, list));
                    }
                    let inner = self.value(start, Data::Map(entries));
                    let entry = self.entry(name, start..start + name.len(), inner);
                    self.value(start, Data::Map(vec![entry]))
                }
                name => self.value(start, Data::Unknown(name.to_owned())),
            }),
        };
        match value {
            Some(value) => self.tail(start, value, depth),
            None => {
                self.pass(depth);
                let written = self.text.get(start..self.here).unwrap_or_default().trim().to_owned();
                self.value(start, Data::Unknown(written))
            }
        }
    }

    /// What follows a value makes it part of a larger expression, unless it only handles the text.
    fn tail(&mut self, start: usize, value: Value, depth: usize) -> Value {
        loop {
            let before = self.here;
            self.blanks(false);
            let kept = KEEPS.iter().find(|name| {
                self.rest().strip_prefix('.').and_then(|r| r.strip_prefix(**name)).is_some_and(|r| r.starts_with("()"))
            });
            match kept {
                Some(name) => self.here += name.len() + 3,
                None => {
                    let ends =
                        self.rest().is_empty() || self.rest().starts_with(['\n', ',', ')', ']', '}', '{', ';', ':']);
                    if ends {
                        self.here = before;
                        return value;
                    }
                    self.pass(depth);
                    let written = self.text.get(start..self.here).unwrap_or_default().trim().to_owned();
                    return self.value(start, Data::Unknown(written));
                }
            }
        }
    }

    /// Passes over the rest of an expression: to the end of the line, a comma, or a bracket that belongs to what is
    /// around it.
    fn pass(&mut self, depth: usize) {
        let mut open = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                '\n' | ';' if open == 0 => return,
                ',' | ')' | ']' | '}' if open == 0 => return,
                '{' if open == 0 && depth == 0 => return,
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' => open = open.saturating_sub(1),
                '\'' | '"' => {
                    drop(self.string());
                    continue;
                }
                _ => {}
            }
            self.bump();
        }
    }

    /// A string; in one with double quotes `${…}` stays as it is written, and the text is not exact.
    fn string(&mut self) -> Option<Value> {
        let start = self.here;
        let rest = self.rest();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let mark = quote.to_string().repeat(3);
        let long = rest.starts_with(&mark);
        self.here += if long { 3 } else { 1 };
        let mut text = String::new();
        let mut exact = true;
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else { break };
            if long && rest.starts_with(&mark) {
                self.here += 3;
                break;
            }
            if !long && c == quote {
                self.here += 1;
                break;
            }
            // A string on one line ends with it, whatever is missing.
            if !long && c == '\n' {
                break;
            }
            self.bump();
            match c {
                '\\' => {
                    let Some(next) = self.peek() else { break };
                    self.bump();
                    match next {
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        '\n' => {}
                        next => text.push(next),
                    }
                }
                '$' if quote == '"' => {
                    exact = false;
                    text.push('$');
                }
                c => text.push(c),
            }
        }
        Some(self.value(start, Data::Text { text, exact }))
    }
}
