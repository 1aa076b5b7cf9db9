//! Requirement cards.

use serde::Deserialize;

use crate::model::{Kind, Requirement, Target};

/// A requirement, for people and for the fold that computes levels.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Which.
    pub id: Requirement,
    /// The Build level that it belongs to.
    pub level: u8,
    /// A short title.
    pub title: String,
    /// What it asks, in one or two sentences.
    pub what: String,
    /// Why it matters, in one or two sentences.
    pub why: String,
    /// The first step of the way up when it is open: a title in the imperative.
    pub step: String,
    /// How to do that.
    pub how: Vec<Advice>,
    /// The anchor in the SLSA specification.
    pub spec: String,
}

impl Card {
    /// All of the advice, whatever the kind of target.
    pub fn advice(&self, between: &str) -> String {
        self.how.iter().map(|a| a.text.as_str()).collect::<Vec<_>>().join(between)
    }
}

/// A piece of advice.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advice {
    /// The kinds of targets that it is for; all when empty.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// The sinks by which they are published; any when empty.
    #[serde(default)]
    pub published_by: Vec<String>,
    /// Sinks for whose targets it is not.
    #[serde(default)]
    pub not_published_by: Vec<String>,
    /// Scopes, one of which a build job may write to; none is asked for when empty.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The advice.
    pub text: String,
}

impl Advice {
    /// Whether it is for such a target.
    pub fn suits(&self, target: &Target) -> bool {
        let publishes = |sinks: &[String]| sinks.contains(&target.publisher);
        (self.kinds.is_empty() || self.kinds.contains(&target.kind))
            && (self.published_by.is_empty() || publishes(&self.published_by))
            && !publishes(&self.not_published_by)
            && (self.scopes.is_empty() || target.build_scopes.iter().any(|held| self.scopes.iter().any(|s| s == held)))
    }
}
