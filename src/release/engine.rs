//! Images in the engine of a job: which of them the run makes itself, and what is taken out of the others.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use super::brought;
use super::doer::{Act, Doer};
use super::facts::{Facts, FlowFacts, Publish};
use super::glob;
use super::naming;
use super::own_images::{Name, renamed};
use crate::catalogue::{Bytes, Catalogue, Does};
use crate::commands::{Contained, contained, matching};
use crate::model::{Command, Flow, Kind, Location, Text};

/// How a script says where the checkout lies.
const HERE: &[&str] =
    &["${{ env.PWD }}", "${{ shell(pwd) }}", "${{ env.GITHUB_WORKSPACE }}", "${{ github.workspace }}", "."];

/// What takes the image that a command pushes from elsewhere: it is pulled or put into the engine and given another
/// name, or an index is made of an image that nothing here pushes.
pub(super) fn elsewhere(flow: &Flow, facts: &FlowFacts<'_>, publish: &Publish<'_>) -> Option<Location> {
    let Act::Command(_, own, words) = publish.doer.act else { return None };
    let known = |r: &Text| !r.as_str().contains("${{");
    if publish.sink.parts {
        let others = facts.iter().flat_map(|f| &f.publishes);
        let others = others.filter(|p| p.sink.kind == Kind::Image && !p.same_place(publish));
        let pushed: Vec<Vec<Text>> = others.map(refs).collect();
        // What goes out under a name that nothing shows may be any part.
        if pushed.iter().any(Vec::is_empty) {
            return None;
        }
        let pushed: Vec<String> = pushed.iter().flatten().map(|r| naming::image_name(r.as_str())).collect();
        let parts = matching::positional(words, publish.hit.after, &publish.sink.value_flags);
        let here = |part: &Text| {
            let name = naming::image_name(part.as_str());
            !known(part) || pushed.iter().any(|p| *p == name || p.contains("${{"))
        };
        return parts.iter().any(|part| !here(part)).then(|| own.location.clone());
    }
    if publish.bytes != Bytes::Given {
        return None;
    }
    let (job, facts_of_job) = (flow.jobs.get(publish.job)?, facts.get(publish.job)?);
    let scripts: Vec<&Command> = commands(facts_of_job, publish.step).collect();
    let pushed = refs(publish);
    // The last name that it was given.
    let source = scripts.iter().rev().find_map(|c| {
        let (from, to) = renamed(&c.words)?;
        pushed.contains(to).then(|| from.clone())
    });
    let names: Vec<&Text> = source.iter().chain(&pushed).collect();
    let made = |name: &&Text| facts_of_job.own_images().has(name.as_str(), false) || builds_it(facts_of_job, name);
    let source = names.iter().find(|name| known(name)).copied();
    if names.iter().any(made) {
        return None;
    }
    let pulls = |c: &&&Command| {
        let pull = matching::matches("docker|podman|nerdctl pull", &c.words)
            .or_else(|| matching::matches("docker|podman|nerdctl image pull", &c.words));
        pull.is_some_and(|after| source.is_some_and(|s| matching::positional(&c.words, after, &[]).contains(s)))
    };
    let pulled = scripts.iter().find(pulls).map(|c| c.location.clone());
    pulled.or_else(|| brought::loaded(facts_of_job, job, publish.step, &names))
}

/// The commands of a job up to a step.
fn commands<'p>(own: &Facts<'p>, step: usize) -> impl DoubleEndedIterator<Item = &'p Command> {
    let doers = own.doers.iter().take(step + 1).flatten().filter_map(|doer| match doer.act {
        Act::Command(_, command, words) if words.len() == command.words.len() => Some(command),
        _ => None,
    });
    doers.collect::<Vec<_>>().into_iter()
}

/// The references under which a step pushes.
fn refs(publish: &Publish<'_>) -> Vec<Text> {
    let names = publish.doer.first(&publish.sink.name, publish.hit, &publish.sink.value_flags);
    names.iter().flat_map(|n| n.value.items(&[',', ' '])).collect()
}

