//! The scripts and Makefiles of the checkout that a pipeline of another platform calls, and what they call: a pipeline of
//! a few lines often leaves its release to one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::clues::{Clues, is_comment, within};
use super::recipes;
use crate::catalogue::Detector;
use crate::checkout::Checkout;
use crate::model::Location;

/// Files that are opened for one pipeline.
const MOST_FILES: usize = 100;

/// Endings of scripts; a file without one is a script when its first line names an interpreter.
const ENDINGS: &[&str] = &["sh", "bash", "zsh", "ksh", "ps1", "bat", "cmd", "py", "rb", "pl", "js", "mjs", "ts"];

/// A file that a pipeline leads to, with the text of it that counts.
struct Called {
    path: Arc<str>,
    /// `None` where it could not be read.
    text: Option<Arc<str>>,
    /// The word of the pipeline that names it, or the file by which it is reached.
    named: Location,
    /// The files over which it is reached.
    over: Vec<Arc<str>>,
}

/// What the first file with a sign of a release shows, or that there is more than is read, and the word of the pipeline
/// that leads to it.
pub(super) fn release(
    checkout: &Checkout,
    clues: &Clues<'_>,
    detector: &Detector,
    pipeline: &Arc<str>,
    text: &str,
) -> Option<(String, Location)> {
    let mut seen = BTreeSet::from([pipeline.to_string()]);
    let mut open = leads_to(checkout, pipeline, text, &mut seen);
    let mut unread = None;
    while let Some(Called { path, text, named, mut over }) = open.pop() {
        let way = if over.is_empty() { String::new() } else { format!("over {} ", over.join(", ")) };
        let Some(text) = text else {
            unread.get_or_insert((format!("that it leads {way}to {path}, which cannot be read"), named));
            continue;
        };
        if let Some(sign) = clues.in_script(&detector.release, &path, &text) {
            let what = format!("that it leads {way}to {path}:{}, which shows {}", sign.location.line, sign.what);
            return Some((what, named));
        }
        let further = leads_to(checkout, &path, &text, &mut seen);
        if seen.len() >= MOST_FILES {
            let what = format!("that it leads to more than {MOST_FILES} scripts and calls, which are not all read");
            unread.get_or_insert((what, named.clone()));
        }
        over.push(path);
        open.extend(further.into_iter().map(|called| {
            let new = called.over.into_iter().filter(|path| !over.contains(path));
            Called { named: named.clone(), over: over.iter().cloned().chain(new).collect(), ..called }
        }));
    }
    unread
}

/// The scripts and recipes that a text runs, the last one first.
fn leads_to(checkout: &Checkout, from: &Arc<str>, text: &str, seen: &mut BTreeSet<String>) -> Vec<Called> {
    let mut found = scripts(checkout, from, text, seen);
    let new = |call| seen.len() < MOST_FILES && seen.insert(call);
    let own = from.rfind('/').and_then(|at| from.get(..=at)).unwrap_or_default();
    // A recipe runs in the folder of its Makefile, and all else mostly in the root.
    let folders = if is_script(from, text) { ["", own] } else { [own, ""] };
    for call in recipes::run_by(checkout, text, &folders, new) {
        let named = within(from, call.number, call.line, call.make);
        let recipes = call.recipes.into_iter();
        let called = |r: recipes::Recipes| Called { path: r.path, text: r.text, named: named.clone(), over: r.over };
        found.extend(recipes.map(called));
    }
    found.reverse();
    found
}

/// The scripts of the checkout that a text names outside its comments: from the root, or from the folder of the file that
/// names them.
fn scripts(checkout: &Checkout, from: &Arc<str>, text: &str, seen: &mut BTreeSet<String>) -> Vec<Called> {
    let folder = from.rsplit_once('/').map(|(folder, _)| folder);
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '@' | '+' | '$');
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if is_comment(line) {
            continue;
        }
        let mut entered = None;
        let mut before = "";
        for word in line.split(|c| !is_part(c)).filter(|word| !word.is_empty()) {
            if std::mem::replace(&mut before, word) == "cd" {
                entered = Some(relative(word).trim_end_matches('/'));
            }
            let path = relative(word);
            if seen.len() >= MOST_FILES || !could_be_script(path) {
                continue;
            }
            let below = entered.into_iter().chain(folder).map(|folder| format!("{folder}/{path}"));
            let there = std::iter::once(path.to_owned()).chain(below).find(|path| checkout.is_there(path));
            let Some(path) = there.filter(|path| seen.insert(path.clone())) else { continue };
            let text = checkout.glance(&path).ok();
            if text.as_ref().map_or_else(|| ending(&path).is_some(), |text| is_script(&path, text)) {
                let named = within(from, number, line, word);
                found.push(Called { path: path.into(), text, named, over: Vec::new() });
            }
        }
    }
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
