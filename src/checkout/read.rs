//! One file, from its path to its text.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::path;

/// Most bytes of a file.
pub const MAX_FILE: u64 = 1024 * 1024;
/// Most bytes of a YAML file and of a file in a folder of a CI platform: generated pipelines grow large.
pub const MAX_PIPELINE: u64 = 2 * 1024 * 1024;

/// Most bytes of a JavaScript file: the program of an action is one file with all its libraries.
/// Source: <https://docs.github.com/en/actions/tutorials/create-actions/create-a-javascript-action>
pub const MAX_BUNDLE: u64 = 8 * 1024 * 1024;

/// Why a file has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// There is nothing at this path.
    NotFound,
    /// The path, or what a symbolic link makes of it, leaves the checkout or enters `.git`.
    Outside,
    /// The name is written like a value that is not known.
    Unknown,
    /// A symbolic link with nothing at its end.
    Dangling,
    /// A folder, a pipe, a device or a socket.
    NotAFile,
    /// Something else than the folder that was asked for.
    NotAFolder,
    /// The bytes are not UTF-8.
    NotText {
        /// Line of the first byte that is not, from 1.
        line: u32,
        /// Its column in characters, from 1.
        column: u32,
    },
    /// The file is larger than what is read.
    TooLarge {
        /// Most bytes.
        limit: u64,
    },
    /// The system refuses.
    Unreadable {
        /// What it says.
        message: String,
    },
}

impl ReadError {
    /// Line and column of the first byte that is not text, from 1.
    pub fn position(&self) -> Option<(u32, u32)> {
        match self {
            Self::NotText { line, column } => Some((*line, *column)),
            _ => None,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such file"),
            Self::Outside => f.write_str("the path leaves the checkout, so the file was not read"),
            Self::Unknown => {
                f.write_str("the name holds `${{` and so looks like a value that is not known: it was not read")
            }
            Self::Dangling => f.write_str("this symbolic link leads nowhere"),
            Self::NotAFile => f.write_str("this is not a regular file"),
            Self::NotAFolder => f.write_str("this is not a folder"),
            Self::NotText { line, column } => {
                write!(f, "the file is not UTF-8 text from line {line}, column {column} on")
            }
            Self::TooLarge { limit } => write!(f, "the file is larger than {limit} bytes, so it was not read"),
            Self::Unreadable { message } => write!(f, "the file cannot be read: {message}"),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // No file has a name that its file system does not take.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => Self::NotFound,
            _ => Self::Unreadable { message: error.to_string() },
        }
    }
}

/// Most bytes that are read of the file at a normalised path.
pub(super) fn limit(path: &str) -> u64 {
    if [".js", ".cjs", ".mjs"].iter().any(|ending| path.ends_with(ending)) {
        MAX_BUNDLE
    } else if is_yaml(path) || path.split('/').any(super::walk::is_ci) {
        MAX_PIPELINE
    } else {
        MAX_FILE
    }
}

/// Whether a name or path is that of a YAML file.
pub(super) fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

/// The regular file at the end of every symbolic link of a normalised path, in the checkout and not in `.git`.
pub(super) fn locate(root: &Path, path: &str) -> Result<PathBuf, ReadError> {
    if path::is_git(path) {
        return Err(ReadError::Outside);
    }
    let there = root.join(path);
    // Most of what is asked for is not there, and only what is may hold links.
    there.symlink_metadata()?;
    let target = inside(root, &there).map_err(|error| match error {
        ReadError::NotFound => ReadError::Dangling,
        error => error,
    })?;
    let below = target.strip_prefix(root).map_err(|_| ReadError::Outside)?;
    if below.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
        return Err(ReadError::Outside);
    }
    // Opening a pipe would wait for a writer.
    if target.metadata()?.is_file() { Ok(target) } else { Err(ReadError::NotAFile) }
}

/// The canonical path, when it is the root or below it.
pub(super) fn inside(root: &Path, path: &Path) -> Result<PathBuf, ReadError> {
    let target = path.canonicalize()?;
    if target.starts_with(root) { Ok(target) } else { Err(ReadError::Outside) }
}

/// The text at a normalised path.
pub(super) fn read(root: &Path, path: &str, limit: u64) -> Result<String, ReadError> {
    text(bytes(&locate(root, path)?, limit)?)
}

/// The bytes of a regular file whose place was checked.
pub(super) fn bytes(target: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let file = File::open(target)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ReadError::NotAFile);
    }
    if metadata.len() > limit {
        return Err(ReadError::TooLarge { limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // The length that the system reports is not what a file may yield.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { limit });
    }
    Ok(bytes)
}

/// The first bytes of a regular file whose place was checked.
pub(super) fn beginning(target: &Path, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(target)
        && file.metadata().is_ok_and(|metadata| metadata.is_file())
    {
        // What came before a failure is a beginning, too.
        let _ = file.take(limit).read_to_end(&mut bytes);
    }
    bytes
}

/// The text of the bytes.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, ReadError> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let good = std::str::from_utf8(good).unwrap_or_default();
        let line = good.rsplit('\n').next().unwrap_or_default();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
        ReadError::NotText { line: count(good.matches('\n').count()), column: count(line.chars().count()) }
    })
}
