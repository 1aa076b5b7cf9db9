//! Hardening notes: counted, grouped by rule, or each by itself.

use super::page::Page;
use super::paint::Role;
use super::{Detail, Human, heading};
use crate::catalogue::Cards;
use crate::model::{Note, Severity};
use crate::report::Report;
use crate::report::words::{count, path_line_column};

/// Places of one rule that are shown in a list which is not to be long.
const PLACES: usize = 3;

/// Writes what the layout asks for, and how many there are.
pub(super) fn write(page: &mut Page, report: &Report, layout: Human) {
    let number = report.notes.len();
    if number == 0 {
        page.gap();
        return;
    }
    let verbose = layout.detail == Detail::Verbose;
    if verbose {
        each(page, &report.notes);
    } else if layout.notes {
        grouped(page, &report.notes);
    }
    page.gap();
    let they = if number == 1 { "it does" } else { "they do" };
    let more = if verbose || layout.notes { "" } else { " (--notes)" };
    let number = count(number, "hardening note");
    page.prose(&[], Role::Plain, &format!("{number}, orthogonal to the Build level: {they} not change it{more}."));
}

fn each(page: &mut Page, notes: &[Note]) {
    heading(page, "Hardening notes", "");
    for note in notes {
        let place = note.location.as_ref().map(path_line_column).unwrap_or_default();
        let mut spans = vec![(Role::Plain, "  "), (Role::Strong, note.rule.as_str())];
        if note.severity == Severity::Warning {
            spans.push((Role::Faint, " (warning)"));
        }
        spans.extend([(Role::Plain, "  "), (Role::Place, place.as_str())]);
        page.line(&spans);
        page.prose(&[(Role::Plain, "    ")], Role::Plain, &note.message);
    }
}

/// One paragraph for each rule, those with something worth changing first.
fn grouped(page: &mut Page, notes: &[Note]) {
    let mut rules: Vec<(bool, &str)> = Vec::new();
    let warns = |rule: &str| notes.iter().any(|note| note.rule == rule && note.severity == Severity::Warning);
    for note in notes {
        let entry = (!warns(&note.rule), note.rule.as_str());
        if !rules.contains(&entry) {
            rules.push(entry);
        }
    }
    rules.sort_unstable();
    heading(page, "Hardening notes", "  `truelevel explain ID` says why, and what to do");
    for (_, rule) in rules {
        let mut own: Vec<&Note> = notes.iter().filter(|note| note.rule == rule).collect();
        own.sort_by_key(|note| std::cmp::Reverse(note.severity));
        let title = Cards::get().rule(rule).map(|card| format!("  {}", card.title)).unwrap_or_default();
        page.line(&[(Role::Plain, "  "), (Role::Strong, rule), (Role::Faint, &title)]);
        for note in own.iter().take(PLACES) {
            let place = note.location.as_ref().map(path_line_column).unwrap_or_default();
            let mut spans = vec![(Role::Plain, "    "), (Role::Place, place.as_str())];
            if note.severity == Severity::Warning {
                spans.push((Role::Faint, " (warning)"));
            }
            page.line(&spans);
            page.prose(&[(Role::Plain, "      ")], Role::Plain, &note.message);
        }
        if let Some(more) = own.len().checked_sub(PLACES).filter(|more| *more > 0) {
            let mut files: Vec<&str> =
                own.iter().skip(PLACES).filter_map(|n| n.location.as_ref()).map(|at| &*at.path).collect();
            files.sort_unstable();
            files.dedup();
            let text = format!("    and {more} more in {} (-v)", count(files.len(), "file"));
            page.line(&[(Role::Faint, &text)]);
        }
    }
}
