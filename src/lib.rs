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
//! [`settings`] is what the team's `truelevel.yml` adds; nothing in it raises a level.
//! [`model`] is the vocabulary that they share, and [`catalogue`] is what the tool knows, read from `rules/`.

pub mod catalogue;
pub mod checkout;
pub mod claims;
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
pub mod settings;
pub mod syntax;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use catalogue::Catalogue;
pub use checkout::With;
use checkout::{Bearing, Checkout, OpenError};
use jiff::civil::Date;
use model::{Location, Note, Problem, Requirement, RunnerPool, Severity, Target};
use report::{Claim, Inventory, Report, Tool};
use settings::{Folder, Settings};

/// What grading takes beside the checkout.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Folders or files with runner configuration that is kept elsewhere.
    pub runner_config: Vec<PathBuf>,
    /// Checkouts of repositories whose workflows and actions are referred to.
    pub with: Vec<With>,
    /// Where the team's settings come from.
    pub settings: settings::Source,
    /// The day that decides what has expired; without one, today.
    pub today: Option<Date>,
}

impl Options {
    /// The checkout with those of [`Options::with`] and of the settings beside it.
    ///
    /// # Errors
    /// One of them cannot be opened, or is given twice.
    pub fn beside(&self, checkout: Checkout) -> Result<Checkout, OpenError> {
        let mut all = self.with.iter().try_fold(checkout, |all, with| {
            let refuse =
                |error: OpenError| OpenError::With { repository: with.repository.clone(), reason: error.to_string() };
            all.with_beside(&with.repository, Checkout::open(&with.path).map_err(refuse)?)
        })?;
        // Settings that are refused are part of the report.
        for (repository, folder) in Settings::of(&all, &self.settings).unwrap_or_default().checkouts() {
            let other = match folder {
                _ if all.beside(&repository).is_some() => None,
                Folder::Beside(path) => Checkout::open(&path).ok(),
                // Whoever writes the settings of a checkout writes its folders too. Git takes no `.git` into a
                // repository, so the remote says that somebody else put the checkout there.
                Folder::Inside(path) => {
                    all.below(&path).ok().map(|(other, _)| other).filter(|other| other.is_of(&repository))
                }
            };
            if let Some(other) = other {
                all = all.with_beside(&repository, other)?;
            }
        }
        Ok(all)
    }
}

/// Why a checkout is not graded at all.
#[derive(Debug)]
pub enum CheckError {
    /// A folder cannot be opened.
    Open(OpenError),
    /// The file with settings that was named for it is refused.
    Settings(Problem),
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Settings(problem) => {
                f.write_str(&problem.path)?;
                for number in [problem.line, problem.column].into_iter().flatten() {
                    write!(f, ":{number}")?;
                }
                write!(f, ": {}", problem.message)
            }
        }
    }
}

impl std::error::Error for CheckError {}

impl From<OpenError> for CheckError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

pub use model::SPECIFICATION;

/// Grades the checkout in the folder `path`.
///
/// # Errors
/// When the folder, or one that the options name, cannot be opened at all, or when settings that the options name are
/// refused. What cannot be read inside the folder is part of the report.
pub fn check(path: &Path, options: &Options) -> Result<Report, CheckError> {
    let checkout = options.beside(Checkout::open(path)?)?;
    for elsewhere in &options.runner_config {
        Checkout::open_named(elsewhere)?;
    }
    if let settings::Source::File(_) = options.settings {
        // A file of the checkout is part of the report, whatever is wrong with it; this one was asked for.
        Settings::of(&checkout, &options.settings).map_err(CheckError::Settings)?;
    }
    Ok(grade_checkout(&checkout, &path.display().to_string(), options))
}

