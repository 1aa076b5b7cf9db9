//! The inventory of runner pools: what `truelevel runners` prints.

use std::fmt::Write;

use serde::Serialize;

use super::json::pretty;
use super::sanitize::terminal;
use crate::model::{Evidence, Location, Note, Problem, State};

/// The runner pools of one checkout.
#[derive(Debug, Clone, Serialize)]
pub struct Inventory {
    /// Version of this document.
    pub version: u32,
    /// The checkout.
    pub root: String,
    /// Its pools, by path and line.
    pub pools: Vec<Pool>,
    /// Labels that jobs ask for and that no pool answers and no platform hosts.
    pub unanswered: Vec<Asked>,
    /// Labels that the configuration of a linter lists. They name runners and define none.
    pub listed: Vec<Listed>,
    /// What may define runners and could not be read.
    pub errors: Vec<Problem>,
}

/// A runner pool.
#[derive(Debug, Clone, Serialize)]
pub struct Pool {
    /// The name it has in its file.
    pub name: String,
    /// What kind of definition it is.
    pub shape: String,
    /// Where it is defined.
    pub location: Location,
    /// Labels of its runners.
    pub labels: Vec<String>,
    /// The runner group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The repository or organisation it is registered for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered_for: Option<String>,
    /// Whether it is registered for another repository or organisation than this one.
    pub elsewhere: bool,
    /// Whether it lies among examples, test data or dependencies.
    pub incidental: bool,
    /// Managed infrastructure.
    pub hosted: Axis,
    /// A fresh environment for each job.
    pub ephemeral: Axis,
    /// Builds kept apart.
    pub isolated: Axis,
    /// Credentials that register its runners, and who holds them.
    pub credentials: Vec<Evidence>,
    /// Stores that hand one build's files to the next.
    pub caches: Vec<Evidence>,
    /// Jobs that may land on it, as `file: job`; a pool that no job uses changes no level.
    pub used_by: Vec<String>,
    /// What could be hardened.
    pub notes: Vec<Note>,
}

/// A finding on one axis.
#[derive(Debug, Clone, Serialize)]
pub struct Axis {
    /// How it stands.
    pub state: State,
    /// What shows it.
    pub evidence: Evidence,
    /// For what is not shown: what would show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_show: Option<String>,
    /// For what is not met: what to set in the definition, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to_set: Vec<String>,
}

/// Labels that a job asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Asked {
    /// The labels, as the job names them.
    pub labels: Vec<String>,
    /// The job.
    pub job: String,
    /// Where it asks.
    pub location: Location,
}

/// A label that a linter knows.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// The label or its pattern.
    pub label: String,
    /// Where it is listed.
    pub location: Location,
}

/// The inventories as JSON: one object for one checkout, an array for several.
///
/// # Errors
/// Never in practice; what the serialiser says.
pub fn inventory_json(inventories: &[Inventory], several: bool) -> Result<String, serde_json::Error> {
    match (inventories, several) {
        ([one], false) => pretty(one),
        ([], false) => Ok(String::new()),
        _ => pretty(&inventories),
    }
}

/// The inventory for people.
pub fn inventory_human(inventory: &Inventory, width: usize) -> String {
    let mut page = Page { text: String::new(), width: width.max(40) };
    let count = inventory.pools.len();
    let used = inventory.pools.iter().filter(|p| !p.used_by.is_empty()).count();
    let pools = if count == 1 { "runner pool" } else { "runner pools" };
    page.line(0, &format!("{count} {pools} in {}, {used} used", inventory.root));
    for pool in &inventory.pools {
        page.text.push('\n');
        page.line(0, &format!("{} ({})", pool.name, pool.shape));
        page.field("defined", &place(&pool.location));
        let labels =
            if pool.labels.is_empty() { "none that the file shows".to_owned() } else { pool.labels.join(", ") };
        page.field("labels", &labels);
        if let Some(group) = &pool.group {
            page.field("group", group);
        }
        if let Some(scope) = &pool.registered_for {
            let note = if pool.elsewhere { " (another than this repository: takes none of its jobs)" } else { "" };
            page.field("for", &format!("{scope}{note}"));
        }
        if pool.incidental {
            page.field("note", "lies among examples, test data or dependencies");
        }
        page.axis("hosted", &pool.hosted);
        page.axis("lifetime", &pool.ephemeral);
        page.axis("isolation", &pool.isolated);
        for piece in &pool.credentials {
            page.field("credential", &format!("{} ({})", piece.note, place(&piece.location)));
        }
        for piece in &pool.caches {
            page.field("cache", &format!("{} ({})", piece.note, place(&piece.location)));
        }
        match pool.used_by.as_slice() {
            [] => page.field("unused", "no job of the pipelines reaches it, so it changes no level"),
            jobs => jobs.iter().for_each(|job| page.field("used by", job)),
        }
        for note in &pool.notes {
            page.field("harden", &note.message);
        }
    }
    if !inventory.unanswered.is_empty() {
        page.text.push('\n');
        page.line(0, "Labels that no file defines:");
        for asked in &inventory.unanswered {
            page.line(2, &format!("{}  {} ({})", asked.labels.join(", "), asked.job, place(&asked.location)));
        }
    }
    if !inventory.listed.is_empty() {
        page.text.push('\n');
        page.line(0, "Labels that a linter's configuration lists, which defines no runner:");
        for listed in &inventory.listed {
            page.line(2, &format!("{} ({})", listed.label, place(&listed.location)));
        }
    }
    if !inventory.errors.is_empty() {
        page.text.push('\n');
        page.line(0, "Could not be read, so runners may be missing here:");
        for problem in &inventory.errors {
            let at = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
            page.line(2, &format!("{}{at}: {}", problem.path, problem.message));
        }
    }
    page.text
}

fn place(at: &Location) -> String {
    format!("{}:{}", at.path, at.line)
}

struct Page {
    text: String,
    width: usize,
}

impl Page {
    fn line(&mut self, indent: usize, text: &str) {
        let blank = " ".repeat(indent);
        let safe = terminal(text);
        let options = textwrap::Options::new(self.width).initial_indent(&blank).subsequent_indent(&blank);
        for line in textwrap::wrap(&safe, options) {
            let _ = writeln!(self.text, "{line}");
        }
    }

    fn field(&mut self, name: &str, text: &str) {
        let first = format!("  {name:<11} ");
        let more = " ".repeat(first.len());
        let safe = terminal(text);
        let options = textwrap::Options::new(self.width).initial_indent(&first).subsequent_indent(&more);
        for line in textwrap::wrap(&safe, options) {
            let _ = writeln!(self.text, "{line}");
        }
    }

    fn axis(&mut self, name: &str, axis: &Axis) {
        let state = axis.state.id();
        self.field(name, &format!("{state}: {} ({})", axis.evidence.note, place(&axis.evidence.location)));
        axis.to_set.iter().for_each(|what| self.field("", &format!("set: {what}")));
    }
}
