//! Units of systemd that run an agent, directly or by a script of the checkout.

use std::sync::Arc;

use crate::model::{Evidence, Location, RunnerPool, Tri};
use crate::runners::facts::script::{self, Once};
use crate::runners::verdict::machine;
use crate::runners::{File, read_named};

const UNIT: &str = "runner-systemd";

/// A systemd unit.
pub(super) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let mut starts: Vec<(usize, usize, &str)> = Vec::new();
    let mut restart: Option<(String, Location)> = None;
    let mut secret: Option<Evidence> = None;
    let mut offset = 0;
    for line in file.text.split_inclusive('\n') {
        let (from, trimmed) = (offset, line.trim());
        offset += line.len();
        let at = || script::place(file.path, file.text, from, from + line.trim_end().len());
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
        let at = script::place(file.path, file.text, from, to);
        let command = command.trim_start_matches(['-', '@', '+', '!', ':']);
        let mut files: Vec<Arc<str>> = Vec::new();
        let mut read = script::read_line(command, &at, UNIT);
        if read.is_none() {
            // A script of the checkout, by its name: where units find it on the machine is not where it lies here.
            for word in command.split_whitespace() {
                let base = word.rsplit('/').next().unwrap_or(word);
                if !base.ends_with(".sh") {
                    continue;
                }
                let script = file.sibling(base).or_else(|| {
                    let path = file.checkout.files().iter().find(|p| p.rsplit('/').next() == Some(base))?;
                    Some((Arc::clone(path), read_named(file.checkout, file.path, path)?))
                });
                if let Some((path, text)) = script {
                    read = script::read_file(&path, &text, UNIT);
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
        for mut pool in machine::pools(file, &install, UNIT, name) {
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
