//! How much of a workflow is unfolded.

use std::collections::BTreeMap;

use truelevel::checkout::{Checkout, MAX_WORK};
use truelevel::model::{Requirement, State};
use truelevel::report::Report;
use truelevel::{Options, grade_checkout};

use super::{BESIDE, Files, GOOD, alone, file, graded, holds, run};

fn is_level(files: &[(String, String)]) -> u8 {
    graded(files).level
}

#[test]
fn an_expression_has_a_length() {
    let step = |condition: &str| {
        let head = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n";
        vec![file(BESIDE, format!("{head}      - if: ${{{{ {condition} }}}}\n        run: npm publish\n"))]
    };
    // False for ever while it can be read; of what is too long nobody knows.
    let never = |length: usize| {
        let head = "false && '";
        format!("{head}{}'", "x".repeat(length - head.len() - 1))
    };
    assert_eq!((is_level(&step(&never(21_000))), is_level(&step(&never(21_001)))), (3, 0));
}

/// A job of this matrix that publishes in one of its legs.
fn matrix(axes: &str, when: &str) -> Files {
    let head = "on: push\npermissions: { contents: read }\njobs:\n  j:\n    strategy:\n      matrix:\n";
    let job = "    runs-on: ubuntu-latest\n    steps:\n";
    vec![file(BESIDE, format!("{head}{axes}{job}      - if: {when}\n        run: npm publish\n"))]
}

fn numbers(from: usize, to: usize) -> String {
    (from..to).map(|n| n.to_string()).collect::<Vec<_>>().join(", ")
}

#[test]
fn choices_of_a_value_are_counted() {
    let step = |count: usize, wanted: &str| {
        let choices: Vec<String> = (1..count).map(|n| format!("vars.V == 'k{n}' && 'v{n}'")).collect();
        let value = format!("{} || 'last'", choices.join(" || "));
        let head = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    env:\n";
        let steps = format!("    steps:\n      - if: env.X == '{wanted}'\n        run: npm publish\n");
        vec![file(BESIDE, format!("{head}      X: ${{{{ {value} }}}}\n{steps}"))]
    };
    // All are known, and none is the one that publishes.
    assert_eq!((is_level(&step(64, "never")), is_level(&step(65, "never"))), (3, 0));
    assert_eq!((is_level(&step(64, "v1")), is_level(&step(64, "last"))), (0, 0));
}

#[test]
fn legs_of_a_matrix_are_counted() {
    let list = |count: usize| format!("        a: [{}]\n", numbers(0, count));
    assert_eq!(is_level(&matrix(&list(256), "matrix.a == 255")), 0, "the last leg counts");
    assert_eq!(is_level(&matrix(&list(256), "matrix.a == 256")), 3, "there is no other leg");
    // The platform refuses it, so nothing is known of it.
    assert_eq!(is_level(&matrix(&list(257), "matrix.a == 256")), 0);
    assert_eq!(is_level(&matrix(&list(257), "matrix.a == 257")), 0);
}

#[test]
fn a_matrix_is_cut_behind_its_exclusions() {
    let axes = |rows: usize, columns: usize, kept: std::ops::Range<usize>| {
        let excluded = (0..rows).filter(|n| !kept.contains(n)).map(|n| format!("{{ a: {n} }}"));
        let excluded = excluded.collect::<Vec<_>>().join(", ");
        format!(
            "        a: [{}]\n        b: [{}]\n        exclude: [{excluded}]\n",
            numbers(0, rows),
            numbers(0, columns)
        )
    };
    // 400 combinations, of which 200 are left: the last counts, and an excluded one does not.
    let half = |when: &str| is_level(&matrix(&axes(20, 20, 10..20), when));
    assert_eq!((half("matrix.a == 19"), half("matrix.a == 3")), (0, 3));
    // 4,096 combinations, of which 64 are left; and 4,160, which nobody unfolds.
    let full = |when: &str| is_level(&matrix(&axes(64, 64, 63..64), when));
    assert_eq!((full("matrix.a == 63"), full("matrix.a == 62")), (0, 3));
    let more = |when: &str| is_level(&matrix(&axes(65, 64, 64..65), when));
    assert_eq!((more("matrix.a == 64"), more("matrix.a == 63")), (0, 0));
}

