//! `truelevel init`: settings, a pre-commit entry and a pull-request workflow for a checkout that has none.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use super::{Console, DOUBT, HOLDS};
use crate::report::Report;

pub(super) const EXAMPLES: &str = "\
Writes truelevel.yml with the level shown today as the gate, a hook in .pre-commit-config.yaml, and
.github/workflows/truelevel.yml. What exists is left as it is, and what to add is printed.";

const WORKFLOW: &str = include_str!("workflow.yml");
const HOOK: &str = include_str!("pre-commit.yml");
const SETTINGS: &str = include_str!("settings.yml");

/// Names under which a checkout may have the hooks, and the workflow, already.
const HOOKS_NAMES: &[&str] = &[".pre-commit-config.yaml", ".pre-commit-config.yml"];
const WORKFLOW_NAMES: &[&str] = &[".github/workflows/truelevel.yml", ".github/workflows/truelevel.yaml"];

/// Files whose change can change the level: pipelines, what they run, runner configuration, claims.
const FILES: &str = r"^(\.github/|\.gitlab/|README|docs/)|\.(ya?ml|tf|tofu|hcl|bicep|nix|toml|cfg|service|sh|bash|ps1|mk)$|(^|/)([Mm]akefile|[Jj]ustfile|(Docker|Container)file[^/]*|package\.json|\.npmrc)$";

/// A file to write.
struct Wanted {
    /// Its names; the first is written when none exists.
    names: &'static [&'static str],
    /// Its text.
    text: String,
    /// What to add to a file that exists.
    part: String,
}

/// Writes what is missing and returns the exit code.
pub(super) fn run(root: &Path, grade: &dyn Fn(&Path) -> Result<Report, String>, console: &mut Console<'_>) -> u8 {
    let report = match grade(root) {
        Ok(report) => report,
        Err(reason) => {
            console.say(&format!("{}: {reason}", root.display()));
            return DOUBT;
        }
    };
    let mut told = String::new();
    let mut code = HOLDS;
    for wanted in wanted(&report) {
        let Some(name) = wanted.names.first() else { continue };
        if let Some(found) = wanted.names.iter().find(|name| is_there(root, name)) {
            told.push_str(&format!("left {found} as it is; it may get:\n\n{}\n", indented(&wanted.part)));
            continue;
        }
        match write(root, name, &wanted.text) {
            Ok(()) => told.push_str(&format!("wrote {name}\n")),
            Err(error) => {
                console.say(&format!("cannot write {}: {error}", root.join(name).display()));
                code = DOUBT;
            }
        }
    }
    if !console.print(&told) {
        code = DOUBT;
    }
    code
}

fn wanted(report: &Report) -> [Wanted; 3] {
    let overclaims = report.claims.iter().any(|claim| claim.overclaim);
    let settings = SETTINGS.replace("LEVEL", &report.level.to_string()).replace("DENY", &(!overclaims).to_string());
    let gate = settings.split("\n# Controls").next().unwrap_or_default();
    let gate = gate.split_once("\n\n").map_or(gate, |(_, gate)| gate).to_owned();
    let hook = HOOK.replace("FILES", &format!("'{FILES}'"));
    let workflow = WORKFLOW.replace("VERSION", env!("CARGO_PKG_VERSION"));
    [
        Wanted { names: &crate::settings::NAMES, text: settings, part: gate },
        Wanted { names: HOOKS_NAMES, text: format!("repos:\n{hook}"), part: hook },
        Wanted { names: WORKFLOW_NAMES, text: workflow.clone(), part: workflow },
    ]
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

/// Whether anything stands at the path, a link that leads nowhere included.
fn is_there(root: &Path, name: &str) -> bool {
    std::fs::symlink_metadata(root.join(name)).is_ok()
}

/// Makes a file that was not there, with the folders above it. Links are not followed: the checkout may be anybody's,
/// and nothing outside it is written.
fn write(root: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut folder = root.to_path_buf();
    let mut parts: Vec<&str> = name.split('/').collect();
    let file = parts.pop().unwrap_or(name);
    for part in parts {
        folder.push(part);
        match std::fs::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(io::Error::other(format!("{} is no folder", folder.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::create_dir(&folder)?,
            Err(error) => return Err(error),
        }
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(folder.join(file))?;
    file.write_all(text.as_bytes())
}
