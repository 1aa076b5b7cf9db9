//! Containers: what the steps of an image build publish, and what an image runs by itself.
//!
//! The steps of a Dockerfile are entered as scripts; of what they lead to only publications count, since everything
//! else they do is part of making the image. `docker run IMAGE WORDS` becomes the command that the image's entry point
//! makes of the words: of a known image (`rules/images.yml`), or of one that the job built from a Dockerfile of the
//! checkout. Source: <https://docs.docker.com/reference/dockerfile/>

use std::sync::{Arc, LazyLock};

use super::{Call, Entered, Implied, Piece, join};
use crate::catalogue::{Catalogue, CommandPattern};
use crate::commands::matching::matches_program;
use crate::commands::wrappers::{self, Contained};
use crate::commands::{IDENTITY, flag, positional};
use crate::model::{Bound, Location, Position, Span, Text};
use crate::syntax::dockerfile::{self, Instruction, Stage};
use crate::syntax::pattern;

/// Commands that build an image from the checkout.
struct Builds {
    patterns: Vec<CommandPattern>,
    /// The programs of all of them.
    programs: Vec<String>,
}

static BUILDS: LazyLock<Builds> = LazyLock::new(|| {
    let patterns = [
        "docker buildx build|b",
        "docker image|builder build",
        "docker|podman|nerdctl|finch|depot build",
        "buildah build|bud",
    ]
    .map(|pattern| CommandPattern::from(pattern.to_owned()))
    .to_vec();
    let programs = patterns.iter().flat_map(|p| p.program().split('|')).map(str::to_owned).collect();
    Builds { patterns, programs }
});

/// An image that a job built from the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Built {
    tags: Vec<String>,
    file: String,
    context: String,
    target: Option<String>,
}

pub(super) fn enter(call: &Call<'_>, known: &[Built]) -> Option<Entered> {
    build(call).or_else(|| run(call, known))
}

// Building

fn build(call: &Call<'_>) -> Option<Entered> {
    let (built, arguments) = built(call)?;
    let text = call.checkout.read(&built.file).ok()?;
    let stages = dockerfile::stages(&text);
    let mut entered = Entered { what: format!("builds {}", built.file), publications_only: true, ..Entered::default() };
    let run = dockerfile::run(&stages, built.target.as_deref());
    if run.len() > MOST_STAGES {
        entered.unread = Some(Bound::Followed(MOST_STAGES, "stages").into());
    }
    for at in run.into_iter().take(MOST_STAGES) {
        let mut image = Image::of(&built);
        // The stages before it leave it their folder, files and variables.
        let lineage = lineage(&stages, at).into_iter().filter_map(|at| Some((at, stages.get(at)?)));
        for (own, instruction) in lineage.flat_map(|(own, s)| s.instructions.iter().map(move |i| (own, i))) {
            image.take(instruction, &arguments);
            if instruction.word != "RUN" || own != at {
                continue;
            }
            let (line, text) = instruction.script();
            entered.pieces.push(Piece {
                margins: (0, 0),
                text,
                shell: image.shell.clone(),
                path: Arc::from(built.file.as_str()),
                line,
                env: image.env.iter().cloned().chain([(IDENTITY.to_owned(), Text::default())]).collect(),
                folder: image.folder(call),
                positional: Vec::new(),
            });
        }
    }
    entered.image = Some(built);
    Some(entered)
}

/// What a build command builds, and the values of its build arguments.
fn built(call: &Call<'_>) -> Option<(Built, Vec<(String, Text)>)> {
    let name = call.name?;
    if !BUILDS.programs.iter().any(|program| program == name) {
        return None;
    }
    let at = BUILDS.patterns.iter().find_map(|pattern| matches_program(pattern, name, call.words))?;
    let sinks = &Catalogue::get().sinks;
    let mut builds = sinks.iter().filter(|s| s.commands.iter().any(|c| c.as_str() == "docker build"));
    let value_flags = builds.next().map(|s| s.value_flags.as_slice()).unwrap_or_default();
    let context = positional(call.words, at, value_flags).into_iter().next().unwrap_or_else(|| Text::from("."));
    let context = context.literal()?;
    if context == "-" || context.contains("://") || context.ends_with(".git") {
        return None;
    }
    let context = call.path(context.trim_start_matches("{{defaultContext}}:").trim_start_matches("{{defaultContext}}"));
    let file = match call.flag(&["-f", "--file"]) {
        Some(file) => call.path(file),
        None => ["Dockerfile", "Containerfile"]
            .map(|f| join(&context, f))
            .into_iter()
            .find(|f| call.checkout.is_there(f))?,
    };
    let values = |names: [&str; 2]| -> Vec<Text> {
        flag(call.words, &names.map(str::to_owned)).into_iter().filter_map(|f| f.value().cloned()).collect()
    };
    let arguments = values(["--build-arg", "--build-arg"]).into_iter().filter_map(|argument| {
        let (name, value) = match argument.as_str().split_once('=') {
            Some((name, value)) => (name, Text::from(value)),
            None => (argument.as_str(), call.variable(argument.as_str())?),
        };
        Some((name.to_owned(), value))
    });
    let arguments = arguments.collect();
    let tags = values(["-t", "--tag"]).iter().map(|t| untagged(t.as_str()).to_owned()).collect();
    let target = call.flag(&["--target"]).map(str::to_owned);
    Some((Built { tags, file, context, target }, arguments))
}

