//! The places that lead to what decides about a step: the files over which it is reached, and what sets its variables.

use rustc_hash::FxHashMap;

use crate::catalogue::Test;
use crate::model::{Job, Location, OutputWrite, Step};

/// Places that lead to one step.
const MOST_LEADS: usize = 8;

/// The step that last set each variable for those behind it, and where it does.
pub(super) type Exported<'p> = FxHashMap<&'p str, (&'p Step, &'p OutputWrite)>;

/// The variables that tests ask for.
pub(super) fn variables(tests: &[Test]) -> impl Iterator<Item = &str> {
    tests.iter().flat_map(|test| std::iter::once(test).chain(&test.any)).filter_map(|test| test.env.as_deref())
}

/// What leads to a place of a step, and to what sets the variables that it depends on.
pub(super) fn leads<'n>(
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
