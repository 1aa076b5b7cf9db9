//! One thing that a step does, seen as the catalogue describes things: an action with inputs, or a command with words.

use crate::catalogue::{Candidates, Catalogue, CommandPattern, Part, Pick, Split, Test};
use crate::commands::{FlagValue, matching};
use crate::model::{ActionUse, Command, Cond, Hop, Location, Step, Text, Version, VersionSource};
use crate::syntax::pattern;

/// An action or a command of a step, and what may describe it.
#[derive(Debug, Clone, Copy)]
pub struct Doer<'p> {
    /// Which of both.
    pub act: Act<'p>,
    /// The program's name, as far as it is known.
    program: Option<&'p str>,
    candidates: Candidates<'p>,
}

/// What is done.
#[derive(Debug, Clone, Copy)]
pub enum Act<'p> {
    /// The step uses an action.
    Action(&'p Step, &'p ActionUse),
    /// The step's script runs a command; the words start with the program, wrappers taken off.
    Command(&'p Step, &'p Command, &'p [Text]),
}

/// A match of a catalogue entry.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// For a command: the index of the first word behind the matched pattern.
    pub after: usize,
}

impl<'p> Doer<'p> {
    /// The step's action.
    pub fn action(step: &'p Step, action: &'p ActionUse) -> Self {
        let candidates = Catalogue::get().index.all.of_action(&action.name);
        Self { act: Act::Action(step, action), program: None, candidates }
    }

    /// A command of the step's script, by the words of one of its views.
    pub fn command(step: &'p Step, command: &'p Command, words: &'p [Text]) -> Self {
        let program = words.first().and_then(matching::program);
        let candidates = program.map(|name| Catalogue::get().index.all.of_program(name)).unwrap_or_default();
        Self { act: Act::Command(step, command, words), program, candidates }
    }

