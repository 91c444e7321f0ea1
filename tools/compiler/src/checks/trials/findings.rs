//! Stopped runs as findings.

use std::collections::BTreeSet;

use automata_runtime::record::Fault;

use super::super::listed::listed;
use super::super::subject::Subject;
use super::super::{endless, start_order, unending, zero_timers};
use super::outcome::{Early, Round, Stopped};
use crate::diagnostic::Diagnostic;
use crate::interpreter::{Delivery, Message, message_name};
use crate::model::{AutomatonId, EventId, Start, TimerId, TransitionId, Trigger};
use crate::source::Span;

/// Deliveries that go round, at most, to be told.
const LONGEST_ROUND: usize = 100;
/// Inputs that are named.
const INPUTS_SHOWN: usize = 4;

/// The cases of what goes round.
pub fn round_of(stopped: &Stopped) -> Round {
    let of = |delivery: &Delivery, cases: &[TransitionId]| -> Vec<(AutomatonId, TransitionId)> {
        cases.iter().map(|&case| (delivery.address.automaton, case)).collect()
    };
    match (stopped.by, stopped.last.last()) {
        (Fault::MicrostepLimit, Some(last)) => of(last, &last.cases[last.cases.len() / 2..]).into_iter().collect(),
        _ => round(&stopped.last).into_iter().flat_map(|delivery| of(delivery, &delivery.cases)).collect(),
    }
}

/// What goes round, and the inputs that led to it.
pub fn finding(subjects: &[Subject], stopped: &Stopped) -> Diagnostic {
    let round = round(&stopped.last);
    let subject = &subjects[stopped.automaton.index()];
    let cases =
        || round.iter().flat_map(|delivery| delivery.cases.iter().map(|&case| (delivery.address.automaton, case)));
    let finding = if stopped.by == Fault::MicrostepLimit {
        of_microsteps(subject, stopped.last.last())
    } else {
        let timers = round.iter().filter_map(|delivery| match delivery.message {
            Message::Timer(timer) if delivery.address.automaton == stopped.automaton => Some(timer),
            _ => None,
        });
        let timers: BTreeSet<TimerId> = timers.collect();
        if timers.is_empty() {
            of_messages(subjects, &round, cases())
        } else {
            zero_timers::finding(subject, &timers.into_iter().collect::<Vec<_>>())
        }
    };
    let inputs = &stopped.inputs[stopped.inputs.len().saturating_sub(INPUTS_SHOWN)..];
    let dots = if inputs.len() < stopped.inputs.len() { "…, " } else { "" };
    let label = format!("after {dots}{}", inputs.join(", "));
    if finding.label.is_empty() { finding.label(label) } else { finding }
}

/// The deliveries that go round: back from the last one, each with the one that it came from, up to one that was like
/// the last.
fn round(last: &[Delivery]) -> Vec<&Delivery> {
    let Some(end) = last.last() else { return Vec::new() };
    let alike = |of: &Delivery| {
        (of.address.automaton, &of.cases, of.after) == (end.address.automaton, &end.cases, end.after)
            && std::mem::discriminant(&of.message) == std::mem::discriminant(&end.message)
    };
    let before = |of: &Delivery| {
        last.iter().rev().filter(|earlier| earlier.sequence < of.sequence).find(|earlier| match of.cause {
            Some(cause) => earlier.sequence == cause,
            // A timer follows from what its instance did before.
            None => earlier.address == of.address,
        })
    };
    let mut round = vec![end];
    let back = std::iter::successors(before(end), |of| before(of));
    round.extend(back.take_while(|of| !alike(of)).take(LONGEST_ROUND));
    round.reverse();
    round
}

/// `always` and raised events beyond the limit of microsteps.
fn of_microsteps(subject: &Subject, delivery: Option<&Delivery>) -> Diagnostic {
    let cases: &[TransitionId] = delivery.map_or(&[], |delivery| &delivery.cases);
    let round: BTreeSet<TransitionId> = cases[cases.len() / 2..].iter().copied().collect();
    let transitions = || round.iter().map(|&id| &subject.automaton.transitions[id]);
    if transitions().all(|of| of.trigger == Trigger::Always) {
        return unending::finding(subject, &round, &[]);
    }
    let raised: BTreeSet<&str> = transitions()
        .filter_map(|of| match of.trigger {
            Trigger::Event(event) => Some(subject.automaton.events[event].name.as_str()),
            Trigger::Timer(_) | Trigger::Always => None,
        })
        .collect();
    let spans: BTreeSet<Span> = transitions().map(|of| of.span).collect();
    let message = format!("what follows does not end within 64 steps: {} raised again and again", listed_is(raised));
    endless::finding(message, spans, subject.automaton.span)
}

fn listed_is(names: BTreeSet<&str>) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", listed(names))
}

/// Messages that cause one another.
fn of_messages(
    subjects: &[Subject],
    round: &[&Delivery],
    cases: impl Iterator<Item = (AutomatonId, TransitionId)>,
) -> Diagnostic {
    let mut steps: Vec<String> = Vec::new();
    for delivery in round {
        let automaton = subjects[delivery.address.automaton.index()].automaton;
        let step = format!("`{}` on `{}`", automaton.name, message_name(automaton, &delivery.message));
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    let spans = cases.map(|(automaton, case)| subjects[automaton.index()].automaton.transitions[case].span);
    let first = round.first().map_or(AutomatonId(0), |delivery| delivery.address.automaton);
    endless::finding(endless::cause_one_another(&steps), spans.collect(), subjects[first.index()].automaton.span)
}

/// A message that was lost: the send and the start, if both are found in the definition.
pub fn lost(subject: &Subject, lost: &Early) -> Option<Diagnostic> {
    let automaton = subject.automaton;
    let of_cases = automaton.transitions.iter().map(|transition| (&transition.effects, transition.trigger));
    let (send, event) = of_cases
        .flat_map(|(effects, trigger)| effects.sends().map(move |send| (send, event_of(trigger))))
        .chain(automaton.all_effects().flat_map(|effects| effects.sends()).map(|send| (send, None)))
        .find(|(send, _)| send.to.automaton == lost.to && send.event == lost.event)?;
    let mut starts: Vec<&Start> = automaton.all_effects().flat_map(|effects| effects.starts()).collect();
    starts.retain(|start| start.automaton == lost.to);
    let start = starts.iter().find(|start| start_order::is_for(subject, send, start)).or(starts.last())?;
    Some(start_order::finding(subject, send, start, event, start_order::Certainty::Perhaps))
}

fn event_of(trigger: Trigger) -> Option<EventId> {
    match trigger {
        Trigger::Event(event) => Some(event),
        Trigger::Timer(_) | Trigger::Always => None,
    }
}
