//! Checkouts that somebody made to mislead or to hang: the real program ends in time, with the right exit code, reads
//! nothing outside, and prints nothing that a terminal obeys.

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

use serde_json::Value;
use support::{Seen, run};
use tempfile::TempDir;

/// A release that reaches level 3, so that whatever holds the checkout down is the hostile file beside it.
const GOOD: &str = include_str!("../fixtures/generator-generic-split/.github/workflows/release.yml");

const EVIL: &str = ".github/workflows/evil.yml";

/// A checkout with the good release and these files beside it.
fn checkout(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ".github/workflows/release.yml", GOOD.as_bytes());
    for (path, bytes) in files {
        write(folder.path(), path, bytes);
    }
    folder
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

/// Both reports on a checkout, the human one with all its details.
fn both(folder: &TempDir) -> (Seen, Value, String) {
    let human = run(folder.path(), &["check", ".", "-v"], &[]);
    let json = run(folder.path(), &["check", ".", "--format", "json"], &[]);
    assert_eq!(human.code, json.code);
    for text in [&human.out, &human.err, &json.out, &json.err] {
        harmless(text);
    }
    let value = serde_json::from_str(&json.out).unwrap();
    (human, value, json.out)
}

/// Nothing in the text commands a terminal or reorders what is read.
fn harmless(text: &str) {
    let deceptive = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if let Some(line) = text.lines().find(|line| line.contains(deceptive)) {
        panic!("this line is not harmless: {line:?}");
    }
}

/// The hostile file is an error with its path, the checkout falls to level 0, and the good release is still graded.
fn refused(folder: &TempDir, path: &str) -> Value {
    let (human, json, _) = both(folder);
    assert_eq!(human.code, 2, "{}", human.out);
    assert_eq!(json["level"], 0);
    assert_eq!(json["errors"].as_array().unwrap().len(), 1, "{}", json["errors"]);
    let error = json["errors"][0].clone();
    assert_eq!(error["path"], path);
    assert!(human.out.contains(path), "{}", human.out);
    assert_eq!(json["targets"][0]["level"], 3, "the release beside it");
    error
}

#[test]
fn the_good_release_alone_is_level_3() {
    let (human, json, _) = both(&checkout(&[]));
    assert_eq!((human.code, &json["level"]), (0, &Value::from(3)));
}

/// A script of an unknown folder that is named after publishing, and a harmless one at what the folder is written as.
#[cfg(unix)]
#[test]
fn no_file_is_taken_for_a_value_that_is_not_known() {
    let publishes = concat!(
        "  crates:\n    runs-on: ubuntu-24.04\n    permissions: { contents: write }\n    steps:\n",
        "      - uses: actions/checkout@v5\n      - run: bash $TOOLS/publish.sh\n"
    );
    let with = |script: Option<&str>| {
        let folder = checkout(&[]);
        write(folder.path(), ".github/workflows/release.yml", format!("{GOOD}{publishes}").as_bytes());
        script.into_iter().for_each(|path| write(folder.path(), path, b"echo done\n"));
        both(&folder).1
    };
    let (alone, beside) = (with(None), with(Some("${{ env.TOOLS }}/publish.sh")));
    assert_eq!(alone["level"], 0, "what the script publishes is unknown");
    assert_eq!((&alone["targets"], &alone["cap"]), (&beside["targets"], &beside["cap"]));
}

#[cfg(unix)]
#[test]
fn a_workflow_that_is_called_like_a_value_that_is_not_known_is_an_error() {
    let path = ".github/workflows/${{ github.job }}.yml";
    let folder = checkout(&[(path, GOOD.as_bytes())]);
    let error = refused(&folder, path);
    assert!(error["message"].as_str().unwrap().contains("value that is not known"), "{error}");
}

#[test]
fn a_workflow_that_is_not_utf_8_is_an_error_with_its_place() {
    let folder = checkout(&[(EVIL, b"on: push\nname: \xff\xfe\n")]);
    let error = refused(&folder, EVIL);
    assert_eq!((&error["line"], &error["column"]), (&Value::from(2), &Value::from(7)));
}

#[test]
fn a_workflow_of_zero_bytes_and_one_of_nul_bytes_end() {
    both(&checkout(&[(EVIL, b"")]));
    both(&checkout(&[(EVIL, &[0; 4096])]));
}

#[test]
fn a_workflow_of_50_megabytes_is_not_read() {
    let line = b"# a comment that goes on and on, and that nobody will ever read to its end ........\n";
    let folder = checkout(&[(EVIL, &line.repeat(50 * 1024 * 1024 / line.len()))]);
    let error = refused(&folder, EVIL);
    assert!(error["message"].as_str().unwrap().contains("larger than"), "{error}");
}

#[test]
fn aliases_that_multiply_are_not_expanded() {
    let mut text = String::from("on: push\na0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..40 {
        let uses = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{uses}]\n"));
    }
    text.push_str(
        "jobs:\n  j:\n    runs-on: *a39\n    env: { A: *a39 }\n    strategy: { matrix: { x: *a39, include: *a39 } }\n    \
         steps:\n      - run: npm publish\n        env: { B: *a39 }\n      - uses: actions/checkout@v4\n        with: *a39\n",
    );
    both(&checkout(&[(EVIL, text.as_bytes())]));
}

#[test]
fn merge_keys_that_multiply_are_not_expanded() {
    let mut text = String::from("on: push\nm0: &m0 { k: v }\n");
    for level in 1..40 {
        let uses = vec![format!("*m{}", level - 1); 9].join(", ");
        text.push_str(&format!("m{level}: &m{level} {{ <<: [{uses}], k{level}: v }}\n"));
    }
    text.push_str(
        "jobs:\n  j:\n    runs-on: ubuntu-latest\n    env: *m39\n    steps: [{ run: npm publish, env: *m39 }]\n",
    );
    both(&checkout(&[(EVIL, text.as_bytes())]));
}

