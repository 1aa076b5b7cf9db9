//! GARM: its configuration names providers and credentials; pools and their labels live in its database.
//!
//! Source: <https://github.com/cloudbase/garm/blob/main/doc/config.md>

use crate::model::RunnerPool;
use crate::runners::File;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted},
};
use crate::syntax::conf::Value;

/// Strings of which such a file holds one.
pub(in crate::runners) const KEYS: &[&str] = &["[[provider]]"];

/// The manager that a configuration sets up.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    if !file.path.ends_with(".toml") {
        return Vec::new();
    }
    let Some(tree) = Value::of_toml(file.path, file.text) else { return Vec::new() };
    let external = tree.all("provider").find(|p| p.get("provider_type").is_some());
    let Some(provider) = external.filter(|_| tree.get("jwt_auth").is_some() || tree.get("github").is_some()) else {
        return Vec::new();
    };
    let mut draft = Draft::new("garm", provider.get("name").and_then(Value::text).unwrap_or("garm"), &provider.at);
    let to_show = "the definition of the pools";
    draft.unshown(Hosted, &provider.at, "which machines the provider makes is not shown", to_show);
    let note = "an instance for each job by design, but the pools live in a database and not in files";
    draft.unshown(Ephemeral, &provider.at, note, to_show);
    vec![draft.finish()]
}
