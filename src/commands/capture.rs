//! What commands write: to each other, and to the files that hand values to later steps.

use super::alternatives::is_told;
use super::choices;
use super::interpret::Interpreter;
use super::matching;
use super::symbol;
use crate::catalogue::Does;
use crate::model::{Cond, Location, OutputWrite, Text, lowered};

/// Where standard output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stdout {
    /// To the log, in which old workflow commands are read.
    Log,
    /// Into a file.
    File(Text),
    /// Into the newest capture.
    Capture,
    /// To where nothing reads it.
    Nowhere,
}

/// Text that a stretch of a script has written.
#[derive(Debug, Clone, Default)]
pub(super) struct Capture {
    pub(super) text: String,
    /// Under which condition the text from this offset on was written, and where.
    pub(super) parts: Vec<(usize, Cond, Location)>,
    /// The length of the path when the capture began; what is written further in depends on something.
    depth: usize,
    /// Whether some of the text is written only sometimes or an unknown number of times.
    pub(super) mixed: bool,
    /// Whether some of the text is written an unknown number of times, or left out.
    pub(super) open: bool,
    /// Whether all of the text is known apart from its symbols.
    pub(super) plain: bool,
}

/// A file whose lines become values of later steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    /// `$GITHUB_OUTPUT`.
    Outputs,
    /// `$GITHUB_ENV`.
    Exports,
}

impl Channel {
    pub(super) fn of(target: &Text) -> Option<Channel> {
        match target.symbol()? {
            "env.GITHUB_OUTPUT" => Some(Channel::Outputs),
            "env.GITHUB_ENV" => Some(Channel::Exports),
            _ => None,
        }
    }
}

/// Values in the order in which they were written.
#[derive(Debug, Default)]
pub(super) struct Writes {
    pub(super) outputs: Vec<OutputWrite>,
    pub(super) exports: Vec<OutputWrite>,
    /// Lines written as outputs that do not tell which.
    pub(super) unnamed: Vec<Text>,
    /// Values that become secrets.
    pub(super) masked: Vec<Text>,
}

/// More of these lines say nothing more.
const MOST_UNNAMED: usize = 64;

/// One value for each name: a later write replaces an earlier one, and one that happens only sometimes leaves a choice.
pub(super) fn settle(writes: Vec<OutputWrite>) -> Vec<OutputWrite> {
    let mut settled: Vec<OutputWrite> = Vec::new();
    for write in writes {
        match settled.iter_mut().find(|w| w.name == write.name) {
            Some(old) if write.cond.is_always() => *old = write,
            Some(old) => {
                let cond = old.cond.clone().or(write.cond.clone());
                if old.value == write.value {
                    *old = OutputWrite { cond, ..write };
                    continue;
                }
                let (new, before) = (symbol::word(&write.value), symbol::word(&old.value));
                let value = symbol::unknown("if", &format!("{}: {new}; {before}", write.cond));
                let choices = choices::either(&write.cond, outcomes(&write), outcomes(old)).unwrap_or_default();
                *old = OutputWrite { value, choices, cond, ..write };
            }
            None => settled.push(write),
        }
    }
    settled
}

/// What a write can leave, as far as that is known.
fn outcomes(write: &OutputWrite) -> Vec<(Cond, Text)> {
    if write.choices.is_empty() { vec![(Cond::TRUE, write.value.clone())] } else { write.choices.clone() }
}

