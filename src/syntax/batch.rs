//! Windows batch scripts (`shell: cmd`) into the tree of shell scripts.
//!
//! Lines, `^` continuations, quotes, `%X%`, groups, `if`, `for`, `set` and the operators between commands are read.
//! Jumps to labels are not followed.

use super::shell::{
    Assignment, MOST_BYTES, Node, Operator, Piece, Redirect, RedirectKind, Script, Simple, Test, Value, Word,
    hole_number,
};
use crate::model::{Bound, Unread};

/// Groups nested deeper than this are left out and reported.
const MOST_NESTED: usize = 24;
/// Links of one chain of `&&` and `||`.
const MOST_LINKS: usize = 60;

/// Reads a masked script.
pub fn parse(text: &str) -> Script {
    if text.len() > MOST_BYTES {
        return Script { nodes: Vec::new(), unread: vec![(0, Bound::Bytes(MOST_BYTES).into())] };
    }
    let mut parser = Parser { text, at: 0, nested: 0, unread: Vec::new() };
    let mut nodes = Vec::new();
    while parser.at < text.len() {
        nodes.extend(parser.block(false));
        // A stray closing parenthesis.
        parser.bump();
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

    fn blanks(&mut self) {
        loop {
            if self.rest().starts_with("^\n") {
                self.at += 2;
            } else if self.rest().starts_with("^\r\n") {
                self.at += 3;
            } else if matches!(self.peek(), Some(' ' | '\t' | '\r' | '@')) {
                self.bump();
            } else {
                return;
            }
        }
    }

    fn line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn keyword(&mut self, word: &str) -> bool {
        let found = self.rest().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !self
                .rest()
                .get(word.len()..)
                .unwrap_or_default()
                .starts_with(|c: char| c.is_ascii_alphanumeric() || "_-.\\".contains(c));
        if found {
            self.at += word.len();
        }
        found
    }

    fn block(&mut self, grouped: bool) -> Vec<Node> {
        let mut nodes = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None => return nodes,
                Some(')') if grouped || self.nested == 0 => return nodes,
                Some('\n' | '&' | '|' | ')') => drop(self.bump()),
                Some(':') => self.line(),
                Some(_) if self.keyword("rem") => self.line(),
                Some(_) => {
                    let before = self.at;
                    nodes.push(self.chain());
                    if self.at == before {
                        self.bump();
                    }
                }
            }
        }
    }

    fn chain(&mut self) -> Node {
        let mut node = self.pipeline();
        for _ in 0..MOST_LINKS {
            self.blanks();
            if self.rest().starts_with("&&") {
                self.at += 2;
                node = Node::And(Box::new(node), Box::new(self.pipeline()));
            } else if self.rest().starts_with("||") {
                self.at += 2;
                node = Node::Or(Box::new(node), Box::new(self.pipeline()));
            } else {
                break;
            }
        }
        node
    }

    fn pipeline(&mut self) -> Node {
        let mut nodes = vec![self.statement()];
        loop {
            self.blanks();
            if self.peek() != Some('|') || self.rest().starts_with("||") {
                break;
            }
            self.bump();
            nodes.push(self.statement());
        }
        match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            last => Node::Pipeline(nodes.into_iter().chain(last).collect()),
        }
    }

    fn statement(&mut self) -> Node {
        self.blanks();
        if self.nested >= MOST_NESTED {
            self.unread.push((self.at, Bound::Nesting.into()));
            self.at = self.text.len();
            return Node::Sequence(Vec::new());
        }
        self.nested += 1;
        let node = self.inner();
        self.nested -= 1;
        node
    }

    fn inner(&mut self) -> Node {
        if self.peek() == Some('(') {
            self.bump();
            let nodes = self.block(true);
            self.bump();
            let redirects = self.redirects();
            let node = Node::Sequence(nodes);
            return if redirects.is_empty() { node } else { Node::Redirected(Box::new(node), redirects) };
        }
        if self.keyword("if") {
            return self.condition();
        }
        if self.keyword("for") {
            return self.repetition();
        }
        let before = self.at;
        if self.keyword("set") {
            if let Some(node) = self.assignment(before) {
                return node;
            }
            self.at = before;
        }
        self.command()
    }

    fn condition(&mut self) -> Node {
        self.blanks();
        let mut negated = false;
        let mut test = None;
        loop {
            self.blanks();
            if self.rest().get(..2).is_some_and(|s| s.eq_ignore_ascii_case("/i")) {
                self.at += 2;
            } else if self.keyword("not") {
                negated = !negated;
            } else {
                break;
            }
        }
        for (name, operator) in [("exist", "-e"), ("defined", "-v")] {
            if self.keyword(name) {
                self.blanks();
                test = Some(Test::Unary(operator.to_owned(), self.word("")));
            }
        }
        let test = match test {
            Some(test) => Node::Test(test),
            None if self.keyword("errorlevel") => {
                self.blanks();
                self.word("");
                Node::Opaque("errorlevel".to_owned())
            }
            None => {
                let left = self.word("=");
                self.blanks();
                if self.rest().starts_with("==") {
                    self.at += 2;
                    self.blanks();
                    let right = self.word("");
                    Node::Test(Test::Binary(left, "==".to_owned(), right))
                } else {
                    let middle = self.word("");
                    self.blanks();
                    let right = self.word("");
                    let operator = match middle.pieces.as_slice() {
                        [Piece::Text { text, .. }] => match text.to_ascii_lowercase().as_str() {
                            "equ" => "==",
                            "neq" => "!=",
                            "lss" => "-lt",
                            "leq" => "-le",
                            "gtr" => "-gt",
                            _ => "-ge",
                        },
                        _ => "==",
                    };
                    Node::Test(Test::Binary(left, operator.to_owned(), right))
                }
            }
        };
        let test = if negated { Node::Not(Box::new(test)) } else { test };
        let body = self.chain();
        let before = self.at;
        self.blanks();
        let mut otherwise = None;
        if self.keyword("else") {
            otherwise = Some(Box::new(self.chain()));
        } else {
            self.at = before;
        }
        Node::If { branches: vec![(test, body)], otherwise }
    }

    fn repetition(&mut self) -> Node {
        let mut variable = String::new();
        loop {
            self.blanks();
            match self.peek() {
                None | Some('\n' | '(') => break,
                Some('%') => {
                    while self.peek() == Some('%') {
                        self.bump();
                    }
                    variable = self.bump().map(|c| format!("%%{c}")).unwrap_or_default();
                }
                Some(_) => {
                    let before = self.at;
                    self.word("");
                    if self.at == before {
                        self.bump();
                    }
                }
            }
        }
        let mut words = Vec::new();
        if self.peek() == Some('(') {
            self.bump();
            loop {
                self.blanks();
                match self.peek() {
                    None => break,
                    Some(')') => {
                        self.bump();
                        break;
                    }
                    Some(',' | '\n' | '&' | '|' | '<' | '>') => drop(self.bump()),
                    Some(_) => {
                        let before = self.at;
                        words.push(self.word(","));
                        if self.at == before {
                            self.bump();
                        }
                    }
                }
            }
        }
        self.blanks();
        self.keyword("do");
        Node::For { variable, words: Some(words), body: Box::new(self.chain()) }
    }

    /// `set X=value` and `set "X=value"`; programs see it.
    fn assignment(&mut self, from: usize) -> Option<Node> {
        self.blanks();
        if self.peek() == Some('/') {
            return None;
        }
        let in_quotes = self.peek() == Some('"');
        if in_quotes {
            self.bump();
        }
        let rest = self.rest();
        let length = rest.lines().next()?.find('=')?;
        let name = rest.get(..length)?.trim();
        if name.is_empty() || name.contains(['\n', '&', '|', '%', ' ']) {
            return None;
        }
        self.at += length + 1;
        let offset = self.at;
        let mut pieces = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                '\n' | '\r' => break,
                '"' if in_quotes => {
                    self.bump();
                    break;
                }
                '&' | '|' | ')' if !in_quotes => break,
                _ => self.one(&mut pieces, true),
            }
        }
        let value = Value::Scalar(Word { pieces, offset, end: self.at });
        let declaration = Assignment { name: name.to_owned(), index: None, value, append: false };
        Some(Node::Command(Simple {
            words: vec![Word::literal("export", from, from)],
            declarations: vec![declaration],
            offset: from,
            end: self.at,
            ..Simple::default()
        }))
    }

    fn command(&mut self) -> Node {
        let mut simple = Simple { offset: self.at, end: self.at, ..Simple::default() };
        loop {
            self.blanks();
            simple.redirects.extend(self.redirects());
            match self.peek() {
                None | Some('\n' | '&' | '|') => break,
                Some(')') if self.nested > 1 => break,
                Some(_) => {}
            }
            let before = self.at;
            let word = self.word("");
            if self.at == before {
                let c = self.bump().unwrap_or(' ');
                simple.words.push(Word::literal(c.to_string(), before, self.at));
            } else {
                simple.words.push(word);
            }
            simple.end = self.at;
        }
        Node::Command(simple)
    }

    fn redirects(&mut self) -> Vec<Redirect> {
        let mut found = Vec::new();
        loop {
            self.blanks();
            let rest = self.rest();
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let Some(sign) = rest.get(digits..).and_then(|r| r.chars().next()).filter(|c| matches!(c, '<' | '>'))
            else {
                return found;
            };
            if digits > 1 {
                return found;
            }
            let descriptor = rest.get(..digits).and_then(|d| d.parse().ok());
            self.at += digits + 1;
            let append = sign == '>' && self.peek() == Some('>');
            if append {
                self.bump();
            }
            let duplicates = self.peek() == Some('&');
            if duplicates {
                self.bump();
            }
            self.blanks();
            let kind = match (sign, append, duplicates) {
                (_, _, true) => RedirectKind::Duplicate,
                ('<', ..) => RedirectKind::Read,
                (_, true, _) => RedirectKind::Append,
                _ => RedirectKind::Write,
            };
            let target = self.word("");
            found.push(Redirect { descriptor, kind, target });
        }
    }

    /// A word up to a blank, an operator, or one of `also`.
    fn word(&mut self, also: &str) -> Word {
        let offset = self.at;
        let mut pieces = Vec::new();
        let mut in_quotes = false;
        while let Some(c) = self.peek() {
            match c {
                '\n' => break,
                '"' => {
                    self.bump();
                    in_quotes = !in_quotes;
                    pieces.push(Piece::Text { text: String::new(), quoted: true });
                }
                ' ' | '\t' | '\r' | '&' | '|' | '<' | '>' if !in_quotes => break,
                ')' if !in_quotes && self.nested > 0 => break,
                c if !in_quotes && also.contains(c) => break,
                '^' if !in_quotes && self.rest().starts_with("^\n") => break,
                _ => self.one(&mut pieces, in_quotes),
            }
        }
        Word { pieces, offset, end: self.at }
    }

    /// One character, variable or escape.
    fn one(&mut self, pieces: &mut Vec<Piece>, in_quotes: bool) {
        let Some(c) = self.bump() else { return };
        match c {
            '^' if !in_quotes => {
                if let Some(c) = self.bump() {
                    push(pieces, c, true);
                }
            }
            '%' | '!' => {
                let rest = self.rest();
                if c == '%' && rest.starts_with('%') {
                    // `%%v`, `%%~nv`
                    self.bump();
                    while self.peek() == Some('~') {
                        self.bump();
                    }
                    let name = self.bump().map(|c| format!("%%{c}")).unwrap_or_default();
                    pieces.push(variable(name));
                    return;
                }
                if c == '%' && rest.starts_with(|c: char| c.is_ascii_digit() || c == '*' || c == '~') {
                    while self.peek().is_some_and(|c| c == '~' || c.is_ascii_alphabetic()) {
                        self.bump();
                    }
                    let name = match self.bump() {
                        Some('*') => "*".to_owned(),
                        Some(c) => c.to_string(),
                        None => String::new(),
                    };
                    pieces.push(variable(name));
                    return;
                }
                let end =
                    rest.find(c).filter(|at| *at > 0 && !rest.get(..*at).unwrap_or_default().contains(['\n', ' ']));
                match end {
                    Some(end) => {
                        let name = rest.get(..end).unwrap_or_default();
                        self.at += end + 1;
                        pieces.push(if name.contains(':') {
                            Piece::Opaque { raw: format!("%{name}%"), quoted: true }
                        } else {
                            variable(name.to_owned())
                        });
                    }
                    None => push(pieces, c, in_quotes),
                }
            }
            c => push(pieces, c, in_quotes),
        }
    }
}

fn variable(name: String) -> Piece {
    // `%*` and `%1` are the parameters, as in a shell.
    Piece::Variable { name, index: None, operator: Operator::None, quoted: true }
}

fn push(pieces: &mut Vec<Piece>, c: char, in_quotes: bool) {
    if c == '\u{7f}' {
        return;
    }
    if let Some(index) = hole_number(c) {
        pieces.push(Piece::Hole { index, quoted: true });
        return;
    }
    match pieces.last_mut() {
        Some(Piece::Text { text, quoted }) if *quoted == in_quotes => text.push(c),
        _ => pieces.push(Piece::Text { text: c.to_string(), quoted: in_quotes }),
    }
}
