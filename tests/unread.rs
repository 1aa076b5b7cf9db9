//! Whatever could not be read is said, holds the level down, and is never taken for absent: one unreadable file beside a
//! release that reaches level 3 by itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use truelevel::checkout::{Checkout, MAX_PIPELINE};
use truelevel::model::Requirement;
use truelevel::report::Report;
use truelevel::{Options, check, grade_checkout};

const GOOD: &str = include_str!("../fixtures/generator-generic-split/.github/workflows/release.yml");
const BESIDE: &str = ".github/workflows/beside.yml";

/// What stands in a file's way.
#[derive(Debug, Clone, Copy)]
enum Obstacle {
    Pipe,
    Dangling,
    LinkLoop,
    LinkOutside,
    NotText,
    TooLarge,
}

const OBSTACLES: [Obstacle; 6] = [
    Obstacle::Pipe,
    Obstacle::Dangling,
    Obstacle::LinkLoop,
    Obstacle::LinkOutside,
    Obstacle::NotText,
    Obstacle::TooLarge,
];

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

fn obstruct(root: &Path, path: &str, obstacle: Obstacle) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    match obstacle {
        Obstacle::Pipe => assert!(Command::new("mkfifo").arg(&file).status().unwrap().success()),
        Obstacle::Dangling => symlink("not-here", &file).unwrap(),
        Obstacle::LinkLoop => symlink(file.file_name().unwrap(), &file).unwrap(),
        Obstacle::LinkOutside => symlink("/etc/passwd", &file).unwrap(),
        Obstacle::NotText => fs::write(&file, b"# \xff\xfe\n").unwrap(),
        Obstacle::TooLarge => fs::write(&file, vec![b'\n'; MAX_PIPELINE as usize + 1]).unwrap(),
    }
}

/// A workflow on every push that publishes nothing in its own text: one step and a token that only reads.
fn step(step: &str) -> String {
    format!(
        "on: push\npermissions: {{ contents: read }}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: \
         actions/checkout@v4\n      - {step}\n"
    )
}

/// The good release and a workflow with this step.
fn checkout(with: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ".github/workflows/release.yml", GOOD.as_bytes());
    if !with.is_empty() {
        write(folder.path(), BESIDE, step(with).as_bytes());
    }
    folder
}

fn graded(folder: &Path) -> Report {
    check(folder, &Options::default()).unwrap()
}

fn refused(report: &Report, path: &str, what: &str) {
    assert!(report.errors.iter().any(|e| e.path == path), "{what}: {path} is not among {:?}", report.errors);
    let cap = report.cap.as_ref().unwrap_or_else(|| panic!("{what}: level {} without a cap", report.level));
    assert_eq!((report.level, cap.requirement), (0, Requirement::ProvenanceExists), "{what}");
    // A target that is at level 0 by itself may say so first.
    let low = report.targets.iter().any(|t| t.level == 0);
    assert!(low || cap.reason.contains("cannot be read"), "{what}: {}", cap.reason);
}

