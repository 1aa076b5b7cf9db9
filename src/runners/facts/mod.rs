//! POOL FACTS: what shows something about an agent, read in one place each, whatever definition it stands in.

pub(super) mod container;
pub(super) mod docker;
pub(super) mod handed;
pub(super) mod image;
pub(super) mod pod;
pub(super) mod script;
