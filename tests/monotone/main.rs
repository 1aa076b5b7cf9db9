//! Which changes of a checkout can never raise its level.
//!
//! 1. Removing what a met verdict cites, with all that is nested below it, raises the level of no target that is left
//!    and of no checkout, unless an open verdict cites something in the removed text as well: `push: true` may be both
//!    what shows a hosted build and what publishes without provenance.
//! 2. Removing a declaration of permissions that grants no writing raises nothing.
//! 3. Removing a file that is no pipeline raises nothing, unless an open verdict cites it, a pipeline that is not analysed
//!    is held down by what it leads to over this file, or it switches on a cache or a client's default by being there (lock
//!    files and manifests), takes the place of a release tool's defaults, which publish more than it asks for, or applies
//!    other files (a customisation, whose patches are what fails).
//! 4. Removing a step that no open verdict cites raises no target whose build jobs stay the same, unless the step brings
//!    code or files into its job or takes them out (a checkout, an artifact that is handed on) or is a local action, in
//!    whose own file an open verdict may cite something. A job that builds nothing any more is not asked what build jobs
//!    are asked.
//! 5. Adding a file that means nothing, or a restriction that takes nothing away which the pipeline needs, lowers
//!    nothing: `persist-credentials: false` on every checkout step, a time limit on every job.
//!
//! Conditions, permissions and what bars a cache follow in `restrictions`, files that end too early in `truncated`.
//!
//! Removing a publishing step, or what fails a requirement, may of course raise the level: the target or the fault is
//! gone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod restrictions;
mod truncated;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use truelevel::checkout::Checkout;
use truelevel::report::Report;
use truelevel::{Options, grade_checkout};

type Files = BTreeMap<String, String>;

/// A fixture with its own name.
struct Fixture {
    name: String,
    slug: Option<String>,
    files: Files,
}

impl Fixture {
    fn open(folder: &Path) -> Self {
        let checkout = Checkout::open(folder).unwrap();
        let expected = checkout.read("expected.yml").unwrap();
        let slug = expected.lines().find_map(|line| line.strip_prefix("slug:")).map(|slug| slug.trim().to_owned());
        let paths = checkout.files().iter().filter(|path| &***path != "expected.yml");
        let files = paths.filter_map(|path| Some((path.to_string(), checkout.read(path).ok()?.to_string()))).collect();
        Self { name: folder.file_name().unwrap().to_string_lossy().into_owned(), slug, files }
    }

    fn grade(&self, files: &Files) -> Report {
        let files = files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes()));
        grade_checkout(&Checkout::in_memory(files, self.slug.as_deref()), ".", &Options::default())
    }
}

/// Some fixtures: every `step`-th, each test others, so that all of them are seen and every run is quick. `MONOTONE=all`
/// takes all of them.
fn fixtures(step: usize, first: usize) -> impl Iterator<Item = Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    let step = if std::env::var_os("MONOTONE").is_some() { 1 } else { step };
    folders.into_iter().skip(first % step).step_by(step).map(|folder| Fixture::open(&folder))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The lines (from 1) of the block that starts on a line: everything that is nested below it.
fn block(text: &str, line: usize) -> Range<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let Some(first) = lines.get(line - 1) else { return line..line };
    let listed = first.trim_end().ends_with(':') && !first.trim_start().starts_with("- ");
    let inside = |other: &&&str| {
        let deeper = indent(other) > indent(first);
        other.trim().is_empty()
            || deeper
            || listed && indent(other) == indent(first) && other.trim_start().starts_with("- ")
    };
    line..line + 1 + lines[line..].iter().take_while(inside).count()
}

fn without(files: &Files, path: &str, lines: &Range<usize>) -> Files {
    let kept = files[path].lines().enumerate().filter(|(at, _)| !lines.contains(&(at + 1)));
    let kept: String = kept.map(|(_, line)| format!("{line}\n")).collect();
    let mut files = files.clone();
    files.insert(path.to_owned(), kept);
    files
}