/// What leads to a file, the file, and a text of it that does no harm.
const FOLLOWED: &[(&str, &str, &str)] = &[
    ("run: make it", "Makefile", "it:\n\techo\n"),
    ("run: make -f build/x.mk it", "build/x.mk", "it:\n\techo\n"),
    ("run: ./scripts/go.sh", "scripts/go.sh", "echo\n"),
    ("run: bash scripts/go", "scripts/go", "echo\n"),
    ("run: python3 go.py", "go.py", "print()\n"),
    ("run: npm run go", "package.json", r#"{"scripts": {"go": "echo"}}"#),
    ("run: task go", "Taskfile.yml", "tasks: { go: { cmds: [echo] } }\n"),
    ("run: just go", "justfile", "go:\n  echo\n"),
    ("run: tox -e go", "tox.ini", "[testenv:go]\ncommands = echo\n"),
    ("run: docker build .", "Dockerfile", "FROM scratch\nRUN echo\n"),
    ("run: fastlane go", "fastlane/Fastfile", "lane :go do\nend\n"),
    ("run: poe go", "pyproject.toml", "[tool.poe.tasks]\ngo = \"echo\"\n"),
    ("uses: ./act", "act/action.yml", "runs: { using: composite, steps: [{ run: echo, shell: bash }] }\n"),
];

#[test]
fn a_file_that_a_pipeline_leads_to_is_read_or_refused() {
    for (leads, path, text) in FOLLOWED {
        let folder = checkout(leads);
        write(folder.path(), path, text.as_bytes());
        let report = graded(folder.path());
        assert_eq!((report.level, report.errors.len()), (3, 0), "{leads}: {:?} {:?}", report.cap, report.errors);
        for obstacle in OBSTACLES {
            let folder = checkout(leads);
            obstruct(folder.path(), path, obstacle);
            refused(&graded(folder.path()), path, &format!("{leads} with {obstacle:?}"));
        }
    }
}

#[test]
fn a_pipeline_is_read_or_refused() {
    for path in [BESIDE, ".github/workflows/other.yaml", ".gitlab-ci.yml", ".circleci/config.yml"] {
        for obstacle in OBSTACLES {
            let folder = checkout("");
            obstruct(folder.path(), path, obstacle);
            refused(&graded(folder.path()), path, &format!("{obstacle:?}"));
        }
    }
}

#[test]
fn what_an_included_makefile_would_say_is_not_taken_for_nothing() {
    for obstacle in OBSTACLES {
        let folder = checkout("run: make it");
        write(folder.path(), "Makefile", b"include more.mk\nit:\n\techo\n");
        obstruct(folder.path(), "more.mk", obstacle);
        refused(&graded(folder.path()), "more.mk", &format!("{obstacle:?}"));
    }
}

/// Configuration that is broken as text, at the place where it breaks.
#[test]
fn configuration_that_makes_no_sense_is_refused() {
    for (leads, path, text) in [
        ("run: task go", "Taskfile.yml", "tasks: { go: [\n"),
        ("run: npm run go", "package.json", "{\"scripts\": {\"go\": \"echo\"}"),
        ("run: poe go", "pyproject.toml", "[tool.poe.tasks\n"),
        ("run: goreleaser release", ".goreleaser.yml", "dockers: [\n"),
        ("run: npx release-it", ".release-it.json", "{\"github\": {"),
        ("run: npx release-it", ".release-it.yaml", "github: {\n"),
        ("run: docker buildx bake --push", "docker-bake.hcl", "target \"default\" {\n"),
        ("run: docker buildx bake --push", "docker-bake.json", "{\"target\": {"),
        ("run: npx lerna publish", "lerna.json", "{\"packages\": ["),
        ("run: pnpm -r publish", "pnpm-workspace.yaml", "packages: [\n"),
        ("run: rush publish --publish", "rush.json", "{\"projects\": ["),
        // Not broken as text, but no settings either.
        ("run: npm run go", "package.json", "[\"npm publish\"]\n"),
        ("run: task go", "Taskfile.yml", "- npm publish\n"),
        ("run: docker compose push", "compose.yaml", "- services\n"),
        ("run: npx release-it", ".release-it.json", "[]\n"),
        ("run: jreleaser deploy", "jreleaser.yml", "- deploy\n"),
        ("run: goreleaser release", ".goreleaser.yml", "dockers\n"),
        ("run: npx semantic-release", ".releaserc.yml", "1\n"),
        ("run: npx semantic-release", ".releaserc.yml", "plugins: [\n"),
        ("uses: ./act", "act/action.yml", "runs: {\n"),
        // Actions that the platform refuses.
        ("uses: ./act", "act/action.yml", ""),
        ("uses: ./act", "act/action.yml", "- npm publish\n"),
        ("uses: ./act", "act/action.yml", "name: act\n"),
        ("uses: ./act", "act/action.yml", "runs: npm publish\n"),
        ("uses: ./act", "act/action.yml", "runs: { steps: [{ run: npm publish, shell: bash }] }\n"),
        ("uses: ./act", "act/action.yml", "runs: { using: [composite], steps: [{ run: npm publish, shell: bash }] }\n"),
        ("uses: ./act", "act/action.yml", "runs: { using: composite, steps: { run: npm publish, shell: bash } }\n"),
        ("uses: ./act", "act/action.yml", "runs: { using: composite }\n"),
        ("uses: ./act", "act/action.yml", "runs: { using: composite, steps: [npm publish] }\n"),
        ("uses: ./act", "act/action.yml", "runs: { using: composite, steps: [{ run: [npm publish], shell: bash }] }\n"),
        ("uses: ./act", "act/action.yml", "runs: { using: composite, steps: [{ name: npm publish }] }\n"),
        // Programs and recipes that break off.
        ("run: python3 go.py", "go.py", "import os\nos.system(\"npm publish\"\n"),
        ("run: ./go.py", "go.py", "#!/usr/bin/env python3\ndef f():\n    '''Publish.\n"),
        ("run: python3 go.py", "go.py", "import os\nif os:\n"),
        ("run: pwsh ./go.ps1", "go.ps1", "if ($env:A) {\n  npm publish\n"),
        ("run: ./go.ps1", "go.ps1", "$a = @'\nnpm publish\n"),
        ("run: pwsh ./go.ps1", "go.ps1", "<# npm publish\n"),
        ("run: just go", "justfile", "go:\n  echo\nx := 'npm publ\n"),
        ("run: just go", "justfile", "go:\n  echo\nx := if a == \"\" {\n"),
        ("run: just go", "justfile", "go:\n  echo\nnpm publ\n"),
        // Steps of a workflow.
        ("run: echo\n      - npm publish", BESIDE, ""),
        ("run: [npm publish]", BESIDE, ""),
        ("name: npm publish", BESIDE, ""),
    ] {
        let folder = checkout(leads);
        if path != BESIDE {
            write(folder.path(), path, text.as_bytes());
        }
        refused(&graded(folder.path()), path, &format!("{leads}: {text}"));
    }
}

/// Manifests are written with tabs, and lists of packages with comments; both are read.
#[test]
fn what_only_looks_broken_is_read() {
    for (leads, path, text) in [
        ("run: npm run go", "package.json", "{\n\t\"scripts\": {\n\t\t\"go\": \"echo\"\n\t}\n}\n"),
        ("run: npx release-it", "package.json", "{\n\t\"release-it\": {\n\t\t\"npm\": false\n\t}\n}\n"),
        ("run: npx release-it", ".release-it.json", "{\n\t\"npm\": {\n\t\t\"publish\": false\n\t}\n}\n"),
        (
            "run: npx semantic-release",
            ".releaserc.json",
            "{\n\t\"plugins\": [\n\t\t\"@semantic-release/git\"\n\t]\n}\n",
        ),
        ("run: npx lerna publish", "lerna.json", "{\n\t// all of them\n\t\"packages\": [\n\t\t\"none/*\",\n\t]\n}\n"),
        ("run: rush publish --publish", "rush.json", "/* one */ {\n\t\"projects\": [\n\t\t{}\n\t]\n}\n"),
        ("run: npx semantic-release", ".releaserc.yml", ""),
        ("run: python3 go.py", "go.py", "def f(): ...  # (\nx = ['(', f\"{x}(\", '''\n(''']\r\ndef g(): ...\r\n"),
        (
            "run: pwsh go.ps1",
            "go.ps1",
            "$a = @\"\r\n({'\r\n\"@\r\n<# ( #>\r\nf \"$(g \"it's\")`\"(\" # (\r\nexit $?\r\n",
        ),
        (
            "run: just go",
            "justfile",
            "set shell := [\"sh\",\n  '-c']\nx := '\n(\n'\ny := if x == \"(\" {\n\"a\"\n} else { `echo (` }\nexport Z := \"\"\n# (\n[group('a')]\n@go a=\"(\" +b='': \\\n  && (last \"a\")\n  echo (\nlast c:\n  echo\n",
        ),
        (
            "uses: ./act",
            "act/action.yml",
            "runs:\n  using: composite\n  steps:\n    - { run: , shell: bash }\n    - uses: actions/checkout@v4\n",
        ),
        ("uses: ./act", "act/action.yml", "runs: { using: node24, main: index.js }\n"),
    ] {
        let folder = checkout(leads);
        write(folder.path(), path, text.as_bytes());
        let report = graded(folder.path());
        assert!(report.errors.is_empty(), "{path}: {:?}", report.errors);
    }
}

#[test]
fn a_switch_that_cannot_be_read_is_not_on() {
    let publish = "on: { push: { tags: ['v*'] } }\npermissions: { contents: read, id-token: write }\njobs:\n  j:\n    runs-on: \
                   ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: npm publish\n";
    for path in [".npmrc", "package.json"] {
        for obstacle in OBSTACLES {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), ".github/workflows/release.yml", publish.as_bytes());
            // What the manifest says overrides the other file.
            let (manifest, npmrc) = match path {
                "package.json" => (r#"{"name": "x", "publishConfig": {"provenance": true}}"#, ""),
                _ => (r#"{"name": "x"}"#, "provenance=true\n"),
            };
            write(folder.path(), "package.json", manifest.as_bytes());
            write(folder.path(), ".npmrc", npmrc.as_bytes());
            assert_eq!(graded(folder.path()).level, 2, "the control");
            fs::remove_file(folder.path().join(path)).unwrap();
            obstruct(folder.path(), path, obstacle);
            refused(&graded(folder.path()), path, &format!("{obstacle:?}"));
        }
    }
}

#[test]
fn files_that_mean_nothing_may_be_as_they_are() {
    let folder = checkout("run: ./bin/tool");
    write(folder.path(), "bin/tool", b"\x7fELF\x02\x01\xff\xfe");
    for (at, obstacle) in OBSTACLES.into_iter().enumerate() {
        obstruct(folder.path(), &format!("testdata/{at}.txt"), obstacle);
        obstruct(folder.path(), &format!("testdata/{at}.json"), obstacle);
        obstruct(folder.path(), &format!("{at}/package.json"), obstacle);
    }
    let report = graded(folder.path());
    assert_eq!((report.level, report.errors.len()), (3, 0), "{:?}", report.errors);
}

const POOL: &str = include_str!("../fixtures/arc-kata-machine/infra/runners.yaml");

#[test]
fn a_runner_pool_that_cannot_be_parsed_holds_hosted_build_open() {
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/arc-kata-machine");
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new("cp").arg("-r").arg(good.join(".")).arg(folder.path()).status().unwrap().success());
    let before = graded(folder.path());
    assert!(before.level > 1 && before.errors.is_empty(), "the control: {:?}", before.cap);
    write(folder.path(), "second/runners.yaml", format!("{POOL}\nbroken: [\n").as_bytes());
    let report = graded(folder.path());
    let cap = report.cap.unwrap();
    assert_eq!((report.level, cap.requirement), (1, Requirement::HostedBuild));
    assert!(cap.reason.contains("second/runners.yaml cannot be read"), "{}", cap.reason);
    assert_eq!(report.errors.len(), 1);
    // Nobody reads the examples of a manual.
    fs::rename(folder.path().join("second"), folder.path().join("docs")).unwrap();
    let report = graded(folder.path());
    assert_eq!((report.level, report.errors.len()), (before.level, 0));
}

