//! The vocabulary that every stage shares. It imports none of them.

mod cond;
mod event;
mod job;
mod location;
mod note;
mod outline;
mod pipeline;
mod requirement;
mod runner;
mod step;
mod target;
mod text;
mod token;
mod unread;
mod verdict;
mod version;

pub use cond::Cond;
pub use event::{Event, EventKind};
pub use job::{CacheMode, Definition, Job, OutsideCall, Parameter, SecretUse};
pub use location::{Location, Position, Span};
pub use note::{Note, Problem, Severity, Unassessed};
pub use outline::{
    Chooser, InheritedSecrets, Injected, Outline, ProposalCheckout, RequiredReview, Review, Used, UsedImage,
};
pub use pipeline::{Flow, Pipeline, Platform};
pub use requirement::{Requirement, SPECIFICATION};
pub use runner::{LabelSet, RunnerChoice, RunnerPlatform, RunnerPool, RunnerVariable, Tri};
pub use step::{ActionUse, Command, Hop, Input, OutputWrite, Script, Step, StepBody, views};
pub use target::{Boundary, BoundaryJob, Kind, Target};
pub use text::{Text, closing, lowered, opening};
pub use token::{Access, TokenScope};
pub use unread::{Bound, Unread};
pub use verdict::{Evidence, Grade, MOST_EVIDENCE, Remedy, State, UNKNOWN_BUILD, Verdict};
pub use version::{Reference, Version, VersionSource};
