//! Loops, those over the arguments of a script among them: `while [ $# -gt 0 ]` with `shift`, and `while getopts`.

use super::condition::is_assertion;
use super::interpret::{Interpreter, MOST_ITERATIONS};
use super::jumps::{Leave, Outcome};
use super::scope::{Held, Scope};
use super::status::Status;
use super::symbol;
use crate::model::{Bound, Cond, Text};
use crate::syntax::shell::{Assignment, Node, Piece, Value, Word};

/// How far `getopts` has come: the argument and the letter in it.
pub(super) type Place = (usize, usize);

/// What the rounds of a loop have come to.
struct Rounds {
    /// What is set where a round leaves the loop.
    outcomes: Vec<Outcome>,
    /// Whether one has left it.
    left: Cond,
    /// Whether no other round follows.
    over: bool,
}

impl Default for Rounds {
    fn default() -> Self {
        Self { outcomes: Vec::new(), left: Cond::FALSE, over: false }
    }
}

impl Rounds {
    /// Whether the loop still runs.
    fn none_left(&self) -> Cond {
        self.left.clone().negate()
    }
}

/// Whether a statement is a call of a program.
fn starts(node: &Node, program: &str) -> bool {
    match node {
        Node::Command(simple) => simple
            .words
            .first()
            .is_some_and(|word| matches!(word.pieces.as_slice(), [Piece::Text { text, .. }] if text == program)),
        Node::Sequence(nodes) => matches!(nodes.as_slice(), [only] if starts(only, program)),
        _ => false,
    }
}

/// The variables that statements give a value, lists apart.
fn set_in<'n>(node: &'n Node, names: &mut Vec<&'n str>) {
    match node {
        Node::Command(simple) => {
            let scalar = |a: &&Assignment| a.index.is_none() && matches!(a.value, Value::Scalar(_));
            let all = simple.assignments.iter().filter(|_| simple.words.is_empty()).chain(&simple.declarations);
            names.extend(all.filter(scalar).map(|assignment| assignment.name.as_str()));
        }
        Node::Sequence(nodes) => nodes.iter().for_each(|node| set_in(node, names)),
        Node::And(a, b) | Node::Or(a, b) => [a, b].into_iter().for_each(|node| set_in(node, names)),
        Node::Case { arms, .. } => arms.iter().for_each(|(_, body)| set_in(body, names)),
        Node::If { branches, otherwise } => {
            branches.iter().for_each(|(_, body)| set_in(body, names));
            otherwise.iter().for_each(|body| set_in(body, names));
        }
        Node::Redirected(inner, _) => set_in(inner, names),
        _ => {}
    }
}

