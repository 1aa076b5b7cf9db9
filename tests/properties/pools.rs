//! Runner configuration of no particular meaning, in every language that defines runners: trees whose words are those of
//! the fixtures.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::{bodies, fixtures, hold};

/// The words of the definitions in the fixtures.
fn words() -> &'static [String] {
    static WORDS: OnceLock<Vec<String>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let texts = fixtures().iter().flatten().filter(|(path, _)| !path.starts_with(".github/"));
        let mut found = BTreeSet::new();
        for (_, text) in texts {
            let text = String::from_utf8_lossy(text);
            let split = text.split(|c: char| c.is_whitespace() || "\"'{}[](),=:;".contains(c));
            found.extend(split.filter(|word| (2..60).contains(&word.len())).map(str::to_owned));
        }
        assert!(found.len() > 500);
        found.into_iter().collect()
    })
}

fn word() -> impl Strategy<Value = String> {
    any::<prop::sample::Index>().prop_map(|index| index.get(words()).clone())
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => word().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => (word(), word()).prop_map(|(one, other)| Value::from(format!("{one} ${{{other}}}"))),
    ];
    leaf.prop_recursive(7, 60, 8, |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..5).prop_map(Value::from),
            3 => vec((word(), inner), 0..8).prop_map(|entries| entries.into_iter().collect::<Value>()),
        ]
    })
}

/// An attribute, or a block where the value is a mapping, with labels in front of it.
fn hcl(key: &str, value: &Value, out: &mut String, depth: usize) {
    let plain: String = key.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let name = if plain.starts_with(|c: char| c.is_ascii_alphabetic()) { plain } else { format!("x{plain}") };
    match value {
        Value::Object(entries) if depth < 6 => {
            let labels = if depth == 0 { format!(" \"{}\" \"this\"", name) } else { String::new() };
            let word = if depth == 0 { "resource" } else { &*name };
            out.push_str(&format!("{word}{labels} {{\n"));
            entries.iter().for_each(|(key, value)| hcl(key, value, out, depth + 1));
            out.push_str("}\n");
        }
        value => out.push_str(&format!("{name} = {value}\n")),
    }
}

fn toml(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| format!("{} = {}", Value::from(key.as_str()), toml(value));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// The tree as a file of each shape, with what makes a reader look at it.
fn file(shape: usize, value: &Value) -> (String, String) {
    let yaml = || serde_yaml::to_string(value).unwrap();
    let inner = |depth: &str| yaml().replace('\n', &format!("\n{depth}"));
    let (path, text) = match shape % 9 {
        0 => {
            let mut text = String::from("# github actions-runner config.sh --url\n");
            hcl("aws_instance", value, &mut text, 0);
            ("infra/main.tf", text)
        }
        1 => (
            "infra/runners.yaml",
            format!(
                "apiVersion: actions.summerwind.dev/v1alpha1\nkind: RunnerDeployment\nmetadata: {{ name: a }}\nspec:\n  {}\n",
                inner("  ")
            ),
        ),
        2 => (
            "infra/runners.yaml",
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - image: ghcr.io/actions/actions-runner\n          x:\n            {}\n",
                inner("            ")
            ),
        ),
        3 => (
            "compose.yaml",
            format!("services:\n  a:\n    image: myoung34/github-runner:1\n    x:\n      {}\n", inner("      ")),
        ),
        4 => ("config.toml", format!("[[runners]]\nname = \"a\"\nexecutor = \"docker\"\nx = {}\n", toml(value))),
        5 => (
            "infra/values.yaml",
            format!("githubConfigUrl: https://github.com/acme/widget\ntemplate:\n  spec:\n    {}\n", inner("    ")),
        ),
        6 => ("infra/job.nomad", {
            let mut text = String::from("# ghcr.io/actions/actions-runner\n");
            hcl("job", value, &mut text, 1);
            text
        }),
        7 => (
            "infra/template.json",
            format!(
                "{{\"Resources\": {{\"Runner\": {{\"Type\": \"AWS::CodeBuild::Project\", \"Properties\": {value}}}}}}}"
            ),
        ),
        _ => (
            "infra/kustomization.yaml",
            format!(
                "resources: [runners.yaml]\npatches:\n  - patch: |\n      kind: RunnerDeployment\n      {}\n",
                inner("      ")
            ),
        ),
    };
    (path.to_owned(), text)
}

#[test]
fn any_runner_configuration_is_judged_soundly() {
    let workflow = super::GOOD.replace("ubuntu-24.04", "[self-hosted, linux]");
    hold(300, vec((any::<usize>(), tree()), 1..3), |parts| {
        let mut files: Vec<_> = parts.iter().map(|(shape, value)| file(*shape, value)).collect();
        files.push((".github/workflows/release.yml".to_owned(), workflow.clone()));
        bodies::grade(files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect());
    });
}
