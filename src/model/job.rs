//! Jobs: the unit that a platform gives a machine and a token to.

use std::sync::Arc;

use memchr::memchr;
use smol_str::SmolStr;

use super::{Cond, EventKind, Hop, Input, Location, Reference, RunnerChoice, Step, Text, TokenScope};

/// What the platform's shared cache may do in a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheMode {
    /// The platform's default: restore and save.
    Default,
    /// Nothing is restored from the platform's cache, as a file declares at this place.
    NoRestore(Location),
}

/// Who defines the code of a job, and so whose identity signs in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// The pipeline file itself or another file of this repository.
    Repository,
    /// A workflow of another repository, whose checkout was supplied.
    Outside(String),
}

/// A call of a workflow that is defined in another repository and not in the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideCall {
    /// `owner/repository/path/to/workflow.yml`, owner and repository in lower case.
    pub workflow: String,
    /// The ref.
    pub reference: Reference,
    /// The inputs that are set.
    pub inputs: Vec<Input>,
    /// Whether secrets are handed over, and where.
    pub secrets: Option<Location>,
    /// Those that are handed over by name.
    pub handed: Vec<Input>,
}

impl OutsideCall {
    /// `owner/repository` of the called workflow.
    pub fn repository(&self) -> String {
        self.workflow.split('/').take(2).collect::<Vec<_>>().join("/")
    }

    /// What would show what the call does.
    pub fn to_show(&self) -> String {
        let repository = self.repository();
        format!(
            "the checkout of {repository}, given with `--with {repository}=PATH`, or a builder that the catalogue knows"
        )
    }
}

/// A secret that a job's text names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretUse {
    /// The secret's name.
    pub name: String,
    /// The variable or input that receives it, when there is one.
    pub receiver: Option<String>,
    /// The action whose input receives it, when there is one.
    pub action: Option<String>,
    /// The lines of scripts that name it, or the variable that receives it.
    pub lines: String,
    /// Where it is named.
    pub location: Location,
    /// The step that receives it; `None` when the whole job does.
    pub step: Option<usize>,
}

/// A value from outside the repository that a job's text names, or the output of a step that may hold one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parameter {
    /// Its symbol (`inputs.version`, `vars.REGISTRY`, `jobs.plan.steps.version.outputs.tag`).
    pub symbol: String,
    /// Where it is named.
    pub location: Location,
    /// The step that receives it; `None` when every step of the job does.
    pub step: Option<usize>,
}

/// More members of an event than a reader looks at.
const MOST_MEMBERS: usize = 16;

impl Parameter {
    /// The parameters inside a symbol: values that the repository's content does not determine, and outputs of steps.
    pub fn within(symbol: &str) -> Vec<String> {
        const SOURCES: &[&str] = &[
            "inputs.",
            "vars.",
            "github.event.client_payload",
            "github.event.release.",
            "github.event.comment.",
            "github.event.issue.",
            "jobs.",
        ];
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
        let mut found: Vec<String> = Vec::new();
        let mut rest = symbol;
        // Hardly any character of a long symbol belongs to a member of a context: each is known by its dot.
        while let Some((before, behind)) = memchr(b'.', rest.as_bytes()).and_then(|dot| rest.split_at_checked(dot)) {
            let start = before.trim_end_matches(part).len();
            let end = before.len() + behind.find(|c| !part(c)).unwrap_or(behind.len());
            let path = rest.get(start..end).unwrap_or_default();
            rest = rest.get(end..).unwrap_or_default();
            let path = if path.starts_with("jobs.") { path } else { path.split('/').next().unwrap_or_default() };
            if SOURCES.iter().any(|source| path.starts_with(source)) && !found.iter().any(|f| f == path) {
                found.push(path.to_owned());
            }
        }
        let file = symbol.contains(Self::EVENT_FILE);
        found.extend(if file { Self::of_event(symbol) } else { Vec::new() });
        found
    }

    /// The variable with the file in which the platform describes the event.
    pub const EVENT_FILE: &str = "GITHUB_EVENT_PATH";
    /// What the symbol of a value starts with that is read from there, and may not be there.
    pub const OF_EVENT: &str = "payload.";

