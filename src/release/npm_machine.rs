//! The npm that a job finds on its machine. Source: <https://nodejs.org/en/about/previous-releases>

use super::doer::Doer;
use super::facts::Publish;
use super::naming::join;
use super::npm::place_of;
use super::npmrc;
use crate::catalogue::Catalogue;
use crate::checkout::Checkout;
use crate::commands::{matching, workspace};
use crate::model::{ActionUse, Command, Job, Location, RunnerChoice, Step, StepBody, Text, Version};

/// What is shown of an npm.
pub(super) enum Npm {
    /// It is this version, as this place shows.
    Is(Version, Location),
    /// It is set up at this place, in a version that is not shown.
    Unknown(Location),
    /// Nothing sets one up.
    Untouched,
}

/// The npm that publishes, as far as the job sets it up: the one that comes last counts.
pub(super) fn of_job(checkout: &Checkout, job: &Job, publish: &Publish<'_>) -> Npm {
    // `npx npm@8 publish` runs this very one.
    if let Some(spec) = publish.words().first().and_then(|word| word.as_str().strip_prefix("npm@")) {
        return of_spec(spec, publish.doer.location());
    }
    let steps = job.steps.iter().take(publish.step + 1);
    let set_up = steps.rev().map(|step| of_step(checkout, step)).find(|found| !matches!(found, Npm::Untouched));
    if by_corepack(job, publish)
        && let Some((version, location)) = of_manifest(checkout, publish.doer.folder().as_str())
    {
        return of_spec(&version, &location);
    }
    set_up.unwrap_or(Npm::Untouched)
}

/// Whether hosted images are all that is chosen and bring an npm that publishes with the platform's identity.
pub(super) fn newest_image(job: &Job) -> Option<Location> {
    let RunnerChoice::Labels { sets, location } = &job.runner else { return None };
    let new = |l: &Text| l.as_str().starts_with("ubuntu-26.04") || l.as_str() == "ubuntu-slim";
    sets.iter().all(|s| s.labels.iter().all(new)).then(|| location.clone())
}

/// The version for a part of `npm@PART`; a major alone stands for its newest release.
fn of_spec(spec: &str, location: &Location) -> Npm {
    let spec = spec.trim_start_matches(['^', '~', '>', '=', 'v']).trim_end_matches(".x");
    let newest = matches!(spec, "latest" | "next" | "");
    let version = if newest { Version::parse("999") } else { Version::parse(spec) };
    found(version, location)
}

/// A version that a place shows, or leaves open.
fn found(version: Option<Version>, location: &Location) -> Npm {
    version.map_or_else(|| Npm::Unknown(location.clone()), |version| Npm::Is(version, location.clone()))
}

fn of_step(checkout: &Checkout, step: &Step) -> Npm {
    match &step.body {
        StepBody::Action(action) if action.name == "actions/setup-node" => of_setup(checkout, action),
        StepBody::Action(action) => of_other(step, action),
        StepBody::Script(script) => script
            .commands
            .iter()
            .rev()
            .map(of_command)
            .find(|found| !matches!(found, Npm::Untouched))
            .unwrap_or(Npm::Untouched),
        _ => Npm::Untouched,
    }
}

fn of_setup(checkout: &Checkout, action: &ActionUse) -> Npm {
    if let Some(version) = action.input("node-version").filter(|input| !input.value.is_empty()) {
        return found(version.value.literal().and_then(with_node), &version.location);
    }
    let Some(file) = action.input("node-version-file").filter(|input| !input.value.is_empty()) else {
        return Npm::Untouched;
    };
    let text = file.value.literal().and_then(|path| checkout.glance(path.trim_start_matches("./")).ok());
    let named = text.as_deref().and_then(|text| match text.trim_start().starts_with('{') {
        true => {
            let json: serde_json::Value = serde_json::from_str(text).ok()?;
            let volta = json.get("volta").and_then(|volta| volta.get("node"));
            Some(volta.or_else(|| json.get("engines")?.get("node"))?.as_str()?.to_owned())
        }
        false => {
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            let node =
                |line: &str| line.strip_prefix("nodejs ").or_else(|| line.strip_prefix("node ")).map(str::to_owned);
            let first = lines.clone().next().filter(|line| !line.contains(' ')).map(str::to_owned);
            lines.find_map(node).or(first)
        }
    });
    found(named.as_deref().and_then(with_node), &file.location)
}

