//! Whether the subject of provenance covers what is published.

use std::rc::Rc;

use super::bytes::{self, FileRef};
use super::digests;
use super::doer::Picked;
use super::facts::{Attest, FlowFacts, Publish};
use super::filenames::{ancillary, holds_checksums, without_side_files};
use super::glob::{self, CELLS, Pattern};
use super::images::image_covered;
use super::naming::{self, image_names, rewritten};
use super::rewritten::Point;
use super::tool::{UNLISTED, no_list, of_another_tool, unattested};
use crate::catalogue::Bytes;
use crate::model::{Flow, Kind, Location, Text};

/// One thing that needs to be covered.
pub(super) struct Unit<'u, 'p> {
    /// Where the files of the repository are.
    pub checkout: &'u crate::checkout::Checkout,
    /// The publishing step.
    pub publish: &'u Publish<'p>,
    /// The kind of stream.
    pub kind: Kind,
    /// Names under which the image goes out.
    pub names: &'u [String],
    /// The manifest of the npm package, where the step publishes several.
    pub package: Option<&'u str>,
    /// The files, where they are made.
    pub files: &'u [FileRef],
    /// Indices of the jobs that build it.
    pub builds: &'u std::collections::BTreeSet<usize>,
}

/// How a subject relates to a unit.
pub(super) enum Coverage {
    /// It covers the unit, in this way.
    Yes(String),
    /// It was meant to and does not.
    Wrong(String),
    /// Its subject cannot be read.
    Unread(String),
    /// It has nothing to do with the unit.
    No,
}

/// What a step that makes provenance names as its subjects, whatever is published.
#[derive(Debug, Clone)]
pub(super) struct Subjects {
    /// Files as the step names them.
    files: Vec<Picked>,
    /// The patterns among them, one by one.
    named: Vec<Picked>,
    /// What these leave out.
    left_out: Vec<Picked>,
    checksums: Vec<Picked>,
    names: Vec<Picked>,
    /// The names as those of images.
    images: Vec<String>,
    digests: Vec<Picked>,
}

impl Subjects {
    pub(super) fn of(attest: &Attest<'_>) -> Self {
        let subjects = &attest.producer.subjects;
        let pick = |picks| attest.doer.every(picks, attest.hit, &attest.producer.value_flags);
        let (files, names) = (attest.doer.in_folder(pick(&subjects.files)), pick(&subjects.name));
        let (left_out, named): (Vec<Picked>, Vec<Picked>) =
            files.iter().flat_map(items).partition(|f| f.value.as_str().starts_with('!'));
        Self {
            files,
            named,
            left_out: without_mark(&left_out),
            checksums: attest.doer.in_folder(pick(&subjects.checksums)),
            images: names.iter().flat_map(|n| image_names(&n.value)).collect(),
            names,
            digests: pick(&subjects.digest),
        }
    }
}

/// The files that a step makes provenance for, in the jobs that make them.
#[derive(Debug)]
pub(super) struct Attested {
    files: Vec<Made>,
    /// What its patterns leave out of these.
    left_out: Vec<Made>,
    /// The length of all these patterns.
    length: usize,
}

/// Files in the job that makes them, ready to be held against others.
#[derive(Debug)]
struct Made {
    job: String,
    pattern: Pattern,
    /// What is in it, if it is a folder and the provenance is of all that is in there.
    inside: Option<Pattern>,
}

impl Attested {
    fn of(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>) -> Rc<Self> {
        let key = std::ptr::from_ref(attest).cast::<()>();
        if let Some(known) = facts.attested.borrow().get(&key) {
            return Rc::clone(known);
        }
        let Subjects { named, left_out, .. } = attest.subjects();
        let mut files = refs(flow, facts, attest.job, attest.step, named);
        generalise(flow, attest, &mut files);
        let mut left_out = refs(flow, facts, attest.job, attest.step, left_out);
        left_out.retain(|file| !ancillary(&file.pattern));
        let descends = attest.producer.subjects.folders;
        let made = |file: FileRef| {
            let inside = descends.then(|| Pattern::new(&format!("{}/**", file.pattern.trim_end_matches('/'))));
            Made { pattern: Pattern::new(&file.pattern), inside, job: file.job }
        };
        let length = files.iter().chain(&left_out).map(|file| file.pattern.len()).sum();
        let (files, left_out) = (files.into_iter().map(made).collect(), left_out.into_iter().map(made).collect());
        let new = Rc::new(Self { files, left_out, length });
        facts.attested.borrow_mut().insert(key, Rc::clone(&new));
        new
    }
}

