//! Agents that are set by the environment of their container: Woodpecker, Drone, Bitbucket, TeamCity, in compose files
//! and in Kubernetes manifests.
//!
//! Source: <https://woodpecker-ci.org/docs/administration/configuration/agent>, <https://docs.drone.io/runner/>,
//! <https://support.atlassian.com/bitbucket-cloud/docs/runners/>, <https://hub.docker.com/r/jetbrains/teamcity-agent>

use crate::model::{Location, RunnerPool};
use crate::runners::File;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::runners::verdict::pod;
use crate::syntax::conf::Value;

/// Strings of which such a file holds one.
pub(in crate::runners) const KEYS: &[&str] = &[
    "woodpecker-agent",
    "drone/drone-runner",
    "bitbucket-pipelines-runner",
    "jetbrains/teamcity-agent",
    "jetbrains/teamcity-minimal-agent",
    "gitlab/gitlab-runner",
    "gitlab-org/gitlab-runner",
];

/// The agents of a compose file or a manifest.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let mut pools = Vec::new();
    for tree in file.trees() {
        for service in tree.get("services").map(Value::entries).unwrap_or_default() {
            pools.extend(agent(&service.key, &service.at, &service.value, None));
        }
        let name = tree.path(&["metadata", "name"]).and_then(Value::text).unwrap_or("agent");
        for spec in tree.walk().into_iter().filter(|v| v.get("containers").is_some()) {
            for container in spec.all("containers") {
                pools.extend(agent(name, &container.at, container, Some(spec)));
            }
        }
    }
    pools
}

/// Variables in both forms of compose, and in that of Kubernetes.
fn variable<'v>(container: &'v Value, name: &str) -> Option<(&'v Location, String)> {
    for block in [container.get("environment"), container.get("env")].into_iter().flatten() {
        if let Some(entry) = block.entry(name) {
            return Some((&entry.at, entry.value.shown().unwrap_or_default().to_owned()));
        }
        for item in block.items() {
            if let Some((key, value)) = item.shown().and_then(|t| t.split_once('='))
                && key == name
            {
                return Some((&item.at, value.to_owned()));
            }
            if item.get("name").and_then(Value::text) == Some(name) {
                return Some((&item.at, item.get("value").and_then(Value::shown).unwrap_or_default().to_owned()));
            }
        }
    }
    None
}

fn agent(name: &str, at: &Location, container: &Value, pod: Option<&Value>) -> Option<RunnerPool> {
    let image = container.get("image")?.shown()?;
    let has = |part: &str| image.contains(part);
    let shape = if has("woodpecker-agent") {
        "woodpecker-agent"
    } else if has("drone/drone-runner") {
        "drone-runner"
    } else if has("bitbucket-pipelines-runner") {
        "bitbucket-runner"
    } else if has("gitlab/gitlab-runner") || has("gitlab-org/gitlab-runner") {
        "gitlab-runner-container"
    } else if has("jetbrains/teamcity-agent") || has("jetbrains/teamcity-minimal-agent") {
        "teamcity-agent"
    } else {
        return None;
    };
    let get = |name: &str| variable(container, name);
    let mut draft = Draft::new(shape, name, at);
    match pod {
        Some(_) => draft.documented(Hosted, at, "the agent runs in a Kubernetes cluster"),
        None => draft.unshown(Hosted, at, "the agent works on a host that no file shows", "the definition of the host"),
    }
    match shape {
        "woodpecker-agent" => woodpecker(&mut draft, at, &get),
        "gitlab-runner-container" => gitlab(&mut draft, at, container, &get),
        "drone-runner" => {
            if has("drone-runner-kube") {
                draft.documented(Ephemeral, at, "the runner makes a pod for each pipeline");
                draft.documented(Isolated, at, "pods of pipelines are not privileged by default");
            } else if has("drone-runner-exec") || has("drone-runner-ssh") {
                draft.failed(Ephemeral, at, "pipelines run on a host that stays");
            } else {
                draft.unshown(
                    Ephemeral,
                    at,
                    "pipelines have containers of their own on a host that stays",
                    "the runner for Kubernetes",
                );
            }
            if let Some((place, _)) = get("DRONE_RUNNER_VOLUMES") {
                draft.lasting(place, "pipelines share a folder of the host");
            }
            if let Some((place, _)) = get("DRONE_RUNNER_PRIVILEGED_IMAGES") {
                draft.failed(Isolated, place, "images of pipelines are privileged on the host");
            }
        }
        "bitbucket-runner" => {
            draft.failed_by_default(Ephemeral, at, "the runner takes one step after another on the daemon of its host");
            if let Some((place, _)) = get("OAUTH_CLIENT_SECRET") {
                draft.credential(place, "the runner's lasting secret stands in its environment");
            }
        }
        _ => {
            draft.failed_by_default(Ephemeral, at, "the agent takes one build after another");
            if let Some((place, value)) = get("DOCKER_IN_DOCKER")
                && value == "start"
            {
                draft.failed(Isolated, place, "a privileged Docker daemon runs beside the builds");
            }
        }
    }
    // A manager that makes pods elsewhere runs no job beside itself.
    let manager = shape == "gitlab-runner-container" && draft.is_met(Ephemeral);
    if !manager {
        host_reach(&mut draft, container);
        if let Some(spec) = pod {
            pod::judge(&mut draft, spec);
        }
    }
    if draft.on(Isolated).is_none() {
        draft.unshown(Isolated, at, "nothing shows that builds are kept apart", "a pod or machine for each build");
    }
    Some(draft.finish())
}

