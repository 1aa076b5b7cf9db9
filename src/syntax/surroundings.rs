//! Where, and with which variables, a program starts the commands that it names: `{ cwd: 'pkg' }`, `os.chdir(..)`,
//! `env: { ...process.env, X: 'y' }`. What is not written out is unknown.

use std::sync::LazyLock;

use regex::Regex;

use super::literals::{Invocation, commented, literal_at};

/// The text behind a command's words that is read for its options.
const MOST_BYTES: usize = 2 * 1024;
/// Changes of the folder in one program that are told apart.
const MOST_CHANGES: usize = 200;

/// A folder, as far as a program tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// This one, from where the program stands.
    Literal(String),
    /// One that only a run tells.
    Unknown,
}

/// A call that changes the folder of the program: where it stands, where it stops to hold, and the folder.
#[derive(Debug)]
struct Change {
    from: usize,
    to: usize,
    folder: Folder,
}

/// What of a program holds for all commands that it starts.
#[derive(Debug)]
pub struct Surroundings<'t> {
    text: &'t str,
    changes: Vec<Change>,
    /// The variables of interest that it sets or takes away, with the place behind which that holds.
    variables: Vec<(&'static str, usize)>,
    of_interest: &'t [&'static str],
}

static CHANGES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        \b(?: process\.chdir | os\.chdir | contextlib\.chdir | Dir\.chdir | FileUtils\.cd | shell\.cd | env::set_current_dir
            | os\.Chdir | set_current_dir | sh\.change_dir | sh\.push_dir | pushd | working_directory | chdir | cd )
        \s* \( \s*
        | \$\.cwd \s* = \s*
        ",
    )
    .ok()
});

