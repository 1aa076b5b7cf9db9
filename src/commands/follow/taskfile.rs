//! `task NAME`: the commands of a `Taskfile.yml`, of what it includes and of what a task needs.
//! Source: <https://taskfile.dev/docs/reference/schema>

use std::sync::Arc;

use super::{Call, Entered, Piece, join};
use crate::checkout::Checkout;
use crate::model::{Bound, Text, Unread};
use crate::syntax::pattern;
use crate::syntax::yaml::{Document, Node};

/// Tasks entered for one command.
const MOST_TASKS: usize = 200;
/// Taskfiles read for one command.
const MOST_FILES: usize = 64;
/// Tasks and files, one in another.
const DEEPEST: usize = 16;
/// Names under which the tool looks for its file, in its order.
const NAMES: &[&str] = &[
    "Taskfile.yml",
    "taskfile.yml",
    "Taskfile.yaml",
    "taskfile.yaml",
    "Taskfile.dist.yml",
    "taskfile.dist.yml",
    "Taskfile.dist.yaml",
    "taskfile.dist.yaml",
];
/// Options with which nothing is run.
const IDLE: &[&str] = &[
    "-l",
    "--list",
    "-a",
    "--list-all",
    "--dry",
    "-n",
    "--summary",
    "--status",
    "--version",
    "-h",
    "--help",
    "-i",
    "--init",
    "--completion",
];

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if !matches!(call.program, "task" | "go-task") {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    let mut vars: Vec<(String, String)> = Vec::new();
    let mut words = call.arguments().iter().map(Text::as_str);
    while let Some(word) = words.next() {
        match word {
            "--" => {
                let rest: Vec<&str> = words.by_ref().collect();
                vars.push(("CLI_ARGS".to_owned(), rest.join(" ")));
            }
            w if IDLE.contains(&w) => return None,
            "-d" | "--dir" | "-t" | "--taskfile" | "-o" | "--output" | "-C" | "--concurrency" | "-I" | "--interval" => {
                words.next();
            }
            w if w.starts_with('-') => {}
            w => match w.split_once('=') {
                Some((name, value)) => vars.push((name.to_owned(), value.to_owned())),
                None => names.push(w),
            },
        }
    }
    if names.is_empty() {
        names.push("default");
    }
    let what = format!("task {}", names.join(" "));
    let below = call.flag(&["-d", "--dir"]);
    let folder = below.map_or_else(|| call.folder.as_str().to_owned(), |d| call.path(d));
    let file = match call.flag(&["-t", "--taskfile"]) {
        Some(file) => file_at(call.checkout, &call.path(file)),
        None => file_at(call.checkout, &folder),
    };
    let Some(file) = file else {
        let unread = Some(Unread::Absent("Taskfile in the folder where the command runs".to_owned()));
        return Some(Entered { what, unread, ..Entered::default() });
    };
    // Without `-d` the tasks run in the folder of the file.
    let root = file.rsplit_once('/').map_or(String::new(), |(f, _)| f.to_owned());
    let folder = if below.is_some() { folder } else { root };
    let mut reader = Reader { call, files: Vec::new(), entered: Entered { what, ..Entered::default() }, tasks: 0 };
    reader.load(&file, "", &folder, &[], 0);
    vars.reverse();
    for name in names {
        if !reader.task(name, &vars, 0) {
            reader.entered.unread.get_or_insert_with(|| Unread::Absent(format!("task `{name}` in {file}")));
        }
    }
    Some(reader.entered)
}

/// The Taskfile at a path, which may name its folder.
fn file_at(checkout: &Checkout, path: &str) -> Option<String> {
    if checkout.is_there(path) {
        return Some(path.to_owned());
    }
    NAMES.iter().map(|f| join(path, f)).find(|p| checkout.is_there(p))
}

/// A Taskfile that was read.
struct File {
    path: Arc<str>,
    document: Document,
    /// What stands in front of the names of its tasks, with the colon.
    namespace: String,
    /// Where its tasks run.
    folder: String,
    /// Variables that the including file hands over.
    vars: Vec<(String, String)>,
}

struct Reader<'a> {
    call: &'a Call<'a>,
    files: Vec<Arc<File>>,
    entered: Entered,
    tasks: usize,
}

type Vars = [(String, String)];

