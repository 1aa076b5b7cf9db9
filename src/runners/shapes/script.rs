//! Agents that scripts, units and user data install on a machine, and the images that such scripts run in.
//!
//! Nothing here shows whose machine it is. A file that starts several containers is several pools.

use std::sync::Arc;

use crate::commands::Shell;
use crate::model::{Evidence, Location, RunnerPool, Tri};
use crate::runners::facts::docker;
use crate::runners::facts::install::{self, Install, Source};
use crate::runners::facts::registration::{Once, quoted};
use crate::runners::{File, default_labels, is_open, labels_of, scope_of};
use crate::syntax::yaml::{Node, parse};

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
const UNIT: &str = "runner-systemd";
const CLOUD: &str = "runner-cloud-init";
const IMAGE: &str = "runner-image";
/// An agent of Azure Pipelines, wherever it is installed.
const AZURE: &str = "azure-pipelines-script";

/// The pools of a file.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    if name.ends_with(".service") {
        return unit(file);
    }
    if name.starts_with("Dockerfile") || name.starts_with("Containerfile") || name.ends_with(".dockerfile") {
        return dockerfile(file);
    }
    if file.text.starts_with("#cloud-config") || file.text.contains("\n#cloud-config") {
        return cloud_init(file);
    }
    let script = [".sh", ".bash", ".ps1", ".cmd", ".bat", ".tpl", ".tftpl"].iter().any(|e| name.ends_with(e))
        || file.text.starts_with("#!");
    if !script {
        return Vec::new();
    }
    match install::read_file(file.path, file.text, SCRIPT) {
        Some(install) => of_install(file, install, SCRIPT, name),
        None => Vec::new(),
    }
}

/// The pools of one script.
fn of_install(file: &File<'_>, install: Install, rule: &'static str, name: &str) -> Vec<RunnerPool> {
    let mut found: Vec<RunnerPool> =
        install.runs.iter().filter_map(|run| docker::pool(run, None, file, rule)).collect();
    // The agent itself is on the machine only when the script registers or runs it there.
    if install.once.is_some() || install.service.is_some() && install.location.is_some() {
        found.extend(host(&install, rule, name));
    }
    found
}

/// An agent on the machine itself.
fn host(install: &Install, rule: &'static str, name: &str) -> Option<RunnerPool> {
    let location = install.location.clone()?;
    let mut labels = match (install.defaults, install.windows) {
        (true, true) => ["self-hosted", "windows", "x64"].map(str::to_owned).to_vec(),
        (true, false) => default_labels(false),
        (false, _) => Vec::new(),
    };
    labels.extend(install.labels.as_deref().map(labels_of).unwrap_or_default());
    let hosted = Evidence::observed(&location, rule, "an agent on a machine that no file shows");
    let apart = match &install.long_lived {
        Some(evidence) => Tri::Failed(evidence.clone()),
        None => Tri::Unshown(
            Evidence::observed(
                &location,
                rule,
                "builds run as a user of the machine, and nothing shows what else runs there",
            ),
            "a machine or pod of its own for each job".to_owned(),
        ),
    };
    Some(RunnerPool {
        labels,
        group: install.group.clone().filter(|g| !is_open(g)),
        scope: install.url.as_deref().filter(|_| !install.azure).and_then(scope_of),
        hosted: Tri::Unshown(
            hosted,
            "the definition of the machine as managed infrastructure, or a managed pool".to_owned(),
        ),
        ephemeral: ephemeral(install, &location, rule),
        isolated: apart,
        credentials: install.long_lived.iter().cloned().collect(),
        ..RunnerPool::new(if install.azure { AZURE } else { rule }, name, &location)
    })
}

