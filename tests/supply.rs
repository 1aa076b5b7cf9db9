//! What becomes part of the program: licences, sources, duplicates and minimum versions, by the lock file and `deny.toml`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;
use toml_edit::DocumentMut;

/// The packages that this platform builds, tests included.
fn packages() -> Vec<Value> {
    let host = Command::new(env!("CARGO")).args(["-vV"]).output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host").to_owned();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", &host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let used: BTreeSet<&str> = nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
    let all = metadata["packages"].as_array().unwrap();
    let packages: Vec<Value> = all.iter().filter(|p| used.contains(p["id"].as_str().unwrap())).cloned().collect();
    assert!(packages.len() > 50, "only {} packages", packages.len());
    packages
}

fn deny() -> DocumentMut {
    include_str!("../deny.toml").parse().expect("deny.toml")
}

fn name(package: &Value) -> String {
    format!("{} {}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap())
}

fn version(text: &str) -> Vec<u64> {
    text.split('.').map(|part| part.parse().expect("a number")).chain([0, 0, 0]).take(3).collect()
}

#[test]
fn no_dependency_needs_a_newer_compiler_than_we_promise() {
    let ours = version(env!("CARGO_PKG_RUST_VERSION"));
    for package in packages() {
        if let Some(theirs) = package["rust_version"].as_str() {
            assert!(version(theirs) <= ours, "{} needs Rust {theirs}", name(&package));
        }
    }
}

#[test]
fn every_dependency_is_from_the_registry() {
    let allowed = deny()["sources"]["allow-registry"][0].as_str().unwrap().to_owned();
    for package in packages() {
        match package["source"].as_str() {
            None => assert_eq!(package["name"], "truelevel"),
            Some(source) => assert_eq!(source, format!("registry+{allowed}"), "{}", name(&package)),
        }
    }
}

/// Whether one side of every `OR`, and both of every `AND`, is allowed.
fn permitted(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let text = expression.replace('/', " OR ").replace(['(', ')'], " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // `AND` binds stronger; in the one shape with parentheses, `(A OR B) AND C`, each part may be asked for by itself.
    match expression.contains('(') {
        true => text.split(" AND ").all(|part| part.split(" OR ").any(|one| allowed.contains(one))),
        false => text.split(" OR ").any(|side| side.split(" AND ").all(|one| allowed.contains(one))),
    }
}

#[test]
fn every_licence_is_permitted() {
    let deny = deny();
    let allowed = deny["licenses"]["allow"].as_array().unwrap();
    let allowed: BTreeSet<String> = allowed.iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    assert!(permitted("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed) && permitted("Unlicense/MIT", &allowed));
    assert!(!permitted("GPL-3.0", &allowed) && !permitted("MIT AND GPL-3.0", &allowed));
    for package in packages() {
        let licence = package["license"].as_str().unwrap_or_else(|| panic!("{} names no licence", name(&package)));
        assert!(permitted(licence, &allowed), "{}: {licence}", name(&package));
    }
}

#[test]
fn every_duplicate_is_reviewed() {
    let deny = deny();
    let skipped = deny["bans"]["skip"].as_array().unwrap();
    let skipped: BTreeSet<String> =
        skipped.iter().map(|one| one.as_inline_table().unwrap()["name"].as_str().unwrap().to_owned()).collect();
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        let list = versions.entry(package["name"].as_str().unwrap().to_owned()).or_default();
        list.push(package["version"].as_str().unwrap().to_owned());
    }
    versions.retain(|name, versions| versions.len() > 1 && !skipped.contains(name));
    assert_eq!(versions, BTreeMap::new(), "deny.toml says nothing of these");
}

/// Functions of the system that start a program, load code or open a connection.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64", target_endian = "little"))]
const REACHING_OUT: &[&str] = &[
    "execv",
    "execve",
    "execvp",
    "execvpe",
    "fexecve",
    "posix_spawn",
    "posix_spawnp",
    "fork",
    "vfork",
    "system",
    "popen",
    "dlopen",
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "getaddrinfo",
];

/// The names that a program looks up in the libraries of the system, from the one table of strings that is loaded with
/// it.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64", target_endian = "little"))]
fn looked_up(program: &std::path::Path) -> BTreeSet<String> {
    const STRINGS: usize = 3;
    const LOADED: usize = 2;
    let bytes = std::fs::read(program).unwrap();
    let number = |at: usize, size: usize| {
        bytes[at..at + size].iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let sections = (0..number(0x3c, 2)).map(|section| number(0x28, 8) + section * number(0x3a, 2));
    let table = sections.filter(|at| number(at + 4, 4) == STRINGS && number(at + 8, 8) & LOADED != 0);
    let table: Vec<&[u8]> = table.map(|at| &bytes[number(at + 24, 8)..][..number(at + 32, 8)]).collect();
    assert_eq!(table.len(), 1, "{}", program.display());
    table[0].split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// Not the program, and none of its dependencies.
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64", target_endian = "little"))]
fn the_program_can_start_no_other_and_open_no_connection() {
    let names = looked_up(env!("CARGO_BIN_EXE_truelevel").as_ref());
    assert!(names.len() > 50 && names.contains("write"), "{names:?}");
    let found: Vec<&&str> = REACHING_OUT.iter().filter(|name| names.contains(**name)).collect();
    assert!(found.is_empty(), "the program may call {found:?}");
    // This test starts cargo.
    let names = looked_up(&std::env::current_exe().unwrap());
    assert!(REACHING_OUT.iter().any(|name| names.contains(*name)), "{names:?}");
}
