//! Configuration files that a job puts somewhere before it runs the tool that reads them: a plain copy says what the
//! original says, and of what another program writes nothing is known.

use std::collections::BTreeMap;

use crate::checkout::Checkout;
use crate::commands::matching;
use crate::model::{Command, Text};

/// The most files that are kept in mind.
const MOST: usize = 64;

/// Configuration files that earlier commands of a job left, by path.
#[derive(Debug, Default)]
pub(in crate::commands) struct Replaced(BTreeMap<String, Option<String>>);

impl Replaced {
    /// Whether there are none.
    pub(in crate::commands) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file of the checkout that a path stands for when a tool reads it; `None` where there is none.
    pub(super) fn source<'a>(&'a self, checkout: &Checkout, path: &'a str) -> Option<&'a str> {
        match self.0.get(path) {
            Some(known) => known.as_deref(),
            None => checkout.is_there(path).then_some(path),
        }
    }

    /// Keeps in mind what a command writes.
    pub(in crate::commands) fn keep(&mut self, checkout: &Checkout, command: &Command) {
        let Some((source, target)) = written(command) else { return };
        let at = |file: &Text| super::join(command.folder.as_str(), file.as_str());
        let target = at(target);
        if ![".yml", ".yaml"].iter().any(|ending| target.ends_with(ending)) {
            return;
        }
        let appends = command.output.is_some() && self.source(checkout, &target).is_some();
        let source = source.filter(|file| file.is_literal() && !appends).map(at);
        let source = source.and_then(|file| self.source(checkout, &file).map(str::to_owned));
        // What is not there and not made of the checkout is not there for the tool either.
        let says = source.is_some() || checkout.is_there(&target) || self.0.contains_key(&target);
        if says && (self.0.len() < MOST || self.0.contains_key(&target)) {
            self.0.insert(target, source);
        }
    }
}

/// The file that a command writes, and the one of which it makes a plain copy, if it does that.
fn written(command: &Command) -> Option<(Option<&Text>, &Text)> {
    let (_, arguments) = command.words.split_first()?;
    let mut named = arguments.iter().filter(|word| !word.as_str().starts_with('-'));
    let program = matching::program(command.words.first()?).unwrap_or_default();
    match (&command.output, program, (named.next(), named.next(), named.next())) {
        (Some(file), "cat", (source, None, None)) => Some((source, file)),
        (Some(file), ..) => Some((None, file)),
        (None, "cp" | "mv", (Some(source), Some(file), None)) => Some((Some(source), file)),
        (None, "tee", (Some(file), ..)) => Some((None, file)),
        _ => None,
    }
}
