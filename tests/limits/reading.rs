//! Sizes, depths and counts of what is read.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use truelevel::checkout::{Checkout, MAX_BUNDLE, MAX_DEPTH, MAX_FILE, MAX_FILES, MAX_PIPELINE};
use truelevel::model::Requirement;
use truelevel::settings::{MAX_BYTES, MAX_ENTRIES, MAX_TEXT};
use truelevel::syntax::conf::{self, Data, Value};
use truelevel::syntax::yaml;
use truelevel::{Options, grade_checkout};

use super::{BESIDE, GOOD, alone, file, graded, holds, run};

fn message(text: &str) -> String {
    yaml::parse(text).map_or_else(|error| error.message, |_| "read".to_owned())
}

fn padded(text: &str, size: u64) -> String {
    format!("{text}{}", "#".repeat(usize::try_from(size).unwrap() - text.len()))
}

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

#[test]
fn a_pipeline_and_a_file_have_a_size() {
    let says = "the file is larger than 2097152 bytes, so it was not read";
    for path in [BESIDE, ".gitlab-ci.yml", ".circleci/config.yml"] {
        let quiet = |size| vec![file(path, padded("on: pull_request\njobs: {}\n", size))];
        let report = graded(&quiet(MAX_PIPELINE));
        assert!(report.errors.is_empty(), "{path}: {:?}", report.errors);
        let report = graded(&quiet(MAX_PIPELINE + 1));
        assert_eq!((report.level, report.errors[0].message.as_str()), (0, says), "{path}");
    }
    let make = |size| vec![run("make it"), file("Makefile", padded("it:\n\techo\n", size))];
    let says = "the file is larger than 1048576 bytes, so it was not read";
    holds("a Makefile", says, &make(MAX_FILE), &make(MAX_FILE + 1));
    // The program of an action, with all its libraries in one file.
    let (path, called) = run("true");
    let called = called.replace("- run: |\n          true", "- uses: ./");
    let action = file("action.yml", "runs: { using: node24, main: dist/index.js }\n".to_owned());
    let with = |size| [(path.clone(), called.clone()), action.clone(), file("dist/index.js", padded("// ", size))];
    let says = "the file is larger than 8388608 bytes, so it was not read";
    holds("an action's program", says, &with(MAX_BUNDLE), &with(MAX_BUNDLE + 1));
}

#[test]
fn a_file_that_defines_runners_has_a_size() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/arc-kata-machine");
    let read = |path: &str| fs::read_to_string(fixture.join(path)).unwrap();
    let workflow = file(".github/workflows/release.yml", read(".github/workflows/release.yml"));
    let pool = |size| file("infra/runners.yaml", padded(&read("infra/runners.yaml"), size));
    let whole = alone(&[workflow.clone(), pool(1 << 16)]);
    assert!(whole.level > 1, "the control: {:?}", whole.cap);
    let fits = alone(&[workflow.clone(), pool(1 << 20)]);
    assert_eq!((fits.level, fits.errors.len()), (whole.level, 0));
    let says = "the file is larger than 1048576 bytes, so it was not read";
    // As a YAML file it might still be read, and as another not even that.
    for size in [(1 << 20) + 1, (2 << 20) + 1] {
        let exceeds = alone(&[workflow.clone(), pool(size)]);
        assert_eq!((exceeds.level, exceeds.errors.len()), (1, 1));
        assert_eq!(exceeds.errors[0].path, "infra/runners.yaml");
        assert_eq!(exceeds.cap.unwrap().requirement, Requirement::HostedBuild);
    }
    // Beside a pool that can be read, one that cannot may be unlike it. Data is no pool, and neither is an example.
    let beside = |path: &str, start: &str, size| {
        let report = alone(&[workflow.clone(), pool(1 << 16), file(path, padded(start, size))]);
        (report.level, report.errors.into_iter().map(|error| error.message).collect::<Vec<_>>())
    };
    let speaks = "{\"image\": \"ghcr.io/actions/actions-runner\"}";
    assert_eq!(beside("infra/more.json", speaks, (1 << 20) + 1), (1, vec![says.to_owned()]));
    assert_eq!(beside("docs/more.json", speaks, (1 << 20) + 1), (whole.level, Vec::new()));
    assert_eq!(beside("infra/more.json", "{}", (1 << 20) + 1), (whole.level, Vec::new()));
    // Who names it on the command line says that it is one.
    let named = |size| {
        let (elsewhere, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(elsewhere.path(), "runners.yaml", &pool(size).1);
        write(folder.path(), &workflow.0, &workflow.1);
        let checkout = Checkout::open(folder.path()).unwrap().with_slug("acme/widget");
        let options = Options { runner_config: vec![elsewhere.path().to_owned()], ..Options::default() };
        grade_checkout(&checkout, ".", &options)
    };
    let fits = named(1 << 20);
    assert_eq!((fits.level, fits.errors.len()), (whole.level, 0), "{:?}", fits.errors);
    let exceeds = named((1 << 20) + 1);
    assert_eq!(exceeds.level, 1);
    assert_eq!(exceeds.errors[0].message, "the file is larger than 1048576 bytes, so it was not read");
}

