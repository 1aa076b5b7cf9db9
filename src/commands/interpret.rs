//! Walks a script and lists what it runs.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::capture::{Capture, Stdout, Writes, settle};
use super::choices::Choices;
use super::jumps::Jump;
use super::scope::{Held, Scope};
use super::sourced::Sourced;
use super::status::{Rendered, Status, Strict};
use super::tolerance::Tolerance;
use super::{Parsed, paths, rounds, symbol};
use crate::catalogue::{Indexed, Wrapper};
use crate::model::{self, Bound, Cond, Hop, Location, Text, Unread};
use crate::syntax::shell::{Node, Script};
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
pub(super) const MOST_CALLS: usize = 12;
/// Branches of one `if` or `case`.
pub(super) const MOST_BRANCHES: usize = 200;
/// Exits and nested branches that make up one condition.
pub(super) const MOST_CONDITIONS: usize = 100;

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
        Shell::Posix => shell::parse(&spaced(text)),
        Shell::PowerShell => powershell::parse(text),
        Shell::Batch => batch::parse(text),
    }
}

/// A script without single blanks behind continuations, which the grammar library takes for a part of the word: they
/// move in front, so that offsets stay.
fn spaced(text: &str) -> Cow<'_, str> {
    if !text.contains("\\\n") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\\n") {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let after = tail.get(2..).unwrap_or_default();
        let mut next = after.chars();
        let blank = next.next().filter(|c| matches!(c, ' ' | '\t'));
        let single = blank.is_some() && next.next().is_some_and(|c| !matches!(c, ' ' | '\t'));
        // An escaped backslash continues nothing.
        if single && !head.ends_with('\\') {
            out.push_str(" \\\n");
            rest = after.get(1..).unwrap_or_default();
        } else {
            out.push_str("\\\n");
            rest = after;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Gives the path and the text of a script that is asked for by its path.
pub(super) type Sources<'a> = dyn Fn(&Text) -> Option<(Arc<str>, Arc<str>)> + 'a;

/// What a script starts with.
pub struct Context<'a> {
    /// Its environment; a later entry of the same name wins. A script file finds its own path as `0`.
    pub env: &'a [(String, Text)],
    /// The variables that the platform sets below its environment, asked for by name.
    pub platform: &'a dyn Fn(&str) -> Option<Text>,
    /// What its CI expressions stand for, by number.
    pub holes: &'a [Text],
    /// The folder in which it starts, relative to the checkout.
    pub folder: Text,
    /// The place of a stretch of the parsed text, from its first byte to the one behind its last. A caller that
    /// parsed a masked
    /// text maps the offsets back with [`shell::Masked::original`].
    pub locate: &'a dyn Fn(usize, usize) -> Location,
    /// How it was reached.
    pub chain: Vec<Hop>,
    /// Under which condition it runs.
    pub cond: Cond,
    /// `$1` and so on.
    pub positional: Vec<Text>,
    /// What symbols in its environment and its expressions can stand for.
    pub choices: Choices,
    /// Programs that run the command behind them.
    pub wrappers: &'a Indexed<Wrapper>,
    /// Scripts that were parsed before.
    pub parsed: &'a Parsed,
    /// The script of the checkout under a path, with that path, for a shell that takes it into itself.
    pub sourced: &'a Sources<'a>,
    /// The list of variables that earlier steps wrote into a file.
    pub kept: &'a dyn Fn(&Text) -> Option<Arc<str>>,
}

/// Lists the commands of a script in order, with what it hands on to later steps.
///
/// A command is taken to succeed, since scripts of CI platforms stop at the first that fails: `a && b` runs both.
/// Known tests are decided; others become conditions, and so does the failure that `a || b` needs. An `exit` under a
/// condition leaves its opposite for what follows, except when the script fails on the machine's state
/// (`make || exit 1`), which is an assertion like any failing command.
pub fn interpret(script: &Script, context: Context<'_>) -> model::Script {
    let mut interpreter = start(context);
    interpreter.script(script);
    if !interpreter.is_dead() {
        interpreter.answers();
    }
    interpreter.finish()
}

/// What a script prints, where reading tells: a text, or a symbol whose values are known.
pub(super) fn printed(script: &Script, context: Context<'_>) -> Option<Text> {
    let choices = context.choices.clone();
    let mut interpreter = start(context);
    let text = interpreter.substitution(script, "");
    interpreter.finish();
    let known = text.literal().is_some_and(|text| !text.is_empty() && !text.contains('\n'));
    (known || choices.of(&text).is_some()).then_some(text)
}

