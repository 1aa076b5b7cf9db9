//! Observations on a target that GRADING asks to report and that change no level.

use super::Scene;
use crate::model::{Access, Note, RunnerChoice};
use crate::release::Linked;

/// Write scopes that let a build report on other builds and change none.
const REPORTING: &[&str] = &["statuses", "checks", "security-events", "artifact-metadata"];

/// The notes on one target.
pub(super) fn of(scene: &Scene<'_>, target: &Linked<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    let shared = &crate::catalogue::Catalogue::get().labels.shared;
    for (_, job) in target.build_jobs() {
        notes.extend(super::reached(scene, job).into_iter().flat_map(|p| p.notes.iter().cloned()));
        for (what, location) in &job.container_reach {
            let message = format!(
                "the job container reaches its machine (`{what}`); harmless on a single-use machine, an isolation breaker on any other"
            );
            notes.push(Note::info("container-reach", location, message));
        }
        for scope in REPORTING.iter().filter(|s| job.token.access(s) == Access::Write) {
            let message = format!("the build job {} holds `{scope}: write`, which cannot alter other builds", job.key);
            notes.push(Note::info("reporting-scope", job.token.location_of(scope), message));
        }
        if let RunnerChoice::Labels { sets, location } = &job.runner
            && sets.iter().flat_map(|s| &s.labels).any(|l| shared.iter().any(|s| s == l.as_str()))
        {
            notes.push(Note::info(
                "shared-machine",
                location,
                "jobs on this label are containers on a shared virtual machine",
            ));
        }
    }
    if let (Some(p), Some(publisher)) = (&target.provenance, target.publish_job())
        && let Some(maker) = target.flow.jobs.get(p.job)
        && maker.key != publisher.key
    {
        if maker.may_fail {
            let message =
                format!("the job {} may fail and the release still ships, then without provenance", maker.key);
            notes.push(Note::info("provenance-may-fail", &maker.location, message));
        }
        // A call is waited for when its last job is.
        let within = |job: &str, call: &str| job == call || job.strip_prefix(call).is_some_and(|r| r.starts_with('/'));
        let waits = target.waits(target.publish.job, p.job) || target.waits(p.job, target.publish.job);
        if !waits && !within(&publisher.key, &maker.key) {
            let message = format!(
                "the job {} publishes without waiting for the provenance of the job {}",
                publisher.key, maker.key
            );
            notes.push(Note::info("unawaited-provenance", &publisher.location, message));
        }
    }
    notes
}
