//! LOWER: definitions of self-hosted runners become runner pools.
//!
//! A file takes four steps. [`recognise`] decides by its strings which shapes read it. A shape ([`shapes`]) knows one
//! form of definition and takes from it what it is made of: containers, pods, scripts. What those show about an agent is
//! read in one place each ([`facts`]), and [`verdict`] turns it into the three axes of a pool. An unresolved value
//! (`${NAME}`, `{{ template }}`) is never evidence for anything good, and a default is named as one. Behind the files
//! stands [`kustomize`]: what is applied is not always what a file says.

mod broken;
mod facts;
mod file;
mod kustomize;
mod recognise;
mod shapes;
#[cfg(test)]
mod tests;
mod tree;
mod verdict;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::checkout::{Checkout, spread};
use crate::model::{Evidence, Location, Pipeline, RunnerChoice, RunnerPool, Text, Tri};

use file::{File, read_named};
use recognise::{is_candidate, is_incidental, read};
use shapes::started;
use words::{default_labels, is_open, is_strong_capability, is_token, labels_of, scope_of};

/// The pools that the checkout defines and that may take its jobs. Nothing is read when every job names hosted labels
/// only.
pub fn pools(checkout: &Checkout, pipelines: &[Pipeline], hosted: &[String]) -> Vec<RunnerPool> {
    if !asks_for_own_runners(pipelines, hosted) {
        return Vec::new();
    }
    let mut pools = every_pool(checkout, pipelines);
    pools.retain(|p| reaches(p, checkout.slug()));
    pools
}

/// Every pool that the files of the checkout define or that its jobs start, whoever it is registered for.
pub fn every_pool(checkout: &Checkout, pipelines: &[Pipeline]) -> Vec<RunnerPool> {
    let mut pools = pools_in(checkout, None);
    pools.extend(started::pools(pipelines));
    pools
}

/// Labels that the configuration of the linter actionlint lists. They say which names are in use, not what is behind
/// them. Source: <https://github.com/rhysd/actionlint/blob/main/docs/config.md>
pub fn listed_labels(checkout: &Checkout) -> Vec<(String, Location)> {
    let mut found = Vec::new();
    for path in [".github/actionlint.yaml", ".github/actionlint.yml"].map(Arc::<str>::from) {
        let Ok(text) = checkout.glance(&path) else { continue };
        let file = File::new(&path, &text, checkout);
        let labels = file.documents().first().and_then(|d| d.root().get("self-hosted-runner")?.get("labels"));
        for label in labels.into_iter().flat_map(|l| l.items()) {
            found.extend(label.as_str().map(|name| (name.to_owned(), file.at(label))));
        }
    }
    found
}

/// Every pool that the files of a folder define. `prefix` is what stands in front of their paths in locations, for
/// folders that are read beside the checkout.
pub fn pools_in(checkout: &Checkout, prefix: Option<&str>) -> Vec<RunnerPool> {
    let files = checkout.files();
    let spoken: Vec<(Arc<str>, Vec<RunnerPool>)> = spread(files, |path| {
        let pools = is_candidate(path).then(|| read(checkout, path))??;
        Some((Arc::clone(path), pools))
    });
    let (spoken, pools): (BTreeSet<Arc<str>>, Vec<Vec<RunnerPool>>) = spoken.into_iter().unzip();
    let pools: Vec<RunnerPool> = pools.into_iter().flatten().collect();
    let mut pools = kustomize::applied(checkout, pools, &spoken, &recognise::shapes);
    // What a definition runs is part of it and no pool of its own.
    let run: BTreeSet<Arc<str>> = pools.iter().flat_map(|p| p.files.iter().cloned()).collect();
    pools.retain(|p| !run.contains(&p.location.path));
    for pool in &mut pools {
        pool.incidental = is_incidental(&pool.location.path);
        let mut seen = BTreeSet::new();
        pool.labels.retain(|label| seen.insert(label.clone()));
    }
    if let Some(prefix) = prefix {
        for pool in &mut pools {
            move_below(pool, prefix.trim_end_matches('/'));
        }
    }
    pools
}

/// Every pool that a folder of the checkout defines, with its path in the checkout. A folder that need not be in use
/// stays one, whoever names it.
pub fn pools_below(folder: &Checkout, path: &str) -> Vec<RunnerPool> {
    let mut pools = pools_in(folder, Some(path).filter(|path| !path.is_empty()));
    pools.iter_mut().for_each(|pool| pool.incidental |= is_incidental(&pool.location.path));
    pools
}

/// Puts a folder in front of every path that a pool names.
fn move_below(pool: &mut RunnerPool, folder: &str) {
    each_location(pool, &mut |at| at.path = Arc::from(format!("{folder}/{}", at.path)));
    for file in &mut pool.files {
        *file = Arc::from(format!("{folder}/{file}"));
    }
}

/// Changes every place that a pool names.
fn each_location(pool: &mut RunnerPool, change: &mut dyn FnMut(&mut Location)) {
    let axes = [&mut pool.hosted, &mut pool.ephemeral, &mut pool.isolated].into_iter().map(|axis| match axis {
        Tri::Met(e) | Tri::Failed(e) | Tri::Unshown(e, _) => e,
    });
    let evidence: Vec<&mut Evidence> = axes.chain(&mut pool.credentials).chain(&mut pool.caches).collect();
    evidence.into_iter().for_each(|piece| change(&mut piece.location));
    pool.notes.iter_mut().filter_map(|n| n.location.as_mut()).for_each(&mut *change);
    pool.variables.iter_mut().for_each(|variable| change(&mut variable.location));
    change(&mut pool.location);
}

/// Whether a job asks for other runners than those of the forge.
pub fn asks_for_own_runners(pipelines: &[Pipeline], hosted: &[String]) -> bool {
    let own = |label: &Text| !hosted.iter().any(|h| h.eq_ignore_ascii_case(label.as_str()));
    pipelines.iter().flat_map(|p| &p.flows).flat_map(|f| &f.jobs).any(|job| match &job.runner {
        RunnerChoice::Labels { sets, .. } | RunnerChoice::Unresolved { asked: sets, .. } => {
            sets.iter().any(|s| s.group.is_some() || s.labels.iter().any(own))
        }
        RunnerChoice::Hosted { .. } => false,
    })
}

/// A pool that is registered for another repository or organisation does not take this repository's jobs.
pub fn reaches(pool: &RunnerPool, slug: Option<&str>) -> bool {
    match (&pool.scope, slug) {
        (Some(scope), Some(slug)) => {
            let scope = scope.to_ascii_lowercase();
            scope == slug || slug.split('/').next() == Some(scope.as_str())
        }
        _ => true,
    }
}
