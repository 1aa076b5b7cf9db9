//! What is built into shells: folders, variables, exits.

use super::interpret::{Interpreter, Shell};
use super::jumps::Leave;
use super::scope::Held;
use super::status::Status;
use super::{paths, symbol};
use crate::model::{Cond, Text, lowered};
use crate::syntax::shell::{Assignment, Simple, Value};

impl Interpreter<'_> {
    pub(super) fn assign(&mut self, assignment: &Assignment, exported: bool) {
        let name = assignment.name.as_str();
        let old = || self.known(name);
        let held = match &assignment.value {
            Value::Scalar(word) => {
                let old = old();
                let value = self.text(word);
                match (&assignment.index, old, assignment.append) {
                    (None, Some(Held::Array(mut items)), true) => {
                        if let Some(first) = items.first_mut() {
                            *first = first.followed_by(&value);
                        }
                        Held::Array(items)
                    }
                    (None, old, true) => {
                        let text = old.map_or_else(|| self.value(name).text(), |h| h.text());
                        Held::Scalar(text.followed_by(&value))
                    }
                    (None, _, false) => Held::Scalar(value),
                    (Some(index), old, _) => {
                        let mut items = match old {
                            Some(Held::Array(items)) => items,
                            _ => Vec::new(),
                        };
                        match index.parse::<usize>().ok().and_then(|at| items.get_mut(at)) {
                            Some(item) => *item = value,
                            // Keys in words, and elements in any order: what matters is which values it holds.
                            None => items.push(value),
                        }
                        Held::Array(items)
                    }
                }
            }
            Value::Array(words) => {
                let mut items = match (assignment.append, old()) {
                    (true, Some(Held::Array(items))) => items,
                    (true, Some(Held::Scalar(text))) => vec![text],
                    _ => Vec::new(),
                };
                for word in words {
                    self.words(word, &mut items);
                }
                Held::Array(items)
            }
        };
        let exported = exported || self.outside(name).is_some();
        self.scope.set(name, held, exported);
    }

    /// Runs what is built into the shell; `None` when it is a program.
    pub(super) fn builtin(&mut self, program: &str, arguments: &[Text], simple: &Simple) -> Option<Status> {
        let first = arguments.first();
        let done = Some(Status::same(Cond::TRUE));
        match &*lowered(program) {
            ":" | "true" => done,
            "false" => Some(Status::same(Cond::FALSE)),
            "[" | "test" => {
                let arguments = match arguments.split_last() {
                    Some((last, rest)) if program == "[" && last.as_str() == "]" => rest,
                    _ => arguments,
                };
                let cond = self.bracket(arguments);
                Some(Status::same(self.context.choices.resolve(cond)))
            }
            "cd" | "chdir" | "set-location" | "sl" | "pushd" | "push-location" => {
                let named = |t: &&Text| !t.as_str().starts_with('-') && !t.as_str().eq_ignore_ascii_case("/d");
                let pushes = lowered(program).starts_with("push");
                let to = match (arguments.iter().find(named), first.map(Text::as_str)) {
                    (Some(to), _) => paths::join(&self.folder, &Text::from(to.as_str().replace('\\', "/"))),
                    (None, Some("-")) => self.before.clone().unwrap_or_else(|| Text::unknown("env.OLDPWD")),
                    (None, _) if pushes => self.folder.clone(),
                    (None, _) => Text::from("~"),
                };
                if pushes {
                    self.folders.push(self.folder.clone());
                    self.folders.truncate(64);
                }
                self.before = Some(std::mem::replace(&mut self.folder, to));
                done
            }
            "popd" | "pop-location" => {
                if let Some(folder) = self.folders.pop() {
                    self.before = Some(std::mem::replace(&mut self.folder, folder));
                }
                done
            }
            "export" | "readonly" | "declare" | "typeset" | "local" => {
                self.declare(program, arguments, simple);
                done
            }
            "unset" => {
                for name in arguments {
                    self.scope.set(name.as_str(), Held::Scalar(Text::default()), false);
                }
                done
            }
            "set" => {
                self.set(arguments);
                done
            }
            "shift" => {
                self.shift(first);
                done
            }
            "getopts" => self.getopts(arguments),
            "read" => {
                self.assign_read(arguments);
                done
            }
            "mapfile" | "readarray" => {
                if let Some(name) = arguments.iter().rev().find(|t| !t.as_str().starts_with('-')) {
                    let source = self.input.as_ref().map(|(text, _)| symbol::inline(text)).unwrap_or_default();
                    let item = symbol::unknown("item", &format!("{source} #{}", self.here));
                    self.scope.set(name.as_str(), Held::Array(vec![item]), false);
                }
                done
            }
            "printf" if first.is_some_and(|t| t.as_str() == "-v") => {
                if let Some((name, rest)) = arguments.get(1..).and_then(|a| a.split_first()) {
                    let words: Vec<Text> = [Text::from("printf")].into_iter().chain(rest.iter().cloned()).collect();
                    let (text, _) = self.printed(&words, None, true);
                    let text = Text::from(text.as_str().trim_end_matches('\n'));
                    self.scope.set(name.as_str(), Held::Scalar(text), false);
                }
                done
            }
            "exit" | "return" | "break" | "continue" | "throw" => {
                let (leave, failing) = match program.to_ascii_lowercase().as_str() {
                    "return" => (Leave::Return, false),
                    "break" => (Leave::Break, false),
                    "continue" => (Leave::Continue, false),
                    "throw" => (Leave::Exit, true),
                    _ => {
                        let code = arguments.iter().map(Text::as_str).find(|a| !a.eq_ignore_ascii_case("/b"));
                        (Leave::Exit, code.is_some_and(|code| code != "0"))
                    }
                };
                self.leave(leave, failing);
                Some(Status::same(Cond::TRUE))
            }
            "source" | "." => self.source(arguments, simple),
            "eval" | "iex" | "invoke-expression" => {
                let words = arguments.iter().map(Text::as_str).filter(|w| !w.eq_ignore_ascii_case("-command"));
                let mut text = Text::from(words.collect::<Vec<_>>().join(" "));
                if arguments.first().is_none_or(|t| t.symbol().is_some()) {
                    text = self.printed_file(&text)?;
                }
                let language = if program == "eval" { Shell::Posix } else { Shell::PowerShell };
                self.eval(&text, program, language, simple);
                done
            }
            "trap" => {
                let exits = arguments.iter().skip(1).any(|s| matches!(s.as_str(), "EXIT" | "0" | "exit"));
                if let Some(script) = first.filter(|t| exits && t.symbol().is_none() && t.as_str() != "-") {
                    let script = script.clone();
                    // What it runs, it runs at the end: its own `exit` skips nothing of what follows here.
                    self.under(&Cond::TRUE, |_| true, |this| this.eval(&script, "trap", Shell::Posix, simple));
                }
                done
            }
            "shopt" | "umask" | "wait" | "alias" | "hash" | "ulimit" | "setlocal" | "endlocal" => done,
            _ => None,
        }
    }

    pub(super) fn set(&mut self, arguments: &[Text]) {
        self.tolerance.set(arguments);
        for (at, argument) in arguments.iter().enumerate() {
            match argument.as_str() {
                "--" => {
                    self.positional = arguments.get(at + 1..).unwrap_or_default().to_vec();
                    return;
                }
                "allexport" => {
                    let on = at.checked_sub(1).and_then(|at| arguments.get(at)).is_some_and(|a| a.as_str() == "-o");
                    self.scope.export_all = on;
                }
                flags if flags.starts_with(['-', '+']) && flags.contains('a') && flags.len() < 8 => {
                    self.scope.export_all = flags.starts_with('-');
                }
                _ => {}
            }
        }
    }

    pub(super) fn declare(&mut self, program: &str, arguments: &[Text], simple: &Simple) {
        let exports = program == "export" || arguments.iter().any(|a| a.as_str() == "-x");
        let local = matches!(program, "local" | "declare" | "typeset") && !arguments.iter().any(|a| a.as_str() == "-g");
        let remember = |this: &mut Self, name: &str| {
            let held = this.scope.get(name).cloned();
            if let Some(locals) = this.locals.last_mut().filter(|_| local) {
                locals.push((name.to_owned(), held));
            }
        };
        for assignment in &simple.declarations {
            remember(self, &assignment.name);
            self.assign(assignment, exports);
        }
        for argument in arguments.iter().filter(|a| !a.as_str().starts_with('-')) {
            // `export "X=$Y"` comes as one word.
            match argument.as_str().split_once('=') {
                Some((name, value)) => {
                    remember(self, name);
                    self.scope.set(name, Held::Scalar(Text::from(value)), exports);
                }
                None => {
                    remember(self, argument.as_str());
                    if program == "local" {
                        self.scope.set(argument.as_str(), Held::Scalar(Text::default()), false);
                    }
                    if exports {
                        self.scope.export(argument.as_str());
                    }
                }
            }
        }
    }

    pub(super) fn assign_read(&mut self, arguments: &[Text]) {
        let source = self.input.as_ref().map(|(text, _)| symbol::inline(text)).unwrap_or_default();
        let mut value_next = false;
        for argument in arguments {
            let text = argument.as_str();
            if std::mem::take(&mut value_next) {
                continue;
            }
            if let Some(letters) = text.strip_prefix('-') {
                value_next = letters.ends_with(['d', 'p', 't', 'n', 'N', 'u', 'i', 'a']) && !letters.ends_with('a');
                continue;
            }
            let value = symbol::unknown("read", &format!("{text} from {source} #{}", self.here));
            self.scope.set(text, Held::Scalar(value), false);
        }
    }
}
