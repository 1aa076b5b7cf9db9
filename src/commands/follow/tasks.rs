//! Task runners with a file of their own: Task (`Taskfile.yml`) and just (`justfile`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Call, Entered, Piece, join};
use crate::model::Text;
use crate::syntax::yaml::Node;

/// A command with its variables in place, in bytes.
const LARGEST_COMMAND: usize = 16 * 1024;
/// Tasks entered for one command.
const MOST_TASKS: usize = 100;

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    match call.program() {
        "task" | "go-task" => task(call),
        "just" => just(call),
        _ => None,
    }
}

/// The plain words of the command: names of tasks, without flags and variables.
fn names<'a>(call: &'a Call<'_>) -> Vec<&'a str> {
    call.arguments()
        .iter()
        .map(Text::as_str)
        .take_while(|w| *w != "--")
        .filter(|w| !w.starts_with('-') && !w.contains('='))
        .collect()
}

fn missing(program: &str, file: &str) -> Entered {
    let unread = Some(format!("no {file} in the folder where the command runs"));
    Entered { what: program.to_owned(), unread, ..Entered::default() }
}

fn task(call: &Call<'_>) -> Option<Entered> {
    let folder = call.flag(&["-d", "--dir"]).map_or_else(|| call.folder.as_str().to_owned(), |d| call.path(d));
    let file = call.flag(&["-t", "--taskfile"]).map(|f| call.path(f)).or_else(|| {
        let candidates = [
            "Taskfile.yml",
            "taskfile.yml",
            "Taskfile.yaml",
            "taskfile.yaml",
            "Taskfile.dist.yml",
            "Taskfile.dist.yaml",
        ];
        candidates.iter().map(|f| join(&folder, f)).find(|p| call.checkout.is_there(p))
    });
    let Some(file) = file.filter(|f| call.checkout.is_there(f)) else { return Some(missing("task", "Taskfile")) };
    let mut wanted = names(call);
    if wanted.is_empty() {
        wanted.push("default");
    }
    let mut entered = Entered { what: format!("task {}", wanted.join(" ")), ..Entered::default() };
    let text = match call.checkout.read(&file) {
        Ok(text) => text,
        Err(error) => {
            entered.unread = Some(format!("{file}: {error}"));
            return Some(entered);
        }
    };
    let documents = match call.yaml(&file, &text) {
        Ok(documents) => documents,
        Err(error) => {
            entered.unread = Some(error);
            return Some(entered);
        }
    };
    let root = documents.first()?.root();
    let mut done = BTreeSet::new();
    for name in wanted {
        add_task(root, name, &Arc::from(file.as_str()), &folder, &mut done, &mut entered);
    }
    if entered.pieces.is_empty() {
        entered.unread = Some(format!("no such task in {file}"));
    }
    Some(entered)
}

/// Whether a task is new, as long as there are not too many.
fn enters(name: &str, path: &str, done: &mut BTreeSet<String>, entered: &mut Entered) -> bool {
    if done.len() >= MOST_TASKS && !done.contains(name) {
        entered.unread = Some(format!("more than {MOST_TASKS} tasks of {path} lead to one another"));
        return false;
    }
    done.insert(name.to_owned())
}

