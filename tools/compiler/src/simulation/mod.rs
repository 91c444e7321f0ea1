//! A system at a person's or a script's hands: answers that hold until they are changed, time that passes by itself, and
//! the words for what can happen and what did. `automata simulate` wires it to a terminal.

mod answers;
mod choices;
mod commands;
mod script;
mod session;
#[cfg(test)]
mod tests;
mod wording;

use std::sync::Arc;

use automata_runtime::record::Record;

pub use self::answers::Answers;
pub use self::choices::{Choice, Reaction, case_text, choices};
pub use self::script::{ScriptError, run_script};
pub use self::session::{Reply, Session};
pub use self::wording::describe;

use crate::interpreter::{Address, ConditionAsked, Delivery, Error, Host, Interpreter, Value};
use crate::model::{AutomatonId, ConditionId, EventId, ParameterId, System};

/// Deliveries that the passing of time may lead to in one go: a guard against timers that are due again at once.
pub const PATIENCE: u64 = 100_000;

/// A running system together with what its host answers.
#[derive(Clone, Debug)]
pub struct Simulation {
    interpreter: Interpreter,
    answers: Answers,
}

/// Something to be done from outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The system starts.
    Start,
    /// Time passes up to then; whoever is due meanwhile is served at its deadline.
    Until(u64),
    /// Time jumps, as on a machine that slept: whoever was due meanwhile is served late.
    Jump(u64),
    /// An event, or an observation.
    Event(Address, EventId, Vec<Value>),
    /// A new instance.
    StartInstance(Address, Vec<(ParameterId, Value)>),
}

/// What somebody must say before an input can be done.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenQuestion {
    /// Whose automaton.
    pub automaton: AutomatonId,
    /// The condition.
    pub condition: ConditionId,
    /// Its arguments.
    pub arguments: Vec<Value>,
}

/// Answers from what is known, keeps the records, and remembers the question that nobody has answered.
struct Recorder<'a> {
    answers: &'a Answers,
    records: Vec<Record>,
    open: Option<OpenQuestion>,
}

impl Host for Recorder<'_> {
    fn answer(&mut self, asked: &ConditionAsked<'_>) -> Option<Value> {
        let answer = self.answers.find(asked);
        if answer.is_none() {
            self.open = Some(OpenQuestion {
                automaton: asked.address.automaton,
                condition: asked.condition,
                arguments: asked.arguments.to_vec(),
            });
        }
        answer
    }

    fn delivered(&mut self, system: &System, delivery: &Delivery) {
        self.records.push(delivery.record(system));
    }
}

/// Why an input was not done.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// A condition has no answer yet.
    Question(Box<OpenQuestion>, Error),
    /// It cannot be done.
    Error(Error),
    /// [`PATIENCE`] is at its end: so many deliveries without an end in sight.
    Endless,
}

impl Simulation {
    /// The system before its start.
    #[must_use]
    pub fn new(system: Arc<System>) -> Self {
        Self { interpreter: Interpreter::new(system), answers: Answers::default() }
    }

    /// To look into it.
    #[must_use]
    pub fn interpreter(&self) -> &Interpreter {
        &self.interpreter
    }

    /// What the host answers.
    #[must_use]
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// To change what the host answers.
    pub fn answers_mut(&mut self) -> &mut Answers {
        &mut self.answers
    }

    /// Does an input as a whole, or not at all.
    ///
    /// # Errors
    /// [`Refusal`]: nothing has changed then.
    pub fn perform(&mut self, input: &Input) -> Result<Vec<Record>, Refusal> {
        let mut interpreter = self.interpreter.clone();
        let mut host = Recorder { answers: &self.answers, records: Vec::new(), open: None };
        match perform(&mut interpreter, input, &mut host) {
            Ok(true) => {
                self.interpreter = interpreter;
                Ok(host.records)
            }
            Ok(false) => Err(Refusal::Endless),
            Err(error) => Err(match host.open {
                Some(open) => Refusal::Question(Box::new(open), error),
                None => Refusal::Error(error),
            }),
        }
    }
}

/// False if it was given up.
fn perform(interpreter: &mut Interpreter, input: &Input, host: &mut Recorder<'_>) -> Result<bool, Error> {
    match input {
        Input::Start => interpreter.start(host)?,
        Input::Jump(at_ms) => interpreter.advance(*at_ms, host)?,
        Input::Event(address, event, fields) => interpreter.deliver(address.clone(), *event, fields.clone(), host)?,
        Input::StartInstance(address, parameters) => {
            interpreter.start_instance(address.clone(), parameters.clone(), host)?;
        }
        Input::Until(at_ms) => {
            let first = interpreter.deliveries();
            while let Some(deadline_ms) = interpreter.next_deadline_ms().filter(|deadline_ms| deadline_ms <= at_ms) {
                interpreter.advance(deadline_ms.max(interpreter.now_ms()), host)?;
                if interpreter.deliveries() - first > PATIENCE {
                    return Ok(false);
                }
            }
            interpreter.advance(*at_ms, host)?;
        }
    }
    Ok(true)
}
