//! LINK: finds the release targets, follows their bytes, and ties provenance to the bytes it covers.

mod asked;
mod brought;
mod build_jobs;
mod builders;
mod buildx;
mod bytes;
mod configured;
mod count;
mod coverage;
mod digests;
mod doer;
mod engine;
mod facts;
mod family;
mod filenames;
mod files;
mod glob;
mod handed;
mod images;
mod ko;
mod leads;
mod manifest;
mod moves;
mod naming;
mod npm;
mod npm_client;
mod npm_edited;
mod npm_lock;
mod npm_machine;
mod npm_range;
mod npm_registry;
mod npmrc;
mod opaque;
mod outputs;
mod outside;
mod own_images;
mod packages;
mod products;
mod provenance;
mod readable;
mod rewritten;
mod searched;
mod separation;
mod speech;
mod supply;
mod switched;
mod tarball;
mod told;
mod tool;
mod traits;
mod withheld;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::catalogue::{Builder, Bytes, Catalogue, Registry};
use crate::checkout::{Bearing, Checkout};
use crate::model::{
    Flow, Hop, Job, Kind, Location, MOST_EVIDENCE, OutsideCall, Pipeline, Problem, Step, StepBody, Text,
};

use count::Count;

pub use asked::Asked;
pub use doer::{Act, Doer, Hit, Picked};
pub use provenance::{Provenance, Reach, Refused};
pub use separation::Separation;
pub use traits::{Trait, Traits};

/// One stream of artifacts on one path: what a pipeline hands out when one event starts it.
#[derive(Debug)]
pub struct Linked<'p> {
    /// The pipeline file.
    pub pipeline: &'p Pipeline,
    /// The flow that the event starts.
    pub flow: &'p Flow,
    /// The kind of stream.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Where the bytes are handed out.
    pub places: Vec<String>,
    /// The step or call that publishes.
    pub publish: Published,
    /// Indices of the build jobs: those that make the bytes, and those whose outputs or artifacts feed them.
    pub builds: BTreeSet<usize>,
    /// Bytes whose build nothing shows.
    pub unknown_builds: Vec<(String, Location)>,
    /// Indices of the jobs that publish.
    pub publishers: Rc<BTreeSet<usize>>,
    /// The best provenance that covers everything.
    pub provenance: Option<Provenance>,
    /// What was meant as provenance and does not count.
    pub refused: Vec<Refused>,
    /// What may be provenance for it: its subject cannot be read.
    pub unread: Vec<Refused>,
    /// Places of the steps whose subject this is, whatever they are worth.
    pub fitting: Vec<Location>,
    /// Whether this is all that the stream publishes, not only a part that lacks what the rest has.
    pub whole: bool,
    /// Steps that look like provenance and are something else.
    pub look_alikes: Vec<(String, Location)>,
    /// An outside workflow that builds or publishes and whose content nothing shows.
    pub opaque: Option<String>,
    /// Repositories whose checkouts could show provenance where none is shown.
    pub supply: BTreeSet<String>,
    /// How the bytes flow, hop by hop.
    pub chain: Vec<(String, Location)>,
    /// The traits of every job of the flow, in its order.
    pub traits: Rc<Vec<Rc<Traits>>>,
    /// For each build job: the steps that run code of the checkout or make bytes.
    pub working: BTreeMap<usize, Vec<usize>>,
}

/// The innermost place where a stream is published.
#[derive(Debug, Clone)]
pub struct Published {
    /// The catalogue entry.
    pub rule: String,
    /// What happens there, as a clause.
    pub what: String,
    /// Where.
    pub location: Location,
    /// How it was reached, outermost first.
    pub chain: Vec<Hop>,
    /// Index of the job.
    pub job: usize,
    /// Where the bytes come from.
    pub bytes: Bytes,
}

impl<'p> Linked<'p> {
    /// The build jobs.
    pub fn build_jobs(&self) -> impl Iterator<Item = (usize, &'p Job)> {
        self.builds.iter().filter_map(|at| Some((*at, self.flow.job(*at)?)))
    }

