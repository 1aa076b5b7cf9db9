//! Both sides of the bounds of following: as much as just fits is followed to the end, and what lies behind a bound is a
//! target about which nothing is shown.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::fmt::Write;

use truelevel::checkout::Checkout;
use truelevel::commands::MOST_ITERATIONS;
use truelevel::commands::workspace::{MOST_MANIFESTS, MOST_PACKAGES};
use truelevel::model::{Requirement, State};
use truelevel::report::Report;
use truelevel::{Options, grade_checkout};

const WORKFLOW: &str = "name: release
on:
  push:
    tags: ['v*']
permissions: {}
jobs:
  release:
    runs-on: ubuntu-24.04
    permissions:
      contents: write
      packages: write
      id-token: write
      attestations: write
    steps:
      - uses: actions/checkout@v5
      - uses: docker/setup-buildx-action@v3
      - run: ";

/// Bake targets, recipes and tasks of one command.
const MOST: usize = 200;
/// Taskfiles and justfiles of one command, and files that a Makefile includes.
const MOST_FILES: usize = 64;

fn grade(command: &str, files: Vec<(String, String)>) -> Report {
    let workflow = (".github/workflows/release.yml".to_owned(), format!("{WORKFLOW}{command}\n"));
    let files = files.into_iter().chain([workflow]).map(|(path, text)| (path, text.into_bytes()));
    grade_checkout(&Checkout::in_memory(files, Some("acme/widget")), ".", &Options::default())
}

/// What just fits has `targets` targets, all with provenance; one more leaves something unshown.
fn bounded(what: &str, targets: usize, fits: &Report, exceeds: &Report) {
    assert_eq!(fits.targets.len(), targets, "{what}: {:?}", fits.targets.iter().map(|t| &t.id).collect::<Vec<_>>());
    assert!(fits.level > 0, "{what} fits: {:?}", fits.cap);
    let cap = exceeds.cap.as_ref().unwrap_or_else(|| panic!("{what}: more is taken for covered"));
    assert_eq!(
        (exceeds.level, cap.requirement, cap.state),
        (0, Requirement::ProvenanceExists, State::Unshown),
        "{what}"
    );
}

