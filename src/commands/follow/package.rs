//! `npm run SCRIPT` and its relatives: scripts of `package.json`.

use std::sync::Arc;

use super::{Call, Entered, Piece, join};
use crate::checkout::Checkout;
use crate::model::Text;

/// Packages of a workspace whose scripts are entered for one command.
const MOST_PACKAGES: usize = 200;
/// Words that are commands of a client and no scripts.
const OWN: &[&str] = &[
    "install",
    "i",
    "ci",
    "add",
    "remove",
    "publish",
    "pack",
    "exec",
    "dlx",
    "version",
    "login",
    "logout",
    "whoami",
    "config",
    "set",
    "cache",
    "audit",
    "link",
    "unlink",
    "npm",
    "workspaces",
    "workspace",
    "why",
    "info",
    "view",
    "init",
    "create",
    "up",
    "upgrade",
    "update",
    "import",
    "store",
    "x",
    "root",
    "bin",
    "dist-tag",
    "owner",
    "access",
    "token",
    "plugin",
    "constraints",
    "dedupe",
    "rebuild",
    "node",
    "policies",
    "self-update",
    "help",
    "prune",
    "outdated",
    "list",
    "ls",
    "fetch",
    "patch",
    "deploy",
    "env",
    "get",
    "tag",
];

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    let (scripts, all) = wanted(call)?;
    let mut folder = call.folder.as_str().to_owned();
    if let Some(below) = call.flag(&["-C", "--prefix", "--cwd", "--dir"]) {
        folder = join(&folder, below);
    }
    let selected = call.flag(&["-w", "--workspace", "--filter", "-F"]);
    let mut entered = Entered { what: format!("{} {}", call.program(), scripts.join(" ")), ..Entered::default() };
    let manifests: Vec<String> = match (all, selected) {
        (false, None) => vec![join(&folder, "package.json")],
        (_, filter) => packages(call.checkout, &folder, filter),
    };
    for path in manifests {
        for script in &scripts {
            add(call.checkout, &path, script, &mut entered);
        }
    }
    if entered.pieces.is_empty() {
        entered.unread = Some(format!("no script `{}` in package.json", scripts.join(" ")));
    }
    Some(entered)
}

/// The scripts that the command runs, and whether in all packages of a workspace.
fn wanted(call: &Call<'_>) -> Option<(Vec<String>, bool)> {
    let words: Vec<&str> = call.arguments().iter().map(Text::as_str).collect();
    let mut plain: Vec<&str> = Vec::new();
    let mut skip = false;
    for word in &words {
        if *word == "--" {
            break;
        }
        if std::mem::take(&mut skip) {
            continue;
        }
        if word.starts_with('-') {
            skip = matches!(*word, "-C" | "--prefix" | "--cwd" | "--dir" | "-w" | "--workspace" | "--filter" | "-F");
            continue;
        }
        plain.push(word);
    }
    let all = words.iter().any(|w| matches!(*w, "-r" | "--recursive" | "--workspaces" | "-ws" | "-A" | "--all"));
    let one = |name: &str| Some((vec![name.to_owned()], all));
    match (call.program(), plain.as_slice()) {
        ("npm" | "pnpm" | "yarn" | "bun", ["run" | "run-script", name, ..]) => one(name),
        ("npm", [name @ ("test" | "start" | "stop" | "restart"), ..]) => one(name),
        ("yarn", ["workspaces", "foreach", "run", name, ..] | ["workspaces", "run", name, ..]) => {
            Some((vec![(*name).to_owned()], true))
        }
        ("yarn", ["workspace", _, "run", name, ..] | ["workspace", _, name, ..]) => {
            Some((vec![(*name).to_owned()], true))
        }
        ("pnpm" | "yarn", [name, ..]) if !OWN.contains(name) => one(name),
        ("turbo", ["run", names @ ..]) if !names.is_empty() => {
            Some((names.iter().map(|n| (*n).to_owned()).collect(), true))
        }
        ("turbo", names @ [_, ..]) => Some((names.iter().map(|n| (*n).to_owned()).collect(), true)),
        ("lerna", ["run", name, ..]) => Some((vec![(*name).to_owned()], true)),
        ("nx", ["run-many" | "affected", ..]) => {
            let names = call.flag(&["-t", "--target", "--targets"])?;
            Some((names.split(',').map(str::to_owned).collect(), true))
        }
        ("run-s" | "run-p" | "npm-run-all" | "npm-run-all2" | "wireit", names @ [_, ..]) => {
            Some((names.iter().map(|n| (*n).to_owned()).collect(), false))
        }
        ("node", _) => call.flag(&["--run"]).and_then(one),
        _ => None,
    }
}

