//! Script in, "condition | words" out.

use std::sync::Arc;

use super::{Choices, Context, Parsed, Shell, interpret, read};
use crate::catalogue::Catalogue;
use crate::model::{self, Cond, Location, Position, Span, Text};
use crate::syntax::shell::Masked;

fn span(text: &str, offset: usize, end: usize) -> Location {
    let position = |at: usize| {
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        Position { line: line as u32, column: column as u32, byte: at as u32 }
    };
    Location::new(&Arc::from("script"), Span { start: position(offset), end: position(end) })
}

fn run_in(text: &str, shell: Shell, env: &[(&str, &str)]) -> model::Script {
    let env: Vec<(String, Text)> = env.iter().map(|(n, v)| ((*n).to_owned(), Text::from(*v))).collect();
    let masked = Masked::new(text, Text::unknown);
    let script = read(&masked.text, shell);
    let locate = |offset, end| span(text, masked.original(offset), masked.original(end));
    interpret(
        &script,
        Context {
            env: &env,
            holes: &masked.holes,
            folder: Text::default(),
            locate: &locate,
            chain: Vec::new(),
            cond: Cond::TRUE,
            positional: Vec::new(),
            choices: Choices::default(),
            wrappers: &Catalogue::get().wrappers,
            parsed: &Parsed::default(),
            platform: &|_| None,
            sourced: &|_| None,
            kept: &|_| None,
        },
    )
}

fn show(text: &Text) -> String {
    let mut bare = text.as_str().to_owned();
    for symbol in text.symbols() {
        bare = bare.replacen(&format!("${{{{ {symbol} }}}}"), "_", 1);
    }
    let text = text.as_str();
    if bare.is_empty() || bare.contains(char::is_whitespace) {
        format!("«{}»", text.replace('\n', "⏎"))
    } else {
        text.to_owned()
    }
}

fn lines(script: &model::Script) -> Vec<String> {
    let mut lines = Vec::new();
    for command in &script.commands {
        let words: Vec<String> = command.words.iter().map(show).collect();
        let mut line = String::new();
        if !command.cond.is_always() {
            line = format!("{} | ", command.cond);
        }
        line += &words.join(" ");
        for (mark, text) in [(" <", &command.input), (" >", &command.output)] {
            if let Some(text) = text {
                line += &format!("{mark} {}", show(text));
            }
        }
        if !command.folder.is_empty() {
            line += &format!(" @ {}", command.folder);
        }
        for hop in &command.chain {
            line += &format!(" via {}", hop.what);
        }
        lines.push(line);
    }
    for write in &script.outputs {
        lines.push(format!("output {} = {}", write.name, show(&write.value)));
    }
    for write in &script.exports {
        lines.push(format!("export {} = {}", write.name, show(&write.value)));
    }
    for (place, why) in &script.unread {
        lines.push(format!("unread line {}: {why}", place.line));
    }
    lines
}

#[track_caller]
fn assert_runs(text: &str, expected: &[&str]) {
    assert_eq!(lines(&run_in(text, Shell::Posix, &[])), expected, "\n{text}");
}

#[track_caller]
fn assert_runs_with(env: &[(&str, &str)], text: &str, expected: &[&str]) {
    assert_eq!(lines(&run_in(text, Shell::Posix, env)), expected, "\n{text}");
}

#[track_caller]
fn assert_powershell(text: &str, expected: &[&str]) {
    assert_eq!(lines(&run_in(text, Shell::PowerShell, &[])), expected, "\n{text}");
}

#[track_caller]
fn assert_batch(text: &str, expected: &[&str]) {
    assert_eq!(lines(&run_in(text, Shell::Batch, &[])), expected, "\n{text}");
}

// What is a command

#[test]
fn comments_strings_and_documents_are_no_commands() {
    assert_runs("# npm publish\necho \"npm publish\" # npm publish", &["echo «npm publish»"]);
    assert_runs("cat <<EOF\nnpm publish $X\nEOF", &["cat < «npm publish ${{ env.X }}⏎»"]);
    assert_runs("cat <<'EOF' > run.sh\nnpm publish $X\nEOF\nls", &["cat < «npm publish $X⏎» > run.sh", "ls"]);
    assert_runs("cat <<-EOF\n\tnpm publish\n\tEOF\nls", &["cat < «npm publish⏎»", "ls"]);
}

#[test]
fn lines_join_and_separate() {
    assert_runs("npm \\\n  publish \\\n  --tag next", &["npm publish --tag next"]);
    assert_runs("a; b && c & d | e", &["a", "b", "c", "d", "e"]);
    assert_runs("(a; b); { c; d; }", &["a", "b", "c", "d"]);
    assert_runs("time npm publish\n! grep x", &["npm publish", "grep x"]);
}

