//! Where the statement at the start of a script may end. What stands before such a line end is a statement or more
//! when the grammar takes it: a shell reads no further before it runs it.

use super::scan;

/// Words that begin a compound statement, and those that end one.
const OPENING: &[&str] = &["if", "for", "while", "until", "case", "select", "{"];
const CLOSING: &[&str] = &["fi", "done", "esac", "}"];
/// Words behind which a command begins.
const LEADING: &[&str] = &["then", "do", "else", "elif", "!", "{", "(", "&&", "||", "|", "time"];

/// The length of the lines at the start that look like a whole statement.
pub(super) fn statement(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..)?;
        let line = rest.split_inclusive('\n').next()?;
        at += line.len();
        let mut leads = true;
        for word in line.split_ascii_whitespace() {
            if word.starts_with('#') {
                break;
            }
            let bare = word.trim_end_matches([';', ')']);
            let opens = OPENING.contains(&word) && (leads || word == "{");
            if leads && CLOSING.contains(&bare) {
                depth = depth.saturating_sub(1);
            } else if opens {
                depth += 1;
            }
            leads = LEADING.contains(&word) || word.ends_with([';', '(']);
        }
        if line.contains("<<") {
            at += scan::documents(line, text.get(at..)?);
        }
        let end = line.trim_end();
        let goes_on = ["\\", "&&", "|"].iter().any(|last| end.ends_with(last));
        if depth == 0 && !goes_on && !end.is_empty() {
            return Some(at);
        }
    }
    None
}
