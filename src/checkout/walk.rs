//! The list of files.
//!
//! The folders of one depth are listed in parallel, one depth after the other, and what they yield is put together
//! in their order: the result and every limit are the same for any number of threads, and nothing recurses. Ignore
//! rules are those of the `ignore` crate; its own walk is not used because it opens whatever is called `.gitignore`,
//! be it a link out of the checkout or a pipe.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::model::Problem;

use super::{path, read, spread};

/// Most files of a checkout, and most folders.
pub const MAX_FILES: usize = 500_000;
/// Most folders on the way to a file.
pub const MAX_DEPTH: usize = 100;

/// Most bytes of one ignore file. A larger one has no effect.
const MAX_IGNORE: u64 = 64 * 1024;
/// Most bytes of all ignore files. Later ones have no effect: more is listed, nothing is missed.
const MAX_IGNORES: usize = 1024 * 1024;
/// Folders listed between two looks at the limits.
const BATCH: usize = 256;

/// Names of folders and files that hold pipelines. No ignore rule hides them or what is in them.
const CI: [&str; 14] = [
    ".azure-pipelines",
    ".azuredevops",
    ".buildkite",
    ".circleci",
    ".forgejo",
    ".gitea",
    ".github",
    ".gitlab",
    ".gitlab-ci.yml",
    ".harness",
    ".semaphore",
    ".teamcity",
    ".tekton",
    ".woodpecker",
];

/// Whether a name is that of a folder or file of a CI platform.
pub(super) fn is_ci(name: &str) -> bool {
    CI.contains(&name) || name.starts_with(".woodpecker")
}

/// The files of a checkout.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Sorted by bytes.
    pub(super) files: Vec<Arc<str>>,
    /// Those of the files that are symbolic links. Sorted by bytes.
    pub(super) links: Vec<Arc<str>>,
    pub(super) problems: Vec<Problem>,
}

impl Walk {
    pub(super) fn problem(&mut self, path: &str, message: impl Into<String>) {
        self.problems.push(problem(path, message));
    }
}

fn problem(path: &str, message: impl Into<String>) -> Problem {
    Problem { path: path.to_owned(), line: None, column: None, message: message.into() }
}

/// A folder that is yet to be listed.
struct Folder {
    /// The path from the root, empty for the root.
    path: String,
    rules: Option<Arc<Rules>>,
    /// Whether a CI platform's folder is on the way here.
    ci: bool,
}

/// The ignore files of a folder and of those above it.
struct Rules {
    above: Option<Arc<Rules>>,
    here: Gitignore,
}

impl Rules {
    fn ignore(rules: Option<&Arc<Self>>, path: &Path, is_folder: bool) -> bool {
        let mut next = rules;
        while let Some(rules) = next {
            match rules.here.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => next = rules.above.as_ref(),
            }
        }
        false
    }
}

/// What one folder holds.
#[derive(Default)]
struct Listing {
    files: Vec<Arc<str>>,
    links: Vec<Arc<str>>,
    folders: Vec<Folder>,
    problems: Vec<Problem>,
    /// Bytes of its ignore files.
    ignores: usize,
}

/// Lists a checkout of at most so many files, and folders. The root is canonical. With `all`, whatever is no file and no
/// folder is a problem wherever it lies.
pub(super) fn walk(root: &Path, all: bool, most: usize) -> Walk {
    let mut walk = Walk::default();
    let scope = Scope { root, all, most };
    let mut level = vec![Folder { path: String::new(), rules: None, ci: false }];
    let (mut depth, mut folders, mut ignores) = (0, 1, 0);
    'walk: while !level.is_empty() {
        let mut next = Vec::new();
        for batch in level.chunks(BATCH) {
            let room = most - walk.files.len();
            for listing in spread(batch, |folder| Some(list(&scope, folder, ignores < MAX_IGNORES, room))) {
                walk.files.extend(listing.files);
                walk.links.extend(listing.links);
                walk.problems.extend(listing.problems);
                next.extend(listing.folders);
                ignores += listing.ignores;
            }
            if walk.files.len() > most || folders + next.len() > most {
                walk.files.truncate(most);
                walk.problem(".", format!("the checkout has more than {most} files or folders; the rest was not read"));
                break 'walk;
            }
        }
        depth += 1;
        folders += next.len();
        if depth > MAX_DEPTH {
            for folder in &next {
                walk.problem(
                    &folder.path,
                    format!("the folder is more than {MAX_DEPTH} levels deep, so it was not read"),
                );
            }
            break;
        }
        level = next;
    }
    walk.files.sort_unstable();
    walk.links.sort_unstable();
    walk.problems.sort_unstable();
    walk
}

