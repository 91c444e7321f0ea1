//! Holds the interpreter and the generated Rust equal, and both to what the cases say.

pub mod cells;
pub mod chance;
pub mod exploration;
pub mod generated;
pub mod implementation;
pub mod replays;
pub mod scripted;
pub mod side_by_side;
pub mod sources;
pub mod steps;
pub mod trial;

use std::sync::Arc;

use automata_compiler::model::System;

use sources::Definitions;

/// The resolved model of the definitions.
///
/// # Panics
/// If they have errors; the findings are shown.
#[must_use]
pub fn system(definitions: &Definitions) -> Arc<System> {
    let analysis = automata_compiler::analyse(&definitions.sources);
    let findings = || automata_compiler::render::plain(&definitions.sources, &analysis.findings);
    Arc::new(analysis.system.unwrap_or_else(|| panic!("{} has errors:\n{}", definitions.name, findings())))
}

/// All definitions that there are.
///
/// # Panics
/// If they cannot be read.
#[must_use]
pub fn definitions() -> Vec<Definitions> {
    sources::definitions().expect("the definitions are part of the repository")
}

/// A type that stands where a definition names one of the program's own: whatever JSON it was made of.
#[macro_export]
macro_rules! stand_in {
    ($name:ident) => {
        /// A stand-in.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub serde_json::Value);

        /// Secrets are texts in these tests.
        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                self.0.as_str().unwrap_or_default().as_bytes()
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/stand_ins.rs"));
