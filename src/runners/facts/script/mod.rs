//! A script that registers and runs an agent, whatever carries it: a file of its own, user data, a systemd unit, an
//! entrypoint, tasks of Ansible, a provisioner.
//!
//! A carrier finds the commands: [`shell`] where the text is a script that can be read as one, [`lines`] where it stands
//! inside of something else (a template, YAML, the script of another shell). What a command says about an agent is the
//! same everywhere, and [`command`] knows it.
//!
//! `--ephemeral` and a just-in-time configuration make the registration single-use, not the machine: a loop or a
//! service around them runs job after job on the same files.
//! Source: <https://github.com/actions/runner>, `src/Runner.Listener/CommandSettings.cs`

mod command;
pub(in crate::runners) mod lines;
mod shell;
mod windows;

use std::sync::Arc;

use super::docker::Run;
use crate::commands::{Shell, read};
use crate::model::{Evidence, Location, Position, Span, Unread};

pub(in crate::runners) use shell::{Source, read_line, read_script};

/// Whether an agent takes one job and ends.
#[derive(Debug, Clone)]
pub(in crate::runners) enum Once {
    /// It registers for one job.
    Yes(Evidence),
    /// It takes one job after another.
    No(Evidence),
    /// It cannot be told.
    Hidden(Evidence),
}

/// What a script does with an agent.
#[derive(Default)]
pub(in crate::runners) struct Install {
    /// Where the agent is registered or run.
    pub(in crate::runners) location: Option<Location>,
    /// Where it is registered.
    pub(in crate::runners) registered: Option<Location>,
    /// Whether it takes one job; `None` when it is not registered here.
    pub(in crate::runners) once: Option<Once>,
    /// A variable says that it takes one job.
    told: Option<Evidence>,
    /// The labels as one list, variables as `${NAME}`.
    pub(in crate::runners) labels: Option<String>,
    /// It does not get the default labels.
    pub(in crate::runners) bare: bool,
    pub(in crate::runners) group: Option<String>,
    pub(in crate::runners) url: Option<String>,
    /// What the script holds to register the agent, when it outlives the registration.
    pub(in crate::runners) long_lived: Option<Evidence>,
    /// It asks the forge for the registration itself.
    pub(in crate::runners) asks: Option<Evidence>,
    /// It runs as a service of the machine.
    pub(in crate::runners) service: Option<Evidence>,
    /// It is run again and again.
    pub(in crate::runners) looped: Option<Evidence>,
    /// The machine is destroyed behind the job.
    pub(in crate::runners) destroyed: Option<Evidence>,
    /// The machine is stopped behind the job.
    pub(in crate::runners) stopped: Option<Evidence>,
    /// Containers that it starts.
    pub(in crate::runners) runs: Vec<Run>,
    /// It is the agent of Azure Pipelines, whose one label is its pool.
    pub(in crate::runners) azure: bool,
    /// It is the agent for Windows.
    pub(in crate::runners) windows: bool,
}

impl Install {
    /// Where an agent of GitHub is registered.
    pub(in crate::runners) fn registers(&self) -> Option<&Location> {
        self.registered.as_ref().filter(|_| !self.azure)
    }
}

/// The place of a stretch of a file's own text.
pub(in crate::runners) fn place(path: &Arc<str>, text: &str, from: usize, to: usize) -> Location {
    Location::new(path, Span { start: position(text, from, 1), end: position(text, to, 1) })
}

/// The position of an offset in a text that starts on line `first`.
fn position(text: &str, offset: usize, first: u32) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position {
        line: first.saturating_add(count(before.matches('\n').count())),
        column: count(before.rsplit('\n').next().unwrap_or_default().chars().count() + 1),
        byte: count(offset),
    }
}

/// The shell that runs a script.
fn shell_of(path: &str) -> Shell {
    let ends = |ends: &[&str]| ends.iter().any(|e| path.ends_with(e));
    match () {
        () if ends(&[".ps1", ".psm1"]) => Shell::PowerShell,
        () if ends(&[".cmd", ".bat"]) => Shell::Batch,
        () => Shell::Posix,
    }
}

/// Where a script cannot be read first, as an offset, and why.
pub(in crate::runners) fn unread(path: &str, text: &str) -> Option<(usize, Unread)> {
    read(text, shell_of(path)).unread.into_iter().next()
}

/// Reads the script of a file. `None` when no agent is in it.
pub(in crate::runners) fn read_file(path: &Arc<str>, text: &str, rule: &'static str) -> Option<Install> {
    let locate = |from: usize, to: usize| place(path, text, from, to);
    let shell = shell_of(path);
    let mut install = read_script(&Source { text, shell, locate: &locate, rule })?;
    if shell != Shell::Posix {
        windows::rest(&mut install, path, text, rule);
    }
    Some(install)
}
