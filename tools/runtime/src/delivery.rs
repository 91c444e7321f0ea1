//! One delivery, typed: what a recorder sees. It serialises straight into a line of a trace, without JSON values in
//! between, and can be turned into a [`Record`].

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::automaton::{Automaton, Event, Given, Sent, State, Timer, Variables};
use crate::opening::Opening;
use crate::record::{Outcome, Record};
use crate::secret::Key;
use crate::value::Faults;
use crate::violations::Violation;

/// Sees every delivery of a bus.
pub trait Recorder {
    /// Whether it records anything. If not, the bus does no work for records.
    fn is_on(&self) -> bool {
        true
    }

    /// The key under which secrets are recorded ([`crate::secret`]). Without one they are hidden completely.
    fn secret_key(&self) -> Option<&Key> {
        None
    }

    /// Called once, before the first input of the bus, with the first lines of a trace.
    fn open(&mut self, opening: &Opening<'_>) {
        let _ = opening;
    }

    /// Called after each delivery, before the messages that it sent are delivered.
    fn record<A: Automaton>(&mut self, delivery: &Delivery<'_, A>);
}

/// Records nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Off;

impl Recorder for Off {
    #[inline]
    fn is_on(&self) -> bool {
        false
    }

    fn record<A: Automaton>(&mut self, _: &Delivery<'_, A>) {}
}

/// Records if there is a recorder: for programs that decide when they run.
impl<R: Recorder> Recorder for Option<R> {
    fn is_on(&self) -> bool {
        self.as_ref().is_some_and(R::is_on)
    }

    fn secret_key(&self) -> Option<&Key> {
        self.as_ref().and_then(R::secret_key)
    }

    fn open(&mut self, opening: &Opening<'_>) {
        if let Some(recorder) = self {
            recorder.open(opening);
        }
    }

    fn record<A: Automaton>(&mut self, delivery: &Delivery<'_, A>) {
        if let Some(recorder) = self {
            recorder.record(delivery);
        }
    }
}

/// Both record everything.
impl<First: Recorder, Second: Recorder> Recorder for (First, Second) {
    fn is_on(&self) -> bool {
        self.0.is_on() || self.1.is_on()
    }

    fn secret_key(&self) -> Option<&Key> {
        self.0.secret_key().or(self.1.secret_key())
    }

    fn open(&mut self, opening: &Opening<'_>) {
        self.0.open(opening);
        self.1.open(opening);
    }

    fn record<A: Automaton>(&mut self, delivery: &Delivery<'_, A>) {
        self.0.record(delivery);
        self.1.record(delivery);
    }
}

/// Keeps a [`Record`] of every delivery: for tests and tools.
#[derive(Clone, Debug, Default)]
pub struct Records(pub Vec<Record>);

impl Recorder for Records {
    fn record<A: Automaton>(&mut self, delivery: &Delivery<'_, A>) {
        self.0.push(delivery.to_record());
    }
}

/// What was delivered.
#[derive(Debug)]
pub enum Incoming<'a, A: Automaton> {
    /// An event.
    Event(&'a A::Event),
    /// A timer that was due.
    Timer(A::Timer),
    /// The instance's start.
    Start(&'a A::Given),
}

/// For which instance a message is.
#[derive(Debug)]
pub enum Receiver<'a, K> {
    /// The one of that key, whether it exists or not.
    Of(&'a K),
    /// None: this number is outside of the key's type, so no instance can have it as its key.
    Nobody(i128),
}

impl<K> Clone for Receiver<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Receiver<'_, K> {}

/// One delivery. The fields are those of [`Record`].
#[derive(Debug)]
pub struct Delivery<'a, A: Automaton> {
    /// Number of the delivery, from 0.
    pub sequence: u64,
    /// The time that was given to the bus, in milliseconds.
    pub at_ms: u64,
    /// The delivery that sent this message.
    pub cause: Option<u64>,
    /// For which instance.
    pub receiver: Receiver<'a, A::Key>,
    /// What was delivered.
    pub incoming: Incoming<'a, A>,
    /// What became of it.
    pub outcome: Outcome,
    /// The leaf state before.
    pub before: Option<A::State>,
    /// The leaf state after.
    pub after: Option<A::State>,
    /// What was asked.
    pub questions: &'a [A::Question],
    /// The variables before; none if the instance did not exist.
    pub variables_before: Option<&'a A::Variables>,
    /// The variables after; none if the instance did not exist.
    pub variables_after: Option<&'a A::Variables>,
    /// Actions.
    pub actions: &'a [A::Action],
    /// What was put on the bus, observations included.
    pub sends: &'a [A::Sent],
    /// Raised events that were handled.
    pub raised: &'a [(A::Event, Outcome)],
    /// Timers that began and still run, with the times when they are due.
    pub timers: &'a [(A::Timer, u64)],
    /// What went wrong.
    pub faults: Faults,
    /// Properties that are violated since this delivery, if the generated Rust looks at them.
    pub violated: &'a [Violation],
}

impl<A: Automaton> Delivery<'_, A> {
    /// The same, with names and JSON values instead of types; without the timers, which only a line of a trace has.
    ///
    /// # Panics
    /// If a type of the definition serialises to something that JSON cannot hold, such as a map with keys that are not
    /// strings.
    #[must_use]
    pub fn to_record(&self) -> Record {
        let json = serde_json::to_value(self).expect("types of events and conditions serialise to JSON");
        let record = Record::deserialize(json).expect("a delivery serialises to the fields of a record");
        Record { timers: serde_json::Map::new(), ..record }
    }
}

impl<A: Automaton> Serialize for Delivery<'_, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let variables = self.variables_after.map(|after| Changes { before: self.variables_before, after });
        let variables = variables.filter(|changes| !V::<A>::NONE && changes.before != Some(changes.after));
        let sends = if self.sends.iter().all(Sent::is_observation) { &[] } else { self.sends };
        Line::<A> {
            sequence: self.sequence,
            at_ms: self.at_ms,
            cause: self.cause,
            instance: InstanceName::of(A::NAME, self.receiver),
            incoming: &self.incoming,
            outcome: self.outcome,
            before: self.before.map(State::name),
            after: self.after.map(State::name),
            conditions: self.questions,
            variables,
            actions: self.actions,
            sends: Listed(sends),
            raised: RaisedList(self.raised),
            timers: Begun(self.timers),
            faults: self.faults,
            violated: self.violated,
        }
        .serialize(serializer)
    }
}

