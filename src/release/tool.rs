//! What a release tool makes, publishes and lists, by what its configuration says: none of it is named where it runs.

use super::bytes;
use super::coverage::{Unit, items};
use super::digests;
use super::doer::Picked;
use super::facts::{Attest, FlowFacts, Publish};
use super::glob;
use crate::catalogue::Bytes;
use crate::commands::matching::flag;
use crate::model::Flow;

/// What a release tool uploads without listing it, as its configuration is followed.
pub(super) const UNLISTED: &str = "goreleaser:extra-files";

/// Whether the lists of the attesting job are those of a release tool, and something else builds what it publishes.
pub(super) fn of_another_tool(facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> bool {
    let tool = |p: &Publish<'_>| p.words().first().is_some_and(|w| w.as_str().starts_with("goreleaser:"));
    unit.publish.bytes == Bytes::Built
        && unit.files.is_empty()
        && !tool(unit.publish)
        && facts.get(attest.job).is_some_and(|own| own.publishes.iter().any(tool))
}

/// Why a release tool writes none of the checksums files, where its configuration says how it calls its own.
pub(super) fn no_list(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    attest: &Attest<'_>,
    unit: &Unit<'_, '_>,
    checksums: &[Picked],
) -> Option<String> {
    let written = flag(unit.publish.words(), &["--lists".to_owned()]).first()?.value()?.to_string();
    if written.is_empty() {
        return Some("the configuration of the release tool keeps it from listing all of it in one file".to_owned());
    }
    let list = glob::starred(&glob::normal(&written));
    let meant = |c: &Picked| {
        let origin = bytes::origin(flow, facts, attest.job, attest.step, c.value.as_str());
        let may = |path: &str| digests::is_somewhere(path) || glob::overlaps(&glob::starred(path), &list);
        origin.files.iter().any(|f| may(&f.pattern))
    };
    let name = checksums.first().map_or("", |c| c.value.as_str());
    (!checksums.iter().any(meant)).then(|| format!("the release tool writes its checksums as `{list}` and no `{name}`"))
}

/// An ending of published files that no subject of the attesting job has.
pub(super) fn unattested(facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Option<String> {
    let own = facts.get(attest.job)?.attests.iter();
    let beside = own.filter(|a| std::ptr::eq(a.producer, attest.producer) && unit.publish.cond.implies(&a.cond));
    let subjects: Vec<String> = beside
        .flat_map(|a| a.doer.every(&a.producer.subjects.files, a.hit, &a.producer.value_flags))
        .flat_map(|f| items(&f))
        .map(|f| f.value.as_str().trim_end_matches(['/', '"', '\'']).to_owned())
        .collect();
    let sink = unit.publish.sink;
    let made = unit.publish.doer.every(&sink.makes, unit.publish.hit, &sink.value_flags);
    let mut endings = made.iter().map(|m| m.value.as_str());
    let names = |s: &str, ending: &str| names_ending(s, ending);
    let left_out = |ending: &str| subjects.iter().filter_map(|s| s.strip_prefix('!')).any(|s| names(s.trim(), ending));
    let covered = |ending: &str| subjects.iter().any(|s| !s.starts_with('!') && names(s, ending)) && !left_out(ending);
    endings.find(|ending| !covered(ending)).map(str::to_owned)
}

/// Whether a pattern names all files with an ending that lie where a release tool puts them.
fn names_ending(pattern: &str, ending: &str) -> bool {
    let pattern = glob::normal(pattern);
    let (folder, file) = pattern.rsplit_once('/').unwrap_or(("", &pattern));
    // Below the tool's folder lie the programs from which it makes the rest.
    let below = match folder.split_once("dist/") {
        Some((_, below)) => !below.is_empty(),
        None => folder.contains('/') && !folder.ends_with("/dist") && !pattern.contains('*'),
    };
    if below {
        return pattern.contains("**") && names_ending(file, ending);
    }
    if file.contains('[') {
        let matcher = globset::Glob::new(file).map(|g| g.compile_matcher());
        return matcher.is_ok_and(|m| m.is_match(format!("x.{ending}")));
    }
    // A pattern that ends in anything, or a folder.
    if file.ends_with('*') || file.ends_with("}}") || !file.contains('.') {
        return true;
    }
    // What stands between two wildcards chooses among the files, and so does what stands before the ending.
    let mut parts = file.split('*').skip(1).peekable();
    let mut last = None;
    while let Some(part) = parts.next() {
        if parts.peek().is_some() && part.contains(|c: char| c.is_alphanumeric()) {
            return false;
        }
        last = Some(part);
    }
    match last {
        Some(last) => last == format!(".{ending}"),
        None => file.ends_with(&format!(".{ending}")),
    }
}