impl Interpreter<'_> {
    /// Runs something with its standard output collected.
    pub(super) fn capturing<R>(&mut self, run: impl FnOnce(&mut Self) -> R) -> (Capture, R) {
        let capture = Capture { depth: self.path.len(), plain: true, ..Capture::default() };
        self.captures.push(capture);
        let before = std::mem::replace(&mut self.stdout, Stdout::Capture);
        let result = run(self);
        self.stdout = before;
        (self.captures.pop().unwrap_or_default(), result)
    }

    /// Takes note of what a command writes.
    pub(super) fn writes(&mut self, text: &Text, plain: bool, to: &Stdout, at: &Location) {
        match to {
            Stdout::Nowhere => {}
            Stdout::Log => self.workflow_commands(text, at),
            Stdout::File(target) => {
                if let Some(channel) = Channel::of(target) {
                    let mut capture = Capture { text: text.as_str().to_owned(), ..Capture::default() };
                    capture.parts.push((0, self.script_cond(), at.clone()));
                    self.hand_on(channel, &capture);
                }
            }
            Stdout::Capture => {
                let (depth, cond) = (self.path.len(), self.script_cond());
                let Some(capture) = self.captures.last_mut() else { return };
                capture.mixed |= depth > capture.depth;
                capture.plain &= plain;
                if capture.text.len() + text.as_str().len() > 256 << 10 {
                    (capture.mixed, capture.open) = (true, true);
                    return;
                }
                capture.parts.push((capture.text.len(), cond, at.clone()));
                capture.text.push_str(text.as_str());
            }
        }
    }

    /// `::add-mask::value`, and `::set-output name=x::value`, which older workflows print.
    fn workflow_commands(&mut self, text: &Text, at: &Location) {
        for line in text.as_str().lines() {
            let line = line.trim_start();
            if let Some(value) = line.strip_prefix("::add-mask::").map(str::trim)
                && !value.is_empty()
                && self.written.masked.len() < MOST_UNNAMED
            {
                self.written.masked.push(symbol::kept(Text::from(value)));
            }
            for (prefix, channel) in [("::set-output name=", Channel::Outputs), ("::set-env name=", Channel::Exports)] {
                if let Some((name, value)) = line.strip_prefix(prefix).and_then(|rest| rest.split_once("::")) {
                    self.write(channel, name, value, self.script_cond(), at);
                }
            }
        }
    }

    /// Reads the lines written to a channel: `name=value`, and `name<<END` up to a line `END`.
    pub(super) fn hand_on(&mut self, channel: Channel, capture: &Capture) {
        let mut open: Option<(String, String, Vec<&str>, Cond, Location)> = None;
        let mut offset = 0;
        for whole in capture.text.split_inclusive('\n') {
            let line = whole.trim_end_matches(['\n', '\r']);
            let part = capture.parts.iter().rev().find(|(start, ..)| *start <= offset);
            offset += whole.len();
            if let Some((name, end, lines, cond, at)) = &mut open {
                if line == end {
                    let value = lines.join("\n");
                    let (name, cond, at) = (name.clone(), cond.clone(), at.clone());
                    open = None;
                    self.write(channel, &name, &value, cond, &at);
                } else {
                    lines.push(line);
                }
                continue;
            }
            let Some((_, cond, at)) = part else { continue };
            let equals = line.find('=').unwrap_or(line.len());
            if let Some(at_tag) = line.find("<<").filter(|at| *at < equals) {
                let (name, end) = line.split_at(at_tag);
                let end = end.trim_start_matches("<<").trim();
                open = Some((name.trim().to_owned(), end.to_owned(), Vec::new(), cond.clone(), at.clone()));
            } else if let Some((name, value)) = line.split_once('=') {
                self.write(channel, name.trim(), value, cond.clone(), at);
            } else {
                self.unnamed(channel, line, (cond, at));
            }
        }
        if let Some((_, cond, at)) = capture.parts.last().filter(|_| capture.open) {
            self.unnamed(channel, symbol::unknown("lines", "left out").as_str(), (cond, at));
        }
        if let Some((name, _, _, cond, at)) = open {
            let value = symbol::unknown("lines", &name);
            self.write(channel, &name, value.as_str(), cond, &at);
        }
    }

    /// Takes note of a line that does not tell which output it writes.
    fn unnamed(&mut self, channel: Channel, line: &str, (cond, at): (&Cond, &Location)) {
        if channel == Channel::Exports {
            return self.export_files(line, cond, at);
        }
        let known = &mut self.written.unnamed;
        if !line.contains("${{") || known.len() > MOST_UNNAMED {
            return;
        }
        let line = if known.len() < MOST_UNNAMED { Text::from(line) } else { symbol::unknown("lines", "left out") };
        let line = symbol::kept(line);
        if !known.contains(&line) {
            known.push(line);
        }
    }

    pub(super) fn write(&mut self, channel: Channel, name: &str, value: &str, cond: Cond, at: &Location) {
        if name.contains("${{") {
            self.unnamed(channel, &format!("{name}={value}"), (&cond, at));
            return;
        }
        if name.is_empty() || name.contains(char::is_whitespace) {
            return;
        }
        let value = symbol::kept(Text::from(value));
        let choices = self.context.choices.spread(&value);
        let write = OutputWrite { name: name.to_owned(), value, choices, cond, location: at.clone() };
        match channel {
            Channel::Outputs => self.written.outputs.push(write),
            Channel::Exports => self.written.exports.push(write),
        }
    }

    /// What a command prints, and whether that is known apart from symbols. What nothing reads and is not known is not
    /// put into words.
    pub(super) fn printed(&self, words: &[Text], input: Option<&Text>, read: bool) -> (Text, bool) {
        let unknown = || if read { self.unknown_print(words, input) } else { (Text::default(), false) };
        let Some(program) = words.first().and_then(Text::literal) else { return unknown() };
        let arguments = words.get(1..).unwrap_or_default();
        match &*lowered(program) {
            "echo" | "write-output" | "write-host" => (echo(arguments), true),
            "printf" => match printf(arguments) {
                Some(text) => (text, true),
                None => unknown(),
            },
            "cat" | "tee" | "tee-object"
                if input.is_some() && arguments.iter().all(|a| program != "cat" || a.as_str() == "-") =>
            {
                (input.cloned().unwrap_or_default(), true)
            }
            // It hands on to a file what nobody need read here.
            "tee" | "tee-object" => self.unknown_print(words, input),
            "head" => match input.filter(|text| is_told(text)).map(Text::as_str).zip(first_lines(arguments)) {
                Some((text, most)) => (Text::from(text.split_inclusive('\n').take(most).collect::<String>()), true),
                None => unknown(),
            },
            "tr" => match input.and_then(Text::literal).zip(cases(arguments)) {
                Some((text, true)) => (Text::from(text.to_ascii_lowercase()), true),
                Some((text, false)) => (Text::from(text.to_ascii_uppercase()), true),
                None => unknown(),
            },
            "pwd" => (line(&self.working_folder()), true),
            "dirname" | "basename" => match arguments {
                [path] => self.part_of(program, path).unwrap_or_else(unknown),
                [mark, path] if mark.as_str() == "--" => self.part_of(program, path).unwrap_or_else(unknown),
                _ => unknown(),
            },
            "realpath" | "readlink" => match arguments.split_last() {
                Some((path, options))
                    if super::paths::join(&Text::default(), path).is_literal()
                        && !path.as_str().starts_with('-')
                        && canonical(program, options) =>
                {
                    (line(&self.whole_path(path)), true)
                }
                _ => unknown(),
            },
            // These print nothing that anybody reads.
            "cd" | "export" | "set" | "unset" | "true" | ":" | "false" | "mkdir" | "rm" | "cp" | "mv" | "chmod" => {
                (Text::default(), true)
            }
            _ => unknown(),
        }
    }

    /// The folder of a path, or its name, when no unknown stands where it is cut.
    fn part_of(&self, program: &str, path: &Text) -> Option<(Text, bool)> {
        let (start, end) = path.as_str().split_at(path.as_str().rfind("}}").map_or(0, |at| at + 2));
        if !start.is_empty() && (!end.starts_with('/') || end.trim_end_matches('/').is_empty()) {
            return None;
        }
        let part = split_path(program, end);
        Some(match (program, part.as_str()) {
            ("dirname", "/") if !start.is_empty() => (line(&Text::from(start)), true),
            ("dirname", _) => (line(&Text::new(format!("{start}{part}"))), true),
            _ => (line(&Text::new(part)), true),
        })
    }

    /// A path as a program sees it from anywhere.
    fn whole_path(&self, path: &Text) -> Text {
        match super::paths::join(&self.folder, path) {
            inside if inside.as_str().starts_with(['/', '~']) || inside.as_str().starts_with("${{") => inside,
            inside if inside.is_empty() => Text::unknown("env.PWD"),
            inside => Text::new(format!("{}/{inside}", Text::unknown("env.PWD"))),
        }
    }

    fn unknown_print(&self, words: &[Text], input: Option<&Text>) -> (Text, bool) {
        let mut body = symbol::command(words);
        if let Some(input) = input {
            let trimmed = Text::from(input.as_str().trim());
            let source = trimmed.symbol().and_then(|s| s.strip_prefix("shell(")?.strip_suffix(')'));
            body = match source {
                Some(source) => format!("{source} | {body}"),
                None => format!("echo {} | {body}", symbol::word(&trimmed)),
            };
        } else if !self.folder.is_empty() {
            body = format!("cd {}; {body}", symbol::word(&self.folder));
        }
        // These give another value each time, so equal text must not mean equal value.
        if input.is_none() && matching::does(Does::Differ, words) {
            body = format!("{body} #{}", self.here);
        }
        (line(&symbol::unknown("shell", &body)), false)
    }
}

