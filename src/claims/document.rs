//! A document as its images and its blocks of running text. Everything is read as Markdown, which leaves the sentences
//! of other light markup whole; the images of reStructuredText and AsciiDoc are found in their lines.

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;

/// What is read of a document.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) images: Vec<Image>,
    pub(super) blocks: Vec<Block>,
}

/// An image.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) address: String,
    /// As it is written.
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

/// A paragraph or an entry of a list, without its marks.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) text: String,
    /// From which byte of the text on it stands at which byte of the document.
    places: Vec<(usize, usize)>,
    /// Whether it is an entry of a list.
    pub(super) list: bool,
    /// The headings above it.
    pub(super) headings: Vec<String>,
}

impl Block {
    /// Where a byte of the text stands in the document.
    pub(super) fn place(&self, byte: usize) -> usize {
        let after = self.places.partition_point(|(at, _)| *at <= byte);
        let piece = after.checked_sub(1).and_then(|before| self.places.get(before));
        piece.map_or(byte, |(at, place)| place + (byte - at))
    }

    fn push(&mut self, text: &str, place: usize) {
        self.places.push((self.text.len(), place));
        self.text.push_str(text);
    }
}

/// Every block keeps the headings above it, so no more of a heading is kept than tells what it is about.
const HEADING: usize = 200;

/// `<img src="…">`, and the images of other light markup in a line.
static HTML_IMAGE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)<img\s[^>]*?\bsrc\s*=\s*["']?(?<address>[^"'\s>]+)[^>]*>"#).ok());
static OTHER_IMAGE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?mi)(?:\bimage::?|^\.\. [^\n]*image::)\s*(?<address>https?://[^\s\[\]]+)").ok());
static COMMENT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?s)<!--.*?(-->|\z)").ok());

/// Reads a document.
pub(super) fn read(text: &str) -> Document {
    let mut reader = Reader { text, ..Reader::default() };
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        reader.take(event, range);
    }
    reader.flush();
    reader.other_images();
    reader.document
}

#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    document: Document,
    block: Block,
    /// Elements around, in which nothing is said: code, tables, images, struck text.
    silent: usize,
    /// Code and comments, in which no image is shown.
    code: Vec<Range<usize>>,
    html: Option<Range<usize>>,
    lists: usize,
    /// The heading that is read.
    heading: Option<(HeadingLevel, String)>,
    headings: Vec<(HeadingLevel, String)>,
    /// An entry that is not ticked off.
    undone: bool,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.say(&text, range.start),
            Event::Code(_) | Event::SoftBreak | Event::HardBreak => self.say(" ", range.start),
            Event::Html(_) | Event::InlineHtml(_) => match &mut self.html {
                Some(html) => html.end = range.end,
                None => self.html(range),
            },
            Event::TaskListMarker(done) => self.undone = !done,
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Image { dest_url, .. } => {
                let text = self.text.get(range.clone()).unwrap_or_default().to_owned();
                self.document.images.push(Image { address: dest_url.into_string(), text, range });
                self.silent += 1;
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                // The rest of an entry of a list may be indented as far as code.
                if matches!(kind, CodeBlockKind::Fenced(_)) || self.lists == 0 {
                    self.code.push(range);
                }
                self.silent += 1;
            }
            Tag::Table(_) => {
                self.flush();
                self.silent += 1;
            }
            Tag::Strikethrough => self.silent += 1,
            Tag::HtmlBlock => {
                self.flush();
                self.html = Some(range.start..range.start);
            }
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some((level, String::new()));
            }
            Tag::List(_) => {
                self.flush();
                self.lists += 1;
            }
            Tag::Paragraph | Tag::Item | Tag::BlockQuote(_) => self.flush(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Image | TagEnd::CodeBlock | TagEnd::Table | TagEnd::Strikethrough => {
                self.silent = self.silent.saturating_sub(1);
            }
            TagEnd::HtmlBlock => {
                if let Some(html) = self.html.take() {
                    self.html(html);
                }
            }
            TagEnd::Heading(_) => {
                if let Some((level, text)) = self.heading.take() {
                    self.headings.retain(|(above, _)| *above < level);
                    self.headings.push((level, text));
                }
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists = self.lists.saturating_sub(1);
            }
            TagEnd::Item => {
                self.flush();
                self.undone = false;
            }
            TagEnd::Paragraph | TagEnd::BlockQuote(_) => self.flush(),
            _ => {}
        }
    }

    fn say(&mut self, text: &str, place: usize) {
        if let Some((_, heading)) = &mut self.heading {
            if heading.len() < HEADING {
                heading.push_str(text);
            }
        } else if self.silent == 0 && self.html.is_none() {
            self.block.push(text, place);
        }
    }

    /// The block is over.
    fn flush(&mut self) {
        let mut block = std::mem::take(&mut self.block);
        if !block.text.trim().is_empty() && !self.undone {
            block.list = self.lists > 0;
            block.headings = self.headings.iter().map(|(_, text)| text.clone()).collect();
            self.document.blocks.push(block);
        }
    }

    /// The images of a stretch of HTML. What a comment holds is not shown.
    fn html(&mut self, range: Range<usize>) {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let comments: Vec<Range<usize>> =
            COMMENT.iter().flat_map(|c| c.find_iter(text)).map(|found| found.range()).collect();
        self.code.extend(comments.iter().map(|c| range.start + c.start..range.start + c.end));
        for found in HTML_IMAGE.iter().flat_map(|image| image.captures_iter(text)) {
            let (Some(whole), Some(address)) = (found.get(0), found.name("address")) else { continue };
            if !comments.iter().any(|comment| comment.contains(&whole.start())) {
                self.document.images.push(Image {
                    address: address.as_str().to_owned(),
                    text: whole.as_str().to_owned(),
                    range: range.start + whole.start()..range.start + whole.end(),
                });
            }
        }
    }

    /// The images of other light markup, outside of code.
    fn other_images(&mut self) {
        self.code.sort_by_key(|code| code.start);
        let code = |at: usize| {
            let after = self.code.partition_point(|code| code.start <= at);
            after.checked_sub(1).and_then(|before| self.code.get(before)).is_some_and(|code| code.contains(&at))
        };
        for found in OTHER_IMAGE.iter().flat_map(|image| image.captures_iter(self.text)) {
            let (Some(whole), Some(address)) = (found.get(0), found.name("address")) else { continue };
            if !code(whole.start()) {
                self.document.images.push(Image {
                    address: address.as_str().to_owned(),
                    text: whole.as_str().to_owned(),
                    range: whole.range(),
                });
            }
        }
    }
}
