//! Words and places that several formats share. What comes from a checkout is not yet sanitised.

use std::path::{Component, Path};

use super::{Cap, DeclarationStatus, Report, TargetReport};
use crate::model::{Location, Problem};

/// `path:line`.
pub(super) fn path_line(location: &Location) -> String {
    format!("{}:{}", location.path, location.line)
}

/// `path:line:column`.
pub(super) fn path_line_column(location: &Location) -> String {
    format!("{}:{}:{}", location.path, location.line, location.column)
}

/// `path:line:column`, as far as the problem has them.
pub(super) fn problem_place(problem: &Problem) -> String {
    let mut place = problem.path.clone();
    for number in [problem.line, problem.column].into_iter().flatten() {
        place.push_str(&format!(":{number}"));
    }
    place
}

/// `1 target`, `3 targets`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// What the level says to somebody who uses the artifacts.
pub(super) fn meaning(report: &Report) -> &'static str {
    match report.level {
        0 if report.targets.is_empty() => {
            "No release target is shown, so there is nothing whose provenance could count."
        }
        0 => "No provenance that says how the artifacts were built is shown to reach consumers.",
        1 => "Consumers can see how the artifacts were built, but nothing protects that record from being forged.",
        2 => {
            "A hosted platform builds and signs the provenance, but builds are not kept away from the signing or from \
             each other."
        }
        _ => "Hardened: hosted, isolated builds with provenance that the builds themselves cannot forge.",
    }
}

/// The second figure, where the team declares controls that files do not show.
pub(super) fn declared_level(report: &Report) -> String {
    let counting = report.declarations.iter().filter(|d| d.status == DeclarationStatus::Counts).count();
    let declared = match counting {
        1 => "if 1 declaration of the team holds".to_owned(),
        _ => format!("if {counting} declarations of the team hold"),
    };
    match (counting, report.declared_level > report.level) {
        (0, _) => "No declaration of the team counts.".to_owned(),
        (_, true) => {
            format!("Declared level {}, {declared}; no declaration raises the level shown.", report.declared_level)
        }
        (_, false) => format!("Declared level {}, the same, {declared}.", report.declared_level),
    }
}

/// The target that the cap of the checkout belongs to. Two pipelines may publish the same name; the lower one caps.
pub(super) fn owner<'a>(report: &'a Report, cap: &Cap) -> Option<&'a TargetReport> {
    let id = cap.target.as_deref()?;
    report.targets.iter().find(|target| target.id == id && target.level == report.level)
}

/// What else is not met, in cap order.
pub(super) fn also_open(target: &TargetReport, cap: &Cap) -> Vec<String> {
    target
        .requirements
        .iter()
        .filter(|requirement| requirement.state.is_open() && requirement.id != cap.requirement)
        .map(|requirement| format!("{} ({})", requirement.id, requirement.state.id()))
        .collect()
}

/// A path for a service that knows the whole repository: the checkout may be a folder of it, as in `truelevel service`.
pub(super) fn placed(report: &Report, path: &str) -> String {
    let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let root = Path::new(&report.root);
    if !root.components().all(inside) {
        return path.to_owned();
    }
    let folders = root.components().filter(|part| matches!(part, Component::Normal(_)));
    let folders = folders.map(|part| format!("{}/", part.as_os_str().to_string_lossy()));
    format!("{}{path}", folders.collect::<String>())
}
