//! Files that a job takes from elsewhere: out of a release, a bucket, another repository. They may be attested like what
//! the job builds, but nothing here shows how they were built.

use super::doer::{Act, Doer, Hit};
use super::engine;
use super::facts::{Facts, FlowFacts, command_works};
use super::filenames::{ancillary, is_data};
use super::glob::{self, Pattern};
use super::naming;
use crate::catalogue::{Brings, Catalogue, Change, Does};
use crate::commands::{contained, matching};
use crate::model::{Flow, Job, Location, Text};

/// What stands for no file.
const NOWHERE: &[&str] = &["-", "/dev/null", "/dev/stdout", "NUL", "$null"];
/// Addresses of what the job itself runs.
const LOCAL: &[&str] = &["localhost", "127.0.0.1", "0.0.0.0"];

/// What a step or a command takes from elsewhere.
#[derive(Debug)]
pub(super) struct Brought {
    /// Index of the step.
    step: usize,
    /// Where.
    pub location: Location,
    path: Pattern,
    /// The path is that of all files of an archive: only who takes all of the folder takes them.
    whole: bool,
    /// Sources, of which something may be built here.
    sources: bool,
    /// The image that it comes out of, empty where nothing tells which.
    image: Option<Text>,
    /// It is an image of the engine, under this name where there is one.
    engine: Option<Option<Text>>,
}

impl Brought {
    /// Whether it lies among the files of a pattern when a later step of its job takes them.
    pub(super) fn is_among(&self, files: &Pattern, own: &Facts<'_>, step: usize) -> bool {
        let built = || self.sources && self.is_worked_on(own, step);
        // A name that nothing resolves could be that of anything: only the same words are the same file.
        let open = [files, &self.path].iter().any(|p| p.as_str().contains("${{"));
        self.step <= step
            && self.engine.is_none()
            && if self.whole || open { files.contains(&self.path) } else { files.overlaps(&self.path) }
            && !built()
    }

    /// Whether it is one file.
    fn is_file(&self) -> bool {
        !self.whole && !self.sources && self.engine.is_none()
    }

    /// Whether a step up to this one builds in the folder of the sources, or with a word that names it.
    fn is_worked_on(&self, own: &Facts<'_>, step: usize) -> bool {
        let folder = self.path.as_str().trim_end_matches("/**");
        let mut steps = own.working.iter().filter(|at| (self.step..=step).contains(at));
        if folder.contains(['*', '$']) {
            return steps.next().is_some();
        }
        let inside = |text: &str| {
            let mut found = text.match_indices(folder).map(|(at, _)| (at, at + folder.len()));
            found.any(|(from, to)| {
                let (before, behind) = (text.get(..from).unwrap_or_default(), text.get(to..).unwrap_or_default());
                let starts = before.is_empty() || before.ends_with(['=', ':', ',', ' ']);
                (starts || before.ends_with("./") || before.ends_with("}}/"))
                    && (behind.is_empty() || behind.starts_with(['/', ':', ',', ' ']))
            })
        };
        steps.any(|at| {
            let views = own.doers.get(*at).map(Vec::as_slice).unwrap_or_default();
            views.chunk_by(|a, b| a.location() == b.location()).any(|views| {
                let names = views.iter().any(|doer| match doer.act {
                    Act::Command(_, command, words) => {
                        // An image may be called like the folder.
                        let image = contained(words, &Catalogue::get().wrappers).map(|parts| parts.image);
                        let words = words.iter().filter(|word| image != Some(*word));
                        let words = || words.clone().chain(command.env.iter().map(|(_, value)| value));
                        inside(command.folder.as_str()) || words().any(|word| inside(word.as_str()))
                    }
                    Act::Action(_, action) => action.inputs.iter().any(|input| inside(input.value.as_str())),
                });
                let action = |doer: &Doer<'_>| matches!(doer.act, Act::Action(..));
                names && (views.iter().any(action) || command_works(views, own, *at, Catalogue::get()))
            })
        })
    }

