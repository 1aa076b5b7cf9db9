//! One `[[runners]]` table: what decides is the executor.

use crate::model::{Evidence, Location};
use crate::runners::is_strong_capability;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::runners::verdict::pod;
use crate::syntax::conf::{Data, Value, yaml};

/// One `[[runners]]` table.
pub(super) fn one(draft: &mut Draft, runner: &Value, concurrent: Option<i64>) {
    let Some(executor) = runner.get("executor") else { return };
    let docker = runner.get("docker");
    match executor.text() {
        Some("kubernetes") => kubernetes(draft, runner.get("kubernetes"), &executor.at),
        Some("docker+machine" | "docker-machine") => {
            draft.documented(Hosted, &executor.at, "the runner makes its virtual machines in a cloud");
            machine_uses(draft, &executor.at, runner.path(&["machine", "MaxBuilds"]), "MaxBuilds");
            draft.note("runner-deprecated", &executor.at, "Docker Machine is deprecated since GitLab Runner 17.5");
            on_machines(draft, runner, docker, &executor.at);
        }
        Some("docker-autoscaler" | "instance") => {
            draft.documented(Hosted, &executor.at, "the runner makes its virtual machines in a cloud");
            autoscaler(draft, runner.get("autoscaler"), &executor.at);
            on_machines(draft, runner, docker, &executor.at);
        }
        Some("docker" | "docker-windows") => {
            own_host(draft, &executor.at);
            draft.failed_by_default(
                Ephemeral,
                &executor.at,
                "each job has a container of its own, but the volumes of `/builds` and `/cache` and the host's daemon stay",
            );
            shared_docker(draft, docker);
            let limit = runner.get("limit").and_then(Value::int).filter(|l| *l > 0);
            if limit.or(concurrent) != Some(1) {
                draft.failed(Isolated, &executor.at, "jobs that overlap share one container daemon");
            }
            draft.unshown(
                Isolated,
                &executor.at,
                "builds share the container daemon of a host",
                "a machine or pod per job",
            );
        }
        Some("shell" | "ssh") => {
            own_host(draft, &executor.at);
            draft.failed(Ephemeral, &executor.at, "jobs run as one user of a host that stays");
            draft.failed(Isolated, &executor.at, "jobs run as one user of a host, and can read the runner's token");
        }
        Some("custom") => {
            own_host(draft, &executor.at);
            let cleanup = runner.path(&["custom", "cleanup_exec"]);
            let note = match cleanup {
                Some(_) => "a script makes and removes the environment, and what it does is not shown",
                None => "no script removes what a job leaves",
            };
            let at = cleanup.map_or(&executor.at, |c| &c.at);
            draft.unshown(Ephemeral, at, note, "an executor that destroys the machine after one job");
        }
        Some("virtualbox" | "parallels") => {
            own_host(draft, &executor.at);
            let note = "a virtual machine is reverted for each job, and no file shows that it is";
            draft.unshown(Ephemeral, &executor.at, note, "an executor that destroys the machine after one job");
        }
        _ => {
            own_host(draft, &executor.at);
            draft.unshown(Ephemeral, &executor.at, "the executor is not visible", "a literal `executor`");
        }
    }
    caches(draft, runner);
}

fn own_host(draft: &mut Draft, at: &Location) {
    draft.unshown(
        Hosted,
        at,
        "the runner works on a host that no file shows",
        "a Kubernetes or autoscaling executor, or the definition of the host",
    );
}

