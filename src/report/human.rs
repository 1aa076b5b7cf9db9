//! The report for people on a terminal.

use super::Report;

/// How the report is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Human {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether colours are used.
    pub color: bool,
}

/// Renders a report for people.
pub fn human(report: &Report, _layout: Human) -> String {
    format!("level {}\n", report.level)
}
