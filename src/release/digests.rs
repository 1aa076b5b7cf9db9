//! Lists of digests: what one job computes and another hands to a generator, and checksums files.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::bytes::{self, FileRef};
use super::coverage::{Coverage, Unit, changed_by_registry, packed_again};
use super::facts::{FlowFacts, step_of_symbol};
use super::filenames::{ancillary, is_list, may_be_published};
use super::glob::{self, Pattern};
use super::outputs::{Output, name_of, no_digest, of_script, printed_by};
use super::provenance::not_always;
use super::rewritten::{self, Point};
use super::tool::UNLISTED;
use crate::catalogue::{Bytes, Does, Tool};
use crate::commands::matching;
use crate::model::{Command, Flow, Job, OutputWrite, Script, Step, StepBody, Text};

/// What the values of a digest list are made of.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Files whose digests a command takes.
    hashed: Vec<FileRef>,
    /// The steps that take them.
    points: Vec<Point>,
    /// A checksums file, or a list that the building tool hands out, covers what the tool makes.
    tool: bool,
    /// The steps that take such a list.
    tools: Vec<Point>,
    /// Those of them whose list is that of a release tool, of what it made.
    made: Vec<Point>,
    /// A part that nothing here shows.
    unread: bool,
    /// Files whose names nothing resolves, one each.
    single: Vec<String>,
    /// What a filter lets through of the list, or of the files whose digests are taken.
    filters: Vec<Filter>,
    /// Why the list cannot be one of everything that is published.
    wrong: Option<String>,
    /// Why the output from which it is taken does not hold it, or is not shown to.
    missing: Option<Missing>,
    /// The files that were read, each where a step reads it, and whether anything was seen to fill them.
    read: BTreeMap<(Point, String), bool>,
}

/// What is known of an output that is not shown to hold a list.
#[derive(Debug)]
enum Missing {
    Shown(String),
    Unshown(String),
}

impl Missing {
    fn coverage(&self) -> Coverage {
        match self {
            Self::Shown(why) => Coverage::Wrong(why.clone()),
            Self::Unshown(why) => Coverage::Unread(why.clone()),
        }
    }
}

/// A command that lets only some lines of a list through.
#[derive(Debug)]
struct Filter {
    /// The words one of which a line has to hold; none where nothing tells.
    words: Vec<String>,
    /// It has to hold none of them.
    without: bool,
    /// As it is written.
    program: String,
}

impl Listed {
    /// Why a list says nothing of a publication that names no files: it is not taken of what the publishing step made, or
    /// was handed.
    fn of_others(&self, flow: &Flow, facts: &FlowFacts<'_>, unit: &Unit<'_, '_>) -> Option<Coverage> {
        let publish = unit.publish;
        let key = flow.jobs.get(publish.job).map_or("", |job| job.key.as_str());
        let mut taken = self.points.iter().chain(&self.tools).peekable();
        let handed = bytes::artifact_feeders(flow, facts, publish.job, None);
        let of_publisher = self.hashed.iter().any(|f| f.job == key);
        let fits = |point: &Point| match publish.bytes {
            // What is made when it is published has no digest before.
            Bytes::Built => match is_job(flow, point.job, key) {
                true => point.step >= publish.step,
                false => of_publisher && facts.earlier(flow, point.job).contains(&publish.job),
            },
            _ => is_job(flow, point.job, key) || handed.contains(&point.job),
        };
        let made_there = publish.bytes != Bytes::Built
            && self.hashed.iter().any(|f| bytes::legs(flow, &f.job).any(|at| handed.contains(&at)));
        if taken.peek().is_none() || made_there || taken.any(fits) {
            return None;
        }
        Some(match publish.bytes {
            Bytes::Built => Coverage::No,
            _ => Coverage::Unread(
                "nothing shows that the files whose digests are taken are those that are published".to_owned(),
            ),
        })
    }

