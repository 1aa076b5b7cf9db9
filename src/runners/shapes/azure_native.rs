//! Bicep and ARM templates: Container Apps, Managed DevOps Pools, and machines with a start-up script.

use crate::model::{Location, RunnerPool};
use crate::runners::File;
use crate::runners::facts::script::lines;
use crate::runners::shapes::azure_apps;
use crate::runners::shapes::azure_pipelines;
use crate::runners::verdict::draft::{Draft, On::Hosted};
use crate::runners::verdict::machine::{self, Upkeep};
use crate::syntax::conf::{Data, Lines, Value, bicep, yaml};

const RULE: &str = "azure-vm";

/// Strings of which such a file holds one.
pub(in crate::runners) const KEYS: &[&str] = &[
    "Microsoft.App/",
    "Microsoft.DevOpsInfrastructure/",
    "devops-infrastructure/pool",
    "app/container-app",
    "app/job",
    "Microsoft.Compute/virtualMachine",
];

/// The pools of a Bicep file or an ARM template.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    if file.path.ends_with(".bicep") {
        let mut pools = Vec::new();
        for resource in bicep(file.path, file.text) {
            let of = resource.of.split(['@', ':']).next().unwrap_or_default();
            let name = resource.value.get("name").and_then(Value::text).unwrap_or(&resource.name);
            if resource.kind == "module" {
                pools.extend(module(file, &resource.of, &resource.name, &resource.value));
            } else {
                pools.extend(native(file, of, name, &resource.value));
            }
        }
        return pools;
    }
    if !file.path.ends_with(".json") || !file.text.contains("\"resources\"") {
        return Vec::new();
    }
    let documents = yaml(file.path, file.text).unwrap_or_default();
    let mut pools = Vec::new();
    for resource in documents.iter().flat_map(Value::walk).flat_map(|v| v.all("resources").collect::<Vec<_>>()) {
        let Some(of) = resource.get("type").and_then(Value::text) else { continue };
        let name = resource.get("name").and_then(Value::text).unwrap_or("pool");
        let mut resource = resource.clone();
        close(&mut resource);
        // The place of a resource is its type, not all of its lines.
        resource.at = resource.entry("type").map_or(resource.at.clone(), |e| e.at.clone());
        pools.extend(native(file, of, name, &resource));
    }
    pools
}

/// `[parameters('x')]` is an expression of ARM.
fn close(value: &mut Value) {
    match &mut value.data {
        Data::Text { text, exact } if text.starts_with('[') && !text.starts_with("[[") => *exact = false,
        Data::List(items) => items.iter_mut().for_each(close),
        Data::Map(entries) => entries.iter_mut().for_each(|e| close(&mut e.value)),
        _ => {}
    }
}

fn native(file: &File<'_>, of: &str, name: &str, value: &Value) -> Option<RunnerPool> {
    let properties = value.get("properties")?;
    match of.to_ascii_lowercase().as_str() {
        "microsoft.app/jobs" => azure_apps::native(name, &value.at, true, properties),
        "microsoft.app/containerapps" => azure_apps::native(name, &value.at, false, properties),
        "microsoft.devopsinfrastructure/pools" => {
            let mut pool = azure_pipelines::managed(name, &value.at, properties);
            if value.get("name").and_then(Value::text).is_none() {
                pool.labels.clear();
            }
            Some(pool)
        }
        "microsoft.compute/virtualmachines" | "microsoft.compute/virtualmachines/extensions" => {
            machine(file, name, value, Upkeep::Single)
        }
        "microsoft.compute/virtualmachinescalesets" => machine(file, name, value, Upkeep::Keeps),
        _ => None,
    }
}

/// Verified modules of the public registry, which take the same settings with fewer levels.
fn module(file: &File<'_>, of: &str, name: &str, value: &Value) -> Option<RunnerPool> {
    let parameters = value.get("params")?;
    let shown = parameters.get("name").and_then(Value::text);
    if of.contains("devops-infrastructure/pool") {
        let mut pool = azure_pipelines::managed(shown.unwrap_or(name), &value.at, parameters);
        if shown.is_none() {
            pool.labels.clear();
        }
        return Some(pool);
    }
    let job = of.contains("app/job:");
    if !job && !of.contains("app/container-app:") {
        return None;
    }
    let trigger = parameters.get("eventTriggerConfig");
    let scale = if job { trigger.and_then(|t| t.get("scale")) } else { parameters.get("scaleSettings") };
    // `union(parContainer, { ... })` is an expression, but what stands in it can be read.
    let mut containers: Vec<Value> = parameters.all("containers").cloned().collect();
    for container in &mut containers {
        if let Data::Unknown(_) = container.data
            && let Some(inner) = literal_part(file, container)
        {
            *container = inner;
        }
    }
    azure_apps::pool(&azure_apps::Parts {
        name: shown.unwrap_or(name).to_owned(),
        at: value.at.clone(),
        is_job: job,
        rules: scale.map(|s| s.all("rules").collect()).unwrap_or_default(),
        event: trigger.is_some(),
        containers: containers.iter().collect(),
        volumes: parameters.all("volumes").collect(),
    })
}

/// The last object in a call such as `union(a, { ... })`.
fn literal_part(file: &File<'_>, value: &Value) -> Option<Value> {
    let raw = file.text.get(value.bytes.clone())?;
    let start = value.bytes.start + raw.find('{')?;
    let end = value.bytes.start + raw.rfind('}')? + 1;
    let object = file.text.get(start..end)?;
    // Read at its own place, so that positions hold.
    let blank: String = file.text.get(..start)?.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
    let keep = blank.len().checked_sub("resource x 'y' = ".len())?;
    let head = blank.get(..keep)?;
    bicep(file.path, &format!("{head}resource x 'y' = {object}\n")).pop().map(|r| r.value)
}

fn machine(file: &File<'_>, name: &str, value: &Value, upkeep: Upkeep) -> Option<RunnerPool> {
    let scripts = value.walk().into_iter().flat_map(|v| v.entries().to_vec());
    let keys = ["customData", "userData", "commandToExecute", "script"];
    let (at, install) = scripts.filter(|e| keys.contains(&e.key.as_str())).find_map(|e| {
        let text = e.value.shown()?;
        let text_lines = Lines::new(file.path, file.text);
        let place = |_: usize, _: &str| text_lines.at(&e.value.bytes);
        let (text, named): (String, Option<std::sync::Arc<str>>) = match text.split_once("loadTextContent('") {
            // `loadFileAsBase64('x')` and `loadTextContent('x')`.
            Some((_, rest)) => {
                let (path, text) = file.sibling(rest.split('\'').next()?)?;
                (text.to_string(), Some(path))
            }
            None => (text.to_owned(), None),
        };
        let install = match &named {
            Some(path) => lines::read(&text, &lines::of_file(path), &[], RULE),
            None => lines::read(&text, &place, &[], RULE),
        };
        install.registers().is_some().then_some(((e.at.clone(), named), install))
    })?;
    let (_, named): (Location, _) = at;
    let mut draft = Draft::new(RULE, name, &value.at);
    draft.documented(Hosted, &value.at, "infrastructure code of the checkout makes the machine in a cloud");
    machine::registered(&mut draft, &install, false);
    machine::judge(&mut draft, &install, upkeep, &value.at);
    draft.pool.files.extend(named);
    Some(draft.finish())
}