fn add_task(
    root: Node<'_>,
    name: &str,
    path: &Arc<str>,
    folder: &str,
    done: &mut BTreeSet<String>,
    entered: &mut Entered,
) {
    if !enters(name, path, done, entered) {
        return;
    }
    let Some(task) = root.get("tasks").and_then(|t| t.get(name)) else { return };
    let folder = task.get("dir").and_then(|d| d.as_str()).map_or_else(|| folder.to_owned(), |d| join(folder, d));
    let called =
        |node: Node<'_>| node.get("task").and_then(|t| t.as_str()).or_else(|| node.as_str()).map(str::to_owned);
    if let Some(deps) = task.get("deps") {
        for dep in deps.items().filter_map(called) {
            add_task(root, &dep, path, &folder, done, entered);
        }
    }
    let command = |node: Node<'_>, entered: &mut Entered, done: &mut BTreeSet<String>| {
        if let Some(other) = node.get("task").and_then(|t| t.as_str()) {
            add_task(root, other, path, &folder, done, entered);
            return;
        }
        let Some(text) = node.get("cmd").unwrap_or(node).as_str() else { return };
        let vars = [task.get("vars"), root.get("vars")];
        entered.pieces.push(Piece {
            text: untemplated(&with_variables(text, &vars, 0)),
            shell: "sh".to_owned(),
            path: Arc::clone(path),
            line: node.at(0).line,
            env: Vec::new(),
            folder: Text::new(folder.clone()),
            positional: Vec::new(),
        });
    };
    for key in ["cmds", "cmd"] {
        let Some(list) = task.get(key) else { continue };
        if list.is_sequence() {
            list.items().for_each(|n| command(n, entered, done));
        } else {
            command(list, entered, done);
        }
    }
    // A task may be a list or one command by itself.
    if task.is_sequence() {
        task.items().for_each(|n| command(n, entered, done));
    } else if task.as_str().is_some() {
        command(task, entered, done);
    }
}

/// Variables in variables.
const DEEPEST_VARIABLE: usize = 8;

