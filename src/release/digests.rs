//! Lists of digests that one job computes and another hands to a generator.

use super::bytes::{self, FileRef};
use super::coverage::{Coverage, Unit};
use super::facts::{FlowFacts, step_of_symbol};
use super::glob;
use crate::model::{Flow, StepBody, Text};
use crate::syntax::pattern;

/// What the values of a digest list are made of.
#[derive(Default)]
struct Listed {
    /// Files whose digests a command takes.
    hashed: Vec<FileRef>,
    /// A checksums file, or a list that the building tool hands out, covers what the tool makes.
    tool: bool,
    /// A part that nothing here shows.
    unread: bool,
}

/// Digest lists pass through at most this many steps.
const MOST_LISTS: usize = 6;

/// Reads where the digests of a list come from.
fn read_list(flow: &Flow, facts: &FlowFacts<'_>, texts: &[&Text], listed: &mut Listed, depth: usize) {
    let mut any = false;
    for symbol in texts.iter().flat_map(|t| t.symbols()) {
        let Some((job, step)) = step_of_symbol(flow, symbol) else { continue };
        any = true;
        let at = flow.jobs.iter().position(|j| std::ptr::eq(&**j, job));
        let index = job.steps.iter().position(|s| std::ptr::eq(s, step));
        let (Some(at), Some(index)) = (at, index) else { continue };
        let script = match &step.body {
            StepBody::Script(script) => script,
            StepBody::Action(action) => {
                let known = ["goreleaser/", "create-base64-subjects-from-file", "jreleaser/"];
                listed.tool |= known.iter().any(|k| action.name.contains(k));
                listed.unread |= !listed.tool;
                continue;
            }
            StepBody::Opaque { .. } => {
                listed.unread = true;
                continue;
            }
        };
        let before = (listed.hashed.len(), listed.tool);
        let mut handed: Vec<&Text> = Vec::new();
        for command in &script.commands {
            let words = || command.words.iter().chain(command.env.iter().map(|(_, v)| v)).chain(&command.input);
            handed.extend(words().chain(step.env.iter().map(|(_, v)| v)));
            let program = command.words.first().map(|w| w.as_str().rsplit('/').next().unwrap_or_default().to_owned());
            let reads =
                |w: &Text| pattern::search(r"checksums?|sha256sums?|sha512sums?|shasum|digests?\.txt", w.as_str());
            match program.as_deref() {
                Some("sha256sum" | "shasum" | "gsha256sum") => {
                    let files =
                        command.words.iter().skip(1).filter(|w| !w.as_str().starts_with('-') && w.as_str() != "256");
                    let mut named = false;
                    for word in files {
                        named = true;
                        let path = super::naming::join(command.folder.as_str(), word.as_str());
                        listed.hashed.extend(bytes::origin(flow, facts, at, index, &path).files);
                    }
                    listed.tool |= !named;
                }
                Some("openssl" | "Get-FileHash" | "b2sum" | "rhash") => listed.tool = true,
                Some("cat" | "base64" | "awk" | "grep" | "sed" | "cut" | "sort" | "jq" | "tr") => {
                    listed.tool |= words().any(reads) || command.output.as_ref().is_some_and(reads);
                }
                _ => {}
            }
        }
        listed.tool |= handed.iter().flat_map(|t| t.symbols()).any(|s| s.ends_with(".outputs.artifacts"));
        if (listed.hashed.len(), listed.tool) == before {
            // Handed on from another list, as a job that joins several does.
            let own = format!("jobs.{}.", job.key);
            handed.retain(|t| t.symbols().any(|s| s.contains("jobs.") && !s.starts_with(&own)));
            if handed.is_empty() || depth >= MOST_LISTS {
                listed.unread = true;
            } else {
                read_list(flow, facts, &handed, listed, depth + 1);
            }
        }
    }
    listed.unread |= !any;
}

/// Whether a list of digests that another job computes names the files of the unit.
pub(super) fn listed(flow: &Flow, facts: &FlowFacts<'_>, subjects: &[Text], unit: &Unit<'_, '_>) -> Coverage {
    if subjects.iter().all(Text::is_empty) {
        return Coverage::No;
    }
    let mut list = Listed::default();
    read_list(flow, facts, &subjects.iter().collect::<Vec<_>>(), &mut list, 0);
    let Listed { hashed, tool, unread } = list;
    if hashed.is_empty() {
        return if tool {
            Coverage::Yes("its subjects are the digests that the building job lists".to_owned())
        } else {
            Coverage::Unread("the list of digests that is handed to it cannot be read".to_owned())
        };
    }
    if tool || unread || unit.files.is_empty() {
        return Coverage::Yes("its subjects are the digests that the building job lists".to_owned());
    }
    let inside = |f: &FileRef| hashed.iter().any(|h| h.job == f.job && contains_loosely(&h.pattern, &f.pattern));
    if unit.files.iter().all(inside) {
        return Coverage::Yes("its subjects are the digests of these files".to_owned());
    }
    // Files that were moved to another folder of the job that listed them.
    let folder = |p: &str| p.rsplit_once('/').map_or(String::new(), |(f, _)| f.to_owned());
    let moved = |f: &FileRef| {
        hashed.iter().any(|h| h.job == f.job)
            && hashed.iter().all(|h| h.job != f.job || folder(&h.pattern) != folder(&f.pattern))
    };
    if unit.files.iter().all(|f| inside(f) || moved(f)) {
        return Coverage::Yes(
            "its subjects are the digests that the same job lists before it moves the files".to_owned(),
        );
    }
    if unit.files.iter().any(|f| hashed.iter().any(|h| h.job == f.job && glob::overlaps(&h.pattern, &f.pattern))) {
        let missing = unit.files.iter().find(|f| !inside(f)).map_or("", |f| f.pattern.as_str());
        return Coverage::Wrong(format!(
            "the digests handed to it do not name everything that is published as `{missing}`"
        ));
    }
    Coverage::No
}

/// Containment in which a bare `*` of a hashing command reaches files of any folder with the same ending.
fn contains_loosely(outer: &str, inner: &str) -> bool {
    glob::contains(outer, inner) || outer.ends_with("/*") && glob::contains(&format!("{outer}*"), inner)
}