    /// Everything that a step does, commands behind wrappers as well as the wrappers themselves.
    pub fn all(step: &'p Step) -> Vec<Doer<'p>> {
        use crate::model::StepBody;
        match &step.body {
            StepBody::Action(action) => vec![Doer::action(step, action)],
            StepBody::Script(script) => {
                script.commands.iter().flat_map(|c| c.views().map(move |words| Doer::command(step, c, words))).collect()
            }
            StepBody::Opaque { .. } => Vec::new(),
        }
    }

    /// Whether a step in front of a build carries what it is given into what is built: it chooses the tools or the sources,
    /// or changes files. What it leaves to later steps as variables and outputs is seen where they use it.
    pub fn carries(&self) -> bool {
        let known =
            || Catalogue::get().preparations.iter().any(|entry| self.is(&entry.actions, &entry.commands).is_some());
        let told = |file: &Text| file.as_str().contains("GITHUB_") || file.as_str().starts_with("/dev/");
        match self.act {
            Act::Action(..) => known(),
            Act::Command(_, command, _) => {
                command.output.as_ref().is_some_and(|file| !told(file)) || !command.words.iter().any(told) && known()
            }
        }
    }

    /// Whether this checks a repository out.
    pub fn checks_out(&self) -> bool {
        matches!(self.act, Act::Action(_, action) if action.name == "actions/checkout")
    }

    /// The entries of a list that may describe this, in catalogue order.
    pub fn among<'c, T>(&self, part: &Part, entries: &'c [T]) -> impl Iterator<Item = &'c T> + use<'c, 'p, T> {
        self.candidates.within(part).filter_map(|at| entries.get(at))
    }

    /// Whether one of the names or patterns is this one.
    pub fn is(&self, actions: &[String], commands: &[CommandPattern]) -> Option<Hit> {
        match self.act {
            Act::Action(_, action) => {
                actions.iter().any(|a| pattern::wildcard(a, &action.name)).then_some(Hit { after: 0 })
            }
            Act::Command(_, _, words) => {
                let name = self.program?;
                let (pattern, after) =
                    commands.iter().find_map(|p| Some((p, matching::matches_program(p, name, words)?)))?;
                // Words with `*` at the end stand for positional words, which start behind the last fixed one.
                let mut head = pattern.as_str();
                while head.rsplit(' ').next().is_some_and(|w| w.contains('*')) && head.contains(' ') {
                    head = head.rsplit_once(' ').map_or(head, |(h, _)| h);
                }
                let shorter = head.len() < pattern.as_str().len();
                let after = if shorter { matching::matches(head, words).unwrap_or(after) } else { after };
                Some(Hit { after })
            }
        }
    }

    /// Whether a command takes from the place that the last word of its pattern stands for, and brings nothing there: a
    /// value of an option stood for the source (`aws s3 cp --region x s3://bucket/file .`).
    pub fn takes(&self, commands: &[CommandPattern], hit: Hit, value_flags: &[String]) -> bool {
        let Act::Command(_, _, words) = self.act else { return false };
        let mut places = commands.iter().filter_map(|c| c.as_str().rsplit(' ').next());
        places.any(|place| {
            let is = |word: &Text| word.symbol().is_none() && pattern::wildcard(place, word.as_str());
            place.len() > 1
                && place.contains('*')
                && matches!(matching::positional(words, hit.after, value_flags).as_slice(), [from, to] if is(from) && !is(to))
        })
    }

    /// The line that shows a condition: the input it tests, or the step itself.
    pub fn shown_by(&self, tests: &[Test]) -> Location {
        let Act::Action(_, action) = self.act else { return self.location().clone() };
        let inputs = tests.iter().filter(|t| t.present != Some(false)).filter_map(|t| t.input.as_deref());
        let input = inputs.filter_map(|name| action.input(name)).next();
        input.map_or_else(|| self.location().clone(), |i| i.location.clone())
    }

    /// The step.
    pub fn step(&self) -> &'p Step {
        match self.act {
            Act::Action(step, _) | Act::Command(step, ..) => step,
        }
    }

    /// The action's name without its owner; empty for a command.
    pub fn program_name(&self) -> &'p str {
        match self.act {
            Act::Action(_, action) => action.name.split_once('/').map_or(action.name.as_str(), |(_, name)| name),
            Act::Command(..) => "",
        }
    }

    /// Where it stands.
    pub fn location(&self) -> &'p Location {
        match self.act {
            Act::Action(_, action) => &action.reference.location,
            Act::Command(_, command, _) => &command.location,
        }
    }

    /// How it was reached from the pipeline.
    pub fn chain(&self) -> &'p [Hop] {
        match self.act {
            Act::Action(step, _) => &step.chain,
            Act::Command(_, command, _) => &command.chain,
        }
    }

    /// Under which condition it runs, given that the job runs.
    pub fn cond(&self) -> Cond {
        match self.act {
            Act::Action(step, _) => step.cond.clone(),
            Act::Command(step, command, _) => step.cond.clone().and(command.cond.clone()),
        }
    }

    /// Whether its failure leaves the job green.
    pub fn may_fail(&self) -> bool {
        match self.act {
            Act::Action(step, _) => step.may_fail,
            Act::Command(step, command, _) => step.may_fail || command.may_fail,
        }
    }

    /// The folder that it works in, when the step names one.
    pub fn folder(&self) -> Text {
        match self.act {
            Act::Action(..) => Text::default(),
            Act::Command(_, command, _) => command.folder.clone(),
        }
    }

    /// Files as the checkout has them: those that a command names lie in the folder that it works in.
    pub fn in_folder(&self, files: Vec<Picked>) -> Vec<Picked> {
        let folder = self.folder();
        if folder.is_empty() {
            return files;
        }
        let placed = |file: &Text| {
            if file.symbol().is_some() {
                return file.to_string();
            }
            let (mark, name) = file.as_str().strip_prefix('!').map_or(("", file.as_str()), |name| ("!", name));
            let whole = if name.ends_with('/') || name == "." || name.ends_with("/.") { "/" } else { "" };
            format!("{mark}{}{whole}", crate::commands::join(&folder, &Text::from(name)))
        };
        let all = |file: Picked| {
            let items: Vec<String> = file.value.items(&[',']).iter().map(placed).collect();
            Picked { value: Text::new(items.join("\n")), location: file.location }
        };
        files.into_iter().map(all).collect()
    }

    /// The value of a variable.
    pub fn env(&self, name: &str) -> Option<&'p Text> {
        let find = |list: &'p [(String, Text)]| list.iter().rev().find(|(k, _)| k == name).map(|(_, v)| v);
        match self.act {
            Act::Action(step, _) => find(&step.env),
            Act::Command(step, command, _) => {
                find(&command.env).or_else(|| find(&command.inherited)).or_else(|| find(&step.env))
            }
        }
    }

    /// Whether the entry's conditions hold: all of `when`, none of `unless`.
    pub fn applies(&self, when: &[Test], unless: &[Test]) -> Cond {
        let all = when.iter().fold(Cond::TRUE, |c, t| c.and(self.test(t)));
        unless.iter().fold(all, |c, t| c.and(self.excludes(t).negate()))
    }

    /// Whether a test that keeps the entry from applying holds. An option that is only named counts by its value:
    /// `--dry-run=false` is none, and `--dry-run=$DRY` depends.
    fn excludes(&self, test: &Test) -> Cond {
        let Act::Command(_, _, words) = self.act else { return self.test(test) };
        if test.flag.is_empty() || !test.only_names() || test.env.is_some() {
            return self.test(test);
        }
        matching::flag(words, &test.flag).into_iter().fold(Cond::FALSE, |any, value| {
            any.or(match &value {
                FlagValue::Attached(text) if text.literal().is_none() => text.equals(&Text::from("true")),
                _ => Cond::Known(!value.is_off()),
            })
        })
    }

    /// Evaluates one test.
    pub fn test(&self, test: &Test) -> Cond {
        self.tested(test, None)
    }

    /// Evaluates one test, with what is to be taken for the outcome of every test on the version.
    fn tested(&self, test: &Test, version: Option<bool>) -> Cond {
        if !test.any.is_empty() {
            return test.any.iter().fold(Cond::FALSE, |c, t| c.or(self.tested(t, version)));
        }
        if !test.not.is_empty() {
            return test.not.iter().fold(Cond::TRUE, |c, t| c.and(self.tested(t, version).negate()));
        }
        if let Some(wanted) = &test.version {
            return Cond::Known(version.unwrap_or_else(|| self.version(wanted)));
        }
        if let Some(word) = &test.word {
            let Act::Command(_, _, words) = self.act else { return Cond::FALSE };
            let excluded = |at: usize| {
                let before = at.checked_sub(1).and_then(|at| words.get(at));
                before.is_some_and(|b| test.not_behind.iter().any(|o| o == b.as_str()))
            };
            let fits = |(at, w): (usize, &Text)| word.whole(&w.as_str().into()) && !excluded(at);
            return Cond::Known(words.iter().enumerate().any(fits));
        }
        let values: Vec<(Cond, Text)> = match self.act {
            Act::Action(_, action) => match (&test.input, &test.env) {
                (Some(input), _) => action.input(input).map(|i| i.choices.clone()).unwrap_or_default(),
                (None, Some(env)) => self.env(env).map(|v| (Cond::TRUE, v.clone())).into_iter().collect(),
                _ => return Cond::FALSE,
            },
            Act::Command(_, _, words) => match &test.env {
                Some(env) => self.env(env).map(|v| (Cond::TRUE, v.clone())).into_iter().collect(),
                None if !test.flag.is_empty() => matching::flag(words, &test.flag)
                    .into_iter()
                    .filter(|f| !test.only_names() || !f.is_off())
                    .map(|f| (Cond::TRUE, f.value().cloned().unwrap_or_else(|| Text::from("true"))))
                    .collect(),
                None => return Cond::FALSE,
            },
        };
        if values.is_empty() {
            let value = Text::new(test.default.clone().unwrap_or_default());
            return one(test, &value, test.default.is_some());
        }
        values.iter().fold(Cond::FALSE, |all, (c, v)| all.or(c.clone().and(one(test, v, true))))
    }

    fn version(&self, wanted: &str) -> bool {
        let Act::Action(_, action) = self.act else { return true };
        let (below, text) = match wanted.strip_prefix(">=") {
            Some(text) => (false, text),
            None => (true, wanted.trim_start_matches('<')),
        };
        let Some(version) = Version::parse(text) else { return false };
        action.reference.at_least(version.numbers) != below
    }

    /// Whether the step names the input that a test is about.
    pub fn names_input(&self, test: &Test) -> bool {
        let Act::Action(_, action) = self.act else { return false };
        test.input.as_deref().and_then(|name| action.input(name)).is_some_and(|input| !input.value.is_empty())
    }

    /// How the version is known, where it decides whether an entry applies and nothing names one.
    pub fn assumed(&self, when: &[Test], unless: &[Test]) -> Option<String> {
        let Act::Action(_, action) = self.act else { return None };
        if action.reference.source != VersionSource::Assumed {
            return None;
        }
        let applies = |version| {
            let all = when.iter().fold(Cond::TRUE, |c, t| c.and(self.tested(t, version)));
            unless.iter().fold(all, |c, t| c.and(self.tested(t, version).negate()))
        };
        let now = applies(None);
        [true, false].into_iter().any(|held| applies(Some(held)) != now).then(|| action.reference.how_known())
    }

    /// The values that a pick finds, each with the place where it stands.
    pub fn pick(&self, pick: &Pick, hit: Hit, value_flags: &[String]) -> Vec<Picked> {
        let mut raw: Vec<Picked> = Vec::new();
        match self.act {
            Act::Action(_, action) => {
                if let Some(input) = pick.input.as_deref().and_then(|name| action.input(name)) {
                    for (_, value) in &input.choices {
                        raw.push(Picked { value: value.clone(), location: input.location.clone() });
                    }
                }
            }
            Act::Command(_, command, words) => {
                let at = |value| Picked { value, location: command.location.clone() };
                if !pick.flag.is_empty() {
                    raw.extend(
                        matching::flag(words, &pick.flag).into_iter().filter_map(|f| f.value().cloned()).map(at),
                    );
                }
                if let Some(from) = pick.args {
                    let most = pick.most.unwrap_or(usize::MAX);
                    let found = matching::positional(words, hit.after, value_flags);
                    let operands = found.into_iter().filter(|w| !only_options(w));
                    raw.extend(operands.skip(from).take(most).map(at));
                }
            }
        }
        if let (true, Some(value)) = (raw.is_empty(), pick.env.as_deref().and_then(|name| self.env(name))) {
            raw.push(Picked { value: value.clone(), location: self.location().clone() });
        }
        raw.retain(|p| !p.value.is_empty());
        if let (true, Some(default)) = (raw.is_empty(), &pick.default) {
            raw.push(Picked { value: Text::new(default.clone()), location: self.location().clone() });
        }
        let separators: Option<&[char]> = match pick.split {
            Split::Whole => None,
            Split::Lines => Some(&[]),
            Split::Commas => Some(&[',']),
            Split::Words => Some(&[' ', '\t']),
        };
        let mut items = Vec::new();
        for picked in raw {
            let values = match separators {
                None => vec![picked.value.clone()],
                Some(separators) => picked.value.items(separators),
            };
            for value in values {
                let value = match &pick.capture {
                    None => value,
                    Some(capture) => match capture.capture(value.as_str()) {
                        Some(part) => Text::new(part),
                        None => continue,
                    },
                };
                items.push(Picked { value, location: picked.location.clone() });
            }
        }
        items
    }

    /// The values of the first pick that finds any.
    pub fn first(&self, picks: &[Pick], hit: Hit, value_flags: &[String]) -> Vec<Picked> {
        picks.iter().map(|p| self.pick(p, hit, value_flags)).find(|v| !v.is_empty()).unwrap_or_default()
    }

    /// The values of all picks. One that is nothing but a default counts where none before it finds any.
    pub fn every(&self, picks: &[Pick], hit: Hit, value_flags: &[String]) -> Vec<Picked> {
        let mut all = Vec::new();
        for pick in picks {
            if all.is_empty() || !pick.is_default() {
                all.extend(self.pick(pick, hit, value_flags));
            }
        }
        all
    }
}