    /// The step covers what a tool makes in its job.
    fn by_tool(&mut self, point: &Point) {
        self.tool = true;
        self.tools.push(point.clone());
    }
}

/// The output in which GoReleaser's action lists what it made, and the folder that holds all of it.
/// Source: <https://github.com/goreleaser/goreleaser-action#outputs>, <https://goreleaser.com/customization/dist/>
const ARTIFACTS: &str = ".outputs.artifacts";
const MADE_IN: &str = "dist/";
/// Digest lists pass through at most this many steps.
const MOST_LISTS: usize = 6;

/// Reads where the digests of a list come from.
fn read_list(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    texts: &[&Text],
    unit: &Unit<'_, '_>,
    listed: &mut Listed,
    depth: usize,
) {
    let mut any = false;
    let symbols: Vec<&str> = texts.iter().flat_map(|t| t.symbols()).collect();
    let mut seen: Vec<&Step> = Vec::new();
    for symbol in &symbols {
        let Some((job, step)) = step_of_symbol(flow, symbol) else { continue };
        any = true;
        let script = matches!(step.body, StepBody::Script(_));
        if script && seen.iter().any(|known| std::ptr::eq(*known, step)) {
            continue;
        }
        seen.push(step);
        let at = flow.jobs.iter().position(|j| std::ptr::eq(&**j, job));
        let index = job.steps.iter().position(|s| std::ptr::eq(&**s, step));
        let (Some(at), Some(index)) = (at, index) else { continue };
        let runs = job.cond.clone().and(step.cond.clone());
        if !unit.publish.cond.implies(&runs) {
            listed.wrong = Some(not_always("the list of digests", &runs, None));
        }
        let script = match &step.body {
            StepBody::Script(script) => script,
            StepBody::Action(action) => {
                let sums = matching::tool_of_action(Does::Sum, &action.name);
                let holds = |tool: &Tool| tool.outputs.is_empty() || tool.outputs.iter().any(|o| o == name_of(symbol));
                if sums.is_some_and(holds) {
                    listed.by_tool(&Point { job: at, step: index });
                }
                if symbol.ends_with(ARTIFACTS) {
                    listed.made.push(Point { job: at, step: index });
                }
                listed.unread |= !listed.tool;
                continue;
            }
            StepBody::Opaque { .. } => {
                listed.unread = true;
                continue;
            }
        };
        // Every leg of a matrix writes the same output of its job: only the one that ends last counts.
        let legs = flow.legs(&job.key).count();
        let own = format!("jobs.{}.steps.", job.key);
        let mut outputs: Vec<&str> = symbols.iter().filter(|s| s.starts_with(&own)).copied().collect();
        outputs.sort_unstable();
        outputs.dedup();
        let named = symbols.iter().filter(|s| step_of_symbol(flow, s).is_some_and(|(_, other)| other.is(step)));
        let values = written(flow, facts, unit, (job, step), named, listed);
        let before = (listed.hashed.len(), listed.tool, listed.single.len());
        let mut handed: Vec<&Text> = Vec::new();
        // Where every leg writes an output of its own, all of them are in the list.
        let of_leg = |leg: usize| {
            let steps = &flow.jobs.get(leg)?.steps;
            let index = steps.iter().position(|s| s.id == step.id)?;
            let StepBody::Script(script) = &steps.get(index)?.body else { return None };
            Some((Point { job: leg, step: index }, &**script))
        };
        let scripts: Vec<(Point, &Script)> = match legs > 1 && outputs.len() >= legs {
            true => bytes::legs(flow, &job.key).filter_map(of_leg).collect(),
            false => vec![(Point { job: at, step: index }, script)],
        };
        for (point, script) in &scripts {
            // Where the value shows which digests it holds, those that are taken besides are none of them.
            let printed = printed_by(script, &values);
            let besides = |c: &Command| {
                !printed.is_empty()
                    && matching::does(Does::Digest, &c.words)
                    && !printed.iter().any(|known| std::ptr::eq(*known, c))
            };
            for command in script.commands.iter().filter(|c| !besides(c)) {
                handed.extend(words_of(command).chain(step.env.iter().map(|(_, v)| v)));
                read_command(flow, facts, point, (script, command), listed);
            }
        }
        if handed.iter().flat_map(|t| t.symbols()).any(|s| s.ends_with(ARTIFACTS)) {
            listed.by_tool(&Point { job: at, step: index });
            listed.made.push(Point { job: at, step: index });
        }
        if listed.hashed.len() > before.0 && legs > outputs.len().max(1) && unit.files.iter().any(|f| f.job == job.key)
        {
            listed.wrong = Some(format!(
                "every leg of the job {} writes the list of digests anew, and only the one that ends last counts",
                job.key
            ));
        }
        if (listed.hashed.len(), listed.tool, listed.single.len()) == before {
            // Handed on from another list, as a job that joins several does.
            let own = format!("jobs.{}.", job.key);
            handed.retain(|t| t.symbols().any(|s| s.contains("jobs.") && !s.starts_with(&own)));
            if handed.is_empty() || depth >= MOST_LISTS {
                listed.unread = true;
            } else {
                read_list(flow, facts, &handed, unit, listed, depth + 1);
            }
        }
    }
    listed.unread |= !any;
}

