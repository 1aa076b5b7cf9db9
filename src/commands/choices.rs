//! Values that depend on a condition, by the symbol that stands for them.
//!
//! A variable that branches leave different becomes one symbol (`if(cond: a; b)`), and so does a CI expression with
//! several outcomes. What the symbol can be is kept here, so that a command whose program depends on it is seen as
//! several commands, and a test of it as the condition behind it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::symbol;
use crate::model::{Cond, Text};

/// More symbols than this are not kept; those stay unknown.
const MOST: usize = 5_000;
/// Values that one symbol can have; one with more stays unknown.
const MOST_OPTIONS: usize = 12;
/// The parts of a condition up to which it is taken apart.
pub(super) const MOST_PARTS: usize = 60;
/// Symbols within the conditions and values of symbols are looked up this deep.
const DEEPEST: usize = 4;

/// The values that a symbol can have, each under its condition.
type Options = Vec<(Cond, Text)>;

/// The values of both sides of a condition, each once, unless they or their conditions are too many.
pub(super) fn either(cond: &Cond, yes: Options, no: Options) -> Option<Options> {
    if cond.exceeds(MOST_PARTS) {
        return None;
    }
    let otherwise = cond.clone().negate();
    let single = matches!(yes.as_slice(), [(under, _)] if under.is_always());
    let mut all: Options = yes.into_iter().map(|(under, value)| (cond.clone().and(under), value)).collect();
    for (under, value) in no {
        match all.iter_mut().find(|(_, known)| *known == value) {
            // `a or (not a and b)` is `a or b`.
            Some((known, _)) if single => *known = cond.clone().or(under),
            Some((known, _)) => *known = known.clone().or(otherwise.clone().and(under)),
            None => all.push((otherwise.clone().and(under), value)),
        }
    }
    all.retain(|(under, _)| !under.contradicts());
    let fits = !all.is_empty() && all.len() <= MOST_OPTIONS && all.iter().all(|(c, _)| !c.exceeds(MOST_PARTS));
    fits.then_some(all)
}

/// What symbols stand for.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    known: Rc<RefCell<HashMap<String, Options>>>,
}

impl Choices {
    /// Keeps what the symbol of `text` can be. Nothing happens when `text` is not a lone symbol.
    pub fn keep(&self, text: &Text, options: Options) {
        let Some(symbol) = text.symbol() else { return };
        let mut known = self.known.borrow_mut();
        if known.len() < MOST && options.len() <= MOST_OPTIONS {
            known.entry(symbol::fold(symbol)).or_insert(options);
        }
    }

    /// What a lone symbol can be.
    pub(super) fn of(&self, text: &Text) -> Option<Options> {
        let known = self.known.borrow();
        if known.is_empty() {
            return None;
        }
        known.get(&symbol::fold(text.symbol()?)).cloned()
    }

    /// What is one value under a condition and another one otherwise can be: the values of both, each once.
    pub(super) fn either(&self, cond: &Cond, yes: Text, no: Text) -> Options {
        let (left, right) = (self.of(&yes), self.of(&no));
        let plain = left.is_none() && right.is_none();
        let two = || vec![(cond.clone(), yes.clone()), (cond.clone().negate(), no.clone())];
        let alone = |value: &Text| vec![(Cond::TRUE, value.clone())];
        let joined = || either(cond, left.unwrap_or_else(|| alone(&yes)), right.unwrap_or_else(|| alone(&no)));
        (!plain).then(joined).flatten().unwrap_or_else(two)
    }

    /// A condition on a text that may be one of several.
    pub(super) fn each(&self, text: &Text, on: &dyn Fn(&Text) -> Cond) -> Cond {
        let options = self.spread(text);
        if options.is_empty() {
            return on(text);
        }
        let sum = options.iter().fold(Cond::FALSE, |sum, (cond, value)| sum.or(cond.clone().and(on(value))));
        if sum.exceeds(MOST_PARTS) { on(text) } else { sum }
    }

    /// Every text that `text` can be, where symbols in it have several outcomes that are known; none otherwise.
    pub(super) fn spread(&self, text: &Text) -> Options {
        if text.is_literal() || self.known.borrow().is_empty() {
            return Options::new();
        }
        let mut open = vec![(Cond::TRUE, text.clone(), DEEPEST)];
        let mut found = Options::new();
        while let Some((cond, text, depth)) = open.pop() {
            let known = self.known.borrow();
            let known = text.symbols().find_map(|s| Some((s, known.get(&symbol::fold(s))?.clone())));
            let Some((symbol, options)) = known else {
                found.push((cond, text));
                continue;
            };
            if depth == 0 || found.len() + open.len() + options.len() > MOST_OPTIONS {
                return Options::new();
            }
            for (under, value) in options.into_iter().rev() {
                let cond = cond.clone().and(self.resolve(under));
                if !cond.is_never() {
                    open.push((cond, text.filled(symbol, &value), depth - 1));
                }
            }
        }
        if found.len() > 1 { found } else { Options::new() }
    }

    /// A condition in which comparisons of such values have become the conditions behind them.
    pub(super) fn resolve(&self, cond: Cond) -> Cond {
        if self.known.borrow().is_empty() { cond } else { self.resolved(cond, DEEPEST) }
    }

    fn resolved(&self, cond: Cond, depth: usize) -> Cond {
        if depth == 0 {
            return cond;
        }
        match cond {
            Cond::Atom(atom) => match self.compared(&atom, depth) {
                Some(cond) => cond,
                None => Cond::Atom(atom),
            },
            Cond::Not(inner) => self.resolved(Arc::unwrap_or_clone(inner), depth).negate(),
            Cond::All(all) => all.iter().fold(Cond::TRUE, |sum, c| sum.and(self.resolved(c.clone(), depth))),
            Cond::Any(all) => all.iter().fold(Cond::FALSE, |sum, c| sum.or(self.resolved(c.clone(), depth))),
            known @ Cond::Known(_) => known,
        }
    }

    /// `symbol == 'value'`, as [`symbol::equal`] writes it.
    fn compared(&self, atom: &str, depth: usize) -> Option<Cond> {
        let (left, right) = atom.strip_suffix('\'')?.rsplit_once(" == '")?;
        let options = self.known.borrow().get(left)?.clone();
        let right = Text::from(right.replace("''", "'"));
        let sum = options.into_iter().fold(Cond::FALSE, |sum, (cond, value)| {
            sum.or(cond.and(self.resolved(symbol::equal(&value, &right), depth - 1)))
        });
        (!sum.exceeds(MOST_PARTS)).then_some(sum)
    }
}
