//! Secrets that a pod hands to its builds, held against what registers runners: with a personal token or the key of an
//! App a build registers runners of its own.
//! Source: <https://docs.github.com/en/actions/how-tos/manage-runners/use-actions-runner-controller/authenticate-to-the-api>

use super::draft::{Draft, On::Isolated};
use crate::model::{Evidence, Tri};
use crate::runners::facts::handed::{Handed, Way, handed, variables};
use crate::runners::{is_open, is_token};
use crate::syntax::conf::Value;

/// What registers the agents of a pod.
#[derive(Debug, Clone, Copy)]
pub(in crate::runners) enum Registration<'a> {
    /// Nothing that a forge gives out.
    Unneeded,
    /// What the agent's own variables hold, which are judged with the agent.
    Agent,
    /// A secret of one of these names, which a controller holds; none when no file shows its name.
    Controller(&'a [String]),
}

/// Keys of the registration secret that name something and open nothing.
const NAMES: &[&str] = &["github_app_id", "github_app_installation_id"];

/// Words in the names of secrets that speak of what registers runners.
const SPEAKS: &[&str] = &["github", "gh", "gha", "ghe", "arc", "runner", "runners", "pat", "token"];
/// Words of secrets that are something else, whoever uses them.
const OTHER: &[&str] =
    &["ca", "cert", "certs", "certificate", "certificates", "tls", "ssl", "docker", "dockerconfig", "registry", "npm"];

/// The credential that a build in the pod can read: what is shown, and what is not.
pub(in crate::runners) fn readable(
    spec: &Value,
    registration: Registration<'_>,
    rule: &'static str,
) -> [Option<Tri>; 2] {
    let secrets = match registration {
        Registration::Unneeded => return [None, None],
        Registration::Agent => &[],
        Registration::Controller(secrets) => secrets,
    };
    let all = handed(spec);
    let judged = |handed: &&Handed| match registration {
        Registration::Agent => matches!(handed.way, Way::Files),
        _ => true,
    };
    let find = |of: &dyn Fn(&Handed) -> Option<Tri>| all.iter().filter(judged).find_map(of);
    [find(&|handed| leak(handed, secrets, rule)), find(&|handed| doubt(handed, rule))]
}

/// A secret that certainly registers runners.
fn leak(handed: &Handed, secrets: &[String], rule: &'static str) -> Option<Tri> {
    let failed = |note: String| Some(Tri::Failed(Evidence::observed(&handed.at, rule, note)));
    let harmless = !handed.keys.is_empty() && handed.keys.iter().all(|key| NAMES.contains(&key.as_str()));
    let registers = handed.secret.as_ref().is_some_and(|name| secrets.contains(name)) && !harmless;
    let secret = handed.secret.as_deref().unwrap_or_default();
    match &handed.way {
        Way::Variable(variable) if variable.value.as_deref().is_some_and(is_token) => {
            failed(format!("`{}` holds a token in clear text", variable.name))
        }
        Way::Variable(variable) if registers || handed.held().is_some() => {
            failed(format!("`{}` stands in the runner's environment, and every build can read it", variable.name))
        }
        Way::Whole if registers => failed(format!(
            "the secret `{secret}`, which registers runners, stands in the runner's environment, and every build can read it"
        )),
        Way::Files if registers => failed(format!(
            "the secret `{secret}`, which registers runners, is mounted into the runner, and every build can read it"
        )),
        _ => None,
    }
}

/// A secret that may register runners.
fn doubt(handed: &Handed, rule: &'static str) -> Option<Tri> {
    let unshown = |note: String, to_show: &str| {
        Some(Tri::Unshown(Evidence::observed(&handed.at, rule, note), to_show.to_owned()))
    };
    let secret = handed.secret.as_deref().unwrap_or("$");
    match &handed.way {
        Way::Whole => unshown(
            format!(
                "every value of the secret `{secret}` stands in the runner's environment, and nothing shows that none registers runners"
            ),
            "the variables by name (`valueFrom.secretKeyRef`) in place of the whole secret",
        ),
        Way::Files if is_open(secret) || speaks(secret) => unshown(
            format!("the secret `{secret}` is mounted into the runner, and nothing shows that it registers no runners"),
            "a mount of no secret that registers runners",
        ),
        _ => None,
    }
}

/// Whether the name of a secret speaks of what registers runners.
fn speaks(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let any = |list: &[&str]| words.iter().any(|word| list.contains(word));
    any(SPEAKS) && !any(OTHER)
}

/// Judges what the pods of a scale set hand to their builds.
pub(in crate::runners) fn judge(draft: &mut Draft, spec: &Value, secrets: &[String]) {
    let found = readable(spec, Registration::Controller(secrets), draft.pool.shape);
    draft.pool.variables.extend(variables(spec));
    found.into_iter().flatten().for_each(|tri| draft.found(Isolated, tri));
}
