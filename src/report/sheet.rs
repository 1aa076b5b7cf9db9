//! Cards of requirements and rules, for programs and for documentation.

use std::fmt::Write;

use serde::Serialize;

use super::json::pretty;
use crate::catalogue::{Cards, Catalogue, Example, Principle, Sheet, Subject};
use crate::model::{Kind, Platform, SPECIFICATION};

/// Everything that the tool knows: what `truelevel rules` prints.
#[derive(Debug)]
pub struct Overview<'a> {
    /// The requirements in cap order, then the rules by principle.
    pub sheets: Vec<Sheet<'a>>,
    /// The platforms: those that are graded, then those that are only recognised.
    pub platforms: Vec<Shown<'a>>,
}

/// A platform and what its files can show.
#[derive(Debug, Serialize)]
pub struct Shown<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Whether its pipelines are graded.
    pub graded: bool,
    /// What its files can show.
    pub shows: &'a str,
}

impl Overview<'static> {
    /// What this build knows.
    pub fn get() -> Self {
        let graded = Platform::ALL.iter().map(|p| Shown { id: p.id(), name: p.name(), graded: true, shows: p.shows() });
        let recognised = Catalogue::get().platforms.iter().filter(|d| Platform::ALL.iter().all(|p| p.id() != d.id));
        let recognised = recognised.map(|d| Shown {
            id: &d.id,
            name: &d.name,
            graded: false,
            shows: match &d.retired {
                Some(_) => "recognised; it has shut down, so its files hold nothing down",
                None => "recognised, not graded: a release flow on it holds the level at 0",
            },
        });
        Self { sheets: Cards::get().sheets(), platforms: graded.chain(recognised).collect() }
    }
}

/// One line on what a card is about.
pub(super) fn subject(subject: Subject) -> String {
    match subject {
        Subject::Requirement(level) => format!("Requirement of SLSA Build level {level}"),
        Subject::Rule { principle, positive } => {
            let what = if positive { "Observation" } else { "Hardening rule" };
            format!("{what}, orthogonal to the Build level. Principle: {}", principle.title())
        }
    }
}

#[derive(Serialize)]
struct Written<'a> {
    id: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principle: Option<Principle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    positive: Option<bool>,
    title: &'a str,
    what: &'a str,
    why: &'a str,
    step: &'a str,
    how: Vec<Advised<'a>>,
    bad: &'a Example,
    good: &'a Example,
    source: &'a str,
}

#[derive(Serialize)]
struct Advised<'a> {
    /// The kinds of targets that it is for; all when absent.
    #[serde(skip_serializing_if = "<[Kind]>::is_empty")]
    kinds: &'a [Kind],
    text: &'a str,
}

fn written<'a>(sheet: &Sheet<'a>) -> Written<'a> {
    let (kind, level, principle, positive) = match sheet.subject {
        Subject::Requirement(level) => ("requirement", Some(level), None, None),
        Subject::Rule { principle, positive } => ("rule", None, Some(principle), Some(positive)),
    };
    Written {
        id: sheet.id,
        kind,
        level,
        principle,
        positive,
        title: sheet.title,
        what: sheet.what,
        why: sheet.why,
        step: sheet.step,
        how: sheet.how.iter().map(|a| Advised { kinds: &a.kinds, text: &a.text }).collect(),
        bad: sheet.bad,
        good: sheet.good,
        source: sheet.source,
    }
}

/// A card as JSON.
///
/// # Errors
/// Never in practice; what the serialiser says.
pub fn sheet_json(sheet: &Sheet<'_>) -> Result<String, serde_json::Error> {
    pretty(&written(sheet))
}

/// Everything that the tool knows, as JSON.
///
/// # Errors
/// Never in practice; what the serialiser says.
pub fn overview_json(overview: &Overview<'_>) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u32,
        requirements: Vec<Written<'a>>,
        rules: Vec<Written<'a>>,
        platforms: &'a [Shown<'a>],
    }
    let (requirements, rules): (Vec<_>, Vec<_>) =
        overview.sheets.iter().map(written).partition(|sheet| sheet.level.is_some());
    pretty(&Document { version: 1, requirements, rules, platforms: &overview.platforms })
}

