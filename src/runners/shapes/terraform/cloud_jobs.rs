//! Containers that a cloud runs: Azure Container Apps, ECS, Cloud Run; and CodeBuild.

use super::module::Module;
use crate::model::RunnerPool;
use crate::runners::facts::container::{self, Container};
use crate::runners::shapes::azure_apps::{self, Parts};
use crate::runners::shapes::codebuild::{self, Project};
use crate::runners::shapes::ecs;
use crate::runners::verdict::container::{Unit, cloud_isolates, in_cloud};
use crate::runners::verdict::draft::{Draft, On::Hosted};
use crate::syntax::conf::{Data, Value};

pub(super) fn resource(module: &Module<'_>, of: &str, name: &str, value: &Value) -> Option<RunnerPool> {
    match of {
        "azurerm_container_app_job" | "azurerm_container_app" => {
            let is_job = of.ends_with("_job");
            let trigger = value.get("event_trigger_config");
            let template = value.get("template")?;
            let mut rules: Vec<&Value> = template.all("custom_scale_rule").collect();
            if let Some(scale) = trigger.and_then(|t| t.path(&["scale"])) {
                rules.extend(scale.all("rules"));
            }
            azure_apps::pool(&Parts {
                name: name.to_owned(),
                at: value.at.clone(),
                is_job,
                rules,
                event: trigger.is_some(),
                containers: template.all("container").collect(),
                volumes: template.all("volume").collect(),
            })
        }
        "azapi_resource" => {
            let kind = value.get("type").and_then(Value::text)?.split('@').next()?;
            let is_job = kind.eq_ignore_ascii_case("Microsoft.App/jobs");
            if !is_job && !kind.eq_ignore_ascii_case("Microsoft.App/containerApps") {
                return None;
            }
            azure_apps::native(name, &value.at, is_job, value.path(&["body", "properties"])?)
        }
        "aws_codebuild_project" => codebuild_project(module, name, value),
        "aws_ecs_task_definition" => task(module, name, value),
        "google_cloud_run_v2_job" | "google_cloud_run_v2_worker_pool" | "google_cloud_run_v2_service" => {
            cloud_run(of, name, value)
        }
        _ => None,
    }
}

/// Whether a webhook hands over jobs of GitHub. Its filters may be made of lists that locals of the folder hold.
fn takes_jobs(module: &Module<'_>, webhook: &Value) -> bool {
    let queued =
        |value: &Value| value.walk().iter().any(|v| v.text().is_some_and(|t| t.contains("WORKFLOW_JOB_QUEUED")));
    let groups = webhook.all("filter_group").flat_map(|group| group.all("filter"));
    let mut patterns = groups.filter_map(|filter| filter.get("pattern"));
    queued(webhook) || patterns.any(|p| p.text().is_none()) && module.locals().any(queued)
}

/// A project takes jobs of GitHub when a webhook hands them to it.
fn codebuild_project(module: &Module<'_>, name: &str, value: &Value) -> Option<RunnerPool> {
    let reference = format!("aws_codebuild_project.{name}.");
    let project = value.get("name").and_then(Value::text);
    let webhook = module.resources("aws_codebuild_webhook").map(|(_, w)| w).find(|w| {
        let named = w.get("project_name").is_some_and(|p| {
            p.shown().is_some_and(|s| s.contains(&reference)) || p.text().is_some() && p.text() == project
        });
        named && takes_jobs(module, w)
    })?;
    let environment = value.get("environment");
    let source = value.path(&["source", "location"]);
    Some(codebuild::pool(&Project {
        name: value.get("name"),
        fallback: name,
        at: &value.at,
        webhook: &webhook.at,
        fleet: environment.and_then(|e| e.path(&["fleet", "fleet_arn"]).or_else(|| e.get("fleet"))),
        cache: value.get("cache"),
        privileged: environment.and_then(|e| e.get("privileged_mode")),
        source,
    }))
}

fn task(module: &Module<'_>, name: &str, value: &Value) -> Option<RunnerPool> {
    let definitions = value.get("container_definitions")?;
    let containers: Vec<Container> = match &definitions.data {
        Data::List(items) => items.iter().map(ecs::container).collect(),
        Data::File { path, .. } => {
            let (file, text) = module.file(path)?;
            let documents = crate::syntax::conf::yaml(&file, &text)?;
            documents.first()?.items().iter().map(ecs::container).collect()
        }
        Data::Text { .. } => {
            // JSON in a heredoc: its places are those of the whole.
            let documents = crate::syntax::conf::yaml(&value.at.path, definitions.shown()?)?;
            let items = documents.first()?.items().iter();
            items
                .map(|item| {
                    let mut container = ecs::container(item);
                    container.at = definitions.at.clone();
                    container.variables.iter_mut().for_each(|v| v.at = definitions.at.clone());
                    container
                })
                .collect()
        }
        _ => return None,
    };
    let reference = format!("aws_ecs_task_definition.{name}");
    let served = module
        .resources("aws_ecs_service")
        .find(|(_, s)| s.get("task_definition").and_then(Value::shown).is_some_and(|t| t.starts_with(&reference)))
        .map(|(_, s)| s);
    let launch = |v: &Value| v.walk().iter().any(|v| v.text() == Some("FARGATE"));
    let fargate = launch(value) || served.is_some_and(launch);
    ecs::pool(&ecs::Task {
        name,
        at: &value.at,
        containers,
        volumes: value.all("volume").collect(),
        service: served.map(|s| &s.at),
        fargate,
    })
}

fn cloud_run(of: &str, name: &str, value: &Value) -> Option<RunnerPool> {
    let job = of.ends_with("_job");
    let mut template = value.get("template")?;
    if let Some(inner) = template.get("template") {
        template = inner;
    }
    let containers = template.all("containers").map(|c| Container {
        rule: if job { "cloud-run-job" } else { "cloud-run-service" },
        build: None,
        image: c.get("image").and_then(Value::shown).unwrap_or_default().to_owned(),
        variables: container::variables(c.all("env")),
        command: container::words([c.get("command"), c.get("args")]),
        at: c.at.clone(),
        bulk: container::hidden(c.all("env")),
    });
    let (container, agent) = containers.into_iter().find_map(|c| {
        let agent = c.agent(None)?;
        Some((c, agent))
    })?;
    let mut draft = Draft::new(if job { "cloud-run-job" } else { "cloud-run-service" }, name, &value.at);
    draft.documented(Hosted, &value.at, "Cloud Run runs the agent's container");
    in_cloud(&mut draft, &container, &agent, if job { Unit::Job } else { Unit::Restarted });
    if let Some(volume) = template.all("volumes").find(|v| v.get("nfs").is_some() || v.get("gcs").is_some()) {
        draft.lasting(&volume.at, "storage is mounted that one build leaves to the next");
    }
    cloud_isolates(&mut draft, &value.at, "Cloud Run");
    Some(draft.finish())
}
