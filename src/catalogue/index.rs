//! Which entries may match an action or a program, so that not every entry is compared with every command.

use rustc_hash::{FxHashMap, FxHashSet};

use super::CommandPattern;
use crate::model::lowered;

/// An index over one list of entries. It names candidates; the entry's own patterns decide.
#[derive(Debug, Default)]
pub struct Index {
    actions: Names,
    programs: Names,
}

/// Entries by a name that their patterns begin with, each with what a name that fits begins with. All lists are in
/// catalogue order.
#[derive(Debug, Default)]
struct Names {
    /// The entries for each name that some pattern writes out, those whose wildcards may fit it included.
    own: FxHashMap<String, Vec<(String, usize)>>,
    /// Entries whose patterns hold wildcards.
    open: Vec<(String, usize)>,
    /// Those of them that a name with this first byte may fit.
    first: FxHashMap<u8, Vec<(String, usize)>>,
}

impl Names {
    fn add(&mut self, at: usize, name: Name<'_>) {
        match name {
            Name::Whole(name) => self.own.entry(name.to_ascii_lowercase()).or_default().push((String::new(), at)),
            Name::Start(start) => self.open.push((start.to_ascii_lowercase(), at)),
        }
    }

    /// Merges the lists, once all entries are in.
    fn finished(mut self) -> Self {
        self.open.dedup();
        for (name, list) in &mut self.own {
            let open = self.open.iter().filter(|(start, _)| name.starts_with(start.as_str()));
            list.extend(open.map(|(_, at)| (String::new(), *at)));
            list.sort_unstable();
        }
        let bytes: FxHashSet<u8> = self.open.iter().filter_map(|(start, _)| start.bytes().next()).collect();
        for byte in bytes {
            let fits = |start: &str| start.bytes().next().is_none_or(|first| first == byte);
            self.first.insert(byte, self.open.iter().filter(|(start, _)| fits(start)).cloned().collect());
        }
        self.open.retain(|(start, _)| start.is_empty());
        self
    }

    fn of(&self, name: &str) -> impl Iterator<Item = usize> {
        let name = lowered(name);
        let first = || name.bytes().next().and_then(|byte| self.first.get(&byte));
        let list = self.own.get(&*name).or_else(first).unwrap_or(&self.open);
        let mut last = None;
        let fitting = list.iter().filter(move |(start, _)| name.starts_with(start.as_str())).map(|(_, at)| *at);
        fitting.filter(move |at| last.replace(*at) != Some(*at))
    }
}

/// What a pattern says of the names that fit it.
enum Name<'p> {
    /// It is this one.
    Whole(&'p str),
    /// It begins with this.
    Start(&'p str),
}

impl Index {
    /// Indexes entries by their actions and commands.
    pub(super) fn new<'e>(entries: impl Iterator<Item = (&'e [String], &'e [CommandPattern])>) -> Self {
        let (mut actions, mut programs) = (Names::default(), Names::default());
        for (at, (own_actions, commands)) in entries.enumerate() {
            for action in own_actions {
                actions.add(at, action.split_once('*').map_or(Name::Whole(action), |(start, _)| Name::Start(start)));
            }
            for program in commands.iter().flat_map(|c| c.program().split('|')) {
                programs.add(at, name_of(program));
            }
        }
        Self { actions: actions.finished(), programs: programs.finished() }
    }

    /// Entries that may describe the action, in catalogue order.
    pub fn of_action(&self, name: &str) -> impl Iterator<Item = usize> {
        self.actions.of(name)
    }

    /// Entries that may describe a command of this program, in catalogue order.
    pub fn of_program(&self, name: &str) -> impl Iterator<Item = usize> {
        self.programs.of(name)
    }
}

/// What a pattern for programs says of their names. A path ends with the name, unless that is a major version
/// (`example.org/tool/v2`), which stands for the part before it.
fn name_of(program: &str) -> Name<'_> {
    let name = program.rsplit('/').next().unwrap_or_default();
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let major = name.strip_prefix('v').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    if name == program {
        name.split_once('*').map_or(Name::Whole(name), |(start, _)| Name::Start(start))
    } else if plain && !name.is_empty() && !major {
        Name::Whole(name)
    } else {
        Name::Start("")
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
    /// Over the steps that change files.
    pub changes: Index,
    /// Over the actions that run what an input holds.
    pub runs: Index,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_name_however_it_is_reached() {
        let commands = ["gradle|*/gradlew publish", "python3.* -m", "@scope/tool run", "*/v2 x"]
            .map(|c| vec![CommandPattern::from(c.to_owned())]);
        let index = Index::new(commands.iter().map(|c| (&[][..], &**c)));
        let of = |name: &str| index.of_program(name).collect::<Vec<_>>();
        assert_eq!(of("gradlew"), [0, 3]);
        assert_eq!(of("gradle"), [0, 3]);
        assert_eq!(of("tool"), [2, 3]);
        assert_eq!(of("python3.12"), [1, 3]);
        assert_eq!(of("other"), [3]);
    }
}
