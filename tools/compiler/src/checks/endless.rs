//! Automata that send to one another for ever: each handles a message, without any guard, and so causes the next.
//!
//! One message is followed at a time, through the states in which it finds its receivers. A path continues only while
//! nothing is asked: a guard on the way may end it, so the path is given up there. What comes back to the same message
//! with the same states goes round for ever; only a limit at run time ends it.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use super::subject::Subject;
use crate::codes::warnings::{ENDLESS, NOT_JUDGED};
use crate::diagnostic::Diagnostic;
use crate::model::{
    AutomatonId, Change, Effects, EventId, EventKind, Reaction, StateId, Target, TransitionId, Trigger,
};
use crate::selection::{Answer, Cause, Chain};
use crate::source::Span;

/// Automata on one path, at most: longer cycles are not written by accident.
const MOST_AUTOMATA: usize = 4;

/// Messages that are followed, for each automaton of the system. Later ones are not followed.
const MOST_STEPS_PER_AUTOMATON: usize = 2_000;

/// Raised events and `always` transitions in one delivery that are followed.
const MOST_MICROSTEPS: usize = 64;

type Message = (AutomatonId, EventId);

/// The leaves in which the automata on the path are, as far as they were met.
type Leaves = BTreeMap<AutomatonId, StateId>;

pub fn check(subjects: &[Subject], findings: &mut Vec<Diagnostic>) {
    let mut search = Search {
        subjects,
        observers: observers(subjects),
        path: Vec::new(),
        done: BTreeSet::new(),
        told: BTreeSet::new(),
        on_cycles: BTreeSet::new(),
        steps_left: MOST_STEPS_PER_AUTOMATON * subjects.len(),
        not_followed: None,
    };
    search.on_cycles = on_cycles(&search.causes());
    for message in search.on_cycles.clone() {
        search.deliver(&Leaves::new(), message, findings);
    }
    if let Some((automaton, event)) = search.not_followed {
        let event = &subjects[automaton.index()].automaton.events[event];
        let message =
            "these automata send to one another in too many ways to follow: not checked whether they do so for ever";
        findings.push(Diagnostic::new(&NOT_JUDGED, event.span, message).label("not followed from here on"));
    }
}

struct Search<'s, 'a> {
    subjects: &'s [Subject<'a>],
    observers: BTreeMap<(AutomatonId, Change, StateId), Vec<Message>>,
    path: Vec<(Leaves, Message, TransitionId)>,
    done: BTreeSet<(Leaves, Message)>,
    /// Cycles by their messages, so that each is reported once, whatever state it runs in.
    told: BTreeSet<BTreeSet<Message>>,
    /// Only these may lead back to themselves; all others are not followed.
    on_cycles: BTreeSet<Message>,
    steps_left: usize,
    /// The first message that is no longer followed.
    not_followed: Option<Message>,
}

/// Who observes which change of state.
fn observers(subjects: &[Subject]) -> BTreeMap<(AutomatonId, Change, StateId), Vec<Message>> {
    let mut observers: BTreeMap<_, Vec<Message>> = BTreeMap::new();
    for subject in subjects {
        for (index, event) in subject.automaton.events.iter().enumerate() {
            if let EventKind::Observation { automaton, change, state } = event.kind {
                observers.entry((automaton, change, state)).or_default().push((subject.id, EventId(index as u32)));
            }
        }
    }
    observers
}

/// The messages that are part of a cycle.
fn on_cycles(causes: &BTreeMap<Message, BTreeSet<Message>>) -> BTreeSet<Message> {
    let mut graph = DiGraph::new();
    let nodes: BTreeMap<Message, _> = causes.keys().map(|&message| (message, graph.add_node(message))).collect();
    for (message, caused) in causes {
        for caused in caused {
            graph.update_edge(nodes[message], nodes[caused], ());
        }
    }
    let is_cycle = |part: &Vec<_>| part.len() > 1 || part.iter().any(|&node| graph.contains_edge(node, node));
    tarjan_scc(&graph).into_iter().filter(is_cycle).flatten().map(|node| graph[node]).collect()
}