#[test]
fn exclusions_are_counted_with_what_they_are_held_against() {
    let axes = |entries: usize| {
        let excluded = "{ a: 1 }, ".repeat(entries);
        format!("        a: [{}]\n        exclude: [{excluded}]\n", numbers(0, 256))
    };
    let level = |entries: usize| is_level(&matrix(&axes(entries), "matrix.a == 1"));
    assert_eq!((level(4_096), level(4_097)), (3, 0));
}

#[test]
fn a_job_has_a_number_of_steps() {
    let steps = |count: usize, last: &str| {
        let quiet = "      - run: echo\n".repeat(count - 1);
        let head = "on: push\npermissions: { contents: read }\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n";
        vec![file(BESIDE, format!("{head}{quiet}      - run: {last}\n"))]
    };
    assert_eq!((is_level(&steps(2_000, "echo")), is_level(&steps(2_000, "npm publish"))), (3, 0));
    let report = graded(&steps(2_001, "echo"));
    assert_eq!((report.level, report.errors.len()), (0, 1), "{:?}", report.errors);
    assert_eq!(report.errors[0].message, "the job has more than 2000 steps; the rest was not read");
}

#[test]
fn a_run_has_a_number_of_jobs() {
    let list = format!("[{}]", numbers(0, 250));
    let text = |single: usize| {
        let mut text = "on: push\npermissions: { contents: read }\njobs:\n".to_owned();
        for job in 0..19 {
            let head = format!("  m{job}:\n    strategy: {{ matrix: {{ a: {list} }} }}\n");
            text.push_str(&format!(
                "{head}    runs-on: ubuntu-latest\n    steps: [{{ run: 'echo ${{{{ matrix.a }}}}' }}]\n"
            ));
        }
        for job in 0..single {
            text.push_str(&format!("  s{job}: {{ runs-on: ubuntu-latest, steps: [{{ run: echo }}] }}\n"));
        }
        vec![file(BESIDE, text)]
    };
    // 4,750 legs, and 250 jobs.
    let report = graded(&text(250));
    assert_eq!((report.level, report.errors.len()), (3, 0), "{:?}", report.errors);
    let report = graded(&text(251));
    assert_eq!((report.level, report.errors.len()), (0, 1), "{:?}", report.errors);
    assert_eq!(report.errors[0].message, "a run has more than 5000 jobs; the rest was not read");
}

#[test]
fn a_run_has_a_number_of_steps() {
    let text = |more: &str| {
        let steps = "{ run: a }, ".repeat(2_000);
        let jobs: String = (0..50).map(|job| format!("  j{job}: {{ runs-on: ubuntu-latest, steps: *s }}\n")).collect();
        let head = "on: workflow_dispatch\npermissions: { contents: read }\n";
        vec![file(BESIDE, format!("{head}x: &s [{steps}]\njobs:\n{jobs}{more}"))]
    };
    let report = graded(&text(""));
    assert_eq!((report.level, report.errors.len()), (3, 0), "{:?} {:?}", report.cap, report.errors);
    let report = graded(&text("  more: { runs-on: ubuntu-latest, steps: [{ run: a }] }\n"));
    assert_eq!((report.level, report.errors.len()), (0, 1), "{:?}", report.errors);
    assert_eq!(report.errors[0].message, "a run has more than 100000 steps; the rest was not read");
    assert_eq!(report.errors[0].line, Some(55));
}

#[test]
fn what_one_leg_moves_is_not_asked_again_for_every_other_leg() {
    let leg = |n: usize| {
        let os = if n.is_multiple_of(3) { "windows-2025" } else { "ubuntu-24.04" };
        format!("- {{ target: target-{n:02}-vendor-system-environment, os: {os} }}")
    };
    let legs: Vec<String> = (0..16).map(leg).collect();
    let text = include_str!("legs.yml").replace("LEGS", &legs.join("\n          "));
    let report = alone(&[file(BESIDE, text)]);
    assert_eq!((report.level, report.errors.len()), (2, 0), "{:?} {:?}", report.cap, report.errors);
    assert_eq!(report.cap.map(|cap| cap.requirement), Some(Requirement::ProvenanceUnforgeable));
}

