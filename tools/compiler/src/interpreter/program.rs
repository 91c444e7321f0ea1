//! What is computed once for a system, so that no step searches: who answers which event in which leaf, what is left
//! and entered, and who observes whom.

use std::sync::Arc;

use super::watchers::{Watcher, watching};
use crate::model::{
    Automaton, AutomatonId, Change, EventId, EventKind, Handler, Reaction, StateId, System, TransitionId,
};

/// A system, ready to run.
#[derive(Debug)]
pub(super) struct Program {
    pub system: Arc<System>,
    /// By [`AutomatonId`].
    pub plans: Vec<Plan>,
    /// By [`AutomatonId`]: the properties that look at its states.
    pub watching: Vec<Vec<Watcher>>,
}

/// What is computed for one automaton.
#[derive(Debug)]
pub(super) struct Plan {
    /// By state: the state and those around it, outwards to the root.
    pub outwards: Vec<Vec<StateId>>,
    /// By state: what is entered below it by default, from the outside in.
    pub defaults: Vec<Vec<StateId>>,
    /// By leaf, then event: the handlers in the order of asking, as (state, index into its handlers).
    pub handlers: Vec<Vec<Vec<(StateId, usize)>>>,
    /// By leaf: the `always` entries in the order of asking.
    pub always: Vec<Vec<TransitionId>>,
    /// By leaf: the innermost state that ignores events that nobody answers.
    pub others: Vec<Option<StateId>>,
    /// By transition: the state below which everything is left; the root for those without a target.
    pub scopes: Vec<StateId>,
    /// By state: who observes that it is entered, and by which of its events; likewise left.
    pub entered: Vec<Vec<(AutomatonId, EventId)>>,
    pub left: Vec<Vec<(AutomatonId, EventId)>>,
    /// By event: an observation, which is dropped if its instance does not exist.
    pub is_observation: Vec<bool>,
    /// By event: an observation that is mentioned only with `[expr]`.
    pub only_keyed: Vec<bool>,
    /// An event `starts` if its key is free.
    pub starts: Vec<bool>,
}

impl Program {
    pub fn new(system: Arc<System>) -> Self {
        let ids = || (0..system.automata.len() as u32).map(AutomatonId);
        let mut plans: Vec<Plan> = system.automata.iter().map(Plan::new).collect();
        for observer in ids() {
            for (index, event) in system.automata[observer].events.iter().enumerate() {
                let EventKind::Observation { automaton, change, state } = event.kind else { continue };
                let plan = &mut plans[automaton.index()];
                let told = match change {
                    Change::Enters => &mut plan.entered[state.index()],
                    Change::Leaves => &mut plan.left[state.index()],
                };
                told.push((observer, EventId(index as u32)));
            }
        }
        let watching = watching(&system.automata);
        Self { system, plans, watching }
    }
}

impl Plan {
    fn new(automaton: &Automaton) -> Self {
        let outwards: Vec<Vec<StateId>> =
            automaton.state_ids().map(|state| automaton.outwards(state).collect()).collect();
        let of_event = |leaf: usize, event: EventId| {
            let handlers = outwards[leaf].iter().flat_map(|&state| {
                let handlers = automaton.states[state].handlers.iter().enumerate();
                handlers.map(move |(index, handler)| (state, index, handler))
            });
            handlers.filter(|(_, _, handler)| handler.event == event).map(|(state, index, _)| (state, index)).collect()
        };
        let events = || (0..automaton.events.len() as u32).map(EventId);
        let mentions = |event: EventId| -> Vec<&Handler> {
            let handlers = automaton.states.iter().flat_map(|state| &state.handlers);
            handlers.filter(|handler| handler.event == event).collect()
        };
        Self {
            defaults: automaton.state_ids().map(|state| automaton.default_entries(state)).collect(),
            handlers: (0..outwards.len()).map(|leaf| events().map(|event| of_event(leaf, event)).collect()).collect(),
            always: outwards
                .iter()
                .map(|chain| chain.iter().flat_map(|&state| automaton.states[state].always.iter().copied()).collect())
                .collect(),
            others: outwards
                .iter()
                .map(|chain| chain.iter().copied().find(|&state| automaton.states[state].ignores_others.is_some()))
                .collect(),
            scopes: automaton
                .transitions
                .iter()
                .map(|transition| match transition.reaction {
                    Reaction::To(target) => automaton.scope(transition.state, target),
                    Reaction::Internal { .. } | Reaction::Ignore { .. } => StateId::ROOT,
                })
                .collect(),
            entered: vec![Vec::new(); automaton.states.len()],
            left: vec![Vec::new(); automaton.states.len()],
            is_observation: automaton
                .events
                .iter()
                .map(|event| matches!(event.kind, EventKind::Observation { .. }))
                .collect(),
            only_keyed: events()
                .map(|event| {
                    let mentions = mentions(event);
                    !mentions.is_empty() && mentions.iter().all(|handler| handler.key.is_some())
                })
                .collect(),
            starts: automaton
                .events
                .iter()
                .map(|event| matches!(event.kind, EventKind::Declared { starts: true, .. }))
                .collect(),
            outwards,
        }
    }

    pub fn is_in(&self, state: StateId, region: StateId) -> bool {
        self.outwards[state.index()].contains(&region)
    }

    /// The states from below `scope` to `state`, outside in.
    pub fn path(&self, scope: StateId, state: StateId) -> impl Iterator<Item = StateId> + '_ {
        let chain = &self.outwards[state.index()];
        let depth = chain.iter().position(|&at| at == scope).unwrap_or(chain.len());
        chain[..depth].iter().rev().copied()
    }
}
