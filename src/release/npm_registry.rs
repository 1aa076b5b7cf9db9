//! To which registry an npm client publishes, where something names one.
//! Source: <https://docs.npmjs.com/cli/using-npm/registry>, <https://docs.npmjs.com/cli/configuring-npm/package-json#publishconfig>,
//! <https://github.com/actions/setup-node/blob/main/docs/advanced-usage.md>

use super::facts::Publish;
use super::naming::join;
use super::npmrc;
use crate::checkout::Checkout;
use crate::commands::workspace;
use crate::model::{Command, Job, Script, StepBody, Text};

/// Hosts of the npm registry.
const NPM: &[&str] = &["registry.npmjs.org", "registry.npmjs.com"];

/// Whether a package may go to another registry than npm's: an option, a variable, the manifest, the client's
/// configuration or the action that writes it names another one, or one that the checkout does not show.
pub(super) fn is_other(checkout: &Checkout, job: &Job, publish: &Publish<'_>, place: &str) -> bool {
    let named = publish.doer.first(&publish.sink.host.at, publish.hit, &publish.sink.value_flags);
    // The command line, and variables, come before all files.
    if let Some(named) = named.first() {
        return !is_npm(&named.value);
    }
    let manifest = join(place, "package.json");
    let text = checkout.is_there(&manifest).then(|| checkout.read(&manifest).ok()).flatten();
    let json = text.and_then(|text| workspace::json(checkout, &manifest, &text));
    let of_manifest = json.as_ref().and_then(|json| json.get("publishConfig")?.get("registry")?.as_str());
    if let Some(registry) = of_manifest {
        return !is_npm(&Text::from(registry));
    }
    let files = npmrc::ancestors(place).map(|folder| join(folder, ".npmrc")).filter(|path| checkout.is_there(path));
    let mut texts = files.filter_map(|path| checkout.read(&path).ok());
    set_up(job, publish).is_some_and(|registry| !is_npm(registry))
        || texts.any(|text| text.lines().any(names_other))
        || says_other(publish.words())
        || job.steps.iter().take(publish.step + 1).filter_map(|step| step.script()).any(configures)
}

/// Whether a script tells the client of another registry, or writes one into its configuration.
fn configures(script: &Script) -> bool {
    let tells = |words: &[Text]| words.iter().skip(1).take(2).any(|word| matches!(word.as_str(), "config" | "set"));
    let writes = |command: &Command| command.output.as_ref().is_some_and(|file| file.as_str().contains(".npmrc"));
    script.commands.iter().any(|command| {
        let input = || command.input.iter().any(|text| text.as_str().lines().any(names_other));
        (tells(&command.words) || writes(command)) && (says_other(&command.words) || input())
    })
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
fn set_up<'j>(job: &'j Job, publish: &Publish<'_>) -> Option<&'j Text> {
    job.steps.iter().take(publish.step).rev().find_map(|step| match &step.body {
        StepBody::Action(action) if action.name == "actions/setup-node" => {
            action.input("registry-url").map(|input| &input.value)
        }
        _ => None,
    })
}

fn is_npm(address: &Text) -> bool {
    let address = address.as_str();
    let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
    NPM.iter().any(|host| rest.strip_prefix(host).is_some_and(|path| path.is_empty() || path.starts_with('/')))
}
