//! GRADE: level, cap, reach and the plan, as a fold over the requirement table. The only place that knows what a
//! level is.

mod acceptance;
mod declarations;
mod exclusion;
mod gate;

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use crate::catalogue::{Advice, Card, Catalogue};
use crate::model::{Location, Note, Problem, Remedy, Requirement, State, Target, UNKNOWN_BUILD, Unassessed, Verdict};
use crate::report::{Cap, ChainLink, PlanStep, Report, RequirementReport, TargetReport, sanitize};
use crate::settings::{self, Settings};

/// The highest level of the Build track.
const HIGHEST: u8 = 3;

/// A graded checkout, before it becomes a report.
#[derive(Debug)]
pub struct Graded {
    /// The lowest level over all targets and over what could not be assessed.
    pub level: u8,
    /// What holds it down.
    pub cap: Option<Cap>,
    /// The targets, sorted.
    pub targets: Vec<TargetReport>,
    /// The way up.
    pub plan: Vec<PlanStep>,
    /// Observations on the targets.
    pub notes: Vec<Note>,
}

fn card(requirement: Requirement) -> Option<&'static Card> {
    Catalogue::get().requirements.iter().find(|c| c.id == requirement)
}

fn level_of(requirement: Requirement) -> u8 {
    card(requirement).map_or(HIGHEST, |c| c.level)
}

/// The first verdict that stands in the way, in cap order.
fn first_open(verdicts: &[Verdict]) -> Option<&Verdict> {
    verdicts.iter().filter(|v| v.state().is_open()).min_by_key(|v| v.requirement())
}

/// The highest level all of whose requirements, and those below, are met.
fn level(verdicts: &[Verdict]) -> u8 {
    first_open(verdicts).map_or(HIGHEST, |v| level_of(v.requirement()) - 1)
}

/// The rule under which a verdict is open because the platform's files cannot express the control at all.
pub const INEXPRESSIBLE: &str = "inexpressible-token";

fn reach(verdicts: &[Verdict]) -> u8 {
    let expressible = verdicts
        .iter()
        .filter(|v| v.state().is_open())
        .filter(|v| v.state() == State::Failed || v.evidence().iter().any(|e| e.rule != INEXPRESSIBLE));
    expressible.map(|v| level_of(v.requirement()) - 1).min().unwrap_or(HIGHEST)
}

/// Sorts targets from the lowest up: level, then the requirement that caps, then the place.
fn rank(target: &Target) -> (u8, Option<Requirement>, String, u32, u32) {
    let open = first_open(&target.verdicts);
    let place = open.and_then(|v| v.evidence().first()).map(|e| &e.location);
    (
        level(&target.verdicts),
        open.map(Verdict::requirement),
        place.map_or_else(String::new, |l| l.path.to_string()),
        place.map_or(0, |l| l.line),
        place.map_or(0, |l| l.column),
    )
}

/// The verdicts of the lowest path, with what only another path leaves open: none of it comes before the cap.
fn with_open(lowest: Vec<Verdict>, other: &[Verdict]) -> Vec<Verdict> {
    let open = |of: Requirement| other.iter().find(|v| v.requirement() == of && v.state().is_open());
    let worse = |verdict: Verdict| match open(verdict.requirement()) {
        Some(other) if !verdict.state().is_open() => other.clone(),
        // What either of them shows has to be mended.
        Some(other) => verdict.joined(other),
        None => verdict,
    };
    lowest.into_iter().map(worse).collect()
}

/// Whether two paths leave a requirement open that is the same.
fn both_open(a: &Target, b: &Target) -> bool {
    let open = |v: &&Verdict| v.state().is_open();
    a.verdicts.iter().filter(open).any(|v| b.verdicts.iter().filter(open).any(|o| o.requirement() == v.requirement()))
}

