//! What a check looks at: an automaton, and who follows whom in it.

use crate::graph::StateGraph;
use crate::model::{Automaton, AutomatonId, Event, EventId, EventKind, StateId, System};
use crate::selection::{self, LeafAnswers};

/// An automaton, and what is known of its behaviour.
pub struct Subject<'a> {
    pub system: &'a System,
    pub id: AutomatonId,
    pub automaton: &'a Automaton,
    /// Of all leaves but final ones.
    pub answers: Vec<LeafAnswers<'a>>,
    pub graph: StateGraph,
}

impl<'a> Subject<'a> {
    pub fn new(system: &'a System, id: AutomatonId) -> Self {
        let automaton = &system.automata[id];
        let answers = selection::answers(system, automaton);
        let graph = StateGraph::new(automaton, &answers);
        Subject { system, id, automaton, answers, graph }
    }

    /// Of the leaves that can become active.
    pub fn reachable(&self) -> impl Iterator<Item = &LeafAnswers<'a>> {
        self.answers.iter().filter(|of| self.graph.is_reachable(of.leaf))
    }

    /// Of the leaves in which events arrive.
    pub fn resting(&self) -> impl Iterator<Item = &LeafAnswers<'a>> {
        self.reachable().filter(|of| !of.is_transient())
    }

    pub fn state_name(&self, state: StateId) -> &'a str {
        let name = &self.automaton.states[state].name;
        if name.is_empty() { &self.automaton.name } else { name }
    }

    /// Declared events, not observations.
    pub fn declared_events(&self) -> impl Iterator<Item = (EventId, &'a Event)> {
        let events = self.automaton.events.iter().enumerate();
        let declared = events.filter(|(_, event)| matches!(event.kind, EventKind::Declared { .. }));
        declared.map(|(index, event)| (EventId(index as u32), event))
    }
}