/// `MaxBuilds`, `max_use_count`: nothing or zero is without limit.
pub(super) fn machine_uses(draft: &mut Draft, at: &Location, value: Option<&Value>, key: &str) {
    match value.map(|v| (v, v.int())) {
        Some((v, Some(_))) if v.assumed.is_some() => {
            let note = format!("`{key}` comes from a variable that the caller may set otherwise");
            draft.unshown(Ephemeral, &v.at, note, format!("`{key} = 1` as a literal"));
        }
        Some((v, Some(1))) => draft.met(Ephemeral, &v.at, format!("`{key} = 1`: a machine takes one job")),
        Some((v, Some(0))) => {
            draft.failed(Ephemeral, &v.at, format!("`{key} = 0`: a machine takes any number of jobs"))
        }
        Some((v, Some(_))) => draft.failed(Ephemeral, &v.at, format!("`{key}` lets a machine take several jobs")),
        Some((v, None)) => {
            draft.unshown(Ephemeral, &v.at, format!("the value of `{key}` is not visible"), format!("`{key} = 1`"));
        }
        None => {
            let note = format!("`{key}` is not set: without it a machine takes any number of jobs");
            draft.failed_by_default(Ephemeral, at, note);
        }
    }
}

fn autoscaler(draft: &mut Draft, autoscaler: Option<&Value>, at: &Location) {
    let get = |key: &str| autoscaler.and_then(|a| a.get(key));
    if let Some(nested) = get("vm_isolation").and_then(|v| v.get("enabled")).filter(|v| v.bool() == Some(true)) {
        draft.met(Ephemeral, &nested.at, "each job has a virtual machine inside of the instance");
        return;
    }
    let at = autoscaler.map_or(at, |a| &a.at);
    machine_uses(draft, at, get("max_use_count"), "max_use_count");
    match get("capacity_per_instance").map(|v| (v, v.int())) {
        Some((_, Some(1))) => {}
        Some((v, Some(_))) => {
            draft.failed(Isolated, &v.at, "`capacity_per_instance` puts jobs that overlap on one machine");
            draft.failed(Ephemeral, &v.at, "`capacity_per_instance` puts several jobs on one machine");
        }
        Some((v, None)) => draft.unshown(
            Ephemeral,
            &v.at,
            "the value of `capacity_per_instance` is not visible",
            "`capacity_per_instance = 1`",
        ),
        // One is the default.
        None => {}
    }
}

/// Executors with machines: what Docker may do matters only where jobs share the machine.
fn on_machines(draft: &mut Draft, runner: &Value, docker: Option<&Value>, at: &Location) {
    if !draft.is_met(Ephemeral) {
        shared_docker(draft, docker);
    } else if let Some(value) = docker.and_then(|d| d.get("privileged")).filter(|v| v.bool() == Some(true)) {
        draft.note(
            "runner-privileged",
            &value.at,
            "privileged containers in a machine of their own: least privilege would do without",
        );
    }
    if let Some(common) = runner.path(&["instance", "use_common_build_dir"]).filter(|v| v.bool() == Some(true)) {
        draft.failed(Isolated, &common.at, "jobs share one build folder");
    }
    draft.machine_decides(at);
}

/// `[runners.docker]` on a host that jobs share.
fn shared_docker(draft: &mut Draft, docker: Option<&Value>) {
    let Some(docker) = docker else { return };
    for key in ["privileged", "services_privileged"] {
        if let Some(value) = docker.get(key).filter(|v| v.bool() == Some(true)) {
            draft.failed(Isolated, &value.at, format!("`{key}`: containers of jobs control the host"));
        }
    }
    for (key, what) in [
        ("network_mode", "the host's network"),
        ("pid_mode", "the host's processes"),
        ("ipcmode", "the host's memory"),
        ("userns_mode", "the host's users"),
    ] {
        if let Some(value) = docker.get(key).filter(|v| v.text() == Some("host")) {
            draft.failed(Isolated, &value.at, format!("jobs share {what}"));
        }
    }
    if let Some(value) =
        docker.get("cap_add").and_then(|c| c.items().iter().find(|v| v.text().is_some_and(is_strong_capability)))
    {
        draft.failed(Isolated, &value.at, "jobs have capabilities that reach the host");
    }
    if let Some(value) = docker
        .get("security_opt")
        .and_then(|c| c.items().iter().find(|v| v.text().is_some_and(|t| t.contains("unconfined"))))
    {
        draft.failed(Isolated, &value.at, "jobs run unconfined on the host");
    }
    for volume in docker.get("volumes").map(Value::items).unwrap_or_default() {
        let Some((host, _)) = volume.text().and_then(|v| v.split_once(':')) else { continue };
        if host.ends_with(".sock") {
            draft.failed(Isolated, &volume.at, "the container runtime's socket of the host is mounted into jobs");
        } else {
            draft.lasting(&volume.at, "jobs share a volume of the host");
        }
    }
}

