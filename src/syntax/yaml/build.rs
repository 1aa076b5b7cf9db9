//! From events to documents.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::document::{Content, Document, NONE, Raw, Style, Table, Written};
use super::events::{Event, Events, Properties, Refused, Seen};
use super::source::{Source, narrow};
use super::{MAX_ALIASES, MAX_DEPTH, MAX_DOCUMENTS, MAX_EXPANDED_BYTES, MAX_EXPANDED_NODES, MAX_NODES, YamlError};

/// A mapping of more entries is looked up by a sorted table.
const SMALL: usize = 8;

/// Why there are no documents.
pub(super) enum Refusal {
    /// The parser refuses the text; another may not.
    Syntax(YamlError),
    /// A limit is exceeded, or an alias stands inside its own anchor: another parser would see the same.
    Final(YamlError),
}

/// All documents of the stream, or the first refusal.
pub(super) fn documents<'t>(source: &'t Arc<Source>, mut events: impl Events<'t>) -> Result<Vec<Document>, Refusal> {
    let mut builder = Builder::new(source);
    while let Some(seen) = events.next() {
        match seen {
            Ok(seen) => builder.take(seen)?,
            Err(Refused { at, too_deep: true, .. }) => return Err(builder.too_deep(source.byte_of_char(at))),
            Err(Refused { message, at, .. }) => return Err(builder.syntax(source.byte_of_char(at), message)),
        }
    }
    Ok(builder.documents)
}

/// What a subtree amounts to once its aliases are copies.
#[derive(Clone, Copy, Default)]
struct Weight {
    nodes: u64,
    bytes: u64,
}

impl Weight {
    fn plus(self, other: Self) -> Self {
        Self { nodes: self.nodes.saturating_add(other.nodes), bytes: self.bytes.saturating_add(other.bytes) }
    }

    fn minus(self, other: Self) -> Self {
        Self { nodes: self.nodes.saturating_sub(other.nodes), bytes: self.bytes.saturating_sub(other.bytes) }
    }
}

/// A collection whose end has not come yet.
struct Open {
    node: u32,
    last: u32,
    anchor: usize,
    mapping: bool,
    /// What the text amounted to before it.
    before: Weight,
}

/// What an anchor marks.
#[derive(Clone, Copy)]
enum Anchored {
    /// A collection whose end has not come yet.
    Open,
    Node(u32, Weight),
}

/// How many bytes of a text come to a node, roughly.
const BYTES_OF_A_NODE: usize = 32;

struct Builder<'t> {
    source: &'t Arc<Source>,
    documents: Vec<Document>,
    document: Document,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    aliases: usize,
    /// Nodes of the finished documents.
    nodes: usize,
    /// What the text amounts to so far. Every node is counted once where it is written, and an alias as all that its
    /// anchor holds, so that the sum is the size of the expanded trees.
    total: Weight,
    /// The byte before which everything belongs to earlier events.
    floor: u32,
    /// Reused: the entries of the mapping that just ended.
    own: Vec<(u32, u32)>,
}

impl<'t> Builder<'t> {
    fn new(source: &'t Arc<Source>) -> Self {
        let mut document = blank(source);
        document.nodes.reserve(source.text().len() / BYTES_OF_A_NODE);
        Self {
            source,
            documents: Vec::new(),
            document,
            open: Vec::new(),
            anchors: HashMap::new(),
            aliases: 0,
            nodes: 0,
            total: Weight::default(),
            floor: 0,
            own: Vec::new(),
        }
    }

    fn error(&self, byte: u32, message: impl Into<String>) -> YamlError {
        let place = self.source.position(byte);
        YamlError { message: message.into(), line: place.line, column: place.column }
    }

    fn syntax(&self, byte: u32, message: impl Into<String>) -> Refusal {
        Refusal::Syntax(self.error(byte, message))
    }

    fn refuse(&self, byte: u32, message: impl Into<String>) -> Refusal {
        Refusal::Final(self.error(byte, message))
    }

    fn too_deep(&self, byte: u32) -> Refusal {
        self.refuse(byte, format!("nested more than {MAX_DEPTH} levels deep"))
    }

