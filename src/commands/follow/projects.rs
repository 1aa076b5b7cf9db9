//! Tasks that a project's own files define: tox, nox, hatch, poe and pdm scripts, `cargo xtask`, and the images of a
//! compose file.

use std::collections::BTreeSet;
use std::sync::Arc;

use toml_edit::Item;

use super::{Call, Entered, Implied, Piece, cargo};
use crate::catalogue::Does;
use crate::commands::matching::{self, positional};
use crate::commands::{flag, matches};
use crate::model::{Bound, Location, Span, Text, Unread};
use crate::syntax::yaml::{Document, Node};

/// Task inside task.
const DEEPEST: usize = 8;
/// Files of one call of compose, and services in them.
const MOST_FILES: usize = 16;
const MOST_SERVICES: usize = 512;
/// Source files of one program that are read.
const MOST_SOURCES: usize = 200;

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    match call.program {
        "tox" => tox(call),
        "nox" => nox(call),
        "hatch" => pyproject(call, matches("hatch run", call.words)?, "hatch"),
        "invoke" | "inv" => invoke(call),
        "poe" => pyproject(call, 1, "poe"),
        "pdm" => pyproject(call, matches("pdm run", call.words)?, "pdm"),
        "cargo" => xtask(call).or_else(|| cargo::enter(call)),
        "go" => go_run(call),
        "dotnet" | "msbuild" => dotnet(call),
        program if program == "py" || program.starts_with("python") => module(call),
        "docker" | "docker-compose" | "podman" | "podman-compose" | "nerdctl" | "finch" => compose(call),
        _ => None,
    }
}

/// What the files of .NET projects end with that may name the registry of an image.
const OF_DOTNET: &[&str] =
    &[".csproj", ".fsproj", ".vbproj", ".pubxml", "Directory.Build.props", "Directory.Build.targets"];

/// `dotnet publish -t:PublishContainer`, where the project says to which registry the image goes.
/// Source: <https://learn.microsoft.com/en-us/dotnet/core/containers/publish-configuration#containerregistry>
fn dotnet(call: &Call<'_>) -> Option<Entered> {
    let says = |part: &str| call.words.iter().any(|word| word.as_str().contains(part));
    let wanted = says("PublishContainer") || says("PublishProfile=DefaultContainer");
    if !wanted || says("ContainerRegistry=") || says("ContainerArchiveOutputPath=") {
        return None;
    }
    let named = |path: &&Arc<str>| OF_DOTNET.iter().any(|ending| path.ends_with(ending));
    let files = call.checkout.under(call.folder.as_str()).filter(named).take(MOST_SOURCES);
    let registry = files.map(|path| call.checkout.read(path).ok()).find_map(|text| {
        let text = text?;
        let (_, value) = text.split_once("<ContainerRegistry>")?;
        Some(value.split('<').next().unwrap_or_default().trim().to_owned())
    })?;
    let named = Text::new(format!("-p:ContainerRegistry={registry}"));
    let words = call.words.iter().cloned().chain([named]).collect();
    let implied = vec![Implied { words, location: None }];
    Some(Entered { what: "dotnet publish".to_owned(), implied, ..Entered::default() })
}

/// `go run ./ci release`: a program of the checkout, which decides by itself what the words behind it do.
fn go_run(call: &Call<'_>) -> Option<Entered> {
    let mut words = call.arguments().iter().map(Text::as_str).peekable();
    let mut folder = String::new();
    while let Some(word) = words.next() {
        match word {
            "-C" => folder = words.next()?.to_owned(),
            "run" => break,
            w if w.starts_with('-') => {}
            _ => return None,
        }
    }
    while let Some(word) = words.next_if(|w| w.starts_with('-')) {
        match word {
            "-C" => folder = words.next()?.to_owned(),
            "-tags" | "-ldflags" | "-mod" | "-exec" | "-gcflags" | "-modfile" | "-overlay" | "-p" => {
                words.next();
            }
            _ => {}
        }
    }
    let package = words.next()?;
    let inside = package.starts_with('.') || package.ends_with(".go");
    let given: Vec<&str> = words.collect();
    // Options and their values do not tell what is asked for.
    let bare = given.iter().take_while(|word| !word.starts_with('-') && !word.contains("${{"));
    let asked = bare.copied().collect::<Vec<_>>().join(" ");
    let told = if asked.is_empty() { String::new() } else { format!(" when told `{asked}`") };
    let sources = super::join(call.folder.as_str(), &super::join(&folder, package));
    // What it does when it is told nothing may stand anywhere in it.
    let pieces = if inside && given.is_empty() { super::mage::sources(call, &sources) } else { Vec::new() };
    inside.then(|| Entered {
        what: format!("go run {package} {}", given.join(" ")).trim_end().to_owned(),
        pieces,
        publications_only: true,
        unread: Some(Unread::Absent(format!(
            "line shows what the Go program in `{}` does{told}",
            super::join(&folder, package)
        ))),
        ..Entered::default()
    })
}

