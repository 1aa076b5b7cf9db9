//! SHOW: the report, and one renderer for each format over it. No renderer decides or reads a file.

mod badge;
mod boundary;
mod findings;
mod github;
mod gitlab;
#[cfg(test)]
mod hostile_tests;
mod html;
mod human;
mod inventory;
mod json;
mod markdown;
#[cfg(test)]
pub(crate) mod samples;
pub mod sanitize;
mod sarif;
mod sheet;
mod source;
mod team;
mod words;

use schemars::JsonSchema;
use serde::Serialize;

pub use crate::model::{Boundary, BoundaryJob};
use crate::model::{Evidence, Kind, Location, Note, Platform, Problem, Requirement, State, Unassessed};

pub use badge::{badge_endpoint, badge_svg};
pub use github::github;
pub use gitlab::gitlab;
pub use html::html;
pub use human::{Detail, Human, human, overview_human, sheet_human, unknown_id};
pub use inventory::{Asked, Axis, Inventory, Listed, Pool, inventory_human, inventory_json};
pub use json::{Document, json, jsonl, schema};
pub use markdown::markdown;
pub use sarif::sarif;
pub use sheet::{
    Overview, Shown, overview_json, overview_markdown, requirements_markdown, rules_markdown, sheet_json,
    sheet_markdown,
};
pub use team::{
    Accepted, AcceptedFinding, AcceptedStatus, Condition, ConditionRule, Declaration, DeclarationStatus, Excluded,
    ExcludedFile,
};
pub(crate) use words::distinct;

/// The report on one checkout, version 1.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// The version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// What made the report.
    pub tool: Tool,
    /// The checkout, as it was named on the command line.
    pub root: String,
    /// The git commit that is checked out, when git tells.
    pub revision: Option<String>,
    /// The address of the repository on its forge, when the git remote tells; without credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The level that the checkout shows: the lowest over its targets.
    #[schemars(range(min = 0, max = 3))]
    pub level: u8,
    /// The level if every declaration held.
    #[schemars(range(min = 0, max = 3))]
    pub declared_level: u8,
    /// What holds the level down; absent at level 3.
    pub cap: Option<Cap>,
    /// Every release target.
    pub targets: Vec<TargetReport>,
    /// The ordered way up.
    pub plan: Vec<PlanStep>,
    /// Sentences and badges of the checkout that claim a level.
    pub claims: Vec<Claim>,
    /// Observations that never change a level.
    pub notes: Vec<Note>,
    /// Controls that the team's configuration declares.
    pub declarations: Vec<Declaration>,
    /// Findings that the team's configuration accepts. They count all the same.
    pub accepted: Vec<Accepted>,
    /// Files that the team's configuration excludes. What releases something counts all the same.
    pub excluded: Vec<Excluded>,
    /// What the team's configuration asks for.
    pub gate: Vec<Condition>,
    /// Pipelines that were recognised and not graded.
    pub unassessed: Vec<Unassessed>,
    /// What could not be read.
    pub errors: Vec<Problem>,
}

/// What made the report.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The specification it grades against.
    pub spec: String,
}

/// The single requirement that holds a level down.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Cap {
    /// Which.
    pub requirement: Requirement,
    /// Whether a file shows the opposite, or nothing shows it.
    pub state: State,
    /// The target; absent when the checkout shows none.
    pub target: Option<String>,
    /// Why, in one sentence.
    pub reason: String,
    /// The deciding place; absent when there is no such place and the reason says where was searched.
    pub location: Option<Location>,
    /// The source line at `location`.
    pub snippet: Option<String>,
}

/// One release target.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TargetReport {
    /// `kind:name`.
    pub id: String,
    /// The kind of stream.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Where the bytes are handed out.
    pub locations: Vec<String>,
    /// The pipeline file that publishes it.
    pub pipeline: String,
    /// The platform that runs it.
    pub platform: Platform,
    /// The kind of event on whose path the verdicts were reached, the lowest of all.
    pub event: String,
    /// The build jobs.
    pub build_jobs: Vec<String>,
    /// The job that publishes.
    pub publish_job: String,
    /// The job that makes the provenance.
    pub provenance_job: Option<String>,
    /// The level shown.
    #[schemars(range(min = 0, max = 3))]
    pub level: u8,
    /// The level if every declaration held.
    #[schemars(range(min = 0, max = 3))]
    pub declared_level: u8,
    /// The level if what its platform can never express in files were met.
    #[schemars(range(min = 0, max = 3))]
    pub reach: u8,
    /// What holds it down.
    pub cap: Option<Cap>,
    /// All eleven requirements, in cap order.
    #[schemars(length(equal = 11))]
    pub requirements: Vec<RequirementReport>,
    /// How the target was found and how its bytes flow from build to publish to provenance.
    pub chain: Vec<ChainLink>,
    /// Machines and identities on the way from source to consumer, for the picture of the trust boundary. Where it is
    /// empty, the picture shows what the jobs and the verdicts tell.
    #[serde(skip_serializing_if = "Boundary::is_empty")]
    pub boundary: Boundary,
}

/// The verdict on one requirement.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RequirementReport {
    /// Which.
    pub id: Requirement,
    /// The level it belongs to.
    #[schemars(range(min = 0, max = 3))]
    pub level: u8,
    /// How it stands.
    pub state: State,
    /// Why, in one sentence.
    pub reason: String,
    /// The evidence, the deciding piece first.
    pub evidence: Vec<Evidence>,
    /// For an unshown control: what would show it and where to put it.
    pub to_show: Option<String>,
}

/// One hop of a target's chain.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ChainLink {
    /// What happens there.
    pub what: String,
    /// Where.
    #[serde(flatten)]
    pub location: Location,
}

/// One step of the gap plan.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlanStep {
    /// Its number, from 1.
    pub step: u32,
    /// The requirement it meets.
    pub requirement: Requirement,
    /// The targets it is for; none where it is about release flows that are not analysed.
    pub targets: Vec<String>,
    /// The same, each by itself, with the pipeline file where several targets have one name.
    #[serde(skip)]
    pub names: Vec<String>,
    /// What to do, in the imperative.
    pub title: String,
    /// How. Each line is a paragraph; names from the checkout contain no line end here.
    pub detail: String,
    /// The level that the repository reaches once every step up to and including those of this level is done.
    #[schemars(range(min = 0, max = 3))]
    pub level_after: u8,
    /// The lines to change.
    pub locations: Vec<Location>,
    /// Whether the tool can do it.
    pub fixable: bool,
}

/// A claim of a level in the checkout's words to its readers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Claim {
    /// Where it stands.
    #[serde(flatten)]
    pub location: Location,
    /// The claimed level; version 0.1 of the specification had a fourth.
    #[schemars(range(min = 1, max = 4))]
    pub level: u8,
    /// Whether it is higher than the level shown.
    pub overclaim: bool,
    /// The claiming text.
    pub text: String,
}
