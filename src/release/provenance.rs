//! Ties provenance to the bytes it covers.

use super::bytes::{self, FileRef};
use super::doer::{Doer, Picked};
use super::facts::{Attest, FlowFacts, Publish, step_of_symbol};
use super::glob;
use super::naming::{image_name, rewritten};
use super::npm;
use crate::catalogue::{Builder, Bytes, Catalogue, Content, Signer, Signing, Store};
use crate::checkout::Checkout;
use crate::model::{Access, Cond, EventKind, Flow, Hop, Job, Kind, Location, StepBody, Text, Version};
use crate::syntax::pattern;

/// How far the steps that build are from the signing identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Separation {
    /// The job that builds signs as well.
    BuildJob,
    /// Another job of the same workflow signs: every job of a workflow file shares one identity.
    SameWorkflow,
    /// A called workflow of the same repository signs, which the same people edit.
    SameRepository,
    /// An outside workflow builds and signs in one job; the vendor's claim, when it makes one.
    OutsideWithBuild(Option<String>),
    /// An outside builder that this run compiles from source, which no verifier accepts.
    CompiledBuilder,
    /// A trusted workflow of another repository signs in a job that runs no code of the build.
    TrustedBuilder,
    /// The platform's control plane signs.
    ControlPlane,
}

/// Whether consumers can get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Nothing shows that they can.
    Unshown(String, Location),
    /// They can, from here.
    Public(String, Location),
    /// They cannot, because of this.
    Lost(String, Location),
}

/// Provenance for one stream of artifacts.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// The catalogue entry.
    pub rule: String,
    /// What it is, as a noun phrase.
    pub what: String,
    /// The step that makes it.
    pub location: Location,
    /// How that step was reached.
    pub chain: Vec<Hop>,
    /// Index of its job in the flow.
    pub job: usize,
    /// Who signs.
    pub signer: Signer,
    /// Who writes the content.
    pub content: Content,
    /// How far the build is from the identity.
    pub separation: Separation,
    /// Whether consumers can get it.
    pub reach: Reach,
    /// Whether dispatch inputs and payloads are recorded.
    pub records_inputs: bool,
    /// Whether `vars` are recorded.
    pub records_vars: bool,
    /// Whether it is found wherever a copy of the digest goes: in the forge's store, or inside the index.
    pub travels: bool,
    /// How its subject is tied to the published bytes.
    pub coverage: String,
    /// A remark for the report.
    pub remark: Option<String>,
}

impl Provenance {
    /// How many of its own requirements hold, for choosing the best of several.
    pub fn rank(&self) -> u8 {
        let distributed = matches!(self.reach, Reach::Public(..));
        let authentic = self.content == Content::Platform && !matches!(self.signer, Signer::Nobody | Signer::JobKey);
        let unforgeable = matches!(self.separation, Separation::TrustedBuilder | Separation::ControlPlane);
        match (distributed, authentic, unforgeable) {
            (false, ..) => 1,
            (true, false, _) => 2,
            (true, true, false) => 3,
            (true, true, true) => 4,
        }
    }
}

/// Something that was meant as provenance for this stream and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The catalogue entry.
    pub rule: String,
    /// Why it does not count, in a sentence.
    pub why: String,
    /// The line that shows it.
    pub location: Location,
}

/// What was found for one published unit.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// The best provenance.
    pub provenance: Option<Provenance>,
    /// What was meant as provenance and is none.
    pub refused: Vec<Refused>,
    /// What may be provenance for it: its subject cannot be read.
    pub unread: Vec<Refused>,
    /// Places of the steps whose subject is this unit, whatever they are worth.
    pub fitting: Vec<Location>,
}

/// One thing that needs to be covered.
pub(super) struct Unit<'u, 'p> {
    /// The publishing step.
    pub publish: &'u Publish<'p>,
    /// The kind of stream.
    pub kind: Kind,
    /// Names under which the image goes out.
    pub names: &'u [String],
    /// The files, where they are made.
    pub files: &'u [FileRef],
    /// Indices of the jobs that build it.
    pub builds: &'u std::collections::BTreeSet<usize>,
}

/// How a subject relates to a unit.
enum Coverage {
    /// It covers the unit, in this way.
    Yes(String),
    /// It was meant to and does not.
    Wrong(String),
    /// Its subject cannot be read.
    Unread(String),
    /// It has nothing to do with the unit.
    No,
}