#[test]
fn a_matrix_of_billions_of_jobs_is_not_unrolled() {
    let axis = format!("[{}]", (0..64).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    let axes: String = ('a'..='h').map(|name| format!("        {name}: {axis}\n")).collect();
    let text = format!(
        "on: push\njobs:\n  j:\n    strategy:\n      matrix:\n{axes}    runs-on: ubuntu-latest\n    steps:\n      - run: \
         docker push ghcr.io/a/${{{{ matrix.a }}}}-${{{{ matrix.h }}}}\n"
    );
    both(&checkout(&[(EVIL, text.as_bytes())]));
}

/// Every depth is written at a place of its own, because each is read by another reader.
#[test]
fn ten_thousand_levels_of_yaml_end() {
    const DEEP: usize = 10_000;
    let shapes = [
        format!("on: push\njobs: {}{}\n", "[".repeat(DEEP), "]".repeat(DEEP)),
        format!("on: push\njobs: {}x{}\n", "{a: ".repeat(DEEP), "}".repeat(DEEP)),
        format!("on: push\njobs:\n  {}x\n", "- ".repeat(DEEP)),
        format!("on: push\njobs: {}\n", "[".repeat(DEEP)),
        format!("on: push\njobs: {}\n", "? ".repeat(DEEP)),
    ];
    for shape in shapes {
        both(&checkout(&[(EVIL, shape.as_bytes())]));
    }
}

#[test]
fn ten_thousand_levels_of_expressions_and_shell_end() {
    const DEEP: usize = 10_000;
    let in_if = |expression: &str| {
        format!(
            "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    if: {expression}\n    steps: [{{ run: npm publish }}]\n"
        )
    };
    let in_run = |shell: &str, script: &str| {
        format!(
            "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - shell: {shell}\n        run: |\n          {}\n",
            script.replace('\n', "\n          ")
        )
    };
    let nest = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP));
    let shapes = [
        in_if(&format!("${{{{ {} }}}}", nest("(", "true", ")"))),
        in_if(&format!("${{{{ {}true }}}}", "!".repeat(DEEP))),
        in_if(&format!("${{{{ {} }}}}", nest("format(", "'x'", ")"))),
        in_if(&format!("${{{{ {} }}}}", nest("github[", "'x'", "]"))),
        in_if(&format!("${{{{ true{} }}}}", " && true".repeat(DEEP))),
        in_run("bash", &nest("$(", "npm publish", ")")),
        in_run("bash", &nest("(", "npm publish", ")")),
        in_run("bash", &nest("{ ", "npm publish", "; }")),
        in_run("bash", &nest("if true; then ", "npm publish", "; fi")),
        in_run("bash", &nest("${a:-", "npm publish", "}")),
        in_run("bash", &nest("\"$(", "npm publish", ")\"")),
        in_run("bash", &format!("echo $(({}))", nest("(", "1", ")"))),
        in_run("bash", &"a() {\n".repeat(DEEP)),
        in_run("bash", &"function f { ".repeat(DEEP)),
        in_run("bash", &"for x do ".repeat(DEEP)),
        in_run("bash", &"time -p { ".repeat(DEEP)),
        in_run("bash", &"bash -c '".repeat(DEEP)),
        in_run("bash", &"sudo env A=b ".repeat(DEEP)),
        in_run("bash", &"true && ".repeat(DEEP)),
        in_run("bash", &"npm publish | ".repeat(DEEP)),
        in_run("pwsh", &nest("if ($true) { ", "npm publish", " }")),
        in_run("pwsh", &nest("$(", "npm publish", ")")),
        in_run("cmd", &nest("(", "npm publish", ")")),
    ];
    for shape in shapes {
        let folder = checkout(&[(EVIL, shape.as_bytes())]);
        harmless(&run(folder.path(), &["--format", "json"], &[]).out);
    }
}

/// Every reader of configuration, and what leads to it.
#[test]
fn ten_thousand_levels_of_configuration_end() {
    const DEEP: usize = 10_000;
    let nest = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP));
    let own = "on: push\njobs:\n  j:\n    runs-on: [self-hosted, widget]\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./act\n      - run: |\n          \
               make\n          npm run x\n          npm publish\n          task x\n          just x\n          tox -e x\n          poe x\n          docker compose push\n          \
               goreleaser release\n          npx semantic-release\n          ./x.sh\n          python3 x.py\n";
    let github = "actions.summerwind.dev actions-runner github_token ghcr.io/actions/actions-runner config.sh --url";
    let shapes: Vec<(&str, String)> = vec![
        ("infra/a.tf", format!("# {github}\nx = {}\n", nest("[", "1", "]"))),
        ("infra/b.tf", format!("# {github}\nx = {}\n", nest("(", "1", ")"))),
        ("infra/c.tf", format!("# {github}\nx = {}1\n", "!".repeat(DEEP))),
        ("infra/d.tf", format!("# {github}\n{}\n", nest("a {\n", "b = 1\n", "}\n"))),
        ("infra/e.tf", format!("# {github}\nx = \"{}\"\n", nest("${\"", "a", "\"}"))),
        ("infra/f.tf", format!("# {github}\nx = {}\n", nest("f(", "1", ")"))),
        ("infra/g.tf", format!("# {github}\nx = {}\n", nest("{ a = ", "1", " }"))),
        ("infra/h.tf", format!("# {github}\nx = a{}\n", "[0].b".repeat(DEEP))),
        ("infra/i.tf", format!("# {github}\nx = 1{}\n", " + 1".repeat(DEEP))),
        ("infra/j.tf", format!("# {github}\nx = {}1\n", "a ? b : ".repeat(DEEP))),
        ("infra/a.bicep", format!("// {github}\nparam x object = {}\n", nest("{ a: ", "1", " }"))),
        ("infra/b.bicep", format!("// {github}\nresource r 'a@b' = {}\n", nest("[\n", "1\n", "]\n"))),
        ("infra/a.toml", format!("# {github}\nx = {}\n", nest("[", "1", "]"))),
        ("infra/config.toml", format!("[[runners]]\nx = {}\n", nest("{ a = ", "1", " }"))),
        ("infra/b.toml", format!("# [[runners]]\n{}a = 1\n", "a.".repeat(DEEP))),
        ("infra/a.json", format!("{{\"{github}\": {}}}", nest("[", "1", "]"))),
        ("infra/a.nix", format!("# services.github-runners {github}\n{}\n", nest("{ a = ", "1", "; }"))),
        ("Jenkinsfile", format!("podTemplate(x: 1) {{\n{}\n}}\n", nest("a {\n", "b 1\n", "}\n"))),
        ("b.jenkinsfile", format!("podTemplate(x: {})\n", nest("[a: f(", "1", ")]"))),
        ("infra/a.yaml", format!("# {github}\n{}\n", nest("{a: ", "1", "}"))),
        ("infra/a.nomad", format!("# {github}\n{}\n", nest("job \"a\" {\n", "b = 1\n", "}\n"))),
        ("infra/a.sh", format!("# {github}\n{}\n", nest("$(", "./config.sh --url x", ")"))),
        ("Dockerfile", format!("FROM ghcr.io/actions/actions-runner\nRUN {}\n", nest("(", "./config.sh --url x", ")"))),
        ("package.json", format!("{{\"scripts\": {}}}", nest("[", "1", "]"))),
        ("Taskfile.yml", format!("tasks: {}\n", nest("{x: ", "1", "}"))),
        ("justfile", format!("x:\n  {}\n", nest("{{", "a", "}}"))),
        ("tox.ini", format!("[testenv:x]\ncommands = {}\n", nest("{", "a", "}"))),
        ("pyproject.toml", format!("[tool.poe.tasks]\nx = {}\n", nest("[", "'a'", "]"))),
        ("compose.yaml", format!("services: {}\n", nest("{a: ", "1", "}"))),
        (".goreleaser.yml", format!("dockers: {}\n", nest("[", "1", "]"))),
        (".releaserc", format!("{{\"plugins\": {}}}", nest("[", "1", "]"))),
        ("release.config.js", format!("module.exports = {}\n", nest("[", "'a'", "]"))),
        ("Makefile", format!("all:\n\techo {}\n", nest("$(a ", "b", ")"))),
        ("GNUmakefile", format!("{}x\nall:\n\techo\n", "ifeq (a,a)\n".repeat(DEEP))),
        ("x.sh", nest("$(", "npm publish", ")")),
        ("x.py", format!("subprocess.run({})\n", nest("[", "'a'", "]"))),
        ("act/action.yml", format!("runs: {}\n", nest("[", "1", "]"))),
    ];
    for (path, text) in shapes {
        let folder = checkout(&[(EVIL, own.as_bytes()), (path, text.as_bytes())]);
        harmless(&run(folder.path(), &["--format", "json"], &[]).out);
    }
}

