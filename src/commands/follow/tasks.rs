//! Tasks that settings define by name: those of mise, Deno, Composer, Pixi, cargo-make and Devbox. What a task is made of
//! has other names in each of them, none of which means something else in another.
//! Source: <https://mise.jdx.dev/tasks/task-configuration.html>, <https://docs.deno.com/runtime/reference/cli/task/>,
//! <https://getcomposer.org/doc/articles/scripts.md>, <https://pixi.prefix.dev/latest/workspace/advanced_tasks/>,
//! <https://github.com/sagiegurari/cargo-make>, <https://www.jetify.com/docs/devbox/guides/scripts/>

use std::sync::Arc;

use super::{Call, Entered, Piece, files, join, package};
use crate::catalogue::Does;
use crate::commands::matching::{self, positional};
use crate::commands::paths;
use crate::model::{Bound, Text, Unread};
use crate::syntax::conf::{self, Data, Value};
use crate::syntax::{json, pattern};

/// Tasks entered for one command.
const MOST_TASKS: usize = 200;
/// Files read for one command.
const MOST_FILES: usize = 64;
/// Tasks in tasks.
const DEEPEST: usize = 16;
/// Templates of one text.
const MOST_TEMPLATES: usize = 200;

/// A program that runs tasks.
struct Runner {
    program: &'static str,
    /// Its settings, and where in them its tasks stand.
    files: &'static [(&'static str, &'static [&'static str])],
    /// What is no task of it is a command.
    commands: bool,
    /// A task may stand where its own commands do.
    bare: bool,
    /// It looks into the folders above as well.
    climbs: bool,
}

const TASKS: &[&str] = &["tasks"];

const RUNNERS: &[Runner] = &[
    Runner { program: MISE, files: OF_MISE, commands: false, bare: true, climbs: true },
    Runner {
        program: "deno",
        files: &[("deno.json", TASKS), ("deno.jsonc", TASKS)],
        commands: false,
        bare: false,
        climbs: true,
    },
    Runner {
        program: "composer",
        files: &[("composer.json", &["scripts"])],
        commands: false,
        bare: true,
        climbs: false,
    },
    Runner {
        program: "pixi",
        files: &[("pixi.toml", &[]), ("pyproject.toml", &["tool", "pixi"])],
        commands: true,
        bare: false,
        climbs: true,
    },
    Runner { program: "cargo", files: &[("Makefile.toml", TASKS)], commands: false, bare: false, climbs: false },
    Runner { program: "makers", files: &[("Makefile.toml", TASKS)], commands: false, bare: false, climbs: false },
    Runner {
        program: "devbox",
        files: &[("devbox.json", &["shell", "scripts"])],
        commands: true,
        bare: false,
        climbs: true,
    },
];

const MISE: &str = "mise";
const OF_MISE: &[(&str, &[&str])] = &[
    ("mise.toml", TASKS),
    (".mise.toml", TASKS),
    ("mise/config.toml", TASKS),
    (".mise/config.toml", TASKS),
    (".config/mise.toml", TASKS),
    (".config/mise/config.toml", TASKS),
];
/// Where mise looks for tasks that are files. Source: <https://mise.jdx.dev/tasks/task-discovery.html>
const FOLDERS: &[&str] = &["mise-tasks", ".mise-tasks", ".mise/tasks", ".config/mise/tasks", "mise/tasks"];

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    let runner = RUNNERS.iter().find(|runner| runner.program == call.program)?;
    let (named, asked) = match matching::tool(Does::Task, call.words) {
        Some((tool, behind)) => {
            let first = positional(call.words, behind, &tool.value_flags).into_iter().next();
            let at = first.and_then(|first| call.words.iter().skip(behind).position(|word| *word == first));
            (at.and_then(|at| call.words.get(behind + at..)).unwrap_or_default().to_vec(), true)
        }
        None if runner.bare => (call.words.get(1..)?.to_vec(), false),
        None => return None,
    };
    let named = if named.is_empty() && !runner.commands { vec![Text::from("default")] } else { named };
    let what = call.words.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
    let mut reader = Reader { call, sources: Vec::new(), folders: Vec::new(), ran: 0, entered: Entered::default() };
    reader.entered.what = what;
    reader.load(runner);
    if reader.sources.is_empty() && reader.folders.is_empty() && reader.entered.unread.is_none() {
        return None;
    }
    for group in named.split(|word| word.as_str() == ":::") {
        let Some((name, arguments)) = group.split_first() else { continue };
        let handed = arguments.strip_prefix(&[Text::from("--")]).unwrap_or(arguments);
        let before = reader.entered.pieces.len();
        if !reader.task(name.as_str(), handed, 0) && runner.program == "deno" {
            // Scripts of a package are tasks as well.
            package::script(call.checkout, &call.path("package.json"), name.as_str(), &mut reader.entered);
        }
        if reader.ran > 0 || reader.entered.pieces.len() > before {
            continue;
        }
        if runner.commands || !asked {
            return None;
        }
        reader.stop(Unread::Absent(format!("task `{name}` of {}", runner.program)));
    }
    Some(reader.entered)
}

