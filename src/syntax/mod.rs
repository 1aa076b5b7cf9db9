//! Text with positions. Knows no CI platform.

pub mod batch;
pub mod powershell;
pub mod shell;
