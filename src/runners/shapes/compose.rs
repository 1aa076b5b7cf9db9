//! Agents as services of a compose file.
//!
//! The name of the file says nothing; a service is a runner by its image, by its own Dockerfile, or by the variables
//! that register it.
//! Source: <https://docs.docker.com/reference/compose-file/services/>

use std::cell::OnceCell;
use std::sync::Arc;

use super::scale_set::helm::{commands, scripts};
use crate::model::{Location, RunnerPool};
use crate::runners::facts::container::Variable;
use crate::runners::facts::docker::{self, Mount, Run};
use crate::runners::verdict::container::on_host;
use crate::runners::{File, is_open, is_strong_capability};
use crate::syntax::yaml::Node;

const RULE: &str = "compose-runner";

/// The pools of a file.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let mut found = Vec::new();
    let over = OnceCell::new();
    if !file.text.contains("services:") {
        return found;
    }
    for document in file.documents() {
        let root = document.root();
        let Some(services) = root.get("services").filter(|s| s.is_mapping()) else { continue };
        for (key, service) in services.entries() {
            if !service.is_mapping() {
                continue;
            }
            let (mut run, mut build) = (run(file, key, service), build(service));
            let Some(pool) = on_host(&run, build.clone(), file, RULE) else { continue };
            let over = over.get_or_init(|| laid_over(file));
            let name = key.as_str().unwrap_or_default();
            let said = over.iter().map(|layer| lay(name, layer, file, &mut run, &mut build)).fold(false, |a, b| a | b);
            found.push(if said { on_host(&run, build, file, RULE).unwrap_or(pool) } else { pool });
        }
    }
    found
}

/// Files of compose that one call reads.
const MOST_LAYERS: usize = 16;

/// A file that a call lays over another one, or the place that names it where it is not there.
type Layer = Result<(Arc<str>, Arc<str>), Location>;

/// The files that are laid over this one: the one that compose takes without a word, and those that commands name behind
/// it. Source: <https://docs.docker.com/compose/how-tos/multiple-compose-files/merge/>
fn laid_over(file: &File<'_>) -> Vec<Layer> {
    let own: &str = file.path;
    let base = own.rsplit('/').next().unwrap_or(own);
    let mut found: Vec<Layer> = Vec::new();
    if let Some(stem @ ("compose" | "docker-compose")) = base.rsplit_once('.').map(|(stem, _)| stem) {
        let over = ["yml", "yaml"].map(|ending| format!("{stem}.override.{ending}"));
        found.extend(over.iter().find_map(|name| file.sibling(name)).map(Ok));
    }
    for (path, text) in scripts(file, base) {
        let script = File::new(path, &text, file.checkout);
        for (line, number) in commands(&text, base).into_iter().filter(|(line, _)| line.contains("compose")) {
            let words: Vec<&str> = line.split_whitespace().map(|w| w.trim_matches(['"', '\''])).collect();
            let named = words.iter().enumerate().filter_map(|(at, word)| match word.strip_prefix("--file=") {
                Some(name) => Some(name),
                None => words.get(at + 1).copied().filter(|_| matches!(*word, "-f" | "--file")),
            });
            let mut named = named.skip_while(|name| !is_same(&script, name, own)).skip(1).peekable();
            let place = Location { path: Arc::clone(path), line: number, column: 1, end_line: number, end_column: 2 };
            while let Some(name) = named.next().filter(|_| found.len() < MOST_LAYERS) {
                found.push(script.sibling(name).or_else(|| script.at_root(name)).ok_or_else(|| place.clone()));
            }
        }
    }
    found
}

/// Whether a command of a script may name a file in this way.
fn is_same(script: &File<'_>, name: &str, own: &str) -> bool {
    let plain = name.trim_start_matches("./");
    let read = script.sibling(plain).or_else(|| script.at_root(plain));
    read.map_or_else(|| own.ends_with(plain), |(path, _)| *path == *own)
}

/// Lays what a file says of a service over what is known of it, and tells whether it says anything.
fn lay(
    name: &str,
    layer: &Layer,
    file: &File<'_>,
    run: &mut Run,
    build: &mut Option<(String, Option<String>)>,
) -> bool {
    let (path, text) = match layer {
        Ok(layer) => layer,
        Err(place) => {
            run.bulk = Some(place.clone());
            return true;
        }
    };
    let layer = File::new(path, text, file.checkout);
    let Some(root) = layer.documents().first().map(|document| document.root()) else { return false };
    let services = root.get("services").into_iter().flat_map(|services| services.entries());
    let Some((key, service)) = services.into_iter().find(|(key, _)| key.as_str() == Some(name)) else { return false };
    let over = self::run(&layer, key, service);
    if !over.image.is_empty() {
        run.image = over.image;
    }
    if !over.command.is_empty() {
        run.command = over.command;
    }
    run.variables.extend(over.variables);
    run.mounts.extend(over.mounts);
    run.reach.extend(over.reach);
    run.restart = over.restart.or(run.restart.take());
    run.bulk = over.bulk.or(run.bulk.take());
    *build = self::build(service).or(build.take());
    true
}

