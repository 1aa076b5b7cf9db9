//! Commands of a job that change what a manifest says of a publication, before the package goes out.

use super::facts::Publish;
use super::naming::join;
use crate::commands::matching;
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

fn edits<'j>(job: &'j Job, publish: &Publish<'_>, manifest: &str) -> impl Iterator<Item = &'j Command> {
    let steps = job.steps.iter().take(publish.step + 1).filter_map(|step| step.script());
    steps.flat_map(|script| &script.commands).filter(move |command| changes(command, manifest))
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
    match program {
        "npm" | "pnpm" => says("pkg") && (says("set") || says("delete")) && is_it("package.json"),
        // It prints what it makes of the manifest.
        "jq" => named() && command.output.is_some(),
        "sed" | "gsed" | "yq" | "perl" => {
            named() && command.words.iter().any(|w| w.as_str().starts_with("-i") || w.as_str().starts_with("-pi"))
        }
        "json" => named() && says("-I"),
        _ => false,
    }
}
