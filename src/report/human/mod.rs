//! The report for people on a terminal: what the level is, what holds it down, and the way up, in that order.

mod detail;
mod notes;
mod page;
mod paint;
mod plan;
mod sheet;
mod snippet;
mod table;
mod team;
#[cfg(test)]
mod tests;

pub use sheet::{overview_human, sheet_human, unknown_id};

use page::{Page, shorten_middle, width};
use paint::Role;

use super::words::{also_open, count, declared_level, meaning, owner, path_line, path_line_column, problem_place};
use super::{Cap, Report, sanitize};

/// Narrower terminals get lines of this width: a table needs it.
const NARROWEST: usize = 60;

/// Characters of a git revision that are shown.
const REVISION: usize = 12;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The level and the cap.
    Quiet,
    /// What an engineer needs to act.
    Normal,
    /// Every target with every requirement, its evidence and its chain, and every note.
    Verbose,
}

/// How the report is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Human {
    /// Columns of the terminal; fewer than 60 count as 60.
    pub width: usize,
    /// Whether colours are used.
    pub color: bool,
    /// How much is told.
    pub detail: Detail,
    /// Whether the hardening notes are listed, grouped by rule.
    pub notes: bool,
}

/// Renders a report for people, ending in a line end.
pub fn human(report: &Report, layout: Human) -> String {
    let mut page = Page::new(layout.width.max(NARROWEST), layout.color);
    if layout.detail == Detail::Quiet {
        headline(&mut page, report);
        quiet_cap(&mut page, report);
        return page.finish();
    }
    let verbose = layout.detail == Detail::Verbose;
    headline(&mut page, report);
    page.prose(&[], Role::Plain, meaning(report));
    declared(&mut page, report);
    if let Some(cap) = &report.cap {
        full_cap(&mut page, report, cap);
    }
    errors(&mut page, report);
    unassessed(&mut page, report);
    overclaims(&mut page, report);
    team::write(&mut page, report, verbose);
    if !report.targets.is_empty() {
        page.gap();
        table::write(&mut page, &report.targets, verbose);
    }
    if verbose {
        report.targets.iter().for_each(|target| detail::write(&mut page, target));
    }
    plan::write(&mut page, report, verbose);
    notes::write(&mut page, report, layout);
    what_was_read(&mut page, report);
    page.finish()
}

/// The heading of a section, after an empty line.
fn heading(page: &mut Page, text: &str, aside: &str) {
    page.gap();
    page.line(&[(Role::Strong, text), (Role::Faint, aside)]);
}

fn headline(page: &mut Page, report: &Report) {
    let level = format!("SLSA Build level {}", report.level);
    let mut aside = format!("  {}", report.root);
    if let Some(revision) = &report.revision {
        aside.push_str(&format!(" at {}", page::start(revision, REVISION)));
    }
    // A pipeline that was not graded may hold the checkout below every target.
    let lowest = report.targets.iter().map(|target| target.level).min();
    if report.targets.len() > 1 && lowest == Some(report.level) {
        aside.push_str(&format!(", the lowest of {} targets", report.targets.len()));
    }
    page.line(&[(Role::Level(report.level), &level), (Role::Faint, &aside)]);
}

/// The second figure, where configuration declares controls that files do not show.
fn declared(page: &mut Page, report: &Report) {
    if report.declarations.is_empty() {
        return;
    }
    page.prose(&[], Role::Plain, &declared_level(report));
}

fn quiet_cap(page: &mut Page, report: &Report) {
    let Some(cap) = &report.cap else { return };
    let mut place = String::new();
    if let Some(target) = &cap.target {
        place.push_str(&format!(" {target}"));
    }
    if let Some(location) = &cap.location {
        place.push_str(&format!(" {}", path_line_column(location)));
    }
    page.line(&[
        (Role::Plain, "cap "),
        (Role::Strong, cap.requirement.id()),
        (Role::Plain, " "),
        (Role::State(cap.state), cap.state.id()),
        (Role::Plain, &place),
    ]);
}