/// `python -m package.tool`: a module of the checkout.
fn module(call: &Call<'_>) -> Option<Entered> {
    let at = call.words.iter().position(|w| w.as_str() == "-m")?;
    let named = call.words.get(at + 1)?.literal()?;
    let file = named.replace('.', "/");
    let places = [format!("{file}/__main__.py"), format!("{file}.py"), format!("src/{file}/__main__.py")];
    let path = places.iter().map(|place| call.path(place)).find(|path| call.checkout.is_there(path))?;
    let text = call.checkout.read(&path).ok()?;
    let pieces = vec![piece(text.to_string(), "python", &path, 1, call.folder)];
    Some(Entered { what: format!("python -m {named}"), pieces, ..Entered::default() })
}

pub(super) fn piece(text: String, shell: &str, path: &str, line: usize, folder: &Text) -> Piece {
    Piece {
        margins: (0, 0),
        text,
        shell: shell.to_owned(),
        path: Arc::from(path),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        env: Vec::new(),
        folder: folder.clone(),
        positional: Vec::new(),
    }
}

fn tox(call: &Call<'_>) -> Option<Entered> {
    let named = call.flag(&["-e"])?;
    let mut entered = Entered { what: format!("tox -e {named}"), ..Entered::default() };
    let path = call.path("tox.ini");
    let Ok(text) = call.checkout.read(&path) else {
        entered.unread = Some(Unread::Absent("tox.ini".to_owned()));
        return Some(entered);
    };
    for name in named.split(',') {
        let mut section = false;
        let mut commands = false;
        let mut found = false;
        let mut open: Option<(usize, String)> = None;
        for (number, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            if trimmed.starts_with('[') {
                section = trimmed == format!("[testenv:{name}]");
                found |= section;
                commands = false;
                continue;
            }
            if !section || trimmed.starts_with(['#', ';']) || trimmed.is_empty() {
                continue;
            }
            let mut body = trimmed;
            if !line.starts_with([' ', '\t']) {
                let (key, value) = trimmed.split_once('=').unwrap_or((trimmed, ""));
                commands = matches!(key.trim(), "commands" | "commands_pre" | "commands_post");
                body = value.trim();
            }
            if !commands || body.is_empty() {
                continue;
            }
            let (at, before) = open.take().unwrap_or((number + 1, String::new()));
            let joined = format!("{before}{body}");
            match joined.strip_suffix('\\') {
                Some(head) => open = Some((at, head.to_owned())),
                None => {
                    let text = substituted(joined.trim_start_matches(['-', '!', ' ']));
                    entered.pieces.push(piece(text, "sh", &path, at, call.folder));
                }
            }
        }
        if !found {
            entered.unread = Some(Unread::Absent(format!("environment `{name}` in {path}")));
        }
    }
    Some(entered)
}

