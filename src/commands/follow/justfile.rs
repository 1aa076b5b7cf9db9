//! `just RECIPE`: the lines of a recipe, of what it needs, and of imported files and modules.
//! Source: <https://just.systems/man/en/>

use std::sync::Arc;

use super::{Call, Entered, Piece, join};
use crate::checkout::Checkout;
use crate::commands::paths;
use crate::model::{Bound, Text, Unread};
use crate::syntax::conf::{self, unfinished};

/// Recipes entered for one command.
const MOST_RECIPES: usize = 200;
/// Files read for one command.
const MOST_FILES: usize = 64;
/// Bytes of an assignment, or of the head of a recipe, over all its lines.
const LONGEST: usize = 16 * 1024;
/// Recipes, and names in names, one in another.
const DEEPEST: usize = 16;
/// References resolved for one command.
const MOST_REFERENCES: usize = 10_000;
/// Options with which no recipe is run.
const IDLE: &[&str] = &[
    "-l",
    "--list",
    "-n",
    "--dry-run",
    "-s",
    "--show",
    "--summary",
    "--evaluate",
    "--dump",
    "--fmt",
    "--variables",
    "--groups",
    "--init",
    "-e",
    "--edit",
    "--choose",
    "-c",
    "--command",
    "--version",
    "-V",
    "--help",
    "-h",
    "--completions",
    "--man",
    "--usage",
];

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if call.program != "just" {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    let mut set: Vec<(String, String)> = Vec::new();
    let mut words = call.arguments().iter().map(Text::as_str);
    while let Some(word) = words.next() {
        match word {
            w if names.is_empty() && IDLE.contains(&w) => return None,
            "--set" => {
                let (name, value) = (words.next()?, words.next()?);
                set.push((name.to_owned(), value.to_owned()));
            }
            "-f"
            | "--justfile"
            | "-d"
            | "--working-directory"
            | "--shell"
            | "--shell-arg"
            | "--color"
            | "--dotenv-path"
            | "--dotenv-filename"
            | "--timestamp-format"
                if names.is_empty() =>
            {
                words.next();
            }
            w if names.is_empty() && w.starts_with('-') => {}
            w => match w.split_once('=') {
                Some((name, value)) if names.is_empty() => set.push((name.to_owned(), value.to_owned())),
                _ => names.push(w),
            },
        }
    }
    let what = format!("just {}", names.join(" ")).trim_end().to_owned();
    let Some(file) = file_of(call) else {
        let unread = Some(Unread::Absent("justfile in the folder where the command runs".to_owned()));
        return Some(Entered { what, unread, ..Entered::default() });
    };
    let mut just = Just {
        checkout: call.checkout,
        call,
        home: file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
        files: 0,
        recipes: Vec::new(),
        aliases: Vec::new(),
        variables: Vec::new(),
        exported: Vec::new(),
        set,
        entered: Entered { what, ..Entered::default() },
        ran: 0,
        references: 0,
    };
    let folder = call.flag(&["-d", "--working-directory"]).map(|d| call.path(d));
    just.load(&file, "", folder.as_deref(), 0);
    if !just.start(&names) {
        // It may stand in what could not be read.
        just.entered.unread.get_or_insert(Unread::Absent(format!("such recipe in {file}")));
    }
    Some(just.entered)
}

