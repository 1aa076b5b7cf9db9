//! To which registry an npm client publishes, where something names one.
//! Source: <https://docs.npmjs.com/cli/using-npm/registry>, <https://docs.npmjs.com/cli/configuring-npm/package-json#publishconfig>,
//! <https://github.com/actions/setup-node/blob/main/docs/advanced-usage.md>

use std::sync::Arc;

use super::facts::Publish;
use super::naming::join;
use super::npm::place_of;
use super::npm_edited;
use super::npmrc::{self, line_location};
use crate::checkout::Checkout;
use crate::commands::{matching, workspace};
use crate::model::{Command, Input, Job, Location, Script, StepBody, Text};
use crate::syntax::yaml;

/// Hosts of the npm registry.
const NPM: &[&str] = &["registry.npmjs.org", "registry.npmjs.com"];

/// The place that sends a package to another registry than npm's: an option, a variable, the manifest, the client's
/// configuration or the action that writes it names another one, or one that the checkout does not show.
pub(super) fn other(checkout: &Checkout, job: &Job, publish: &Publish<'_>, place: &str) -> Option<Location> {
    let named = publish.doer.first(&publish.sink.host.at, publish.hit, &publish.sink.value_flags);
    let by_command = || publish.doer.location().clone();
    if publish.sink.client.elsewhere {
        return Some(by_command());
    }
    // The command line, and variables, come before all files.
    if let Some(named) = named.first() {
        return (!is_npm(&named.value)).then(by_command);
    }
    let manifest = join(place, "package.json");
    if let Some(edit) = npm_edited::registry(job, publish, &manifest, NPM) {
        return Some(edit);
    }
    let text = checkout.is_there(&manifest).then(|| checkout.read(&manifest).ok()).flatten();
    let json = text.as_ref().and_then(|text| workspace::json(checkout, &manifest, text));
    let of_manifest = json.as_ref().and_then(|json| json.get("publishConfig")?.get("registry")?.as_str());
    if let (Some(registry), Some(text)) = (of_manifest, &text) {
        return (!is_npm(&Text::from(registry))).then(|| place_of(&manifest, text, "registry"));
    }
    let name = json.as_ref().and_then(|json| json.get("name")?.as_str());
    let scope = Scope(name.map(|name| name.split_once('/').map_or("", |(scope, _)| scope)));
    if publish.words().first().and_then(matching::program) == Some("yarn") {
        return npmrc::ancestors(place).find_map(|folder| scope.of_yarn(checkout, &join(folder, ".yarnrc.yml")));
    }
    let file = npmrc::ancestors(place).map(|folder| join(folder, ".npmrc")).find_map(|path| {
        let text = checkout.is_there(&path).then(|| checkout.read(&path).ok()).flatten()?;
        let (number, line, other) = scope.of_file(&text)?;
        Some((line_location(&path, number, line), other))
    });
    // What the checkout says overrides what an action sets up for the user.
    match file {
        Some((location, true)) => return Some(location),
        Some((_, false)) => {}
        None => {
            if let Some(registry) = set_up(job, publish, &scope).filter(|registry| !is_npm(&registry.value)) {
                return Some(registry.location.clone());
            }
        }
    }
    let mut scripts = job.steps.iter().take(publish.step + 1).filter_map(|step| step.script());
    scope.says_other(publish.words()).then(by_command).or_else(|| scripts.find_map(|script| scope.configures(script)))
}

/// The scope of a package: empty where it has none, nothing where its name is not known.
struct Scope<'n>(Option<&'n str>);