fn packages(checkout: &Checkout, folder: &str, filter: Option<&str>) -> Vec<String> {
    let name = |path: &str| {
        let json: serde_json::Value = serde_json::from_str(&checkout.read(path).ok()?).ok()?;
        json.get("name")?.as_str().map(str::to_owned)
    };
    checkout
        .under(folder)
        .filter(|p| (p.ends_with("/package.json") || &***p == "package.json") && !p.contains("node_modules/"))
        .filter(|p| match filter {
            None => true,
            Some(filter) => {
                let folder = p.trim_end_matches("package.json").trim_end_matches('/');
                let filter = filter.trim_start_matches("./").trim_end_matches("...").trim_matches(['{', '}']);
                folder == filter || name(p).as_deref() == Some(filter) || filter.contains('*')
            }
        })
        .take(MOST_PACKAGES)
        .map(|p| p.to_string())
        .collect()
}

/// Adds a script with the `pre` and `post` scripts around it.
fn add(checkout: &Checkout, path: &str, script: &str, entered: &mut Entered) {
    let Ok(text) = checkout.read(path) else { return };
    let Ok(json) = serde_json::from_str::<serde_json::Value>(&text) else { return };
    let Some(scripts) = json.get("scripts").and_then(|s| s.as_object()) else { return };
    let folder = path.trim_end_matches("package.json").trim_end_matches('/');
    for name in [format!("pre{script}"), script.to_owned(), format!("post{script}")] {
        let Some(body) = scripts.get(&name).and_then(|s| s.as_str()) else { continue };
        entered.pieces.push(Piece {
            text: body.to_owned(),
            shell: "sh".to_owned(),
            path: Arc::from(path),
            line: line_of(&text, &name),
            env: Vec::new(),
            folder: Text::new(folder),
            positional: Vec::new(),
        });
    }
}

/// The line of a script: the first one behind `"scripts"` that defines the key.
fn line_of(text: &str, key: &str) -> u32 {
    let quoted = format!("\"{key}\"");
    let mut within = false;
    for (number, line) in text.lines().enumerate() {
        within |= line.contains("\"scripts\"");
        if within && line.split(&quoted).nth(1).is_some_and(|rest| rest.trim_start().starts_with(':')) {
            return u32::try_from(number + 1).unwrap_or(u32::MAX);
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts(command: &str) -> Vec<String> {
        let manifest = "{\n  \"scripts\": {\n    \"prerelease\": \"npm run build\",\n    \"release\": \"changeset publish\",\n    \"unused\": \"npm publish\"\n  }\n}\n";
        let checkout = Checkout::in_memory([("package.json".to_owned(), manifest.as_bytes().to_vec())], None);
        let words: Vec<Text> = command.split(' ').map(Text::from).collect();
        let call = Call { checkout: &checkout, words: &words, folder: &Text::default(), env: &[] };
        enter(&call).map(|e| e.pieces.iter().map(|p| format!("{}: {}", p.line, p.text)).collect()).unwrap_or_default()
    }

    #[test]
    fn a_script_runs_with_what_surrounds_it() {
        let expected = ["3: npm run build", "4: changeset publish"];
        assert_eq!(scripts("npm run release"), expected);
        assert_eq!(scripts("pnpm release"), expected);
        assert_eq!(scripts("yarn run release --verbose"), expected);
    }

    #[test]
    fn commands_of_the_client_are_no_scripts() {
        assert!(scripts("yarn install").is_empty());
        assert!(scripts("npm publish").is_empty());
    }
}