/// `{posargs:default}` is its default, `{toxinidir}` the folder, anything else unknown.
fn substituted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (head, tail) = rest.split_at(at);
        let Some(end) = tail.find('}') else { break };
        out.push_str(head);
        let inner = tail.get(1..end).unwrap_or_default();
        match inner.split_once(':') {
            Some(("posargs", default)) => out.push_str(default),
            _ if inner == "posargs" => {}
            _ if inner == "toxinidir" || inner == "tox_root" => out.push('.'),
            _ => out.push_str(&format!("${{{{ tox.{inner} }}}}")),
        }
        rest = tail.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn nox(call: &Call<'_>) -> Option<Entered> {
    let named = call.flag(&["-s", "--session", "--sessions", "-e", "-rs"])?;
    let mut entered = Entered { what: format!("nox -s {named}"), ..Entered::default() };
    let path = call.flag(&["-f", "--noxfile"]).map_or_else(|| call.path("noxfile.py"), |f| call.path(f));
    let Ok(text) = call.checkout.read(&path) else {
        entered.unread = Some(Unread::Absent(path));
        return Some(entered);
    };
    let bare = named.split('(').next().unwrap_or(named);
    let function =
        format!("def {}(", bare.trim_end_matches(|c: char| c == '-' || c.is_ascii_digit()).replace('-', "_"));
    let renamed = [format!("name=\"{bare}\""), format!("name='{bare}'")];
    let mut pending = false;
    let mut body: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let top = !line.is_empty() && !line.starts_with([' ', '\t', ')', '#']);
        if let Some((_, text)) = body.as_mut().filter(|_| !top) {
            text.push_str(line);
            text.push('\n');
            continue;
        }
        if let Some((at, text)) = body.take() {
            entered.pieces.push(piece(text, "python", &path, at, call.folder));
        }
        pending |= renamed.iter().any(|r| line.contains(r.as_str()));
        if line.starts_with("def ") && (line.starts_with(&function) || std::mem::take(&mut pending)) {
            body = Some((number + 1, format!("{line}\n")));
        }
    }
    if let Some((at, text)) = body {
        entered.pieces.push(piece(text, "python", &path, at, call.folder));
    }
    if entered.pieces.is_empty() {
        entered.unread = Some(Unread::Absent(format!("session `{named}` in {path}")));
    }
    Some(entered)
}

fn pyproject(call: &Call<'_>, from: usize, tool: &str) -> Option<Entered> {
    let word = call.words.iter().skip(from).map(Text::as_str).find(|w| !w.starts_with('-'))?;
    let path = call.path("pyproject.toml");
    let text = call.checkout.read(&path).ok()?;
    let document = toml_edit::Document::parse(text.to_string())
        .map_err(|error| call.refuse(&path, None, format!("not valid TOML: {}", error.message())))
        .ok()?;
    let (environment, name) = match (tool, word.split_once(':')) {
        ("hatch", Some((environment, name))) => (environment, name),
        _ => ("default", word),
    };
    let tools = document.as_table().get("tool")?;
    let tasks = match tool {
        "hatch" => tools.get("hatch")?.get("envs")?.get(environment)?.get("scripts"),
        "poe" => tools.get("poe")?.get("tasks"),
        _ => tools.get("pdm")?.get("scripts"),
    }?;
    let mut entered = Entered { what: format!("{tool} {word}"), ..Entered::default() };
    script(call, &path, &text, tasks, name, 0, &mut entered);
    if entered.pieces.is_empty() {
        if tool == "poe" {
            entered.unread = Some(Unread::Absent(format!("task `{name}` in {path}")));
        } else {
            // What is no script is a program.
            return None;
        }
    }
    Some(entered)
}

fn script(call: &Call<'_>, path: &str, text: &str, tasks: &Item, name: &str, depth: usize, entered: &mut Entered) {
    if depth > DEEPEST {
        entered.unread = Some(Bound::FollowedDeeper("tasks", DEEPEST).into());
        return;
    }
    let Some(task) = tasks.get(name) else { return };
    let at = task.span().or_else(|| tasks.span()).map_or(0, |s| s.start);
    let line = text.get(..at).map_or(1, |t| t.matches('\n').count() + 1);
    let push = |command: &str, entered: &mut Entered| {
        let first = command.split_whitespace().next().unwrap_or_default();
        // A command of a list may be another task.
        if first != name && tasks.get(first).is_some() {
            script(call, path, text, tasks, first, depth + 1, entered);
        } else {
            entered.pieces.push(piece(command.to_owned(), "sh", path, line, call.folder));
        }
    };
    let list = |item: &Item| -> Vec<String> {
        if let Some(one) = item.as_str() {
            return vec![one.to_owned()];
        }
        let array = item.as_array().map(|a| a.iter().collect::<Vec<_>>()).unwrap_or_default();
        let part = |v: &toml_edit::Value| {
            let table = v.as_inline_table();
            let inner = table.and_then(|t| t.get("cmd").or_else(|| t.get("shell")).or_else(|| t.get("ref")));
            inner.unwrap_or(v).as_str().map(str::to_owned)
        };
        array.into_iter().filter_map(part).collect()
    };
    // A function of a module.
    if let Some(named) = task.as_table_like().and_then(|t| t.get("script")).and_then(Item::as_str) {
        entered.pieces.extend(function(call, named));
    }
    let mut commands = list(task);
    for key in ["cmd", "shell", "sequence", "composite"] {
        if let Some(item) = task.as_table_like().and_then(|t| t.get(key)) {
            // A list behind `cmd` holds the words of one command.
            match (key, item.as_array()) {
                ("cmd", Some(words)) => {
                    commands.push(words.iter().filter_map(|w| w.as_str()).collect::<Vec<_>>().join(" "));
                }
                _ => commands.extend(list(item)),
            }
        }
    }
    for command in commands {
        push(&command, entered);
    }
}

