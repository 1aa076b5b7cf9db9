//! Commands that a program of another language starts with literal words: `subprocess.run(["a", "b"])`,
//! `execSync('a b')`, `system "a b"`, `` `a b` ``. Anything computed is passed over.

use std::sync::LazyLock;

use regex::Regex;

/// A command found in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The command as one shell line.
    pub line: String,
    /// The words, where the program passes a list and no shell reads them.
    pub words: Vec<String>,
    /// Offset of the call in the program.
    pub offset: usize,
    /// Offset behind what of the call holds its words.
    pub end: usize,
}

static CALLS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?: subprocess\.(?:run|call|check_call|check_output|Popen) | os\.system | os\.popen | run_command | check_call | check_output
          | \b(?:exec|execSync|execFileSync|execFile|spawn|spawnSync|execa|execaSync|execaCommand|execaCommandSync|execCommand|\$) (?:\.\w+)?
          | \bsession\.(?:run|run_always|run_install) | \bCommand::new | \bcmd!
          | \bsh\.(?:RunV?|RunWithV?|Output|OutputWith|Exec)
          | \b(?:system|sh|run|exec) )
        \s* (?: \( \s* | [\x20] )
        ",
    )
    .ok()
});

/// A constant of a JavaScript program that is one of two words, or nothing: `const flag = next ? '--tag=next' : ''`.
static OPTIONS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let word = r#"(?:'([^'\s$]*)'|"([^"\s$]*)"|`([^`\s$]*)`)"#;
    Regex::new(&format!(r"\bconst\s+(\w+)\s*(?::\s*string\s*)?=[^;?]{{0,200}}\?\s*{word}\s*:\s*{word}\s*(?:[;\n]|$)"))
        .ok()
});

/// Programs larger than this are not searched.
const LARGEST: usize = 512 * 1024;
/// Most bytes of one command's words.
const MOST_BYTES: usize = 8 * 1024;
/// Commands taken from one program.
const MOST: usize = 500;

/// The commands that a Python, JavaScript, TypeScript or Ruby program starts with literal words.
pub fn invocations(text: &str) -> Vec<Invocation> {
    let mut found = Vec::new();
    let Some(calls) = CALLS.as_ref().filter(|_| text.len() <= LARGEST) else { return found };
    for call in calls.find_iter(text) {
        if found.len() >= MOST {
            break;
        }
        if commented(text, call.start()) {
            continue;
        }
        let rest = text.get(call.end()..).unwrap_or_default();
        let rest = (MOST_BYTES..MOST_BYTES + 4).find_map(|end| rest.get(..end)).unwrap_or(rest);
        let rest = if in_front(call.as_str()) { behind_first(rest) } else { rest };
        let offset = call.start();
        let end = |after: &str| end_of(text, after).unwrap_or(call.end());
        // `session.run("twine", "upload")`, `Command::new("cargo").args(["publish"])`, `cmd!(sh, "cargo publish")`.
        if call.as_str().starts_with("session.") {
            let (mut words, length) = strings(rest, ')');
            let end = end(rest.get(length..).unwrap_or_default());
            words.retain(|w| !(w.starts_with("${{") && w.contains('=')));
            if !words.is_empty() {
                found.push(Invocation { line: words.join(" "), words, offset, end });
            }
        } else if call.as_str().starts_with("Command") {
            if let Some((first, after)) = string(rest) {
                let end = end(after);
                let mut words = vec![first];
                words.extend(chained(after));
                found.push(Invocation { line: words.join(" "), words, offset, end });
            }
        } else if call.as_str().starts_with("cmd!") {
            let line = rest.split_once(',').and_then(|(_, tail)| string(tail.trim_start()));
            if let Some((line, after)) = line {
                found.push(Invocation { line: braced(&line), words: Vec::new(), offset, end: end(after) });
            }
        } else if let Some(list) = rest.strip_prefix('[') {
            let (words, length) = strings(list, ']');
            if !words.is_empty() {
                let end = end(list.get(length..).unwrap_or_default().trim_start_matches(']'));
                found.push(Invocation { line: words.join(" "), words, offset, end });
            }
        } else if let Some((first, after)) = string(rest) {
            // `spawn("npm", ["publish"])` passes a list behind the program.
            let tail = after.trim_start().strip_prefix(',').map(str::trim_start).and_then(|t| t.strip_prefix('['));
            match tail {
                Some(list) => {
                    let mut words = vec![first];
                    let (more, length) = strings(list, ']');
                    words.extend(more);
                    let end = end(list.get(length..).unwrap_or_default().trim_start_matches(']'));
                    found.push(Invocation { line: words.join(" "), words, offset, end });
                }
                None => {
                    // Ruby passes the words one by one.
                    let more = after.trim_start().strip_prefix(',').map(str::trim_start);
                    let more = more.filter(|t| t.starts_with(['"', '\'']) && !first.contains(' '));
                    let words = match (more, call.as_str().starts_with(['s', 'e'])) {
                        (Some(list), true) => [vec![first.clone()], strings(list, ')').0].concat(),
                        _ => Vec::new(),
                    };
                    let line = if words.is_empty() { first } else { words.join(" ") };
                    found.push(Invocation { line, words, offset, end: end(after) });
                }
            }
        }
    }
    for (offset, line) in backticks(text) {
        if found.len() < MOST && !commented(text, offset) {
            found.push(Invocation { line, words: Vec::new(), offset, end: text.len() });
        }
    }
    if found.iter().any(|i| i.line.contains("${{ program.")) {
        for (name, known) in options(text) {
            for one in &mut found {
                one.line = one.line.replace(&name, &known);
                one.words.iter_mut().for_each(|w| *w = w.replace(&name, &known));
            }
        }
    }
    found.sort_by_key(|i| i.offset);
    found
}