/// Whether an open verdict cites one of these lines.
fn blamed(report: &Report, path: &str, lines: &Range<usize>) -> bool {
    let open = report.targets.iter().flat_map(|target| &target.requirements).filter(|verdict| verdict.state.is_open());
    open.flat_map(|verdict| &verdict.evidence)
        .any(|evidence| &*evidence.location.path == path && lines.contains(&(evidence.location.line as usize)))
        || report.errors.iter().any(|error| error.path == path)
        || report
            .unassessed
            .iter()
            .any(|pipeline| pipeline.path == path || pipeline.holds_down && pipeline.reason.contains(path))
}

/// The targets, and the checkout as `None`, whose level is higher than before.
fn raised(before: &Report, after: &Report) -> Vec<String> {
    let mut found = Vec::new();
    for target in &after.targets {
        let known = before.targets.iter().find(|t| t.id == target.id && t.pipeline == target.pipeline);
        if let Some(known) = known.filter(|known| known.level < target.level) {
            found.push(format!("{} from {} to {}", target.id, known.level, target.level));
        }
    }
    let left = before.targets.iter().all(|t| after.targets.iter().any(|a| a.id == t.id && a.pipeline == t.pipeline));
    if left && before.level < after.level {
        found.push(format!("the checkout from {} to {}", before.level, after.level));
    }
    found
}

fn is_pipeline(path: &str) -> bool {
    path.starts_with(".github/workflows/")
}