/// The good release and these files, for which so much work may be done.
fn with_work(files: &[(String, String)], most: usize) -> Report {
    let good = [file(".github/workflows/a.yml", GOOD)];
    let all = good.iter().chain(files).map(|(path, text)| (path.clone(), text.clone().into_bytes()));
    let checkout = Checkout::in_memory(all, Some("acme/widget")).with_most_work(most);
    grade_checkout(&checkout, ".", &Options::default())
}

/// The least work that reads all of this checkout. One step less is too little, and says so.
fn least_work(files: &[(String, String)]) -> usize {
    let (mut fits, mut exceeds) = (1 << 20, 0);
    while fits - exceeds > 1 {
        let most = usize::midpoint(fits, exceeds);
        let report = with_work(files, most);
        if report.errors.is_empty() {
            assert_eq!(report.level, 3, "{:?}", report.cap);
            fits = most;
        } else {
            assert_eq!((report.level, report.errors.len()), (0, 1), "{:?}", report.errors);
            let says = format!("reading the pipelines takes more than {most} steps of work; the rest was not read");
            assert_eq!(report.errors[0].message, says);
            exceeds = most;
        }
    }
    fits
}

#[test]
fn the_pipelines_of_a_checkout_take_an_amount_of_work() {
    assert_eq!(MAX_WORK, 12_000_000);
    let quiet = run("./s.sh && make");
    // So that there is room for publications.
    let make = file("Makefile", format!("it:\n\techo\n{}", "#".repeat(160_000)));
    let least = |more: &[(String, String)]| {
        let files = [more, &[quiet.clone(), file("s.sh", "echo\n"), make.clone()]].concat();
        let mut by_name: BTreeMap<String, String> = BTreeMap::new();
        for (path, text) in files {
            by_name.entry(path).or_insert(text);
        }
        least_work(&by_name.into_iter().collect::<Vec<_>>())
    };
    let alone = least(&[]);
    for (what, more, by) in [
        (
            "another pipeline",
            file(".github/workflows/c.yml", "on: push\njobs: { j: { runs-on: x, steps: [{ run: a }] } }\n"),
            100,
        ),
        ("a longer script", file("s.sh", "a=1\n".repeat(100)), 100),
        (
            "rounds of a loop",
            file("s.sh", "for a in 1 2 3 4 5 6 7 8 9; do for b in 1 2 3 4 5 6 7 8 9; do x=1; done; done\n"),
            81,
        ),
        ("a larger file", file("Makefile", format!("it:\n\techo\n{}", "#".repeat(176_000))), 1_000),
        (
            "more to expand",
            file("Makefile", format!("{}it:\n\techo\n{}", "X := $(Y)\n".repeat(100), "#".repeat(160_000))),
            100,
        ),
    ] {
        assert!(least(&[more]) >= alone + by, "{what}");
    }
}

#[test]
fn the_runs_of_a_checkout_have_a_number_of_publications() {
    let files = |number: usize| -> Files {
        let job = |job: usize| {
            let steps = "{ uses: softprops/action-gh-release@v2, with: { files: a } }";
            file(
                &format!(".github/workflows/p{job}.yml"),
                format!("on: workflow_dispatch\njobs: {{ j: {{ runs-on: x, steps: [{steps}] }} }}\n"),
            )
        };
        (0..number).map(job).collect()
    };
    // The good release is one of them.
    let report = with_work(&files(6), 3_000);
    assert_eq!((report.level, report.errors.len()), (0, 0), "{:?}", report.errors);
    let report = with_work(&files(7), 3_000);
    assert_eq!((report.level, report.errors.len()), (0, 1), "{:?}", report.errors);
    assert_eq!(report.errors[0].path, ".github/workflows/p6.yml");
    assert_eq!(
        report.errors[0].message,
        "linking what the runs publish takes more than 3000 steps of work; the rest was not read"
    );
}

