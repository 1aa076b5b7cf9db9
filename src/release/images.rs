//! Whether the subject of provenance is the image that is pushed, and which pushes an index is made of.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::bytes;
use super::coverage::{Coverage, Unit, is_image};
use super::doer::Picked;
use super::facts::{FlowFacts, Publish, names_missing_output, step_of_leg};
use super::glob;
use super::naming::{self, image_name};
use super::outputs::{other_than_digest, tells_the_run};
use super::own_images::renamed;
use super::speech::numbers_image;
use super::withheld;
use crate::catalogue::{Bytes, Catalogue, Does, Naming};
use crate::commands::matching;
use crate::model::{Command, Flow, Job, Kind, Step, StepBody, Text};
use crate::syntax::pattern;

pub(super) fn image_covered(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    attest: usize,
    unit: &Unit<'_, '_>,
    names: &[String],
    digests: &[Picked],
) -> Coverage {
    if names.is_empty() && digests.is_empty() {
        return Coverage::No;
    }
    let index = unit.publish.sink.index;
    let mut before = (*facts.earlier(flow, attest)).clone();
    before.insert(attest);
    let meant = |name: &String| {
        let name = Text::new(name.as_str());
        name.lacks().map(|_| image_name(withheld::meant(flow, &name).as_str()))
    };
    let names: Vec<String> = names.iter().cloned().chain(names.iter().filter_map(meant)).collect();
    let of = |d: &Picked| Picked { value: withheld::meant(flow, &d.value), location: d.location.clone() };
    let digests: Vec<Picked> = digests.iter().map(of).collect();
    // A name with unknown parts is that of the push which it fits best, and that of an image no chart's beside it.
    let fits = names.iter().map(|name| match fit(name, unit.names) {
        Fit::No => (Fit::No, Fit::No),
        Fit::Same if unit.kind == Kind::Image => (Fit::Same, Fit::No),
        fit => (fit, elsewhere(flow, facts, name, unit, &before)),
    });
    let fits: Vec<(Fit, Fit)> = fits.collect();
    let doubtful = fits.iter().any(|(own, other)| *own == Fit::May && *other == Fit::May);
    let named = fits.iter().any(|(own, other)| own > other)
        || names.iter().any(|name| told_by_publisher(flow, facts, name, unit))
        || digests.iter().any(|digest| put_elsewhere(flow, facts, &names, digest, unit));
    for digest in &digests {
        for symbol in digest.value.symbols().map(|symbol| taken_from(flow, facts, symbol, 0)) {
            if is_number(flow, facts, symbol) {
                let why = "its subject is the number of an image, which is not the digest of what is pushed";
                return if named { Coverage::Wrong(why.to_owned()) } else { Coverage::No };
            }
            let Some((job, step)) = facts.step_of_symbol(flow, symbol) else {
                if names_missing_output(flow, symbol) {
                    return Coverage::Wrong("its subject is an output that is not there".to_owned());
                }
                continue;
            };
            let publishing = flow.jobs.get(unit.publish.job).is_some_and(|j| j.key == job.key)
                && step.includes(unit.publish.doer.step());
            let other = || {
                let symbols = digest.value.symbols().chain([symbol]);
                symbols.into_iter().find_map(|s| other_than_digest(unit.checkout, flow, facts, s))
            };
            if (publishing || named)
                && let Some(other) = other()
            {
                return other;
            }
            if publishing {
                // Where a step pushes several images, the name tells which of them the digest is of.
                if !named && pushes_others(flow, facts, unit) {
                    return match doubtful || names.iter().any(|name| Text::new(name.as_str()).symbol().is_some()) {
                        true => Coverage::Unread("nothing shows which of the images of its step it names".to_owned()),
                        false => Coverage::No,
                    };
                }
                if let Some(other) = of_another_image(flow, step, unit).filter(|_| !named) {
                    return other;
                }
                // Every leg of a matrix writes the same output of its job.
                let legs = facts.iter().enumerate().filter(|(at, own)| {
                    let pushes = |p: &Publish<'_>| step.includes(p.doer.step()) && !p.cond.is_never();
                    flow.jobs.get(*at).is_some_and(|j| j.key == job.key) && own.publishes.iter().any(pushes)
                });
                let elsewhere = flow.jobs.get(attest).is_none_or(|j| j.key != job.key);
                return if elsewhere && legs.count() > 1 {
                    Coverage::Wrong(format!(
                        "every leg of the job {} writes the output with the digest anew, and only the one that ends last counts",
                        job.key
                    ))
                } else {
                    Coverage::Yes("its subject is the digest that this step pushes".to_owned())
                };
            }
            if !named {
                continue;
            }
            // The digest of another push is that of another image, whatever the name.
            let pushes = facts.iter().flat_map(|f| &f.publishes).any(|p| {
                is_image(p.sink.kind)
                    && flow.jobs.get(p.job).is_some_and(|j| j.key == job.key)
                    && step.includes(p.doer.step())
            });
            if pushes {
                return if index {
                    Coverage::Wrong(
                        "its subject is the digest of a platform's image, and the index that is published has another one".to_owned(),
                    )
                } else {
                    Coverage::No
                };
            }
            if pushes_elsewhere(step) {
                return Coverage::Wrong("its subject is the digest of an image that its step does not push".to_owned());
            }
        }
    }
    if !named {
        // A name that the run computes may be that of whatever was pushed before.
        let computed = doubtful || names.iter().any(|name| Text::new(name.as_str()).symbol().is_some());
        return match computed && before.contains(&unit.publish.job) {
            true => Coverage::Unread("the run computes which image its subject is".to_owned()),
            false => Coverage::No,
        };
    }
    digests
        .iter()
        .find_map(|d| other_digest(flow, facts, (attest, d), unit, &before))
        .unwrap_or_else(|| Coverage::Yes("its subject is this image".to_owned()))
}

