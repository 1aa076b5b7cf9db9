//! Provenance by builders and generators of other repositories that the catalogue describes.

use std::sync::Arc;

use super::Linked;
use super::bytes::FileRef;
use super::coverage::{Coverage, Unit, is_image};
use super::digests::listed;
use super::doer::{Doer, Picked};
use super::facts::FlowFacts;
use super::glob;
use super::handed;
use super::images::image_covered;
use super::naming::image_names;
use super::provenance::{Found, Provenance, Reach, Refused, better, not_always};
use super::rewritten::{self, Point};
use super::separation::Separation;
use super::withheld;
use crate::catalogue::{Builder, Bytes, Content, Signer, Signing};
use crate::model::{Access, Cond, EventKind, Flow, Job, Location, StepBody, Text, Version};
use crate::syntax::pattern;

/// Whether a catalogue entry describes this workflow.
pub(super) fn is_builder(builder: &Builder, workflow: &str) -> bool {
    builder.workflows.iter().any(|w| pattern::wildcard(w, workflow))
}

/// How a condition says that a run is one on a tag.
const ON_TAG: &str = "github.ref_type == 'tag'";

/// The condition of a run on a tag.
pub(super) fn tagged() -> Cond {
    Cond::atom(ON_TAG)
}

/// Whether a run on this path is a run on a tag.
pub(super) fn on_tag(flow: &Flow, cond: &Cond) -> bool {
    matches!(flow.event.kind, EventKind::TagPush | EventKind::Release)
        || cond.requires(&|atom| atom.starts_with("startsWith(github.ref, 'refs/tags/") || atom == ON_TAG)
}

/// Provenance by an outside builder or generator.
pub(super) fn of_builder(
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
        let inputs = picks.iter().filter_map(|p| p.input.as_deref()).filter_map(input);
        inputs.map(|i| withheld::meant(flow, &i.value)).collect()
    };
    let coverage = if builder.generator {
        if is_image(unit.kind) {
            let names: Vec<String> = picked(&builder.image).iter().flat_map(image_names).collect();
            let of = |value: Text| Picked { value, location: location.clone() };
            let digests: Vec<Picked> = picked(&builder.digest).into_iter().map(of).collect();
            match image_covered(flow, facts, at, unit, &names, &digests) {
                Coverage::Yes(_) if !builder.digest.is_empty() && digests.iter().all(|d| d.value.is_empty()) => {
                    Coverage::Wrong("it is handed no digest".to_owned())
                }
                other => other,
            }
        } else {
            let subjects = picked(&builder.subjects);
            if subjects.is_empty() { Coverage::No } else { listed(flow, facts, &subjects, unit) }
        }
    } else if unit.builds.contains(&at) {
        built(flow, facts, (at, job), builder, unit)
    } else {
        Coverage::No
    };
    let (coverage, ways) = match coverage {
        Coverage::No => (Coverage::No, Vec::new()),
        meant => withheld::of_call(flow, builder, call).unwrap_or((meant, Vec::new())),
    };
    let leading =
        |location: Location| Refused { rule: builder.id.clone(), why: "what leads there".to_owned(), location };
    let coverage = match coverage {
        Coverage::Yes(how) => {
            found.fitting.push(location.clone());
            how
        }
        Coverage::Unread(why) => {
            found.unread.push(Refused { rule: builder.id.clone(), why, location: location.clone() });
            found.unread.extend(ways.into_iter().map(leading));
            return;
        }
        Coverage::Wrong(why) => {
            found.refused.push(Refused { rule: builder.id.clone(), why, location: location.clone() });
            found.refused.extend(ways.into_iter().map(leading));
            return;
        }
        Coverage::No => return,
    };
    // What several calls made together has the provenance of the one that shows least.
    let mut calls = vec![(at, job, builder)];
    calls.extend(others(flow, job, builder, unit));
    let provenance = |(at, job, builder): (usize, &Job, &'static Builder)| {
        // Without the call there is nothing of its making to publish.
        let published = match builder.generator {
            true => unit.publish.cond.clone(),
            false => unit.publish.cond.clone().and(job.cond.clone()),
        };
        called(flow, facts, (at, job), builder, (&published, unit.files), coverage.clone())
    };
    let made: Result<Vec<Provenance>, Refused> = calls.into_iter().map(provenance).collect();
    match made.map(|all| all.into_iter().min_by_key(Provenance::rank)) {
        Ok(lowest) => lowest.into_iter().for_each(|provenance| better(found, provenance)),
        Err(refused) => found.refused.push(refused),
    }
}