/// `invoke images.push`: functions of `tasks.py`, or of a module beside it.
/// Source: <https://docs.pyinvoke.org/en/stable/concepts/loading.html>
fn invoke(call: &Call<'_>) -> Option<Entered> {
    let (tool, behind) = matching::tool(Does::Task, call.words)?;
    let named = positional(call.words, behind, &tool.value_flags);
    let body = |name: &Text| {
        let (scope, function) = name.as_str().rsplit_once('.').unwrap_or(("", name.as_str()));
        let (scope, function) = (scope.replace('.', "/"), function.replace('-', "_"));
        let head = format!("def {function}(");
        let files = ["tasks.py", "tasks/__init__.py"].map(str::to_owned).into_iter();
        let beside = ["", "tasks/"].map(|folder| format!("{folder}{scope}.py"));
        let file = files.chain(beside).find(|file| {
            let path = call.path(file);
            call.checkout.is_there(&path) && call.checkout.read(&path).is_ok_and(|text| text.contains(&head))
        })?;
        self::function(call, &format!("{}:{function}", file.trim_end_matches(".py").trim_end_matches("/__init__")))
    };
    let pieces: Vec<Piece> = named.iter().take(MOST_SOURCES).filter_map(body).collect();
    let what = call.words.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
    (!pieces.is_empty()).then(|| Entered { what, pieces, ..Entered::default() })
}

/// The Python function that a task names: `package.module:function`.
fn function(call: &Call<'_>, named: &str) -> Option<Piece> {
    let (module, function) = named.split_once(':').unwrap_or((named, "main"));
    let head = format!("def {}(", function.split('(').next().unwrap_or(function).trim());
    let module = module.trim().replace('.', "/");
    let files = [format!("{module}.py"), format!("{module}/__init__.py"), format!("src/{module}.py")];
    let path = files.iter().map(|file| call.path(file)).find(|path| call.checkout.is_there(path))?;
    let text = call.checkout.read(&path).ok()?;
    let inner = |line: &&str| line.is_empty() || line.starts_with([' ', '\t', ')', '#']);
    let mut lines = text.lines();
    let before = lines.by_ref().take_while(|l| !l.trim_start_matches("async ").starts_with(&head)).count();
    // What is not defined there comes from elsewhere, or runs as the module is loaded.
    let body: Vec<&str> = lines.take_while(inner).collect();
    match body.is_empty() {
        true => Some(piece(text.to_string(), "python", &path, 1, call.folder)),
        false => Some(piece(body.join("\n"), "python", &path, before + 2, call.folder)),
    }
}

fn xtask(call: &Call<'_>) -> Option<Entered> {
    let at = matches("cargo xtask", call.words).or_else(|| {
        let package = call.flag(&["-p", "--package", "--bin"])?;
        let at = call.words.iter().position(|w| w.as_str() == "--")?;
        (matches("cargo run|r", call.words).is_some() && package == "xtask").then_some(at + 1)
    })?;
    let task = call.words.iter().skip(at).map(Text::as_str).find(|w| !w.starts_with('-'))?;
    let mut entered = Entered { what: format!("cargo xtask {task}"), ..Entered::default() };
    let folder = call.path("xtask/src");
    functions(call, &folder, task, &mut entered);
    if entered.pieces.is_empty() && entered.unread.is_none() {
        entered.unread = Some(Unread::Absent(format!("function for `{task}` in {folder}")));
    }
    Some(entered)
}

