//! Steps of a job: scripts read, local composite actions seen through, their inputs bound.

mod composite;
mod interpolated;
mod run_by_action;

use std::rc::Rc;
use std::sync::Arc;

use smol_str::{SmolStr, format_smolstr};

use super::expression::{Lookup, condition as condition_of, evaluate, expressions, interpolate, names_status};
use super::references::Given;
use super::scope::Scope;
use super::source::Source;
use super::uses::{self, Uses};
use super::value::Value;
use super::workflow::environment;
use super::{Lowering, code};
use crate::commands::Choices;
use crate::model::{
    ActionUse, Cond, Hop, Input, Job, Location, OutputWrite, Problem, Reference, Script, Span, Step, StepBody, Text,
    VersionSource, lowered,
};
use crate::syntax::yaml::Node;
pub(super) use composite::definition;
use composite::{Inner, Kind, given, local_action};
use interpolated::interpolated;
use run_by_action::run_by_action;

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
    lowering.scripts.fresh_machine(&homes(steps, scope));
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

/// The folders of the workspace into which the steps check the repository out, where every run has the same.
fn homes(steps: Option<Node<'_>>, scope: &Scope<'_>) -> Vec<Text> {
    let mut found: Vec<&str> = Vec::new();
    for step in steps.into_iter().flat_map(|steps| steps.items()) {
        let uses = step.get("uses").and_then(|n| n.as_str()).unwrap_or_default();
        let input = |name: &str| step.get("with").and_then(|w| w.get(name)).and_then(|n| n.as_str());
        let own = |repository: &str| repository == OWN || scope.run.slug.is_some_and(|slug| slug == repository);
        if !uses.starts_with("actions/checkout@") || !input("repository").is_none_or(own) {
            continue;
        }
        let path = input("path").unwrap_or_default();
        if path.replace(OWN, "").contains("${{") {
            return Vec::new();
        }
        if !found.contains(&path) {
            found.push(path);
        }
    }
    found.into_iter().map(|path| interpolate(path, scope).text()).collect()
}

/// How a workflow names its own repository.
const OWN: &str = "${{ github.repository }}";

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
        body: StepBody::Opaque { what, unseen: true },
        env: Arc::default(),
        cond: Cond::TRUE,
        condition_at: None,
        condition: None,
        on_failure: false,
        may_fail: false,
        location,
        chain: Vec::new(),
        interpolates: Vec::new(),
    }
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

/// The parts of a step.
#[derive(Default, Clone, Copy)]
pub(super) struct Parts<'n> {
    id: Option<Node<'n>>,
    name: Option<Node<'n>>,
    condition: Option<Node<'n>>,
    pub(super) uses: Option<Node<'n>>,
    pub(super) run: Option<Node<'n>>,
    pub(super) with: Option<Node<'n>>,
    pub(super) env: Option<Node<'n>>,
    pub(super) shell: Option<Node<'n>>,
    pub(super) folder: Option<Node<'n>>,
    may_fail: Option<Node<'n>>,
}

