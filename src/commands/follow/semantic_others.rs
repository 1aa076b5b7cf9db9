//! Tools for Python and Go that share the name of semantic-release.
//!
//! The Python tool attaches the files that its configuration names to a release
//! (<https://python-semantic-release.readthedocs.io/en/latest/configuration/configuration.html>); the one in Go runs hooks
//! that publish (<https://github.com/go-semantic-release/semantic-release>).

use super::{Call, Entered, Implied, settings};
use crate::model::{Location, Text};
use crate::syntax::conf::Value;

/// Where the Python tool looks for its configuration.
const PYTHON_CONFIGS: &[&str] = &["pyproject.toml", "releaserc.toml", "releaserc.json"];
/// Options that only the tool in Go has.
const GO_OPTIONS: &[&str] =
    &["--dry", "--allow-no-changes", "--allow-initial-development-versions", "--changelog", "--ghr"];
/// The configuration of the tool in Go.
const GO_CONFIG: &str = ".semrelrc";

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    let words = || call.arguments().iter().map(Text::as_str);
    match call.name? {
        "go-semantic-release" => go(call),
        "semantic-release" if words().any(|w| w == "publish") => python(call),
        "semantic-release" if words().any(|w| GO_OPTIONS.iter().any(|o| w == *o || w.starts_with("--hooks"))) => {
            go(call)
        }
        "semantic-release" if call.checkout.is_there(&call.path(GO_CONFIG)) => go(call),
        _ => None,
    }
}

fn python(call: &Call<'_>) -> Option<Entered> {
    if call.arguments().iter().any(|w| matches!(w.as_str(), "--noop" | "--help" | "-h")) {
        return None;
    }
    let mut entered = Entered { what: "semantic-release publish".to_owned(), ..Entered::default() };
    let named = call.flag(&["-c", "--config"]).map(|file| call.path(file));
    let found = || PYTHON_CONFIGS.iter().map(|f| call.path(f)).find(|p| call.checkout.is_there(p));
    let root = match named.or_else(found).map(|path| settings(call, &path)).transpose() {
        Ok(root) => root,
        Err(why) => {
            entered.unread = Some(why);
            None
        }
    };
    let own = root.as_ref().and_then(|r| r.path(&["tool", "semantic_release"]).or_else(|| r.get("semantic_release")));
    let publish = own.and_then(|o| o.get("publish"));
    let says = |key: &str| publish.and_then(|p| p.get(key)).or_else(|| own?.get(key));
    if says("upload_to_vcs_release").and_then(Value::bool) == Some(false) {
        return Some(entered);
    }
    let patterns = says("dist_glob_patterns").filter(|p| !p.items().is_empty() || p.text().is_none());
    let (files, location): (Vec<Text>, Option<Location>) = match patterns {
        Some(list) => (list.items().iter().filter_map(Value::shown).map(Text::from).collect(), Some(list.at.clone())),
        None => (vec![Text::from("dist/*")], None),
    };
    if !files.is_empty() {
        let words = std::iter::once(Text::from("semantic-release:github")).chain(files).collect();
        entered.implied.push(Implied { words, location });
    }
    Some(entered)
}

fn go(call: &Call<'_>) -> Option<Entered> {
    let mut entered = Entered { what: "semantic-release".to_owned(), ..Entered::default() };
    if call.arguments().iter().any(|w| matches!(w.as_str(), "--dry" | "--dry=true" | "--version" | "-v" | "--help")) {
        // Nobody else's tool of this name is meant either.
        return Some(entered);
    }
    let mut hooks: Vec<(String, Option<Location>)> = match call.flag(&["--hooks"]) {
        Some(list) => list.split(',').map(|h| (h.trim().to_owned(), None)).collect(),
        None => Vec::new(),
    };
    let path = call.path(GO_CONFIG);
    if hooks.is_empty() && call.checkout.is_there(&path) {
        match settings(call, &path) {
            Ok(root) => {
                let names = root.path(&["plugins", "hooks", "names"]).map(Value::items).unwrap_or_default();
                let named = |n: &Value| Some((n.shown()?.to_owned(), Some(n.at.clone())));
                hooks.extend(names.iter().filter_map(named));
            }
            Err(why) => entered.unread = Some(why),
        }
    }
    for (hook, location) in hooks.into_iter().filter(|(hook, _)| !hook.is_empty()) {
        // A version may stand behind the name.
        let name = hook.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        match name.trim_start_matches("hooks-") {
            "goreleaser" => {
                let words = ["goreleaser", "release"].map(Text::from).to_vec();
                entered.implied.push(Implied { words, location });
            }
            other => {
                let words = ["semantic-release:hook", other].map(Text::from).to_vec();
                entered.implied.push(Implied { words, location });
            }
        }
    }
    Some(entered)
}
