//! Steps that nobody here can read and that hold what it takes to publish: an action that the catalogue does not
//! know, or a script that cannot be followed. Leaving them out would grade a release from what happened to be readable.

use std::cell::{LazyCell, OnceCell};
use std::collections::HashSet;
use std::sync::Arc;

use super::speech::{asks_for, builds, hands_out, harmless, packs, publishes};
use super::told::{self, At, is_dry, speaks_of_else};
use super::{Linked, Path, Published, build_jobs, facts};
use crate::catalogue::{Asked, Bytes, Catalogue, Does};
use crate::checkout::Checkout;
use crate::commands::join;
use crate::commands::matching::{self, runs_of};
use crate::model::{Access, ActionUse, Command, Job, Kind, Location, Script, Step, StepBody, Text, TokenScope, Unread};
use crate::syntax::lines;
use crate::syntax::words;

/// How the files of programs end that are not read, or only as far as they start others with literal words.
const PROGRAMS: &[&str] =
    &["py", "js", "mjs", "cjs", "ts", "mts", "rb", "raku", "pl", "php", "lua", "exs", "csx", "fsx", "kts", "groovy"];

/// More lines than this are not told apart in one step.
const MOST_OF_A_STEP: usize = 20;

/// A step that may publish what nothing shows.
#[derive(Debug)]
pub(super) struct Opaque {
    name: String,
    location: Location,
    why: String,
}

/// A stream for every step that may publish what nothing shows.
pub(super) fn streams<'p>(path: &Path<'_, 'p>) -> Vec<Linked<'p>> {
    let mut streams: Vec<Linked<'p>> = Vec::new();
    for (at, (job, own)) in path.flow.jobs.iter().zip(path.facts.iter()).enumerate() {
        for step in own.opaque(job, path.checkout) {
            if !streams.iter().any(|s| s.name == step.name) && path.counts() {
                streams.push(stream(path, at, step));
            }
        }
    }
    streams
}

/// The steps of a job that may publish what nothing shows.
pub(super) fn of_job(job: &Job, own: &facts::Facts<'_>, checkout: &Checkout) -> Vec<Opaque> {
    if job.cond.is_never() || job.outside.is_some() || job.other_run {
        return Vec::new();
    }
    let of_step = |(index, step): (usize, &Arc<Step>)| {
        // What a step publishes besides says nothing of what could not be read in it.
        let known = own.publishes.iter().any(|p| p.step == index);
        match &step.body {
            StepBody::Action(_) if known => Vec::new(),
            StepBody::Action(action) => unknown_action(job, index, step, action, own).into_iter().collect(),
            StepBody::Script(script) => {
                let silent = LazyCell::new(|| is_silent(index, step, script, own));
                let unread = script.unread.iter().filter(|(_, why)| !why.is_of_conditions() || !*silent);
                let unread = unread
                    .filter_map(|(place, why)| unread_script(job, index, step, (script, place, why), own, checkout));
                let mut found: Vec<Opaque> = unread.take(MOST_OF_A_STEP).collect();
                if can_publish(job, index) {
                    let led = OnceCell::new();
                    let at = At { step, index, script, publishes: &own.publishes, checkout, led: &led };
                    let quiet = script.commands.iter().filter_map(|command| quiet_program(at, command, known));
                    found.extend(quiet.take(MOST_OF_A_STEP));
                }
                found
            }
            StepBody::Opaque { .. } if known => Vec::new(),
            // A local action that is a program, or is not here.
            StepBody::Opaque { what, .. } => {
                let found = own_action(job, index, step, what).filter(|_| !explained(job, step, own));
                found.into_iter().collect()
            }
        }
    };
    let steps = job.steps.iter().enumerate().filter(|(_, step)| !step.cond.is_never());
    let mut found: Vec<Opaque> = steps.flat_map(of_step).collect();
    if found.is_empty() && own.publishes.is_empty() && grants_packages(job) {
        found.extend(unread_pusher(job, own, checkout));
    }
    found
}

