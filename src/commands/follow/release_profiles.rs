//! `release publish` of @ossjs/release runs the command that the chosen profile of its configuration names.
//!
//! Source: <https://github.com/ossjs/release#configuration>

use std::sync::Arc;

use super::{Call, Entered, Piece, settings};
use crate::model::Unread;

const CONFIG: &str = "release.config.json";

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    let words = || call.arguments().iter().map(|w| w.as_str());
    if call.name != Some("release") || words().next() != Some("publish") {
        return None;
    }
    let path = call.path(CONFIG);
    if !call.checkout.is_there(&path) {
        return None;
    }
    let mut entered = Entered { what: "release publish".to_owned(), ..Entered::default() };
    if words().any(|w| matches!(w, "--dry-run" | "-d" | "--dry-run=true")) {
        return Some(entered);
    }
    let profile = call.flag(&["--profile", "-p"]).unwrap_or("latest");
    let root = match settings(call, &path) {
        Ok(root) => root,
        Err(why) => return Some(Entered { unread: Some(why), ..entered }),
    };
    let profiles = root.get("profiles").map(|p| p.items()).unwrap_or_default();
    let chosen = profiles.iter().find(|p| p.get("name").and_then(|n| n.text()) == Some(profile));
    match chosen.and_then(|p| p.get("use")).and_then(|used| Some((used.text()?, used))) {
        Some((text, used)) => entered.pieces.push(Piece {
            margins: (0, 0),
            text: text.to_owned(),
            shell: "sh".to_owned(),
            path: Arc::from(&*path),
            line: used.at.line,
            env: Vec::new(),
            folder: call.folder.clone(),
            positional: Vec::new(),
        }),
        None => entered.unread = Some(Unread::Refused(format!("{path} has no command for the profile `{profile}`"))),
    }
    Some(entered)
}
