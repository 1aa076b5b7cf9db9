//! Provenance of npm packages that no flag of the command asks for: `publishConfig`, `.npmrc`, trusted publishing.
//! Source: <https://docs.npmjs.com/generating-provenance-statements>, <https://docs.npmjs.com/trusted-publishers>

use std::sync::Arc;

use super::facts::Publish;
use super::naming::{join, placed};
use super::npm_client::{self, Shown};
use super::npm_edited;
use super::npm_machine::{self, Npm};
use super::npm_registry;
use super::npmrc::{self, line_location};
use super::tarball;
use crate::checkout::Checkout;
use crate::commands::{FlagValue, brings_secrets, flag, matching, workspace};
use crate::model::{Access, Command, Job, Location, StepBody, Text, Version};
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
    /// The client makes it by itself where something holds that this place leaves open.
    Unshown(String, Location),
    /// Nothing.
    Silent,
}

/// The first npm that makes provenance. Source: <https://docs.npmjs.com/generating-provenance-statements>
const PROVENANCE_FROM: [u32; 3] = [9, 5, 0];
/// The first npm that publishes with the platform's identity. Source: <https://docs.npmjs.com/trusted-publishers>
const TRUSTED_FROM: [u32; 3] = [11, 5, 1];
/// What is said of a package that may go to another registry.
const ELSEWHERE: &str = "the client makes provenance by itself for npm's own registry only, and the package may go to \
                         another one";

/// What is said of settings that the job changes.
const EDITED: &str =
    "the manifest asks for provenance, and a command of the job changes its settings before it publishes";

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
    if package.is_none() && tarball::is_named(publish) {
        // It has a manifest of its own.
        return None;
    }
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
    let from =
        npmrc::From { base: base.as_str(), place: &place, chosen: package.is_some() && !tarball::is_named(publish) };
    let manifest = by_manifest(checkout, publish, package);
    if let Some((place, true)) = &manifest
        && let Some(edit) = npm_edited::settings(job, publish, &place.path)
    {
        return Switch::Unshown(EDITED.to_owned(), edit);
    }
    let asked = manifest.or_else(|| npmrc::switch(checkout, publish, &from));
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

/// The place that sends a package to another registry than npm's, which need not hand out the provenance that the
/// client makes and uploads with it.
pub(super) fn elsewhere(
    checkout: &Checkout,
    job: &Job,
    publish: &Publish<'_>,
    package: Option<&str>,
) -> Option<Location> {
    let (_, place) = folders(publish, package);
    npm_registry::other(checkout, job, publish, &place)
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
    let token = token || npm_edited::token(job, publish).is_some();
    if !program_is_npm || !told || token || job.token.access("id-token") != Access::Write || job.steps.is_empty() {
        return Switch::Silent;
    }
    if let Some(off) = npm_edited::switched_off(job, publish) {
        return Switch::Off(off);
    }
    if let Some(restricted) = restricted(checkout, publish, place) {
        return Switch::Unshown(RESTRICTED.to_owned(), restricted);
    }
    let new_enough = match own_client {
        Some(location) => location.clone(),
        None => match new_client(checkout, job, publish) {
            Client::New(location) => location,
            Client::Unshown(why, location) => return Switch::Unshown(why, location),
            Client::Old => return Switch::Silent,
        },
    };
    if let Some(stored) = stored(publish) {
        return Switch::Unshown(STORED.to_owned(), stored);
    }
    match npm_registry::other(checkout, job, publish, place) {
        Some(other) => Switch::Unshown(ELSEWHERE.to_owned(), other),
        None => Switch::Trusted(new_enough),
    }
}

/// What is said of a client among whose variables are those of a store of secrets.
const STORED: &str = "the client gets secrets of a store, and nothing shows that no token of the registry is among them, \
                      with which it makes no provenance by itself";

/// The command that gets secrets out of a store for the one that publishes.
fn stored(publish: &Publish<'_>) -> Option<Location> {
    let (place, chain) = (publish.doer.location(), publish.doer.chain());
    let leads =
        |command: &&Command| command.location == *place || chain.iter().any(|hop| hop.location == command.location);
    let mut commands = publish.doer.step().script()?.commands.iter().filter(leads);
    commands.find(|command| command.views().any(|words| brings_secrets(words).is_some())).map(|c| c.location.clone())
}

