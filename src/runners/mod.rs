//! LOWER: definitions of self-hosted runners become runner pools; one file for each shape.
//!
//! A cheap look over the raw text decides which shapes read a file. A shape takes what its file shows: an unresolved
//! value (`${NAME}`, `{{ template }}`) is never evidence for anything good, and a default is named as one.

mod agents_env;
mod ansible;
mod arc_legacy;
mod azure_apps;
mod azure_cli;
mod azure_native;
mod azure_pipelines;
mod buildkite;
mod cdk;
mod circleci;
mod cloudformation;
mod codebuild;
mod compose;
mod container;
mod docker;
mod draft;
mod ecs;
mod garm;
mod gitea;
mod gitlab;
mod install;
mod jenkins;
mod kustomize;
mod nix;
mod nomad;
#[cfg(test)]
mod other_tests;
mod pod;
mod pod_spec;
mod registration;
mod scale_set;
mod script;
mod started;
mod teamcity;
mod tekton;
mod terraform;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod user_data;
mod vendor;
mod workload;

use std::sync::{Arc, LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use rayon::prelude::*;

use crate::checkout::{Bearing, Checkout, ReadError};
use crate::model::{Evidence, Location, Pipeline, Problem, RunnerChoice, RunnerPool, Text, Tri};
use crate::syntax::yaml::{self, Document, Node};

/// A shape of definition: strings of which a file must hold one (in any case), and the reader of such a file.
type Shape = (&'static [&'static str], fn(&File<'_>) -> Vec<RunnerPool>);

/// Every shape that is read.
const SHAPES: &[Shape] = &[
    (arc_legacy::KEYS, arc_legacy::pools),
    (scale_set::KEYS, scale_set::pools),
    (registration::KEYS, compose::pools),
    (registration::KEYS, workload::pools),
    (script::KEYS, script::pools),
    (vendor::KEYS, vendor::pools),
    (terraform::KEYS, terraform::pools),
    (terraform::TEMPLATE_KEYS, terraform::template),
    (gitlab::TOML_KEYS, gitlab::config),
    (gitlab::YAML_KEYS, gitlab::in_yaml),
    (buildkite::CFG_KEYS, buildkite::config),
    (buildkite::K8S_KEYS, buildkite::kubernetes),
    (azure_native::KEYS, azure_native::pools),
    (cloudformation::KEYS, cloudformation::pools),
    (jenkins::KEYS, jenkins::pools),
    (gitea::KEYS, gitea::pools),
    (circleci::KEYS, circleci::pools),
    (agents_env::KEYS, agents_env::pools),
    (nomad::KEYS, nomad::pools),
    (nix::KEYS, nix::pools),
    (ansible::KEYS, ansible::pools),
    (garm::KEYS, garm::pools),
    (azure_cli::KEYS, azure_cli::pools),
    (cdk::KEYS, cdk::pools),
    (tekton::KEYS, tekton::pools),
    (teamcity::KEYS, teamcity::pools),
];

/// Files that may define runners are no larger than this.
const LARGEST: usize = 1024 * 1024;

/// Ends of the names of files that may define runners.
const ENDINGS: &[&str] = &[
    ".yml", ".yaml", ".json", ".tf", ".tfvars", ".tofu", ".hcl", ".nomad", ".bicep", ".toml", ".cfg", ".conf",
    ".service", ".sh", ".bash", ".ps1", ".cmd", ".bat", ".nix", ".kts", ".xml", ".tpl", ".tftpl", ".j2", ".gotmpl",
];

/// Starts of the names of files that may define runners.
const BEGINNINGS: &[&str] = &["Dockerfile", "Containerfile"];

/// Folders whose files need not be in use: examples, test data, documentation, dependencies.
const INCIDENTAL: &[&str] = &[
    "testdata",
    "test-data",
    "test_data",
    "fixtures",
    "node_modules",
    "vendor",
    "third_party",
    "docs",
    "doc",
    "examples",
    "example",
    "samples",
];

/// A file that may define runners.
pub(super) struct File<'a> {
    /// Its path.
    pub(super) path: &'a Arc<str>,
    /// Its text.
    pub(super) text: &'a str,
    /// The checkout that holds it, for files that it names.
    pub(super) checkout: &'a Checkout,
    yaml: OnceLock<Yaml>,
}

/// The YAML of a file, templates masked.
#[derive(Default)]
struct Yaml {
    documents: Vec<Document>,
    /// Where a directive of a template hides or adds lines.
    directive: Option<Location>,
}

impl<'a> File<'a> {
    pub(super) fn new(path: &'a Arc<str>, text: &'a str, checkout: &'a Checkout) -> Self {
        Self { path, text, checkout, yaml: OnceLock::new() }
    }

    /// The YAML documents of the file; none when it is not YAML, templates apart.
    pub(super) fn documents(&self) -> &[Document] {
        &self.yaml().documents
    }

    /// A directive of a template (`{{- if … }}`, `{{- toYaml … }}`) on a line of its own: what it hides or adds is not
    /// visible.
    pub(super) fn directive(&self) -> Option<&Location> {
        self.yaml().directive.as_ref()
    }

    fn yaml(&self) -> &Yaml {
        self.yaml.get_or_init(|| {
            let (text, directive) = unmask(self.text);
            let directive = directive.map(|line| Location {
                path: Arc::clone(self.path),
                line,
                column: 1,
                end_line: line,
                end_column: 2,
            });
            Yaml { documents: yaml::parse(&text).unwrap_or_default(), directive }
        })
    }

    /// The place of a node of [`File::documents`].
    pub(super) fn at(&self, node: Node<'_>) -> Location {
        Location::new(self.path, node.span())
    }

    /// The folder of the file, empty for the root.
    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The text of the file at a path as it is written in this file: relative to its folder, or else to the root.
    pub(super) fn sibling(&self, written: &str) -> Option<(Arc<str>, Arc<str>)> {
        let written = written.trim_start_matches("./");
        let folder = self.folder();
        let beside = if folder.is_empty() { written.to_owned() } else { format!("{folder}/{written}") };
        [beside, written.to_owned()].into_iter().find_map(|path| {
            let text = self.checkout.glance(&path).ok()?;
            Some((Arc::from(path), text))
        })
    }

    /// Whether the text of some YAML file of the checkout holds one of `keys`.
    pub(super) fn anywhere(&self, keys: &[&str]) -> bool {
        let mut files = self.checkout.files().iter().filter(|p| p.ends_with(".yml") || p.ends_with(".yaml"));
        files.any(|path| {
            let text = self.checkout.glance(path).ok().filter(|text| text.len() <= LARGEST);
            text.is_some_and(|text| keys.iter().any(|key| text.contains(key)))
        })
    }

    /// YAML files of the checkout whose text holds `key`.
    pub(super) fn elsewhere(&self, key: &str) -> Vec<(Arc<str>, Arc<str>)> {
        let files = self.checkout.files().iter().filter(|p| p.ends_with(".yml") || p.ends_with(".yaml"));
        files
            .filter_map(|path| Some((Arc::clone(path), self.checkout.glance(path).ok()?)))
            .filter(|(_, text)| text.len() <= LARGEST && text.contains(key))
            .collect()
    }
}

/// The text with every `{{ … }}` as an unresolved word of the same length, and the line of the first directive that
/// stands on lines of its own, which becomes a comment.
fn unmask(text: &str) -> (std::borrow::Cow<'_, str>, Option<u32>) {
    if !text.contains("{{") {
        return (text.into(), None);
    }
    let mut out = String::with_capacity(text.len());
    let mut directive = None;
    let mut open = false;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let trimmed = line.trim();
        let whole = open || trimmed.starts_with("{{") && (trimmed.ends_with("}}") || !trimmed.contains("}}"));
        if whole {
            open = !trimmed.contains("}}");
            // A comment of the template hides nothing.
            let comment = trimmed.trim_start_matches(['{', '-']).trim_start().starts_with("/*");
            if !comment {
                directive = directive.or_else(|| u32::try_from(number + 1).ok());
            }
            out.push('#');
            out.extend(line.chars().skip(1));
            if line == "\n" {
                out.push('\n');
            }
            continue;
        }
        let mut rest = line;
        while let Some(at) = rest.find("{{") {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let Some(end) = from.find("}}") else {
                rest = from;
                break;
            };
            let (inner, tail) = from.split_at(end + 2);
            out.push('$');
            out.extend(inner.chars().skip(1).map(|_| '_'));
            rest = tail;
        }
        out.push_str(rest);
    }
    (out.into(), directive)
}

