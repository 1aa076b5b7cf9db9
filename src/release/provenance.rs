//! Provenance of published bytes: what makes it, whether it delivers, and who could forge it.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::builders::{is_builder, of_builder};
use super::bytes::{FileRef, origin};
use super::coverage::{Coverage, Unit, covers, is_image};
use super::doer::Act;
use super::facts::{Attest, FlowFacts, Publish};
use super::files::CHECKSUMS_ALONE;
use super::glob;
use super::leads;
use super::npm;
use super::products;
use super::rewritten;
use super::separation::{self, Separation};
use super::switched;
use crate::catalogue::{Broken, Catalogue, Content, FoundBy, Pick, Signer, Store};
use crate::checkout::Checkout;
use crate::model::{Access, Cond, Flow, Hop, Job, Kind, Location, MOST_EVIDENCE, OutputWrite, Text};

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
    /// How the version of what makes it is known, where it decides and nothing names one.
    pub assumed: Option<String>,
}

impl Refused {
    /// What to do about it where it stands, if one thing is enough.
    pub fn remedy(&self) -> Option<String> {
        if let Some(builder) = Catalogue::get().builders.iter().find(|builder| builder.id == self.rule) {
            let old = builder.runs_why.as_ref().is_some_and(|why| self.why.ends_with(why.as_str()));
            let version = builder.runs_since.as_ref().filter(|_| old)?;
            return Some(format!("Name a full release tag from `v{version}` on"));
        }
        let producer = Catalogue::get().producers.iter().find(|p| p.id == self.rule)?;
        let file = |picks: &[Pick]| picks.iter().find_map(|pick| pick.input.clone());
        if self.why == CHECKSUMS_ALONE
            && let Some((files, list)) = file(&producer.subjects.files).zip(file(&producer.subjects.checksums))
        {
            return Some(format!("Replace `{files}` by `{list}`"));
        }
        self.switch().and_then(|broken| broken.fix.clone())
    }

    /// Whether it is because the step itself switches provenance off.
    pub fn is_switched_off(&self) -> bool {
        self.switch().is_some()
    }

    fn switch(&self) -> Option<&'static Broken> {
        let producer = Catalogue::get().producers.iter().find(|p| p.id == self.rule)?;
        producer.broken.iter().find(|broken| broken.why == self.why && broken.fix.is_some())
    }
}

