//! What a report has to say about single places, for the formats that list findings: SARIF, annotations, code quality.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::words::owner;
use super::{Accepted, AcceptedFinding, Cap, Report, RequirementReport, TargetReport};
use crate::catalogue::{Card, Catalogue};
use crate::model::{Location, Note, Requirement, State};

/// What a finding is to the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It is the one that holds the checkout down.
    Cap,
    /// It stands in the way of a level.
    Gap,
    /// Something that the team's configuration asks for does not hold.
    Gate,
    /// The checkout claims more than it shows.
    Overclaim,
    /// The team's configuration says so; it changes no level.
    Team,
    /// It never changes a level.
    Hardening,
}

/// One finding.
#[derive(Debug)]
pub(super) struct Finding<'a> {
    /// What it is to the level.
    pub(super) rank: Rank,
    /// The requirement, or the note's rule.
    pub(super) rule: &'a str,
    /// The requirement that is open, and how.
    pub(super) open: Option<(Requirement, State)>,
    /// The target that it is about.
    pub(super) target: Option<&'a TargetReport>,
    /// What was found.
    pub(super) message: Cow<'a, str>,
    /// The acceptance of the team, when one is in force.
    pub(super) accepted: Option<&'a Accepted>,
    /// What would show the control.
    pub(super) to_show: Option<&'a str>,
    /// The deciding place.
    pub(super) location: Option<&'a Location>,
    /// The source line there, where the report has it.
    pub(super) snippet: Option<&'a str>,
    /// Further places, each with what it shows.
    pub(super) further: Vec<(&'a str, &'a Location)>,
    /// The same for the same finding in every revision, wherever its lines move.
    pub(super) fingerprint: String,
}

/// The card of a requirement.
pub(super) fn card(requirement: Requirement) -> Option<&'static Card> {
    Catalogue::get().requirements.iter().find(|card| card.id == requirement)
}

/// Every finding: the cap first, then the gaps target by target in cap order, what the team asks for and claims, what it
/// says, then the notes.
pub(super) fn findings(report: &Report) -> Vec<Finding<'_>> {
    let capped = report.cap.as_ref().and_then(|cap| Some((cap, owner(report, cap)?)));
    let mut all: Vec<Finding<'_>> = Vec::new();
    if let (Some(cap), None) = (&report.cap, capped) {
        all.push(without_target(cap));
    }
    for target in &report.targets {
        for requirement in target.requirements.iter().filter(|requirement| requirement.state.is_open()) {
            let is_cap =
                capped.is_some_and(|(cap, owner)| std::ptr::eq(owner, target) && cap.requirement == requirement.id);
            all.push(gap(target, requirement, report.cap.as_ref().filter(|_| is_cap)));
        }
    }
    all.extend(team(report));
    all.extend(report.notes.iter().map(note));
    for finding in all.iter_mut().filter(|finding| !report.accepted.is_empty() && finding.rank != Rank::Team) {
        let known = AcceptedFinding {
            target: finding.target.map(|target| target.id.clone()),
            message: finding.message.clone().into_owned(),
            location: finding.location.cloned(),
        };
        finding.accepted = report.acceptance(finding.rule, &known);
    }
    all.sort_by_key(|finding| finding.rank);
    tell_apart(&mut all);
    all
}

/// The cap of a checkout that no target is the reason of.
fn without_target(cap: &Cap) -> Finding<'_> {
    let path = cap.location.as_ref().map_or("", |location| &location.path);
    Finding {
        rank: Rank::Cap,
        rule: cap.requirement.id(),
        open: Some((cap.requirement, cap.state)),
        target: None,
        message: Cow::Borrowed(&cap.reason),
        accepted: None,
        to_show: None,
        location: cap.location.as_ref(),
        snippet: cap.snippet.as_deref(),
        further: Vec::new(),
        fingerprint: fingerprint(&[cap.requirement.id(), path]),
    }
}

fn gap<'a>(target: &'a TargetReport, requirement: &'a RequirementReport, cap: Option<&'a Cap>) -> Finding<'a> {
    let mut evidence = requirement.evidence.iter();
    let first = evidence.next();
    let further = evidence.map(|evidence| (evidence.note.as_str(), &evidence.location));
    let chain = target.chain.iter().map(|link| (link.what.as_str(), &link.location));
    let location = first.map(|evidence| &evidence.location);
    Finding {
        rank: if cap.is_some() { Rank::Cap } else { Rank::Gap },
        rule: requirement.id.id(),
        open: Some((requirement.id, requirement.state)),
        target: Some(target),
        message: Cow::Borrowed(&requirement.reason),
        accepted: None,
        to_show: requirement.to_show.as_deref(),
        location,
        snippet: cap.and_then(|cap| cap.snippet.as_deref()),
        further: further.chain(chain).collect(),
        fingerprint: fingerprint(&[
            requirement.id.id(),
            &target.id,
            &target.pipeline,
            location.map_or("", |location| &location.path),
            first.map_or("", |evidence| &evidence.rule),
        ]),
    }
}