    fn take(&mut self, seen: Seen<'_>) -> Result<(), Refusal> {
        let start = self.source.byte_of_char(seen.start);
        let end = if seen.end == seen.start { start } else { self.source.byte_of_char(seen.end) };
        match seen.event {
            Event::Document { explicit } => {
                if self.documents.len() >= MAX_DOCUMENTS {
                    return Err(self.refuse(start, format!("more than {MAX_DOCUMENTS} documents")));
                }
                // An implicit start has the stretch of the first token, which is yet to come.
                if explicit {
                    self.floor = end;
                }
                // saphyr lets anchors live on; YAML ends them with their document.
                self.anchors.clear();
            }
            Event::DocumentEnd => self.finish_document(),
            Event::Alias(anchor) => self.alias(anchor, start, end)?,
            Event::Scalar { text, style, properties } => {
                let raw = self.scalar(text.into_owned(), style, start, end);
                self.floor = raw.end;
                let bytes = self.text_len(&raw);
                self.leaf(raw, properties, Weight { nodes: 1, bytes })?;
            }
            Event::Sequence(properties) => {
                self.collection(start, end, properties, Content::Sequence { first: NONE })?;
            }
            Event::Mapping(properties) => {
                self.collection(start, end, properties, Content::Mapping { first: NONE, table: NONE })?;
            }
            Event::End => self.end(start, end),
            Event::Other => {}
        }
        Ok(())
    }

    fn text_len(&self, raw: &Raw) -> u64 {
        match raw.content {
            Content::Slice { start, end, .. } => u64::from(end.saturating_sub(start)),
            Content::Written { index, .. } => {
                self.document.written.get(index as usize).map_or(0, |written| written.text.len() as u64)
            }
            _ => 0,
        }
    }

    /// Adds a node to the arena and to the collection that is open.
    fn push(&mut self, mut raw: Raw, properties: &mut Properties, weight: Weight) -> Result<u32, Refusal> {
        let index = narrow(self.document.nodes.len());
        if self.nodes + self.document.nodes.len() >= MAX_NODES {
            return Err(self.refuse(raw.start, format!("more than {MAX_NODES} nodes")));
        }
        if let Some(tag) = properties.tag.take() {
            raw.tag = narrow(self.document.tags.len());
            self.document.tags.push(tag.into_boxed_str());
        }
        self.total = self.total.plus(weight);
        if self.total.nodes > MAX_EXPANDED_NODES || self.total.bytes > MAX_EXPANDED_BYTES {
            let message = format!(
                "with its aliases the text amounts to more than {MAX_EXPANDED_NODES} nodes or {MAX_EXPANDED_BYTES} bytes"
            );
            return Err(self.refuse(raw.start, message));
        }
        self.document.nodes.push(raw);
        if let Some(open) = self.open.last_mut() {
            if open.last == NONE {
                let parent = self.document.nodes.get_mut(open.node as usize).map(|node| &mut node.content);
                if let Some(Content::Sequence { first } | Content::Mapping { first, .. }) = parent {
                    *first = index;
                }
            } else if let Some(last) = self.document.nodes.get_mut(open.last as usize) {
                last.next = index;
            }
            open.last = index;
        }
        Ok(index)
    }

