//! Which configuration file of an npm client counts for a published package, and whether it asks for provenance.
//!
//! npm reads one file, at the root of the project: the nearest folder with a manifest, or the workspace root that lists
//! it, never a folder above that. Source: <https://docs.npmjs.com/cli/configuring-npm/npmrc>,
//! <https://docs.npmjs.com/cli/configuring-npm/folders>. pnpm takes the package's own file, else that of its workspace
//! (<https://pnpm.io/npmrc>); Yarn reads none of them (<https://yarnpkg.com/configuration/yarnrc>).

use std::sync::Arc;

use super::facts::Publish;
use super::naming::join;
use crate::checkout::Checkout;
use crate::commands::{flag, matching, workspace};
use crate::model::{Location, Position, Span};
use crate::syntax::yaml;

/// Where a package is published from.
pub(super) struct From<'a> {
    /// The folder in which the command works.
    pub base: &'a str,
    /// The folder of the package.
    pub place: &'a str,
    /// Whether the command chose the package itself, among those of a workspace.
    pub chosen: bool,
}

/// The place where the configuration of the client asks for provenance, or switches it off.
pub(super) fn switch(checkout: &Checkout, publish: &Publish<'_>, from: &From<'_>) -> Option<(Location, bool)> {
    let client = &publish.sink.client;
    let program = publish.words().first().and_then(matching::program).unwrap_or_default();
    if program == "yarn" {
        return ancestors(from.place)
            .find_map(|folder| of_yaml(checkout, &join(folder, ".yarnrc.yml"), "npmPublishProvenance"));
    }
    if by_pnpm(checkout, publish, from.base) {
        let own = join(from.place, ".npmrc");
        if checkout.is_there(&own) {
            return of_ini(checkout, &own);
        }
        let root = ancestors(from.place).find(|f| checkout.is_there(&join(f, "pnpm-workspace.yaml")))?;
        return of_ini(checkout, &join(root, ".npmrc"));
    }
    if let Some(own) = &client.settings {
        return of_ini(checkout, &join(from.base, own));
    }
    let prefix = flag(publish.words(), &["--prefix".to_owned(), "-C".to_owned()]);
    let project = if let Some(prefix) = prefix.iter().find_map(|f| f.value()) {
        join(from.base, prefix.as_str())
    } else if from.chosen && !client.works_here {
        workspace_of(checkout, from.place)
    } else if from.place == from.base {
        // What is published lies here, and a manifest with it, which a build may have made.
        workspace_of(checkout, from.base)
    } else {
        let near = ancestors(from.base).find(|f| checkout.is_there(&join(f, "package.json")));
        workspace_of(checkout, near.unwrap_or(from.base))
    };
    of_ini(checkout, &join(&project, ".npmrc"))
}

/// Whether pnpm publishes, by name or because changesets finds it.
pub(super) fn by_pnpm(checkout: &Checkout, publish: &Publish<'_>, base: &str) -> bool {
    let here = |file: &str| checkout.is_there(&join(base, file));
    match publish.words().first().and_then(matching::program).unwrap_or_default() {
        "changeset" | "changesets" => here("pnpm-workspace.yaml") || here("pnpm-lock.yaml"),
        program => matches!(program, "pnpm" | "pn"),
    }
}

/// The switch in the settings of a workspace of pnpm.
pub(super) fn of_workspace(checkout: &Checkout, place: &str) -> Option<(Location, bool)> {
    let path = ancestors(place).map(|f| join(f, "pnpm-workspace.yaml")).find(|p| checkout.is_there(p))?;
    of_yaml(checkout, &path, "provenance")
}

/// A folder and those above it, the root of the checkout last.
pub(super) fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |f| match f.rsplit_once('/') {
        Some((above, _)) => Some(above),
        None => (!f.is_empty()).then_some(""),
    })
}

/// The root of the workspace that lists a folder, or the folder.
fn workspace_of(checkout: &Checkout, folder: &str) -> String {
    let root = ancestors(folder).skip(1).find(|root| workspace::lists(checkout, root, folder));
    root.unwrap_or(folder).to_owned()
}

fn of_ini(checkout: &Checkout, path: &str) -> Option<(Location, bool)> {
    let text = checkout.read(path).ok()?;
    let mut found = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        // Keys behind a section are others.
        if trimmed.starts_with('[') {
            break;
        }
        let (key, value) = trimmed.split_once('=').unwrap_or((trimmed, "true"));
        if key.trim() == "provenance" {
            let value = value.trim().trim_matches(['"', '\'']);
            // What a variable says is not shown.
            found = (!value.contains("${")).then(|| (line_location(path, number, line), value == "true"));
        }
    }
    found
}

fn of_yaml(checkout: &Checkout, path: &str, key: &str) -> Option<(Location, bool)> {
    let text = checkout.read(path).ok()?;
    let documents = yaml::parse(&text).ok()?;
    let value = documents.first()?.root().get(key)?;
    Some((Location::new(&Arc::from(path), value.span()), value.as_bool()?))
}

/// A line of a file, without its indentation.
pub(super) fn line_location(path: &str, number: usize, line: &str) -> Location {
    let at = |column: usize| Position {
        line: u32::try_from(number + 1).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
        byte: 0,
    };
    let indent = line.chars().take_while(|c| c.is_whitespace()).count();
    let length = line.trim_end().chars().count();
    Location::new(&Arc::from(path), Span { start: at(indent + 1), end: at(length + 1) })
}
