//! LOWER: one folder for each CI platform; each turns its files into the pipeline model and judges nothing.

mod called;
mod clues;
pub mod detect;
pub mod github;
mod inline;
mod recipes;
