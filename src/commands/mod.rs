//! LOWER: what scripts do, and where their commands lead.
//!
//! [`interpret`] walks a parsed script with a variable scope and lists its commands with the conditions under which
//! they run; [`Scripts`] follows them into the checkout; [`matching`] compares them with the patterns of the
//! catalogue. Nothing runs: what reading cannot decide becomes a symbol or a condition.

mod alternatives;
mod builtin;
mod capture;
mod chain;
mod choices;
mod condition;
pub mod crates;
mod expand;
mod flow;
mod follow;
mod interpret;
mod jumps;
mod listed;
pub mod matching;
mod parsed;
mod paths;
mod rounds;
mod run;
mod scope;
mod scripts;
mod sourced;
mod status;
mod symbol;
#[cfg(test)]
mod tests;
mod tolerance;
pub mod workspace;
mod wrappers;

pub use choices::Choices;
pub(crate) use follow::edits_in_place;
pub use interpret::{Context, MOST_COMMANDS, MOST_DEPTH, MOST_ITERATIONS, MOST_STEPS, Shell, interpret, read};
pub use matching::{FlagValue, flag, matches, positional};
pub use parsed::Parsed;
pub use paths::join;
pub use scripts::{CHOSEN, Reading, Scripts, publications};
pub use symbol::kept;
pub use wrappers::{Contained, IDENTITY, brings_secrets, contained};
