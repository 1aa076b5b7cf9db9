//! `docker buildx bake`: its files say which images are built and pushed, and with which attestations and caches.
//!
//! Every target that is pushed becomes an implied command, `bake:push OPTIONS IMAGE...`; one that is only built and takes
//! layers from elsewhere `bake:build --cache-from=SOURCE`.
//! Source: <https://docs.docker.com/build/bake/reference/>

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Call, Entered, Implied};
use crate::commands::matches;
use crate::model::{Bound, Location, Text, Unread};
use crate::syntax::conf::{self, Block, Data, Names, Value};
use crate::syntax::pattern;

/// Targets and groups, one in another.
const DEEPEST: usize = 16;
/// Definitions that one target inherits from.
const MOST_STEPS: usize = 2_000;
/// Targets of one command, those of a matrix included.
const MOST_TARGETS: usize = 200;
/// Files that are read when none is named, in this order; later ones change earlier ones.
const FILES: &[&str] = &[
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "docker-bake.json",
    "docker-bake.hcl",
    "docker-bake.override.json",
    "docker-bake.override.hcl",
];
/// The target that the metadata action's file defines unless it is told another name.
const METADATA: &str = "docker-metadata-action";

/// A value and its place.
type Written = (String, Location);

#[derive(Debug, Default, Clone)]
struct Target {
    name: String,
    at: Option<Location>,
    inherits: Vec<String>,
    tags: Option<Vec<Written>>,
    outputs: Option<Vec<Written>>,
    attests: Option<Vec<Written>>,
    caches: Option<Vec<Written>>,
}

impl Target {
    /// Takes over what another definition sets.
    fn take(&mut self, other: &Target) {
        let set = |mine: &mut Option<Vec<Written>>, theirs: &Option<Vec<Written>>| {
            if theirs.is_some() {
                mine.clone_from(theirs);
            }
        };
        set(&mut self.tags, &other.tags);
        set(&mut self.outputs, &other.outputs);
        set(&mut self.attests, &other.attests);
        set(&mut self.caches, &other.caches);
    }
}

/// What the files define.
#[derive(Default)]
struct Definition {
    targets: Vec<Target>,
    groups: Vec<(String, Vec<String>)>,
    /// The metadata action's file, which a run writes.
    metadata: Option<String>,
    unread: Option<Unread>,
}

/// What the command line says.
#[derive(Default)]
struct Line<'a> {
    files: Vec<&'a str>,
    targets: Vec<&'a str>,
    overrides: Vec<(&'a str, &'a str, &'a str)>,
    push: Option<&'a str>,
    load: bool,
    no_cache: bool,
    attests: Vec<&'a str>,
    variables: Vec<(&'a str, &'a str)>,
}

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if !call.words.iter().any(|w| matches!(w.as_str(), "bake" | "f")) {
        return None;
    }
    let at = ["docker buildx bake|f", "docker bake", "depot bake"].iter().find_map(|p| matches(p, call.words))?;
    let line = line(call.words.get(at..).unwrap_or_default())?;
    let mut entered = Entered { what: "docker buildx bake".to_owned(), ..Entered::default() };
    let mut definition = read(call, &line);
    let chosen: Vec<&str> = if line.targets.is_empty() { vec!["default"] } else { line.targets.clone() };
    let mut names: Vec<String> = Vec::new();
    for name in chosen {
        let before = names.len();
        members(&definition, name, 0, &mut names);
        if names.len() == before && name.contains("${{") {
            // Any of them.
            names.extend(definition.targets.iter().map(|t| t.name.clone()).take(MOST_TARGETS + 1));
        }
        if names.len() == before && definition.unread.is_none() {
            definition.unread = Some(Unread::Absent(format!("bake target `{name}` in the checkout")));
        }
    }
    let mut seen = BTreeSet::new();
    names.retain(|n| seen.insert(n.clone()));
    if names.len() > MOST_TARGETS {
        names.truncate(MOST_TARGETS);
        definition.unread = Some(Bound::Followed(MOST_TARGETS, "bake targets").into());
    }
    let mut pushed = false;
    for name in &names {
        let mut resolved = Target { name: name.clone(), ..Target::default() };
        let mut chain = Chain { names: BTreeSet::new(), open: Vec::new(), left: MOST_STEPS };
        resolve(&definition, name, &mut resolved, &mut chain);
        if chain.left == 0 {
            definition.unread = Some(Bound::Inheritance(MOST_STEPS).into());
        }
        let chain = chain.names;
        overridden(&line, &mut resolved);
        if line.no_cache {
            resolved.caches = None;
        }
        match implied(&line, &definition, &resolved, &chain) {
            Some(implied) => {
                pushed = true;
                entered.implied.push(implied);
            }
            None => entered.implied.extend(cached(&resolved)),
        }
    }
    let pushes = line.push.is_some_and(|p| p != "false");
    if let Some(why) = definition.unread {
        // What a run would push stands in a file that nobody can read.
        if names.is_empty() && pushes {
            let image = line.targets.first().map_or_else(|| "image".to_owned(), |t| unknown(t));
            let words = ["bake:unread", &image].map(Text::from).to_vec();
            entered.implied.push(Implied { words, location: None });
        } else if pushes || pushed {
            entered.unread = Some(Unread::Unshown(Box::new(why)));
        } else {
            entered.unread = Some(why);
        }
    }
    Some(entered)
}

