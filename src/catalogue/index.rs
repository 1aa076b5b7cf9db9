//! Which entries may match an action or a program, so that not every entry is compared with every command.

use std::collections::HashMap;

/// An index over one list of entries. It names candidates; the entry's own patterns decide.
#[derive(Debug, Default)]
pub struct Index {
    actions: HashMap<String, Vec<usize>>,
    programs: HashMap<String, Vec<usize>>,
    /// Entries with a wildcard in an action's name.
    any_action: Vec<usize>,
    /// Entries with a wildcard or a path in a program's name.
    any_program: Vec<usize>,
}

impl Index {
    /// Indexes entries by their actions and commands.
    pub(super) fn new<'e>(entries: impl Iterator<Item = (&'e [String], &'e [String])>) -> Self {
        let mut index = Self::default();
        for (at, (actions, commands)) in entries.enumerate() {
            for action in actions {
                if action.contains('*') {
                    index.any_action.push(at);
                } else {
                    index.actions.entry(action.to_ascii_lowercase()).or_default().push(at);
                }
            }
            for program in commands.iter().filter_map(|c| c.split_whitespace().next()).flat_map(|w| w.split('|')) {
                if program.contains(['*', '/']) {
                    index.any_program.push(at);
                } else {
                    index.programs.entry(program.to_owned()).or_default().push(at);
                }
            }
        }
        index
    }

    /// Entries that may describe the action, in catalogue order.
    pub fn of_action(&self, name: &str) -> Vec<usize> {
        sorted(self.actions.get(name), &self.any_action)
    }

    /// Entries that may describe a command of this program, in catalogue order.
    pub fn of_program(&self, name: &str) -> Vec<usize> {
        sorted(self.programs.get(name), &self.any_program)
    }
}

fn sorted(own: Option<&Vec<usize>>, any: &[usize]) -> Vec<usize> {
    let mut all: Vec<usize> = own.into_iter().flatten().chain(any).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The indices of a catalogue's lists.
#[derive(Debug, Default)]
pub struct Indices {
    /// Over the sinks.
    pub sinks: Index,
    /// Over the producers.
    pub producers: Index,
    /// Over the caches.
    pub caches: Index,
    /// Over the remote services.
    pub remote: Index,
    /// Over the neutral steps.
    pub neutral: Index,
    /// Over the hand-overs.
    pub transfers: Index,
}
