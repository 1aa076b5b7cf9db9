//! Which runner pools a checkout defines and which jobs use them: the stages as far as linking, for the auditor.

use std::collections::{BTreeSet, HashMap};

use crate::catalogue::Catalogue;
use crate::checkout::Checkout;
use crate::model::{Job, Requirement, RunnerChoice, RunnerPool, State, Text, Tri};
use crate::report::{Asked, Axis, Inventory, Listed, Pool};
use crate::{platforms, rules, runners};

/// The runner pools of a checkout that has been opened, and of folders `beside` it; `root` is its name in the inventory.
pub fn inventory(checkout: &Checkout, root: &str, beside: Vec<RunnerPool>) -> Inventory {
    let pipelines = platforms::github::lower(checkout).pipelines;
    let hosted = &Catalogue::get().labels.hosted;
    let mut all = runners::every_pool(checkout, &pipelines);
    // A folder that is named may be one of those that are read anyway.
    let more: Vec<RunnerPool> = beside.into_iter().filter(|pool| !all.contains(pool)).collect();
    all.extend(more);
    // What is registered for somebody else takes no job of this repository.
    let (own, elsewhere): (Vec<_>, Vec<_>) = all.into_iter().partition(|p| runners::reaches(p, checkout.slug()));
    let scene = rules::Scene::new(checkout, &own);
    let jobs: Vec<(String, &Job)> = pipelines
        .iter()
        .flat_map(|p| {
            p.flows
                .iter()
                .flat_map(|f| &f.jobs)
                .filter(|job| !job.other_run)
                .map(|job| (format!("{}: {}", p.path, job.key), &**job))
        })
        .collect();
    let mut unanswered: Vec<Asked> = Vec::new();
    for (title, job) in &jobs {
        let (sets, location) = match &job.runner {
            RunnerChoice::Labels { sets, location } => (sets, location),
            RunnerChoice::Unresolved { asked, location, .. } => (asked, location),
            RunnerChoice::Hosted { .. } => continue,
        };
        for set in sets {
            let known = |l: &Text| hosted.iter().any(|h| h.eq_ignore_ascii_case(l.as_str()));
            if !set.labels.iter().any(known) && rules::reached(&scene, job).is_empty() {
                let labels = set.labels.iter().map(|l| l.as_str().to_owned()).collect();
                unanswered.push(Asked { labels, job: title.clone(), location: location.clone() });
            }
        }
    }
    unanswered.sort_unstable();
    unanswered.dedup();
    let mut users: HashMap<*const RunnerPool, BTreeSet<&str>> = HashMap::new();
    for (title, job) in &jobs {
        for pool in rules::reached(&scene, job) {
            users.entry(std::ptr::from_ref(pool)).or_default().insert(title);
        }
    }
    let used_by = |pool: &RunnerPool| {
        let users = users.get(&std::ptr::from_ref(pool)).into_iter().flatten();
        users.map(|title| (*title).to_owned()).collect::<Vec<_>>()
    };
    let mut pools: Vec<Pool> = own.iter().map(|p| pool_of(p, used_by(p), false)).collect();
    pools.extend(elsewhere.iter().map(|p| pool_of(p, Vec::new(), true)));
    pools.sort_by(|a, b| (&a.location, &a.name).cmp(&(&b.location, &b.name)));
    Inventory {
        version: 1,
        root: root.to_owned(),
        pools,
        unanswered,
        listed: runners::listed_labels(checkout)
            .into_iter()
            .map(|(label, location)| Listed { label, location })
            .collect(),
        errors: Vec::new(),
    }
}

fn pool_of(pool: &RunnerPool, used_by: Vec<String>, elsewhere: bool) -> Pool {
    let axis = |tri: &Tri, requirement: Requirement| {
        let (state, evidence, to_show) = match tri {
            Tri::Met(evidence) => (State::Met, evidence, None),
            Tri::Failed(evidence) => (State::Failed, evidence, None),
            Tri::Unshown(evidence, to_show) => (State::Unshown, evidence, Some(to_show.clone())),
        };
        let open = if state.is_open() { Catalogue::get().to_set(evidence, requirement) } else { Vec::new() };
        let to_set = open.into_iter().map(str::to_owned).collect();
        Axis { state, evidence: evidence.clone(), to_show, to_set }
    };
    Pool {
        name: pool.name.clone(),
        shape: pool.shape.to_owned(),
        location: pool.location.clone(),
        labels: pool.labels.clone(),
        group: pool.group.clone(),
        registered_for: pool.scope.clone(),
        elsewhere,
        incidental: pool.incidental,
        hosted: axis(&pool.hosted, Requirement::HostedBuild),
        ephemeral: axis(&pool.ephemeral, Requirement::EphemeralEnvironment),
        isolated: axis(&pool.isolated, Requirement::IsolatedEnvironment),
        credentials: pool.credentials.clone(),
        caches: pool.caches.clone(),
        used_by,
        notes: pool.notes.clone(),
    }
}
