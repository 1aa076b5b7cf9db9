//! How bytes flow: from the job that makes a file, through artifacts, to the step that publishes it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::doer::{Act, Doer};
use super::facts::{FlowFacts, Handover, jobs_in, jobs_in_symbol};
use super::filenames::ancillary;
use super::glob::{self, Pattern};
use crate::model::{Cond, Flow, Job, Location, Step, StepBody, Text};
use crate::syntax::pattern;

/// A pattern of files in the job that makes them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FileRef {
    /// The job's key.
    pub job: String,
    /// The pattern, relative to that job's workspace.
    pub pattern: String,
}

/// Where published files come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// The files in the jobs that make them.
    pub files: Vec<FileRef>,
    /// Artifacts on the way.
    pub hops: Vec<(String, Location)>,
    /// A fetch from another run, which nothing here shows.
    pub foreign: Option<Location>,
    /// What takes some of them from elsewhere, where nothing shows how they were built.
    pub brought: Option<Location>,
    /// Indices of the jobs that stored them on the way, whether they made them or handed them on.
    pub through: BTreeSet<usize>,
    /// What was followed already: job, step and pattern.
    asked: BTreeSet<(usize, usize, String)>,
}

/// Stands for the file of a generator, whatever it is called.
const PROVENANCE: &str = "provenance.intoto.jsonl";
/// Artifacts are handed on at most this many times.
const MOST_HOPS: usize = 24;

/// Follows a pattern back from a step to where its files are made.
pub(super) fn origin(flow: &Flow, facts: &FlowFacts<'_>, job: usize, step: usize, files: &str) -> Origin {
    let key = (job, step, glob::normal(files));
    if let Some(known) = facts.origins.borrow().get(&key) {
        return known.clone();
    }
    let mut found = Origin::default();
    follow(flow, facts, job, step, &key.2, &mut found, 0);
    found.files.sort_unstable();
    found.files.dedup();
    facts.origins.borrow_mut().insert(key, found.clone());
    found
}

fn follow(flow: &Flow, facts: &FlowFacts<'_>, job: usize, step: usize, files: &str, found: &mut Origin, depth: usize) {
    let (Some(own), Some(this)) = (facts.get(job), flow.jobs.get(job)) else { return };
    let mut fetched = false;
    for fetch in own.fetches.iter().filter(|f| f.step < step) {
        let folder = fetch.paths.first().map(|p| glob::normal(p.as_str())).unwrap_or_else(|| "**".to_owned());
        let folder = folder.trim_end_matches("**").trim_end_matches('/');
        let Some(rest) = below(folder, files) else { continue };
        if !fetch.foreign.is_never() {
            found.foreign = Some(fetch.location.clone());
            fetched = true;
            continue;
        }
        // An artifact that a called workflow names in its outputs holds what that workflow made.
        let called = fetch.name.iter().flat_map(super::facts::jobs_in);
        for key in called.chain(only_builder(flow, facts, job, fetch)) {
            if let Some(call) = flow.jobs.iter().find(|j| j.key == key && j.outside.is_some()) {
                fetched = true;
                // A generator stores nothing but provenance.
                let generator = super::Linked::builder_of(call).is_some_and(|b| b.generator);
                let pattern = if generator { PROVENANCE.to_owned() } else { rest.clone() };
                found.files.push(FileRef { job: key.to_owned(), pattern });
            }
        }
        let seen = within_reach(flow, facts, job, fetch);
        // An outside workflow may store artifacts of its own.
        let alone = fetch.alone
            && !flow.jobs.iter().any(|j| j.outside.is_some())
            && seen.iter().filter(|(_, s)| fetched_by(fetch, s)).count() == 1;
        for (at, store) in seen {
            let Some(rest) = in_artifact(fetch, store, &rest, alone) else { continue };
            for inner in store.stored.behind(&rest) {
                fetched = true;
                let hop = (format!("artifact {}", artifact_name(store)), store.location.clone());
                if !found.hops.contains(&hop) {
                    found.hops.push(hop);
                }
                found.through.insert(at);
                let asked = (at, store.step, inner.clone());
                if depth < MOST_HOPS && !found.asked.contains(&asked) {
                    found.asked.insert(asked);
                    follow(flow, facts, at, store.step, &inner, found, depth + 1);
                }
            }
        }
    }
    // Files that the job put here from elsewhere.
    let mut renamed = false;
    let (moves, pattern) = (own.moves(this), Pattern::new(files));
    let brought = own.brought(this);
    if found.brought.is_none() && !brought.is_empty() && facts.count.comparisons(brought.len()) {
        let among = brought.iter().find(|b| b.is_among(&pattern, own, step) && !b.is_of_run(flow, facts, job));
        found.brought = among.map(|b| b.location.clone());
    }
    for moved in moves.iter().take_while(|moved| moved.step <= step) {
        if !facts.count.comparisons(moved.cost(&pattern)) {
            break;
        }
        for before in moved.before(&pattern) {
            let asked = (job, moved.step, before.clone());
            if depth >= MOST_HOPS || found.asked.contains(&asked) || before == files {
                continue;
            }
            found.asked.insert(asked);
            fetched = true;
            renamed |= moved.is_exact(files);
            follow(flow, facts, job, moved.step, &before, found, depth + 1);
        }
    }
    if renamed {
        return;
    }
    // A job that builds may have made the files itself even where a fetch could have brought them.
    if !fetched || own.builds() && own.fetches.iter().all(|f| f.paths.is_empty()) {
        found.files.push(FileRef { job: this.key.clone(), pattern: files.to_owned() });
    }
}