impl Search<'_, '_> {
    /// What each message may cause, whatever the states are: at least what it does cause.
    fn causes(&self) -> BTreeMap<Message, BTreeSet<Message>> {
        let mut causes = BTreeMap::new();
        for subject in self.subjects {
            let (automaton, id) = (subject.automaton, subject.id);
            let of = |effects: &Effects| -> Vec<Message> {
                let raised = effects.raises().map(|raise| (id, raise.event));
                effects.sends().map(|send| (send.to.automaton, send.event)).chain(raised).collect()
            };
            // A transition with a target may enter and leave any state, and any `always` may follow.
            let mut moving: BTreeSet<Message> = BTreeSet::new();
            for state in automaton.state_ids() {
                moving.extend(of(&automaton.states[state].entry));
                moving.extend(of(&automaton.states[state].exit));
                for change in [Change::Enters, Change::Leaves] {
                    moving.extend(self.observers.get(&(id, change, state)).into_iter().flatten());
                }
            }
            let always = |trigger: Trigger| trigger == Trigger::Always;
            for transition in automaton.transitions.iter().filter(|transition| always(transition.trigger)) {
                moving.extend(of(&transition.effects));
            }
            let has_always = automaton.transitions.iter().any(|transition| always(transition.trigger));
            for event in (0..automaton.events.len() as u32).map(EventId) {
                let mut caused = BTreeSet::new();
                let answers = automaton.transitions.iter().filter(|of| of.trigger == Trigger::Event(event));
                for transition in answers {
                    caused.extend(of(&transition.effects));
                    if has_always || matches!(transition.reaction, Reaction::To(_)) {
                        caused.extend(&moving);
                    }
                }
                causes.insert((id, event), caused);
            }
        }
        causes
    }

    /// Follows a message to its receiver, in the state that is known or in each that there is.
    fn deliver(&mut self, leaves: &Leaves, message: Message, findings: &mut Vec<Diagnostic>) {
        if !self.on_cycles.contains(&message) {
            return;
        }
        let receiver = &self.subjects[message.0.index()];
        let known = leaves.get(&message.0).copied();
        if known.is_none() && leaves.len() == MOST_AUTOMATA {
            return;
        }
        let found: Vec<StateId> = match known {
            Some(leaf) => vec![leaf],
            None => receiver.resting().map(|of| of.leaf).collect(),
        };
        for leaf in found {
            let mut leaves = leaves.clone();
            leaves.insert(message.0, leaf);
            self.handle(leaves, message, findings);
        }
    }

    fn handle(&mut self, leaves: Leaves, message: Message, findings: &mut Vec<Diagnostic>) {
        if let Some(start) = self.path.iter().position(|(before, known, _)| *known == message && *before == leaves) {
            self.tell(start, findings);
            return;
        }
        if self.steps_left == 0 {
            self.not_followed.get_or_insert(message);
            return;
        }
        if !self.done.insert((leaves.clone(), message)) {
            return;
        }
        self.steps_left -= 1;
        let leaf = leaves[&message.0];
        let Some(transition) = self.certain(message.0, leaf, Some(message.1)) else { return };
        let Some((after, emitted)) = self.perform(message.0, leaf, transition) else { return };
        let mut next = leaves.clone();
        next.insert(message.0, after);
        self.path.push((leaves, message, transition));
        for message in emitted {
            self.deliver(&next, message, findings);
        }
        self.path.pop();
    }

    /// The transition that is taken without any question, for an event or by `always`.
    fn certain(&self, automaton: AutomatonId, leaf: StateId, event: Option<EventId>) -> Option<TransitionId> {
        let subject = &self.subjects[automaton.index()];
        let of = subject.answers.iter().find(|of| of.leaf == leaf)?;
        let is_meant = |chain: &&Chain| matches!(chain.cause, Cause::Event(arrival) if Some(arrival.event) == event);
        let chain = if event.is_some() { of.events.iter().find(is_meant)? } else { &of.always };
        let first = chain.steps.first().filter(|step| step.guard.is_none() && step.key.is_none())?;
        match first.answer {
            Answer::Transition(id) if !subject.automaton.transitions[id].is_ignore() => Some(id),
            _ => None,
        }
    }

