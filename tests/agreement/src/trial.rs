//! One attempt at a cell: an instance put into a leaf, with variables, answers and states of others by chance, and one
//! thing that comes in.

use std::sync::Arc;

use automata_compiler::interpreter::{Delivery, Message};
use automata_compiler::model::{
    Automaton, AutomatonId, BaseType, ExpressionKind, StateId, System, TimerId, Type, Value,
};
use automata_runtime::Outcome;
use serde_json::{Map, Value as Json};

use crate::cells::{Answer, Arrival};
use crate::chance::{Chance, Constants};
use crate::implementation::{Implementation, Interpreted, instance_name};

/// An instance that is put into a state.
#[derive(Clone, Debug)]
struct Placed {
    name: String,
    state: String,
    variables: Map<String, Json>,
    parameters: Map<String, Json>,
}

#[derive(Clone, Debug)]
enum Input {
    Event(String, Map<String, Json>),
    /// Time passes until the timer is due: before all others, if their lengths can be set.
    Timer {
        after_ms: u64,
    },
}

/// How long the timer that is tried lasts, and how long all others do.
const SHORT_MS: u64 = 1_000;
const LONG_MS: u64 = 3_600_000;

/// Everything that an attempt needs: it can be repeated on any implementation.
#[derive(Clone, Debug)]
pub struct Trial {
    answers: u64,
    others: Vec<Placed>,
    instance: Placed,
    input: Input,
}

/// Makes trials for one automaton.
#[derive(Debug)]
pub struct Trials {
    system: Arc<System>,
    id: AutomatonId,
    constants: Vec<Constants>,
    /// Automata whose states are asked for.
    observed: Vec<AutomatonId>,
    started: Interpreted,
}

impl Trials {
    /// For that automaton of the system.
    #[must_use]
    pub fn new(system: &Arc<System>, id: AutomatonId) -> Self {
        let mut observed = Vec::new();
        for expression in system.automata[id].expressions() {
            expression.visit(&mut |inner| {
                if let ExpressionKind::InState { automaton, .. } = inner.kind
                    && !observed.contains(&automaton)
                    && automaton != id
                {
                    observed.push(automaton);
                }
            });
        }
        let mut started = Interpreted::new(system);
        started.start();
        started.deliveries();
        let constants = system.automata.iter().map(Constants::of).collect();
        Self { system: Arc::clone(system), id, constants, observed, started }
    }

    fn automaton(&self) -> &Automaton {
        &self.system.automata[self.id]
    }

