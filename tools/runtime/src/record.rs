//! The record of one delivery: what the interpreter and the generated Rust both report, and what a line of a trace
//! holds.
//!
//! The meaning of every field is in `docs/SEMANTICS.md`, section 5. What is read as a record may not have other fields:
//! a replay would pass over them, and call the line verified.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What became of a message that the bus delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A transition with a target was performed.
    Taken,
    /// A transition without a target was performed: nothing was left or entered.
    Internal,
    /// The definition says that the event means nothing here.
    Ignored,
    /// The event is kept until no active state defers it.
    Deferred,
    /// No active state answers the event.
    Unexpected,
    /// A timer fired and none of its guards held.
    Idle,
    /// The instance was made and entered its initial state.
    Started,
    /// The key names no instance.
    NoSuchInstance,
    /// A start for a key that has an instance.
    AlreadyThere,
    /// The event was to be deferred, but the limit is reached; it is lost.
    DeferFull,
}

/// What went wrong in a delivery, apart from its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Something was divided by zero; the value was taken as 0, a guard as false.
    DivisionByZero,
    /// One event caused more microsteps than [`crate::record::MICROSTEP_LIMIT`].
    MicrostepLimit,
    /// One input caused more deliveries than [`crate::record::DELIVERY_LIMIT`].
    DeliveryLimit,
    /// The queue of the bus was full and a message was dropped.
    QueueFull,
}

impl Outcome {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Outcome::Taken,
        Outcome::Internal,
        Outcome::Ignored,
        Outcome::Deferred,
        Outcome::Unexpected,
        Outcome::Idle,
        Outcome::Started,
        Outcome::NoSuchInstance,
        Outcome::AlreadyThere,
        Outcome::DeferFull,
    ];

    /// Whether the definitions say what becomes of the message. Otherwise nobody thought of it, or it is lost.
    #[must_use]
    pub const fn is_intended(self) -> bool {
        !matches!(self, Outcome::Unexpected | Outcome::NoSuchInstance | Outcome::AlreadyThere | Outcome::DeferFull)
    }

    /// As in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Taken => "taken",
            Outcome::Internal => "internal",
            Outcome::Ignored => "ignored",
            Outcome::Deferred => "deferred",
            Outcome::Unexpected => "unexpected",
            Outcome::Idle => "idle",
            Outcome::Started => "started",
            Outcome::NoSuchInstance => "no_such_instance",
            Outcome::AlreadyThere => "already_there",
            Outcome::DeferFull => "defer_full",
        }
    }
}

impl Fault {
    /// As in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Fault::DivisionByZero => "division_by_zero",
            Fault::MicrostepLimit => "microstep_limit",
            Fault::DeliveryLimit => "delivery_limit",
            Fault::QueueFull => "queue_full",
        }
    }
}

/// At most this many `always` transitions and raised events in one delivery.
pub const MICROSTEP_LIMIT: u32 = 64;

/// One input from outside causes at most this many deliveries.
pub const DELIVERY_LIMIT: u32 = 10_000;

/// The queue of the bus holds at most this many messages, unless the program sets another limit.
pub const QUEUE_LIMIT: usize = 65_536;

/// One instance keeps at most this many of one deferred event, unless the definition sets another limit.
pub const DEFER_LIMIT: usize = 16;

/// A question that a guard asked, and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The condition's name, or the text of an `X in S` (keys as they were at that moment).
    pub ask: String,
    /// The condition's arguments by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub arguments: Map<String, Value>,
    /// The answer of the host, or of the table of states.
    pub answer: Value,
}

/// An action that the instance asked of its host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Performed {
    /// The action's name.
    pub action: String,
    /// Its arguments by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub arguments: Map<String, Value>,
}

/// A message that the instance put on the bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// `name`, `name[key]` or `name[all]`.
    pub to: String,
    /// The event, or `start`.
    pub event: String,
    /// Its fields by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// An event that the instance raised and handled within the delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raised {
    /// The event's name.
    pub event: String,
    /// Its fields by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// What became of it.
    pub outcome: Outcome,
}

/// One delivery: a message handed to one instance, with all that followed from it inside that instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Number of the delivery, from 0.
    pub sequence: u64,
    /// The time that was given to the bus, in milliseconds.
    pub at_ms: u64,
    /// The delivery that this message came from; none if it came from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// `name` or `name[key]`.
    pub instance: String,
    /// The event's name, `X enters S`, `after name in STATE`, or `start`.
    pub event: String,
    /// Its fields by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// What became of it.
    pub outcome: Outcome,
    /// The leaf state before, if the instance existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The leaf state after, if the instance still exists (a final state is named too).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What was asked, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Ask>,
    /// Variables whose value differs: name → (before, after).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// Actions, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Performed>,
    /// Messages put on the bus, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sends: Vec<Sent>,
    /// Raised events, in the order of their handling.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raised: Vec<Raised>,
    /// In a line of a trace only: the timers that started in this delivery and run at its end (`after name in STATE` →
    /// when it is due, in milliseconds).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub timers: Map<String, Value>,
    /// What went wrong, sorted, each at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Properties that are violated since this delivery: `name.property` or `name[key].property`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violated: Vec<String>,
}
