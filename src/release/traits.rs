//! Traits of the steps of a job that several requirements ask about, read once for each job.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::asked::{self, Asked};
use super::doer::{Act, Doer};
use super::facts::{Facts, FlowFacts};
use super::leads::{Exported, leads, variables};
use super::{configured, glob, opaque};
use crate::catalogue::{Cache, Catalogue, Remote, Safeguard, Test};
use crate::commands::matching::flag;
use crate::commands::{FlagValue, join};
use crate::model::{Cond, Flow, Job, Location, Step, StepBody, Text};

/// Files of settings that one command names.
const MOST_FILES: usize = 8;

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
    /// The condition of its step as it is written.
    pub wording: Option<SmolStr>,
    /// Whether it runs only when something before it failed.
    pub only_on_failure: bool,
    /// Whether an input of the step names what the entry would do without it as well.
    pub asked: bool,
    /// How the version is known where it decides and nothing names one.
    pub assumed: Option<String>,
    /// Files of settings that its options name, that lie in its folder, or of which the job makes such a file.
    pub files: Vec<String>,
    /// Commands of the job that write such settings.
    pub written: Vec<Location>,
    /// The same as `files` for those that switch it on.
    pub switches: Vec<String>,
    /// The same as `written` for those that switch it on.
    pub switched: Vec<Location>,
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
    let switched = || job.steps.iter().zip(doers);
    let set = |cache: &Cache| switched().any(|(step, doers)| sets(cache, step) || doers.iter().any(|d| has(cache, d)));
    let named: Vec<&str> = variables_of(job).filter(|name| SWITCHING.contains(name)).collect();
    let may = |cache: &&Cache| cache.env.iter().any(|name| named.contains(&name.as_str()));
    let by_variable = catalogue.caches.iter().filter(may).filter(|cache| set(cache));
    let by_variable: Vec<(&Cache, bool)> =
        by_variable.map(|cache| (cache, switched().any(|(_, doers)| readers(cache, doers).next().is_some()))).collect();
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
                    name_files(&mut traits.caches, entry, *doer, &entry.file_flags, &entry.needs_file);
                    switch_files(&mut traits.caches, entry, *doer);
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
                        new.wording = step.condition.clone();
                        if !usual.is_never() {
                            new.cond = usual;
                        }
                    }
                    name_files(&mut traits.remote, entry, *doer, &entry.file_flags, &entry.needs_file);
                }
            }
            for entry in doer.among(&catalogue.index.safeguards, &catalogue.safeguards) {
                if doer.is(&entry.actions, &entry.commands).is_some() {
                    let cond = doer.cond().and(doer.applies(&entry.when, &entry.unless));
                    push(&mut traits.safeguards, entry, doer.location(), cond);
                }
            }
        }
        for (entry, read) in &by_variable {
            switch(&mut traits.caches, entry, *read, step, doers);
        }
        for found in traits.caches.iter_mut().skip(known.0) {
            let named = variables(&found.entry.when).chain(found.entry.env.iter().map(String::as_str));
            found.leads = leads(&found.location, step, named, &exported);
        }
        for found in traits.remote.iter_mut().skip(known.1) {
            found.leads = leads(&found.location, step, variables(&found.entry.when), &exported);
        }
        let exports = step.script().into_iter().flat_map(|script| &script.exports);
        exported.extend(exports.map(|write| (write.name.as_str(), (step.as_ref(), write))));
    }
    for found in &mut traits.caches {
        let Cache { needs_file, file_matches, switch_file, switch_matches, .. } = found.entry;
        configured::by_job(job, needs_file, file_matches.as_ref(), &mut found.files, &mut found.written);
        configured::by_job(job, switch_file, switch_matches.as_ref(), &mut found.switches, &mut found.switched);
    }
    for found in &mut traits.remote {
        let Remote { needs_file, file_matches, .. } = found.entry;
        configured::by_job(job, needs_file, file_matches.as_ref(), &mut found.files, &mut found.written);
    }
    traits
}

/// The variables that switch some entry on.
static SWITCHING: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| Catalogue::get().caches.iter().flat_map(|cache| &cache.env).map(String::as_str).collect());

/// The variables that the steps of a job and their commands have.
fn variables_of(job: &Job) -> impl Iterator<Item = &str> {
    let commands = job.steps.iter().filter_map(|step| step.script()).flat_map(|script| &script.commands);
    let of_commands = commands.flat_map(|command| command.env.iter().chain(&*command.inherited));
    job.steps.iter().flat_map(|step| step.env.iter()).chain(of_commands).map(|(name, _)| name.as_str())
}

/// Whether a step sets a variable that switches an entry on.
fn sets(entry: &Cache, step: &Step) -> bool {
    let set = |name: &String| step.env.iter().rfind(|(variable, _)| variable == name);
    entry.env.iter().filter_map(set).any(|(_, value)| switches_on(value))
}

