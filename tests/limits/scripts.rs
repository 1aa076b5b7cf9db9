//! How far scripts, and what they lead to, are followed.

use std::fmt::Write;

use truelevel::commands::{MOST_COMMANDS, MOST_ITERATIONS, MOST_STEPS};
use truelevel::syntax::shell;

use super::{Files, file, graded, holds, run, text_of};

#[test]
fn scripts_have_a_size() {
    let script = |size: usize| {
        let line = format!("{}\n", "#".repeat(1_000));
        let text = line.repeat(size / line.len());
        format!("{text}{}", "#".repeat(size - text.len()))
    };
    assert_eq!(shell::parse(&script(shell::MOST_BYTES)).unread, []);
    let unread = shell::parse(&script(shell::MOST_BYTES + 1)).unread;
    let said: Vec<_> = unread.iter().map(|(at, why)| (*at, why.to_string())).collect();
    assert_eq!(said, [(0, "longer than 1048576 bytes".to_owned())]);
    // A comment that names publishing is none, where it can be read.
    let step = |size: usize| {
        let indented = script(size - "echo\n".len()).replace('\n', "\n          ");
        let grown = indented.len() - (size - "echo\n".len());
        (grown, run(&format!("echo\n{}", script(size - "echo\n".len()))))
    };
    let (grown, exceeds) = step(shell::MOST_BYTES + 1);
    assert!(grown > 0, "indentation is no part of the script");
    // The last line break of the block belongs to the script.
    holds("a script", "longer than 1048576 bytes", &[step(shell::MOST_BYTES - 1).1], &[exceeds]);
}

#[test]
fn scripts_have_a_depth() {
    let nested = |depth: usize| format!("{}echo{}", "if a; then ".repeat(depth), "; fi".repeat(depth));
    let fits = (1..=2 * shell::MOST_DEPTH).rfind(|depth| shell::parse(&nested(*depth)).unread.is_empty()).unwrap();
    assert!(fits.abs_diff(shell::MOST_DEPTH) <= 1, "{fits}");
    let says = "nested too deeply";
    holds("nesting", says, &[run(&nested(fits))], &[run(&nested(fits + 1))]);
    let publishes = |depth: usize| run(&nested(depth).replace("echo", "npm publish"));
    assert_eq!(graded(&[publishes(fits)]).level, 0);
}

#[test]
fn scripts_have_a_number_of_commands() {
    let many = |count: usize, last: &str| run(&format!("{}{last}", "a\n".repeat(count - 1)));
    let says = "more than 4000 commands";
    holds("the number of commands", says, &[many(MOST_COMMANDS, "a")], &[many(MOST_COMMANDS + 1, "a")]);
    assert_eq!(graded(&[many(MOST_COMMANDS, "npm publish")]).level, 0);
}

#[test]
fn scripts_have_a_number_of_statements() {
    // Assignments are no commands. Each counts as one, and so do the loops and every round of the inner one.
    let script = |last: usize| {
        let words = (0..50).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        let inner = format!("for b in {words}; do {}; done", vec!["x=1"; 22].join("; "));
        run(&format!("for a in {words}; do {inner}; done\n{}", "x=1\n".repeat(last)))
    };
    let last = MOST_STEPS - (50 * 50 * 23 + 50 + 1);
    holds("the number of statements", "more than 60000 steps", &[script(last)], &[script(last + 1)]);
}