    /// Whether it comes out of an image that the run makes itself.
    pub(super) fn is_of_run(&self, flow: &Flow, facts: &FlowFacts<'_>, job: usize) -> bool {
        self.image.as_ref().is_some_and(|image| engine::made_here(flow, facts, job, image.as_str()))
    }
}

/// Whether a job puts an image from elsewhere into the engine.
pub(super) fn loads(own: &Facts<'_>, job: &Job) -> bool {
    own.brought(job).iter().any(|b| b.engine.is_some())
}

/// What puts an image from elsewhere into the engine that goes out under one of these names.
pub(super) fn loaded(own: &Facts<'_>, job: &Job, step: usize, names: &[&Text]) -> Option<Location> {
    let mut brought = own.brought(job).iter().filter(|b| b.step <= step);
    let fits = |b: &&Brought| b.engine.as_ref().is_some_and(|n| n.as_ref().is_none_or(|n| names.contains(&n)));
    brought.find(fits).map(|b| b.location.clone())
}

/// What the steps of a job take from elsewhere and leave where it is.
pub(super) fn of_job(job: &Job, own: &Facts<'_>) -> Vec<Brought> {
    let mut found: Vec<Brought> = Vec::new();
    let catalogue = Catalogue::get();
    let steps = job.steps.iter().zip(own.doers.iter()).enumerate().filter(|(_, (step, _))| !step.cond.is_never());
    for (at, (_, doers)) in steps {
        for (position, doer) in doers.iter().enumerate() {
            removed(doer, &mut found);
            let new = |path: &str| Brought {
                step: at,
                location: doer.location().clone(),
                path: Pattern::new(path),
                whole: false,
                sources: false,
                image: None,
                engine: None,
            };
            let runs_nobody = |path: &String| !ancillary(path) && !is_data(path);
            if let Some((image, paths)) = engine::copied_out(own, at, doer) {
                let image = || Some(image.clone());
                found.extend(paths.iter().filter(|p| runs_nobody(p)).map(|p| Brought { image: image(), ..new(p) }));
            }
            for change in doer.among(&catalogue.index.changes, &catalogue.changes) {
                let Some(brings) = &change.brings else { continue };
                let Some(hit) = doer.is(&change.actions, &change.commands) else { continue };
                if doer.cond().and(doer.applies(&[], &change.unless)).is_never() || is_local(doer) {
                    continue;
                }
                let archive = !brings.archive.is_empty();
                let image = match archive {
                    true => from_elsewhere(doer, hit, (change, brings), (own, at), &found),
                    false => out_of((own, at), doer, hit, change),
                };
                let Some(image) = image else { continue };
                let first = |picks| doer.first(picks, hit, &change.value_flags).into_iter().next().map(|p| p.value);
                if brings.engine {
                    found.push(Brought { engine: Some(first(&brings.named)), ..new("") });
                    continue;
                }
                let mut paths = paths(doer, hit, change, brings);
                if paths.is_empty() {
                    paths.extend(piped_into(doer, doers.get(position + 1..).unwrap_or_default()));
                }
                found.extend(paths.iter().filter(|p| runs_nobody(p)).map(|path| Brought {
                    whole: archive,
                    sources: brings.sources,
                    image: image.clone(),
                    ..new(path)
                }));
            }
        }
    }
    found
}

/// The file into which what a command prints goes through programs that pack or unpack it.
fn piped_into(doer: &Doer<'_>, behind: &[Doer<'_>]) -> Option<String> {
    let Act::Command(_, own, _) = doer.act else { return None };
    if own.output.is_some() {
        return None;
    }
    let mut line = behind.iter().take_while(|d| d.location().line == doer.location().line);
    line.find_map(|other| match other.act {
        Act::Command(_, command, words) if matching::does(Does::Filter, words) => {
            command.output.as_ref().map(|output| placed(command.folder.as_str(), output.as_str()))
        }
        _ => None,
    })
}

