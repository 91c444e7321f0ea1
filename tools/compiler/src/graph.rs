//! Who follows whom: the leaves of an automaton, and the automata and parts of a system, as graphs.
//!
//! The checks and the picture of the system look at the same graphs, so that a picture cannot show what a check denies.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::model::{
    Automaton, AutomatonId, Change, EventKind, ExpressionKind, History, PartId, Partner, Reaction, StateId, System,
    Target, TransitionId,
};
use crate::selection::{Answer, LeafAnswers};

/// The leaves of one automaton; an edge for each transition that can be performed in a leaf and leads somewhere.
#[derive(Debug)]
pub struct StateGraph {
    /// Nodes are leaves, final ones too.
    pub graph: DiGraph<StateId, Passage>,
    /// Where an instance begins.
    pub initial: StateId,
    reachable: Vec<bool>,
    nodes: BTreeMap<StateId, NodeIndex>,
}

/// An edge of a [`StateGraph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The transition.
    pub transition: TransitionId,
    /// The leaf is entered only if its state was active before; then this is the child (shallow) or leaf (deep) that
    /// was active.
    pub remembered: Option<StateId>,
}

impl StateGraph {
    /// The graph of an automaton, from what its leaves answer.
    #[must_use]
    pub fn new(automaton: &Automaton, answers: &[LeafAnswers]) -> Self {
        let mut graph = DiGraph::new();
        let nodes: BTreeMap<StateId, NodeIndex> = automaton.leaves().map(|leaf| (leaf, graph.add_node(leaf))).collect();
        let mut edges = BTreeSet::new();
        for of in answers {
            let steps = of.chains().flat_map(|chain| &chain.steps).filter(|step| step.reached);
            for step in steps {
                let Answer::Transition(transition) = step.answer else { continue };
                let Reaction::To(target) = automaton.transitions[transition].reaction else { continue };
                let leaves = destinations(automaton, target).into_iter();
                edges.extend(leaves.map(|(leaf, remembered)| (of.leaf, leaf, transition, remembered)));
            }
        }
        for (from, to, transition, remembered) in edges {
            graph.add_edge(nodes[&from], nodes[&to], Passage { transition, remembered });
        }
        let initial = automaton.default_leaf(StateId::ROOT);
        let mut this = StateGraph { graph, initial, reachable: vec![false; automaton.states.len()], nodes };
        this.find_reachable(automaton);
        this
    }

    fn find_reachable(&mut self, automaton: &Automaton) {
        let mut open = vec![self.initial];
        while let Some(leaf) = open.pop() {
            for state in automaton.outwards(leaf) {
                self.reachable[state.index()] = true;
            }
            // What was active before can add a target to a history, from a leaf that was visited already.
            let known = self.graph.node_indices().filter(|&node| self.reachable[self.graph[node].index()]);
            let edges = known.flat_map(|node| self.graph.edges(node));
            let next = edges.filter(|edge| edge.weight().remembered.is_none_or(|state| self.reachable[state.index()]));
            let next = next.map(|edge| self.graph[edge.target()]);
            open.extend(next.filter(|leaf| !self.reachable[leaf.index()]).take(1));
        }
    }

    /// Whether the state, leaf or composite, can become active.
    #[must_use]
    pub fn is_reachable(&self, state: StateId) -> bool {
        self.reachable[state.index()]
    }

    /// Whether another leaf can follow.
    #[must_use]
    pub fn can_be_left(&self, leaf: StateId) -> bool {
        self.graph.neighbors(self.nodes[&leaf]).any(|next| self.graph[next] != leaf)
    }

    /// Leaves that lead into one another, each group in the order of the file; and leaves that lead into themselves.
    #[must_use]
    pub fn cycles(&self) -> Vec<Vec<StateId>> {
        cycles(&self.graph)
    }

    /// All reachable leaves: those that lead into one another together, each group before those that it leads to.
    #[must_use]
    pub fn order(&self) -> Vec<Vec<StateId>> {
        let mut groups = order(&self.graph);
        groups.retain(|group| self.is_reachable(group[0]));
        groups
    }
}

impl Automaton {
    /// The leaf that becomes active when the state is entered by `initial`.
    #[must_use]
    pub fn default_leaf(&self, state: StateId) -> StateId {
        self.default_entries(state).last().copied().unwrap_or(state)
    }
}

/// The leaves in which a transition can end.
fn destinations(automaton: &Automaton, target: Target) -> Vec<(StateId, Option<StateId>)> {
    let state = target.state();
    let mut leaves = Vec::new();
    let default = automaton.default_leaf(state);
    if automaton.states[default].children.is_empty() {
        leaves.push((default, None));
    }
    if let Target::History(_) = target {
        match automaton.states[state].history {
            History::None => {}
            History::Shallow => {
                let children = automaton.states[state].children.iter();
                leaves.extend(children.map(|&child| (automaton.default_leaf(child), Some(child))));
            }
            History::Deep => {
                let inside = automaton.leaves().filter(|&leaf| automaton.is_in(leaf, state));
                leaves.extend(inside.map(|leaf| (leaf, Some(leaf))));
            }
        }
    }
    leaves.retain(|(leaf, _)| automaton.states[*leaf].children.is_empty());
    leaves
}

/// Automata and parts of the program, and what passes between them.
#[derive(Debug)]
pub struct SystemGraph {
    /// An edge goes from sender to receiver; there is at most one of each kind in each direction.
    pub graph: DiGraph<Partner, Link>,
}

/// What passes from one to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How.
    pub kind: LinkKind,
    /// Events, actions, states; each once, in the order of the files. Empty for starts.
    pub names: Vec<String>,
}

