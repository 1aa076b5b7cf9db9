//! Words: quotes, escapes, expansions.

use std::sync::Arc;

use super::mask::{PAD, hole};
use super::parse::parse_within;
use super::{MOST_DEPTH, Operator, Piece, Script, Word, scan};
use crate::model::Bound;

/// Reads the text of one word, which stands at byte `base` of the script.
pub(super) fn word(text: &str, base: usize, depth: usize) -> Word {
    let mut reader = Reader::new(text, base, depth);
    reader.plain();
    Word { pieces: reader.pieces, offset: base, end: base + text.len() }
}

/// Reads the body of a here-document in which expansions take place and quotes are characters.
pub(super) fn document(text: &str, base: usize, depth: usize) -> Word {
    let mut reader = Reader::new(text, base, depth);
    reader.double(None);
    Word { pieces: reader.pieces, offset: base, end: base + text.len() }
}

/// Reads literal text, in which only CI expressions mean something.
pub(super) fn verbatim(text: &str, base: usize) -> Word {
    let mut reader = Reader::new(text, base, 0);
    reader.literals(text, true);
    Word { pieces: reader.pieces, offset: base, end: base + text.len() }
}

/// Splits the inside of an array literal into its words.
pub(super) fn elements(text: &str, base: usize, depth: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|t| t.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        if c.is_whitespace() {
            at += c.len_utf8();
        } else if rest.starts_with("\\\n") {
            at += 2;
        } else if c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
        } else {
            let length = extent(rest).max(c.len_utf8());
            words.push(word(rest.get(..length).unwrap_or(rest), base + at, depth));
            at += length;
        }
    }
    words
}

/// How far the word at the start of `text` reaches.
fn extent(text: &str) -> usize {
    let mut reader = Reader::new(text, 0, MOST_DEPTH);
    while let Some(c) = reader.peek() {
        if c.is_whitespace() {
            break;
        }
        reader.one(c);
    }
    reader.at
}

