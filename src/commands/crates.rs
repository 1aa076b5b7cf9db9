//! The crates of a Cargo workspace. Source: <https://doc.rust-lang.org/cargo/reference/workspaces.html>

use globset::{GlobSet, GlobSetBuilder};

use super::follow::join;
use crate::checkout::Checkout;
use crate::syntax::conf::Value;
use crate::syntax::pattern;

/// Crates looked at in one workspace.
pub const MOST_CRATES: usize = 300;

/// A crate of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Whether its manifest lets it be published.
    pub publishes: bool,
}

/// The crates of the workspace in a folder, its manifests read by this function; `None` when its own cannot be read.
pub fn crates(checkout: &Checkout, folder: &str, read: &dyn Fn(&str) -> Option<Value>) -> Option<Vec<Crate>> {
    let root = read(&join(folder, "Cargo.toml"))?;
    let inherited = root.path(&["workspace", "package", "publish"]);
    let mut found: Vec<Crate> = of_manifest(&root, inherited).into_iter().collect();
    let Some(workspace) = root.get("workspace") else { return Some(found) };
    let (members, excluded) = (globs(workspace.get("members")), globs(workspace.get("exclude")));
    for path in checkout.under(folder).filter(|p| p.ends_with("/Cargo.toml")) {
        let own = path.strip_suffix("/Cargo.toml").unwrap_or_default();
        let below =
            if folder.is_empty() { Some(own) } else { own.strip_prefix(folder).map(|p| p.trim_start_matches('/')) };
        let Some(below) = below.filter(|b| !b.is_empty() && members.is_match(b) && !excluded.is_match(b)) else {
            continue;
        };
        if found.len() > MOST_CRATES {
            break;
        }
        match read(path) {
            Some(manifest) => found.extend(of_manifest(&manifest, inherited)),
            None => found.push(Crate { name: below.to_owned(), publishes: true }),
        }
    }
    Some(found)
}

fn of_manifest(manifest: &Value, inherited: Option<&Value>) -> Option<Crate> {
    let package = manifest.get("package")?;
    let name = package.get("name")?.text()?.to_owned();
    let publish = package.get("publish");
    let publish = match publish.and_then(|p| p.get("workspace")) {
        Some(_) => inherited,
        None => publish,
    };
    // `publish = []` names no registry.
    let off = publish.is_some_and(|p| p.bool() == Some(false) || p.text().is_none() && p.items().is_empty());
    Some(Crate { name, publishes: !off })
}

fn globs(patterns: Option<&Value>) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns.map(Value::items).unwrap_or_default().iter().filter_map(Value::shown) {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        if let Some(glob) = pattern::glob(pattern, true) {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}