/// The ways of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// An automaton sends events to an automaton.
    Send,
    /// An automaton starts instances of an automaton.
    Start,
    /// An automaton is told of the other's changes of state, or looks at its states in guards.
    Observe,
    /// A part sends events to an automaton.
    Event,
    /// An automaton asks a part for actions.
    Action,
}

impl SystemGraph {
    /// All automata, then all parts, in the order of their names; isolated ones too.
    #[must_use]
    pub fn new(system: &System) -> Self {
        let mut links: BTreeMap<(Partner, Partner, LinkKind), Vec<String>> = BTreeMap::new();
        for (index, automaton) in system.automata.iter().enumerate() {
            for (from, to, kind, name) in links_of(system, AutomatonId(index as u32), automaton) {
                let names = links.entry((from, to, kind)).or_default();
                if !name.is_empty() && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let mut graph = DiGraph::new();
        let automata = (0..system.automata.len() as u32).map(|id| Partner::Automaton(AutomatonId(id)));
        let parts = (0..system.parts.len() as u32).map(|id| Partner::Part(PartId(id)));
        let nodes: BTreeMap<Partner, NodeIndex> =
            automata.chain(parts).map(|partner| (partner, graph.add_node(partner))).collect();
        for ((from, to, kind), names) in links {
            graph.add_edge(nodes[&from], nodes[&to], Link { kind, names });
        }
        SystemGraph { graph }
    }

    /// Those that send to one another, directly or indirectly.
    #[must_use]
    pub fn cycles(&self) -> Vec<Vec<Partner>> {
        cycles(&self.graph)
    }

    /// All of them: those that send to one another together, each group before those that it sends to.
    #[must_use]
    pub fn order(&self) -> Vec<Vec<Partner>> {
        order(&self.graph)
    }
}

type NamedLink = (Partner, Partner, LinkKind, String);

fn links_of(system: &System, id: AutomatonId, automaton: &Automaton) -> Vec<NamedLink> {
    let this = Partner::Automaton(id);
    let mut links = Vec::new();
    for event in &automaton.events {
        match &event.kind {
            EventKind::Declared { from, .. } => {
                let parts = from.iter().filter(|partner| matches!(partner, Partner::Part(_)));
                links.extend(parts.map(|part| (*part, this, LinkKind::Event, event.name.clone())));
            }
            EventKind::Observation { automaton: other, change, state } => {
                let change = match change {
                    Change::Enters => "enters",
                    Change::Leaves => "leaves",
                };
                let name = format!("{change} {}", system.automata[*other].states[*state].name);
                links.push((Partner::Automaton(*other), this, LinkKind::Observe, name));
            }
        }
    }
    for effects in automaton.all_effects() {
        for call in effects.actions() {
            let action = &automaton.actions[call.action];
            links.push((this, Partner::Part(action.by), LinkKind::Action, action.name.clone()));
        }
        for send in effects.sends() {
            let name = system.automata[send.to.automaton].events[send.event].name.clone();
            links.push((this, Partner::Automaton(send.to.automaton), LinkKind::Send, name));
        }
        for start in effects.starts() {
            links.push((this, Partner::Automaton(start.automaton), LinkKind::Start, String::new()));
        }
    }
    links.extend(looks(system, this, automaton));
    links
}

/// `X in S` in guards and arguments. Properties look from outside, and make no link.
fn looks(system: &System, this: Partner, automaton: &Automaton) -> Vec<NamedLink> {
    let guards = automaton.transitions.iter().filter_map(|transition| transition.guard.as_ref());
    let mut links = Vec::new();
    for expression in guards.chain(automaton.all_effects().flat_map(|effects| effects.expressions())) {
        expression.visit(&mut |below| {
            if let ExpressionKind::InState { automaton: other, state, .. } = below.kind {
                let name = format!("in {}", system.automata[other].states[state].name);
                links.push((Partner::Automaton(other), this, LinkKind::Observe, name));
            }
        });
    }
    links
}

fn cycles<N: Copy + Ord, E>(graph: &DiGraph<N, E>) -> Vec<Vec<N>> {
    let is_cycle = |group: &Vec<NodeIndex>| group.len() > 1 || graph.contains_edge(group[0], group[0]);
    let mut groups: Vec<Vec<N>> =
        tarjan_scc(graph).into_iter().filter(is_cycle).map(|group| sorted(graph, &group)).collect();
    groups.sort();
    groups
}

/// Strongly connected groups in topological order, the same in every run.
fn order<N: Copy + Ord, E>(graph: &DiGraph<N, E>) -> Vec<Vec<N>> {
    let mut groups: Vec<Vec<N>> = tarjan_scc(graph).into_iter().map(|group| sorted(graph, &group)).collect();
    groups.sort_by(|a, b| b.cmp(a));
    let group_of: BTreeMap<N, usize> =
        groups.iter().enumerate().flat_map(|(index, group)| group.iter().map(move |&node| (node, index))).collect();
    let mut condensed: DiGraph<usize, ()> = DiGraph::new();
    let nodes: Vec<NodeIndex> = (0..groups.len()).map(|index| condensed.add_node(index)).collect();
    for edge in graph.edge_references() {
        let (from, to) = (group_of[&graph[edge.source()]], group_of[&graph[edge.target()]]);
        if from != to {
            condensed.update_edge(nodes[from], nodes[to], ());
        }
    }
    let sorted = toposort(&condensed, None).expect("what leads in a circle is one group");
    sorted.into_iter().map(|node| groups[condensed[node]].clone()).collect()
}

fn sorted<N: Copy + Ord, E>(graph: &DiGraph<N, E>, group: &[NodeIndex]) -> Vec<N> {
    let mut nodes: Vec<N> = group.iter().map(|&node| graph[node]).collect();
    nodes.sort();
    nodes
}
