//! Files whose words are those of runner configuration, and whose text is none of its language: what they define is not
//! seen, so they are told of. Templates are no text of their format yet, and examples and test data are broken on purpose.

use std::sync::Arc;

use serde::de::IgnoredAny;

use super::File;
use super::facts::script;
use super::recognise::{is_incidental, refuse, words};
use super::shapes::{cdk, jenkinsfile, nix, teamcity};
use crate::checkout::Checkout;
use crate::syntax::conf::{self, Language, Lines, unfinished};
use crate::syntax::json::without_comments;
use crate::syntax::yaml;

/// Words of scripts that register an agent, or run one.
const AGENT: &[&str] =
    &["config.sh", "config.cmd", "run.sh", "svc.sh", "jitconfig", "actions-runner", "/github-runner"];

/// What JSON that defines runners holds: much else is JSON, and data holds all kinds of words.
const JSON: &[&str] = &["runner", "Runner", "RUNNER", "agent", "Agent", "AGENT", "AWS::", "Microsoft.", "odeBuild"];

/// Tells of a file with words of runner configuration when its syntax is broken.
pub(super) fn broken(file: &File<'_>) {
    let ends = |endings: &[&str]| endings.iter().any(|e| file.path.ends_with(e));
    let template = file.text.contains("{{") && ends(&[".yml", ".yaml", ".json", ".toml"]);
    if template || is_incidental(file.path) {
        return;
    }
    let tell = |at, message: String| refuse(file.checkout, file.path, at, message);
    if ends(&[".yml", ".yaml"]) {
        if let Err(error) = yaml::parse(file.text)
            && words(file.text).any(|word| speaks(word, file.text))
        {
            tell(Some((error.line, error.column)), format!("not valid YAML: {}", error.message));
        }
    } else if ends(&[".json"]) && JSON.iter().any(|word| file.text.contains(word)) {
        // What is JSON and no YAML, with a tab in it, is not broken, and neither is what has comments.
        let bare = || serde_json::from_str::<IgnoredAny>(&without_comments(file.text));
        if let Err(error) = yaml::parse(file.text)
            && bare().is_err()
        {
            tell(Some((error.line, error.column)), format!("not valid JSON: {}", error.message));
        }
    } else if ends(&[".toml"]) {
        if conf::Value::of_toml(file.path, file.text).is_none() {
            tell(None, "not valid TOML".to_owned());
        }
    } else if ends(&[".tf", ".tfvars", ".tofu", ".hcl", ".nomad"]) {
        if conf::hcl(file.path, file.text, &()).is_none() {
            tell(None, "cannot be read as HCL".to_owned());
        }
    } else if ends(&[".sh", ".bash", ".ps1", ".cmd", ".bat"]) {
        script(file.checkout, file.path, file.text);
    } else if let Some(language) = language(file)
        && let Some(at) = unfinished(language, file.text).or_else(|| bodiless(file))
    {
        let at = Lines::new(file.path, file.text).position(at);
        let what = "what stands here has no counterpart, or the text ends too early";
        tell(Some((at.line, at.column)), format!("not valid {}: {what}", language.name));
    }
}

/// Whether a word says that a broken YAML file is about runners: data holds words of all kinds.
fn speaks(word: &str, text: &str) -> bool {
    match &*word.to_ascii_lowercase() {
        // A word of Dockerfiles.
        "entrypoint" => false,
        // A service of this name has an image, or builds one.
        "runner" => ["image", "build"].iter().any(|word| text.contains(word)),
        _ => true,
    }
}

/// The end of a Bicep text whose last line names a resource or a module and gives it no body.
fn bodiless(file: &File<'_>) -> Option<usize> {
    let text = file.text.trim_end();
    let last = text.lines().next_back()?.trim_start();
    let head = ["resource ", "module "].iter().any(|word| last.starts_with(word));
    (file.path.ends_with(".bicep") && head && !text.ends_with(['}', ']', ')'])).then_some(text.len())
}

/// The language of a program that is read for the runners that it defines.
fn language(file: &File<'_>) -> Option<&'static Language> {
    let holds = |keys: &[&str]| keys.iter().any(|key| file.text.contains(key));
    match file.path.rsplit('.').next()? {
        "bicep" => Some(&conf::BICEP),
        "nix" => holds(nix::KEYS).then_some(&conf::NIX),
        "kts" => holds(teamcity::KEYS).then_some(&conf::KOTLIN),
        "py" => holds(cdk::KEYS).then_some(&conf::PYTHON),
        "ts" | "js" => holds(cdk::KEYS).then_some(&conf::SCRIPT),
        _ => (jenkinsfile::is_pipeline(file.path) && holds(jenkinsfile::KEYS)).then_some(&conf::GROOVY),
    }
}

/// Tells of a script with words of an agent when a statement of it is none of its language.
pub(super) fn script(checkout: &Checkout, path: &Arc<str>, text: &str) {
    if !AGENT.iter().any(|word| text.contains(word)) || is_incidental(path) {
        return;
    }
    if let Some((byte, why)) = script::unread(path, text) {
        let at = Lines::new(path, text).position(byte);
        refuse(checkout, path, Some((at.line, at.column)), format!("a statement cannot be read: {why}"));
    }
}
