//! Mermaid: labels in double quotes.

use std::fmt::Write;

use super::terminal;

/// Makes a string fit for a quoted label of a Mermaid diagram, with Mermaid's own entities (`#34;`). What Mermaid, its
/// HTML labels, its Markdown labels or the fence around the diagram could read as a command becomes one.
pub fn mermaid(text: &str) -> String {
    let safe = terminal(text);
    let mut to = String::with_capacity(safe.len() + 16);
    for c in safe.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '.' | '/' | '-' | ',') {
            to.push(c);
        } else {
            let _ = write!(to, "#{};", u32::from(c));
        }
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_ends_and_none_carries_markup() {
        assert_eq!(mermaid("a\"]; click b \"x"), "a#34;#93;#59; click b #34;x");
        assert_eq!(mermaid("<b>`%%"), "#60;b#62;#96;#37;#37;");
        assert_eq!(mermaid("release.yml 名前"), "release.yml 名前");
    }
}