/// Reads the command line; `None` when nothing is built.
fn line(words: &[Text]) -> Option<Line<'_>> {
    let mut line = Line::default();
    let mut rest = words.iter().map(Text::as_str);
    while let Some(word) = rest.next() {
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) if name.starts_with('-') => (name, Some(value)),
            _ => (word, None),
        };
        match name {
            "--print" | "--check" | "--list" | "--list-targets" | "--list-variables" | "--help" | "-h" => return None,
            "--push" => line.push = Some(attached.unwrap_or("true")),
            "--load" => line.load = attached != Some("false"),
            "--no-cache" => line.no_cache = attached != Some("false"),
            "--pull" | "--debug" | "-D" | "--save" | "--lint" => {}
            "-f" | "--file" => line.files.push(attached.or_else(|| rest.next())?),
            "--set" => {
                let value = attached.or_else(|| rest.next())?;
                let (target, rest) = value.split_once('.')?;
                let (key, value) = rest.split_once('=')?;
                line.overrides.push((target, key, value));
            }
            "--provenance" | "--sbom" => {
                let value = attached.or_else(|| rest.next())?;
                if name == "--provenance" {
                    line.attests.push(value);
                }
            }
            "--var" => {
                let value = attached.or_else(|| rest.next())?;
                line.variables.extend(value.split_once('='));
            }
            "--call" => {
                if attached.or_else(|| rest.next())? != "build" {
                    return None;
                }
            }
            _ if name.starts_with('-') => {
                if attached.is_none() {
                    rest.next();
                }
            }
            _ => line.targets.push(word),
        }
    }
    Some(line)
}

/// The definitions of all files.
fn read(call: &Call<'_>, line: &Line<'_>) -> Definition {
    let mut definition = Definition::default();
    let mut files: Vec<String> = Vec::new();
    for named in &line.files {
        for part in named.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            if part.contains("bake-file") && part.contains("${{") {
                definition.metadata = Some(part.to_owned());
            } else if part.contains("${{") {
                definition.unread = Some(Unread::Refused("the bake file has a name that only a run tells".to_owned()));
            } else {
                files.push(call.path(part.trim_start_matches("cwd://")));
            }
        }
    }
    if line.files.is_empty() {
        let own = call.variable("BUILDX_BAKE_FILE");
        match own {
            Some(own) => files.push(call.path(own.as_str())),
            None => files.extend(FILES.iter().map(|f| call.path(f)).filter(|p| call.checkout.is_there(p))),
        }
    }
    if files.is_empty() && definition.unread.is_none() {
        definition.unread = Some(Unread::Refused("there is no bake file in the checkout".to_owned()));
    }
    for path in files {
        let text = match call.checkout.read(&path) {
            Ok(text) => text,
            Err(_) => {
                definition.unread = Some(Unread::Refused(format!("the bake file `{path}` is not in the checkout")));
                continue;
            }
        };
        let path: Arc<str> = Arc::from(path.as_str());
        let known = if path.ends_with(".hcl") {
            of_hcl(call, line, &path, &text, &mut definition)
        } else {
            of_data(call, line, &path, &text, &mut definition)
        };
        if known.is_none() {
            call.refuse(&path, None, "it is no bake file that can be read".to_owned());
            definition.unread = Some(Unread::Refused(format!("{path} is no bake file that can be read")));
        }
    }
    definition
}