#[test]
fn runner_configuration_from_elsewhere_is_read_or_refused() {
    let elsewhere = tempfile::tempdir().unwrap();
    write(elsewhere.path(), "pool.yaml", format!("{POOL}\nbroken: [\n").as_bytes());
    let options = Options { runner_config: vec![elsewhere.path().to_owned()], ..Options::default() };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ".github/workflows/release.yml", GOOD.replace("ubuntu-24.04", "own").as_bytes());
    let report = check(folder.path(), &options).unwrap();
    let wanted = format!("{}/pool.yaml", elsewhere.path().display());
    assert_eq!(report.errors.iter().map(|e| e.path.as_str()).collect::<Vec<_>>(), [wanted]);
    assert_eq!(report.level, 1);
    // A folder that went away between opening and grading.
    let gone = elsewhere.path().join("gone");
    let report = grade_checkout(
        &Checkout::open(folder.path()).unwrap(),
        ".",
        &Options { runner_config: vec![gone], ..Options::default() },
    );
    assert_eq!((report.level, report.errors.len()), (1, 1));
}

/// What leads to a file, the file, and a text of it whose end is missing.
const CUT: &[(&str, &str, &str)] = &[
    ("run: echo", ".github/workflows/other.yml", "on: push\njobs:\n  j:\n    steps: [{ run: \"npm"),
    ("uses: ./act", "act/action.yml", "runs:\n  using: composite\n  steps:\n    - run: \"npm publ"),
    ("run: npm run go", "package.json", "{\n  \"name\": \"x\",\n  \"scripts\": {\n    \"go\": \"npm"),
    ("run: poe go", "pyproject.toml", "[tool.poe.tasks]\ngo = \"twine upl"),
    ("run: python3 go.py", "go.py", "import subprocess\nsubprocess.run([\"twine\", \"upl"),
    ("run: pwsh ./go.ps1", "go.ps1", "$files = @(Get-ChildItem)\nforeach ($file in $files) {\n  npm publ"),
    ("run: just go", "justfile", "flags := \"--access publ\ngo:\n  npm publish {{flags}}\n"),
    ("run: task go", "Taskfile.yml", "tasks:\n  go:\n    cmds: [npm publish, {"),
    ("run: docker compose push", "compose.yaml", "services:\n  a:\n    image: \"ghcr.io/acme/a"),
    ("run: goreleaser release", ".goreleaser.yml", "dockers:\n  - image_templates: [\"ghcr.io/"),
];

