//! Releases of the chart that commands install: scripts, Makefiles, workflows.

use std::sync::Arc;

use super::options::{from_pairs, with_options};
use super::{CHART, Definition, set_of, values};
use crate::model::{Location, RunnerPool, Version};
use crate::runners::shapes::workload::literal;
use crate::runners::{File, is_open};

/// Scale sets that commands of a script install, unless a values file that they name shows them already.
pub(super) fn installed(file: &File<'_>) -> Vec<RunnerPool> {
    let mut found = Vec::new();
    for (line, number) in commands(file.text) {
        let Some(mut release) = helm(&line) else { continue };
        let at = Location { path: Arc::clone(file.path), line: number, column: 1, end_line: number, end_column: 2 };
        release.place = Some(at.clone());
        let files: Vec<(Arc<str>, Arc<str>)> = release.files.iter().filter_map(|f| file.sibling(f)).collect();
        let Some((path, text)) = files.first() else {
            // A values file that the checkout does not hold hides the pod.
            if release.files.is_empty() && release.pairs.iter().any(|(key, _)| key == "githubConfigUrl") {
                found.extend(from_pairs(&release.pairs, file, release.name.clone(), release.version, &at));
            }
            continue;
        };
        let inside = File::new(path, text, file.checkout);
        let Some(root) = inside.documents().first().map(|d| d.root()) else { continue };
        let mut sets = Vec::new();
        values(root, 0, &mut sets);
        if sets.is_empty() && root.is_mapping() {
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

/// Commands of a script that name the chart, continued lines joined, with the line on which each starts.
fn commands(text: &str) -> Vec<(String, u32)> {
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
        } else if joined.contains(CHART) && !joined.trim_start().starts_with('#') {
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
}

/// `helm install NAME … gha-runner-scale-set -f values.yaml` in a script, Makefile or workflow of the checkout.
pub(super) fn release_of(file: &File<'_>) -> Option<Release> {
    let name = file.path.rsplit('/').next()?;
    let scripts = file.checkout.files().iter().filter(|p| {
        let base = p.rsplit('/').next().unwrap_or(p);
        p.ends_with(".sh")
            || p.ends_with(".bash")
            || base == "Makefile"
            || base == "justfile"
            || p.starts_with(".github/workflows/")
            || base.starts_with("helmfile")
    });
    for path in scripts {
        let Ok(text) = file.checkout.glance(path) else { continue };
        if !text.contains(CHART) {
            continue;
        }
        for (line, number) in commands(&text) {
            let Some(release) = helm(&line) else { continue };
            let own: &str = file.path;
            let ours = release.files.iter().any(|f| {
                let f = f.trim_start_matches("./");
                own == f || own.ends_with(&format!("/{f}")) || f.contains('$') && f.rsplit('/').next() == Some(name)
            });
            if ours {
                let end = number;
                let place = Location { path: Arc::clone(path), line: number, column: 1, end_line: end, end_column: 2 };
                return Some(Release { place: Some(place), ..release });
            }
        }
    }
    None
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
        "--reuse-values",
    ];
    let mut release = Release::default();
    while let Some(word) = rest.next() {
        let (flag, attached) = match word.split_once('=') {
            Some((f, v)) if f.starts_with('-') => (f, Some(v)),
            _ => (*word, None),
        };
        if SWITCHES.contains(&flag) {
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
