//! truelevel answers one question about a repository checkout: which SLSA Build level do its releases really reach,
//! what single requirement caps it, and what is the ordered way up?
//!
//! A checkout flows one way, and every stage hands the next a value:
//!
//! | stage | module | hands on |
//! |---|---|---|
//! | READ | [`checkout`], [`syntax`] | files, and text with positions |
//! | LOWER | [`platforms`], [`runners`], [`commands`] | pipelines as jobs, steps and commands; runner pools |
//! | LINK | [`release`] | release targets, their build jobs, and the provenance that covers them |
//! | JUDGE | [`rules`] | eleven verdicts for each target, each with evidence |
//! | GRADE | [`grade`] | levels, caps and the plan |
//! | SHOW | [`report`] | one report, rendered in one of its formats |
//!
//! [`model`] is the vocabulary that they share, and [`catalogue`] is what the tool knows, read from `rules/`.

pub mod catalogue;
pub mod checkout;
pub mod cli;
pub mod commands;
pub mod grade;
pub mod inventory;
pub mod model;
pub mod platforms;
pub mod release;
pub mod report;
pub mod rules;
pub mod runners;
pub mod syntax;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use catalogue::Catalogue;
pub use checkout::With;
use checkout::{Bearing, Checkout, OpenError};
use model::{Location, Note, Problem, Requirement, Severity, Target};
use report::{Inventory, Report, Tool};

/// What grading takes beside the checkout.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Folders or files with runner configuration that is kept elsewhere.
    pub runner_config: Vec<PathBuf>,
    /// Checkouts of repositories whose workflows and actions are referred to.
    pub with: Vec<With>,
}

impl Options {
    /// The checkout with those of [`Options::with`] beside it.
    ///
    /// # Errors
    /// One of them cannot be opened, or is given twice.
    pub fn beside(&self, checkout: Checkout) -> Result<Checkout, OpenError> {
        self.with.iter().try_fold(checkout, |all, with| {
            let refuse =
                |error: OpenError| OpenError::With { repository: with.repository.clone(), reason: error.to_string() };
            all.with_beside(&with.repository, Checkout::open(&with.path).map_err(refuse)?)
        })
    }
}

pub use model::SPECIFICATION;

/// Grades the checkout in the folder `path`.
///
/// # Errors
/// When the folder, or one with runner configuration, cannot be opened at all. What cannot be read inside it is part of the report.
pub fn check(path: &Path, options: &Options) -> Result<Report, OpenError> {
    let checkout = options.beside(Checkout::open(path)?)?;
    for elsewhere in &options.runner_config {
        Checkout::open(elsewhere)?;
    }
    Ok(grade_checkout(&checkout, &path.display().to_string(), options))
}

