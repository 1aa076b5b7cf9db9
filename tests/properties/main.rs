//! What holds for every input of a shape, on many random ones: trees of YAML, mutated pipelines, runner configuration,
//! scripts and expressions. The cases follow from a fixed seed, so a failure comes back, and comes back small.
//! `PROPERTY_ROUNDS` asks for more of them than the few that fit into every run of the tests, `PROPERTY_SEED` for
//! others.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../../fuzz/bodies.rs"]
mod bodies;
mod expressions;
mod pipelines;
mod pools;
mod scripts;
mod trees;

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Once, OnceLock};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use truelevel::checkout::Checkout;

/// A release that reaches level 3, so that what stands beside it decides.
const GOOD: &str = include_str!("../../fixtures/generator-generic-split/.github/workflows/release.yml");

thread_local! {
    static TRYING: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the many failures on the way to the smallest one from being printed.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| match TRYING.get() {
            true => PANIC.set(panic.to_string()),
            false => usual(panic),
        }));
    });
}

/// Holds a property over so many random inputs.
fn hold<T: Debug>(cases: u32, inputs: impl Strategy<Value = T>, property: impl Fn(T)) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let rounds = u32::try_from(number("PROPERTY_ROUNDS").unwrap_or(1)).expect("a small number");
    let config = Config {
        cases: cases * rounds,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(number("PROPERTY_SEED").unwrap_or(0)),
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    hush();
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        TRYING.set(true);
        let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| property(input)));
        TRYING.set(false);
        held.map_err(|_| TestCaseError::fail(PANIC.take()))
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => panic!("{reason}\nfor {input:#?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// A fixture as the files of a checkout.
type Files = Vec<(String, Vec<u8>)>;

/// Every fixture.
fn fixtures() -> &'static [Files] {
    static FIXTURES: OnceLock<Vec<Files>> = OnceLock::new();
    FIXTURES.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.retain(|folder| folder.is_dir());
        folders.sort();
        let files = |folder: &std::path::PathBuf| {
            let checkout = Checkout::open(folder).unwrap();
            let paths = checkout.files().iter().filter(|path| &***path != "expected.yml");
            paths.filter_map(|path| Some((path.to_string(), checkout.read(path).ok()?.as_bytes().to_vec()))).collect()
        };
        folders.iter().map(files).collect()
    })
}

/// The level of the good release with a workflow beside it, and what holds for every report.
fn level_beside(workflow: String) -> u8 {
    let file = |path: &str, text: String| (path.to_owned(), text.into_bytes());
    let files =
        vec![file(".github/workflows/release.yml", GOOD.to_owned()), file(".github/workflows/beside.yml", workflow)];
    bodies::grade(files).level
}