fn start(context: Context<'_>) -> Interpreter<'_> {
    let frame = Rc::new(Frame { holes: context.holes.to_vec(), origin: None, file: None });
    Interpreter {
        scope: Scope::default(),
        frame,
        folder: context.folder.clone(),
        folders: Vec::new(),
        before: None,
        path: Vec::new(),
        jumps: Vec::new(),
        functions: HashMap::new(),
        positional: context.positional.clone(),
        options: rounds::Place::default(),
        sources: Vec::new(),
        locals: Vec::new(),
        chain: context.chain.clone(),
        stdout: Stdout::Log,
        captures: Vec::new(),
        input: None,
        written: Writes::default(),
        found: model::Script::default(),
        exact: false,
        tolerance: Tolerance::default(),
        rendered: Rendered::default(),
        here: 0,
        steps: 0,
        unknown: 0,
        depth: 0,
        calls: 0,
        bodies: Vec::new(),
        context,
    }
}

/// Where the script being walked comes from.
pub(super) struct Frame {
    /// What its holes stand for.
    pub(super) holes: Vec<Text>,
    /// The command that carries it, when it is a string and not the step's own text.
    pub(super) origin: Option<Location>,
    /// The file that a shell took into itself.
    pub(super) file: Option<Sourced>,
}

pub(super) struct Interpreter<'a> {
    pub(super) context: Context<'a>,
    pub(super) scope: Scope,
    pub(super) frame: Rc<Frame>,
    pub(super) folder: Text,
    pub(super) folders: Vec<Text>,
    pub(super) before: Option<Text>,
    /// Conditions on the way to here; each entry includes the ones before it.
    pub(super) path: Vec<Cond>,
    pub(super) jumps: Vec<Jump>,
    pub(super) functions: HashMap<String, (Arc<Node>, Rc<Frame>)>,
    pub(super) positional: Vec<Text>,
    /// How far `getopts` has come in them.
    pub(super) options: rounds::Place,
    /// The files that are being taken in, each by the one before it.
    pub(super) sources: Vec<Arc<str>>,
    pub(super) locals: Vec<Vec<(String, Option<Held>)>>,
    pub(super) chain: Vec<Hop>,
    pub(super) stdout: Stdout,
    pub(super) captures: Vec<Capture>,
    pub(super) input: Option<(Text, bool)>,
    pub(super) written: Writes,
    pub(super) found: model::Script,
    /// Whether what is printed counts by the success of what stands before it, as another text follows where it fails.
    pub(super) exact: bool,
    /// Whether the failure of what runs is passed over.
    pub(super) tolerance: Tolerance,
    /// The last command.
    pub(super) rendered: Rendered,
    /// Where the last command stands.
    pub(super) here: usize,
    pub(super) steps: usize,
    /// How many conditions had too many parts.
    pub(super) unknown: usize,
    depth: usize,
    pub(super) calls: usize,
    /// The functions that run, each within the one before it.
    pub(super) bodies: Vec<Arc<Node>>,
}

/// The conditions that all have to hold.
pub(super) fn parts(cond: &Cond) -> &[Cond] {
    match cond {
        Cond::All(all) => all,
        one => std::slice::from_ref(one),
    }
}