#[test]
fn removing_what_a_met_verdict_cites_raises_nothing() {
    let (mut tried, mut found) = (0, Vec::new());
    for fixture in fixtures(24, 0) {
        let before = fixture.grade(&fixture.files);
        let met = before.targets.iter().flat_map(|t| &t.requirements).filter(|v| !v.state.is_open());
        let mut places: Vec<(String, usize)> =
            met.flat_map(|v| &v.evidence).map(|e| (e.location.path.to_string(), e.location.line as usize)).collect();
        places.sort();
        places.dedup();
        for (path, line) in places {
            let Some(text) = fixture.files.get(&path) else { continue };
            let lines = block(text, line);
            if blamed(&before, &path, &lines) {
                continue;
            }
            tried += 1;
            let after = fixture.grade(&without(&fixture.files, &path, &lines));
            found.extend(
                raised(&before, &after).into_iter().map(|r| format!("{}: {path}:{lines:?}: {r}", fixture.name)),
            );
        }
    }
    assert!(tried > 20, "only {tried} removals");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn removing_a_restriction_of_permissions_raises_nothing() {
    let (mut tried, mut found) = (0, Vec::new());
    for fixture in fixtures(12, 1) {
        let before = fixture.grade(&fixture.files);
        for (path, text) in fixture.files.iter().filter(|(path, _)| is_pipeline(path)) {
            for (at, line) in text.lines().enumerate() {
                if !line.trim_start().starts_with("permissions:") {
                    continue;
                }
                let lines = block(text, at + 1);
                let inside: String = text.lines().skip(at).take(lines.len()).collect();
                // A job's own list may also take away what the workflow grants.
                if inside.contains("write") || indent(line) > 0 && text.contains("write") {
                    continue;
                }
                tried += 1;
                let after = fixture.grade(&without(&fixture.files, path, &lines));
                found.extend(
                    raised(&before, &after).into_iter().map(|r| format!("{}: {path}:{lines:?}: {r}", fixture.name)),
                );
            }
        }
    }
    assert!(tried > 10, "only {tried} removals");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Files whose presence switches something on, takes the place of a tool's defaults, or applies other files.
const SWITCHES: &[&str] = &[
    "go.sum",
    "package.json",
    "package-lock.json",
    ".lock",
    ".npmrc",
    "gradle",
    "pyproject.toml",
    "release.config.",
    ".releaserc",
    "kustomization",
    "install.sh",
];

#[test]
fn removing_a_file_raises_nothing() {
    let (mut tried, mut found) = (0, Vec::new());
    for fixture in fixtures(16, 2) {
        let before = fixture.grade(&fixture.files);
        for path in fixture.files.keys() {
            let switch = SWITCHES.iter().any(|s| path.contains(s));
            if is_pipeline(path) || switch || blamed(&before, path, &(0..usize::MAX)) {
                continue;
            }
            let mut files = fixture.files.clone();
            files.remove(path);
            tried += 1;
            let after = fixture.grade(&files);
            found.extend(raised(&before, &after).into_iter().map(|r| format!("{}: {path}: {r}", fixture.name)));
        }
    }
    assert!(tried > 20, "only {tried} removals");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn adding_a_restriction_or_a_file_without_meaning_lowers_nothing() {
    let mut found = Vec::new();
    for fixture in fixtures(12, 3) {
        let before = fixture.grade(&fixture.files);
        let mut files = fixture.files.clone();
        for (_, text) in files.iter_mut().filter(|(path, _)| is_pipeline(path)) {
            let lines: Vec<&str> = text.lines().collect();
            let more = |(at, line): (usize, &&str)| {
                let deep = " ".repeat(indent(line));
                let bare = !lines.get(at + 1).is_some_and(|next| next.trim_start().starts_with("with:"));
                match line.trim_start() {
                    "- uses: actions/checkout@v5" if bare => {
                        format!("{line}\n{deep}  with:\n{deep}    persist-credentials: false\n")
                    }
                    own if own.starts_with("runs-on: ") => format!("{line}\n{deep}timeout-minutes: 30\n"),
                    _ => format!("{line}\n"),
                }
            };
            *text = lines.iter().enumerate().map(more).collect();
        }
        files.insert("docs/notes.md".to_owned(), "npm publish is how we release.\n".to_owned());
        files.insert(
            ".github/workflows/zz-test.yml".to_owned(),
            "on: pull_request\njobs: { t: { runs-on: ubuntu-latest, steps: [{ run: make }] } }\n".to_owned(),
        );
        let after = fixture.grade(&files);
        found.extend(raised(&after, &before).into_iter().map(|r| format!("{}: {r}", fixture.name)));
        assert_eq!(before.targets.len(), after.targets.len(), "{}", fixture.name);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What brings code or files into a job or out of it, and local actions.
// An action that sets up another Node, of which nothing is shown, is named by no verdict.
const HANDS_ON: &[&str] =
    &["checkout@", "download-artifact@", "upload-artifact@", "uses: ./", "install-node", "node-version-file"];

/// The lines of every step: the items of the lists under `steps:`.
fn steps(text: &str) -> Vec<Range<usize>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut list: Option<usize> = None;
    for (at, line) in lines.iter().enumerate() {
        let blank = line.trim().is_empty() || line.trim_start().starts_with('#');
        if list.is_some_and(|deep| !blank && indent(line) < deep) {
            list = None;
        }
        if line.trim() == "steps:" {
            list = lines[at + 1..].iter().find(|l| l.trim_start().starts_with("- ")).map(|l| indent(l));
        } else if list == Some(indent(line)) && line.trim_start().starts_with("- ") {
            found.push(block(text, at + 1));
        }
    }
    found
}

#[test]
fn removing_a_step_raises_nothing() {
    let (mut tried, mut found) = (0, Vec::new());
    for fixture in fixtures(24, 4) {
        let before = fixture.grade(&fixture.files);
        for (path, text) in fixture.files.iter().filter(|(path, _)| is_pipeline(path)) {
            for lines in steps(text) {
                let inside: String = text.lines().skip(lines.start - 1).take(lines.len()).collect();
                if HANDS_ON.iter().any(|word| inside.contains(word)) || blamed(&before, path, &lines) {
                    continue;
                }
                tried += 1;
                let after = fixture.grade(&without(&fixture.files, path, &lines));
                let builders = |report: &Report| -> Vec<Vec<String>> {
                    report.targets.iter().map(|target| target.build_jobs.clone()).collect()
                };
                if builders(&before) != builders(&after) {
                    continue;
                }
                found.extend(
                    raised(&before, &after).into_iter().map(|r| format!("{}: {path}:{lines:?}: {r}", fixture.name)),
                );
            }
        }
    }
    assert!(tried > 20, "only {tried} removals");
    assert!(found.is_empty(), "{}", found.join("\n"));
}