/// What is listed.
struct Scope<'r> {
    root: &'r Path,
    /// Whatever is no file and no folder is a problem wherever it lies.
    all: bool,
    /// Most files.
    most: usize,
}

fn list(scope: &Scope<'_>, folder: &Folder, with_ignores: bool, room: usize) -> Listing {
    let Scope { root, most, .. } = *scope;
    let mut listing = Listing::default();
    let place = if folder.path.is_empty() { root.to_owned() } else { root.join(&folder.path) };
    let unreadable = |error: std::io::Error| {
        let name = if folder.path.is_empty() { "." } else { &folder.path };
        problem(name, format!("the folder cannot be read: {error}"))
    };
    let entries = match place.read_dir() {
        Ok(entries) => entries,
        Err(error) => {
            listing.problems.push(unreadable(error));
            return listing;
        }
    };
    let rules = match with_ignores && !folder.ci {
        true => rules(&place, folder.rules.as_ref(), &mut listing.ignores),
        false => folder.rules.clone(),
    };
    for entry in entries {
        // One more than there is room for, so that the walk sees the limit exceeded.
        if listing.files.len() > room || listing.folders.len() > most {
            break;
        }
        let (entry, kind) = match entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind))) {
            Ok(entry) => entry,
            Err(error) => {
                listing.problems.push(unreadable(error));
                continue;
            }
        };
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let name = name.to_string_lossy();
            // Nothing can name such a file; what could be found by looking is in folders or is YAML.
            if kind.is_file() && !folder.ci && !read::is_yaml(&name) {
                continue;
            }
            let name = join(&folder.path, &name);
            listing.problems.push(problem(&name, "the name is not Unicode, so it was not read"));
            continue;
        };
        if path::is_git(name) {
            continue;
        }
        let path = join(&folder.path, name);
        let ci = folder.ci || is_ci(name);
        // What may be listed or entered.
        let shown = |is_folder: bool| {
            ci || (folder.path.is_empty() && !is_folder) || !Rules::ignore(rules.as_ref(), &place.join(name), is_folder)
        };
        if kind.is_dir() {
            if shown(true) {
                listing.folders.push(Folder { path, rules: rules.clone(), ci });
            }
        } else if kind.is_file() {
            if shown(false) {
                listing.files.push(path.into());
            }
        } else if shown(false) {
            let pipeline = ci || (folder.path.is_empty() && read::is_yaml(name));
            match read::locate(root, &path) {
                Ok(_) => {
                    let path: Arc<str> = path.into();
                    listing.links.push(Arc::clone(&path));
                    listing.files.push(path);
                }
                // A folder of the checkout is listed where it is.
                Err(read::ReadError::NotAFile) if scope.all && root.join(&path).is_dir() => {}
                // Elsewhere links lead anywhere, and it means nothing. Here a pipeline may be behind one.
                Err(error) if pipeline || scope.all => {
                    let message = match kind.is_symlink() {
                        true => format!("a symbolic link that was not followed: {error}"),
                        false => error.to_string(),
                    };
                    listing.problems.push(problem(&path, message));
                }
                Err(_) => {}
            }
        }
    }
    // The order of the system is no order, and the folders' decides that of everything below them.
    listing.folders.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    listing
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The rules in force in a folder. Of its own files `.ignore` has the last word, as with ripgrep.
fn rules(place: &PathBuf, above: Option<&Arc<Rules>>, spent: &mut usize) -> Option<Arc<Rules>> {
    let mut builder = GitignoreBuilder::new(place);
    let mut any = false;
    for name in [".gitignore", ".ignore"] {
        let file = place.join(name);
        // No link is followed here: an ignore file that is one has no effect in git either.
        if !file.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            continue;
        }
        let Ok(bytes) = read::bytes(&file, MAX_IGNORE) else { continue };
        *spent += bytes.len();
        let Ok(text) = read::text(bytes) else { continue };
        for line in text.trim_start_matches('\u{feff}').lines() {
            // A line that is no pattern hides nothing.
            any |= builder.add_line(None, line).is_ok();
        }
    }
    let here = any.then(|| builder.build().ok()).flatten().filter(|here| !here.is_empty());
    match here {
        Some(here) => Some(Arc::new(Rules { above: above.cloned(), here })),
        None => above.cloned(),
    }
}
