//! The program itself: its streams and its exit codes. What it prints is tested beside the code that prints it.

use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;

/// The program in an environment that does not depend on who runs the tests.
fn truelevel() -> Command {
    let mut command = Command::new(cargo_bin!("truelevel"));
    command.env_clear().stdin(Stdio::null());
    command
}

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
