//! A workflow under one event: its jobs, called workflows included, as the model's jobs.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use smol_str::SmolStr;

use super::Lowering;
use super::calls;
use super::env::Env;
use super::expression::{condition, expressions, interpolate, names_status};
use super::matrix;
use super::permissions;
use super::runs_on;
use super::scope::{Done, Inputs, Run, Scope};
use super::shared::Earlier;
use super::source::Source;
use super::steps;
use super::traits;
use super::value::Value;
use super::withheld;
use crate::model::{
    CacheMode, Cond, Definition, EventKind, Hop, Job, Location, Problem, RunnerChoice, Text, TokenScope,
};
use crate::syntax::yaml::Node;

/// Called workflows may nest this deep; the platform's own limit is 10.
pub(super) const DEEPEST_CALL: usize = 10;

/// Jobs of one run that are read, legs and called workflows included: calls within calls multiply.
pub(super) const MOST_JOBS: usize = 5_000;
/// Steps of all jobs of a run.
const MOST_STEPS: usize = 100_000;

/// A workflow as it runs: at the top, or called by a job.
pub(super) struct Frame<'a> {
    pub(super) source: &'a Source,
    pub(super) run: &'a Run<'a>,
    pub(super) inputs: Inputs,
    /// Key of the calling job with a `/` behind it, or empty.
    pub(super) prefix: String,
    /// Token of the calling job.
    pub(super) token: Option<TokenScope>,
    /// Condition of the calling job.
    pub(super) cond: Cond,
    /// Keys of the jobs that the calling job needs.
    pub(super) needs: Vec<String>,
    /// Calls on the way here.
    pub(super) chain: Vec<Hop>,
    /// The files of the workflows on the way here.
    pub(super) files: Vec<String>,
    /// Whether the calling job's cache is barred.
    pub(super) cache: CacheMode,
    /// The leg of the calling job.
    pub(super) leg: String,
    /// The jobs of this file under the events so far, for a workflow that the event starts itself.
    pub(super) earlier: Option<&'a Earlier>,
}

impl<'a> Frame<'a> {
    /// That of a workflow which an event starts.
    pub(super) fn started(source: &'a Source, run: &'a Run<'a>, kind: EventKind) -> Self {
        Self {
            source,
            run,
            inputs: if kind == EventKind::Dispatch { Inputs::Dispatched } else { Inputs::None },
            prefix: String::new(),
            token: None,
            cond: Cond::TRUE,
            needs: Vec::new(),
            chain: Vec::new(),
            files: Vec::new(),
            cache: CacheMode::Default,
            leg: String::new(),
            earlier: None,
        }
    }
}

/// The jobs of a workflow and the values that it hands to its caller.
#[derive(Default)]
pub(super) struct Lowered {
    pub(super) jobs: Vec<Arc<Job>>,
    pub(super) outputs: Vec<(String, Value)>,
}

/// Lowers the workflow of `frame`.
pub(super) fn lower(lowering: &Lowering<'_>, frame: &Frame<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let Some(root) = frame.source.root() else { return lowered };
    let Some(jobs) = root.get("jobs") else { return lowered };
    let workflow = WorkflowContext::of(root, frame);
    let entries: Vec<(String, Node<'_>, Node<'_>)> =
        jobs.entries().filter_map(|(k, v)| Some((k.as_str()?.to_owned(), k, v))).collect();
    let mut done: Vec<Rc<Done>> = Vec::new();
    for at in order(&entries) {
        let Some((id, key, node)) = entries.get(at) else { continue };
        let full = match () {
            () if frame.run.jobs.get() >= MOST_JOBS => Some(format!("{MOST_JOBS} jobs")),
            () if frame.run.steps.get() >= MOST_STEPS => Some(format!("{MOST_STEPS} steps")),
            () if lowering.sources.checkout().is_spent() => break,
            () => None,
        };
        if let Some(full) = full {
            lowering.problem(Problem {
                path: frame.source.path.to_string(),
                line: Some(key.span().start.line),
                column: Some(key.span().start.column),
                message: format!("a run has more than {full}; the rest was not read"),
            });
            break;
        }
        let lower = || {
            let mut jobs = Vec::new();
            let finished = lower_job(lowering, frame, &workflow, (id, *key, *node), &done, &mut jobs);
            (jobs, finished)
        };
        let (jobs, finished) = match frame.earlier {
            Some(earlier) => earlier
                .find(at, (frame.run, &frame.inputs), &workflow.env, &done)
                .unwrap_or_else(|| earlier.lower(at, frame.run, &workflow.env, &done, lower)),
            None => {
                let (jobs, finished) = lower();
                (jobs, Rc::new(finished))
            }
        };
        lowered.jobs.extend(jobs);
        done.push(finished);
    }
    if let Some(outputs) =
        root.get("on").or_else(|| root.get("true")).and_then(|on| on.get("workflow_call")?.get("outputs"))
    {
        let scope = workflow.scope(frame, &done);
        for (name, output) in outputs.entries() {
            if let (Some(name), Some(value)) = (name.as_str(), output.get("value").and_then(|v| v.as_str())) {
                lowered.outputs.push((name.to_owned(), interpolate(value, &scope)));
            }
        }
    }
    lowered
}