impl Interpreter<'_> {
    pub(super) fn each(&mut self, variable: &str, words: Option<&[Word]>, body: &Node) -> Status {
        let mut items: Vec<Text> = Vec::new();
        let mut known = true;
        match words {
            None => items.clone_from(&self.positional),
            Some(words) => {
                for word in words {
                    let split = word.pieces.iter().any(|p| {
                        matches!(
                            p,
                            Piece::Variable { quoted: false, .. }
                                | Piece::Substitution { quoted: false, .. }
                                | Piece::Hole { quoted: false, .. }
                        )
                    });
                    let mut words = Vec::new();
                    self.words(word, &mut words);
                    for item in words {
                        known &= item.is_literal() && !item.as_str().contains(['*', '?', '[']);
                        // What an unknown list yields is one of its items, and not the list.
                        items.push(match item.symbol() {
                            Some(symbol) if split => symbol::unknown("item", symbol),
                            _ => item,
                        });
                    }
                }
            }
        }
        if items.len() > MOST_ITERATIONS {
            self.unread(self.here, Bound::Loop(MOST_ITERATIONS));
            items.truncate(MOST_ITERATIONS);
        }
        let before = (!known).then(|| self.scope.clone());
        if let Some(capture) = self.captures.last_mut() {
            capture.open |= !known;
        }
        let mut rounds = Rounds::default();
        for item in items {
            self.scope.set(variable, Held::Scalar(item), false);
            let cond = rounds.none_left();
            self.round(&cond, &mut rounds, |this| this.run(body));
            if rounds.over || self.is_dead() {
                break;
            }
        }
        self.after(rounds);
        if let Some(before) = before {
            self.unknown_rounds(&before);
        }
        Status::same(Cond::TRUE)
    }

    pub(super) fn repeat(&mut self, test: &Node, body: &Node, until: bool) -> Status {
        if starts(test, "getopts") {
            self.clear_options(body);
        }
        let mut rounds = Rounds::default();
        for round in 0.. {
            let before = self.scope.clone();
            let arguments = (self.positional.len(), self.options);
            let mut status = Status::same(Cond::TRUE);
            self.catching(Leave::is_of_loop, |this| status = this.status(test));
            let cond = if until { status.strict.cond().negate() } else { status.lenient };
            match &cond {
                Cond::Known(false) if round > 0 => break,
                Cond::Known(false) => {}
                cond => {
                    let within = rounds.none_left().and(cond.clone());
                    self.round(&within, &mut rounds, |this| {
                        if let Some(capture) = this.captures.last_mut() {
                            (capture.mixed, capture.open) = (true, true);
                        }
                        this.run(body);
                    });
                }
            }
            if cond.is_always() && (rounds.over || self.is_dead()) {
                break;
            }
            // A loop that takes arguments goes on as long as there are any; of others nobody knows how long.
            let takes = cond.is_always() && arguments != (self.positional.len(), self.options);
            if !takes || round >= MOST_ITERATIONS {
                if takes {
                    self.unread(self.here, Bound::Loop(MOST_ITERATIONS));
                }
                self.after(std::mem::take(&mut rounds));
                self.unknown_rounds(&before);
                break;
            }
        }
        self.after(rounds);
        Status::same(Cond::TRUE)
    }

    /// Runs the body of a loop once.
    fn round(&mut self, cond: &Cond, rounds: &mut Rounds, run: impl FnOnce(&mut Self)) {
        let (path, jumps) = (self.path.len(), self.jumps.len());
        let (dead, caught) = self.under(cond, Leave::is_of_loop, |this| {
            run(this);
            this.is_dead()
        });
        self.fold_exits(path, jumps);
        let mut on = Vec::new();
        // Behind a `continue` no `break` is reached.
        let mut none = Cond::TRUE;
        for jump in caught {
            let leave = jump.leave;
            let mut outcome = jump.outcome();
            if leave == Leave::Continue {
                none = self.bounded(none.and(outcome.cond.clone().negate()));
                on.push(outcome);
                continue;
            }
            outcome.cond = self.bounded(none.clone().and(outcome.cond));
            // What the machine does may be another thing in the next round.
            if !is_assertion(&outcome.cond) {
                rounds.left = self.bounded(rounds.left.clone().or(outcome.cond.clone()));
            }
            self.steps += outcome.scope.len() / 8;
            rounds.outcomes.push(outcome);
        }
        if !dead {
            on.push(self.so_far(Cond::TRUE));
        }
        rounds.over = on.is_empty();
        self.merge(on);
    }

    /// Joins what is set where rounds of a loop leave it with what is set behind the last.
    fn after(&mut self, rounds: Rounds) {
        let mut outcomes = rounds.outcomes;
        if !rounds.over || outcomes.is_empty() {
            outcomes.push(self.so_far(Cond::TRUE));
        }
        self.merge(outcomes);
    }

    /// Marks what depends on how many rounds there were.
    fn unknown_rounds(&mut self, before: &Scope) {
        let label = self.here.to_string();
        self.scope = std::mem::take(&mut self.scope).after_rounds(before, &label, &self.context.choices);
    }

    /// `getopts SPEC NAME`: the next option of the arguments; `None` where they are not known.
    /// Source: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/getopts.html>
    /// What a script sets where it takes its options is empty without them, unless whoever calls it sets it.
    fn clear_options(&mut self, body: &Node) {
        let mut names = Vec::new();
        set_in(body, &mut names);
        for name in names {
            if self.known(name).is_none() {
                self.scope.set(name, Held::Scalar(Text::default()), false);
            }
        }
    }

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
