//! Work on many checkouts at once, with results in the order in which they were asked for.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// Results that may wait for an earlier one; who is further ahead pauses, so that memory stays the same however many
/// checkouts there are.
const AHEAD: usize = 32;

/// The stack of a worker: that of a main thread.
const STACK: usize = 8 << 20;

/// Does the work for every path and takes the results in order, each as soon as those before it are there. A panic of the
/// work is passed on, where it does not end the process by itself (see `fault`).
pub(super) fn in_order<T: Send>(paths: &[PathBuf], work: &(dyn Fn(&Path) -> T + Sync), take: &mut dyn FnMut(&Path, T)) {
    let workers = if paths.len() > 1 { threads().min(paths.len()) } else { 1 };
    let next = AtomicUsize::new(0);
    let taken = Taken::default();
    let (send, receive) = channel();
    thread::scope(|scope| {
        let worker = || {
            let send = send.clone();
            let (next, taken) = (&next, &taken);
            move || {
                let _end = End { next, taken, paths: paths.len() };
                while let Some((at, path)) = claim(next, paths) {
                    taken.wait_for(at);
                    if send.send((at, work(path))).is_err() {
                        break;
                    }
                }
            }
        };
        let mut started = 0;
        if workers > 1 {
            for _ in 0..workers {
                let builder = thread::Builder::new().stack_size(STACK);
                started += usize::from(builder.spawn_scoped(scope, worker()).is_ok());
            }
        }
        drop(send);
        if started == 0 {
            paths.iter().for_each(|path| take(path, work(path)));
            return;
        }
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for (at, made) in receive {
            waiting.insert(at, made);
            while let (Some(made), Some(path)) = (waiting.remove(&due), paths.get(due)) {
                take(path, made);
                due += 1;
                taken.advance(due);
            }
        }
    });
}

/// As many threads as there are cores, or as the environment asks for with the variable that the pool of
/// [`crate::checkout::spread`] reads. The pool itself is not asked, since it would start.
fn threads() -> usize {
    let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|number| number.parse().ok());
    asked.filter(|number| *number > 0).unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// Ends the work of all when a worker leaves before it is done: the others would wait for its result for ever.
struct End<'w> {
    next: &'w AtomicUsize,
    taken: &'w Taken,
    paths: usize,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.next.store(self.paths, Ordering::Relaxed);
            self.taken.advance(self.paths);
        }
    }
}

fn claim<'p>(next: &AtomicUsize, paths: &'p [PathBuf]) -> Option<(usize, &'p Path)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, paths.get(at)?))
}

/// How many results have been taken.
#[derive(Default)]
struct Taken {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Taken {
    fn advance(&self, to: usize) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = to.max(*count);
        self.changed.notify_all();
    }

    /// Waits until the work at an index is not too far ahead.
    fn wait_for(&self, at: usize) {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(count, |count| at >= *count + AHEAD).unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_order_however_long_each_takes() {
        let paths: Vec<PathBuf> = (0..200).map(|n| PathBuf::from(n.to_string())).collect();
        let slow = |path: &Path| {
            if path == Path::new("0") {
                thread::sleep(Duration::from_millis(50));
            }
            path.to_owned()
        };
        let mut seen = Vec::new();
        in_order(&paths, &slow, &mut |path, made| {
            assert_eq!(path, made);
            seen.push(made);
        });
        assert_eq!(seen, paths);
    }

    #[test]
    fn a_panic_ends_the_work_and_is_passed_on() {
        let paths: Vec<PathBuf> = (0..200).map(|n| PathBuf::from(n.to_string())).collect();
        let work = |path: &Path| assert_ne!(path, Path::new("7"));
        let result = catch_unwind(AssertUnwindSafe(|| in_order(&paths, &work, &mut |_, ()| {})));
        assert!(result.is_err());
    }
}
