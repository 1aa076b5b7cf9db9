//! Statements made of statements: branches, pipelines, redirects.

use super::capture::{Channel, Stdout};
use super::interpret::{Interpreter, MOST_BRANCHES};
use super::jumps::Outcome;
use super::scope::{Held, choice};
use super::status::{Rendered, Status};
use super::symbol;
use super::tolerance::harmless;
use crate::model::{Bound, Cond, Text};
use crate::syntax::shell::{Node, Redirect, RedirectKind, Word};

/// What redirects make of input and output.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) stdout: Option<Stdout>,
    /// The file that output goes to, `/dev/null` included.
    pub(super) file: Option<Text>,
    pub(super) input: Option<(Text, bool)>,
    /// The file that input comes from.
    pub(super) read: Option<Text>,
}

/// The bytes of text that a variable is worth where branches are joined.
const VARIABLE: usize = 8;
/// The bytes of text that one is worth which they leave different.
const JOINED: usize = 128;

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
        let mut streams = Streams { stdout: None, file: None, input: None, read: None };
        for redirect in redirects {
            let target = self.text(&redirect.target);
            let standard = matches!(redirect.descriptor, None | Some(1));
            match redirect.kind {
                RedirectKind::Write | RedirectKind::Append if standard => streams.redirect_output(target),
                RedirectKind::Both => streams.redirect_output(target),
                // The runner looks for workflow commands there as well.
                RedirectKind::Duplicate if standard && target.as_str() == "2" => streams.stdout = Some(Stdout::Log),
                RedirectKind::HereString => streams.input = Some((Text::new(format!("{target}\n")), true)),
                RedirectKind::HereDocument => streams.input = Some((target, true)),
                RedirectKind::Read if matches!(redirect.descriptor, None | Some(0)) => {
                    streams.read = Some(target.clone());
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
                    let unknown = symbol::unknown("shell", &rendered.join(" | "));
                    let chosen = capture.mixed.then(|| self.one_of(&capture, &unknown)).flatten();
                    (chosen.unwrap_or(unknown), false)
                });
            }
        }
        self.input = outer;
        self.rendered = Rendered::from(symbol::fold(&rendered.join(" | ")));
        if status.is_same() { status } else { self.success() }
    }

    /// Runs a branch and returns what it leaves; `None` when it does not come out at its end.
    pub(super) fn branch(&mut self, cond: &Cond, run: impl FnOnce(&mut Self)) -> Option<Outcome> {
        if matches!(cond, Cond::Known(false)) {
            return None;
        }
        let before = self.so_far(Cond::TRUE);
        let (dead, _) = self.under(
            cond,
            |_| false,
            |this| {
                run(this);
                this.is_dead()
            },
        );
        let scope = std::mem::replace(&mut self.scope, before.scope);
        let folder = std::mem::replace(&mut self.folder, before.folder);
        if !scope.is(&self.scope) {
            self.steps += scope.len() / 8;
        }
        (!dead).then(|| Outcome { cond: cond.clone(), scope, folder })
    }

    /// Joins outcomes, of which the first counts whose condition holds; the last stands for all other cases.
    pub(super) fn merge(&mut self, mut outcomes: Vec<Outcome>) {
        let Some(Outcome { mut scope, mut folder, .. }) = outcomes.pop() else { return };
        while let Some(outcome) = outcomes.pop() {
            let cond = &outcome.cond;
            if outcome.folder != folder {
                let held = |t: &Text| Held::Scalar(t.clone());
                folder = choice(cond, &held(&outcome.folder), &held(&folder), &self.context.choices).text();
            }
            if outcome.scope.is(&scope) {
                continue;
            }
            let outside =
                |name: &str| Held::Scalar(self.outside(name).unwrap_or_else(|| Text::unknown(&format!("env.{name}"))));
            let joined = scope.join(cond, &outcome.scope, &outside, &self.context.choices);
            self.charge(2 * scope.len() * VARIABLE + joined * JOINED);
        }
        self.scope = scope;
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
            let failed = match (test, otherwise) {
                (Node::Not(_), _) | (_, None) => body,
                (_, Some(otherwise)) => otherwise,
            };
            let passed_over = branches.len() == 1 && harmless(failed);
            let tested = |this: &mut Self| this.tolerating(passed_over, |this| this.status(test));
            let (status, _) = self.under(&none, |_| false, tested);
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
                let choices = &self.context.choices;
                let each = choices.each(&subject, &|subject| symbol::fits(subject, &pattern));
                fits = fits.or(choices.resolve(each));
            }
            let cond = none.clone().and(fits.clone());
            none = none.and(fits.negate());
            outcomes.extend(self.branch(&cond, |this| this.run(body)));
        }
        outcomes.extend(self.branch(&none, |_| {}));
        self.merge(outcomes);
        self.success()
    }
}

impl Streams {
    fn redirect_output(&mut self, target: Text) {
        self.stdout = Some(match target.as_str() {
            "/dev/stderr" => Stdout::Log,
            "/dev/null" | "/dev/tty" | "$null" | "NUL" | "nul" => Stdout::Nowhere,
            "/dev/stdout" => return,
            _ => Stdout::File(target.clone()),
        });
        self.file = Some(target);
    }
}
