//! `az containerapp job create` in scripts.

use crate::model::{RunnerPlatform, RunnerPool};
use crate::runners::File;
use crate::runners::facts::container::{Container, Variable};
use crate::runners::scope_of;
use crate::runners::verdict::container::{Unit, cloud_isolates, in_cloud};
use crate::runners::verdict::draft::{Draft, On::Hosted};

/// Strings of which such a file holds one.
pub(in crate::runners) const KEYS: &[&str] = &["containerapp job create"];

/// The jobs that a script makes.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let ends = [".sh", ".bash", ".ps1", ".cmd", ".bat"];
    if !ends.iter().any(|e| file.path.ends_with(e)) {
        return Vec::new();
    }
    let mut pools = Vec::new();
    for (number, written, line) in crate::runners::facts::script::lines::logical_lines(file.text) {
        let words = split(&line);
        let Some(start) = words.windows(3).position(|w| w == ["containerapp", "job", "create"]) else { continue };
        if start == 0 || words.get(start - 1).is_none_or(|w| w != "az") {
            continue;
        }
        let at = crate::runners::facts::script::lines::of_file(file.path)(number, written);
        let values = |flag: &str| -> Vec<&str> {
            let from = words.iter().position(|w| w == flag).map_or(words.len(), |p| p + 1);
            words.iter().skip(from).take_while(|w| !w.starts_with("--")).map(String::as_str).collect()
        };
        let first = |flags: &[&str]| flags.iter().find_map(|f| values(f).first().map(|v| (*v).to_owned()));
        let rule = first(&["--scale-rule-type"]).unwrap_or_default();
        let platform = match rule.as_str() {
            "github-runner" => RunnerPlatform::GitHub,
            "azure-pipelines" => RunnerPlatform::AzurePipelines,
            _ => continue,
        };
        let event = first(&["--trigger-type"]).is_some_and(|t| t.eq_ignore_ascii_case("event"));
        let variables = values("--env-vars").into_iter().filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let value = (!value.starts_with("secretref:")).then(|| value.to_owned());
            Some(Variable { name: name.to_owned(), value, at: at.clone() })
        });
        let shape = match platform {
            RunnerPlatform::AzurePipelines => "azure-pipelines-container-app-job",
            _ => "azure-container-app-job",
        };
        let container = Container {
            rule: shape,
            build: None,
            image: first(&["--image"]).unwrap_or_default(),
            variables: variables.collect(),
            command: values("--command").into_iter().chain(values("--args")).map(str::to_owned).collect(),
            at: at.clone(),
            bulk: values("--env-vars").iter().any(|pair| pair.starts_with('$')).then(|| at.clone()),
        };
        let name = first(&["--name", "-n"]).unwrap_or_default();
        let mut draft = Draft::new(shape, name, &at);
        let metadata = values("--scale-rule-metadata");
        let part = |key: &str| metadata.iter().find_map(|m| m.strip_prefix(key)?.strip_prefix('='));
        draft.pool.scope = match (part("owner"), part("repos")) {
            (Some(owner), Some(repository)) if !repository.contains(',') => scope_of(&format!("{owner}/{repository}")),
            (Some(owner), _) => scope_of(owner),
            _ => None,
        };
        draft.documented(Hosted, &at, "Azure Container Apps runs the agent's containers");
        let unit = if event { Unit::Job } else { Unit::Restarted };
        in_cloud(&mut draft, &container, &container.assumed(platform), unit);
        cloud_isolates(&mut draft, &at, "Azure Container Apps");
        pools.push(draft.finish());
    }
    pools
}

/// Words of a command line, quotes removed.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut any = false;
    for c in line.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                any = true;
            }
            None if c.is_whitespace() => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            None => word.push(c),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}
