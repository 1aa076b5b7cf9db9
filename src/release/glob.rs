//! Glob algebra: whether one pattern of file names contains another. Unknown parts of either are opaque.

use std::borrow::Cow;

/// One unit of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unit {
    Char(char),
    /// `?`
    One,
    /// `*`: anything but `/`.
    Star,
    /// `**`: anything.
    Deep,
    /// `${{ ... }}`: some text that nobody knows, the same wherever the symbol is the same.
    Symbol(String),
}

/// Patterns with more alternatives in braces than this are taken as they are.
const MOST_ALTERNATIVES: usize = 64;

/// Whether every file that `inner` can name is named by `outer`.
pub(super) fn contains(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (normal(outer), normal(inner));
    if outer == inner || is_plain(&outer) && is_plain(&inner) {
        return outer == inner;
    }
    let outers = alternatives(&outer);
    alternatives(&inner).iter().all(|i| {
        outers
            .iter()
            .any(|o| within(&units(o), &units(i), &mut vec![None; (o.len() + 1) * (i.len() + 1)], 0, 0, i.len() + 1))
    })
}

/// Whether some file may be named by both.
pub(super) fn overlaps(a: &str, b: &str) -> bool {
    let (a, b) = (normal(a), normal(b));
    if is_plain(&a) && is_plain(&b) {
        return a == b;
    }
    let bs = alternatives(&b);
    alternatives(&a).iter().any(|a| {
        bs.iter().any(|b| {
            let (a, b) = (units(a), units(b));
            let width = b.len() + 1;
            meet(&a, &b, &mut vec![None; (a.len() + 1) * width], 0, 0, width)
        })
    })
}

/// A name or folder with every unknown part as a `*`.
pub(super) fn starred(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find("${{") {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        out.push('*');
        rest = tail.find("}}").and_then(|e| tail.get(e + 2..)).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Whether a normal pattern names one file.
fn is_plain(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '{'])
}

/// The pattern without `./`, doubled separators and quotes; a folder stands for everything in it.
pub(super) fn normal(pattern: &str) -> String {
    let pattern = pattern.trim();
    let mut text = Cow::Borrowed(pattern);
    if pattern.contains('\\') {
        text = Cow::Owned(pattern.replace('\\', "/"));
    }
    while text.contains("//") {
        text = Cow::Owned(text.replace("//", "/"));
    }
    let mut text = &*text;
    while let Some(rest) = text.strip_prefix("./") {
        text = rest;
    }
    match text {
        "" | "." => "**".to_owned(),
        folder if folder.ends_with('/') => format!("{folder}**"),
        other => upwards(&other.replace("/./", "/")),
    }
}