impl<'n> Parts<'n> {
    pub(super) fn of(step: Node<'n>) -> Self {
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
    let label = name.unwrap_or_else(|| match parts.uses {
        Some(uses) => uses.as_str().unwrap_or_default().to_owned(),
        None => text_of(parts.run).and_then(|text| text.lines().next()).unwrap_or_default().trim().to_owned(),
    });
    let new = Step {
        id: Some(if place.around.prefix.is_empty() {
            id.clone()
        } else {
            format_smolstr!("{}{id}", place.around.prefix)
        }),
        label,
        body: StepBody::Opaque { what: String::new(), unseen: false },
        env: scope.env.texts(),
        cond,
        condition_at: parts.condition.map(|n| source.at(n.span())),
        condition: text_of(parts.condition).map(SmolStr::new),
        on_failure,
        may_fail,
        location: source.at(parts.uses.or(parts.run).unwrap_or(node).span()),
        chain: place.around.chain.clone(),
        interpolates: interpolated(source, text_of(parts.uses), parts.with, parts.run),
    };
    // The steps of an action that can be read are asked one by one.
    let mut own = true;
    let mut left = Left::default();
    if let Some(uses) = parts.uses {
        match action_of(lowering, source, &id, (node, uses, parts.with), new, scope) {
            Used::Inner(inner) => {
                own = false;
                left = local_action(lowering, place, *inner, scope, steps);
            }
            Used::Steps(found) => steps.extend(found.into_iter().map(Arc::new)),
        }
    } else if let Some(run) = parts.run {
        let script = script(lowering, place, &parts, run, scope, &new);
        left = Left::of(&script, &new, &id, scope, outer);
        steps.push(Arc::new(Step { body: StepBody::Script(Arc::new(script)), ..new }));
    }
    let Left { mut outputs, exports } = left;
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

/// What the `uses:` of a step comes to.
enum Used<'n> {
    /// The steps of an action that can be read.
    Inner(Box<Inner<'n>>),
    /// The step itself, and behind it what its action is known to run.
    Steps(Vec<Step>),
}

/// Reads the `uses:` of a step, which is the second of the nodes, with its inputs, the third.
fn action_of<'n>(
    lowering: &Lowering<'_>,
    source: &Source,
    id: &'n str,
    (node, uses, with): (Node<'n>, Node<'n>, Option<Node<'n>>),
    mut new: Step,
    scope: &Scope<'_>,
) -> Used<'n> {
    let value = uses.as_str().unwrap_or_default();
    let inputs = || homed(lowering, inputs(source, with, scope));
    let inner = |new: Step, shown: String, commit: Option<String>, path: String| {
        Used::Inner(Box::new(Inner { node, new, id, shown, commit, path }))
    };
    match uses::parse(value, scope.run.slug) {
        Some(Uses::Local(path) | Uses::Own(path)) => {
            let path = lowering.scripts.folder_of_action(&path);
            inner(new, format!("./{path}"), None, path)
        }
        Some(Uses::Home(path)) => {
            let path = source.beside(&path);
            inner(new, path.clone(), None, path)
        }
        Some(Uses::Remote(action, reference)) => match given(lowering, &action, &reference) {
            Some((Given { path, commit }, Kind::Steps)) => inner(new, value.to_owned(), Some(commit), path),
            given => {
                let action = ActionUse {
                    name: action,
                    reference: uses::reference(&reference, uses.comment_after(), new.location.clone()),
                    inputs: inputs(),
                };
                let mut runs = run_by_action(lowering, &action, scope, &new);
                if let Some((Given { path, commit }, _)) = given {
                    let hop = Hop { what: format!("uses {value}, {commit}"), location: new.location.clone() };
                    runs.extend(code::of_action(lowering, &path, hop, node, scope, &new));
                }
                new.body = StepBody::Action(action);
                Used::Steps(std::iter::once(new).chain(runs).collect())
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
            new.body = StepBody::Action(ActionUse { name: format!("docker://{image}"), reference, inputs: inputs() });
            Used::Steps(std::iter::once(new).chain(published).collect())
        }
        None => {
            new.body = StepBody::Opaque { what: format!("`{value}` is no action reference"), unseen: true };
            Used::Steps(vec![new])
        }
    }
}

/// What a step leaves to later ones.
#[derive(Default)]
struct Left {
    outputs: Vec<(String, Value)>,
    /// Variables that it sets for them.
    exports: Vec<(String, Value)>,
}

impl Left {
    /// What the script of a step leaves. Of the variables of its scope the first `outer` are not its own.
    fn of(script: &Script, step: &Step, id: &str, scope: &Scope<'_>, outer: usize) -> Self {
        let mut left = Self::default();
        for write in &script.outputs {
            let cond = step.cond.clone().and(write.cond.clone());
            let value = perhaps(cond, handed_on(write), Value::literal(""));
            match left.outputs.iter_mut().find(|(k, _)| *k == write.name) {
                // Several writes: the last on each path; every one is possible.
                Some((_, known)) if *known != value => {
                    let (writes, line) = (&write.name, write.location.line);
                    let either = Cond::atom(format!("{}{id} writes {writes} at line {line}", scope.symbol));
                    let options = vec![(either.clone().negate(), known.clone()), (either, value)];
                    *known = Value::Choice(options).simplified();
                }
                Some(_) => {}
                None => left.outputs.push((write.name.clone(), value)),
            }
        }
        for write in &script.exports {
            let before = scope.env.iter().take(outer).chain(&left.exports);
            let before = before.rev().find(|(name, _)| *name == write.name);
            let before = before.map_or_else(|| Value::literal(""), |(_, value)| value.clone());
            let cond = step.cond.clone().and(write.cond.clone());
            left.exports.push((write.name.clone(), perhaps(cond, handed_on(write), before)));
        }
        left
    }
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
    let folder = setting(parts.folder, "working-directory").unwrap_or_default();
    let root = way_up(&folder);
    let named = expressions(text);
    let values: Vec<Value> = named.iter().map(|(_, inner)| evaluate(inner, scope)).collect();
    let hole = |((_, inner), value): (&(_, &str), &Value)| match &root {
        Some(root) if inner.trim().eq_ignore_ascii_case("github.workspace") => root.clone(),
        _ => value.text(),
    };
    let holes: Vec<Text> = named.iter().zip(&values).map(hole).collect();
    let usual = || {
        let windows = scope.lookup(&["runner", "os"].map(SmolStr::new_static)) == Value::literal("Windows");
        Text::from(if windows { "pwsh" } else { "bash" })
    };
    let mut script = lowering.scripts.read(&crate::commands::Reading {
        text,
        shell: setting(parts.shell, "shell").unwrap_or_else(usual).as_str(),
        holes: &holes,
        env: &new.env,
        platform: &|name| match &root {
            Some(root) if name == "GITHUB_WORKSPACE" => Some(root.clone()),
            _ => platform_variable(name, scope),
        },
        folder,
        locate: &|from, to| place.source.at(Span { start: run.at(from), end: run.at(to) }),
        chain: &place.around.chain,
        choices: choices(scope.env.iter().map(|(_, value)| value).chain(&values)),
    });
    // Other steps are elsewhere.
    if let Some(root) = root {
        for write in script.outputs.iter_mut().chain(&mut script.exports) {
            if let Some(below) = write.value.as_str().strip_prefix(root.as_str()) {
                write.value = Text::new(format!(".{below}"));
            }
        }
    }
    script
}

/// The path of the workspace as seen from a folder in it that is known; `None` from the workspace itself.
fn way_up(folder: &Text) -> Option<Text> {
    let folder = folder.literal().filter(|folder| !folder.starts_with(['/', '~']))?;
    let parts = || folder.split('/').filter(|part| !matches!(*part, "" | "."));
    (parts().next().is_some() && !parts().any(|part| part == ".."))
        .then(|| Text::new(parts().map(|_| "..").collect::<Vec<_>>().join("/")))
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