/// A step of a job on a hosted runner that runs this script on every push.
fn pushed(script: &str) -> String {
    let script = script.replace('\n', "\n          ");
    format!("on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          {script}\n")
}

#[test]
fn a_publish_command_that_is_nested_too_deep_to_read_is_not_hidden() {
    let shapes = [
        format!("{}npm publish{}", "if true; then ".repeat(50), "; fi".repeat(50)),
        format!("{}npm publish", "true && ".repeat(300)),
        format!("{}npm publish{}", "$(".repeat(20), ")".repeat(20)),
    ];
    for shape in shapes {
        let (_, json, _) = both(&checkout(&[(EVIL, pushed(&shape).as_bytes())]));
        assert_eq!(json["level"], 0, "{shape}");
    }
}

#[test]
fn hundreds_of_publish_commands_end_in_time() {
    both(&checkout(&[(EVIL, pushed(&"npm publish\n".repeat(400)).as_bytes())]));
}

#[test]
fn variables_that_double_do_not_fill_the_memory() {
    let mut script = String::from("a=xxxxxxxxxxxxxxxx\n");
    for _ in 0..200 {
        script.push_str("          a=\"$a$a$a$a\"\n");
    }
    let text = format!(
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          {script}          docker push \"ghcr.io/$a\"\n"
    );
    both(&checkout(&[(EVIL, text.as_bytes())]));
}

/// Every checkout publishes something, whatever its names and values amount to.
#[test]
fn values_that_double_from_one_to_the_next_end() {
    let double = |name: &str| format!("${{{{ {name} }}}}${{{{ {name} }}}}");
    let jobs: String = (1..60)
        .map(|job| {
            let before = format!("needs.j{}.outputs.o", job - 1);
            let outputs = double(&before);
            format!("  j{job}: {{ needs: j{}, runs-on: x, outputs: {{ o: \"{outputs}\" }}, steps: [{{ run: \"npm publish ${{{{ {before} }}}}\" }}] }}\n", job - 1)
        })
        .collect();
    let formatted = |before: &str| format!("${{{{ format('{}', {before}) }}}}", "{0}".repeat(900));
    let steps: String = (1..20)
        .map(|step| {
            let value = formatted(&format!("steps.s{}.outputs.o", step - 1));
            format!("      - id: s{step}\n        run: echo \"o={value}\" >> $GITHUB_OUTPUT\n")
        })
        .collect();
    let exports = "      - run: echo \"E=$E$E\" >> $GITHUB_ENV\n".repeat(60);
    let just: String = (0..500).map(|v| format!("v{v} := v{} + v{}\n", v + 1, v + 1)).collect();
    let publish = "      - run: npm publish $E ${{ steps.s19.outputs.o }}\n      - run: just go\n";
    let head = "on: push\nenv: { E: xxxxxxxxxxxxxxxx }\njobs:\n";
    let first = "  j0: { runs-on: x, outputs: { o: xxxxxxxxxxxxxxxx }, steps: [] }\n";
    let last = format!(
        "  last:\n    runs-on: x\n    steps:\n      - id: s0\n        run: echo o=xxxxxxxxxxxxxxxx >> $GITHUB_OUTPUT\n{steps}{exports}{publish}"
    );
    let text = format!("{head}{first}{jobs}{last}");
    let recipes = format!("{just}go:\n  npm publish {{{{v0}}}}\n");
    let (human, json, raw) = both(&checkout(&[(EVIL, text.as_bytes()), ("justfile", recipes.as_bytes())]));
    // A name that no file can have names none, so nothing is there that could not be read.
    assert_eq!((human.code, &json["level"]), (0, &Value::from(0)), "{}", json["errors"]);
    assert!(raw.len() < 1 << 20, "{} bytes", raw.len());
}

/// The library that compiles patterns of files panics at what compiles to too much.
#[test]
fn patterns_of_any_length_end() {
    let long = "*".repeat(200_000) + &"?".repeat(200_000);
    let owners = format!("{long} @a\n");
    let make = format!("x := $(wildcard {long})\nit:\n\tnpm publish\n");
    let package = format!("{{\"name\": \"x\", \"workspaces\": [\"{long}\", \"p/*\"]}}");
    let filter = format!("make it && pnpm -r --filter '{long}' publish && npm publish -w '{long}' && npm publish -ws");
    let (_, json, _) = both(&checkout(&[
        (EVIL, pushed(&filter).as_bytes()),
        (".github/CODEOWNERS", owners.as_bytes()),
        ("Makefile", make.as_bytes()),
        ("package.json", package.as_bytes()),
        ("p/a/package.json", b"{\"name\": \"kept\"}"),
        ("release-plz.toml", format!("[workspace]\nmembers = [\"{long}\"]\n").as_bytes()),
    ]));
    assert_eq!(json["level"], 0);
    let ids: Vec<&str> = json["targets"].as_array().unwrap().iter().filter_map(|t| t["id"].as_str()).collect();
    assert!(ids.contains(&"npm:kept"), "{ids:?}");
}

