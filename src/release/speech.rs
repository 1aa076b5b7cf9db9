//! What the names of actions, scripts and steps speak of, where nothing else tells what they do.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::catalogue::{Catalogue, Topic};
use crate::syntax::words::{Words, holds};

fn words(topic: Topic) -> &'static [String] {
    &Catalogue::get().names.of(topic).words
}

static PUBLISHES: LazyLock<Words> = LazyLock::new(|| Words::new(words(Topic::Publishing), &["s", "er", "ing"]));
static HANDS_OUT: LazyLock<Words> = LazyLock::new(|| Words::new(words(Topic::HandingOut), &["er", "ing"]));
static PACKS: LazyLock<Words> = LazyLock::new(|| Words::new(words(Topic::Packing), &[]));
static CHANGES: LazyLock<Words> = LazyLock::new(|| Words::new(words(Topic::Changing), &["s", "r", "er", "ing"]));
static BUILDS: LazyLock<Words> = LazyLock::new(|| Words::new(words(Topic::Building), &[]));

static OTHER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(words(Topic::Other)).ok());

/// Whether a name or a line speaks of publishing.
pub(super) fn publishes(name: &str) -> bool {
    PUBLISHES.are_in(name)
}

/// Whether the name of a program of the checkout speaks of handing something out.
pub(super) fn hands_out(name: &str) -> bool {
    HANDS_OUT.are_in(name)
}

/// Whether a name speaks of making packages, which a job that may write packages does for publishing them.
pub(super) fn packs(name: &str) -> bool {
    PACKS.are_in(name)
}

/// Whether the name of an action speaks of making packages or programs.
pub(super) fn builds(name: &str) -> bool {
    BUILDS.are_in(name)
}

/// Whether a name speaks of making other bytes of files, and not of something beside them.
pub(super) fn changes(name: &str) -> bool {
    CHANGES.are_in(name) && !holds(name, words(Topic::Beside))
}

/// Whether a symbol speaks of the number of an image, which is no digest of what is pushed.
pub(super) fn numbers_image(symbol: &str) -> bool {
    holds(symbol, words(Topic::NoDigest))
}

/// Whether a name speaks of provenance, or of publishing what may have some. What installs or sets up a program makes
/// none: `install-tool-from-github-release`.
pub(super) fn of_provenance(name: &str) -> bool {
    let mut parts = name.split('/').map(str::to_ascii_lowercase);
    let brings = parts.any(|part| words(Topic::Installing).iter().any(|word| part.starts_with(word)));
    holds(name, words(Topic::Provenance)) && !brings
}

/// Whether a word is one by which programs are told to publish.
pub(super) fn orders(word: &str) -> bool {
    words(Topic::Told).iter().any(|told| told == word)
}

/// Whether a word is one by which a program of the checkout is told to publish, which an unknown one takes for bringing
/// a service up.
pub(super) fn orders_own(word: &str) -> bool {
    words(Topic::ToldOwn).iter().any(|told| told == word)
}

/// Whether the name of a step speaks of asking for something, and of nothing that is handed out.
pub(super) fn asks_for(name: &str) -> bool {
    let first = name.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty());
    let asks = first.is_some_and(|first| words(Topic::Asking).iter().any(|word| word.eq_ignore_ascii_case(first)));
    asks && !hands_out(name) && !holds(name, [" and ", "&", "push", "deploy"])
}

/// Whether a name speaks of something else than publishing.
pub(super) fn harmless(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let documents = |(at, doc): (usize, &str)| {
        let rest = name.get(at + doc.len()..).unwrap_or_default();
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        ["", "s", "umentation"].iter().filter_map(|end| rest.strip_prefix(end)).any(ends)
    };
    OTHER.as_ref().is_some_and(|other| other.is_match(&name))
        || name.split(['-', '_', '/', ' ']).any(|word| words(Topic::Alone).iter().any(|alone| alone == word))
        || name.match_indices("doc").any(documents)
}
