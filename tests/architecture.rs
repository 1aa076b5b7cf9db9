//! A checkout flows one way through the stages (docs/design.md), and so do the imports: what comes later may use what
//! comes earlier, never the other way round.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of src/ by their place in the flow. An edge has to lead to a lower number.
const FLOW: &[(&str, u8)] = &[
    // The vocabulary of all, and what the tool knows.
    ("model", 0),
    ("catalogue", 1),
    // READ
    ("checkout", 2),
    ("syntax", 3),
    ("settings", 4),
    ("claims", 4),
    // LOWER: platforms hand their scripts to `commands`; neither platforms nor runners know the other.
    ("commands", 4),
    ("platforms", 5),
    ("runners", 5),
    // LINK, JUDGE, GRADE, SHOW
    ("release", 6),
    ("rules", 7),
    ("grade", 8),
    ("report", 9),
    // The library's root holds the flow together, so no stage uses it; the command line and the program do.
    ("inventory", 10),
    ("lib", 11),
    ("cli", 12),
    ("main", 13),
];

/// Edges against the numbers above.
const EXCEPTIONS: &[(&str, &str)] = &[
    // The types of the report are the vocabulary of the output: GRADE fills them in, the renderers show them. What
    // `grade` may name of `report` is limited below.
    ("grade", "report"),
];

/// Edges along the numbers that a rule of the house forbids all the same.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("checkout", "catalogue", "what is read does not depend on what the tool knows"),
    ("syntax", "catalogue", "syntax knows no CI platform"),
    ("syntax", "checkout", "syntax gets text, not files"),
    ("release", "platforms", "what a platform says is in the model"),
    ("release", "runners", "what a runner shape says is in the model"),
    ("rules", "platforms", "what a platform says is in the model"),
    ("rules", "runners", "what a runner shape says is in the model"),
    ("grade", "checkout", "a level follows from verdicts, not from files"),
    ("grade", "release", "a level follows from verdicts, not from links"),
    ("grade", "rules", "a level follows from verdicts, however they were reached"),
    ("report", "checkout", "no renderer reads a file"),
    ("report", "rules", "no renderer judges"),
    ("report", "grade", "no renderer decides"),
    ("report", "release", "a renderer shows the report, which says all"),
];

/// Items that a stage may not name, whatever module edge they are part of.
const FORBIDDEN_ITEMS: &[(&str, &str, &str)] = &[
    ("rules", "syntax::yaml", "no rule reads YAML"),
    ("grade", "report::human", "grading does not render"),
    ("grade", "report::json", "grading does not render"),
];

/// A use of one module by another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: String,
    /// The path behind `crate::`, such as `syntax::yaml::Node`.
    to: String,
    /// File and line.
    place: String,
}

fn place(module: &str) -> Option<u8> {
    FLOW.iter().find(|(name, _)| *name == module).map(|(_, place)| *place)
}

/// What is wrong with the edges.
fn violations(edges: &[Edge]) -> Vec<String> {
    let mut found = Vec::new();
    for Edge { from, to, place: at } in edges {
        let module = to.split("::").next().unwrap_or_default();
        let Some(source) = place(from) else {
            found.push(format!("{at}: the module `{from}` has no place in the flow"));
            continue;
        };
        // What is no module is an item of the library's root.
        let target = place(module).unwrap_or_else(|| place("lib").unwrap());
        if from == module {
            continue;
        }
        if target >= source && !EXCEPTIONS.contains(&(from.as_str(), module)) {
            found.push(format!("{at}: `{from}` uses `{to}`, which is not below it in the flow"));
        }
        for (_, _, why) in FORBIDDEN.iter().filter(|(one, other, _)| one == from && *other == module) {
            found.push(format!("{at}: `{from}` uses `{to}`: {why}"));
        }
        let names = |item: &str| to == item || to.strip_prefix(item).is_some_and(|rest| rest.starts_with("::"));
        for (_, _, why) in FORBIDDEN_ITEMS.iter().filter(|(one, item, _)| one == from && names(item)) {
            found.push(format!("{at}: `{from}` uses `{to}`: {why}"));
        }
    }
    found
}

/// Every path behind `crate::`, groups such as `crate::{model::Job, report}` taken apart, with its line. Comments and
/// the file's own module are of no interest. `super` is followed where it leaves the stage: `modules` is the number of
/// modules on the way from the root to this file.
fn paths(text: &str, modules: usize) -> Vec<(usize, String)> {
    let code: String = text
        .lines()
        .map(|line| match line.trim_start() {
            comment if comment.starts_with("//") => "\n".to_owned(),
            _ => format!("{line}\n"),
        })
        .collect();
    // As many `super` as there are modules above lead to the root. Inside an inline module that is one step too few,
    // so only the names of stages count.
    let out = "super::".repeat(modules);
    let mut starts: Vec<usize> = Vec::new();
    for prefix in [Some("crate::"), (modules > 0).then_some(out.as_str())].into_iter().flatten() {
        for (at, _) in code.match_indices(prefix) {
            let inside = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':' || c == '$');
            let rest = &code[at + prefix.len()..];
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !inside && (prefix == "crate::" || place(&name).is_some()) {
                starts.push(at + prefix.len());
            }
        }
    }
    let mut found = Vec::new();
    for start in starts {
        let line = code[..start].matches('\n').count() + 1;
        let rest = &code[start..];
        found.extend(expand(rest).into_iter().map(|path| (line, path)));
    }
    found.sort();
    found
}

