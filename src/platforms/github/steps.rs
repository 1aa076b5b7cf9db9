//! Steps of a job: scripts read, local composite actions seen through, their inputs bound.

use std::rc::Rc;
use std::sync::Arc;

use smol_str::{SmolStr, format_smolstr};

use super::{Lowering, code};

use super::expression::{Lookup, condition as condition_of, evaluate, expressions, interpolate, names_status};
use super::references::Given;
use super::scope::{Inputs, Scope};
use super::source::Source;
use super::uses::{self, Uses};
use super::value::Value;
use super::workflow::environment;
use crate::catalogue::{Run, RunOption, Split};
use crate::commands::matching::runs_of;
use crate::commands::{Choices, IDENTITY};
use crate::model::{
    ActionUse, Cond, Hop, Input, Job, Location, OutputWrite, Problem, Reference, Script, Span, Step, StepBody, Text,
    VersionSource, lowered,
};
use crate::syntax::yaml::Node;

/// Composite actions may nest this deep; the platform's own limit is 10.
const DEEPEST_ACTION: usize = 10;
/// Steps of one job, composite actions included.
const MOST_STEPS: usize = 2_000;

/// Whether an `if:` asks for the state of the job.
fn names_status_anywhere(text: &str) -> bool {
    names_status(text) || expressions(text).iter().any(|(_, inner)| names_status(inner))
}

/// A list of steps.
pub(super) struct Place<'a> {
    pub(super) source: &'a Source,
    /// `defaults.run` mappings, the innermost first.
    defaults: Vec<Node<'a>>,
    pub(super) around: Rc<Around>,
}

/// What surrounds a list of steps.
#[derive(PartialEq)]
pub(super) struct Around {
    chain: Vec<Hop>,
    cond: Cond,
    may_fail: bool,
    /// Prefix of step identifiers: empty in the job itself.
    prefix: String,
    /// Prefix of the symbols of their outputs.
    symbol: String,
    /// The folder of the action that they make up.
    action: Option<String>,
}

/// Lowers the steps of a job into `job`.
pub(super) fn lower(
    lowering: &Lowering<'_>,
    source: &Source,
    steps: Option<Node<'_>>,
    scope: &mut Scope<'_>,
    defaults: &[Option<Node<'_>>],
    job: &mut Job,
) {
    lowering.scripts.fresh_machine(&home(steps, scope));
    let around = Around {
        chain: job.chain.clone(),
        cond: Cond::TRUE,
        may_fail: false,
        prefix: String::new(),
        symbol: scope.symbol.clone(),
        action: None,
    };
    let place = Place { source, defaults: defaults.iter().flatten().copied().collect(), around: Rc::new(around) };
    list(lowering, &place, steps, scope, &mut job.steps);
}

/// The one folder of the workspace into which the steps check the repository out, where every run has the same.
fn home(steps: Option<Node<'_>>, scope: &Scope<'_>) -> Text {
    let mut found: Option<&str> = None;
    for step in steps.into_iter().flat_map(|steps| steps.items()) {
        let uses = step.get("uses").and_then(|n| n.as_str()).unwrap_or_default();
        let input = |name: &str| step.get("with").and_then(|w| w.get(name)).and_then(|n| n.as_str());
        if !uses.starts_with("actions/checkout@") || input("repository").is_some() {
            continue;
        }
        let path = input("path").unwrap_or_default();
        let varies = path.replace("${{ github.repository }}", "").contains("${{");
        if varies || found.is_some_and(|known| known != path) {
            return Text::default();
        }
        found = Some(path);
    }
    found.map(|path| interpolate(path, scope).text()).unwrap_or_default()
}

fn list(
    lowering: &Lowering<'_>,
    place: &Place<'_>,
    nodes: Option<Node<'_>>,
    scope: &mut Scope<'_>,
    steps: &mut Vec<Arc<Step>>,
) {
    let Some(nodes) = nodes else { return };
    for (at, node) in nodes.items().enumerate() {
        let full = steps.len() >= MOST_STEPS;
        if full || lowering.sources.checkout().is_spent() {
            let location = place.source.at(node.span());
            let why = format!("the job has more than {MOST_STEPS} steps; the rest was not read");
            if full {
                lowering.problem(problem_at(&location, why.clone()));
            }
            steps.push(Arc::new(opaque(location, why)));
            return;
        }
        match node.get("parallel") {
            // A group whose members run side by side.
            Some(group) if group.is_sequence() => list(lowering, place, Some(group), scope, steps),
            // What the job has built is part of what a script comes to.
            _ if lowering.scripts.left_something() || !lowering.kept.pays() => {
                step(lowering, place, at, node, scope, steps);
            }
            _ => lowering.kept.step(place, node.start(), scope, steps, |scope, steps| {
                step(lowering, place, at, node, scope, steps) && !lowering.scripts.left_something()
            }),
        }
    }
}

/// What stands at a place and is not read.
pub(super) fn problem_at(location: &Location, message: String) -> Problem {
    Problem { path: location.path.to_string(), line: Some(location.line), column: Some(location.column), message }
}

/// A step that runs something which cannot be read.
pub(super) fn opaque(location: Location, what: String) -> Step {
    Step {
        id: None,
        label: what.clone(),
        body: StepBody::Opaque { what },
        env: Arc::default(),
        cond: Cond::TRUE,
        condition_at: None,
        on_failure: false,
        may_fail: false,
        location,
        chain: Vec::new(),
        interpolates: Vec::new(),
    }
}

/// The parts of a step.
#[derive(Default, Clone, Copy)]
struct Parts<'n> {
    id: Option<Node<'n>>,
    name: Option<Node<'n>>,
    condition: Option<Node<'n>>,
    uses: Option<Node<'n>>,
    run: Option<Node<'n>>,
    with: Option<Node<'n>>,
    env: Option<Node<'n>>,
    shell: Option<Node<'n>>,
    folder: Option<Node<'n>>,
    may_fail: Option<Node<'n>>,
}

