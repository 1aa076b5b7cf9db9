//! What the tool knows about the world, read from the data files in `rules/`. The build script turns them into JSON
//! texts, so that starting costs no YAML parse, and what few checkouts need is read when it is asked for.

mod builder;
mod card;
mod claim;
mod client;
mod command;
mod context;
mod detector;
mod expression;
mod identity;
mod image;
mod index;
mod label;
mod library;
mod name;
mod producer;
mod rule;
mod runner;
mod sink;
mod test;
mod tool;
mod traits;

use std::sync::OnceLock;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

pub use builder::{Builder, Recorded, Signing, Uploads};
pub use card::{Advice, Card};
pub use claim::{Badge, Claims, Form};
pub use client::NpmClient;
pub use command::{CommandPattern, fits};
pub use context::{Context, Who};
pub use detector::{Clue, Detector, Review};
pub use expression::{Asked, Expression};
pub use identity::Identity;
pub use image::{Image, Registry};
pub use index::{Candidates, Described, Index, Indexed, Indices, Part};
pub use label::{Labels, Vendor};
pub use library::Library;
pub use name::{Names, Said, Spoken, Topic};
pub use producer::{Broken, Content, FoundBy, Producer, Signer, Store, Subjects};
pub use rule::{Cards, Example, Examples, Principle, RuleCard, Sheet, Subject};
pub use runner::{Field, FieldFor, RunnerFields};
pub use sink::{Bytes, Client, Host, Naming, Only, Sink};
pub use test::{Pick, Split, Test};
pub use tool::{Does, Tool};
pub use traits::{
    Brings, Cache, Change, Credential, Passes, Remote, Run, RunOption, RunVerb, RunVersion, RunVersions, Safeguard,
    Steps, Transfer, Wrapper,
};

/// Everything in `rules/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// `rules/sinks.yml`: steps that hand bytes to consumers.
    #[serde(deserialize_with = "entries")]
    pub sinks: Vec<Sink>,
    /// `rules/producers.yml`: steps that make provenance, and look-alikes that do not.
    #[serde(deserialize_with = "entries")]
    pub producers: Vec<Producer>,
    /// `rules/builders.yml`: workflows of other repositories whose internals are known.
    #[serde(deserialize_with = "entries")]
    pub builders: Vec<Builder>,
    /// `rules/labels.yml`: runner labels.
    pub labels: Labels,
    /// `rules/caches.yml`: steps that restore what another build can write.
    #[serde(deserialize_with = "entries")]
    pub caches: Vec<Cache>,
    /// `rules/remote.yml`: services that let somebody into a running job.
    #[serde(deserialize_with = "entries")]
    pub remote: Vec<Remote>,
    /// `rules/credentials.yml`: secrets that can write to registries, releases or repositories.
    #[serde(deserialize_with = "entries")]
    pub credentials: Vec<Credential>,
    /// `rules/identities.yml`: stored secrets in whose place an identity would do.
    #[serde(deserialize_with = "entries")]
    pub identities: Vec<Identity>,
    /// `rules/safeguards.yml`: steps that make a build safer or better documented.
    #[serde(deserialize_with = "entries")]
    pub safeguards: Vec<Safeguard>,
    /// `rules/neutral.yml`: steps that run no code of the checkout and make no bytes.
    #[serde(deserialize_with = "entries")]
    pub neutral: Vec<Steps>,
    /// `rules/transfers.yml`: steps that hand files from job to job.
    #[serde(deserialize_with = "entries")]
    pub transfers: Vec<Transfer>,
    /// `rules/changes.yml`: steps that make other bytes of files that are there already.
    #[serde(deserialize_with = "entries")]
    pub changes: Vec<Change>,
    /// `rules/names.yml`: what the names of files, and of actions, scripts and steps say.
    pub names: Names,
    /// `rules/preparations.yml`: steps that carry what they are given into the build behind them.
    #[serde(deserialize_with = "entries")]
    pub preparations: Vec<Steps>,
    /// `rules/wrappers.yml`: programs that run the command behind them.
    #[serde(deserialize_with = "entries")]
    pub wrappers: Indexed<Wrapper>,
    /// `rules/images.yml`: images whose entry point is a program that publishes.
    #[serde(deserialize_with = "entries")]
    pub images: Vec<Image>,
    /// `rules/registries.yml`: registries from which no consumer gets an image.
    #[serde(deserialize_with = "entries")]
    pub registries: Vec<Registry>,
    /// `rules/libraries.yml`: calls of libraries that publish.
    #[serde(deserialize_with = "entries")]
    pub libraries: Vec<Library>,
    /// `rules/tools.yml`: what well-known programs do with files, digests and texts.
    #[serde(deserialize_with = "entries")]
    pub tools: Indexed<Tool>,
    /// `rules/clients.yml`: tools that publish npm packages by a client of their own, or in their own way.
    #[serde(deserialize_with = "entries")]
    pub clients: Indexed<NpmClient>,
    /// `rules/runs.yml`: actions that run a command which an input holds.
    #[serde(deserialize_with = "entries")]
    pub runs: Vec<Run>,
    /// `rules/passes.yml`: actions that hand on as outputs what they are given.
    #[serde(deserialize_with = "entries")]
    pub passes: Vec<Passes>,
    /// `rules/contexts.yml`: values of an event that others choose.
    #[serde(deserialize_with = "entries")]
    pub contexts: Vec<Context>,
    /// `rules/platforms.yml`: the files of every CI platform.
    #[serde(deserialize_with = "entries")]
    pub platforms: Vec<Detector>,
    /// Signs of a release in their files; a platform names them by their places in this list.
    #[serde(deserialize_with = "entries")]
    pub clues: Vec<Clue>,
    /// `rules/claims.yml`: how documents claim a level.
    pub claims: Claims,
    /// `rules/requirements/`: the cards, in cap order.
    #[serde(deserialize_with = "entries")]
    pub requirements: Vec<Card>,
    /// Finds candidates among the lists above.
    #[serde(skip)]
    pub index: Indices,
}

