//! Words: strings, variables, expressions in brackets.

use std::sync::Arc;

use super::{Parser, is_name, opaque, variable_name};
use crate::syntax::shell::{Operator, Piece, Script, Word, hole_number};

impl Parser<'_> {
    /// A word of an argument list.
    pub(super) fn word(&mut self) -> Word {
        self.read(false)
    }

    /// An operand or operator of an expression: commas end it.
    pub(super) fn element(&mut self) -> Word {
        self.read(true)
    }

    pub(super) fn read(&mut self, expression: bool) -> Word {
        let offset = self.at;
        let mut pieces: Vec<Piece> = Vec::new();
        while let Some(c) = self.peek() {
            let rest = self.rest();
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '|' | ')' | '}' => break,
                ',' if expression => break,
                '&' if rest.starts_with("&&") || pieces.is_empty() => break,
                '`' => {
                    self.bump();
                    match self.bump() {
                        Some('\n') | None => break,
                        Some(c) => push(&mut pieces, escape(c), true),
                    }
                }
                '\'' | '"' => {
                    if c == '"' {
                        self.double(&mut pieces)
                    } else {
                        self.single(&mut pieces)
                    }
                    if expression {
                        self.members(&mut pieces, offset);
                    }
                }
                '@' if rest.starts_with("@'") || rest.starts_with("@\"") => self.here(&mut pieces),
                '@' if rest.starts_with("@(") => {
                    self.bump();
                    self.parenthesis(&mut pieces, '(', ')');
                }
                '@' if rest.starts_with("@{") => {
                    let from = self.at;
                    self.bump();
                    let mut dropped = Vec::new();
                    self.parenthesis(&mut dropped, '{', '}');
                    pieces.push(opaque(self.slice(from)));
                }
                '@' if rest.chars().nth(1).is_some_and(|c| c.is_ascii_alphabetic()) && pieces.is_empty() => {
                    self.bump();
                    let name = self.name();
                    let index = Some("@".to_owned());
                    pieces.push(Piece::Variable { name, index, operator: Operator::None, quoted: true });
                }
                '$' if rest.starts_with("$(") => {
                    self.bump();
                    self.parenthesis(&mut pieces, '(', ')');
                }
                '$' => self.variable(&mut pieces, true),
                '(' => {
                    let from = self.at;
                    let called = !pieces.is_empty();
                    self.parenthesis(&mut pieces, '(', ')');
                    // The arguments of a method are not its value.
                    if called {
                        pieces.push(opaque(self.slice(from)));
                    }
                    self.members(&mut pieces, offset);
                }
                '{' => self.parenthesis(&mut pieces, '{', '}'),
                c => {
                    self.bump();
                    push(&mut pieces, c, false);
                }
            }
        }
        Word { pieces, offset, end: self.at }
    }

    /// A bracketed stretch with statements of its own.
    pub(super) fn parenthesis(&mut self, pieces: &mut Vec<Piece>, open: char, close: char) {
        if self.peek() == Some(open) {
            self.bump();
        }
        let from = self.at;
        let nodes = self.block(Some(close));
        let raw = self.slice(from).to_owned();
        self.bump();
        // A method or property of the result is another value.
        let script = Arc::new(Script { nodes, unread: Vec::new() });
        pieces.push(Piece::Substitution { script, raw, quoted: true });
    }

    pub(super) fn single(&mut self, pieces: &mut Vec<Piece>) {
        self.bump();
        pieces.push(quoted(""));
        while let Some(c) = self.bump() {
            if c == '\'' {
                if self.peek() != Some('\'') {
                    return;
                }
                self.bump();
            }
            push(pieces, c, true);
        }
    }

    pub(super) fn double(&mut self, pieces: &mut Vec<Piece>) {
        self.bump();
        pieces.push(quoted(""));
        while let Some(c) = self.peek() {
            match c {
                '"' if self.rest().starts_with("\"\"") => {
                    self.at += 2;
                    push(pieces, '"', true);
                }
                '"' => {
                    self.bump();
                    return;
                }
                _ => self.expandable(pieces),
            }
        }
    }

    /// One character of a string with expansions.
    pub(super) fn expandable(&mut self, pieces: &mut Vec<Piece>) {
        match self.peek() {
            Some('`') => {
                self.bump();
                if let Some(c) = self.bump() {
                    push(pieces, escape(c), true);
                }
            }
            Some('$') if self.rest().starts_with("$(") => {
                self.bump();
                self.parenthesis(pieces, '(', ')');
            }
            Some('$') => self.variable(pieces, false),
            Some(c) => {
                self.bump();
                push(pieces, c, true);
            }
            None => {}
        }
    }

    /// `@'` or `@"` up to the same at the start of a line.
    pub(super) fn here(&mut self, pieces: &mut Vec<Piece>) {
        let expands = self.rest().starts_with("@\"");
        let end = if expands { "\n\"@" } else { "\n'@" };
        let start = self.rest().find('\n').map_or(self.text.len(), |at| self.at + at + 1);
        let length = self.text.get(start.saturating_sub(1)..).and_then(|t| t.find(end));
        let stop = length.map_or(self.text.len(), |at| (start + at).saturating_sub(1));
        self.at = start.min(self.text.len());
        pieces.push(quoted(""));
        while self.at < stop {
            if expands {
                self.expandable(pieces);
            } else if let Some(c) = self.bump() {
                push(pieces, c, true);
            }
        }
        self.at = self.at.max((stop + end.len()).min(self.text.len()));
    }

    pub(super) fn name(&mut self) -> String {
        let from = self.at;
        while self.peek().is_some_and(is_name) {
            self.bump();
        }
        self.slice(from).to_ascii_lowercase()
    }

    /// Methods and properties of what was just read make another value of it.
    pub(super) fn members(&mut self, pieces: &mut Vec<Piece>, start: usize) {
        let from = self.at;
        if !matches!(self.peek(), Some('.' | '[')) {
            return;
        }
        while let Some(c) = self.peek() {
            match c {
                '(' => {
                    let mut dropped = Vec::new();
                    self.parenthesis(&mut dropped, '(', ')');
                }
                c if is_name(c) || ".[]'\":$-+\\/".contains(c) => drop(self.bump()),
                _ => break,
            }
        }
        // Commands in parentheses stay, since they run.
        if pieces.iter().all(|p| matches!(p, Piece::Text { .. })) {
            pieces.clear();
            pieces.push(opaque(self.slice(start)));
        } else {
            pieces.push(opaque(self.slice(from)));
        }
    }

    /// `$name`, `$env:NAME`, `${name}`, with members behind it outside of strings.
    pub(super) fn variable(&mut self, pieces: &mut Vec<Piece>, members: bool) {
        let start = self.at;
        self.bump();
        let name = if self.peek() == Some('{') {
            let length = self.rest().find('}').unwrap_or(self.rest().len());
            let name = self.rest().get(1..length).unwrap_or_default();
            self.at = (self.at + length + 1).min(self.text.len());
            name
        } else {
            let from = self.at;
            while self.peek().is_some_and(is_name)
                || (self.peek() == Some(':') && self.rest().chars().nth(1).is_some_and(is_name))
            {
                self.bump();
            }
            self.slice(from)
        };
        if name.is_empty() {
            let special = self.peek().filter(|c| "_?^$".contains(*c));
            push(pieces, '$', true);
            if special.is_some() {
                self.bump();
            }
            return;
        }
        if members && matches!(self.peek(), Some('.' | '[')) {
            let mut dropped = Vec::new();
            self.members(&mut dropped, start);
            pieces.push(opaque(self.slice(start)));
            return;
        }
        match name.to_ascii_lowercase().as_str() {
            word @ ("true" | "false") => pieces.push(quoted(word)),
            "null" => pieces.push(quoted("")),
            _ => {
                let (name, _) = variable_name(name);
                // Outside of strings an array is passed as its elements.
                let index = members.then(|| "@".to_owned());
                pieces.push(Piece::Variable { name, index, operator: Operator::None, quoted: true });
            }
        }
    }
}

fn quoted(text: impl Into<String>) -> Piece {
    Piece::Text { text: text.into(), quoted: true }
}

fn push(pieces: &mut Vec<Piece>, c: char, in_quotes: bool) {
    if c == '\u{7f}' {
        return;
    }
    if let Some(index) = hole_number(c) {
        pieces.push(Piece::Hole { index, quoted: in_quotes });
        return;
    }
    match pieces.last_mut() {
        Some(Piece::Text { text, quoted }) if *quoted == in_quotes => text.push(c),
        _ => pieces.push(Piece::Text { text: c.to_string(), quoted: in_quotes }),
    }
}

fn escape(c: char) -> char {
    match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        c => c,
    }
}
