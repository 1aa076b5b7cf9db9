use super::*;
use crate::model::{Position, Span};

fn one(text: &str) -> Document {
    let mut documents = parse(text).unwrap();
    assert_eq!(documents.len(), 1, "documents of {text:?}");
    documents.remove(0)
}

fn slice(text: &str, span: Span) -> &str {
    &text[span.start.byte as usize..span.end.byte as usize]
}

fn place(span: Span) -> [u32; 4] {
    [span.start.line, span.start.column, span.end.line, span.end.column]
}

/// Where a piece of the text of a node stands in the file: the file has the same piece there.
fn located<'t>(text: &'t str, node: Node<'_>, piece: &str) -> (u32, u32, &'t str) {
    let offset = node.as_str().unwrap().find(piece).unwrap();
    let at = node.at(offset);
    assert_eq!(node.span_within(offset..offset + piece.len()).start, at);
    (at.line, at.column, text.get(at.byte as usize..at.byte as usize + piece.len()).unwrap())
}

#[test]
fn a_workflow_reads_as_its_author_sees_it() {
    let text = "on: push\njobs:\n  build:\n    runs-on: [self-hosted, 'x']\n    timeout-minutes: 5\n    continue-on-error: true\n    env:\n";
    let document = one(text);
    let root = document.root();
    assert_eq!(root.kind(), Kind::Mapping);
    assert_eq!(root.get("on").unwrap().as_str(), Some("push"));
    let build = root.get("jobs").unwrap().get("build").unwrap();
    let labels: Vec<_> = build.get("runs-on").unwrap().items().filter_map(|label| label.as_str()).collect();
    assert_eq!(labels, ["self-hosted", "x"]);
    assert_eq!(build.get("timeout-minutes").unwrap().as_i64(), Some(5));
    assert_eq!(build.get("continue-on-error").unwrap().as_bool(), Some(true));
    assert!(build.get("env").unwrap().is_null());
    assert_eq!(build.get("env").unwrap().as_str(), None);
    assert!(build.get("steps").is_none());
    let keys: Vec<_> = build.entries().filter_map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["runs-on", "timeout-minutes", "continue-on-error", "env"]);
}

#[test]
fn spans_are_exactly_the_scalar() {
    let text = "plain: a b  # c\nsingle: 'it''s' # 'c'\ndouble: \"a \\\" b\"   # \"c\"\ntagged: !!str &x  12\nempty:\n";
    let document = one(text);
    let root = document.root();
    assert_eq!(slice(text, root.get("plain").unwrap().span()), "a b");
    assert_eq!(slice(text, root.get("single").unwrap().span()), "'it''s'");
    assert_eq!(slice(text, root.get("double").unwrap().span()), "\"a \\\" b\"");
    assert_eq!(slice(text, root.get("tagged").unwrap().span()), "12");
    assert_eq!(slice(text, root.get("empty").unwrap().span()), "");
    assert_eq!(place(root.get("double").unwrap().span()), [3, 9, 3, 17]);
    let (key, _) = root.entry("single").unwrap();
    assert_eq!(place(key.span()), [2, 1, 2, 7]);
}

#[test]
fn spans_of_collections_end_with_their_last_entry() {
    let text = "a:\n  - b\n  - [c, {d: e}]   # f\n\n# g\nh: {}\n";
    let document = one(text);
    let list = document.root().get("a").unwrap();
    assert_eq!(slice(text, list.span()), "- b\n  - [c, {d: e}]");
    let flow = list.items().nth(1).unwrap();
    assert_eq!(slice(text, flow.span()), "[c, {d: e}]");
    assert_eq!(slice(text, flow.items().nth(1).unwrap().span()), "{d: e}");
    assert_eq!(slice(text, document.root().get("h").unwrap().span()), "{}");
}

#[test]
fn columns_count_characters_and_offsets_bytes() {
    let padding = "é".repeat(200);
    let text = format!("# {padding}\n日本: {padding} # ü\nb: \"{padding}\"\n");
    let document = one(&text);
    let value = document.root().get("日本").unwrap();
    assert_eq!(place(value.span()), [2, 5, 2, 205]);
    assert_eq!(slice(&text, value.span()), padding);
    assert_eq!(value.comment_after(), Some("# ü"));
    let quoted = document.root().get("b").unwrap();
    assert_eq!(place(quoted.span()), [3, 4, 3, 206]);
    assert_eq!(quoted.at(4).column, 7);
}

