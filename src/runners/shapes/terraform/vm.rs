//! Virtual machines whose start-up script installs the GitHub agent.

use std::sync::Arc;

use super::module::Module;
use crate::model::{Location, RunnerPool};
use crate::runners::facts::script::{Install, lines};
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::runners::verdict::machine::{Upkeep, judge, registered};
use crate::runners::{default_labels, scope_of};
use crate::syntax::conf::{Data, Value};

const RULE: &str = "terraform-vm";

/// Keys under which a start-up script stands.
const SCRIPTS: &[&str] = &[
    "user_data",
    "user_data_base64",
    "user-data",
    "userdata",
    "custom_data",
    "metadata_startup_script",
    "startup_script",
    "startup-script",
    "startup-script-custom",
    "windows-startup-script-ps1",
    "cloud_init",
    "cloudinit",
    "inline",
    "script",
    "scripts",
    "commandToExecute",
    "settings",
    "protected_settings",
    "template",
    "content",
];

/// A start-up script: its text, its places, the variables of its template, and its file.
struct Script {
    text: String,
    file: Option<Arc<str>>,
    at: Location,
    /// Lines of the text are lines of its own file from here on.
    first_line: Option<u32>,
    variables: Vec<(String, String)>,
}

pub(super) fn resource(module: &Module<'_>, of: &str, name: &str, value: &Value) -> Option<RunnerPool> {
    let upkeep = upkeep(module, of, name, value)?;
    machine(module, name, value, upkeep)
}

/// A module that is given a start-up script.
pub(super) fn module(module: &Module<'_>, name: &str, value: &Value) -> Option<RunnerPool> {
    let source = value.get("source").and_then(Value::shown).unwrap_or_default();
    let upkeep = if source.contains("ec2-instance") { Upkeep::Single } else { Upkeep::Keeps };
    machine(module, name, value, upkeep)
}

/// Which resources are machines, and what happens to one that ends.
fn upkeep(module: &Module<'_>, of: &str, name: &str, value: &Value) -> Option<Upkeep> {
    let terminates = || {
        let behaviour = value.get("instance_initiated_shutdown_behavior").and_then(Value::text);
        if behaviour == Some("terminate") { Upkeep::Replaces } else { Upkeep::Single }
    };
    Some(match of {
        "aws_instance" | "aws_spot_instance_request" => terminates(),
        "aws_launch_template" | "aws_launch_configuration" => {
            let reference = format!("{of}.{name}.");
            let grouped = module
                .resources("aws_autoscaling_group")
                .any(|(_, group)| group.walk().iter().any(|v| v.shown().is_some_and(|s| s.contains(&reference))));
            if grouped { Upkeep::Replaces } else { terminates() }
        }
        "google_compute_instance"
        | "azurerm_linux_virtual_machine"
        | "azurerm_windows_virtual_machine"
        | "azurerm_virtual_machine"
        | "azurerm_virtual_machine_extension"
        | "hcloud_server"
        | "digitalocean_droplet"
        | "linode_instance"
        | "scaleway_instance_server"
        | "openstack_compute_instance_v2"
        | "yandex_compute_instance"
        | "vultr_instance"
        | "oci_core_instance"
        | "exoscale_compute_instance"
        | "ibm_is_instance"
        | "alicloud_instance"
        | "upcloud_server"
        | "proxmox_vm_qemu"
        | "proxmox_virtual_environment_vm"
        | "null_resource"
        | "terraform_data" => Upkeep::Single,
        "google_compute_instance_template"
        | "google_compute_region_instance_template"
        | "azurerm_linux_virtual_machine_scale_set"
        | "azurerm_orchestrated_virtual_machine_scale_set"
        | "azurerm_virtual_machine_scale_set"
        | "yandex_compute_instance_group" => Upkeep::Keeps,
        _ => return None,
    })
}

fn machine(module: &Module<'_>, name: &str, value: &Value, upkeep: Upkeep) -> Option<RunnerPool> {
    let mut scripts = Vec::new();
    collect(module, value, 0, &mut scripts);
    let (script, install) = scripts.into_iter().find_map(|script| {
        let install = script.install();
        install.registers().is_some().then_some((script, install))
    })?;
    let mut draft = Draft::new(RULE, name, &value.at);
    draft.documented(Hosted, &value.at, "infrastructure code of the checkout makes the machine in a cloud");
    registered(&mut draft, &install, is_arm(value));
    judge(&mut draft, &install, upkeep, &value.at);
    if let Some(kept) = value.walk().into_iter().find_map(|v| v.get("auto_delete").filter(|a| a.bool() == Some(false)))
    {
        draft.failed(Ephemeral, &kept.at, "the boot disk outlives the machine");
    }
    draft.pool.files.extend(script.file);
    Some(draft.finish())
}

