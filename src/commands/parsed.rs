//! Scripts that were parsed before.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::interpret::{Shell, read};
use crate::syntax::shell::Script;

/// Most bytes of script text whose trees are kept.
const MOST_KEPT: usize = 4 << 20;

/// The trees of one checkout's scripts. A step is read once for every event and leg of its job, and most of its
/// script is the same in all of them.
#[derive(Debug, Default)]
pub struct Parsed {
    posix: Trees,
    power_shell: Trees,
    batch: Trees,
    /// Statements that were followed, in all of them.
    pub(super) walked: Cell<usize>,
}

#[derive(Debug, Default)]
struct Trees(RefCell<Kept>);

#[derive(Debug, Default)]
struct Kept {
    trees: HashMap<String, Rc<Script>>,
    bytes: usize,
}

impl Parsed {
    /// The tree of a masked script in the language of a shell.
    pub(super) fn read(&self, text: &str, language: Shell) -> Rc<Script> {
        let Trees(kept) = match language {
            Shell::Posix => &self.posix,
            Shell::PowerShell => &self.power_shell,
            Shell::Batch => &self.batch,
        };
        if let Some(known) = kept.borrow().trees.get(text) {
            return Rc::clone(known);
        }
        let tree = Rc::new(read(text, language));
        let mut kept = kept.borrow_mut();
        if kept.bytes + text.len() <= MOST_KEPT {
            kept.bytes += text.len();
            kept.trees.insert(text.to_owned(), Rc::clone(&tree));
        }
        tree
    }
}
