//! JSON Schema of the language (draft 2020-12), so that editors complete and check as you type.
//!
//! The schemas are files beside this one and the same for every system: the compiler checks declarations. A file of
//! definitions names its schema in a first line such as `# yaml-language-server:
//! $schema=../generated/schema/automaton.json`.

use automata_compiler::model::System;
use automata_compiler::source::Sources;

/// Of a file with an automaton.
#[must_use]
pub fn automaton(_: &System, _: &Sources) -> String {
    include_str!("automaton.json").to_owned()
}

/// Of `types.yaml`.
#[must_use]
pub fn types(_: &System, _: &Sources) -> String {
    include_str!("types.json").to_owned()
}

/// Of `parts.yaml`.
#[must_use]
pub fn parts(_: &System, _: &Sources) -> String {
    include_str!("parts.json").to_owned()
}
