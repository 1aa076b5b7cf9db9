//! Commands that set a checkout up and that hand out what belongs to the program: `init`, `completions`, `man`.

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

use support::{run, truelevel};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const FILES: [&str; 3] = ["truelevel.yml", ".pre-commit-config.yaml", ".github/workflows/truelevel.yml"];

fn yaml(file: &Path) -> serde_yaml::Value {
    serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// A checkout that releases at level 1.
fn checkout() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".github/workflows");
    fs::create_dir_all(&workflows).unwrap();
    let release = "fixtures/cosign-keyless-home-made/.github/workflows";
    for entry in fs::read_dir(Path::new(HERE).join(release)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), workflows.join(entry.file_name())).unwrap();
    }
    folder
}

#[test]
fn init_writes_what_is_missing_and_the_gate_holds_from_the_first_day() {
    let folder = checkout();
    let before = run(folder.path(), &["--format", "json"], &[]);
    let level = serde_json::from_str::<serde_json::Value>(&before.out).unwrap()["level"].clone();
    let seen = run(folder.path(), &["init"], &[]);
    assert_eq!((seen.code, seen.err.as_str()), (0, ""));
    assert_eq!(seen.out, FILES.map(|file| format!("wrote {file}\n")).concat());

    let settings = yaml(&folder.path().join(FILES[0]));
    assert_eq!(serde_json::to_value(&settings["gate"]["min-level"]).unwrap(), level);
    let hook = &yaml(&folder.path().join(FILES[1]))["repos"][0]["hooks"][0];
    assert_eq!(hook["id"], "truelevel");
    let files = regex::Regex::new(hook["files"].as_str().unwrap()).unwrap();
    for changed in [".github/workflows/a.yml", "infra/runners.tf", "Makefile", "package.json", "README.md", "a/b.sh"] {
        assert!(files.is_match(changed), "{changed}");
    }
    assert!(!files.is_match("src/main.c") && !files.is_match("logo.png"));
    let workflow = yaml(&folder.path().join(FILES[2]));
    assert!(workflow["permissions"].as_mapping().unwrap().is_empty());

    // The settings are accepted, and the new workflow adds neither a release nor a note.
    let after = run(folder.path(), &["--format", "json"], &[]);
    assert_eq!((after.code, after.err.as_str()), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&after.out).unwrap();
    assert_eq!(report["level"], level);
    let notes = report["notes"].as_array().unwrap();
    assert!(!notes.iter().any(|n| n["location"]["path"] == FILES[2]), "{notes:#?}");
}

#[test]
fn init_never_overwrites_and_prints_what_to_add() {
    let folder = checkout();
    for file in [FILES[1], FILES[2]] {
        fs::write(folder.path().join(file), "mine\n").unwrap();
    }
    fs::write(folder.path().join(".truelevel.yaml"), "gate: {}\n").unwrap();
    let seen = run(folder.path(), &["init", "--no-progress"], &[]);
    assert_eq!((seen.code, seen.err.as_str()), (0, ""));
    for file in [".truelevel.yaml", FILES[1], FILES[2]] {
        assert!(seen.out.contains(&format!("left {file} as it is; it may get:\n")), "{}", seen.out);
    }
    assert!(seen.out.contains("    - repo: local\n"), "{}", seen.out);
    assert!(seen.out.contains("    gate:\n"), "{}", seen.out);
    assert!(!folder.path().join("truelevel.yml").exists());
    for file in [FILES[1], FILES[2]] {
        assert_eq!(fs::read_to_string(folder.path().join(file)).unwrap(), "mine\n");
    }
}

#[test]
#[cfg(unix)]
fn init_follows_no_link_out_of_the_checkout() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), folder.path().join(".github")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("new"), folder.path().join("truelevel.yml")).unwrap();
    let seen = run(folder.path(), &["init"], &[]);
    assert_eq!(seen.code, 2);
    assert!(seen.err.contains(".github is no folder"), "{}", seen.err);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "something was written outside");
    assert!(folder.path().join(FILES[1]).exists());
}