/// What the step that publishes a unit pushes.
fn pushed_there<'f, 'p>(facts: &'f FlowFacts<'p>, unit: &Unit<'_, '_>) -> impl Iterator<Item = &'f Publish<'p>> {
    let (job, step) = (unit.publish.job, unit.publish.step);
    let own = facts.get(job).into_iter().flat_map(|own| &own.publishes);
    own.filter(move |p| p.step == step && is_image(p.sink.kind) && !p.cond.is_never())
}

/// Whether the step that publishes a unit pushes further images.
fn pushes_others(flow: &Flow, facts: &FlowFacts<'_>, unit: &Unit<'_, '_>) -> bool {
    let mut pushes = pushed_there(facts, unit);
    match (pushes.next(), pushes.next()) {
        // One command may push several programs.
        (Some(only), None) => {
            only.sink.naming == Naming::GoPrograms && naming::names(unit.checkout, flow, only).len() > 1
        }
        (_, second) => second.is_some(),
    }
}

/// Whether a name that nothing resolves is taken from what the publishing step tells of itself, and it pushes images of
/// one name only: a release tool lists what it made.
fn told_by_publisher(flow: &Flow, facts: &FlowFacts<'_>, name: &str, unit: &Unit<'_, '_>) -> bool {
    let name = Text::new(name);
    let Some(symbol) = name.symbol() else { return false };
    let told = facts.step_of_symbol(flow, taken_from(flow, facts, symbol, 0)).is_some_and(|(job, step)| {
        flow.jobs.get(unit.publish.job).is_some_and(|j| j.key == job.key) && step.includes(unit.publish.doer.step())
    });
    let same = |p: &Publish<'_>| {
        let named = naming::names(unit.checkout, flow, p);
        named.iter().flat_map(|n| &n.places).all(|place| unit.names.contains(place))
    };
    told && pushed_there(facts, unit).all(same)
}

/// Whether an output holds the number of an image and not its digest, by its name or by what is written into it.
fn is_number(flow: &Flow, facts: &FlowFacts<'_>, symbol: &str) -> bool {
    let Some((_, name)) = symbol.rsplit_once(".outputs.") else { return false };
    let script = facts.step_of_symbol(flow, symbol).and_then(|(_, step)| step.script());
    let mut written = script.into_iter().flat_map(|script| &script.outputs).filter(|output| output.name == name);
    numbers_image(name) || written.any(|output| numbers_image(output.value.as_str()))
}

/// Outputs are handed on at most this many times.
const MOST_TAKEN: usize = 4;

