//! Markdown, for a comment on a pull request or the summary of a run.

mod mermaid;
mod team;

use std::borrow::Cow;

use super::sanitize::{markdown as plain, markdown_block, markdown_code, markdown_element, markdown_prose};
use super::source::{Marked, mark};
use super::words::{also_open, owner};
use super::words::{count, declared_level, meaning, names, path_line_column, problem_place};
use super::{Cap, PlanStep, Report, TargetReport};
use crate::model::{Location, Severity, State};

/// Forges refuse comments of more than 65,536 characters; what is longer than this leaves out details, and says so.
const ROOM: usize = 60_000;

/// Columns of a snippet: a comment is about this wide.
const SNIPPET: usize = 100;

/// Rows of the target table, places of a step, notes of a list: what a reader takes in.
const ROWS: usize = 50;
const PLACES: usize = 8;

/// Letters of a name and of a sentence.
const NAME: usize = 160;
const SENTENCE: usize = 1_500;

/// The reports as Markdown, ending in a line end.
pub fn markdown(reports: &[Report]) -> String {
    let room = ROOM / reports.len().max(1);
    let mut text = String::new();
    for (at, report) in reports.iter().enumerate() {
        let part = one(report, room);
        if at > 0 && text.len() + part.len() > ROOM {
            let more = count(reports.len() - at, "more checkout");
            text.push_str(&format!("\n---\n\n{more} left out for length; the HTML and JSON reports have all.\n"));
            break;
        }
        if at > 0 {
            text.push_str("\n---\n\n");
        }
        text.push_str(&part);
    }
    text
}

fn one(report: &Report, room: usize) -> String {
    let mut text = String::new();
    headline(&mut text, report);
    if let Some(cap) = &report.cap {
        full_cap(&mut text, report, cap);
    }
    let sections: [fn(&mut String, &Report); 8] =
        [errors, unassessed, team::gate, team::overclaims, targets, boundary, plan, team::rest];
    let sections = sections.into_iter().map(|section| {
        let mut text = String::new();
        section(&mut text, report);
        text
    });
    let foot = foot(report);
    let mut left_out = 0;
    let details = report.targets.iter().zip(names(&report.targets)).map(|(of, name)| target(of, &name));
    for part in sections.chain(details).chain([notes(report)]) {
        if text.len() + part.len() + foot.len() <= room {
            text.push_str(&part);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let left_out = count(left_out, "section");
        text.push_str(&format!("{left_out} left out for length; the HTML and JSON reports have all.\n\n"));
    }
    text.push_str(&foot);
    text
}

/// A name as code, its middle left out when it is longer than any name of use.
fn code(name: &str) -> String {
    markdown_code(&shorten(name, NAME))
}

/// A sentence, cut when it is longer than any sentence of use.
fn prose(text: &str) -> String {
    markdown_prose(&shorten(text, SENTENCE))
}

fn shorten(text: &str, most: usize) -> Cow<'_, str> {
    let letters = text.chars().count();
    if letters <= most {
        return Cow::Borrowed(text);
    }
    let head = text.chars().take(most / 2);
    Cow::Owned(head.chain(['…']).chain(text.chars().skip(letters - most / 2)).collect())
}

fn headline(text: &mut String, report: &Report) {
    let root = if report.root == "." { String::new() } else { format!(": {}", code(&report.root)) };
    text.push_str(&format!("## SLSA Build level {}{root}\n\n", report.level));
    text.push_str(&format!("{}\n\n", meaning(report)));
    if !report.declarations.is_empty() {
        text.push_str(&format!("{}\n\n", declared_level(report)));
    }
}

fn full_cap(text: &mut String, report: &Report, cap: &Cap) {
    let mut line = format!("**Capped by {}** ({})", code(cap.requirement.id()), cap.state.id());
    if let Some(target) = &cap.target {
        line.push_str(&format!(" for {}", code(target)));
    }
    if let Some(location) = &cap.location {
        line.push_str(&format!(" at {}", code(&path_line_column(location))));
    }
    text.push_str(&format!("{line}\n\n"));
    if let Some(location) = &cap.location {
        snippet(text, location, cap.snippet.as_deref());
    }
    text.push_str(&format!("{}\n\n", prose(&cap.reason)));
    if let Some(accepted) = report.accepted_cap(cap) {
        text.push_str(&format!(
            "Accepted by the team until {}, and counted all the same.\n\n",
            plain(&accepted.expires)
        ));
    }
    if let Some(target) = owner(report, cap) {
        let open = also_open(target, cap);
        if !open.is_empty() {
            text.push_str(&format!("Also open: {}.\n\n", open.join(", ")));
        }
    }
}