impl<'n> Parts<'n> {
    fn of(step: Node<'n>) -> Self {
        let mut parts = Self::default();
        for (key, value) in step.entries() {
            let part = match key.as_str() {
                Some("id") => &mut parts.id,
                Some("name") => &mut parts.name,
                Some("if") => &mut parts.condition,
                Some("uses") => &mut parts.uses,
                Some("run") => &mut parts.run,
                Some("with") => &mut parts.with,
                Some("env") => &mut parts.env,
                Some("shell") => &mut parts.shell,
                Some("working-directory") => &mut parts.folder,
                Some("continue-on-error") => &mut parts.may_fail,
                _ => continue,
            };
            *part = Some(value);
        }
        parts
    }
}

fn text_of(part: Option<Node<'_>>) -> Option<&str> {
    part.and_then(|n| n.as_str())
}

/// Reads a step. Says whether what it asked of its contexts decides what it comes to.
fn step(
    lowering: &Lowering<'_>,
    place: &Place<'_>,
    at: usize,
    node: Node<'_>,
    scope: &mut Scope<'_>,
    steps: &mut Vec<Arc<Step>>,
) -> bool {
    let source = place.source;
    let parts = Parts::of(node);
    let id = text_of(parts.id).map_or_else(|| format_smolstr!("step-{}", at + 1), SmolStr::new);
    let outer = scope.env.len();
    let env = environment(parts.env, scope);
    scope.env.extend(env);
    let cond = match text_of(parts.condition) {
        Some(text) => place.around.cond.clone().and(condition_of(text, scope)),
        None => place.around.cond.clone(),
    };
    let on_failure = text_of(parts.condition).is_some_and(|text| {
        scope.failed = true;
        let runs = names_status_anywhere(text) && !condition_of(text, scope).is_never();
        scope.failed = false;
        runs
    });
    // A step that never runs is kept where its action may have been meant to make provenance.
    if cond.is_never() && !on_failure && parts.run.is_some() {
        scope.env.truncate(outer);
        return true;
    }
    let may_fail =
        place.around.may_fail || text_of(parts.may_fail).is_some_and(|s| !interpolate_flag(s, scope).is_never());
    let name = text_of(parts.name).map(|s| interpolate(s, scope).text().to_string());
    let mut outputs: Vec<(String, Value)> = Vec::new();
    let mut exports: Vec<(String, Value)> = Vec::new();
    // The steps of an action that can be read are asked one by one.
    let mut own = true;
    let mut new = Step {
        id: Some(if place.around.prefix.is_empty() {
            id.clone()
        } else {
            format_smolstr!("{}{id}", place.around.prefix)
        }),
        label: String::new(),
        body: StepBody::Opaque { what: String::new() },
        env: scope.env.texts(),
        cond,
        condition_at: parts.condition.map(|n| source.at(n.span())),
        on_failure,
        may_fail,
        location: source.at(parts.uses.or(parts.run).unwrap_or(node).span()),
        chain: place.around.chain.clone(),
        interpolates: interpolated(source, &parts),
    };
    if let Some(uses_node) = parts.uses {
        let value = uses_node.as_str().unwrap_or_default();
        new.label = name.unwrap_or_else(|| value.to_owned());
        match uses::parse(value, scope.run.slug) {
            Some(Uses::Local(path) | Uses::Own(path)) => {
                let path = lowering.scripts.folder(&Text::from(path)).to_string();
                let inner = Inner { node, new, id: &id, shown: format!("./{path}"), commit: None, path };
                own = false;
                outputs = local_action(lowering, place, inner, scope, steps);
            }
            Some(Uses::Home(path)) => {
                let path = source.beside(&path);
                let inner = Inner { node, new, id: &id, shown: path.clone(), commit: None, path };
                own = false;
                outputs = local_action(lowering, place, inner, scope, steps);
            }
            Some(Uses::Remote(action, reference)) => match given(lowering, &action, &reference) {
                Some((Given { path, commit }, Kind::Steps)) => {
                    let inner = Inner { node, new, id: &id, shown: value.to_owned(), commit: Some(commit), path };
                    own = false;
                    outputs = local_action(lowering, place, inner, scope, steps);
                }
                given => {
                    let action = ActionUse {
                        name: action,
                        reference: uses::reference(&reference, uses_node.comment_after(), new.location.clone()),
                        inputs: homed(lowering, inputs(source, parts.with, scope)),
                    };
                    let mut runs = run_by_action(lowering, &action, scope, &new);
                    if let Some((Given { path, commit }, _)) = given {
                        let hop = Hop { what: format!("uses {value}, {commit}"), location: new.location.clone() };
                        runs.extend(code::of_action(lowering, &path, hop, node, scope, &new));
                    }
                    new.body = StepBody::Action(action);
                    steps.push(Arc::new(new));
                    steps.extend(runs.into_iter().map(Arc::new));
                }
            },
            Some(Uses::Image(image)) => {
                let reference = Reference {
                    raw: String::new(),
                    version: None,
                    source: VersionSource::Assumed,
                    location: new.location.clone(),
                };
                let published = code::of_image(lowering, &image, node, scope, &new);
                new.body = StepBody::Action(ActionUse {
                    name: format!("docker://{image}"),
                    reference,
                    inputs: homed(lowering, inputs(source, parts.with, scope)),
                });
                steps.push(Arc::new(new));
                steps.extend(published.map(Arc::new));
            }
            None => {
                new.body = StepBody::Opaque { what: format!("`{value}` is no action reference") };
                steps.push(Arc::new(new));
            }
        }
    } else if let Some(run) = parts.run {
        let text = run.as_str().unwrap_or_default();
        new.label = name.unwrap_or_else(|| text.lines().next().unwrap_or_default().trim().to_owned());
        let script = script(lowering, place, &parts, run, scope, &new);
        for write in &script.outputs {
            let cond = new.cond.clone().and(write.cond.clone());
            let value = perhaps(cond, handed_on(write), Value::literal(""));
            match outputs.iter_mut().find(|(k, _)| *k == write.name) {
                // Several writes: the last on each path; every one is possible.
                Some((_, known)) if *known != value => {
                    let either = Cond::atom(format!(
                        "{}{id} writes {} at line {}",
                        scope.symbol, write.name, write.location.line
                    ));
                    let options = vec![(either.clone().negate(), known.clone()), (either, value)];
                    *known = Value::Choice(options).simplified();
                }
                Some(_) => {}
                None => outputs.push((write.name.clone(), value)),
            }
        }
        for write in &script.exports {
            let before = scope.env.iter().take(outer).chain(&exports).rev().find(|(name, _)| *name == write.name);
            let before = before.map_or_else(|| Value::literal(""), |(_, value)| value.clone());
            let cond = new.cond.clone().and(write.cond.clone());
            exports.push((write.name.clone(), perhaps(cond, handed_on(write), before)));
        }
        new.body = StepBody::Script(Arc::new(script));
        steps.push(Arc::new(new));
    }
    scope.env.truncate(outer);
    let writes = parts.env.is_some() || !exports.is_empty();
    lowering.sources.checkout().spend(if writes { 50 + 4 * outer } else { 50 });
    scope.env.extend(exports);
    // Only what is known in full replaces the symbol: a value with unknown parts keeps the identity of its step
    // where nothing else names it.
    outputs.retain(|(_, v)| v.alternatives().iter().all(worth_keeping));
    scope.steps.push(Rc::new((id, outputs)));
    own
}

