//! Scripts that are read as what they are: conditions, loops, strings that another shell runs.

use std::collections::BTreeSet;

use super::Install;
use super::command::{Around, When, program};
use crate::catalogue::Catalogue;
use crate::commands::{Choices, Context, Parsed, Shell, interpret, read};
use crate::model::{Command, Cond, Location, Text};
use crate::syntax::shell;

/// Programs that run a command as another user.
const USERS: &[&str] =
    &["sudo", "doas", "setpriv", "gosu", "su-exec", "runuser", "chpst", "setuidgid", "s6-setuidgid", "capsh"];

/// Commands in strings (`su -c`, `bash -c`) within each other.
const DEEPEST: usize = 3;

/// A script, and where a stretch of it stands.
pub(in crate::runners) struct Source<'a> {
    pub(in crate::runners) text: &'a str,
    pub(in crate::runners) shell: Shell,
    pub(in crate::runners) locate: &'a dyn Fn(usize, usize) -> Location,
    pub(in crate::runners) rule: &'static str,
}

/// Reads a command line that stands in another file.
pub(in crate::runners) fn read_line(line: &str, at: &Location, rule: &'static str) -> Option<Install> {
    read_script(&Source { text: line, shell: Shell::Posix, locate: &|_, _| at.clone(), rule })
}

/// Reads a script. `None` when no agent is in it.
pub(in crate::runners) fn read_script(source: &Source<'_>) -> Option<Install> {
    let mut reader = Reader { install: Install::default(), rule: source.rule, loops: BTreeSet::new(), ran: false };
    reader.script(source.text, source.shell, source.locate, 0);
    let install = reader.install;
    (install.location.is_some() || !install.runs.is_empty()).then_some(install)
}

struct Reader {
    install: Install,
    rule: &'static str,
    /// Places of commands in the body of a loop without a list.
    loops: BTreeSet<(u32, u32)>,
    /// Whether the agent has been started further up.
    ran: bool,
}

impl Reader {
    fn script(&mut self, text: &str, shell: Shell, locate: &dyn Fn(usize, usize) -> Location, depth: usize) {
        let tree = read(text, shell);
        let mut offsets = Vec::new();
        tree.nodes.iter().for_each(|node| repeated(node, false, &mut offsets));
        self.loops.extend(offsets.iter().map(|&(from, to)| locate(from, to)).map(|l| (l.line, l.column)));
        let commands = interpret(
            &tree,
            Context {
                env: &[],
                holes: &[],
                folder: Text::from(""),
                locate,
                chain: Vec::new(),
                cond: Cond::TRUE,
                positional: Vec::new(),
                choices: Choices::default(),
                wrappers: &Catalogue::get().wrappers,
                parsed: &Parsed::default(),
                platform: &|_| None,
                sourced: &|_| None,
                kept: &|_| None,
            },
        )
        .commands;
        for command in &commands {
            let Some(words) = command.views().next_back() else { continue };
            // `sudo -su user ./config.sh`: options that are written together hide where the command starts.
            let first = command.words.first().map(Text::as_str).unwrap_or_default();
            let sudo = USERS.contains(&program(first));
            let agent = command
                .words
                .iter()
                .position(|w| matches!(w.as_str().rsplit('/').next(), Some("config.sh" | "run.sh" | "svc.sh")));
            let words = agent.filter(|_| sudo).and_then(|at| command.words.get(at..)).unwrap_or(words);
            let words: Vec<String> = words.iter().map(shown).collect();
            self.command(command, &words, depth);
        }
    }

    fn command(&mut self, command: &Command, words: &[String], depth: usize) {
        let at = &command.location;
        let when = match &command.cond {
            cond if cond.is_never() => When::Never,
            cond if *cond == Cond::TRUE => When::Always,
            _ => When::Perhaps,
        };
        let around = Around { at, rule: self.rule, when, repeated: self.loops.contains(&(at.line, at.column)) };
        self.install.take(words, around, &mut self.ran);
        if depth < DEEPEST {
            self.inner(command, words, depth);
        }
    }