/// Programs that take images from a registry or make new ones of them.
const TAKING: &[&str] = &["docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "gcrane", "regctl", "oras"];
/// What they do when they only look at one.
const LOOKING: &[&str] = &["inspect", "login", "logout", "push", "digest", "ls", "rm", "rmi"];

/// The jobs that a job waits for and that push an image which it takes up to a step: it is copied, run, unpacked, made a
/// part of an index, or named to a step that works. Tags that nothing shows may be the same.
pub(super) fn pushed_before(flow: &Flow, facts: &FlowFacts<'_>, job: usize, last: usize) -> Rc<BTreeSet<usize>> {
    if let Some(known) = facts.pushed.borrow().get(&(job, last)) {
        return Rc::clone(known);
    }
    let found = Rc::new(pushing(flow, facts, job, last));
    facts.pushed.borrow_mut().insert((job, last), Rc::clone(&found));
    found
}

fn pushing(flow: &Flow, facts: &FlowFacts<'_>, job: usize, last: usize) -> BTreeSet<usize> {
    let image = |p: &&Publish<'_>| matches!(p.sink.kind, Kind::Image | Kind::OciArtifact);
    let Some(own) = facts.get(job) else { return BTreeSet::new() };
    let earlier = facts.earlier(flow, job);
    if earlier.is_empty() || taking(own, last).next().is_none() {
        return BTreeSet::new();
    }
    let mut pushed: Vec<(usize, Name)> = Vec::new();
    for (at, before) in earlier.iter().filter_map(|at| Some((*at, facts.get(*at)?))) {
        let publishes = before.publishes.iter().filter(image);
        pushed.extend(publishes.flat_map(refs).map(|r| (at, Name::new(r.as_str()))));
        // What goes to a registry that lasts as long as the run is no publication.
        let made = before.own_images().made().filter(|name| name.is_of_registry());
        pushed.extend(made.map(|name| (at, name.clone())));
    }
    if pushed.is_empty() {
        return BTreeSet::new();
    }
    let names: HashSet<&str> = pushed.iter().map(|(_, name)| name.name()).collect();
    let own_refs: Vec<Text> = own.publishes.iter().filter(|p| image(p) && !p.sink.index).flat_map(refs).collect();
    let made: Vec<&Name> = own.own_images().made().filter(|made| names.contains(made.name())).collect();
    let mut found = BTreeSet::new();
    for item in taking(own, last).flat_map(|text| text.items(&[',', ' ', '='])).filter(|i| !own_refs.contains(i)) {
        let item = item.as_str();
        // A repository may be called like its image.
        let reference = item.contains([':', '@']) || item.split('/').next().is_some_and(|host| host.contains('.'));
        if !reference || !names.contains(naming::image_name(item).as_str()) || !facts.count.comparisons(pushed.len()) {
            continue;
        }
        let asked = Name::new(item);
        if made.contains(&&asked) {
            continue;
        }
        found.extend(
            pushed.iter().filter(|(_, made)| made.name() == asked.name() && made.may_be(&asked)).map(|(at, _)| *at),
        );
    }
    found
}

/// What the steps of a job up to one say to what works or takes images.
fn taking<'p>(own: &Facts<'p>, last: usize) -> impl Iterator<Item = &'p Text> {
    let doers = own.doers.iter().enumerate().take(last.saturating_add(1));
    let doers = doers.flat_map(|(step, doers)| doers.iter().map(move |doer| (step, doer)));
    doers.flat_map(|(step, doer)| -> Vec<&'p Text> {
        let works = || own.working.binary_search(&step).is_ok();
        match doer.act {
            Act::Action(_, action) if works() => action.inputs.iter().map(|input| &input.value).collect(),
            Act::Command(_, _, words) if takes_images(words) || works() => words.iter().collect(),
            _ => Vec::new(),
        }
    })
}