#[test]
fn yaml_has_a_depth_a_size_and_a_number_of_aliases_and_documents() {
    // The document is a level of its own for the sequences in it.
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = (1..2 * yaml::MAX_DEPTH).rfind(|depth| message(&nested(*depth)) == "read").unwrap();
    assert!(deepest.abs_diff(yaml::MAX_DEPTH) <= 1, "{deepest}");
    let text = message(&nested(deepest + 1));
    assert!(text.contains("nested more than 200 levels deep"), "{text}");

    let aliases = |count: usize| format!("a: &a x\nb: [{}]\n", vec!["*a"; count].join(", "));
    assert_eq!(message(&aliases(yaml::MAX_ALIASES)), "read");
    let text = message(&aliases(yaml::MAX_ALIASES + 1));
    assert!(text.contains("more than 10000 aliases"), "{text}");

    let documents = |count: usize| "--- a\n".repeat(count);
    assert_eq!(message(&documents(yaml::MAX_DOCUMENTS)), "read");
    let text = message(&documents(yaml::MAX_DOCUMENTS + 1));
    assert!(text.contains("more than 10000 documents"), "{text}");
}

#[test]
fn yaml_has_a_number_of_nodes() {
    // The sequence is a node, too.
    let items = |count: usize| format!("[{}]\n", vec!["a"; count].join(","));
    assert_eq!(message(&items(yaml::MAX_NODES - 1)), "read");
    let text = message(&items(yaml::MAX_NODES));
    assert!(text.contains("more than 500000 nodes"), "{text}");
}

#[test]
fn yaml_has_a_size_with_its_aliases_written_out() {
    // A thousand nodes for the original and for every copy, and a few around them.
    let copies = |count: usize| format!("a: &a [{}]\nb: [{}]\n", vec!["x"; 999].join(","), vec!["*a"; count].join(","));
    let says = "with its aliases the text amounts to more than 500000 nodes or 33554432 bytes";
    assert_eq!(message(&copies(498)), "read");
    assert!(message(&copies(499)).contains(says), "{}", message(&copies(499)));

    // 8 KiB for the original and for every copy, and two bytes of keys.
    let long = |count: usize| format!("a: &a {}\nb: [{}]\n", "x".repeat(8 << 10), vec!["*a"; count].join(","));
    assert_eq!(message(&long(4094)), "read");
    assert!(message(&long(4095)).contains(says), "{}", message(&long(4095)));

    // In a workflow each is an error that holds the level down.
    let report = graded(&[file(BESIDE, copies(499))]);
    assert_eq!((report.level, report.errors.len()), (0, 1), "{:?}", report.errors);
}

#[test]
#[cfg(unix)]
fn folders_lie_in_one_another_to_a_depth() {
    let root = tempfile::tempdir().unwrap();
    let place = |depth: usize| root.path().join(vec!["d"; depth].join("/"));
    fs::create_dir_all(place(MAX_DEPTH)).unwrap();
    fs::write(place(MAX_DEPTH).join("f"), "").unwrap();
    let checkout = Checkout::open(root.path()).unwrap();
    assert_eq!((checkout.files().len(), checkout.walk_problems().len()), (1, 0));
    fs::create_dir(place(MAX_DEPTH + 1)).unwrap();
    let checkout = Checkout::open(root.path()).unwrap();
    assert_eq!(checkout.walk_problems()[0].message, "the folder is more than 100 levels deep, so it was not read");
    let report = grade_checkout(&checkout, ".", &Options::default());
    assert_eq!((report.level, report.errors.len()), (0, 1));
}

