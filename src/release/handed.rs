//! Whether a later job publishes the provenance file that a builder stores as an artifact.

use super::facts::{Facts, FlowFacts, Handover, Publish};
use super::filenames::speaks_of_provenance;
use super::glob::{self, Pattern};
use super::naming;
use crate::model::{Cond, Flow, Job, Kind, Location, Text};

/// The name of a provenance file that nobody gave a name.
const UNNAMED: &str = "multiple.intoto.jsonl";

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
            let speaks = speaks_of_provenance(name);
            // Of what a call names in its outputs only its own provenance is meant.
            let other = |symbol: &str| symbol.contains(".outputs.") && !symbol.contains(".steps.");
            let outputs = format!("jobs.{key}.outputs.");
            let elsewhere = fetch.name.iter().flat_map(Text::symbols).any(|s| other(s) && !s.starts_with(&outputs));
            let own = speaks && !elsewhere;
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
        let moves = || own.moves(job).iter().take_while(|m| m.step <= publish.step).filter(|m| m.step > after);
        let mut files = publish.files.iter().flat_map(|f| f.value.items(&[','])).peekable();
        // A step that names no files hands out what its tool finds.
        files.peek().is_none()
            || files.any(|file| {
                let pattern = Pattern::new(file.as_str());
                let mut before = moves().flat_map(|m| m.before(&pattern));
                names(file.as_str(), place) || before.any(|file| names(&file, place))
            })
    })
}

/// Whether a published pattern names the file.
fn names(pattern: &str, place: &str) -> bool {
    let pattern = glob::normal(pattern);
    let pattern = pattern.split('#').next().unwrap_or_default();
    let last = pattern.rsplit('/').next().unwrap_or_default();
    let meant = speaks_of_provenance(last);
    let folder = |p: &str| p.rsplit_once('/').map_or(String::new(), |(f, _)| f.to_owned());
    glob::contains(pattern, place) || meant && glob::overlaps(&folder(pattern), &folder(place))
}
