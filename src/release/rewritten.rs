//! Files that change between the step that takes their digest and the step that publishes them.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::brought;
use super::bytes::{self, FileRef};
use super::doer::{Act, Doer};
use super::facts::{Facts, FlowFacts, Handover, Publish};
use super::filenames::{ancillary, is_data};
use super::glob::{self, Pattern};
use super::naming;
use super::{opaque, speech};
use crate::catalogue::Catalogue;
use crate::commands::matching;
use crate::model::{ActionUse, Command, Cond, Flow, Job, Location, Step, StepBody, Text};

/// Options whose value is the file that is written.
const OUTPUTS: &[&str] = &["-o", "--output", "--out", "-out", "-outfile", "--outfile", "-OutFile"];

/// The step that takes the digests of files: it attests them, or lists their digests for what does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Point {
    /// Index of the job.
    pub job: usize,
    /// Index of the step in its job.
    pub step: usize,
}

/// Steps of one job during which some files must stay as they are.
struct Span<'f, 'p> {
    job: &'f Job,
    own: &'f Facts<'p>,
    steps: Range<usize>,
    files: Vec<String>,
    /// Commands of earlier steps of the job count as having built.
    publish: Option<&'f Publish<'p>>,
}

/// The command or action that makes other bytes of the files after their digest was taken.
pub(super) fn since(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    point: &Point,
    publish: &Publish<'_>,
    files: &[FileRef],
) -> Option<Changed> {
    let spans = spans(flow, facts, point, publish, files);
    let first = |shown: bool| spans.iter().find_map(|span| changed(span, point, publish, shown));
    first(true).map(|location| Changed { location, shown: true }).or_else(|| {
        let location = first(false)?;
        Some(Changed { location, shown: false })
    })
}

/// What makes other bytes of files.
#[derive(Debug)]
pub(super) struct Changed {
    /// Where.
    pub location: Location,
    /// Whether it is known to; else its name speaks of it.
    pub shown: bool,
}

impl Changed {
    /// What is to be said of one that is not known.
    pub(super) fn doubt(&self) -> String {
        let at = &self.location;
        format!("nothing shows that what runs in line {} of {} leaves the attested files as they are", at.line, at.path)
    }
}

fn spans<'f, 'p>(
    flow: &'f Flow,
    facts: &'f FlowFacts<'p>,
    point: &Point,
    publish: &'f Publish<'p>,
    files: &[FileRef],
) -> Vec<Span<'f, 'p>> {
    let span = |at: usize, steps: Range<usize>, files: Vec<String>, publish: Option<&'f Publish<'p>>| {
        Some(Span { job: flow.jobs.get(at)?, own: facts.get(at)?, steps, files, publish })
    };
    let items = items_of(flow, facts, publish, files);
    let published: Vec<String> =
        items.iter().map(|f| glob::normal(f.as_str())).filter(|f| !matches!(f.as_str(), "*" | "**" | "")).collect();
    if point.job == publish.job {
        // A release tool publishes before its files are attested.
        let steps = match point.step <= publish.step {
            true => point.step + 1..publish.step + 1,
            false => publish.step + 1..point.step,
        };
        return span(point.job, steps, published, Some(publish)).into_iter().collect();
    }
    let mut spans = Vec::new();
    let fetched = |own: &Facts<'_>, before: usize| {
        own.fetches.iter().filter(|f| f.step < before).map(|f| f.step).min().map(|step| step + 1)
    };
    // What another job attested, and this one fetches.
    if let Some(start) = facts.get(publish.job).and_then(|own| fetched(own, publish.step)) {
        spans.extend(span(publish.job, start..publish.step + 1, published, Some(publish)));
    }
    // The jobs that hand the files on, the one that takes the digests among them.
    let through: BTreeSet<usize> = items
        .iter()
        .flat_map(|f| bytes::origin(flow, facts, publish.job, publish.step, f.as_str()).through)
        .filter(|at| *at != publish.job)
        .collect();
    let mut held: HashMap<&str, bool> = HashMap::new();
    for at in through {
        let (Some(job), Some(own)) = (flow.jobs.get(at), facts.get(at)) else { continue };
        let made: Vec<String> = files.iter().filter(|f| f.job == job.key).map(|f| f.pattern.clone()).collect();
        // Another leg of a matrix attests its own files at the same step.
        let attests = flow.jobs.get(point.job).is_some_and(|p| p.key == job.key);
        // What a job makes and another one attests is attested as it was stored.
        if !attests && !made.is_empty() && !facts.earlier(flow, at).contains(&point.job) {
            continue;
        }
        // What the job stores before or after concerns other files, and so does what another leg of a matrix stores.
        let any = *held.entry(job.key.as_str()).or_insert_with(|| {
            let legs = bytes::legs(flow, &job.key).filter_map(|leg| Some((flow.jobs.get(leg)?, facts.get(leg)?)));
            legs.into_iter().any(|(job, own)| own.stores.iter().any(|store| holds(job, own, store, &made)))
        });
        for store in own.stores.iter().filter(|store| !any || holds(job, own, store, &made)) {
            let start = if attests { Some(point.step + 1) } else { fetched(own, store.step) };
            let names = match made.is_empty() {
                true => store.paths.iter().map(|p| folder(&glob::normal(p.as_str()))).collect(),
                false => made.clone(),
            };
            match start {
                Some(start) if start <= store.step => spans.extend(span(at, start..store.step, names, None)),
                // Stored first and attested later: what lies between changes what is attested.
                Some(start) if attests => {
                    spans.extend(span(at, store.step + 1..start.saturating_sub(1), names, None));
                }
                _ => {}
            }
        }
    }
    spans
}