/// Whether a word is one of several options or nothing, whatever decides: `${PRERELEASE:+--prerelease}` is no operand.
fn only_options(word: &Text) -> bool {
    let Some(symbol) = word.symbol() else { return false };
    let option = |text: &str| {
        let text = text.trim().trim_matches(['(', ')', '\'', '"', ' ']);
        text.is_empty() || text.starts_with('-')
    };
    if let Some(inner) = symbol.strip_prefix("if(").and_then(|s| s.strip_suffix(')')) {
        let Some((_, values)) = inner.rsplit_once(": ") else { return false };
        return values.split("; ").all(option);
    }
    let choices = symbol.strip_prefix("choice(").and_then(|s| s.strip_suffix(')'));
    choices
        .is_some_and(|inner| inner.split(" ? ").skip(1).all(|value| option(value.split("', ").next().unwrap_or(value))))
}

/// A picked value.
#[derive(Debug, Clone)]
pub struct Picked {
    /// The value.
    pub value: Text,
    /// Where it stands.
    pub location: Location,
}

/// Tests one value.
fn one(test: &Test, value: &Text, set: bool) -> Cond {
    let mut all = Cond::TRUE;
    if let Some(is) = &test.is {
        all = all.and(value.equals(&Text::new(is.clone())));
    }
    if let Some(present) = test.present {
        all = all.and(Cond::Known((set && !value.is_empty()) == present));
    }
    if let Some(expected) = &test.matches {
        let either = value.symbol().and_then(|symbol| either(symbol, test.env.as_deref()));
        let found = either.map(|values| values.map(|value| value.is_some_and(|value| expected.search(value))));
        let matched = if let Some([false, false]) = found {
            Cond::FALSE
        } else if found == Some([true, true]) || expected.search(value.as_str()) {
            Cond::TRUE
        } else if value.symbol().is_some() {
            Cond::atom(format!("{} matches {expected}", value.plain()))
        } else {
            Cond::FALSE
        };
        all = all.and(matched);
    }
    // A flag or variable that is only named asks for being set.
    if test.only_names() {
        all = all.and(Cond::Known(set));
    }
    all
}

