//! What a step writes into the output that a subject is taken from.

use super::coverage::Coverage;
use super::facts::FlowFacts;
use super::opaque::is_program;
use crate::catalogue::{Catalogue, Does, Tool};
use crate::checkout::Checkout;
use crate::commands::matching;
use crate::model::{ActionUse, Command, Flow, Job, OutputWrite, Script, Step, StepBody, Text};
use crate::syntax::lines;
use crate::syntax::pattern;

/// What is known of an output.
pub(super) enum Output<'f> {
    /// Lines write it: one for each leg of a matrix.
    Written(Vec<&'f OutputWrite>),
    /// No line writes it, and all of them are read.
    Empty,
    /// No line that is read writes it, and nothing shows that this program does.
    Unshown(String),
    /// What is not read may write it.
    Open,
}

/// The name of the output that a symbol stands for.
pub(super) fn name_of(symbol: &str) -> &str {
    symbol.rsplit(".outputs.").next().unwrap_or_default()
}

/// The output that a symbol names, of a step that runs a script.
pub(super) fn of_script<'f>(
    checkout: &Checkout,
    flow: &'f Flow,
    facts: &FlowFacts<'_>,
    (job, step): (&'f Job, &'f Step),
    symbol: &str,
) -> Option<Output<'f>> {
    step.script()?;
    let name = name_of(symbol);
    // Legs of a matrix may each write an output of their own.
    let same = |leg: &'f Job| leg.steps.iter().find(|s| s.id == step.id);
    let scripts = || flow.legs(&job.key).filter_map(same).filter_map(|s| Some((&**s, s.script()?)));
    let written = scripts().flat_map(|(_, script)| &script.outputs);
    let written: Vec<&OutputWrite> = written.filter(|output| output.name.eq_ignore_ascii_case(name)).collect();
    if !written.is_empty() {
        return Some(Output::Written(written));
    }
    // Nothing is shown about what is not looked at.
    if !facts.count.comparisons(scripts().map(|(_, script)| script.commands.len()).sum()) {
        return Some(Output::Unshown(step.label.clone()));
    }
    if scripts().any(|(step, script)| may_write(checkout, step, script, name)) {
        return Some(Output::Open);
    }
    let opaque = scripts().flat_map(|(_, script)| script.commands.iter().map(move |command| (script, command)));
    let mut opaque = opaque.filter(|(script, command)| !is_read(script, command));
    Some(match opaque.next() {
        Some((_, command)) => Output::Unshown(command.words.first().map_or_else(String::new, Text::to_string)),
        None => Output::Empty,
    })
}

/// How programs name the file of the outputs, or what writes one.
const CHANNELS: &[&str] = &["GITHUB_OUTPUT", "set-output", "set_output", "setOutput"];

fn speaks_of_outputs(text: &str) -> bool {
    CHANNELS.iter().any(|word| text.contains(word))
}

/// Whether something of a script that is not read may write an output.
fn may_write(checkout: &Checkout, step: &Step, script: &Script, name: &str) -> bool {
    // Of what is not there nothing shows that it writes anything.
    let unread = || script.unread.iter().any(|(_, why)| !why.is_of_conditions() && !why.is_absent());
    let unnamed = || script.unnamed.iter().any(|line| may_name(line, name));
    let told = || script.commands.iter().any(|command| writes_itself(checkout, command));
    unread() || unnamed() || told() || of_windows(checkout, step, name)
}

/// Whether a line that is written as an output may be one of this name: it holds the name, or a program prints it of which
/// more is not known than that it takes digests.
fn may_name(line: &Text, name: &str) -> bool {
    let hashes = |symbol: &str| {
        symbol.starts_with("shell(") && parts(symbol).any(|(_, part)| matching::does(Does::Digest, &words(part)))
    };
    line.as_str().contains(name) || !line.symbols().all(hashes)
}

/// Whether a command is a program that is seen to write outputs and is not read.
fn writes_itself(checkout: &Checkout, command: &Command) -> bool {
    const READ: &[&str] = &["tee", "out-file", "tee-object", "add-content", "set-content", "ac", "echo"];
    let program = command.words.first().map_or("", Text::as_str).to_ascii_lowercase();
    let mut texts = command.words.iter().chain(&command.input);
    if !READ.contains(&program.as_str()) && texts.any(|text| speaks_of_outputs(text.as_str())) {
        return true;
    }
    let target = command.output.as_ref().filter(|file| file.as_str().contains("GITHUB_OUTPUT"));
    if target.is_some_and(|file| file.symbol() != Some("env.GITHUB_OUTPUT")) {
        return true;
    }
    let file = command.words.iter().map(Text::as_str).find(|word| is_program(word) || word.contains('/'));
    let text = file.and_then(|file| {
        let below = super::naming::join(command.folder.as_str(), file);
        [below.as_str(), file].into_iter().find_map(|path| checkout.read(path.trim_start_matches("./")).ok())
    });
    // A script of a shell is followed.
    text.is_some_and(|text| speaks_of_outputs(&text) && !of_shell(&text))
}

