//! Scripts that install and run an agent, and the images that they are the entrypoint of.
//!
//! `--ephemeral` and a just-in-time configuration make the registration single-use, not the machine: a loop or a
//! service around them runs job after job on the same files.
//! Source: <https://github.com/actions/runner>, `src/Runner.Listener/CommandSettings.cs`

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::checkout::Checkout;
use crate::commands::{Choices, Context, Parsed, Shell, interpret, read, unwrapped};
use crate::model::{Command, Cond, Evidence, Location, Position, Span, Text};
use crate::runners::facts::docker::Run;
use crate::runners::facts::registration::Once;
use crate::syntax::shell;

/// Commands in strings (`su -c`, `bash -c`) within each other.
const DEEPEST: usize = 3;

/// Options of `config.sh` that take a value.
const VALUED: &[&str] = &[
    "--url",
    "--token",
    "--labels",
    "--name",
    "--runnergroup",
    "--work",
    "--pat",
    "--auth",
    "--pool",
    "--agent",
    "--runasservice-username",
    "--windowslogonaccount",
    "--windowslogonpassword",
];

/// Addresses by which an agent is registered.
const API: [&str; 2] = ["actions/runners/registration-token", "actions/runners/generate-jitconfig"];
const ASKS: &str = "the script asks the forge for registrations, so what authorises it lies in the runner, where every build can read it";

/// What a script does with an agent.
#[derive(Default)]
pub(in crate::runners) struct Install {
    /// Where the agent is registered or run.
    pub(in crate::runners) location: Option<Location>,
    /// Whether it takes one job; `None` when it is not registered here.
    pub(in crate::runners) once: Option<Once>,
    /// The labels as one list, variables as `${NAME}`.
    pub(in crate::runners) labels: Option<String>,
    /// Whether it gets the default labels as well.
    pub(in crate::runners) defaults: bool,
    pub(in crate::runners) group: Option<String>,
    pub(in crate::runners) url: Option<String>,
    /// What the script holds to register the agent, when it outlives the registration.
    pub(in crate::runners) long_lived: Option<Evidence>,
    /// It runs as a service of the machine.
    pub(in crate::runners) service: Option<Evidence>,
    /// It is run again and again.
    pub(in crate::runners) looped: Option<Evidence>,
    /// The machine is destroyed behind the job.
    pub(in crate::runners) destroyed: Option<Evidence>,
    /// The machine is stopped behind the job.
    pub(in crate::runners) stopped: Option<Evidence>,
    /// Containers that it starts.
    pub(in crate::runners) runs: Vec<Run>,
    /// It is the agent of Azure Pipelines, whose one label is its pool.
    pub(in crate::runners) azure: bool,
    /// It is the agent for Windows.
    pub(in crate::runners) windows: bool,
}

/// An image that holds an agent.
pub(in crate::runners) struct Image {
    /// What it is built from.
    pub(in crate::runners) base: Option<String>,
    /// What its entrypoint does; `None` when it has none of its own that can be read.
    pub(in crate::runners) install: Option<Install>,
    /// Scripts of the checkout that it runs.
    pub(in crate::runners) files: Vec<Arc<str>>,
}

/// A script, and where a stretch of it stands.
pub(in crate::runners) struct Source<'a> {
    pub(in crate::runners) text: &'a str,
    pub(in crate::runners) shell: Shell,
    pub(in crate::runners) locate: &'a dyn Fn(usize, usize) -> Location,
    pub(in crate::runners) rule: &'static str,
}

/// The place of a stretch of a file's own text.
pub(in crate::runners) fn place(path: &Arc<str>, text: &str, from: usize, to: usize) -> Location {
    Location::new(path, Span { start: position(text, from, 1), end: position(text, to, 1) })
}

/// The position of an offset in a text that starts on line `first`.
pub(in crate::runners) fn position(text: &str, offset: usize, first: u32) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position {
        line: first.saturating_add(count(before.matches('\n').count())),
        column: count(before.rsplit('\n').next().unwrap_or_default().chars().count() + 1),
        byte: count(offset),
    }
}

