//! Every folder in `fixtures/` is a small checkout with the report that a reviewer expects of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Deserialize;
use truelevel::catalogue::Cards;
use truelevel::checkout::Checkout;
use truelevel::inventory::inventory;
use truelevel::model::{Requirement, State};
use truelevel::report::{Axis, Detail, Human, Report, human};
use truelevel::{Options, With, grade_checkout};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// What the checkout shows, and why the expectation holds.
    about: String,
    /// The repository's own name, as if the git remote said so.
    slug: Option<String>,
    /// Checkouts of other repositories, as folders of this one.
    #[serde(default)]
    with: BTreeMap<String, String>,
    level: u8,
    cap: Option<Requirement>,
    state: Option<String>,
    /// Path and line of the cap.
    at: Option<String>,
    #[serde(default)]
    targets: Vec<ExpectedTarget>,
    /// Requirements that are open on some target besides the cap.
    #[serde(default)]
    open: Vec<Requirement>,
    /// Requirements that are met on every target.
    #[serde(default)]
    met: Vec<Requirement>,
    #[serde(default)]
    errors: usize,
    #[serde(default)]
    exit: u8,
    #[serde(default)]
    unassessed: Vec<String>,
    /// Rules that make a note.
    #[serde(default)]
    notes: Vec<String>,
    /// Repositories whose checkouts the report asks for.
    #[serde(default)]
    supply: Vec<String>,
    /// The runner pools that `truelevel runners` lists, all of them, in its order.
    pools: Option<Vec<ExpectedPool>>,
    /// The day of the report, for checkouts whose settings have dates.
    today: Option<String>,
    /// The second figure; without it, the level.
    declared_level: Option<u8>,
    /// The status of each declaration, in order.
    #[serde(default)]
    declarations: Vec<String>,
    /// The status of each accepted finding, in order.
    #[serde(default)]
    accepted: Vec<String>,
    /// `path counts` or `path left out`, in order.
    #[serde(default)]
    excluded: Vec<String>,
    /// `holds` or `fails`, behind the target when it is about one.
    #[serde(default)]
    gate: Vec<String>,
    /// `path:line level`, and `over` for an overclaim.
    #[serde(default)]
    claims: Vec<String>,
    /// Rules that could make a note and do not.
    #[serde(default)]
    silent: Vec<String>,
    /// What the report for people says in full, and what it does not say.
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    says_not: Vec<String>,
}

/// A pool: on each axis its state, and the path and line of what decides it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedPool {
    shape: String,
    hosted: String,
    ephemeral: String,
    isolated: String,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct ExpectedTarget {
    id: String,
    level: u8,
    cap: Option<Requirement>,
}

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found: Vec<PathBuf> = std::fs::read_dir(root)
        .expect("fixtures/")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.is_dir())
        .collect();
    found.sort();
    found
}

