//! What the steps of a job do, in the catalogue's terms.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use super::brought::{self, Brought};
use super::buildx::{self, Change};
use super::bytes::{FileRef, Origin, Stored, feeds, needed, reads};
use super::count::Count;
use super::coverage::{Attested, Subjects};
use super::digests::Listed;
use super::doer::{Act, Doer, Hit, Picked};
use super::glob;
use super::moves::{self, Move};
use super::opaque::{self, Opaque};
use super::own_images::OwnImages;
use super::rewritten::{self, Point, Written};
use super::{searched, speech, supply};
use crate::catalogue::{Broken, Bytes, Catalogue, Content, Producer, Signer, Sink, Steps};
use crate::checkout::Checkout;
use crate::commands::{IDENTITY, join, matching};
use crate::model::{Cond, Flow, Job, Location, Step, StepBody, Text};
use crate::syntax::pattern;

/// What stands for the files that a command gets by name from a pipe.
pub(super) const PIPED: &str = "standard input";

/// A step or command that hands bytes to consumers.
#[derive(Debug, Clone)]
pub(super) struct Publish<'p> {
    /// The catalogue entry.
    pub sink: &'static Sink,
    /// What does it.
    pub doer: Doer<'p>,
    /// Where in the catalogue's pattern it matched.
    pub hit: Hit,
    /// Index of the job in its flow.
    pub job: usize,
    /// Index of the step in its job.
    pub step: usize,
    /// Under which condition it runs, the job's included.
    pub cond: Cond,
    /// The published files or patterns, as the step names them.
    pub files: Vec<Picked>,
    /// Where the bytes come from.
    pub bytes: Bytes,
}

impl Publish<'_> {
    /// Whether this does the same as another command of its step, under the same condition.
    pub(super) fn repeats(&self, other: &Publish<'_>) -> bool {
        let same_words = || match (self.doer.act, other.doer.act) {
            (Act::Command(_, a, x), Act::Command(_, b, y)) => x == y && a.folder == b.folder,
            _ => false,
        };
        self.job == other.job
            && self.step == other.step
            && std::ptr::eq(self.sink, other.sink)
            && self.cond == other.cond
            && same_words()
    }

    /// Whether it leaves out all files of a folder but those that it names.
    pub(super) fn chooses(&self) -> bool {
        self.sink.only.as_ref().is_some_and(|only| self.doer.applies(&only.when, &[]).is_always())
    }

    /// Whether both are the same command or action.
    pub(super) fn same_place(&self, other: &Publish<'_>) -> bool {
        self.job == other.job && self.step == other.step && self.doer.location() == other.doer.location()
    }

    /// The words of the command; none of an action.
    pub(super) fn words(&self) -> &[Text] {
        match self.doer.act {
            Act::Command(_, _, words) => words,
            Act::Action(..) => &[],
        }
    }

    /// The first word of the command as it is written, wrappers included.
    pub(super) fn started_by(&self) -> Option<&Text> {
        match self.doer.act {
            Act::Command(_, command, _) => command.words.first(),
            Act::Action(..) => None,
        }
    }

    /// Whether the command names this word.
    pub(super) fn says(&self, word: &str) -> bool {
        self.words().iter().any(|w| w.as_str() == word)
    }

    /// Whether a word of the command is one by which the catalogue knows that it goes over all of a workspace.
    pub(super) fn whole_workspace(&self) -> bool {
        let says = |word: &String| self.words().iter().any(|own| pattern::wildcard(word, own.as_str()));
        self.sink.workspace.iter().any(says)
    }

    /// Whether the command goes over all packages of a workspace.
    pub(super) fn recursive(&self) -> bool {
        ["-r", "--recursive", "--workspaces", "-ws", "foreach"].iter().any(|w| self.says(w))
    }
}

/// A step or command that makes provenance, or was meant to.
#[derive(Debug, Clone)]
pub(super) struct Attest<'p> {
    /// The catalogue entry.
    pub producer: &'static Producer,
    /// What does it.
    pub doer: Doer<'p>,
    /// Where in the catalogue's pattern it matched.
    pub hit: Hit,
    /// Index of the job in its flow.
    pub job: usize,
    /// Index of the step in its job.
    pub step: usize,
    /// Under which condition it runs, the job's included.
    pub cond: Cond,
    /// Who signs, conditions of the entry applied.
    pub signer: Signer,
    /// Who writes the content, conditions of the entry applied.
    pub content: Content,
    /// Why nothing comes of it, although a file asks for it.
    pub broken: Option<(String, Location)>,
    /// Why perhaps nothing comes of it: a value that decides is not shown.
    pub undecided: Option<(String, Location)>,
    /// What earlier steps of its job declare as subjects for it.
    pub declared: Vec<Picked>,
    /// What it names as its subjects, asked for again for everything that is published.
    pub subjects: OnceCell<Subjects>,
    /// Whether it builds in a container of BuildKit, asked for again as well.
    pub contained: OnceCell<bool>,
}

