//! Splits a stream into what shares one verdict: file families of a release, and the lowest of several pushes.

use super::bytes::{self, FileRef};
use super::doer::Doer;
use super::facts::{self, Publish};
use super::filenames::{ancillary, describes, holds_indexes, is_data, states};
use super::{Linked, Path, Stream, coverage};
use crate::catalogue::Catalogue;
use crate::model::{Flow, Kind, StepBody, Text};

/// A group of published files under one publishing step.
struct Family<'s, 'p> {
    publish: &'s Publish<'p>,
    /// As the step writes them.
    written: Vec<String>,
    files: Vec<FileRef>,
}

/// The targets of one stream. A release some of whose files are covered and some are not becomes two.
pub(super) fn split<'p>(path: &Path<'_, 'p>, stream: &Stream<'_, 'p>) -> Vec<Linked<'p>> {
    if stream.kind != Kind::ReleaseAssets {
        // Checksums, signatures and the like in a bucket belong to what lies beside them, and of a folder of which only
        // data are taken so do those.
        let aside = |publish: &&&Publish<'_>| {
            let mut files = publish.files.iter().flat_map(|file| file.value.items(&[','])).peekable();
            let (data, index) = (publish.chooses(), holds_indexes(&stream.name));
            let aside = |file: Text| {
                let file = file.as_str();
                ancillary(file) || data && is_data(file) || index && holds_indexes(file)
            };
            stream.kind == Kind::ObjectStorage && files.peek().is_some() && files.all(aside)
        };
        return stream
            .publishes
            .iter()
            .filter(|publish| !aside(publish))
            .take_while(|_| path.counts())
            .map(|publish| {
                let files = coverage::refs(path.flow, path.facts, publish.job, publish.step, &publish.files);
                path.link(stream, stream.name.clone(), publish, &files)
            })
            .collect();
    }
    let families = families(path, stream);
    let linked: Vec<(Family<'_, 'p>, Linked<'p>)> = families
        .into_iter()
        .take_while(|_| !path.facts.count.is_full())
        .flat_map(|family| {
            let one = path.link(stream, stream.name.clone(), family.publish, &family.files);
            let parts = if one.provenance.is_none() { parts(path, stream, &family) } else { Vec::new() };
            if parts.is_empty() { vec![(family, one)] } else { parts }
        })
        .collect();
    let covered = linked.iter().any(|(_, l)| l.provenance.is_some());
    let mut targets = Vec::new();
    let mut uncovered: Vec<(Vec<String>, Linked<'p>)> = Vec::new();
    for (family, one) in linked {
        if covered && one.provenance.is_none() {
            match uncovered.iter_mut().find(|(_, l)| l.publish.location == one.publish.location) {
                Some((written, _)) => written.extend(family.written),
                None => uncovered.push((family.written, one)),
            }
        } else {
            targets.push(one);
        }
    }
    for (mut written, mut one) in uncovered {
        written.dedup();
        one.whole = false;
        one.name = if written.is_empty() { one.name } else { format!("{} ({})", one.name, written.join(", ")) };
        targets.push(one);
    }
    targets
}

/// The files behind one published pattern one by one, where each or some of them have provenance of their own: one job
/// attests what it makes, and another job what that one makes. None where that says nothing.
fn parts<'s, 'p>(
    path: &Path<'_, 'p>,
    stream: &Stream<'_, 'p>,
    family: &Family<'s, 'p>,
) -> Vec<(Family<'s, 'p>, Linked<'p>)> {
    let file = |written: &String| {
        let known = coverage::fixed(written);
        let last = known.rsplit('/').next().unwrap_or(&known);
        last.contains('.') && !known.contains(['*', '?', '{', '['])
    };
    if family.files.len() < 2 || family.written.iter().all(file) {
        return Vec::new();
    }
    let mut groups: Vec<Vec<FileRef>> = Vec::new();
    for file in family.files.iter().take_while(|_| path.counts()) {
        let same = |other: &FileRef| bytes::alternatives(path.flow, path.facts, family.publish.job, file, other);
        let (mut joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.iter().any(same));
        groups = apart;
        joined.push(vec![file.clone()]);
        groups.push(joined.concat());
    }
    if groups.len() < 2 {
        return Vec::new();
    }
    let part = |files: Vec<FileRef>| {
        let one = path.link(stream, stream.name.clone(), family.publish, &files);
        let written = files.first().map(|f| f.pattern.clone()).into_iter().collect();
        (Family { publish: family.publish, written, files }, one)
    };
    let parts: Vec<_> = groups.into_iter().map(part).collect();
    // Where each is refused, its own reason says more than that another file has no part in it.
    let told = |(_, one): &(Family<'_, '_>, Linked<'_>)| one.provenance.is_some() || !one.refused.is_empty();
    let useful = parts.iter().any(|(_, one)| one.provenance.is_some()) || parts.iter().all(told);
    if useful { parts } else { Vec::new() }
}

/// One family for each published pattern that consumers would run or install.
fn families<'s, 'p>(path: &Path<'_, 'p>, stream: &'s Stream<'s, 'p>) -> Vec<Family<'s, 'p>> {
    let mut families = Vec::new();
    for publish in &stream.publishes {
        let mut items: Vec<(String, Vec<FileRef>)> = Vec::new();
        for file in &publish.files {
            for item in file.value.items(&[',']) {
                // `path#label` names the asset for people.
                let written = item.as_str().trim_matches(['"', '\'']).split('#').next().unwrap_or_default().to_owned();
                if written.is_empty() || written.starts_with('!') || is_statement(path.flow, &item) {
                    continue;
                }
                if !path.counts() {
                    return families;
                }
                let picked = super::doer::Picked { value: written.as_str().into(), location: file.location.clone() };
                items.push((written, coverage::refs(path.flow, path.facts, publish.job, publish.step, &[picked])));
            }
        }
        let runnable: Vec<(String, Vec<FileRef>)> = items.iter().filter(|(w, _)| !ancillary(w)).cloned().collect();
        if items.is_empty() {
            if !path.counts() {
                return families;
            }
            families.push(Family { publish, written: Vec::new(), files: Vec::new() });
        } else if runnable.is_empty() {
            // Only checksums, signatures and the like: they follow the release that carries the bytes.
            let made = || path.facts.iter().flat_map(|own| &own.attests).any(|attest| !attest.producer.subjects.own);
            let beside = |written: &str| describes(written) || states(written) && !made();
            if stream.publishes.len() == 1 && !items.iter().all(|(w, _)| beside(w)) {
                families.push(Family {
                    publish,
                    written: items.iter().map(|(w, _)| w.clone()).collect(),
                    files: items.into_iter().flat_map(|(_, f)| f).collect(),
                });
            }
        } else {
            let family = |(written, files): (String, Vec<FileRef>)| {
                // Of what an artifact brings, checksums and the like need no provenance.
                let (aside, run): (Vec<FileRef>, Vec<FileRef>) = files.into_iter().partition(|f| ancillary(&f.pattern));
                let files = if run.is_empty() { aside } else { run };
                Family { publish, written: vec![written], files }
            };
            families.extend(runnable.into_iter().map(family));
        }
    }
    families
}

/// Whether a value is the file in which a step leaves the provenance, or another statement, that it made.
/// Source: <https://github.com/actions/attest#outputs>
fn is_statement(flow: &Flow, value: &Text) -> bool {
    let step = value.symbol().filter(|s| s.ends_with(".outputs.bundle-path"));
    let Some((_, step)) = step.and_then(|symbol| facts::step_of_symbol(flow, symbol)) else {
        return false;
    };
    let StepBody::Action(action) = &step.body else { return false };
    let doer = Doer::action(step, action);
    let catalogue = Catalogue::get();
    let mut makers = doer.among(&catalogue.index.producers, &catalogue.producers);
    makers.any(|p| doer.is(&p.actions, &[]).is_some())
}