/// What a script hands on: one of several values, where all of them are known.
fn handed_on(write: &OutputWrite) -> Value {
    if write.choices.is_empty() || write.choices.iter().any(|(_, text)| !text.is_literal()) {
        return Value::String(write.value.clone());
    }
    let options = write.choices.iter().map(|(cond, text)| (cond.clone(), Value::String(text.clone())));
    Value::Choice(options.collect()).simplified()
}

/// What is handed on under a condition. It matters for what switches something on or off, an option or a truth value: a
/// name or a path has to be there for what uses it to work at all.
fn perhaps(cond: Cond, value: Value, otherwise: Value) -> Value {
    const SWITCHES: &[&str] = &["true", "false", "yes", "no", "on", "off", "0", "1", "mode=max", "mode=min"];
    let switch = |value: &Value| {
        let text = value.text();
        text.as_str().starts_with('-') || SWITCHES.iter().any(|s| s.eq_ignore_ascii_case(text.as_str()))
    };
    if cond.is_always() || !value.alternatives().iter().any(switch) {
        return value;
    }
    Value::Choice(vec![(cond.clone(), value), (cond.negate(), otherwise)]).simplified()
}

/// An output keeps its own symbol unless its value is known or is itself a named source.
fn worth_keeping(value: &Value) -> bool {
    const NAMED: &[&str] = &["jobs.", "inputs.", "github.", "vars.", "secrets.", "matrix.", "needs."];
    value.text().symbols().all(|s| NAMED.iter().any(|n| s.starts_with(n)) && !s.contains(' '))
}

