//! What the names in a text can mean, and where it stands.

use std::collections::BTreeSet;

use super::narrowing::Known;
use crate::model::{Automaton, AutomatonId, Event, EventId, System};

/// Represents the variants of enums among the broken names, when `types.yaml` could not be read.
pub(crate) const VARIANTS: &str = "types.yaml";

/// Among the broken names: some automaton's key has no type that could be read. Nothing is said about any key then.
pub(crate) const KEY: &str = "key";

/// What the names in a text can mean.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'a> {
    /// With all declarations resolved: types, parts, automata with parameters, variables, conditions, declared events,
    /// actions and the tree of states. Reactions may be missing still.
    pub system: &'a System,
    /// The automaton whose definition contains the text.
    pub automaton: AutomatonId,
    /// The event at hand.
    pub event: EventScope,
    /// Under `properties`, where `self in STATE` has a meaning and conditions have none.
    pub inside_property: bool,
    /// A guard can be written before it: it is in a case, and not in `entry`, `exit` or the length of a timer.
    pub has_guard: bool,
    /// What is certainly not `none` here.
    pub known: &'a Known,
    /// Names whose declaration failed, of any kind: they are not reported again as unknown.
    pub broken: &'a BTreeSet<String>,
}

/// Whose fields can be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventScope {
    /// No event's: `entry`, `exit`, `always`, timers, properties.
    None,
    /// This event's.
    Event(EventId),
    /// An event's that could not be resolved: names that might be its fields are not reported.
    Unknown,
}

impl<'a> Environment<'a> {
    /// The automaton that contains the text.
    #[must_use]
    pub fn this(&self) -> &'a Automaton {
        &self.system.automata[self.automaton]
    }

    /// The event at hand, if there is one and it is known.
    #[must_use]
    pub fn event(&self) -> Option<&'a Event> {
        match self.event {
            EventScope::Event(id) => Some(&self.this().events[id]),
            EventScope::None | EventScope::Unknown => None,
        }
    }

    pub(super) fn is_broken(&self, name: &str) -> bool {
        self.broken.contains(name)
    }
}
