//! Work on the files and folders of one checkout.

use rayon::prelude::*;

/// Fewer items than this are not worth waking other threads for.
const MANY: usize = 64;

/// What comes of each item, in order, on all cores where there is much to do.
pub fn spread<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> Option<R> + Sync + Send) -> Vec<R> {
    if items.len() < MANY {
        items.iter().filter_map(work).collect()
    } else {
        items.par_iter().filter_map(work).collect()
    }
}
