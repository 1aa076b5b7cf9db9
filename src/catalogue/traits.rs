//! Single traits of steps: caches, remote access, credentials, hand-overs, neutral steps and wrappers.

use serde::Deserialize;

use super::{CommandPattern, Described, Expression, Pick, Split, Test};
use crate::model::EventKind;

/// A step that restores what another build can write.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// The entry's identifier.
    pub id: String,
    /// What is restored, as a clause that continues "this step ...".
    pub what: String,
    /// What to say where no input asks for it, as a clause behind `what`.
    #[serde(default)]
    pub by_default: Option<String>,
    /// Actions.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands, in the notation of sinks.
    #[serde(default)]
    pub commands: Vec<CommandPattern>,
    /// Environment variables, any of which switches it on in a build job.
    #[serde(default)]
    pub env: Vec<String>,
    /// The commands that read them, in the notation of sinks: where a job has some, they tell whether it is switched off.
    #[serde(default)]
    pub read_by: Vec<CommandPattern>,
    /// All must hold.
    #[serde(default)]
    pub when: Vec<Test>,
    /// None may hold.
    #[serde(default)]
    pub unless: Vec<Test>,
    /// It holds only when the repository has one of these files at its root.
    #[serde(default)]
    pub needs_file: Vec<String>,
    /// It holds only when such a file at the root matches this regular expression.
    #[serde(default)]
    pub file_matches: Option<Expression>,
    /// What names further files that such a file takes in, by its first group.
    #[serde(default)]
    pub file_imports: Option<Expression>,
    /// Options of the command whose values are further such files.
    #[serde(default)]
    pub file_flags: Vec<String>,
    /// One of these files at the root must match `switch_matches` as well.
    #[serde(default)]
    pub switch_file: Vec<String>,
    /// See `switch_file`.
    #[serde(default)]
    pub switch_matches: Option<Expression>,
    /// Events on whose runs it restores nothing.
    #[serde(default)]
    pub not_on: Vec<EventKind>,
    /// Whether it lives in the platform's own cache, which `cache-mode` governs.
    #[serde(default)]
    pub platform: bool,
    /// A remark for the report (an integrity argument).
    #[serde(default)]
    pub remark: Option<String>,
    /// How to switch it off, in the imperative.
    pub off: String,
}

/// A service that lets somebody into a running job, or that runs the build elsewhere.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remote {
    /// The entry's identifier.
    pub id: String,
    /// What it opens, as a clause that continues "this step ...".
    pub what: String,
    /// Actions.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands, in the notation of sinks.
    #[serde(default)]
    pub commands: Vec<CommandPattern>,
    /// All must hold.
    #[serde(default)]
    pub when: Vec<Test>,
    /// None may hold.
    #[serde(default)]
    pub unless: Vec<Test>,
    /// None may hold of what the job itself says, which may have services beside it.
    #[serde(default)]
    pub beside: Vec<Test>,
    /// It lets nobody in, but has the build run on a machine that nothing here shows.
    #[serde(default)]
    pub elsewhere: bool,
    /// That holds only where one of these files at the root matches `file_matches`.
    #[serde(default)]
    pub needs_file: Vec<String>,
    /// See `needs_file`.
    #[serde(default)]
    pub file_matches: Option<Expression>,
    /// What names further files that such a file takes in, by its first group.
    #[serde(default)]
    pub file_imports: Option<Expression>,
    /// Options of the command whose values are further such files.
    #[serde(default)]
    pub file_flags: Vec<String>,
}

impl Remote {
    /// The variables that decide whether it applies.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.wanted().filter_map(|test| test.env.as_deref())
    }

    fn wanted(&self) -> impl Iterator<Item = &Test> {
        self.when.iter().flat_map(|test| std::iter::once(test).chain(&test.any))
    }

    /// Whether a variable of a runner's environment sends the step's work elsewhere. A value that is not shown may.
    pub fn is_sent(&self, name: &str, value: Option<&str>) -> bool {
        let of = |test: &Test| test.env.as_deref() == Some(name);
        let fits = |test: &Test, value: &str| match &test.matches {
            Some(expected) => expected.search(value),
            None => !value.is_empty(),
        };
        self.wanted().filter(|test| of(test)).any(|test| value.is_none_or(|value| fits(test, value)))
            && !value.is_some_and(|value| self.unless.iter().any(|test| of(test) && fits(test, value)))
    }
}

