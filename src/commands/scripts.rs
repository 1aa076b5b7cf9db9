//! Scripts of steps, with everything they lead to inside the checkout.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use super::follow::{self, Call, Entered, Implied, Machine, Piece};
use super::interpret::printed;
use super::listed::{filled, is_list};
use super::matching::{matches_program, program as program_of};
use super::wrappers::{assigned, wrapped};
use super::{Choices, Context, IDENTITY, Parsed, Shell, interpret, paths};
use crate::catalogue::{Catalogue, Producer};
use crate::checkout::Checkout;
use crate::model::{Bound, Command, Cond, Hop, Location, Position, Script, Span, Text};
use crate::syntax::lines::Starts;
use crate::syntax::literals;
use crate::syntax::shell::Masked;
use crate::syntax::surroundings::{Folder, Surroundings};

/// Hops from a step to a command.
const MOST_HOPS: usize = 8;
/// Scripts entered for one step.
const MOST_PIECES: usize = 2_000;
/// Folders in which programs are looked for.
const MOST_PATHS: usize = 16;
/// Text read for one step, in bytes.
const MOST_BYTES: usize = 12 * 1024 * 1024;

/// A script to read.
pub struct Reading<'a> {
    /// Its text, CI expressions included.
    pub text: &'a str,
    /// The shell that runs it.
    pub shell: &'a str,
    /// What its CI expressions stand for, in order.
    pub holes: &'a [Text],
    /// Its environment.
    pub env: &'a [(String, Text)],
    /// The variables that the platform sets below its environment, asked for by name.
    pub platform: &'a dyn Fn(&str) -> Option<Text>,
    /// The folder it runs in, relative to the checkout.
    pub folder: Text,
    /// The place of a stretch of `text`.
    pub locate: &'a dyn Fn(usize, usize) -> Location,
    /// How it was reached.
    pub chain: &'a [Hop],
    /// What symbols in `holes` and `env` can stand for.
    pub choices: Choices,
}

/// The environment of a script, and what the platform sets below it.
type Variables<'a> = (&'a [(String, Text)], &'a dyn Fn(&str) -> Option<Text>);

/// Reads scripts of one checkout.
pub struct Scripts<'c> {
    checkout: &'c Checkout,
    parsed: Parsed,
    /// What the job left on its machine so far.
    machine: RefCell<Machine>,
    /// The folders of the workspace that hold the repository; the workspace itself is the empty one.
    homes: RefCell<Vec<String>>,
}

/// What is left of the bounds while one step is followed.
struct Budget {
    pieces: usize,
    bytes: usize,
    /// Scripts that are being followed, against going in circles.
    open: Vec<(String, u32, u64)>,
    /// Scripts that were followed with the same words before.
    done: BTreeSet<String>,
    /// What symbols can stand for.
    choices: Choices,
    /// Scripts that this step writes in any case.
    written: BTreeSet<String>,
}

impl<'c> Scripts<'c> {
    /// A reader for this checkout.
    pub fn new(checkout: &'c Checkout) -> Self {
        Self { checkout, parsed: Parsed::default(), machine: RefCell::default(), homes: RefCell::default() }
    }

    /// Forgets what earlier jobs left on their machines. The repository lies in the folders `homes` of the workspace.
    pub fn fresh_machine(&self, homes: &[Text]) {
        self.machine.take();
        let folder = |home: &Text| paths::join(&Text::default(), home).to_string();
        *self.homes.borrow_mut() = homes.iter().map(folder).collect();
    }

    /// A folder of the workspace as one of the checkout.
    pub fn folder(&self, folder: &Text) -> Text {
        let inside = self.from_home(folder);
        if inside.as_str() == "." { Text::default() } else { inside }
    }

    /// The folder of an action, in whichever of its copies in the workspace, as one of the checkout.
    pub fn folder_of_action(&self, folder: &str) -> String {
        let homes = self.homes.borrow();
        let below = homes.iter().filter(|home| !home.is_empty()).find_map(|home| within(folder, home));
        below.unwrap_or(folder).to_owned()
    }

    /// The one folder of the workspace that holds the repository, where it is not the workspace itself: another copy may
    /// be of another branch.
    fn home(&self) -> Option<String> {
        match self.homes.borrow().as_slice() {
            [only] if !only.is_empty() => Some(only.clone()),
            _ => None,
        }
    }