    /// The leaf after a transition with all that it raises, and what it told others; nothing if that is not certain.
    fn perform(&self, id: AutomatonId, leaf: StateId, transition: TransitionId) -> Option<(StateId, Vec<Message>)> {
        let mut told = Told { leaf, messages: Vec::new(), raised: Vec::new() };
        let trigger = self.subjects[id.index()].automaton.transitions[transition].trigger;
        let mut own_again = false;
        let mut next = transition;
        for _ in 0..MOST_MICROSTEPS {
            self.perform_one(id, next, &mut told)?;
            let of = self.subjects[id.index()].answers.iter().find(|of| of.leaf == told.leaf)?;
            if !of.always.steps.is_empty() {
                next = self.certain(id, told.leaf, None)?;
                continue;
            }
            if told.raised.is_empty() {
                return Some((told.leaf, told.messages));
            }
            let raised = told.raised.remove(0);
            own_again |= Trigger::Event(raised) == trigger;
            next = self.certain(id, told.leaf, Some(raised))?;
        }
        // Raising without end, if it comes from this event: the same message stands for it.
        match trigger {
            Trigger::Event(event) if own_again => Some((leaf, vec![(id, event)])),
            _ => None,
        }
    }

    fn perform_one(&self, id: AutomatonId, transition: TransitionId, told: &mut Told) -> Option<()> {
        let automaton = self.subjects[id.index()].automaton;
        let transition = &automaton.transitions[transition];
        let Reaction::To(target) = transition.reaction else {
            told.part(&transition.effects);
            return Some(());
        };
        let Target::State(state) = target else { return None };
        let scope = automaton.scope(transition.state, target);
        for left in automaton.exits(told.leaf, scope) {
            told.part(&automaton.states[left].exit);
            told.observed(self.observers.get(&(id, Change::Leaves, left)));
        }
        told.part(&transition.effects);
        let entered = automaton.entries(scope, state).into_iter().chain(automaton.default_entries(state));
        for entered in entered {
            told.observed(self.observers.get(&(id, Change::Enters, entered)));
            told.part(&automaton.states[entered].entry);
        }
        told.leaf = automaton.default_leaf(state);
        (!automaton.states[told.leaf].is_final).then_some(())
    }

    fn tell(&mut self, start: usize, findings: &mut Vec<Diagnostic>) {
        let cycle = &self.path[start..];
        if !self.told.insert(cycle.iter().map(|(_, message, _)| *message).collect()) {
            return;
        }
        let mut steps: Vec<String> = Vec::new();
        let mut places = Vec::new();
        for (_, (automaton, event), transition) in cycle {
            let automaton = self.subjects[automaton.index()].automaton;
            steps.push(format!("`{}` on `{}`", automaton.name, automaton.events[*event].name));
            places.push(automaton.transitions[*transition].span);
        }
        let first = places[0];
        findings.push(finding(cause_one_another(&steps), places.into_iter().collect(), first));
    }
}

/// That these, each an automaton with what it is told, go round.
pub fn cause_one_another(steps: &[String]) -> String {
    match steps {
        [only] => format!("{only} causes itself again, for ever"),
        steps => format!("{} cause one another for ever", steps.join(", ")),
    }
}

/// Something that goes round through these places; if there is none, it is told at the other.
pub fn finding(message: String, places: BTreeSet<Span>, otherwise: Span) -> Diagnostic {
    let mut places = places.into_iter();
    let mut finding = Diagnostic::new(&ENDLESS, places.next().unwrap_or(otherwise), message);
    for place in places {
        finding = finding.related(place, "and round");
    }
    finding.help("end it with a guard, or with a state that does not handle it")
}

/// The effects of a message so far.
struct Told {
    leaf: StateId,
    messages: Vec<Message>,
    raised: Vec<EventId>,
}

impl Told {
    fn part(&mut self, effects: &Effects) {
        self.messages.extend(effects.sends().map(|send| (send.to.automaton, send.event)));
        self.raised.extend(effects.raises().map(|raise| raise.event));
    }

    fn observed(&mut self, observers: Option<&Vec<Message>>) {
        self.messages.extend(observers.into_iter().flatten());
    }
}