/// Whether a file is a script of a shell, which is read as one.
fn of_shell(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.starts_with("#!") && first.ends_with("sh")
}

/// Whether a script for Windows names the output and the file of the outputs: there are more ways to write into a file
/// there than are read.
fn of_windows(checkout: &Checkout, step: &Step, name: &str) -> bool {
    let place = &step.location;
    let Ok(text) = checkout.read(&place.path) else { return false };
    let count = (place.end_line.saturating_sub(place.line) as usize) + 1;
    let own = || lines::from(&text, place.line.max(1)).unwrap_or_default().lines().take(count);
    let windows = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.contains("$env:github_output") || line.contains("%github_output%")
    };
    own().any(windows) && own().any(|line| line.contains(name))
}

/// Whether all is read of what a command does: it is a known program that runs nothing of the checkout, or what it runs
/// stands among the commands.
fn is_read(script: &Script, command: &Command) -> bool {
    let catalogue = Catalogue::get();
    command.views().any(|words| {
        let Some(program) = words.first().and_then(matching::program) else { return false };
        let found = || catalogue.index.all.of_program(program);
        let any = |commands: &[crate::catalogue::CommandPattern]| {
            commands.iter().any(|pattern| matching::matches_program(pattern, program, words).is_some())
        };
        let sinks = found().within(&catalogue.index.sinks).filter_map(|at| catalogue.sinks.get(at));
        let neutral = found().within(&catalogue.index.neutral).filter_map(|at| catalogue.neutral.get(at));
        let producers = found().within(&catalogue.index.producers).filter_map(|at| catalogue.producers.get(at));
        // What runs tasks of the checkout may do anything.
        let runs_tasks = |tool: &&Tool| {
            tool.does.iter().all(|does| matches!(does, Does::Else | Does::Images | Does::Git | Does::Task | Does::Code))
        };
        let mut tools = catalogue.tools.of_program(program).filter(|tool| !runs_tasks(tool));
        tools.any(|tool| any(&tool.commands))
            || sinks.map(|sink| &sink.commands).any(|commands| any(commands))
            || neutral.filter(|steps| !steps.runs_code).any(|steps| any(&steps.commands))
            || producers.map(|producer| &producer.commands).any(|commands| any(commands))
    }) || followed(script, command)
}

/// Whether a command led to others, all of which are read.
fn followed(script: &Script, command: &Command) -> bool {
    let program = command.words.iter().any(|word| is_program(word.as_str()));
    let from_here = |other: &Command| other.chain.iter().any(|hop| hop.location == command.location);
    !program && script.commands.iter().any(from_here)
}

/// Why an output of a script is not the digest that is asked for; `None` where nothing shows that.
pub(super) fn no_digest(
    checkout: &Checkout,
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (job, step): (&Job, &Step),
    symbol: &str,
) -> Option<Coverage> {
    let name = name_of(symbol);
    let (line, path) = (step.location.line, &step.location.path);
    match of_script(checkout, flow, facts, (job, step), symbol)? {
        Output::Open => None,
        Output::Empty => Some(Coverage::Wrong(format!(
            "its subject is the output `{name}` of the step in line {line} of {path}, and no line writes that: it is empty"
        ))),
        Output::Unshown(program) => Some(Coverage::Unread(format!(
            "its subject is the output `{name}` of the step in line {line} of {path}, and nothing shows that `{program}` \
             writes that"
        ))),
        Output::Written(writes) => {
            let committed = |word: &str| is_committed(checkout, job, word);
            let other = |write: &&OutputWrite| tells_something_else(&write.value, &committed);
            let other = writes.first().filter(|_| writes.iter().all(other))?;
            Some(Coverage::Wrong(format!(
                "its subject is the output `{name}`, and what line {} of {} writes there is no digest of what is published",
                other.location.line, other.location.path
            )))
        }
    }
}

/// Why an output of an action that publishes is not shown to hold the digest: the catalogue does not list it as one.
pub(super) fn no_digest_of_action(action: &ActionUse, symbol: &str) -> Option<Coverage> {
    let name = name_of(symbol);
    let catalogue = Catalogue::get();
    let is = |sink: &&crate::catalogue::Sink| sink.actions.iter().any(|a| pattern::wildcard(a, &action.name));
    let mut sinks = catalogue.sinks.iter().filter(is).peekable();
    sinks.peek()?;
    let listed = sinks.flat_map(|sink| &sink.digests).any(|digest| digest.eq_ignore_ascii_case(name));
    (!listed).then(|| Coverage::Unread(format!("nothing says that the output `{name}` of {} is a digest", action.name)))
}

