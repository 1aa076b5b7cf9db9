//! The packages of a JavaScript workspace.

use globset::GlobSetBuilder;

use super::follow::join;
use crate::checkout::{Bearing, Checkout};
use crate::model::Problem;
use crate::syntax::json::without_comments;
use crate::syntax::pattern;
use crate::syntax::yaml::{self, Document, Node};

/// Packages looked at in one workspace.
pub const MOST_PACKAGES: usize = 400;
/// Manifests read in one workspace to tell which of its packages are published.
pub const MOST_MANIFESTS: usize = 4000;
/// Folders whose manifests are no packages, where a workspace does not list its own.
const OTHERS: &[&str] =
    &["node_modules/", "fixtures/", "examples/", "example/", "test/", "tests/", "__tests__/", "template"];

const BOM: char = '\u{feff}';

/// A JSON text on which the level depends; that it makes no sense is told of the checkout.
pub fn json(checkout: &Checkout, path: &str, text: &str) -> Option<serde_json::Value> {
    let refuse = |line: usize, column: usize, message: String| {
        let place = |n: usize| Some(u32::try_from(n).unwrap_or(u32::MAX).max(1));
        let (line, column) = (place(line), place(column));
        checkout.refuse(Bearing::Release, Problem { path: path.to_owned(), line, column, message });
    };
    match serde_json::from_str::<serde_json::Value>(text.trim_start_matches(BOM)) {
        Ok(json) if json.is_object() => Some(json),
        Ok(_) => {
            refuse(1, 1, "there are no settings in it: it is no object".to_owned());
            None
        }
        Err(error) => {
            refuse(error.line(), error.column(), format!("not valid JSON: {error}"));
            None
        }
    }
}

/// A package that a manifest describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The path of the manifest.
    pub manifest: String,
    /// The folder.
    pub folder: String,
    /// Its name, when it has one.
    pub name: Option<String>,
    /// Whether clients refuse to publish it.
    pub private: bool,
}

impl Package {
    /// The package of a manifest on which the level depends; `None` when it is missing or broken.
    pub fn read(checkout: &Checkout, manifest: &str) -> Option<Self> {
        let text = checkout.read(manifest).ok()?;
        Self::of(manifest, &json(checkout, manifest, &text)?)
    }

    /// The same for a manifest of which nobody knows yet whether it means anything.
    pub fn glance(checkout: &Checkout, manifest: &str) -> Option<Self> {
        let text = checkout.glance(manifest).ok()?;
        Self::of(manifest, &serde_json::from_str(text.trim_start_matches(BOM)).ok()?)
    }

    fn of(manifest: &str, json: &serde_json::Value) -> Option<Self> {
        json.is_object().then(|| Self {
            manifest: manifest.to_owned(),
            folder: manifest.trim_end_matches("package.json").trim_end_matches('/').to_owned(),
            name: json.get("name").and_then(|n| n.as_str()).map(str::to_owned),
            private: json.get("private").is_some_and(|p| p == true || p == "true"),
        })
    }

    /// Whether a filter of a client (`@acme/a`, `./packages/a`, `packages/*`, `{packages/a}...`) selects it.
    pub fn fits(&self, filter: &str) -> bool {
        let filter = filter.trim_start_matches("...").trim_end_matches("...").trim_matches(['{', '}', '^']);
        let filter = filter.trim_start_matches("./").trim_end_matches('/');
        let glob = pattern::file_matcher(filter, false);
        let fits = |text: &str| filter == text || glob.as_ref().is_some_and(|g| g.is_match(text));
        fits(&self.folder) || self.name.as_deref().is_some_and(|n| fits(n) || n.ends_with(&format!("/{filter}")))
    }
}

/// The manifests of the packages of the workspace whose root is a folder, its root left out; all manifests below where
/// the root lists none.
pub fn members(checkout: &Checkout, root: &str) -> Vec<String> {
    let patterns = patterns(checkout, root);
    let mut wanted = GlobSetBuilder::new();
    let mut unwanted = GlobSetBuilder::new();
    for pattern in &patterns {
        let (set, pattern) = match pattern.strip_prefix('!') {
            Some(rest) => (&mut unwanted, rest),
            None => (&mut wanted, pattern.as_str()),
        };
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        if let Some(glob) = pattern::glob(pattern, true) {
            set.add(glob);
        }
    }
    let (Ok(wanted), Ok(unwanted)) = (wanted.build(), unwanted.build()) else { return Vec::new() };
    let own = join(root, "package.json");
    let below = |path: &str| -> Option<String> {
        let folder = path.strip_suffix("package.json")?.trim_end_matches('/');
        let inner = if root.is_empty() { folder } else { folder.strip_prefix(root)?.trim_start_matches('/') };
        Some(inner.to_owned())
    };
    checkout
        .under(root)
        .filter(|p| p.ends_with("/package.json") && ***p != *own && !p.contains("node_modules/"))
        .filter(|p| {
            let Some(folder) = below(p) else { return false };
            if patterns.is_empty() {
                !OTHERS.iter().any(|o| p.contains(o))
            } else {
                wanted.is_match(&folder) && !unwanted.is_match(&folder)
            }
        })
        .map(|p| p.to_string())
        .collect()
}