/// Both values of what a branch of a script leaves as one or the other, or of a variable with a default (`${X:-y}`), as far
/// as they are plain words; `None` among
/// them for a variable that is left as the environment has it, where nothing sets it.
fn either<'t>(symbol: &'t str, variable: Option<&str>) -> Option<[Option<&'t str>; 2]> {
    let defaulted = symbol.strip_prefix("expand(").and_then(|rest| rest.strip_suffix(')')?.split_once(":-"));
    let (yes, no) = match defaulted {
        Some(parts) => parts,
        None => symbol.strip_prefix("if(")?.strip_suffix(')')?.rsplit_once(": ")?.1.split_once("; ")?,
    };
    // A symbol behind the scheme of an address leaves what tells one.
    let begins = |word: &str| word.split_once('<').is_none_or(|(start, _)| start.contains("://"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | ':' | '@' | '-' | '<' | '>');
    let value = |word: &'t str| match word {
        "''" => Some(None),
        _ if !word.is_empty() && begins(word) && word.chars().all(plain) => Some(Some(word)),
        _ => {
            let own = word.strip_prefix("<env.").and_then(|rest| rest.strip_suffix('>'));
            (own.is_some() && own == variable).then_some(None)
        }
    };
    Some([value(yes)?, value(no)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_an_option_either_way_is_no_operand() {
        assert!(only_options(&Text::unknown("if(contains(x, '-'): (--prerelease); (--discussion-category General))")));
        assert!(only_options(&Text::unknown("choice(a ? '--prerelease', !(a) ? '')")));
        assert!(!only_options(&Text::unknown("if(x: dist/a; dist/b)")));
        assert!(!only_options(&Text::unknown("env.FILES")));
        assert!(!only_options(&Text::from("dist/*")));
    }

    #[test]
    fn a_choice_between_plain_words_is_taken_apart_and_no_other() {
        let host = |symbol| either(symbol, Some("DOCKER_HOST"));
        assert_eq!(
            host("if(P != '': unix:///run/podman.sock; <env.DOCKER_HOST>)"),
            Some([Some("unix:///run/podman.sock"), None])
        );
        let inside = "if(a: unix://<env.XDG_RUNTIME_DIR>/podman.sock; <env.DOCKER_HOST>)";
        assert_eq!(host(inside), Some([Some("unix://<env.XDG_RUNTIME_DIR>/podman.sock"), None]));
        assert_eq!(host("if(a: t<env.X>; unix:///x)"), None);
        assert_eq!(host("if(a: tcp://build:2375; '')"), Some([Some("tcp://build:2375"), None]));
        assert_eq!(host("if(a: unix:///x; <env.OTHER>)"), None);
        assert_eq!(host("if(a: unix:///x; <if(b: tcp://c:1; '')>)"), None);
        assert_eq!(host("if(a: 'tcp://b: c'; unix:///x)"), None);
        assert_eq!(host("if(a: 'tcp://b; c'; unix:///x)"), None);
        assert_eq!(host("env.DOCKER_HOST"), None);
        assert_eq!(host("expand(<env.DOCKER_HOST>:-unix:///x)"), Some([None, Some("unix:///x")]));
        assert_eq!(host("expand(<env.DOCKER_HOST>:-tcp://b:1)"), Some([None, Some("tcp://b:1")]));
        assert_eq!(host("expand(<env.OTHER>:-unix:///x)"), None);
    }
}
