//! The one event interface behind which both parsers stand.

use std::borrow::Cow;

use super::document::Style;

/// What a parser saw.
pub(super) enum Event<'t> {
    /// A document begins; whether with `---`.
    Document {
        explicit: bool,
    },
    /// A reference to the anchor with this number.
    Alias(usize),
    Scalar {
        text: Cow<'t, str>,
        style: Style,
        properties: Properties,
    },
    Sequence(Properties),
    Mapping(Properties),
    /// The innermost open sequence or mapping ends.
    End,
    /// The document ends.
    DocumentEnd,
    /// Nothing that makes a tree.
    Other,
}

/// What stands before a node.
#[derive(Default)]
pub(super) struct Properties {
    /// The number of the anchor, 0 without one.
    pub(super) anchor: usize,
    /// The resolved tag.
    pub(super) tag: Option<String>,
}

/// An event with the character indices of its stretch.
pub(super) struct Seen<'t> {
    pub(super) event: Event<'t>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A parser's refusal, with the character index of the place.
pub(super) struct Refused {
    pub(super) message: String,
    pub(super) at: usize,
    /// Whether the parser's own limit of nesting is exceeded, which is above ours.
    pub(super) too_deep: bool,
}

/// A parser that is asked for one event after the other. Both parsers keep their state in vectors and never recurse
/// this way; saphyr's own `load` would.
pub(super) trait Events<'t> {
    fn next(&mut self) -> Option<Result<Seen<'t>, Refused>>;
}

pub(super) struct Saphyr<'t>(saphyr_parser::Parser<'t, saphyr_parser::StrInput<'t>>);

impl<'t> Saphyr<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self(saphyr_parser::Parser::new_from_str(text))
    }
}

impl<'t> Events<'t> for Saphyr<'t> {
    fn next(&mut self) -> Option<Result<Seen<'t>, Refused>> {
        use saphyr_parser::{Event as E, ScalarStyle as S, Tag};
        fn properties(anchor: usize, tag: Option<Cow<'_, Tag>>) -> Properties {
            Properties { anchor, tag: tag.map(|tag| format!("{}{}", tag.handle, tag.suffix)) }
        }
        let (event, span) = match self.0.next_event()? {
            Ok(seen) => seen,
            Err(error) => {
                let too_deep = error.info() == "recursion limit exceeded";
                return Some(Err(Refused { message: error.info().to_owned(), at: error.marker().index(), too_deep }));
            }
        };
        let event = match event {
            E::Nothing | E::StreamStart | E::StreamEnd => Event::Other,
            E::DocumentStart(explicit) => Event::Document { explicit },
            E::DocumentEnd => Event::DocumentEnd,
            E::Alias(anchor) => Event::Alias(anchor),
            E::Scalar(text, style, anchor, tag) => Event::Scalar {
                text,
                style: match style {
                    S::Plain => Style::Plain,
                    S::SingleQuoted => Style::SingleQuoted,
                    S::DoubleQuoted => Style::DoubleQuoted,
                    S::Literal => Style::Literal,
                    S::Folded => Style::Folded,
                },
                properties: properties(anchor, tag),
            },
            E::SequenceStart(anchor, tag) => Event::Sequence(properties(anchor, tag)),
            E::MappingStart(anchor, tag) => Event::Mapping(properties(anchor, tag)),
            E::SequenceEnd | E::MappingEnd => Event::End,
        };
        Some(Ok(Seen { event, start: span.start.index(), end: span.end.index() }))
    }
}

pub(super) struct Granit<'t>(granit_parser::Parser<'t, granit_parser::StrInput<'t>>);

impl<'t> Granit<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        // Comments are read from the text; as events they would have a limit of their own.
        let options = granit_parser::options! { emit_comments: false };
        Self(granit_parser::Parser::new_from_str_with_options(text, options))
    }
}

impl<'t> Events<'t> for Granit<'t> {
    fn next(&mut self) -> Option<Result<Seen<'t>, Refused>> {
        use granit_parser::{Event as E, ScalarStyle as S, Tag};
        fn properties(anchor: usize, tag: Option<Cow<'_, Tag>>) -> Properties {
            Properties { anchor, tag: tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix())) }
        }
        let (event, span) = match self.0.next_event()? {
            Ok(seen) => seen,
            Err(error) => {
                let too_deep = matches!(error.kind(), granit_parser::ErrorKind::RecursionLimitExceeded);
                return Some(Err(Refused { message: error.info(), at: error.marker().index(), too_deep }));
            }
        };
        let event = match event {
            E::DocumentStart(explicit, _) => Event::Document { explicit },
            E::DocumentEnd => Event::DocumentEnd,
            E::Alias(anchor) => Event::Alias(anchor),
            E::Scalar(text, style, anchor, tag) => Event::Scalar {
                text,
                style: match style {
                    S::Plain => Style::Plain,
                    S::SingleQuoted => Style::SingleQuoted,
                    S::DoubleQuoted => Style::DoubleQuoted,
                    S::Literal => Style::Literal,
                    S::Folded => Style::Folded,
                },
                properties: properties(anchor, tag),
            },
            E::SequenceStart(_, anchor, tag) => Event::Sequence(properties(anchor, tag)),
            E::MappingStart(_, anchor, tag) => Event::Mapping(properties(anchor, tag)),
            E::SequenceEnd | E::MappingEnd => Event::End,
            _ => Event::Other,
        };
        Some(Ok(Seen { event, start: span.start.index(), end: span.end.index() }))
    }
}
