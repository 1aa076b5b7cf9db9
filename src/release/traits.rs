//! Traits of the steps of a job that several requirements ask about, read once for each job.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::asked::{self, Asked};
use super::doer::{Act, Doer};
use super::facts::{Facts, FlowFacts};
use super::glob;
use crate::catalogue::{Cache, Catalogue, Remote, Safeguard, Test};
use crate::commands::matching::flag;
use crate::commands::{FlagValue, join};
use crate::model::{Cond, Flow, Job, Location, OutputWrite, Step, Text};

/// Files of settings that one command names.
const MOST_FILES: usize = 8;
/// Places that lead to one step.
const MOST_LEADS: usize = 8;

/// A step that a catalogue entry describes.
#[derive(Debug)]
pub struct Trait<T: 'static> {
    /// The entry.
    pub entry: &'static T,
    /// Where the step stands, or what it does.
    pub location: Location,
    /// What leads there from other files, outermost first, and the steps before that set what decides about it.
    pub leads: Vec<Location>,
    /// Under which condition of its job it runs and the entry applies.
    pub cond: Cond,
    /// Whether it runs only when something before it failed.
    pub only_on_failure: bool,
    /// Whether an input of the step names what the entry would do without it as well.
    pub asked: bool,
    /// How the version is known where it decides and nothing names one.
    pub assumed: Option<String>,
    /// Files of settings that its options name.
    pub files: Vec<String>,
}

/// The traits of one job.
#[derive(Debug, Default)]
pub struct Traits {
    /// What it restores that another build can write.
    pub caches: Vec<Trait<Cache>>,
    /// Actions that nothing describes and that may restore something.
    pub asked: Vec<Asked>,
    /// Services that let somebody into it.
    pub remote: Vec<Trait<Remote>>,
    /// Steps whose work runs elsewhere once a variable of the runner's environment says so.
    pub sendable: Vec<Trait<Remote>>,
    /// What makes it safer or better documented.
    pub safeguards: Vec<Trait<Safeguard>>,
}

/// The traits of every job of a flow, in its order. Jobs that other flows of the pipeline share are read once.
pub(super) fn of_flow(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    catalogue: &'static Catalogue,
    read: &mut Read,
) -> Vec<Rc<Traits>> {
    let mut traits = |(job, own): (&Arc<Job>, &Rc<Facts<'_>>)| {
        Rc::clone(read.entry(Arc::as_ptr(job)).or_insert_with(|| Rc::new(of_job(job, &own.doers, catalogue))))
    };
    flow.jobs.iter().zip(facts.iter()).map(&mut traits).collect()
}

/// The traits of the jobs of one pipeline's flows.
pub(super) type Read = HashMap<*const Job, Rc<Traits>>;