    fn leaf(&mut self, raw: Raw, mut properties: Properties, weight: Weight) -> Result<(), Refusal> {
        let index = self.push(raw, &mut properties, weight)?;
        if properties.anchor > 0 {
            self.anchors.insert(properties.anchor, Anchored::Node(index, weight));
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, start: u32, end: u32) -> Result<(), Refusal> {
        self.floor = end;
        self.aliases += 1;
        if self.aliases > MAX_ALIASES {
            return Err(self.refuse(start, format!("more than {MAX_ALIASES} aliases")));
        }
        let (target, weight) = match self.anchors.get(&anchor) {
            Some(&Anchored::Node(target, weight)) => (target, weight),
            Some(Anchored::Open) => return Err(self.refuse(start, "an alias inside the node that it refers to")),
            None => return Err(self.syntax(start, "an alias to an anchor that the document does not have")),
        };
        let raw = Raw { start, end, next: NONE, tag: NONE, content: Content::Alias { target } };
        self.leaf(raw, Properties::default(), weight)
    }

    fn collection(
        &mut self,
        start: u32,
        end: u32,
        mut properties: Properties,
        content: Content,
    ) -> Result<(), Refusal> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.too_deep(start));
        }
        let start = self.after_properties(start, end);
        self.floor = self.floor.max(start);
        let raw = Raw { start, end: start, next: NONE, tag: NONE, content };
        let before = self.total;
        let node = self.push(raw, &mut properties, Weight { nodes: 1, bytes: 0 })?;
        if properties.anchor > 0 {
            self.anchors.insert(properties.anchor, Anchored::Open);
        }
        let mapping = matches!(content, Content::Mapping { .. });
        self.open.push(Open { node, last: NONE, anchor: properties.anchor, mapping, before });
        Ok(())
    }

    fn end(&mut self, start: u32, end: u32) {
        let Some(open) = self.open.pop() else { return };
        let closing = if open.mapping { '}' } else { ']' };
        // A block collection has no end of its own: its event stands at the token that follows.
        let closes = end > start && self.source.from(start).starts_with(closing);
        let last = self.document.raw(open.last).end;
        if let Some(raw) = self.document.nodes.get_mut(open.node as usize) {
            raw.end = if closes { start + 1 } else { last.max(raw.start) };
        }
        if closes {
            self.floor = start + 1;
        }
        if open.anchor > 0 {
            let weight = self.total.minus(open.before);
            self.anchors.insert(open.anchor, Anchored::Node(open.node, weight));
        }
        if open.mapping {
            self.finish_mapping(open.node);
        }
    }

    fn finish_document(&mut self) {
        let mut document = std::mem::replace(&mut self.document, blank(self.source));
        if document.nodes.is_empty() {
            let content = Content::Slice { start: self.floor, end: self.floor, style: Style::Plain };
            document.nodes.push(Raw { start: self.floor, end: self.floor, next: NONE, tag: NONE, content });
        }
        document.nodes.shrink_to_fit();
        self.nodes += document.nodes.len();
        self.documents.push(document);
    }

    /// Looks for merges and repeated keys, and makes the table where one is due.
    fn finish_mapping(&mut self, node: u32) {
        let Content::Mapping { first, .. } = self.document.raw(node).content else { return };
        let mut own = std::mem::take(&mut self.own);
        own.clear();
        let mut merges = Vec::new();
        let mut key = first;
        while key != NONE {
            let value = self.document.raw(key).next;
            if is_merge(&self.document, key, value) {
                merges.push((key, value));
            } else {
                own.push((key, value));
            }
            key = self.document.raw(value).next;
        }
        if own.len() <= SMALL && merges.is_empty() {
            self.find_few_duplicates(&own);
        } else {
            let table = self.table(&own, &merges);
            let index = narrow(self.document.tables.len());
            self.document.tables.push(table);
            if let Some(raw) = self.document.nodes.get_mut(node as usize) {
                raw.content = Content::Mapping { first, table: index };
            }
        }
        self.own = own;
    }

    fn find_few_duplicates(&mut self, own: &[(u32, u32)]) {
        for (at, &(key, _)) in own.iter().enumerate() {
            let Some((text, _)) = self.document.scalar(key) else { continue };
            let mut earlier = own.iter().take(at).filter_map(|&(key, _)| self.document.scalar(key));
            if earlier.any(|(other, _)| other == text) {
                self.duplicate(key);
            }
        }
    }

    fn duplicate(&mut self, key: u32) {
        let Some((text, _)) = self.document.scalar(key) else { return };
        let text = text.to_owned();
        let raw = self.document.raw(key);
        let span = self.source.span(raw.start, raw.end);
        self.document.duplicate_keys.push((text, span));
    }

    fn table(&mut self, own: &[(u32, u32)], merges: &[(u32, u32)]) -> Table {
        let mut entries = own.to_vec();
        if !merges.is_empty() {
            let document = &self.document;
            let mut seen: HashSet<&str> =
                own.iter().filter_map(|&(key, _)| document.scalar(key)).map(|(text, _)| text).collect();
            for mapping in merges.iter().flat_map(|&(_, value)| merged(document, value)) {
                let before = entries.len();
                // From the end, so that of repeated keys the last stays. A key that is no scalar has no text to
                // compare and always stays.
                for (key, value) in effective(document, mapping).into_iter().rev() {
                    if document.scalar(key).is_none_or(|(text, _)| seen.insert(text)) {
                        entries.push((key, value));
                    }
                }
                if let Some(added) = entries.get_mut(before..) {
                    added.reverse();
                }
            }
            for &(key, _) in merges {
                let Raw { start, end, .. } = *self.document.raw(key);
                self.document.merge_keys.push(self.source.span(start, end));
            }
        }
        let document = &self.document;
        let text = |at: u32| entries.get(at as usize).and_then(|&(key, _)| document.scalar(key)).map(|(text, _)| text);
        let mut by_key: Vec<u32> = (0..narrow(entries.len())).filter(|&at| text(at).is_some()).collect();
        by_key.sort_by(|&one, &other| text(one).cmp(&text(other)).then(one.cmp(&other)));
        let mut repeated: Vec<u32> = by_key
            .windows(2)
            .filter_map(|pair| match pair {
                &[one, other] if text(one) == text(other) => entries.get(other as usize).map(|&(key, _)| key),
                _ => None,
            })
            .collect();
        repeated.sort_unstable();
        for key in repeated {
            self.duplicate(key);
        }
        Table { entries, by_key }
    }

    /// Where a scalar stands, and its text: a slice of the file when it is one.
    fn scalar(&mut self, text: String, style: Style, start: u32, end: u32) -> Raw {
        let source = self.source;
        let length = narrow(text.len());
        let (start, end, slice) = match style {
            Style::Plain => {
                // Nothing has the stretch of whatever follows it.
                let (start, end) = match self.after_properties(start, end) {
                    start if text.is_empty() => (start, start),
                    start => (start, end),
                };
                let whole = source.slice(start, end) == text;
                (start, end, whole.then_some((start, end)))
            }
            Style::SingleQuoted | Style::DoubleQuoted => {
                let start = self.after_properties(start, end);
                let end = closing_quote(source, start, style).unwrap_or(end);
                let inner = (start + 1, end.saturating_sub(1));
                let whole = inner.1.checked_sub(inner.0) == Some(length) && source.slice(inner.0, inner.1) == text;
                (start, end, whole.then_some(inner))
            }
            Style::Literal | Style::Folded => {
                let start = self.indicator(start);
                let written = source.slice(start, end);
                (start, start + narrow(written.trim_end_matches([' ', '\t', '\r', '\n']).len()), None)
            }
        };
        let content = match slice {
            Some((start, end)) => Content::Slice { start, end, style },
            None => {
                let index = narrow(self.document.written.len());
                self.document.written.push(Written { text: text.into_boxed_str(), marks: OnceLock::new() });
                Content::Written { index, style }
            }
        };
        Raw { start, end, next: NONE, tag: NONE, content }
    }

    /// The first byte behind anchor and tag, which count to the stretch of saphyr's events.
    fn after_properties(&self, start: u32, end: u32) -> u32 {
        if !self.source.from(start).starts_with(['!', '&']) {
            return start;
        }
        let skipped = skip(self.source.slice(start, end), |byte| matches!(byte, b'!' | b'&'));
        start + narrow(skipped)
    }

    /// The `|` or `>` of a block scalar. The events begin at its first line of content, or at its tag.
    fn indicator(&self, start: u32) -> u32 {
        let from = self.floor.min(start);
        let at = from
            + narrow(skip(self.source.from(from), |byte| {
                matches!(byte, b'!' | b'&' | b'-' | b'?' | b':' | b'.' | b'%')
            }));
        if self.source.from(at).starts_with(['|', '>']) { at } else { start }
    }
}

