//! GitHub Actions: `.github/workflows` becomes pipelines.

mod calls;
mod code;
mod env;
mod events;
mod expression;
mod kept;
mod matrix;
mod outline;
mod permissions;
mod references;
mod review;
mod runs_on;
mod scope;
mod shared;
mod source;
mod starting;
mod steps;
mod traits;
mod uses;
mod value;
mod withheld;
mod workflow;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};

use crate::checkout::Checkout;
use crate::commands::Scripts;
use crate::model::{EventKind, Flow, Note, Outline, Pipeline, Platform, Problem, Review, Severity, Span};
use crate::syntax::yaml::Node;
use kept::Kept;
use scope::Run;
use shared::Earlier;
use source::{Source, Sources};
use workflow::Frame;

/// The pipelines of a checkout, and what was noticed on the way.
#[derive(Debug, Default)]
pub struct Lowered {
    /// One for each workflow that something other than a pull request starts.
    pub pipelines: Vec<Pipeline>,
    /// Observations.
    pub notes: Vec<Note>,
    /// Workflow files that the platform could not run or that could not be read.
    pub problems: Vec<Problem>,
    /// Repositories beside the checkout whose files were read.
    pub used: BTreeSet<String>,
    /// Every workflow, and every composite action of the checkout that workflows use, as written.
    pub outlines: Vec<Outline>,
    /// What files say about reviews of workflows.
    pub review: Review,
}

/// State shared while one checkout is lowered.
struct Lowering<'c> {
    sources: Sources<'c>,
    scripts: Scripts<'c>,
    problems: RefCell<BTreeSet<Problem>>,
    /// Local workflows that some job calls.
    called: RefCell<BTreeSet<String>>,
    /// Repositories beside the checkout whose files were read.
    used: RefCell<BTreeSet<String>>,
    /// Programs of actions, and whether they restore a cache: many steps use one action.
    restoring: RefCell<HashMap<String, bool>>,
    /// The steps of the workflow at hand.
    kept: Kept,
    /// The workflows by their names, where one waits for another.
    named: OnceCell<starting::Named>,
}

impl Lowering<'_> {
    fn problem(&self, problem: Problem) {
        self.problems.borrow_mut().insert(problem);
    }
}

/// Whether the path is a workflow file.
pub fn is_workflow(path: &str) -> bool {
    let Some(name) = path.strip_prefix(".github/workflows/") else { return false };
    !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml"))
}

/// Lowers every workflow of the checkout.
pub fn lower(checkout: &Checkout) -> Lowered {
    let lowering = Lowering {
        sources: Sources::new(checkout),
        scripts: Scripts::new(checkout),
        problems: RefCell::default(),
        called: RefCell::default(),
        used: RefCell::default(),
        restoring: RefCell::default(),
        kept: Kept::default(),
        named: OnceCell::new(),
    };
    let mut lowered = Lowered::default();
    let mut callable: Vec<(String, crate::model::Location)> = Vec::new();
    for path in checkout.under(".github/workflows").filter(|p| is_workflow(p)) {
        match lowering.sources.load(path) {
            Ok(source) => pipeline(&lowering, &source, &mut lowered, &mut callable),
            Err(problem) => lowering.problem(problem),
        }
        if checkout.is_spent() {
            let most = checkout.most_work();
            let message = format!("reading the pipelines takes more than {most} steps of work; the rest was not read");
            lowering.problem(Problem { path: path.to_string(), line: None, column: None, message });
            callable.clear();
            break;
        }
    }
    let called = lowering.called.borrow();
    for (path, location) in callable {
        if !called.contains(&path) {
            let message = format!("{path} can only be called and nothing here calls it: it releases nothing by itself");
            lowered.notes.push(Note {
                rule: "uncalled-workflow".to_owned(),
                severity: Severity::Info,
                message,
                location: Some(location),
            });
        }
    }
    drop(called);
    lowered.problems.extend(lowering.problems.take());
    lowered.used = lowering.used.take();
    lowered.outlines = outlines(&lowering);
    lowered.review = review::review(checkout);
    lowered
}

/// The outlines of all workflows and of the composite actions that were read for them, or that lie where a repository
/// keeps its actions.
fn outlines(lowering: &Lowering<'_>) -> Vec<Outline> {
    let checkout = lowering.sources.checkout();
    let is_action = |path: &str| path.ends_with("/action.yml") || path.ends_with("/action.yaml");
    let mut paths: BTreeSet<String> =
        ["action.yml", "action.yaml"].iter().filter(|p| checkout.exists(p)).map(|p| (*p).to_owned()).collect();
    paths.extend(checkout.under(".github").filter(|p| is_action(p) || is_workflow(p)).map(|p| p.to_string()));
    paths.extend(lowering.sources.paths().into_iter().filter(|p| is_action(p)));
    let read = |path: &String| {
        // What cannot be read has been reported where a workflow needs it, and other repositories have reports of their own.
        let source = lowering.sources.glance(path).filter(|source| source.repository.is_none())?;
        let slug = checkout.slug();
        if is_workflow(path) { outline::workflow(&source, slug) } else { outline::action(&source, slug) }
    };
    paths.iter().filter_map(read).collect()
}

