//! Commands against the patterns of the catalogue.

use std::str::SplitAsciiWhitespace;

use crate::catalogue::{Catalogue, CommandPattern, Does, Run, Tool, fits};
use crate::model::{Text, opening};
use crate::syntax::pattern::wildcard;

/// The name of a program: the last part of its path, without `.exe`, `.cmd` and `.bat`, and without the version that
/// package runners take (`semantic-release@22`, `twine==5.1`). `None` when the name is unknown.
pub fn program(word: &Text) -> Option<&str> {
    let text = word.as_str();
    // Nearly every program is written as its bare name.
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Some(text);
    }
    if word.symbol().is_some() {
        return None;
    }
    // `nix run nixpkgs#nodePackages.semantic-release`
    let text = match text.split_once('#') {
        Some((flake, attribute)) if !flake.is_empty() => attribute.rsplit('.').next().unwrap_or(attribute),
        _ => text,
    };
    let name = text.rfind(['/', '\\']).and_then(|at| text.get(at + 1..)).unwrap_or(text);
    // `go run example.org/tool/v2@latest`: the major version is no name.
    let mut parts = text.rsplit('/');
    let last = parts.next().unwrap_or_default();
    let bare = last.split('@').next().unwrap_or_default();
    let major = bare.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let name = match parts.next() {
        Some(before) if major => before,
        _ => name,
    };
    let name = match name.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((at, _)) => name.get(..at).unwrap_or(name),
        None if name.contains("==") => name.split("==").next().unwrap_or(name),
        None => name,
    };
    let ends = |suffix: &&str| {
        let tail = name.len().checked_sub(suffix.len()).filter(|at| *at > 0).and_then(|at| name.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(suffix))
    };
    let cut = [".exe", ".cmd", ".bat"].iter().find(|suffix| ends(suffix));
    let name = cut.map_or(name, |s| name.get(..name.len() - s.len()).unwrap_or(name));
    (!name.is_empty() && opening(name).is_none() && !name.ends_with("}}")).then_some(name)
}

/// Whether an unknown word is one that holds options by its name (`$MAVEN_ARGS`), and may stand between words.
fn holds_options(word: &Text) -> bool {
    word.symbol().is_some_and(|symbol| {
        let symbol = symbol.to_ascii_lowercase();
        ["args", "arguments", "flags", "opts", "options"].iter().any(|part| symbol.contains(part))
    })
}

/// The index of the first word behind the match, when `words` fit `pattern`.
///
/// The first pattern word is the program, the others are subcommand words in order. Options between them are skipped,
/// each with one word that may be its value (`docker --context x buildx build`), and so is `+toolchain`. A pattern
/// word may list alternatives with `|` and hold `*`; `**` stands for any words, for tools that take tasks in any order
/// (`mvn ** deploy`). A pattern word that starts with `-` wants that very option. A program pattern with a slash is
/// compared with the whole word. A word that is wholly unknown fits nothing, but
/// for a bare `*` with more words behind it.
pub fn matches(pattern: &str, words: &[Text]) -> Option<usize> {
    let (want, rest) = pattern.split_once(' ').unwrap_or((pattern, ""));
    let first = words.first()?;
    let fitting = fits(want, program(first)?) || want.contains('/') && fits(want, versionless(first.as_str()));
    if fitting { follow(rest.split_ascii_whitespace(), words, 1, false) } else { None }
}

/// The same for a pattern of the catalogue, where the program's name is known.
pub fn matches_program(pattern: &CommandPattern, name: &str, words: &[Text]) -> Option<usize> {
    let fitting =
        pattern.is_of(name) || pattern.names_path() && fits(pattern.program(), versionless(words.first()?.as_str()));
    if fitting { follow(pattern.words().split_ascii_whitespace(), words, 1, false) } else { None }
}

/// What the catalogue says of an action that runs what an input holds.
pub fn runs_of(action: &str) -> impl Iterator<Item = &'static Run> {
    let catalogue = Catalogue::get();
    let candidates =
        catalogue.index.all.of_action(action).within(&catalogue.index.runs).filter_map(|at| catalogue.runs.get(at));
    candidates.filter(move |run| run.actions.iter().any(|pattern| wildcard(pattern, action)))
}

