//! The contexts that expressions read: `github`, `inputs`, `matrix`, `needs`, `steps`, `env`, ...

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use smol_str::SmolStr;

use super::env::Env;
use super::expression::Lookup;
use super::kept::Asked;
use super::shared::{self, Context};
use super::value::{Value, equal};
use crate::model::{Cond, Event, EventKind, Text, lowered};

/// What is the same for a whole run.
pub(super) struct Run<'a> {
    pub(super) event: &'a Event,
    /// `owner/name` of this repository in lower case, when the git remote tells.
    pub(super) slug: Option<&'a str>,
    /// Whether the run whose end starts this one is known, and its jobs stand before those of this one.
    pub(super) started_here: bool,
    /// The names of the events that can start that run; `None` where nothing tells.
    pub(super) started_by: Option<Vec<String>>,
    /// How many jobs were lowered so far.
    pub(super) jobs: Cell<usize>,
    /// How many steps they have.
    pub(super) steps: Cell<usize>,
    /// What was asked of the event since this was taken last.
    asked: RefCell<shared::Asked>,
}

/// What `inputs` holds in a workflow or action.
pub(super) enum Inputs {
    /// Values that a caller binds, defaults included.
    Bound(Vec<(String, Value)>),
    /// A person supplies them.
    Dispatched,
    /// The event has none.
    None,
}

/// A job that has been lowered already, as later jobs see it.
#[derive(Debug, PartialEq)]
pub(super) struct Done {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) cond: Cond,
    pub(super) outputs: Vec<(String, Value)>,
}

/// The outputs of a step, behind its id.
pub(super) type Outputs = (SmolStr, Vec<(String, Value)>);

/// The contexts at one place.
pub(super) struct Scope<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) inputs: &'a Inputs,
    pub(super) matrix: Option<Value>,
    pub(super) done: &'a [Rc<Done>],
    pub(super) env: Env,
    /// Outputs of earlier steps, by step id.
    pub(super) steps: Vec<Rc<Outputs>>,
    /// Prefix of the symbols of step outputs: `jobs.build.steps.`, and inner actions below it.
    pub(super) symbol: String,
    pub(super) os: Option<&'static str>,
    /// Whether the question is what happens after a failure.
    pub(super) failed: bool,
    /// The folder of the composite action whose steps these are, from the root with a leading `/`.
    pub(super) action: Option<String>,
    /// What is asked of these contexts.
    pub(super) asked: Rc<Asked>,
}

impl<'a> Scope<'a> {
    /// What the action in a folder sees when a step of this scope uses it.
    pub(super) fn of_action<'b>(&self, inputs: &'b Inputs, folder: &str) -> Scope<'b>
    where
        'a: 'b,
    {
        Scope {
            run: self.run,
            inputs,
            matrix: self.matrix.clone(),
            done: self.done,
            env: self.env.clone(),
            steps: Vec::new(),
            symbol: self.symbol.clone(),
            os: self.os,
            failed: false,
            action: Some(format!("/{folder}")),
            asked: Rc::clone(&self.asked),
        }
    }
}

/// What started the run whose end starts another one.
pub(super) const STARTER: &str = "github.event.workflow_run.event";

/// What every ref that the event's filter lets through starts with; no member of the platform's context has such a name.
const START: &str = "(start)";

impl Lookup for Scope<'_> {
    fn failed(&self) -> bool {
        self.failed
    }

    fn start(&self, symbol: &str) -> String {
        if symbol != "github.ref_name" {
            return String::new();
        }
        // Asked of the event like everything else that it decides.
        let path = ["github", "ref_name", START].map(SmolStr::new_static);
        self.lookup(&path).text().to_string()
    }

    fn lookup(&self, path: &[SmolStr]) -> Value {
        let answer = self.answer(path);
        self.asked.note(path, &answer);
        answer
    }
}

