//! Events that find no answer: guards that leave a case open, observations that a state forgot.

use std::collections::{BTreeMap, BTreeSet};

use super::listed::listed;
use super::subject::Subject;
use crate::codes::warnings::{NOT_JUDGED, OPEN_CASE, UNHANDLED_OBSERVATION};
use crate::diagnostic::Diagnostic;
use crate::model::{Event, EventKind, Expression, StateId};
use crate::printer::Printer;
use crate::selection::{Cause, Chain, Remainder, example_of_remainder};
use crate::source::Span;

/// Guards of one event that leave a case open with nothing after them.
pub fn open_cases(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let mut open: BTreeMap<(Span, &str), Open> = BTreeMap::new();
    for of in subject.resting() {
        for chain in of.events.iter().filter(|chain| chain.remainder == Remainder::Something) {
            let (Cause::Event(arrival), Some(first)) = (chain.cause, chain.steps.first()) else { continue };
            let event = subject.automaton.events[arrival.event].name.as_str();
            let this = open.entry((first.handler, event)).or_insert_with(|| Open { chain, leaves: Vec::new() });
            if !this.leaves.contains(&of.leaf) {
                this.leaves.push(of.leaf);
            }
        }
    }
    for ((span, event), Open { chain, leaves }) in open {
        let states = listed(leaves.iter().map(|&leaf| subject.state_name(leaf)));
        let facts = example_of_remainder(subject.system, subject.automaton, chain);
        let when = if facts.is_empty() { String::new() } else { format!(" when `{}`", facts.join(" and ")) };
        let finding = Diagnostic::new(&OPEN_CASE, span, format!("`{event}` has no answer in {states}{when}"));
        let help = "add a last case without `if`, such as `ignore: why`; or handle the event further out";
        findings.push(finding.label("a case is left open").help(help));
    }
}

/// Guards that are too many to be checked together, or depend on one another in ways that are not seen.
pub fn not_looked_through(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let chains = subject.resting().flat_map(|of| of.events.iter().chain(&of.timers).chain([&of.always]));
    let mut places: BTreeMap<Span, bool> = BTreeMap::new();
    for chain in chains.filter(|chain| !chain.is_judged) {
        if let Some(first) = chain.steps.first() {
            *places.entry(first.handler).or_default() |= chain.remainder != Remainder::Nothing;
        }
    }
    findings.extend(places.iter().map(|(span, may_be_open)| {
        let what =
            if *may_be_open { "they leave a case open, or one is never reached" } else { "one is never reached" };
        not_judged(*span, what)
    }));
    let events = subject.resting().flat_map(|of| &of.events);
    let open = events.filter(|chain| chain.is_judged && chain.remainder == Remainder::Unknown);
    let unseen: BTreeSet<Span> = open.filter_map(|chain| chain.steps.first()).map(|step| step.handler).collect();
    for span in unseen.iter().filter(|span| !places.contains_key(span)) {
        let message = "it is not known whether these guards leave a case open: they depend on one another";
        let help = "leave out the last `if`, or add a last case without one, such as `ignore: why`";
        findings.push(Diagnostic::new(&NOT_JUDGED, *span, message).help(help));
    }
}

/// Reports that it is not known.
pub fn not_judged(span: Span, what: &str) -> Diagnostic {
    let message = format!("these guards have too many cases: not checked whether {what}");
    let help = "decide in several steps, or let one condition answer for several of them";
    Diagnostic::new(&NOT_JUDGED, span, message).help(help)
}

/// Where the cases that begin in one handler leave something over.
struct Open<'s, 'a> {
    chain: &'s Chain<'a>,
    leaves: Vec<StateId>,
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
        let name = observation(subject, event, arrival.key);
        let message = format!("{states} {verb} `{name}`, which can arrive there");
        let finding = Diagnostic::new(&UNHANDLED_OBSERVATION, span, message);
        let finding = finding.related(subject.automaton.states[silent[0]].span, "says nothing about it");
        findings.push(finding.help(format!("handle it there, or say why not: under `ignore`, `{name}: why`")));
    }
}

/// As it is written, key and all.
fn observation(subject: &Subject, event: &Event, key: Option<&Expression>) -> String {
    if event.fields.is_empty() {
        return event.name.clone();
    }
    let printer = Printer::new(subject.system, subject.automaton);
    let key = key.map_or_else(|| "any".to_owned(), |key| printer.expression(key, None));
    event.name.replacen(' ', &format!("[{key}] "), 1)
}
