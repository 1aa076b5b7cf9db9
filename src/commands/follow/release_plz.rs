//! release-plz: which crates of a workspace it publishes, its configuration and the manifests say.
//!
//! Each becomes an implied command (`release-plz:crate NAME`). Its releases of the forge carry no files.
//! Source: <https://release-plz.dev/docs/config>

use globset::{GlobSet, GlobSetBuilder};

use super::{Call, Entered, Implied, join, settings};
use crate::model::Text;
use crate::syntax::conf::Value;
use crate::syntax::pattern;

/// Crates looked at in one workspace.
const MOST_CRATES: usize = 300;
const CONFIGS: &[&str] = &["release-plz.toml", ".release-plz.toml"];

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    let words = call.arguments();
    if call.program != "release-plz" || !words.iter().any(|w| w.as_str() == "release") {
        return None;
    }
    if words.iter().any(|w| matches!(w.as_str(), "--dry-run" | "--dry-run=true" | "--help" | "-h")) {
        return None;
    }
    let mut entered = Entered { what: "release-plz release".to_owned(), ..Entered::default() };
    let manifest = call.flag(&["--manifest-path", "--project-manifest"]).unwrap_or("Cargo.toml");
    let folder = call.path(manifest.trim_end_matches("Cargo.toml"));
    let named = call.flag(&["--config"]).map(|file| call.path(file));
    let beside = || CONFIGS.iter().map(|f| call.path(f)).find(|p| call.checkout.is_there(p));
    let config = match named.or_else(beside).map(|path| settings(call, &path)).transpose() {
        Ok(config) => config,
        Err(why) => {
            entered.unread = Some(why);
            None
        }
    };
    let mut add = |name: Option<String>| {
        let words = std::iter::once("release-plz:crate".to_owned()).chain(name).map(Text::from).collect();
        entered.implied.push(Implied { words, location: None });
    };
    match crates(call, &folder) {
        Some(all) => {
            for one in all.iter().take(MOST_CRATES).filter(|c| c.publishes && configured(config.as_ref(), &c.name)) {
                add(Some(one.name.clone()));
            }
            if all.len() > MOST_CRATES {
                entered.unread = Some(format!("following stopped: more than {MOST_CRATES} crates"));
            }
        }
        None => add(None),
    }
    Some(entered)
}

/// Whether the configuration lets a crate be published; it does unless it says otherwise.
fn configured(config: Option<&Value>, name: &str) -> bool {
    let Some(config) = config else { return true };
    let own = config.all("package").find(|p| p.get("name").and_then(Value::text) == Some(name));
    let says = |key: &str| {
        let own = own.and_then(|p| p.get(key)).and_then(Value::bool);
        own.or_else(|| config.path(&["workspace", key])?.bool()).unwrap_or(true)
    };
    says("release") && says("publish")
}

struct Crate {
    name: String,
    publishes: bool,
}

/// The crates of the workspace in a folder; `None` when its manifest cannot be read.
fn crates(call: &Call<'_>, folder: &str) -> Option<Vec<Crate>> {
    let root = settings(call, &join(folder, "Cargo.toml")).ok()?;
    let inherited = root.path(&["workspace", "package", "publish"]);
    let mut found: Vec<Crate> = of_manifest(&root, inherited).into_iter().collect();
    let Some(workspace) = root.get("workspace") else { return Some(found) };
    let (members, excluded) = (globs(workspace.get("members")), globs(workspace.get("exclude")));
    for path in call.checkout.under(folder).filter(|p| p.ends_with("/Cargo.toml")) {
        let own = path.strip_suffix("/Cargo.toml").unwrap_or_default();
        let below =
            if folder.is_empty() { Some(own) } else { own.strip_prefix(folder).map(|p| p.trim_start_matches('/')) };
        let Some(below) = below.filter(|b| !b.is_empty() && members.is_match(b) && !excluded.is_match(b)) else {
            continue;
        };
        if found.len() > MOST_CRATES {
            break;
        }
        match settings(call, path) {
            Ok(manifest) => found.extend(of_manifest(&manifest, inherited)),
            Err(_) => found.push(Crate { name: below.to_owned(), publishes: true }),
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
