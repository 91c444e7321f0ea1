//! What is done together: the lists of effects of each transition that can be taken, in the order in which they happen.

use super::subject::Subject;
use crate::model::{Effects, EventId, History, Reaction, StateId, Target, TransitionId, Trigger};
use crate::selection::Answer;

/// One list of effects.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    pub effects: &'a Effects,
    /// The event whose fields can be named in it.
    pub event: Option<EventId>,
    /// It is the `entry` of this state, whose timers start then.
    pub entered: Option<StateId>,
}

/// A transition from one leaf to another.
#[derive(Clone)]
pub struct Step<'a> {
    /// `None`: the start of the instance.
    pub from: Option<StateId>,
    pub to: StateId,
    pub transition: Option<TransitionId>,
    pub parts: Vec<Part<'a>>,
}

/// The start, and every transition that can be taken in a leaf that can be active.
pub fn all<'a>(subject: &Subject<'a>) -> Vec<Step<'a>> {
    let automaton = subject.automaton;
    let entered = [StateId::ROOT].into_iter().chain(automaton.default_entries(StateId::ROOT));
    let parts = entered.map(|state| entry(subject, state)).collect();
    let start = Step { from: None, to: automaton.default_leaf(StateId::ROOT), transition: None, parts };
    let mut all = vec![start];
    for of in subject.reachable() {
        let chains = of.events.iter().chain(&of.timers).filter(|_| !of.is_transient()).chain([&of.always]);
        for step in chains.flat_map(|chain| &chain.steps).filter(|step| step.reached) {
            if let Answer::Transition(id) = step.answer
                && !all.iter().any(|known| known.from == Some(of.leaf) && known.transition == Some(id))
            {
                all.extend(taken(subject, of.leaf, id));
            }
        }
    }
    all
}

/// The `always` transitions that may follow in a leaf, and whether they do in any case.
pub fn always<'a>(subject: &Subject, steps: &[Step<'a>], leaf: StateId) -> Vec<(Step<'a>, bool)> {
    let Some(of) = subject.answers.iter().find(|of| of.leaf == leaf) else { return Vec::new() };
    let mut found = Vec::new();
    for step in of.always.steps.iter().filter(|step| step.reached) {
        let Answer::Transition(id) = step.answer else { continue };
        let is_certain = step.guard.is_none() && of.always.steps.iter().filter(|step| step.reached).count() == 1;
        let taken = steps.iter().filter(|known| known.from == Some(leaf) && known.transition == Some(id));
        found.extend(taken.map(|taken| (taken.clone(), is_certain)));
    }
    found
}

/// The ways in which a transition is performed: several if it leads to what was active before.
fn taken<'a>(subject: &Subject<'a>, from: StateId, id: TransitionId) -> Vec<Step<'a>> {
    let automaton = subject.automaton;
    let transition = &automaton.transitions[id];
    let event = match transition.trigger {
        Trigger::Event(event) => Some(event),
        Trigger::Timer(_) | Trigger::Always => None,
    };
    let own = Part { effects: &transition.effects, event, entered: None };
    let step = |to, parts| Step { from: Some(from), to, transition: Some(id), parts };
    let target = match transition.reaction {
        Reaction::Ignore { .. } => return Vec::new(),
        Reaction::Internal { .. } => return vec![step(from, vec![own])],
        Reaction::To(target) => target,
    };
    let scope = automaton.scope(transition.state, target);
    let exit = |state: StateId| Part { effects: &automaton.states[state].exit, event: None, entered: None };
    let steps = leaves(subject, target).into_iter().map(|to| {
        let exits = automaton.exits(from, scope).into_iter().map(exit);
        let entries = automaton.entries(scope, to).into_iter().map(|state| entry(subject, state));
        step(to, exits.chain([own]).chain(entries).collect())
    });
    steps.collect()
}

fn entry<'a>(subject: &Subject<'a>, state: StateId) -> Part<'a> {
    Part { effects: &subject.automaton.states[state].entry, event: None, entered: Some(state) }
}

/// Where a transition to that target can end.
fn leaves(subject: &Subject, target: Target) -> Vec<StateId> {
    let automaton = subject.automaton;
    let state = target.state();
    let mut leaves = vec![automaton.default_leaf(state)];
    if let Target::History(_) = target {
        match automaton.states[state].history {
            History::None => {}
            History::Shallow => {
                leaves.extend(automaton.states[state].children.iter().map(|child| automaton.default_leaf(*child)));
            }
            History::Deep => leaves.extend(automaton.leaves().filter(|leaf| automaton.is_in(*leaf, state))),
        }
    }
    leaves.retain(|leaf| automaton.states[*leaf].children.is_empty() && subject.graph.is_reachable(*leaf));
    leaves.sort();
    leaves.dedup();
    leaves
}