/// A path without the steps back out of its own folders: `out/../dist/*` is `dist/*`.
fn upwards(path: &str) -> String {
    if !path.contains("/../") || path.contains("${{") {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        let back = parts.last().is_some_and(|last| !matches!(*last, "" | "..") && !last.contains('*'));
        if part == ".." && back {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// `{a,b}` multiplied out.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut all = vec![pattern.to_owned()];
    loop {
        let Some(at) = all.iter().position(|p| braces(p).is_some()) else { return all };
        if all.len() > MOST_ALTERNATIVES {
            return all;
        }
        let pattern = all.swap_remove(at);
        let Some((start, end)) = braces(&pattern) else { return all };
        let (head, tail) = (pattern.get(..start).unwrap_or_default(), pattern.get(end + 1..).unwrap_or_default());
        for option in pattern.get(start + 1..end).unwrap_or_default().split(',') {
            all.push(format!("{head}{option}{tail}"));
        }
    }
}

/// The first innermost `{...}` with a comma that is no part of `${{ }}`.
fn braces(pattern: &str) -> Option<(usize, usize)> {
    let mut start = None;
    let mut at = 0;
    while let Some(rest) = pattern.get(at..).filter(|r| !r.is_empty()) {
        if rest.starts_with("${{") {
            at += rest.find("}}").map_or(rest.len(), |e| e + 2);
            start = None;
            continue;
        }
        let c = rest.chars().next()?;
        match c {
            '{' => start = Some(at),
            '}' => {
                if let Some(start) = start.take()
                    && pattern.get(start..at).is_some_and(|s| s.contains(','))
                {
                    return Some((start, at));
                }
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    None
}

fn units(pattern: &str) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("${{") {
            let end = rest.find("}}").map_or(rest.len(), |e| e + 2);
            let (symbol, tail) = rest.split_at(end);
            units.push(Unit::Symbol(symbol.to_owned()));
            rest = tail;
            continue;
        }
        if let Some(tail) = rest.strip_prefix("**") {
            units.push(Unit::Deep);
            // `**/` also stands for no folder at all.
            rest = tail.strip_prefix('/').unwrap_or(tail);
            continue;
        }
        units.push(match c {
            '*' => Unit::Star,
            '?' => Unit::One,
            c => Unit::Char(c),
        });
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    units
}

fn within(outer: &[Unit], inner: &[Unit], memo: &mut Vec<Option<bool>>, o: usize, i: usize, width: usize) -> bool {
    if let Some(Some(known)) = memo.get(o * width + i) {
        return *known;
    }
    let answer = match (outer.get(o), inner.get(i)) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some(Unit::Deep), None) => within(outer, inner, memo, o + 1, i, width),
        (Some(Unit::Star), None) => within(outer, inner, memo, o + 1, i, width),
        (Some(_), None) => false,
        (Some(Unit::Deep), Some(_)) => {
            within(outer, inner, memo, o + 1, i, width) || within(outer, inner, memo, o, i + 1, width)
        }
        (Some(Unit::Star), Some(unit)) => {
            within(outer, inner, memo, o + 1, i, width)
                || (!matches!(unit, Unit::Deep | Unit::Char('/')) && within(outer, inner, memo, o, i + 1, width))
        }
        (Some(Unit::One), Some(unit)) => {
            matches!(unit, Unit::One | Unit::Char(_))
                && *unit != Unit::Char('/')
                && within(outer, inner, memo, o + 1, i + 1, width)
        }
        (Some(a), Some(b)) => a == b && within(outer, inner, memo, o + 1, i + 1, width),
    };
    if let Some(slot) = memo.get_mut(o * width + i) {
        *slot = Some(answer);
    }
    answer
}

fn meet(a: &[Unit], b: &[Unit], memo: &mut Vec<Option<bool>>, i: usize, j: usize, width: usize) -> bool {
    if let Some(Some(known)) = memo.get(i * width + j) {
        return *known;
    }
    let wild = |u: &Unit| matches!(u, Unit::Star | Unit::Deep | Unit::Symbol(_));
    let answer = match (a.get(i), b.get(j)) {
        (None, None) => true,
        (Some(u), None) => wild(u) && meet(a, b, memo, i + 1, j, width),
        (None, Some(u)) => wild(u) && meet(a, b, memo, i, j + 1, width),
        (Some(u), Some(v)) => {
            let skip = (wild(u) && meet(a, b, memo, i + 1, j, width)) || (wild(v) && meet(a, b, memo, i, j + 1, width));
            let crosses = |wild: &Unit, other: &Unit| *wild != Unit::Star || *other != Unit::Char('/');
            let eat = (wild(u) && crosses(u, v) && meet(a, b, memo, i, j + 1, width))
                || (wild(v) && crosses(v, u) && meet(a, b, memo, i + 1, j, width));
            let same = (u == v || matches!((u, v), (Unit::One, Unit::Char(_)) | (Unit::Char(_), Unit::One)))
                && meet(a, b, memo, i + 1, j + 1, width);
            skip || eat || same
        }
    };
    if let Some(slot) = memo.get_mut(i * width + j) {
        *slot = Some(answer);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_pattern_contains_a_narrower_one() {
        assert!(contains("dist/*", "dist/*.tar.gz"));
        assert!(!contains("dist/*.tar.gz", "dist/*"));
        assert!(contains("dist/**", "dist/a/b.zip"));
        assert!(contains("dist/", "dist/a/b.zip"));
        assert!(!contains("dist/*", "dist/a/b.zip"));
        assert!(contains("./dist/*.{tar.gz,zip}", "dist/*.zip"));
        assert!(!contains("dist/*.zip", "dist/*.{tar.gz,zip}"));
        assert!(contains("**/*.deb", "*.deb"));
        assert!(contains("widget.tar.gz", "./widget.tar.gz"));
        assert!(contains("dist/*", "out/deep/../../dist/a"));
        assert!(!contains("dist/*", "../dist/a"));
    }

    #[test]
    fn an_unknown_part_is_contained_in_a_star_and_in_itself() {
        assert!(contains("dist/*.zip", "dist/widget-${{ github.ref_name }}.zip"));
        assert!(contains("a-${{ env.V }}", "a-${{ env.V }}"));
        assert!(!contains("a-${{ env.V }}", "a-${{ env.W }}"));
        assert!(!contains("a-1", "a-${{ env.V }}"));
    }

    #[test]
    fn patterns_overlap_when_one_name_fits_both() {
        assert!(overlaps("dist/*", "dist/*.zip"));
        assert!(overlaps("*.tar.gz", "widget-*"));
        assert!(!overlaps("*.tar.gz", "*.deb"));
        assert!(!overlaps("dist/*.zip", "out/*.zip"));
    }
}