impl Provenance {
    /// How many of its own requirements hold, for choosing the best of several.
    pub fn rank(&self) -> u8 {
        let distributed = matches!(self.reach, Reach::Public(..));
        let authentic = self.content == Content::Platform && !matches!(self.signer, Signer::Nobody | Signer::JobKey);
        let unforgeable = matches!(
            self.separation,
            Separation::TrustedBuilder | Separation::OutsideApart(_) | Separation::ControlPlane
        );
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

/// Finds the provenance of one unit among all that its flow makes.
pub(super) fn find(
    checkout: &Checkout,
    flow: &Flow,
    facts: &FlowFacts<'_>,
    unit: &Unit<'_, '_>,
    catalogue: &'static Catalogue,
) -> Found {
    let mut found = Found::default();
    let mut sometimes: Vec<Sometimes> = Vec::new();
    let taken = OnceCell::new();
    let taken = || -> &BTreeSet<usize> { taken.get_or_init(|| taken_from(flow, facts, unit)) };
    for (at, own) in facts.iter().enumerate() {
        let Some(job) = flow.jobs.get(at) else { continue };
        for attest in &own.attests {
            if !facts.count.parts(1) {
                return found;
            }
            if attest.broken.is_none() && !attest.attaches(own, job) {
                continue;
            }
            match covers(flow, facts, attest, unit) {
                Coverage::No => {}
                // More than a reader looks at.
                Coverage::Unread(_) | Coverage::Wrong(_)
                    if found.refused.len() + found.unread.len() >= MOST_EVIDENCE => {}
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
                // What the leg makes is not what goes out.
                Coverage::Yes(_) if is_left(flow, at, taken()) => {}
                Coverage::Yes(coverage) => {
                    found.fitting.push(attest.doer.location().clone());
                    if let Some((why, location)) = &attest.undecided {
                        let (rule, why) = (attest.producer.id.clone(), why.clone());
                        found.unread.push(Refused { rule, why, location: location.clone() });
                        continue;
                    }
                    if let Some((refused, shown)) = stale(flow, facts, (at, job), attest, unit, taken()) {
                        if shown { &mut found.refused } else { &mut found.unread }.push(refused);
                        continue;
                    }
                    if let Some((why, location)) = attest.attaches_nothing(own, job) {
                        let (rule, why) = (attest.producer.id.clone(), why.clone());
                        found.refused.push(Refused { rule, why, location: location.clone() });
                        continue;
                    }
                    match usable(checkout, flow, job, attest, unit) {
                        Err(Unusable { refused, only_sometimes }) => {
                            if only_sometimes && sometimes.len() < MOST_SOMETIMES {
                                let made = of_step(checkout, flow, facts, job, attest, unit, coverage);
                                sometimes.push((assumed(flow, job, attest, unit), attest.cond.clone(), made));
                            }
                            found.refused.push(refused);
                        }
                        Ok(()) => better(&mut found, of_step(checkout, flow, facts, job, attest, unit, coverage)),
                    }
                }
            }
        }
        if let Some(call) = job.outside.as_ref().filter(|_| !job.other_run) {
            for builder in catalogue.builders.iter().filter(|b| is_builder(b, &call.workflow)) {
                of_builder(flow, facts, (at, job), builder, unit, &mut found);
            }
        }
    }
    if found.provenance.is_none() {
        found.provenance = together(&unit.publish.cond, sometimes);
    }
    if unit.kind == Kind::Npm && found.provenance.is_none() && found.refused.is_empty() {
        of_npm(checkout, flow, facts, unit, catalogue, &mut found);
    }
    if found.provenance.is_none() && found.refused.is_empty() && found.unread.is_empty() {
        found.refused.extend(switched::off(flow, facts, unit));
    }
    // A step that switches its own provenance off usually leaves the work to another one, which then says more.
    let own = |rule: &str| catalogue.producers.iter().any(|p| p.id == rule && p.subjects.own);
    found.refused.sort_by_key(|r| own(&r.rule));
    found
}

/// Provenance that is made under a condition alone: what is known where what is published went out, the condition, and
/// what is made.
type Sometimes = (Cond, Cond, Provenance);

/// More steps than this are not taken together.
const MOST_SOMETIMES: usize = 16;

/// Provenance by several steps, one of which makes it in every run that publishes: that of the one that shows least.
fn together(published: &Cond, sometimes: Vec<Sometimes>) -> Option<Provenance> {
    let known = sometimes.iter().fold(published.clone(), |all, (known, ..)| all.and(known.clone()));
    let any = sometimes.iter().fold(Cond::FALSE, |any, (_, cond, _)| any.or(cond.clone()));
    if !known.implies(&any) {
        return None;
    }
    let possible = sometimes.into_iter().filter(|(_, cond, _)| !known.clone().and(cond.clone()).is_never());
    possible.map(|(_, _, made)| made).min_by_key(Provenance::rank)
}

/// Why a fitting subject is not what goes out: the files change before they are published, or another leg of the
/// matrix publishes files of its own. And whether that is shown, or only nothing shows the opposite.
fn stale(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (at, job): (usize, &Job),
    attest: &Attest<'_>,
    unit: &Unit<'_, '_>,
    taken: &BTreeSet<usize>,
) -> Option<(Refused, bool)> {
    if attest.producer.subjects.own || is_image(unit.kind) {
        return None;
    }
    let refuse = |why: String, location: Location| Refused { rule: attest.producer.id.clone(), why, location };
    if attest.producer.subjects.made
        && let Some((why, location, shown)) = products::of_something_else(flow, facts, (at, job), attest, unit)
    {
        return Some((refuse(why, location), shown));
    }
    let point = rewritten::Point { job: attest.job, step: attest.step };
    if let Some(changed) = rewritten::since(flow, facts, &point, unit.publish, unit.files) {
        let why = match changed.shown {
            true => "the files change after they are attested, so their digests are others".to_owned(),
            false => changed.doubt(),
        };
        return Some((refuse(why, changed.location), changed.shown));
    }
    let made_here = unit.files.iter().any(|f| f.job == job.key);
    // Of the legs that publish for themselves only the publishing one counts.
    let publishing = flow.job(unit.publish.job).is_some_and(|p| p.key == job.key);
    let mut others = flow.jobs.iter().enumerate().filter(|(_, other)| made_here && other.key == job.key);
    let without = others.find(|(leg, other)| {
        let counts = || match publishing {
            true => *leg == unit.publish.job,
            false => hands_on(facts, *leg, unit.files) && !is_left(flow, *leg, taken),
        };
        let delivers = |a: &Attest<'_>| a.cond == attest.cond || unit.publish.cond.implies(&a.cond);
        let same = || {
            let mut own = facts.get(*leg).into_iter().flat_map(|f| &f.attests);
            own.any(|a| a.doer.location() == attest.doer.location() && delivers(a))
        };
        *leg != at && !other.cond.is_never() && counts() && !same()
    });
    without.map(|(_, other)| {
        let why = format!("the leg {} attests its own files only, and {} makes files too", job.title(), other.title());
        (refuse(why, attest.doer.location().clone()), true)
    })
}

/// The jobs through whose artifacts the files of a unit come.
fn taken_from(flow: &Flow, facts: &FlowFacts<'_>, unit: &Unit<'_, '_>) -> BTreeSet<usize> {
    let publish = unit.publish;
    let files = publish.files.iter().flat_map(|f| f.value.items(&[',']));
    files.flat_map(|f| origin(flow, facts, publish.job, publish.step, f.as_str()).through).collect()
}

/// Whether the artifacts of other legs of a job are taken, and none of this one.
fn is_left(flow: &Flow, leg: usize, taken: &BTreeSet<usize>) -> bool {
    let of_job = |at: &usize| flow.job(*at).zip(flow.job(leg)).is_some_and(|(taken, own)| taken.key == own.key);
    !taken.contains(&leg) && taken.iter().any(of_job)
}

/// Whether a leg of a matrix stores one of the files.
fn hands_on(facts: &FlowFacts<'_>, leg: usize, files: &[FileRef]) -> bool {
    let stores = facts.get(leg).into_iter().flat_map(|own| &own.stores);
    let mut stored = stores.flat_map(|store| &store.paths).map(|path| glob::normal(path.as_str()));
    stored.any(|path| {
        let below = format!("{path}/**");
        files.iter().any(|f| glob::overlaps(&path, &f.pattern) || glob::overlaps(&below, &f.pattern))
    })
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
    let of = |by: FoundBy| catalogue.producers.iter().find(|p| p.found_by == Some(by));
    let Some(by_settings) = of(FoundBy::Settings) else { return };
    let refused = |why, location| Refused { rule: by_settings.id.clone(), why, location };
    let (producer, coverage, location) = match npm::switch(checkout, job, publish, unit.package) {
        npm::Switch::Silent => return,
        npm::Switch::On(location) => (Some(by_settings), "a file of the checkout asks for it", location),
        npm::Switch::Trusted(location) => (
            of(FoundBy::TrustedPublishing),
            "the client makes it by itself where it publishes with the platform's identity instead of a token",
            location,
        ),
        npm::Switch::Unshown(why, location) => {
            let way = leads::leading(job, &location);
            found.unread.push(refused(why, location));
            found.unread.extend(way.into_iter().map(|place| refused("what leads there".to_owned(), place)));
            return;
        }
        npm::Switch::Unable(why, place) => {
            let location = place.unwrap_or_else(|| publish.doer.location().clone());
            found.refused.push(refused(why, location));
            return;
        }
        npm::Switch::Off(location) => {
            let why = "the client is configured to make no provenance".to_owned();
            found.refused.push(refused(why, location));
            return;
        }
    };
    let Some(producer) = producer else { return };
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
        declared: Vec::new(),
        subjects: OnceCell::new(),
        contained: OnceCell::new(),
    };
    match usable(checkout, flow, job, &attest, unit) {
        Err(unusable) => found.refused.push(unusable.refused),
        Ok(()) => {
            let mut provenance = of_step(checkout, flow, facts, job, &attest, unit, coverage.to_owned());
            provenance.chain.push(Hop { what: "asked for here".to_owned(), location });
            better(found, provenance);
        }
    }
}

pub(super) fn better(found: &mut Found, new: Provenance) {
    if found.provenance.as_ref().is_none_or(|known| new.rank() > known.rank()) {
        found.provenance = Some(new);
    }
}

/// Why an attesting step whose subject fits does not deliver.
struct Unusable {
    refused: Refused,
    /// Whether it delivers under its condition.
    only_sometimes: bool,
}

/// Whether an attesting step whose subject fits really delivers.
fn usable(
    checkout: &Checkout,
    flow: &Flow,
    job: &Job,
    attest: &Attest<'_>,
    unit: &Unit<'_, '_>,
) -> Result<(), Unusable> {
    let refused = |why: String, location: &Location| Refused {
        rule: attest.producer.id.clone(),
        why,
        location: location.clone(),
    };
    let refuse =
        |why: String, location: &Location| Err(Unusable { refused: refused(why, location), only_sometimes: false });
    let what = &attest.producer.what;
    if let Some((why, location)) = &attest.broken {
        let variable = attest.broken_by_env().and_then(|name| env_place(checkout, &location.path, name));
        return refuse(why.clone(), variable.as_ref().unwrap_or(location));
    }
    if attest.producer.by_variable
        && let Some((location, false)) = npm::by_manifest(checkout, unit.publish, unit.package)
    {
        return refuse("the manifest switches provenance off, whatever the environment says".to_owned(), &location);
    }
    if attest.producer.by_variable
        && let Some((why, place)) = npm::loses_variable(checkout, job, unit.publish)
    {
        return refuse(why.to_owned(), &place);
    }
    if let Some(scope) = attest.producer.scopes.iter().find(|s| job.token.access(s) != Access::Write) {
        let why = format!("the job {} lacks `{scope}: write`, so {what} cannot be made", job.title());
        return refuse(why, attest.doer.location());
    }
    if attest.doer.may_fail() && !attest.producer.subjects.own {
        return refuse(
            format!("the step may fail without stopping the release, so {what} may be missing"),
            attest.doer.location(),
        );
    }
    if attest.producer.by_npm
        && let Some((why, location)) = npm::too_old(checkout, job, unit.publish)
    {
        return refuse(why, &location);
    }
    if !unit.publish.cond.implies(&attest.cond)
        && !unit.publish.cond.clone().and(assumed(flow, job, attest, unit)).implies(&attest.cond)
    {
        let step = attest.doer.step();
        let own = (step.condition.as_deref(), attest.doer.cond());
        let of_job = (job.condition.as_deref(), job.cond.clone());
        let ((written, condition), place) = match (&step.condition_at, &job.condition_at) {
            (Some(at), _) if !unit.publish.cond.implies(&attest.doer.cond()) => (own, at),
            (_, Some(at)) => (of_job, at),
            (Some(at), None) => ((own.0, attest.cond.clone()), at),
            (None, None) => ((None, attest.cond.clone()), attest.doer.location()),
        };
        return Err(Unusable { refused: refused(not_always(what, &condition, written), place), only_sometimes: true });
    }
    Ok(())
}

/// What holds where a unit went out: a push that is done has left the digest for which the attesting step or job waits,
/// and under an empty name there is none.
fn assumed(flow: &Flow, job: &Job, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Cond {
    let publish = unit.publish;
    if !is_image(unit.kind) {
        return Cond::TRUE;
    }
    let digest = flow.job(publish.job).zip(publish.doer.step().id.as_deref());
    let digest = digest.map(|(job, id)| format!("jobs.{}.steps.{id}.outputs.digest", job.key));
    let name = unit.names.iter().filter(|_| unit.names.len() == 1).flat_map(|name| name.split('/'));
    let name = name.filter_map(|part| Text::new(part).symbol().map(str::to_owned));
    let read = attest.subjects().digests.iter().filter_map(|digest| digest.value.symbol());
    let read = read.filter(|symbol| publish.cond.implies(&written_under(job, symbol))).map(str::to_owned);
    digest.into_iter().chain(name).chain(read).fold(Cond::TRUE, |all, symbol| all.and(Cond::atom(symbol)))
}

/// Under which condition a script of a job looks a value up that it hands on to later steps.
fn written_under(job: &Job, symbol: &str) -> Cond {
    let scripts = job.steps.iter().filter_map(|step| Some((step, step.script()?)));
    let writes = scripts.flat_map(|(step, script)| {
        let output =
            |name: &str| format!("jobs.{}.steps.{}.outputs.{name}", job.key, step.id.as_deref().unwrap_or_default());
        let outputs = script.outputs.iter().filter(move |write| output(&write.name) == symbol);
        let exports = script.exports.iter().filter(|write| write.value.symbol() == Some(symbol));
        let looked_up = |write: &&OutputWrite| {
            let told = |symbol: &str| symbol.starts_with("shell(") || symbol.starts_with("jobs.");
            write.choices.is_empty() && write.value.symbol().is_some_and(told)
        };
        outputs
            .chain(exports)
            .filter(looked_up)
            .map(|write| job.cond.clone().and(step.cond.clone()).and(write.cond.clone()))
    });
    writes.fold(Cond::FALSE, Cond::or)
}

/// The first line of a file that sets a variable.
fn env_place(checkout: &Checkout, path: &str, name: &str) -> Option<Location> {
    let text = checkout.read(path).ok()?;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start().strip_prefix(name).map(str::trim_start);
        if rest.is_some_and(|r| r.starts_with([':', '='])) {
            return Some(Location::line_at(&Arc::from(path), &text, at));
        }
        at += line.len();
    }
    None
}

/// Why something under a condition does not accompany every release.
pub(super) fn not_always(what: &str, condition: &Cond, written: Option<&str>) -> String {
    if condition.is_never() {
        format!("{what} is not made in the run that publishes: its condition does not hold there")
    } else {
        format!("{what} is not made in every run that publishes: it needs `{}`", condition.told(written))
    }
}

fn of_step(
    checkout: &Checkout,
    flow: &Flow,
    facts: &FlowFacts<'_>,
    job: &Job,
    attest: &Attest<'_>,
    unit: &Unit<'_, '_>,
    coverage: String,
) -> Provenance {
    let location = attest.doer.location().clone();
    let separation = separation::of_step(checkout, flow, facts, (attest, job), unit.builds.contains(&attest.job));
    Provenance {
        rule: attest.producer.id.clone(),
        what: attest.producer.what.clone(),
        chain: attest.doer.chain().to_vec(),
        job: attest.job,
        signer: attest.signer,
        content: attest.content,
        separation,
        reach: elsewhere(checkout, job, attest, unit).unwrap_or_else(|| reach(facts, attest, unit, &location)),
        travels: attest.producer.stores.contains(&Store::Forge)
            || attest.producer.subjects.own && attest.producer.stores.contains(&Store::Registry),
        records_inputs: attest.producer.records_parameters,
        records_vars: attest.producer.records_parameters,
        coverage,
        remark: attest.producer.remark.clone(),
        assumed: attest.assumed(),
        location,
    }
}

/// What becomes of the provenance that an npm client uploads to another registry than npm's: the client hands it over
/// with the package, and no other registry documents that it keeps it.
/// Source: <https://docs.npmjs.com/generating-provenance-statements>
fn elsewhere(checkout: &Checkout, job: &Job, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Option<Reach> {
    let with_package = attest.producer.subjects.own && attest.producer.stores.contains(&Store::Registry);
    if unit.kind != Kind::Npm || !with_package {
        return None;
    }
    let place = npm::elsewhere(checkout, job, unit.publish, unit.package)?;
    let why = "the package may go to another registry than npm's, and nothing shows that it hands out the provenance \
               that comes with a package";
    Some(Reach::Unshown(why.to_owned(), place))
}

fn reach(facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>, location: &Location) -> Reach {
    let goes = |store: &&Store| {
        let when = attest.producer.stored_when.get(store);
        when.is_none_or(|when| attest.doer.applies(when, &[]).is_always())
    };
    let stores: Vec<Store> = attest.producer.stores.iter().filter(goes).copied().collect();
    let public = |what: &str| Reach::Public(what.to_owned(), location.clone());
    if stores.contains(&Store::Forge) {
        return public("it lies in the forge's attestation store");
    }
    if stores.contains(&Store::Registry) {
        let all = facts.get(attest.job).into_iter().flat_map(|own| &own.publishes);
        let same = |p: &&Publish<'_>| p.step == attest.step && p.doer.location() == attest.doer.location();
        let own: Vec<&Publish<'_>> = all.filter(same).filter(|_| attest.producer.subjects.own).collect();
        // The files go out on another channel, which hands out no provenance of its own.
        let other = own.iter().all(|p| p.sink.kind != unit.kind);
        return match own.iter().find_map(|p| p.sink.place.as_deref()).filter(|_| other) {
            Some(place) => public(&format!("it lies at {place}, where the same files are published")),
            None => public("it lies beside the package in its registry"),
        };
    }
    if stores.contains(&Store::Log) {
        return public("it lies on a public attestation server");
    }
    if stores.contains(&Store::Release) {
        return public("it is uploaded to the release");
    }
    // A file of the job: published when a publishing step hands out something that is named like it.
    let words: Vec<&Text> = match attest.doer.act {
        Act::Command(_, _, words) => words.iter().collect(),
        Act::Action(_, action) => action.inputs.iter().map(|i| &i.value).collect(),
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
    if stores.contains(&Store::Server) {
        let why = "it goes to an attestation server of which nothing shows that consumers reach it";
        return Reach::Unshown(why.to_owned(), location.clone());
    }
    Reach::Lost("it stays a file of the job and no step publishes it".to_owned(), location.clone())
}