/// Adds what a program in Rust runs for a task: a module or functions of that name.
pub(super) fn functions(call: &Call<'_>, folder: &str, task: &str, entered: &mut Entered) {
    let name = task.replace('-', "_");
    for path in call.checkout.under(folder).filter(|p| p.ends_with(".rs")).take(MOST_SOURCES) {
        if call.checkout.is_spent() {
            entered.unread = Some(Bound::Scripts.into());
            return;
        }
        let Ok(text) = call.checkout.read(path) else { continue };
        call.checkout.spend(text.len() / 16);
        if path.ends_with(&format!("/{name}.rs")) || path.ends_with(&format!("/{name}/mod.rs")) {
            entered.pieces.push(piece(text.to_string(), "rust", path, 1, call.folder));
            continue;
        }
        // Functions that bear the task's name.
        let mut body: Option<(usize, String)> = None;
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            let head = code.split_once("fn ").and_then(|(before, rest)| {
                let plain = before.split_whitespace().all(|w| w.starts_with("pub") || matches!(w, "async" | "const"));
                plain.then(|| rest.split(['(', '<']).next().unwrap_or_default())
            });
            if let Some(function) = head {
                if let Some((at, text)) = body.take() {
                    entered.pieces.push(piece(text, "rust", path, at, call.folder));
                }
                if function.contains(&name) {
                    body = Some((number + 1, String::new()));
                }
            }
            if let Some((_, text)) = body.as_mut() {
                text.push_str(line);
                text.push('\n');
            }
        }
        if let Some((at, text)) = body {
            entered.pieces.push(piece(text, "rust", path, at, call.folder));
        }
    }
}

fn compose(call: &Call<'_>) -> Option<Entered> {
    let has = |flag: &str| call.words.iter().any(|w| w.as_str() == flag || w.as_str() == format!("{flag}=true"));
    let of = |task: &str| {
        let apart = matches(&format!("docker|podman|nerdctl|finch compose {task}"), call.words);
        apart.or_else(|| matches(&format!("docker-compose|podman-compose {task}"), call.words))
    };
    let push = of("push");
    let build = of("build");
    let (at, program) = match (push, build) {
        (Some(at), _) => (at, "compose:push"),
        (None, Some(at)) if has("--push") => (at, "compose:build-push"),
        (None, Some(at)) => (at, "compose:build"),
        _ => return None,
    };
    if has("--dry-run") {
        return None;
    }
    let mut entered = Entered { what: "docker compose".to_owned(), ..Entered::default() };
    let plain = |image: Option<&str>| std::iter::once(program).chain(image).map(Text::from).collect::<Vec<_>>();
    let names = compose_files(call);
    let files: Vec<_> = names.iter().map(|name| compose_file(call, name)).collect();
    let services: Vec<&str> = call.words.iter().skip(at).map(Text::as_str).filter(|w| !w.starts_with('-')).collect();
    let pushes = program != "compose:build";
    let lacking = names.iter().zip(&files).find(|(_, file)| file.is_none()).filter(|_| pushes);
    entered.unread = lacking.map(|(name, _)| Unread::Absent(format!("readable compose file `{name}`")));
    // What it holds is pushed as well, and nothing shows with which options.
    if lacking.is_some() {
        let words = std::iter::once("compose:push").chain(services.first().copied());
        entered.implied.push(Implied { words: words.map(Text::from).collect(), location: None });
    }
    if files.iter().all(Option::is_none) {
        return pushes.then_some(entered);
    }
    let lists = files.iter().flatten().filter_map(|(path, file)| Some((path, file.first()?.root().get("services")?)));
    let lists: Vec<(&Arc<str>, Node<'_>)> = lists.collect();
    // What a later file says of a service counts before what an earlier one does.
    let said = |name: &str, part: &'static str| {
        let parts = lists.iter().rev().filter_map(|(path, list)| Some((*path, list.get(name)?.get(part)?)));
        parts.collect::<Vec<_>>()
    };
    let keys = lists.iter().flat_map(|(_, list)| list.entries()).filter_map(|(key, _)| key.as_str());
    let keys: BTreeSet<&str> = keys.take(MOST_SERVICES).collect();
    let named = |name: &&str| keys.contains(name) && said(name, "build").is_empty();
    if !services.is_empty() && services.iter().all(named) {
        return Some(entered);
    }
    let builds = program != "compose:push" && !has("--no-cache");
    for key in &keys {
        let build = said(key, "build");
        let wanted = services.is_empty() || services.contains(key);
        // Only what has a build is pushed.
        if build.is_empty() || !wanted {
            continue;
        }
        let caches = || build.iter().find_map(|(path, build)| Some((*path, cache_from(*build, call)?)));
        let cache = Some(()).filter(|()| builds).and_then(|()| caches());
        if !pushes {
            entered.implied.extend(cache.map(|(path, (word, span))| Implied {
                words: vec![Text::from(program), word],
                location: Some(Location::new(path, span)),
            }));
            continue;
        }
        let Some((path, image)) = said(key, "image").into_iter().next() else { continue };
        if let Some(name) = image.as_str() {
            let location = Some(Location::new(path, image.span()));
            let mut words = plain(Some(&interpolated(name, call)));
            let provenance = build.iter().find_map(|(_, build)| build.get("provenance")?.as_str());
            if program == "compose:build-push" && provenance == Some("false") {
                words.push(Text::from("--provenance=false"));
            }
            words.extend(cache.map(|(_, (word, _))| word));
            entered.implied.push(Implied { words, location });
        }
    }
    if pushes && entered.implied.is_empty() && entered.unread.is_none() {
        let first = lists.first().map_or("", |(path, _)| path);
        entered.unread = Some(Unread::Absent(format!("service with an image and a build in {first}")));
    }
    Some(entered)
}