/// What of the items that a step publishes brings some of the files: the others may change as they like. Where none is
/// known to, all count.
fn items_of(flow: &Flow, facts: &FlowFacts<'_>, publish: &Publish<'_>, files: &[FileRef]) -> Vec<Text> {
    let mut items: Vec<Text> = publish.files.iter().flat_map(|f| f.value.items(&[','])).collect();
    let brings = |item: &Text| {
        let origin = bytes::origin(flow, facts, publish.job, publish.step, item.as_str());
        origin.files.iter().any(|file| files.contains(file))
    };
    if items.len() > 1 && items.iter().any(brings) {
        items.retain(brings);
    }
    items
}

/// Whether a job stores one of the files, under its name or another one that it gave it.
fn holds(job: &Job, own: &Facts<'_>, store: &Handover<'_>, files: &[String]) -> bool {
    let paths = store.paths.iter().map(|p| glob::normal(p.as_str()));
    paths.flat_map(|p| [format!("{p}/**"), p]).any(|stored| {
        let stored = Pattern::new(&stored);
        let before: Vec<String> = own.moves(job).iter().flat_map(|moved| moved.before(&stored)).collect();
        files.iter().any(|f| stored.overlaps(&Pattern::new(f)) || before.iter().any(|from| glob::overlaps(from, f)))
    })
}

/// A stored folder stands for what is in it.
fn folder(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or(path);
    if path.contains(['*', '?']) || last.contains('.') { path.to_owned() } else { format!("{path}/**") }
}

/// What a step or a command writes.
#[derive(Debug)]
pub(super) struct Written {
    /// Index of the step.
    step: usize,
    /// The position of the command in the step's script; `None` for an action.
    command: Option<usize>,
    location: Location,
    /// Under which condition of its job.
    cond: Cond,
    /// The files.
    paths: Vec<Pattern>,
    /// Whether it may write any file: what comes through a pipe, or a default that is not catalogued.
    any: bool,
    /// The steps in front that build by the same command.
    again: Vec<usize>,
    /// Whether it is known to; else its name speaks of changing what it is handed.
    shown: bool,
}

