//! Timers of length 0 that lead back to themselves: no time passes, so only the limit of deliveries ends it.
//!
//! They are followed from each leaf in which such a timer runs, as long as nothing is asked: a guard on the way may end it. Only `after`
//! matters, since the interval of an `every` is never below a millisecond.

use super::{Subject, listed};
use crate::codes::warnings::ENDLESS_TIMER;
use crate::diagnostic::Diagnostic;
use crate::model::{
    Effect, Effects, Expression, ExpressionKind, Reaction, StateId, Target, TimerId, TimerKind, TransitionId, Value,
};
use crate::selection::{Answer, Cause, Chain, LeafAnswers};
use crate::worlds::range_knowing;

/// `always` transitions after one timer that are followed.
const MOST_MICROSTEPS: usize = 64;

/// A leaf, and the timer that is due in it at once.
type Due = (StateId, TimerId);

pub fn rounds(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let mut told: Vec<TimerId> = Vec::new();
    for of in subject.reachable() {
        for chain in &of.timers {
            let Cause::Timer(timer) = chain.cause else { continue };
            if !has_no_length(subject, timer) || told.contains(&timer) {
                continue;
            }
            let round = round_from(subject, (of.leaf, timer));
            if round.iter().all(|(_, timer)| !told.contains(timer)) && !round.is_empty() {
                told.extend(round.iter().map(|(_, timer)| *timer));
                findings.push(finding(subject, &round));
            }
        }
    }
}

/// The cycle that is reached from there, if there is one.
fn round_from(subject: &Subject, start: Due) -> Vec<Due> {
    let mut visited = vec![start];
    while let Some(next) = visited.last().and_then(|due| follow(subject, *due)) {
        if let Some(first) = visited.iter().position(|due| *due == next) {
            return visited.split_off(first);
        }
        visited.push(next);
    }
    Vec::new()
}

/// The timer of length 0 that is due next, of those that this one starts.
fn follow(subject: &Subject, (leaf, timer): Due) -> Option<Due> {
    let automaton = subject.automaton;
    let of = answers(subject, leaf)?;
    let chain = of.timers.iter().find(|chain| matches!(chain.cause, Cause::Timer(of) if of == timer))?;
    let (mut at, mut started) = (leaf, Vec::new());
    let mut next = certain(subject, chain);
    for _ in 0..MOST_MICROSTEPS {
        perform(subject, next?, &mut at, &mut started)?;
        let always = &answers(subject, at)?.always;
        if always.steps.is_empty() {
            let is_active = |timer: &TimerId| automaton.is_in(at, automaton.timers[*timer].state);
            return started.into_iter().find(is_active).map(|timer| (at, timer));
        }
        next = certain(subject, always);
    }
    None
}

fn answers<'s, 'a>(subject: &'s Subject<'a>, leaf: StateId) -> Option<&'s LeafAnswers<'a>> {
    subject.answers.iter().find(|of| of.leaf == leaf)
}

/// The transition that is taken without any question.
fn certain(subject: &Subject, chain: &Chain) -> Option<TransitionId> {
    let first = chain.steps.iter().find(|step| step.reached)?;
    let holds = first.guard.is_none_or(|guard| super::transitions::constant(subject, guard) == Some(true));
    match first.answer {
        Answer::Transition(id) if holds && first.key.is_none() => Some(id),
        _ => None,
    }
}

/// Adds the timers of length 0 that start, in their order.
fn perform(subject: &Subject, id: TransitionId, at: &mut StateId, started: &mut Vec<TimerId>) -> Option<()> {
    let automaton = subject.automaton;
    let transition = &automaton.transitions[id];
    let mut starts = |timers: &[TimerId]| {
        started.extend(timers.iter().copied().filter(|timer| has_no_length(subject, *timer)));
    };
    let restarted = transition.effects.iter().filter_map(|effect| match effect {
        Effect::Restart(restart) => Some(restart.timer),
        _ => None,
    });
    let restarted: Vec<TimerId> = restarted.collect();
    match transition.reaction {
        Reaction::Internal { .. } => starts(&restarted),
        Reaction::To(target @ Target::State(state)) => {
            let scope = automaton.scope(transition.state, target);
            starts(&restarted);
            for entered in automaton.entries(scope, state).into_iter().chain(automaton.default_entries(state)) {
                starts(&automaton.states[entered].timers);
            }
            *at = automaton.default_leaf(state);
            // The instance is gone.
            if automaton.states[*at].is_final {
                return None;
            }
        }
        Reaction::To(Target::History(_)) | Reaction::Ignore { .. } => return None,
    }
    Some(())
}

/// An `after` whose length can only be 0: calculated from what is written, defaults of parameters, and variables that never change.
fn has_no_length(subject: &Subject, timer: TimerId) -> bool {
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
    timer.kind == TimerKind::After && range_knowing(&timer.length, automaton, &known) == (0, 0)
}

fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Duration(ms) => Some(i128::from(*ms)),
        _ => None,
    }
}

fn finding(subject: &Subject, round: &[Due]) -> Diagnostic {
    let automaton = subject.automaton;
    let timers: Vec<_> = round.iter().map(|(_, timer)| &automaton.timers[*timer]).collect();
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
