//! Glob algebra: whether one pattern of file names contains another. Unknown parts of either are opaque.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::iter;
use std::rc::Rc;

use rustc_hash::FxHashMap;

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
/// A pattern that has more units in all its alternatives may name any file.
const MOST_UNITS: usize = 4_096;

/// Two patterns of more units, one times the other, are not compared: they may meet, and neither contains the other.
const MOST_CELLS: usize = 1 << 16;
/// Pairs of units that are worth a comparison of two short patterns.
pub(super) const CELLS: usize = 32;

/// A pattern taken apart.
struct Compiled {
    /// What [`normal`] makes of it.
    normal: String,
    /// Whether it names one file.
    plain: bool,
    /// The length of what all the names begin with.
    head: usize,
    /// Whether it has alternatives.
    braces: bool,
    /// Its alternatives as units. Two plain patterns are compared without them.
    alternatives: OnceCell<Vec<Vec<Unit>>>,
}

impl Compiled {
    fn new(pattern: &str) -> Self {
        let normal = normal(pattern);
        let head = normal.find(['*', '?', '{', '$']).unwrap_or(normal.len());
        Self {
            plain: is_plain(&normal),
            head,
            braces: braces(&normal).is_some(),
            normal,
            alternatives: OnceCell::new(),
        }
    }

    /// What all the names begin with.
    fn head(&self) -> &[u8] {
        self.normal.as_bytes().get(..self.head).unwrap_or_default()
    }

    /// Whether it can be held against others as it is written.
    fn is_whole(&self) -> bool {
        !self.braces && self.normal.len() <= MOST_UNITS
    }

    fn alternatives(&self) -> &[Vec<Unit>] {
        self.alternatives.get_or_init(|| {
            if self.normal.len() > MOST_UNITS {
                return anything(&self.normal);
            }
            let all: Vec<Vec<Unit>> = match self.plain {
                true => vec![units(&self.normal)],
                false => alternatives(&self.normal).iter().map(|a| units(a)).collect(),
            };
            if all.iter().map(Vec::len).sum::<usize>() > MOST_UNITS { anything(&self.normal) } else { all }
        })
    }
}

/// A pattern that is too large to be held against others: it may meet each, only `**` contains it, and it contains none.
fn anything(pattern: &str) -> Vec<Vec<Unit>> {
    let mark = || Unit::Symbol(pattern.to_owned());
    vec![vec![mark(), Unit::Deep, mark()]]
}

/// Compiled patterns that are kept at most: the same few are held against one another again and again.
const MOST_KEPT: usize = 1_024;

thread_local! {
    static KEPT: RefCell<FxHashMap<String, Pattern>> = RefCell::default();
}

/// A pattern taken apart, to be held against others.
#[derive(Clone)]
pub(super) struct Pattern(Rc<Compiled>);

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normal.fmt(f)
    }
}

impl Pattern {
    pub(super) fn new(pattern: &str) -> Self {
        KEPT.with_borrow_mut(|kept| {
            if let Some(known) = kept.get(pattern) {
                return known.clone();
            }
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            let new = Self(Rc::new(Compiled::new(pattern)));
            kept.insert(pattern.to_owned(), new.clone());
            new
        })
    }

    /// The pattern as [`normal`] makes it.
    pub(super) fn as_str(&self) -> &str {
        &self.0.normal
    }

    /// Whether every file that `inner` can name is named by this one.
    pub(super) fn contains(&self, inner: &Self) -> bool {
        let (outer, inner) = (&*self.0, &*inner.0);
        if outer.normal == inner.normal || outer.plain && inner.plain {
            return outer.normal == inner.normal;
        }
        // Of alternatives each may begin in its own way.
        if !inner.braces && !inner.head().starts_with(outer.head()) {
            return false;
        }
        let outers = outer.alternatives();
        inner.alternatives().iter().all(|i| outers.iter().any(|o| has(o, i)))
    }

