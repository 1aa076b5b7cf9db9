//! What a command leads to inside the checkout: make targets, package scripts, script files, task runners, and the
//! configuration of release tools. Following is bounded; where a bound is hit, the script says so.

mod bake;
mod builds;
mod cargo;
mod container;
mod fastlane;
mod files;
mod goreleaser;
mod jreleaser;
mod justfile;
mod mage;
mod make;
mod nx;
mod package;
mod projects;
mod rake;
mod release_it;
mod release_plz;
mod release_profiles;
mod replaced;
mod semantic_others;
mod semantic_release;
mod taskfile;
mod tasks;

pub(crate) use replaced::edits_in_place;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::checkout::{Bearing, Checkout};
use crate::commands::matching::program;
use crate::commands::wrappers::handed;
use crate::commands::{Choices, matching};
use crate::model::{Location, Problem, Text, Unread};
use crate::syntax::conf::{self, Language, Lines, Value, unfinished};
use crate::syntax::yaml::{self, Document};

use container::Built;
pub(super) use container::copied;
pub(super) use files::{LONGEST_WRITTEN, language};
pub(super) use replaced::Replaced;

/// What earlier commands of a job left on its machine.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// The images that they built.
    pub(super) images: Vec<Built>,
    /// The scripts that they wrote, by path.
    pub(super) files: BTreeMap<String, String>,
    /// The lists of variables that they wrote, by path.
    pub(super) lists: BTreeMap<String, String>,
    /// The configuration files that they copied or wrote over.
    pub(super) settings: Replaced,
    /// The folders of the checkout that they put in front of those in which programs are looked for.
    pub(super) paths: Vec<String>,
}

/// A script that a command leads to.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Its text.
    pub(super) text: String,
    /// The shell or language that runs it.
    pub(super) shell: String,
    /// The file it stands in.
    pub(super) path: Arc<str>,
    /// The line of the file on which the text starts, from 1; 0 where it stands in no file, and is shown where it runs.
    pub(super) line: u32,
    /// Characters of the file that stand before the text on that line, and on each later one.
    pub(super) margins: (u32, u32),
    /// Variables that are set for it.
    pub(super) env: Vec<(String, Text)>,
    /// The folder it runs in, relative to the checkout.
    pub(super) folder: Text,
    /// Its positional parameters.
    pub(super) positional: Vec<Text>,
}

/// A command that configuration stands for, as if it had been typed (`goreleaser:dockers IMAGE`).
#[derive(Debug, Clone)]
pub(super) struct Implied {
    /// Its words; the program carries a `:`.
    pub(super) words: Vec<Text>,
    /// Where the configuration says so; `None` for the command itself.
    pub(super) location: Option<Location>,
}

/// The script that the words of an implied command hand to a shell (`sh -c '...'`).
pub(super) fn script_of(words: &[Text], folder: &Text) -> Option<Piece> {
    let handed = handed(words, &|| None, &Catalogue::get().wrappers)?;
    Some(Piece {
        text: handed.script.as_str().to_owned(),
        shell: words.first().and_then(program).unwrap_or_default().to_owned(),
        path: Arc::from(""),
        line: 0,
        margins: (0, 0),
        env: Vec::new(),
        folder: folder.clone(),
        positional: handed.arguments.into_iter().skip(1).collect(),
    })
}

/// Where a command leads.
#[derive(Debug, Clone, Default)]
pub(super) struct Entered {
    /// What was entered, for people (`make release`).
    pub(super) what: String,
    /// The scripts that run, in order.
    pub(super) pieces: Vec<Piece>,
    /// The commands that configuration stands for.
    pub(super) implied: Vec<Implied>,
    /// Whether of all that the scripts lead to only publications count.
    pub(super) publications_only: bool,
    /// Files that set something for what runs.
    pub(super) sources: Vec<Arc<str>>,
    /// The image that is built.
    pub(super) image: Option<Built>,
    /// Why something could not be followed.
    pub(super) unread: Option<Unread>,
}