#[test]
fn substitutions_run() {
    assert_runs("X=$(npm publish)\necho \"`git push`\"", &["npm publish", "git push", "echo ${{ shell(git push) }}"]);
    assert_runs("diff <(npm view a) b", &["npm view a", "diff ${{ shell(npm view a) }} b"]);
    assert_runs("echo ${X:-$(id -u)}", &["id -u", "echo ${{ expand(<env.X>:-<shell(id -u)>) }}"]);
}

#[test]
fn locations_are_those_of_the_commands() {
    let script = run_in("true\n  if x; then\n    npm publish ${{ inputs.tag }}\nfi", Shell::Posix, &[]);
    let place = &script.commands[1].location;
    assert_eq!((place.line, place.column, place.end_line, place.end_column), (3, 5, 3, 34));
}

// Variables

#[test]
fn variables_of_the_script_are_known() {
    assert_runs("T=next\nnpm publish --tag $T", &["npm publish --tag next"]);
    assert_runs("A='x y'\nf $A \"$A\" '$A'", &["f x y «x y» $A"]);
    assert_runs("A=x; A+=y; f ${A}z", &["f xyz"]);
    assert_runs("f $UNSET", &["f ${{ env.UNSET }}"]);
    assert_runs_with(&[("TAG", "v1")], "f $TAG ${TAG#v}", &["f v1 1"]);
    assert_runs("A=$B\nf $A", &["f ${{ env.B }}"]);
    assert_runs("A=; f $A x", &["f x"]);
}

#[test]
fn the_output_of_a_command_is_a_canonical_symbol() {
    assert_runs("X=$(git   rev-parse\tHEAD)\nf $X", &["git rev-parse HEAD", "f ${{ shell(git rev-parse HEAD) }}"]);
    assert_runs(
        "T=v1\nX=$(git rev-parse $T | cut -c1-7)\nf $X",
        &["git rev-parse v1", "cut -c1-7", "f ${{ shell(git rev-parse v1 | cut -c1-7) }}"],
    );
    assert_runs("X=$(echo hello)\nf $X", &["echo hello", "f hello"]);
    assert_runs(
        "X=$(git describe || echo none)\nf $X",
        &["git describe", "!(success(git describe)) | echo none", "f ${{ shell(git describe || echo none) }}"],
    );
}

#[test]
fn defaults_count_when_nothing_else_can() {
    assert_runs("X=\nf ${X:-d}", &["f d"]);
    assert_runs("X=a\nf ${X:-d}", &["f a"]);
    assert_runs("f ${X:-d}", &["f ${{ expand(<env.X>:-d) }}"]);
}

#[test]
fn arrays_keep_their_elements() {
    assert_runs("F=(a 'b c')\nF+=(d)\nf \"${F[@]}\" ${F[0]}", &["f a «b c» d a"]);
    assert_runs("F=()\nfor x in dist/*.whl; do F+=(\"$x\"); done\nf \"${F[@]}\"", &["f dist/*.whl"]);
    assert_runs("f dist/*.{whl,tar.gz} {1..3}", &["f dist/*.whl dist/*.tar.gz 1 2 3"]);
}

#[test]
fn a_command_sees_exported_variables_and_those_of_its_line() {
    let script = run_in("A=1\nexport B=2\nC=3 npm publish", Shell::Posix, &[]);
    let env: Vec<String> = script.commands[0].env.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(env, ["B=2", "C=3"]);
}

#[test]
fn branches_leave_a_choice() {
    assert_runs("if [ \"$R\" = x ]; then T=a; else T=b; fi\nf $T", &["f ${{ if(env.R == 'x': a; b) }}"]);
    assert_runs("if [ \"$R\" = x ]; then T=a; else T=a; fi\nf $T", &["f a"]);
}

#[test]
fn a_program_that_depends_on_a_condition_is_several_commands() {
    let guard = "guard=echo\nif [ \"$ENV\" = production ]; then guard=; fi\n";
    assert_runs(
        &format!("{guard}f | xargs $guard gh release create v1"),
        &[
            "f",
            "env.ENV == 'production' | xargs gh release create v1",
            "!(env.ENV == 'production') | xargs echo gh release create v1",
        ],
    );
    assert_runs(
        "guard=echo\n[ \"$ENV\" = production ] && guard=\n$guard npm publish",
        &["env.ENV == 'production' | npm publish", "!(env.ENV == 'production') | echo npm publish"],
    );
    assert_runs("${DRY:+echo} npm publish", &["!(env.DRY == '') | echo npm publish", "env.DRY == '' | npm publish"]);
    assert_runs("$DRY npm publish", &["env.DRY == '' | npm publish", "!(env.DRY == '') | ${{ env.DRY }} npm publish"]);
    assert_runs(
        "cmd=true\nif [ \"$R\" = x ]; then cmd='npm publish --provenance'; fi\n$cmd",
        &["env.R == 'x' | npm publish --provenance"],
    );
    assert_runs("$TOOL --version", &["${{ env.TOOL }} --version"]);
}