    /// The trial of that number at what `leaf` answers to the arrival.
    #[must_use]
    pub fn trial(&self, leaf: StateId, arrival: Arrival, number: u64) -> Trial {
        let mut chance = Chance::of_text(number, &format!("{leaf:?} {arrival:?}"));
        let mut others = Vec::new();
        for &observed in &self.observed {
            let many = if self.system.automata[observed].key.is_some() { 3 } else { 2 };
            for _ in 0..chance.below(many) {
                let leaves: Vec<StateId> = self.leaves(observed).collect();
                let state = *chance.pick(&leaves).expect("every automaton has a leaf");
                others.push(self.placed(observed, state, &mut chance));
            }
        }
        let mut instance = self.placed(self.id, leaf, &mut chance);
        let automaton = self.automaton();
        let input = match arrival {
            Arrival::Timer(timer) => {
                self.make_shortest(timer, &mut instance);
                let after_ms = match automaton.timers[timer].length.kind {
                    ExpressionKind::Literal(Value::Duration(length_ms)) => length_ms,
                    _ => SHORT_MS,
                };
                Input::Timer { after_ms }
            }
            Arrival::Event(event) => {
                let event = &automaton.events[event];
                let field = |of: Type, chance: &mut Chance| self.field(of, &instance.variables, chance);
                let fields = event.fields.iter().map(|of| (of.name.clone(), field(of.r#type, &mut chance))).collect();
                Input::Event(event.name.clone(), fields)
            }
        };
        Trial { answers: chance.number(), others, instance, input }
    }

    fn leaves(&self, of: AutomatonId) -> impl Iterator<Item = StateId> + '_ {
        let automaton = &self.system.automata[of];
        automaton.leaves().filter(|&leaf| !automaton.states[leaf].is_final)
    }

    fn placed(&self, id: AutomatonId, state: StateId, chance: &mut Chance) -> Placed {
        let automaton = &self.system.automata[id];
        let constants = &self.constants[id.index()];
        let mut variables = Map::new();
        for variable in &automaton.variables {
            let mut value = constants.sample(&self.system, variable.r#type, chance);
            if let (Some((low, high)), Some(number)) = (variable.bounds, value.as_i64())
                && let Ok(number) = i64::try_from(i128::from(number).clamp(low, high))
            {
                value = Json::from(number);
            }
            variables.insert(variable.name.clone(), value);
        }
        let mut parameters = Map::new();
        for parameter in &automaton.parameters {
            if parameter.default.is_none() || chance.below(2) == 0 {
                parameters.insert(parameter.name.clone(), constants.sample(&self.system, parameter.r#type, chance));
            }
        }
        let name = instance_name(&self.system, id, constants, chance);
        Placed { name, state: automaton.states[state].name.clone(), variables, parameters }
    }

    fn make_shortest(&self, wanted: TimerId, instance: &mut Placed) {
        let automaton = self.automaton();
        let lengths = automaton.timers.iter().map(|timer| (&timer.length, LONG_MS));
        // The wanted one comes last, since others may have their length from the same place.
        for (length, length_ms) in lengths.chain([(&automaton.timers[wanted].length, SHORT_MS)]) {
            length.visit(&mut |part| {
                let (values, name) = match part.kind {
                    ExpressionKind::Parameter(id) => (&mut instance.parameters, &automaton.parameters[id].name),
                    ExpressionKind::Variable(id) => (&mut instance.variables, &automaton.variables[id].name),
                    _ => return,
                };
                if part.r#type.base == BaseType::Duration {
                    values.insert(name.clone(), Json::from(length_ms));
                }
            });
        }
    }

    /// Often what a variable of that type holds, since guards compare them.
    fn field(&self, of: Type, variables: &Map<String, Json>, chance: &mut Chance) -> Json {
        let same = |base: BaseType| base == of.base;
        let alike: Vec<&Json> = self
            .automaton()
            .variables
            .iter()
            .filter(|variable| same(variable.r#type.base))
            .filter_map(|variable| variables.get(&variable.name))
            .filter(|value| of.optional || !value.is_null())
            .collect();
        match chance.pick(&alike) {
            Some(value) if chance.below(3) == 0 => Json::clone(value),
            _ => self.constants[self.id.index()].sample(&self.system, of, chance),
        }
    }

    /// Does the trial with the interpreter, and tells all deliveries; the first is that of the input.
    #[must_use]
    pub fn deliveries(&self, trial: &Trial) -> Vec<Delivery> {
        let mut interpreted = self.started.clone();
        trial.perform(&mut interpreted);
        interpreted.deliveries()
    }
}

impl Trial {
    /// Does it with a system that was started.
    pub fn perform(&self, implementation: &mut impl Implementation) {
        implementation.answer_by(self.answers);
        for placed in self.others.iter().chain([&self.instance]) {
            implementation.place(&placed.name, &placed.state, &placed.variables, &placed.parameters);
        }
        match &self.input {
            Input::Event(event, fields) => implementation.deliver(&self.instance.name, event, fields),
            Input::Timer { after_ms } => implementation.advance(*after_ms),
        }
    }
}

/// What answered the message of that delivery, if that is what came in.
#[must_use]
pub fn answer(delivery: &Delivery, arrival: Arrival) -> Option<Answer> {
    let is_it = match (&delivery.message, arrival) {
        (Message::Event { event, .. }, Arrival::Event(wanted)) => *event == wanted,
        (Message::Timer(timer), Arrival::Timer(wanted)) => *timer == wanted,
        _ => false,
    };
    if !is_it {
        return None;
    }
    match (delivery.outcome, delivery.cases.first(), delivery.answered_by) {
        (Outcome::Taken | Outcome::Internal | Outcome::Ignored, Some(&case), _) => Some(Answer::Case(case)),
        (Outcome::Deferred, _, Some(state)) => Some(Answer::Defer(state)),
        (Outcome::Ignored, None, Some(state)) => Some(Answer::Ignore(state)),
        (Outcome::Ignored, None, None) => Some(Answer::OtherKey),
        (Outcome::Unexpected, ..) => Some(Answer::Unexpected),
        (Outcome::Idle, ..) => Some(Answer::Idle),
        _ => None,
    }
}
