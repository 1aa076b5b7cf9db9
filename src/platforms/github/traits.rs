//! What the text of a job names besides its steps: secrets, external parameters, the reach of its container.

use rustc_hash::FxHashMap;

use super::expression::{evaluate, expressions, interpolate};
use super::scope::Scope;
use super::source::Source;
use super::steps::Parts;
use super::value::Value;
use crate::model::{Job, Location, Parameter, SecretUse, Span, Text};
use crate::syntax::yaml::{Kind, Node};

/// A YAML value with its expressions evaluated.
pub(super) fn value_of(node: Node<'_>, scope: &Scope<'_>) -> Value {
    nested(node, scope, 0)
}

/// Matrix values nest no deeper than this in practice.
const DEEPEST_VALUE: usize = 16;

fn nested(node: Node<'_>, scope: &Scope<'_>, depth: usize) -> Value {
    if depth > DEEPEST_VALUE {
        return Value::unknown("nested too deep");
    }
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::Sequence => Value::List(node.items().map(|n| nested(n, scope, depth + 1)).collect()),
        Kind::Mapping => Value::Map(
            node.entries().filter_map(|(k, v)| Some((k.as_str()?.to_owned(), nested(v, scope, depth + 1)))).collect(),
        ),
        Kind::Bool => Value::Bool(node.as_bool().unwrap_or_default()),
        Kind::Int | Kind::Float => match node.as_str().and_then(|s| s.parse().ok()) {
            Some(n) => Value::Number(n),
            None => Value::literal(node.as_str().unwrap_or_default()),
        },
        Kind::String => interpolate(node.as_str().unwrap_or_default(), scope),
    }
}

/// What the text of a job names, which is the same for all legs.
#[derive(Default)]
pub(super) struct Names<'s> {
    secrets: Vec<SecretUse>,
    container_reach: Vec<(String, Location)>,
    matrix: Option<Node<'s>>,
    /// The expressions, each with its place and the step that gets its value.
    expressions: Vec<(&'s str, Location, Option<usize>)>,
    /// Bytes of scripts that may still be searched.
    left: usize,
}

impl<'s> Names<'s> {
    /// Collects what a job and the environment of its workflow name.
    pub(super) fn of(source: &'s Source, node: Node<'s>, workflow_env: Option<Node<'s>>) -> Self {
        let matrix = node.get("strategy").and_then(|strategy| strategy.get("matrix"));
        let mut names = Self { matrix, left: MOST_SEARCHED, ..Self::default() };
        let steps: Vec<Parts<'s>> =
            node.get("steps").into_iter().flat_map(|steps| steps.items().map(Parts::of)).collect();
        let run = |step: &Parts<'s>| step.run.and_then(|run| run.as_str());
        let scripts: Vec<&str> = steps.iter().filter_map(run).collect();
        let mut seen = |node: Node<'s>, action: Option<&str>, step: Option<usize>, scripts: &[&str]| {
            names.scan(source, node, Place { receiver: None, action, step, scripts }, 0);
        };
        if let Some(env) = workflow_env {
            seen(env, None, None, &scripts);
        }
        for key in ["env", "with", "secrets", "container", "services"] {
            if let Some(part) = node.get(key) {
                seen(part, None, None, &scripts);
            }
        }
        for (at, step) in steps.iter().enumerate() {
            let action = step.uses.and_then(|n| n.as_str()).map(|s| s.split('@').next().unwrap_or(s));
            for part in [step.env, step.with, step.run, step.folder, step.shell].into_iter().flatten() {
                seen(part, action, Some(at), run(step).as_slice());
            }
        }
        let Some(container) = node.get("container") else { return names };
        let mut reach = |node: Node<'_>| {
            let text = node.as_str().unwrap_or_default();
            for sign in
                ["--privileged", "docker.sock", "containerd.sock", "podman.sock", "--pid=host", "--network=host"]
            {
                if text.contains(sign) {
                    names.container_reach.push((sign.to_owned(), source.at(node.span())));
                }
            }
        };
        if let Some(options) = container.get("options") {
            reach(options);
        }
        if let Some(volumes) = container.get("volumes") {
            volumes.items().for_each(&mut reach);
        }
        names
    }

    fn scan(&mut self, source: &Source, node: Node<'s>, place: Place<'_>, depth: usize) {
        if depth > DEEPEST_VALUE {
            return;
        }
        if node.is_mapping() {
            for (key, value) in node.entries() {
                self.scan(source, value, Place { receiver: key.as_str(), ..place }, depth + 1);
            }
        } else if node.is_sequence() {
            for item in node.items() {
                self.scan(source, item, place, depth + 1);
            }
        } else if let Some(text) = node.as_str() {
            if place.receiver == Some("secrets") && text == "inherit" {
                return;
            }
            for (range, inner) in expressions(text) {
                let names = secret_names(inner);
                let external = may_be_external(inner);
                if names.is_empty() && !external {
                    continue;
                }
                let (start, end) = (node.at(range.start), node.at(range.end));
                let location = source.at(Span { start, end: end.max(start) });
                for name in names {
                    let found = SecretUse {
                        name,
                        receiver: place.receiver.map(str::to_owned),
                        action: place.action.map(|a| a.to_ascii_lowercase()),
                        lines: place.lines(inner, &mut self.left),
                        location: location.clone(),
                        step: place.step,
                    };
                    if !self.secrets.contains(&found) {
                        self.secrets.push(found);
                    }
                }
                if external {
                    self.expressions.push((inner, location, place.step));
                }
            }
        }
    }

    /// Hands them to a leg whose steps are known, with the parameters that the expressions come to in it.
    pub(super) fn give(&self, job: &mut Job, scope: &Scope<'_>) {
        job.secrets.clone_from(&self.secrets);
        job.container_reach.clone_from(&self.container_reach);
        let mut parameters = Vec::new();
        // A job names the same thing again and again.
        let mut known: FxHashMap<&str, Vec<String>> = FxHashMap::default();
        for (inner, location, step) in &self.expressions {
            let supplied = || self.supplied(&evaluate(inner, scope).text(), scope);
            for symbol in known.entry(inner).or_insert_with(supplied) {
                parameters.push(Parameter { symbol: symbol.clone(), location: location.clone(), step: *step });
            }
        }
        // What one step sets for all later ones reaches them whether they name it or not.
        for write in job.steps.iter().filter_map(|s| s.script()).flat_map(|s| &s.exports) {
            let found = |symbol| Parameter { symbol, location: write.location.clone(), step: None };
            parameters.extend(self.supplied(&write.value, scope).into_iter().map(found));
        }
        for found in parameters {
            if !job.parameters.contains(&found) {
                job.parameters.push(found);
            }
        }
    }
}

