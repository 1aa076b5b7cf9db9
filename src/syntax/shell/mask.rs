//! CI expressions inside of scripts: `${{ ... }}` becomes one neutral character, so that the shell grammar can be read.

use std::ops::Range;

use crate::model::{Text, opening};

/// The character of hole 0; hole n is n characters behind it. A private-use plane, so no script means anything by it.
const FIRST: u32 = 0xF_0000;
/// More expressions than this are not told apart; those behind share the last number.
const MOST_HOLES: usize = 60_000;
/// Fills up the length of an expression. A control character that stands for nothing in any shell.
pub(super) const PAD: char = '\u{7f}';

/// The number of the hole that `c` stands for.
pub(crate) fn hole(c: char) -> Option<usize> {
    let number = u32::from(c).checked_sub(FIRST)? as usize;
    (number < MOST_HOLES).then_some(number)
}

fn marker(number: usize) -> char {
    let number = number.min(MOST_HOLES - 1);
    u32::try_from(number).ok().and_then(|n| char::from_u32(FIRST + n)).unwrap_or('_')
}

/// A character of a script, kept from being taken for a hole or its filling. The length in bytes stays.
fn tame(c: char) -> char {
    match c {
        PAD => '\u{1a}',
        c if hole(c).is_some() => '\u{10FFFD}',
        c => c,
    }
}

/// The stretches of `text` that are CI expressions, as `${{` ... `}}`. A `}}` in a string of the expression does not
/// end it; an expression without an end is none.
fn expressions(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(opening).map(|at| from + at) {
        let mut quoted = false;
        let mut end = None;
        let inner = text.get(start + 3..).unwrap_or_default();
        for (at, byte) in inner.bytes().enumerate() {
            match byte {
                b'\'' => quoted = !quoted,
                b'}' if !quoted && inner.as_bytes().get(at + 1) == Some(&b'}') => {
                    end = Some(start + 3 + at + 2);
                    break;
                }
                _ => {}
            }
        }
        // An apostrophe that opens no string must not swallow the rest of the script.
        let end = end.or_else(|| inner.find("}}").map(|at| start + 3 + at + 2));
        let Some(end) = end else { break };
        found.push(start..end);
        from = end;
    }
    found
}

/// Replaces every `${{ ... }}` by one neutral character and filling of the same length in bytes, so that offsets stay.
/// The expressions come back in order, without their braces: `Hole(n)` of the parsed script is the n-th.
pub fn mask(text: &str) -> (String, Vec<String>) {
    let mut masked = String::with_capacity(text.len());
    let mut holes = Vec::new();
    let mut from = 0;
    for range in expressions(text) {
        masked.extend(text.get(from..range.start).unwrap_or_default().chars().map(tame));
        let mark = marker(holes.len());
        masked.push(mark);
        masked.extend(std::iter::repeat_n(PAD, range.len().saturating_sub(mark.len_utf8())));
        holes.push(text.get(range.start + 3..range.end - 2).unwrap_or_default().trim().to_owned());
        from = range.end;
    }
    masked.extend(text.get(from..).unwrap_or_default().chars().map(tame));
    (masked, holes)
}

/// A script with what is known of its CI expressions written in, and a hole for each unknown.
///
/// A platform replaces expressions before the shell reads the script, so a known value can hold spaces, quotes and
/// whole commands. This is the same replacement, with a way back to the offsets of the original text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masked {
    /// The text for the parser.
    pub text: String,
    /// What each hole stands for.
    pub holes: Vec<Text>,
    /// Where stretches of `text` come from: offset in `text`, offset in the original, whether it was copied.
    moves: Vec<(usize, usize, bool)>,
}

impl Masked {
    /// Replaces every `${{ ... }}` of `text` by what `resolve` makes of its inside. Symbols in its answers hold no
    /// `}}`, as everywhere.
    pub fn new(text: &str, mut resolve: impl FnMut(&str) -> Text) -> Self {
        let mut masked = Masked::default();
        let mut from = 0;
        for range in expressions(text) {
            masked.copy(text.get(from..range.start).unwrap_or_default(), from);
            masked.moves.push((masked.text.len(), range.start, false));
            let value = resolve(text.get(range.start + 3..range.end - 2).unwrap_or_default().trim());
            masked.write(&value);
            from = range.end;
        }
        masked.copy(text.get(from..).unwrap_or_default(), from);
        masked
    }

    /// A text that holds symbols already, such as the argument of `bash -c`. Offsets lead back into that text.
    pub fn of(text: &Text) -> Self {
        Masked::new(text.as_str(), Text::unknown)
    }

    /// The offset in the original text of an offset in the masked one.
    pub fn original(&self, offset: usize) -> usize {
        let at = self.moves.partition_point(|(masked, ..)| *masked <= offset);
        match at.checked_sub(1).and_then(|at| self.moves.get(at)) {
            Some((masked, original, true)) => original + (offset - masked),
            Some((_, original, false)) => *original,
            None => offset,
        }
    }

    fn copy(&mut self, text: &str, from: usize) {
        self.moves.push((self.text.len(), from, true));
        self.tamed(text);
    }

    fn tamed(&mut self, text: &str) {
        // Nearly every script has nothing to tame.
        if text.is_ascii() && !text.contains(PAD) {
            self.text.push_str(text);
        } else {
            self.text.extend(text.chars().map(tame));
        }
    }

    fn write(&mut self, value: &Text) {
        let mut rest = value.as_str();
        while let Some(at) = opening(rest) {
            let (literal, symbol) = rest.split_at(at);
            self.tamed(literal);
            let end = symbol.find("}}").map_or(symbol.len(), |at| at + 2);
            let (symbol, tail) = symbol.split_at(end);
            self.text.push(marker(self.holes.len()));
            self.holes.push(Text::from(symbol));
            rest = tail;
        }
        self.tamed(rest);
    }
}
