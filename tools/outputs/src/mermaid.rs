//! Mermaid (`stateDiagram-v2`), which many sites draw inside Markdown.
//!
//! It has no history and cannot draw a line from a composite to a state inside it. History is a separate small state;
//! such a line starts from each child instead. What a composite does itself is in a note.

use std::fmt::Write as _;

use automata_compiler::model::{AutomatonId, History, Reaction, Response, StateId, System, Target, TransitionId};
use automata_compiler::source::Sources;

use crate::outline::{activities, label, leading, name, root_acts, visible, word};
use crate::printer::{Printer, event_of};

/// The diagram of one automaton.
#[must_use]
pub fn automaton(system: &System, _: &Sources, id: AutomatonId) -> String {
    let printer = Printer::new(system, &system.automata[id]);
    // In quotes: `null` and `yes` are names too.
    let mut text = format!("---\ntitle: \"{}\"\n---\nstateDiagram-v2\n    direction TB\n", printer.automaton.name);
    if root_acts(&printer) {
        declare(&mut text, &printer, StateId::ROOT, 1);
    }
    contents(&mut text, &printer, StateId::ROOT, 1);
    for (from, to, label) in lines(&printer) {
        let _ = writeln!(text, "    {from} --> {to} : {label}");
    }
    text
}

/// The lines, by their ends and labels. Of several from a state to itself Mermaid shows only one label, so they are one
/// line.
fn lines(printer: &Printer<'_>) -> Vec<(String, String, String)> {
    let mut lines: Vec<(String, String, String)> = Vec::new();
    for transition in leading(printer) {
        let Reaction::To(target) = printer.automaton.transitions[transition].reaction else { continue };
        let to = match target {
            Target::State(state) => word(printer, state),
            Target::History(state) => format!("{}_history", word(printer, state)),
        };
        let label = escape(&label(printer, transition));
        for from in sources(printer, transition).into_iter().map(|source| word(printer, source)) {
            match lines.iter_mut().find(|line| from == to && line.0 == from && line.1 == to) {
                Some((_, _, labels)) => {
                    labels.push_str("<br>");
                    labels.push_str(&label);
                }
                None => lines.push((from, to.clone(), label.clone())),
            }
        }
    }
    lines
}

/// The states from which the lines of a transition begin: its own, but of a composite that leads to a state inside
/// itself the children where it applies.
#[must_use]
pub fn sources(printer: &Printer<'_>, id: TransitionId) -> Vec<StateId> {
    let transition = &printer.automaton.transitions[id];
    let state = transition.state;
    match transition.reaction {
        Reaction::To(target)
            if state != StateId::ROOT && target.state() != state && printer.automaton.is_in(target.state(), state) =>
        {
            let children = printer.automaton.states[state].children.iter();
            children.copied().filter(|&child| !answers(printer, child, id)).collect()
        }
        _ => vec![state],
    }
}

/// Whether a state itself answers the trigger of the transition.
fn answers(printer: &Printer<'_>, id: StateId, transition: TransitionId) -> bool {
    let Some(event) = event_of(&printer.automaton.transitions[transition]) else { return false };
    printer.automaton.states[id].handlers.iter().any(|handler| {
        handler.event == event
            && match &handler.response {
                Response::Cases(cases) => cases.iter().any(|&case| printer.automaton.transitions[case].guard.is_none()),
                Response::Defer { .. } | Response::Ignore { .. } => true,
            }
    })
}

fn contents(text: &mut String, printer: &Printer<'_>, id: StateId, depth: usize) {
    let indent = "    ".repeat(depth);
    let state = &printer.automaton.states[id];
    if let Some(initial) = state.initial {
        let _ = writeln!(text, "{indent}[*] --> {}", word(printer, initial));
    }
    if state.history != History::None {
        let mark = if state.history == History::Deep { "H#42;" } else { "H" };
        let _ = writeln!(text, "{indent}state \"{mark}\" as {}_history", word(printer, id));
    }
    for &child in &state.children {
        if printer.automaton.states[child].children.is_empty() {
            declare(text, printer, child, depth);
            if printer.automaton.states[child].is_final {
                let _ = writeln!(text, "{indent}{} --> [*]", word(printer, child));
            }
        } else {
            let _ = writeln!(text, "{indent}state \"{}\" as {} {{", name(printer, child), word(printer, child));
            contents(text, printer, child, depth + 1);
            let _ = writeln!(text, "{indent}}}");
            note(text, printer, child, depth);
        }
    }
}

/// What a composite does itself.
fn note(text: &mut String, printer: &Printer<'_>, id: StateId, depth: usize) {
    let (indent, lines) = ("    ".repeat(depth), activities(printer, id));
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "{indent}note right of {}", word(printer, id));
    for line in lines {
        let _ = writeln!(text, "{indent}    {}", escape(&line));
    }
    let _ = writeln!(text, "{indent}end note");
}

/// A box by its word, with its name and what it does.
fn declare(text: &mut String, printer: &Printer<'_>, id: StateId, depth: usize) {
    let (indent, word) = ("    ".repeat(depth), word(printer, id));
    let _ = writeln!(text, "{indent}state \"{}\" as {word}", name(printer, id));
    for line in activities(printer, id) {
        let _ = writeln!(text, "{indent}{word} : {}", escape(&line));
    }
}

/// A text as it is drawn. Mermaid internally writes `ﬂ°` and `¶ß` for `&` and `;`, and replaces them in texts too.
#[must_use]
pub fn shown(text: &str) -> String {
    visible(text).replace('ﬂ', "fl").replace('¶', "\\u{b6}")
}

/// Everything that could mean something to Mermaid, or to Markdown, as which it reads labels, becomes `#code;`.
#[must_use]
pub fn escape(text: &str) -> String {
    let text = shown(text);
    let mut escaped = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let plain = match (before, character) {
            // A number, a space or a sign at the beginning could begin a list, a heading or a block of code.
            (None, _) => character.is_alphabetic(),
            // `__` underlines, as `_` at the edge of a word does.
            (Some(before), '_') => before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric()),
            // `[text](place)`, `[text][name]` and `www.place` are links.
            (Some(before), '(' | '[') => before != ']',
            (Some(before), '.') => !matches!(before, 'w' | 'W'),
            (_, ' ' | ',' | '=' | '/' | '+' | ')' | ']') => true,
            _ => character.is_alphanumeric(),
        };
        if plain {
            escaped.push(character);
        } else {
            let _ = write!(escaped, "#{};", u32::from(character));
        }
        before = Some(character);
    }
    escaped
}
