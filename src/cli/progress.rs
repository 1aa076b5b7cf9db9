//! What somebody who waits at a terminal sees: which checkout is being graded, on standard error only.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Common, Console};
use crate::report::sanitize;

/// Work that is done sooner needs no progress, and a flash of it would only disturb.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the picture moves.
const TICK: Duration = Duration::from_millis(120);

/// The progress of grading; gone from the screen when it is dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Dropping it wakes the thread that waits to show the bar.
    done: Option<Sender<()>>,
    shown: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts the progress of so many checkouts. Nothing is ever shown unless somebody watches and did not ask for quiet.
    pub(super) fn start(checkouts: usize, common: &Common, console: &Console<'_>) -> Self {
        let watched = console.watched() && !common.no_progress && !common.quiet;
        Self::on(ProgressDrawTarget::stderr(), checkouts, watched, PATIENCE)
    }

    fn on(target: ProgressDrawTarget, checkouts: usize, watched: bool, patience: Duration) -> Self {
        let template = if checkouts == 1 {
            "{spinner} grading {msg} {elapsed}"
        } else {
            "{spinner} {pos}/{len} grading {msg} {elapsed}"
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::with_draw_target(Some(checkouts as u64), ProgressDrawTarget::hidden()).with_style(style);
        if !watched {
            return Self { bar, done: None, shown: None };
        }
        let (done, over) = channel();
        let waiting = bar.clone();
        let shown = std::thread::spawn(move || {
            if over.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                waiting.set_draw_target(target);
                waiting.enable_steady_tick(TICK);
            }
        });
        Self { bar, done: Some(done), shown: Some(shown) }
    }

    /// The checkout that is graded now.
    pub(super) fn at(&self, path: &Path) {
        self.bar.set_message(sanitize::terminal(&path.display().to_string()).into_owned());
    }

    /// One checkout is done.
    pub(super) fn next(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(shown) = self.shown.take() {
            let _ = shown.join();
        }
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, TermLike};

    use super::*;

    fn watch(watched: bool, patience: Duration) -> (InMemoryTerm, Progress) {
        let terminal = InMemoryTerm::new(5, 60);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 50);
        (terminal, Progress::on(target, 2, watched, patience))
    }

    #[test]
    fn long_work_is_shown_and_leaves_nothing_behind() {
        let (terminal, progress) = watch(true, Duration::ZERO);
        progress.at(Path::new("a\u{1b}[2Jb"));
        let mut seen = String::new();
        for _ in 0..100 {
            seen = terminal.contents();
            if seen.contains("grading") {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(seen.contains(r"0/2 grading a\u{1b}[2Jb"), "{seen:?}");
        assert_eq!(terminal.width(), 60);
        drop(progress);
        assert_eq!(terminal.contents(), "");
    }

    #[test]
    fn short_work_and_unwatched_work_are_not() {
        for (watched, patience) in [(true, PATIENCE), (false, Duration::ZERO)] {
            let (terminal, progress) = watch(watched, patience);
            progress.at(Path::new("a"));
            progress.next();
            std::thread::sleep(Duration::from_millis(150));
            drop(progress);
            assert!(terminal.contents_formatted().is_empty());
        }
    }
}
