//! PowerShell into the tree of shell scripts, as far as CI steps use it.
//!
//! Statements, pipelines, strings, variables, blocks and the usual comparisons are read; what only computes (methods,
//! hash tables, arithmetic) stays raw text. Script blocks are taken to run where they stand. Nothing is refused: odd
//! text becomes odd words.

mod compare;
mod word;

use std::sync::Arc;

use super::shell::{
    Assignment, MOST_BYTES, Node, Piece, Redirect, RedirectKind, Script, Simple, Value, Word, hole_number,
};
use crate::model::{Bound, Unread};
use compare::test_of;

/// Blocks and expressions nested deeper than this are left out and reported.
const MOST_NESTED: usize = 24;
/// Links of one chain of `&&` and `||`, and of one condition.
const MOST_LINKS: usize = 60;

/// Reads a masked script.
pub fn parse(text: &str) -> Script {
    if text.len() > MOST_BYTES {
        return Script { nodes: Vec::new(), unread: vec![(0, Bound::Bytes(MOST_BYTES).into())] };
    }
    let mut parser = Parser { text, at: 0, nested: 0, unread: Vec::new() };
    let mut nodes = Vec::new();
    loop {
        nodes.extend(parser.block(None));
        // A stray closing bracket must not end the script.
        if parser.bump().is_none() {
            break;
        }
    }
    Script { nodes, unread: parser.unread }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    nested: usize,
    unread: Vec<(usize, Unread)>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn slice(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// Skips blanks, comments and continuations; new lines and `;` as well when `lines` is set.
    fn skip(&mut self, lines: bool) {
        loop {
            let rest = self.rest();
            if rest.starts_with("<#") {
                self.at += rest.find("#>").map_or(rest.len(), |at| at + 2);
            } else if rest.starts_with('#') {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("`\n") {
                self.at += 2;
            } else if rest.starts_with("`\r\n") {
                self.at += 3;
            } else {
                match self.peek() {
                    Some(' ' | '\t' | '\r' | '\u{feff}') => drop(self.bump()),
                    Some('\n' | ';') if lines => drop(self.bump()),
                    _ => return,
                }
            }
        }
    }

    /// Takes a keyword at this place, without regard to case.
    fn keyword(&mut self, word: &str) -> bool {
        let found = self.rest().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !self
                .rest()
                .get(word.len()..)
                .unwrap_or_default()
                .starts_with(|c: char| is_name(c) || "-.:=\\/".contains(c));
        if found {
            self.at += word.len();
        }
        found
    }

    /// The statements up to `end`, which stays.
    fn block(&mut self, end: Option<char>) -> Vec<Node> {
        let mut nodes = Vec::new();
        if self.nested >= MOST_NESTED {
            self.unread.push((self.at, Bound::Nesting.into()));
            self.at = self.text.len();
            return nodes;
        }
        self.nested += 1;
        loop {
            self.skip(true);
            match self.peek() {
                None => break,
                Some(c) if Some(c) == end => break,
                Some(')' | '}') if end.is_none() => break,
                Some(_) => {}
            }
            let before = self.at;
            nodes.push(self.statement());
            if self.at == before {
                self.bump();
            }
        }
        self.nested -= 1;
        nodes
    }

    /// `{ ... }` behind a keyword.
    fn braces(&mut self) -> Node {
        self.skip(true);
        if self.peek() != Some('{') {
            return Node::Sequence(Vec::new());
        }
        self.bump();
        let nodes = self.block(Some('}'));
        self.bump();
        Node::Sequence(nodes)
    }

    fn statement(&mut self) -> Node {
        if self.keyword("if") {
            return self.condition();
        }
        if self.keyword("foreach") {
            return self.foreach();
        }
        if self.keyword("while") {
            let test = Box::new(self.test());
            return Node::While { test, body: Box::new(self.braces()), until: false };
        }
        if self.keyword("for") {
            self.skip(true);
            let from = self.at;
            if self.peek() == Some('(') {
                self.bump();
                self.block(Some(')'));
                self.bump();
            }
            let test = Box::new(Node::Opaque(self.slice(from).to_owned()));
            return Node::While { test, body: Box::new(self.braces()), until: false };
        }
        if self.keyword("do") {
            let body = self.braces();
            self.skip(true);
            if self.keyword("while") || self.keyword("until") {
                self.test();
            }
            return body;
        }
        if self.keyword("try") {
            let mut nodes = vec![self.braces()];
            loop {
                self.skip(true);
                if self.keyword("catch") {
                    while self.peek().is_some_and(|c| c != '{') {
                        self.bump();
                    }
                    let test = Node::Opaque("failure".to_owned());
                    nodes.push(Node::If { branches: vec![(test, self.braces())], otherwise: None });
                } else if self.keyword("finally") {
                    nodes.push(self.braces());
                } else {
                    return Node::Sequence(nodes);
                }
            }
        }
        if self.keyword("switch") {
            return self.switch();
        }
        if self.keyword("function") || self.keyword("filter") {
            self.skip(false);
            let from = self.at;
            while self.peek().is_some_and(|c| is_name(c) || "-:".contains(c)) {
                self.bump();
            }
            let name = self.slice(from).to_owned();
            self.skip(true);
            if self.peek() == Some('(') {
                self.word();
            }
            return Node::Function { name, body: Arc::new(self.braces()) };
        }
        if self.keyword("param") {
            self.skip(true);
            self.word();
            return Node::Sequence(Vec::new());
        }
        for block in ["begin", "process", "end"] {
            let before = self.at;
            if self.keyword(block) {
                self.skip(true);
                if self.peek() == Some('{') {
                    return self.braces();
                }
                self.at = before;
            }
        }
        if let Some(node) = self.assignment() {
            return node;
        }
        self.chain()
    }

    fn condition(&mut self) -> Node {
        let mut branches = Vec::new();
        let test = self.test();
        branches.push((test, self.braces()));
        let mut otherwise = None;
        loop {
            let before = self.at;
            self.skip(true);
            if self.keyword("elseif") {
                let test = self.test();
                branches.push((test, self.braces()));
            } else if self.keyword("else") {
                otherwise = Some(Box::new(self.braces()));
                break;
            } else {
                self.at = before;
                break;
            }
        }
        Node::If { branches, otherwise }
    }

    fn foreach(&mut self) -> Node {
        self.skip(true);
        let mut variable = String::new();
        let mut words = Vec::new();
        if self.peek() == Some('(') {
            self.bump();
            self.skip(true);
            let from = self.at;
            while self.peek().is_some_and(|c| is_name(c) || c == '$') {
                self.bump();
            }
            variable = self.slice(from).trim_start_matches('$').to_ascii_lowercase();
            self.skip(true);
            self.keyword("in");
            self.skip(true);
            words = self.items(')');
            self.bump();
            // A list that is not known yields items, which are other values than itself.
            for word in &mut words {
                if let [Piece::Variable { quoted, .. } | Piece::Substitution { quoted, .. }] =
                    word.pieces.as_mut_slice()
                {
                    *quoted = false;
                }
            }
        }
        Node::For { variable, words: Some(words), body: Box::new(self.braces()) }
    }

    /// The elements of a list up to `end`; `@( ... )` around them is seen through.
    fn items(&mut self, end: char) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.skip(true);
            match self.peek() {
                None => return words,
                Some(c) if c == end => return words,
                Some(',') => drop(self.bump()),
                Some(_) if self.rest().starts_with("@(") && self.nested < MOST_NESTED => {
                    self.at += 2;
                    self.nested += 1;
                    words.extend(self.items(')'));
                    self.nested -= 1;
                    self.bump();
                }
                Some(_) => {
                    let from = self.at;
                    let mut word = self.element();
                    if self.at == from {
                        self.bump();
                    }
                    // Ranges, methods and operators: one item that is not known.
                    self.skip(false);
                    if !matches!(self.peek(), None | Some(',' | '\n' | ';')) && self.peek() != Some(end) {
                        while !matches!(self.peek(), None | Some('\n')) && self.peek() != Some(end) {
                            let before = self.at;
                            self.element();
                            if self.at == before {
                                self.bump();
                            }
                        }
                        word = Word { pieces: vec![opaque(self.slice(from))], offset: from, end: self.at };
                    }
                    words.push(word);
                }
            }
        }
    }

    fn switch(&mut self) -> Node {
        while self.peek() == Some('-') || self.peek() == Some(' ') {
            self.skip(false);
            if self.peek() == Some('-') {
                self.word();
            }
        }
        self.skip(true);
        let word = if self.peek() == Some('(') {
            self.bump();
            let mut words = self.items(')');
            self.bump();
            words.pop().unwrap_or_default()
        } else {
            Word::default()
        };
        self.skip(true);
        let mut arms = Vec::new();
        if self.peek() == Some('{') {
            self.bump();
            loop {
                self.skip(true);
                match self.peek() {
                    None => break,
                    Some('}') => {
                        self.bump();
                        break;
                    }
                    Some(_) => {}
                }
                let before = self.at;
                let pattern = if self.peek() == Some('{') { Word::default() } else { self.word() };
                let pattern = match pattern.pieces.as_slice() {
                    [Piece::Text { text, .. }] if text.eq_ignore_ascii_case("default") => {
                        Word { pieces: vec![Piece::Text { text: "*".to_owned(), quoted: false }], ..pattern }
                    }
                    _ => pattern,
                };
                arms.push((vec![pattern], self.braces()));
                if self.at == before {
                    self.bump();
                }
            }
        }
        Node::Case { word, arms }
    }

    /// `( ... )` of an `if` or a loop as a test.
    fn test(&mut self) -> Node {
        self.skip(true);
        if self.peek() != Some('(') {
            return Node::Opaque("condition".to_owned());
        }
        self.bump();
        let from = self.at;
        let mut words = Vec::new();
        loop {
            self.skip(true);
            match self.peek() {
                None | Some(')') => break,
                Some(_) => {}
            }
            let before = self.at;
            let word = self.element();
            words.push(word);
            if self.at == before {
                self.bump();
            }
        }
        let raw = self.slice(from).to_owned();
        self.bump();
        let mut substitutions: Vec<Node> = Vec::new();
        for word in &words {
            if word.pieces.iter().any(|p| matches!(p, Piece::Substitution { .. })) {
                substitutions.push(discard(word.clone()));
            }
        }
        let test = if words.len() > MOST_LINKS { None } else { test_of(&words) };
        let test = test.unwrap_or(Node::Opaque(raw));
        // Commands in a condition run before it holds.
        if substitutions.is_empty() || !matches!(test, Node::Opaque(_)) {
            return test;
        }
        substitutions.push(test);
        Node::Sequence(substitutions)
    }

    /// `$x = ...`; nothing is taken when this is no assignment.
    fn assignment(&mut self) -> Option<Node> {
        let from = self.at;
        // `[string]$x = ...`
        while self.peek() == Some('[') {
            let Some(end) = self.rest().lines().next().and_then(|line| line.find(']')) else {
                self.at = from;
                return None;
            };
            self.at += end + 1;
            self.skip(false);
        }
        let name = self.rest().strip_prefix('$').map(|rest| {
            let end = rest.find(|c: char| !(is_name(c) || c == ':')).unwrap_or(rest.len());
            rest.get(..end).unwrap_or_default()
        });
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            self.at = from;
            return None;
        };
        self.at += 1 + name.len();
        self.skip(false);
        let append = self.rest().starts_with("+=");
        let plain = self.rest().starts_with('=') && !self.rest().starts_with("==");
        if !(append || plain) {
            self.at = from;
            return None;
        }
        self.at += if append { 2 } else { 1 };
        self.skip(true);
        let (value, mut before) = self.right_side();
        let (name, exported) = variable_name(name);
        let assignment = Assignment { name, index: None, value, append };
        let mut simple = Simple { offset: from, end: self.at, ..Simple::default() };
        if exported {
            simple.words.push(Word::literal("export", from, from));
            simple.declarations.push(assignment);
        } else {
            simple.assignments.push(assignment);
        }
        before.push(Node::Command(simple));
        Some(if before.len() == 1 { before.pop()? } else { Node::Sequence(before) })
    }

    /// The value of an assignment, and commands that run for it.
    fn right_side(&mut self) -> (Value, Vec<Node>) {
        let from = self.at;
        if self.rest().starts_with("@(") {
            self.at += 2;
            let words = self.items(')');
            self.bump();
            return (Value::Array(words), Vec::new());
        }
        let expression = matches!(self.peek(), Some('\'' | '"' | '$' | '@' | '[' | '(' | '0'..='9' | '-' | '!'))
            || self.peek().and_then(hole_number).is_some();
        if !expression {
            let node = self.statement();
            let raw = self.slice(from).to_owned();
            let script = Arc::new(Script { nodes: vec![node], unread: Vec::new() });
            let pieces = vec![Piece::Substitution { script, raw, quoted: true }];
            return (Value::Scalar(Word { pieces, offset: from, end: self.at }), Vec::new());
        }
        let mut words = vec![self.element()];
        let mut commas = false;
        let mut plain = true;
        let mut piped = false;
        loop {
            self.skip(false);
            match self.peek() {
                None | Some('\n' | ';' | '}' | ')') => break,
                Some(',') => {
                    commas = true;
                    self.bump();
                    self.skip(true);
                    words.push(self.element());
                }
                Some('|') => {
                    piped = true;
                    break;
                }
                Some(_) => {
                    plain = false;
                    let before = self.at;
                    words.push(self.element());
                    if self.at == before {
                        self.bump();
                    }
                }
            }
        }
        if piped {
            // `$x = $y | ConvertTo-Json`
            self.at = from;
            let node = self.chain();
            let raw = self.slice(from).to_owned();
            let script = Arc::new(Script { nodes: vec![node], unread: Vec::new() });
            let pieces = vec![Piece::Substitution { script, raw, quoted: true }];
            return (Value::Scalar(Word { pieces, offset: from, end: self.at }), Vec::new());
        }
        if plain && !commas {
            return (Value::Scalar(words.pop().unwrap_or_default()), Vec::new());
        }
        if plain {
            return (Value::Array(words), Vec::new());
        }
        let runs = words.into_iter().filter(|w| w.pieces.iter().any(|p| matches!(p, Piece::Substitution { .. })));
        let before = runs.map(discard).collect();
        let pieces = vec![opaque(self.slice(from))];
        (Value::Scalar(Word { pieces, offset: from, end: self.at }), before)
    }

    fn chain(&mut self) -> Node {
        let mut node = self.pipeline();
        for _ in 0..MOST_LINKS {
            self.skip(false);
            let rest = self.rest();
            if rest.starts_with("&&") {
                self.at += 2;
                self.skip(true);
                node = Node::And(Box::new(node), Box::new(self.pipeline()));
            } else if rest.starts_with("||") {
                self.at += 2;
                self.skip(true);
                node = Node::Or(Box::new(node), Box::new(self.pipeline()));
            } else {
                break;
            }
        }
        node
    }

    fn pipeline(&mut self) -> Node {
        let mut nodes = vec![self.command()];
        loop {
            self.skip(false);
            if self.peek() != Some('|') || self.rest().starts_with("||") {
                break;
            }
            self.bump();
            self.skip(true);
            nodes.push(self.command());
        }
        match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            last => Node::Pipeline(nodes.into_iter().chain(last).collect()),
        }
    }

    fn command(&mut self) -> Node {
        self.skip(false);
        let mut simple = Simple { offset: self.at, end: self.at, ..Simple::default() };
        let called = self.rest().starts_with("& ")
            || self.rest().starts_with("&'")
            || self.rest().starts_with("&\"")
            || self.rest().starts_with("&$")
            || self.rest().starts_with(". ");
        if called {
            self.bump();
            self.skip(false);
        }
        let value = !called && matches!(self.peek(), Some('\'' | '"' | '$' | '@' | '[' | '(' | '0'..='9' | '!' | '-'));
        loop {
            self.skip(false);
            match self.peek() {
                None | Some('\n' | ';' | ')' | '}' | '|') => break,
                Some('&') => {
                    if self.rest().starts_with("&&") {
                        break;
                    }
                    self.bump();
                    break;
                }
                Some(_) => {}
            }
            if let Some(redirect) = self.redirect() {
                simple.redirects.push(redirect);
                simple.end = self.at;
                continue;
            }
            let before = self.at;
            let word = if value { self.element() } else { self.word() };
            if self.at == before {
                self.bump();
                continue;
            }
            simple.words.push(word);
            simple.end = self.at;
        }
        if value {
            return self.value(simple);
        }
        Node::Command(simple)
    }

    /// An expression as a statement: what it yields is printed.
    fn value(&self, mut simple: Simple) -> Node {
        if simple.words.len() == 1 {
            simple.words.insert(0, Word::literal("Write-Output", simple.offset, simple.offset));
            return Node::Command(simple);
        }
        let runs = simple.words.iter().filter(|w| w.pieces.iter().any(|p| matches!(p, Piece::Substitution { .. })));
        let mut nodes: Vec<Node> = runs.cloned().map(discard).collect();
        let raw = self.text.get(simple.offset..simple.end).unwrap_or_default();
        let printed = Word { pieces: vec![opaque(raw)], offset: simple.offset, end: simple.end };
        simple.words = vec![Word::literal("Write-Output", simple.offset, simple.offset), printed];
        nodes.push(Node::Command(simple));
        Node::Sequence(nodes)
    }

    fn redirect(&mut self) -> Option<Redirect> {
        let rest = self.rest();
        let length = rest.find(|c: char| !(c.is_ascii_digit() || c == '*'))?;
        if length > 1 || !rest.get(length..)?.starts_with('>') {
            return None;
        }
        let from = rest.get(..length).unwrap_or_default();
        let all = from == "*";
        let descriptor = from.parse().ok();
        self.at += length + 1;
        let append = self.peek() == Some('>');
        if append {
            self.bump();
        }
        if self.peek() == Some('&') {
            self.bump();
            let offset = self.at;
            let digit = self.bump().unwrap_or('1').to_string();
            let target = Word::literal(digit, offset, self.at);
            return Some(Redirect { descriptor, kind: RedirectKind::Duplicate, target });
        }
        self.skip(false);
        let offset = self.at;
        let mut target = self.word();
        if self.slice(offset).eq_ignore_ascii_case("$null") {
            target = Word::literal("$null", offset, self.at);
        }
        let kind = match (all, append) {
            (true, _) => RedirectKind::Both,
            (_, true) => RedirectKind::Append,
            _ => RedirectKind::Write,
        };
        Some(Redirect { descriptor, kind, target })
    }
}

fn opaque(raw: &str) -> Piece {
    Piece::Opaque { raw: raw.to_owned(), quoted: true }
}

/// The name of a variable, and whether programs see it. Names count without regard to case, those of the environment
/// as they are written.
fn variable_name(name: &str) -> (String, bool) {
    match name.split_once(':') {
        Some((scope, name)) if scope.eq_ignore_ascii_case("env") => (name.to_owned(), true),
        Some((_, name)) => (name.to_ascii_lowercase(), false),
        None if name.eq_ignore_ascii_case("pwd") => ("PWD".to_owned(), false),
        None => (name.to_ascii_lowercase(), false),
    }
}

/// Runs what a word substitutes and drops the value.
fn discard(word: Word) -> Node {
    let (offset, end) = (word.offset, word.end);
    let assignment = Assignment { name: "null".to_owned(), index: None, value: Value::Scalar(word), append: false };
    Node::Command(Simple { assignments: vec![assignment], offset, end, ..Simple::default() })
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
