//! What commands tell programs that nothing describes: one that is told to publish may publish anything.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::doer::Doer;
use super::facts::Publish;
use super::opaque::{is_of_documentation, is_of_tests, is_program};
use super::speech::{self, builds, hands_out, harmless};
use crate::catalogue::{Catalogue, CommandPattern, fits};
use crate::checkout::Checkout;
use crate::commands::{join, matching};
use crate::model::{Command, Location, Script, Step, Text};

/// Words of one command that are looked at.
const MOST_WORDS: usize = 24;
/// Words by which people know a command.
const MOST_NAMED: usize = 4;

/// Subcommands that are part of Cargo. Any other one is a program of its own.
/// Source: <https://doc.rust-lang.org/cargo/commands/index.html>
const OF_CARGO: &[&str] = &[
    "add",
    "bench",
    "build",
    "check",
    "clean",
    "clippy",
    "config",
    "doc",
    "fetch",
    "fix",
    "fmt",
    "generate-lockfile",
    "help",
    "info",
    "init",
    "install",
    "locate-project",
    "login",
    "logout",
    "metadata",
    "miri",
    "new",
    "owner",
    "package",
    "pkgid",
    "publish",
    "remove",
    "report",
    "rm",
    "run",
    "rustc",
    "rustdoc",
    "search",
    "test",
    "tree",
    "uninstall",
    "update",
    "vendor",
    "version",
    "xtask",
    "yank",
];

/// The step in which a command runs.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) step: &'a Step,
    /// Its index in the job.
    pub(super) index: usize,
    pub(super) script: &'a Script,
    /// What the job is known to publish.
    pub(super) publishes: &'a [Publish<'a>],
    pub(super) checkout: &'a Checkout,
    /// The places of the commands that reading has led on from.
    pub(super) led: &'a OnceCell<HashSet<&'a Location>>,
}

impl At<'_> {
    /// Whether the command, or something that it leads to, is known to publish.
    pub(super) fn is_shown(&self, command: &Command) -> bool {
        let here = |p: &&Publish<'_>| p.step == self.index;
        self.publishes.iter().filter(here).any(|p| {
            *p.doer.location() == command.location || p.doer.chain().iter().any(|hop| hop.location == command.location)
        })
    }

    /// Whether reading the command has led to others.
    pub(super) fn leads_on(&self, command: &Command) -> bool {
        let hops = || self.script.commands.iter().flat_map(|c| c.chain.iter()).map(|hop| &hop.location).collect();
        self.led.get_or_init(hops).contains(&command.location)
    }
}

/// Whether a command is told to do nothing in earnest, by an option that stands there whatever happens.
pub(super) fn is_dry(words: &[Text]) -> bool {
    only_asks(words)
        || words.iter().filter_map(Text::literal).any(|word| {
            let (name, value) = word.split_once('=').unwrap_or((word, "true"));
            let named = name.strip_prefix('-').map(|name| name.trim_start_matches('-'));
            matches!(named, Some("dry-run" | "dryrun" | "dry_run" | "dry")) && matches!(value, "true" | "1" | "yes")
        })
}

/// The name of a step; nothing where it is called after the first line of its script.
pub(super) fn own_label<'s>(step: &'s Step, script: &Script) -> &'s str {
    let first = script.commands.first().and_then(|command| command.words.first());
    let unnamed = first.is_some_and(|word| step.label.starts_with(word.as_str()));
    if unnamed { "" } else { &step.label }
}

/// The program of a command and the words that tell it what to do, up to its first option and behind a `--`. What an
/// option is given, and what only a run knows, tell nothing.
pub(super) fn told(words: &[Text]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut open = true;
    for word in words.iter().take(MOST_WORDS) {
        let text = word.as_str();
        if text == "--" {
            open = true;
        } else if text.len() > 1 && text.starts_with('-') {
            // Options in front of everything are those of an interpreter.
            open = found.len() < 2;
        } else if open && (word.is_literal() || found.is_empty()) {
            found.push(if found.is_empty() { known_end(word) } else { text });
        }
    }
    found
}

