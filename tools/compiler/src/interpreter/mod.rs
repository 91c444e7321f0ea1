//! Runs a [`System`] directly, by `docs/SEMANTICS.md`, without compiling Rust.
//!
//! It shares only the model and the record of a delivery with the code generator, so that the two can be compared with
//! one another (`tests/agreement`). Time and input are given to it, a [`Host`] answers conditions, and what happened is
//! reported to the same host as a [`Delivery`] (ids and values; [`Delivery::record`] gives it its names).
//!
//! A call that ends with [`Error::Unanswered`] leaves the interpreter half-way. It can be cloned, at the cost of
//! copying its instances: to ask a person and continue, take a copy before.

mod bus;
mod delivery;
mod error;
mod evaluate;
mod host;
mod instances;
mod look;
mod operations;
mod program;
mod properties;
mod queue;
mod situation;
mod step;
#[cfg(test)]
mod tests;
mod timers;
mod value;
mod view;
mod watchers;

use std::sync::Arc;

use serde_json::{Map, Value as Json};

pub use self::delivery::{
    Address, Asked, Changed, Delivery, Message, Sending, Who, instance_name, message_name, object,
};
pub use self::error::Error;
pub use self::host::{ConditionAsked, Host};
pub use self::instances::{Kept, Running};
pub use self::situation::Meanwhile;
pub use self::value::{SECRET, Value, expected, is_stamp};
pub use self::view::{InstanceView, Pending, Snapshot};

pub(crate) use self::look::Look;
pub(crate) use self::operations::{extreme_of, operation};

use self::bus::Bus;
use self::program::Program;
use self::queue::Destination;
use crate::model::{AutomatonId, Event, EventId, ParameterId, System, Type};

/// A running system.
#[derive(Clone, Debug)]
pub struct Interpreter {
    program: Arc<Program>,
    bus: Bus,
    broken: bool,
}

impl Interpreter {
    /// The system before its start: at time 0, without instances.
    #[must_use]
    pub fn new(system: Arc<System>) -> Self {
        let program = Program::new(system);
        let bus = Bus::new(&program);
        Self { program: Arc::new(program), bus, broken: false }
    }

    /// The system that it runs.
    #[must_use]
    pub fn system(&self) -> &Arc<System> {
        &self.program.system
    }

