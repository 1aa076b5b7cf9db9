//! What the team's configuration says: none of it changes the level shown.

use super::heading;
use super::page::Page;
use super::paint::Role;
use crate::report::words::path_line;
use crate::report::{Accepted, Declaration, DeclarationStatus, Excluded, ExcludedFile, Report};

/// Entries of each section before the rest is counted.
const MANY: usize = 10;

/// Writes the sections that have something to say; `all` leaves nothing out.
pub(super) fn write(page: &mut Page, report: &Report, all: bool) {
    gate(page, report, all);
    declarations(page, &report.declarations, all);
    accepted(page, &report.accepted, all);
    excluded(page, &report.excluded, all);
    claims(page, report, all);
}

fn gate(page: &mut Page, report: &Report, all: bool) {
    let conditions: Vec<_> = report.gate.iter().filter(|condition| all || !condition.holds).collect();
    if conditions.is_empty() {
        return;
    }
    heading(page, "Asked for by the team", "");
    for condition in shown(&conditions, all) {
        let place = path_line(&condition.location);
        page.line(&[(Role::Plain, "  "), (Role::Place, &place)]);
        let role = if condition.holds { Role::Plain } else { Role::Level(0) };
        page.prose(&[(Role::Plain, "    ")], role, &condition.words());
    }
    more(page, conditions.len(), all);
}

fn declarations(page: &mut Page, declarations: &[Declaration], all: bool) {
    if declarations.is_empty() {
        return;
    }
    heading(page, "Declared by the team, shown by no file", "");
    for declaration in shown(declarations, all) {
        let counts = declaration.status == DeclarationStatus::Counts;
        let lead = [(Role::Plain, "  "), (Role::Strong, declaration.requirement.id()), (Role::Plain, "  ")];
        page.hanging(&lead, 4, if counts { Role::Plain } else { Role::Level(1) }, &declaration.standing());
        let text = format!("{} ({}; {})", declaration.reason, declaration.owner, declaration.reference);
        page.prose(&[(Role::Plain, "    ")], Role::Plain, &text);
        page.prose(&[(Role::Plain, "    ")], Role::Faint, &declaration.dates());
        if all {
            page.line(&[(Role::Gutter, "    --> "), (Role::Place, &path_line(&declaration.location))]);
        }
    }
    more(page, declarations.len(), all);
}

fn accepted(page: &mut Page, accepted: &[Accepted], all: bool) {
    if accepted.is_empty() {
        return;
    }
    heading(page, "Accepted by the team, counted all the same", "");
    for entry in shown(accepted, all) {
        let about = entry.about();
        let lead = [(Role::Plain, "  "), (Role::Strong, about.as_str()), (Role::Plain, "  ")];
        page.hanging(&lead, 4, Role::Plain, &entry.standing());
        let owner = entry.owner.as_ref().map(|owner| format!(" ({owner})")).unwrap_or_default();
        page.prose(&[(Role::Plain, "    ")], Role::Plain, &format!("{}{owner}", entry.reason));
        if all {
            for finding in &entry.findings {
                let place = finding.location.as_ref().map(path_line).unwrap_or_default();
                page.line(&[(Role::Gutter, "    --> "), (Role::Place, &place)]);
            }
        }
    }
    more(page, accepted.len(), all);
}

fn excluded(page: &mut Page, excluded: &[Excluded], all: bool) {
    if excluded.is_empty() {
        return;
    }
    heading(page, "Excluded by the team", "");
    for entry in shown(excluded, all) {
        let lead = [(Role::Plain, "  "), (Role::Place, entry.path.as_str()), (Role::Plain, "  ")];
        page.hanging(&lead, 4, Role::Plain, &entry.standing());
        if let Some(reason) = &entry.reason {
            page.prose(&[(Role::Plain, "    ")], Role::Plain, reason);
        }
        let listed: Vec<&ExcludedFile> = entry.files.iter().filter(|file| all || file.counts).collect();
        for file in shown(&listed, all) {
            page.line(&[(Role::Plain, "    "), (Role::Place, &file.path)]);
            let counts = if file.counts { ", and counts all the same" } else { "" };
            page.prose(&[(Role::Plain, "      ")], Role::Plain, &format!("{}{counts}", file.what));
        }
        more(page, listed.len(), all);
    }
    more(page, excluded.len(), all);
}

fn claims(page: &mut Page, report: &Report, all: bool) {
    let claims: Vec<_> = report.claims.iter().filter(|claim| !claim.overclaim).collect();
    if claims.is_empty() || !all {
        return;
    }
    heading(page, "Claims no more than is shown", "");
    for claim in claims {
        let place = path_line(&claim.location);
        let level = format!("  level {}: ", claim.level);
        let lead = [(Role::Plain, "  "), (Role::Place, place.as_str()), (Role::Plain, level.as_str())];
        page.hanging(&lead, 4, Role::Plain, &claim.text);
    }
}

fn shown<T>(entries: &[T], all: bool) -> impl Iterator<Item = &T> {
    entries.iter().take(if all { usize::MAX } else { MANY })
}

fn more(page: &mut Page, number: usize, all: bool) {
    if let Some(more) = number.checked_sub(MANY).filter(|more| *more > 0 && !all) {
        page.line(&[(Role::Faint, &format!("  and {more} more (-v lists all)"))]);
    }
}
