//! `npm run SCRIPT` and its relatives: scripts of `package.json`.

use std::sync::Arc;

use super::{Call, Entered, Implied, Piece, join};
use crate::checkout::Checkout;
use crate::commands::workspace::{MOST_MANIFESTS, Package, members};
use crate::commands::{flag, matches, positional};
use crate::model::{Bound, Text, Unread};

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
    "stage",
    "env",
    "get",
    "tag",
];

/// Programs that run scripts of a package.
const RUNNERS: &[&str] = &[
    "npm",
    "pnpm",
    "pn",
    "yarn",
    "bun",
    "turbo",
    "lerna",
    "nx",
    "run-s",
    "run-p",
    "npm-run-all",
    "npm-run-all2",
    "wireit",
    "node",
    "vp",
    "vpr",
];

/// Scripts that a publication runs, besides those around it.
const LIFECYCLE: &[&str] =
    &["prepublish", "prepublishOnly", "prepack", "prepare", "postpack", "publish", "postpublish"];

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    let own = call.words;
    if publishes(own) {
        return lifecycle(call);
    }
    let (scripts, all) = wanted(call)?;
    let folder = folder(call);
    let selected = selected(call);
    let mut entered = Entered { what: format!("{} {}", call.program, scripts.join(" ")), ..Entered::default() };
    let manifests: Vec<String> = match (all, selected.as_slice()) {
        (false, []) => vec![manifest(call, &folder)],
        (_, filters) => packages(call.checkout, &folder, filters),
    };
    let at = own.iter().position(|w| scripts.first().is_some_and(|s| s == w.as_str()));
    let behind = at.and_then(|at| own.get(at + 1..)).unwrap_or_default();
    let handed = if scripts.len() == 1 && at.is_some() { handed(call.program, behind) } else { String::new() };
    for path in bounded(manifests, &mut entered) {
        for script in &scripts {
            add(call.checkout, &path, script, &handed, &mut entered);
        }
    }
    if entered.pieces.is_empty() {
        // `yarn changeset publish`: what is no script is a program of the dependencies. Yarn and Bun say `run` as well.
        let short = at == Some(1) && matches!(call.program, "pnpm" | "pn" | "yarn")
            || at == Some(2)
                && matches!(call.program, "yarn" | "bun")
                && own.get(1).is_some_and(|w| w.as_str() == "run");
        if let (true, Some(at)) = (short, at) {
            let words = own.get(at..).unwrap_or_default().to_vec();
            entered.implied.push(Implied { words, location: None });
        } else {
            entered.unread = Some(Unread::Absent(format!("script `{}` in package.json", scripts.join(" "))));
        }
    }
    Some(entered)
}

/// The manifest of the package that the command is about, which has to be readable.
fn manifest(call: &Call<'_>, folder: &str) -> String {
    let path = join(folder, "package.json");
    if let Ok(text) = call.checkout.read(&path) {
        call.json(&path, &text);
    }
    path
}

/// The folder whose package the command is about.
fn folder(call: &Call<'_>) -> String {
    let folder = call.folder.as_str();
    call.flag(&["-C", "--prefix", "--cwd", "--dir"]).map_or_else(|| folder.to_owned(), |below| join(folder, below))
}

/// Whether the command publishes the package of a folder.
fn publishes(words: &[Text]) -> bool {
    const PATTERNS: &[&str] =
        &["npm|pnpm|pn|bun publish", "npm|pnpm|pn stage publish", "yarn publish", "yarn npm publish"];
    words.iter().any(|w| w.as_str() == "publish") && PATTERNS.iter().any(|p| matches(p, words).is_some())
}