/// The words of a command that may name what it does: no options, and nothing that may be the value of one.
pub(super) fn named_in(words: &[Text]) -> impl Iterator<Item = &str> {
    let mut value = false;
    words.iter().filter_map(move |word| {
        let text = word.as_str();
        let option = text.len() > 1 && text.starts_with('-');
        let behind = std::mem::replace(&mut value, option && text != "--" && !text.contains('='));
        (!option && !behind).then(|| if word.is_literal() { text } else { word.ends().1 })
    })
}

/// Whether a command only asks its program for something.
fn only_asks(words: &[Text]) -> bool {
    let asks = |w: &Text| matches!(w.as_str(), "--help" | "-h" | "--version" | "--list" | "--notes" | "--changelog");
    words.len() > 1 && words.iter().skip(1).all(asks)
}

/// What is known of a path that begins with something unknown.
fn known_end(word: &Text) -> &str {
    if word.is_literal() { word.as_str() } else { word.ends().1 }
}

/// Whether a word is the name of a subcommand, and no path, reference or pattern.
fn is_plain(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b':')
}

/// Whether what a program is told, or its name, speaks of something else than publishing.
pub(super) fn speaks_of_else(told: &[&str]) -> bool {
    let Some((program, words)) = told.split_first() else { return false };
    let base = |path: &str| harmless(path.rsplit('/').next().unwrap_or(path));
    // The file that an interpreter runs is the program.
    let script = words.first().filter(|word| is_program(word) || word.ends_with(".sh"));
    base(program)
        || script.is_some_and(|path| base(path))
        || words.iter().filter(|word| is_plain(word)).any(|word| harmless(word))
}

/// What a command may publish that tells a program so of which nothing is known: its name, and why.
pub(super) fn unknown(at: At<'_>, command: &Command) -> Option<(String, String)> {
    let words = command.views().next_back()?;
    let speaks = |word: &Text| {
        word.as_str() == "--publish"
            || word.as_str() == "--publish=true"
            || orders(word)
            || speech::orders_own(word.as_str())
    };
    if !words.iter().skip(1).take(MOST_WORDS).any(speaks) || command.cond.is_never() || is_dry(words) {
        return None;
    }
    let (cargo, words) = match own_subcommand(words) {
        Some(own) => (true, own?),
        None => (false, words),
    };
    // What reading could not tell of it is said already, and an alias of the checkout is asked by what it stands for.
    let said = at.script.unread.iter().any(|(place, _)| *place == command.location);
    if said || at.is_shown(command) || cargo && at.leads_on(command) {
        return None;
    }
    let own = (!cargo).then(|| of_checkout(at, command, words)).flatten();
    let name = match own {
        Some(words) => by_path(at, command, words)?,
        None => by_name(at, command, words)?,
    };
    let name = if cargo { format!("cargo {name}") } else { name };
    Some((name.clone(), format!("nothing in the checkout or the catalogue says what `{name}` does")))
}

/// Whether a word tells a program to publish.
fn orders(word: &Text) -> bool {
    let text = word.as_str();
    word.is_literal() && (speech::orders(text) || is_plain(text) && hands_out(text))
}

/// The words from a subcommand of Cargo on that is a program of its own; `Some(None)` where it is a known one.
fn own_subcommand(words: &[Text]) -> Option<Option<&[Text]>> {
    if words.first().and_then(matching::program)? != "cargo" {
        return None;
    }
    let at = 1 + words.iter().skip(1).position(|w| !w.as_str().starts_with(['+', '-']))?;
    let sub = words.get(at)?.as_str();
    let known = |pattern: &CommandPattern| {
        pattern.is_of("cargo") && pattern.words().split_ascii_whitespace().next().is_some_and(|own| fits(own, sub))
    };
    let other = sub.len() == 1 || OF_CARGO.contains(&sub) || patterns().any(known);
    Some((!other).then(|| words.get(at..)).flatten())
}

