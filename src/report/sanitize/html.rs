//! HTML: text and the values of quoted attributes.

use super::terminal;

/// Makes a string fit for text between tags and for a quoted attribute.
pub fn html(text: &str) -> String {
    let safe = terminal(text);
    let mut to = String::with_capacity(safe.len() + 16);
    for c in safe.chars() {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            _ => to.push(c),
        }
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tag_and_no_attribute_can_start_or_end() {
        let wanted = "&lt;script&gt;&quot; onload=&#39;a&amp;b&#39;";
        assert_eq!(html("<script>\" onload='a&b'"), wanted);
        assert_eq!(html("a\u{202e}\n名前"), r"a\u{202e}\u{a}名前");
    }
}