fn interpolate_flag(text: &str, scope: &Scope<'_>) -> Cond {
    match interpolate(text, scope) {
        Value::String(t) => match t.literal() {
            Some(word) => Cond::Known(word == "true"),
            None => Value::String(t).truth(),
        },
        other => other.truth(),
    }
}

/// The inputs of a `with:` mapping.
pub(super) fn inputs(source: &Source, with: Option<Node<'_>>, scope: &Scope<'_>) -> Vec<Input> {
    let Some(with) = with else { return Vec::new() };
    with.entries()
        .filter_map(|(key, node)| {
            let value = interpolate(node.as_str().unwrap_or_default(), scope);
            let choices = match &value {
                Value::Choice(options) => options.iter().map(|(c, v)| (c.clone(), v.text())).collect(),
                Value::Truth(c) => {
                    vec![(c.clone(), Text::from("true")), (c.clone().negate(), Text::from("false"))]
                }
                other => vec![(Cond::TRUE, other.text())],
            };
            Some(Input {
                name: lowered(key.as_str()?).into(),
                value: value.text(),
                choices,
                location: source.at(key.span_to(node)),
            })
        })
        .collect()
}

/// Inputs whose paths lie in the checkout.
fn homed(lowering: &Lowering<'_>, mut inputs: Vec<Input>) -> Vec<Input> {
    for input in &mut inputs {
        input.value = lowering.scripts.from_home(&input.value);
        input.choices.iter_mut().for_each(|(_, value)| *value = lowering.scripts.from_home(value));
    }
    inputs
}