/// Jobs in an order in which each comes after those it needs. What a cycle leaves over keeps the file's order.
fn order(entries: &[(String, Node<'_>, Node<'_>)]) -> Vec<usize> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (at, (id, ..)) in entries.iter().enumerate() {
        places.entry(id).or_insert(at);
    }
    // What is no job holds nobody up.
    let needs = entries.iter().map(|(_, _, node)| names(node.get("needs")));
    let needs: Vec<Vec<usize>> =
        needs.map(|needs| needs.iter().filter_map(|need| places.get(need.as_str()).copied()).collect()).collect();
    let mut ordered: Vec<usize> = Vec::new();
    let mut placed = vec![false; entries.len()];
    loop {
        let before = ordered.len();
        for (at, needed) in needs.iter().enumerate() {
            let is_placed = |at: usize| placed.get(at).copied().unwrap_or(true);
            if !is_placed(at) && needed.iter().all(|at| is_placed(*at)) {
                if let Some(slot) = placed.get_mut(at) {
                    *slot = true;
                }
                ordered.push(at);
            }
        }
        if ordered.len() == before {
            break;
        }
    }
    ordered.extend((0..entries.len()).filter(|&at| !placed.get(at).copied().unwrap_or(true)));
    ordered
}

fn names(node: Option<Node<'_>>) -> Vec<String> {
    match node {
        Some(n) if n.is_sequence() => n.items().filter_map(|i| i.as_str().map(str::to_owned)).collect(),
        Some(n) => n.as_str().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    }
}

/// What the top of a workflow sets for all its jobs.
struct WorkflowContext<'a> {
    env: Env,
    env_node: Option<Node<'a>>,
    permissions: Option<TokenScope>,
    cache: CacheMode,
    defaults: Option<Node<'a>>,
}

impl<'a> WorkflowContext<'a> {
    fn of(root: Node<'a>, frame: &Frame<'_>) -> Self {
        let permissions = root.get("permissions").and_then(|n| permissions::declared(n, &frame.source.path));
        let permissions = permissions.map(permissions::inherited);
        let mut this = Self {
            env: Env::default(),
            env_node: root.get("env"),
            permissions,
            cache: cache_mode(root, &frame.source.path).unwrap_or_else(|| frame.cache.clone()),
            defaults: root.get("defaults").and_then(|d| d.get("run")),
        };
        let scope = this.scope(frame, &[]);
        let env = environment(root.get("env"), &scope);
        this.env = env.into();
        this
    }

    fn scope<'f>(&self, frame: &'f Frame<'_>, done: &'f [Rc<Done>]) -> Scope<'f> {
        Scope {
            run: frame.run,
            inputs: &frame.inputs,
            matrix: None,
            done,
            env: self.env.clone(),
            steps: Vec::new(),
            symbol: String::new(),
            os: None,
            failed: false,
            action: None,
            asked: Rc::default(),
        }
    }
}

/// The values of an `env:` mapping, each seeing those before it of outer levels.
pub(super) fn environment(node: Option<Node<'_>>, scope: &Scope<'_>) -> Vec<(String, Value)> {
    let Some(node) = node else { return Vec::new() };
    node.entries()
        .filter_map(|(k, v)| {
            Some((k.as_str()?.to_owned(), interpolate(v.as_str().unwrap_or_default(), scope).written()))
        })
        .collect()
}