fn npm(count: usize) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        (0..count).map(|n| (format!("packages/p{n}/package.json"), format!("{{\"name\": \"@acme/p{n}\"}}"))).collect();
    files.push(("package.json".to_owned(), r#"{"private": true, "workspaces": ["packages/*"]}"#.to_owned()));
    files
}

#[test]
fn packages_of_a_workspace_are_counted() {
    let publish = |count| grade("npm publish --workspaces --provenance", npm(count));
    let (fits, exceeds) = (publish(MOST_PACKAGES), publish(MOST_PACKAGES + 1));
    assert_eq!((fits.targets.len(), exceeds.targets.len()), (MOST_PACKAGES, MOST_PACKAGES + 1));
    // The command makes it for all.
    assert!(fits.level > 0, "{:?}", fits.cap);
    assert!(exceeds.targets.iter().any(|t| t.name == "further packages" && t.level == fits.level));
    let bare = grade("npm publish --workspaces", npm(MOST_PACKAGES + 1));
    assert!(bare.targets.iter().any(|t| t.name == "further packages" && t.level == 0));
}

#[test]
fn private_packages_of_a_workspace_are_not_counted() {
    let publish = |private: usize| {
        let mut files = npm(1);
        let manifest = |n| (format!("packages/a{n}/package.json"), r#"{"name": "x", "private": true}"#.to_owned());
        files.extend((0..private).map(manifest));
        grade("npm publish --workspaces --provenance", files)
    };
    bounded("manifests", 1, &publish(MOST_MANIFESTS - 2), &publish(MOST_MANIFESTS + 1));
}

fn bake(count: usize) -> Vec<(String, String)> {
    let names: Vec<String> = (0..count).map(|n| format!("\"t{n}\"")).collect();
    let mut text = format!("group \"default\" {{ targets = [{}] }}\n", names.join(", "));
    for n in 0..count {
        writeln!(text, "target \"t{n}\" {{\n  tags = [\"ghcr.io/acme/t{n}:1\"]\n}}").unwrap();
    }
    vec![("docker-bake.hcl".to_owned(), text), ("Dockerfile".to_owned(), "FROM scratch\n".to_owned())]
}

#[test]
fn bake_targets_are_counted() {
    for command in ["docker buildx bake --push", "docker buildx bake --push '${{ vars.TARGET }}'"] {
        let push = |count| grade(command, bake(count));
        bounded(command, MOST, &push(MOST), &push(MOST + 1));
    }
    let matrix = |count: usize| {
        let items: Vec<String> = (0..count).map(|n| format!("\"{n}\"")).collect();
        let text = format!(
            "target \"default\" {{\n  name = \"m-${{n}}\"\n  matrix = {{ n = [{}] }}\n  tags = [\"ghcr.io/acme/m-${{n}}\"]\n}}\n",
            items.join(", ")
        );
        grade("docker buildx bake --push", vec![("docker-bake.hcl".to_owned(), text)])
    };
    bounded("a matrix of bake targets", MOST, &matrix(MOST), &matrix(MOST + 1));
}

/// A release that is in the last of several files, each of which leads to the next.
fn included(count: usize, file: impl Fn(usize, bool) -> (String, String)) -> Vec<(String, String)> {
    let mut files: Vec<_> = (0..count).map(|n| file(n, n + 1 == count)).collect();
    files.push(("package.json".to_owned(), r#"{"name": "@acme/widget"}"#.to_owned()));
    files
}

#[test]
fn taskfiles_and_tasks_are_counted() {
    let root = |count: usize| {
        let mut text = "version: '3'\nincludes:\n".to_owned();
        (1..count).for_each(|n| writeln!(text, "  n{n}: ./t{n}.yml").unwrap());
        writeln!(text, "tasks:\n  release:\n    cmds:\n      - task: n{}:publish", count - 1).unwrap();
        text
    };
    let files = |count: usize| {
        included(count, |n, _| match n {
            0 => ("Taskfile.yml".to_owned(), root(count)),
            _ => (
                format!("t{n}.yml"),
                "version: '3'\ntasks:\n  publish:\n    cmds: [npm publish --provenance]\n".to_owned(),
            ),
        })
    };
    let run = |count| grade("task release", files(count));
    bounded("Taskfiles", 1, &run(MOST_FILES), &run(MOST_FILES + 1));

    let tasks = |count: usize| {
        let mut text = "version: '3'\ntasks:\n  release:\n    cmds:\n".to_owned();
        (1..count).for_each(|n| writeln!(text, "      - task: t{n}").unwrap());
        (1..count).for_each(|n| {
            let command = if n + 1 == count { "npm publish --provenance" } else { "echo" };
            writeln!(text, "  t{n}: {command}").unwrap();
        });
        grade("task release", included(1, |_, _| ("Taskfile.yml".to_owned(), text.clone())))
    };
    bounded("tasks", 1, &tasks(MOST), &tasks(MOST + 1));
}

#[test]
fn justfiles_and_recipes_are_counted() {
    let files = |count: usize| {
        let mut root: String = (1..count).map(|n| format!("import 'j{n}.just'\n")).collect();
        writeln!(root, "release: r{}", count - 1).unwrap();
        included(count, |n, _| match n {
            0 => ("justfile".to_owned(), root.clone()),
            _ => (format!("j{n}.just"), format!("r{n}:\n    npm publish --provenance\n")),
        })
    };
    let run = |count| grade("just release", files(count));
    bounded("justfiles", 1, &run(MOST_FILES), &run(MOST_FILES + 1));

    let recipes = |count: usize| {
        let names: Vec<String> = (1..count).map(|n| format!("r{n}")).collect();
        let mut text = format!("release: {}\n", names.join(" "));
        (1..count).for_each(|n| {
            let command = if n + 1 == count { "npm publish --provenance" } else { "echo" };
            writeln!(text, "r{n}:\n    {command}").unwrap();
        });
        grade("just release", included(1, |_, _| ("justfile".to_owned(), text.clone())))
    };
    bounded("recipes", 1, &recipes(MOST), &recipes(MOST + 1));
}

#[test]
fn make_rules_and_includes_are_counted() {
    let rules = |count: usize| {
        let names: Vec<String> = (1..count).map(|n| format!("r{n}")).collect();
        let mut text = format!("release: {}\n", names.join(" "));
        (1..count).for_each(|n| {
            let command = if n + 1 == count { "npm publish --provenance" } else { "echo" };
            writeln!(text, "r{n}:\n\t{command}").unwrap();
        });
        grade("make release", included(1, |_, _| ("Makefile".to_owned(), text.clone())))
    };
    // The rule that is asked for does not count.
    bounded("rules", 1, &rules(MOST + 1), &rules(MOST + 2));

    let files = |count: usize| {
        let mut root: String = (1..count).map(|n| format!("include m{n}.mk\n")).collect();
        writeln!(root, "release: r{}", count - 1).unwrap();
        included(count, |n, _| match n {
            0 => ("Makefile".to_owned(), root.clone()),
            _ => (format!("m{n}.mk"), format!("r{n}:\n\tnpm publish --provenance\n")),
        })
    };
    let run = |count| grade("make release", files(count));
    bounded("included files", 1, &run(MOST_FILES), &run(MOST_FILES + 1));
}

#[test]
fn rounds_of_a_loop_are_counted() {
    let run = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("packages/p{n}")).collect();
        let script = format!("for p in {}; do (cd $p && npm publish --provenance); done", names.join(" "));
        grade(&script, npm(count))
    };
    bounded("rounds", MOST_ITERATIONS, &run(MOST_ITERATIONS), &run(MOST_ITERATIONS + 1));
}
