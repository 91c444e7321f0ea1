//! The recorder of the node's bus.

use std::path::Path;

use automata_runtime::{Automaton, Delivery, Recorder};

use super::config::Settings;
use crate::identity::NodeId;

/// Records nothing.
#[derive(Debug, Default)]
pub struct Recording;

impl Recording {
    /// Opened.
    pub fn open(_: &Path, _: &Settings, _: &NodeId) -> Self {
        Self
    }

    /// Everything is on disk.
    pub fn flush(&mut self) {}
}

impl Recorder for Recording {
    fn is_on(&self) -> bool {
        false
    }

    fn record<A: Automaton>(&mut self, _: &Delivery<'_, A>) {}
}
