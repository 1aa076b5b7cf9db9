//! What a start-up script of a machine shows about the GitHub agent that it installs.
//!
//! Scripts stand inside of other files (user data, provisioners, templates), so they are read line by line: comments
//! dropped, continued lines joined, quotes ignored. `--ephemeral` in an `echo` is no flag.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::model::Location;

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runners) struct Hit {
    pub(in crate::runners) at: Location,
    pub(in crate::runners) line: usize,
}

/// The findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::runners) struct Facts {
    /// The agent is registered here.
    pub(in crate::runners) installs: Option<Hit>,
    /// The registration is for one job only.
    pub(in crate::runners) single: Option<Hit>,
    /// `--once`, which registers for good and ends after one job or so.
    pub(in crate::runners) once: Option<Hit>,
    /// The agent is run as a service, or restarted when it ends.
    pub(in crate::runners) service: Option<Hit>,
    /// It is started in a loop.
    pub(in crate::runners) looped: Option<Hit>,
    /// The machine deletes itself.
    pub(in crate::runners) deletes: Option<Hit>,
    /// The machine is switched off.
    pub(in crate::runners) powers_off: Option<Hit>,
    /// The script asks the forge for the registration: a lasting credential lies on the machine.
    pub(in crate::runners) asks: Option<Hit>,
    /// `--labels`.
    pub(in crate::runners) labels: Vec<String>,
    /// `--no-default-labels`.
    pub(in crate::runners) no_default_labels: bool,
    /// `--runnergroup`.
    pub(in crate::runners) group: Option<String>,
    /// `--url`.
    pub(in crate::runners) url: Option<String>,
}

static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"[^\s"'\\`]+"#).ok());
static HOLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\$\$?\{?\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}?").ok());

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
pub(in crate::runners) fn facts(text: &str, place: &Place<'_>, variables: &[(String, String)]) -> Facts {
    let mut facts = Facts::default();
    let mut known: Vec<(String, String)> = variables.to_vec();
    let mut loop_depth: Option<usize> = None;
    let mut runs = false;
    for (number, written, line) in logical_lines(text) {
        let hit = || Some(Hit { at: place(number, written), line: number });
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
        let prints = matches!(*first, "echo" | "printf" | "log" | "logger" | "Write-Host" | "Write-Output");
        let has = |needle: &str| words.iter().any(|w| w.contains(needle));
        let program = |name: &str| words.iter().any(|w| w.rsplit(['/', '\\']).next().is_some_and(|w| w == name));
        if has("registration-token") || has("generate-jitconfig") {
            facts.asks = facts.asks.take().or_else(hit);
        }
        if has("RUNNER_INPUT_EPHEMERAL=true") || has("ACTIONS_RUNNER_INPUT_JITCONFIG=") {
            facts.single = facts.single.take().or_else(hit);
        }
        if prints && !line.contains('>') {
            continue;
        }
        if matches!(*first, "while" | "until" | "for") && !words.contains(&"read") {
            let endless = *first == "until"
                || words.get(1).is_some_and(|w| matches!(*w, "true" | "true;" | ":" | ":;" | "[" | "1"));
            if endless && *first != "for" && !line.contains("curl") && !line.contains("done") {
                loop_depth = Some(number);
            }
        }
        if *first == "done" || line.trim_end().ends_with("done") {
            loop_depth = None;
        }
        let configures = program("config.sh") || program("config.cmd");
        let flags = has("--url") || has("--token") || has("--unattended");
        if configures && flags && !words.contains(&"remove") && !has("--auth") && !has("--pool") {
            facts.installs = facts.installs.take().or_else(hit);
            let value = |flag: &str| {
                let inline = format!("{flag}=");
                words.iter().enumerate().find_map(|(i, w)| {
                    if *w == flag {
                        words.get(i + 1).map(|w| (*w).to_owned())
                    } else {
                        w.strip_prefix(&inline).map(str::to_owned)
                    }
                })
            };
            if has("--ephemeral") && value("--ephemeral").as_deref() != Some("false") {
                facts.single = facts.single.take().or_else(hit);
            }
            if let Some(labels) = value("--labels") {
                facts.labels.extend(crate::runners::labels_of(&fill(&labels, &known)));
            }
            facts.no_default_labels |= has("--no-default-labels");
            facts.group = value("--runnergroup").map(|g| fill(&g, &known)).filter(|g| !crate::runners::is_open(g));
            facts.url = value("--url").map(|u| fill(&u, &known)).filter(|u| !crate::runners::is_open(u));
        }
        if program("run.sh") || program("run.cmd") || program("Runner.Listener") {
            runs = true;
            if has("--jitconfig") {
                facts.installs = facts.installs.take().or_else(hit);
                facts.single = facts.single.take().or_else(hit);
            }
            if has("--once") {
                facts.once = facts.once.take().or_else(hit);
            }
            if loop_depth.is_some() {
                facts.looped = facts.looped.take().or_else(hit);
            }
        }
        if configures && loop_depth.is_some() {
            facts.looped = facts.looped.take().or_else(hit);
        }
        let service = program("svc.sh") && (words.contains(&"install") || words.contains(&"start"))
            || program("runsvc.sh")
            || has("--runasservice");
        let restarted = runs && line.trim().starts_with("Restart=") && !line.contains("Restart=no");
        if service || restarted {
            facts.service = facts.service.take().or_else(hit);
        }
        let deletes = has("terminate-instances")
            || has("terminate-instance-in-auto-scaling-group")
            || has("Remove-EC2Instance")
            || sequence(words, &["compute", "instances", "delete"])
            || sequence(words, &["compute", "instance", "delete"])
            || sequence(words, &["instance-groups", "managed", "delete-instances"])
            || sequence(words, &["az", "vm", "delete"])
            || sequence(words, &["vmss", "delete-instances"])
            || sequence(words, &["hcloud", "server", "delete"])
            || sequence(words, &["doctl", "compute", "droplet", "delete"]);
        let after = runs || facts.installs.is_some() || has("trap") || line.contains("ExecStopPost");
        if deletes && after {
            facts.deletes = facts.deletes.take().or_else(hit);
        }
        let off = program("poweroff")
            || program("halt")
            || has("Stop-Computer")
            || program("shutdown") && !words.iter().any(|w| w.starts_with('+') && *w != "+0" || *w == "-r");
        if off && after {
            facts.powers_off = facts.powers_off.take().or_else(hit);
        }
    }
    facts
}

/// Whether these words stand in this order next to one another.
fn sequence(words: &[&str], wanted: &[&str]) -> bool {
    words.windows(wanted.len()).any(|w| w == wanted)
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
