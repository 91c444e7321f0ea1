//! One delivery as the interpreter keeps it: ids and values. Names and JSON are made only when a [`Record`] is asked
//! for.

use automata_runtime::record::{Ask, Fault, Outcome, Performed, Raised, Record, Sent};
use serde_json::{Map, Value as Json};

use super::value::Value;
use crate::model::{
    ActionId, Automaton, AutomatonId, ConditionId, EventId, Field, ParameterId, StateId, System, TimerId, TransitionId,
    VariableId,
};

/// Which instance: an automaton, and the key if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The automaton.
    pub automaton: AutomatonId,
    /// `None` exactly if the automaton has one instance.
    pub key: Option<Value>,
}

impl Address {
    /// `name` or `name[key]`.
    #[must_use]
    pub fn name(&self, system: &System) -> String {
        instance_name(system, self.automaton, self.key.as_ref())
    }
}

/// What is handed to an instance.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A declared event or an observation.
    Event {
        /// Of the receiver.
        event: EventId,
        /// In the order of declaration.
        fields: Vec<Value>,
    },
    /// A timer of the receiver.
    Timer(TimerId),
    /// The receiver is made.
    Start {
        /// Parameters that were given, in the order of declaration.
        parameters: Vec<(ParameterId, Value)>,
    },
}

/// What was asked during a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// A condition, of the host.
    Condition(ConditionId, Vec<Value>),
    /// `X in S`, of the table of states.
    State(Who, AutomatonId, StateId),
}

/// Which instances a question or a send is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Who {
    /// The only one.
    One,
    /// The one with this key.
    Keyed(Value),
    /// At least one of them.
    Any,
    /// All of them.
    All,
    /// None of them.
    No,
    /// The instance itself.
    Itself,
}

/// A message that an instance put on the bus.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    /// The receiver's automaton.
    pub to: AutomatonId,
    /// [`Who::One`], [`Who::Keyed`] or [`Who::All`].
    pub who: Who,
    /// An event or a start.
    pub message: Message,
}

/// A variable that differs after a delivery from before.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Which.
    pub variable: VariableId,
    /// `None` at the start of the instance.
    pub before: Option<Value>,
    /// Its value now.
    pub after: Value,
}

/// One delivery. [`Delivery::record`] gives what a trace holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Number of the delivery, from 0.
    pub sequence: u64,
    /// The time given to the bus.
    pub at_ms: u64,
    /// The delivery that the message came from.
    pub cause: Option<u64>,
    /// The receiver, existing or not.
    pub address: Address,
    /// What was handed to it.
    pub message: Message,
    /// What became of it.
    pub outcome: Outcome,
    /// Leaf before.
    pub before: Option<StateId>,
    /// Leaf after; a final state is named too.
    pub after: Option<StateId>,
    /// In the order asked, each once.
    pub asked: Vec<(Asked, Value)>,
    /// In the order of declaration.
    pub changed: Vec<Changed>,
    /// In order.
    pub actions: Vec<(ActionId, Vec<Value>)>,
    /// In order.
    pub sends: Vec<Sending>,
    /// In the order of handling.
    pub raised: Vec<(EventId, Vec<Value>, Outcome)>,
    /// Timers that began and run at the end, in the order of declaration, with the times when they are due. In traces
    /// only.
    pub timers: Vec<(TimerId, u64)>,
    /// Sorted, each once.
    pub faults: Vec<Fault>,
    /// The properties that are violated since this delivery, each with its instance.
    pub violated: Vec<(Address, usize)>,
    /// The state whose `on`, `defer` or `ignore` answered the message (of a timer: that it belongs to). Not in the
    /// record.
    pub answered_by: Option<StateId>,
    /// The cases that answered, in order: of the message, of `always`, of raised events. Not in the record.
    pub cases: Vec<TransitionId>,
    /// The states that were entered, in order. Not in the record.
    pub entered: Vec<StateId>,
}

impl Delivery {
    /// One without effects yet.
    pub(super) fn new(sequence: u64, at_ms: u64, cause: Option<u64>, address: Address, message: Message) -> Self {
        Self {
            sequence,
            at_ms,
            cause,
            address,
            message,
            outcome: Outcome::Unexpected,
            before: None,
            after: None,
            asked: Vec::new(),
            changed: Vec::new(),
            actions: Vec::new(),
            sends: Vec::new(),
            raised: Vec::new(),
            timers: Vec::new(),
            faults: Vec::new(),
            violated: Vec::new(),
            answered_by: None,
            cases: Vec::new(),
            entered: Vec::new(),
        }
    }

    /// Clears this one; its lists keep their memory.
    pub(super) fn begin(&mut self, sequence: u64, at_ms: u64, cause: Option<u64>, address: Address, message: Message) {
        (self.sequence, self.at_ms, self.cause) = (sequence, at_ms, cause);
        (self.address, self.message) = (address, message);
        (self.outcome, self.before, self.after, self.answered_by) = (Outcome::Unexpected, None, None, None);
        self.asked.clear();
        self.changed.clear();
        self.actions.clear();
        self.sends.clear();
        self.raised.clear();
        self.timers.clear();
        self.faults.clear();
        self.violated.clear();
        self.cases.clear();
        self.entered.clear();
    }

    pub(super) fn note(&mut self, fault: Fault) {
        if let Err(place) = self.faults.binary_search(&fault) {
            self.faults.insert(place, fault);
        }
    }

