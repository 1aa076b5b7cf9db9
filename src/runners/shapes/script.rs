//! Agents that scripts, units and user data install on a machine, and the images that such scripts run in.
//!
//! Nothing here shows whose machine it is. A file that starts several containers is several pools.

use super::{cloud_init, systemd};
use crate::model::{Evidence, Location, RunnerPool, Tri};
use crate::runners::File;
use crate::runners::facts::{image, script};
use crate::runners::verdict::machine;

/// The strings of which a file with such a definition holds one.
pub(in crate::runners) const KEYS: &[&str] = &[
    "config.sh",
    "config.cmd",
    "jitconfig",
    "registration-token",
    "actions/runner/releases",
    "svc.sh",
    "myoung34/github-runner",
    "actions-runner",
    "run.sh",
    "ExecStart",
    "ENTRYPOINT",
];

const SCRIPT: &str = "runner-script";
const IMAGE: &str = "runner-image";

/// The pools of a file.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    if name.ends_with(".service") {
        return systemd::pools(file);
    }
    if name.starts_with("Dockerfile") || name.starts_with("Containerfile") || name.ends_with(".dockerfile") {
        return dockerfile(file);
    }
    if file.text.starts_with("#cloud-config") || file.text.contains("\n#cloud-config") {
        return cloud_init::pools(file);
    }
    let script = [".sh", ".bash", ".ps1", ".cmd", ".bat", ".tpl", ".tftpl"].iter().any(|e| name.ends_with(e))
        || file.text.starts_with("#!");
    if !script {
        return Vec::new();
    }
    match script::read_file(file.path, file.text, SCRIPT) {
        Some(install) => machine::pools(file, &install, SCRIPT, name),
        None => Vec::new(),
    }
}

/// A Dockerfile whose image holds an agent. Who runs the image is shown elsewhere, or nowhere.
fn dockerfile(file: &File<'_>) -> Vec<RunnerPool> {
    let Some(image) = image::read(file.path, file.text, file.checkout, IMAGE) else { return Vec::new() };
    let Some(install) = image.install.filter(|i| i.once.is_some()) else { return Vec::new() };
    let name = file.folder().rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("runner").to_owned();
    let Some(mut pool) = machine::host(&install, IMAGE, &name) else { return Vec::new() };
    pool.location = Location::start_of(file.path);
    pool.files = image.files;
    let nowhere = Evidence::observed(&pool.location, IMAGE, "no file shows where containers of this image run");
    pool.hosted = Tri::Unshown(nowhere, "the definition that runs the image".to_owned());
    vec![pool]
}
