//! The integrations do what their descriptions say: their steps run here as the platforms would run them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use serde_yaml::Value;
use tempfile::TempDir;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn yaml(file: &str) -> Value {
    let mut value: Value = serde_yaml::from_str(&fs::read_to_string(Path::new(HERE).join(file)).unwrap()).unwrap();
    value.apply_merge().unwrap();
    value
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A script on its own, in an environment that holds what is named here and nothing else.
fn bash(script: &str, folder: &Path, environment: &BTreeMap<String, String>) -> Output {
    Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .current_dir(folder)
        .env_clear()
        .envs(environment)
        .output()
        .expect("bash runs")
}

/// A folder of programs that come before the machine's own.
fn on_path(programs: &Path) -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display())
}

/// What a run of the action left behind.
struct Ran {
    /// The exit code of the last step, by its name; later steps did not run.
    failed: Option<(String, i32)>,
    outputs: BTreeMap<String, String>,
    log: String,
    summary: String,
    temp: TempDir,
}

/// Runs the shell steps of action.yml in `checkout` as the runner would.
fn act(checkout: &Path, inputs: &[(&str, &str)]) -> Ran {
    let action = yaml("action.yml");
    let temp = tempfile::tempdir().unwrap();
    let programs = Path::new(HERE).join("tests/data/programs");
    let (output, summary) = (temp.path().join("output"), temp.path().join("summary"));
    fs::write(&output, "").unwrap();
    fs::write(&summary, "").unwrap();
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    for (name, input) in action["inputs"].as_mapping().unwrap() {
        given.insert(format!("inputs.{}", name.as_str().unwrap()), text(input, "default").to_owned());
    }
    for (name, value) in inputs {
        assert!(
            given.insert(format!("inputs.{name}"), (*value).to_owned()).is_some(),
            "the action has no input {name}"
        );
    }

    let mut ran = Ran { failed: None, outputs: BTreeMap::new(), log: String::new(), summary: String::new(), temp };
    for step in action["runs"]["steps"].as_sequence().unwrap() {
        let script = text(step, "run");
        if script.is_empty() {
            continue;
        }
        assert!(!script.contains("${{"), "an expression in a script is replaced before the shell quotes anything");
        assert_eq!(text(step, "shell"), "bash");
        let mut environment: BTreeMap<String, String> = [
            ("PATH", on_path(&programs)),
            ("TEST_ROOT", HERE.to_owned()),
            ("TEST_BUILT", cargo_bin!("truelevel").display().to_string()),
            ("GITHUB_ACTION_PATH", HERE.to_owned()),
            ("RUNNER_TEMP", ran.temp.path().display().to_string()),
            ("GITHUB_OUTPUT", output.display().to_string()),
            ("GITHUB_STEP_SUMMARY", summary.display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for (name, value) in step.get("env").and_then(Value::as_mapping).into_iter().flatten() {
            let expression = value.as_str().unwrap();
            let inner = expression.trim_start_matches("${{ ").trim_end_matches(" }}");
            let value = match inner.strip_prefix("steps.grade.outputs.") {
                Some(output) => ran.outputs.get(output).cloned().unwrap_or_default(),
                None => given.get(inner).unwrap_or_else(|| panic!("{expression} is no input")).clone(),
            };
            environment.insert(name.as_str().unwrap().to_owned(), value);
        }
        let done = bash(script, checkout, &environment);
        ran.log.push_str(&String::from_utf8(done.stdout).unwrap());
        ran.log.push_str(&String::from_utf8(done.stderr).unwrap());
        for line in fs::read_to_string(&output).unwrap().lines() {
            let (name, value) = line.split_once('=').expect("an output");
            ran.outputs.insert(name.to_owned(), value.to_owned());
        }
        if !done.status.success() {
            ran.failed = Some((text(step, "name").to_owned(), done.status.code().expect("an exit code")));
            break;
        }
    }
    ran.summary = fs::read_to_string(&summary).unwrap();
    ran
}

fn fixture(name: &str) -> PathBuf {
    Path::new(HERE).join("fixtures").join(name)
}

#[test]
fn the_action_annotates_summarises_and_reports() {
    let ran = act(&fixture("seed-reused-pods"), &[]);
    assert_eq!(ran.failed, None, "{}", ran.log);
    assert!(ran.log.starts_with("::error file=.github/workflows/release.yml,"), "{}", ran.log);
    assert!(ran.summary.contains("provenance-authentic"));
    assert_eq!(ran.outputs["level"], "1");
    assert_eq!(ran.outputs["cap"], "provenance-authentic");
    for report in ["report", "sarif"] {
        let written = fs::read_to_string(&ran.outputs[report]).unwrap();
        serde_json::from_str::<serde_json::Value>(&written).unwrap();
    }
}

#[test]
fn the_action_holds_its_gate_last() {
    let ran = act(&fixture("seed-reused-pods"), &[("min-level", "2")]);
    assert_eq!(ran.failed, Some(("Hold the gate".to_owned(), 1)), "{}", ran.log);
    assert!(Path::new(&ran.outputs["sarif"]).exists());
    assert_eq!(act(&fixture("seed-reused-pods"), &[("min-level", "1")]).failed, None);
}

#[test]
fn the_action_gives_no_cap_at_level_3() {
    let ran = act(&fixture("generator-generic-split"), &[("min-level", "3")]);
    assert_eq!(ran.failed, None, "{}", ran.log);
    assert_eq!((ran.outputs["level"].as_str(), ran.outputs["cap"].as_str()), ("3", ""));
}

#[test]
fn inputs_of_the_action_are_values_and_never_code() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["$(touch pwned)", "-v", "a; touch pwned", "\"; touch pwned; \""] {
        let ran = act(folder.path(), &[("path", path)]);
        assert_eq!(ran.failed, Some(("Hold the gate".to_owned(), 2)), "{path}: {}", ran.log);
        assert!(!ran.outputs.contains_key("level") && !ran.outputs.contains_key("sarif"), "{path}");
    }
    let ran = act(&fixture("seed-reused-pods"), &[("min-level", "2 --format json; touch pwned")]);
    assert_eq!(ran.failed, Some(("Hold the gate".to_owned(), 2)), "{}", ran.log);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn runner_configuration_is_given_line_by_line() {
    let elsewhere = tempfile::tempdir().unwrap();
    let missing = elsewhere.path().join("absent");
    let both = format!("{}\n\n{}\n", elsewhere.path().display(), missing.display());
    let ran = act(&fixture("seed-reused-pods"), &[("runner-config", &both)]);
    assert_eq!(ran.failed, Some(("Hold the gate".to_owned(), 2)), "{}", ran.log);
    assert!(ran.log.contains("absent"), "{}", ran.log);
    let ran = act(&fixture("seed-reused-pods"), &[("runner-config", &elsewhere.path().display().to_string())]);
    assert_eq!(ran.failed, None, "{}", ran.log);
}

#[test]
fn the_hooks_run_when_a_file_changed_that_can_decide_the_level() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_sequence().unwrap();
    assert_eq!(hooks.iter().map(|hook| text(hook, "id")).collect::<Vec<_>>(), ["truelevel", "truelevel-system"]);
    for hook in hooks {
        assert_eq!(hook["pass_filenames"].as_bool(), Some(false));
        let files = regex::Regex::new(text(hook, "files")).unwrap();
        for name in [
            ".github/workflows/release.yml",
            ".github/actions/build/action.yaml",
            ".github/CODEOWNERS",
            ".gitlab-ci.yml",
            "infra/runners/main.tf",
            "deploy/runner.bicep",
            "compose.yml",
            "Makefile",
            "lib/make/common.mk",
            "scripts/publish.sh",
            "packages/a/package.json",
            ".npmrc",
            ".goreleaser.yaml",
            "Cargo.toml",
            "docker/Dockerfile.release",
            "Jenkinsfile",
            "README.md",
            "docs/security.md",
            "truelevel.yml",
        ] {
            assert!(files.is_match(name), "{name} can decide the level");
        }
        for name in ["src/main.rs", "lib/index.ts", "assets/logo.png", "LICENSE", "yml/notes.txt", "go.sum"] {
            assert!(!files.is_match(name), "{name} cannot");
        }
    }
}

#[test]
fn the_gitlab_job_leaves_the_reports_that_it_hands_on() {
    let job = yaml("integrations/truelevel.gitlab-ci.yml")["truelevel"].clone();
    let temp = tempfile::tempdir().unwrap();
    let programs = temp.path().join("programs");
    fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(cargo_bin!("truelevel"), programs.join("truelevel")).unwrap();
    let checkout = temp.path().join("checkout");
    fs::create_dir_all(checkout.join(".github/workflows")).unwrap();
    let workflow = ".github/workflows/release.yml";
    fs::copy(fixture("seed-reused-pods").join(workflow), checkout.join(workflow)).unwrap();

    let script: Vec<&str> = job["script"].as_sequence().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let run = |options: &str| {
        let environment = [("PATH", on_path(&programs)), ("TRUELEVEL_OPTIONS", options.to_owned())]
            .map(|(name, value)| (name.to_owned(), value));
        bash(&script.join("\n"), &checkout, &environment.into()).status.code()
    };
    assert_eq!(run(""), Some(0));
    assert_eq!(run("--min-level 2"), Some(1));
    let artifacts = &job["artifacts"];
    let mut files: Vec<&str> = artifacts["paths"].as_sequence().unwrap().iter().filter_map(Value::as_str).collect();
    files.push(text(&artifacts["reports"], "codequality"));
    for file in files {
        assert!(fs::metadata(checkout.join(file)).unwrap().len() > 0, "{file}");
    }
}

/// The image is built from what it copies, so nothing that the build reads may be left out.
#[test]
fn the_image_copies_what_the_build_reads() {
    let definition = fs::read_to_string(Path::new(HERE).join("Containerfile")).unwrap();
    let copied: Vec<&str> = definition
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|rest| !rest.starts_with("--"))
        .flat_map(|rest| rest.split(' '))
        .collect();
    for needed in ["Cargo.toml", "Cargo.lock", "build.rs", "src", "rules"] {
        assert!(copied.contains(&needed), "{needed}");
    }
    assert!(definition.contains("\nUSER 65532:65532\n"));
}
