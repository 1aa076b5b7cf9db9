//! Text with positions. Nothing here knows a CI platform.

pub mod yaml;
