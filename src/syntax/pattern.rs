//! Patterns of catalogue entries: wildcards over names, and regular expressions, each compiled once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex::Regex;

thread_local! {
    static COMPILED: RefCell<HashMap<String, Option<Rc<Regex>>>> = RefCell::default();
}

fn compiled(pattern: &str) -> Option<Rc<Regex>> {
    COMPILED.with_borrow_mut(|all| {
        if let Some(known) = all.get(pattern) {
            return known.clone();
        }
        let regex = Regex::new(&format!("(?i){pattern}")).ok().map(Rc::new);
        all.insert(pattern.to_owned(), regex.clone());
        regex
    })
}

/// Whether the pattern matches somewhere, without regard to case.
pub fn search(pattern: &str, text: &str) -> bool {
    compiled(pattern).is_some_and(|r| r.is_match(text))
}

/// Whether the pattern matches the whole text, without regard to case.
pub fn whole(pattern: &str, text: &str) -> bool {
    compiled(&format!("^(?:{pattern})$")).is_some_and(|r| r.is_match(text))
}

/// What the first group captures.
pub fn capture(pattern: &str, text: &str) -> Option<String> {
    Some(compiled(pattern)?.captures(text)?.get(1)?.as_str().to_owned())
}

/// Whether a name fits a wildcard pattern, in which `*` stands for any characters, without regard to case.
pub fn wildcard(pattern: &str, name: &str) -> bool {
    if !pattern.contains('*') {
        return pattern.eq_ignore_ascii_case(name);
    }
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
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
    }

    #[test]
    fn a_broken_pattern_matches_nothing() {
        assert!(!search("(", "("));
    }
}
