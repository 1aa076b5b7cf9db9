//! Both sides of the limits in docs/threat-model.md: what just fits is read, and what exceeds it says so and is never taken
//! for absent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use truelevel::checkout::{Checkout, MAX_DEPTH, MAX_FILE, MAX_FILES, MAX_PIPELINE};
use truelevel::commands::{MOST_COMMANDS, MOST_ITERATIONS};
use truelevel::report::Report;
use truelevel::syntax::{conf, shell, yaml};
use truelevel::{Options, grade_checkout};

const GOOD: &str = include_str!("../fixtures/generator-generic-split/.github/workflows/release.yml");
const BESIDE: &str = ".github/workflows/beside.yml";

/// The good release with these files beside it.
fn graded(files: &[(&str, &str)]) -> Report {
    let all = [(".github/workflows/release.yml", GOOD)].into_iter().chain(files.iter().copied());
    let all = all.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    grade_checkout(&Checkout::in_memory(all, None), ".", &Options::default())
}

/// A job on every push that may publish.
fn run(script: &str) -> String {
    let script = script.replace('\n', "\n          ");
    format!(
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    permissions: {{ contents: write }}\n    steps:\n      - uses: \
         actions/checkout@v4\n      - run: |\n          {script}\n"
    )
}

/// A script that is over a limit holds the checkout down; the same one that just fits does not.
fn holds(what: &str, fits: &[(&str, &str)], exceeds: &[(&str, &str)]) {
    let report = graded(fits);
    assert_eq!((report.level, report.errors.len()), (3, 0), "{what} fits: {:?} {:?}", report.cap, report.errors);
    let report = graded(exceeds);
    assert_eq!(report.level, 0, "{what} is too much: {:?}", report.errors);
}

fn message(text: &str) -> String {
    yaml::parse(text).map_or_else(|error| error.message, |_| "read".to_owned())
}

#[test]
fn a_pipeline_and_a_script_have_a_size() {
    let padded = |text: &str, size: u64| format!("{text}{}", "#".repeat(usize::try_from(size).unwrap() - text.len()));
    let quiet = "on: pull_request\njobs: {}\n";
    holds("a workflow", &[(BESIDE, &padded(quiet, MAX_PIPELINE))], &[(BESIDE, &padded(quiet, MAX_PIPELINE + 1))]);
    let report = graded(&[(BESIDE, &padded(quiet, MAX_PIPELINE + 1))]);
    assert_eq!(report.errors[0].message, "the file is larger than 2097152 bytes, so it was not read");
    let calls = run("make it");
    let make = |size| padded("it:\n\techo\n", size);
    holds(
        "a Makefile",
        &[(BESIDE, &calls), ("Makefile", &make(MAX_FILE))],
        &[(BESIDE, &calls), ("Makefile", &make(MAX_FILE + 1))],
    );
}

#[test]
fn yaml_has_a_depth_a_size_and_a_number_of_aliases_and_documents() {
    // The document is a level of its own for the sequences in it.
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = (1..2 * yaml::MAX_DEPTH).rfind(|depth| message(&nested(*depth)) == "read").unwrap();
    assert!(deepest.abs_diff(yaml::MAX_DEPTH) <= 1, "{deepest}");
    assert!(message(&nested(deepest + 1)).contains("deep"), "{}", message(&nested(deepest + 1)));

    let aliases = |count: usize| format!("a: &a x\nb: [{}]\n", vec!["*a"; count].join(", "));
    assert_eq!(message(&aliases(yaml::MAX_ALIASES)), "read");
    assert!(message(&aliases(yaml::MAX_ALIASES + 1)).contains("alias"), "{}", message(&aliases(yaml::MAX_ALIASES + 1)));

    let documents = |count: usize| "--- a\n".repeat(count);
    assert_eq!(message(&documents(yaml::MAX_DOCUMENTS)), "read");
    let text = message(&documents(yaml::MAX_DOCUMENTS + 1));
    assert!(text.contains("documents"), "{text}");
}