/// What is said of a package that not everybody may read. Source: <https://docs.npmjs.com/trusted-publishers>
const RESTRICTED: &str = "the client makes provenance by itself for public packages only, and this one is restricted";

/// The place that keeps a package from the public.
fn restricted(checkout: &Checkout, publish: &Publish<'_>, place: &str) -> Option<Location> {
    let asked = flag(publish.words(), &["--access".to_owned()]);
    if let Some(access) = asked.iter().find_map(FlagValue::value) {
        return (access.literal() == Some("restricted")).then(|| publish.doer.location().clone());
    }
    let manifest = join(place, "package.json");
    let text = checkout.read(&manifest).ok()?;
    let json = workspace::json(checkout, &manifest, &text)?;
    let access = json.get("publishConfig")?.get("access")?;
    (*access == "restricted").then(|| place_of(&manifest, &text, "access"))
}

/// Whether the client publishes with the platform's identity.
enum Client {
    /// It does, as this place shows.
    New(Location),
    /// Nothing shows that it does, for this reason.
    Unshown(String, Location),
    /// It is none, or nothing shows it.
    Old,
}

/// The tool that publishes has to be new enough, and the npm on the machine where the tool brings none.
fn new_client(checkout: &Checkout, job: &Job, publish: &Publish<'_>) -> Client {
    let by_npm = || match npm_machine::of_job(checkout, job, publish) {
        Npm::Is(npm, location) if npm.at_least(TRUSTED_FROM) => Client::New(location),
        Npm::Is(npm, location) => {
            Client::Unshown(too_old_for_identity("npm", &short(&npm), Some(TRUSTED_FROM)), location)
        }
        Npm::Unknown(location) => Client::Unshown(NPM_UNSHOWN.to_owned(), location),
        Npm::Untouched => npm_machine::newest_image(job).map_or(Client::Old, Client::New),
    };
    let Some(called) = npm_client::called(publish) else { return by_npm() };
    match called.at_least((checkout, job, publish), |tool| tool.trusted_from) {
        Shown::Range(_, _, true, location) if called.brings_client() => Client::New(location),
        Shown::Range(_, _, true, _) | Shown::Newest => by_npm(),
        Shown::Range(tool, version, false, location) => {
            Client::Unshown(too_old_for_identity(&tool.package, &version, tool.trusted_from), location)
        }
        Shown::Nothing => {
            let npm = by_npm();
            if !matches!(npm, Client::New(_)) {
                return npm;
            }
            let why = format!(
                "nothing shows which version of {} publishes, and so whether it makes provenance by itself",
                called.name()
            );
            Client::Unshown(why, publish.doer.location().clone())
        }
    }
}

/// What is said where nothing shows how new an npm is.
const NPM_UNSHOWN: &str =
    "nothing shows which version of npm is set up here, and so whether it makes provenance by itself";

fn too_old_for_identity(tool: &str, version: &str, from: Option<[u32; 3]>) -> String {
    format!(
        "{tool} {version} does not publish with the platform's identity, by which provenance would come by itself from \
         {} on",
        from.map(dotted).unwrap_or_default()
    )
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

/// Why the client that publishes cannot make provenance, and where that shows: it is too old.
pub(super) fn too_old(checkout: &Checkout, job: &Job, publish: &Publish<'_>) -> Option<(String, Location)> {
    if newer_pnpm(checkout, job, publish).is_some() {
        return None;
    }
    if let Some(called) = npm_client::called(publish) {
        if let Shown::Range(tool, version, false, location) =
            called.at_least((checkout, job, publish), |tool| tool.provenance_from)
        {
            let from = tool.provenance_from.map(dotted).unwrap_or_default();
            let why = format!("{} {version} does not know provenance, which it makes from {from} on", tool.package);
            return Some((why, location));
        }
        if called.brings_client() {
            return None;
        }
    }
    match npm_machine::of_job(checkout, job, publish) {
        Npm::Is(npm, location) if !npm.at_least(PROVENANCE_FROM) => {
            let version = short(&npm);
            Some((format!("npm {version} does not know provenance, which npm makes from 9.5 on"), location))
        }
        _ => None,
    }
}

/// A version without what is seldom told.
fn short(version: &Version) -> String {
    let [major, minor, _] = version.numbers;
    if version.parts > 1 { format!("{major}.{minor}") } else { major.to_string() }
}

/// A version as people write it.
fn dotted(version: [u32; 3]) -> String {
    version.map(|part| part.to_string()).join(".")
}