    /// Gives a parameter another value than its default, for instances that are started from now on.
    ///
    /// # Errors
    /// If the value is not of the parameter's type.
    pub fn set_parameter(&mut self, automaton: AutomatonId, id: ParameterId, value: Value) -> Result<(), Error> {
        let system = &self.program.system;
        let parameter = &system.automata[automaton].parameters[id];
        check(system, &value, parameter.r#type, || format!("parameter {}", parameter.name))?;
        Arc::make_mut(&mut self.bus.settings)[automaton.index()][id.index()] = Some(value);
        Ok(())
    }

    /// Bounds the queue of the bus (65 536 messages unless said otherwise).
    pub fn set_queue_limit(&mut self, limit: usize) {
        self.bus.queue.limit = limit;
    }

    /// Bounds the deliveries of one input (10 000, as everywhere else), to find out sooner whether it may go on for
    /// ever.
    pub(crate) fn set_delivery_limit(&mut self, limit: u32) {
        self.bus.delivery_limit = limit;
    }

    /// Starts the automata that have one instance, in the order of their names, as one input.
    ///
    /// # Errors
    /// [`Error::Unanswered`], [`Error::WrongType`] of an answer.
    pub fn start(&mut self, host: &mut dyn Host) -> Result<(), Error> {
        self.guard()?;
        let system = Arc::clone(&self.program.system);
        for (index, automaton) in system.automata.iter().enumerate() {
            if automaton.key.is_none() {
                let address = Address { automaton: AutomatonId(index as u32), key: None };
                self.bus.queue.push(Destination::Address(address), Message::Start { parameters: Vec::new() }, None);
            }
        }
        self.run(host)
    }

    /// Time passes, and what is due waits for [`Interpreter::advance`]: as `Bus::handle` takes the time of an event.
    ///
    /// # Errors
    /// [`Error::TimeBackwards`].
    pub fn pass(&mut self, now_ms: u64) -> Result<(), Error> {
        if now_ms < self.bus.now_ms {
            return Err(Error::TimeBackwards { now_ms: self.bus.now_ms, given_ms: now_ms });
        }
        self.bus.now_ms = now_ms;
        Ok(())
    }

    /// Gives the time to the bus, which delivers everything due by then.
    ///
    /// # Errors
    /// [`Error::TimeBackwards`]; [`Error::Unanswered`], [`Error::WrongType`] of an answer.
    pub fn advance(&mut self, now_ms: u64, host: &mut dyn Host) -> Result<(), Error> {
        self.guard()?;
        if now_ms < self.bus.now_ms {
            return Err(Error::TimeBackwards { now_ms: self.bus.now_ms, given_ms: now_ms });
        }
        let outcome = self.bus.advance(&self.program, now_ms, host);
        self.finish(outcome)
    }

    /// An event, or an observation, from outside, with all that follows from it.
    ///
    /// # Errors
    /// If the key or a field is not of its type; [`Error::Unanswered`], [`Error::WrongType`] of an answer.
    pub fn deliver(
        &mut self,
        to: Address,
        event: EventId,
        fields: Vec<Value>,
        host: &mut dyn Host,
    ) -> Result<(), Error> {
        self.guard()?;
        self.check_key(&to)?;
        let system = &self.program.system;
        let declared = &system.automata[to.automaton].events[event];
        for (index, field) in declared.fields.iter().enumerate() {
            let what = || format!("field {} of event {}", field.name, declared.name);
            let Some(value) = fields.get(index) else {
                return Err(Error::Missing { what: what(), expected: expected(system, field.r#type) });
            };
            check(system, value, field.r#type, what)?;
        }
        self.bus.queue.push(Destination::Address(to), Message::Event { event, fields }, None);
        self.run(host)
    }

    /// Starts an instance from outside.
    ///
    /// # Errors
    /// If the key or a parameter is not of its type, or one without a default is missing; [`Error::Unanswered`],
    /// [`Error::WrongType`] of an answer.
    pub fn start_instance(
        &mut self,
        to: Address,
        mut parameters: Vec<(ParameterId, Value)>,
        host: &mut dyn Host,
    ) -> Result<(), Error> {
        self.guard()?;
        self.check_key(&to)?;
        parameters.sort_by_key(|(id, _)| *id);
        let system = &self.program.system;
        for (index, parameter) in system.automata[to.automaton].parameters.iter().enumerate() {
            let what = || format!("parameter {}", parameter.name);
            match parameters.iter().find(|(id, _)| id.index() == index) {
                Some((_, value)) => check(system, value, parameter.r#type, what)?,
                None if self.bus.settings[to.automaton.index()][index].is_none() => {
                    return Err(Error::Missing { what: what(), expected: expected(system, parameter.r#type) });
                }
                None => {}
            }
        }
        self.bus.queue.push(Destination::Address(to), Message::Start { parameters }, None);
        self.run(host)
    }

    fn run(&mut self, host: &mut dyn Host) -> Result<(), Error> {
        let outcome = self.bus.input(&self.program, host);
        self.finish(outcome)
    }

    fn finish(&mut self, outcome: Result<(), Box<Error>>) -> Result<(), Error> {
        self.broken |= outcome.is_err();
        outcome.map_err(|error| *error)
    }

    fn guard(&self) -> Result<(), Error> {
        if self.broken { Err(Error::Broken) } else { Ok(()) }
    }

    fn check_key(&self, address: &Address) -> Result<(), Error> {
        check_key(&self.program.system, address)
    }
}

/// Names from outside.
impl Interpreter {
    /// The automaton of that name.
    ///
    /// # Errors
    /// [`Error::UnknownName`].
    pub fn automaton(&self, name: &str) -> Result<AutomatonId, Error> {
        automaton_of(&self.program.system, name)
    }

    /// Reads `name` or `name[key]` as records write it, which can be read in only one way.
    ///
    /// # Errors
    /// [`Error::UnknownName`], [`Error::Key`].
    pub fn exact_address(&self, text: &str) -> Result<Address, Error> {
        exact_address(&self.program.system, text)
    }

    /// Reads `name` or `name[key]`, whether that instance exists or not.
    ///
    /// # Errors
    /// [`Error::UnknownName`], [`Error::Key`].
    pub fn address(&self, text: &str) -> Result<Address, Error> {
        let system = &self.program.system;
        let (name, key) = match text.split_once('[') {
            None => (text, None),
            Some((name, rest)) => {
                let problem = || "a `]` is missing at its end".to_owned();
                let key = rest.strip_suffix(']');
                (name, Some(key.ok_or_else(|| Error::Key { instance: text.to_owned(), problem: problem() })?))
            }
        };
        let automaton = self.automaton(name.trim())?;
        // The text of a key may be read in two ways, as records write it and literally; the existing instance decides.
        if let (Some(text), Some(declared)) = (key, &system.automata[automaton].key) {
            let as_it_stands = || Value::from_json(system, declared.r#type, &Json::from(text));
            let readings = Value::from_bare(system, declared.r#type, text).into_iter().chain(as_it_stands());
            let table = &self.bus.tables[automaton.index()];
            let exists = |key: &Value| table.number(Some(key)).is_some();
            if let Some(key) = readings.into_iter().find(exists) {
                return Ok(Address { automaton, key: Some(key) });
            }
        }
        let address = match (key, &system.automata[automaton].key) {
            (Some(key), Some(declared)) => {
                let Some(value) = Value::from_bare(system, declared.r#type, key) else {
                    let problem = format!("its key is {}", expected(system, declared.r#type));
                    return Err(Error::Key { instance: text.to_owned(), problem });
                };
                Address { automaton, key: Some(value) }
            }
            (Some(key), None) => Address { automaton, key: Some(Value::String(key.into())) },
            (None, _) => Address { automaton, key: None },
        };
        self.check_key(&address).map(|()| address)
    }

    /// The event, or observation, of that name.
    ///
    /// # Errors
    /// [`Error::UnknownName`].
    pub fn event(&self, automaton: AutomatonId, name: &str) -> Result<EventId, Error> {
        let automaton = &self.program.system.automata[automaton];
        let index = automaton.events.iter().position(|event| event.name == name);
        let known = || automaton.events.iter().map(|event| event.name.as_str());
        index
            .map(|index| EventId(index as u32))
            .ok_or_else(|| Error::unknown(format!("event of {}", automaton.name), name, known()))
    }

    /// Reads an event's fields by their names; optional ones may be left out.
    ///
    /// # Errors
    /// [`Error::UnknownName`], [`Error::Missing`], [`Error::WrongType`].
    pub fn fields(&self, event: &Event, given: &Map<String, Json>) -> Result<Vec<Value>, Error> {
        let system = &self.program.system;
        let known = || event.fields.iter().map(|field| field.name.as_str());
        if let Some(name) = given.keys().find(|name| known().all(|known| known != *name)) {
            return Err(Error::unknown(format!("field of event {}", event.name), name, known()));
        }
        let read = |field: &crate::model::Field| {
            let what = || format!("field {} of event {}", field.name, event.name);
            match given.get(&field.name) {
                Some(json) => self.value(field.r#type, json, what),
                None if field.r#type.optional => Ok(Value::None),
                None => Err(Error::Missing { what: what(), expected: expected(system, field.r#type) }),
            }
        };
        event.fields.iter().map(read).collect()
    }

    /// Reads parameters of a start by their names.
    ///
    /// # Errors
    /// [`Error::UnknownName`], [`Error::WrongType`].
    pub fn parameters(
        &self,
        automaton: AutomatonId,
        given: &Map<String, Json>,
    ) -> Result<Vec<(ParameterId, Value)>, Error> {
        let automaton = &self.program.system.automata[automaton];
        let read = |(name, json): (&String, &Json)| {
            let index = automaton.parameters.iter().position(|parameter| parameter.name == *name);
            let known = || automaton.parameters.iter().map(|parameter| parameter.name.as_str());
            let index =
                index.ok_or_else(|| Error::unknown(format!("parameter of {}", automaton.name), name, known()))?;
            let value = self.value(automaton.parameters[index].r#type, json, || format!("parameter {name}"))?;
            Ok((ParameterId(index as u32), value))
        };
        let mut parameters = given.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        parameters.sort_by_key(|(id, _)| *id);
        Ok(parameters)
    }

    /// Reads JSON as a value of the type; `what` names the place for the error.
    ///
    /// # Errors
    /// [`Error::WrongType`].
    pub fn value(&self, of: Type, json: &Json, what: impl Fn() -> String) -> Result<Value, Error> {
        let system = &self.program.system;
        Value::from_json(system, of, json).ok_or_else(|| Error::WrongType {
            what: what(),
            expected: expected(system, of),
            got: json.to_string(),
        })
    }
}

fn check(system: &System, value: &Value, wanted: Type, what: impl Fn() -> String) -> Result<(), Error> {
    if value.is_of(system, wanted) {
        return Ok(());
    }
    Err(Error::WrongType { what: what(), expected: expected(system, wanted), got: format!("{value:?}") })
}

/// [`Interpreter::exact_address`], for callers without an interpreter.
///
/// # Errors
/// [`Error::UnknownName`], [`Error::Key`].
pub fn exact_address(system: &System, text: &str) -> Result<Address, Error> {
    let (name, key) = match text.split_once('[').map(|(name, rest)| (name, rest.strip_suffix(']'))) {
        Some((name, Some(key))) => (name, Some(key)),
        _ => (text, None),
    };
    let automaton = automaton_of(system, name)?;
    let read = |key| match &system.automata[automaton].key {
        Some(declared) => Value::from_bare(system, declared.r#type, key),
        None => Some(Value::String(key.into())),
    };
    let address = Address { automaton, key: key.and_then(read) };
    check_key(system, &address).map(|()| address)
}

fn automaton_of(system: &System, name: &str) -> Result<AutomatonId, Error> {
    let known = || system.automata.iter().map(|automaton| automaton.name.as_str());
    system.automaton(name).ok_or_else(|| Error::unknown("automaton", name, known()))
}

fn check_key(system: &System, address: &Address) -> Result<(), Error> {
    let automaton = &system.automata[address.automaton];
    let problem = match (&address.key, &automaton.key) {
        (None, None) => return Ok(()),
        (Some(key), Some(declared)) if key.is_of(system, declared.r#type) => return Ok(()),
        (Some(_), Some(key)) => format!("its key is {}", expected(system, key.r#type)),
        (Some(_), None) => format!("there is only one {0}; write `{0}`", automaton.name),
        (None, Some(key)) => {
            format!("there is one for each {}; write `{}[…]`", key.name, automaton.name)
        }
    };
    Err(Error::Key { instance: automaton.name.clone(), problem })
}
