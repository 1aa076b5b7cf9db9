//! Statements made of statements: branches, loops, pipelines, redirects.

use super::capture::{Channel, Stdout};
use super::interpret::{Interpreter, Leave, MOST_BRANCHES, MOST_ITERATIONS};
use super::scope::{Held, Scope, choice};
use super::status::{Rendered, Status};
use super::symbol;
use crate::model::{Bound, Cond, Text};
use crate::syntax::shell::{Node, Piece, Redirect, RedirectKind, Word};

/// What redirects make of input and output.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) stdout: Option<Stdout>,
    /// The file that output goes to, `/dev/null` included.
    pub(super) file: Option<Text>,
    pub(super) input: Option<(Text, bool)>,
}

/// The bytes of text that a variable is worth where branches are joined.
const VARIABLE: usize = 8;

impl Interpreter<'_> {
    pub(super) fn redirected(&mut self, inner: &Node, redirects: &[Redirect]) -> Status {
        let streams = self.streams(redirects);
        let input = match streams.input {
            Some(input) => self.input.replace(input),
            None => self.input.clone(),
        };
        let status = match streams.stdout {
            Some(Stdout::File(target)) => match Channel::of(&target) {
                Some(channel) => {
                    let (capture, status) = self.capturing(|this| this.status(inner));
                    self.hand_on(channel, &capture);
                    status
                }
                None => self.writing_to(Stdout::File(target), inner),
            },
            Some(stdout) => self.writing_to(stdout, inner),
            None => self.status(inner),
        };
        self.input = input;
        status
    }

    pub(super) fn writing_to(&mut self, stdout: Stdout, inner: &Node) -> Status {
        let before = std::mem::replace(&mut self.stdout, stdout);
        let status = self.status(inner);
        self.stdout = before;
        status
    }

    pub(super) fn streams(&mut self, redirects: &[Redirect]) -> Streams {
        let mut streams = Streams { stdout: None, file: None, input: None };
        for redirect in redirects {
            let target = self.text(&redirect.target);
            let standard = matches!(redirect.descriptor, None | Some(1));
            match redirect.kind {
                RedirectKind::Write | RedirectKind::Append if standard => streams.redirect_output(target),
                RedirectKind::Both => streams.redirect_output(target),
                RedirectKind::Duplicate if standard && target.as_str() == "2" => {
                    streams.stdout = Some(Stdout::Nowhere);
                }
                RedirectKind::HereString => streams.input = Some((Text::new(format!("{target}\n")), true)),
                RedirectKind::HereDocument => streams.input = Some((target, true)),
                RedirectKind::Read if matches!(redirect.descriptor, None | Some(0)) => {
                    let substituted = target.symbol().is_some_and(|s| s.starts_with("shell("));
                    streams.input = Some(if substituted {
                        (target, false)
                    } else {
                        (symbol::unknown("shell", &format!("cat {}", symbol::word(&self.place(&target)))), false)
                    });
                }
                _ => {}
            }
        }
        streams
    }

    pub(super) fn pipeline(&mut self, nodes: &[Node]) -> Status {
        let outer = self.input.take();
        let mut next = outer.clone();
        let mut rendered = Vec::new();
        let mut status = Status::same(Cond::TRUE);
        for (at, node) in nodes.iter().enumerate() {
            self.input = next.take();
            if at + 1 == nodes.len() {
                status = self.apart(|this| this.status(node));
                rendered.push(std::mem::take(&mut self.rendered).text());
            } else {
                let (capture, _) = self.capturing(|this| this.apart(|this| this.status(node)));
                rendered.push(std::mem::take(&mut self.rendered).text());
                let known = !capture.mixed && capture.plain;
                let single = capture.text.trim_end().lines().count() <= 1;
                next = Some(if known || (single && !capture.mixed) {
                    (Text::from(capture.text), known)
                } else {
                    (symbol::unknown("shell", &rendered.join(" | ")), false)
                });
            }
        }
        self.input = outer;
        self.rendered = Rendered::from(symbol::fold(&rendered.join(" | ")));
        if status.is_same() { status } else { self.success() }
    }

    /// Runs a branch and returns what it leaves; `None` when it does not come out at its end.
    pub(super) fn branch(&mut self, cond: &Cond, run: impl FnOnce(&mut Self)) -> Option<(Cond, Scope, Text)> {
        if matches!(cond, Cond::Known(false)) {
            return None;
        }
        let (scope, folder) = (self.scope.clone(), self.folder.clone());
        self.steps += scope.len() / 8;
        let (dead, _) = self.under(
            cond,
            |_| false,
            |this| {
                run(this);
                this.is_dead()
            },
        );
        let scope = std::mem::replace(&mut self.scope, scope);
        let folder = std::mem::replace(&mut self.folder, folder);
        (!dead).then_some((cond.clone(), scope, folder))
    }

    pub(super) fn merge(&mut self, outcomes: Vec<(Cond, Scope, Text)>) {
        let Some((_, _, last)) = outcomes.last() else { return };
        let mut folder = last.clone();
        for (cond, _, other) in outcomes.iter().rev().skip(1) {
            if *other != folder {
                let held = |t: &Text| Held::Scalar(t.clone());
                folder = choice(cond, &held(other), &held(&folder), &self.context.choices).text();
            }
        }
        self.charge(outcomes.iter().map(|(_, scope, _)| scope.len()).sum::<usize>() * VARIABLE);
        let scopes = outcomes.into_iter().map(|(cond, scope, _)| (cond, scope)).collect();
        let outside =
            |name: &str| Held::Scalar(self.outside(name).unwrap_or_else(|| Text::unknown(&format!("env.{name}"))));
        self.scope = Scope::merge(&outside, scopes, &self.context.choices);
        self.folder = folder;
    }

    pub(super) fn branches(&mut self, branches: &[(Node, Node)], otherwise: Option<&Node>) -> Status {
        self.branching(branches.len());
        let mut none = Cond::TRUE;
        let mut outcomes = Vec::new();
        for (test, body) in branches.iter().take(MOST_BRANCHES) {
            if matches!(none, Cond::Known(false)) {
                break;
            }
            let (status, _) = self.under(&none, |_| false, |this| this.status(test));
            let strict = status.strict.cond();
            let cond = none.clone().and(strict.clone());
            none = none.and(strict.negate());
            outcomes.extend(self.branch(&cond, |this| this.run(body)));
        }
        outcomes.extend(self.branch(&none, |this| {
            if let Some(body) = otherwise {
                this.run(body);
            }
        }));
        self.merge(outcomes);
        self.success()
    }

    fn branching(&mut self, count: usize) {
        if count > MOST_BRANCHES {
            self.unread(self.here, Bound::More(MOST_BRANCHES, "branches"));
        }
    }

    pub(super) fn case(&mut self, word: &Word, arms: &[(Vec<Word>, Node)]) -> Status {
        let subject = self.text(word);
        self.branching(arms.len());
        let mut none = Cond::TRUE;
        let mut outcomes = Vec::new();
        for (patterns, body) in arms.iter().take(MOST_BRANCHES) {
            let mut fits = Cond::FALSE;
            for pattern in patterns {
                let pattern = self.text(pattern);
                fits = fits.or(self.context.choices.resolve(symbol::fits(&subject, &pattern)));
            }
            let cond = none.clone().and(fits.clone());
            none = none.and(fits.negate());
            outcomes.extend(self.branch(&cond, |this| this.run(body)));
        }
        outcomes.extend(self.branch(&none, |_| {}));
        self.merge(outcomes);
        self.success()
    }

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
        for item in items {
            self.scope.set(variable, Held::Scalar(item), false);
            let caught = |leave| matches!(leave, Leave::Break | Leave::Continue);
            let (_, left) = self.under(&Cond::TRUE, caught, |this| this.run(body));
            if left == Some(Leave::Break) || self.is_dead() {
                break;
            }
        }
        if let Some(before) = before {
            let label = self.here.to_string();
            self.scope = std::mem::take(&mut self.scope).after_rounds(&before, &label);
        }
        Status::same(Cond::TRUE)
    }
}

impl Streams {
    fn redirect_output(&mut self, target: Text) {
        self.stdout = Some(match target.as_str() {
            "/dev/null" | "/dev/stderr" | "/dev/tty" | "$null" | "NUL" | "nul" => Stdout::Nowhere,
            "/dev/stdout" => return,
            _ => Stdout::File(target.clone()),
        });
        self.file = Some(target);
    }
}