fn cache_mode(node: Node<'_>, path: &Arc<str>) -> Option<CacheMode> {
    let mode = node.get("cache-mode")?;
    Some(match mode.as_str()? {
        "none" | "write-only" => CacheMode::NoRestore(Location::new(path, mode.span())),
        _ => CacheMode::Default,
    })
}

fn lower_job(
    lowering: &Lowering<'_>,
    frame: &Frame<'_>,
    workflow: &WorkflowContext<'_>,
    (id, key_node, node): (&str, Node<'_>, Node<'_>),
    done: &[Rc<Done>],
    jobs: &mut Vec<Arc<Job>>,
) -> Done {
    let key = format!("{}{id}", frame.prefix);
    let location = frame.source.at(key_node.span());
    let mut scope = workflow.scope(frame, done);
    let needs = names(node.get("needs"));
    let own = node.get("if").and_then(|n| n.as_str());
    // `if:` sees no matrix, so one condition serves all legs.
    let mut cond = frame.cond.clone();
    if let Some(source) = own {
        cond = cond.and(condition(source, &scope));
    }
    let ignores_needs = own
        .is_some_and(|source| names_status(source) || expressions(source).iter().any(|(_, inner)| names_status(inner)));
    if !ignores_needs {
        for needed in &needs {
            if let Some(job) = done.iter().find(|d| &d.id == needed) {
                cond = cond.and(job.cond.clone());
            }
        }
    }
    let mut finished = Done { id: id.to_owned(), key: key.clone(), cond: cond.clone(), outputs: Vec::new() };
    let mut need_keys: Vec<String> =
        needs.iter().filter_map(|n| done.iter().find(|d| &d.id == n)).map(|d| d.key.clone()).collect();
    need_keys.extend(frame.needs.iter().cloned());

    let text = frame.source.slice(node.span());
    let legs = matrix_legs(node, text, &scope, &|work| lowering.sources.checkout().spend(work));
    let count = legs.len();
    frame.run.jobs.set(frame.run.jobs.get() + count);
    let own_token = node
        .get("permissions")
        .and_then(|n| permissions::declared(n, &frame.source.path))
        .or_else(|| workflow.permissions.clone());
    let token = permissions::capped(own_token, frame.token.as_ref(), &location);
    let cache = cache_mode(node, &frame.source.path).unwrap_or_else(|| workflow.cache.clone());
    let may_fail = node
        .get("continue-on-error")
        .and_then(|n| n.as_str())
        .is_some_and(|s| !interpolate(s, &scope).truth().is_never());

    let mut names = None;
    for leg in legs {
        scope.matrix = leg.clone();
        scope.symbol = format!("jobs.{key}.steps.");
        scope.env = workflow.env.clone();
        // The container of a job has variables of its own, below all others.
        let contained = environment(node.get("container").and_then(|container| container.get("env")), &scope);
        if !contained.is_empty() {
            scope.env = Env::from([contained, workflow.env.to_vec()].concat());
        }
        let job_env = environment(node.get("env"), &scope);
        scope.env.extend(job_env);
        lowering.sources.checkout().spend(50 + 16 * scope.env.len());
        let title = leg_title(&frame.leg, leg.as_ref());
        let mut job = Job {
            key: key.clone(),
            leg: title,
            location: location.clone(),
            chain: frame.chain.clone(),
            needs: need_keys.clone(),
            cond: cond.clone(),
            condition_at: node.get("if").map(|n| frame.source.at(n.span())),
            condition: own.map(SmolStr::new),
            runner: RunnerChoice::Hosted { reason: String::new(), location: location.clone() },
            token: token.clone(),
            definition: match &frame.source.repository {
                Some(repository) => Definition::Outside(repository.clone()),
                None => Definition::Repository,
            },
            steps: Vec::new(),
            outputs: Vec::new(),
            outside: None,
            cache: cache.clone(),
            may_fail,
            secrets: Vec::new(),
            container_reach: Vec::new(),
            other_run: false,
            parameters: Vec::new(),
        };
        if let Some(called) = node.get("uses") {
            let outputs = calls::lower_call(lowering, frame, calls::Call { node, called, scope: &scope, job }, jobs);
            merge(&mut finished.outputs, outputs);
            continue;
        }
        job.runner = runs_on::choice(node.get("runs-on"), &location, &frame.source.path, &scope);
        scope.os = operating_system(&job.runner);
        let defaults = [node.get("defaults").and_then(|d| d.get("run")), workflow.defaults];
        lowering.kept.of_job(count);
        steps::lower(lowering, frame.source, node.get("steps"), &mut scope, &defaults, &mut job);
        names.get_or_insert_with(|| traits::Names::of(frame.source, node, workflow.env_node)).give(&mut job, &scope);
        frame.run.steps.set(frame.run.steps.get() + job.steps.len());
        let outputs: Vec<(String, Value)> = environment(node.get("outputs"), &scope);
        job.outputs = outputs.iter().map(|(k, v)| (k.clone(), v.text())).collect();
        merge(&mut finished.outputs, withheld::handed_on(&job, outputs));
        jobs.push(Arc::new(job));
    }
    finished
}

