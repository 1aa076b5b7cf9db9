//! Targets that the team's configuration declares and no file shows.

use crate::model::{Boundary, Evidence, Grade, Platform, Requirement, Target, Verdict};
use crate::settings::TargetDeclaration;

/// Such a target: every requirement is unshown, so that it holds the checkout at level 0.
pub fn declared(entry: &TargetDeclaration) -> Target {
    let (kind, name) = &entry.id;
    let evidence = Evidence {
        grade: Grade::Declared,
        ..Evidence::observed(&entry.location, "declared-target", format!("declared: {}", entry.reason))
    };
    let verdict = |requirement: &Requirement| {
        let reason = "the target is declared, and no pipeline of the checkout shows how it is built and released";
        let to_show = "the pipeline that releases it, in this checkout";
        Verdict::unshown(*requirement, reason, evidence.clone(), to_show)
    };
    Target {
        kind: *kind,
        name: name.clone(),
        locations: Vec::new(),
        pipeline: entry.location.path.to_string(),
        platform: Platform::Declared,
        event: "unknown".to_owned(),
        build_jobs: Vec::new(),
        publish_job: String::new(),
        provenance_job: None,
        location: entry.location.clone(),
        publisher: String::new(),
        build_scopes: Vec::new(),
        verdicts: Requirement::ALL.iter().map(verdict).collect(),
        chain: Vec::new(),
        notes: Vec::new(),
        boundary: Boundary::default(),
    }
}