/// The other calls of builders that made files of the unit.
fn others<'f>(
    flow: &'f Flow,
    job: &Job,
    builder: &Builder,
    unit: &Unit<'_, '_>,
) -> Vec<(usize, &'f Job, &'static Builder)> {
    let mut keys: Vec<&str> = unit.files.iter().map(|f| f.job.as_str()).filter(|key| *key != job.key).collect();
    keys.sort_unstable();
    keys.dedup();
    if builder.generator { Vec::new() } else { keys.into_iter().filter_map(|key| maker(flow, key)).collect() }
}

/// The call of a builder that goes by this key.
fn maker<'f>(flow: &'f Flow, key: &str) -> Option<(usize, &'f Job, &'static Builder)> {
    let (at, job) = flow.jobs.iter().enumerate().find(|(_, j)| j.key == key && j.outside.is_some())?;
    Linked::builder_of(job).filter(|b| !b.generator).map(|builder| (at, &**job, builder))
}

/// Whether what a builder made is all of the unit, and goes out as it was made.
fn built(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (at, job): (usize, &Job),
    builder: &Builder,
    unit: &Unit<'_, '_>,
) -> Coverage {
    let yes = || Coverage::Yes("the builder builds what is published".to_owned());
    if is_image(unit.kind) {
        return yes();
    }
    // A package that the call names in its outputs is handed on as it is.
    let output = format!("jobs.{}.outputs.", job.key);
    let publish = unit.publish;
    let folder = publish.doer.first(&publish.sink.folder, publish.hit, &publish.sink.value_flags);
    if folder.iter().any(|f| f.value.symbols().any(|s| s.starts_with(&output))) {
        return yes();
    }
    // What is built or packed from its files is something else.
    if !matches!(unit.publish.bytes, Bytes::Given | Bytes::Copied) {
        return Coverage::No;
    }
    let made = |at: &usize| flow.jobs.get(*at).is_some_and(|j| maker(flow, &j.key).is_some());
    if unit.files.is_empty() && !unit.builds.iter().all(made) {
        return Coverage::Unread(format!("nothing shows that {} made all that is published", builder.what));
    }
    // Its provenance names what it hands over, and not what becomes of that.
    let point = Point { job: at, step: 0 };
    if let Some(changed) = rewritten::since(flow, facts, &point, unit.publish, unit.files) {
        let place = &changed.location;
        if !changed.shown {
            return Coverage::Unread(changed.doubt());
        }
        return Coverage::Wrong(format!(
            "the files that {} made change in line {} of {} before they are published",
            builder.what, place.line, place.path
        ));
    }
    // It names its files in its outputs.
    let named = |f: &FileRef| Text::new(f.pattern.as_str()).symbol().is_some_and(|s| s.starts_with(&output));
    let own = |f: &FileRef| f.job == job.key || named(f) || maker(flow, &f.job).is_some();
    match unit.files.iter().find(|f| !own(f)) {
        None => yes(),
        Some(other) if unit.files.iter().any(own) => Coverage::Wrong(format!(
            "{} did not make everything that is published as `{}`",
            builder.what, other.pattern
        )),
        Some(_) => Coverage::No,
    }
}

/// The provenance that a call of a known builder makes, if it can run and makes any.
pub(super) fn called(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (at, job): (usize, &Job),
    builder: &'static Builder,
    (published, files): (&Cond, &[FileRef]),
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
    let raw = builder.tag_suffix.as_deref().and_then(|s| reference.raw.strip_suffix(s)).unwrap_or(&reference.raw);
    let full = !reference.is_hash()
        && raw.starts_with('v')
        && Version::parse(raw).is_some_and(|v| v.parts == 3 && !v.suffixed);
    // At a full tag it compiles the very builder of that tag, and verifiers accept the identity.
    let compiled = compiled && !full;
    if builder.full_tag_only && !compiled && !full {
        return refuse(format!(
            "{} runs only from a full release tag (vMAJOR.MINOR.PATCH), and `@{}` is none",
            builder.what, reference.raw
        ));
    }
    if let Some(since) = builder.runs_since.as_deref().and_then(Version::parse)
        && reference.version.is_some_and(|v| !v.at_least(since.numbers))
    {
        let why = builder.runs_why.as_deref().unwrap_or("it cannot run any more");
        return refuse(format!("{} at `@{}`: {why}", builder.what, reference.raw));
    }
    // The platform refuses a called workflow whose jobs ask for more than the caller grants, whether they run or not.
    let asked = |scopes: &'static [String], access| scopes.iter().map(move |scope| (scope, access));
    let mut asked = asked(&builder.scopes, Access::Write).chain(asked(&builder.reads, Access::Read));
    if let Some((scope, access)) = asked.find(|(scope, access)| job.token.access(scope) < *access) {
        let access = if access == Access::Write { "write" } else { "read" };
        let (job, what) = (job.title(), &builder.what);
        return refuse(format!("the job {job} does not grant `{scope}: {access}`, which {what} needs"));
    }
    if !builder.may_fail_when.is_empty() && !test(&builder.may_fail_when, true).is_never() {
        return refuse(format!("{} may fail without stopping the release", builder.what));
    }
    if !published.clone().and(subjects_named(builder, call)).implies(&job.cond) {
        return Err(Refused {
            rule: builder.id.clone(),
            why: not_always(&format!("provenance by {}", builder.what), &job.cond, job.condition.as_deref()),
            location: job.condition_at.clone().unwrap_or(location),
        });
    }
    let unsigned = builder.signing == Signing::Nothing
        || !builder.unsigned_when.is_empty() && !published.clone().and(test(&builder.unsigned_when, true)).is_never();
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
        reach: builder_reach(flow, facts, (at, job), builder, (published, files), &location),
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
        assumed: None,
    })
}

