//! How the files of each CI platform are recognised.

use serde::Deserialize;

/// A CI platform's files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// The platform's identifier.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Glob patterns of its files, from the checkout root, without regard to case.
    pub files: Vec<String>,
    /// Glob patterns that are never its files.
    #[serde(default)]
    pub except: Vec<String>,
    /// The file is one of the platform's only when its text holds at least one word of each of these groups.
    #[serde(default)]
    pub content: Vec<Vec<String>>,
    /// What in it makes it a release flow: places in [`Catalogue::clues`](super::Catalogue::clues), in the order in which
    /// they convince.
    #[serde(default)]
    pub release: Vec<usize>,
    /// What says that its one pipeline runs for proposed changes alone, and so hands nothing to consumers.
    #[serde(default)]
    pub review: Option<Review>,
    /// The platform has shut down: its files are reported and hold nothing down.
    #[serde(default)]
    pub retired: Option<String>,
}

/// How a pipeline file says that it runs for proposed changes alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// A regular expression over one line: what starts it.
    pub matches: String,
    /// A regular expression over one line: what else may start it, or another pipeline of the file.
    pub unless: String,
    /// A regular expression over one line: what else starts it and proposes changes all the same, as a queue of them does.
    #[serde(default)]
    pub queue: Option<String>,
    /// What every pipeline of the file holds once; a file with several is read as if it said nothing.
    pub once: String,
}

/// A sign of a release in a pipeline file that is not analysed. Comments do not count.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clue {
    /// What it is, as a noun phrase ("a docker push").
    pub what: String,
    /// A regular expression over one line.
    pub matches: String,
    /// Not when the line matches this.
    #[serde(default)]
    pub unless: Option<String>,
    /// Whether it is looked for in the scripts that the pipeline calls too, as a command is and a key or a name is not.
    #[serde(default)]
    pub in_scripts: bool,
    /// Only when the line above, comments and blank ones left out, matches this.
    #[serde(default)]
    pub below: Option<String>,
    /// Only when some line of the file, comments left out, matches this: what is not in the file runs there.
    #[serde(default)]
    pub beside: Option<String>,
}
