//! Scripts from a grammar: whatever harmless stands before, behind or around a publishing command, the command is found,
//! or what hides it holds the checkout down.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{hold, level_beside};

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(vec!["a", "b", "dist/*", "--flag", "-x", "v1.2", "a=b", "{a,b}", "~", "[a-z]", "\\ "]).prop_map(str::to_owned),
        1 => proptest::sample::select(vec!["$A", "${A:-b}", "${A#*.}", "\"$@\"", "$#", "${A[0]}", "$((1 + 2))", "`echo a`", "$(cat a)", "$'\\n'", "\"a b\"", "'a b'"]).prop_map(str::to_owned),
    ]
}

fn simple() -> impl Strategy<Value = String> {
    let program = proptest::sample::select(vec![
        "echo",
        "printf '%s'",
        "ls",
        "mkdir -p",
        "cat",
        "A=b",
        "export B=c;",
        "test -n",
        "cp -r",
        "true",
        ":",
        "set -eu;",
        "shopt -s",
        "local",
        "declare -a C=(a b);",
        "read -r D <<<",
        "grep -q",
    ]);
    (program, vec(word(), 0..4)).prop_map(|(program, words)| format!("{program} {}", words.join(" ")))
}

/// Statements that end well and change nothing for those behind them.
fn statement() -> impl Strategy<Value = String> {
    simple().prop_recursive(5, 40, 4, |inner| {
        let body = vec(inner.clone(), 1..4).prop_map(|lines| lines.join("\n"));
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one} && {other} || true")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one} | {other} || true")),
            inner.clone().prop_map(|one| format!("( {one}\n)")),
            inner.clone().prop_map(|one| format!("{{ {one}\n}} > /dev/null 2>&1")),
            inner.clone().prop_map(|one| format!("X=\"$({one}\n)\"")),
            (inner.clone(), body.clone()).prop_map(|(test, body)| format!("if {test}; then\n{body}\nelse\n:\nfi")),
            body.clone().prop_map(|body| format!("for f in a b; do\n{body}\ndone")),
            (inner.clone(), body.clone()).prop_map(|(test, body)| format!("while ! {test}; do\n{body}\ndone")),
            body.clone().prop_map(|body| format!("case \"$1\" in\na|b) {body} ;;\n*) : ;;\nesac")),
            body.clone().prop_map(|body| format!("f() {{\n{body}\n}}\nf a")),
            inner.clone().prop_map(|one| format!("cat <<EOF > x\n{one} $A\nEOF\n:")),
            inner.clone().prop_map(|one| format!("cat <<-'EOF'\n{one}\nEOF\n:")),
            inner.clone().prop_map(|one| format!("{one} & wait")),
            inner.prop_map(|one| format!("[[ -n $A && $B == a* ]] && {one}\n:")),
        ]
    })
}

fn workflow(script: &str) -> String {
    let script = script.replace('\n', "\n          ");
    format!(
        "on: push\npermissions: {{ contents: read }}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - shell: bash {{0}}\n        run: |\n          {script}\n"
    )
}

#[test]
fn a_publishing_command_is_not_lost_among_others() {
    let around = (vec(statement(), 0..6), vec(statement(), 0..3), 0..12_usize);
    hold(300, around, |(before, behind, how)| {
        let publish = match how {
            0 => "(npm publish)",
            1 => "{ npm publish; }",
            2 => "A=b npm publish --access public",
            3 => "if true; then npm publish; fi",
            4 => "for p in a b; do npm publish; done",
            5 => "X=$(npm publish)",
            6 => "ls | npm publish",
            7 => "release() { npm publish; }; release",
            8 => "bash -c 'npm publish'",
            9 => "eval \"npm publish\"",
            10 => "npm \\\n  publish",
            _ => "npm publish",
        };
        let script = [before.join("\n"), publish.to_owned(), behind.join("\n")].join("\n");
        assert_eq!(level_beside(workflow(&script)), 0, "{script}");
    });
}

#[test]
fn any_script_is_read_to_an_end() {
    let pieces = [
        "$(",
        "${",
        "}",
        ")",
        "(",
        "((",
        "))",
        "`",
        "'",
        "\"",
        "$'",
        "<<A\n",
        "\nA\n",
        "\n",
        ";",
        "&",
        "&&",
        "|",
        "||",
        "if ",
        "then ",
        "fi ",
        "for ",
        "in ",
        "do ",
        "done ",
        "case ",
        "esac ",
        ";;",
        "f() { ",
        "[[ ",
        " ]]",
        "\\",
        "#",
        "a ",
        "$a",
        "=",
        "<(",
        "!",
        "npm publish ",
        "=(",
        "~",
        "*",
        "{a,b}",
        ">&2 ",
        "coproc ",
        "select ",
        "function ",
    ];
    hold(400, vec(proptest::sample::select(pieces.to_vec()), 0..40), |pieces| {
        let text = pieces.concat();
        for target in ["shell", "powershell", "batch", "makefile", "literals"] {
            super::bodies::run(target, text.as_bytes());
        }
    });
}
