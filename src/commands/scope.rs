//! Variables of a running script.

use std::collections::{BTreeMap, BTreeSet};

use super::choices::Choices;
use super::symbol;
use crate::model::{Cond, Text};

/// An array keeps at most this many elements.
pub(super) const MOST_ELEMENTS: usize = 500;

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// A string.
    Scalar(Text),
    /// An array.
    Array(Vec<Text>),
}

impl Held {
    /// As one string.
    pub(super) fn text(&self) -> Text {
        match self {
            Held::Scalar(text) => text.clone(),
            Held::Array(items) => items.first().cloned().unwrap_or_default(),
        }
    }

    /// All of it as words in one text.
    fn words(&self) -> Text {
        match self {
            Held::Scalar(text) => text.clone(),
            Held::Array(items) => Text::new(items.iter().map(Text::as_str).collect::<Vec<_>>().join(" ")),
        }
    }

    fn render(&self) -> String {
        match self {
            Held::Scalar(text) => symbol::word(text),
            Held::Array(items) => format!("({})", symbol::command(items)),
        }
    }
}

/// The variables that a script has set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Scope {
    variables: BTreeMap<String, (Held, bool)>,
    /// `set -a`: every assignment exports.
    pub(super) export_all: bool,
}

impl Scope {
    pub(super) fn get(&self, name: &str) -> Option<&Held> {
        self.variables.get(name).map(|(held, _)| held)
    }

    pub(super) fn len(&self) -> usize {
        self.variables.len()
    }

    pub(super) fn set(&mut self, name: &str, held: Held, exported: bool) {
        let held = match held {
            Held::Scalar(text) => Held::Scalar(symbol::kept(text)),
            Held::Array(mut items) => {
                items.truncate(MOST_ELEMENTS);
                Held::Array(items)
            }
        };
        let exported = exported || self.export_all || self.variables.get(name).is_some_and(|(_, e)| *e);
        self.variables.insert(name.to_owned(), (held, exported));
    }

    pub(super) fn restore(&mut self, name: &str, held: Option<Held>) {
        match held {
            Some(held) => self.set(name, held, false),
            None => drop(self.variables.remove(name)),
        }
    }

    pub(super) fn export(&mut self, name: &str) {
        if let Some((_, exported)) = self.variables.get_mut(name) {
            *exported = true;
        }
    }

    /// What programs see, by name.
    pub(super) fn exported(&self) -> impl Iterator<Item = (&String, &Held)> {
        self.variables.iter().filter(|(_, (_, exported))| *exported).map(|(name, (held, _))| (name, held))
    }

    /// Only what a program that is started sees.
    pub(super) fn inherited(&self) -> Scope {
        let variables = self.variables.iter().filter(|(_, (_, exported))| *exported);
        Scope { variables: variables.map(|(n, v)| (n.clone(), v.clone())).collect(), export_all: false }
    }

    /// Joins the outcomes of branches, each with its condition. A variable that they leave different becomes a symbol
    /// which names the choice, so that equal choices stay equal.
    pub(super) fn merge(outside: &dyn Fn(&str) -> Held, mut branches: Vec<(Cond, Scope)>, choices: &Choices) -> Scope {
        let Some((_, mut merged)) = branches.pop() else { return Scope::default() };
        while let Some((cond, branch)) = branches.pop() {
            // Hardly any variable is another one behind the branches.
            let other = |(name, value): (&String, &(Held, bool))| {
                (merged.variables.get(name) != Some(value)).then(|| name.clone())
            };
            let gone = merged.variables.keys().filter(|name| !branch.variables.contains_key(*name)).cloned();
            let names: BTreeSet<String> = branch.variables.iter().filter_map(other).chain(gone).collect();
            for name in names {
                let (left, right) = (branch.variables.get(&name), merged.variables.get(&name));
                let exported = left.is_some_and(|(_, e)| *e) || right.is_some_and(|(_, e)| *e);
                let held = |v: Option<&(Held, bool)>| v.map_or_else(|| outside(&name), |(held, _)| held.clone());
                let (left, right) = (held(left), held(right));
                let joined = if left == right { left } else { choice(&cond, &left, &right, choices) };
                merged.variables.insert(name, (joined, exported));
            }
        }
        merged
    }

    /// Joins what a loop over an unknown number of rounds leaves with what was before it. What a round only adds to
    /// stays; a list that grows by a pattern keeps the pattern.
    pub(super) fn after_rounds(self, before: &Scope, label: &str) -> Scope {
        let mut after = self;
        for (name, (held, _)) in &mut after.variables {
            match (before.get(name), &held) {
                (Some(Held::Scalar(old)), Held::Scalar(new)) if old != new && !new.as_str().contains(old.as_str()) => {
                    *held = Held::Scalar(symbol::unknown("loop", &format!("{name} {label}")));
                }
                _ => {}
            }
        }
        after
    }
}

/// The value that depends on `cond`. What both begin with stays: a list of options that one branch adds to.
pub(super) fn choice(cond: &Cond, yes: &Held, no: &Held, choices: &Choices) -> Held {
    let text = symbol::fold(&cond.to_string());
    let symbol = |yes: &Held, no: &Held| {
        let symbol = symbol::unknown("if", &format!("{text}: {}; {}", yes.render(), no.render()));
        choices.keep(&symbol, vec![(cond.clone(), yes.words()), (cond.clone().negate(), no.words())]);
        symbol
    };
    match (yes, no) {
        (Held::Array(yes), Held::Array(no)) => {
            let same = yes.iter().zip(no).take_while(|(a, b)| a == b).count();
            let rest = |items: &[Text]| Held::Array(items.get(same..).unwrap_or_default().to_vec());
            let mut items = yes.get(..same).unwrap_or_default().to_vec();
            items.push(symbol(&rest(yes), &rest(no)));
            Held::Array(items)
        }
        (Held::Scalar(yes), Held::Scalar(no)) => {
            let (short, long) = if yes.as_str().len() < no.as_str().len() { (yes, no) } else { (no, yes) };
            let tail = long.as_str().strip_prefix(short.as_str()).unwrap_or_default();
            if short.is_empty() || !tail.starts_with(' ') {
                return Held::Scalar(symbol(&Held::Scalar(yes.clone()), &Held::Scalar(no.clone())));
            }
            let part = |text: &Text| {
                let rest = text.as_str().strip_prefix(short.as_str()).unwrap_or_default();
                Held::Scalar(Text::from(rest.trim_start()))
            };
            Held::Scalar(Text::new(format!("{short} {}", symbol(&part(yes), &part(no)))))
        }
        (yes, no) => Held::Scalar(symbol(yes, no)),
    }
}
