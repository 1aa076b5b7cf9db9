//! The recipes of a Makefile that a pipeline of another platform runs, found cheaply: conditions and functions are left
//! aside, and variables stand for what the Makefile itself assigns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::clues::is_comment;
use crate::checkout::Checkout;
use crate::syntax::makefile::{self, Entry};

/// Names of Makefiles, as GNU make looks for them.
const NAMES: &[&str] = &["GNUmakefile", "makefile", "Makefile"];
/// Names under which make is called; the last one is its own variable.
const MAKE: &[&str] = &["make", "gmake", "MAKE"];
/// Words of a call that are looked at, and lines of a list that may hold them.
const MOST_WORDS: usize = 200;
const MOST_LINES: usize = 20;
/// Files that one Makefile includes, with what those include.
const MOST_INCLUDED: usize = 20;
/// Pattern rules that are held against the names of targets.
const MOST_PATTERNS: usize = 100;
/// Bytes that the variables of a Makefile may expand to, and how deep they stand in one another.
const MOST_EXPANDED: usize = 1 << 20;
const DEEPEST: usize = 4;

/// A Makefile in which nothing is left but the recipes that a text runs, every line in its place.
pub(super) struct Recipes {
    pub(super) path: Arc<str>,
    /// `None` where the file could not be read.
    pub(super) text: Option<Arc<str>>,
    /// The other Makefiles of the call that have a part in what runs: they include this one, or hold a rule or a variable
    /// by which it is entered.
    pub(super) over: Vec<Arc<str>>,
}

/// A call of make in a text.
pub(super) struct Call<'t> {
    /// The number of its line, from 0.
    pub(super) number: usize,
    pub(super) line: &'t str,
    /// The name of the program.
    pub(super) make: &'t str,
    /// What it runs, file by file.
    pub(super) recipes: Vec<Recipes>,
}

/// The calls of make on each line of a text. Make runs in the first of `folders` that holds a Makefile.
///
/// Each call is asked for whether it is `new` before its Makefile is read.
pub(super) fn run_by<'t>(
    checkout: &Checkout,
    text: &'t str,
    folders: &[&str],
    mut new: impl FnMut(String) -> bool,
) -> Vec<Call<'t>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let words: Vec<&str> = words(line).take(MOST_WORDS).collect();
        let Some(at) = words.iter().position(|word| is_make(word)).filter(|_| !is_comment(line)) else { continue };
        let (before, call) = words.split_at(at);
        let Some((make, arguments)) = call.split_first() else { continue };
        let mut arguments = arguments.to_vec();
        if arguments.is_empty() {
            // The arguments of a step stand in a list of their own.
            let listed = |line: &&&str| line.trim_start().starts_with(['-', '[', '"', '\'']) || line.contains("args");
            let list = lines.iter().skip(number + 1).take(MOST_LINES).take_while(listed);
            arguments = list.flat_map(|line| self::words(line)).take(MOST_WORDS).collect();
        }
        let entered = before.windows(2).rev().find(|pair| pair.first() == Some(&"cd")).and_then(|pair| pair.get(1));
        let folders: Vec<String> = folders.iter().map(|folder| below(folder, entered.unwrap_or(&""))).collect();
        if new(format!("make {} {}", folders.join(" "), arguments.join(" "))) {
            let recipes = folders.iter().find_map(|folder| recipes(checkout, folder, &arguments)).unwrap_or_default();
            found.push(Call { number, line, make, recipes });
        }
    }
    found
}

fn is_make(word: &str) -> bool {
    MAKE.contains(&word.rsplit('/').next().unwrap_or(word))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '=' | '%' | ':');
    line.split(move |c| !is_part(c)).filter(|word| !word.trim_matches('-').is_empty())
}

/// A folder below another one, both with a slash at their end or empty.
fn below(folder: &str, written: &str) -> String {
    match written.trim_start_matches("./").trim_end_matches('/') {
        "" | "." => folder.to_owned(),
        written => format!("{folder}{written}/"),
    }
}

