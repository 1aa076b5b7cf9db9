//! Steps of a job, after templates, composites and scripts are seen through.

use std::ops::Range;
use std::sync::Arc;

use smol_str::SmolStr;

use super::{Cond, Location, Reference, Text, Unread};

/// One hop on the way from a pipeline step to a command.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    /// What was entered (`make release`, `./.github/actions/publish`).
    pub what: String,
    /// Where that happens.
    pub location: Location,
}

/// A value handed to an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The input's name, lower case.
    pub name: SmolStr,
    /// Its value.
    pub value: Text,
    /// Every value that it can have, each under its condition; one when the checkout decides it.
    pub choices: Vec<(Cond, Text)>,
    /// Where the value stands.
    pub location: Location,
}

/// The use of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionUse {
    /// `owner/repository[/path]`, lower case; a path of this checkout starts with `./`; an image with `docker://`.
    pub name: String,
    /// The ref.
    pub reference: Reference,
    /// The inputs that are set.
    pub inputs: Vec<Input>,
}

impl ActionUse {
    /// The input `name`, when it is set.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|i| i.name.eq_ignore_ascii_case(name))
    }
}

/// A simple command that a script runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Program and arguments, wrappers such as `sudo` included.
    pub words: Arc<[Text]>,
    /// The commands that the wrappers start, outermost first, as stretches of `words`.
    pub wrapped: Vec<Range<usize>>,
    /// Variables that are set for this command: the script's own and those on its line.
    pub env: Vec<(String, Text)>,
    /// Variables that its script was started with on top of the step's, which many commands share.
    pub inherited: Arc<[(String, Text)]>,
    /// What is fed to it from a here-document or here-string.
    pub input: Option<Text>,
    /// The file its output is redirected into, when it is.
    pub output: Option<Text>,
    /// The folder it runs in, relative to the checkout; empty for the root.
    pub folder: Text,
    /// Under which condition of the script it runs.
    pub cond: Cond,
    /// Whether the script goes on where it fails.
    pub may_fail: bool,
    /// Where it stands.
    pub location: Location,
    /// How it was reached from the step, outermost first; empty when it stands in the step itself.
    pub chain: Vec<Hop>,
}

impl Command {
    /// A command of nothing but its words.
    #[cfg(test)]
    pub(crate) fn of_words(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(|word| Text::from(*word)).collect(),
            wrapped: Vec::new(),
            env: Vec::new(),
            inherited: Arc::default(),
            input: None,
            output: None,
            folder: Text::default(),
            cond: Cond::TRUE,
            may_fail: false,
            location: Location::start_of(&Arc::from("x.yml")),
            chain: Vec::new(),
        }
    }

    /// The command as it is written, and behind each of its wrappers.
    pub fn views(&self) -> impl DoubleEndedIterator<Item = &[Text]> {
        views(&self.words, &self.wrapped)
    }
}

/// The words of a command, and of each that its wrappers start.
pub fn views<'w>(words: &'w [Text], wrapped: &'w [Range<usize>]) -> impl DoubleEndedIterator<Item = &'w [Text]> {
    std::iter::once(words).chain(wrapped.iter().filter_map(|layer| words.get(layer.clone())))
}

/// A value that a step hands on, as an output or as a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputWrite {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Text,
    /// What the value can be, where branches of the script leave different ones; else nothing.
    pub choices: Vec<(Cond, Text)>,
    /// Under which condition it is written, given that the step runs.
    pub cond: Cond,
    /// Where it is written.
    pub location: Location,
}

/// A script that a step runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// Its commands in order.
    pub commands: Vec<Command>,
    /// The outputs it writes.
    pub outputs: Vec<OutputWrite>,
    /// Variables it exports to later steps of the job.
    pub exports: Vec<OutputWrite>,
    /// What it hands on as outputs whose names nothing tells.
    pub unnamed: Vec<Text>,
    /// What it asks the platform to treat as a secret.
    pub masked: Vec<Text>,
    /// Files that it takes into itself, and so what they set: sourced scripts, the Makefiles of its calls of make.
    pub sources: Vec<Arc<str>>,
    /// Where reading it stopped, and why: a bound was hit or the text could not be parsed.
    pub unread: Vec<(Location, Unread)>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepBody {
    /// Uses an action that is defined elsewhere.
    Action(ActionUse),
    /// Runs a script. Legs of a matrix whose script comes to the same share it.
    Script(Arc<Script>),
    /// Runs code of this checkout that cannot be read as commands (a local JavaScript or Docker action).
    Opaque {
        /// What it is.
        what: String,
        /// Whether nothing here shows what it runs: an action that is not in the checkout, or that cannot be read.
        unseen: bool,
    },
}

impl Step {
    /// Whether both are one step of a job: a composite action that is used twice has its steps twice, at the same place.
    pub fn is(&self, other: &Step) -> bool {
        self.location == other.location && self.chain == other.chain
    }

    /// Whether the other one is this step, or something that its action is known to run.
    pub fn includes(&self, other: &Step) -> bool {
        self.location == other.location && other.chain.starts_with(&self.chain)
    }

    /// The script that it runs.
    pub fn script(&self) -> Option<&Script> {
        match &self.body {
            StepBody::Script(script) => Some(script),
            _ => None,
        }
    }

    /// The place of its first command, or of the step itself.
    pub fn first_place(&self) -> Location {
        match &self.body {
            StepBody::Script(script) => {
                script.commands.first().map_or_else(|| self.location.clone(), |c| c.location.clone())
            }
            _ => self.location.clone(),
        }
    }
}

/// A step of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its identifier within the job, when it has one.
    pub id: Option<SmolStr>,
    /// A short name for people.
    pub label: String,
    /// What it does.
    pub body: StepBody,
    /// Environment of the step: workflow, job and step level merged. Steps that add nothing share it.
    pub env: Arc<[(String, Text)]>,
    /// Under which condition it runs, given that its job runs.
    pub cond: Cond,
    /// Where that condition stands, when the step has one of its own.
    pub condition_at: Option<Location>,
    /// That condition as it is written.
    pub condition: Option<SmolStr>,
    /// Whether it runs when something before it failed.
    pub on_failure: bool,
    /// Whether its failure leaves the job green.
    pub may_fail: bool,
    /// Where it stands.
    pub location: Location,
    /// How it was reached: composite actions on the way, outermost first.
    pub chain: Vec<Hop>,
    /// Expressions that become a part of the code it runs and whose values come from whoever starts or calls the
    /// pipeline: they can run anything.
    pub interpolates: Vec<(String, Location)>,
}
