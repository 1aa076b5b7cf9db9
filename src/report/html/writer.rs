//! HTML and SVG that cannot come out broken or injected: names of elements and attributes are ours, every text and
//! every value is escaped, and what is opened is closed.

use crate::report::sanitize::{html, pieces};

/// Elements behind which the source goes on in a new line.
const BLOCKS: &[&str] = &[
    "article",
    "body",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "g",
    "h1",
    "h2",
    "h3",
    "h4",
    "head",
    "header",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
];

/// The document so far.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
}

/// Names and values of attributes.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Writer {
    /// The finished document.
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.text.push_str(markup);
    }

    /// Text, on one line whatever it contains.
    pub(super) fn text(&mut self, text: &str) {
        self.text.push_str(&html(text));
    }

    /// A sentence in which backticks mark code.
    pub(super) fn prose(&mut self, text: &str) {
        for (code, piece) in pieces(text) {
            if code {
                self.leaf("code", &[], piece);
            } else {
                self.text(piece);
            }
        }
    }

    /// An element and what is inside.
    pub(super) fn element(&mut self, tag: &'static str, attributes: Attributes<'_>, inside: impl FnOnce(&mut Self)) {
        self.open(tag, attributes);
        inside(self);
        self.text.push_str(&format!("</{tag}>"));
        if BLOCKS.contains(&tag) {
            self.text.push('\n');
        }
    }

    /// An element with text inside.
    pub(super) fn leaf(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.element(tag, attributes, |to| to.text(text));
    }

    /// An element with a sentence inside.
    pub(super) fn sentence(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.element(tag, attributes, |to| to.prose(text));
    }

    /// An element that has nothing inside and no end.
    pub(super) fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.open(tag, attributes);
    }

    fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.text.push('<');
        self.text.push_str(tag);
        for (name, value) in attributes {
            self.text.push_str(&format!(" {name}=\"{}\"", html(value)));
        }
        self.text.push('>');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_values_are_escaped() {
        let mut page = Writer::default();
        page.element("p", &[("class", "\"><script>")], |page| page.prose("a `<b>` & \"c\"\n"));
        let wanted = "<p class=\"&quot;&gt;&lt;script&gt;\">a <code>&lt;b&gt;</code> &amp; &quot;c&quot;\\u{a}</p>\n";
        assert_eq!(page.finish(), wanted);
    }
}