    /// Whether some file may be named by both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (&*self.0, &*other.0);
        if a.plain && b.plain {
            return a.normal == b.normal;
        }
        let apart = |a: &[u8], b: &[u8]| a.iter().zip(b).any(|(a, b)| a != b);
        if a.is_whole() && b.is_whole() && apart(a.head(), b.head()) {
            return false;
        }
        let bs = b.alternatives();
        a.alternatives().iter().any(|a| bs.iter().any(|b| may_meet(a, b)))
    }
}

/// Whether every file that `inner` can name is named by `outer`.
pub(super) fn contains(outer: &str, inner: &str) -> bool {
    Pattern::new(outer).contains(&Pattern::new(inner))
}

/// Whether some file may be named by both.
pub(super) fn overlaps(a: &str, b: &str) -> bool {
    Pattern::new(a).overlaps(&Pattern::new(b))
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
        other if other.contains("/./") => upwards(&other.replace("/./", "/")),
        other => upwards(other),
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
    if !pattern.contains(',') {
        return None;
    }
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
    let mut units = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let mut tail = rest.get(c.len_utf8()..).unwrap_or_default();
        units.push(match c {
            '$' if tail.starts_with("{{") => {
                let end = rest.find("}}").map_or(rest.len(), |e| e + 2);
                let (symbol, behind) = rest.split_at(end);
                tail = behind;
                Unit::Symbol(symbol.to_owned())
            }
            '*' => match tail.strip_prefix('*') {
                // `**/` also stands for no folder at all.
                Some(behind) => {
                    tail = behind.strip_prefix('/').unwrap_or(behind);
                    Unit::Deep
                }
                None => Unit::Star,
            },
            '?' => Unit::One,
            c => Unit::Char(c),
        });
        rest = tail;
    }
    units
}

/// Without the units at both ends that `same` says are alike, while `fixed` says that they can only stand for one
/// another; `None` when two such units differ.
fn trimmed<'a, 'b>(
    mut a: &'a [Unit],
    mut b: &'b [Unit],
    fixed: impl Fn(&Unit, &Unit) -> bool,
    same: impl Fn(&Unit, &Unit) -> bool,
) -> Option<(&'a [Unit], &'b [Unit])> {
    while let (Some((x, xs)), Some((y, ys))) = (a.split_first(), b.split_first()) {
        if !fixed(x, y) {
            break;
        }
        if !same(x, y) {
            return None;
        }
        (a, b) = (xs, ys);
    }
    while let (Some((x, xs)), Some((y, ys))) = (a.split_last(), b.split_last()) {
        if !fixed(x, y) {
            break;
        }
        if !same(x, y) {
            return None;
        }
        (a, b) = (xs, ys);
    }
    Some((a, b))
}

/// Whether each text of `inner` is one of `outer`.
fn has(outer: &[Unit], inner: &[Unit]) -> bool {
    let fixed = |o: &Unit, _: &Unit| !matches!(o, Unit::Star | Unit::Deep);
    let same = |o: &Unit, i: &Unit| match o {
        Unit::One => matches!(i, Unit::One | Unit::Char(_)) && *i != Unit::Char('/'),
        other => other == i,
    };
    let Some((outer, inner)) = trimmed(outer, inner, fixed, same) else { return false };
    match outer {
        [] => inner.is_empty(),
        [Unit::Deep] => true,
        [Unit::Star] => !inner.iter().any(|i| matches!(i, Unit::Deep | Unit::Char('/'))),
        _ if outer.len() * inner.len() > MOST_CELLS => false,
        _ => from_the_ends(outer, inner, within),
    }
}

/// Whether some text may be one of both.
fn may_meet(a: &[Unit], b: &[Unit]) -> bool {
    let fixed = |u: &Unit, v: &Unit| !is_wild(u) && !is_wild(v);
    let Some((a, b)) = trimmed(a, b, fixed, one_another) else { return false };
    if a.len() * b.len() > MOST_CELLS {
        return true;
    }
    from_the_ends(a, b, meet)
}

fn is_wild(unit: &Unit) -> bool {
    matches!(unit, Unit::Star | Unit::Deep | Unit::Symbol(_))
}

