//! Commands whose failure stops nothing: `attest || true`, `set +e`.

use super::interpret::Interpreter;
use crate::model::Text;
use crate::syntax::shell::{Node, Piece, Simple};

/// Whose failure is passed over.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tolerance {
    /// Something else is done in its place, and succeeds.
    pub(super) replaced: bool,
    /// The script goes on after errors.
    pub(super) goes_on: bool,
    /// Whether something else was done in place of the last command.
    last: bool,
}

impl Tolerance {
    /// Whether the failure of a command that runs now stops nothing.
    pub(super) fn of_command(&mut self) -> bool {
        self.last = self.replaced;
        self.replaced || self.goes_on
    }

    /// Reads the arguments of `set`.
    pub(super) fn set(&mut self, arguments: &[Text]) {
        let mut before = "";
        for argument in arguments.iter().map(Text::as_str).take_while(|argument| *argument != "--") {
            let letters = argument.strip_prefix(['-', '+']).filter(|letters| letters.len() < 8);
            if letters.is_some_and(|letters| letters.contains('e')) {
                self.goes_on = argument.starts_with('+');
            }
            if argument == "errexit" {
                self.goes_on = before.starts_with('+');
            }
            before = argument;
        }
    }
}

impl Interpreter<'_> {
    /// Runs something whose failure is passed over where that is so.
    pub(super) fn tolerating<R>(&mut self, passed_over: bool, run: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.tolerance.replaced;
        self.tolerance.replaced |= passed_over;
        let result = run(self);
        self.tolerance.replaced = before;
        result
    }

    /// The last command is asked whether it succeeded (`code=$?`), or its failure is that of the whole script.
    pub(super) fn answers(&mut self) {
        if let Some(last) = self.found.commands.last_mut().filter(|_| !self.tolerance.last) {
            last.may_fail = false;
        }
    }
}

/// Whether a statement does nothing that stops a script, whatever led to it: it tells people, or nothing.
pub(super) fn harmless(node: &Node) -> bool {
    match node {
        Node::Command(simple) => is_harmless(simple),
        Node::Sequence(nodes) => nodes.iter().all(harmless),
        Node::And(a, b) | Node::Or(a, b) => harmless(a) && harmless(b),
        Node::Subshell(inner) | Node::Redirected(inner, _) => harmless(inner),
        _ => false,
    }
}

fn is_harmless(simple: &Simple) -> bool {
    let word = |at: usize| match simple.words.get(at).map(|word| word.pieces.as_slice()) {
        Some([Piece::Text { text, .. }]) => text.as_str(),
        _ => "",
    };
    match word(0) {
        ":" | "true" | "echo" | "printf" | "sleep" => true,
        "exit" | "return" => word(1) == "0",
        _ => false,
    }
}