/// Settings that were read.
struct Source {
    path: Arc<str>,
    text: Arc<str>,
    root: Value,
    /// Where in it tasks stand.
    tasks: &'static [&'static str],
    /// Where its tasks run.
    folder: String,
}

/// A task that was found.
enum Task {
    /// A setting of a source.
    Setting(Arc<Source>, Value),
    /// A file, and the folder in which it runs.
    File(String, String),
}

struct Reader<'a> {
    call: &'a Call<'a>,
    sources: Vec<Arc<Source>>,
    /// Folders of tasks that are files, and the folder in which those run.
    folders: Vec<(String, String)>,
    ran: usize,
    entered: Entered,
}

impl Reader<'_> {
    fn stop(&mut self, why: impl Into<Unread>) {
        self.entered.unread.get_or_insert(why.into());
    }

    /// Reads the settings of a runner, the nearest first.
    fn load(&mut self, runner: &Runner) {
        let call = self.call;
        let below = call.flag(&["-C", "--cd", "--cwd", "-d", "--working-dir"]);
        let mut folder = below.map_or_else(|| call.folder.to_string(), |below| call.path(below));
        let named = call.flag(&["--makefile", "--manifest-path", "--config"]).map(|file| call.path(file));
        loop {
            let before = self.sources.len();
            for (file, tasks) in runner.files {
                let own = named.clone().filter(|path| path.ends_with(file)).unwrap_or_else(|| join(&folder, file));
                self.source(&own, tasks, &folder);
            }
            if runner.program == MISE {
                self.includes(before, &folder);
            } else if self.sources.len() > before {
                return;
            }
            if folder.is_empty() || !runner.climbs || self.sources.len() > MOST_FILES {
                return;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        }
    }

    fn source(&mut self, path: &str, tasks: &'static [&'static str], folder: &str) {
        let call = self.call;
        if !call.checkout.is_there(path) || self.sources.len() > MOST_FILES {
            return;
        }
        let text = match call.checkout.read(path) {
            Ok(text) => text,
            Err(error) => return self.stop(Unread::Refused(format!("{path}: {error}"))),
        };
        let own: Arc<str> = Arc::from(path);
        let root = match path.ends_with(".toml") {
            true => Value::of_toml(&own, &text),
            false => conf::yaml(&own, &json::without_comments(&text)).and_then(|all| all.into_iter().next()),
        };
        let Some(root) = root else {
            call.refuse(path, None, "not valid TOML or JSON".to_owned());
            return self.stop(Unread::Refused(format!("{path} cannot be read")));
        };
        self.sources.push(Arc::new(Source { path: own, text, root, tasks, folder: folder.to_owned() }));
    }

    /// Where else the settings of a folder say that mise finds tasks, or else where it looks by itself.
    fn includes(&mut self, from: usize, folder: &str) {
        let own: Vec<Arc<Source>> = self.sources.get(from..).unwrap_or_default().to_vec();
        let set = own.iter().find_map(|source| source.root.path(&["task_config", "includes"]));
        let named: Vec<String> = match set {
            Some(list) => list.items().iter().filter_map(Value::shown).map(|name| join(folder, name)).collect(),
            None => FOLDERS.iter().map(|name| join(folder, name)).collect(),
        };
        for place in named.into_iter().take(MOST_FILES) {
            if place.ends_with(".toml") {
                self.source(&place, &[], folder);
                continue;
            }
            let mut within = self.call.checkout.under(&place).peekable();
            if within.peek().is_none() {
                continue;
            }
            let more: Vec<String> = within.filter(|p| p.ends_with(".toml")).map(|p| p.to_string()).collect();
            self.folders.push((place, folder.to_owned()));
            more.iter().for_each(|path| self.source(path, &[], folder));
        }
    }

    /// The tasks of a name, or of a pattern.
    fn find(&self, name: &str) -> Vec<Task> {
        let several = name.contains('*');
        let fits = |own: &str| own == name || several && pattern::wildcard(name, own);
        let mut found = Vec::new();
        for source in &self.sources {
            for entry in tables(source).into_iter().flat_map(Value::entries) {
                let mut aliases = entry.value.all("alias").chain(entry.value.all("aliases"));
                if fits(&entry.key) || aliases.any(|alias| alias.shown() == Some(name)) {
                    found.push(Task::Setting(Arc::clone(source), entry.value.clone()));
                    if !several {
                        return found;
                    }
                }
            }
        }
        for (place, folder) in &self.folders {
            for path in self.call.checkout.under(place).filter(|path| !path.ends_with(".toml")) {
                let Some(below) = path.strip_prefix(place.as_str()) else { continue };
                let own = below.trim_start_matches('/').replace('/', ":");
                let own = own.strip_suffix(":_default").unwrap_or(&own);
                let bare = own.rsplit_once('.').map_or(own, |(bare, _)| bare);
                if fits(own) || fits(bare) {
                    found.push(Task::File(path.to_string(), folder.clone()));
                    if !several {
                        return found;
                    }
                }
            }
        }
        found.truncate(MOST_TASKS);
        found
    }

    /// Runs the tasks of a name; `false` when there is none.
    fn task(&mut self, name: &str, handed: &[Text], depth: usize) -> bool {
        let found = self.find(name);
        let any = !found.is_empty();
        for task in found {
            self.ran += 1;
            if depth > DEEPEST || self.ran > MOST_TASKS {
                self.entered.unread = Some(Bound::Followed(MOST_TASKS, "tasks, or one in another").into());
                return true;
            }
            match task {
                Task::Setting(source, value) => self.setting(&source, &value, handed, depth),
                Task::File(path, folder) => self.file(&path, &folder, &[], handed, depth),
            }
        }
        any
    }

    fn setting(&mut self, source: &Arc<Source>, value: &Value, handed: &[Text], depth: usize) {
        let get = |keys: &[&str]| keys.iter().find_map(|key| value.get(key));
        let folder = get(&["dir", "cwd"]).and_then(Value::shown).map(|dir| self.filled(dir, source));
        let folder = folder.map_or_else(
            || source.folder.clone(),
            |dir| paths::join(&Text::from(source.folder.as_str()), &Text::new(dir)).to_string(),
        );
        let env = value.get("env").map(Value::entries).unwrap_or_default().iter();
        let env = env.filter_map(|e| Some((e.key.clone(), Text::new(self.filled(e.value.shown()?, source)))));
        let run = Run { source, folder, env: env.collect(), depth };
        for needed in ["depends", "depends-on", "depends_on", "dependencies"].iter().flat_map(|key| value.all(key)) {
            self.reference(needed, &run);
        }
        let handed = package::handed("", handed);
        match &value.data {
            Data::Map(_) => {
                let words = |value: &Value| value.items().iter().filter_map(Value::shown).collect::<Vec<_>>().join(" ");
                let args = value.get("args").map(words).unwrap_or_default();
                if let Some(file) = get(&["file"]).and_then(Value::shown) {
                    let path = join(&source.folder, &self.filled(file, source));
                    let (folder, env) = (run.folder.clone(), run.env.clone());
                    self.file(&path, &folder, &env, &[], depth);
                }
                // A list behind `cmd` holds the words of one command, one behind `script` the lines of one script.
                if let Some(one) = get(&["cmd", "command"]) {
                    let line = one.shown().map_or_else(|| words(one), str::to_owned);
                    self.script(&format!("{line} {args}{handed}"), one, &run);
                }
                if let Some(script) = value.get("script") {
                    let lines = script.items().iter().filter_map(Value::shown).collect::<Vec<_>>().join("\n");
                    self.script(script.shown().unwrap_or(&lines), script, &run);
                }
                if let Some(one) = get(&["run"]) {
                    self.commands(one, &handed, &run);
                }
                if let Some(one) = get(&["run_task"]) {
                    self.reference(one, &run);
                }
            }
            _ => self.commands(value, &handed, &run),
        }
        for after in value.all("depends_post") {
            self.reference(after, &run);
        }
    }

    /// Commands that run one behind the other.
    fn commands(&mut self, value: &Value, handed: &str, run: &Run<'_>) {
        let items = match &value.data {
            Data::List(items) => items.as_slice(),
            _ => std::slice::from_ref(value),
        };
        for (at, item) in items.iter().enumerate() {
            let handed = if at + 1 == items.len() { handed } else { "" };
            match item.shown() {
                Some(text) => self.script(&format!("{text}{handed}"), item, run),
                None => self.reference(item, run),
            }
        }
    }

    /// A task that another one names.
    fn reference(&mut self, value: &Value, run: &Run<'_>) {
        if let Some(named) = value.shown() {
            let mut words = named.split_ascii_whitespace();
            let name = words.next().unwrap_or_default();
            let given: Vec<Text> = words.map(Text::from).collect();
            if !self.task(name, &given, run.depth + 1) && !name.contains('*') {
                self.stop(Unread::Absent(format!("task `{name}` beside the one in {}", run.source.path)));
            }
            return;
        }
        for key in ["task", "tasks", "name"] {
            for one in value.all(key).filter(|one| one.shown().is_some()) {
                self.reference(one, run);
            }
        }
    }

    /// A script of a task.
    fn script(&mut self, text: &str, value: &Value, run: &Run<'_>) {
        // Composer marks what is a script or a program of its own, and takes a function for one as well.
        let text = match text.strip_prefix('@') {
            Some(named) if named.starts_with("putenv ") => return,
            Some(named) => {
                let mut words = named.split_ascii_whitespace();
                let name = words.next().unwrap_or_default();
                let given: Vec<Text> = words.map(Text::from).collect();
                if self.task(name, &given, run.depth + 1) {
                    return;
                }
                named
            }
            None if text.contains("::") && !text.contains(char::is_whitespace) => {
                return self.stop(Unread::Absent(format!("line shows what `{text}` does")));
            }
            None => text,
        };
        let from = run.source.text.get(value.bytes.start..).unwrap_or_default();
        // What is written over several lines begins behind its quotes.
        let opened = ["'''", "\"\"\""].iter().find_map(|quotes| from.strip_prefix(quotes));
        let lower = opened.is_some_and(|rest| rest.starts_with(['\n', '\r']));
        let shell = files::language("", text).unwrap_or("sh");
        self.entered.pieces.push(Piece {
            margins: (0, 0),
            text: self.filled(text, run.source),
            shell: shell.to_owned(),
            path: Arc::clone(&run.source.path),
            line: value.at.line + u32::from(lower),
            env: run.env.clone(),
            folder: Text::new(run.folder.as_str()),
            positional: Vec::new(),
        });
    }

    /// A task that is a file: its head may say what it needs.
    fn file(&mut self, path: &str, folder: &str, env: &[(String, Text)], handed: &[Text], depth: usize) {
        let text = match self.call.checkout.read(path) {
            Ok(text) => text,
            Err(error) => return self.stop(Unread::Refused(format!("{path}: {error}"))),
        };
        let Some(shell) = files::language(path, &text) else {
            return self.stop(Unread::Absent(format!("line shows what `{path}` does")));
        };
        let marks = ["#MISE ", "# MISE ", "//MISE ", "# [MISE] ", "# mise "];
        let head = text.lines().filter_map(|line| marks.iter().find_map(|mark| line.strip_prefix(mark)));
        let head = head.take(MOST_FILES).collect::<Vec<_>>().join("\n");
        let own: Arc<str> = Arc::from(path);
        let head = Value::of_toml(&own, &head).filter(|_| !head.is_empty());
        let source = Arc::new(Source {
            path: Arc::clone(&own),
            text: Arc::clone(&text),
            root: head.unwrap_or_else(|| Value::new(crate::model::Location::start_of(&own), 0..0, Data::Null)),
            tasks: &[],
            folder: folder.to_owned(),
        });
        let own_folder =
            source.root.get("dir").and_then(Value::shown).map(|dir| join(folder, &self.filled(dir, &source)));
        let folder = own_folder.unwrap_or_else(|| folder.to_owned());
        let run = Run { source: &source, folder, env: Vec::new(), depth };
        for needed in source.root.all("depends") {
            self.reference(needed, &run);
        }
        let named = [("0".to_owned(), Text::from(path))];
        self.entered.pieces.push(Piece {
            margins: (0, 0),
            text: text.to_string(),
            shell: shell.to_owned(),
            path: own,
            line: 1,
            env: env.iter().cloned().chain(named).collect(),
            folder: Text::new(run.folder.as_str()),
            positional: handed.to_vec(),
        });
        for after in source.root.all("depends_post") {
            self.reference(after, &run);
        }
    }

    /// A text with what its templates stand for; what reading cannot tell is unknown.
    fn filled(&self, text: &str, source: &Source) -> String {
        let mut out = String::new();
        let mut rest = text;
        for _ in 0..MOST_TEMPLATES {
            let Some((head, tail)) = rest.split_once("{{") else { break };
            let Some((inner, tail)) = tail.split_once("}}") else { break };
            out.push_str(head);
            rest = tail;
            let inner = inner.trim();
            let quoted =
                |text: &str| Some(text.trim().trim_start_matches(['\'', '"']).split(['\'', '"']).next()?.to_owned());
            let given = |key: &str| quoted(inner.split_once(key)?.1);
            let value = match inner.split(['.', '(']).next().unwrap_or_default() {
                // An unknown that stands in the text already.
                _ if head.ends_with('$') => format!("{{{{{inner}}}}}"),
                "config_root" => paths::rooted(&source.folder),
                "cwd" => paths::rooted(self.call.folder.as_str()),
                "env" if inner.starts_with("env.") => format!("${{{}}}", inner.trim_start_matches("env.")),
                "get_env" => match (given("name="), given("default=")) {
                    (Some(name), Some(default)) => format!("${{{name}:-{default}}}"),
                    (Some(name), None) => format!("${{{name}}}"),
                    _ => unknown(inner),
                },
                "vars" => {
                    let name = inner.trim_start_matches("vars.");
                    let value = source.root.path(&["vars", name]).and_then(Value::shown);
                    value.map_or_else(|| unknown(inner), str::to_owned)
                }
                _ => unknown(inner),
            };
            out.push_str(&value);
        }
        out.push_str(rest);
        out
    }
}

