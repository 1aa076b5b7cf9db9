//! Azure Container Apps: a job for each queued build, or an app that keeps running. Terraform, Bicep and ARM describe
//! the same two resources.
//!
//! Source: <https://learn.microsoft.com/azure/container-apps/tutorial-ci-cd-runners-jobs>

use crate::model::{Location, RunnerPlatform, RunnerPool};
use crate::runners::facts::container::{self, Container, variables};
use crate::runners::scope_of;
use crate::runners::verdict::container::{Unit, cloud_isolates, in_cloud};
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted},
};
use crate::syntax::conf::Value;

const JOB: &str = "azure-container-app-job";
const APP: &str = "azure-container-app";
const PIPELINES_JOB: &str = "azure-pipelines-container-app-job";
const PIPELINES_APP: &str = "azure-pipelines-container-app";

/// What one of the two resources holds, whatever the language.
pub(in crate::runners) struct Parts<'v> {
    pub(in crate::runners) name: String,
    pub(in crate::runners) at: Location,
    pub(in crate::runners) is_job: bool,
    /// The scale rules.
    pub(in crate::runners) rules: Vec<&'v Value>,
    /// Whether an event starts the job; a schedule or a hand starts it otherwise.
    pub(in crate::runners) event: bool,
    pub(in crate::runners) containers: Vec<&'v Value>,
    pub(in crate::runners) volumes: Vec<&'v Value>,
}

/// The pool, when the resource runs an agent.
pub(in crate::runners) fn pool(parts: &Parts<'_>) -> Option<RunnerPool> {
    let word = |v: &Value, keys: &[&str]| keys.iter().find_map(|k| v.get(k).and_then(Value::text).map(str::to_owned));
    let rule = parts.rules.iter().find_map(|rule| {
        let custom = rule.get("custom").unwrap_or(rule);
        let kind = word(custom, &["custom_rule_type", "type"])?;
        matches!(kind.as_str(), "github-runner" | "azure-pipelines").then_some((custom, kind))
    });
    let containers: Vec<Container> = parts.containers.iter().map(|v| read(v)).collect();
    let found = containers.iter().find_map(|c| Some((c, c.agent(None)?.platform)));
    let (platform, container) = match (&rule, found) {
        (Some((_, kind)), found) => {
            let azure = kind == "azure-pipelines";
            let platform = if azure { RunnerPlatform::AzurePipelines } else { RunnerPlatform::GitHub };
            (platform, found.map(|(c, _)| c).or(containers.first()))
        }
        (None, Some((container, platform))) => (platform, Some(container)),
        (None, None) => return None,
    };
    let shape = match (platform, parts.is_job) {
        (RunnerPlatform::AzurePipelines, true) => PIPELINES_JOB,
        (RunnerPlatform::AzurePipelines, false) => PIPELINES_APP,
        (_, true) => JOB,
        (_, false) => APP,
    };
    let mut draft = Draft::new(shape, parts.name.as_str(), &parts.at);
    draft.documented(Hosted, &parts.at, "Azure Container Apps runs the agent's containers");
    if let Some((rule, _)) = &rule {
        let metadata = rule.get("metadata").unwrap_or(rule);
        let owner = metadata.get("owner").and_then(Value::text);
        let repository = metadata.get("repos").and_then(Value::text).filter(|r| !r.contains(','));
        draft.pool.scope = match (owner, repository) {
            (Some(owner), Some(repository)) => scope_of(&format!("{owner}/{repository}")),
            (Some(owner), None) => scope_of(owner),
            _ => None,
        };
        if let Some(pool) = metadata.get("poolName").and_then(Value::text) {
            draft.labels([pool]);
        }
    }
    let unit = if parts.is_job && parts.event { Unit::Job } else { Unit::Restarted };
    match container {
        Some(container) => in_cloud(&mut draft, container, &container.assumed(platform), unit),
        None => draft.unshown(
            Ephemeral,
            &parts.at,
            "the containers of the resource are not visible",
            "the containers, with a single-use agent",
        ),
    }
    if let Some(volume) = parts.volumes.iter().find(|v| {
        let kind = word(v, &["storage_type", "storageType"]);
        kind.is_some_and(|k| k != "EmptyDir" && k != "Secret")
    }) {
        draft.lasting(&volume.at, "a file share is mounted that one build leaves to the next");
    }
    cloud_isolates(&mut draft, &parts.at, "Azure Container Apps");
    Some(draft.finish())
}

fn read(value: &Value) -> Container {
    let image = value.get("image").and_then(Value::shown).unwrap_or_default().to_owned();
    Container {
        rule: JOB,
        build: None,
        image,
        variables: variables(value.all("env")),
        command: container::words([value.get("command"), value.get("args")]),
        at: value.at.clone(),
        bulk: container::hidden(value.all("env")),
    }
}

/// `Microsoft.App/jobs` and `Microsoft.App/containerApps` as Bicep, ARM and azapi write them. `properties` is their
/// content.
pub(in crate::runners) fn native(name: &str, at: &Location, is_job: bool, properties: &Value) -> Option<RunnerPool> {
    let configuration = properties.get("configuration");
    let trigger = configuration.and_then(|c| c.get("eventTriggerConfig"));
    let scale = match is_job {
        true => trigger.and_then(|t| t.get("scale")),
        false => properties.path(&["template", "scale"]),
    };
    let template = properties.get("template")?;
    let kind = configuration.and_then(|c| c.get("triggerType")).and_then(Value::text);
    pool(&Parts {
        name: name.to_owned(),
        at: at.clone(),
        is_job,
        rules: scale.map(|s| s.all("rules").collect()).unwrap_or_default(),
        event: trigger.is_some() && kind.is_none_or(|k| k.eq_ignore_ascii_case("event")),
        containers: template.all("containers").collect(),
        volumes: template.all("volumes").collect(),
    })
}