/// The output that a step with this one only takes apart and hands on: what `echo "$ref" | cut -d@ -f2` writes is the
/// digest of the reference that another step wrote.
fn taken_from<'s>(flow: &'s Flow, facts: &FlowFacts<'_>, symbol: &'s str, depth: usize) -> &'s str {
    let Some((job, step)) = facts.step_of_symbol(flow, symbol).filter(|_| depth < MOST_TAKEN) else { return symbol };
    let StepBody::Script(script) = &step.body else { return symbol };
    // Legs of a matrix may each write an output of their own.
    if flow.legs(&job.key).count() > 1 {
        return symbol;
    }
    let query = |c: &Command| {
        let found = matching::tool(Does::Query, &c.words);
        found.is_some_and(|(tool, after)| matching::positional(&c.words, after, &tool.value_flags).len() < 2)
    };
    let text = |c: &Command| matching::does(Does::Text, &c.words) || query(c);
    if !script.unread.is_empty() || !script.commands.iter().all(text) {
        return symbol;
    }
    // What is written word for word comes from nowhere else, and what is not written does neither.
    let name = symbol.rsplit(".outputs.").next().unwrap_or_default();
    let mut written = script.outputs.iter().filter(|o| o.name == name).peekable();
    if written.peek().is_none() && script.unnamed.is_empty() || written.any(|o| o.value.is_literal()) {
        return symbol;
    }
    let own = |s: &&str| facts.step_of_symbol(flow, s).is_some_and(|(j, s)| j.key == job.key && s.is(step));
    // What a command names has its value already: these are for those that read their environment.
    let words = || script.commands.iter().flat_map(|c| c.words.iter().chain(&c.input));
    let env = step.env.iter().filter(|(name, _)| words().any(|word| word.as_str().contains(name.as_str())));
    let read = words().chain(env.map(|(_, value)| value));
    let mut sources: Vec<&str> =
        read.flat_map(Text::symbols).filter(|s| s.starts_with("jobs.") && s.contains(".steps.") && !own(s)).collect();
    sources.sort_unstable();
    sources.dedup();
    match sources.as_slice() {
        [only] => taken_from(flow, facts, only, depth + 1),
        _ => symbol,
    }
}

/// Why a digest is not one that this run pushes: it is fixed, chosen outside, or read from another image.
fn other_digest(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (attest, digest): (usize, &Picked),
    unit: &Unit<'_, '_>,
    before: &BTreeSet<usize>,
) -> Option<Coverage> {
    const CHOSEN: &[&str] = &["vars.", "inputs.", "secrets.", "github.event."];
    if digest.value.literal().is_some_and(|d| pattern::search(r"^(sha256:)?[0-9a-f]{64}$", d)) {
        return Some(Coverage::Wrong("its subject is a fixed digest, whatever this run pushes".to_owned()));
    }
    let fixed = digest.value.literal().is_some_and(|d| !d.is_empty()) || digest.value.symbols().any(tells_the_run);
    if fixed {
        return Some(Coverage::Wrong(format!("its subject `{}` is no digest of what is pushed", digest.value)));
    }
    if digest.value.is_cut() {
        return Some(Coverage::Unread("the expression of its digest has no end".to_owned()));
    }
    for symbol in digest.value.symbols() {
        if CHOSEN.iter().any(|start| symbol.starts_with(start)) {
            return Some(Coverage::Unread(format!(
                "its digest comes from `{symbol}`, which nothing here ties to what is pushed"
            )));
        }
        let Some((job, step)) = facts.step_of_symbol(flow, symbol) else { continue };
        // Each leg of a matrix reads a digest of its own.
        let (job, step) = step_of_leg(flow, attest, symbol).unwrap_or((job, step));
        if unit.publish.sink.index && is_earlier(flow, job, step, unit) {
            return Some(Coverage::Wrong("its digest is read before the index that is published is made".to_owned()));
        }
        let read = || !inspected(step).is_empty();
        let built = || read() && is_built(facts, unit);
        // What is no image is packed where it is pushed.
        let made = || built() || read() && unit.kind != Kind::Image && unit.publish.bytes != Bytes::Copied;
        let own = flow.jobs.get(unit.publish.job).is_some_and(|publishing| publishing.key == job.key);
        if !own && is_earlier(flow, job, step, unit) && made() {
            return Some(Coverage::Wrong("its digest is read before what is published is pushed".to_owned()));
        }
        if built_apart(flow, job, step, unit) || built() && built_beside(flow, facts, unit, before) {
            return Some(Coverage::Wrong("its digest is that of another build under the same name".to_owned()));
        }
        if let Some((read, pushed)) = under_another_tag(flow, step, symbol, unit) {
            return Some(Coverage::Wrong(format!(
                "its subject is the digest of the tag `{read}`, and what is pushed as `{pushed}` is another image"
            )));
        }
        if let Some(of_file) = of_a_file(step, symbol) {
            return Some(of_file);
        }
        if let Some(other) = of_another_image(flow, step, unit) {
            return Some(other);
        }
    }
    None
}