/// A step that uses an action whose files can be read.
struct Inner<'a> {
    node: Node<'a>,
    new: Step,
    id: &'a str,
    /// Its name, for people.
    shown: String,
    /// What is known of its commit, when it is another repository's.
    commit: Option<String>,
    /// Its folder.
    path: String,
}

/// The file that defines the action in a folder.
pub(super) fn definition(lowering: &Lowering<'_>, folder: &str) -> Option<String> {
    let checkout = lowering.sources.checkout();
    let folder = folder.trim_end_matches('/');
    let join = |file: &str| if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
    [join("action.yml"), join("action.yaml")].into_iter().find(|f| checkout.is_there(f))
}

/// What an action is made of.
enum Kind {
    /// A list of steps.
    Steps,
    /// A program, of which only publications with literal words are seen.
    Program,
}

/// An action of another repository in a checkout that was given.
fn given(lowering: &Lowering<'_>, action: &str, reference: &str) -> Option<(Given, Kind)> {
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

/// Why the platform would not run a step, and where.
pub(super) fn malformed_step(step: Node<'_>) -> Option<(Span, &'static str)> {
    let does = ["run", "uses", "parallel"].map(|key| step.get(key));
    let [run, uses, _] = does;
    let wrong = match [run, uses].into_iter().flatten().find(|node| node.is_mapping() || node.is_sequence()) {
        Some(node) => return Some((node.span(), "`run:` and `uses:` of a step are text")),
        None if !step.is_mapping() => "a step is a mapping",
        None if does.iter().all(Option::is_none) => "a step has a `run:` or `uses:`",
        None => return None,
    };
    Some((step.span(), wrong))
}

fn local_action(
    lowering: &Lowering<'_>,
    place: &Place<'_>,
    inner: Inner<'_>,
    scope: &mut Scope<'_>,
    steps: &mut Vec<Arc<Step>>,
) -> Vec<(String, Value)> {
    let Inner { node, mut new, id, shown, commit, path } = inner;
    let file = definition(lowering, &path);
    let what = match commit {
        Some(commit) => format!("uses {shown}, {commit}"),
        None => format!("uses {shown}"),
    };
    let hop = Hop { what, location: new.location.clone() };
    let refuse = |mut new: Step, what: String, steps: &mut Vec<Arc<Step>>| {
        new.body = StepBody::Opaque { what };
        steps.push(Arc::new(new));
        Vec::new()
    };
    let Some(file) = file else {
        let image = format!("{path}/Dockerfile");
        let what = if lowering.sources.checkout().exists(image.trim_start_matches('/')) {
            format!("the Docker action {shown} runs code of the checkout")
        } else {
            format!("the action {shown} is not in this checkout")
        };
        return refuse(new, what, steps);
    };
    if place.around.chain.contains(&hop) || place.around.chain.len() >= DEEPEST_ACTION {
        let what = format!("the action {shown} is in itself, or in more than {DEEPEST_ACTION} others");
        lowering.problem(problem_at(&new.location, what.clone()));
        return refuse(new, what, steps);
    }
    let source = match lowering.sources.load(&file) {
        Ok(source) => source,
        Err(problem) => {
            let what = format!("{file} cannot be read: {}", problem.message);
            lowering.problem(problem);
            return refuse(new, what, steps);
        }
    };
    if let Some((span, wrong)) = malformed(&source) {
        lowering.problem(problem_at(&source.at(span), format!("{wrong}; GitHub refuses this action")));
        return refuse(new, format!("{file} cannot be read: {wrong}"), steps);
    }
    let Some(root) = source.root() else { return Vec::new() };
    let runs = root.get("runs");
    let using = runs.and_then(|r| r.get("using")).and_then(|n| n.as_str()).unwrap_or_default();
    if using != "composite" {
        let published = code::of_action(lowering, &path, hop.clone(), node, scope, &new);
        new.chain.push(hop);
        let outputs = refuse(new, format!("the action {shown} runs code of the checkout ({using})"), steps);
        steps.extend(published.map(Arc::new));
        return outputs;
    }
    let values = Inputs::Bound(code::bound(root, node, scope));
    let mut chain = place.around.chain.clone();
    chain.push(hop);
    let mut within = Scope {
        run: scope.run,
        inputs: &values,
        matrix: scope.matrix.clone(),
        done: scope.done,
        env: scope.env.clone(),
        steps: Vec::new(),
        symbol: format!("{}{id}/", scope.symbol),
        os: scope.os,
        failed: false,
        action: Some(format!("/{path}")),
        asked: Rc::default(),
    };
    let around = Around {
        chain,
        cond: new.cond.clone(),
        may_fail: new.may_fail,
        prefix: format!("{}{id}/", place.around.prefix),
        symbol: within.symbol.clone(),
        action: within.action.clone(),
    };
    let inside = Place { source: &source, defaults: Vec::new(), around: Rc::new(around) };
    list(lowering, &inside, runs.and_then(|r| r.get("steps")), &mut within, steps);
    let Some(outputs) = root.get("outputs") else { return Vec::new() };
    outputs
        .entries()
        .filter_map(|(key, output)| {
            let value = output.get("value").and_then(|v| v.as_str()).unwrap_or_default();
            Some((key.as_str()?.to_owned(), interpolate(value, &within).written()))
        })
        .collect()
}

/// The expressions inside the code of a step whose values are not the platform's own. Truth values and numbers that a
/// workflow declares as such carry no code.
fn interpolated(source: &Source, parts: &Parts<'_>) -> Vec<(String, Location)> {
    let with = |name: &str| parts.with.and_then(|w| w.get(name));
    let action = parts.uses.and_then(|n| n.as_str()).and_then(|action| action.split('@').next());
    let entries = action.into_iter().flat_map(runs_of);
    let code = entries.flat_map(|r| &r.inputs).filter_map(|name| with(name)).chain(parts.run);
    let plain = |input: &str| {
        let kind = || {
            let root = source.root()?;
            let on = root.get("on").or_else(|| root.get("true"))?;
            on.get("workflow_call")?.get("inputs")?.get(input)?.get("type")?.as_str()
        };
        matches!(kind(), Some("boolean" | "number"))
    };
    let mut found = Vec::new();
    for node in code {
        for (range, inner) in expressions(node.as_str().unwrap_or_default()) {
            if contexts(inner).any(|c| supplied(c, &plain)) {
                let span = Span { start: node.at(range.start), end: node.at(range.end) };
                found.push((inner.trim().to_owned(), source.at(span)));
            }
        }
    }
    found
}

/// The contexts that an expression names, with their members.
fn contexts(expression: &str) -> impl Iterator<Item = &str> {
    const ALL: &[&str] = &["github", "inputs", "needs", "env", "vars", "matrix", "steps", "secrets", "runner", "job"];
    // Every second piece is a string.
    let code = expression.split('\'').step_by(2);
    code.flat_map(|piece| piece.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))))
        .filter(|word| ALL.iter().any(|c| word.split('.').next().is_some_and(|head| head.eq_ignore_ascii_case(c))))
}

