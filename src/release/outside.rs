//! Streams that a called workflow of another repository publishes.

use std::collections::BTreeSet;

use super::naming::image_names;
use super::{Linked, Path, Published, build_jobs, builders, opaque};
use crate::catalogue::{Builder, Bytes, Topic};
use crate::model::{Access, EventKind, Input, Job, Kind, Text};

/// The streams of every call that leads outside the checkout.
pub(super) fn streams<'p>(path: &Path<'_, 'p>) -> Vec<Linked<'p>> {
    let mut streams = Vec::new();
    for (at, job) in path.flow.jobs.iter().enumerate() {
        let Some(call) = &job.outside else { continue };
        if job.cond.is_never() || job.other_run {
            continue;
        }
        let found = match path.catalogue.builders.iter().find(|b| builders::is_builder(b, &call.workflow)) {
            Some(builder) => known(path, at, job, builder),
            None => unknown(path, at, job),
        };
        streams.extend(found.filter(|_| path.counts()));
    }
    streams
}

fn known<'p>(path: &Path<'_, 'p>, at: usize, job: &'p Job, builder: &'static Builder) -> Option<Linked<'p>> {
    let (kind, call) = (builder.publishes?, job.outside.as_ref()?);
    let mut published = job.cond.clone().and(builders::call_test(call, &builder.publishes_when, false));
    if published.is_never() {
        return None;
    }
    if let Some(uploads) = &builder.uploads {
        let on = match call.inputs.iter().find(|i| i.name == uploads.input) {
            Some(i) => !i.value.equals(&Text::from("true")).is_never(),
            None => uploads.default,
        };
        let tag = uploads.tag_input.as_deref();
        let tagged = call.inputs.iter().any(|i| Some(i.name.as_str()) == tag && !i.value.is_empty());
        // Without a tag nothing is uploaded: not a release path. Who starts a run by hand may choose one.
        if path.flow.event.kind == EventKind::Dispatch && !tagged {
            published = published.and(builders::tagged());
        }
        if !on || published.is_never() || !(tagged || builders::on_tag(path.flow, &published)) {
            return None;
        }
    }
    let picked = |picks: &[crate::catalogue::Pick]| {
        picks
            .iter()
            .filter_map(|p| p.input.as_deref())
            .find_map(|name| call.inputs.iter().find(|i| i.name == name))
            .map(|i| i.value.clone())
    };
    let own = path.checkout.slug().and_then(|s| s.split('/').nth(1)).unwrap_or("release").to_owned();
    let mut places = Vec::new();
    let name = match (kind, picked(&builder.name)) {
        (Kind::Image, Some(names)) => {
            places = image_names(&names).collect();
            places.first().cloned().unwrap_or(own)
        }
        (Kind::ReleaseAssets, _) => own,
        (_, Some(name)) => name.to_string(),
        (_, None) => own,
    };
    let mut linked = base(path, at, job, kind, name);
    linked.places = places;
    linked.publish.rule.clone_from(&builder.id);
    linked.publish.what = format!("calls {}, which publishes", builder.what);
    match builders::called(
        path.flow,
        path.facts,
        (at, job),
        builder,
        (&published, &[]),
        "the builder builds what is published".to_owned(),
    ) {
        Ok(p) => linked.provenance = Some(p),
        Err(refused) if builder.provenance => linked.refused.push(refused),
        Err(_) => {}
    }
    Some(linked)
}

/// An outside workflow that nothing describes is a target when it looks like a release: by what it is handed, or by its own
/// or its caller's name, with something to write with.
fn unknown<'p>(path: &Path<'_, 'p>, at: usize, job: &'p Job) -> Option<Linked<'p>> {
    let call = job.outside.as_ref()?;
    let entry = path.pipeline.path.rsplit('/').next().unwrap_or_default();
    let file = call.workflow.rsplit('/').next().unwrap_or_default();
    let words = format!("{} {file} {entry}", job.key);
    let names = &path.catalogue.names;
    let other = names.of(Topic::CalledOther).matches(&format!("{} {file}", job.key));
    // What an image is named for that is looked at says nothing.
    let says = |input: &Input, value: &Text| {
        (!other || !value.as_str().contains('/'))
            && names.of(Topic::CalledWith).matches(&format!("{}={value}", input.name))
    };
    let told = |input: &Input| input.value.items(&[',', ' ']).iter().any(|value| says(input, value));
    let handed = opaque::grants_packages(job) && !names.of(Topic::CalledAway).matches(file)
        || call.inputs.iter().any(told)
        || opaque::holds_registry_key(job, usize::MAX);
    let named = names.of(Topic::Called).matches(&words) && !other;
    if !handed && !named {
        return None;
    }
    let writes =
        ["contents", "packages", "id-token", "attestations"].iter().any(|s| job.token.access(s) == Access::Write);
    let undeclared = matches!(job.token, crate::model::TokenScope::Undeclared { .. });
    if !handed && !writes && !undeclared && call.secrets.is_none() {
        return None;
    }
    let slug = call.repository();
    let mut linked = base(path, at, job, Kind::Other, format!("{slug}/{file}"));
    linked.publish.rule = "outside-workflow".to_owned();
    linked.publish.what = format!("calls {}, which nothing in the checkout describes", call.workflow);
    linked.opaque = Some(slug);
    Some(linked)
}

fn base<'p>(path: &Path<'_, 'p>, at: usize, job: &'p Job, kind: Kind, name: String) -> Linked<'p> {
    let location = job.outside.as_ref().map_or_else(|| job.location.clone(), |c| c.reference.location.clone());
    let mut builds: BTreeSet<usize> = build_jobs::feeding(path.flow, path.facts, at);
    builds.insert(at);
    let publish = Published {
        rule: String::new(),
        what: String::new(),
        location: location.clone(),
        chain: job.chain.clone(),
        job: at,
        bytes: Bytes::Built,
    };
    let mut linked = path.linked(kind, name, publish, builds);
    linked.chain.extend(job.chain.iter().map(|hop| (hop.what.clone(), hop.location.clone())));
    linked.chain.push((format!("job {} calls an outside workflow", job.key), location));
    linked
}