/// Why the digests that a step asks for are those of another image.
fn of_another_image(flow: &Flow, step: &Step, unit: &Unit<'_, '_>) -> Option<Coverage> {
    let refs = inspected(step);
    let read: Vec<String> = refs.iter().map(|r| image_name(r)).filter(|image| !image.is_empty()).collect();
    let own = |image: &String| image.contains("${{") || fit(image, unit.names) != Fit::No;
    let other = read.first().filter(|_| !read.iter().any(own))?;
    let one = refs.iter().any(|read| same_build(flow, unit, read));
    (!one).then(|| Coverage::Wrong(format!("its subject is the digest of another image, `{other}`")))
}

/// Why a digest is none that a registry or a building program tells: a program takes it of a file.
fn of_a_file(step: &Step, symbol: &str) -> Option<Coverage> {
    let script = step.script()?;
    let name = symbol.rsplit(".outputs.").next()?;
    let value = &script.outputs.iter().find(|output| output.name == name)?.value;
    // The commands that print what is written. Within an unknown, unknown parts are marked in another way.
    let bare = |text: &str| text.replace(['$', '{', '}', '<', '>', ' ', '\''], "");
    let value = bare(value.as_str());
    let line = |c: &Command| bare(&c.words.iter().map(Text::as_str).collect::<String>());
    let prints =
        |does: Does| script.commands.iter().any(|c| matching::does(does, &c.words) && value.contains(&line(c)));
    let why = "its digest is that of a file, and nothing shows that it is the image's";
    (prints(Does::Digest) && !prints(Does::Inspect)).then(|| Coverage::Unread(why.to_owned()))
}

/// Whether a step runs before the one that publishes, in its job or in one that it waits for.
fn is_earlier(flow: &Flow, job: &Job, step: &Step, unit: &Unit<'_, '_>) -> bool {
    let Some(publishing) = flow.jobs.get(unit.publish.job) else { return false };
    if publishing.key != job.key {
        return publishing.needs.contains(&job.key);
    }
    job.steps.iter().position(|s| s.is(step)).is_some_and(|at| at < unit.publish.step)
}

/// The images whose digests a script asks for, as it names them.
fn inspected(step: &Step) -> Vec<String> {
    let StepBody::Script(script) = &step.body else { return Vec::new() };
    let of = |command: &Command| {
        let (tool, after) = matching::tool(Does::Inspect, &command.words)?;
        matching::positional(&command.words, after, &tool.value_flags).first().map(|w| w.to_string())
    };
    script.commands.iter().filter_map(of).collect()
}

/// The reference whose digest an output of a step holds.
fn read_for(step: &Step, symbol: &str) -> Option<String> {
    let refs = inspected(step);
    let StepBody::Script(script) = &step.body else { return None };
    if let [only] = refs.as_slice() {
        return Some(only.clone());
    }
    let name = symbol.rsplit(".outputs.").next()?;
    // Within an unknown, unknown parts are marked in another way.
    let bare = |text: &str| text.replace(['$', '{', '}', '<', '>', ' '], "");
    let value = bare(&script.outputs.iter().find(|o| o.name == name)?.value.to_string());
    refs.into_iter().filter(|r| value.contains(&bare(r))).max_by_key(String::len)
}

