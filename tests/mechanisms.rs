//! Every mechanism that leads to a publication without naming it in the workflow: a case that meets it (the publication
//! is found, and provenance that covers it counts), one that fails it (the publication is found and lacks provenance),
//! and one that only looks like it (nothing is published).
//!
//! A file in `mechanisms/` holds the cases of one mechanism; `MECHANISM=part-of-a-name` runs some.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::Deserialize;
use truelevel::checkout::Checkout;
use truelevel::model::{Requirement, State};
use truelevel::report::Report;
use truelevel::{Options, grade_checkout};

const WORKFLOW: &str = ".github/workflows/release.yml";
const HEAD: &str = "name: release
on:
  push:
    tags: ['v*']
permissions: {}
jobs:
  release:
    runs-on: ubuntu-24.04
    permissions:
      contents: write
      packages: write
      id-token: write
      attestations: write
    steps:
      - uses: actions/checkout@v5
";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mechanism {
    /// What leads where.
    about: String,
    /// Files of all cases.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Steps in front of those of every case.
    #[serde(default)]
    before: String,
    /// Steps behind those of every case.
    #[serde(default)]
    after: String,
    /// Why nothing can meet it: no provenance can cover what this mechanism publishes.
    never_met: Option<String>,
    #[serde(default)]
    meets: Vec<Case>,
    #[serde(default)]
    fails: Vec<Case>,
    #[serde(default)]
    looks: Vec<Case>,
    /// Cases in which a bound is hit or a file is missing: the target is unshown.
    #[serde(default)]
    stops: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case shows, where it does not speak for itself.
    #[serde(default)]
    about: String,
    /// Files of this case, over those of all cases.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// One script.
    run: Option<String>,
    /// Or steps.
    steps: Option<String>,
    /// Every target with its level.
    #[serde(default)]
    targets: BTreeMap<String, u8>,
    /// Path and line of the repository's cap.
    at: Option<String>,
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|l| if l.is_empty() { "\n".to_owned() } else { format!("{:by$}{l}\n", "") }).collect()
}

fn report(mechanism: &Mechanism, case: &Case) -> Report {
    let mut files = mechanism.files.clone();
    let mut workflow = HEAD.to_owned();
    workflow.push_str(&indented(&mechanism.before, 6));
    if let Some(run) = &case.run {
        workflow.push_str(&format!("      - run: |\n{}", indented(run, 10)));
    }
    workflow.push_str(&indented(case.steps.as_deref().unwrap_or_default(), 6));
    workflow.push_str(&indented(&mechanism.after, 6));
    files.insert(WORKFLOW.to_owned(), workflow);
    files.extend(case.files.clone());
    let files = files.into_iter().map(|(path, text)| (path, text.into_bytes()));
    grade_checkout(&Checkout::in_memory(files, Some("acme/widget")), ".", &Options::default())
}

/// What is wrong with a case of a group.
fn wrong(group: &str, mechanism: &Mechanism, case: &Case) -> Vec<String> {
    let report = report(mechanism, case);
    let mut found = Vec::new();
    let got: BTreeMap<String, u8> = report.targets.iter().map(|t| (t.id.clone(), t.level)).collect();
    if got != case.targets {
        found.push(format!("expected {:?}, got {got:?}", case.targets));
        for target in &report.targets {
            let cap = target.cap.as_ref().map(|c| format!("{} {}: {}", c.requirement, c.state.id(), c.reason));
            found.push(format!("  {}: {}", target.id, cap.unwrap_or_default()));
        }
    }
    if got.len() != report.targets.len() {
        found.push("two targets share a name".to_owned());
    }
    let exists = |state: Option<State>| {
        let cap = report.cap.as_ref();
        cap.is_some_and(|c| c.requirement == Requirement::ProvenanceExists && state.is_none_or(|s| c.state == s))
    };
    // What is made and reaches nobody is no better.
    let undistributed = || report.cap.as_ref().is_some_and(|c| c.requirement == Requirement::ProvenanceDistributed);
    let fits = match group {
        "meets" => !case.targets.is_empty() && case.targets.values().all(|level| *level > 0),
        "fails" => case.targets.values().any(|level| *level == 0) && (exists(None) || undistributed()),
        "looks" => case.targets.is_empty() && exists(Some(State::Unshown)),
        _ => case.targets.values().any(|level| *level == 0) && exists(Some(State::Unshown)),
    };
    if !fits {
        found.push(format!("this is no case of the group: cap {:?}", report.cap.as_ref().map(|c| c.reason.clone())));
    }
    if let Some(at) = &case.at {
        let place = report.cap.as_ref().and_then(|c| c.location.as_ref()).map(|l| format!("{}:{}", l.path, l.line));
        if place.as_ref() != Some(at) {
            found.push(format!("expected the cap at {at}, got {}", place.unwrap_or_default()));
        }
    }
    if !report.errors.is_empty() {
        found.push(format!("errors: {:?}", report.errors));
    }
    found
}

fn mechanisms() -> Vec<(String, Mechanism)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mechanisms");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("tests/mechanisms/") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        found.push((name.clone(), serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"))));
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