/// Adds the build jobs of another path.
fn take_builds(known: &mut Target, other: &Target) {
    let more = other.build_jobs.iter().filter(|job| !known.build_jobs.contains(job));
    let more: Vec<String> = more.cloned().collect();
    let jobs = other.boundary.jobs.iter().filter(|job| more.contains(&job.key));
    known.boundary.jobs.extend(jobs.cloned());
    known.build_jobs.extend(more);
}

/// One target for each kind, name and pipeline file: of several paths the lowest decides, and what another leaves open
/// besides is open as well.
fn lowest_paths(targets: Vec<Target>) -> Vec<Target> {
    let mut by_identity: BTreeMap<(crate::model::Kind, String, String), Target> = BTreeMap::new();
    for target in targets {
        let identity = (target.kind, target.name.clone(), target.pipeline.clone());
        match by_identity.get_mut(&identity) {
            None => {
                by_identity.insert(identity, target);
            }
            Some(known) => {
                let mut places = known.locations.clone();
                places.extend(target.locations.iter().filter(|p| !known.locations.contains(p)).cloned());
                let higher = match rank(&target) < rank(known) {
                    true => std::mem::replace(known, target),
                    false => target,
                };
                known.locations = places;
                if both_open(known, &higher) {
                    take_builds(known, &higher);
                }
                known.verdicts = with_open(std::mem::take(&mut known.verdicts), &higher.verdicts);
            }
        }
    }
    by_identity.into_values().collect()
}

/// Grades targets, with what could not be assessed holding the whole down: unanalysed release flows, and files that could
/// not be read, each below the requirement that they leave open.
pub fn grade(
    targets: Vec<Target>,
    unassessed: &[Unassessed],
    problems: &[(Requirement, Problem)],
    searched: &str,
    line_of: &dyn Fn(&Location) -> Option<String>,
) -> Graded {
    let mut targets = lowest_paths(targets);
    targets.sort_by_key(rank);
    let mut caps: Vec<(u8, Cap)> = targets
        .iter()
        .filter_map(|t| Some((level(&t.verdicts), cap_of(t, first_open(&t.verdicts)?, line_of))))
        .collect();
    caps.extend(unassessed.iter().filter(|u| u.holds_down).map(|u| (0, unassessed_cap(u, line_of))));
    caps.extend(problems.iter().map(|(open, p)| (level_of(*open) - 1, problem_cap(*open, p, line_of))));
    if targets.is_empty() && caps.iter().all(|(level, _)| *level > 0) {
        let reason = format!("no release target was found: {searched}");
        caps.push((
            0,
            Cap {
                requirement: Requirement::ProvenanceExists,
                state: State::Unshown,
                target: None,
                reason,
                location: None,
                snippet: None,
            },
        ));
    }
    caps.sort_by(|(a, x), (b, y)| {
        let place = |c: &Cap| c.location.clone();
        (a, x.requirement, place(x)).cmp(&(b, y.requirement, place(y)))
    });
    let level = caps.first().map_or(HIGHEST, |(level, _)| *level);
    let mut plan = plan(&targets);
    show_unassessed(&mut plan, unassessed);
    let notes = targets.iter().flat_map(|t| t.notes.iter().cloned()).collect();
    Graded {
        notes,
        level,
        cap: caps.into_iter().next().map(|(_, cap)| cap),
        targets: targets.into_iter().map(|t| report(t, line_of)).collect(),
        plan,
    }
}

/// Adds what the team's settings say. No level that is shown and no cap changes. `pipelines` are those that were graded,
/// `today` decides what has expired.
pub fn settle(report: &mut Report, settings: &Settings, pipelines: &[&str], today: Date) {
    let shown = report.level;
    exclusion::apply(report, &settings.exclude, pipelines);
    acceptance::apply(report, &settings.accept, today);
    declarations::apply(report, &settings.declarations, today);
    gate::apply(report, &settings.gate);
    report.notes.sort_unstable();
    debug_assert_eq!(report.level, shown, "no setting changes a level");
}

