//! Declarations: a second figure beside the level, never the level.

use jiff::civil::Date;

use crate::model::{Evidence, Grade, Note, Requirement, State};
use crate::report::{Declaration, DeclarationStatus, Report, TargetReport};
use crate::settings;

/// Lists every declaration with its age, and works out the level if those that count held. A control whose opposite a
/// file shows cannot be declared.
pub(super) fn apply(report: &mut Report, declarations: &[settings::Declaration], today: Date) {
    let mut counting: Vec<(String, String, Requirement)> = Vec::new();
    for declaration in declarations {
        let (status, targets) = standing(report, declaration, today);
        if let Some(message) = complaint(declaration, status) {
            report.notes.push(Note::warning(rule(status), &declaration.location, message));
        }
        let covered = targets.iter().filter(|_| status == DeclarationStatus::Counts);
        counting.extend(covered.map(|(id, pipeline)| (id.clone(), pipeline.clone(), declaration.requirement)));
        for target in report.targets.iter_mut().filter(|t| targets.contains(&(t.id.clone(), t.pipeline.clone()))) {
            if status == DeclarationStatus::Counts {
                mention(target, declaration);
            }
        }
        let mut ids: Vec<String> = targets.into_iter().map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        report.declarations.push(Declaration {
            requirement: declaration.requirement,
            targets: ids,
            status,
            reason: declaration.reason.clone(),
            reference: declaration.reference.clone(),
            owner: declaration.owner.clone(),
            since: declaration.since.to_string(),
            expires: declaration.expires.to_string(),
            age_days: days(declaration.since, today),
            days_left: days(today, declaration.expires),
            location: declaration.location.clone(),
        });
    }
    for target in &mut report.targets {
        let declared = |requirement: Requirement| {
            counting.iter().any(|(id, pipeline, of)| (id, pipeline, *of) == (&target.id, &target.pipeline, requirement))
        };
        let open = target.requirements.iter().filter(|r| r.state.is_open() && !declared(r.id));
        target.declared_level = open.map(|r| r.level - 1).min().unwrap_or(super::HIGHEST).max(target.level);
    }
    // What could not be assessed holds the checkout down whatever is declared.
    let held = report.errors.is_empty() && !report.unassessed.iter().any(|u| u.holds_down);
    let lowest = report.targets.iter().map(|t| t.declared_level).min();
    report.declared_level = lowest.filter(|_| held).unwrap_or(report.level).max(report.level);
}

/// Whether a declaration counts, and for which targets.
fn standing(
    report: &Report,
    declaration: &settings::Declaration,
    today: Date,
) -> (DeclarationStatus, Vec<(String, String)>) {
    let named = |t: &&TargetReport| {
        declaration.targets.is_empty() || declaration.targets.iter().any(|pattern| pattern.names(&t.id))
    };
    let in_state = |state: State| {
        let all = report.targets.iter().filter(named);
        let open = all.filter(|t| t.requirements.iter().any(|r| r.id == declaration.requirement && r.state == state));
        open.map(|t| (t.id.clone(), t.pipeline.clone())).collect::<Vec<_>>()
    };
    let unshown = in_state(State::Unshown);
    let status = if declaration.expires < today {
        DeclarationStatus::Expired
    } else if declaration.since > today {
        DeclarationStatus::Early
    } else if !unshown.is_empty() {
        DeclarationStatus::Counts
    } else if !in_state(State::Failed).is_empty() {
        DeclarationStatus::Contradicted
    } else {
        DeclarationStatus::Unused
    };
    (status, unshown)
}

fn rule(status: DeclarationStatus) -> &'static str {
    match status {
        DeclarationStatus::Expired => "expired-declaration",
        _ => "idle-declaration",
    }
}

/// What is wrong with a declaration that does not count.
fn complaint(declaration: &settings::Declaration, status: DeclarationStatus) -> Option<String> {
    let what = format!("the declaration of {}", declaration.requirement);
    match status {
        DeclarationStatus::Counts => None,
        DeclarationStatus::Expired => Some(format!(
            "{what} expired on {} and counts for nothing: check it again or remove it",
            declaration.expires
        )),
        DeclarationStatus::Early => Some(format!("{what} begins on {} and counts for nothing yet", declaration.since)),
        DeclarationStatus::Contradicted => {
            Some(format!("{what} counts for nothing: a file shows the opposite for every target that it names"))
        }
        DeclarationStatus::Unused => {
            Some(format!("{what} counts for nothing: no target that it names leaves the requirement unshown"))
        }
    }
}

/// Puts the declaration beside the evidence; the verdict stays what it is.
fn mention(target: &mut TargetReport, declaration: &settings::Declaration) {
    let note = format!(
        "declared by {} until {}: {} ({})",
        declaration.owner, declaration.expires, declaration.reason, declaration.reference
    );
    for requirement in target.requirements.iter_mut().filter(|r| r.id == declaration.requirement) {
        requirement.evidence.push(Evidence {
            grade: Grade::Declared,
            ..Evidence::observed(&declaration.location, "declaration", note.clone())
        });
    }
}

/// Days from one day to the other.
fn days(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}
