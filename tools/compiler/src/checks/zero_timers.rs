//! Timers of length 0 that lead back to themselves: no time passes, so only the limit of deliveries ends it.
//!
//! They are followed from each leaf in which such a timer runs, as long as nothing is asked: first without knowing any
//! value, then with the values that runs from the start lead to ([`super::course`]). Only `after` matters, since the
//! interval of an `every` is never below a millisecond.

use std::collections::{HashMap, HashSet};

use super::course::{Course, Next, Point};
use super::listed::listed;
use super::steps::Step;
use super::subject::Subject;
use crate::codes::warnings::ENDLESS_TIMER;
use crate::diagnostic::Diagnostic;
use crate::model::{Effect, Effects, Expression, ExpressionKind, TimerId, TimerKind, Value};
use crate::selection::Cause;
use crate::worlds::range_knowing;

/// `always` transitions after one timer that are followed.
const MOST_MICROSTEPS: usize = 64;
/// Timers one after another that are followed.
const MOST_IN_A_ROW: usize = 1000;

/// A moment, and the timer that is due at once.
type Due = (Point, TimerId);

pub fn rounds(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let timers = (0..subject.automaton.timers.len() as u32).map(TimerId);
    let without_length: Vec<TimerId> = timers.filter(|timer| has_no_length(subject, *timer)).collect();
    if without_length.is_empty() {
        return;
    }
    let course = Course::new(subject);
    let mut search = Search { subject, course: &course, without_length, followed: HashSet::new() };
    let mut told: Vec<TimerId> = Vec::new();
    let unknown = subject.resting().map(|of| course.unknown(of.leaf));
    for point in unknown.chain(course.explore()) {
        for timer in search.due_at(&point) {
            let round = search.round_from((point.clone(), timer));
            if round.iter().all(|timer| !told.contains(timer)) && !round.is_empty() {
                findings.push(finding(subject, &round));
                told.extend(round);
            }
        }
    }
}

struct Search<'s, 'a> {
    subject: &'s Subject<'a>,
    course: &'s Course<'s, 'a>,
    without_length: Vec<TimerId>,
    /// What was followed already.
    followed: HashSet<Due>,
}

impl<'a> Search<'_, 'a> {
    /// The timers of length 0 that run in the leaf.
    fn due_at(&self, point: &Point) -> Vec<TimerId> {
        let chains = self.course.answers(point.leaf).into_iter().flat_map(|of| &of.timers);
        let timers = chains.filter_map(|chain| match chain.cause {
            Cause::Timer(timer) => Some(timer),
            Cause::Event(_) | Cause::Always => None,
        });
        timers.filter(|timer| self.without_length.contains(timer)).collect()
    }

    /// The timers of the cycle that is reached from there, if there is one.
    fn round_from(&mut self, start: Due) -> Vec<TimerId> {
        let mut order: Vec<TimerId> = Vec::new();
        let mut visited: HashMap<Due, usize> = HashMap::new();
        let mut due = start;
        while order.len() < MOST_IN_A_ROW && self.followed.insert(due.clone()) {
            visited.insert(due.clone(), order.len());
            order.push(due.1);
            let Some(next) = self.follow(&due) else { return Vec::new() };
            due = next;
        }
        let mut round: Vec<TimerId> = Vec::new();
        for &timer in visited.get(&due).map_or(&[] as &[TimerId], |first| &order[*first..]) {
            if !round.contains(&timer) {
                round.push(timer);
            }
        }
        round
    }

    /// The timer of length 0 that is due next, of those that this one starts.
    fn follow(&self, (point, timer): &Due) -> Option<Due> {
        let automaton = self.subject.automaton;
        let constant = |guard: &Expression| super::transitions::constant(self.subject, guard);
        let chains = &self.course.answers(point.leaf)?.timers;
        let chain = chains.iter().find(|chain| matches!(chain.cause, Cause::Timer(of) if of == *timer))?;
        let mut started = Vec::new();
        let mut at = point.clone();
        let mut next = self.course.next(chain, &at, constant);
        for _ in 0..MOST_MICROSTEPS {
            match next {
                Next::Step(step) => {
                    self.add_started(step, &mut started);
                    at = self.course.after(step, &at);
                }
                Next::Nothing => {
                    let is_active = |timer: &TimerId| automaton.is_in(at.leaf, automaton.timers[*timer].state);
                    let timer = started.into_iter().find(is_active)?;
                    return Some((at, timer));
                }
                Next::Unknown => return None,
            }
            // After a final state the instance is gone.
            next = self.course.next(&self.course.answers(at.leaf)?.always, &at, constant);
        }
        None
    }

    /// Adds the timers of length 0 that start, in their order.
    fn add_started(&self, step: &Step<'a>, started: &mut Vec<TimerId>) {
        let states = &self.subject.automaton.states;
        for part in &step.parts {
            let restarted = part.effects.iter().filter_map(|effect| match effect {
                Effect::Restart(restart) => Some(restart.timer),
                _ => None,
            });
            let entered = part.entered.into_iter().flat_map(|state| states[state].timers.iter().copied());
            started.extend(restarted.chain(entered).filter(|timer| self.without_length.contains(timer)));
        }
    }
}

/// An `after` whose length can only be 0.
fn has_no_length(subject: &Subject, timer: TimerId) -> bool {
    subject.automaton.timers[timer].kind == TimerKind::After && lengths(subject, timer) == (0, 0)
}

/// The shortest and the longest that a length can be: calculated from what is written, defaults of parameters, and
/// variables that never change.
pub fn lengths(subject: &Subject, timer: TimerId) -> (i128, i128) {
    let automaton = subject.automaton;
    let timer = &automaton.timers[timer];
    let known = |of: &Expression| match of.kind {
        ExpressionKind::Parameter(id) => number(automaton.parameters[id].default.as_ref()?),
        ExpressionKind::Variable(id) => {
            let mut assignments = automaton.all_effects().flat_map(Effects::assignments);
            let is_set = assignments.any(|assignment| assignment.variable == id);
            if is_set { None } else { number(&automaton.variables[id].initial) }
        }
        _ => None,
    };
    range_knowing(&timer.length, automaton, &known)
}

fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Duration(ms) => Some(i128::from(*ms)),
        _ => None,
    }
}

/// That these timers start one another.
pub fn finding(subject: &Subject, round: &[TimerId]) -> Diagnostic {
    let timers: Vec<_> = round.iter().map(|timer| &subject.automaton.timers[*timer]).collect();
    let names = listed(timers.iter().map(|timer| timer.name.as_str()));
    let message = match timers.as_slice() {
        [only] => format!("the timer `{}` has length 0 and starts itself again: time never passes", only.name),
        _ => format!("the timers {names} have length 0 and start one another again: time never passes"),
    };
    let mut finding = Diagnostic::new(&ENDLESS_TIMER, timers[0].span, message);
    for timer in &timers[1..] {
        finding = finding.related(timer.span, "and round");
    }
    finding.help("give one of them a length, or end the loop with a guard")
}