/// What the steps of a job write, in order.
pub(super) fn of_job(job: &Job, own: &Facts<'_>) -> Vec<Written> {
    let mut written = Vec::new();
    let mut built: HashMap<(&[Text], &Text), Vec<usize>> = HashMap::new();
    for (at, (step, doers)) in job.steps.iter().zip(own.doers.iter()).enumerate() {
        let script = match &step.body {
            StepBody::Script(script) => script,
            StepBody::Action(action) => {
                let mut paths = Paths::default();
                doers.iter().for_each(|doer| paths.changed_by(doer, ""));
                let known = paths.found();
                let shown = known.is_some();
                if let Some((paths, any)) = known.or_else(|| perhaps_by_action(step, action)) {
                    let (location, cond) = (step.location.clone(), step.cond.clone());
                    let again = Vec::new();
                    written.push(Written { step: at, command: None, location, cond, paths, any, again, shown });
                }
                continue;
            }
            StepBody::Opaque { .. } => continue,
        };
        let works = own.working.contains(&at);
        for (position, command) in script.commands.iter().enumerate() {
            let key = (&*command.words, &command.folder);
            let again = if works { built.get(&key).cloned().unwrap_or_default() } else { Vec::new() };
            let known = written_by(step, command).found();
            let shown = known.is_some() || !again.is_empty();
            let paths = known.or_else(|| perhaps_by_program(command));
            if paths.is_some() || shown {
                let (paths, any) = paths.unwrap_or_default();
                let (location, cond) = (command.location.clone(), step.cond.clone().and(command.cond.clone()));
                written.push(Written { step: at, command: Some(position), location, cond, paths, any, again, shown });
            }
            if works && command.words.len() > 1 {
                let steps = built.entry(key).or_default();
                if steps.last() != Some(&at) {
                    steps.push(at);
                }
            }
        }
    }
    written
}

/// What an action may change by its name, of which nothing else is known: what its inputs name.
fn perhaps_by_action(step: &Step, action: &ActionUse) -> Option<(Vec<Pattern>, bool)> {
    let name = action.name.split_once('/').map_or(action.name.as_str(), |(_, name)| name);
    if !speech::changes(name) || opaque::is_known(step, action) {
        return None;
    }
    perhaps("", action.inputs.iter().map(|input| &input.value))
}

/// What a program that is not read may change by its name: what its words name.
fn perhaps_by_program(command: &Command) -> Option<(Vec<Pattern>, bool)> {
    let program = command.words.iter().find(|word| opaque::is_program(word.as_str()))?;
    let file = program.as_str().rsplit('/').next()?;
    let named = speech::changes(file.rsplit_once('.').map_or(file, |(stem, _)| stem));
    named.then(|| perhaps(command.folder.as_str(), command.words.iter().filter(|word| *word != program))).flatten()
}

fn perhaps<'t>(folder: &str, texts: impl Iterator<Item = &'t Text>) -> Option<(Vec<Pattern>, bool)> {
    let mut paths = Paths::default();
    for item in texts.flat_map(|text| text.items(&[',', ' '])).filter(|item| item.symbol().is_none()) {
        let item = item.as_str().trim_end_matches('/');
        paths.add(folder, item);
        paths.add(folder, &format!("{item}/**"));
    }
    paths.found()
}

/// The first change in a stretch, of those that are known to be one or of the others.
fn changed(span: &Span<'_, '_>, point: &Point, publish: &Publish<'_>, shown: bool) -> Option<Location> {
    let attesting = span.publish.filter(|p| p.job == point.job).and_then(|_| span.job.steps.get(point.step));
    // What an action runs that attests its own command.
    let skipped = |at: usize| {
        let step = span.job.steps.get(at);
        attesting.zip(step).is_some_and(|(attesting, step)| attesting.includes(step))
    };
    // The publishing command, and what runs behind it.
    let done = match publish.doer.act {
        Act::Command(_, own, _) if span.publish.is_some() && span.steps.contains(&publish.step) => {
            let script = span.job.steps.get(publish.step).and_then(|step| step.script());
            script.and_then(|script| script.commands.iter().position(|command| std::ptr::eq(own, command)))
        }
        _ => None,
    };
    // A name that nothing resolves could be that of anything: only the same words are the same file.
    let (unresolved, files): (Vec<&String>, Vec<&String>) =
        span.files.iter().partition(|file| Text::new(file.as_str()).symbol().is_some());
    let files: Vec<Pattern> = files.into_iter().map(|file| Pattern::new(file)).collect();
    for written in span.own.written(span.job).iter().filter(|w| span.steps.contains(&w.step) && w.shown == shown) {
        if skipped(written.step) {
            continue;
        }
        if done.is_some_and(|done| written.step == publish.step && written.command >= Some(done)) {
            return None;
        }
        let again = written.again.iter().any(|before| !span.steps.contains(before) && !skipped(*before));
        let meets = || {
            let same = |path: &Pattern| unresolved.iter().any(|file| path.as_str() == file.as_str());
            written.paths.iter().any(|path| same(path) || files.iter().any(|file| file.overlaps(path)))
        };
        if !(again || written.any && !files.is_empty() || meets()) {
            continue;
        }
        if !written.cond.clone().and(publish.cond.clone()).is_never() {
            return Some(written.location.clone());
        }
    }
    None
}