    /// A command of the workspace as one of the checkout. A word that is the folder's name may mean something else, unless
    /// an option leads there.
    fn bring_home(&self, command: &mut Command) {
        if self.home().is_none() {
            return;
        }
        if command.folder.is_empty() {
            let leads = |at: usize| {
                let before = at.checked_sub(1).and_then(|at| command.words.get(at));
                before.is_some_and(|w| matches!(w.as_str(), "-C" | "--directory"))
            };
            let words = command.words.iter().enumerate().map(|(at, word)| match self.from_home(word) {
                home if home.as_str() == "." && !leads(at) => word.clone(),
                inside => inside,
            });
            command.words = words.collect();
            command.output = command.output.as_ref().map(|file| self.from_home(file));
        } else if command.words.iter().any(|word| word.as_str().starts_with("../")) {
            let words = command.words.iter().map(|word| self.climbing(&command.folder, word));
            command.words = words.collect();
        }
        command.folder = self.folder(&command.folder);
    }

    /// A path that leads from a folder of the workspace up and down into the repository again, as one of the checkout.
    fn climbing(&self, folder: &Text, word: &Text) -> Text {
        let (from, path) = (self.folder(folder), paths::join(folder, word));
        let inside = self.from_home(&path);
        if !word.as_str().starts_with("../") || inside == path {
            return word.clone();
        }
        let steps = from.as_str().split('/').filter(|part| !part.is_empty()).map(|_| "../");
        Text::new(format!("{}{inside}", steps.collect::<String>()))
    }

    /// Paths of the workspace, one a line, as paths of the checkout.
    pub fn from_home(&self, paths: &Text) -> Text {
        let Some(home) = self.home().filter(|home| paths.as_str().contains(home.as_str())) else {
            return paths.clone();
        };
        let inside = |line: &str| {
            let below = within(line.trim_start_matches("./"), &home)?;
            Some(if below.is_empty() { ".".to_owned() } else { below.to_owned() })
        };
        let lines = paths.as_str().split('\n').map(|line| inside(line).unwrap_or_else(|| line.to_owned()));
        Text::new(lines.collect::<Vec<_>>().join("\n"))
    }

    /// Whether the job has built images, or written scripts or settings, which later commands may use.
    pub fn left_something(&self) -> bool {
        let machine = self.machine.borrow();
        !machine.images.is_empty() || !machine.files.is_empty() || !machine.settings.is_empty()
    }

    /// The commands of a script and of all that it runs.
    pub fn read(&self, reading: &Reading<'_>) -> Script {
        let mut holes = reading.holes.iter();
        let masked = Masked::new(reading.text, |inner| holes.next().cloned().unwrap_or_else(|| Text::unknown(inner)));
        let locate = |from, to| (reading.locate)(masked.original(from), masked.original(to));
        let run = |text: &str, shell: Shell, holes: &[Text], locate: &dyn Fn(usize, usize) -> Location| {
            let context = Context {
                env: reading.env,
                platform: reading.platform,
                holes,
                folder: reading.folder.clone(),
                locate,
                chain: reading.chain.to_vec(),
                cond: Cond::TRUE,
                positional: Vec::new(),
                choices: reading.choices.clone(),
                wrappers: &Catalogue::get().wrappers,
                parsed: &self.parsed,
                sourced: &|path| self.sourced(path),
                kept: &|path| self.kept(path),
            };
            interpret(&self.parsed.read(text, shell), context)
        };
        let mut script = match language(reading.shell) {
            Language::Shell(shell) => run(&masked.text, shell, &masked.holes, &locate),
            Language::Program => program(reading.text, &locate, reading.chain, &reading.folder, Cond::TRUE),
        };
        // A program of its own that runs the script does so as a command like any other.
        if !is_usual(reading.shell) {
            let at = |_: usize, _: usize| (reading.locate)(0, reading.text.len().min(1));
            let shell = run(reading.shell, Shell::Posix, &[], &at);
            script.commands.splice(0..0, shell.commands);
        }
        // Programs in the step itself take modules from the workspace; which of their functions run, nothing shows.
        let mut modules = match reading.shell {
            "javascript" => modules(reading.text, &locate, reading.chain, &reading.folder),
            _ => Script::default(),
        };
        for command in script.commands.iter_mut().chain(&mut modules.commands) {
            self.bring_home(command);
        }
        let mut budget = Budget {
            pieces: MOST_PIECES,
            bytes: MOST_BYTES,
            open: Vec::new(),
            done: BTreeSet::new(),
            choices: reading.choices.clone(),
            written: BTreeSet::new(),
        };
        let mut script = self.follow(script, (reading.env, reading.platform), &mut budget);
        let modules = publications(self.follow(modules, (reading.env, reading.platform), &mut budget));
        script.commands.extend(modules.commands);
        script.unread.extend(modules.unread);
        self.checkout.spend(self.parsed.walked.take());
        script
    }