/// What a publication runs of the package that it packs.
fn lifecycle(call: &Call<'_>) -> Option<Entered> {
    let words = call.arguments();
    let off = words.iter().any(|w| matches!(w.as_str(), "--ignore-scripts" | "--ignore-scripts=true"));
    if off || call.variables().any(|(n, v)| n.eq_ignore_ascii_case("npm_config_ignore_scripts") && v.as_str() == "true")
    {
        return None;
    }
    let at = words.iter().position(|w| w.as_str() == "publish")?;
    let value_flags =
        ["--tag", "--access", "--registry", "--otp", "-w", "--workspace", "--filter", "-F", "-C", "--dir"]
            .map(str::to_owned);
    let named = positional(words, at + 1, &value_flags).into_iter().next();
    let mut folder = folder(call);
    if let Some(named) = named {
        // A tarball is packed already.
        if named.as_str().ends_with("gz") || !named.is_literal() {
            return None;
        }
        folder = join(&folder, named.as_str());
    }
    let all = words.iter().any(|w| matches!(w.as_str(), "-r" | "--recursive" | "--workspaces" | "-ws"));
    let selected = selected(call);
    let manifests: Vec<String> = match (all, selected.as_slice()) {
        (false, []) => vec![manifest(call, &folder)],
        (_, filters) => packages(call.checkout, &folder, filters),
    };
    let mut entered = Entered { what: format!("{} publish", call.program), ..Entered::default() };
    for path in bounded(manifests, &mut entered) {
        for script in LIFECYCLE {
            add_one(call.checkout, &path, script, "", &mut entered);
        }
    }
    (!entered.pieces.is_empty() || entered.unread.is_some()).then_some(entered)
}

/// The words that a client hands on to a script, as shell text.
pub(super) fn handed(program: &str, words: &[Text]) -> String {
    let words = match words.iter().position(|w| w.as_str() == "--") {
        Some(at) => words.get(at + 1..).unwrap_or_default(),
        // This client keeps options in front of the mark.
        None if program == "npm" => &[],
        None => words,
    };
    let plain = |w: &str| w.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=@,%+".contains(c));
    words
        .iter()
        .map(|w| match w.as_str() {
            word if plain(word) || word.contains('\'') || !w.is_literal() => format!(" {word}"),
            word => format!(" '{word}'"),
        })
        .collect()
}

/// The scripts that the command runs, and whether in all packages of a workspace.
fn wanted(call: &Call<'_>) -> Option<(Vec<String>, bool)> {
    if !RUNNERS.contains(&call.program) {
        return None;
    }
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
    match (call.program, plain.as_slice()) {
        ("npm" | "pnpm" | "pn" | "yarn" | "bun", ["run" | "run-script", name, ..]) => one(name),
        ("npm", [name @ ("test" | "start" | "stop" | "restart"), ..]) => one(name),
        ("yarn", ["workspaces", "foreach", "run", name, ..] | ["workspaces", "run", name, ..]) => {
            Some((vec![(*name).to_owned()], true))
        }
        ("yarn", ["workspace", _, "run", name, ..] | ["workspace", _, name, ..]) => {
            Some((vec![(*name).to_owned()], true))
        }
        ("pnpm" | "pn" | "yarn", [name, ..]) if !OWN.contains(name) => one(name),
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
        // Vite+ runs scripts the way pnpm does. Source: <https://viteplus.dev/guide/run>
        ("vp", ["run", name, ..]) | ("vpr", [name, ..]) => one(name),
        ("node", _) => call.flag(&["--run"]).and_then(one),
        _ => None,
    }
}

/// The manifests of a workspace, its root included, or those that a filter selects.
fn packages(checkout: &Checkout, folder: &str, filters: &[Text]) -> Vec<String> {
    let root = join(folder, "package.json");
    let all = std::iter::once(root).chain(members(checkout, folder));
    all.filter(|path| {
        let package = || Package::glance(checkout, path);
        filters.is_empty() || package().is_some_and(|p| filters.iter().any(|f| p.fits(f.as_str()) || !f.is_literal()))
    })
    .take(MOST_MANIFESTS + 1)
    .collect()
}

/// The packages that a command chooses.
fn selected(call: &Call<'_>) -> Vec<Text> {
    let names = ["-w", "--workspace", "--filter", "-F"].map(str::to_owned);
    flag(call.words, &names).iter().filter_map(|f| f.value().cloned()).collect()
}

/// As many manifests as are read.
fn bounded(mut manifests: Vec<String>, entered: &mut Entered) -> Vec<String> {
    if manifests.len() > MOST_MANIFESTS {
        manifests.truncate(MOST_MANIFESTS);
        entered.unread = Some(Bound::Followed(MOST_MANIFESTS, "packages").into());
    }
    manifests
}

