//! References of make: variables and functions.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use globset::GlobMatcher;

use super::{Make, Value, publishes};
use crate::checkout::Checkout;
use crate::commands::follow::join;
use crate::commands::symbol;
use crate::model::Text;
use crate::syntax::pattern::file_matcher;

/// Reference inside reference.
const DEEPEST_REFERENCE: usize = 40;
/// Words of one list.
const MOST_WORDS: usize = 2000;

/// The words of a list; what is unknown stays whole.
pub(super) fn split(list: &str) -> Vec<String> {
    let words = Text::new(list).items(&[' ', '\t']);
    words.into_iter().take(MOST_WORDS).map(|w| w.as_str().to_owned()).collect()
}

/// Variables that the runner of a pipeline sets.
pub(super) fn of_the_runner(name: &str) -> bool {
    let prefixes = ["GITHUB_", "RUNNER_", "ACTIONS_", "CI_", "AGENT_", "BUILD_"];
    let names = ["CI", "HOME", "USER", "PATH", "PWD", "SHELL", "HOSTNAME", "TMPDIR", "JAVA_HOME", "GOPATH", "GOROOT"];
    prefixes.iter().any(|p| name.starts_with(p)) || names.contains(&name)
}

impl Make<'_> {
    /// A text with its make references resolved. What only a run can tell becomes an unknown; `$$` is the shell's `$`.
    pub(super) fn expand(&mut self, text: &str, depth: usize) -> String {
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
                    out.push_str(&self.reference(after.get(1..end).unwrap_or_default(), depth));
                    rest = after.get(end + 1..).unwrap_or_default();
                }
                Some(c) => {
                    out.push_str(&self.reference(&c.to_string(), depth));
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

    fn reference(&mut self, inner: &str, depth: usize) -> String {
        if depth > DEEPEST_REFERENCE {
            return "${{ make.recursive }}".to_owned();
        }
        if !self.charge(inner.len()) {
            return "${{ make.expansion }}".to_owned();
        }
        if let Some((function, argument)) = inner.split_once(char::is_whitespace)
            && let Some(made) = self.function(function.trim(), argument.trim_start(), depth + 1)
        {
            self.bytes += made.len();
            return made;
        }
        let name = self.expand(inner, depth + 1);
        let name = name.trim();
        if let Some(value) = self.known(name) {
            return self.value(&value, depth);
        }
        // `$(LIST:.c=.o)`
        if let Some((variable, rule)) = name.split_once(':')
            && let (Some(value), Some((from, to))) = (self.known(variable), rule.split_once('='))
        {
            let list = self.value(&value, depth);
            let whole = |p: &str| if from.contains('%') { p.to_owned() } else { format!("%{p}") };
            return map(&list, |w| substitute(&whole(from), &whole(to), w));
        }
        match name {
            "@D" | "<D" | "*D" => self.automatic(name, folder_of),
            "@F" | "<F" | "*F" => self.automatic(name, |w| name_of(w).to_owned()),
            "" => String::new(),
            _ if name.contains("${{") || name.contains(char::is_whitespace) => "${{ make.function }}".to_owned(),
            _ if self.strict && !of_the_runner(name) => String::new(),
            // An unset variable is empty, but the environment may set it.
            _ => format!("${{{{ env.{name} }}}}"),
        }
    }

    fn automatic(&mut self, name: &str, of: impl Fn(&str) -> String) -> String {
        let value = self.known(name.get(..1).unwrap_or_default()).map(|v| v.text).unwrap_or_default();
        map(&value, of)
    }

    fn value(&mut self, value: &Value, depth: usize) -> String {
        if !self.charge(value.text.len()) {
            return "${{ make.expansion }}".to_owned();
        }
        if value.open { self.expand(&value.text, depth + 1) } else { value.text.clone() }
    }

    /// Whether a condition of `$(if)` holds; `None` when only a run can tell.
    fn truth(&mut self, text: &str, depth: usize) -> (Option<bool>, String) {
        let before = std::mem::replace(&mut self.strict, true);
        let made = self.expand(text, depth).trim().to_owned();
        self.strict = before;
        let known = Text::new(made.as_str()).symbols().map(str::to_owned).collect::<Vec<_>>();
        let bare = known.len() == 1 && Text::new(made.as_str()).symbol().is_some();
        // A value of an input or a variable may be empty; one with literal parts is not.
        (if bare { None } else { Some(!made.is_empty()) }, made)
    }

    fn function(&mut self, name: &str, argument: &str, depth: usize) -> Option<String> {
        let raw = arguments(argument);
        let nth = |at: usize| raw.get(at).copied().unwrap_or_default();
        // What follows the last comma that separates belongs to the last argument.
        let from = |at: usize| rest_of(argument, at);
        let made = match name {
            "if" => {
                let (holds, asked) = self.truth(nth(0), depth);
                let (yes, no) = (nth(1).to_owned(), from(2).to_owned());
                match holds {
                    Some(true) => self.expand(&yes, depth),
                    Some(false) => self.expand(&no, depth),
                    None => {
                        let (yes, no) = (self.expand(&yes, depth), self.expand(&no, depth));
                        match (publishes(&yes), publishes(&no)) {
                            _ if yes == no => yes,
                            // The reading that publishes counts.
                            (true, _) => yes,
                            (false, true) => no,
                            _ => self.either(&asked, yes, no),
                        }
                    }
                }
            }
            "or" => {
                let (mut made, mut before) = (String::new(), Vec::new());
                for part in &raw {
                    let (holds, text) = self.truth(part.trim(), depth);
                    if holds.is_none() && self.choices.of(&Text::new(text.as_str())).is_some() {
                        before.push(text);
                    } else if holds != Some(false) {
                        made = text;
                        break;
                    }
                }
                before.into_iter().rev().fold(made, |made, text| self.either(&text, text.clone(), made))
            }
            "and" => {
                let mut made = String::new();
                for part in &raw {
                    let (holds, text) = self.truth(part.trim(), depth);
                    made = text;
                    if holds == Some(false) {
                        made = String::new();
                        break;
                    }
                }
                made
            }
            "foreach" => {
                let variable = self.expand(nth(0), depth).trim().to_owned();
                let list = self.expand(nth(1), depth);
                let body = from(2).to_owned();
                let mut made = Vec::new();
                for word in split(&list) {
                    self.local(&variable, &word);
                    made.push(self.expand(&body, depth));
                    self.locals.pop();
                    if self.stopped.is_some() {
                        break;
                    }
                }
                made.join(" ")
            }
            "call" => {
                let function = self.expand(nth(0), depth).trim().to_owned();
                let values: Vec<String> = raw.iter().skip(1).map(|a| self.expand(a, depth)).collect();
                let Some(body) = self.known(&function) else {
                    return Some(self.function(&function, &values.join(","), depth).unwrap_or_default());
                };
                let own = self.locals.len();
                // Parameters of a call around this one are not seen.
                for at in 0..10 {
                    let value = if at == 0 { Some(&function) } else { values.get(at - 1) };
                    self.local(&at.to_string(), value.map_or("", String::as_str));
                }
                let made = self.value(&body, depth);
                self.locals.truncate(own);
                made
            }
            "eval" => {
                let text = self.expand(argument, depth);
                self.evaluate(&text);
                String::new()
            }
            "info" | "warning" | "error" => String::new(),
            "value" => {
                let name = self.expand(argument, depth);
                self.known(name.trim()).map(|v| v.text).unwrap_or_default()
            }
            "origin" => {
                let name = self.expand(argument, depth).trim().to_owned();
                if self.fixed.contains_key(&name) {
                    "command line".to_owned()
                } else if self.known(&name).is_some() {
                    "file".to_owned()
                } else if of_the_runner(&name) {
                    "${{ make.origin }}".to_owned()
                } else {
                    "undefined".to_owned()
                }
            }
            "flavor" => {
                let name = self.expand(argument, depth);
                match self.known(name.trim()) {
                    Some(value) if value.open => "recursive",
                    Some(_) => "simple",
                    None => "undefined",
                }
                .to_owned()
            }
            "shell" => {
                let before = std::mem::take(&mut self.strict);
                let line = self.expand(argument, depth).split_whitespace().collect::<Vec<_>>().join(" ");
                self.strict = before;
                match line.as_str() {
                    "pwd" | "pwd -P" | "pwd -L" => "$(CURDIR)".to_owned(),
                    "git rev-parse --show-toplevel" => {
                        let up = self.folder.split('/').filter(|p| !p.is_empty()).count();
                        if up == 0 { ".".to_owned() } else { vec![".."; up].join("/") }
                    }
                    _ => match (self.shell)(&line, &self.folder) {
                        Some(text) => text.to_string(),
                        None => format!(
                            "${{{{ shell({}) }}}}",
                            line.replace("${{ ", "<").replace(" }}", ">").replace("}}", "} }")
                        ),
                    },
                }
            }
            _ => return self.text_function(name, argument, &raw, depth),
        };
        Some(if made == "$(CURDIR)" { self.expand(&made, depth) } else { made })
    }

    /// One text where a third is not empty, and another where it is.
    fn either(&self, asked: &str, yes: String, no: String) -> String {
        let cond = self.choices.resolve(symbol::present(&Text::new(asked)));
        let (yes, no) = (Text::new(yes), Text::new(no));
        let shown = format!("{cond}: {}; {}", symbol::word(&yes), symbol::word(&no));
        let symbol = symbol::unknown("if", &shown);
        let mut options = self.choices.either(&cond, yes, no);
        options.retain(|(cond, _)| !cond.is_never());
        self.choices.keep(&symbol, options);
        symbol.to_string()
    }

    fn text_function(&mut self, name: &str, argument: &str, raw: &[&str], depth: usize) -> Option<String> {
        let count = match name {
            "strip" | "sort" | "firstword" | "lastword" | "words" | "dir" | "notdir" | "suffix" | "basename"
            | "abspath" | "realpath" | "wildcard" => 1,
            "addprefix" | "addsuffix" | "filter" | "filter-out" | "findstring" | "word" | "join" => 2,
            "subst" | "patsubst" | "wordlist" => 3,
            _ => return None,
        };
        let mut values: Vec<String> = Vec::new();
        for at in 0..count {
            let text = if at + 1 == count { rest_of(argument, at) } else { raw.get(at).copied().unwrap_or_default() };
            values.push(self.expand(text, depth));
        }
        let one = values.first().map_or("", String::as_str);
        let two = values.get(1).map_or("", String::as_str);
        let three = values.get(2).map_or("", String::as_str);
        let unknown = |text: &str| text.contains("${{");
        let number = |text: &str| text.trim().parse::<usize>().ok();
        Some(match name {
            "strip" | "abspath" | "realpath" => split(one).join(" "),
            "sort" => split(one).into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" "),
            "firstword" => split(one).first().cloned().unwrap_or_default(),
            "lastword" => split(one).last().cloned().unwrap_or_default(),
            "words" if unknown(one) => "${{ make.words }}".to_owned(),
            "words" => split(one).len().to_string(),
            "dir" => map(one, folder_of),
            "notdir" => map(one, |w| name_of(w).to_owned()),
            "suffix" => map(one, |w| name_of(w).rfind('.').and_then(|a| name_of(w).get(a..)).unwrap_or("").to_owned()),
            "basename" => map(one, |w| {
                let end = name_of(w).rfind('.').map_or(w.len(), |a| w.len() - name_of(w).len() + a);
                w.get(..end).unwrap_or(w).to_owned()
            }),
            "wildcard" if unknown(one) => "${{ make.wildcard }}".to_owned(),
            "wildcard" => {
                split(one).iter().flat_map(|p| wildcard(self.checkout, &self.folder, p)).collect::<Vec<_>>().join(" ")
            }
            "addprefix" => map(two, |w| format!("{}{w}", one.trim())),
            "addsuffix" => map(two, |w| format!("{w}{}", one.trim())),
            "filter" | "filter-out" => {
                let patterns = split(one);
                let kept = |w: &String| patterns.iter().any(|p| super::fits(p, w).is_some()) == (name == "filter");
                split(two).into_iter().filter(|w| unknown(w) || kept(w)).collect::<Vec<_>>().join(" ")
            }
            "findstring" if unknown(two) && !two.contains(one) => "${{ make.findstring }}".to_owned(),
            "findstring" => if two.contains(one) { one } else { "" }.to_owned(),
            "word" if unknown(two) && split(two).len() < number(one).unwrap_or(1) => "${{ make.word }}".to_owned(),
            "word" => number(one).and_then(|n| split(two).get(n.checked_sub(1)?).cloned()).unwrap_or_default(),
            "wordlist" => {
                let (from, to) = (number(one).unwrap_or(1), number(two).unwrap_or(0));
                let words = split(three);
                words.get(from.saturating_sub(1)..to.min(words.len())).unwrap_or_default().join(" ")
            }
            "join" => {
                let (left, right) = (split(one), split(two));
                let pair = |at: usize| {
                    let word = |list: &[String]| list.get(at).cloned().unwrap_or_default();
                    format!("{}{}", word(&left), word(&right))
                };
                (0..left.len().max(right.len())).map(pair).collect::<Vec<_>>().join(" ")
            }
            "subst" if unknown(three) => around(three, |text| text.replace(one, two)),
            "subst" if one.is_empty() => three.to_owned(),
            "subst" => three.replace(one, two),
            "patsubst" => map(three, |w| substitute(one.trim(), two.trim(), w)),
            _ => return None,
        })
    }
}