/// Whether a step makes an index with a part that no step is shown to push. What a digest names is no tag's.
pub(super) fn lacks_a_part(flow: &Flow, facts: &FlowFacts<'_>, index: &Publish<'_>) -> bool {
    let Some(own) = facts.get(index.job) else { return false };
    let indices = refs(index);
    let names: HashSet<String> = indices.iter().map(|r| naming::image_name(r.as_str())).collect();
    let doers = own.doers.iter().take(index.step + 1).flatten();
    let words = doers.filter_map(|doer| match doer.act {
        Act::Command(_, _, words) if takes_images(words) => Some(words),
        _ => None,
    });
    let part = |word: &&Text| {
        !word.as_str().contains('@') && !indices.contains(word) && names.contains(&naming::image_name(word.as_str()))
    };
    let parts: BTreeSet<String> = words.flatten().filter(part).map(|word| glob::starred(word.as_str())).collect();
    if parts.is_empty() {
        return false;
    }
    let earlier = facts.earlier(flow, index.job);
    let jobs = earlier.iter().chain([&index.job]).filter_map(|at| facts.get(*at));
    let pushed = jobs.flat_map(|own| &own.publishes).filter(|p| p.sink.kind == Kind::Image && !p.same_place(index));
    let pushed: Vec<Vec<Text>> = pushed.map(refs).collect();
    // What goes out under a name that nothing shows may be any part.
    if pushed.iter().any(Vec::is_empty) || !facts.count.comparisons(parts.len() * pushed.len()) {
        return false;
    }
    let pushed: BTreeSet<String> = pushed.iter().flatten().map(|r| glob::starred(r.as_str())).collect();
    parts.iter().any(|part| !pushed.iter().any(|pushed| glob::overlaps(pushed, part)))
}

/// Whether a command takes an image out of a registry, or makes another of it.
fn takes_images(words: &[Text]) -> bool {
    words.first().and_then(matching::program).is_some_and(|program| TAKING.contains(&program))
        && !words.iter().any(|word| LOOKING.contains(&word.as_str()))
}

/// Whether an image is made or published by a job, or by one before it.
pub(super) fn made_here(flow: &Flow, facts: &FlowFacts<'_>, job: usize, image: &str) -> bool {
    let earlier = facts.earlier(flow, job);
    let asked = Name::new(image);
    let mut jobs = std::iter::once(&job).chain(earlier.iter());
    jobs.any(|at| {
        let Some((this, own)) = flow.jobs.get(*at).zip(facts.get(*at)) else { return false };
        let publishes = |p: &Publish<'_>| {
            p.sink.kind == Kind::Image
                && p.bytes != Bytes::Copied
                && refs(p).iter().any(|r| Name::new(r.as_str()).may_be(&asked))
        };
        own.own_images().has(image, !brought::loads(own, this)) || *at != job && own.publishes.iter().any(publishes)
    })
}

/// Whether an action of the job is told to build what has this name.
fn builds_it(own: &Facts<'_>, name: &Text) -> bool {
    let inputs = own.doers.iter().flatten().filter_map(|doer| match doer.act {
        Act::Action(_, action) => Some(&action.inputs),
        Act::Command(..) => None,
    });
    inputs.flatten().any(|input| input.value.items(&[',', ' ']).contains(name))
}

/// The image of a container: the one that started under this name, or whose start printed its number. Empty where
/// nothing tells.
pub(super) fn image_of(own: &Facts<'_>, step: usize, container: &Text) -> Text {
    let started = commands(own, step).rev().find_map(|command| {
        let wrappers = &Catalogue::get().wrappers;
        let parts = command.views().find_map(|words| contained(words, wrappers).map(|parts| (words, parts)));
        let (words, parts) = parts.filter(|(words, parts)| starts(words, parts) == Some(true))?;
        let name = matching::flag(parts.options, &["--name".to_owned()]);
        let named = name.iter().any(|n| n.value().is_some_and(|name| name == container));
        let line = words.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
        let printed = container.symbol().is_some_and(|symbol| symbol.contains(&line));
        (named || printed).then(|| parts.image.clone())
    });
    started.unwrap_or_default()
}

/// Whether a command starts a container of an image, and not another program in one that runs; nothing for a service,
/// whose image its own file names.
fn starts(words: &[Text], parts: &Contained<'_>) -> Option<bool> {
    let head = words.get(..words.len().checked_sub(parts.options.len() + parts.rest.len() + 1)?)?;
    let says = |word: &str| head.iter().any(|w| w.as_str() == word);
    let service = head.iter().any(|w| w.as_str().contains("compose"));
    (!service).then(|| !says("exec") || says("apptainer") || says("singularity"))
}

