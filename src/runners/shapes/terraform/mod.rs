//! Terraform and OpenTofu.

mod aws_runners;
mod charts;
mod cloud_jobs;
mod module;
mod services;
mod vm;

use crate::model::RunnerPool;
use crate::runners::File;
use crate::syntax::conf::Value;

use module::Module;

pub(in crate::runners) use aws_runners::{TEMPLATE_KEYS, template};

/// Strings of which a Terraform file that defines runners holds one.
pub(in crate::runners) const KEYS: &[&str] = &[
    "github-runner",
    "github-actions-runner",
    "actions-runner",
    "gh-runner",
    "gh_runner",
    "gha-runner",
    "github_runner",
    "multi_runner_config",
    "gitlab-runner",
    "azure-pipelines",
    "WORKFLOW_JOB_QUEUED",
    "azuredevops_elastic_pool",
    "managed_devops_pool",
    "buildkite",
    "user_data",
    "custom_data",
    "user-data",
    "startup_script",
    "startup-script",
    "remote-exec",
];

/// The pools of a Terraform file.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    if !name.ends_with(".tf") && !name.ends_with(".tofu") {
        return Vec::new();
    }
    let Some(module) = Module::read(file) else { return Vec::new() };
    let mut pools = Vec::new();
    for (_, name, value) in module.of("module") {
        let source = value.get("source").and_then(Value::shown).unwrap_or_default().to_ascii_lowercase();
        pools.extend(aws_runners::pools(&module, name, &source, value));
        pools.extend(charts::google_gke(&module, name, &source, value));
        pools.extend(services::module(name, &source, value));
        pools.extend(vm::google_module(name, &source, value));
    }
    for (of, name, value) in module.of("resource") {
        pools.extend(vm::resource(&module, of, name, value));
        pools.extend(cloud_jobs::resource(&module, of, name, value));
        pools.extend(charts::helm_release(&module, of, name, value));
        pools.extend(services::resource(&module, of, name, value));
    }
    for (_, name, value) in module.of("module") {
        pools.extend(vm::module(&module, name, value));
    }
    pools
}
