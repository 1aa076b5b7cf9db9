//! The program itself: its streams and its exit codes. What it prints is tested beside the code that prints it.

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
use std::process::Command;

use support::{run, truelevel};

/// The repository, where fixtures have short names.
const HERE: &str = env!("CARGO_MANIFEST_DIR");
const SEED: &str = "fixtures/seed-reused-pods";
const BROKEN: &str = "fixtures/broken-yaml-beside";
const LEVEL_3: &str = "fixtures/generator-generic-split";

#[test]
fn an_unreadable_path_is_2_and_one_line() {
    let output = truelevel().args(["/nonexistent/\u{1b}[31mcheckout"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("truelevel: /nonexistent/\\u{1b}[31mcheckout: "), "{message}");
    assert_eq!(message.lines().count(), 1);
}

#[test]
fn checkouts_of_other_repositories_are_opened_or_refused() {
    let fixture = "fixtures/with-workflow-signs-apart";
    let given = format!("ACME/pipelines={fixture}/elsewhere/pipelines");
    let start = |with: &[&str]| {
        let with = with.iter().flat_map(|w| ["--with", w]);
        truelevel().current_dir(HERE).args(["--format=json", fixture]).args(with).output().unwrap()
    };
    let report = |with: &[&str]| {
        let output = start(with);
        assert_eq!(output.status.code(), Some(0));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    assert_eq!(report(&[])["level"], 0);
    assert_eq!(report(&[&given])["level"], 3);
    let text = report(&[&given])["targets"].to_string();
    assert!(text.contains("nobody verified that `@v3.1.0` names it"), "{text}");
    let unused = format!("acme/other={fixture}");
    assert!(report(&[&given, &unused])["notes"].to_string().contains("--with acme/other=... was not read"));
    for (with, why) in [
        (&["acme/pipelines=fixtures/absent"][..], "--with acme/pipelines: there is no folder"),
        (&[&given, &given], "--with acme/pipelines: the repository is given twice"),
    ] {
        let output = start(with);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{with:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn no_color_wins_in_the_environment() {
    let escapes = |command: &mut Command| command.arg("--help").output().unwrap().stdout.contains(&0x1b);
    assert!(!escapes(&mut truelevel()));
    assert!(escapes(truelevel().env("CLICOLOR_FORCE", "1")));
    assert!(!escapes(truelevel().env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_2_and_one_line() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = truelevel().arg("--help").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("truelevel: cannot write to standard output: "), "{message}");
    assert_eq!(message.lines().count(), 1);
}

#[test]
#[cfg(unix)]
fn a_reader_that_leaves_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = truelevel().arg("--help").stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn check_is_the_command_when_none_is_named() {
    let named = run(Path::new(HERE), &["check", SEED], &[]);
    assert_eq!((named.code, named.err.as_str()), (0, ""));
    assert!(named.out.starts_with("SLSA Build level 1  fixtures/seed-reused-pods\n"), "{}", named.out);
    assert_eq!(run(Path::new(HERE), &[SEED], &[]).out, named.out);
    let inside = run(&Path::new(HERE).join(SEED), &[""; 0], &[]);
    assert_eq!(inside.out, named.out.replace(SEED, "."));
}

#[test]
fn the_gate_decides_between_0_and_1() {
    for (least, code) in [("0", 0), ("1", 0), ("2", 1), ("3", 1)] {
        let seen = run(Path::new(HERE), &[SEED, "--min-level", least], &[]);
        assert_eq!(seen.code, code, "--min-level {least}");
        assert!(seen.out.contains("SLSA Build level 1"));
    }
    assert_eq!(run(Path::new(HERE), &[LEVEL_3, "--min-level", "3"], &[]).code, 0);
    // A level that rests on less than the whole answers no gate.
    assert_eq!(run(Path::new(HERE), &[BROKEN, "--min-level", "1"], &[]).code, 2);
}

#[test]
fn wrong_usage_is_2_and_prints_no_report() {
    for arguments in [&["--min-level", "4"][..], &["--format", "xml"], &["--nonsense"], &["--output", "json"]] {
        let seen = run(Path::new(HERE), arguments, &[]);
        assert_eq!(seen.code, 2, "{arguments:?}");
        assert!(seen.out.is_empty() && !seen.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_folder_without_a_pipeline_is_level_0_and_says_where_was_searched() {
    let empty = tempfile::tempdir().unwrap();
    let seen = run(empty.path(), &["check", "."], &[]);
    assert_eq!((seen.code, seen.err.as_str()), (0, ""));
    assert!(seen.out.starts_with("SLSA Build level 0"), "{}", seen.out);
    let one_line = seen.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(one_line.contains("provenance-exists (unshown)"), "{}", seen.out);
    assert!(one_line.contains(".github/workflows"), "{}", seen.out);
}

#[test]
fn a_file_is_no_checkout() {
    let seen = run(Path::new(HERE), &["Cargo.toml"], &[]);
    assert_eq!((seen.code, seen.out.as_str()), (2, ""));
    assert_eq!(seen.err, "truelevel: Cargo.toml: Cargo.toml is not a folder\n");
}

#[test]
fn of_several_paths_the_readable_are_graded() {
    let seen = run(Path::new(HERE), &["--format", "json", "no-such-folder", SEED], &[]);
    assert_eq!(seen.code, 2);
    assert_eq!(seen.err.lines().count(), 1, "{}", seen.err);
    let reports: serde_json::Value = serde_json::from_str(&seen.out).unwrap();
    assert_eq!(reports.as_array().map(Vec::len), Some(1));
    assert_eq!(reports[0]["level"], 1);
}

#[test]
fn a_broken_workflow_is_2_with_the_error_and_the_rest() {
    let seen = run(Path::new(HERE), &["--format", "json", BROKEN], &[]);
    assert_eq!(seen.code, 2);
    let report: serde_json::Value = serde_json::from_str(&seen.out).unwrap();
    assert_eq!(report["level"], 0);
    assert_eq!(report["errors"].as_array().map(Vec::len), Some(1));
    assert!(report["errors"][0]["line"].as_u64().is_some());
    assert!(!report["targets"].as_array().unwrap().is_empty(), "the good workflow beside it is graded");
    let human = run(Path::new(HERE), &[BROKEN], &[]);
    assert!(human.out.contains(report["errors"][0]["path"].as_str().unwrap()), "{}", human.out);
}

#[test]
fn a_report_in_a_file_is_the_one_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("level.json");
    let to_file = format!("json={}", file.display());
    let seen = run(Path::new(HERE), &["--quiet", SEED, "--output", &to_file], &[]);
    assert_eq!(seen.code, 0);
    assert_eq!(seen.out.lines().count(), 2, "{}", seen.out);
    let printed = run(Path::new(HERE), &["--format", "json", SEED], &[]);
    assert_eq!(fs::read_to_string(file).unwrap(), printed.out);
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_on_a_full_disk_is_2_and_one_line() {
    for format in ["human", "json"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = truelevel().current_dir(HERE).args([SEED, "--format", format]).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.starts_with("truelevel: cannot write to standard output: "), "{message}");
        assert_eq!(message.lines().count(), 1);
    }
    let seen = run(Path::new(HERE), &["--quiet", SEED, "--output", "json=/dev/full"], &[]);
    assert_eq!(seen.code, 2);
    assert!(seen.err.starts_with("truelevel: cannot write /dev/full: "), "{}", seen.err);
}

/// Places that take no file, whoever writes, and what the system says of them.
#[cfg(target_os = "linux")]
fn no_places(folder: &Path) -> Vec<(String, &'static str)> {
    fs::create_dir(folder.join("taken")).unwrap();
    fs::write(folder.join("plain"), "").unwrap();
    std::os::unix::fs::symlink("loop", folder.join("loop")).unwrap();
    std::os::unix::fs::symlink("absent/level", folder.join("dangling")).unwrap();
    let long = "x".repeat(300);
    let inside = ["absent/level", "taken", "plain/level", "loop", "dangling", &long];
    let says = ["No such file", "Is a directory", "Not a directory", "Too many levels", "No such file", "too long"];
    let inside = inside.map(|name| folder.join(name).display().to_string()).into_iter().zip(says);
    // A file system that takes no new files, and one that is full.
    let system = [("/proc/level", "No such file"), ("/dev/full", "No space left")];
    inside.chain(system.map(|(path, says)| (path.to_owned(), says))).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn of_several_outputs_those_that_can_be_made_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let places = no_places(folder.path());
    // One checkout and several: the reports go to the file at once, or one by one.
    for paths in [&[SEED][..], &[SEED, LEVEL_3]] {
        let printed = |format: &str| run(Path::new(HERE), &[&["--format", format], paths].concat(), &[]).out;
        let (human, json, sarif) = (printed("human"), printed("json"), printed("sarif"));
        for (at, (place, says)) in places.iter().enumerate() {
            let kept = |name: &str| folder.path().join(format!("{}-{at}-{name}", paths.len())).display().to_string();
            let (first, last) = (kept("level.json"), kept("level.sarif"));
            let format = if at % 2 == 0 { "jsonl" } else { "html" };
            let outputs = [format!("json={first}"), format!("{format}={place}"), format!("sarif={last}")];
            let mut arguments: Vec<&str> = outputs.iter().flat_map(|output| ["--output", output]).collect();
            arguments.extend(["--min-level", "2"]);
            arguments.extend(paths);
            let seen = run(Path::new(HERE), &arguments, &[]);
            assert_eq!(seen.code, 2, "{place}: {}", seen.err);
            let lines: Vec<&str> = seen.err.lines().collect();
            let wanted = format!("truelevel: cannot write {place}: ");
            assert!(lines[0].starts_with(&wanted) && lines[0].contains(says), "{place}: {}", seen.err);
            // The gate is answered all the same, and what could be written is there.
            assert_eq!(lines[1..], [format!("truelevel: {SEED}: level 1 is below --min-level 2")]);
            let written = [seen.out, fs::read_to_string(first).unwrap(), fs::read_to_string(last).unwrap()];
            assert!(written == [human.as_str(), &json, &sarif], "{place}");
        }
    }
}

/// Every command that prints, and how it ends.
#[cfg(unix)]
const COMMANDS: &[(&[&str], i32)] = &[
    (&["check", SEED, "--format", "json"], 0),
    (&["check", SEED, LEVEL_3, "--format", "jsonl"], 0),
    (&["check", SEED, "--format", "html", "--min-level", "2"], 1),
    (&["check", BROKEN, "--format", "sarif"], 2),
    (&["runners", SEED], 0),
    (&["badge", SEED], 0),
    (&["explain", "scoped-token"], 0),
    (&["rules"], 0),
    (&["completions", "bash"], 0),
    (&["man"], 0),
];

#[test]
#[cfg(unix)]
fn no_command_minds_a_reader_that_leaves() {
    for (arguments, code) in COMMANDS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = truelevel().current_dir(HERE).args(*arguments).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}");
        let whole = run(Path::new(HERE), arguments, &[]);
        assert_eq!((String::from_utf8(output.stderr).unwrap(), *code), (whole.err, whole.code), "{arguments:?}");
        // Nor one that leaves with the messages as well.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let errors = writer.try_clone().unwrap();
        let status = truelevel().current_dir(HERE).args(*arguments).stdout(writer).stderr(errors).status().unwrap();
        assert_eq!(status.code(), Some(*code), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn every_command_tells_of_a_full_disk() {
    for (arguments, _) in COMMANDS {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = truelevel().current_dir(HERE).args(*arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        let told = message.lines().filter(|line| line.starts_with("truelevel: cannot write to standard output: "));
        assert_eq!(told.count(), 1, "{arguments:?}: {message}");
    }
}

#[test]
#[cfg(unix)]
fn a_reader_that_leaves_a_report_changes_no_exit_code() {
    for (arguments, code) in [(&[SEED][..], 0), (&[SEED, "--min-level", "2", "--format", "json"], 1), (&[BROKEN], 2)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = truelevel().current_dir(HERE).args(arguments).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(!String::from_utf8(output.stderr).unwrap().contains("panicked"));
    }
}

#[test]
fn runners_lists_pools_with_the_jobs_that_use_them() {
    let checkout = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pool-not-reached");
    let output = truelevel().args(["runners", checkout]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("infra/runners.yaml:2") && text.contains("unused"), "{text}");

    let checkout = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pool-worst-of-two");
    let output = truelevel().args(["runners", "--format", "json", checkout]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let pools = json["pools"].as_array().unwrap();
    assert_eq!(pools.len(), 2);
    for pool in pools {
        assert_eq!(pool["used_by"][0], ".github/workflows/release.yml: build");
    }
}

#[test]
fn names_of_pools_are_neutralised() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "services:\n  \"a\\e[2J\":\n    image: myoung34/github-runner:1\n    environment: { LABELS: \"x\\u202ey\" }\n";
    std::fs::write(folder.path().join("compose.yaml"), text).unwrap();
    for format in ["human", "json"] {
        let output = truelevel().args(["runners", "--format", format]).arg(folder.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("compose.yaml"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn runner_configuration_may_be_kept_elsewhere() {
    let fixture = Path::new(HERE).join("fixtures/pool-ephemeral-clean");
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".github/workflows");
    fs::create_dir_all(&workflows).unwrap();
    fs::copy(fixture.join(".github/workflows/release.yml"), workflows.join("release.yml")).unwrap();
    let level = |arguments: &[&str]| {
        let seen = run(folder.path(), &[&["--format", "json"], arguments].concat(), &[]);
        let report: serde_json::Value = serde_json::from_str(&seen.out).unwrap();
        report["level"].as_u64().unwrap()
    };
    assert_eq!(level(&[]), 1);
    assert_eq!(level(&["--runner-config", fixture.join("infra").to_str().unwrap()]), 3);
    assert_eq!(run(folder.path(), &["--runner-config", "no-such-folder"], &[]).code, 2);
}
