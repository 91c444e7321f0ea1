//! What trials show.

use std::collections::BTreeSet;

use automata_runtime::record::Fault;

use crate::interpreter::Delivery;
use crate::model::{AutomatonId, EventId, TransitionId};

/// A run that a limit has stopped.
pub struct Stopped {
    pub automaton: AutomatonId,
    pub by: Fault,
    /// The deliveries of the last input, up to the one that was stopped.
    pub last: Vec<Delivery>,
    /// The inputs that led to it, in words.
    pub inputs: Vec<String>,
}

/// A message that was sent before its sender started the receiver in the same delivery.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Early {
    pub from: AutomatonId,
    pub to: AutomatonId,
    pub event: EventId,
}

/// The cases that are taken again and again.
pub type Round = BTreeSet<(AutomatonId, TransitionId)>;