/// The tag under which a digest is read, and the other one under which the step pushes, where nothing shows that both are
/// one image.
fn under_another_tag(flow: &Flow, step: &Step, symbol: &str, unit: &Unit<'_, '_>) -> Option<(String, String)> {
    let publish = unit.publish;
    let read = read_for(step, symbol).filter(|r| !r.contains('@'))?;
    let own = references(publish);
    let known = |r: &str| Text::new(r).symbol().is_none();
    if own.is_empty() || !known(&read) || publish.says("-a") || publish.says("--all-tags") {
        return None;
    }
    let tag = |reference: &str| tag_of(reference).unwrap_or("latest").to_owned();
    let wanted = tag(&read);
    // Texts with other unknown parts may stand for the same.
    let apart = |own: &Text| known(own.as_str()) && !own.as_str().contains('@') && differ(&tag(own.as_str()), &wanted);
    if !own.iter().all(apart) {
        return None;
    }
    // What names both makes one the other: a build under several tags, `docker tag`, an index under a second name.
    let both = |texts: &mut dyn Iterator<Item = &Text>| {
        let named: Vec<Text> = texts.flat_map(|t| t.items(&[',', ' '])).collect();
        let is = |part: &Text, wanted: &str| {
            part.as_str().strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with('='))
        };
        named.iter().any(|part| is(part, &read)) && own.iter().any(|o| named.iter().any(|part| is(part, o.as_str())))
    };
    let jobs = flow.jobs.iter().enumerate().filter(|(at, _)| *at == publish.job || unit.builds.contains(at));
    let one = jobs.flat_map(|(_, job)| job.steps.iter()).any(|step| match &step.body {
        StepBody::Script(script) => script.commands.iter().any(|c| both(&mut c.words.iter())),
        StepBody::Action(action) => both(&mut action.inputs.iter().map(|i| &i.value)),
        StepBody::Opaque { .. } => false,
    });
    (!one).then(|| (wanted, own.first().map_or_else(String::new, |o| tag(o.as_str()))))
}

/// Whether two texts cannot stand for the same, whatever their unknown parts are.
fn differ(a: &str, b: &str) -> bool {
    let symbols = |t: &str| Text::new(t).symbols().map(str::to_owned).collect::<Vec<_>>();
    a != b && symbols(a) == symbols(b)
}

/// The names that a command gives to the image that it builds.
fn built_as(command: &Command) -> Vec<String> {
    let builds = matching::matches("docker|podman|nerdctl build", &command.words);
    if builds.or_else(|| matching::matches("docker buildx build|b", &command.words)).is_none() {
        return Vec::new();
    }
    let given = matching::flag(&command.words, &["-t".to_owned(), "--tag".to_owned()]);
    given.iter().filter_map(|t| t.value().map(Text::to_string)).collect()
}

/// Whether the command that builds what is pushed runs after the digest is read, or builds under other tags than the one
/// for which it is read.
fn built_apart(flow: &Flow, job: &Job, read_by: &Step, unit: &Unit<'_, '_>) -> bool {
    let publish = unit.publish;
    let Some(publishing) = flow.jobs.get(publish.job).filter(|p| p.key == job.key) else { return false };
    let refs = inspected(read_by);
    let names = publish.doer.first(&publish.sink.name, publish.hit, &publish.sink.value_flags);
    let [pushed] = names.as_slice() else { return false };
    let steps = publishing.steps.iter().enumerate().take(publish.step + 1);
    let built = steps.filter_map(|(at, step)| match &step.body {
        StepBody::Script(script) => Some((at, script)),
        _ => None,
    });
    let mut built = built.flat_map(|(at, script)| script.commands.iter().map(move |c| (at, built_as(c))));
    let Some((at, tags)) = built.rfind(|(_, tags)| tags.iter().any(|t| t == pushed.value.as_str())) else {
        return false;
    };
    let later = publishing.steps.iter().position(|s| s.is(read_by)).is_some_and(|read| read < at);
    // Texts with unknown parts may stand for the same, unless one of them goes on.
    let known =
        |r: &String| !r.contains("${{") || r.starts_with(pushed.value.as_str()) || pushed.value.as_str().starts_with(r);
    let commands = publishing.steps.iter().filter_map(|step| match &step.body {
        StepBody::Script(script) => Some(&script.commands),
        _ => None,
    });
    let retagged = commands.flatten().any(|c| {
        matching::matches("docker|podman|nerdctl tag", &c.words).is_some()
            && c.words.iter().any(|w| refs.iter().any(|r| r == w.as_str()))
    });
    !refs.is_empty() && (later || !retagged && refs.iter().all(|r| known(r) && !tags.contains(r)))
}

