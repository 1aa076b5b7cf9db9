//! Pools of other platforms that Terraform makes.

use super::module::Module;
use crate::model::RunnerPool;
use crate::runners::shapes::azure_pipelines;
use crate::runners::shapes::buildkite;
use crate::runners::shapes::gitlab;
use crate::syntax::conf::Value;

/// A module.
pub(super) fn module(name: &str, source: &str, value: &Value) -> Option<RunnerPool> {
    gitlab::cattle_ops(name, source, value)
        .or_else(|| azure_pipelines::managed_module(name, source, value))
        .or_else(|| buildkite::stack_module(name, source, value))
}

/// A resource.
pub(super) fn resource(_: &Module<'_>, of: &str, name: &str, value: &Value) -> Option<RunnerPool> {
    match of {
        "azuredevops_elastic_pool" => Some(azure_pipelines::elastic(name, value)),
        "azurerm_managed_devops_pool" => Some(azure_pipelines::managed(name, &value.at, value)),
        "azapi_resource" => {
            let kind = value.get("type").and_then(Value::text)?;
            let managed = kind.split('@').next()?.eq_ignore_ascii_case("Microsoft.DevOpsInfrastructure/pools");
            managed.then(|| {
                let properties = value.path(&["body", "properties"]).unwrap_or(value);
                azure_pipelines::managed(name, &value.at, properties)
            })
        }
        "aws_cloudformation_stack" => {
            let template = value.get("template_url").and_then(Value::shown)?;
            let parameters = value.get("parameters")?;
            buildkite::stack(name, &value.at, template, parameters)
        }
        _ => None,
    }
}