#[test]
fn the_files_of_a_checkout_are_held_against_a_number_of_attested_ones() {
    let patterns = |number: usize, folder: &str| -> String {
        (0..number).map(|at| format!("            {folder}/f{at}*.zip\n")).collect()
    };
    let files: Files = vec![file(
        ".github/workflows/p.yml",
        format!(
            "on: workflow_dispatch\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: make\n      \
             - uses: actions/attest-build-provenance@v2\n        with:\n          subject-path: |\n{}      \
             - uses: softprops/action-gh-release@v2\n        with:\n          files: |\n{}",
            patterns(3_000, "out"),
            patterns(10, "dist")
        ),
    )];
    let errors = |most: usize| with_work(&files, most).errors.into_iter().map(|e| e.message).collect::<Vec<_>>();
    // Ten publications are 4,000 steps, and holding each file against 3,000 others is 30,000 at least.
    let says = "linking what the runs publish takes more than 30000 steps of work; the rest was not read";
    assert_eq!(errors(30_000), [says]);
    assert_eq!(errors(2_000_000), [""; 0]);
}

#[test]
fn reusable_workflows_and_actions_call_each_other_to_a_depth() {
    let says = "nested deeper than the platform allows";
    let action = |run: &str| format!("runs: {{ using: composite, steps: [{{ run: {run}, shell: bash }}] }}\n");
    let actions = |depth: usize, end: &str| -> Files {
        let text = |n: usize| match n + 1 == depth {
            true => action(end),
            false => format!("runs: {{ using: composite, steps: [{{ uses: ./a{} }}] }}\n", n + 1),
        };
        let mut files: Files = (0..depth).map(|n| file(&format!("a{n}/action.yml"), text(n))).collect();
        let head = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    permissions: { contents: write }\n";
        files.push(file(BESIDE, format!("{head}    steps: [{{ uses: ./a0 }}]\n")));
        files
    };
    let of_actions = "is in itself, or in more than 10 others";
    holds("actions", of_actions, &actions(10, "echo"), &actions(11, "echo"));
    assert_eq!(is_level(&actions(10, "npm publish")), 0);

    let workflows = |depth: usize, end: &str| -> Files {
        let job = |n: usize| match n + 1 == depth {
            true => format!("j: {{ runs-on: ubuntu-latest, steps: [{{ run: {end} }}] }}"),
            false => format!("j: {{ uses: ./.github/workflows/w{}.yml }}", n + 1),
        };
        let on = |n: usize| if n == 0 { "push" } else { "workflow_call" };
        let text = |n: usize| format!("on: {}\njobs:\n  {}\n", on(n), job(n));
        (0..depth).map(|n| file(&format!(".github/workflows/w{n}.yml"), text(n))).collect()
    };
    // The first calls the second, and so on: ten calls in one another.
    holds("workflows", says, &workflows(11, "echo"), &workflows(12, "echo"));
    assert_eq!(is_level(&workflows(11, "npm publish")), 0);
}

/// Files of a release that are attested where they are made, and handed on by so many jobs.
fn handed_on(times: usize) -> Report {
    let upload =
        |n: usize| format!("      - uses: actions/upload-artifact@v4\n        with: {{ name: a{n}, path: dist/ }}\n");
    let head = |n: usize| {
        let before = n - 1;
        format!(
            "  j{n}:\n    needs: j{before}\n    runs-on: ubuntu-latest\n    permissions: {{ contents: write }}\n    steps:\n      \
             - uses: actions/download-artifact@v4\n        with: {{ name: a{before}, path: dist }}\n"
        )
    };
    let mut text = "on: { push: { tags: ['v*'] } }\npermissions: { contents: read }\njobs:\n".to_owned();
    text.push_str("  j0:\n    runs-on: ubuntu-latest\n    permissions: { id-token: write, attestations: write, contents: read }\n");
    text.push_str("    steps:\n      - uses: actions/checkout@v4\n      - run: go build -o dist/widget .\n");
    text.push_str("      - uses: actions/attest-build-provenance@v3\n        with: { subject-path: dist/widget }\n");
    text.push_str(&upload(0));
    for n in 1..times {
        text.push_str(&head(n));
        text.push_str(&upload(n));
    }
    text.push_str(&head(times));
    text.push_str("      - uses: softprops/action-gh-release@v2\n        with: { files: dist/widget }\n");
    alone(&[file(".github/workflows/release.yml", text)])
}