impl Scope<'_> {
    /// The value of a path, without noting that it was asked for.
    pub(super) fn answer(&self, path: &[SmolStr]) -> Value {
        let Some((head, rest)) = path.split_first() else { return Value::Null };
        let head = lowered(head);
        let first = lowered(rest.first().map_or("", SmolStr::as_str));
        match &*head {
            "github" | "gitea" => match &self.action {
                Some(folder) if first == "action_path" => Value::literal(folder),
                _ => self.run.asked(Context::Github, rest, self.inputs),
            },
            "inputs" => match self.inputs {
                Inputs::Bound(_) => self.run.input(self.inputs, rest),
                Inputs::Dispatched | Inputs::None => self.run.asked(Context::Inputs, rest, self.inputs),
            },
            "matrix" => match &self.matrix {
                Some(leg) => leg.below(rest),
                None => Value::unknown(&joined("matrix", rest)),
            },
            "needs" | "jobs" => self.job(rest),
            "steps" => match rest {
                [id, what, name, ..] if what.eq_ignore_ascii_case("outputs") => self.step_output(id, name),
                // On the path that releases, steps succeed.
                [id, what] if what.eq_ignore_ascii_case("outcome") || what.eq_ignore_ascii_case("conclusion") => {
                    let _ = id;
                    Value::literal("success")
                }
                _ => Value::unknown(&format!("{}{}", self.symbol, rest.join("."))),
            },
            "env" => match self.env.iter().rev().find(|(k, _)| k.eq_ignore_ascii_case(&first)) {
                Some((_, value)) => value.clone(),
                None => Value::unknown(&format!("env.{}", rest.first().map_or("", SmolStr::as_str))),
            },
            "runner" => match (&*first, self.os) {
                ("os", Some(os)) => Value::literal(os),
                _ => Value::unknown(&joined("runner", rest)),
            },
            "job" if first == "status" => Value::literal("success"),
            _ => Value::unknown(&joined(&head, rest)),
        }
    }

    fn step_output(&self, id: &str, name: &str) -> Value {
        let known = self.steps.iter().rev().find(|step| step.0 == id).map(|step| &step.1);
        match known.and_then(|outputs| outputs.iter().find(|(k, _)| k == name)) {
            Some((_, value)) => value.clone(),
            None => Value::unknown(&format!("{}{id}.outputs.{name}", self.symbol)),
        }
    }

    fn job(&self, rest: &[SmolStr]) -> Value {
        let Some((id, rest)) = rest.split_first() else { return Value::unknown("needs") };
        let Some(job) = self.done.iter().find(|d| d.id.eq_ignore_ascii_case(id)) else {
            return Value::unknown(&joined(&format!("needs.{id}"), rest));
        };
        match rest {
            [what] if what.eq_ignore_ascii_case("result") => Value::Choice(vec![
                (job.cond.clone(), Value::literal("success")),
                (job.cond.clone().negate(), Value::literal("skipped")),
            ])
            .simplified(),
            // `toJSON(needs.build.outputs)` hands on all of them.
            [what] if what.eq_ignore_ascii_case("outputs") && !job.outputs.is_empty() => {
                Value::Map(job.outputs.clone())
            }
            [what, name] if what.eq_ignore_ascii_case("outputs") => {
                match job.outputs.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)) {
                    Some((_, value)) => value.clone(),
                    None => Value::unknown(&format!("jobs.{}.outputs.{name}", job.key)),
                }
            }
            _ => Value::unknown(&joined(&format!("jobs.{}", job.key), rest)),
        }
    }
}

fn joined(head: &str, rest: &[SmolStr]) -> String {
    let mut all = head.to_owned();
    for part in rest {
        all.push('.');
        all.push_str(part);
    }
    all
}

impl<'a> Run<'a> {
    pub(super) fn new(event: &'a Event, slug: Option<&'a str>) -> Self {
        Self {
            event,
            slug,
            started_here: false,
            started_by: None,
            jobs: Cell::new(0),
            steps: Cell::new(0),
            asked: RefCell::default(),
        }
    }

    /// The value of a context that the event decides.
    pub(super) fn answer(&self, context: Context, path: &[SmolStr], inputs: &Inputs) -> Value {
        match context {
            Context::Github => self.github(path),
            Context::Inputs => self.input(inputs, path),
        }
    }

    /// The same, noted down.
    fn asked(&self, context: Context, path: &[SmolStr], inputs: &Inputs) -> Value {
        let key = (context, path.to_vec());
        if let Some(known) = self.asked.borrow().get(&key) {
            return known.clone();
        }
        let answer = self.answer(context, path, inputs);
        self.asked.borrow_mut().insert(key, answer.clone());
        answer
    }

