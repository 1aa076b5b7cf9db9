//! Files that change between the step that takes their digest and the step that publishes them.

use std::collections::BTreeSet;
use std::ops::Range;

use super::bytes::{self, FileRef};
use super::doer::{Act, Doer};
use super::facts::{Facts, FlowFacts, Publish};
use super::family::ancillary;
use super::{glob, naming};
use crate::catalogue::Catalogue;
use crate::commands::matching;
use crate::model::{Command, Flow, Job, Location, StepBody, Text};

/// Options whose value is the file that is written.
const OUTPUTS: &[&str] = &["-o", "--output", "--out", "-out", "-outfile", "--outfile", "-OutFile"];
/// Endings of data that is written beside a release for programs to read.
const DATA: &[&str] = &[".json", ".yml", ".yaml", ".xml", ".html", ".toml", ".csv", ".log", ".env", ".plist"];

/// The step that takes the digests of files: it attests them, or lists their digests for what does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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
) -> Option<Location> {
    spans(flow, facts, point, publish, files).iter().find_map(|span| changed(span, point, publish))
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
    let named = publish.files.iter().flat_map(|f| f.value.items(&[',']));
    let published: Vec<String> =
        named.map(|f| glob::normal(f.as_str())).filter(|f| !matches!(f.as_str(), "*" | "**" | "")).collect();
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
    let origins = publish.files.iter().flat_map(|f| f.value.items(&[',']));
    let through: BTreeSet<usize> = origins
        .flat_map(|f| bytes::origin(flow, facts, publish.job, publish.step, f.as_str()).through)
        .filter(|at| *at != publish.job)
        .collect();
    for at in through {
        let (Some(job), Some(own)) = (flow.jobs.get(at), facts.get(at)) else { continue };
        let made: Vec<String> = files.iter().filter(|f| f.job == job.key).map(|f| f.pattern.clone()).collect();
        // Another leg of a matrix attests its own files at the same step.
        let attests = flow.jobs.get(point.job).is_some_and(|p| p.key == job.key);
        // What a job makes and another one attests is attested as it was stored.
        if !attests && !made.is_empty() && !facts.earlier(flow, at).contains(&point.job) {
            continue;
        }
        for store in &own.stores {
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

/// A stored folder stands for what is in it.
fn folder(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or(path);
    if path.contains(['*', '?']) || last.contains('.') { path.to_owned() } else { format!("{path}/**") }
}

fn changed(span: &Span<'_, '_>, point: &Point, publish: &Publish<'_>) -> Option<Location> {
    let mut built: Vec<&Command> = Vec::new();
    let attesting = span.publish.filter(|p| p.job == point.job).and_then(|_| span.job.steps.get(point.step));
    for (at, step) in span.job.steps.iter().enumerate().take(span.steps.end) {
        // What an action runs that attests its own command.
        if attesting.is_some_and(|own| own.location == step.location) {
            continue;
        }
        let inside = span.steps.contains(&at);
        let together =
            |cond: &crate::model::Cond| !step.cond.clone().and(cond.clone()).and(publish.cond.clone()).is_never();
        let script = match &step.body {
            StepBody::Script(script) => script,
            StepBody::Action(action) => {
                let doer = Doer::action(step, action);
                if inside && together(&crate::model::Cond::TRUE) && changes(doer, "", &span.files) {
                    return Some(step.location.clone());
                }
                continue;
            }
            StepBody::Opaque { .. } => continue,
        };
        for command in &script.commands {
            if matches!(publish.doer.act, Act::Command(_, own, _) if span.publish.is_some() && inside && at == publish.step && std::ptr::eq(own, command))
            {
                return None;
            }
            let works = span.own.working.contains(&at);
            if inside {
                let again = works && built.iter().any(|b| b.words == command.words && b.folder == command.folder);
                if together(&command.cond) && (again || writes(step, command, &span.files)) {
                    return Some(command.location.clone());
                }
            } else if works && command.words.len() > 1 {
                built.push(command);
            }
        }
    }
    None
}

/// Whether a catalogued step makes other bytes of the files.
fn changes(doer: Doer<'_>, below: &str, files: &[String]) -> bool {
    let catalogue = Catalogue::get();
    doer.among(&catalogue.index.changes, &catalogue.changes).any(|change| {
        let Some(hit) = doer.is(&change.actions, &change.commands) else { return false };
        if doer.applies(&[], &change.unless).is_never() {
            return false;
        }
        let picked = doer.every(&change.files, hit, &change.value_flags);
        let endings: Vec<&str> = change.endings.iter().map(String::as_str).collect();
        let endings = if endings.is_empty() { &[""][..] } else { &endings };
        let folder = naming::join(doer.folder().as_str(), below);
        // Files that come through a pipe, or a default that is not catalogued.
        let unnamed = || files.iter().any(|f| Text::new(f.as_str()).symbol().is_none());
        picked.is_empty() && unnamed()
            || picked.iter().flat_map(|p| p.value.items(&[])).any(|file| match file.as_str() {
                "{}" => hits(&folder, "**", files),
                name => endings.iter().any(|ending| {
                    let name = if ending.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{}{ending}", name.trim_end_matches('/'))
                    };
                    hits(&folder, &name, files) || hits(&folder, &format!("{name}/**"), files)
                }),
            })
    })
}

/// Whether a path names one of the files.
fn hits(folder: &str, path: &str, files: &[String]) -> bool {
    let path = glob::normal(&naming::join(folder, path));
    // A name that nothing resolves could be that of anything: only the same words are the same file.
    let same = |p: &String| match Text::new(p.as_str()).symbol() {
        Some(_) => *p == path,
        None => glob::overlaps(p, &path),
    };
    // Checksums and signatures are made after the files, and nobody runs them.
    !path.is_empty() && !ancillary(&path) && files.iter().any(same)
}

/// Whether a command writes one of the files.
fn writes(step: &crate::model::Step, command: &Command, files: &[String]) -> bool {
    let folder = command.folder.as_str();
    let words: Vec<&str> = command.words.iter().map(|w| w.as_str()).collect();
    let value = |at: usize, word: &str| match word.split_once('=') {
        Some((name, value)) if OUTPUTS.contains(&name) => Some(value.to_owned()),
        _ if OUTPUTS.contains(&word) => words.get(at + 1).map(|w| (*w).to_owned()),
        _ => None,
    };
    if words.iter().enumerate().filter_map(|(at, w)| value(at, w)).any(|file| hits(folder, &file, files)) {
        return true;
    }
    let data = |file: &str| DATA.iter().any(|end| file.to_ascii_lowercase().ends_with(end));
    if command
        .output
        .as_ref()
        .is_some_and(|file| file.symbol().is_none() && !data(file.as_str()) && hits(folder, file.as_str(), files))
    {
        return true;
    }
    let program = command.words.first().and_then(matching::program).unwrap_or_default();
    // `find dist -exec strip {} +` changes what lies in the folder.
    let roots: Vec<&str> = match program {
        "find" => words.iter().skip(1).take_while(|w| !w.starts_with(['-', '(', '!'])).copied().collect(),
        _ => Vec::new(),
    };
    let roots = if roots.is_empty() { &[""][..] } else { &roots };
    let mut doers = command.views().map(|words| Doer::command(step, command, words));
    if doers.any(|doer| roots.iter().any(|root| changes(doer, root, files))) {
        return true;
    }
    let archive = words.iter().position(|w| {
        let letters = w.strip_prefix('-').unwrap_or(w);
        letters.chars().all(char::is_alphabetic) && letters.contains('c') && letters.ends_with('f')
    });
    let archive = archive.filter(|_| program == "tar").and_then(|at| words.get(at + 1));
    archive.is_some_and(|file| hits(folder, file, files))
}
