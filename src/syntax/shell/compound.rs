//! Compound statements of plain parts: `if`, `for`, `while` and `until`. The words that begin, part and end them stand in
//! place of commands, where nothing else can be meant.

use std::ops::Range;

use super::plain::{Around, List, Part, ends_word, extent, list};

/// Statements nested deeper than this in one another are left to the grammar.
const MOST_NESTED: usize = 8;

/// A compound statement.
pub(super) enum Compound {
    If { branches: Vec<(Vec<Part>, Vec<Part>)>, otherwise: Option<Vec<Part>> },
    For { variable: Range<usize>, words: Vec<Range<usize>>, body: Vec<Part> },
    While { test: Vec<Part>, body: Vec<Part>, until: bool },
}

/// The statement that a keyword begins, and the byte behind it. `None` when it is not wholly plain.
pub(super) fn read(text: &str, keyword: Range<usize>, around: Around) -> Option<(Compound, usize)> {
    if around.within >= MOST_NESTED {
        return None;
    }
    let inner = |at: usize, ends: &'static [&'static str]| {
        list(text, at, Around { depth: around.depth + 1, within: around.within + 1, ends })
    };
    let at = keyword.end;
    match text.get(keyword)? {
        "if" => {
            let (mut branches, mut otherwise) = (Vec::new(), None);
            let mut part = List { parts: Vec::new(), end: at, word: "elif" };
            loop {
                part = match part.word {
                    "elif" => {
                        let condition = inner(part.end, &["then"])?;
                        let List { parts, end, word } = inner(condition.end, &["elif", "else", "fi"])?;
                        branches.push((condition.parts, parts));
                        List { parts: Vec::new(), end, word }
                    }
                    "else" => {
                        let List { parts, end, word } = inner(part.end, &["fi"])?;
                        otherwise = Some(parts);
                        List { parts: Vec::new(), end, word }
                    }
                    _ => return Some((Compound::If { branches, otherwise }, part.end)),
                }
            }
        }
        "for" => {
            let (words, end) = words(text, at)?;
            let named = |at: usize| words.get(at).and_then(|stretch| text.get(stretch.clone()));
            let variable = words.first().filter(|_| named(0).is_some_and(is_name))?.clone();
            let listed = words.get(2..).filter(|words| named(1) == Some("in") && !words.is_empty())?.to_vec();
            let begins = gap(text, end);
            let body = text.get(begins..)?.strip_prefix("do").filter(|rest| ends_word(rest.bytes().next()))?;
            let List { parts, end, .. } = inner(text.len() - body.len(), &["done"])?;
            Some((Compound::For { variable, words: listed, body: parts }, end))
        }
        keyword => {
            let test = inner(at, &["do"])?;
            let body = inner(test.end, &["done"])?;
            let statement = Compound::While { test: test.parts, body: body.parts, until: keyword == "until" };
            Some((statement, body.end))
        }
    }
}

/// The words from a byte on, and where the statement ends in which they stand.
fn words(text: &str, mut at: usize) -> Option<(Vec<Range<usize>>, usize)> {
    let mut found = Vec::new();
    loop {
        match text.as_bytes().get(at..)? {
            [b' ' | b'\t', ..] => at += 1,
            [b'\\', b'\n', ..] => at += 2,
            [b';', b';' | b'&', ..] => return None,
            [b';' | b'\n', ..] => return Some((found, at + 1)),
            _ => {
                let end = at + extent(text.get(at..)?)?;
                ends_word(text.as_bytes().get(end).copied()).then_some(())?;
                found.push(at..end);
                at = end;
            }
        }
    }
}

/// Behind the blanks, line ends and comments from a byte on.
fn gap(text: &str, mut at: usize) -> usize {
    loop {
        at += match text.as_bytes().get(at..).unwrap_or_default() {
            [b' ' | b'\t' | b'\n', ..] => 1,
            [b'\\', b'\n', ..] => 2,
            [b'#', ..] => text.get(at..).and_then(|rest| rest.find('\n')).unwrap_or(text.len() - at),
            _ => return at,
        };
    }
}

/// Whether a word is the name of a variable.
fn is_name(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !word.starts_with(|c: char| c.is_ascii_digit())
}