/// The recipes of the targets among the arguments of make, of the first target where there is none, and of what they
/// depend on. `None` where the folder has no Makefile.
fn recipes(checkout: &Checkout, folder: &str, arguments: &[&str]) -> Option<Vec<Recipes>> {
    let option = |short: &str, long: &[&str]| {
        let at = arguments.iter().position(|a| a.starts_with(short) || long.contains(a))?;
        match arguments.get(at)?.strip_prefix(short).filter(|glued| !glued.is_empty()) {
            Some(glued) => Some(glued),
            None => arguments.get(at + 1).copied(),
        }
    };
    let folder = option("-C", &["--directory"]).map_or_else(|| folder.to_owned(), |written| below(folder, written));
    let named = option("-f", &["--file", "--makefile"]);
    let mut paths = named.into_iter().chain(NAMES.iter().copied()).map(|name| format!("{folder}{name}"));
    let path = paths.find(|path| checkout.is_there(path))?;
    let (files, unread) = read(checkout, &folder, path);
    let rules = Rules::of(&files);
    let entered = rules.entered(arguments);
    let parts = rules.parts(&entered);
    let over = |at: usize, file: &Makefile| {
        let other = |other: &usize| *other != at && (parts.contains(other) || file.within.contains(other));
        (0..files.len()).filter(other).filter_map(|other| Some(Arc::clone(&files.get(other)?.path))).collect()
    };
    let kept = files.iter().enumerate().map(|(at, file)| Recipes {
        path: Arc::clone(&file.path),
        text: Some(rules.kept(at, &entered).into()),
        over: over(at, file),
    });
    let unread = unread.into_iter().map(|file| {
        let over = file.within.iter().filter_map(|at| Some(Arc::clone(&files.get(*at)?.path))).collect();
        Recipes { path: file.path, text: None, over }
    });
    Some(kept.chain(unread).collect())
}

/// A Makefile or one that it includes.
struct Makefile {
    path: Arc<str>,
    /// The files that include it, one within the other, by their places.
    within: Vec<usize>,
    entries: Vec<Entry>,
}

/// A Makefile and the files that it includes by name, and those that could not be read.
fn read(checkout: &Checkout, folder: &str, path: String) -> (Vec<Makefile>, Vec<Makefile>) {
    let mut open: Vec<(Arc<str>, Vec<usize>)> = vec![(Arc::from(path), Vec::new())];
    let (mut files, mut unread): (Vec<Makefile>, Vec<Makefile>) = (Vec::new(), Vec::new());
    while let Some((path, within)) = open.pop() {
        if files.len() > MOST_INCLUDED || files.iter().any(|known| known.path == path) {
            continue;
        }
        let Ok(text) = checkout.glance(&path) else {
            unread.push(Makefile { path, within, entries: Vec::new() });
            continue;
        };
        let entries = makefile::parse(&text);
        let inner: Vec<usize> = within.iter().copied().chain([files.len()]).collect();
        for entry in &entries {
            if let Entry::Include { files, .. } = entry {
                let paths = files.split_whitespace().map(|file| format!("{folder}{}", file.trim_start_matches("./")));
                let paths = paths.filter(|path| checkout.is_there(path)).take(MOST_INCLUDED);
                open.extend(paths.map(|path| (Arc::from(path), inner.clone())));
            }
        }
        files.push(Makefile { path, within, entries });
    }
    (files, unread)
}

/// A rule, with the lines of its recipe by their numbers from 1.
struct Rule {
    file: usize,
    /// The files whose variables it names.
    of_variables: BTreeSet<usize>,
    targets: Vec<String>,
    prerequisites: Vec<String>,
    recipe: Vec<(usize, String)>,
}

/// The rules of a Makefile and of what it includes.
struct Rules(Vec<Rule>);

impl Rules {
    fn of(files: &[Makefile]) -> Self {
        let entries = || files.iter().enumerate().flat_map(|(at, file)| file.entries.iter().map(move |e| (at, e)));
        let mut variables = Variables::of(entries());
        let mut rules: Vec<Rule> = Vec::new();
        for (file, entry) in entries() {
            match entry {
                Entry::Rule { targets, prerequisites, .. } => {
                    let mut words =
                        |text| variables.expand(text, DEEPEST).split_whitespace().map(str::to_owned).collect();
                    let (targets, prerequisites) = (words(targets), words(prerequisites));
                    let of_variables = std::mem::take(&mut variables.used);
                    rules.push(Rule { file, of_variables, targets, prerequisites, recipe: Vec::new() });
                }
                Entry::Recipe { line, text } => {
                    let text = variables.expand(text.trim_start_matches(['@', '-', '+', ' ', '\t']), DEEPEST);
                    // A line that holds the place of others after it is one line.
                    let line = (*line as usize, text.replace(['\n', '\r'], " "));
                    let used = std::mem::take(&mut variables.used);
                    if let Some(rule) = rules.last_mut().filter(|rule| rule.file == file) {
                        rule.of_variables.extend(used);
                        rule.recipe.push(line);
                    }
                }
                _ => {}
            }
        }
        Self(rules)
    }

