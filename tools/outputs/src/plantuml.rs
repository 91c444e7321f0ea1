//! PlantUML state diagrams.

use std::fmt::Write as _;

use automata_compiler::model::{AutomatonId, History, Reaction, StateId, System, Target};
use automata_compiler::source::Sources;

use crate::outline::{activities, broken, label_lines, leading, name, root_acts, visible, word};
use crate::printer::Printer;

/// The diagram of one automaton.
#[must_use]
pub fn automaton(system: &System, _: &Sources, id: AutomatonId) -> String {
    let printer = Printer::new(system, &system.automata[id]);
    let automaton = printer.automaton;
    let mut text = format!("@startuml {}\ntitle {}", automaton.name, escape(&automaton.name));
    for line in broken(&automaton.summary).iter().filter(|line| !line.is_empty()) {
        let _ = write!(text, "\\n{}", escape(line));
    }
    text.push_str("\nhide empty description\n");
    if root_acts(&printer) {
        let _ = writeln!(text, "state \"{}\" as {}", name(&printer, StateId::ROOT), word(&printer, StateId::ROOT));
        describe(&mut text, &printer, StateId::ROOT, 0);
    }
    contents(&mut text, &printer, StateId::ROOT, 0);
    for transition in leading(&printer) {
        let Reaction::To(target) = automaton.transitions[transition].reaction else { continue };
        let source = word(&printer, automaton.transitions[transition].state);
        let to = match target {
            Target::State(state) => word(&printer, state),
            Target::History(state) if automaton.states[state].history == History::Deep => deep_history(&printer, state),
            Target::History(state) => format!("{}[H]", word(&printer, state)),
        };
        let label: Vec<String> = label_lines(&printer, transition).iter().map(|line| escape(line)).collect();
        let _ = writeln!(text, "{source} --> {to} : {}", label.join("\\n"));
    }
    text.push_str("@enduml\n");
    text
}

fn contents(text: &mut String, printer: &Printer<'_>, id: StateId, depth: usize) {
    let indent = "  ".repeat(depth);
    let state = &printer.automaton.states[id];
    if let Some(initial) = state.initial {
        let _ = writeln!(text, "{indent}[*] --> {}", word(printer, initial));
    }
    if state.history == History::Deep {
        let _ = writeln!(text, "{indent}state \"H*\" as {}", deep_history(printer, id));
    }
    for &child in &state.children {
        let (name, word) = (name(printer, child), word(printer, child));
        if printer.automaton.states[child].children.is_empty() {
            let _ = writeln!(text, "{indent}state \"{name}\" as {word}");
        } else {
            let _ = writeln!(text, "{indent}state \"{name}\" as {word} {{");
            contents(text, printer, child, depth + 1);
            let _ = writeln!(text, "{indent}}}");
        }
        describe(text, printer, child, depth);
        if printer.automaton.states[child].is_final {
            let _ = writeln!(text, "{indent}{word} --> [*]");
        }
    }
}

/// A separate state: `[H*]` is newer than the versions that many have.
fn deep_history(printer: &Printer<'_>, id: StateId) -> String {
    format!("{}_history", word(printer, id))
}

fn describe(text: &mut String, printer: &Printer<'_>, id: StateId, depth: usize) {
    let (indent, word) = ("  ".repeat(depth), word(printer, id));
    for line in activities(printer, id) {
        let lines: Vec<String> = broken(&line).iter().map(|line| escape(line)).collect();
        let _ = writeln!(text, "{indent}{word} : {}", lines.join("\\n    "));
    }
}

/// Everything that could mean something to PlantUML, to its preprocessor, or to Creole, as which it reads labels,
/// becomes `<U+code>`. A sign stays only between a letter, digit or space and another such: `--`, `//`, `/'`, `__` and
/// the like never occur.
#[must_use]
pub fn escape(text: &str) -> String {
    let text = visible(text);
    let of_word = |character: char| character.is_alphanumeric() || character == ' ';
    let mut escaped = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let alone = before.is_some_and(of_word) && rest.peek().copied().is_none_or(of_word);
        let plain = match character {
            '_' | '-' | '/' | '=' | '+' => alone,
            ' ' | ',' | '(' | ')' | ':' => before.is_some(),
            '.' | ']' => before.is_some_and(char::is_alphanumeric),
            _ => character.is_alphanumeric(),
        };
        if plain {
            escaped.push(character);
        } else {
            let _ = write!(escaped, "<U+{:04X}>", u32::from(character));
        }
        before = Some(character);
    }
    escaped
}
