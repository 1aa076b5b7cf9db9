//! RECOGNISE: which files may define runners, and which shapes read them.
//!
//! A cheap look over the raw text decides, before anything is parsed: a name alone says nothing.

use std::sync::{Arc, LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::memmem;

use super::File;
use super::broken::broken;
use super::facts::container;
use super::shapes::{
    agents_env, ansible, arc_legacy, azure_cli, azure_native, buildkite, cdk, circleci, cloudformation, compose, garm,
    gitea, gitlab, jenkins, jenkinsfile, nix, nomad, scale_set, script, teamcity, tekton, terraform, vendor, workload,
};
use crate::checkout::{Bearing, Checkout, ReadError};
use crate::model::{Problem, RunnerPool};

/// A shape of definition: strings of which a file must hold one (in any case), and the reader of such a file.
type Shape = (&'static [&'static str], fn(&File<'_>) -> Vec<RunnerPool>);

/// Every shape that is read.
const SHAPES: &[Shape] = &[
    (arc_legacy::KEYS, arc_legacy::pools),
    (scale_set::KEYS, scale_set::pools),
    (container::KEYS, compose::pools),
    (container::KEYS, workload::pools),
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
    (jenkinsfile::KEYS, jenkinsfile::pools),
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
pub(super) const LARGEST: usize = 1024 * 1024;

/// Ends of the names of files that may define runners.
const ENDINGS: &[&str] = &[
    ".yml",
    ".yaml",
    ".json",
    ".tf",
    ".tfvars",
    ".tofu",
    ".hcl",
    ".nomad",
    ".bicep",
    ".toml",
    ".cfg",
    ".conf",
    ".service",
    ".sh",
    ".bash",
    ".ps1",
    ".cmd",
    ".bat",
    ".nix",
    ".kts",
    ".xml",
    ".tpl",
    ".tftpl",
    ".j2",
    ".gotmpl",
    ".groovy",
    ".jenkinsfile",
    ".Jenkinsfile",
];

/// Starts of the names of files that may define runners.
const BEGINNINGS: &[&str] = &["Dockerfile", "Containerfile", "Kustomization", "Jenkinsfile"];

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

/// Words of a file that is too large to be read which say that it defines runners. Data holds all kinds of words.
const AGENTS: &[&str] = &[
    "actions-runner",
    "actions/runner",
    "gha-runner-scale-set",
    "githubConfigUrl",
    "github-runner",
    "gitlab-runner",
    "[[runners]]",
    "buildkite-agent",
    "actions.summerwind.dev",
    "actions.github.com",
];

static KEYS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| automaton(AhoCorasickKind::ContiguousNFA));
/// The same, faster on every byte: most files hold no key and are run through from end to end. Making it takes as long as
/// it saves on some thousand files.
static KEYS_OF_MANY: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| automaton(AhoCorasickKind::DFA));
/// More files than this are many.
const MANY: usize = 2_000;

fn automaton(kind: AhoCorasickKind) -> Option<AhoCorasick> {
    let keys = SHAPES.iter().flat_map(|(keys, _)| keys.iter());
    AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(kind)).build(keys).ok()
}

/// The pools of a file; `None` when it holds no word of runner configuration.
pub(super) fn read(checkout: &Checkout, path: &Arc<str>) -> Option<Vec<RunnerPool>> {
    let keys = if checkout.files().len() > MANY { &KEYS_OF_MANY } else { &KEYS }.as_ref()?;
    let large = std::cell::Cell::new(false);
    let of_interest = |bytes: &[u8]| {
        large.set(bytes.len() > LARGEST);
        keys.is_match(bytes)
    };
    let too_large =
        || refuse(checkout, path, None, format!("the file is larger than {LARGEST} bytes, so it was not read"));
    match checkout.glance_if(path, of_interest) {
        Ok(Some(text)) if large.get() => {
            // Data of that size holds all kinds of words.
            let defines = || !is_incidental(path) && !shapes(&File::new(path, &text, checkout)).is_empty();
            if checkout.is_named() || defines() {
                too_large();
            }
            None
        }
        Ok(Some(text)) => {
            let file = File::new(path, &text, checkout);
            broken(&file);
            Some(shapes(&file))
        }
        Ok(None) => {
            if large.get() && checkout.is_named() {
                too_large();
            }
            None
        }
        Err(error) => {
            let speaks = || match error {
                ReadError::TooLarge { .. } => {
                    let beginning = checkout.beginning(path);
                    AGENTS.iter().any(|word| memmem::find(&beginning, word.as_bytes()).is_some())
                }
                _ => true,
            };
            if checkout.is_named() || !is_incidental(path) && speaks() {
                refuse(checkout, path, error.position(), error.to_string());
            }
            None
        }
    }
}

/// The pools of a file, by the shapes that its strings call for.
pub(super) fn shapes(file: &File<'_>) -> Vec<RunnerPool> {
    let mut found = vec![false; SHAPES.len()];
    for hit in KEYS.iter().flat_map(|keys| keys.find_overlapping_iter(file.text)) {
        if let Some(slot) = shape_of(hit.pattern().as_usize()).and_then(|shape| found.get_mut(shape)) {
            *slot = true;
        }
    }
    let shapes = SHAPES.iter().zip(found).filter(|(_, found)| *found);
    shapes.flat_map(|((_, pools), _)| pools(file)).collect()
}

/// The words of runner configuration that a text holds.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let hits = KEYS.iter().flat_map(move |keys| keys.find_overlapping_iter(text));
    hits.filter_map(move |hit| text.get(hit.range()))
}

pub(super) fn refuse(checkout: &Checkout, path: &str, at: Option<(u32, u32)>, message: String) {
    let (line, column) = at.unzip();
    checkout.refuse(Bearing::Runner, Problem { path: path.to_owned(), line, column, message });
}

pub(super) fn is_candidate(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let workflow = path.starts_with(".github/workflows/");
    let usual = ENDINGS.iter().any(|e| name.ends_with(e)) || BEGINNINGS.iter().any(|b| name.starts_with(b));
    !workflow && (usual || cdk::is_candidate(path))
}

pub(super) fn is_incidental(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    let is = |folder: &str, name: &&str| folder.eq_ignore_ascii_case(name);
    let mut above = "";
    folders.split('/').any(|folder| {
        let of_tests = ["test", "tests"].iter().any(|name| is(above, name)) && is(folder, &"data");
        above = folder;
        of_tests || INCIDENTAL.iter().any(|name| is(folder, name))
    })
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
