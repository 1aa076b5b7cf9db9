//! Pipelines of platforms that are not analysed: found, looked at cheaply, and reported.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::called;
use super::clues::Clues;
use crate::catalogue::{Catalogue, Detector, Review};
use crate::checkout::Checkout;
use crate::model::{Location, Unassessed};
use crate::syntax::pattern;

/// Every pipeline file of another platform, with the line that looks like a release when there is one.
pub fn unassessed(checkout: &Checkout) -> Vec<Unassessed> {
    static ENDS: LazyLock<Ends> = LazyLock::new(|| Ends::of(&Catalogue::get().platforms));
    let catalogue = Catalogue::get();
    let clues = Clues::of(&catalogue.clues);
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
            found.push(assess(checkout, detector, &clues, path, &text));
        }
    }
    found.sort_unstable();
    // Names and content may both say whose it is.
    found.dedup();
    found
}

/// The patterns of all detectors by the last bytes of what fits them: a large checkout has many files, and nearly none
/// is a pipeline.
#[derive(Debug, Default)]
struct Ends {
    by_tail: HashMap<Tail, Vec<Wanted>>,
    /// Patterns with a wildcard so near to their end that it says nothing.
    open: Vec<Wanted>,
}

/// A pattern of files that a detector takes for its own.
#[derive(Debug)]
struct Wanted {
    /// The number of the detector.
    detector: usize,
    pattern: &'static str,
    /// What every path begins with that fits.
    start: &'static str,
}

impl Wanted {
    fn is(&self, path: &str) -> bool {
        let head = path.as_bytes().get(..self.start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(self.start.as_bytes())) && pattern::path(self.pattern, path)
    }
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
                let start = pattern.split('*').next().unwrap_or_default();
                list.push(Wanted { detector: at, pattern, start });
            }
        }
        ends
    }

    /// The numbers of the detectors that take a file for one of theirs.
    fn detectors(&self, path: &str) -> BTreeSet<usize> {
        let by_tail = tail(path).and_then(|tail| self.by_tail.get(&tail));
        let candidates = by_tail.into_iter().flatten().chain(&self.open);
        candidates.filter(|wanted| wanted.is(path)).map(|wanted| wanted.detector).collect()
    }
}

/// Whether a file says that its one pipeline runs for proposed changes alone.
fn reviews(review: &Review, text: &str) -> bool {
    let compile = |p: &str| Regex::new(&format!("(?i){p}")).ok();
    let (Some(starts), Some(others)) = (compile(&review.matches), compile(&review.unless)) else { return false };
    let queue = review.queue.as_deref().and_then(compile);
    let without = |line| queue.as_ref().map_or(Cow::Borrowed(line), |queue| queue.replace_all(line, ""));
    let lines = || text.lines().map(str::trim_start).filter(|line| !line.starts_with('#')).map(without);
    text.matches(review.once.as_str()).count() == 1
        && lines().any(|line| starts.is_match(&line))
        && !lines().any(|line| others.is_match(&line))
}

fn assess(checkout: &Checkout, detector: &Detector, clues: &Clues<'_>, path: &Arc<str>, text: &str) -> Unassessed {
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
    let (what, location) = match clues.in_pipeline(&detector.release, path, text) {
        Some(sign) => (sign.what.to_owned(), sign.location),
        None => match called::release(checkout, clues, detector, path, text) {
            Some(found) => found,
            None => {
                let why = "no publish command was recognised in this one";
                return base(format!("{} pipelines are not analysed; {why}", detector.name), None, false);
            }
        },
    };
    base(format!("{} pipelines are not analysed, and this one shows {what}", detector.name), Some(location), true)
}