    /// Adds behind every command what it leads to.
    fn follow(&self, script: Script, env: Variables<'_>, budget: &mut Budget) -> Script {
        let mut all = Script { commands: Vec::with_capacity(script.commands.len()), ..script };
        self.checkout.spend(10 * script.commands.len());
        for command in script.commands {
            budget.written.extend(self.keep(&command).filter(|_| command.cond.is_always()));
            self.machine.borrow_mut().settings.keep(self.checkout, &command);
            self.keep_path(&command);
            let stand_in = self.stand_in(&command, env, &budget.written);
            let is_other = stand_in.is_some();
            let entered = stand_in.or_else(|| self.enter(&command, env, &budget.choices));
            let Some(entered) = entered.or_else(|| self.on_path(&command, env)) else {
                all.commands.push(command);
                continue;
            };
            if !is_other {
                all.commands.push(command.clone());
            }
            {
                let images = &mut self.machine.borrow_mut().images;
                images.extend(entered.image.clone().filter(|image| images.last() != Some(image)));
            }
            all.sources.extend(entered.sources);
            let mut chain = command.chain.clone();
            chain.push(Hop { what: entered.what.clone(), location: command.location.clone() });
            if let Some(why) = &entered.unread {
                all.unread.push((command.location.clone(), why.clone()));
            }
            let mut pieces = entered.pieces;
            for implied in entered.implied {
                pieces.extend(follow::script_of(&implied.words, &command.folder));
                let typed =
                    implied.words.first().is_some_and(|w| !w.as_str().contains(':') || w.as_str().contains('/'));
                let layers = wrapped(&implied.words, &Catalogue::get().wrappers);
                let set = assigned(&implied.words, &layers);
                let implied = Command {
                    env: command.env.iter().cloned().chain(set).collect(),
                    wrapped: layers,
                    words: implied.words.into(),
                    chain: if implied.location.is_some() { chain.clone() } else { command.chain.clone() },
                    location: implied.location.unwrap_or_else(|| command.location.clone()),
                    ..command.clone()
                };
                if typed && chain.len() <= MOST_HOPS {
                    // A command like any other, which may lead further.
                    let inner = Script { commands: vec![implied], ..Script::default() };
                    let inner = self.follow(inner, env, budget);
                    all.commands.extend(inner.commands);
                    all.sources.extend(inner.sources);
                    all.unread.extend(inner.unread);
                } else {
                    if typed {
                        all.unread.push((command.location.clone(), Bound::Hops(MOST_HOPS).into()));
                    }
                    all.commands.push(implied);
                }
            }
            if pieces.is_empty() {
                continue;
            }
            if chain.len() > MOST_HOPS {
                all.unread.push((command.location.clone(), Bound::Hops(MOST_HOPS).into()));
                continue;
            }
            for piece in pieces {
                let mut inner = self.piece(&piece, &command, &chain, env, budget);
                if entered.publications_only {
                    inner = publications(inner);
                }
                all.commands.extend(inner.commands);
                all.outputs.extend(inner.outputs);
                all.exports.extend(inner.exports);
                all.unnamed.extend(inner.unnamed);
                all.masked.extend(inner.masked);
                all.sources.extend(inner.sources);
                all.unread.extend(inner.unread);
            }
        }
        all
    }

    fn enter(&self, command: &Command, (env, platform): Variables<'_>, choices: &Choices) -> Option<Entered> {
        // Files ask for the same line wherever they use its variable.
        let asked: RefCell<BTreeMap<String, Option<Text>>> = RefCell::default();
        let shell = |line: &str, folder: &str| {
            let key = format!("{folder}\n{line}");
            if let Some(known) = asked.borrow().get(&key) {
                return known.clone();
            }
            let printed = self.substituted((line, folder), command, (env, platform), choices);
            asked.borrow_mut().insert(key, printed.clone());
            printed
        };
        command.views().rev().find_map(|words| {
            let call = Call::new(self.checkout, words, &command.folder, [env, &command.env], platform);
            follow::enter(&call.with_shell(&shell, choices), command.input.as_ref(), &self.machine.borrow())
        })
    }

