//! Turns the data files in `rules/` into one JSON text, so that the program parses no YAML of its own at start.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use serde_json::{Map, Value};

/// The cards in cap order, as the specification lists them.
const REQUIREMENTS: &[&str] = &[
    "provenance-exists",
    "provenance-distributed",
    "hosted-build",
    "provenance-authentic",
    "provenance-unforgeable",
    "ephemeral-environment",
    "isolated-environment",
    "isolated-cache",
    "no-remote-influence",
    "complete-parameters",
    "scoped-token",
];

/// The catalogue files, by the name of the field they fill.
const FILES: &[&str] = &[
    "sinks",
    "producers",
    "builders",
    "labels",
    "caches",
    "remote",
    "credentials",
    "neutral",
    "transfers",
    "wrappers",
    "runs",
    "runners",
    "platforms",
    "claims",
];

fn read(path: &str) -> Result<Value, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={path}");
    let text = fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    Ok(serde_yaml::from_str(&text).map_err(|e| format!("{path}: {e}"))?)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut all = Map::new();
    for name in FILES {
        all.insert((*name).to_owned(), read(&format!("rules/{name}.yml"))?);
    }
    let cards = REQUIREMENTS.iter().map(|id| read(&format!("rules/requirements/{id}.yml")));
    all.insert("requirements".to_owned(), Value::Array(cards.collect::<Result<_, _>>()?));
    let out = Path::new(&env::var("OUT_DIR")?).join("catalogue.json");
    fs::write(out, serde_json::to_string(&Value::Object(all))?)?;
    Ok(())
}
