//! Random inputs: each number decides one, together with the situation that the interpreter is in.

use std::sync::Arc;

use automata_compiler::model::{Automaton, AutomatonId, EventId, System};
use serde_json::{Map, Value as Json};

use crate::chance::{Chance, Constants};
use crate::implementation::{Implementation, Interpreted, instance_name};

/// One input.
#[derive(Clone, Debug)]
pub enum Step {
    /// Time passes up to then.
    Advance(u64),
    /// An event from outside.
    Event(String, String, Map<String, Json>),
    /// A start from outside.
    Start(String, Map<String, Json>),
    /// Conditions answer differently from now on.
    Answers(u64),
}

/// Decides steps for a system.
#[derive(Debug)]
pub struct Steps {
    system: Arc<System>,
    constants: Vec<Constants>,
}

impl Steps {
    /// For that system.
    #[must_use]
    pub fn new(system: &Arc<System>) -> Self {
        Self { system: Arc::clone(system), constants: system.automata.iter().map(Constants::of).collect() }
    }

    /// The step that the number means here.
    #[must_use]
    pub fn decide(&self, number: u64, interpreted: &Interpreted) -> Step {
        let mut chance = Chance::new(number);
        match chance.below(20) {
            0..4 => Step::Advance(Self::time(interpreted, &mut chance)),
            4 => Step::Answers(chance.number()),
            5 => self.start(&mut chance),
            6..13 => self.event_handled_here(interpreted, &mut chance).unwrap_or_else(|| self.any_event(&mut chance)),
            _ => self.any_event(&mut chance),
        }
    }

    /// Around the next deadline, where timers fire or do not.
    fn time(interpreted: &Interpreted, chance: &mut Chance) -> u64 {
        let now_ms = interpreted.interpreter.now_ms();
        let deadline_ms = interpreted.next_deadline_ms().unwrap_or(now_ms);
        let at_ms = match chance.below(8) {
            0 => now_ms,
            1 => deadline_ms.saturating_sub(1),
            2..6 => deadline_ms,
            6 => deadline_ms.saturating_add(chance.number() % 5_000),
            _ => now_ms.saturating_add(chance.number() % 100_000),
        };
        // Nobody gets near the end of time, where nothing could follow.
        at_ms.clamp(now_ms, now_ms.saturating_add(1 << 40))
    }

    fn start(&self, chance: &mut Chance) -> Step {
        let id = self.automaton(chance);
        let automaton = &self.system.automata[id];
        let constants = &self.constants[id.index()];
        let name = instance_name(&self.system, id, constants, chance);
        let mut parameters = Map::new();
        for parameter in &automaton.parameters {
            if parameter.default.is_none() || chance.below(3) == 0 {
                let value = constants.sample(&self.system, parameter.r#type, chance);
                parameters.insert(parameter.name.clone(), value);
            }
        }
        Step::Start(name, parameters)
    }

    fn automaton(&self, chance: &mut Chance) -> AutomatonId {
        AutomatonId(chance.below(self.system.automata.len()) as u32)
    }

    fn any_event(&self, chance: &mut Chance) -> Step {
        let with_events: Vec<AutomatonId> = (0..self.system.automata.len() as u32)
            .map(AutomatonId)
            .filter(|&id| !self.system.automata[id].events.is_empty())
            .collect();
        let Some(&id) = chance.pick(&with_events) else { return self.start(chance) };
        let automaton = &self.system.automata[id];
        let name = instance_name(&self.system, id, &self.constants[id.index()], chance);
        let event = EventId(chance.below(automaton.events.len()) as u32);
        self.event(name, id, event, chance)
    }

    fn event_handled_here(&self, interpreted: &Interpreted, chance: &mut Chance) -> Option<Step> {
        let views: Vec<_> = interpreted.interpreter.instances().collect();
        let view = chance.pick(&views)?;
        let id = view.address().automaton;
        let automaton: &Automaton = &self.system.automata[id];
        let chain = automaton.outwards(view.state());
        let handled: Vec<EventId> =
            chain.flat_map(|state| &automaton.states[state].handlers).map(|handler| handler.event).collect();
        let event = *chance.pick(&handled)?;
        Some(self.event(view.name(), id, event, chance))
    }

    fn event(&self, instance: String, id: AutomatonId, event: EventId, chance: &mut Chance) -> Step {
        let event = &self.system.automata[id].events[event];
        let constants = &self.constants[id.index()];
        let fields = event.fields.iter();
        let fields = fields.map(|field| (field.name.clone(), constants.sample(&self.system, field.r#type, chance)));
        Step::Event(instance, event.name.clone(), fields.collect())
    }
}

impl Step {
    /// Does it.
    pub fn perform(&self, implementation: &mut impl Implementation) {
        match self {
            Step::Advance(now_ms) => implementation.advance(*now_ms),
            Step::Event(instance, event, fields) => implementation.deliver(instance, event, fields),
            Step::Start(instance, parameters) => implementation.start_instance(instance, parameters),
            Step::Answers(seed) => implementation.answer_by(*seed),
        }
    }
}