/// The commands of everything that the catalogue describes.
fn patterns() -> impl Iterator<Item = &'static CommandPattern> {
    let all = Catalogue::get();
    let lists = all.sinks.iter().flat_map(|e| &e.commands).chain(all.producers.iter().flat_map(|e| &e.commands));
    let lists = lists.chain(all.neutral.iter().flat_map(|e| &e.commands));
    let lists = lists.chain(all.changes.iter().flat_map(|e| &e.commands));
    let lists = lists.chain(all.tools.iter().flat_map(|e| &e.commands));
    lists.chain(all.wrappers.iter().flat_map(|e| &e.commands))
}

/// Whether the catalogue describes anything that a program of this name does.
fn is_known(doer: &Doer<'_>, name: &str) -> bool {
    let all = Catalogue::get();
    let of = |commands: &[CommandPattern]| commands.iter().any(|pattern| pattern.is_of(name));
    doer.among(&all.index.sinks, &all.sinks).any(|e| of(&e.commands))
        || doer.among(&all.index.producers, &all.producers).any(|e| of(&e.commands))
        || doer.among(&all.index.caches, &all.caches).any(|e| of(&e.commands))
        || doer.among(&all.index.remote, &all.remote).any(|e| of(&e.commands))
        || doer.among(&all.index.safeguards, &all.safeguards).any(|e| of(&e.commands))
        || doer.among(&all.index.neutral, &all.neutral).any(|e| of(&e.commands))
        || doer.among(&all.index.transfers, &all.transfers).any(|e| of(&e.commands))
        || doer.among(&all.index.changes, &all.changes).any(|e| of(&e.commands))
        || all.tools.of_program(name).any(|e| of(&e.commands))
        || all.wrappers.of_program(name).any(|e| of(&e.commands))
}

/// The words from the program of the checkout on that a command runs: by its path, by an interpreter, or as a module.
fn of_checkout<'w>(at: At<'_>, command: &Command, words: &'w [Text]) -> Option<&'w [Text]> {
    let first = words.first()?;
    if first.as_str().contains('/') && !first.as_str().starts_with('@') {
        return Some(words);
    }
    if module(at, command).is_some_and(|module| module == first.as_str()) {
        return Some(words);
    }
    // `node ci/tool.mjs publish`
    let file = words.iter().take(MOST_WORDS).skip(1).position(|w| is_program(w.as_str()))?;
    words.get(file + 1..)
}

/// The module of the checkout that a command runs (`python -m package.tool`).
pub(super) fn module<'w>(at: At<'_>, command: &'w Command) -> Option<&'w str> {
    let words = &command.words;
    let named = words.iter().take(MOST_WORDS).position(|w| w.as_str() == "-m")?;
    let module = words.get(named + 1)?.literal()?;
    let file = module.replace('.', "/");
    let there = |path: String| at.checkout.is_there(join(&command.folder, &Text::new(path)).as_str());
    let places = [format!("{file}/__main__.py"), format!("{file}.py"), format!("src/{file}/__main__.py")];
    places.into_iter().any(there).then_some(module)
}

