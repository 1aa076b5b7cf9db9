//! Loops over the arguments of a script: `while [ $# -gt 0 ]` with `shift`, and `while getopts`.

use super::interpret::{Interpreter, Leave, MOST_ITERATIONS};
use super::scope::Held;
use super::status::Status;
use crate::model::{Bound, Cond, Text};
use crate::syntax::shell::Node;

/// How far `getopts` has come: the argument and the letter in it.
pub(super) type Place = (usize, usize);

impl Interpreter<'_> {
    pub(super) fn repeat(&mut self, test: &Node, body: &Node, until: bool) -> Status {
        let caught = |leave| matches!(leave, Leave::Break | Leave::Continue);
        for round in 0.. {
            let before = self.scope.clone();
            let arguments = (self.positional.len(), self.options);
            let (status, _) = self.under(&Cond::TRUE, caught, |this| this.status(test));
            let cond = if until { status.strict.cond().negate() } else { status.lenient };
            let left = match &cond {
                Cond::Known(false) if round > 0 => break,
                Cond::Known(false) => None,
                cond => {
                    let run = |this: &mut Self| {
                        if let Some(capture) = this.captures.last_mut() {
                            capture.mixed = true;
                        }
                        this.run(body);
                    };
                    self.under(cond, caught, run).1
                }
            };
            if cond.is_always() && (left == Some(Leave::Break) || self.is_dead()) {
                break;
            }
            // A loop that takes arguments goes on as long as there are any; of others nobody knows how long.
            let takes = cond.is_always() && arguments != (self.positional.len(), self.options);
            if !takes || round >= MOST_ITERATIONS {
                if takes {
                    self.unread(self.here, Bound::Loop(MOST_ITERATIONS));
                }
                let label = self.here.to_string();
                self.scope = std::mem::take(&mut self.scope).after_rounds(&before, &label);
                break;
            }
        }
        Status::same(Cond::TRUE)
    }

    /// `getopts SPEC NAME`: the next option of the arguments; `None` where they are not known.
    /// Source: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/getopts.html>
    pub(super) fn getopts(&mut self, arguments: &[Text]) -> Option<Status> {
        let [spec, name, given @ ..] = arguments else { return None };
        let words = if given.is_empty() { self.positional.clone() } else { given.to_vec() };
        let spec = spec.literal()?;
        let next = self.scope.get("OPTIND").and_then(|held| held.text().as_str().parse::<usize>().ok());
        if next.is_some_and(|next| next != self.options.0 + 1) {
            self.options = (next.unwrap_or_default().saturating_sub(1), 0);
        }
        let (mut at, mut letter) = self.options;
        let word = words.get(at).map(|word| word.literal().ok_or(())).transpose().ok()?;
        let letters = word.and_then(|word| word.strip_prefix('-')).filter(|letters| !letters.is_empty());
        let found = letters.filter(|letters| *letters != "-").and_then(|letters| letters.chars().nth(letter));
        let (option, value) = match (letters, found) {
            (Some(letters), Some(found)) => {
                let known = found != ':' && spec.contains(found);
                let takes = known && spec.contains(&format!("{found}:"));
                let rest: String = letters.chars().skip(letter + 1).collect();
                let value = match takes {
                    true if rest.is_empty() => {
                        at += 1;
                        words.get(at).cloned()
                    }
                    true => Some(Text::from(rest.as_str())),
                    false => None,
                };
                letter = if takes || rest.is_empty() { 0 } else { letter + 1 };
                at += usize::from(letter == 0);
                (Some(if known { found } else { '?' }), value)
            }
            _ => {
                at += usize::from(letters == Some("-"));
                (None, None)
            }
        };
        self.options = (at, letter);
        let variables = [
            (name.as_str(), Text::from(option.unwrap_or('?').to_string())),
            ("OPTIND", Text::from((at + 1).to_string())),
            ("OPTARG", value.unwrap_or_default()),
        ];
        for (name, value) in variables {
            self.scope.set(name, Held::Scalar(value), false);
        }
        Some(Status::same(Cond::Known(option.is_some())))
    }

    /// `shift N`, where `N` may be what `getopts` has taken.
    pub(super) fn shift(&mut self, by: Option<&Text>) {
        let by = match by {
            None => 1,
            Some(by) => by.as_str().parse().unwrap_or(self.options.0.max(1)),
        };
        self.positional.drain(..by.min(self.positional.len()));
        if std::mem::take(&mut self.options) != Place::default() {
            self.scope.set("OPTIND", Held::Scalar(Text::from("1")), false);
        }
    }
}
