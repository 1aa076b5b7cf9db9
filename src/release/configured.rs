//! Settings that the commands of a job itself put where a build reads them.

use super::glob;
use crate::catalogue::Expression;
use crate::commands::join;
use crate::model::{Command, Job, Location, Text};

/// Commands of one job that write such settings.
const MOST: usize = 8;

/// Looks for commands that write a file which goes by one of these names: into `written` where they write settings that
/// match, and into `files` what they copy there.
/// Sources: <https://bazel.build/run/bazelrc>, <https://docs.gradle.org/current/userguide/build_environment.html>
pub(super) fn by_job(
    job: &Job,
    names: &[String],
    matches: Option<&Expression>,
    files: &mut Vec<String>,
    written: &mut Vec<Location>,
) {
    let Some(matches) = matches else { return };
    let known = files.len();
    for command in job.steps.iter().filter_map(|step| step.script()).flat_map(|script| &script.commands) {
        if written.len() >= MOST || files.len() > known + MOST {
            return;
        }
        let is_it = |file: &Text| {
            let named = files.iter().take(known).chain(names);
            named.into_iter().any(|name| is_called(file.as_str(), name))
        };
        let operands = || command.words.iter().skip(1);
        let into = command.output.iter().chain(operands()).any(is_it);
        if !into || command.cond.is_never() {
            continue;
        }
        if operands().chain(&command.input).any(|text| matches.search(text.as_str())) {
            written.push(command.location.clone());
            continue;
        }
        let to = command.output.as_ref().or(command.words.last());
        if to.is_some_and(is_it) {
            let copied: Vec<String> = operands().filter_map(|word| copied(command, word)).collect();
            files.extend(copied);
        }
    }
}

/// Whether a path goes by the name of settings: `~/.bazelrc` and `user.bazelrc` are such as `.bazelrc` is one.
fn is_called(path: &str, name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).trim_start_matches('.');
    !name.is_empty() && path.ends_with(name)
}

/// The file of the checkout that a word may name.
fn copied(command: &Command, word: &Text) -> Option<String> {
    let plain = word.literal().is_some_and(|word| !word.starts_with(['-', '~', '/']) && !word.contains(' '));
    plain.then(|| glob::normal(join(&command.folder, word).as_str()))
}