#[test]
fn byte_order_mark_carriage_returns_and_directives_are_read() {
    let text = "\u{feff}a: b\r\nc: |\r\n  d\r\n  e\r\nf: g\r\n";
    let document = one(text);
    let root = document.root();
    assert_eq!(root.entries().next().unwrap().0.span().start, Position { line: 1, column: 1, byte: 3 });
    assert_eq!(root.get("c").unwrap().as_str(), Some("d\ne\n"));
    assert_eq!(located(text, root.get("c").unwrap(), "e"), (4, 3, "e"));
    assert_eq!(place(root.get("f").unwrap().span()), [5, 4, 5, 5]);

    let documents = parse("%YAML 1.2\n---\na: 1\n...\n---\n---\n- b\n").unwrap();
    let kinds: Vec<_> = documents.iter().map(|document| document.root().kind()).collect();
    assert_eq!(kinds, [Kind::Mapping, Kind::Null, Kind::Sequence]);
    assert_eq!(documents[2].root().span().start.line, 7);

    assert!(parse("").unwrap().is_empty());
    assert!(parse("# nothing\n\n").unwrap().is_empty());
    assert_eq!(one("a:\t b\n").root().get("a").unwrap().as_str(), Some("b"));
}

#[test]
fn plain_scalars_follow_the_core_schema() {
    use Kind::{Bool, Float, Int, Null, String};
    let cases = [
        ("~", Null),
        ("null", Null),
        ("true", Bool),
        ("False", Bool),
        ("yes", String),
        ("on", String),
        ("tRue", String),
        ("0", Int),
        ("-12", Int),
        ("0o17", Int),
        ("0xfF", Int),
        ("0x", String),
        ("017", Int),
        ("1_000", String),
        ("3.14", Float),
        ("-1e3", Float),
        (".5", Float),
        ("1.", Float),
        (".", String),
        ("1.2.3", String),
        ("-.inf", Float),
        (".nan", Float),
        ("1e", String),
        ("'1'", String),
        ("\"true\"", String),
        ("! 12", String),
        ("!!str 12", String),
        ("!!int '12'", Int),
        ("!vault 12", String),
        ("[]", Kind::Sequence),
        ("{}", Kind::Mapping),
    ];
    for (text, kind) in cases {
        assert_eq!(one(text).root().kind(), kind, "{text}");
    }
    assert_eq!(one("0o17").root().as_i64(), Some(15));
    assert_eq!(one("0x1F").root().as_i64(), Some(31));
    assert_eq!(one("+7").root().as_i64(), Some(7));
    assert_eq!(one("99999999999999999999").root().as_i64(), None);
    assert_eq!(one("'true'").root().as_bool(), None);
    assert_eq!(one("''").root().as_str(), Some(""));
}

#[test]
fn tags_are_kept() {
    let document = one("a: !reference [x, y]\nb: !!str z\nc: ! d\ne: f\n");
    let tag = |key| document.root().get(key).unwrap().tag();
    assert_eq!(tag("a"), Some("!reference"));
    assert_eq!(tag("b"), Some("tag:yaml.org,2002:str"));
    assert_eq!(tag("c"), Some("!"));
    assert_eq!(tag("e"), None);
}

#[test]
fn an_alias_is_what_its_anchor_marks() {
    let text = "steps:\n  - &checkout\n    uses: actions/checkout@abc # v4\n  - *checkout\nagain: &name main  # here\nbranch: *name\nother: *name # there\n";
    let document = one(text);
    let root = document.root();
    let steps: Vec<_> = root.get("steps").unwrap().items().collect();
    assert_eq!(steps[0], steps[1]);
    assert_eq!(steps[1].get("uses").unwrap().comment_after(), Some("# v4"));
    assert_eq!(slice(text, steps[1].alias_span().unwrap()), "*checkout");
    assert_eq!(steps[0].alias_span(), None);
    assert_eq!(steps[1].span(), steps[0].span());
    assert_eq!(root.get("branch").unwrap().as_str(), Some("main"));
    assert_eq!(root.get("branch").unwrap().comment_after(), Some("# here"));
    assert_eq!(root.get("other").unwrap().comment_after(), Some("# there"));
}

