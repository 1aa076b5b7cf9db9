//! Actions that are programs: what their code publishes, as far as it starts other programs with literal words.
//!
//! The entry files of a JavaScript action are read like any script of the checkout; of an action that runs in a
//! container, the steps of its image and its entry point. Only publications count, and that a program calls the library of
//! the cache action: what else the code does, and under which condition, nothing shows. Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax>

use std::sync::Arc;

use super::Lowering;
use super::expression::interpolate;
use super::scope::{Inputs, Scope};
use super::steps::{definition, platform_variable, symbols};
use super::value::Value;
use crate::commands::{Choices, IDENTITY, Reading, publications};
use crate::model::{Command, Hop, Step, StepBody, Text};
use crate::syntax::yaml::Node;

/// The inputs of an action: what the step gives it, and its defaults.
pub(super) fn bound(root: Node<'_>, step: Node<'_>, scope: &Scope<'_>) -> Vec<(String, Value)> {
    let mut bound: Vec<(String, Value)> = Vec::new();
    if let Some(with) = step.get("with") {
        for (key, value) in with.entries() {
            if let Some(name) = key.as_str() {
                bound.push((name.to_owned(), interpolate(value.as_str().unwrap_or_default(), scope).written()));
            }
        }
    }
    if let Some(declared) = root.get("inputs") {
        for (key, input) in declared.entries() {
            let Some(name) = key.as_str() else { continue };
            if !bound.iter().any(|(k, _)| k.eq_ignore_ascii_case(name)) {
                let default = input.get("default").and_then(|d| d.as_str()).unwrap_or_default();
                bound.push((name.to_owned(), interpolate(default, scope).written()));
            }
        }
    }
    bound
}

/// Whether an action is a program that is not in the checkout: what it does is not seen.
pub(super) fn is_unseen(lowering: &Lowering<'_>, folder: &str, runs: Option<Node<'_>>) -> bool {
    let program = runs.filter(|runs| runs.get("using").and_then(|n| n.as_str()).is_some_and(|u| u.starts_with("node")));
    let main = program.and_then(|runs| runs.get("main")).and_then(|main| main.as_str());
    main.is_some_and(|main| !lowering.sources.checkout().is_there(below(folder, main).trim_start_matches('/')))
}

/// The path of a file of an action.
fn below(folder: &str, file: &str) -> String {
    format!("{}/{}", folder.trim_end_matches('/'), file.trim_start_matches("./"))
}

/// A step for what the program behind an action publishes; `None` when nothing shows that it publishes.
pub(super) fn of_action(
    lowering: &Lowering<'_>,
    folder: &str,
    hop: Hop,
    node: Node<'_>,
    scope: &Scope<'_>,
    step: &Step,
) -> Option<Step> {
    let source = lowering.sources.load(&definition(lowering, folder)?).ok()?;
    let root = source.root()?;
    let runs = root.get("runs")?;
    let values = Inputs::Bound(bound(root, node, scope));
    let within = scope.of_action(&values, folder);
    let text = |key: &str| runs.get(key).and_then(|n| n.as_str());
    let below = |file: &str| below(folder, file);
    let mut lines: Vec<String> = Vec::new();
    if text("using")?.starts_with("node") {
        let entries = ["pre", "main", "post"].into_iter().filter_map(text);
        let entries: Vec<String> = entries.map(below).collect();
        lines.extend(entries.iter().any(|file| restores(lowering, file)).then(|| CACHE.to_owned()));
        lines.extend(entries.iter().map(|file| format!("node {}", quoted(file))));
    } else {
        let image = text("image")?;
        let image = match image.strip_prefix("docker://") {
            Some(image) => image.to_owned(),
            None => {
                let file = below(image);
                let context = file.rsplit_once('/').map_or(".", |(context, _)| context);
                lines.push(format!("docker build -t {IMAGE} -f {} {}", quoted(&file), quoted(context)));
                IMAGE.to_owned()
            }
        };
        let arguments: Vec<Text> = runs
            .get("args")
            .into_iter()
            .flat_map(|args| args.items())
            .map(|a| interpolate(a.as_str().unwrap_or_default(), &within).text())
            .collect();
        let entries: Vec<&str> =
            ["pre-entrypoint", "entrypoint", "post-entrypoint"].into_iter().filter_map(text).collect();
        if text("entrypoint").is_none() {
            lines.push(contained(&image, None, &arguments));
        }
        lines.extend(entries.into_iter().map(|entry| contained(&image, Some(entry), &arguments)));
    }
    published(lowering, &lines.join("\n"), Some(hop), &within, step)
}

/// A step for what the image of a `docker://` step publishes.
pub(super) fn of_image(
    lowering: &Lowering<'_>,
    image: &str,
    node: Node<'_>,
    scope: &Scope<'_>,
    step: &Step,
) -> Option<Step> {
    let with = |key: &str| node.get("with")?.get(key)?.as_str().map(|value| interpolate(value, scope).text());
    let arguments = with("args").map(|args| args.items(&[' ', '\t'])).unwrap_or_default();
    let entry = with("entrypoint");
    let line = contained(image, entry.as_ref().map(Text::as_str), &arguments);
    published(lowering, &line, None, scope, step)
}

/// The function of `@actions/cache` that restores. Source: <https://github.com/actions/toolkit/tree/main/packages/cache>
const RESTORES: &str = "restoreCache";

/// The command that stands for its call.
const CACHE: &str = "action:cache";

/// Whether a program names that function.
fn restores(lowering: &Lowering<'_>, file: &str) -> bool {
    if let Some(known) = lowering.restoring.borrow().get(file) {
        return *known;
    }
    let program = lowering.sources.checkout().read(file.trim_start_matches('/'));
    let restores = program.is_ok_and(|program| program.contains(RESTORES));
    lowering.restoring.borrow_mut().insert(file.to_owned(), restores);
    restores
}

/// What the image of an action is called here.
const IMAGE: &str = "action-image";

/// A container of an action gets the identity of the job.
fn contained(image: &str, entry: Option<&str>, arguments: &[Text]) -> String {
    let entry = entry.map(|e| format!(" --entrypoint {}", quoted(e))).unwrap_or_default();
    let words: String = arguments.iter().map(|a| format!(" {}", quoted(a.as_str()))).collect();
    format!("docker run -e {IDENTITY}{entry} {}{words}", quoted(image))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn published(lowering: &Lowering<'_>, text: &str, hop: Option<Hop>, scope: &Scope<'_>, step: &Step) -> Option<Step> {
    let chain: Vec<Hop> = step.chain.iter().cloned().chain(hop).collect();
    let script = lowering.scripts.read(&Reading {
        text,
        shell: "sh",
        holes: &symbols(text),
        env: &step.env,
        platform: &|name| platform_variable(name, scope),
        folder: Text::default(),
        locate: &|_, _| step.location.clone(),
        chain: &chain,
        choices: Choices::default(),
    });
    let is_cache = |command: &&Command| command.words.first().is_some_and(|word| word.as_str() == CACHE);
    let cache = script.commands.iter().find(is_cache).cloned();
    let mut script = publications(script);
    script.commands.extend(cache);
    let nothing = script.commands.is_empty() && script.unread.is_empty();
    (!nothing).then(|| Step { id: None, body: StepBody::Script(Arc::new(script)), chain, ..step.clone() })
}
