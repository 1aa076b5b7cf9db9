//! truelevel grades a checkout against the SLSA Build track.
pub mod catalogue;
pub mod commands;
pub mod model;
pub mod report;
pub mod syntax;