fn expected(folder: &Path) -> Expected {
    let file = folder.join("expected.yml");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn open(folder: &Path, expected: &Expected) -> Checkout {
    let checkout = Checkout::open(folder).expect("a folder");
    match &expected.slug {
        Some(slug) => checkout.with_slug(slug),
        None => checkout,
    }
}

fn grade(folder: &Path, expected: &Expected) -> Report {
    let with =
        expected.with.iter().map(|(repository, path)| With { repository: repository.clone(), path: folder.join(path) });
    let today = expected.today.as_ref().map(|day| day.parse().expect("a day"));
    let options = Options { with: with.collect(), today, ..Options::default() };
    let checkout = options.beside(open(folder, expected)).expect("checkouts of other repositories");
    grade_checkout(&checkout, ".", &options)
}

/// What differs between the pools of a checkout and those that are expected, when any are.
fn differing_pools(folder: &Path, expected: &Expected) -> Option<String> {
    let wanted = expected.pools.as_ref()?;
    let lines = |shape: &str, axes: [String; 3]| format!("{shape}: {}", axes.join(" | "));
    let wanted: Vec<String> =
        wanted.iter().map(|p| lines(&p.shape, [p.hosted.clone(), p.ephemeral.clone(), p.isolated.clone()])).collect();
    let axis = |a: &Axis| format!("{} {}:{}", a.state.id(), a.evidence.location.path, a.evidence.location.line);
    let got: Vec<String> = inventory(&open(folder, expected), ".", Vec::new())
        .pools
        .iter()
        .map(|p| lines(&p.shape, [&p.hosted, &p.ephemeral, &p.isolated].map(axis)))
        .collect();
    (wanted != got).then(|| format!("pools: expected {wanted:#?}, got {got:#?}"))
}

/// What differs between a report and its expectation.
fn differences(expected: &Expected, report: &Report) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, wanted: String, got: String| {
        if wanted != got {
            found.push(format!("{what}: expected {wanted}, got {got}"));
        }
    };
    let cap = report.cap.as_ref();
    differ("level", expected.level.to_string(), report.level.to_string());
    differ("cap", format!("{:?}", expected.cap), format!("{:?}", cap.map(|c| c.requirement)));
    differ("state", format!("{:?}", expected.state.as_deref()), format!("{:?}", cap.map(|c| c.state.id())));
    if let Some(at) = &expected.at {
        let place = cap.and_then(|c| c.location.as_ref()).map(|l| format!("{}:{}", l.path, l.line));
        differ("cap at", at.clone(), place.unwrap_or_default());
    }
    let mut wanted: Vec<String> =
        expected.targets.iter().map(|t| format!("{} {} {:?}", t.id, t.level, t.cap)).collect();
    let mut got: Vec<String> = report
        .targets
        .iter()
        .map(|t| format!("{} {} {:?}", t.id, t.level, t.cap.as_ref().map(|c| c.requirement)))
        .collect();
    wanted.sort();
    got.sort();
    differ("targets", format!("{wanted:#?}"), format!("{got:#?}"));
    for requirement in &expected.open {
        let open =
            report.targets.iter().any(|t| t.requirements.iter().any(|r| r.id == *requirement && r.state.is_open()));
        differ(
            &format!("{requirement}"),
            "open on some target".to_owned(),
            if open { "open on some target" } else { "met" }.to_owned(),
        );
    }
    for requirement in &expected.met {
        for target in &report.targets {
            for r in target.requirements.iter().filter(|r| r.id == *requirement) {
                let met = matches!(r.state, State::Met | State::NotApplicable);
                let got = if met { "met".to_owned() } else { format!("{}: {}", r.state.id(), r.reason) };
                differ(&format!("{requirement} of {}", target.id), "met".to_owned(), got);
            }
        }
    }
    differ("errors", expected.errors.to_string(), report.errors.len().to_string());
    let unassessed: Vec<&str> = report.unassessed.iter().filter(|u| u.holds_down).map(|u| u.path.as_str()).collect();
    differ("unassessed", format!("{:?}", expected.unassessed), format!("{unassessed:?}"));
    for note in &expected.notes {
        let got = report.notes.iter().any(|n| n.rule == *note);
        differ(&format!("note {note}"), "true".to_owned(), got.to_string());
    }
    for repository in &expected.supply {
        let asked = report.targets.iter().flat_map(|t| &t.requirements).filter_map(|r| r.to_show.as_ref());
        let got = asked.into_iter().any(|t| t.contains(&format!("`--with {repository}=PATH`")));
        differ(&format!("asking for {repository}"), "true".to_owned(), got.to_string());
    }
    differ(
        "declared level",
        expected.declared_level.unwrap_or(expected.level).to_string(),
        report.declared_level.to_string(),
    );
    let word = |value: serde_json::Value| value.as_str().expect("a word").to_owned();
    let words: Vec<String> =
        report.declarations.iter().map(|d| word(serde_json::to_value(d.status).expect("JSON"))).collect();
    differ("declarations", format!("{:?}", expected.declarations), format!("{words:?}"));
    let words: Vec<String> =
        report.accepted.iter().map(|a| word(serde_json::to_value(a.status).expect("JSON"))).collect();
    differ("accepted", format!("{:?}", expected.accepted), format!("{words:?}"));
    let files = report.excluded.iter().flat_map(|excluded| &excluded.files);
    let files: Vec<String> =
        files.map(|file| format!("{} {}", file.path, if file.counts { "counts" } else { "left out" })).collect();
    differ("excluded", format!("{:?}", expected.excluded), format!("{files:?}"));
    let gate: Vec<String> = report
        .gate
        .iter()
        .map(|condition| {
            let target = condition.target.as_ref().map(|target| format!("{target} ")).unwrap_or_default();
            format!("{target}{}", if condition.holds { "holds" } else { "fails" })
        })
        .collect();
    differ("gate", format!("{:?}", expected.gate), format!("{gate:?}"));
    let claims: Vec<String> = report
        .claims
        .iter()
        .map(|claim| {
            let over = if claim.overclaim { " over" } else { "" };
            format!("{}:{} {}{over}", claim.location.path, claim.location.line, claim.level)
        })
        .collect();
    differ("claims", format!("{:?}", expected.claims), format!("{claims:?}"));
    let exit = match (report.errors.is_empty(), report.gate.iter().all(|condition| condition.holds)) {
        (false, _) => 2,
        (true, false) => 1,
        (true, true) => 0,
    };
    for note in &expected.silent {
        let got = report.notes.iter().filter(|n| n.rule == *note).map(|n| n.message.as_str()).collect::<Vec<_>>();
        differ(&format!("note {note}"), String::new(), got.join("; "));
    }
    if !expected.says.is_empty() || !expected.says_not.is_empty() {
        let layout = Human { width: 4_000, color: false, detail: Detail::Verbose, notes: true };
        // Sentences go on over several lines.
        let text = human(report, layout).split_whitespace().collect::<Vec<_>>().join(" ");
        let all =
            expected.says.iter().map(|says| (says, true)).chain(expected.says_not.iter().map(|says| (says, false)));
        for (says, wanted) in all {
            differ(&format!("saying `{says}`"), wanted.to_string(), text.contains(says.as_str()).to_string());
        }
    }
    differ("exit code", expected.exit.to_string(), exit.to_string());
    found
}

