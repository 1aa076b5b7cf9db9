//! Strings of a checkout are written by whoever can open a pull request. Each output format reads some of their
//! characters as commands; here is one function per format that takes this power away, and shows what was there.

mod command;
mod html;
mod markdown;
mod mermaid;

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

pub use command::{command_message, command_property};
pub use html::html;
pub use markdown::{markdown, markdown_block, markdown_code, markdown_element, markdown_prose};
pub use mermaid::mermaid;

/// How many combining marks one character may carry. Real writing needs three; stacks of dozens paint over the lines
/// above and below.
const MARKS: usize = 4;

/// Makes a string fit for one line of a terminal, a log or a message.
///
/// Control characters (line ends, tabs and the escape of ANSI sequences among them), bidirectional controls, zero-width
/// and other default-ignorable characters become visible escapes such as `\u{1b}`. What is safe already comes back
/// unchanged, so applying it twice does no harm.
///
/// A log is read by the CI platform too: `::error::` at the start of a line and `##[error]` or `##vso[...]` anywhere in
/// it are commands to the runner. One character of them is escaped.
pub fn terminal(text: &str) -> Cow<'_, str> {
    let printable = text.bytes().all(|b| matches!(b, b' '..=b'~'));
    if printable && !text.contains("##") && !text.trim_start().starts_with("::") {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut marks = Marks::default();
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let starts = c == ':' && rest.starts_with("::") && safe.chars().all(char::is_whitespace);
        if starts || (c == '#' && safe.ends_with('#') && opens_bracket(rest)) {
            let _ = write!(safe, "{}", c.escape_unicode());
        } else {
            push_terminal(&mut safe, c, &mut marks);
        }
    }
    Cow::Owned(safe)
}

/// Whether `rest` reads on as the second half of `##[` or of `##name[`.
fn opens_bracket(rest: &str) -> bool {
    rest.trim_start_matches('#').trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('[')
}

/// The pieces of a sentence in which backticks mark code, and whether each is code. A backtick without a partner is
/// text.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let (paired, rest) = match text.rfind('`') {
        Some(last) if text.matches('`').count() % 2 == 1 => text.split_at(last),
        _ => (text, ""),
    };
    let pieces = paired.split('`').enumerate().map(|(at, piece)| (at % 2 == 1, piece));
    pieces.chain([(false, rest)]).filter(|(_, piece)| !piece.is_empty())
}

/// Combining marks written since the last character that takes room.
pub(super) struct Marks(usize);

impl Default for Marks {
    /// The start of a text: a mark there would sit on what stands before it.
    fn default() -> Self {
        Self(MARKS)
    }
}

/// Writes one character as [`terminal`] does.
pub(super) fn push_terminal(to: &mut String, c: char, marks: &mut Marks) {
    let mark = c.width() == Some(0);
    if is_deceptive(c) || (mark && marks.0 >= MARKS) {
        let _ = write!(to, "{}", c.escape_unicode());
        *marks = Marks::default();
    } else {
        to.push(c);
        marks.0 = if mark { marks.0 + 1 } else { 0 };
    }
}

/// Writes a piece of a JSON string, already escaped as JSON asks, so that showing the file on a terminal is harmless
/// too: what [`terminal`] makes visible is written as `\uXXXX`, which a JSON reader turns back into the same character.
/// So is the second `#` of a runner's `##[command]`.
pub(super) fn push_json(to: &mut String, c: char) {
    if is_deceptive(c) || (c == '#' && to.ends_with('#')) {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(to, "\\u{unit:04x}");
        }
    } else {
        to.push(c);
    }
}

/// Whether a character commands a terminal, reorders or hides its neighbours, or is not seen at all: the controls, the
/// `Default_Ignorable_Code_Point` property of Unicode, the line and paragraph separators, the bidirectional controls
/// and the interlinear annotations.
pub(super) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_visible_and_nothing_is_lost() {
        assert_eq!(terminal("\u{1b}[31mred\u{7}"), r"\u{1b}[31mred\u{7}");
        assert_eq!(terminal("a\r\nb\tc\u{9b}"), r"a\u{d}\u{a}b\u{9}c\u{9b}");
        assert_eq!(terminal("ev\u{202e}il\u{2066}\u{200f}\u{61c}"), r"ev\u{202e}il\u{2066}\u{200f}\u{61c}");
        assert_eq!(terminal("in\u{200b}vis\u{feff}ible\u{e0041}"), r"in\u{200b}vis\u{feff}ible\u{e0041}");
        assert_eq!(terminal("line\u{2028}end"), r"line\u{2028}end");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in ["", "left-pad", "naïve Größe 名前 🦀 e\u{301}", "שלום", r"C:\path"] {
            assert_eq!(terminal(text), text);
        }
    }

    #[test]
    fn no_line_of_a_log_starts_a_command_of_the_runner() {
        assert_eq!(terminal("::set-output name=a::b"), r"\u{3a}:set-output name=a::b");
        assert_eq!(terminal(" \u{a0}::error::"), "\x20\u{a0}\\u{3a}:error::");
        assert_eq!(terminal("a ##[error]b"), r"a #\u{23}[error]b");
        assert_eq!(terminal("##vso[task.setvariable]"), r"#\u{23}vso[task.setvariable]");
        assert!(!terminal("####[error]").contains("##["));
        for text in ["std::fmt", "## Heading", "#1 ##", "a::b"] {
            assert_eq!(terminal(text), text);
        }
        for text in ["::error::", "##[a]", "###[a]"] {
            let once = terminal(text).into_owned();
            assert_eq!(terminal(&once), once);
        }
    }

    #[test]
    fn marks_cannot_pile_up_or_sit_on_our_own_text() {
        assert_eq!(terminal("\u{301}a"), r"\u{301}a");
        let pile = format!("a{}", "\u{301}".repeat(50));
        assert_eq!(terminal(&pile).matches('\u{301}').count(), MARKS);
    }

    #[test]
    fn no_character_passes_that_a_terminal_obeys_or_hides() {
        for c in '\0'..=char::MAX {
            let alone = c.to_string();
            let shown = terminal(&alone);
            assert!(!shown.chars().any(char::is_control), "{c:?} passes");
            assert!(unicode_width::UnicodeWidthStr::width(&*shown) > 0, "{c:?} is not seen");
            assert_eq!(terminal(&shown), shown, "{c:?} is escaped twice");
        }
    }

    #[test]
    fn json_escapes_read_back_as_the_same_character() {
        for c in '\0'..=char::MAX {
            if is_deceptive(c) && !matches!(c, '\0'..='\u{1f}') {
                let mut text = String::from("\"");
                push_json(&mut text, c);
                text.push('"');
                assert!(text.is_ascii());
                assert_eq!(serde_json::from_str::<String>(&text).unwrap(), c.to_string());
            }
        }
    }
}
