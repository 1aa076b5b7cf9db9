//! Targets of Mage: functions of Go files, as far as they start other programs with literal words.
//! Source: <https://magefile.org/targets/>, <https://magefile.org/dependencies/>

use std::collections::BTreeMap;
use std::sync::Arc;

use super::projects::piece;
use super::{Call, Entered, Piece, join};
use crate::model::{Text, Unread};

/// Go files of one package that are read.
const MOST_FILES: usize = 50;
/// Functions that one target leads to.
const MOST_FUNCTIONS: usize = 100;

/// A function of a magefile: its file, the line on which it starts, and its text.
struct Function {
    path: String,
    line: usize,
    text: String,
}

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if call.program != "mage" {
        return None;
    }
    let mut folder = call.folder.to_string();
    let mut targets: Vec<&str> = Vec::new();
    let mut words = call.arguments().iter().map(Text::as_str);
    while let Some(word) = words.next() {
        match word {
            "-d" | "-w" => folder = join(&folder, words.next()?),
            "-t" | "-gocmd" | "-goos" | "-goarch" | "-ldflags" | "-compile" => {
                words.next();
            }
            option if option.starts_with('-') => {}
            target => targets.push(target),
        }
    }
    if targets.is_empty() {
        return None;
    }
    let own = functions(call, &folder);
    let mut entered = Entered { what: format!("mage {}", targets.join(" ")), ..Entered::default() };
    let names: Vec<String> = targets.iter().map(|target| target.replace(':', ".").to_lowercase()).collect();
    entered.unread = Some(Unread::Absent(format!("line shows what the target `{}` does", targets.join(" "))));
    let mut open: Vec<&str> =
        own.keys().map(String::as_str).filter(|name| names.contains(&name.to_lowercase())).collect();
    let mut done: Vec<&str> = Vec::new();
    while let Some(name) = open.pop() {
        if done.contains(&name) || done.len() >= MOST_FUNCTIONS {
            continue;
        }
        done.push(name);
        let Some(function) = own.get(name) else { continue };
        entered.pieces.push(piece(function.text.clone(), "go", &function.path, function.line, call.folder));
        // Also as an argument: `mg.Deps(Build, Docker.Push)`.
        let called = function.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
        open.extend(called.filter_map(|word| own.get_key_value(word)).map(|(name, _)| name.as_str()));
    }
    Some(entered)
}

/// The functions of the magefiles in a folder, those of a namespace as `Docker.Push`.
fn functions(call: &Call<'_>, folder: &str) -> BTreeMap<String, Function> {
    let magefiles = join(folder, "magefiles");
    let there = call.checkout.under(&magefiles).next().is_some();
    let folder = if there { magefiles.as_str() } else { folder };
    let mut found = BTreeMap::new();
    for path in files(call, folder) {
        let Some(text) = read(call, &path) else { continue };
        let tagged = |line: &str| line.contains("+build mage") || line.contains("go:build mage");
        if !there && !text.lines().take(20).any(tagged) {
            continue;
        }
        let mut open: Option<(String, Function)> = None;
        for (number, line) in text.lines().enumerate() {
            if let Some(name) = line.strip_prefix("func ").and_then(name) {
                found.extend(open.take());
                open = Some((name, Function { path: path.clone(), line: number + 1, text: String::new() }));
            }
            if let Some((_, function)) = open.as_mut() {
                function.text.push_str(line);
                function.text.push('\n');
            }
            if line.starts_with('}') {
                found.extend(open.take());
            }
        }
        found.extend(open);
    }
    found
}

/// The name of a function behind `func`: `Build() error {`, `(Docker) Push() error {`.
fn name(head: &str) -> Option<String> {
    let (space, head) = match head.strip_prefix('(') {
        Some(rest) => {
            let (receiver, rest) = rest.split_once(')')?;
            (receiver.split_whitespace().next_back().map(|r| r.trim_start_matches('*')), rest.trim_start())
        }
        None => (None, head),
    };
    let name = head.split(['(', '[']).next().map(str::trim).filter(|name| !name.is_empty())?;
    Some(space.map_or_else(|| name.to_owned(), |space| format!("{space}.{name}")))
}

/// The Go files directly in a folder, tests left out.
fn files(call: &Call<'_>, folder: &str) -> Vec<String> {
    let own = |path: &str| {
        let below =
            if folder.is_empty() { path } else { path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/') };
        !below.contains('/') && below.ends_with(".go") && !below.ends_with("_test.go")
    };
    call.checkout.under(folder).filter(|path| own(path)).take(MOST_FILES).map(|path| path.to_string()).collect()
}

/// A file, as long as the checkout has not taken too much work.
fn read(call: &Call<'_>, path: &str) -> Option<Arc<str>> {
    let text = call.checkout.read(path).ok().filter(|_| !call.checkout.is_spent())?;
    call.checkout.spend(text.len() / 16);
    Some(text)
}

/// The Go program that a path names, file by file.
pub(super) fn sources(call: &Call<'_>, path: &str) -> Vec<Piece> {
    let files = if path.ends_with(".go") { vec![path.to_owned()] } else { files(call, path) };
    let read = |path: String| {
        let text = call.checkout.is_there(&path).then(|| read(call, &path))??;
        Some(piece(text.to_string(), "go", &path, 1, call.folder))
    };
    files.into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::entered;
    use super::enter;

    #[test]
    fn a_target_is_read_with_what_it_depends_on() {
        let file = "//go:build mage\npackage main\n\nfunc Build() error {\n\treturn sh.Run(\"make\")\n}\n\nfunc (Docker) Push() error {\n\tmg.Deps(Build)\n\treturn sh.RunV(\"docker\", \"push\", \"x\")\n}\n\nfunc Lint() {}\n";
        let lines = |command: &str| {
            let entered = entered(enter, &[("magefile.go", file)], &[], command);
            entered.map(|e| e.pieces.iter().map(|p| p.line).collect::<Vec<_>>()).unwrap_or_default()
        };
        assert_eq!(lines("mage -v docker:push"), [8, 4]);
        assert_eq!(lines("mage build"), [4]);
        assert!(lines("mage -l").is_empty() && lines("mage gone").is_empty());
    }
}