/// What a step writes into the outputs that symbols name. What is not shown to be a list there is noted down.
fn written<'f, 's>(
    flow: &'f Flow,
    facts: &FlowFacts<'_>,
    unit: &Unit<'_, '_>,
    place: (&'f Job, &'f Step),
    symbols: impl Iterator<Item = &'s &'s str>,
    listed: &mut Listed,
) -> Vec<&'f OutputWrite> {
    let mut values = Vec::new();
    for symbol in symbols {
        if let Some(Output::Written(written)) = of_script(unit.checkout, flow, facts, place, symbol) {
            values.extend(written);
        }
        let missing = match no_digest(unit.checkout, flow, facts, place, symbol) {
            Some(Coverage::Wrong(why)) => Missing::Shown(why),
            Some(Coverage::Unread(why)) => Missing::Unshown(why),
            _ => continue,
        };
        listed.missing.get_or_insert(missing);
    }
    values
}

fn words_of(command: &Command) -> impl Iterator<Item = &Text> {
    command.words.iter().chain(command.env.iter().map(|(_, v)| v)).chain(&command.input)
}

/// Reads whose digests a command takes; `false` when it takes none.
fn take(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    point: &Point,
    (script, command): (&Script, &Command),
    listed: &mut Listed,
) -> bool {
    let Some(words) = command.views().next_back() else { return false };
    if !matching::does(Does::Digest, words) {
        return false;
    }
    let files = |name: &str| {
        let path = super::naming::join(command.folder.as_str(), name);
        bytes::origin(flow, facts, point.job, point.step, &path).files
    };
    listed.filters.extend(filters(script, command));
    listed.points.push(point.clone());
    let option = |word: &Text| {
        let of_program =
            words.first().and_then(matching::program) == Some("shasum") && matches!(word.as_str(), "1" | "256" | "512");
        word.as_str().starts_with('-') || of_program
    };
    let mut named = words.iter().skip(1).filter(|word| !option(word)).peekable();
    // What a wrapper supplies stands nowhere, or as `{}`.
    let found = words.len() < command.words.len();
    if named.peek().is_none_or(|word| found && word.as_str() == "{}") {
        match found.then(|| found_for(script, command)).flatten() {
            Some(search) => {
                listed.hashed.extend(search.names.iter().flat_map(|name| files(name)));
                listed.filters.extend(search.filter);
            }
            None => listed.by_tool(point),
        }
        return true;
    }
    for word in named {
        match word.symbol() {
            None => listed.hashed.extend(files(word.as_str())),
            // What a loop or another command supplies may be any files.
            Some(symbol) if ["item(", "read(", "loop", "shell("].iter().any(|s| symbol.starts_with(s)) => {
                listed.filters.extend(chosen(symbol));
                listed.by_tool(point);
            }
            Some(_) => listed.single.push(word.to_string()),
        }
    }
    true
}

