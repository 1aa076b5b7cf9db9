//! Scripts of Windows.

use std::sync::Arc;

use super::command::{API, ASKS};
use super::{Install, place};
use crate::model::Evidence;

/// What the scripts of Windows say in places that are not read as commands: PowerShell asks the forge inside of
/// expressions, and a batch file loops by `goto`.
pub(super) fn rest(install: &mut Install, path: &Arc<str>, text: &str, rule: &'static str) {
    let mut offset = 0;
    let mut labels: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        let (from, code) = (offset, line.trim().to_ascii_lowercase());
        offset += line.len();
        let at = || place(path, text, from, from + line.trim_end().len());
        if code.starts_with(['#', ':']) || code.starts_with("rem ") {
            labels.extend(code.strip_prefix(':').filter(|l| !l.starts_with(':')).map(str::to_owned));
            continue;
        }
        if API.iter().any(|api| code.contains(api)) {
            install.long_lived.get_or_insert_with(|| Evidence::observed(&at(), rule, ASKS));
        }
        let back = code.split_once("goto ").map(|(_, label)| label.trim().trim_start_matches(':').to_owned());
        if back.is_some_and(|label| labels.contains(&label)) {
            let note = "a loop runs the agent again and again on the same files";
            install.looped.get_or_insert_with(|| Evidence::observed(&at(), rule, note));
        }
    }
}
