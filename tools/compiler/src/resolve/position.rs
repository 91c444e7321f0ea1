//! Where a text stands: what it may name follows from that.

use std::collections::BTreeSet;

use crate::expression::{EventScope, Known};
use crate::model::{AutomatonId, StateId, VariableId};

/// The position of a case, or of a part of one.
#[derive(Clone, Copy)]
pub(super) struct Position<'p> {
    pub automaton: AutomatonId,
    pub state: StateId,
    pub event: EventScope,
    /// A guard can be written before it.
    pub has_guard: bool,
    /// What is certainly not `none` there.
    pub known: &'p Known,
    /// By state: what its `exit` sets.
    pub set_by_exits: &'p [BTreeSet<VariableId>],
}

impl<'p> Position<'p> {
    /// Where no event is at hand: in the root, for a start.
    pub fn without_event(automaton: AutomatonId, known: &'p Known) -> Self {
        Position {
            automaton,
            state: StateId::ROOT,
            event: EventScope::None,
            has_guard: false,
            known,
            set_by_exits: &[],
        }
    }
}