/// The commands of the line of another one: what it is fed by, and what it feeds.
pub(super) fn line<'s>(script: &'s Script, command: &Command) -> impl Iterator<Item = &'s Command> {
    let (path, line) = (command.location.path.clone(), command.location.line);
    script.commands.iter().filter(move |c| c.location.path == path && c.location.line == line)
}

/// What the commands of a line let through.
fn filters(script: &Script, command: &Command) -> Vec<Filter> {
    let of = |c: &Command| {
        let words = c.views().next_back()?;
        let program = words.first().and_then(matching::program)?;
        let words: Vec<&str> = words.iter().skip(1).map(Text::as_str).collect();
        filter(program, &words)
    };
    line(script, command).filter_map(of).collect()
}

/// What a filter in the text of a command lets through.
fn chosen(symbol: &str) -> Option<Filter> {
    let mut words = symbol.split(['|', '(', ')', '<', '>']).map(str::trim).filter_map(|part| {
        let mut words = part.split(' ');
        let program = words.next()?;
        filter(program, &words.collect::<Vec<_>>())
    });
    words.next()
}

fn filter(program: &str, words: &[&str]) -> Option<Filter> {
    let grep = matches!(program, "grep" | "egrep" | "fgrep" | "rg");
    let flags = || words.iter().filter(|w| w.starts_with('-') && !w.starts_with("--")).flat_map(|w| w.chars());
    if !grep && !matches!(program, "head" | "tail") || grep && flags().any(|c| matches!(c, 'q' | 'c' | 'l')) {
        return None;
    }
    let pattern = words.iter().find(|w| !w.starts_with('-')).filter(|_| grep);
    let plain = |part: &str| part.replace('\\', "").trim_matches(['^', '$', '(', ')', '"', '\'', ' ']).to_owned();
    let known = |part: &String| !part.is_empty() && !part.contains(['*', '+', '?', '[', '{', '$', '(']);
    let parts: Vec<String> = pattern.iter().flat_map(|p| p.split('|')).map(plain).collect();
    Some(Filter {
        words: if parts.iter().all(known) { parts } else { Vec::new() },
        without: flags().any(|c| c == 'v') || words.contains(&"--invert-match"),
        program: program.to_owned(),
    })
}

impl Filter {
    /// Whether the digests of all files of a pattern pass.
    fn passes(&self, pattern: &str) -> bool {
        let name = pattern.rsplit('/').next().unwrap_or(pattern);
        let holds = |word: &String| name.split('*').any(|part| part.contains(word.as_str()));
        match self.without {
            true => {
                let other = |word: &String| ancillary(&format!("x{word}"));
                !self.words.is_empty() && self.words.iter().all(|w| !holds(w) && (other(w) || !name.contains('*')))
            }
            false => self.words.iter().any(holds),
        }
    }
}

/// What `find` names for a command.
#[derive(Default)]
pub(super) struct Search {
    pub names: Vec<String>,
    /// What keeps some of these files from it.
    filter: Option<Filter>,
}

/// The files that `find` names for a command that it runs, or for one of its line; `None` where something else may name
/// some.
pub(super) fn found_for(script: &Script, command: &Command) -> Option<Search> {
    if command.words.first().and_then(matching::program) == Some("find") {
        return search(&command.words);
    }
    let mut found = Search::default();
    for other in line(script, command).filter(|c| c.location != command.location) {
        match other.words.first().and_then(matching::program)? {
            "find" => {
                let one = search(&other.words)?;
                found.names.extend(one.names);
                found.filter = found.filter.or(one.filter);
            }
            _ if matching::does(Does::Pass, &other.words) => {}
            _ => return None,
        }
    }
    (!found.names.is_empty()).then_some(found)
}