impl Reader<'_> {
    fn load(&mut self, path: &str, namespace: &str, folder: &str, vars: &Vars, depth: usize) {
        if depth > DEEPEST || self.files.len() >= MOST_FILES {
            self.entered.unread = Some(Bound::Followed(MOST_FILES, "Taskfiles, or one in another too deep").into());
            return;
        }
        let parsed = self.call.checkout.read(path).map_err(|e| Unread::Refused(format!("{path}: {e}")));
        let parsed = parsed.and_then(|text| self.call.yaml(path, &text));
        let document = match parsed {
            Ok(documents) => documents.into_iter().next(),
            Err(why) => {
                self.entered.unread = Some(why);
                return;
            }
        };
        let Some(document) = document else { return };
        let file = Arc::new(File {
            path: Arc::from(path),
            document,
            namespace: namespace.to_owned(),
            folder: folder.to_owned(),
            vars: vars.to_vec(),
        });
        self.files.push(Arc::clone(&file));
        let here = path.rsplit_once('/').map_or("", |(f, _)| f);
        let includes = file.document.root().get("includes");
        for (key, include) in includes.map(|i| i.entries().collect::<Vec<_>>()).unwrap_or_default() {
            let text = |name: &str| include.get(name).and_then(|n| n.as_str());
            let Some(name) = key.as_str() else { continue };
            let Some(target) = include.as_str().or_else(|| text("taskfile")) else { continue };
            let target = substituted(target, &self.vars(&file, None, &[]));
            let Some(found) = file_at(self.call.checkout, &join(here, &target)) else {
                if text("optional") != Some("true") {
                    self.entered.unread =
                        Some(Unread::Refused(format!("the included Taskfile `{target}` is not in the checkout")));
                }
                continue;
            };
            let below = text("dir").map_or_else(|| folder.to_owned(), |d| join(here, d));
            let inner =
                if text("flatten") == Some("true") { namespace.to_owned() } else { format!("{namespace}{name}:") };
            let vars: Vec<(String, String)> =
                include.get("vars").map(|v| literals(self.call, v, folder)).unwrap_or_default();
            self.load(&found, &inner, &below, &vars, depth + 1);
        }
    }

    /// The variables of a task, those that win first.
    fn vars(&self, file: &File, task: Option<Node<'_>>, given: &Vars) -> Vec<(String, String)> {
        let own = |vars| literals(self.call, vars, &file.folder);
        let mut all: Vec<(String, String)> = given.to_vec();
        all.extend(task.and_then(|t| t.get("vars")).map(own).unwrap_or_default());
        all.extend(file.vars.iter().cloned());
        all.extend(file.document.root().get("vars").map(own).unwrap_or_default());
        if let Some(main) = self.files.first() {
            all.extend(main.document.root().get("vars").map(own).unwrap_or_default());
        }
        let env = self.call.variables();
        all.extend(env.map(|(name, value)| (name.clone(), value.as_str().to_owned())));
        all
    }

    /// Adds a task by its full name; `false` when there is none.
    fn task(&mut self, name: &str, given: &Vars, depth: usize) -> bool {
        let files = self.files.clone();
        let mut found: Option<(Arc<File>, String)> = None;
        for file in &files {
            let Some(own) = name.strip_prefix(file.namespace.as_str()).or_else(|| {
                // The name of an included file alone is its default task.
                (file.namespace.trim_end_matches(':') == name).then_some("default")
            }) else {
                continue;
            };
            let Some(tasks) = file.document.root().get("tasks") else { continue };
            let entry = tasks.entries().find(|(key, task)| {
                key.as_str() == Some(own)
                    || task.get("aliases").is_some_and(|a| a.items().any(|a| a.as_str() == Some(own)))
                    || key.as_str().is_some_and(|k| k.contains('*') && pattern::wildcard(k, own))
            });
            if let Some(key) = entry.and_then(|(key, _)| key.as_str()) {
                found = Some((Arc::clone(file), key.to_owned()));
                break;
            }
        }
        let Some((file, key)) = found else { return false };
        self.tasks += 1;
        if depth > DEEPEST || self.tasks > MOST_TASKS {
            self.entered.unread = Some(Bound::Followed(MOST_TASKS, "tasks, or one in another").into());
            return true;
        }
        let Some(task) = file.document.root().get("tasks").and_then(|t| t.get(&key)) else { return true };
        let vars = self.vars(&file, Some(task), given);
        let folder = task.get("dir").and_then(|d| d.as_str()).map(|d| substituted(d, &vars));
        let folder = folder.map_or_else(|| file.folder.clone(), |d| join(&file.folder, &d));
        let own = |vars| literals(self.call, vars, &folder);
        let mut env = file.document.root().get("env").map(own).unwrap_or_default();
        env.extend(task.get("env").map(own).unwrap_or_default());
        let env = env.iter().map(|(n, v)| (n.clone(), Text::new(substituted(v, &vars)))).collect::<Vec<_>>();
        let run = Run { file: &file, vars: &vars, folder: &folder, env: &env, depth };
        for dep in task.get("deps").map(|d| d.items().collect::<Vec<_>>()).unwrap_or_default() {
            match dep.as_str() {
                Some(name) => self.called(name, &[], &run),
                None => self.command(dep, &run),
            }
        }
        for key in ["cmds", "cmd"] {
            let Some(list) = task.get(key) else { continue };
            if list.is_sequence() {
                list.items().for_each(|n| self.command(n, &run));
            } else {
                self.command(list, &run);
            }
        }
        // A task may be a list or one command by itself.
        if task.is_sequence() {
            task.items().for_each(|n| self.command(n, &run));
        } else if task.as_str().is_some() {
            self.command(task, &run);
        }
        true
    }

    /// A task that another one names: within its own file, or from the root behind a colon.
    fn called(&mut self, name: &str, given: &Vars, run: &Run<'_>) {
        let name = substituted(name, run.vars);
        let full = match name.strip_prefix(':') {
            Some(root) => root.to_owned(),
            None => format!("{}{name}", run.file.namespace),
        };
        if !self.task(&full, given, run.depth + 1) && !self.task(&name, given, run.depth + 1) {
            self.entered.unread = Some(Unread::Absent(format!("task `{name}` in {}", run.file.path)));
        }
    }

    fn command(&mut self, node: Node<'_>, run: &Run<'_>) {
        let items = node.get("for").map(|f| f.items().filter_map(|i| i.as_str().map(str::to_owned)).collect());
        let items: Vec<Option<String>> = match items {
            Some(list) if !Vec::<String>::is_empty(&list) => list.into_iter().map(Some).collect(),
            _ => vec![None],
        };
        for item in items {
            let mut vars = run.vars.to_vec();
            if let Some(item) = item {
                vars.insert(0, ("ITEM".to_owned(), item));
            }
            let inner = Run { vars: &vars, ..*run };
            let node = node.get("defer").filter(|d| d.get("task").is_some()).unwrap_or(node);
            if let Some(other) = node.get("task").and_then(|t| t.as_str()) {
                let given = node.get("vars").map(|v| literals(self.call, v, run.folder)).unwrap_or_default();
                let given: Vec<(String, String)> =
                    given.into_iter().map(|(n, v)| (n, substituted(&v, &vars))).collect();
                self.called(other, &given, &inner);
                continue;
            }
            let text = node.get("cmd").or_else(|| node.get("defer")).unwrap_or(node);
            let Some(body) = text.as_str() else { continue };
            self.entered.pieces.push(Piece {
                margins: (0, 0),
                text: substituted(body, &vars),
                shell: "sh".to_owned(),
                path: Arc::clone(&run.file.path),
                line: text.at(0).line,
                env: run.env.to_vec(),
                folder: Text::new(run.folder),
                positional: Vec::new(),
            });
        }
    }
}