#[test]
fn the_last_definition_before_an_alias_counts() {
    let document = one("- &a 1\n- *a\n- &a 2\n- *a\n");
    let values: Vec<_> = document.root().items().filter_map(|item| item.as_i64()).collect();
    assert_eq!(values, [1, 1, 2, 2]);
}

#[test]
fn merges_apply_and_own_keys_win() {
    let text = "base: &base {a: 1, b: 2}\nmore: &more\n  <<: *base\n  c: 3\nlist:\n  <<: [*more, {c: 4, d: 5}]\n  b: 6\n\"<<\": kept\n";
    let document = one(text);
    let root = document.root();
    let list = root.get("list").unwrap();
    let entries: Vec<_> = list.entries().map(|(key, value)| (key.as_str().unwrap(), value.as_i64().unwrap())).collect();
    assert_eq!(entries, [("b", 6), ("c", 3), ("a", 1), ("d", 5)]);
    assert_eq!(list.get("c").unwrap().as_i64(), Some(3));
    assert_eq!(list.get("b").unwrap().as_i64(), Some(6));
    assert!(list.get("<<").is_none());
    assert_eq!(root.get("<<").unwrap().as_str(), Some("kept"));
    assert_eq!(document.merge_keys().iter().map(|span| span.start.line).collect::<Vec<_>>(), [3, 6]);
    assert!(document.duplicate_keys().is_empty());
}

#[test]
fn a_merge_of_something_else_is_an_ordinary_key() {
    let document = one("<<: 5\na: b\n");
    assert_eq!(document.root().get("<<").unwrap().as_i64(), Some(5));
    assert!(document.merge_keys().is_empty());
}

#[test]
fn duplicate_keys_are_recorded_and_the_last_wins() {
    let document = one("a: 1\nb: 2\n\"a\": 3\nc:\n  d: 4\n  d: 5\n");
    let repeated: Vec<_> = document
        .duplicate_keys()
        .iter()
        .map(|(key, span)| (key.as_str(), span.start.line, span.start.column))
        .collect();
    assert_eq!(repeated, [("d", 6, 3), ("a", 3, 1)]);
    assert_eq!(document.root().get("a").unwrap().as_i64(), Some(3));
    assert_eq!(document.root().entries().count(), 4);
}

#[test]
fn large_mappings_answer_as_small_ones() {
    let mut text = String::new();
    for index in (0..50).rev() {
        text.push_str(&format!("k{index}: {index}\n"));
    }
    text.push_str("k7: last\n? [complex]\n: x\n");
    let document = one(&text);
    let root = document.root();
    for index in (0..50).filter(|&index| index != 7) {
        assert_eq!(root.get(&format!("k{index}")).unwrap().as_i64(), Some(index));
    }
    assert_eq!(root.get("k7").unwrap().as_str(), Some("last"));
    assert!(root.get("k").is_none());
    assert!(root.get("k500").is_none());
    assert!(root.get("zzz").is_none());
    assert_eq!(root.entries().count(), 52);
    assert_eq!(document.duplicate_keys().len(), 1);
    assert_eq!(document.duplicate_keys()[0].1.start.line, 51);
}

#[test]
fn literal_block_scalars_map_in_every_form() {
    for header in ["|", "|-", "|+", "| # why", "|1", "|2-", "|+1", "!!str |", "&a |"] {
        let text = format!("jobs:\n  run: {header}\n    echo é a\n\n      indented\n    last $X\n\n\nnext: y\n");
        let indent = if header.contains('1') { " " } else { "" };
        let document = one(&text);
        let node = document.root().get("jobs").unwrap().get("run").unwrap();
        assert!(node.as_str().unwrap().starts_with(&format!("{indent}echo é a\n\n")), "{header}");
        assert!(slice(&text, node.span()).starts_with('|'), "{header}");
        assert!(slice(&text, node.span()).ends_with("$X"), "{header}");
        assert_eq!(located(&text, node, "echo"), (3, 5, "echo"), "{header}");
        assert_eq!(located(&text, node, "a\n"), (3, 12, "a\n"), "{header}");
        assert_eq!(located(&text, node, "indented"), (5, 7, "indented"), "{header}");
        assert_eq!(located(&text, node, "$X"), (6, 10, "$X"), "{header}");
    }
}