/// Whether a value stands for something that the file does not show.
pub(super) fn is_open(value: &str) -> bool {
    value.contains('$') || value.contains("{{") || value.contains("<%") || value.contains("%{")
}

/// The repository or organisation that an address of the forge names, in lower case.
pub(super) fn scope_of(url: &str) -> Option<String> {
    if is_open(url) {
        return None;
    }
    let rest = url.trim().trim_end_matches('/');
    let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let rest = rest.trim_end_matches(".git").to_ascii_lowercase();
    // Enterprises hold organisations that the file does not name.
    let known = !rest.is_empty() && !rest.starts_with("enterprises/") && rest.matches('/').count() <= 1;
    known.then_some(rest)
}

/// Labels as a list in one string: those that are shown, in lower case. What stands in `${…}` is one piece, whatever
/// it holds.
pub(super) fn labels_of(list: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let pieces = list.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | ' ' | '\n')
    });
    let shown = pieces.map(|l| l.trim().trim_matches(['"', '\''])).filter(|l| !l.is_empty() && !is_open(l));
    shown.map(str::to_ascii_lowercase).collect()
}

/// The labels that a runner gets unless it is registered without them.
pub(super) fn default_labels(arm: bool) -> Vec<String> {
    ["self-hosted", "linux", if arm { "arm64" } else { "x64" }].map(str::to_owned).to_vec()
}

