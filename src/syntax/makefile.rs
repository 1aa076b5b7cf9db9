//! Makefiles: variables, rules with their recipes, includes. Source: the GNU make manual.

/// One thing of a Makefile, as written: nothing is expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// `NAME = value`.
    Variable(Variable),
    /// `export NAME ...`; without names, everything is exported.
    Export(String),
    /// `include files`.
    Include {
        /// The files.
        files: String,
        /// Whether they may be missing.
        optional: bool,
    },
    /// `targets: prerequisites`; the recipe follows in entries of its own.
    Rule {
        /// The line, from 1.
        line: u32,
        /// Its targets.
        targets: String,
        /// The target pattern of a static pattern rule.
        pattern: Option<String>,
        /// Its prerequisites.
        prerequisites: String,
    },
    /// `targets: NAME = value`.
    Specific {
        /// The targets.
        targets: String,
        /// What is set for them.
        variable: Variable,
    },
    /// A line of the recipe of the rule before, continuation lines joined.
    Recipe {
        /// The number of its first line, from 1.
        line: u32,
        /// Its text.
        text: String,
    },
    /// `ifeq ...` and its relatives.
    If(Condition),
    /// `else`, with the condition of `else ifeq ...`.
    Else(Option<Condition>),
    /// `endif`.
    EndIf,
    /// Anything else: references that may expand to a rule.
    Line {
        /// The line, from 1.
        line: u32,
        /// Its text.
        text: String,
    },
}

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// `=`, `:=`, `::=`, `?=`, `+=` or `!=`.
    pub operator: String,
    /// The value.
    pub value: String,
}

/// What a conditional part depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `ifeq (a,b)`; `ifneq` when not `equal`.
    Equal {
        /// The left side.
        left: String,
        /// The right side.
        right: String,
        /// Whether they shall be equal.
        equal: bool,
    },
    /// `ifdef NAME`; `ifndef` when not `defined`.
    Defined {
        /// The name.
        name: String,
        /// Whether it shall have a value.
        defined: bool,
    },
}

const OPERATORS: &[&str] = &[":::=", "::=", ":=", "?=", "+=", "!=", "="];

/// Reads a Makefile. Never fails: what it cannot make out becomes a plain line.
pub fn parse(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut in_rule = false;
    while let Some((at, first)) = lines.next() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let recipe = in_rule && first.starts_with('\t');
        let mut line = first.to_owned();
        while line.ends_with('\\') && !line.ends_with("\\\\") {
            let Some((_, next)) = lines.next() else { break };
            if recipe {
                line.push('\n');
                line.push_str(next.strip_prefix('\t').unwrap_or(next));
            } else {
                line.pop();
                line.push(' ');
                line.push_str(next.trim_start());
            }
        }
        if recipe {
            entries.push(Entry::Recipe { line: number, text: line.get(1..).unwrap_or_default().to_owned() });
            continue;
        }
        let line = without_comment(&line);
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        let (word, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
        if let Some(condition) = condition(trimmed) {
            entries.push(Entry::If(condition));
            continue;
        }
        match word {
            "else" => entries.push(Entry::Else(condition(rest.trim()))),
            "endif" => entries.push(Entry::EndIf),
            "unexport" | "vpath" | "undefine" => {}
            "include" | "-include" | "sinclude" => {
                entries.push(Entry::Include { files: rest.trim().to_owned(), optional: word != "include" });
                in_rule = false;
            }
            "define" | "override" if word == "define" || rest.trim_start().starts_with("define ") => {
                let head = rest.trim().trim_start_matches("define ").trim();
                let name = head.trim_end_matches(['=', ':', '?', '+']).trim().to_owned();
                let operator = if head.ends_with(":=") { ":=" } else { "=" };
                let mut body = Vec::new();
                let mut depth = 0_usize;
                for (_, inner) in lines.by_ref() {
                    match inner.split_whitespace().next() {
                        Some("define") => depth += 1,
                        Some("endef") if depth == 0 => break,
                        Some("endef") => depth -= 1,
                        _ => {}
                    }
                    body.push(inner);
                }
                entries.push(Entry::Variable(Variable { name, operator: operator.to_owned(), value: body.join("\n") }));
                in_rule = false;
            }
            _ => in_rule = statement(trimmed, number, &mut entries),
        }
    }
    entries
}

