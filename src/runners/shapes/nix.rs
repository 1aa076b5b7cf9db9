//! NixOS: `services.github-runners`.
//!
//! With `ephemeral` the service wipes its folder and registers anew after each job, on the same host.
//! Source: <https://github.com/NixOS/nixpkgs/blob/master/nixos/modules/services/continuous-integration/github-runner/options.nix>

use crate::model::RunnerPool;
use crate::runners::File;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted},
};
use crate::runners::{default_labels, scope_of};
use crate::syntax::conf::Lines;

const RULE: &str = "nixos-runner";

/// Strings of which such a file holds one.
pub(in crate::runners) const KEYS: &[&str] = &["github-runner"];

/// The runners of a NixOS module.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    if !file.path.ends_with(".nix") {
        return Vec::new();
    }
    let code = without_comments(file.text);
    let lines = Lines::new(file.path, file.text);
    let mut pools = Vec::new();
    for (at, key) in code.match_indices("github-runner") {
        let mut rest = code.get(at + key.len()..).unwrap_or_default();
        let plural = rest.starts_with('s');
        rest = rest.trim_start_matches('s');
        let before = code.get(..at).unwrap_or_default().trim_end();
        if !before.ends_with('.') && !before.ends_with('{') && !before.ends_with(';') {
            continue;
        }
        let Some(equals) = rest.find('=') else { continue };
        let path = rest.get(..equals).unwrap_or_default().trim();
        let value_at = code.len() - rest.len() + equals + 1;
        let value = code.get(value_at..).unwrap_or_default();
        let offset = value_at + value.len() - value.trim_start().len();
        let Some(body) = braces(code.get(offset..).unwrap_or_default()) else {
            // `lib.listToAttrs (map (n: { name = ...; value = { ... }; }) ...)`, `lib.genAttrs names (n: { ... })`: the
            // braces that hold the settings.
            let statement = code.get(offset..).unwrap_or_default();
            let inner = statement.match_indices('{').take(MOST_BRACES).find_map(|(brace, _)| {
                let body = braces(statement.get(brace..)?)?;
                let before = statement.get(..brace)?;
                let ours = !before.contains(';') || before.trim_end().ends_with("value =");
                (ours && settings(body)).then_some((brace, body))
            });
            if let Some((brace, body)) = inner
                && path.is_empty()
                && plural
            {
                pools.extend(runner(&lines, "github-runners", offset + brace, body));
            }
            continue;
        };
        if path.is_empty() && plural {
            for (name, start, inner) in attributes(body) {
                pools.extend(runner(&lines, &name, offset + start, inner));
            }
        } else if path.is_empty() && !plural {
            pools.extend(runner(&lines, "github-runner", offset, body));
        } else if plural {
            let name = path.trim_start_matches('.');
            // `services.github-runners.x.serviceOverrides = { ... }` is a part of one that stands elsewhere.
            let outer = name.replace(['{', '}', '"'], "");
            let one = name.starts_with("${") || !name.contains('.');
            if one {
                pools.extend(runner(&lines, &outer, at, body));
            }
        }
    }
    pools
}

/// Braces that are looked into for the settings of a runner.
const MOST_BRACES: usize = 8;

/// Whether a body holds settings of a runner itself, not deeper down.
fn settings(body: &str) -> bool {
    let flat = body.split('{').next().unwrap_or_default();
    flat.contains("tokenFile") || flat.contains("url =")
}

/// Comments as blanks of the same length.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        let skip = if quoted {
            0
        } else if c == '#' {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |e| e + 2)
        } else {
            0
        };
        if skip > 0 {
            let (comment, tail) = rest.split_at(skip);
            out.extend(comment.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
            rest = tail;
            continue;
        }
        if c == '"' && !out.ends_with('\\') {
            quoted = !quoted;
        }
        // A string on one line; one that goes on has other marks.
        if c == '\n' {
            quoted = false;
        }
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

/// What stands between the brace at the start and the one that closes it.
fn braces(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('{')?;
    let mut open = 1_usize;
    for (at, c) in inner.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return inner.get(..at);
        }
    }
    None
}

/// `name = { ... };` inside of a body: the name, its offset from the brace before the body, and its content.
fn attributes(body: &str) -> Vec<(String, usize, &str)> {
    let mut found = Vec::new();
    let mut here = 0;
    while let Some(equals) = body.get(here..).and_then(|r| r.find('=')) {
        let at = here + equals;
        let name = body.get(here..at).unwrap_or_default().trim().trim_matches('"').to_owned();
        let rest = body.get(at + 1..).unwrap_or_default();
        let start = at + 1 + rest.len() - rest.trim_start().len();
        match braces(body.get(start..).unwrap_or_default()) {
            Some(inner) => {
                let name_at = body.get(here..at).map_or(here, |n| here + n.len() - n.trim_start().len());
                found.push((name, name_at + 1, inner));
                here = start + inner.len() + 2;
            }
            None => here = start,
        }
        here += body.get(here..).and_then(|r| r.find(';')).map_or(0, |s| s + 1);
        if here >= body.len() {
            break;
        }
    }
    found
}

fn runner(lines: &Lines<'_>, name: &str, at: usize, body: &str) -> Option<RunnerPool> {
    let setting = |key: &str| {
        body.match_indices(key).find_map(|(start, _)| {
            let before = body.get(..start)?.trim_end();
            let fresh = before.is_empty() || before.ends_with(';');
            let rest = body.get(start + key.len()..)?.trim_start().strip_prefix('=')?;
            fresh.then(|| (start, rest.split(';').next().unwrap_or_default().trim().to_owned()))
        })
    };
    let value = |key: &str| setting(key).map(|(_, v)| v);
    if value("enable").as_deref() == Some("false") {
        return None;
    }
    let known = ["url", "tokenFile", "ephemeral", "extraLabels"].iter().any(|k| setting(k).is_some());
    if !known {
        return None;
    }
    let place = lines.at(&(at..at + name.len().max(1)));
    let mut draft = Draft::new(RULE, name, &place);
    if value("noDefaultLabels").as_deref() != Some("true") {
        draft.pool.labels = default_labels(false);
    }
    let quoted = |text: &str| text.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    if let Some(labels) = value("extraLabels") {
        draft.labels(quoted(&labels).iter().map(String::as_str));
    }
    draft.pool.group = value("runnerGroup").and_then(|g| quoted(&g).first().cloned());
    draft.pool.scope = value("url").and_then(|u| quoted(&u).first().cloned()).as_deref().and_then(scope_of);
    draft.unshown(
        Hosted,
        &place,
        "the service runs on a host of one's own",
        "a pool of a cluster or cloud that the checkout defines",
    );
    match value("ephemeral").as_deref() {
        Some("true") => draft.unshown(
            Ephemeral,
            &place,
            "`ephemeral`: single-use registration shown, disposal of the host not shown",
            "a machine that is destroyed after one job",
        ),
        Some("false") => draft.failed(Ephemeral, &place, "`ephemeral = false`: the agent takes job after job"),
        Some(_) => draft.unshown(Ephemeral, &place, "the value of `ephemeral` is not visible", "a literal `true`"),
        None => draft.failed_by_default(
            Ephemeral,
            &place,
            "`ephemeral` is not set and off by default: the agent takes job after job",
        ),
    }
    if setting("tokenFile").is_some() {
        draft.credential(&place, "the registration's token lies in a file of the host");
    }
    draft.machine_decides(&place);
    Some(draft.finish())
}