static CWD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b(cwd|chdir|current_dir)\b\s*(?:[:=(]\s*)?").ok());

impl<'t> Surroundings<'t> {
    /// Those of a program, for these variables.
    pub fn of(text: &'t str, of_interest: &'t [&'static str]) -> Self {
        let calls = CHANGES.as_ref().map(|c| c.find_iter(text)).into_iter().flatten();
        let calls = calls.filter(|call| !commented(text, call.start()) && !defines(text, call.start()));
        let changes = calls.take(MOST_CHANGES).map(|call| {
            let rest = text.get(call.end()..).unwrap_or_default();
            let to = block_end(text, call.start()).unwrap_or(text.len());
            Change { from: call.end(), to, folder: folder(rest) }
        });
        let changes = changes.collect();
        let variables = of_interest.iter().filter_map(|name| Some((*name, assigned(text, name)?))).collect();
        Self { text, changes, variables, of_interest }
    }

    /// The folder of a command that is started here, with these options behind its words; `None` for the program's own.
    pub fn folder(&self, call: &Invocation) -> Option<Folder> {
        let options = options(self.text, call);
        let own = CWD.as_ref().and_then(|cwd| cwd.find(options));
        let mut around = self.changes.iter().filter(|c| c.from <= call.offset && call.offset < c.to);
        let around = match (around.next(), around.next()) {
            (None, _) => None,
            (Some(only), None) => Some(only.folder.clone()),
            // In which order they run nothing shows.
            (Some(_), Some(_)) => Some(Folder::Unknown),
        };
        match (own, around) {
            (None, around) => around,
            (Some(own), around) => {
                let named = own.as_str().trim_end().ends_with([':', '=', '(']);
                let own = if named { folder(options.get(own.end()..).unwrap_or_default()) } else { Folder::Unknown };
                Some(match (around, own) {
                    (None, own) => own,
                    (Some(Folder::Literal(around)), Folder::Literal(own)) => Folder::Literal(format!("{around}/{own}")),
                    _ => Folder::Unknown,
                })
            }
        }
    }

    /// The variables of interest of which nothing is known for a command that is started here, and those that it gets
    /// with a value that is written out.
    pub fn variables(&self, call: &Invocation) -> Vec<(&'static str, Option<String>)> {
        let options = options(self.text, call);
        let changed = |name: &str| self.variables.iter().any(|(own, from)| *own == name && *from <= call.offset);
        let given = options.match_indices("env").map(|(at, _)| at).find(|at| {
            let before = options.get(..*at).and_then(|t| t.chars().next_back());
            let after = options.get(at + 3..).and_then(|t| t.chars().next());
            !before.is_some_and(|c| c.is_alphanumeric() || c == '.' || c == '_')
                && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        });
        let given = given.and_then(|at| options.get(at..));
        let value = |name: &str| -> Option<Option<String>> {
            let Some(given) = given else { return changed(name).then_some(None) };
            if let Some(at) = given.find(name) {
                let rest =
                    given.get(at + name.len()..).unwrap_or_default().trim_start_matches(['\'', '"', ']', ')', ' ']);
                let rest = rest.strip_prefix([':', '=', ',']).or_else(|| rest.strip_prefix("=>"));
                return Some(rest.and_then(|rest| literal_at(rest.trim_start())));
            }
            // What the program itself got is handed on whole, or nothing of it is known.
            let whole = [
                "...process.env",
                "**os.environ",
                "os.environ.copy()",
                "process.env,",
                "process.env }",
                "process.env}",
            ];
            let whole = whole.iter().any(|copy| given.contains(copy));
            if whole { changed(name).then_some(None) } else { Some(None) }
        };
        self.of_interest.iter().filter_map(|name| Some((*name, value(name)?))).collect()
    }
}

/// The folder that a text begins with, where it is written out.
fn folder(rest: &str) -> Folder {
    let literal = literal_at(rest).filter(|_| {
        // `cwd: 'packages/' + name`
        let end = rest.find([',', ')', '}', ';', '\n']).unwrap_or(rest.len());
        !rest.get(..end).unwrap_or_default().contains(['+', '%'])
    });
    match literal {
        Some(name) if !name.contains("${{") && !name.starts_with(['/', '~', '$']) => Folder::Literal(name),
        _ => Folder::Unknown,
    }
}

/// What stands behind the words of a command up to the end of its call.
fn options<'t>(text: &'t str, call: &Invocation) -> &'t str {
    let bracket = text.get(call.offset..call.end).is_some_and(|call| call.contains('('));
    let rest = text.get(call.end..).unwrap_or_default();
    let rest = (MOST_BYTES..MOST_BYTES + 4).find_map(|end| rest.get(..end)).unwrap_or(rest);
    let mut depth = 0_i32;
    let mut quote: Option<char> = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(' | '{' | '[') => depth += 1,
            // `Command::new("npm").arg("publish").current_dir("pkg")` goes on behind its brackets.
            (None, ')' | '}' | ']') => {
                depth -= 1;
                let next = rest.get(at + 1..).unwrap_or_default().trim_start();
                let goes_on =
                    [".arg", ".current_dir", ".env", ".cwd", ".std"].iter().any(|call| next.starts_with(call));
                if depth < 0 && !goes_on {
                    return rest.get(..at).unwrap_or(rest);
                }
                depth = depth.max(0);
            }
            (None, ';') => return rest.get(..at).unwrap_or(rest),
            // Without brackets the call ends with its line.
            (None, '\n') if !bracket && depth == 0 => return rest.get(..at).unwrap_or(rest),
            _ => {}
        }
    }
    rest
}

/// Whether a call is the definition of a function of that name.
fn defines(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default().trim_end();
    before.ends_with("def") || before.ends_with("function") || before.ends_with("fn") || before.ends_with("func")
}

/// Where the block ends in which a change of the folder holds (`Dir.chdir('x') do`, `with chdir('x'):`).
fn block_end(text: &str, at: usize) -> Option<usize> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |n| n + 1);
    let line = text.get(start..)?.lines().next()?;
    let head = line.trim_end();
    if !(head.trim_start().starts_with("with ") && head.ends_with(':')
        || head.ends_with(" do")
        || head.contains(" do |"))
    {
        return None;
    }
    let indent = line.len() - line.trim_start().len();
    let mut end = start + line.len() + 1;
    for next in text.get(end..)?.lines() {
        if !next.trim().is_empty() && next.len() - next.trim_start().len() <= indent {
            return Some(end);
        }
        end += next.len() + 1;
    }
    Some(text.len())
}