/// GitLab Runner that registers itself by its environment or command. Where its configuration is a file, that file is a
/// pool of its own, and the container says nothing more.
/// Source: <https://docs.gitlab.com/runner/commands/#gitlab-runner-register>
fn gitlab<'v>(
    draft: &mut Draft,
    at: &Location,
    container: &'v Value,
    get: &dyn Fn(&str) -> Option<(&'v Location, String)>,
) {
    let words: Vec<(&Location, &str)> = ["entrypoint", "command", "args"]
        .into_iter()
        .flat_map(|key| container.all(key))
        .filter_map(|v| Some((&v.at, v.shown()?)))
        .flat_map(|(at, text)| text.split_whitespace().map(move |word| (at, word)))
        .collect();
    let option = |name: &str| {
        let found = words.iter().enumerate().find_map(|(index, (at, word))| match word.strip_prefix(name)? {
            "" => words.get(index + 1).map(|(_, value)| (*at, (*value).to_owned())),
            rest => rest.strip_prefix('=').map(|value| (*at, value.to_owned())),
        });
        found.map(|(at, value)| (at, value.trim_matches(['"', '\'']).to_owned()))
    };
    if let Some((_, tags)) = get("RUNNER_TAG_LIST").or_else(|| option("--tag-list")) {
        draft.labels([tags.as_str()]);
    }
    let executor = get("RUNNER_EXECUTOR").or_else(|| option("--executor"));
    match executor.as_ref().map(|(place, name)| (*place, name.as_str())) {
        Some((place, "shell" | "ssh")) => draft.failed(Ephemeral, place, "jobs run as one user of a host that stays"),
        Some((place, "docker" | "docker-windows")) => draft.failed(
            Ephemeral,
            place,
            "each job has a container of its own, but the volumes of `/builds` and `/cache` and the host's daemon stay",
        ),
        Some((place, "kubernetes")) => draft.met(Ephemeral, place, "the Kubernetes executor makes a pod for each job"),
        Some((place, _)) => draft.unshown(Ephemeral, place, "the executor is not visible", "a literal executor"),
        None => draft.unshown(
            Ephemeral,
            at,
            "nothing here shows which executor the runner has",
            "its `config.toml`, with an executor that makes a pod or a machine for each job",
        ),
    }
    let privileged = get("DOCKER_PRIVILEGED").filter(|(_, value)| value == "true");
    if let Some((place, _)) = privileged {
        draft.failed(Isolated, place, "`privileged`: containers of jobs control the host");
    }
}

fn woodpecker<'v>(draft: &mut Draft, at: &Location, get: &dyn Fn(&str) -> Option<(&'v Location, String)>) {
    let labels = get("WOODPECKER_AGENT_LABELS").or_else(|| get("WOODPECKER_FILTER_LABELS"));
    if let Some((_, labels)) = labels {
        draft.labels([labels.as_str()]);
    }
    let backend = get("WOODPECKER_BACKEND");
    match backend.as_ref().map(|(place, name)| (*place, name.as_str())) {
        Some((place, "kubernetes")) => {
            draft.met(Ephemeral, place, "the backend makes pods and a volume for each pipeline");
            if get("WOODPECKER_BACKEND_K8S_SERVICE_ACCOUNT_NAME_ALLOW_FROM_STEP").is_some_and(|(_, v)| v == "true") {
                draft.failed(Isolated, place, "a step may choose the service account of its pod");
            }
            draft.documented(Isolated, place, "pods of steps are not privileged by default");
        }
        Some((place, "local")) => draft.failed(Ephemeral, place, "pipelines run on the agent's host itself"),
        _ => match get("WOODPECKER_AGENT_SINGLE_WORKFLOW") {
            Some((place, value)) if value == "true" => draft.unshown(
                Ephemeral,
                place,
                "the agent ends after one workflow, but the disposal of its host is not shown",
                "the backend `kubernetes`",
            ),
            _ => draft.failed_by_default(
                Ephemeral,
                at,
                "`WOODPECKER_AGENT_SINGLE_WORKFLOW` is off by default: the agent takes one workflow after another",
            ),
        },
    }
    for name in ["WOODPECKER_PLUGINS_PRIVILEGED", "WOODPECKER_ESCALATE"] {
        if let Some((place, _)) = get(name).filter(|(_, v)| !v.is_empty()) {
            draft.failed(Isolated, place, "plugins are privileged on the host");
        }
    }
    if let Some((place, _)) = get("WOODPECKER_BACKEND_DOCKER_VOLUMES") {
        draft.lasting(place, "workflows share a folder of the host");
    }
}

/// What a compose service may reach on its host.
fn host_reach(draft: &mut Draft, container: &Value) {
    if let Some(value) = container.get("privileged").filter(|v| v.bool() == Some(true)) {
        draft.failed(Isolated, &value.at, "the agent's container controls its host");
    }
    for volume in container.all("volumes") {
        let source = volume.get("source").and_then(Value::text).or_else(|| volume.text()).unwrap_or_default();
        if source.split(':').next().is_some_and(|s| s.ends_with(".sock")) {
            draft.failed(Isolated, &volume.at, "the container runtime's socket of the host is in the agent's hands");
        }
    }
    for key in ["network_mode", "pid"] {
        if let Some(value) = container.get(key).filter(|v| v.text() == Some("host")) {
            draft.failed(Isolated, &value.at, "the agent shares a namespace of its host");
        }
    }
}