    /// What was asked since this was taken last.
    pub(super) fn take_asked(&self) -> shared::Asked {
        self.asked.take()
    }

    fn input(&self, inputs: &Inputs, rest: &[SmolStr]) -> Value {
        let Some((name, rest)) = rest.split_first() else { return Value::unknown("inputs") };
        match inputs {
            Inputs::Bound(values) => {
                let value = values.iter().find(|(k, _)| k.eq_ignore_ascii_case(name));
                value.map_or(Value::Null, |(_, value)| value.below(rest))
            }
            Inputs::Dispatched => self.given(name),
            Inputs::None => Value::Null,
        }
    }

    /// An input that whoever starts the run by hand gives; the platform takes none that is not declared.
    fn given(&self, name: &str) -> Value {
        let declared = |inputs: &Vec<String>| inputs.iter().any(|input| input.eq_ignore_ascii_case(name));
        match self.event.inputs.as_ref().is_none_or(declared) {
            true => Value::unknown(&format!("inputs.{}", name.to_ascii_lowercase())),
            false => Value::Null,
        }
    }

    fn github(&self, rest: &[SmolStr]) -> Value {
        let names: Vec<String> = rest.iter().map(|s| s.to_ascii_lowercase()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let symbol = || joined("github", rest);
        let tag = matches!(self.event.kind, EventKind::TagPush | EventKind::Release);
        match names.as_slice() {
            ["ref_name", START] => match self.event.kind {
                EventKind::TagPush | EventKind::BranchPush => Value::literal(self.start_of_ref()),
                _ => Value::literal(""),
            },
            ["event_name"] => Value::literal(&self.event.name),
            ["ref"] => self.full_ref(),
            ["ref_type"] => match self.event.kind {
                _ if tag => Value::literal("tag"),
                EventKind::Dispatch | EventKind::RepositoryDispatch | EventKind::Other => {
                    Value::unknown("github.ref_type")
                }
                _ => Value::literal("branch"),
            },
            ["ref_name"] => match self.only_ref() {
                Some(name) => Value::literal(name),
                None => Value::unknown("github.ref_name"),
            },
            ["repository"] => match self.slug {
                Some(slug) => Value::literal(slug),
                None => Value::unknown("github.repository"),
            },
            ["repository_owner"] => match self.slug.and_then(|s| s.split('/').next()) {
                Some(owner) => Value::literal(owner),
                None => Value::unknown("github.repository_owner"),
            },
            ["event", "repository", "name"] => match self.slug.and_then(|s| s.split('/').nth(1)) {
                Some(name) => Value::literal(name),
                None => Value::unknown("github.event.repository.name"),
            },
            ["event", "repository", "full_name"] => self.github(&[SmolStr::new_static("repository")]),
            ["event", "repository", "fork"] => Value::Bool(false),
            ["event", "repository", "private"] => Value::unknown("github.event.repository.private"),
            ["workspace"] => Value::literal("."),
            ["server_url"] => Value::literal("https://github.com"),
            ["api_url"] => Value::literal("https://api.github.com"),
            ["head_ref" | "base_ref"] if self.event.kind != EventKind::PullRequestClosed => Value::literal(""),
            ["event", "pull_request", "merged"] if self.event.kind == EventKind::PullRequestClosed => Value::Bool(true),
            ["event", "pull_request", ..] if self.event.kind != EventKind::PullRequestClosed => Value::Null,
            // A comment on a proposed change starts what the change itself would: a preview.
            ["event", "issue", "pull_request", ..] if self.event.name == "issue_comment" => Value::Null,
            ["event", "action"] => match self.event.types.as_slice() {
                [one] => Value::literal(one),
                _ if self.event.kind == EventKind::Release => Value::unknown("github.event.action"),
                [] if !matches!(self.event.kind, EventKind::Other | EventKind::RepositoryDispatch) => Value::Null,
                _ => Value::unknown("github.event.action"),
            },
            ["event", "inputs", name, ..] => match self.event.kind {
                // The same value as `inputs.NAME`, so the same symbol.
                EventKind::Dispatch => self.given(name),
                _ => Value::Null,
            },
            ["event", "release", ..] if self.event.kind != EventKind::Release => Value::Null,
            ["event", "release", "tag_name"] => Value::unknown("github.ref_name"),
            ["event", "client_payload", ..] if self.event.kind != EventKind::RepositoryDispatch => Value::Null,
            ["event", "workflow_run", "conclusion"] if self.event.kind == EventKind::WorkflowRun => {
                Value::literal("success")
            }
            ["event", "workflow_run", "event"] if self.event.kind == EventKind::WorkflowRun => self.starter(),
            // Its artifacts are among those of the flow, as if there were one run.
            ["event", "workflow_run", "id"] if self.started_here => Value::unknown("github.run_id"),
            ["event", "workflow_run", ..] if self.event.kind != EventKind::WorkflowRun => Value::Null,
            ["event", "ref"] if matches!(self.event.kind, EventKind::TagPush | EventKind::BranchPush) => {
                self.full_ref()
            }
            ["event", "created"] if self.event.kind == EventKind::TagPush => Value::Bool(true),
            ["event", "deleted"] => Value::Bool(false),
            ["token"] => Value::unknown("github.token"),
            _ => Value::unknown(&symbol()),
        }
    }

    /// The event that started the run whose end starts this one.
    fn starter(&self) -> Value {
        match self.started_by.as_deref() {
            Some([one]) => Value::literal(one),
            Some(names @ [_, ..]) => {
                let is = |name: &String| Cond::atom(format!("{STARTER} == '{name}'"));
                Value::Choice(names.iter().map(|name| (is(name), Value::literal(name))).collect())
            }
            _ => Value::unknown(STARTER),
        }
    }

    /// What every pattern of the filter starts with.
    fn start_of_ref(&self) -> &str {
        let mut common: Option<&str> = None;
        for pattern in self.event.refs.iter().filter(|p| !p.starts_with('!')) {
            let literal = pattern.split(['*', '?', '[', '+', '\\']).next().unwrap_or_default();
            // `?` and `+` are about the character before them.
            let repeated = pattern.get(literal.len()..).is_some_and(|rest| rest.starts_with(['?', '+']));
            let cut = literal.char_indices().next_back().map_or(0, |(at, _)| at);
            let literal = if repeated { literal.get(..cut).unwrap_or_default() } else { literal };
            common = Some(match common {
                None => literal,
                Some(known) => {
                    let same = known.char_indices().zip(literal.chars()).find(|((_, a), b)| a != b);
                    let end = same.map_or(known.len().min(literal.len()), |((at, _), _)| at);
                    known.get(..end).unwrap_or_default()
                }
            });
        }
        common.unwrap_or_default()
    }

    /// The one ref that the filter lets through, when it is a plain name.
    fn only_ref(&self) -> Option<&str> {
        match (self.event.kind, self.event.refs.as_slice()) {
            (EventKind::TagPush | EventKind::BranchPush, [one]) if !one.contains(['*', '?', '[', '!', '+']) => {
                Some(one)
            }
            _ => None,
        }
    }

    fn full_ref(&self) -> Value {
        let branch = |name: &str| Value::String(Text::new(format!("refs/heads/{name}")));
        match self.event.kind {
            EventKind::TagPush | EventKind::Release => match self.only_ref() {
                Some(name) => Value::literal(&format!("refs/tags/{name}")),
                None => Value::String(Text::new("refs/tags/${{ github.ref_name }}")),
            },
            EventKind::BranchPush => match (self.only_ref(), self.event.refs.as_slice()) {
                (Some(name), _) => branch(name),
                // Several plain names: one of them.
                (None, names @ [_, _, ..]) if names.iter().all(|n| !n.contains(['*', '?', '[', '!', '+'])) => {
                    Value::Choice(names.iter().map(|n| (on_branch(n), branch(n))).collect())
                }
                _ => Value::String(Text::new("refs/heads/${{ github.ref_name }}")),
            },
            EventKind::Schedule | EventKind::WorkflowRun => {
                Value::String(Text::new("refs/heads/${{ github.event.repository.default_branch }}"))
            }
            EventKind::PullRequestClosed => Value::unknown("github.ref"),
            EventKind::Dispatch | EventKind::RepositoryDispatch | EventKind::Other => Value::unknown("github.ref"),
        }
    }
}

/// The condition that the pushed branch is this one, in the form in which comparing `github.ref_name` yields it.
fn on_branch(name: &str) -> Cond {
    equal(&Value::unknown("github.ref_name"), &Value::literal(name))
}
