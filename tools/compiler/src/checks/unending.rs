//! `always` that goes on and on although it sets what its guards read: the values never get to where it would end, or
//! only after more steps than are allowed.
//!
//! Runs are followed from the start, with values ([`super::course`]). Where they do not lead, because a value comes
//! from a field or an answer, an `always` must go on for every value for which it begins at all.

use std::collections::{BTreeMap, BTreeSet};

use super::course::{Course, Next, Point, Settled, depended_on};
use super::listed::listed;
use super::subject::Subject;
use crate::codes::warnings::ALWAYS_TOO_LONG;
use crate::diagnostic::Diagnostic;
use crate::interpreter::Value;
use crate::model::{Expression, ExpressionKind, Reaction, StateId, Target, TransitionId, Type, VariableId};
use crate::printer::Printer;
use crate::selection::{Answer, LeafAnswers};
use crate::source::Span;
use crate::worlds::{Constants, Extent, fact};

/// Combinations of values that are tried.
const MOST_SAMPLES: usize = 1 << 12;

pub fn check(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let rounds: Vec<&LeafAnswers> =
        subject.reachable().filter(|of| behind(subject, of.leaf).contains(&of.leaf)).collect();
    if rounds.is_empty() {
        return;
    }
    let course = Course::new(subject);
    let mut told: BTreeSet<TransitionId> = BTreeSet::new();
    let mut tell = |cycle: BTreeSet<TransitionId>, point: &Point, told: &mut BTreeSet<TransitionId>| {
        if cycle.iter().all(|id| !told.contains(id)) {
            findings.push(finding(subject, &cycle, &facts(subject, &cycle, point)));
        }
        told.extend(cycle);
    };
    for point in course.explore() {
        if let Settled::Endless(cycle) = course.settle(&point) {
            tell(cycle, &point, &mut told);
        }
    }
    for of in &rounds {
        let is_told = of.always.steps.iter().any(|step| match step.answer {
            Answer::Transition(id) => told.contains(&id),
            Answer::Defer | Answer::Ignore | Answer::IgnoreOthers => false,
        });
        if is_told {
            continue;
        }
        if let Some((cycle, point)) = for_all_values(subject, &course, of) {
            tell(cycle, &point, &mut told);
        }
    }
}

/// The leaves to which `always` alone may lead from a leaf.
fn behind(subject: &Subject, leaf: StateId) -> BTreeSet<StateId> {
    let automaton = subject.automaton;
    let next = |from: StateId| {
        let of = subject.answers.iter().filter(move |of| of.leaf == from);
        of.flat_map(|of| &of.always.steps).filter(|step| step.reached).filter_map(move |step| match step.answer {
            Answer::Transition(id) => match automaton.transitions[id].reaction {
                Reaction::Internal { .. } => Some(from),
                Reaction::To(Target::State(state)) => Some(automaton.default_leaf(state)),
                Reaction::To(Target::History(_)) | Reaction::Ignore { .. } => None,
            },
            Answer::Defer | Answer::Ignore | Answer::IgnoreOthers => None,
        })
    };
    let mut seen = BTreeSet::new();
    let mut open: Vec<StateId> = next(leaf).collect();
    while let Some(at) = open.pop() {
        if seen.insert(at) {
            open.extend(next(at));
        }
    }
    seen
}

/// The cycle and a point before it, if the `always` of the leaf begins for some values, and never ends.
fn for_all_values(subject: &Subject, course: &Course, of: &LeafAnswers) -> Option<(BTreeSet<TransitionId>, Point)> {
    let leaves = behind(subject, of.leaf);
    let steps = subject.answers.iter().filter(|of| leaves.contains(&of.leaf)).flat_map(|of| &of.always.steps);
    let read = depended_on(subject, steps.filter_map(|step| step.guard));
    if course.is_free_of_loops(&leaves, &read) {
        return None;
    }
    let mut found = None;
    for point in samples(subject, course, of, &read)? {
        match course.next(&of.always, &point, |_| None) {
            Next::Nothing => continue,
            Next::Unknown => return None,
            Next::Step(_) => {}
        }
        match course.settle(&point) {
            Settled::Endless(cycle) => found = found.or(Some((cycle, point))),
            Settled::Done | Settled::Unknown => return None,
        }
    }
    found
}

/// Points in the leaf with values that can make a difference; nothing if there are too many.
fn samples(subject: &Subject, course: &Course, of: &LeafAnswers, read: &BTreeSet<VariableId>) -> Option<Vec<Point>> {
    let guards = subject.automaton.transitions.iter().filter_map(|transition| transition.guard.as_ref());
    let values = subject.automaton.all_effects().flat_map(|effects| effects.assignments()).map(|of| &of.value);
    let constants = Constants::of(guards.chain(values), 2);
    let mut points = vec![course.unknown(of.leaf)];
    for &id in read {
        let variable = &subject.automaton.variables[id];
        let bounds = variable.bounds.unwrap_or((0, 0));
        let values = constants.samples(subject.system, variable.r#type, bounds, Extent::Few).values;
        if points.len() * values.len() > MOST_SAMPLES {
            return None;
        }
        let with = |point: &Point, value: &Value| {
            let mut point = point.clone();
            point.values[id.index()] = Some(value.clone());
            point
        };
        points = points.iter().flat_map(|point| values.iter().map(move |value| with(point, value))).collect();
    }
    Some(points)
}

/// What the guards of a cycle read, at a point.
fn facts(subject: &Subject, cycle: &BTreeSet<TransitionId>, point: &Point) -> Vec<String> {
    let mut read = BTreeSet::new();
    for guard in cycle.iter().filter_map(|&id| subject.automaton.transitions[id].guard.as_ref()) {
        guard.visit(&mut |below| {
            if let ExpressionKind::Variable(id) = below.kind {
                read.insert(id);
            }
        });
    }
    read.into_iter().filter_map(|id| value_of(subject, id, point)).collect()
}

/// That a cycle is not left soon, if it begins with these facts.
pub fn finding<'c>(
    subject: &Subject,
    cycle: impl IntoIterator<Item = &'c TransitionId>,
    facts: &[String],
) -> Diagnostic {
    let automaton = subject.automaton;
    let transitions = cycle.into_iter().map(|&id| &automaton.transitions[id]);
    let places: BTreeMap<Span, StateId> = transitions.map(|transition| (transition.span, transition.state)).collect();
    let states = listed(places.values().map(|state| subject.state_name(*state)).collect::<BTreeSet<_>>());
    let when = if facts.is_empty() { String::new() } else { format!(" when it begins with `{}`", facts.join(" and ")) };
    let message = format!("this `always` does not end within 64 steps{when}: {states}");
    let mut spans = places.keys();
    let first = spans.next().copied().unwrap_or(automaton.span);
    let mut finding = Diagnostic::new(&ALWAYS_TOO_LONG, first, message);
    for span in spans {
        finding = finding.related(*span, "and round");
    }
    finding.help("change its guard, or what it sets, so that the guard soon fails; or wait for an event")
}

fn value_of(subject: &Subject, id: VariableId, point: &Point) -> Option<String> {
    let r#type: Type = subject.automaton.variables[id].r#type;
    let variable = Expression { kind: ExpressionKind::Variable(id), r#type, span: Span::default() };
    let fact = fact(variable, point.values[id.index()].as_ref()?)?;
    Some(Printer::new(subject.system, subject.automaton).expression(&fact, None))
}
