//! Releases of the chart that commands install: scripts, Makefiles, workflows.

use std::sync::Arc;

use super::layers::{Layers, bears};
use super::options::{from_pairs, with_options};
use super::{CHART, Definition, set_of, values};
use crate::model::{Location, RunnerPool, Version};
use crate::runners::shapes::workload::literal;
use crate::runners::{File, is_open};

/// Scale sets that commands of a script install, unless a values file that they name shows them already.
pub(super) fn installed(file: &File<'_>) -> Vec<RunnerPool> {
    let mut found = Vec::new();
    for (line, number) in commands(file.text, CHART) {
        let Some(mut release) = helm(&line) else { continue };
        let at = Location { path: Arc::clone(file.path), line: number, column: 1, end_line: number, end_column: 2 };
        release.place = Some(at.clone());
        let read: Vec<Option<(Arc<str>, Arc<str>)>> = release.files.iter().map(|f| file.sibling(f)).collect();
        let Some((path, text)) = read.iter().flatten().next() else {
            // A values file that the checkout does not hold hides the pod.
            if release.files.is_empty() && release.pairs.iter().any(|(key, _)| key == "githubConfigUrl") {
                release.lay(&read, file);
                let pool = from_pairs(&release.pairs, file, release.name.clone(), release.version, &at);
                found.extend(pool.map(|pool| release.layers.doubted(pool)));
            }
            continue;
        };
        let inside = File::new(path, text, file.checkout);
        let Some(root) = inside.documents().first().map(|d| d.root()) else { continue };
        let mut sets = Vec::new();
        values(root, 0, &mut sets);
        release.lay(&read, file);
        if sets.is_empty() && root.is_mapping() && release.layers.count() {
            let pools = release.layers.pools(&inside, release.name.as_deref(), release.version, true);
            found.extend(pools.into_iter().map(|pool| with_options(pool, Some(&release), file)));
        } else if sets.is_empty() && root.is_mapping() {
            let definition = Definition {
                values: root,
                file: &inside,
                name: release.name.clone(),
                version: release.version,
                place: at,
            };
            let pool = set_of(&definition);
            found.push(with_options(pool, Some(&release), file));
        }
    }
    found
}

/// Commands of a script that hold a word, continued lines joined, with the line on which each starts.
pub(in crate::runners::shapes) fn commands(text: &str, word: &str) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let mut open: Option<(String, u32)> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end();
        let (part, more) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        let (mut joined, first) =
            open.take().unwrap_or_else(|| (String::new(), u32::try_from(number + 1).unwrap_or(u32::MAX)));
        joined.push_str(part);
        joined.push(' ');
        if more {
            open = Some((joined, first));
        } else if joined.contains(word) && !joined.trim_start().starts_with('#') {
            found.push((joined, first));
        }
    }
    found
}

/// A Helm release of the chart.
#[derive(Default)]
pub(super) struct Release {
    pub(super) name: Option<String>,
    pub(super) version: Option<Version>,
    /// Values files, as the command names them.
    pub(super) files: Vec<String>,
    /// Values that the command sets.
    pub(super) pairs: Vec<(String, String)>,
    /// The command.
    pub(super) place: Option<Location>,
    /// Whether it sets values in a form that is not read.
    pub(super) hidden: bool,
    /// What it reads, laid over one another.
    pub(super) layers: Layers,
}

impl Release {
    /// Lays the files over one another, and what the command sets over them.
    fn lay(&mut self, read: &[Option<(Arc<str>, Arc<str>)>], by: &File<'_>) {
        let Some(place) = self.place.clone() else { return };
        for file in read {
            self.layers.add_file(file.clone(), by, &place);
        }
        for (key, value) in &self.pairs {
            self.layers.set(key, value, &place);
        }
        if self.hidden {
            self.layers.hide(&place);
        }
    }

    fn is_same(&self, other: &Release) -> bool {
        self.name == other.name && self.files == other.files && self.pairs == other.pairs
    }
}

/// Every `helm install NAME … gha-runner-scale-set -f values.yaml` in a script, Makefile or workflow of the checkout that
/// names the file.
pub(super) fn releases_of(file: &File<'_>) -> Vec<Release> {
    let mut found: Vec<Release> = Vec::new();
    for (path, text) in scripts(file, CHART) {
        let script = File::new(path, &text, file.checkout);
        for (line, number) in commands(&text, CHART) {
            let Some(mut release) = helm(&line) else { continue };
            let base = release.files.iter().find_map(|written| base_of(file, &script, written));
            let Some(base) = base else { continue };
            if found.len() >= MOST_RELEASES || found.iter().any(|other| other.is_same(&release)) {
                continue;
            }
            let place = Location { path: Arc::clone(path), line: number, column: 1, end_line: number, end_column: 2 };
            release.place = Some(place);
            let read: Vec<_> = release.files.iter().map(|written| named(file, &script, &base, written)).collect();
            release.lay(&read, &script);
            found.push(release);
        }
    }
    found
}

