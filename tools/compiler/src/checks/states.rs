//! States that cannot be entered, cannot be left, or are never seen.

use super::subject::Subject;
use crate::codes::warnings::{EXIT_OF_THE_ROOT, NEVER_IN_FINAL, TRAP_STATE, UNREACHABLE_STATE, UNUSED_HISTORY};
use crate::diagnostic::Diagnostic;
use crate::model::{Change, EventKind, Expression, ExpressionKind, History, Reaction, StateId, Target};

pub fn unreachable(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let automaton = subject.automaton;
    for (index, state) in automaton.states.iter().enumerate() {
        let id = StateId(index as u32);
        // If the inner states of a composite cannot be reached either, only the composite is reported.
        let outer_is_reachable = state.parent.is_none_or(|parent| subject.graph.is_reachable(parent));
        if !subject.graph.is_reachable(id) && outer_is_reachable {
            let message = format!("`{}` cannot be reached", state.name);
            let finding = Diagnostic::new(&UNREACHABLE_STATE, state.span, message);
            let initial = subject.state_name(subject.graph.initial);
            findings.push(finding.help(format!("no transition that can be taken leads there from `{initial}`")));
        }
    }
}

pub fn traps(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    // With one leaf there is nowhere to go.
    if subject.automaton.leaves().count() < 2 {
        return;
    }
    for of in subject.reachable().filter(|of| !subject.graph.can_be_left(of.leaf)) {
        let state = &subject.automaton.states[of.leaf];
        let message = format!("`{}` cannot be left, and is not `final`", state.name);
        let finding = Diagnostic::new(&TRAP_STATE, state.span, message);
        findings.push(
            finding
                .help("no transition that can be taken there leads elsewhere; if the instance has ended, say `final`"),
        );
    }
}

pub fn unused_history(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    for (index, state) in subject.automaton.states.iter().enumerate() {
        let target = Reaction::To(Target::History(StateId(index as u32)));
        let is_used = subject.automaton.transitions.iter().any(|transition| transition.reaction == target);
        if state.history != History::None && !is_used {
            let message = format!("nothing returns to the history of `{}`", state.name);
            let finding = Diagnostic::new(&UNUSED_HISTORY, state.span, message);
            findings.push(finding.help(format!("write `to: {}.history`, or remove `history`", state.name)));
        }
    }
}

/// The `exit` of the root, which is never left.
pub fn exit_of_root(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let exit = &subject.automaton.states[StateId::ROOT].exit;
    if let Some(first) = exit.iter().next() {
        let message = "the `exit` of the whole automaton never runs: its root is never left";
        let help = "put it on a state inside; for the end of an instance, do it in the transition to the `final` state";
        findings.push(Diagnostic::new(&EXIT_OF_THE_ROOT, first.span(), message).help(help));
    }
}

pub fn in_final(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let automaton = subject.automaton;
    let guards = automaton.transitions.iter().filter_map(|transition| transition.guard.as_ref());
    for expression in guards.chain(automaton.all_effects().flat_map(|effects| effects.expressions())) {
        expression.visit(&mut |below| {
            let ExpressionKind::InState { automaton, state, .. } = below.kind else { return };
            let looked_at = &subject.system.automata[automaton];
            if looks_at_final(subject, below) {
                let name = &looked_at.states[state].name;
                let message = format!("no instance of `{}` is ever seen in `{name}`", looked_at.name);
                let finding = Diagnostic::new(&NEVER_IN_FINAL, below.span, message);
                findings.push(
                    finding.related(looked_at.states[state].span, "final: an instance that enters it is removed"),
                );
            }
        });
    }
    for event in &automaton.events {
        let EventKind::Observation { automaton, change: Change::Leaves, state } = event.kind else { continue };
        let observed = &subject.system.automata[automaton];
        if observed.states[state].is_final {
            let message = format!("`{}` never happens", event.name);
            let finding = Diagnostic::new(&NEVER_IN_FINAL, event.span, message);
            findings.push(finding.related(observed.states[state].span, "final: it is never left"));
        }
    }
}

/// `X in S`, with a final S.
pub fn looks_at_final(subject: &Subject, expression: &Expression) -> bool {
    match expression.kind {
        ExpressionKind::InState { automaton, state, .. } => subject.system.automata[automaton].states[state].is_final,
        _ => false,
    }
}
