//! `make TARGET`: the recipes of a target and of what it needs.

mod functions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Call, Entered, Piece, join};
use crate::checkout::Checkout;
use crate::commands::Choices;
use crate::model::{Bound, Text, Unread};
use crate::syntax::makefile::{self, Condition, Entry, Variable};

/// Included files, one in another.
const MOST_INCLUDES: usize = 64;
/// Rules entered for one command.
const MOST_RULES: usize = 200;
/// Text that expands to rules, one in another.
const DEEPEST_EVALUATION: usize = 8;
/// References resolved for one command.
const MOST_REFERENCES: usize = 50_000;
/// Bytes that expansion may make for one command.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A value, and whether references in it are still open.
#[derive(Debug, Clone)]
struct Value {
    text: String,
    open: bool,
}

struct Rule {
    path: Arc<str>,
    targets: Vec<String>,
    /// The target pattern of a static pattern rule.
    pattern: Option<String>,
    prerequisites: String,
    recipe: Vec<(u32, String)>,
}

/// What is known while the Makefiles of one command are read and run.
struct Make<'c> {
    checkout: &'c Checkout,
    folder: String,
    variables: BTreeMap<String, Value>,
    /// Variables that the platform sets, below all others.
    platform: &'c dyn Fn(&str) -> Option<Text>,
    /// What a line of shell prints, where reading tells.
    shell: &'c dyn Fn(&str, &str) -> Option<Text>,
    choices: Choices,
    /// Values for a target, a loop or a call; the last one counts.
    locals: Vec<(String, Value)>,
    /// Set on the command line; files do not change them.
    fixed: BTreeMap<String, String>,
    /// What recipes find in their environment.
    exported: BTreeSet<String>,
    exports_all: bool,
    /// The files that are read.
    files: Vec<Arc<str>>,
    rules: Vec<Rule>,
    specifics: Vec<(Vec<String>, Variable)>,
    includes: usize,
    evaluations: usize,
    references: usize,
    bytes: usize,
    /// Inside a condition or a list of prerequisites, an unset variable is empty.
    strict: bool,
    /// The file and, for text that a line expanded to, the line that is read.
    here: (Arc<str>, Option<u32>),
    missing: Vec<String>,
    stopped: Option<Unread>,
}

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if !matches!(call.program, "make" | "gmake" | "mingw32-make") {
        return None;
    }
    let mut folder = call.folder.as_str().to_owned();
    let mut file = None;
    let mut targets: Vec<&str> = Vec::new();
    let mut overrides: Vec<(String, String)> = Vec::new();
    let mut words = call.arguments().iter();
    while let Some(text) = words.next() {
        let word = text.as_str();
        match word {
            "-C" | "--directory" => folder = join(&folder, words.next()?.as_str()),
            "-f" | "--file" | "--makefile" => file = words.next().map(|w| w.as_str().to_owned()),
            "-n" | "--dry-run" | "--just-print" | "--recon" | "-q" | "--question" | "-v" | "--version" | "-h"
            | "--help" | "-p" | "--print-data-base" => {
                return None;
            }
            "-o" | "-W" | "-I" | "--include-dir" | "--old-file" | "--what-if" | "--eval" => {
                words.next();
            }
            w if w.starts_with("--directory=") => folder = join(&folder, w.split_once('=')?.1),
            w if w.starts_with("--file=") || w.starts_with("--makefile=") => {
                file = w.split_once('=').map(|(_, f)| f.to_owned());
            }
            w if w.starts_with("-C") => folder = join(&folder, w.get(2..)?),
            w if w.starts_with("-f") => file = w.get(2..).map(str::to_owned),
            w if w.starts_with('-') => {}
            w => match w.split_once('=').filter(|(n, _)| !n.contains("${{") && !n.contains(char::is_whitespace)) {
                Some((name, value)) => {
                    overrides.push((name.trim_end_matches([':', '?', '+']).to_owned(), value.to_owned()));
                }
                // The value of `-j` or `-l`.
                None if w.chars().all(|c| c.is_ascii_digit()) => {}
                None if optional(text) => {}
                None => targets.push(w),
            },
        }
    }
    let candidates = match &file {
        Some(file) => vec![file.clone()],
        None => ["GNUmakefile", "makefile", "Makefile"].map(str::to_owned).to_vec(),
    };
    let path = candidates.iter().map(|f| join(&folder, f)).find(|p| call.checkout.is_there(p));
    let what = format!("make {}", targets.join(" ")).trim_end().to_owned();
    let Some(path) = path else {
        let place = if folder.is_empty() { "." } else { &folder };
        let unread = match file {
            Some(file) => format!("file `{file}` in `{place}`"),
            None => format!("Makefile in `{place}`"),
        };
        return Some(Entered { what, unread: Some(Unread::Absent(unread)), ..Entered::default() });
    };
    let mut make = Make::new(call, folder, overrides, &targets);
    make.load(&path);
    let mut entered = Entered { what, ..Entered::default() };
    let default = make.default_target();
    let goals: Vec<&str> = if targets.is_empty() { default.as_deref().into_iter().collect() } else { targets };
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut unmade: Vec<&str> = Vec::new();
    for goal in goals {
        if !make.visit(goal, &mut done, &mut entered, &mut Vec::new())
            && !call.checkout.exists(&join(&make.folder, goal))
        {
            unmade.push(goal);
        }
    }
    if let Some(goal) = unmade.first() {
        let missing = make.missing.first().map(|m| format!("; `{m}` is not in the checkout")).unwrap_or_default();
        entered.unread = Some(Unread::Absent(format!("rule makes `{goal}`{missing}")));
    }
    call.checkout.spend(make.references + make.bytes / 64);
    entered.sources = make.files;
    if let Some(why) = make.stopped {
        entered.unread = Some(why);
    }
    Some(entered)
}