/// Grades a checkout that has been opened; `root` is its name in the report. What [`Options::with`] names has been put
/// beside it by [`Options::beside`].
pub fn grade_checkout(checkout: &Checkout, root: &str, options: &Options) -> Report {
    let mut refused = None;
    let settings = Settings::of(checkout, &options.settings).unwrap_or_else(|problem| {
        refused = Some(problem);
        Settings::default()
    });
    let lowered = platforms::github::lower(checkout);
    let unassessed = platforms::detect::unassessed(checkout);
    let mut pools = runners::pools(checkout, &lowered.pipelines, &Catalogue::get().labels.hosted);
    let mut unread = Vec::new();
    pools.extend(pools_beside(checkout, &settings, options, &mut unread));
    unread.extend(checkout.unread(Bearing::Runner));
    let mut team_notes = Vec::new();
    team_notes.extend(without_checkout(checkout, &settings));

    let linked = release::link(checkout, &lowered.pipelines);

    let scene = rules::Scene::new(checkout, &pools);
    let mut targets: Vec<Target> = rules::targets(&scene, &linked);
    targets.extend(declared_targets(&settings, &targets, &mut team_notes));
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
    problems.extend(refused.map(|problem| (Requirement::ProvenanceExists, problem)));
    let own = runners::asks_for_own_runners(&lowered.pipelines, &Catalogue::get().labels.hosted);
    problems.extend(unread.iter().filter(|_| own).map(|p| (Requirement::HostedBuild, p.clone())));
    let mut errors: Vec<Problem> = problems.iter().map(|(_, p)| p.clone()).chain(unread).collect();
    errors.sort_unstable();
    errors.dedup();
    let searched = searched(checkout, lowered.pipelines.iter().filter(|p| !p.flows.is_empty()).count());
    let graded = grade::grade(targets, &unassessed, &problems, &searched, &|at| line_of(checkout, at));

    let mut notes = lowered.notes;
    notes.extend(unused(checkout, &lowered.used));
    notes.extend(graded.notes);
    notes.extend(team_notes);
    notes.extend(hardening);
    notes.sort_unstable();
    notes.dedup();
    let mut report = Report {
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
        claims: claims_of(checkout, graded.level),
        notes,
        declarations: Vec::new(),
        accepted: Vec::new(),
        excluded: Vec::new(),
        gate: Vec::new(),
        unassessed,
        errors,
    };
    let pipelines: Vec<&str> = lowered.pipelines.iter().map(|pipeline| &*pipeline.path).collect();
    grade::settle(&mut report, &settings, &pipelines, options.today.unwrap_or_else(settings::today));
    report
}

/// What the documents of the checkout claim, held against the level.
fn claims_of(checkout: &Checkout, level: u8) -> Vec<Claim> {
    let claims = claims::claims(checkout).into_iter();
    let claim = |found: claims::Found| Claim {
        location: found.location,
        level: found.level,
        overclaim: found.level > level,
        text: found.text,
    };
    claims.map(claim).collect()
}

/// The runner pools of the folders that the options and the settings name.
fn pools_beside(
    checkout: &Checkout,
    settings: &Settings,
    options: &Options,
    unread: &mut Vec<Problem>,
) -> Vec<RunnerPool> {
    let mut pools = Vec::new();
    for elsewhere in &options.runner_config {
        // Its paths stand in the report as they were given.
        match Checkout::open_named(elsewhere) {
            Ok((other, folder)) => {
                let prefix = folder.display().to_string();
                pools.extend(runners::pools_in(&other, Some(&prefix)));
                let problems = [other.unread(Bearing::Runner), other.walk_problems().to_vec()].concat();
                unread.extend(problems.into_iter().map(|p| Problem { path: format!("{prefix}/{}", p.path), ..p }));
            }
            Err(error) => {
                let path = elsewhere.display().to_string();
                unread.push(Problem { path, line: None, column: None, message: error.to_string() });
            }
        }
    }
    let mut named = pools_named(checkout, settings, unread);
    named.retain(|pool| runners::reaches(pool, checkout.slug()));
    pools.extend(named);
    pools
}

/// The runner pools of the folders that the settings name.
fn pools_named(checkout: &Checkout, settings: &Settings, unread: &mut Vec<Problem>) -> Vec<RunnerPool> {
    let mut pools = Vec::new();
    for folder in settings.runner_folders() {
        let found = match &folder {
            Folder::Inside(path) => checkout.below(path).map_err(|error| error.to_string()).map(|(other, path)| {
                let other = other.as_named();
                pools.extend(runners::pools_below(&other, &path));
                (other, path)
            }),
            Folder::Beside(path) => {
                Checkout::open_named(path).map_err(|error| error.to_string()).map(|(other, path)| {
                    let prefix = path.display().to_string();
                    pools.extend(runners::pools_in(&other, Some(&prefix)));
                    (other, prefix)
                })
            }
        };
        match found {
            Ok((other, prefix)) => {
                let problems = [other.unread(Bearing::Runner), other.walk_problems().to_vec()].concat();
                unread.extend(problems.into_iter().map(|p| Problem { path: format!("{prefix}/{}", p.path), ..p }));
            }
            Err(reason) => unread.push(Problem {
                path: settings.location.path.to_string(),
                line: None,
                column: None,
                message: format!("`runner-config` names {folder}: {reason}"),
            }),
        }
    }
    pools
}