/// Whether the subject of an image, given by its digest, cannot be one: it is a fixed text, or what the platform tells
/// of the run.
pub(super) fn tells_the_run(symbol: &str) -> bool {
    let plain = symbol.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    plain && symbol.starts_with("github.") && !symbol.starts_with("github.event.")
}

/// Whether a word names a file of the checkout that no command of a job names besides, as one that fills it would.
fn is_committed(checkout: &Checkout, job: &Job, word: &str) -> bool {
    let word = word.trim_matches(['"', '\'']).trim_start_matches("./");
    if word.is_empty() || !checkout.is_there(word) {
        return false;
    }
    let commands = job.steps.iter().filter_map(|step| step.script()).flat_map(|script| &script.commands);
    let names = |text: &Text| text.as_str().contains(word);
    let fills = |c: &Command| {
        c.output.as_ref().is_some_and(names)
            || !matching::does(Does::Read, &c.words)
                && !matching::does(Does::Text, &c.words)
                && c.words.iter().any(names)
    };
    !commands.into_iter().any(fills)
}

/// Whether a value is known not to hold a digest of what a job makes: it is printed by what tells a commit, a date and the
/// like, it stands in a file of the checkout, or it is a text of the pipeline.
fn tells_something_else(value: &Text, committed: &dyn Fn(&str) -> bool) -> bool {
    let prints = |symbol: &str| symbol.starts_with("shell(") && prints_something_else(symbol, committed);
    let told = |symbol: &str| tells_the_run(symbol) || prints(symbol);
    let mut symbols = value.symbols().peekable();
    match symbols.peek() {
        Some(_) => symbols.all(told),
        None => !pattern::search(r"[0-9a-fA-F]{64}|^[A-Za-z0-9+/=\s]{80,}$", value.as_str()),
    }
}

fn prints_something_else(symbol: &str, committed: &dyn Fn(&str) -> bool) -> bool {
    let mut told = false;
    for (before, part) in parts(symbol) {
        let words = words(part);
        let does = |what: Does| matching::does(what, &words);
        let first = words.first().map_or("", Text::as_str);
        let fed =
            before == '|' && [Does::Text, Does::Read, Does::Query, Does::Pass, Does::Filter].into_iter().any(does);
        let reads = before != '|' && does(Does::Read) && words.iter().skip(1).any(|word| committed(word.as_str()));
        if before == '<' && tells_the_run(first) || does(Does::NoDigest) || reads {
            told = true;
        } else if !(first.is_empty() || before == '>' || fed || does(Does::Text) && !does(Does::Read)) {
            return false;
        }
    }
    told
}

/// The parts of a line within a symbol, each with the mark before it.
fn parts(symbol: &str) -> impl Iterator<Item = (char, &str)> {
    let inner = symbol.strip_prefix("shell(").unwrap_or(symbol);
    let marks = ['|', ';', '(', ')', '<', '>', '&'];
    let mut rest = Some((' ', inner));
    std::iter::from_fn(move || {
        let (before, text) = rest?;
        let end = text.find(marks);
        rest = end.and_then(|at| Some((text.get(at..)?.chars().next()?, text.get(at + 1..)?)));
        Some((before, text.get(..end.unwrap_or(text.len())).unwrap_or_default().trim()))
    })
}

fn words(part: &str) -> Vec<Text> {
    part.split_whitespace().map(Text::from).collect()
}

/// Which of the commands that take digests print what is written into these outputs; none where the values do not show
/// it.
pub(super) fn printed_by<'s>(script: &'s Script, values: &[&OutputWrite]) -> Vec<&'s Command> {
    // Within an unknown, unknown parts are marked in another way.
    let bare = |text: &str| text.replace(['$', '{', '}', '<', '>', ' ', '\'', '"'], "");
    let values: Vec<String> = values.iter().map(|write| bare(write.value.as_str())).collect();
    let prints = |command: &&Command| {
        let line = bare(&command.words.iter().map(Text::as_str).collect::<String>());
        matching::does(Does::Digest, &command.words) && values.iter().any(|value| value.contains(&line))
    };
    script.commands.iter().filter(prints).collect()
}

/// Why the output that a symbol names is not the digest that is asked for, or not shown to be.
pub(super) fn other_than_digest(
    checkout: &Checkout,
    flow: &Flow,
    facts: &FlowFacts<'_>,
    symbol: &str,
) -> Option<Coverage> {
    let (job, step) = facts.step_of_symbol(flow, symbol)?;
    match &step.body {
        StepBody::Script(_) => no_digest(checkout, flow, facts, (job, step), symbol),
        StepBody::Action(action) => no_digest_of_action(action, symbol),
        StepBody::Opaque { .. } => None,
    }
}
