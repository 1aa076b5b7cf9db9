//! What scripts do: a flat list of commands with the conditions under which they run.
//!
//! [`interpret`] walks a parsed script with a variable scope, and [`matching`] compares the commands with the patterns
//! of the catalogue. Nothing runs; what reading cannot decide becomes a symbol or a condition.

mod builtin;
mod capture;
mod condition;
mod expand;
mod flow;
mod interpret;
pub mod matching;
mod paths;
mod run;
mod scope;
mod symbol;
#[cfg(test)]
mod tests;
mod wrappers;

pub use interpret::{Context, MOST_COMMANDS, MOST_DEPTH, MOST_ITERATIONS, MOST_STEPS, Shell, interpret, read};
pub use matching::{FlagValue, flag, matches, positional};
pub use paths::join;
pub use wrappers::unwrapped;