/// Whether two units that stand for one character each may be the same one.
fn one_another(u: &Unit, v: &Unit) -> bool {
    u == v || matches!((u, v), (Unit::One, Unit::Char(_)) | (Unit::Char(_), Unit::One))
}

/// What is known of two patterns from a unit of each on, when it is asked of the units before.
struct Rests {
    /// Without the unit of the first.
    first: bool,
    /// Without the unit of the second.
    second: bool,
    /// Without both.
    both: bool,
}

/// What `tell` says of two patterns as a whole, asked of every pair of their rests from the shortest on. No unit stands
/// for the end of a pattern.
fn from_the_ends(a: &[Unit], b: &[Unit], tell: impl Fn(Option<&Unit>, Option<&Unit>, &Rests) -> bool) -> bool {
    let rests = |units| iter::once(None).chain(<[Unit]>::iter(units).rev().map(Some));
    let mut row = vec![false; b.len() + 1];
    let mut whole = false;
    for u in rests(a) {
        let (mut second, mut both) = (false, false);
        for (cell, v) in row.iter_mut().zip(rests(b)) {
            let known = Rests { first: *cell, second, both };
            both = *cell;
            second = tell(u, v, &known);
            *cell = second;
        }
        whole = second;
    }
    whole
}

/// Whether each text of the second is one of the first.
fn within(outer: Option<&Unit>, inner: Option<&Unit>, without: &Rests) -> bool {
    match (outer, inner) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some(Unit::Deep | Unit::Star), None) => without.first,
        (Some(_), None) => false,
        (Some(Unit::Deep), Some(_)) => without.first || without.second,
        (Some(Unit::Star), Some(unit)) => {
            without.first || (!matches!(unit, Unit::Deep | Unit::Char('/')) && without.second)
        }
        (Some(Unit::One), Some(unit)) => {
            matches!(unit, Unit::One | Unit::Char(_)) && *unit != Unit::Char('/') && without.both
        }
        (Some(a), Some(b)) => without.both && a == b,
    }
}

/// Whether some text may be one of both.
fn meet(u: Option<&Unit>, v: Option<&Unit>, without: &Rests) -> bool {
    match (u, v) {
        (None, None) => true,
        (Some(u), None) => is_wild(u) && without.first,
        (None, Some(v)) => is_wild(v) && without.second,
        (Some(u), Some(v)) => {
            let crosses = |wild: &Unit, other: &Unit| *wild != Unit::Star || *other != Unit::Char('/');
            (is_wild(u) && (without.first || without.second && crosses(u, v)))
                || (is_wild(v) && (without.second || without.first && crosses(v, u)))
                || (without.both && one_another(u, v))
        }
    }
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
    fn a_pattern_of_too_many_parts_may_name_any_file() {
        let long = |ending: &str| format!("dist/{}*{ending}", "a".repeat(MOST_UNITS - "dist/*".len() - ending.len()));
        assert!(contains("dist/*", &long("")) && !overlaps(&long(""), "out/b"));
        assert!(!contains("dist/*", &format!("{}a", long(""))) && overlaps(&format!("{}a", long("")), "out/b"));
        let name = "a".repeat(MOST_UNITS + 1);
        assert!(contains(&name, &name) && !contains("*", &name) && overlaps("b*", &name));
        let many = format!("{{{}}}/*", vec!["a".repeat(MOST_UNITS / 50); 60].join(","));
        assert!(contains(&many, &many) && !contains("*", &many) && overlaps(&many, "out/b"));
    }

    #[test]
    fn patterns_with_too_many_pairs_of_parts_are_not_compared() {
        // 257 parts: times 255 it is compared, times 256 it is not.
        let wild = format!("{}*", "*a".repeat(128));
        let plain = |name: &str, length: usize| name.repeat(length);
        assert!(contains(&wild, &plain("a", 255)) && !contains(&wild, &plain("a", 256)));
        assert!(!overlaps(&wild, &plain("b", 255)) && overlaps(&wild, &plain("b", 256)));
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