pub(super) fn covers(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Coverage {
    let subjects = &attest.producer.subjects;
    let same_step = attest.job == unit.publish.job
        && attest.step == unit.publish.step
        && attest.doer.location() == unit.publish.doer.location();
    if subjects.own {
        if same_step {
            return Coverage::Yes("it names exactly what this step publishes".to_owned());
        }
        return own_elsewhere(flow, facts, attest, unit);
    }
    let Subjects { files, checksums, names, images, digests, .. } = attest.subjects();
    if is_image(unit.kind) {
        // The building tool lists the digests of its images in a file of its own.
        let lists_images = checksums.iter().any(|c| c.value.as_str().to_ascii_lowercase().contains("digest"));
        if lists_images
            && attest.job == unit.publish.job
            && unit.publish.bytes == Bytes::Built
            && !of_another_tool(facts, attest, unit)
        {
            return Coverage::Yes("its subjects are the image digests that the file lists".to_owned());
        }
        return image_covered(flow, facts, attest.job, unit, images, digests);
    }
    if files.is_empty() && checksums.is_empty() {
        if !digests.is_empty() || !names.is_empty() {
            return Coverage::No;
        }
        // Subjects that the runner discovers, or a tool that finds them itself: files of the jobs that build.
        let reach = || bytes::out_of_reach(flow, facts, attest.job, unit.files).is_none();
        return if unit.builds.contains(&attest.job) && reach() {
            Coverage::Yes("it names the files that the job makes".to_owned())
        } else {
            Coverage::No
        };
    }
    if unit.publish.bytes == Bytes::Packed {
        let touches = attest.job == unit.publish.job || unit.builds.contains(&attest.job);
        let why = "the package is packed again when it is published, so its digest is another one";
        return if touches && subject_is_package(unit.kind, files) {
            Coverage::Wrong(why.to_owned())
        } else {
            Coverage::No
        };
    }
    let answer = files_covered(flow, facts, attest, unit);
    match answer {
        Coverage::Yes(_) if rewritten(unit.kind) => {
            Coverage::Wrong("the registry rewrites the package, so consumers download another digest".to_owned())
        }
        other => other,
    }
}

/// Whether the attested files look like packages of the kind.
fn subject_is_package(kind: Kind, files: &[Picked]) -> bool {
    let ending = match kind {
        Kind::Npm => ".tgz",
        Kind::Crate => ".crate",
        Kind::Pypi => ".whl",
        Kind::Gem => ".gem",
        Kind::Nuget => ".nupkg",
        _ => return false,
    };
    files.iter().any(|f| f.value.as_str().contains(ending) || f.value.as_str().trim_end_matches('*').ends_with("dist/"))
}

/// Images and other things that registries address by digest.
pub(super) fn is_image(kind: Kind) -> bool {
    matches!(kind, Kind::Image | Kind::OciArtifact | Kind::HelmChart)
}

/// Provenance of another channel for the same digest: the files that a registry upload attests are also published
/// here.
fn own_elsewhere(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Coverage {
    // BuildKit's provenance lies in the manifest and goes into an index that buildx makes of it; `docker manifest` takes
    // none that has provenance, and what another command pushes is another image.
    let index = unit.publish.sink.keeps_provenance;
    let may = match unit.kind {
        Kind::Image => index || unit.publish.bytes == Bytes::Copied,
        kind => !is_image(kind) && !unit.files.is_empty() && unit.publish.bytes == Bytes::Given,
    };
    if !may {
        return Coverage::No;
    }
    let other = facts.get(attest.job).and_then(|f| {
        f.publishes.iter().find(|p| p.step == attest.step && p.doer.location() == attest.doer.location())
    });
    let Some(other) = other else { return Coverage::No };
    if unit.kind == Kind::Image {
        let merged = index && other.sink.kind == Kind::Image && other.job != unit.publish.job
            || unit.publish.bytes == Bytes::Copied;
        let fits = || {
            let named = naming::names(unit.checkout, flow, other);
            let mut pushed = named.iter().flat_map(|n| &n.places).peekable();
            pushed.peek().is_none()
                || pushed.any(|p| unit.names.contains(p) || !unit.names.is_empty() && p.contains("${{"))
        };
        if !merged || !fits() {
            return Coverage::No;
        }
        if let Some(bare) = part_without(flow, facts, unit).filter(|_| index) {
            return Coverage::Wrong(format!(
                "a part of the index is pushed without it in line {} of {}",
                bare.line, bare.path
            ));
        }
        return Coverage::Yes("it lies in the manifests that the index is made of".to_owned());
    }
    if other.bytes != Bytes::Given {
        return Coverage::No;
    }
    let theirs: Vec<FileRef> = refs(flow, facts, attest.job, attest.step, &other.files);
    facts.count.comparisons(theirs.len() * unit.files.len());
    if unit.files.iter().all(|f| theirs.iter().any(|t| t.job == f.job && glob::contains(&t.pattern, &f.pattern))) {
        Coverage::Yes("the same files are published with it on another channel".to_owned())
    } else {
        Coverage::No
    }
}

/// The push of a part of an index in a job before it, to which BuildKit attaches nothing.
fn part_without(flow: &Flow, facts: &FlowFacts<'_>, unit: &Unit<'_, '_>) -> Option<Location> {
    let named = |push: &Publish<'_>| {
        let pushed = naming::names(unit.checkout, flow, push);
        pushed.iter().flat_map(|n| n.places.iter().chain([&n.name])).any(|name| unit.names.contains(name))
    };
    let earlier = facts.earlier(flow, unit.publish.job);
    let pushes = earlier.iter().filter_map(|at| Some((flow.jobs.get(*at)?, facts.get(*at)?)));
    pushes
        .flat_map(|(job, own)| own.publishes.iter().map(move |push| (job, own, push)))
        .filter(|(_, _, push)| {
            push.sink.kind == Kind::Image && push.bytes == Bytes::Built && !push.cond.is_never() && named(push)
        })
        .find(|(job, own, push)| {
            let of_push = |a: &&Attest<'_>| a.step == push.step && a.doer.location() == push.doer.location();
            let attached = |a: &Attest<'_>| a.producer.subjects.own && a.broken.is_none() && a.attaches(own, job);
            !own.attests.iter().filter(of_push).any(attached)
        })
        .map(|(_, _, push)| push.doer.location().clone())
}

/// The files that some values name, where they are made.
pub(super) fn refs(flow: &Flow, facts: &FlowFacts<'_>, job: usize, step: usize, files: &[Picked]) -> Vec<FileRef> {
    let mut all: Vec<FileRef> = Vec::new();
    for file in files {
        for item in file.value.items(&[',']) {
            all.extend(bytes::origin(flow, facts, job, step, item.as_str()).files);
        }
    }
    all.sort();
    all.dedup();
    all
}

fn files_covered(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Coverage {
    let Subjects { files, checksums, .. } = attest.subjects();
    let related = attest.job == unit.publish.job
        || unit.builds.contains(&attest.job)
        || unit.files.iter().any(|f| flow.jobs.get(attest.job).is_some_and(|j| j.key == f.job))
        || stored_by_publisher(flow, facts, attest, unit);
    if !checksums.is_empty() {
        if let Some(pattern) = checksums.iter().find(|c| c.value.literal().is_some_and(|v| v.contains('*'))) {
            return Coverage::Wrong(format!("it takes one checksums file, and `{}` is a pattern", pattern.value));
        }
        // A release tool's checksums file lists its archives and packages; what it makes for a store or a registry of
        // packages is made again, and lists of image digests name no files.
        let elsewhere = matches!(unit.kind, Kind::Snap | Kind::Npm) && unit.publish.bytes == Bytes::Built
            || unit.kind == Kind::Maven && !unit.publish.files.is_empty();
        let images = checksums.iter().all(|c| c.value.as_str().to_ascii_lowercase().contains("digest"));
        if !elsewhere {
            let point = Point { job: attest.job, step: attest.step };
            let read = |c: &Picked| digests::checksums(flow, facts, &point, c.value.as_str(), unit);
            // What takes digests of files says more than the name of the list.
            match checksums.iter().find_map(read) {
                Some(shown) if !images || !matches!(shown, Coverage::No | Coverage::Unread(_)) => return shown,
                _ => {}
            }
        }
        let in_checkout = |c: &&Picked| unit.checkout.exists(&glob::normal(c.value.as_str()));
        if let Some(committed) = checksums.iter().find(in_checkout).filter(|_| !elsewhere && !images) {
            return Coverage::Wrong(format!(
                "its checksums file `{}` is one of the checkout, and nothing here writes it",
                committed.value
            ));
        }
        if related && !elsewhere && !images && of_another_tool(facts, attest, unit) {
            return Coverage::Unread("nothing shows that one release tool lists what the other publishes".to_owned());
        }
        if related
            && !elsewhere
            && !images
            && let Some(why) = no_list(flow, facts, attest, unit, checksums)
        {
            return Coverage::Wrong(why);
        }
        if related
            && !elsewhere
            && !images
            && let Some((file, list)) = listed_elsewhere(flow, facts, attest, unit, checksums)
        {
            return Coverage::Unread(format!("nothing shows that `{list}` lists `{file}`, which lies elsewhere"));
        }
        // It lists what its job has.
        let reach = || bytes::out_of_reach(flow, facts, attest.job, unit.files).is_none();
        return if related && !elsewhere && !images && reach() {
            Coverage::Yes("its subjects are what the checksums file lists".to_owned())
        } else {
            Coverage::No
        };
    }
    if unit.files.is_empty() {
        if unit.publish.bytes == Bytes::Given
            && attest.job != unit.publish.job
            && let Some(why) = packed_later(flow, facts, attest, files)
        {
            return Coverage::Wrong(why);
        }
        // A build tool that publishes to a Maven repository makes packages of these kinds, and no other archives.
        let package = |f: &Picked| {
            let file = f.value.as_str().rsplit('/').next().unwrap_or_default();
            let open = file.ends_with('*') || !file.contains('.') || f.value.as_str().contains("${{");
            open && !committed(unit.checkout, f.value.as_str())
                || [".jar", ".aar", ".war", ".klib", ".pom"].iter().any(|ending| file.contains(ending))
        };
        if unit.kind == Kind::Maven && !attest.subjects().named.iter().any(package) {
            return Coverage::No;
        }
        if let Some(ending) = unattested(facts, attest, unit).filter(|_| !checksum_file(files)) {
            return Coverage::Wrong(format!("its subject leaves out the `.{ending}` files that are published as well"));
        }
        // Files that another job attests have to come to the job that publishes them as they are.
        if related
            && unit.publish.bytes == Bytes::Given
            && attest.job != unit.publish.job
            && !bytes::artifact_feeders(flow, facts, unit.publish.job).contains(&attest.job)
        {
            return Coverage::Unread(
                "nothing shows that the files of the job that attests are those that are published".to_owned(),
            );
        }
        // The step builds what it publishes, and names no files: what the job attests there is meant.
        return if related && !checksum_file(files) {
            Coverage::Yes("its subjects are files of the job that builds and publishes".to_owned())
        } else if related {
            Coverage::Wrong("its only subject is the checksums file itself".to_owned())
        } else {
            Coverage::No
        };
    }
    let files = &attest.subjects().named;
    let attested = Attested::of(flow, facts, attest);
    let Attested { files: subjects, left_out, length } = &*attested;
    let contained = |f: &FileRef| {
        let all = Pattern::new(&f.pattern);
        let whole = Some(without_side_files(&f.pattern)).filter(|whole| *whole != f.pattern).map(Pattern::new);
        let has = |pattern: &Pattern| pattern.contains(&all) || whole.as_ref().is_some_and(|w| pattern.contains(w));
        // Nothing is shown about what is not compared.
        facts.count.comparisons(subjects.len() + left_out.len() + length * f.pattern.len() / CELLS)
            && !left_out.iter().any(|s| s.job == f.job && s.pattern.overlaps(&all))
            && subjects.iter().any(|s| s.job == f.job && (has(&s.pattern) || s.inside.as_ref().is_some_and(has)))
    };
    // What its job puts elsewhere after it has attested it keeps its digest.
    let point = Point { job: attest.job, step: attest.step };
    let whole = |f: &FileRef| contained(f) || digests::moved_from(flow, facts, &point, f).iter().any(contained);
    // An index of Python packages takes nothing but wheels and source archives.
    let packages = |f: &FileRef| {
        let each = |ending: &str| whole(&FileRef { pattern: format!("{}{ending}", f.pattern), ..f.clone() });
        unit.kind == Kind::Pypi
            && f.pattern.rsplit('/').next() == Some("*")
            && [".whl", ".tar.gz"].iter().all(|e| each(e))
    };
    let inside = |f: &FileRef| whole(f) || packages(f);
    if unit.files.iter().all(inside) {
        return Coverage::Yes(format!(
            "its subjects contain `{}`",
            unit.files.first().map_or("", |f| f.pattern.as_str())
        ));
    }
    // Published names that nothing resolves, attested in the job that publishes them.
    let unnamed = unit.publish.files.iter().all(|f| f.value.symbol().is_some());
    // One file that is named may be another than those.
    let single = |f: &Picked| f.value.symbol().is_none() && !fixed(f.value.as_str()).contains(['*', '?', '{']);
    let single = files.iter().all(|f| single(f) && !f.value.as_str().ends_with('/'));
    if attest.job == unit.publish.job && unnamed && single && !checksum_file(files) {
        return Coverage::Unread("what is attested may be another file than those that are published".to_owned());
    }
    if attest.job == unit.publish.job && unnamed && !checksum_file(files) {
        return Coverage::Yes("its subjects are files of the job that publishes".to_owned());
    }
    let meets = |f: &FileRef| {
        let all = Pattern::new(&f.pattern);
        facts.count.comparisons(subjects.len() + length * f.pattern.len() / CELLS);
        subjects.iter().any(|s| s.job == f.job && s.pattern.overlaps(&all))
    };
    if unit.files.iter().any(meets) {
        let subject = files.first().map_or(String::new(), |f| f.value.to_string());
        let shown = subject.lines().next().unwrap_or_default();
        return Coverage::Wrong(format!(
            "its subject `{shown}` does not contain everything that is published as `{}`",
            unit.files.iter().find(|f| !inside(f)).map_or("", |f| f.pattern.as_str())
        ));
    }
    // A subject that nothing resolves, in a job that builds these bytes, is taken at its word.
    let opaque = files.iter().all(|f| f.value.symbol().is_some());
    if related && opaque && bytes::out_of_reach(flow, facts, attest.job, unit.files).is_none() {
        return Coverage::Yes("its subjects come from a value that the building job computes".to_owned());
    }
    Coverage::No
}

/// Whether a job that only fetches names what the job of a release tool stored after it had published: nothing works on
/// the files in between.
fn stored_by_publisher(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> bool {
    let publish = unit.publish;
    let Some((job, own)) = flow.jobs.get(publish.job).zip(facts.get(publish.job)) else { return false };
    let Some(last) = own.stores.iter().map(|s| s.step).max() else { return false };
    let Subjects { named, checksums, .. } = attest.subjects();
    let named = if checksums.is_empty() { named } else { checksums };
    publish.bytes == Bytes::Built
        && unit.files.is_empty()
        && own.stores.iter().all(|s| s.step > publish.step)
        && !own.working.iter().any(|at| (publish.step + 1..last).contains(at))
        && facts.get(attest.job).is_some_and(|f| !f.builds())
        && !named.is_empty()
        && named.iter().all(|file| {
            let origin = bytes::origin(flow, facts, attest.job, attest.step, file.value.as_str());
            let alone = origin.through.iter().all(|at| *at == publish.job) && !origin.through.is_empty();
            alone && origin.foreign.is_none() && origin.files.iter().all(|f| f.job == job.key)
        })
}

/// A published file of the attesting job that lies outside the folders of its checksums files, and one of those: what
/// the tool that writes them makes lies beside them.
fn listed_elsewhere(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    attest: &Attest<'_>,
    unit: &Unit<'_, '_>,
    checksums: &[Picked],
) -> Option<(String, String)> {
    // A release tool that uploads what its configuration names lists that as well.
    if unit.publish.words().first().is_some_and(|p| p.as_str().contains(':')) && !unit.publish.says(UNLISTED) {
        return None;
    }
    let key = &flow.jobs.get(attest.job)?.key;
    let lists: Vec<String> = checksums.iter().map(|c| glob::normal(c.value.as_str())).collect();
    let folder = |p: &str| p.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let beside = |p: &str| lists.iter().any(|list| digests::is_somewhere(list) || p.starts_with(folder(list).as_str()));
    // What another job made and a release tool takes along is in no list of the tool either.
    if unit.publish.says(UNLISTED) && !lists.iter().any(|list| digests::is_somewhere(list)) {
        let named = unit.publish.files.iter().flat_map(|f| f.value.items(&[','])).map(|f| glob::normal(f.as_str()));
        if let Some(file) = named.into_iter().find(|f| !beside(f)) {
            return Some((file, lists.first()?.clone()));
        }
    }
    let here = |f: &FileRef| f.job != *key || digests::was_in(flow, facts, attest.job, f, &beside);
    let file = unit.files.iter().find(|f| !here(f))?;
    Some((file.pattern.clone(), lists.first()?.clone()))
}

/// The items of a list of files, each with its place.
pub(super) fn items(files: &Picked) -> Vec<Picked> {
    let of = |value: Text| Picked { value, location: files.location.clone() };
    files.value.items(&[',']).into_iter().map(of).collect()
}

/// Patterns that leave files out, as what they leave out.
fn without_mark(files: &[Picked]) -> Vec<Picked> {
    let of = |f: &Picked| {
        let value = Text::new(f.value.as_str().trim_start_matches('!').trim_start());
        Picked { value, location: f.location.clone() }
    };
    files.iter().map(of).collect()
}

/// Why what a job attests is not what it hands on: none of the artifacts that it stores holds an attested file, as where
/// the file goes into an archive first.
fn packed_later(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, files: &[Picked]) -> Option<String> {
    let stores = &facts.get(attest.job)?.stores;
    let subjects: Vec<String> =
        files.iter().flat_map(|f| f.value.items(&[','])).map(|s| glob::normal(s.as_str())).collect();
    let stored: Vec<String> = stores.iter().flat_map(|s| &s.paths).map(|p| glob::normal(p.as_str())).collect();
    if subjects.is_empty() || stored.is_empty() {
        return None;
    }
    let handed_on = |subject: &String| {
        stored.iter().any(|s| glob::overlaps(s, subject) || glob::overlaps(&format!("{s}/**"), subject))
    };
    if subjects.iter().any(handed_on) {
        return None;
    }
    let title = flow.jobs.get(attest.job).map_or_else(String::new, |j| j.title());
    let shown = files.first().map_or(String::new(), |f| f.value.to_string());
    let shown = shown.lines().next().unwrap_or_default();
    Some(format!("the job {title} attests `{shown}` and hands on other files, into which it is packed"))
}

/// Every leg of a matrix attests its own files: what differs between the legs may be anything.
fn generalise(flow: &Flow, attest: &Attest<'_>, subjects: &mut [FileRef]) {
    let Some(job) = flow.jobs.get(attest.job) else { return };
    if flow.legs(&job.key).count() < 2 {
        return;
    }
    for value in job.leg.split(", ").filter(|v| v.len() > 1) {
        for subject in subjects.iter_mut() {
            if subject.pattern.contains(value) {
                subject.pattern = subject.pattern.replace(value, "*");
            }
        }
    }
}

/// Whether a pattern names what lies in a folder of the checkout, which is no folder of outputs.
fn committed(checkout: &crate::checkout::Checkout, pattern: &str) -> bool {
    let pattern = glob::normal(pattern);
    let known = pattern.find(['*', '?', '{', '$']).map_or(pattern.as_str(), |at| pattern.get(..at).unwrap_or_default());
    known.rsplit_once('/').is_some_and(|(folder, _)| !folder.is_empty() && checkout.under(folder).next().is_some())
}

/// What of a value is known.
fn fixed(value: &str) -> String {
    let mut parts = value.split("${{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |known, part| known + part.split_once("}}").map_or("", |(_, behind)| behind))
}

fn checksum_file(files: &[Picked]) -> bool {
    !files.is_empty() && files.iter().flat_map(|f| f.value.items(&[','])).all(|f| holds_checksums(f.as_str()))
}