/// Files that are written.
#[derive(Default)]
struct Paths {
    paths: Vec<Pattern>,
    any: bool,
}

impl Paths {
    /// What there is to say, if there is anything.
    fn found(self) -> Option<(Vec<Pattern>, bool)> {
        (self.any || !self.paths.is_empty()).then_some((self.paths, self.any))
    }

    fn add(&mut self, folder: &str, path: &str) {
        let path = glob::normal(&naming::join(folder, path));
        // Checksums and signatures are made after the files, and nobody runs them.
        if !path.is_empty() && !ancillary(&path) {
            self.paths.push(Pattern::new(&path));
            let beside = naming::beside(&path);
            if beside.len() < path.len() {
                self.paths.push(Pattern::new(beside));
            }
        }
    }

    /// Adds what a catalogued step makes other bytes of.
    fn changed_by(&mut self, doer: &Doer<'_>, below: &str) {
        let catalogue = Catalogue::get();
        for change in doer.among(&catalogue.index.changes, &catalogue.changes) {
            let Some(hit) = doer.is(&change.actions, &change.commands) else { continue };
            if doer.applies(&[], &change.unless).is_never() {
                continue;
            }
            if let Some(brings) = change.brings.as_ref().filter(|b| b.archive.is_empty() || b.engine) {
                // Sources that are fetched lie in a folder of their own, and images in the engine.
                if !brings.sources && !brings.engine {
                    brought::paths(doer, hit, change, brings).iter().for_each(|path| self.add(below, path));
                }
                continue;
            }
            let picked = doer.every(&change.files, hit, &change.value_flags);
            let endings: Vec<&str> = change.endings.iter().map(String::as_str).collect();
            let endings = if endings.is_empty() { &[""][..] } else { &endings };
            let folder = naming::join(doer.folder().as_str(), below);
            self.any |= picked.is_empty();
            for file in picked.iter().flat_map(|p| p.value.items(&[])) {
                if file.as_str() == "{}" {
                    self.add(&folder, "**");
                    continue;
                }
                for ending in endings {
                    let name = match *ending {
                        "" => file.to_string(),
                        ending => format!("{}{ending}", file.as_str().trim_end_matches('/')),
                    };
                    self.add(&folder, &name);
                    self.add(&folder, &format!("{name}/**"));
                }
            }
        }
    }
}

/// The files that a command writes.
fn written_by(step: &Step, command: &Command) -> Paths {
    let mut paths = Paths::default();
    let folder = command.folder.as_str();
    let words: Vec<&str> = command.words.iter().map(|w| w.as_str()).collect();
    for (at, word) in words.iter().enumerate() {
        match word.split_once('=') {
            Some((name, value)) if OUTPUTS.contains(&name) => paths.add(folder, value),
            _ if OUTPUTS.contains(word) => words.get(at + 1).into_iter().for_each(|value| paths.add(folder, value)),
            _ => {}
        }
    }
    if let Some(file) = command.output.as_ref().filter(|file| file.symbol().is_none() && !is_data(file.as_str())) {
        paths.add(folder, file.as_str());
    }
    let program = command.words.first().and_then(matching::program).unwrap_or_default();
    // `find dist -exec strip {} +` changes what lies in the folder.
    let roots: Vec<&str> = match program {
        "find" => words.iter().skip(1).take_while(|w| !w.starts_with(['-', '(', '!'])).copied().collect(),
        _ => Vec::new(),
    };
    let roots = if roots.is_empty() { &[""][..] } else { &roots };
    for doer in command.views().map(|words| Doer::command(step, command, words)) {
        roots.iter().for_each(|root| paths.changed_by(&doer, root));
    }
    let archive = words.iter().position(|w| {
        let letters = w.strip_prefix('-').unwrap_or(w);
        letters.chars().all(char::is_alphabetic) && letters.contains('c') && letters.ends_with('f')
    });
    let archive = archive.filter(|_| program == "tar").and_then(|at| words.get(at + 1));
    archive.into_iter().for_each(|file| paths.add(folder, file));
    paths
}
