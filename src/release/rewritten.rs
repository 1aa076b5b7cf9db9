//! Files that change between the step that attests them and the step that publishes them.

use super::doer::Doer;
use super::facts::{Attest, FlowFacts, Publish};
use super::family::ancillary;
use super::{glob, naming};
use crate::commands::matching;
use crate::model::{Command, Flow, Location, StepBody};

/// Programs that change the files they name. Copies and renamed files keep their digest.
const CHANGE: &[&str] = &[
    "strip",
    "objcopy",
    "patchelf",
    "install_name_tool",
    "lipo",
    "upx",
    "codesign",
    "rcodesign",
    "signtool",
    "osslsigncode",
    "jarsigner",
    "apksigner",
    "zipalign",
    "rpmsign",
    "dpkg-sig",
    "truncate",
];
/// Options whose value is the file that is written.
const OUTPUTS: &[&str] = &["-o", "--output", "--out", "-out", "-outfile", "--outfile", "-OutFile"];

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
    let value = |at: usize, word: &str| match word.split_once('=') {
        Some((name, value)) if OUTPUTS.contains(&name) => Some(value.to_owned()),
        _ if OUTPUTS.contains(&word) => words.get(at + 1).map(|w| (*w).to_owned()),
        _ => None,
    };
    if words.iter().enumerate().filter_map(|(at, w)| value(at, w)).any(|file| hits(&file)) {
        return true;
    }
    let program = command.words.first().and_then(matching::program).unwrap_or_default();
    let mut files = words.iter().skip(1).filter(|w| !w.starts_with('-'));
    match program {
        "zip" => files.next().is_some_and(|file| hits(file)),
        "tar" => {
            let flags = words.iter().position(|w| {
                let letters = w.strip_prefix('-').unwrap_or(w);
                letters.chars().all(char::is_alphabetic) && letters.contains('c') && letters.ends_with('f')
            });
            flags.and_then(|at| words.get(at + 1)).is_some_and(|file| hits(file))
        }
        // The digest of a verified file stays what it is.
        "codesign" | "signtool" if words.iter().any(|w| matches!(*w, "--verify" | "-v" | "verify" | "-d")) => false,
        program if CHANGE.contains(&program) => files.any(|file| hits(file)),
        _ => false,
    }
}
