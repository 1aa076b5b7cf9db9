//! Settings of the repository with which a step restores something or has the build run elsewhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Scene;
use crate::catalogue::{Cache, Expression};
use crate::model::{Evidence, Location};
use crate::release::Trait;

/// Files of settings that are read for one entry, those that others take in included.
const MOST_FILES: usize = 32;

/// The settings that an entry of the catalogue needs.
pub(super) struct Needed<'e> {
    pub(super) id: &'e str,
    /// Files, one of which must be there; none where the entry needs no settings.
    pub(super) files: &'e [String],
    pub(super) matches: Option<&'e Expression>,
    /// What names further files in such a file.
    pub(super) imports: Option<&'e Expression>,
}

impl Needed<'_> {
    /// The settings with which the entry restores something, each with its place; none where it needs none, and `None`
    /// where those that it needs are not there.
    pub(super) fn of_cache(scene: &Scene<'_>, hit: &Trait<Cache>) -> Option<Vec<Evidence>> {
        let Cache { id, needs_file, file_matches, file_imports, switch_file, switch_matches, .. } = hit.entry;
        let needed = Needed { id, files: needs_file, matches: file_matches.as_ref(), imports: file_imports.as_ref() };
        let mut found = needed.found(scene, &hit.files, &hit.written)?;
        let switch = Needed { id, files: switch_file, matches: switch_matches.as_ref(), imports: None };
        found.extend(switch.found(scene, &hit.switches, &hit.switched)?);
        Some(found)
    }

    /// The settings that are there, also in files that the command names and in those that others take in, and those
    /// that the job writes itself.
    pub(super) fn found(&self, scene: &Scene<'_>, named: &[String], written: &[Location]) -> Option<Vec<Evidence>> {
        let own = |at| Evidence::observed(at, self.id, "the settings that the job writes for this build");
        let mut found: Vec<Evidence> = written.iter().map(own).collect();
        let given = named.iter().chain(self.files.iter());
        let mut open: Vec<(String, Vec<Location>)> = given.rev().map(|file| (file.clone(), Vec::new())).collect();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        while let Some((file, over)) = open.pop() {
            if !seen.insert(file.clone()) {
                continue;
            }
            if seen.len() > MOST_FILES {
                // What is not read any more may hold them.
                found.extend(over.first().map(|import| self.evidence(import)));
                break;
            }
            let path = Arc::from(file.as_str());
            let Some(expected) = self.matches else {
                found.extend(scene.checkout.exists(&file).then(|| self.evidence(&Location::start_of(&path))));
                continue;
            };
            let Ok(text) = scene.checkout.read(&file) else { continue };
            if let Some(at) = expected.find(&text) {
                found.push(self.evidence(&Location::line_at(&path, &text, at)));
                found.extend(
                    over.iter().map(|import| Evidence::observed(import, self.id, "the line that takes them in")),
                );
            }
            for taken in self.imports.iter().flat_map(|imports| imports.captures(&text)) {
                let at = (taken.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
                let import = Location::line_at(&path, &text, at);
                let over: Vec<Location> = over.iter().cloned().chain([import]).collect();
                // By the root of the checkout, or by the folder of the build that lies in it.
                let beside = file.rsplit_once('/').map(|(folder, _)| format!("{folder}/{taken}"));
                for file in std::iter::once(taken.to_owned()).chain(beside) {
                    open.insert(0, (file, over.clone()));
                }
            }
        }
        (self.files.is_empty() || !found.is_empty()).then_some(found)
    }

    fn evidence(&self, location: &Location) -> Evidence {
        Evidence::observed(location, self.id, "the settings that this build reads")
    }
}
