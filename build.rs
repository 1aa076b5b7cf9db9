//! Turns the data files in `rules/` into two JSON texts, so that the program parses no YAML of its own at start: what
//! grading needs, and the cards that only `explain` and the like read.

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
    "changes",
    "wrappers",
    "images",
    "runs",
    "runners",
    "contexts",
    "identities",
    "safeguards",
    "platforms",
    "claims",
];

fn read(path: &str) -> Result<Value, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={path}");
    let text = fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    Ok(serde_yaml::from_str(&text).map_err(|e| format!("{path}: {e}"))?)
}

/// The cards of the hardening notes, by file name.
fn rule_cards() -> Result<Vec<Value>, Box<dyn Error>> {
    const FOLDER: &str = "rules/hardening";
    println!("cargo::rerun-if-changed={FOLDER}");
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(FOLDER)? {
        let name = entry?.file_name().into_string().map_err(|name| format!("{FOLDER}: {}", name.display()))?;
        names.push(name);
    }
    names.sort();
    names.iter().map(|name| read(&format!("{FOLDER}/{name}"))).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut all = Map::new();
    for name in FILES {
        all.insert((*name).to_owned(), read(&format!("rules/{name}.yml"))?);
    }
    let mut examples = Map::new();
    let mut requirements = Vec::new();
    for id in REQUIREMENTS {
        let mut card = read(&format!("rules/requirements/{id}.yml"))?;
        let fields = card.as_object_mut().ok_or("a card is a mapping")?;
        let mut own = Map::new();
        for key in ["bad", "good"] {
            own.extend(fields.remove_entry(key));
        }
        examples.insert((*id).to_owned(), Value::Object(own));
        requirements.push(card);
    }
    all.insert("requirements".to_owned(), Value::Array(requirements));
    let mut cards = Map::new();
    cards.insert("examples".to_owned(), Value::Object(examples));
    cards.insert("rules".to_owned(), Value::Array(rule_cards()?));

    let out = env::var("OUT_DIR")?;
    let out = Path::new(&out);
    fs::write(out.join("catalogue.json"), serde_json::to_string(&Value::Object(all))?)?;
    fs::write(out.join("cards.json"), serde_json::to_string(&Value::Object(cards))?)?;
    Ok(())
}
