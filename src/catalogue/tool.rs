//! What well-known programs and actions do with files, digests and texts.

use serde::Deserialize;

use super::{Broken, CommandPattern, Described, Test};

/// Programs and actions that do the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// What they do.
    pub does: Vec<Does>,
    /// Actions; `*` stands for any part.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands, in the notation of sinks.
    #[serde(default)]
    pub commands: Vec<CommandPattern>,
    /// All must hold; only what sets up a builder is asked.
    #[serde(default)]
    pub when: Vec<Test>,
    /// With which settings a builder that it sets up attaches no provenance; only what sets one up is asked.
    #[serde(default)]
    pub attaches_nothing: Vec<Broken>,
    /// Outputs of the actions that hold the digests; none where every one may. Only what takes digests is asked.
    #[serde(default)]
    pub outputs: Vec<String>,
    /// Flags that take a value as their next word.
    #[serde(default)]
    pub value_flags: Vec<String>,
    /// Flags whose value is the folder that the command fills.
    #[serde(default)]
    pub into: Vec<String>,
}

impl Described for Tool {
    fn actions(&self) -> &[String] {
        &self.actions
    }

    fn commands(&self) -> &[CommandPattern] {
        &self.commands
    }
}

/// What a program or an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Does {
    /// It puts files elsewhere under their own bytes.
    Move,
    /// It takes files away.
    Remove,
    /// It takes the digests of the files that it names.
    Digest,
    /// It takes the digests of files that its words do not tell.
    Sum,
    /// It asks a registry or an engine for the digest of an image.
    Inspect,
    /// It takes a text apart or hands it on.
    Text,
    /// It takes apart what comes through a pipe, unless it names a file behind its filter.
    Query,
    /// It reads a list of digests.
    Read,
    /// It hands on the names of files.
    Pass,
    /// What it prints is no digest of what a job makes: a commit, a date, a name.
    NoDigest,
    /// It prints where the programs that it names lie.
    Locate,
    /// It prints something else each time.
    Differ,
    /// It makes an image under a name among its words.
    Image,
    /// It may make images under names that its words do not tell.
    Images,
    /// It puts images into the engine under names that its words do not tell.
    Load,
    /// It packs or unpacks what comes through a pipe.
    Filter,
    /// It sets up a builder of BuildKit in a container.
    Buildkit,
    /// It talks to the forge through git.
    Git,
    /// It packs the npm package of its folder into a tarball.
    Pack,
    /// Its `publish` hands out no package, image or file.
    Else,
    /// It runs tasks of the checkout, which its operands name.
    Task,
    /// It runs code of the checkout that nothing reads, whose name tells little.
    Code,
    /// It logs in to a registry of images.
    Login,
}

#[cfg(test)]
mod tests {
    use super::Does;
    use crate::catalogue::Catalogue;

    #[test]
    fn every_tool_has_a_name_and_does_something() {
        let tools: Vec<_> = Catalogue::get().tools.iter().collect();
        assert!(tools.len() > 40, "{}", tools.len());
        for tool in tools {
            assert!(!tool.does.is_empty(), "{tool:?}");
            assert!(tool.actions.is_empty() != tool.commands.is_empty(), "{tool:?}: programs or actions");
            assert!(
                tool.into.is_empty() || tool.does == [Does::Move],
                "{tool:?}: only what moves files fills a folder"
            );
            assert!(tool.when.is_empty() || tool.does == [Does::Buildkit], "{tool:?}: nothing asks for its condition");
            assert!(tool.outputs.is_empty() || tool.does == [Does::Sum], "{tool:?}: only digests are handed on");
            let builder = tool.attaches_nothing.is_empty() || tool.does == [Does::Buildkit];
            assert!(builder, "{tool:?}: only a builder attaches provenance");
        }
    }
}
