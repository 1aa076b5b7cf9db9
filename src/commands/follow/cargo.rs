//! Programs of a Cargo workspace, and the aliases under which they are started.
//! Source: <https://doc.rust-lang.org/cargo/reference/config.html#alias>

use std::sync::Arc;

use super::{Call, Entered, Implied, join, projects};
use crate::commands::positional;
use crate::model::{Text, Unread};
use crate::syntax::conf::Value;

/// Manifests that are asked for the name of a package.
const MOST_MANIFESTS: usize = 300;
/// Words of an alias.
const MOST_WORDS: usize = 50;

/// Options of `cargo run` that take a value.
const VALUE_FLAGS: &[&str] = &[
    "-p",
    "--package",
    "--bin",
    "--example",
    "-F",
    "--features",
    "--manifest-path",
    "--target",
    "--profile",
    "--target-dir",
    "-j",
    "--jobs",
    "--color",
    "--config",
    "-Z",
    "--message-format",
];

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    let at = 1 + call.arguments().iter().position(|w| !w.as_str().starts_with(['+', '-']))?;
    match call.words.get(at)?.as_str() {
        "run" | "r" => run(call, at + 1),
        name => alias(call, at, name),
    }
}

/// A subcommand that the settings of the checkout define.
fn alias(call: &Call<'_>, at: usize, name: &str) -> Option<Entered> {
    let files = [".cargo/config.toml", ".cargo/config"].map(|file| [call.path(file), file.to_owned()]);
    let path = files.as_flattened().iter().find(|path| call.checkout.is_there(path))?;
    let settings = Value::of_toml(&Arc::from(path.as_str()), &call.checkout.glance(path).ok()?)?;
    let value = settings.path(&["alias", name])?;
    let own: Vec<&str> = match value.text() {
        Some(line) => line.split_ascii_whitespace().take(MOST_WORDS).collect(),
        None => value.items().iter().filter_map(Value::text).take(MOST_WORDS).collect(),
    };
    if own.is_empty() || own.first() == Some(&name) {
        return None;
    }
    let before = call.words.get(..at)?.iter().cloned();
    let words = before.chain(own.into_iter().map(Text::from)).chain(call.words.get(at + 1..)?.iter().cloned());
    let implied = Implied { words: words.collect(), location: Some(value.at.clone()) };
    Some(Entered { what: format!("cargo {name}"), implied: vec![implied], ..Entered::default() })
}

/// `cargo run -p MEMBER -- release docker`: a program that decides by itself what its words mean.
fn run(call: &Call<'_>, from: usize) -> Option<Entered> {
    let flags: Vec<String> = VALUE_FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
    let given = match call.words.iter().position(|w| w.as_str() == "--") {
        Some(at) => call.words.get(at + 1..)?.to_vec(),
        None => positional(call.words, from, &flags),
    };
    let bare: Vec<&str> = given.iter().filter_map(Text::literal).take_while(|word| !word.starts_with('-')).collect();
    let named = call.flag(&["-p", "--package"]);
    let program = call.flag(&["--bin", "--example"]).or(named);
    let manifest = call.flag(&["--manifest-path"]).and_then(|path| path.strip_suffix("Cargo.toml"));
    let base = manifest.map_or_else(|| call.folder.to_string(), |folder| join(call.folder.as_str(), folder));
    let folder = named.and_then(|name| member(call, &base, name)).unwrap_or(base);
    let shown = program
        .map_or_else(|| format!("in `{}`", if folder.is_empty() { "." } else { &folder }), |name| format!("`{name}`"));
    let told = if bare.is_empty() { String::new() } else { format!(" when told `{}`", bare.join(" ")) };
    let mut entered = Entered {
        what: call.words.iter().map(Text::as_str).collect::<Vec<_>>().join(" "),
        publications_only: true,
        unread: Some(Unread::Absent(format!("line shows what the program {shown} does{told}"))),
        ..Entered::default()
    };
    if let Some(task) = bare.first() {
        projects::functions(call, &join(&folder, "src"), task, &mut entered);
    }
    Some(entered)
}

/// The folder of the package of this name.
fn member(call: &Call<'_>, base: &str, name: &str) -> Option<String> {
    let manifests = call.checkout.under(base).filter(|path| path.ends_with("Cargo.toml")).take(MOST_MANIFESTS);
    let is = |path: &&Arc<str>| {
        let text = call.checkout.glance(path).ok().filter(|text| !call.checkout.is_spent() && text.contains(name));
        let manifest = text.and_then(|text| {
            call.checkout.spend(text.len() / 16);
            Value::of_toml(path, &text)
        });
        manifest.is_some_and(|m| m.path(&["package", "name"]).and_then(Value::text) == Some(name))
    };
    manifests.into_iter().find(is).map(|path| path.trim_end_matches("Cargo.toml").trim_end_matches('/').to_owned())
}
