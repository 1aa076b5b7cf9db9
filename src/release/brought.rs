//! Files that a job takes from elsewhere: out of a release, a bucket, another repository. They may be attested like what
//! the job builds, but nothing here shows how they were built.

use super::doer::{Act, Doer, Hit};
use super::facts::{Facts, FlowFacts, Publish};
use super::filenames::{ancillary, is_data};
use super::glob::{self, Pattern};
use super::naming;
use crate::catalogue::{Brings, Catalogue, Change, Does};
use crate::commands::matching;
use crate::model::{Command, Flow, Job, Kind, Location, StepBody, Text};

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
}

impl Brought {
    /// Whether it lies among the files of a pattern when a later step of its job takes them.
    pub(super) fn is_among(&self, files: &Pattern, own: &Facts<'_>, step: usize) -> bool {
        let built = || self.sources && own.working.iter().any(|at| (self.step..=step).contains(at));
        // A name that nothing resolves could be that of anything: only the same words are the same file.
        let open = [files, &self.path].iter().any(|p| p.as_str().contains("${{"));
        self.step <= step
            && if self.whole || open { files.contains(&self.path) } else { files.overlaps(&self.path) }
            && !built()
    }
}

/// What the steps of a job take from elsewhere and leave where it is.
pub(super) fn of_job(job: &Job, own: &Facts<'_>) -> Vec<Brought> {
    let mut found: Vec<Brought> = Vec::new();
    let catalogue = Catalogue::get();
    let steps = job.steps.iter().zip(own.doers.iter()).enumerate().filter(|(_, (step, _))| !step.cond.is_never());
    for (at, (_, doers)) in steps {
        for doer in doers {
            removed(doer, &mut found);
            for change in doer.among(&catalogue.index.changes, &catalogue.changes) {
                let Some(brings) = &change.brings else { continue };
                let Some(hit) = doer.is(&change.actions, &change.commands) else { continue };
                if doer.cond().and(doer.applies(&[], &change.unless)).is_never() {
                    continue;
                }
                let archive = !brings.archive.is_empty();
                if archive && !from_elsewhere(doer, hit, (change, brings), doers, &found) {
                    continue;
                }
                let paths = if is_local(doer) { Vec::new() } else { paths(doer, hit, change, brings) };
                found.extend(paths.iter().filter(|path| !ancillary(path) && !is_data(path)).map(|path| Brought {
                    step: at,
                    location: doer.location().clone(),
                    path: Pattern::new(path),
                    whole: archive,
                    sources: brings.sources,
                }));
            }
        }
    }
    found
}

/// What takes the image that a command pushes from elsewhere: it is pulled and given another name, or an index is made of
/// an image that nothing here pushes.
pub(super) fn image(flow: &Flow, facts: &FlowFacts<'_>, publish: &Publish<'_>) -> Option<Location> {
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
    let steps = flow.jobs.get(publish.job)?.steps.iter().take(publish.step + 1);
    let scripts: Vec<&Command> = steps.clone().filter_map(|s| s.script()).flat_map(|s| &s.commands).collect();
    let pushed = refs(publish);
    // The last name that it was given.
    let tags = scripts.iter().rev().find_map(|c| {
        let after = matching::matches("docker|podman|nerdctl tag", &c.words)
            .or_else(|| matching::matches("docker|podman|nerdctl image tag", &c.words))?;
        let named = matching::positional(&c.words, after, &[]);
        let [from, to] = named.as_slice() else { return None };
        pushed.contains(to).then(|| from.clone())
    });
    let source = tags.filter(known)?;
    let names = |text: &Text| text.items(&[',', ' ']).contains(&source);
    let built = |c: &&Command| {
        let builds = matching::matches("docker|podman|nerdctl|buildah build|bud|buildx|commit|import", &c.words);
        builds.is_some() && c.words.iter().any(|w| names(w) || w.as_str().ends_with(&format!("={}", source.as_str())))
    };
    let by_action = steps.filter_map(|s| match &s.body {
        StepBody::Action(action) => Some(&action.inputs),
        _ => None,
    });
    if scripts.iter().any(built) || by_action.flatten().any(|input| names(&input.value)) {
        return None;
    }
    let pulls = |c: &&&Command| {
        let pull = matching::matches("docker|podman|nerdctl pull", &c.words)
            .or_else(|| matching::matches("docker|podman|nerdctl image pull", &c.words));
        pull.is_some_and(|after| matching::positional(&c.words, after, &[]).contains(&source))
    };
    scripts.iter().find(pulls).map(|c| c.location.clone())
}