/// Where a program first sets or takes away a variable of its own.
fn assigned(text: &str, name: &str) -> Option<usize> {
    text.match_indices(name).take(MOST_CHANGES).map(|(at, _)| at).find(|at| {
        let start = text.get(..*at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1);
        let before = text.get(start..*at).unwrap_or_default();
        let after = text.get(at + name.len()..).unwrap_or_default();
        let own = ["process.env", "os.environ", "ENV[", "Setenv(", "set_var(", "putenv(", "ENV.delete"];
        let own = own.iter().any(|own| before.contains(own));
        let after = after.trim_start_matches(['\'', '"', ']', ')']).trim_start();
        let sets = after.starts_with('=') && !after.starts_with("==") || after.starts_with(',');
        let takes = ["delete ", "del ", ".pop(", "ENV.delete", "unset"].iter().any(|word| before.contains(word));
        own && (sets || takes) && !commented(text, *at)
    })
}

#[cfg(test)]
mod tests {
    use super::{Folder, Surroundings};
    use crate::syntax::literals::invocations;

    const NAMES: &[&str] = &["NPM_CONFIG_PROVENANCE"];

    fn folder(text: &str) -> Option<Folder> {
        let around = Surroundings::of(text, NAMES);
        invocations(text).last().and_then(|i| around.folder(i))
    }

    fn variable(text: &str) -> Option<Option<String>> {
        let around = Surroundings::of(text, NAMES);
        let found = invocations(text).last().map(|i| around.variables(i)).unwrap_or_default();
        found.into_iter().next().map(|(_, value)| value)
    }

    fn literal(name: &str) -> Option<Folder> {
        Some(Folder::Literal(name.to_owned()))
    }

    #[test]
    fn a_folder_is_read_where_it_is_written_out() {
        assert_eq!(folder("execSync('npm publish')"), None);
        assert_eq!(folder("execSync('npm publish', { cwd: 'pkg' })"), literal("pkg"));
        assert_eq!(folder("execSync('npm publish', { cwd })"), Some(Folder::Unknown));
        assert_eq!(folder("execSync('npm publish', { cwd: join(root, 'pkg') })"), Some(Folder::Unknown));
        assert_eq!(folder("execSync('npm publish', { cwd: `packages/${name}` })"), Some(Folder::Unknown));
        assert_eq!(folder("execFileSync('npm', ['publish'], { stdio: 'inherit', cwd: 'pkg' })"), literal("pkg"));
        assert_eq!(folder("subprocess.run(['npm', 'publish'], check=True, cwd='pkg')"), literal("pkg"));
        assert_eq!(folder("Command::new(\"npm\").arg(\"publish\").current_dir(\"pkg\").status()"), literal("pkg"));
        assert_eq!(folder("system('npm', 'publish', chdir: 'pkg')"), literal("pkg"));
        assert_eq!(folder("process.chdir('pkg')\nexecSync('npm publish')"), literal("pkg"));
        assert_eq!(folder("process.chdir(dir)\nexecSync('npm publish')"), Some(Folder::Unknown));
        assert_eq!(folder("os.chdir('a')\nos.chdir('b')\nos.system('npm publish')"), Some(Folder::Unknown));
        assert_eq!(folder("Dir.chdir('pkg') do\n  system 'npm publish'\nend"), literal("pkg"));
        assert_eq!(folder("Dir.chdir('pkg') do\n  build\nend\nsystem 'npm publish'"), None);
        assert_eq!(folder("execSync('npm publish')\nprocess.chdir('pkg')"), None);
    }

    #[test]
    fn a_variable_is_unknown_where_the_program_changes_it() {
        assert_eq!(variable("execSync('npm publish')"), None);
        assert_eq!(variable("execSync('npm publish', { env: process.env })"), None);
        assert_eq!(variable("execSync('npm publish', { env })"), Some(None));
        assert_eq!(variable("execSync('npm publish', { env: { PATH: process.env.PATH } })"), Some(None));
        let set = "execSync('npm publish', { env: { ...process.env, NPM_CONFIG_PROVENANCE: 'false' } })";
        assert_eq!(variable(set), Some(Some("false".to_owned())));
        assert_eq!(variable("process.env.NPM_CONFIG_PROVENANCE = 'false'\nexecSync('npm publish')"), Some(None));
        assert_eq!(variable("delete process.env.NPM_CONFIG_PROVENANCE\nexecSync('npm publish')"), Some(None));
        assert_eq!(variable("os.environ['NPM_CONFIG_PROVENANCE'] = 'x'\nos.system('npm publish')"), Some(None));
        assert_eq!(variable("if (process.env.NPM_CONFIG_PROVENANCE == 'x') {}\nexecSync('npm publish')"), None);
    }
}
