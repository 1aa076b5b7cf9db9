//! What a team writes into `truelevel.yml`: a gate, targets that no file shows, declarations, accepted findings.
//!
//! The file is part of the checkout, so whoever may open a pull request writes it. It is read like any other file of a
//! checkout, its paths may not leave the checkout, and nothing in it raises a level. What it says is checked here; what
//! follows from it is decided by `grade`.

mod file;
mod pattern;
mod place;
mod read;
mod refusal;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::checkout::{Checkout, ReadError};
use crate::model::{Location, Problem};

pub use file::{Accept, Declaration, Exclude, Gate, GateTarget, Settings, TargetDeclaration, schema};
pub use pattern::Pattern;

/// Names under which the file is found in the root of a checkout. Two of them at once are refused: which one holds
/// would be a guess.
pub const NAMES: [&str; 4] = ["truelevel.yml", "truelevel.yaml", ".truelevel.yml", ".truelevel.yaml"];

/// Most bytes of the file.
pub const MAX_BYTES: usize = 256 * 1024;
/// Most entries of each of its lists.
pub const MAX_ENTRIES: usize = 200;
/// Most characters of a reason and of any other text in it.
pub const MAX_TEXT: usize = 2_000;

/// Where the settings come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Source {
    /// From the root of the checkout, when it has such a file.
    #[default]
    Checkout,
    /// From this file, whatever the checkout has. Its relative paths start in its folder and may lead anywhere: who
    /// names it answers for it.
    File(PathBuf),
    /// From nowhere.
    Nowhere,
}

/// A folder that the settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// A folder of the checkout, by its path from the root.
    Inside(String),
    /// A folder beside a file that was named on the command line.
    Beside(PathBuf),
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inside(path) => f.write_str(path),
            Self::Beside(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Settings {
    /// The settings of a checkout, checked. Without a file they are empty.
    ///
    /// # Errors
    /// The file cannot be read, is no YAML, or says something that it cannot mean.
    pub fn of(checkout: &Checkout, source: &Source) -> Result<Self, Problem> {
        match source {
            Source::Nowhere => Ok(Self::default()),
            Source::File(file) => Self::from_file(file),
            Source::Checkout => {
                let mut found = NAMES.iter().filter_map(|name| match checkout.read(name) {
                    Err(ReadError::NotFound) => None,
                    text => Some((*name, text)),
                });
                let Some((name, text)) = found.next() else { return Ok(Self::default()) };
                if let Some((other, _)) = found.next() {
                    return Err(refused(name, &format!("{other} is there too: keep one of them")));
                }
                let text = text.map_err(|error| unreadable(name, &error))?;
                read::settings(name, &text)
            }
        }
    }

    fn from_file(file: &Path) -> Result<Self, Problem> {
        let name = file.display().to_string();
        let folder = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let inner = file.file_name().and_then(|inner| inner.to_str());
        let inner = inner.ok_or_else(|| refused(&name, "this is not the path of a file"))?;
        let beside = Checkout::open(folder).map_err(|error| refused(&name, &error.to_string()))?;
        let text = beside.read(inner).map_err(|error| unreadable(&name, &error))?;
        let mut settings = read::settings_beside(&name, &text)?;
        settings.beside = Some(folder.to_owned());
        Ok(settings)
    }

    /// The folders with runner configuration.
    pub fn runner_folders(&self) -> Vec<Folder> {
        self.runner_config.iter().map(|path| self.folder(path)).collect()
    }

    /// Checkouts of other repositories, by `owner/name`.
    pub fn checkouts(&self) -> Vec<(String, Folder)> {
        self.with.iter().map(|(name, path)| (name.clone(), self.folder(path))).collect()
    }

    fn folder(&self, path: &str) -> Folder {
        match &self.beside {
            Some(folder) => Folder::Beside(folder.join(path)),
            None => Folder::Inside(path.to_owned()),
        }
    }
}

/// Today by the clock of the system, in UTC, so that a report does not depend on where it was made.
pub fn today() -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date()
}

fn refused(path: &str, message: &str) -> Problem {
    Problem { path: path.to_owned(), line: None, column: None, message: message.to_owned() }
}

fn unreadable(path: &str, error: &ReadError) -> Problem {
    let (line, column) = error.position().unzip();
    Problem { line, column, ..refused(path, &error.to_string()) }
}

/// Where an entry stands, once it was read from a file.
fn somewhere() -> Location {
    Location::start_of(&"".into())
}
