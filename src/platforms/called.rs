//! The scripts of the checkout that a pipeline of another platform calls, and what they call: a pipeline of a few lines
//! often leaves its release to one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::clues::{Clues, within};
use crate::catalogue::Detector;
use crate::checkout::Checkout;
use crate::model::Location;

/// Scripts that are opened for one pipeline.
const MOST_SCRIPTS: usize = 100;

/// Endings of scripts; a file without one is a script when its first line names an interpreter.
const ENDINGS: &[&str] = &["sh", "bash", "zsh", "ksh", "ps1", "bat", "cmd", "py", "rb", "pl", "js", "mjs", "ts"];

/// A script that a pipeline leads to.
struct Called {
    path: String,
    /// The word of the pipeline that names it, or the script by which it is reached.
    named: Location,
}

/// What the first script with a sign of a release shows, and the word of the pipeline that leads to it.
pub(super) fn release(
    checkout: &Checkout,
    clues: &Clues<'_>,
    detector: &Detector,
    pipeline: &Arc<str>,
    text: &str,
) -> Option<(String, Location)> {
    let mut seen = BTreeSet::from([pipeline.to_string()]);
    let mut open = named(checkout, pipeline, text, &mut seen);
    while let Some(Called { path, named: by }) = open.pop() {
        let Ok(text) = checkout.glance(&path) else { continue };
        if !is_script(&path, &text) {
            continue;
        }
        let path: Arc<str> = path.into();
        if let Some(sign) = clues.in_script(&detector.release, &path, &text) {
            let place = format!("{path}:{}", sign.location.line);
            return Some((format!("that it leads to {place}, which shows {}", sign.what), by));
        }
        let further = named(checkout, &path, &text, &mut seen);
        open.extend(further.into_iter().map(|called| Called { named: by.clone(), ..called }));
    }
    None
}

/// The files of the checkout that a text names outside its comments, the last one first: from the root, or from the
/// folder of the file that names them.
fn named(checkout: &Checkout, from: &Arc<str>, text: &str, seen: &mut BTreeSet<String>) -> Vec<Called> {
    let folder = from.rsplit_once('/').map(|(folder, _)| folder);
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '@' | '+' | '$');
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with(['#', '/']) {
            continue;
        }
        for word in line.split(|c| !is_part(c)) {
            let path = relative(word);
            if seen.len() >= MOST_SCRIPTS || !could_be_script(path) {
                continue;
            }
            let beside = folder.map(|folder| format!("{folder}/{path}"));
            let there = std::iter::once(path.to_owned()).chain(beside).find(|path| checkout.is_there(path));
            if let Some(path) = there.filter(|path| seen.insert(path.clone())) {
                found.push(Called { path, named: within(from, number, line, word) });
            }
        }
    }
    found.reverse();
    found
}

/// A path from wherever the checkout lies: `$WORKSPACE/ci/build.sh`, `./ci/build.sh`.
fn relative(word: &str) -> &str {
    let below = word.strip_prefix('$').map_or(word, |variable| variable.split_once('/').map_or("", |(_, rest)| rest));
    below.trim_start_matches("./").trim_start_matches('/')
}

fn ending(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.rsplit_once('.').map(|(_, ending)| ending)
}

fn could_be_script(word: &str) -> bool {
    match ending(word) {
        Some(ending) => ENDINGS.contains(&ending),
        None => word.contains('/'),
    }
}

fn is_script(path: &str, text: &str) -> bool {
    ending(path).is_some() || text.starts_with("#!")
}
