//! A generated system by names and JSON: for tests, replays and tools, not for use in a program.
//!
//! The generated `dynamic.rs` implements [`ByName`]; [`Dynamic`] then drives any such system without knowing its types.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::bus::{Bus, System};
use crate::delivery::{InstanceName, Recorder, Records};
use crate::handled::Handled;
use crate::metadata::AutomatonMetadata;
use crate::record::Record;
use crate::trace::{self, Header, Lines};

/// Values by their names.
pub type Fields = Map<String, Value>;

/// Answers a condition: instance, condition, arguments.
pub type Answers<'a> = dyn FnMut(&str, &str, &Fields) -> Value + 'a;

/// A host that answers by a function.
pub struct Answering<'a>(&'a mut Answers<'a>);

impl<'a> Answering<'a> {
    /// Asks that function.
    pub fn new(answers: &'a mut Answers<'a>) -> Self {
        Self(answers)
    }

    /// For generated code.
    ///
    /// # Panics
    /// If the answer is not of the condition's type: a wrong answer is a bug of the test or tool.
    pub fn ask<T: DeserializeOwned>(
        &mut self,
        automaton: &'static str,
        key: &(impl Serialize + 'static),
        condition: &str,
        arguments: &[(&str, Value)],
    ) -> T {
        let instance = InstanceName::new(automaton, key).to_string();
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let answer = (self.0)(&instance, condition, &arguments);
        let text = answer.to_string();
        serde_json::from_value(answer)
            .unwrap_or_else(|error| panic!("{text} does not answer `{condition}` of `{instance}`: {error}"))
    }
}

/// A value as JSON, for generated code.
///
/// # Panics
/// If its type does not serialise to JSON.
pub fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("types of a definition serialise to JSON")
}

/// A required field.
///
/// # Errors
/// If it is missing, or not of its type.
pub fn field<T: DeserializeOwned>(fields: &Fields, name: &str) -> Result<T, String> {
    let value = fields.get(name).ok_or_else(|| format!("`{name}` is missing"))?;
    T::deserialize(value).map_err(|error| format!("`{name}`: {error}"))
}

/// An optional field.
///
/// # Errors
/// If it is not of its type.
pub fn optional<T: DeserializeOwned>(fields: &Fields, name: &str) -> Result<Option<T>, String> {
    if fields.contains_key(name) { field(fields, name) } else { Ok(None) }
}

/// An optional parameter; `null` is a value of it.
///
/// # Errors
/// If it is not of its type.
pub fn given<T: DeserializeOwned>(fields: &Fields, name: &str) -> Result<Option<T>, String> {
    if fields.contains_key(name) { field(fields, name).map(Some) } else { Ok(None) }
}

/// Sets a value if there is one of that name.
///
/// # Errors
/// If it is not of its type.
pub fn set<T: DeserializeOwned>(place: &mut T, fields: &Fields, name: &str) -> Result<(), String> {
    if fields.contains_key(name) {
        *place = field(fields, name)?;
    }
    Ok(())
}

/// Checks that there is no field of another name.
///
/// # Errors
/// If there is.
pub fn only(fields: &Fields, names: &[&str]) -> Result<(), String> {
    match fields.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("there is no `{name}` here")),
        None => Ok(()),
    }
}

/// The key of `name[key]`: JSON if it can be read as such, otherwise a bare text.
///
/// # Errors
/// If it is not of its type.
pub fn key<T: DeserializeOwned>(text: Option<&str>) -> Result<T, String> {
    let text = text.ok_or("its key is missing: `name[key]`")?;
    serde_json::from_str(text)
        .or_else(|_| serde_json::from_value(Value::from(text)))
        .map_err(|error| format!("the key `{text}`: {error}"))
}

/// Checks that there is no key.
///
/// # Errors
/// If there is.
pub fn no_key(text: Option<&str>) -> Result<(), String> {
    match text {
        Some(key) => Err(format!("there is only one, and none called `{key}`")),
        None => Ok(()),
    }
}

/// `name[key]`, taken apart.
#[must_use]
pub fn split(instance: &str) -> (&str, Option<&str>) {
    match instance.split_once('[') {
        Some((name, rest)) => (name, rest.strip_suffix(']').or(Some(rest))),
        None => (instance, None),
    }
}

