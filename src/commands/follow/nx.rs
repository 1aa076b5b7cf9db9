//! Nx: the targets of its projects run commands that `project.json` and `nx.json` hold.
//! Source: <https://nx.dev/reference/project-configuration>, <https://nx.dev/reference/core-api/nx/executors/run-commands>

use super::{Call, Entered, Implied, Piece, join, package, settings};
use crate::model::{Bound, Text, Unread};
use crate::syntax::conf::Value;

/// Projects looked at in one workspace.
const MOST_PROJECTS: usize = 200;
/// Targets that one depends on, one behind another.
const DEEPEST: usize = 6;
/// Subcommands of the tool that are no targets.
const OWN: &[&str] = &[
    "release",
    "graph",
    "generate",
    "g",
    "migrate",
    "format",
    "format:check",
    "format:write",
    "reset",
    "show",
    "list",
    "report",
    "init",
    "import",
    "add",
    "exec",
    "sync",
    "daemon",
    "login",
    "logout",
    "connect",
    "watch",
    "repair",
    "start-ci-run",
    "stop-all-agents",
    "fix-ci",
    "print-affected",
    "workspace-lint",
    "view-logs",
];

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if call.program != "nx" {
        return None;
    }
    let (targets, wanted) = wanted(call)?;
    let mut reader = Reader { call, defaults: settings(call, &call.path("nx.json")).ok(), entered: Entered::default() };
    reader.entered.what = format!("nx {}", targets.join(" "));
    let mut files: Vec<&str> = call
        .checkout
        .under(call.folder.as_str())
        .map(|p| &**p)
        .filter(|p| p.rsplit('/').next() == Some("project.json") && !p.contains("node_modules/"))
        .collect();
    if files.len() > MOST_PROJECTS {
        files.truncate(MOST_PROJECTS);
        reader.entered.unread = Some(Bound::Followed(MOST_PROJECTS, "projects").into());
    }
    for path in files {
        let Ok(project) = settings(call, path) else { continue };
        let folder = path.trim_end_matches("project.json").trim_end_matches('/');
        let name =
            project.get("name").and_then(Value::text).unwrap_or_else(|| folder.rsplit('/').next().unwrap_or(folder));
        if wanted.as_ref().is_none_or(|all| all.iter().any(|w| *w == name || w.contains("${{"))) {
            for target in &targets {
                reader.target(&Project { path, folder, name, root: &project }, target, 0);
            }
        }
    }
    // Scripts of packages are targets as well.
    let mut entered = reader.entered;
    if let Some(scripts) = package::enter(call).filter(|s| !s.pieces.is_empty()) {
        entered.pieces.extend(scripts.pieces);
        entered.unread = entered.unread.or(scripts.unread);
    }
    Some(entered)
}

/// The targets that the command runs, and in which projects; `None` for all of them.
fn wanted<'a>(call: &'a Call<'_>) -> Option<(Vec<&'a str>, Option<Vec<&'a str>>)> {
    let words: Vec<&str> = call.arguments().iter().map(Text::as_str).collect();
    let first = words.iter().find(|w| !w.starts_with('-'))?;
    let list = |names: &[&str]| -> Vec<&'a str> {
        let mut found = Vec::new();
        let mut open = false;
        for word in call.arguments().iter().map(Text::as_str) {
            match word.split_once('=') {
                Some((name, value)) if names.contains(&name) => found.extend(value.split(',')),
                _ if names.contains(&word) => open = true,
                _ if word.starts_with('-') => open = false,
                _ if open => found.extend(word.split(',')),
                _ => {}
            }
        }
        found.retain(|w| !w.is_empty());
        found
    };
    let targets = || list(&["-t", "--target", "--targets"]);
    let projects = || {
        Some(list(&["-p", "--project", "--projects"]))
            .filter(|p| !p.is_empty() && !p.iter().any(|w| w.contains(['*', ':', '!'])))
    };
    match *first {
        "run-many" => Some((targets(), projects())),
        "affected" => Some((targets(), None)),
        "run" => {
            let mut parts = words.iter().skip_while(|w| **w != "run").skip(1).find(|w| !w.starts_with('-'))?.split(':');
            let (project, target) = (parts.next()?, parts.next()?);
            Some((vec![target], Some(vec![project])))
        }
        own if OWN.contains(&own) => None,
        target => {
            let project = words.iter().skip_while(|w| *w != first).skip(1).find(|w| !w.starts_with('-'));
            Some((vec![target], project.map(|p| vec![*p])))
        }
    }
}