/// The files of the checkout that may hold commands and hold a word.
pub(in crate::runners::shapes) fn scripts<'f>(
    file: &File<'f>,
    word: &'f str,
) -> impl Iterator<Item = (&'f Arc<str>, Arc<str>)> {
    let holds = |p: &&Arc<str>| {
        let base = p.rsplit('/').next().unwrap_or(p);
        p.ends_with(".sh")
            || p.ends_with(".bash")
            || base == "Makefile"
            || base == "justfile"
            || p.starts_with(".github/workflows/")
            || base.starts_with("helmfile")
    };
    let read = |path: &'f Arc<str>| Some((path, file.checkout.glance(path).ok()?));
    file.checkout.files().iter().filter(holds).filter_map(read).filter(move |(_, text)| text.contains(word))
}

/// Releases of one file of values that are read.
const MOST_RELEASES: usize = 20;

/// The folder from which a command names the file as `written`; `None` when it names another one.
fn base_of(file: &File<'_>, script: &File<'_>, written: &str) -> Option<String> {
    let own: &str = file.path;
    let plain = written.trim_start_matches("./");
    // Beside the script lies another file of that name.
    if script.sibling(plain).is_some_and(|(path, _)| *path != *own) {
        return None;
    }
    if let Some(base) = own.strip_suffix(plain).filter(|base| base.is_empty() || base.ends_with('/')) {
        return Some(base.to_owned());
    }
    let name = own.rsplit('/').next();
    (written.contains('$') && written.rsplit('/').next() == name).then(|| format!("{}/", file.folder()))
}

/// A file of values that a command names beside the one whose folder is known.
fn named(file: &File<'_>, script: &File<'_>, base: &str, written: &str) -> Option<(Arc<str>, Arc<str>)> {
    if base_of(file, script, written).is_some() {
        return Some((Arc::clone(file.path), Arc::from(file.text)));
    }
    let plain = match is_open(written) {
        // The folder is not visible, and the file may lie beside the other.
        true => written.rsplit('/').next().filter(|name| !is_open(name))?,
        false => written.trim_start_matches("./"),
    };
    script.at_root(format!("{base}{plain}").trim_start_matches('/')).or_else(|| script.sibling(plain))
}

/// Reads `helm install` and `helm upgrade`.
fn helm(line: &str) -> Option<Release> {
    let words: Vec<&str> = line.split_whitespace().map(|w| w.trim_matches(['"', '\''])).collect();
    let at = words.iter().position(|w| *w == "helm")?;
    let mut rest = words.get(at + 1..)?.iter();
    let verb = rest.find(|w| !w.starts_with('-'))?;
    if !matches!(*verb, "install" | "upgrade") {
        return None;
    }
    const SWITCHES: &[&str] = &[
        "--install",
        "-i",
        "--create-namespace",
        "--wait",
        "--atomic",
        "--debug",
        "--dry-run",
        "--force",
        "--cleanup-on-fail",
        "--rollback-on-failure",
        "--dependency-update",
        "--devel",
        "--reset-values",
        "--take-ownership",
        "--verify",
        "--wait-for-jobs",
    ];
    // Values of an earlier release stay, whatever they are.
    const KEEPS: &[&str] = &["--reuse-values", "--reset-then-reuse-values"];
    let mut release = Release::default();
    while let Some(word) = rest.next() {
        let (flag, attached) = match word.split_once('=') {
            Some((f, v)) if f.starts_with('-') => (f, Some(v)),
            _ => (*word, None),
        };
        if KEEPS.contains(&flag) {
            release.hidden |= *verb == "upgrade" && attached != Some("false");
            continue;
        }
        if SWITCHES.contains(&flag) || flag.starts_with("--no-") || flag.starts_with("--skip-") {
            continue;
        }
        if flag.starts_with('-') {
            let value = attached.or_else(|| rest.next().copied()).unwrap_or_default();
            match flag {
                "-f" | "--values" => release.files.extend(value.split(',').map(str::to_owned)),
                "--set" | "--set-string" => {
                    let pairs = value.split(',').filter_map(|pair| pair.split_once('='));
                    release.pairs.extend(pairs.map(|(k, v)| (k.to_owned(), v.trim_matches(['"', '\'']).to_owned())));
                }
                // The values are not read.
                "--set-json" | "--set-file" | "--set-literal" => {
                    release.hidden |= value.split_once('=').is_none_or(|(key, _)| bears(key));
                }
                // What it prints is installed instead.
                "--post-renderer" => release.hidden = true,
                "--version" => release.version = Version::parse(value),
                _ => {}
            }
        } else if release.name.is_none() && !word.contains(CHART) {
            release.name = Some((*word).to_owned());
        }
    }
    release.name = release.name.filter(|r| !is_open(r));
    Some(release)
}

/// The version of the chart that a `Chart.yaml` beside the values depends on.
pub(super) fn dependency(file: &File<'_>) -> Option<Version> {
    let (path, text) = file.sibling("Chart.yaml")?;
    let chart = File::new(&path, &text, file.checkout);
    let root = chart.documents().first()?.root();
    if root.get("name").and_then(|n| n.as_str()) == Some(CHART) {
        return literal(root, "version").and_then(Version::parse);
    }
    let found = root.get("dependencies")?.items().find(|d| d.get("name").and_then(|n| n.as_str()) == Some(CHART))?;
    literal(found, "version").and_then(Version::parse)
}