/// Variables or parameters as JSON.
#[must_use]
pub fn object(of: &impl Serialize) -> Fields {
    match json(of) {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// What the generated `dynamic.rs` knows about its system.
pub trait ByName: System {
    /// Its automata, in the order of their names.
    const AUTOMATA: &'static [&'static AutomatonMetadata];

    /// A host that answers by that function.
    fn host<'a>(answers: &'a mut Answers<'a>) -> Box<Self::Host<'a>>;

    /// A message; the event `start` has the parameters as fields.
    ///
    /// # Errors
    /// If a name is not known, or a value is not of its type.
    fn message(instance: &str, event: &str, fields: &Fields) -> Result<Self::Message, String>;

    /// Every instance: automata in the order of their names, instances in the order of their creation.
    fn instances(&self) -> Vec<String>;

    /// The leaf state of an instance, if it exists.
    fn state(&self, instance: &str) -> Option<&'static str>;

    /// The variables of an instance, if it exists; secrets hidden.
    fn variables(&self, instance: &str) -> Option<Fields>;

    /// [`Bus::place`]; variables and parameters that are not given are as at a start.
    ///
    /// # Errors
    /// If a name is not known, or a value is not of its type.
    fn place<R: Recorder>(
        bus: &mut Bus<Self, R>,
        instance: &str,
        state: &str,
        variables: &Fields,
        parameters: &Fields,
    ) -> Result<(), String>;
}

/// A running system, whatever its types, with a record of every delivery.
pub trait Dynamic {
    /// [`Bus::start`].
    fn start(&mut self, now_ms: u64, answers: &mut Answers<'_>) -> Handled;

    /// [`Bus::handle`].
    ///
    /// # Errors
    /// If a name is not known, or a value is not of its type.
    fn handle(
        &mut self,
        now_ms: u64,
        instance: &str,
        event: &str,
        fields: &Fields,
        answers: &mut Answers<'_>,
    ) -> Result<Handled, String>;

    /// [`Bus::advance`].
    fn advance(&mut self, now_ms: u64, answers: &mut Answers<'_>) -> Handled;

    /// [`Bus::deadline`].
    fn deadline(&self) -> Option<u64>;

    /// The records since this was last called.
    fn take_records(&mut self) -> Vec<Record>;

    /// [`trace::opening`], at this moment.
    fn opening(&self, header: &Header, out: &mut Vec<u8>);

    /// The lines of a trace since this was last called.
    fn take_lines(&mut self) -> Vec<u8>;

    /// [`Lines::leave_out`]: what follows is left out of the lines; of the records nothing is.
    fn leave_out(&mut self, source: &str);

    /// Records again, with a line of what was left out.
    fn record_again(&mut self);

    /// [`ByName::instances`].
    fn instances(&self) -> Vec<String>;

    /// [`ByName::state`].
    fn state(&self, instance: &str) -> Option<&'static str>;

    /// [`ByName::variables`].
    fn variables(&self, instance: &str) -> Option<Fields>;

    /// [`ByName::place`].
    ///
    /// # Errors
    /// If a name is not known, or a value is not of its type.
    fn place(&mut self, instance: &str, state: &str, variables: &Fields, parameters: &Fields) -> Result<(), String>;

    /// Names, texts and places of all automata.
    fn automata(&self) -> &'static [&'static AutomatonMetadata];
}

/// What a [`Run`] records: for inspection, and for replays.
pub type Recording = (Records, Lines);

/// A recorder for a [`Run`]. The key that hides secrets is public: this is for tests and tools.
#[must_use]
pub fn recording() -> Recording {
    (Records::default(), Lines::new(*b"for tests and tools; known to us"))
}

/// A bus that records everything, driven by names.
pub struct Run<S: ByName> {
    bus: Bus<S, Recording>,
    actions: Vec<S::Action>,
}

impl<S: ByName> Run<S> {
    /// Not started yet.
    #[must_use]
    pub fn new(system: S) -> Self {
        Self::with_bus(Bus::with_recorder(system, recording()))
    }

    /// Runs on a bus that the caller made, for example with another limit of its queue.
    #[must_use]
    pub fn with_bus(bus: Bus<S, Recording>) -> Self {
        Self { bus, actions: Vec::new() }
    }
}

impl<S: ByName> Dynamic for Run<S> {
    fn start(&mut self, now_ms: u64, answers: &mut Answers<'_>) -> Handled {
        self.actions.clear();
        self.bus.start(now_ms, &mut *S::host(answers), &mut self.actions)
    }

    fn handle(
        &mut self,
        now_ms: u64,
        instance: &str,
        event: &str,
        fields: &Fields,
        answers: &mut Answers<'_>,
    ) -> Result<Handled, String> {
        let message = S::message(instance, event, fields)?;
        self.actions.clear();
        Ok(self.bus.handle(now_ms, message, &mut *S::host(answers), &mut self.actions))
    }

    fn advance(&mut self, now_ms: u64, answers: &mut Answers<'_>) -> Handled {
        self.actions.clear();
        self.bus.advance(now_ms, &mut *S::host(answers), &mut self.actions)
    }

    fn deadline(&self) -> Option<u64> {
        self.bus.deadline()
    }

    fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.bus.recorder_mut().0.0)
    }

    fn opening(&self, header: &Header, out: &mut Vec<u8>) {
        trace::opening(&self.bus, header, out);
    }

    fn take_lines(&mut self) -> Vec<u8> {
        self.bus.recorder_mut().1.take()
    }

    fn leave_out(&mut self, source: &str) {
        self.bus.recorder_mut().1.leave_out(source);
    }

    fn record_again(&mut self) {
        if let Some(span) = self.bus.recorder_mut().1.take_left_out() {
            let mut line = Vec::new();
            trace::left_out(&self.bus, &span, &mut line);
            self.bus.recorder_mut().1.append(&line);
        }
    }

    fn instances(&self) -> Vec<String> {
        self.bus.system().instances()
    }

    fn state(&self, instance: &str) -> Option<&'static str> {
        self.bus.system().state(instance)
    }

    fn variables(&self, instance: &str) -> Option<Fields> {
        self.bus.system().variables(instance)
    }

    fn place(&mut self, instance: &str, state: &str, variables: &Fields, parameters: &Fields) -> Result<(), String> {
        S::place(&mut self.bus, instance, state, variables, parameters)
    }

    fn automata(&self) -> &'static [&'static AutomatonMetadata] {
        S::AUTOMATA
    }
}