/// Whether the value that a context names is supplied by whoever starts or calls the pipeline.
fn supplied(context: &str, plain: &dyn Fn(&str) -> bool) -> bool {
    const OWN: &[&str] = &[
        "github.sha",
        "github.run_id",
        "github.run_number",
        "github.run_attempt",
        "github.repository",
        "github.repository_owner",
        "github.repository_id",
        "github.server_url",
        "github.api_url",
        "github.workspace",
        "github.action_path",
        "github.token",
        "github.job",
        "github.event_name",
        "github.ref_type",
    ];
    // Outputs of the platform's own actions.
    const MADE: &[&str] =
        &["bundle-path", "attestation-id", "attestation-url", "artifact-id", "artifact-digest", "download-path"];
    let context = context.to_ascii_lowercase();
    match context.split_once('.') {
        Some(("runner" | "secrets" | "job", _)) => false,
        Some(("steps", path)) => !MADE.iter().any(|name| path.ends_with(&format!(".outputs.{name}"))),
        Some(("github", _)) => !OWN.contains(&context.as_str()),
        Some(("inputs", name)) => !plain(name),
        _ => true,
    }
}

/// Reads the script of a `run:` step.
fn script(
    lowering: &Lowering<'_>,
    place: &Place<'_>,
    parts: &Parts<'_>,
    run: Node<'_>,
    scope: &Scope<'_>,
    new: &Step,
) -> Script {
    let setting = |own: Option<Node<'_>>, key: &str| {
        own.or_else(|| place.defaults.iter().find_map(|d| d.get(key)))
            .and_then(|n| n.as_str())
            .map(|s| interpolate(s, scope).text())
    };
    let text = run.as_str().unwrap_or_default();
    let values: Vec<Value> = expressions(text).iter().map(|(_, inner)| evaluate(inner, scope)).collect();
    let holes: Vec<Text> = values.iter().map(Value::text).collect();
    let usual = || {
        let windows = scope.lookup(&["runner", "os"].map(SmolStr::new_static)) == Value::literal("Windows");
        Text::from(if windows { "pwsh" } else { "bash" })
    };
    lowering.scripts.read(&crate::commands::Reading {
        text,
        shell: setting(parts.shell, "shell").unwrap_or_else(usual).as_str(),
        holes: &holes,
        env: &new.env,
        platform: &|name| platform_variable(name, scope),
        folder: setting(parts.folder, "working-directory").unwrap_or_default(),
        locate: &|from, to| place.source.at(Span { start: run.at(from), end: run.at(to) }),
        chain: &place.around.chain,
        choices: choices(scope.env.iter().map(|(_, value)| value).chain(&values)),
    })
}

