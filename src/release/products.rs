//! Provenance of what one command makes: files of its job that something else makes are none of it.

use super::coverage::Unit;
use super::doer::{Act, Doer};
use super::facts::{Attest, Facts, FlowFacts, command_works};
use super::glob::{self, Pattern};
use super::naming;
use crate::catalogue::Catalogue;
use crate::model::{Command, Flow, Job, Location, StepBody};

/// Why what goes out is not what the attested command makes, and whether that is shown.
pub(super) fn of_something_else(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (at, job): (usize, &Job),
    attest: &Attest<'_>,
    unit: &Unit<'_, '_>,
) -> Option<(String, Location, bool)> {
    if let Some(file) = unit.files.iter().find(|file| file.job != job.key) {
        let made = flow
            .jobs
            .iter()
            .find(|other| other.key == file.job)
            .map_or_else(|| file.job.clone(), |other| other.title());
        let why = format!("it names only what its own command makes, and {made} makes files that go out");
        return Some((why, attest.doer.location().clone(), true));
    }
    let files: Vec<Pattern> = unit.files.iter().map(|file| Pattern::new(&file.pattern)).collect();
    let own = facts.get(at)?;
    let works: Vec<Work<'_>> = works(job, own, attest);
    facts.count.comparisons(works.len() * files.len());
    if works.iter().any(|work| work.attested && work.names(&files)) {
        return None;
    }
    let mut others = works.iter().filter(|work| !work.attested && !work.is_publish(unit));
    let naming = others.clone().find(|work| work.names(&files));
    let shown = naming.is_some();
    let other = naming.or_else(|| others.next())?;
    let place = other.location.clone();
    let why = match shown {
        true => format!("it names only what its own command makes, and line {} makes what goes out", place.line),
        false => format!("nothing shows that its own command makes what goes out, and not line {}", place.line),
    };
    Some((why, place, shown))
}

/// Something that makes bytes in a job.
struct Work<'j> {
    location: &'j Location,
    /// The command, unless it is an action.
    command: Option<&'j Command>,
    /// What it is told.
    told: Vec<&'j str>,
    /// Whether it is what the provenance is of, or runs in that.
    attested: bool,
}

impl Work<'_> {
    /// Whether it is told the name of one of the files, or of a folder that holds one.
    fn names(&self, files: &[Pattern]) -> bool {
        let folder = self.command.map_or("", |command| command.folder.as_str());
        let words = self.told.iter().flat_map(|told| told.split([' ', '\n', '=', ',', ':']));
        let literal = |word: &&str| !word.is_empty() && !word.contains(['*', '?', '$', '{']);
        words.filter(literal).any(|word| {
            let path = glob::normal(&naming::join(folder, word));
            let below = Pattern::new(&format!("{path}/**"));
            let path = Pattern::new(&path);
            files
                .iter()
                .any(|file| file.overlaps(&path) || path.as_str().contains(|c| c != '.') && below.overlaps(file))
        })
    }

    /// Whether it is what publishes the unit.
    fn is_publish(&self, unit: &Unit<'_, '_>) -> bool {
        match (unit.publish.doer.act, self.command) {
            (Act::Command(_, publish, _), Some(own)) => std::ptr::eq(publish, own) && !unit.files.is_empty(),
            _ => false,
        }
    }
}

/// What works in a job.
fn works<'j>(job: &'j Job, own: &'j Facts<'_>, attest: &Attest<'_>) -> Vec<Work<'j>> {
    let catalogue = Catalogue::get();
    let mut works = Vec::new();
    let attesting = job.steps.get(attest.step);
    for at in &own.working {
        let (Some(step), Some(doers)) = (job.steps.get(*at), own.doers.get(*at)) else { continue };
        let within = attesting.is_some_and(|attesting| attesting.includes(step));
        match &step.body {
            StepBody::Script(script) => {
                let mut doers: &[Doer<'_>] = doers;
                for command in &script.commands {
                    let (views, rest) = doers.split_at_checked(command.views().count()).unwrap_or((doers, &[]));
                    doers = rest;
                    let attested = match attest.doer.act {
                        Act::Command(_, wrapper, _) => *at == attest.step && is_of(wrapper, command),
                        Act::Action(..) => within,
                    };
                    if attested || command_works(views, own, *at, catalogue) {
                        let told = command.words.iter().map(|word| word.as_str()).collect();
                        works.push(Work { location: &command.location, command: Some(command), told, attested });
                    }
                }
            }
            StepBody::Action(action) => {
                let told = action.inputs.iter().map(|input| input.value.as_str()).collect();
                works.push(Work { location: &step.location, command: None, told, attested: within });
            }
            StepBody::Opaque { .. } => {
                works.push(Work { location: &step.location, command: None, told: Vec::new(), attested: within });
            }
        }
    }
    works
}

/// Whether a command is the wrapping one, or follows from it.
fn is_of(wrapper: &Command, command: &Command) -> bool {
    let led = || command.chain.strip_prefix(wrapper.chain.as_slice()).and_then(|rest| rest.first());
    std::ptr::eq(wrapper, command) || led().is_some_and(|hop| hop.location == wrapper.location)
}
