//! Whether a later job publishes the provenance file that a builder stores as an artifact.

use super::facts::{Facts, FlowFacts, Handover, Publish};
use super::{glob, naming};
use crate::commands::matching;
use crate::model::{Cond, Flow, Job, Kind, Location, StepBody};

/// The name of a provenance file that nobody gave a name.
const UNNAMED: &str = "multiple.intoto.jsonl";
/// Programs that put a file elsewhere under its own bytes.
const MOVE: &[&str] = &["mv", "cp", "install", "rsync", "ln"];

/// The publishing step that hands out the provenance of the job `key`: it fetches the file, and publishes what the file
/// is among.
pub(super) fn handed_out(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (key, named): (&str, Option<&str>),
    release: &Cond,
) -> Option<Location> {
    let found = facts.iter().enumerate().find_map(|(at, own)| {
        let job = flow.jobs.get(at).filter(|j| j.needs.iter().any(|n| n == key))?;
        own.fetches.iter().find_map(|fetch| {
            let place = lands(fetch, key, named)?;
            published(job, own, fetch.step, &place).filter(|p| release.implies(&p.cond))
        })
    });
    found.map(|p| p.doer.location().clone())
}

/// Where a fetch puts the file; `None` when it does not fetch it.
fn lands(fetch: &Handover<'_>, key: &str, named: Option<&str>) -> Option<String> {
    let folder = fetch.paths.first().map(|p| glob::normal(p.as_str())).unwrap_or_default();
    let folder = folder.trim_end_matches("**").trim_end_matches('/');
    // The artifact and the file in it have one name.
    let file = named.unwrap_or(UNNAMED);
    let below = match &fetch.name {
        None if fetch.merged => file.to_owned(),
        None => format!("{file}/{file}"),
        Some(name) => {
            let name = name.as_str();
            let outputs = format!("jobs.{key}.outputs.");
            let own = name.contains(&outputs) || name.contains("intoto") || name.contains("provenance");
            if !own && named != Some(name) && !glob::contains(name, file) {
                return None;
            }
            let wild = name.contains('*') && !fetch.merged;
            if wild { format!("{file}/{file}") } else { file.to_owned() }
        }
    };
    Some(naming::join(folder, &below))
}

/// The step that publishes a file of the job, also from where a command put it.
fn published<'f, 'p>(job: &Job, own: &'f Facts<'p>, after: usize, place: &str) -> Option<&'f Publish<'p>> {
    let mut publishes = own.publishes.iter().filter(|p| p.sink.kind == Kind::ReleaseAssets && p.step > after);
    publishes.find(|publish| {
        let places = moved(job, after, publish.step, place);
        let mut files = publish.files.iter().flat_map(|f| f.value.items(&[','])).peekable();
        // A step that names no files hands out what its tool finds.
        files.peek().is_none() || files.any(|file| places.iter().any(|place| names(file.as_str(), place)))
    })
}

/// Whether a published pattern names the file.
fn names(pattern: &str, place: &str) -> bool {
    let pattern = glob::normal(pattern);
    let pattern = pattern.split('#').next().unwrap_or_default();
    let last = pattern.rsplit('/').next().unwrap_or_default();
    let meant = ["intoto", "provenance", "attestation"].iter().any(|w| last.contains(w));
    let folder = |p: &str| p.rsplit_once('/').map_or(String::new(), |(f, _)| f.to_owned());
    glob::contains(pattern, place) || meant && glob::overlaps(&folder(pattern), &folder(place))
}

/// The places of a file after the commands between two steps have moved or copied it.
fn moved(job: &Job, after: usize, before: usize, place: &str) -> Vec<String> {
    let mut places = vec![place.to_owned()];
    for step in job.steps.iter().take(before).skip(after + 1) {
        let StepBody::Script(script) = &step.body else { continue };
        for command in &script.commands {
            if !command.words.first().and_then(matching::program).is_some_and(|p| MOVE.contains(&p)) {
                continue;
            }
            let words = command.words.iter().skip(1).filter(|w| !w.as_str().starts_with('-'));
            let paths: Vec<String> = words.map(|w| naming::join(command.folder.as_str(), w.as_str())).collect();
            let Some((to, from)) = paths.split_last() else { continue };
            let file = place.rsplit('/').next().unwrap_or(place);
            let taken = |from: &String| {
                let from = glob::normal(from);
                places.iter().any(|p| glob::contains(&from, p) || glob::contains(&format!("{from}/**"), p))
            };
            if from.iter().any(taken) {
                places.extend([to.clone(), naming::join(to, file)]);
            }
        }
    }
    places
}