/// Whether something stands in front of the words that a call is given.
fn in_front(call: &str) -> bool {
    call.contains("Context") || call.contains("With") || call.contains("sh.Exec")
}

/// What follows the first argument of a call, where that is a plain name or the member of one.
fn behind_first(rest: &str) -> &str {
    match rest.split_once(',') {
        Some((name, rest)) if !name.contains(['"', '\'', '`', '{']) => rest.trim_start(),
        _ => rest,
    }
}

/// The offset in a text of a part of it that goes on to some end behind it.
fn end_of(text: &str, part: &str) -> Option<usize> {
    let offset = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    (offset <= text.len() && text.is_char_boundary(offset)).then_some(offset)
}

/// The string that a text begins with, unknown parts in it as they are named.
pub fn literal_at(text: &str) -> Option<String> {
    string(text).map(|(value, _)| value)
}

/// The constants that are an option or nothing, as commands name them, and what is known of them: that an option stands
/// there. Which one does not matter, as long as nothing counts on it. Of many the first ones.
fn options(text: &str) -> Vec<(String, String)> {
    let Some(constants) = OPTIONS.as_ref() else { return Vec::new() };
    let all = constants.captures_iter(text).filter(|c| {
        let mut words = c.iter().skip(2).flatten().map(|m| m.as_str());
        words.all(|word| word.is_empty() || word.starts_with('-'))
    });
    let named = all.filter_map(|c| c.get(1)).map(|m| format!("${{{{ program.{} }}}}", m.as_str()));
    named.take(50).map(|name| (name.clone(), format!("--{name}"))).collect()
}

/// How a JavaScript program names a module of the workspace that it runs in.
static MODULES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)
        \b (?: require | import ) \s* \( \s* ['"`]
        (?: \./ | \$\{\{ \s* github\.workspace \s* \}\}/ | \$\{ process\.env\.GITHUB_WORKSPACE \}/ )
        ([\w@./-]+)
        ['"`] \s* \)
        "#,
    )
    .ok()
});

/// Paths of the modules that a JavaScript program takes from the workspace that it runs in, with the offset of each.
pub fn modules(text: &str) -> Vec<(usize, String)> {
    let Some(calls) = MODULES.as_ref().filter(|_| text.len() <= LARGEST) else { return Vec::new() };
    let paths = calls.captures_iter(text).filter_map(|c| Some((c.get(0)?.start(), c.get(1)?.as_str().to_owned())));
    paths.filter(|(at, _)| !commented(text, *at)).take(MOST).collect()
}

/// The words that calls of `arg` and `args` add to a command, up to the end of the statement.
fn chained(text: &str) -> Vec<String> {
    let statement = text.split(';').next().unwrap_or(text);
    let mut words = Vec::new();
    for part in statement.split(".arg").skip(1) {
        if let Some(list) = part.strip_prefix("s(") {
            let list = list.trim_start().trim_start_matches('&');
            match list.strip_prefix('[') {
                Some(list) => words.extend(strings(list, ']').0),
                None => words.push("${{ program.args }}".to_owned()),
            }
        } else if let Some(rest) = part.strip_prefix('(') {
            words.push(string(rest).map_or_else(|| "${{ program.arg }}".to_owned(), |(word, _)| word));
        }
    }
    words
}

/// `{name}` is unknown.
fn braced(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('{') {
        let (head, tail) = rest.split_at(at);
        let Some(end) = tail.find('}') else { break };
        out.push_str(head);
        out.push_str(&format!("${{{{ program.{} }}}}", tail.get(1..end).unwrap_or_default()));
        rest = tail.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Whether the offset stands behind a comment mark on its line.
pub fn commented(text: &str, offset: usize) -> bool {
    let line = text.get(..offset).and_then(|t| t.rsplit('\n').next()).unwrap_or_default();
    let trimmed = line.trim_start();
    trimmed.starts_with('#') || trimmed.starts_with("//") || trimmed.starts_with('*')
}

/// The string literal that a text starts with, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let whole = text;
    let text = text.strip_prefix(['f', 'r', 'b', 'u']).filter(|t| t.starts_with(['"', '\''])).unwrap_or(text);
    // `f"{image}:{tag}"`
    let filled = |value: &str| if whole.starts_with('f') { braced(value) } else { templated(value) };
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c if c == quote => return Some((filled(&value), text.get(at + c.len_utf8()..)?)),
            '\n' if quote != '`' => return None,
            c => value.push(c),
        }
    }
    None
}

