//! Scripts that a command runs: of the checkout, written by the job before, or handed to an interpreter as text.

use std::sync::Arc;

use super::{Call, Entered, Machine, Piece, container};
use crate::checkout::ReadError;
use crate::model::{Bound, Text, Unread};
use crate::syntax::conf;

/// A script that a job writes and that is longer is not followed.
pub(in crate::commands) const LONGEST_WRITTEN: usize = 256 * 1024;

const SHELLS: &[&str] = &["bash", "sh", "zsh", "dash", "ksh", "source", "."];

/// Interpreters of programs, which may stand among their own words.
const INTERPRETERS: &[&str] =
    &["python", "python3", "node", "ruby", "pwsh", "powershell", "tsx", "ts-node", "deno", "bun", "zx"];

/// What a command runs.
enum Run<'c> {
    /// The file that this word names.
    File(&'c str, usize),
    /// A program that it is handed.
    Program(&'c str),
}

/// What a command runs by its words, or by what is fed to it.
fn run<'c>(call: &'c Call<'_>, input: Option<&'c Text>) -> Option<Run<'c>> {
    let word = |at: usize| call.words.get(at).map(Text::as_str);
    let program = word(0)?;
    if SHELLS.contains(&call.program) {
        // `bash -c` is a wrapper; flags before the file are skipped.
        let mut at = 1;
        while let Some(letters) = word(at)?.strip_prefix(['-', '+']) {
            let short = !letters.starts_with('-');
            if short && letters.contains('c') {
                return None;
            }
            // `bash -euo pipefail ci/release.sh`
            at += if short && letters.contains('o') { 2 } else { 1 };
        }
        return Some(Run::File(word(at)?, at));
    }
    if !INTERPRETERS.contains(&call.program) {
        return program.contains('/').then_some(Run::File(program, 0));
    }
    let flag = if call.program.starts_with("python") { "-c" } else { "-e" };
    let is_file = |word: &str| language(word, "").is_some_and(|language| language != "bash");
    let named = |word: &Text| word.as_str() == flag || word.as_str() == "--eval" || is_file(word.as_str());
    let at = call.words.iter().position(named);
    match at.and_then(|at| Some((at, word(at)?))) {
        Some((at, script)) if !script.starts_with('-') => Some(Run::File(script, at)),
        _ if matches!(call.program, "pwsh" | "powershell") => None,
        Some((at, _)) => Some(Run::Program(word(at + 1)?)),
        None => Some(Run::Program(input?.as_str())),
    }
}

pub(super) fn enter(call: &Call<'_>, input: Option<&Text>, machine: &Machine) -> Option<Entered> {
    let written = &machine.files;
    let (script, at) = match run(call, input)? {
        Run::File(script, at) => (script, at),
        Run::Program(text) => return Some(handed(call, call.program.to_owned(), text, "python", 0)),
    };
    let mut path = call.path(script);
    // A container has a folder of its own, which is most often the checkout.
    let whole = super::join("", script);
    let from_root = !call.checkout.is_there(&path) && !written.contains_key(&path) && call.checkout.is_there(&whole);
    if from_root {
        path = whole;
    } else if !call.checkout.is_there(&path)
        && let Some(copied) = container::copied(call.checkout, &machine.images, script)
    {
        path = copied;
    }
    if !call.checkout.is_there(&path) {
        return match written.get(&path) {
            Some(text) => written_before(call, &path, text, at + 1),
            None => missing(call, script, &path, at),
        };
    }
    let text = match call.checkout.glance(&path) {
        // What is no text and is not handed to an interpreter is a program, like any other that the job calls.
        Err(ReadError::NotText { .. }) if at == 0 && language(&path, "").is_none() => return None,
        _ => call.checkout.read(&path),
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => {
            let unread = Some(Unread::Refused(format!("`{path}`: {error}")));
            return Some(Entered { what: format!("runs {path}"), unread, ..Entered::default() });
        }
    };
    let shell = language(&path, &text)?;
    let whole = match shell {
        "python" => call.whole(&conf::PYTHON, &path, &text),
        "pwsh" => call.whole(&conf::POWERSHELL, &path, &text),
        _ => Ok(()),
    };
    let mut entered = handed(call, format!("runs {path}"), &text, shell, at + 1);
    entered.unread = whole.err();
    for piece in &mut entered.pieces {
        (piece.path, piece.line) = (Arc::from(path.as_str()), 1);
        piece.env.push(("0".to_owned(), Text::from(script)));
        if from_root {
            piece.folder = Text::default();
        }
    }
    // What the job has added to it, or put in its place.
    if let Some(added) = written.get(&path) {
        if added.len() > LONGEST_WRITTEN {
            entered.unread = Some(Bound::Written(path.to_owned()).into());
            return Some(entered);
        }
        entered.pieces.extend(handed(call, String::new(), added, shell, at + 1).pieces);
    }
    Some(entered)
}

/// A script that the job has written.
pub(super) fn written_before(call: &Call<'_>, path: &str, text: &str, rest: usize) -> Option<Entered> {
    let what = format!("runs {path}");
    if text.len() > LONGEST_WRITTEN {
        let unread = Some(Bound::Written(path.to_owned()).into());
        return Some(Entered { what, unread, ..Entered::default() });
    }
    let shell = language(path, text)?;
    Some(handed(call, what, text, shell, rest))
}