/// Each stands for so much that it is not followed to its end, and what follows is not dropped.
#[test]
fn what_grows_with_its_square_ends() {
    let stages: String = (0..1_000).map(|s| format!("FROM s{} AS s{s}\nRUN npm publish\n", s + 1)).collect();
    let python = "subprocess.run([".repeat(10_000);
    let just = "x := (\n".repeat(20_000);
    for (command, path, text) in
        [("docker build .", "Dockerfile", &stages), ("python3 x.py", "x.py", &python), ("just go", "justfile", &just)]
    {
        let (_, json, _) = both(&checkout(&[(EVIL, pushed(command).as_bytes()), (path, text.as_bytes())]));
        assert_eq!(json["level"], 0, "{path}");
    }
    // Actions that use one another come to more steps than a job may have.
    let uses =
        |next: usize| format!("runs:\n  using: composite\n  steps:\n{}", format!("    - uses: ./a{next}\n").repeat(30));
    let actions: Vec<(String, String)> = (0..8).map(|at| (format!("a{at}/action.yml"), uses(at + 1))).collect();
    let last = "runs: { using: composite, steps: [{ run: npm publish, shell: bash }] }\n";
    let job = "on: push\njobs: { j: { runs-on: x, steps: [{ uses: ./a0 }] } }\n";
    let mut files: Vec<(&str, &[u8])> = actions.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    files.extend([(EVIL, job.as_bytes()), ("a8/action.yml", last.as_bytes())]);
    let (human, json, _) = both(&checkout(&files));
    assert_eq!((human.code, &json["level"]), (2, &Value::from(0)));
}

