//! One target in full: how it was found, and every requirement with its evidence.

use super::page::{Page, pad, width};
use super::paint::Role;
use crate::model::{Evidence, Grade, Requirement};
use crate::report::words::path_line_column;
use crate::report::{RequirementReport, TargetReport};

/// Writes a target with its chain and its eleven requirements.
pub(super) fn write(page: &mut Page, target: &TargetReport) {
    page.gap();
    let mut levels = format!("level {}", target.level);
    if target.reach > target.level {
        levels.push_str(&format!(", reach {}", target.reach));
    }
    if target.declared_level > target.level {
        levels.push_str(&format!(", declared {}", target.declared_level));
    }
    page.line(&[(Role::Strong, &target.id), (Role::Plain, "  "), (Role::Level(target.level), &levels)]);

    let provenance = target.provenance_job.as_deref().unwrap_or("none");
    let jobs = target.build_jobs.join(", ");
    let facts = [
        ("pipeline", format!("{} ({}, on {})", target.pipeline, target.platform.id(), target.event)),
        ("handed out", target.locations.join(", ")),
        ("build jobs", if jobs.is_empty() { "none".to_owned() } else { jobs }),
        ("publish job", target.publish_job.clone()),
        ("provenance job", provenance.to_owned()),
    ];
    for (what, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
        page.prose(&[(Role::Faint, &format!("  {}", pad(what, 16)))], Role::Plain, fact);
    }

    if !target.chain.is_empty() {
        page.line(&[(Role::Strong, "  chain")]);
        for link in &target.chain {
            page.line(&[(Role::Plain, "    "), (Role::Place, &path_line_column(&link.location))]);
            page.prose(&[(Role::Plain, "      ")], Role::Plain, &link.what);
        }
    }

    page.line(&[(Role::Strong, "  requirements")]);
    let columns = Requirement::ALL.iter().map(|requirement| width(requirement.id())).max().unwrap_or(0);
    for requirement in &target.requirements {
        write_requirement(page, requirement, columns);
    }
}

fn write_requirement(page: &mut Page, requirement: &RequirementReport, columns: usize) {
    page.line(&[
        (Role::Faint, &format!("    L{}  ", requirement.level)),
        (Role::Strong, &pad(requirement.id.id(), columns + 2)),
        (Role::State(requirement.state), requirement.state.id()),
    ]);
    let lead = [(Role::Plain, "        ")];
    page.prose(&lead, Role::Plain, &requirement.reason);
    for evidence in &requirement.evidence {
        write_evidence(page, evidence);
    }
    if let Some(to_show) = &requirement.to_show {
        page.hanging(&[(Role::Strong, "        to show it: ")], 10, Role::Plain, to_show);
    }
}

fn write_evidence(page: &mut Page, evidence: &Evidence) {
    let grade = match evidence.grade {
        Grade::Observed => "observed",
        Grade::Documented => "documented",
        Grade::Declared => "declared",
    };
    let place = path_line_column(&evidence.location);
    page.line(&[(Role::Gutter, "        --> "), (Role::Place, &place)]);
    let text = format!("{} [{grade}, {}]", evidence.note, evidence.rule);
    page.prose(&[(Role::Plain, "            ")], Role::Faint, &text);
}