/// The justfile, in the folder of the command or one above it.
fn file_of(call: &Call<'_>) -> Option<String> {
    if let Some(named) = call.flag(&["-f", "--justfile"]) {
        return Some(call.path(named)).filter(|p| call.checkout.is_there(p));
    }
    let mut folder = call.folder.as_str();
    loop {
        let found = ["justfile", "Justfile", ".justfile"].iter().map(|f| join(folder, f));
        if let Some(path) = found.into_iter().find(|p| call.checkout.is_there(p)) {
            return Some(path);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

struct Parameter {
    name: String,
    default: Option<String>,
    /// It takes all words that are left.
    rest: bool,
}

struct Recipe {
    path: Arc<str>,
    /// With the names of the modules in front (`publish::npm`).
    name: String,
    module: String,
    folder: String,
    parameters: Vec<Parameter>,
    needs: Vec<(String, Vec<String>)>,
    after: Vec<(String, Vec<String>)>,
    lines: Vec<(u32, String)>,
}

struct Just<'c> {
    checkout: &'c Checkout,
    call: &'c Call<'c>,
    /// The folder of the file that the command reads.
    home: String,
    files: usize,
    recipes: Vec<Arc<Recipe>>,
    aliases: Vec<(String, String)>,
    variables: Vec<(String, String)>,
    exported: Vec<String>,
    /// Set on the command line.
    set: Vec<(String, String)>,
    entered: Entered,
    ran: usize,
    references: usize,
}

impl Just<'_> {
    fn stop(&mut self, why: impl Into<Unread>) {
        self.entered.unread = Some(why.into());
    }

    fn load(&mut self, path: &str, module: &str, folder: Option<&str>, depth: usize) {
        self.files += 1;
        if depth > DEEPEST || self.files > MOST_FILES {
            return self.stop(Bound::Followed(MOST_FILES, "justfiles, or one in another too deep"));
        }
        let text = match self.checkout.read(path) {
            Ok(text) => text,
            Err(error) => return self.stop(Unread::Refused(format!("{path}: {error}"))),
        };
        let here = path.rsplit_once('/').map_or("", |(f, _)| f);
        let own = folder.unwrap_or(here).to_owned();
        let path: Arc<str> = Arc::from(path);
        let mut current: Option<Recipe> = None;
        let mut lines = text.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            if line.starts_with([' ', '\t']) || line.trim().is_empty() {
                if let Some(recipe) = current.as_mut() {
                    recipe.lines.push((number, line.to_owned()));
                }
                continue;
            }
            self.recipes.extend(current.take().map(Arc::new));
            let mut head = line.trim_end().to_owned();
            if head.starts_with(['#', '[']) {
                continue;
            }
            // Strings and brackets go on over lines, and so does what ends in a backslash. What is written behind the
            // text keeps a colon from being its end.
            let goes_on = |head: &str| {
                self.checkout.spend(head.len() / 16);
                head.ends_with('\\') || unfinished(&conf::JUST, &format!("{head} a")).is_some()
            };
            let mut open = goes_on(&head);
            while open {
                match lines.next() {
                    Some((_, more)) if head.len() < LONGEST => {
                        let ends = head.ends_with('\\') || more.contains([')', ']', '}', '\'', '"', '`']);
                        head = format!("{}\n{more}", head.trim_end_matches('\\'));
                        open = !ends || goes_on(&head);
                    }
                    Some(_) => {
                        return self.stop(Bound::Line(LONGEST, path.to_string()));
                    }
                    None => {
                        let before = "\n".repeat(at);
                        let whole = self.call.whole(&conf::JUST, &path, &format!("{before}{head} a"));
                        self.entered.unread = whole.err().or(self.entered.unread.take());
                        break;
                    }
                }
            }
            let head = head.as_str();
            let mut words = head.split_whitespace();
            match words.next().unwrap_or_default() {
                "import" | "import?" => {
                    let named = words.collect::<Vec<_>>().join(" ");
                    let target = join(here, &unquoted(&named));
                    if self.checkout.is_there(&target) {
                        self.load(&target, module, Some(&own), depth + 1);
                    } else if !head.starts_with("import?") {
                        self.stop(Unread::Refused(format!("the imported file `{target}` is not in the checkout")));
                    }
                }
                "mod" | "mod?" if !head.contains(":=") && !head.ends_with(':') => {
                    let name = words.next().unwrap_or_default().to_owned();
                    let named = unquoted(&words.collect::<Vec<_>>().join(" "));
                    let candidates = if named.is_empty() {
                        vec![format!("{name}.just"), format!("{name}/mod.just"), format!("{name}/justfile")]
                    } else {
                        vec![named.clone(), format!("{named}/mod.just"), format!("{named}/justfile")]
                    };
                    let found = candidates.iter().map(|c| join(here, c)).find(|p| self.checkout.is_there(p));
                    match found {
                        Some(found) => self.load(&found, &format!("{module}{name}::"), None, depth + 1),
                        None if head.starts_with("mod?") => {}
                        None => self.stop(Unread::Refused(format!("the module `{name}` is not in the checkout"))),
                    }
                }
                "alias" => {
                    if let Some((name, target)) = head.trim_start_matches("alias").split_once(":=") {
                        let full = |n: &str| format!("{module}{}", n.trim());
                        self.aliases.push((full(name), full(target)));
                    }
                }
                "set" | "unexport" => {}
                first => {
                    let assigned = head.split_once(":=").filter(|(left, _)| {
                        let left = left.trim().trim_start_matches("export").trim();
                        !left.is_empty() && left.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
                    });
                    if let Some((left, value)) = assigned {
                        let name = left.trim().trim_start_matches("export ").trim().to_owned();
                        if first == "export" {
                            self.exported.push(name.clone());
                        }
                        self.variables.push((name, value.trim().to_owned()));
                    } else {
                        current = recipe(head, &path, module, &own);
                        if current.is_none() {
                            let message = "this is no recipe, assignment or setting".to_owned();
                            self.call.refuse(&path, Some((number, 1)), message.clone());
                            self.stop(Unread::Refused(format!("{path}:{number}: {message}")));
                        }
                    }
                }
            }
        }
        self.recipes.extend(current.map(Arc::new));
    }

    fn find(&self, name: &str) -> Option<Arc<Recipe>> {
        let name = self.aliases.iter().find(|(alias, _)| alias == name).map_or(name, |(_, target)| target);
        self.recipes.iter().find(|r| r.name == name).cloned()
    }

    /// Runs the recipes that the words name, each with the words that its parameters take. `false` when the first names
    /// none.
    fn start(&mut self, words: &[&str]) -> bool {
        if words.is_empty() {
            let first = self.recipes.iter().find(|r| r.module.is_empty()).cloned();
            return first.is_some_and(|first| {
                self.recipe(&first, &[], 0);
                true
            });
        }
        let mut at = 0;
        while let Some(word) = words.get(at) {
            // `just module recipe` is `just module::recipe`.
            let mut name = (*word).to_owned();
            at += 1;
            while self.find(&name).is_none()
                && self.recipes.iter().any(|r| r.module == format!("{name}::"))
                && let Some(next) = words.get(at)
            {
                name = format!("{name}::{next}");
                at += 1;
            }
            let Some(recipe) = self.find(&name) else { return at > 1 && !self.entered.pieces.is_empty() };
            let rest = words.get(at..).unwrap_or_default();
            let all = recipe.parameters.iter().any(|p| p.rest);
            let taken = if all { rest.len() } else { recipe.parameters.len().min(rest.len()) };
            let given: Vec<String> = rest.iter().take(taken).map(|w| (*w).to_owned()).collect();
            at += taken;
            self.recipe(&recipe, &given, 0);
        }
        true
    }

    fn recipe(&mut self, recipe: &Arc<Recipe>, given: &[String], depth: usize) {
        self.ran += 1;
        if depth > DEEPEST || self.ran > MOST_RECIPES {
            return self.stop(Bound::Followed(MOST_RECIPES, "recipes, or one in another"));
        }
        let mut locals: Vec<(String, String)> = Vec::new();
        for (at, parameter) in recipe.parameters.iter().enumerate() {
            let value = match given.get(at) {
                Some(_) if parameter.rest => given.get(at..).unwrap_or_default().join(" "),
                Some(value) => value.clone(),
                None => match &parameter.default {
                    Some(default) => self.value(default, &locals, 0),
                    None if parameter.rest => String::new(),
                    None => unknown(&parameter.name),
                },
            };
            locals.push((parameter.name.clone(), value));
        }
        for (name, arguments) in &recipe.needs {
            self.needed(recipe, name, arguments, &locals, depth);
        }
        self.lines(recipe, &locals);
        for (name, arguments) in &recipe.after {
            self.needed(recipe, name, arguments, &locals, depth);
        }
    }

    fn needed(&mut self, by: &Recipe, name: &str, arguments: &[String], locals: &[(String, String)], depth: usize) {
        let Some(found) = self.find(&format!("{}{name}", by.module)) else {
            return self.stop(Unread::Absent(format!("recipe `{name}` in {}", by.path)));
        };
        let values: Vec<String> = arguments.iter().map(|a| self.value(a, locals, 0)).collect();
        self.recipe(&found, &values, depth + 1);
    }

    /// Adds the lines of a recipe: each is a script of its own, unless the first says what runs them all.
    fn lines(&mut self, recipe: &Recipe, locals: &[(String, String)]) {
        let mut env: Vec<(String, Text)> = Vec::new();
        for name in self.exported.clone() {
            env.push((name.clone(), Text::new(self.value(&name, locals, 0))));
        }
        let body: Vec<&(u32, String)> = recipe.lines.iter().skip_while(|(_, l)| l.trim().is_empty()).collect();
        let Some((first, head)) = body.first() else { return };
        let piece = |text: String, shell: &str, line: u32| Piece {
            margins: (0, 0),
            text,
            shell: shell.to_owned(),
            path: Arc::clone(&recipe.path),
            line,
            env: env.clone(),
            folder: Text::new(recipe.folder.as_str()),
            positional: Vec::new(),
        };
        if let Some(interpreter) = head.trim().strip_prefix("#!") {
            let program = interpreter.split_whitespace().rev().find(|w| !w.starts_with('-')).unwrap_or("sh");
            let program = program.rsplit('/').next().unwrap_or(program).to_owned();
            let indent = head.len() - head.trim_start().len();
            let text: String =
                body.iter().map(|(_, l)| format!("{}\n", l.get(indent..).unwrap_or(l.trim_start()))).collect();
            let text = self.interpolated(&text, locals);
            self.entered.pieces.push(piece(text, &program, *first));
            return;
        }
        let mut open: Option<(u32, String)> = None;
        for (number, line) in body {
            let (start, before) = open.take().unwrap_or((*number, String::new()));
            let code = line.trim();
            let code = if before.is_empty() { code.trim_start_matches(['@', '-']) } else { code };
            let joined = format!("{before}{code}");
            match joined.strip_suffix('\\') {
                Some(head) => open = Some((start, format!("{head} "))),
                None if joined.is_empty() => {}
                None => {
                    let text = self.interpolated(&joined, locals);
                    self.entered.pieces.push(piece(text, "sh", start));
                }
            }
        }
    }

    /// A line with its `{{ ... }}`.
    fn interpolated(&mut self, text: &str, locals: &[(String, String)]) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            let (head, tail) = rest.split_at(at);
            out.push_str(head);
            if let Some(literal) = tail.strip_prefix("{{{{") {
                out.push_str("{{");
                rest = literal;
                continue;
            }
            let Some(end) = tail.find("}}") else { break };
            let inner = tail.get(2..end).unwrap_or_default();
            rest = tail.get(end + 2..).unwrap_or_default();
            if head.ends_with('$') {
                // An unknown that stands in the text already.
                out.push_str(&format!("{{{{{inner}}}}}"));
            } else {
                out.push_str(&self.value(inner, locals, 0));
            }
        }
        out.push_str(rest);
        out
    }

    /// The value of an expression; what reading cannot decide is unknown.
    fn value(&mut self, expression: &str, locals: &[(String, String)], depth: usize) -> String {
        let text = expression.trim();
        self.references += 1 + text.len() / 64;
        if depth > DEEPEST || self.references > MOST_REFERENCES {
            return unknown(text);
        }
        if let Some(parts) = split(text, '+') {
            return parts.iter().map(|p| self.value(p, locals, depth + 1)).collect();
        }
        if let Some(parts) = split(text, '/') {
            return parts.iter().map(|p| self.value(p, locals, depth + 1)).collect::<Vec<_>>().join("/");
        }
        if text.starts_with(['"', '\'']) {
            return unquoted(text);
        }
        if let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            return self.value(inner, locals, depth + 1);
        }
        match text {
            "justfile_directory()" | "justfile_dir()" => return paths::rooted(&self.home),
            "invocation_directory()" | "invocation_dir()" => return paths::rooted(self.call.folder.as_str()),
            _ => {}
        }
        for function in ["env_var_or_default(", "env_var(", "env("] {
            let Some(inner) = text.strip_prefix(function).and_then(|t| t.strip_suffix(')')) else { continue };
            let (name, default) = inner.split_once(',').map_or((inner, None), |(n, d)| (n, Some(d)));
            let name = unquoted(name.trim());
            if let Some(value) = self.call.variable(&name) {
                return value.as_str().to_owned();
            }
            return match default {
                Some(default) => self.value(default, locals, depth + 1),
                None => unknown(&name),
            };
        }
        let named = |list: &[(String, String)]| list.iter().rev().find(|(n, _)| n == text).map(|(_, v)| v.clone());
        if let Some(value) = named(locals).or_else(|| named(&self.set)) {
            return value;
        }
        match named(&self.variables) {
            Some(expression) => self.value(&expression, locals, depth + 1),
            None => {
                let line = text.strip_prefix('`').and_then(|t| t.strip_suffix('`')).filter(|t| !t.contains('`'));
                let printed = line.and_then(|line| (self.call.shell)(line, self.call.folder.as_str()));
                printed.map_or_else(|| unknown(text), |printed| printed.to_string())
            }
        }
    }
}