/// Whether the step runs an action that pushes images when it is told to.
fn pushes_elsewhere(step: &Step) -> bool {
    let StepBody::Action(action) = &step.body else { return false };
    let mut sinks = Catalogue::get().sinks.iter().filter(|s| is_image(s.kind));
    sinks.any(|s| s.actions.iter().any(|a| pattern::wildcard(a, &action.name)))
}

/// How well a name fits one under which an image goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    /// It is the same for some values of its unknown parts.
    May,
    Same,
}

fn fit<'n>(name: &str, own: impl IntoIterator<Item = &'n String>) -> Fit {
    own.into_iter().map(|own| alike(name, own)).max().unwrap_or(Fit::No)
}

/// Whether two names are those of one image.
fn alike(name: &str, own: &str) -> Fit {
    if name == own {
        return Fit::Same;
    }
    let unknown = |text: &str| Text::new(text).symbol().is_some();
    if unknown(name) || unknown(own) {
        return if unknown(name) && unknown(own) { Fit::May } else { Fit::No };
    }
    let known = name.split("${{").next().unwrap_or_default();
    let last = |text: &str| Text::new(text).items(&['/']).pop();
    // Somewhere both must say the same.
    let begins = name.contains("${{") && known.contains('/');
    let ends = (own.contains("${{") || name.contains("${{")) && last(own) == last(name);
    let (name, own) = (readings(name), readings(own));
    let meet = |a: &[String], b: &[String]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| glob::overlaps(a, b));
    let may = (begins || ends) && name.iter().any(|a| own.iter().any(|b| meet(a, b)));
    if may { Fit::May } else { Fit::No }
}

/// More readings than this of a name are not told apart.
const MOST_READINGS: usize = 4;

/// The parts between the slashes of an image's name, as patterns: an unknown between two of them may hold an owner with a
/// name.
fn readings(name: &str) -> Vec<Vec<String>> {
    const SINGLE: &[&str] = &["github.repository_owner", "github.actor", "github.event.repository.name"];
    let mut readings = vec![Vec::new()];
    for part in Text::new(name).filled("github.repository", &Text::from("*/*")).items(&['/']) {
        let pattern = glob::starred(part.as_str()).to_ascii_lowercase();
        let twice = part.symbol().is_some_and(|symbol| !SINGLE.contains(&symbol)) && readings.len() < MOST_READINGS;
        let longer: Vec<Vec<String>> = readings.iter().filter(|_| twice).cloned().collect();
        let longer = longer.into_iter().map(|mut reading| {
            reading.extend([pattern.clone(), pattern.clone()]);
            reading
        });
        let longer: Vec<Vec<String>> = longer.collect();
        for reading in &mut readings {
            reading.push(pattern.clone());
        }
        readings.extend(longer);
    }
    readings
}

/// How well a name fits what some jobs push besides a unit.
fn elsewhere(flow: &Flow, facts: &FlowFacts<'_>, name: &str, unit: &Unit<'_, '_>, jobs: &BTreeSet<usize>) -> Fit {
    let mut best = Fit::No;
    for publish in jobs.iter().filter_map(|at| facts.get(*at)).flat_map(|own| &own.publishes) {
        if !is_image(publish.sink.kind) || publish.cond.is_never() || !facts.count.parts(1) {
            continue;
        }
        let named = naming::names(unit.checkout, flow, publish);
        let places: Vec<&String> = named.iter().flat_map(|n| n.places.iter().chain([&n.name])).collect();
        let own = publish.sink.kind == unit.kind && places.iter().any(|place| unit.names.contains(place));
        if !own {
            best = best.max(fit(name, places));
        }
    }
    best
}

/// The references under which an image goes out.
fn references(publish: &Publish<'_>) -> Vec<Text> {
    let names = publish.doer.first(&publish.sink.name, publish.hit, &publish.sink.value_flags);
    names.iter().flat_map(|n| n.value.items(&[',', ' '])).collect()
}

/// Whether the digest is read for an image that the subject names and that the job of a unit puts into another registry as
/// the unit.
fn put_elsewhere(flow: &Flow, facts: &FlowFacts<'_>, names: &[String], digest: &Picked, unit: &Unit<'_, '_>) -> bool {
    let steps = digest.value.symbols().filter_map(|symbol| Some((symbol, facts.step_of_symbol(flow, symbol)?.1)));
    let mut read = steps.filter_map(|(symbol, step)| read_for(step, symbol));
    read.any(|read| names.contains(&image_name(&read)) && same_build(flow, unit, &read))
}

