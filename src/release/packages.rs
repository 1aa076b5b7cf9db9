//! Which npm packages a publishing step hands out: one, or those of a workspace.

use super::facts::Publish;
use super::glob;
use super::naming::join;
use crate::checkout::Checkout;
use crate::commands::workspace::{MOST_MANIFESTS, MOST_PACKAGES, Package, json, members};
use crate::model::Text;
use crate::syntax::pattern;

/// What a step publishes.
pub(super) enum Packages {
    /// The package of the folder in which the step works, whatever its manifest says.
    Own,
    /// These packages of a workspace; `more` when a bound left some out.
    Several {
        /// Those that clients do not refuse to publish.
        packages: Vec<Package>,
        /// Whether there are more than were looked at.
        more: bool,
    },
}

/// The packages that a step publishes from `place`, the folder in which it works.
pub(super) fn published(checkout: &Checkout, publish: &Publish<'_>, place: &str) -> Packages {
    let filters = filters(publish);
    // A filter makes a command one for the workspace, whatever it chooses.
    let group = goes_over_all(publish) || !filters.is_empty();
    let (excluded, mut selected): (Vec<String>, Vec<String>) = filters.into_iter().partition(|f| f.starts_with('!'));
    // What is not known here, and what only changes, may be any of them.
    if selected.iter().any(|f| f.contains("${{") || f.starts_with('[') || f == "*") {
        selected.clear();
    }
    let dynamic = place.contains(['$', '*']);
    if !group && !dynamic {
        return Packages::Own;
    }
    let mut manifests: Vec<String> = if dynamic && !group {
        let pattern = glob::starred(place);
        let below = |p: &str| p.strip_suffix("package.json").map(|f| f.trim_end_matches('/').to_owned());
        let files = checkout.files().iter().filter(|p| p.ends_with("/package.json") && !p.contains("node_modules/"));
        files
            .filter(|p| below(p).is_some_and(|folder| glob::contains(&pattern, &folder) || fits(&pattern, &folder)))
            .map(|p| p.to_string())
            .collect()
    } else {
        members(checkout, place)
    };
    // These two count the root of the workspace among its packages.
    let root = join(place, "package.json");
    let with_root = ["-r", "--recursive", "foreach"].iter().any(|w| publish.says(w));
    if !dynamic && checkout.is_there(&root) && (with_root || manifests.is_empty()) {
        manifests.insert(0, root);
    }
    if manifests.is_empty() {
        return Packages::Own;
    }
    let unread = manifests.len() > MOST_MANIFESTS;
    let ignored = publish.sink.client.ignores.as_ref().map(|file| ignored(checkout, &join(place, file)));
    let configured = if publish.sink.client.by_nx { released_by_nx(checkout, place) } else { Vec::new() };
    let chosen = |p: &Package| {
        let of = |list: &[&String]| list.iter().any(|f| p.fits(f.trim_start_matches('!')));
        let (off, on): (Vec<&String>, Vec<&String>) = configured.iter().partition(|f| f.starts_with('!'));
        (on.is_empty() || of(&on)) && !of(&off)
    };
    let packages = manifests.iter().take(MOST_MANIFESTS).filter_map(|m| Package::read(checkout, m));
    let packages = packages.filter(|p| !ignored.iter().flatten().any(|name| is_called(p, name)));
    let packages = packages.filter(chosen);
    let packages = packages.filter(|p| !p.private && (selected.is_empty() || selected.iter().any(|f| p.fits(f))));
    // A name without a scope leaves out no package of a scope.
    let packages = packages.filter(|p| {
        let mut out = excluded.iter().map(|f| f.trim_start_matches('!'));
        !out.any(|f| p.name.as_deref() == Some(f) || f.contains(['/', '*', '@']) && p.fits(f))
    });
    let mut packages: Vec<Package> = packages.take(MOST_PACKAGES + 1).collect();
    let more = unread || packages.len() > MOST_PACKAGES;
    packages.truncate(MOST_PACKAGES);
    Packages::Several { packages, more }
}

/// The names and patterns of names that the settings of Changesets keep from being published.
/// Source: <https://github.com/changesets/changesets/blob/main/docs/config-file-options.md>
fn ignored(checkout: &Checkout, path: &str) -> Vec<String> {
    let json = checkout.read(path).ok().and_then(|text| json(checkout, path, &text));
    let list = json.as_ref().and_then(|json| json.get("ignore")).and_then(|list| list.as_array());
    list.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

fn is_called(package: &Package, wanted: &str) -> bool {
    let name = package.name.as_deref();
    name.is_some_and(|name| {
        name == wanted || pattern::file_matcher(wanted, true).is_some_and(|glob| glob.is_match(name))
    })
}

/// Whether the command goes over all packages of a workspace.
fn goes_over_all(publish: &Publish<'_>) -> bool {
    publish.whole_workspace() || publish.recursive()
}

/// The projects that `nx.json` releases, as names and patterns; none when it leaves all of them or chooses by tags,
/// which are not read. Source: <https://nx.dev/reference/nx-json#release>
fn released_by_nx(checkout: &Checkout, place: &str) -> Vec<String> {
    let path = join(place, "nx.json");
    let json = checkout.read(&path).ok().and_then(|text| json(checkout, &path, &text));
    let Some(release) = json.as_ref().and_then(|j| j.get("release")) else { return Vec::new() };
    let list = |value: Option<&serde_json::Value>| -> Vec<String> {
        match value {
            Some(serde_json::Value::String(one)) => vec![one.clone()],
            Some(serde_json::Value::Array(all)) => all.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    };
    let mut found = list(release.get("projects"));
    let groups = release.get("groups").and_then(|g| g.as_object());
    found.extend(groups.into_iter().flat_map(|g| g.values()).flat_map(|group| list(group.get("projects"))));
    let unread = |f: &String| f == "*" || f.trim_start_matches('!').starts_with("tag:");
    if found.iter().any(unread) { Vec::new() } else { found }
}

/// The filters that choose among the packages of a workspace, those with `!` among them that leave some out.
fn filters(publish: &Publish<'_>) -> Vec<String> {
    const FLAGS: &[&str] = &["-w", "--workspace", "--filter", "-F", "--projects", "-p", "--include", "--scope"];
    let words = publish.words();
    let mut found: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (name, value) = match word.as_str().split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), words.get(at + 1).map(Text::as_str)),
        };
        if FLAGS.contains(&name) && !publish.sink.client.no_filters.iter().any(|other| other == name) {
            found.extend(value.into_iter().flat_map(|v| v.split(',')).map(str::to_owned));
        }
        // `yarn workspace NAME npm publish`
        if word.as_str() == "workspace" && publish.says("yarn") {
            found.extend(words.get(at + 1).map(|w| w.as_str().to_owned()));
        }
    }
    found
}

/// Whether a folder fits a pattern that ends in a separator (`packages/*/`).
fn fits(pattern: &str, folder: &str) -> bool {
    glob::contains(pattern.trim_end_matches('/'), folder)
}
