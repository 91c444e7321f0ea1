//! Cycles of `always` that change nothing that matters: once started, they never end.
//!
//! All guards of a delivery see one world (answers of conditions and the states of others are asked once), so a cycle
//! that sets no variable that its guards read never ends once it has gone round. At run time the limit of microsteps
//! stops it, but the definition is wrong. Where the guards read variables, the cycle may never begin: that is a
//! warning, unless runs from the start show that it does not.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use super::course::Course;
use super::listed::listed;
use super::subject::Subject;
use super::transitions::constant;
use crate::codes::check_errors::ALWAYS_CYCLE;
use crate::diagnostic::Diagnostic;
use crate::model::{
    BinaryOperator, Effects, Expression, ExpressionKind, Reaction, StateId, Target, TransitionId, VariableId,
};
use crate::printer::Printer;
use crate::selection::{Answer, LeafAnswers, Step};
use crate::worlds::{Formula, Verdict, World, Worlds, open_case};

pub fn cycles(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    for (group, read) in groups(subject) {
        let guards: Vec<&Expression> =
            group.iter().flat_map(|of| &of.always.steps).filter_map(|step| step.guard).collect();
        let worlds = Worlds::of(subject.system, subject.automaton, guards);
        if worlds.is_uncertain() {
            continue;
        }
        let rounds = Rounds::new(subject, &worlds, &group, &read);
        let mut found = None;
        let whole = worlds.each(|world| {
            if found.is_none() {
                let cycle = group.iter().find_map(|of| rounds.from(of.leaf, world));
                found = cycle.filter(|_| !worlds.is_before_the_start(world));
            }
        });
        match found {
            Some(cycle) => {
                let transitions: Vec<TransitionId> = cycle.iter().map(|(_, transition)| *transition).collect();
                if !reads_variables(subject, &transitions) {
                    findings.push(finding(subject, &transitions));
                }
            }
            None if whole => {}
            None => {
                let first = group.iter().flat_map(|of| &of.always.steps).map(|step| step.handler).min();
                findings.extend(first.map(|span| super::coverage::not_judged(span, "these `always` loop for ever")));
            }
        }
    }
}

fn reads_variables(subject: &Subject, cycle: &[TransitionId]) -> bool {
    let guards = cycle.iter().filter_map(|&id| subject.automaton.transitions[id].guard.as_ref());
    let mut not_constant = guards.filter(|guard| constant(subject, guard).is_none());
    not_constant.any(|guard| guard.contains(|below| matches!(below.kind, ExpressionKind::Variable(_))))
}

/// The same where the guards read variables, or depend on one another (`a < b`, then `b < c`), so that a cycle must be
/// found with values.
pub fn uncertain_cycles(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    for (group, read) in groups(subject) {
        let guards: Vec<&Expression> =
            group.iter().flat_map(|of| &of.always.steps).filter_map(|step| step.guard).collect();
        let worlds = Worlds::of(subject.system, subject.automaton, guards.iter().copied());
        // A division that makes a guard false is not told from one that is false by itself.
        if guards.iter().any(|guard| divides(guard)) {
            continue;
        }
        let rounds = Rounds::new(subject, &worlds, &group, &read);
        let mut cycles = BTreeSet::new();
        worlds.each(|world| {
            if cycles.len() < MOST_CYCLES {
                cycles.extend(group.iter().filter_map(|of| rounds.from(of.leaf, world)));
            }
        });
        if cycles.is_empty() || Course::new(subject).is_free_of_loops(&group.iter().map(|of| of.leaf).collect(), &read)
        {
            continue;
        }
        for cycle in cycles {
            let transitions: Vec<TransitionId> = cycle.iter().map(|(_, transition)| *transition).collect();
            if !worlds.is_uncertain() && !reads_variables(subject, &transitions) {
                continue;
            }
            if let Some(facts) = values_of(subject, &group, &cycle) {
                findings.push(super::unending::finding(subject, &transitions, &facts));
                break;
            }
        }
    }
}

/// Cycles that are tried with values.
const MOST_CYCLES: usize = 32;

fn divides(guard: &Expression) -> bool {
    guard.contains(|below| {
        matches!(below.kind, ExpressionKind::Binary(BinaryOperator::Divide | BinaryOperator::Remainder, ..))
    })
}

/// Values, as guards, with which the cycle is taken: its guards hold, and those before them do not.
fn values_of(subject: &Subject, group: &Group, cycle: &[(StateId, TransitionId)]) -> Option<Vec<String>> {
    let mut none_may_hold: Vec<Vec<Expression>> = Vec::new();
    for (leaf, taken) in cycle {
        let of = group.iter().find(|of| of.leaf == *leaf)?;
        for step in &of.always.steps {
            let is_taken = step.answer == Answer::Transition(*taken);
            if let Some(guard) = step.guard {
                let negated = || Expression { kind: ExpressionKind::Not(Box::new(guard.clone())), ..guard.clone() };
                none_may_hold.push(vec![if is_taken { negated() } else { guard.clone() }]);
            }
            if is_taken {
                break;
            }
        }
    }
    let Verdict::Open(facts) = open_case(subject.system, subject.automaton, &[], &none_may_hold) else { return None };
    let printer = Printer::new(subject.system, subject.automaton);
    Some(facts.iter().map(|fact| printer.expression(fact, None)).collect())
}

/// Leaves that lead into one another by `always` alone.
type Group<'s, 'a> = Vec<&'s LeafAnswers<'a>>;

/// The variables on which the guards of a group depend.
type Read = BTreeSet<VariableId>;