fn cap_of(target: &Target, verdict: &Verdict, line_of: &dyn Fn(&Location) -> Option<String>) -> Cap {
    let location = verdict.evidence().first().map(|e| e.location.clone());
    Cap {
        requirement: verdict.requirement(),
        state: verdict.state(),
        target: Some(id(target)),
        reason: verdict.reason().to_owned(),
        snippet: location.as_ref().and_then(line_of),
        location,
    }
}

fn unassessed_cap(unassessed: &Unassessed, line_of: &dyn Fn(&Location) -> Option<String>) -> Cap {
    Cap {
        requirement: Requirement::ProvenanceExists,
        state: State::Unshown,
        target: None,
        reason: format!("{} is a release flow that is not analysed: {}", unassessed.path, unassessed.reason),
        snippet: unassessed.location.as_ref().and_then(line_of),
        location: unassessed.location.clone(),
    }
}

fn problem_cap(requirement: Requirement, problem: &Problem, line_of: &dyn Fn(&Location) -> Option<String>) -> Cap {
    let location = Location {
        path: problem.path.as_str().into(),
        line: problem.line.unwrap_or(1),
        column: problem.column.unwrap_or(1),
        end_line: problem.line.unwrap_or(1),
        end_column: problem.column.unwrap_or(1) + 1,
    };
    let missing = match requirement {
        Requirement::HostedBuild => "which runners it defines",
        _ => "what it releases",
    };
    Cap {
        requirement,
        state: State::Unshown,
        target: None,
        reason: if requirement == Requirement::ProvenanceExists && settings::NAMES.contains(&problem.path.as_str()) {
            format!("{} is refused, so what the team declares is unknown: {}", problem.path, problem.message)
        } else {
            format!("{} cannot be read, so nothing shows {missing}: {}", problem.path, problem.message)
        },
        snippet: line_of(&location),
        location: Some(location),
    }
}

fn id(target: &Target) -> String {
    format!("{}:{}", target.kind.id(), target.name)
}

fn report(target: Target, line_of: &dyn Fn(&Location) -> Option<String>) -> TargetReport {
    let own = level(&target.verdicts);
    let cap = first_open(&target.verdicts).map(|v| cap_of(&target, v, line_of));
    TargetReport {
        id: id(&target),
        kind: target.kind,
        locations: target.locations,
        pipeline: target.pipeline,
        platform: target.platform,
        event: target.event,
        build_jobs: target.build_jobs,
        publish_job: target.publish_job,
        provenance_job: target.provenance_job,
        level: own,
        declared_level: own,
        reach: reach(&target.verdicts).max(own),
        cap,
        requirements: target
            .verdicts
            .iter()
            .map(|v| RequirementReport {
                id: v.requirement(),
                level: level_of(v.requirement()),
                state: v.state(),
                reason: v.reason().to_owned(),
                evidence: v.evidence().to_vec(),
                to_show: v.to_show().map(str::to_owned),
            })
            .collect(),
        chain: target.chain.into_iter().map(|(what, location)| ChainLink { what, location }).collect(),
        boundary: target.boundary,
        name: target.name,
    }
}