#[test]
fn a_checkout_has_a_number_of_files_and_folders() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), ".github/workflows/release.yml", GOOD);
    for at in 0..8 {
        write(root.path(), &format!("d{at}/f"), "");
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

/// The folders of a checkout whose `hidden` may be listed.
fn listed(root: &Path) -> Vec<String> {
    let checkout = Checkout::open(root).unwrap();
    assert!(checkout.walk_problems().is_empty(), "{:?}", checkout.walk_problems());
    let hidden = checkout.files().iter().filter(|path| path.contains("hidden/"));
    hidden.map(|path| path.split("hidden/").next().unwrap().to_owned()).collect()
}

/// An ignore file of this size.
fn ignoring(size: usize) -> String {
    let rule = "\n/hidden\n";
    format!("{}{rule}", "#".repeat(size - rule.len()))
}

#[test]
fn an_ignore_file_has_a_size_beyond_which_it_hides_nothing() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "sub/hidden/f", "");
    for name in [".gitignore", ".ignore"] {
        write(root.path(), &format!("sub/{name}"), &ignoring(64 << 10));
        assert_eq!(listed(root.path()), [""; 0], "{name}");
        write(root.path(), &format!("sub/{name}"), &ignoring((64 << 10) + 1));
        assert_eq!(listed(root.path()), ["sub/"], "{name}");
        fs::remove_file(root.path().join(format!("sub/{name}"))).unwrap();
    }
}

#[test]
fn ignore_files_have_a_size_together_beyond_which_later_ones_hide_nothing() {
    let with = |last: usize| {
        let root = tempfile::tempdir().unwrap();
        for at in 0..16 {
            let size = if at == 15 { last } else { 64 << 10 };
            write(root.path(), &format!("s{at:02}/.gitignore"), &ignoring(size));
            write(root.path(), &format!("s{at:02}/hidden/f"), "");
        }
        write(root.path(), "s00/deeper/.gitignore", "/hidden\n");
        write(root.path(), "s00/deeper/hidden/f", "");
        listed(root.path())
    };
    // Of one depth all count, so that the order in which folders are read decides nothing.
    assert_eq!(with((64 << 10) - 1), [""; 0]);
    assert_eq!(with(64 << 10), ["s00/deeper/"]);
}

#[test]
fn a_file_of_git_has_a_size() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(".git")).unwrap();
    fs::write(root.path().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    let commit = "00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa";
    let line = format!("{commit} refs/heads/main\n");
    let revision = |size: u64| {
        fs::write(root.path().join(".git/packed-refs"), padded(&line, size)).unwrap();
        Checkout::open(root.path()).unwrap().revision().map(str::to_owned)
    };
    assert_eq!(revision(16 << 20).as_deref(), Some(commit));
    assert_eq!(revision((16 << 20) + 1), None);
    fs::remove_file(root.path().join(".git/packed-refs")).unwrap();
    let slug = |size: u64| {
        let config = "[remote \"origin\"]\n\turl = https://github.com/acme/widget\n";
        fs::write(root.path().join(".git/config"), padded(config, size)).unwrap();
        Checkout::open(root.path()).unwrap().slug().map(str::to_owned)
    };
    assert_eq!(slug(16 << 20).as_deref(), Some("acme/widget"));
    assert_eq!(slug((16 << 20) + 1), None);
}

/// The innermost value of lists in lists.
fn innermost(mut value: &Value) -> &Value {
    while let [inner, ..] = value.items() {
        value = inner;
    }
    value
}

