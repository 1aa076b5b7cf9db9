//! Steps that legs of a matrix and events come to alike.
//!
//! A step is read for every leg of its job and for every event, and most ask little of what differs. What a step asked
//! of the contexts around it is kept with what it came to: where the answers are the same, nothing else can come.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::env::Env;
use super::scope::{Outputs, Scope};
use super::steps::{Around, Place};
use super::value::Value;
use crate::model::Step;

/// Of what a step came to, this many are compared with the next leg.
const MOST_KEPT: usize = 8;

/// What is asked of the contexts, and the answers, while a step is read.
#[derive(Default)]
pub(super) struct Asked {
    listening: Cell<bool>,
    answers: RefCell<Vec<(Vec<SmolStr>, Value)>>,
}

impl Asked {
    /// Notes an answer.
    pub(super) fn note(&self, path: &[SmolStr], answer: &Value) {
        if self.listening.get() {
            self.answers.borrow_mut().push((path.to_vec(), answer.clone()));
        }
    }
}

/// A step's file, and the byte at which it begins.
type Spot = (Arc<str>, u32);

/// The steps of one workflow.
#[derive(Default)]
pub(super) struct Kept {
    /// Whether several events start the workflow.
    events: Cell<bool>,
    /// Whether the job at hand has several legs.
    legs: Cell<bool>,
    steps: RefCell<FxHashMap<Spot, Vec<Rc<Came>>>>,
}

/// What a step came to, and under which circumstances.
struct Came {
    around: Rc<Around>,
    env: Env,
    asked: Vec<(Vec<SmolStr>, Value)>,
    steps: Vec<Arc<Step>>,
    exports: Vec<(String, Value)>,
    outputs: Vec<Rc<Outputs>>,
}

impl Kept {
    /// Forgets the steps of the last workflow; as many events start the next one.
    pub(super) fn start(&self, events: usize) {
        self.steps.borrow_mut().clear();
        self.events.set(events > 1);
    }

    /// The next steps are those of a job with so many legs.
    pub(super) fn of_job(&self, legs: usize) {
        self.legs.set(legs > 1);
    }

    /// Whether any step can come up again.
    pub(super) fn pays(&self) -> bool {
        self.events.get() || self.legs.get()
    }

    /// Adds what the step at byte `at` of its file comes to, which `read` finds out where nothing like it is known.
    /// `read` says whether it may be kept.
    pub(super) fn step<'s>(
        &self,
        place: &Place<'_>,
        at: u32,
        scope: &mut Scope<'s>,
        steps: &mut Vec<Arc<Step>>,
        read: impl FnOnce(&mut Scope<'s>, &mut Vec<Arc<Step>>) -> bool,
    ) {
        let key = (Arc::clone(&place.source.path), at);
        let env = scope.env.clone();
        let same = |came: &&Rc<Came>| {
            came.around == place.around
                && came.env == env
                && came.asked.iter().all(|(path, answer)| scope.answer(path) == *answer)
        };
        let known = self.steps.borrow().get(&key).and_then(|all| all.iter().rev().find(same).cloned());
        if let Some(came) = known {
            steps.extend(came.steps.iter().cloned());
            scope.env.extend(came.exports.clone());
            scope.steps.extend(came.outputs.iter().cloned());
            return;
        }
        let before = (steps.len(), scope.env.len(), scope.steps.len());
        scope.asked.answers.borrow_mut().clear();
        scope.asked.listening.set(true);
        let may_keep = read(scope, steps);
        scope.asked.listening.set(false);
        if !may_keep {
            return;
        }
        let came = Came {
            around: Rc::clone(&place.around),
            env,
            asked: scope.asked.answers.take(),
            steps: steps.get(before.0..).unwrap_or_default().to_vec(),
            exports: scope.env.get(before.1..).unwrap_or_default().to_vec(),
            outputs: scope.steps.get(before.2..).unwrap_or_default().to_vec(),
        };
        let mut all = self.steps.borrow_mut();
        let all = all.entry(key).or_default();
        if all.len() == MOST_KEPT {
            all.remove(0);
        }
        all.push(Rc::new(came));
    }
}