/// That the subjects which a generator is handed are not empty: a call that asks for it runs whenever there are any.
fn subjects_named(builder: &Builder, call: &crate::model::OutsideCall) -> Cond {
    let picks = [&builder.image, &builder.digest, &builder.subjects].into_iter().flatten();
    let names: Vec<&str> = picks.filter_map(|pick| pick.input.as_deref()).collect();
    let values = call.inputs.iter().filter(|i| names.contains(&i.name.as_str())).map(|i| &i.value);
    values.filter_map(Text::symbol).fold(Cond::TRUE, |all, symbol| all.and(Cond::atom(symbol)))
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
        body: StepBody::Opaque { what: String::new(), unseen: false },
        env: Arc::default(),
        cond: Cond::TRUE,
        condition_at: None,
        condition: None,
        on_failure: false,
        may_fail: false,
        location: call.reference.location.clone(),
        chain: Vec::new(),
        interpolates: Vec::new(),
    };
    let doer = Doer::action(&step, &action);
    if any { tests.iter().fold(Cond::FALSE, |c, t| c.or(doer.test(t))) } else { doer.applies(tests, &[]) }
}

/// How provenance that lies among the files of a call reaches consumers: with these, when it is published among them.
fn among_its_files(job: &Job, file: &str, files: &[FileRef], location: &Location) -> Reach {
    let mut own = files.iter().filter(|f| f.job == job.key).peekable();
    let among = |f: &FileRef| glob::contains(f.pattern.rsplit('/').next().unwrap_or_default(), file);
    // A step that names no files hands out all that there are.
    if own.peek().is_none() || own.any(among) {
        return Reach::Public(format!("`{file}` is published with the files"), location.clone());
    }
    let why =
        format!("it is the file `{file}` of a workflow artifact that expires, and what is published leaves it out");
    Reach::Lost(why, location.clone())
}

/// The input that names the provenance file and its artifact.
const PROVENANCE_NAME: &str = "provenance-name";

fn builder_reach(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    (_, job): (usize, &Job),
    builder: &Builder,
    (published, files): (&Cond, &[FileRef]),
    location: &Location,
) -> Reach {
    if let Some(beside) = &builder.beside
        && job.outside.as_ref().is_some_and(|call| !call_test(call, &beside.when, false).is_never())
    {
        return among_its_files(job, &beside.file, files, location);
    }
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
    let named = input(PROVENANCE_NAME).and_then(|i| i.value.literal());
    if let Some(place) = handed::handed_out(flow, facts, (&job.key, named), published) {
        return Reach::Public("a later job adds it to the release".to_owned(), place);
    }
    if !published.implies(&on) {
        let why = format!("`{}` is not on, so it stays a workflow artifact that expires", uploads.input);
        return Reach::Lost(why, location.clone());
    }
    let tagged = uploads.tag_input.as_deref().is_some_and(|name| input(name).is_some_and(|i| !i.value.is_empty()));
    if !tagged && !on_tag(flow, &published.clone().and(job.cond.clone())) {
        // Who starts a run by hand may choose a tag.
        let is = if flow.event.kind == EventKind::Dispatch { "need not be" } else { "is not" };
        let why = format!("a run by {} {is} on a tag, and without one nothing is uploaded", flow.event);
        return Reach::Lost(why, location.clone());
    }
    Reach::Public("it is uploaded to the release".to_owned(), location.clone())
}
