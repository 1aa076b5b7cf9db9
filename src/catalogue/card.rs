//! Requirement cards.

use serde::Deserialize;

use crate::model::Requirement;

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
    pub how: String,
    /// The anchor in the SLSA specification.
    pub spec: String,
}