/// Whether the job that pushes a unit gives one image both the name of the unit and another one.
fn same_build(flow: &Flow, unit: &Unit<'_, '_>, other: &str) -> bool {
    let own = references(unit.publish);
    let scripts = flow.jobs.get(unit.publish.job).into_iter().flat_map(|job| &job.steps).filter_map(|s| s.script());
    let commands: Vec<&Command> = scripts.flat_map(|script| &script.commands).collect();
    let from = |name: &str| {
        let pairs = commands.iter().filter_map(|c| renamed(&c.words));
        pairs.filter(|(_, to)| to.as_str() == name).map(|(from, _)| from.as_str()).next_back().map(str::to_owned)
    };
    let source = from(other);
    own.iter().map(Text::as_str).any(|own| {
        let mine = from(own);
        let one = mine.as_deref() == Some(other) || source.as_deref() == Some(own) || mine.is_some() && mine == source;
        one || commands.iter().map(|c| built_as(c)).any(|tags| [own, other].iter().all(|t| tags.iter().any(|b| b == t)))
    })
}

/// Whether a unit is built by the job that pushes it.
fn is_built(facts: &FlowFacts<'_>, unit: &Unit<'_, '_>) -> bool {
    let publish = unit.publish;
    let images = facts.get(publish.job).map(|own| own.own_images());
    let made = |r: &Text| images.is_some_and(|images| images.has(r.as_str(), false));
    publish.bytes == Bytes::Built || references(publish).iter().any(made)
}

/// Whether a unit is pushed in a job of its own, and a digest that is read before may be that of another push under the
/// name.
fn built_beside(flow: &Flow, facts: &FlowFacts<'_>, unit: &Unit<'_, '_>, before: &BTreeSet<usize>) -> bool {
    let pushed = |p: &Publish<'_>| {
        let named = naming::names(unit.checkout, flow, p);
        p.sink.kind == unit.kind && named.iter().flat_map(|n| &n.places).any(|place| unit.names.contains(place))
    };
    let others = || before.iter().filter_map(|at| facts.get(*at)).flat_map(|own| &own.publishes);
    let other = || others().take_while(|_| facts.count.parts(1)).any(pushed);
    !before.contains(&unit.publish.job) && other()
}

/// Pushes of single platforms are parts of the index that is made later. What goes out in a job for which the index does not
/// wait, or in another way than that in which it names its parts, is none of them.
pub(super) fn drop_parts_of_an_index(flow: &Flow, facts: &FlowFacts<'_>, publishes: &mut Vec<&Publish<'_>>) {
    let indices: Vec<Parts<'_>> = publishes.iter().filter(|p| p.sink.index).map(|p| Parts::of(flow, p)).collect();
    publishes.retain(|p| {
        let digest = OnceCell::new();
        let may_be = |parts: &Parts<'_>| {
            let before = p.job == parts.job || facts.earlier(flow, parts.job).contains(&p.job);
            let by_digest = || parts.says(p) || digest.get_or_init(|| Digest::of(flow, facts, p)).reaches(parts);
            before && if parts.by_digest { by_digest() } else { !parts.read || parts.names_tag(p) }
        };
        p.sink.index || !indices.iter().any(may_be)
    });
}

/// What makes an index.
struct Parts<'f> {
    /// Index of its job.
    job: usize,
    /// The words of the command.
    words: Vec<Text>,
    /// What its step, and the scripts in its job, are given.
    given: Vec<&'f Text>,
    /// Whether it names its parts by digest.
    by_digest: bool,
    /// Whether its words tell all parts, by their tags.
    read: bool,
}

impl<'f> Parts<'f> {
    fn of(flow: &'f Flow, index: &Publish<'f>) -> Self {
        let making = |c: &&Command| c.words.iter().any(|w| w.as_str() == "create");
        let step = index.doer.step();
        let scripts = flow.jobs.get(index.job).into_iter().flat_map(|job| &job.steps).filter(|s| s.script().is_some());
        let words: Vec<Text> = match &step.body {
            StepBody::Script(script) => script.commands.iter().filter(making).flat_map(|c| c.words.to_vec()).collect(),
            _ => Vec::new(),
        };
        let given: Vec<&Text> = match &step.body {
            StepBody::Script(_) => scripts.flat_map(|step| bytes::texts(step)).collect(),
            _ => bytes::texts(step),
        };
        let marks = |w: &Text| w.as_str().contains('@');
        let by_digest =
            if words.is_empty() { bytes::texts(step).into_iter().any(marks) } else { words.iter().any(marks) };
        let unread = |w: &Text| w.symbol().is_some() || matches!(w.as_str(), "-f" | "--file");
        let read = !by_digest && !words.is_empty() && !words.iter().any(unread);
        Self { job: index.job, words, given, by_digest, read }
    }