/// Adds a script of one package.
pub(super) fn script(checkout: &Checkout, manifest: &str, name: &str, entered: &mut Entered) {
    add(checkout, manifest, name, "", entered);
}

/// Adds a script with the `pre` and `post` scripts around it.
fn add(checkout: &Checkout, path: &str, script: &str, handed: &str, entered: &mut Entered) {
    let before = entered.pieces.len();
    add_one(checkout, path, &format!("pre{script}"), "", entered);
    let around = entered.pieces.len();
    add_one(checkout, path, script, handed, entered);
    if entered.pieces.len() > around {
        add_one(checkout, path, &format!("post{script}"), "", entered);
    } else {
        // Nothing surrounds a script that is missing.
        entered.pieces.truncate(before);
    }
}

fn add_one(checkout: &Checkout, path: &str, name: &str, handed: &str, entered: &mut Entered) {
    let Ok(text) = checkout.glance(path) else { return };
    let Ok(json) = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')) else { return };
    let Some(scripts) = json.get("scripts").and_then(|s| s.as_object()) else { return };
    let folder = path.trim_end_matches("package.json").trim_end_matches('/');
    let Some(body) = scripts.get(name).and_then(|s| s.as_str()) else { return };
    entered.pieces.push(Piece {
        margins: (0, 0),
        text: format!("{body}{handed}"),
        shell: "sh".to_owned(),
        path: Arc::from(path),
        line: line_of(&text, name),
        env: Vec::new(),
        folder: Text::new(folder),
        positional: Vec::new(),
    });
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
        let call = Call::bare(&checkout, &words);
        enter(&call).map(|e| e.pieces.iter().map(|p| format!("{}: {}", p.line, p.text)).collect()).unwrap_or_default()
    }

    #[test]
    fn a_script_runs_with_what_surrounds_it() {
        let expected = ["3: npm run build", "4: changeset publish"];
        assert_eq!(scripts("npm run release"), expected);
        assert_eq!(scripts("pnpm release"), expected);
        let verbose = ["3: npm run build", "4: changeset publish --verbose"];
        assert_eq!(scripts("yarn run release --verbose"), verbose);
    }

    #[test]
    fn a_publication_runs_its_lifecycle() {
        let manifest = "{\n  \"scripts\": {\n    \"prepublishOnly\": \"napi prepublish -t npm\",\n    \"prepack\": \"tsc\",\n    \"build\": \"tsc -b\"\n  }\n}\n";
        let files = [("package.json", manifest), ("lib/package.json", manifest)];
        let checkout = Checkout::in_memory(files.map(|(p, t)| (p.to_owned(), t.as_bytes().to_vec())), None);
        let run = |command: &str| -> Vec<String> {
            let words: Vec<Text> = command.split(' ').map(Text::from).collect();
            let call = Call::bare(&checkout, &words);
            enter(&call)
                .map(|e| e.pieces.iter().map(|p| format!("{} {}", p.path, p.text)).collect())
                .unwrap_or_default()
        };
        assert_eq!(run("npm publish --access public"), ["package.json napi prepublish -t npm", "package.json tsc"]);
        assert_eq!(
            run("pn publish ./lib").first().map(String::as_str),
            Some("lib/package.json napi prepublish -t npm")
        );
        assert!(run("npm publish --ignore-scripts").is_empty());
        assert!(run("npm publish widget-1.0.0.tgz").is_empty());
        assert_eq!(run("npm run build -- --watch x"), ["package.json tsc -b --watch x"]);
        assert_eq!(run("pn build --watch"), ["package.json tsc -b --watch"]);
    }

    #[test]
    fn what_is_no_script_is_a_program() {
        let checkout = Checkout::in_memory([("package.json".to_owned(), b"{}".to_vec())], None);
        let words: Vec<Text> = ["yarn", "changeset", "publish"].map(Text::from).to_vec();
        let call = Call::bare(&checkout, &words);
        let implied = enter(&call).map(|e| e.implied).unwrap_or_default();
        assert_eq!(implied.first().map(|i| i.words.as_slice()), words.get(1..));
    }

    #[test]
    fn commands_of_the_client_are_no_scripts() {
        assert!(scripts("yarn install").is_empty());
        assert!(scripts("npm publish").is_empty());
    }
}
