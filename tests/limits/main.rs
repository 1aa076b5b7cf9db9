//! Both sides of the limits in docs/threat-model.md: what just fits is read and nothing is said, and what exceeds it says
//! so and is never taken for absent. The limits of following stand in `tests/following_limits.rs`, too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod reading;
mod scripts;
mod workflows;

use truelevel::checkout::Checkout;
use truelevel::report::Report;
use truelevel::{Options, grade_checkout};

/// A release that reaches level 3, so that whatever holds the checkout down is the file beside it.
const GOOD: &str = include_str!("../../fixtures/generator-generic-split/.github/workflows/release.yml");
const BESIDE: &str = ".github/workflows/beside.yml";

/// Files by their paths.
type Files = Vec<(String, String)>;

fn file(path: &str, text: impl Into<String>) -> (String, String) {
    (path.to_owned(), text.into())
}

/// A checkout of these files alone.
fn alone(files: &[(String, String)]) -> Report {
    let files = files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes()));
    grade_checkout(&Checkout::in_memory(files, Some("acme/widget")), ".", &Options::default())
}

/// The good release with these files beside it.
fn graded(files: &[(String, String)]) -> Report {
    let good = file(".github/workflows/release.yml", GOOD);
    alone(&[std::slice::from_ref(&good), files].concat())
}

/// A job on every push that may publish.
fn run(script: &str) -> (String, String) {
    let script = script.replace('\n', "\n          ");
    let head = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    permissions: { contents: write }\n";
    file(BESIDE, format!("{head}    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          {script}\n"))
}

/// Everything that a report says.
fn text_of(report: &Report) -> String {
    serde_json::to_string(report).unwrap()
}

/// What just fits is read to its end and nothing is said; one more holds the checkout down, with these words.
fn holds(what: &str, says: &str, fits: &[(String, String)], exceeds: &[(String, String)]) {
    let report = graded(fits);
    assert_eq!((report.level, report.errors.len()), (3, 0), "{what} fits: {:?} {:?}", report.cap, report.errors);
    assert!(!text_of(&report).contains(says), "{what} fits, and the report says `{says}`");
    let report = graded(exceeds);
    assert_eq!(report.level, 0, "{what} is too much: {:?}", report.errors);
    assert!(text_of(&report).contains(says), "{what}: nothing says `{says}`: {:?} {:?}", report.cap, report.errors);
}