/// A file of a call of compose, where it can be read.
pub(super) fn compose_file(call: &Call<'_>, name: &str) -> Option<(Arc<str>, Vec<Document>)> {
    let path = call.path(name);
    let text =
        Some(&path).filter(|path| call.checkout.is_there(path)).and_then(|path| call.checkout.read(path).ok())?;
    let documents = call.yaml(&path, &text).ok()?;
    Some((path.into(), documents))
}

/// The files of a call of compose, each laid over those before it.
/// Source: <https://docs.docker.com/compose/how-tos/multiple-compose-files/merge/>
pub(super) fn compose_files(call: &Call<'_>) -> Vec<String> {
    const USUAL: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
    let named = flag(call.words, &["-f", "--file"].map(str::to_owned));
    let named: Vec<String> = named.iter().filter_map(|file| Some(file.value()?.to_string())).take(MOST_FILES).collect();
    if !named.is_empty() {
        return named;
    }
    if let Some(files) = call.variable("COMPOSE_FILE") {
        return files.items(&[':']).iter().map(Text::to_string).take(MOST_FILES).collect();
    }
    let there = |name: &&str| call.checkout.is_there(&call.path(name));
    let first = USUAL.iter().copied().find(there).unwrap_or("compose.yaml");
    let stem = first.split('.').next().unwrap_or(first);
    let over = ["yml", "yaml"].map(|ending| format!("{stem}.override.{ending}"));
    std::iter::once(first.to_owned()).chain(over.into_iter().find(|name| there(&name.as_str()))).collect()
}

/// The option for the first cache that the build of a service starts from, and where that stands.
fn cache_from(build: Node<'_>, call: &Call<'_>) -> Option<(Text, Span)> {
    let mut items = build.get("cache_from")?.items();
    let (text, span) = items.find_map(|item| Some((item.as_str().filter(|text| !text.is_empty())?, item.span())))?;
    Some((Text::new(format!("--cache-from={}", interpolated(text, call))), span))
}

