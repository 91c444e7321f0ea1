//! What generated code tells tools about its automata at run time: names, texts, and places in the YAML.

/// A place in a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Path of the file, relative to where the compiler ran.
    pub file: &'static str,
    /// From 1.
    pub line: u32,
}

/// A state, simple or composite. The root has the empty name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateMetadata {
    /// As in the YAML.
    pub name: &'static str,
    /// One sentence; may be empty.
    pub summary: &'static str,
    /// None only for the root.
    pub parent: Option<&'static str>,
    /// Whether it can be the current state.
    pub is_leaf: bool,
    /// Whether entering it ends the instance.
    pub is_final: bool,
    /// Where it is declared.
    pub place: Place,
}

/// An event: declared, or an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventMetadata {
    /// As in records.
    pub name: &'static str,
    /// One sentence; may be empty.
    pub summary: &'static str,
    /// Names of its fields.
    pub fields: &'static [&'static str],
    /// Parts and automata that send it. Empty for events that are only raised, and for observations.
    pub from: &'static [&'static str],
    /// Where it is declared, or first mentioned.
    pub place: Place,
}

/// One case of a reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransitionMetadata {
    /// The state in which it is written.
    pub state: &'static str,
    /// The event, a timer (`after x in S`), or `always`.
    pub trigger: &'static str,
    /// Where it leads: a state, `S.history`, or nothing if nothing is left.
    pub target: Option<&'static str>,
    /// Whether it says that the event is ignored.
    pub is_ignored: bool,
    /// One sentence; may be empty.
    pub summary: &'static str,
    /// Where it is written.
    pub place: Place,
}

/// One automaton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutomatonMetadata {
    /// As in the YAML.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The root first, depth first.
    pub states: &'static [StateMetadata],
    /// Declared ones, then observations.
    pub events: &'static [EventMetadata],
    /// In the order of the file.
    pub transitions: &'static [TransitionMetadata],
}
