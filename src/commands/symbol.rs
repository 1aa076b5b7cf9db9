//! Canonical symbols: the same source of a value gets the same text.

use memchr::memmem;

use crate::model::{Cond, Parameter, Text, closing, opening};

/// A symbol longer than this is cut and ends with a checksum of the whole, and with the parameters that were in it.
const MOST_SYMBOL: usize = 600;
/// A value longer than this becomes a symbol, so that `X=$X$X` cannot fill the memory.
const MOST_VALUE: usize = 64 << 10;

/// A text inside of a symbol or of a condition: symbols in angle brackets, white space folded, and no doubled braces,
/// which would end the symbol around it.
pub(super) fn inline(text: &Text) -> String {
    if text.is_literal() {
        return fold(text.as_str());
    }
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(at) = opening(rest) {
        let (literal, symbol) = rest.split_at(at);
        plain.push_str(literal);
        let end = closing(symbol).unwrap_or(symbol.len());
        let (symbol, tail) = symbol.split_at(end);
        plain.push('<');
        plain.push_str(symbol.strip_prefix("${{").unwrap_or(symbol).trim());
        plain.push('>');
        rest = tail.strip_prefix("}}").unwrap_or(tail);
    }
    plain.push_str(rest);
    fold(&plain)
}

/// White space folded and braces that could end a symbol set apart.
pub(super) fn fold(text: &str) -> String {
    if is_folded(text) {
        return bounded(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let braces = ["{{", "}}"].iter().any(|pair| memmem::find(text.as_bytes(), pair.as_bytes()).is_some());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        let mut rest = word;
        let doubled = |text: &str| text.as_bytes().windows(2).position(|pair| matches!(pair, b"{{" | b"}}"));
        while let Some(at) = doubled(rest).filter(|_| braces) {
            let (head, tail) = rest.split_at(at + 1);
            out.push_str(head);
            out.push(' ');
            rest = tail;
        }
        out.push_str(rest);
    }
    bounded(out)
}

/// Whether folding would change nothing: no white space but single blanks inside, and no braces together.
fn is_folded(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        let twice = byte == before && matches!(byte, b' ' | b'{' | b'}');
        if twice || !byte.is_ascii() || (b'\t'..=b'\r').contains(&byte) {
            return false;
        }
        before = byte;
    }
    before != b' '
}

fn bounded(text: String) -> String {
    if text.len() <= MOST_SYMBOL {
        return text;
    }
    let head: String = text.chars().take(MOST_SYMBOL / 4).collect();
    let mut cut = format!("{head}...#{:016x}", checksum(&text));
    // What a value depends on is asked for, however long the way to it is.
    let named = Parameter::within(&text).into_iter().filter(|name| !head.contains(name.as_str()));
    for name in named.filter(|name| name.len() <= MOST_NAME).take(MOST_NAMES) {
        cut.push_str(&format!(" <{name}>"));
    }
    cut
}

/// Parameters that are kept of a symbol that is cut, and how long their names may be.
const MOST_NAMES: usize = 8;
const MOST_NAME: usize = 120;

/// FNV-1a; only to keep long texts apart.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The unknown that `kind` makes of `body`.
pub(super) fn unknown(kind: &str, body: &str) -> Text {
    Text::unknown(&format!("{kind}({})", fold(body)))
}

/// Keeps a value within bounds.
pub fn kept(text: Text) -> Text {
    if text.as_str().len() <= MOST_VALUE {
        return text;
    }
    unknown("long", &format!("#{:016x}", checksum(text.as_str())))
}

/// One word of a rendered command.
pub(super) fn word(text: &Text) -> String {
    let plain = inline(text);
    let bare = !plain.is_empty() && !plain.contains([' ', '\'', '"', ';', '&', '|']);
    if bare { plain } else { format!("'{plain}'") }
}

/// A command as part of a symbol or condition.
pub(super) fn command(words: &[Text]) -> String {
    let mut text = String::new();
    for (at, one) in words.iter().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        text.push_str(&word(one));
    }
    bounded(text)
}

/// One side of a comparison: a lone symbol as it is, anything else as a string, as CI expressions write them.
pub(super) fn operand(text: &Text) -> String {
    match text.symbol() {
        Some(symbol) => fold(symbol),
        None => format!("'{}'", inline(text).replace('\'', "''")),
    }
}