fn ephemeral(install: &Install, location: &Location, rule: &'static str) -> Tri {
    if let Some(evidence) = install.service.as_ref().or(install.looped.as_ref()) {
        return Tri::Failed(evidence.clone());
    }
    match (&install.once, &install.destroyed, &install.stopped) {
        (Some(Once::No(evidence)), ..) => Tri::Failed(evidence.clone()),
        (Some(Once::Yes(_)), Some(evidence), _) => Tri::Met(Evidence {
            note: format!("the agent registers for one job, and {}", evidence.note),
            ..evidence.clone()
        }),
        (Some(Once::Yes(_)), None, Some(evidence)) => Tri::Unshown(
            Evidence {
                note: format!("{}, but nothing shows that its disk is thrown away", evidence.note),
                ..evidence.clone()
            },
            "a machine that is deleted after the job".to_owned(),
        ),
        (Some(Once::Yes(evidence)), None, None) => Tri::Unshown(
            Evidence {
                note: format!("{}: single-use registration is shown, disposal of the host is not", evidence.note),
                ..evidence.clone()
            },
            "a machine that is deleted after the job".to_owned(),
        ),
        (Some(Once::Hidden(evidence)), ..) => Tri::Unshown(
            evidence.clone(),
            "`--ephemeral` or a just-in-time configuration, and a machine that is deleted after the job".to_owned(),
        ),
        (None, ..) => RunnerPool::new(rule, "", location).ephemeral,
    }
}

/// A systemd unit.
fn unit(file: &File<'_>) -> Vec<RunnerPool> {
    let mut starts: Vec<(usize, usize, &str)> = Vec::new();
    let mut restart: Option<(String, Location)> = None;
    let mut secret: Option<Evidence> = None;
    let mut offset = 0;
    for line in file.text.split_inclusive('\n') {
        let (from, trimmed) = (offset, line.trim());
        offset += line.len();
        let at = || install::place(file.path, file.text, from, from + line.trim_end().len());
        let Some((key, value)) = trimmed.split_once('=') else { continue };
        match key.trim() {
            "ExecStart" | "ExecStartPre" | "ExecStopPost" => {
                starts.push((from, from + line.trim_end().len(), value.trim()))
            }
            "Restart" if !matches!(value.trim(), "no" | "") => restart = Some((value.trim().to_owned(), at())),
            "Environment" => {
                let name = value.trim().trim_matches('"').split('=').next().unwrap_or_default();
                if ["GITHUB_TOKEN", "GITHUB_PAT", "GH_TOKEN", "ACCESS_TOKEN", "PAT", "APP_PRIVATE_KEY"].contains(&name)
                {
                    let note = format!("`{name}` stands in the unit's environment, and every build can read it");
                    secret.get_or_insert(Evidence::observed(&at(), UNIT, note));
                }
            }
            _ => {}
        }
    }
    let mut found: Vec<RunnerPool> = Vec::new();
    for (from, to, command) in starts {
        let at = install::place(file.path, file.text, from, to);
        let command = command.trim_start_matches(['-', '@', '+', '!', ':']);
        let mut files: Vec<Arc<str>> = Vec::new();
        let mut read = install::read_line(command, &at, UNIT);
        if read.is_none() {
            // A script of the checkout, by its name: where units find it on the machine is not where it lies here.
            for word in command.split_whitespace() {
                let base = word.rsplit('/').next().unwrap_or(word);
                if !base.ends_with(".sh") {
                    continue;
                }
                let script = file.sibling(base).or_else(|| {
                    let path = file.checkout.files().iter().find(|p| p.rsplit('/').next() == Some(base))?;
                    Some((Arc::clone(path), file.checkout.glance(path).ok()?))
                });
                if let Some((path, text)) = script {
                    read = install::read_file(&path, &text, UNIT);
                    files.push(path);
                    break;
                }
            }
        }
        let Some(mut install) = read else { continue };
        if install.once.is_none() && install.location.is_some() && install.service.is_none() {
            // `ExecStart=/opt/actions-runner/run.sh` alone: the registration was made elsewhere. Applications have a
            // `run.sh` too.
            let low = file.text.to_ascii_lowercase();
            if !["actions-runner", "actions.runner", "github runner", "github-runner", "github actions"]
                .iter()
                .any(|w| low.contains(w))
            {
                continue;
            }
            let note = "a unit of the machine runs the agent, and nothing shows that it takes one job only";
            install.once = Some(Once::Hidden(Evidence::observed(&at, UNIT, note)));
        }
        let name = file.path.rsplit('/').next().unwrap_or(file.path);
        for mut pool in of_install(file, install, UNIT, name) {
            pool.location = at.clone();
            pool.files.extend(files.iter().cloned());
            // `docker run --rm` makes a new container at every start; anything else starts on the files of the last job.
            let fresh = matches!(pool.ephemeral, Tri::Met(_));
            if let Some((policy, place)) = restart.as_ref().filter(|_| !fresh) {
                let note = format!("`Restart={policy}`: the agent is started again and again on the same machine");
                pool.ephemeral = Tri::Failed(Evidence::observed(place, UNIT, note));
            }
            if let Some(evidence) = &secret {
                pool.credentials.push(evidence.clone());
                if !matches!(pool.isolated, Tri::Failed(_)) {
                    pool.isolated = Tri::Failed(evidence.clone());
                }
            }
            found.push(pool);
        }
    }
    found
}