/// The steps that meet everything that is open, in the order in which the requirements cap.
fn plan(targets: &[Target]) -> Vec<PlanStep> {
    let names = names(targets);
    let mut steps: Vec<PlanStep> = Vec::new();
    for requirement in Requirement::ALL {
        let Some(card) = card(*requirement) else { continue };
        let mut open = Open::default();
        for (target, name) in targets.iter().zip(&names) {
            let Some(verdict) = target.verdicts.iter().find(|v| v.requirement() == *requirement) else { continue };
            if verdict.state().is_open() && !follows_from_absence(target, *requirement) {
                open.take(target, name, verdict);
            }
        }
        let Some(now) = open.now(*requirement) else { continue };
        let suits = |a: &&Advice| open.targets.iter().any(|target| a.suits(target));
        // Where one thing is enough everywhere, other ways to meet it only distract; and what is known of no machine is no
        // matter of labels, sockets or scopes.
        let general = card.how.iter().filter(|a| open.shown && suits(a) && (open.longer || a.kinds.is_empty()));
        let build = open.unknown.then_some(TO_BUILD);
        let how: Vec<&str> =
            open.fields.iter().map(String::as_str).chain(build).chain(general.map(|a| a.text.as_str())).collect();
        let mut ids: Vec<String> = open.targets.iter().map(|target| id(target)).collect();
        ids.dedup();
        steps.push(PlanStep {
            step: steps.len() as u32 + 1,
            requirement: *requirement,
            targets: ids,
            names: open.names.into_iter().cloned().collect(),
            title: card.step.clone(),
            detail: format!("{now}\n{}", how.join("\n")),
            level_after: card.level,
            locations: open.places.into_values().collect(),
            fixable: false,
        });
    }
    steps
}

/// Puts the step first that shows what release flows publish which are not analysed, where there are some.
fn show_unassessed(plan: &mut Vec<PlanStep>, unassessed: &[Unassessed]) {
    let flows: Vec<&Unassessed> = unassessed.iter().filter(|flow| flow.holds_down).collect();
    let Some(first) = flows.first() else { return };
    let path = sanitize::terminal(&first.path);
    let now = match flows.len() - 1 {
        0 => format!("{path} is a release flow that is not analysed"),
        1 => format!("{path} and 1 more file are release flows that are not analysed"),
        more => format!("{path} and {more} more files are release flows that are not analysed"),
    };
    for step in plan.iter_mut() {
        step.step += 1;
    }
    let new = PlanStep {
        step: 1,
        requirement: Requirement::ProvenanceExists,
        targets: Vec::new(),
        names: Vec::new(),
        title: "Publish from workflows that are analysed".to_owned(),
        detail: format!("Now: {now}.\n{TO_ANALYSE}"),
        level_after: 1,
        locations: flows.iter().filter_map(|flow| flow.location.clone()).collect(),
        fixable: false,
    };
    plan.insert(0, new);
}

/// How to show what is not analysed.
const TO_ANALYSE: &str = "Publish by a workflow in `.github/workflows` that makes build provenance, and leave tests and deployments to the \
                          other platform.\nRemove pipelines that publish no longer.";

/// How to show a build of which nothing is shown.
const TO_BUILD: &str = "Build in the pipeline that publishes, and hand the bytes from job to job by artifacts that its own steps \
                        store: nothing shows how bytes from elsewhere were built.";

/// How targets are called where one name may stand for several: with the pipeline file then.
fn names(targets: &[Target]) -> Vec<String> {
    let ids: Vec<String> = targets.iter().map(id).collect();
    let named: Vec<(&str, &str)> = ids.iter().zip(targets).map(|(id, t)| (id.as_str(), t.pipeline.as_str())).collect();
    crate::report::distinct(&named)
}

/// What a step of the plan says of the targets for which its requirement is open.
#[derive(Default)]
struct Open<'t> {
    targets: Vec<&'t Target>,
    names: Vec<&'t String>,
    /// Each reason with the names of those that it holds for, and whether it caps one of them.
    reasons: Vec<(&'t str, bool, Vec<&'t str>)>,
    known: HashMap<&'t str, usize>,
    places: BTreeMap<(&'t str, u32, u32), Location>,
    fields: Vec<String>,
    /// Whether bytes come from where nothing shows how they are built, and whether anything else is open.
    unknown: bool,
    shown: bool,
    /// Whether it takes more than one thing at one place somewhere.
    longer: bool,
}

/// Reasons that a step gives, and targets that it names for each.
const MOST_REASONS: usize = 3;
const MOST_NAMES: usize = 2;

