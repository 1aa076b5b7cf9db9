//! GitLab's Code Quality report: findings on the lines of a merge request.

use serde::Serialize;

use super::findings::{Finding, Rank, findings, fingerprint};
use super::words::placed;
use super::{Report, json, sanitize};

/// The reports as one Code Quality report.
pub fn gitlab(reports: &[Report]) -> Result<String, serde_json::Error> {
    let several = reports.len() > 1;
    let all = |report: &'_ Report| -> Vec<Entry> {
        let mut entries: Vec<Entry> = findings(report).iter().map(|finding| entry(report, finding)).collect();
        // Copies of one repository have the same findings, and GitLab keeps one entry for each fingerprint.
        for entry in entries.iter_mut().filter(|_| several) {
            entry.fingerprint = fingerprint(&[&report.root, &entry.fingerprint]);
        }
        entries
    };
    json::pretty(&reports.iter().flat_map(all).collect::<Vec<_>>())
}

#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

fn entry(report: &Report, finding: &Finding<'_>) -> Entry {
    let mut description = String::new();
    if let Some(accepted) = finding.accepted {
        description.push_str(&format!("accepted until {}, and counted all the same: ", accepted.expires));
    }
    if finding.rank == Rank::Gate {
        description.push_str("gate: ");
    }
    if let Some((requirement, state)) = finding.open {
        description.push_str(&format!("{requirement} ({})", state.id()));
        if let Some(target) = finding.target {
            description.push_str(&format!(" for {}", target.id));
        }
        description.push_str(": ");
    }
    description.push_str(&finding.message);
    // An entry without a place is refused; what lies nowhere lies at the root.
    let (path, begin) = finding.location.map_or((".", 1), |at| (&at.path, at.line.max(1)));
    Entry {
        description: sanitize::terminal(&description).into_owned(),
        check_name: sanitize::terminal(finding.rule).into_owned(),
        fingerprint: finding.fingerprint.clone(),
        severity: match finding.rank {
            _ if finding.accepted.is_some() => "info",
            Rank::Cap => "blocker",
            Rank::Gap | Rank::Gate => "major",
            Rank::Overclaim => "minor",
            Rank::Team | Rank::Hardening => "info",
        },
        location: Place { path: sanitize::terminal(&placed(report, path)).into_owned(), lines: Lines { begin } },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::report::samples;

    #[test]
    fn entries_have_what_gitlab_asks_for() {
        for (name, report) in samples::all() {
            let entries: Value = serde_json::from_str(&gitlab(&[report]).unwrap()).unwrap();
            let mut fingerprints = BTreeSet::new();
            for entry in entries.as_array().unwrap() {
                assert!(entry["description"].is_string() && entry["check_name"].is_string(), "{name}");
                assert!(entry["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
                assert!(!entry["location"]["path"].as_str().unwrap().starts_with("./"), "{name}");
                assert!(["blocker", "major", "minor", "info"].contains(&entry["severity"].as_str().unwrap()));
                assert!(fingerprints.insert(entry["fingerprint"].as_str().unwrap().to_owned()), "{name}");
            }
        }
        assert_eq!(gitlab(&[]).unwrap(), "[]\n");
    }

    #[test]
    fn snapshots() {
        for name in ["seed", "empty", "foreign", "smuggler"] {
            let (_, report) = samples::all().into_iter().find(|(sample, _)| *sample == name).unwrap();
            insta::assert_snapshot!(name, gitlab(&[report]).unwrap());
        }
    }
}
