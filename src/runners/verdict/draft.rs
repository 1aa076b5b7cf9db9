//! A pool while its file is read: on each axis the worst finding stays.

use crate::model::{Evidence, Grade, Location, Note, RunnerPool, Tri};

/// One of the three axes of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runners) enum On {
    /// Managed infrastructure.
    Hosted,
    /// A fresh environment per job, destroyed afterwards.
    Ephemeral,
    /// Builds kept apart.
    Isolated,
}

use On::{Ephemeral, Hosted, Isolated};

/// What would show single use.
const TO_SHOW_EPHEMERAL: &str = "a machine, pod or task that is destroyed after one job";

/// A pool that is being read.
#[derive(Debug)]
pub(in crate::runners) struct Draft {
    /// What is known besides the axes.
    pub(in crate::runners) pool: RunnerPool,
    axes: [Option<Tri>; 3],
}

impl Draft {
    pub(in crate::runners) fn new(shape: &'static str, name: impl Into<String>, at: &Location) -> Self {
        Self { pool: RunnerPool::new(shape, name, at), axes: [None, None, None] }
    }

    #[inline(never)]
    fn set(&mut self, on: On, finding: Tri) {
        let severity = |t: &Tri| match t {
            Tri::Met(_) => 0,
            Tri::Unshown(..) => 1,
            Tri::Failed(_) => 2,
        };
        let slot = match on {
            Hosted => self.axes.first_mut(),
            Ephemeral => self.axes.get_mut(1),
            Isolated => self.axes.get_mut(2),
        };
        if let Some(slot) = slot
            && slot.as_ref().is_none_or(|old| severity(old) < severity(&finding))
        {
            *slot = Some(finding);
        }
    }

    /// The control stands in the file.
    pub(in crate::runners) fn met(&mut self, on: On, at: &Location, note: impl Into<String>) {
        self.tell(on, Tri::Met, at, Grade::Observed, note.into());
    }

    /// The documentation of what the file names says so.
    pub(in crate::runners) fn documented(&mut self, on: On, at: &Location, note: impl Into<String>) {
        self.tell(on, Tri::Met, at, Grade::Documented, note.into());
    }

    /// The file shows the opposite.
    pub(in crate::runners) fn failed(&mut self, on: On, at: &Location, note: impl Into<String>) {
        self.tell(on, Tri::Failed, at, Grade::Observed, note.into());
    }

    /// The file leaves a documented default in place, which is the opposite.
    pub(in crate::runners) fn failed_by_default(&mut self, on: On, at: &Location, note: impl Into<String>) {
        self.tell(on, Tri::Failed, at, Grade::Documented, note.into());
    }

    /// Called from hundreds of places, and not often enough to be built into each.
    #[inline(never)]
    fn tell(&mut self, on: On, finding: fn(Evidence) -> Tri, at: &Location, grade: Grade, note: String) {
        let evidence = Evidence { grade, ..Evidence::observed(at, self.pool.shape, note) };
        self.set(on, finding(evidence));
    }

    /// Neither is shown.
    pub(in crate::runners) fn unshown(
        &mut self,
        on: On,
        at: &Location,
        note: impl Into<String>,
        to_show: impl Into<String>,
    ) {
        let to_show = to_show.into();
        let finding = Tri::Unshown(Evidence::observed(at, self.pool.shape, note), to_show);
        self.set(on, finding);
    }

    /// A finding as it is.
    pub(in crate::runners) fn found(&mut self, on: On, finding: Tri) {
        self.set(on, finding);
    }

    /// Storage that one job leaves to the next: neither fresh nor apart.
    pub(in crate::runners) fn lasting(&mut self, at: &Location, note: &str) {
        self.failed(Ephemeral, at, note);
        self.failed(Isolated, at, note);
    }

    /// A credential of the runners, and where it lies.
    pub(in crate::runners) fn credential(&mut self, at: &Location, note: impl Into<String>) {
        self.pool.credentials.push(Evidence::observed(at, self.pool.shape, note));
    }

    /// A credential that a build can read and that reaches further than one job.
    pub(in crate::runners) fn leaks(&mut self, at: &Location, note: impl Into<String>) {
        let note = note.into();
        self.credential(at, note.clone());
        self.failed(Isolated, at, note);
    }

    /// Something to harden, which changes no verdict.
    pub(in crate::runners) fn note(&mut self, rule: &'static str, at: &Location, text: impl Into<String>) {
        self.pool.notes.push(Note::info(rule, at, text));
    }

    /// What is known on an axis so far.
    pub(in crate::runners) fn on(&self, on: On) -> Option<&Tri> {
        let slot = match on {
            Hosted => self.axes.first(),
            Ephemeral => self.axes.get(1),
            Isolated => self.axes.get(2),
        };
        slot.and_then(Option::as_ref)
    }

    /// Whether the axis is met so far.
    pub(in crate::runners) fn is_met(&self, on: On) -> bool {
        matches!(self.on(on), Some(Tri::Met(_)))
    }

    /// Adds labels, in lower case and each once; one that is not shown is left out.
    pub(in crate::runners) fn labels<'l>(&mut self, labels: impl IntoIterator<Item = &'l str>) {
        for list in labels {
            for label in crate::runners::labels_of(list) {
                if !self.pool.labels.contains(&label) {
                    self.pool.labels.push(label);
                }
            }
        }
    }

    /// A virtual machine for each job keeps builds apart; one that serves job after job does not show it, as a build
    /// can leave a process behind.
    pub(in crate::runners) fn machine_decides(&mut self, at: &Location) {
        if self.is_met(Ephemeral) {
            self.met(Isolated, at, "each job has a machine of its own");
        } else {
            self.unshown(
                Isolated,
                at,
                "the machine serves one build after another, and a build can leave a process behind",
                TO_SHOW_EPHEMERAL,
            );
        }
    }

    /// The pool, with what nothing showed as unshown.
    pub(in crate::runners) fn finish(self) -> RunnerPool {
        let mut pool = self.pool;
        let [hosted, ephemeral, isolated] = self.axes;
        pool.hosted = hosted.unwrap_or(pool.hosted);
        pool.ephemeral = ephemeral.unwrap_or(pool.ephemeral);
        pool.isolated = isolated.unwrap_or(pool.isolated);
        pool
    }
}