    /// The members of the event that a text reads from its file, or from what a program makes of it.
    pub fn of_event(text: &str) -> Vec<String> {
        const MEMBERS: &[&str] = &["inputs", "client_payload", "release", "comment", "issue"];
        let programs = ["context.payload", "event.payload"].iter().any(|start| text.contains(start));
        if !programs && !text.contains(Self::EVENT_FILE) {
            return Vec::new();
        }
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '?');
        let mut found: Vec<String> = Vec::new();
        for path in text.split(|c| !part(c)) {
            let mut parts = path.split(['.', '?']).filter(|part| !part.is_empty());
            let Some(member) = parts.find(|part| MEMBERS.contains(part)) else { continue };
            // `inputs` is also what programs call other things by.
            let named = path.starts_with('.') || path.contains("payload.") || path.contains("event.");
            let read = named || programs && path.starts_with(member);
            let name = parts.next().unwrap_or("*");
            let symbol = format!("{}{member}.{name}", Self::OF_EVENT);
            if read && !found.contains(&symbol) && found.len() < MOST_MEMBERS {
                found.push(symbol);
            }
        }
        found
    }

    /// What a value of the event is called, where an event of this kind has it.
    pub fn told_by(symbol: &str, event: EventKind) -> Option<String> {
        let Some(path) = symbol.strip_prefix(Self::OF_EVENT) else { return Some(symbol.to_owned()) };
        let (member, _) = path.split_once('.')?;
        let has = match member {
            "inputs" => event == EventKind::Dispatch,
            "client_payload" => event == EventKind::RepositoryDispatch,
            "release" => event == EventKind::Release,
            _ => event == EventKind::Other,
        };
        has.then(|| if member == "inputs" { path.to_owned() } else { format!("github.event.{path}") })
    }
}

/// One job, with matrix values, inputs and contexts resolved as far as the checkout shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The identifier in its flow; jobs of called workflows carry their caller's, as in `release/build`. All legs
    /// of a matrix share it.
    pub key: String,
    /// The matrix values of this leg, for people; empty without a matrix.
    pub leg: String,
    /// Where the job is defined.
    pub location: Location,
    /// Calls on the way from the pipeline to this job, outermost first.
    pub chain: Vec<Hop>,
    /// Keys of the jobs that must end first.
    pub needs: Vec<String>,
    /// Under which condition it runs, those of the jobs it needs included.
    pub cond: Cond,
    /// Where that condition stands, when the job has one of its own.
    pub condition_at: Option<Location>,
    /// That condition as it is written.
    pub condition: Option<SmolStr>,
    /// The machine.
    pub runner: RunnerChoice,
    /// The platform's token.
    pub token: TokenScope,
    /// Who defines its code.
    pub definition: Definition,
    /// Its steps. Empty for a call of an outside workflow.
    pub steps: Vec<Arc<Step>>,
    /// Its outputs, resolved, also those that hold secrets.
    pub outputs: Vec<(String, Text)>,
    /// The outside workflow it calls, when it is such a call.
    pub outside: Option<OutsideCall>,
    /// The shared cache.
    pub cache: CacheMode,
    /// Whether its failure leaves the run green.
    pub may_fail: bool,
    /// Secrets that its text names.
    pub secrets: Vec<SecretUse>,
    /// `container:` options that reach the host (`--privileged`, a runtime socket), and where.
    pub container_reach: Vec<(String, Location)>,
    /// Whether it belongs to an earlier run, whose end starts that of the flow: it can hand artifacts on, and what it
    /// publishes and attests is that run's.
    pub other_run: bool,
    /// External parameters (dispatch inputs, payloads, `vars`, release fields) that reach its steps.
    pub parameters: Vec<Parameter>,
}

impl Job {
    /// The key and the leg, for people.
    pub fn title(&self) -> String {
        if self.leg.is_empty() { self.key.clone() } else { format!("{} ({})", self.key, self.leg) }
    }
}

#[cfg(test)]
mod tests {
    use super::Parameter;

    #[test]
    fn parameters_are_found_inside_larger_symbols() {
        let found = Parameter::within("format('{0}', inputs.version) == vars.X/y && x.inputs.no");
        assert_eq!(found, ["inputs.version", "vars.X"]);
        let output = "jobs.build.steps.a/inputs.outputs.vars";
        assert_eq!(Parameter::within(output), [output]);
        assert!(Parameter::within("github.ref").is_empty());
    }
}
