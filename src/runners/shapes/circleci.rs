//! CircleCI: the container agent's Helm values, and machine runner 3.
//!
//! Source: <https://circleci.com/docs/container-runner/>, <https://circleci.com/docs/machine-runner-3-configuration-reference/>

use crate::model::RunnerPool;
use crate::runners::File;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::runners::verdict::pod;
use crate::syntax::conf::Value;

const CONTAINER: &str = "circleci-container-runner";
const MACHINE: &str = "circleci-machine-runner";

/// Strings of which a configuration holds one.
pub(in crate::runners) const KEYS: &[&str] = &["resourceClasses", "auth_token"];

/// The runners of a YAML file.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let mut pools = Vec::new();
    for tree in file.trees() {
        if let Some(agent) = tree.get("agent").filter(|a| a.get("resourceClasses").is_some_and(Value::is_map)) {
            pools.extend(agent.all("resourceClasses").flat_map(Value::entries).map(|class| {
                let mut draft = Draft::new(CONTAINER, class.key.as_str(), &class.at);
                draft.labels([class.key.as_str()]);
                draft.documented(Hosted, &class.at, "the agent makes pods of a Kubernetes cluster");
                draft.documented(Ephemeral, &class.at, "the agent makes a pod for each task");
                pod::judge(&mut draft, class.value.get("spec").unwrap_or(&class.value));
                if let Some(ssh) = agent.path(&["ssh", "enabled"]).filter(|v| v.bool() == Some(true)) {
                    draft.note("runner-ssh", &ssh.at, "people can open a session in a task while it builds");
                }
                draft.met(Isolated, &class.at, "no privileged container, no host namespace and no shared volume");
                draft.finish()
            }));
        }
        pools.extend(machine(&tree));
    }
    pools
}

fn machine(tree: &Value) -> Option<RunnerPool> {
    let token = tree.path(&["api", "auth_token"])?;
    let runner = tree.get("runner").filter(|r| r.is_map())?;
    let at = &tree.entry("runner")?.at;
    let name = runner.get("name").and_then(Value::text).unwrap_or("machine runner");
    let mut draft = Draft::new(MACHINE, name, at);
    draft.unshown(Hosted, at, "the runner works on a host that no file shows", "the definition of the host");
    match runner.get("mode").map(|m| (m, m.text())) {
        Some((mode, Some("single-task"))) => draft.unshown(
            Ephemeral,
            &mode.at,
            "the runner ends after one task, but the disposal of its host is not shown",
            "a machine or pod that is destroyed after one task",
        ),
        Some((mode, Some(_))) => draft.failed(Ephemeral, &mode.at, "the runner takes task after task"),
        Some((mode, None)) => {
            draft.unshown(
                Ephemeral,
                &mode.at,
                "the mode is not visible",
                "`mode: single-task`, and a machine that is destroyed",
            );
        }
        None => draft.failed_by_default(
            Ephemeral,
            at,
            "the mode is `continuous` by default: the runner takes task after task",
        ),
    }
    draft.credential(&token.at, "the token of the resource class stands in the runner's configuration");
    Some(draft.finish())
}
