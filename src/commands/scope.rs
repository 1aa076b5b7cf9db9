//! Variables of a running script.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

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
    /// Branches share what none of them has changed.
    variables: Rc<BTreeMap<String, (Held, bool)>>,
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
        Rc::make_mut(&mut self.variables).insert(name.to_owned(), (held, exported));
    }

    pub(super) fn restore(&mut self, name: &str, held: Option<Held>) {
        match held {
            Some(held) => self.set(name, held, false),
            None if self.variables.contains_key(name) => drop(Rc::make_mut(&mut self.variables).remove(name)),
            None => {}
        }
    }

    pub(super) fn export(&mut self, name: &str) {
        if !self.variables.contains_key(name) {
            return;
        }
        if let Some((_, exported)) = Rc::make_mut(&mut self.variables).get_mut(name) {
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
        Scope { variables: Rc::new(variables.map(|(n, v)| (n.clone(), v.clone())).collect()), export_all: false }
    }

    /// Whether both are one and the same, unchanged.
    pub(super) fn is(&self, other: &Scope) -> bool {
        Rc::ptr_eq(&self.variables, &other.variables) && self.export_all == other.export_all
    }

    /// Joins what a branch leaves with what is left when its condition does not hold, and counts the variables that
    /// differ. Such a one becomes a symbol which names the choice, so that equal choices stay equal.
    pub(super) fn join(
        &mut self,
        cond: &Cond,
        branch: &Scope,
        outside: &dyn Fn(&str) -> Held,
        choices: &Choices,
    ) -> usize {
        // Hardly any variable is another one behind the branches.
        let other =
            |(name, value): (&String, &(Held, bool))| (self.variables.get(name) != Some(value)).then(|| name.clone());
        let gone = self.variables.keys().filter(|name| !branch.variables.contains_key(*name)).cloned();
        let names: BTreeSet<String> = branch.variables.iter().filter_map(other).chain(gone).collect();
        let count = names.len();
        for name in names {
            let (left, right) = (branch.variables.get(&name), self.variables.get(&name));
            let exported = left.is_some_and(|(_, e)| *e) || right.is_some_and(|(_, e)| *e);
            let held = |v: Option<&(Held, bool)>| v.map_or_else(|| outside(&name), |(held, _)| held.clone());
            let (left, right) = (held(left), held(right));
            let joined = if left == right { left } else { choice(cond, &left, &right, choices) };
            Rc::make_mut(&mut self.variables).insert(name, (joined, exported));
        }
        count
    }

    /// Joins what a loop over an unknown number of rounds leaves with what was before it. What a round only adds to
    /// stays; a list that grows by a pattern keeps the pattern.
    pub(super) fn after_rounds(self, before: &Scope, label: &str, choices: &Choices) -> Scope {
        let mut after = self;
        if after.is(before) {
            return after;
        }
        // A choice in which the old value is one stands for no round as well.
        let includes = |new: &Text, old: &Text| {
            choices.of(new).is_some_and(|options| {
                options.iter().any(|(_, value)| value == old) && options.iter().all(|(_, value)| value.is_literal())
            })
        };
        for (name, (held, _)) in Rc::make_mut(&mut after.variables) {
            match (before.get(name), &held) {
                (Some(Held::Scalar(old)), Held::Scalar(new))
                    if old != new && !new.as_str().contains(old.as_str()) && !includes(new, old) =>
                {
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
        let options = choices.either(cond, yes.words(), no.words());
        // Branches within branches may come to one value.
        if let [(_, only)] = options.as_slice() {
            return only.clone();
        }
        let symbol = symbol::unknown("if", &format!("{text}: {}; {}", yes.render(), no.render()));
        choices.keep(&symbol, options);
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
