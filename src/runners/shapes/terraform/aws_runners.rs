//! The module github-aws-runners (before: philips-labs) and its multi-runner.
//!
//! A webhook starts a virtual machine for each queued job. Whether that machine takes one job or many decides
//! `enable_ephemeral_runners`, which is off by default.
//! Source: <https://github.com/github-aws-runners/terraform-aws-github-runner/blob/main/variables.tf>

use std::sync::Arc;

use super::module::Module;
use crate::model::{Location, RunnerPool};
use crate::runners::facts::script::lines;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted},
};
use crate::runners::{File, default_labels};
use crate::syntax::conf::{Data, Value, yaml};

const RULE: &str = "terraform-aws-runners";

const TO_SHOW: &str = "`enable_ephemeral_runners = true` as a literal";

/// Sources of the module, registry and git, and of its submodules.
fn is_source(source: &str) -> bool {
    let here =
        ["github-aws-runners/github-runner/aws", "philips-labs/github-runner/aws", "terraform-aws-github-runner"];
    // Helpers that run nothing.
    let helper =
        ["download-lambda", "webhook-github-app", "setup-iam-permissions", "termination-watcher", "ami-housekeeper"];
    here.iter().any(|s| source.contains(s)) && !helper.iter().any(|h| source.contains(h))
}

pub(super) fn pools(module: &Module<'_>, name: &str, source: &str, value: &Value) -> Vec<RunnerPool> {
    if !is_source(source) {
        return Vec::new();
    }
    let Some(map) = value.get("multi_runner_config") else {
        return vec![pool(name, &value.at, value, None, &|path| module.file(path))];
    };
    if !map.is_map() || map.entries().is_empty() {
        // Templates of a folder feed it, most often; each of those is a pool of its own.
        return Vec::new();
    }
    let entries = map.entries().iter();
    entries
        .map(|e| {
            let config = e.value.get("runner_config").unwrap_or(&e.value);
            let name = format!("{name}.{}", e.key);
            pool(&name, &e.at, config, e.value.get("matcherConfig"), &|path| module.file(path))
        })
        .collect()
}

/// Strings of which a template of the multi-runner holds one.
pub(in crate::runners) const TEMPLATE_KEYS: &[&str] = &["labelMatchers"];

/// YAML files that feed `multi_runner_config`.
pub(in crate::runners) fn template(file: &File<'_>) -> Vec<RunnerPool> {
    if !file.path.ends_with(".yaml") && !file.path.ends_with(".yml") {
        return Vec::new();
    }
    let documents = yaml(file.path, file.text).unwrap_or_default();
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let found = documents.iter().filter_map(|d| {
        let config = d.get("runner_config")?;
        let at = d.entry("runner_config").map_or(&config.at, |e| &e.at);
        Some(pool(name, at, config, Some(d.get("matcherConfig")?), &|path| file.sibling(path)))
    });
    found.collect()
}

type Files<'a> = dyn Fn(&str) -> Option<(Arc<str>, Arc<str>)> + 'a;

fn pool(name: &str, at: &Location, config: &Value, matcher: Option<&Value>, files: &Files<'_>) -> RunnerPool {
    let mut draft = Draft::new(RULE, name, at);
    let bool = |key: &str| config.get(key).and_then(Value::bool);
    if bool("runner_disable_default_labels") != Some(true) {
        let arm = config.get("runner_architecture").and_then(Value::text) == Some("arm64");
        draft.pool.labels = default_labels(arm);
        if let Some(os) = config.get("runner_os").and_then(Value::text).filter(|os| *os != "linux") {
            draft.pool.labels.retain(|l| l != "linux");
            draft.labels([os]);
        }
    }
    let mut labels: Vec<&str> = Vec::new();
    let lists = config.get("runner_extra_labels").into_iter().chain(matcher.and_then(|m| m.get("labelMatchers")));
    for list in lists {
        labels.extend(list.walk().into_iter().filter_map(Value::text));
    }
    draft.labels(labels);
    draft.pool.group = config.get("runner_group_name").and_then(Value::text).map(str::to_owned);
    draft.documented(Hosted, at, "the module starts virtual machines of a cloud account for queued jobs");
    draft.credential(at, "the App key stays with the module's functions; a runner gets a registration of its own");
    ephemeral(&mut draft, at, config);
    if draft.is_met(Ephemeral) {
        user_data(&mut draft, config, files);
        spares(&mut draft, config);
    }
    draft.machine_decides(at);
    if let Some(ssm) = config.get("enable_ssm_on_runners").filter(|v| v.bool() == Some(true)) {
        draft.note("runner-ssh", &ssm.at, "operators can open a session on a runner while it builds");
    }
    draft.finish()
}

