//! Patterns: wildcards over names, and regular expressions, each compiled once.

use std::sync::{Arc, LazyLock, RwLock};

use globset::{Glob, GlobBuilder, GlobMatcher};
use regex::bytes::{Regex, RegexBuilder};
use rustc_hash::FxHashMap;

/// Patterns that were compiled before, by any thread; `None` for one that is none.
static COMPILED: LazyLock<RwLock<FxHashMap<String, Option<Arc<Regex>>>>> = LazyLock::new(RwLock::default);

fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    if let Some(known) = COMPILED.read().ok()?.get(pattern) {
        return known.clone();
    }
    // Without the tables of Unicode it compiles in half the time.
    let regex = RegexBuilder::new(pattern).case_insensitive(true).unicode(false).build();
    let regex = regex.ok().map(Arc::new);
    COMPILED.write().ok()?.insert(pattern.to_owned(), regex.clone());
    regex
}

/// Most bytes of a pattern of files: what a far longer one compiles to is too much.
const MOST_GLOB: usize = 1_000;

/// A pattern of files, in which `*` goes past a `/` unless `separated` is set. `None` for one that is none, or too long.
pub fn glob(pattern: &str, separated: bool) -> Option<Glob> {
    let short = Some(pattern).filter(|pattern| pattern.len() <= MOST_GLOB)?;
    GlobBuilder::new(short).literal_separator(separated).build().ok()
}

/// The same, compiled.
pub fn file_matcher(pattern: &str, separated: bool) -> Option<GlobMatcher> {
    glob(pattern, separated).map(|glob| glob.compile_matcher())
}

/// Whether the pattern matches somewhere, without regard to the case of ASCII letters.
pub fn search(pattern: &str, text: &str) -> bool {
    compiled(pattern).is_some_and(|r| r.is_match(text.as_bytes()))
}

/// What the first group captures.
pub fn capture(pattern: &str, text: &str) -> Option<String> {
    let captures = compiled(pattern)?;
    let found = captures.captures(text.as_bytes())?.get(1)?;
    Some(text.get(found.range())?.to_owned())
}

/// Whether a name fits a wildcard pattern, in which `*` stands for any characters, without regard to case.
pub fn wildcard(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    // Nearly every pair differs here already.
    let differ = |written: Option<&u8>, other: Option<&u8>| {
        written.is_some_and(|b| *b != b'*' && !other.is_some_and(|other| b.eq_ignore_ascii_case(other)))
    };
    if differ(pattern.last(), name.last()) || differ(pattern.first(), name.first()) {
        return false;
    }
    let mut parts = pattern.split(|b| *b == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(last) = parts.next_back() else { return first.eq_ignore_ascii_case(name) };
    let Some((_, mut rest)) = name.split_at_checked(first.len()).filter(|(head, _)| head.eq_ignore_ascii_case(first))
    else {
        return false;
    };
    for part in parts {
        match behind(rest, part) {
            Some(tail) => rest = tail,
            None => return false,
        }
    }
    ends_with(rest, last)
}

/// What stands behind the first place of a part.
fn behind<'t>(text: &'t [u8], part: &[u8]) -> Option<&'t [u8]> {
    let Some((first, others)) = part.split_first() else { return Some(text) };
    let (small, large) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let mut rest = text;
    loop {
        // Names are short, for which a plain loop is the fastest.
        let at = rest.iter().position(|byte| *byte == small || *byte == large)?;
        rest = rest.get(at + 1..)?;
        let (head, tail) = rest.split_at_checked(others.len())?;
        if head.eq_ignore_ascii_case(others) {
            return Some(tail);
        }
    }
}

fn ends_with(text: &[u8], end: &[u8]) -> bool {
    text.len().checked_sub(end.len()).and_then(|at| text.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Whether a path fits a pattern without regard to case: `*` stands for any characters of one name, and `**` for any
/// folders, or none.
pub fn path(pattern: &str, path: &str) -> bool {
    // Nearly every pair differs here already.
    let end = pattern.rsplit(['*', '/']).next().unwrap_or_default();
    ends_with(path.as_bytes(), end.as_bytes()) && below(pattern, path)
}

fn below(pattern: &str, mut path: &str) -> bool {
    let (want, rest) = pattern.split_once('/').map_or((pattern, None), |(want, rest)| (want, Some(rest)));
    if want == "**" {
        let Some(rest) = rest else { return true };
        loop {
            if below(rest, path) {
                return true;
            }
            match path.split_once('/') {
                Some((_, inner)) => path = inner,
                None => return false,
            }
        }
    }
    match (rest, path.split_once('/')) {
        (None, None) => wildcard(want, path),
        (Some(rest), Some((name, inner))) => wildcard(want, name) && below(rest, inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_characters() {
        assert!(wildcard("owner/*", "Owner/anything/at-all"));
        assert!(wildcard("depot-*-arm", "depot-ubuntu-24.04-arm"));
        assert!(!wildcard("depot-*", "my-depot"));
        assert!(wildcard("*", ""));
        assert!(!wildcard("a*a", "a"));
        assert!(wildcard("a*b*b", "aXBb"));
        assert!(!wildcard("a*b*b", "aXb"));
    }

    #[test]
    fn folders_stand_between_the_names_of_a_path() {
        assert!(path("**/Jenkinsfile.*", "ci/jenkinsfile.release"));
        assert!(path("**/cloudbuild*.yaml", "cloudbuild.yaml"));
        assert!(path(".circleci/**/*.yml", ".circleci/config.yml"));
        assert!(path(".circleci/**/*.yml", ".circleci/a/b/config.yml"));
        assert!(path("a/**", "a/b/c"));
        assert!(!path(".circleci/**/*.yml", "x/.circleci/config.yml"));
        assert!(!path("*.yml", "a/b.yml"));
        assert!(!path("a/*.yml", "a/b/c.yml"));
    }

    #[test]
    fn a_broken_pattern_matches_nothing() {
        assert!(!search("(", "("));
    }
}