impl Attest<'_> {
    /// What it names as its subjects.
    pub(super) fn subjects(&self) -> &Subjects {
        self.subjects.get_or_init(|| Subjects::of(self))
    }

    /// Whether the builder of the step's job can attach it at all.
    pub(super) fn attaches(&self, own: &Facts<'_>, job: &Job) -> bool {
        !self.producer.needs_container_builder
            || *self.contained.get_or_init(|| buildx::in_a_container(own.builders(job), self))
    }

    /// Why the builder of the step's job attaches nothing, and what shows it.
    pub(super) fn attaches_nothing<'f>(&self, own: &'f Facts<'_>, job: &Job) -> Option<&'f (String, Location)> {
        let builders = self.producer.needs_container_builder.then(|| own.builders(job))?;
        buildx::attaches_nothing(builders, self)
    }

    /// The variable that keeps the step from making anything.
    pub(super) fn broken_by_env(&self) -> Option<&'static str> {
        let holds = self.producer.broken.iter().find(|b| !self.doer.applies(&b.when, &[]).is_never())?;
        let tests = holds.when.iter().flat_map(|t| std::iter::once(t).chain(&t.any));
        tests.filter(|t| !self.doer.test(t).is_never()).find_map(|t| t.env.as_deref())
    }

    /// How the version is known, where it decides what comes of the step and nothing names one.
    pub(super) fn assumed(&self) -> Option<String> {
        let producer = self.producer;
        let broken = || producer.broken.iter().find_map(|b| self.doer.assumed(&b.when, &[]));
        self.doer.assumed(&producer.when, &producer.unless).or_else(broken)
    }

    /// Whether its subject is an image and not files.
    pub(super) fn names_image(&self) -> bool {
        let subjects = &self.producer.subjects;
        let pick = |picks| !self.doer.every(picks, self.hit, &self.producer.value_flags).is_empty();
        pick(&subjects.digest) || pick(&subjects.name) && !pick(&subjects.files)
    }
}

/// A hand-over of files between jobs.
#[derive(Debug, Clone)]
pub(super) struct Handover<'p> {
    /// Index of the step in its job.
    pub step: usize,
    /// The artifact's name, or a pattern of names with `*`; `None` takes all.
    pub name: Option<Text>,
    /// Stored paths, or the folder that a fetch fills.
    pub paths: Vec<Text>,
    /// What is stored under these paths.
    pub stored: Stored,
    /// Whether several artifacts land in one folder.
    pub merged: bool,
    /// Whether the only artifact there is lands in the folder itself.
    pub alone: bool,
    /// Whether it may come from another run.
    pub foreign: Cond,
    /// Where.
    pub location: &'p Location,
}

/// The facts of one job.
#[derive(Debug, Default)]
pub(super) struct Facts<'p> {
    /// Publishing steps.
    pub publishes: Vec<Publish<'p>>,
    /// Steps that make provenance.
    pub attests: Vec<Attest<'p>>,
    /// Steps that look as if they did, with the entry that says why not.
    pub look_alikes: Vec<(&'static Producer, &'p Location)>,
    /// Stored artifacts.
    pub stores: Vec<Handover<'p>>,
    /// Fetched artifacts.
    pub fetches: Vec<Handover<'p>>,
    /// Indices of the steps that run code of the checkout or make bytes.
    pub working: Vec<usize>,
    /// Everything that each of its steps does.
    pub doers: Rc<Vec<Vec<Doer<'p>>>>,
    /// What its commands put elsewhere, in order.
    moves: OnceCell<Vec<Move>>,
    /// What its steps write, in order.
    written: OnceCell<Vec<Written>>,
    /// What its steps take from elsewhere.
    brought: OnceCell<Vec<Brought>>,
    /// The images that it makes.
    own_images: OnceCell<OwnImages>,
    /// What its steps do to the builders of images, in order.
    builders: OnceCell<Vec<Change>>,
    /// Keys of the jobs whose outputs reach what it builds.
    feeds: OnceCell<BTreeSet<String>>,
    /// Keys of the jobs whose outputs any of its steps reads.
    reads: OnceCell<BTreeSet<String>>,
    /// Its steps that may publish what nothing shows.
    opaque: OnceCell<Vec<Opaque>>,
    /// Repositories whose actions it uses and which may make provenance.
    suppliers: OnceCell<Vec<String>>,
}

