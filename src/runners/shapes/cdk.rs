//! CDK: the providers of `@cloudsnorkel/cdk-github-runners`, which start one task or machine for each job.
//!
//! Programs are not run: a provider counts where its class is made with literal labels.
//! Source: <https://github.com/CloudSnorkel/cdk-github-runners/blob/main/API.md>

use std::sync::LazyLock;

use regex::Regex;

use crate::model::{Location, RunnerPool};
use crate::runners::File;
use crate::runners::default_labels;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::syntax::conf::{Data, Lines, Value};

use super::codebuild::{self, Project};

const RULE: &str = "cdk-runner-provider";

/// Strings of which such a program holds one.
pub(in crate::runners) const KEYS: &[&str] = &["cdk-github-runners", "cloudsnorkel", "WORKFLOW_JOB_QUEUED"];

/// Ends of the names of programs.
pub(in crate::runners) const ENDINGS: &[&str] = &[".ts", ".js", ".py"];

static MADE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(CodeBuild|Fargate|Ec2|Lambda|Ecs)(?:RunnerProvider|Runner)\s*\(").ok());
static LABELS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\blabels?\s*[:=]\s*(\[[^\]]*\]|'[^']*'|\x22[^\x22]*\x22)").ok());

static DOCKER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?:dockerInDocker|docker_in_docker)\s*[:=]\s*([\w.]+)").ok());

static PROJECT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?:new\s+|\.)(?:Pipeline)?Project\s*\(").ok());
static PROJECT_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?:projectName|project_name)\s*[:=]\s*(?:'([^'$]*)'|\x22([^\x22$]*)\x22)").ok());
static FLEET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bfleet\s*[:=]").ok());

/// Whether a program may define runners: its path speaks of infrastructure. Reading every program would cost too much.
pub(in crate::runners) fn is_candidate(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ENDINGS.iter().any(|e| path.ends_with(e)) && ["cdk", "runner", "stack", "infra"].iter().any(|w| path.contains(w))
}

/// The providers that a program makes.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    if !ENDINGS.iter().any(|e| file.path.ends_with(e)) {
        return Vec::new();
    }
    let (Some(made), Some(labels)) = (MADE.as_ref(), LABELS.as_ref()) else { return Vec::new() };
    let code = without_comments(file.text, file.path.ends_with(".py"));
    let lines = Lines::new(file.path, file.text);
    let mut pools = projects(&code, &lines);
    for found in made.captures_iter(&code) {
        let (Some(all), Some(kind)) = (found.get(0), found.get(1)) else { continue };
        let arguments = parentheses(code.get(all.end() - 1..).unwrap_or_default());
        let at = lines.at(&all.range());
        let mut draft = Draft::new(RULE, kind.as_str(), &at);
        draft.pool.labels = default_labels(false);
        match labels.captures(arguments).and_then(|c| c.get(1)) {
            Some(list) => {
                let list = list.as_str().replace('"', "'");
                draft.labels(list.split('\'').skip(1).step_by(2));
            }
            None if arguments.contains("label") => {}
            None => draft.labels([kind.as_str().to_ascii_lowercase().as_str()]),
        }
        draft.documented(Hosted, &at, "the construct starts a task or machine of a cloud account for each job");
        draft.documented(Ephemeral, &at, "the construct registers each runner for one job and ends what it runs in");
        if kind.as_str() == "Ecs" {
            tasks_on_instances(&mut draft, &at, arguments);
        } else {
            draft.documented(Isolated, &at, "each job has a task or machine of its own");
        }
        draft.credential(&at, "the forge's credential stays with the construct's functions");
        pools.push(draft.finish());
    }
    pools
}

/// CodeBuild projects whose webhook hands them queued jobs.
/// Source: <https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_codebuild.Project.html>
fn projects(code: &str, lines: &Lines<'_>) -> Vec<RunnerPool> {
    let (Some(project), Some(name), Some(fleet)) = (PROJECT.as_ref(), PROJECT_NAME.as_ref(), FLEET.as_ref()) else {
        return Vec::new();
    };
    let mut pools = Vec::new();
    for all in project.find_iter(code) {
        let start = all.end() - 1;
        let arguments = parentheses(code.get(start..).unwrap_or_default());
        let Some(queued) = arguments.find("WORKFLOW_JOB_QUEUED") else { continue };
        let at = lines.at(&all.range());
        let webhook = lines.at(&(start + queued..start + queued + "WORKFLOW_JOB_QUEUED".len()));
        let text = |value: &str| Value::new(at.clone(), 0..0, Data::Text { text: value.to_owned(), exact: true });
        let shown = name.captures(arguments).and_then(|c| c.get(1).or_else(|| c.get(2))).map(|m| text(m.as_str()));
        let reserved = fleet.find(arguments).map(|m| {
            let at = lines.at(&(start + m.start()..start + m.end()));
            Value::new(at, 0..0, Data::Unknown(m.as_str().to_owned()))
        });
        pools.push(codebuild::pool(&Project {
            name: shown.as_ref(),
            fallback: "project",
            at: &at,
            webhook: &webhook,
            fleet: reserved.as_ref(),
            cache: None,
            privileged: None,
            source: None,
        }));
    }
    pools
}

/// Tasks of several jobs share an instance, and the construct makes their containers privileged unless Docker is off.
/// Source: <https://github.com/CloudSnorkel/cdk-github-runners/blob/main/src/providers/ecs.ts>
fn tasks_on_instances(draft: &mut Draft, at: &Location, arguments: &str) {
    let docker = DOCKER.as_ref().and_then(|d| d.captures(arguments)).and_then(|c| c.get(1));
    match docker.map(|d| d.as_str().to_ascii_lowercase()).as_deref() {
        Some("false") => draft.met(Isolated, at, "without Docker the tasks on an instance are not privileged"),
        Some("true") => {
            draft.failed(Isolated, at, "`dockerInDocker`: privileged tasks of several jobs share an instance")
        }
        Some(_) => {
            draft.unshown(Isolated, at, "the value of `dockerInDocker` is not visible", "`dockerInDocker: false`");
        }
        None => draft.failed_by_default(
            Isolated,
            at,
            "`dockerInDocker` is on by default: privileged tasks of several jobs share an instance",
        ),
    }
}

/// Comments as blanks of the same length.
fn without_comments(text: &str, python: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut block = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let starts = if python { trimmed.starts_with('#') } else { trimmed.starts_with("//") };
        block |= !python && trimmed.starts_with("/*");
        if starts || block {
            out.extend(line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
            block &= !line.contains("*/");
        } else {
            out.push_str(line);
        }
    }
    out
}

/// From an opening parenthesis to the one that closes it.
fn parentheses(text: &str) -> &str {
    let mut open = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}