#[test]
fn configuration_has_a_depth() {
    let path: Arc<str> = "a".into();
    let nested = |depth: usize| format!("x = {}1{}\n", "[".repeat(depth), "]".repeat(depth));
    let hcl = |depth: usize| {
        let (_, entries) = conf::hcl(&path, &nested(depth), &())?;
        innermost(&entries[0].value).int()
    };
    let toml = |depth: usize| innermost(Value::of_toml(&path, &nested(depth))?.get("x")?).int();
    let bicep = |depth: usize| {
        let text = format!("resource r 'a@1' = {{\n  x: {}1{}\n}}\n", "[\n".repeat(depth), "\n]".repeat(depth));
        innermost(conf::bicep(&path, &text).first()?.value.get("x")?).int()
    };
    let groovy = |depth: usize| {
        let text = format!("x({}1{})\n", "[".repeat(depth), "]".repeat(depth));
        let tree = conf::groovy(&path, &text);
        innermost(tree.get("x")?).int()
    };
    type Innermost<'r> = &'r dyn Fn(usize) -> Option<i64>;
    let readers: [(&str, Innermost<'_>); 4] = [("HCL", &hcl), ("TOML", &toml), ("Bicep", &bicep), ("Groovy", &groovy)];
    for (language, read) in readers {
        let deepest = (1..2 * conf::MAX_DEPTH).rfind(|depth| read(*depth) == Some(1));
        let deepest = deepest.unwrap_or_else(|| panic!("{language} is not read"));
        // The grammar libraries stop by themselves, at a depth of their own near this one.
        assert!(deepest.abs_diff(conf::MAX_DEPTH) <= 4, "{language}: {deepest}");
        for more in 1..=2 * conf::MAX_DEPTH {
            assert_eq!(read(deepest + more), None, "{language}: {deepest} and {more}");
        }
    }
}

/// Every name is this list.
struct List(Value);

impl conf::Names for List {
    fn name(&self, _: &str, _: &str) -> Option<Value> {
        Some(self.0.clone())
    }
}

#[test]
fn configuration_has_a_number_of_values_with_its_names_written_out() {
    let path: Arc<str> = "a".into();
    let attributes = |text: &str, names: &dyn conf::Names| conf::hcl(&path, text, names).unwrap().1;
    let list = attributes(&format!("a = [{}]\n", "1, ".repeat(999)), &()).remove(0).value;
    // The list and what is in it.
    let weight = 1_000;
    let names = List(list);
    let last = |copies: usize| {
        let text = format!("{}z = 1\n", (0..copies).map(|n| format!("a{n} = local.x\n")).collect::<String>());
        let entries = attributes(&text, &names);
        assert_eq!(entries.len(), copies + 1);
        entries.last().unwrap().value.data.clone()
    };
    assert_eq!(last(conf::MAX_VALUES / weight), Data::Number("1".to_owned()));
    assert_eq!(last(conf::MAX_VALUES / weight + 1), Data::Unknown(String::new()), "what comes later is unknown");

    let bicep = |copies: usize| {
        let mut text = format!("var l = [\n{}]\n", "  1\n".repeat(999));
        text.push_str("resource r 'a@1' = {\n");
        (0..copies).for_each(|n| writeln!(text, "  a{n}: l").unwrap());
        text.push_str("  z: l\n}\n");
        let found = conf::bicep(&path, &text);
        found[0].value.get("z").unwrap().items().len()
    };
    assert_eq!((bicep(conf::MAX_VALUES / weight), bicep(conf::MAX_VALUES / weight + 1)), (999, 0));
}

#[test]
fn settings_have_a_size() {
    let graded = |settings: String| graded(&[file("truelevel.yml", settings)]);
    let target = |id: &str, reason: &str| format!("  - {{ id: {id}, reason: {reason} }}\n");
    type Settings<'s> = &'s dyn Fn(usize) -> String;
    let sizes: [(&str, usize, Settings<'_>, &str); 4] = [
        (
            "the file",
            MAX_BYTES,
            &|size| padded("gate: { min-level: 0 }\n", size as u64),
            "the file is larger than 262144 bytes",
        ),
        (
            "a list",
            MAX_ENTRIES,
            &|count| {
                let entry = "  - { rule: unpinned-action, reason: a, expires: 2999-01-01 }\n";
                format!("accept:\n{}", entry.repeat(count))
            },
            "this list has more than 200 entries",
        ),
        (
            "a text",
            MAX_TEXT,
            &|size| format!("targets:\n{}", target("npm:a", &"x".repeat(size))),
            "this has more than 2000 characters",
        ),
        (
            "a pattern",
            200,
            &|size| format!("exclude: [{}]\n", "x".repeat(size)),
            "a pattern has more than 200 characters",
        ),
    ];
    for (what, limit, settings, says) in sizes {
        let report = graded(settings(limit));
        assert!(report.errors.is_empty(), "{what} fits: {:?}", report.errors);
        let report = graded(settings(limit + 1));
        assert_eq!((report.level, report.errors.len()), (0, 1), "{what}: {:?}", report.errors);
        let error = &report.errors[0];
        assert!(error.path == "truelevel.yml" && error.message.contains(says), "{what}: {error:?}");
    }
}