/// The paths that a text starts with: `a::b` is one, `a::{b, c::{d, e}}` are three.
fn expand(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let Some(group) = rest.strip_prefix('{').filter(|_| head.is_empty() || head.ends_with("::")) else {
        return vec![head.trim_end_matches(':').to_owned()];
    };
    let (mut depth, mut from, mut members) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                members.push(group[from..at].trim());
                from = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    let members = members.into_iter().filter(|member| !member.is_empty());
    members.flat_map(expand).map(|member| format!("{head}{member}")).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The edges of src/.
fn edges() -> Vec<Edge> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut edges = Vec::new();
    for file in files {
        let inner = file.strip_prefix(&root).unwrap();
        let mut modules: Vec<String> =
            inner.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        let from = modules[0].clone();
        if modules.last().is_some_and(|last| last == "mod") {
            modules.pop();
        }
        for (line, to) in paths(&fs::read_to_string(&file).unwrap(), modules.len()) {
            let place = format!("src/{}:{line}", inner.display());
            edges.push(Edge { from: from.clone(), to, place });
        }
    }
    edges.sort();
    edges
}

fn edge(from: &str, to: &str) -> Edge {
    Edge { from: from.to_owned(), to: to.to_owned(), place: "here:1".to_owned() }
}

#[test]
fn imports_go_down_the_flow() {
    let edges = edges();
    assert!(edges.len() > 100, "only {} edges were seen", edges.len());
    let violations = violations(&edges);
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_exception_is_needed() {
    let edges = edges();
    for (from, to) in EXCEPTIONS {
        let used = |edge: &Edge| edge.from == *from && edge.to.split("::").next() == Some(to);
        assert!(edges.iter().any(used), "nothing in `{from}` uses `{to}` any more");
    }
}

#[test]
fn every_module_has_a_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let modules: BTreeSet<String> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let placed: BTreeMap<_, _> = FLOW.iter().copied().collect();
    assert_eq!(modules.iter().map(String::as_str).collect::<Vec<_>>(), placed.keys().copied().collect::<Vec<_>>());
}

#[test]
fn edges_that_go_up_are_found() {
    let good = [
        edge("report", "model::Level"),
        edge("grade", "report::Report"),
        edge("rules", "release::Linked"),
        edge("rules", "syntax::pattern"),
        edge("cli", "check"),
        edge("platforms", "commands::Scripts"),
        edge("syntax", "syntax::shell"),
    ];
    assert_eq!(violations(&good), Vec::<String>::new());
    let bad = [
        edge("checkout", "syntax::yaml"),
        edge("release", "rules"),
        edge("model", "catalogue::Card"),
        edge("runners", "platforms::github"),
        edge("platforms", "runners"),
        edge("rules", "syntax::yaml::Node"),
        edge("report", "grade::grade"),
        edge("grade", "report::json"),
        edge("rules", "check"),
        edge("new_module", "model"),
    ];
    for edge in bad {
        assert_eq!(violations(std::slice::from_ref(&edge)).len(), 1, "{edge:?}");
    }
}

#[test]
fn imports_are_seen_in_all_their_forms() {
    let text = "\
// use crate::never;
use crate::model::{self, Job, inner::{A, B}};
use crate::{
    syntax::yaml,
    report,
};
fn f(x: &crate::grade::Graded) { other_crate::g(); $crate::h(); }
use super::super::release::Linked;
use super::sibling;
";
    let seen = paths(text, 2);
    let seen: Vec<_> = seen.iter().map(|(line, path)| (*line, path.as_str())).collect();
    let wanted = [
        (2, "model::Job"),
        (2, "model::inner::A"),
        (2, "model::inner::B"),
        (2, "model::self"),
        (3, "report"),
        (3, "syntax::yaml"),
        (7, "grade::Graded"),
        (8, "release::Linked"),
    ];
    assert_eq!(seen, wanted);
}

/// Ways out of the program: other programs, other code, the network.
const WAYS_OUT: &[&str] = &[
    "process::Command",
    "os::unix::process",
    "os::windows::process",
    "std::net",
    "os::unix::net",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "ToSocketAddrs",
    "libc::",
    "rustix::",
    "windows_sys::",
    "extern \"C\"",
    "asm!",
];