impl Facts<'_> {
    /// What the steps of the job, whose facts these are, write.
    pub(super) fn written(&self, job: &Job) -> &[Written] {
        self.written.get_or_init(|| rewritten::of_job(job, self))
    }

    /// What the steps of the job, whose facts these are, take from elsewhere.
    pub(super) fn brought(&self, job: &Job) -> &[Brought] {
        self.brought.get_or_init(|| brought::of_job(job, self))
    }

    /// The images that the job makes.
    pub(super) fn own_images(&self) -> &OwnImages {
        self.own_images.get_or_init(|| OwnImages::of_job(self))
    }

    /// What the steps of the job, whose facts these are, do to the builders of images.
    pub(super) fn builders(&self, job: &Job) -> &[Change] {
        self.builders.get_or_init(|| buildx::of_job(job))
    }

    /// What the commands of the job, whose facts these are, put elsewhere.
    pub(super) fn moves(&self, job: &Job) -> &[Move] {
        self.moves.get_or_init(|| moves::of_job(job))
    }

    /// Keys of the jobs whose outputs reach what the job, whose facts these are, builds.
    pub(super) fn feeds(&self, job: &Job) -> &BTreeSet<String> {
        self.feeds.get_or_init(|| feeds(job, &self.working))
    }

    /// Keys of the jobs whose outputs any step of the job, whose facts these are, reads.
    pub(super) fn reads(&self, job: &Job) -> &BTreeSet<String> {
        self.reads.get_or_init(|| reads(job))
    }

    /// The steps of the job, whose facts these are, that may publish what nothing shows.
    pub(super) fn opaque(&self, job: &Job, checkout: &Checkout) -> &[Opaque] {
        self.opaque.get_or_init(|| opaque::of_job(job, self, checkout))
    }

    /// The repositories whose actions the job, whose facts these are, uses and which may make provenance.
    pub(super) fn suppliers(&self, job: &Job) -> &[String] {
        self.suppliers.get_or_init(|| supply::of_job(job))
    }

    /// Whether the job is a build job by its own steps.
    pub(super) fn builds(&self) -> bool {
        !self.working.is_empty()
    }
}

/// What fills checksums files, by the step that reads them and their path.
type Lists = HashMap<(Point, String), Option<Rc<Listed>>>;

/// Where files of a job lay before it moved them behind a step.
type Moved = HashMap<(Point, FileRef), Rc<[FileRef]>>;

/// The jobs that push what a job takes, by the job and a step of it.
type Pushed = HashMap<(usize, usize), Rc<BTreeSet<usize>>>;

/// The facts of every job of a flow, in the flow's order.
#[derive(Debug)]
pub(super) struct FlowFacts<'p> {
    jobs: Vec<Rc<Facts<'p>>>,
    /// The work that the checkout has taken so far.
    pub count: Rc<Count>,
    /// Where files come from, by job, step and pattern: asked again for every subject and target.
    pub origins: RefCell<HashMap<(usize, usize, String), Origin>>,
    /// The files that provenance is made for, by its place among these facts: asked again for every target.
    pub attested: RefCell<HashMap<*const (), Rc<Attested>>>,
    /// Where files lay before what their job moves from a step on: asked again for every target.
    pub moved: RefCell<Moved>,
    /// What fills a checksums file: asked again for every target.
    pub lists: RefCell<Lists>,
    /// The job and the step that symbols name.
    steps: RefCell<HashMap<String, Option<(usize, usize)>>>,
    /// The jobs that push what a job takes up to a step: asked again for every target.
    pub pushed: RefCell<Pushed>,
    /// The jobs that each waits for.
    needed: RefCell<HashMap<usize, Rc<BTreeSet<usize>>>>,
}

impl<'p> FlowFacts<'p> {
    fn new(jobs: Vec<Rc<Facts<'p>>>, count: &Rc<Count>) -> Self {
        Self {
            jobs,
            count: Rc::clone(count),
            origins: RefCell::default(),
            attested: RefCell::default(),
            moved: RefCell::default(),
            lists: RefCell::default(),
            steps: RefCell::default(),
            pushed: RefCell::default(),
            needed: RefCell::default(),
        }
    }

