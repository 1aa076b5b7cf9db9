//! Ansible: tasks and roles that install the GitHub agent on hosts of an inventory.

use crate::model::{Location, RunnerPool};
use crate::runners::File;
use crate::runners::facts::script::lines as script_lines;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted},
};
use crate::runners::verdict::machine::{self, Upkeep};
use crate::runners::{default_labels, labels_of, scope_of};
use crate::syntax::conf::Value;

const RULE: &str = "ansible-runner";

/// Strings of which such a file holds one.
pub(in crate::runners) const KEYS: &[&str] =
    &["config.sh", "config.cmd", "monolithprojects.github_actions_runner", "andrewrothstein.actions_runner"];

/// Modules that run a command.
const COMMANDS: &[&str] = &["shell", "command", "raw", "win_shell", "win_command", "expect"];

/// Roles that install the agent as a service.
const ROLES: &[&str] = &["monolithprojects.github_actions_runner", "andrewrothstein.actions_runner"];

/// The runners of a playbook, or of the tasks of a role.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let mut pools = Vec::new();
    for tree in file.trees() {
        if tree.items().is_empty() {
            continue;
        }
        pools.extend(tasks(&tree));
        pools.extend(tree.items().iter().filter_map(role));
    }
    pools
}

fn tasks(tree: &Value) -> Option<RunnerPool> {
    let mut lines: Vec<(String, Location)> = Vec::new();
    for task in tree.walk() {
        for entry in task.entries() {
            let module = entry.key.rsplit('.').next().unwrap_or_default();
            if !COMMANDS.contains(&module) {
                continue;
            }
            let text = match entry.value.shown() {
                Some(text) => text.to_owned(),
                None => {
                    let part = |key: &str| entry.value.get(key);
                    match (part("cmd").or_else(|| part("command")).and_then(Value::shown), part("argv")) {
                        (Some(text), _) => text.to_owned(),
                        (None, Some(list)) => {
                            list.items().iter().filter_map(Value::shown).collect::<Vec<_>>().join(" ")
                        }
                        (None, None) => continue,
                    }
                }
            };
            lines.extend(text.lines().map(|l| (l.to_owned(), entry.at.clone())));
        }
    }
    let text: Vec<&str> = lines.iter().map(|(l, _)| l.as_str()).collect();
    let place = |line: usize, _: &str| lines.get(line).map_or_else(|| tree.at.clone(), |(_, at)| at.clone());
    let mut install = script_lines::read(&text.join("\n"), &place, &[], RULE);
    let at = install.registers()?.clone();
    let mut draft = Draft::new(RULE, "tasks", &at);
    own_host(&mut draft, &at);
    machine::registered(&mut draft, &install, false);
    // The controller may fetch the registration; the machine need not hold what it takes.
    install.asks = None;
    install.long_lived = None;
    machine::judge(&mut draft, &install, Upkeep::Single, &at);
    Some(draft.finish())
}

fn own_host(draft: &mut Draft, at: &Location) {
    draft.unshown(
        Hosted,
        at,
        "the tasks install the agent on hosts of an inventory",
        "a pool of a cluster or cloud that the checkout defines",
    );
}

fn role(play: &Value) -> Option<RunnerPool> {
    let used = play.all("roles").chain(play.all("tasks")).find_map(|entry| {
        let name = entry
            .get("role")
            .or_else(|| entry.get("name"))
            .or_else(|| entry.path(&["include_role", "name"]))
            .or_else(|| entry.path(&["ansible.builtin.include_role", "name"]))
            .unwrap_or(entry);
        name.text().filter(|n| ROLES.contains(n)).map(|_| (name, entry))
    });
    let (name, entry) = used?;
    let places = [entry.get("vars"), Some(entry), play.get("vars")];
    let get = |key: &str| places.iter().flatten().find_map(|p| p.get(key));
    let mut draft = Draft::new(RULE, name.text().unwrap_or("role"), &name.at);
    own_host(&mut draft, &name.at);
    draft.pool.labels = default_labels(false);
    if let Some(labels) = get("runner_labels") {
        let shown: Vec<String> = labels.walk().into_iter().filter_map(Value::text).flat_map(labels_of).collect();
        draft.labels(shown.iter().map(String::as_str));
    }
    let part = |key: &str| get(key).and_then(Value::text);
    draft.pool.scope = match (part("github_account"), part("github_repo")) {
        (Some(account), Some(repository)) => scope_of(&format!("{account}/{repository}")),
        (Some(account), None) => scope_of(account),
        _ => None,
    };
    let flags = get("runner_extra_config_args");
    match flags.map(|f| (f, f.text())) {
        Some((f, Some(text))) if text.split_whitespace().any(|w| w == "--ephemeral") => draft.unshown(
            Ephemeral,
            &f.at,
            "single-use registration shown, disposal of the host not shown",
            "a machine that is destroyed after one job",
        ),
        Some((f, None)) => {
            draft.unshown(Ephemeral, &f.at, "the options of the agent are not visible", "a literal `--ephemeral`");
        }
        _ => draft.failed_by_default(
            Ephemeral,
            &name.at,
            "the role installs the agent as a service that takes job after job",
        ),
    }
    draft.machine_decides(&name.at);
    Some(draft.finish())
}