/// Changes the literal parts of a text.
fn around(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${{") {
        let (head, tail) = rest.split_at(at);
        out.push_str(&change(head));
        let (symbol, after) = tail.split_at(tail.find("}}").map_or(tail.len(), |e| e + 2));
        out.push_str(symbol);
        rest = after;
    }
    out.push_str(&change(rest));
    out
}

fn map(list: &str, of: impl Fn(&str) -> String) -> String {
    split(list).iter().map(|w| of(w)).collect::<Vec<_>>().join(" ")
}

fn substitute(from: &str, to: &str, word: &str) -> String {
    match super::fits(from, word) {
        Some(Some(stem)) => to.replacen('%', &stem, 1),
        Some(None) => to.to_owned(),
        None => word.to_owned(),
    }
}

fn name_of(word: &str) -> &str {
    if word.contains("${{") && word.ends_with("}}") {
        return word;
    }
    word.rsplit('/').next().unwrap_or(word)
}

fn folder_of(word: &str) -> String {
    match word.rfind('/') {
        Some(at) if !word.ends_with("}}") => word.get(..=at).unwrap_or(word).to_owned(),
        _ => "./".to_owned(),
    }
}

/// Patterns that are kept compiled.
const MOST_MATCHERS: usize = 500;

/// A pattern of files, compiled. Every command that runs make reads the same makefiles.
fn matcher(pattern: &str) -> Option<Rc<GlobMatcher>> {
    thread_local! {
        static KNOWN: RefCell<HashMap<String, Option<Rc<GlobMatcher>>>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(matcher) = known.get(pattern) {
            return matcher.clone();
        }
        if known.len() >= MOST_MATCHERS {
            known.clear();
        }
        let matcher = file_matcher(pattern, true).map(Rc::new);
        known.insert(pattern.to_owned(), matcher.clone());
        matcher
    })
}