/// What the team asks for, claims, declares, and excludes.
fn team(report: &Report) -> Vec<Finding<'_>> {
    let mut all = Vec::new();
    for condition in report.gate.iter().filter(|condition| !condition.holds) {
        all.push(said(Rank::Gate, "gate", condition.message.clone(), Some(&condition.location)));
    }
    for claim in report.claims.iter().filter(|claim| claim.overclaim) {
        let message = format!("level {} is claimed, and level {} is shown: {}", claim.level, report.level, claim.text);
        all.push(said(Rank::Overclaim, "overclaim", message, Some(&claim.location)));
    }
    for declaration in &report.declarations {
        let message = format!(
            "{} is declared, {} ({}; {}): {}",
            declaration.requirement,
            declaration.standing(),
            declaration.dates(),
            declaration.owner,
            declaration.reason
        );
        all.push(said(Rank::Team, "declaration", message, Some(&declaration.location)));
    }
    for excluded in &report.excluded {
        let why = excluded.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let message = format!("{} is excluded{why}: {}", excluded.path, excluded.standing());
        all.push(said(Rank::Team, "exclusion", message, Some(&excluded.location)));
    }
    all
}

fn said<'a>(rank: Rank, rule: &'a str, message: String, location: Option<&'a Location>) -> Finding<'a> {
    let path = location.map_or("", |location| &location.path);
    Finding {
        rank,
        rule,
        open: None,
        target: None,
        to_show: None,
        location,
        snippet: None,
        further: Vec::new(),
        fingerprint: fingerprint(&[rule, path, &message]),
        message: Cow::Owned(message),
        accepted: None,
    }
}

fn note(note: &Note) -> Finding<'_> {
    let path = note.location.as_ref().map_or("", |location| &location.path);
    Finding {
        rank: Rank::Hardening,
        rule: &note.rule,
        open: None,
        target: None,
        message: Cow::Borrowed(&note.message),
        accepted: None,
        to_show: None,
        location: note.location.as_ref(),
        snippet: None,
        further: Vec::new(),
        fingerprint: fingerprint(&[&note.rule, path, &note.message]),
    }
}

/// Half of a SHA-256 over the parts, each behind its length so that no two lists of parts read the same.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut text = String::new();
    for byte in hash.finalize().iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The same note twice in one file: the second is the second in every revision, whatever its line.
fn tell_apart(all: &mut [Finding<'_>]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for finding in all {
        let times = seen.entry(finding.fingerprint.clone()).or_default();
        *times += 1;
        if *times > 1 {
            finding.fingerprint = fingerprint(&[&finding.fingerprint, &times.to_string()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::samples;

    #[test]
    fn there_is_one_cap_unless_the_level_is_3() {
        for (name, report) in samples::all() {
            let caps = findings(&report).iter().filter(|finding| finding.rank == Rank::Cap).count();
            assert_eq!(caps, usize::from(report.cap.is_some()), "{name}");
        }
    }

    #[test]
    fn every_open_requirement_and_every_note_is_one_finding() {
        for (name, report) in samples::all() {
            let open = report.targets.iter().flat_map(|t| &t.requirements).filter(|r| r.state.is_open()).count();
            let alone = usize::from(report.cap.as_ref().is_some_and(|cap| cap.target.is_none()));
            let said = report.gate.iter().filter(|condition| !condition.holds).count()
                + report.claims.iter().filter(|claim| claim.overclaim).count()
                + report.declarations.len()
                + report.excluded.len();
            assert_eq!(findings(&report).len(), open + alone + said + report.notes.len(), "{name}");
        }
    }

    #[test]
    fn fingerprints_differ_and_stay_when_lines_move() {
        let mut report = samples::many();
        report.notes.extend(report.notes.clone());
        let before: Vec<_> = findings(&report).into_iter().map(|finding| finding.fingerprint).collect();
        assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), before.len());
        let evidence = report.targets.iter_mut().flat_map(|t| &mut t.requirements).flat_map(|r| &mut r.evidence);
        evidence.for_each(|evidence| evidence.location.line += 7);
        let after: Vec<_> = findings(&report).into_iter().map(|finding| finding.fingerprint).collect();
        assert_eq!(before, after);
    }
}