type V<A> = <A as Automaton>::Variables;

#[derive(Serialize)]
#[serde(bound = "")]
struct Line<'a, A: Automaton> {
    sequence: u64,
    at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<u64>,
    instance: InstanceName<'a>,
    #[serde(flatten)]
    incoming: &'a Incoming<'a, A>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    conditions: &'a [A::Question],
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<Changes<'a, A::Variables>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    actions: &'a [A::Action],
    #[serde(skip_serializing_if = "Listed::is_empty")]
    sends: Listed<'a, A::Sent>,
    #[serde(skip_serializing_if = "RaisedList::is_empty")]
    raised: RaisedList<'a, A::Event>,
    #[serde(skip_serializing_if = "Begun::is_empty")]
    timers: Begun<'a, A::Timer>,
    #[serde(skip_serializing_if = "faults_are_empty")]
    faults: Faults,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    violated: &'a [Violation],
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn faults_are_empty(faults: &Faults) -> bool {
    faults.is_empty()
}

impl<A: Automaton> Serialize for Incoming<'_, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Incoming::Event(event) => event.serialize(serializer),
            Incoming::Timer(timer) => Started { event: timer.label(), fields: None::<&()> }.serialize(serializer),
            Incoming::Start(given) => Started::new(*given).serialize(serializer),
        }
    }
}

/// A start as records show it.
#[derive(Serialize)]
pub(crate) struct Started<'a, G> {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a G>,
}

impl<'a, G: Given> Started<'a, G> {
    pub fn new(given: &'a G) -> Self {
        Self { event: "start", fields: (!given.is_empty()).then_some(given) }
    }
}

/// Variables that differ.
#[derive(PartialEq)]
pub(crate) struct Changes<'a, V> {
    pub before: Option<&'a V>,
    pub after: &'a V,
}

impl<V: Variables> Serialize for Changes<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut changes = serializer.serialize_map(None)?;
        self.after.serialize_changes(self.before, &mut changes)?;
        changes.end()
    }
}

struct Listed<'a, T>(&'a [T]);

impl<T> Listed<'_, T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Sent> Serialize for Listed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().filter(|sent| !sent.is_observation()))
    }
}

struct Begun<'a, T>(&'a [(T, u64)]);

impl<T> Begun<'_, T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Timer> Serialize for Begun<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(timer, due_ms)| (timer.label(), due_ms)))
    }
}

struct RaisedList<'a, E>(&'a [(E, Outcome)]);

impl<E> RaisedList<'_, E> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<E: Event> Serialize for RaisedList<'_, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'a, E> {
            #[serde(flatten)]
            event: &'a E,
            outcome: Outcome,
        }
        serializer.collect_seq(self.0.iter().map(|(event, outcome)| Line { event, outcome: *outcome }))
    }
}

/// The text by which records name an instance: `name`, or `name[key]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceName<'a> {
    automaton: &'static str,
    key: Option<Cow<'a, str>>,
}

