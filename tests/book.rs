//! The book keeps its word: every command in it is run, what it prints is compared with what the page shows, every page
//! is in the table of contents, and every link leads somewhere.
//!
//! A block ```` ```sh ```` is run by bash in the root of the repository, with the program on `PATH` as `truelevel`; a
//! block ```` ```text ```` right behind it is what it prints, on both streams. ```` ```sh,needs-NAME ```` needs another
//! program besides; `.ci/run` provides them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The pages, by their path from the root.
fn pages() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("README.md")];
    for entry in fs::read_dir(Path::new(HERE).join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path.strip_prefix(HERE).unwrap().to_path_buf());
        }
    }
    found.sort();
    found
}

fn read(page: &Path) -> String {
    fs::read_to_string(Path::new(HERE).join(page)).unwrap()
}

struct Example {
    /// The page, and the words with which the script begins.
    name: String,
    script: String,
    /// Programs it needs besides.
    needs: Vec<String>,
    /// What it prints, where the page shows it.
    prints: Option<String>,
}

/// The examples of a page.
fn examples(page: &Path) -> Vec<Example> {
    let text = read(page);
    let mut found: Vec<Example> = Vec::new();
    let mut block: Option<(String, String)> = None;
    // Whether the last block was an example and nothing but its output may follow.
    let mut open = false;
    for event in Parser::new(&text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) => {
                block = Some((kind.to_string(), String::new()));
            }
            Event::Text(words) => match &mut block {
                Some((_, code)) => code.push_str(&words),
                None => open = false,
            },
            Event::End(TagEnd::CodeBlock) => {
                let Some((kind, code)) = block.take() else { continue };
                let mut words = kind.split(',');
                match words.next() {
                    Some("sh") => {
                        let needs = words.filter_map(|word| word.strip_prefix("needs-")).map(str::to_owned).collect();
                        let name = format!("{}: {}", page.display(), code.lines().next().unwrap_or_default());
                        found.push(Example { name, script: code, needs, prints: None });
                        open = true;
                    }
                    Some("text") if open => {
                        found.last_mut().unwrap().prints = Some(code);
                        open = false;
                    }
                    _ => open = false,
                }
            }
            _ => {}
        }
    }
    found
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[test]
fn every_example_of_the_book_does_what_its_page_says() {
    let programs = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(cargo_bin!("truelevel"), programs.path().join("truelevel")).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([programs.path().to_path_buf()].into_iter().chain(std::env::split_paths(&path)));

    let mut run = 0;
    for page in pages() {
        for example in examples(&page) {
            // Building the program is what the README's two commands do, and this test could not run without them.
            if example.script.lines().all(|line| line.starts_with("cargo ")) {
                continue;
            }
            if let Some(missing) = example.needs.iter().find(|program| !is_installed(program)) {
                assert!(std::env::var_os("TRUELEVEL_PEERS").is_none(), "{}: {missing} is not installed", example.name);
                continue;
            }
            run += 1;
            let output = Command::new("bash")
                .args(["--noprofile", "--norc", "-euo", "pipefail", "-c", &format!("exec 2>&1\n{}", example.script)])
                .current_dir(HERE)
                .env("PATH", path.as_ref().unwrap())
                .env("NO_COLOR", "1")
                .env_remove("GITHUB_STEP_SUMMARY")
                .output()
                .expect("bash runs");
            let printed = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success(), "{} ends with {}:\n{printed}", example.name, output.status);
            if let Some(prints) = example.prints {
                assert_eq!(printed, prints, "{}", example.name);
            }
        }
    }
    assert!(run > 5, "only {run} examples were found");
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let summary = read(Path::new("docs/SUMMARY.md"));
    let listed: BTreeSet<&str> = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let written: Vec<String> = pages()
        .iter()
        .filter_map(|page| page.strip_prefix("docs").ok())
        .map(|page| page.display().to_string())
        .filter(|page| page != "SUMMARY.md")
        .collect();
    assert_eq!(listed, written.iter().map(String::as_str).collect());
}

#[test]
fn every_link_of_the_book_leads_somewhere() {
    for page in pages() {
        let text = read(&page);
        let folder = Path::new(HERE).join(&page).parent().unwrap().to_owned();
        for event in Parser::new(&text) {
            let (Event::Start(Tag::Link { dest_url, .. }) | Event::Start(Tag::Image { dest_url, .. })) = event else {
                continue;
            };
            let (path, anchor) = dest_url.split_once('#').unwrap_or((&dest_url, ""));
            if path.contains("://") {
                continue;
            }
            let target = if path.is_empty() { Path::new(HERE).join(&page) } else { folder.join(path) };
            assert!(target.exists(), "{} links to {dest_url}", page.display());
            assert!(
                !page.starts_with("docs") || target.starts_with(Path::new(HERE).join("docs")) && !path.contains(".."),
                "{} leaves the book: {dest_url}",
                page.display()
            );
            if !anchor.is_empty() {
                let headings = fs::read_to_string(target).unwrap();
                assert!(
                    headings.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor),
                    "{dest_url}"
                );
            }
        }
    }
}

/// The anchor of a heading.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter_map(|c| if c == ' ' { Some('-') } else { (c.is_alphanumeric() || "-_".contains(c)).then_some(c) })
        .collect()
}

/// The tables of the action's inputs and outputs are its own.
#[test]
fn the_page_on_integrations_lists_what_the_action_takes() {
    let action: serde_yaml::Value = serde_yaml::from_str(&read(Path::new("action.yml"))).unwrap();
    let page = read(Path::new("docs/integrations.md"));
    for part in ["inputs", "outputs"] {
        for name in action[part].as_mapping().unwrap().keys() {
            let name = name.as_str().unwrap();
            assert!(page.contains(&format!("`{name}`")), "{part}: {name}");
        }
    }
}

/// Each requirement is explained, in cap order.
#[test]
fn the_page_on_grading_lists_the_requirements_in_cap_order() {
    let page = read(Path::new("docs/grading.md"));
    let mut rest = page.as_str();
    for card in &truelevel::catalogue::Catalogue::get().requirements {
        let row = format!("| `{}` | {} |", card.id, card.level);
        let at = rest.find(&row).unwrap_or_else(|| panic!("{row} is missing or out of order"));
        rest = &rest[at + row.len()..];
    }
}
