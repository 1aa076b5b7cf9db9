//! Scripts inside of something else: user data, provisioners, templates, YAML, the scripts of other shells.
//!
//! They are read line by line: comments dropped, continued lines joined, quotes ignored. Every program of a line that
//! matters counts with the words behind it. `--ephemeral` in an `echo` is no flag.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::Install;
use super::command::{Around, When, program};
use crate::model::Location;

static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"[^\s"'\\`]+"#).ok());
static HOLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\$\$?\{?\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}?").ok());

/// Programs whose commands say something about an agent or its machine.
const PROGRAMS: &[&str] = &[
    "config.sh",
    "config.cmd",
    "run.sh",
    "run.cmd",
    "runsvc.sh",
    "run-docker.sh",
    "Runner.Listener",
    "svc.sh",
    "poweroff",
    "halt",
    "shutdown",
    "Stop-Computer",
    "Remove-EC2Instance",
    "Remove-AzVM",
    "Remove-GceInstance",
    "aws",
    "gcloud",
    "az",
    "hcloud",
    "doctl",
    "yc",
];

/// Programs that only handle the files that they name.
const HANDLERS: &[&str] = &["chmod", "chown", "cp", "mv", "ls", "cat", "install", "test", "[", "[[", "rm", "ln", "sed"];

/// Where a line of a script stands in its file.
pub(in crate::runners) type Place<'a> = dyn Fn(usize, &str) -> Location + 'a;

/// Places of a text that is a file of its own.
pub(in crate::runners) fn of_file(path: &Arc<str>) -> impl Fn(usize, &str) -> Location + '_ {
    move |line, text| {
        let indent = text.chars().take_while(|c| c.is_whitespace()).count();
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Location {
            path: Arc::clone(path),
            line: narrow(line + 1),
            column: narrow(indent + 1),
            end_line: narrow(line + 1),
            end_column: narrow(text.trim_end().chars().count() + 1),
        }
    }
}

/// Reads a script. `variables` are those of the template that it is.
pub(in crate::runners) fn read(
    text: &str,
    place: &Place<'_>,
    variables: &[(String, String)],
    rule: &'static str,
) -> Install {
    let mut install = Install::default();
    let mut known: Vec<(String, String)> = variables.to_vec();
    let mut looped = false;
    let mut ran = false;
    for (number, written, line) in logical_lines(text) {
        let words: Vec<&str> =
            WORDS.as_ref().map_or_else(Vec::new, |w| w.find_iter(&line).map(|m| m.as_str()).collect());
        let start = words.iter().position(|w| !matches!(*w, "-" | "sudo" | "exec" | "then" | "do" | "&&")).unwrap_or(0);
        let words = words.get(start..).unwrap_or_default();
        let Some(first) = words.first() else { continue };
        if let Some((name, value)) = assignment(&line) {
            known.retain(|(n, _)| *n != name);
            let value = fill(&value, &known);
            known.push((name, value));
        }
        let at = place(number, written);
        let filled: Vec<String> = words.iter().map(|w| fill(w.trim_end_matches(';'), &known)).collect();
        let open = matches!(*first, "while" | "until");
        let endless =
            *first == "until" || words.get(1).is_some_and(|w| matches!(*w, "true" | "true;" | ":" | ":;" | "[" | "1"));
        if open && endless && !words.contains(&"read") && !line.contains("curl") {
            looped = true;
        }
        let around = Around { at: &at, rule, when: When::Always, repeated: looped };
        install.mentions(&filled, around);
        let has = |part: &str| words.iter().any(|w| w.contains(part));
        let prints = matches!(*first, "echo" | "printf" | "log" | "logger" | "Write-Host" | "Write-Output");
        if (!prints || line.contains('>')) && !HANDLERS.contains(first) {
            // What stands in a trap or behind the service runs when the agent has ended.
            let behind = has("trap") || line.contains("ExecStopPost");
            let before = ran;
            ran |= behind;
            for command in commands(&filled) {
                install.take(command, around, &mut ran);
                // A loop that registers runs job after job as well; one that only tries again stands on its own line.
                if looped && !open && command.first().is_some_and(|w| program(w).starts_with("config.")) {
                    install.again(around);
                }
            }
            if behind {
                ran = before;
            }
        }
        if *first == "done" || line.trim_end().ends_with("done") {
            looped = false;
        }
        if ran && line.trim().starts_with("Restart=") && !line.contains("Restart=no") {
            install.restarted(around);
        }
    }
    install
}

/// The programs of a line that matter, each with the words behind it.
fn commands(words: &[String]) -> Vec<&[String]> {
    let starts = words.iter().enumerate().filter(|(_, w)| PROGRAMS.contains(&program(w)));
    starts
        .filter_map(|(from, _)| {
            let rest = words.get(from..)?;
            let end = rest.iter().position(|w| matches!(w.as_str(), "&&" | "||" | ";" | "|" | "&"));
            rest.get(..end.unwrap_or(rest.len()))
        })
        .collect()
}

fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.trim().trim_start_matches("- ").trim_start_matches("export ").trim_start_matches("readonly ");
    let (name, value) = line.split_once('=')?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| (name.to_owned(), value.trim().trim_matches(['"', '\'']).to_owned()))
}

/// The text with every `$NAME` that is known filled in.
pub(in crate::runners) fn fill(text: &str, known: &[(String, String)]) -> String {
    let Some(hole) = HOLE.as_ref() else { return text.to_owned() };
    let filled = hole.replace_all(text, |found: &regex::Captures<'_>| {
        let name = found.get(1).map_or("", |m| m.as_str());
        let all = found.get(0).map_or("", |m| m.as_str());
        known.iter().find(|(n, _)| n == name).map_or_else(|| all.to_owned(), |(_, v)| v.clone())
    });
    filled.into_owned()
}

/// Lines without comments, continued ones joined: the number of the first, its text, and all of it.
pub(in crate::runners) fn logical_lines(text: &str) -> Vec<(usize, &str, String)> {
    let mut found: Vec<(usize, &str, String)> = Vec::new();
    let mut open = false;
    for (number, written) in text.lines().enumerate() {
        let trimmed = written.trim_start();
        if trimmed.starts_with('#') || trimmed.starts_with("//") || trimmed.starts_with("REM ") {
            continue;
        }
        let code = without_comment(written);
        let (code, continues) = match code.trim_end().strip_suffix(['\\', '`', '^']) {
            Some(code) => (code, true),
            None => (code, false),
        };
        match found.last_mut().filter(|_| open) {
            Some((_, _, line)) => {
                line.push(' ');
                line.push_str(code);
            }
            None => found.push((number, written, code.to_owned())),
        }
        open = continues;
    }
    found
}

/// The line up to a ` #` outside of quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '#' && before.is_whitespace() => return line.get(..at).unwrap_or(line),
            _ => {}
        }
        before = c;
    }
    line
}
