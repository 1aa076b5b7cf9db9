//! Outputs of jobs that no other job sees: the runner does not send one that holds a secret, or what a step has made one.
//! Source: <https://docs.github.com/en/actions/writing-workflows/choosing-what-your-workflow-does/passing-information-between-jobs>

use std::cell::RefCell;
use std::collections::HashMap;

use super::value::Value;
use crate::model::{Cond, Job, Text};

/// Outputs are handed from step to step at most this many times.
const MOST_STEPS: usize = 4;

/// The outputs of a job as other jobs see them.
pub(super) fn handed_on(job: &Job, outputs: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let secrets = Secrets::of(job);
    let seen = |(name, value): (String, Value)| {
        let withheld = || Value::String(Text::withheld(&job.key, &name));
        let value = value.map(&mut |value| match secrets.in_value(&value) {
            Held::Not => value,
            Held::Perhaps => {
                let holds = Cond::atom(format!("{name} of {} holds a secret", job.key));
                Value::Choice(vec![(holds.clone(), withheld()), (holds.negate(), value)])
            }
            Held::Surely => withheld(),
        });
        (name, value)
    };
    outputs.into_iter().map(seen).collect()
}

/// Whether something holds a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    Not,
    Perhaps,
    Surely,
}

/// What the runner takes for secrets while a job runs.
struct Secrets<'j> {
    job: &'j Job,
    /// What its steps add to those of the repository.
    masked: Vec<&'j Text>,
    /// What is known of the outputs of its steps, by how far they are followed.
    known: RefCell<HashMap<(String, usize), Held>>,
}

impl<'j> Secrets<'j> {
    fn of(job: &'j Job) -> Self {
        let scripts = job.steps.iter().filter_map(|step| step.script());
        Self { job, masked: scripts.flat_map(|script| &script.masked).collect(), known: RefCell::default() }
    }

    fn in_value(&self, value: &Value) -> Held {
        if let Value::String(text) = value { self.in_text(text, MOST_STEPS) } else { Held::Not }
    }

    /// Whether one of them is part of a text, or of what a script writes into an output that it names.
    fn in_text(&self, text: &Text, left: usize) -> Held {
        let masked = |mask: &&Text| match mask.literal() {
            Some(mask) => text.literal().is_some_and(|text| text.contains(mask)),
            None => text.as_str().contains(mask.as_str()),
        };
        if self.masked.iter().any(masked) || text.symbols().any(is_secret) {
            return Held::Surely;
        }
        let behind = text.symbols().filter(|_| left > 0).map(|symbol| self.behind(symbol, left - 1));
        behind.max().unwrap_or(Held::Not)
    }

    fn behind(&self, symbol: &str, left: usize) -> Held {
        let path = symbol.strip_prefix("jobs.").and_then(|path| path.strip_prefix(self.job.key.as_str()));
        let Some((id, name)) = path.and_then(|path| path.strip_prefix(".steps.")?.split_once(".outputs.")) else {
            return Held::Not;
        };
        let key = (symbol.to_owned(), left);
        if let Some(known) = self.known.borrow().get(&key) {
            return *known;
        }
        let named = self.job.steps.iter().filter(|step| step.id.as_deref() == Some(id));
        let writes = named.filter_map(|step| step.script()).flat_map(|script| &script.outputs);
        let held = writes.filter(|write| write.name == name).flat_map(|write| match write.choices.as_slice() {
            [] => vec![self.in_text(&write.value, left)],
            choices => choices.iter().map(|(_, value)| self.in_text(value, left)).collect(),
        });
        let held: Vec<Held> = held.collect();
        let held = match held.split_first() {
            Some((first, rest)) if rest.iter().all(|other| other == first) => *first,
            Some(_) => Held::Perhaps,
            None => Held::Not,
        };
        self.known.borrow_mut().insert(key, held);
        held
    }
}

/// Whether a symbol is a secret itself, and not what something makes of one.
fn is_secret(symbol: &str) -> bool {
    let plain = symbol.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    plain && (symbol.starts_with("secrets.") || symbol == "github.token")
}
