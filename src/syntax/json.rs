//! JSON as people write it.

/// A text without its `//` and `/* */`, as the settings of many tools may have them.
pub fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\\' if quoted => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            '/' if !quoted && rest.starts_with("//") => {
                rest = rest.get(rest.find('\n').unwrap_or(rest.len())..).unwrap_or_default();
                continue;
            }
            '/' if !quoted && rest.starts_with("/*") => {
                rest = rest.find("*/").and_then(|end| rest.get(end + 2..)).unwrap_or_default();
                continue;
            }
            c => {
                quoted ^= c == '"';
                c.len_utf8()
            }
        };
        let (head, tail) = rest.split_at(length.min(rest.len()));
        out.push_str(head);
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn a_comment_ends_where_it_should_and_a_string_is_none() {
        assert_eq!(without_comments("// a\n{ \"b\": \"//c\\\"/*\" /* d\n */ } // e"), "\n{ \"b\": \"//c\\\"/*\"  } ");
    }
}