/// Outputs of several legs: where they differ, one of them.
fn merge(all: &mut Vec<(String, Value)>, more: Vec<(String, Value)>) {
    for (name, value) in more {
        match all.iter_mut().find(|(k, _)| *k == name) {
            Some((_, known)) if *known != value => {
                let either = Cond::atom(format!("last leg writes {name}"));
                let options = vec![(either.clone().negate(), known.clone()), (either, value)];
                *known = Value::Choice(options).simplified();
            }
            Some(_) => {}
            None => all.push((name, value)),
        }
    }
}

/// The legs that differ in a key that the job's text names; `None` for a job without a matrix or with an unresolved
/// one.
fn matrix_legs(node: Node<'_>, text: &str, scope: &Scope<'_>, spend: &dyn Fn(usize)) -> Vec<Option<Value>> {
    let Some(matrix_node) = node.get("strategy").and_then(|s| s.get("matrix")) else { return vec![None] };
    let legs = matrix::legs(&traits::value_of(matrix_node, scope), spend);
    if legs.is_empty() {
        return vec![None];
    }
    let text = text.to_ascii_lowercase();
    let mut named: HashMap<String, bool> = HashMap::new();
    let mut kept: Vec<Option<Value>> = Vec::new();
    for leg in legs {
        let leg = match leg {
            Value::Map(mut used) => {
                used.retain(|(key, _)| match named.get(key) {
                    Some(named) => *named,
                    None => {
                        *named.entry(key.clone()).or_insert_with(|| names_matrix_key(&text, &key.to_ascii_lowercase()))
                    }
                });
                Some(Value::Map(used))
            }
            _ => None,
        };
        if !kept.contains(&leg) {
            kept.push(leg);
        }
    }
    kept
}

/// Whether a text reads this matrix key, or the matrix as a whole; both are in lower case.
fn names_matrix_key(text: &str, key: &str) -> bool {
    text.match_indices("matrix").any(|(at, _)| {
        let rest = text.get(at + "matrix".len()..).unwrap_or_default().trim_start();
        match rest.strip_prefix('.') {
            Some(name) => {
                let name = name.trim_start();
                name.strip_prefix(key)
                    .is_some_and(|r| !r.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-'))
                    || name.starts_with('*')
            }
            // `toJSON(matrix)`, `matrix['key']`; not the `matrix:` that defines it.
            None => rest.starts_with([')', ',', '[', ' ']),
        }
    })
}

fn leg_title(outer: &str, leg: Option<&Value>) -> String {
    let mut parts: Vec<String> = if outer.is_empty() { Vec::new() } else { vec![outer.to_owned()] };
    if let Some(Value::Map(entries)) = leg {
        parts.extend(entries.iter().filter_map(|(_, v)| match v {
            Value::List(_) | Value::Map(_) | Value::Null => None,
            scalar => Some(scalar.text().to_string()),
        }));
    }
    parts.join(", ")
}

/// The operating system that all labels agree on.
fn operating_system(runner: &RunnerChoice) -> Option<&'static str> {
    let RunnerChoice::Labels { sets, .. } = runner else { return None };
    let mut found = None;
    for label in sets.iter().flat_map(|s| &s.labels).filter_map(Text::literal) {
        let label = label.to_ascii_lowercase();
        let os = if label.contains("windows") {
            "Windows"
        } else if label.contains("macos") {
            "macOS"
        } else if label.contains("ubuntu") || label.contains("linux") {
            "Linux"
        } else {
            continue;
        };
        if found.is_some_and(|f| f != os) {
            return None;
        }
        found = Some(os);
    }
    found
}