/// What the words of `find` ask for, where they are known. Tests whose outcome nothing shows may leave out any file.
pub(super) fn search(words: &[Text]) -> Option<Search> {
    const PLAIN: &[&str] = &["-print", "-print0", "-o", "-or", "-a", "-and", "(", ")"];
    let is_root = |w: &&str| !w.starts_with(['-', '(', '!']);
    let words: Vec<&str> = words.iter().skip(1).map(Text::as_str).collect();
    if words.iter().any(|word| word.contains("${{")) {
        return None;
    }
    let mut roots: Vec<&str> = words.iter().copied().take_while(is_root).collect();
    let mut rest = words.iter().skip(roots.len()).copied();
    let (mut named, mut without, mut open, mut negated) = (Vec::new(), Vec::new(), false, false);
    let mut flat = false;
    while let Some(word) = rest.next() {
        let not = std::mem::replace(&mut negated, matches!(word, "!" | "-not"));
        match word {
            "!" | "-not" => {}
            "-name" | "-iname" if not => without.extend(rest.next()),
            "-name" | "-iname" => named.extend(rest.next()),
            "-type" => open |= not || rest.next() != Some("f"),
            "-maxdepth" => flat = rest.next() == Some("1"),
            "-mindepth" => drop(rest.next()),
            "-exec" | "-execdir" | "-ok" => drop(rest.find(|w| matches!(*w, ";" | "+"))),
            plain => open |= not || !PLAIN.contains(&plain),
        }
    }
    if roots.is_empty() {
        roots.push(".");
    }
    if named.is_empty() {
        named.push("*");
    }
    let below = if flat { "" } else { "**/" };
    let names = roots.iter().flat_map(|root| named.iter().map(move |name| format!("{root}/{below}{name}"))).collect();
    let plain = |name: &str| name.replace('*', "");
    let filter = (open || !without.is_empty()).then(|| Filter {
        words: if open { Vec::new() } else { without.into_iter().map(plain).collect() },
        without: !open,
        program: "find".to_owned(),
    });
    Some(Search { names, filter })
}

fn read_command(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    point: &Point,
    (script, command): (&Script, &Command),
    listed: &mut Listed,
) {
    if take(flow, facts, point, (script, command), listed) {
        return;
    }
    if matching::does(Does::Sum, &command.words) {
        listed.by_tool(point);
    } else if matching::does(Does::Read, &command.words) {
        let mut read = words_of(command).chain(&command.output).filter(|w| is_list(w.as_str())).peekable();
        if read.peek().is_none() {
            return;
        }
        listed.filters.extend(filters(script, command));
        for file in read {
            let path = super::naming::join(command.folder.as_str(), file.as_str());
            if !read_file(flow, facts, point, &path, listed) {
                listed.by_tool(point);
            }
        }
    }
}