/// Interpolations (`${x}`, `{x}`, `#{x}`) become unknowns.
fn templated(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("${").or_else(|| rest.find("#{")) {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let Some(end) = tail.find('}') else { break };
        out.push_str(&format!(
            "${{{{ program.{} }}}}",
            tail.get(2..end).unwrap_or_default().replace(['{', '}', '$'], "")
        ));
        rest = tail.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// String literals up to a closing mark; anything else between them becomes an unknown.
fn strings(list: &str, close: char) -> (Vec<String>, usize) {
    let mut words = Vec::new();
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([',', ' ', '\n', '\t', '\r']);
        if rest.is_empty() || rest.starts_with(close) || words.len() > 200 {
            return (words, list.len() - rest.len());
        }
        match string(rest) {
            Some((word, after)) => {
                words.push(word);
                rest = after;
            }
            None => {
                let end = rest.find([',', close]).unwrap_or(rest.len());
                let name: String = rest.get(..end).unwrap_or_default().trim().replace(['{', '}', '$'], "");
                words.push(format!("${{{{ program.{name} }}}}"));
                rest = rest.get(end..).unwrap_or_default();
            }
        }
    }
}

/// Ruby's and zx's command literals: a line that starts a command with a backtick.
fn backticks(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("$`") {
        if let Some((line, _)) = text.get(at + 1..).and_then(string) {
            found.push((at, line));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{invocations, modules};

    fn lines(text: &str) -> Vec<String> {
        invocations(text).into_iter().map(|i| i.line).collect()
    }

    #[test]
    fn literal_calls_of_several_languages_are_found() {
        assert_eq!(
            lines("subprocess.run([\"cargo\", \"publish\", name], check=True)"),
            ["cargo publish ${{ program.name }}"]
        );
        assert_eq!(lines("execSync('npm publish --provenance')"), ["npm publish --provenance"]);
        assert_eq!(
            lines("const pre = next\n  ? '--prerelease'\n  : ''\nexecSync(`gh release create v1 ${pre} ${more}`)"),
            ["gh release create v1 --${{ program.pre }} ${{ program.more }}"]
        );
        assert_eq!(
            lines("const file = big ? 'a.zip' : ''\nexecSync(`gh release create v1 ${file}`)"),
            ["gh release create v1 ${{ program.file }}"]
        );
        assert_eq!(lines("await execa('npm', ['publish', tag])"), ["npm publish ${{ program.tag }}"]);
        assert_eq!(lines("system \"gem push #{file}\""), ["gem push ${{ program.file }}"]);
        assert_eq!(lines("system(\"gem\", \"push\", file)"), ["gem push ${{ program.file }}"]);
        assert_eq!(lines("await $`docker push ${image}`"), ["docker push ${{ program.image }}"]);
    }

    #[test]
    fn sessions_and_rust_commands_are_found() {
        assert_eq!(lines("session.run(\"twine\", \"upload\", \"dist/*\", external=True)"), ["twine upload dist/*"]);
        assert_eq!(
            lines("Command::new(\"cargo\").arg(\"publish\").args([\"-p\", name]).status()?;"),
            ["cargo publish -p ${{ program.name }}"]
        );
        assert_eq!(lines("cmd!(sh, \"cargo publish -p {name}\").run()?;"), ["cargo publish -p ${{ program.name }}"]);
        assert!(lines("// cmd!(sh, \"cargo publish\")").is_empty());
    }

    #[test]
    fn modules_of_the_workspace_are_found() {
        let paths = |text: &str| modules(text).into_iter().map(|(_, path)| path).collect::<Vec<_>>();
        assert_eq!(paths("const upload = require('./scripts/upload.cjs')"), ["scripts/upload.cjs"]);
        assert_eq!(paths("await import('${{ github.workspace }}/ci/a.js')"), ["ci/a.js"]);
        assert_eq!(paths("await import(`${process.env.GITHUB_WORKSPACE}/ci/a.js`)"), ["ci/a.js"]);
        assert!(paths("// require('./a.js')\nrequire('fs'); require(name); require('../a.js')").is_empty());
    }

    #[test]
    fn comments_and_computed_commands_are_not() {
        assert!(lines("# subprocess.run(['npm', 'publish'])\nrun(command)\n").is_empty());
        assert!(lines("print('npm publish')").is_empty());
    }
}
