//! Lines of text with roles. Everything that reaches the terminal goes through [`Page`], which neutralises it: no part
//! of the layout has to remember to.

use textwrap::{WordSplitter, wrap};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::paint::Role;
use crate::report::sanitize;

/// Longer lines of prose are hard to read, however wide the terminal.
const PROSE: usize = 100;

/// The text so far.
pub(super) struct Page {
    text: String,
    color: bool,
    /// Columns that tables and snippets may use.
    pub(super) width: usize,
}

impl Page {
    pub(super) fn new(width: usize, color: bool) -> Self {
        Self { text: String::new(), color, width }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// One line, as long as it is.
    pub(super) fn line(&mut self, spans: &[(Role, &str)]) {
        let safe: Vec<_> = spans.iter().map(|(role, text)| (*role, sanitize::terminal(text))).collect();
        // Padding at the end of a line only makes a copied report longer.
        let last = safe.iter().rposition(|(_, text)| !text.trim_end().is_empty());
        for (at, (role, text)) in safe.iter().enumerate().take(last.map_or(0, |at| at + 1)) {
            let text = if Some(at) == last { text.trim_end() } else { text };
            role.write(&mut self.text, text, self.color);
        }
        self.text.push('\n');
    }

    /// Running text behind a lead that stands on the first line, wrapped; further lines start below the text.
    pub(super) fn prose(&mut self, lead: &[(Role, &str)], role: Role, text: &str) {
        let indent: usize = lead.iter().map(|(_, text)| width(&sanitize::terminal(text))).sum();
        self.hanging(lead, indent, role, text);
    }

    /// As [`Page::prose`], with further lines starting in the column `indent`.
    pub(super) fn hanging(&mut self, lead: &[(Role, &str)], indent: usize, role: Role, text: &str) {
        let taken: usize = lead.iter().map(|(_, text)| width(&sanitize::terminal(text))).sum();
        let room = self.width.min(PROSE.max(indent + 40)).saturating_sub(indent).max(20);
        // The lead may be longer than the indentation: blanks hold its place while the text is wrapped.
        let first = " ".repeat(taken.saturating_sub(indent));
        let options = textwrap::Options::new(room)
            .initial_indent(&first)
            // Identifiers such as `provenance-authentic` have to stay in one piece to be copied and searched.
            .word_splitter(WordSplitter::NoHyphenation)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
        let safe = sanitize::terminal(text);
        let margin = " ".repeat(indent);
        for (at, line) in wrap(safe.trim(), options).iter().enumerate() {
            if at == 0 {
                let mut spans = lead.to_vec();
                spans.push((role, line.get(first.len()..).unwrap_or_default()));
                self.line(&spans);
            } else {
                self.line(&[(Role::Plain, &margin), (role, line)]);
            }
        }
    }
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text followed by as many blanks as make it `columns` wide.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// The text, its middle left out when it is wider than `columns`.
pub(super) fn shorten_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let head = start(text, columns.saturating_sub(1) / 2);
    format!("{head}…{}", end(text, columns.saturating_sub(width(head) + 1)))
}

/// The text, its start left out when it is wider than `columns`; whole path segments where possible.
pub(super) fn shorten_start(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let tail = end(text, columns.saturating_sub(1));
    format!("…{}", tail.find('/').and_then(|at| tail.get(at..)).unwrap_or(tail))
}

/// As much of the start as fits.
pub(super) fn start(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let cut = text.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > columns
    });
    cut.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// As much of the end as fits.
fn end(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let cut = text.char_indices().rev().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > columns
    });
    cut.and_then(|(at, c)| text.get(at + c.len_utf8()..)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortening_keeps_what_tells_names_apart() {
        assert_eq!(shorten_middle("image:ghcr.io/owner/name", 24), "image:ghcr.io/owner/name");
        assert_eq!(shorten_middle("image:ghcr.io/owner/name", 13), "image:…r/name");
        assert_eq!(shorten_middle("名前名前名前", 7), "名…名前");
        assert_eq!(shorten_start(".github/workflows/release.yml:31", 20), "…/release.yml:31");
        assert_eq!(shorten_start("averyveryverylongname.yml:31", 10), "…me.yml:31");
    }

    #[test]
    fn prose_hangs_below_its_lead() {
        let mut page = Page::new(30, false);
        page.prose(&[(Role::Strong, "  1. ")], Role::Plain, "sign with provenance-authentic keys of the platform");
        assert_eq!(page.finish(), "  1. sign with\n     provenance-authentic keys\n     of the platform\n");
    }

    #[test]
    fn lines_are_neutralised_and_carry_no_trailing_blanks() {
        let mut page = Page::new(60, false);
        page.line(&[(Role::Plain, "a\u{1b}[2J"), (Role::Plain, "   ")]);
        page.line(&[(Role::Plain, "  ")]);
        assert_eq!(page.finish(), "a\\u{1b}[2J\n\n");
    }
}