#[test]
fn a_loop_over_more_words_than_are_followed_is_not_taken_for_a_short_one() {
    let words = |count: usize| (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
    let quiet = |count: usize| run(&format!("for w in {}; do echo $w; done", words(count)));
    let says = "a loop over more than 64 words";
    holds("rounds", says, &[quiet(MOST_ITERATIONS)], &[quiet(MOST_ITERATIONS + 1)]);
    // Only the last round publishes.
    let last = |count: usize| run(&format!("for w in {} publish; do ./$w.sh; done", words(count)));
    let scripts: Files = (0..2 * MOST_ITERATIONS).map(|n| file(&format!("w{n}.sh"), "echo\n")).collect();
    for count in [3, MOST_ITERATIONS - 1, MOST_ITERATIONS, 2 * MOST_ITERATIONS] {
        let files = [scripts.as_slice(), &[last(count), file("publish.sh", "npm publish\n")]].concat();
        assert_eq!(graded(&files).level, 0, "{count} words");
    }
}

#[test]
fn branches_are_counted() {
    let case = |count: usize, last: &str| {
        let arms: String = (1..count).map(|n| format!("  v{n}) echo ;;\n")).collect();
        run(&format!("case \"$V\" in\n{arms}  last) {last} ;;\nesac"))
    };
    let says = "more than 200 branches";
    holds("arms", says, &[case(200, "echo")], &[case(201, "echo")]);
    assert_eq!(graded(&[case(200, "npm publish")]).level, 0, "the last arm is seen");
    let chain = |count: usize, last: &str| {
        let tests: String = (1..count).map(|n| format!("elif [ \"$V\" = v{n} ]; then echo\n")).collect();
        run(&format!("if [ \"$V\" = v0 ]; then {last}\n{tests}fi"))
    };
    holds("branches", says, &[chain(200, "echo")], &[chain(201, "echo")]);
}

#[test]
fn functions_call_one_another_to_a_depth() {
    let chain = |depth: usize, end: &str| {
        let mut script: String = (1..depth).map(|n| format!("f{n}() {{ f{}; }}\n", n + 1)).collect();
        script.push_str(&format!("f{depth}() {{ {end}; }}\nf1"));
        run(&script)
    };
    holds("calls", "calls nested deeper than 12", &[chain(12, "echo")], &[chain(13, "echo")]);
    assert_eq!(graded(&[chain(12, "npm publish")]).level, 0);
}

#[test]
fn scripts_lead_on_for_a_number_of_hops() {
    let chain = |hops: usize, end: &str| -> Files {
        let script = |n: usize| match n + 1 == hops {
            true => format!("{end}\n"),
            false => format!("./s{}.sh\n", n + 1),
        };
        let mut files: Files = (0..hops).map(|n| file(&format!("s{n}.sh"), script(n))).collect();
        files.push(run("./s0.sh"));
        files
    };
    holds("hops", "following stopped after 8 hops", &chain(8, "echo"), &chain(9, "echo"));
    assert_eq!(graded(&chain(8, "npm publish")).level, 0);
}

#[test]
fn scripts_that_lead_on_have_a_number_and_a_size() {
    let says = "following stopped: too many scripts lead on from here";
    // With other words it is another script.
    let calls = |count: usize| {
        let lines: String = (0..count).map(|n| format!("./s.sh {n}\n")).collect();
        vec![run(&lines), file("s.sh", "true\n")]
    };
    holds("scripts", says, &calls(2_000), &calls(2_001));
    // Twelve scripts of a mebibyte are all that is read; literal strings are all that is looked for in these.
    let texts = |more: &str| {
        let mut script = String::new();
        let mut files: Files = Vec::new();
        for at in 0..12 {
            writeln!(script, "python3 s{at}.py").unwrap();
            files.push(file(&format!("s{at}.py"), "\n".repeat(1 << 20)));
        }
        files.push(file("last.py", more));
        files.push(run(&format!("{script}python3 last.py")));
        files
    };
    holds("text", says, &texts(""), &texts("\n"));
}

#[test]
fn makefiles_have_a_number_and_a_size() {
    let included = |count: usize, end: &str| -> Files {
        let includes: String = (0..count).map(|n| format!("include m{n}.mk\n")).collect();
        let mut files: Files = (0..count - 1).map(|n| file(&format!("m{n}.mk"), format!("X{n} := a\n"))).collect();
        files.push(file(&format!("m{}.mk", count - 1), format!("it:\n\t{end}\n")));
        files.push(file("Makefile", includes));
        files.push(run("make it"));
        files
    };
    // The first Makefile is one of them.
    holds("files", "more than 64 Makefiles are included", &included(63, "echo"), &included(64, "echo"));
    assert_eq!(graded(&included(63, "npm publish")).level, 0);

    let rules = |count: usize| {
        let mut text = format!("it: {}\n", (0..count).map(|n| format!("r{n} ")).collect::<String>());
        (0..count).for_each(|n| write!(text, "r{n}:\n\techo\n").unwrap());
        vec![run("make it"), file("Makefile", text)]
    };
    holds("rules", "more than 200 make rules lead on", &rules(200), &rules(201));

    // Every reference counts with the bytes of its name and of its value.
    let expanded = |references: usize| {
        let mut text = format!("X := {}\n", "x".repeat(1023));
        (0..references).for_each(|n| writeln!(text, "Y{n} := $(X)").unwrap());
        text.push_str("it:\n\techo\n");
        vec![run("make it"), file("Makefile", text)]
    };
    let says = "the Makefile expands to too much";
    holds("expansion", says, &expanded(4 << 10), &expanded((4 << 10) + 1));
}

#[test]
fn an_assignment_of_a_justfile_has_a_length() {
    let just = |lines: usize| {
        let text = format!("x := '\n{}'\ngo:\n  echo\n", "abcdefghijklmno\n".repeat(lines));
        vec![run("just go"), file("justfile", text)]
    };
    // Seven bytes stand before the lines, and what is as long as the limit may end on the next one.
    let says = "following stopped: more than 16384 bytes of one line";
    holds("an assignment", says, &just(1_023), &just(1_024));
    // The recipe behind it is not taken for one that is missing.
    let open = vec![run("just go"), file("justfile", format!("{}go:\n  echo\n", "x := (\n".repeat(10_000)))];
    let report = graded(&open);
    assert!(report.level == 0 && text_of(&report).contains(says), "{:?}", report.cap);
}

#[test]
fn stages_of_a_dockerfile_have_a_number() {
    let build = |stages: usize, end: &str| {
        let head = format!("FROM scratch AS s0\nRUN {end}\n");
        let text: String = (1..stages).map(|n| format!("FROM s{} AS s{n}\nRUN echo\n", n - 1)).collect();
        vec![run("docker build ."), file("Dockerfile", head + &text)]
    };
    let says = "following stopped: more than 200 stages";
    holds("stages", says, &build(200, "echo"), &build(201, "echo"));
    assert_eq!(graded(&build(200, "npm publish")).level, 0);
}