/// Whether options ask for nothing but the path itself, links resolved: no file of a checkout lies behind one.
fn canonical(program: &str, options: &[Text]) -> bool {
    let known = |o: &Text| matches!(o.as_str(), "-f" | "-e" | "-m" | "-s" | "-n" | "-fn" | "--canonicalize" | "--");
    options.iter().all(known) && (program == "realpath" || !options.is_empty())
}

/// How many lines `head` lets through of what it is fed.
fn first_lines(arguments: &[Text]) -> Option<usize> {
    let number = |text: &str| text.parse::<usize>().ok();
    match arguments {
        [] => Some(10),
        [one] => {
            let one = one.as_str();
            number(["-n", "--lines=", "-"].iter().find_map(|mark| one.strip_prefix(mark))?)
        }
        [option, most] if matches!(option.as_str(), "-n" | "--lines") => number(most.as_str()),
        _ => None,
    }
}

/// Whether the two sets of `tr` make letters small, or large.
fn cases(arguments: &[Text]) -> Option<bool> {
    let [from, to] = arguments else { return None };
    let set = |text: &Text| match text.as_str().trim_matches(['[', ']']) {
        ":upper:" | "A-Z" => Some(true),
        ":lower:" | "a-z" => Some(false),
        _ => None,
    };
    let (from, to) = (set(from)?, set(to)?);
    (from != to).then_some(from)
}