struct Reader<'a> {
    text: &'a str,
    base: usize,
    depth: usize,
    at: usize,
    pieces: Vec<Piece>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, base: usize, depth: usize) -> Self {
        // Nearly every word is one piece, and a piece is large.
        Self { text, base, depth, at: 0, pieces: Vec::with_capacity(1) }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, length: usize) -> &'a str {
        let rest = self.rest();
        let taken = rest.get(..length).unwrap_or(rest);
        self.at += taken.len();
        taken
    }

    fn literal(&mut self, c: char, quoted: bool) {
        if c == PAD {
            return;
        }
        if let Some(index) = hole(c) {
            self.pieces.push(Piece::Hole { index, quoted });
            return;
        }
        self.append(c.encode_utf8(&mut [0; 4]), quoted);
    }

    /// Literal text, in which CI expressions may stand.
    fn literals(&mut self, text: &str, quoted: bool) {
        if text.is_ascii() && !text.contains(PAD) {
            self.append(text, quoted);
        } else {
            text.chars().for_each(|c| self.literal(c, quoted));
        }
    }

    /// Literal text without CI expressions.
    fn append(&mut self, more: &str, quoted: bool) {
        match self.pieces.last_mut() {
            Some(Piece::Text { text, quoted: same }) if *same == quoted => text.push_str(more),
            _ if more.is_empty() => {}
            _ => self.pieces.push(Piece::Text { text: more.to_owned(), quoted }),
        }
    }

    /// Literal text as far as all characters are of a kind that means nothing here; at least `c`, which is the next one.
    fn run(&mut self, c: char, quoted: bool, plain: impl Fn(u8) -> bool) {
        match self.rest().bytes().take_while(|b| plain(*b)).count() {
            0 => {
                self.at += c.len_utf8();
                self.literal(c, quoted);
            }
            length => {
                let text = self.take(length);
                self.append(text, quoted);
            }
        }
    }

    /// Quotes that hold nothing still make a word.
    fn empty(&mut self) {
        self.pieces.push(Piece::Text { text: String::new(), quoted: true });
    }

    fn plain(&mut self) {
        while let Some(c) = self.peek() {
            self.one(c);
        }
    }

    fn one(&mut self, c: char) {
        match c {
            '\\' => {
                self.at += 1;
                if let Some(next) = self.peek() {
                    self.at += next.len_utf8();
                    if next != '\n' {
                        self.literal(next, true);
                    }
                }
            }
            '\'' => {
                self.at += 1;
                let inner = self.take(scan::quoted(self.rest(), false));
                let inner = inner.strip_suffix('\'').unwrap_or(inner);
                if inner.is_empty() {
                    self.empty();
                }
                self.literals(inner, true);
            }
            '"' => {
                self.at += 1;
                let before = self.pieces.len();
                self.double(Some('"'));
                if self.pieces.len() == before {
                    self.empty();
                }
            }
            '$' => self.dollar(false),
            '`' => self.back(false),
            '<' | '>' if self.rest().as_bytes().get(1) == Some(&b'(') => {
                self.at += 1;
                self.substitution(1, false);
            }
            c => self.run(c, false, |b| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b'=' | b',' | b'+' | b'@' | b'%')
            }),
        }
    }

    /// Text in double quotes up to `end`, or a here-document.
    fn double(&mut self, end: Option<char>) {
        while let Some(c) = self.peek() {
            match c {
                _ if Some(c) == end => {
                    self.at += 1;
                    return;
                }
                '\\' => {
                    self.at += 1;
                    match self.peek() {
                        Some('\n') => self.at += 1,
                        Some(next @ ('$' | '`' | '\\')) => {
                            self.at += 1;
                            self.literal(next, true);
                        }
                        Some('"') if end.is_some() => {
                            self.at += 1;
                            self.literal('"', true);
                        }
                        _ => self.literal('\\', true),
                    }
                }
                '$' => self.dollar(true),
                '`' => self.back(true),
                c => self.run(c, true, |b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\' | b'$' | b'`')),
            }
        }
    }

    fn back(&mut self, quoted: bool) {
        let start = self.at + 1;
        let inner = self.text.get(start..).unwrap_or_default();
        let length = scan::back(inner).unwrap_or(inner.len());
        let inner = inner.get(..length).unwrap_or_default();
        self.at = (start + length + 1).min(self.text.len());
        // Escapes move offsets by a few bytes, which keeps them inside of the word.
        let plain = inner.replace("\\`", "`").replace("\\$", "$").replace("\\\\", "\\");
        self.script(&plain, start, quoted);
    }

    /// A substitution; its inside starts `open` bytes on.
    fn substitution(&mut self, open: usize, quoted: bool) {
        let start = self.at + open;
        let inner = self.text.get(start..).unwrap_or_default();
        let length = scan::paren(inner).unwrap_or(inner.len());
        let inner = inner.get(..length).unwrap_or_default();
        self.at = (start + length + 1).min(self.text.len());
        self.script(inner, start, quoted);
    }

    fn script(&mut self, inner: &str, start: usize, quoted: bool) {
        if self.depth + 2 >= MOST_DEPTH {
            let unread = vec![(self.base + start, Bound::Nesting.into())];
            let script = Arc::new(Script { nodes: Vec::new(), unread });
            self.pieces.push(Piece::Substitution { script, raw: inner.to_owned(), quoted });
            return;
        }
        let script = Arc::new(parse_within(inner, self.base + start, self.depth + 2));
        self.pieces.push(Piece::Substitution { script, raw: inner.to_owned(), quoted });
    }

    fn dollar(&mut self, quoted: bool) {
        let rest = self.rest();
        let second = rest.as_bytes().get(1).copied().unwrap_or(0);
        match second {
            b'(' => {
                if rest.as_bytes().get(2) == Some(&b'(')
                    && let Some(length) = scan::arithmetic(rest.get(3..).unwrap_or_default())
                {
                    let raw = self.take(3 + length + 2).to_owned();
                    self.pieces.push(Piece::Opaque { raw, quoted });
                    return;
                }
                self.substitution(2, quoted);
            }
            b'{' => {
                let inner = rest.get(2..).unwrap_or_default();
                let Some(length) = scan::brace(inner, quoted) else {
                    let raw = self.take(rest.len()).to_owned();
                    self.pieces.push(Piece::Opaque { raw, quoted });
                    return;
                };
                let start = self.at + 2;
                self.at = start + length + 1;
                let inner = inner.get(..length).unwrap_or_default();
                let piece = self.parameter(inner, start, quoted);
                self.pieces.push(piece);
            }
            b'\'' if !quoted => {
                self.at += 2;
                let inner = self.take(scan::quoted(self.rest(), true));
                self.escaped(inner.strip_suffix('\'').unwrap_or(inner));
            }
            b'"' if !quoted => self.at += 1,
            b'[' => {
                let length = rest.find(']').map_or(rest.len(), |at| at + 1);
                let raw = self.take(length).to_owned();
                self.pieces.push(Piece::Opaque { raw, quoted });
            }
            _ => {
                let name = name(rest.get(1..).unwrap_or_default());
                self.at += 1;
                if name.is_empty() {
                    self.literal('$', quoted);
                    return;
                }
                self.at += name.len();
                let (name, index) = (name.to_owned(), None);
                self.pieces.push(Piece::Variable { name, index, operator: Operator::None, quoted });
            }
        }
    }

    /// The inside of `$'...'`.
    fn escaped(&mut self, inner: &str) {
        if inner.is_empty() {
            self.empty();
        }
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            let c = match c {
                '\\' => match chars.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some(other) => other,
                    None => '\\',
                },
                c => c,
            };
            self.literal(c, true);
        }
    }

    /// The inside of `${...}`.
    fn parameter(&self, inner: &str, start: usize, quoted: bool) -> Piece {
        let opaque = || Piece::Opaque { raw: format!("${{{inner}}}"), quoted };
        if self.depth >= MOST_DEPTH {
            return opaque();
        }
        let name = name_in_braces(inner);
        if name.is_empty() || (inner.len() > 1 && inner.starts_with('#')) {
            return opaque();
        }
        let mut rest = inner.get(name.len()..).unwrap_or_default();
        let mut index = None;
        if let Some(behind) = rest.strip_prefix('[') {
            let Some(end) = behind.find(']') else { return opaque() };
            index = behind.get(..end).map(str::to_owned);
            rest = behind.get(end + 1..).unwrap_or_default();
        }
        let argument = |length: usize| {
            let text = rest.get(length..).unwrap_or_default();
            let base = self.base + start + (inner.len() - text.len());
            let mut reader = Reader::new(text, base, self.depth + 1);
            if quoted {
                reader.double(None)
            } else {
                reader.plain()
            }
            // In a quoted expansion, quotes inside still quote; the quote characters themselves go.
            if quoted {
                reader.pieces.iter_mut().for_each(unquote);
            }
            Word { pieces: reader.pieces, offset: base, end: base + text.len() }
        };
        let operator = match rest.as_bytes() {
            [] => Operator::None,
            [b':', b'-', ..] => Operator::Default(argument(2)),
            [b'-', ..] => Operator::Default(argument(1)),
            [b':', b'=', ..] => Operator::Assign(argument(2)),
            [b'=', ..] => Operator::Assign(argument(1)),
            [b':', b'+', ..] => Operator::Alternative(argument(2)),
            [b'+', ..] => Operator::Alternative(argument(1)),
            [b':', b'?', ..] | [b'?', ..] => Operator::Required,
            [b'#', b'#', ..] => Operator::Remove { suffix: false, longest: true, pattern: argument(2) },
            [b'#', ..] => Operator::Remove { suffix: false, longest: false, pattern: argument(1) },
            [b'%', b'%', ..] => Operator::Remove { suffix: true, longest: true, pattern: argument(2) },
            [b'%', ..] => Operator::Remove { suffix: true, longest: false, pattern: argument(1) },
            [b'/', b'#' | b'%', ..] => Operator::Other(rest.to_owned()),
            [b'/', tail @ ..] => {
                let all = tail.first() == Some(&b'/');
                let text = rest.get(1 + usize::from(all)..).unwrap_or_default();
                let (pattern, with) = split_replacement(text);
                let base = self.base + start;
                let pattern = word(pattern, base, self.depth + 1);
                let with = word(with, base, self.depth + 1);
                Operator::Replace { all, pattern, with }
            }
            _ => Operator::Other(rest.to_owned()),
        };
        Piece::Variable { name: name.to_owned(), index, operator, quoted }
    }
}

fn unquote(piece: &mut Piece) {
    if let Piece::Text { text, .. } = piece {
        text.retain(|c| c != '"');
    }
}

/// The pattern and the replacement of `${x/pattern/replacement}`.
fn split_replacement(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'\\' => 2,
            b'\'' => 1 + scan::quoted(text.get(at + 1..).unwrap_or_default(), false),
            b'/' => return (text.get(..at).unwrap_or(text), text.get(at + 1..).unwrap_or_default()),
            _ => 1,
        };
    }
    (text, "")
}

/// The parameter name behind a `$`: an identifier, one digit, or one special character.
fn name(text: &str) -> &str {
    let mut chars = text.chars();
    let length = match chars.next() {
        Some('0'..='9' | '@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
        Some(c) if c.is_ascii_alphabetic() || c == '_' => identifier(text),
        _ => 0,
    };
    text.get(..length).unwrap_or_default()
}

fn name_in_braces(text: &str) -> &str {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 { text.get(..digits).unwrap_or_default() } else { name(text) }
}

fn identifier(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}
