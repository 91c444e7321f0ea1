//! The compiler of the automata language: YAML → [`model`] → checks → Rust, and an interpreter of the same model.
//!
//! The language is taught in `docs/AUTOMATA.md`; what a definition means is in `docs/SEMANTICS.md`. Everything here is
//! a pure function of the sources: no clock, no environment, no unordered map. Without the feature `rust`, the
//! generator is left out; the rest is enough for a program that runs definitions or replays its traces.

mod analysis;
#[cfg(feature = "rust")]
mod build;
mod causes;
pub mod checks;
pub mod codes;
pub mod diagnostic;
pub mod durations;
pub mod expression;
mod file_names;
mod folder;
pub mod foreign;
pub mod graph;
mod hash;
pub mod interpreter;
pub mod invisible;
mod json;
pub mod keywords;
mod list_form;
pub mod model;
pub mod naming;
pub mod nearest;
pub mod printer;
pub mod render;
pub mod resolve;
#[cfg(feature = "rust")]
pub mod rust;
pub mod selection;
pub mod simulation;
mod sound_part;
pub mod source;
pub mod syntax;
pub mod trace;
mod walk;
pub mod worlds;
pub mod yaml;

pub use analysis::{Analysis, ParsedFile, analyse, analyse_parsed};
#[cfg(feature = "rust")]
pub use build::{Artifacts, build, build_into, build_with, compile};
pub use file_names::is_meant_as_definition;
pub use folder::read_folder;
pub use hash::model_hash;
pub use sound_part::{SoundPart, sound_part};
