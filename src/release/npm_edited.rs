//! Commands of a job that change what a manifest says of a publication, before the package goes out.

use super::facts::Publish;
use super::naming::join;
use crate::commands::{edits_in_place, matching};
use crate::model::{Command, Job, Location, Text};

/// What such an edit names.
const TOLD: &[&str] = &["publishConfig", "provenance"];

/// The command that changes the settings of a manifest for its publication.
/// Sources: <https://docs.npmjs.com/cli/commands/npm-pkg>, <https://jqlang.org/manual/>
pub(super) fn settings(job: &Job, publish: &Publish<'_>, manifest: &str) -> Option<Location> {
    edits(job, publish, manifest).next().map(|command| command.location.clone())
}

/// The command that puts a registry into a manifest which none of these hosts has.
pub(super) fn registry(job: &Job, publish: &Publish<'_>, manifest: &str, hosts: &[&str]) -> Option<Location> {
    let names = |command: &&Command| {
        let mut words = command.words.iter().map(Text::as_str).filter(|word| word.contains("registry"));
        words.any(|word| !hosts.iter().any(|host| word.contains(host)))
    };
    edits(job, publish, manifest).find(names).map(|command| command.location.clone())
}

/// The command that hands the client a token for npm's own registry, whatever the secret is called.
/// Source: <https://docs.npmjs.com/cli/configuring-npm/npmrc>
pub(super) fn token(job: &Job, publish: &Publish<'_>) -> Option<Location> {
    let hands = |word: &Text| {
        let word = word.as_str();
        let of_npm = !word.contains("//") || word.contains("registry.npmjs.org") || word.contains("//${{");
        of_npm && (word.contains("_authToken=") || word.ends_with("_authToken"))
    };
    before(job, publish).find(|command| command.words.iter().any(hands)).map(|command| command.location.clone())
}

/// The command that switches provenance off in the client's own configuration.
/// Source: <https://docs.npmjs.com/cli/commands/npm-config>
pub(super) fn switched_off(job: &Job, publish: &Publish<'_>) -> Option<Location> {
    let off = |command: &&Command| {
        let words: Vec<&str> = command.words.iter().map(Text::as_str).collect();
        let is_npm = words.first().is_some_and(|program| program.ends_with("npm"));
        is_npm
            && words.contains(&"set")
            && (words.contains(&"provenance=false") || words.windows(2).any(|pair| pair == ["provenance", "false"]))
    };
    before(job, publish).find(off).map(|command| command.location.clone())
}

fn edits<'j>(job: &'j Job, publish: &Publish<'_>, manifest: &str) -> impl Iterator<Item = &'j Command> {
    before(job, publish).filter(move |command| changes(command, manifest))
}

/// The commands of the steps up to the one that publishes.
fn before<'j>(job: &'j Job, publish: &Publish<'_>) -> impl Iterator<Item = &'j Command> {
    let steps = job.steps.iter().take(publish.step + 1).filter_map(|step| step.script());
    steps.flat_map(|script| &script.commands)
}

fn changes(command: &Command, manifest: &str) -> bool {
    let says = |wanted: &str| command.words.iter().any(|word| word.as_str() == wanted);
    let tells = |word: &Text| TOLD.iter().any(|told| word.as_str().contains(told));
    if !command.words.iter().any(tells) {
        return false;
    }
    let is_it = |file: &str| join(command.folder.as_str(), file) == manifest;
    let named = || command.words.iter().any(|word| is_it(word.as_str()));
    let program = command.views().next_back().and_then(|words| matching::program(words.first()?)).unwrap_or_default();
    let elsewhere = || {
        command.words.iter().any(|w| ["-w", "--prefix"].contains(&w.as_str()) || w.as_str().starts_with("--workspace"))
    };
    match program {
        "npm" | "pnpm" => says("pkg") && (says("set") || says("delete")) && (is_it("package.json") || elsewhere()),
        // It prints what it makes of the manifest, wherever that comes from and goes.
        "jq" => {
            let sets = |word: &Text| word.as_str().contains("del(") || word.as_str().replace("==", "").contains('=');
            named() && command.output.is_some() || command.words.iter().any(|word| tells(word) && sets(word))
        }
        "sed" | "gsed" | "yq" | "perl" => named() && command.words.iter().any(edits_in_place),
        "json" => named() && says("-I"),
        _ => false,
    }
}