/// A command as the followers see it.
pub(super) struct Call<'a> {
    pub(super) checkout: &'a Checkout,
    /// Program and arguments, wrappers taken off.
    pub(super) words: &'a [Text],
    /// The last part of the program's path.
    program: &'a str,
    /// The program as the catalogue names it.
    name: Option<&'a str>,
    pub(super) folder: &'a Text,
    /// The environment, and what is set for the command on top of it.
    env: [&'a [(String, Text)]; 2],
    /// The variables that the platform sets below them.
    pub(super) platform: &'a dyn Fn(&str) -> Option<Text>,
    /// What a line of shell prints in a folder, where reading tells.
    pub(super) shell: &'a dyn Fn(&str, &str) -> Option<Text>,
    /// What symbols can stand for.
    pub(super) choices: Choices,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        checkout: &'a Checkout,
        words: &'a [Text],
        folder: &'a Text,
        env: [&'a [(String, Text)]; 2],
        platform: &'a dyn Fn(&str) -> Option<Text>,
    ) -> Self {
        let first = words.first().map_or("", Text::as_str);
        let name = words.first().and_then(matching::program);
        let program = name.unwrap_or_else(|| first.rsplit('/').next().unwrap_or(first));
        let choices = Choices::default();
        Self { checkout, words, program, name, folder, env, platform, shell: &|_, _| None, choices }
    }

    /// The same where lines of shell can be read.
    pub(super) fn with_shell(self, shell: &'a dyn Fn(&str, &str) -> Option<Text>, choices: &Choices) -> Self {
        Self { shell, choices: choices.clone(), ..self }
    }

    /// A command without variables.
    #[cfg(test)]
    fn bare(checkout: &'a Checkout, words: &'a [Text]) -> Self {
        static ROOT: std::sync::LazyLock<Text> = std::sync::LazyLock::new(Text::default);
        Self::new(checkout, words, &ROOT, [&[], &[]], &|_| None)
    }

    /// The variables that the environment sets, the strongest first.
    fn variables(&self) -> impl Iterator<Item = &'a (String, Text)> {
        let [outer, own] = self.env;
        own.iter().rev().chain(outer.iter().rev())
    }

    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<Text> {
        let found = self.variables().find(|(n, _)| n == name);
        found.map(|(_, value)| value.clone()).or_else(|| (self.platform)(name))
    }

    /// The words behind the program.
    fn arguments(&self) -> &[Text] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The value of a flag in any of its spellings: `--flag value`, `--flag=value`.
    fn flag(&self, names: &[&str]) -> Option<&str> {
        let words = self.arguments();
        words.iter().enumerate().find_map(|(at, w)| {
            let w = w.as_str();
            if names.contains(&w) {
                return words.get(at + 1).map(Text::as_str);
            }
            let (name, value) = w.split_once('=')?;
            names.contains(&name).then_some(value)
        })
    }

    /// The documents of a YAML file that decides what the command does; the error is told of the checkout as well. A file
    /// without settings is none, but one that holds something else is.
    fn yaml(&self, path: &str, text: &str) -> Result<Vec<Document>, Unread> {
        let documents = yaml::parse(text).map_err(|error| {
            let message = format!("not valid YAML: {}", error.message);
            self.refuse(path, Some((error.line, error.column)), message);
            Unread::Refused(format!("{path}:{}: {}", error.line, error.message))
        })?;
        if let Some(root) = documents.first().map(Document::root).filter(|root| !root.is_mapping() && !root.is_null()) {
            let at = root.span().start;
            self.refuse(path, Some((at.line, at.column)), "there are no settings in it: it is no mapping".to_owned());
            return Err(Unread::Refused(format!("{path} is no mapping")));
        }
        Ok(documents)
    }

    /// Whether the text of a program is whole; the error is told of the checkout as well.
    fn whole(&self, language: &Language, path: &str, text: &str) -> Result<(), Unread> {
        let text = text.replace("\r\n", "\n");
        let Some(at) = unfinished(language, &text) else { return Ok(()) };
        let at = Lines::new(&Arc::from(path), &text).position(at);
        let what = "what stands here has no counterpart, or the text ends too early";
        let message = format!("not valid {}: {what}", language.name);
        self.refuse(path, Some((at.line, at.column)), message.clone());
        Err(Unread::Refused(format!("{path}:{}: {message}", at.line)))
    }

    /// The same for JSON.
    fn json(&self, path: &str, text: &str) -> Option<serde_json::Value> {
        super::workspace::json(self.checkout, path, text)
    }

    fn refuse(&self, path: &str, at: Option<(u32, u32)>, message: String) {
        let (line, column) = at.unzip();
        self.checkout.refuse(Bearing::Release, Problem { path: path.to_owned(), line, column, message });
    }

    /// A path of the checkout, from the folder the command runs in.
    fn path(&self, below: &str) -> String {
        match below.starts_with("${{") {
            // Under what stands for the root of the checkout.
            true => super::paths::join(self.folder, &Text::from(below)).to_string(),
            false => join(self.folder.as_str(), below),
        }
    }
}