/// The code of a source file, without comments and without its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// What of `std::process` is no way out.
const ENDS: &[&str] = &["std::process::ExitCode", "std::process::exit"];

/// The ways out that a source file takes. Of `std::process` only its own end may be named, however it is imported.
fn ways_out(text: &str) -> Vec<String> {
    let code = code(text);
    let mut found: Vec<String> =
        WAYS_OUT.iter().filter(|way| code.contains(*way)).map(|way| (*way).to_owned()).collect();
    for start in code.match_indices("std::").map(|(at, _)| at) {
        let named = expand(&code[start..]);
        let other = |path: &&String| path.starts_with("std::process") && !ENDS.contains(&path.as_str());
        found.extend(named.iter().filter(other).cloned());
        found.extend(named.iter().filter(|path| path.starts_with("std::net")).cloned());
    }
    found.sort();
    found.dedup();
    found
}

#[test]
fn nothing_starts_a_program_or_opens_a_connection() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    files.retain(|file| !file.iter().any(|part| part == "tests" || part == "tests.rs"));
    assert!(files.len() > 100, "only {} files were seen", files.len());
    for file in files {
        let found = ways_out(&fs::read_to_string(&file).unwrap());
        assert_eq!(found, [""; 0], "{}", file.display());
    }
}

#[test]
fn ways_out_are_seen_in_all_their_forms() {
    for text in [
        "use std::process::{Command, ExitCode};\n",
        "use std::{fs, process};\n",
        "use std::{process::{self}};\n",
        "fn f() { std::process::Command::new(\"x\"); }\n",
        "use std::net::TcpStream;\n",
        "use std::{io, net::ToSocketAddrs};\n",
        "use std::os::unix::process::CommandExt;\n",
        "unsafe { libc::fork() };\n",
    ] {
        assert!(!ways_out(text).is_empty(), "{text}");
    }
    for text in [
        "use std::process::ExitCode;\n",
        "// std::process::Command\n",
        "#[cfg(test)]\nmod tests {\nuse std::net::TcpStream;\n",
    ] {
        assert!(ways_out(text).is_empty(), "{text}");
    }
}

/// Stages that ask the entries of the catalogue what they say, and never which ones they are: what sets an entry apart is
/// a field of it. In the stages before them the name of a tool may be that of an entry as well.
const ASKING: &[&str] = &["release", "rules", "grade", "grade.rs"];

/// The ids of the entries in the files of the catalogue.
fn ids() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap());
    texts.flat_map(|text| text.lines().filter_map(id_of).collect::<Vec<_>>()).collect()
}

fn id_of(line: &str) -> Option<String> {
    line.trim_start().strip_prefix("- id: ").map(|id| id.trim().to_owned())
}

/// Where code tells an entry by its id: a literal that is one, or part of one that an id is held against.
fn told_by_id(text: &str, ids: &BTreeSet<String>) -> Vec<String> {
    let code = code(text);
    let literals = code.lines().flat_map(|line| line.split('"').skip(1).step_by(2));
    let mut found: Vec<String> = literals.filter(|word| ids.contains(*word)).map(str::to_owned).collect();
    let asks = ["starts_with(", "ends_with(", "contains("].map(|way| format!(".id.{way}"));
    let lends = ["sink", "producer", "builder"].map(|entry| format!("{entry}.id.as_str()"));
    found.extend(asks.into_iter().chain(lends).filter(|way| code.contains(way)));
    found
}

#[test]
fn no_entry_of_the_catalogue_is_told_by_its_id() {
    let ids = ids();
    assert!(ids.len() > 400, "only {} ids were seen", ids.len());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for stage in ASKING {
        match source.join(stage) {
            folder if folder.is_dir() => sources(&folder, &mut files),
            file => files.push(file),
        }
    }
    assert!(files.len() > 50, "only {} files were seen", files.len());
    for file in files {
        let found = told_by_id(&fs::read_to_string(&file).unwrap(), &ids);
        assert_eq!(found, [""; 0], "{}", file.display());
    }
}

#[test]
fn entries_told_by_their_id_are_seen_in_all_their_forms() {
    let ids = BTreeSet::from(["rush-publish".to_owned()]);
    for text in [
        "const ID: &str = \"rush-publish\";\n",
        "if publish.sink.id == \"rush-publish\" {}\n",
        "if sink.id.starts_with(\"rush\") {}\n",
        "let id = publish.sink.id.as_str();\n",
    ] {
        assert!(!told_by_id(text, &ids).is_empty(), "{text}");
    }
    for text in ["// \"rush-publish\"\n", "let why = \"rush-publish is a sink\";\n", "rule: sink.id.clone(),\n"] {
        assert_eq!(told_by_id(text, &ids), [""; 0], "{text}");
    }
    assert_eq!(id_of("  - id: rush-publish").as_deref(), Some("rush-publish"));
}