/// Whether a command or an action has such a variable.
fn has(entry: &Cache, doer: &Doer<'_>) -> bool {
    entry.env.iter().any(|name| doer.env(name).is_some_and(switches_on))
}

/// The commands that read the variable that they have.
fn readers<'d, 'p>(entry: &'d Cache, doers: &'d [Doer<'p>]) -> impl Iterator<Item = &'d Doer<'p>> {
    doers.iter().filter(|doer| doer.is(&[], &entry.read_by).is_some() && has(entry, doer))
}

/// Adds what a variable of a step switches on. `read` says whether some command of the job is known to read it: other
/// programs that have the variable do nothing with it then.
fn switch(caches: &mut Vec<Trait<Cache>>, entry: &'static Cache, read: bool, step: &Step, doers: &[Doer<'_>]) {
    for doer in readers(entry, doers) {
        push(caches, entry, doer.location(), doer.cond().and(doer.applies(&entry.when, &entry.unless)));
    }
    let told = |place: &Location| readers(entry, doers).any(|doer| doer.location() == place);
    let hides = match &step.body {
        StepBody::Script(script) if script.unread.iter().any(|(place, _)| !told(place)) => true,
        StepBody::Script(_) | StepBody::Action(_) => doers.iter().any(|doer| may_hide(entry, doer)),
        StepBody::Opaque { .. } => true,
    };
    if read && !hides {
        return;
    }
    // The options of other commands say nothing.
    let of_variables = |test: &&Test| test.env.is_some();
    let applies = |doer: &Doer<'_>| {
        let all = entry.when.iter().filter(of_variables).fold(Cond::TRUE, |all, test| all.and(doer.test(test)));
        entry.unless.iter().filter(of_variables).fold(all, |all, test| all.and(doer.test(test).negate()))
    };
    if sets(entry, step) {
        let any = doers.iter().map(applies).reduce(Cond::or).unwrap_or(Cond::TRUE);
        push(caches, entry, &step.location, step.cond.clone().and(any));
    } else if let Some(doer) = doers.iter().find(|doer| has(entry, doer)) {
        push(caches, entry, doer.location(), doer.cond().and(applies(doer)));
    }
}

/// Whether it may run one of the commands that read the variables and nothing shows that: a program of the checkout, or
/// an action that nothing describes.
fn may_hide(entry: &Cache, doer: &Doer<'_>) -> bool {
    let (step, command) = match doer.act {
        Act::Action(step, action) => return !opaque::is_known(step, action),
        Act::Command(step, command, _) => (step, command),
    };
    command.views().next_back().is_some_and(|words| {
        let own = words.first().is_some_and(|program| program.as_str().contains('/'));
        let reads = || Doer::command(step, command, words).is(&[], &entry.read_by).is_some();
        (own || words.iter().any(|word| opaque::is_program(word.as_str()))) && !reads()
    })
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
        wording: None,
        only_on_failure: false,
        asked: false,
        assumed: None,
        files: Vec::new(),
        written: Vec::new(),
        switches: Vec::new(),
        switched: Vec::new(),
    });
    all.last_mut()
}

/// Adds the files of settings that the options of a command name, and those of the folder that it works in.
fn name_files<T>(all: &mut [Trait<T>], entry: &'static T, doer: Doer<'_>, flags: &[String], needed: &[String]) {
    let Act::Command(_, command, words) = doer.act else { return };
    if flags.is_empty() && (needed.is_empty() || command.folder.is_empty()) {
        return;
    }
    let found = all.iter_mut().find(|t| std::ptr::eq(t.entry, entry) && t.location == *doer.location());
    let Some(found) = found.filter(|found| found.files.len() < MOST_FILES) else { return };
    let named = flag(words, flags);
    let here = needed.iter().filter(|_| !command.folder.is_empty()).map(|file| Text::from(file.as_str()));
    let files = named.iter().filter_map(FlagValue::value).cloned().chain(here);
    found.files.extend(files.map(|file| glob::normal(join(&command.folder, &file).as_str())).take(MOST_FILES));
}

/// Adds the files of the folder that a command works in which switch an entry on.
fn switch_files(all: &mut [Trait<Cache>], entry: &'static Cache, doer: Doer<'_>) {
    let folder = doer.folder();
    let found = all.iter_mut().find(|t| std::ptr::eq(t.entry, entry) && t.location == *doer.location());
    let Some(found) = found.filter(|found| !folder.is_empty() && found.switches.len() < MOST_FILES) else { return };
    let files = entry.switch_file.iter().map(|file| join(&folder, &Text::from(file.as_str())));
    found.switches.extend(files.map(|file| glob::normal(file.as_str())));
}

/// Whether the value of a variable switches something on.
fn switches_on(value: &Text) -> bool {
    !value.is_empty() && !matches!(value.literal(), Some("false" | "0"))
}
