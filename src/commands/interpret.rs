//! Walks a script and lists what it runs.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::capture::{Capture, Channel, Stdout, Writes, settle};
use super::condition::is_assertion;
use super::scope::{Held, Scope};
use super::{paths, symbol, wrappers};
use crate::catalogue::Wrapper;
use crate::model::{self, Command, Cond, Hop, Location, Text};
use crate::syntax::shell::{Assignment, Masked, Node, Piece, Redirect, RedirectKind, Script, Simple, Value, Word};
use crate::syntax::{batch, powershell, shell};

/// Statements and expansions that are followed in one script, loops and calls unrolled.
pub const MOST_STEPS: usize = 60_000;
/// Commands that one script yields.
pub const MOST_COMMANDS: usize = 4_000;
/// Rounds of a loop over a list of known words; a longer list is cut.
pub const MOST_ITERATIONS: usize = 64;
/// Statements, substitutions and calls within each other.
pub const MOST_DEPTH: usize = 220;
/// Calls of functions and of scripts in strings within each other.
const MOST_CALLS: usize = 12;
/// Exits and nested branches that make up one condition.
const MOST_CONDITIONS: usize = 100;

/// A family of shells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// `bash`, `sh` and their kin.
    Posix,
    /// `pwsh`, `powershell`.
    PowerShell,
    /// `cmd`.
    Batch,
}

impl Shell {
    /// The family of a shell by its program name or by the `shell:` of a step (`bash -e {0}`).
    pub fn of(name: &str) -> Self {
        let program = name.split_whitespace().next().unwrap_or_default();
        let program = program.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
        match program.trim_end_matches(".exe") {
            "pwsh" | "powershell" => Shell::PowerShell,
            "cmd" => Shell::Batch,
            _ => Shell::Posix,
        }
    }
}

/// Reads a masked script in the language of a shell.
pub fn read(text: &str, language: Shell) -> Script {
    match language {
        Shell::Posix => shell::parse(text),
        Shell::PowerShell => powershell::parse(text),
        Shell::Batch => batch::parse(text),
    }
}

/// What a script starts with.
pub struct Context<'a> {
    /// Its environment; a later entry of the same name wins. A script file finds its own path as `0`.
    pub env: &'a [(String, Text)],
    /// What its CI expressions stand for, by number.
    pub holes: &'a [Text],
    /// The folder in which it starts, relative to the checkout.
    pub folder: Text,
    /// The place of a stretch of the parsed text, from its first byte to the one behind its last. A caller that
    /// parsed a [`Masked`] text maps the offsets back with [`Masked::original`].
    pub locate: &'a dyn Fn(usize, usize) -> Location,
    /// How it was reached.
    pub chain: Vec<Hop>,
    /// Under which condition it runs.
    pub cond: Cond,
    /// `$1` and so on.
    pub positional: Vec<Text>,
    /// Programs that run the command behind them.
    pub wrappers: &'a [Wrapper],
}

/// Lists the commands of a script in order, with what it hands on to later steps.
///
/// A command is taken to succeed, since scripts of CI platforms stop at the first that fails: `a && b` runs both.
/// Known tests are decided; others become conditions, and so does the failure that `a || b` needs. An `exit` under a
/// condition leaves its opposite for what follows, except when the script fails on the machine's state
/// (`make || exit 1`), which is an assertion like any failing command.
pub fn interpret(script: &Script, context: Context<'_>) -> model::Script {
    let frame = Rc::new(Frame { holes: context.holes.to_vec(), origin: None });
    let mut interpreter = Interpreter {
        scope: Scope::default(),
        frame,
        folder: context.folder.clone(),
        folders: Vec::new(),
        before: None,
        path: Vec::new(),
        jumps: Vec::new(),
        functions: HashMap::new(),
        positional: context.positional.clone(),
        locals: Vec::new(),
        chain: context.chain.clone(),
        stdout: Stdout::Log,
        captures: Vec::new(),
        input: None,
        written: Writes::default(),
        found: model::Script::default(),
        rendered: String::new(),
        here: 0,
        steps: 0,
        depth: 0,
        calls: 0,
        context,
    };
    interpreter.script(script);
    interpreter.finish()
}

/// Where the script being walked comes from.
pub(super) struct Frame {
    /// What its holes stand for.
    pub(super) holes: Vec<Text>,
    /// The command that carries it, when it is a string and not the step's own text.
    origin: Option<Location>,
}

/// How control leaves a stretch of a script early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    Exit,
    Return,
    Break,
    Continue,
}

#[derive(Debug, Clone)]
struct Jump {
    leave: Leave,
    cond: Cond,
    failing: bool,
}

/// Whether a statement succeeds.
#[derive(Debug, Clone)]
pub(super) struct Status {
    /// For what follows it: commands are taken to succeed.
    lenient: Cond,
    /// For a statement that asks: the success of a command is an atom.
    strict: Cond,
}

impl Status {
    fn same(cond: Cond) -> Self {
        Self { lenient: cond.clone(), strict: cond }
    }
}

