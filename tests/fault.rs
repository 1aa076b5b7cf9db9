//! What a fault of the program itself looks like to whoever started it: the test starts itself again, with a panic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::process::{Command, Stdio};

const HERE: &str = "TRUELEVEL_TEST_FAULT";

/// Where the panic happens.
const PLACES: [&str; 2] = ["the first thread", "another thread"];

#[test]
fn a_fault_is_2_and_one_harmless_line() {
    if let Ok(place) = std::env::var(HERE) {
        truelevel::cli::end_on_fault();
        let text = "a name of the checkout\n::error::x\u{1b}[2J\u{202e}";
        let work = move || -> u8 { panic!("this is no boundary in {text}") };
        match place == PLACES[0] {
            true => drop(work()),
            // Nobody waits for it, and what it was working at is never done.
            false => std::thread::scope(|scope| {
                scope.spawn(work);
                std::thread::sleep(std::time::Duration::from_secs(240));
            }),
        }
    }
    for place in PLACES {
        let mut itself = Command::new(std::env::current_exe().unwrap());
        itself.args(["--exact", "a_fault_is_2_and_one_harmless_line", "--nocapture"]).env(HERE, place);
        let output = itself.env("RUST_BACKTRACE", "1").stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{place}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("truelevel: a fault of truelevel at tests/fault.rs:"), "{place}: {said}");
        let wanted = "ended it; the report is missing or incomplete: this is no boundary in a name of the checkout";
        assert!(said.contains(wanted), "{place}: {said}");
        assert!(said.lines().count() == 1 && !said.contains(['\u{1b}', '\u{202e}']), "{place}: {said:?}");
    }
}
