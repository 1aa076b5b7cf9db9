//! Provenance of npm packages that no flag of the command asks for: `publishConfig`, `.npmrc`, trusted publishing.
//! Source: <https://docs.npmjs.com/generating-provenance-statements>, <https://docs.npmjs.com/trusted-publishers>

use std::sync::Arc;

use super::facts::Publish;
use super::naming::{join, placed};
use super::npm_registry;
use super::npmrc::{self, line_location};
use crate::checkout::Checkout;
use crate::commands::{matching, workspace};
use crate::model::{Access, Job, Location, RunnerChoice, Step, StepBody, Text};
use crate::syntax::pattern;

/// What decides about the provenance of a published package besides its command line.
pub(super) enum Switch {
    /// A file asks for it.
    On(Location),
    /// A file switches it off.
    Off(Location),
    /// No token, the platform's identity, and a client that is new enough: provenance comes by itself.
    Trusted(Location),
    /// A file asks for it, and the client cannot make it, as this place shows.
    Unable(String, Option<Location>),
    /// The client would make it by itself for npm's own registry, and the package may go to another one.
    Elsewhere(Location),
    /// Nothing.
    Silent,
}

/// The folder in which the command works, and that of the package.
fn folders(publish: &Publish<'_>, package: Option<&str>) -> (Text, String) {
    let folder = publish.doer.first(&publish.sink.folder, publish.hit, &publish.sink.value_flags);
    let folder = folder.first().map(|p| p.value.clone()).unwrap_or_default();
    let base = publish.doer.folder();
    let place = match package {
        Some(manifest) => manifest.trim_end_matches("package.json").trim_end_matches('/').to_owned(),
        None => placed(&base, &folder),
    };
    (base, place)
}

/// What `publishConfig` says; it overrides everything but the command line.
pub(super) fn by_manifest(
    checkout: &Checkout,
    publish: &Publish<'_>,
    package: Option<&str>,
) -> Option<(Location, bool)> {
    let (base, place) = folders(publish, package);
    let own = join(&place, "package.json");
    // A folder that the build fills gets its manifest from the one beside it.
    let beside = join(base.as_str(), "package.json");
    let manifest = if checkout.is_there(&own) { own } else { beside };
    let text = checkout.read(&manifest).ok()?;
    let json = workspace::json(checkout, &manifest, &text)?;
    let value = json.get("publishConfig")?.get("provenance")?;
    Some((place_of(&manifest, &text, "provenance"), *value == true))
}

/// Reads the switches for one published package: that of the folder in which the step works, or the one whose manifest
/// is named.
pub(super) fn switch(checkout: &Checkout, job: &Job, publish: &Publish<'_>, package: Option<&str>) -> Switch {
    let (base, place) = folders(publish, package);
    // What the manifest says overrides the files of the client.
    let from = npmrc::From { base: base.as_str(), place: &place, chosen: package.is_some() };
    let asked = by_manifest(checkout, publish, package).or_else(|| npmrc::switch(checkout, publish, &from));
    if let Some(newer) = newer_pnpm(checkout, job, publish) {
        let set = npmrc::of_workspace(checkout, &place);
        let trusted = || trusted(checkout, job, (publish, &place), Some(&newer));
        return match (set, asked) {
            (Some((place, true)), _) => Switch::On(place),
            (Some((place, false)), _) => Switch::Off(place),
            (None, asked) => match (trusted(), asked) {
                (trusted @ Switch::Trusted(_), _) => trusted,
                (_, Some((_, true))) => Switch::Unable(IGNORED.to_owned(), Some(newer)),
                (trusted, _) => trusted,
            },
        };
    }
    match asked {
        Some((_, true)) if publish.says("bun") => {
            return Switch::Unable("Bun's client makes no provenance".to_owned(), None);
        }
        Some((_, true)) if publish.says("yarn") && !publish.says("npm") && !checkout.is_there(".yarnrc.yml") => {
            return Switch::Unable("Yarn 1 makes no provenance".to_owned(), None);
        }
        Some((place, true)) => return Switch::On(place),
        Some((place, false)) => return Switch::Off(place),
        None => {}
    }
    trusted(checkout, job, (publish, &place), None)
}

