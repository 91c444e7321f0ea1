//! Definitions that have a meaning, but hardly the intended one. One file per small family of checks; one slice of all.
//!
//! The checks see only the resolved model. They ask [`crate::selection`] who answers, and [`crate::graph`] who follows
//! whom, so that all of them agree on what can happen; one runs the interpreter ([`trials`]). A check that is not sure is silent.

mod always;
mod course;
mod coverage;
mod endless;
mod handlers;
mod overwritten;
mod partners;
mod start_order;
mod states;
mod steps;
mod transitions;
mod trials;
mod unending;
mod unused;
mod zero_timers;

use std::collections::BTreeSet;

use crate::codes::Code;
use crate::codes::warnings;
use crate::diagnostic::Diagnostic;
use crate::graph::StateGraph;
use crate::model::{Automaton, AutomatonId, EventId, EventKind, StateId, System};
use crate::selection::{self, LeafAnswers};
use crate::source::Span;

type OfAutomaton = fn(&Subject, &mut Vec<Diagnostic>);
type OfSystem = fn(&[Subject], &mut Vec<Diagnostic>);

/// Checks of one automaton at a time, in which no `always` goes round.
const OF_AUTOMATA: &[OfAutomaton] = &[
    always::uncertain_cycles,
    coverage::open_cases,
    coverage::not_looked_through,
    coverage::observations,
    handlers::hidden,
    handlers::never_handled,
    handlers::deferred_for_ever,
    overwritten::check,
    partners::never_sent,
    partners::never_raised,
    start_order::sent_before_start,
    states::unreachable,
    states::traps,
    states::unused_history,
    states::in_final,
    states::exit_of_root,
    transitions::shadowed,
    transitions::constant_guards,
    transitions::empty,
    unending::check,
    unused::in_automaton,
    zero_timers::rounds,
];

/// Checks of all automata together.
const OF_SYSTEMS: &[OfSystem] = &[endless::check, trials::check, unused::in_system];

/// All findings about a system that was resolved without errors, in no particular order.
#[must_use]
pub fn run(system: &System) -> Vec<Diagnostic> {
    let subjects: Vec<Subject> =
        (0..system.automata.len() as u32).map(|id| Subject::new(system, AutomatonId(id))).collect();
    let mut findings = Vec::new();
    for subject in &subjects {
        let before = findings.len();
        always::cycles(subject, &mut findings);
        // What goes round for ever comes to nothing else, and what the other checks would say follows from that.
        if findings.len() > before {
            continue;
        }
        for check in OF_AUTOMATA {
            check(subject, &mut findings);
        }
    }
    for check in OF_SYSTEMS {
        // An empty system has nothing to say, and no types or parts either.
        if !subjects.is_empty() {
            check(&subjects, &mut findings);
        }
    }
    hold_back(&mut findings);
    findings
}

/// If a declaration has the first of two warnings, the second adds nothing: an event that no state
/// handles need not be raised.
const FOLLOWING: &[(&Code, &Code)] = &[(&warnings::NEVER_HANDLED, &warnings::NEVER_RAISED)];

fn hold_back(findings: &mut Vec<Diagnostic>) {
    let places: BTreeSet<(&str, Span)> = findings.iter().map(|finding| (finding.code.number, finding.span)).collect();
    findings.retain(|finding| {
        let follows = |(first, second): &(&Code, &Code)| {
            second.number == finding.code.number && places.contains(&(first.number, finding.span))
        };
        !FOLLOWING.iter().any(follows)
    });
    // The same `always` is looked at in two ways.
    let mut too_long = BTreeSet::new();
    findings.retain(|finding| finding.code.number != warnings::ALWAYS_TOO_LONG.number || too_long.insert(finding.span));
}

/// An automaton, and what is known of its behaviour.
struct Subject<'a> {
    system: &'a System,
    id: AutomatonId,
    automaton: &'a Automaton,
    /// Of all leaves but final ones.
    answers: Vec<LeafAnswers<'a>>,
    graph: StateGraph,
}

impl<'a> Subject<'a> {
    fn new(system: &'a System, id: AutomatonId) -> Self {
        let automaton = &system.automata[id];
        let answers = selection::answers(system, automaton);
        let graph = StateGraph::new(automaton, &answers);
        Subject { system, id, automaton, answers, graph }
    }

    /// Of the leaves that can become active.
    fn reachable(&self) -> impl Iterator<Item = &LeafAnswers<'a>> {
        self.answers.iter().filter(|of| self.graph.is_reachable(of.leaf))
    }

    /// Of the leaves in which events arrive.
    fn resting(&self) -> impl Iterator<Item = &LeafAnswers<'a>> {
        self.reachable().filter(|of| !of.is_transient())
    }

    fn state_name(&self, state: StateId) -> &'a str {
        let name = &self.automaton.states[state].name;
        if name.is_empty() { &self.automaton.name } else { name }
    }

    /// Declared events, not observations.
    fn declared_events(&self) -> impl Iterator<Item = (EventId, &'a crate::model::Event)> {
        let events = self.automaton.events.iter().enumerate();
        let declared = events.filter(|(_, event)| matches!(event.kind, EventKind::Declared { .. }));
        declared.map(|(index, event)| (EventId(index as u32), event))
    }
}

/// `A`, `B` and `C`; of many, the first few and how many there are beside.
fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 6;
    let mut names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN + 1 {
        let more = names.len() - SHOWN;
        names.truncate(SHOWN);
        names.push(format!("{more} more"));
    }
    match names.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
