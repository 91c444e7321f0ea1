//! Events that find no answer: guards that leave a case open, observations that a state forgot.

use std::collections::BTreeMap;

use super::{Subject, listed};
use crate::codes::warnings::{OPEN_CASE, UNHANDLED_OBSERVATION};
use crate::diagnostic::Diagnostic;
use crate::model::{EventKind, StateId};
use crate::selection::{Cause, Remainder};
use crate::source::Span;

/// Guards of one event that leave a case open with nothing behind them.
pub fn open_cases(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let mut open: BTreeMap<(Span, &str), Vec<StateId>> = BTreeMap::new();
    for of in subject.resting() {
        for chain in of.events.iter().filter(|chain| chain.remainder == Remainder::Something) {
            let (Cause::Event(arrival), Some(first)) = (chain.cause, chain.steps.first()) else { continue };
            let event = &subject.automaton.events[arrival.event].name;
            let leaves = open.entry((first.handler, event.as_str())).or_default();
            if !leaves.contains(&of.leaf) {
                leaves.push(of.leaf);
            }
        }
    }
    for ((span, event), leaves) in open {
        let states = listed(leaves.iter().map(|&leaf| subject.state_name(leaf)));
        let message = format!("`{event}` has no answer in {states} when no guard holds");
        let finding = Diagnostic::new(&OPEN_CASE, span, message).label("a case is left open");
        findings.push(
            finding.help("end the cases with one without `if`, such as `ignore: why`; or handle the event further out"),
        );
    }
}

/// Observations that some states speak of, and others in which they can arrive do not.
pub fn observations(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let Some(first) = subject.resting().next() else { return };
    for (index, chain) in first.events.iter().enumerate() {
        let Cause::Event(arrival) = chain.cause else { continue };
        let event = &subject.automaton.events[arrival.event];
        if !matches!(event.kind, EventKind::Observation { .. }) {
            continue;
        }
        // The chains of all leaves are in the same order.
        let silent: Vec<StateId> =
            subject.resting().filter(|of| of.events[index].steps.is_empty()).map(|of| of.leaf).collect();
        let speaking = subject.resting().count() - silent.len();
        if silent.is_empty() || speaking == 0 {
            continue;
        }
        let verb = if silent.len() == 1 { "neither handles nor ignores" } else { "neither handle nor ignore" };
        let states = listed(silent.iter().map(|&leaf| subject.state_name(leaf)));
        let span = arrival.key.map_or(event.span, |key| key.span);
        let message = format!("{states} {verb} `{}`, which can arrive there", event.name);
        let finding = Diagnostic::new(&UNHANDLED_OBSERVATION, span, message);
        let finding = finding.related(subject.automaton.states[silent[0]].span, "says nothing about it");
        findings.push(finding.help(format!("add `ignore: {{ {}: why }}` there, or handle it", event.name)));
    }
}
