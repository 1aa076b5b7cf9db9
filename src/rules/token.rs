//! `scoped-token`: what the token and the stored credentials of the build jobs could change.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::provenance::build_location;
use crate::catalogue::{Asked, Catalogue, Credential, Expression};
use crate::commands::brings_secrets;
use crate::model::{
    Access, ActionUse, Evidence, Job, MOST_EVIDENCE, Requirement, SecretUse, StepBody, TokenScope, UNKNOWN_BUILD,
    Verdict,
};
use crate::release::Linked;
use crate::syntax::pattern;

/// Scopes with which a build could alter the inputs or outputs of other builds.
const DANGEROUS: &[&str] = &["contents", "packages", "actions", "id-token", "attestations", "deployments", "pages"];

const TO_SHOW: &str = "`permissions: contents: read` on the build job, with publishing in a job that builds nothing";

/// The stored credentials of the jobs that were asked about, each as evidence: the targets of a flow share their jobs.
#[derive(Default)]
pub(super) struct Read(HashMap<*const Job, Rc<[Evidence]>>);

impl Read {
    /// The stored credentials of a job that can write where other builds publish.
    fn stored(&mut self, job: &Job) -> Rc<[Evidence]> {
        let evidence = |(secret, credential): (&SecretUse, &Credential)| {
            let note = format!(
                "the build job {} holds the stored credential `{}`, which may write to {}",
                job.key, secret.name, credential.reach
            );
            Evidence::observed(&secret.location, &credential.id, note)
        };
        let find = || {
            let all = job.secrets.iter().filter_map(|secret| Some((secret, credential(secret)?)));
            let all = all.filter(|(secret, credential)| !only_reads(job, secret, credential));
            all.map(evidence).chain(brought(job)).take(MOST_EVIDENCE).collect()
        };
        Rc::clone(self.0.entry(std::ptr::from_ref(job)).or_insert_with(find))
    }
}

/// The commands of a job that get secrets out of a store, each as evidence.
fn brought(job: &Job) -> impl Iterator<Item = Evidence> {
    let scripts = job.steps.iter().filter_map(|step| step.script());
    let commands = scripts.flat_map(|script| &script.commands).filter(|command| !command.cond.is_never());
    commands.filter_map(|command| {
        let program = command.views().find_map(brings_secrets)?;
        let note = format!(
            "in the build job {}, `{program}` puts secrets of a store into the environment, and nothing shows what they \
             may write to",
            job.key
        );
        Some(Evidence::observed(&command.location, "secrets-of-a-store", note))
    })
}

/// Judges the tokens of all build jobs: a shown write scope fails, an undeclared one or a stored credential leaves it
/// unshown.
pub(super) fn judge(target: &Linked<'_>, read: &mut Read) -> Verdict {
    let requirement = Requirement::ScopedToken;
    let mut failed: Vec<Evidence> = Vec::new();
    let mut unshown: Vec<Evidence> = Vec::new();
    // The jobs that hold what stands above all jobs.
    let mut holders: Vec<Evidence> = Vec::new();
    for (_, job) in target.build_jobs() {
        if job.outside.is_some() {
            of_call(job, &mut failed, &mut unshown);
            continue;
        }
        match &job.token {
            TokenScope::Declared { inherited, .. } => {
                let known = failed.len();
                for scope in DANGEROUS.iter().filter(|s| job.token.access(s) == Access::Write) {
                    let note = format!("the build job {} holds `{scope}: write`", job.key);
                    failed.push(Evidence::observed(job.token.location_of(scope), "write-scope", note));
                }
                if *inherited && failed.len() > known {
                    holders.push(Evidence::observed(
                        &job.location,
                        "write-scope",
                        format!("the build job {}", job.key),
                    ));
                }
            }
            TokenScope::Undeclared { location } => {
                let note = format!("nothing declares what the token of the build job {} may do", job.key);
                unshown.push(Evidence::observed(location, "undeclared-token", note));
            }
            TokenScope::Inexpressible { reason, location } => {
                unshown.push(Evidence::observed(location, "inexpressible-token", reason.clone()));
            }
        }
        unshown.extend(read.stored(job).iter().cloned());
    }
    for (why, location) in &target.unknown_builds {
        unshown.push(Evidence::observed(location, UNKNOWN_BUILD, why.clone()));
    }
    match (failed.split_first(), unshown.split_first()) {
        (Some((first, rest)), _) => Verdict::failed(requirement, first.note.clone(), first.clone())
            .with(rest.iter().cloned())
            .with(unshown.iter().cloned())
            .beside(holders),
        (None, Some((first, rest))) => {
            Verdict::unshown(requirement, first.note.clone(), first.clone(), TO_SHOW).with(rest.iter().cloned())
        }
        (None, None) => {
            let at = target.build_jobs().find_map(|(_, j)| match &j.token {
                TokenScope::Declared { location, .. } if j.outside.is_none() => Some(location.clone()),
                _ => None,
            });
            Verdict::met(
                requirement,
                "the build jobs hold no token or credential that can alter other builds",
                Evidence::observed(
                    &at.unwrap_or_else(|| build_location(target)),
                    "scoped-token",
                    "only harmless scopes",
                ),
            )
        }
    }
}

