//! Mermaid (`stateDiagram-v2`), which many sites draw inside Markdown.
//!
//! It knows no history and cannot draw a line from a composite to a state inside it. History is a small state of its
//! own; such a line starts from each child instead. What a composite does itself is kept in comments.

use std::fmt::Write as _;

use automata_compiler::model::{AutomatonId, History, Reaction, Response, StateId, System, Target, TransitionId};
use automata_compiler::source::Sources;

use crate::outline::{activities, label, leading, root_acts, word};
use crate::wording::{Wording, event_of};

/// The diagram of one automaton.
#[must_use]
pub fn automaton(system: &System, _: &Sources, id: AutomatonId) -> String {
    let wording = Wording::new(system, &system.automata[id]);
    let name = &wording.automaton.name;
    let mut text = format!("---\ntitle: {name}\n---\nstateDiagram-v2\n    direction TB\n");
    if root_acts(&wording) {
        let _ = writeln!(text, "    state \"any state\" as any_state");
        describe(&mut text, &wording, StateId::ROOT, 1);
    }
    contents(&mut text, &wording, StateId::ROOT, 1);
    for transition in leading(&wording) {
        let Reaction::To(target) = wording.automaton.transitions[transition].reaction else { continue };
        let state = wording.automaton.transitions[transition].state;
        let to = match target {
            Target::State(state) => word(&wording, state).to_owned(),
            Target::History(state) => format!("{}_history", word(&wording, state)),
        };
        let inside =
            state != StateId::ROOT && target.state() != state && wording.automaton.is_in(target.state(), state);
        let sources = if inside { wording.automaton.states[state].children.as_slice() } else { &[state] };
        for &source in sources.iter().filter(|&&source| !inside || !answers(&wording, source, transition)) {
            let _ =
                writeln!(text, "    {} --> {to} : {}", word(&wording, source), escape(&label(&wording, transition)));
        }
    }
    text
}

/// Whether a state has an answer of its own to what the transition reacts to.
fn answers(wording: &Wording<'_>, id: StateId, transition: TransitionId) -> bool {
    let Some(event) = event_of(&wording.automaton.transitions[transition]) else { return false };
    wording.automaton.states[id].handlers.iter().any(|handler| {
        handler.event == event
            && match &handler.response {
                Response::Cases(cases) => cases.iter().any(|&case| wording.automaton.transitions[case].guard.is_none()),
                Response::Defer { .. } | Response::Ignore { .. } => true,
            }
    })
}

fn contents(text: &mut String, wording: &Wording<'_>, id: StateId, depth: usize) {
    let indent = "    ".repeat(depth);
    let state = &wording.automaton.states[id];
    if let Some(initial) = state.initial {
        let _ = writeln!(text, "{indent}[*] --> {}", word(wording, initial));
    }
    if state.history != History::None {
        let mark = if state.history == History::Deep { "H#42;" } else { "H" };
        let _ = writeln!(text, "{indent}state \"{mark}\" as {}_history", word(wording, id));
    }
    for &child in &state.children {
        let name = word(wording, child);
        if wording.automaton.states[child].children.is_empty() {
            // Not `state NAME`: Mermaid's lexer takes a composite in the next line for the rest of the name.
            let _ = writeln!(text, "{indent}{name}");
            describe(text, wording, child, depth);
            if wording.automaton.states[child].is_final {
                let _ = writeln!(text, "{indent}{name} --> [*]");
            }
        } else {
            let _ = writeln!(text, "{indent}state {name} {{");
            for line in activities(wording, child) {
                let _ = writeln!(text, "{indent}    %% {line}");
            }
            contents(text, wording, child, depth + 1);
            let _ = writeln!(text, "{indent}}}");
        }
    }
}

fn describe(text: &mut String, wording: &Wording<'_>, id: StateId, depth: usize) {
    let name = word(wording, id);
    for line in activities(wording, id) {
        let _ = writeln!(text, "{}{name} : {}", "    ".repeat(depth), escape(&line));
    }
}

/// Characters that could mean something to Mermaid become `#code;`.
#[must_use]
pub fn escape(text: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || " _()[].,+=/".contains(character);
    text.chars().fold(String::new(), |mut escaped, character| {
        if plain(character) {
            escaped.push(character);
        } else {
            let _ = write!(escaped, "#{};", u32::from(character));
        }
        escaped
    })
}
