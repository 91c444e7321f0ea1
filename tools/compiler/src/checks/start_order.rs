//! A message to an instance that is started only afterwards, in the same step: it is lost.
//!
//! A step is what is done together: exits, the transition's own effects, entries, and `always` after it. In one list of
//! effects the order is plainly wrong. Across several lists it is, unless the instance may be there already: a state
//! that tells what it has started to end, and starts it again, is right. So such a step must be possible before
//! anything has started the instance.

use std::collections::BTreeSet;

use super::steps::{self, Part, Step};
use super::subject::Subject;
use crate::codes::warnings::SENT_BEFORE_START;
use crate::diagnostic::Diagnostic;
use crate::model::{
    Effect, Effects, EventId, EventKind, Expression, ExpressionKind, Field, Instances, Send, Start, StateId,
};
use crate::printer::Printer;
use crate::source::Span;
use crate::worlds::without_spans;

/// `always` transitions after one step that are followed.
const MOST_ALWAYS: usize = 8;
/// Ways to go on after one step that are followed.
const MOST_WAYS: usize = 64;

/// A `send` to what a later `start` of the same step starts.
pub fn sent_before_start(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    // Who starts nothing sends nothing too early.
    if subject.automaton.all_effects().all(|effects| effects.starts().next().is_none()) {
        return;
    }
    let mut search = Search { subject, steps: steps::all(subject), told: BTreeSet::new(), findings };
    for step in &search.steps.clone() {
        for part in &step.parts {
            search.part(part);
        }
    }
    for first in search.steps.clone() {
        search.from(&first);
    }
}

struct Search<'s, 'a> {
    subject: &'s Subject<'a>,
    steps: Vec<Step<'a>>,
    /// The places of the sends that have a finding.
    told: BTreeSet<Span>,
    findings: &'s mut Vec<Diagnostic>,
}

impl<'a> Search<'_, 'a> {
    /// Within one list.
    fn part(&mut self, part: &Part<'a>) {
        for (at, effect) in part.effects.iter().enumerate() {
            let Effect::Send(send) = effect else { continue };
            let started = |effect: &'a Effect| match effect {
                Effect::Start(start) if is_for(self.subject, send, start) => Some(start),
                _ => None,
            };
            if part.effects.iter().take(at).any(|before| started(before).is_some()) {
                continue;
            }
            let mut later = part.effects.iter().skip(at + 1).take_while(|effect| !changes_key(effect, send));
            let later = later.find_map(started);
            if let Some(start) = later {
                self.tell(send, start, part, Certainty::Lost);
            }
        }
    }

    /// Over all that happens together, beginning with this step.
    fn from(&mut self, first: &Step<'a>) {
        let mut open = vec![(vec![first.clone()], Certainty::Lost)];
        for _ in 0..MOST_WAYS {
            let Some((together, certainty)) = open.pop() else { break };
            self.together(&together, certainty);
            let Some(last) = together.last().filter(|_| together.len() <= MOST_ALWAYS) else { continue };
            for (next, is_certain) in steps::always(self.subject, &self.steps, last.to) {
                if !together.iter().any(|step| step.transition == next.transition) {
                    let certainty = if is_certain { certainty } else { Certainty::Perhaps };
                    open.push((together.iter().cloned().chain([next]).collect(), certainty));
                }
            }
        }
    }

    fn together(&mut self, steps: &[Step<'a>], certainty: Certainty) {
        let parts: Vec<&Part<'a>> = steps.iter().flat_map(|step| &step.parts).collect();
        let effects: Vec<(&Part<'a>, &'a Effect)> =
            parts.iter().flat_map(|part| part.effects.iter().map(move |effect| (*part, effect))).collect();
        for (at, (part, effect)) in effects.iter().enumerate() {
            let Effect::Send(send) = effect else { continue };
            if self.told.contains(&send.span) || effects[..at].iter().any(|(_, before)| may_start(before, send)) {
                continue;
            }
            let later = effects[at + 1..].iter().take_while(|(_, effect)| !changes_key(effect, send));
            let mut starts = later.filter_map(|(_, effect)| match effect {
                Effect::Start(start) if is_for(self.subject, send, start) => Some(start),
                _ => None,
            });
            if let Some(start) = starts.next()
                && self.may_be_unstarted(steps[0].from, send)
            {
                self.tell(send, start, part, certainty);
            }
        }
    }

    /// Whether the leaf can be active before anything has started the receiver. Before the start of this instance it
    /// can.
    fn may_be_unstarted(&self, leaf: Option<StateId>, send: &Send) -> bool {
        let automata = &self.subject.system.automata;
        let receiver = &automata[send.to.automaton];
        let is_begun_by_event =
            receiver.events.iter().any(|event| matches!(event.kind, EventKind::Declared { starts: true, .. }));
        let others = automata.iter().enumerate().filter(|(index, _)| *index != self.subject.id.index());
        let mut starts = others.flat_map(|(_, other)| other.all_effects().flat_map(Effects::starts));
        // Automata with one instance begin with the system.
        if receiver.key.is_none() || is_begun_by_event || starts.any(|start| is_of(start, send)) {
            return false;
        }
        let Some(leaf) = leaf else { return true };
        let mut reached = BTreeSet::from([None]);
        let mut open = vec![None];
        while let Some(at) = open.pop() {
            for step in self.steps.iter().filter(|step| step.from == at) {
                let starts = step.parts.iter().flat_map(|part| part.effects).any(|effect| may_start(effect, send));
                if !starts && reached.insert(Some(step.to)) {
                    open.push(Some(step.to));
                }
            }
        }
        reached.contains(&Some(leaf))
    }

    fn tell(&mut self, send: &Send, start: &Start, part: &Part, certainty: Certainty) {
        if !self.told.insert(send.span) {
            return;
        }
        self.findings.push(finding(self.subject, send, start, part.event, certainty));
    }
}

