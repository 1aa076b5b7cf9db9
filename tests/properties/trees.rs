//! YAML: what is written in any style is read back, and every place is the one in the file.

use proptest::collection::vec;
use proptest::prelude::*;
use truelevel::syntax::yaml::{self, Node};

use super::hold;

/// A tree, with the style of every node.
#[derive(Debug, Clone)]
enum Tree {
    Scalar(String, u8),
    Sequence(Vec<Tree>, bool),
    Mapping(Vec<(String, Tree)>, bool),
}

fn scalar() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => proptest::char::range('a', 'z'),
        2 => proptest::sample::select(" :#-?&*!|>'\"%@`{}[],\\/.~0123\t".chars().collect::<Vec<_>>()),
        1 => proptest::sample::select("\nüß漢\u{1f980}\u{e000}\u{85}\u{2028}\u{202e}\u{7f}\u{1b}\0".chars().collect::<Vec<_>>()),
    ];
    vec(character, 0..12).prop_map(|characters| characters.into_iter().collect())
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (scalar(), any::<u8>()).prop_map(|(text, style)| Tree::Scalar(text, style));
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..6), any::<bool>()).prop_map(|(items, flow)| Tree::Sequence(items, flow)),
            (vec((scalar(), inner), 0..6), any::<bool>()).prop_map(|(entries, flow)| {
                // Every key once.
                let unique = |(at, (key, value))| (format!("{key}{at}"), value);
                Tree::Mapping(entries.into_iter().enumerate().map(unique).collect(), flow)
            }),
        ]
    })
}

/// A scalar as it stands on one line.
fn inline(text: &str, style: u8) -> String {
    let word = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '/');
    // In single quotes every character stands for itself, so only what YAML takes as it is may stand there.
    let printable = text.chars().all(|c| matches!(c, ' '..='~' | 'ü' | 'ß' | '漢' | '\u{1f980}'));
    match style % 3 {
        0 if word => text.to_owned(),
        1 if printable => format!("'{}'", text.replace('\'', "''")),
        _ => {
            let escaped = |c: char| match c {
                '"' | '\\' => format!("\\{c}"),
                ' '..='~' => c.to_string(),
                c => format!("\\U{:08x}", u32::from(c)),
            };
            format!("\"{}\"", text.chars().map(escaped).collect::<String>())
        }
    }
}

fn flow(tree: &Tree) -> String {
    match tree {
        Tree::Scalar(text, style) => inline(text, *style),
        Tree::Sequence(items, _) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Tree::Mapping(entries, _) => {
            let entry = |(key, value): &(String, Tree)| format!("{}: {}", inline(key, 2), flow(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// What follows a `-`, a `key:`, or nothing, up to the end of its last line.
fn block(tree: &Tree, indent: usize, out: &mut String) {
    let deep = " ".repeat(indent);
    match tree {
        Tree::Sequence(items, false) if !items.is_empty() => {
            for item in items {
                out.push_str(&format!("\n{deep}-"));
                block(item, indent + 2, out);
            }
        }
        Tree::Mapping(entries, false) if !entries.is_empty() => {
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(&format!("\n{deep}{}:", inline(key, u8::try_from(at).unwrap())));
                block(value, indent + 2, out);
            }
        }
        Tree::Scalar(text, style) if style % 4 == 3 && literal(text) => {
            let lines: Vec<String> = text.split('\n').map(|line| format!("\n{deep}{line}")).collect();
            out.push_str(&format!(" |-{}", lines.concat()));
        }
        other => out.push_str(&format!(" {}", flow(other))),
    }
}

/// Whether a block scalar yields exactly this text.
fn literal(text: &str) -> bool {
    text.split('\n').all(|line| {
        line.starts_with(|c: char| c.is_ascii_graphic()) && line.chars().all(|c| matches!(c, ' '..='~' | 'ü' | '漢'))
    })
}

fn same(node: Node<'_>, tree: &Tree, source: &str) {
    let span = node.span();
    let (start, end) = (span.start.byte as usize, span.end.byte as usize);
    let text = source.get(start..end).expect("a stretch of whole characters");
    for position in [span.start, span.end] {
        let before = &source[..position.byte as usize];
        let line = before.rsplit('\n').next().unwrap();
        let counted = (before.matches('\n').count() + 1, line.chars().count() + 1);
        assert_eq!((position.line as usize, position.column as usize), counted, "{text:?} in {source:?}");
    }
    match tree {
        Tree::Scalar(wanted, _) => {
            assert_eq!(node.as_str(), Some(&**wanted), "{source:?}");
            let written = text.trim_end();
            let quoted = ["'", "\"", "|"].iter().any(|quote| written.starts_with(quote));
            assert!(quoted || written == wanted, "{written:?} for {wanted:?} in {source:?}");
        }
        Tree::Sequence(items, _) => {
            let read: Vec<Node<'_>> = node.items().collect();
            assert_eq!((node.is_sequence(), read.len()), (true, items.len()), "{source:?}");
            read.into_iter().zip(items).for_each(|(node, tree)| same(node, tree, source));
        }
        Tree::Mapping(entries, _) => {
            let read: Vec<_> = node.entries().collect();
            assert_eq!((node.is_mapping(), read.len()), (true, entries.len()), "{source:?}");
            for ((key, value), (wanted, tree)) in read.into_iter().zip(entries) {
                assert_eq!(key.as_str(), Some(&**wanted), "{source:?}");
                assert_eq!(node.get(wanted).map(|found| found.span()), Some(value.span()), "{source:?}");
                same(value, tree, source);
            }
        }
    }
}

#[test]
fn what_is_written_is_read_back_with_its_places() {
    hold(400, tree(), |tree| {
        let mut text = "---".to_owned();
        block(&tree, 0, &mut text);
        text.push('\n');
        let documents = yaml::parse(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
        assert_eq!(documents.len(), 1, "{text:?}");
        same(documents[0].root(), &tree, documents[0].text());
    });
}

#[test]
fn anything_ends_and_stays_inside_the_file() {
    let pieces = [
        "- ",
        "a: ",
        "? ",
        "&a ",
        "*a ",
        "<<: ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "|\n ",
        ">+2\n",
        "\"",
        "'",
        "#",
        "\n",
        "\n  ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "!!str ",
        "!<x> ",
        "\t",
        "\u{feff}",
        "漢",
        "x",
    ];
    hold(600, vec(proptest::sample::select(pieces.to_vec()), 0..60), |pieces| {
        bodies_yaml(&pieces.concat());
    });
}

fn bodies_yaml(text: &str) {
    super::bodies::run("yaml", text.as_bytes());
}