/// Reads which commands fill a checksums file; `false` when none does that can be seen.
fn read_file(flow: &Flow, facts: &FlowFacts<'_>, point: &Point, path: &str, listed: &mut Listed) -> bool {
    let key = (point.clone(), path.to_owned());
    if let Some(known) = listed.read.get(&key) {
        return *known;
    }
    // A file that is filled with itself has nothing more in it.
    listed.read.insert(key.clone(), false);
    let origin = bytes::origin(flow, facts, point.job, point.step, path);
    let mut places: Vec<(usize, String)> = vec![(point.job, glob::normal(path))];
    places.extend(origin.files.iter().flat_map(|f| bytes::legs(flow, &f.job).map(|at| (at, f.pattern.clone()))));
    places.sort_unstable();
    places.dedup();
    let mut any = false;
    for (at, path) in places {
        let Some(job) = flow.jobs.get(at) else { continue };
        for (step, script) in scripts(&job.steps) {
            if !facts.count.comparisons(script.commands.len()) {
                return false;
            }
            let point = Point { job: at, step };
            let names = |file: &Text, command: &Command| {
                glob::overlaps(&path, &super::naming::join(command.folder.as_str(), file.as_str()))
            };
            let tee = |c: &Command| c.words.first().is_some_and(|w| w.as_str() == "tee");
            let fills = |c: &Command| {
                c.output.as_ref().is_some_and(|o| names(o, c)) || tee(c) && c.words.iter().skip(1).any(|w| names(w, c))
            };
            for command in script.commands.iter().filter(|c| fills(c)) {
                // In a pipe the redirection stands behind the last command of the line.
                for hashing in line(script, command) {
                    any |= take(flow, facts, &point, (script, hashing), listed);
                }
                // `cat parts/*.sha256 > all.sha256`
                if command.words.first().is_some_and(|w| w.as_str() == "cat") {
                    listed.filters.extend(filters(script, command));
                    for part in command.words.iter().skip(1).filter(|w| !w.as_str().starts_with('-')) {
                        let part = super::naming::join(command.folder.as_str(), part.as_str());
                        any |= read_file(flow, facts, &point, &part, listed);
                    }
                }
            }
        }
    }
    listed.read.insert(key, any);
    any
}

fn scripts(steps: &[Arc<Step>]) -> impl Iterator<Item = (usize, &Script)> {
    steps.iter().enumerate().filter_map(|(at, step)| match &step.body {
        StepBody::Script(script) => Some((at, &**script)),
        _ => None,
    })
}

/// Whether a list of digests that another job computes names the files of the unit.
pub(super) fn listed(flow: &Flow, facts: &FlowFacts<'_>, subjects: &[Text], unit: &Unit<'_, '_>) -> Coverage {
    if subjects.iter().all(Text::is_empty) {
        return Coverage::No;
    }
    let mut list = Listed::default();
    read_list(flow, facts, &subjects.iter().collect::<Vec<_>>(), unit, &mut list, 0);
    if unit.publish.bytes == Bytes::Packed {
        let touches = list.hashed.iter().any(|f| unit.builds.iter().any(|at| is_job(flow, *at, &f.job)));
        return packed_again(unit.kind, touches, list.hashed.iter().map(|f| f.pattern.as_str()));
    }
    if list.hashed.is_empty() && list.single.is_empty() && !list.tool && list.wrong.is_none() {
        if let Some(missing) = &list.missing {
            return missing.coverage();
        }
        return Coverage::Unread("the list of digests that is handed to it cannot be read".to_owned());
    }
    if unit.files.is_empty()
        && let Some(doubt) = list.of_others(flow, facts, unit)
    {
        return doubt;
    }
    match (named(flow, facts, &list, unit), &list.missing) {
        (Coverage::Yes(_), _) if unit.publish.sink.rewrites => changed_by_registry(),
        (Coverage::Yes(_), Some(missing)) => missing.coverage(),
        (other, _) => other,
    }
}

/// Whether a job goes by this key.
fn is_job(flow: &Flow, at: usize, key: &str) -> bool {
    flow.jobs.get(at).is_some_and(|job| job.key == key)
}

/// Whether the checksums file that a step reads names the files of the unit; `None` when nothing shows what fills it.
pub(super) fn checksums(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    point: &Point,
    path: &str,
    unit: &Unit<'_, '_>,
) -> Option<Coverage> {
    let key = (point.clone(), path.to_owned());
    let known = facts.lists.borrow().get(&key).cloned();
    let list = known.unwrap_or_else(|| {
        let mut list = Listed::default();
        let found = read_file(flow, facts, point, path, &mut list).then(|| Rc::new(list));
        facts.lists.borrow_mut().insert(key, found.clone());
        found
    })?;
    Some(named(flow, facts, &list, unit))
}

