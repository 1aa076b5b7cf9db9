//! Programs that run the command behind them.

use std::ops::Range;

use super::interpret::Shell;
use super::matching::{matches_program, program};
use crate::catalogue::{Catalogue, Indexed, Wrapper};
use crate::model::Text;

/// Wrappers in wrappers are followed this far.
const MOST_LAYERS: usize = 8;

/// The variable by which a job asks the platform for its identity. In a command that runs in a container which does not
/// get it, it is empty.
/// Source: <https://docs.github.com/en/actions/reference/security/oidc>
pub const IDENTITY: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";

/// A command that starts a container, or runs in one.
#[derive(Debug)]
pub struct Contained<'a> {
    /// Its options.
    pub options: &'a [Text],
    /// The image, the container or the service.
    pub image: &'a Text,
    /// The words behind it.
    pub rest: &'a [Text],
}

/// The parts of a command that runs another one in a container.
pub fn contained<'a>(words: &'a [Text], wrappers: &Indexed<Wrapper>) -> Option<Contained<'a>> {
    let name = words.first().and_then(program)?;
    let found = wrappers.of_program(name).filter(|w| w.container).find_map(|wrapper| {
        let at = wrapper.commands.iter().find_map(|pattern| matches_program(pattern, name, words))?;
        Some((wrapper, at))
    });
    let (wrapper, start) = found?;
    let mut at = start;
    loop {
        let text = words.get(at)?.as_str();
        if text.len() < 2 || !text.starts_with('-') {
            break;
        }
        at += if wrapper.value_flags.iter().any(|f| f == text) { 2 } else { 1 };
    }
    Some(Contained { options: words.get(start..at)?, image: words.get(at)?, rest: words.get(at + 1..)? })
}

/// What a container gets for [`IDENTITY`]: `None` where it is handed on, an unknown where nothing tells.
pub(super) fn identity(words: &[Text], wrappers: &Indexed<Wrapper>) -> Option<Text> {
    let parts = contained(words, wrappers)?;
    let options = parts.options.iter().map(Text::as_str);
    if options.clone().any(|o| o.contains(IDENTITY)) {
        return None;
    }
    // A file may hold it, and so may a service's own definition.
    let hidden = options.clone().any(|o| o.starts_with("--env-file") || o.contains("${{"))
        || words.iter().any(|w| w.as_str().contains("compose"));
    Some(if hidden { Text::unknown("the environment of the container") } else { Text::default() })
}

/// The commands that the wrappers of a command start, outermost first, as stretches of its words: `sudo -E npx --yes
/// semantic-release` starts `npx --yes semantic-release`, and that `semantic-release`.
pub(super) fn wrapped(words: &[Text], wrappers: &Indexed<Wrapper>) -> Vec<Range<usize>> {
    let mut layers = Vec::new();
    let mut at = 0..words.len();
    while layers.len() < MOST_LAYERS {
        let view = words.get(at.clone()).unwrap_or_default();
        let Some(name) = view.first().and_then(program) else { break };
        let inner = wrappers.of_program(name).find_map(|w| behind(view, name, w));
        let Some(inner) = inner.or_else(|| executed(view, name)) else { break };
        at = at.start + inner.start..at.start + inner.end;
        layers.push(at.clone());
    }
    layers
}

/// Takes away the `--` between a program and its words that its wrapper takes for itself: `nix run nixpkgs#gh -- release`.
pub(super) fn without_separator(words: &mut Vec<Text>, wrapped: &mut Vec<Range<usize>>, wrappers: &Indexed<Wrapper>) {
    let separates = |at: usize| {
        words.get(at).zip(words.get(at + 1)).is_some_and(|(p, s)| p.as_str().contains('#') && s.as_str() == "--")
    };
    if let Some(at) = wrapped.iter().map(|inner| inner.start).find(|at| separates(*at)) {
        words.remove(at + 1);
        *wrapped = self::wrapped(words, wrappers);
    }
}

/// The variables that wrappers set for the command behind them: `env A=b make`, `docker run -e A=b image make`.
pub(super) fn assigned(words: &[Text], wrapped: &[Range<usize>]) -> Vec<(String, Text)> {
    let before = wrapped.last().map_or(0, |inner| inner.start);
    let assignments = words.iter().take(before).skip(1).filter(|word| is_assignment(word));
    assignments
        .filter_map(|word| word.as_str().split_once('='))
        .map(|(name, value)| (name.to_owned(), Text::new(value)))
        .collect()
}