/// The variables of a file: set on the command line or in the environment, else their default.
struct Variables<'a> {
    call: &'a Call<'a>,
    given: &'a [(&'a str, &'a str)],
    defaults: Vec<(String, Value)>,
    /// The values of one combination of a matrix.
    combination: Vec<(String, Value)>,
}

impl Variables<'_> {
    fn outer(&self, name: &str) -> Option<String> {
        let given = self.given.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        given.or_else(|| self.call.variable(name).map(|v| v.as_str().to_owned()))
    }
}

impl Names for Variables<'_> {
    fn name(&self, _: &str, _: &str) -> Option<Value> {
        None
    }

    fn variable(&self, name: &str) -> Option<Value> {
        if let Some((_, value)) = self.combination.iter().find(|(n, _)| n == name) {
            return Some(value.clone());
        }
        let (_, default) = self.defaults.iter().rev().find(|(n, _)| n == name)?;
        match self.outer(name) {
            Some(text) => Some(Value { data: Data::Text { text, exact: true }, ..default.clone() }),
            None => Some(default.clone()),
        }
    }
}

fn of_hcl(call: &Call<'_>, line: &Line<'_>, path: &Arc<str>, text: &str, definition: &mut Definition) -> Option<()> {
    let mut variables = Variables { call, given: &line.variables, defaults: Vec::new(), combination: Vec::new() };
    // Defaults may name other variables: each pass resolves one more level.
    for _ in 0..4 {
        let (blocks, entries) = conf::hcl(path, text, &variables)?;
        let mut defaults: Vec<(String, Value)> = entries.into_iter().map(|e| (e.key, e.value)).collect();
        for block in blocks.into_iter().filter(|b| b.kind == "variable") {
            let Some(name) = block.labels.first().cloned() else { continue };
            let empty = Data::Text { text: String::new(), exact: true };
            let value = match block.value.get("default") {
                Some(value) if !value.is_null() => value.clone(),
                _ => Value { data: empty, ..block.value.clone() },
            };
            defaults.push((name, value));
        }
        let settled = defaults == variables.defaults;
        variables.defaults = defaults;
        if settled {
            break;
        }
    }
    let (blocks, _) = conf::hcl(path, text, &variables)?;
    let mut made = 0;
    for (at, block) in blocks.iter().enumerate() {
        let Some(name) = block.labels.first() else { continue };
        match block.kind.as_str() {
            "group" => {
                let members = block.value.get("targets").map(strings).unwrap_or_default();
                definition.groups.push((name.clone(), members.into_iter().map(|(m, _)| m).collect()));
            }
            "target" => match block.value.get("matrix") {
                None => definition.targets.push(target(name, block)),
                Some(matrix) => {
                    let mut names = Vec::new();
                    let Some(combinations) = combinations(matrix) else {
                        definition.unread =
                            Some(Unread::Refused(format!("the matrix of the bake target `{name}` is computed")));
                        continue;
                    };
                    for combination in combinations {
                        made += 1;
                        if made > MOST_TARGETS {
                            definition.unread = Some(Bound::Followed(MOST_TARGETS, "bake targets").into());
                            break;
                        }
                        variables.combination = combination;
                        let (again, _) = conf::hcl(path, text, &variables)?;
                        let Some(block) = again.get(at) else { continue };
                        let own = block.value.get("name").and_then(Value::shown).unwrap_or(name).to_owned();
                        definition.targets.push(target(&own, block));
                        names.push(own);
                    }
                    variables.combination.clear();
                    definition.groups.push((name.clone(), names));
                }
            },
            _ => {}
        }
    }
    Some(())
}

