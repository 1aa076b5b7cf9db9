//! Whether statements succeed. Hardly any script asks, so a statement is put into words only where one does.

use std::rc::Rc;
use std::sync::Arc;

use super::symbol;
use crate::model::{Cond, Text};

/// A statement as conditions and symbols name it.
#[derive(Debug, Clone)]
pub(super) enum Rendered {
    /// In words already.
    Text(Rc<str>),
    /// A command that nothing has asked for yet.
    Command(Rc<Line>),
}

/// A command line.
#[derive(Debug)]
pub(super) struct Line {
    /// The variables that are set for it alone.
    variables: Vec<(String, Text)>,
    words: Arc<[Text]>,
}

impl Default for Rendered {
    fn default() -> Self {
        Self::Text(Rc::from(""))
    }
}

impl From<String> for Rendered {
    fn from(text: String) -> Self {
        Self::Text(Rc::from(text))
    }
}

impl Rendered {
    pub(super) fn command(variables: Vec<(String, Text)>, words: Arc<[Text]>) -> Self {
        Self::Command(Rc::new(Line { variables, words }))
    }

    /// In words.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Command(line) => {
                let mut text = String::new();
                for (name, value) in &line.variables {
                    text.push_str(&format!("{name}={} ", symbol::word(value)));
                }
                text.push_str(&symbol::command(&line.words));
                symbol::fold(&text)
            }
        }
    }
}

/// Whether a statement succeeds.
#[derive(Debug, Clone)]
pub(super) struct Status {
    /// For what follows it: commands are taken to succeed.
    pub(super) lenient: Cond,
    /// For a statement that asks: the success of a command is an atom.
    pub(super) strict: Strict,
}

impl Status {
    pub(super) fn same(cond: Cond) -> Self {
        Self { strict: Strict::Known(cond.clone()), lenient: cond }
    }

    /// Of two statements, the second of which runs when the first succeeds.
    pub(super) fn and(self, other: Status) -> Self {
        Status { lenient: self.lenient.and(other.lenient), strict: self.strict.and(other.strict) }
    }

    /// Of two statements, the second of which runs when the first fails.
    pub(super) fn or(self, other: Status) -> Self {
        let lenient = match self.lenient {
            Cond::Known(true) => Cond::TRUE,
            lenient => lenient.or(other.lenient),
        };
        Status { lenient, strict: Strict::Known(self.strict.cond().or(other.strict.cond())) }
    }

    /// Whether both are one condition.
    pub(super) fn is_same(&self) -> bool {
        match &self.strict {
            // An atom of its own, which nothing that is taken to succeed is.
            Strict::Success(_) => false,
            strict => self.lenient == strict.cond(),
        }
    }
}

/// The success of a statement for one that asks.
#[derive(Debug, Clone)]
pub(super) enum Strict {
    /// This condition.
    Known(Cond),
    /// Whether this command succeeds.
    Success(Rendered),
    /// Whether both do.
    Both(Rc<(Strict, Strict)>),
}

impl Strict {
    pub(super) fn cond(&self) -> Cond {
        match self {
            Self::Known(cond) => cond.clone(),
            Self::Success(rendered) => Cond::atom(format!("success({})", rendered.text())),
            Self::Both(both) => both.0.cond().and(both.1.cond()),
        }
    }

    pub(super) fn and(self, other: Strict) -> Self {
        match (self, other) {
            (Self::Known(one), Self::Known(other)) => Self::Known(one.and(other)),
            (Self::Known(Cond::Known(true)), other) => other,
            (one, other) => Self::Both(Rc::new((one, other))),
        }
    }
}
