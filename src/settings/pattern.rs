//! Patterns over the names of targets and over paths.

use std::borrow::Cow;

use globset::{GlobBuilder, GlobMatcher};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de};

/// Most characters of a pattern: each is compiled.
const LONGEST: usize = 200;

/// A glob pattern. In a path `*` stays within a folder and `**` does not; in the name of a target `*` is anything.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    path: GlobMatcher,
    name: GlobMatcher,
}

impl Pattern {
    fn new(text: String) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("a pattern is empty".to_owned());
        }
        if text.chars().count() > LONGEST {
            return Err(format!("a pattern has more than {LONGEST} characters"));
        }
        let compile = |separated: bool| {
            let glob = GlobBuilder::new(&text).literal_separator(separated).build();
            glob.map(|glob| glob.compile_matcher()).map_err(|error| format!("`{text}` is no pattern: {}", error.kind()))
        };
        Ok(Self { path: compile(true)?, name: compile(false)?, text })
    }

    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a path from the root of the checkout is meant. A folder stands for everything in it.
    pub fn covers(&self, path: &str) -> bool {
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        self.path.is_match(path) || folders.into_iter().any(|folder| self.path.is_match(folder))
    }

    /// Whether a target is meant, by its `kind:name`.
    pub fn names(&self, id: &str) -> bool {
        self.name.is_match(id)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Pattern::new(String::deserialize(from)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": LONGEST })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text.to_owned()).unwrap()
    }

    #[test]
    fn a_star_stays_in_a_folder_of_a_path_and_not_in_a_name() {
        assert!(pattern("a/*.yml").covers("a/b.yml"));
        assert!(!pattern("a/*.yml").covers("a/b/c.yml"));
        assert!(pattern("a/**/*.yml").covers("a/b/c.yml"));
        assert!(pattern("npm:*").names("npm:@acme/left-pad"));
        assert!(!pattern("npm:*").names("image:ghcr.io/acme/npm"));
    }

    #[test]
    fn a_folder_stands_for_what_is_in_it() {
        assert!(pattern("testdata").covers("testdata/a/b.yml"));
        assert!(pattern("test*").covers("testdata/a/b.yml"));
        assert!(!pattern("testdata").covers("src/testdata.rs"));
        assert!(!pattern("data").covers("testdata/a.yml"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["", " ", "[", "{a", &"a".repeat(LONGEST + 1)] {
            assert!(Pattern::new(text.to_owned()).is_err(), "{text}");
        }
    }
}
