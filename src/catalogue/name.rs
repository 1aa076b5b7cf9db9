//! What the names of actions, scripts and steps speak of.

use serde::Deserialize;

/// Words that speak of the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spoken {
    /// What of.
    pub of: Vec<Topic>,
    /// The words, in lower case.
    pub words: Vec<String>,
}

/// What words speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Publishing.
    Publishing,
    /// Handing something out, of a program of the checkout.
    HandingOut,
    /// Making packages and images.
    Packing,
    /// Making packages and programs.
    Building,
    /// Provenance, or what may come with it.
    Provenance,
    /// Something else than publishing, as part of any word.
    Other,
    /// The same as a word that stands alone.
    Alone,
}

/// `rules/names.yml`, by what the words speak of.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Vec<Spoken>")]
pub struct Names {
    /// Of publishing.
    pub publishing: Vec<String>,
    /// Of handing something out, as names of programs of the checkout.
    pub handing_out: Vec<String>,
    /// Of making packages and images.
    pub packing: Vec<String>,
    /// Of making packages and programs.
    pub building: Vec<String>,
    /// Of provenance, or what may come with it.
    pub provenance: Vec<String>,
    /// Of something else than publishing, as part of any word.
    pub other: Vec<String>,
    /// The same as words that stand alone.
    pub alone: Vec<String>,
}

impl From<Vec<Spoken>> for Names {
    fn from(all: Vec<Spoken>) -> Self {
        let mut names = Self::default();
        for spoken in &all {
            for topic in &spoken.of {
                let words = match topic {
                    Topic::Publishing => &mut names.publishing,
                    Topic::HandingOut => &mut names.handing_out,
                    Topic::Packing => &mut names.packing,
                    Topic::Building => &mut names.building,
                    Topic::Provenance => &mut names.provenance,
                    Topic::Other => &mut names.other,
                    Topic::Alone => &mut names.alone,
                };
                words.extend_from_slice(&spoken.words);
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::Catalogue;

    #[test]
    fn every_topic_has_words_and_all_are_in_lower_case() {
        let names = &Catalogue::get().names;
        for words in [
            &names.publishing,
            &names.handing_out,
            &names.packing,
            &names.building,
            &names.provenance,
            &names.other,
            &names.alone,
        ] {
            assert!(!words.is_empty());
            for word in words {
                assert!(word.starts_with(|c: char| c.is_ascii_lowercase()) && *word == word.to_lowercase(), "{word:?}");
            }
        }
        for word in &names.publishing {
            assert!(!names.other.contains(word), "{word} speaks of publishing and of something else");
        }
    }
}
