//! The recipes of a Makefile that a pipeline of another platform runs, found cheaply: nothing is expanded or included.

use std::collections::BTreeSet;

use crate::checkout::Checkout;
use crate::syntax::makefile::{self, Entry};

/// Names of Makefiles, as GNU make looks for them.
const NAMES: &[&str] = &["GNUmakefile", "makefile", "Makefile"];
/// Rules of one Makefile that are entered.
const MOST_RULES: usize = 200;

/// A Makefile in which nothing is left but the recipes that a text runs, every line in its place.
pub(super) struct Recipes {
    pub(super) path: String,
    pub(super) text: String,
}

/// What the calls of make on each line of a text, or in the list below it, run: the line with the name of the program
/// and the recipes.
///
/// Each call is asked for whether it is `new` before its Makefile is read.
pub(super) fn run_by<'t>(
    checkout: &Checkout,
    text: &'t str,
    mut new: impl FnMut(String) -> bool,
) -> Vec<(usize, &'t str, &'t str, Recipes)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let mut words = words(line).skip_while(|word| *word != "make");
        let Some(make) = words.next().filter(|_| !line.trim_start().starts_with(['#', '/'])) else { continue };
        let mut arguments: Vec<&str> = words.collect();
        if arguments.is_empty() {
            // The arguments of a step stand in a list of their own.
            let listed = |line: &&&str| line.trim_start().starts_with(['-', '[', '"', '\'']) || line.contains("args");
            arguments = lines.iter().skip(number + 1).take_while(listed).flat_map(|line| self::words(line)).collect();
        }
        if new(format!("make {}", arguments.join(" ")))
            && let Some(recipes) = recipes(checkout, &arguments)
        {
            found.push((number, *line, make, recipes));
        }
    }
    found
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '=' | '%' | ':');
    line.split(move |c| !is_part(c)).filter(|word| !word.trim_matches('-').is_empty())
}

/// The recipes of the targets among the arguments of make, of the first target where there is none, and of what they
/// depend on.
fn recipes(checkout: &Checkout, arguments: &[&str]) -> Option<Recipes> {
    let after = |flags: &[&str]| arguments.iter().position(|a| flags.contains(a)).and_then(|at| arguments.get(at + 1));
    let folder = after(&["-C", "--directory"]).map(|folder| format!("{}/", folder.trim_end_matches('/')));
    let folder = folder.unwrap_or_default();
    let named = after(&["-f", "--file", "--makefile"]).copied();
    let mut paths = named.into_iter().chain(NAMES.iter().copied()).map(|name| format!("{folder}{name}"));
    let path = paths.find(|path| checkout.is_there(path))?;
    let text = checkout.glance(&path).ok()?;
    let rules: Vec<(usize, String, String)> = makefile::parse(&text)
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Rule { line, targets, prerequisites, .. } => Some((line as usize, targets, prerequisites)),
            _ => None,
        })
        .collect();
    let is_target = |name: &str| rules.iter().any(|(_, targets, _)| targets.split_whitespace().any(|t| t == name));
    let mut open: Vec<&str> = arguments.iter().copied().filter(|name| is_target(name)).collect();
    if open.is_empty() {
        let ordinary = |(_, targets, _): &&(usize, String, String)| !targets.starts_with('.');
        open.extend(rules.iter().find(ordinary)?.1.split_whitespace().next());
    }
    let mut entered: BTreeSet<usize> = BTreeSet::new();
    while let Some(name) = open.pop() {
        for (line, targets, prerequisites) in &rules {
            let fits = targets.split_whitespace().any(|target| target == name);
            if fits && entered.len() < MOST_RULES && entered.insert(*line) {
                open.extend(prerequisites.split_whitespace());
            }
        }
    }
    Some(Recipes { path, text: only(&text, &entered) })
}

/// A Makefile without all lines but those of the recipes below these rules, which are numbered from 1.
fn only(text: &str, rules: &BTreeSet<usize>) -> String {
    let mut inside = false;
    let mut kept = String::new();
    for (number, line) in text.lines().enumerate() {
        let within = line.starts_with(['\t', '#']) || line.trim().is_empty();
        let within =
            within || ["ifeq", "ifneq", "ifdef", "ifndef", "else", "endif"].iter().any(|w| line.starts_with(w));
        // A rule whose targets go on over several lines is numbered by its first.
        inside = rules.contains(&(number + 1)) || inside && within;
        if inside && line.starts_with('\t') {
            kept.push_str(line.trim_start_matches(['\t', '@', '-', '+', ' ']));
        }
        kept.push('\n');
    }
    kept
}