/// What the catalogue says of a command that does this, and the index of the first word behind the matched pattern.
pub fn tool(does: Does, words: &[Text]) -> Option<(&'static Tool, usize)> {
    let name = program(words.first()?)?;
    let mut tools = Catalogue::get().tools.of_program(name).filter(|tool| tool.does.contains(&does));
    tools.find_map(|tool| Some((tool, tool.commands.iter().find_map(|p| matches_program(p, name, words))?)))
}

/// Whether a command does this.
pub fn does(does: Does, words: &[Text]) -> bool {
    tool(does, words).is_some()
}

/// Whether an action does this.
pub fn action_does(does: Does, action: &str) -> bool {
    tool_of_action(does, action).is_some()
}

/// The entry by which an action is one that does this.
pub fn tool_of_action(does: Does, action: &str) -> Option<&'static Tool> {
    let mut tools = Catalogue::get().tools.of_action(action).filter(|tool| tool.does.contains(&does));
    tools.find(|tool| tool.actions.iter().any(|pattern| wildcard(pattern, action)))
}

/// The whole word for a program, without the version behind it.
fn versionless(word: &str) -> &str {
    let mut whole = word;
    while let Some(below) = whole.strip_prefix("./") {
        whole = below;
    }
    whole.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(whole, |(at, _)| whole.get(..at).unwrap_or(whole))
}

/// Matches the rest of a pattern from a word on. A word behind an option may be its value or an operand: both are
/// tried, the operand first.
fn follow(wanted: SplitAsciiWhitespace<'_>, words: &[Text], from: usize, mut anywhere: bool) -> Option<usize> {
    let mut rest = wanted;
    let Some(want) = rest.next() else { return Some(from) };
    if want == "**" {
        return follow(rest, words, from, true);
    }
    let mut at = from;
    let mut after_option = false;
    loop {
        let word = words.get(at)?;
        let text = word.as_str();
        at += 1;
        let option = text.len() > 1 && text.starts_with(['-', '+']);
        // A `*` stands for an operand, never for an option.
        // An operand in front of what decides may be wholly unknown, as the one of a loop over what `find` lists.
        let decided_later = || rest.clone().next().is_some();
        let unknown = || want == "*" && decided_later() && !after_option && !holds_options(word);
        let fitting = match word.symbol() {
            None => fits(want, text) && !(option && want.starts_with('*')),
            Some(_) => unknown(),
        };
        if fitting && let Some(end) = follow(rest.clone(), words, at, false) {
            return Some(end);
        }
        if option {
            after_option = text.starts_with('-') && !text.contains('=');
        } else if std::mem::take(&mut after_option) || anywhere || holds_options(word) {
            // A value of the option, a task, or more options.
        } else {
            return None;
        }
        anywhere = anywhere && !fitting;
    }
}

/// What an option carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlagValue {
    /// `--flag=value`.
    Attached(Text),
    /// `--flag value`; for an option without values the word is a positional one.
    Next(Text),
    /// `--flag` at the end or in front of another option.
    Bare,
}

impl FlagValue {
    /// The value, when the option is one that takes one.
    pub fn value(&self) -> Option<&Text> {
        match self {
            FlagValue::Attached(text) | FlagValue::Next(text) => Some(text),
            FlagValue::Bare => None,
        }
    }

    /// Whether it says that the option is not meant: `--publish=false`.
    pub fn is_off(&self) -> bool {
        matches!(self, FlagValue::Attached(text) if matches!(text.literal(), Some("false" | "0" | "no")))
    }
}

/// Every occurrence of an option, by any of its names, up to a `--`.
pub fn flag(words: &[Text], names: &[String]) -> Vec<FlagValue> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let text = word.as_str();
        if text == "--" {
            break;
        }
        // Nearly every word and option differ here already.
        let first = text.bytes().next();
        let is = |name: &&String| {
            name.bytes().next() == first
                && text.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        let Some(name) = names.iter().find(is) else { continue };
        found.push(match text.get(name.len() + 1..) {
            Some(value) => FlagValue::Attached(Text::from(value)),
            None => match words.get(at + 1) {
                Some(next) if !next.as_str().starts_with('-') || next.as_str() == "-" => FlagValue::Next(next.clone()),
                _ => FlagValue::Bare,
            },
        });
    }
    found
}