/// The stored artifacts that a fetch can see. One that is asked for by name, and that no job stores for which the
/// fetching one waits, can only come from a job that happens to be done by then. Of several that are asked for together,
/// any may: what a job stores by then is among them.
pub(super) fn within_reach<'f, 'p>(
    flow: &Flow,
    facts: &'f FlowFacts<'p>,
    job: usize,
    fetch: &Handover<'_>,
) -> Vec<(usize, &'f Handover<'p>)> {
    let (seen, mut others): (Vec<_>, Vec<_>) = stores(facts).partition(|(at, _)| before(flow, facts, job, *at));
    if fetch.name.as_ref().is_none_or(|name| name.as_str().contains('*')) {
        let cond = |at: usize| flow.jobs.get(at).map(|j| j.cond.clone()).unwrap_or(Cond::FALSE);
        others.retain(|(at, store)| {
            let meant = store.paths.iter().any(|path| !ancillary(path.as_str())) && fetched_by(fetch, store);
            meant && !cond(*at).and(cond(job)).is_never()
        });
    } else if seen.iter().any(|(_, store)| fetched_by(fetch, store)) {
        return seen;
    }
    let later = |at: usize| facts.earlier(flow, at).contains(&job);
    seen.into_iter().chain(others.into_iter().filter(|(at, _)| !later(*at))).collect()
}

/// The call whose artifact a fetch takes, where no job of the run stores one by that name: a builder's, when all calls
/// are known and no other one builds.
pub(super) fn only_builder<'f>(
    flow: &'f Flow,
    facts: &FlowFacts<'_>,
    job: usize,
    fetch: &Handover<'_>,
) -> Option<&'f str> {
    if !fetch.foreign.is_never() || stores(facts).any(|(_, store)| fetched_by(fetch, store)) {
        return None;
    }
    let calls = || flow.jobs.iter().enumerate().filter(|(_, j)| j.outside.is_some() && !j.cond.is_never());
    if calls().any(|(_, j)| super::Linked::builder_of(j).is_none()) {
        return None;
    }
    let mut makers = calls().filter(|(_, j)| super::Linked::builder_of(j).is_some_and(|b| !b.generator));
    let (at, maker) = makers.next()?;
    let alone = makers.all(|(_, j)| j.key == maker.key);
    (alone && facts.earlier(flow, job).contains(&at)).then_some(maker.key.as_str())
}

/// Whether a job ends before another starts: a fetch sees only what jobs stored that its own job waits for.
fn before(flow: &Flow, facts: &FlowFacts<'_>, this: usize, other: usize) -> bool {
    // Steps of one job may hand files to one another as well.
    this == other || facts.earlier(flow, this).contains(&other)
}

fn stores<'f, 'p>(facts: &'f FlowFacts<'p>) -> impl Iterator<Item = (usize, &'f Handover<'p>)> {
    facts.iter().enumerate().flat_map(|(at, f)| f.stores.iter().map(move |s| (at, s)))
}

fn artifact_name<'s>(store: &'s Handover<'_>) -> &'s str {
    store.name.as_ref().map_or("artifact", Text::as_str)
}

/// What a pattern asks for below a folder; `None` when it lies elsewhere.
pub(super) fn below(folder: &str, files: &str) -> Option<String> {
    if folder.is_empty() {
        return Some(files.to_owned());
    }
    if files == folder || files == format!("{folder}/**") {
        return Some("**".to_owned());
    }
    if let Some(rest) = files.strip_prefix(folder).and_then(|r| r.strip_prefix('/')) {
        return Some(rest.to_owned());
    }
    // `**/x` and `*/x` reach into the folder as well.
    let probe = format!("{folder}/**");
    glob::overlaps(files, &probe).then(|| match files.strip_prefix("**/") {
        Some(rest) => format!("**/{rest}"),
        None => "**".to_owned(),
    })
}