#[test]
fn a_test_of_a_value_that_depends_on_a_condition_is_that_condition() {
    assert_runs(
        "dry=true\nif [ \"$R\" = x ]; then dry=false; fi\nif [ $dry = false ]; then npm publish; fi",
        &["env.R == 'x' | npm publish"],
    );
    assert_runs(
        "dry=true\n[[ $R == x ]] && dry=false\n$dry || npm publish",
        &["${{ if(env.R == 'x': false; true) }}", "env.R == 'x' | npm publish"],
    );
}

// Conditions

#[test]
fn known_tests_are_decided() {
    assert_runs_with(
        &[("MODE", "release")],
        "if [ \"$MODE\" = release ]; then a; else b; fi\n[[ $MODE == rel* ]] && c\n[ -z \"$MODE\" ] && d\ntest -n \"$MODE\" && e",
        &["a", "c", "e"],
    );
    assert_runs("if true; then a; else b; fi\nif false; then c; elif true; then d; fi", &["a", "d"]);
    assert_runs("[ 3 -gt 2 ] && a\n[ 2 -gt 3 ] || b", &["a", "b"]);
}

#[test]
fn unknown_tests_are_conditions() {
    assert_runs_with(
        &[("REF", "${{ github.ref }}")],
        "if [ \"$REF\" = refs/heads/main ]; then a; else b; fi",
        &["github.ref == 'refs/heads/main' | a", "!(github.ref == 'refs/heads/main') | b"],
    );
    assert_runs("[[ $R == refs/tags/* ]] && a", &["startsWith(env.R, 'refs/tags/') | a"]);
    assert_runs("[[ $R =~ ^v[0-9]+$ ]] && a", &["env.R =~ ^v[0-9]+$ | a"]);
    assert_runs("[ -n \"$R\" ] && a\n[ -z \"$R\" ] && b", &["!(env.R == '') | a", "env.R == '' | b"]);
    assert_runs("[ -f x ] && a", &["test -f x | a"]);
    assert_runs("[ \"$A\" = 1 -a \"$B\" != 2 ] && a", &["env.A == '1' && !(env.B == '2') | a"]);
    assert_runs("if ! git diff --quiet; then a; fi", &["git diff --quiet", "!(success(git diff --quiet)) | a"]);
    assert_runs("if ${{ inputs.dry-run }}; then a; fi", &["${{ inputs.dry-run }}", "inputs.dry-run == 'true' | a"]);
    assert_runs(
        "if ! command -v cosign >/dev/null; then a; elif x; then b; fi",
        &[
            "command -v cosign > /dev/null",
            "!(success(command -v cosign)) | a",
            "success(command -v cosign) | x",
            "success(command -v cosign) && success(x) | b",
        ],
    );
}

#[test]
fn commands_succeed_unless_asked() {
    assert_runs("make && npm publish", &["make", "npm publish"]);
    assert_runs("npm view x || npm publish", &["npm view x", "!(success(npm view x)) | npm publish"]);
    assert_runs("a || true\nb", &["a", "b"]);
}

#[test]
fn case_selects_by_pattern() {
    let script = "case \"$X\" in\n  v*) a ;;\n  x|y) b ;;\n  *) c ;;\nesac";
    assert_runs_with(&[("X", "v1")], script, &["a"]);
    assert_runs_with(&[("X", "y")], script, &["b"]);
    assert_runs_with(&[("X", "z")], script, &["c"]);
    assert_runs("case $X in v*) a;; *) c;; esac", &["startsWith(env.X, 'v') | a", "!(startsWith(env.X, 'v')) | c"]);
}

#[test]
fn an_exit_ends_the_script_or_conditions_the_rest() {
    assert_runs("a\nexit 0\nb", &["a"]);
    assert_runs("if [ \"$R\" != main ]; then exit 0; fi\na", &["env.R == 'main' | a"]);
    assert_runs("[ \"$R\" = main ] || exit 0\na", &["env.R == 'main' | a"]);
    assert_runs("f() { [ \"$R\" = x ] && return; a; }\nf\nb", &["!(env.R == 'x') | a", "b"]);
    assert_runs("make || exit 1\na", &["make", "a"]);
    assert_runs("npm view x && exit 0\nnpm publish", &["npm view x", "!(success(npm view x)) | npm publish"]);
    assert_runs(
        "f() { x && { echo no; return; }; a; }\nf\nb",
        &["x", "success(x) | echo no", "!(success(x)) | a", "b"],
    );
    assert_runs("[ -f x ] || { echo no; exit 1; }\na", &["!(test -f x) | echo no", "a"]);
    assert_runs("exec npm publish\na", &["exec npm publish"]);
    assert_runs("(exit 0)\na", &["a"]);
    assert_runs("trap 'rm -r x; exit 0' EXIT\na", &["rm -r x via trap", "a"]);
}

