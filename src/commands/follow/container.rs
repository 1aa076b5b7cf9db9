//! Containers: what the steps of an image build publish, and what an image runs by itself.
//!
//! The steps of a Dockerfile are entered as scripts; of what they lead to only publications count, since everything
//! else they do is part of making the image. `docker run IMAGE WORDS` becomes the command that the image's entry point
//! makes of the words: of a known image (`rules/images.yml`), or of one that the job built from a Dockerfile of the
//! checkout. Source: <https://docs.docker.com/reference/dockerfile/>

use std::sync::{Arc, LazyLock};

use super::{Call, Entered, Implied, Piece, join, projects};
use crate::catalogue::{Catalogue, CommandPattern};
use crate::checkout::Checkout;
use crate::commands::matching::matches_program;
use crate::commands::wrappers::{self, Contained};
use crate::commands::{IDENTITY, flag, positional};
use crate::model::{Bound, Location, Position, Span, Text, Unread};
use crate::syntax::dockerfile::{self, Instruction, Stage};
use crate::syntax::pattern;
use crate::syntax::yaml::Node;

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
    /// What a container of it runs: sources in the checkout, and their places in it.
    copies: Vec<(String, String)>,
}

/// Folders in which a container looks for programs.
const PATHS: &[&str] = &["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The file of the checkout that a word names in one of the containers that a job has started.
pub(in crate::commands) fn copied(checkout: &Checkout, images: &[Built], word: &str) -> Option<String> {
    images.iter().rev().find_map(|image| located(checkout, &image.copies, word))
}

/// The file of the checkout that a program of an image is a copy of.
fn located(checkout: &Checkout, copies: &[(String, String)], word: &str) -> Option<String> {
    if word.starts_with('/') {
        return source(checkout, copies, word);
    }
    let named = || PATHS.iter().find_map(|folder| source(checkout, copies, &format!("{folder}/{word}")));
    if word.contains('/') { None } else { named() }
}

/// The path in the checkout of a path in an image.
fn source(checkout: &Checkout, copies: &[(String, String)], path: &str) -> Option<String> {
    copies.iter().rev().find_map(|(source, place)| {
        let rest = path.strip_prefix(place.trim_end_matches('/'))?;
        let below = match rest.strip_prefix('/') {
            None if rest.is_empty() => source.clone(),
            None => return None,
            // Of a pattern each file keeps its name.
            Some(rest) if source.contains('*') => {
                let own = join(source.rsplit_once('/').map_or("", |(folder, _)| folder), rest);
                Some(own).filter(|own| pattern::wildcard(source, own))?
            }
            Some(rest) => join(source, rest),
        };
        checkout.is_there(&below).then_some(below)
    })
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
    Some((Built { tags, file, context, target, copies: Vec::new() }, arguments))
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
    /// The variables that its containers have.
    set: Vec<(String, String)>,
    /// Sources in the checkout and the places in the image that they are copied to.
    copies: Vec<(String, String)>,
}

impl<'a> Image<'a> {
    fn of(built: &'a Built) -> Self {
        let (shell, folder) = ("sh".to_owned(), "/".to_owned());
        Self { built, shell, folder, env: Vec::new(), set: Vec::new(), copies: Vec::new() }
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
                    if !argument && !value.as_str().contains('$') {
                        self.set.push((name.to_owned(), value.to_string()));
                    }
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

    /// The path in the checkout of a program that the image starts.
    fn source(&self, call: &Call<'_>, word: &str) -> Option<String> {
        let below = || source(call.checkout, &self.copies, &format!("/{}", join(&self.folder, word)));
        located(call.checkout, &self.copies, word).or_else(below)
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

/// Words of a command up to the one that says what it does.
const MOST_BEFORE: usize = 16;

/// Programs that run a script whatever the image starts otherwise.
const SHELLS: &[&str] = &["sh", "bash", "/bin/sh", "/bin/bash", "ash"];

/// How a shell is told that its script is the next word.
const SCRIPT: &[&str] = &["-c", "-ec", "-lc", "-exc", "-xec", "-euc"];

fn run(call: &Call<'_>, known: &[Built]) -> Option<Entered> {
    let Contained { options, image, rest } = wrappers::contained(call.words, &Catalogue::get().wrappers)?;
    if !call.words.iter().take(MOST_BEFORE).any(|w| w.as_str() == "run") {
        return None;
    }
    let name = untagged(image.as_str()).to_ascii_lowercase();
    let what = format!("runs the image {name}");
    let implied = |words: Vec<Text>, location| {
        Some(Entered { what: what.clone(), implied: vec![Implied { words, location }], ..Entered::default() })
    };
    let given = flag(options, &["--entrypoint".to_owned()]).into_iter().find_map(|f| f.value().cloned());
    let given = given.map(|program| vec![program]);
    let compose = call.words.iter().any(|w| w.as_str() == "compose") || call.program.ends_with("-compose");
    let service = compose.then(|| service(call, image.as_str(), known)).flatten();
    let found = || known.iter().rev().find(|b| b.tags.iter().any(|t| t.eq_ignore_ascii_case(&name))).cloned();
    let service = service.or_else(|| Some(Service::of(found().filter(|_| !compose)?)));
    if let Some(service) = service {
        let entry = given.clone().or(service.entry);
        let rest = if rest.is_empty() { service.command.as_slice() } else { rest };
        if let Some((words, location, copies)) = started(call, &service.built, service.copies, entry, rest) {
            let image = Some(Built { copies, ..service.built });
            let implied = vec![Implied { words, location: Some(location) }];
            return Some(Entered { what, implied, image, ..Entered::default() });
        }
    }
    if let Some(program) = given {
        let words: Vec<Text> = program.into_iter().chain(rest.iter().cloned()).collect();
        return if words.iter().any(|w| w.is_empty()) { None } else { implied(words, None) };
    }
    // A service's own definition names its image.
    if compose {
        let unread = Unread::Absent(format!("file shows what the service `{image}` runs"));
        return rest.is_empty().then(|| Entered { what, unread: Some(unread), ..Entered::default() });
    }
    let known = || Catalogue::get().images.iter().find(|i| i.images.iter().any(|p| pattern::wildcard(p, &name)));
    // An entry point that takes a script is a shell.
    let program = match rest.first().is_some_and(|first| SCRIPT.contains(&first.as_str())) {
        true => "sh",
        false => known()?.program.as_str(),
    };
    implied(std::iter::once(Text::from(program)).chain(rest.iter().cloned()).collect(), None)
}

/// A service of a compose file, or an image by itself.
struct Service {
    built: Built,
    /// What of the checkout is mounted into it.
    copies: Vec<(String, String)>,
    entry: Option<Vec<Text>>,
    command: Vec<Text>,
}

impl Service {
    fn of(built: Built) -> Self {
        Self { built, copies: Vec::new(), entry: None, command: Vec::new() }
    }
}

/// A service that the checkout builds, with what its compose file says of it.
/// Source: <https://docs.docker.com/reference/compose-file/services/>
fn service(call: &Call<'_>, name: &str, known: &[Built]) -> Option<Service> {
    let files = projects::compose_files(call);
    let files: Vec<_> = files.iter().map(|file| projects::compose_file(call, file)).collect::<Option<_>>()?;
    let services = files.iter().filter_map(|(_, file)| file.first()?.root().get("services")?.get(name));
    // What a later file says counts before what an earlier one does.
    let services: Vec<Node<'_>> = services.collect();
    services.first()?;
    let said = |key: &str| services.iter().rev().find_map(|service| service.get(key));
    let base = files.first()?.0.rsplit_once('/').map_or("", |(folder, _)| folder);
    let filled = |node: Node<'_>| node.as_str().map(|text| projects::interpolated(text, call));
    let tag = said("image").and_then(filled).map(|image| untagged(&image).to_ascii_lowercase());
    let built = match said("build") {
        Some(build) => {
            let context = filled(build).or_else(|| filled(build.get("context")?)).unwrap_or_default();
            let context = join(base, &context);
            let file = build.get("dockerfile").and_then(filled).unwrap_or_else(|| "Dockerfile".to_owned());
            let target = build.get("target").and_then(filled);
            Built { tags: Vec::from_iter(tag), file: join(&context, &file), context, target, copies: Vec::new() }
        }
        None => known.iter().rev().find(|b| b.tags.iter().any(|own| tag.as_ref() == Some(own)))?.clone(),
    };
    let words = |key: &str| {
        let node = said(key)?;
        let line = filled(node).map(|line| line.split_ascii_whitespace().map(Text::from).collect::<Vec<_>>());
        Some(line.unwrap_or_else(|| node.items().filter_map(filled).map(Text::new).collect()))
    };
    let mounted = |volume: Node<'_>| {
        let short = filled(volume);
        let (from, to) = match &short {
            Some(short) => short.split_once(':').map(|(from, to)| (from.to_owned(), to.to_owned()))?,
            None => (filled(volume.get("source")?)?, filled(volume.get("target")?)?),
        };
        let to = to.split(':').next().unwrap_or_default().to_owned();
        from.starts_with('.').then(|| (join(base, &from), to))
    };
    let volumes = said("volumes").map(|volumes| volumes.items().filter_map(mounted).collect());
    let command = words("command").unwrap_or_default();
    Some(Service { built, copies: volumes.unwrap_or_default(), entry: words("entrypoint"), command })
}

/// What an image built from the checkout starts with, the instruction that says so, and what it copies.
type Started = (Vec<Text>, Location, Vec<(String, String)>);

/// The command that an image built from the checkout starts with.
fn started(
    call: &Call<'_>,
    built: &Built,
    mounted: Vec<(String, String)>,
    given: Option<Vec<Text>>,
    rest: &[Text],
) -> Option<Started> {
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
    let script = || command.as_ref().and_then(|c| c.words.first()).is_some_and(|w| SHELLS.contains(&w.as_str()));
    if let Some(words) = given {
        (entry, command) = (Some(Start { words, line: 1 }), None);
    } else if entry.is_none() && !(rest.is_empty() && script()) {
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
    image.copies.extend(mounted);
    let mut own = false;
    for word in words.iter_mut().take(3) {
        if let Some(path) = word.literal().and_then(|w| image.source(call, w)) {
            *word = Text::new(format!("/{path}"));
            own = true;
        }
    }
    if own && !image.set.is_empty() {
        let set = image.set.iter().map(|(name, value)| Text::new(format!("{name}={value}")));
        words = std::iter::once(Text::from("env")).chain(set).chain(words).collect();
    }
    let place = Position { line, column: 1, byte: 0 };
    let location = Location::new(&Arc::from(built.file.as_str()), Span { start: place, end: place });
    (!words.is_empty()).then_some((words, location, image.copies))
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
