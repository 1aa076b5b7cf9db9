//! Configuration files that a job puts somewhere, or edits, before it runs the tool that reads them: a plain copy says
//! what the original says, and of what another program writes nothing is known.

use std::collections::BTreeMap;

use crate::checkout::Checkout;
use crate::commands::matching;
use crate::model::{Command, Text};

/// The most files that are kept in mind.
const MOST: usize = 64;

/// Configuration files that earlier commands of a job left, by path.
#[derive(Debug, Default)]
pub(in crate::commands) struct Replaced(BTreeMap<String, Option<String>>);

impl Replaced {
    /// Whether there are none.
    pub(in crate::commands) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file of the checkout that a path stands for when a tool reads it; `None` where there is none.
    pub(super) fn source<'a>(&'a self, checkout: &Checkout, path: &'a str) -> Option<&'a str> {
        match self.0.get(path) {
            Some(known) => known.as_deref(),
            None => checkout.is_there(path).then_some(path),
        }
    }

    /// Keeps in mind what a command writes.
    pub(in crate::commands) fn keep(&mut self, checkout: &Checkout, command: &Command) {
        let Some((source, target)) = written(command).or_else(|| edited(command).map(|file| (None, file))) else {
            return;
        };
        let at = |file: &Text| super::join(command.folder.as_str(), file.as_str());
        let target = at(target);
        if ![".yml", ".yaml"].iter().any(|ending| target.ends_with(ending)) {
            return;
        }
        let appends = command.output.is_some() && self.source(checkout, &target).is_some();
        let source = source.filter(|file| file.is_literal() && !appends).map(at);
        let source = source.and_then(|file| self.source(checkout, &file).map(str::to_owned));
        // What is not there and not made of the checkout is not there for the tool either.
        let says = source.is_some() || checkout.is_there(&target) || self.0.contains_key(&target);
        if says && (self.0.len() < MOST || self.0.contains_key(&target)) {
            self.0.insert(target, source);
        }
    }
}

/// The file that a command writes, and the one of which it makes a plain copy, if it does that.
fn written(command: &Command) -> Option<(Option<&Text>, &Text)> {
    let (_, arguments) = command.words.split_first()?;
    let mut named = arguments.iter().filter(|word| !word.as_str().starts_with('-'));
    let program = matching::program(command.words.first()?).unwrap_or_default();
    match (&command.output, program, (named.next(), named.next(), named.next())) {
        (Some(file), "cat", (source, None, None)) => Some((source, file)),
        (Some(file), ..) => Some((None, file)),
        (None, "cp" | "mv", (Some(source), Some(file), None)) => Some((Some(source), file)),
        (None, "tee", (Some(file), ..)) => Some((None, file)),
        _ => None,
    }
}

/// Words of an edit that puts a version into a file, and nothing else.
const OF_VERSIONS: &[&str] = &["version", "versions", "ver", "semver", "tag", "ref", "env"];

/// The file that a command edits in place, unless the edit only puts a version into it.
/// Sources: <https://www.gnu.org/software/sed/manual/sed.html>, <https://mikefarah.gitbook.io/yq/commands/evaluate>
fn edited(command: &Command) -> Option<&Text> {
    let (first, arguments) = command.words.split_first()?;
    if !matches!(matching::program(first)?, "sed" | "gsed" | "yq" | "perl") || !arguments.iter().any(edits_in_place) {
        return None;
    }
    let (file, expressions) = arguments.split_last()?;
    let words: Vec<String> =
        expressions.iter().filter(|word| !word.as_str().starts_with('-')).flat_map(parts).collect();
    let only_versions = !words.is_empty() && words.iter().all(|word| OF_VERSIONS.contains(&&**word));
    (!only_versions).then_some(file)
}

/// Whether an option has an editor of streams write its file anew.
pub(crate) fn edits_in_place(word: &Text) -> bool {
    let word = word.as_str();
    let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
    word.starts_with("--in-place") || word == "--inplace" || letters.is_some_and(|letters| letters.contains('i'))
}

/// A text without what stands for unknown values in it.
fn without_values(text: &str) -> String {
    let mut parts = text.split("${{");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once("}}").map_or("", |(_, rest)| rest));
    }
    plain
}

/// The words in an expression that are longer than the commands of an editor, in lower case.
fn parts(expression: &Text) -> Vec<String> {
    // What a value comes from is no part of the edit.
    let plain = without_values(expression.as_str());
    let parts = plain.split(|c: char| !c.is_ascii_alphabetic());
    parts.filter(|part| part.len() > 2).map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_counts_unless_it_is_about_a_version() {
        let edits = |line: &[&str]| edited(&Command::of_words(line)).map(ToString::to_string);
        let file = || Some(".goreleaser.yml".to_owned());
        assert_eq!(edits(&["sed", "-i", "s/draft: true/draft: false/", ".goreleaser.yml"]), file());
        assert_eq!(edits(&["sed", "-i.bak", "-e", "/sboms:/d", ".goreleaser.yml"]), file());
        assert_eq!(edits(&["yq", "-i", ".archives = []", ".goreleaser.yml"]), file());
        assert_eq!(edits(&["sed", "-i", "s/VERSION/1.2.3/", ".goreleaser.yml"]), None);
        assert_eq!(edits(&["sed", "-i", "s/version: .*/version: ${{ env.VERSION }}/", ".goreleaser.yml"]), None);
        assert_eq!(edits(&["sed", "-n", "s/draft: true/x/p", ".goreleaser.yml"]), None);
    }
}