/// What surrounds the commands of one task.
#[derive(Clone, Copy)]
struct Run<'a> {
    file: &'a Arc<File>,
    vars: &'a Vars,
    folder: &'a str,
    env: &'a [(String, Text)],
    depth: usize,
}

/// The entries of a mapping that are plain values; the output of most commands is unknown.
fn literals(call: &Call<'_>, node: Node<'_>, folder: &str) -> Vec<(String, String)> {
    let printed = |v: Node<'_>| {
        let (_, line) = v.entries().find(|(key, _)| key.as_str() == Some("sh"))?;
        let line = line.as_str().filter(|line| !line.contains("{{"))?;
        (call.shell)(line, folder)
    };
    let value = |v: Node<'_>, key: &str| match v.as_str() {
        Some(text) => text.to_owned(),
        None => match printed(v) {
            Some(text) => text.to_string(),
            None => format!("${{{{ template.{key} }}}}"),
        },
    };
    node.entries().filter_map(|(k, v)| Some((k.as_str()?.to_owned(), value(v, k.as_str()?)))).collect()
}

/// `{{.NAME}}` is its variable, with `default` where it has none; anything else is unknown here.
fn substituted(text: &str, vars: &Vars) -> String {
    expand(text, vars, 0, &mut { MOST_REFERENCES })
}

fn expand(text: &str, vars: &Vars, depth: usize, left: &mut usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (head, tail) = rest.split_at(at);
        let symbol = head.ends_with('$');
        let Some(end) = tail.find("}}") else { break };
        out.push_str(head);
        let inner = tail.get(2..end).unwrap_or_default();
        rest = tail.get(end + 2..).unwrap_or_default();
        if symbol {
            // An unknown that stands in the text already.
            out.push_str(&format!("{{{{{inner}}}}}"));
            continue;
        }
        let inner = inner.trim().trim_matches('-').trim();
        let mut parts = inner.split('|').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let default = parts.next().and_then(|p| p.strip_prefix("default")).map(|d| d.trim().trim_matches(['"', '\'']));
        let plain = name.strip_prefix('.').filter(|n| n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        let filtered = inner.contains('|') && default.is_none();
        let value = plain.filter(|_| !filtered).and_then(|name| {
            let found = vars.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
            found.or(default).or((name == "CLI_ARGS").then_some(""))
        });
        match value {
            Some(value) if depth < DEEPEST && *left > 0 => {
                *left -= 1;
                out.push_str(&expand(value, vars, depth + 1, left));
            }
            _ => out.push_str(&format!("${{{{ template.{} }}}}", name.trim_start_matches('.').replace(['{', '}'], ""))),
        }
        if out.len() > MOST_TEXT {
            return out;
        }
    }
    out.push_str(rest);
    out
}