    /// Likewise, with the timers that began, as a line of a trace has them.
    #[must_use]
    pub fn traced(&self, system: &System) -> Record {
        let automaton = &system.automata[self.address.automaton];
        let timers = self.timers.iter().map(|&(id, due_ms)| (automaton.timer_label(id), due_ms.into()));
        Record { timers: timers.collect(), ..self.record(system) }
    }

    /// The delivery with names and JSON, as both implementations report it.
    #[must_use]
    pub fn record(&self, system: &System) -> Record {
        let automaton = &system.automata[self.address.automaton];
        let state_name = |state: StateId| automaton.states[state].name.clone();
        Record {
            sequence: self.sequence,
            at_ms: self.at_ms,
            cause: self.cause,
            instance: self.address.name(system),
            event: message_name(automaton, &self.message),
            fields: message_fields(system, automaton, &self.message),
            outcome: self.outcome,
            before: self.before.map(state_name),
            after: self.after.map(state_name),
            conditions: self.asked.iter().map(|(asked, answer)| ask(system, automaton, asked, answer)).collect(),
            variables: self
                .changed
                .iter()
                .map(|changed| {
                    let variable = &automaton.variables[changed.variable];
                    let shown = |value: &Value| value.shown(system, variable.r#type);
                    let before = changed.before.as_ref().map_or(Json::Null, shown);
                    (variable.name.clone(), Json::from(vec![before, shown(&changed.after)]))
                })
                .collect(),
            actions: self
                .actions
                .iter()
                .map(|(id, arguments)| {
                    let action = &automaton.actions[*id];
                    let arguments = object(system, &action.arguments, arguments);
                    Performed { action: action.name.clone(), arguments }
                })
                .collect(),
            sends: self.sends.iter().map(|sending| sent(system, sending)).collect(),
            raised: self
                .raised
                .iter()
                .map(|(id, fields, outcome)| {
                    let event = &automaton.events[*id];
                    let fields = object(system, &event.fields, fields);
                    Raised { event: event.name.clone(), fields, outcome: *outcome }
                })
                .collect(),
            timers: Map::new(),
            faults: self.faults.clone(),
            violated: self.violations(system),
        }
    }

    /// The properties that are violated since this delivery: `name[key].property`.
    #[must_use]
    pub fn violations(&self, system: &System) -> Vec<String> {
        let of = |(address, index): &(Address, usize)| {
            let property = &system.automata[address.automaton].properties[*index];
            format!("{}.{}", address.name(system), property.name)
        };
        self.violated.iter().map(of).collect()
    }
}

/// `name` or `name[key]`.
#[must_use]
pub fn instance_name(system: &System, automaton: AutomatonId, key: Option<&Value>) -> String {
    let automaton = &system.automata[automaton];
    match (key, &automaton.key) {
        (Some(value), Some(key)) => format!("{}[{}]", automaton.name, value.key_text(system, key.r#type)),
        _ => automaton.name.clone(),
    }
}

/// The name by which records call the message.
#[must_use]
pub fn message_name(receiver: &Automaton, message: &Message) -> String {
    match message {
        Message::Event { event, .. } => receiver.events[*event].name.clone(),
        Message::Timer(timer) => receiver.timer_label(*timer),
        Message::Start { .. } => "start".to_owned(),
    }
}

fn message_fields(system: &System, receiver: &Automaton, message: &Message) -> Map<String, Json> {
    match message {
        Message::Event { event, fields } => object(system, &receiver.events[*event].fields, fields),
        Message::Timer(_) => Map::new(),
        Message::Start { parameters } => parameters
            .iter()
            .map(|(id, value)| {
                let parameter = &receiver.parameters[*id];
                (parameter.name.clone(), value.shown(system, parameter.r#type))
            })
            .collect(),
    }
}

/// Values by the names of their fields.
#[must_use]
pub fn object(system: &System, fields: &[Field], values: &[Value]) -> Map<String, Json> {
    fields.iter().zip(values).map(|(field, value)| (field.name.clone(), value.shown(system, field.r#type))).collect()
}

fn ask(system: &System, automaton: &Automaton, asked: &Asked, answer: &Value) -> Ask {
    match asked {
        Asked::Condition(id, arguments) => {
            let condition = &automaton.conditions[*id];
            Ask {
                ask: condition.name.clone(),
                arguments: object(system, &condition.arguments, arguments),
                answer: answer.shown(system, condition.r#type),
            }
        }
        Asked::State(who, observed, state) => {
            let automaton = &system.automata[*observed];
            let state = &automaton.states[*state].name;
            let name = &automaton.name;
            let subject = match who {
                Who::One => name.clone(),
                Who::Keyed(key) => instance_name(system, *observed, Some(key)),
                Who::Any => format!("any {name}"),
                Who::All => format!("all {name}"),
                Who::No => format!("no {name}"),
                Who::Itself => "self".to_owned(),
            };
            let answer = Json::from(*answer == Value::Bool(true));
            Ask { ask: format!("{subject} in {state}"), arguments: Map::new(), answer }
        }
    }
}

fn sent(system: &System, sending: &Sending) -> Sent {
    let receiver = &system.automata[sending.to];
    let to = match &sending.who {
        Who::Keyed(key) => instance_name(system, sending.to, Some(key)),
        Who::All => format!("{}[all]", receiver.name),
        _ => receiver.name.clone(),
    };
    Sent {
        to,
        event: message_name(receiver, &sending.message),
        fields: message_fields(system, receiver, &sending.message),
    }
}
