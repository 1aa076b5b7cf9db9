//! Actions that nothing describes and that are asked for a cache, or are one by their name.

use super::doer::Doer;
use super::opaque::is_known;
use crate::catalogue::{Catalogue, Said, Topic};
use crate::model::{ActionUse, Input, Location, Step, StepBody, Text};

/// An action that may restore a cache, for all that is shown of it.
#[derive(Debug)]
pub struct Asked {
    /// What shows that, as a clause.
    pub what: String,
    /// The repository of the action, whose checkout would show what it does.
    pub repository: String,
    /// Where it stands.
    pub location: Location,
}

/// What a step's action that nothing describes is asked for.
pub(super) fn of_step(step: &Step) -> Option<Asked> {
    let StepBody::Action(action) = &step.body else { return None };
    let owner = action.name.split('/').next().unwrap_or_default();
    // Of GitHub's own and Docker's each that knows a cache is described.
    if matches!(owner, "actions" | "github" | "docker") || action.name.contains(':') || is_described(step, action) {
        return None;
    }
    let asked = |what: String, location: &Location| Asked {
        what,
        repository: action.name.split('/').take(2).collect::<Vec<_>>().join("/"),
        location: location.clone(),
    };
    if let Some(input) = action.inputs.iter().find(|input| asks(input)) {
        let (name, action) = (&input.name, &action.name);
        return Some(asked(format!("`{name}` may ask {action} for a cache"), &input.location));
    }
    let name = action.name.split_once('/').map_or("", |(_, name)| name);
    (speaks(name) && !is_known(step, action))
        .then(|| asked(format!("{} may restore a cache, as it is called", action.name), &action.reference.location))
}

/// Whether a name speaks of a cache, and not only of something about it.
fn speaks(name: &str) -> bool {
    let aside = &said(Topic::CacheAside).words;
    words(name).any(is_cache) && !words(name).any(|word| aside.iter().any(|other| other == word))
}

fn said(topic: Topic) -> &'static Said {
    Catalogue::get().names.of(topic)
}

/// Whether the catalogue says what the action does with caches.
fn is_described(step: &Step, action: &ActionUse) -> bool {
    let catalogue = Catalogue::get();
    let doer = Doer::action(step, action);
    doer.among(&catalogue.index.caches, &catalogue.caches).any(|cache| doer.is(&cache.actions, &[]).is_some())
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn is_cache(word: &str) -> bool {
    (word.contains("cache") || word.contains("caching")) && !word.starts_with("memcache")
}

/// Whether an input asks for a cache, or may.
fn asks(input: &Input) -> bool {
    let Input { name, choices, .. } = input;
    let off = &said(Topic::CacheOff).words;
    // `nocache` as well: the names of inputs have lost their capitals.
    let turns_off = |word: &str| off.iter().any(|off| matches!(word.strip_prefix(off.as_str()), Some("" | "cache")));
    let against = words(name).any(turns_off);
    let asked = |value: &Text| match value.literal().map(|text| text.trim().to_ascii_lowercase()) {
        Some(text) if against => !matches!(text.as_str(), "" | "true" | "yes" | "on" | "1"),
        Some(text) => !matches!(text.as_str(), "" | "false" | "no" | "off" | "none" | "0" | "disabled" | "never"),
        None => true,
    };
    speaks(name) && choices.iter().any(|(cond, value)| !cond.is_never() && asked(value))
}