    /// The calls in the building and publishing jobs whose content nothing shows.
    pub fn unseen_calls(&self) -> impl Iterator<Item = &'p OutsideCall> {
        let jobs = self.builds.union(&self.publishers).filter_map(|at| self.flow.jobs.get(*at));
        jobs.filter(|job| Self::builder_of(job).is_none()).filter_map(|job| job.outside.as_ref())
    }

    /// The first step of some jobs of which nothing shows what it runs, with what it is.
    pub fn unseen_step(&self, jobs: impl IntoIterator<Item = usize>) -> Option<(&'p str, &'p Location)> {
        let steps = jobs.into_iter().filter_map(|at| self.flow.jobs.get(at)).flat_map(|job| &job.steps);
        steps.filter(|step| step.on_failure || !step.cond.is_never()).find_map(|step| match &step.body {
            StepBody::Opaque { what, unseen: true } => Some((what.as_str(), &step.location)),
            _ => None,
        })
    }

    /// The job that publishes.
    pub fn publish_job(&self) -> Option<&'p Job> {
        self.flow.job(self.publish.job)
    }

    /// Whether a job starts only when another one has ended.
    pub fn waits(&self, job: usize, other: usize) -> bool {
        bytes::needed(self.flow, job).contains(&other)
    }

    /// The known builder behind a job that calls an outside workflow.
    pub fn builder_of(job: &Job) -> Option<&'static Builder> {
        let call = job.outside.as_ref()?;
        Catalogue::get().builders.iter().find(|b| builders::is_builder(b, &call.workflow))
    }

    /// The steps of a build job that run code of the checkout or make bytes.
    pub fn working_steps(&self, job: usize) -> impl Iterator<Item = (usize, &'p Step)> {
        let steps = self.flow.jobs.get(job).map(|j| j.steps.as_slice()).unwrap_or_default();
        let working = self.working.get(&job).map(Vec::as_slice).unwrap_or_default();
        working.iter().filter_map(|at| Some((*at, &**steps.get(*at)?)))
    }
}

/// Under which condition a call of a builder restores a cache.
pub fn call_restores(call: &crate::model::OutsideCall, when: &[crate::catalogue::Test]) -> crate::model::Cond {
    builders::call_test(call, when, false)
}

/// Finds every release target on every path.
pub fn link<'p>(checkout: &Checkout, pipelines: &'p [Pipeline]) -> Vec<Linked<'p>> {
    let catalogue = Catalogue::get();
    let mut linked = Vec::new();
    let count = Rc::new(Count::new(checkout));
    'checkout: for pipeline in pipelines {
        let (mut published, mut facts_read) = (facts::Read::new(), facts::Read::new());
        let mut traits_read = traits::Read::new();
        for flow in &pipeline.flows {
            let published = facts::published(flow, catalogue, &mut published, &Rc::new(count.ahead()));
            let calls = flow.jobs.iter().any(|job| job.outside.is_some());
            if !calls && published.iter().all(|own| own.publishes.is_empty()) {
                let path = Path::new(checkout, pipeline, flow, &published);
                if opaque::streams(&path).is_empty() {
                    continue;
                }
            }
            let facts = facts::of_flow(flow, &published, catalogue, &mut facts_read, &count);
            let path = Path::new(checkout, pipeline, flow, &facts);
            let mut found = path.streams();
            found.extend(outside::streams(&path));
            found.extend(opaque::streams(&path));
            for target in &mut found {
                target.name = match coverage::is_image(target.kind) && is_computed(&target.name) {
                    true => readable::UNNAMED.to_owned(),
                    false => readable::readable(&target.name),
                };
                target.places = target.places.iter().map(|p| readable::readable(p)).collect();
            }
            if !found.is_empty() {
                let traits = Rc::new(traits::of_flow(flow, &facts, catalogue, &mut traits_read));
                let mut named = supply::Read::default();
                for target in &mut found {
                    target.traits = Rc::clone(&traits);
                    target.supply = supply::of(&path, target, &mut named);
                }
            }
            linked.extend(found);
            if count.is_full() {
                let most = count.most();
                let message = format!(
                    "linking what the runs publish takes more than {most} steps of work; the rest was not read"
                );
                let path = pipeline.path.to_string();
                checkout.refuse(Bearing::Release, Problem { path, line: None, column: None, message });
                break 'checkout;
            }
        }
    }
    linked
}