/// Finds the provenance of one unit among all that its flow makes.
pub(super) fn find(
    checkout: &Checkout,
    flow: &Flow,
    facts: &FlowFacts<'_>,
    unit: &Unit<'_, '_>,
    catalogue: &'static Catalogue,
) -> Found {
    let mut found = Found::default();
    for (at, own) in facts.iter().enumerate() {
        let Some(job) = flow.jobs.get(at) else { continue };
        for attest in &own.attests {
            if attest.producer.needs_container_builder && attest.broken.is_none() && !container_builder(job, attest) {
                continue;
            }
            match covers(flow, facts, attest, unit) {
                Coverage::No => {}
                Coverage::Unread(why) => found.unread.push(Refused {
                    rule: attest.producer.id.clone(),
                    why,
                    location: attest.doer.location().clone(),
                }),
                Coverage::Wrong(why) => found.refused.push(Refused {
                    rule: attest.producer.id.clone(),
                    why,
                    location: attest.doer.location().clone(),
                }),
                Coverage::Yes(coverage) => {
                    found.fitting.push(attest.doer.location().clone());
                    if let Some((why, location)) = &attest.undecided {
                        let (rule, why) = (attest.producer.id.clone(), why.clone());
                        found.unread.push(Refused { rule, why, location: location.clone() });
                        continue;
                    }
                    match usable(checkout, job, attest, unit) {
                        Err(refused) => found.refused.push(refused),
                        Ok(()) => better(&mut found, of_step(flow, facts, job, attest, unit, coverage)),
                    }
                }
            }
        }
        if let Some(call) = &job.outside {
            for builder in catalogue.builders.iter().filter(|b| is_builder(b, &call.workflow)) {
                of_builder(flow, facts, (at, job), builder, unit, &mut found);
            }
        }
    }
    if unit.kind == Kind::Npm && found.provenance.is_none() && found.refused.is_empty() {
        of_npm(checkout, flow, facts, unit, catalogue, &mut found);
    }
    // A step that switches its own provenance off usually leaves the work to another one, which then says more.
    let own = |rule: &str| catalogue.producers.iter().any(|p| p.id == rule && p.subjects.own);
    found.refused.sort_by_key(|r| own(&r.rule));
    found
}

/// Provenance that the npm client makes without a word on its command line.
fn of_npm(
    checkout: &Checkout,
    flow: &Flow,
    facts: &FlowFacts<'_>,
    unit: &Unit<'_, '_>,
    catalogue: &'static Catalogue,
    found: &mut Found,
) {
    let publish = unit.publish;
    let Some(job) = flow.jobs.get(publish.job) else { return };
    let (rule, coverage, location) = match npm::switch(checkout, job, publish) {
        npm::Switch::Silent => return,
        npm::Switch::On(location) => ("npm-provenance-config", "a file of the checkout asks for it", location),
        npm::Switch::Trusted(location) => (
            "npm-trusted-publishing",
            "the client makes it by itself where it publishes with the platform's identity instead of a token",
            location,
        ),
        npm::Switch::Unable(why) => {
            let location = publish.doer.location().clone();
            found.refused.push(Refused { rule: "npm-provenance-config".to_owned(), why, location });
            return;
        }
        npm::Switch::Off(location) => {
            let why = "a file of the checkout switches provenance off".to_owned();
            found.refused.push(Refused { rule: "npm-provenance-config".to_owned(), why, location });
            return;
        }
        npm::Switch::Missing(location) => {
            let why = "one of the published packages does not ask for provenance, the others do".to_owned();
            found.refused.push(Refused { rule: "npm-provenance-config".to_owned(), why, location });
            return;
        }
    };
    let Some(producer) = catalogue.producers.iter().find(|p| p.id == rule) else { return };
    let attest = Attest {
        producer,
        doer: publish.doer,
        hit: publish.hit,
        job: publish.job,
        step: publish.step,
        cond: publish.cond.clone(),
        signer: producer.signer,
        content: producer.content,
        broken: None,
        undecided: None,
    };
    match usable(checkout, job, &attest, unit) {
        Err(refused) => found.refused.push(refused),
        Ok(()) => {
            let mut provenance = of_step(flow, facts, job, &attest, unit, coverage.to_owned());
            provenance.chain.push(Hop { what: "asked for here".to_owned(), location });
            better(found, provenance);
        }
    }
}

fn better(found: &mut Found, new: Provenance) {
    if found.provenance.as_ref().is_none_or(|known| new.rank() > known.rank()) {
        found.provenance = Some(new);
    }
}

/// Whether a catalogue entry describes this workflow.
pub(super) fn is_builder(builder: &Builder, workflow: &str) -> bool {
    builder.workflows.iter().any(|w| pattern::wildcard(w, workflow))
}

/// Whether a BuildKit container is set up before the step, in every run in which the step runs.
fn container_builder(job: &Job, attest: &Attest<'_>) -> bool {
    let wrappers = &Catalogue::get().wrappers;
    job.steps.iter().take(attest.step + 1).any(|step| {
        let sets_up = match &step.body {
            StepBody::Action(action) => {
                let own = action.name == "docker/setup-buildx-action"
                    || action.name == "depot/setup-action"
                    || action.name == "useblacksmith/setup-docker-builder";
                own && action.input("driver").is_none_or(|d| d.value.literal() != Some("docker"))
            }
            StepBody::Script(_) => Doer::all(step, wrappers).iter().any(|d| match d {
                Doer::Command(_, _, words) => {
                    crate::commands::matching::matches("docker buildx create", words).is_some()
                        && !crate::commands::matching::flag(words, &["--driver".to_owned()])
                            .iter()
                            .any(|f| f.value().is_some_and(|v| v.as_str() == "docker"))
                }
                Doer::Action(..) => false,
            }),
            StepBody::Opaque { .. } => false,
        };
        sets_up && attest.doer.cond().implies(&step.cond)
    })
}