/// Reads a list. Each is read once, so that no code for it need stand in two places.
#[inline(never)]
fn entries<'de, D: Deserializer<'de>, T: Deserialize<'de>>(list: D) -> Result<T, D::Error> {
    T::deserialize(list)
}

impl Catalogue {
    /// The catalogue compiled into this build. The tests read it, so a build that passes them has a valid one.
    pub fn get() -> &'static Catalogue {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| Catalogue::parse().unwrap_or_else(|error| broken(&error)))
    }

    fn parse() -> Result<Catalogue, serde_json::Error> {
        let mut all: Catalogue = unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/catalogue.json.lz4")))?;
        all.index = Indices::new([
            all.sinks.iter().map(|e| (&*e.actions, &*e.commands)).collect(),
            all.producers.iter().map(|e| (&*e.actions, &*e.commands)).collect(),
            all.caches.iter().map(|e| (&*e.actions, &*e.commands)).collect(),
            all.remote.iter().map(|e| (&*e.actions, &*e.commands)).collect(),
            all.safeguards.iter().map(|e| (&*e.actions, &*e.commands)).collect(),
            all.neutral.iter().map(|e| (&*e.actions, &*e.commands)).collect(),
            all.transfers.iter().map(|e| (&*e.actions, &*e.commands)).collect(),
            all.changes.iter().map(|e| (&*e.actions, &*e.commands)).collect(),
            all.runs.iter().map(|e| (&*e.actions, &[][..])).collect(),
        ]);
        Ok(all)
    }
}

/// Reads a text that the build script has packed: they would be a twentieth of the program otherwise.
fn unpacked<T: DeserializeOwned>(packed: &[u8]) -> Result<T, serde_json::Error> {
    let text = lz4_flex::decompress_size_prepended(packed).unwrap_or_default();
    serde_json::from_slice(&text)
}

/// Only a build that never ran its tests gets here; grading without knowledge would overstate.
fn broken(error: &serde_json::Error) -> ! {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "truelevel: broken catalogue in this build: {error}");
    std::process::exit(2)
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, Clue};
    use crate::model::Requirement;

    #[test]
    fn the_catalogue_is_valid() {
        let catalogue = Catalogue::parse().expect("every file in rules/ fits its schema");
        let order: Vec<_> = catalogue.requirements.iter().map(|c| c.id).collect();
        assert_eq!(order, Requirement::ALL, "one card for each requirement, in cap order");
        assert!(!catalogue.runners().is_empty());
        for platform in &catalogue.platforms {
            assert!(platform.release.iter().all(|at| *at < catalogue.clues.len()), "{}", platform.id);
        }
        assert!(!catalogue.clues.is_empty());
        let expressions = |clue: &Clue| [Some(clue.matches.clone()), clue.unless.clone(), clue.below.clone()];
        for expression in catalogue.clues.iter().flat_map(expressions).flatten() {
            assert!(regex::Regex::new(&expression).is_ok(), "{expression}");
        }
    }
}