/// More commands than this are not made of the values that the inputs of one action can have.
const MOST_TEXTS: usize = 16;

/// The commands that an action runs because one of its inputs holds them.
fn run_by_action(lowering: &Lowering<'_>, action: &ActionUse, scope: &Scope<'_>, step: &Step) -> Vec<Step> {
    let mut steps = Vec::new();
    for entry in runs_of(&action.name) {
        let whole = |value: &str| match &entry.program {
            Some(program) => format!("{program} {value}"),
            None => value.to_owned(),
        };
        let mut texts: Vec<(Cond, String)> = Vec::new();
        for input in entry.inputs.iter().filter_map(|name| action.input(name)) {
            if (1..=MOST_TEXTS).contains(&input.choices.len()) {
                let possible = input.choices.iter().filter(|(cond, _)| !cond.is_never());
                texts.extend(possible.map(|(cond, value)| (cond.clone(), whole(value.as_str()))));
            } else {
                texts.push((Cond::TRUE, whole(input.value.as_str())));
            }
        }
        if let Some(command) = &entry.command {
            texts.extend(with_options(command, entry, action));
        }
        for (cond, text) in texts {
            let folder = entry.folder.as_deref().and_then(|f| action.input(f)).map(|f| f.value.clone());
            let script = lowering.scripts.read(&crate::commands::Reading {
                text: &text,
                shell: entry.shell.as_deref().unwrap_or("sh"),
                // What is unknown in the value stands in it as a symbol already.
                holes: &symbols(&text),
                env: &step.env,
                platform: &|name| platform_variable(name, scope),
                folder: folder.unwrap_or_default(),
                locate: &|_, _| step.location.clone(),
                chain: &step.chain,
                choices: choices(scope.env.iter().map(|(_, value)| value)),
            });
            let cond = step.cond.clone().and(cond);
            let mut script = script;
            if entry.beyond {
                script.commands.retain(|c| c.chain.len() > step.chain.len());
                if script.commands.is_empty() && script.unread.is_empty() {
                    continue;
                }
            }
            let mut new = Step { id: None, body: StepBody::Script(Arc::new(script)), cond, ..step.clone() };
            let handed = action.inputs.iter().any(|i| i.value.as_str().contains(IDENTITY));
            if entry.contained && !handed {
                new.env = new.env.iter().cloned().chain([(IDENTITY.to_owned(), Text::default())]).collect();
            }
            steps.push(new);
        }
    }
    steps
}

