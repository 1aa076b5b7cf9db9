//! Values of an event, and who chooses them.

use serde::Deserialize;

/// Who chooses a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Anybody who may open an issue or a pull request.
    Outsider,
    /// Somebody who may start the workflow or write to the repository.
    Writer,
}

/// Values that come with an event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Who chooses them.
    pub who: Who,
    /// Events whose runs have them and hold rights of the repository.
    pub events: Vec<String>,
    /// Their paths, lower case; `*` stands for one part.
    pub paths: Vec<String>,
}

impl Context {
    /// Whether the value at `path` is one of these, or holds one of them as a whole.
    pub fn holds(&self, path: &str) -> bool {
        self.paths.iter().any(|own| {
            let mut parts = own.split('.');
            path.split('.').all(|part| match parts.next() {
                Some(wanted) => wanted == "*" || part == "*" || wanted == part,
                None => false,
            }) && path.contains('.')
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_held_by_its_own_pattern_and_as_part_of_a_whole() {
        let context = Context {
            who: Who::Outsider,
            events: Vec::new(),
            paths: vec!["github.event.commits.*.message".to_owned()],
        };
        for held in ["github.event.commits.*.message", "github.event.commits.0.message", "github.event"] {
            assert!(context.holds(held), "{held}");
        }
        for other in ["github.event.commits.0.id", "github.event.commits.0.message.x", "github.ref", "github"] {
            assert!(!context.holds(other), "{other}");
        }
    }
}