fn of_job(job: &Job, doers: &[Vec<Doer<'_>>], catalogue: &'static Catalogue) -> Traits {
    let mut traits = Traits::default();
    let switched = |cache: &'static Cache| Some((cache, cache.env.as_deref()?));
    let by_variable: Vec<(&Cache, &str)> = catalogue.caches.iter().filter_map(switched).collect();
    let mut exported: Exported<'_> = FxHashMap::default();
    for (step, doers) in job.steps.iter().zip(doers) {
        let known = (traits.caches.len(), traits.remote.len());
        traits.asked.extend(
            Some(step).filter(|step| step.on_failure || !step.cond.is_never()).and_then(|step| asked::of_step(step)),
        );
        for doer in doers {
            for entry in doer.among(&catalogue.index.caches, &catalogue.caches) {
                if doer.is(&entry.actions, &entry.commands).is_some() {
                    let cond = doer.cond().and(doer.applies(&entry.when, &entry.unless));
                    if let Some(new) = push(&mut traits.caches, entry, doer.location(), cond) {
                        new.asked = entry.unless.iter().any(|test| doer.names_input(test));
                        new.assumed = doer.assumed(&entry.when, &entry.unless);
                    }
                    name_files(&mut traits.caches, entry, *doer, &entry.file_flags);
                }
            }
            for entry in doer.among(&catalogue.index.remote, &catalogue.remote) {
                if doer.is(&entry.actions, &entry.commands).is_some() {
                    let applies = entry
                        .beside
                        .iter()
                        .fold(doer.applies(&entry.when, &entry.unless), |all, test| all.and(doer.test(test).negate()));
                    let runs = if step.on_failure { Cond::TRUE } else { doer.cond() };
                    // A branch may leave the variable as the runner has it.
                    let own = |name| format!("<env.{name}>");
                    let left = |name, value: &Text| value.symbol().is_some_and(|s| s.contains(&own(name)));
                    let open = |name| doer.env(name).is_none_or(|value| left(name, value));
                    if entry.elsewhere && applies.is_never() && entry.variables().all(open) {
                        push(&mut traits.sendable, entry, doer.location(), runs.clone());
                    }
                    let usual = doer.cond().and(applies.clone());
                    if let Some(new) = push(&mut traits.remote, entry, doer.location(), runs.and(applies)) {
                        // Under the condition that a reader finds in the file, where it may hold without a failure.
                        new.only_on_failure = step.on_failure && usual.is_never();
                        if !usual.is_never() {
                            new.cond = usual;
                        }
                    }
                    name_files(&mut traits.remote, entry, *doer, &entry.file_flags);
                }
            }
            for entry in doer.among(&catalogue.index.safeguards, &catalogue.safeguards) {
                if doer.is(&entry.actions, &entry.commands).is_some() {
                    let cond = doer.cond().and(doer.applies(&entry.when, &entry.unless));
                    push(&mut traits.safeguards, entry, doer.location(), cond);
                }
            }
        }
        for (entry, name) in &by_variable {
            if step.env.iter().rfind(|(variable, _)| variable == name).is_some_and(|(_, value)| switches_on(value)) {
                push(&mut traits.caches, entry, &step.location, step.cond.clone());
            } else if let Some(doer) = doers.iter().find(|doer| doer.env(name).is_some_and(switches_on)) {
                push(&mut traits.caches, entry, doer.location(), doer.cond());
            }
        }
        for found in traits.caches.iter_mut().skip(known.0) {
            let named = variables(&found.entry.when).chain(found.entry.env.as_deref());
            found.leads = leads(&found.location, step, named, &exported);
        }
        for found in traits.remote.iter_mut().skip(known.1) {
            found.leads = leads(&found.location, step, variables(&found.entry.when), &exported);
        }
        let exports = step.script().into_iter().flat_map(|script| &script.exports);
        exported.extend(exports.map(|write| (write.name.as_str(), (step.as_ref(), write))));
    }
    traits
}

/// The step that last set each variable for those behind it, and where it does.
type Exported<'p> = FxHashMap<&'p str, (&'p Step, &'p OutputWrite)>;

/// The variables that tests ask for.
fn variables(tests: &[Test]) -> impl Iterator<Item = &str> {
    tests.iter().flat_map(|test| std::iter::once(test).chain(&test.any)).filter_map(|test| test.env.as_deref())
}

/// What leads to a place of a step, and to what sets the variables that it depends on.
fn leads<'n>(
    location: &Location,
    step: &Step,
    variables: impl Iterator<Item = &'n str>,
    exported: &Exported<'_>,
) -> Vec<Location> {
    let mut found: Vec<Location> = way(location, step);
    let commands = || step.script().into_iter().flat_map(|s| s.commands.iter().filter(|c| c.location == *location));
    for name in variables {
        // What the script sets itself may stand in the files that it takes in.
        if commands().any(|c| c.env.iter().chain(&*c.inherited).any(|(own, _)| own == name)) {
            let sources = step.script().into_iter().flat_map(|script| &script.sources);
            found.extend(sources.take(MOST_LEADS).filter(|path| **path != location.path).map(Location::start_of));
        }
        if let Some((step, write)) = exported.get(name) {
            found.extend(way(&write.location, step));
            found.push(write.location.clone());
        }
    }
    let mut all: Vec<Location> = Vec::new();
    for place in found {
        if all.len() < MOST_LEADS && !all.contains(&place) {
            all.push(place);
        }
    }
    all
}

/// What leads from other files to a place of a job, outermost first.
pub(super) fn leading(job: &Job, location: &Location) -> Vec<Location> {
    let runs =
        |step: &Step| step.script().is_some_and(|script| script.commands.iter().any(|c| c.location == *location));
    let step = job.steps.iter().find(|step| step.location == *location || runs(step));
    step.map(|step| way(location, step)).unwrap_or_default()
}

/// The places in other files over which a place of a step is reached, outermost first.
fn way(location: &Location, step: &Step) -> Vec<Location> {
    let commands = step.script().into_iter().flat_map(|script| &script.commands);
    let command = commands.filter(|command| command.location == *location).find(|command| !command.chain.is_empty());
    let inner = command.into_iter().flat_map(|command| &command.chain);
    let hops = step.chain.iter().map(|hop| &hop.location).chain([&step.location]).chain(inner.map(|hop| &hop.location));
    hops.filter(|place| place.path != location.path).cloned().collect()
}

/// Adds a trait, and hands it out where it is new.
fn push<'t, T>(
    all: &'t mut Vec<Trait<T>>,
    entry: &'static T,
    location: &Location,
    cond: Cond,
) -> Option<&'t mut Trait<T>> {
    if cond.is_never() || all.iter().any(|t| std::ptr::eq(t.entry, entry) && t.location == *location) {
        return None;
    }
    let location = location.clone();
    all.push(Trait {
        entry,
        location,
        leads: Vec::new(),
        cond,
        only_on_failure: false,
        asked: false,
        assumed: None,
        files: Vec::new(),
    });
    all.last_mut()
}

/// Adds the files of settings that the options of a command name.
fn name_files<T>(all: &mut [Trait<T>], entry: &'static T, doer: Doer<'_>, flags: &[String]) {
    let Act::Command(_, command, words) = doer.act else { return };
    if flags.is_empty() {
        return;
    }
    let found = all.iter_mut().find(|t| std::ptr::eq(t.entry, entry) && t.location == *doer.location());
    let Some(found) = found.filter(|found| found.files.len() < MOST_FILES) else { return };
    let named = flag(words, flags);
    let files =
        named.iter().filter_map(FlagValue::value).map(|file| glob::normal(join(&command.folder, file).as_str()));
    found.files.extend(files.take(MOST_FILES));
}

/// Whether the value of a variable switches something on.
fn switches_on(value: &Text) -> bool {
    !value.is_empty() && !matches!(value.literal(), Some("false" | "0"))
}