/// Every combination of a matrix; `None` when it is not visible.
fn combinations(matrix: &Value) -> Option<Vec<Vec<(String, Value)>>> {
    let mut all: Vec<Vec<(String, Value)>> = vec![Vec::new()];
    for entry in matrix.entries() {
        let items = match &entry.value.data {
            Data::List(items) => items,
            _ => return None,
        };
        if all.len().saturating_mul(items.len()) > MOST_TARGETS {
            return None;
        }
        let extended = |one: &Vec<(String, Value)>, item: &Value| {
            let mut one = one.clone();
            one.push((entry.key.clone(), item.clone()));
            one
        };
        all = all.iter().flat_map(|one| items.iter().map(move |item| extended(one, item))).collect();
    }
    (!matrix.entries().is_empty()).then_some(all)
}

fn target(name: &str, block: &Block) -> Target {
    let list = |key: &str| block.value.get(key).map(strings);
    Target {
        name: name.to_owned(),
        at: Some(block.value.at.clone()),
        inherits: list("inherits").unwrap_or_default().into_iter().map(|(n, _)| n).collect(),
        tags: list("tags"),
        outputs: list("output"),
        attests: list("attest"),
        caches: list("cache-from"),
    }
}

/// A bake file in JSON, or a compose file.
fn of_data(call: &Call<'_>, line: &Line<'_>, path: &Arc<str>, text: &str, definition: &mut Definition) -> Option<()> {
    let documents = conf::yaml(path, text)?;
    let root = documents.first()?;
    let mut variables = Variables { call, given: &line.variables, defaults: Vec::new(), combination: Vec::new() };
    for entry in root.get("variable").map(Value::entries).unwrap_or_default() {
        if let Some(default) = entry.value.path(&["default"]) {
            variables.defaults.push((entry.key.clone(), default.clone()));
        }
    }
    let list = |value: Option<&Value>| -> Option<Vec<Written>> {
        let list = strings(value?);
        Some(list.into_iter().map(|(text, at)| (interpolated(&text, &variables), at)).collect())
    };
    for entry in root.get("group").map(Value::entries).unwrap_or_default() {
        let members = list(entry.value.path(&["targets"])).unwrap_or_default();
        definition.groups.push((entry.key.clone(), members.into_iter().map(|(m, _)| m).collect()));
    }
    for entry in root.get("target").map(Value::entries).unwrap_or_default() {
        let get = |key: &str| list(entry.value.path(&[key]));
        definition.targets.push(Target {
            name: entry.key.clone(),
            at: Some(entry.at.clone()),
            inherits: get("inherits").unwrap_or_default().into_iter().map(|(n, _)| n).collect(),
            tags: get("tags"),
            outputs: get("output"),
            attests: get("attest"),
            caches: get("cache-from"),
        });
    }
    let mut services: Vec<String> = Vec::new();
    for entry in root.get("services").map(Value::entries).unwrap_or_default() {
        let Some(build) = entry.value.get("build") else { continue };
        let own = |key: &str| list(build.path(&["x-bake", key]));
        let mut tags = list(entry.value.get("image")).unwrap_or_default();
        tags.extend(list(build.get("tags")).unwrap_or_default());
        let off = build.get("provenance").and_then(Value::bool) == Some(false);
        let disabled = off.then(|| vec![("type=provenance,disabled=true".to_owned(), entry.at.clone())]);
        definition.targets.push(Target {
            name: entry.key.clone(),
            at: Some(entry.at.clone()),
            inherits: Vec::new(),
            tags: own("tags").or((!tags.is_empty()).then_some(tags)),
            outputs: own("output"),
            attests: own("attest").or(disabled),
            caches: own("cache-from").or_else(|| list(build.get("cache_from"))),
        });
        services.push(entry.key.clone());
    }
    if !services.is_empty() {
        definition.groups.push(("default".to_owned(), services));
    }
    Some(())
}