/// Whether an unknown word holds options and assignments rather than a target.
fn optional(word: &Text) -> bool {
    word.symbol().is_some_and(|symbol| {
        let symbol = symbol.to_ascii_lowercase();
        ["args", "arguments", "flags", "opts", "options", "params", "vars"].iter().any(|p| symbol.contains(p))
    })
}

/// Whether a text tells of publishing.
fn publishes(text: &str) -> bool {
    ["push", "publish", "upload", "release", "registry"].iter().any(|word| text.contains(word))
}

/// A conditional part: whether its current branch counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Branch {
    Yes,
    No,
    /// Only a run can tell.
    Open,
}

struct Part {
    branch: Branch,
    /// Whether a branch before surely holds.
    settled: bool,
    /// Whether a branch before may hold.
    open: bool,
    /// What branches that may hold have set.
    set: BTreeSet<String>,
}

impl<'c> Make<'c> {
    fn new(call: &Call<'c>, folder: String, overrides: Vec<(String, String)>, targets: &[&str]) -> Self {
        let closed = |text: &str| Value { text: text.to_owned(), open: false };
        let mut variables = BTreeMap::new();
        for (name, value) in call.variables() {
            variables.entry(name.clone()).or_insert_with(|| closed(value.as_str()));
        }
        // Relative to the folder, but with its name.
        let here =
            folder.rsplit('/').next().filter(|n| !n.is_empty()).map_or_else(|| ".".into(), |n| format!("../{n}"));
        variables.insert("CURDIR".to_owned(), closed(&here));
        variables.insert("MAKEFILE_LIST".to_owned(), closed(""));
        variables.insert("MAKECMDGOALS".to_owned(), closed(&targets.join(" ")));
        // Assignments of the command line reach further makes.
        let mut program = "make".to_owned();
        for (name, value) in overrides.iter().filter(|(_, v)| !v.contains('\'')) {
            program.push_str(&format!(" '{name}={value}'"));
        }
        variables.insert("MAKE".to_owned(), closed(&program));
        for (name, value) in &overrides {
            variables.insert(name.clone(), closed(value));
        }
        Self {
            checkout: call.checkout,
            folder,
            variables,
            platform: call.platform,
            shell: call.shell,
            choices: call.choices.clone(),
            locals: Vec::new(),
            exported: overrides.iter().map(|(n, _)| n.clone()).collect(),
            fixed: overrides.into_iter().collect(),
            exports_all: false,
            files: Vec::new(),
            rules: Vec::new(),
            specifics: Vec::new(),
            includes: 0,
            evaluations: 0,
            references: 0,
            bytes: 0,
            strict: false,
            here: (Arc::from(""), None),
            missing: Vec::new(),
            stopped: None,
        }
    }

