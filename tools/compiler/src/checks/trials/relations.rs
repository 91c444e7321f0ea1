//! Who has to do with whom.

use std::collections::BTreeSet;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex, UnGraph};
use petgraph::visit::{Bfs, Reversed};

use super::super::subject::Subject;
use crate::model::{AutomatonId, Effect, EventKind, ExpressionKind};

/// The nodes are the automata in their order.
pub struct Relations {
    /// Whose messages may cause messages to whom.
    causes: DiGraph<(), ()>,
    /// The same, and who looks at whom.
    any: UnGraph<(), ()>,
}

impl Relations {
    pub fn of(subjects: &[Subject]) -> Self {
        let (mut causes, mut any) = (DiGraph::new(), UnGraph::new_undirected());
        for _ in subjects {
            causes.add_node(());
            any.add_node(());
        }
        for subject in subjects {
            let (id, automaton) = (subject.id, subject.automaton);
            let told = automaton.all_effects().flat_map(|effects| effects.iter()).filter_map(|effect| match effect {
                Effect::Send(send) => Some(send.to.automaton),
                Effect::Start(start) => Some(start.automaton),
                _ => None,
            });
            let observed = automaton.events.iter().filter_map(|event| match event.kind {
                EventKind::Observation { automaton, .. } => Some(automaton),
                EventKind::Declared { .. } => None,
            });
            let caused = told.map(|other| (id, other)).chain(observed.map(|other| (other, id)));
            for (from, to) in caused {
                causes.update_edge(node(from), node(to), ());
                any.update_edge(node(from), node(to), ());
            }
            for expression in automaton.expressions() {
                expression.visit(&mut |below| {
                    if let ExpressionKind::InState { automaton, .. } = below.kind {
                        any.update_edge(node(id), node(automaton), ());
                    }
                });
            }
        }
        Relations { causes, any }
    }

    /// The automata whose messages may lead back to them.
    pub fn cyclic(&self) -> BTreeSet<AutomatonId> {
        let is_cycle = |part: &Vec<NodeIndex>| part.len() > 1 || self.causes.contains_edge(part[0], part[0]);
        tarjan_scc(&self.causes).into_iter().filter(is_cycle).flatten().map(automaton).collect()
    }

    /// The automaton, and those whose messages may reach it, the nearest first.
    pub fn reaching(&self, id: AutomatonId) -> impl Iterator<Item = AutomatonId> {
        let reversed = Reversed(&self.causes);
        let mut search = Bfs::new(reversed, node(id));
        std::iter::from_fn(move || search.next(reversed)).map(automaton)
    }

    /// All with which it has to do, at any distance, the nearest first.
    pub fn around(&self, id: AutomatonId) -> impl Iterator<Item = AutomatonId> {
        let mut search = Bfs::new(&self.any, node(id));
        std::iter::from_fn(move || search.next(&self.any)).map(automaton)
    }
}

fn node(id: AutomatonId) -> NodeIndex {
    NodeIndex::new(id.index())
}

fn automaton(node: NodeIndex) -> AutomatonId {
    AutomatonId(node.index() as u32)
}
