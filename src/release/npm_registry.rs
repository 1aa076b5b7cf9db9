//! To which registry an npm client publishes, where something names one.
//! Source: <https://docs.npmjs.com/cli/using-npm/registry>, <https://docs.npmjs.com/cli/configuring-npm/package-json#publishconfig>,
//! <https://github.com/actions/setup-node/blob/main/docs/advanced-usage.md>

use super::facts::Publish;
use super::naming::join;
use super::npm::place_of;
use super::npmrc::{self, line_location};
use crate::checkout::Checkout;
use crate::commands::workspace;
use crate::model::{Command, Input, Job, Location, Script, StepBody, Text};

/// Hosts of the npm registry.
const NPM: &[&str] = &["registry.npmjs.org", "registry.npmjs.com"];

/// The place that sends a package to another registry than npm's: an option, a variable, the manifest, the client's
/// configuration or the action that writes it names another one, or one that the checkout does not show.
pub(super) fn other(checkout: &Checkout, job: &Job, publish: &Publish<'_>, place: &str) -> Option<Location> {
    let named = publish.doer.first(&publish.sink.host.at, publish.hit, &publish.sink.value_flags);
    let by_command = || publish.doer.location().clone();
    // The command line, and variables, come before all files.
    if let Some(named) = named.first() {
        return (!is_npm(&named.value)).then(by_command);
    }
    let manifest = join(place, "package.json");
    let text = checkout.is_there(&manifest).then(|| checkout.read(&manifest).ok()).flatten();
    let json = text.as_ref().and_then(|text| workspace::json(checkout, &manifest, text));
    let of_manifest = json.as_ref().and_then(|json| json.get("publishConfig")?.get("registry")?.as_str());
    if let (Some(registry), Some(text)) = (of_manifest, &text) {
        return (!is_npm(&Text::from(registry))).then(|| place_of(&manifest, text, "registry"));
    }
    let of_file = |path: String| {
        let text = checkout.is_there(&path).then(|| checkout.read(&path).ok()).flatten()?;
        let (number, line) = text.lines().enumerate().find(|(_, line)| names_other(line))?;
        Some(line_location(&path, number, line))
    };
    set_up(job, publish)
        .filter(|registry| !is_npm(&registry.value))
        .map(|registry| registry.location.clone())
        .or_else(|| npmrc::ancestors(place).map(|folder| join(folder, ".npmrc")).find_map(of_file))
        .or_else(|| says_other(publish.words()).then(by_command))
        .or_else(|| job.steps.iter().take(publish.step + 1).filter_map(|step| step.script()).find_map(configures))
}

/// The command of a script that tells the client of another registry, or writes one into its configuration.
fn configures(script: &Script) -> Option<Location> {
    let tells = |words: &[Text]| words.iter().skip(1).take(2).any(|word| matches!(word.as_str(), "config" | "set"));
    let writes = |command: &Command| command.output.as_ref().is_some_and(|file| file.as_str().contains(".npmrc"));
    let tells_other = |command: &&Command| {
        let input = || command.input.iter().any(|text| text.as_str().lines().any(names_other));
        (tells(&command.words) || writes(command)) && (says_other(&command.words) || input())
    };
    script.commands.iter().find(tells_other).map(|command| command.location.clone())
}

/// Whether words name another registry: as a setting in one word, or as its name and its value.
fn says_other(words: &[Text]) -> bool {
    let setting = |text: &str| names_other(text.trim_start_matches("--"));
    words.iter().any(|word| word.as_str().lines().any(setting))
        || words.windows(2).any(|pair| {
            matches!(pair, [key, value] if !key.as_str().starts_with('-') && names_other(&format!("{key}={value}")))
        })
}

/// Whether a line of `.npmrc` names another registry, for all packages or for those of a scope.
fn names_other(line: &str) -> bool {
    let Some((key, value)) = line.split_once('=') else { return false };
    let key = key.trim();
    (key == "registry" || key.starts_with('@') && key.ends_with(":registry"))
        && !is_npm(&Text::from(value.trim().trim_matches(['"', '\''])))
}

/// The registry that the last action before the step has set up for the client.
fn set_up<'j>(job: &'j Job, publish: &Publish<'_>) -> Option<&'j Input> {
    job.steps.iter().take(publish.step).rev().find_map(|step| match &step.body {
        StepBody::Action(action) if action.name == "actions/setup-node" => action.input("registry-url"),
        _ => None,
    })
}

fn is_npm(address: &Text) -> bool {
    let address = address.as_str();
    let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
    NPM.iter().any(|host| rest.strip_prefix(host).is_some_and(|path| path.is_empty() || path.starts_with('/')))
}