impl<'t> Open<'t> {
    fn take(&mut self, target: &'t Target, name: &'t String, verdict: &'t Verdict) {
        self.targets.push(target);
        self.names.push(name);
        let caps = first_open(&target.verdicts).map(Verdict::requirement) == Some(verdict.requirement());
        let at = *self.known.entry(verdict.reason()).or_insert(self.reasons.len());
        match self.reasons.get_mut(at) {
            Some((_, capping, names)) => {
                *capping |= caps;
                names.push(name);
            }
            None => self.reasons.push((verdict.reason(), caps, vec![name])),
        }
        for place in verdict.to_mend().iter().map(|evidence| &evidence.location) {
            self.places.entry((&place.path, place.line, place.column)).or_insert_with(|| place.clone());
        }
        self.unknown |= verdict.evidence().iter().any(|e| e.rule == UNKNOWN_BUILD);
        self.shown |= verdict.evidence().first().is_none_or(|e| e.rule != UNKNOWN_BUILD);
        self.longer |= verdict.remedy().is_none();
        for line in remedy(verdict).into_iter().chain(to_set(verdict)) {
            if !self.fields.contains(&line) {
                self.fields.push(line);
            }
        }
    }

    /// How things stand now, a line for each reason: what it is about is said best by a target that it caps. The card's
    /// pieces are paragraphs, and a name in a reason must not make one of its own.
    fn now(&self, requirement: Requirement) -> Option<String> {
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, caps, _)| !caps);
        if let [(reason, ..)] = reasons.as_slice() {
            return Some(format!("Now: {}.", sanitize::terminal(reason)));
        }
        let rest = reasons.split_off(reasons.len().min(MOST_REASONS));
        let line = |(reason, _, names): &&(&str, bool, Vec<&str>)| {
            format!("Now, for {}: {}.", sanitize::terminal(&listed(names)), sanitize::terminal(reason))
        };
        let mut lines: Vec<String> = reasons.iter().map(line).collect();
        match rest.iter().map(|(_, _, names)| names.len()).sum::<usize>() {
            0 => {}
            1 => lines.push(format!("One more target has a reason of its own, under its `{requirement}`.")),
            more => lines.push(format!("{more} more targets have reasons of their own, under their `{requirement}`.")),
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// The first names of a list, and how many more there are.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        1 => format!("{shown} and 1 more target"),
        more => format!("{shown} and {more} more targets"),
    }
}

/// Definitions of runners that one step of the plan names at most.
const MOST_DEFINITIONS: usize = 6;

/// What to set in the definitions of runners that a verdict rests on, a line for each definition.
fn to_set(verdict: &Verdict) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for evidence in verdict.to_mend() {
        let fields = Catalogue::get().to_set(evidence, verdict.requirement());
        let place = &evidence.location;
        // The place where a job asks for the runner is not where the runner is defined.
        let asks = place.path.starts_with(".github/workflows/") && evidence.rule != "runner-started-by-job";
        if fields.is_empty() || asks || lines.len() >= MOST_DEFINITIONS {
            continue;
        }
        let path = sanitize::terminal(&place.path).replace('`', "'");
        let line = format!("In `{path}:{}`: {}.", place.line, fields.join("; "));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// What to do about what decides, at its place.
fn remedy(verdict: &Verdict) -> Option<String> {
    let Remedy { what, location, besides } = verdict.remedy()?;
    let path = sanitize::terminal(&location.path).replace('`', "'");
    Some(format!("{what} at `{path}:{}`{besides}.", location.line))
}

/// What the step that makes provenance exist brings about as well: it is distributed and authentic by itself.
fn follows_from_absence(target: &Target, requirement: Requirement) -> bool {
    let absent =
        target.verdicts.iter().any(|v| v.requirement() == Requirement::ProvenanceExists && v.state().is_open());
    absent && matches!(requirement, Requirement::ProvenanceDistributed | Requirement::ProvenanceAuthentic)
}