fn unknown(text: &str) -> String {
    let short: String = text.chars().filter(|c| !matches!(c, '{' | '}' | '$')).take(80).collect();
    format!("${{{{ just.{short} }}}}")
}

/// The parts of an expression between marks that stand in no string and no bracket; `None` without any.
fn split(text: &str, mark: char) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut quote: Option<char> = None;
    let mut depth = 0_usize;
    let mut from = 0;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, c) if c == mark && depth == 0 => {
                parts.push(text.get(from..at)?);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(from..)?);
    (parts.len() > 1).then_some(parts)
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    let long = text.strip_prefix("\'\'\'").or_else(|| text.strip_prefix("\"\"\""));
    match long {
        Some(inner) => inner.trim_end_matches(['"', '\'']).to_owned(),
        None => text.trim_matches(['"', '\'']).to_owned(),
    }
}

/// `name parameter other="default" +rest: needed (needed argument) && after`.
fn recipe(head: &str, path: &Arc<str>, module: &str, folder: &str) -> Option<Recipe> {
    let parts = split(head, ':')?;
    let (left, right) = (parts.first()?, parts.get(1..)?.join(":"));
    let mut words = spaced(left).into_iter();
    let name = words.next()?.trim_start_matches('@').to_owned();
    let parameters = words
        .map(|word| {
            let (name, default) = word.split_once('=').map_or((word.as_str(), None), |(n, d)| (n, Some(d.to_owned())));
            let rest = name.starts_with(['+', '*']);
            Parameter { name: name.trim_start_matches(['+', '*', '$']).to_owned(), default, rest }
        })
        .collect();
    let mut needs = Vec::new();
    let mut after = Vec::new();
    let mut behind = false;
    for word in spaced(right.split(" #").next().unwrap_or_default()) {
        if word == "&&" {
            behind = true;
            continue;
        }
        let call = word.strip_prefix('(').and_then(|w| w.strip_suffix(')'));
        let mut words = spaced(call.unwrap_or(&word)).into_iter();
        let Some(name) = words.next() else { continue };
        if behind { &mut after } else { &mut needs }.push((name, words.collect()));
    }
    Some(Recipe {
        path: Arc::clone(path),
        name: format!("{module}{name}"),
        module: module.to_owned(),
        folder: folder.to_owned(),
        parameters,
        needs,
        after,
        lines: Vec::new(),
    })
}

