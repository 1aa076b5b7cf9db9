//! `[ ... ]`, `test` and `[[ ... ]]` as conditions.
//!
//! A comparison of known values folds. Any other test becomes an atom with canonical text: comparisons with a symbol
//! are written as CI expressions write them (`github.ref == 'refs/heads/main'`), tests of the machine's state as the
//! test itself (`test -f dist/a.whl`), the success of a command as `success(command)`.

use super::interpret::Interpreter;
use super::symbol::{equal, fits, operand, present, word};
use crate::model::{Cond, Text};
use crate::syntax::shell::{Piece, Test, Word};

/// Words of one `[ ]` beyond which the test is an atom of its whole text.
const MOST_WORDS: usize = 60;

/// How atoms about the machine's state begin.
const STATE: &[&str] = &["success(", "test -", "env.? ", "env.lastexitcode ", "failure", "errorlevel"];

/// Whether a condition speaks of nothing but the machine's state and the success of commands. A script that fails on
/// it makes an assertion: whatever comes after may rely on it, as with any command under `-e`.
pub(super) fn is_assertion(cond: &Cond) -> bool {
    match cond {
        Cond::Known(_) => true,
        // So does one that finds what a command should have printed empty, unless that tells what started the run.
        Cond::Atom(text) => {
            let printed =
                text.starts_with("shell(") && [") == ''", ") == 'null'"].iter().any(|end| text.ends_with(end));
            STATE.iter().any(|start| text.starts_with(start)) || printed && !text.contains("github.")
        }
        Cond::Not(inner) => is_assertion(inner),
        Cond::All(all) | Cond::Any(all) => all.iter().all(is_assertion),
    }
}

impl Interpreter<'_> {
    /// The arguments of `[` or `test`, the closing bracket removed.
    pub(super) fn bracket(&self, arguments: &[Text]) -> Cond {
        if arguments.len() > MOST_WORDS {
            return Cond::atom(format!("test {}", super::symbol::command(arguments)));
        }
        let mut parser = Bracket { words: arguments, at: 0, of: self };
        let cond = parser.any();
        if parser.at < arguments.len() {
            return Cond::atom(format!("test {}", super::symbol::command(arguments)));
        }
        cond
    }

    /// `[[ ... ]]`.
    pub(super) fn double_bracket(&mut self, test: &Test) -> Cond {
        match test {
            Test::And(a, b) => self.double_bracket(a).and(self.double_bracket(b)),
            Test::Or(a, b) => self.double_bracket(a).or(self.double_bracket(b)),
            Test::Not(a) => self.double_bracket(a).negate(),
            Test::Unary(operator, operand) => {
                let operand = self.text(operand);
                self.unary(operator, &operand)
            }
            Test::Binary(left, operator, right) => {
                let left = self.text(left);
                let text = self.text(right);
                let choices = &self.context.choices;
                match operator.as_str() {
                    "=" | "==" if is_pattern(right) => choices.each(&left, &|left| fits(left, &text)),
                    "!=" if is_pattern(right) => choices.each(&left, &|left| fits(left, &text)).negate(),
                    operator => self.compared(&left, operator, &text),
                }
            }
        }
    }

    /// A comparison, for each of the values that the sides can have.
    fn compared(&self, left: &Text, operator: &str, right: &Text) -> Cond {
        let choices = &self.context.choices;
        choices.each(left, &|left| choices.each(right, &|right| binary(left, operator, right)))
    }

    fn unary(&self, operator: &str, value: &Text) -> Cond {
        match operator {
            "-n" => self.context.choices.each(value, &present),
            "-z" => self.context.choices.each(value, &present).negate(),
            "-v" => match value.literal().and_then(|name| self.known(name)) {
                Some(held) if held.text().is_literal() => Cond::TRUE,
                _ => Cond::atom(format!("test -v {}", word(value))),
            },
            _ => Cond::atom(format!("test {operator} {}", word(&self.place(value)))),
        }
    }
}

/// Whether the right side of `==` holds an unquoted pattern.
fn is_pattern(found: &Word) -> bool {
    found.pieces.iter().any(|piece| match piece {
        Piece::Text { text, quoted } => !quoted && text.contains(['*', '?', '[']),
        Piece::Variable { quoted, .. } => !quoted,
        _ => false,
    })
}