// Loops and functions

#[test]
fn loops_over_words_run_once_for_each() {
    assert_runs("for p in a b; do npm publish $p; done", &["npm publish a", "npm publish b"]);
    assert_runs("for p in a b; do f $p; break; done", &["f a"]);
    assert_runs("for p in a b; do [ $p = a ] && continue; f $p; done", &["f b"]);
    assert_runs("for f in dist/*; do up \"$f\"; done", &["up dist/*"]);
    assert_runs("for f in $(ls); do up $f; done", &["ls", "up ${{ item(shell(ls)) }}"]);
    assert_runs("while true; do a; break; done\nb", &["a", "b"]);
    assert_runs("until npm publish; do sleep 5; done", &["npm publish", "!(success(npm publish)) | sleep 5"]);
    assert_runs("ls | while read -r f; do up \"$f\"; done", &["ls", "up ${{ read(f from <shell(ls)> #11) }}"]);
}

#[test]
fn a_long_loop_is_cut_and_says_so() {
    let script = run_in(&format!("for i in {}; do f $i; done", "x ".repeat(100)), Shell::Posix, &[]);
    assert_eq!(script.commands.len(), super::MOST_ITERATIONS);
    assert_eq!(script.unread.len(), 1);
}

#[test]
fn functions_run_where_they_are_called() {
    assert_runs(
        "pub() { npm publish \"$1\" --tag ${2:-latest}; }\nls\npub a\npub b next",
        &["ls", "npm publish a --tag latest", "npm publish b --tag next"],
    );
    assert_runs("f() { local X=1; g $X $#; }\nX=0\nf a b\nh $X", &["g 1 2", "h 0"]);
    assert_runs("never() { npm publish; }", &[]);
    assert_runs("f() { f; }\nf", &["unread line 1: a function that calls itself, followed 12 times"]);
    assert_runs("f() { g \"$@\"; }\nf a 'b c'", &["g a «b c»"]);
}

// Folders

#[test]
fn folders_are_followed() {
    assert_runs("cd a/b && x\ncd ..\ny\n(cd c; z)\nw", &["x @ a/b", "y @ a", "z @ a/c", "w @ a"]);
    assert_runs("pushd a; x; popd; y", &["x @ a", "y"]);
    assert_runs("cd \"$GITHUB_WORKSPACE/a\"; x; cd -; y", &["x @ a", "y"]);
    assert_runs("cd $D; x", &["x @ ${{ env.D }}"]);
    assert_runs_with(
        &[("0", "scripts/release.sh")],
        "cd \"$(dirname \"$0\")/..\"; x; D=$(cd sub && pwd); cd $D; y",
        &["dirname scripts/release.sh", "x", "pwd @ sub", "y @ sub"],
    );
    assert_runs("cd a; f $PWD/x", &["f ${{ env.PWD }}/a/x @ a"]);
}

// Scripts in strings

#[test]
fn strings_for_shells_are_scripts() {
    assert_runs(
        "bash -c 'npm publish; ls'",
        &["bash -c «npm publish; ls»", "npm publish via bash -c", "ls via bash -c"],
    );
    assert_runs("sudo sh -ec \"cd a && make\"", &["sudo sh -ec «cd a && make»", "make @ a via sh -ec"]);
    assert_runs("bash -euo pipefail -c 'f $1' _ x", &["bash -euo pipefail -c «f $1» _ x", "f x via bash -c"]);
    assert_runs("eval \"npm publish --tag $T\"", &["npm publish --tag ${{ env.T }} via eval"]);
    assert_runs("bash <<'EOF'\nnpm publish\nEOF", &["bash < «npm publish⏎»", "npm publish via bash -s"]);
    assert_runs("echo 'npm publish' | sh", &["echo «npm publish»", "sh < «npm publish⏎»", "npm publish via sh -s"]);
    assert_runs(
        "docker run node sh -c 'npm publish'",
        &["docker run node sh -c «npm publish»", "npm publish via sh -c"],
    );
    assert_runs("bash release.sh -c x", &["bash release.sh -c x"]);
    assert_runs(
        "pwsh -NoProfile -Command \"npm publish; ls\"",
        &["pwsh -NoProfile -Command «npm publish; ls»", "npm publish via pwsh -Command", "ls via pwsh -Command"],
    );
    assert_runs("cmd /c \"npm publish\"", &["cmd /c «npm publish»", "npm publish via cmd /c"]);
    assert_runs("sh -c \"$UNKNOWN\"", &["sh -c ${{ env.UNKNOWN }}"]);
}