fn full_cap(page: &mut Page, report: &Report, cap: &Cap) {
    page.gap();
    let mut spans = vec![
        (Role::Plain, "Capped by "),
        (Role::Strong, cap.requirement.id()),
        (Role::Plain, " ("),
        (Role::State(cap.state), cap.state.id()),
        (Role::Plain, ")"),
    ];
    let used: usize = spans.iter().map(|(_, text)| width(text)).sum::<usize>() + " for ".len();
    let target = sanitize::terminal(cap.target.as_deref().unwrap_or_default());
    let target = shorten_middle(&target, page.width.saturating_sub(used));
    if !target.is_empty() {
        spans.extend([(Role::Plain, " for "), (Role::Strong, &target)]);
    }
    page.line(&spans);
    let gutter = cap.location.as_ref().map(|location| snippet::write(page, location, cap.snippet.as_deref()));
    let margin = " ".repeat(gutter.unwrap_or(2));
    // Without a place there is no frame to hang on.
    let lead = [(Role::Plain, margin.as_str()), (Role::Gutter, if gutter.is_some() { "= " } else { "" })];
    page.prose(&lead, Role::Plain, &cap.reason);
    if let Some(accepted) = report.accepted_cap(cap) {
        let text = format!("accepted by the team until {}, and counted all the same", accepted.expires);
        page.prose(&lead, Role::Plain, &text);
    }
    if let Some(owner) = owner(report, cap) {
        let open = also_open(owner, cap);
        if !open.is_empty() {
            page.prose(&lead, Role::Plain, &format!("also open: {}", open.join(", ")));
        }
    }
}

fn errors(page: &mut Page, report: &Report) {
    if report.errors.is_empty() {
        return;
    }
    page.gap();
    let why = "the level counts only what could, and is no assessment of the whole checkout";
    page.hanging(&[(Role::Level(0), "Could not be read: ")], 0, Role::Plain, why);
    for error in &report.errors {
        page.line(&[(Role::Plain, "  "), (Role::Place, &problem_place(error))]);
        page.prose(&[(Role::Plain, "    ")], Role::Plain, &error.message);
    }
}

fn unassessed(page: &mut Page, report: &Report) {
    if report.unassessed.is_empty() {
        return;
    }
    heading(page, "Recognised, but not graded", "");
    for pipeline in &report.unassessed {
        let place = pipeline.location.as_ref().map_or_else(|| pipeline.path.clone(), path_line);
        let platform = format!("  {}", pipeline.platform);
        let mut spans = vec![(Role::Plain, "  "), (Role::Place, place.as_str()), (Role::Faint, &platform)];
        if pipeline.holds_down {
            spans.extend([(Role::Plain, "  "), (Role::Level(0), "holds the level at 0")]);
        }
        page.line(&spans);
        page.prose(&[(Role::Plain, "    ")], Role::Plain, &pipeline.reason);
    }
}

fn overclaims(page: &mut Page, report: &Report) {
    let claims: Vec<_> = report.claims.iter().filter(|claim| claim.overclaim).collect();
    if claims.is_empty() {
        return;
    }
    heading(page, "Claims more than is shown", "");
    for claim in claims {
        let place = path_line(&claim.location);
        let level = format!("  level {}: ", claim.level);
        let lead = [(Role::Plain, "  "), (Role::Place, place.as_str()), (Role::Plain, level.as_str())];
        page.hanging(&lead, 4, Role::Plain, &claim.text);
    }
}

fn what_was_read(page: &mut Page, report: &Report) {
    let mut pipelines: Vec<_> = report.targets.iter().map(|target| target.pipeline.as_str()).collect();
    pipelines.sort_unstable();
    pipelines.dedup();
    let found = if report.targets.is_empty() {
        "no release target".to_owned()
    } else {
        format!("{} in {}", count(report.targets.len(), "release target"), count(pipelines.len(), "pipeline file"))
    };
    page.prose(&[], Role::Faint, &format!("As shown by this checkout alone: {found}."));
}