fn snippet(text: &mut String, location: &Location, source: Option<&str>) {
    let Some(Marked { before, inside, after, offset, carets }) = mark(source, location, SNIPPET) else { return };
    let number = location.line.to_string();
    let lines = [
        format!("{number} | {before}{inside}{after}"),
        format!("{} | {}{}", " ".repeat(number.len()), " ".repeat(offset), "^".repeat(carets)),
    ];
    text.push_str(&format!("{}\n", markdown_block("text", &lines)));
}

fn errors(text: &mut String, report: &Report) {
    if report.errors.is_empty() {
        return;
    }
    text.push_str("### Could not be read\n\n");
    text.push_str("The level counts only what could, and is no assessment of the whole checkout.\n\n");
    for error in &report.errors {
        text.push_str(&format!("- {}: {}\n", code(&problem_place(error)), prose(&error.message)));
    }
    text.push('\n');
}

fn unassessed(text: &mut String, report: &Report) {
    if report.unassessed.is_empty() {
        return;
    }
    text.push_str("### Recognised, but not graded\n\n");
    for pipeline in &report.unassessed {
        let place = pipeline.location.as_ref().map_or_else(|| pipeline.path.clone(), path_line_column);
        let holds = if pipeline.holds_down { ", **holds the level at 0**" } else { "" };
        text.push_str(&format!("- {}{holds}: {}\n", code(&place), prose(&pipeline.reason)));
    }
    text.push('\n');
}

fn targets(text: &mut String, report: &Report) {
    if report.targets.is_empty() {
        return;
    }
    text.push_str("### Targets\n\n| Level | Target | Cap | State | Place |\n| --- | --- | --- | --- | --- |\n");
    let mut lowest: Vec<(&TargetReport, String)> = report.targets.iter().zip(names(&report.targets)).collect();
    lowest.sort_by_key(|(target, _)| target.level);
    for (target, name) in lowest.iter().take(ROWS) {
        let (cap, state, place) = match &target.cap {
            Some(cap) => (
                code(cap.requirement.id()),
                cap.state.id(),
                cap.location.as_ref().map(|at| code(&path_line_column(at))).unwrap_or_default(),
            ),
            None => (String::new(), "", code(&target.pipeline)),
        };
        text.push_str(&format!("| {} | {} | {cap} | {state} | {place} |\n", levels(target), code(name)));
    }
    text.push('\n');
    if let Some(more) = lowest.len().checked_sub(ROWS).filter(|more| *more > 0) {
        text.push_str(&format!("{} not shown.\n\n", count(more, "more target")));
    }
}

fn levels(target: &TargetReport) -> String {
    let mut levels = format!("**{}**", target.level);
    if target.reach > target.level {
        levels.push_str(&format!(", reach {}", target.reach));
    }
    if target.declared_level > target.level {
        levels.push_str(&format!(", declared {}", target.declared_level));
    }
    levels
}

/// The picture of the target that caps, or of the first one.
fn boundary(text: &mut String, report: &Report) {
    let capped = report.cap.as_ref().and_then(|cap| owner(report, cap));
    let Some(target) = capped.or(report.targets.first()) else { return };
    text.push_str(&format!("### Trust boundary of {}\n\n", code(&target.id)));
    text.push_str(&mermaid::diagram(target));
    text.push('\n');
}

fn plan(text: &mut String, report: &Report) {
    let mut level = None;
    for step in &report.plan {
        if level != Some(step.level_after) {
            level = Some(step.level_after);
            text.push_str(&format!("### To reach level {}\n\n", step.level_after));
        }
        write_step(text, report, step);
    }
}

fn write_step(text: &mut String, report: &Report, step: &PlanStep) {
    text.push_str(&format!("- [ ] **{}. {}**", step.step, prose(&step.title)));
    text.push_str(&format!(" (meets {}", code(step.requirement.id())));
    if report.targets.len() > 1 && !step.names.is_empty() {
        let of = if step.names.len() == report.targets.len() {
            "all targets".to_owned()
        } else {
            count(step.names.len(), "target")
        };
        text.push_str(&format!(" for {of}"));
    }
    text.push_str(")\n\n");
    for line in step.detail.lines().filter(|line| !line.trim().is_empty()) {
        text.push_str(&format!("  {}\n\n", prose(line.trim())));
    }
    if step.locations.is_empty() {
        return;
    }
    let places: Vec<_> = step.locations.iter().take(PLACES).map(|at| code(&path_line_column(at))).collect();
    let more = match step.locations.len().saturating_sub(PLACES) {
        0 => String::new(),
        more => format!(" and {}", count(more, "more place")),
    };
    text.push_str(&format!("  At {}{more}\n\n", places.join(", ")));
}