/// Definitions of runners whose end is missing.
const CUT_RUNNERS: &[(&str, &str)] = &[
    (
        "infra/runners.tf",
        "resource \"helm_release\" \"r\" {\n  chart = \"gha-runner-scale-set\"\n  set {\n    name = \"githubConfigUrl\"",
    ),
    (
        "infra/values.yaml",
        "githubConfigUrl: https://github.com/acme/widget\nrunnerScaleSetName: own\ntemplate: { spec: {",
    ),
    ("infra/runner.json", "{\"githubConfigUrl\": \"https://github.com/acme/widget\", \"runnerScaleSetName\": \"ow"),
    ("infra/kustomization.yaml", "resources: [runners.yaml]\npatches: [{ path: "),
    ("infra/runners.tfvars", "runner = { name = \"own\"\n"),
    ("infra/pool.toml", "[[runners]]\nexecutor = \"docker"),
    ("infra/main.bicep", "resource runner 'Microsoft.App/jobs@2024-03-01' = {\n  name: 'own'\n  properties: {\n"),
    ("infra/main.bicep", "param runner string = 'own'\nresource runner 'Microsoft.App/jobs@2024-03-01' = \n"),
    ("infra/main.bicep", "resource runner 'Microsoft.App/jobs@2024-03-01'\n"),
    ("infra/machine.nix", "{\n  services.github-runners.own = {\n    url = \"https://github.com/acme"),
    (
        "infra/app.ts",
        "import { Ec2RunnerProvider } from '@cloudsnorkel/cdk-github-runners';\nnew Ec2RunnerProvider(this, 'a', {\n  labels: [",
    ),
    ("infra/app.py", "from cloudsnorkel import cdk_github_runners\nEc2RunnerProvider(self, 'a',\n  labels=["),
    (".teamcity/settings.kts", "project {\n  features {\n    amazonEC2CloudProfile {\n      name = \"own\"\n"),
    ("Jenkinsfile", "pipeline {\n  agent {\n    kubernetes {\n      yaml '''\nspec:\n  containers: []\n"),
    ("infra/setup.sh", "while true; do\n  ./config.sh --unattended --ephemeral --labels own\n  ./run.sh\n"),
    ("infra/setup.cfg", "#cloud-config\nruncmd: [./config.sh --unattended --labels own"),
    ("infra/jenkins.yaml", "controller:\n  JCasC:\n    configScripts:\n      a: |\n        jenkins: { clouds: [\n"),
];