/// A step that makes a build safer or better documented. It changes no level.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Safeguard {
    /// The entry's identifier.
    pub id: String,
    /// The rule that notes it.
    pub rule: String,
    /// What it does, as a clause that continues "this step ...".
    pub what: String,
    /// Actions.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands, in the notation of sinks.
    #[serde(default)]
    pub commands: Vec<CommandPattern>,
    /// All must hold.
    #[serde(default)]
    pub when: Vec<Test>,
    /// None may hold.
    #[serde(default)]
    pub unless: Vec<Test>,
}

/// A stored credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The entry's identifier.
    pub id: String,
    /// What it can write to, as a noun phrase ("an image registry").
    pub reach: String,
    /// Regular expressions over the name of the secret or of the variable or input that receives it, whole name,
    /// without regard to case.
    #[serde(default)]
    pub names: Vec<Expression>,
    /// The same over the name of the secret alone.
    #[serde(default)]
    pub own_names: Vec<Expression>,
    /// Regular expressions over the lines of a script that hand it on; one that matches somewhere is enough.
    #[serde(default)]
    pub lines: Vec<Expression>,
    /// Actions whose inputs receive it; absent: anywhere.
    #[serde(default)]
    pub actions: Vec<String>,
    /// What the inputs of the action begin with that say what the token may do which it makes of the credential; without
    /// any it may do all.
    #[serde(default)]
    pub narrowed_by: Option<String>,
    /// Whether any action that hands something out receives it too.
    #[serde(default)]
    pub publishers: bool,
    /// Whether it cannot write to anything that another build hands out (a scanner's token, a signing certificate).
    #[serde(default)]
    pub harmless: bool,
    /// Whether it is one of a registry, and serves for nothing but publishing there.
    #[serde(default)]
    pub registry: bool,
}

impl Credential {
    /// Whether it is one whatever receives it.
    pub fn goes_anywhere(&self) -> bool {
        self.actions.is_empty() && !self.publishers
    }
}

/// Steps that are alike in what they do to a build.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// In what they are alike, as a clause.
    pub why: String,
    /// Whether they may run code of the checkout or make bytes all the same: they only hand nothing to consumers.
    #[serde(default)]
    pub runs_code: bool,
    /// Actions; `*` stands for any part.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands, in the notation of sinks.
    #[serde(default)]
    pub commands: Vec<CommandPattern>,
}

/// Actions that hand on as outputs what they are given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passes {
    /// Actions.
    pub actions: Vec<String>,
    /// The input behind each output.
    pub outputs: std::collections::BTreeMap<String, String>,
}

/// A step that hands files from job to job of a run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The entry's identifier.
    pub id: String,
    /// Actions.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands, in the notation of sinks.
    #[serde(default)]
    pub commands: Vec<CommandPattern>,
    /// Flags that take a value.
    #[serde(default)]
    pub value_flags: Vec<String>,
    /// `true` when it stores, `false` when it fetches.
    pub stores: bool,
    /// Whether it makes what it stores.
    #[serde(default)]
    pub builds: bool,
    /// The artifact's name; without one a fetch takes all.
    #[serde(default)]
    pub name: Vec<Pick>,
    /// A pattern of artifact names.
    #[serde(default)]
    pub pattern: Vec<Pick>,
    /// The stored paths, or the folder that a fetch fills.
    #[serde(default)]
    pub paths: Vec<Pick>,
    /// The input under which several artifacts land in one folder instead of a folder each.
    #[serde(default)]
    pub merge: Vec<Test>,
    /// Conditions under which the only artifact there is lands in the folder itself, as if it were named.
    #[serde(default)]
    pub alone: Vec<Test>,
    /// It fetches from another run when one of these holds.
    #[serde(default)]
    pub foreign: Vec<Test>,
}

/// A step that makes other bytes of files that are there already.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The entry's identifier.
    pub id: String,
    /// Actions.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands, in the notation of sinks.
    #[serde(default)]
    pub commands: Vec<CommandPattern>,
    /// Flags that take a value as their next word.
    #[serde(default)]
    pub value_flags: Vec<String>,
    /// It changes nothing when one of these holds.
    #[serde(default)]
    pub unless: Vec<Test>,
    /// The files that it changes or writes; none picked: any.
    #[serde(default)]
    pub files: Vec<Pick>,
    /// Endings of what it writes, behind the name of the file; empty for the file itself.
    #[serde(default)]
    pub endings: Vec<String>,
    /// What it takes from elsewhere, if it does.
    #[serde(default)]
    pub brings: Option<Brings>,
}