/// A reference without its tag and without what stands for Docker Hub.
fn untagged(reference: &str) -> &str {
    let reference = reference.trim_start_matches("docker://").trim_start_matches("docker.io/");
    let reference = reference.trim_start_matches("library/").split('@').next().unwrap_or(reference);
    let name = reference.rfind('/').map_or(0, |at| at + 1);
    match reference.get(name..).and_then(|last| last.find(':')) {
        Some(colon) => reference.get(..name + colon).unwrap_or(reference),
        None => reference,
    }
}

/// Stages of one Dockerfile that are built.
const MOST_STAGES: usize = 200;

/// The stages that a stage is built on, itself last.
fn lineage(stages: &[Stage], at: usize) -> Vec<usize> {
    let mut found = vec![at];
    while let Some(stage) = found.last().and_then(|at| stages.get(*at)).filter(|_| found.len() < MOST_STAGES) {
        let named = |s: &Stage| s.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(&stage.base));
        match stages.iter().position(named).filter(|next| !found.contains(next)) {
            Some(next) => found.push(next),
            None => break,
        }
    }
    found.reverse();
    found
}

/// An image on the way through its instructions.
struct Image<'a> {
    built: &'a Built,
    shell: String,
    folder: String,
    env: Vec<(String, Text)>,
    /// Sources in the checkout and the places in the image that they are copied to.
    copies: Vec<(String, String)>,
}

impl<'a> Image<'a> {
    fn of(built: &'a Built) -> Self {
        let (shell, folder) = ("sh".to_owned(), "/".to_owned());
        Self { built, shell, folder, env: Vec::new(), copies: Vec::new() }
    }

    fn take(&mut self, instruction: &Instruction, arguments: &[(String, Text)]) {
        let words = instruction.words();
        match instruction.word.as_str() {
            "SHELL" => self.shell = words.first().cloned().unwrap_or_else(|| self.shell.clone()),
            "WORKDIR" => {
                let folder = words.first().map_or("", String::as_str);
                self.folder = format!("/{}", join(&self.folder, folder));
            }
            "ENV" | "ARG" => {
                let argument = instruction.word == "ARG";
                for word in &words {
                    let (name, value) = word.split_once('=').unwrap_or((word, ""));
                    let given = arguments.iter().find(|(n, _)| argument && n == name).map(|(_, v)| v.clone());
                    let value = given.unwrap_or_else(|| Text::from(value.trim_matches(['"', '\''])));
                    if !value.as_str().contains('$') || value.symbol().is_some() {
                        self.env.push((name.to_owned(), value));
                    }
                }
            }
            "COPY" | "ADD" if !instruction.options.iter().any(|o| o.starts_with("--from")) => {
                let Some((to, sources)) = words.split_last() else { return };
                for source in sources {
                    let place = format!("/{}", join(&self.folder, to));
                    let folder = to.ends_with('/') || to == "." || sources.len() > 1;
                    let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                    let source = join(&self.built.context, source);
                    // A file keeps its name in a folder; of a folder the content is copied.
                    if folder && !name.is_empty() && name != "." {
                        self.copies.push((source.clone(), format!("{}/{name}", place.trim_end_matches('/'))));
                    }
                    self.copies.push((source, place));
                }
            }
            _ => {}
        }
    }

    /// The path in the checkout of a path in the image.
    fn source(&self, call: &Call<'_>, path: &str) -> Option<String> {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{}", join(&self.folder, path)) };
        self.copies.iter().rev().find_map(|(source, place)| {
            let rest = path.strip_prefix(place.trim_end_matches('/'))?;
            let below = if rest.is_empty() { source.clone() } else { join(source, rest.strip_prefix('/')?) };
            call.checkout.is_there(&below).then_some(below)
        })
    }

    /// The folder of the checkout that the working folder is a copy of.
    fn folder(&self, call: &Call<'_>) -> Text {
        let folder = self.copies.iter().rev().find_map(|(source, place)| {
            let rest = self.folder.strip_prefix(place.trim_end_matches('/'))?;
            let below = join(source, rest.trim_start_matches('/'));
            let holds = below.is_empty() || call.checkout.under(&below).next().is_some();
            ((rest.is_empty() || rest.starts_with('/')) && holds).then_some(below)
        });
        folder.map_or_else(|| Text::unknown(&format!("image({})", self.folder)), Text::from)
    }
}