/// The positional words from `from` on: no options, no values of `value_flags`; behind `--` everything.
pub fn positional(words: &[Text], from: usize, value_flags: &[String]) -> Vec<Text> {
    let mut found = Vec::new();
    let mut rest = words.iter().skip(from);
    while let Some(word) = rest.next() {
        let text = word.as_str();
        if text == "--" {
            found.extend(rest.cloned());
            break;
        }
        if text.len() > 1 && text.starts_with('-') {
            if value_flags.iter().any(|f| f == text) {
                rest.next();
            }
        } else {
            found.push(word.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{FlagValue, flag, matches, positional};
    use crate::model::Text;

    fn words(line: &str) -> Vec<Text> {
        line.split(' ')
            .map(|w| Text::from(w.replace("$X", "${{ env.X }}").replace("$ARGS", "${{ env.ARGS }}")))
            .collect()
    }

    #[track_caller]
    fn assert_match(pattern: &str, line: &str, expected: Option<usize>) {
        assert_eq!(matches(pattern, &words(line)), expected, "{pattern} on {line}");
    }

    #[test]
    fn subcommands_are_found_behind_options() {
        assert_match("npm publish", "npm publish --access public", Some(2));
        assert_match("npm publish", "npm -w pkg publish", Some(4));
        assert_match("npm publish", "npm --workspace=pkg publish", Some(3));
        assert_match("docker buildx build", "docker --context x buildx build .", Some(5));
        assert_match("cargo publish", "cargo +nightly publish", Some(3));
        assert_match("gh release upload", "gh -R o/r release upload v1 f", Some(5));
        assert_match("python -m twine", "python -W ignore -m twine upload", Some(5));
    }

    #[test]
    fn other_subcommands_do_not_match() {
        assert_match("npm publish", "npm run publish", None);
        assert_match("npm publish", "npm", None);
        assert_match("npm publish", "echo npm publish", None);
        assert_match("docker push", "docker build -t push .", None);
    }

    #[test]
    fn programs_are_compared_by_name() {
        assert_match("gradle|gradlew publish*", "./gradlew publishToSonatype", Some(2));
        assert_match("gradle|gradlew publish*", "gradlew.bat publish", Some(2));
        assert_match("gradle|gradlew publish*", "./gradlew build", None);
        assert_match("cosign sign", "/usr/local/bin/cosign.exe sign", Some(2));
        assert_match("semantic-release", "semantic-release@22.0.1", Some(1));
        assert_match("goreleaser release", "github.com/goreleaser/goreleaser/v2@latest release", Some(2));
        assert_match("twine upload", "twine==5.1 upload", Some(2));
        assert_match("@changesets/cli publish", "@changesets/cli@2 publish", Some(2));
    }

    #[test]
    fn tasks_may_stand_in_any_order() {
        assert_match("mvn ** deploy", "mvn -B clean deploy", Some(4));
        assert_match("mvn deploy", "mvn clean deploy", None);
    }

    #[test]
    fn an_unknown_word_matches_no_word_that_is_named() {
        assert_match("npm publish", "npm $X", None);
        assert_match("npm *", "npm $X", None);
        assert_match("aws s3 cp * s3://*", "aws s3 cp $X s3://builds/", Some(5));
        assert_match("aws s3 cp * s3://*", "aws s3 cp s3://builds/x $X", None);
        assert_match("npm publish", "$X publish", None);
        assert_match("npm publish", "npm $X publish", None);
        assert_match("mvn deploy", "mvn $ARGS deploy", Some(3));
    }

    #[test]
    fn flags_carry_values_in_every_spelling() {
        let names = ["--output".to_owned(), "-o".to_owned()];
        let found = flag(&words("x --output a -o=b -o c --output --output-file d -- -o e"), &names);
        let next = |s: &str| FlagValue::Next(Text::from(s));
        let attached = |s: &str| FlagValue::Attached(Text::from(s));
        assert_eq!(found, [next("a"), attached("b"), next("c"), FlagValue::Bare]);
    }

    #[test]
    fn positional_words_leave_out_flags_and_their_values() {
        let found = positional(
            &words("gh release upload v1 --repo o/r a.tar.gz --clobber b.zip -- -c"),
            3,
            &["--repo".to_owned()],
        );
        let found: Vec<&str> = found.iter().map(Text::as_str).collect();
        assert_eq!(found, ["v1", "a.tar.gz", "b.zip", "-c"]);
    }
}
