//! What an instance would accept in a state, and what each would do.

use super::wording::{Wording, ignored};
use crate::model::{Automaton, EventId, EventKind, Response, StateId, System, TransitionId, Trigger};

/// An event that a state, or one around it, says something about.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The event or observation.
    pub event: EventId,
    /// With its fields: `hello_received(peer: NodeId)`.
    pub signature: String,
    /// In the order in which they are tried.
    pub reactions: Vec<Reaction>,
    /// It can come from outside; otherwise it is only raised.
    pub from_outside: bool,
}

/// One thing that may happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// The state that says so; empty for the root.
    pub state: String,
    /// What happens: `if outgoing: send_hello, → CLIENT`.
    pub text: String,
}

/// A case in the words of the definition: `if outgoing: send_hello, → CLIENT`.
#[must_use]
pub fn case_text(system: &System, automaton: &Automaton, case: TransitionId) -> String {
    let transition = &automaton.transitions[case];
    let fields = match transition.trigger {
        Trigger::Event(event) => automaton.events[event].fields.as_slice(),
        Trigger::Timer(_) | Trigger::Always => &[],
    };
    Wording { system, automaton }.case(transition, fields)
}

/// The events that are answered in `leaf`, in the order of their declaration.
#[must_use]
pub fn choices(system: &System, automaton: &Automaton, leaf: StateId) -> Vec<Choice> {
    let wording = Wording { system, automaton };
    let ids = (0..automaton.events.len() as u32).map(EventId);
    let of_event = |event: EventId| {
        let declared = &automaton.events[event];
        let mut reactions = Vec::new();
        for state in automaton.outwards(leaf).map(|id| &automaton.states[id]) {
            for handler in state.handlers.iter().filter(|handler| handler.event == event) {
                let key = handler.key.as_ref();
                let key = key.map(|key| format!("[{}] ", wording.expression(key, &declared.fields)));
                let mut add = |text: String| {
                    let text = format!("{}{text}", key.as_deref().unwrap_or_default());
                    reactions.push(Reaction { state: state.name.clone(), text });
                };
                match &handler.response {
                    Response::Cases(cases) => {
                        cases.iter().for_each(|&case| {
                            add(wording.case(&automaton.transitions[case], &declared.fields));
                        });
                    }
                    Response::Defer { .. } => add("deferred".to_owned()),
                    Response::Ignore { reason } => add(ignored(reason)),
                }
            }
        }
        let from_outside = match &declared.kind {
            EventKind::Declared { from, .. } => !from.is_empty(),
            EventKind::Observation { .. } => true,
        };
        Choice { event, signature: wording.signature(event), reactions, from_outside }
    };
    ids.map(of_event).filter(|choice| !choice.reactions.is_empty()).collect()
}
