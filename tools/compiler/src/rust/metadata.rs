//! Names, texts and places of an automaton, as static tables of the generated module.

use std::fmt::Write as _;

use super::usage::Usage;
use crate::model::{EventKind, Partner, Reaction, System, Target, Transition, Trigger};
use crate::source::Span;

/// `automata/x.yaml:7`.
pub fn place_text(usage: &Usage<'_>, span: Span) -> String {
    format!("`{}:{}`", usage.sources.get(span.file).path, usage.line(span))
}

/// The text by which records name what a transition reacts to.
pub fn trigger_text(usage: &Usage<'_>, transition: &Transition) -> String {
    match transition.trigger {
        Trigger::Event(event) => usage.automaton.events[event].name.clone(),
        Trigger::Timer(timer) => usage.automaton.timer_label(timer),
        Trigger::Always => "always".to_owned(),
    }
}

/// `STATE` or `STATE.history`.
pub fn target_text(usage: &Usage<'_>, target: Target) -> String {
    match target {
        Target::State(state) => usage.automaton.states[state].name.clone(),
        Target::History(state) => format!("{}.history", usage.automaton.states[state].name),
    }
}

/// The name of a part or automaton.
pub fn partner_name(system: &System, partner: Partner) -> &str {
    match partner {
        Partner::Part(part) => &system.parts[part].name,
        Partner::Automaton(automaton) => &system.automata[automaton].name,
    }
}

/// The static `METADATA`.
pub fn tables(usage: &Usage<'_>) -> String {
    let automaton = usage.automaton;
    let mut states = String::new();
    for state in &automaton.states {
        let parent = state.parent.map(|parent| automaton.states[parent].name.as_str());
        let _ = writeln!(
            states,
            "StateMetadata {{ name: {:?}, summary: {:?}, parent: {parent:?}, is_leaf: {}, is_final: {}, place: {} }},",
            state.name,
            state.summary,
            state.children.is_empty(),
            state.is_final,
            place(usage, state.span)
        );
    }
    let mut events = String::new();
    for event in &automaton.events {
        let fields: Vec<&str> = event.fields.iter().map(|field| field.name.as_str()).collect();
        let from: Vec<&str> = match &event.kind {
            EventKind::Declared { from, .. } => from.iter().map(|&from| partner_name(usage.system, from)).collect(),
            EventKind::Observation { .. } => Vec::new(),
        };
        let _ = writeln!(
            events,
            "EventMetadata {{ name: {:?}, summary: {:?}, fields: &{fields:?}, from: &{from:?}, place: {} }},",
            event.name,
            event.summary,
            place(usage, event.span)
        );
    }
    let mut transitions = String::new();
    for transition in &automaton.transitions {
        let target = match transition.reaction {
            Reaction::To(target) => Some(target_text(usage, target)),
            _ => None,
        };
        let _ = writeln!(
            transitions,
            "TransitionMetadata {{ state: {:?}, trigger: {:?}, target: {target:?}, is_ignored: {}, summary: {:?}, place: {} }},",
            automaton.states[transition.state].name,
            trigger_text(usage, transition),
            matches!(transition.reaction, Reaction::Ignore { .. }),
            transition.summary,
            place(usage, transition.span)
        );
    }
    format!(
        "/// Names, texts, and places in the YAML.\n\
         pub static METADATA: AutomatonMetadata = AutomatonMetadata {{ name: {:?}, summary: {:?}, \
         states: &[{states}], events: &[{events}], transitions: &[{transitions}] }};\n",
        automaton.name, automaton.summary
    )
}

fn place(usage: &Usage<'_>, span: Span) -> String {
    format!("Place {{ file: FILE, line: {} }}", usage.line(span))
}