fn line(text: &Text) -> Text {
    Text::new(format!("{text}\n"))
}

fn split_path(program: &str, path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match (program, trimmed.rsplit_once('/')) {
        ("dirname", Some((folder, _))) if !folder.is_empty() => folder.to_owned(),
        ("dirname", Some(_)) => "/".to_owned(),
        ("dirname", None) => ".".to_owned(),
        (_, Some((_, name))) => name.to_owned(),
        (_, None) => trimmed.to_owned(),
    }
}

pub(super) fn echo(arguments: &[Text]) -> Text {
    let mut end = "\n";
    let mut escapes = false;
    let mut from = 0;
    for argument in arguments {
        match argument.as_str() {
            "-n" => end = "",
            "-e" => escapes = true,
            "-ne" | "-en" => {
                end = "";
                escapes = true;
            }
            "-E" => {}
            _ => break,
        }
        from += 1;
    }
    let words: Vec<&str> = arguments.iter().skip(from).map(Text::as_str).collect();
    let text = words.join(" ");
    let text = if escapes { unescape(&text) } else { text };
    Text::new(format!("{text}{end}"))
}

fn unescape(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
}

/// `printf` with `%s` and `%d` alone.
pub(super) fn printf(arguments: &[Text]) -> Option<Text> {
    let (format, values) = arguments.split_first()?;
    if format.as_str().starts_with('-') {
        return None;
    }
    let format = unescape(format.as_str());
    let pieces: Vec<&str> = format.split('%').collect();
    let mut values = values.iter();
    let mut text = String::new();
    loop {
        let mut taken = false;
        let mut percent = false;
        for (at, piece) in pieces.iter().enumerate() {
            if at == 0 || percent {
                text.push_str(piece);
                percent = false;
            } else if let Some(rest) = piece.strip_prefix(['s', 'd', 'q', 'b']) {
                if let Some(value) = values.next() {
                    text.push_str(value.as_str());
                    taken = true;
                }
                text.push_str(rest);
            } else if piece.is_empty() {
                text.push('%');
                percent = true;
            } else {
                return None;
            }
        }
        // The format is used again as long as there are arguments left.
        if !taken || values.len() == 0 || text.len() > 64 << 10 {
            return Some(Text::new(text));
        }
    }
}
