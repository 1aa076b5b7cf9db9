//! LOWER: definitions of self-hosted runners become runner pools; one file for each shape.

mod arc_legacy;

use std::sync::Arc;

use crate::checkout::Checkout;
use crate::model::{Pipeline, RunnerChoice, RunnerPool, Text};
use crate::syntax::yaml;

/// Files that may define runners are no larger than this.
const LARGEST: usize = 1024 * 1024;

/// The pools that the checkout defines. Nothing is read when every job names hosted labels only.
pub fn pools(checkout: &Checkout, pipelines: &[Pipeline], hosted: &[String]) -> Vec<RunnerPool> {
    let mut pools = Vec::new();
    if !asks_for_own_runners(pipelines, hosted) {
        return pools;
    }
    for path in checkout.files().iter().filter(|p| is_yaml(p)) {
        let Ok(text) = checkout.read(path) else { continue };
        // A cheap look before anything is parsed.
        if text.len() > LARGEST || !text.contains(arc_legacy::GROUP) {
            continue;
        }
        let Ok(documents) = yaml::parse(&text) else { continue };
        for document in &documents {
            pools.extend(arc_legacy::pool(document.root(), path));
        }
    }
    pools.retain(|p| reaches(p, checkout.slug()));
    pools
}

fn is_yaml(path: &Arc<str>) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

fn asks_for_own_runners(pipelines: &[Pipeline], hosted: &[String]) -> bool {
    let own = |label: &Text| !hosted.iter().any(|h| h.eq_ignore_ascii_case(label.as_str()));
    pipelines.iter().flat_map(|p| &p.flows).flat_map(|f| &f.jobs).any(|job| match &job.runner {
        RunnerChoice::Labels { sets, .. } => sets.iter().any(|s| s.group.is_some() || s.labels.iter().any(own)),
        _ => false,
    })
}

/// A pool that is registered for another repository or organisation does not take this repository's jobs.
fn reaches(pool: &RunnerPool, slug: Option<&str>) -> bool {
    match (&pool.scope, slug) {
        (Some(scope), Some(slug)) => {
            let scope = scope.to_ascii_lowercase();
            scope == slug || slug.split('/').next() == Some(scope.as_str())
        }
        _ => true,
    }
}