/// The scopes among them that a build job of the target may write to.
pub(super) fn written(target: &Linked<'_>) -> Vec<&'static str> {
    let held = |scope: &&&str| {
        target.build_jobs().any(|(_, job)| match Linked::builder_of(job) {
            Some(builder) => builder.build_scopes.iter().any(|own| own == **scope),
            None => job.outside.is_none() && job.token.access(scope) == Access::Write,
        })
    };
    DANGEROUS.iter().filter(held).copied().collect()
}

fn of_call(job: &Job, failed: &mut Vec<Evidence>, unshown: &mut Vec<Evidence>) {
    let Some(call) = &job.outside else { return };
    let location = &call.reference.location;
    match Linked::builder_of(job) {
        Some(builder) => {
            for scope in &builder.build_scopes {
                let note = format!("the build job of {} holds `{scope}: write`", builder.what);
                failed.push(Evidence::documented(location, &builder.id, note));
            }
        }
        None => {
            unshown.push(Evidence::observed(
                location,
                "outside-workflow",
                "the called workflow decides what its build job holds",
            ));
        }
    }
}

/// Whether an action makes nothing of a credential but a token that is told to read.
fn only_reads(job: &Job, secret: &SecretUse, credential: &Credential) -> bool {
    let Some(prefix) = &credential.narrowed_by else { return false };
    let at = &secret.location;
    let takes = |action: &&ActionUse| {
        let mut places = action.inputs.iter().map(|input| &input.location);
        places.any(|l| l.path == at.path && l.line <= at.line && at.end_line <= l.end_line)
    };
    let actions = job.steps.iter().filter_map(|step| match &step.body {
        StepBody::Action(action) => Some(action),
        _ => None,
    });
    let mut narrowed = false;
    for input in actions.filter(takes).flat_map(|action| &action.inputs).filter(|i| i.name.starts_with(&**prefix)) {
        if input.value.literal() != Some("read") {
            return false;
        }
        narrowed = true;
    }
    narrowed
}

/// A secret by its own name, that of what receives it, the action, and the lines that hand it on.
type Use = (String, Option<String>, Option<String>, String);

thread_local! {
    /// What is known of the secrets that were asked about: they are the same few again and again.
    static KNOWN: RefCell<FxHashMap<Use, Option<&'static Credential>>> = RefCell::default();
}

/// Secrets that are kept at most.
const MOST_KEPT: usize = 1_024;

fn credential(secret: &SecretUse) -> Option<&'static Credential> {
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        let used = (secret.name.clone(), secret.receiver.clone(), secret.action.clone(), secret.lines.clone());
        *known.entry(used).or_insert_with(|| described(secret).filter(|found| !found.harmless))
    })
}

/// The first entry of the catalogue that describes a secret.
fn described(secret: &SecretUse) -> Option<&'static Credential> {
    let action = secret.action.as_deref().unwrap_or_default();
    let taken = |c: &Credential| {
        c.goes_anywhere() || c.actions.iter().any(|p| pattern::wildcard(p, action)) || c.publishers && hands_out(action)
    };
    let own = Asked::from(secret.name.as_str());
    let lines = Asked::from(secret.lines.as_str());
    // Inputs of actions are mostly written with a dash.
    let spelled = secret.receiver.as_deref().filter(|name| name.contains('-')).map(|name| name.replace('-', "_"));
    let receivers = || secret.receiver.iter().chain(&spelled).map(|name| Asked::from(name.as_str()));
    let receiver: Vec<Asked<'_>> = receivers().collect();
    let fits = |expressions: &[Expression], name: &Asked<'_>| expressions.iter().any(|e| e.whole(name));
    let named = |c: &Credential| {
        fits(&c.own_names, &own)
            || std::iter::once(&own).chain(&receiver).any(|name| fits(&c.names, name))
            || c.lines.iter().any(|e| e.finds(&lines))
    };
    Catalogue::get().credentials.iter().find(|credential| taken(credential) && named(credential))
}

/// Whether an action is known to hand something out.
fn hands_out(action: &str) -> bool {
    let all = Catalogue::get();
    let own = all.index.all.of_action(action).within(&all.index.sinks).filter_map(|at| all.sinks.get(at));
    own.flat_map(|sink| &sink.actions).any(|known| known == action)
}

#[cfg(test)]
mod tests {
    use crate::catalogue::Catalogue;

    #[test]
    fn a_name_is_refused_for_its_words_only_where_the_expression_refuses_it() {
        let names = [
            "",
            "token",
            "NPM_TOKEN",
            "npm_token",
            "MY_NPMAUTH",
            "PYPI_API_TOKEN",
            "TWINE_PASSWORD",
            "DOCKERHUB_PASS",
            "CR_PAT",
            "GH_PAT",
            "GITHUB_TOKEN",
            "CARGO_REGISTRY_TOKEN",
            "CODECOV_TOKEN",
            "SONAR_TOKEN",
            "SLACK_WEBHOOK",
            "MACOS_CERT_P12",
            "CSC_LINK",
            "WINDOWS_PFX_PASSWORD",
            "SIGNING_KEY",
            "GPG_PRIVATE_KEY",
            "passphrase",
            "OSSRH_USERNAME",
            "MAVEN_CENTRAL",
            "NUGET_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "aws-access-key-id",
            "GCP_SA",
            "AZURE_CREDENTIALS",
            "VSCE_PAT",
            "SNAP_TOKEN",
            "DEPLOY_KEY",
            "SSH_KEY",
            "APP_PRIVATE_KEY",
            "HOMEBREW_TAP_TOKEN",
            "TX_TOKEN",
            "READ_TOKEN",
            "FTP_1",
            "É_TOKEN",
        ];
        let catalogue = Catalogue::get();
        let credentials = catalogue.credentials.iter().flat_map(|c| c.names.iter().chain(&c.own_names));
        let identities = catalogue.identities.iter().flat_map(|i| i.secrets.iter().chain(&i.unless));
        for expression in credentials.chain(identities) {
            let regex = format!("(?i-u)^(?:{expression})$").parse::<regex::bytes::Regex>().unwrap();
            for name in names {
                assert_eq!(expression.whole(&name.into()), regex.is_match(name.as_bytes()), "{expression} and {name}");
            }
        }
    }
}