#[test]
fn scripts_have_a_depth_and_a_number_of_commands() {
    let nested = |depth: usize| format!("{}echo{}", "if a; then ".repeat(depth), "; fi".repeat(depth));
    let fits = (1..=shell::MOST_DEPTH).rfind(|depth| shell::parse(&nested(*depth)).unread.is_empty()).unwrap();
    let unread = shell::parse(&nested(fits + 1)).unread;
    assert!(fits > 10 && unread[0].1.contains("deep"), "{fits}: {unread:?}");
    // What is too deep could publish, and says so by its words.
    let publishes = |depth: usize| nested(depth).replace("echo", "./publish");
    let (deep, flat) = (run(&publishes(fits + 1)), run(&nested(fits)));
    holds("nesting", &[(BESIDE, &flat)], &[(BESIDE, &deep)]);

    let many = |count: usize| run(&format!("{}./publish.sh", "echo\n".repeat(count - 1)));
    let script = ("publish.sh", "echo\n");
    holds(
        "the number of commands",
        &[(BESIDE, &many(MOST_COMMANDS / 2)), script],
        &[(BESIDE, &many(MOST_COMMANDS + 1)), script],
    );
}

#[test]
fn a_loop_over_more_words_than_are_followed_is_not_taken_for_a_short_one() {
    let words = |count: usize| (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
    // Only the last round publishes.
    let last = |count: usize| run(&format!("for w in {} publish; do ./$w.sh; done", words(count)));
    let scripts: Vec<(String, String)> =
        (0..2 * MOST_ITERATIONS).map(|n| (format!("w{n}.sh"), "echo\n".to_owned())).collect();
    let report = |count: usize| {
        let text = last(count);
        let mut files = vec![(BESIDE, text.as_str()), ("publish.sh", "npm publish\n")];
        files.extend(scripts.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        graded(&files)
    };
    for count in [3, MOST_ITERATIONS - 1, MOST_ITERATIONS, 2 * MOST_ITERATIONS] {
        assert_eq!(report(count).level, 0, "{count} words");
    }
}

#[test]
fn scripts_lead_on_for_a_number_of_hops() {
    let chain = |hops: usize, end: &str| -> Vec<(String, String)> {
        let script = |n: usize| match n + 1 == hops {
            true => format!("{end}\n"),
            false => format!("./s{}.sh\n", n + 1),
        };
        let mut files: Vec<_> = (0..hops).map(|n| (format!("s{n}.sh"), script(n))).collect();
        files.push((BESIDE.to_owned(), run("./s0.sh")));
        files
    };
    let level = |files: &[(String, String)]| {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        graded(&files).level
    };
    assert_eq!((level(&chain(8, "echo")), level(&chain(8, "npm publish"))), (3, 0));
    assert_eq!((level(&chain(9, "echo")), level(&chain(9, "npm publish"))), (0, 0), "the ninth script is not read");
}

#[test]
fn an_expression_has_a_length() {
    let step = |condition: &str| {
        format!(
            "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - if: ${{{{ {condition} }}}}\n        run: npm publish\n"
        )
    };
    // False for ever while it can be read; of what is too long nobody knows.
    let never = |length: usize| format!("false && '{}'", "x".repeat(length));
    holds("an expression", &[(BESIDE, &step(&never(20_000)))], &[(BESIDE, &step(&never(21_000)))]);
}

#[test]
fn reusable_workflows_and_actions_call_each_other_to_a_depth() {
    let publish = "runs: { using: composite, steps: [{ run: npm publish, shell: bash }] }\n";
    let quiet = "runs: { using: composite, steps: [{ run: echo, shell: bash }] }\n";
    let chain = |depth: usize, end: &str| -> Vec<(String, String)> {
        let action = |n: usize| match n + 1 == depth {
            true => end.to_owned(),
            false => format!("runs: {{ using: composite, steps: [{{ uses: ./a{} }}] }}\n", n + 1),
        };
        let mut files: Vec<_> = (0..depth).map(|n| (format!("a{n}/action.yml"), action(n))).collect();
        let workflow = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    permissions: { contents: write }\n    steps: [{ uses: ./a0 }]\n";
        files.push((BESIDE.to_owned(), workflow.to_owned()));
        files
    };
    let level = |files: &[(String, String)]| {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        graded(&files).level
    };
    assert_eq!((level(&chain(10, quiet)), level(&chain(10, publish))), (3, 0));
    // Deeper than the platform allows: what is below is not read, and may publish.
    assert_eq!(level(&chain(12, publish)), 0);

    let workflows = |depth: usize, end: &str| -> Vec<(String, String)> {
        let job = |n: usize| match n + 1 == depth {
            true => format!("j: {{ runs-on: ubuntu-latest, steps: [{{ run: {end} }}] }}"),
            false => format!("j: {{ uses: ./.github/workflows/w{}.yml }}", n + 1),
        };
        let on = |n: usize| if n == 0 { "push" } else { "workflow_call" };
        (0..depth)
            .map(|n| (format!(".github/workflows/w{n}.yml"), format!("on: {}\njobs:\n  {}\n", on(n), job(n))))
            .collect()
    };
    assert_eq!((level(&workflows(10, "echo")), level(&workflows(10, "npm publish"))), (3, 0));
    assert_eq!(level(&workflows(13, "npm publish")), 0);
}

#[cfg(unix)]
#[test]
fn folders_lie_in_one_another_to_a_depth() {
    let root = tempfile::tempdir().unwrap();
    let place = |depth: usize| root.path().join(vec!["d"; depth].join("/"));
    std::fs::create_dir_all(place(MAX_DEPTH)).unwrap();
    std::fs::write(place(MAX_DEPTH).join("f"), "").unwrap();
    let checkout = Checkout::open(root.path()).unwrap();
    assert_eq!((checkout.files().len(), checkout.walk_problems().len()), (1, 0));
    std::fs::create_dir(place(MAX_DEPTH + 1)).unwrap();
    let checkout = Checkout::open(root.path()).unwrap();
    assert_eq!(checkout.walk_problems()[0].message, "the folder is more than 100 levels deep, so it was not read");
    let report = grade_checkout(&checkout, ".", &Options::default());
    assert_eq!((report.level, report.errors.len()), (0, 1));
}

#[test]
fn a_checkout_has_a_number_of_files_and_folders() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let file = root.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write(".github/workflows/release.yml", GOOD);
    for at in 0..8 {
        write(&format!("d{at}/f"), "");
    }
    let grade = |most: usize| {
        let checkout = Checkout::open(root.path()).unwrap().with_most_files(most);
        grade_checkout(&checkout, ".", &Options::default())
    };
    // Nine files, and eleven folders with the root.
    let report = grade(11);
    assert_eq!((report.level, report.errors.len()), (3, 0), "{:?}", report.errors);
    for most in [10, 8, 3] {
        let report = grade(most);
        let said = format!("the checkout has more than {most} files or folders; the rest was not read");
        assert_eq!((report.level, report.errors.len()), (0, 1), "{:?}", report.errors);
        assert_eq!(report.errors[0].message, said);
    }
    assert_eq!(MAX_FILES, 500_000);
}

#[test]
fn yaml_has_a_number_of_nodes_and_a_size_with_its_aliases_written_out() {
    // The document and the sequence are nodes, too.
    let items = |count: usize| format!("[{}]\n", vec!["a"; count].join(","));
    let most = (yaml::MAX_NODES - 3..=yaml::MAX_NODES).rfind(|count| message(&items(*count)) == "read");
    let most = most.expect("the limit is where it is said to be");
    assert!(message(&items(most + 1)).contains("500000 nodes"), "{}", message(&items(most + 1)));

    let copies = |count: usize| format!("a: &a [{}]\nb: [{}]\n", vec!["x"; 999].join(","), vec!["*a"; count].join(","));
    assert_eq!(message(&copies(490)), "read");
    assert!(message(&copies(510)).contains("500000 nodes"), "{}", message(&copies(510)));

    let long = |count: usize| format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; count].join(","));
    assert_eq!(message(&long(30)), "read");
    assert!(message(&long(32)).contains("33554432 bytes"), "{}", message(&long(32)));

    // In a workflow each is an error that holds the level down.
    let report = graded(&[(BESIDE, &copies(510))]);
    assert_eq!((report.level, report.errors.len()), (0, 1), "{:?}", report.errors);
}

