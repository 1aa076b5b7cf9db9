//! What files are, by their names.

use serde::Deserialize;

/// Names of files that are the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileKind {
    /// What they are.
    pub is: Vec<Is>,
    /// Ends of their names, in lower case.
    #[serde(default)]
    pub endings: Vec<String>,
    /// Parts of their names, in lower case.
    #[serde(default)]
    pub words: Vec<String>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Is {
    /// Nobody runs or installs it.
    Ancillary,
    /// It describes the bytes of a release: an SBOM, or where they come from.
    Inventory,
    /// It states something of the bytes of a release, such as where they come from.
    Statement,
    /// It holds the digests of other files.
    Checksums,
    /// A command that reads it takes its digests.
    List,
    /// It is run or installed.
    Program,
    /// It is packed, and called after what is in it.
    Archive,
    /// Its checksum and its signature lie beside it, under its name and something behind it.
    Accompanied,
    /// It belongs to the documents in whose folder it lies.
    Document,
    /// Programs read it beside a release.
    Data,
}

/// The names of one kind of files.
#[derive(Debug, Clone, Default)]
pub struct FileNames {
    endings: Vec<String>,
    words: Vec<String>,
}

impl FileNames {
    /// The name without the ending, where it has one of them.
    pub fn stem<'n>(&self, name: &'n str) -> Option<&'n str> {
        self.endings.iter().find_map(|ending| name.strip_suffix(ending.as_str()))
    }

    /// Whether a name, in lower case, ends with one of the endings.
    pub fn end(&self, name: &str) -> bool {
        self.stem(name).is_some()
    }

    /// The words that such names hold.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// Whether a name, in lower case, holds one of the words.
    pub fn are_in(&self, name: &str) -> bool {
        self.words().any(|word| name.contains(word))
    }
}

/// `rules/files.yml`, by what the files are.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Vec<FileKind>")]
pub struct Files {
    /// Nobody runs or installs them.
    pub ancillary: FileNames,
    /// They describe the bytes of a release.
    pub inventories: FileNames,
    /// They state something of the bytes of a release.
    pub statements: FileNames,
    /// They hold the digests of other files.
    pub checksums: FileNames,
    /// Commands that read them take their digests.
    pub lists: FileNames,
    /// They are run or installed.
    pub programs: FileNames,
    /// They are packed, and called after what is in them.
    pub archives: FileNames,
    /// Their checksums and signatures lie beside them.
    pub accompanied: FileNames,
    /// They belong to the documents in whose folder they lie.
    pub documents: FileNames,
    /// Programs read them beside a release.
    pub data: FileNames,
}

impl From<Vec<FileKind>> for Files {
    fn from(kinds: Vec<FileKind>) -> Self {
        let mut files = Self::default();
        for kind in &kinds {
            for is in &kind.is {
                let names = match is {
                    Is::Ancillary => &mut files.ancillary,
                    Is::Inventory => &mut files.inventories,
                    Is::Statement => &mut files.statements,
                    Is::Checksums => &mut files.checksums,
                    Is::List => &mut files.lists,
                    Is::Program => &mut files.programs,
                    Is::Archive => &mut files.archives,
                    Is::Accompanied => &mut files.accompanied,
                    Is::Document => &mut files.documents,
                    Is::Data => &mut files.data,
                };
                names.endings.extend_from_slice(&kind.endings);
                names.words.extend_from_slice(&kind.words);
            }
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::Catalogue;

    #[test]
    fn every_kind_of_file_has_names_and_all_are_in_lower_case() {
        let files = &Catalogue::get().files;
        for kind in [
            &files.ancillary,
            &files.inventories,
            &files.statements,
            &files.checksums,
            &files.lists,
            &files.programs,
            &files.archives,
            &files.accompanied,
            &files.documents,
            &files.data,
        ] {
            assert!(!kind.endings.is_empty() || !kind.words.is_empty(), "{kind:?}");
            for name in kind.endings.iter().chain(&kind.words) {
                assert!(!name.is_empty() && *name == name.to_lowercase(), "{name:?}");
            }
        }
        for (one, other) in [(&files.programs, &files.ancillary), (&files.archives, &files.ancillary)] {
            assert!(one.endings.iter().all(|ending| !other.end(ending)), "nobody runs what is run");
        }
    }
}