/// The pools that the checkout defines and that may take its jobs. Nothing is read when every job names hosted labels
/// only.
pub fn pools(checkout: &Checkout, pipelines: &[Pipeline], hosted: &[String]) -> Vec<RunnerPool> {
    if !asks_for_own_runners(pipelines, hosted) {
        return Vec::new();
    }
    let mut pools = every_pool(checkout, pipelines);
    pools.retain(|p| reaches(p, checkout.slug()));
    pools
}

/// Every pool that the files of the checkout define or that its jobs start, whoever it is registered for.
pub fn every_pool(checkout: &Checkout, pipelines: &[Pipeline]) -> Vec<RunnerPool> {
    let mut pools = pools_in(checkout, None);
    pools.extend(started::pools(pipelines));
    pools
}

/// Labels that the configuration of the linter actionlint lists. They say which names are in use, not what is behind
/// them. Source: <https://github.com/rhysd/actionlint/blob/main/docs/config.md>
pub fn listed_labels(checkout: &Checkout) -> Vec<(String, Location)> {
    let mut found = Vec::new();
    for path in [".github/actionlint.yaml", ".github/actionlint.yml"].map(Arc::<str>::from) {
        let Ok(text) = checkout.glance(&path) else { continue };
        let file = File::new(&path, &text, checkout);
        let labels = file.documents().first().and_then(|d| d.root().get("self-hosted-runner")?.get("labels"));
        for label in labels.into_iter().flat_map(|l| l.items()) {
            found.extend(label.as_str().map(|name| (name.to_owned(), file.at(label))));
        }
    }
    found
}

/// Every pool that the files of a folder define. `prefix` is what stands in front of their paths in locations, for
/// folders that are read beside the checkout.
pub fn pools_in(checkout: &Checkout, prefix: Option<&str>) -> Vec<RunnerPool> {
    let files = checkout.files();
    let pools: Vec<RunnerPool> =
        files.par_iter().filter(|path| is_candidate(path)).flat_map_iter(|path| read(checkout, path)).collect();
    let mut pools = kustomize::applied(checkout, pools, &shapes);
    // What a definition runs is part of it and no pool of its own.
    let run: std::collections::BTreeSet<Arc<str>> = pools.iter().flat_map(|p| p.files.iter().cloned()).collect();
    pools.retain(|p| !run.contains(&p.location.path));
    for pool in &mut pools {
        pool.incidental = is_incidental(&pool.location.path);
        let mut seen = std::collections::BTreeSet::new();
        pool.labels.retain(|label| seen.insert(label.clone()));
    }
    if let Some(prefix) = prefix {
        for pool in &mut pools {
            move_below(pool, prefix.trim_end_matches('/'));
        }
    }
    pools
}

/// Every pool that a folder of the checkout defines, with its path in the checkout. A folder that need not be in use
/// stays one, whoever names it.
pub fn pools_below(folder: &Checkout, path: &str) -> Vec<RunnerPool> {
    let mut pools = pools_in(folder, Some(path).filter(|path| !path.is_empty()));
    pools.iter_mut().for_each(|pool| pool.incidental |= is_incidental(&pool.location.path));
    pools
}

static KEYS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let keys = SHAPES.iter().flat_map(|(keys, _)| keys.iter());
    // Most files hold none of them, so they are run through from end to end: the fastest automaton pays.
    AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(keys).ok()
});

fn read(checkout: &Checkout, path: &Arc<str>) -> Vec<RunnerPool> {
    let Some(keys) = KEYS.as_ref() else { return Vec::new() };
    match checkout.glance_if(path, |bytes| bytes.len() <= LARGEST && keys.is_match(bytes)) {
        Ok(Some(text)) => {
            let file = File::new(path, &text, checkout);
            broken(&file);
            shapes(&file)
        }
        Ok(None) => Vec::new(),
        Err(error) => {
            // A text that is no text, or too long, is no configuration that anybody wrote.
            if matches!(error, ReadError::Unreadable { .. }) {
                refuse(checkout, path, None, error.to_string());
            }
            Vec::new()
        }
    }
}