/// The line on which a JSON key first stands.
pub(super) fn place_of(path: &str, text: &str, key: &str) -> Location {
    let quoted = format!("\"{key}\"");
    match text.lines().enumerate().find(|(_, l)| l.contains(&quoted)) {
        Some((number, line)) => line_location(path, number, line),
        None => Location::start_of(&Arc::from(path)),
    }
}

/// Whether the client makes provenance by itself, as far as all conditions of trusted publishing are visible: the job
/// may ask for an identity, no registry token is in reach, the client is npm 11.5.1 or newer or one that publishes by
/// itself, and the package goes to npm's own registry, as no other one takes the platform's identity.
fn trusted(
    checkout: &Checkout,
    job: &Job,
    (publish, place): (&Publish<'_>, &str),
    own_client: Option<&Location>,
) -> Switch {
    let yarn = publish.words().first().and_then(matching::program) == Some("yarn") || publish.says("yarn");
    let program_is_npm = !yarn && !publish.says("bun");
    let token = job.secrets.iter().any(|s| {
        let named =
            |n: &str| pattern::search("npm|node_auth|yarn|registry", n) && pattern::search("token|auth|password", n);
        named(&s.name) || s.receiver.as_deref().is_some_and(named)
    });
    let on = |value: &Text| !value.is_empty() && value.literal() != Some("false");
    let told =
        publish.sink.client.trusted_by.as_ref().is_none_or(|variable| publish.doer.env(variable).is_some_and(on));
    if !program_is_npm || !told || token || job.token.access("id-token") != Access::Write || job.steps.is_empty() {
        return Switch::Silent;
    }
    let Some(new_enough) = own_client.cloned().or_else(|| new_npm(job, publish)) else { return Switch::Silent };
    match npm_registry::other(checkout, job, publish, place) {
        Some(other) => Switch::Elsewhere(other),
        None => Switch::Trusted(new_enough),
    }
}

/// The place that shows an npm which publishes with the platform's identity: 11.5.1 or newer.
fn new_npm(job: &Job, publish: &Publish<'_>) -> Option<Location> {
    match job.steps.iter().take(publish.step + 1).rev().find_map(|step| client(step)) {
        Some((npm, location)) => (npm >= (11, 5)).then_some(location),
        None => newest_image(job),
    }
}

/// What is said where pnpm passes over a request for provenance.
const IGNORED: &str = "pnpm takes from 11 on nothing but registries and credentials from `.npmrc`, reads no variable of npm \
                       and no provenance from `publishConfig`; it has a setting of its own in pnpm-workspace.yaml";

/// Whether a variable of npm that asks for provenance is lost on the client, and it makes none by itself.
pub(super) fn loses_variable(
    checkout: &Checkout,
    job: &Job,
    publish: &Publish<'_>,
) -> Option<(&'static str, Location)> {
    let newer = newer_pnpm(checkout, job, publish)?;
    let (_, place) = folders(publish, None);
    let trusted = trusted(checkout, job, (publish, &place), Some(&newer));
    (!matches!(trusted, Switch::Trusted(_))).then_some((IGNORED, newer))
}

/// The place that names pnpm 11 or newer. It publishes without npm: with the platform's identity where it can, and with
/// settings of its own. Source: <https://pnpm.io/cli/publish>, <https://pnpm.io/settings>
fn newer_pnpm(checkout: &Checkout, job: &Job, publish: &Publish<'_>) -> Option<Location> {
    let base = publish.doer.folder();
    if !npmrc::by_pnpm(checkout, publish, base.as_str()) {
        return None;
    }
    let new = |spec: &str| {
        let spec = spec.trim().trim_start_matches(['v', '^', '~', '>', '=']);
        spec == "latest" || spec.split(['.', '+', '-', ' ']).next().and_then(|m| m.parse::<u32>().ok()) >= Some(11)
    };
    // The manifest decides, whatever is installed.
    for folder in npmrc::ancestors(base.as_str()) {
        let path = join(folder, "package.json");
        let Some(text) = checkout.is_there(&path).then(|| checkout.read(&path).ok()).flatten() else { continue };
        let json = workspace::json(checkout, &path, &text);
        let named = json.as_ref().and_then(|j| j.get("packageManager")?.as_str()?.strip_prefix("pnpm@"));
        if let Some(version) = named {
            return new(version).then(|| place_of(&path, &text, "packageManager"));
        }
    }
    job.steps.iter().take(publish.step).rev().find_map(|step| match &step.body {
        StepBody::Action(action) if action.name == "pnpm/action-setup" => {
            let version = action.input("version")?;
            new(version.value.literal()?).then(|| version.location.clone())
        }
        _ => None,
    })
}

/// The version of npm, major and minor.
type Npm = (u32, u32);

/// The npm that a line of Node ships with at its newest.
fn shipped(node_major: u32) -> Npm {
    match node_major {
        24.. => (11, 6),
        22..=23 => (10, 9),
        20..=21 => (10, 8),
        18..=19 => (10, 5),
        16..=17 => (8, 19),
        _ => (6, 14),
    }
}

/// The client that publishes, when it is older than provenance (9.5).
pub(super) fn too_old(checkout: &Checkout, job: &Job, publish: &Publish<'_>) -> Option<String> {
    if newer_pnpm(checkout, job, publish).is_some() {
        return None;
    }
    let (npm, _) = job.steps.iter().take(publish.step + 1).rev().find_map(|step| client(step))?;
    (npm < (9, 5)).then(|| format!("npm {}.{}", npm.0, npm.1))
}

/// The npm client that a step sets up, and where.
fn client(step: &Step) -> Option<(Npm, Location)> {
    match &step.body {
        StepBody::Action(action) if action.name == "actions/setup-node" => {
            let version = action.input("node-version")?;
            let text =
                version.value.literal()?.trim().trim_start_matches(['v', '^', '~', '>', '=']).to_ascii_lowercase();
            let major: Option<u32> = text.split(['.', '-']).next().and_then(|m| m.parse().ok());
            // Node 24 is the first line that ships npm 11.
            let newest = matches!(text.as_str(), "latest" | "node" | "current" | "lts/*" | "lts/krypton" | "lts");
            let npm = if newest { shipped(24) } else { shipped(major?) };
            Some((npm, version.location.clone()))
        }
        StepBody::Script(script) => script.commands.iter().rev().find_map(|command| {
            let words: Vec<&str> = command.words.iter().map(Text::as_str).collect();
            let installs =
                words.contains(&"npm") && words.iter().any(|w| matches!(*w, "install" | "i" | "add" | "update"));
            let spec = words.iter().find_map(|w| w.strip_prefix("npm@"))?;
            let spec = spec.trim_start_matches(['^', '~', '>', '=', 'v']);
            let mut parts = spec.split('.').map(|p| p.parse::<u32>().ok());
            let npm = match (spec, parts.next().flatten(), parts.next().flatten()) {
                ("latest" | "next", ..) => (u32::MAX, 0),
                // A major alone stands for its newest release.
                (_, Some(major), minor) => (major, minor.unwrap_or(u32::MAX)),
                _ => return None,
            };
            installs.then(|| (npm, command.location.clone()))
        }),
        _ => None,
    }
}

/// Hosted images whose own client is new enough.
fn newest_image(job: &Job) -> Option<Location> {
    let RunnerChoice::Labels { sets, location } = &job.runner else { return None };
    let new = |l: &Text| l.as_str().starts_with("ubuntu-26.04") || l.as_str() == "ubuntu-slim";
    sets.iter().all(|s| s.labels.iter().all(new)).then(|| location.clone())
}
