//! What an instance would accept in a state, and what each would do.

use crate::model::{Automaton, EventId, EventKind, Response, StateId, System, TransitionId};
use crate::printer::{Printer, ignored};
use crate::selection::{Answer, Cause, Step, answers_in};

/// An event that a state, or one around it, mentions.
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
    /// The state that does it; empty for the root.
    pub state: String,
    /// What happens: `if outgoing: send_hello, → CLIENT`.
    pub text: String,
}

/// A case in the words of the definition: `if outgoing: send_hello, → CLIENT`.
#[must_use]
pub fn case_text(system: &System, automaton: &Automaton, case: TransitionId) -> String {
    Printer::new(system, automaton).case(&automaton.transitions[case])
}

/// The events that are answered in `leaf`, in the order of their declaration. Answers that can never be reached,
/// because something before always answers, are left out.
#[must_use]
pub fn choices(system: &System, automaton: &Automaton, leaf: StateId) -> Vec<Choice> {
    let printer = Printer::new(system, automaton);
    let answers = answers_in(system, automaton, leaf);
    let ids = (0..automaton.events.len() as u32).map(EventId);
    let of_event = |event: EventId| {
        let declared = &automaton.events[event];
        let mut reactions = Vec::new();
        for chain in &answers.events {
            let Cause::Event(arrival) = chain.cause else { continue };
            for step in chain.steps.iter().filter(|step| arrival.event == event && step.reached) {
                let key = arrival.key.or(step.key);
                let key = key.map(|key| format!("[{}] ", printer.expression(key, Some(event))));
                let text = match step.answer {
                    Answer::Transition(case) => printer.case(&automaton.transitions[case]),
                    Answer::Defer => "deferred".to_owned(),
                    Answer::Ignore => ignored(reason(automaton, step)),
                    Answer::IgnoreOthers => {
                        ignored(automaton.states[step.state].ignores_others.as_deref().unwrap_or_default())
                    }
                };
                let state = automaton.states[step.state].name.clone();
                reactions.push(Reaction { state, text: format!("{}{text}", key.unwrap_or_default()) });
            }
        }
        let from_outside = match &declared.kind {
            EventKind::Declared { from, .. } => !from.is_empty(),
            EventKind::Observation { .. } => true,
        };
        Choice { event, signature: printer.signature(event), reactions, from_outside }
    };
    ids.map(of_event).filter(|choice| !choice.reactions.is_empty()).collect()
}

fn reason<'a>(automaton: &'a Automaton, step: &Step) -> &'a str {
    let handlers = &automaton.states[step.state].handlers;
    match handlers.iter().find(|handler| handler.span == step.handler).map(|handler| &handler.response) {
        Some(Response::Ignore { reason }) => reason,
        _ => "",
    }
}