/// An assignment, a rule or another line. Whether a recipe may follow.
fn statement(trimmed: &str, line: u32, entries: &mut Vec<Entry>) -> bool {
    if let Some(variable) = assignment(trimmed) {
        if trimmed.starts_with("export ") {
            entries.push(Entry::Export(variable.name.clone()));
        }
        entries.push(Entry::Variable(variable));
        return false;
    }
    if trimmed == "export" || trimmed.starts_with("export ") {
        entries.push(Entry::Export(trimmed.trim_start_matches("export").trim().to_owned()));
        return false;
    }
    let Some((targets, rest)) = split_rule(trimmed) else {
        entries.push(Entry::Line { line, text: trimmed.to_owned() });
        return false;
    };
    if let Some(variable) = assignment(rest.trim()) {
        entries.push(Entry::Specific { targets, variable });
        return false;
    }
    let (rest, inline) = match rest.split_once(';') {
        Some((head, recipe)) => (head.to_owned(), Some(recipe.trim().to_owned())),
        None => (rest, None),
    };
    let (pattern, prerequisites) = match split_rule(&rest) {
        Some((pattern, prerequisites)) => (Some(pattern), prerequisites),
        None => (None, rest),
    };
    entries.push(Entry::Rule { line, targets, pattern, prerequisites: prerequisites.trim().to_owned() });
    entries.extend(inline.map(|text| Entry::Recipe { line, text }));
    true
}

/// The condition that a line opens.
fn condition(line: &str) -> Option<Condition> {
    // `ifeq($(X),y)` is an error of make's, but `ifeq ($(X),y)` is not.
    let (word, rest) = line.split_once(|c: char| c.is_whitespace())?;
    let rest = rest.trim();
    match word {
        "ifdef" | "ifndef" => Some(Condition::Defined { name: rest.to_owned(), defined: word == "ifdef" }),
        "ifeq" | "ifneq" => {
            let equal = word == "ifeq";
            if let Some(inner) = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')) {
                let (left, right) = split_comma(inner)?;
                return Some(Condition::Equal { left: left.trim().to_owned(), right: right.trim().to_owned(), equal });
            }
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (left, rest) = rest.get(1..)?.split_once(quote)?;
            let rest = rest.trim();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (right, _) = rest.get(1..)?.split_once(quote)?;
            Some(Condition::Equal { left: left.to_owned(), right: right.to_owned(), equal })
        }
        _ => None,
    }
}

/// Both sides of the first comma outside of references.
pub fn split_comma(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            ',' if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
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

fn assignment(line: &str) -> Option<Variable> {
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
                    return Some(Variable {
                        name: name.to_owned(),
                        operator: (*operator).to_owned(),
                        value: value.to_owned(),
                    });
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

    fn variable(name: &str, operator: &str, value: &str) -> Entry {
        Entry::Variable(Variable { name: name.into(), operator: operator.into(), value: value.into() })
    }

    fn rule(line: u32, targets: &str, pattern: Option<&str>, prerequisites: &str) -> Entry {
        Entry::Rule {
            line,
            targets: targets.into(),
            pattern: pattern.map(str::to_owned),
            prerequisites: prerequisites.into(),
        }
    }

    fn recipe(line: u32, text: &str) -> Entry {
        Entry::Recipe { line, text: text.into() }
    }

    #[test]
    fn rules_variables_and_includes_are_told_apart() {
        assert_eq!(
            parse(
                "TAG ?= dev # the tag\nexport IMAGE := ghcr.io/acme/$(NAME)\n-include release.mk\n\npush: build ; @echo done\n\tdocker push \\\n\t  $(IMAGE)\n# comment\n\techo more\n"
            ),
            [
                variable("TAG", "?=", "dev"),
                Entry::Export("IMAGE".into()),
                variable("IMAGE", ":=", "ghcr.io/acme/$(NAME)"),
                Entry::Include { files: "release.mk".into(), optional: true },
                rule(5, "push", None, "build"),
                recipe(5, "@echo done"),
                recipe(6, "docker push \\\n  $(IMAGE)"),
                recipe(9, "echo more"),
            ]
        );
    }

    #[test]
    fn static_patterns_specifics_and_conditions_are_seen() {
        assert_eq!(
            parse(
                "a b: %: pre-%\npush: OUT = --push\nifeq ($(A),)\n\tX := 1\nelse ifdef B\nendif\n$(eval $(call f,x))\n"
            ),
            [
                rule(1, "a b", Some("%"), "pre-%"),
                Entry::Specific {
                    targets: "push".into(),
                    variable: Variable { name: "OUT".into(), operator: "=".into(), value: "--push".into() }
                },
                Entry::If(Condition::Equal { left: "$(A)".into(), right: String::new(), equal: true }),
                variable("X", ":=", "1"),
                Entry::Else(Some(Condition::Defined { name: "B".into(), defined: true })),
                Entry::EndIf,
                Entry::Line { line: 7, text: "$(eval $(call f,x))".into() },
            ]
        );
    }

    #[test]
    fn a_commented_rule_is_no_rule() {
        assert!(parse("#push:\n#\tdocker push x\n").is_empty());
    }
}
