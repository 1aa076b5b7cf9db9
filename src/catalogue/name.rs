//! What names say, of files and of actions, scripts and steps.

use serde::Deserialize;

use super::Expression;

macro_rules! topics {
    ($($(#[$meaning:meta])* $name:ident,)*) => {
        /// What names speak of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Topic { $($(#[$meaning])* $name,)* }

        impl Topic {
            /// All of them, in the order in which they are numbered.
            pub const ALL: &'static [Topic] = &[$(Topic::$name,)*];
        }
    };
}

topics! {
    /// A file that nobody runs or installs.
    Ancillary,
    /// A folder with the indexes of a package repository.
    Index,
    /// A file that describes the bytes of a release: an SBOM, or where they come from.
    Inventory,
    /// A file that states something of the bytes of a release, such as where they come from.
    Statement,
    /// A file with the digests of others.
    Checksums,
    /// A file whose digests a command takes that reads it.
    List,
    /// A file that is run or installed.
    Program,
    /// A file that is packed, and called after what is in it.
    Archive,
    /// A file beside which its checksum and its signature lie, under its name and something behind it.
    Accompanied,
    /// A file that belongs to the documents in whose folder it lies.
    Document,
    /// A file that programs read beside a release.
    Data,
    /// Publishing.
    Publishing,
    /// Handing something out, of a program of the checkout.
    HandingOut,
    /// Telling a program to publish, as a whole word of its command line.
    Told,
    /// The same for programs of the checkout.
    ToldOwn,
    /// Asking for something that is there, as the first word of a step's name.
    Asking,
    /// Making packages and images.
    Packing,
    /// Making packages and programs.
    Building,
    /// Making other bytes of files.
    Changing,
    /// Something that is done beside files and leaves them as they are, as part of any word.
    Beside,
    /// The number of an image that is not the digest of what is pushed.
    NoDigest,
    /// Provenance, or what may come with it.
    Provenance,
    /// Bringing programs, as the start of a name.
    Installing,
    /// Something else than publishing, as part of any word.
    Other,
    /// The same as a word that stands alone.
    Alone,
    /// Talking to the forge through git.
    Git,
    /// A release, of a called workflow and of what calls it.
    Called,
    /// Publishing, of an input of a called workflow with its value.
    CalledWith,
    /// Taking packages away, of a called workflow.
    CalledAway,
    /// Something else, of a called workflow.
    CalledOther,
    /// Something about a cache other than restoring it, of an input or an action.
    CacheAside,
    /// Not having a cache, of an input.
    CacheOff,
}

/// Names that speak of the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spoken {
    /// What of.
    pub of: Vec<Topic>,
    /// Ends of names, in lower case.
    #[serde(default)]
    pub endings: Vec<String>,
    /// Parts of names, in lower case.
    #[serde(default)]
    pub words: Vec<String>,
    /// What matches somewhere in such names.
    #[serde(default)]
    pub matches: Option<Expression>,
}

/// What says that a name is about one topic.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Ends of such names, in lower case.
    pub endings: Vec<String>,
    /// Parts of such names, in lower case.
    pub words: Vec<String>,
    /// What matches somewhere in such names.
    pub matches: Vec<Expression>,
}

impl Said {
    const NOTHING: &'static Said = &Said { endings: Vec::new(), words: Vec::new(), matches: Vec::new() };

    /// Whether a name matches one of the expressions.
    pub fn matches(&self, name: &str) -> bool {
        self.matches.iter().any(|expression| expression.search(name))
    }

    /// The name without the ending, where it has one of them.
    pub fn stem<'n>(&self, name: &'n str) -> Option<&'n str> {
        self.endings.iter().find_map(|ending| name.strip_suffix(ending.as_str()))
    }

    /// Whether a name, in lower case, ends with one of the endings.
    pub fn ends(&self, name: &str) -> bool {
        self.stem(name).is_some()
    }

    /// Whether a name, in lower case, holds one of the words.
    pub fn is_in(&self, name: &str) -> bool {
        self.words.iter().any(|word| name.contains(word.as_str()))
    }
}

/// `rules/names.yml`, by topic.
#[derive(Debug, Deserialize)]
#[serde(from = "Vec<Spoken>")]
pub struct Names(Vec<Said>);

impl Names {
    /// What says that a name is about a topic.
    pub fn of(&self, topic: Topic) -> &Said {
        self.0.get(topic as usize).unwrap_or(Said::NOTHING)
    }
}

impl From<Vec<Spoken>> for Names {
    fn from(all: Vec<Spoken>) -> Self {
        let of = |topic: &Topic| {
            let mut said = Said::default();
            for spoken in all.iter().filter(|spoken| spoken.of.contains(topic)) {
                said.endings.extend_from_slice(&spoken.endings);
                said.words.extend_from_slice(&spoken.words);
                said.matches.extend(spoken.matches.clone());
            }
            said
        };
        Self(Topic::ALL.iter().map(of).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Topic;
    use crate::catalogue::Catalogue;

    #[test]
    fn every_topic_has_names_and_all_are_in_lower_case() {
        let names = &Catalogue::get().names;
        for topic in Topic::ALL {
            let said = names.of(*topic);
            assert!(!said.endings.is_empty() || !said.words.is_empty() || !said.matches.is_empty(), "{topic:?}");
            for name in said.endings.iter().chain(&said.words) {
                assert!(!name.is_empty() && *name == name.to_lowercase(), "{topic:?}: {name:?}");
            }
        }
    }

    #[test]
    fn no_name_says_one_thing_and_its_opposite() {
        let names = &Catalogue::get().names;
        for run in [Topic::Program, Topic::Archive] {
            let ancillary = names.of(Topic::Ancillary);
            assert!(names.of(run).endings.iter().all(|ending| !ancillary.ends(ending)), "nobody runs what is run");
        }
        let other = names.of(Topic::Other);
        for topic in [Topic::Publishing, Topic::HandingOut, Topic::Packing] {
            for word in &names.of(topic).words {
                assert!(!other.words.contains(word), "{word} speaks of {topic:?} and of something else");
            }
        }
    }

    #[test]
    fn words_that_stand_alone_begin_with_a_letter() {
        for topic in [Topic::Publishing, Topic::HandingOut, Topic::Packing, Topic::Building, Topic::Alone] {
            let said = Catalogue::get().names.of(topic);
            assert!(said.endings.is_empty(), "{topic:?}");
            for word in &said.words {
                assert!(word.starts_with(|c: char| c.is_ascii_lowercase()), "{topic:?}: {word:?}");
            }
        }
    }
}
