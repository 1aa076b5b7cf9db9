//! Words and places that several formats share. What comes from a checkout is not yet sanitised.

use std::collections::{BTreeSet, HashMap};
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

/// The names of targets, given with their pipeline files: where one stands for several, the file tells them apart, without
/// its folder where that is enough.
pub(crate) fn distinct(targets: &[(&str, &str)]) -> Vec<String> {
    let mut files: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for (name, file) in targets {
        files.entry(name).or_default().insert(file);
    }
    let base = |file: &'_ str| file.rsplit('/').next().unwrap_or(file).to_owned();
    let mut bases: HashMap<&str, bool> = HashMap::new();
    for (name, files) in &files {
        bases.insert(name, files.iter().map(|file| base(file)).collect::<BTreeSet<_>>().len() == files.len());
    }
    let one = |(name, file): &(&str, &str)| match files.get(name).map_or(0, BTreeSet::len) {
        0 | 1 => (*name).to_owned(),
        _ if bases.get(name) == Some(&true) => format!("{name} ({})", base(file)),
        _ => format!("{name} ({file})"),
    };
    targets.iter().map(one).collect()
}

/// [`distinct`] of the targets of a report.
pub(super) fn names(targets: &[TargetReport]) -> Vec<String> {
    distinct(&targets.iter().map(|target| (target.id.as_str(), target.pipeline.as_str())).collect::<Vec<_>>())
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

#[cfg(test)]
mod tests {
    use super::distinct;

    #[test]
    fn a_name_that_stands_for_several_is_told_apart_by_the_file() {
        let names = distinct(&[("npm:a", "w/a.yml"), ("image:b", "w/a.yml"), ("image:b", "w/b.yml")]);
        assert_eq!(names, ["npm:a", "image:b (a.yml)", "image:b (b.yml)"]);
        assert_eq!(distinct(&[("x", "a/ci.yml"), ("x", "b/ci.yml")]), ["x (a/ci.yml)", "x (b/ci.yml)"]);
    }
}
