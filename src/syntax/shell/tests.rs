//! Positions and the shape of the tree; what scripts do is tested with the commands.

use proptest::prelude::*;

use super::parse::by_grammar;
use super::{Masked, Node, Operator, Piece, RedirectKind, Simple, Value, mask, parse};
use crate::model::Text;

fn commands(nodes: &[Node]) -> Vec<&Simple> {
    nodes
        .iter()
        .flat_map(|node| match node {
            Node::Command(simple) => vec![simple],
            Node::Sequence(inner) | Node::Pipeline(inner) => commands(inner),
            Node::And(a, b) | Node::Or(a, b) => {
                let mut found = commands(std::slice::from_ref(a));
                found.extend(commands(std::slice::from_ref(b)));
                found
            }
            Node::Subshell(inner) | Node::Not(inner) | Node::Redirected(inner, _) => {
                commands(std::slice::from_ref(inner))
            }
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn a_mask_keeps_every_offset() {
    let text = "a ${{ x }} é '${{ format('}}') }}' ${{\n y }}";
    let (masked, holes) = mask(text);
    assert_eq!(masked.len(), text.len());
    assert_eq!(holes, ["x", "format('}}')", "y"]);
    assert_eq!(masked.find('é'), text.find('é'));
    let script = parse(&masked);
    let words = &commands(&script.nodes)[0].words;
    assert_eq!(words[1].pieces, [Piece::Hole { index: 0, quoted: false }]);
    assert_eq!(words[3].pieces, [Piece::Hole { index: 1, quoted: true }]);
    assert_eq!(&text[words[4].offset..words[4].end], "${{\n y }}");
}

#[test]
fn an_expression_without_an_end_is_text() {
    assert_eq!(mask("a ${{ b"), ("a ${{ b".to_owned(), vec![]));
    assert_eq!(mask("a ${{ it's }} b").1, ["it's"]);
}

#[test]
fn characters_of_holes_are_no_holes_when_a_script_holds_them() {
    let (masked, _) = mask("f \u{f0000}\u{7f}");
    assert!(
        commands(&parse(&masked).nodes)[0]
            .words
            .iter()
            .flat_map(|w| &w.pieces)
            .all(|p| matches!(p, Piece::Text { .. }))
    );
}

#[test]
fn written_in_values_lead_back_to_the_expression() {
    let masked = Masked::new("a ${{ x }} b ${{ y }}", |name| match name {
        "x" => Text::from("1 2 3 4 5 6 7 8 9"),
        name => Text::unknown(name),
    });
    assert!(masked.text.starts_with("a 1 2 3 4 5 6 7 8 9 b "));
    assert_eq!(masked.holes, [Text::unknown("y")]);
    let at = |needle: &str| masked.original(masked.text.find(needle).unwrap_or_default());
    assert_eq!((at("a"), at("5"), at("b")), (0, 2, 11));
}

#[test]
fn positions_are_bytes_of_the_script() {
    let text = "é=1\nif a; then\n  b \\\n    c > d <<E\n$(e)\nE\nfi; X=(f \"g $(h)\") i";
    let script = parse(text);
    let Node::If { branches, .. } = &script.nodes[1] else {
        let Node::Sequence(nodes) = &script.nodes[1] else { panic!("{script:?}") };
        let Node::If { branches, .. } = &nodes[0] else { panic!("{script:?}") };
        let body = commands(std::slice::from_ref(&branches[0].1))[0];
        assert_eq!(&text[body.offset..body.end], "b \\\n    c > d");
        assert_eq!(&text[body.words[1].offset..body.words[1].end], "c");
        assert_eq!(body.redirects[1].kind, RedirectKind::HereDocument);
        let Piece::Substitution { script: inner, .. } = &body.redirects[1].target.pieces[0] else { panic!("{body:?}") };
        let inner = commands(&inner.nodes)[0];
        assert_eq!(&text[inner.offset..inner.end], "e");
        let Node::Command(last) = &nodes[1] else { panic!("{script:?}") };
        let Value::Array(items) = &last.assignments[0].value else { panic!("{last:?}") };
        assert_eq!(&text[items[1].offset..items[1].end], "\"g $(h)\"");
        return;
    };
    panic!("{branches:?}");
}

#[test]
fn words_fall_into_pieces() {
    let script = parse("f a'b'\"c$d\"${e:-x y}$((1+2))\\ g `h` $'i\\n' ''");
    let words = &commands(&script.nodes)[0].words;
    let text = |text: &str, quoted| Piece::Text { text: text.to_owned(), quoted };
    assert_eq!(words[1].pieces[..2], [text("a", false), text("bc", true)]);
    assert!(
        matches!(&words[1].pieces[2], Piece::Variable { name, quoted: true, operator: Operator::None, .. } if name == "d")
    );
    assert!(
        matches!(&words[1].pieces[3], Piece::Variable { name, quoted: false, operator: Operator::Default(_), .. } if name == "e")
    );
    assert!(matches!(&words[1].pieces[4], Piece::Opaque { raw, .. } if raw == "$((1+2))"));
    assert_eq!(words[1].pieces[5..], [text(" ", true), text("g", false)]);
    assert!(matches!(&words[2].pieces[0], Piece::Substitution { raw, .. } if raw == "h"));
    assert_eq!(words[3].pieces, [text("i\n", true)]);
    assert_eq!(words[4].pieces, [text("", true)]);
}

#[test]
fn substitutions_end_where_the_shell_ends_them() {
    for (text, inner) in [
        ("$(case $x in a) b;; esac) c", "case $x in a) b;; esac"),
        ("$(echo ')' \")\" \\) # )\n) c", "echo ')' \")\" \\) # )\n"),
        ("$(cat <<E\n)\nE\n) c", "cat <<E\n)\nE\n"),
        ("$(a $((1 << 2)) ${b#)}) c", "a $((1 << 2)) ${b#)}"),
        ("$( (a) ) c", " (a) "),
    ] {
        let script = parse(text);
        assert!(script.unread.is_empty(), "{text} {script:?}");
        let words = &commands(&script.nodes)[0].words;
        assert_eq!(words.len(), 2, "{text}");
        assert!(matches!(&words[0].pieces[..], [Piece::Substitution { raw, .. }] if raw == inner), "{text} {words:?}");
    }
}

#[test]
fn a_broken_statement_is_reported_where_it_stands() {
    let unread = |text: &str| parse(text).unread.into_iter().map(|(at, _)| at).collect::<Vec<_>>();
    assert_eq!(unread("a; b"), Vec::<usize>::new());
    assert_eq!(unread("a\nb ) c\nd"), [2]);
    assert_eq!(unread("a\necho 'x\nd"), [2]);
    assert_eq!(unread("a $(b ) ) c"), [0]);
    assert_eq!(unread("a $(b; \"c) d\ne"), [0], "what opens and does not end costs its line");
    assert_eq!(unread("cat <<E\nx"), Vec::<usize>::new(), "a shell ends a here-document with the script");
    assert_eq!(unread("cat <<E"), Vec::<usize>::new());
}

/// Each of these made the grammar library look for a character behind the end.
#[test]
fn documents_announced_in_expansions_that_do_not_end_are_read_or_refused() {
    for script in [
        "echo ${a\ncase b in esac\ncat <<EOF > x$(date)\n;OF\n",
        "echo ${:8\ncat <<EOF > x$(date)\nEOF",
        "echo $(( ${a\ncat <<EOF $(b) ) }\nEOF\n",
        "echo $[ $(cat <<'' ]\n\n",
        "echo ${a <<\"x\n\n\n\" }\nx\n\n\n",
    ] {
        parse(script);
    }
    let script = parse("x=$(cat <<EOF)\nnpm publish\nEOF\nls\n");
    assert!(script.unread.is_empty(), "{:?}", script.unread);
}

#[test]
fn bodies_without_a_line_end_before_them_count_as_nested() {
    for opening in ["function f { ", "for x do ", "time -p { ", "time -- { ", "select x do "] {
        let unread = parse(&opening.repeat(200)).unread;
        assert!(unread.iter().any(|(_, why)| why.is_bound()), "{opening}: {unread:?}");
    }
}

#[test]
fn long_rows_of_redirections_take_no_memory() {
    let (quotes, row) = ("'".repeat(16), "<".repeat(19));
    let script = parse(&format!("r=<<<<<<<m\0{row}m\0us<<<<<{quotes}{row}''''''''''<<<<<<{{{{ x:t/e "));
    assert!(!script.nodes.is_empty() || !script.unread.is_empty());
    assert_eq!(commands(&parse("echo '<<<<<<< ours'\nnpm publish").nodes).len(), 2);
}

#[test]
fn a_continuation_that_begins_a_line_is_no_part_of_the_first_word() {
    for text in ["\\\n  a b", "c | d\n\\\n  a b", "if c\nthen\n\\\n a b\nfi"] {
        let script = match parse(text).nodes.pop() {
            Some(Node::If { mut branches, .. }) => branches.pop().map(|(_, body)| body),
            other => other,
        };
        let first = commands(&script.into_iter().collect::<Vec<_>>())[0].words[0].clone();
        assert_eq!(&text[first.offset..first.end], "a");
        assert_eq!(first.pieces, [Piece::Text { text: "a".to_owned(), quoted: false }]);
    }
}

#[test]
fn plain_lines_end_where_more_begins() {
    let script = parse("make -j2 \\\n  all # now\n\necho \"$A b\" '*'\nA=1 b\nc | d\n");
    let read: Vec<Vec<usize>> =
        commands(&script.nodes).iter().map(|c| c.words.iter().map(|w| w.offset).collect()).collect();
    assert_eq!(read, [vec![0, 5, 13], vec![24, 29, 36], vec![44], vec![46], vec![50]]);
    assert!(commands(&parse("if a\nthen b\nfi\n").nodes).is_empty());
    let script =
        parse("a\nif b; then\n  for C in d \"$E\"; do f; done\nelif [[ g == h ]]; then i\nelse j; fi # k\nl\n");
    let [Node::Command(_), Node::If { branches, otherwise: Some(_) }, Node::Command(_)] = &script.nodes[..] else {
        panic!("{script:?}")
    };
    let [(_, Node::For { words: Some(words), .. }), (Node::Test(_), _)] = &branches[..] else { panic!("{branches:?}") };
    assert_eq!(words.iter().map(|w| w.offset).collect::<Vec<_>>(), [24, 26]);
}

/// What is read without the grammar, piece by piece.
#[test]
fn plain_statements_have_their_operators_assignments_and_redirects() {
    let script = parse("A=1 B+=\"$C\" d 2>&1 >> e || f | g; export H=i j &> k\n");
    let [Node::Sequence(nodes)] = &script.nodes[..] else { panic!("{script:?}") };
    let [Node::Or(left, right), Node::Command(last)] = &nodes[..] else { panic!("{nodes:?}") };
    let (Node::Command(first), Node::Pipeline(pipeline)) = (&**left, &**right) else { panic!("{left:?} {right:?}") };
    let names: Vec<(&str, bool)> = first.assignments.iter().map(|a| (a.name.as_str(), a.append)).collect();
    assert_eq!(names, [("A", false), ("B", true)]);
    assert_eq!((first.offset, first.end, first.words.len()), (0, 23, 1));
    let kinds: Vec<(Option<u32>, RedirectKind)> = first.redirects.iter().map(|r| (r.descriptor, r.kind)).collect();
    assert_eq!(kinds, [(Some(2), RedirectKind::Duplicate), (None, RedirectKind::Append)]);
    assert_eq!(commands(pipeline).len(), 2);
    assert_eq!((last.words.len(), last.declarations[0].name.as_str()), (2, "H"));
    assert_eq!(last.redirects[0].kind, RedirectKind::Both);
}

#[test]
fn an_apostrophe_in_a_quoted_expansion_is_a_character() {
    let script = parse("echo \"${a:-it's}\" \"${b:-it's}\"\n");
    let words = &commands(&script.nodes)[0].words;
    assert_eq!(words.len(), 3, "{words:?}");
    for word in &words[1..] {
        let [Piece::Variable { operator: Operator::Default(value), .. }] = &word.pieces[..] else { panic!("{word:?}") };
        assert_eq!(value.pieces, [Piece::Text { text: "it's".to_owned(), quoted: true }]);
    }
}

/// A line that is left to the grammar for its length is read as any other.
#[test]
fn the_length_of_a_line_changes_nothing() {
    for length in [16_370, 16_380, 16_390] {
        let long = "a".repeat(length);
        let script = parse(&format!("{long} b\nc\nd {long}"));
        let words: Vec<usize> = commands(&script.nodes).iter().map(|c| c.words.len()).collect();
        assert_eq!((words, script.unread.len()), (vec![2, 1, 2], 0), "{length}");
    }
}

/// Only a statement that is more than plain reaches the grammar, and what stands behind it is plain again.
#[test]
fn a_statement_that_cannot_be_read_costs_no_other() {
    let script = parse("a\nif b; then\n  c\nfi\nd\ne ) f\ng\n");
    assert_eq!(script.unread.len(), 1, "{script:?}");
    let words: Vec<usize> = commands(&script.nodes).iter().map(|c| c.offset).collect();
    assert_eq!(words, [0, 20, 28], "{script:?}");
}

/// Lines that end a word of the grammar, a quote or a document, and so may or may not end a statement.
const SCRIPT_PARTS: &[&str] = &[
    "a",
    "b-c",
    " ",
    " ",
    "\t",
    "\n",
    "\n",
    "\\\n",
    "'d e'",
    "\"f $G\"",
    "\"$(h 'i')\"",
    "$J",
    "${K:-l m}",
    "$(n | o)",
    "$((1 + 2))",
    "$'p\\n'",
    "`q`",
    "# r\n",
    "#",
    "=",
    "if",
    "done",
    "export",
    "|",
    "&&",
    ";",
    ">",
    "<<S\n",
    "S\n",
    "{t,u}",
    "*",
    "\\\"",
    "(",
    ")",
    "!",
    "[",
    "]",
    "~",
    "é",
    "\u{f0000}",
    "\u{7f}",
    "\r\n",
    "\u{a0}",
    "0",
    "A=",
    "B+=c",
    "2>&1",
    " >> ",
    "&>",
    "<",
    ">&",
    "||",
    "&",
    " | ",
    " && ",
    "; ",
    "<<<",
    "]]",
    "[[",
    "%",
    "^",
    "-",
];

/// Lines of scripts as people write them, whole and in parts.
const SCRIPT_LINES: &[&str] = &[
    "a b",
    "A=1",
    "export B=\"$C\" d",
    "if e; then",
    "elif f",
    "then",
    "else",
    "fi",
    "fi > g",
    "for h in i j; do",
    "done",
    "done < k | l",
    "while read -r m; do n; done",
    "case $o in",
    "p) q;;",
    "*) r ;;",
    "esac",
    "s() {",
    "function t {",
    "}",
    "{ u; }",
    "( v",
    ")",
    "w && \\",
    "x ||",
    "y |",
    "z \\",
    "cat <<E",
    "cat <<-'E' > a",
    "E",
    "echo 'b",
    "c'",
    "echo \"d",
    "e\"",
    "# it's",
    "f # $(",
    "g=$(h",
    "i)",
    "j=(k",
    "l)",
    "[[ m == n ]] && o",
    "! p",
    "q; r",
    "s & t",
    "((u++))",
    "  v >> \"$W\" 2>&1",
    "x <<< y",
    "${z}",
    "until a",
    "do",
    "echo \"$(cat <<E",
    ")\"",
    "b() c",
    "if [ f = g ]; then h; else",
    "if i; then j; fi # k",
    "  fi",
    "then l; fi",
    "fi; m",
    "for n in o \"$P\" q*; do",
    "do r; done",
    "  done # s",
    "while t",
    "[[ -n $u && v != \"w x\" ]] || y",
    "if [[ ! z ]]; then",
    "[[ d ]] > e",
    "! f && g",
    "! h | i",
    "j | while read k; do",
    "done <<< l",
    "done || m",
    "if ! n",
    "select d in e; do f; done",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200_000) })]

    #[test]
    fn plain_statements_are_what_the_grammar_makes_of_them(
        parts in prop::collection::vec(prop::sample::select(SCRIPT_PARTS), 0..24),
    ) {
        let text = parts.concat();
        let whole = by_grammar(&text, 0, 0);
        // Where something does not end, the library is given what stands before it too, and rows of `<` mislead it
        // further than their line.
        if whole.unread.is_empty() && !text.contains("<<<<") && !has_odd_tag(&text) {
            prop_assert_eq!(parse(&text), whole);
        }
    }

    #[test]
    fn statements_apart_are_what_the_grammar_makes_of_them_together(
        lines in prop::collection::vec(prop::sample::select(SCRIPT_LINES), 0..12),
    ) {
        let text = lines.join("\n");
        let whole = by_grammar(&text, 0, 0);
        if whole.unread.is_empty() {
            prop_assert_eq!(parse(&text), whole);
        }
    }
}

#[test]
fn a_carriage_return_is_the_tag_of_a_here_document_as_any_other_character() {
    let script = parse("a <<\r\nb\n\r\nc");
    assert_eq!(commands(&script.nodes).len(), 2);
    assert!(script.unread.is_empty());
}

/// Whether a here-document has a tag that the library reads in another way than the shells: one that begins with a
/// carriage return or an expansion, neither of which means anything there.
fn has_odd_tag(text: &str) -> bool {
    let tags = text.match_indices("<<").filter_map(|(at, _)| text.get(at + 2..));
    tags.map(|rest| rest.trim_start_matches(['-', ' ', '\t'])).any(|tag| tag.starts_with(['\r', '$', '`']))
}
