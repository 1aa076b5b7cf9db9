//! The tree that consumers read.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::model::{Position, Span};

use super::map::{self, Mark};
use super::source::{Source, narrow};

/// In place of an index: there is none.
pub(super) const NONE: u32 = u32::MAX;

/// One document of a stream.
#[derive(Debug)]
pub struct Document {
    pub(super) source: Arc<Source>,
    pub(super) nodes: Vec<Raw>,
    /// The texts of scalars that are no slice of the file.
    pub(super) written: Vec<Written>,
    pub(super) tags: Vec<Box<str>>,
    pub(super) tables: Vec<Table>,
    pub(super) duplicate_keys: Vec<(String, Span)>,
    pub(super) merge_keys: Vec<Span>,
}

/// A node as stored. Indices point into the vectors of the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw {
    /// The stretch of the file, in bytes. An alias has its own.
    pub(super) start: u32,
    pub(super) end: u32,
    /// The next child of the same parent; in a mapping keys and values take turns.
    pub(super) next: u32,
    pub(super) tag: u32,
    pub(super) content: Content,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// A scalar whose text is this slice of the file.
    Slice {
        start: u32,
        end: u32,
        style: Style,
    },
    /// A scalar whose text is in [`Document::written`].
    Written {
        index: u32,
        style: Style,
    },
    Sequence {
        first: u32,
    },
    Mapping {
        first: u32,
        table: u32,
    },
    Alias {
        target: u32,
    },
}

/// The text of a scalar that folding, escapes or indentation set apart from the file.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: Box<str>,
    /// Made when the first position inside the text is asked for.
    pub(super) marks: OnceLock<Box<[Mark]>>,
}

/// The entries of a mapping that is large or merges others.
#[derive(Debug)]
pub(super) struct Table {
    /// Key and value: own entries as written, then merged ones.
    pub(super) entries: Vec<(u32, u32)>,
    /// Indices into `entries` of scalar keys by text, then by precedence, so that the last of equals wins.
    pub(super) by_key: Vec<u32>,
}

/// A node that stands for what cannot be: an index out of the arena.
static NOTHING: Raw =
    Raw { start: 0, end: 0, next: NONE, tag: NONE, content: Content::Slice { start: 0, end: 0, style: Style::Plain } };

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// What a node is, by the core schema of YAML 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool,
    /// A decimal, octal (`0o7`) or hexadecimal (`0xf`) integer of any size.
    Int,
    /// A number with a fraction or an exponent, an infinity, or not a number.
    Float,
    /// Any other scalar, and every quoted one.
    String,
    /// A list.
    Sequence,
    /// Keys with values.
    Mapping,
}

impl Document {
    /// The outermost node.
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// The whole text of the stream.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// The place of a byte of the stream's text.
    pub fn position(&self, byte: usize) -> Position {
        self.source.position(narrow(byte))
    }

    /// Keys that repeat an earlier key of their mapping, with the place of the repetition. Loaders disagree: some
    /// refuse the file, most let the last entry win.
    pub fn duplicate_keys(&self) -> &[(String, Span)] {
        &self.duplicate_keys
    }

    /// Every `<<` that was applied. Not every platform applies them.
    pub fn merge_keys(&self) -> &[Span] {
        &self.merge_keys
    }

    pub(super) fn raw(&self, index: u32) -> &Raw {
        self.nodes.get(index as usize).unwrap_or(&NOTHING)
    }

    /// The node behind an alias, or the node itself.
    pub(super) fn resolve(&self, index: u32) -> u32 {
        match self.raw(index).content {
            Content::Alias { target } => target,
            _ => index,
        }
    }

    /// The text of a scalar or of the scalar behind an alias.
    pub(super) fn scalar(&self, index: u32) -> Option<(&str, Style)> {
        match self.raw(self.resolve(index)).content {
            Content::Slice { start, end, style } => Some((self.source.slice(start, end), style)),
            Content::Written { index, style } => {
                Some((self.written.get(index as usize).map_or("", |written| &written.text), style))
            }
            Content::Sequence { .. } | Content::Mapping { .. } | Content::Alias { .. } => None,
        }
    }
}

