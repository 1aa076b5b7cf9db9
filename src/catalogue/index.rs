//! Which entries may match an action or a program, so that not every entry is compared with every command.

use std::collections::HashMap;

/// An index over one list of entries. It names candidates; the entry's own patterns decide.
#[derive(Debug, Default)]
pub struct Index {
    actions: Names,
    programs: Names,
}

/// Entries by a name that their patterns begin with. All lists are in catalogue order.
#[derive(Debug, Default)]
struct Names {
    /// The entries for each name that some pattern writes out, those that may fit any name included.
    own: HashMap<String, Vec<usize>>,
    /// Entries whose patterns may fit any name.
    any: Vec<usize>,
}

impl Names {
    fn add(&mut self, at: usize, name: Option<String>) {
        let list = match name {
            Some(name) => self.own.entry(name).or_default(),
            None => &mut self.any,
        };
        list.push(at);
    }

    /// Merges the lists, once all entries are in.
    fn finished(mut self) -> Self {
        for list in self.own.values_mut() {
            list.extend(&self.any);
            list.sort_unstable();
            list.dedup();
        }
        self.any.dedup();
        self
    }

    fn of(&self, name: &str) -> &[usize] {
        self.own.get(name).unwrap_or(&self.any)
    }
}

impl Index {
    /// Indexes entries by their actions and commands.
    pub(super) fn new<'e>(entries: impl Iterator<Item = (&'e [String], &'e [String])>) -> Self {
        let (mut actions, mut programs) = (Names::default(), Names::default());
        for (at, (own_actions, commands)) in entries.enumerate() {
            for action in own_actions {
                actions.add(at, (!action.contains('*')).then(|| action.to_ascii_lowercase()));
            }
            for program in commands.iter().filter_map(|c| c.split_whitespace().next()).flat_map(|w| w.split('|')) {
                programs.add(at, (!program.contains(['*', '/'])).then(|| program.to_owned()));
            }
        }
        Self { actions: actions.finished(), programs: programs.finished() }
    }

    /// Entries that may describe the action, in catalogue order.
    pub fn of_action(&self, name: &str) -> &[usize] {
        self.actions.of(name)
    }

    /// Entries that may describe a command of this program, in catalogue order.
    pub fn of_program(&self, name: &str) -> &[usize] {
        self.programs.of(name)
    }
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
    /// Over the safeguards.
    pub safeguards: Index,
    /// Over the neutral steps.
    pub neutral: Index,
    /// Over the hand-overs.
    pub transfers: Index,
}