#[test]
fn every_case_gets_the_targets_that_are_expected_of_it() {
    let only = std::env::var("MECHANISM").ok();
    let mut failures = Vec::new();
    let mut run = 0;
    for (name, mechanism) in &mechanisms() {
        if only.as_deref().is_some_and(|o| !name.contains(o)) {
            continue;
        }
        let groups = [
            ("meets", &mechanism.meets),
            ("fails", &mechanism.fails),
            ("looks", &mechanism.looks),
            ("stops", &mechanism.stops),
        ];
        for (group, cases) in groups {
            run += cases.len();
            let wrong = cases.par_iter().enumerate().filter_map(|(at, case)| {
                let wrong = wrong(group, mechanism, case);
                let head = format!("{name}, {group} {}: {}", at + 1, case.about);
                (!wrong.is_empty()).then(|| format!("{head}\n    {}", wrong.join("\n    ")))
            });
            failures.extend(wrong.collect::<Vec<_>>());
        }
    }
    assert!(run > 0, "no case was run");
    assert!(failures.is_empty(), "{} of {run} cases differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_mechanism_is_met_failed_and_imitated() {
    for (name, mechanism) in &mechanisms() {
        assert!(!mechanism.about.is_empty(), "{name}: `about` says what leads where");
        assert_eq!(mechanism.meets.is_empty(), mechanism.never_met.is_some(), "{name}: a case meets it, or none can");
        assert!(mechanism.never_met.as_ref().is_none_or(|why| !why.is_empty()), "{name}: says why nothing meets it");
        assert!(!mechanism.fails.is_empty(), "{name}: no case fails it");
        assert!(!mechanism.looks.is_empty(), "{name}: no case only looks like it");
    }
}

/// A workflow that reaches level 3, as far as its build restores nothing.
const BUILD: &str = "name: release
on:
  push:
    tags: ['v*']
permissions: {}
jobs:
  build:
    runs-on: ubuntu-24.04
    permissions: { contents: read }
    outputs: { hashes: '${{ steps.hash.outputs.hashes }}' }
    env: ENVIRONMENT
    steps:
      - uses: actions/checkout@v5
STEPS      - run: go build -o dist/widget .
      - id: hash
        run: echo \"hashes=$(sha256sum dist/widget | base64 -w0)\" >> \"$GITHUB_OUTPUT\"
      - uses: actions/upload-artifact@v4
        with: { name: built, path: dist/widget }
  provenance:
    needs: build
    permissions: { actions: read, id-token: write, contents: write }
    uses: slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@v2.1.0
    with: { base64-subjects: '${{ needs.build.outputs.hashes }}', upload-assets: true }
  release:
    needs: [build, provenance]
    runs-on: ubuntu-24.04
    permissions: { contents: write }
    steps:
      - uses: actions/download-artifact@v4
        with: { name: built, path: dist }
      - run: gh release upload \"$GITHUB_REF_NAME\" dist/widget
";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Caches {
    /// The build restores something that another build can write.
    restores: Vec<Build>,
    /// It does not.
    restores_nothing: Vec<Build>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Build {
    /// An action with its inputs.
    uses: Option<String>,
    #[serde(default)]
    with: BTreeMap<String, serde_yaml::Value>,
    /// Or a script.
    run: Option<String>,
    /// Variables of the job.
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

#[test]
fn what_a_build_restores_is_seen_and_so_is_its_switch() {
    let text = include_str!("data/caches.yml");
    let Caches { restores, restores_nothing } = serde_yaml::from_str(text).expect("data/caches.yml");
    let all = restores.iter().map(|build| (build, 2)).chain(restores_nothing.iter().map(|build| (build, 3)));
    let differing = |(build, level): (&Build, u8)| {
        let mut steps = String::new();
        if let Some(action) = &build.uses {
            let with = serde_json::to_string(&build.with).expect("inputs");
            steps.push_str(&format!("      - {{ uses: {action}, with: {with} }}\n"));
        }
        if let Some(run) = &build.run {
            steps.push_str(&format!("      - run: |\n{}", indented(run, 10)));
        }
        let env = serde_json::to_string(&build.env).expect("variables");
        let workflow = BUILD.replace("ENVIRONMENT", &env).replace("STEPS", &steps);
        let files = build.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let files =
            files.chain([(WORKFLOW, workflow.as_str()), ("go.mod", "module acme"), ("main.go", "package main")]);
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        let report = grade_checkout(&Checkout::in_memory(files, Some("acme/widget")), ".", &Options::default());
        let cap = report.cap.as_ref();
        let fits = report.level == level && cap.is_none_or(|cap| cap.requirement == Requirement::IsolatedCache);
        let cap = cap.map(|cap| format!("{}: {}", cap.requirement, cap.reason)).unwrap_or_default();
        (!fits).then(|| format!("{build:?}\n    level {} instead of {level}, {cap} {:?}", report.level, report.errors))
    };
    let failures: Vec<String> = all.filter_map(differing).collect();
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}
