//! Pipelines: what a CI platform reads, and the flows that events start.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Event, Job, Note};

/// A CI platform whose pipelines are graded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// GitHub Actions.
    GithubActions,
    /// None that a file shows: the team's configuration declares the target.
    Declared,
}

impl Platform {
    /// All whose files are read.
    pub const ALL: &'static [Platform] = &[Platform::GithubActions];

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Platform::GithubActions => "GitHub Actions",
            Platform::Declared => "declared by the team",
        }
    }

    /// What its files can show.
    pub fn shows(self) -> &'static str {
        match self {
            Platform::GithubActions => "graded: its files can show every requirement, up to level 3",
            Platform::Declared => "nothing: no file shows how these targets are made",
        }
    }

    /// The identifier used in reports.
    pub fn id(self) -> &'static str {
        match self {
            Platform::GithubActions => "github-actions",
            Platform::Declared => "declared",
        }
    }
}

/// The jobs that one event starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// What starts it.
    pub event: Event,
    /// Its jobs, in file order; every leg of a matrix is one. Flows of a pipeline share those that their events start
    /// alike.
    pub jobs: Vec<Arc<Job>>,
    /// Their indices by their keys and those of the jobs that call them.
    below: OnceLock<HashMap<String, Vec<usize>>>,
}

impl Flow {
    /// The jobs that `event` starts.
    pub fn new(event: Event, jobs: Vec<Arc<Job>>) -> Self {
        Self { event, jobs, below: OnceLock::new() }
    }

    /// The indices of all legs of the job with this key, and of the jobs that it calls.
    pub fn below(&self, key: &str) -> &[usize] {
        let index = || {
            let mut below: HashMap<String, Vec<usize>> = HashMap::new();
            for (at, job) in self.jobs.iter().enumerate() {
                let ends = job.key.match_indices('/').map(|(end, _)| end).chain([job.key.len()]);
                for key in ends.filter_map(|end| job.key.get(..end)) {
                    below.entry(key.to_owned()).or_default().push(at);
                }
            }
            below
        };
        self.below.get_or_init(index).get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The job at an index.
    pub fn job(&self, at: usize) -> Option<&Job> {
        self.jobs.get(at).map(|job| &**job)
    }

    /// The jobs with this key: all legs of it.
    pub fn legs<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Job> {
        self.jobs.iter().map(|j| &**j).filter(move |j| j.key == key)
    }
}

/// One pipeline file with its flows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Its path in the checkout.
    pub path: Arc<str>,
    /// The platform that reads it.
    pub platform: Platform,
    /// One flow for each event that can release something.
    pub flows: Vec<Flow>,
    /// Observations made while reading it.
    pub notes: Vec<Note>,
}
