//! Which of the known runner pools a job reaches.
//!
//! GitHub gives a job to any runner that carries every label of the job, in any case, and belongs to the group when the
//! job names one. Several pools may answer; the job can land on the worst.
//! Source: <https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/use-in-a-workflow>

use super::Scene;
use crate::catalogue::Catalogue;
use crate::model::{Job, LabelSet, RunnerChoice, RunnerPlatform, RunnerPool};

/// The pools that may take a job with these labels.
pub(super) fn answering<'s>(scene: &Scene<'s>, set: &LabelSet) -> Vec<&'s RunnerPool> {
    if scene.pools.is_empty() {
        return Vec::new();
    }
    if let Some(known) = scene.answering.borrow().get(set) {
        return known.clone();
    }
    let found = answering_to(scene.pools, set);
    scene.answering.borrow_mut().insert(set.clone(), found.clone());
    found
}

fn answering_to<'s>(pools: &'s [RunnerPool], set: &LabelSet) -> Vec<&'s RunnerPool> {
    let names = asked(set);
    if names.is_empty() && set.group.is_none() {
        return Vec::new();
    }
    let all = pools.iter().filter(|p| answers(p, set, &names));
    let (incidental, own): (Vec<&RunnerPool>, Vec<&RunnerPool>) = all.partition(|p| p.incidental);
    // What lies among examples or test data is in use only when a label of its own says so.
    let named = names.iter().any(|n| !Catalogue::get().labels.defaults.contains(n));
    if own.is_empty() && named { incidental } else { own }
}

/// The pools that may take a job.
pub fn reached<'s>(scene: &Scene<'s>, job: &Job) -> Vec<&'s RunnerPool> {
    let sets = match &job.runner {
        RunnerChoice::Labels { sets, .. } | RunnerChoice::Unresolved { asked: sets, .. } => sets.as_slice(),
        RunnerChoice::Hosted { .. } => &[],
    };
    let mut found: Vec<&RunnerPool> = Vec::new();
    for pool in sets.iter().flat_map(|set| answering(scene, set)) {
        if !found.iter().any(|p| std::ptr::eq(*p, pool)) {
            found.push(pool);
        }
    }
    found
}

fn answers(pool: &RunnerPool, set: &LabelSet, names: &[String]) -> bool {
    let group = set
        .group
        .as_ref()
        .is_none_or(|g| pool.group.as_deref().is_some_and(|own| g.as_str().eq_ignore_ascii_case(own)));
    // The tags of other platforms' runners are no labels.
    pool.platform() == RunnerPlatform::GitHub && group && names.iter().all(|n| pool.labels.contains(n))
}

/// What a set of labels asks for, in lower case. Vendors put the run's number and settings into their labels; what is
/// left of these names the pool.
fn asked(set: &LabelSet) -> Vec<String> {
    let build = set.labels.iter().any(|l| l.as_str().to_ascii_lowercase().starts_with("codebuild-"));
    let mut names = Vec::new();
    for label in &set.labels {
        let name = label.as_str().to_ascii_lowercase();
        let head = label.ends().0.to_ascii_lowercase();
        if name.starts_with("codebuild-") && !label.is_literal() {
            names.push(head.trim_end_matches('-').to_owned());
        } else if build && is_setting(&name, ':') {
        } else if name.starts_with("runs-on=") || name.starts_with("runs-on/") || name.starts_with("runs-on,") {
            names.push("runs-on".to_owned());
            names.extend(name.split(['/', ',']).skip(1).filter(|p| !is_setting(p, '=')).map(str::to_owned));
        } else if head.ends_with("--") && label.symbols().eq(["github.run_id"]) {
            names.push(head.trim_end_matches('-').to_owned());
        } else if !(name.starts_with("run-id=") || is_setting(&name, '=')) {
            names.push(name);
        }
    }
    names
}

/// Whether a label, or a part of one, is a vendor's setting that is written with this separator.
fn is_setting(part: &str, separator: char) -> bool {
    let mut settings = Catalogue::get().labels.vendors.iter().flat_map(|vendor| &vendor.settings);
    settings.any(|setting| setting.ends_with(separator) && part.starts_with(setting.as_str()))
}
