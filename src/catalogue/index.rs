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
                programs.add(at, only_name(program).map(str::to_owned));
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

/// The one name that a program can have to fit a pattern; `None` when there are several. A path ends with the name,
/// unless that is a major version (`example.org/tool/v2`), which stands for the part before it.
fn only_name(program: &str) -> Option<&str> {
    let name = program.rsplit('/').next().unwrap_or_default();
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let major = name.strip_prefix('v').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let bare = name == program && !name.contains('*');
    (bare || plain && !name.is_empty() && !major).then_some(name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_name_however_it_is_reached() {
        let commands =
            ["gradle|*/gradlew publish", "python3.* -m", "@scope/tool run", "*/v2 x"].map(|c| vec![c.to_owned()]);
        let index = Index::new(commands.iter().map(|c| (&[][..], &**c)));
        assert_eq!(index.of_program("gradlew"), [0, 1, 3]);
        assert_eq!(index.of_program("gradle"), [0, 1, 3]);
        assert_eq!(index.of_program("tool"), [1, 2, 3]);
        assert_eq!(index.of_program("python3.12"), [1, 3]);
    }
}
