//! The report in the README is one that was printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod support;

use std::path::Path;

use support::run;

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const BEFORE: &str = "<!-- report: tests/readme.rs keeps it true -->\n```text\n";
const AFTER: &str = "```\n";

/// `UPDATE_README=1 cargo test --test readme` writes the report as it is printed now.
#[test]
fn the_report_in_the_readme_is_the_one_that_is_printed() {
    let seen = run(Path::new(HERE), &["check", "fixtures/seed-reused-pods"], &[]);
    assert_eq!((seen.code, seen.err.as_str()), (0, ""));

    let file = Path::new(HERE).join("README.md");
    let readme = std::fs::read_to_string(&file).unwrap();
    let (head, rest) = readme.split_once(BEFORE).expect("the README shows a report");
    let (report, tail) = rest.split_once(AFTER).expect("the report ends");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(file, format!("{head}{BEFORE}{}{AFTER}{tail}", seen.out)).unwrap();
        return;
    }
    assert!(report == seen.out, "the README shows another report than is printed:\n{}", seen.out);
}

/// What the README asks to run is what `.ci/run` runs, and the README's links lead to files.
#[test]
fn the_readme_names_its_commands_and_its_links_hold() {
    let root = Path::new(HERE);
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    for command in ["cargo run --release -- check fixtures/seed-reused-pods\n", "cargo test\n"] {
        assert!(readme.contains(command), "{command}");
    }
    let ci = std::fs::read_to_string(root.join(".ci/run")).unwrap();
    assert!(ci.contains("cargo test\n"));
    for page in ["README.md", "docs/README.md", "docs/design.md", "CHANGELOG.md"] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let folder = root.join(page).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            let outside = link.contains("://") || path.is_empty();
            assert!(outside || folder.join(path).exists(), "{page} links to {link}");
        }
    }
}