/// A string, a list of strings, or of mappings (`{ type = "registry" }`); what is unknown stands as a symbol.
fn strings(value: &Value) -> Vec<Written> {
    let one = |value: &Value| -> Option<String> {
        match &value.data {
            Data::Map(entries) => {
                let pair = |e: &conf::Entry| format!("{}={}", e.key, e.value.text().unwrap_or("?"));
                Some(entries.iter().map(pair).collect::<Vec<_>>().join(","))
            }
            Data::Text { text, exact: true } => Some(text.clone()),
            Data::Text { text, .. } => Some(symbols(text)),
            Data::Unknown(text) => Some(unknown(text)),
            _ => value.text().map(str::to_owned),
        }
    };
    let items = match &value.data {
        Data::List(items) => items.iter().collect(),
        Data::Null => Vec::new(),
        _ => vec![value],
    };
    let written = items.into_iter().filter_map(|i| Some((one(i)?, i.at.clone())));
    written.filter(|(text, _)| !text.is_empty()).collect()
}

fn unknown(text: &str) -> String {
    let short: String = text.chars().filter(|c| !matches!(c, '{' | '}' | '$' | '\n')).take(80).collect();
    format!("${{{{ bake.{} }}}}", short.trim())
}

/// `${...}` of a text in which not all is known.
fn symbols(text: &str) -> String {
    replaced(text, unknown)
}

/// `${NAME}` and `${NAME:-default}`.
fn interpolated(text: &str, variables: &Variables<'_>) -> String {
    replaced(text, |inner| {
        let name = inner.split([':', '-', '?', '+']).next().unwrap_or_default();
        let default = inner.split_once('-').map(|(_, d)| d.to_owned());
        let own = variables.outer(name).or_else(|| variables.variable(name)?.text().map(str::to_owned));
        own.or(default).unwrap_or_else(|| unknown(name))
    })
}

