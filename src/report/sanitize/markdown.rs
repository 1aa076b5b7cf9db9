//! Markdown as GitHub and GitLab read it: CommonMark with tables, automatic links, mentions and references.

use std::fmt::Write;

use super::terminal;

/// Makes a string fit for running text and table cells: nothing in it is emphasis, a link, an image, HTML, a heading, a
/// list, a mention of a person or a reference to an issue.
pub fn markdown(text: &str) -> String {
    let safe = terminal(text);
    let mut to = String::with_capacity(safe.len() + 16);
    let mut before = ' ';
    let mut digits_only = true;
    for (at, c) in safe.char_indices() {
        let rest = safe.get(at + c.len_utf8()..).unwrap_or_default();
        let next = rest.chars().next().unwrap_or(' ');
        match c {
            // An entity never is structure, not even between the cells of a table.
            '|' => to.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '$' => {
                to.push('\\');
                to.push(c);
            }
            // At the start they would open a list or underline a heading; `1.` and `1)` likewise.
            '-' | '+' | '=' if at == 0 => {
                to.push('\\');
                to.push(c);
            }
            '.' | ')' if at > 0 && digits_only => {
                to.push('\\');
                to.push(c);
            }
            // Automatic links, mentions and references are looked for in the finished page too, where an escape has
            // gone; an empty comment between the characters is still there.
            ':' if rest.starts_with("//") => to.push_str(":<!-- -->"),
            '.' if ends_with_www(safe.get(..at).unwrap_or_default()) => to.push_str("<!-- -->."),
            '@' if next.is_alphanumeric() => to.push_str("@<!-- -->"),
            '!' if next.is_ascii_digit() => to.push_str("!<!-- -->"),
            '#' if next.is_ascii_digit() => to.push_str("#<!-- -->"),
            '-' if next.is_ascii_digit() && before.eq_ignore_ascii_case(&'h') => to.push_str("-<!-- -->"),
            '#' | '!' => {
                to.push('\\');
                to.push(c);
            }
            _ => to.push(c),
        }
        digits_only &= c.is_ascii_digit();
        before = c;
    }
    to
}

fn ends_with_www(text: &str) -> bool {
    text.get(text.len().saturating_sub(3)..).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// A string as code, for running text and table cells. Mentions and references do not work in code.
pub fn markdown_code(text: &str) -> String {
    let safe = terminal(text);
    if safe.trim().is_empty() {
        return String::new();
    }
    // A code span knows no escapes, and in a table a pipe ends it: what would need one is written as an element.
    if !safe.contains(['`', '|', '\\']) && safe.trim() == safe {
        return format!("`{safe}`");
    }
    markdown_element(text)
}

/// A string as code in an element that Markdown does not read inside of, such as a summary, and anywhere else.
pub fn markdown_element(text: &str) -> String {
    let mut to = String::from("<code>");
    for c in terminal(text).chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | '/' | ',') {
            let _ = write!(to, "&#{};", u32::from(c));
        } else {
            to.push(c);
        }
    }
    to.push_str("</code>");
    to
}

/// A sentence in which backticks mark code, as the reasons and plans of a report do. Whatever part a string of the
/// checkout takes in it, text is escaped as [`markdown`] does and code as [`markdown_code`].
pub fn markdown_prose(text: &str) -> String {
    super::pieces(text)
        .map(|(code, piece)| if code { markdown_code(piece) } else { markdown(piece) })
        .collect::<Vec<_>>()
        .concat()
}

/// Lines as a block of code that no line can end. The language is ours.
pub fn markdown_block(language: &'static str, lines: &[String]) -> String {
    let safe: Vec<_> = lines.iter().map(|line| terminal(line)).collect();
    let longest = safe.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{}\n{fence}\n", safe.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_inert() {
        assert_eq!(markdown("![a](b) <b> *c* _d_ `e`"), r"\!\[a\](b) \<b\> \*c\* \_d\_ \`e\`");
        assert_eq!(markdown("# a"), r"\# a");
        assert_eq!(markdown("- a-b"), r"\- a-b");
        assert_eq!(markdown("1. a 2. b"), r"1\. a 2. b");
        assert_eq!(markdown("a|b"), "a&#124;b");
        assert_eq!(markdown("https://a.b www.c.d"), "https:<!-- -->//a.b www<!-- -->.c.d");
        assert_eq!(markdown("@who #1 a/b#2 !3 GH-4"), "@<!-- -->who #<!-- -->1 a/b#<!-- -->2 !<!-- -->3 GH-<!-- -->4");
        assert_eq!(markdown("&lt;"), r"\&lt;");
        assert_eq!(markdown("a\n\n# b"), r"a\\u{a}\\u{a}\# b");
    }

    #[test]
    fn code_stays_code() {
        assert_eq!(markdown_code("npm:@a/b"), "`npm:@a/b`");
        assert_eq!(markdown_code("a`b|c\\"), "<code>a&#96;b&#124;c&#92;</code>");
        assert_eq!(markdown_code("*<b>`"), "<code>&#42;&#60;b&#62;&#96;</code>");
    }

    #[test]
    fn prose_keeps_its_code() {
        assert_eq!(markdown_prose("Set `a_b` on *c*."), r"Set `a_b` on \*c\*.");
        assert_eq!(markdown_prose("one ` alone_"), r"one \` alone\_");
    }

    #[test]
    fn no_line_ends_its_block() {
        let block = markdown_block("text", &["````".to_owned(), "a\n```".to_owned()]);
        assert_eq!(block, "`````text\n````\na\\u{a}```\n`````\n");
    }
}
