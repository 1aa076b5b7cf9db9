//! Files that a job copies, moves or renames: the bytes stay, the name is another one.

use super::filenames::ancillary;
use super::glob::{self, CELLS, Pattern};
use super::naming;
use crate::catalogue::Does;
use crate::commands::matching;
use crate::model::{Command, Job, StepBody, Text};

/// What a command puts where.
#[derive(Debug)]
pub(super) struct Move {
    /// Index of its step.
    pub step: usize,
    from: Vec<Source>,
    to: String,
    target: Pattern,
    /// Whether `to` is written as a folder.
    folder: bool,
}

/// Files that a command puts elsewhere.
#[derive(Debug)]
struct Source {
    name: String,
    /// Where they land in a folder.
    landed: Pattern,
}

/// The moves of a job, in order.
pub(super) fn of_job(job: &Job) -> Vec<Move> {
    let steps = job.steps.iter().enumerate().filter(|(_, step)| !step.cond.is_never());
    let mut found = Vec::new();
    for (at, step) in steps {
        let StepBody::Script(script) = &step.body else { continue };
        found.extend(script.commands.iter().filter_map(|command| of_command(command, at)));
    }
    found
}

fn of_command(command: &Command, step: usize) -> Option<Move> {
    let (inner, root) = match command.words.first().and_then(matching::program) {
        Some("find") => found(&command.words)?,
        _ => (&*command.words, None),
    };
    let (tool, _) = matching::tool(Does::Move, inner)?;
    let path = |word: &str| glob::normal(crate::commands::join(&command.folder, &Text::from(word)).as_str());
    let (mut from, mut to) = (Vec::new(), None);
    let mut words = inner.iter().skip(1).filter(|w| !matches!(w.as_str(), ";" | "+"));
    while let Some(word) = words.next() {
        // What nothing resolves may be any file.
        if word.symbol().is_some() && to.is_none() {
            from.push("");
            continue;
        }
        let text = match (word.as_str(), root) {
            ("{}", Some(root)) => root,
            (text, _) => text,
        };
        if tool.into.iter().any(|flag| flag == text) {
            to = words.next().map(|w| format!("{}/", w.as_str()));
        } else if tool.value_flags.iter().any(|flag| flag == text) {
            words.next();
        } else if !text.starts_with('-') || text == "-" {
            from.push(text);
        }
    }
    let to = match to {
        Some(to) => to,
        None => from.pop().filter(|to| !to.is_empty())?.to_owned(),
    };
    let folder = to.ends_with('/') || matches!(to.as_str(), "." | "..") || from.len() > 1;
    let to = if matches!(to.as_str(), "." | "./") {
        command.folder.as_str().trim_end_matches('/').to_owned()
    } else {
        let to = crate::commands::join(&command.folder, &Text::from(to.trim_end_matches('/')));
        naming::beside(to.as_str()).to_owned()
    };
    let whole =
        |from: &str| if root == Some(from) { format!("{}/**", from.trim_end_matches('/')) } else { from.to_owned() };
    let from = from.into_iter().filter(|f| !f.is_empty() && !ancillary(f));
    let from: Vec<String> = from.map(|f| path(&whole(f))).collect();
    (!from.is_empty() && (folder || !ancillary(&to))).then(|| Move::new(step, from, to, folder))
}

/// The command that `find` runs for every file, and the folder it looks in.
fn found(words: &[Text]) -> Option<(&[Text], Option<&str>)> {
    let at = words.iter().position(|w| matches!(w.as_str(), "-exec" | "-execdir" | "-ok"))?;
    let root = words.get(1).map(Text::as_str).filter(|w| !w.starts_with(['-', '(', '!']))?;
    Some((words.get(at + 1..)?, Some(root)))
}

impl Move {
    fn new(step: usize, from: Vec<String>, to: String, folder: bool) -> Self {
        let source = |name: String| {
            let last = last(&name);
            let last = if last == "**" { "*" } else { last };
            let landed = if to.is_empty() { last.to_owned() } else { format!("{}/{last}", to.trim_end_matches('/')) };
            Source { landed: Pattern::new(&glob::normal(&landed)), name }
        };
        Self { step, from: from.into_iter().map(source).collect(), target: Pattern::new(&to), to, folder }
    }