impl Names<'_> {
    /// The parameters inside a value, those among them that a matrix which nothing resolves is made of.
    fn supplied(&self, value: &Text, scope: &Scope<'_>) -> Vec<String> {
        const MATRIX: &str = "matrix.";
        let mut found: Vec<String> = value.symbols().flat_map(Parameter::within).collect();
        let between = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
        let Some(matrix) = self.matrix.filter(|_| value.as_str().contains(MATRIX)) else { return found };
        let axes =
            value.symbols().flat_map(|symbol| symbol.split(between)).filter_map(|path| path.strip_prefix(MATRIX));
        let axes: Vec<&str> = axes.filter_map(|path| path.split('.').next()).collect();
        if !axes.is_empty() {
            let matrix = value_of(matrix, scope);
            for axis in axes {
                let mut left = MOST_VALUES;
                match &matrix {
                    Value::Map(entries) => entries
                        .iter()
                        .filter(|(key, _)| key == axis || key == "include")
                        .for_each(|(_, value)| within(value, &mut found, &mut left)),
                    whole => within(whole, &mut found, &mut left),
                }
            }
        }
        found
    }
}

/// Values of a matrix that are looked at for parameters.
const MOST_VALUES: usize = 1_000;

/// Adds the parameters inside a value and those below it.
fn within(value: &Value, found: &mut Vec<String>, left: &mut usize) {
    let Some(less) = left.checked_sub(1) else { return };
    *left = less;
    match value {
        Value::List(items) => items.iter().for_each(|item| within(item, found, left)),
        Value::Map(entries) => entries.iter().for_each(|(_, value)| within(value, found, left)),
        Value::Choice(options) => options.iter().for_each(|(_, value)| within(value, found, left)),
        other => found.extend(other.text().symbols().flat_map(Parameter::within)),
    }
}

/// Who gets what a text names.
#[derive(Clone, Copy)]
struct Place<'n> {
    receiver: Option<&'n str>,
    action: Option<&'n str>,
    step: Option<usize>,
    /// The scripts that may hand it on.
    scripts: &'n [&'n str],
}