fn named(flow: &Flow, facts: &FlowFacts<'_>, list: &Listed, unit: &Unit<'_, '_>) -> Coverage {
    if let Some(why) = &list.wrong {
        return Coverage::Wrong(why.clone());
    }
    let mut taken = list.points.iter().chain(&list.tools);
    let stale = taken.find_map(|point| rewritten::since(flow, facts, point, unit.publish, unit.files));
    if let Some(stale) = stale {
        let at = &stale.location;
        if !stale.shown {
            return Coverage::Unread(stale.doubt());
        }
        return Coverage::Wrong(format!(
            "the files change in line {} of {}, after their digests are taken",
            at.line, at.path
        ));
    }
    let dropped = |f: &FileRef| list.filters.iter().find(|filter| !filter.passes(&f.pattern));
    if let Some(filter) = unit.files.iter().find_map(dropped) {
        return Coverage::Unread(format!(
            "nothing shows that `{}` leaves the digests of everything that is published in the list",
            filter.program
        ));
    }
    let same = |f: &FileRef| list.single.iter().any(|s| f.pattern == *s || f.pattern.ends_with(&format!("/{s}")));
    if !list.tool && !list.single.is_empty() && !list.unread {
        let listed = |f: &FileRef| {
            same(f) || list.hashed.iter().any(|h| h.job == f.job && glob::contains(&h.pattern, &f.pattern))
        };
        return match unit.files.iter().all(listed) {
            true => Coverage::Yes("its subjects are the digests of these files".to_owned()),
            false => Coverage::Unread(format!(
                "nothing shows which file's digest is taken: `{}`",
                list.single.first().map_or("", String::as_str)
            )),
        };
    }
    // What a job lists without naming it are files that it has: its own, or those of jobs that it waits for.
    let has = |point: &Point| {
        let is = |key: &str| flow.jobs.get(point.job).is_some_and(|j| j.key == key);
        unit.builds.contains(&point.job)
            || unit.files.iter().any(|f| is(&f.job))
            || flow.jobs.get(unit.publish.job).is_some_and(|j| is(&j.key))
            || facts.earlier(flow, point.job).iter().any(|before| unit.builds.contains(before))
    };
    if list.tool && list.hashed.is_empty() && !list.tools.iter().any(has) {
        return Coverage::No;
    }
    if list.hashed.is_empty()
        && let Some(file) = made_elsewhere(flow, facts, list, unit)
    {
        return Coverage::Unread(format!("nothing shows that the release tool made `{file}`, whose list it is"));
    }
    if list.tool && list.hashed.is_empty() && unit.publish.says(UNLISTED) {
        return Coverage::Unread("nothing shows that the release tool lists what it uploads besides".to_owned());
    }
    let lists = || list.tools.iter().chain(&list.points);
    let beyond = |f: &&FileRef| {
        let beyond = |point: &Point| bytes::out_of_reach(flow, facts, point.job, std::slice::from_ref(*f)).is_some();
        lists().all(beyond)
    };
    if !list.unread && lists().next().is_some() && unit.files.iter().any(|f| beyond(&f)) {
        return Coverage::No;
    }
    let fits = || list.hashed.iter().any(|file| may_be_published(unit.kind, &file.pattern));
    if unit.files.is_empty() && !list.tool && !list.unread && !list.hashed.is_empty() && !fits() {
        return Coverage::Unread(
            "nothing shows that the files whose digests are listed are those that it publishes".to_owned(),
        );
    }
    if list.tool || list.unread || unit.files.is_empty() {
        return Coverage::Yes("its subjects are the digests that the building job lists".to_owned());
    }
    let hashed = &list.hashed;
    let inside = |f: &FileRef| hashed.iter().any(|h| h.job == f.job && contains_loosely(&h.pattern, &f.pattern));
    if unit.files.iter().all(inside) {
        return Coverage::Yes("its subjects are the digests of these files".to_owned());
    }
    // Files that the job moves after it has listed them.
    let moved = |f: &FileRef| {
        let after = list.points.iter().filter(|p| flow.jobs.get(p.job).is_some_and(|j| j.key == f.job));
        after.into_iter().any(|point| moved_from(flow, facts, point, f).iter().any(inside))
    };
    if unit.files.iter().all(|f| inside(f) || moved(f)) {
        return Coverage::Yes(
            "its subjects are the digests that the same job lists before it moves the files".to_owned(),
        );
    }
    let missing = || unit.files.iter().find(|f| !inside(f)).map_or("", |f| f.pattern.as_str()).to_owned();
    if unit.files.iter().any(|f| hashed.iter().any(|h| h.job == f.job && glob::overlaps(&h.pattern, &f.pattern))) {
        return Coverage::Wrong(format!(
            "the digests handed to it do not name everything that is published as `{}`",
            missing()
        ));
    }
    if unit.files.iter().any(|f| hashed.iter().any(|h| h.job == f.job)) {
        return Coverage::Wrong(format!("the digests handed to it are those of other files than `{}`", missing()));
    }
    Coverage::No
}