fn pipeline(
    lowering: &Lowering<'_>,
    source: &Source,
    lowered: &mut Lowered,
    callable: &mut Vec<(String, crate::model::Location)>,
) {
    if !well_formed(source, lowered) {
        return;
    }
    let Some(root) = source.root() else { return };
    // YAML 1.1 readers turn the key `on` into a boolean; this one does not, but files may quote or spell it so.
    let Some(on) = root.get("on").or_else(|| root.get("true")) else { return };
    let triggers = events::triggers(on);
    if triggers.callable && triggers.events.is_empty() {
        callable.push((source.path.to_string(), source.at(on.span())));
    }
    let mut flows = Vec::new();
    let earlier = Earlier::default();
    lowering.kept.start(triggers.events.len());
    for event in triggers.events {
        let starting = match event.kind {
            EventKind::WorkflowRun => starting::runs(lowering, source, on),
            _ => Vec::new(),
        };
        let mut run = Run::new(&event, lowering.sources.checkout().slug());
        run.started_here = !starting.is_empty();
        run.started_by = Some(event.kind)
            .filter(|kind| *kind == EventKind::WorkflowRun && source.repository.is_none())
            .and_then(|_| starting::started_by(lowering, on));
        // Only proposed changes lead here.
        if run.started_by.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let frame = Frame { earlier: Some(&earlier), ..Frame::started(source, &run, event.kind) };
        let jobs = workflow::lower(lowering, &frame).jobs;
        flows.extend(starting.into_iter().map(|before| Flow::new(event.clone(), starting::behind(before, &jobs))));
        if !run.started_here {
            flows.push(Flow::new(event, jobs));
        }
    }
    lowered.pipelines.push(Pipeline {
        path: source.path.clone(),
        platform: Platform::GithubActions,
        flows,
        notes: Vec::new(),
    });
}

/// Whether the platform would run the file. What it refuses is a problem where the file could release something.
fn well_formed(source: &Source, lowered: &mut Lowered) -> bool {
    let Some(document) = source.document() else { return false };
    for (key, span) in document.duplicate_keys() {
        lowered.problems.push(Problem {
            path: source.path.to_string(),
            line: Some(span.start.line),
            column: Some(span.start.column),
            message: format!("the key `{key}` stands twice in one mapping; GitHub refuses this file"),
        });
    }
    if !document.duplicate_keys().is_empty() {
        return false;
    }
    for span in document.merge_keys() {
        lowered.notes.push(Note::info(
            "merge-key",
            &source.at(*span),
            "merge keys are read with their YAML meaning; GitHub refuses workflows that use them",
        ));
    }
    let Some(root) = source.root() else { return false };
    let wrong = if !root.is_mapping() {
        Some((root.span(), "a workflow is a mapping"))
    } else {
        match (root.get("on").or_else(|| root.get("true")), root.get("jobs")) {
            (None, _) => Some((root.span(), "the workflow has no `on:`")),
            (_, None) => Some((root.span(), "the workflow has no `jobs:`")),
            (_, Some(jobs)) if !jobs.is_mapping() => Some((jobs.span(), "`jobs:` is a mapping of jobs")),
            (_, Some(jobs)) => jobs.entries().find_map(|(_, job)| {
                if !job.is_mapping() {
                    return Some((job.span(), "a job is a mapping"));
                }
                match job.get("steps") {
                    Some(steps) if !steps.is_sequence() && !steps.is_null() => {
                        Some((steps.span(), "`steps:` is a list of steps"))
                    }
                    Some(steps) => steps.items().find_map(steps::malformed_step),
                    None => None,
                }
            }),
        }
    };
    let open = || open_expression(root, &source.text).map(|span| (span, "an expression has no end"));
    let Some((span, message)) = wrong.or_else(open) else { return true };
    let problem = Problem {
        path: source.path.to_string(),
        line: Some(span.start.line),
        column: Some(span.start.column),
        message: format!("{message}; GitHub refuses this file"),
    };
    if names_publishing(&source.text) {
        lowered.problems.push(problem);
    } else {
        lowered.notes.push(Note::info("malformed-workflow", &source.at(span), problem.message));
    }
    // A malformed job does not hide its well-formed siblings.
    root.is_mapping() && root.get("jobs").is_some_and(|j| j.is_mapping())
}

/// Scalars looked at for an expression without an end.
const MOST_SCALARS: usize = 100_000;

/// The scalar in which an expression begins and does not end.
fn open_expression(root: Node<'_>, text: &str) -> Option<Span> {
    fn within(node: Node<'_>, left: &mut usize) -> Option<Span> {
        *left = left.checked_sub(1)?;
        if let Some(text) = node.as_str() {
            let last = text.rfind("${{").and_then(|at| text.get(at..));
            return last.filter(|rest| !rest.contains("}}")).map(|_| node.span());
        }
        let value = node.entries().find_map(|(_, value)| within(value, left));
        value.or_else(|| node.items().find_map(|item| within(item, left)))
    }
    // Nearly every file ends what it begins.
    let closed = |part: &str| part.contains("}}");
    if text.split("${{").skip(1).all(closed) {
        return None;
    }
    within(root, &mut MOST_SCALARS.clone())
}

/// Whether the text of a refused file looks like publishing something.
fn names_publishing(text: &str) -> bool {
    ["publish", "push", "upload", "release", "deploy"].iter().any(|word| text.contains(word))
}