/// Whether an attesting step whose subject fits really delivers.
fn usable(checkout: &Checkout, job: &Job, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Result<(), Refused> {
    let refuse = |why: String, location: &Location| {
        Err(Refused { rule: attest.producer.id.clone(), why, location: location.clone() })
    };
    let what = &attest.producer.what;
    if let Some((why, location)) = &attest.broken {
        let variable = attest.broken_by_env().and_then(|name| env_place(checkout, &location.path, name));
        return refuse(why.clone(), variable.as_ref().unwrap_or(location));
    }
    if let Some(scope) = attest.producer.scopes.iter().find(|s| job.token.access(s) != Access::Write) {
        let why = format!("the job {} lacks `{scope}: write`, so {what} cannot be made", job.title());
        return refuse(why, attest.doer.location());
    }
    if attest.doer.step().may_fail && !attest.producer.subjects.own {
        return refuse(
            format!("the step may fail without stopping the release, so {what} may be missing"),
            attest.doer.location(),
        );
    }
    if !unit.publish.cond.implies(&attest.cond) {
        let step = attest.doer.step();
        let (condition, place) = match (&step.condition_at, &job.condition_at) {
            (Some(at), _) if !unit.publish.cond.implies(&attest.doer.cond()) => (attest.doer.cond(), at),
            (_, Some(at)) => (job.cond.clone(), at),
            (Some(at), None) => (attest.cond.clone(), at),
            (None, None) => (attest.cond.clone(), attest.doer.location()),
        };
        return refuse(not_always(what, &condition), place);
    }
    if attest.producer.id.starts_with("npm-provenance")
        && let Some(client) = npm::too_old(checkout, job, unit.publish)
    {
        return refuse(
            format!("{client} does not know provenance, which npm makes from 9.5 on"),
            attest.doer.location(),
        );
    }
    Ok(())
}

/// The first line of a file that sets a variable.
fn env_place(checkout: &Checkout, path: &str, name: &str) -> Option<Location> {
    let text = checkout.read(path).ok()?;
    let (number, line) = text.lines().enumerate().find(|(_, l)| {
        let rest = l.trim_start().strip_prefix(name).map(str::trim_start);
        rest.is_some_and(|r| r.starts_with([':', '=']))
    })?;
    let indent = line.chars().take_while(|c| c.is_whitespace()).count();
    let number = u32::try_from(number + 1).ok()?;
    let column = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    Some(Location {
        path: std::sync::Arc::from(path),
        line: number,
        column: column(indent),
        end_line: number,
        end_column: column(line.trim_end().chars().count()),
    })
}

/// Why something under a condition does not accompany every release.
fn not_always(what: &str, condition: &Cond) -> String {
    if condition.is_never() {
        format!("{what} is not made in the run that publishes: its condition does not hold there")
    } else {
        format!("{what} is not made in every run that publishes: it needs `{condition}`")
    }
}

fn covers(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Coverage {
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
    let pick = |picks| attest.doer.every(picks, attest.hit, &attest.producer.value_flags);
    let (files, checksums) = (pick(&subjects.files), pick(&subjects.checksums));
    let (names, digests) = (pick(&subjects.name), pick(&subjects.digest));
    if is_image(unit.kind) {
        // The building tool lists the digests of its images in a file of its own.
        let lists_images = checksums.iter().any(|c| c.value.as_str().to_ascii_lowercase().contains("digest"));
        if lists_images && attest.job == unit.publish.job && unit.publish.bytes == Bytes::Built {
            return Coverage::Yes("its subjects are the image digests that the file lists".to_owned());
        }
        return image_covered(flow, facts, unit, &names, &digests);
    }
    if files.is_empty() && checksums.is_empty() {
        if !digests.is_empty() || !names.is_empty() {
            return Coverage::No;
        }
        // Subjects that the runner discovers, or a tool that finds them itself: files of the jobs that build.
        return if unit.builds.contains(&attest.job) {
            Coverage::Yes("it names the files that the job makes".to_owned())
        } else {
            Coverage::No
        };
    }
    if unit.publish.bytes == Bytes::Packed {
        let touches = attest.job == unit.publish.job || unit.builds.contains(&attest.job);
        let why = "the package is packed again when it is published, so its digest is another one";
        return if touches && subject_is_package(unit.kind, &files) {
            Coverage::Wrong(why.to_owned())
        } else {
            Coverage::No
        };
    }
    let answer = files_covered(flow, facts, attest, unit, &files, &checksums);
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
    let other = facts.get(attest.job).and_then(|f| {
        f.publishes.iter().find(|p| p.step == attest.step && p.doer.location() == attest.doer.location())
    });
    let Some(other) = other else { return Coverage::No };
    if is_image(unit.kind) {
        // BuildKit's provenance lies in the manifest and goes into an index that is made of it.
        let merged =
            unit.publish.bytes == Bytes::Given && other.sink.kind == Kind::Image && other.job != unit.publish.job
                || unit.publish.bytes == Bytes::Copied;
        let pushed: Vec<String> = other
            .doer
            .first(&other.sink.name, other.hit, &other.sink.value_flags)
            .iter()
            .map(|p| image_name(p.value.as_str()))
            .collect();
        let fits = pushed.is_empty() || unit.names.iter().any(|n| pushed.iter().any(|p| p == n || p.contains("${{")));
        return if merged && fits {
            Coverage::Yes("it lies in the manifests that the index is made of".to_owned())
        } else {
            Coverage::No
        };
    }
    if unit.files.is_empty() || other.bytes != Bytes::Given || unit.publish.bytes != Bytes::Given {
        return Coverage::No;
    }
    let theirs: Vec<FileRef> = refs(flow, facts, attest.job, attest.step, &other.files);
    if unit.files.iter().all(|f| theirs.iter().any(|t| t.job == f.job && glob::contains(&t.pattern, &f.pattern))) {
        Coverage::Yes("the same files are published with it on another channel".to_owned())
    } else {
        Coverage::No
    }
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

fn image_covered(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    unit: &Unit<'_, '_>,
    names: &[Picked],
    digests: &[Picked],
) -> Coverage {
    if names.is_empty() && digests.is_empty() {
        return Coverage::No;
    }
    let index = unit.publish.sink.id.contains("imagetools");
    for digest in digests {
        for symbol in digest.value.symbols() {
            let Some((job, step)) = step_of_symbol(flow, symbol) else { continue };
            let publishing = flow.jobs.get(unit.publish.job).is_some_and(|j| j.key == job.key)
                && step.location == unit.publish.doer.step().location;
            if publishing {
                return Coverage::Yes("its subject is the digest that this step pushes".to_owned());
            }
            // The digest of another push is that of another image, whatever the name.
            let pushes = facts.iter().flat_map(|f| &f.publishes).any(|p| {
                is_image(p.sink.kind)
                    && flow.jobs.get(p.job).is_some_and(|j| j.key == job.key)
                    && p.doer.step().location == step.location
            });
            if pushes && names_fit(names, unit) {
                return if index {
                    Coverage::Wrong(
                        "its subject is the digest of a platform's image, and the index that is published has another one".to_owned(),
                    )
                } else {
                    Coverage::No
                };
            }
        }
    }
    if names_fit(names, unit) { Coverage::Yes("its subject is this image".to_owned()) } else { Coverage::No }
}

fn names_fit(names: &[Picked], unit: &Unit<'_, '_>) -> bool {
    names.iter().flat_map(|n| n.value.items(&[',', ' '])).map(|n| image_name(n.as_str())).any(|name| {
        unit.names.iter().any(|own| {
            let known = name.split("${{").next().unwrap_or_default();
            let dynamic = name.contains("${{") && known.contains('/') && pattern::wildcard(&starred(&name), own);
            *own == name
                || dynamic
                || own.strip_prefix("docker.io/").is_some_and(|o| name.ends_with(&format!("/{o}")))
                || (own.contains("${{") || name.contains("${{")) && own.rsplit('/').next() == name.rsplit('/').next()
                || Text::new(own.as_str()).symbol().is_some_and(|_| Text::new(name.as_str()).symbol().is_some())
        })
    })
}

/// A name with every unknown part as a `*`, as a dynamic matrix of images has it.
fn starred(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find("${{") {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        out.push('*');
        rest = tail.find("}}").and_then(|e| tail.get(e + 2..)).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn files_covered(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    attest: &Attest<'_>,
    unit: &Unit<'_, '_>,
    files: &[Picked],
    checksums: &[Picked],
) -> Coverage {
    let related = attest.job == unit.publish.job
        || unit.builds.contains(&attest.job)
        || unit.files.iter().any(|f| flow.jobs.get(attest.job).is_some_and(|j| j.key == f.job));
    if !checksums.is_empty() {
        // A release tool's checksums file lists its archives and packages; what it makes for a store or a registry of
        // packages is made again, and lists of image digests name no files.
        let elsewhere = matches!(unit.kind, Kind::Snap | Kind::Npm) && unit.publish.bytes == Bytes::Built;
        let images = checksums.iter().all(|c| c.value.as_str().to_ascii_lowercase().contains("digest"));
        return if related && !elsewhere && !images {
            Coverage::Yes("its subjects are what the checksums file lists".to_owned())
        } else {
            Coverage::No
        };
    }
    if unit.files.is_empty() {
        // The step builds what it publishes, and names no files: what the job attests there is meant.
        return if related && !checksum_file(files) {
            Coverage::Yes("its subjects are files of the job that builds and publishes".to_owned())
        } else if related {
            Coverage::Wrong("its only subject is the checksums file itself".to_owned())
        } else {
            Coverage::No
        };
    }
    let mut subjects = refs(flow, facts, attest.job, attest.step, files);
    generalise(flow, attest, &mut subjects);
    let inside = |f: &FileRef| subjects.iter().any(|s| s.job == f.job && glob::contains(&s.pattern, &f.pattern));
    if unit.files.iter().all(inside) {
        return Coverage::Yes(format!(
            "its subjects contain `{}`",
            unit.files.first().map_or("", |f| f.pattern.as_str())
        ));
    }
    // Published names that nothing resolves, attested in the job that publishes them.
    let unnamed = unit.publish.files.iter().all(|f| f.value.symbol().is_some());
    if attest.job == unit.publish.job && unnamed && !checksum_file(files) {
        return Coverage::Yes("its subjects are files of the job that publishes".to_owned());
    }
    let meets = |f: &FileRef| subjects.iter().any(|s| s.job == f.job && glob::overlaps(&s.pattern, &f.pattern));
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
    if related && opaque {
        return Coverage::Yes("its subjects come from a value that the building job computes".to_owned());
    }
    Coverage::No
}

/// Every leg of a matrix attests its own files: what differs between the legs may be anything.
fn generalise(flow: &Flow, attest: &Attest<'_>, subjects: &mut [FileRef]) {
    let Some(job) = flow.jobs.get(attest.job) else { return };
    if flow.legs(&job.key).count() < 2 {
        return;
    }
    for value in job.leg.split(", ").filter(|v| v.len() > 1) {
        for subject in subjects.iter_mut() {
            subject.pattern = subject.pattern.replace(value, "*");
        }
    }
}

fn checksum_file(files: &[Picked]) -> bool {
    !files.is_empty()
        && files.iter().flat_map(|f| f.value.items(&[','])).all(|f| {
            let name = f.as_str().rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            name.contains("checksum") || name.contains("sha256") || name.contains("sha512") || name.contains("shasum")
        })
}

fn of_step(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    job: &Job,
    attest: &Attest<'_>,
    unit: &Unit<'_, '_>,
    coverage: String,
) -> Provenance {
    let location = attest.doer.location().clone();
    let called = job.chain.iter().any(|h| h.what.starts_with("calls "));
    let separation = match attest.signer {
        Signer::ControlPlane => Separation::ControlPlane,
        _ if unit.builds.contains(&attest.job) => Separation::BuildJob,
        _ if called => Separation::SameRepository,
        _ => Separation::SameWorkflow,
    };
    Provenance {
        rule: attest.producer.id.clone(),
        what: attest.producer.what.clone(),
        chain: attest.doer.chain().to_vec(),
        job: attest.job,
        signer: attest.signer,
        content: attest.content,
        separation,
        reach: reach(flow, facts, attest, &location),
        travels: attest.producer.stores.contains(&Store::Forge)
            || attest.producer.subjects.own && attest.producer.stores.contains(&Store::Registry),
        records_inputs: attest.producer.records_parameters,
        records_vars: attest.producer.records_parameters,
        coverage,
        remark: attest.producer.remark.clone(),
        location,
    }
}

fn reach(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, location: &Location) -> Reach {
    let _ = flow;
    let stores = &attest.producer.stores;
    let public = |what: &str| Reach::Public(what.to_owned(), location.clone());
    if stores.contains(&Store::Forge) {
        return public("it lies in the forge's attestation store");
    }
    if stores.contains(&Store::Registry) {
        return public("it lies beside the package in its registry");
    }
    if stores.contains(&Store::Log) {
        return public("it lies on a public attestation server");
    }
    // A file of the job: published when a publishing step hands out something that is named like it.
    let words: Vec<&Text> = match attest.doer {
        Doer::Command(_, _, words) => words.iter().collect(),
        Doer::Action(_, action) => action.inputs.iter().map(|i| &i.value).collect(),
    };
    for own in facts.iter() {
        for publish in &own.publishes {
            for file in publish.files.iter().flat_map(|f| f.value.items(&[',', ' '])) {
                let named = words.iter().any(|w| {
                    let w = w.as_str().rsplit('=').next().unwrap_or_default();
                    w.contains('.') && glob::contains(file.as_str(), w)
                });
                // Everything in a folder is handed out, the provenance file in it too.
                let everything =
                    file.as_str() == "*" || file.as_str().ends_with("/*") || file.as_str().ends_with("/**");
                if named
                    || everything
                    || file.as_str().contains("intoto")
                    || file.as_str().contains("provenance")
                    || file.as_str().contains("attestation")
                {
                    return Reach::Public(
                        "it is published with the release".to_owned(),
                        publish.doer.location().clone(),
                    );
                }
            }
        }
    }
    Reach::Lost("it stays a file of the job and no step publishes it".to_owned(), location.clone())
}

/// Whether a run on this path is a run on a tag.
pub(super) fn on_tag(flow: &Flow, cond: &Cond) -> bool {
    matches!(flow.event.kind, EventKind::TagPush | EventKind::Release)
        || cond.requires(&|atom| {
            atom.starts_with("startsWith(github.ref, 'refs/tags/") || atom == "github.ref_type == 'tag'"
        })
}

/// Provenance by an outside builder or generator.
fn of_builder(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (at, job): (usize, &Job),
    builder: &'static Builder,
    unit: &Unit<'_, '_>,
    found: &mut Found,
) {
    let Some(call) = &job.outside else { return };
    let location = &call.reference.location;
    let input = |name: &str| call.inputs.iter().find(|i| i.name == name.to_ascii_lowercase());
    let picked = |picks: &[crate::catalogue::Pick]| -> Vec<Text> {
        picks.iter().filter_map(|p| p.input.as_deref()).filter_map(input).map(|i| i.value.clone()).collect()
    };
    let coverage = if builder.generator {
        if is_image(unit.kind) {
            let as_picked = |texts: Vec<Text>| {
                texts.into_iter().map(|value| Picked { value, location: location.clone() }).collect::<Vec<_>>()
            };
            image_covered(flow, facts, unit, &as_picked(picked(&builder.image)), &as_picked(picked(&builder.digest)))
        } else {
            let subjects = picked(&builder.subjects);
            if subjects.is_empty() { Coverage::No } else { listed(flow, facts, &subjects, unit) }
        }
    } else if unit.builds.contains(&at) {
        Coverage::Yes("the builder builds what is published".to_owned())
    } else {
        Coverage::No
    };
    let coverage = match coverage {
        Coverage::Yes(how) => {
            found.fitting.push(location.clone());
            how
        }
        Coverage::Unread(why) => {
            found.unread.push(Refused { rule: builder.id.clone(), why, location: location.clone() });
            return;
        }
        Coverage::Wrong(why) => {
            found.refused.push(Refused { rule: builder.id.clone(), why, location: location.clone() });
            return;
        }
        Coverage::No => return,
    };
    match called(flow, facts, (at, job), builder, &unit.publish.cond, coverage) {
        Ok(provenance) => better(found, provenance),
        Err(refused) => found.refused.push(refused),
    }
}

/// The provenance that a call of a known builder makes, if it can run and makes any.
pub(super) fn called(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (at, job): (usize, &Job),
    builder: &'static Builder,
    published: &Cond,
    coverage: String,
) -> Result<Provenance, Refused> {
    let Some(call) = &job.outside else {
        return Err(Refused { rule: builder.id.clone(), why: "no call".to_owned(), location: job.location.clone() });
    };
    let location = call.reference.location.clone();
    let refuse = |why: String| Err(Refused { rule: builder.id.clone(), why, location: location.clone() });
    let test = |tests: &[crate::catalogue::Test], any: bool| call_test(call, tests, any);
    if !builder.provenance || test(&builder.provenance_when, false).is_never() {
        return refuse(format!("{} makes no provenance here", builder.what));
    }
    let compiled = builder
        .compile_inputs
        .iter()
        .any(|name| call.inputs.iter().any(|i| i.name == *name && !i.value.equals(&Text::from("true")).is_never()));
    let reference = &call.reference;
    if builder.full_tag_only && !compiled {
        let raw = builder.tag_suffix.as_deref().and_then(|s| reference.raw.strip_suffix(s)).unwrap_or(&reference.raw);
        let full = !reference.is_hash()
            && raw.starts_with('v')
            && Version::parse(raw).is_some_and(|v| v.parts == 3 && !v.suffixed);
        if !full {
            return refuse(format!(
                "{} runs only from a full release tag (vMAJOR.MINOR.PATCH), and `@{}` is none",
                builder.what, reference.raw
            ));
        }
    }
    if let Some(since) = builder.runs_since.as_deref().and_then(Version::parse)
        && reference.version.is_some_and(|v| !v.at_least(since.numbers))
    {
        let why = builder.runs_why.as_deref().unwrap_or("it cannot run any more");
        return refuse(format!("{} at `@{}`: {why}", builder.what, reference.raw));
    }
    if let Some(scope) = builder.scopes.iter().find(|s| job.token.access(s) != Access::Write) {
        return refuse(format!(
            "the job {} does not grant `{scope}: write`, which {} needs",
            job.title(),
            builder.what
        ));
    }
    if !builder.may_fail_when.is_empty() && !test(&builder.may_fail_when, true).is_never() {
        return refuse(format!("{} may fail without stopping the release", builder.what));
    }
    if !published.implies(&job.cond) {
        return Err(Refused {
            rule: builder.id.clone(),
            why: not_always(&format!("provenance by {}", builder.what), &job.cond),
            location: job.condition_at.clone().unwrap_or(location),
        });
    }
    let unsigned = builder.signing == Signing::Nothing
        || !builder.unsigned_when.is_empty() && !test(&builder.unsigned_when, true).is_never();
    let separation = match builder.signing {
        _ if compiled => Separation::CompiledBuilder,
        Signing::Separate => Separation::TrustedBuilder,
        _ => Separation::OutsideWithBuild(builder.vendor_claim.clone()),
    };
    let records_vars = builder
        .records
        .vars_since
        .as_deref()
        .and_then(Version::parse)
        .is_some_and(|since| reference.version.is_some_and(|v| v.at_least(since.numbers)));
    Ok(Provenance {
        rule: builder.id.clone(),
        what: format!("provenance by {}", builder.what),
        reach: builder_reach(flow, facts, (at, job), builder, published, &location),
        location,
        travels: builder.image.is_empty(),
        chain: job.chain.clone(),
        job: at,
        signer: if unsigned { Signer::Nobody } else { Signer::Builder },
        content: Content::Platform,
        separation,
        records_inputs: builder.records.inputs,
        records_vars,
        coverage,
        remark: builder.remark.clone(),
    })
}

/// Tests on the inputs of a call: all (or any) of them.
pub(super) fn call_test(call: &crate::model::OutsideCall, tests: &[crate::catalogue::Test], any: bool) -> Cond {
    let action = crate::model::ActionUse {
        name: call.workflow.clone(),
        reference: call.reference.clone(),
        inputs: call.inputs.clone(),
    };
    let step = crate::model::Step {
        id: None,
        label: String::new(),
        body: StepBody::Opaque { what: String::new() },
        env: Vec::new(),
        cond: Cond::TRUE,
        condition_at: None,
        on_failure: false,
        may_fail: false,
        location: call.reference.location.clone(),
        chain: Vec::new(),
    };
    let doer = Doer::Action(&step, &action);
    if any { tests.iter().fold(Cond::FALSE, |c, t| c.or(doer.test(t))) } else { doer.applies(tests, &[]) }
}

fn builder_reach(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (_, job): (usize, &Job),
    builder: &Builder,
    published: &Cond,
    location: &Location,
) -> Reach {
    let Some(uploads) = &builder.uploads else {
        return Reach::Public(
            "it lies beside the image or in the forge's attestation store".to_owned(),
            location.clone(),
        );
    };
    let input = |name: &str| job.outside.as_ref().and_then(|c| c.inputs.iter().find(|i| i.name == name));
    let on = match input(&uploads.input) {
        Some(i) => {
            i.choices.iter().fold(Cond::FALSE, |all, (c, v)| all.or(c.clone().and(v.equals(&Text::from("true")))))
        }
        None => Cond::Known(uploads.default),
    };
    // A later job may fetch the file and publish it.
    let key = format!("jobs.{}.outputs.", job.key);
    for (at, own) in facts.iter().enumerate() {
        let fetches = own.fetches.iter().any(|f| match &f.name {
            None => true,
            Some(name) => {
                name.as_str().contains(&key) || name.as_str().contains("intoto") || name.as_str().contains("provenance")
            }
        });
        let needs = flow.jobs.get(at).is_some_and(|j| j.needs.contains(&job.key));
        if let (true, Some(publish)) =
            (fetches && needs, own.publishes.iter().find(|p| p.sink.kind == Kind::ReleaseAssets))
        {
            return Reach::Public("a later job adds it to the release".to_owned(), publish.doer.location().clone());
        }
    }
    if !published.implies(&on) {
        let why = format!("`{}` is not on, so it stays a workflow artifact that expires", uploads.input);
        return Reach::Lost(why, location.clone());
    }
    let tagged = uploads.tag_input.as_deref().is_some_and(|name| input(name).is_some_and(|i| !i.value.is_empty()));
    if !tagged && !on_tag(flow, &published.clone().and(job.cond.clone())) {
        let why = format!("a run by {} is not on a tag, and without one nothing is uploaded", flow.event);
        return Reach::Lost(why, location.clone());
    }
    Reach::Public("it is uploaded to the release".to_owned(), location.clone())
}

/// What the values of a digest list are made of.
#[derive(Default)]
struct Listed {
    /// Files whose digests a command takes.
    hashed: Vec<FileRef>,
    /// A checksums file, or a list that the building tool hands out, covers what the tool makes.
    tool: bool,
    /// A part that nothing here shows.
    unread: bool,
}

/// Digest lists pass through at most this many steps.
const MOST_LISTS: usize = 6;

/// Reads where the digests of a list come from.
fn read_list(flow: &Flow, facts: &FlowFacts<'_>, texts: &[&Text], listed: &mut Listed, depth: usize) {
    let mut any = false;
    for symbol in texts.iter().flat_map(|t| t.symbols()) {
        let Some((job, step)) = step_of_symbol(flow, symbol) else { continue };
        any = true;
        let at = flow.jobs.iter().position(|j| std::ptr::eq(j, job));
        let index = job.steps.iter().position(|s| std::ptr::eq(s, step));
        let (Some(at), Some(index)) = (at, index) else { continue };
        let script = match &step.body {
            StepBody::Script(script) => script,
            StepBody::Action(action) => {
                let known = ["goreleaser/", "create-base64-subjects-from-file", "jreleaser/"];
                listed.tool |= known.iter().any(|k| action.name.contains(k));
                listed.unread |= !listed.tool;
                continue;
            }
            StepBody::Opaque { .. } => {
                listed.unread = true;
                continue;
            }
        };
        let before = (listed.hashed.len(), listed.tool);
        let mut handed: Vec<&Text> = Vec::new();
        for command in &script.commands {
            let words = || command.words.iter().chain(command.env.iter().map(|(_, v)| v)).chain(&command.input);
            handed.extend(words().chain(step.env.iter().map(|(_, v)| v)));
            let program = command.words.first().map(|w| w.as_str().rsplit('/').next().unwrap_or_default().to_owned());
            let reads =
                |w: &Text| pattern::search(r"checksums?|sha256sums?|sha512sums?|shasum|digests?\.txt", w.as_str());
            match program.as_deref() {
                Some("sha256sum" | "shasum" | "gsha256sum") => {
                    let files =
                        command.words.iter().skip(1).filter(|w| !w.as_str().starts_with('-') && w.as_str() != "256");
                    let mut named = false;
                    for word in files {
                        named = true;
                        let path = super::naming::join(command.folder.as_str(), word.as_str());
                        listed.hashed.extend(bytes::origin(flow, facts, at, index, &path).files);
                    }
                    listed.tool |= !named;
                }
                Some("openssl" | "Get-FileHash" | "b2sum" | "rhash") => listed.tool = true,
                Some("cat" | "base64" | "awk" | "grep" | "sed" | "cut" | "sort" | "jq" | "tr") => {
                    listed.tool |= words().any(reads) || command.output.as_ref().is_some_and(reads);
                }
                _ => {}
            }
        }
        listed.tool |= handed.iter().flat_map(|t| t.symbols()).any(|s| s.ends_with(".outputs.artifacts"));
        if (listed.hashed.len(), listed.tool) == before {
            // Handed on from another list, as a job that joins several does.
            let own = format!("jobs.{}.", job.key);
            handed.retain(|t| t.symbols().any(|s| s.contains("jobs.") && !s.starts_with(&own)));
            if handed.is_empty() || depth >= MOST_LISTS {
                listed.unread = true;
            } else {
                read_list(flow, facts, &handed, listed, depth + 1);
            }
        }
    }
    listed.unread |= !any;
}

/// Whether a list of digests that another job computes names the files of the unit.
fn listed(flow: &Flow, facts: &FlowFacts<'_>, subjects: &[Text], unit: &Unit<'_, '_>) -> Coverage {
    if subjects.iter().all(Text::is_empty) {
        return Coverage::No;
    }
    let mut list = Listed::default();
    read_list(flow, facts, &subjects.iter().collect::<Vec<_>>(), &mut list, 0);
    let Listed { hashed, tool, unread } = list;
    if hashed.is_empty() {
        return if tool {
            Coverage::Yes("its subjects are the digests that the building job lists".to_owned())
        } else {
            Coverage::Unread("the list of digests that is handed to it cannot be read".to_owned())
        };
    }
    if tool || unread || unit.files.is_empty() {
        return Coverage::Yes("its subjects are the digests that the building job lists".to_owned());
    }
    let inside = |f: &FileRef| hashed.iter().any(|h| h.job == f.job && contains_loosely(&h.pattern, &f.pattern));
    if unit.files.iter().all(inside) {
        return Coverage::Yes("its subjects are the digests of these files".to_owned());
    }
    // Files that were moved to another folder of the job that listed them.
    let folder = |p: &str| p.rsplit_once('/').map_or(String::new(), |(f, _)| f.to_owned());
    let moved = |f: &FileRef| {
        hashed.iter().any(|h| h.job == f.job)
            && hashed.iter().all(|h| h.job != f.job || folder(&h.pattern) != folder(&f.pattern))
    };
    if unit.files.iter().all(|f| inside(f) || moved(f)) {
        return Coverage::Yes(
            "its subjects are the digests that the same job lists before it moves the files".to_owned(),
        );
    }
    if unit.files.iter().any(|f| hashed.iter().any(|h| h.job == f.job && glob::overlaps(&h.pattern, &f.pattern))) {
        let missing = unit.files.iter().find(|f| !inside(f)).map_or("", |f| f.pattern.as_str());
        return Coverage::Wrong(format!(
            "the digests handed to it do not name everything that is published as `{missing}`"
        ));
    }
    Coverage::No
}

/// Containment in which a bare `*` of a hashing command reaches files of any folder with the same ending.
fn contains_loosely(outer: &str, inner: &str) -> bool {
    glob::contains(outer, inner) || outer.ends_with("/*") && glob::contains(&format!("{outer}*"), inner)
}