    /// The step that a symbol such as `jobs.build.steps.push.outputs.digest` names.
    pub(super) fn step_of_symbol<'f>(&self, flow: &'f Flow, symbol: &str) -> Option<(&'f Job, &'f Step)> {
        let known = self.steps.borrow().get(symbol).copied();
        let (job, step) = known.unwrap_or_else(|| {
            let found = position_of_symbol(flow, symbol);
            self.steps.borrow_mut().insert(symbol.to_owned(), found);
            found
        })?;
        let job = flow.jobs.get(job)?;
        Some((job, job.steps.get(step)?))
    }

    /// Indices of the jobs that a job waits for, directly or not.
    pub(super) fn earlier(&self, flow: &Flow, job: usize) -> Rc<BTreeSet<usize>> {
        Rc::clone(self.needed.borrow_mut().entry(job).or_insert_with(|| Rc::new(needed(flow, job))))
    }
}

impl<'p> Deref for FlowFacts<'p> {
    type Target = [Rc<Facts<'p>>];

    fn deref(&self) -> &[Rc<Facts<'p>>] {
        &self.jobs
    }
}

/// Reads what the jobs of a flow publish, and nothing else: most flows publish nothing, and no other fact of theirs is
/// asked for. Jobs that another flow of the pipeline has at the same place are read once.
pub(super) fn published<'p>(
    flow: &'p Flow,
    catalogue: &'static Catalogue,
    read: &mut Read<'p>,
    count: &Rc<Count>,
) -> FlowFacts<'p> {
    let mut facts = |(at, job): (usize, &'p Arc<Job>)| {
        Rc::clone(read.entry((at, Arc::as_ptr(job))).or_insert_with(|| Rc::new(publishes(at, job, catalogue))))
    };
    let jobs = flow.jobs.iter().enumerate().map(&mut facts).collect();
    FlowFacts::new(jobs, count)
}

/// Reads the other facts of a flow, given what its jobs publish.
pub(super) fn of_flow<'p>(
    flow: &'p Flow,
    published: &FlowFacts<'p>,
    catalogue: &'static Catalogue,
    read: &mut Read<'p>,
    count: &Rc<Count>,
) -> FlowFacts<'p> {
    let mut facts = |((at, job), published): ((usize, &'p Arc<Job>), &Rc<Facts<'p>>)| {
        let of_job = || Rc::new(of_job(at, job, published, catalogue));
        Rc::clone(read.entry((at, Arc::as_ptr(job))).or_insert_with(of_job))
    };
    let jobs = flow.jobs.iter().enumerate().zip(published.iter()).map(&mut facts).collect();
    FlowFacts::new(jobs, count)
}

/// The facts of the jobs of one pipeline's flows.
pub(super) type Read<'p> = HashMap<(usize, *const Job), Rc<Facts<'p>>>;

fn publishes<'p>(at: usize, job: &'p Job, catalogue: &'static Catalogue) -> Facts<'p> {
    let doers: Rc<Vec<_>> = Rc::new(job.steps.iter().map(|step| Doer::all(step)).collect());
    let mut facts = Facts { doers: Rc::clone(&doers), ..Facts::default() };
    if job.cond.is_never() {
        return facts;
    }
    for (index, (step, doers)) in job.steps.iter().zip(doers.iter()).enumerate() {
        if step.cond.is_never() {
            continue;
        }
        for doer in doers {
            sinks(&mut facts, *doer, Place { job, at, index }, catalogue);
        }
    }
    facts
}

fn of_job<'p>(at: usize, job: &'p Job, published: &Facts<'p>, catalogue: &'static Catalogue) -> Facts<'p> {
    let doers = Rc::clone(&published.doers);
    let mut facts = Facts { publishes: published.publishes.clone(), doers: Rc::clone(&doers), ..Facts::default() };
    if job.cond.is_never() {
        // Only what was meant as provenance is of interest in a job that never runs.
        for (index, doers) in doers.iter().enumerate() {
            for doer in doers {
                attests(&mut facts, *doer, Place { job, at, index }, catalogue);
                transfers(&mut facts, *doer, Place { job, at, index }, catalogue);
            }
        }
        facts.stores.clear();
        return of_other_run(job, facts);
    }
    let has_checkout = job.steps.iter().any(|s| matches!(&s.body, StepBody::Action(a) if a.name == "actions/checkout"));
    for (index, (step, doers)) in job.steps.iter().zip(doers.iter()).enumerate() {
        if step.cond.is_never() {
            for doer in doers {
                attests(&mut facts, *doer, Place { job, at, index }, catalogue);
            }
            continue;
        }
        for doer in doers {
            attests(&mut facts, *doer, Place { job, at, index }, catalogue);
            transfers(&mut facts, *doer, Place { job, at, index }, catalogue);
        }
        // All views of a command stand side by side.
        let same = |a: &Doer<'_>, b: &Doer<'_>| same_doer(*a, *b);
        let works = match &step.body {
            StepBody::Action(_) => doers.iter().any(|d| action_works(*d, &facts, index, has_checkout, catalogue)),
            StepBody::Script(script) => {
                !script.unread.is_empty()
                    || doers.chunk_by(same).any(|views| command_works(views, &facts, index, catalogue))
            }
            StepBody::Opaque { .. } => true,
        };
        if works {
            facts.working.push(index);
        }
    }
    of_other_run(job, facts)
}