/// More lines of scripts than this do not tell more of what becomes of a value.
const MOST_LINES: usize = 16;
/// A command does not spread over more lines than this.
const LONGEST_COMMAND: usize = 20;
/// Bytes of such a line.
const LONGEST_LINE: usize = 16 * 1024;
/// Bytes of scripts that are searched for the secrets of one job.
const MOST_SEARCHED: usize = 64 * 1024 * 1024;

impl Place<'_> {
    /// The lines of the scripts that name an expression, or the variable that receives its value. What is left of the
    /// bound tells `left`.
    fn lines(&self, expression: &str, left: &mut usize) -> String {
        let sought = self.receiver.unwrap_or(expression);
        let named = |line: &str| match self.receiver {
            Some(name) => names_variable(line, name),
            None => line.contains(expression),
        };
        let mut found: Vec<&str> = Vec::new();
        for script in self.scripts {
            *left = left.saturating_sub(script.len());
            if *left == 0 || memchr::memmem::find(script.as_bytes(), sought.as_bytes()).is_none() {
                continue;
            }
            let lines: Vec<&str> = script.lines().collect();
            let goes_on = |at: usize| lines.get(at).is_some_and(|line| line.trim_end().ends_with(['\\', '`', '|']));
            for at in (0..lines.len()).filter(|at| lines.get(*at).is_some_and(|line| named(line))) {
                if found.len() >= MOST_LINES {
                    return found.join("\n");
                }
                let begin =
                    (0..at).rev().take(LONGEST_COMMAND).take_while(|before| goes_on(*before)).last().unwrap_or(at);
                let end = (at..lines.len()).take(LONGEST_COMMAND).find(|own| !goes_on(*own)).unwrap_or(at);
                let all = lines.get(begin..=end).unwrap_or_default().iter();
                found.extend(all.filter(|line| line.len() <= LONGEST_LINE));
            }
        }
        found.join("\n")
    }
}

/// Whether a line of a script takes the value of a variable.
fn names_variable(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let taken = before.ends_with(['$', '{', '%']) || before.ends_with("$env:") || before.ends_with("env.");
        let behind = line.get(at + name.len()..).and_then(|rest| rest.chars().next());
        taken && !behind.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Stands for every secret, where a text names all of them or one that only the run knows.
const ALL_SECRETS: &str = "secrets";

/// Names behind `secrets.` or in `secrets['...']`.
fn secret_names(expression: &str) -> Vec<String> {
    let mut names = Vec::new();
    if !expression.contains("secrets") {
        return names;
    }
    for (at, _) in expression.match_indices("secrets") {
        let before = expression.get(..at).and_then(|s| s.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
            continue;
        }
        let rest = expression.get(at + "secrets".len()..).unwrap_or_default().trim_start();
        let name: String = match (rest.strip_prefix('.'), rest.strip_prefix("['")) {
            (Some(name), _) if !name.trim_start().starts_with('*') => {
                name.trim_start().chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect()
            }
            (None, Some(name)) => name.chars().take_while(|c| *c != '\'').collect(),
            // `toJSON(secrets)`, `secrets[matrix.key]`
            _ if before != Some('\'') && (rest.is_empty() || rest.starts_with(['[', ')', ',', '.'])) => {
                ALL_SECRETS.to_owned()
            }
            _ => continue,
        };
        if !name.is_empty() && !name.eq_ignore_ascii_case("github_token") {
            names.push(name);
        }
    }
    names
}

/// Whether an expression of a job can come to an external parameter: not where it is one member of a context that holds
/// none, as most are.
fn may_be_external(expression: &str) -> bool {
    let expression = expression.trim();
    let plain = expression.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    let (head, rest) = expression.split_once('.').unwrap_or((expression, ""));
    let head = head.to_ascii_lowercase();
    let none = match head.as_str() {
        "secrets" | "runner" | "job" | "strategy" => true,
        "github" => !rest.to_ascii_lowercase().starts_with("event"),
        _ => false,
    };
    !(plain && none)
}

#[cfg(test)]
mod tests {
    use super::secret_names;

    #[test]
    fn the_platform_token_is_no_stored_secret() {
        assert_eq!(secret_names("secrets.NPM_TOKEN || secrets.GITHUB_TOKEN"), ["NPM_TOKEN"]);
        assert_eq!(secret_names("toJSON(secrets)"), ["secrets"]);
        assert_eq!(secret_names("secrets[format('{0}_TOKEN', matrix.os)] || secrets.*"), ["secrets", "secrets"]);
        assert!(secret_names("contains(github.event.head_commit.message, 'secrets')").is_empty());
        assert_eq!(secret_names("secrets['A'] && needs.x.outputs.secrets.B"), ["A"]);
    }
}
