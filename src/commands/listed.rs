//! What a script takes out of files: variables for later steps (`cat ci/build.env >> $GITHUB_ENV`), the program that it
//! runs (`$(cat ci/engine) push`).

use std::sync::{Arc, LazyLock};

use super::capture::{Channel, echo, printf};
use super::interpret::Interpreter;
use super::{matching, paths, symbol};
use crate::catalogue::{Catalogue, Does, Remote};
use crate::model::{Command, Cond, Location, Text};

/// Variables that are taken from one file.
const MOST_VARIABLES: usize = 256;
/// A longer file is not read.
const LONGEST: usize = 64 * 1024;

/// The variables that choose the engine which a build hands its work to.
static ENGINES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let elsewhere = Catalogue::get().remote.iter().filter(|entry| entry.elsewhere);
    let mut names: Vec<&'static str> = elsewhere.flat_map(Remote::variables).collect();
    names.sort_unstable();
    names.dedup();
    names
});

impl Interpreter<'_> {
    /// Sets the variables of the files that a command reads whose output stands in `line`. Where none is shown, they may
    /// choose the engine of later builds.
    pub(super) fn export_files(&mut self, line: &str, cond: &Cond, at: &Location) {
        let Some((folder, words)) = reader(line) else { return };
        let mut set = false;
        for operand in words.iter().skip(1).filter(|word| !word.as_str().starts_with('-')) {
            let path = paths::join(&folder, operand);
            for (path, text) in self.lists(&path) {
                self.charge(text.len());
                set |= self.export_lines(path.as_ref(), &text, cond, at);
            }
        }
        for name in ENGINES.iter().filter(|_| !set) {
            let value = symbol::unknown("list", &format!("{name} of {}", symbol::command(&words)));
            self.write(Channel::Exports, name, value.as_str(), cond.clone(), at);
        }
    }

    /// A word with what stands in the file that is printed in its place, where that is shown.
    pub(super) fn printed_file(&self, word: &Text) -> Option<Text> {
        if !word.as_str().contains("shell(") {
            return None;
        }
        let symbol = word.symbols().find(|symbol| symbol.starts_with("shell("))?;
        let (folder, words) = reader(symbol)?;
        let [program, file] = words.as_slice() else { return None };
        let lists = self.lists(&paths::join(&folder, file));
        let [(_, text)] = lists.as_slice() else { return None };
        (program.as_str() == "cat").then(|| word.filled(symbol, &Text::new(text.trim_end())))
    }

    /// What is known to stand in a file, by the file of the checkout or what the job wrote.
    fn lists(&self, path: &Text) -> Vec<(Option<Arc<str>>, Arc<str>)> {
        let own = self.found.commands.iter().filter_map(|command| {
            let (file, text) = filled(command)?;
            (paths::join(&command.folder, file) == *path).then_some(text)
        });
        let own: String = own.map(|text| text.to_string()).collect();
        let shown = (self.context.sourced)(path).map(|(path, text)| (Some(path), text));
        let kept = (self.context.kept)(path).map(|text| (None, text));
        let own = (!own.is_empty()).then(|| (None, Arc::from(own)));
        shown.into_iter().chain(kept).chain(own).filter(|(_, text)| text.len() <= LONGEST).collect()
    }

    /// Sets the variables of a text, and tells whether it has any.
    fn export_lines(&mut self, path: Option<&Arc<str>>, text: &str, cond: &Cond, at: &Location) -> bool {
        let mut offset = 0;
        let mut found = 0;
        for whole in text.split_inclusive('\n') {
            let start = offset;
            offset += whole.len();
            let Some((name, value)) = variable(whole) else { continue };
            if found >= MOST_VARIABLES || !self.step() {
                break;
            }
            found += 1;
            let place = path.map_or_else(|| at.clone(), |path| Location::line_at(path, text, start));
            // What is put into it, nothing here shows.
            let open = path.is_some() && value.contains('$');
            let unknown = || symbol::unknown("list", &format!("{name}={}", value.replace('$', "")));
            let value = if open { unknown() } else { Text::from(value) };
            self.write(Channel::Exports, name, value.as_str(), cond.clone(), &place);
        }
        found > 0
    }
}

/// The variable that a line of a list sets, and its value.
fn variable(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (!name.is_empty() && is_name(name)).then(|| (name, value.trim().trim_matches(['"', '\''])))
}

/// Whether a text is nothing but a list of variables.
pub(super) fn is_list(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    lines.peek().is_some() && lines.all(|line| variable(line).is_some())
}

/// The file that a command fills with a text that is known, and the text.
pub(super) fn filled(command: &Command) -> Option<(&Text, Text)> {
    let (program, arguments) = command.words.split_first()?;
    let tee = program.as_str() == "tee";
    let named = tee.then(|| arguments.iter().find(|a| !a.as_str().starts_with('-'))).flatten();
    let file = named.or(command.output.as_ref())?;
    let text = match program.as_str() {
        "cat" | "tee" => command.input.clone(),
        "echo" => Some(echo(arguments)),
        "printf" => printf(arguments),
        _ => None,
    };
    Some((file, text?))
}

/// The folder and the words of the command that reads files, by the symbol of what it prints.
fn reader(line: &str) -> Option<(Text, Vec<Text>)> {
    let (_, body) = line.split_once("shell(")?;
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quoted, mut depth) = (false, 0_usize);
    for c in body.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            ')' if !quoted && depth == 0 => break,
            c => {
                depth = match c {
                    '(' if !quoted => depth + 1,
                    ')' if !quoted => depth - 1,
                    _ => depth,
                };
                word.push(c);
            }
        }
    }
    words.push(word);
    let first = words.split(|word| word == "|").next().unwrap_or_default();
    let (folder, rest) = match first {
        [cd, folder, rest @ ..] if cd == "cd" => (folder.trim_end_matches(';'), rest),
        rest => ("", rest),
    };
    let text = |word: &str| Text::new(word.replace('<', "${{ ").replace('>', " }}"));
    let words: Vec<Text> = rest.iter().filter(|word| !word.is_empty()).map(|word| text(word)).collect();
    let reads = words.len() > 1 && matching::does(Does::Read, &words);
    reads.then(|| (text(folder), words))
}