/// A script that is named and missing; what has no ending may be a program that the job builds.
fn missing(call: &Call<'_>, script: &str, path: &str, at: usize) -> Option<Entered> {
    let named = language(script, "").is_some() || (at > 0 && SHELLS.contains(&call.program));
    let known = !script.contains("${{") && call.folder.is_literal();
    // In a folder that nothing shows there may be one, and its name is all that tells what it does, if it is no library.
    let runs = !matches!(call.program, "source" | ".");
    let name = script.rsplit('/').next().filter(|name| !known && runs && !name.contains(['$', '}']) && *name != script);
    let unread = match name {
        Some(name) => Unread::Absent(format!("file shows in which folder `{name}` lies")),
        None if known && !script.starts_with(['/', '~', '-', '$']) => {
            Unread::Refused(format!("`{path}` is not in the checkout"))
        }
        None => return None,
    };
    named.then(|| Entered { what: format!("runs {path}"), unread: Some(unread), ..Entered::default() })
}

/// A script that stands in no file of the checkout, with the words of the call from `rest` on.
fn handed(call: &Call<'_>, what: String, text: &str, shell: &str, rest: usize) -> Entered {
    let piece = Piece {
        margins: (0, 0),
        text: text.to_owned(),
        shell: shell.to_owned(),
        path: Arc::default(),
        line: 0,
        env: Vec::new(),
        folder: call.folder.clone(),
        positional: call.words.get(rest..).unwrap_or_default().to_vec(),
    };
    Entered { what, pieces: vec![piece], ..Entered::default() }
}

/// What runs a script: by its first line, else by its ending. `None` for what is no script.
pub(in crate::commands) fn language(path: &str, text: &str) -> Option<&'static str> {
    let first = text.lines().next().unwrap_or_default();
    let by_line = first.strip_prefix("#!").map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let program = words.first().map_or("", |w| w.rsplit('/').next().unwrap_or(w));
        let program = if program == "env" {
            words.iter().skip(1).find(|w| !w.starts_with('-')).copied().unwrap_or("")
        } else {
            program
        };
        program.to_owned()
    });
    let by_line = by_line.as_deref().unwrap_or_default();
    if SHELLS.contains(&by_line) {
        return Some("bash");
    }
    match (by_line, path.rsplit_once('.').map_or("", |(_, ending)| ending)) {
        (p, _) if p.starts_with("python") => Some("python"),
        ("node" | "deno" | "bun" | "zx", _) => Some("javascript"),
        ("ruby", _) => Some("ruby"),
        ("pwsh", _) | (_, "ps1") => Some("pwsh"),
        (_, "sh" | "bash") => Some("bash"),
        (_, "py") => Some("python"),
        (_, "js" | "mjs" | "cjs" | "ts" | "mts") => Some("javascript"),
        (_, "rb") => Some("ruby"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::Checkout;
    use crate::model::Text;

    fn entered(command: &str) -> Option<(String, usize)> {
        let files = [
            ("ci/release.sh", "#!/usr/bin/env bash\nnpm publish \"$1\"\n"),
            ("ci/tool", "\u{7f}ELF"),
            ("ci/x.py", "print()\n"),
        ];
        let checkout = Checkout::in_memory(files.map(|(p, t)| (p.to_owned(), t.as_bytes().to_vec())), None);
        let words: Vec<Text> = command.split(' ').map(Text::from).collect();
        let call = Call::bare(&checkout, &words);
        let entered = enter(&call, None, &Machine::default())?;
        let piece = entered.pieces.first()?;
        Some((format!("{} {}", piece.shell, piece.path), piece.positional.len()))
    }

    #[test]
    fn scripts_of_the_checkout_are_entered_with_their_arguments() {
        assert_eq!(entered("./ci/release.sh dist"), Some(("bash ci/release.sh".into(), 1)));
        assert_eq!(entered("bash -e ci/release.sh"), Some(("bash ci/release.sh".into(), 0)));
        assert_eq!(entered("bash -euo pipefail ci/release.sh a"), Some(("bash ci/release.sh".into(), 1)));
        assert_eq!(entered("bash -euo pipefail -c x"), None);
        assert_eq!(entered("python3 ci/x.py a b"), Some(("python ci/x.py".into(), 2)));
        assert_eq!(entered("./ci/tool"), None);
        assert_eq!(entered("ci/../../outside.sh"), None);
    }

    #[test]
    fn a_missing_script_is_said() {
        let unread = |command: &str| {
            let checkout = Checkout::in_memory([("a".to_owned(), Vec::new())], None);
            let words: Vec<Text> = command.split(' ').map(Text::from).collect();
            let call = Call::bare(&checkout, &words);
            enter(&call, None, &Machine::default()).and_then(|e| e.unread)
        };
        let missing = |path: &str| Some(Unread::Refused(format!("`{path}` is not in the checkout")));
        assert_eq!(unread("./ci/gone.sh"), missing("ci/gone.sh"));
        assert_eq!(unread("bash ci/gone"), missing("ci/gone"));
        assert_eq!(unread("./dist/tool"), None);
        assert_eq!(unread("bash /tmp/x.sh"), None);
    }
}
