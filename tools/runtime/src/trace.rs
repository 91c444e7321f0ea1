//! A trace: what a bus did, in lines that the interpreter can run again (`docs/TRACES.md`).
//!
//! Nothing here touches a file or a clock. [`Trace`] records a whole trace into any writer. For traces that begin or
//! move while the bus runs there are its parts: [`Lines`] records into a buffer that the caller drains; [`opening`]
//! makes the two lines that begin every trace, and tell a replay all that happened before; [`left_out`] makes the line
//! that stands for deliveries which are not recorded; [`Output`] counts lines and writes the last one.

mod left_out;
mod lines;
mod output;

pub use crate::opening::{Header, Opening};
pub use left_out::{LeftOut, LeftOutLine, SEVERAL, Span, left_out};
pub use lines::Lines;
pub use output::{Output, Trace};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::automaton::{Automaton, History, State, Timer, Variables};
use crate::bus::{Bus, Member, System, Visitor};
use crate::deferral::Deferral;
use crate::delivery::{InstanceName, Recorder};
use crate::instances::Table;
use crate::secret::{self, Key};
use crate::timers::Timers;

/// Version of the format: the first thing in a trace.
pub const FORMAT: u32 = 1;

/// A line is at most this long, without its line feed.
pub const LINE_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// Appends the value as a line. If a type of the program does not serialise to JSON, which is a bug in it, its line is
/// missing: a replay reports the gap.
fn line(bytes: &mut Vec<u8>, key: &Key, value: &impl Serialize) {
    add(bytes, key, |bytes| serde_json::to_writer(bytes, value));
}

fn add(bytes: &mut Vec<u8>, key: &Key, write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>) {
    let begin = bytes.len();
    match secret::with_key(key, || write(bytes)) {
        Ok(()) => bytes.push(b'\n'),
        Err(_) => bytes.truncate(begin),
    }
}

/// The first line of a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstLine {
    /// [`FORMAT`].
    pub trace: u32,
    /// What the caller says.
    #[serde(flatten)]
    pub header: Header,
    /// [`System::MODEL_HASH`].
    pub model: String,
    /// Messages that the queue of the bus holds.
    pub queue_limit: u64,
    /// The lines say which timers started, and when they are due. Those of older traces do not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timers: bool,
    /// Parameters that differ from the defaults of their definitions: automaton → parameter → value.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
}

/// The second line of a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondLine {
    /// The system as it is between two inputs.
    pub snapshot: Snapshot,
}

/// Everything that a system is between two inputs, when its queue is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The time that was given to the bus last.
    pub now_ms: u64,
    /// Number of the next delivery.
    pub sequence: u64,
    /// Whether the system has been started.
    pub started: bool,
    /// Number of the next start of a timer. Older traces do not say it, and leave nothing out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer_order: Option<u64>,
    /// By automaton, in the order of their names; then in the order of creation.
    pub instances: Vec<InstanceSnapshot>,
}

/// One instance between two inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceSnapshot {
    /// `name` or `name[key]`.
    pub instance: String,
    /// Its leaf state.
    pub state: String,
    /// All of them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// All of them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// State with `history` that was left → the leaf to which its history leads.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub history: Map<String, Value>,
    /// Deferred events, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deferred: Vec<DeferredSnapshot>,
    /// Running timers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timers: Vec<TimerSnapshot>,
}

/// A deferred event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeferredSnapshot {
    /// Its name.
    pub event: String,
    /// Its fields by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// The delivery that sent it; none if it came from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
}

/// A running timer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimerSnapshot {
    /// `after name in STATE`.
    pub timer: String,
    /// When it is due next.
    pub due_ms: u64,
    /// Of `every`: the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_ms: Option<u64>,
    /// Orders timers that are due at the same time, of all instances.
    pub order: u64,
}

/// What a snapshot shows of a bus.
struct Situation<'a, S: System> {
    system: &'a S,
    timers: &'a Timers<S::Alarm>,
    queue_limit: usize,
    now_ms: u64,
    sequence: u64,
    is_started: bool,
}

impl<S: System, R: Recorder> Bus<S, R> {
    /// The recorder gets the whole state before anything happens.
    #[cold]
    pub(crate) fn open(&mut self) {
        self.is_open = true;
        let Self { system, recorder, timers, queue_limit, now_ms, sequence, is_started, .. } = self;
        let (queue_limit, now_ms, sequence, is_started) = (*queue_limit, *now_ms, *sequence, *is_started);
        let situation = Situation { system: &*system, timers: &*timers, queue_limit, now_ms, sequence, is_started };
        recorder.open(&Opening(&|header, key, out| write_opening(&situation, header, key, out)));
    }

