//! Whether a program that is read for the configuration in it is whole, as far as brackets, strings and comments tell.
//!
//! The readers of such texts pass over what they do not understand, so the end of a text may be missing and nobody notices.
//! This is no parser: what is closed in the right order counts as whole.

/// How a language writes strings and comments.
#[derive(Debug)]
pub struct Language {
    /// Its name.
    pub name: &'static str,
    /// What starts a comment up to the end of the line.
    line: &'static str,
    /// What opens and closes a comment of several lines.
    blocks: Option<(&'static str, &'static str)>,
    /// Strings, longer marks first.
    strings: &'static [Quote],
    /// Whether `/…/` may be a regular expression.
    slashes: bool,
}

/// A kind of string.
#[derive(Debug, Clone, Copy)]
struct Quote {
    /// What opens it.
    mark: &'static str,
    /// What closes it.
    close: &'static str,
    /// Whether it may hold line ends.
    lines: bool,
    /// What takes the meaning of what follows.
    escapes: &'static [&'static str],
    /// What opens and closes code in it.
    inserts: &'static [(&'static str, char)],
}

const fn quote(mark: &'static str, lines: bool, escapes: &'static [&'static str], inserts: bool) -> Quote {
    Quote { mark, close: mark, lines, escapes, inserts: if inserts { &[("${", '}')] } else { &[] } }
}

const ESCAPE: &[&str] = &["\\"];

/// Bicep. Source: <https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types>
pub const BICEP: Language = Language {
    name: "Bicep",
    line: "//",
    blocks: Some(("/*", "*/")),
    strings: &[quote("'''", true, &[], false), quote("'", false, ESCAPE, true)],
    slashes: false,
};

/// Groovy. Source: <https://groovy-lang.org/syntax.html>
pub const GROOVY: Language = Language {
    name: "Groovy",
    line: "//",
    blocks: Some(("/*", "*/")),
    strings: &[
        quote("'''", true, ESCAPE, false),
        quote("\"\"\"", true, ESCAPE, true),
        quote("'", false, ESCAPE, false),
        quote("\"", false, ESCAPE, true),
    ],
    slashes: true,
};

/// Kotlin. Source: <https://kotlinlang.org/spec/syntax-and-grammar.html>
pub const KOTLIN: Language = Language {
    name: "Kotlin",
    line: "//",
    blocks: Some(("/*", "*/")),
    strings: &[quote("\"\"\"", true, &[], true), quote("\"", false, ESCAPE, true), quote("'", false, ESCAPE, false)],
    slashes: false,
};

/// Nix. Source: <https://nix.dev/manual/nix/latest/language/string-literals>
pub const NIX: Language = Language {
    name: "Nix",
    line: "#",
    blocks: Some(("/*", "*/")),
    strings: &[quote("''", true, &["'''", "''$", "''\\"], true), quote("\"", true, ESCAPE, true)],
    slashes: false,
};

/// Python. Source: <https://docs.python.org/3/reference/lexical_analysis.html>
pub const PYTHON: Language = Language {
    name: "Python",
    line: "#",
    blocks: None,
    strings: &[
        quote("'''", true, ESCAPE, false),
        quote("\"\"\"", true, ESCAPE, false),
        quote("'", false, ESCAPE, false),
        quote("\"", false, ESCAPE, false),
    ],
    slashes: false,
};

/// JavaScript and TypeScript. Source: <https://tc39.es/ecma262/>
pub const SCRIPT: Language = Language {
    name: "JavaScript",
    line: "//",
    blocks: Some(("/*", "*/")),
    strings: &[quote("`", true, ESCAPE, true), quote("'", false, ESCAPE, false), quote("\"", false, ESCAPE, false)],
    slashes: true,
};

/// PowerShell. Source: <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules>
pub const POWERSHELL: Language = Language {
    name: "PowerShell",
    line: "#",
    blocks: Some(("<#", "#>")),
    strings: &[
        Quote { mark: "@'\n", close: "\n'@", lines: true, escapes: &[], inserts: &[] },
        Quote { mark: "@\"\n", close: "\n\"@", lines: true, escapes: &[], inserts: &[] },
        Quote { mark: "'", close: "'", lines: true, escapes: &[], inserts: &[] },
        Quote { mark: "\"", close: "\"", lines: true, escapes: &["`"], inserts: &[("$(", ')')] },
    ],
    slashes: false,
};

/// Justfiles, recipes apart. Source: <https://just.systems/man/en/strings.html>
pub const JUST: Language = Language {
    name: "just",
    line: "#",
    blocks: None,
    strings: &[
        quote("'''", true, &[], false),
        quote("\"\"\"", true, ESCAPE, false),
        quote("```", true, &[], false),
        quote("'", true, &[], false),
        quote("\"", true, ESCAPE, false),
        quote("`", true, &[], false),
    ],
    slashes: false,
};

/// What is open at some place of a text.
#[derive(Clone, Copy)]
enum Open {
    /// A bracket, by the one that closes it.
    Bracket(char),
    /// A string.
    String(Quote),
}

/// The byte at which something opens or closes that has no counterpart, or the end of the text where it breaks off in the
/// middle of an expression; `None` when the text is whole.
pub fn unfinished(language: &Language, text: &str) -> Option<usize> {
    let mut open: Vec<(usize, Open)> = Vec::new();
    let mut here = 0;
    // The last character of code, which tells a regular expression from a division.
    let mut last = None;
    let mut end = 0;
    while let Some(rest) = text.get(here..).filter(|rest| !rest.is_empty()) {
        let c = rest.chars().next()?;
        if let Some((_, Open::String(quote))) = open.last().copied() {
            match inside(&quote, rest) {
                Step::Over(bytes) => here += bytes,
                Step::Close(bytes) => {
                    open.pop();
                    here += bytes;
                }
                Step::Insert(close) => {
                    open.push((here, Open::Bracket(close)));
                    here += 2;
                }
            }
            continue;
        }
        if let Some(end) = comment(language, rest, here) {
            here += end;
            // One that does not end is no end of a text either.
            let ends = |(from, to): (&str, &str)| {
                let body = rest.get(..end).and_then(|c| c.strip_prefix(from));
                body.is_none_or(|body| body.ends_with(to))
            };
            if !language.blocks.is_none_or(ends) {
                return Some(here - end);
            }
            continue;
        }
        if let Some(quote) = language.strings.iter().find(|quote| rest.starts_with(quote.mark))
            // In Nix a name may end in primes.
            && !(quote.mark == "''" && last_char(text, here).is_some_and(|c| c.is_alphanumeric() || c == '_'))
        {
            open.push((here, Open::String(*quote)));
            here += quote.mark.len();
            last = Some('"');
            continue;
        }
        if c == '/'
            && language.slashes
            && last.is_none_or(|l| "(,=:[!&|?{};~".contains(l))
            && let Some(bytes) = pattern(rest)
        {
            here += bytes;
            last = Some('"');
            continue;
        }
        match c {
            // It takes the meaning of what follows.
            '`' => here += rest.chars().nth(1).map_or(0, char::len_utf8),
            '(' => open.push((here, Open::Bracket(')'))),
            '[' => open.push((here, Open::Bracket(']'))),
            '{' => open.push((here, Open::Bracket('}'))),
            ')' | ']' | '}' => match open.pop() {
                Some((_, Open::Bracket(wanted))) if wanted == c => {}
                _ => return Some(here),
            },
            _ => {}
        }
        if !c.is_whitespace() {
            last = Some(c);
            end = here + c.len_utf8();
        }
        here += c.len_utf8();
    }
    match open.first() {
        Some((at, _)) => Some(*at),
        None => {
            // `...` is a body in Python, and `$?` a variable of PowerShell.
            let whole = text.get(..end).is_some_and(|code| code.ends_with("...") || code.ends_with("$?"));
            last.filter(|last| "=:.+&|?".contains(*last) && !whole).map(|_| text.len())
        }
    }
}

/// How a string goes on.
enum Step {
    Over(usize),
    Close(usize),
    Insert(char),
}

/// The next step in a string.
fn inside(quote: &Quote, rest: &str) -> Step {
    let first = rest.chars().next().map_or(1, char::len_utf8);
    if let Some(escape) = quote.escapes.iter().find(|escape| rest.starts_with(**escape)) {
        // The marks of Nix hold what they escape, but for the backslash.
        let next = rest.get(escape.len()..).and_then(|r| r.chars().next()).map_or(0, char::len_utf8);
        return Step::Over(escape.len() + if escape.ends_with(['\\', '`']) { next } else { 0 });
    }
    if rest.starts_with(quote.close) {
        return Step::Close(quote.close.len());
    }
    if rest.starts_with('\n') && !quote.lines {
        // Broken, or no string at all: part of a regular expression, say. What is behind it tells.
        return Step::Close(1);
    }
    let code = quote.inserts.iter().find(|(mark, _)| rest.starts_with(mark));
    code.map_or(Step::Over(first), |(_, close)| Step::Insert(*close))
}

/// The length of the comment that starts here.
fn comment(language: &Language, rest: &str, here: usize) -> Option<usize> {
    let first = here == 0 && rest.starts_with("#!");
    if first || rest.starts_with(language.line) {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    let (open, close) = language.blocks?;
    let body = rest.strip_prefix(open)?;
    Some(body.find(close).map_or(rest.len(), |end| open.len() + end + close.len()))
}

fn last_char(text: &str, here: usize) -> Option<char> {
    text.get(..here)?.chars().next_back()
}

/// The length of a regular expression, which ends on its line.
fn pattern(rest: &str) -> Option<usize> {
    let mut class = false;
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that are whole, in their languages.
    const WHOLE: &[(&Language, &str)] = &[
        (
            &BICEP,
            "param p string = 'it\\'s ${f('}', [p])}' // {\nresource r 'T@1' = if (p == '{') {\n  a: '''\n'} ( \\''' /* [ */\n}\n",
        ),
        (&GROOVY, "def x = \"a ${y(['}'])} (\" // '\nif (x =~ /['(]/) { y = a / b }\nz '''\n{ \\''' ( ''' /* } */\n"),
        (&KOTLIN, "val x = \"\"\" \\ { ${f(\"}\")} ( \"\"\"\nval q = '\"'\nproject { name = \"{\" }\n"),
        (
            &NIX,
            "{ pkgs, ... }: let f'' = x: x; in {\n  # {\n  s = \"\n( ${f'' \"}\"}\";\n  t = ''\n    ''${ { '''( ${\n pkgs.a } ''\\( '';\n}\n",
        ),
        (&PYTHON, "def f(): ...  # (\n"),
        (
            &POWERSHELL,
            "<# ( #> $a = @'\n'(\n'@ + \"`\"( $(f \"it's\" ')')\" + '({' # (\necho `(\nif ($a) { exit $? }\nexit $?\n",
        ),
        (&JUST, "x := \'\'\'\n(\n\'\'\' + `echo (` + \"\\\"(\" # (\ny := if x == '{' { \"a\" } else { 'b' }\n"),
        (&PYTHON, "#!/usr/bin/env python\nx = ['(', \"\\\"{\", '''\n[ ''', f\"{x}\"]  # (\ny = f(\n)\n"),
        (
            &SCRIPT,
            "const a = `\n${f({ a: '`' })} (`; // {\nconst r = /[/(]'\\//.test(b) ? 4 / 2 : { b: '\\'(' };\n/* ` */\n",
        ),
    ];

    #[test]
    fn a_whole_text_is_finished() {
        for (language, text) in WHOLE {
            assert_eq!(unfinished(language, text), None, "{}", language.name);
        }
        for language in [&BICEP, &GROOVY, &JUST, &KOTLIN, &NIX, &POWERSHELL, &PYTHON, &SCRIPT] {
            assert_eq!(unfinished(language, ""), None);
        }
    }

    #[test]
    fn what_has_no_counterpart_is_told_at_its_place() {
        for (text, at) in
            [("a (\n", 2), ("a ( b ]\n", 6), ("a }\n", 2), ("/* a", 0), ("a = \n", 5), ("'''a\n", 0), ("'", 0)]
        {
            assert_eq!(unfinished(&BICEP, text), Some(at), "{text:?}");
        }
        assert_eq!(unfinished(&SCRIPT, "f(`${a(`\n"), Some(1));
        assert_eq!(unfinished(&NIX, "{ a = ''b ''; c = ''; }\n"), Some(0));
    }

    /// Wherever a text is cut between its brackets, its end is missed.
    #[test]
    fn every_beginning_of_a_block_is_unfinished() {
        for (language, text) in WHOLE {
            let block = format!("a {{\n{text}}}\n");
            let whole = block.trim_end().len();
            for (end, _) in block.char_indices().skip(3).filter(|(end, _)| *end < whole) {
                assert!(unfinished(language, &block[..end]).is_some(), "{}: {:?}", language.name, &block[..end]);
            }
            assert_eq!(unfinished(language, &block), None, "{}", language.name);
        }
    }
}