/// Files without a word of runners that others lead to: those others, the file, and a text of it that makes no sense.
const CUT_BESIDE: &[(&str, &str, &str, &str)] = &[
    ("infra/main.tf", TERRAFORM, "infra/terraform.tfvars", "fresh = [\n"),
    ("infra/main.tf", TERRAFORM, "infra/variables.tf", "variable \"fresh\" {\n"),
    (
        "infra/kustomization.yaml",
        "resources: [runners.yaml]\npatches: [{ path: more.yml }]\n",
        "infra/more.yml",
        "a: [\n",
    ),
    (
        "infra/Dockerfile",
        "FROM ghcr.io/actions/actions-runner\nCOPY start /\nENTRYPOINT [\"/start\"]\n",
        "infra/start",
        "#!/bin/sh\nif x; then\n  ./run.sh\n",
    ),
];

const TERRAFORM: &str = "variable \"runner\" {}\nlocals {\n  runner = \"actions-runner\"\n}\n";

#[test]
fn a_file_that_ends_too_early_sets_exit_code_2() {
    let seen = |folder: &Path, path: &str, most: u64| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_truelevel"));
        let output = program.args(["--format", "json"]).current_dir(folder).stdin(Stdio::null()).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(2), "{path}: {json}");
        let errors = json["errors"].as_array().unwrap();
        assert!(errors.len() == 1 && errors[0]["path"] == path, "{path}: {errors:?}");
        assert!(json["level"].as_u64().unwrap() <= most, "{path}: {}", json["cap"]);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "truelevel: .: 1 place could not be read\n");
    };
    for (leads, path, text) in CUT {
        let folder = checkout(leads);
        write(folder.path(), path, text.as_bytes());
        seen(folder.path(), path, 0);
    }
    for (path, text) in CUT_RUNNERS {
        let folder = own_runners();
        write(folder.path(), path, text.as_bytes());
        seen(folder.path(), path, 1);
    }
    for (leads, how, path, text) in CUT_BESIDE {
        let folder = own_runners();
        write(folder.path(), leads, how.as_bytes());
        let before = graded(folder.path());
        assert!(before.errors.is_empty(), "{leads}: {:?}", before.errors);
        write(folder.path(), path, text.as_bytes());
        seen(folder.path(), path, 1);
    }
}