/// The files that a command has an image copy or print, and the image.
pub(super) fn copied_out(own: &Facts<'_>, step: usize, doer: &Doer<'_>) -> Option<(Text, Vec<String>)> {
    let Act::Command(_, command, words) = doer.act else { return None };
    let parts = contained(words, &Catalogue::get().wrappers)?;
    let starts = starts(words, &parts)?;
    let entry = matching::flag(parts.options, &["--entrypoint".to_owned()]);
    let inner: Vec<Text> = entry.iter().filter_map(|e| e.value().cloned()).chain(parts.rest.iter().cloned()).collect();
    let statements = statements(&inner);
    if statements.is_empty() || !statements.iter().all(|words| is_simple(words)) {
        return None;
    }
    let prints = |words: &Vec<Text>| matching::does(Does::Read, words) && words.len() > 1;
    let mut paths = Vec::new();
    if let Some(output) = command.output.as_ref().filter(|_| statements.iter().any(prints)) {
        paths.push(brought::placed(command.folder.as_str(), output.as_str()));
    }
    let mounts = mounts(parts.options);
    for words in statements.iter().filter(|words| matching::does(Does::Move, words)) {
        let named: Vec<&str> = words.iter().skip(1).map(Text::as_str).filter(|w| !w.starts_with('-')).collect();
        let Some((to, from)) = named.split_last() else { continue };
        let inside = |path: &str| {
            mounts.iter().find_map(|(host, place)| {
                let rest = path.strip_prefix(place.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then(|| format!("{host}{rest}"))
            })
        };
        if from.iter().any(|from| inside(from).is_some()) {
            continue;
        }
        if let Some(path) = inside(to) {
            let path = brought::placed(command.folder.as_str(), &path);
            let path = path.trim_end_matches('/').to_owned();
            paths.extend([format!("{path}/*"), path].map(|p| p.trim_start_matches('/').to_owned()));
        }
    }
    let image = || if starts { parts.image.clone() } else { image_of(own, step, parts.image) };
    (!paths.is_empty()).then(|| (image(), paths))
}

/// The statements of a command in a container, those that it hands to a shell as well.
fn statements(inner: &[Text]) -> Vec<Vec<Text>> {
    let Some(program) = inner.first().and_then(matching::program) else { return Vec::new() };
    let flag = inner.get(1).map(Text::as_str).unwrap_or_default();
    let shell = matches!(program, "sh" | "bash" | "ash" | "dash") && flag.starts_with('-') && flag.contains('c');
    if !shell {
        return vec![inner.to_vec()];
    }
    let script = inner.get(2).map(Text::as_str).unwrap_or_default();
    let lines = script.split(['\n', ';']).flat_map(|line| line.split("&&")).map(str::trim).filter(|s| !s.is_empty());
    lines.map(|line| line.split_ascii_whitespace().map(Text::from).collect()).collect()
}

/// Whether a statement builds nothing.
fn is_simple(words: &[Text]) -> bool {
    let Some(name) = words.first().and_then(matching::program) else { return false };
    let neutral = || Catalogue::get().neutral.iter().flat_map(|n| &n.commands);
    [Does::Move, Does::Read, Does::Text, Does::Remove].into_iter().any(|does| matching::does(does, words))
        || neutral().any(|pattern| matching::matches_program(pattern, name, words).is_some())
}

/// The folders of the job that a container has, and where it has them.
fn mounts(options: &[Text]) -> Vec<(String, String)> {
    let values = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let found = matching::flag(options, &names);
        found.iter().filter_map(|f| f.value().map(ToString::to_string)).collect::<Vec<_>>()
    };
    let short = values(&["-v", "--volume"]).into_iter().filter_map(|value| {
        let at = value.rfind("}}").map_or(0, |at| at + 2);
        let colon = at + value.get(at..)?.find(':')?;
        let (host, place) = (value.get(..colon)?, value.get(colon + 1..)?);
        Some((host.to_owned(), place.split(':').next().unwrap_or(place).to_owned()))
    });
    let long = values(&["--mount"]).into_iter().filter_map(|value| {
        let part = |names: &[&str]| {
            let mut parts = value.split(',').filter_map(|part| part.split_once('='));
            parts.find(|(name, _)| names.contains(name)).map(|(_, value)| value.to_owned())
        };
        Some((part(&["source", "src"])?, part(&["target", "dst", "destination"])?))
    });
    let here = |host: String| {
        let own = HERE.iter().find_map(|here| host.strip_prefix(here)).map(|rest| rest.trim_start_matches('/'));
        own.map_or_else(|| host.clone(), str::to_owned)
    };
    short.chain(long).map(|(host, place)| (here(host), place.trim_end_matches('/').to_owned())).collect()
}