/// Words between spaces that stand in no string and no bracket.
fn spaced(text: &str) -> Vec<String> {
    let parts = split(text, ' ').unwrap_or_else(|| vec![text]);
    parts.into_iter().map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(files: &[(&str, &str)], command: &str) -> Vec<String> {
        let Some(entered) = super::super::entered(enter, files, &[("TAG", "v1")], command) else {
            return vec!["nothing".to_owned()];
        };
        let pieces = entered.pieces.iter().map(|p| format!("{}: {}", p.line, p.text.trim()));
        pieces.chain(entered.unread.map(|why| why.to_string())).collect()
    }

    #[test]
    fn a_recipe_runs_what_it_needs_first() {
        let file = "build:\n    cargo build\n\nrelease: build && done\n    @cargo publish\n\ndone:\n    echo done\n\nunused:\n    npm publish\n";
        let run = |command| commands(&[("justfile", file)], command);
        assert_eq!(run("just release"), ["2: cargo build", "5: cargo publish", "8: echo done"]);
        assert_eq!(run("just"), ["2: cargo build"]);
        assert_eq!(run("just --dry-run release"), ["nothing"]);
        assert_eq!(run("just gone"), ["no such recipe in justfile"]);
    }

    #[test]
    fn parameters_and_variables_have_values() {
        let file = "registry := \"ghcr.io\"\nimage := registry / \"acme\" + \"/widget\"\ntag := env('TAG', 'dev')\nother := env('OTHER', 'dev')\nnow := `date`\n\npush name=image *flags:\n    docker push {{ name }}:{{tag}} \\\n      {{flags}} {{other}} {{now}}\n";
        let run = |command| commands(&[("justfile", file)], command);
        assert_eq!(run("just push"), ["8: docker push ghcr.io/acme/widget:v1   dev ${{ just.`date` }}"]);
        assert_eq!(run("just tag=v2 push x -a -b"), ["8: docker push x:v2  -a -b dev ${{ just.`date` }}"]);
    }

    #[test]
    fn modules_and_imported_files_are_read() {
        let main = "import 'ci/a.just'\nmod npm\nalias p := publish\n";
        let files = [
            ("justfile", main),
            ("ci/a.just", "publish: (again \"x\")\n    echo a\nagain what:\n    echo {{what}}\n"),
            ("npm.just", "push:\n    echo b\n"),
        ];
        assert_eq!(commands(&files, "just p"), ["4: echo x", "2: echo a"]);
        assert_eq!(commands(&files, "just npm push"), ["2: echo b"]);
        assert_eq!(commands(&files, "just npm::push"), ["2: echo b"]);
    }

    #[test]
    fn circles_end() {
        let found =
            commands(&[("justfile", "a: b\n    echo a\nb: a\n    echo b\nx := x + x\nc:\n    echo {{x}}\n")], "just a");
        assert!(found.last().is_some_and(|f| f.starts_with("following stopped")), "{found:?}");
        assert_eq!(commands(&[("justfile", "x := x + x\nc:\n    echo {{x}}\n")], "just c").len(), 1);
    }
}