/// A published file that lies outside of where the release tool of its job puts what it makes and lists.
fn made_elsewhere<'u>(flow: &Flow, facts: &FlowFacts<'_>, list: &Listed, unit: &Unit<'u, '_>) -> Option<&'u str> {
    let made = |p: &str| p.starts_with(MADE_IN) || p.contains(&format!("/{MADE_IN}"));
    let elsewhere = |f: &&FileRef| {
        let of_job = |point: &&Point| flow.jobs.get(point.job).is_some_and(|job| job.key == f.job);
        let mut own = list.made.iter().filter(of_job).peekable();
        own.peek().is_some() && !own.any(|point| was_in(flow, facts, point.job, f, &made))
    };
    unit.files.iter().find(elsewhere).map(|f| f.pattern.as_str())
}

/// Whether a file of a job lies where `within` says, or did before a command put it elsewhere. What nothing resolves may.
pub(super) fn was_in(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    job: usize,
    file: &FileRef,
    within: &dyn Fn(&str) -> bool,
) -> bool {
    let may = |pattern: &str| is_somewhere(pattern) || within(pattern);
    let start = Point { job, step: 0 };
    may(&file.pattern) || moved_from(flow, facts, &start, file).iter().any(|before| may(&before.pattern))
}

/// Whether nothing tells in which folder of the checkout the files of a pattern lie.
pub(super) fn is_somewhere(pattern: &str) -> bool {
    pattern.starts_with(['$', '*', '/', '~']) || pattern.contains("${{")
}

/// Where the files of a pattern lay before what their job moves from a step on.
pub(super) fn moved_from(flow: &Flow, facts: &FlowFacts<'_>, point: &Point, file: &FileRef) -> Rc<[FileRef]> {
    let key = (point.clone(), file.clone());
    if let Some(known) = facts.moved.borrow().get(&key) {
        return Rc::clone(known);
    }
    let job = flow.jobs.get(point.job).filter(|j| j.key == file.job);
    let Some((job, own)) = job.zip(facts.get(point.job)) else { return Rc::default() };
    let pattern = Pattern::new(&file.pattern);
    let later = || own.moves(job).iter().filter(|m| m.step >= point.step);
    if !facts.count.comparisons(later().map(|m| m.cost(&pattern)).sum()) {
        return Rc::default();
    }
    let before: Rc<[FileRef]> =
        later().flat_map(|m| m.before(&pattern)).map(|pattern| FileRef { job: file.job.clone(), pattern }).collect();
    facts.moved.borrow_mut().insert(key, Rc::clone(&before));
    before
}

/// Containment in which a bare `*` of a hashing command reaches files of any folder with the same ending.
fn contains_loosely(outer: &str, inner: &str) -> bool {
    glob::contains(outer, inner) || outer.ends_with("/*") && glob::contains(&format!("{outer}*"), inner)
}