fn run(file: &File<'_>, key: Node<'_>, service: Node<'_>) -> Run {
    let word = |key: &str| service.get(key).and_then(|n| n.as_str());
    let mut run = Run::new(&file.at(key));
    run.name = key.as_str().map(str::to_owned);
    run.image = word("image").map(with_default).unwrap_or_default();
    run.platform = word("platform").map(str::to_owned);
    run.command = words(service.get("entrypoint")).into_iter().chain(words(service.get("command"))).collect();
    if let Some(environment) = service.get("environment") {
        if environment.is_sequence() {
            for item in environment.items() {
                let mut variable = docker::variable(item.as_str().unwrap_or_default(), &file.at(item));
                variable.value = variable.value.map(|v| with_default(&v));
                run.variables.push(variable);
            }
        } else {
            for (name, value) in environment.entries() {
                run.variables.push(Variable {
                    name: name.as_str().unwrap_or_default().to_owned(),
                    value: value.as_str().map(with_default),
                    at: Location { end_line: file.at(value).end_line, ..file.at(name) },
                });
            }
        }
    }
    if let Some(env_file) = service.get("env_file") {
        run.bulk = Some(file.at(env_file));
        env_files(file, env_file, &mut run);
    }
    for volume in service.get("volumes").into_iter().flat_map(|v| v.items()) {
        let at = file.at(volume);
        if let Some(text) = volume.as_str() {
            run.mounts.extend(Mount::parse(&with_default(text), &at));
        } else if let Some(source) = volume.get("source").and_then(|s| s.as_str()) {
            let read_only = volume.get("read_only").and_then(|r| r.as_bool()) == Some(true);
            run.mounts.push(Mount { source: source.to_owned(), read_only, location: at });
        }
    }
    if let Some(node) = service.get("privileged").filter(|n| n.as_bool() == Some(true)) {
        run.reach.push((file.at(node), "the container is privileged".to_owned()));
    }
    for key in ["network_mode", "pid", "ipc", "userns_mode", "uts"] {
        if let Some(node) = service.get(key).filter(|n| n.as_str() == Some("host")) {
            run.reach.push((file.at(node), "the container shares a namespace of the host".to_owned()));
        }
    }
    for added in service.get("cap_add").into_iter().flat_map(|c| c.items()) {
        if added.as_str().is_some_and(is_strong_capability) {
            run.reach.push((file.at(added), "the container holds a capability that amounts to the host".to_owned()));
        }
    }
    for option in service.get("security_opt").into_iter().flat_map(|c| c.items()) {
        if option.as_str().is_some_and(|o| o.contains("unconfined") || o == "label:disable" || o == "label=disable") {
            run.reach.push((file.at(option), "the container is not confined".to_owned()));
        }
    }
    if let Some(node) = service.get("restart")
        && let Some(policy) = node.as_str().filter(|p| *p != "no")
        && node.as_bool() != Some(false)
    {
        run.restart = Some((policy.to_owned(), file.at(node)));
    }
    run
}

fn build(service: Node<'_>) -> Option<(String, Option<String>)> {
    let build = service.get("build")?;
    if let Some(folder) = build.as_str() {
        return Some((folder.to_owned(), None));
    }
    let word = |key: &str| build.get(key).and_then(|n| n.as_str()).map(str::to_owned);
    Some((word("context").unwrap_or_else(|| ".".to_owned()), word("dockerfile")))
}

/// Variables of files that the checkout holds.
fn env_files(file: &File<'_>, node: Node<'_>, run: &mut Run) {
    let names: Vec<&str> = match node.as_str() {
        Some(name) => vec![name],
        None => node.items().filter_map(|i| i.as_str().or_else(|| i.get("path").and_then(|p| p.as_str()))).collect(),
    };
    let mut all = true;
    for name in names {
        let Some((path, text)) = file.sibling(name) else {
            all = false;
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let at = u32::try_from(number + 1).unwrap_or(u32::MAX);
            let end_column = u32::try_from(line.len() + 1).unwrap_or(u32::MAX);
            let location = Location { path: path.clone(), line: at, column: 1, end_line: at, end_column };
            let mut variable = docker::variable(line, &location);
            variable.value = variable.value.map(|v| with_default(&v));
            // What the service sets itself wins.
            run.variables.insert(0, variable);
        }
    }
    if all {
        run.bulk = None;
    }
}

/// A value whose variable has a default that the file shows.
fn with_default(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        out.push_str(before);
        let Some((raw, tail)) = from.split_once('}') else {
            out.push_str("${");
            out.push_str(from);
            return out;
        };
        match raw.split_once(":-").or_else(|| raw.split_once('-')) {
            Some((_, default)) if !default.is_empty() && !is_open(default) => out.push_str(default),
            _ => {
                out.push_str("${");
                out.push_str(raw);
                out.push('}');
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn words(node: Option<Node<'_>>) -> Vec<String> {
    match node {
        Some(n) if n.is_sequence() => n.items().filter_map(|i| i.as_str().map(str::to_owned)).collect(),
        Some(n) => n.as_str().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    }
}
