//! `make TARGET`: the recipes of a target and of what it needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Call, Entered, Piece, join};
use crate::checkout::Checkout;
use crate::model::Text;
use crate::syntax::makefile::{self, Entry, Rule};

/// Included files, one in another.
const MOST_INCLUDES: usize = 32;
/// Rules entered for one command.
const MOST_RULES: usize = 200;
/// Reference inside reference.
const DEEPEST_REFERENCE: usize = 12;

struct Book {
    variables: Vec<(String, String)>,
    rules: Vec<(Arc<str>, Rule)>,
}

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if !matches!(call.program(), "make" | "gmake" | "$(MAKE)" | "${MAKE}") {
        return None;
    }
    let mut folder = call.folder.as_str().to_owned();
    let mut file = None;
    let mut targets: Vec<&str> = Vec::new();
    let mut overrides: Vec<(String, String)> = Vec::new();
    let mut words = call.arguments().iter().map(Text::as_str);
    while let Some(word) = words.next() {
        match word {
            "-C" | "--directory" => folder = join(&folder, words.next()?),
            "-f" | "--file" | "--makefile" => file = words.next().map(str::to_owned),
            "-n" | "--dry-run" | "--just-print" | "--recon" | "-q" | "--question" | "--version" | "--help" => {
                return None;
            }
            "-j" | "-l" | "-o" | "-W" | "-I" => {}
            w if w.starts_with("--directory=") => folder = join(&folder, w.split_once('=')?.1),
            w if w.starts_with("-C") => folder = join(&folder, w.get(2..)?),
            w if w.starts_with("-f") => file = w.get(2..).map(str::to_owned),
            w if w.starts_with('-') => {}
            w => match w.split_once('=') {
                Some((name, value)) => overrides.push((name.trim_end_matches([':', '?']).to_owned(), value.to_owned())),
                None if w.chars().all(|c| c.is_ascii_digit()) => {}
                None => targets.push(w),
            },
        }
    }
    let candidates = match file {
        Some(file) => vec![file],
        None => ["GNUmakefile", "makefile", "Makefile"].map(str::to_owned).to_vec(),
    };
    let path = candidates.iter().map(|f| join(&folder, f)).find(|p| call.checkout.exists(p));
    let what = format!("make {}", targets.join(" ")).trim_end().to_owned();
    let Some(path) = path else {
        let unread = Some(format!("no Makefile in `{}`", if folder.is_empty() { "." } else { &folder }));
        return Some(Entered { what, unread, ..Entered::default() });
    };
    let mut book = Book { variables: Vec::new(), rules: Vec::new() };
    for (name, value) in call.env {
        book.variables.push((name.clone(), value.as_str().to_owned()));
    }
    book.variables.push(("CURDIR".to_owned(), ".".to_owned()));
    book.variables.push(("MAKE".to_owned(), "make".to_owned()));
    let fixed: BTreeSet<String> = overrides.iter().map(|(n, _)| n.clone()).collect();
    book.variables.extend(overrides.iter().cloned());
    let mut read = 0;
    load(call.checkout, &path, &folder, &mut book, &fixed, &mut read);
    if targets.is_empty() {
        let first = book.rules.iter().map(|(_, r)| expand(&r.targets, &book.variables, 0));
        let goal = book.variables.iter().rev().find(|(n, _)| n == ".DEFAULT_GOAL").map(|(_, v)| v.clone());
        let default = goal.or_else(|| first.into_iter().find(|t| !t.starts_with('.') && !t.contains('%')));
        let target = default?;
        let first = target.split_whitespace().next()?.to_owned();
        return Some(run(&book, &[first.as_str()], what, &folder));
    }
    Some(run(&book, &targets, what, &folder))
}