/// The good release on runners of a pool that the checkout defines.
fn own_runners() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ".github/workflows/release.yml", GOOD.replace("ubuntu-24.04", "own").as_bytes());
    write(folder.path(), "infra/runners.yaml", POOL.replace("widget-pool", "own").as_bytes());
    folder
}

/// Whoever looks for runners looks at every file that may define some: one that is no text is passed over only when
/// nothing in it speaks of them.
#[test]
fn a_definition_of_runners_that_is_no_text_is_refused() {
    for path in [
        "infra/more.yaml",
        "infra/main.tf",
        "infra/main.bicep",
        "infra/machine.nix",
        "infra/setup.sh",
        "infra/Dockerfile",
    ] {
        let folder = own_runners();
        assert!(graded(folder.path()).level > 1, "the control");
        write(folder.path(), path, b"# a picture \xff\xfe\n");
        assert!(graded(folder.path()).errors.is_empty(), "{path} speaks of nothing");
        write(folder.path(), path, b"# actions-runner \xff\xfe\n");
        let report = graded(folder.path());
        assert_eq!(report.errors.iter().map(|e| e.path.as_str()).collect::<Vec<_>>(), [path]);
        assert_eq!((report.level, report.cap.unwrap().requirement), (1, Requirement::HostedBuild));
    }
}

#[test]
fn json_with_comments_is_not_broken() {
    let folder = own_runners();
    let told = |text: &str| {
        write(folder.path(), "infra/settings.json", text.as_bytes());
        graded(folder.path()).errors.len()
    };
    assert_eq!(told("// Generated.\n{ \"a\": 1,\n  // For the actions-runner.\n  \"b\": \"actions-runner\" }\n"), 0);
    assert_eq!(told("// Generated.\n{ \"a\": 1,\n  \"b\": \"actions-runner\",\n"), 1);
}

/// Data that is no YAML, under the name of YAML, is not about runners because of a word that anything may hold.
#[test]
fn data_with_a_word_of_containers_is_not_broken() {
    let folder = own_runners();
    let told = |text: &str| {
        write(folder.path(), "maps/map.yaml", text.as_bytes());
        graded(folder.path()).errors.len()
    };
    assert_eq!(told("Actors:\n\tEntryPoint: waypoint\n\tRunner1: e1\n"), 0);
    assert_eq!(told("Actors:\n\tEntryPoint: actions-runner\n"), 1);
    assert_eq!(told("services:\n\trunner:\n\t\tbuild: .\n"), 1);
}

