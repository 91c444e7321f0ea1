//! Reactions that hide one another, or never happen.

use std::collections::BTreeSet;

use super::subject::Subject;
use crate::codes::warnings::{DEFERRED_FOR_EVER, HIDDEN_HANDLER, NEVER_HANDLED};
use crate::diagnostic::Diagnostic;
use crate::model::{EventId, EventKind, Handler, Response, StateId};
use crate::selection::{Answer, Cause, LeafAnswers, Step};
use crate::worlds::without_spans;

/// An `ignore` without a reason, with a handler of the same event further out.
pub fn hidden(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let automaton = subject.automaton;
    for state in automaton.state_ids() {
        for handler in &automaton.states[state].handlers {
            let unexplained = matches!(&handler.response, Response::Ignore { reason } if reason.trim().is_empty());
            if !unexplained {
                continue;
            }
            let outer = automaton.outwards(state).skip(1).flat_map(|outer| &automaton.states[outer].handlers);
            let hidden = outer.into_iter().find(|outer| {
                outer.event == handler.event
                    && same_key(outer, handler)
                    && !matches!(outer.response, Response::Ignore { .. })
            });
            if let Some(hidden) = hidden {
                let name = &automaton.events[handler.event].name;
                let message = format!("this ignores `{name}`, which is handled further out, and does not say why");
                let finding = Diagnostic::new(&HIDDEN_HANDLER, handler.span, message);
                findings.push(
                    finding.related(hidden.span, "hidden by it").help(format!("write `ignore: {{ {name}: why }}`")),
                );
            }
        }
    }
}

/// Whether the one also covers the other.
fn same_key(outer: &Handler, inner: &Handler) -> bool {
    match (&outer.key, &inner.key) {
        (Some(outer), Some(inner)) => without_spans(outer) == without_spans(inner),
        _ => true,
    }
}

pub fn never_handled(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let automaton = subject.automaton;
    for (id, event) in subject.declared_events() {
        let responses: Vec<&Response> = handlers_of(subject, id).map(|(_, handler)| &handler.response).collect();
        let handled = responses.iter().any(|response| match response {
            Response::Cases(cases) => cases.iter().any(|&case| !automaton.transitions[case].is_ignore()),
            Response::Defer { .. } | Response::Ignore { .. } => false,
        });
        // Such an event has its effect by arriving.
        let starts = matches!(event.kind, EventKind::Declared { starts: true, .. });
        if handled || (starts && !responses.is_empty()) {
            continue;
        }
        let deferred = responses.iter().any(|response| matches!(response, Response::Defer { .. }));
        let said = match (responses.is_empty(), deferred) {
            (true, _) => "is mentioned in no state",
            (false, true) => "is deferred, and no state handles it",
            (false, false) => "is ignored, and no state handles it",
        };
        let message = format!("`{}` {said}", event.name);
        findings.push(Diagnostic::new(&NEVER_HANDLED, event.span, message).help("handle it, or remove it"));
    }
}

fn handlers_of<'a>(subject: &Subject<'a>, event: EventId) -> impl Iterator<Item = (StateId, &'a Handler)> {
    let automaton = subject.automaton;
    let states = automaton.state_ids();
    let all = states.flat_map(|state| automaton.states[state].handlers.iter().map(move |handler| (state, handler)));
    all.filter(move |(_, handler)| handler.event == event)
}

/// A deferred event that is handled only where it is still deferred.
pub fn deferred_for_ever(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    // Made once: there may be thousands of events, each in hundreds of states.
    let handled: Vec<(StateId, BTreeSet<EventId>)> =
        subject.resting().map(|of| (of.leaf, handled_in(subject, of))).collect();
    for (index, event) in subject.automaton.events.iter().enumerate() {
        let id = EventId(index as u32);
        let defers: Vec<StateId> = handlers_of(subject, id)
            .filter(|(_, handler)| matches!(handler.response, Response::Defer { .. }))
            .map(|(state, _)| state)
            .collect();
        if defers.is_empty() {
            continue;
        }
        let is_kept = |leaf: StateId| defers.iter().any(|&state| subject.automaton.is_in(leaf, state));
        let handling: Vec<StateId> =
            handled.iter().filter(|(_, events)| events.contains(&id)).map(|(leaf, _)| *leaf).collect();
        if handling.is_empty() || handling.iter().any(|&leaf| !is_kept(leaf)) {
            continue;
        }
        let first = handlers_of(subject, id).find(|(_, handler)| matches!(handler.response, Response::Defer { .. }));
        let (_, first) = first.expect("there is one");
        // A `defer` that never comes into play is told already.
        if findings.iter().any(|finding| finding.code == &HIDDEN_HANDLER && finding.span == first.span) {
            continue;
        }
        let message = format!("`{}` is deferred, and every state that handles it defers it too", event.name);
        let finding = Diagnostic::new(&DEFERRED_FOR_EVER, first.span, message);
        findings.push(finding.help("it is delivered only when neither the active state nor one around it defers it"));
    }
}

/// The events that some transition answers in that leaf.
fn handled_in(subject: &Subject, of: &LeafAnswers) -> BTreeSet<EventId> {
    let is_handled = |step: &Step| match step.answer {
        Answer::Transition(id) => step.reached && !subject.automaton.transitions[id].is_ignore(),
        Answer::Defer | Answer::Ignore | Answer::IgnoreOthers => false,
    };
    let handled = of.events.iter().filter(|chain| chain.steps.iter().any(is_handled));
    handled
        .filter_map(|chain| if let Cause::Event(arrival) = chain.cause { Some(arrival.event) } else { None })
        .collect()
}
