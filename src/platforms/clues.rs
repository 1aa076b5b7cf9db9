//! Signs of a release in files that are looked at line by line. What stands within braces on one line is looked at as if it
//! had lines of its own.

use std::cell::OnceCell;
use std::sync::Arc;

use regex::Regex;

use super::inline::{self, Entry};
use crate::catalogue::Clue;
use crate::model::{Location, Position, Span};

/// The clues of all platforms, by their places in the catalogue.
pub(super) struct Clues<'d>(Vec<OnceClue<'d>>);

/// A sign of a release, and where it stands.
pub(super) struct Sign<'d> {
    /// What it is, as a noun phrase.
    pub(super) what: &'d str,
    pub(super) location: Location,
}

impl<'d> Clues<'d> {
    pub(super) fn of(clues: &'d [Clue]) -> Self {
        Self(clues.iter().map(OnceClue::new).collect())
    }

    /// The best sign in a pipeline file.
    pub(super) fn in_pipeline(&self, places: &[usize], path: &Arc<str>, text: &str) -> Option<Sign<'d>> {
        best(&self.at(places), path, text, &inline::entries(path, text))
    }

    /// The best sign in a script that a pipeline calls, where keys and names say nothing and commands do.
    pub(super) fn in_script(&self, places: &[usize], path: &Arc<str>, text: &str) -> Option<Sign<'d>> {
        let mut clues = self.at(places);
        clues.retain(|clue| clue.clue.in_scripts);
        best(&clues, path, text, &[])
    }

    fn at(&self, places: &[usize]) -> Vec<&OnceClue<'d>> {
        places.iter().filter_map(|at| self.0.get(*at)).collect()
    }
}

/// Clues stand in the order in which they convince: a command says more than a name.
fn best<'d>(clues: &[&OnceClue<'d>], path: &Arc<str>, text: &str, inline: &[Entry]) -> Option<Sign<'d>> {
    let mut found: Option<(usize, Sign<'d>)> = None;
    let beside: Vec<OnceCell<bool>> = vec![OnceCell::new(); clues.len()];
    let holds = |rank: usize, clue: &OnceClue<'d>| {
        beside.get(rank).is_none_or(|known| *known.get_or_init(|| clue.is_beside(text)))
    };
    let mut look = |line: &str, above: &str, place: &dyn Fn(&str) -> Location| {
        let better = found.as_ref().map_or(usize::MAX, |(rank, _)| *rank);
        for (rank, clue) in clues.iter().enumerate().take(better) {
            if let Some(hit) = clue.find(line, above).filter(|_| holds(rank, clue)) {
                found = Some((rank, Sign { what: &clue.clue.what, location: place(marked(hit.as_str())) }));
                break;
            }
        }
    };
    let mut last = "";
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !is_comment(line)) {
        look(line, std::mem::replace(&mut last, line), &|hit| within(path, number, line, hit));
    }
    last = "";
    for Entry { line, location } in inline {
        look(line, std::mem::replace(&mut last, line), &|_| location.clone());
    }
    found.map(|(_, sign)| sign)
}

/// Whether a line is a comment, as shells, YAML and Groovy write one.
pub(super) fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('#') || line.starts_with("//")
}

/// What of a hit a reader looks for: expressions take what stands before a value along.
fn marked(hit: &str) -> &str {
    let own = hit.trim_start();
    let own = own.strip_prefix("- ").unwrap_or(own).trim_start_matches([' ', '\t', '"', '\'', '=']).trim_end();
    if own.is_empty() { hit } else { own }
}

/// The place of a part of a line, whose number counts from 0.
pub(super) fn within(path: &Arc<str>, number: usize, line: &str, part: &str) -> Location {
    let start = (part.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
    let place = |byte: usize| Position {
        line: u32::try_from(number + 1).unwrap_or(u32::MAX),
        column: u32::try_from(line.get(..byte).unwrap_or_default().chars().count() + 1).unwrap_or(u32::MAX),
        byte: 0,
    };
    Location::new(path, Span { start: place(start), end: place(start + part.len()) })
}

/// A clue, compiled when it is first looked for.
struct OnceClue<'d> {
    clue: &'d Clue,
    compiled: OnceCell<Option<Compiled>>,
}

/// The expressions of a clue.
struct Compiled {
    matches: Regex,
    unless: Option<Regex>,
    below: Option<Regex>,
    beside: Option<Regex>,
}

impl<'d> OnceClue<'d> {
    fn new(clue: &'d Clue) -> Self {
        Self { clue, compiled: OnceCell::new() }
    }

    fn get(&self) -> Option<&Compiled> {
        let compile = |p: &str| Regex::new(&format!("(?i){p}")).ok();
        let option = |pattern: &Option<String>| pattern.as_deref().and_then(compile);
        let clue = self.clue;
        let compiled = || {
            let [unless, below, beside] = [&clue.unless, &clue.below, &clue.beside].map(option);
            Some(Compiled { matches: compile(&clue.matches)?, unless, below, beside })
        };
        self.compiled.get_or_init(compiled).as_ref()
    }

    /// Whether the file holds the line that the clue wants besides.
    fn is_beside(&self, text: &str) -> bool {
        let wanted = self.get().and_then(|compiled| compiled.beside.as_ref());
        wanted.is_none_or(|wanted| text.lines().any(|line| !is_comment(line) && wanted.is_match(line)))
    }

    /// Where the clue stands on a line that follows `above`.
    fn find<'t>(&self, line: &'t str, above: &str) -> Option<regex::Match<'t>> {
        let compiled = self.get()?;
        let hit = compiled.matches.find(line)?;
        let excused = compiled.unless.as_ref().is_some_and(|unless| unless.is_match(line));
        let placed = compiled.below.as_ref().is_none_or(|below| below.is_match(above));
        (!excused && placed).then_some(hit)
    }
}
