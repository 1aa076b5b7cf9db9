//! Which npm packages a published tarball holds: a client takes name and settings from the manifest inside of it, which
//! is the one of the folder in which it was packed. Source: <https://docs.npmjs.com/cli/commands/npm-publish>

use super::facts::Publish;
use super::glob;
use super::naming::join;
use crate::catalogue::Does;
use crate::checkout::Checkout;
use crate::commands::workspace::{MOST_PACKAGES, Package, members};
use crate::commands::{flag, matching, positional};
use crate::model::{Command, Flow, Kind, Text};

/// How tarballs end.
const ENDINGS: &[&str] = &[".tgz", ".tar.gz"];
/// What the name of a value says that is the name of a tarball.
const TELLS: &[&str] = &["tgz", "tarball", "npm pack", "filename"];

/// Whether a command names a tarball to publish.
pub(super) fn is_named(publish: &Publish<'_>) -> bool {
    operand(publish).is_some_and(|file| ends(&file))
}

/// The packages in the tarballs that a command publishes, none where nothing shows which; `None` where it names no
/// tarball.
pub(super) fn packages(checkout: &Checkout, flow: &Flow, publish: &Publish<'_>) -> Option<Vec<Package>> {
    let file = operand(publish)?;
    let tells = |text: &str| TELLS.iter().any(|word| text.contains(word));
    let hidden = !ends(&file) && file.symbol().is_some() && tells(&file.as_str().to_ascii_lowercase());
    if !ends(&file) && !hidden {
        return None;
    }
    let packed = packed(checkout, flow, publish);
    if hidden {
        return (!packed.is_empty()).then_some(packed);
    }
    let path = glob::starred(file.as_str());
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let folder = join(publish.doer.folder().as_str(), folder);
    let here = |all: &[Package]| -> Vec<Package> { all.iter().filter(|p| p.folder == folder).cloned().collect() };
    let fitting = fitting(&packed, name);
    if !fitting.is_empty() {
        return Some(fitting);
    }
    match packed.as_slice() {
        [] => unseen(checkout, &folder, name),
        // It may have been given another name.
        [only] => Some(vec![only.clone()]),
        several if name.contains('*') => {
            let here = here(several);
            Some(if here.is_empty() { packed } else { here })
        }
        several => Some(here(several)),
    }
}

/// What a command names to publish.
fn operand(publish: &Publish<'_>) -> Option<Text> {
    let sink = publish.sink;
    let named = (sink.kind == Kind::Npm).then(|| publish.doer.first(&sink.folder, publish.hit, &sink.value_flags))?;
    named.first().map(|picked| picked.value.clone())
}

fn ends(file: &Text) -> bool {
    ENDINGS.iter().any(|ending| file.as_str().ends_with(ending))
}

/// The packages whose tarballs have this name: the package's, a separator for its scope, and the version.
fn fitting(packages: &[Package], name: &str) -> Vec<Package> {
    let fits = |package: &Package| {
        let slug = package.name.as_deref()?.trim_start_matches('@').replace('/', "-");
        let version = name.strip_prefix(slug.as_str())?.strip_prefix('-')?;
        version.starts_with(|c: char| c.is_ascii_digit() || c == '*').then_some(slug.len())
    };
    let longest = packages.iter().filter_map(fits).max();
    packages.iter().filter(|p| longest.is_some() && fits(p) == longest).cloned().collect()
}

/// The package of a tarball that nothing is seen to pack, by its name or its place; `None` where the checkout has none.
fn unseen(checkout: &Checkout, folder: &str, name: &str) -> Option<Vec<Package>> {
    let manifest = |p: &&std::sync::Arc<str>| {
        let own = ***p == *"package.json" || p.ends_with("/package.json");
        own && !p.contains("node_modules/")
    };
    let all = checkout.files().iter().filter(manifest).take(MOST_PACKAGES);
    let all: Vec<Package> = all.filter_map(|path| Package::glance(checkout, path)).collect();
    let fitting = fitting(&all, name);
    if all.is_empty() {
        return None;
    }
    Some(match (fitting.is_empty(), all.as_slice()) {
        (false, _) => fitting,
        (true, [only]) if !only.private && name.starts_with('*') => vec![only.clone()],
        (true, _) => all.into_iter().filter(|p| p.folder == folder && !p.private && name.contains('*')).collect(),
    })
}

/// The packages that jobs of the flow pack; of the job that publishes the steps up to it.
fn packed(checkout: &Checkout, flow: &Flow, publish: &Publish<'_>) -> Vec<Package> {
    let mut manifests: Vec<String> = Vec::new();
    for (at, job) in flow.jobs.iter().enumerate().filter(|(_, job)| !job.cond.is_never()) {
        let most = if at == publish.job { publish.step + 1 } else { job.steps.len() };
        let scripts = job.steps.iter().take(most).filter_map(|step| step.script());
        for command in scripts.flat_map(|script| &script.commands) {
            for manifest in by_command(checkout, command) {
                if !manifests.contains(&manifest) && manifests.len() < MOST_PACKAGES {
                    manifests.push(manifest);
                }
            }
        }
    }
    manifests.iter().filter_map(|manifest| Package::glance(checkout, manifest)).collect()
}

/// The manifests of what a command packs.
fn by_command(checkout: &Checkout, command: &Command) -> Vec<String> {
    let found = command.views().find_map(|words| Some((words, matching::tool(Does::Pack, words)?)));
    let Some((words, (tool, after))) = found else { return Vec::new() };
    let option = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        flag(words, &names).iter().filter_map(|flag| flag.value().cloned()).collect::<Vec<Text>>()
    };
    let mut folder = command.folder.to_string();
    for below in option(&["-C", "--prefix", "--dir", "--cwd"]) {
        folder = join(&folder, below.as_str());
    }
    let says = |word: &str| words.iter().any(|own| own.as_str() == word);
    let mut chosen = option(&["-w", "--workspace", "--filter", "-F"]);
    if let Some(at) = words.iter().position(|word| word.as_str() == "workspace") {
        chosen.extend(words.get(at + 1).cloned());
    }
    let all = ["-r", "--recursive", "--workspaces", "-ws", "foreach"].iter().any(|word| says(word));
    if all || !chosen.is_empty() {
        let fits = |package: &Package| chosen.iter().any(|own| !own.is_literal() || package.fits(own.as_str()));
        let members = members(checkout, &folder).into_iter().take(MOST_PACKAGES);
        let is_chosen =
            |path: &String| chosen.is_empty() || Package::glance(checkout, path).is_some_and(|package| fits(&package));
        return members.filter(is_chosen).collect();
    }
    if let Some(operand) = positional(words, after, &tool.value_flags).first() {
        folder = join(&folder, operand.as_str());
    }
    if folder.contains("${{") {
        let pattern = join(&glob::starred(&folder), "package.json");
        let is = |path: &&std::sync::Arc<str>| path.ends_with("package.json") && !path.contains("node_modules/");
        let paths = checkout.files().iter().filter(is).filter(|path| glob::contains(&pattern, path));
        return paths.take(MOST_PACKAGES).map(|path| path.to_string()).collect();
    }
    // A name of a registry is no folder.
    let manifest = join(&folder, "package.json");
    checkout.is_there(&manifest).then_some(manifest).into_iter().collect()
}