    /// The rules for what make is told to make, and for what that depends on, by their places.
    fn entered(&self, arguments: &[&str]) -> BTreeSet<usize> {
        let mut by_target: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        let mut patterns: Vec<(&str, &str, usize)> = Vec::new();
        for (at, rule) in self.0.iter().enumerate() {
            for target in &rule.targets {
                match target.split_once('%') {
                    Some((head, tail)) if patterns.len() < MOST_PATTERNS => patterns.push((head, tail, at)),
                    _ => by_target.entry(target).or_default().push(at),
                }
            }
        }
        let fits = |(head, tail, _): &(&str, &str, usize), name: &str| {
            name.len() > head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
        };
        let is_target = |name: &str| by_target.contains_key(name) || patterns.iter().any(|p| fits(p, name));
        let mut open: Vec<&str> = arguments.iter().copied().filter(|name| is_target(name)).collect();
        if open.is_empty() {
            let names = self.0.iter().filter_map(|rule| rule.targets.first());
            open.extend(names.map(String::as_str).find(|name| !name.starts_with('.')));
        }
        let (mut entered, mut seen) = (BTreeSet::new(), BTreeSet::new());
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            let own = by_target.get(name).into_iter().flatten().copied();
            let by_pattern = patterns.iter().filter(|pattern| fits(pattern, name)).map(|(.., at)| *at);
            for at in own.chain(by_pattern) {
                if entered.insert(at)
                    && let Some(rule) = self.0.get(at)
                {
                    open.extend(rule.prerequisites.iter().map(String::as_str));
                }
            }
        }
        entered
    }

    /// The files that hold these rules and the variables that they name.
    fn parts(&self, rules: &BTreeSet<usize>) -> BTreeSet<usize> {
        let entered = rules.iter().filter_map(|at| self.0.get(*at));
        entered.flat_map(|rule| rule.of_variables.iter().copied().chain([rule.file])).collect()
    }

    /// The recipes of a file below these rules, every line in its place.
    fn kept(&self, file: usize, rules: &BTreeSet<usize>) -> String {
        let entered = rules.iter().filter_map(|at| self.0.get(*at)).filter(|rule| rule.file == file);
        let lines: BTreeMap<usize, &str> =
            entered.flat_map(|rule| &rule.recipe).map(|(line, text)| (*line, text.as_str())).collect();
        let mut kept = String::new();
        let mut at = 1;
        for (line, text) in lines {
            kept.extend(std::iter::repeat_n('\n', line.saturating_sub(at)));
            kept.push_str(text);
            at = at.max(line);
        }
        kept
    }
}

/// The first value that a Makefile gives to each of its variables.
struct Variables<'e> {
    values: FxHashMap<&'e str, (Vec<&'e str>, BTreeSet<usize>)>,
    /// The files of those that were named.
    used: BTreeSet<usize>,
    /// Bytes that may still be written.
    left: usize,
}

impl<'e> Variables<'e> {
    fn of(entries: impl Iterator<Item = (usize, &'e Entry)>) -> Self {
        let mut values: FxHashMap<&str, (Vec<&str>, BTreeSet<usize>)> = FxHashMap::default();
        for (file, entry) in entries {
            if let Entry::Variable(variable) = entry {
                let (known, files) = values.entry(variable.name.as_str()).or_default();
                if known.is_empty() || variable.operator == "+=" {
                    known.push(&variable.value);
                    files.insert(file);
                }
            }
        }
        Self { values, used: BTreeSet::new(), left: MOST_EXPANDED }
    }

    /// A text with the values of the variables in it; those without one, and functions, stay as they are written.
    fn expand(&mut self, text: &str, depth: usize) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, opened)) = rest.split_once('$') {
            expanded.push_str(before);
            let name = match opened.as_bytes().first() {
                Some(b'(') => opened.split_once(')').and_then(|(name, behind)| Some((name.strip_prefix('(')?, behind))),
                Some(b'{') => opened.split_once('}').and_then(|(name, behind)| Some((name.strip_prefix('{')?, behind))),
                _ => None,
            };
            let known = name.and_then(|(name, behind)| Some((self.values.get(name)?, behind)));
            let known = known.map(|((values, files), behind)| (values.join(" "), files, behind));
            rest = match known {
                Some((value, files, behind)) if depth > 0 && value.len() <= self.left => {
                    self.left -= value.len();
                    self.used.extend(files);
                    expanded.push_str(&self.expand(&value, depth - 1));
                    behind
                }
                _ => {
                    expanded.push('$');
                    opened
                }
            };
        }
        expanded.push_str(rest);
        expanded
    }
}