/// What a definition of runners names and what is there is read or refused.
#[test]
fn a_file_that_a_definition_of_runners_names_is_read_or_refused() {
    let service = "services:\n  runner:\n    image: myoung34/github-runner\n    env_file: more.env\n";
    let unit = "[Service]\nExecStart=/opt/actions-runner/start.sh\n";
    let image = "FROM ghcr.io/actions/actions-runner\nCOPY start.sh /\nENTRYPOINT [\"/start.sh\"]\n";
    let pod = "pipeline { agent { kubernetes { yamlFile 'infra/pod.yaml' } } }\n";
    for (leads, how, path) in [
        ("infra/compose.yaml", service, "infra/more.env"),
        ("infra/runner.service", unit, "infra/start.sh"),
        ("infra/Dockerfile", image, "infra/start.sh"),
        ("Jenkinsfile", pod, "infra/pod.yaml"),
        ("infra/main.tf", TERRAFORM, "infra/variables.tf"),
        ("infra/kustomization.yaml", "resources: [runners.yaml]\npatches: [{ path: more.yml }]\n", "infra/more.yml"),
    ] {
        // Terraform is led by no name but by the list of the folder, and only files are in it.
        let obstacles = if leads.ends_with(".tf") { &OBSTACLES[4..] } else { &OBSTACLES };
        for obstacle in obstacles.iter().copied() {
            let folder = own_runners();
            write(folder.path(), leads, how.as_bytes());
            assert!(graded(folder.path()).errors.is_empty(), "{leads}");
            obstruct(folder.path(), path, obstacle);
            let report = graded(folder.path());
            assert!(report.errors.iter().any(|e| e.path == path), "{leads} with {obstacle:?}: {:?}", report.errors);
            assert!(report.level <= 1, "{leads} with {obstacle:?}");
        }
    }
}

/// A shell reads statement by statement, and what it makes of the rest is not for this tool to guess.
#[test]
fn a_script_that_ends_too_early_is_held_against_what_it_speaks_of() {
    let level = |script: &str| {
        let folder = checkout("run: ./go.sh");
        write(folder.path(), "go.sh", script.as_bytes());
        write(folder.path(), BESIDE, step("run: ./go.sh").replace("contents: read", "contents: write").as_bytes());
        graded(folder.path()).level
    };
    for (open, close) in
        [("if x; then\n", "fi\n"), ("while x; do\n", "done\n"), ("f() {\n", "}\nf\n"), ("( x\n", ")\n")]
    {
        for lines in [1, 60, 300] {
            let quiet = "  echo\n".repeat(lines);
            assert_eq!(level(&format!("{open}{quiet}{close}")), 3, "{open} whole");
            assert_eq!(level(&format!("{open}{quiet}  npm publish\n{close}")), 0, "{open} whole");
            assert_eq!(level(&format!("{open}{quiet}  npm publish\n")), 0, "{open} cut behind {lines} lines");
        }
        assert_eq!(level(&format!("{open}  echo\n  # npm publish\n")), 3, "{open} with a comment");
    }
}

/// The program as a user whom modes bind: the superuser reads everything.
fn unprivileged(folder: &Path) -> std::process::Output {
    let program = folder.join("truelevel");
    fs::copy(env!("CARGO_BIN_EXE_truelevel"), &program).unwrap();
    let arguments = ["--format", "json", "checkout"];
    let root = fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    let mut command = match root {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
            command
        }
        false => Command::new(&program),
    };
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn files_and_folders_without_read_permission_are_refused() {
    for (path, locked, leads) in [
        (BESIDE, BESIDE, ""),
        ("Makefile", "Makefile", "run: make it"),
        ("scripts/go.sh", "scripts", "run: ./scripts/go.sh"),
        (".github/workflows", ".github/workflows", ""),
        (".gitlab-ci.yml", ".gitlab-ci.yml", ""),
        ("infra", "infra", ""),
    ] {
        let above = tempfile::tempdir().unwrap();
        fs::set_permissions(above.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let root = above.path().join("checkout");
        write(&root, ".github/workflows/release.yml", GOOD.as_bytes());
        if !leads.is_empty() {
            write(&root, BESIDE, step(leads).as_bytes());
        }
        match path {
            ".github/workflows" => {}
            "infra" => fs::create_dir(root.join(path)).unwrap(),
            _ => write(&root, path, b"on: push\n"),
        }
        fs::set_permissions(root.join(locked), fs::Permissions::from_mode(0o000)).unwrap();
        let seen = unprivileged(above.path());
        let json: serde_json::Value = serde_json::from_slice(&seen.stdout).unwrap();
        fs::set_permissions(root.join(locked), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!((seen.status.code(), &json["level"]), (Some(2), &serde_json::json!(0)), "{path}: {json}");
        let errors = json["errors"].as_array().unwrap();
        assert!(errors.iter().any(|e| e["path"] == path || e["path"] == locked), "{path}: {errors:?}");
    }
}
