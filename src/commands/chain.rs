//! `a && b` and `a || b`.

use super::capture::Stdout;
use super::interpret::Interpreter;
use super::jumps::Outcome;
use super::status::{Status, Strict};
use super::tolerance::harmless;
use crate::model::Cond;
use crate::syntax::shell::{Node, Piece};

/// Links of a chain after which its success is put into words.
const MOST_LINKS: usize = 50;

/// A statement of a chain behind the first.
struct Link {
    /// Whether it runs.
    cond: Strict,
    /// Whether it is taken to run.
    taken: bool,
    /// What is set when it does not run.
    before: Outcome,
}

/// Whether a statement ends the script, a function or a round of a loop.
fn leaves(node: &Node) -> bool {
    match node {
        Node::Command(simple) => simple.words.first().is_some_and(|word| match word.pieces.as_slice() {
            [Piece::Text { text, .. }] => matches!(text.as_str(), "exit" | "return" | "break" | "continue"),
            _ => false,
        }),
        Node::Sequence(nodes) => nodes.iter().any(leaves),
        Node::And(a, b) | Node::Or(a, b) => leaves(a) || leaves(b),
        Node::Redirected(inner, _) => leaves(inner),
        _ => false,
    }
}

/// Whether a chain is one of `&&`, and its statements.
fn links(chain: &Node) -> (bool, Vec<&Node>) {
    let all = matches!(chain, Node::And(..));
    let (mut nodes, mut first) = (Vec::new(), chain);
    while let (true, Node::And(a, b)) | (false, Node::Or(a, b)) = (all, first) {
        nodes.push(&**b);
        first = a;
    }
    nodes.push(first);
    nodes.reverse();
    (all, nodes)
}

impl Interpreter<'_> {
    /// Runs a chain. A command is taken to succeed, so that what follows it behind `&&` runs; what that sets depends on
    /// the success all the same.
    pub(super) fn chain(&mut self, chain: &Node) -> Status {
        let (all, nodes) = links(chain);
        let mut sum = Status::same(Cond::TRUE);
        let mut links: Vec<Link> = Vec::new();
        let (exact, last) = (self.exact, nodes.len().saturating_sub(1));
        let replaced = nodes.iter().rposition(|node| harmless(node)).filter(|_| !all);
        let asks = !all && self.stdout == Stdout::Capture;
        for (at, node) in nodes.into_iter().enumerate() {
            self.exact = exact || asks && at < last;
            let passed_over = replaced.is_some_and(|by| at < by);
            if at == 0 {
                sum = self.tolerating(passed_over, |this| this.status(node));
                continue;
            }
            if !all || at % MOST_LINKS == 0 {
                sum.strict = Strict::Known(self.bounded(sum.strict.cond()));
            }
            let cond = if all { sum.strict.clone() } else { Strict::Known(sum.strict.cond().negate()) };
            // Nobody leaves because a command succeeds as it should: `already-released && exit 0` asks.
            let path = if all && !leaves(node) && !self.exact { sum.lenient.clone() } else { cond.cond() };
            let before = self.so_far(Cond::TRUE);
            let run = |this: &mut Self| this.tolerating(passed_over, |this| (this.status(node), this.is_dead()));
            let ((status, left), _) = self.under_either(&path, || cond.cond(), |_| false, run);
            sum = if all { sum.and(status) } else { sum.or(status) };
            if left {
                (self.scope, self.folder) = (before.scope, before.folder);
                if !matches!(path, Cond::Known(false)) {
                    break;
                }
                continue;
            }
            links.push(Link { cond, taken: path.is_always(), before });
        }
        self.exact = exact;
        self.join(links);
        sum
    }

    /// Makes what the statements of a chain have set depend on whether they run.
    fn join(&mut self, links: Vec<Link>) {
        let mut after = self.so_far(Cond::TRUE);
        let mut runs = Vec::new();
        for Link { cond, taken, before } in links.into_iter().rev() {
            if !before.scope.is(&after.scope) || before.folder != after.folder {
                runs.push((cond, taken, std::mem::replace(&mut after, before)));
            }
        }
        (self.scope, self.folder) = (after.scope, after.folder);
        while let Some((cond, taken, after)) = runs.pop() {
            let cond = self.bounded(cond.cond());
            let folder = after.folder.clone();
            let otherwise = self.so_far(cond.clone().negate());
            self.merge(vec![Outcome { cond, ..after }, otherwise]);
            // A folder that a command has made is where the rest of the script goes.
            if taken {
                self.folder = folder;
            }
        }
    }
}
