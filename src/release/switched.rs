//! Images that one command builds and another one pushes: what the build switches off, the push does not bring back.

use super::coverage::Unit;
use super::doer::{Act, Doer};
use super::facts::FlowFacts;
use super::own_images::{Name, renamed};
use super::provenance::Refused;
use crate::catalogue::{Bytes, Catalogue};
use crate::model::{Flow, Kind};

/// An image is followed back through this many names.
const MOST_NAMES: usize = 8;

/// The line by which the last build of what is pushed makes no provenance, where it says so.
pub(super) fn off(flow: &Flow, facts: &FlowFacts<'_>, unit: &Unit<'_, '_>) -> Option<Refused> {
    let publish = unit.publish;
    if unit.kind != Kind::Image || !matches!(publish.bytes, Bytes::Given | Bytes::Copied) {
        return None;
    }
    let mut before: Vec<&Doer<'_>> = Vec::new();
    let earlier = facts.earlier(flow, publish.job);
    for (at, own) in earlier.iter().filter_map(|at| Some((*at, facts.get(*at)?))).chain(own(facts, publish.job)) {
        let steps = if at == publish.job { publish.step + 1 } else { usize::MAX };
        before.extend(own.doers.iter().take(steps).flatten().filter(|doer| !doer.cond().is_never()));
    }
    if !facts.count.comparisons(before.len()) {
        return None;
    }
    // An index is made of images that have tags of their own.
    let any_tag = publish.sink.index;
    let pushed = publish.doer.first(&publish.sink.name, publish.hit, &publish.sink.value_flags);
    let mut names: Vec<Name> = pushed
        .iter()
        .flat_map(|n| n.value.items(&[',', ' ']))
        .map(|n| Name::new(n.as_str()))
        .take(MOST_NAMES)
        .collect();
    for doer in before.iter().rev() {
        let Act::Command(_, _, words) = doer.act else { continue };
        let Some((from, to)) = renamed(words) else { continue };
        let (from, to) = (Name::new(from.as_str()), Name::new(to.as_str()));
        if names.len() < MOST_NAMES && names.iter().any(|name| name.is(&to, any_tag)) && !names.contains(&from) {
            names.push(from);
        }
    }
    let made = |doer: &&&Doer<'_>| built(doer).iter().any(|own| names.iter().any(|name| name.is(own, any_tag)));
    let mut builds = before.iter().rev().filter(made);
    // Every part of an index counts, of an image only the last build.
    if any_tag { builds.find_map(|doer| switch(doer)) } else { switch(builds.next()?) }
}

fn own<'f, 'p>(facts: &'f FlowFacts<'p>, job: usize) -> Option<(usize, &'f std::rc::Rc<super::facts::Facts<'p>>)> {
    Some((job, facts.get(job)?))
}

/// The images that a command or an action builds.
fn built(doer: &Doer<'_>) -> Vec<Name> {
    let catalogue = Catalogue::get();
    let sinks = doer.among(&catalogue.index.sinks, &catalogue.sinks);
    let sinks = sinks.filter(|sink| sink.kind == Kind::Image && sink.bytes == Bytes::Built);
    let names = sinks
        .filter_map(|sink| Some(doer.first(&sink.name, doer.is(&sink.actions, &sink.commands)?, &sink.value_flags)));
    names.flatten().flat_map(|n| n.value.items(&[',', ' '])).map(|n| Name::new(n.as_str())).collect()
}

/// What of a build switches provenance off.
fn switch(doer: &Doer<'_>) -> Option<Refused> {
    let catalogue = Catalogue::get();
    let mut producers = doer.among(&catalogue.index.producers, &catalogue.producers);
    producers.find_map(|producer| {
        doer.is(&producer.actions, &producer.commands)?;
        let off = producer.broken.iter().filter(|broken| broken.fix.is_some());
        let off = off.into_iter().find(|broken| doer.applies(&broken.when, &[]).is_always())?;
        Some(Refused { rule: producer.id.clone(), why: off.why.clone(), location: doer.shown_by(&off.when) })
    })
}