/// The pools of a file, by the shapes that its strings call for.
fn shapes(file: &File<'_>) -> Vec<RunnerPool> {
    let mut found = vec![false; SHAPES.len()];
    for hit in KEYS.iter().flat_map(|keys| keys.find_overlapping_iter(file.text)) {
        if let Some(slot) = shape_of(hit.pattern().as_usize()).and_then(|shape| found.get_mut(shape)) {
            *slot = true;
        }
    }
    let shapes = SHAPES.iter().zip(found).filter(|(_, found)| *found);
    shapes.flat_map(|((_, pools), _)| pools(file)).collect()
}

/// Tells of a file with words of runner configuration whose syntax is broken: what it defines is not seen. Templates
/// are no text of their format yet, and examples and test data are broken on purpose.
fn broken(file: &File<'_>) {
    if file.text.contains("{{") || is_incidental(file.path) {
        return;
    }
    let ends = |endings: &[&str]| endings.iter().any(|e| file.path.ends_with(e));
    if ends(&[".yml", ".yaml"]) {
        if let Err(error) = yaml::parse(file.text) {
            let at = Some((error.line, error.column));
            refuse(file.checkout, file.path, at, format!("not valid YAML: {}", error.message));
        }
    } else if ends(&[".toml"]) && crate::syntax::conf::Value::of_toml(file.path, file.text).is_none() {
        refuse(file.checkout, file.path, None, "not valid TOML".to_owned());
    } else if ends(&[".tf", ".tofu", ".hcl", ".nomad"]) && crate::syntax::conf::hcl(file.path, file.text, &()).is_none()
    {
        refuse(file.checkout, file.path, None, "not valid HCL".to_owned());
    }
}

fn refuse(checkout: &Checkout, path: &str, at: Option<(u32, u32)>, message: String) {
    let (line, column) = at.unzip();
    checkout.refuse(Bearing::Runner, Problem { path: path.to_owned(), line, column, message });
}

fn is_candidate(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let workflow = path.starts_with(".github/workflows/");
    let usual = ENDINGS.iter().any(|e| name.ends_with(e)) || BEGINNINGS.iter().any(|b| name.starts_with(b));
    !workflow && (usual || cdk::is_candidate(path))
}

fn is_incidental(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').any(|f| INCIDENTAL.iter().any(|i| f.eq_ignore_ascii_case(i)))
}

/// The shape that the key with this number belongs to, counted over all shapes.
fn shape_of(mut key: usize) -> Option<usize> {
    for (shape, (keys, _)) in SHAPES.iter().enumerate() {
        match key.checked_sub(keys.len()) {
            Some(rest) => key = rest,
            None => return Some(shape),
        }
    }
    None
}

/// Puts a folder in front of every path that a pool names.
fn move_below(pool: &mut RunnerPool, folder: &str) {
    each_location(pool, &mut |at| at.path = Arc::from(format!("{folder}/{}", at.path)));
    for file in &mut pool.files {
        *file = Arc::from(format!("{folder}/{file}"));
    }
}

/// Changes every place that a pool names.
fn each_location(pool: &mut RunnerPool, change: &mut dyn FnMut(&mut Location)) {
    let axes = [&mut pool.hosted, &mut pool.ephemeral, &mut pool.isolated].into_iter().map(|axis| match axis {
        Tri::Met(e) | Tri::Failed(e) | Tri::Unshown(e, _) => e,
    });
    let evidence: Vec<&mut Evidence> = axes.chain(&mut pool.credentials).chain(&mut pool.caches).collect();
    evidence.into_iter().for_each(|piece| change(&mut piece.location));
    pool.notes.iter_mut().filter_map(|n| n.location.as_mut()).for_each(&mut *change);
    change(&mut pool.location);
}

/// Whether a job asks for other runners than those of the forge.
pub fn asks_for_own_runners(pipelines: &[Pipeline], hosted: &[String]) -> bool {
    let own = |label: &Text| !hosted.iter().any(|h| h.eq_ignore_ascii_case(label.as_str()));
    pipelines.iter().flat_map(|p| &p.flows).flat_map(|f| &f.jobs).any(|job| match &job.runner {
        RunnerChoice::Labels { sets, .. } | RunnerChoice::Unresolved { asked: sets, .. } => {
            sets.iter().any(|s| s.group.is_some() || s.labels.iter().any(own))
        }
        RunnerChoice::Hosted { .. } => false,
    })
}

/// A pool that is registered for another repository or organisation does not take this repository's jobs.
pub fn reaches(pool: &RunnerPool, slug: Option<&str>) -> bool {
    match (&pool.scope, slug) {
        (Some(scope), Some(slug)) => {
            let scope = scope.to_ascii_lowercase();
            scope == slug || slug.split('/').next() == Some(scope.as_str())
        }
        _ => true,
    }
}