fn replaced(text: &str, with: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        // A symbol that stands in the text already.
        if tail.starts_with("${{") {
            let end = tail.find("}}").map_or(tail.len(), |e| e + 2);
            out.push_str(tail.get(..end).unwrap_or_default());
            rest = tail.get(end..).unwrap_or_default();
            continue;
        }
        let Some(end) = tail.find('}') else { break };
        out.push_str(&with(tail.get(2..end).unwrap_or_default()));
        rest = tail.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The targets behind a name: of a group, all of its members.
fn members(definition: &Definition, name: &str, depth: usize, names: &mut Vec<String>) {
    if depth > DEEPEST || names.len() > MOST_TARGETS {
        return;
    }
    let mut grouped = false;
    for (_, members_of) in definition.groups.iter().filter(|(g, _)| g == name) {
        grouped = true;
        for member in members_of {
            members(definition, member, depth + 1, names);
        }
    }
    if !grouped {
        let fitting = definition.targets.iter().filter(|t| t.name == name || pattern::wildcard(name, &t.name));
        names.extend(fitting.map(|t| t.name.clone()));
    }
}

/// The way from a target to what it inherits from.
struct Chain {
    /// All targets on it.
    names: BTreeSet<String>,
    /// Those that are being resolved, against going in circles.
    open: Vec<String>,
    /// What is left of the bound.
    left: usize,
}

/// Collects what a target has from those that it inherits from, and then its own.
fn resolve(definition: &Definition, name: &str, into: &mut Target, chain: &mut Chain) {
    chain.names.insert(name.to_owned());
    if chain.open.len() > DEEPEST {
        chain.left = 0;
    }
    if chain.left == 0 || chain.open.iter().any(|o| o == name) {
        return;
    }
    chain.left -= 1;
    chain.open.push(name.to_owned());
    for own in definition.targets.iter().filter(|t| t.name == name) {
        for inherited in &own.inherits {
            resolve(definition, inherited, into, chain);
        }
    }
    chain.open.pop();
    for own in definition.targets.iter().filter(|t| t.name == name) {
        into.take(own);
        into.at = own.at.clone().or_else(|| into.at.clone());
    }
}

/// `--set TARGET.KEY=VALUE`; the first value of a key replaces what the files say.
fn overridden(line: &Line<'_>, target: &mut Target) {
    let at = target.at.clone();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for (name, key, value) in &line.overrides {
        if !pattern::wildcard(name, &target.name) {
            continue;
        }
        let adds = key.ends_with('+');
        let key = key.trim_end_matches('+');
        let list = match key {
            "tags" | "tag" => &mut target.tags,
            "output" => &mut target.outputs,
            "attest" => &mut target.attests,
            "cache-from" => &mut target.caches,
            "push" => {
                target.outputs = Some(Vec::new());
                if let (Some(at), false) = (&at, *value == "false") {
                    target.outputs = Some(vec![("type=registry".to_owned(), at.clone())]);
                }
                continue;
            }
            _ => continue,
        };
        let list = list.get_or_insert_default();
        if done.insert(key) && !adds {
            list.clear();
        }
        if let Some(at) = &at {
            list.push(((*value).to_owned(), at.clone()));
        }
    }
}

/// The command that a target stands for, when it is pushed.
fn implied(line: &Line<'_>, definition: &Definition, target: &Target, chain: &BTreeSet<String>) -> Option<Implied> {
    let outputs = target.outputs.clone().unwrap_or_default();
    let kind = |output: &str, wanted: &str| output.split(',').any(|part| part.trim() == format!("type={wanted}"));
    let image = |o: &Written| kind(&o.0, "image") || kind(&o.0, "registry");
    let pushed = match line.push {
        Some("false") => false,
        Some(_) => outputs.iter().any(image) || outputs.iter().all(|(o, _)| kind(o, "docker")),
        None => outputs.iter().any(|(o, _)| kind(o, "registry") || o.split(',').any(|p| p.trim() == "push=true")),
    };
    if !pushed {
        return None;
    }
    let mut words: Vec<String> = vec!["bake:push".to_owned()];
    if line.load {
        words.push("--load".to_owned());
    }
    let attest = target.attests.iter().flatten().rev().find(|(a, _)| a.contains("type=provenance"));
    let off = |a: &str| a.contains("disabled=true") || a == "false";
    match (line.attests.last(), attest) {
        (Some(asked), _) if off(asked) => words.push("--provenance=false".to_owned()),
        (Some(_), _) => words.push("--provenance=true".to_owned()),
        (None, Some((attest, _))) if off(attest) => words.push("--provenance=false".to_owned()),
        (None, Some(_)) => words.push("--provenance=true".to_owned()),
        (None, None) => {}
    }
    if let Some((cache, _)) = target.caches.iter().flatten().next() {
        words.push(format!("--cache-from={cache}"));
    }
    let mut tags: Vec<String> = match &definition.metadata {
        // The metadata action's file sets the tags of this one.
        Some(symbol) if chain.contains(METADATA) || target.tags.is_none() => vec![symbol.clone()],
        _ => target.tags.iter().flatten().map(|(t, _)| t.clone()).collect(),
    };
    let named = outputs.iter().filter_map(|(o, _)| o.split(',').find_map(|p| p.trim().strip_prefix("name=")));
    if tags.is_empty() {
        tags.extend(named.map(str::to_owned));
    }
    if tags.is_empty() {
        tags.push(unknown(&target.name));
    }
    words.extend(tags);
    let place = target.tags.iter().flatten().next().map(|(_, at)| at.clone());
    Some(Implied {
        words: words.iter().map(|w| Text::new(w.as_str())).collect(),
        location: place.or(target.at.clone()),
    })
}

/// What stands for a target that is built with layers from elsewhere and not pushed.
fn cached(target: &Target) -> Option<Implied> {
    let (cache, at) = target.caches.iter().flatten().find(|(cache, _)| !cache.is_empty())?;
    let words = ["bake:build".to_owned(), format!("--cache-from={cache}")];
    Some(Implied { words: words.map(|word| Text::new(word.as_str())).to_vec(), location: Some(at.clone()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)], command: &str) -> Vec<String> {
        let Some(entered) = super::super::entered(enter, files, &[("TAG", "v1")], command) else {
            return vec!["nothing".to_owned()];
        };
        let implied = entered.implied.iter().map(|i| {
            let words: Vec<&str> = i.words.iter().map(Text::as_str).collect();
            format!("{} {}", i.location.as_ref().map_or(0, |l| l.line), words.join(" "))
        });
        implied.chain(entered.unread.map(|why| why.to_string())).collect()
    }

    const HCL: &str = r#"
variable "REPO" { default = "ghcr.io/acme" }
variable "TAG" { default = "dev" }
group "default" { targets = ["app", "local"] }
target "_base" {
  attest = ["type=provenance,mode=max"]
  cache-from = ["type=gha"]
}
target "app" {
  inherits = ["_base"]
  tags = ["${REPO}/app:${TAG}", equal("", TAG) ? "" : "${REPO}/app:latest"]
}
target "local" { output = ["type=local,dest=out"] }
target "pushed" {
  tags = ["${REPO}/pushed:${NOBODY}"]
  output = [{ type = "registry" }]
}
target "each" {
  name = "each-${os}"
  matrix = { os = ["a", "b"] }
  tags = ["${REPO}/each:${os}"]
}
"#;

    #[test]
    fn pushed_targets_are_images() {
        let run = |command| found(&[("docker-bake.hcl", HCL)], command);
        assert_eq!(
            run("docker buildx bake --push"),
            ["11 bake:push --provenance=true --cache-from=type=gha ghcr.io/acme/app:v1 ghcr.io/acme/app:latest"]
        );
        assert_eq!(run("docker buildx bake"), ["7 bake:build --cache-from=type=gha"]);
        assert!(run("docker buildx bake --no-cache").is_empty());
        assert_eq!(run("docker buildx bake --print --push"), ["nothing"]);
        assert_eq!(run("docker buildx bake pushed"), ["15 bake:push ghcr.io/acme/pushed:${{ bake.NOBODY }}"]);
        assert_eq!(
            run("docker buildx bake each --push --provenance=false"),
            [
                "21 bake:push --provenance=false ghcr.io/acme/each:a",
                "21 bake:push --provenance=false ghcr.io/acme/each:b"
            ]
        );
        assert_eq!(
            run("docker buildx bake app --set *.output=type=registry --set app.tags=x/y --set *.cache-from="),
            ["9 bake:push --provenance=true --cache-from= x/y"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(found(&[("a", "")], "docker buildx bake --push release"), ["0 bake:unread ${{ bake.release }}"]);
        assert_eq!(
            found(&[("docker-bake.hcl", HCL)], "docker buildx bake --push gone app").last().map(String::as_str),
            Some("no bake target `gone` in the checkout, and what it would push is not shown")
        );
    }

    #[test]
    fn json_and_compose_files_are_bake_files() {
        let json = r#"{"variable": {"R": {"default": "acme"}}, "target": {"default": {"tags": ["${R}/x"], "output": ["type=registry"]}}}"#;
        assert_eq!(found(&[("docker-bake.json", json)], "docker buildx bake"), ["1 bake:push acme/x"]);
        let compose = "services:\n  web:\n    image: acme/web:${TAG:-x}\n    build:\n      context: .\n      provenance: false\n  db:\n    image: postgres\n";
        assert_eq!(
            found(&[("compose.yaml", compose)], "docker buildx bake --push"),
            ["3 bake:push --provenance=false acme/web:v1"]
        );
    }

    #[test]
    fn circles_end() {
        let text = "target \"a\" { inherits = [\"b\"] }\ntarget \"b\" { inherits = [\"a\"] }\ngroup \"g\" { targets = [\"g\", \"a\"] }\n";
        assert_eq!(found(&[("docker-bake.hcl", text)], "docker buildx bake --push a").len(), 1);
        assert!(found(&[("docker-bake.hcl", text)], "docker buildx bake --push g").len() <= 2);
    }
}