#[test]
fn an_artifact_is_handed_on_over_a_number_of_jobs() {
    let report = handed_on(24);
    assert_eq!((report.level, report.targets[0].build_jobs.join(" ").as_str()), (2, "j0"), "{:?}", report.cap);
    let report = handed_on(25);
    let cap = report.cap.unwrap();
    assert_eq!((report.level, cap.requirement, cap.state), (0, Requirement::ProvenanceExists, State::Unshown));
    let says = "nothing shows that the files of the job that attests are those that are published";
    assert!(cap.reason.contains(says), "{}", cap.reason);
}

/// A checksums file that is put together of others, each of which holds all of them.
#[test]
fn lists_of_digests_that_hold_one_another_are_read_once() {
    let names: Vec<String> = (0..60).map(|n| format!("{n}.sha256")).collect();
    let all = names.join(" ");
    let mut text = "on: { push: { tags: ['v*'] } }\npermissions: { contents: read }\njobs:\n  build:\n".to_owned();
    text.push_str(
        "    runs-on: ubuntu-latest\n    permissions: { id-token: write, attestations: write, contents: write }\n",
    );
    text.push_str(
        "    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          go build -o dist/widget .\n",
    );
    text.push_str("          sha256sum dist/widget > 59.sha256\n");
    text.extend(names.iter().map(|name| format!("          cat {all} > {name}\n")));
    text.push_str("      - uses: actions/attest-build-provenance@v3\n        with: { subject-checksums: 0.sha256 }\n");
    text.push_str("      - uses: softprops/action-gh-release@v2\n        with: { files: dist/widget }\n");
    let report = alone(&[file(".github/workflows/release.yml", text)]);
    assert_eq!(report.level, 2, "{:?}", report.cap);
}

/// A file out of an image that was built under another name so many names before.
fn renamed(times: usize, again: usize) -> Report {
    let mut text = "on: { push: { tags: ['v*'] } }\npermissions: { contents: read }\njobs:\n  build:\n".to_owned();
    text.push_str(
        "    runs-on: ubuntu-latest\n    permissions: { id-token: write, attestations: write, contents: write }\n",
    );
    text.push_str(
        "    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          docker build -t widget0 .\n",
    );
    for at in 0..times {
        for _ in 0..again {
            text.push_str(&format!("          docker tag widget{at} widget{}\n", at + 1));
        }
    }
    text.push_str(&format!("          docker create --name built widget{times}\n"));
    text.push_str("          docker cp built:/widget dist/widget\n");
    text.push_str("      - uses: actions/attest-build-provenance@v3\n        with: { subject-path: dist/widget }\n");
    text.push_str("      - uses: softprops/action-gh-release@v2\n        with: { files: dist/widget }\n");
    alone(&[file(".github/workflows/release.yml", text)])
}

#[test]
fn an_image_is_followed_over_a_number_of_names() {
    assert_eq!(renamed(7, 1).level, 2);
    let cap = renamed(8, 1).cap.unwrap();
    assert_eq!((cap.requirement, cap.state), (Requirement::HostedBuild, State::Unshown), "{}", cap.reason);
}

/// Each of the names leads to each of the commands that give it.
#[test]
fn names_that_are_given_again_and_again_are_read_once() {
    assert_eq!(renamed(7, 100).level, 2);
    assert_eq!(renamed(8, 100).cap.unwrap().requirement, Requirement::HostedBuild);
}
