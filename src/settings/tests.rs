use super::*;

fn checkout(text: &str) -> Checkout {
    Checkout::in_memory([("truelevel.yml".to_owned(), text.as_bytes().to_vec())], None)
}

fn settings(text: &str) -> Settings {
    Settings::of(&checkout(text), &Source::Checkout).unwrap()
}

/// The refusal as it is printed.
fn refusal(text: &str) -> String {
    let problem = Settings::of(&checkout(text), &Source::Checkout).expect_err(text);
    let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
    format!("{}:{}:{}: {}", problem.path, number(problem.line), number(problem.column), problem.message)
}

const WHOLE: &str = "\
# what we ask for
gate:
  min-level: 2
  deny-overclaim: true
  targets:
    - id: 'npm:*'
      min-level: 3
targets:
  - id: image:ghcr.io/acme/firmware
    reason: Built in the lab.
declarations:
  - requirement: scoped-token
    targets: ['npm:*']
    reason: >
      The organisation's default
      token is read-only.
    reference: https://wiki.example/ci#tokens
    owner: Platform team
    since: 2026-10-01
    expires: 2027-04-01
runner-config: [infra/runners]
with:
  Acme/Workflows: vendor/workflows
exclude:
  - testdata/**
  - path: ci/playground
    reason: Toys.
accept:
  - rule: isolated-cache
    target: npm:left-pad
    path: .github/workflows/*.yml
    reason: The move is planned.
    owner: Build team
    expires: 2027-01-01
";

#[test]
fn everything_is_read_with_its_place() {
    let settings = settings(WHOLE);
    assert_eq!((settings.gate.min_level, settings.gate.deny_overclaim), (Some(2), true));
    assert_eq!(settings.gate.location.line, 2);
    assert_eq!((settings.gate.targets[0].min_level, settings.gate.targets[0].location.line), (3, 6));
    assert_eq!((settings.targets[0].id.1.as_str(), settings.targets[0].location.line), ("ghcr.io/acme/firmware", 9));
    let declaration = &settings.declarations[0];
    assert_eq!(declaration.reason, "The organisation's default token is read-only.");
    assert_eq!((declaration.location.line, declaration.location.column), (12, 5));
    assert_eq!((declaration.since.to_string(), declaration.expires.to_string()).0, "2026-10-01");
    assert_eq!(settings.runner_folders(), [Folder::Inside("infra/runners".to_owned())]);
    assert_eq!(settings.checkouts(), [("acme/workflows".to_owned(), Folder::Inside("vendor/workflows".to_owned()))]);
    assert_eq!(settings.exclude[0].location.line, 25);
    assert_eq!(settings.exclude[1].reason.as_deref(), Some("Toys."));
    assert_eq!(settings.accept[0].location.line, 29);
}

#[test]
fn a_file_that_says_nothing_is_no_error() {
    for text in ["", "# nothing yet\n", "---\n", "~\n", "gate: {}\n", "targets: []\n"] {
        assert!(settings(text).declarations.is_empty(), "{text}");
    }
}

#[test]
fn refusals_have_a_place_and_the_name_that_was_meant() {
    let accept = "accept:\n  - rule: scoped-token\n    reason: known\n";
    let declared = "declarations:\n  - requirement: scoped-token\n    reason: a\n    reference: b\n    owner: c\n";
    for (text, wanted) in [
        ("gate:\n  min_level: 2\n", "truelevel.yml:2:3: unknown key `min_level`; did you mean `min-level`?"),
        ("gates:\n  min-level: 2\n", "truelevel.yml:1:1: unknown key `gates`; did you mean `gate`?"),
        ("gate:\n  min-level: 4\n", "truelevel.yml:2:14: 4 is no level of the Build track: they are 0, 1, 2 and 3"),
        ("gate:\n  min-level: '2'\n", "truelevel.yml:2:14: this is string \"2\" and should be a number without quotes"),
        ("gate: 3\n", "truelevel.yml:1:7: this is integer `3` and should be a mapping"),
        ("declarations:\n  a: b\n", "truelevel.yml:2:3: this is a mapping and should be a list"),
        (
            "declarations:\n  - requirement: scoped-tokens\n",
            "truelevel.yml:2:18: `scoped-tokens` is not known here; did you mean `scoped-token`?",
        ),
        (
            "targets:\n  - id: imgae:ghcr.io/a/b\n",
            "truelevel.yml:2:9: `imgae` is not known here; did you mean `image`?",
        ),
        (
            "targets:\n  - id: left-pad\n",
            "truelevel.yml:2:9: `left-pad` names no target; write kind:name, as in image:ghcr.io/acme/app",
        ),
        (accept, "truelevel.yml:2:5: the key `expires` is missing"),
        (
            &format!("{accept}    expires: 2027-13-01\n"),
            "truelevel.yml:4:14: `2027-13-01` is no day; write it as in 2027-01-31",
        ),
        (
            &format!("{accept}    expires: tomorrow\n"),
            "truelevel.yml:4:14: `tomorrow` is no day; write it as in 2027-01-31",
        ),
        (
            &format!("{accept}    expire: 2027-01-01\n"),
            "truelevel.yml:4:5: unknown key `expire`; did you mean `expires`?",
        ),
        (&format!("{declared}    since: 2026-01-01\n"), "truelevel.yml:2:5: the key `expires` is missing"),
        (&format!("{declared}    reasons: x\n"), "truelevel.yml:6:5: unknown key `reasons`; did you mean `reason`?"),
        ("exclude:\n  - path: '['\n", "truelevel.yml:2:11: `[` is no pattern: unclosed character class; missing ']'"),
        ("exclude:\n  - pth: a\n", "truelevel.yml:2:5: unknown key `pth`; did you mean `path`?"),
        ("with:\n  workflows: a\n", "truelevel.yml:2:3: `workflows` names no repository; write owner/name"),
        ("a: 1\na: 2\n", "truelevel.yml:2:1: the key `a` stands here a second time"),
        ("gate: {}\n---\ngate: {}\n", "truelevel.yml:3:1: a second document starts here; the file has one"),
        ("- a\n", "truelevel.yml:1:1: the file is a mapping of keys such as `gate` and `declarations`"),
    ] {
        assert_eq!(refusal(text), wanted);
    }
    assert!(refusal("gate: [\n").starts_with("truelevel.yml:2:"), "{}", refusal("gate: [\n"));
    assert!(refusal("zzz: 1\n").contains("there are `gate`, `targets`, `declarations`"));
}

#[test]
fn paths_of_a_checkout_stay_in_it() {
    for path in ["..", "a/../../b", "/etc", "~/x", "C:\\x", "a/..\\..\\b", "\\\\host\\share"] {
        let quoted = serde_json::to_string(path).unwrap();
        for text in [format!("runner-config: [{quoted}]\n"), format!("with: {{ a/b: {quoted} }}\n")] {
            assert!(refusal(&text).contains("leaves the checkout"), "{text}");
        }
    }
    assert_eq!(settings("runner-config: [., a/../b, a/b]\n").runner_config.len(), 3);
    assert!(refusal("runner-config:\n  - a\n  - ../b\n").starts_with("truelevel.yml:3:5: "));
}

#[test]
fn a_file_named_on_the_command_line_may_lead_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("strict.yml");
    std::fs::write(&file, "runner-config: [../runners]\n").unwrap();
    let settings = Settings::of(&checkout("gate: { min-level: 1 }\n"), &Source::File(file)).unwrap();
    assert_eq!(settings.gate.min_level, None);
    assert_eq!(settings.runner_folders(), [Folder::Beside(folder.path().join("../runners"))]);
    let none = Settings::of(&checkout("broken: 1\n"), &Source::Nowhere).unwrap();
    assert_eq!(none.gate.min_level, None);
    let missing = Settings::of(&checkout(""), &Source::File(folder.path().join("none.yml"))).unwrap_err();
    assert!(missing.path.ends_with("none.yml") && missing.message == "there is no such file", "{missing:?}");
}

#[test]
fn two_files_at_once_are_refused() {
    let both = NAMES.iter().take(2).map(|name| ((*name).to_owned(), b"gate: {}\n".to_vec()));
    let problem = Settings::of(&Checkout::in_memory(both, None), &Source::Checkout).unwrap_err();
    assert_eq!(problem.message, "truelevel.yaml is there too: keep one of them");
    for name in NAMES {
        let one = Checkout::in_memory([(name.to_owned(), b"gate: { min-level: 2 }\n".to_vec())], None);
        assert_eq!(Settings::of(&one, &Source::Checkout).unwrap().gate.min_level, Some(2), "{name}");
    }
}

#[test]
fn limits_hold() {
    let long = "x".repeat(MAX_TEXT + 1);
    let entry = |reason: &str| format!("  - id: npm:a\n    reason: {reason}\n");
    assert!(settings(&format!("targets:\n{}", entry(&long[1..]))).targets.len() == 1);
    assert!(refusal(&format!("targets:\n{}", entry(&long))).ends_with("this has more than 2000 characters"));
    assert!(settings(&format!("targets:\n{}", entry("a").repeat(MAX_ENTRIES))).targets.len() == MAX_ENTRIES);
    let many = refusal(&format!("targets:\n{}", entry("a").repeat(MAX_ENTRIES + 1)));
    assert!(many.ends_with("this list has more than 200 entries"), "{many}");
    let large = format!("# {}\n", "x".repeat(MAX_BYTES));
    assert!(refusal(&large).ends_with("the file is larger than 262144 bytes"));
    // Copies through aliases count.
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", ")));
    }
    refusal(&bomb);
    refusal(&format!("gate: {}\n", "[".repeat(10_000)));
}

#[test]
fn hostile_names_are_named_and_do_not_mislead_the_words() {
    let text = "\"a`, expected one of `gate` \\u001b[31m\": 1\n";
    let shown = refusal(text);
    assert!(shown.starts_with("truelevel.yml:1:1: unknown key `a`, expected one of `gate` \u{1b}[31m`"), "{shown}");
}

#[test]
fn schema_file_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/config.schema.json");
    let wanted = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == wanted,
        "docs/config.schema.json differs from the types; `UPDATE_SCHEMA=1 cargo test --lib schema` rewrites it"
    );
}

#[test]
fn the_schema_takes_what_is_read_and_refuses_what_is_refused() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let valid = |text: &str| validator.is_valid(&serde_yaml::from_str::<serde_json::Value>(text).unwrap());
    assert!(valid(WHOLE));
    assert!(valid("gate: {}\n"));
    for text in [
        "gates: {}\n",
        "gate: { min-level: 4 }\n",
        "declarations:\n  - requirement: scoped\n",
        "accept:\n  - rule: scoped-token\n",
        "exclude:\n  - pth: a\n",
    ] {
        assert!(!valid(text), "{text}");
        refusal(text);
    }
}
