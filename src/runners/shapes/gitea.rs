//! Gitea and Forgejo runners: `config.yaml`.
//!
//! One key, two meanings: an empty `container.docker_host` makes Gitea's runner mount the Docker socket into jobs, and
//! makes Forgejo's runner mount nothing.
//! Source: <https://docs.gitea.com/usage/actions/act-runner>, <https://forgejo.org/docs/latest/admin/actions/configuration/>

use crate::model::{Evidence, RunnerPool};
use crate::runners::File;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::syntax::conf::Value;

const RULE: &str = "gitea-runner";

/// Strings of which a configuration holds one.
pub(in crate::runners) const KEYS: &[&str] = &["docker_host", "valid_volumes", "workdir_parent"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    Gitea,
    Forgejo,
    /// The file does not say.
    Either,
}

/// Which of the two a file is for: keys that only one of them has, the name, the words beside it.
fn product(file: &File<'_>, tree: &Value) -> Product {
    let path = file.path.to_ascii_lowercase();
    let has = |keys: &[&str]| tree.path(keys).is_some();
    if has(&["server", "connections"]) || has(&["container", "enable_ipv6"]) || path.contains("forgejo") {
        return Product::Forgejo;
    }
    if has(&["container", "require_docker"])
        || has(&["container", "bind_workdir"])
        || path.contains("gitea")
        || path.contains("act_runner")
        || path.contains("act-runner")
    {
        return Product::Gitea;
    }
    let beside =
        file.checkout.under(file.folder()).take(50).any(|p| {
            file.checkout.glance(p).is_ok_and(|t| t.contains("forgejo/runner") || t.contains("forgejo-runner"))
        });
    if beside { Product::Forgejo } else { Product::Either }
}

/// The runner of a configuration.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    file.trees().filter_map(|tree| pool(file, &tree)).collect()
}

fn pool(file: &File<'_>, tree: &Value) -> Option<RunnerPool> {
    let runner = tree.get("runner").filter(|r| r.is_map())?;
    let container = tree.get("container").filter(|c| c.is_map());
    let known = runner.get("capacity").is_some() || runner.get("labels").is_some();
    container.filter(|_| known)?;
    let at = &tree.entry("runner")?.at;
    let mut draft = Draft::new(RULE, file.path.rsplit('/').next().unwrap_or_default(), at);
    draft.unshown(
        Hosted,
        at,
        "the runner works on a host that no file shows",
        "the definition of the host, or a runner in a pod or machine that is made for one job",
    );
    let labels: Vec<&Value> = runner.get("labels").map(|l| l.items().iter().collect()).unwrap_or_default();
    draft.labels(labels.iter().filter_map(|l| l.text()?.split(':').next()));
    if let Some(host) = labels.iter().find(|l| l.text().is_some_and(|l| l.ends_with(":host"))) {
        draft.failed(Ephemeral, &host.at, "jobs of this label run on the host itself, without a container");
        draft.failed(Isolated, &host.at, "jobs of this label run on the host itself, without a container");
    }
    // The container of a job is new, but the daemon and the runner's folders are not.
    draft.unshown(
        Ephemeral,
        at,
        "each job has a container of its own on a host that stays",
        "a runner that is registered for one job, in a pod or machine that is destroyed after it",
    );
    if let Some(container) = container {
        isolation(&mut draft, container, product(file, tree));
    }
    if let Some(capacity) = runner.get("capacity").filter(|c| c.int().is_some_and(|c| c > 1)) {
        draft.failed(Isolated, &capacity.at, "jobs that overlap share one container daemon");
    }
    let cache = tree.get("cache");
    match cache.and_then(|c| c.get("enabled")) {
        Some(enabled) if enabled.bool() == Some(false) => {}
        other => {
            let place = other.or(cache).map_or(at, |v| &v.at);
            let note = "the runner's own cache, on by default, hands files of one job to the next";
            draft.pool.caches.push(Evidence::documented(place, RULE, note));
        }
    }
    draft.unshown(Isolated, at, "jobs share the container daemon of a host", "a pod or machine for each job");
    Some(draft.finish())
}

fn isolation(draft: &mut Draft, container: &Value, product: Product) {
    if let Some(value) = container.get("privileged").filter(|v| v.bool() == Some(true)) {
        draft.failed(Isolated, &value.at, "`privileged`: containers of jobs control the host");
    }
    if let Some(value) = container.get("network").filter(|v| v.text() == Some("host")) {
        draft.failed(Isolated, &value.at, "jobs share the host's network");
    }
    if let Some(value) = container
        .get("valid_volumes")
        .and_then(|v| v.items().iter().find(|i| matches!(i.text(), Some("**" | "/**" | "/"))))
    {
        draft.failed(Isolated, &value.at, "a job may mount any folder of the host");
    }
    if let Some(value) = container.get("tool_cache_mode").filter(|v| v.text() == Some("shared")) {
        draft.lasting(&value.at, "jobs share one store of tools");
    }
    let host = container.get("docker_host");
    let at = host.map_or(&container.at, |h| &h.at);
    let text = match host {
        None => Some(""),
        Some(h) if h.is_null() => Some(""),
        Some(h) => h.text(),
    };
    match (text, product) {
        (Some("-"), _) => {}
        (Some(""), Product::Forgejo) => {}
        (Some("automount"), _) => draft.failed(Isolated, at, "`automount` mounts the Docker socket into jobs"),
        (Some(""), Product::Gitea) => draft.failed_by_default(
            Isolated,
            at,
            "an empty `docker_host` makes Gitea's runner mount the Docker socket into jobs",
        ),
        (Some(""), Product::Either) => draft.unshown(
            Isolated,
            at,
            "an empty `docker_host` mounts the Docker socket into jobs with Gitea's runner, and not with Forgejo's",
            "`docker_host: \"-\"`",
        ),
        (Some(_), Product::Gitea | Product::Either) => {
            draft.failed(Isolated, at, "the address of the container daemon is handed to jobs");
        }
        _ => draft.unshown(Isolated, at, "what `docker_host` hands to jobs is not visible", "`docker_host: \"-\"`"),
    }
}
