//! Which entries may match an action or a program, so that not every entry is compared with every command.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

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

    fn of<'n>(&'n self, name: &'n str) -> Candidates<'n> {
        let low = lowered(name);
        let first = || low.bytes().next().and_then(|byte| self.first.get(&byte));
        Candidates { list: self.own.get(&*low).or_else(first).unwrap_or(&self.open), name }
    }
}

/// The entries that may describe what has a name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Candidates<'n> {
    list: &'n [(String, usize)],
    name: &'n str,
}

impl<'n> Candidates<'n> {
    /// Their numbers, in catalogue order.
    pub fn all(self) -> impl Iterator<Item = usize> + use<'n> {
        let begins = move |start: &str| self.name.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start));
        let mut last = None;
        let fitting = self.list.iter().filter(move |(start, _)| begins(start)).map(|(_, at)| *at);
        fitting.filter(move |at| last.replace(*at) != Some(*at))
    }

    /// The numbers that those of one list have in it.
    pub fn within(self, part: &Part) -> impl Iterator<Item = usize> + use<'n> {
        let Part(Range { start, end }) = *part;
        let from = self.list.partition_point(|(_, at)| *at < start);
        let own = Self { list: self.list.get(from..).unwrap_or_default(), ..self };
        own.all().take_while(move |at| *at < end).map(move |at| at - start)
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

    /// Entries that may describe the action.
    pub fn of_action<'n>(&'n self, name: &'n str) -> Candidates<'n> {
        self.actions.of(name)
    }

    /// Entries that may describe a command of this program.
    pub fn of_program<'n>(&'n self, name: &'n str) -> Candidates<'n> {
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

/// An entry that an index can find.
pub trait Described {
    /// The actions that it describes.
    fn actions(&self) -> &[String];

    /// The commands that it describes.
    fn commands(&self) -> &[CommandPattern];
}

/// Entries with an index of their own.
#[derive(Debug, Deserialize)]
#[serde(from = "Vec<E>", bound(deserialize = "E: Described + Deserialize<'de>"))]
pub struct Indexed<E> {
    all: Vec<E>,
    index: Index,
}

impl<E: Described> From<Vec<E>> for Indexed<E> {
    fn from(all: Vec<E>) -> Self {
        let index = Index::new(all.iter().map(|entry| (entry.actions(), entry.commands())));
        Self { all, index }
    }
}

impl<E> Indexed<E> {
    /// All of them, in catalogue order.
    pub fn iter(&self) -> impl Iterator<Item = &E> {
        self.all.iter()
    }

    /// Those that may describe an action, in catalogue order.
    pub fn of_action<'c: 'n, 'n>(&'c self, name: &'n str) -> impl Iterator<Item = &'c E> {
        self.index.of_action(name).all().filter_map(|at| self.all.get(at))
    }

    /// Those that may describe a command of this program, in catalogue order.
    pub fn of_program<'c: 'n, 'n>(&'c self, name: &'n str) -> impl Iterator<Item = &'c E> {
        self.index.of_program(name).all().filter_map(|at| self.all.get(at))
    }
}

/// Where the entries of one list stand in an index over several.
#[derive(Debug, Default)]
pub struct Part(Range<usize>);

/// One index over the lists of a catalogue: a name is looked up once for all of them.
#[derive(Debug, Default)]
pub struct Indices {
    /// All of them, one list behind the other.
    pub all: Index,
    /// The sinks.
    pub sinks: Part,
    /// The producers.
    pub producers: Part,
    /// The caches.
    pub caches: Part,
    /// The remote services.
    pub remote: Part,
    /// The safeguards.
    pub safeguards: Part,
    /// The neutral steps.
    pub neutral: Part,
    /// The hand-overs.
    pub transfers: Part,
    /// The steps that change files.
    pub changes: Part,
    /// The actions that run what an input holds.
    pub runs: Part,
}

/// The actions and commands of entries, as an index takes them.
pub(super) type Entries<'e> = Vec<(&'e [String], &'e [CommandPattern])>;

impl Indices {
    /// Indexes the lists in the order of the fields.
    pub(super) fn new(lists: [Entries<'_>; 9]) -> Self {
        let mut end = 0;
        let parts = lists.each_ref().map(|list| {
            let start = end;
            end += list.len();
            Part(start..end)
        });
        let [sinks, producers, caches, remote, safeguards, neutral, transfers, changes, runs] = parts;
        let all = Index::new(lists.into_iter().flatten());
        Self { all, sinks, producers, caches, remote, safeguards, neutral, transfers, changes, runs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_name_however_it_is_reached() {
        let commands = ["gradle|*/gradlew publish", "python3.* -m", "@scope/tool run", "*/v2 x"]
            .map(|c| vec![CommandPattern::from(c.to_owned())]);
        let index = Index::new(commands.iter().map(|c| (&[][..], &**c)));
        let of = |name: &str| index.of_program(name).all().collect::<Vec<_>>();
        assert_eq!(of("gradlew"), [0, 3]);
        assert_eq!(of("gradle"), [0, 3]);
        assert_eq!(of("tool"), [2, 3]);
        assert_eq!(of("python3.12"), [1, 3]);
        assert_eq!(of("other"), [3]);
    }
}
