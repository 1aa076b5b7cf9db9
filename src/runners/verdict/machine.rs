//! An agent that a script installs on a machine: what the script and the machine's definition show together.

use super::container;
use super::draft::{Draft, On::Ephemeral};
use crate::model::{Evidence, Location, RunnerPool, Tri};
use crate::runners::facts::script::{Install, Once};
use crate::runners::{File, default_labels, is_open, labels_of, scope_of};

/// An agent of Azure Pipelines, wherever it is installed.
const AZURE: &str = "azure-pipelines-script";

/// Who starts a machine again when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runners) enum Upkeep {
    /// Nobody: it is one machine.
    Single,
    /// A group replaces a machine that ends by a new one.
    Replaces,
    /// A group restarts or keeps a machine that ends, or what it does is not known.
    Keeps,
}

/// Labels, group and scope of what a script registers.
pub(in crate::runners) fn registered(draft: &mut Draft, install: &Install, arm: bool) {
    if !install.bare {
        draft.pool.labels = default_labels(arm);
    }
    draft.labels(install.labels.as_deref());
    draft.pool.group = install.group.clone().filter(|g| !is_open(g));
    draft.pool.scope = install.url.as_deref().and_then(scope_of);
}

/// What the script shows about the life of a machine that the checkout defines.
pub(in crate::runners) fn judge(draft: &mut Draft, install: &Install, upkeep: Upkeep, at: &Location) {
    let place = install.registers().unwrap_or(at);
    match &install.once {
        _ if install.service.is_some() => {
            let at = install.service.as_ref().map_or(at, |e| &e.location);
            draft.failed(Ephemeral, at, "the agent runs as a service of the machine, for job after job");
        }
        _ if install.looped.is_some() => {
            let at = install.looped.as_ref().map_or(at, |e| &e.location);
            draft.failed(Ephemeral, at, "a loop starts the agent again on the same machine");
        }
        Some(Once::Yes(single)) => {
            if let Some(hit) = &install.destroyed {
                let note = "a single-use registration, and the machine is deleted after the job";
                draft.met(Ephemeral, &hit.location, note);
            } else if let Some(hit) = install.stopped.as_ref().filter(|_| upkeep == Upkeep::Replaces) {
                let note = "a single-use registration, and a machine that is switched off is replaced by a new one";
                draft.met(Ephemeral, &hit.location, note);
            } else {
                draft.unshown(
                    Ephemeral,
                    &single.location,
                    "single-use registration shown, disposal of the machine not shown",
                    "a script that terminates the machine after the job",
                );
            }
        }
        Some(Once::Hidden(evidence)) => draft.unshown(
            Ephemeral,
            &evidence.location,
            evidence.note.clone(),
            "`--ephemeral` or a just-in-time configuration, and a script that terminates the machine after the job",
        ),
        Some(Once::No(_)) | None => {
            let note = "the agent is registered without `--ephemeral` (off by default) and takes job after job";
            draft.failed_by_default(Ephemeral, place, note);
        }
    }
    draft.machine_decides(at);
    match (&install.asks, &install.long_lived) {
        (Some(hit), _) => draft.leaks(
            &hit.location,
            "the machine asks for its registration itself, so a build can read the lasting credential it does that with",
        ),
        (None, Some(held)) => draft.leaks(&held.location, held.note.clone()),
        (None, None) => draft.credential(place, "the registration comes from outside of the machine"),
    }
}

/// The pools of one script: the containers that it starts, and the agent on the machine itself.
pub(in crate::runners) fn pools(file: &File<'_>, install: &Install, rule: &'static str, name: &str) -> Vec<RunnerPool> {
    let mut found: Vec<RunnerPool> =
        install.runs.iter().filter_map(|run| container::on_host(run, None, file, rule)).collect();
    // The agent itself is on the machine only when the script registers or runs it there.
    if install.once.is_some() || install.service.is_some() && install.location.is_some() {
        found.extend(host(install, rule, name));
    }
    found
}

/// An agent on the machine itself.
pub(in crate::runners) fn host(install: &Install, rule: &'static str, name: &str) -> Option<RunnerPool> {
    let location = install.location.clone()?;
    let mut labels = match (!install.bare, install.windows) {
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
