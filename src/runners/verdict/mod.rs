//! VERDICT: what the facts of a pool mean on its three axes.

pub(super) mod container;
pub(super) mod draft;
pub(super) mod machine;
pub(super) mod pod;
pub(super) mod secret;