/// What a job may push by that is granted to write packages and logs in to a registry, and in which nothing readable
/// pushes: the code behind the login that is not read.
fn unread_pusher(job: &Job, own: &facts::Facts<'_>, checkout: &Checkout) -> Option<Opaque> {
    let other = |text: &str| harmless(text) && !packs(text) && !publishes(text);
    if other(&job.key) {
        return None;
    }
    let at_login = job.steps.iter().position(|step| !step.cond.is_never() && logs_in(step)).unwrap_or(usize::MAX);
    let steps = job.steps.iter().enumerate().filter(|(_, step)| !step.cond.is_never() && !step.on_failure);
    let holds = steps.filter(|(at, _)| *at >= at_login || holds_registry_key(job, *at));
    let mut last = None;
    for (index, step) in holds {
        let label = step.script().map_or(step.label.as_str(), |script| told::own_label(step, script));
        if other(label) || own.attests.iter().any(|a| a.step == index) {
            continue;
        }
        let why = |name: &str| format!("nothing shows what `{name}` does with the registry that the job logs in to");
        let new = |name: String, location: &Location| Opaque { why: why(&name), name, location: location.clone() };
        let found = match &step.body {
            StepBody::Action(action) if action.name.starts_with("docker://") && !explained(job, step, own) => {
                Some(new(action.name.clone(), &step.location))
            }
            StepBody::Opaque { what, .. } if !explained(job, step, own) => {
                let name = what.split_whitespace().find(|word| word.starts_with("./") || word.starts_with("$/"));
                let name = name.unwrap_or(&step.label);
                (!harmless(name)).then(|| new(name.to_owned(), &step.location))
            }
            StepBody::Script(script) => {
                let led = OnceCell::new();
                let at = At { step, index, script, publishes: &own.publishes, checkout, led: &led };
                let said = script.unread.iter().filter(|(at, why)| !why.is_of_conditions() && !is_of_tests(&at.path));
                let said: HashSet<&Location> = said.map(|(place, _)| place).collect();
                let unread = |command: &&Command| is_unread(at, command, said.contains(&command.location));
                script.commands.iter().rfind(unread).map(|command| {
                    let words = command.words.iter().take(MOST_OF_A_STEP).map(|w| w.as_str());
                    new(words.collect::<Vec<_>>().join(" "), &command.location)
                })
            }
            StepBody::Action(_) | StepBody::Opaque { .. } => None,
        };
        last = found.or(last);
    }
    last
}

/// Whether a command runs code of which nothing tells what it does.
fn is_unread(at: At<'_>, command: &Command, said: bool) -> bool {
    let sources = command.words.first().is_some_and(|word| matches!(word.as_str(), "source" | "."));
    let known = command.cond.is_never() || is_dry(&command.words) || sources;
    let words = command.words.iter().take(MOST_OF_A_STEP).map(|w| w.as_str());
    if known || harmless(&words.collect::<Vec<_>>().join(" ")) {
        return false;
    }
    let task = || command.views().any(|w| matching::does(Does::Task, w) || matching::does(Does::Code, w));
    let program = || {
        let words = command.views().next_back().unwrap_or_default();
        let file = words.iter().take(3).find(|word| is_program(word.as_str()));
        let there = |path: &Text| at.checkout.is_there(join(&command.folder, path).as_str());
        let inner = file.is_some_and(|file| there(file) && !is_of_tests(file.as_str()));
        inner || told::module(at, command).is_some_and(|module| !is_of_tests(&module.replace('.', "/")))
    };
    // A program is read as far as it starts others with literal words, and only asks where its output is kept.
    said || task() && !at.leads_on(command) || command.output.is_none() && program()
}

/// Whether a step logs in to a registry.
fn logs_in(step: &Step) -> bool {
    match &step.body {
        StepBody::Action(action) => matching::action_does(Does::Login, &action.name),
        StepBody::Script(script) => {
            script.commands.iter().any(|command| command.views().any(|words| matching::does(Does::Login, words)))
        }
        StepBody::Opaque { .. } => false,
    }
}

