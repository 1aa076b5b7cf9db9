//! Pipelines of platforms that are not analysed: found, looked at cheaply, and reported.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::Regex;

use crate::catalogue::{Catalogue, Clue, Detector, Review};
use crate::checkout::Checkout;
use crate::model::{Location, Position, Span, Unassessed};
use crate::syntax::pattern;

/// Every pipeline file of another platform, with the line that looks like a release when there is one.
pub fn unassessed(checkout: &Checkout) -> Vec<Unassessed> {
    static ENDS: LazyLock<Ends> = LazyLock::new(|| Ends::of(&Catalogue::get().platforms));
    let catalogue = Catalogue::get();
    let clues: Vec<OnceClue<'_>> = catalogue.clues.iter().map(OnceClue::new).collect();
    let mut found = Vec::new();
    for path in checkout.files() {
        for detector in ENDS.detectors(path).into_iter().filter_map(|at| catalogue.platforms.get(at)) {
            if detector.except.iter().any(|p| pattern::path(p, path)) {
                continue;
            }
            // The name says that it is a pipeline, so what cannot be read is one.
            let Ok(text) = checkout.read(path) else { continue };
            if !detector.content.iter().all(|group| group.iter().any(|word| text.contains(word.as_str()))) {
                continue;
            }
            found.push(assess(detector, &clues, path, &text));
        }
    }
    found.sort();
    found
}

/// The patterns of all detectors by the last bytes of what fits them: a large checkout has many files, and nearly none
/// is a pipeline.
#[derive(Debug, Default)]
struct Ends {
    by_tail: HashMap<Tail, Vec<(usize, &'static str)>>,
    /// Patterns with a wildcard so near to their end that it says nothing.
    open: Vec<(usize, &'static str)>,
}

/// The last bytes of a text in lower case.
type Tail = [u8; 3];

fn tail(text: &str) -> Option<Tail> {
    text.as_bytes().last_chunk::<3>().map(|tail| tail.map(|byte| byte.to_ascii_lowercase()))
}

impl Ends {
    fn of(detectors: &'static [Detector]) -> Self {
        let mut ends = Self::default();
        for (at, detector) in detectors.iter().enumerate() {
            for pattern in &detector.files {
                let end = pattern.rsplit(['*', '/']).next().unwrap_or_default();
                let list = match tail(end) {
                    Some(tail) => ends.by_tail.entry(tail).or_default(),
                    None => &mut ends.open,
                };
                list.push((at, pattern.as_str()));
            }
        }
        ends
    }

    /// The numbers of the detectors that take a file for one of theirs.
    fn detectors(&self, path: &str) -> BTreeSet<usize> {
        let by_tail = tail(path).and_then(|tail| self.by_tail.get(&tail));
        let candidates = by_tail.into_iter().flatten().chain(&self.open);
        candidates.filter(|(_, pattern)| pattern::path(pattern, path)).map(|(at, _)| *at).collect()
    }
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
            let (unless, below) = (option(&clue.unless), option(&clue.below));
            Some(Compiled { matches: compile(&clue.matches)?, unless, below })
        };
        self.compiled.get_or_init(compiled).as_ref()
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

/// Whether a file says that its one pipeline runs for proposed changes alone.
fn reviews(review: &Review, text: &str) -> bool {
    let compile = |p: &str| Regex::new(&format!("(?i){p}")).ok();
    let (Some(starts), Some(others)) = (compile(&review.matches), compile(&review.unless)) else { return false };
    let lines = || text.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
    text.matches(review.once.as_str()).count() == 1
        && lines().any(|line| starts.is_match(line))
        && !lines().any(|line| others.is_match(line))
}

fn assess(detector: &Detector, clues: &[OnceClue<'_>], path: &std::sync::Arc<str>, text: &str) -> Unassessed {
    let base = |reason: String, location: Option<Location>, holds_down: bool| Unassessed {
        path: path.to_string(),
        platform: detector.id.clone(),
        reason,
        location,
        holds_down,
    };
    if let Some(retired) = &detector.retired {
        return base(format!("{}: {retired}", detector.name), None, false);
    }
    if detector.review.as_ref().is_some_and(|review| reviews(review, text)) {
        return base(
            format!("{} pipelines are not analysed; this one runs for pull requests alone", detector.name),
            None,
            false,
        );
    }
    // Clues stand in the order in which they convince: a command says more than a name.
    let clues: Vec<&OnceClue<'_>> = detector.release.iter().filter_map(|at| clues.get(*at)).collect();
    let mut found: Option<(usize, &str, Location)> = None;
    let mut last = "";
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') || trimmed.starts_with("//") {
            continue;
        }
        let above = std::mem::replace(&mut last, line);
        let better = found.as_ref().map_or(usize::MAX, |(rank, ..)| *rank);
        for (rank, clue) in clues.iter().enumerate().take(better) {
            if let Some(hit) = clue.find(line, above) {
                let place = |byte: usize| Position {
                    line: u32::try_from(number + 1).unwrap_or(u32::MAX),
                    column: u32::try_from(line.get(..byte).unwrap_or_default().chars().count() + 1).unwrap_or(u32::MAX),
                    byte: 0,
                };
                found = Some((
                    rank,
                    &clue.clue.what,
                    Location::new(path, Span { start: place(hit.start()), end: place(hit.end()) }),
                ));
                break;
            }
        }
    }
    if let Some((_, what, location)) = found {
        let reason = format!("{} pipelines are not analysed, and this one shows {what}", detector.name);
        return base(reason, Some(location), true);
    }
    base(
        format!("{} pipelines are not analysed; no publish command was recognised in this one", detector.name),
        None,
        false,
    )
}
