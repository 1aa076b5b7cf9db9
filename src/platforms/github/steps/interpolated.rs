//! Expressions inside the code of a step, whose values become part of what runs.

use crate::commands::matching::runs_of;
use crate::model::{Location, Span};
use crate::platforms::github::expression::expressions;
use crate::platforms::github::source::Source;
use crate::syntax::yaml::Node;

/// The expressions inside the code of a step whose values are not the platform's own. Truth values and numbers that a
/// workflow declares as such carry no code.
pub(super) fn interpolated(
    source: &Source,
    uses: Option<&str>,
    with: Option<Node<'_>>,
    run: Option<Node<'_>>,
) -> Vec<(String, Location)> {
    let input = |name: &String| with.and_then(|with| with.get(name));
    let action = uses.and_then(|action| action.split('@').next());
    let entries = action.into_iter().flat_map(runs_of);
    let code = entries.flat_map(|r| &r.inputs).filter_map(input).chain(run);
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
    let part = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'_' | b'-' | b'.');
    code.flat_map(move |piece| piece.split(move |c: char| c.is_ascii() && !part(c as u8))).filter(|word| {
        let head = word.split_once('.').map_or(*word, |(head, _)| head);
        ALL.iter().any(|context| head.eq_ignore_ascii_case(context))
    })
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
        Some(("steps", path)) => !path.rsplit_once(".outputs.").is_some_and(|(_, name)| MADE.contains(&name)),
        Some(("github", _)) => !OWN.contains(&context.as_str()),
        Some(("inputs", name)) => !plain(name),
        _ => true,
    }
}