/// Reads the script of a file. `None` when no agent is in it.
pub(in crate::runners) fn read_file(path: &Arc<str>, text: &str, rule: &'static str) -> Option<Install> {
    let locate = |from: usize, to: usize| place(path, text, from, to);
    let ends = |ends: &[&str]| ends.iter().any(|e| path.ends_with(e));
    let shell = match () {
        () if ends(&[".ps1", ".psm1"]) => Shell::PowerShell,
        () if ends(&[".cmd", ".bat"]) => Shell::Batch,
        () => Shell::Posix,
    };
    let mut install = read_script(&Source { text, shell, locate: &locate, rule })?;
    if shell != Shell::Posix {
        windows(&mut install, path, text, rule);
    }
    Some(install)
}

/// What the scripts of Windows say in places that are not read as commands: PowerShell asks the forge inside of
/// expressions, and a batch file loops by `goto`.
fn windows(install: &mut Install, path: &Arc<str>, text: &str, rule: &'static str) {
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

/// Reads a command line that stands in another file.
pub(in crate::runners) fn read_line(line: &str, at: &Location, rule: &'static str) -> Option<Install> {
    read_script(&Source { text: line, shell: Shell::Posix, locate: &|_, _| at.clone(), rule })
}

/// Reads a script. `None` when no agent is in it.
pub(in crate::runners) fn read_script(source: &Source<'_>) -> Option<Install> {
    let mut reader = Reader {
        install: Install { defaults: true, ..Install::default() },
        rule: source.rule,
        loops: BTreeSet::new(),
        ran: false,
    };
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
            },
        )
        .commands;
        for command in &commands {
            let views = unwrapped(command, &Catalogue::get().wrappers);
            let Some(words) = views.last().copied() else { continue };
            // `sudo -su user ./config.sh`: options that are written together hide where the command starts.
            let sudo = command.words.first().is_some_and(|w| w.as_str() == "sudo");
            let agent = command
                .words
                .iter()
                .position(|w| matches!(w.as_str().rsplit('/').next(), Some("config.sh" | "run.sh" | "svc.sh")));
            let words = agent.filter(|_| sudo).and_then(|at| command.words.get(at..)).unwrap_or(words);
            self.command(command, words, depth);
        }
    }

    fn command(&mut self, command: &Command, words: &[Text], depth: usize) {
        let Some((first, rest)) = words.split_first() else { return };
        let program = first.as_str().rsplit(['/', '\\']).next().unwrap_or_default();
        let at = &command.location;
        let has = |flag: &str| rest.iter().any(|w| w.as_str().eq_ignore_ascii_case(flag));
        let rule = self.rule;
        let note = |note: &str| Evidence::observed(at, rule, note);
        if rest.iter().any(|w| API.iter().any(|api| w.as_str().contains(api))) {
            self.install.long_lived.get_or_insert(note(ASKS));
        }
        let header = rest.iter().map(shown).find(|w| w.to_ascii_lowercase().starts_with("authorization:"));
        if header.is_some_and(|w| w.split(' ').any(is_lasting)) {
            let found = note("a lasting credential asks for the registration, and every build can read it");
            self.install.long_lived.get_or_insert(found);
        }
        match program {
            "config.sh" | "config.cmd" | "Runner.Listener" if !has("remove") && !has("run") => {
                self.configure(command, rest)
            }
            "run.sh" | "run.cmd" | "runsvc.sh" | "Runner.Listener" | "run-docker.sh" => {
                self.install.windows |= program.ends_with(".cmd");
                if self.install.azure && has("--once") {
                    self.install.once = Some(Once::Yes(note("`--once`: the agent takes one job")));
                } else if has("--jitconfig") || rest.iter().any(|w| w.as_str().starts_with("--jitconfig=")) {
                    let found = note("a just-in-time configuration registers for one job");
                    self.once(Once::Yes(found), command);
                } else if has("--once")
                    && self.install.once.is_none()
                    && (self.install.location.is_some() || first.as_str().contains("runner") || program != "run.sh")
                {
                    let found = note("`--once` is deprecated, and a second job can slip in");
                    self.install.once = Some(Once::Hidden(found));
                }
                self.install.location.get_or_insert_with(|| at.clone());
                if program == "runsvc.sh" {
                    self.install.service.get_or_insert(note("the agent runs as a service of the machine"));
                }
                if self.loops.contains(&(at.line, at.column)) {
                    let found = note("a loop runs the agent again and again on the same files");
                    self.install.looped.get_or_insert(found);
                }
                self.ran = true;
            }
            "svc.sh" if has("install") || has("start") => {
                self.install.location.get_or_insert_with(|| at.clone());
                let found = note("the agent runs as a service of the machine, job after job");
                self.install.service.get_or_insert(found);
            }
            "Start-Service"
            | "New-Service"
            | "nssm"
            | "nssm.exe"
            | "sc.exe"
            | "Register-ScheduledTask"
            | "schtasks"
                if rest
                    .iter()
                    .any(|w| ["actions.runner", "run.cmd", "RunnerService"].iter().any(|n| w.as_str().contains(n))) =>
            {
                self.install.location.get_or_insert_with(|| at.clone());
                self.install.windows = true;
                self.install.service.get_or_insert(note("the agent runs as a service of the machine, job after job"));
            }
            "Start-Process" | "cmd" | "cmd.exe" | "powershell" | "pwsh" | "powershell.exe" if depth < DEEPEST => {
                // The options of the starter stand between the program and its arguments.
                let started = rest.iter().map(shown).filter(|w| !w.starts_with('-') || w.starts_with("--"));
                let line = started.filter(|w| !w.starts_with('/')).collect::<Vec<_>>().join(" ");
                self.script(&line, Shell::Batch, &|_, _| at.clone(), depth + 1);
            }
            "docker" | "podman" | "nerdctl" if rest.first().is_some_and(|w| w.as_str() == "run") => {
                let words: Vec<String> = rest.iter().skip(1).map(shown).collect();
                self.install.runs.extend(Run::parse(&words, at));
            }
            "su" | "bash" | "sh" | "runuser" | "sudo" | "trap" if depth < DEEPEST => {
                let string = match program {
                    "trap" => rest.first().filter(|_| has("EXIT")),
                    _ => rest.iter().skip_while(|w| !matches!(w.as_str(), "-c" | "-lc" | "-ec" | "--command")).nth(1),
                };
                if let Some(input) = command.input.as_ref().filter(|_| string.is_none() && program != "trap") {
                    // A here-document that a shell reads.
                    let text = shown(input);
                    self.script(&text, Shell::Posix, &|_, _| at.clone(), depth + 1);
                    return;
                }
                let ran = self.ran;
                if program == "trap" {
                    // What runs on exit runs behind the agent, wherever it is written.
                    self.ran = true;
                }
                if let Some(string) = string {
                    let text = shown(string);
                    self.script(&text, Shell::Posix, &|_, _| at.clone(), depth + 1);
                }
                if program == "trap" {
                    self.ran = ran;
                }
            }
            "shutdown" | "shutdown.exe" | "poweroff" | "halt" | "systemctl" | "init" | "Stop-Computer" if self.ran => {
                let off = match program {
                    "shutdown.exe" => has("/s"),
                    "shutdown" if has("/s") || has("/r") => has("/s"),
                    "systemctl" => has("poweroff") || has("halt"),
                    "shutdown" => !has("-c") && !has("-r"),
                    "init" => has("0"),
                    _ => true,
                };
                if off && command.cond == Cond::TRUE {
                    self.install.stopped.get_or_insert(note("the machine is switched off behind the agent"));
                }
            }
            "Remove-EC2Instance" | "Remove-AzVM" | "Remove-GceInstance" if self.ran && command.cond == Cond::TRUE => {
                self.install.destroyed.get_or_insert(note("the machine is destroyed behind the agent"));
            }
            "aws" | "gcloud" | "az" | "hcloud" | "doctl" if self.ran && command.cond == Cond::TRUE => {
                let all: Vec<&str> = rest.iter().map(Text::as_str).collect();
                let all = all.join(" ");
                let destroys = all.contains("terminate-instances")
                    || all.contains("terminate-instance-in-auto-scaling-group")
                    || all.contains("instances delete")
                    || all.contains("delete-instances")
                    || all.contains("vm delete")
                    || all.contains("server delete");
                if destroys {
                    self.install.destroyed.get_or_insert(note("the machine is destroyed behind the agent"));
                }
            }
            _ => {}
        }
    }

    fn configure(&mut self, command: &Command, rest: &[Text]) {
        let at = &command.location;
        let mut flags: BTreeSet<&str> = BTreeSet::new();
        let mut open = None;
        let mut words = rest.iter();
        let (mut url, mut labels, mut group, mut pool) = (None, None, None, None);
        let (mut known, mut personal) = (false, false);
        let windows = command.words.iter().any(|w| w.as_str().ends_with("config.cmd"));
        while let Some(word) = words.next() {
            let text = word.as_str();
            let (name, attached) = match text.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(Text::from(value))),
                _ => (text, None),
            };
            let name_low = name.to_ascii_lowercase();
            if let Some(valued) = VALUED.iter().find(|v| **v == name_low) {
                known = true;
                let value = attached.or_else(|| words.next().cloned());
                let value = value.as_ref().map(shown);
                match *valued {
                    "--url" => url = value,
                    "--token" if value.as_deref().is_some_and(is_lasting) => {
                        let found = Evidence::observed(
                            at,
                            self.rule,
                            "a lasting credential registers the runner, and every build can read it",
                        );
                        self.install.long_lived.get_or_insert(found);
                    }
                    "--labels" => labels = value,
                    "--runnergroup" => group = value,
                    "--pool" => pool = value,
                    "--auth" => personal = value.is_some_and(|v| v.eq_ignore_ascii_case("pat")),
                    "--pat" => {
                        let found = Evidence::observed(
                            at,
                            self.rule,
                            "a personal access token registers the runner, and every build can read it",
                        );
                        self.install.long_lived.get_or_insert(found);
                    }
                    _ => {}
                }
            } else if text.starts_with("--") {
                flags.insert(name);
            } else if !word.is_literal() {
                open = open.or(Some(word));
            }
        }
        // `config.sh` is a common name.
        let ours = url.is_some()
            || flags.iter().any(|f| matches!(*f, "--unattended" | "--ephemeral" | "--no-default-labels"))
            || known && labels.is_some();
        // The agent of Azure Pipelines has the same command and other options.
        let azure = flags.iter().any(|f| f.eq_ignore_ascii_case("--acceptTeeEula")) || pool.is_some();
        if !ours || azure && url.is_none() {
            return;
        }
        self.install.location = Some(at.clone());
        self.install.windows |= windows;
        let rule = self.rule;
        let note = |note: &str| Evidence::observed(at, rule, note);
        if azure {
            self.install.azure = true;
            self.install.defaults = false;
            self.install.labels = pool;
            self.install.once =
                Some(Once::No(note("the agent is run without `--once`, so it takes one job after another")));
            if personal {
                let found = note("a personal access token registers the agent, and every build can read it");
                self.install.long_lived.get_or_insert(found);
            }
            if flags.iter().any(|f| f.eq_ignore_ascii_case("--runAsService")) {
                self.install.service = Some(note("the agent runs as a service of the machine"));
            }
            return;
        }
        let once = if flags.contains("--ephemeral") {
            Once::Yes(note("`--ephemeral`: the agent registers for one job"))
        } else if open.is_some() {
            Once::Hidden(note("a variable may add options that are not visible"))
        } else {
            Once::No(note("the agent is registered without `--ephemeral`, so it takes one job after another"))
        };
        self.once(once, command);
        self.install.labels = labels.or(self.install.labels.take());
        self.install.url = url.or(self.install.url.take());
        self.install.group = group.or(self.install.group.take());
        self.install.defaults = !flags.contains("--no-default-labels");
        if flags.iter().any(|f| f.eq_ignore_ascii_case("--runasservice")) {
            self.install.service = Some(note("the agent runs as a service of the machine"));
        }
    }

    /// Of several registrations the worst counts. One under a condition shows nothing good.
    fn once(&mut self, found: Once, command: &Command) {
        let found = match found {
            Once::Yes(e) if command.cond.is_never() => Once::Hidden(e),
            Once::Yes(e) if command.cond != Cond::TRUE => {
                Once::Hidden(Evidence { note: format!("{}, but only under a condition of the script", e.note), ..e })
            }
            other => other,
        };
        let worse = match (&self.install.once, &found) {
            (None, _) => true,
            (Some(Once::Yes(_)), _) => true,
            (Some(Once::Hidden(_)), Once::No(_)) => true,
            // `--once` on the way to a later registration for one job.
            (Some(Once::No(_) | Once::Hidden(_)), _) => false,
        };
        if worse {
            self.install.once = Some(found);
        }
    }
}

