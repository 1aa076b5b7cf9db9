//! The streams and the terminal that a command talks to.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::{DOUBT, HOLDS};
use crate::report::sanitize;

/// Columns of a report that goes into a file or a pipe.
const PIPED: usize = 100;
/// Columns of a terminal that does not tell.
const UNTOLD: usize = 80;

/// The streams and the terminal.
pub struct Console<'a> {
    out: BufWriter<Box<dyn Write + 'a>>,
    err: Box<dyn Write + 'a>,
    width: Option<usize>,
    colors: bool,
    summary: Option<PathBuf>,
    watched: bool,
}

impl<'a> Console<'a> {
    /// Streams of the caller's; `width` is the terminal's, `None` where the output is none.
    pub fn new(out: impl Write + 'a, err: impl Write + 'a, width: Option<usize>, colors: bool) -> Self {
        let out = BufWriter::new(Box::new(out) as Box<dyn Write + 'a>);
        Self { out, err: Box::new(err), width, colors, summary: None, watched: false }
    }

    /// The file to which a workflow run of GitHub asks for a Markdown summary.
    #[must_use]
    pub fn with_summary(mut self, file: Option<PathBuf>) -> Self {
        self.summary = file;
        self
    }
}

impl Console<'static> {
    /// The streams of this process.
    pub fn of_process() -> Self {
        let out = io::stdout();
        let colors = anstream::AutoStream::choice(&out) != anstream::ColorChoice::Never;
        let width = out.is_terminal().then(|| {
            terminal_size::terminal_size_of(&out).map_or(UNTOLD, |(terminal_size::Width(columns), _)| columns.into())
        });
        let summary = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()).map(PathBuf::from);
        let watched = io::stderr().is_terminal();
        Self { watched, ..Self::new(out, io::stderr(), width, colors).with_summary(summary) }
    }
}

impl Console<'_> {
    /// Columns for a report on standard output.
    pub(super) fn width(&self) -> usize {
        self.width.unwrap_or(PIPED)
    }

    /// Columns for a report in a file.
    pub(super) fn file_width() -> usize {
        PIPED
    }

    /// Whether standard output shows colours, and nobody asked for none.
    pub(super) fn colors(&self) -> bool {
        self.colors
    }

    /// Whether standard output is a terminal.
    pub(super) fn terminal(&self) -> bool {
        self.width.is_some()
    }

    /// The file for the summary of a workflow run, when one is asked for.
    pub(super) fn summary(&self) -> Option<&Path> {
        self.summary.as_deref()
    }

    /// Whether somebody watches standard error.
    pub(super) fn watched(&self) -> bool {
        self.watched
    }

    /// Writes to standard output. Returns `false` when that failed and was reported. A reader that has seen enough
    /// (`| head`) is no failure.
    pub(super) fn print(&mut self, text: &str) -> bool {
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => true,
            Err(error) => {
                self.say(&format!("cannot write to standard output: {error}"));
                false
            }
        }
    }

    /// Prints what a command made, or says why it could not. Returns the exit code.
    pub(super) fn deliver(&mut self, text: Result<String, String>) -> u8 {
        match text {
            Ok(text) if self.print(&text) => HOLDS,
            Ok(_) => DOUBT,
            Err(reason) => {
                self.say(&reason);
                DOUBT
            }
        }
    }

    /// One message of one line on standard error. When even that cannot be written, the exit code still tells.
    pub(super) fn say(&mut self, message: &str) {
        let _ = writeln!(self.err, "truelevel: {}", sanitize::terminal(message));
    }

    /// Prepared lines on standard error.
    pub(super) fn complain(&mut self, lines: &str) {
        let safe: Vec<_> = lines.lines().map(sanitize::terminal).collect();
        let _ = writeln!(self.err, "{}", safe.join("\n"));
    }
}
