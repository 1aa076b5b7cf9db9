//! Checkouts of repositories that the graded one refers to, given with `--with OWNER/REPO=PATH`.
//!
//! They are as hostile as the graded one and go through the same gates. A file of theirs has the path
//! `owner/repo:/path`. No file of the graded checkout can have such a path: where its folders would allow one, the
//! other checkout is refused.

use std::path::PathBuf;
use std::str::FromStr;

use super::{Checkout, OpenError, Place};

/// Which folder holds the checkout of a repository that workflows refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct With {
    /// `owner/name` in lower case.
    pub repository: String,
    /// The folder.
    pub path: PathBuf,
}

impl FromStr for With {
    type Err = String;

    /// Reads `OWNER/REPO=PATH`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (repository, path) = text
            .split_once('=')
            .ok_or("a repository, `=` and a folder are needed, as in acme/workflows=../workflows")?;
        if !is_slug(repository) {
            return Err(format!("`{repository}` is no OWNER/REPO, such as acme/workflows"));
        }
        if path.is_empty() {
            return Err("the folder behind `=` is missing".to_owned());
        }
        Ok(Self { repository: repository.to_ascii_lowercase(), path: path.into() })
    }
}

/// Whether the text is the name of a repository on the forge.
fn is_slug(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part.len() <= 100
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            && !part.chars().all(|c| c == '.')
    };
    text.split_once('/').is_some_and(|(owner, name)| word(owner) && word(name))
}

/// The path of a file of another repository. Joining more to it and going up with `..` keeps to its repository as
/// long as it stays inside.
pub fn place_beside(repository: &str, path: &str) -> String {
    format!("{repository}:/{}", path.trim_start_matches('/'))
}

/// A checkout beside the graded one.
#[derive(Debug)]
pub(super) struct Beside {
    repository: String,
    checkout: Checkout,
}

impl Checkout {
    /// Puts the checkout of another repository beside this one.
    ///
    /// # Errors
    /// There is one of this repository already, or this checkout has files whose paths would look like the other's.
    pub fn with_beside(mut self, repository: &str, other: Checkout) -> Result<Self, OpenError> {
        let repository = repository.to_ascii_lowercase();
        let refuse = |reason: &str| Err(OpenError::With { repository: repository.clone(), reason: reason.to_owned() });
        if self.beside(&repository).is_some() {
            return refuse("the repository is given twice");
        }
        let folder = format!("{repository}:");
        let confusable = match &self.place {
            Place::Folder(root) => root.join(&folder).symlink_metadata().is_ok(),
            Place::Memory(contents) => contents.keys().any(|path| path.starts_with(&folder)),
        };
        if confusable {
            return refuse("the graded checkout has a folder whose files would look like those of this repository");
        }
        self.beside.push(Beside { repository, checkout: other });
        Ok(self)
    }

    /// The checkout of another repository, by `owner/name` in lower case.
    pub fn beside(&self, repository: &str) -> Option<&Checkout> {
        self.beside.iter().find(|b| b.repository == repository).map(|b| &b.checkout)
    }

    /// The repositories whose checkouts stand beside this one, in the order in which they were given.
    pub fn repositories_beside(&self) -> impl Iterator<Item = &str> {
        self.beside.iter().map(|b| b.repository.as_str())
    }

    /// The repository beside this one in which a path lies; `None` for a path of this checkout.
    pub fn repository_of(&self, path: &str) -> Option<&str> {
        self.split(path).map(|(b, _)| b.repository.as_str())
    }

    /// The checkout beside this one in which a path lies, and the path there.
    pub(super) fn elsewhere<'a>(&self, path: &'a str) -> Option<(&Checkout, &'a str)> {
        self.split(path).map(|(b, rest)| (&b.checkout, rest))
    }

    fn split<'a>(&self, path: &'a str) -> Option<(&Beside, &'a str)> {
        self.beside.iter().find_map(|b| {
            let rest = path.strip_prefix(b.repository.as_str())?.strip_prefix(":")?;
            Some((b, rest.trim_start_matches('/')))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout(files: &[(&str, &str)]) -> Checkout {
        Checkout::in_memory(files.iter().map(|(p, t)| ((*p).to_owned(), t.as_bytes().to_vec())), None)
    }

    #[test]
    fn a_repository_and_a_folder_are_needed() {
        let with = With::from_str("Acme/Shared.Flows=../a=b").unwrap();
        assert_eq!((with.repository.as_str(), with.path), ("acme/shared.flows", PathBuf::from("../a=b")));
        for wrong in
            ["", "acme", "acme/x", "acme=x", "acme/x/y=z", "/x=y", "acme/=y", "acme/..=y", "acme/x=", "a b/c=d"]
        {
            assert!(With::from_str(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn files_of_another_repository_have_a_prefix_and_stay_inside() {
        let main = checkout(&[("a.txt", "own"), ("acme/b.txt", "own too")]);
        let main = main.with_beside("Acme/Flows", checkout(&[("a.txt", "other"), ("dir/b.txt", "below")])).unwrap();
        let read = |path: &str| main.read(path).ok().map(|t| t.to_string());
        assert_eq!(read("a.txt").as_deref(), Some("own"));
        assert_eq!(read(&place_beside("acme/flows", "a.txt")).as_deref(), Some("other"));
        assert_eq!(read("acme/flows:/dir/../a.txt").as_deref(), Some("other"));
        assert_eq!(read("acme/flows:/../acme/b.txt"), None);
        assert!(main.exists("acme/flows:/dir/b.txt") && !main.exists("acme/flows:/acme/b.txt"));
        assert_eq!(main.repository_of("acme/flows:/x"), Some("acme/flows"));
        assert_eq!(main.repository_of("acme/flows/x"), None);
        assert!(main.files().iter().all(|f| !f.contains(':')));
    }

    #[test]
    fn paths_that_could_be_confused_are_refused() {
        let main = checkout(&[("acme/flows:/a.txt", "own")]);
        let error = main.with_beside("acme/flows", checkout(&[])).unwrap_err();
        assert!(error.to_string().starts_with("--with acme/flows: "), "{error}");
        let main = checkout(&[]).with_beside("acme/flows", checkout(&[])).unwrap();
        assert!(main.with_beside("ACME/flows", checkout(&[])).is_err());
    }
}