/// What a job of an earlier run publishes and attests is that run's.
fn of_other_run<'p>(job: &Job, mut facts: Facts<'p>) -> Facts<'p> {
    if job.other_run {
        facts.publishes.clear();
        facts.attests.clear();
        facts.look_alikes.clear();
    }
    facts
}

#[derive(Clone, Copy)]
struct Place<'p> {
    job: &'p Job,
    at: usize,
    index: usize,
}

fn sinks<'p>(facts: &mut Facts<'p>, doer: Doer<'p>, place: Place<'p>, catalogue: &'static Catalogue) {
    let Place { job, at, index } = place;
    let runs = || job.cond.clone().and(doer.cond());
    for sink in doer.among(&catalogue.index.sinks, &catalogue.sinks) {
        let Some(hit) = doer.is(&sink.actions, &sink.commands) else { continue };
        if doer.takes(&sink.commands, hit, &sink.value_flags) {
            continue;
        }
        let cond = runs().and(doer.applies(&sink.when, &sink.unless));
        if cond.is_never()
            || !sink.after.is_empty()
                && !comes_after(sink, doer, hit, facts.doers.get(..=place.index).unwrap_or_default())
        {
            continue;
        }
        let mut files = doer.every(&sink.files, hit, &sink.value_flags);
        if let (true, Act::Command(_, command, _)) = (files.is_empty(), doer.act)
            && command.words.iter().any(|w| w.as_str() == "xargs")
        {
            // `... | xargs gh release create TAG`: the pipe supplies them.
            files.push(Picked { value: Text::unknown(PIPED), location: command.location.clone() });
        }
        if matches!(doer.act, Act::Command(..)) && sink.files.iter().any(|f| f.args.is_some()) && files.is_empty() {
            // `gh release create` without files hands out nothing.
            continue;
        }
        let mut of_step = facts.publishes.iter().rev().take_while(|p| p.step == index);
        if of_step.any(|p| p.sink.kind == sink.kind && same_doer(p.doer, doer)) {
            continue;
        }
        // A tarball that is handed to `npm publish` goes out as it is.
        let tarball =
            doer.first(&sink.folder, hit, &sink.value_flags).into_iter().find(|f| f.value.as_str().ends_with(".tgz"));
        let (bytes, files) = match tarball {
            Some(tarball) if sink.bytes == Bytes::Packed => (Bytes::Given, vec![tarball]),
            _ => (sink.bytes, files),
        };
        let files = doer.in_folder(searched::expanded(doer, chosen(sink, doer, hit, files)));
        facts.publishes.push(Publish { sink, doer, hit, job: at, step: index, cond, files, bytes });
    }
}

/// The files that a step takes, where it leaves out all others of a folder.
fn chosen(sink: &Sink, doer: Doer<'_>, hit: Hit, files: Vec<Picked>) -> Vec<Picked> {
    let Some(only) = sink.only.as_ref().filter(|only| doer.applies(&only.when, &[]).is_always()) else { return files };
    let patterns = doer.every(&only.files, hit, &sink.value_flags);
    let [folder] = files.as_slice() else { return files };
    if patterns.is_empty() || patterns.iter().any(|pattern| !pattern.value.is_literal()) {
        return files;
    }
    // Its `*` goes past folders.
    let below = |Picked { value, location }: Picked| {
        let deep = if value.as_str().starts_with('*') { format!("**/{value}") } else { value.to_string() };
        Picked { value: join(&folder.value, &Text::new(deep)), location }
    };
    patterns.into_iter().map(below).collect()
}