fn load(checkout: &Checkout, path: &str, folder: &str, book: &mut Book, fixed: &BTreeSet<String>, read: &mut usize) {
    *read += 1;
    if *read > MOST_INCLUDES {
        return;
    }
    let Ok(text) = checkout.read(path) else { return };
    let parsed = makefile::parse(&text);
    let file: Arc<str> = Arc::from(path);
    for entry in parsed.entries {
        match entry {
            Entry::Variable { name, operator, value } => {
                let name = expand(&name, &book.variables, 0);
                if fixed.contains(&name) {
                    continue;
                }
                let known = book.variables.iter().rposition(|(n, _)| *n == name);
                let value = match operator.as_str() {
                    "!=" => format!("$(shell {value})"),
                    ":=" | "::=" => expand(&value, &book.variables, 0),
                    _ => value,
                };
                match (operator.as_str(), known) {
                    ("?=", Some(_)) => {}
                    ("+=", Some(at)) => {
                        if let Some((_, old)) = book.variables.get_mut(at) {
                            old.push(' ');
                            old.push_str(&value);
                        }
                    }
                    (_, Some(at)) => {
                        if let Some((_, old)) = book.variables.get_mut(at) {
                            *old = value;
                        }
                    }
                    (_, None) => book.variables.push((name, value)),
                }
            }
            Entry::Include(files) => {
                for file in expand(&files, &book.variables, 0).split_whitespace() {
                    load(checkout, &join(folder, file), folder, book, fixed, read);
                }
            }
        }
    }
    book.rules.extend(parsed.rules.into_iter().map(|r| (Arc::clone(&file), r)));
}

fn run(book: &Book, targets: &[&str], what: String, folder: &str) -> Entered {
    let mut entered = Entered { what, ..Entered::default() };
    let mut done: BTreeSet<String> = BTreeSet::new();
    for target in targets {
        visit(book, target, folder, &mut done, &mut entered, 0);
    }
    if entered.pieces.is_empty() && done.is_empty() {
        entered.unread = Some(format!("no rule makes `{}`", targets.join(" ")));
    }
    entered
}

fn visit(book: &Book, target: &str, folder: &str, done: &mut BTreeSet<String>, entered: &mut Entered, depth: usize) {
    if depth > MOST_RULES || done.len() > MOST_RULES {
        entered.unread = Some(format!("more than {MOST_RULES} make rules lead on from here"));
        return;
    }
    let matching: Vec<(&Arc<str>, &Rule, Option<String>)> = book
        .rules
        .iter()
        .filter_map(|(path, rule)| {
            let targets = expand(&rule.targets, &book.variables, 0);
            let stem = targets.split_whitespace().find_map(|t| fits(t, target))?;
            Some((path, rule, stem))
        })
        .collect();
    if matching.is_empty() || !done.insert(target.to_owned()) {
        return;
    }
    // An explicit rule takes the place of pattern rules.
    let explicit = matching.iter().any(|(_, r, stem)| stem.is_none() && !r.recipe.is_empty());
    for (path, rule, stem) in matching {
        if explicit && stem.is_some() {
            continue;
        }
        let mut local: Vec<(String, String)> = book.variables.clone();
        local.push(("@".to_owned(), target.to_owned()));
        local.push(("*".to_owned(), stem.clone().unwrap_or_default()));
        let prerequisites = expand(&rule.prerequisites, &local, 0);
        for needed in prerequisites.split_whitespace().filter(|p| *p != "|") {
            let needed = stem.as_deref().map_or(needed.to_owned(), |s| needed.replace('%', s));
            visit(book, &needed, folder, done, entered, depth + 1);
        }
        local.push(("<".to_owned(), prerequisites.split_whitespace().next().unwrap_or_default().to_owned()));
        local.push(("^".to_owned(), prerequisites.clone()));
        for (line, recipe) in &rule.recipe {
            let text = expand(recipe.trim_start().trim_start_matches(['@', '-', '+', ' ']), &local, 0);
            entered.pieces.push(Piece {
                text,
                shell: "sh".to_owned(),
                path: Arc::clone(path),
                line: *line,
                env: Vec::new(),
                folder: Text::new(folder),
                positional: Vec::new(),
            });
        }
    }
}

/// Whether a rule's target is this one: `None` inside for a plain match, the stem for a pattern.
fn fits(pattern: &str, target: &str) -> Option<Option<String>> {
    if pattern == target {
        return Some(None);
    }
    let (head, tail) = pattern.split_once('%')?;
    let stem = target.strip_prefix(head)?.strip_suffix(tail)?;
    (!stem.is_empty()).then(|| Some(stem.to_owned()))
}