/// The references under which a step pushes.
fn refs(publish: &Publish<'_>) -> Vec<Text> {
    let names = publish.doer.first(&publish.sink.name, publish.hit, &publish.sink.value_flags);
    names.iter().flat_map(|n| n.value.items(&[',', ' '])).collect()
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
        found.retain(|brought| !file.contains(&brought.path) && !inside.contains(&brought.path));
    }
}

/// Whether a command speaks with what the job runs itself.
fn is_local(doer: &Doer<'_>) -> bool {
    let Act::Command(_, _, words) = doer.act else { return false };
    words.iter().any(|word| LOCAL.iter().any(|host| word.as_str().contains(host)))
}

/// Whether an archive that is unpacked is from elsewhere, or comes through a pipe from a command that fetches.
fn from_elsewhere(
    doer: &Doer<'_>,
    hit: Hit,
    (change, brings): (&Change, &Brings),
    doers: &[Doer<'_>],
    found: &[Brought],
) -> bool {
    let picked = doer.in_folder(doer.every(&brings.archive, hit, &change.value_flags));
    // `tar xzf` spells its options without a dash.
    let options = |word: &str| word.starts_with('x') && word.chars().all(|c| "xzjJvfpk".contains(c));
    let mut named = picked.iter().map(|p| p.value.as_str()).filter(|p| !NOWHERE.contains(p) && !options(last(p)));
    let Some(archive) = named.next() else {
        let place = doer.location();
        let catalogue = Catalogue::get();
        let fetches = |other: &&Doer<'_>| {
            let mut changes = other.among(&catalogue.index.changes, &catalogue.changes);
            let fetches = |c: &Change| c.brings.as_ref().is_some_and(|b| b.archive.is_empty() && !b.sources);
            changes.any(|c| fetches(c) && other.is(&c.actions, &c.commands).is_some()) && !is_local(other)
        };
        let line = doers.iter().filter(|d| d.location().line == place.line && d.location().path == place.path);
        return line.into_iter().any(|other| fetches(&other));
    };
    let archive = Pattern::new(&glob::normal(archive));
    found.iter().any(|b| !b.whole && !b.sources && archive.contains(&b.path))
}

/// The files that are brought, as the checkout has them.
pub(super) fn paths(doer: &Doer<'_>, hit: Hit, change: &Change, brings: &Brings) -> Vec<String> {
    let here = doer.folder();
    let folders = doer.first(&brings.folder, hit, &change.value_flags);
    let folder = folders.first().map(|f| placed(here.as_str(), f.value.as_str()));
    let named = doer.every(&brings.named, hit, &change.value_flags);
    let names: Vec<String> =
        named.iter().flat_map(|n| n.value.items(&[])).map(|n| last(n.as_str()).to_owned()).collect();
    if brings.sources {
        let name = names.into_iter().next().map(|name| placed(here.as_str(), name.trim_end_matches(".git")));
        return folder.or(name).into_iter().map(|folder| format!("{folder}/**")).collect();
    }
    let below = |folder: &str| -> Vec<String> {
        // What nothing names may be any file, which in the root of the checkout says nothing.
        let known = names.iter().filter(|n| !n.is_empty() && n.as_str() != "*");
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
fn placed(folder: &str, path: &str) -> String {
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
