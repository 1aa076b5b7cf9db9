//! Files that end too early: cut at every end of a line, and in the middle of every line.
//!
//! 1. Where the cut breaks the syntax of a workflow, that is an error, and the checkout is at level 0. Where it breaks a
//!    customisation of Kustomize, the checkout is at level 1 at most.
//! 2. Where an error names the file, the level of the checkout did not rise.
//! 3. Where none does, cutting off the end raises no target that is left, and no checkout whose targets are all left,
//!    unless the fault went with it: an open verdict cites something in the step that the cut goes through or behind it,
//!    or, in a file that is no workflow, anything in it or in the files beside it, to which it may lead. Files that switch
//!    something on by being there are left out, as where whole files are removed.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use truelevel::report::Report;
use truelevel::syntax::{conf, yaml};

use super::{Files, SWITCHES, blamed, fixtures, is_pipeline, named, raised, steps};

/// The text cut at every end of a line and in the middle of every line.
fn cuts(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let middle = start + line.len() / 2;
        found.extend((start + 1..=middle).rev().find(|at| text.is_char_boundary(*at)));
        start += line.len();
        found.push(start - usize::from(line.ends_with('\n')));
    }
    found.dedup();
    found.retain(|at| *at < text.trim_end().len());
    found
}

fn cut(files: &Files, path: &str, at: usize) -> Files {
    let mut files = files.clone();
    files.get_mut(path).unwrap().truncate(at);
    files
}

/// Whether a text is no text of the language that its name promises. A template is none of any.
fn is_broken(path: &str, text: &str) -> bool {
    let name: Arc<str> = path.into();
    let extension = Path::new(path).extension().unwrap_or_default().to_string_lossy();
    match &*extension {
        _ if text.contains("{{") && !is_pipeline(path) => false,
        "yml" | "yaml" => yaml::parse(text).is_err(),
        "toml" => conf::Value::of_toml(&name, text).is_none(),
        "tf" | "hcl" | "nomad" => conf::hcl(&name, text, &()).is_none(),
        "json" => yaml::parse(text).is_err(),
        _ => false,
    }
}

#[test]
fn a_file_that_ends_too_early_raises_nothing() {
    let (mut tried, mut broken, mut found) = (0, 0, Vec::new());
    for fixture in fixtures(60, 5) {
        let before = fixture.grade(&fixture.files);
        for (path, text) in &fixture.files {
            let steps = if is_pipeline(path) { steps(text) } else { Vec::new() };
            // What breaks, and the level at most.
            let most = match path.rsplit_once('/') {
                Some((".github/workflows", _)) => Some(0),
                Some((_, "kustomization.yaml")) => Some(1),
                _ => None,
            };
            let switch = SWITCHES.iter().any(|switch| path.contains(switch));
            for at in cuts(text) {
                let line = text[..at].matches('\n').count() + 1;
                let here = format!("{}: {path}:{line} at byte {at}", fixture.name);
                let after = fixture.grade(&cut(&fixture.files, path, at));
                let said = after.errors.iter().any(|error| error.path == *path);
                if let Some(most) = most.filter(|_| is_broken(path, &text[..at])) {
                    broken += 1;
                    if after.level > most || most == 0 && !said {
                        found.push(format!("{here}: level {}, and it is broken", after.level));
                    }
                }
                if said {
                    tried += 1;
                    if after.level > before.level {
                        found.push(format!("{here}: the checkout from {} to {}", before.level, after.level));
                    }
                } else if !switch && !at_fault(&before, &fixture.files, path, &steps, line) {
                    tried += 1;
                    found.extend(raised(&before, &after).into_iter().map(|r| format!("{here}: {r}")));
                }
            }
        }
    }
    assert!(named().is_some() || tried > 100 && broken > 20, "only {tried} cuts, {broken} of them broken");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether a fault may be gone with what is cut off from a line on.
fn at_fault(before: &Report, files: &Files, path: &str, steps: &[Range<usize>], line: usize) -> bool {
    if is_pipeline(path) {
        let from = steps.iter().find(|step| step.contains(&line)).map_or(line, |step| step.start);
        return blamed(before, path, &(from..usize::MAX));
    }
    let beside = |other: &str| match path.split_once('/') {
        Some((folder, _)) => other.split_once('/').is_some_and(|(top, _)| top == folder),
        None => other == path,
    };
    files.keys().any(|other| beside(other) && blamed(before, other, &(0..usize::MAX)))
}