/// The state with a sign that is seen without colour.
fn sign(state: State) -> &'static str {
    match state {
        State::Met => "✓ met",
        State::Failed => "✗ failed",
        State::Unshown => "? unshown",
        State::NotApplicable => "– not applicable",
    }
}

/// A folded target with every requirement.
fn target(target: &TargetReport, name: &str) -> String {
    // Markdown is not read inside of the summary element.
    let mut text = format!(
        "<details>\n<summary>Level {}: {}, every requirement</summary>\n\n",
        target.level,
        markdown_element(&shorten(name, NAME))
    );
    let provenance = target.provenance_job.as_deref().map_or_else(|| "none".to_owned(), code);
    let jobs: Vec<_> = target.build_jobs.iter().map(|job| code(job)).collect();
    text.push_str(&format!(
        "Pipeline {} on {}, build {}, publish {}, provenance {provenance}\n\n",
        code(&target.pipeline),
        plain(&shorten(&target.event, NAME)),
        jobs.join(", "),
        code(&target.publish_job),
    ));
    text.push_str("| Level | Requirement | State | Why | Place |\n| --- | --- | --- | --- | --- |\n");
    for requirement in &target.requirements {
        let place = requirement.evidence.first().map(|e| code(&path_line_column(&e.location))).unwrap_or_default();
        let to_show = requirement.to_show.as_ref().map(|to| format!(" To show it: {}", prose(to))).unwrap_or_default();
        text.push_str(&format!(
            "| {} | {} | {} | {}{to_show} | {place} |\n",
            requirement.level,
            code(requirement.id.id()),
            sign(requirement.state),
            prose(&requirement.reason),
        ));
    }
    text.push('\n');
    for link in &target.chain {
        text.push_str(&format!("- {} at {}\n", prose(&link.what), code(&path_line_column(&link.location))));
    }
    text.push_str("\n</details>\n\n");
    text
}

fn notes(report: &Report) -> String {
    if report.notes.is_empty() {
        return String::new();
    }
    let number = count(report.notes.len(), "hardening note");
    let mut text = format!("<details>\n<summary>{number}, orthogonal to the Build level</summary>\n\n");
    for note in report.notes.iter().take(ROWS) {
        let place = note.location.as_ref().map(|at| format!(" at {}", code(&path_line_column(at)))).unwrap_or_default();
        let warning = if note.severity == Severity::Warning { " (warning)" } else { "" };
        text.push_str(&format!("- {}{warning}{place}: {}\n", code(&note.rule), prose(&note.message)));
    }
    if let Some(more) = report.notes.len().checked_sub(ROWS).filter(|more| *more > 0) {
        text.push_str(&format!("- and {}\n", count(more, "more note")));
    }
    text.push_str("\n</details>\n\n");
    text
}

fn foot(report: &Report) -> String {
    let revision = report.revision.as_deref().map(|revision| format!(" at {}", code(revision))).unwrap_or_default();
    format!(
        "As shown by the checkout {}{revision} alone. {}.\n",
        code(&report.root),
        plain(&format!("{} {}, {}", report.tool.name, report.tool.version, report.tool.spec))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn snapshots() {
        for (name, report) in samples::all() {
            insta::assert_snapshot!(name, markdown(&[report]));
        }
    }

    #[test]
    fn comments_stay_within_what_forges_take() {
        let mut large = samples::many();
        for _ in 0..3 {
            large.targets.extend(large.targets.clone());
            large.notes.extend(large.notes.clone());
        }
        let mut named = samples::smuggler();
        let cap = named.cap.as_mut().unwrap();
        cap.reason = "`a|".repeat(50_000);
        cap.target = Some("`a|".repeat(50_000));
        named.root = "`a|".repeat(50_000);
        named.targets[0].id = "`a|".repeat(50_000);
        assert!(markdown(&[named]).chars().count() < 65_536);
        for reports in [vec![large.clone()], vec![large.clone(), large.clone()], vec![large; 200]] {
            let text = markdown(&reports);
            assert!(text.chars().count() < 65_536, "{}", text.len());
            assert!(text.contains("left out for length"));
            assert!(reports.len() > 2 || text.contains("To reach level 1"));
        }
    }

    #[test]
    fn tables_keep_their_columns() {
        for (name, report) in samples::all() {
            for line in markdown(&[report]).lines().filter(|line| line.starts_with('|')) {
                assert_eq!(line.matches('|').count(), 6, "{name}: {line}");
            }
        }
    }
}
