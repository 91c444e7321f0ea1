//! What an automaton does: handlers, transitions, effects, properties.

use std::collections::BTreeSet;

use automata_runtime::record::DEFER_LIMIT;

use super::position::Position;
use super::resolver::Resolver;
use super::timers;
use super::triggers::{StateTriggers, Trigger as FoundTrigger};
use crate::expression::{Environment, EventScope, Known, ResolvedTarget, guard, target};
use crate::model::{
    Automaton, AutomatonId, Effects, Handler, Property, Reaction, Response, StateId, Target, TimerId, Transition,
    TransitionId, Trigger, VariableId,
};
use crate::syntax::{self, Case, Given, Outcome};

/// The behaviour of one automaton, put into it when that of all is known.
#[derive(Default)]
pub(super) struct Behaviour {
    states: Vec<StateBehaviour>,
    transitions: Vec<Transition>,
    timer_cases: Vec<(TimerId, Vec<TransitionId>)>,
    properties: Vec<Property>,
}

#[derive(Default)]
struct StateBehaviour {
    entry: Effects,
    exit: Effects,
    handlers: Vec<Handler>,
    always: Vec<TransitionId>,
}

impl Behaviour {
    /// Into the automaton, transitions in the order of the file.
    pub(super) fn install(mut self, automaton: &mut Automaton) {
        let mut order: Vec<usize> = (0..self.transitions.len()).collect();
        order.sort_by_key(|&index| self.transitions[index].span);
        let mut numbers = vec![TransitionId(0); order.len()];
        for (new, &old) in (0..).zip(&order) {
            numbers[old] = TransitionId(new);
        }
        let renumber = |ids: &mut Vec<TransitionId>| ids.iter_mut().for_each(|id| *id = numbers[id.index()]);
        for (state, mut behaviour) in automaton.states.iter_mut().zip(self.states) {
            for handler in &mut behaviour.handlers {
                if let Response::Cases(cases) = &mut handler.response {
                    renumber(cases);
                }
            }
            renumber(&mut behaviour.always);
            state.entry = behaviour.entry;
            state.exit = behaviour.exit;
            state.handlers = behaviour.handlers;
            state.always = behaviour.always;
        }
        for (timer, mut cases) in self.timer_cases {
            renumber(&mut cases);
            automaton.timers[timer].cases = cases;
        }
        self.transitions.sort_by_key(|transition| transition.span);
        automaton.transitions = self.transitions;
        automaton.properties = self.properties;
    }
}