/// One event's path through one pipeline.
struct Path<'a, 'p> {
    checkout: &'a Checkout,
    pipeline: &'p Pipeline,
    flow: &'p Flow,
    facts: &'a facts::FlowFacts<'p>,
    catalogue: &'static Catalogue,
    /// Everything that is published, with its names.
    named: OnceCell<Vec<(&'a facts::Publish<'p>, Vec<naming::Named>)>>,
}

/// A stream before its provenance is looked for: everything that publishes under one kind and name.
struct Stream<'a, 'p> {
    kind: Kind,
    name: String,
    places: Vec<String>,
    /// The manifest of the npm package, where it is one of several.
    package: Option<String>,
    publishes: Vec<&'a facts::Publish<'p>>,
    /// The jobs of those.
    publishers: Rc<BTreeSet<usize>>,
}

impl<'a, 'p> Path<'a, 'p> {
    fn new(checkout: &'a Checkout, pipeline: &'p Pipeline, flow: &'p Flow, facts: &'a facts::FlowFacts<'p>) -> Self {
        Self { checkout, pipeline, flow, facts, catalogue: Catalogue::get(), named: OnceCell::new() }
    }

    /// Counts a publication; `false` when there have been too many.
    fn counts(&self) -> bool {
        self.facts.count.publications(1)
    }

    fn named(&self) -> &[(&'a facts::Publish<'p>, Vec<naming::Named>)] {
        self.named.get_or_init(|| {
            let mut named = Vec::new();
            // Each is counted again when it is linked.
            let count = self.facts.count.ahead();
            for publish in self.facts.iter().flat_map(|f| &f.publishes) {
                let names = naming::names(self.checkout, self.flow, publish);
                if !count.publications(names.len()) {
                    // None of the flow is linked: what it all amounts to is more than can be looked at.
                    self.facts.count.fill(&count);
                    return Vec::new();
                }
                named.push((publish, names));
            }
            named
        })
    }

