//! Workflow commands of GitHub Actions: annotations on the lines of a pull request.

use super::findings::{Finding, Rank, findings};
use super::words::{count, placed};
use super::{Report, sanitize};
use crate::model::Location;

/// Targets that one annotation names.
const TARGETS: usize = 3;

/// The reports as workflow commands, one on a line: an error for what could not be read and for the cap, a warning for
/// each further gap, pipeline that was not graded and overclaim, a notice for what was accepted, for what the team says and
/// for each hardening note. The Markdown summary
/// goes besides; who renders decides where.
pub fn github(reports: &[Report]) -> String {
    reports.iter().map(annotations).collect()
}

/// One annotation.
struct Annotation<'a> {
    kind: &'static str,
    title: String,
    at: At<'a>,
    /// Paragraphs; they become lines of one message.
    message: Vec<String>,
}

/// Where an annotation stands.
enum At<'a> {
    /// Nowhere: on the run itself.
    Run,
    Line(&'a str, Option<u32>, Option<u32>),
    Stretch(&'a Location),
}

fn annotations(report: &Report) -> String {
    let mut text = String::new();
    for error in &report.errors {
        let at = At::Line(&error.path, error.line, error.column);
        let message = vec![error.message.clone()];
        write(&mut text, report, &Annotation { kind: "error", title: "Could not be read".to_owned(), at, message });
    }
    for group in groups(findings(report)) {
        if let Some(annotation) = finding(report, &group) {
            write(&mut text, report, &annotation);
        }
    }
    for pipeline in &report.unassessed {
        let at = pipeline.location.as_ref().map_or(At::Line(&pipeline.path, None, None), At::Stretch);
        let kind = if pipeline.holds_down { "warning" } else { "notice" };
        let message = vec![pipeline.reason.clone()];
        write(&mut text, report, &Annotation { kind, title: "Recognised, but not graded".to_owned(), at, message });
    }
    text
}

/// Findings that say the same about the same place for several targets: GitHub shows ten annotations of a kind and drops
/// the others.
fn groups(all: Vec<Finding<'_>>) -> Vec<Vec<Finding<'_>>> {
    let mut groups: Vec<Vec<Finding<'_>>> = Vec::new();
    for finding in all {
        let same = |group: &&mut Vec<Finding<'_>>| {
            group.first().is_some_and(|first| {
                (first.rule, first.open, first.location, &first.message, first.to_show)
                    == (finding.rule, finding.open, finding.location, &finding.message, finding.to_show)
                    && first.accepted.is_some() == finding.accepted.is_some()
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

fn finding<'a>(report: &Report, group: &[Finding<'a>]) -> Option<Annotation<'a>> {
    let first = group.first()?;
    let (kind, title) = match (first.rank, first.open) {
        (Rank::Cap, Some((requirement, state))) => {
            ("error", format!("SLSA Build level {}: capped by {requirement} ({})", report.level, state.id()))
        }
        (_, Some((requirement, state))) => ("warning", format!("{requirement} ({})", state.id())),
        (Rank::Gate, None) => ("error", "Gate of the team".to_owned()),
        (Rank::Overclaim, None) => ("warning", "Claims more than is shown".to_owned()),
        (Rank::Team, None) => ("notice", format!("Said by the team: {}", first.rule)),
        (_, None) => ("notice", format!("Hardening: {}", first.rule)),
    };
    let (kind, title) = match first.accepted {
        Some(accepted) => ("notice", format!("Accepted until {}: {}", accepted.expires, first.rule)),
        None => (kind, title),
    };
    let mut message = vec![first.message.clone().into_owned()];
    if let Some(accepted) = first.accepted {
        message.push(format!("It counts all the same. {}", accepted.reason));
    }
    if let Some(to_show) = first.to_show {
        message.push(format!("What would show it: {to_show}"));
    }
    let targets: Vec<&str> = group.iter().filter_map(|finding| finding.target).map(|t| t.id.as_str()).collect();
    if !targets.is_empty() {
        let named = targets.iter().take(TARGETS).copied().collect::<Vec<_>>().join(", ");
        let more = match targets.len().saturating_sub(TARGETS) {
            0 => String::new(),
            more => format!(" and {}", count(more, "more target")),
        };
        message.push(format!("Target: {named}{more}"));
    }
    let at = first.location.map_or(At::Run, At::Stretch);
    Some(Annotation { kind, title, at, message })
}

fn write(to: &mut String, report: &Report, annotation: &Annotation<'_>) {
    let mut properties: Vec<(&str, String)> = Vec::new();
    match annotation.at {
        At::Run => {}
        At::Line(path, line, column) => {
            properties.push(("file", placed(report, path)));
            properties.extend(line.map(|line| ("line", line.to_string())));
            properties.extend(column.map(|column| ("col", column.to_string())));
        }
        At::Stretch(at) => {
            properties.push(("file", placed(report, &at.path)));
            properties.push(("line", at.line.to_string()));
            properties.push(("endLine", at.end_line.to_string()));
            // GitHub takes columns on one line only, and counts the last one in.
            if at.line == at.end_line {
                properties.push(("col", at.column.to_string()));
                properties.push(("endColumn", at.end_column.saturating_sub(1).max(at.column).to_string()));
            }
        }
    }
    properties.push(("title", annotation.title.clone()));
    let properties: Vec<_> =
        properties.iter().map(|(name, value)| format!("{name}={}", sanitize::command_property(value))).collect();
    let message: Vec<_> = annotation.message.iter().map(|line| sanitize::command_message(line)).collect();
    to.push_str(&format!("::{} {}::{}\n", annotation.kind, properties.join(","), message.join("%0A")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    /// A line as the runner reads it: the command, its properties and the message, unescaped.
    fn parse(line: &str) -> (String, Vec<(String, String)>, String) {
        let unescape = |text: &str| {
            text.replace("%2C", ",").replace("%3A", ":").replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        };
        let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (command, properties) = head.split_once(' ').unwrap();
        let property = |text: &str| text.split_once('=').map(|(name, value)| (name.into(), unescape(value))).unwrap();
        (command.into(), properties.split(',').map(property).collect(), unescape(message))
    }

    #[test]
    fn every_line_is_one_of_our_commands() {
        for (name, report) in samples::all() {
            for line in github(&[report]).lines() {
                let (command, properties, message) = parse(line);
                assert!(["error", "warning", "notice"].contains(&command.as_str()), "{name}: {line}");
                let known = ["file", "line", "col", "endLine", "endColumn", "title"];
                assert!(properties.iter().all(|(key, _)| known.contains(&key.as_str())), "{name}: {line}");
                assert!(!message.is_empty());
            }
        }
    }

    #[test]
    fn one_error_for_the_cap_and_for_each_file_that_could_not_be_read() {
        for (name, report) in samples::all() {
            let text = github(std::slice::from_ref(&report));
            let errors = text.lines().filter(|line| line.starts_with("::error ")).count();
            // An accepted cap is a notice: it is known, and it counts all the same.
            let cap = report.cap.as_ref().is_some_and(|cap| report.accepted_cap(cap).is_none());
            let gates = report.gate.iter().filter(|condition| !condition.holds).count();
            assert_eq!(errors, usize::from(cap) + report.errors.len() + gates, "{name}");
        }
    }

    #[test]
    fn a_checkout_in_a_folder_is_annotated_in_that_folder() {
        let text = github(&[samples::many()]);
        assert!(text.contains("file=work/platform/.github/workflows/image.yml,"));
        assert!(github(&[samples::seed()]).contains("file=.github/workflows/release.yml,"));
        let outside = Report { root: "../elsewhere".into(), ..samples::seed() };
        assert!(github(&[outside]).contains("file=.github/workflows/release.yml,"));
    }

    #[test]
    fn snapshots() {
        for (name, report) in samples::all() {
            insta::assert_snapshot!(name, github(&[report]));
        }
    }
}
