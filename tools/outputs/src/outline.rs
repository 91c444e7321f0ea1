//! What the plain diagram formats share: labels in one line, and what a state says about itself.

use automata_compiler::model::{Reaction, Response, StateId, TransitionId};

use crate::wording::{Wording, event_of};

/// `trigger [guard] / effects`.
#[must_use]
pub fn label(wording: &Wording<'_>, id: TransitionId) -> String {
    let transition = &wording.automaton.transitions[id];
    let mut text = wording.trigger(id);
    if let Some(guard) = wording.guard(id) {
        text.push_str(&format!(" [{guard}]"));
    }
    let effects = wording.effects(&transition.effects, event_of(transition));
    if !effects.is_empty() {
        text.push_str(&format!(" / {}", effects.join(", ")));
    }
    text
}

/// All transitions that lead somewhere.
pub fn leading<'a>(wording: &Wording<'a>) -> impl Iterator<Item = TransitionId> + use<'a> {
    let transitions = wording.automaton.transitions.iter().enumerate();
    transitions
        .filter(|(_, transition)| matches!(transition.reaction, Reaction::To(_)))
        .map(|(index, _)| TransitionId(index as u32))
}

/// What stands inside a state, a line each: `entry / …`, `exit / …`, internal reactions, then what it defers and ignores.
#[must_use]
pub fn activities(wording: &Wording<'_>, id: StateId) -> Vec<String> {
    let automaton = wording.automaton;
    let state = &automaton.states[id];
    let mut lines = Vec::new();
    for (keyword, effects) in [("entry", &state.entry), ("exit", &state.exit)] {
        if !effects.is_empty() {
            lines.push(format!("{keyword} / {}", wording.effects(effects, None).join(", ")));
        }
    }
    let mut ignored = Vec::new();
    for (index, transition) in automaton.transitions.iter().enumerate().filter(|(_, transition)| transition.state == id)
    {
        let text = label(wording, TransitionId(index as u32));
        match &transition.reaction {
            Reaction::To(_) => {}
            Reaction::Internal { .. } if transition.effects.is_empty() => lines.push(format!("{text} stays")),
            Reaction::Internal { .. } => lines.push(text),
            Reaction::Ignore { .. } => ignored.push(text),
        }
    }
    let mut deferred = Vec::new();
    for handler in &state.handlers {
        let event = wording.event(handler.event, handler.key.as_ref());
        match handler.response {
            Response::Cases(_) => {}
            Response::Defer { .. } => deferred.push(event),
            Response::Ignore { .. } => ignored.push(event),
        }
    }
    if state.ignores_others.is_some() {
        ignored.push("others".to_owned());
    }
    for (keyword, events) in [("defers", deferred), ("ignores", ignored)] {
        if !events.is_empty() {
            lines.push(format!("{keyword} {}", events.join(", ")));
        }
    }
    lines
}

/// Whether the root does something of its own, so that a picture needs a box for it.
#[must_use]
pub fn root_acts(wording: &Wording<'_>) -> bool {
    leading(wording).any(|id| wording.automaton.transitions[id].state == StateId::ROOT)
        || !activities(wording, StateId::ROOT).is_empty()
        || wording.automaton.states[StateId::ROOT].children.is_empty()
}

/// The name of a state in a format whose names are words; the root is called `any_state`, which no state can be.
#[must_use]
pub fn word<'a>(wording: &Wording<'a>, id: StateId) -> &'a str {
    let name = wording.automaton.states[id].name.as_str();
    if name.is_empty() { "any_state" } else { name }
}