    /// What a line of shell prints in a folder and in the environment of a command, where reading tells.
    fn substituted(
        &self,
        (line, folder): (&str, &str),
        command: &Command,
        (env, platform): Variables<'_>,
        choices: &Choices,
    ) -> Option<Text> {
        if line.trim() == "git rev-parse --show-toplevel" {
            return Some(Text::new(paths::rooted("")));
        }
        let masked = Masked::of(&Text::new(line));
        let env: Vec<(String, Text)> = env.iter().chain(&command.env).cloned().collect();
        self.checkout.spend(env.len() + line.len() / 16);
        let context = Context {
            env: &env,
            platform,
            holes: &masked.holes,
            folder: Text::new(folder),
            locate: &|_, _| command.location.clone(),
            chain: Vec::new(),
            cond: Cond::TRUE,
            positional: Vec::new(),
            choices: choices.clone(),
            wrappers: &Catalogue::get().wrappers,
            parsed: &self.parsed,
            sourced: &|_| None,
            kept: &|_| None,
        };
        printed(&self.parsed.read(&masked.text, Shell::Posix), context)
    }

    /// What runs in place of the program that a command names: a script that this step has written into the folder that
    /// it looks for programs first (`PATH="$fakes:$PATH"`), as tests of release scripts do.
    fn stand_in(
        &self,
        command: &Command,
        (env, platform): Variables<'_>,
        written: &BTreeSet<String>,
    ) -> Option<Entered> {
        let program = command.words.first()?.literal().filter(|p| !written.is_empty() && !p.contains('/'))?;
        let paths = command.env.iter().rev().chain(env.iter().rev()).find(|(name, _)| name == "PATH");
        let first = paths?.1.items(&[':']).into_iter().next()?;
        let path = follow::join(command.folder.as_str(), &format!("{first}/{program}"));
        let call = Call::new(self.checkout, &command.words, &command.folder, [env, &command.env], platform);
        written.contains(&path).then(|| follow::written(&call, &path, &self.machine.borrow()))?
    }

    /// Keeps the folder in which a command has programs looked for (`echo "$PWD/bin" >> "$GITHUB_PATH"`).
    fn keep_path(&self, command: &Command) {
        let Some((program, folders)) = command.words.split_first() else { return };
        let adds = command.output.as_ref().is_some_and(|file| file.as_str().contains("GITHUB_PATH"));
        if !adds || !matches!(program.as_str(), "echo" | "printf") {
            return;
        }
        let found = folders.iter().filter_map(|folder| below(command.folder.as_str(), folder));
        let mut machine = self.machine.borrow_mut();
        machine.paths.extend(found);
        machine.paths.truncate(MOST_PATHS);
    }

    /// A program of the checkout that a command names, which lies in a folder where it looks for programs.
    fn on_path(&self, command: &Command, (env, _): Variables<'_>) -> Option<Entered> {
        let (program, arguments) = command.words.split_first()?;
        let program = program.literal().filter(|name| !name.contains('/'))?;
        let set = command.env.iter().rev().chain(env.iter().rev()).find(|(name, _)| name == "PATH");
        let own = set.map(|(_, folders)| folders.items(&[':'])).unwrap_or_default();
        let own = own.iter().take(MOST_PATHS).filter_map(|folder| below(command.folder.as_str(), folder));
        let machine = self.machine.borrow();
        let mut all = own.chain(machine.paths.iter().cloned()).map(|folder| format!("{folder}/{program}"));
        let path = all.find(|path| self.checkout.is_there(path));
        let path = path.or_else(|| follow::copied(self.checkout, &machine.images, program))?;
        let up = "../".repeat(command.folder.as_str().split('/').filter(|part| !part.is_empty()).count());
        let words = std::iter::once(Text::new(format!("./{up}{path}"))).chain(arguments.iter().cloned()).collect();
        Some(Entered { what: path, implied: vec![Implied { words, location: None }], ..Entered::default() })
    }

    /// A script of the checkout, unless the job writes it or adds to it.
    fn sourced(&self, path: &Text) -> Option<(Arc<str>, Arc<str>)> {
        let path = self.from_home(&self.folder(path));
        let path = path.literal()?;
        if !self.checkout.is_there(path) || self.machine.borrow().files.contains_key(path) {
            return None;
        }
        let text = self.checkout.read(path).ok()?;
        self.checkout.spend(text.len() / 16);
        Some((Arc::from(path), text))
    }