/// Whether the variable that gives a token is called after a credential that outlives the registration.
fn is_lasting(value: &str) -> bool {
    let name = value.trim_matches(['$', '{', '}']).to_ascii_uppercase();
    value.contains('$')
        && (name.split('_').any(|part| part == "PAT")
            || ["ACCESS_TOKEN", "APP_KEY", "PRIVATE_KEY", "PERSONAL"].iter().any(|part| name.contains(part)))
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

/// Reads a Dockerfile; `None` when it makes no image with an agent.
pub(in crate::runners) fn image(path: &Arc<str>, text: &str, checkout: &Checkout, rule: &'static str) -> Option<Image> {
    let mut image = Image { base: None, install: None, files: Vec::new() };
    let mut copied: Vec<String> = Vec::new();
    let mut entry: Option<String> = None;
    let mut downloads = false;
    for line in instructions(text) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        match word.to_ascii_uppercase().as_str() {
            "FROM" => {
                image.base = rest.split_whitespace().find(|w| !w.starts_with("--")).map(str::to_owned);
                entry = None;
            }
            "COPY" | "ADD" => {
                copied.extend(rest.split_whitespace().filter(|w| !w.starts_with("--")).map(str::to_owned))
            }
            "ENTRYPOINT" | "CMD" => {
                let words = rest.replace(['[', ']', '"', ','], " ");
                let words = words.trim().to_owned();
                // The command is the entrypoint's argument.
                entry = Some(match entry.filter(|_| word.eq_ignore_ascii_case("CMD")) {
                    Some(entry) => format!("{entry} {words}"),
                    None => words,
                });
            }
            "RUN" => downloads |= rest.contains("actions/runner/releases"),
            _ => {}
        }
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if let Some(entry) = &entry {
        for word in entry.split_whitespace() {
            let name = word.rsplit('/').next().unwrap_or(word);
            // Where the script lies is known from the instruction that copies it.
            let source = copied.iter().find(|c| c.rsplit('/').next() == Some(name));
            let candidates = [source.cloned(), Some(name.to_owned())];
            let script = candidates.into_iter().flatten().find_map(|c| {
                let c = c.trim_start_matches("./");
                let beside = if folder.is_empty() { c.to_owned() } else { format!("{folder}/{c}") };
                [beside, c.to_owned()]
                    .into_iter()
                    .find_map(|p| Some((Arc::<str>::from(p.as_str()), checkout.glance(&p).ok()?)))
            });
            if let Some((script, text)) = script {
                if let Some(install) = read_file(&script, &text, rule) {
                    image.install = Some(install);
                }
                image.files.push(script);
            }
        }
        if image.install.is_none() {
            let at = Location::start_of(path);
            image.install = read_line(entry, &at, rule).filter(|i| i.location.is_some());
        }
    }
    let known = image
        .base
        .as_deref()
        .is_some_and(|b| crate::runners::facts::registration::IMAGES.iter().any(|i| b.contains(i)));
    (known || downloads || image.install.as_ref().is_some_and(|i| i.location.is_some())).then_some(image)
}

/// The instructions of a Dockerfile, continuations joined, comments dropped.
fn instructions(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (part, more) = match line.strip_suffix('\\') {
            Some(part) => (part.trim_end(), true),
            None => (line, false),
        };
        match found.last_mut().filter(|_| open) {
            Some(last) => {
                last.push(' ');
                last.push_str(part);
            }
            None => found.push(part.to_owned()),
        }
        open = more;
    }
    found
}