pub(super) struct Interpreter<'a> {
    pub(super) context: Context<'a>,
    pub(super) scope: Scope,
    pub(super) frame: Rc<Frame>,
    pub(super) folder: Text,
    folders: Vec<Text>,
    before: Option<Text>,
    /// Conditions on the way to here; each entry includes the ones before it.
    pub(super) path: Vec<Cond>,
    jumps: Vec<Jump>,
    functions: HashMap<String, (Arc<Node>, Rc<Frame>)>,
    pub(super) positional: Vec<Text>,
    locals: Vec<Vec<(String, Option<Held>)>>,
    chain: Vec<Hop>,
    pub(super) stdout: Stdout,
    pub(super) captures: Vec<Capture>,
    input: Option<(Text, bool)>,
    pub(super) written: Writes,
    found: model::Script,
    /// The last command, rendered.
    rendered: String,
    /// Where the last command stands.
    pub(super) here: usize,
    steps: usize,
    depth: usize,
    calls: usize,
}

/// What redirects make of input and output.
struct Streams {
    stdout: Option<Stdout>,
    /// The file that output goes to, `/dev/null` included.
    file: Option<Text>,
    input: Option<(Text, bool)>,
}

impl Interpreter<'_> {
    fn finish(self) -> model::Script {
        let mut script = self.found;
        script.outputs = settle(self.written.outputs);
        script.exports = settle(self.written.exports).into_iter().map(|w| (w.name, w.value)).collect();
        script.unread.sort();
        script.unread.dedup();
        script
    }

    fn locate(&self, offset: usize, end: usize) -> Location {
        match &self.frame.origin {
            Some(location) => location.clone(),
            None => (self.context.locate)(offset, end),
        }
    }

    fn unread(&mut self, offset: usize, why: String) {
        let location = self.locate(offset, offset + 1);
        if !self.found.unread.iter().any(|(_, w)| *w == why) || self.found.unread.len() < 100 {
            self.found.unread.push((location, why));
        }
    }

    /// Counts a step; `false` when there have been too many.
    pub(super) fn step(&mut self) -> bool {
        self.steps += 1;
        if self.steps == MOST_STEPS {
            self.unread(self.here, format!("more than {MOST_STEPS} steps"));
        }
        self.steps < MOST_STEPS
    }

    /// Under which condition of the script the current place is reached.
    pub(super) fn script_cond(&self) -> Cond {
        self.path.last().cloned().unwrap_or(Cond::TRUE)
    }

    fn is_dead(&self) -> bool {
        matches!(self.path.last(), Some(Cond::Known(false)))
    }

    fn push(&mut self, cond: Cond) {
        let before = self.script_cond();
        if self.path.len() == MOST_CONDITIONS && !matches!(cond, Cond::Known(_)) {
            self.unread(self.here, format!("more than {MOST_CONDITIONS} conditions on one command"));
        }
        let keeps = self.path.len() < MOST_CONDITIONS || matches!(cond, Cond::Known(_));
        self.path.push(if keeps { before.and(cond) } else { before });
    }

    /// Runs something under a condition. What leaves it early and is not caught conditions what follows.
    fn under<R>(
        &mut self,
        cond: &Cond,
        catches: fn(Leave) -> bool,
        run: impl FnOnce(&mut Self) -> R,
    ) -> (R, Option<Leave>) {
        let (path, jumps) = (self.path.len(), self.jumps.len());
        if !cond.is_always() {
            self.push(cond.clone());
        }
        let result = run(self);
        self.path.truncate(path);
        let mut left = None;
        for mut jump in self.jumps.split_off(jumps.min(self.jumps.len())) {
            jump.cond = cond.clone().and(jump.cond);
            if catches(jump.leave) {
                if jump.cond.is_always() {
                    left = Some(jump.leave);
                }
                continue;
            }
            let assertion = jump.failing && !jump.cond.is_always() && is_assertion(&jump.cond);
            if !assertion {
                self.push(jump.cond.clone().negate());
                self.jumps.push(jump);
            }
        }
        (result, left)
    }

    fn leave(&mut self, leave: Leave, failing: bool) {
        self.jumps.push(Jump { leave, cond: Cond::TRUE, failing });
        self.push(Cond::FALSE);
    }

    /// Runs something whose variables, folder and exits stay inside.
    pub(super) fn apart<R>(&mut self, run: impl FnOnce(&mut Self) -> R) -> R {
        let scope = self.scope.clone();
        let (folder, folders, positional) = (self.folder.clone(), self.folders.clone(), self.positional.clone());
        let (result, _) = self.under(&Cond::TRUE, |_| true, run);
        self.scope = scope;
        self.folder = folder;
        self.folders = folders;
        self.positional = positional;
        result
    }

    pub(super) fn script(&mut self, script: &Script) {
        for (offset, why) in &script.unread {
            self.unread(*offset, why.clone());
        }
        self.sequence(&script.nodes);
    }

    fn sequence(&mut self, nodes: &[Node]) -> Status {
        let mut status = Status::same(Cond::TRUE);
        for node in nodes {
            status = self.status(node);
        }
        status
    }

    fn run(&mut self, node: &Node) {
        self.status(node);
    }

    fn success(&self) -> Status {
        Status { lenient: Cond::TRUE, strict: Cond::atom(format!("success({})", self.rendered)) }
    }

    /// Runs a statement and tells whether it succeeds.
    fn status(&mut self, node: &Node) -> Status {
        if !self.step() || self.is_dead() {
            return Status::same(Cond::TRUE);
        }
        if self.depth >= MOST_DEPTH {
            self.unread(self.here, "nested too deeply".to_owned());
            return Status::same(Cond::TRUE);
        }
        self.depth += 1;
        let status = self.statement(node);
        self.depth -= 1;
        status
    }

    fn statement(&mut self, node: &Node) -> Status {
        match node {
            Node::Command(simple) => self.simple(simple),
            Node::And(a, b) => {
                let first = self.status(a);
                let (second, _) = self.under(&first.lenient, |_| false, |this| this.status(b));
                Status { lenient: first.lenient.and(second.lenient), strict: first.strict.and(second.strict) }
            }
            Node::Or(a, b) => {
                let first = self.status(a);
                let otherwise = first.strict.clone().negate();
                let (second, _) = self.under(&otherwise, |_| false, |this| this.status(b));
                let lenient = match first.lenient {
                    Cond::Known(true) => Cond::TRUE,
                    lenient => lenient.or(second.lenient),
                };
                Status { lenient, strict: first.strict.or(second.strict) }
            }
            Node::Not(inner) => {
                let status = self.status(inner);
                if status.lenient == status.strict {
                    Status::same(status.strict.negate())
                } else {
                    Status { lenient: Cond::TRUE, strict: status.strict.negate() }
                }
            }
            Node::Sequence(nodes) => self.sequence(nodes),
            Node::Pipeline(nodes) => self.pipeline(nodes),
            Node::If { branches, otherwise } => self.branches(branches, otherwise.as_deref()),
            Node::For { variable, words, body } => self.each(variable, words.as_deref(), body),
            Node::While { test, body, until } => self.repeat(test, body, *until),
            Node::Case { word, arms } => self.case(word, arms),
            Node::Subshell(inner) => self.apart(|this| this.status(inner)),
            Node::Function { name, body } => {
                self.functions.insert(name.clone(), (Arc::clone(body), Rc::clone(&self.frame)));
                Status::same(Cond::TRUE)
            }
            Node::Test(test) => Status::same(self.double_bracket(test)),
            Node::Opaque(raw) => Status::same(Cond::atom(symbol::fold(&self.bound(raw)))),
            Node::Redirected(inner, redirects) => self.redirected(inner, redirects),
        }
    }

    fn redirected(&mut self, inner: &Node, redirects: &[Redirect]) -> Status {
        let streams = self.streams(redirects);
        let input = match streams.input {
            Some(input) => std::mem::replace(&mut self.input, Some(input)),
            None => self.input.clone(),
        };
        let status = match streams.stdout {
            Some(Stdout::File(target)) => match Channel::of(&target) {
                Some(channel) => {
                    let (capture, status) = self.capturing(|this| this.status(inner));
                    self.hand_on(channel, &capture);
                    status
                }
                None => self.writing_to(Stdout::File(target), inner),
            },
            Some(stdout) => self.writing_to(stdout, inner),
            None => self.status(inner),
        };
        self.input = input;
        status
    }

    fn writing_to(&mut self, stdout: Stdout, inner: &Node) -> Status {
        let before = std::mem::replace(&mut self.stdout, stdout);
        let status = self.status(inner);
        self.stdout = before;
        status
    }

    fn streams(&mut self, redirects: &[Redirect]) -> Streams {
        let mut streams = Streams { stdout: None, file: None, input: None };
        for redirect in redirects {
            let target = self.text(&redirect.target);
            let standard = matches!(redirect.descriptor, None | Some(1));
            match redirect.kind {
                RedirectKind::Write | RedirectKind::Append if standard => streams.into_file(target),
                RedirectKind::Both => streams.into_file(target),
                RedirectKind::Duplicate if standard && target.as_str() == "2" => {
                    streams.stdout = Some(Stdout::Nowhere);
                }
                RedirectKind::HereString => streams.input = Some((Text::new(format!("{target}\n")), true)),
                RedirectKind::HereDocument => streams.input = Some((target, true)),
                RedirectKind::Read if matches!(redirect.descriptor, None | Some(0)) => {
                    let substituted = target.symbol().is_some_and(|s| s.starts_with("shell("));
                    streams.input = Some(if substituted {
                        (target, false)
                    } else {
                        (symbol::unknown("shell", &format!("cat {}", symbol::word(&self.place(&target)))), false)
                    });
                }
                _ => {}
            }
        }
        streams
    }

    fn pipeline(&mut self, nodes: &[Node]) -> Status {
        let outer = self.input.take();
        let mut next = outer.clone();
        let mut rendered = Vec::new();
        let mut status = Status::same(Cond::TRUE);
        for (at, node) in nodes.iter().enumerate() {
            self.input = next.take();
            if at + 1 == nodes.len() {
                status = self.apart(|this| this.status(node));
                rendered.push(std::mem::take(&mut self.rendered));
            } else {
                let (capture, _) = self.capturing(|this| this.apart(|this| this.status(node)));
                rendered.push(std::mem::take(&mut self.rendered));
                let known = !capture.mixed && capture.plain;
                let single = capture.text.trim_end().lines().count() <= 1;
                next = Some(if known || (single && !capture.mixed) {
                    (Text::from(capture.text), known)
                } else {
                    (symbol::unknown("shell", &rendered.join(" | ")), false)
                });
            }
        }
        self.input = outer;
        self.rendered = symbol::fold(&rendered.join(" | "));
        if status.lenient == status.strict { status } else { self.success() }
    }

    /// Runs a branch and returns what it leaves; `None` when it does not come out at its end.
    fn branch(&mut self, cond: &Cond, run: impl FnOnce(&mut Self)) -> Option<(Cond, Scope, Text)> {
        if matches!(cond, Cond::Known(false)) {
            return None;
        }
        let (scope, folder) = (self.scope.clone(), self.folder.clone());
        self.steps += scope.len() / 8;
        let (dead, _) = self.under(
            cond,
            |_| false,
            |this| {
                run(this);
                this.is_dead()
            },
        );
        let scope = std::mem::replace(&mut self.scope, scope);
        let folder = std::mem::replace(&mut self.folder, folder);
        (!dead).then_some((cond.clone(), scope, folder))
    }

    fn merge(&mut self, outcomes: Vec<(Cond, Scope, Text)>) {
        let Some((_, _, last)) = outcomes.last() else { return };
        let mut folder = last.clone();
        for (cond, _, other) in outcomes.iter().rev().skip(1) {
            if *other != folder {
                let held = |t: &Text| Held::Scalar(t.clone());
                folder = super::scope::choice(cond, &held(other), &held(&folder)).text();
            }
        }
        let scopes = outcomes.into_iter().map(|(cond, scope, _)| (cond, scope)).collect();
        let env = self.context.env;
        let outside = |name: &str| {
            let found = env.iter().rev().find(|(n, _)| n == name).map(|(_, text)| text.clone());
            Held::Scalar(found.unwrap_or_else(|| Text::unknown(&format!("env.{name}"))))
        };
        self.scope = Scope::merge(&outside, scopes);
        self.folder = folder;
    }

    fn branches(&mut self, branches: &[(Node, Node)], otherwise: Option<&Node>) -> Status {
        let mut none = Cond::TRUE;
        let mut outcomes = Vec::new();
        for (test, body) in branches {
            if matches!(none, Cond::Known(false)) {
                break;
            }
            let (status, _) = self.under(&none, |_| false, |this| this.status(test));
            let cond = none.clone().and(status.strict.clone());
            none = none.and(status.strict.negate());
            outcomes.extend(self.branch(&cond, |this| this.run(body)));
        }
        outcomes.extend(self.branch(&none, |this| {
            if let Some(body) = otherwise {
                this.run(body);
            }
        }));
        self.merge(outcomes);
        self.success()
    }

    fn case(&mut self, word: &Word, arms: &[(Vec<Word>, Node)]) -> Status {
        let subject = self.text(word);
        let mut none = Cond::TRUE;
        let mut outcomes = Vec::new();
        for (patterns, body) in arms {
            let mut fits = Cond::FALSE;
            for pattern in patterns {
                let pattern = self.text(pattern);
                fits = fits.or(symbol::fits(&subject, &pattern));
            }
            let cond = none.clone().and(fits.clone());
            none = none.and(fits.negate());
            outcomes.extend(self.branch(&cond, |this| this.run(body)));
        }
        outcomes.extend(self.branch(&none, |_| {}));
        self.merge(outcomes);
        self.success()
    }

    fn each(&mut self, variable: &str, words: Option<&[Word]>, body: &Node) -> Status {
        let mut items: Vec<Text> = Vec::new();
        let mut known = true;
        match words {
            None => items.clone_from(&self.positional),
            Some(words) => {
                for word in words {
                    let split = word.pieces.iter().any(|p| {
                        matches!(
                            p,
                            Piece::Variable { quoted: false, .. }
                                | Piece::Substitution { quoted: false, .. }
                                | Piece::Hole { quoted: false, .. }
                        )
                    });
                    for item in self.words(word) {
                        known &= item.is_literal() && !item.as_str().contains(['*', '?', '[']);
                        // What an unknown list yields is one of its items, and not the list.
                        items.push(match item.symbol() {
                            Some(symbol) if split => symbol::unknown("item", symbol),
                            _ => item,
                        });
                    }
                }
            }
        }
        if items.len() > MOST_ITERATIONS {
            self.unread(self.here, format!("a loop over more than {MOST_ITERATIONS} words"));
            items.truncate(MOST_ITERATIONS);
        }
        let before = (!known).then(|| self.scope.clone());
        for item in items {
            self.scope.set(variable, Held::Scalar(item), false);
            let caught = |leave| matches!(leave, Leave::Break | Leave::Continue);
            let (_, left) = self.under(&Cond::TRUE, caught, |this| this.run(body));
            if left == Some(Leave::Break) || self.is_dead() {
                break;
            }
        }
        if let Some(before) = before {
            let label = self.here.to_string();
            self.scope = std::mem::take(&mut self.scope).after_rounds(&before, &label);
        }
        Status::same(Cond::TRUE)
    }

    fn repeat(&mut self, test: &Node, body: &Node, until: bool) -> Status {
        let before = self.scope.clone();
        let caught = |leave| matches!(leave, Leave::Break | Leave::Continue);
        let (status, _) = self.under(&Cond::TRUE, caught, |this| this.status(test));
        let cond = if until { status.strict.negate() } else { status.lenient };
        if !matches!(cond, Cond::Known(false)) {
            self.under(&cond, caught, |this| {
                if let Some(capture) = this.captures.last_mut() {
                    capture.mixed = true;
                }
                this.run(body);
            });
        }
        let label = self.here.to_string();
        self.scope = std::mem::take(&mut self.scope).after_rounds(&before, &label);
        Status::same(Cond::TRUE)
    }

    /// A path as a part of conditions and symbols: seen from the root of the checkout.
    pub(super) fn place(&self, path: &Text) -> Text {
        if self.folder.is_empty() { path.clone() } else { paths::join(&self.folder, path) }
    }

    fn assign(&mut self, assignment: &Assignment, exported: bool) {
        let name = assignment.name.as_str();
        let old = || self.known(name);
        let held = match &assignment.value {
            Value::Scalar(word) => {
                let old = old();
                let value = self.text(word);
                match (&assignment.index, old, assignment.append) {
                    (None, Some(Held::Array(mut items)), true) => {
                        if let Some(first) = items.first_mut() {
                            first.push(&value);
                        }
                        Held::Array(items)
                    }
                    (None, old, true) => {
                        let mut text = old.map_or_else(|| self.value(name).text(), |h| h.text());
                        text.push(&value);
                        Held::Scalar(text)
                    }
                    (None, _, false) => Held::Scalar(value),
                    (Some(index), old, _) => {
                        let mut items = match old {
                            Some(Held::Array(items)) => items,
                            _ => Vec::new(),
                        };
                        match index.parse::<usize>().ok().and_then(|at| items.get_mut(at)) {
                            Some(item) => *item = value,
                            // Keys in words, and elements in any order: what matters is which values it holds.
                            None => items.push(value),
                        }
                        Held::Array(items)
                    }
                }
            }
            Value::Array(words) => {
                let mut items = match (assignment.append, old()) {
                    (true, Some(Held::Array(items))) => items,
                    (true, Some(Held::Scalar(text))) => vec![text],
                    _ => Vec::new(),
                };
                for word in words {
                    items.extend(self.words(word));
                }
                Held::Array(items)
            }
        };
        let exported = exported || self.context.env.iter().any(|(n, _)| n == name);
        self.scope.set(name, held, exported);
    }

    fn simple(&mut self, simple: &Simple) -> Status {
        self.here = simple.offset;
        let mut words = Vec::new();
        for word in &simple.words {
            words.extend(self.words(word));
        }
        let streams = self.streams(&simple.redirects);
        let Some(first) = words.first() else {
            let substitutes = simple.assignments.iter().any(|a| match &a.value {
                Value::Scalar(word) => word.pieces.iter().any(|p| matches!(p, Piece::Substitution { .. })),
                Value::Array(_) => false,
            });
            for assignment in &simple.assignments {
                self.assign(assignment, false);
            }
            return if substitutes { self.success() } else { Status::same(Cond::TRUE) };
        };
        let program = first.as_str().to_owned();
        let mut line: Vec<(String, Text)> = Vec::new();
        for assignment in &simple.assignments {
            let value = match &assignment.value {
                Value::Scalar(word) => self.text(word),
                Value::Array(_) => continue,
            };
            line.push((assignment.name.clone(), value));
        }
        self.here = simple.offset;
        let arguments: Vec<Text> = words.get(1..).unwrap_or_default().to_vec();
        if let Some(status) = self.builtin(&program, &arguments, simple) {
            return status;
        }
        if let Some((body, frame)) = self.functions.get(&program).cloned() {
            return self.call(&words, &arguments, &line, body, frame, streams);
        }
        self.command(words, line, streams, simple)
    }

    fn command(&mut self, words: Vec<Text>, line: Vec<(String, Text)>, streams: Streams, simple: &Simple) -> Status {
        let location = self.locate(simple.offset, simple.end);
        let input = streams.input.or_else(|| self.input.clone());
        let target = streams.stdout.clone().unwrap_or_else(|| self.stdout.clone());
        let (text, plain) = self.printed(&words, input.as_ref().map(|(text, _)| text));
        self.prints(&words, &text, input.as_ref(), &location);
        self.writes(&text, plain, &target, &location);

        let mut env: Vec<(String, Text)> = self.scope.exported().map(|(n, h)| (n.clone(), h.text())).collect();
        for (name, value) in &line {
            env.retain(|(n, _)| n != name);
            env.push((name.clone(), value.clone()));
        }
        let output = streams.file.or(match &self.stdout {
            Stdout::File(file) if streams.stdout.is_none() => Some(file.clone()),
            _ => None,
        });
        let prefix: String = line.iter().map(|(n, v)| format!("{n}={} ", symbol::word(v))).collect();
        self.rendered = symbol::fold(&format!("{prefix}{}", symbol::command(&words)));
        if self.found.commands.len() >= MOST_COMMANDS {
            if self.steps < MOST_STEPS {
                self.unread(simple.offset, format!("more than {MOST_COMMANDS} commands"));
                self.steps = MOST_STEPS;
            }
            return self.success();
        }
        let fed = input.filter(|(_, plain)| *plain).map(|(text, _)| text);
        self.found.commands.push(Command {
            words: words.clone(),
            env,
            input: fed.clone(),
            output,
            folder: self.folder.clone(),
            cond: self.context.cond.clone().and(self.script_cond()),
            location: location.clone(),
            chain: self.chain.clone(),
        });
        let rendered = self.rendered.clone();
        for view in wrappers::views(&words, self.context.wrappers) {
            if let Some(handed) = wrappers::handed(view, fed.as_ref(), self.context.wrappers) {
                self.nested(handed, &line, &location);
                break;
            }
        }
        if words.first().is_some_and(|w| w.as_str() == "exec") && words.len() > 1 {
            self.leave(Leave::Exit, false);
        }
        self.rendered = rendered;
        match words.as_slice() {
            // `if $RELEASE; then`: a variable that holds `true` or `false`.
            [only] if only.symbol().is_some() => {
                Status { lenient: Cond::TRUE, strict: symbol::equal(only, &Text::from("true")) }
            }
            _ => self.success(),
        }
    }

    /// Commands that write into files themselves: `tee -a`, `Out-File`, `Add-Content`.
    fn prints(&mut self, words: &[Text], text: &Text, input: Option<&(Text, bool)>, at: &Location) {
        let Some(program) = words.first().and_then(Text::literal) else { return };
        let (targets, text) = match program.to_ascii_lowercase().as_str() {
            "tee" => (words, text.clone()),
            "out-file" | "tee-object" => (words, input.map(|(text, _)| text.clone()).unwrap_or_default()),
            "add-content" | "set-content" | "ac" => {
                let value = words.iter().position(|w| w.as_str().eq_ignore_ascii_case("-value"));
                let value = value.and_then(|at| words.get(at + 1)).cloned();
                let last = words.last().filter(|w| Channel::of(w).is_none()).cloned();
                let value = value.or_else(|| input.map(|(text, _)| text.clone())).or(last).unwrap_or_default();
                (words, Text::new(format!("{value}\n")))
            }
            _ => return,
        };
        for target in targets.iter().skip(1).filter(|t| Channel::of(t).is_some()) {
            self.writes(&text, true, &Stdout::File(target.clone()), at);
        }
    }

    /// Runs a script that a command carries in a string.
    fn nested(&mut self, handed: wrappers::Handed, line: &[(String, Text)], location: &Location) {
        if handed.script.symbol().is_some() || !self.enter() {
            return;
        }
        let masked = Masked::of(&handed.script);
        let script = read(&masked.text, handed.shell);
        let frame = Rc::new(Frame { holes: masked.holes, origin: Some(location.clone()) });
        let frame = std::mem::replace(&mut self.frame, frame);
        let functions = std::mem::take(&mut self.functions);
        self.chain.push(Hop { what: handed.what, location: location.clone() });
        let stdout = std::mem::replace(&mut self.stdout, Stdout::Log);
        let input = self.input.take();
        self.apart(|this| {
            this.scope = this.scope.inherited();
            for (name, value) in line {
                this.scope.set(name, Held::Scalar(value.clone()), true);
            }
            this.positional = handed.arguments.get(1..).unwrap_or_default().to_vec();
            this.script(&script);
        });
        self.input = input;
        self.stdout = stdout;
        self.chain.pop();
        self.functions = functions;
        self.frame = frame;
        self.calls -= 1;
    }

    fn enter(&mut self) -> bool {
        if self.calls >= MOST_CALLS {
            self.unread(self.here, format!("calls nested deeper than {MOST_CALLS}"));
            return false;
        }
        self.calls += 1;
        true
    }

    fn eval(&mut self, text: &Text, what: &str, simple: &Simple) {
        if !self.enter() {
            return;
        }
        let location = self.locate(simple.offset, simple.end);
        let masked = Masked::of(text);
        let script = shell::parse(&masked.text);
        let frame = Rc::new(Frame { holes: masked.holes, origin: Some(location.clone()) });
        let frame = std::mem::replace(&mut self.frame, frame);
        self.chain.push(Hop { what: what.to_owned(), location });
        self.script(&script);
        self.chain.pop();
        self.frame = frame;
        self.calls -= 1;
    }

    fn call(
        &mut self,
        words: &[Text],
        arguments: &[Text],
        line: &[(String, Text)],
        body: Arc<Node>,
        frame: Rc<Frame>,
        streams: Streams,
    ) -> Status {
        let rendered = symbol::command(words);
        if self.enter() {
            let frame = std::mem::replace(&mut self.frame, frame);
            let positional = std::mem::replace(&mut self.positional, arguments.to_vec());
            let input = match streams.input {
                Some(input) => self.input.replace(input),
                None => self.input.clone(),
            };
            let mut locals = Vec::new();
            for (name, value) in line {
                locals.push((name.clone(), self.scope.get(name).cloned()));
                self.scope.set(name, Held::Scalar(value.clone()), true);
            }
            self.locals.push(locals);
            let channel = match &streams.stdout {
                Some(Stdout::File(target)) => Channel::of(target),
                _ => None,
            };
            let catches = |leave| leave == Leave::Return;
            if let Some(channel) = channel {
                let (capture, _) = self.capturing(|this| this.under(&Cond::TRUE, catches, |t| t.run(&body)));
                self.hand_on(channel, &capture);
            } else {
                let stdout = streams.stdout.unwrap_or_else(|| self.stdout.clone());
                let stdout = std::mem::replace(&mut self.stdout, stdout);
                self.under(&Cond::TRUE, catches, |this| this.run(&body));
                self.stdout = stdout;
            }
            for (name, held) in self.locals.pop().unwrap_or_default().into_iter().rev() {
                self.scope.restore(&name, held);
            }
            self.input = input;
            self.positional = positional;
            self.frame = frame;
            self.calls -= 1;
        }
        self.rendered = rendered;
        self.success()
    }

    /// Runs what is built into the shell; `None` when it is a program.
    fn builtin(&mut self, program: &str, arguments: &[Text], simple: &Simple) -> Option<Status> {
        let first = arguments.first();
        let done = Some(Status::same(Cond::TRUE));
        match program.to_ascii_lowercase().as_str() {
            ":" | "true" => done,
            "false" => Some(Status::same(Cond::FALSE)),
            "[" | "test" => {
                let arguments = match arguments.split_last() {
                    Some((last, rest)) if program == "[" && last.as_str() == "]" => rest,
                    _ => arguments,
                };
                Some(Status::same(self.bracket(arguments)))
            }
            "cd" | "chdir" | "set-location" | "sl" | "pushd" | "push-location" => {
                let named = |t: &&Text| !t.as_str().starts_with('-') && !t.as_str().eq_ignore_ascii_case("/d");
                let pushes = program.to_ascii_lowercase().starts_with("push");
                let to = match (arguments.iter().find(named), first.map(Text::as_str)) {
                    (Some(to), _) => paths::join(&self.folder, &Text::from(to.as_str().replace('\\', "/"))),
                    (None, Some("-")) => self.before.clone().unwrap_or_else(|| Text::unknown("env.OLDPWD")),
                    (None, _) if pushes => self.folder.clone(),
                    (None, _) => Text::from("~"),
                };
                if pushes {
                    self.folders.push(self.folder.clone());
                    self.folders.truncate(64);
                }
                self.before = Some(std::mem::replace(&mut self.folder, to));
                done
            }
            "popd" | "pop-location" => {
                if let Some(folder) = self.folders.pop() {
                    self.before = Some(std::mem::replace(&mut self.folder, folder));
                }
                done
            }
            "export" | "readonly" | "declare" | "typeset" | "local" => {
                self.declare(program, arguments, simple);
                done
            }
            "unset" => {
                for name in arguments {
                    self.scope.set(name.as_str(), Held::Scalar(Text::default()), false);
                }
                done
            }
            "set" => {
                self.set(arguments);
                done
            }
            "shift" => {
                let by = first.and_then(|t| t.as_str().parse().ok()).unwrap_or(1_usize);
                self.positional.drain(..by.min(self.positional.len()));
                done
            }
            "read" => {
                self.assign_read(arguments);
                done
            }
            "mapfile" | "readarray" => {
                if let Some(name) = arguments.iter().rev().find(|t| !t.as_str().starts_with('-')) {
                    let source = self.input.as_ref().map(|(text, _)| symbol::inline(text)).unwrap_or_default();
                    let item = symbol::unknown("item", &format!("{source} #{}", self.here));
                    self.scope.set(name.as_str(), Held::Array(vec![item]), false);
                }
                done
            }
            "printf" if first.is_some_and(|t| t.as_str() == "-v") => {
                if let Some((name, rest)) = arguments.get(1..).and_then(|a| a.split_first()) {
                    let words: Vec<Text> = [Text::from("printf")].into_iter().chain(rest.iter().cloned()).collect();
                    let (text, _) = self.printed(&words, None);
                    let text = Text::from(text.as_str().trim_end_matches('\n'));
                    self.scope.set(name.as_str(), Held::Scalar(text), false);
                }
                done
            }
            "exit" | "return" | "break" | "continue" | "throw" => {
                let (leave, failing) = match program.to_ascii_lowercase().as_str() {
                    "return" => (Leave::Return, false),
                    "break" => (Leave::Break, false),
                    "continue" => (Leave::Continue, false),
                    "throw" => (Leave::Exit, true),
                    _ => {
                        let code = arguments.iter().map(Text::as_str).find(|a| !a.eq_ignore_ascii_case("/b"));
                        (Leave::Exit, code.is_some_and(|code| code != "0"))
                    }
                };
                self.leave(leave, failing);
                Some(Status::same(Cond::TRUE))
            }
            "eval" => {
                let text = Text::from(arguments.iter().map(Text::as_str).collect::<Vec<_>>().join(" "));
                let known = arguments.first().is_some_and(|t| t.symbol().is_none());
                if !known {
                    return None;
                }
                self.eval(&text, "eval", simple);
                done
            }
            "trap" => {
                let exits = arguments.iter().skip(1).any(|s| matches!(s.as_str(), "EXIT" | "0" | "exit"));
                if let Some(script) = first.filter(|t| exits && t.symbol().is_none() && t.as_str() != "-") {
                    let script = script.clone();
                    self.eval(&script, "trap", simple);
                }
                done
            }
            "shopt" | "umask" | "wait" | "alias" | "hash" | "ulimit" | "setlocal" | "endlocal" => done,
            _ => None,
        }
    }

    fn set(&mut self, arguments: &[Text]) {
        for (at, argument) in arguments.iter().enumerate() {
            match argument.as_str() {
                "--" => {
                    self.positional = arguments.get(at + 1..).unwrap_or_default().to_vec();
                    return;
                }
                "allexport" => {
                    let on = at.checked_sub(1).and_then(|at| arguments.get(at)).is_some_and(|a| a.as_str() == "-o");
                    self.scope.export_all = on;
                }
                flags if flags.starts_with(['-', '+']) && flags.contains('a') && flags.len() < 8 => {
                    self.scope.export_all = flags.starts_with('-');
                }
                _ => {}
            }
        }
    }

    fn declare(&mut self, program: &str, arguments: &[Text], simple: &Simple) {
        let exports = program == "export" || arguments.iter().any(|a| a.as_str() == "-x");
        let local = matches!(program, "local" | "declare" | "typeset") && !arguments.iter().any(|a| a.as_str() == "-g");
        let remember = |this: &mut Self, name: &str| {
            let held = this.scope.get(name).cloned();
            if let Some(locals) = this.locals.last_mut().filter(|_| local) {
                locals.push((name.to_owned(), held));
            }
        };
        for assignment in &simple.declarations {
            remember(self, &assignment.name);
            self.assign(assignment, exports);
        }
        for argument in arguments.iter().filter(|a| !a.as_str().starts_with('-')) {
            // `export "X=$Y"` comes as one word.
            match argument.as_str().split_once('=') {
                Some((name, value)) => {
                    remember(self, name);
                    self.scope.set(name, Held::Scalar(Text::from(value)), exports);
                }
                None => {
                    remember(self, argument.as_str());
                    if program == "local" {
                        self.scope.set(argument.as_str(), Held::Scalar(Text::default()), false);
                    }
                    if exports {
                        self.scope.export(argument.as_str());
                    }
                }
            }
        }
    }

    fn assign_read(&mut self, arguments: &[Text]) {
        let source = self.input.as_ref().map(|(text, _)| symbol::inline(text)).unwrap_or_default();
        let mut value_next = false;
        for argument in arguments {
            let text = argument.as_str();
            if std::mem::take(&mut value_next) {
                continue;
            }
            if let Some(letters) = text.strip_prefix('-') {
                value_next = letters.ends_with(['d', 'p', 't', 'n', 'N', 'u', 'i', 'a']) && !letters.ends_with('a');
                continue;
            }
            let value = symbol::unknown("read", &format!("{text} from {source} #{}", self.here));
            self.scope.set(text, Held::Scalar(value), false);
        }
    }
}

impl Streams {
    fn into_file(&mut self, target: Text) {
        self.stdout = Some(match target.as_str() {
            "/dev/null" | "/dev/stderr" | "/dev/tty" | "$null" | "NUL" | "nul" => Stdout::Nowhere,
            "/dev/stdout" => return,
            _ => Stdout::File(target.clone()),
        });
        self.file = Some(target);
    }
}