/// Whether two texts are equal.
pub(super) fn equal(left: &Text, right: &Text) -> Cond {
    if left == right {
        return Cond::TRUE;
    }
    if let (Some(one), Some(other)) = (left.literal(), right.literal()) {
        return if names_several(one) { each_fits(left, other) } else { Cond::Known(one == other) };
    }
    let (left, right) = if left.is_literal() { (right, left) } else { (left, right) };
    Cond::atom(format!("{} == {}", operand(left), operand(right)))
}

/// Whether a word is a pattern that the shell has yet to replace by names, one of which a loop has at a time.
fn names_several(word: &str) -> bool {
    word.contains('*')
}

fn each_fits(text: &Text, pattern: &str) -> Cond {
    Cond::atom(format!("{} fits '{}'", operand(text), fold(pattern)))
}

/// Whether a text is not empty.
pub(super) fn present(text: &Text) -> Cond {
    let mut literal = text.as_str().to_owned();
    for symbol in text.symbols() {
        literal = literal.replacen(symbol, "", 1);
    }
    let rest: String = literal.replace("${{", "").replace("}}", "").split_whitespace().collect();
    if text.is_literal() {
        Cond::Known(!text.is_empty())
    } else if rest.is_empty() {
        equal(text, &Text::default()).negate()
    } else {
        Cond::TRUE
    }
}

/// Whether a text fits a glob. The frequent shapes are written as CI expressions write them.
pub(super) fn fits(text: &Text, glob: &Text) -> Cond {
    let Some(pattern) = glob.literal() else { return equal(text, glob) };
    if let Some(value) = text.literal() {
        let fits = glob_matches(pattern, value);
        return if !fits && names_several(value) { each_fits(text, pattern) } else { Cond::Known(fits) };
    }
    if !pattern.contains(['*', '?', '[']) {
        return equal(text, glob);
    }
    if !pattern.is_empty() && pattern.bytes().all(|b| b == b'*') {
        return Cond::TRUE;
    }
    let plain = |s: &str| !s.is_empty() && !s.contains(['*', '?', '[']);
    let call = |function: &str, part: &str| {
        Cond::atom(format!("{function}({}, {})", operand(text), operand(&Text::from(part))))
    };
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (None, Some(start)) if plain(start) => call("startsWith", start),
        (Some(end), None) if plain(end) => call("endsWith", end),
        (Some(rest), Some(_)) if rest.strip_suffix('*').is_some_and(plain) => {
            call("contains", rest.strip_suffix('*').unwrap_or_default())
        }
        _ => each_fits(text, pattern),
    }
}

/// Whether `text` fits the glob as a whole: `*`, `?` and `[...]`, as `case` has them.
pub(super) fn glob_matches(glob: &str, text: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut g, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match glob.get(g) {
            Some('*') => {
                back = Some((g + 1, t));
                g += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => class(glob.get(g..).unwrap_or_default(), text.get(t).copied()),
            Some(c) if Some(c) == text.get(t) => Some(1),
            _ => None,
        };
        match (step, back) {
            (Some(step), _) => {
                g += step;
                t += 1;
            }
            (None, Some((after, at))) => {
                back = Some((after, at + 1));
                g = after;
                t = at + 1;
            }
            (None, None) => return false,
        }
    }
    glob.iter().skip(g).all(|c| *c == '*')
}

/// The length of the class at the start of `glob` when it takes `c`.
fn class(glob: &[char], c: Option<char>) -> Option<usize> {
    let c = c?;
    let negated = matches!(glob.get(1), Some('!' | '^'));
    let start = 1 + usize::from(negated);
    let end = glob.iter().skip(start + 1).position(|c| *c == ']')? + start + 1;
    let inside = glob.get(start..end)?;
    let mut found = false;
    let mut at = 0;
    while let Some(low) = inside.get(at) {
        match (inside.get(at + 1), inside.get(at + 2)) {
            (Some('-'), Some(high)) => {
                found |= (*low..=*high).contains(&c);
                at += 3;
            }
            _ => {
                found |= *low == c;
                at += 1;
            }
        }
    }
    (found != negated).then_some(end + 1)
}