/// The files and folders of the checkout that a pattern fits, as seen from a folder.
pub(super) fn wildcard(checkout: &Checkout, folder: &str, pattern: &str) -> Vec<String> {
    let path = join(folder, pattern);
    if !path.contains(['*', '?', '[']) {
        let found = checkout.exists(&path) || checkout.under(&path).next().is_some();
        return if found { vec![pattern.to_owned()] } else { Vec::new() };
    }
    // Many patterns differ in their folder alone.
    let open = path.find(['*', '?', '[']).unwrap_or(path.len());
    let (fixed, below) = match path.get(..open).and_then(|fixed| fixed.rfind('/')) {
        Some(at) => (path.get(..at).unwrap_or_default(), at + 1),
        None => ("", 0),
    };
    let Some(matcher) = matcher(path.get(below..).unwrap_or_default()) else { return Vec::new() };
    let parts = path.split('/').count();
    let mut found = BTreeSet::new();
    for file in checkout.under(fixed) {
        let end = file.match_indices('/').nth(parts - 1).map_or(file.len(), |(at, _)| at);
        let own = file.get(..end).unwrap_or(file);
        if !found.contains(own) && own.get(below..).is_some_and(|name| matcher.is_match(name)) {
            found.insert(own.to_owned());
        }
        if found.len() >= MOST_WORDS {
            break;
        }
    }
    // As written: below the folder, or with the way out of it.
    let literal = pattern.split(['*', '?', '[']).next().unwrap_or_default();
    let written = literal.rfind('/').and_then(|at| literal.get(..=at)).unwrap_or_default();
    let base = join(folder, written);
    found
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(&base).unwrap_or(&path).trim_start_matches('/');
            format!("{written}{below}")
        })
        .collect()
}

/// The arguments of a function: separated by commas outside of references.
fn arguments(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((head, tail)) = crate::syntax::makefile::split_comma(rest) {
        parts.push(head);
        rest = tail;
    }
    parts.push(rest);
    parts
}

/// What stands behind the first `count` arguments.
fn rest_of(text: &str, count: usize) -> &str {
    let mut rest = text;
    for _ in 0..count {
        match crate::syntax::makefile::split_comma(rest) {
            Some((_, tail)) => rest = tail,
            None => return "",
        }
    }
    rest
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
