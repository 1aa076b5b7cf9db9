//! Subjects that jobs hand to one another and that do not arrive: the platform keeps outputs with secrets from other jobs.

use super::coverage::Coverage;
use crate::catalogue::Builder;
use crate::model::{Flow, Location, MOST_EVIDENCE, OutsideCall, Text};

/// A text with what the job has in place of an output that it hands to nobody.
pub(super) fn meant(flow: &Flow, text: &Text) -> Text {
    let Some((key, name)) = text.lacks() else { return text.clone() };
    let job = flow.jobs.iter().find(|job| job.key == key);
    let value = job.and_then(|job| job.outputs.iter().find(|(output, _)| output.eq_ignore_ascii_case(name)));
    let empty = Text::withheld(key, name);
    match (value, empty.symbol()) {
        (Some((_, value)), Some(symbol)) => text.filled(symbol, value),
        _ => text.clone(),
    }
}

/// Why what is handed over is empty.
pub(super) fn empty(what: &str, text: &Text) -> Option<String> {
    let (job, output) = text.lacks()?;
    let is = if surely(text) { "is" } else { "may be" };
    Some(format!(
        "{what} {is} empty: the output `{output}` of the job {job} holds a secret, and the platform hands no such output \
         to other jobs"
    ))
}

/// Whether a part of a text is an output that does not arrive, and not one of several values.
fn surely(text: &Text) -> bool {
    text.symbols().any(|symbol| Text::unknown(symbol).lacks().is_some() && !symbol.contains('('))
}

/// What becomes of provenance that is handed this.
pub(super) fn verdict(what: &str, text: &Text) -> Option<Coverage> {
    let why = empty(what, text)?;
    Some(if surely(text) { Coverage::Wrong(why) } else { Coverage::Unread(why) })
}

/// Why nothing comes of a call of a generator, and the places that lead there.
pub(super) fn of_call(flow: &Flow, builder: &Builder, call: &OutsideCall) -> Option<(Coverage, Vec<Location>)> {
    let picks = [&builder.image, &builder.digest, &builder.subjects].into_iter().flatten();
    let names: Vec<&str> =
        picks.filter_map(|pick| pick.input.as_deref()).chain(builder.login.iter().map(String::as_str)).collect();
    let handed = call.inputs.iter().chain(&call.handed).filter(|input| names.contains(&input.name.as_str()));
    let lacking: Vec<_> = handed.filter(|input| input.value.lacks().is_some()).collect();
    let worst = lacking.iter().find(|input| surely(&input.value)).or(lacking.first())?;
    let verdict = verdict(&format!("its `{}`", worst.name), &worst.value)?;
    let places =
        lacking.iter().flat_map(|input| std::iter::once(input.location.clone()).chain(written(flow, &input.value)));
    Some((verdict, places.take(MOST_EVIDENCE).collect()))
}

/// The steps whose outputs a job would hand over.
fn written(flow: &Flow, text: &Text) -> Vec<Location> {
    let Some((key, name)) = text.lacks() else { return Vec::new() };
    let Some(job) = flow.jobs.iter().find(|job| job.key == key) else { return Vec::new() };
    let value = job.outputs.iter().find(|(output, _)| output.eq_ignore_ascii_case(name));
    let symbols = value.iter().flat_map(|(_, value)| value.symbols());
    let ids = symbols.filter_map(|symbol| symbol.split_once(".steps.")?.1.split('.').next());
    let ids: Vec<&str> = ids.collect();
    let named = job.steps.iter().filter(|step| step.id.as_deref().is_some_and(|id| ids.contains(&id)));
    named.map(|step| step.location.clone()).collect()
}