impl Resolver<'_> {
    pub(super) fn resolve_behaviour(
        &mut self,
        automaton: AutomatonId,
        states: &[&syntax::State],
        triggers: &[StateTriggers],
        properties: &[syntax::Property],
    ) -> Behaviour {
        let mut behaviour = Behaviour::default();
        let known = Known::default();
        let start = Position::without_event(automaton, &known);
        // Exits may set what a guard has proved, so they come first.
        for (state, syntax) in (0..).map(StateId).zip(states) {
            let place = Position { state, ..start };
            let (entry, exit) = (self.effects(place, &syntax.entry), self.effects(place, &syntax.exit));
            behaviour.states.push(StateBehaviour { entry, exit, ..StateBehaviour::default() });
        }
        let exits = behaviour.states.iter().map(|state| state.exit.assignments().map(|set| set.variable).collect());
        let set_by_exits: Vec<BTreeSet<VariableId>> = exits.collect();
        let start = Position { set_by_exits: &set_by_exits, ..start };
        for (state, (syntax, triggers)) in (0..).map(StateId).zip(states.iter().zip(triggers)) {
            let place = Position { state, ..start };
            let transitions = &mut behaviour.transitions;
            behaviour.states[state.index()].handlers = self.handlers(place, syntax, triggers, transitions);
            behaviour.states[state.index()].always =
                self.cases(place, &syntax.always, Some(Trigger::Always), transitions);
            for timer in &syntax.timers {
                let id = timers::find(self.automaton(automaton), &timer.name);
                let cases = self.cases(place, &timer.cases, id.map(Trigger::Timer), transitions);
                behaviour.timer_cases.extend(id.map(|id| (id, cases)));
            }
        }
        behaviour.properties = properties.iter().filter_map(|property| self.property(automaton, property)).collect();
        behaviour
    }

    fn handlers(
        &mut self,
        place: Position<'_>,
        syntax: &syntax::State,
        triggers: &StateTriggers,
        transitions: &mut Vec<Transition>,
    ) -> Vec<Handler> {
        let mut handlers: Vec<Handler> = Vec::new();
        for (reaction, found) in syntax.on.iter().zip(&triggers.on) {
            for trigger in found.iter().flatten() {
                let is_same = |other: &&Handler| other.event == trigger.event && other.key.is_none();
                if let Some(earlier) = handlers.iter().find(is_same).filter(|_| trigger.key.is_none()) {
                    self.named_twice("on", trigger, earlier.span);
                    continue;
                }
                let place = Position { event: EventScope::Event(trigger.event), ..place };
                let cases = self.cases(place, &reaction.cases, Some(Trigger::Event(trigger.event)), transitions);
                handlers.push(handler(trigger, Response::Cases(cases)));
            }
            if found.is_none() {
                self.cases(Position { event: EventScope::Unknown, ..place }, &reaction.cases, None, transitions);
            }
        }
        let defer = syntax.defer.iter().zip(&triggers.defer).flat_map(|(deferred, found)| {
            let limit = deferred.limit.unwrap_or(DEFER_LIMIT as u32);
            found.iter().flatten().map(move |trigger| (trigger, Response::Defer { limit }))
        });
        self.add_once("defer", defer, &mut handlers);
        let ignore = syntax.ignore.iter().zip(&triggers.ignore).flat_map(|(ignored, found)| {
            let reason = &ignored.reason;
            found.iter().flatten().map(move |trigger| (trigger, Response::Ignore { reason: reason.clone() }))
        });
        self.add_once("ignore", ignore, &mut handlers);
        handlers
    }

    /// The handlers of a list in which each event has one place.
    fn add_once<'t>(
        &mut self,
        key: &str,
        found: impl Iterator<Item = (&'t FoundTrigger, Response)>,
        handlers: &mut Vec<Handler>,
    ) {
        let from = handlers.len();
        for (trigger, response) in found {
            // Two keyed observations of one change may name different keys.
            let earlier = handlers[from..].iter().find(|other| other.event == trigger.event && trigger.key.is_none());
            match earlier.map(|earlier| earlier.span) {
                Some(earlier) => self.named_twice(key, trigger, earlier),
                None => handlers.push(handler(trigger, response)),
            }
        }
    }

    /// The ids of the cases, which are added to `transitions`. Without a trigger they are only checked for errors.
    fn cases(
        &mut self,
        place: Position<'_>,
        cases: &[Case],
        trigger: Option<Trigger>,
        transitions: &mut Vec<Transition>,
    ) -> Vec<TransitionId> {
        let mut ids = Vec::new();
        let mut known = place.known.clone();
        for case in cases {
            let before = known.clone();
            let place = Position { known: &before, has_guard: true, ..place };
            let guard = match &case.guard {
                Given::Yes(text) => self.read(place, text, guard),
                Given::No => None,
                Given::Broken => {
                    self.drops(case.span);
                    None
                }
            };
            let reaction = self.reaction(place, &case.outcome);
            let unread = match &case.guard {
                Given::Yes(text) if guard.is_none() => Some(Some(text.text.as_str())),
                Given::Broken => Some(None),
                Given::Yes(_) | Given::No => None,
            };
            if let Some(text) = unread {
                known.doubt(text);
            }
            let mut behind = known.clone();
            behind.learn(guard.as_ref(), true);
            if let Some(Reaction::To(target)) = &reaction {
                self.exits_set(place, *target).into_iter().for_each(|variable| behind.forget(variable));
            }
            let effects = self.effects(Position { known: &behind, ..place }, &case.effects);
            known.learn(guard.as_ref(), false);
            if trigger.is_none() || reaction.is_none() {
                self.drops(case.span);
            }
            if let (Some(trigger), Some(reaction)) = (trigger, reaction) {
                let (state, summary, span) = (place.state, case.summary.clone(), case.span);
                ids.push(TransitionId(transitions.len() as u32));
                transitions.push(Transition { state, trigger, guard, effects, reaction, summary, span });
            }
        }
        ids
    }

    /// What may be set by the exits that run before the own part of a transition.
    fn exits_set(&self, place: Position<'_>, target: Target) -> BTreeSet<VariableId> {
        let automaton = self.automaton(place.automaton);
        let scope = automaton.scope(place.state, target);
        let may_be_left = |state: &StateId| {
            *state != scope
                && automaton.is_in(*state, scope)
                && (automaton.is_in(*state, place.state) || automaton.is_in(place.state, *state))
        };
        let left = automaton.state_ids().filter(may_be_left);
        left.flat_map(|state| place.set_by_exits[state.index()].iter().copied()).collect()
    }

    fn reaction(&mut self, place: Position<'_>, outcome: &Outcome) -> Option<Reaction> {
        Some(match outcome {
            Outcome::Unsaid => Reaction::Internal { stay: None },
            Outcome::Stay(reason) => Reaction::Internal { stay: Some(reason.clone()) },
            Outcome::Ignore(reason) => Reaction::Ignore { reason: reason.clone() },
            Outcome::To(text) => match self.read(place, text, target)? {
                ResolvedTarget::Stay => Reaction::Internal { stay: Some(String::new()) },
                ResolvedTarget::To(target) => Reaction::To(target),
            },
            Outcome::Broken => return None,
        })
    }

    fn property(&mut self, automaton: AutomatonId, property: &syntax::Property) -> Option<Property> {
        let environment = Environment {
            system: &self.system,
            automaton,
            event: EventScope::None,
            inside_property: true,
            has_guard: false,
            known: &Known::default(),
            broken: &self.broken,
        };
        let expression = guard(&property.expression, &environment, self.findings);
        if expression.is_none() {
            self.drops(property.name.span);
        }
        let expression = expression?;
        let (name, summary) = (property.name.text.clone(), property.summary.clone());
        Some(Property { name, kind: property.kind, expression, summary, span: property.name.span })
    }
}

fn handler(trigger: &FoundTrigger, response: Response) -> Handler {
    Handler { event: trigger.event, key: trigger.key.clone(), response, span: trigger.span }
}