// Running

/// How a shell is told that its script is the next word.
const SCRIPT: &[&str] = &["-c", "-ec", "-lc", "-exc", "-xec", "-euc"];

fn run(call: &Call<'_>, known: &[Built]) -> Option<Entered> {
    let Contained { options, image, rest } = wrappers::contained(call.words, &Catalogue::get().wrappers)?;
    if !call.words.iter().take(3).any(|w| w.as_str() == "run") {
        return None;
    }
    let name = untagged(image.as_str()).to_ascii_lowercase();
    let what = format!("runs the image {name}");
    let implied = |words: Vec<Text>, location| {
        Some(Entered { what: what.clone(), implied: vec![Implied { words, location }], ..Entered::default() })
    };
    let given = flag(options, &["--entrypoint".to_owned()]).into_iter().find_map(|f| f.value().cloned());
    if let Some(program) = given {
        let words: Vec<Text> = std::iter::once(program).chain(rest.iter().cloned()).collect();
        return if words.iter().any(|w| w.is_empty()) { None } else { implied(words, None) };
    }
    // A service's own definition names its image.
    if call.words.iter().any(|w| w.as_str() == "compose") {
        return None;
    }
    if let Some(built) = known.iter().rev().find(|b| b.tags.iter().any(|t| t.eq_ignore_ascii_case(&name))) {
        let (words, location) = started(call, built, rest)?;
        return implied(words, Some(location));
    }
    let known = || Catalogue::get().images.iter().find(|i| i.images.iter().any(|p| pattern::wildcard(p, &name)));
    // An entry point that takes a script is a shell.
    let program = match rest.first().is_some_and(|first| SCRIPT.contains(&first.as_str())) {
        true => "sh",
        false => known()?.program.as_str(),
    };
    implied(std::iter::once(Text::from(program)).chain(rest.iter().cloned()).collect(), None)
}

/// The command that an image built from the checkout starts with, and the instruction that says so.
fn started(call: &Call<'_>, built: &Built, rest: &[Text]) -> Option<(Vec<Text>, Location)> {
    let text = call.checkout.read(&built.file).ok()?;
    let stages = dockerfile::stages(&text);
    let last = match &built.target {
        Some(target) => {
            stages.iter().position(|s| s.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(target)))?
        }
        None => stages.len().checked_sub(1)?,
    };
    let lineage = lineage(&stages, last);
    let mut image = Image::of(built);
    let (mut entry, mut command): (Option<Start>, Option<Start>) = (None, None);
    for stage in lineage.iter().filter_map(|at| stages.get(*at)) {
        for instruction in &stage.instructions {
            image.take(instruction, &[]);
            match instruction.word.as_str() {
                "ENTRYPOINT" => entry = Some(Start::of(instruction)),
                "CMD" => command = Some(Start::of(instruction)),
                _ => {}
            }
        }
    }
    if entry.is_none() {
        // The image that it is built on may have an entry point of its own.
        let base = lineage.first().and_then(|at| stages.get(*at)).map(|s| untagged(&s.base).to_ascii_lowercase())?;
        let known = Catalogue::get().images.iter().find(|i| i.images.iter().any(|p| pattern::wildcard(p, &base)));
        entry = known.map(|k| Start { words: vec![Text::from(k.program.as_str())], line: 1 });
    }
    let line = entry.as_ref().or(command.as_ref()).map_or(1, |s| s.line);
    let mut words = entry.map(|e| e.words).unwrap_or_default();
    if rest.is_empty() {
        words.extend(command.into_iter().flat_map(|c| c.words));
    } else {
        words.extend(rest.iter().cloned());
    }
    // What the entry point names lies in the image; its source is in the checkout.
    for word in words.iter_mut().take(3) {
        let copied = word.literal().filter(|w| w.contains(['/', '.'])).and_then(|w| image.source(call, w));
        if let Some(path) = copied {
            *word = Text::new(format!("/{path}"));
        }
    }
    let place = Position { line, column: 1, byte: 0 };
    let location = Location::new(&Arc::from(built.file.as_str()), Span { start: place, end: place });
    (!words.is_empty()).then_some((words, location))
}

/// An `ENTRYPOINT` or a `CMD`.
struct Start {
    words: Vec<Text>,
    line: u32,
}

impl Start {
    fn of(instruction: &Instruction) -> Self {
        Self { words: instruction.words().iter().map(|w| Text::from(w.as_str())).collect(), line: instruction.line }
    }
}