fn binary(left: &Text, operator: &str, right: &Text) -> Cond {
    match operator {
        "=" | "==" => equal(left, right),
        "!=" => equal(left, right).negate(),
        "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
            let number = |t: &Text| t.literal().and_then(|t| t.trim().parse::<i64>().ok());
            if let (Some(left), Some(right)) = (number(left), number(right)) {
                return Cond::Known(match operator {
                    "-eq" => left == right,
                    "-ne" => left != right,
                    "-lt" => left < right,
                    "-le" => left <= right,
                    "-gt" => left > right,
                    _ => left >= right,
                });
            }
            let atom = |operator: &str| Cond::atom(format!("{} {operator} {}", operand(left), operand(right)));
            match operator {
                // One of each pair, so that opposites are seen as opposites.
                "-ne" => atom("-eq").negate(),
                "-ge" => atom("-lt").negate(),
                "-le" => atom("-gt").negate(),
                operator => atom(operator),
            }
        }
        "=~" => regex(left, right),
        operator => Cond::atom(format!("{} {operator} {}", operand(left), operand(right))),
    }
}

/// A match with a regular expression; only anchored plain text is understood.
fn regex(left: &Text, right: &Text) -> Cond {
    let plain = |s: &str| !s.is_empty() && !s.contains(['.', '*', '+', '?', '[', '(', '{', '|', '\\', '^', '$']);
    let pattern = right.literal().unwrap_or_default();
    let (start, end) = (pattern.strip_prefix('^'), pattern.strip_suffix('$'));
    let glob = match (start, end) {
        (Some(rest), None) if plain(rest) => Some(format!("{rest}*")),
        (None, Some(rest)) if plain(rest) => Some(format!("*{rest}")),
        (Some(rest), Some(_)) if rest.strip_suffix('$').is_some_and(plain) => {
            return equal(left, &Text::from(rest.trim_end_matches('$')));
        }
        (None, None) if plain(pattern) => Some(format!("*{pattern}*")),
        _ => None,
    };
    match glob {
        Some(glob) => fits(left, &Text::from(glob)),
        None => Cond::atom(format!("{} =~ {}", operand(left), word(right))),
    }
}

/// The grammar of `[ ]`: `-o` binds weaker than `-a`, `!` in front of a test.
struct Bracket<'a, 'b> {
    words: &'a [Text],
    at: usize,
    of: &'a Interpreter<'b>,
}

impl Bracket<'_, '_> {
    fn peek(&self, ahead: usize) -> Option<&str> {
        self.words.get(self.at + ahead).map(Text::as_str)
    }

    fn any(&mut self) -> Cond {
        let mut cond = self.all();
        while self.peek(0) == Some("-o") {
            self.at += 1;
            cond = cond.or(self.all());
        }
        cond
    }

    fn all(&mut self) -> Cond {
        let mut cond = self.one();
        while self.peek(0) == Some("-a") {
            self.at += 1;
            cond = cond.and(self.one());
        }
        cond
    }

    fn one(&mut self) -> Cond {
        let left = self.words.len().saturating_sub(self.at);
        let is_binary = |w: Option<&str>| {
            matches!(
                w,
                Some(
                    "=" | "=="
                        | "!="
                        | "=~"
                        | "<"
                        | ">"
                        | "-eq"
                        | "-ne"
                        | "-lt"
                        | "-le"
                        | "-gt"
                        | "-ge"
                        | "-nt"
                        | "-ot"
                        | "-ef"
                )
            )
        };
        if left >= 3 && is_binary(self.peek(1)) {
            let at = self.at;
            self.at += 3;
            return match self.words.get(at..at + 3) {
                Some([a, operator, b]) => self.of.compared(a, operator.as_str(), b),
                _ => Cond::FALSE,
            };
        }
        match self.peek(0) {
            None => Cond::FALSE,
            Some("!") if left > 1 => {
                self.at += 1;
                self.one().negate()
            }
            Some("(") if left > 2 => {
                self.at += 1;
                let cond = self.any();
                if self.peek(0) == Some(")") {
                    self.at += 1;
                }
                cond
            }
            Some(operator) if left > 1 && operator.len() == 2 && operator.starts_with('-') => {
                let cond = self.words.get(self.at + 1).map(|value| self.of.unary(operator, value));
                self.at += 2;
                cond.unwrap_or(Cond::FALSE)
            }
            // `[ -n $X ]` with nothing behind the operator is true, as any single word is.
            Some(_) => {
                let cond = self.words.get(self.at).map(|word| self.of.context.choices.each(word, &present));
                self.at += 1;
                cond.unwrap_or(Cond::FALSE)
            }
        }
    }
}
