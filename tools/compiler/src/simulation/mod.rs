//! A system run by a person or a script: answers that hold until they are changed, time that passes by itself, and
//! descriptions of what can happen and what did. `automata simulate` wires it to a terminal.

mod answers;
mod choices;
mod commands;
mod describe;
mod journal;
mod open_question;
mod script;
mod session;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

pub use self::answers::Answers;
pub use self::choices::{Choice, Reaction, case_text, choices};
pub use self::describe::describe;
pub use self::journal::Journal;
pub use self::script::{ScriptError, play, run_script};
pub use self::session::{Reply, Saved, Session};

use crate::interpreter::{Address, ConditionAsked, Delivery, Error, Host, Interpreter, Value};
use crate::model::{AutomatonId, ConditionId, EventId, ParameterId, System};

/// So often in a row a moment may end at the limit of deliveries with a timer still due. Then time will not get past
/// it.
const PATIENCE: u32 = 2;

/// Deliveries that one input may lead to when it is done as a whole, and so kept in memory until its end.
const MOST_AT_ONCE: u64 = 100_000;

/// Deliveries that one input may lead to when they are handed out as they happen: as many as a timer of one second in
/// four months.
const MOST: u64 = 10_000_000;

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
    /// Time passes up to then; timers due meanwhile are served at their deadlines.
    Until(u64),
    /// Time jumps, as on a machine that slept: timers due meanwhile are served late.
    Jump(u64),
    /// An event, or an observation.
    Event(Address, EventId, Vec<Value>),
    /// A new instance.
    StartInstance(Address, Vec<(ParameterId, Value)>),
}

/// Receives an input that was done, with the deliveries that it caused.
pub type Done<'a> = dyn FnMut(&Input, Vec<Delivery>) + 'a;

/// What somebody must answer before an input can be done.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenQuestion {
    /// Whose automaton.
    pub automaton: AutomatonId,
    /// The condition.
    pub condition: ConditionId,
    /// Its arguments.
    pub arguments: Vec<Value>,
}

/// Answers from what is known, keeps the deliveries, and remembers the question that nobody has answered.
struct Recorder<'a> {
    answers: &'a Answers,
    deliveries: Vec<Delivery>,
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

    fn delivered(&mut self, _: &System, delivery: &Delivery) {
        self.deliveries.push(delivery.clone());
    }
}

/// Why an input was not done.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// A condition has no answer yet.
    Question(Box<OpenQuestion>, Error),
    /// It cannot be done.
    Error(Error),
    /// Time does not get past that moment: this timer of this instance is due again at once, again and again. At the
    /// end of time, where every deadline stays, that says nothing of its length.
    Endless {
        /// In milliseconds.
        at_ms: u64,
        /// `name[key]`.
        instance: String,
        /// `after length in STATE`.
        timer: String,
    },
    /// So much happens on the way that nobody waits for its end.
    Long {
        /// Deliveries.
        most: u64,
        /// How far time got, in milliseconds.
        at_ms: u64,
        /// How far it should get.
        of_ms: u64,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Question(_, error) | Self::Error(error) => write!(f, "{error}"),
            Self::Endless { at_ms: u64::MAX, instance, timer } => {
                write!(f, "time ends at {} ms: `{timer}` of {instance} would be due after that", u64::MAX)
            }
            Self::Endless { at_ms, instance, timer } => write!(
                f,
                "time does not get past {at_ms} ms: `{timer}` of {instance} is due again at once, again and again; its length is 0, or leads to other lengths of 0"
            ),
            Self::Long { most, at_ms, of_ms } => {
                write!(
                    f,
                    "time gets to {at_ms} ms of {of_ms} ms with {most} deliveries, the most in one step; let less time pass"
                )
            }
        }
    }
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

    /// Does an input as a whole, or not at all. It works on a copy, which costs what all instances hold: for a person's
    /// inputs.
    ///
    /// # Errors
    /// [`Refusal`]: nothing has changed then.
    pub fn perform(&mut self, input: &Input) -> Result<Vec<Delivery>, Refusal> {
        let mut copy = self.clone();
        let mut deliveries = Vec::new();
        copy.perform_within(input, MOST_AT_ONCE, &mut |_, more| deliveries.extend(more))?;
        *self = copy;
        Ok(deliveries)
    }

    /// Does an input, and hands out its deliveries; [`Input::Until`] in parts, one for each deadline on the way and one
    /// for the rest.
    ///
    /// # Errors
    /// [`Refusal`]: what was not handed out is lost, and nothing more can be done.
    pub fn perform_for_good(&mut self, input: &Input, done: &mut Done<'_>) -> Result<(), Refusal> {
        self.perform_within(input, MOST, done)
    }

    fn perform_within(&mut self, input: &Input, most: u64, done: &mut Done<'_>) -> Result<(), Refusal> {
        let Input::Until(at_ms) = input else { return self.one_input(input, done) };
        let first = self.interpreter.deliveries();
        let mut standing_still = 0;
        while let Some(deadline_ms) = self.interpreter.next_deadline_ms().filter(|deadline_ms| deadline_ms <= at_ms) {
            if self.interpreter.deliveries() - first >= most {
                return Err(Refusal::Long { most, at_ms: self.interpreter.now_ms(), of_ms: *at_ms });
            }
            self.one_input(&Input::Until(deadline_ms.max(self.interpreter.now_ms())), done)?;
            let now_ms = self.interpreter.now_ms();
            let next = self.interpreter.next_timer().filter(|timer| timer.deadline_ms <= now_ms);
            standing_still = if next.is_some() { standing_still + 1 } else { 0 };
            if let Some(due) = next.filter(|_| standing_still == PATIENCE) {
                let system = self.interpreter.system();
                let timer = system.automata[due.address.automaton].timer_label(due.timer);
                return Err(Refusal::Endless { at_ms: now_ms, instance: due.address.name(system), timer });
            }
        }
        self.one_input(input, done)
    }

    fn one_input(&mut self, input: &Input, done: &mut Done<'_>) -> Result<(), Refusal> {
        let mut host = Recorder { answers: &self.answers, deliveries: Vec::new(), open: None };
        let interpreter = &mut self.interpreter;
        let outcome = match input {
            Input::Start => interpreter.start(&mut host),
            Input::Until(at_ms) | Input::Jump(at_ms) => interpreter.advance(*at_ms, &mut host),
            Input::Event(to, event, fields) => interpreter.deliver(to.clone(), *event, fields.clone(), &mut host),
            Input::StartInstance(to, given) => interpreter.start_instance(to.clone(), given.clone(), &mut host),
        };
        let Recorder { deliveries, open, .. } = host;
        match (outcome, open) {
            (Ok(()), _) => {
                done(input, deliveries);
                Ok(())
            }
            (Err(error), Some(open)) => Err(Refusal::Question(Box::new(open), error)),
            (Err(error), None) => Err(Refusal::Error(error)),
        }
    }
}