    fn stop(&mut self, why: Bound) {
        self.stopped.get_or_insert(why.into());
    }

    fn default_target(&mut self) -> Option<String> {
        if self.variables.contains_key(".DEFAULT_GOAL") {
            return self.expand("$(.DEFAULT_GOAL)", 0).split_whitespace().next().map(str::to_owned);
        }
        let mut targets = self.rules.iter().flat_map(|r| r.targets.iter());
        targets.find(|t| (!t.starts_with('.') || t.contains('/')) && !t.contains('%')).cloned()
    }

    /// Reads a Makefile and what it includes.
    fn load(&mut self, path: &str) {
        self.includes += 1;
        if self.includes > MOST_INCLUDES {
            self.stop(Bound::More(MOST_INCLUDES, "Makefiles are included"));
            return;
        }
        let Ok(text) = self.checkout.read(path) else {
            self.missing.push(path.to_owned());
            return;
        };
        let inside = format!("{}/", self.folder);
        let name = match path.strip_prefix(&inside) {
            _ if self.folder.is_empty() => path.to_owned(),
            Some(below) => below.to_owned(),
            None => format!("{}{path}", "../".repeat(self.folder.split('/').count())),
        };
        if let Some(list) = self.variables.get_mut("MAKEFILE_LIST") {
            list.text.push(' ');
            list.text.push_str(&name);
        }
        let before = std::mem::replace(&mut self.here, (Arc::from(path), None));
        self.files.push(Arc::clone(&self.here.0));
        self.entries(makefile::parse(&text));
        self.here = before;
    }

    /// Reads text that a line expanded to.
    fn evaluate(&mut self, text: &str) {
        if self.evaluations >= DEEPEST_EVALUATION {
            self.stop(Bound::Deeper("make text", DEEPEST_EVALUATION));
            return;
        }
        self.evaluations += 1;
        self.entries(makefile::parse(text));
        self.evaluations -= 1;
    }

    fn entries(&mut self, entries: Vec<Entry>) {
        let mut parts: Vec<Part> = Vec::new();
        // Whether the rule before was taken, for its recipe.
        let mut in_rule = false;
        for entry in entries {
            match &entry {
                Entry::If(condition) => {
                    let live = parts.iter().all(|p| p.branch != Branch::No);
                    let branch = if live { self.holds(condition) } else { Branch::No };
                    parts.push(Part { branch, settled: false, open: false, set: BTreeSet::new() });
                    continue;
                }
                Entry::Else(condition) => {
                    let Some(mut part) = parts.pop() else { continue };
                    part.settled |= part.branch == Branch::Yes;
                    part.open |= part.branch == Branch::Open;
                    let live = parts.iter().all(|p| p.branch != Branch::No);
                    part.branch = match condition {
                        _ if part.settled || !live => Branch::No,
                        Some(condition) => self.holds(condition),
                        None => Branch::Yes,
                    };
                    if part.branch == Branch::Yes && part.open {
                        part.settled = true;
                        part.branch = Branch::Open;
                    }
                    parts.push(part);
                    continue;
                }
                Entry::EndIf => {
                    parts.pop();
                    continue;
                }
                _ => {}
            }
            if parts.iter().any(|p| p.branch == Branch::No) {
                if matches!(entry, Entry::Rule { .. }) {
                    in_rule = false;
                }
                continue;
            }
            let open = parts.iter_mut().rev().find(|p| p.branch == Branch::Open);
            match entry {
                Entry::Variable(variable) => {
                    // Of two branches that may hold, the one that publishes counts.
                    if let Some(part) = open {
                        let again = !part.set.insert(variable.name.clone());
                        let known = self.variable(&variable.name);
                        if again && known.is_some_and(|v| publishes(&v.text)) && !publishes(&variable.value) {
                            continue;
                        }
                    }
                    self.assign(&variable);
                }
                Entry::Export(names) => {
                    let names = self.strictly(&names);
                    self.exports_all |= names.trim().is_empty();
                    self.exported.extend(names.split_whitespace().map(str::to_owned));
                }
                Entry::Include { files, optional } => {
                    for file in functions::split(&self.strictly(&files)) {
                        let path = join(&self.folder, &file);
                        if file.contains('*') {
                            for path in functions::wildcard(self.checkout, &self.folder, &file) {
                                self.load(&join(&self.folder, &path));
                            }
                        } else if self.checkout.is_there(&path) || !optional {
                            self.load(&path);
                        }
                    }
                }
                Entry::Rule { targets, pattern, prerequisites, .. } => {
                    let targets = functions::split(&self.strictly(&targets));
                    let pattern = pattern.map(|p| self.strictly(&p).trim().to_owned());
                    let prerequisites = self.strictly(&prerequisites);
                    in_rule = true;
                    self.rules.push(Rule {
                        path: Arc::clone(&self.here.0),
                        targets,
                        pattern,
                        prerequisites,
                        recipe: Vec::new(),
                    });
                }
                Entry::Recipe { line, text } if in_rule => {
                    let line = self.here.1.unwrap_or(line);
                    if let Some(rule) = self.rules.last_mut() {
                        rule.recipe.push((line, text));
                    }
                }
                Entry::Specific { targets, variable } => {
                    let targets = functions::split(&self.strictly(&targets));
                    self.specifics.push((targets, variable));
                }
                Entry::Line { line, text } => {
                    let before = self.here.1;
                    self.here.1 = before.or(Some(line));
                    let made = self.strictly(&text);
                    if !made.trim().is_empty() && made.trim() != text.trim() {
                        self.evaluate(&made);
                    }
                    self.here.1 = before;
                }
                _ => {}
            }
        }
    }

