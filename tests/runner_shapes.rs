//! Every shape of runner configuration has a fixture that fails, one that passes and one that only looks like it, and
//! every trap has its own. What the fixtures expect is checked by `tests/fixtures.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use truelevel::catalogue::Catalogue;
use truelevel::checkout::Checkout;
use truelevel::model::Requirement;
use truelevel::{Options, runners_in};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    shapes: Vec<Shape>,
    traps: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Shape {
    shape: String,
    #[serde(default)]
    short_of: Vec<String>,
    never_fails: Option<String>,
    never_passes: Option<String>,
    #[serde(default)]
    failing: Vec<String>,
    #[serde(default)]
    passing: Vec<String>,
    #[serde(default)]
    unshown: Vec<String>,
    #[serde(default)]
    look_alike: Vec<String>,
}

/// The state of each axis of each pool that a fixture expects.
fn pools(fixture: &str) -> Vec<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct Expected {
        pools: Option<Vec<BTreeMap<String, String>>>,
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture).join("expected.yml");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let expected: Expected = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let pools = expected.pools.unwrap_or_else(|| panic!("{fixture} does not say which pools it shows"));
    let state = |text: &String| text.split(' ').next().unwrap_or_default().to_owned();
    pools.iter().map(|p| p.iter().map(|(k, v)| (k.clone(), state(v))).collect()).collect()
}

fn table() -> Table {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/runner-shapes.yml");
    serde_yaml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

const AXES: [&str; 3] = ["hosted", "ephemeral", "isolated"];

#[test]
fn every_shape_has_its_three_fixtures() {
    let table = table();
    let names: BTreeSet<&str> = table.shapes.iter().map(|s| s.shape.as_str()).collect();
    assert_eq!(names.len(), table.shapes.len(), "a shape is listed twice");
    for shape in &table.shapes {
        let name = &shape.shape;
        assert_eq!(shape.failing.is_empty(), shape.never_fails.is_some(), "{name}: a failing fixture, or why none");
        assert_eq!(shape.passing.is_empty(), shape.never_passes.is_some(), "{name}: a passing fixture, or why none");
        let any = !shape.failing.is_empty() || !shape.passing.is_empty() || !shape.unshown.is_empty();
        assert!(any, "{name}: nothing shows that the shape is read");
        assert!(!shape.look_alike.is_empty(), "{name}: a fixture that only looks like it");
        for fixture in &shape.failing {
            let failed = pools(fixture).iter().any(|p| AXES.iter().any(|a| p[*a] == "failed"));
            assert!(failed, "{name}: no axis fails in {fixture}");
        }
        for fixture in &shape.passing {
            let pools = pools(fixture);
            assert!(!pools.is_empty(), "{name}: no pool in {fixture}");
            for (pool, axis) in pools.iter().flat_map(|p| AXES.map(|a| (p, a))) {
                let short = shape.short_of.iter().any(|s| s == axis);
                let wanted: &[&str] = if short { &["met", "unshown"] } else { &["met"] };
                assert!(wanted.contains(&pool[axis].as_str()), "{name}: {axis} is {} in {fixture}", pool[axis]);
            }
            for axis in &shape.short_of {
                let known = AXES.contains(&axis.as_str());
                assert!(known && pools.iter().any(|p| p[axis] != "met"), "{name}: {fixture} is not short of {axis}");
            }
        }
        for fixture in &shape.unshown {
            let shown = pools(fixture).iter().any(|p| AXES.iter().any(|a| p[*a] != "unshown"));
            assert!(!shown, "{name}: {fixture} shows something");
        }
        for fixture in &shape.look_alike {
            let _ = pools(fixture);
        }
    }
}

/// What is said to be set is the field that was found wanting, not all that a definition of its kind may need.
#[test]
fn the_plan_names_what_to_set_for_every_finding() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let (mut seen, mut named) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(path.join("expected.yml"));
        if !text.is_ok_and(|text| text.contains("\npools:\n")) {
            continue;
        }
        let checkout = Checkout::open(&path).unwrap();
        for pool in runners_in(&checkout, ".", &Options::default()).pools {
            for (axis, requirement) in [
                (&pool.hosted, Requirement::HostedBuild),
                (&pool.ephemeral, Requirement::EphemeralEnvironment),
                (&pool.isolated, Requirement::IsolatedEnvironment),
            ] {
                if !axis.state.is_open() {
                    continue;
                }
                let finding = format!("{} in {}: {}", pool.shape, path.display(), axis.evidence.note);
                assert!(!axis.to_set.is_empty(), "what to set for {finding}");
                assert!(axis.to_set.len() <= 2, "{finding}: {:?}", axis.to_set);
                let fields = Catalogue::get().runner_fields(&axis.evidence.rule, requirement);
                named += usize::from(fields.iter().any(|f| f.answers(&axis.evidence.note)));
                seen += 1;
            }
        }
    }
    assert!(seen > 250 && named > 120, "{named} of {seen} findings are answered by name");
}

#[test]
fn every_trap_has_its_fixture() {
    let fixtures: Vec<String> = table().traps.into_values().flatten().collect();
    for number in 1..=27 {
        let prefix = format!("runner-t{number:02}-");
        assert!(fixtures.iter().any(|f| f.starts_with(&prefix)), "no fixture {prefix}…");
    }
    for fixture in fixtures {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(&fixture);
        assert!(folder.join("expected.yml").is_file(), "{fixture} is no fixture");
    }
}