/// Whether one of the commands that a sink asks for ran before, in the folder that is published or below it.
fn comes_after(sink: &Sink, doer: Doer<'_>, hit: Hit, before: &[Vec<Doer<'_>>]) -> bool {
    let published = doer.in_folder(doer.every(&sink.files, hit, &sink.value_flags));
    // Of its own step what comes before it.
    before.iter().flatten().take_while(|own| !same_doer(**own, doer)).any(|own| {
        let Act::Command(_, command, words) = own.act else { return false };
        let Some(hit) = own.is(&[], &sink.after).filter(|_| !own.cond().is_never()) else { return false };
        let operand = matching::positional(words, hit.after, &[]).into_iter().next().unwrap_or_default();
        let worked = glob::normal(join(&command.folder, &operand).as_str());
        published.iter().any(|folder| {
            let folder = glob::normal(folder.value.as_str());
            matches!(folder.as_str(), "" | ".") || glob::contains(&format!("{folder}/**"), &format!("{worked}/index"))
        })
    })
}

fn attests<'p>(facts: &mut Facts<'p>, doer: Doer<'p>, place: Place<'p>, catalogue: &'static Catalogue) {
    let Place { job, at, index } = place;
    let runs = || job.cond.clone().and(doer.cond());
    for producer in doer.among(&catalogue.index.producers, &catalogue.producers) {
        let Some(hit) = doer.is(&producer.actions, &producer.commands) else { continue };
        let applies = doer.applies(&producer.when, &producer.unless);
        if applies.is_never() {
            continue;
        }
        let cond = runs().and(applies);
        if producer.look_alike.is_some() {
            facts.look_alikes.push((producer, doer.location()));
            continue;
        }
        let any = |tests: &[crate::catalogue::Test]| tests.iter().any(|t| !doer.test(t).is_never());
        let broken = producer
            .broken
            .iter()
            .find(|b| doer.applies(&b.when, &[]).is_always())
            .map(|b| (with_remark(&b.why, doer.assumed(&b.when, &[])), doer.shown_by(&b.when)));
        // What keeps it from delivering where it is not asked for takes nothing away.
        let may_hold = |b: &&Broken| !cond.clone().and(doer.applies(&b.when, &[])).is_never();
        let undecided = producer.broken.iter().find(may_hold).map(|b| {
            (format!("a value that decides about it is not shown: perhaps {}", b.why), doer.shown_by(&b.when))
        });
        let (broken, undecided) = match without_identity(producer, doer) {
            Some((true, reason)) => (broken.or(Some(reason)), undecided),
            Some((false, reason)) => (broken, undecided.or(Some(reason))),
            None => (broken, undecided),
        };
        facts.attests.push(Attest {
            producer,
            doer,
            hit,
            job: at,
            step: index,
            cond,
            signer: if any(&producer.key_when) { Signer::JobKey } else { producer.signer },
            content: if any(&producer.tenant_when) { Content::Tenant } else { producer.content },
            undecided: undecided.filter(|_| broken.is_none()),
            broken,
            declared: producer.subjects.declared.as_ref().map_or_else(Vec::new, |file| declared(job, index, file)),
            subjects: OnceCell::new(),
            contained: OnceCell::new(),
        });
    }
}

/// A clause with a remark behind it, where there is one.
fn with_remark(clause: &str, remark: Option<String>) -> String {
    remark.map_or_else(|| clause.to_owned(), |remark| format!("{clause} ({remark})"))
}

/// What the scripts of a job write into the file of a variable before one of its steps, word by word.
fn declared(job: &Job, before: usize, variable: &str) -> Vec<Picked> {
    let file = format!("env.{variable}");
    let scripts = job.steps.iter().take(before).filter_map(|step| step.script());
    let writes = scripts
        .flat_map(|script| &script.commands)
        .filter(|command| command.output.as_ref().and_then(Text::symbol) == Some(file.as_str()));
    writes
        .flat_map(|command| {
            let words = command.words.iter().skip(1).chain(&command.input);
            words.flat_map(|word| word.items(&[' '])).map(|value| Picked { value, location: command.location.clone() })
        })
        .collect()
}

/// Why something that signs with the identity of the job cannot, or perhaps cannot: it runs in a container, and nothing
/// hands the identity in.
fn without_identity(producer: &Producer, doer: Doer<'_>) -> Option<(bool, (String, Location))> {
    if producer.signer != Signer::JobIdentity || !producer.scopes.iter().any(|s| s == "id-token") {
        return None;
    }
    let given = doer.env(IDENTITY)?;
    let (what, at) = (&producer.what, doer.location().clone());
    match given.literal() {
        Some("") => Some((
            true,
            (format!("it runs in a container without the identity of the job, so {what} cannot be made"), at),
        )),
        Some(_) => None,
        None => Some((
            false,
            (format!("nothing shows that the container is handed the identity with which {what} is made"), at),
        )),
    }
}