#[test]
fn init_asks_for_a_checkout() {
    let seen = run(Path::new(HERE), &["init", "no-such\u{1b}[2Jfolder"], &[]);
    assert_eq!((seen.code, seen.out.as_str()), (2, ""));
    assert!(!seen.err.contains('\u{1b}'));
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let seen = run(Path::new(HERE), &["completions", shell], &[]);
        assert_eq!((seen.code, seen.err.as_str()), (0, ""), "{shell}");
        for word in ["explain", "init", "runners", "min-level"] {
            assert!(seen.out.contains(word), "{shell}: {word}");
        }
    }
    let seen = run(Path::new(HERE), &["completions", "tcsh"], &[]);
    assert_eq!((seen.code, seen.out.as_str()), (2, ""));
    assert!(seen.err.contains("bash"), "{}", seen.err);
}

#[test]
fn the_manual_page_names_options_commands_and_exit_codes() {
    let page = String::from_utf8(truelevel().arg("man").output().unwrap().stdout).unwrap();
    for part in [".TH truelevel 1", "min\\-level", "truelevel\\-explain(1)", "Exit codes"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn explain_prints_a_card_in_each_of_its_formats() {
    let human = run(Path::new(HERE), &["explain", "script-injection"], &[]);
    assert_eq!((human.code, human.err.as_str()), (0, ""));
    for part in ["script-injection: ", "Why\n", "Bad  .github/workflows/triage.yml\n", "Good  ", "Source: https://"] {
        assert!(human.out.contains(part), "{part}: {}", human.out);
    }
    let json = run(Path::new(HERE), &["explain", "scoped-token", "--format", "json"], &[]);
    let card: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((card["kind"].as_str(), card["level"].as_u64()), (Some("requirement"), Some(3)));
    assert!(card["bad"][".github/workflows/release.yml"].as_str().is_some());
    let markdown = run(Path::new(HERE), &["--format", "markdown", "explain", "SCOPED-TOKEN"], &[]);
    assert!(markdown.out.starts_with("# scoped-token\n"), "{}", markdown.out);
    let other = run(Path::new(HERE), &["explain", "scoped-token", "--format", "sarif"], &[]);
    assert_eq!((other.code, other.out.as_str()), (2, ""));
}

#[test]
fn an_unknown_identifier_gets_a_suggestion_and_stays_harmless() {
    let seen = run(Path::new(HERE), &["explain", "provenence-exists"], &[]);
    assert_eq!((seen.code, seen.out.as_str()), (2, ""));
    assert!(seen.err.contains("did you mean `provenance-exists`"), "{}", seen.err);
    for hostile in ["\u{1b}[2Ja\nb", "\u{202e}x", "<script>", ""] {
        let seen = run(Path::new(HERE), &["explain", hostile], &[]);
        assert_eq!((seen.code, seen.out.as_str()), (2, ""));
        assert_eq!(seen.err.lines().count(), 1, "{:?}", seen.err);
        assert!(!seen.err.contains(['\u{1b}', '\u{202e}']), "{:?}", seen.err);
    }
}

#[test]
fn rules_lists_every_card_and_platform() {
    let human = run(Path::new(HERE), &["rules"], &[]);
    assert_eq!((human.code, human.err.as_str()), (0, ""));
    let json = run(Path::new(HERE), &["rules", "--format", "json"], &[]);
    let all: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(all["requirements"].as_array().unwrap().len(), 11);
    let cards = all["requirements"].as_array().unwrap().iter().chain(all["rules"].as_array().unwrap());
    for card in cards {
        let id = card["id"].as_str().unwrap();
        assert!(human.out.contains(id), "{id}");
        assert_eq!(run(Path::new(HERE), &["explain", id], &[]).code, 0, "{id}");
    }
    assert!(all["platforms"][0]["graded"].as_bool().unwrap());
    assert!(human.out.contains("GitHub Actions") && human.out.contains("Tekton"));
}

#[test]
fn notes_are_grouped_by_rule_where_they_are_asked_for() {
    let fixture = "fixtures/hardening-gaps";
    let short = run(Path::new(HERE), &[fixture], &[]);
    assert!(!short.out.contains("untrusted-checkout"), "{}", short.out);
    assert!(short.out.contains("hardening notes, orthogonal to the Build level"), "{}", short.out);
    let listed = run(Path::new(HERE), &[fixture, "--notes"], &[]);
    let at = |rule: &str| listed.out.find(&format!("\n  {rule}  ")).unwrap_or_else(|| panic!("{rule}: {}", listed.out));
    // What is worth changing comes first.
    assert!(at("untrusted-checkout") < at("long-lived-publish-token"));
    assert!(listed.out.contains(" more in "), "{}", listed.out);
    assert_eq!(run(Path::new(HERE), &["-q", "--notes"], &[]).code, 2);
}
