//! Credentials within reach of a build, and stored secrets in whose place an identity would do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Places, Subject};
use crate::catalogue::{Asked, Catalogue, Does, Identity, Topic};
use crate::commands::matching::does;
use crate::model::{Access, ActionUse, Job, Note, SecretUse, StepBody, TokenScope};

/// Scopes whose write access a checkout's stored token hands to whatever runs after it.
const WRITING: &[&str] = &["contents", "packages", "actions", "pages", "deployments", "pull-requests", "issues"];

/// Checkouts in build jobs that leave a writing token behind, where nothing needs it.
pub(super) fn persisted_credentials(subject: &Subject<'_>, _: &Places) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut seen: BTreeSet<*const Job> = BTreeSet::new();
    let builds = subject.targets.iter().flat_map(|target| target.build_jobs());
    for (_, job) in builds.filter(|(_, job)| seen.insert(std::ptr::from_ref(*job))) {
        let held = match &job.token {
            TokenScope::Declared { .. } => WRITING.iter().any(|scope| job.token.access(scope) == Access::Write),
            // The repository's settings decide, and they may grant everything.
            TokenScope::Undeclared { .. } => true,
            TokenScope::Inexpressible { .. } => false,
        };
        if !held || uses_git_rights(job) {
            continue;
        }
        for action in job.steps.iter().filter_map(|step| checkout(step)) {
            let off = action.input("persist-credentials").and_then(|i| i.value.literal()) == Some("false");
            if !off {
                let message = format!(
                    "the checkout leaves the token of the build job {} on the disk, where every later step and everything it runs can read it",
                    job.key
                );
                notes.push(Note::info("persisted-credentials", &action.reference.location, message));
            }
        }
    }
    notes
}

fn checkout(step: &crate::model::Step) -> Option<&ActionUse> {
    match &step.body {
        StepBody::Action(action) if action.name == "actions/checkout" => Some(action),
        _ => None,
    }
}

/// Whether something in the job talks to the forge through git, which is what the stored token is for.
fn uses_git_rights(job: &Job) -> bool {
    let named = Catalogue::get().names.of(Topic::Git);
    job.steps.iter().any(|step| match &step.body {
        StepBody::Action(action) => named.is_in(&action.name) && !action.name.contains("build-push"),
        StepBody::Script(script) => script.commands.iter().any(|command| does(Does::Git, &command.words)),
        StepBody::Opaque { .. } => false,
    })
}

/// Secrets of a kind for which the service would take the workflow's own identity, each once in a file.
pub(super) fn stored_identities(subject: &Subject<'_>, _: &Places) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut seen = BTreeSet::new();
    for pipeline in subject.pipelines {
        // Flows share most of their jobs.
        let mut read = BTreeSet::new();
        let jobs = pipeline.flows.iter().flat_map(|flow| &flow.jobs).filter(|job| read.insert(Arc::as_ptr(job)));
        let mut secrets: Vec<&SecretUse> = jobs.flat_map(|job| &job.secrets).collect();
        // Of several secrets in one value the one that is no mere name comes first.
        let names = |secret: &SecretUse| {
            let name = secret.name.to_ascii_uppercase();
            !["SECRET", "KEY", "TOKEN", "PASSWORD", "CRED"].iter().any(|word| name.contains(word))
        };
        secrets.sort_by_cached_key(|secret| (secret.location.line, names(secret), secret.location.clone()));
        let mut known = BTreeMap::new();
        for secret in secrets {
            let same = (&secret.name, &secret.receiver, &secret.action);
            let Some(kind) = *known.entry(same).or_insert_with(|| identity(secret)) else { continue };
            let path = &secret.location.path;
            let place = (path.clone(), format!("{}:{}", kind.id, secret.location.line));
            if !seen.insert((path.clone(), secret.name.clone())) || !seen.insert(place) {
                continue;
            }
            let message = format!("the secret `{}` is {}; in its place: {}", secret.name, kind.what, kind.instead);
            notes.push(Note::info(kind.rule.clone(), &secret.location, message));
        }
    }
    notes
}

fn identity(secret: &SecretUse) -> Option<&'static Identity> {
    let asked = Asked::from(secret.name.as_str());
    Catalogue::get().identities.iter().find(|kind| {
        let action = secret.action.as_deref().unwrap_or_default();
        let placed = kind.actions.is_empty() || kind.actions.iter().any(|own| own == action);
        let received =
            secret.receiver.as_deref().is_some_and(|r| kind.receivers.iter().any(|own| own.eq_ignore_ascii_case(r)));
        let named = || kind.secrets.iter().any(|name| name.whole(&asked));
        let other = || kind.unless.as_ref().is_some_and(|name| name.whole(&asked));
        placed && (received || named()) && !other()
    })
}
