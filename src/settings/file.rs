//! The shape of `truelevel.yml`. docs/config.schema.json is made of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;

use super::{Pattern, somewhere, value};
use crate::model::{Kind, Location, Requirement};

/// The settings of truelevel for one repository. Nothing in them raises a level.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// What has to hold; otherwise the exit code is 1.
    pub gate: Gate,
    /// Release targets that no file of the checkout shows. Each is reported at level 0, unshown.
    #[serde(deserialize_with = "value::list")]
    pub targets: Vec<TargetDeclaration>,
    /// Controls that no file of the checkout shows, and that the team answers for. They change `declared_level` alone.
    #[serde(deserialize_with = "value::list")]
    pub declarations: Vec<Declaration>,
    /// Folders with runner configuration that is kept elsewhere, from the root of the checkout and inside of it.
    #[serde(deserialize_with = "value::list")]
    pub runner_config: Vec<String>,
    /// Checkouts of other repositories by `owner/name`, from the root of the checkout and inside of it.
    #[serde(deserialize_with = "value::repositories")]
    pub with: BTreeMap<String, String>,
    /// Pipelines, notes and claims that the team does not want to see. They are listed as excluded, and what releases
    /// something counts all the same.
    #[serde(deserialize_with = "value::list")]
    #[schemars(with = "Vec<ExcludeEither>")]
    pub exclude: Vec<Exclude>,
    /// Findings that the team knows and lives with for a while. They count all the same and are shown as accepted.
    #[serde(deserialize_with = "value::list")]
    pub accept: Vec<Accept>,
    /// The folder of a file that was named on the command line, where its relative paths start.
    #[serde(skip)]
    pub(super) beside: Option<PathBuf>,
    /// The start of the file.
    #[serde(skip, default = "somewhere")]
    pub location: Location,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            gate: Gate::default(),
            targets: Vec::new(),
            declarations: Vec::new(),
            runner_config: Vec::new(),
            with: BTreeMap::new(),
            exclude: Vec::new(),
            accept: Vec::new(),
            beside: None,
            location: somewhere(),
        }
    }
}

/// What has to hold.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Gate {
    /// The lowest level that the repository may have.
    #[serde(deserialize_with = "value::some_level")]
    #[schemars(range(min = 0, max = 3))]
    pub min_level: Option<u8>,
    /// Whether a claim of a higher level than is shown fails.
    pub deny_overclaim: bool,
    /// The lowest levels that single targets may have.
    #[serde(deserialize_with = "value::list")]
    pub targets: Vec<GateTarget>,
    /// Where it stands.
    #[serde(skip, default = "somewhere")]
    pub location: Location,
}

impl Default for Gate {
    fn default() -> Self {
        Self { min_level: None, deny_overclaim: false, targets: Vec::new(), location: somewhere() }
    }
}

/// The lowest level that some targets may have.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GateTarget {
    /// Which targets, as a pattern over `kind:name`.
    pub id: Pattern,
    /// The level.
    #[serde(deserialize_with = "value::level")]
    #[schemars(range(min = 0, max = 3))]
    pub min_level: u8,
    /// Where it stands.
    #[serde(skip, default = "somewhere")]
    pub location: Location,
}

/// A release target that no file of the checkout shows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TargetDeclaration {
    /// `kind:name`, as in `image:ghcr.io/acme/app`.
    #[serde(deserialize_with = "value::target")]
    #[schemars(with = "String")]
    pub id: (Kind, String),
    /// How it is released, and why no file shows it.
    #[serde(deserialize_with = "value::text")]
    pub reason: String,
    /// Where it stands.
    #[serde(skip, default = "somewhere")]
    pub location: Location,
}

/// A control that no file of the checkout shows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Declaration {
    /// The requirement that holds because of it.
    pub requirement: Requirement,
    /// For which targets, as patterns over `kind:name`; without any, for all.
    #[serde(default, deserialize_with = "value::list")]
    pub targets: Vec<Pattern>,
    /// What the control is.
    #[serde(deserialize_with = "value::text")]
    pub reason: String,
    /// Where somebody who is entitled to can look it up.
    #[serde(deserialize_with = "value::text")]
    pub reference: String,
    /// Who answers for it.
    #[serde(deserialize_with = "value::text")]
    pub owner: String,
    /// The day on which it was last checked.
    #[serde(deserialize_with = "value::date")]
    #[schemars(with = "String", extend("format" = "date"))]
    pub since: Date,
    /// The last day on which it counts.
    #[serde(deserialize_with = "value::date")]
    #[schemars(with = "String", extend("format" = "date"))]
    pub expires: Date,
    /// Where it stands.
    #[serde(skip, default = "somewhere")]
    pub location: Location,
}

/// What the team does not want to see.
#[derive(Debug, Clone)]
pub struct Exclude {
    /// Which files, as a pattern over paths from the root; a folder stands for everything in it.
    pub path: Pattern,
    /// Why.
    pub reason: Option<String>,
    /// Where it stands.
    pub location: Location,
}

/// What the team does not want to see: a pattern alone, or with the reason why.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the schema is made of it")]
enum ExcludeEither {
    Alone(Pattern),
    With(ExcludeWith),
}

/// What the team does not want to see, with the reason why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ExcludeWith {
    /// Which files, as a pattern over paths from the root; a folder stands for everything in it.
    pub(super) path: Pattern,
    /// Why.
    #[serde(default, deserialize_with = "value::some_text")]
    #[schemars(with = "String")]
    pub(super) reason: Option<String>,
}

/// A finding that the team knows and lives with for a while.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Accept {
    /// The requirement, or the rule of a note.
    #[serde(deserialize_with = "value::text")]
    pub rule: String,
    /// For which target, as a pattern over `kind:name`; without it, for all.
    #[serde(default)]
    #[schemars(with = "Pattern")]
    pub target: Option<Pattern>,
    /// At which deciding place, as a pattern over paths from the root; without it, anywhere.
    #[serde(default)]
    #[schemars(with = "Pattern")]
    pub path: Option<Pattern>,
    /// Why the team lives with it.
    #[serde(deserialize_with = "value::text")]
    pub reason: String,
    /// Who accepted it.
    #[serde(default, deserialize_with = "value::some_text")]
    #[schemars(with = "String")]
    pub owner: Option<String>,
    /// The last day on which it is accepted.
    #[serde(deserialize_with = "value::date")]
    #[schemars(with = "String", extend("format" = "date"))]
    pub expires: Date,
    /// Where it stands.
    #[serde(skip, default = "somewhere")]
    pub location: Location,
}

/// The JSON Schema of `truelevel.yml`.
pub fn schema() -> serde_json::Value {
    let mut schema =
        SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<Settings>();
    schema.insert("title".to_owned(), "truelevel.yml".into());
    schema.to_value()
}
