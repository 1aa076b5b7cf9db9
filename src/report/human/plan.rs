//! The way up, by the level that it leads to.

use super::heading;
use super::page::Page;
use super::paint::Role;
use crate::report::words::path_line_column;
use crate::report::{PlanStep, Report};

/// Places that a step names before it says how many more there are.
const PLACES: usize = 8;

/// Targets that a step names before it says how many more there are.
const TARGETS: usize = 3;

/// Writes the gap plan.
pub(super) fn write(page: &mut Page, report: &Report, all: bool) {
    let mut level = None;
    let last = report.plan.iter().map(|step| step.step).max().unwrap_or(0);
    for step in &report.plan {
        if level != Some(step.level_after) {
            level = Some(step.level_after);
            heading(page, &format!("To reach level {}", step.level_after), "");
        }
        write_step(page, step, report.targets.len(), last, all);
    }
}

fn write_step(page: &mut Page, step: &PlanStep, targets: usize, last: u32, all: bool) {
    // Numbers of one plan are aligned, so that its text is.
    let columns = last.to_string().len();
    let number = format!("  {:>columns$}. ", step.step);
    page.prose(&[(Role::Strong, &number)], Role::Strong, &step.title);
    let margin = " ".repeat(number.len());
    let lead = [(Role::Plain, margin.as_str())];
    for paragraph in step.detail.lines().filter(|line| !line.trim().is_empty()) {
        page.prose(&lead, Role::Plain, paragraph);
    }

    let mut meets = format!("meets {}", step.requirement);
    if targets > 1 && !step.names.is_empty() {
        let of = if step.names.len() == targets { "all targets".to_owned() } else { name(&step.names, all) };
        meets.push_str(&format!(" for {of}"));
    }
    page.prose(&lead, Role::Faint, &meets);

    let shown = if all { step.locations.len() } else { PLACES };
    for location in step.locations.iter().take(shown) {
        page.line(&[(Role::Plain, &margin), (Role::Gutter, "--> "), (Role::Place, &path_line_column(location))]);
    }
    if let Some(more) = step.locations.len().checked_sub(shown).filter(|more| *more > 0) {
        page.line(&[(Role::Plain, &margin), (Role::Faint, &format!("    and {more} more places (-v lists all)"))]);
    }
}

/// The targets of a step that is not for all of them.
fn name(targets: &[String], all: bool) -> String {
    let shown = if all { targets.len() } else { TARGETS };
    let named = targets.iter().take(shown).map(String::as_str).collect::<Vec<_>>().join(", ");
    match targets.len().checked_sub(shown) {
        Some(more) if more > 0 => format!("{named} and {more} more"),
        _ => named,
    }
}
