//! What a pod hands to the container in which builds run: variables, secrets as variables, secrets as files.
//!
//! Containers that end before it, or run beside it with processes of their own, keep what they hold to themselves.
//! Source: <https://kubernetes.io/docs/concepts/configuration/secret/>,
//! <https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/>

use super::container::{Held, Variable, written};
use crate::model::{Location, RunnerVariable};
use crate::syntax::conf::Value;

/// The container of a pod that is the runner, by the name that controllers ask for.
const RUNNER: &str = "runner";

/// A secret that the container in which builds run can read.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Handed {
    pub(in crate::runners) way: Way,
    /// The name of the secret, as it is written; `None` when the value is none of a secret's.
    pub(in crate::runners) secret: Option<String>,
    /// The keys that are taken out of it; none when all are.
    pub(in crate::runners) keys: Vec<String>,
    pub(in crate::runners) at: Location,
}

/// How a secret is handed over.
#[derive(Debug, Clone)]
pub(in crate::runners) enum Way {
    /// As a variable.
    Variable(Variable),
    /// Every value of it as a variable.
    Whole,
    /// As files of a volume.
    Files,
}

impl Handed {
    /// The credential of a forge that the variable's name, or the key behind it, speaks of.
    pub(in crate::runners) fn held(&self) -> Option<Held> {
        let Way::Variable(variable) = &self.way else { return None };
        let own = Held::of(variable).filter(|held| held.lasting);
        own.or_else(|| self.keys.iter().any(|key| Held::names(key)).then(|| Held::lasting(variable)))
    }
}

/// What a specification hands to the container in which builds run.
pub(in crate::runners) fn handed(spec: &Value) -> Vec<Handed> {
    let builds = containers_of_builds(spec);
    // Legacy runners carry what the container has in the specification itself.
    let holders: Vec<&Value> = [spec].into_iter().chain(builds.iter().copied()).collect();
    let mut found: Vec<Handed> = Vec::new();
    for holder in &holders {
        found.extend(holder.all("env").filter_map(variable));
        for whole in either(holder, ["envFrom", "env_from"]).filter_map(|e| one(e, ["secretRef", "secret_ref"])) {
            let secret = whole.get("name").and_then(written);
            found.push(Handed { way: Way::Whole, secret, keys: Vec::new(), at: whole.at.clone() });
        }
    }
    for volume in spec.all("volumes").chain(spec.all("volume")) {
        if reaches(volume, spec, &holders) {
            found.extend(files(volume));
        }
    }
    found
}

/// The variables among it.
pub(in crate::runners) fn variables(spec: &Value) -> Vec<RunnerVariable> {
    let found = handed(spec).into_iter().filter_map(|handed| match handed.way {
        Way::Variable(variable) => Some(variable.shown()),
        Way::Whole | Way::Files => None,
    });
    found.collect()
}

/// The containers whose variables and files builds can read.
fn containers_of_builds(spec: &Value) -> Vec<&Value> {
    let all: Vec<&Value> = spec.all("containers").chain(spec.all("container")).collect();
    let shared = one(spec, ["shareProcessNamespace", "share_process_namespace"]).and_then(Value::bool) == Some(true);
    let is_runner = |c: &&Value| c.get("name").and_then(Value::text) == Some(RUNNER);
    if shared || !all.iter().any(is_runner) {
        return all;
    }
    all.into_iter().filter(is_runner).collect()
}

fn variable(entry: &Value) -> Option<Handed> {
    let name = entry.get("name")?.text()?.to_owned();
    let value = entry.get("value").filter(|v| !v.is_null());
    let from = one(entry, ["valueFrom", "value_from"]);
    let reference = from.and_then(|f| one(f, ["secretKeyRef", "secret_key_ref"]));
    let known = value.is_some()
        || reference.is_some()
        || from.is_some_and(|f| one(f, ["configMapKeyRef", "config_map_key_ref"]).is_some());
    let variable = Variable { name, value: value.and_then(written), at: entry.at.clone() };
    known.then(|| Handed {
        way: Way::Variable(variable),
        secret: reference.and_then(|r| r.get("name")).and_then(written),
        keys: reference.and_then(|r| r.get("key")).and_then(written).into_iter().collect(),
        at: entry.at.clone(),
    })
}

/// Whether a volume is mounted where builds run. One that nothing shows as mounted may be.
fn reaches(volume: &Value, spec: &Value, holders: &[&Value]) -> bool {
    let name = volume.get("name").and_then(Value::text);
    let mounts = |holder: &Value| {
        let mut all = either(holder, ["volumeMounts", "volume_mount"]);
        all.any(|m| name.is_some() && m.get("name").and_then(Value::text) == name)
    };
    holders.iter().any(|h| mounts(h)) || !super::pod::containers_of(spec).into_iter().any(mounts)
}

/// The secrets among the files of a volume.
fn files(volume: &Value) -> Vec<Handed> {
    let secret = |source: &Value, name: [&str; 2]| Handed {
        way: Way::Files,
        secret: one(source, name).and_then(written),
        keys: either(source, ["items", "item"]).filter_map(|item| item.get("key").and_then(written)).collect(),
        at: source.at.clone(),
    };
    let mut found: Vec<Handed> =
        volume.get("secret").into_iter().map(|s| secret(s, ["secretName", "secret_name"])).collect();
    let sources = volume.get("projected").into_iter().flat_map(|p| either(p, ["sources", "sources"]));
    found.extend(sources.filter_map(|s| s.get("secret")).map(|s| secret(s, ["name", "name"])));
    if let Some(csi) = volume.get("csi")
        && let Some(attributes) = one(csi, ["volumeAttributes", "volume_attributes"])
        && let Some(class) = attributes.get("secretProviderClass")
    {
        found.push(Handed { way: Way::Files, secret: written(class), keys: Vec::new(), at: class.at.clone() });
    }
    found
}

/// The value of a key in one of its two spellings, that of manifests and that of Terraform.
fn one<'v>(value: &'v Value, keys: [&str; 2]) -> Option<&'v Value> {
    let found = keys.iter().find_map(|key| value.get(key))?;
    // A block of Terraform is a list of one.
    found.items().first().or(Some(found))
}

/// Every value of a key in either of its spellings.
fn either<'v>(value: &'v Value, keys: [&'v str; 2]) -> impl Iterator<Item = &'v Value> {
    let second = (keys[0] != keys[1]).then_some(keys[1]);
    value.all(keys[0]).chain(second.into_iter().flat_map(|key| value.all(key)))
}