    /// The list of variables that the job wrote into a file before.
    fn kept(&self, path: &Text) -> Option<Arc<str>> {
        let path = self.from_home(&self.folder(path));
        self.machine.borrow().lists.get(path.as_str()).map(|text| Arc::from(text.as_str()))
    }

    /// Keeps the script or the variables that a command writes into a file (`cat <<EOF >release.sh`), and gives the file
    /// of a script.
    fn keep(&self, command: &Command) -> Option<String> {
        let (file, text) = filled(command)?;
        let path = follow::join(command.folder.as_str(), file.as_str());
        let mut machine = self.machine.borrow_mut();
        let is_script = follow::language(&path, text.as_str()).is_some();
        let files = match is_script {
            true => &mut machine.files,
            false if is_list(text.as_str()) => &mut machine.lists,
            false => return None,
        };
        let kept = files.entry(path.clone()).or_default();
        // What is longer is not followed.
        if kept.len() <= follow::LONGEST_WRITTEN {
            kept.push_str(text.as_str());
        }
        is_script.then_some(path)
    }

    fn piece(
        &self,
        piece: &Piece,
        command: &Command,
        chain: &[Hop],
        (env, platform): Variables<'_>,
        budget: &mut Budget,
    ) -> Script {
        let words: Vec<&str> = piece.positional.iter().map(Text::as_str).collect();
        // The same line may stand for another command with other variables.
        let mut hasher = DefaultHasher::new();
        (&piece.text, &words, &piece.env, piece.folder.as_str()).hash(&mut hasher);
        let own = (piece.path.to_string(), piece.line, hasher.finish());
        let identity = format!("{}:{}:{}:", own.0, own.1, own.2);
        // A package script that calls itself with the words that it was called with comes back longer each time.
        let again = budget.open.iter().filter(|open| (&open.0, open.1) == (&own.0, own.1)).count();
        if budget.open.contains(&own) || again > 1 && own.0.ends_with("package.json") {
            return Script::default();
        }
        self.checkout.spend(piece.text.len() / 16 + self.parsed.walked.take());
        if budget.pieces == 0 || piece.text.len() > budget.bytes || self.checkout.is_spent() {
            let unread = vec![(command.location.clone(), Bound::Scripts.into())];
            return Script { unread, ..Script::default() };
        }
        if !budget.done.insert(format!("{identity}{}{}", command.may_fail, command.cond)) {
            return Script::default();
        }
        budget.pieces -= 1;
        budget.bytes -= piece.text.len();
        let masked = Masked::of(&Text::new(piece.text.as_str()));
        let lines = Starts::of(&piece.text);
        let locate = |from: usize, to: usize| {
            if piece.line == 0 {
                return command.location.clone();
            }
            let place = |offset| {
                let place = position((&piece.text, &lines), masked.original(offset), piece.line);
                let margin = if place.line == piece.line { piece.margins.0 } else { piece.margins.1 };
                Position { column: place.column.saturating_add(margin), ..place }
            };
            Location::new(&piece.path, Span { start: place(from), end: place(to) })
        };
        let mut inner_env: Vec<(String, Text)> = env.to_vec();
        inner_env.extend(command.env.iter().cloned());
        inner_env.extend(piece.env.iter().cloned());
        self.checkout.spend(inner_env.len());
        let mut script = match language(&piece.shell) {
            Language::Shell(shell) => interpret(
                &self.parsed.read(&masked.text, shell),
                Context {
                    env: &inner_env,
                    platform,
                    holes: &masked.holes,
                    folder: piece.folder.clone(),
                    locate: &locate,
                    chain: chain.to_vec(),
                    cond: command.cond.clone(),
                    positional: piece.positional.clone(),
                    choices: budget.choices.clone(),
                    wrappers: &Catalogue::get().wrappers,
                    parsed: &self.parsed,
                    sourced: &|path| self.sourced(path),
                    kept: &|path| self.kept(path),
                },
            ),
            Language::Program => program(&piece.text, &locate, chain, &piece.folder, command.cond.clone()),
        };
        script.commands.iter_mut().for_each(|c| c.may_fail |= command.may_fail);
        // What a container keeps from the command that runs in it, it keeps from what that one runs.
        if let Some(identity) = inner_env.iter().rev().find(|(name, _)| name == IDENTITY) {
            let lacking = script.commands.iter_mut().filter(|c| c.env.iter().all(|(name, _)| name != IDENTITY));
            lacking.for_each(|c| c.env.push(identity.clone()));
        }
        let handed = command.inherited.iter().chain(&command.env).chain(&piece.env);
        let handed: Vec<(String, Text)> = handed.filter(|(name, _)| name != "0" && name != IDENTITY).cloned().collect();
        if !handed.is_empty() {
            let handed: Arc<[(String, Text)]> = handed.into();
            script.commands.iter_mut().for_each(|c| c.inherited = Arc::clone(&handed));
        }
        budget.open.push(own);
        let followed = self.follow(script, (&inner_env, platform), budget);
        budget.open.pop();
        followed
    }
}

