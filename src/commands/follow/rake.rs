//! `rake TASK`: the programs that the tasks of a Rakefile start with literal words.
//! Source: <https://ruby.github.io/rake/doc/rakefile_rdoc.html>

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::projects::piece;
use super::{Call, Entered, join};
use crate::catalogue::Does;
use crate::commands::matching::{self, positional};
use crate::model::{Bound, Text};

const FILES: &[&str] = &["Rakefile", "rakefile", "Rakefile.rb", "rakefile.rb"];
/// Folders of which every file with tasks is loaded: those of Rake, and those of Rails.
const FOLDERS: &[&str] = &["rakelib", "lib/tasks"];
/// Files read for one command.
const MOST_FILES: usize = 64;
/// Tasks entered for one command.
const MOST_TASKS: usize = 200;
/// Lines of one task.
const MOST_LINES: usize = 1_000;

/// A line that opens a task or a namespace, a task that a line names, and one that a task runs.
static LINES: LazyLock<Option<[Regex; 3]>> = LazyLock::new(|| {
    Some([
        Regex::new(r#"^(\s*)(namespace|task|multitask)\b\s*\(?\s*[:'"]?([\w:.-]*\w)['"]?(.*)$"#).ok()?,
        Regex::new(r#"[:'"]([\w][\w:.-]*)|%[wi][\[({]([^\])}]*)"#).ok()?,
        Regex::new(r#"Task\[\s*[:'"]([\w:.-]+)['"]?\s*\]\s*\.\s*(?:invoke|execute)"#).ok()?,
    ])
});

struct Task {
    name: String,
    path: Arc<str>,
    needs: Vec<String>,
    /// The line on which its body starts, from 1.
    line: usize,
    body: String,
}

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if call.program != "rake" {
        return None;
    }
    let (tool, behind) = matching::tool(Does::Task, call.words)?;
    let named = positional(call.words, behind, &tool.value_flags);
    let mut open: Vec<String> = named.iter().rev().map(bare).filter(|name| !name.contains('=')).collect();
    if open.is_empty() {
        open.push("default".to_owned());
    }
    let folder =
        call.flag(&["-C", "--directory"]).map_or_else(|| call.folder.clone(), |below| Text::new(call.path(below)));
    let tasks = tasks(call, folder.as_str())?;
    let mut entered = Entered { what: format!("rake {}", Text::as_str(named.first()?)), ..Entered::default() };
    let mut ran: Vec<usize> = Vec::new();
    while let Some(name) = open.pop() {
        let here: Vec<usize> = (0..tasks.len()).filter(|at| tasks.get(*at).is_some_and(|t| t.name == name)).collect();
        for at in here {
            let Some(task) = tasks.get(at).filter(|_| !ran.contains(&at)) else { continue };
            ran.push(at);
            if ran.len() > MOST_TASKS {
                entered.unread = Some(Bound::Followed(MOST_TASKS, "tasks").into());
                return Some(entered);
            }
            entered.pieces.push(piece(task.body.clone(), "ruby", &task.path, task.line, &folder));
            open.extend(task.needs.iter().cloned());
            // A name may be told from the namespace that it is used in.
            let scope = task.name.rsplit_once(':').map_or("", |(scope, _)| scope);
            open.extend(task.needs.iter().filter(|_| !scope.is_empty()).map(|need| format!("{scope}:{need}")));
        }
    }
    (!ran.is_empty()).then_some(entered)
}

/// The name of a task without what it is given.
fn bare(word: &Text) -> String {
    word.as_str().split('[').next().unwrap_or_default().to_owned()
}

/// The tasks of the files that are loaded; `None` without a Rakefile.
fn tasks(call: &Call<'_>, folder: &str) -> Option<Vec<Task>> {
    let checkout = call.checkout;
    let file = match call.flag(&["-f", "--rakefile"]) {
        Some(named) => join(folder, named),
        None => FILES.iter().map(|file| join(folder, file)).find(|path| checkout.is_there(path))?,
    };
    let folders = FOLDERS.iter().flat_map(|below| checkout.under(&join(folder, below)));
    let more = folders.filter(|path| path.ends_with(".rake")).map(|path| path.to_string());
    let mut found = Vec::new();
    for path in std::iter::once(file).chain(more).take(MOST_FILES) {
        if let Ok(text) = checkout.read(&path) {
            of_file(&Arc::from(path), &text, &mut found);
        }
    }
    Some(found)
}

fn of_file(path: &Arc<str>, text: &str, found: &mut Vec<Task>) {
    let Some([opens, names, runs]) = LINES.as_ref() else { return };
    let lines: Vec<&str> = text.lines().collect();
    let mut scopes: Vec<(&str, &str)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if scopes.last().is_some_and(|(indent, _)| ends(line, indent)) {
            scopes.pop();
        }
        let Some(head) = opens.captures(line) else { continue };
        let part = |n: usize| head.get(n).map_or("", |m| m.as_str());
        let (indent, name, rest) = (part(1), part(3), part(4));
        if part(2) == "namespace" {
            scopes.push((indent, name));
            continue;
        }
        let (needs, block) = match rest.find(" do").or_else(|| rest.find('{')) {
            Some(from) => (rest.get(..from).unwrap_or_default(), rest.get(from..).unwrap_or_default()),
            None => (rest, ""),
        };
        let needs = needs.split_once("=>").map_or(needs, |(_, needs)| needs);
        let needs = needs.trim_start().trim_start_matches(':');
        let one_line = block.is_empty() || block.trim_end().ends_with(['}', ')']) || block.trim_end().ends_with(" end");
        let inner = lines.get(at + 1..).unwrap_or_default().iter();
        let body: Vec<&str> = match one_line {
            true => vec![block],
            false => inner.take_while(|line| !ends(line, indent)).take(MOST_LINES).copied().collect(),
        };
        let body = body.join("\n");
        let lists = names.captures_iter(needs).filter_map(|c| c.get(1).or_else(|| c.get(2)));
        let own = lists.flat_map(|m| m.as_str().split_ascii_whitespace()).map(str::to_owned);
        let ran = runs.captures_iter(&body).filter_map(|c| c.get(1)).map(|m| m.as_str().to_owned());
        let scope = scopes.iter().map(|(_, scope)| format!("{scope}:")).collect::<String>();
        found.push(Task {
            name: format!("{scope}{name}"),
            path: Arc::clone(path),
            needs: own.chain(ran).collect(),
            line: at + if one_line { 1 } else { 2 },
            body,
        });
    }
}

/// Whether a line ends a block that a line of this indentation has opened.
fn ends(line: &str, indent: &str) -> bool {
    let inner = line.strip_prefix(indent).unwrap_or_default();
    inner.starts_with('}') || inner.strip_prefix("end").is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_runs_what_it_needs_and_calls() {
        let file = "require \"x\"\ntask default: [:a]\ndesc \"a\"\ntask :a, [:v] => %w[img:push] do |t|\n  sh \"x\"\nend\nnamespace :img do\n  task :build do\n    sh \"b\"\n  end\n  task push: [:build] do\n    if a\n      sh \"p\"\n    end\n    Rake::Task[\"done\"].invoke\n  end\nend\ntask(:done) { sh \"d\" }\n";
        let run = |command: &str| -> Vec<String> {
            let entered = super::super::entered(enter, &[("Rakefile", file)], &[], command).unwrap_or_default();
            entered.pieces.iter().map(|p| format!("{} {}", p.line, p.text.trim().replace('\n', "|"))).collect()
        };
        let push = "12 if a|      sh \"p\"|    end|    Rake::Task[\"done\"].invoke";
        assert_eq!(run("rake img:push"), [push, "9 sh \"b\"", "18 { sh \"d\" }"]);
        assert_eq!(run("rake -t a[1]"), ["5 sh \"x\"", push, "9 sh \"b\"", "18 { sh \"d\" }"]);
        assert_eq!(run("rake done V=1"), ["18 { sh \"d\" }"]);
        assert!(run("rake gone").is_empty());
    }
}