    fn assign(&mut self, variable: &Variable) {
        let name = self.strictly(&variable.name).trim().to_owned();
        if self.fixed.contains_key(&name) {
            return;
        }
        let value = match variable.operator.as_str() {
            "!=" => Value { text: self.expand(&format!("$(shell {})", variable.value), 0), open: false },
            ":=" | "::=" | ":::=" => Value { text: self.expand(&variable.value, 0), open: false },
            _ => Value { text: variable.value.clone(), open: true },
        };
        match variable.operator.as_str() {
            "?=" if self.variable(&name).is_some() => {}
            "+=" => {
                let Some(old) = self.variable(&name) else {
                    self.variables.insert(name, value);
                    return;
                };
                let added = if old.open { value.text } else { self.expand(&value.text, 0) };
                if self.charge(old.text.len()) {
                    let text = format!("{} {added}", old.text).trim().to_owned();
                    self.variables.insert(name, Value { text, open: old.open });
                }
            }
            _ => {
                self.variables.insert(name, value);
            }
        }
    }

    /// Expansion where an unset variable is empty.
    fn strictly(&mut self, text: &str) -> String {
        let before = std::mem::replace(&mut self.strict, true);
        let made = self.expand(text, 0);
        self.strict = before;
        made
    }

    fn holds(&mut self, condition: &Condition) -> Branch {
        let known = |holds: bool| if holds { Branch::Yes } else { Branch::No };
        match condition {
            Condition::Equal { left, right, equal } => {
                let (left, right) = (Text::new(self.strictly(left)), Text::new(self.strictly(right)));
                if left == right {
                    return known(*equal);
                }
                match (left.is_literal(), right.is_literal()) {
                    (true, true) => known(!*equal),
                    // What is known of a text may be enough to tell it from another one.
                    _ if left.equals(&right).is_never() => known(!*equal),
                    _ => Branch::Open,
                }
            }
            Condition::Defined { name, defined } => {
                let name = self.strictly(name);
                match self.variable(name.trim()) {
                    Some(value) if value.text.trim().is_empty() => known(!*defined),
                    Some(_) => known(*defined),
                    None if functions::of_the_runner(name.trim()) => Branch::Open,
                    None => known(!*defined),
                }
            }
        }
    }

    /// Whether more may be expanded.
    fn charge(&mut self, bytes: usize) -> bool {
        self.references += 1;
        self.bytes += bytes;
        let more = self.references <= MOST_REFERENCES && self.bytes <= MOST_BYTES;
        if !more {
            self.stop(Bound::Expansion);
        }
        more
    }