#[test]
fn block_scalars_begin_with_blank_lines_and_end_with_the_file() {
    let text = "a:\n- |\n\n\n  x\n  yy";
    let document = one(text);
    let node = document.root().get("a").unwrap().items().next().unwrap();
    assert!(node.as_str().unwrap().starts_with("\n\nx\nyy"));
    assert_eq!(place(node.span()), [2, 3, 6, 5]);
    assert_eq!(located(text, node, "x"), (5, 3, "x"));
    assert_eq!(located(text, node, "yy"), (6, 3, "yy"));
    assert_eq!(node.at(1000).line, 6);

    let text = "|\ntop\nlevel\n";
    let document = one(text);
    assert_eq!(place(document.root().span()), [1, 1, 3, 6]);
    assert_eq!(located(text, document.root(), "level"), (3, 1, "level"));

    let document = one("a: |\nb: c\n");
    assert_eq!(document.root().get("a").unwrap().as_str(), Some(""));
    assert_eq!(document.root().get("a").unwrap().at(0).line, 1);
}

#[test]
fn a_comment_with_an_indicator_does_not_mislead() {
    let text = "a: # > | yes\n  # | no\n  !t # >\n  |- # | why\n    x\n";
    let document = one(text);
    let node = document.root().get("a").unwrap();
    assert_eq!(place(node.span()), [4, 3, 5, 6]);
    assert_eq!(node.comment_after(), Some("# | why"));
}

#[test]
fn folded_block_scalars_map() {
    let text = "a: >-\n  one two\n  three\n\n  four\n    kept\n  five\nb: c\n";
    let document = one(text);
    let node = document.root().get("a").unwrap();
    assert_eq!(node.as_str(), Some("one two three\nfour\n  kept\nfive"));
    assert_eq!(located(text, node, "two"), (2, 7, "two"));
    assert_eq!(located(text, node, "three"), (3, 3, "three"));
    assert_eq!(located(text, node, "four"), (5, 3, "four"));
    assert_eq!(located(text, node, "kept"), (6, 5, "kept"));
    assert_eq!(located(text, node, "five"), (7, 3, "five"));
}

#[test]
fn flow_scalars_map_over_escapes_and_lines() {
    let text = "a: \"x\\ty\\u00e9\\x41z\"\nb: 'it''s ok'\nc: one\n  two\n\n  three\nd: \"p\n  q\\\n  r  s\"\n";
    let document = one(text);
    let get = |key| document.root().get(key).unwrap();
    assert_eq!(get("a").as_str(), Some("x\tyéAz"));
    assert_eq!(located(text, get("a"), "y"), (1, 8, "y"));
    assert_eq!(located(text, get("a"), "z"), (1, 19, "z"));
    assert_eq!(located(text, get("b"), "ok"), (2, 11, "ok"));
    assert_eq!(get("c").as_str(), Some("one two\nthree"));
    assert_eq!(located(text, get("c"), "two"), (4, 3, "two"));
    assert_eq!(located(text, get("c"), "three"), (6, 3, "three"));
    assert_eq!(get("d").as_str(), Some("p qr  s"));
    assert_eq!(located(text, get("d"), "q"), (8, 3, "q"));
    assert_eq!(located(text, get("d"), "r"), (9, 3, "r"));
    assert_eq!(located(text, get("d"), "s"), (9, 6, "s"));
    assert_eq!(place(get("b").span_within(5..7)), [2, 11, 2, 13]);
}