#[test]
fn workflows_actions_and_scripts_that_call_themselves_end() {
    let caller = "on: [push, workflow_call]\njobs:\n  again:\n    uses: ./.github/workflows/evil.yml\n  act:\n    runs-on: \
                  ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./act\n      - run: ./a.sh && make all\n";
    let action = "runs:\n  using: composite\n  steps:\n    - uses: ./act\n    - run: ./a.sh\n      shell: bash\n";
    let folder = checkout(&[
        (EVIL, caller.as_bytes()),
        ("act/action.yml", action.as_bytes()),
        ("a.sh", b"#!/bin/sh\n./b.sh\n"),
        ("b.sh", b"#!/bin/sh\n. ./a.sh\nmake all\n"),
        ("Makefile", b"all: all again\n\t./a.sh\n\t$(MAKE) all\nagain: all\n"),
        (
            "package.json",
            br#"{"name": "x", "scripts": {"build": "npm run build", "prebuild": "npm run build && ./a.sh"}}"#,
        ),
    ]);
    both(&folder);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    /// A word that stands in no file of a checkout, only outside of it.
    const SECRET: &str = "xyzzy-outside-word";

    #[test]
    fn loops_of_links_end() {
        let folder = checkout(&[]);
        let root = folder.path();
        symlink("loop", root.join("loop")).unwrap();
        symlink(".", root.join("self")).unwrap();
        symlink("..", root.join(".github/up")).unwrap();
        symlink("b.yml", root.join(".github/workflows/a.yml")).unwrap();
        symlink("a.yml", root.join(".github/workflows/b.yml")).unwrap();
        let (human, json, _) = both(&folder);
        assert_eq!(human.code, 2, "{}", human.out);
        let paths: Vec<_> = json["errors"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
        assert!(paths.contains(&".github/workflows/a.yml") && paths.contains(&".github/workflows/b.yml"), "{paths:?}");
    }

    #[test]
    fn nothing_outside_the_checkout_is_read() {
        let above = tempfile::tempdir().unwrap();
        let outside = above.path().join("outside");
        let publish = format!(
            "name: {SECRET}\non: push\njobs:\n  {SECRET}:\n    runs-on: ubuntu-latest\n    steps: [{{ name: {SECRET}, run: npm publish }}]\n"
        );
        let script = format!("#!/bin/sh\ndocker push ghcr.io/acme/{SECRET}\n");
        let action = format!(
            "name: {SECRET}\nruns: {{ using: composite, steps: [{{ shell: bash, run: docker push ghcr.io/acme/{SECRET} }}] }}\n"
        );
        let package =
            format!(r#"{{"name": "{SECRET}", "scripts": {{"release": "docker push ghcr.io/acme/{SECRET}"}}}}"#);
        let config = format!("[remote \"origin\"]\n\turl = https://github.com/{SECRET}/{SECRET}\n");
        for (path, text) in [
            ("w.yml", &publish),
            ("workflows/w.yml", &publish),
            ("release.sh", &script),
            ("action.yml", &action),
            ("package.json", &package),
            ("Makefile", &format!("all:\n\tdocker push ghcr.io/acme/{SECRET}\n")),
            (".goreleaser.yml", &format!("project_name: {SECRET}\n")),
            ("git/config", &config),
            ("git/HEAD", &"ref: refs/heads/main\n".to_owned()),
        ] {
            write(&outside, path, text.as_bytes());
        }

        let root = above.path().join("checkout");
        write(&root, ".github/workflows/release.yml", GOOD.as_bytes());
        let uses = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: \
                    ./../outside\n      - uses: ./linked\n      - run: |\n          ./release.sh\n          bash ../outside/release.sh\n          \
                    make all\n          make -C ../outside all\n          npm run release\n          npm publish\n          cd ../outside && ./release.sh\n          goreleaser release\n  \
                    k:\n    uses: ./../outside/w.yml\n  l:\n    uses: ./.github/workflows/../../../outside/w.yml\n";
        write(&root, EVIL, uses.as_bytes());
        write(&root, ".git", b"gitdir: ../outside/git\n");
        symlink(outside.join("w.yml"), root.join(".github/workflows/absolute.yml")).unwrap();
        symlink("../../../outside/w.yml", root.join(".github/workflows/relative.yml")).unwrap();
        symlink("../../hop", root.join(".github/workflows/hop.yml")).unwrap();
        symlink("../outside/w.yml", root.join("hop")).unwrap();
        symlink("/etc/passwd", root.join(".github/workflows/passwd.yml")).unwrap();
        for name in ["release.sh", "package.json", "Makefile", ".goreleaser.yml"] {
            symlink(outside.join(name), root.join(name)).unwrap();
        }
        symlink(&outside, root.join("linked")).unwrap();
        symlink(&outside, root.join(".circleci")).unwrap();

        for arguments in [&["-v"][..], &["--format", "json"]] {
            let seen = run(&root, arguments, &[]);
            assert_eq!(seen.code, 2);
            for text in [&seen.out, &seen.err] {
                harmless(text);
                assert!(!text.contains(SECRET) && !text.contains("root:"), "read outside: {text}");
            }
            for link in ["absolute", "relative", "hop", "passwd"] {
                assert!(seen.out.contains(&format!(".github/workflows/{link}.yml")), "{link} is said: {}", seen.out);
            }
        }
    }

    #[test]
    fn a_linked_folder_of_workflows_is_said_and_not_followed() {
        let above = tempfile::tempdir().unwrap();
        write(above.path(), "outside/w.yml", format!("name: {SECRET}\non: push\n").as_bytes());
        fs::create_dir_all(above.path().join("checkout/.github")).unwrap();
        symlink("../../outside", above.path().join("checkout/.github/workflows")).unwrap();
        let seen = run(&above.path().join("checkout"), &["-v"], &[]);
        assert_eq!(seen.code, 2, "{}", seen.out);
        assert!(!seen.out.contains(SECRET));
    }

    #[test]
    fn pipes_and_devices_do_not_block() {
        let folder = checkout(&[]);
        for path in [EVIL, "Makefile", ".gitlab-ci.yml", "package.json"] {
            assert!(Command::new("mkfifo").arg(folder.path().join(path)).status().unwrap().success());
        }
        symlink("/dev/zero", folder.path().join(".github/workflows/zero.yml")).unwrap();
        let (human, json, _) = both(&folder);
        assert_eq!(human.code, 2, "{}", human.out);
        let paths: Vec<_> = json["errors"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
        assert_eq!(paths, [EVIL, ".github/workflows/zero.yml", ".gitlab-ci.yml"]);
    }

    #[test]
    fn names_are_neutralised_in_both_reports() {
        let names = ["\u{1b}[2J\u{1b}[31mred\u{7}", "two\nlines", "ev\u{202e}il\u{2066}", "\r\u{9b}31m", "::error::x"];
        for name in names {
            let quoted = serde_json::to_string(name).unwrap().replace('\u{9b}', "\\u009b");
            let text = format!(
                "name: {quoted}\non: {{ push: {{ tags: ['*'] }} }}\njobs:\n  {quoted}:\n    name: {quoted}\n    runs-on: [self-hosted, {quoted}]\n    env: {{ {quoted}: {quoted} }}\n    \
                 steps:\n      - name: {quoted}\n        id: {quoted}\n        uses: actions/checkout@v4\n      - name: {quoted}\n        uses: docker/build-push-action@v6\n        \
                 with: {{ push: true, tags: {quoted} }}\n      - name: {quoted}\n        uses: softprops/action-gh-release@v2\n        with: {{ files: {quoted} }}\n      - run: {quoted}\n"
            );
            // The same characters as they are, where YAML takes them: in a block scalar and a comment.
            let raw = format!(
                "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          docker push \"ghcr.io/acme/{}\" # {}\n",
                name.replace(['\n', '\r'], " "),
                name.replace(['\n', '\r'], " "),
            );
            let folder = checkout(&[
                (EVIL, text.as_bytes()),
                (".github/workflows/raw.yml", raw.as_bytes()),
                (&format!(".github/workflows/{name}.yml"), text.as_bytes()),
                (&format!(".github/workflows/broken {name}.yml"), b"on: [push\njobs: {"),
                (&format!("{name}/package.json"), br#"{"name": "\u001b[31m", "version": "1.0.0"}"#),
                ("package.json", br#"{"name": "\u001b[31m\n", "version": "1.0.0"}"#),
            ]);
            let (human, json, raw) = both(&folder);
            assert_eq!(human.code, 2);
            assert!(!raw.contains('\u{9b}'));
            // The path is named in JSON as it is, once the reader undoes the escapes.
            let broken = format!(".github/workflows/broken {name}.yml");
            assert!(
                json["errors"].as_array().unwrap().iter().any(|e| e["path"] == broken.as_str()),
                "{}",
                json["errors"]
            );
            assert!(!human.out.lines().any(|line| line.starts_with("::")), "{}", human.out);
        }
    }

    #[test]
    fn a_path_that_is_not_unicode_is_named_safely() {
        use std::os::unix::ffi::OsStrExt;
        let folder = checkout(&[]);
        let name = std::ffi::OsStr::from_bytes(b".github/workflows/\xff\x1b[31m.yml");
        fs::write(folder.path().join(name), GOOD).unwrap();
        let (human, json, _) = both(&folder);
        assert_eq!(human.code, 2, "{}", human.out);
        assert_eq!(json["errors"].as_array().unwrap().len(), 1);
    }

    /// Every command that names a file or folder, with one outside of the checkout.
    #[test]
    fn no_command_leads_out_of_the_checkout() {
        let above = tempfile::tempdir().unwrap();
        let script = format!("docker push ghcr.io/acme/{SECRET}\n");
        let json = format!(
            r#"{{"name": "{SECRET}", "scripts": {{"x": "docker push ghcr.io/acme/{SECRET}"}}, "release": {{"plugins": [["@semantic-release/exec", {{"publishCmd": "echo {SECRET}"}}]]}}}}"#
        );
        for (path, text) in [
            ("x.sh", script.clone()),
            ("x.mk", format!("x:\n\t{script}")),
            ("Makefile", format!("x:\n\t{script}")),
            ("package.json", json),
            ("Taskfile.yml", format!("tasks: {{ x: {{ cmds: [docker push ghcr.io/acme/{SECRET}] }} }}\n")),
            ("justfile", format!("x:\n  {script}")),
            ("tox.ini", format!("[testenv:x]\ncommands = {script}")),
            ("pyproject.toml", format!("[tool.poe.tasks]\nx = \"docker push ghcr.io/acme/{SECRET}\"\n")),
            ("compose.yaml", format!("services: {{ a: {{ build: ., image: ghcr.io/acme/{SECRET} }} }}\n")),
            ("docker-bake.hcl", format!("target \"default\" {{ tags = [\"ghcr.io/acme/{SECRET}\"] }}\n")),
            (".goreleaser.yml", format!("dockers: [{{ image_templates: [ghcr.io/acme/{SECRET}] }}]\n")),
            (".npmrc", format!("//registry.example.com/:_authToken={SECRET}\nprovenance=true\n")),
            ("xtask/src/main.rs", format!("fn x() {{ cmd!(sh, \"docker push ghcr.io/acme/{SECRET}\"); }}\n")),
            ("main.tf", format!("# {SECRET}\n")),
        ] {
            write(&above.path().join("outside"), path, text.as_bytes());
        }
        let out = above.path().join("outside");
        let root = above.path().join("checkout");
        let commands = |outside: &str| {
            [
                "bash {}/x.sh",
                "source {}/x.sh",
                "make -C {} x",
                "make -f {}/x.mk x",
                "npm --prefix {} run x",
                "npm publish {}",
                "pnpm -C {} run x",
                "yarn --cwd {} x",
                "task -d {} x",
                "task -t {}/Taskfile.yml x",
                "just -f {}/justfile x",
                "tox -c {}/tox.ini -e x",
                "docker compose -f {}/compose.yaml push",
                "docker buildx bake -f {}/docker-bake.hcl --push",
                "goreleaser release --config {}/.goreleaser.yml",
                "npx semantic-release -e {}/package.json",
                "python3 {}/x.py",
                "cd {} && make x && npm run x && just x && task x && ./x.sh && npm publish && poe x && cargo xtask x",
            ]
            .map(|command| command.replace("{}", outside))
            .join("\n          ")
        };
        for outside in ["../outside", "a/../../outside", "./../outside", &*out.to_string_lossy(), "link"] {
            let text = format!(
                "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./{outside}\n      - working-directory: {outside}\n        run: make x; \
                 ./x.sh; npm run x\n      - run: |\n          make all\n          {}\n",
                commands(outside)
            );
            write(&root, EVIL, text.as_bytes());
            write(
                &root,
                "Makefile",
                format!("include {outside}/x.mk\n-include {outside}/Makefile\nall: x\n\tcat {outside}/x.sh\n")
                    .as_bytes(),
            );
            if outside == "link" {
                symlink(&out, root.join("link")).unwrap();
            }
            for arguments in [&["-v"][..], &["--format", "json"]] {
                let seen = run(&root, arguments, &[]);
                assert!(!seen.out.contains(SECRET) && !seen.err.contains(SECRET), "{outside}: {}", seen.out);
            }
        }
    }

    /// Tools that a checkout like this asks for, each in place of the real one.
    const TOOLS: &[&str] = &[
        "git",
        "sh",
        "bash",
        "env",
        "make",
        "node",
        "npm",
        "npx",
        "pnpm",
        "yarn",
        "python3",
        "docker",
        "cargo",
        "go",
        "task",
        "just",
        "tox",
        "helm",
        "terraform",
        "kubectl",
        "kustomize",
        "goreleaser",
        "gh",
        "ssh",
        "less",
        "watchman",
    ];

    /// Hooks of git, and what its configuration may name.
    const HOOKS: &[&str] =
        &["post-checkout", "post-index-change", "pre-auto-gc", "reference-transaction", "fsmonitor-watchman"];

    /// Programs with the names of usual tools are all that is on the path, and git's configuration, hooks, filters and
    /// the scripts of the checkout name some more. (That the program could start none is tested in `tests/supply.rs`.)
    #[test]
    fn no_program_of_the_checkout_is_run() {
        let package = br#"{"name": "x", "bin": "./x.sh", "scripts": {"preinstall": "./x.sh", "prepare": "./x.sh", "prepack": "./x.sh", "release": "./x.sh"}}"#;
        let folder = checkout(&[
            (EVIL, pushed("./x.sh && make && npm run release && npm publish && task && just && ./x.py").as_bytes()),
            ("Makefile", b"X := $(shell ./x.sh)\nY != ./x.sh\nall:\n\t./x.sh\n"),
            ("package.json", package),
            ("Taskfile.yml", b"tasks: { default: { vars: { X: { sh: ./x.sh } }, cmds: [./x.sh] } }\n"),
            ("justfile", b"x := `./x.sh`\ndefault:\n  ./x.sh\n"),
            (".envrc", b"./x.sh\n"),
            (
                "infra/main.tf",
                b"data \"external\" \"x\" { program = [\"./x.sh\"] }\n# githubConfigUrl config.sh --url\n",
            ),
            ("infra/kustomization.yaml", b"generators: [x]\nhelmCharts: [{ name: gha-runner-scale-set }]\n"),
            ("truelevel.yml", b"runner-config: [infra]\n"),
        ]);
        let root = folder.path();
        let markers = tempfile::tempdir().unwrap();
        let programs = TOOLS.iter().map(|tool| format!("bin/{tool}"));
        let hooks = HOOKS.iter().map(|hook| format!(".git/hooks/{hook}"));
        let named: Vec<String> = programs.chain(hooks).chain(["x.sh".to_owned(), "x.py".to_owned()]).collect();
        for program in &named {
            let marker = markers.path().join(program.replace('/', "-"));
            // A shell of the system, since the path has none.
            write(root, program, format!("#!/bin/sh\necho run > {}\n", marker.display()).as_bytes());
            fs::set_permissions(root.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let run_me = root.join("x.sh").display().to_string();
        let config = format!(
            "[core]\n\tfsmonitor = {run_me}\n\thooksPath = {run_me}\n\tsshCommand = {run_me}\n\tpager = {run_me}\n\tgitProxy = {run_me}\n\teditor = {run_me}\n\taskPass = {run_me}\n[include]\n\tpath = \
             ../x.sh\n[includeIf \"gitdir:/\"]\n\tpath = /etc/passwd\n[alias]\n\tstatus = !{run_me}\n[filter \"x\"]\n\tclean = {run_me}\n\tsmudge = {run_me}\n\tprocess = \
             {run_me}\n[diff]\n\texternal = {run_me}\n[gpg]\n\tprogram = {run_me}\n[credential]\n\thelper = !{run_me}\n[remote \"origin\"]\n\turl = ext::{run_me}\n\tuploadpack = {run_me}\n"
        );
        write(root, ".git/config", config.as_bytes());
        write(root, ".git/HEAD", b"ref: refs/heads/main\n");
        write(root, ".gitattributes", b"* filter=x diff=x\n");
        let ran = || fs::read_dir(markers.path()).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
        for program in &named {
            assert!(Command::new(root.join(program)).status().unwrap().success());
        }
        assert_eq!(ran().len(), named.len(), "the programs would do it");
        named.iter().for_each(|name| fs::remove_file(markers.path().join(name.replace('/', "-"))).unwrap());
        let path = root.join("bin").display().to_string();
        let environment = [
            ("PATH", path.as_str()),
            ("GIT_SSH_COMMAND", run_me.as_str()),
            ("GIT_EXTERNAL_DIFF", &run_me),
            ("PAGER", &run_me),
            ("BASH_ENV", &run_me),
        ];
        for arguments in [
            &["check", "."][..],
            &["check", ".", "-v", "--format", "json", "--runner-config", "infra", "--with", "acme/flows=infra"],
            &["--format", "html"],
            &["runners", "."],
            &["badge", "."],
            &["init", "."],
        ] {
            let seen = run(root, arguments, &environment);
            assert!(!seen.out.is_empty() && ran().is_empty(), "{arguments:?} ran {:?}", ran());
        }
    }

    #[test]
    fn names_that_look_like_others_are_others() {
        let publish = pushed("npm publish");
        // None of these is read by the platform.
        for path in [
            ".GITHUB/workflows/evil.yml",
            ".github/Workflows/evil.yml",
            ".github/workflows/evil.YML",
            ".github/workflows/evil.yml ",
            ".github/workflows/sub/evil.yml",
            ".github/workflows\u{200b}/evil.yml",
            "\u{ff0e}github/workflows/evil.yml",
            ".github/workflows/evil.yml\u{202e}",
            "x/.github/workflows/evil.yml",
        ] {
            let (human, json, _) = both(&checkout(&[(path, publish.as_bytes())]));
            assert_eq!((human.code, &json["level"]), (0, &Value::from(3)), "{path}: {}", human.out);
        }
        // And these are, whatever else their name says.
        for path in
            [".github/workflows/\u{202e}lmy.evil.yml", ".github/workflows/.yml", ".github/workflows/e\u{301}.yaml"]
        {
            let (_, json, _) = both(&checkout(&[(path, publish.as_bytes())]));
            assert_eq!(json["level"], 0, "{path}");
        }
        // What is in a `.git` stays closed in any spelling.
        for folder in [".git", ".GIT", "sub/.git", "sub/.Git"] {
            let text = pushed(&format!("bash {folder}/x.sh && make -f {folder}/x.sh"));
            let script = format!("docker push ghcr.io/acme/{SECRET}\n");
            let folder = checkout(&[(EVIL, text.as_bytes()), (&format!("{folder}/x.sh"), script.as_bytes())]);
            let (human, _, raw) = both(&folder);
            assert!(!human.out.contains(SECRET) && !raw.contains(SECRET), "{}", human.out);
        }
    }

    /// A pool that would answer the good release, if it were read.
    const POOL: &str = "githubConfigUrl: https://github.com/acme/widget\nrunnerScaleSetName: stolen\n";

    /// What both commands say about runner configuration that is named on the command line.
    fn named(operations: &Path) -> String {
        let folder =
            checkout(&[(EVIL, b"on: push\njobs:\n  j:\n    runs-on: stolen\n    steps: [{ run: npm publish }]\n")]);
        let option = format!("--runner-config={}", operations.display());
        let mut said = String::new();
        for arguments in [["check", "."], ["runners", "."]] {
            let seen = run(folder.path(), &[arguments[0], &option, arguments[1], "-v"], &[]);
            assert_eq!(seen.code, 2, "{}{}", seen.out, seen.err);
            harmless(&seen.out);
            harmless(&seen.err);
            let text = format!("{} {}", seen.out, seen.err).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(!text.contains("arc-scale-set"), "{}: something outside was read: {text}", arguments[0]);
            said.push_str(&text);
        }
        said
    }

    #[test]
    fn runner_configuration_that_leads_out_of_its_folder_is_an_error() {
        let outside = tempfile::tempdir().unwrap();
        write(outside.path(), "pools/values.yaml", POOL.as_bytes());
        for (link, to) in [
            ("values.yaml", "pools/values.yaml"),
            ("deep/er/values.yaml", "pools/values.yaml"),
            ("deep/pools", "pools"),
        ] {
            let operations = tempfile::tempdir().unwrap();
            let at = operations.path().join(link);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            symlink(outside.path().join(to), &at).unwrap();
            let said = named(operations.path());
            assert!(said.contains("a symbolic link that was not followed"), "{link}: {said}");
        }
        // Up and out by a path is no way either.
        let operations = tempfile::tempdir().unwrap();
        let inner = operations.path().join("inner");
        write(operations.path(), "values.yaml", POOL.as_bytes());
        write(&inner, "kustomization.yaml", b"resources: [../]\nhelmCharts:\n  - name: gha-runner-scale-set\n    releaseName: stolen\n    valuesFile: ../values.yaml\n");
        let folder = checkout(&[]);
        let seen = run(folder.path(), &["runners", &format!("--runner-config={}", inner.display()), "."], &[]);
        let said = seen.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("changes the object in a way that is not followed"), "{}", seen.out);
        assert!(!seen.out.contains("acme/widget"), "{}", seen.out);
    }

    #[test]
    fn runner_configuration_that_cannot_be_read_is_an_error() {
        let operations = || tempfile::tempdir().unwrap();
        let folder = operations();
        let pipe = folder.path().join("deep/values.yaml");
        fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(named(folder.path()).contains("this is not a regular file"));
        assert!(named(&pipe).contains("this is not a regular file"));
        for size in [1024 * 1024, 3 * 1024 * 1024] {
            let folder = operations();
            let text = format!("{POOL}# {}\n", "x".repeat(size));
            write(folder.path(), "deep/values.yaml", text.as_bytes());
            assert!(named(folder.path()).contains("the file is larger than"), "{size}");
            assert!(named(&folder.path().join("deep/values.yaml")).contains("the file is larger than"), "{size}");
        }
        let folder = operations();
        write(folder.path(), "deep/values.yaml", b"githubConfigUrl: \xff\n");
        assert!(named(folder.path()).contains("not UTF-8 text"));
        let folder = operations();
        write(folder.path(), "deep/values.yaml", POOL.as_bytes());
        let locked = folder.path().join("deep");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        // Whoever may read everything is not kept out.
        if fs::read_dir(&locked).is_err() {
            assert!(named(folder.path()).contains("cannot be read"));
        }
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(named(&folder.path().join("nowhere")).contains("there is no folder"));
    }

    #[test]
    fn one_file_of_runner_configuration_is_all_that_is_read() {
        let operations = tempfile::tempdir().unwrap();
        write(operations.path(), "values.yaml", POOL.as_bytes());
        write(operations.path(), "other.yaml", POOL.replace("stolen", "other").as_bytes());
        let folder = checkout(&[]);
        let option = format!("--runner-config={}", operations.path().join("values.yaml").display());
        let seen = run(folder.path(), &["runners", &option, "."], &[]);
        assert_eq!(seen.code, 0, "{}", seen.err);
        assert!(seen.out.contains("stolen") && !seen.out.contains("other"), "{}", seen.out);
    }

    #[test]
    fn a_folder_with_very_many_files_is_listed_in_time() {
        let folder = checkout(&[]);
        fs::create_dir(folder.path().join("many")).unwrap();
        for number in 0..20_000 {
            fs::File::create(folder.path().join(format!("many/{number}.yaml"))).unwrap();
        }
        let (human, json, _) = both(&folder);
        assert_eq!((human.code, &json["level"]), (0, &Value::from(3)));
    }
}

/// Every job that publishes is a publication, and each of them asks what all of them do.
#[test]
fn thousands_of_jobs_that_publish_the_same_end() {
    let jobs: String =
        (0..2_000).map(|job| format!(" j{job}: {{ runs-on: x, steps: [{{ run: npm publish }}] }}\n")).collect();
    let (human, json, _) = both(&checkout(&[(EVIL, format!("on: push\njobs:\n{jobs}").as_bytes())]));
    assert_eq!((human.code, &json["level"]), (0, &Value::from(0)));
    assert_eq!(json["targets"].as_array().unwrap().len(), 2);
}

/// Whoever reads them in the order of the file finds one that is ready in each round.
#[test]
fn thousands_of_jobs_that_need_the_next_one_end() {
    let jobs: String =
        (0..3_000).map(|job| format!(" j{job}: {{ needs: j{}, runs-on: x, steps: [] }}\n", job + 1)).collect();
    let last = " j3000: { runs-on: x, steps: [{ run: npm publish }] }\n";
    let (_, json, _) = both(&checkout(&[(EVIL, format!("on: push\njobs:\n{jobs}{last}").as_bytes())]));
    assert_eq!(json["targets"].as_array().unwrap().len(), 2);
}

/// Each is a publication of its own that the parameters of all others reach.
#[test]
fn a_thousand_steps_that_publish_by_a_parameter_of_their_own_end() {
    let inputs: String = (0..1_500).map(|at| format!("      i{at}: {{ type: choice, options: [a, b] }}\n")).collect();
    let step =
        |at| format!("      - run: npm publish --tag ${{{{ inputs.i{at} }}}}\n        if: inputs.i{at} == 'a'\n");
    let steps: String = (0..1_500).map(step).collect();
    let head = "on:\n  workflow_dispatch:\n    inputs:\n";
    let text = format!("{head}{inputs}jobs:\n  j:\n    runs-on: x\n    steps:\n{steps}");
    let (human, json, _) = both(&checkout(&[(EVIL, text.as_bytes())]));
    assert_eq!((human.code, &json["level"]), (0, &Value::from(0)));
}

/// The jobs of a file may be few, and what the aliases in it amount to many.
#[test]
fn publications_have_a_number() {
    let steps = "{ run: npm publish }, ".repeat(200);
    let jobs: String = (0..151).map(|job| format!(" j{job}: {{ runs-on: x, steps: *s }}\n")).collect();
    let text = format!("on: push\nx: &s [{steps}]\njobs:\n{jobs}");
    let path = ".github/workflows/twin.yml";
    let (human, json, _) = both(&checkout(&[(path, text.as_bytes())]));
    assert_eq!((human.code, &json["level"]), (2, &Value::from(0)));
    let errors = json["errors"].as_array().unwrap();
    assert!(errors.len() == 1 && errors[0]["path"] == path, "{errors:?}");
    let message = "linking what the runs publish takes more than 12000000 steps of work; the rest was not read";
    assert_eq!(errors[0]["message"], message);
    let levels: Vec<&Value> = json["targets"].as_array().unwrap().iter().map(|target| &target["level"]).collect();
    assert!(levels.contains(&&Value::from(3)), "the release beside it: {levels:?}");
}

/// A ring of repositories in which each calls the next several times has more ways through it than anybody can go.
#[test]
fn repositories_that_call_one_another_in_a_ring_end() {
    const SIZE: usize = 5;
    let ring = tempfile::tempdir().unwrap();
    let mut arguments = vec!["--format".to_owned(), "json".to_owned()];
    for at in 0..SIZE {
        let next = (at + 1) % SIZE;
        let calls: String =
            (0..4).map(|call| format!("  c{call}: {{ uses: o/r{next}/.github/workflows/w.yml@v1 }}\n")).collect();
        let job = format!("  b: {{ runs-on: x, steps: [{{ uses: o/r{next}/act@v1 }}, {{ run: npm publish }}] }}\n");
        let act = format!("    - uses: o/r{next}/act@v1\n").repeat(4);
        let path = ring.path().join(format!("r{at}"));
        write(&path, ".github/workflows/w.yml", format!("on: {{ workflow_call: }}\njobs:\n{job}{calls}").as_bytes());
        write(&path, "act/action.yml", format!("runs:\n  using: composite\n  steps:\n{act}").as_bytes());
        arguments.extend(["--with".to_owned(), format!("o/r{at}={}", path.display())]);
    }
    let folder = checkout(&[(EVIL, b"on: push\njobs:\n  c: { uses: o/r0/.github/workflows/w.yml@v1 }\n")]);
    let seen = run(folder.path(), &arguments, &[]);
    let json: Value = serde_json::from_str(&seen.out).unwrap();
    assert_eq!((seen.code, &json["level"]), (2, &Value::from(0)));
    let errors = json["errors"].as_array().unwrap();
    assert!(errors.iter().any(|e| e["message"].as_str().unwrap().contains("calls itself")), "{errors:?}");
    assert!(errors.len() < 200, "{} errors", errors.len());
    harmless(&seen.out);
}