    /// The recipes of a target behind those of what it needs; whether a rule makes it.
    fn visit(
        &mut self,
        target: &str,
        done: &mut BTreeSet<String>,
        entered: &mut Entered,
        chain: &mut Vec<(usize, bool)>,
    ) -> bool {
        if done.contains(target) {
            return true;
        }
        if chain.len() > MOST_RULES || done.len() > MOST_RULES {
            self.stop(Bound::More(MOST_RULES, "make rules lead on from here"));
            return true;
        }
        let matching = self.matching(target, chain);
        if matching.is_empty() {
            return false;
        }
        done.insert(target.to_owned());
        let outer = self.locals.len();
        for (targets, variable) in self.specifics.clone() {
            if targets.iter().any(|t| fits(t, target).is_some()) {
                self.set_for_target(&variable);
            }
        }
        for (at, stem) in matching {
            let Some(rule) = self.rules.get(at) else { continue };
            let (path, recipe, prerequisites) =
                (Arc::clone(&rule.path), rule.recipe.clone(), rule.prerequisites.clone());
            let own = self.locals.len();
            self.local("@", target);
            self.local("*", stem.as_deref().unwrap_or_default());
            // `.SECONDEXPANSION`
            let prerequisites = if prerequisites.contains('$') { self.strictly(&prerequisites) } else { prerequisites };
            let needed: Vec<String> = functions::split(&prerequisites)
                .into_iter()
                .filter(|p| p != "|")
                .map(|p| stem.as_deref().map_or(p.clone(), |s| p.replacen('%', s, 1)))
                .collect();
            self.locals.truncate(own);
            let implicit = stem.is_some() && self.rules.get(at).is_some_and(|rule| rule.pattern.is_none());
            chain.push((at, implicit));
            for needed in &needed {
                self.visit(needed, done, entered, chain);
            }
            chain.pop();
            self.local("@", target);
            self.local("*", stem.as_deref().unwrap_or_default());
            self.local("<", needed.first().map_or("", String::as_str));
            self.local("^", &needed.join(" "));
            self.local("+", &needed.join(" "));
            self.local("?", &needed.join(" "));
            let env = if recipe.is_empty() { Vec::new() } else { self.environment() };
            for (line, text) in recipe {
                self.here = (Arc::clone(&path), Some(line));
                let own = text.trim_start().trim_start_matches(['@', '-', '+', ' ']);
                let marks = text.get(..text.len() - own.len()).unwrap_or_default().chars().count();
                let text = self.expand(own, 0);
                entered.pieces.push(Piece {
                    margins: (u32::try_from(marks + 1).unwrap_or(1), 1),
                    text: text.trim_start_matches(['@', '+', ' ']).to_owned(),
                    shell: "sh".to_owned(),
                    path: Arc::clone(&path),
                    line,
                    env: env.clone(),
                    folder: Text::new(self.folder.as_str()),
                    positional: Vec::new(),
                });
            }
            self.locals.truncate(own);
        }
        self.locals.truncate(outer);
        true
    }