fn ephemeral(draft: &mut Draft, at: &Location, config: &Value) {
    let Some(value) = config.get("enable_ephemeral_runners") else {
        let note =
            "`enable_ephemeral_runners` is not set and off by default: a machine takes job after job until it is idle";
        draft.failed_by_default(Ephemeral, at, note);
        return;
    };
    match (value.bool(), &value.assumed) {
        (Some(true), None) => {
            draft.met(Ephemeral, &value.at, "`enable_ephemeral_runners`: a machine ends itself after one job");
        }
        (Some(false), None) => {
            draft.failed(Ephemeral, &value.at, "`enable_ephemeral_runners = false`: a machine takes job after job");
        }
        (Some(_), Some(why)) => {
            let note = format!("`enable_ephemeral_runners` is {why}, which the caller may set otherwise");
            draft.unshown(Ephemeral, &value.at, note, TO_SHOW);
        }
        (None, _) if value.is_null() => {
            draft.failed_by_default(Ephemeral, &value.at, "`enable_ephemeral_runners` is off by default");
        }
        (None, _) => {
            draft.unshown(Ephemeral, &value.at, "the value of `enable_ephemeral_runners` is not visible", TO_SHOW);
        }
    }
}

/// The module's own user data ends with the script that terminates the machine. User data of one's own has to do so.
fn user_data(draft: &mut Draft, config: &Value, files: &Files<'_>) {
    let to_show = "user data with `${start_runner}`, or a script that terminates the machine after the job";
    if let Some(off) = config.get("enable_userdata").or_else(|| config.get("userdata_enabled"))
        && off.bool() != Some(true)
    {
        let note = "without user data the image has to terminate the machine, and no file shows it";
        draft.unshown(Ephemeral, &off.at, note, to_show);
    }
    let own = ["userdata_template", "userdata_content"].iter().find_map(|key| config.get(key).filter(|v| !v.is_null()));
    let Some(own) = own else { return };
    let mut path = None;
    let text = match &own.data {
        Data::File { path: written, .. } => files(written),
        // `userdata_template` is a path, `userdata_content` a text.
        Data::Text { text, .. } if text.contains('\n') => Some((Arc::clone(&own.at.path), Arc::from(text.as_str()))),
        Data::Text { text, .. } => files(text),
        _ => None,
    };
    let Some((file, text)) = text else {
        draft.unshown(Ephemeral, &own.at, "the user data in use is not in the checkout", to_show);
        return;
    };
    if file != own.at.path {
        path = Some(Arc::clone(&file));
    }
    let place = lines::of_file(&file);
    let starts = text.lines().any(|l| !l.trim_start().starts_with('#') && l.contains("${start_runner}"));
    let install = lines::read(&text, &place, &[], RULE);
    if let Some(hit) = install.service.as_ref().or(install.looped.as_ref()) {
        let at = if path.is_some() { &hit.location } else { &own.at };
        draft.failed(Ephemeral, at, "the user data keeps the agent running for job after job");
    } else if !starts && install.destroyed.is_none() {
        draft.unshown(Ephemeral, &own.at, "the user data in use does not terminate the machine", to_show);
    }
    draft.pool.files.extend(path);
}

/// Spare machines wait for their first job; a pool that takes used machines back would not be fresh.
fn spares(draft: &mut Draft, config: &Value) {
    let warm = config.get("warm_pool_config").and_then(|w| w.get("enabled")).filter(|v| v.bool() == Some(true));
    let strategy = config.get("pool_strategy").filter(|v| v.text() == Some("warm"));
    if let Some(value) = strategy.or(warm) {
        let note = "a warm pool keeps stopped machines, and no file shows that a used one never returns to it";
        draft.unshown(Ephemeral, &value.at, note, "no warm pool");
    }
}
