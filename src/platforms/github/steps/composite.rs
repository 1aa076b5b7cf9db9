//! Actions whose files can be read: of the checkout, and of repositories that are given. Composite ones are seen through.

use std::rc::Rc;
use std::sync::Arc;

use super::{Around, Left, Place, list, malformed_step, problem_at};
use crate::model::{Hop, Span, Step, StepBody};
use crate::platforms::github::expression::interpolate;
use crate::platforms::github::references::Given;
use crate::platforms::github::scope::{Inputs, Scope};
use crate::platforms::github::source::Source;
use crate::platforms::github::{Lowering, code};
use crate::syntax::yaml::Node;

/// Composite actions may nest this deep; the platform's own limit is 10.
const DEEPEST_ACTION: usize = 10;

/// A step that uses an action whose files can be read.
pub(super) struct Inner<'a> {
    pub(super) node: Node<'a>,
    pub(super) new: Step,
    pub(super) id: &'a str,
    /// Its name, for people.
    pub(super) shown: String,
    /// What is known of its commit, when it is another repository's.
    pub(super) commit: Option<String>,
    /// Its folder.
    pub(super) path: String,
}

/// The file that defines the action in a folder.
pub(in crate::platforms::github) fn definition(lowering: &Lowering<'_>, folder: &str) -> Option<String> {
    let checkout = lowering.sources.checkout();
    let folder = folder.trim_end_matches('/');
    let join = |file: &str| if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
    [join("action.yml"), join("action.yaml")].into_iter().find(|f| checkout.is_there(f))
}

/// What an action is made of.
pub(super) enum Kind {
    /// A list of steps.
    Steps,
    /// A program, of which only publications with literal words are seen.
    Program,
}

/// An action of another repository in a checkout that was given.
pub(super) fn given(lowering: &Lowering<'_>, action: &str, reference: &str) -> Option<(Given, Kind)> {
    let given = lowering.given_action(action, reference)?;
    let file = definition(lowering, &given.path)?;
    // One that cannot be read is a problem to report.
    let Ok(source) = lowering.sources.load(&file) else { return Some((given, Kind::Steps)) };
    let using = || source.root()?.get("runs")?.get("using")?.as_str();
    let steps = malformed(&source).is_some() || using() == Some("composite");
    Some((given, if steps { Kind::Steps } else { Kind::Program }))
}

/// Why the platform would not run an action, and where.
fn malformed(source: &Source) -> Option<(Span, &'static str)> {
    let Some(root) = source.root().filter(|root| root.is_mapping()) else {
        return Some((source.root().map_or_else(Span::default, |root| root.span()), "an action is a mapping"));
    };
    let Some(runs) = root.get("runs").filter(|runs| runs.is_mapping()) else {
        return Some((root.get("runs").unwrap_or(root).span(), "an action has a mapping `runs:`"));
    };
    let Some(using) = runs.get("using").and_then(|using| using.as_str()) else {
        return Some((runs.span(), "`runs:` of an action says what it is `using:`"));
    };
    if using != "composite" {
        return None;
    }
    let Some(steps) = runs.get("steps").filter(|steps| steps.is_sequence()) else {
        return Some((runs.span(), "`steps:` is a list of steps"));
    };
    steps.items().find_map(malformed_step)
}

pub(super) fn local_action(
    lowering: &Lowering<'_>,
    place: &Place<'_>,
    inner: Inner<'_>,
    scope: &mut Scope<'_>,
    steps: &mut Vec<Arc<Step>>,
) -> Left {
    let Inner { node, mut new, id, shown, commit, path } = inner;
    let file = definition(lowering, &path);
    let what = match commit {
        Some(commit) => format!("uses {shown}, {commit}"),
        None => format!("uses {shown}"),
    };
    let hop = Hop { what, location: new.location.clone() };
    let refuse = |mut new: Step, what: String, unseen: bool, steps: &mut Vec<Arc<Step>>| {
        new.body = StepBody::Opaque { what, unseen };
        steps.push(Arc::new(new));
        Left::default()
    };
    let Some(file) = file else {
        let image = format!("{path}/Dockerfile");
        let unseen = !lowering.sources.checkout().exists(image.trim_start_matches('/'));
        let what = if unseen {
            format!("the action {shown} is not in this checkout")
        } else {
            format!("the Docker action {shown} runs code of the checkout")
        };
        return refuse(new, what, unseen, steps);
    };
    if place.around.chain.contains(&hop) || place.around.chain.len() >= DEEPEST_ACTION {
        let what = format!("the action {shown} is in itself, or in more than {DEEPEST_ACTION} others");
        lowering.problem(problem_at(&new.location, what.clone()));
        return refuse(new, what, true, steps);
    }
    let source = match lowering.sources.load(&file) {
        Ok(source) => source,
        Err(problem) => {
            let what = format!("{file} cannot be read: {}", problem.message);
            lowering.problem(problem);
            return refuse(new, what, true, steps);
        }
    };
    if let Some((span, wrong)) = malformed(&source) {
        lowering.problem(problem_at(&source.at(span), format!("{wrong}; GitHub refuses this action")));
        return refuse(new, format!("{file} cannot be read: {wrong}"), true, steps);
    }
    let Some(root) = source.root() else { return Left::default() };
    let runs = root.get("runs");
    let using = runs.and_then(|r| r.get("using")).and_then(|n| n.as_str()).unwrap_or_default();
    if using != "composite" {
        let published = code::of_action(lowering, &path, hop.clone(), node, scope, &new);
        let unseen = code::is_unseen(lowering, &path, runs);
        new.chain.push(hop);
        let what = match unseen {
            true => format!("the action {shown} runs a program that is not in this checkout ({using})"),
            false => format!("the action {shown} runs code of the checkout ({using})"),
        };
        let left = refuse(new, what, unseen, steps);
        steps.extend(published.map(Arc::new));
        return left;
    }
    let values = Inputs::Bound(code::bound(root, node, scope));
    let mut chain = place.around.chain.clone();
    chain.push(hop);
    let symbol = format!("{}{id}/", scope.symbol);
    let mut within = Scope { symbol, asked: Rc::default(), ..scope.of_action(&values, &path) };
    let around = Around {
        chain,
        cond: new.cond.clone(),
        may_fail: new.may_fail,
        prefix: format!("{}{id}/", place.around.prefix),
        symbol: within.symbol.clone(),
        action: within.action.clone(),
    };
    let inside = Place { source: &source, defaults: Vec::new(), around: Rc::new(around) };
    let outer = within.env.len();
    list(lowering, &inside, runs.and_then(|r| r.get("steps")), &mut within, steps);
    let exports = within.env.iter().skip(outer).cloned().collect();
    let written = |(key, output): (Node<'_>, Node<'_>)| {
        let value = output.get("value").and_then(|v| v.as_str()).unwrap_or_default();
        Some((key.as_str()?.to_owned(), interpolate(value, &within).written()))
    };
    let outputs = root.get("outputs").map(|outputs| outputs.entries().filter_map(written).collect());
    Left { outputs: outputs.unwrap_or_default(), exports }
}
