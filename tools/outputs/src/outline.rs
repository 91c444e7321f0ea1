//! What the plain diagram formats share: labels in one line, and the text inside a state.

use automata_compiler::invisible::written_out;
use automata_compiler::model::{Reaction, Response, StateId, TransitionId};

use crate::printer::{Printer, event_of};

/// `trigger [guard] / effects`.
#[must_use]
pub fn label(printer: &Printer<'_>, id: TransitionId) -> String {
    let (head, effects) = label_parts(printer, id);
    if effects.is_empty() { head } else { format!("{head} / {effects}") }
}

/// `trigger [guard]`, and `effects`.
fn label_parts(printer: &Printer<'_>, id: TransitionId) -> (String, String) {
    let transition = &printer.automaton.transitions[id];
    let mut head = printer.trigger(id);
    if let Some(guard) = printer.guard(id) {
        head.push_str(&format!(" [{guard}]"));
    }
    (head, printer.effects(&transition.effects, event_of(transition)).join(", "))
}

/// Characters in a line of a label, about.
const LINE: usize = 48;

/// A label in lines of moderate length; effects begin a new line.
#[must_use]
pub fn label_lines(printer: &Printer<'_>, id: TransitionId) -> Vec<String> {
    let (head, effects) = label_parts(printer, id);
    let mut lines = broken(&head);
    if !effects.is_empty() {
        lines.extend(broken(&format!("/ {effects}")));
    }
    lines
}

/// A text in lines, broken at its spaces.
#[must_use]
pub fn broken(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut length = LINE;
    for word in visible(text).split(' ') {
        let characters = word.chars().count();
        match lines.last_mut() {
            Some(line) if length + 1 + characters <= LINE => {
                line.push(' ');
                line.push_str(word);
                length += 1 + characters;
            }
            _ => {
                lines.push(word.to_owned());
                length = characters;
            }
        }
    }
    lines
}

/// All transitions that lead somewhere.
pub fn leading<'a>(printer: &Printer<'a>) -> impl Iterator<Item = TransitionId> + use<'a> {
    let transitions = printer.automaton.transitions.iter().enumerate();
    transitions
        .filter(|(_, transition)| matches!(transition.reaction, Reaction::To(_)))
        .map(|(index, _)| TransitionId(index as u32))
}

/// The text inside a state, a line each: `entry / …`, `exit / …`, internal reactions, then what it defers and ignores.
#[must_use]
pub fn activities(printer: &Printer<'_>, id: StateId) -> Vec<String> {
    let automaton = printer.automaton;
    let state = &automaton.states[id];
    let mut lines = Vec::new();
    for (keyword, effects) in [("entry", &state.entry), ("exit", &state.exit)] {
        if !effects.is_empty() {
            lines.push(format!("{keyword} / {}", printer.effects(effects, None).join(", ")));
        }
    }
    let mut ignored = Vec::new();
    for (index, transition) in automaton.transitions.iter().enumerate().filter(|(_, transition)| transition.state == id)
    {
        let text = label(printer, TransitionId(index as u32));
        match &transition.reaction {
            Reaction::To(_) => {}
            Reaction::Internal { .. } if transition.effects.is_empty() => lines.push(format!("{text} stays")),
            Reaction::Internal { .. } => lines.push(text),
            Reaction::Ignore { .. } => ignored.push(text),
        }
    }
    let mut deferred = Vec::new();
    for handler in &state.handlers {
        let event = printer.event(handler.event, handler.key.as_ref());
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

/// Whether the root does something itself, so that a picture needs a box for it.
#[must_use]
pub fn root_acts(printer: &Printer<'_>) -> bool {
    leading(printer).any(|id| printer.automaton.transitions[id].state == StateId::ROOT)
        || !activities(printer, StateId::ROOT).is_empty()
        || printer.automaton.states[StateId::ROOT].children.is_empty()
}

/// The name of the root in a picture, where it needs a box. No state can have this name.
pub const ROOT_NAME: &str = "any state";

/// The name of a state as it is drawn.
#[must_use]
pub fn name<'a>(printer: &Printer<'a>, id: StateId) -> &'a str {
    let name = printer.automaton.states[id].name.as_str();
    if name.is_empty() { ROOT_NAME } else { name }
}

/// The word for a state in a format whose names are words: `s_` and its name, which cannot be a keyword of any of
/// them. The [`name`] is drawn.
#[must_use]
pub fn word(printer: &Printer<'_>, id: StateId) -> String {
    let name = &printer.automaton.states[id].name;
    if name.is_empty() { "any_state".to_owned() } else { format!("s_{name}") }
}

/// In one line, without invisible characters: control characters, and those that change the direction of a
/// text, are written as Rust writes them. Joiners (emoji, Persian) stay.
#[must_use]
pub fn visible(text: &str) -> String {
    written_out(&text.trim_end().replace(['\n', '\r', '\t'], " ")).into_owned()
}