/// Whether nothing in a script speaks of publishing or attests. Conditions that are left out change nothing then.
fn is_silent(index: usize, step: &Step, script: &Script, own: &facts::Facts<'_>) -> bool {
    let mut words = script.commands.iter().flat_map(|c| c.words.iter());
    let attests = own.attests.iter().any(|a| a.step == index);
    !attests && !publishes(&step.label) && !words.any(|word| publishes(word.as_str()))
}

/// A place of a script that could not be read, and behind which something may publish.
fn unread_script(
    job: &Job,
    index: usize,
    step: &Step,
    (script, place, unread): (&Script, &Location, &Unread),
    own: &facts::Facts<'_>,
    checkout: &Checkout,
) -> Option<Opaque> {
    if is_of_tests(&place.path) {
        return None;
    }
    let why = unread.to_string();
    let found = |name: String| Some(Opaque { name, location: place.clone(), why: why.clone() });
    // Where following stopped at a bound, anything may come behind it.
    if may_publish(job) && unread.is_bound() {
        return found("an unread script".to_owned());
    }
    // The command is known to publish, whatever it could not be asked besides.
    let same = |p: &facts::Publish<'_>| {
        p.step == index && (p.doer.location() == place || p.doer.chain().iter().any(|h| h.location == *place))
    };
    if own.publishes.iter().any(same) {
        return None;
    }
    // Where reading itself stopped, the text says whether it could publish.
    if !unread.is_absent() && speaks_of_publishing(checkout, place) {
        return found("an unread script".to_owned());
    }
    if !can_publish(job, index) {
        return None;
    }
    // What an expression chooses among makes several commands of one line.
    let dry = |c: &'_ Command| c.views().next_back().is_some_and(is_dry);
    let mut lines = script.commands.iter().filter(|c| c.location == *place).peekable();
    let first = lines.peek().copied();
    let line = lines.find(|c| !dry(c));
    if first.is_some() && line.is_none() {
        return None;
    }
    let said = line.map(|c| c.words.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(" ")).unwrap_or_default();
    let words = line.and_then(|c| c.views().next_back()).unwrap_or_default();
    let told = told::told(words);
    let last = |word: &str| word.rsplit('/').next().is_some_and(hands_over);
    // `Build & publish release artifacts` speaks of publishing, whatever else it names.
    let label = told::own_label(step, script);
    // What a service runs, its name does not tell.
    let service = || words.iter().take(2).any(|word| word.as_str().contains("compose")) && publishes(label);
    let names = told::named_in(words).any(last) || hands_over(&why) || service();
    let other = || speaks_of_else(&told) || harmless(&format!("{label} {why} {}", place.path)) && !publishes(label);
    if names && !other() { found(said) } else { None }
}

/// Whether the name of a script or a recipe speaks of publishing, and not only of bringing a service up.
fn hands_over(name: &str) -> bool {
    publishes(&name.replace("deploy", ""))
}

/// Whether a script lies in a folder of tests, which hand nothing out.
pub(super) fn is_of_tests(path: &str) -> bool {
    lies_in(path, &["test", "tests", "e2e"])
}

/// Whether a program lies in a folder of documentation, which is no release.
pub(super) fn is_of_documentation(path: &str) -> bool {
    lies_in(path, &["docs", "website"])
}

fn lies_in(path: &str, words: &[&str]) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split(['/', '-', '_']).any(|word| words.contains(&word))
}

/// A program of the checkout that is named after publishing and of which no readable line publishes, a task that is, or
/// a program of which nothing is known and that is told to publish.
fn quiet_program(at: At<'_>, command: &Command, known: bool) -> Option<Opaque> {
    if command.cond.is_never() || is_dry(&command.words) {
        return None;
    }
    let quiet = if known { None } else { quiet(at, command) };
    quiet.or_else(|| task(at, command)).or_else(|| {
        let (name, why) = told::unknown(at, command)?;
        Some(Opaque { name, location: command.location.clone(), why })
    })
}

