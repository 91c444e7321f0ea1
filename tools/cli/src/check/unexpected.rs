//! `automata check --unexpected`: what no state answers.

use std::io::Write;

use automata_compiler::model::{Automaton, System};
use automata_compiler::printer::Printer;
use automata_compiler::selection::{Cause, Remainder, answers, example_of_remainder};
use automata_compiler::source::{Sources, Span};
use serde::Serialize;

use super::place::{Place, annotated, place};
use crate::terminal::{FAINT, STRONG, styled};

/// An event in a leaf state in which, at least sometimes, neither that state nor one around it answers.
pub struct Unexpected {
    span: Span,
    automaton: String,
    /// Of the root of an automaton without states: empty.
    state: String,
    event: String,
    remainder: Remainder,
    /// A case in which nobody answers; empty: in every one, or it is not known.
    when: Vec<String>,
}

#[derive(Serialize)]
pub struct Cell<'a> {
    automaton: &'a str,
    state: &'a str,
    event: &'a str,
    /// `always`, `sometimes`, or `perhaps`: the guards could not be looked through.
    is: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    when: &'a [String],
    #[serde(flatten)]
    place: Place<'a>,
}

/// Every such cell of the automata of these names, in the order of the files.
pub fn of(system: &System, names: &[&str]) -> Vec<Unexpected> {
    let automata = system.automata.iter().filter(|automaton| names.contains(&automaton.name.as_str()));
    automata.flat_map(|automaton| of_one(system, automaton)).collect()
}

fn of_one(system: &System, automaton: &Automaton) -> Vec<Unexpected> {
    let printer = Printer::new(system, automaton);
    let mut cells = Vec::new();
    for leaf in answers(system, automaton).iter().filter(|leaf| !leaf.is_transient()) {
        let state = &automaton.states[leaf.leaf];
        for chain in leaf.events.iter().filter(|chain| chain.remainder != Remainder::Nothing) {
            let Cause::Event(arrival) = chain.cause else { continue };
            let is_asked = !chain.steps.is_empty();
            let when = if is_asked { example_of_remainder(system, automaton, chain) } else { Vec::new() };
            cells.push(Unexpected {
                span: if state.name.is_empty() { automaton.span } else { state.span },
                automaton: automaton.name.clone(),
                state: state.name.clone(),
                event: printer.event(arrival.event, arrival.key),
                remainder: chain.remainder,
                when,
            });
        }
    }
    cells
}

impl Unexpected {
    pub fn cell<'a>(&'a self, sources: &'a Sources) -> Cell<'a> {
        Cell {
            automaton: &self.automaton,
            state: &self.state,
            event: &self.event,
            is: match (self.remainder, self.when.is_empty()) {
                (Remainder::Unknown, _) => "perhaps",
                (_, true) => "always",
                (_, false) => "sometimes",
            },
            when: &self.when,
            place: place(sources, self.span),
        }
    }

    /// The event, and when nobody answers it.
    fn event(&self) -> String {
        match (self.remainder, self.when.as_slice()) {
            (Remainder::Unknown, []) => format!("{} (perhaps: its guards could not be judged)", self.event),
            (_, []) => self.event.clone(),
            (_, when) => format!("{} (when {})", self.event, when.join(", ")),
        }
    }

    fn of(&self) -> &str {
        if self.state.is_empty() { &self.automaton } else { &self.state }
    }

    /// Beside the line of the state in a pull request.
    pub fn annotation(&self, sources: &Sources) -> String {
        annotated(
            sources,
            self.span,
            "notice",
            "unexpected",
            &format!("{} does not answer {}", self.of(), self.event()),
        )
    }
}

/// A line for each state.
pub fn tell(cells: &[Unexpected], sources: &Sources, output: &mut impl Write) -> std::io::Result<()> {
    if cells.is_empty() {
        return Ok(());
    }
    writeln!(
        output,
        "{} events that no state answers: they are counted and traced, and nothing happens",
        styled(STRONG, "unexpected:")
    )?;
    for cells in cells.chunk_by(|a, b| a.span == b.span) {
        let Some(first) = cells.first() else { continue };
        let Place { path, line, column, .. } = place(sources, first.span);
        let events: Vec<String> = cells.iter().map(Unexpected::event).collect();
        let at = styled(FAINT, format_args!("{path}:{line}:{column}:"));
        writeln!(output, "  {at} {}: {}", first.of(), events.join(", "))?;
    }
    writeln!(
        output,
        "  help: answer them, or say that they mean nothing: `ignore: {{ EVENT: why }}`, or `ignore: {{ others: why }}` for all of a state\n"
    )
}
