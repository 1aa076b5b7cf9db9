//! Makefiles: variables, rules with their recipes, includes. Source: the GNU make manual.

/// A Makefile as written; nothing is expanded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Makefile {
    /// Assignments and includes in order.
    pub entries: Vec<Entry>,
    /// Rules in order.
    pub rules: Vec<Rule>,
}

/// Something outside a rule.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// `NAME = value`, with its operator.
    Variable {
        /// The name, unexpanded.
        name: String,
        /// `=`, `:=`, `::=`, `?=`, `+=` or `!=`.
        operator: String,
        /// The value, unexpanded.
        value: String,
    },
    /// `include files`.
    Include(String),
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its targets, unexpanded.
    pub targets: String,
    /// Its prerequisites, unexpanded.
    pub prerequisites: String,
    /// The lines of its recipe, continuation lines joined, with the number of the first line from 1.
    pub recipe: Vec<(u32, String)>,
}

const OPERATORS: &[&str] = &["::=", ":=", "?=", "+=", "!=", "="];

/// Reads a Makefile. Conditional parts are taken as if all of them held. Never fails: what is no rule and no
/// assignment is passed over.
pub fn parse(text: &str) -> Makefile {
    let mut makefile = Makefile::default();
    let mut lines = text.lines().enumerate().peekable();
    let mut in_rule = false;
    while let Some((at, first)) = lines.next() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let mut line = first.to_owned();
        while line.ends_with('\\') && !line.ends_with("\\\\") {
            let Some((_, next)) = lines.next() else { break };
            if first.starts_with('\t') {
                line.push('\n');
                line.push_str(next.strip_prefix('\t').unwrap_or(next));
            } else {
                line.pop();
                line.push(' ');
                line.push_str(next.trim_start());
            }
        }
        if let Some(recipe) = line.strip_prefix('\t') {
            if let (true, Some(rule)) = (in_rule, makefile.rules.last_mut()) {
                rule.recipe.push((number, recipe.to_owned()));
            }
            continue;
        }
        let line = without_comment(&line);
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        let word = trimmed.split_whitespace().next().unwrap_or_default();
        if matches!(word, "ifeq" | "ifneq" | "ifdef" | "ifndef" | "else" | "endif" | "unexport" | "vpath") {
            continue;
        }
        if matches!(word, "include" | "-include" | "sinclude") {
            makefile.entries.push(Entry::Include(trimmed.strip_prefix(word).unwrap_or_default().trim().to_owned()));
            in_rule = false;
            continue;
        }
        if word == "define" {
            let name = trimmed
                .strip_prefix("define")
                .unwrap_or_default()
                .trim()
                .trim_end_matches(['=', ':'])
                .trim()
                .to_owned();
            let mut body = Vec::new();
            for (_, inner) in lines.by_ref() {
                if inner.trim() == "endef" {
                    break;
                }
                body.push(inner);
            }
            makefile.entries.push(Entry::Variable { name, operator: "=".to_owned(), value: body.join("\n") });
            in_rule = false;
            continue;
        }
        if let Some((name, operator, value)) = assignment(trimmed) {
            makefile.entries.push(Entry::Variable { name, operator, value });
            continue;
        }
        if let Some((targets, rest)) = split_rule(trimmed) {
            // `target: NAME = value` sets a variable for the target; it adds no prerequisite.
            let (rest, inline) = match rest.split_once(';') {
                Some((head, recipe)) => (head.to_owned(), Some(recipe.trim().to_owned())),
                None => (rest, None),
            };
            let specific = assignment(rest.trim()).is_some();
            makefile.rules.push(Rule {
                targets,
                prerequisites: if specific { String::new() } else { rest.trim().to_owned() },
                recipe: inline.into_iter().map(|r| (number, r)).collect(),
            });
            in_rule = true;
        }
    }
    makefile
}

/// A line up to its comment; `\#` is no comment.
fn without_comment(line: &str) -> &str {
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|r| r.find('#')).map(|a| from + a) {
        if !line.get(..at).is_some_and(|head| head.ends_with('\\')) {
            return line.get(..at).unwrap_or(line);
        }
        from = at + 1;
    }
    line
}

fn assignment(line: &str) -> Option<(String, String, String)> {
    let line =
        ["export ", "override ", "private "].iter().fold(line, |l, p| l.strip_prefix(p).map_or(l, str::trim_start));
    // The name ends at the first operator that stands outside of references.
    let mut depth = 0_i32;
    for (at, c) in line.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            _ if depth > 0 => {}
            _ => {
                let rest = line.get(at..)?;
                if let Some(operator) = OPERATORS.iter().find(|o| rest.starts_with(**o)) {
                    let name = line.get(..at)?.trim();
                    if name.is_empty() || name.contains(char::is_whitespace) {
                        return None;
                    }
                    let value = rest.get(operator.len()..)?.trim();
                    return Some((name.to_owned(), (*operator).to_owned(), value.to_owned()));
                }
                // A plain colon first: a rule.
                if c == ':' {
                    return None;
                }
            }
        }
    }
    None
}

fn split_rule(line: &str) -> Option<(String, String)> {
    let mut depth = 0_i32;
    for (at, c) in line.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            ':' if depth == 0 => {
                let rest = line.get(at + 1..)?.trim_start_matches(':').to_owned();
                return Some((line.get(..at)?.trim().trim_end_matches('&').to_owned(), rest));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_variables_and_includes_are_told_apart() {
        let makefile = parse(
            "TAG ?= dev # the tag\nexport IMAGE := ghcr.io/acme/$(NAME)\ninclude release.mk\n\n.PHONY: push\npush: build ; @echo done\n\tdocker push \\\n\t  $(IMAGE)\n# comment\n\techo more\nbuild:\n\tdocker build .\n",
        );
        assert_eq!(
            makefile.entries,
            [
                Entry::Variable { name: "TAG".into(), operator: "?=".into(), value: "dev".into() },
                Entry::Variable { name: "IMAGE".into(), operator: ":=".into(), value: "ghcr.io/acme/$(NAME)".into() },
                Entry::Include("release.mk".into()),
            ]
        );
        let push = &makefile.rules[1];
        assert_eq!((push.targets.as_str(), push.prerequisites.as_str()), ("push", "build"));
        assert_eq!(
            push.recipe,
            [(6, "@echo done".to_owned()), (7, "docker push \\\n  $(IMAGE)".to_owned()), (10, "echo more".to_owned())]
        );
    }

    #[test]
    fn a_commented_rule_is_no_rule() {
        assert!(parse("#push:\n#\tdocker push x\n").rules.is_empty());
    }
}