/// A program that is named after publishing and of which no readable line publishes.
fn quiet(at: At<'_>, command: &Command) -> Option<Opaque> {
    let words = || command.words.iter().map(|w| w.as_str());
    let (program, stem) = match words().find(|w| is_program(w)) {
        Some(program) => {
            let file = program.rsplit('/').next()?;
            (program.to_owned(), dashed(file.rsplit_once('.').map_or(file, |(stem, _)| stem)))
        }
        // A task of the workspace, which is a program as well.
        None if words().take(2).eq(["cargo", "xtask"]) => {
            let line = words().collect::<Vec<_>>().join(" ");
            let task = line.strip_prefix("cargo xtask ")?.to_owned();
            (line, task)
        }
        None => match told::module(at, command) {
            Some(module) => (format!("python -m {module}"), dashed(module.rsplit('.').next().unwrap_or(module))),
            None => return None,
        },
    };
    let speaks = (hands_out(&stem) || stem.contains("--push")) && !harmless(&stem);
    // What it does is read as far as it starts other programs; one of those would have been found.
    (speaks && !at.is_shown(command) && !tells_another(at, command)).then(|| {
        let why = format!("no line shows what `{program}` publishes");
        Opaque { name: program, location: command.location.clone(), why }
    })
}

/// Whether a program starts another one of which nothing is known and which it tells to publish.
fn tells_another(at: At<'_>, command: &Command) -> bool {
    let led = at.script.commands.iter().filter(|c| c.chain.iter().any(|hop| hop.location == command.location));
    led.take(MOST_OF_A_STEP).any(|c| told::unknown(at, c).is_some())
}