/// What a fetch asks for inside one stored artifact; `None` when it does not fetch that artifact.
fn in_artifact(fetch: &Handover<'_>, store: &Handover<'_>, rest: &str, alone: bool) -> Option<String> {
    if !fetched_by(fetch, store) {
        return None;
    }
    let several = fetch.name.as_ref().is_none_or(|name| name.as_str().contains('*'));
    if !several || fetch.merged || alone {
        return Some(rest.to_owned());
    }
    let stored = artifact_name(store);
    // Each artifact has a folder of its own name.
    let (first, inner) = rest.split_once('/').unwrap_or((rest, "**"));
    match first {
        "**" => Some(rest.to_owned()),
        first => (glob::overlaps(first, stored)).then(|| inner.to_owned()),
    }
}

/// Whether a fetch takes a stored artifact.
pub(super) fn fetched_by(fetch: &Handover<'_>, store: &Handover<'_>) -> bool {
    fetch.name.as_ref().is_none_or(|name| same_artifact(name.as_str(), artifact_name(store)))
}

/// Whether a fetched name or pattern can be this stored artifact. Unknown parts may be anything.
pub(super) fn same_artifact(fetched: &str, stored: &str) -> bool {
    let plain = |s: &str| !s.contains(['*', '?', '[', '{', '$']);
    if plain(fetched) && plain(stored) {
        return fetched == stored;
    }
    let (fetched, stored) = (&*alike(fetched, stored), &*alike(stored, fetched));
    fetched == stored || pattern::wildcard(fetched, stored) || glob::overlaps(fetched, stored)
}

/// Unknown parts of a name that are compared with those of another one.
const MOST_SYMBOLS: usize = 8;

/// A name in which unknown parts that the other one has as well are known: both have the same there, whichever job asks,
/// but for what legs of a matrix differ in.
fn alike<'n>(name: &'n str, other: &str) -> Cow<'n, str> {
    if !name.contains("${{") {
        return Cow::Borrowed(name);
    }
    let (own, other) = (Text::new(name), Text::new(other));
    let shared = own.symbols().take(MOST_SYMBOLS).filter(|symbol| {
        let same = |other: &str| without_job(other) == without_job(symbol);
        !symbol.contains("matrix.") && !symbol.contains("strategy.") && other.symbols().take(MOST_SYMBOLS).any(same)
    });
    let known = |symbol: &str| -> String {
        without_job(symbol).chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
    };
    let filled = shared.fold(own.clone(), |text, symbol| text.filled(symbol, &Text::new(known(symbol))));
    Cow::Owned(filled.as_str().to_owned())
}

/// What a symbol says without the job that it is of.
fn without_job(symbol: &str) -> &str {
    symbol.strip_prefix("jobs.").and_then(|rest| rest.split_once(".steps.")).map_or(symbol, |(_, own)| own)
}

/// What a step stores as an artifact.
#[derive(Debug, Clone, Default)]
pub(super) struct Stored {
    /// The paths.
    paths: Vec<String>,
    /// The folder that they share; the artifact's names are relative to it.
    root: String,
}

impl Stored {
    pub(super) fn new(paths: &[Text]) -> Self {
        let kept = paths.iter().filter(|p| !p.as_str().starts_with('!'));
        Self { paths: paths.iter().map(|p| glob::normal(p.as_str())).collect(), root: common_root(kept) }
    }

    /// The files of the job behind a pattern of names in the artifact.
    fn behind(&self, names: &str) -> Vec<String> {
        // What is stored under a name without an ending and fetched by that name is a file and no folder.
        if let [only] = self.paths.as_slice()
            && names_file(only, names)
        {
            return vec![only.clone()];
        }
        let inner = join_pattern(&self.root, names);
        let behind = |path: &String| {
            let file = path.contains(['*', '?', '$']) || looks_like_file(path);
            let path = if file { path.clone() } else { format!("{path}/**") };
            if glob::contains(&path, &inner) {
                Some(inner.clone())
            } else {
                glob::overlaps(&path, &inner).then_some(path)
            }
        };
        self.paths.iter().filter_map(behind).collect()
    }
}

