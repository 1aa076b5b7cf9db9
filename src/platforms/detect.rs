//! Pipelines of platforms that are not analysed: found, looked at cheaply, and reported.

use regex::Regex;

use crate::catalogue::{Catalogue, Detector};
use crate::checkout::Checkout;
use crate::model::{Location, Position, Span, Unassessed};
use crate::syntax::pattern;

/// Every pipeline file of another platform, with the line that looks like a release when there is one.
pub fn unassessed(checkout: &Checkout) -> Vec<Unassessed> {
    let mut found = Vec::new();
    for detector in &Catalogue::get().platforms {
        let clues = OnceClues::new(detector);
        let names = |patterns: &[String], path: &str| patterns.iter().any(|p| pattern::path(p, path));
        for path in checkout.files().iter().filter(|p| names(&detector.files, p) && !names(&detector.except, p)) {
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

/// A detector's clues, compiled when its first file turns up.
struct OnceClues<'d> {
    detector: &'d Detector,
    compiled: std::cell::OnceCell<Vec<(&'d str, Regex, Option<Regex>)>>,
}

impl<'d> OnceClues<'d> {
    fn new(detector: &'d Detector) -> Self {
        Self { detector, compiled: std::cell::OnceCell::new() }
    }

    fn get(&self) -> &[(&'d str, Regex, Option<Regex>)] {
        self.compiled.get_or_init(|| {
            let compile = |p: &str| Regex::new(&format!("(?i){p}")).ok();
            let clues = self.detector.release.iter();
            clues
                .filter_map(|c| Some((c.what.as_str(), compile(&c.matches)?, c.unless.as_deref().and_then(compile))))
                .collect()
        })
    }
}

fn assess(detector: &Detector, clues: &OnceClues<'_>, path: &std::sync::Arc<str>, text: &str) -> Unassessed {
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
    // Clues stand in the order in which they convince: a command says more than a name.
    let mut found: Option<(usize, &str, Location)> = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.starts_with('#') || trimmed.starts_with("//") {
            continue;
        }
        let better = found.as_ref().map_or(usize::MAX, |(rank, ..)| *rank);
        for (rank, (what, matches, unless)) in clues.get().iter().enumerate().take(better) {
            if let Some(hit) = matches.find(line)
                && !unless.as_ref().is_some_and(|u| u.is_match(line))
            {
                let place = |byte: usize| Position {
                    line: u32::try_from(number + 1).unwrap_or(u32::MAX),
                    column: u32::try_from(line.get(..byte).unwrap_or_default().chars().count() + 1).unwrap_or(u32::MAX),
                    byte: 0,
                };
                found =
                    Some((rank, what, Location::new(path, Span { start: place(hit.start()), end: place(hit.end()) })));
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