#[test]
fn a_job_has_a_number_of_steps_and_a_script_a_size() {
    let steps = |count: usize, last: &str| {
        let quiet = "      - run: echo\n".repeat(count - 1);
        format!(
            "on: push\npermissions: {{ contents: read }}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n{quiet}      - run: {last}\n"
        )
    };
    holds("the number of steps", &[(BESIDE, &steps(2_000, "echo"))], &[(BESIDE, &steps(2_001, "npm publish"))]);

    let script = |length: usize| {
        let line = format!("{}\n          ", "#".repeat(1_000));
        let tail = "npm publish";
        let lines = line.repeat((length - tail.len()) / 1_001);
        run(&format!("{lines}{tail}"))
    };
    assert_eq!(graded(&[(BESIDE, &script(shell::MOST_BYTES / 2))]).level, 0);
    assert_eq!(graded(&[(BESIDE, &script(shell::MOST_BYTES + 5_000))]).level, 0);
}

#[test]
fn functions_call_one_another_to_a_depth() {
    let chain = |depth: usize, end: &str| {
        let mut script: String = (1..depth).map(|n| format!("f{n}() {{ f{}; }}\n", n + 1)).collect();
        script.push_str(&format!("f{depth}() {{ {end}; }}\nf1"));
        run(&script)
    };
    holds("calls", &[(BESIDE, &chain(12, "echo"))], &[(BESIDE, &chain(14, "npm publish"))]);
    assert_eq!(graded(&[(BESIDE, &chain(12, "npm publish"))]).level, 0);
}