fn common_root<'t>(paths: impl Iterator<Item = &'t Text>) -> String {
    let mut root: Option<Vec<String>> = None;
    for path in paths {
        let normal = glob::normal(path.as_str());
        let parts: Vec<&str> = normal.split('/').collect();
        let fixed = parts.iter().take_while(|p| !p.contains(['*', '?', '['])).count();
        // A plain file is stored under its own name; a plain folder stands for its content.
        let fixed = if fixed == parts.len() && looks_like_file(&normal) { fixed - 1 } else { fixed };
        let own: Vec<String> = parts.iter().take(fixed).map(|p| (*p).to_owned()).collect();
        root = Some(match root {
            None => own,
            Some(known) => known.into_iter().zip(own).take_while(|(a, b)| a == b).map(|(a, _)| a).collect(),
        });
    }
    root.unwrap_or_default().join("/")
}

/// Whether a path without an ending is fetched by its own name.
fn names_file(path: &str, fetched: &str) -> bool {
    let plain = !path.contains(['*', '?', '[', '!']) && !looks_like_file(path);
    plain && path.rsplit('/').next() == Some(fetched)
}

/// Whether a path without wildcards names a file: its last part has an ending, or is unknown.
fn looks_like_file(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or(path);
    last.contains("${{") || last.trim_start_matches('.').contains('.')
}

fn join_pattern(root: &str, rest: &str) -> String {
    if root.is_empty() { rest.to_owned() } else { format!("{root}/{rest}") }
}

/// Indices of all legs of a job.
pub(super) fn legs<'f>(flow: &'f Flow, key: &str) -> impl Iterator<Item = usize> + use<'f> {
    flow.below(key).iter().copied()
}

/// The jobs whose artifacts a job fetches, up to a step where one is given.
pub(super) fn artifact_feeders(flow: &Flow, facts: &FlowFacts<'_>, job: usize, last: Option<usize>) -> Vec<usize> {
    let Some(own) = facts.get(job) else { return Vec::new() };
    let mut found = Vec::new();
    let fetches = || own.fetches.iter().filter(|fetch| last.is_none_or(|last| fetch.step <= last));
    let named = fetches().flat_map(|f| &f.name).flat_map(jobs_in);
    let only = fetches().filter_map(|fetch| only_builder(flow, facts, job, fetch));
    for key in named.chain(only) {
        found.extend(legs(flow, key));
    }
    for fetch in fetches().filter(|f| f.foreign.is_never()) {
        let seen = within_reach(flow, facts, job, fetch).into_iter();
        found.extend(seen.filter(|(_, store)| fetched_by(fetch, store)).map(|(at, _)| at));
    }
    found
}

/// Jobs whose outputs a job reads.
pub(super) fn output_feeders(flow: &Flow, facts: &FlowFacts<'_>, job: usize) -> Vec<usize> {
    let (Some(job), Some(own)) = (flow.job(job), facts.get(job)) else { return Vec::new() };
    own.reads(job).iter().flat_map(|key| legs(flow, key)).collect()
}

/// Keys of the jobs whose outputs any step of a job reads.
pub(super) fn reads(job: &Job) -> BTreeSet<String> {
    let texts = job.steps.iter().flat_map(|step| texts(step)).chain(handed(job));
    others(job, texts.flat_map(jobs_in))
}

/// Keys of the jobs whose outputs reach what a job builds: through the steps that work, what prepares the build in front of
/// them, and what all steps of the job get. What only decides whether something runs does not.
pub(super) fn feeds(job: &Job, working: &[usize]) -> BTreeSet<String> {
    let Some(last) = working.iter().max() else { return others(job, handed(job).flat_map(jobs_in)) };
    let mut found: Vec<&Text> = handed(job).collect();
    let everywhere = job.parameters.iter().filter(|parameter| parameter.step.is_none());
    let mut symbols: Vec<&str> = everywhere.map(|parameter| parameter.symbol.as_str()).collect();
    for (at, step) in job.steps.iter().enumerate().take(last.saturating_add(1)) {
        if working.contains(&at) {
            found.extend(texts(step));
            found.extend(step.env.iter().map(|(_, value)| value));
            found.extend(step.script().into_iter().flat_map(|script| &script.commands).map(|command| &command.folder));
            symbols.extend(given_to_program(job, step));
        } else {
            found.extend(carried(step));
        }
    }
    others(job, found.into_iter().flat_map(jobs_in).chain(symbols.into_iter().flat_map(jobs_in_symbol)))
}