/// Puts the literal values of a Taskfile's variables in their places.
fn with_variables(text: &str, vars: &[Option<Node<'_>>], depth: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (head, tail) = rest.split_at(at);
        let Some(end) = tail.find("}}") else { break };
        out.push_str(head);
        let whole = tail.get(..end + 2).unwrap_or_default();
        let name = tail.get(2..end).unwrap_or_default().trim().trim_matches(['-', ' ']).strip_prefix('.');
        let value = name.and_then(|name| vars.iter().flatten().find_map(|v| v.get(name)?.as_str()));
        match value.filter(|v| depth < DEEPEST_VARIABLE && v.len() + out.len() < LARGEST_COMMAND) {
            Some(value) => out.push_str(&with_variables(value, vars, depth + 1)),
            None => out.push_str(whole),
        }
        rest = tail.get(end + 2..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// `{{.NAME}}` is unknown here.
fn untemplated(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (head, tail) = rest.split_at(at);
        let Some(end) = tail.find("}}") else { break };
        out.push_str(head);
        let inner = tail.get(2..end).unwrap_or_default().trim().trim_matches(['-', ' ', '.']);
        out.push_str(&format!("${{{{ template.{} }}}}", inner.replace(['{', '}'], "")));
        rest = tail.get(end + 2..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn just(call: &Call<'_>) -> Option<Entered> {
    let file = call.flag(&["-f", "--justfile"]).map(|f| call.path(f)).or_else(|| {
        ["justfile", "Justfile", ".justfile"].iter().map(|f| call.path(f)).find(|p| call.checkout.is_there(p))
    });
    let Some(file) = file.filter(|f| call.checkout.is_there(f)) else { return Some(missing("just", "justfile")) };
    let wanted = names(call);
    let text = match call.checkout.read(&file) {
        Ok(text) => text,
        Err(error) => {
            let unread = Some(format!("{file}: {error}"));
            return Some(Entered { what: "just".to_owned(), unread, ..Entered::default() });
        }
    };
    let path: Arc<str> = Arc::from(file.as_str());
    let recipes = recipes(&text);
    let first = recipes.first().map(|r| r.name.as_str());
    let mut entered =
        Entered { what: format!("just {}", wanted.join(" ")).trim_end().to_owned(), ..Entered::default() };
    let mut done = BTreeSet::new();
    // Only the first word is surely a recipe; the rest may be its arguments or further recipes.
    let chosen: Vec<&str> = if wanted.is_empty() { first.into_iter().collect() } else { wanted };
    for name in chosen {
        add_recipe(&recipes, name, &path, call.folder, &mut done, &mut entered);
    }
    if entered.pieces.is_empty() {
        entered.unread = Some(format!("no such recipe in {file}"));
    }
    Some(entered)
}

struct Recipe {
    name: String,
    needs: Vec<String>,
    line: u32,
    body: String,
}

fn recipes(text: &str) -> Vec<Recipe> {
    let mut recipes: Vec<Recipe> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let indented = line.starts_with([' ', '\t']);
        if indented {
            if let Some(recipe) = recipes.last_mut() {
                if recipe.body.is_empty() {
                    recipe.line = number;
                }
                recipe.body.push_str(line.trim_start().trim_start_matches(['@', '-']));
                recipe.body.push('\n');
            }
            continue;
        }
        let head = line.trim();
        if head.is_empty() || head.starts_with(['#', '[']) || head.contains(":=") {
            if let Some(recipe) = recipes.last_mut().filter(|r| !r.body.is_empty()) {
                recipe.body.push('\n');
            }
            continue;
        }
        if let Some((left, right)) = head.split_once(':') {
            let name = left.split_whitespace().next().unwrap_or_default().trim_start_matches('@').to_owned();
            let needs = right
                .split_whitespace()
                .filter(|w| *w != "&&")
                .map(|w| w.trim_matches(['(', ')']).to_owned())
                .collect();
            recipes.push(Recipe { name, needs, line: number, body: String::new() });
        }
    }
    recipes
}

fn add_recipe(
    recipes: &[Recipe],
    name: &str,
    path: &Arc<str>,
    folder: &Text,
    done: &mut BTreeSet<String>,
    entered: &mut Entered,
) {
    if !enters(name, path, done, entered) {
        return;
    }
    let Some(recipe) = recipes.iter().find(|r| r.name == name) else { return };
    for needed in &recipe.needs {
        add_recipe(recipes, needed, path, folder, done, entered);
    }
    entered.pieces.push(Piece {
        text: untemplated(&recipe.body),
        shell: "sh".to_owned(),
        path: Arc::clone(path),
        line: recipe.line,
        env: Vec::new(),
        folder: folder.clone(),
        positional: Vec::new(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::Checkout;

    fn commands(file: &str, text: &str, command: &str) -> Vec<String> {
        let checkout = Checkout::in_memory([(file.to_owned(), text.as_bytes().to_vec())], None);
        let words: Vec<Text> = command.split(' ').map(Text::from).collect();
        let call = Call { checkout: &checkout, words: &words, folder: &Text::default(), env: &[], platform: &|_| None };
        let entered = enter(&call).expect("a task runner");
        entered.pieces.iter().map(|p| format!("{}: {}", p.line, p.text.trim())).collect()
    }

    #[test]
    fn a_task_runs_what_it_depends_on_first() {
        let file = "version: '3'\ntasks:\n  release:\n    deps: [build]\n    cmds:\n      - goreleaser release\n      - task: done\n  build: go build\n  done:\n    cmds: [\"echo {{.X}}\"]\n  unused:\n    cmds: [npm publish]\n";
        assert_eq!(
            commands("Taskfile.yml", file, "task release"),
            ["8: go build", "6: goreleaser release", "10: echo ${{ template.X }}"]
        );
    }

    #[test]
    fn variables_of_the_file_and_of_the_task_are_put_in() {
        let file = "vars:\n  BIN: .tool/goreleaser\n  CMD: \"{{ .BIN }} release\"\n  LOOP: \"{{.LOOP}}\"\ntasks:\n  a:\n    vars: { X: y }\n    cmds: [\"{{ .CMD }} {{.X}} {{.Z}}\", \"echo {{.LOOP}}\"]\n";
        assert_eq!(
            commands("Taskfile.yml", file, "task a"),
            ["8: .tool/goreleaser release y ${{ template.Z }}", "8: echo ${{ template.LOOP }}"]
        );
    }

    #[test]
    fn a_recipe_runs_what_it_needs_first() {
        let file = "build:\n    cargo build\n\nrelease: build\n    @cargo publish\n\nunused:\n    npm publish\n";
        assert_eq!(commands("justfile", file, "just release"), ["2: cargo build", "5: cargo publish"]);
    }
}