impl InstanceName<'_> {
    /// Of that automaton, with that key; `()` where there is one instance.
    #[must_use]
    pub fn new<K: Serialize + 'static>(automaton: &'static str, key: &K) -> Self {
        if is_no_key::<K>() {
            return Self { automaton, key: None };
        }
        Self { automaton, key: Some(key_text(key)) }
    }

    /// Of the one that a message is for.
    pub(crate) fn of<K: Serialize + 'static>(automaton: &'static str, receiver: Receiver<'_, K>) -> Self {
        match receiver {
            Receiver::Of(key) => Self::new(automaton, key),
            Receiver::Nobody(key) => Self::new(automaton, &key),
        }
    }

    /// All instances of it.
    #[must_use]
    pub const fn all(automaton: &'static str) -> Self {
        Self { automaton, key: Some(Cow::Borrowed("all")) }
    }
}

impl fmt::Display for InstanceName<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(formatter, "{}[{key}]", self.automaton),
            None => formatter.write_str(self.automaton),
        }
    }
}

impl Serialize for InstanceName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.key {
            Some(_) => serializer.collect_str(self),
            None => serializer.serialize_str(self.automaton),
        }
    }
}

/// Whether this is the key of an automaton with one instance. (Its size does not tell: an enum of one variant has none
/// either.)
pub(crate) fn is_no_key<K: 'static>() -> bool {
    TypeId::of::<K>() == TypeId::of::<()>()
}

/// Strings and enum variants bare, everything else as compact JSON. A string that could be read as other JSON keeps its
/// quotes.
fn key_text<K: Serialize>(key: &K) -> Cow<'static, str> {
    let json = serde_json::to_string(key).unwrap_or_default();
    let Some(inner) = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return json.into() };
    let text = if inner.contains('\\') {
        serde_json::from_str::<Cow<'_, str>>(&json).unwrap_or(Cow::Borrowed(inner))
    } else {
        Cow::Borrowed(inner)
    };
    if is_json(&text) { json.into() } else { text.into_owned().into() }
}

/// Whether the text as it is is JSON. Most texts are not, as their first character shows.
#[must_use]
pub fn is_json(text: &str) -> bool {
    let may_begin = |first: u8| {
        matches!(first, b'"' | b'-' | b'0'..=b'9' | b'[' | b'{' | b'f' | b'n' | b't') || first.is_ascii_whitespace()
    };
    text.bytes().next().is_some_and(may_begin) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// For generated code: a message as records list it.
///
/// # Errors
/// Those of the serializer.
pub fn serialize_sent<E: Event, S: Serializer>(
    to: InstanceName<'_>,
    event: &E,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Line<'a, E> {
        to: InstanceName<'a>,
        #[serde(flatten)]
        event: &'a E,
    }
    Line { to, event }.serialize(serializer)
}

/// For generated code: a start as records list it.
///
/// # Errors
/// Those of the serializer.
pub fn serialize_start<G: Given, S: Serializer>(
    to: InstanceName<'_>,
    given: &G,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Line<'a, G> {
        to: InstanceName<'a>,
        #[serde(flatten)]
        start: Started<'a, G>,
    }
    Line { to, start: Started::new(given) }.serialize(serializer)
}

/// For generated code: a question without arguments, such as a read of the table of states.
///
/// # Errors
/// Those of the serializer.
pub fn serialize_question<T: Serialize, S: Serializer>(
    ask: impl fmt::Display,
    answer: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serialize_question_of(ask, None::<&()>, answer, serializer)
}

/// For generated code: a question with its arguments.
///
/// # Errors
/// Those of the serializer.
pub fn serialize_question_of<A: Serialize, T: Serialize, S: Serializer>(
    ask: impl fmt::Display,
    arguments: Option<&A>,
    answer: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    struct Text<D>(D);
    impl<D: fmt::Display> Serialize for Text<D> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&self.0)
        }
    }
    let mut question = serializer.serialize_map(None)?;
    question.serialize_entry("ask", &Text(ask))?;
    if let Some(arguments) = arguments {
        question.serialize_entry("arguments", arguments)?;
    }
    question.serialize_entry("answer", answer)?;
    question.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_named_as_the_semantics_say() {
        assert_eq!(InstanceName::new("a", &()).to_string(), "a");
        assert_eq!(InstanceName::new("a", &7_u64).to_string(), "a[7]");
        assert_eq!(InstanceName::new("a", &"alice").to_string(), "a[alice]");
        assert_eq!(InstanceName::new("a", &"say \"x\"").to_string(), "a[say \"x\"]");
        assert_eq!(InstanceName::new("a", &"7").to_string(), "a[\"7\"]", "told apart from the number");
        assert_eq!(InstanceName::new("a", &"\"x\"").to_string(), "a[\"\\\"x\\\"\"]");
        assert_eq!(InstanceName::new("a", &"7th").to_string(), "a[7th]");
        assert_eq!(InstanceName::new("a", &(1, "b")).to_string(), "a[[1,\"b\"]]");
        assert_eq!(InstanceName::new("a", &Outcome::Taken).to_string(), "a[taken]");
        assert_eq!(InstanceName::all("a").to_string(), "a[all]");
    }
}