/// The settings of a tool, in the notation that the file's ending names.
fn settings(call: &Call<'_>, path: &str) -> Result<Value, Unread> {
    let text = call.checkout.read(path).map_err(|error| {
        Unread::Refused(match call.checkout.is_there(path) {
            true => format!("{path}: {error}"),
            false => format!("the configuration `{path}` is not in the checkout"),
        })
    })?;
    let own: Arc<str> = Arc::from(path);
    if path.ends_with(".toml") {
        return Value::of_toml(&own, &text).ok_or_else(|| {
            call.refuse(path, None, "not valid TOML".to_owned());
            Unread::Refused(format!("{path}: not valid TOML"))
        });
    }
    let documents = call.yaml(path, &text)?;
    let root = documents.first().ok_or_else(|| Unread::Refused(format!("{path} is empty")))?;
    Ok(conf::yaml_node(&own, root.root()))
}

/// What a tool publishes besides where its configuration cannot be read: channels that nothing shows.
fn further_channels(tool: &str) -> Implied {
    let name = format!("further channels of {tool}");
    Implied { words: vec![Text::from("unread-configuration:channels"), Text::from(name.as_str())], location: None }
}

/// Joins a folder and a relative path, resolving `.` and `..` within the checkout.
pub(super) fn join(folder: &str, below: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let absolute = below.starts_with('/');
    let all = if absolute { below.to_owned() } else { format!("{folder}/{below}") };
    for part in all.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// Follows a command with this input into the checkout, and to what the job made before; `None` when it leads nowhere
/// that is known.
pub(super) fn enter(call: &Call<'_>, input: Option<&Text>, machine: &Machine) -> Option<Entered> {
    make::enter(call)
        .or_else(|| nx::enter(call))
        .or_else(|| package::enter(call))
        .or_else(|| taskfile::enter(call))
        .or_else(|| justfile::enter(call))
        .or_else(|| tasks::enter(call))
        .or_else(|| rake::enter(call))
        .or_else(|| builds::enter(call))
        .or_else(|| goreleaser::enter(call, &machine.settings))
        .or_else(|| jreleaser::enter(call))
        .or_else(|| semantic_others::enter(call))
        .or_else(|| semantic_release::enter(call))
        .or_else(|| release_it::enter(call))
        .or_else(|| release_plz::enter(call))
        .or_else(|| release_profiles::enter(call))
        .or_else(|| fastlane::enter(call))
        .or_else(|| bake::enter(call))
        .or_else(|| container::enter(call, &machine.images))
        .or_else(|| mage::enter(call))
        .or_else(|| projects::enter(call))
        .or_else(|| files::enter(call, input, machine))
}

/// Follows a command into a script that the job has written, and that runs in its place.
pub(super) fn written(call: &Call<'_>, path: &str, machine: &Machine) -> Option<Entered> {
    files::written_before(call, path, machine.files.get(path)?, 1)
}

/// What a follower makes of a command in a checkout of these files, with these variables set.
#[cfg(test)]
fn entered(
    enter: impl Fn(&Call<'_>) -> Option<Entered>,
    files: &[(&str, &str)],
    env: &[(&str, &str)],
    command: &str,
) -> Option<Entered> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let checkout = Checkout::in_memory(files, None);
    let words: Vec<Text> = command.split(' ').map(Text::from).collect();
    let env: Vec<(String, Text)> = env.iter().map(|(name, value)| ((*name).to_owned(), Text::from(*value))).collect();
    enter(&Call::new(&checkout, &words, &Text::default(), [&env, &[]], &|_| None))
}