    fn streams(&self) -> Vec<Linked<'p>> {
        let mut streams: Vec<Stream<'_, 'p>> = Vec::new();
        for (publish, names) in self.named() {
            for named in names {
                if is_test_registry(&named.name) || self.is_test_image(publish, &named.name) {
                    continue;
                }
                match streams.iter_mut().find(|s| s.kind == publish.sink.kind && s.name == named.name) {
                    // The same command again says nothing new.
                    Some(stream) if stream.publishes.iter().any(|p| p.repeats(publish)) => {}
                    Some(stream) => {
                        stream.publishes.push(publish);
                        let more = named.places.iter().filter(|p| !stream.places.contains(p));
                        let more: Vec<String> = more.cloned().collect();
                        stream.places.extend(more);
                    }
                    None => streams.push(Stream {
                        kind: publish.sink.kind,
                        name: named.name.clone(),
                        places: named.places.clone(),
                        package: named.package.clone(),
                        publishes: vec![*publish],
                        publishers: Rc::default(),
                    }),
                }
            }
        }
        let mut linked = Vec::new();
        for mut stream in streams {
            images::drop_parts_of_an_index(self.flow, self.facts, &mut stream.publishes);
            stream.publishers = Rc::new(stream.publishes.iter().map(|publish| publish.job).collect());
            linked.extend(family::split(self, &stream));
        }
        further(&mut linked);
        self.name_orphans(&mut linked);
        linked
    }

    /// Provenance in a related job that names nothing of what is published was meant for what is published: it shows
    /// the opposite of coverage, not the absence of a try.
    fn name_orphans(&self, linked: &mut [Linked<'p>]) {
        let fitting: BTreeSet<Location> = linked.iter().flat_map(|l| l.fitting.iter().cloned()).collect();
        let used = |location: &Location| {
            let named = |all: &[Refused]| all.iter().any(|r| r.location == *location);
            fitting.contains(location) || linked.iter().any(|l| named(&l.refused) || named(&l.unread))
        };
        let mut orphans: Vec<(usize, bool, Refused)> = Vec::new();
        // Calls of generators, with the jobs that hand them digests.
        let mut handed: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (at, own) in self.facts.iter().enumerate() {
            for attest in own.attests.iter().filter(|a| !a.producer.subjects.own && !used(a.doer.location())) {
                let image = attest.names_image();
                let why = format!("the subject of {} is not what is published", attest.producer.what);
                orphans.push((
                    at,
                    image,
                    Refused { rule: attest.producer.id.clone(), why, location: attest.doer.location().clone() },
                ));
            }
            let job = self.flow.jobs.get(at).filter(|job| !job.other_run);
            let Some((job, call)) = job.and_then(|j| Some((j, j.outside.as_ref()?))) else {
                continue;
            };
            if let Some(builder) = Linked::builder_of(job).filter(|b| b.generator && !used(&call.reference.location)) {
                let why = format!(
                    "the subjects of {} are not what is published: those bytes are built elsewhere",
                    builder.what
                );
                handed.insert(at, bytes::reads(job));
                orphans.push((
                    at,
                    !builder.image.is_empty(),
                    Refused { rule: builder.id.clone(), why, location: call.reference.location.clone() },
                ));
            }
        }
        for target in linked.iter_mut().filter(|l| l.provenance.is_none() && l.refused.is_empty()) {
            let image = coverage::is_image(target.kind);
            let name = target.publish_job().map(|j| j.needs.clone()).unwrap_or_default();
            for (at, of_image, refused) in &orphans {
                let near = target.publish.job == *at
                    || target.builds.contains(at)
                    || self.flow.jobs.get(*at).is_some_and(|j| name.contains(&j.key));
                if *of_image != image || !near || !target.whole {
                    continue;
                }
                let mut refused = refused.clone();
                // The files on the way from the job that took the digests may be the same, as in an archive.
                let digested = |build: &usize| {
                    let key = self.flow.jobs.get(*build).map(|j| &j.key);
                    key.is_some_and(|key| handed.get(at).is_some_and(|jobs| jobs.contains(key)))
                };
                if !target.builds.contains(&target.publish.job) && target.builds.iter().any(digested) {
                    refused.why = "its subjects may be other files than those that are published".to_owned();
                    target.unread.push(refused);
                    continue;
                }
                // Where the publishing job builds again, its building step is what shows it.
                if self.flow.jobs.get(*at).is_some_and(|j| j.outside.is_some())
                    && let Some((_, step)) = target.working_steps(target.publish.job).next()
                {
                    refused.location = step.first_place();
                }
                target.refused.push(refused);
            }
        }
    }

    /// Images that are called after end-to-end tests and for which jobs of the same run wait that publish nothing.
    fn is_test_image(&self, publish: &facts::Publish<'p>, name: &str) -> bool {
        let mut words = name.rsplit('/').next().unwrap_or(name).split(|c: char| !c.is_ascii_alphanumeric());
        let named = publish.sink.kind == Kind::Image && words.any(|word| word.eq_ignore_ascii_case("e2e"));
        let waits = |at: &usize| self.facts.earlier(self.flow, *at).contains(&publish.job);
        let mut waiting = (0..self.facts.len()).filter(|at| named && waits(at)).filter_map(|at| self.facts.get(at));
        waiting.next().is_some_and(|first| first.publishes.is_empty() && waiting.all(|own| own.publishes.is_empty()))
    }

    /// Links one unit of a stream: the publishing step with the files that are judged together.
    fn link(
        &self,
        stream: &Stream<'_, 'p>,
        name: String,
        publish: &facts::Publish<'p>,
        files: &[bytes::FileRef],
    ) -> Linked<'p> {
        if publish.bytes == Bytes::Copied
            && let Some(copy) = self.copy(stream, &name, publish)
        {
            return copy;
        }
        let builds = build_jobs::builds(self.flow, self.facts, &self.builders_of(stream, publish));
        // All the files of the step were asked for their origin, and every job that builds is kept.
        self.facts.count.parts(publish.files.len() + builds.jobs.len());
        let names: Vec<String> =
            if stream.places.is_empty() { vec![stream.name.clone()] } else { stream.places.clone() };
        let unit = coverage::Unit {
            checkout: self.checkout,
            publish,
            kind: stream.kind,
            names: &names,
            package: stream.package.as_deref(),
            files,
            builds: &builds.jobs,
        };
        let mut found = if stream.package.as_deref() == Some(naming::FURTHER) {
            // A bound was hit: what is shown of those that were looked at holds for the rest.
            provenance::Found::default()
        } else {
            provenance::find(self.checkout, self.flow, self.facts, &unit, self.catalogue)
        };
        // No source of the copy is pushed here, so whatever is attested here says nothing of how it was built.
        if publish.bytes == Bytes::Copied
            && let Some(p) = found.provenance.take()
        {
            let why = "the image is copied from elsewhere, and nothing here shows what built it".to_owned();
            found.unread.push(Refused { rule: p.rule, why, location: p.location });
        }
        let related: BTreeSet<usize> = builds.jobs.iter().copied().chain([publish.job]).collect();
        let look_alikes = related
            .iter()
            .filter_map(|at| self.facts.get(*at))
            .flat_map(|f| &f.look_alikes)
            .filter(|(producer, _)| producer.kinds.is_empty() || producer.kinds.contains(&stream.kind))
            .take(MOST_EVIDENCE)
            .map(|(producer, location)| {
                (producer.look_alike.clone().unwrap_or_else(|| producer.what.clone()), (*location).clone())
            })
            .collect();
        let published = Published {
            rule: publish.sink.id.clone(),
            what: publish.sink.what.clone(),
            location: publish.doer.location().clone(),
            chain: publish.doer.chain().to_vec(),
            job: publish.job,
            bytes: publish.bytes,
        };
        let jobs: BTreeSet<usize> = builds.jobs.union(&builds.telling).copied().collect();
        let mut linked = Linked {
            places: stream.places.clone(),
            unknown_builds: builds.unknown,
            publishers: Rc::clone(&stream.publishers),
            provenance: found.provenance,
            refused: found.refused,
            unread: found.unread,
            fitting: found.fitting,
            look_alikes,
            ..self.linked(stream.kind, name, published, jobs)
        };
        linked.chain = self.chain(&linked, publish);
        linked
    }

    /// What some jobs build and one of them publishes, without anything that is known besides.
    fn linked(&self, kind: Kind, name: String, publish: Published, builds: BTreeSet<usize>) -> Linked<'p> {
        Linked {
            pipeline: self.pipeline,
            flow: self.flow,
            kind,
            name,
            places: Vec::new(),
            unknown_builds: Vec::new(),
            publishers: Rc::new(BTreeSet::from([publish.job])),
            publish,
            provenance: None,
            refused: Vec::new(),
            unread: Vec::new(),
            fitting: Vec::new(),
            whole: true,
            look_alikes: Vec::new(),
            opaque: None,
            supply: BTreeSet::new(),
            chain: Vec::new(),
            traits: Rc::default(),
            working: builds.iter().filter_map(|at| Some((*at, self.facts.get(*at)?.working.clone()))).collect(),
            builds,
        }
    }

    /// A copy into another registry: it has what is tied to the digest of its source in this flow.
    fn copy(&self, stream: &Stream<'_, 'p>, name: &str, publish: &facts::Publish<'p>) -> Option<Linked<'p>> {
        let source = publish.doer.pick(
            &crate::catalogue::Pick { args: Some(0), most: Some(1), ..Default::default() },
            publish.hit,
            &publish.sink.value_flags,
        );
        let reference = source.first()?.value.as_str();
        let source = naming::image_name(reference);
        let is_source = |n: &naming::Named| n.name == source || n.places.contains(&source);
        let sources = self.named().iter().filter(|(p, _)| p.bytes != Bytes::Copied);
        let mut sources = sources.filter(|(_, names)| names.iter().any(is_source)).peekable();
        let first = *sources.peek()?;
        // Of several pushes under one name, the one under the tag that is copied.
        let tagged = |p: &facts::Publish<'_>| {
            let names = p.doer.first(&p.sink.name, p.hit, &p.sink.value_flags);
            names.iter().flat_map(|n| n.value.items(&[',', ' '])).any(|r| r.as_str() == reference)
        };
        let (original, names) = sources.find(|(p, _)| tagged(p)).unwrap_or(first);
        let names = names.first()?;
        let inner = Stream {
            kind: original.sink.kind,
            name: names.name.clone(),
            places: names.places.clone(),
            package: None,
            publishes: vec![*original],
            publishers: Rc::new(BTreeSet::from([original.job])),
        };
        let mut linked = self.link(&inner, name.to_owned(), original, &[]);
        linked.places.clone_from(&stream.places);
        linked.publish = Published {
            rule: publish.sink.id.clone(),
            what: publish.sink.what.clone(),
            location: publish.doer.location().clone(),
            chain: publish.doer.chain().to_vec(),
            job: publish.job,
            bytes: Bytes::Copied,
        };
        Rc::make_mut(&mut linked.publishers).insert(publish.job);
        let takes_along = matches!(publish.doer.act, Act::Command(_, _, words) if words.iter().any(|w| w.as_str() == "cosign" || w.as_str() == "--referrers"));
        if let Some(p) = &mut linked.provenance
            && !takes_along
            && !p.travels
        {
            let why = "the copy leaves the attestation behind in the first registry, and the forge's store holds none"
                .to_owned();
            p.reach = Reach::Unshown(why, publish.doer.location().clone());
        }
        linked.chain.push(("the digest is copied here".to_owned(), publish.doer.location().clone()));
        Some(linked)
    }

    /// The steps whose jobs count as building the unit: of an index, also the pushes it is made of.
    fn builders_of<'s>(&self, stream: &Stream<'s, 'p>, publish: &'s facts::Publish<'p>) -> Vec<&'s facts::Publish<'p>>
    where
        'a: 's,
    {
        let mut all = vec![publish];
        if publish.sink.index {
            let parts = self.named().iter().filter(|(p, _)| p.sink.kind == stream.kind && !p.sink.index);
            all.extend(parts.filter(|(p, names)| self.may_be_part(stream, publish, p, names)).map(|(p, _)| *p));
        }
        all
    }

    /// Whether an image that is pushed may be a part of an index: it is there before the index is made, and has the
    /// index's name or one that the step with the index says.
    fn may_be_part(
        &self,
        stream: &Stream<'_, 'p>,
        index: &facts::Publish<'p>,
        part: &facts::Publish<'p>,
        names: &[naming::Named],
    ) -> bool {
        let said = |name: &str| {
            let last = name.rsplit('/').next().unwrap_or(name);
            let mut texts = bytes::texts(index.doer.step()).into_iter();
            texts.any(|text| text.as_str().contains(last))
        };
        let own = |name: &str| name == stream.name || stream.places.iter().any(|place| place == name);
        let mut names = names.iter().flat_map(|n| &n.places).map(String::as_str).peekable();
        let before = part.job == index.job || self.facts.earlier(self.flow, index.job).contains(&part.job);
        let unnamed = names.peek().is_none();
        before && (unnamed || names.any(|name| name.contains("${{") || own(name) || said(name)))
    }

    /// From the jobs that build, over the artifacts, to the publishing step and the provenance.
    fn chain(&self, linked: &Linked<'p>, publish: &facts::Publish<'p>) -> Vec<(String, Location)> {
        let mut chain: Vec<(String, Location)> = Vec::new();
        let mut keys: BTreeSet<&str> = BTreeSet::new();
        for (at, job) in linked.build_jobs() {
            if chain.len() < MOST_HANDED && keys.insert(&job.key) {
                let builds = job.outside.is_some() || linked.working_steps(at).next().is_some();
                let does = if builds { "builds" } else { "hands over what reaches the build" };
                chain.push((format!("job {} {does}", job.key), job.location.clone()));
            }
        }
        'files: for file in &publish.files {
            let origin = bytes::origin(self.flow, self.facts, publish.job, publish.step, file.value.as_str());
            for (hop, location) in origin.hops {
                if chain.len() >= MOST_HANDED {
                    break 'files;
                }
                chain.push((format!("{hop} hands over {}", handed_over(&file.value)), location));
            }
        }
        for hop in publish.doer.chain() {
            chain.push((hop.what.clone(), hop.location.clone()));
        }
        let job = linked.publish_job().map_or("?", |j| j.key.as_str());
        chain.push((format!("job {job} {}", linked.publish.what), linked.publish.location.clone()));
        if let Some(p) = &linked.provenance {
            let by = self.flow.jobs.get(p.job).map_or("?", |j| j.key.as_str());
            chain.push((format!("job {by} makes {}: {}", p.what, p.coverage), p.location.clone()));
        }
        let mut seen = BTreeSet::new();
        chain.retain(|hop| seen.insert(hop.clone()));
        chain
    }
}