#[test]
fn every_fixture_gets_the_report_that_is_expected_of_it() {
    let only = std::env::var("FIXTURE").ok();
    let name = |folder: &Path| folder.file_name().expect("a name").to_string_lossy().into_owned();
    let mut folders = folders();
    folders.retain(|folder| only.as_deref().is_none_or(|o| name(folder).contains(o)));
    let run = folders.len();
    let failing = folders.par_iter().filter_map(|folder| {
        let (name, expected) = (name(folder), expected(folder));
        assert!(!expected.about.is_empty(), "{name}: `about` says what the fixture shows");
        let mut differences = differences(&expected, &grade(folder, &expected));
        differences.extend(differing_pools(folder, &expected));
        (!differences.is_empty()).then(|| format!("{name}\n    {}", differences.join("\n    ")))
    });
    let failures: Vec<String> = failing.collect();
    assert!(run > 0, "no fixture was run");
    assert!(failures.is_empty(), "{} of {run} fixtures differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_requirement_has_a_failing_an_unshown_and_a_met_fixture() {
    let states = folders().into_par_iter().flat_map_iter(|folder| {
        let targets = grade(&folder, &expected(&folder)).targets;
        targets.into_iter().flat_map(|t| t.requirements).map(|r| (r.id, r.state))
    });
    let seen: BTreeSet<(Requirement, State)> = states.collect();
    for requirement in Requirement::ALL {
        for state in [State::Met, State::Failed, State::Unshown] {
            // Hosted labels and pools show a hosted platform; no file can show that a machine is none.
            if (*requirement, state) == (Requirement::HostedBuild, State::Failed) {
                assert!(!seen.contains(&(*requirement, state)), "hosted-build is unshown, never failed");
                continue;
            }
            assert!(seen.contains(&(*requirement, state)), "no fixture shows {requirement} {}", state.id());
        }
    }
}

/// Notes on pools of other platforms' agents: no job of a graded platform runs on them, so they stand in the inventory
/// of runners only.
const INVENTORY_ONLY: &[&str] = &["runner-account", "runner-deprecated", "runner-kept-files", "runner-user-namespaces"];

#[test]
fn every_rule_makes_a_note_in_some_fixture_and_none_in_another() {
    let (mut noted, mut silent) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for folder in folders() {
        let expected = expected(&folder);
        noted.extend(expected.notes);
        silent.extend(expected.silent);
    }
    for card in Cards::get().rules.iter().filter(|card| !INVENTORY_ONLY.contains(&card.id.as_str())) {
        assert!(noted.contains(&card.id), "no fixture expects a note of {}", card.id);
        assert!(silent.contains(&card.id), "no fixture expects silence of {}", card.id);
    }
}

#[test]
fn a_target_of_several_jobs_names_all_that_leave_the_same_open() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/assets-of-several-machines");
    let report = grade(&folder, &expected(&folder));
    let [target] = report.targets.as_slice() else { panic!("one target") };
    let builds: BTreeSet<&str> = target.build_jobs.iter().map(String::as_str).collect();
    assert_eq!(builds, BTreeSet::from(["linux", "mac", "windows"]));
    let step = report.plan.iter().find(|step| step.requirement == Requirement::HostedBuild).expect("a step");
    let lines: Vec<u32> = step.locations.iter().map(|place| place.line).collect();
    assert_eq!(lines, [14, 23], "both self-hosted jobs");
}