impl Interpreter<'_> {
    pub(super) fn finish(self) -> model::Script {
        let Parsed { walked, .. } = self.context.parsed;
        walked.set(walked.get() + self.steps.min(MOST_STEPS));
        let mut script = self.found;
        let reached = |writes: Vec<model::OutputWrite>| {
            let within = &self.context.cond;
            settle(writes).into_iter().map(|w| model::OutputWrite { cond: within.clone().and(w.cond), ..w }).collect()
        };
        script.outputs = reached(self.written.outputs);
        script.exports = reached(self.written.exports);
        script.unnamed = self.written.unnamed;
        script.masked = self.written.masked;
        script.unread.sort_unstable();
        script.unread.dedup();
        script
    }

    pub(super) fn locate(&self, offset: usize, end: usize) -> Location {
        match (&self.frame.origin, &self.frame.file) {
            (Some(location), _) => location.clone(),
            (None, Some(file)) => file.locate(offset, end),
            (None, None) => (self.context.locate)(offset, end),
        }
    }

    pub(super) fn unread(&mut self, offset: usize, why: impl Into<Unread>) {
        let (location, why) = (self.locate(offset, offset + 1), why.into());
        if !self.found.unread.iter().any(|(_, w)| *w == why) || self.found.unread.len() < 100 {
            self.found.unread.push((location, why));
        }
    }

    /// Counts a step; `false` when there have been too many.
    pub(super) fn step(&mut self) -> bool {
        self.steps += 1;
        if self.steps == MOST_STEPS + 1 {
            self.unread(self.here, Bound::More(MOST_STEPS, "steps"));
        }
        self.steps <= MOST_STEPS
    }

    /// Counts the handling of a text as steps, so that long texts in loops cannot fill time and memory.
    pub(super) fn charge(&mut self, bytes: usize) {
        for _ in 0..bytes / 64 {
            if !self.step() {
                return;
            }
        }
    }

    /// Under which condition of the script the current place is reached.
    pub(super) fn script_cond(&self) -> Cond {
        self.path.last().cloned().unwrap_or(Cond::TRUE)
    }

    pub(super) fn is_dead(&self) -> bool {
        matches!(self.path.last(), Some(Cond::Known(false)))
    }

    pub(super) fn push(&mut self, cond: Cond) {
        let before = self.script_cond();
        // The rounds of a loop often leave under the same condition.
        let keeps = matches!(cond, Cond::Known(_)) || !self.is_full() || parts(&before).contains(&cond);
        if !keeps {
            self.unread(self.here, Bound::Conditions(MOST_CONDITIONS));
        }
        self.path.push(if keeps { before.and(cond) } else { before });
    }

    /// Whether the current place has as many conditions as are kept.
    pub(super) fn is_full(&self) -> bool {
        self.path.last().is_some_and(|cond| parts(cond).len() >= MOST_CONDITIONS)
    }

    /// Runs something whose variables, folder and exits stay inside.
    pub(super) fn apart<R>(&mut self, run: impl FnOnce(&mut Self) -> R) -> R {
        let scope = self.scope.clone();
        let (folder, folders, positional) = (self.folder.clone(), self.folders.clone(), self.positional.clone());
        let options = std::mem::take(&mut self.options);
        let goes_on = self.tolerance.goes_on;
        let (result, _) = self.under(&Cond::TRUE, |_| true, run);
        self.options = options;
        self.tolerance.goes_on = goes_on;
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

    pub(super) fn sequence(&mut self, nodes: &[Node]) -> Status {
        let mut status = Status::same(Cond::TRUE);
        for node in nodes {
            status = self.status(node);
        }
        status
    }

    pub(super) fn run(&mut self, node: &Node) {
        self.status(node);
    }

    pub(super) fn success(&self) -> Status {
        Status { lenient: Cond::TRUE, strict: Strict::Success(self.rendered.clone()) }
    }

    /// Runs a statement and tells whether it succeeds.
    pub(super) fn status(&mut self, node: &Node) -> Status {
        if !self.step() || self.is_dead() {
            return Status::same(Cond::TRUE);
        }
        if self.depth >= MOST_DEPTH {
            self.unread(self.here, Bound::Nesting);
            return Status::same(Cond::TRUE);
        }
        self.depth += 1;
        let status = self.statement(node);
        self.depth -= 1;
        status
    }

    pub(super) fn statement(&mut self, node: &Node) -> Status {
        match node {
            Node::Command(simple) => self.simple(simple),
            Node::And(..) | Node::Or(..) => self.chain(node),
            Node::Not(inner) => {
                let status = self.status(inner);
                let negated = status.strict.cond().negate();
                if status.is_same() {
                    Status::same(negated)
                } else {
                    Status { lenient: Cond::TRUE, strict: Strict::Known(negated) }
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
            Node::Test(test) => {
                let cond = self.double_bracket(test);
                Status::same(self.context.choices.resolve(cond))
            }
            Node::Opaque(raw) => Status::same(Cond::atom(symbol::fold(&self.bound(raw)))),
            Node::Redirected(inner, redirects) => self.redirected(inner, redirects),
        }
    }

    /// A path as a part of conditions and symbols: seen from the root of the checkout.
    pub(super) fn place(&self, path: &Text) -> Text {
        if self.folder.is_empty() { path.clone() } else { paths::join(&self.folder, path) }
    }
}
