//! Text with positions. Nothing here knows a CI platform.

pub mod makefile;
pub mod pattern;
pub mod yaml;
