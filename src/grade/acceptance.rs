//! Accepted findings: they stay in the level, and the report shows that the team knows them.

use jiff::civil::Date;

use crate::model::{Note, Requirement};
use crate::report::{Accepted, AcceptedFinding, AcceptedStatus, Report};
use crate::settings::Accept;

/// Lists every acceptance with the findings that it is about.
pub(super) fn apply(report: &mut Report, accept: &[Accept], today: Date) {
    let listed: Vec<Accepted> = accept.iter().map(|entry| one(report, entry, today)).collect();
    for accepted in &listed {
        let rule = &accepted.rule;
        let complaint = match accepted.status {
            AcceptedStatus::Accepted => continue,
            AcceptedStatus::Expired => (
                "expired-acceptance",
                format!("the acceptance of {rule} expired on {}: nothing is accepted by it", accepted.expires),
            ),
            AcceptedStatus::Unused => {
                ("unused-acceptance", format!("there is no finding of {rule} that this could accept{}", hint(rule)))
            }
        };
        report.notes.push(Note::warning(complaint.0, &accepted.location, complaint.1));
    }
    report.accepted = listed;
}

fn one(report: &Report, entry: &Accept, today: Date) -> Accepted {
    let findings = findings(report, entry);
    let status = if entry.expires < today {
        AcceptedStatus::Expired
    } else if findings.is_empty() {
        AcceptedStatus::Unused
    } else {
        AcceptedStatus::Accepted
    };
    Accepted {
        rule: entry.rule.clone(),
        target: entry.target.as_ref().map(|pattern| pattern.as_str().to_owned()),
        path: entry.path.as_ref().map(|pattern| pattern.as_str().to_owned()),
        status,
        reason: entry.reason.clone(),
        owner: entry.owner.clone(),
        expires: entry.expires.to_string(),
        findings,
        location: entry.location.clone(),
    }
}

/// The findings that an entry names.
fn findings(report: &Report, entry: &Accept) -> Vec<AcceptedFinding> {
    let here = |path: Option<&str>| entry.path.as_ref().is_none_or(|p| path.is_some_and(|path| p.covers(path)));
    let mut found = Vec::new();
    for target in report.targets.iter().filter(|t| entry.target.as_ref().is_none_or(|p| p.names(&t.id))) {
        for requirement in target.requirements.iter().filter(|r| r.state.is_open() && r.id.id() == entry.rule) {
            let location = requirement.evidence.first().map(|evidence| evidence.location.clone());
            if here(location.as_ref().map(|at| &*at.path)) {
                let message = requirement.reason.clone();
                found.push(AcceptedFinding { target: Some(target.id.clone()), message, location });
            }
        }
    }
    if entry.target.is_some() {
        return found;
    }
    if let Some(cap) = report.cap.as_ref().filter(|cap| cap.target.is_none() && cap.requirement.id() == entry.rule)
        && here(cap.location.as_ref().map(|at| &*at.path))
    {
        found.push(AcceptedFinding { target: None, message: cap.reason.clone(), location: cap.location.clone() });
    }
    for note in report.notes.iter().filter(|note| note.rule == entry.rule) {
        if here(note.location.as_ref().map(|at| &*at.path)) {
            let location = note.location.clone();
            found.push(AcceptedFinding { target: None, message: note.message.clone(), location });
        }
    }
    found
}

/// The requirement that a rule nobody knows may have meant.
fn hint(rule: &str) -> String {
    let known = Requirement::ALL.iter().map(|requirement| requirement.id());
    if rule.chars().count() > 60 || Requirement::ALL.iter().any(|requirement| requirement.id() == rule) {
        return String::new();
    }
    let near = known.map(|id| (strsim::damerau_levenshtein(rule, id), id)).filter(|(far, _)| *far <= 3).min();
    near.map_or_else(String::new, |(_, id)| format!("; did you mean `{id}`?"))
}
