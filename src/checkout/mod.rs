//! READ: every byte from outside enters here.
//!
//! A checkout is hostile until shown otherwise. Nothing outside its root is read, whatever symbolic links and `..`
//! say; nothing of it is run, not even git; what is too large, too deep, unreadable or not text becomes a named
//! problem, never a gap that nobody sees. A checkout is taken to hold still: another process that swaps files for
//! links while it is read is not defended against.
//!
//! `.git` is closed: its configuration may hold tokens. Only `git.rs` looks into it, for the remote and the commit.

mod beside;
mod git;
mod path;
mod read;
mod spread;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::model::{Problem, opening};

pub use beside::{With, place_beside};
pub use git::Repository;
pub use read::{MAX_BUNDLE, MAX_FILE, MAX_PIPELINE, ReadError};
pub use spread::spread;
pub use walk::{MAX_DEPTH, MAX_FILES};

use walk::Walk;

/// Most bytes of texts that are kept for a second reading.
const MAX_CACHED: usize = 256 * 1024 * 1024;
/// What reading the pipelines of a checkout may take, in steps of work: a statement of a script, 16 bytes of a file that
/// something leads to, each as often as it is read.
pub const MAX_WORK: usize = 12_000_000;
/// Most paths of which it is kept whether a file stands there.
const MAX_PLACES: usize = 100_000;

/// A folder of files that are read once and never written.
#[derive(Debug)]
pub struct Checkout {
    place: Place,
    most_files: usize,
    most_work: usize,
    walk: OnceLock<Walk>,
    repository: OnceLock<Repository>,
    /// The slug that was given instead of the remote's.
    slug: Option<String>,
    /// Checkouts of repositories that this one refers to.
    beside: Vec<beside::Beside>,
    cache: Mutex<Cache>,
    /// The work that was done for its pipelines.
    work: AtomicUsize,
    /// What grading needed and did not get.
    unread: Mutex<BTreeSet<(Bearing, Problem)>>,
    /// Somebody named it as configuration: whatever cannot be read in it is a problem.
    named: bool,
}

#[derive(Debug)]
enum Place {
    /// The canonical path of a folder.
    Folder(PathBuf),
    /// Contents by normalised path.
    Memory(BTreeMap<Arc<str>, Vec<u8>>),
}

#[derive(Debug, Default)]
struct Cache {
    texts: HashMap<String, Result<Arc<str>, ReadError>>,
    bytes: usize,
    /// What stands at paths that were asked for and not read.
    places: HashMap<String, Result<(), ReadError>>,
}

/// What a file that could not be read would have shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bearing {
    /// What is released, and with which provenance.
    Release,
    /// The runners that jobs reach.
    Runner,
}

/// Why a folder cannot be opened as a checkout.
#[derive(Debug)]
pub enum OpenError {
    /// There is nothing at this path.
    NotFound(PathBuf),
    /// There is something else than a folder at this path.
    NotAFolder(PathBuf),
    /// The file that was named cannot be read.
    Refused {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: ReadError,
    },
    /// The folder cannot be read.
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The checkout of another repository cannot stand beside this one.
    With {
        /// The repository that it is given for.
        repository: String,
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(path) => write!(f, "there is no folder {}", path.display()),
            Self::NotAFolder(path) => write!(f, "{} is not a folder", path.display()),
            Self::Refused { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Unreadable { path, error } => write!(f, "the folder {} cannot be read: {error}", path.display()),
            Self::With { repository, reason } => write!(f, "--with {repository}: {reason}"),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { error, .. } => Some(error),
            Self::NotFound(_) | Self::NotAFolder(_) | Self::Refused { .. } | Self::With { .. } => None,
        }
    }
}