fn transfers<'p>(facts: &mut Facts<'p>, doer: Doer<'p>, place: Place<'p>, catalogue: &'static Catalogue) {
    for transfer in doer.among(&catalogue.index.transfers, &catalogue.transfers) {
        let Some(hit) = doer.is(&transfer.actions, &transfer.commands) else { continue };
        let first = |picks| doer.first(picks, hit, &transfer.value_flags);
        let name = first(&transfer.name).into_iter().next();
        let pattern = first(&transfer.pattern).into_iter().next();
        let paths: Vec<Text> = doer.in_folder(first(&transfer.paths)).into_iter().map(|p| p.value).collect();
        let handover = Handover {
            step: place.index,
            name: name.or(pattern).map(|p| p.value),
            stored: if transfer.stores { Stored::new(&paths) } else { Stored::default() },
            paths,
            merged: !transfer.merge.is_empty() && !doer.applies(&transfer.merge, &[]).is_never(),
            alone: !transfer.alone.is_empty() && doer.applies(&transfer.alone, &[]).is_always(),
            foreign: transfer.foreign.iter().fold(Cond::FALSE, |c, t| c.or(doer.test(t))),
            location: doer.location(),
        };
        if transfer.stores {
            facts.stores.push(handover);
        } else {
            facts.fetches.push(handover);
        }
    }
}

fn same_doer(a: Doer<'_>, b: Doer<'_>) -> bool {
    match (a.act, b.act) {
        (Act::Action(x, _), Act::Action(y, _)) => std::ptr::eq(x, y),
        (Act::Command(_, x, _), Act::Command(_, y, _)) => std::ptr::eq(x, y),
        _ => false,
    }
}

/// Whether an action runs code of the checkout or makes bytes. An unknown one may do so as soon as the job has the
/// checkout.
fn action_works(doer: Doer<'_>, facts: &Facts<'_>, index: usize, has_checkout: bool, catalogue: &Catalogue) -> bool {
    let published = facts.publishes.iter().find(|p| p.step == index && same_doer(p.doer, doer));
    match published.map(|p| p.bytes) {
        Some(Bytes::Built | Bytes::Packed) => return true,
        Some(Bytes::Given | Bytes::Copied) => return false,
        None => {}
    }
    if facts.attests.iter().any(|a| a.step == index && a.producer.builds && same_doer(a.doer, doer)) {
        return true;
    }
    // A sink that is switched off here still builds (an image that is loaded and not pushed).
    if doer
        .among(&catalogue.index.sinks, &catalogue.sinks)
        .any(|s| s.bytes == Bytes::Built && doer.is(&s.actions, &[]).is_some())
    {
        return true;
    }
    // What makes the files that it stores is no mere transfer.
    if doer
        .among(&catalogue.index.transfers, &catalogue.transfers)
        .any(|t| t.builds && doer.is(&t.actions, &[]).is_some())
    {
        return true;
    }
    let neutral = |n: &Steps| !n.runs_code && doer.is(&n.actions, &[]).is_some();
    let known = doer.among(&catalogue.index.neutral, &catalogue.neutral).any(neutral)
        || doer.among(&catalogue.index.transfers, &catalogue.transfers).any(|t| doer.is(&t.actions, &[]).is_some())
        || facts.attests.iter().any(|a| a.step == index && !a.producer.builds && !a.producer.subjects.own)
        || facts.look_alikes.iter().any(|(_, l)| *l == doer.location());
    // Without the checkout, what is named after building may work on files that another job handed over.
    !known && (has_checkout || !facts.fetches.is_empty() && speech::builds(doer.program_name()))
}