/// A node of a document. Where an alias stands, this is what it stands for.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    document: &'a Document,
    /// Never an alias.
    index: u32,
    /// The alias, or `index`.
    site: u32,
}

impl PartialEq for Node<'_> {
    /// Whether both are the same node of the same document, whatever alias led there.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.index == other.index
    }
}

impl Eq for Node<'_> {}

impl<'a> Node<'a> {
    fn new(document: &'a Document, site: u32) -> Self {
        Self { document, index: document.resolve(site), site }
    }

    fn raw(&self) -> &'a Raw {
        self.document.raw(self.index)
    }

    /// The document that holds the node.
    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// The stretch of the file. For a scalar exactly its text, with the quotes, or from the `|` or `>` on, without
    /// anchor and tag; for a block collection from the first to the last entry. Behind an alias this is the anchored
    /// node.
    pub fn span(&self) -> Span {
        let raw = self.raw();
        self.document.source.span(raw.start, raw.end)
    }

    /// The stretch of the alias (`*name`) through which the node was reached.
    pub fn alias_span(&self) -> Option<Span> {
        let raw = self.document.raw(self.site);
        (self.site != self.index).then(|| self.document.source.span(raw.start, raw.end))
    }

    /// The stretch of the file from its start to the end of another node.
    pub fn span_to(&self, last: Node<'_>) -> Span {
        self.document.source.span(self.raw().start, last.raw().end)
    }

    /// The byte of the file at which it begins.
    pub fn start(&self) -> u32 {
        self.raw().start
    }

    /// The resolved explicit tag: `!reference`, `tag:yaml.org,2002:str`, or `!` for the non-specific tag.
    pub fn tag(&self) -> Option<&'a str> {
        self.document.tags.get(self.raw().tag as usize).map(|tag| &**tag)
    }

    /// How a scalar is written.
    pub fn style(&self) -> Option<Style> {
        self.document.scalar(self.index).map(|(_, style)| style)
    }

    /// What the node is.
    pub fn kind(&self) -> Kind {
        let (text, style) = match self.raw().content {
            Content::Sequence { .. } => return Kind::Sequence,
            Content::Mapping { .. } => return Kind::Mapping,
            _ => self.document.scalar(self.index).unwrap_or(("", Style::Plain)),
        };
        match self.tag() {
            Some("tag:yaml.org,2002:null") => Kind::Null,
            Some("tag:yaml.org,2002:bool") => Kind::Bool,
            Some("tag:yaml.org,2002:int") => Kind::Int,
            Some("tag:yaml.org,2002:float") => Kind::Float,
            Some(_) => Kind::String,
            None if style == Style::Plain => plain(text),
            None => Kind::String,
        }
    }

    /// Whether the node is null: nothing, `~` or `null` without quotes.
    pub fn is_null(&self) -> bool {
        self.document.scalar(self.index).is_some_and(|(text, style)| self.says_null(text, style))
    }

    fn says_null(&self, text: &str, style: Style) -> bool {
        match self.tag() {
            None => style == Style::Plain && is_null(text),
            Some(tag) => tag == "tag:yaml.org,2002:null",
        }
    }

    /// Whether the node has keys and values.
    pub fn is_mapping(&self) -> bool {
        matches!(self.raw().content, Content::Mapping { .. })
    }

    /// Whether the node is a list.
    pub fn is_sequence(&self) -> bool {
        matches!(self.raw().content, Content::Sequence { .. })
    }

    /// Whether the node is neither a mapping nor a sequence. Null is a scalar.
    pub fn is_scalar(&self) -> bool {
        !self.is_mapping() && !self.is_sequence()
    }

    /// The text of a scalar of any kind but null, escapes, folding and indentation resolved.
    pub fn as_str(&self) -> Option<&'a str> {
        let (text, style) = self.document.scalar(self.index)?;
        (!self.says_null(text, style)).then_some(text)
    }

    /// The value of a plain `true` or `false`.
    pub fn as_bool(&self) -> Option<bool> {
        match (self.kind(), self.as_str()?) {
            (Kind::Bool, "true" | "True" | "TRUE") => Some(true),
            (Kind::Bool, "false" | "False" | "FALSE") => Some(false),
            _ => None,
        }
    }

    /// The value of an integer without quotes, when it fits.
    pub fn as_i64(&self) -> Option<i64> {
        if self.kind() != Kind::Int {
            return None;
        }
        let text = self.as_str()?;
        if let Some(digits) = text.strip_prefix("0o") {
            return i64::from_str_radix(digits, 8).ok();
        }
        if let Some(digits) = text.strip_prefix("0x") {
            return i64::from_str_radix(digits, 16).ok();
        }
        text.parse().ok()
    }

    /// The value of a scalar key of a mapping. The last of duplicate keys wins, an own key wins over a merged one.
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The key node and the value of a scalar key, by the rules of [`Node::get`].
    pub fn entry(&self, key: &str) -> Option<(Node<'a>, Node<'a>)> {
        let document = self.document;
        let same = |content: Content, node: u32| match content {
            // Nearly every key differs here already.
            Content::Slice { start, end, .. } => {
                end.wrapping_sub(start) as usize == key.len() && document.source.slice(start, end) == key
            }
            _ => document.scalar(node).is_some_and(|(text, _)| text == key),
        };
        let Content::Mapping { first, table } = self.raw().content else { return None };
        let (key, value) = match document.tables.get(table as usize) {
            Some(table) => {
                let text = |at: u32| {
                    let (node, _) = table.entries.get(at as usize)?;
                    document.scalar(*node).map(|(text, _)| text)
                };
                let above = table.by_key.partition_point(|&at| text(at).is_some_and(|text| text <= key));
                let at = *table.by_key.get(above.checked_sub(1)?)?;
                *table.entries.get(at as usize).filter(|(node, _)| same(document.raw(*node).content, *node))?
            }
            None => {
                let (mut at, mut found) = (first, None);
                while at != NONE {
                    let Raw { content, next: value, .. } = *document.raw(at);
                    if same(content, at) {
                        found = Some((at, value));
                        if document.duplicate_keys.is_empty() {
                            break;
                        }
                    }
                    at = document.raw(value).next;
                }
                found?
            }
        };
        Some((Node::new(document, key), Node::new(document, value)))
    }

    /// Key and value of every entry of a mapping as written, repeated keys included; then the merged entries whose
    /// keys the mapping does not have itself. A `<<` that was applied is no entry.
    pub fn entries(&self) -> Entries<'a> {
        let document = self.document;
        match self.raw().content {
            Content::Mapping { first, table } => match document.tables.get(table as usize) {
                Some(table) => Entries { document, chain: NONE, table: table.entries.iter() },
                None => Entries { document, chain: first, table: [].iter() },
            },
            _ => Entries { document, chain: NONE, table: [].iter() },
        }
    }

    /// The items of a sequence.
    pub fn items(&self) -> Items<'a> {
        match self.raw().content {
            Content::Sequence { first } => Items { document: self.document, chain: first },
            _ => Items { document: self.document, chain: NONE },
        }
    }

    /// The comment that follows on the line where a scalar or a flow collection ends, from its `#` on; for a block
    /// scalar that on the line of its indicator. Behind an alias the comment at the alias goes before that at the
    /// anchor.
    pub fn comment_after(&self) -> Option<&'a str> {
        let here = self.comment_of(self.site);
        if self.site == self.index { here } else { here.or_else(|| self.comment_of(self.index)) }
    }

    fn comment_of(&self, index: u32) -> Option<&'a str> {
        let source = &self.document.source;
        let raw = self.document.raw(index);
        let from = match raw.content {
            Content::Slice { style: Style::Literal | Style::Folded, .. }
            | Content::Written { style: Style::Literal | Style::Folded, .. } => {
                let header = source.from(raw.start);
                let length = header.bytes().take_while(|byte| !byte.is_ascii_whitespace()).count();
                raw.start + narrow(length)
            }
            _ => raw.end,
        };
        // Only what can close a node may stand between it and the comment. A `#` without white space before it
        // belongs to the text.
        let mut spaced = from == 0 || source.slice(from - 1, from).starts_with(['\n', '\r', ' ', '\t']);
        for (at, byte) in source.from(from).bytes().enumerate() {
            match byte {
                b' ' | b'\t' => spaced = true,
                b',' | b']' | b'}' | b':' => spaced = false,
                b'#' if spaced => {
                    let comment = source.from(from + narrow(at));
                    let comment = comment.split(['\n', '\r']).next().unwrap_or_default();
                    return Some(comment.trim_end());
                }
                _ => return None,
            }
        }
        None
    }

    /// The place in the file of the byte `offset` of [`Node::as_str`]; of any other node the start.
    pub fn at(&self, offset: usize) -> Position {
        self.document.source.position(self.byte_at(offset))
    }

    /// The stretch of the file for a range of bytes of [`Node::as_str`].
    pub fn span_within(&self, range: Range<usize>) -> Span {
        let start = self.byte_at(range.start);
        // The end is that of the last character: the next one may stand on another line.
        let end = match range.end.checked_sub(1) {
            Some(last) if last >= range.start => self.byte_at(last) + 1,
            _ => start,
        };
        let text = self.document.source.text();
        let mut end = end.max(start).min(narrow(text.len()));
        while !text.is_char_boundary(end as usize) {
            end += 1;
        }
        self.document.source.span(start, end)
    }

    fn byte_at(&self, offset: usize) -> u32 {
        let source = &self.document.source;
        let raw = self.raw();
        let offset = narrow(offset);
        match raw.content {
            Content::Slice { start, end, .. } => start.saturating_add(offset).min(end),
            Content::Written { index, style } => {
                let Some(written) = self.document.written.get(index as usize) else { return raw.start };
                let offset = offset.min(narrow(written.text.len()));
                let marks = written.marks.get_or_init(|| map::marks(source, raw.start, raw.end, style, &written.text));
                map::locate(marks, offset, raw.start).min(narrow(source.text().len()))
            }
            _ => raw.start,
        }
    }
}

