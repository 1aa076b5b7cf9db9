//! An image of the checkout that holds an agent: what it is built from, and what its entrypoint does.

use std::sync::Arc;

use super::container::IMAGES;
use super::script::{self, Install};
use crate::checkout::{Checkout, ReadError};
use crate::model::Location;
use crate::runners::{broken, read_named};
use crate::syntax::dockerfile::{self, Instruction};

/// An image that holds an agent.
pub(in crate::runners) struct Image {
    /// What it is built from.
    pub(in crate::runners) base: Option<String>,
    /// What its entrypoint does; `None` when it has none of its own that can be read.
    pub(in crate::runners) install: Option<Install>,
    /// Scripts of the checkout that it runs.
    pub(in crate::runners) files: Vec<Arc<str>>,
}

/// Reads a Dockerfile; `None` when it makes no image with an agent.
pub(in crate::runners) fn read(path: &Arc<str>, text: &str, checkout: &Checkout, rule: &'static str) -> Option<Image> {
    let mut image = Image { base: None, install: None, files: Vec::new() };
    let mut copied: Vec<String> = Vec::new();
    let mut entry: Option<String> = None;
    let mut downloads = false;
    for line in dockerfile::instructions(text).iter().map(Instruction::joined) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        match word.to_ascii_uppercase().as_str() {
            "FROM" => {
                image.base = rest.split_whitespace().find(|w| !w.starts_with("--")).map(str::to_owned);
                entry = None;
            }
            "COPY" | "ADD" => {
                copied.extend(rest.split_whitespace().filter(|w| !w.starts_with("--")).map(str::to_owned))
            }
            "ENTRYPOINT" | "CMD" => {
                let words = rest.replace(['[', ']', '"', ','], " ");
                let words = words.trim().to_owned();
                // The command is the entrypoint's argument.
                entry = Some(match entry.filter(|_| word.eq_ignore_ascii_case("CMD")) {
                    Some(entry) => format!("{entry} {words}"),
                    None => words,
                });
            }
            "RUN" => downloads |= rest.contains("actions/runner/releases"),
            _ => {}
        }
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if let Some(entry) = &entry {
        for word in entry.split_whitespace() {
            let name = word.rsplit('/').next().unwrap_or(word);
            // Where the script lies is known from the instruction that copies it.
            let source = copied.iter().find(|c| c.rsplit('/').next() == Some(name));
            let candidates = [source.cloned(), Some(name.to_owned())];
            let script = candidates.into_iter().flatten().find_map(|c| {
                let c = c.trim_start_matches("./");
                let beside = if folder.is_empty() { c.to_owned() } else { format!("{folder}/{c}") };
                [beside, c.to_owned()]
                    .into_iter()
                    .find_map(|p| Some((Arc::<str>::from(p.as_str()), script_at(checkout, path, &p)?)))
            });
            if let Some((script, text)) = script {
                broken::script(checkout, &script, &text);
                if let Some(install) = script::read_file(&script, &text, rule) {
                    image.install = Some(install);
                }
                image.files.push(script);
            }
        }
        if image.install.is_none() {
            let at = Location::start_of(path);
            image.install = script::read_line(entry, &at, rule).filter(|i| i.location.is_some());
        }
    }
    let known = image.base.as_deref().is_some_and(|b| IMAGES.iter().any(|i| b.contains(i)));
    (known || downloads || image.install.as_ref().is_some_and(|i| i.location.is_some())).then_some(image)
}

/// The text of what a Dockerfile starts. What is no text is a program like any other, unless its name is that of a script.
fn script_at(checkout: &Checkout, by: &str, path: &str) -> Option<Arc<str>> {
    match checkout.glance(path) {
        Err(ReadError::NotText { .. } | ReadError::TooLarge { .. }) if !path.ends_with(".sh") => None,
        _ => read_named(checkout, by, path),
    }
}
