//! One tree for six languages.

use std::sync::Arc;

use super::{ARGUMENTS, BLOCK, Data, Value, bicep, groovy, hcl, yaml};

fn path() -> Arc<str> {
    Arc::from("file")
}

fn attribute(text: &str) -> Value {
    let (_, entries) = hcl(&path(), text, &()).expect("HCL");
    entries.into_iter().next().expect("an attribute").value
}

#[test]
fn what_cannot_be_decided_is_unknown() {
    assert_eq!(attribute("a = true\n").bool(), Some(true));
    assert_eq!(attribute("a = \"true\"\n").bool(), Some(true));
    assert_eq!(attribute("a = var.x\n").bool(), None);
    assert_eq!(attribute("a = \"${var.x}\"\n").text(), None);
    assert_eq!(attribute("a = \"x-${var.x}\"\n").shown(), Some("x-${var.x}"));
    assert_eq!(attribute("a = var.x ? true : true\n").bool(), None);
    assert_eq!(attribute("a = !true\n").bool(), None);
}

#[test]
fn calls_are_followed_where_their_meaning_is_known() {
    assert_eq!(attribute("a = jsonencode({ b = [1] })\n").path(&["b"]).map(|b| b.items().len()), Some(1));
    assert_eq!(attribute("a = merge({ b = 1 }, { b = 2 })\n").get("b").and_then(Value::int), Some(2));
    let hidden = attribute("a = merge({ b = 1 }, var.x)\n");
    assert!(hidden.get("b").is_some_and(|b| b.assumed.is_some()), "what is not visible may write over it");
    let last = attribute("a = merge(var.x, { b = 1 })\n");
    assert!(last.get("b").is_some_and(|b| b.assumed.is_none()), "the last writer wins");
    assert_eq!(attribute("a = { for k, v in { x = 1, y = 2 } : k => v if k != \"x\" }\n").entries().len(), 1);
}

#[test]
fn a_text_that_is_broken_or_too_deep_gives_nothing() {
    assert!(hcl(&path(), "a = {\n", &()).is_none());
    assert!(hcl(&path(), &format!("a = {}\n", "[".repeat(10_000)), &()).is_none());
    assert!(yaml(&path(), "a: [\n").is_none());
    assert!(Value::of_toml(&path(), "a = [").is_none());
    assert!(bicep(&path(), &format!("resource x 'y' = {}", "{ a: ".repeat(10_000))).is_empty());
}

#[test]
fn bicep_resources_have_their_properties() {
    let text = "param kind string = 'Stateless'\nresource pool 'Microsoft.DevOpsInfrastructure/pools@2024-10-19' = {\n  name: 'p' // a comment\n  properties: {\n    // kind: 'Stateful'\n    agentProfile: { kind: kind }\n    list: [\n      'a'\n      'b'\n    ]\n  }\n}\n";
    let found = bicep(&path(), text);
    let pool = found.first().expect("a resource");
    assert_eq!(pool.value.at.line, 2);
    assert_eq!(pool.value.path(&["properties", "list"]).map(|l| l.items().len()), Some(2));
    let kind = pool.value.path(&["properties", "agentProfile", "kind"]).expect("a kind");
    assert_eq!(kind.text(), Some("Stateless"));
    assert!(kind.assumed.is_some(), "a parameter may be set otherwise");
}

#[test]
fn functions_of_cloudformation_are_no_literals() {
    let documents = yaml(&path(), "a: !Sub '${X}-y'\nb: !Ref X\nc:\n  Fn::Base64:\n    Fn::Sub: 'z'\n").expect("YAML");
    let root = documents.first().expect("a document");
    assert_eq!(root.get("a").and_then(Value::text), None);
    assert!(matches!(root.get("b").map(|b| &b.data), Some(Data::Unknown(_))));
    assert_eq!(root.get("c").and_then(Value::text), Some("z"));
}

#[test]
fn positions_are_those_of_the_text() {
    let tree = Value::of_toml(&path(), "x = 1\n[[runners]]\n  executor = \"docker\"\n").expect("TOML");
    let runner = tree.all("runners").next().expect("a runner");
    assert_eq!(runner.get("executor").map(|e| (e.at.line, e.at.column)), Some((3, 14)));
}

/// Every name is this list.
struct List(Value);

impl super::Names for List {
    fn name(&self, _: &str, _: &str) -> Option<Value> {
        Some(self.0.clone())
    }
}

fn list(length: usize) -> List {
    List(attribute(&format!("a = [{}]\n", "1, ".repeat(length))))
}

#[test]
fn names_and_loops_do_not_grow_without_end() {
    let many = format!("a = [{}]\n", "local.x, ".repeat(10_000));
    let (_, entries) = hcl(&path(), &many, &list(1000)).expect("HCL");
    let weight: usize = entries.iter().map(|e| e.value.weight()).sum();
    assert!(weight < 3 * super::MAX_VALUES, "{weight}");
    let loops = "for x in local.l : ".to_owned();
    let nested = format!("a = {}1{}\n", format!("[{loops}").repeat(30), "]".repeat(30));
    assert!(hcl(&path(), &nested, &list(30)).is_some());
    let mut text = "var a0 = ['x']\n".to_owned();
    for n in 1..60 {
        text.push_str(&format!("var a{n} = [\n  a{0}\n  a{0}\n]\n", n - 1));
    }
    text.push_str("resource r 'Microsoft.App/jobs@2024-03-01' = {\n  name: a59\n}\n");
    assert_eq!(bicep(&path(), &text).len(), 1);
}

#[test]
fn every_beginning_of_a_text_is_read_without_a_panic() {
    let text = "param p string = 'x' // c\nresource r 'T@1' = if (p == 'é') {\n  a: [ 'b' '${p}' { c: '''d''' } ]\n  e: f(1, [2]) /* g */\n}\n";
    for (end, _) in text.char_indices() {
        bicep(&path(), text.get(..end).unwrap_or_default());
    }
}

#[test]
fn calls_and_blocks_of_groovy_become_keys_and_values() {
    let text = "def x = 'a'.trim()\nagent { pod { image x; size 3 } } // pod { }\nt(name: \"${x}\", l: [f(a: true), 'b']) {\n  node('n') { sh '''}''' }\n}\n";
    let tree = groovy(&path(), text);
    let at = |keys: &[&str]| tree.path(keys).cloned().expect("a value");
    assert_eq!(at(&["x"]).text(), Some("a"));
    assert_eq!(at(&["agent", "pod", "image"]).data, Data::Unknown("x".to_owned()));
    assert_eq!(at(&["agent", "pod", "size"]).int(), Some(3));
    assert_eq!(at(&["t", "name"]).text(), None);
    assert_eq!(at(&["t", "name"]).shown(), Some("${x}"));
    assert_eq!(at(&["t", "l", "f", "a"]).bool(), Some(true));
    assert_eq!(at(&["t", BLOCK, "node", ARGUMENTS]).items().first().and_then(Value::text), Some("n"));
    assert_eq!(at(&["t", BLOCK, "node", BLOCK, "sh"]).text(), Some("}"));
    // What is more than a literal decides nothing.
    assert!(groovy(&path(), "a 'b' + c\n").get("a").is_some_and(|v| v.text().is_none()));
    let text = format!("{text}/* a */ if (x =~ /'/) {{ y {{ -> z }} }} \"\"\"é ${{q}} ''' ");
    for (end, _) in text.char_indices() {
        groovy(&path(), text.get(..end).unwrap_or_default());
    }
}
