//! release-plz: which crates of a workspace it publishes, its configuration and the manifests say.
//!
//! Each becomes an implied command (`release-plz:crate NAME`). Its releases of the forge carry no files.
//! Source: <https://release-plz.dev/docs/config>

use super::{Call, Entered, Implied, settings};
use crate::commands::crates::{MOST_CRATES, crates};
use crate::model::{Bound, Text};
use crate::syntax::conf::Value;

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
    match crates(call.checkout, &folder, &|path| settings(call, path).ok()) {
        Some(all) => {
            for one in all.iter().take(MOST_CRATES).filter(|c| c.publishes && configured(config.as_ref(), &c.name)) {
                add(Some(one.name.clone()));
            }
            if all.len() > MOST_CRATES {
                entered.unread = Some(Bound::Followed(MOST_CRATES, "crates").into());
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
