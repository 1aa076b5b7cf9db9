//! Whether the subject of provenance covers what is published.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::bytes::{self, FileRef};
use super::doer::Picked;
use super::facts::{Attest, FlowFacts, Publish};
use super::filenames::ancillary;
use super::files;
use super::glob::{self, Pattern};
use super::images::image_covered;
use super::naming::{self, image_names};
use super::tool::of_another_tool;
use super::withheld;
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
    pub files: Vec<Picked>,
    /// The patterns among them, one by one.
    pub named: Vec<Picked>,
    /// What these leave out.
    left_out: Vec<Picked>,
    /// Checksums files that list them.
    pub checksums: Vec<Picked>,
    /// Releases of the forge whose files are the subjects.
    releases: Vec<Picked>,
    names: Vec<Picked>,
    /// The names as those of images.
    images: Vec<String>,
    /// The digests of the images.
    pub digests: Vec<Picked>,
}

impl Subjects {
    pub(super) fn of(attest: &Attest<'_>) -> Self {
        let subjects = &attest.producer.subjects;
        let pick = |picks| attest.doer.every(picks, attest.hit, &attest.producer.value_flags);
        let (mut files, names) = (attest.doer.in_folder(pick(&subjects.files)), pick(&subjects.name));
        let checksums = attest.doer.in_folder(pick(&subjects.checksums));
        let digests = pick(&subjects.digest);
        if files.is_empty() && checksums.is_empty() && digests.is_empty() {
            files.clone_from(&attest.declared);
        }
        let (left_out, named): (Vec<Picked>, Vec<Picked>) =
            files.iter().flat_map(items).partition(|f| f.value.as_str().starts_with('!'));
        Self {
            files,
            named,
            left_out: without_mark(&left_out),
            checksums,
            releases: pick(&subjects.release),
            images: names.iter().flat_map(|n| image_names(&n.value)).collect(),
            names,
            digests,
        }
    }

    /// All that is handed over as a subject.
    fn all(&self) -> impl Iterator<Item = &Picked> {
        [&self.files, &self.checksums, &self.releases, &self.names, &self.digests].into_iter().flatten()
    }
}

/// The files that a step makes provenance for, in the jobs that make them.
#[derive(Debug)]
pub(super) struct Attested {
    /// Those that it names.
    pub files: Vec<Made>,
    /// What its patterns leave out of these.
    pub left_out: Vec<Made>,
    /// The length of all these patterns.
    pub length: usize,
    /// Whether they hold a file: asked again for every target.
    pub holds: RefCell<HashMap<FileRef, bool>>,
    /// Whether one of them may be a file.
    pub meets: RefCell<HashMap<FileRef, bool>>,
}

/// Files in the job that makes them, ready to be held against others.
#[derive(Debug)]
pub(super) struct Made {
    /// The job that makes them.
    pub job: String,
    /// Their names.
    pub pattern: Pattern,
    /// What is in it, if it is a folder and the provenance is of all that is in there.
    pub inside: Option<Pattern>,
}

impl Attested {
    /// Those of an attesting step, which are read once.
    pub(super) fn of(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>) -> Rc<Self> {
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
        let new = Rc::new(Self { files, left_out, length, holds: RefCell::default(), meets: RefCell::default() });
        facts.attested.borrow_mut().insert(key, Rc::clone(&new));
        new
    }
}