/// Grades a checkout that has been opened; `root` is its name in the report. What [`Options::with`] names has been put
/// beside it by [`Options::beside`].
pub fn grade_checkout(checkout: &Checkout, root: &str, options: &Options) -> Report {
    let lowered = platforms::github::lower(checkout);
    let unassessed = platforms::detect::unassessed(checkout);
    let mut pools = runners::pools(checkout, &lowered.pipelines, &Catalogue::get().labels.hosted);
    let mut unread = Vec::new();
    for elsewhere in &options.runner_config {
        // Its paths stand in the report as they were given.
        let prefix = elsewhere.display().to_string();
        match Checkout::open(elsewhere) {
            Ok(other) => {
                pools.extend(runners::pools_in(&other, Some(&prefix)));
                let problems = [other.unread(Bearing::Runner), other.walk_problems().to_vec()].concat();
                unread.extend(problems.into_iter().map(|p| Problem { path: format!("{prefix}/{}", p.path), ..p }));
            }
            Err(error) => {
                unread.push(Problem { path: prefix, line: None, column: None, message: error.to_string() });
            }
        }
    }
    unread.extend(checkout.unread(Bearing::Runner));

    let linked = release::link(checkout, &lowered.pipelines);

    let scene = rules::Scene { checkout, pools: &pools };
    let targets: Vec<Target> = linked.iter().map(|l| rules::target(&scene, l)).collect();
    let hardening = rules::hardening::notes(&rules::hardening::Subject {
        outlines: &lowered.outlines,
        pipelines: &lowered.pipelines,
        targets: &linked,
        review: &lowered.review,
    });

    // What could not be read may release something or say how; a runner pool may be unlike the others.
    let mut problems: Vec<(Requirement, Problem)> = Vec::new();
    let release = [lowered.problems, checkout.unread(Bearing::Release), checkout.walk_problems().to_vec()].concat();
    problems.extend(release.into_iter().map(|p| (Requirement::ProvenanceExists, p)));
    let own = runners::asks_for_own_runners(&lowered.pipelines, &Catalogue::get().labels.hosted);
    problems.extend(unread.iter().filter(|_| own).map(|p| (Requirement::HostedBuild, p.clone())));
    let mut errors: Vec<Problem> = problems.iter().map(|(_, p)| p.clone()).chain(unread).collect();
    errors.sort();
    errors.dedup();
    let searched = searched(checkout, lowered.pipelines.len());
    let graded = grade::grade(targets, &unassessed, &problems, &searched, &|at| line_of(checkout, at));

    let mut notes = lowered.notes;
    notes.extend(unused(checkout, &lowered.used));
    notes.extend(graded.notes);
    notes.extend(hardening);
    notes.sort();
    notes.dedup();
    Report {
        version: 1,
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            spec: SPECIFICATION.to_owned(),
        },
        root: root.to_owned(),
        revision: checkout.revision().map(str::to_owned),
        repository: checkout.host().zip(checkout.slug()).map(|(host, slug)| format!("https://{host}/{slug}")),
        level: graded.level,
        declared_level: graded.level,
        cap: graded.cap,
        targets: graded.targets,
        plan: graded.plan,
        claims: Vec::new(),
        notes,
        declarations: Vec::new(),
        unassessed,
        errors,
    }
}

/// The runner pools that the checkout in the folder `path` defines, and the jobs that use them.
///
/// # Errors
/// When the folder, or one with runner configuration, cannot be opened at all.
pub fn runners_of(path: &Path, options: &Options) -> Result<Inventory, OpenError> {
    Ok(runners_in(&options.beside(Checkout::open(path)?)?, &path.display().to_string()))
}

/// Checkouts of other repositories that were given and not needed.
fn unused(checkout: &Checkout, used: &BTreeSet<String>) -> Vec<Note> {
    let idle = checkout.repositories_beside().filter(|repository| !used.contains(*repository));
    idle.map(|repository| Note {
        rule: "unused-with".to_owned(),
        severity: Severity::Info,
        message: format!(
            "the checkout given with --with {repository}=... was not read: no pipeline refers to a workflow or a composite action of it that the catalogue does not know"
        ),
        location: None,
    })
    .collect()
}

/// The runner pools of a checkout that has been opened; `root` is its name in the report.
pub fn runners_in(checkout: &Checkout, root: &str) -> Inventory {
    inventory::inventory(checkout, root)
}

/// Where a target was looked for, for the report on a checkout that shows none.
fn searched(checkout: &Checkout, pipelines: usize) -> String {
    let workflows = checkout.under(".github/workflows").filter(|p| platforms::github::is_workflow(p)).count();
    match workflows {
        0 => "there is no workflow in .github/workflows, and no pipeline of another platform releases anything"
            .to_owned(),
        _ => format!(
            "{workflows} files in .github/workflows were read, {pipelines} of them can run outside pull requests, and no step in them publishes anything"
        ),
    }
}

/// The longest source line that a report carries.
const LONGEST_LINE: usize = 4_000;

/// The source line at a location.
fn line_of(checkout: &Checkout, at: &Location) -> Option<String> {
    let text = checkout.glance(&at.path).ok()?;
    let line = text.lines().nth(at.line.checked_sub(1)? as usize)?;
    Some(line.chars().take(LONGEST_LINE).collect())
}
