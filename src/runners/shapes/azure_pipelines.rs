//! Agents of Azure Pipelines: elastic pools (scale sets) and Managed DevOps Pools.
//!
//! Source: <https://learn.microsoft.com/azure/devops/managed-devops-pools/configure-scaling>,
//! <https://registry.terraform.io/providers/microsoft/azuredevops/latest/docs/resources/elastic_pool>

use crate::model::{Location, RunnerPool};
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted},
};
use crate::syntax::conf::Value;

const ELASTIC: &str = "azure-pipelines-elastic-pool";
const MANAGED: &str = "azure-pipelines-managed-pool";

/// `azuredevops_elastic_pool`.
pub(in crate::runners) fn elastic(name: &str, value: &Value) -> RunnerPool {
    let shown = value.get("name").and_then(Value::text);
    let mut draft = Draft::new(ELASTIC, shown.unwrap_or(name), &value.at);
    draft.labels(shown);
    draft.documented(Hosted, &value.at, "Azure Pipelines makes virtual machines of a scale set");
    match value.get("recycle_after_each_use").map(|v| (v, v.bool(), &v.assumed)) {
        Some((v, Some(true), None)) => {
            draft.met(Ephemeral, &v.at, "`recycle_after_each_use`: a machine is made anew after each job");
        }
        Some((v, Some(false), None)) => {
            draft.failed(Ephemeral, &v.at, "`recycle_after_each_use = false`: a machine takes job after job");
        }
        Some((v, ..)) => draft.unshown(
            Ephemeral,
            &v.at,
            "the value of `recycle_after_each_use` is not visible",
            "`recycle_after_each_use = true` as a literal",
        ),
        None => draft.failed_by_default(
            Ephemeral,
            &value.at,
            "`recycle_after_each_use` is not set and off by default: a machine takes job after job",
        ),
    }
    draft.machine_decides(&value.at);
    draft.finish()
}

/// A Managed DevOps Pool, from Terraform, Bicep or ARM. Agents are stateless unless a file says otherwise.
pub(in crate::runners) fn managed(name: &str, at: &Location, value: &Value) -> RunnerPool {
    let shown = value.get("name").and_then(Value::text);
    let mut draft = Draft::new(MANAGED, shown.unwrap_or(name), at);
    draft.labels([shown.unwrap_or(name)]);
    draft.documented(Hosted, at, "Azure makes the virtual machines of a Managed DevOps Pool");
    let profile = ["agentProfile", "agent_profile"].iter().find_map(|k| value.get(k));
    let kind = profile
        .and_then(|p| p.get("kind"))
        .or_else(|| value.get("agent_profile_kind"))
        .or_else(|| value.get("agentProfileKind"));
    let stateful = ["stateful_agent", "stateful_agent_profile"].iter().find_map(|k| value.entry(k));
    match (kind.map(|k| (k, k.text())), stateful) {
        (Some((k, Some("Stateful"))), _) => {
            draft.failed(Ephemeral, &k.at, "a stateful agent is used for one job after another");
        }
        (_, Some(entry)) => {
            draft.failed(Ephemeral, &entry.at, "a stateful agent is used for one job after another");
        }
        (Some((k, Some("Stateless"))), None) if k.assumed.is_none() => {
            draft.met(Ephemeral, &k.at, "a stateless agent's machine is destroyed after one job");
        }
        (Some((k, _)), None) => {
            draft.unshown(Ephemeral, &k.at, "the kind of the agents is not visible", "the kind `Stateless`");
        }
        (None, None) if profile.is_some_and(|p| !p.is_map()) => {
            draft.unshown(Ephemeral, at, "the kind of the agents is not visible", "the kind `Stateless`");
        }
        (None, None) => {
            draft.documented(Ephemeral, at, "agents are stateless by default: a machine is destroyed after one job");
        }
    }
    draft.machine_decides(at);
    draft.finish()
}

/// The verified module of such a pool.
pub(in crate::runners) fn managed_module(name: &str, source: &str, value: &Value) -> Option<RunnerPool> {
    source.contains("avm-res-devopsinfrastructure-pool").then(|| managed(name, &value.at, value))
}