/// Leaves that lead into one another by `always` alone, without a change of what the guards of their cycle read.
fn groups<'s, 'a>(subject: &'s Subject<'a>) -> Vec<(Group<'s, 'a>, Read)> {
    let all: Group = subject.reachable().filter(|of| of.always.steps.iter().any(|step| step.reached)).collect();
    let cycles = cyclic(subject, &all, &Read::new());
    let with_read = cycles.into_iter().map(|group| (read_in(subject, &group), group));
    let unchanged = with_read.flat_map(|(read, group)| {
        let narrower = cyclic(subject, &group, &read);
        narrower.into_iter().map(move |group| (group, read.clone()))
    });
    unchanged.collect()
}

/// What the guards of these leaves read; a constant guard reads nothing.
fn read_in(subject: &Subject, group: &Group) -> Read {
    let guards = group.iter().flat_map(|of| &of.always.steps).filter_map(|step| step.guard);
    let mut read = Read::new();
    for guard in guards.filter(|guard| constant(subject, guard).is_none()) {
        guard.visit(&mut |below| {
            if let ExpressionKind::Variable(variable) = below.kind {
                read.insert(variable);
            }
        });
    }
    read
}

/// The groups of these leaves that lead into one another by steps that do not set these variables.
fn cyclic<'s, 'a>(subject: &Subject<'a>, leaves: &Group<'s, 'a>, kept: &Read) -> Vec<Group<'s, 'a>> {
    let mut graph: DiGraph<usize, ()> = DiGraph::new();
    let nodes: BTreeMap<StateId, _> =
        leaves.iter().enumerate().map(|(index, of)| (of.leaf, graph.add_node(index))).collect();
    for of in leaves {
        for step in of.always.steps.iter().filter(|step| step.reached) {
            if let Some(next) = unchanged(subject, of.leaf, step, kept).and_then(|(_, leaf)| nodes.get(&leaf)) {
                graph.update_edge(nodes[&of.leaf], *next, ());
            }
        }
    }
    let groups = tarjan_scc(&graph).into_iter();
    let cyclic = groups.filter(|group| group.len() > 1 || graph.contains_edge(group[0], group[0]));
    cyclic
        .map(|mut group| {
            group.sort();
            group.into_iter().map(|node| leaves[graph[node]]).collect()
        })
        .collect()
}

/// The transition and where it leads, if it leads on and sets none of these variables.
fn unchanged(subject: &Subject, leaf: StateId, step: &Step, kept: &Read) -> Option<(TransitionId, StateId)> {
    let automaton = subject.automaton;
    let Answer::Transition(id) = step.answer else { return None };
    let transition = &automaton.transitions[id];
    let keeps = |effects: &Effects| effects.assignments().all(|assignment| !kept.contains(&assignment.variable));
    if !keeps(&transition.effects) {
        return None;
    }
    match transition.reaction {
        Reaction::Internal { .. } => Some((id, leaf)),
        Reaction::To(target @ Target::State(state)) => {
            let scope = automaton.scope(transition.state, target);
            let exits = automaton.exits(leaf, scope).into_iter().map(|state| &automaton.states[state].exit);
            let entered = automaton.entries(scope, state).into_iter().chain(automaton.default_entries(state));
            let mut parts = exits.chain(entered.map(|state| &automaton.states[state].entry));
            parts.all(keeps).then(|| (id, automaton.default_leaf(state)))
        }
        Reaction::To(Target::History(_)) | Reaction::Ignore { .. } => None,
    }
}

/// Where each leaf of a group leads, as a function of the world.
struct Rounds {
    leaves: BTreeMap<StateId, Vec<Turn>>,
}

/// A guard, and where the transition leads if it leads on and sets nothing that a guard of the cycle reads.
type Turn = (Option<Formula>, Option<(TransitionId, StateId)>);

impl Rounds {
    fn new(subject: &Subject, worlds: &Worlds, group: &[&LeafAnswers], kept: &Read) -> Self {
        let steps = |of: &&LeafAnswers| {
            let step =
                |step: &Step| (step.guard.map(|guard| worlds.guard(guard)), unchanged(subject, of.leaf, step, kept));
            (of.leaf, of.always.steps.iter().map(step).collect())
        };
        Rounds { leaves: group.iter().map(steps).collect() }
    }

    /// The leaves and transitions of the cycle that is reached from a leaf.
    fn from(&self, leaf: StateId, world: &World) -> Option<Vec<(StateId, TransitionId)>> {
        let mut visited: Vec<(StateId, TransitionId)> = Vec::new();
        let mut at = leaf;
        loop {
            let steps = self.leaves.get(&at)?;
            let holds = |formula: &Option<Formula>| formula.as_ref().is_none_or(|formula| formula.holds(world));
            let (transition, next) = steps.iter().find(|(guard, _)| holds(guard))?.1?;
            if let Some(start) = visited.iter().position(|(leaf, _)| *leaf == at) {
                return Some(visited.split_off(start));
            }
            visited.push((at, transition));
            at = next;
        }
    }
}

fn finding(subject: &Subject, cycle: &[TransitionId]) -> Diagnostic {
    let transitions = cycle.iter().map(|&id| &subject.automaton.transitions[id]);
    let mut places: Vec<_> = transitions.map(|transition| (transition.span, transition.state)).collect();
    places.sort();
    places.dedup();
    let states = listed(places.iter().map(|(_, state)| subject.state_name(*state)));
    let message = format!("this `always` loops for ever: {states}");
    let mut finding = Diagnostic::new(&ALWAYS_CYCLE, places[0].0, message).label("nothing its guard reads changes");
    for (span, _) in &places[1..] {
        finding = finding.related(*span, "and round");
    }
    finding.help("set a variable that a guard reads, or wait for an event")
}