/// `[runners.kubernetes]`: a pod for each job.
pub(super) fn kubernetes(draft: &mut Draft, settings: Option<&Value>, at: &Location) {
    draft.documented(Hosted, at, "the runner makes pods of a Kubernetes cluster");
    draft.documented(Ephemeral, at, "the Kubernetes executor makes a pod for each job");
    let Some(settings) = settings else {
        draft.documented(Isolated, at, "pods of jobs are not privileged and share no volume by default");
        return;
    };
    if let Some(value) = settings.get("privileged").filter(|v| v.bool() == Some(true)) {
        draft.failed(Isolated, &value.at, "`privileged`: pods of jobs control the node that they share");
    }
    if let Some(value) = settings.get("privileged").filter(|v| v.bool().is_none()) {
        draft.unshown(Isolated, &value.at, "the value of `privileged` is not visible", "`privileged = false`");
    }
    for overwrite in settings.entries().iter().filter(|e| e.key.ends_with("_overwrite_allowed")) {
        let reach = ["service_account", "bearer_token", "namespace"].iter().any(|k| overwrite.key.starts_with(k));
        if reach && overwrite.value.text().is_some_and(|t| !t.is_empty() && t != "false") {
            draft.failed(Isolated, &overwrite.at, format!("`{}` lets a job choose rights of its own", overwrite.key));
        }
    }
    let Some(volumes) = settings.get("volumes") else {
        pod_spec(draft, settings);
        draft.met(Isolated, at, "pods of jobs are not privileged and share no volume");
        return;
    };
    for volume in volumes.all("host_path") {
        let path = volume.get("host_path").or_else(|| volume.get("mount_path")).and_then(Value::text);
        if path.is_some_and(|p| p.ends_with(".sock")) {
            draft.failed(Isolated, &volume.at, "the container runtime's socket of the node is mounted into jobs");
        } else if volume.get("read_only").and_then(Value::bool) != Some(true) {
            draft.lasting(&volume.at, "a folder of the node is mounted into jobs");
        }
    }
    for volume in volumes.all("pvc").chain(volumes.all("nfs")) {
        if volume.get("read_only").and_then(Value::bool) != Some(true) {
            draft.lasting(&volume.at, "a volume is mounted into jobs that one leaves to the next");
        }
    }
    pod_spec(draft, settings);
    draft.met(Isolated, at, "pods of jobs are not privileged and share no volume");
}

/// `[[runners.kubernetes.pod_spec]]` patches the pod with YAML or JSON in a string.
fn pod_spec(draft: &mut Draft, settings: &Value) {
    for patch in settings.all("pod_spec") {
        let Some(text) = patch.get("patch") else { continue };
        let documents = text.text().and_then(|t| yaml(&text.at.path, t)).unwrap_or_default();
        for mut document in documents {
            place_all(&mut document, &text.at);
            pod::judge(draft, &document);
        }
    }
}

/// Values of a text inside of another text stand at its place.
fn place_all(value: &mut Value, at: &Location) {
    value.at = at.clone();
    match &mut value.data {
        Data::List(items) => items.iter_mut().for_each(|v| place_all(v, at)),
        Data::Map(entries) => entries.iter_mut().for_each(|e| {
            e.at = at.clone();
            place_all(&mut e.value, at);
        }),
        _ => {}
    }
}

pub(super) fn caches(draft: &mut Draft, runner: &Value) {
    if let Some(shared) = runner.path(&["cache", "Shared"]).filter(|v| v.bool() == Some(true)) {
        draft.pool.caches.push(Evidence::observed(&shared.at, draft.pool.shape, "runners share one store of caches"));
    }
}