/// `${NAME:-default}` is the step's variable, its default, or unknown.
pub(super) fn interpolated(text: &str, call: &Call<'_>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (head, tail) = rest.split_at(at);
        let Some(end) = tail.find('}') else { break };
        out.push_str(head);
        let inner = tail.get(2..end).unwrap_or_default();
        let name = inner.split([':', '-', '?', '+']).next().unwrap_or_default();
        let default = inner.split_once('-').map(|(_, d)| d.to_owned());
        let value = call.variable(name).map(|v| v.as_str().to_owned());
        out.push_str(&value.or(default).unwrap_or_else(|| format!("${{{{ env.{name} }}}}")));
        rest = tail.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::Checkout;

    fn found(path: &str, text: &str, command: &str) -> Vec<String> {
        let checkout = Checkout::in_memory([(path.to_owned(), text.as_bytes().to_vec())], None);
        let words: Vec<Text> = command.split(' ').map(Text::from).collect();
        let call = Call::bare(&checkout, &words);
        let Some(entered) = enter(&call) else { return Vec::new() };
        let implied = entered.implied.iter().map(|i| {
            let words: Vec<&str> = i.words.iter().map(Text::as_str).collect();
            format!("{} {}", i.location.as_ref().map_or(0, |l| l.line), words.join(" "))
        });
        let pieces = entered.pieces.iter().map(|p| format!("{} {}", p.line, p.text.trim()));
        implied.chain(pieces).chain(entered.unread.map(|why| why.to_string())).collect()
    }

    #[test]
    fn environments_of_tox_have_commands() {
        let ini = "[testenv]\ncommands = pytest\n[testenv:release]\ndeps = twine\ncommands =\n    python -m build\n    twine upload {posargs:dist/*}\n[testenv:docs]\ncommands = twine upload x\n";
        assert_eq!(found("tox.ini", ini, "tox -e release"), ["6 python -m build", "7 twine upload dist/*"]);
        assert_eq!(found("tox.ini", ini, "tox -e gone"), ["no environment `gone` in tox.ini"]);
    }

    #[test]
    fn sessions_of_nox_are_programs() {
        let file = "@nox.session\ndef release(session):\n    session.run(\"twine\", \"upload\", \"dist/*\")\n\n@nox.session\ndef other(session):\n    pass\n";
        assert_eq!(
            found("noxfile.py", file, "nox -s release").first().map(|p| p.contains("twine") && !p.contains("other")),
            Some(true)
        );
        assert_eq!(found("noxfile.py", file, "nox -s gone"), ["no session `gone` in noxfile.py"]);
    }

    #[test]
    fn scripts_of_python_projects_are_entered() {
        let toml = "[tool.poe.tasks]\nbuild = \"python -m build\"\nrelease = { sequence = [\"build\", { cmd = \"twine upload dist/*\" }] }\n[tool.hatch.envs.rel.scripts]\npublish = [\"hatch build\", \"hatch publish\"]\n[tool.pdm.scripts]\nship = { composite = [\"pdm build\", \"pdm publish\"] }\n";
        let run = |command| found("pyproject.toml", toml, command);
        assert_eq!(run("poe release"), ["2 python -m build", "3 twine upload dist/*"]);
        assert_eq!(run("hatch run rel:publish"), ["5 hatch build", "5 hatch publish"]);
        assert_eq!(run("pdm run ship"), ["7 pdm build", "7 pdm publish"]);
        assert_eq!(run("poe gone"), ["no task `gone` in pyproject.toml"]);
        assert!(run("pdm run python x.py").is_empty());
        let tasks =
            "@task\ndef build(c):\n    c.run(\"x\")\n\n@task(pre=[build])\ndef push_all(c):\n    c.run(\"y\")\n";
        assert_eq!(found("tasks.py", tasks, "invoke -e push-all"), ["7 c.run(\"y\")"]);
        assert_eq!(found("tasks/images.py", tasks, "inv images.build"), ["3 c.run(\"x\")"]);
        assert!(found("tasks.py", tasks, "invoke gone").is_empty());
    }

    #[test]
    fn functions_of_an_xtask_are_chosen_by_name() {
        let file = "fn main() {}\nfn release_all() {\n    cmd!(sh, \"cargo publish\");\n}\nfn docs() {}\n";
        let run = |command| found("xtask/src/main.rs", file, command);
        assert_eq!(run("cargo xtask release").len(), 1);
        assert_eq!(run("cargo run -p xtask -- release").len(), 1);
        assert_eq!(run("cargo xtask gone"), ["no function for `gone` in xtask/src"]);
        assert!(run("cargo build").is_empty());
    }

    #[test]
    fn images_of_a_compose_file_are_pushed() {
        let file =
            "services:\n  web:\n    image: ghcr.io/acme/web:${TAG:-dev}\n    build: .\n  db:\n    image: postgres\n";
        let run = |command| found("compose.yaml", file, command);
        assert_eq!(run("docker compose push"), ["3 compose:push ghcr.io/acme/web:dev"]);
        assert_eq!(run("docker compose build --push web"), ["3 compose:build-push ghcr.io/acme/web:dev"]);
        assert!(run("docker compose build").is_empty());
        assert!(run("docker compose up").is_empty());
    }
}