    /// The rules for a target with their stems, behind those that lead to it, each with whether it is implicit. An
    /// explicit recipe takes the place of patterns, and of those the one with the shortest stem counts. No implicit rule
    /// stands twice in a chain of them, and none makes a file that is there from others that are not.
    /// Source: <https://www.gnu.org/software/make/manual/html_node/Chained-Rules.html>
    fn matching(&self, target: &str, chain: &[(usize, bool)]) -> Vec<(usize, Option<String>)> {
        let mut explicit = Vec::new();
        let mut implicit: Vec<(usize, String)> = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            if let Some(pattern) = &rule.pattern {
                if rule.targets.iter().any(|t| t == target) {
                    explicit.push((at, fits(pattern, target).flatten()));
                }
                continue;
            }
            match rule.targets.iter().find_map(|t| fits(t, target)) {
                Some(None) => explicit.push((at, None)),
                Some(Some(stem)) => {
                    let again = chain.iter().rev().take_while(|(_, implicit)| *implicit).any(|(rule, _)| *rule == at);
                    if !again && !self.is_source(target, rule, &stem) {
                        implicit.push((at, stem));
                    }
                }
                None => {}
            }
        }
        let has_recipe = |at: usize| self.rules.get(at).is_some_and(|r| !r.recipe.is_empty());
        if !explicit.iter().any(|(at, _)| has_recipe(*at)) {
            let shortest = implicit.iter().min_by_key(|(_, stem)| stem.len());
            explicit.extend(shortest.map(|(at, stem)| (*at, Some(stem.clone()))));
        }
        explicit
    }

    /// Whether a target is a file that is there, while something that the rule would make it from is not.
    fn is_source(&self, target: &str, rule: &Rule, stem: &str) -> bool {
        let there = |name: &str| self.checkout.exists(&join(&self.folder, name));
        let explicit = |name: &str| self.rules.iter().any(|r| r.targets.iter().any(|t| t == name));
        there(target)
            && functions::split(&rule.prerequisites).iter().filter(|p| *p != "|").any(|p| {
                let name = p.replacen('%', stem, 1);
                !there(&name) && !explicit(&name)
            })
    }

    fn local(&mut self, name: &str, value: &str) {
        self.locals.push((name.to_owned(), Value { text: value.to_owned(), open: false }));
    }

    fn set_for_target(&mut self, variable: &Variable) {
        let name = self.strictly(&variable.name).trim().to_owned();
        if self.fixed.contains_key(&name) {
            return;
        }
        let old = self.known(&name);
        let value = match (variable.operator.as_str(), old) {
            ("?=", Some(_)) => return,
            ("+=", Some(old)) => {
                let before = if old.open { self.expand(&old.text, 0) } else { old.text };
                let text = format!("{before} {}", self.expand(&variable.value, 0));
                Value { text, open: false }
            }
            (":=" | "::=" | ":::=", _) => Value { text: self.expand(&variable.value, 0), open: false },
            _ => Value { text: variable.value.clone(), open: true },
        };
        self.locals.push((name, value));
    }

    fn known(&self, name: &str) -> Option<Value> {
        let local = self.locals.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v);
        local.cloned().or_else(|| self.variable(name))
    }

    /// A variable that is no rule's own.
    fn variable(&self, name: &str) -> Option<Value> {
        let platform = || Some(Value { text: (self.platform)(name)?.as_str().to_owned(), open: false });
        self.variables.get(name).cloned().or_else(platform)
    }

    /// What recipes find in their environment.
    fn environment(&mut self) -> Vec<(String, Text)> {
        let names: Vec<String> = if self.exports_all {
            let shell = |n: &&String| n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            self.variables.keys().filter(shell).filter(|n| !n.starts_with("MAKE")).cloned().collect()
        } else {
            self.exported.iter().cloned().collect()
        };
        let mut env = Vec::new();
        for name in names {
            if self.known(&name).is_some() {
                let value = self.expand(&format!("$({name})"), 0);
                env.push((name, Text::new(value)));
            }
        }
        env
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(files: &[(&str, &str)], command: &str) -> Entered {
        super::super::entered(enter, files, &[], command).expect("a make command")
    }

    fn recipes(makefile: &str, command: &str) -> Vec<String> {
        let entered =
            entered(&[("Makefile", makefile), ("charts/a/Chart.yaml", ""), ("charts/b/Chart.yaml", "")], command);
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
        assert_eq!(
            recipes("a.out b.out: %.out: %-dep\n\techo $@ $< $*\na-dep:\n\tx\n", "make a.out"),
            ["4: x", "2: echo a.out a-dep a"]
        );
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
        let call = Call::bare(&checkout, &words);
        assert!(enter(&call).is_none());
    }

    #[test]
    fn functions_are_resolved() {
        let line = |text: &str| {
            recipes(&format!("L := a.c b.c d.h\ndefine tag\n$(1)-$(2)\nendef\nall:\n\t{text}\n"), "make TAG=v1")
        };
        for (text, expected) in [
            ("$(if $(TAG),x,y)", "x"),
            ("$(if $(NOTHING),x,y)", "y"),
            ("$(if $(shell git status),--push,--load)", "--push"),
            ("$(or $(NOTHING),z)", "z"),
            ("$(and $(TAG),z)", "z"),
            ("$(subst .,_,a.b)", "a_b"),
            ("$(patsubst %.c,%.o,$(L))", "a.o b.o d.h"),
            ("$(L:.c=.o)", "a.o b.o d.h"),
            ("$(filter %.c,$(L))", "a.c b.c"),
            ("$(filter-out %.c,$(L))", "d.h"),
            ("$(foreach x,$(L),-f $(x))", "-f a.c -f b.c -f d.h"),
            ("$(basename x/a.tar) $(notdir x/a.tar) $(dir x/a.tar)", "x/a a.tar x/"),
            ("$(wildcard charts/*)", "charts/a charts/b"),
            ("$(addsuffix .x,a b) $(addprefix p-,a b)", "a.x b.x p-a p-b"),
            ("$(call tag,a,b)", "a-b"),
            ("$(word 2,$(L)) $(words $(L))", "b.c 3"),
            ("$(eval X := 1)$(X)", "1"),
        ] {
            assert_eq!(line(text), [format!("6: {expected}")], "{text}");
        }
    }

    #[test]
    fn conditions_choose_when_they_can() {
        let makefile = "ifeq ($(PUSH),yes)\nOUT = --push\nelse\nOUT = --load\nendif\nifdef TAG\nT = $(TAG)\nendif\nall:\n\tb $(OUT) $(T)\n";
        assert_eq!(recipes(makefile, "make PUSH=yes TAG=v"), ["10: b --push v"]);
        assert_eq!(recipes(makefile, "make"), ["10: b --load ${{ env.T }}"]);
        assert_eq!(recipes(makefile, "make PUSH=${{inputs.push}} TAG=v"), ["10: b --push v"]);
    }

    #[test]
    fn values_for_a_target_reach_what_it_needs() {
        let makefile = "OUT ?=\nbuild:\n\tdocker buildx build $(OUT) .\npush: OUT=--push\npush: build\n";
        assert_eq!(recipes(makefile, "make push"), ["3: docker buildx build --push ."]);
        assert_eq!(recipes(makefile, "make build"), ["3: docker buildx build  ."]);
    }

    #[test]
    fn a_line_may_expand_to_a_rule() {
        let makefile =
            "_run:\n\t@$(MAKE) -f tools/common.mk $(MAKECMDGOALS)\n$(if $(MAKECMDGOALS),$(MAKECMDGOALS): %: _run)\n";
        assert_eq!(
            recipes(makefile, "make image.push helm-push TAG=v1"),
            ["2: make 'TAG=v1' -f tools/common.mk image.push helm-push"]
        );
        let makefile =
            "define one\npush-$(1):\n\tdocker push acme/$(1)\nendef\n$(foreach i,web api,$(eval $(call one,$(i))))\n";
        assert_eq!(recipes(makefile, "make push-api"), ["5: docker push acme/api"]);
    }

    #[test]
    fn included_files_are_found_from_the_folder() {
        let files = [
            ("images/Makefile.common", "NAME ?= $(notdir $(CURDIR))\npush:\n\tdocker push acme/$(NAME)\n"),
            ("images/base/Makefile", "include $(CURDIR)/../Makefile.common\n"),
        ];
        let entered = entered(&files, "make -C images/base push");
        assert_eq!(entered.pieces.first().map(|p| p.text.as_str()), Some("docker push acme/base"));
    }

    #[test]
    fn what_no_rule_makes_is_said() {
        let unread = |command| entered(&[("Makefile", "include gone.mk\na:\n\tx\n")], command).unread;
        assert_eq!(unread("make a"), None);
        let absent = |what: &str| Some(Unread::Absent(what.to_owned()));
        assert_eq!(unread("make a b"), absent("rule makes `b`; `gone.mk` is not in the checkout"));
        assert_eq!(unread("make -C x b"), absent("Makefile in `x`"));
    }

    #[test]
    fn expansion_is_bounded() {
        let doubling: String = (1..30).map(|n| format!("X{n} = $(X{0}) $(X{0})\n", n - 1)).collect();
        let entered = entered(&[("Makefile", &format!("X0 = aaaaaaaa\n{doubling}all:\n\techo $(X29)\n"))], "make");
        assert_eq!(entered.unread, Some(Bound::Expansion.into()));
    }
}
