//! How much may be linked in one checkout.

use std::cell::Cell;

use crate::checkout::Checkout;

/// The work that a publication is worth, each event and each leg of a matrix counted by itself.
const PUBLICATION: usize = 400;
/// The work that one of its files or build jobs is worth, and that of holding provenance against it.
const PART: usize = 4;

/// The work that was done to link what a checkout publishes.
#[derive(Debug)]
pub(super) struct Count {
    work: Cell<usize>,
    most: usize,
}

impl Count {
    pub(super) fn new(checkout: &Checkout) -> Self {
        Self { work: Cell::new(0), most: checkout.most_work() }
    }

    /// The work that there may be.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Whether there was more than that.
    pub(super) fn is_full(&self) -> bool {
        self.work.get() > self.most
    }

    /// Counts so many publications; `false` when there have been too many.
    pub(super) fn publications(&self, number: usize) -> bool {
        self.add(number.saturating_mul(PUBLICATION))
    }

    /// Counts files and build jobs of a publication.
    pub(super) fn parts(&self, number: usize) -> bool {
        self.add(number.saturating_mul(PART))
    }

    /// Counts file patterns that one is held against; `false` when there have been too many.
    pub(super) fn comparisons(&self, number: usize) -> bool {
        self.add(number)
    }

    /// A count that goes on from here by itself.
    pub(super) fn ahead(&self) -> Self {
        Self { work: self.work.clone(), most: self.most }
    }

    /// Takes over what was counted ahead.
    pub(super) fn fill(&self, ahead: &Self) {
        self.work.set(ahead.work.get());
    }

    fn add(&self, work: usize) -> bool {
        self.work.set(self.work.get().saturating_add(work));
        !self.is_full()
    }
}