    /// Whether it names an image as that is pushed.
    fn says(&self, part: &Publish<'_>) -> bool {
        let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        let says = |word: &Text, own: &Text| {
            word.as_str()
                .match_indices(own.as_str())
                .any(|(at, own)| word.as_str().get(at + own.len()..).is_some_and(|behind| !behind.starts_with(goes_on)))
        };
        references(part).iter().any(|own| tag_of(own.as_str()).is_some() && self.words.iter().any(|w| says(w, own)))
    }

    /// Whether it says a tag under which an image is pushed, or one that the run decides and which may be it.
    fn names_tag(&self, part: &Publish<'_>) -> bool {
        let names = part.doer.first(&part.sink.name, part.hit, &part.sink.value_flags);
        let mut refs = names.iter().flat_map(|n| n.value.items(&[','])).peekable();
        // A version that the run decides is none of the fixed tags.
        let named = |tag: &str| {
            let said = self.words.iter().filter_map(|w| tag_of(w.as_str())).map(glob::starred);
            said.filter(|t| t != "*").any(|t| glob::overlaps(&t, tag))
        };
        let other = |r: Text| tag_of(r.as_str()).is_some_and(|tag| !tag.contains("${{") && !named(tag));
        refs.peek().is_none() || !refs.all(other)
    }
}

/// How the digest of an image that is pushed may get to another job.
struct Digest {
    /// It is pushed by it, or the job stores it among its files.
    stored: bool,
    /// With what the outputs begin that may hold it.
    outputs: Vec<String>,
}

impl Digest {
    fn of(flow: &Flow, facts: &FlowFacts<'_>, part: &Publish<'_>) -> Self {
        const TOLD: &[&str] = &["push-by-digest=true", "--metadata-file", "--iidfile", "--digestfile"];
        let mut digest = Self { stored: false, outputs: Vec::new() };
        let Some((job, own)) = flow.jobs.get(part.job).zip(facts.get(part.job)) else { return digest };
        if !facts.count.parts(job.steps.len()) {
            return digest;
        }
        let step = part.doer.step();
        let mut said = part.words().to_vec();
        if step.script().is_none() {
            said.extend(bytes::texts(step).into_iter().cloned());
        }
        let refs = references(part);
        let asks = |s: &Step| inspected(s).iter().any(|read| refs.iter().any(|own| own.as_str() == read));
        let telling = |s: &&Arc<Step>| s.is(step) || asks(s);
        let ids = job.steps.iter().filter(telling).filter_map(|step| step.id.as_deref());
        digest.outputs = ids.map(|id| format!("jobs.{}.steps.{id}.outputs.", job.key)).collect();
        // What is written into a file goes on as an artifact.
        let writes = |c: &Command| {
            let program = c.words.first().and_then(matching::program);
            let written = program == Some("touch") || matching::does(Does::Text, &c.words);
            written && c.words.iter().any(|w| digest.outputs.iter().any(|output| w.as_str().contains(output.as_str())))
        };
        let mut scripts = job.steps.iter().filter_map(|step| step.script()).flat_map(|script| &script.commands);
        let reads = || job.steps.iter().any(|step| step.script().is_some() && asks(step));
        digest.stored = said.iter().any(|text| TOLD.iter().any(|told| text.as_str().contains(told)))
            || !own.stores.is_empty() && (scripts.any(writes) || reads());
        digest
    }

    /// Whether what makes an index may have got it.
    fn reaches(&self, index: &Parts<'_>) -> bool {
        let holds = |text: &&Text| self.outputs.iter().any(|output| text.as_str().contains(output.as_str()));
        self.stored || index.given.iter().any(holds)
    }
}

/// The tag of an image's reference.
fn tag_of(reference: &str) -> Option<&str> {
    reference.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'))
}
