//! Text with positions. Nothing here knows a CI platform.

pub mod batch;
pub mod conf;
pub mod dockerfile;
pub mod json;
pub mod lines;
pub mod literals;
pub mod makefile;
pub mod pattern;
pub mod powershell;
pub mod shell;
pub mod surroundings;
pub mod words;
pub mod yaml;
