//! Files that `find` names for what publishes them: through a pipe, in a loop, or as `{}`.

use super::digests::{self, Search};
use super::doer::{Act, Doer, Picked};
use super::facts::PIPED;
use crate::catalogue::Does;
use crate::commands::matching;
use crate::model::{Command, Script, Text};

/// The files of a command, those that are searched for as the patterns of the search.
pub(super) fn expanded(doer: Doer<'_>, files: Vec<Picked>) -> Vec<Picked> {
    let Act::Command(step, command, _) = doer.act else { return files };
    let Some(script) = step.script() else { return files };
    let named = |file: Picked| {
        let names = match (file.value.symbol(), file.value.as_str()) {
            (Some(PIPED), _) | (None, "{}") => piped(script, command),
            (Some(symbol), _) => listed(symbol),
            (None, _) => None,
        };
        let Some(names) = names else { return vec![file] };
        let of = |name: String| Picked { value: Text::new(name), location: file.location.clone() };
        names.into_iter().map(of).collect()
    };
    files.into_iter().flat_map(named).collect()
}

/// What a search hands to a command: the one that runs it, the one on its line, or the one at the head of its pipe.
fn piped(script: &Script, command: &Command) -> Option<Vec<String>> {
    let alone = digests::line(script, command).all(|other| other.location == command.location);
    let found = match digests::found_for(script, command) {
        None if alone => {
            let at = script.commands.iter().position(|other| std::ptr::eq(other, command))?;
            let mut before = script.commands.get(..at)?.iter().rev();
            let head = before.find(|other| !matching::does(Does::Pass, &other.words))?;
            let is_search = head.words.first().and_then(matching::program) == Some("find");
            digests::search(&head.words).filter(|_| is_search)
        }
        found => found,
    };
    found.map(|search| search.names)
}

/// What a search names that a loop goes through: `for f in $(find ...)`, `find ... | while read -r f`.
fn listed(symbol: &str) -> Option<Vec<String>> {
    let item = symbol.strip_prefix("item(").and_then(|rest| rest.strip_suffix(')'));
    let line = || {
        let (source, _) = symbol.strip_prefix("read(")?.rsplit_once(" #")?;
        source.split_once(" from ")?.1.strip_prefix('<')?.strip_suffix('>')
    };
    let shell = item.or_else(line)?.strip_prefix("shell(")?.strip_suffix(')')?;
    // A symbol that was cut ends with a checksum.
    if shell.contains(['<', '#']) {
        return None;
    }
    let mut parts = shell.split(" | ").map(words);
    let search = parts.next().filter(|words| words.first().and_then(matching::program) == Some("find"))?;
    let passes = parts.all(|words| matching::does(Does::Pass, &words));
    let Search { names, .. } = digests::search(&search).filter(|_| passes)?;
    Some(names)
}

/// The words of a command as a symbol has it: those with blanks in them stand in quotes.
fn words(text: &str) -> Vec<Text> {
    let mut words = Vec::new();
    for (at, part) in text.split('\'').enumerate() {
        match at % 2 {
            0 => words.extend(part.split_whitespace().map(Text::from)),
            _ => words.push(Text::from(part)),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_over_a_search_goes_through_what_it_asks_for() {
        let names = |symbol| listed(symbol).unwrap_or_default().join(" ");
        assert_eq!(names("item(shell(find . -name *.zip))"), "./**/*.zip");
        assert_eq!(names("item(shell(find dist -maxdepth 1 -name '*.zip' | sort))"), "dist/*.zip");
        assert_eq!(names("read(f from <shell(find dist -type f)> #3)"), "dist/**/*");
        for other in ["item(shell(ls dist))", "item(shell(find . | grep x))", "item(shell(find <env.X>))", "env.F"] {
            assert_eq!(names(other), "", "{other}");
        }
    }
}
