//! TeamCity: cloud profiles of the Kotlin DSL. Agents in containers are with the other agents of that kind.
//!
//! A profile keeps its machines until they are idle for long enough, unless it ends them after a build.
//! Source: <https://www.jetbrains.com/help/teamcity/agent-cloud-profile.html>

use std::sync::LazyLock;

use regex::Regex;

use crate::model::RunnerPool;
use crate::runners::File;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted},
};
use crate::syntax::conf::Lines;

/// The strings of which a file with such a definition holds one.
pub(in crate::runners) const KEYS: &[&str] = &["CloudProfile"];

const RULE: &str = "teamcity-cloud-profile";

static PROFILE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b(\w+)CloudProfile\s*\{").ok());
static SWITCH: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bterminateAfterBuild\s*=\s*([\w.]+)").ok());
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"\bname\s*=\s*"([^"$]*)""#).ok());

/// The cloud profiles of a file.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let (Some(profile), Some(switch), Some(name)) = (PROFILE.as_ref(), SWITCH.as_ref(), NAME.as_ref()) else {
        return Vec::new();
    };
    if !file.path.ends_with(".kts") {
        return Vec::new();
    }
    let code = without_comments(file.text);
    let lines = Lines::new(file.path, file.text);
    let mut pools = Vec::new();
    for found in profile.captures_iter(&code) {
        let (Some(all), Some(cloud)) = (found.get(0), found.get(1)) else { continue };
        let body = braces(code.get(all.end() - 1..).unwrap_or_default());
        let at = lines.at(&all.range());
        let title = name.captures(body).and_then(|c| c.get(1)).map_or(cloud.as_str(), |m| m.as_str());
        let mut draft = Draft::new(RULE, title, &at);
        draft.documented(Hosted, &at, "the profile makes agents as machines of a cloud account");
        let written = switch.captures(body).and_then(|c| Some((c.get(0)?, c.get(1)?.as_str())));
        match written {
            Some((whole, value)) => {
                let start = all.end() - 1 + whole.start();
                let place = lines.at(&(start..start + whole.len()));
                match value {
                    "true" => draft.met(Ephemeral, &place, "`terminateAfterBuild`: a machine ends after one build"),
                    "false" => draft.failed(Ephemeral, &place, "the machine takes build after build"),
                    _ => draft.unshown(
                        Ephemeral,
                        &place,
                        "the value of `terminateAfterBuild` is not visible",
                        "`terminateAfterBuild = true`",
                    ),
                }
            }
            None => draft.failed_by_default(
                Ephemeral,
                &at,
                "`terminateAfterBuild` is not set and off by default: a machine takes build after build",
            ),
        }
        draft.machine_decides(&at);
        pools.push(draft.finish());
    }
    pools
}

/// Comments, and braces in strings, as blanks of the same length.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        let end = match () {
            () if quoted => None,
            () if rest.starts_with("//") => Some(rest.find('\n').unwrap_or(rest.len())),
            () if rest.starts_with("/*") => Some(rest.find("*/").map_or(rest.len(), |at| at + 2)),
            () => None,
        };
        if let Some(end) = end {
            let (comment, tail) = rest.split_at(end);
            out.extend(comment.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
            rest = tail;
            continue;
        }
        if quoted && c == '\\' {
            let (pair, tail) = rest.split_at(rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at));
            out.push_str(pair);
            rest = tail;
            continue;
        }
        quoted ^= c == '"';
        quoted &= c != '\n';
        out.push(if quoted && matches!(c, '{' | '}') { ' ' } else { c });
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

/// From an opening brace to the one that closes it.
fn braces(text: &str) -> &str {
    let mut open = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}
