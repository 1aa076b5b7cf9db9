//! The same input gives the same bytes, in any order of files and for any number of threads; and every JSON report is
//! what its schema says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::run;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The fixtures, by name.
fn fixtures() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(Path::new(HERE).join("fixtures"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The reports on all fixtures in one folder, as JSON.
fn reports(folder: &Path, threads: &str) -> String {
    let mut arguments = vec!["--format".to_owned(), "json".to_owned()];
    arguments.extend(fixtures());
    let seen = run(folder, &arguments, &[("RAYON_NUM_THREADS", threads)]);
    assert_eq!(seen.code, 2, "some fixtures are broken: {}", seen.err);
    seen.out
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

#[test]
fn the_report_depends_neither_on_threads_nor_on_the_order_of_files() {
    let fixtures = Path::new(HERE).join("fixtures");
    let one = reports(&fixtures, "1");
    assert!(one == reports(&fixtures, "4"), "one thread and four threads report differently");

    // Most file systems list files in the order in which they came, or in one that depends on it.
    let mut found = Vec::new();
    files(&fixtures, &mut found);
    found.sort();
    found.reverse();
    let backwards = tempfile::tempdir().unwrap();
    for file in found {
        let copy = backwards.path().join(file.strip_prefix(&fixtures).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(file, copy).unwrap();
    }
    assert!(one == reports(backwards.path(), "4"), "files that came in another order are reported differently");
}

#[test]
fn every_report_is_valid_by_the_schema() {
    let schema = fs::read_to_string(Path::new(HERE).join("docs/report.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let all: Value = serde_json::from_str(&reports(&Path::new(HERE).join("fixtures"), "4")).unwrap();
    let reports = all.as_array().unwrap();
    assert_eq!(reports.len(), fixtures().len());
    for report in reports {
        if let Err(error) = validator.validate(report) {
            panic!("{}: {error} at {}", report["root"], error.instance_path);
        }
    }
    assert!(validator.is_valid(&all), "several reports in one array");
    let mut wrong = reports[0].clone();
    wrong["level"] = Value::from(4);
    assert!(!validator.is_valid(&wrong), "the schema has to refuse something");
}