/// A text with its make references resolved. What only a run can tell becomes an unknown; `$$` is the shell's `$`.
fn expand(text: &str, variables: &[(String, String)], depth: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        // What is unknown already.
        if let Some(inner) = tail.strip_prefix("${{") {
            let end = inner.find("}}").map_or(tail.len(), |e| e + 5);
            let (symbol, after) = tail.split_at(end.min(tail.len()));
            out.push_str(symbol);
            rest = after;
            continue;
        }
        let after = tail.get(1..).unwrap_or_default();
        match after.chars().next() {
            Some('$') => {
                out.push('$');
                rest = after.get(1..).unwrap_or_default();
            }
            Some(open @ ('(' | '{')) => {
                let Some(end) = closing(after, open) else {
                    out.push('$');
                    rest = after;
                    continue;
                };
                out.push_str(&reference(after.get(1..end).unwrap_or_default(), variables, depth));
                rest = after.get(end + 1..).unwrap_or_default();
            }
            Some(c) => {
                out.push_str(&reference(&c.to_string(), variables, depth));
                rest = after.get(c.len_utf8()..).unwrap_or_default();
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn closing(text: &str, open: char) -> Option<usize> {
    let close = if open == '(' { ')' } else { '}' };
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

fn reference(inner: &str, variables: &[(String, String)], depth: usize) -> String {
    if depth > DEEPEST_REFERENCE {
        return "${{ make.recursive }}".to_owned();
    }
    let inner_name = expand(inner, variables, depth + 1);
    if let Some((_, value)) = variables.iter().rev().find(|(n, _)| *n == inner_name) {
        return expand(value, variables, depth + 1);
    }
    let (function, argument) = inner_name.split_once(char::is_whitespace).unwrap_or((&inner_name, ""));
    match function {
        "strip" => argument.split_whitespace().collect::<Vec<_>>().join(" "),
        "shell" => format!(
            "${{{{ shell({}) }}}}",
            argument.split_whitespace().collect::<Vec<_>>().join(" ").replace("}}", "} }")
        ),
        "or" => argument.split(',').map(str::trim).find(|a| !a.is_empty()).unwrap_or_default().to_owned(),
        "addprefix" => argument
            .split_once(',')
            .map(|(p, list)| list.split_whitespace().map(|w| format!("{}{w}", p.trim())).collect::<Vec<_>>().join(" "))
            .unwrap_or_default(),
        "info" | "warning" | "error" | "eval" => String::new(),
        _ if !argument.is_empty() || inner_name.contains(':') => "${{ make.function }}".to_owned(),
        // An unset variable is empty, but the environment may set it.
        name => format!("${{{{ env.{name} }}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::Checkout;

    fn recipes(makefile: &str, command: &str) -> Vec<String> {
        let checkout = Checkout::in_memory([("Makefile".to_owned(), makefile.as_bytes().to_vec())], None);
        let words: Vec<Text> = command.split(' ').map(Text::from).collect();
        let call = Call { checkout: &checkout, words: &words, folder: &Text::default(), env: &[] };
        let entered = enter(&call).expect("a make command");
        entered.pieces.iter().map(|p| format!("{}: {}", p.line, p.text)).collect()
    }

    #[test]
    fn prerequisites_run_first_and_variables_are_resolved() {
        let makefile = "IMG := ghcr.io/acme/widget\npush: build\n\t@docker push $(IMG):$(TAG)\nbuild:\n\tdocker build -t $(IMG) .\nunused:\n\tnpm publish\n";
        assert_eq!(
            recipes(makefile, "make push TAG=v1"),
            ["5: docker build -t ghcr.io/acme/widget .", "3: docker push ghcr.io/acme/widget:v1"]
        );
    }

    #[test]
    fn a_pattern_rule_has_a_stem() {
        assert_eq!(recipes("push-%:\n\tdocker push acme/$*\n", "make push-web"), ["2: docker push acme/web"]);
    }

    #[test]
    fn what_only_a_run_tells_is_unknown() {
        let makefile = "V = $(shell git describe)\nall:\n\tdocker push a:$(V) $$HOME\n";
        assert_eq!(recipes(makefile, "make"), ["3: docker push a:${{ shell(git describe) }} $HOME"]);
    }

    #[test]
    fn a_dry_run_leads_nowhere() {
        let checkout = Checkout::in_memory([("Makefile".to_owned(), b"a:\n\tnpm publish\n".to_vec())], None);
        let words: Vec<Text> = ["make", "-n", "a"].map(Text::from).to_vec();
        let call = Call { checkout: &checkout, words: &words, folder: &Text::default(), env: &[] };
        assert!(enter(&call).is_none());
    }
}
