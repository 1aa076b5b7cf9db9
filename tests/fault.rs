//! What a fault of the program itself looks like to whoever started it.
//!
//! For a panic at a place of one's choice the test starts itself again. The program is brought to faults from outside, by
//! limits of the system: without threads it panics, without memory or stack it aborts. `cargo test --release --test fault`
//! does the same to the program as it is released, where a panic aborts.

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

/// What the program leaves behind under a limit, as a user whom limits bind.
#[cfg(target_os = "linux")]
fn limited(folder: &std::path::Path, limit: &str) -> (Option<i32>, String, String) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("truelevel");
    if !program.exists() {
        std::fs::copy(env!("CARGO_BIN_EXE_truelevel"), &program).unwrap();
        let workflow = folder.join("checkout/.github/workflows/release.yml");
        std::fs::create_dir_all(workflow.parent().unwrap()).unwrap();
        std::fs::write(workflow, "on: push\njobs: { j: { runs-on: x, steps: [{ run: npm publish }] } }\n").unwrap();
        // Enough files for the work to be spread over threads.
        for number in 0..100 {
            std::fs::write(folder.join(format!("checkout/{number}.txt")), "").unwrap();
        }
    }
    let mut words = vec!["prlimit", limit];
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        words.splice(0..0, ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(&program).arg("checkout").current_dir(folder).stdin(Stdio::null());
    let output = command.env("RUST_BACKTRACE", "1").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
#[cfg(target_os = "linux")]
fn the_program_that_panics_says_so_in_one_line_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, _) = limited(folder.path(), "--core=0");
    assert!(code == Some(0) && out.starts_with("SLSA Build level 0"), "the control: {code:?} {out}");
    let (code, out, said) = limited(folder.path(), "--nproc=1");
    assert_eq!((code, out.as_str()), (Some(2), ""), "{said}");
    assert!(said.starts_with("truelevel: a fault of truelevel at ") && said.contains("thread pool"), "{said}");
    assert!(said.lines().count() == 1 && said.contains("ended it; the report is missing or incomplete: "), "{said:?}");
}

/// Nothing of the program runs between such an end and the system, but the exit code is not that of a signal, from the
/// limit on with which the program begins at all.
#[test]
#[cfg(target_os = "linux")]
fn the_program_without_memory_or_stack_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    // How much is too little depends on how the program was built.
    let memory: Vec<String> = (4..64).map(|step| format!("--as={}", step << 20)).collect();
    let stack: Vec<String> = (1..32).map(|step| format!("--stack={}", step << 14)).collect();
    for (limits, wanted) in [(memory, "memory allocation of"), (stack, "overflowed its stack")] {
        let mut ends = 0;
        for limit in limits {
            let (code, out, said) = limited(folder.path(), &limit);
            match code {
                Some(0) => assert!(out.starts_with("SLSA Build level 0"), "{limit}: {out}"),
                Some(2) => {
                    assert_eq!(out, "", "{limit}");
                    ends += usize::from(said.contains(wanted));
                }
                _ => assert_eq!(ends, 0, "{limit}: {code:?} {said}"),
            }
        }
        assert!(ends > 0, "no limit ended it with: {wanted}");
    }
}
