//! READ: what the documents of a checkout claim about its level, as badges and as sentences. What a claim looks like
//! is data in `rules/claims.yml`.
//!
//! A claim is held against the level and never changes it. In doubt there is none: a sentence on SLSA in general, on
//! plans or on somebody else is no claim.

mod document;
mod judge;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};

use aho_corasick::AhoCorasick;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::catalogue::Catalogue;
use crate::checkout::{Checkout, spread};
use crate::model::{Location, Position, Span};

/// Most documents that are read.
const MAX_DOCUMENTS: usize = 2_000;
/// Most claims that are reported.
const MAX_CLAIMS: usize = 200;
/// Most characters of a claim's text.
const MAX_TEXT: usize = 300;

/// A claim, before it is held against the level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Where it stands.
    pub location: Location,
    /// The claimed level, from 1 to 4.
    pub level: u8,
    /// The badge as it is written, or the sentence.
    pub text: String,
}

/// The claims of a checkout, by path and line.
pub fn claims(checkout: &Checkout) -> Vec<Found> {
    static FILES: LazyLock<GlobSet> = LazyLock::new(|| globs(&Catalogue::get().claims.files));
    let rules = &Catalogue::get().claims;
    static WORD: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(["slsa"]).ok());
    let documents = checkout.files().iter().filter(|path| FILES.is_match(&***path) && !rules.excepts(path));
    let documents: Vec<&Arc<str>> = documents.take(MAX_DOCUMENTS).collect();
    let texts = spread(&documents, |path| {
        let text = checkout.glance(path).ok()?;
        WORD.as_ref()?.is_match(&*text).then_some((*path, text))
    });
    if texts.is_empty() {
        return Vec::new();
    }
    let name = checkout.slug().and_then(|slug| slug.rsplit('/').next()).unwrap_or_default();
    let Some(judge) = judge::Judge::new(rules, name) else { return Vec::new() };
    let found = spread(&texts, |(path, text)| Some(in_document(&judge, path, text)));
    let mut found: Vec<Found> = found.into_iter().flatten().collect();
    found.sort_unstable();
    found.truncate(MAX_CLAIMS);
    found
}

fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        if let Ok(glob) = GlobBuilder::new(pattern).case_insensitive(true).literal_separator(true).build() {
            set.add(glob);
        }
    }
    set.build().unwrap_or_else(|_| GlobSet::empty())
}

/// The claims of one document, one for each line and level.
fn in_document(judge: &judge::Judge, path: &Arc<str>, text: &str) -> Vec<Found> {
    let lines = Lines::new(text);
    let document = document::read(text);
    let mut found: Vec<Found> = Vec::new();
    for image in &document.images {
        if let Some(level) = judge.badge(&image.address) {
            found.push(Found { location: lines.location(path, image.range.clone()), level, text: shown(&image.text) });
        }
    }
    for block in &document.blocks {
        for (range, level, sentence) in judge.sentences(block) {
            found.push(Found { location: lines.location(path, range), level, text: shown(&sentence) });
        }
    }
    found.sort_unstable();
    found.dedup_by(|a, b| (a.location.line, a.level) == (b.location.line, b.level));
    found
}

/// The text on one line, cut when it is longer than anybody reads.
fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_TEXT) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// Where lines start, for places.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    fn position(&self, byte: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= byte).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..byte).unwrap_or_default();
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: narrow(line), column: narrow(before.chars().count() + 1), byte: narrow(byte) }
    }

    fn location(&self, path: &Arc<str>, range: std::ops::Range<usize>) -> Location {
        Location::new(path, Span { start: self.position(range.start), end: self.position(range.end) })
    }
}