struct Project<'a> {
    path: &'a str,
    folder: &'a str,
    name: &'a str,
    root: &'a Value,
}

struct Reader<'a> {
    call: &'a Call<'a>,
    defaults: Option<Value>,
    entered: Entered,
}

impl Reader<'_> {
    fn target(&mut self, project: &Project<'_>, name: &str, depth: usize) {
        if depth > DEEPEST {
            self.entered.unread = Some(Bound::Dependencies(DEEPEST).into());
            return;
        }
        let Some(own) = project.root.get("targets").and_then(|t| t.get(name)) else { return };
        let defaults = self.defaults.clone();
        let executor = own.get("executor").and_then(Value::text);
        let shared = defaults.as_ref().and_then(|d| d.get("targetDefaults"));
        let shared = shared.and_then(|s| s.get(name).or_else(|| s.get(executor?)));
        let setting = |key: &str| own.get(key).or_else(|| shared?.get(key));
        let option = |key: &str| {
            let of = |v: &Value| v.path(&["options", key]).cloned();
            of(own).or_else(|| shared.and_then(of))
        };
        for dependency in setting("dependsOn").map(Value::items).unwrap_or_default() {
            // `^build` is about other projects.
            if let Some(dependency) = dependency.text().filter(|d| !d.starts_with('^') && *d != name) {
                self.target(project, dependency, depth + 1);
            }
        }
        let mut commands: Vec<Value> = setting("command").cloned().into_iter().collect();
        commands.extend(option("command"));
        for one in option("commands").iter().flat_map(Value::items) {
            commands.push(one.get("command").unwrap_or(one).clone());
        }
        let folder = option("cwd").and_then(|c| c.shown().map(|c| project.filled(c))).unwrap_or_default();
        for command in commands.iter().filter_map(|c| Some((c.shown()?, c.at.clone()))) {
            let (text, at) = command;
            self.entered.pieces.push(Piece {
                margins: (0, 0),
                text: project.filled(text),
                shell: "sh".to_owned(),
                path: at.path.clone(),
                line: at.line,
                env: Vec::new(),
                folder: Text::new(self.call.path(&folder)),
                positional: Vec::new(),
            });
        }
        match setting("executor").and_then(Value::text) {
            Some("@nx/js:release-publish") => {
                let root = option("packageRoot").and_then(|r| r.shown().map(|r| project.filled(r)));
                let root = root.unwrap_or_else(|| project.folder.to_owned());
                let words = ["npm".to_owned(), "publish".to_owned(), format!("./{root}")];
                let location = Some(own.at.clone());
                self.entered.implied.push(Implied { words: words.map(Text::from).to_vec(), location });
            }
            Some("nx:run-script") => {
                if let Some(script) = option("script").and_then(|s| s.text().map(str::to_owned)) {
                    package::script(
                        self.call.checkout,
                        &join(project.folder, "package.json"),
                        &script,
                        &mut self.entered,
                    );
                }
            }
            // What is named after publishing and cannot be read may publish.
            Some(other)
                if commands.is_empty() && ["publish", "deploy", "release"].iter().any(|w| other.contains(w)) =>
            {
                self.entered.unread =
                    Some(Unread::Refused(format!("the executor `{other}` of {} is not in the checkout", project.path)));
            }
            _ => {}
        }
    }
}

impl Project<'_> {
    /// A text with the tool's own variables filled in.
    fn filled(&self, text: &str) -> String {
        let known = [
            ("{projectRoot}", self.folder),
            ("{projectName}", self.name),
            ("{workspaceRoot}/", ""),
            ("{workspaceRoot}", "."),
        ];
        let text = known.iter().fold(text.to_owned(), |t, (name, value)| t.replace(name, value));
        // Words of the command line.
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some((head, tail)) = rest.split_once("{args.") {
            let Some((name, after)) = tail.split_once('}') else { break };
            out.push_str(head);
            out.push_str(Text::unknown(&format!("nx.args.{name}")).as_str());
            rest = after;
        }
        out.push_str(rest);
        out
    }
}