fn is_assignment(word: &Text) -> bool {
    let name = word.as_str().split('=').next().unwrap_or_default();
    name.len() < word.as_str().len()
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The command behind a wrapper, whose program has this name.
fn behind(words: &[Text], name: &str, wrapper: &Wrapper) -> Option<Range<usize>> {
    if wrapper.takes_script() {
        return None;
    }
    let mut at = wrapper.commands.iter().find_map(|pattern| matches_program(pattern, name, words))?;
    let mut skip = wrapper.skip;
    loop {
        let word = words.get(at)?;
        let text = word.as_str();
        if text == "--" {
            at += 1;
        } else if text.len() > 1 && text.starts_with('-') {
            at += if wrapper.value_flags.iter().any(|f| f == text) { 2 } else { 1 };
        } else if is_assignment(word) {
            at += 1;
        } else if skip > 0 {
            skip -= 1;
            at += 1;
        } else {
            let own = wrapper.mark.as_ref().is_some_and(|mark| text.starts_with(['.', '/']) || !text.contains(mark));
            return (!own).then_some(at..words.len());
        }
    }
}

/// The command of `find ... -exec command {} ;`, and of `node node_modules/.bin/command`.
fn executed(words: &[Text], name: &str) -> Option<Range<usize>> {
    if name == "node" {
        let at = words.iter().position(|w| w.as_str().contains("node_modules/.bin/"))?;
        return Some(at..words.len());
    }
    if name != "find" {
        return None;
    }
    let start = words.iter().position(|w| matches!(w.as_str(), "-exec" | "-execdir" | "-ok"))? + 1;
    let length = words.iter().skip(start).position(|w| matches!(w.as_str(), ";" | "+"));
    let end = length.map_or(words.len(), |length| start + length);
    (start < end).then_some(start..end)
}

/// A script that a command hands to a shell.
pub(super) struct Handed {
    /// Its text.
    pub(super) script: Text,
    /// Which shell reads it.
    pub(super) shell: Shell,
    /// The words behind it, from `$0` on.
    pub(super) arguments: Vec<Text>,
    /// What hands it over, for people.
    pub(super) what: String,
}

/// The script that `words` hand to a shell: behind a flag (`bash -ec '...'`), or through its input.
pub(super) fn handed(words: &[Text], input: &dyn Fn() -> Option<Text>, wrappers: &Indexed<Wrapper>) -> Option<Handed> {
    let name = program(words.first()?)?;
    for wrapper in wrappers.of_program(name).filter(|w| w.takes_script()) {
        let found = wrapper.commands.iter().find_map(|pattern| matches_program(pattern, name, words));
        let Some(mut at) = found else { continue };
        let shell = Shell::of(name);
        let mut skip = wrapper.skip;
        while let Some(word) = words.get(at).map(Text::as_str) {
            let attached = |flag: &String| word.strip_prefix(flag.as_str())?.strip_prefix('=');
            if let Some(script) = wrapper.script_flag.iter().filter(|flag| flag.starts_with("--")).find_map(attached) {
                return Some(whole(Text::from(script), shell, name));
            }
            let exact = wrapper.script_flag.iter().any(|f| f.eq_ignore_ascii_case(word));
            // `-ec`, `-lc`: single letters in one word.
            let letters = word.strip_prefix('-').filter(|l| l.len() > 1 && l.chars().all(|c| c.is_ascii_alphabetic()));
            let joined = shell == Shell::Posix
                && wrapper.script_flag.iter().any(|f| f == "-c")
                && letters.is_some_and(|l| l.contains('c'));
            if exact || joined {
                // `bash -euxo pipefail -c` has its `-c` further on, `bash -ceo pipefail '...'` its value in between.
                let mut script = at + 1;
                if letters.is_some_and(|l| shell == Shell::Posix && l.contains('o')) {
                    script += 1;
                }
                let tail = words.get(script..)?;
                let (first, arguments) = tail.split_first()?;
                // These two take all that follows for the script.
                let script = if shell == Shell::Posix { first.clone() } else { joined_words(tail) };
                let arguments = if shell == Shell::Posix { arguments.to_vec() } else { Vec::new() };
                return Some(Handed { script, shell, arguments, what: format!("{name} {word}") });
            }
            if word == "-s" || word == "-" {
                break;
            }
            let option = word.starts_with(['-', '+']) || (shell == Shell::Batch && word.starts_with('/'));
            if option {
                let takes = wrapper.value_flags.iter().any(|f| f == word)
                    || letters.is_some_and(|l| shell == Shell::Posix && l.ends_with('o'));
                at += if takes { 2 } else { 1 };
            } else if skip > 0 {
                skip -= 1;
                at += 1;
            } else {
                // Otherwise a script file.
                return wrapper.script.then(|| whole(Text::from(word), shell, name));
            }
        }
        let script = input()?;
        return (shell == Shell::Posix).then(|| whole(script, shell, name));
    }
    None
}

/// A script without arguments.
fn whole(script: Text, shell: Shell, name: &str) -> Handed {
    Handed { script, shell, arguments: Vec::new(), what: format!("{name} -s") }
}

/// The program of a command that puts the secrets of a store into the environment of another one.
pub fn brings_secrets(words: &[Text]) -> Option<&str> {
    let name = program(words.first()?)?;
    let mut wrappers = Catalogue::get().wrappers.of_program(name).filter(|wrapper| wrapper.secrets);
    wrappers
        .any(|wrapper| wrapper.commands.iter().any(|pattern| matches_program(pattern, name, words).is_some()))
        .then_some(name)
}

fn joined_words(words: &[Text]) -> Text {
    Text::from(words.iter().map(Text::as_str).collect::<Vec<_>>().join(" "))
}
