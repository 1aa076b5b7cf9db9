//! What the team's configuration says, and what the checkout claims: none of it changes the level shown.

use super::{ROWS, code, path_line_column, plain, prose};
use crate::report::words::count;
use crate::report::{Claim, Report};

/// Conditions that do not hold.
pub(super) fn gate(text: &mut String, report: &Report) {
    let open: Vec<_> = report.gate.iter().filter(|condition| !condition.holds).collect();
    if open.is_empty() {
        return;
    }
    text.push_str("### Asked for by the team\n\n");
    list(text, &open, |condition| {
        format!("{}: {}", code(&path_line_column(&condition.location)), prose(&condition.words()))
    });
}

/// Claims of more than is shown.
pub(super) fn overclaims(text: &mut String, report: &Report) {
    let claims: Vec<_> = report.claims.iter().filter(|claim| claim.overclaim).collect();
    if claims.is_empty() {
        return;
    }
    text.push_str("### Claims more than is shown\n\n");
    list(text, &claims, |claim| self::claim(claim));
}

fn claim(claim: &Claim) -> String {
    format!("{} claims level {}: {}", code(&path_line_column(&claim.location)), claim.level, code(&claim.text))
}

/// Declarations, accepted findings, exclusions, and the claims that hold.
pub(super) fn rest(text: &mut String, report: &Report) {
    declarations(text, report);
    accepted(text, report);
    excluded(text, report);
    let claims: Vec<_> = report.claims.iter().filter(|claim| !claim.overclaim).collect();
    if !claims.is_empty() {
        text.push_str("### Claims no more than is shown\n\n");
        list(text, &claims, |claim| self::claim(claim));
    }
}

fn declarations(text: &mut String, report: &Report) {
    if report.declarations.is_empty() {
        return;
    }
    text.push_str("### Declared by the team\n\nShown by no file. No declaration raises the level.\n\n");
    list(text, &report.declarations, |declaration| {
        format!(
            "{} {}: {} ({}; {}), {}",
            code(declaration.requirement.id()),
            plain(&declaration.standing()),
            prose(&declaration.reason),
            plain(&declaration.owner),
            code(&declaration.reference),
            plain(&declaration.dates())
        )
    });
}

fn accepted(text: &mut String, report: &Report) {
    if report.accepted.is_empty() {
        return;
    }
    text.push_str("### Accepted by the team\n\nCounted all the same.\n\n");
    list(text, &report.accepted, |accepted| {
        let owner = accepted.owner.as_ref().map(|owner| format!(" ({})", plain(owner))).unwrap_or_default();
        format!("{}, {}: {}{owner}", code(&accepted.about()), plain(&accepted.standing()), prose(&accepted.reason))
    });
}

fn excluded(text: &mut String, report: &Report) {
    if report.excluded.is_empty() {
        return;
    }
    text.push_str("### Excluded by the team\n\n");
    list(text, &report.excluded, |excluded| {
        let reason = excluded.reason.as_ref().map(|reason| format!(" ({})", prose(reason))).unwrap_or_default();
        let mut line = format!("{}{reason}: {}", code(&excluded.path), excluded.standing());
        for file in excluded.files.iter().take(ROWS) {
            let counts = if file.counts { ", **counts all the same**" } else { "" };
            line.push_str(&format!("\n  - {}: {}{counts}", code(&file.path), prose(&file.what)));
        }
        line
    });
}

fn list<T>(text: &mut String, entries: &[T], line: impl Fn(&T) -> String) {
    for entry in entries.iter().take(ROWS) {
        text.push_str(&format!("- {}\n", line(entry)));
    }
    if let Some(more) = entries.len().checked_sub(ROWS).filter(|more| *more > 0) {
        text.push_str(&format!("- and {}\n", count(more, "more line")));
    }
    text.push('\n');
}
