//! Runner labels.

use serde::Deserialize;

/// `rules/labels.yml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Labels of machines that GitHub hosts, one fresh virtual machine for each job.
    pub hosted: Vec<String>,
    /// Labels that own runners get by themselves, in lower case.
    pub defaults: Vec<String>,
    /// Hosted labels whose jobs share a virtual machine, with a note.
    pub shared: Vec<String>,
    /// Labels that no hosted machine answers to any more.
    pub retired: Vec<String>,
    /// Labels of runner vendors. Nobody authenticates them.
    pub vendors: Vec<Vendor>,
}

/// A runner vendor's labels.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// The vendor's name.
    pub name: String,
    /// Patterns with `*`.
    pub labels: Vec<String>,
    /// Beginnings of labels, and of parts of one, that choose no pool.
    #[serde(default)]
    pub settings: Vec<String>,
    /// What the vendor says about isolation, as a clause.
    pub claim: String,
}