/// How the subject of an attesting step relates to a unit.
pub(super) fn covers(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Coverage {
    match named(flow, facts, attest, unit) {
        Coverage::No => Coverage::No,
        meant => {
            let mut subjects = attest.subjects().all();
            subjects.find_map(|subject| withheld::verdict("its subject", &subject.value)).unwrap_or(meant)
        }
    }
}

fn named(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Coverage {
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
    let Subjects { files, checksums, releases, names, images, digests, .. } = attest.subjects();
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
        if subjects.declared.is_some() && attest.broken.is_none() {
            return Coverage::Unread("it names no subject, and no step of its job declares one for it".to_owned());
        }
        if !subjects.release.is_empty() {
            return of_release(flow, facts, attest, unit, releases);
        }
        // A tool that finds its subjects itself: files of the jobs that build.
        let reach = || bytes::out_of_reach(flow, facts, attest.job, unit.files).is_none();
        // What cannot deliver is said to, and not what it would name.
        let finds = subjects.finds || attest.broken.is_some();
        return match (unit.builds.contains(&attest.job) && reach(), finds) {
            (true, true) => Coverage::Yes("it names the files that the job makes".to_owned()),
            (true, false) => Coverage::Unread("nothing shows which files it names".to_owned()),
            (false, _) => Coverage::No,
        };
    }
    if unit.publish.bytes == Bytes::Packed {
        let touches = attest.job == unit.publish.job || unit.builds.contains(&attest.job);
        return packed_again(unit.kind, touches, files.iter().map(|f| f.value.as_str()));
    }
    let answer = files::covered(flow, facts, attest, unit);
    match answer {
        Coverage::Yes(_) if unit.publish.sink.rewrites => changed_by_registry(),
        other => other,
    }
}

/// Whether the subjects are the files of a release of the forge that hold what is published: those that are there when
/// they are looked up.
fn of_release(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    attest: &Attest<'_>,
    unit: &Unit<'_, '_>,
    releases: &[Picked],
) -> Coverage {
    const CHOSEN: &[&str] = &["vars.", "inputs.", "secrets.", "github.event."];
    let publish = unit.publish;
    let before = match publish.job == attest.job {
        true => {
            publish.step < attest.step
                || publish.step == attest.step && publish.doer.location() < attest.doer.location()
        }
        false => facts.earlier(flow, attest.job).contains(&publish.job),
    };
    if unit.kind != Kind::ReleaseAssets {
        return Coverage::No;
    }
    let of_this = releases.iter().flat_map(items).find_map(|named| {
        let tag = tag_of_own(unit, named.value.as_str())?;
        Some(Text::from(tag))
    });
    let Some(tag) = of_this else {
        let related = unit.builds.contains(&attest.job) || publish.job == attest.job;
        // Without a word it takes what the run has uploaded.
        let uploads = |at: &usize| facts.get(*at).is_some_and(|own| !own.stores.is_empty());
        if related && releases.is_empty() && facts.earlier(flow, attest.job).iter().any(uploads) {
            return Coverage::Unread("nothing shows which files of the run it names".to_owned());
        }
        let why = match releases.first() {
            Some(other) => format!("what it names as its subjects, `{}`, is not the release", other.value),
            None => "it is told of no release whose files it names".to_owned(),
        };
        return if related { Coverage::Wrong(why) } else { Coverage::No };
    };
    if !before {
        return Coverage::Wrong("nothing makes it wait for the release whose files it names".to_owned());
    }
    if tag.is_literal() {
        return Coverage::Unread(format!("it names the files of the release `{tag}`, whichever the run publishes"));
    }
    match tag.symbols().find(|symbol| CHOSEN.iter().any(|start| symbol.starts_with(start))) {
        Some(symbol) => Coverage::Unread(format!(
            "it names the files of the release `{symbol}`, which nothing here ties to the one that is published"
        )),
        None => Coverage::Yes("it names the files of the release".to_owned()),
    }
}

/// The tag in the address of a release of this repository. A tag alone is one of this repository.
fn tag_of_own<'v>(unit: &Unit<'_, '_>, address: &'v str) -> Option<&'v str> {
    let Some((scheme, path)) = address.split_once("://") else { return Some(address) };
    let unknown = ["${{ github.repository }}", "${{ github.repository_owner }}/${{ github.event.repository.name }}"];
    let slug = unit.checkout.slug().into_iter().chain(unknown);
    let below = |slug: &str| {
        let start = path.get(..slug.len()).filter(|start| start.eq_ignore_ascii_case(slug))?;
        path.get(start.len()..)?.strip_prefix('/')
    };
    let tag = slug.into_iter().filter(|_| scheme == "github").find_map(below)?.trim_end_matches('/');
    (!tag.is_empty() && !tag.split("}}").any(|part| part.split("${{").next().is_some_and(|p| p.contains('/'))))
        .then_some(tag)
}

/// What digests taken earlier come to for a package that is packed when it is published: they are meant for it where they
/// are of packages in the jobs that build it.
pub(super) fn packed_again<'s>(kind: Kind, touches: bool, mut files: impl Iterator<Item = &'s str>) -> Coverage {
    let why = "the package is packed again when it is published, so its digest is another one";
    if touches && files.any(|file| is_package(kind, file)) { Coverage::Wrong(why.to_owned()) } else { Coverage::No }
}

/// What digests taken earlier come to for a package that its registry changes.
pub(super) fn changed_by_registry() -> Coverage {
    Coverage::Wrong("the registry rewrites the package, so consumers download another digest".to_owned())
}

/// Whether a file looks like a package of the kind.
fn is_package(kind: Kind, file: &str) -> bool {
    let ending = match kind {
        Kind::Npm => ".tgz",
        Kind::Crate => ".crate",
        Kind::Pypi => ".whl",
        Kind::Gem => ".gem",
        Kind::Nuget => ".nupkg",
        _ => return false,
    };
    file.contains(ending) || file.trim_end_matches('*').ends_with("dist/")
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
            let delivers = |a: &Attest<'_>| a.broken.is_none() && a.attaches_nothing(own, job).is_none();
            let attached = |a: &Attest<'_>| a.producer.subjects.own && delivers(a) && a.attaches(own, job);
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
    all.sort_unstable();
    all.dedup();
    all
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

/// What of a value is known.
pub(super) fn fixed(value: &str) -> String {
    let mut parts = value.split("${{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |known, part| known + part.split_once("}}").map_or("", |(_, behind)| behind))
}
