//! What restricts a pipeline, taken away and put in, one place at a time.
//!
//! 1. Removing the condition of a step or job raises nothing, unless provenance is made there, which then is made more
//!    often, or the condition asks for the state of the run: without `always()` what failed before holds it back again.
//!    A checkout without any target may get its first.
//! 2. Permissions of nothing in place of declared ones raise nothing, unless an open verdict cites what was declared.
//! 3. Removing what bars a cache, or what keeps the token out of the checkout's files, raises nothing.
//! 4. Barring the cache of a job lowers nothing, and neither do permissions of nothing where neither the workflow nor a
//!    caller of it declares any.

use std::ops::Range;

use truelevel::report::Report;

use super::{Files, Fixture, blamed, block, fixtures, indent, is_pipeline, named, raised, steps, without};

/// The files with a line in place of some others of a file.
fn replaced(files: &Files, path: &str, lines: &Range<usize>, by: &str) -> Files {
    let mut kept = String::new();
    for (at, line) in files[path].lines().enumerate() {
        if at + 1 == lines.start {
            kept.push_str(&format!("{by}\n"));
        }
        if !lines.contains(&(at + 1)) {
            kept.push_str(&format!("{line}\n"));
        }
    }
    let mut files = files.clone();
    files.insert(path.to_owned(), kept);
    files
}

/// A line of a pipeline.
struct Place<'f> {
    fixture: &'f Fixture,
    path: &'f str,
    /// Of the file, from 1.
    number: usize,
    line: &'f str,
}

impl Place<'_> {
    fn text(&self) -> &str {
        &self.fixture.files[self.path]
    }

    /// The line and what is nested below it.
    fn lines(&self) -> Range<usize> {
        block(self.text(), self.number)
    }

    /// The files with this text, as deep as the line, in place of some lines.
    fn with(&self, lines: &Range<usize>, by: &str) -> Files {
        replaced(&self.fixture.files, self.path, lines, &format!("{}{by}", " ".repeat(indent(self.line))))
    }

    /// The files with a text of the same depth behind the line.
    fn followed(&self, by: &str) -> Files {
        let deep = " ".repeat(indent(self.line));
        replaced(&self.fixture.files, self.path, &(self.number..self.number + 1), &format!("{}\n{deep}{by}", self.line))
    }

    /// The step or else the job that the line is part of.
    fn owner(&self) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        let jobs = |line: &str| indent(line) == 2 && line.trim_end().ends_with(':');
        let owner = steps(text).into_iter().find(|step| step.contains(&self.number)).unwrap_or_else(|| {
            let job = lines[..self.number].iter().rposition(|line| jobs(line)).unwrap();
            block(text, job + 1)
        });
        lines[owner.start - 1..(owner.end - 1).min(lines.len())].join("\n")
    }
}

/// Changes every place that `is_place` and `change` take, one at a time, and collects what the change moved.
fn each(
    fixtures: impl Iterator<Item = Fixture>,
    least: usize,
    is_place: impl Fn(&str) -> bool,
    change: impl Fn(&Place<'_>, &Report) -> Option<Files>,
    moved: impl Fn(&Report, &Report) -> Vec<String>,
) {
    let (mut tried, mut found) = (0, Vec::new());
    for fixture in fixtures {
        let mut before = None;
        for (path, text) in fixture.files.iter().filter(|(path, _)| is_pipeline(path)) {
            for (at, line) in text.lines().enumerate().filter(|(_, line)| is_place(line.trim_start())) {
                let before = before.get_or_insert_with(|| fixture.grade(&fixture.files));
                let place = Place { fixture: &fixture, path, number: at + 1, line };
                let Some(files) = change(&place, before) else { continue };
                tried += 1;
                let moved = moved(before, &fixture.grade(&files));
                found.extend(moved.into_iter().map(|moved| format!("{}: {path}:{}: {moved}", fixture.name, at + 1)));
            }
        }
    }
    assert!(named().is_some() || tried >= least, "only {tried} places");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn lowered(before: &Report, after: &Report) -> Vec<String> {
    raised(after, before)
}

/// What speaks of the state of a run, and of provenance.
const STATE: &[&str] = &["always()", "cancelled()", "failure()", "success()", ".result", ".outcome", ".conclusion"];
const PROVENANCE: &[&str] = &["attest", "slsa", "provenance"];

#[test]
fn removing_a_condition_raises_nothing() {
    each(
        fixtures(1, 0),
        10,
        |line| line.starts_with("if:") || line.starts_with("- if:"),
        |place, before| {
            let owner = place.owner().to_lowercase();
            let otherwise = STATE.iter().any(|word| place.line.contains(word))
                || PROVENANCE.iter().any(|word| owner.contains(word));
            if otherwise || before.targets.is_empty() {
                return None;
            }
            Some(match place.line.trim_start().starts_with('-') {
                true => place.with(&(place.number..place.number + 1), "- name: any"),
                false => without(&place.fixture.files, place.path, &place.lines()),
            })
        },
        raised,
    );
}

#[test]
fn permissions_of_nothing_in_place_of_others_raise_nothing() {
    each(
        fixtures(24, 1),
        30,
        |line| line.starts_with("permissions:"),
        |place, before| {
            let lines = place.lines();
            (!blamed(before, place.path, &lines)).then(|| place.with(&lines, "permissions: {}"))
        },
        raised,
    );
}

/// What bars a cache, or keeps the token out of the checkout's files.
const RESTRICTS: &[&str] = &[
    "cache-mode: none",
    "cache-mode: write-only",
    "cache-write-only: true",
    "lookup-only: true",
    "no-cache: true",
    "cache: false",
    "package-manager-cache: false",
    "cache-image: false",
    "cache-binary: false",
    "enable-cache: false",
    "persist-credentials: false",
];

#[test]
fn removing_what_bars_a_cache_or_keeps_the_token_apart_raises_nothing() {
    each(
        fixtures(1, 0),
        15,
        |line| RESTRICTS.contains(&line),
        |place, _| Some(without(&place.fixture.files, place.path, &place.lines())),
        raised,
    );
}

#[test]
fn barring_the_cache_lowers_nothing() {
    each(
        fixtures(24, 2),
        20,
        |line| line.starts_with("runs-on:"),
        |place, _| (!place.text().contains("cache-mode:")).then(|| place.followed("cache-mode: none")),
        lowered,
    );
}

#[test]
fn permissions_of_nothing_where_none_are_declared_lower_nothing() {
    each(
        fixtures(1, 0),
        10,
        |line| line.starts_with("runs-on:"),
        |place, _| {
            let declared = ["permissions:", "workflow_call"].iter().any(|word| place.text().contains(word));
            (!declared).then(|| place.followed("permissions: {}"))
        },
        lowered,
    );
}