#[test]
fn a_makefile_includes_a_number_of_others() {
    let files = |count: usize, end: &str| -> Vec<(String, String)> {
        let includes: String = (0..count).map(|n| format!("include m{n}.mk\n")).collect();
        let mut files: Vec<_> = (0..count - 1).map(|n| (format!("m{n}.mk"), format!("X{n} := a\n"))).collect();
        files.push((format!("m{}.mk", count - 1), format!("it:\n\t{end}\n")));
        files.push(("Makefile".to_owned(), includes));
        files.push((BESIDE.to_owned(), run("make it")));
        files
    };
    let level = |files: &[(String, String)]| {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        graded(&files).level
    };
    assert_eq!((level(&files(63, "echo")), level(&files(63, "npm publish"))), (3, 0));
    assert_eq!(level(&files(70, "npm publish")), 0);
}

#[test]
fn configuration_has_a_depth() {
    let path: std::sync::Arc<str> = "a.tf".into();
    let nested = |depth: usize| format!("x = {}1{}\n", "[".repeat(depth), "]".repeat(depth));
    let read = |text: &str| conf::hcl(&path, text, &()).is_some();
    assert!(read(&nested(conf::MAX_DEPTH - 4)));
    assert!(!read(&nested(conf::MAX_DEPTH + 1)));
    let toml = |depth: usize| conf::Value::of_toml(&path, &nested(depth)).is_some();
    assert!(toml(conf::MAX_DEPTH - 4));
    assert!(!toml(4 * conf::MAX_DEPTH));
}

#[test]
fn a_file_of_git_has_a_size() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join(".git")).unwrap();
    std::fs::write(root.path().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    let line = "00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa refs/heads/main\n";
    let revision = |size: usize| {
        std::fs::write(root.path().join(".git/packed-refs"), format!("{line}{}", "#".repeat(size - line.len())))
            .unwrap();
        Checkout::open(root.path()).unwrap().revision().map(str::to_owned)
    };
    assert_eq!(revision(16 << 20).as_deref(), Some("00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa"));
    assert_eq!(revision((16 << 20) + 1), None);
}

#[test]
fn a_matrix_is_cut_behind_its_exclusions() {
    let list = |from: usize, to: usize| (from..to).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let text = |guard: usize| {
        let excluded: String = (0..10).map(|n| format!("{{ a: {n} }}, ")).collect();
        format!(
            "on: push\npermissions: {{ contents: read }}\njobs:\n  j:\n    strategy:\n      matrix:\n        a: [{}]\n        b: [{}]\n        exclude: [{excluded}]\n    runs-on: \
             ubuntu-latest\n    steps:\n      - if: matrix.a == {guard}\n        run: npm publish\n",
            list(0, 20),
            list(0, 20)
        )
    };
    // 400 combinations, of which 200 are left: the last counts, and an excluded one does not.
    assert_eq!((graded(&[(BESIDE, &text(19))]).level, graded(&[(BESIDE, &text(3))]).level), (0, 3));
}