/// A command with the words that inputs of the action add; one for each way in which conditions decide about them.
fn with_options(command: &str, entry: &Run, action: &ActionUse) -> Vec<(Cond, String)> {
    let mut texts = vec![(Cond::TRUE, command.to_owned())];
    for (name, option) in &entry.options {
        let Some(input) = action.input(name) else {
            let default = option.default.as_deref().map(|value| words(option, &Text::from(value))).unwrap_or_default();
            texts.iter_mut().for_each(|(_, text)| text.push_str(&default));
            continue;
        };
        let choices: Vec<(Cond, String)> =
            input.choices.iter().map(|(cond, value)| (cond.clone(), words(option, value))).collect();
        if choices.is_empty() || texts.len() * choices.len() > MOST_TEXTS {
            texts.iter_mut().for_each(|(_, text)| text.push_str(&words(option, &input.value)));
            continue;
        }
        let each = |(cond, text): &(Cond, String)| -> Vec<(Cond, String)> {
            choices.iter().map(|(c, words)| (cond.clone().and(c.clone()), format!("{text}{words}"))).collect()
        };
        texts = texts.iter().flat_map(each).collect();
        texts.retain(|(cond, _)| !cond.is_never());
    }
    texts
}

/// The words for one value of an input, as shell text.
fn words(option: &RunOption, value: &Text) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let flag = option.flag.as_deref().unwrap_or_default();
    let Some(split) = option.split else {
        return match value.as_str() {
            "" | "false" => String::new(),
            "true" => format!(" {flag}"),
            // What nobody can see stays undecided.
            other => format!(" {flag}={}", quoted(other)),
        };
    };
    let items = match split {
        Split::Whole => vec![value.clone()],
        Split::Lines => value.items(&[]),
        Split::Commas => value.items(&[',']),
        Split::Words => value.items(&[' ', '\t']),
    };
    let items = items.iter().map(Text::as_str).filter(|i| !i.is_empty());
    items.map(|i| if flag.is_empty() { format!(" {}", quoted(i)) } else { format!(" {flag}={}", quoted(i)) }).collect()
}

/// The symbols of a text, each as the value of its own hole.
pub(super) fn symbols(text: &str) -> Vec<Text> {
    expressions(text).iter().map(|(_, inner)| Text::unknown(inner)).collect()
}

/// What the symbols of values with several outcomes stand for.
fn choices<'v>(values: impl Iterator<Item = &'v Value>) -> Choices {
    let choices = Choices::default();
    for value in values {
        let options = match value {
            Value::Truth(cond) => {
                vec![(cond.clone(), Text::from("true")), (cond.clone().negate(), Text::from("false"))]
            }
            Value::Choice(options) => options.iter().map(|(cond, value)| (cond.clone(), value.text())).collect(),
            _ => continue,
        };
        choices.keep(&value.text(), options);
    }
    choices
}

/// A variable that the platform sets in every step.
pub(super) fn platform_variable(variable: &str, scope: &Scope<'_>) -> Option<Text> {
    const NAMES: &[(&str, &str)] = &[
        ("GITHUB_REF", "ref"),
        ("GITHUB_REF_NAME", "ref_name"),
        ("GITHUB_REF_TYPE", "ref_type"),
        ("GITHUB_REPOSITORY", "repository"),
        ("GITHUB_REPOSITORY_OWNER", "repository_owner"),
        ("GITHUB_WORKSPACE", "workspace"),
        ("GITHUB_SHA", "sha"),
        ("GITHUB_EVENT_NAME", "event_name"),
        ("GITHUB_SERVER_URL", "server_url"),
    ];
    let of_action = scope.action.as_ref().map(|_| &("GITHUB_ACTION_PATH", "action_path"));
    let (_, name) = NAMES.iter().chain(of_action).find(|(known, _)| *known == variable)?;
    Some(scope.lookup(&["github", name].map(SmolStr::new_static)).text())
}