/// The parameters that stand between a step that runs a program of the checkout and the step behind it.
fn given_to_program<'j>(job: &'j Job, step: &'j Step) -> impl Iterator<Item = &'j str> {
    let own = matches!(step.body, StepBody::Opaque { .. });
    let (path, line) = (&step.location.path, step.location.line);
    let places = job.steps.iter().map(|other| &other.location).filter(|place| place.path == *path && place.line > line);
    let next = places.map(|place| place.line).min().unwrap_or(u32::MAX);
    let given = job.parameters.iter().filter(move |parameter| {
        let place = &parameter.location;
        own && parameter.step.is_some() && place.path == *path && (line..next).contains(&place.line)
    });
    given.map(|parameter| parameter.symbol.as_str())
}

/// What a call of an outside workflow is given.
fn handed(job: &Job) -> impl Iterator<Item = &Text> {
    job.outside.iter().flat_map(|call| &call.inputs).map(|input| &input.value)
}

fn others<'j>(job: &Job, keys: impl Iterator<Item = &'j str>) -> BTreeSet<String> {
    keys.filter(|key| *key != job.key).map(str::to_owned).collect()
}

/// What a step in front of a build is given and carries into it.
fn carried(step: &Step) -> Vec<&Text> {
    // Most steps are given no output of another job.
    if !texts(step).into_iter().any(|text| jobs_in(text).next().is_some()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for doer in Doer::all(step).into_iter().filter(|doer| doer.checks_out() || doer.carries()) {
        match doer.act {
            Act::Action(_, action) => found.extend(action.inputs.iter().map(|input| &input.value)),
            Act::Command(_, command, _) => found.extend(command.words.iter().chain(&command.input)),
        }
    }
    found
}

/// Every text that reaches a step.
pub(super) fn texts(step: &Step) -> Vec<&Text> {
    match &step.body {
        StepBody::Action(action) => action.inputs.iter().map(|i| &i.value).collect(),
        StepBody::Script(script) => {
            let commands = script.commands.iter();
            commands.flat_map(|c| c.words.iter().chain(c.env.iter().map(|(_, v)| v)).chain(&c.input)).collect()
        }
        StepBody::Opaque { .. } => step.env.iter().map(|(_, v)| v).collect(),
    }
}

/// Whether two origins may be those of one file, of which only one goes out: a name that is used again in the same job, or
/// an artifact that is stored anew.
pub(super) fn alternatives(flow: &Flow, facts: &FlowFacts<'_>, publish: usize, a: &FileRef, b: &FileRef) -> bool {
    let last = |f: &FileRef| f.pattern.rsplit('/').next().unwrap_or_default().to_owned();
    let stored = |f: &FileRef| -> Vec<&str> {
        let own = legs(flow, &f.job).filter_map(|leg| facts.get(leg)).flat_map(|own| &own.stores);
        own.map(artifact_name).collect()
    };
    // What a job puts into a folder takes the place of a file there only where the names say so; in the job that
    // publishes, each of them may be the one.
    if a.job == b.job && flow.jobs.get(publish).is_none_or(|p| p.key != a.job) {
        return last(a) == last(b) && !last(a).contains(['*', '?', '{', '[']);
    }
    if !glob::overlaps(&last(a), &last(b)) {
        return false;
    }
    let (of_a, of_b) = (stored(a), stored(b));
    let apart = !of_a.is_empty() && !of_b.is_empty() && !of_a.iter().any(|x| of_b.iter().any(|y| same_artifact(x, y)));
    a.job == b.job || !apart
}

/// A file that a job cannot have: another one makes it, for which it does not wait.
pub(super) fn out_of_reach<'u>(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    job: usize,
    files: &'u [FileRef],
) -> Option<&'u FileRef> {
    let key = flow.jobs.get(job).map(|j| j.key.as_str());
    let earlier = facts.earlier(flow, job);
    let mut others = files.iter().filter(|f| Some(f.job.as_str()) != key);
    others.find(|f| {
        let mut makers = legs(flow, &f.job).peekable();
        // What a job that builds nothing publishes was handed to it, as in an archive that it takes apart.
        let handed =
            |at: usize| facts.get(at).is_some_and(|own| !own.builds()) && facts.earlier(flow, at).contains(&job);
        makers.peek().is_some() && !makers.any(|at| earlier.contains(&at) || handed(at))
    })
}

/// Indices of the jobs that a job waits for, directly or not.
pub(super) fn needed(flow: &Flow, job: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let keys = |at: usize| flow.jobs.get(at).into_iter().flat_map(|j| &j.needs).map(String::as_str);
    open.extend(keys(job));
    while let Some(key) = open.pop() {
        if seen.insert(key) {
            for at in legs(flow, key).filter(|at| found.insert(*at)) {
                open.extend(keys(at));
            }
        }
    }
    found
}
