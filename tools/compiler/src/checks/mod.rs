//! Definitions that are valid, but probably not what was meant. One file per small family of checks; one slice of all.
//!
//! The checks see only the resolved model. They ask [`crate::selection`] who answers, and [`crate::graph`] who follows
//! whom, so that all of them agree on what can happen; one runs the interpreter ([`trials`]). A check that is not sure
//! is silent.

mod always;
mod course;
mod coverage;
mod endless;
mod handlers;
mod listed;
mod overwritten;
mod partners;
mod start_order;
mod states;
mod steps;
mod subject;
mod transitions;
mod trials;
mod unending;
mod unused;
mod zero_timers;

use std::collections::BTreeSet;

use crate::codes::Code;
use crate::codes::warnings;
use crate::diagnostic::Diagnostic;
use crate::model::{AutomatonId, System};
use crate::source::Span;
use subject::Subject;

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
