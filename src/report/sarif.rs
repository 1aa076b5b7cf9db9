//! SARIF 2.1.0, for code scanning services and editors.

use std::collections::BTreeMap;

use serde::Serialize;

use super::findings::{Finding, Rank, card, findings};
use super::{Accepted, Report, json, sanitize};
use crate::catalogue::{Cards, Sheet, Subject};
use crate::model::{Location, Requirement, SPECIFICATION, State};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The base of every path: the root of the checkout.
const ROOT: &str = "%SRCROOT%";

/// The reports as one SARIF log, one run for each checkout.
pub fn sarif(reports: &[Report]) -> Result<String, serde_json::Error> {
    let several = reports.len() > 1;
    let runs = reports.iter().map(|report| run(report, several)).collect();
    json::pretty(&Log { schema: SCHEMA, version: "2.1.0", runs })
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    version: &'a str,
    runs: Vec<Run>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    #[serde(skip_serializing_if = "Option::is_none")]
    automation_details: Option<Automation>,
    invocations: [Invocation; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    version_control_provenance: Vec<Version>,
    original_uri_base_ids: BTreeMap<&'static str, Base>,
    column_kind: &'static str,
    results: Vec<Outcome>,
    properties: Grade,
}

/// Services tell several runs of one tool apart by this.
#[derive(Serialize)]
struct Automation {
    id: String,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: String,
    version: String,
    semantic_version: String,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    short_description: Text,
    full_description: Text,
    help: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'static str>,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: Vec<String>,
    #[serde(rename = "problem.severity")]
    severity: &'static str,
    precision: &'static str,
}

#[derive(Serialize)]
struct Text {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
    locations: [Place; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    repository_uri: String,
    revision_id: String,
    mapped_to: Artifact,
}

#[derive(Serialize)]
struct Base {
    description: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Grade {
    level: u8,
    declared_level: u8,
    specification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: [Place; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Place>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    /// On every result of a run or on none.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<Suppression>>,
    properties: OutcomeProperties,
}

/// A finding that the team accepted. It counts all the same.
#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
    location: Place,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutcomeProperties {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_level: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_region: Option<Context>,
}

/// The whole source line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    start_line: u32,
    snippet: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

fn run(report: &Report, several: bool) -> Run {
    let all = findings(report);
    let rules = rules(&all);
    let accepting = !report.accepted.is_empty();
    let results = all.iter().map(|finding| outcome(finding, &rules, accepting)).collect();
    let base = Base { description: text("The root of the checkout.") };
    Run {
        tool: Tool {
            driver: Driver {
                name: report.tool.name.clone(),
                version: report.tool.version.clone(),
                semantic_version: report.tool.version.clone(),
                rules,
            },
        },
        automation_details: several.then(|| Automation { id: format!("truelevel/{}/", uri(&report.root)) }),
        invocations: [invocation(report)],
        version_control_provenance: provenance(report).into_iter().collect(),
        original_uri_base_ids: BTreeMap::from([(ROOT, base)]),
        column_kind: "unicodeCodePoints",
        results,
        properties: Grade {
            level: report.level,
            declared_level: report.declared_level,
            specification: report.tool.spec.clone(),
        },
    }
}

/// The eleven requirements, and the rules of what is no requirement.
fn rules(all: &[Finding<'_>]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Requirement::ALL
        .iter()
        .filter_map(|requirement| Cards::get().sheet(requirement.id()))
        .map(|sheet| of_sheet(&sheet))
        .collect();
    let mut notes: Vec<&str> = all.iter().filter(|f| f.open.is_none()).map(|f| f.rule).collect();
    notes.sort_unstable();
    notes.dedup();
    rules.extend(notes.into_iter().map(note_rule));
    rules
}

/// A card as rule metadata.
fn of_sheet(sheet: &Sheet<'static>) -> Rule {
    let line = |between: &str| sheet.how.iter().map(|a| a.text.trim()).collect::<Vec<_>>().join(between);
    let (what, why) = (sheet.what.trim(), sheet.why.trim());
    let (level, severity, last, mut tags) = match sheet.subject {
        Subject::Requirement(level) => {
            let last = format!("{}, Build level {level}", SPECIFICATION);
            ("warning", "warning", last, vec!["security", "supply-chain", "slsa"])
        }
        Subject::Rule { .. } => ("note", "recommendation", "Source".to_owned(), vec!["supply-chain", "hardening"]),
    };
    let orthogonal = match sheet.subject {
        Subject::Requirement(_) => "",
        Subject::Rule { .. } => "\n\nThis note is orthogonal to the SLSA Build level: it never changes it.",
    };
    let own = match sheet.subject {
        Subject::Requirement(level) => format!("slsa-build-level-{level}"),
        Subject::Rule { principle, .. } => principle.id().to_owned(),
    };
    tags.push(&own);
    Rule {
        id: sheet.id.to_owned(),
        name: Some(pascal_case(sheet.id)),
        short_description: text(sheet.title),
        full_description: text(what),
        help: Text {
            text: format!(
                "{what}\n\nWhy: {why}\n\n{}.\n{}{orthogonal}\n\n{last}: {}",
                sheet.step,
                line("\n"),
                sheet.source
            ),
            // A card is ours and written in Markdown; each of its lines is a paragraph.
            markdown: Some(format!(
                "{what}\n\n**Why.** {why}\n\n**{}.**\n\n{}{orthogonal}\n\n[{last}]({})",
                sheet.step,
                line("\n\n"),
                sheet.source
            )),
        },
        help_uri: Some(sheet.source),
        default_configuration: Configuration { level },
        properties: RuleProperties { tags: tags.into_iter().map(str::to_owned).collect(), severity, precision: "high" },
    }
}

/// What a rule that is no requirement is about: its title, and whether it is one of ours on the team's configuration.
fn about(id: &str) -> (String, &'static str, bool) {
    const WHAT: &str = "An observation that is orthogonal to the SLSA Build level: it never changes it.";
    let (title, what) = match id {
        "gate" => ("Gate of the team", "A condition in the team's configuration that does not hold."),
        "overclaim" => ("Overclaim", "A badge or a sentence that claims a higher SLSA Build level than is shown."),
        "declaration" => {
            ("Declared by the team", "A control that the team declares and no file shows: it never raises the level.")
        }
        "exclusion" => {
            ("Excluded by the team", "Files that the team excludes: what releases something counts all the same.")
        }
        _ => return (format!("Hardening: {}", id.replace('-', " ")), WHAT, false),
    };
    (title.to_owned(), what, true)
}

/// The rule of a note, or of what a team's configuration says. A report that another build made may name rules that this
/// one has no card of.
fn note_rule(id: &str) -> Rule {
    if let Some(sheet) = Cards::get().sheet(id) {
        return of_sheet(&sheet);
    }
    let (title, what, team) = about(id);
    Rule {
        id: sanitize::terminal(id).into_owned(),
        name: None,
        short_description: text(&title),
        full_description: text(what),
        help: text(what),
        help_uri: None,
        default_configuration: Configuration { level: "note" },
        properties: RuleProperties {
            tags: vec!["supply-chain".to_owned(), if team { "slsa" } else { "hardening" }.to_owned()],
            severity: "recommendation",
            precision: "high",
        },
    }
}

fn outcome(finding: &Finding<'_>, rules: &[Rule], accepting: bool) -> Outcome {
    let id = sanitize::terminal(finding.rule).into_owned();
    let mut message = finding.message.clone().into_owned();
    if let Some(target) = finding.target {
        message = format!("{}: {message}", target.id);
    }
    if let Some(to_show) = finding.to_show {
        message.push_str(&format!(" What would show it: {}.", to_show.trim_end_matches('.')));
    }
    let further = finding.further.iter().enumerate();
    let mut at = place(finding.location);
    at.physical_location.context_region = finding
        .snippet
        .and_then(|source| source.lines().next())
        .map(|line| Context { start_line: at.physical_location.region.start_line, snippet: text(line) });
    Outcome {
        rule_index: rules.iter().position(|rule| rule.id == id),
        rule_id: id,
        level: match finding.rank {
            Rank::Cap => "error",
            Rank::Gap | Rank::Gate | Rank::Overclaim => "warning",
            Rank::Team | Rank::Hardening => "note",
        },
        message: text(&message),
        locations: [at],
        related_locations: further
            .map(|(at, (what, location))| Place {
                id: Some(at + 1),
                message: Some(text(what)),
                ..place(Some(location))
            })
            .collect(),
        partial_fingerprints: BTreeMap::from([("truelevelFinding/v1", finding.fingerprint.clone())]),
        suppressions: accepting.then(|| finding.accepted.map(suppression).into_iter().collect()),
        properties: OutcomeProperties {
            target: finding.target.map(|target| sanitize::terminal(&target.id).into_owned()),
            build_level: finding.open.and_then(|(requirement, _)| card(requirement)).map(|card| card.level),
            state: finding.open.map(|(_, state)| state),
        },
    }
}

fn suppression(accepted: &Accepted) -> Suppression {
    let mut justification = format!("accepted until {}: {}", accepted.expires, accepted.reason);
    if let Some(owner) = &accepted.owner {
        justification.push_str(&format!(" ({owner})"));
    }
    Suppression {
        kind: "external",
        status: "accepted",
        justification: sanitize::terminal(&justification).into_owned(),
        location: place(Some(&accepted.location)),
    }
}

fn invocation(report: &Report) -> Invocation {
    let notification = |level, path: &str, line: Option<u32>, column: Option<u32>, message: &str| {
        let (line, column) = (line.unwrap_or(1), column.unwrap_or(1));
        let location = Location { path: path.into(), line, column, end_line: line, end_column: column };
        Notification { level, message: text(message), locations: [place(Some(&location))] }
    };
    let errors = report.errors.iter().map(|e| notification("error", &e.path, e.line, e.column, &e.message));
    let unassessed = report.unassessed.iter().map(|pipeline| {
        let at = pipeline.location.as_ref();
        let level = if pipeline.holds_down { "warning" } else { "note" };
        notification(level, &pipeline.path, at.map(|at| at.line), at.map(|at| at.column), &pipeline.reason)
    });
    Invocation {
        execution_successful: report.errors.is_empty(),
        tool_execution_notifications: errors.chain(unassessed).collect(),
    }
}

/// SARIF asks for the address of the repository, so a revision alone cannot be told.
fn provenance(report: &Report) -> Option<Version> {
    let (host, path) = report.repository.as_deref()?.strip_prefix("https://")?.split_once('/')?;
    if host.is_empty() || !host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')) {
        return None;
    }
    Some(Version {
        repository_uri: format!("https://{host}/{}", uri(path)),
        revision_id: sanitize::terminal(report.revision.as_deref()?).into_owned(),
        mapped_to: Artifact { uri: None, uri_base_id: ROOT },
    })
}

/// A place of the checkout. Services refuse a result without any, so what lies nowhere lies at the root.
fn place(location: Option<&Location>) -> Place {
    let (path, line, column, end_line, end_column) = match location {
        Some(at) => (uri(&at.path), at.line, at.column, at.end_line, at.end_column),
        None => (".".to_owned(), 1, 1, 1, 1),
    };
    let (line, column) = (line.max(1), column.max(1));
    let end_line = end_line.max(line);
    let end_column = if end_line == line { end_column.max(column) } else { end_column.max(1) };
    let region = Region { start_line: line, start_column: column, end_line, end_column };
    let artifact_location = Artifact { uri: Some(path), uri_base_id: ROOT };
    Place { id: None, physical_location: Physical { artifact_location, region, context_region: None }, message: None }
}

/// A message. `[text](1)` would be a link to a related location, or with an address to anywhere.
fn text(message: &str) -> Text {
    let safe = sanitize::terminal(message);
    let text = if safe.contains("](") { safe.replace('[', "\\[").replace(']', "\\]") } else { safe.into_owned() };
    Text { text, markdown: None }
}

/// A path as a relative reference: what is not unreserved is percent-encoded, a colon too, since in the first segment
/// it would end a scheme.
fn uri(path: &str) -> String {
    let mut to = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => to.push(char::from(byte)),
            _ => to.push_str(&format!("%{byte:02X}")),
        }
    }
    to
}

fn pascal_case(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    id.split('-').map(word).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::samples;

    fn log(reports: &[Report]) -> Value {
        serde_json::from_str(&sarif(reports).unwrap()).unwrap()
    }

    fn official() -> jsonschema::Validator {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sarif-schema-2.1.0.json");
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
    }

    #[test]
    fn every_sample_fits_the_official_schema() {
        let validator = official();
        let errors =
            |log: &Value| validator.iter_errors(log).map(|e| format!("{}: {e}", e.instance_path)).collect::<Vec<_>>();
        let all: Vec<Report> = samples::all().into_iter().map(|(_, report)| report).collect();
        for report in &all {
            assert_eq!(errors(&log(std::slice::from_ref(report))), Vec::<String>::new());
        }
        assert_eq!(errors(&log(&all)), Vec::<String>::new());
        assert_eq!(errors(&log(&[])), Vec::<String>::new());
        // The schema is awake.
        let mut broken = log(&all);
        broken["runs"][0]["results"][0]["level"] = "fatal".into();
        assert!(!errors(&broken).is_empty());
    }

    #[test]
    fn levels_follow_the_contract() {
        let log = log(&[samples::seed()]);
        let results = log["runs"][0]["results"].as_array().unwrap();
        let levels: Vec<_> =
            results.iter().map(|r| (r["ruleId"].as_str().unwrap(), r["level"].as_str().unwrap())).collect();
        assert_eq!(
            levels,
            [
                ("provenance-authentic", "error"),
                ("provenance-unforgeable", "warning"),
                ("scoped-token", "warning"),
                ("unpinned-action", "note"),
                ("stored-token", "note"),
            ]
        );
    }

    #[test]
    fn every_result_points_at_its_rule_and_at_a_place() {
        let all: Vec<Report> = samples::all().into_iter().map(|(_, report)| report).collect();
        for run in log(&all)["runs"].as_array().unwrap() {
            let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
            for result in run["results"].as_array().unwrap() {
                let index = result["ruleIndex"].as_u64().unwrap() as usize;
                assert_eq!(rules[index]["id"], result["ruleId"]);
                let physical = &result["locations"][0]["physicalLocation"];
                assert_eq!(physical["artifactLocation"]["uriBaseId"], ROOT);
                let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
                assert!(!uri.starts_with('/') && !uri.contains(':'), "{uri}");
                for key in ["startLine", "startColumn", "endLine", "endColumn"] {
                    assert!(physical["region"][key].as_u64().unwrap() >= 1);
                }
            }
        }
    }

    #[test]
    fn what_could_not_be_read_is_a_failed_run() {
        let log = log(&[samples::many(), samples::seed()]);
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        assert_eq!(invocation["toolExecutionNotifications"][0]["level"], "error");
        assert_eq!(log["runs"][1]["invocations"][0]["executionSuccessful"], true);
    }

    #[test]
    fn the_revision_needs_the_repository() {
        let log = log(&[samples::hardened(), samples::seed(), samples::smuggler()]);
        let version = &log["runs"][0]["versionControlProvenance"][0];
        assert_eq!(version["repositoryUri"], "https://github.com/example/service");
        assert!(version["revisionId"].as_str().unwrap().starts_with("4f2c"));
        assert_eq!(log["runs"][1]["versionControlProvenance"], Value::Null);
        assert_eq!(log["runs"][2]["versionControlProvenance"], Value::Null);
    }

    #[test]
    fn messages_carry_no_links() {
        assert_eq!(text("see [here](https://evil.example)").text, r"see \[here\](https://evil.example)");
        assert_eq!(text("runs-on: [a, b]").text, "runs-on: [a, b]");
    }

    #[test]
    fn snapshots() {
        for name in ["seed", "empty", "foreign", "smuggler"] {
            let (_, report) = samples::all().into_iter().find(|(sample, _)| *sample == name).unwrap();
            let mut log = log(&[report]);
            // The cards have their own tests; one rule shows how they are written.
            log["runs"][0]["tool"]["driver"]["rules"]
                .as_array_mut()
                .unwrap()
                .retain(|rule| rule["id"] == "hosted-build");
            insta::assert_snapshot!(name, json::pretty(&log).unwrap());
        }
    }
}
