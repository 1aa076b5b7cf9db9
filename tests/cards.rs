//! Cards against what they describe: every note has a card, every example shows what its card says, and the pages of
//! the documentation are made from them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;
use truelevel::catalogue::{Cards, Catalogue, Example, Sheet, Subject};
use truelevel::checkout::Checkout;
use truelevel::report::{Overview, Report, requirements_markdown, rules_markdown};
use truelevel::{Options, grade_checkout, runners_in};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// What releases from a pool of its own, for examples that show only another file.
const RELEASE: &str = "\
on: { push: { tags: [\"v*\"] } }
permissions: { contents: write }
jobs:
  release:
    runs-on: [builders]
    steps:
      - run: make dist/app
      - run: gh release upload \"$GITHUB_REF_NAME\" dist/app
";

fn checkout(example: &Example) -> Checkout {
    let mut files = example.clone();
    if !files.keys().any(|path| path.starts_with(".github/workflows/")) {
        files.insert(".github/workflows/release.yml".to_owned(), RELEASE.to_owned());
    }
    // A folder beside the checkout stands for a repository that is given with `--with`.
    let beside: Vec<(String, Vec<u8>)> = files
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix("../workflows/")?.to_owned(), text.clone().into_bytes())))
        .collect();
    files.retain(|path, _| !path.starts_with("../"));
    let files = files.into_iter().map(|(path, text)| (path, text.into_bytes()));
    let checkout = Checkout::in_memory(files, Some("acme/widget"));
    match beside.is_empty() {
        true => checkout,
        false => checkout.with_beside("acme/workflows", Checkout::in_memory(beside, None)).unwrap(),
    }
}

fn report(example: &Example) -> Report {
    grade_checkout(&checkout(example), ".", &Options::default())
}

/// The rules whose notes a checkout gets, in its report or in the inventory of its runners.
fn fired(example: &Example) -> BTreeSet<String> {
    let inventory = runners_in(&checkout(example), ".", &Options::default());
    let of_pools = inventory.pools.into_iter().flat_map(|pool| pool.notes);
    report(example).notes.into_iter().chain(of_pools).map(|note| note.rule).collect()
}

fn rules() -> impl Iterator<Item = (Sheet<'static>, bool)> {
    Cards::get().sheets().into_iter().filter_map(|sheet| match sheet.subject {
        Subject::Rule { positive, .. } => Some((sheet, positive)),
        Subject::Requirement(_) => None,
    })
}

#[test]
fn the_examples_of_a_rule_show_what_it_notes() {
    let mut wrong = Vec::new();
    for (sheet, positive) in rules() {
        let (with, without) = if positive { (sheet.good, sheet.bad) } else { (sheet.bad, sheet.good) };
        let noted = fired(with);
        if !noted.contains(sheet.id) {
            wrong.push(format!("{}: the example gives {noted:?}", sheet.id));
        }
        if fired(without).contains(sheet.id) {
            wrong.push(format!("{}: the other example gives it too", sheet.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_examples_of_a_requirement_show_it_open_and_met() {
    for sheet in Cards::get().sheets() {
        if !matches!(sheet.subject, Subject::Requirement(_)) {
            continue;
        }
        let states = |example: &Example| -> Vec<bool> {
            let report = report(example);
            assert!(report.errors.is_empty(), "{}: {:?}", sheet.id, report.errors);
            let all = report.targets.iter().flat_map(|target| &target.requirements);
            all.filter(|r| r.id.id() == sheet.id).map(|r| r.state.is_open()).collect()
        };
        let (bad, good) = (states(sheet.bad), states(sheet.good));
        assert!(bad.contains(&true), "{}: the bad example leaves it met", sheet.id);
        assert!(!good.is_empty() && !good.contains(&true), "{}: the good example leaves it open", sheet.id);
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false if path.extension().is_some_and(|e| e == "rs") => found.push(path),
            false => {}
        }
    }
}

/// The identifiers under which the source and the catalogues make notes.
fn noted_ids() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&Path::new(HERE).join("src"), &mut files);
    let pattern =
        Regex::new(r#"(?:Note::(?:info|warning)|draft\.note)\(\s*"([^"]+)"|Note \{\s*rule: "([^"]+)""#).unwrap();
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| !file.ends_with("samples.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        let text = text.split("\nmod tests {").next().unwrap();
        for hit in pattern.captures_iter(text) {
            found.insert(hit.get(1).or(hit.get(2)).unwrap().as_str().to_owned());
        }
    }
    let catalogue = Catalogue::get();
    found.extend(catalogue.identities.iter().map(|entry| entry.rule.clone()));
    found.extend(catalogue.safeguards.iter().map(|entry| entry.rule.clone()));
    found
}

#[test]
fn every_note_has_a_card_and_every_card_a_note() {
    let cards: BTreeSet<String> = Cards::get().rules.iter().map(|card| card.id.clone()).collect();
    assert_eq!(noted_ids(), cards);
    for card in &Cards::get().rules {
        assert!(Path::new(HERE).join(format!("rules/hardening/{}.yml", card.id)).exists(), "{}: file name", card.id);
    }
}

/// `UPDATE_DOCS=1 cargo test --test cards` writes the pages anew.
#[test]
fn the_pages_are_those_of_the_cards() {
    let overview = Overview::get();
    let pages =
        [("docs/requirements.md", requirements_markdown(&overview)), ("docs/rules.md", rules_markdown(&overview))];
    for (file, wanted) in pages {
        let path = Path::new(HERE).join(file);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == wanted, "{file} differs from the cards: UPDATE_DOCS=1 cargo test --test cards writes it anew");
    }
}
