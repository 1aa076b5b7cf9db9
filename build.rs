//! Turns the data files in `rules/` into packed JSON texts, so that the program parses no YAML of its own at start: what grading
//! needs, what only definitions of runners need, and the cards that only `explain` and the like read.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use regex_syntax::hir::{Hir, HirKind};
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
    "names",
    "preparations",
    "wrappers",
    "images",
    "registries",
    "libraries",
    "clients",
    "runs",
    "passes",
    "tools",
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

/// Takes the sources away: they are for who reads and changes the entries, and each entry has to have one.
fn take_sources(file: &str, value: &mut Value) -> Result<(), Box<dyn Error>> {
    let lists: &[&str] = match file {
        "labels" => &["vendors"],
        "claims" => &["badges"],
        _ => &[],
    };
    let mut take = |entry: &mut Value| match entry.as_object_mut().and_then(|fields| fields.remove("source")) {
        Some(Value::String(source)) if source.starts_with("https://") => Ok(()),
        _ => Err(format!("rules/{file}.yml: an entry without the address of its source: {entry}")),
    };
    if file == "labels" {
        take(value)?;
    }
    for list in lists {
        let entries = value.get_mut(list).and_then(Value::as_array_mut).ok_or("a list is missing")?;
        entries.iter_mut().try_for_each(&mut take)?;
    }
    Ok(value.as_array_mut().into_iter().flatten().try_for_each(take)?)
}

/// The keys under which the regular expressions of a file stand.
fn expressions_of(file: &str) -> &'static [&'static str] {
    match file {
        "credentials" => &["names", "own_names", "lines"],
        "identities" => &["secrets", "unless"],
        "claims" | "platforms" => &[],
        _ => &["word", "matches", "capture", "file_matches", "file_imports", "switch_matches"],
    }
}

/// Puts beside each regular expression the words that a text that fits holds, so that most texts are refused without
/// it.
fn add_words(value: &mut Value, keys: &[&str], within: bool) -> Result<(), Box<dyn Error>> {
    match value {
        Value::String(text) if within => {
            let parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(text);
            let words = words(&parser.map_err(|e| format!("{text}: {e}"))?);
            *value = serde_json::json!([text, words]);
        }
        Value::Array(all) => all.iter_mut().try_for_each(|value| add_words(value, keys, within))?,
        Value::Object(all) => {
            all.iter_mut().try_for_each(|(key, value)| add_words(value, keys, keys.contains(&key.as_str())))?;
        }
        _ => {}
    }
    Ok(())
}

/// Lists of words in lower case: a text that fits holds one of each list.
fn words(expression: &Hir) -> Vec<Vec<String>> {
    match expression.kind() {
        HirKind::Literal(literal) => {
            let word = str::from_utf8(&literal.0).map(str::to_ascii_lowercase);
            word.into_iter().map(|word| vec![word]).collect()
        }
        HirKind::Capture(group) => words(&group.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => words(&repeated.sub),
        HirKind::Concat(all) => all.iter().flat_map(words).collect(),
        HirKind::Alternation(all) => {
            // Of each alternative the list with the longest words tells most.
            let telling = |list: &Vec<String>| list.iter().map(String::len).min();
            let lists = all.iter().map(|one| words(one).into_iter().max_by_key(telling));
            lists.collect::<Option<Vec<_>>>().map(|lists| lists.concat()).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Puts the clues of the platforms into one list, and their places in it where they stood: most platforms have the same.
fn share_clues(platforms: &mut Value) -> Value {
    let mut shared: Vec<Value> = Vec::new();
    let lists = platforms.as_array_mut().into_iter().flatten().filter_map(|platform| platform.get_mut("release"));
    for clue in lists.filter_map(Value::as_array_mut).flatten() {
        let at = shared.iter().position(|known| known == clue).unwrap_or(shared.len());
        let clue = std::mem::replace(clue, at.into());
        if at == shared.len() {
            shared.push(clue);
        }
    }
    Value::Array(shared)
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

/// Refuses a catalogue file that nothing would read.
fn all_are_known() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    for entry in fs::read_dir("rules")? {
        let path = entry?.path();
        let known = path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| FILES.contains(&stem));
        if path.is_file() && !known {
            return Err(format!("{} is no file of the catalogue", path.display()).into());
        }
    }
    Ok(())
}

/// Tells the linker to leave out the tables for unwinding, where the program that is built aborts on a panic.
fn leave_out_unwinding() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.ld");
    if env::var("PROFILE")? == "release" && env::var("CARGO_CFG_TARGET_OS")? == "linux" {
        let script = format!("{}/build.ld", env::var("CARGO_MANIFEST_DIR")?);
        // One by one: behind `-Wl` a comma of the path would end it.
        for argument in ["-Xlinker", "-T", "-Xlinker", &script] {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    leave_out_unwinding()?;
    all_are_known()?;
    let mut all = Map::new();
    for name in FILES {
        let mut file = read(&format!("rules/{name}.yml"))?;
        take_sources(name, &mut file)?;
        add_words(&mut file, expressions_of(name), false)?;
        if *name == "platforms" {
            all.insert("clues".to_owned(), share_clues(&mut file));
        }
        all.insert((*name).to_owned(), file);
    }
    let runners = all.remove("runners").ok_or("runners are a file of the catalogue")?;
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
    for (name, value) in [("catalogue", Value::Object(all)), ("runners", runners), ("cards", Value::Object(cards))] {
        let packed = lz4_flex::compress_prepend_size(serde_json::to_string(&value)?.as_bytes());
        fs::write(out.join(name).with_extension("json.lz4"), packed)?;
    }
    Ok(())
}
