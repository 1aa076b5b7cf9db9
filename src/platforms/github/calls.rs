//! Jobs that call a workflow: of this repository (followed) or of another one (known by catalogue, or not at all).

use std::sync::Arc;

use super::Lowering;
use super::expression::interpolate;
use super::scope::{Inputs, Scope};
use super::steps;
use super::traits;
use super::uses::{self, Uses};
use super::value::Value;
use super::workflow::{DEEPEST_CALL, Frame, lower};
use crate::model::{Hop, Job, Location, OutsideCall, RunnerChoice};
use crate::syntax::yaml::Node;

/// One leg of a calling job.
pub(super) struct Call<'a> {
    pub(super) node: Node<'a>,
    pub(super) called: Node<'a>,
    pub(super) scope: &'a Scope<'a>,
    pub(super) job: Job,
}

/// Adds the jobs of the called workflow, or the call itself when it leads outside. Returns the outputs.
pub(super) fn lower_call(
    lowering: &Lowering<'_>,
    frame: &Frame<'_>,
    call: Call<'_>,
    jobs: &mut Vec<Arc<Job>>,
) -> Vec<(String, Value)> {
    let Call { node, called, scope, mut job } = call;
    let location = frame.source.at(called.span());
    let value = called.as_str().unwrap_or_default();
    let parsed = uses::parse(value, frame.run.slug);
    let file = match &parsed {
        // In a called workflow of another repository both name a file of that repository.
        Some(Uses::Local(path) | Uses::Home(path)) => {
            let path = frame.source.beside(path);
            Some((format!("calls {path}"), path))
        }
        Some(Uses::Own(path)) => Some((format!("calls {path}"), path.clone())),
        Some(Uses::Remote(workflow, reference)) => lowering
            .given_workflow(workflow, reference)
            .map(|given| (format!("calls {value}, {}", given.commit), given.path)),
        _ => None,
    };
    if let Some((what, path)) = file {
        return called_file(lowering, frame, Call { node, called, scope, job }, Hop { what, location }, &path, jobs);
    }
    match parsed {
        Some(Uses::Remote(workflow, reference)) => {
            job.outside = Some(OutsideCall {
                workflow,
                reference: uses::reference(&reference, called.comment_after(), location.clone()),
                inputs: steps::inputs(frame.source, node.get("with"), scope),
                secrets: node.get("secrets").map(|n| frame.source.at(n.span())),
                handed: steps::inputs(frame.source, node.get("secrets"), scope),
            });
            job.runner = RunnerChoice::Unresolved {
                reason: "the called workflow chooses the runner".to_owned(),
                asked: Vec::new(),
                location,
            };
            traits::Names::of(frame.source, node, None).give(&mut job, scope);
            jobs.push(Arc::new(job));
        }
        _ => {
            unread(&mut job, &location, format!("`{value}` is no workflow reference"));
            jobs.push(Arc::new(job));
        }
    }
    Vec::new()
}

/// The jobs of a called workflow that can be read.
fn called_file(
    lowering: &Lowering<'_>,
    frame: &Frame<'_>,
    call: Call<'_>,
    hop: Hop,
    path: &str,
    jobs: &mut Vec<Arc<Job>>,
) -> Vec<(String, Value)> {
    let Call { node, scope, mut job, .. } = call;
    let location = hop.location.clone();
    lowering.called.borrow_mut().insert(path.to_owned());
    let cycle = frame.files.iter().any(|f| f == path) || *frame.source.path == *path;
    if cycle || frame.chain.len() >= DEEPEST_CALL {
        let why = if cycle { "calls itself" } else { "is nested deeper than the platform allows" };
        let why = format!("the workflow {path} {why}");
        lowering.problem(steps::problem_at(&location, why.clone()));
        unread(&mut job, &location, why);
        jobs.push(Arc::new(job));
        return Vec::new();
    }
    let source = match lowering.sources.load(path) {
        Ok(source) => source,
        Err(problem) => {
            unread(&mut job, &location, format!("the called workflow cannot be read: {}", problem.message));
            lowering.problem(problem);
            jobs.push(Arc::new(job));
            return Vec::new();
        }
    };
    let mut chain = frame.chain.clone();
    chain.push(hop);
    let mut files = frame.files.clone();
    files.push(frame.source.path.to_string());
    let inner = Frame {
        source: &source,
        run: frame.run,
        inputs: Inputs::Bound(bound(source.root(), node, scope)),
        prefix: format!("{}/", job.key),
        token: Some(job.token.clone()),
        cond: job.cond.clone(),
        needs: job.needs.clone(),
        chain,
        files,
        cache: job.cache.clone(),
        leg: job.leg.clone(),
        earlier: None,
    };
    let lowered = lower(lowering, &inner);
    jobs.extend(lowered.jobs);
    lowered.outputs
}

/// A job whose steps stay unknown.
fn unread(job: &mut Job, location: &Location, why: String) {
    job.runner = RunnerChoice::Unresolved { reason: why.clone(), asked: Vec::new(), location: location.clone() };
    job.steps.push(Arc::new(steps::opaque(location.clone(), why)));
}

/// The inputs that a caller binds, with the callee's defaults for the rest.
fn bound(callee: Option<Node<'_>>, caller: Node<'_>, scope: &Scope<'_>) -> Vec<(String, Value)> {
    let declared = callee
        .and_then(|root| root.get("on").or_else(|| root.get("true")))
        .and_then(|on| on.get("workflow_call")?.get("inputs"));
    let mut values: Vec<(String, Value)> = Vec::new();
    if let Some(with) = caller.get("with") {
        for (name, value) in with.entries() {
            if let Some(name) = name.as_str() {
                values.push((name.to_owned(), scalar(value, scope)));
            }
        }
    }
    if let Some(declared) = declared {
        for (name, input) in declared.entries() {
            let Some(name) = name.as_str() else { continue };
            if values.iter().any(|(k, _)| k.eq_ignore_ascii_case(name)) {
                continue;
            }
            let value = match (input.get("default"), input.get("type").and_then(|t| t.as_str())) {
                (Some(default), _) => scalar(default, scope),
                (None, Some("boolean")) => Value::Bool(false),
                (None, Some("number")) => Value::Number(0.0),
                _ => Value::literal(""),
            };
            values.push((name.to_owned(), value));
        }
    }
    values
}

fn scalar(node: Node<'_>, scope: &Scope<'_>) -> Value {
    if let Some(b) = node.as_bool() {
        return Value::Bool(b);
    }
    interpolate(node.as_str().unwrap_or_default(), scope)
}
