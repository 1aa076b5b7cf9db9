//! What a team's settings can do, through the program: never raise a level, whatever they say, and never mislead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use support::run;
use tempfile::TempDir;
use truelevel::checkout::Checkout;
use truelevel::model::Requirement;
use truelevel::report::Report;
use truelevel::{Options, grade_checkout};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The files of a fixture, without its own settings.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    collect(folder, folder, &mut found);
    found.retain(|(name, _)| !truelevel::settings::NAMES.contains(&name.as_str()));
    found
}

fn fixtures() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(Path::new(HERE).join("fixtures")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

/// Settings that try to make a checkout look better.
fn flattering() -> Vec<(&'static str, String)> {
    let every = |entry: &dyn Fn(&str) -> String| -> String {
        Requirement::ALL.iter().map(|requirement| entry(requirement.id())).collect()
    };
    let declared = every(&|id| {
        format!(
            "  - {{ requirement: {id}, reason: a, reference: b, owner: c, since: 2026-01-01, expires: 2027-01-01 }}\n"
        )
    });
    let accepted = every(&|id| format!("  - {{ rule: {id}, reason: a, expires: 2027-01-01 }}\n"));
    let folders = "runner-config: [., .github, infra, docs, examples, vendor, testdata, deploy]\n";
    vec![
        ("declarations", format!("declarations:\n{declared}")),
        ("accept", format!("accept:\n{accepted}")),
        ("exclude", "exclude: ['**', '**/*', .github, '*']\n".to_owned()),
        ("gate", "gate: { min-level: 0, targets: [{ id: '*', min-level: 0 }] }\n".to_owned()),
        ("runner-config", folders.to_owned()),
        ("with", "with: { acme/workflows: .github, actions/checkout: . }\n".to_owned()),
        ("targets", "targets:\n  - { id: npm:left-pad, reason: a }\n".to_owned()),
        ("refused", "level: 3\n".to_owned()),
        (
            "all",
            format!(
                "declarations:\n{declared}accept:\n{accepted}exclude: ['**']\n{folders}with: {{ acme/workflows: . }}\n"
            ),
        ),
    ]
}

/// The lists that hold a checkout down.
fn held(report: &Report) -> (Vec<String>, usize) {
    let unassessed = report.unassessed.iter().filter(|u| u.holds_down).map(|u| u.path.clone());
    (unassessed.collect(), report.errors.len())
}

/// Every fixture gets all flattering settings at once, and one kind of them alone, in turn.
#[test]
fn no_setting_raises_the_level_of_any_fixture() {
    let options = Options { today: Some("2026-11-28".parse().unwrap()), ..Options::default() };
    let flattering = flattering();
    let (last, alone) = flattering.split_last().unwrap();
    fixtures().par_iter().enumerate().for_each(|(at, folder)| {
        let name = folder.file_name().unwrap().to_string_lossy();
        let files = files(folder);
        let grade = |settings: Option<&str>| {
            let settings = settings.map(|text| ("truelevel.yml".to_owned(), text.as_bytes().to_vec()));
            let files = files.iter().cloned().chain(settings);
            grade_checkout(&Checkout::in_memory(files, Some("acme/widget")), ".", &options)
        };
        let plain = grade(None);
        for (what, text) in [last, &alone[at % alone.len()]] {
            let report = grade(Some(text));
            assert!(report.level <= plain.level, "{what} raises {name} from {} to {}", plain.level, report.level);
            for target in &plain.targets {
                let same = report.targets.iter().find(|t| (&t.id, &t.pipeline) == (&target.id, &target.pipeline));
                let level = same.unwrap_or_else(|| panic!("{what} hides {} of {name}", target.id)).level;
                assert!(level <= target.level, "{what} raises {} of {name}", target.id);
            }
            let (before, after) = (held(&plain), held(&report));
            assert!(after.0 == before.0 && after.1 >= before.1, "{what} hides what holds {name} down");
            if !text.contains("declarations:") {
                assert_eq!(report.declared_level, report.level, "{what} of {name}");
            }
        }
    });
}

fn checkout(settings: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(HERE).join("fixtures/settings-declaration-counts");
    for (name, bytes) in files(&fixture) {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    fs::write(folder.path().join("truelevel.yml"), settings).unwrap();
    folder
}

#[test]
fn the_gate_of_the_settings_is_an_exit_code_and_a_line() {
    let folder = checkout("gate:\n  min-level: 3\n");
    let seen = run(folder.path(), &["check", "."], &[]);
    assert_eq!((seen.code, seen.err.as_str()), (1, "truelevel: .: level 2 is below min-level 3 (truelevel.yml:1)\n"));
    // The command line adds to it, and can set it aside only in so many words.
    assert_eq!(run(folder.path(), &["--min-level", "1"], &[]).code, 1);
    assert_eq!(run(folder.path(), &["--no-config"], &[]).code, 0);
    assert_eq!(run(folder.path(), &["--no-config", "--min-level", "3"], &[]).code, 1);
    let lenient = checkout("gate:\n  min-level: 1\n");
    assert_eq!(run(lenient.path(), &["."; 1], &[]).code, 0);
    assert_eq!(run(lenient.path(), &["--min-level", "3"], &[]).code, 1);
}

#[test]
fn settings_that_are_refused_are_2_with_their_place() {
    let folder = checkout("gate:\n  min_level: 3\n");
    let seen = run(folder.path(), &["check", "."], &[]);
    assert_eq!(seen.code, 2);
    assert!(seen.out.contains("truelevel.yml:2:3"), "{}", seen.out);
    assert!(seen.out.contains("did you mean `min-level`?"), "{}", seen.out);

    let other = tempfile::tempdir().unwrap();
    let file = other.path().join("ours.yml");
    fs::write(&file, "gates: {}\n").unwrap();
    let seen = run(folder.path(), &["--config".as_ref(), file.as_os_str()], &[]);
    assert_eq!((seen.code, seen.out.as_str()), (2, ""));
    assert!(seen.err.contains("ours.yml:1:1: unknown key `gates`; did you mean `gate`?"), "{}", seen.err);
    assert_eq!(run(folder.path(), &["--config", "a.yml", "--no-config"], &[]).code, 2);
}

#[test]
fn a_file_from_elsewhere_takes_the_place_of_the_checkouts_own() {
    let folder = checkout("gate:\n  min-level: 3\n");
    let other = tempfile::tempdir().unwrap();
    let file = other.path().join("ours.yml");
    fs::write(&file, "gate: { min-level: 2 }\n").unwrap();
    let seen = run(folder.path(), &["--config".as_ref(), file.as_os_str()], &[]);
    assert_eq!((seen.code, seen.err.as_str()), (0, ""));
}

/// Evidence is evidence, whoever points at it; here it lies in a second checkout that git ignores.
#[test]
fn a_named_folder_is_read_though_it_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    };
    for (name, bytes) in files(&Path::new(HERE).join("fixtures/runner-nomad-batch")) {
        let inner = if name.starts_with(".github") { name } else { format!("pools/{name}") };
        write(&inner, &bytes);
    }
    write(".gitignore", b"/pools\n");
    fs::create_dir_all(folder.path().join(".git")).unwrap();
    let hosted = || {
        let seen = run(folder.path(), &["--format", "json"], &[]);
        let report: serde_json::Value = serde_json::from_str(&seen.out).unwrap();
        let requirements = report["targets"][0]["requirements"].as_array().unwrap().clone();
        requirements.into_iter().find(|requirement| requirement["id"] == "hosted-build").unwrap()
    };
    assert_eq!(hosted()["state"], "unshown");
    write("truelevel.yml", b"runner-config: [pools]\n");
    let shown = hosted();
    assert_eq!(shown["state"], "met", "{shown}");
    assert!(shown.to_string().contains("\"pools/"), "{shown}");
    for (name, wanted) in [("nowhere", "there is no such file"), (".git", "leaves the checkout")] {
        write("truelevel.yml", format!("runner-config: [{name}]\n").as_bytes());
        assert_eq!(hosted()["state"], "unshown");
        let seen = run(folder.path(), &["-v"], &[]);
        assert_eq!(seen.code, 2);
        assert!(seen.out.contains(wanted), "{}", seen.out);
    }
}