#[test]
fn comments_behind_a_scalar() {
    let text =
        "a: b@c # v1.2.3  \nb: 'x # y' # z\nc: d#e\nf: \"#\"\ng: {h: i@j} # k\nl: [\n  m, # n\n  o\n]\np: q\n# r\n";
    let document = one(text);
    let get = |key| document.root().get(key).unwrap();
    assert_eq!(get("a").comment_after(), Some("# v1.2.3"));
    assert_eq!(get("b").comment_after(), Some("# z"));
    assert_eq!(get("c").comment_after(), None);
    assert_eq!(get("f").comment_after(), None);
    assert_eq!(get("g").get("h").unwrap().comment_after(), Some("# k"));
    assert_eq!(get("g").comment_after(), Some("# k"));
    assert_eq!(get("l").items().next().unwrap().comment_after(), Some("# n"));
    assert_eq!(get("p").comment_after(), None);
}

#[test]
fn what_saphyr_refuses_is_read_a_second_time() {
    // The closing bracket at the indentation of its key.
    let text = "jobs:\n  a:\n    needs: [\n      x,\n      'y' # z\n    ]\n    run: |\n      é\n      b\n";
    let document = one(text);
    let job = document.root().get("jobs").unwrap().get("a").unwrap();
    assert_eq!(slice(text, job.get("needs").unwrap().span()), "[\n      x,\n      'y' # z\n    ]");
    assert_eq!(slice(text, job.get("needs").unwrap().items().nth(1).unwrap().span()), "'y'");
    assert_eq!(slice(text, job.get("run").unwrap().span()), "|\n      é\n      b");
    assert_eq!(located(text, job.get("run").unwrap(), "b"), (9, 7, "b"));
}

#[test]
fn broken_text_is_refused_with_its_place() {
    let error = parse("a: b\nc: [d\n").unwrap_err();
    assert!(error.line >= 2, "{error}");
    let error = parse("é: \"\nx").unwrap_err();
    assert_eq!((error.line, error.column), (1, 4), "{error}");
    let error = parse("a: *b\n").unwrap_err();
    assert_eq!((error.line, error.column), (1, 4), "{error}");
    assert!(error.to_string().ends_with("at line 1, column 4"), "{error}");
    // An anchor ends with its document.
    assert!(parse("- &a x\n---\n- *a\n").is_err());
    assert!(parse("a: b\0").is_err());
}

#[test]
fn an_alias_inside_its_own_anchor_is_refused() {
    for text in ["&a [*a]", "a: &x\n  b: *x\n", "&m {<<: *m}"] {
        assert!(parse(text).unwrap_err().message.contains("inside the node"), "{text}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    for text in
        ["[".repeat(10_000), "{".repeat(10_000), "- ".repeat(10_000), "? ".repeat(10_000), "{a: ".repeat(10_000)]
    {
        let error = parse(&text).unwrap_err();
        assert_eq!(error.message, format!("nested more than {MAX_DEPTH} levels deep"));
    }
    let allowed = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(parse(&allowed).is_ok());
    assert!(parse(&format!("[{allowed}]")).is_err());
}

#[test]
fn alias_bombs_are_refused_without_expanding() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(parse(&bomb).unwrap_err().message.starts_with("with its aliases"));

    // The same one level up, where each collection alone is small.
    let quarter = format!("x: &x [{}]\n", vec!["y"; MAX_EXPANDED_NODES as usize / 4].join(","));
    assert!(parse(&format!("{quarter}b: [[*x], [*x]]\n")).is_ok());
    assert!(parse(&format!("{quarter}b: [[*x], [*x], [*x], [*x]]\n")).is_err());

    let long = "z".repeat(1 << 20);
    let copies = vec!["*a"; 40].join(", ");
    assert!(parse(&format!("a: &a {long}\nb: [{copies}]\n")).unwrap_err().message.starts_with("with its aliases"));

    let many = format!("- &a x\n{}", "- *a\n".repeat(MAX_ALIASES + 1));
    assert!(parse(&many).unwrap_err().message.contains("aliases"));
}

#[test]
fn too_many_nodes_and_documents_are_refused() {
    assert!(parse(&"- \n".repeat(MAX_NODES + 1)).unwrap_err().message.contains("nodes"));
    assert!(parse(&"---\n".repeat(MAX_DOCUMENTS + 1)).unwrap_err().message.contains("documents"));
}

#[test]
fn documents_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Document>();
}
