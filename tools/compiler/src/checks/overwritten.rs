//! Variables that are set again before anything has read them.
//!
//! Only what certainly happens in one step is checked: the parts of one transition, with the entries that follow it
//! whatever was active before.

use std::collections::{BTreeMap, BTreeSet};

use super::subject::Subject;
use crate::codes::warnings::OVERWRITTEN;
use crate::diagnostic::Diagnostic;
use crate::model::{
    Automaton, Effect, Effects, Expression, ExpressionKind, Reaction, StateId, Target, Transition, VariableId,
};
use crate::source::Span;

pub fn check(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let automaton = subject.automaton;
    let mut told = BTreeSet::new();
    let mut tell = |written: Writes| {
        for (variable, first, second) in written.lost {
            if told.insert(first) {
                let name = &automaton.variables[variable].name;
                let message = format!("`{name}` is set here, and set again before anything has read it");
                findings.push(Diagnostic::new(&OVERWRITTEN, first, message).related(second, "set again here"));
            }
        }
    };
    for state in &automaton.states {
        for part in [&state.entry, &state.exit] {
            let mut writes = Writes::default();
            writes.part(part);
            tell(writes);
        }
    }
    for transition in &automaton.transitions {
        let mut writes = Writes::default();
        writes.part(&transition.effects);
        for state in entered(automaton, transition) {
            writes.part(&automaton.states[state].entry);
            writes.timers(automaton, state);
        }
        tell(writes);
    }
}

/// The states that are entered for certain, from the outside in.
fn entered(automaton: &Automaton, transition: &Transition) -> Vec<StateId> {
    let Reaction::To(target @ Target::State(state)) = transition.reaction else { return Vec::new() };
    let mut states = automaton.entries(automaton.scope(transition.state, target), state);
    states.extend(automaton.default_entries(state));
    states
}

/// What was written and not yet read, in the order of what happens.
#[derive(Default)]
struct Writes {
    unread: BTreeMap<VariableId, Span>,
    lost: Vec<(VariableId, Span, Span)>,
}

impl Writes {
    fn part(&mut self, effects: &Effects) {
        for effect in effects {
            effect.expressions().into_iter().for_each(|expression| self.read(expression));
            if let Effect::Assign(assignment) = effect
                && let Some(first) = self.unread.insert(assignment.variable, assignment.span)
            {
                self.lost.push((assignment.variable, first, assignment.span));
            }
        }
    }

    fn timers(&mut self, automaton: &Automaton, state: StateId) {
        for &timer in &automaton.states[state].timers {
            self.read(&automaton.timers[timer].length);
        }
    }

    fn read(&mut self, expression: &Expression) {
        expression.visit(&mut |below| {
            if let ExpressionKind::Variable(variable) = below.kind {
                self.unread.remove(&variable);
            }
        });
    }
}