pub(super) fn command_works(views: &[Doer<'_>], facts: &Facts<'_>, index: usize, catalogue: &Catalogue) -> bool {
    for view in views {
        if let Some(p) = facts.publishes.iter().find(|p| p.step == index && same_doer(p.doer, *view)) {
            return matches!(p.bytes, Bytes::Built | Bytes::Packed);
        }
    }
    // What builds and publishes still builds where it only keeps the result.
    let built = |d: &Doer<'_>| {
        d.among(&catalogue.index.sinks, &catalogue.sinks)
            .any(|s| s.bytes == Bytes::Built && d.is(&[], &s.commands).is_some())
    };
    if views.iter().any(built) {
        return true;
    }
    // An image may have an entry point: `docker run builder test` is no `test`.
    let contained = |d: &Doer<'_>| {
        let Act::Command(_, _, words) = d.act else { return false };
        let program = words.first().and_then(crate::commands::matching::program);
        let mut wrappers = program.into_iter().flat_map(|p| catalogue.wrappers.of_program(p));
        wrappers.any(|w| w.container && d.is(&[], &w.commands).is_some())
    };
    if views.iter().any(contained) {
        return true;
    }
    let neutral = |d: &Doer<'_>| {
        d.among(&catalogue.index.neutral, &catalogue.neutral).any(|n| !n.runs_code && d.is(&[], &n.commands).is_some())
            || d.among(&catalogue.index.producers, &catalogue.producers).any(|p| !p.builds && d.is(&[], &p.commands).is_some())
            // What builds on another machine builds.
            || d.among(&catalogue.index.remote, &catalogue.remote)
                .any(|r| (!r.elsewhere || r.when.is_empty()) && d.is(&[], &r.commands).is_some())
            // What publishes existing bytes builds nothing, dry runs included.
            || d.among(&catalogue.index.sinks, &catalogue.sinks)
                .any(|s| {
                    // `mvn package` is none of the goals that publish.
                    let publishes = || !d.applies(&s.when, &[]).is_never();
                    matches!(s.bytes, Bytes::Given | Bytes::Copied) && d.is(&[], &s.commands).is_some() && publishes()
                })
    };
    // The innermost view says what runs: `sudo apt-get` is `apt-get`.
    !views.last().is_some_and(neutral)
}

/// The indices of the job and the step that a symbol names.
fn position_of_symbol(flow: &Flow, symbol: &str) -> Option<(usize, usize)> {
    let rest = symbol.strip_prefix("jobs.")?;
    let (key, rest) = rest.split_once(".steps.")?;
    let (id, _) = rest.split_once(".outputs.")?;
    let job = flow.jobs.iter().position(|j| j.key == key)?;
    let step = flow.jobs.get(job)?.steps.iter().position(|s| s.id.as_deref() == Some(id))?;
    Some((job, step))
}

/// The step that a symbol such as `jobs.build.steps.push.outputs.digest` names.
pub(super) fn step_of_symbol<'f>(flow: &'f Flow, symbol: &str) -> Option<(&'f Job, &'f Step)> {
    let (job, step) = position_of_symbol(flow, symbol)?;
    let job = flow.jobs.get(job)?;
    Some((job, job.steps.get(step)?))
}

/// The step that a symbol names where the job with the index `asking` reads it: one of its own, when it is a leg of the
/// job that is meant.
pub(super) fn step_of_leg<'f>(flow: &'f Flow, asking: usize, symbol: &str) -> Option<(&'f Job, &'f Step)> {
    let (found, step) = step_of_symbol(flow, symbol)?;
    let Some(own) = flow.jobs.get(asking).filter(|j| j.key == found.key) else { return Some((found, step)) };
    Some((own, own.steps.iter().find(|s| s.id == step.id)?))
}

/// Whether a symbol names an output that nothing writes: one that its job does not declare, or of a step that its job does
/// not have.
pub(super) fn names_missing_output(flow: &Flow, symbol: &str) -> bool {
    let Some(path) = symbol.strip_prefix("jobs.") else { return false };
    // A job hands on what it declares.
    if let Some((key, _)) = path.split_once(".outputs.").filter(|(key, _)| !key.contains(".steps.")) {
        let called = |j: &Job| j.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let mut jobs = flow.jobs.iter().filter(|j| called(j)).peekable();
        return jobs.peek().is_some() && jobs.all(|job| job.outside.is_none());
    }
    let parts = path.split_once(".steps.");
    let Some((key, rest)) = parts.filter(|(_, rest)| rest.contains(".outputs.")) else { return false };
    let id = rest.split(".outputs.").next();
    let mut jobs = flow.jobs.iter().filter(|j| j.key == key).peekable();
    jobs.peek().is_some() && jobs.all(|job| job.steps.iter().all(|s| s.id.as_deref() != id))
}

/// Keys of the jobs whose outputs a text carries.
pub(super) fn jobs_in(text: &Text) -> impl Iterator<Item = &str> {
    text.symbols().flat_map(jobs_in_symbol)
}

/// Keys of the jobs whose outputs a symbol names.
pub(super) fn jobs_in_symbol(symbol: &str) -> impl Iterator<Item = &str> {
    symbol.match_indices("jobs.").filter_map(move |(at, _)| {
        let before = symbol.get(..at).and_then(|s| s.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
            return None;
        }
        let rest = symbol.get(at + "jobs.".len()..)?;
        rest.split(".steps.").next().and_then(|k| k.split(".outputs.").next())
    })
}