fn unknown(inner: &str) -> String {
    let plain: String = inner.chars().filter(|c| !matches!(c, '{' | '}' | '$')).take(80).collect();
    Text::unknown(&format!("template.{plain}")).to_string()
}

/// The tables of a source that hold tasks: Pixi has some for each platform and feature.
fn tables(source: &Source) -> Vec<&Value> {
    let Some(root) = source.root.path(source.tasks) else { return Vec::new() };
    if !source.path.ends_with("pixi.toml") && !source.path.ends_with("pyproject.toml") {
        return vec![root];
    }
    let inner = |value| ["feature", "target"].into_iter().filter_map(move |key| Value::get(value, key));
    let each = |value| inner(value).flat_map(Value::entries).map(|entry| &entry.value).collect::<Vec<_>>();
    let features = each(root);
    let all = std::iter::once(root).chain(features.iter().copied()).chain(features.iter().flat_map(|f| each(f)));
    all.filter_map(|value| value.get("tasks")).collect()
}

/// What surrounds the scripts of one task.
struct Run<'a> {
    source: &'a Arc<Source>,
    folder: String,
    env: Vec<(String, Text)>,
    depth: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(files: &[(&str, &str)], command: &str) -> Vec<String> {
        let Some(entered) = super::super::entered(enter, files, &[], command) else {
            return vec!["nothing".to_owned()];
        };
        let pieces = entered.pieces.iter().map(|p| format!("{}:{} {} {}", p.path, p.line, p.folder, p.text.trim()));
        pieces.chain(entered.unread.map(|why| why.to_string())).collect()
    }

    #[test]
    fn tasks_of_mise_are_settings_or_files() {
        let file = "[vars]\nx = \"y\"\n[tasks]\nbuild = \"make {{vars.x}}\"\n[tasks.\"img:push\"]\nalias = \"p\"\ndepends = [\"build\"]\ndir = \"{{config_root}}/ci\"\nrun = [\"docker push a\", { task = \"done\" }]\n[tasks.done]\nrun = '''\n#!/usr/bin/env bash\necho {{arg(name=\"a\")}} {{ env.HOME }}\n'''\n[tasks.round]\nrun = { task = \"round\" }\n";
        let pushed = [
            "mise.toml:4  make y",
            "mise.toml:9 ci docker push a",
            "mise.toml:12  #!/usr/bin/env bash\necho ${{ template.arg(name=\"a\") }} ${HOME}",
        ];
        let files = [
            ("mise.toml", file),
            ("mise-tasks/up/all", "#!/bin/sh\n#MISE depends=[\"build\"]\n#MISE dir=\"sub\"\nx\n"),
        ];
        for command in ["mise run img:push", "mise r p", "mise p", "mise -C . run img:push"] {
            assert_eq!(commands(&files, command), pushed, "{command}");
        }
        let whole = "mise-tasks/up/all:1 sub #!/bin/sh\n#MISE depends=[\"build\"]\n#MISE dir=\"sub\"\nx";
        assert_eq!(
            commands(&files, "mise run build now ::: up:all"),
            ["mise.toml:4  make y now", "mise.toml:4  make y", whole]
        );
        assert_eq!(commands(&files, "mise run gone"), ["no task `gone` of mise"]);
        assert_eq!(commands(&files, "mise install"), ["nothing"]);
        assert_eq!(commands(&[("a", "")], "mise run gone"), ["nothing"]);
        let circle = "[tasks]\na = [{ task = \"b\" }]\nb = [{ tasks = [\"a\", \"a\"] }]\n";
        assert!(commands(&[("mise.toml", circle)], "mise run a").iter().all(|line| line.starts_with("following")));
    }

    #[test]
    fn other_runners_are_read_the_same_way() {
        let deno = "{\n  // tasks\n  \"tasks\": {\n    \"a\": \"x\",\n    \"b\": { \"command\": \"y\", \"dependencies\": [\"a\"], },\n  }\n}\n";
        assert_eq!(
            commands(&[("deno.jsonc", deno)], "deno task b -- now"),
            ["deno.jsonc:4  x", "deno.jsonc:5  y  now"]
        );
        let composer = "{\n\t\"scripts\": {\n\t\t\"a\": [\"@b --now\", \"x\"],\n\t\t\"b\": \"@php y\",\n\t\t\"c\": \"A\\\\B::c\"\n\t}\n}\n";
        let files = [("composer.json", composer)];
        assert_eq!(commands(&files, "composer run a"), ["composer.json:4  php y --now", "composer.json:3  x"]);
        assert_eq!(commands(&files, "composer b"), ["composer.json:4  php y"]);
        assert_eq!(commands(&files, "composer run-script c"), ["no line shows what `A\\B::c` does"]);
        let pixi = "[tasks]\na = { cmd = [\"x\", \"y\"], cwd = \"d\", depends-on = [{ task = \"b\" }] }\n[feature.f.tasks]\nb = \"z\"\n";
        assert_eq!(commands(&[("pixi.toml", pixi)], "pixi run -e f a"), ["pixi.toml:4  z", "pixi.toml:2 d x y"]);
        assert_eq!(commands(&[("pixi.toml", pixi)], "pixi run cargo build"), ["nothing"]);
        let make =
            "[tasks.a]\ncommand = \"x\"\nargs = [\"y\"]\ndependencies = [\"b\"]\n[tasks.b]\nscript = [\"p\", \"q\"]\n";
        assert_eq!(
            commands(&[("Makefile.toml", make)], "cargo make a"),
            ["Makefile.toml:6  p\nq", "Makefile.toml:2  x y"]
        );
    }
}