/// What an action other than the forge's own puts in place: it is asked for a version, or is called after what brings an
/// npm. What only publishes takes the one that is there.
fn of_other(step: &Step, action: &ActionUse) -> Npm {
    const BRINGS: &[&str] = &["node", "nodejs", "npm", "volta", "mise", "asdf"];
    let asked = |name: &str| {
        let mut inputs = action.inputs.iter().filter(|input| !input.value.is_empty());
        inputs.find(|input| input.name == name)
    };
    if let Some(npm) = asked("npm-version") {
        let location = &npm.location;
        return npm.value.literal().map_or_else(|| Npm::Unknown(location.clone()), |text| of_spec(text, location));
    }
    if let Some(node) = asked("node-version") {
        return found(node.value.literal().and_then(with_node), &node.location);
    }
    let catalogue = Catalogue::get();
    let doer = Doer::action(step, action);
    let publishes = || doer.among(&catalogue.index.sinks, &catalogue.sinks).any(|s| doer.is(&s.actions, &[]).is_some());
    let mut words = action.name.split(|c: char| !c.is_ascii_alphanumeric());
    let mut called = || words.any(|word| BRINGS.iter().any(|name| word.eq_ignore_ascii_case(name)));
    let sets_up = action.inputs.iter().any(|input| input.name.starts_with("node-version")) || called() && !publishes();
    if sets_up { Npm::Unknown(action.reference.location.clone()) } else { Npm::Untouched }
}

/// The npm that a version of Node ships with; a part that it leaves out stands for the newest.
fn with_node(text: &str) -> Option<Version> {
    let text = text.trim().trim_start_matches(['v', '^', '~', '>', '=']).to_ascii_lowercase();
    let named = match text.as_str() {
        "latest" | "node" | "current" | "lts/*" | "lts" | "lts/krypton" => "24",
        "lts/jod" => "22",
        "lts/iron" => "20",
        "lts/hydrogen" => "18",
        "lts/gallium" => "16",
        other => other.trim_end_matches(".x"),
    };
    let node = Version::parse(named)?;
    let npm = match node.numbers.first()? {
        // The first releases of this line came with an older one: https://nodejs.org/dist/index.json
        24 if !node.at_least([24, 5, 0]) => "11.4",
        24.. => "11.6",
        22..=23 => "10.9",
        20..=21 => "10.8",
        18 if !node.at_least([18, 15, 0]) => "9.4",
        18..=19 => "10.5",
        16..=17 => "8.19",
        _ => "6.14",
    };
    Version::parse(npm)
}

/// The npm that a command puts in place of the one before.
fn of_command(command: &Command) -> Npm {
    let words: Vec<&str> = command.words.iter().map(Text::as_str).collect();
    let says = |word: &str| words.contains(&word);
    let behind = |word: &str| words.iter().position(|w| *w == word).and_then(|at| words.get(at + 1)).copied();
    if let Some(spec) = words.iter().find_map(|w| w.strip_prefix("npm@")) {
        let global = || words.iter().any(|w| matches!(*w, "-g" | "--global" | "--location=global" | "global"));
        let by_npm = says("npm") && words.iter().any(|w| matches!(*w, "install" | "i" | "add" | "update"));
        let by_others = says("corepack") || says("volta") || global() && (says("pnpm") || says("yarn"));
        return if by_npm || by_others { of_spec(spec, &command.location) } else { Npm::Untouched };
    }
    let updates = words.iter().any(|w| matches!(*w, "install" | "i" | "add" | "update" | "upgrade"));
    if updates && words.iter().filter(|w| **w == "npm").count() > 1 {
        return of_spec("latest", &command.location);
    }
    let node = match words.first().copied() {
        Some("nvm") => behind("install").or_else(|| behind("use")),
        Some("fnm") => behind("use").or_else(|| behind("install")),
        Some("volta") => words.iter().find_map(|w| w.strip_prefix("node@")),
        _ => None,
    };
    match node.filter(|node| !node.starts_with('-')) {
        Some(node) => found(with_node(node), &command.location),
        None => Npm::Untouched,
    }
}

/// Whether Corepack starts npm, which then takes the version that the manifest names.
fn by_corepack(job: &Job, publish: &Publish<'_>) -> bool {
    let enables = |command: &Command| {
        let words: Vec<&str> = command.words.iter().map(Text::as_str).collect();
        words.contains(&"corepack") && words.contains(&"enable") && words.contains(&"npm")
    };
    let before = || job.steps.iter().take(publish.step + 1).filter_map(|step| step.script());
    let direct = publish.started_by().and_then(matching::program) == Some("corepack");
    direct || before().flat_map(|script| &script.commands).any(enables)
}

/// The npm that the nearest manifest names as the manager of its packages.
fn of_manifest(checkout: &Checkout, folder: &str) -> Option<(String, Location)> {
    manager(checkout, folder, "npm")
}

/// The version of a package manager that the nearest manifest which names one asks for.
pub(super) fn manager(checkout: &Checkout, folder: &str, name: &str) -> Option<(String, Location)> {
    for folder in npmrc::ancestors(folder) {
        let path = join(folder, "package.json");
        let Some(text) = checkout.is_there(&path).then(|| checkout.read(&path).ok()).flatten() else { continue };
        let json = workspace::json(checkout, &path, &text);
        let named = json.as_ref().and_then(|json| json.get("packageManager")?.as_str());
        if let Some(named) = named {
            let version = named.strip_prefix(name)?.strip_prefix('@')?.split('+').next()?;
            return Some((version.to_owned(), place_of(&path, &text, "packageManager")));
        }
    }
    None
}