fn blank(source: &Arc<Source>) -> Document {
    Document {
        source: Arc::clone(source),
        nodes: Vec::new(),
        written: Vec::new(),
        tags: Vec::new(),
        tables: Vec::new(),
        duplicate_keys: Vec::new(),
        merge_keys: Vec::new(),
    }
}

/// The bytes of white space, comments and such tokens as may stand before a node.
fn skip(text: &str, token: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    let until = |from: usize, stop: fn(u8) -> bool| {
        bytes.get(from..).and_then(|rest| rest.iter().position(|&byte| stop(byte))).map_or(bytes.len(), |n| from + n)
    };
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => at + 1,
            b'#' => until(at, |byte| matches!(byte, b'\r' | b'\n')),
            0xef if bytes.get(at..).is_some_and(|rest| rest.starts_with("\u{feff}".as_bytes())) => at + 3,
            _ if !token(byte) => break,
            b'!' | b'&' => until(at, |byte| byte.is_ascii_whitespace()),
            b'%' => until(at, |byte| matches!(byte, b'\r' | b'\n')),
            _ => at + 1,
        };
    }
    at
}

/// The byte behind the quote that closes a scalar. saphyr's own end includes the white space and comment that follow.
fn closing_quote(source: &Source, start: u32, style: Style) -> Option<u32> {
    let bytes = source.from(start).as_bytes();
    let quote = if style == Style::SingleQuoted { b'\'' } else { b'"' };
    if bytes.first() != Some(&quote) {
        return None;
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if *byte == quote => return Some(start + narrow(at + 1)),
            _ => at += 1,
        }
    }
}

fn is_merge(document: &Document, key: u32, value: u32) -> bool {
    let plain = matches!(document.raw(key).content, Content::Slice { style: Style::Plain, .. });
    plain && document.scalar(key).is_some_and(|(text, _)| text == "<<") && !merged(document, value).is_empty()
}

/// The mappings that the value of a `<<` names; none when it names anything else.
fn merged(document: &Document, value: u32) -> Vec<u32> {
    let value = document.resolve(value);
    match document.raw(value).content {
        Content::Mapping { .. } => vec![value],
        Content::Sequence { first } => {
            let mut mappings = Vec::new();
            let mut item = first;
            while item != NONE {
                let mapping = document.resolve(item);
                if !matches!(document.raw(mapping).content, Content::Mapping { .. }) {
                    return Vec::new();
                }
                mappings.push(mapping);
                item = document.raw(item).next;
            }
            mappings
        }
        _ => Vec::new(),
    }
}

/// The entries of a finished mapping, its own merges applied.
fn effective(document: &Document, mapping: u32) -> Vec<(u32, u32)> {
    let Content::Mapping { first, table } = document.raw(mapping).content else { return Vec::new() };
    if let Some(table) = document.tables.get(table as usize) {
        return table.entries.clone();
    }
    let mut entries = Vec::new();
    let mut key = first;
    while key != NONE {
        let value = document.raw(key).next;
        entries.push((key, value));
        key = document.raw(value).next;
    }
    entries
}
