//! Commands that an action runs because its inputs hold them.

use std::sync::Arc;

use super::{choices, platform_variable, symbols};
use crate::catalogue::{Run, RunOption, RunVersion, Split};
use crate::commands::IDENTITY;
use crate::commands::matching::runs_of;
use crate::model::{ActionUse, Cond, Step, StepBody, Text};
use crate::platforms::github::Lowering;
use crate::platforms::github::scope::Scope;

/// More commands than this are not made of the values that the inputs of one action can have.
const MOST_TEXTS: usize = 16;

/// The commands that an action runs because one of its inputs holds them.
pub(super) fn run_by_action(lowering: &Lowering<'_>, action: &ActionUse, scope: &Scope<'_>, step: &Step) -> Vec<Step> {
    let mut steps = Vec::new();
    for entry in runs_of(&action.name) {
        let verb = entry.verb.as_ref().map(|verb| {
            let named = action.input(&verb.input).map(|input| input.value.as_str()).filter(|word| !word.is_empty());
            named.unwrap_or(&verb.default)
        });
        let whole = |value: &str| {
            let words = [entry.program.as_deref(), verb, Some(value)];
            words.into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        let mut texts: Vec<(Cond, String)> = Vec::new();
        for input in entry.inputs.iter().filter_map(|name| action.input(name)) {
            if (1..=MOST_TEXTS).contains(&input.choices.len()) {
                let possible = input.choices.iter().filter(|(cond, _)| !cond.is_never());
                texts.extend(possible.map(|(cond, value)| (cond.clone(), whole(value.as_str()))));
            } else {
                texts.push((Cond::TRUE, whole(input.value.as_str())));
            }
        }
        if let Some(command) = entry.command.as_ref().filter(|_| texts.is_empty()) {
            texts.extend(with_options(command, entry, action));
        }
        for (cond, text) in texts {
            let folder = entry.folder.as_deref().and_then(|f| action.input(f)).map(|f| f.value.clone());
            let script = lowering.scripts.read(&crate::commands::Reading {
                text: &text,
                shell: entry.shell.as_deref().unwrap_or("sh"),
                // What is unknown in the value stands in it as a symbol already.
                holes: &symbols(&text),
                env: &step.env,
                platform: &|name| platform_variable(name, scope),
                folder: folder.unwrap_or_default(),
                locate: &|_, _| step.location.clone(),
                chain: &step.chain,
                choices: choices(scope.env.iter().map(|(_, value)| value)),
            });
            let cond = step.cond.clone().and(cond);
            let mut script = script;
            if entry.beyond {
                script.commands.retain(|c| c.chain.len() > step.chain.len());
                if script.commands.is_empty() && script.unread.is_empty() {
                    continue;
                }
            }
            let mut new = Step { id: None, body: StepBody::Script(Arc::new(script)), cond, ..step.clone() };
            let handed = action.inputs.iter().any(|i| i.value.as_str().contains(IDENTITY));
            if entry.contained && !handed {
                new.env = new.env.iter().cloned().chain([(IDENTITY.to_owned(), Text::default())]).collect();
            }
            steps.push(new);
        }
    }
    steps
}

/// A command with the words that inputs of the action add; one for each way in which conditions decide about them.
fn with_options(command: &str, entry: &Run, action: &ActionUse) -> Vec<(Cond, String)> {
    let mut texts = vec![(Cond::TRUE, versioned(command, entry, action))];
    for (name, option) in &entry.options {
        let Some(input) = action.input(name) else {
            let default = option.default.as_deref().map(|value| words(option, &Text::from(value))).unwrap_or_default();
            texts.iter_mut().for_each(|(_, text)| text.push_str(&default));
            continue;
        };
        let choices: Vec<(Cond, String)> =
            input.choices.iter().map(|(cond, value)| (cond.clone(), words(option, value))).collect();
        if choices.is_empty() || texts.len() * choices.len() > MOST_TEXTS {
            texts.iter_mut().for_each(|(_, text)| text.push_str(&words(option, &input.value)));
            continue;
        }
        let each = |(cond, text): &(Cond, String)| -> Vec<(Cond, String)> {
            choices.iter().map(|(c, words)| (cond.clone().and(c.clone()), format!("{text}{words}"))).collect()
        };
        texts = texts.iter().flat_map(each).collect();
        texts.retain(|(cond, _)| !cond.is_never());
    }
    texts
}

/// A command with the version of its program that the action runs (`semantic-release@24`).
fn versioned(command: &str, entry: &Run, action: &ActionUse) -> String {
    let Some(versions) = &entry.versions else { return command.to_owned() };
    let asked = versions.input.as_deref().and_then(|name| action.input(name)).map(|input| input.value.as_str());
    let fits = |version: &&RunVersion| version.below.is_none_or(|below| !action.reference.at_least(below));
    let otherwise = || versions.otherwise.iter().find(fits).map(|version| version.is.as_str());
    let Some(version) = asked.filter(|asked| !asked.is_empty()).or_else(otherwise) else { return command.to_owned() };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-^~".contains(c);
    // What is no plain version could be anything.
    let version = if version.chars().all(plain) { version } else { "unknown" };
    let (program, rest) = command.split_once(' ').unwrap_or((command, ""));
    format!("{program}@{version} {rest}").trim_end().to_owned()
}

/// The words for one value of an input, as shell text.
fn words(option: &RunOption, value: &Text) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let flag = option.flag.as_deref().unwrap_or_default();
    let Some(split) = option.split else {
        return match value.as_str() {
            "" | "false" => String::new(),
            "true" => format!(" {flag}"),
            // What nobody can see stays undecided.
            other => format!(" {flag}={}", quoted(other)),
        };
    };
    let items = match split {
        Split::Whole => vec![value.clone()],
        Split::Lines => value.items(&[]),
        Split::Commas => value.items(&[',']),
        Split::Words => value.items(&[' ', '\t']),
    };
    let items = items.iter().map(Text::as_str).filter(|i| !i.is_empty());
    items.map(|i| if flag.is_empty() { format!(" {}", quoted(i)) } else { format!(" {flag}={}", quoted(i)) }).collect()
}