/// What a program of the checkout, or one that lies at a path, may publish when it is told so.
fn by_path(at: At<'_>, command: &Command, words: &[Text]) -> Option<String> {
    let path = known_end(words.first()?);
    let base = path.rsplit('/').next().filter(|base| !base.is_empty())?;
    let name = base.rsplit_once('.').filter(|_| is_program(base)).map_or(base, |(stem, _)| stem);
    let told = told(words);
    let program = words.first().and_then(matching::program).unwrap_or(base);
    let doer = Doer::command(at.step, command, words);
    let aside = is_of_tests(path) || is_of_documentation(path);
    if aside || is_known(&doer, program) || speaks_of_else(&told) {
        return None;
    }
    let mut behind_option = false;
    let ordered = words.iter().skip(1).take(MOST_WORDS).any(|word| {
        let behind = std::mem::replace(&mut behind_option, false);
        let text = word.as_str();
        if text.starts_with('-') {
            behind_option = text != "--" && !text.contains('=');
            return text == "--publish" || text == "--publish=true";
        }
        // `--profile release` and `build release` name a kind of build.
        let kind = matches!(text, "release" | "deploy") && (behind || builds(name));
        !kind && (orders(word) || speech::orders_own(text))
    });
    if !ordered || at.leads_on(command) && !is_program(base) || is_read(at.checkout, command, words) {
        return None;
    }
    Some(named(path, &told))
}

/// Whether a program is a script of the checkout that is read from end to end.
fn is_read(checkout: &Checkout, command: &Command, words: &[Text]) -> bool {
    let Some(path) = words.first() else { return false };
    let path = join(&command.folder, path);
    let Ok(text) = checkout.glance(path.as_str()) else { return false };
    let line = text.lines().next().unwrap_or_default();
    let shell =
        line.starts_with("#!") && line.split(['/', ' ']).any(|w| matches!(w, "sh" | "bash" | "zsh" | "dash" | "pwsh"));
    shell || path.as_str().ends_with(".sh") || path.as_str().ends_with(".ps1")
}

/// What a program that goes by its name may publish when it is told so.
fn by_name(at: At<'_>, command: &Command, words: &[Text]) -> Option<String> {
    let name = words.first().and_then(matching::program)?;
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let doer = Doer::command(at.step, command, words);
    if !plain || is_known(&doer, name) || at.leads_on(command) {
        return None;
    }
    let told = told(words);
    let first = told.get(1).copied();
    if first == Some("publish") {
        return Some(format!("{name} publish"));
    }
    if starts_sink(at.step, command, words) {
        return Some(named(name, &told));
    }
    if asks(words) {
        return Some(format!("{} --publish", named(name, &told)));
    }
    // In a job that is not known to publish anything, it is what the job is for.
    let mut rest = told.iter().skip(1).filter(|word| is_plain(word));
    let ordered = first == Some("release") || rest.any(|word| speech::orders(word) && *word != "release");
    let label = own_label(at.step, at.script);
    let other = speaks_of_else(&told) || harmless(label) && !speech::publishes(label);
    (at.publishes.is_empty() && ordered && !other).then(|| named(name, &told))
}

/// Whether the words behind a program are those of a command that publishes: it runs that, or something like it.
fn starts_sink(step: &Step, command: &Command, words: &[Text]) -> bool {
    let all = Catalogue::get();
    (1..words.len().min(MOST_WORDS)).filter_map(|from| words.get(from..)).any(|inner| {
        let doer = Doer::command(step, command, inner);
        let mut sinks = doer.among(&all.index.sinks, &all.sinks);
        sinks.any(|s| {
            let mut several = s.commands.iter().filter(|pattern| !pattern.words().trim().is_empty());
            several.any(|pattern| doer.is(&[], std::slice::from_ref(pattern)).is_some())
                && !doer.applies(&s.when, &s.unless).is_never()
        })
    })
}

/// Whether an option without a value asks for publishing.
fn asks(words: &[Text]) -> bool {
    let bare = |next: Option<&Text>| next.is_none_or(|next| next.as_str().starts_with('-'));
    words.iter().enumerate().skip(1).take(MOST_WORDS).any(|(at, word)| match word.as_str() {
        "--publish=true" => true,
        "--publish" => bare(words.get(at + 1)),
        _ => false,
    })
}

/// How people know a command: its program and the first words that it is told.
fn named(program: &str, told: &[&str]) -> String {
    let words = told.iter().skip(1).take_while(|word| is_plain(word)).take(MOST_NAMED).copied();
    std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
}
