//! Simple commands, and the scripts that they carry.

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::capture::{Channel, Stdout};
use super::flow::Streams;
use super::interpret::{Frame, Interpreter, MOST_CALLS, MOST_COMMANDS, MOST_STEPS, Shell};
use super::jumps::Leave;
use super::scope::Held;
use super::status::{Rendered, Status, Strict};
use super::{matching, symbol, wrappers};
use crate::catalogue::Does;
use crate::model::{Bound, Command, Cond, Hop, Location, Text, Unread, lowered, views};
use crate::syntax::shell::{Masked, Node, Piece, Simple, Value};

/// Words of one command that are looked at for what they can be.
const MOST_FORKS: usize = 3;

fn is_truth(value: &Text) -> bool {
    matches!(value.literal(), Some("true" | "false" | ""))
}

/// The unknown and the name of a word in which a program's name follows an unknown.
fn joined(word: &Text) -> Option<(Text, &str)> {
    let (symbol, name) = word.as_str().strip_prefix("${{")?.split_once("}}")?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    is_name.then(|| (Text::unknown(symbol), name))
}

impl Interpreter<'_> {
    pub(super) fn simple(&mut self, simple: &Simple) -> Status {
        self.here = simple.offset;
        let mut words = Vec::new();
        for word in &simple.words {
            self.words(word, &mut words);
        }
        let streams = self.streams(&simple.redirects);
        let Some(first) = words.first() else {
            let substitutes = simple.assignments.iter().any(|a| match &a.value {
                Value::Scalar(word) => word.pieces.iter().any(|p| matches!(p, Piece::Substitution { .. })),
                Value::Array(_) => false,
            });
            for assignment in &simple.assignments {
                self.assign(assignment, false);
            }
            // `$(<file)` is `$(cat file)`.
            if let (Some((text, plain)), true) =
                (streams.input, streams.read.is_some() && self.stdout == Stdout::Capture)
            {
                let at = self.locate(simple.offset, simple.end);
                self.writes(&text, plain, &Stdout::Capture, &at);
            }
            return if substitutes { self.success() } else { Status::same(Cond::TRUE) };
        };
        if first.as_str().is_empty() && words.len() == 1 {
            return Status::same(Cond::TRUE);
        }
        let mut line: Vec<(String, Text)> = Vec::new();
        for assignment in &simple.assignments {
            let value = match &assignment.value {
                Value::Scalar(word) => self.text(word),
                Value::Array(_) => continue,
            };
            line.push((assignment.name.clone(), value));
        }
        self.dispatch(words, line, streams, simple, MOST_FORKS)
    }

    /// Runs a command whose words are known; as several where its program or its options depend on a condition.
    fn dispatch(
        &mut self,
        mut words: Vec<Text>,
        line: Vec<(String, Text)>,
        streams: Streams,
        simple: &Simple,
        forks: usize,
    ) -> Status {
        let mut wrapped = wrappers::wrapped(&words, self.context.wrappers);
        wrappers::without_separator(&mut words, &mut wrapped, self.context.wrappers);
        let Some(first) = words.first() else { return Status::same(Cond::TRUE) };
        let program = first.as_str();
        if forks > 0
            && let Some((at, options)) = self.depending(&words, &wrapped).or_else(|| self.optional(&words))
        {
            let mut outcomes = Vec::new();
            for (cond, value) in options {
                let mut own = words.get(..at).unwrap_or_default().to_vec();
                // What stays unknown is not asked about again.
                let forks = if words.get(at) == Some(&value) { 0 } else { forks - 1 };
                own.extend(if value.symbol().is_some() { vec![value] } else { value.items(&[' ', '\t', '\n']) });
                own.extend_from_slice(words.get(at + 1..).unwrap_or_default());
                let (line, streams) = (line.clone(), streams.clone());
                outcomes.extend(self.branch(&cond, |this| drop(this.dispatch(own, line, streams, simple, forks))));
            }
            self.merge(outcomes);
            self.rendered = Rendered::command(Vec::new(), words.into());
            return self.success();
        }
        self.here = simple.offset;
        let arguments = words.get(1..).unwrap_or_default();
        if let Some(status) = self.builtin(program, arguments, simple) {
            return status;
        }
        if let Some((body, frame)) = self.functions.get(program).cloned() {
            return self.call(&words, arguments, &line, body, frame, streams);
        }
        self.command((words, wrapped), line, streams, simple)
    }

    /// The word that decides which program runs and is not known, with what it can be. An unknown word in front of a
    /// command is most often a guard that is empty when the command is to run, and one that a program's name is joined
    /// to (`${PREFIX}twine upload`) is a folder or nothing.
    fn depending(&self, words: &[Text], wrapped: &[Range<usize>]) -> Option<(usize, Vec<(Cond, Text)>)> {
        let mut found = None;
        for view in views(words, wrapped) {
            let Some(first) = view.first() else { continue };
            let at = words.iter().position(|w| std::ptr::eq(w, first))?;
            if let Some(named) = self.printed_file(first) {
                found = Some((at, vec![(Cond::TRUE, named)]));
                continue;
            }
            if let Some((folder, name)) = joined(first) {
                let unknown = || {
                    let empty = symbol::equal(&folder, &Text::default());
                    vec![(empty.clone(), Text::default()), (empty.negate(), folder.clone())]
                };
                let options = self.context.choices.of(&folder).unwrap_or_else(unknown);
                let whole = |(cond, value): (Cond, Text)| (cond, Text::new(format!("{value}{name}")));
                found = Some((at, options.into_iter().map(whole).collect()));
                continue;
            }
            if first.symbol().is_none() {
                continue;
            }
            let options = match self.context.choices.of(first) {
                // `if $RELEASE; then` asks for the value.
                Some(options) if view.len() == 1 && options.iter().all(|(_, v)| is_truth(v)) => return None,
                Some(options) => options,
                None => {
                    let program = view.get(1).filter(|w| !w.as_str().starts_with('-') && w.symbol().is_none())?;
                    if !program.as_str().starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '/')) {
                        return None;
                    }
                    let empty = symbol::equal(first, &Text::default());
                    vec![(empty.clone(), Text::default()), (empty.negate(), first.clone())]
                }
            };
            found = Some((at, options));
        }
        found
    }

    /// The first word that is one of several options or nothing, whatever decides: `npm publish $FLAG` is another
    /// command with the flag than without it. Not inside of a substitution, whose text would depend on it.
    fn optional(&self, words: &[Text]) -> Option<(usize, Vec<(Cond, Text)>)> {
        if !self.captures.is_empty() {
            return None;
        }
        let option = |value: &Text| value.literal().is_some_and(|v| v.is_empty() || v.starts_with('-'));
        // A variable that one branch leaves as it was.
        let unset = |value: &Text| value.symbol().is_some_and(|s| s.starts_with("env."));
        words.iter().enumerate().skip(1).find_map(|(at, word)| {
            let options = self.context.choices.of(word)?;
            let fits = options.len() <= MOST_FORKS
                && options.iter().all(|(_, value)| option(value) || unset(value))
                && options.iter().any(|(_, value)| option(value));
            fits.then_some((at, options))
        })
    }

    pub(super) fn command(
        &mut self,
        (words, wrapped): (Vec<Text>, Vec<Range<usize>>),
        line: Vec<(String, Text)>,
        streams: Streams,
        simple: &Simple,
    ) -> Status {
        let words: Arc<[Text]> = words.into();
        let location = self.locate(simple.offset, simple.end);
        let input = streams.input.or_else(|| self.input.clone());
        let target = streams.stdout.clone().unwrap_or_else(|| self.stdout.clone());
        let read = match &target {
            Stdout::Capture => true,
            Stdout::File(file) => Channel::of(file).is_some(),
            Stdout::Log | Stdout::Nowhere => false,
        };
        if !self.locates(&words, &target, &location) {
            let given = input.as_ref().map(|(text, _)| text);
            let (text, plain) = self.printed(&words, given, read);
            self.prints(&words, &text, input.as_ref(), &location);
            if plain || !self.writes_each(&words, given, &target, &location) {
                self.writes(&text, plain, &target, &location);
            }
        }

        let mut env: Vec<(String, Text)> = self.scope.exported().map(|(n, h)| (n.clone(), h.text())).collect();
        for (name, value) in &line {
            env.retain(|(n, _)| n != name);
            env.push((name.clone(), value.clone()));
        }
        let set = wrappers::assigned(&words, &wrapped);
        for (name, value) in &set {
            env.retain(|(n, _)| n != name);
            env.push((name.clone(), value.clone()));
        }
        let mut line = line;
        if let Some(identity) = views(&words, &wrapped).find_map(|v| wrappers::identity(v, self.context.wrappers)) {
            line.push((wrappers::IDENTITY.to_owned(), identity.clone()));
            env.push((wrappers::IDENTITY.to_owned(), identity));
        }
        self.charge(env.iter().map(|(_, value)| value.as_str().len()).sum());
        let output = streams.file.or(match &self.stdout {
            Stdout::File(file) if streams.stdout.is_none() => Some(file.clone()),
            _ => None,
        });
        let typed = line.iter().filter(|(name, _)| name != wrappers::IDENTITY);
        self.rendered = Rendered::command(typed.cloned().collect(), Arc::clone(&words));
        line.extend(set);
        if self.found.commands.len() >= MOST_COMMANDS {
            if self.steps <= MOST_STEPS {
                self.unread(simple.offset, Bound::More(MOST_COMMANDS, "commands"));
                self.steps = MOST_STEPS + 1;
            }
            return self.success();
        }
        let fed = input.as_ref().filter(|(_, plain)| *plain).map(|(text, _)| text.clone());
        let cond = self.context.cond.clone().and(self.script_cond());
        let may_fail = self.tolerance.of_command();
        // `base64 < digests` is `cat digests | base64`.
        if let Some(file) = streams.read.filter(|_| matching::does(Does::Read, &words)) {
            self.found.commands.push(Command {
                words: [Text::from("cat"), file].into(),
                wrapped: Vec::new(),
                env: Vec::new(),
                inherited: Arc::default(),
                input: None,
                output: None,
                folder: self.folder.clone(),
                cond: cond.clone(),
                may_fail,
                location: location.clone(),
                chain: self.chain.clone(),
            });
        }
        self.found.commands.push(Command {
            words: Arc::clone(&words),
            wrapped: wrapped.clone(),
            env,
            inherited: Arc::default(),
            input: fed.clone(),
            output,
            folder: self.folder.clone(),
            cond,
            may_fail,
            location: location.clone(),
            chain: self.chain.clone(),
        });
        let rendered = self.rendered.clone();
        // `cat script | bash` is `bash script`.
        let shown = || self.printed_file(&input.as_ref()?.0);
        let script = || fed.clone().or_else(shown);
        let handed = views(&words, &wrapped).find_map(|v| wrappers::handed(v, &script, self.context.wrappers));
        if let Some(handed) = handed {
            self.nested(handed, &line, &location);
        }
        if words.first().is_some_and(|w| w.as_str() == "exec") && words.len() > 1 {
            self.leave(Leave::Exit, false);
        }
        self.rendered = rendered;
        match &*words {
            // `if $RELEASE; then`: a variable that holds `true` or `false`.
            [only] if only.symbol().is_some() => {
                let strict = self.context.choices.resolve(symbol::equal(only, &Text::from("true")));
                Status { lenient: Cond::TRUE, strict: Strict::Known(strict) }
            }
            [program, ..] if self.exact && matches!(program.as_str(), "echo" | "printf") => Status::same(Cond::TRUE),
            _ => self.success(),
        }
    }

    /// Commands that write into files themselves: `tee -a`, `Out-File`, `Add-Content`.
    pub(super) fn prints(&mut self, words: &[Text], text: &Text, input: Option<&(Text, bool)>, at: &Location) {
        let Some(program) = words.first().and_then(Text::literal) else { return };
        let (targets, text) = match &*lowered(program) {
            "tee" => (words, text.clone()),
            "out-file" | "tee-object" => (words, input.map(|(text, _)| text.clone()).unwrap_or_default()),
            "add-content" | "set-content" | "ac" => {
                let value = words.iter().position(|w| w.as_str().eq_ignore_ascii_case("-value"));
                let value = value.and_then(|at| words.get(at + 1)).cloned();
                let last = words.last().filter(|w| Channel::of(w).is_none()).cloned();
                let value = value.or_else(|| input.map(|(text, _)| text.clone())).or(last).unwrap_or_default();
                (words, Text::new(format!("{value}\n")))
            }
            _ => return,
        };
        for target in targets.iter().skip(1).filter(|t| Channel::of(t).is_some()) {
            self.writes(&text, true, &Stdout::File(target.clone()), at);
        }
    }

    /// Runs a script that a command carries in a string.
    pub(super) fn nested(&mut self, mut handed: wrappers::Handed, line: &[(String, Text)], location: &Location) {
        if handed.script.symbol().is_some() {
            let Some(script) = self.printed_file(&handed.script) else { return };
            handed.script = script;
        }
        if !self.enter() {
            return;
        }
        let masked = Masked::of(&handed.script);
        let script = self.context.parsed.read(&masked.text, handed.shell);
        let frame = Rc::new(Frame { holes: masked.holes, origin: Some(location.clone()), file: None });
        let frame = std::mem::replace(&mut self.frame, frame);
        let functions = std::mem::take(&mut self.functions);
        self.chain.push(Hop { what: handed.what, location: location.clone() });
        let stdout = std::mem::replace(&mut self.stdout, Stdout::Log);
        let input = self.input.take();
        self.apart(|this| {
            this.scope = this.scope.inherited();
            for (name, value) in line {
                this.scope.set(name, Held::Scalar(value.clone()), true);
            }
            this.positional = handed.arguments.get(1..).unwrap_or_default().to_vec();
            this.script(&script);
        });
        self.input = input;
        self.stdout = stdout;
        self.chain.pop();
        self.functions = functions;
        self.frame = frame;
        self.calls -= 1;
    }

    pub(super) fn enter(&mut self) -> bool {
        if self.calls >= MOST_CALLS {
            self.unread(self.here, Bound::Deeper("calls", MOST_CALLS));
            return false;
        }
        self.calls += 1;
        true
    }

    pub(super) fn eval(&mut self, text: &Text, what: &str, language: Shell, simple: &Simple) {
        if !self.enter() {
            return;
        }
        let location = self.locate(simple.offset, simple.end);
        let masked = Masked::of(text);
        let script = self.context.parsed.read(&masked.text, language);
        let frame = Rc::new(Frame { holes: masked.holes, origin: Some(location.clone()), file: None });
        let frame = std::mem::replace(&mut self.frame, frame);
        self.chain.push(Hop { what: what.to_owned(), location });
        self.script(&script);
        self.chain.pop();
        self.frame = frame;
        self.calls -= 1;
    }

    pub(super) fn call(
        &mut self,
        words: &[Text],
        arguments: &[Text],
        line: &[(String, Text)],
        body: Arc<Node>,
        frame: Rc<Frame>,
        streams: Streams,
    ) -> Status {
        let rendered = Rendered::command(Vec::new(), words.into());
        // Libraries that write logs and the like are not followed to the end of all steps.
        let tires = self.steps > MOST_STEPS / 4 && frame.file.as_ref().is_some_and(|file| !file.speaks());
        // What a function does that calls itself has been seen by the time that following ends.
        let again = self.bodies.iter().any(|running| Arc::ptr_eq(running, &body));
        if again && !tires && self.calls >= MOST_CALLS {
            self.unread(
                self.here,
                Unread::Refused(format!("a function that calls itself, followed {MOST_CALLS} times")),
            );
        } else if !tires && self.enter() {
            self.bodies.push(Arc::clone(&body));
            let elsewhere = frame.file.is_some() && !Rc::ptr_eq(&frame, &self.frame);
            if elsewhere {
                let name = words.first().map_or("", Text::as_str);
                let location = self.locate(self.here, self.here + name.len());
                self.chain.push(Hop { what: format!("calls {name}"), location });
            }
            let frame = std::mem::replace(&mut self.frame, frame);
            let positional = std::mem::replace(&mut self.positional, arguments.to_vec());
            let options = std::mem::take(&mut self.options);
            let input = match streams.input {
                Some(input) => self.input.replace(input),
                None => self.input.clone(),
            };
            let mut locals = Vec::new();
            for (name, value) in line {
                locals.push((name.clone(), self.scope.get(name).cloned()));
                self.scope.set(name, Held::Scalar(value.clone()), true);
            }
            self.locals.push(locals);
            let exact = std::mem::take(&mut self.exact);
            let channel = match &streams.stdout {
                Some(Stdout::File(target)) => Channel::of(target),
                _ => None,
            };
            if let Some(channel) = channel {
                let (capture, _) = self.capturing(|this| this.catching(Leave::is_return, |t| t.run(&body)));
                self.hand_on(channel, &capture);
            } else {
                let stdout = streams.stdout.unwrap_or_else(|| self.stdout.clone());
                let stdout = std::mem::replace(&mut self.stdout, stdout);
                self.catching(Leave::is_return, |this| this.run(&body));
                self.stdout = stdout;
            }
            self.exact = exact;
            for (name, held) in self.locals.pop().unwrap_or_default().into_iter().rev() {
                self.scope.restore(&name, held);
            }
            self.input = input;
            self.positional = positional;
            self.options = options;
            self.frame = frame;
            if elsewhere {
                self.chain.pop();
            }
            self.bodies.pop();
            self.calls -= 1;
        }
        self.rendered = rendered;
        self.success()
    }
}