    /// What asking for a pattern is worth, in comparisons.
    pub(super) fn cost(&self, pattern: &Pattern) -> usize {
        self.from.len() + pattern.as_str().len() * self.to.len() / CELLS
    }

    /// The names under which the files of a pattern lay before; none when the move does not touch them.
    pub(super) fn before(&self, pattern: &Pattern) -> Vec<String> {
        self.from.iter().filter_map(|from| self.one(from, pattern)).collect()
    }

    fn one(&self, from: &Source, pattern: &Pattern) -> Option<String> {
        if !self.folder && pattern.overlaps(&self.target) {
            return Some(from.name.clone());
        }
        if pattern.overlaps(&from.landed) {
            return Some(match pattern.contains(&from.landed) {
                true => from.name.clone(),
                // `mv out/* dist/` and a published `dist/*.zip` are about `out/*.zip`.
                false => renamed(&from.name, pattern.as_str()),
            });
        }
        // A folder under another name.
        let rest = pattern.as_str().strip_prefix(&self.to)?.strip_prefix('/')?;
        let whole = !from.name.contains(['*', '?']) && !last(&from.name).contains('.');
        whole.then(|| naming::join(&from.name, rest))
    }

    /// Whether a published name is this file's alone.
    pub(super) fn is_exact(&self, pattern: &str) -> bool {
        let plain = |p: &str| !p.contains(['*', '?', '{']);
        plain(pattern) && !self.folder && self.to == pattern && self.from.len() == 1
    }
}

/// The last part of a path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The files of a pattern in the folder of another one.
fn renamed(from: &str, pattern: &str) -> String {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    naming::join(folder, pattern.rsplit('/').next().unwrap_or(pattern))
}

#[cfg(test)]
mod tests {
    use super::{Move, Pattern, of_command};
    use crate::model::Command;

    fn command(line: &str) -> Option<Move> {
        let words: Vec<&str> = line.split(' ').collect();
        of_command(&Command::of_words(&words), 0)
    }

    fn moved(from: &[&str], to: &str, folder: bool) -> Move {
        Move::new(0, from.iter().map(|f| (*f).to_owned()).collect(), to.to_owned(), folder)
    }

    fn before(moved: &Move, pattern: &str) -> Vec<String> {
        moved.before(&Pattern::new(pattern))
    }

    #[test]
    fn a_moved_file_is_found_under_its_former_name() {
        assert_eq!(before(&moved(&["dist/a"], "dist/b", false), "dist/b"), ["dist/a"]);
        assert_eq!(before(&moved(&["dist/a"], "dist/b", false), "dist/*"), ["dist/a"]);
        assert_eq!(before(&moved(&["out/*"], "dist", true), "dist/*.zip"), ["out/*.zip"]);
        assert_eq!(before(&moved(&["out/a.zip"], "dist", true), "dist/*"), ["out/a.zip"]);
        assert_eq!(before(&moved(&["out"], "dist", false), "dist/*.zip"), ["out/*.zip"]);
        assert!(before(&moved(&["out/a"], "dist/b", false), "dist/c").is_empty());
        assert!(before(&moved(&["out/a.deb"], "dist", true), "dist/*.zip").is_empty());
    }

    #[test]
    fn options_of_a_program_are_its_own() {
        let to = |line: &str| command(line).map(|moved| moved.to);
        assert_eq!(to("cp -t dist out/a.zip").as_deref(), Some("dist"));
        assert_eq!(to("install -m 755 out/a dist/b").as_deref(), Some("dist/b"));
        // It keeps the times of files.
        assert_eq!(to("rsync -t out/a.zip dist/b.zip").as_deref(), Some("dist/b.zip"));
        assert_eq!(to("Copy-Item out/a.zip -Destination dist").as_deref(), Some("dist"));
        assert!(command("cat out/a.zip").is_none());
    }

    #[test]
    fn a_name_given_by_one_command_is_nobody_elses() {
        assert!(moved(&["dist/a"], "dist/b", false).is_exact("dist/b"));
        assert!(!moved(&["dist/a"], "dist/b", false).is_exact("dist/*"));
        assert!(!moved(&["dist/a", "dist/c"], "dist", true).is_exact("dist/a"));
    }
}