/// Gives the packages that were not looked at, as there are too many, the provenance that the same command makes for the
/// others: that of the one of which least is shown.
fn further(linked: &mut [Linked<'_>]) {
    const COUNT: usize = crate::commands::workspace::MOST_PACKAGES;
    let is_further = |target: &Linked<'_>| target.kind == Kind::Npm && target.name == naming::FURTHER;
    let all: Vec<usize> = (0..linked.len()).filter(|at| linked.get(*at).is_some_and(is_further)).collect();
    for at in all {
        let place = linked.get(at).map(|target| target.publish.location.clone());
        let of_command = |target: &&Linked<'_>| !is_further(target) && Some(&target.publish.location) == place.as_ref();
        let least = linked.iter().filter(of_command).min_by_key(|t| t.provenance.as_ref().map_or(0, |p| p.rank()));
        let known = least.map(|other| (other.provenance.clone(), other.refused.clone(), other.unread.clone()));
        let Some(target) = linked.get_mut(at) else { continue };
        match known {
            Some((provenance, refused, unread)) => {
                let coverage = format!("the same command makes it for {COUNT} packages, and there are more");
                target.provenance = provenance.map(|own| Provenance { coverage, ..own });
                (target.refused, target.unread) = (refused, unread);
            }
            None => target.unread.push(Refused {
                rule: target.publish.rule.clone(),
                why: format!("there are more than {COUNT} packages, which are not all looked at"),
                location: target.publish.location.clone(),
            }),
        }
    }
}

/// The chain of a target names this many jobs and artifacts at most: more than a reader looks at.
const MOST_HANDED: usize = 200;

/// Published files as a reader knows them.
fn handed_over(files: &Text) -> String {
    if files.symbol() == Some(facts::PIPED) {
        return "the files that a pipe names".to_owned();
    }
    let first = files.as_str().lines().next().unwrap_or_default();
    if files.symbol().is_some() { readable::readable(first) } else { format!("`{}`", readable::readable(first)) }
}

/// Whether all of a name is what a step of the run leaves.
fn is_computed(name: &str) -> bool {
    Text::new(name).symbol().is_some_and(|symbol| symbol.starts_with("jobs."))
}

/// Registries that are thrown away after the run, and layouts on its disk.
fn is_test_registry(name: &str) -> bool {
    let below = |host: &String| {
        name.strip_prefix(host.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '.']))
    };
    // Whatever lies below it is the machine itself, too.
    let own = name.split(['/', ':']).next().is_some_and(|host| host.ends_with(".localhost"));
    let named = |registry: &Registry| registry.env.iter().any(|variable| below(&format!("${{{{ env.{variable} }}}}")));
    own || Catalogue::get().registries.iter().any(|registry| registry.hosts.iter().any(below) || named(registry))
}