impl Scope<'_> {
    /// Whether a setting names the registry of the package: the one for all, or the one for its scope.
    fn is_for(&self, key: &str) -> bool {
        let own = key.strip_suffix(":registry").filter(|scope| scope.starts_with('@'));
        key == "registry" || own.is_some_and(|scope| self.0.is_none_or(|known| known == scope))
    }

    /// The last line of `.npmrc` that names the registry of the package, and whether it is another one than npm's. One
    /// for its scope comes before the one for all.
    fn of_file<'t>(&self, text: &'t str) -> Option<(usize, &'t str, bool)> {
        let lines = text.lines().enumerate().filter_map(|(number, line)| {
            let (key, value) = setting(line)?;
            self.is_for(key).then(|| (key != "registry", number, line, !is_npm(&Text::from(value))))
        });
        // Of several scopes that it may be in, one that is elsewhere counts.
        let doubt = |other: &bool| self.0.is_none() && *other;
        let found = lines.max_by_key(|(scoped, number, _, other)| (doubt(other), *scoped, *number))?;
        Some((found.1, found.2, found.3))
    }

    /// The place where Yarn's settings name another registry for the package.
    /// Source: <https://yarnpkg.com/configuration/yarnrc#npmPublishRegistry>
    fn of_yarn(&self, checkout: &Checkout, path: &str) -> Option<Location> {
        let text = checkout.is_there(path).then(|| checkout.read(path).ok()).flatten()?;
        let documents = yaml::parse(&text).ok()?;
        let root = documents.first()?.root();
        let scopes = root.get("npmScopes").zip(self.0);
        let own = scopes.and_then(|(scopes, scope)| scopes.get(scope.trim_start_matches('@')));
        let mut names = own.into_iter().chain([root]).flat_map(|settings| {
            ["npmPublishRegistry", "npmRegistryServer"].into_iter().filter_map(move |key| settings.get(key))
        });
        let named = names.next()?;
        (!is_npm(&Text::from(named.as_str()?))).then(|| Location::new(&Arc::from(path), named.span()))
    }

    /// The command of a script that tells the client of another registry, or writes one into its configuration.
    fn configures(&self, script: &Script) -> Option<Location> {
        let tells = |words: &[Text]| words.iter().skip(1).take(2).any(|word| matches!(word.as_str(), "config" | "set"));
        let writes = |command: &Command| command.output.as_ref().is_some_and(|file| file.as_str().contains(".npmrc"));
        let tells_other = |command: &&Command| {
            let input = || command.input.iter().any(|text| text.as_str().lines().any(|line| self.names_other(line)));
            (tells(&command.words) || writes(command)) && (self.says_other(&command.words) || input())
        };
        script.commands.iter().find(tells_other).map(|command| command.location.clone())
    }

    /// Whether words name another registry: as a setting in one word, or as its name and its value.
    fn says_other(&self, words: &[Text]) -> bool {
        let setting = |text: &str| self.names_other(text.trim_start_matches("--"));
        words.iter().any(|word| word.as_str().lines().any(setting))
            || words.windows(2).any(|pair| {
                let names = |key: &Text, value: &Text| self.names_other(&format!("{key}={value}"));
                matches!(pair, [key, value] if !key.as_str().starts_with('-') && names(key, value))
            })
    }

    /// Whether a line of `.npmrc` names another registry for the package.
    fn names_other(&self, line: &str) -> bool {
        setting(line).is_some_and(|(key, value)| self.is_for(key) && !is_npm(&Text::from(value)))
    }
}

/// The name and the value of a setting.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    Some((key.trim(), value.trim().trim_matches(['"', '\''])))
}

/// The registry that the last action before the step has set up for the client.
fn set_up<'j>(job: &'j Job, publish: &Publish<'_>, scope: &Scope<'_>) -> Option<&'j Input> {
    job.steps.iter().take(publish.step).rev().find_map(|step| match &step.body {
        StepBody::Action(action) if action.name == "actions/setup-node" => {
            let named = action.input("scope").and_then(|input| input.value.literal()).filter(|named| !named.is_empty());
            let fits =
                |named: &str| scope.0.is_none_or(|own| own.trim_start_matches('@') == named.trim_start_matches('@'));
            action.input("registry-url").filter(|_| named.is_none_or(fits))
        }
        _ => None,
    })
}

fn is_npm(address: &Text) -> bool {
    let address = address.as_str();
    let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
    NPM.iter().any(|host| rest.strip_prefix(host).is_some_and(|path| path.is_empty() || path.starts_with('/')))
}
