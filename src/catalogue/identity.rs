//! Stored secrets in whose place an identity would do.

use serde::Deserialize;

use super::Expression;

/// A kind of stored secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The entry's identifier.
    pub id: String,
    /// The rule that notes it.
    pub rule: String,
    /// What it is, as a noun phrase.
    pub what: String,
    /// Variables and inputs that receive it, without regard to case.
    pub receivers: Vec<String>,
    /// Regular expressions over the secret's name, for where no variable or input of the list receives it.
    #[serde(default)]
    pub secrets: Vec<Expression>,
    /// Actions whose inputs are meant; an empty one stands for none, and without a list all are.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Not when the secret's name matches this.
    #[serde(default)]
    pub unless: Option<Expression>,
    /// What does in its place, as a noun phrase.
    pub instead: String,
}