/// What a script publishes, and where following it ended at a bound.
pub fn publications(script: Script) -> Script {
    let catalogue = Catalogue::get();
    let publishes = |words: &[Text]| {
        let Some(program) = words.first().and_then(program_of) else { return false };
        let found = catalogue.index.all.of_program(program).within(&catalogue.index.sinks);
        let mut sinks = found.filter_map(|at| catalogue.sinks.get(at));
        sinks.any(|s| s.commands.iter().any(|pattern| matches_program(pattern, program, words).is_some()))
    };
    Script {
        commands: script.commands.into_iter().filter(|c| c.views().any(publishes)).collect(),
        unread: script.unread.into_iter().filter(|(_, why)| why.is_bound()).collect(),
        ..Script::default()
    }
}

/// How a script is read.
enum Language {
    Shell(Shell),
    /// A program whose literal commands alone are seen.
    Program,
}

/// A folder of the checkout, by a path that may begin with that of the workspace.
fn below(folder: &str, path: &Text) -> Option<String> {
    let (head, tail) = path.ends();
    let inside = match path.is_literal() {
        true if head.starts_with('/') => return None,
        true => follow::join(folder, head),
        false if head.is_empty() => follow::join("", tail),
        false => return None,
    };
    (!inside.is_empty()).then_some(inside)
}

/// Whether what runs a script is nothing but its interpreter.
fn is_usual(shell: &str) -> bool {
    let program = shell.split_whitespace().next().unwrap_or_default();
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let known = ["bash", "sh", "dash", "zsh", "ash", "pwsh", "powershell", "cmd", "fish", "nu", "msys2", "wsl-bash"];
    name.ends_with(".sh")
        || known.contains(&name.trim_end_matches(".exe"))
        || matches!(language(shell), Language::Program) && shell.split_whitespace().count() < 3
}

fn language(name: &str) -> Language {
    let program = name.split_whitespace().next().unwrap_or_default();
    match program.rsplit('/').next().unwrap_or(program) {
        "python" | "python3" | "javascript" | "node" | "ruby" | "perl" | "deno" | "bun" | "rust" | "go" => {
            Language::Program
        }
        _ => Language::Shell(Shell::of(name)),
    }
}

/// The literal commands of a program.
fn program(text: &str, locate: &dyn Fn(usize, usize) -> Location, chain: &[Hop], folder: &Text, cond: Cond) -> Script {
    let own = folder;
    let mut env: Vec<(String, Text)> = Vec::new();
    let mut script = Script::default();
    let invocations = literals::invocations(text);
    // Nothing is started, and what a long text is about nobody asks.
    let around = Surroundings::of(if invocations.is_empty() { "" } else { text }, &VARIABLES);
    for found in invocations {
        let location = locate(found.offset, found.offset + 1);
        let folder = match around.folder(&found) {
            None => own.clone(),
            Some(Folder::Literal(below)) => super::paths::join(own, &Text::new(below)),
            Some(Folder::Unknown) => Text::unknown(CHOSEN),
        };
        let folder = &folder;
        env.clear();
        env.extend(around.variables(&found).into_iter().map(|(name, value)| {
            let value = value.map_or_else(|| Text::unknown(&format!("program.{name}")), Text::new);
            (name.to_owned(), value)
        }));
        let literal = |words: &[Text], folder: &Text, location| Command {
            env: env.clone(),
            ..literal(words, folder, location, chain, &cond)
        };
        if !found.words.is_empty() {
            let words: Vec<Text> = found.words.iter().map(|w| Text::from(w.as_str())).collect();
            script.commands.push(literal(&words, folder, location));
            continue;
        }
        // A line for a shell: `cd dist && npm publish`.
        let words = quoted(Text::new(found.line.replace("; ", " ; ")).items(&[' ', '\t']));
        let mut folder = folder.clone();
        for part in words.split(|w| matches!(w.as_str(), "&&" | "||" | ";" | "|")) {
            match part {
                [cd, to] if cd.as_str() == "cd" => folder = super::paths::join(&folder, to),
                [] => {}
                words => script.commands.push(literal(words, &folder, location.clone())),
            }
        }
    }
    for library in Catalogue::get().libraries.iter().filter(|library| text.contains(&library.within)) {
        let call = library.call.as_str();
        let called = text.match_indices(call).map(|(at, _)| at).find(|at| {
            let given = text.get(at + call.len()..).unwrap_or_default().trim_start();
            let defined = text.get(..*at).is_some_and(|before| before.trim_end().ends_with("function"));
            !given.starts_with(')') && !defined && !literals::commented(text, *at)
        });
        if let Some(at) = called {
            let words: Vec<Text> = library.command.split(' ').map(Text::from).collect();
            script.commands.push(literal(&words, own, locate(at, at + call.len()), chain, &cond));
        }
    }
    script
}