/// What the settings name as the checkout of another repository and is none.
fn without_checkout(checkout: &Checkout, settings: &Settings) -> Vec<Note> {
    let checkouts = settings.checkouts().into_iter();
    let missing = checkouts.filter(|(repository, _)| checkout.beside(repository).is_none());
    let note = |(repository, folder): (String, Folder)| {
        let message = format!(
            "`with` names {folder} as a checkout of {repository}: there is no such folder, or no git remote in it says so, and it was not read"
        );
        Note::warning("unread-with", &settings.location, message)
    };
    missing.map(note).collect()
}

/// The targets that the settings declare and that reading does not find.
fn declared_targets(settings: &Settings, read: &[Target], notes: &mut Vec<Note>) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for entry in &settings.targets {
        let known = |target: &&Target| (target.kind, &target.name) == (entry.id.0, &entry.id.1);
        if let Some(target) = read.iter().find(known) {
            let message = format!(
                "{}:{} is found in {} as well: it need not be declared",
                target.kind.id(),
                target.name,
                target.pipeline
            );
            notes.push(Note::warning("idle-target", &entry.location, message));
        } else if !targets.iter().any(|target| known(&target)) {
            targets.push(rules::declared(entry));
        }
    }
    targets
}

/// The runner pools that the checkout in the folder `path` defines, and the jobs that use them.
///
/// # Errors
/// When the folder, or one with runner configuration, cannot be opened at all.
pub fn runners_of(path: &Path, options: &Options) -> Result<Inventory, CheckError> {
    let checkout = options.beside(Checkout::open(path)?)?;
    for elsewhere in &options.runner_config {
        Checkout::open_named(elsewhere)?;
    }
    if let settings::Source::File(_) = options.settings {
        Settings::of(&checkout, &options.settings).map_err(CheckError::Settings)?;
    }
    Ok(runners_in(&checkout, &path.display().to_string(), options))
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

/// The runner pools of a checkout that has been opened, and of the folders that the options and its settings name;
/// `root` is its name in the report.
pub fn runners_in(checkout: &Checkout, root: &str, options: &Options) -> Inventory {
    let mut errors = Vec::new();
    let settings = Settings::of(checkout, &options.settings).unwrap_or_else(|problem| {
        errors.push(problem);
        Settings::default()
    });
    let beside = pools_beside(checkout, &settings, options, &mut errors);
    let mut inventory = inventory::inventory(checkout, root, beside);
    errors.extend(checkout.unread(Bearing::Runner));
    errors.sort_unstable();
    errors.dedup();
    inventory.errors = errors;
    inventory
}

/// Where a target was looked for, for the report on a checkout that shows none.
fn searched(checkout: &Checkout, pipelines: usize) -> String {
    let workflows = checkout.under(".github/workflows").filter(|p| platforms::github::is_workflow(p)).count();
    match workflows {
        0 => "there is no workflow in .github/workflows, and no pipeline of another platform releases anything"
            .to_owned(),
        _ => {
            let read = if workflows == 1 {
                "1 file in .github/workflows was"
            } else {
                &format!("{workflows} files in .github/workflows were")
            };
            let (run, them) = match (workflows, pipelines) {
                (1, 0) => ("it runs for pull requests alone".to_owned(), "it"),
                (_, 0) => ("none of them can run outside pull requests".to_owned(), "them"),
                (1, _) => ("it can run outside pull requests".to_owned(), "it"),
                (_, 1) => ("1 of them can run outside pull requests".to_owned(), "it"),
                _ => (format!("{pipelines} of them can run outside pull requests"), "them"),
            };
            format!("{read} read, {run}, and no step in {them} is seen to publish")
        }
    }
}

/// The longest source line that a report carries.
const LONGEST_LINE: usize = 4_000;

/// The source line at a location.
fn line_of(checkout: &Checkout, at: &Location) -> Option<String> {
    let text = checkout.glance(&at.path).ok()?;
    let line = syntax::lines::from(&text, at.line)?.lines().next()?;
    Some(line.chars().take(LONGEST_LINE).collect())
}
