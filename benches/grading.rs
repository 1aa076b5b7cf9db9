//! The stages one by one, on fixtures that are held in memory: `cargo bench`. `benches/compare.py` measures the program.

use std::fs;
use std::path::Path;

use divan::Bencher;
use divan::counter::BytesCount;
use truelevel::checkout::Checkout;
use truelevel::{Options, grade_checkout, platforms, syntax};

fn main() {
    divan::main();
}

/// Fixtures that lean on different parts of the program.
const FIXTURES: &[&str] = &["generator-generic-split", "seed-reused-pods"];

/// The files of a fixture.
fn files(fixture: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture);
    let mut files = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if let (Ok(name), Ok(bytes)) = (path.strip_prefix(&root), fs::read(&path)) {
                files.push((name.to_string_lossy().replace('\\', "/"), bytes));
            }
        }
    }
    files
}

#[divan::bench(args = FIXTURES)]
fn parse(bencher: Bencher<'_, '_>, fixture: &str) {
    let files = files(fixture);
    let workflows = files.into_iter().filter(|(path, _)| platforms::github::is_workflow(path));
    let texts: Vec<String> = workflows.filter_map(|(_, bytes)| String::from_utf8(bytes).ok()).collect();
    let bytes = texts.iter().map(String::len).sum::<usize>();
    bencher
        .counter(BytesCount::new(bytes))
        .bench(|| texts.iter().filter_map(|text| syntax::yaml::parse(text).ok()).map(|d| d.len()).sum::<usize>());
}

#[divan::bench(args = FIXTURES)]
fn lower(bencher: Bencher<'_, '_>, fixture: &str) {
    let files = files(fixture);
    bencher
        .with_inputs(|| Checkout::in_memory(files.clone(), Some("owner/name")))
        .bench_refs(|checkout| platforms::github::lower(checkout).pipelines.len());
}

#[divan::bench(args = FIXTURES)]
fn check(bencher: Bencher<'_, '_>, fixture: &str) {
    let files = files(fixture);
    bencher
        .with_inputs(|| Checkout::in_memory(files.clone(), Some("owner/name")))
        .bench_refs(|checkout| grade_checkout(checkout, ".", &Options::default()).level);
}
