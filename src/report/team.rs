//! What the team's configuration says, as the report shows it. None of it changes a level that is shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Cap, Report};
use crate::model::{Location, Requirement};

/// A control that the team's configuration declares.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Declaration {
    /// The requirement.
    pub requirement: Requirement,
    /// The targets for which it counts.
    pub targets: Vec<String>,
    /// Whether it counts, and if not, why.
    pub status: DeclarationStatus,
    /// What the control is.
    pub reason: String,
    /// Where somebody who is entitled to can look it up.
    pub reference: String,
    /// Who answers for it.
    pub owner: String,
    /// The day on which it was last checked, as in 2027-01-31.
    pub since: String,
    /// The last day on which it counts.
    pub expires: String,
    /// Days since it was last checked.
    pub age_days: i64,
    /// Days for which it still counts; negative when it has expired.
    pub days_left: i64,
    /// Where it stands.
    pub location: Location,
}

/// Whether a declaration counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeclarationStatus {
    /// It counts for `declared_level`.
    Counts,
    /// Its last day has passed.
    Expired,
    /// Its first day has not come.
    Early,
    /// A file shows the opposite for every target that it names.
    Contradicted,
    /// It names no target for which the requirement is unshown.
    Unused,
}

impl DeclarationStatus {
    /// What it comes to, as a clause behind the dates.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Expired => "expired, counts for nothing",
            Self::Early => "not yet begun, counts for nothing",
            Self::Contradicted => "a file shows the opposite, counts for nothing",
            Self::Unused => "not needed, counts for nothing",
        }
    }
}

impl Declaration {
    /// The targets for which it counts, in words; what it comes to where it does not.
    pub(super) fn standing(&self) -> String {
        match (self.status, self.targets.as_slice()) {
            (DeclarationStatus::Counts, targets) => format!("for {}", targets.join(", ")),
            (other, _) => other.words().to_owned(),
        }
    }

    /// Its age and its end, in words.
    pub(super) fn dates(&self) -> String {
        let days = |number: i64| super::words::count(usize::try_from(number).unwrap_or(0), "day");
        let age = match self.age_days {
            ..0 => format!("begins on {}", self.since),
            age => format!("{} old", days(age)),
        };
        let end = match self.days_left {
            ..0 => format!("expired on {}", self.expires),
            left => format!("expires on {}, in {}", self.expires, days(left)),
        };
        format!("{age}, {end}")
    }
}

/// Findings that the team knows and lives with. They count all the same.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Accepted {
    /// The requirement, or the rule of a note.
    pub rule: String,
    /// For which targets, as it is written.
    pub target: Option<String>,
    /// At which places, as it is written.
    pub path: Option<String>,
    /// Whether it is in force.
    pub status: AcceptedStatus,
    /// Why the team lives with them.
    pub reason: String,
    /// Who accepted them.
    pub owner: Option<String>,
    /// The last day on which they are accepted, as in 2027-01-31.
    pub expires: String,
    /// What it is about.
    pub findings: Vec<AcceptedFinding>,
    /// Where it stands.
    pub location: Location,
}

/// Whether an acceptance is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AcceptedStatus {
    /// It is.
    Accepted,
    /// Its last day has passed.
    Expired,
    /// There is no such finding.
    Unused,
}

/// One finding that an acceptance is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AcceptedFinding {
    /// The target; absent for a note.
    pub target: Option<String>,
    /// What was found.
    pub message: String,
    /// The deciding place.
    pub location: Option<Location>,
}

impl Accepted {
    /// What it comes to, in words.
    pub(super) fn standing(&self) -> String {
        match self.status {
            AcceptedStatus::Accepted => {
                let number = super::words::count(self.findings.len(), "finding");
                format!("{number} accepted until {}", self.expires)
            }
            AcceptedStatus::Expired => format!("expired on {}, nothing is accepted", self.expires),
            AcceptedStatus::Unused => "there is no such finding".to_owned(),
        }
    }

    /// What it names, in words.
    pub(super) fn about(&self) -> String {
        let mut about = self.rule.clone();
        if let Some(target) = &self.target {
            about.push_str(&format!(" for {target}"));
        }
        if let Some(path) = &self.path {
            about.push_str(&format!(" in {path}"));
        }
        about
    }
}

impl Condition {
    /// Whether it holds, and what is the case.
    pub(super) fn words(&self) -> String {
        format!("{}: {}", if self.holds { "holds" } else { "does not hold" }, self.message)
    }
}

impl Excluded {
    /// What it is about, in words.
    pub(super) fn standing(&self) -> String {
        let counting = self.files.iter().filter(|file| file.counts).count();
        let left_out = self.files.len() - counting;
        match (left_out, counting) {
            (0, 0) => "nothing that is reported lies there".to_owned(),
            (_, 0) => format!("{left_out} left out of the report"),
            (0, _) => "releases something, or may, and counts all the same".to_owned(),
            _ => format!("{left_out} left out of the report, {counting} counted all the same"),
        }
    }
}

impl Report {
    /// The acceptance of the cap, when one is in force.
    pub(super) fn accepted_cap(&self, cap: &Cap) -> Option<&Accepted> {
        let message = cap.reason.clone();
        let finding = AcceptedFinding { target: cap.target.clone(), message, location: cap.location.clone() };
        self.acceptance(cap.requirement.id(), &finding)
    }

    /// The acceptance of a finding, when one is in force.
    pub(super) fn acceptance(&self, rule: &str, finding: &AcceptedFinding) -> Option<&Accepted> {
        let of = |accepted: &&Accepted| {
            accepted.status == AcceptedStatus::Accepted && accepted.rule == rule && accepted.findings.contains(finding)
        };
        self.accepted.iter().find(of)
    }
}

/// Files that the team does not want to see.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Excluded {
    /// Which, as it is written.
    pub path: String,
    /// Why.
    pub reason: Option<String>,
    /// What it is about.
    pub files: Vec<ExcludedFile>,
    /// Where it stands.
    pub location: Location,
}

/// One file with something that was to be excluded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ExcludedFile {
    /// Its path.
    pub path: String,
    /// Whether it counts for the level all the same, because it releases something or may.
    pub counts: bool,
    /// What is in it.
    pub what: String,
}

/// A condition of the team's configuration.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Condition {
    /// Which one.
    pub rule: ConditionRule,
    /// The target that it is about; absent for the whole checkout.
    pub target: Option<String>,
    /// The lowest level allowed.
    #[schemars(range(min = 0, max = 3))]
    pub min_level: Option<u8>,
    /// Whether it holds.
    pub holds: bool,
    /// What is the case, in one sentence.
    pub message: String,
    /// Where it stands.
    pub location: Location,
}

/// The kinds of conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionRule {
    /// A level is not below another.
    MinLevel,
    /// No claim is higher than the level.
    DenyOverclaim,
}
