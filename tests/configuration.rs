//! The examples of docs/configuration.md are read, and what it says is printed is printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod support;

use std::fs;
use std::path::Path;

use support::run;
use truelevel::checkout::Checkout;
use truelevel::settings::{MAX_BYTES, MAX_ENTRIES, MAX_TEXT, NAMES, Settings, Source};

fn chapter() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md")).unwrap()
}

/// The blocks of code in a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_example_is_accepted_and_uses_every_key() {
    let examples = blocks(&chapter(), "yaml");
    assert!(examples.len() >= 7, "{}", examples.len());
    let schema: serde_json::Value = serde_json::from_str(
        &fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.schema.json")).unwrap(),
    )
    .unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for example in &examples {
        let value: serde_json::Value = serde_yaml::from_str(example).unwrap();
        assert!(validator.is_valid(&value), "{example}");
        // A file from elsewhere may lead elsewhere.
        if example.contains("../") {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("ours.yml"), example).unwrap();
            let source = Source::File(folder.path().join("ours.yml"));
            Settings::of(&Checkout::in_memory([], None), &source).unwrap();
            continue;
        }
        let checkout = Checkout::in_memory([("truelevel.yml".to_owned(), example.as_bytes().to_vec())], None);
        Settings::of(&checkout, &Source::Checkout).unwrap_or_else(|problem| panic!("{problem:?} in {example}"));
    }
    let all = examples.concat();
    for key in schema["properties"].as_object().unwrap().keys() {
        assert!(all.contains(&format!("{key}:")), "no example shows `{key}`");
    }
}

#[test]
fn the_refusal_is_the_one_that_is_printed() {
    let chapter = chapter();
    let refusal = &blocks(&chapter, "text")[0];
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("truelevel.yml"), "gate:\n  min_level: 2\n").unwrap();
    let seen = run(folder.path(), &["--format", "json"], &[]);
    assert_eq!(seen.code, 2, "{}", seen.err);
    let report: serde_json::Value = serde_json::from_str(&seen.out).unwrap();
    let error = &report["errors"][0];
    let printed = format!(
        "{}:{}:{}: {}\n",
        error["path"].as_str().unwrap(),
        error["line"],
        error["column"],
        error["message"].as_str().unwrap()
    );
    assert_eq!(&printed, refusal);
}

#[test]
fn names_and_limits_are_those_of_the_program() {
    let chapter = chapter();
    for name in NAMES {
        assert!(chapter.contains(&format!("`{name}`")), "{name}");
    }
    let limits = chapter.split("## Limits").nth(1).unwrap();
    assert!(limits.contains(&format!("{} KiB", MAX_BYTES / 1024)));
    assert!(limits.contains(&format!("{MAX_ENTRIES} entries")));
    assert_eq!(MAX_TEXT, 2_000);
    assert!(limits.contains("2,000 characters"));
}