/// Whether the manifest of a root names a folder as one of its workspaces, as npm reads it.
pub fn lists(checkout: &Checkout, root: &str, folder: &str) -> bool {
    let Some(inner) = (if root.is_empty() { Some(folder) } else { folder.strip_prefix(root) }) else { return false };
    let inner = inner.trim_start_matches('/');
    let mut listed = false;
    for pattern in of_manifest(checkout, root) {
        let (on, pattern) = pattern.strip_prefix('!').map_or((true, pattern.as_str()), |rest| (false, rest));
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        if pattern::file_matcher(pattern, true).is_some_and(|glob| glob.is_match(inner)) {
            listed = on;
        }
    }
    listed
}

/// The manifest in a folder.
fn manifest(checkout: &Checkout, root: &str) -> Option<serde_json::Value> {
    let path = join(root, "package.json");
    json(checkout, &path, &checkout.read(&path).ok()?)
}

/// The document of a file in a folder, which is YAML, or JSON with comments where `commented` says so. That it makes no
/// sense is told of the checkout.
fn document(checkout: &Checkout, root: &str, file: &str, commented: bool) -> Option<Document> {
    let path = join(root, file);
    let text = checkout.read(&path).ok()?;
    // To YAML a tab is no blank.
    let plain = commented.then(|| without_comments(&text).replace('\t', " "));
    match yaml::parse(plain.as_deref().unwrap_or(&text)) {
        Ok(documents) => documents.into_iter().next(),
        Err(error) => {
            let (line, column) = (Some(error.line), Some(error.column));
            let message = format!("not valid {}: {}", if commented { "JSON" } else { "YAML" }, error.message);
            checkout.refuse(Bearing::Release, Problem { path, line, column, message });
            None
        }
    }
}

fn texts<'n>(list: impl Iterator<Item = Node<'n>>) -> Vec<String> {
    list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn list(value: Option<&serde_json::Value>) -> Vec<String> {
    let items = value.and_then(|v| v.as_array());
    items.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

/// The patterns in the manifest of a root.
fn of_manifest(checkout: &Checkout, root: &str) -> Vec<String> {
    let manifest = manifest(checkout, root);
    let workspaces = manifest.as_ref().and_then(|m| m.get("workspaces"));
    let mut found = list(workspaces);
    found.extend(list(workspaces.and_then(|w| w.get("packages"))));
    found
}

/// The patterns of folders that a root lists.
fn patterns(checkout: &Checkout, root: &str) -> Vec<String> {
    let mut found = of_manifest(checkout, root);
    let pnpm = document(checkout, root, "pnpm-workspace.yaml", false);
    if let Some(packages) = pnpm.as_ref().and_then(|d| d.root().get("packages")) {
        found.extend(texts(packages.items()));
    }
    if let Some(published) = of_rush(checkout, root) {
        return published;
    }
    if found.is_empty() {
        let lerna = document(checkout, root, "lerna.json", true);
        found.extend(lerna.as_ref().and_then(|l| l.root().get("packages")).map_or_else(Vec::new, |p| texts(p.items())));
    }
    found
}

/// The folders of the projects that Rush publishes: those with `shouldPublish` or a version policy. Its file is JSON with
/// comments. Source: <https://rushjs.io/pages/configs/rush_json/>
fn of_rush(checkout: &Checkout, root: &str) -> Option<Vec<String>> {
    let rush = document(checkout, root, "rush.json", true)?;
    let projects = rush.root().get("projects")?;
    let published = projects.items().filter(|p| {
        p.get("shouldPublish").and_then(|s| s.as_bool()) == Some(true) || p.get("versionPolicyName").is_some()
    });
    let mut folders: Vec<String> =
        published.filter_map(|p| p.get("projectFolder")?.as_str().map(str::to_owned)).collect();
    if folders.is_empty() {
        // None, and not all that lie below.
        folders.push("!**".to_owned());
    }
    Some(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|(p, t)| ((*p).to_owned(), t.as_bytes().to_vec()));
        members(&Checkout::in_memory(files, None), "")
    }

    #[test]
    fn members_are_what_the_root_lists() {
        let all = [
            ("package.json", r#"{"workspaces": ["packages/*", "!packages/c"]}"#),
            ("packages/a/package.json", "{}"),
            ("packages/a/deep/package.json", "{}"),
            ("packages/c/package.json", "{}"),
            ("docs/package.json", "{}"),
        ];
        assert_eq!(found(&all), ["packages/a/package.json"]);
        let nested = [("package.json", r#"{"workspaces": {"packages": ["a"]}}"#), ("a/package.json", "{}")];
        assert_eq!(found(&nested), ["a/package.json"]);
        let pnpm = [("pnpm-workspace.yaml", "packages: ['**']\n"), ("package.json", "{}"), ("x/y/package.json", "{}")];
        assert_eq!(found(&pnpm), ["x/y/package.json"]);
        let unlisted = [("package.json", "{}"), ("a/package.json", "{}"), ("examples/b/package.json", "{}")];
        assert_eq!(found(&unlisted), ["a/package.json"]);
    }

    #[test]
    fn filters_select_by_name_and_folder() {
        let package = Package {
            manifest: "packages/a/package.json".into(),
            folder: "packages/a".into(),
            name: Some("@acme/a".into()),
            private: false,
        };
        for filter in ["@acme/a", "./packages/a", "packages/*", "@acme/*", "@acme/a...", "{packages/a}", "a"] {
            assert!(package.fits(filter), "{filter}");
        }
        assert!(!package.fits("@acme/b"));
    }
}