#[test]
fn the_inventory_lists_the_pools_of_named_folders() {
    let folder = checkout("runner-config: [pools]\n");
    fs::write(folder.path().join(".gitignore"), "/pools\n").unwrap();
    fs::create_dir_all(folder.path().join("pools")).unwrap();
    let pool = "githubConfigUrl: https://github.com/acme/widget\nrunnerScaleSetName: widget-set\n";
    fs::write(folder.path().join("pools/values.yaml"), pool).unwrap();
    let listed = |arguments: &[&str]| {
        let seen = run(folder.path(), arguments, &[]);
        let inventory: serde_json::Value = serde_json::from_str(&seen.out).unwrap();
        (seen.code, inventory)
    };
    let (code, inventory) = listed(&["runners", "--format", "json"]);
    assert_eq!((code, &inventory["pools"][0]["location"]["path"]), (0, &"pools/values.yaml".into()), "{inventory}");
    let (code, inventory) = listed(&["runners", "--format", "json", "--no-config"]);
    assert_eq!((code, inventory["pools"].as_array().map(Vec::len)), (0, Some(0)), "{inventory}");
    // A folder that is read anyway is listed once.
    fs::remove_file(folder.path().join(".gitignore")).unwrap();
    let (_, inventory) = listed(&["runners", "--format", "json"]);
    assert_eq!(inventory["pools"].as_array().map(Vec::len), Some(1), "{inventory}");
    fs::write(folder.path().join("truelevel.yml"), "runner-config: [nowhere]\n").unwrap();
    let (code, inventory) = listed(&["runners", "--format", "json"]);
    assert_eq!(code, 2);
    assert!(inventory["errors"][0]["message"].as_str().is_some_and(|m| m.contains("nowhere")), "{inventory}");
}