/// That the message comes before the start.
pub fn finding(
    subject: &Subject,
    send: &Send,
    start: &Start,
    event: Option<EventId>,
    certainty: Certainty,
) -> Diagnostic {
    let printer = Printer::new(subject.system, subject.automaton);
    let name = &subject.system.automata[start.automaton].name;
    let key = start.key.as_ref().map(|key| format!("[{}]", printer.expression(key, event))).unwrap_or_default();
    let sent = &subject.system.automata[send.to.automaton].events[send.event].name;
    let lost = if certainty == Certainty::Lost { "is lost" } else { "may be lost" };
    let message = format!("`{sent}` is sent to `{name}{key}` before that is started, and {lost}");
    let fields = event.map_or(&[] as &[Field], |event| &subject.automaton.events[event].fields);
    let [start_it, send_it] =
        [Effect::Start(start.clone()), Effect::Send(send.clone())].map(|effect| printer.effect(&effect, fields));
    Diagnostic::new(&SENT_BEFORE_START, send.span, message)
        .related(start.span, "it is started only here")
        .help(format!("start it first: `do: [\"{start_it}\", \"{send_it}\"]`"))
}

/// Whether the start follows in any case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    Lost,
    Perhaps,
}

/// To the instance that is started. What is there arrives in any case: an event that starts its instance itself, or one
/// for an instance that is there for ever, or for the sender.
pub fn is_for(subject: &Subject, send: &Send, start: &Start) -> bool {
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
    !starts && same && !is_there && is_of(start, send)
}

fn is_of(start: &Start, send: &Send) -> bool {
    start.automaton == send.to.automaton
}

/// Whether the effect may start what is sent to: it does not if the keys are different constants.
fn may_start(effect: &Effect, send: &Send) -> bool {
    let Effect::Start(start) = effect else { return false };
    let literal = |key: Option<&Expression>| key.map(|key| &key.kind).cloned();
    let sent = match &send.to.instances {
        Instances::Keyed(key) => literal(Some(key)),
        Instances::One | Instances::All => None,
    };
    let different = match (sent, literal(start.key.as_ref())) {
        (Some(ExpressionKind::Literal(sent)), Some(ExpressionKind::Literal(started))) => sent != started,
        _ => false,
    };
    is_of(start, send) && !different
}

/// Whether the key that is sent to means another instance afterwards.
fn changes_key(effect: &Effect, send: &Send) -> bool {
    let (Effect::Assign(assignment), Instances::Keyed(key)) = (effect, &send.to.instances) else { return false };
    key.contains(|below| below.kind == ExpressionKind::Variable(assignment.variable))
}
