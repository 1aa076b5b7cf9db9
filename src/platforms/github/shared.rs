//! Jobs that several events start alike.
//!
//! A workflow is lowered once for each of its events, and most of its jobs ask little or nothing of the event. What a
//! job asked of it is kept with what came of it: under an event that gives the same answers, nothing else can come.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use smol_str::SmolStr;

use super::env::Env;
use super::scope::{Done, Inputs, Run};
use super::value::Value;
use super::workflow::MOST_JOBS;
use crate::model::Job;

/// The contexts whose values the event decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Context {
    Github,
    /// Those of the workflow that the event starts, not those that a caller binds.
    Inputs,
}

/// What was asked of an event, and its answers.
pub(super) type Asked = BTreeMap<(Context, Vec<SmolStr>), Value>;

/// A job as it was lowered under an event.
struct Once {
    /// The workflow's environment.
    env: Env,
    /// The jobs before it.
    done: Vec<Rc<Done>>,
    asked: Asked,
    /// How many jobs it counts as.
    count: usize,
    jobs: Vec<Arc<Job>>,
    finished: Rc<Done>,
}

/// The jobs of one workflow file under the events so far, by their place in the file.
#[derive(Default)]
pub(super) struct Earlier {
    jobs: RefCell<HashMap<usize, Vec<Once>>>,
}

impl Earlier {
    /// What the job at a place comes to under this event, when an earlier one answered alike.
    pub(super) fn find(
        &self,
        at: usize,
        (run, inputs): (&Run<'_>, &Inputs),
        env: &Env,
        done: &[Rc<Done>],
    ) -> Option<(Vec<Arc<Job>>, Rc<Done>)> {
        let all = self.jobs.borrow();
        let same = |once: &&Once| {
            run.jobs.get() + once.count <= MOST_JOBS
                && once.env == *env
                && once.done.len() == done.len()
                && once.done.iter().zip(done).all(|(a, b)| Rc::ptr_eq(a, b) || a == b)
                && once.asked.iter().all(|((context, path), answer)| run.answer(*context, path, inputs) == *answer)
        };
        let once = all.get(&at)?.iter().find(same)?;
        run.jobs.set(run.jobs.get() + once.count);
        Some((once.jobs.clone(), Rc::clone(&once.finished)))
    }

    /// Lowers the job at a place and keeps what it comes to.
    pub(super) fn lower(
        &self,
        at: usize,
        run: &Run<'_>,
        env: &Env,
        done: &[Rc<Done>],
        lower: impl FnOnce() -> (Vec<Arc<Job>>, Done),
    ) -> (Vec<Arc<Job>>, Rc<Done>) {
        let before = run.jobs.get();
        run.take_asked();
        let (jobs, finished) = lower();
        let finished = Rc::new(finished);
        // Where the limit cut something off, the next event may come further.
        if run.jobs.get() < MOST_JOBS {
            let once = Once {
                env: env.clone(),
                done: done.to_vec(),
                asked: run.take_asked(),
                count: run.jobs.get() - before,
                jobs: jobs.clone(),
                finished: Rc::clone(&finished),
            };
            self.jobs.borrow_mut().entry(at).or_default().push(once);
        }
        (jobs, finished)
    }
}
