//! A message to an instance that is started only afterwards: it is lost.

use super::Subject;
use crate::codes::warnings::SENT_BEFORE_START;
use crate::diagnostic::Diagnostic;
use crate::model::{Automaton, Effect, Effects, EventId, EventKind, ExpressionKind, Instances, Send, Start, Trigger};
use crate::wording::Wording;
use crate::worlds::without_spans;

/// A `send` to what a later `start` of the same part starts.
pub fn sent_before_start(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    for (effects, event) in parts(subject.automaton) {
        for (at, effect) in effects.iter().enumerate() {
            let Effect::Send(send) = effect else { continue };
            let later = effects.iter().skip(at + 1).find_map(|effect| match effect {
                Effect::Start(start) if is_for(subject, send, start) => Some(start),
                _ => None,
            });
            if let Some(start) = later {
                findings.push(finding(subject, send, start, event));
            }
        }
    }
}

/// All parts, each with the event whose fields can be named in it.
fn parts(automaton: &Automaton) -> impl Iterator<Item = (&Effects, Option<EventId>)> {
    let of_states = automaton.states.iter().flat_map(|state| [(&state.entry, None), (&state.exit, None)]);
    let of_transitions = automaton.transitions.iter().map(|transition| match transition.trigger {
        Trigger::Event(event) => (&transition.effects, Some(event)),
        Trigger::Timer(_) | Trigger::Always => (&transition.effects, None),
    });
    of_states.chain(of_transitions)
}

/// To the instance that is started. What is there arrives in any case: an event that starts its instance itself, or one for an instance that is there for ever,
/// or for the sender.
fn is_for(subject: &Subject, send: &Send, start: &Start) -> bool {
    let receiver = &subject.system.automata[send.to.automaton];
    let starts = matches!(receiver.events[send.event].kind, EventKind::Declared { starts: true, .. });
    let key = match &send.to.instances {
        Instances::One => None,
        Instances::Keyed(key) => Some(key),
        Instances::All => return false,
    };
    let same = key.map(|key| without_spans(key)) == start.key.as_ref().map(without_spans);
    let is_there = match key.map(|key| &key.kind) {
        None => send.to.automaton == subject.id || !receiver.states.iter().any(|state| state.is_final),
        Some(key) => send.to.automaton == subject.id && *key == ExpressionKind::Key,
    };
    !starts && same && !is_there && send.to.automaton == start.automaton
}

fn finding(subject: &Subject, send: &Send, start: &Start, event: Option<EventId>) -> Diagnostic {
    let wording = Wording::new(subject.system, subject.automaton);
    let name = &subject.system.automata[start.automaton].name;
    let key = start.key.as_ref().map(|key| format!("[{}]", wording.expression(key, event))).unwrap_or_default();
    let sent = &subject.system.automata[send.to.automaton].events[send.event].name;
    let message = format!("`{sent}` is sent to `{name}{key}` before that is started, and is lost");
    Diagnostic::new(&SENT_BEFORE_START, send.span, message)
        .related(start.span, "it is started only here")
        .help(format!("start it first: `do: [\"start {name}{key}\", \"send {name}{key}.{sent}\"]`"))
}
