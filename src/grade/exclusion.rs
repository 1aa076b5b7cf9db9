//! Excluded files: what says nothing about a release leaves the lists and is named once; what releases something, or
//! may, counts all the same.

use std::collections::BTreeMap;

use crate::model::Note;
use crate::report::{Excluded, ExcludedFile, Report};
use crate::settings::Exclude;

/// Something of a file.
struct Part {
    path: String,
    counts: bool,
    what: String,
}

/// Lists what every exclusion is about, and takes out of the report what does not count. `pipelines` are those that
/// were graded.
pub(super) fn apply(report: &mut Report, exclude: &[Exclude], pipelines: &[&str]) {
    for entry in exclude {
        let covers = |path: &str| entry.path.covers(path);
        let mut parts: Vec<Part> = Vec::new();
        let mut part = |path: &str, counts: bool, what: String| {
            parts.push(Part { path: path.to_owned(), counts, what });
        };
        for pipeline in pipelines.iter().copied().filter(|path| covers(path)) {
            let ids: Vec<&str> =
                report.targets.iter().filter(|t| t.pipeline == pipeline).map(|t| t.id.as_str()).collect();
            match ids.as_slice() {
                [] => part(pipeline, false, "a pipeline that releases nothing".to_owned()),
                ids => part(pipeline, true, format!("releases {}", ids.join(", "))),
            }
        }
        for problem in report.errors.iter().filter(|problem| covers(&problem.path)) {
            part(&problem.path, true, format!("cannot be read: {}", problem.message));
        }
        for pipeline in report.unassessed.iter().filter(|pipeline| covers(&pipeline.path)) {
            part(&pipeline.path, pipeline.holds_down, pipeline.reason.clone());
        }
        report.unassessed.retain(|pipeline| pipeline.holds_down || !covers(&pipeline.path));
        let mut notes: BTreeMap<String, usize> = BTreeMap::new();
        report.notes.retain(|note| {
            let path = note.location.as_ref().map(|at| at.path.to_string()).filter(|path| covers(path));
            let Some(path) = path else { return true };
            *notes.entry(path).or_default() += 1;
            false
        });
        for (path, number) in notes {
            part(&path, false, if number == 1 { "1 note".to_owned() } else { format!("{number} notes") });
        }
        report.claims.retain(|claim| {
            let excluded = covers(&claim.location.path);
            if excluded {
                part(
                    &claim.location.path,
                    false,
                    format!("a claim of level {} in line {}", claim.level, claim.location.line),
                );
            }
            !excluded
        });
        if parts.is_empty() {
            let message = format!("nothing that is reported lies in `{}`, so it excludes nothing", entry.path.as_str());
            report.notes.push(Note::warning("unused-exclusion", &entry.location, message));
        }
        let mut files: Vec<ExcludedFile> =
            parts.into_iter().map(|Part { path, counts, what }| ExcludedFile { path, counts, what }).collect();
        files.sort_unstable();
        let path = entry.path.as_str().to_owned();
        report.excluded.push(Excluded { path, reason: entry.reason.clone(), files, location: entry.location.clone() });
    }
}