/// Entries of a mapping; see [`Node::entries`].
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    document: &'a Document,
    chain: u32,
    table: std::slice::Iter<'a, (u32, u32)>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Node<'a>, Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = match self.table.next() {
            Some(&entry) => entry,
            None if self.chain == NONE => return None,
            None => {
                let key = self.chain;
                let value = self.document.raw(key).next;
                self.chain = self.document.raw(value).next;
                (key, value)
            }
        };
        Some((Node::new(self.document, key), Node::new(self.document, value)))
    }
}

/// Items of a sequence; see [`Node::items`].
#[derive(Debug, Clone)]
pub struct Items<'a> {
    document: &'a Document,
    chain: u32,
}

impl<'a> Iterator for Items<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.chain == NONE {
            return None;
        }
        let item = Node::new(self.document, self.chain);
        self.chain = self.document.raw(self.chain).next;
        Some(item)
    }
}

/// The core schema's spellings of null.
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// The core schema's reading of a plain scalar.
fn plain(text: &str) -> Kind {
    match text {
        _ if is_null(text) => return Kind::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return Kind::Bool,
        ".nan" | ".NaN" | ".NAN" => return Kind::Float,
        _ => {}
    }
    let all = |text: &str, allowed: fn(&char) -> bool| !text.is_empty() && text.chars().all(|char| allowed(&char));
    if text.strip_prefix("0o").is_some_and(|digits| all(digits, |char| matches!(char, '0'..='7')))
        || text.strip_prefix("0x").is_some_and(|digits| all(digits, char::is_ascii_hexdigit))
    {
        return Kind::Int;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Kind::Float;
    }
    // [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
    let digits = |text: &str| text.len() - text.trim_start_matches(|char: char| char.is_ascii_digit()).len();
    let whole = digits(unsigned);
    let rest = unsigned.get(whole..).unwrap_or_default();
    if rest.is_empty() {
        return if whole > 0 { Kind::Int } else { Kind::String };
    }
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => (digits(rest), rest.get(digits(rest)..).unwrap_or_default()),
        None => (0, rest),
    };
    let exponent = match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => all(exponent.strip_prefix(['-', '+']).unwrap_or(exponent), char::is_ascii_digit),
        None => rest.is_empty(),
    };
    if whole + fraction > 0 && exponent { Kind::Float } else { Kind::String }
}
