//! What the text of a job names besides its steps: secrets, external parameters, the reach of its container.

use super::expression::{expressions, interpolate};
use super::scope::Scope;
use super::source::Source;
use super::value::Value;
use crate::model::{Job, Parameter, SecretUse};
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

/// Collects secrets, parameters and the container's reach of a job.
pub(super) fn job(job: &mut Job, source: &Source, node: Node<'_>, workflow_env: Option<Node<'_>>, scope: &Scope<'_>) {
    let mut seen = |node: Node<'_>, receiver: Option<&str>, action: Option<&str>, step: Option<usize>| {
        scan(job_parts(job), source, node, Named { receiver, action, step }, scope, 0);
    };
    if let Some(env) = workflow_env {
        seen(env, None, None, None);
    }
    for key in ["env", "with", "secrets", "container", "services"] {
        if let Some(part) = node.get(key) {
            seen(part, None, None, None);
        }
    }
    if let Some(steps) = node.get("steps") {
        for (at, step) in steps.items().enumerate() {
            let action = step.get("uses").and_then(|n| n.as_str()).map(|s| s.split('@').next().unwrap_or(s));
            for key in ["env", "with", "run"] {
                if let Some(part) = step.get(key) {
                    seen(part, None, action, Some(at));
                }
            }
        }
    }
    let Some(container) = node.get("container") else { return };
    let mut reach = |node: Node<'_>| {
        let text = node.as_str().unwrap_or_default();
        for sign in ["--privileged", "docker.sock", "containerd.sock", "podman.sock", "--pid=host", "--network=host"] {
            if text.contains(sign) {
                job.container_reach.push((sign.to_owned(), source.at(node.span())));
            }
        }
    };
    if let Some(options) = container.get("options") {
        reach(options);
    }
    if let Some(volumes) = container.get("volumes") {
        volumes.items().for_each(&mut reach);
    }
}

/// The two lists that scanning fills.
struct Parts<'j> {
    secrets: &'j mut Vec<SecretUse>,
    parameters: &'j mut Vec<Parameter>,
}

fn job_parts(job: &mut Job) -> Parts<'_> {
    Parts { secrets: &mut job.secrets, parameters: &mut job.parameters }
}

#[derive(Clone, Copy)]
struct Named<'n> {
    receiver: Option<&'n str>,
    action: Option<&'n str>,
    step: Option<usize>,
}

fn scan(parts: Parts<'_>, source: &Source, node: Node<'_>, named: Named<'_>, scope: &Scope<'_>, depth: usize) {
    if depth > DEEPEST_VALUE {
        return;
    }
    let Parts { secrets, parameters } = parts;
    if node.is_mapping() {
        for (key, value) in node.entries() {
            let named = Named { receiver: key.as_str(), ..named };
            scan(Parts { secrets, parameters }, source, value, named, scope, depth + 1);
        }
    } else if node.is_sequence() {
        for item in node.items() {
            scan(Parts { secrets, parameters }, source, item, named, scope, depth + 1);
        }
    } else if let Some(text) = node.as_str() {
        if named.receiver == Some("secrets") && text == "inherit" {
            return;
        }
        for (range, inner) in expressions(text) {
            let mut span = crate::model::Span { start: node.at(range.start), end: node.at(range.end) };
            if span.end < span.start {
                span.end = span.start;
            }
            let location = source.at(span);
            for name in secret_names(inner) {
                let found = SecretUse {
                    name,
                    receiver: named.receiver.map(str::to_owned),
                    action: named.action.map(|a| a.to_ascii_lowercase()),
                    location: location.clone(),
                    step: named.step,
                };
                if !secrets.contains(&found) {
                    secrets.push(found);
                }
            }
            let value = super::expression::evaluate(inner, scope).text();
            for symbol in value.symbols().flat_map(external) {
                let found = Parameter { symbol, location: location.clone(), step: named.step };
                if !parameters.contains(&found) {
                    parameters.push(found);
                }
            }
        }
    }
}

/// Names behind `secrets.` or in `secrets['...']`.
fn secret_names(expression: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in expression.match_indices("secrets") {
        let before = expression.get(..at).and_then(|s| s.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
            continue;
        }
        let rest = expression.get(at + "secrets".len()..).unwrap_or_default().trim_start();
        let name: String = match rest.strip_prefix('.') {
            Some(name) => {
                name.trim_start().chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect()
            }
            None => match rest.strip_prefix("['") {
                Some(name) => name.chars().take_while(|c| *c != '\'').collect(),
                None => continue,
            },
        };
        if !name.is_empty() && !name.eq_ignore_ascii_case("github_token") {
            names.push(name);
        }
    }
    names
}

/// External parameters inside a symbol: values that the repository's content does not determine.
fn external(symbol: &str) -> Vec<String> {
    const SOURCES: &[&str] = &[
        "inputs.",
        "vars.",
        "github.event.client_payload",
        "github.event.release.",
        "github.event.comment.",
        "github.event.issue.",
    ];
    let mut found = Vec::new();
    // Most symbols are one member of a context.
    let plain = symbol.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    for source in SOURCES {
        if plain && !symbol.starts_with(source) {
            continue;
        }
        for (at, _) in symbol.match_indices(source) {
            let before = symbol.get(..at).and_then(|s| s.chars().next_back());
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
                continue;
            }
            let name: String = symbol
                .get(at..)
                .unwrap_or_default()
                .chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))
                .collect();
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{external, secret_names};

    #[test]
    fn the_platform_token_is_no_stored_secret() {
        assert_eq!(secret_names("secrets.NPM_TOKEN || secrets.GITHUB_TOKEN"), ["NPM_TOKEN"]);
        assert_eq!(secret_names("secrets['A'] && needs.x.outputs.secrets.B"), ["A"]);
    }

    #[test]
    fn parameters_are_found_inside_larger_symbols() {
        assert_eq!(external("format('{0}', inputs.version) == vars.X"), ["inputs.version", "vars.X"]);
        assert!(external("jobs.build.steps.inputs.outputs.vars").is_empty());
    }
}
