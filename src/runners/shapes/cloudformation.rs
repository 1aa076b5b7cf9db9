//! CloudFormation and SAM templates, in YAML and JSON.

use std::sync::Arc;

use crate::model::RunnerPool;
use crate::runners::File;
use crate::runners::facts::script::lines;
use crate::runners::shapes::buildkite;
use crate::runners::shapes::codebuild::{self, Project};
use crate::runners::shapes::ecs::{self, Task};
use crate::runners::verdict::draft::{Draft, On::Hosted};
use crate::runners::verdict::machine::{self, Upkeep};
use crate::syntax::conf::{Data, Value, yaml};

const VM: &str = "cloudformation-vm";

/// Strings of which a template holds one.
pub(in crate::runners) const KEYS: &[&str] = &[
    "AWS::CodeBuild::Project",
    "AWS::ECS::TaskDefinition",
    "AWS::EC2::",
    "AWS::CloudFormation::Stack",
    "AWS::AutoScaling::",
];

/// The pools of a template.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let ends = [".yml", ".yaml", ".json", ".template"];
    if !ends.iter().any(|e| file.path.ends_with(e)) {
        return Vec::new();
    }
    let mut pools = Vec::new();
    for document in yaml(file.path, file.text).unwrap_or_default() {
        let Some(resources) = document.get("Resources").filter(|r| r.is_map()) else { continue };
        let parameters = document.get("Parameters");
        for entry in resources.entries() {
            let Some(of) = entry.value.get("Type").and_then(Value::text) else { continue };
            let Some(written) = entry.value.get("Properties") else { continue };
            let mut properties = written.clone();
            if let Some(parameters) = parameters {
                resolve(&mut properties, parameters);
            }
            properties.at = entry.at.clone();
            pools.extend(resource(file, of, &entry.key, &properties, resources));
        }
    }
    pools
}

/// `!Ref X` of a parameter with a default: that value, but whoever makes the stack may set another.
fn resolve(value: &mut Value, parameters: &Value) {
    match &mut value.data {
        Data::Unknown(text) => {
            let default = text.strip_prefix("!Ref ").and_then(|name| parameters.get(name.trim())?.get("Default"));
            if let Some(default) = default {
                value.data = default.data.clone();
                value.assumed = Some(Arc::from("the default of a parameter"));
            }
        }
        Data::List(items) => items.iter_mut().for_each(|v| resolve(v, parameters)),
        Data::Map(entries) => entries.iter_mut().for_each(|e| resolve(&mut e.value, parameters)),
        _ => {}
    }
}

fn resource(file: &File<'_>, of: &str, name: &str, properties: &Value, all: &Value) -> Option<RunnerPool> {
    match of {
        "AWS::CodeBuild::Project" => {
            let webhook = properties.path(&["Triggers", "FilterGroups"])?;
            let queued = webhook.walk().iter().any(|v| v.text().is_some_and(|t| t.contains("WORKFLOW_JOB_QUEUED")));
            queued.then(|| {
                codebuild::pool(&Project {
                    name: properties.get("Name"),
                    fallback: name,
                    at: &properties.at,
                    webhook: &webhook.at,
                    fleet: properties.path(&["Environment", "Fleet"]),
                    cache: properties.get("Cache"),
                    privileged: properties.path(&["Environment", "PrivilegedMode"]),
                    source: properties.path(&["Source", "Location"]),
                })
            })
        }
        "AWS::ECS::TaskDefinition" => {
            let is_of = |v: &Value| v.shown().is_some_and(|t| t.split([' ', '.']).any(|w| w == name));
            let service = all.entries().iter().find(|e| {
                e.value.get("Type").and_then(Value::text) == Some("AWS::ECS::Service")
                    && e.value.path(&["Properties", "TaskDefinition"]).is_some_and(is_of)
            });
            let launch = |v: &Value| v.walk().iter().any(|v| v.text() == Some("FARGATE"));
            ecs::pool(&Task {
                name,
                at: &properties.at,
                containers: properties.all("ContainerDefinitions").map(ecs::container).collect(),
                volumes: properties.all("Volumes").collect(),
                service: service.map(|s| &s.at),
                fargate: launch(properties) || service.is_some_and(|s| launch(&s.value)),
            })
        }
        "AWS::CloudFormation::Stack" => {
            let template = properties.get("TemplateURL").and_then(Value::shown)?;
            buildkite::stack(name, &properties.at, template, properties.get("Parameters")?)
        }
        "AWS::EC2::Instance" => machine(file, name, properties, Upkeep::Single),
        "AWS::EC2::LaunchTemplate" | "AWS::AutoScaling::LaunchConfiguration" => {
            let grouped = all.entries().iter().any(|e| {
                e.value.get("Type").and_then(Value::text) == Some("AWS::AutoScaling::AutoScalingGroup")
                    && e.value.walk().iter().any(|v| v.shown().is_some_and(|t| t.split([' ', '.']).any(|w| w == name)))
            });
            machine(file, name, properties, if grouped { Upkeep::Replaces } else { Upkeep::Single })
        }
        _ => None,
    }
}

fn machine(file: &File<'_>, name: &str, properties: &Value, upkeep: Upkeep) -> Option<RunnerPool> {
    let data = properties.get("UserData").or_else(|| properties.path(&["LaunchTemplateData", "UserData"]))?;
    let text = data.shown()?;
    // The lines of a literal block follow its mark.
    let first = data.walk().iter().map(|v| v.at.line).max().unwrap_or(data.at.line);
    let span = data.at.end_line.saturating_sub(first) as usize;
    let exact = span.abs_diff(text.lines().count()) <= 1;
    let place = |line: usize, text: &str| {
        if !exact {
            return data.at.clone();
        }
        let mut at = lines::of_file(file.path)(line, text);
        at.line = first + 1 + u32::try_from(line).unwrap_or(0);
        at.end_line = at.line;
        at
    };
    let install = lines::read(text, &place, &[], VM);
    install.registers()?;
    let behaviour = properties.walk().into_iter().find_map(|v| v.get("InstanceInitiatedShutdownBehavior"));
    let upkeep = if behaviour.and_then(Value::text) == Some("terminate") { Upkeep::Replaces } else { upkeep };
    let mut draft = Draft::new(VM, name, &properties.at);
    draft.documented(Hosted, &properties.at, "infrastructure code of the checkout makes the machine in a cloud");
    machine::registered(&mut draft, &install, false);
    machine::judge(&mut draft, &install, upkeep, &properties.at);
    Some(draft.finish())
}