/// The folder of a command that a program starts in one which only a run tells.
pub const CHOSEN: &str = "the folder that the program chooses";

/// The variables on which it depends whether a command makes provenance.
static VARIABLES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let producers = &Catalogue::get().producers;
    let broken = |p: &'static Producer| p.broken.iter().flat_map(|b| &b.when);
    let tests = producers.iter().flat_map(|p| p.when.iter().chain(&p.unless).chain(broken(p)));
    let tests = tests.flat_map(|test| std::iter::once(test).chain(&test.any).chain(&test.not));
    let mut names: Vec<&'static str> = tests.filter_map(|test| test.env.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    names
});

/// Words of a line, those between quotes as one.
fn quoted(words: Vec<Text>) -> Vec<Text> {
    let mut found = Vec::with_capacity(words.len());
    let mut rest = words.as_slice();
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        let text = word.as_str();
        let at = text.find(['"', '\'']).filter(|at| *at == 0 || text.get(..*at).is_some_and(|t| t.ends_with('=')));
        let Some(quote) = at.and_then(|at| text.get(at..=at)) else {
            found.push(word.clone());
            continue;
        };
        let odd = |t: &str| t.matches(quote).count() % 2 == 1;
        let more = if odd(text) { after.iter().position(|w| odd(w.as_str())).map_or(0, |n| n + 1) } else { 0 };
        let (inner, left) = after.split_at(more);
        rest = left;
        let whole = inner.iter().fold(text.to_owned(), |whole, w| format!("{whole} {w}"));
        found.push(Text::new(if odd(&whole) { whole } else { whole.replace(quote, "") }));
    }
    found
}

/// The modules that a program takes from the workspace, as if each were run by itself.
fn modules(text: &str, locate: &dyn Fn(usize, usize) -> Location, chain: &[Hop], folder: &Text) -> Script {
    let run = |(at, path): (usize, String)| {
        literal(&[Text::from("node"), Text::new(path)], folder, locate(at, at + 1), chain, &Cond::TRUE)
    };
    Script { commands: literals::modules(text).into_iter().map(run).collect(), ..Script::default() }
}

/// A command that a program starts.
fn literal(words: &[Text], folder: &Text, location: Location, chain: &[Hop], cond: &Cond) -> Command {
    Command {
        wrapped: wrapped(words, &Catalogue::get().wrappers),
        words: words.into(),
        env: Vec::new(),
        inherited: Arc::default(),
        input: None,
        output: None,
        folder: folder.clone(),
        cond: cond.clone(),
        may_fail: false,
        location,
        chain: chain.to_vec(),
    }
}

/// The position in a file of an offset in a text that starts on line `first`.
pub(super) fn position((text, lines): (&str, &Starts), offset: usize, first: u32) -> Position {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (before, characters) = lines.before(text, offset.min(text.len()));
    Position { line: first.saturating_add(count(before)), column: count(characters + 1), byte: 0 }
}

/// What is below a folder, of a path that lies in it or is the folder.
fn within<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let below = path.strip_prefix(folder)?;
    if below.is_empty() { Some(below) } else { below.strip_prefix('/') }
}