/// A card as Markdown, its heading as deep as `depth` says. Cards are ours and written in Markdown.
pub fn sheet_markdown(sheet: &Sheet<'_>, depth: usize) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{} {}\n", "#".repeat(depth), sheet.id);
    let _ = writeln!(text, "**{}.** {}.\n", sheet.title, subject(sheet.subject));
    let _ = writeln!(text, "{}\n\n**Why.** {}\n\n**{}.**\n", sheet.what.trim(), sheet.why.trim(), sheet.step);
    for advice in sheet.how {
        let _ = writeln!(text, "- {}", advice.text.trim());
    }
    let (bad, good) = match sheet.subject {
        Subject::Rule { positive: true, .. } => ("Without it", "With it"),
        _ => ("Bad", "Good"),
    };
    example(&mut text, bad, sheet.bad);
    example(&mut text, good, sheet.good);
    let link = match sheet.subject {
        Subject::Requirement(_) => SPECIFICATION,
        Subject::Rule { .. } => "Source",
    };
    let _ = writeln!(text, "\n[{link}]({})", sheet.source);
    text
}

fn example(text: &mut String, title: &str, files: &Example) {
    for (path, content) in files {
        let name = path.rsplit('/').next().unwrap_or(path);
        let language = match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("yml" | "yaml") => "yaml",
            Some("json") => "json",
            Some("tf") => "hcl",
            Some("sh") => "sh",
            _ => "text",
        };
        let _ = writeln!(text, "\n{title}: `{path}`\n\n```{language}\n{}\n```", content.trim_end());
    }
}

/// The page on the requirements.
pub fn requirements_markdown(overview: &Overview<'_>) -> String {
    let mut text = String::from(
        "# Requirements\n\nThe eleven requirements of the Build track, in the order in which they cap. Each stands on a card in \
         `rules/requirements/`, from which this page is made; `truelevel explain ID` prints the \
         same.\n\n| requirement | level | |\n|---|---|---|\n",
    );
    for sheet in &overview.sheets {
        if let Subject::Requirement(level) = sheet.subject {
            let _ = writeln!(text, "| [{id}](#{id}) | {level} | {} |", sheet.title, id = sheet.id);
        }
    }
    for sheet in overview.sheets.iter().filter(|sheet| matches!(sheet.subject, Subject::Requirement(_))) {
        let _ = write!(text, "\n{}", sheet_markdown(sheet, 2));
    }
    text
}

/// The page on the hardening rules.
pub fn rules_markdown(overview: &Overview<'_>) -> String {
    let mut text = String::from(
        "# Hardening rules\n\nWhat is noted beside the level. These notes are orthogonal to the Build level: none raises or lowers \
         it. `--notes` lists them, and the short report counts them in one line. Each rule stands on a card in \
         `rules/hardening/`, from which this page is made; `truelevel explain ID` prints the same. \
         A rule marked with + notes something that is good.\n",
    );
    for principle in Principle::ALL {
        let _ = writeln!(text, "\n## {}\n", principle.title());
        for sheet in &overview.sheets {
            match sheet.subject {
                Subject::Rule { principle: own, positive } if own == *principle => {
                    let mark = if positive { " (+)" } else { "" };
                    let _ = writeln!(text, "- [{id}](#{id}){mark}: {}", sheet.title, id = sheet.id);
                }
                _ => {}
            }
        }
    }
    for sheet in overview.sheets.iter().filter(|sheet| matches!(sheet.subject, Subject::Rule { .. })) {
        let _ = write!(text, "\n{}", sheet_markdown(sheet, 2));
    }
    text
}

/// The platforms, as a table.
pub fn overview_markdown(overview: &Overview<'_>) -> String {
    let mut text = requirements_markdown(overview);
    let _ = write!(text, "\n{}\n# Platforms\n\n| platform | |\n|---|---|\n", rules_markdown(overview));
    for platform in &overview.platforms {
        let _ = writeln!(text, "| {} | {} |", platform.name, platform.shows);
    }
    text
}