#[test]
fn wrappers_are_seen_through() {
    let view = |line: &str| -> Vec<String> {
        let script = run_in(line, Shell::Posix, &[]);
        script.commands[0].views().skip(1).map(|v| v.iter().map(show).collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(view("npm publish"), Vec::<String>::new());
    assert_eq!(view("sudo -E -u x env A=b npm publish"), ["env A=b npm publish", "npm publish"]);
    assert_eq!(
        view("timeout -k 5 10m npx --yes -p pkg semantic-release@22 --ci"),
        ["npx --yes -p pkg semantic-release@22 --ci", "semantic-release@22 --ci"]
    );
    assert_eq!(view("python3 -m twine upload dist/*"), ["twine upload dist/*"]);
    assert_eq!(view("xargs -n 1 gh release upload v1"), ["gh release upload v1"]);
    assert_eq!(view("find . -name x -exec cosign sign {} \\;"), ["cosign sign {}"]);
    assert_eq!(view("uv run --with twine twine upload x"), ["twine upload x"]);
    assert_eq!(view("mise exec -- goreleaser release"), ["goreleaser release"]);
    assert_eq!(view("bash release.sh"), Vec::<String>::new());
}

// Values for later steps

#[test]
fn outputs_are_collected() {
    assert_runs("echo \"tag=v1\" >> $GITHUB_OUTPUT", &["echo tag=v1 > ${{ env.GITHUB_OUTPUT }}", "output tag = v1"]);
    assert_runs(
        "D=$(f)\nprintf 'd=%s\\n' \"$D\" >> \"${GITHUB_OUTPUT}\"",
        &["f", "printf d=%s\\n ${{ shell(f) }} > ${{ env.GITHUB_OUTPUT }}", "output d = ${{ shell(f) }}"],
    );
    let script =
        run_in("{ echo a=b; echo c=d; } >> \"$GITHUB_OUTPUT\"\necho x=y | tee -a $GITHUB_OUTPUT", Shell::Posix, &[]);
    let found: Vec<String> = script.outputs.iter().map(|w| format!("{}={}", w.name, w.value)).collect();
    assert_eq!(found, ["a=b", "c=d", "x=y"]);
    assert_eq!(script.outputs[1].location.column, 13);
}

#[test]
fn outputs_may_have_many_lines() {
    let outputs = |text: &str| {
        lines(&run_in(text, Shell::Posix, &[])).into_iter().filter(|l| l.starts_with("output")).collect::<Vec<_>>()
    };
    assert_eq!(
        outputs("cat <<EOF >> $GITHUB_OUTPUT\nn<<END\n1\n2\nEND\nm=3\nEOF"),
        ["output n = «1⏎2»", "output m = 3"]
    );
    assert_eq!(outputs("{\necho 'n<<X'\nls\necho X\n} >> $GITHUB_OUTPUT"), ["output n = ${{ shell(ls) }}"]);
    assert_eq!(outputs("echo ::set-output name=a::b"), ["output a = b"]);
    assert_eq!(
        outputs("if c; then echo t=a >> $GITHUB_OUTPUT; else echo t=b >> $GITHUB_OUTPUT; fi"),
        ["output t = ${{ if(!(success(c)): b; a) }}"]
    );
}

#[test]
fn variables_for_later_steps_are_collected() {
    assert_runs(
        "echo A=$B >> $GITHUB_ENV",
        &["echo A=${{ env.B }} > ${{ env.GITHUB_ENV }}", "export A = ${{ env.B }}"],
    );
}

// Other shells

#[test]
fn powershell_lines_are_commands() {
    assert_powershell(
        "# npm publish\n<# x\n y #>\nnpm publish `\n  --tag next; ls | sort\n& \"./a.exe\" -x",
        &["npm publish --tag next", "ls", "sort", "./a.exe -x"],
    );
    assert_powershell(
        "$t = 'next'\n$env:A = \"b-$t\"\nnpm publish --tag $t \"$env:A\" $env:B",
        &["npm publish --tag next b-next ${{ env.B }}"],
    );
    assert_powershell(
        "$v = git describe --tags\nf $v \"$(g x)\" (h y)",
        &[
            "git describe --tags",
            "g x",
            "h y",
            "f ${{ shell(git describe --tags) }} ${{ shell(g x) }} ${{ shell(h y) }}",
        ],
    );
    assert_powershell("f @'\nnpm $x\n'@ @\"\na $env:B\n\"@\nls", &["f «npm $x» «a ${{ env.B }}»", "ls"]);
}

#[test]
fn powershell_blocks_are_followed() {
    assert_powershell(
        "if ($env:A -eq 'x') { a } elseif ($env:B -like 'v*') { b } else { c }",
        &[
            "env.A == 'x' | a",
            "!(env.A == 'x') && startsWith(env.B, 'v') | b",
            "!(env.A == 'x') && !(startsWith(env.B, 'v')) | c",
        ],
    );
    assert_powershell("if (Test-Path dist) { a }\nif (-not $env:X) { b }", &["test -e dist | a", "env.X == '' | b"]);
    assert_powershell("foreach ($p in @('a', 'b')) { npm publish $p }", &["npm publish a", "npm publish b"]);
    assert_powershell(
        "$l = 'a','b'\nforeach ($p in $l) { f $p }\nls | ForEach-Object { g $_ }",
        &["f a", "f b", "ls", "g ${{ env._ }}", "ForEach-Object ${{ shell(ls | g <env._>) }}"],
    );
    assert_powershell(
        "function Pub($a) { npm publish $args }\ntry { Pub x } catch { y } finally { z }",
        &["npm publish ${{ env.args }}", "failure | y", "z"],
    );
    assert_powershell(
        "$v = 'v1'.Replace('v', '')\nf $v \"$((g x).Path -replace 'a')\"",
        &[
            "g x",
            "Write-Output ${{ expand((g x).Path -replace 'a') }}",
            "f ${{ expand('v1'.Replace('v', '')) }} ${{ expand((g x).Path -replace 'a') }}",
        ],
    );
    assert_powershell("cd a\nif ($LASTEXITCODE -ne 0) { exit 1 }\nb", &["b @ a"]);
}

#[test]
fn powershell_hands_values_on() {
    let outputs = |text: &str| lines(&run_in(text, Shell::PowerShell, &[])).pop().unwrap_or_default();
    assert_eq!(outputs("echo \"a=$env:B\" >> $env:GITHUB_OUTPUT"), "output a = ${{ env.B }}");
    assert_eq!(outputs("\"a=b\" | Out-File -FilePath $env:GITHUB_OUTPUT -Append"), "output a = b");
    assert_eq!(outputs("\"a=b\" >> $env:GITHUB_ENV"), "export a = b");
    assert_eq!(outputs("Add-Content -Path $env:GITHUB_OUTPUT -Value \"a=b\""), "output a = b");
}

#[test]
fn batch_lines_are_commands() {
    assert_batch(
        "@echo off\nrem npm publish\n:: npm publish\nnpm publish ^\n --tag next && ls & dir",
        &["echo off", "npm publish --tag next", "ls", "dir"],
    );
    assert_batch(
        "set T=next\nset \"U=a b\"\nnpm publish --tag %T% \"%U%\" %V%",
        &["npm publish --tag next «a b» ${{ env.V }}"],
    );
    assert_batch(
        "if \"%A%\"==\"x\" (\n  a\n  b\n) else (\n  c\n)\nif not exist y exit /b 1\nd",
        &["env.A == 'x' | a", "env.A == 'x' | b", "!(env.A == 'x') | c", "d"],
    );
    assert_batch("for %%p in (a b) do npm publish %%p", &["npm publish a", "npm publish b"]);
    assert_batch(
        "cd /d sub\necho a=b>> %GITHUB_OUTPUT%",
        &["echo a=b > ${{ env.GITHUB_OUTPUT }} @ sub", "output a = b"],
    );
}

// CI expressions

#[test]
fn expressions_are_symbols() {
    assert_runs("npm publish ${{ inputs.tag }}", &["npm publish ${{ inputs.tag }}"]);
    assert_runs("f 'a${{ x }}b' \"${{ join(y, ' ') }}\" # ${{ z }}", &["f a${{ x }}b ${{ join(y, ' ') }}"]);
    assert_runs("${{ inputs.command }}", &["${{ inputs.command }}"]);
    assert_runs("f ${{\n x }} y", &["f ${{ x }} y"]);
}

#[test]
fn known_expressions_are_part_of_the_script() {
    let text = "npm ${{ matrix.run }} && ls";
    let masked = Masked::new(text, |_| Text::from("publish --tag 'a b'; x ${{ env.Y }}"));
    let script = read(&masked.text, Shell::Posix);
    let locate = |offset, end| span(text, masked.original(offset), masked.original(end));
    let found = interpret(
        &script,
        Context {
            env: &[],
            holes: &masked.holes,
            folder: Text::default(),
            locate: &locate,
            chain: Vec::new(),
            cond: Cond::TRUE,
            positional: Vec::new(),
            choices: Choices::default(),
            wrappers: &Vec::new().into(),
            parsed: &Parsed::default(),
            platform: &|_| None,
            sourced: &|_| None,
            kept: &|_| None,
        },
    );
    assert_eq!(lines(&found), ["npm publish --tag «a b»", "x ${{ env.Y }}", "ls"]);
    assert_eq!(found.commands[2].location.column, 26);
}

// Robustness

#[test]
fn one_odd_line_does_not_lose_the_script() {
    assert_runs("a\nfoo ) bar\nb", &["a", "b", "unread line 2: this is not a statement of a shell"]);
    assert_runs("a\necho \"x\nb", &["a", "b", "unread line 2: a quote or an expansion does not end"]);
}

#[test]
fn hostile_nesting_is_refused() {
    for text in [
        "(".repeat(5000),
        "( ".repeat(40),
        "{ ".repeat(3000),
        "if a; then ".repeat(3000),
        "while ".repeat(3000),
        "case a in b) ".repeat(300),
        "$(".repeat(5000),
        format!("echo {}x{}", "$(".repeat(400), ")".repeat(400)),
        format!("echo {}x{}", "${a:-".repeat(400), "}".repeat(400)),
        format!("[[ {} a ]]", "! ".repeat(5000)),
        format!("[[ a {} ]]", "&& a ".repeat(5000)),
        format!("a {}", "&& a ".repeat(20_000)),
        format!("a {}", "| a ".repeat(3000)),
        "99999999999999999999> x".to_owned(),
        format!("cat <<E\n{}\nE", "$(".repeat(300)),
        format!("echo {}", "{".repeat(20_000)),
        format!("echo {}", "{a,b}".repeat(200)),
        "`".repeat(5001),
        "X=aaaaaaaaaaaaaaaa\n".to_owned() + &"X=$X$X$X$X\n".repeat(60) + "f $X",
        "A=(a b c)\n".to_owned() + &"A=(\"${A[@]}\" \"${A[@]}\")\n".repeat(60) + "f ${A[@]}",
        "X=$(f)\n".to_owned() + &"X=$(f $X $X)\n".repeat(60) + "f $X",
        "f() { f; f; }; f".to_owned(),
        "for a in 1 2 3 4 5 6 7 8; do ".repeat(20) + "x" + &"; done".repeat(20),
        "<( ".repeat(60),
        "coproc ".repeat(50),
        "[ x = y ] || exit 0\n".replace('x', "$X").repeat(3000) + "a",
        "bash -c \"".repeat(50),
        "eval 'eval \"$X\"'; X=$0; eval eval eval eval x".to_owned(),
        "if a; then b; fi; ".repeat(2000),
        format!("a=( {} )", "( ".repeat(100)),
        "a[b[c[$((((((((((((((((1".to_owned(),
        "a[".repeat(20_000),
        format!("a[{}{}]=x", "$(( ".repeat(7), ") )".repeat(7)),
        format!("a[{}{}]=x", "$(( ".repeat(20), ") )".repeat(20)),
        format!("echo {}{}", "$(( ".repeat(20), ") )".repeat(20)),
        (0..12)
            .map(|n| format!("f{n}() {{ {} f{} {}; }}\n", "if a; then ".repeat(35), n + 1, "; fi".repeat(35)))
            .collect::<String>()
            + "f0",
        (0..12).map(|n| format!("f{n}() {{ {} f{}; }}\n", "a && ".repeat(100), n + 1)).collect::<String>() + "f0",
        (0..12)
            .map(|n| format!("f{n}() {{ {}f{}{} }}\n", "x \"$(".repeat(15), n + 1, ")\"; ".repeat(15)))
            .collect::<String>()
            + "f0",
    ] {
        let start = std::time::Instant::now();
        run_in(&text, Shell::Posix, &[]);
        assert!(start.elapsed().as_secs() < 10, "{}", text.chars().take(40).collect::<String>());
    }
}

const SAMPLES: &[&str] = &[
    "set -euo pipefail\nV=${GITHUB_REF#refs/tags/}\nfor f in dist/*.{whl,gz}; do gh release upload \"$V\" \"$f\"; done",
    "if [[ \"$A\" == v* && -n $B ]]; then\n  case $X in a|b) npm publish;; *) exit 1;; esac\nelse\n  { echo a=b; cat <<EOF\nx $(ls `pwd`) ${{ x }}\nEOF\n} >> $GITHUB_OUTPUT\nfi",
    "f() { local x=$1; shift; \"$@\" || return 1; }\nf a bash -c 'echo \"$0\"' | tee -a \"$GITHUB_ENV\" <<< é$'\\n'",
    "$x = \"a $env:B\"\nif ($x -eq 'b') { npm publish } else { Write-Host @'\n x\n'@ }\nforeach ($i in 1..3) { & tool `\n -p $i | Out-File a }",
    "@echo off\nif \"%A%\"==\"b\" (\n npm publish ^\n --tag x\n) else echo no & call foo.bat && exit /b 1\nrem x",
];

/// Mutated samples through every reader: nothing may panic or hang.
#[test]
fn no_input_breaks_a_reader() {
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    let parts = [
        "(",
        ")",
        "{",
        "}",
        "\"",
        "'",
        "`",
        "$(",
        "${",
        "<<EOF\n",
        "\n",
        ";",
        "&&",
        "|",
        "if ",
        "fi",
        "do ",
        "\\",
        "${{",
        "}}",
        "é",
        "#",
        "[[ ",
        " ]]",
        "case ",
        "esac",
        ">",
        "<",
        "@'",
        "%",
        "^",
        "=",
        "a[",
        "$((",
        "\u{f0000}",
        "\r\n",
        "\t",
        "<(",
        "~9999999999999999999999/",
        "99999999999>",
    ];
    for _ in 0..1500 {
        let mut text: Vec<char> = SAMPLES[next(SAMPLES.len())].chars().collect();
        for _ in 0..=next(8) {
            let at = next(text.len() + 1);
            match next(4) {
                0 if at < text.len() => drop(text.remove(at)),
                1 => text.truncate(at.max(3)),
                2 if at < text.len() => {
                    let from = next(text.len());
                    let copy: Vec<char> = text[from..(from + next(20)).min(text.len())].to_vec();
                    text.splice(at..at, copy);
                }
                _ => {
                    text.splice(at..at, parts[next(parts.len())].chars());
                }
            }
        }
        let text: String = text.into_iter().collect();
        for shell in [Shell::Posix, Shell::PowerShell, Shell::Batch] {
            run_in(&text, shell, &[]);
        }
    }
}

#[test]
fn a_tab_behind_a_continuation_separates_words() {
    for blank in ["", " ", "\t", "  ", "\t\t"] {
        let script = format!(
            "for x in a; do \\\n{blank}npm publish \\\n{blank}$x && \\\n{blank}npm pack; \\\ndone\n# no \\\n{blank}npm ci\n"
        );
        let found = run_in(&script, Shell::Posix, &[]);
        let lines: Vec<String> =
            found.commands.iter().map(|c| c.words.iter().map(Text::as_str).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines, ["npm publish a", "npm pack", "npm ci"], "{blank:?}");
    }
}

// Loops over arguments

const ARGUMENTS: &str = "main() {\n  push=false\n  while [ $# -gt 0 ]; do\n    case \"$1\" in\n      --push) push=true ;;\n      \
    --tag) tag=\"$2\"; shift ;;\n    esac\n    shift\n  done\n  if [ \"$push\" = true ]; then docker push \"acme/widget:$tag\"; fi\n}\n";

#[test]
fn arguments_are_taken_one_by_one() {
    assert_runs(&format!("{ARGUMENTS}main --tag v1 --push"), &["docker push acme/widget:v1"]);
    assert_runs(&format!("{ARGUMENTS}main --tag v1"), &[]);
    let some = lines(&run_in(&format!("{ARGUMENTS}main --tag v1 $MORE"), Shell::Posix, &[]));
    assert!(some.len() == 1 && some[0].starts_with("env.MORE == '--push' | docker push acme/widget:"), "{some:?}");
    // Only the last one matters.
    assert_runs("set -- a b c\nuntil [ $# -eq 1 ]; do shift; done\necho \"$1\"", &["echo c"]);
    assert_runs(
        "set -- a b\nwhile true; do\n  case $1 in b) break ;; esac\n  x=$1\n  shift\ndone\ntool $x $1",
        &["tool a b"],
    );
    // Of other loops nobody knows how often they go round.
    assert_runs("n=0\nwhile sleep 1; do n=1; done\ntool $n", &["sleep 1", "tool ${{ loop(n 22) }}"]);
}

const OPTIONS: &str = "main() {\n  dry=false\n  while getopts 'dt:' option; do\n    case $option in\n      d) dry=true ;;\n      \
    t) tag=$OPTARG ;;\n      ?) exit 1 ;;\n    esac\n  done\n  shift $((OPTIND - 1))\n  \
    if [ $dry != true ]; then docker push \"$1:$tag\"; fi\n}\n";

#[test]
fn options_are_read_letter_by_letter() {
    assert_runs(&format!("{OPTIONS}main -t v1 acme/widget"), &["docker push acme/widget:v1"]);
    assert_runs(&format!("{OPTIONS}main -tv1 acme/widget"), &["docker push acme/widget:v1"]);
    assert_runs(&format!("{OPTIONS}main -t v1 -- acme/widget"), &["docker push acme/widget:v1"]);
    assert_runs(&format!("{OPTIONS}main -dt v1 acme/widget"), &[]);
    assert_runs(&format!("{OPTIONS}main -x acme/widget"), &[]);
    assert_runs(&format!("{OPTIONS}main -d a\nmain -t v2 b"), &["docker push b:v2"]);
}