#[cfg(unix)]
#[test]
fn a_named_folder_that_is_a_link_out_is_not_read() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.yml"), "kind: RunnerDeployment\n").unwrap();
    let folder = checkout("runner-config: [out]\n");
    std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
    let seen = run(folder.path(), &["-v"], &[]);
    assert!(!seen.out.contains("secret.yml"), "{}", seen.out);
    fs::remove_file(folder.path().join("truelevel.yml")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("truelevel.yml")).unwrap();
    let seen = run(folder.path(), &["-v"], &[]);
    assert_eq!(seen.code, 2);
    assert!(seen.out.contains("truelevel.yml") && !seen.out.contains("root:"), "{}", seen.out);
}

/// Every format of the report on a checkout whose settings were written to mislead.
#[test]
fn hostile_settings_are_harmless_in_every_format() {
    let evil = "\u{1b}[2J::error::x\n##[add-mask]y <script>alert(1)</script> \u{202e}gpj ![a](javascript:b) @everyone";
    let quoted = serde_json::to_string(evil).unwrap();
    let settings = format!(
        "gate: {{ min-level: 3, targets: [{{ id: {quoted}, min-level: 3 }}, {{ id: '*', min-level: 3 }}] }}\n\
         targets:\n  - {{ id: {id}, reason: {quoted} }}\n\
         declarations:\n  - {{ requirement: scoped-token, reason: {quoted}, reference: {quoted}, owner: {quoted}, since: 2020-01-01, expires: 2999-01-01 }}\n  \
         - {{ requirement: scoped-token, targets: [{quoted}], reason: {quoted}, reference: {quoted}, owner: {quoted}, since: 2020-01-01, expires: 2999-01-01 }}\n\
         runner-config: [{folder}]\n\
         exclude: [{quoted}, {{ path: .github, reason: {quoted} }}]\n\
         accept:\n  - {{ rule: scoped-token, reason: {quoted}, owner: {quoted}, expires: 2999-01-01 }}\n  \
         - {{ rule: {quoted}, target: {quoted}, path: {quoted}, reason: {quoted}, expires: 2020-01-01 }}\n",
        id = serde_json::to_string(&format!("image:{evil}")).unwrap(),
        folder = serde_json::to_string(&evil.replace(':', "")).unwrap(),
    );
    let refused = format!("{quoted}: {quoted}\n");
    for settings in [settings, refused] {
        let folder = checkout(&settings);
        for format in ["human", "json", "jsonl", "sarif", "github", "gitlab", "markdown", "html"] {
            for more in [&[][..], &["-v"]] {
                let arguments = ["check", ".", "--format", format].iter().chain(more).copied().collect::<Vec<_>>();
                let seen = run(folder.path(), &arguments, &[]);
                assert_eq!(seen.code, 2, "{format}: {}", seen.err);
                for text in [&seen.out, &seen.err] {
                    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{format}: {text}");
                    assert!(
                        !text.contains("##[") && !text.lines().any(|line| line.starts_with("::error::")),
                        "{format}"
                    );
                }
                if format == "html" {
                    assert!(!seen.out.contains("<script"), "{}", seen.out);
                }
            }
        }
    }
}