impl Checkout {
    /// Opens a folder. Nothing below it is read yet.
    ///
    /// # Errors
    /// There is no such folder, or it cannot be listed.
    pub fn open(root: &Path) -> Result<Self, OpenError> {
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => OpenError::NotFound(root.to_owned()),
            io::ErrorKind::NotADirectory => OpenError::NotAFolder(root.to_owned()),
            _ => OpenError::Unreadable { path: root.to_owned(), error },
        };
        let folder = root.canonicalize().map_err(unreadable)?;
        if !folder.metadata().map_err(unreadable)?.is_dir() {
            return Err(OpenError::NotAFolder(root.to_owned()));
        }
        folder.read_dir().map_err(unreadable)?;
        Ok(Self::new(Place::Folder(folder)))
    }

    /// Opens what somebody named as configuration: a folder, or one file, which is all that is read then. Gives the
    /// folder of the files as it was named, too.
    ///
    /// # Errors
    /// There is neither, or it cannot be read.
    pub fn open_named(path: &Path) -> Result<(Self, PathBuf), OpenError> {
        let target = path.canonicalize().ok().filter(|target| !target.is_dir());
        let Some(target) = target else { return Ok((Self::open(path)?.as_named(), path.to_owned())) };
        let refused = |error| OpenError::Refused { path: path.to_owned(), error };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("configuration").to_owned();
        if !target.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err(refused(ReadError::NotAFile));
        }
        let bytes = read::bytes(&target, read::MAX_FILE).map_err(refused)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok((Self::in_memory([(name, bytes)], None).as_named(), folder.to_owned()))
    }

    /// The same, as something that somebody named as configuration: what cannot be read in it is a problem wherever it
    /// lies, where in a checkout links lead anywhere and mean nothing.
    #[must_use]
    pub fn as_named(mut self) -> Self {
        self.named = true;
        self
    }

    /// Whether somebody named it as configuration.
    pub fn is_named(&self) -> bool {
        self.named
    }

    /// A checkout of these files, by the rules of a folder; ignore files have no effect.
    pub fn in_memory(files: impl IntoIterator<Item = (String, Vec<u8>)>, slug: Option<&str>) -> Self {
        let mut contents = BTreeMap::new();
        let mut walk = Walk::default();
        for (name, bytes) in files {
            match path::normalise(&name) {
                Ok(path) if !path.is_empty() && !path::is_git(&path) => {
                    contents.insert(Arc::from(path), bytes);
                }
                _ => walk.problem(&name, "the path leaves the checkout"),
            }
        }
        walk.files = contents.keys().cloned().collect();
        let checkout = Self::new(Place::Memory(contents));
        // Nothing has set them before.
        let _ = checkout.walk.set(walk);
        let _ = checkout.repository.set(Repository::default());
        match slug {
            Some(slug) => checkout.with_slug(slug),
            None => checkout,
        }
    }

    /// A folder of the checkout as one of its own, and its path from the root with every link resolved. Nothing above
    /// it is read.
    ///
    /// # Errors
    /// There is no such folder, or it is not in the checkout.
    pub fn below(&self, folder: &str) -> Result<(Self, String), ReadError> {
        let path = self.named(folder)?;
        if path::is_git(&path) {
            return Err(ReadError::Outside);
        }
        match &self.place {
            Place::Folder(root) => {
                let target = read::inside(root, &root.join(&path))?;
                let below = target.strip_prefix(root).map_err(|_| ReadError::Outside)?;
                let below = below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
                if path::is_git(&below) {
                    return Err(ReadError::Outside);
                }
                if !target.metadata()?.is_dir() {
                    return Err(ReadError::NotAFolder);
                }
                Ok((Self::new(Place::Folder(target)), below))
            }
            Place::Memory(_) => {
                let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
                let inner = self.under(&path).filter_map(|file| {
                    let text = self.read(file).ok()?;
                    Some((file.strip_prefix(&prefix)?.to_owned(), text.as_bytes().to_vec()))
                });
                let files: Vec<(String, Vec<u8>)> = inner.collect();
                if files.is_empty() {
                    return Err(ReadError::NotFound);
                }
                Ok((Self::in_memory(files, None), path))
            }
        }
    }

    fn new(place: Place) -> Self {
        Self {
            place,
            most_files: MAX_FILES,
            most_work: MAX_WORK,
            walk: OnceLock::new(),
            repository: OnceLock::new(),
            slug: None,
            beside: Vec::new(),
            cache: Mutex::new(Cache::default()),
            work: AtomicUsize::new(0),
            unread: Mutex::default(),
            named: false,
        }
    }

    /// Lists fewer files, and folders, than [`MAX_FILES`]. More is a problem that holds the level down.
    #[must_use]
    pub fn with_most_files(mut self, most: usize) -> Self {
        self.most_files = most.min(MAX_FILES);
        self
    }

    /// Does less work for the pipelines than [`MAX_WORK`]. More is a problem that holds the level down.
    #[must_use]
    pub fn with_most_work(mut self, most: usize) -> Self {
        self.most_work = most.min(MAX_WORK);
        self
    }

    /// Sets `owner/name` where no remote tells it, or tells it wrong.
    #[must_use]
    pub fn with_slug(mut self, slug: &str) -> Self {
        self.slug = Some(slug.trim().trim_matches('/').to_lowercase());
        self
    }

    /// `owner/name` in lower case, as given or else from the remote `origin` or the only one. On other hosts than
    /// github.com there may be more than two parts.
    pub fn slug(&self) -> Option<&str> {
        self.slug.as_deref().or_else(|| self.repository().slug.as_deref())
    }

    /// Whether the remote says that this is a checkout of a repository on GitHub, by `owner/name` in lower case.
    pub fn is_of(&self, repository: &str) -> bool {
        self.host() == Some("github.com") && self.repository().slug.as_deref() == Some(repository)
    }

    /// The remote's host in lower case, such as `github.com`.
    pub fn host(&self) -> Option<&str> {
        self.repository().host.as_deref()
    }

    /// The commit that is checked out, in hexadecimal. `None` without one, and where `.git` points out of the
    /// checkout, as in a linked worktree.
    pub fn revision(&self) -> Option<&str> {
        self.repository().revision.as_deref()
    }

    fn repository(&self) -> &Repository {
        self.repository.get_or_init(|| match &self.place {
            Place::Folder(root) => git::repository(root),
            Place::Memory(_) => Repository::default(),
        })
    }

    fn walk(&self) -> &Walk {
        self.walk.get_or_init(|| match &self.place {
            Place::Folder(root) => walk::walk(root, self.named, self.most_files),
            Place::Memory(_) => Walk::default(),
        })
    }

    /// Every regular file: paths from the root with `/`, sorted by bytes. Ignored files are left out, but never those
    /// directly in the root or in a folder of a CI platform.
    pub fn files(&self) -> &[Arc<str>] {
        &self.walk().files
    }

    /// The files below a folder, at any depth; all of them for an empty path.
    pub fn under(&self, folder: &str) -> std::slice::Iter<'_, Arc<str>> {
        let files = self.files();
        let below = match path::normalise(folder) {
            Ok(folder) if folder.is_empty() => Some(files),
            Ok(folder) if is_unknown(&folder) => None,
            Ok(folder) => {
                let prefix = format!("{folder}/");
                // What starts with the same prefix is sorted in one stretch.
                let start = files.partition_point(|file| **file < *prefix);
                let rest = files.get(start..).unwrap_or_default();
                rest.get(..rest.partition_point(|file| file.starts_with(&prefix)))
            }
            Err(_) => None,
        };
        below.unwrap_or_default().iter()
    }

    /// What kept the list of files from being complete: unreadable folders, limits, names that are not Unicode, links
    /// of pipelines that lead out of the checkout.
    pub fn walk_problems(&self) -> &[Problem] {
        &self.walk().problems
    }

    /// Whether [`Checkout::read`] would find a regular file, ignored or not.
    pub fn exists(&self, path: &str) -> bool {
        if let Some((other, path)) = self.elsewhere(path) {
            return other.exists(path);
        }
        let Ok(path) = self.named(path) else { return false };
        match &self.place {
            Place::Folder(root) => self.locate(root, &path).is_ok(),
            Place::Memory(contents) => contents.contains_key(&*path),
        }
    }

    /// Whether there is anything but a folder at this path, be it readable or not. What a pipeline names and what is
    /// there has to be read; [`Checkout::read`] then says why it could not be.
    pub fn is_there(&self, path: &str) -> bool {
        if let Some((other, path)) = self.elsewhere(path) {
            return other.is_there(path);
        }
        let Ok(path) = self.named(path) else { return false };
        match &self.place {
            Place::Folder(root) => match self.locate(root, &path) {
                Ok(()) => true,
                Err(ReadError::NotFound) => false,
                Err(ReadError::NotAFile) => !root.join(&path).is_dir(),
                Err(_) => !path::is_git(&path),
            },
            Place::Memory(contents) => contents.contains_key(&*path),
        }
    }

    /// The text of a file on which the level depends, ignored or not. A path is normalised first, without regard to
    /// symbolic links; then links are followed as long as the file at their end is in the checkout. Every text is read
    /// from disk once. What is there and cannot be read is kept for [`Checkout::unread`].
    ///
    /// # Errors
    /// See [`ReadError`]. A byte order mark is no error and stays.
    pub fn read(&self, path: &str) -> Result<Arc<str>, ReadError> {
        self.read_for(Bearing::Release, path)
    }

    /// As [`Checkout::read`], with what the file would have shown.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read_for(&self, bearing: Bearing, path: &str) -> Result<Arc<str>, ReadError> {
        let text = self.glance(path);
        self.spend(text.as_ref().map_or(1, |text| 1 + text.len() / 16));
        if let Err(error) = &text
            && *error != ReadError::NotFound
            && let Ok(path) = path::normalise(path)
            && (*error == ReadError::Unknown || self.is_there(&path))
        {
            let (line, column) = error.position().unzip();
            self.refuse(bearing, Problem { path, line, column, message: error.to_string() });
        }
        text
    }

    /// Counts work that was done for the pipelines.
    pub fn spend(&self, work: usize) {
        self.work.fetch_add(work, Ordering::Relaxed);
    }

    /// Whether its pipelines took more work than they may.
    pub fn is_spent(&self) -> bool {
        self.work.load(Ordering::Relaxed) > self.most_work
    }

    /// The work that its pipelines may take.
    pub fn most_work(&self) -> usize {
        self.most_work
    }

    /// Keeps that a file on which the level depends has a text that makes no sense, for [`Checkout::unread`].
    pub fn refuse(&self, bearing: Bearing, problem: Problem) {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).insert((bearing, problem));
    }

    /// What grading asked for, found, and could not read, sorted.
    pub fn unread(&self, bearing: Bearing) -> Vec<Problem> {
        let unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        unread.iter().filter(|(on, _)| *on == bearing).map(|(_, problem)| problem.clone()).collect()
    }

    /// As [`Checkout::read`], for files of which nobody knows yet whether they mean anything.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn glance(&self, path: &str) -> Result<Arc<str>, ReadError> {
        if let Some((other, path)) = self.elsewhere(path) {
            return other.glance(path);
        }
        let path = self.named(path)?;
        if let Some(known) = self.cache().texts.get(&path) {
            return known.clone();
        }
        let text = match &self.place {
            Place::Folder(root) if self.is_listed(&path) => {
                read::bytes(&root.join(&path), read::limit(&path)).and_then(read::text)
            }
            Place::Folder(root) => read::read(root, &path, read::limit(&path)),
            Place::Memory(contents) => match contents.get(&*path) {
                Some(bytes) if bytes.len() as u64 > read::limit(&path) => {
                    Err(ReadError::TooLarge { limit: read::limit(&path) })
                }
                Some(bytes) => read::text(bytes.clone()),
                None if path::is_git(&path) => Err(ReadError::Outside),
                None if self.under(&path).next().is_some() => Err(ReadError::NotAFile),
                None => Err(ReadError::NotFound),
            },
        };
        let text = text.map(Arc::<str>::from);
        self.keep(path, text.clone());
        text
    }

    /// As [`Checkout::glance`], for a text whose bytes are of interest. What is not is read and forgotten, be it text or
    /// not.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn glance_if(&self, path: &str, of_interest: impl Fn(&[u8]) -> bool) -> Result<Option<Arc<str>>, ReadError> {
        match &self.place {
            Place::Folder(root)
                if self.is_listed(path) && !self.cache().texts.get(path).is_some_and(|known| known.is_ok()) =>
            {
                let bytes = read::bytes(&root.join(path), read::limit(path))?;
                if !of_interest(&bytes) {
                    return Ok(None);
                }
                self.named(path)?;
                let text = read::text(bytes).map(Arc::<str>::from);
                self.keep(path.to_owned(), text.clone());
                text.map(Some)
            }
            Place::Memory(contents) if contents.get(path).is_some_and(|bytes| !of_interest(bytes)) => Ok(None),
            _ => Ok(Some(self.glance(path)?).filter(|text| of_interest(text.as_bytes()))),
        }
    }

    /// The first bytes of a listed file, as many as are read of one: what one that is too large starts with.
    pub fn beginning(&self, path: &str) -> Vec<u8> {
        match &self.place {
            Place::Folder(root) if self.is_listed(path) => read::beginning(&root.join(path), read::limit(path)),
            Place::Folder(_) => Vec::new(),
            Place::Memory(contents) => {
                let most = usize::try_from(read::limit(path)).unwrap_or_default();
                contents.get(path).map(|bytes| bytes.iter().take(most).copied().collect()).unwrap_or_default()
            }
        }
    }

    /// A path, normalised. What a pipeline names by a value that nothing shows is no file, be there one that is called like
    /// it; such a file is not read, since nobody could tell the two apart.
    fn named(&self, path: &str) -> Result<String, ReadError> {
        let path = path::normalise(path)?;
        if !is_unknown(&path) {
            return Ok(path);
        }
        let listed = self.walk.get().is_some_and(|walk| walk.files.binary_search_by(|p| (**p).cmp(&path)).is_ok());
        Err(if listed { ReadError::Unknown } else { ReadError::NotFound })
    }

    /// Whether a regular file stands at a normalised path. The same few names are asked for by every command.
    fn locate(&self, root: &Path, path: &str) -> Result<(), ReadError> {
        if self.is_listed(path) {
            return Ok(());
        }
        if let Some(known) = self.cache().places.get(path) {
            return known.clone();
        }
        let found = read::locate(root, path).map(drop);
        let mut cache = self.cache();
        if cache.places.len() < MAX_PLACES {
            cache.places.insert(path.to_owned(), found.clone());
        }
        found
    }

    /// Whether the walk has come by this file and it is no link: then nothing on the way to it is one either, and its
    /// place needs no second look.
    fn is_listed(&self, path: &str) -> bool {
        let has = |list: &[Arc<str>]| list.binary_search_by(|p| (**p).cmp(path)).is_ok();
        self.walk.get().is_some_and(|walk| has(&walk.files) && !has(&walk.links))
    }

    fn keep(&self, path: String, text: Result<Arc<str>, ReadError>) {
        let mut cache = self.cache();
        let length = text.as_ref().map_or(0, |text| text.len());
        if cache.bytes + length <= MAX_CACHED {
            cache.bytes += length;
            cache.texts.insert(path, text);
        }
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        // A panic elsewhere leaves the map whole: every change to it is one insertion.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a path holds a value that nothing shows, as [`crate::model::Text`] writes them.
fn is_unknown(path: &str) -> bool {
    opening(path).is_some()
}
