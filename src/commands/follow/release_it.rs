//! release-it: whether it publishes a package and attaches files, its configuration says.
//!
//! It becomes `release-it:npm` and `release-it:github FILES`. Source:
//! <https://github.com/release-it/release-it/blob/main/docs/configuration.md>

use std::sync::Arc;

use super::{Call, Entered, Implied};
use crate::model::{Location, Text, Unread};
use crate::syntax::yaml::Node;

/// Files that hold the configuration by themselves, in the order in which the tool looks for them.
const CONFIGS: &[&str] = &[".release-it.json", ".release-it.yaml", ".release-it.yml"];
/// Configuration that is a program or in a notation that is not read here.
const PROGRAMS: &[&str] =
    &[".release-it.ts", ".release-it.js", ".release-it.cjs", ".release-it.mjs", ".release-it.toml"];

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if call.name != Some("release-it") {
        return None;
    }
    let has = |names: &[&str]| call.arguments().iter().any(|w| names.contains(&w.as_str()));
    if has(&["--dry-run", "-d", "--release-version", "--changelog", "--version", "-v", "--help", "-h"]) {
        return None;
    }
    let mut entered = Entered { what: "release-it".to_owned(), ..Entered::default() };
    let file = call
        .flag(&["-c", "--config"])
        .map(|f| call.path(f))
        .or_else(|| CONFIGS.iter().map(|f| call.path(f)).find(|p| call.checkout.is_there(p)));
    let program = PROGRAMS.iter().map(|f| call.path(f)).find(|p| call.checkout.exists(p));
    let (path, key) = match (file, &program) {
        (Some(file), _) => (file, None),
        (None, Some(_)) => (String::new(), None),
        (None, None) => (call.path("package.json"), Some("release-it")),
    };
    let mut documents = Vec::new();
    if call.checkout.is_there(&path) {
        let text = call.checkout.read(&path).map_err(|error| Unread::Refused(format!("{path}: {error}")));
        match text.and_then(|text| call.yaml(&path, &text)) {
            Ok(read) => documents = read,
            Err(why) => entered.unread = Some(why),
        }
    } else if !path.is_empty() && key.is_none() {
        entered.unread = Some(Unread::Refused(format!("the configuration `{path}` is not in the checkout")));
        entered.implied.push(super::further_channels("release-it"));
    }
    let root = documents.first().map(|d| d.root());
    let config = match key {
        Some(key) => root.and_then(|r| r.get(key)),
        None => root,
    };
    let option = |section: &str, name: &str| config.and_then(|c| c.get(section)?.get(name));
    let at = |node: Node<'_>| Location::new(&Arc::from(path.as_str()), node.span());
    let off = |section: &str, name: &str| {
        let whole = config.and_then(|c| c.get(section)).and_then(|n| n.as_bool()) == Some(false);
        whole || option(section, name).and_then(|n| n.as_bool()) == Some(false)
    };
    let implied = |program: &str, rest: Vec<Text>, location: Option<Location>| Implied {
        words: std::iter::once(Text::from(program)).chain(rest).collect(),
        location,
    };
    let npm_off = has(&["--no-npm", "--no-npm.publish", "--npm.publish=false", "--npm=false"]) || off("npm", "publish");
    if !npm_off && call.checkout.exists(&call.path("package.json")) && !private(call) {
        entered.implied.push(implied("release-it:npm", Vec::new(), None));
    }
    let github_off = has(&["--no-github", "--no-github.release", "--github.release=false"]);
    let asked = has(&["--github.release", "--github.release=true"])
        || option("github", "release").and_then(|n| n.as_bool()) == Some(true);
    if let Some(assets) = option("github", "assets").filter(|_| asked && !github_off) {
        let files: Vec<Text> = match assets.as_str() {
            Some(one) => vec![Text::from(one)],
            None => assets.items().filter_map(|i| i.as_str()).map(Text::from).collect(),
        };
        if !files.is_empty() {
            entered.implied.push(implied("release-it:github", files, Some(at(assets))));
        }
    }
    if let Some(program) = program.filter(|_| path.is_empty()) {
        // What a program configures may switch anything on; the package counts as published.
        entered.what = format!("release-it with {program}");
    }
    Some(entered)
}

/// Whether the package is never published.
fn private(call: &Call<'_>) -> bool {
    let path = call.path("package.json");
    let Ok(text) = call.checkout.read(&path) else { return false };
    call.json(&path, &text).is_some_and(|json| json.get("private").is_some_and(|p| p == true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::Checkout;

    fn implied(files: &[(&str, &str)], command: &str) -> Vec<String> {
        let files = files.iter().map(|(p, t)| ((*p).to_owned(), t.as_bytes().to_vec()));
        let checkout = Checkout::in_memory(files, None);
        let words: Vec<Text> = command.split(' ').map(Text::from).collect();
        let call = Call::bare(&checkout, &words);
        let entered = enter(&call).unwrap_or_default();
        let line = |i: &Implied| i.words.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
        entered.implied.iter().map(line).collect()
    }

    #[test]
    fn a_package_is_published_unless_something_switches_it_off() {
        let bare = ("package.json", r#"{"name":"widget"}"#);
        assert_eq!(implied(&[bare], "release-it --ci"), ["release-it:npm"]);
        assert!(implied(&[bare], "release-it --no-npm").is_empty());
        assert!(implied(&[bare], "release-it --dry-run").is_empty());
        assert!(implied(&[("package.json", r#"{"release-it":{"npm":{"publish":false}}}"#)], "release-it").is_empty());
        assert!(implied(&[bare, (".release-it.json", r#"{"npm":false}"#)], "release-it").is_empty());
        assert!(implied(&[("package.json", r#"{"private":true}"#)], "release-it").is_empty());
    }

    #[test]
    fn files_are_attached_where_the_configuration_names_them() {
        let config = r#"{"npm":{"publish":false},"github":{"release":true,"assets":["dist/*.zip"]}}"#;
        assert_eq!(implied(&[(".release-it.json", config)], "release-it"), ["release-it:github dist/*.zip"]);
        assert!(implied(&[(".release-it.json", config)], "release-it --no-github").is_empty());
    }
}
