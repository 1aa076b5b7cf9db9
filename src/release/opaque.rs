//! Steps that nobody here can read and that hold what it takes to publish: an action that the catalogue does not
//! know, or a script that cannot be followed. Leaving them out would grade a release from what happened to be readable.

use std::cell::LazyCell;
use std::sync::Arc;

use super::speech::{hands_out, harmless, packs, publishes};
use super::{Linked, Path, Published, build_jobs, facts};
use crate::catalogue::{Bytes, Catalogue, Does};
use crate::checkout::Checkout;
use crate::commands::matching::{self, runs_of};
use crate::model::{Access, ActionUse, Command, Job, Kind, Location, Script, Step, StepBody, TokenScope, Unread};
use crate::syntax::lines;
use crate::syntax::words;

/// How the files of programs end that are not read, or only as far as they start others with literal words.
const PROGRAMS: &[&str] =
    &["py", "js", "mjs", "cjs", "ts", "mts", "rb", "raku", "pl", "php", "lua", "exs", "csx", "fsx", "kts", "groovy"];

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
            StepBody::Action(_) if known => None,
            StepBody::Action(action) => unknown_action(job, index, step, action, own),
            StepBody::Script(script) => {
                let silent = LazyCell::new(|| is_silent(index, step, script, own));
                let mut unread = script.unread.iter().filter(|(_, why)| !why.is_of_conditions() || !*silent);
                unread
                    .find_map(|(place, why)| unread_script(job, index, step, (script, place, why), own, checkout))
                    .or_else(|| quiet_program(job, index, step, script).filter(|_| !known))
            }
            StepBody::Opaque { .. } if known => None,
            // A local action that is a program, or is not here.
            StepBody::Opaque { what, .. } => own_action(job, index, step, what).filter(|_| !explained(job, step, own)),
        }
    };
    let steps = job.steps.iter().enumerate().filter(|(_, step)| !step.cond.is_never());
    steps.filter_map(of_step).collect()
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
    let line = script.commands.iter().find(|c| c.location == *place);
    let said = line.map(|c| c.words.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(" ")).unwrap_or_default();
    let names = publishes(&said) || publishes(&why);
    // `Build & publish release artifacts` speaks of publishing, whatever else it names.
    let labelled = || publishes(&step.label);
    let other = || harmless(&said) || harmless(&format!("{} {why} {}", step.label, place.path)) && !labelled();
    if names && !other() { found(said) } else { None }
}

/// Whether a script lies in a folder of tests, which hand nothing out.
fn is_of_tests(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split(['/', '-', '_']).any(|word| matches!(word, "test" | "tests" | "e2e"))
}

/// A program of the checkout that is named after publishing and of which no readable line publishes, or an unknown
/// client that is told to publish.
fn quiet_program(job: &Job, index: usize, step: &Step, script: &Script) -> Option<Opaque> {
    if script.commands.is_empty() || !can_publish(job, index) {
        return None;
    }
    script.commands.iter().find_map(|command| quiet(script, command)).or_else(|| {
        let told = |command: &&Command| command.words.iter().any(|w| w.as_str() == "publish");
        script.commands.iter().filter(told).find_map(|command| unknown_client(step, command))
    })
}

/// A program that is named after publishing and of which no readable line publishes.
fn quiet(script: &Script, command: &Command) -> Option<Opaque> {
    let words = || command.words.iter().map(|w| w.as_str());
    if command.cond.is_never() || words().any(|w| w.contains("dry-run") || w.contains("dryrun")) {
        return None;
    }
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
        None => return None,
    };
    let speaks = (hands_out(&stem) || stem.contains("--push")) && !harmless(&stem);
    // What it does is read as far as it starts other programs; one of those would have been found.
    let led = |c: &&Command| c.chain.iter().any(|h| h.location == command.location);
    let telling = script.commands.iter().filter(led).any(|c| c.words.iter().any(|w| w.as_str() == "publish"));
    (speaks && !telling).then(|| {
        let why = format!("no line shows what `{program}` publishes");
        Opaque { name: program, location: command.location.clone(), why }
    })
}

/// A client that nothing describes and that is told to publish.
fn unknown_client(step: &Step, command: &Command) -> Option<Opaque> {
    if command.cond.is_never() {
        return None;
    }
    let catalogue = Catalogue::get();
    let words = command.views().next_back()?;
    let said: Vec<&str> = words.iter().map(|w| w.as_str()).collect();
    let [program, "publish", rest @ ..] = said.as_slice() else { return None };
    let doer = super::doer::Doer::command(step, command, words);
    let mut sinks = doer.among(&catalogue.index.sinks, &catalogue.sinks);
    let mut neutral = doer.among(&catalogue.index.neutral, &catalogue.neutral);
    let known =
        sinks.any(|s| doer.is(&[], &s.commands).is_some()) || neutral.any(|n| doer.is(&[], &n.commands).is_some());
    let base = program.rsplit('/').next().unwrap_or(program);
    let other = known
        || matching::does(Does::Else, words)
        || !base.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        || rest.iter().any(|w| w.contains("dry-run"));
    (!other).then(|| {
        let why = format!("nothing in the checkout or the catalogue says what `{base} publish` does");
        Opaque { name: format!("{base} publish"), location: command.location.clone(), why }
    })
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

/// Whether the unread lines name publishing.
fn speaks_of_publishing(checkout: &Checkout, place: &Location) -> bool {
    let Ok(text) = checkout.glance(&place.path) else { return true };
    let count = (place.end_line.saturating_sub(place.line) as usize) + 1;
    let text = lines::from(&text, place.line.max(1)).unwrap_or_default();
    text.lines().take(count).any(publishes)
}

/// An action of which nothing is known, by its name a publisher, in a job that could publish.
fn unknown_action(job: &Job, index: usize, step: &Step, action: &ActionUse, own: &facts::Facts<'_>) -> Option<Opaque> {
    let name = action.name.split_once('/').map_or(action.name.as_str(), |(_, n)| n);
    // A job that may write packages, and in which nothing readable publishes any, has its publisher among these.
    let granted = own.publishes.is_empty() && grants_packages(job);
    let publishes = (granted && packs(name) || publishes(name)) && !harmless(name);
    if !publishes || !can_publish(job, index) || is_known(step, action) || explained(job, step, own) {
        return None;
    }
    let why = format!("nothing in the checkout or the catalogue says what {} does", action.name);
    Some(Opaque { name: action.name.clone(), location: action.reference.location.clone(), why })
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
fn grants_packages(job: &Job) -> bool {
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