/// A task of the checkout that is named after publishing, and behind which nothing could be read.
fn task(at: At<'_>, command: &Command) -> Option<Opaque> {
    let found = command.views().rev().find_map(|words| {
        let (tool, behind) = matching::tool(Does::Task, words)?;
        let first = matching::positional(words, behind, &tool.value_flags).into_iter().next()?;
        let from = words.iter().position(|word| *word == first)?;
        Some((words, words.get(from..)?))
    });
    let (words, tasks) = found?;
    let named = |task: &Text| {
        let name = task.literal().map(dashed)?;
        let name = [".yml", ".yaml"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let last = name.rsplit(['/', '#', ':', '.']).next().unwrap_or(name);
        // `build-web-release` is a kind of build.
        let says = hands_out(last) || publishes(last) && !builds(name) && !last.contains("deploy");
        Some(says && !harmless(name))
    };
    // What a program of somebody else is told is read as its own command.
    let fetched = tasks.first().is_some_and(|task| task.as_str().contains('#') && !task.as_str().starts_with('.'));
    let most = if fetched { 1 } else { MOST_OF_A_STEP };
    let tasks = tasks.iter().take_while(|word| !word.as_str().starts_with('-')).take(most);
    if !tasks.into_iter().any(|task| named(task) == Some(true)) || at.is_shown(command) || at.leads_on(command) {
        return None;
    }
    let name = words.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(" ");
    let why = format!("nothing shows what the task behind `{name}` does");
    Some(Opaque { name, location: command.location.clone(), why })
}

/// Whether a word names the file of a program.
pub(super) fn is_program(word: &str) -> bool {
    let part = |b: u8| b.is_ascii_alphanumeric() || b"_./@-".contains(&b);
    let ending = word.rsplit_once('.').filter(|(name, ending)| !name.is_empty() && PROGRAMS.contains(ending));
    ending.is_some() && word.bytes().all(part)
}

/// `publishCI` as `publish-ci`.
fn dashed(name: &str) -> String {
    let mut out = String::new();
    let mut small = false;
    for c in name.chars() {
        if c.is_uppercase() && small {
            out.push('-');
        }
        small = c.is_lowercase();
        out.extend(c.to_lowercase());
    }
    out
}

/// Whether the unread lines name publishing, and not only git does.
fn speaks_of_publishing(checkout: &Checkout, place: &Location) -> bool {
    let Ok(text) = checkout.glance(&place.path) else { return true };
    let count = (place.end_line.saturating_sub(place.line) as usize) + 1;
    let text = lines::from(&text, place.line.max(1)).unwrap_or_default();
    let mut commands = text.lines().take(count).flat_map(|line| line.split([';', '|', '&', '(', ')', '{', '}']));
    commands.any(|command| command.split_ascii_whitespace().next() != Some("git") && publishes(command))
}

/// An action of which nothing is known, by its name a publisher, in a job that could publish.
fn unknown_action(job: &Job, index: usize, step: &Step, action: &ActionUse, own: &facts::Facts<'_>) -> Option<Opaque> {
    let name = action.name.split_once('/').map_or(action.name.as_str(), |(_, n)| n);
    // A job that may write packages, and in which nothing readable publishes any, has its publisher among these.
    let granted = own.publishes.is_empty() && grants_packages(job);
    let told = || tells_to_publish(action) && holds_registry_key(job, index);
    let asking = || asks_for(&step.label) || step.id.as_deref().is_some_and(asks_for);
    let named = (granted && packs(name) || publishes(name)) && !harmless(name);
    let publishes = named && !asking() && !only_announces(name, action) || told();
    if !publishes || !can_publish(job, index) || is_known(step, action) || explained(job, step, own) {
        return None;
    }
    let why = format!("nothing in the checkout or the catalogue says what {} does", action.name);
    Some(Opaque { name: action.name.clone(), location: action.reference.location.clone(), why })
}

/// Whether an input of an action says that it publishes (`command: publish`).
fn tells_to_publish(action: &ActionUse) -> bool {
    let says = |value: &str| value.split_ascii_whitespace().take(MOST_OF_A_STEP).any(orders_out);
    action.inputs.iter().filter_map(|input| input.value.literal()).any(says)
}

/// Whether a word tells to hand something out, and not to make a release, which may be nothing but a tag.
fn orders_out(word: &str) -> bool {
    super::speech::orders(word) && word != "release"
}

/// Whether a step gets a stored credential of a registry.
pub(super) fn holds_registry_key(job: &Job, index: usize) -> bool {
    job.secrets.iter().filter(|s| s.step.is_none_or(|at| at == index)).any(|secret| {
        let names = [Some(secret.name.as_str()), secret.receiver.as_deref()].map(|name| name.map(Asked::from));
        let mut described = Catalogue::get().credentials.iter().filter(|c| c.goes_anywhere());
        let found = described.find(|c| names.iter().flatten().any(|name| c.names.iter().any(|e| e.whole(name))));
        found.is_some_and(|credential| credential.registry)
    })
}

/// Inputs of which a release is made that has no files.
const OF_A_RELEASE: &[&str] = &[
    "tag",
    "tag_name",
    "tag-name",
    "name",
    "title",
    "release_name",
    "release-name",
    "body",
    "body_path",
    "notes",
    "draft",
    "prerelease",
    "latest",
    "make_latest",
    "commit",
    "commitish",
    "target",
    "target_commitish",
    "version",
    "token",
    "github_token",
    "github-token",
    "repo_token",
    "repo-token",
    "repository",
    "owner",
    "repo",
    "generate_release_notes",
];

/// Whether an action makes a release of a tag by all that it is given, and is given no files for it.
fn only_announces(name: &str, action: &ActionUse) -> bool {
    let all = || action.inputs.iter().map(|input| input.name.as_str());
    let other = hands_out(name) || words::holds(name, ["push", "deploy", "asset", "build", "package", "publish"]);
    !other && all().any(|name| name.contains("tag")) && all().all(|name| OF_A_RELEASE.contains(&name))
}

/// Whether the code behind an action was read, and shows what it publishes.
fn explained(job: &Job, step: &Step, own: &facts::Facts<'_>) -> bool {
    own.publishes.iter().filter_map(|p| job.steps.get(p.step)).any(|published| {
        published.chain.len() > step.chain.len()
            && published.chain.last().is_some_and(|hop| hop.location == step.location)
            || published.is(step)
    })
}

/// Whether the catalogue says what an action does.
pub(super) fn is_known(step: &Step, action: &ActionUse) -> bool {
    let catalogue = Catalogue::get();
    let doer = super::doer::Doer::action(step, action);
    let known = doer.among(&catalogue.index.sinks, &catalogue.sinks).next().is_some()
        || doer.among(&catalogue.index.producers, &catalogue.producers).next().is_some()
        || doer.among(&catalogue.index.caches, &catalogue.caches).next().is_some()
        || doer.among(&catalogue.index.transfers, &catalogue.transfers).next().is_some()
        || doer.among(&catalogue.index.neutral, &catalogue.neutral).any(|n| doer.is(&n.actions, &[]).is_some());
    let runs = runs_of(&action.name).next().is_some();
    let owner = action.name.split('/').next().unwrap_or_default();
    known || runs || matches!(owner, "actions" | "github" | "docker:") || action.name.starts_with("docker://")
}

/// Whether nothing shows that the job cannot publish: it declares what its token may do, and that is reading, and it
/// holds no secret.
fn may_publish(job: &Job) -> bool {
    let scopes = ["contents", "packages", "id-token"];
    let reads =
        matches!(job.token, TokenScope::Declared { .. }) && scopes.iter().all(|s| job.token.access(s) != Access::Write);
    !reads || !job.secrets.is_empty()
}

/// An action of this repository that is a program, by its name a publisher, in a job that could publish.
fn own_action(job: &Job, index: usize, step: &Step, what: &str) -> Option<Opaque> {
    let name = what.split("./").nth(1).and_then(|n| n.split_whitespace().next());
    let speaks = |text: &str| publishes(text) && !harmless(text);
    let publishes = speaks(what) || name.is_some_and(|n| speaks(n.rsplit('/').next().unwrap_or(n)));
    let shown = name.map_or_else(|| what.to_owned(), |n| format!("./{n}"));
    let found = || Opaque { name: shown, location: step.location.clone(), why: what.to_owned() };
    (publishes && can_publish(job, index)).then(found)
}

/// Whether the pipeline grants the job, by name, to write packages.
pub(super) fn grants_packages(job: &Job) -> bool {
    matches!(&job.token, TokenScope::Declared { scopes, .. } if scopes.get("packages") == Some(&Access::Write))
}

/// Whether the step holds something with which it could publish: a write scope, a secret of its own, or what a login
/// before it has left.
fn can_publish(job: &Job, index: usize) -> bool {
    let scopes = ["contents", "packages", "id-token"];
    let login = |action: &str| words::holds(action, ["login", "token", "auth", "credential"]);
    let secret = job.secrets.iter().any(|s| {
        let own = s.step.is_none_or(|at| at == index || at < index && s.action.as_deref().is_some_and(login));
        own && words::holds(&s.name, ["token", "password", "secret", "key", "pat"])
    });
    let logs_in = |step: &Arc<Step>| matches!(&step.body, StepBody::Action(a) if a.name.contains("login"));
    let open = || !matches!(job.token, TokenScope::Declared { .. }) && job.steps.iter().take(index).any(logs_in);
    scopes.iter().any(|s| job.token.access(s) == Access::Write) || secret || open()
}

fn stream<'p>(path: &Path<'_, 'p>, at: usize, step: &Opaque) -> Linked<'p> {
    let Opaque { name, location, why } = step;
    let job = path.flow.jobs.get(at).map_or("?", |j| j.key.as_str());
    let publish = Published {
        rule: "opaque-publisher".to_owned(),
        what: format!("may publish, and {why}"),
        location: location.clone(),
        chain: Vec::new(),
        job: at,
        bytes: Bytes::Built,
    };
    Linked {
        whole: false,
        chain: vec![(format!("job {job} runs something that cannot be read"), location.clone())],
        ..path.linked(Kind::Other, name.clone(), publish, build_jobs::upstream(path.flow, path.facts, at))
    }
}