fn is_arm(value: &Value) -> bool {
    value.get("instance_type").and_then(Value::text).is_some_and(|t| {
        t.split('.').next().is_some_and(|family| family.len() > 2 && family.chars().skip(2).any(|c| c == 'g'))
    })
}

/// Start-up scripts in a value, also those that it refers to.
fn collect(module: &Module<'_>, value: &Value, depth: usize, found: &mut Vec<Script>) {
    if depth > 6 || found.len() > 50 {
        return;
    }
    for inner in value.walk() {
        for entry in inner.entries().iter().filter(|e| SCRIPTS.contains(&e.key.as_str())) {
            script(module, &entry.value, depth, found);
        }
    }
}

fn script(module: &Module<'_>, value: &Value, depth: usize, found: &mut Vec<Script>) {
    match &value.data {
        Data::Text { text, .. } => {
            // A heredoc begins on the line below its mark; where a template adds or drops lines, no line is known.
            let written = value.at.end_line.saturating_sub(value.at.line) as usize;
            let lines = text.lines().count();
            let first_line = (written > 0 && written.abs_diff(lines) <= 1).then_some(value.at.line + 1);
            found.push(Script {
                text: text.clone(),
                file: None,
                at: value.at.clone(),
                first_line,
                variables: Vec::new(),
            });
        }
        Data::File { path, variables } => {
            let Some((file, text)) = module.file(path) else { return };
            let variables =
                variables.iter().filter_map(|e| Some((e.key.clone(), e.value.text()?.to_owned()))).collect();
            found.push(Script {
                text: text.to_string(),
                file: Some(file),
                at: value.at.clone(),
                first_line: None,
                variables,
            });
        }
        Data::List(items) => {
            let text: Vec<&str> = items.iter().filter_map(Value::shown).collect();
            found.push(Script {
                text: text.join("\n"),
                file: None,
                at: value.at.clone(),
                first_line: None,
                variables: Vec::new(),
            });
        }
        Data::Map(_) => {
            for entry in value.entries() {
                script(module, &entry.value, depth + 1, found);
            }
        }
        Data::Unknown(expression) => {
            if let Some(referred) = module.referred(expression)
                && depth < 6
            {
                collect(module, referred, depth + 1, found);
            }
        }
        _ => {}
    }
}

impl Script {
    fn install(&self) -> Install {
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        match (&self.file, self.first_line) {
            (Some(file), _) => lines::read(&self.text, &lines::of_file(file), &self.variables, RULE),
            (None, Some(first)) => {
                let place = |line: usize, text: &str| {
                    let mut at = lines::of_file(&self.at.path)(line, text);
                    at.line = first + narrow(line);
                    at.end_line = at.line;
                    at
                };
                lines::read(&self.text, &place, &self.variables, RULE)
            }
            (None, None) => lines::read(&self.text, &|_, _| self.at.clone(), &self.variables, RULE),
        }
    }
}

/// Google's modules of virtual machines, which keep them.
/// Source: <https://github.com/terraform-google-modules/terraform-google-github-actions-runners>
pub(super) fn google_module(name: &str, source: &str, value: &Value) -> Option<RunnerPool> {
    const RULE: &str = "terraform-google-runner-mig";
    let container = source.contains("gh-runner-mig-container-vm");
    if !container && !source.contains("gh-runner-mig-vm") {
        return None;
    }
    let mut draft = Draft::new(RULE, name, &value.at);
    draft.pool.labels = default_labels(false);
    if let Some(labels) = value.get("gh_runner_labels") {
        draft.labels(labels.walk().into_iter().filter_map(Value::text));
    }
    let part = |key: &str| value.get(key).and_then(Value::text);
    draft.pool.scope = match (part("repo_owner"), part("repo_name")) {
        (Some(owner), Some(repository)) if !repository.is_empty() => scope_of(&format!("{owner}/{repository}")),
        (Some(owner), _) => scope_of(owner),
        _ => part("repo_url").and_then(scope_of),
    };
    draft.documented(Hosted, &value.at, "the module makes a managed group of virtual machines");
    draft.failed_by_default(
        Ephemeral,
        &value.at,
        "the module runs the agent as a service of machines that it keeps, and offers no single use",
    );
    draft.leaks(
        &value.entry("gh_token").map_or(value.at.clone(), |e| e.at.clone()),
        "the access token of the registration lies in a secret that the machine, and so a build on it, can read",
    );
    if container && let Some(dind) = value.get("dind").filter(|v| v.bool() == Some(true)) {
        draft.failed(Isolated, &dind.at, "`dind` mounts the Docker socket of the machine into the runner");
    }
    Some(draft.finish())
}
