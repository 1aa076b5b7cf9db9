//! How control leaves a stretch of a script early, and what is set by then.
//!
//! A jump conditions what follows it up to where it is caught; what had been set where it happens is joined there with
//! what the stretch leaves at its end.

use super::condition::is_assertion;
use super::interpret::{Interpreter, MOST_CONDITIONS, parts};
use super::scope::Scope;
use crate::model::{Cond, Text};

/// The parts of a condition that are kept apart; one of more stays unknown.
const MOST_PARTS: usize = 2 * MOST_CONDITIONS;

/// How control leaves a stretch of a script early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    Exit,
    Return,
    Break,
    Continue,
}

impl Leave {
    /// What a loop catches.
    pub(super) fn is_of_loop(self) -> bool {
        matches!(self, Leave::Break | Leave::Continue)
    }

    /// What a function and a file that is taken in catch.
    pub(super) fn is_return(self) -> bool {
        self == Leave::Return
    }
}

/// What a stretch of a script leaves, and under which condition.
pub(super) struct Outcome {
    pub(super) cond: Cond,
    pub(super) scope: Scope,
    pub(super) folder: Text,
}

/// One place where control leaves early.
pub(super) struct Jump {
    pub(super) leave: Leave,
    /// Within the stretches that it has left so far.
    pub(super) cond: Cond,
    failing: bool,
    scope: Scope,
    folder: Text,
}

impl Jump {
    /// What had been set where it happens.
    pub(super) fn outcome(self) -> Outcome {
        Outcome { cond: self.cond, scope: self.scope, folder: self.folder }
    }
}

impl Interpreter<'_> {
    /// What has been set so far.
    pub(super) fn so_far(&self, cond: Cond) -> Outcome {
        Outcome { cond, scope: self.scope.clone(), folder: self.folder.clone() }
    }

    /// Leaves early from here.
    pub(super) fn leave(&mut self, leave: Leave, failing: bool) {
        let Outcome { cond, scope, folder } = self.so_far(Cond::TRUE);
        self.jumps.push(Jump { leave, cond, failing, scope, folder });
        self.push(Cond::FALSE);
    }

    /// Runs something under a condition, with the jumps that are caught. What leaves it early and is not caught
    /// conditions what follows.
    pub(super) fn under<R>(
        &mut self,
        cond: &Cond,
        catches: fn(Leave) -> bool,
        run: impl FnOnce(&mut Self) -> R,
    ) -> (R, Vec<Jump>) {
        self.under_either(cond, || cond.clone(), catches, run)
    }

    /// The same for something that is taken to run under one condition and leaves under another, asked for where
    /// something leaves: nobody leaves because a command succeeds as it should.
    pub(super) fn under_either<R>(
        &mut self,
        cond: &Cond,
        strict: impl FnOnce() -> Cond,
        catches: fn(Leave) -> bool,
        run: impl FnOnce(&mut Self) -> R,
    ) -> (R, Vec<Jump>) {
        let (path, jumps) = (self.path.len(), self.jumps.len());
        if !cond.is_always() {
            self.push(cond.clone());
        }
        let result = run(self);
        self.path.truncate(path);
        let mut caught = Vec::new();
        if self.jumps.len() > jumps {
            let strict = strict();
            // Where something has been caught, control does not come to what is behind it.
            let mut none = Cond::TRUE;
            for jump in self.jumps.split_off(jumps) {
                if catches(jump.leave) {
                    none = self.bounded(none.and(jump.cond.clone().negate()));
                    caught.push(jump);
                } else {
                    let cond = strict.clone().and(none.clone()).and(jump.cond.clone());
                    self.goes_on(Jump { cond, ..jump });
                }
            }
        }
        (result, caught)
    }

    /// A jump that leaves a stretch and is not caught by it. A script that fails on the machine's state makes an
    /// assertion, and leaves nothing.
    fn goes_on(&mut self, jump: Jump) {
        let never = matches!(jump.cond, Cond::Known(false));
        let assertion = jump.failing && !jump.cond.is_always() && is_assertion(&jump.cond);
        if !never && !assertion {
            let cond = self.bounded(jump.cond);
            self.push(cond.clone().negate());
            self.jumps.push(Jump { cond, ..jump });
        }
    }

    /// Makes one of the exits behind some jumps, and of their conditions: each round of a loop may add its own.
    pub(super) fn fold_exits(&mut self, path: usize, jumps: usize) {
        let crowded = self.path.last().is_some_and(|cond| parts(cond).len() > MOST_CONDITIONS / 4);
        if !crowded || self.jumps.len() < jumps + 2 {
            return;
        }
        let mut folded: Vec<Jump> = Vec::new();
        for jump in self.jumps.split_off(jumps) {
            // Whether one fails tells something only of conditions that are yet to come.
            let open = |jump: &Jump| jump.leave == Leave::Exit && !jump.cond.is_always();
            match folded.iter_mut().find(|known| open(known) && open(&jump)) {
                Some(known) => {
                    known.failing &= jump.failing;
                    known.cond = known.cond.clone().or(jump.cond);
                }
                None => folded.push(jump),
            }
        }
        self.path.truncate(path);
        for jump in folded {
            let cond = self.bounded(jump.cond);
            self.push(cond.clone().negate());
            self.jumps.push(Jump { cond, ..jump });
        }
    }

    /// Runs what catches jumps out of it. What is set where they happen and what is set at the end are joined.
    pub(super) fn catching(&mut self, catches: fn(Leave) -> bool, run: impl FnOnce(&mut Self)) {
        let (dead, caught) = self.under(&Cond::TRUE, catches, |this| {
            run(this);
            this.is_dead()
        });
        let mut outcomes: Vec<Outcome> = caught.into_iter().map(Jump::outcome).collect();
        if !dead || outcomes.is_empty() {
            outcomes.push(self.so_far(Cond::TRUE));
        }
        self.merge(outcomes);
    }

    /// A condition within bounds: one of too many parts stays unknown, by a name of its own, so that it contradicts none
    /// of the others.
    pub(super) fn bounded(&mut self, cond: Cond) -> Cond {
        if !cond.exceeds(MOST_PARTS) {
            return cond;
        }
        self.unknown += 1;
        Cond::atom(format!("condition {} of too many parts", self.unknown))
    }
}