/// A Dockerfile whose image holds an agent. Who runs the image is shown elsewhere, or nowhere.
fn dockerfile(file: &File<'_>) -> Vec<RunnerPool> {
    let Some(image) = install::image(file.path, file.text, file.checkout, IMAGE) else { return Vec::new() };
    let Some(install) = image.install.filter(|i| i.once.is_some()) else { return Vec::new() };
    let name = file.folder().rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("runner").to_owned();
    let Some(mut pool) = host(&install, IMAGE, &name) else { return Vec::new() };
    pool.location = Location::start_of(file.path);
    pool.files = image.files;
    let nowhere = Evidence::observed(&pool.location, IMAGE, "no file shows where containers of this image run");
    pool.hosted = Tri::Unshown(nowhere, "the definition that runs the image".to_owned());
    vec![pool]
}

/// User data of a machine.
fn cloud_init(file: &File<'_>) -> Vec<RunnerPool> {
    // A multi-part file holds more than YAML; what follows the marker is enough.
    let start = file.text.find("#cloud-config").unwrap_or(0);
    let text = file.text.get(start..).unwrap_or_default();
    let skipped = u32::try_from(file.text.get(..start).unwrap_or_default().matches('\n').count()).unwrap_or(0);
    let Ok(documents) = parse(text) else { return Vec::new() };
    let Some(document) = documents.first() else { return Vec::new() };
    let root = document.root();
    let place = |node: Node<'_>| {
        let mut at = file.at(node);
        at.line += skipped;
        at.end_line += skipped;
        at
    };
    let mut script = String::new();
    let mut lines: Vec<Location> = Vec::new();
    let mut push = |text: &str, at: &Location, block: bool| {
        for (number, line) in text.lines().enumerate() {
            script.push_str(line);
            script.push('\n');
            let shift = if block { u32::try_from(number + 1).unwrap_or(0) } else { 0 };
            let line = at.line + shift;
            lines.push(Location { line, end_line: line, ..at.clone() });
        }
    };
    let written: Vec<(&str, &str, Location, bool)> = root
        .get("write_files")
        .into_iter()
        .flat_map(|w| w.items())
        .filter_map(|f| {
            let content = f.get("content")?;
            let block = matches!(content.style(), Some(crate::syntax::yaml::Style::Literal));
            Some((f.get("path")?.as_str()?, content.as_str()?, place(content), block))
        })
        .collect();
    for list in ["bootcmd", "runcmd"] {
        for item in root.get(list).into_iter().flat_map(|l| l.items()) {
            let line = match item.as_str() {
                Some(line) => line.to_owned(),
                None => item.items().filter_map(|w| w.as_str()).map(quoted).collect::<Vec<_>>().join(" "),
            };
            let block = matches!(item.style(), Some(crate::syntax::yaml::Style::Literal));
            match written.iter().find(|(path, ..)| line.split_whitespace().any(|w| w == *path)) {
                Some((_, content, at, inner)) => push(content, at, *inner),
                None => push(&line, &place(item), block),
            }
        }
    }
    let start = place(root);
    let locate = |from: usize, _: usize| {
        let line = script.get(..from).unwrap_or_default().matches('\n').count();
        lines.get(line).cloned().unwrap_or_else(|| start.clone())
    };
    let read = install::read_script(&Source { text: &script, shell: Shell::Posix, locate: &locate, rule: CLOUD });
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    read.map(|install| of_install(file, install, CLOUD, name)).unwrap_or_default()
}