/// Variables that name one another may grow; what is longer than this is cut.
const MOST_TEXT: usize = 64 * 1024;
/// References resolved for one text.
const MOST_REFERENCES: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(files: &[(&str, &str)], command: &str) -> Vec<String> {
        let Some(entered) = super::super::entered(enter, files, &[], command) else {
            return vec!["nothing".to_owned()];
        };
        let pieces = entered.pieces.iter().map(|p| format!("{}: {}", p.line, p.text.trim()));
        pieces.chain(entered.unread.map(|why| why.to_string())).collect()
    }

    #[test]
    fn a_task_runs_what_it_depends_on_first() {
        let file = "version: '3'\ntasks:\n  release:\n    deps: [build]\n    cmds:\n      - goreleaser release\n      - task: done\n  build: go build\n  done:\n    cmds: [\"echo {{.X}}\"]\n  unused:\n    cmds: [npm publish]\n";
        assert_eq!(
            commands(&[("Taskfile.yml", file)], "task release"),
            ["8: go build", "6: goreleaser release", "10: echo ${{ template.X }}"]
        );
        assert_eq!(commands(&[("Taskfile.yml", file)], "task --dry release"), ["nothing"]);
        assert_eq!(commands(&[("Taskfile.yml", file)], "task gone"), ["no task `gone` in Taskfile.yml"]);
    }

    #[test]
    fn variables_come_from_the_call_the_task_and_the_file() {
        let file = "version: '3'\nvars: { A: one, B: '{{.A}}-two', S: { sh: date } }\ntasks:\n  x:\n    vars: { C: three }\n    cmds:\n      - echo {{.A}} {{.B}} {{.C}} {{.S}} {{.D | default \"four\"}} {{.CLI_ARGS}}\n      - { task: y, vars: { A: '{{.C}}' } }\n      - for: [p, q]\n        cmd: echo {{.ITEM}}\n  y: echo {{.A}}\n";
        assert_eq!(
            commands(&[("Taskfile.yml", file)], "task x D=five -- --flag"),
            ["7: echo one one-two three ${{ template.S }} five --flag", "11: echo three", "10: echo p", "10: echo q"]
        );
    }

    #[test]
    fn included_files_have_a_name_in_front() {
        let main = "version: '3'\nincludes:\n  pkg: ./pkg\n  gone: { taskfile: ./gone.yml, optional: true }\ntasks:\n  all:\n    cmds: [{ task: 'pkg:push' }]\n  root: echo root\n";
        let inner = "version: '3'\ntasks:\n  default: echo default\n  push:\n    deps: [default, ':root']\n    cmds: [echo push]\n";
        let files = [("Taskfile.yml", main), ("pkg/Taskfile.yml", inner)];
        assert_eq!(commands(&files, "task all"), ["3: echo default", "8: echo root", "6: echo push"]);
        assert_eq!(commands(&files, "task pkg"), ["3: echo default"]);
    }

    #[test]
    fn a_circle_ends() {
        let file = "version: '3'\ntasks:\n  a: { cmds: [{ task: b }] }\n  b: { cmds: [{ task: a }] }\n";
        let found = commands(&[("Taskfile.yml", file)], "task a");
        assert!(found.last().is_some_and(|f| f.starts_with("following stopped")), "{found:?}");
        let grows = "version: '3'\nvars: { A: '{{.A}}{{.A}}' }\ntasks: { a: 'echo {{.A}}' }\n";
        assert!(commands(&[("Taskfile.yml", grows)], "task a").iter().all(|f| f.len() < 4 * MOST_TEXT));
        // Nothing, many times over.
        let row = |name: &str| format!("{{{{.{name}}}}}").repeat(100);
        let empty = format!(
            "version: '3'\nvars: {{ A: '{}', B: '{}', C: '{}', D: '{}', E: '' }}\ntasks: {{ a: 'echo {{{{.A}}}}' }}\n",
            row("B"),
            row("C"),
            row("D"),
            row("E")
        );
        assert_eq!(commands(&[("Taskfile.yml", &empty)], "task a").len(), 1);
    }
}