/// How a step takes files from elsewhere: nothing here shows how they were built. Those that `files` picks are of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brings {
    /// The folder that is filled; none picked: the one that the command works in.
    #[serde(default)]
    pub folder: Vec<Pick>,
    /// What is asked for: the last part is the name of the file.
    #[serde(default)]
    pub named: Vec<Pick>,
    /// It unpacks this archive, and brings something where the archive is from elsewhere or comes through a pipe.
    #[serde(default)]
    pub archive: Vec<Pick>,
    /// It fetches sources: what is made of them here is built here.
    #[serde(default)]
    pub sources: bool,
    /// The image that it takes them out of; it brings nothing out of one that the run makes itself.
    #[serde(default)]
    pub image: Vec<Pick>,
    /// The container that it takes them out of, which stands for its image.
    #[serde(default)]
    pub container: Vec<Pick>,
    /// How a file is called that goes by another name than what is asked for, with `{}` for that: nothing comes where
    /// nothing is asked for.
    #[serde(default)]
    pub spelled: Option<String>,
    /// It fills no folder but the engine, with an image.
    #[serde(default)]
    pub engine: bool,
}

/// A program that runs the command behind it (`sudo`, `npx`, `bash -c`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrapper {
    /// Program and words, in the notation of sinks.
    pub commands: Vec<CommandPattern>,
    /// Flags that take a value as their next word.
    #[serde(default)]
    pub value_flags: Vec<String>,
    /// Whether the command runs in a container, whose image may hold any program and have an entry point of its own.
    #[serde(default)]
    pub container: bool,
    /// Whether it fetches the newest one of a program that is not installed.
    #[serde(default)]
    pub fetches: bool,
    /// Positional words to skip before the command.
    #[serde(default)]
    pub skip: usize,
    /// `true` when the command is one string that a shell reads (`bash -c`); the flag that carries it.
    #[serde(default)]
    pub script_flag: Vec<String>,
    /// The same without a flag: the word behind those to skip is that string.
    #[serde(default)]
    pub script: bool,
    /// What stands in front of the program's name in its word: `nixpkgs#gh`.
    #[serde(default)]
    pub mark: Option<String>,
    /// Whether it puts the secrets of a store into the environment of the command.
    #[serde(default)]
    pub secrets: bool,
}

impl Wrapper {
    /// Whether the command is one string that a shell reads.
    pub fn takes_script(&self) -> bool {
        self.script || !self.script_flag.is_empty()
    }
}

impl Described for Wrapper {
    fn actions(&self) -> &[String] {
        &[]
    }

    fn commands(&self) -> &[CommandPattern] {
        &self.commands
    }
}

/// Which version of a program an action runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunVersions {
    /// The input that names it.
    #[serde(default)]
    pub input: Option<String>,
    /// What it is otherwise; the first that holds for the version of the action counts.
    pub otherwise: Vec<RunVersion>,
}

/// The version of a program that versions of an action run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunVersion {
    /// They are older than this; absent: all others.
    #[serde(default)]
    pub below: Option<[u32; 3]>,
    /// The version of the program.
    pub is: String,
}

/// The words that an input adds to the command of an action.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunOption {
    /// The option; absent: the values are operands.
    #[serde(default)]
    pub flag: Option<String>,
    /// How the value falls into items, each with the option in front; absent: the input switches the option on.
    #[serde(default)]
    pub split: Option<Split>,
    /// The value where the input is missing.
    #[serde(default)]
    pub default: Option<String>,
}

/// The word of a command that says what the program does, where an input of an action names it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunVerb {
    /// The input.
    pub input: String,
    /// The word where the input is missing.
    pub default: String,
}

/// An action one of whose inputs is a command line or a script.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Actions, as `owner/repository[/path]` in lower case; `*` stands for any part.
    pub actions: Vec<String>,
    /// The inputs that hold it, each run by itself.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// The command line that the action runs where no input holds one.
    #[serde(default)]
    pub command: Option<String>,
    /// The version of the program of `command`.
    #[serde(default)]
    pub versions: Option<RunVersions>,
    /// Inputs that add words to `command`.
    #[serde(default)]
    pub options: std::collections::BTreeMap<String, RunOption>,
    /// Whether it runs in a container or a virtual machine, which get the identity of the job only where an input names it.
    #[serde(default)]
    pub contained: bool,
    /// Whether only what the command leads to counts, since the action itself is described elsewhere.
    #[serde(default)]
    pub beyond: bool,
    /// The program that the input's words belong to; absent: the input names it.
    #[serde(default)]
    pub program: Option<String>,
    /// The word behind `program`, which an input of its own names.
    #[serde(default)]
    pub verb: Option<RunVerb>,
    /// The input that names the working folder.
    #[serde(default)]
    pub folder: Option<String>,
    /// The language of the script; a shell when absent.
    #[serde(default)]
    pub shell: Option<String>,
}