    /// What a snapshot shows.
    fn situation(&self) -> Situation<'_, S> {
        let Self { system, timers, queue_limit, now_ms, sequence, is_started, .. } = self;
        Situation {
            system,
            timers,
            queue_limit: *queue_limit,
            now_ms: *now_ms,
            sequence: *sequence,
            is_started: *is_started,
        }
    }
}

/// Appends the two lines that begin a trace: what runs, and its whole state at this moment. A trace that continues from
/// here can be replayed without anything recorded before. (A bus can be read only between inputs, so its queue is
/// empty.)
///
/// # Panics
/// If a type of the definitions does not serialise to JSON.
pub fn opening<S: System, R: Recorder>(bus: &Bus<S, R>, header: &Header, out: &mut Vec<u8>) {
    write_opening(&bus.situation(), header, bus.recorder().secret_key(), out);
}

fn write_opening<S: System>(situation: &Situation<'_, S>, header: &Header, key: Option<&Key>, out: &mut Vec<u8>) {
    let make = || (first_line(situation, header), SecondLine { snapshot: snapshot_of(situation) });
    let (first, second) = match key {
        Some(key) => secret::with_key(key, make),
        None => make(),
    };
    let key = Key::default();
    line(out, &key, &first);
    line(out, &key, &second);
}

fn first_line<S: System>(situation: &Situation<'_, S>, header: &Header) -> FirstLine {
    FirstLine {
        trace: FORMAT,
        header: header.clone(),
        model: S::MODEL_HASH.to_owned(),
        queue_limit: situation.queue_limit as u64,
        timers: true,
        settings: changed_settings(situation.system.settings()),
    }
}

fn changed_settings<T: Serialize + Default>(settings: &T) -> Map<String, Value> {
    let (mut all, defaults) = (object(settings), object(&T::default()));
    for (automaton, parameters) in &mut all {
        if let (Value::Object(parameters), Some(Value::Object(defaults))) = (parameters, defaults.get(automaton)) {
            parameters.retain(|name, value| defaults.get(name) != Some(value));
        }
    }
    all.retain(|_, parameters| parameters.as_object().is_some_and(|parameters| !parameters.is_empty()));
    all
}

/// The whole state of the bus at this moment. Secrets are hidden unless this is called within [`secret::with_key`].
///
/// # Panics
/// If a type of the definitions does not serialise to JSON.
pub fn snapshot<S: System, R: Recorder>(bus: &Bus<S, R>) -> Snapshot {
    snapshot_of(&bus.situation())
}

fn snapshot_of<S: System>(situation: &Situation<'_, S>) -> Snapshot {
    struct Collect<'a, S: System> {
        situation: &'a Situation<'a, S>,
        instances: Vec<InstanceSnapshot>,
    }
    impl<S: System> Visitor<S> for Collect<'_, S> {
        fn member<A: Automaton>(&mut self)
        where
            S: Member<A>,
        {
            let Situation { system, timers, .. } = self.situation;
            let table = Member::<A>::table(*system);
            self.instances
                .extend(table.slots().map(|slot| instance::<A, S>(timers, table.key(slot), table.instance(slot))));
        }
    }
    let mut collect = Collect { situation, instances: Vec::new() };
    S::visit(&mut collect);
    let Situation { now_ms, sequence, is_started: started, timers, .. } = *situation;
    Snapshot { now_ms, sequence, started, timer_order: Some(timers.starts()), instances: collect.instances }
}

fn instance<A: Automaton, S: Member<A>>(
    timers: &Timers<S::Alarm>,
    key: &A::Key,
    instance: &crate::Instance<A>,
) -> InstanceSnapshot {
    let mut history = Map::new();
    instance.history.each(&mut |state, leaf| {
        history.insert(state.to_owned(), leaf.into());
    });
    let handles = instance.timers.as_ref().iter().zip(A::Timer::ALL);
    let running = handles.filter_map(|(handle, timer)| Some((timers.running((*handle)?)?, timer)));
    InstanceSnapshot {
        instance: InstanceName::new(A::NAME, key).to_string(),
        state: instance.state.name().to_owned(),
        parameters: object(&instance.parameters),
        variables: if A::Variables::NONE { Map::new() } else { object(&instance.variables) },
        history,
        deferred: instance.kept.iter().map(|(event, cause)| deferred(event, cause)).collect(),
        timers: running
            .map(|(running, timer)| TimerSnapshot {
                timer: timer.label().to_owned(),
                due_ms: running.due_ms,
                interval_ms: running.interval_ms,
                order: running.order,
            })
            .collect(),
    }
}

fn deferred(event: &impl Serialize, cause: Option<u64>) -> DeferredSnapshot {
    let mut parts = object(event);
    let name = parts.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
    let fields = match parts.remove("fields") {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    DeferredSnapshot { event: name, fields, cause }
}

fn object(of: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(of).expect("types of a definition serialise to JSON") {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
