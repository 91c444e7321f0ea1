//! PlantUML state diagrams.

use std::fmt::Write as _;

use automata_compiler::model::{AutomatonId, History, Reaction, StateId, System, Target};
use automata_compiler::source::Sources;

use crate::outline::{activities, label, leading, root_acts, word};
use crate::wording::Wording;

/// The diagram of one automaton.
#[must_use]
pub fn automaton(system: &System, _: &Sources, id: AutomatonId) -> String {
    let wording = Wording::new(system, &system.automata[id]);
    let automaton = wording.automaton;
    let name = &automaton.name;
    let mut text = format!("@startuml {name}\ntitle {name}\\n{}\nhide empty description\n", escape(&automaton.summary));
    if root_acts(&wording) {
        let _ = writeln!(text, "state \"any state\" as any_state");
        describe(&mut text, &wording, StateId::ROOT, 0);
    }
    contents(&mut text, &wording, StateId::ROOT, 0);
    for transition in leading(&wording) {
        let Reaction::To(target) = automaton.transitions[transition].reaction else { continue };
        let source = word(&wording, automaton.transitions[transition].state);
        let to = match target {
            Target::State(state) => word(&wording, state).to_owned(),
            Target::History(state) => {
                let mark = if automaton.states[state].history == History::Deep { "H*" } else { "H" };
                format!("{}[{mark}]", word(&wording, state))
            }
        };
        let label = escape(&label(&wording, transition)).replacen(" / ", "\\n/ ", 1);
        let _ = writeln!(text, "{source} --> {to} : {label}");
    }
    text.push_str("@enduml\n");
    text
}

fn contents(text: &mut String, wording: &Wording<'_>, id: StateId, depth: usize) {
    let indent = "  ".repeat(depth);
    let state = &wording.automaton.states[id];
    if let Some(initial) = state.initial {
        let _ = writeln!(text, "{indent}[*] --> {}", word(wording, initial));
    }
    for &child in &state.children {
        let name = word(wording, child);
        if wording.automaton.states[child].children.is_empty() {
            let _ = writeln!(text, "{indent}state {name}");
        } else {
            let _ = writeln!(text, "{indent}state {name} {{");
            contents(text, wording, child, depth + 1);
            let _ = writeln!(text, "{indent}}}");
        }
        describe(text, wording, child, depth);
        if wording.automaton.states[child].is_final {
            let _ = writeln!(text, "{indent}{name} --> [*]");
        }
    }
}

fn describe(text: &mut String, wording: &Wording<'_>, id: StateId, depth: usize) {
    for line in activities(wording, id) {
        let _ = writeln!(text, "{}{} : {}", "  ".repeat(depth), word(wording, id), escape(&line));
    }
}

/// A backslash begins an escape there, `<` a tag, `~` hides a character that means something.
pub(crate) fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '\\' => escaped.push_str("&#92;"),
            '<' => escaped.push_str("&#60;"),
            '~' => escaped.push_str("&#126;"),
            _ => escaped.push(character),
        }
        escaped
    })
}
