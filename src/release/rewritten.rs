//! Files that change between the step that attests them and the step that publishes them.

use super::doer::Doer;
use super::facts::{Attest, FlowFacts, Publish};
use super::family::ancillary;
use super::{glob, naming};
use crate::catalogue::{Catalogue, Writes};
use crate::commands::matching;
use crate::model::{Command, Flow, Location, StepBody};

/// The command that makes other bytes of the attested files before they are published.
pub(super) fn between(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    attest: &Attest<'_>,
    publish: &Publish<'_>,
) -> Option<Location> {
    let (job, own) = (flow.jobs.get(publish.job)?, facts.get(publish.job)?);
    let start = if attest.job == publish.job {
        attest.step + 1
    } else {
        // What another job attested, and this one fetches.
        own.fetches.iter().filter(|f| f.step < publish.step).map(|f| f.step).min()? + 1
    };
    // Names that nothing resolves could be those of anything.
    let named = publish.files.iter().flat_map(|f| f.value.items(&[','])).filter(|f| f.symbol().is_none());
    let published: Vec<String> =
        named.map(|f| glob::normal(f.as_str())).filter(|f| !matches!(f.as_str(), "*" | "**" | "")).collect();
    let mut built: Vec<&Command> = Vec::new();
    for (at, step) in job.steps.iter().enumerate().take(publish.step + 1) {
        let StepBody::Script(script) = &step.body else { continue };
        // What an action runs that attests its own command.
        if attest.job == publish.job && step.location == attest.doer.step().location {
            continue;
        }
        for command in &script.commands {
            if matches!(publish.doer, Doer::Command(_, own, _) if at == publish.step && std::ptr::eq(own, command)) {
                return None;
            }
            let works = own.working.contains(&at);
            if at >= start {
                let again = works && built.iter().any(|b| b.words == command.words && b.folder == command.folder);
                let same_run = !step.cond.clone().and(command.cond.clone()).and(publish.cond.clone()).is_never();
                if same_run && (again || writes(command, &published)) {
                    return Some(command.location.clone());
                }
            } else if works && command.words.len() > 1 {
                built.push(command);
            }
        }
    }
    None
}

/// Whether a command writes one of the files.
fn writes(command: &Command, published: &[String]) -> bool {
    let hits = |path: &str| {
        let path = naming::join(command.folder.as_str(), path);
        let path = glob::normal(&path);
        // Checksums and signatures are made after the files, and nobody runs them.
        !path.is_empty() && !ancillary(&path) && published.iter().any(|p| glob::overlaps(p, &path))
    };
    let words: Vec<&str> = command.words.iter().map(|w| w.as_str()).collect();
    let program = command.words.first().and_then(matching::program).unwrap_or_default();
    let all = Catalogue::get().rewriters.iter();
    let own = all.filter(|r| r.programs.iter().any(|p| p == "*" || p == program));
    own.filter(|r| !words.iter().any(|w| r.unless.iter().any(|u| u == w))).any(|rewriter| {
        let option = |at: usize, word: &str| match word.split_once('=') {
            Some((name, value)) if rewriter.options.iter().any(|o| o == name) => Some(value.to_owned()),
            _ if rewriter.options.iter().any(|o| o == word) => words.get(at + 1).map(|w| (*w).to_owned()),
            _ => None,
        };
        let mut operands = words.iter().skip(1).filter(|w| !w.starts_with('-'));
        let named = match rewriter.files {
            None => false,
            Some(Writes::Operands) => operands.any(|file| hits(file)),
            Some(Writes::First) => operands.next().is_some_and(|file| hits(file)),
            Some(Writes::Archive) => {
                let flags = words.iter().position(|w| {
                    let letters = w.strip_prefix('-').unwrap_or(w);
                    letters.chars().all(char::is_alphabetic) && letters.contains('c') && letters.ends_with('f')
                });
                flags.and_then(|at| words.get(at + 1)).is_some_and(|file| hits(file))
            }
        };
        named || words.iter().enumerate().filter_map(|(at, w)| option(at, w)).any(|file| hits(&file))
    })
}