/// Takes out what a command removes.
fn removed(doer: &Doer<'_>, found: &mut Vec<Brought>) {
    let Act::Command(_, command, words) = doer.act else { return };
    if found.is_empty() || !matching::does(Does::Remove, words) || !doer.cond().is_always() {
        return;
    }
    for word in words.iter().skip(1).filter(|w| !w.as_str().starts_with('-')) {
        let path = placed(command.folder.as_str(), word.as_str());
        let (file, inside) = (Pattern::new(&path), Pattern::new(&format!("{path}/**")));
        found.retain(|brought| {
            brought.engine.is_some() || !file.contains(&brought.path) && !inside.contains(&brought.path)
        });
    }
}

/// Whether a command speaks with what the job runs itself.
fn is_local(doer: &Doer<'_>) -> bool {
    let Act::Command(_, _, words) = doer.act else { return false };
    words.iter().any(|word| LOCAL.iter().any(|host| word.as_str().contains(host)))
}

/// The image out of which a step takes something, if it does that; nothing where it takes it out of none, although that
/// is what it is for.
fn out_of((own, step): (&Facts<'_>, usize), doer: &Doer<'_>, hit: Hit, change: &Change) -> Option<Option<Text>> {
    let brings = change.brings.as_ref()?;
    let first = |picks| doer.first(picks, hit, &change.value_flags).into_iter().next().map(|p| p.value);
    let container = first(&brings.container).map(|container| engine::image_of(own, step, &container));
    let image = container.or_else(|| first(&brings.image));
    (image.is_some() || brings.image.is_empty() && brings.container.is_empty()).then_some(image)
}

/// Whether an archive that is unpacked is from elsewhere, or comes through a pipe from a command that fetches; with the
/// image out of which that takes it.
fn from_elsewhere(
    doer: &Doer<'_>,
    hit: Hit,
    (change, brings): (&Change, &Brings),
    (own, step): (&Facts<'_>, usize),
    found: &[Brought],
) -> Option<Option<Text>> {
    let picked = doer.in_folder(doer.every(&brings.archive, hit, &change.value_flags));
    // `tar xzf` spells its options without a dash.
    let options = |word: &str| word.starts_with('x') && word.chars().all(|c| "xzjJvfpk".contains(c));
    if picked.iter().any(|p| p.value.as_str().starts_with("http")) {
        return Some(None);
    }
    let mut named = picked.iter().map(|p| p.value.as_str()).filter(|p| !NOWHERE.contains(p) && !options(last(p)));
    let Some(archive) = named.next() else {
        let stored = |b: &Brought| b.is_file() && b.path.as_str().ends_with(".tar");
        if brings.engine && found.iter().any(stored) {
            return Some(None);
        }
        let place = doer.location();
        let catalogue = Catalogue::get();
        let fetches = |other: &Doer<'_>| {
            let mut changes = other.among(&catalogue.index.changes, &catalogue.changes);
            changes.find_map(|change| {
                change.brings.as_ref().filter(|b| b.archive.is_empty() && !b.sources)?;
                let hit = other.is(&change.actions, &change.commands).filter(|_| !is_local(other))?;
                out_of((own, step), other, hit, change)
            })
        };
        let doers = own.doers.get(step).map(Vec::as_slice).unwrap_or_default();
        let mut line = doers.iter().filter(|d| d.location().line == place.line && d.location().path == place.path);
        return line.find_map(fetches);
    };
    let archive = Pattern::new(&glob::normal(archive));
    found.iter().find(|b| b.is_file() && archive.contains(&b.path)).map(|b| b.image.clone())
}

/// The files that are brought, as the checkout has them.
pub(super) fn paths(doer: &Doer<'_>, hit: Hit, change: &Change, brings: &Brings) -> Vec<String> {
    let here = doer.folder();
    let folders = doer.first(&brings.folder, hit, &change.value_flags);
    let folder = folders.first().map(|f| placed(here.as_str(), f.value.as_str()));
    let named = doer.every(&brings.named, hit, &change.value_flags);
    let names: Vec<String> = named
        .iter()
        .flat_map(|n| n.value.items(&[]))
        .map(|n| match &brings.spelled {
            Some(spelled) => spelled.replace("{}", n.as_str()),
            None => last(n.as_str()).to_owned(),
        })
        .collect();
    if names.is_empty() && brings.spelled.is_some() {
        return Vec::new();
    }
    if brings.sources {
        let name = names.into_iter().next().map(|name| placed(here.as_str(), name.trim_end_matches(".git")));
        return folder.or(name).into_iter().map(|folder| format!("{folder}/**")).collect();
    }
    let below = |folder: &str| -> Vec<String> {
        // What nothing names may be any file, which in the root of the checkout says nothing.
        let known = names.iter().filter(|n| !matches!(n.as_str(), "" | "*" | "."));
        let known: Vec<String> = known.map(|name| naming::join(folder, name)).collect();
        let absolute = |p: String| if folder.starts_with('/') { format!("/{p}") } else { p };
        match known.is_empty() {
            true if folder.is_empty() || folders.is_empty() && brings.named.is_empty() => Vec::new(),
            true => vec![format!("{}/*", folder.trim_end_matches('/'))],
            false => known.into_iter().map(absolute).collect(),
        }
    };
    let mut files = doer.every(&change.files, hit, &change.value_flags);
    if let (Act::Command(_, command, _), true) = (doer.act, brings.archive.is_empty())
        && files.iter().all(|f| NOWHERE.contains(&f.value.as_str()))
        && let Some(output) = &command.output
    {
        files = vec![super::doer::Picked { value: output.clone(), location: command.location.clone() }];
    }
    if !brings.archive.is_empty() {
        let into = files.iter().map(|f| placed(here.as_str(), f.value.as_str()));
        return into.filter(|f| !f.is_empty()).map(|f| format!("{}/*", f.trim_end_matches('/'))).collect();
    }
    if files.is_empty() {
        return below(folder.as_deref().unwrap_or(here.as_str()));
    }
    let one = |file: &str| match file {
        file if NOWHERE.contains(&file) => Vec::new(),
        file if file.ends_with('/') || file == "." => below(&placed(here.as_str(), file.trim_end_matches('/'))),
        file => {
            let file = placed(folder.as_deref().unwrap_or(here.as_str()), file);
            let folder = format!("{file}/*");
            vec![file, folder]
        }
    };
    files.iter().flat_map(|f| f.value.items(&[])).flat_map(|f| one(f.as_str())).collect()
}

/// A path as the checkout has it.
pub(super) fn placed(folder: &str, path: &str) -> String {
    match path {
        "." | "" => folder.to_owned(),
        path if path.starts_with('/') => glob::normal(path),
        path => glob::normal(&naming::join(folder, path)),
    }
}

/// The last part of an address that is no part of an unknown, without what is asked of the server.
fn last(address: &str) -> &str {
    let name = naming::behind_last(address, &['/']);
    // Nothing tells what a name is that is unknown as a whole.
    if Text::new(name).symbol().is_some() {
        return "*";
    }
    name.split('?').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::{last, placed};

    #[test]
    fn the_name_of_what_is_fetched_is_the_last_part() {
        assert_eq!(last("https://example.com/a/tool.zip?raw=true"), "tool.zip");
        assert_eq!(last("https://example.com/${{ a/b }}/tool-${{ c/d }}.zip"), "tool-${{ c/d }}.zip");
        assert_eq!(last("https://example.com/${{ a }}"), "*");
        assert_eq!(last("*.zip"), "*.zip");
    }

    #[test]
    fn a_path_from_the_root_of_the_machine_stays_one() {
        assert_eq!(placed("dist", "/tmp/tool"), "/tmp/tool");
        assert_eq!(placed("dist", "tool"), "dist/tool");
        assert_eq!(placed("dist", "."), "dist");
    }
}