    /// A command line that another command runs.
    fn inner(&mut self, command: &Command, words: &[String], depth: usize) {
        let Some((first, rest)) = words.split_first() else { return };
        let at = &command.location;
        match program(first) {
            "Start-Process" | "cmd" | "cmd.exe" | "powershell" | "pwsh" | "powershell.exe" => {
                // The options of the starter stand between the program and its arguments.
                let started = rest.iter().filter(|w| !w.starts_with('-') || w.starts_with("--"));
                let line = started.filter(|w| !w.starts_with('/')).cloned().collect::<Vec<_>>().join(" ");
                self.script(&line, Shell::Batch, &|_, _| at.clone(), depth + 1);
            }
            "trap" => {
                // What runs on exit runs behind the agent, wherever it is written.
                let Some(line) = rest.first().filter(|_| rest.iter().any(|w| w.eq_ignore_ascii_case("EXIT"))) else {
                    return;
                };
                let ran = std::mem::replace(&mut self.ran, true);
                self.script(line, Shell::Posix, &|_, _| at.clone(), depth + 1);
                self.ran = ran;
            }
            "su" | "bash" | "sh" | "runuser" | "sudo" => {
                let flag = |w: &&String| !matches!(w.as_str(), "-c" | "-lc" | "-ec" | "--command");
                // A string, or a here-document that the shell reads.
                let string = rest.iter().skip_while(flag).nth(1).cloned().or_else(|| command.input.as_ref().map(shown));
                if let Some(string) = string {
                    self.script(&string, Shell::Posix, &|_, _| at.clone(), depth + 1);
                }
            }
            _ => {}
        }
    }
}

/// A word with unknown variables as `${NAME}`, and `$` for anything else that is unknown.
fn shown(word: &Text) -> String {
    let mut out = String::new();
    let mut rest = word.as_str();
    while let Some((before, from)) = rest.split_once("${{") {
        out.push_str(before);
        let (symbol, tail) = from.split_once("}}").unwrap_or((from, ""));
        let symbol = symbol.trim();
        let name = symbol.strip_prefix("env.");
        let expanded =
            symbol.strip_prefix("expand(<env.").and_then(|s| s.strip_suffix(')')).map(|s| s.replacen('>', "", 1));
        match (name, expanded) {
            (Some(name), _) => out.push_str(&format!("${{{name}}}")),
            (None, Some(expanded)) => out.push_str(&format!("${{{expanded}}}")),
            (None, None) => out.push('$'),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Simple commands in the body of a loop that ends only by itself.
fn repeated(node: &shell::Node, inside: bool, found: &mut Vec<(usize, usize)>) {
    use shell::Node;
    match node {
        Node::Command(simple) => {
            if inside {
                found.push((simple.offset, simple.end));
            }
        }
        Node::And(a, b) | Node::Or(a, b) => {
            repeated(a, inside, found);
            repeated(b, inside, found);
        }
        Node::Not(a) | Node::Subshell(a) | Node::Redirected(a, _) => repeated(a, inside, found),
        Node::Sequence(all) | Node::Pipeline(all) => all.iter().for_each(|n| repeated(n, inside, found)),
        Node::If { branches, otherwise } => {
            for (test, body) in branches {
                repeated(test, inside, found);
                repeated(body, inside, found);
            }
            if let Some(body) = otherwise {
                repeated(body, inside, found);
            }
        }
        Node::For { body, .. } => repeated(body, inside, found),
        Node::While { test, body, .. } => {
            // `while ./run.sh; do` repeats its test as well.
            repeated(test, true, found);
            repeated(body, true, found);
        }
        Node::Case { arms, .. } => arms.iter().for_each(|(_, body)| repeated(body, inside, found)),
        Node::Function { body, .. } => repeated(body, inside, found),
        Node::Test(_) | Node::Opaque(_) => {}
    }
}
