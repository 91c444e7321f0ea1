//! The first two lines: the header and the snapshot, and an interpreter that continues from there.

use std::sync::Arc;

use automata_runtime::trace::{
    DeferredSnapshot, FORMAT, FirstLine, InstanceSnapshot, LINE_LIMIT_BYTES, LeftOut, SecondLine, Snapshot,
    TimerSnapshot,
};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::reader::{TraceError, begins, not_json, too_long};
use crate::interpreter::{self, Address, Error, InstanceView, Interpreter, Kept, Meanwhile, Running, Value};
use crate::json::{repeated_key, with_column};
use crate::model::{Automaton, AutomatonId, ParameterId, StateId, System, TimerId, TimerKind, Type};

/// Everything known before the first delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// The header.
    pub first: FirstLine,
    /// The situation.
    pub snapshot: Snapshot,
}

impl Opening {
    /// Reads the first two lines, without their line feeds.
    ///
    /// # Errors
    /// If they are not those of a trace, or have a later version of the format.
    pub fn read(first: &[u8], second: Option<&[u8]>) -> Result<Self, TraceError> {
        let text = text(first, 1)?;
        // Some editors begin a file with a mark of the order of bytes.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.is_empty() {
            return Err(TraceError::new(1, format!("the trace is empty; {}", begins())));
        }
        if let Some(problem) = repeated_key(text) {
            return Err(TraceError::new(1, format!("this is not a trace: {problem}")));
        }
        let version = serde_json::from_str::<Version>(text).ok().map(|line| line.trace);
        match version {
            None => {
                let start: String = text.chars().take(24).collect();
                return Err(TraceError::new(
                    1,
                    format!("this is not a trace: it begins with `{start}`, but {}", begins()),
                ));
            }
            Some(version) if version != u64::from(FORMAT) => {
                let problem = format!("the trace has format version {version}; this program reads version {FORMAT}");
                return Err(TraceError::new(1, problem));
            }
            Some(_) => {}
        }
        let first = serde_json::from_str(text).map_err(|error| TraceError::new(1, not_json(text, &error)))?;
        let Some(second) = second.filter(|line| !line.is_empty()) else {
            return Err(TraceError::new(2, "the trace is cut off after its first line; a snapshot is missing"));
        };
        let text = self::text(second, 2)?;
        let no_snapshot = |problem: String| TraceError::new(2, format!("the second line is not a snapshot: {problem}"));
        if let Some(problem) = repeated_key(text) {
            return Err(no_snapshot(problem));
        }
        let second: SecondLine = serde_json::from_str(text).map_err(|error| no_snapshot(with_column(&error)))?;
        Ok(Self { first, snapshot: second.snapshot })
    }
}

#[derive(Deserialize)]
struct Version {
    trace: u64,
}

fn text(line: &[u8], number: u64) -> Result<&str, TraceError> {
    if line.len() > LINE_LIMIT_BYTES {
        return Err(TraceError::new(number, too_long()));
    }
    std::str::from_utf8(line).map_err(|_| TraceError::new(number, "the line is not UTF-8 text"))
}

/// An interpreter in the situation of the snapshot, with the settings of the header.
///
/// # Errors
/// If the definitions have no such automata, states, variables and so on: the trace was made under others.
pub fn resume(system: &Arc<System>, opening: &Opening) -> Result<Interpreter, Error> {
    let mut interpreter = Interpreter::new(Arc::clone(system));
    interpreter.set_queue_limit(usize::try_from(opening.first.queue_limit).unwrap_or(usize::MAX));
    for (name, parameters) in &opening.first.settings {
        let id = interpreter.automaton(name)?;
        let none = Map::new();
        for (parameter, value) in interpreter.parameters(id, parameters.as_object().unwrap_or(&none))? {
            interpreter.set_parameter(id, parameter, value)?;
        }
    }
    let Snapshot { now_ms, sequence, timer_order, instances, .. } = &opening.snapshot;
    let instances = self::instances(&interpreter, instances)?;
    interpreter.resume(*now_ms, *sequence, *timer_order, instances)?;
    Ok(interpreter)
}

/// What was left out, by the names of these definitions.
///
/// # Errors
/// If the definitions have no such automata, states, variables and so on.
pub(super) fn meanwhile(interpreter: &Interpreter, left_out: &LeftOut) -> Result<Meanwhile, Error> {
    let gone = left_out.gone.iter().map(|name| interpreter.exact_address(name)).collect::<Result<_, _>>()?;
    Ok(Meanwhile {
        now_ms: left_out.at_ms,
        deliveries: left_out.sequence.saturating_add(left_out.deliveries),
        timer_order: left_out.timer_order,
        gone,
        instances: instances(interpreter, &left_out.instances)?,
    })
}

fn instances(interpreter: &Interpreter, of: &[InstanceSnapshot]) -> Result<Vec<interpreter::Snapshot>, Error> {
    of.iter().map(|of| instance(interpreter, of)).collect()
}

/// The situation of the interpreter, as a trace would begin with it; `replace` may replace each value by another.
#[must_use]
pub fn snapshot(interpreter: &Interpreter, started: bool, replace: &mut dyn FnMut(Type, &Value) -> Value) -> Snapshot {
    let instances = interpreter.instances().map(|view| shown(interpreter.system(), view, replace)).collect();
    let (now_ms, sequence) = (interpreter.now_ms(), interpreter.deliveries());
    Snapshot { now_ms, sequence, started, timer_order: Some(interpreter.timer_starts()), instances }
}

/// An instance as a snapshot shows it; `replace` may replace each value by another.
pub(super) fn shown(
    system: &System,
    view: InstanceView<'_>,
    replace: &mut dyn FnMut(Type, &Value) -> Value,
) -> InstanceSnapshot {
    let address = view.address();
    let automaton = &system.automata[address.automaton];
    let name = |state: StateId| automaton.states[state].name.clone();
    let mut shown = |of: Type, value: &Value| replace(of, value).shown(system, of);
    let parameters = automaton.parameters.iter().zip(view.parameters());
    let parameters = parameters.map(|(of, value)| (of.name.clone(), shown(of.r#type, value))).collect();
    let variables = automaton.variables.iter().zip(view.variables());
    let variables = variables.map(|(of, value)| (of.name.clone(), shown(of.r#type, value))).collect();
    let left = automaton.state_ids().zip(view.history());
    let history = left.filter_map(|(state, leaf)| Some((name(state), name((*leaf)?).into()))).collect();
    let deferred = view.kept().into_iter().map(|kept| {
        let event = &automaton.events[kept.event];
        let fields = event.fields.iter().zip(&kept.fields);
        let fields = fields.map(|(field, value)| (field.name.clone(), shown(field.r#type, value))).collect();
        DeferredSnapshot { event: event.name.clone(), fields, cause: kept.cause }
    });
    let deferred = deferred.collect();
    let timers = view.timers().into_iter().map(|running| TimerSnapshot {
        timer: automaton.timer_label(running.timer),
        due_ms: running.deadline_ms,
        interval_ms: (automaton.timers[running.timer].kind == TimerKind::Every).then_some(running.interval_ms),
        order: running.order,
    });
    let timers = timers.collect();
    let instance = replaced_name(system, &address, replace);
    let state = name(view.state());
    InstanceSnapshot { instance, state, parameters, variables, history, deferred, timers }
}

/// `name` or `name[key]`; `replace` may replace the key by another.
pub(super) fn replaced_name(
    system: &System,
    address: &Address,
    replace: &mut dyn FnMut(Type, &Value) -> Value,
) -> String {
    let declared = system.automata[address.automaton].key.as_ref();
    let key = address.key.as_ref().zip(declared).map(|(key, of)| replace(of.r#type, key));
    interpreter::instance_name(system, address.automaton, key.as_ref())
}

fn instance(interpreter: &Interpreter, of: &InstanceSnapshot) -> Result<interpreter::Snapshot, Error> {
    let system = interpreter.system();
    let address = interpreter.exact_address(&of.instance)?;
    let automaton = &system.automata[address.automaton];
    let mut history = vec![None; automaton.states.len()];
    for (state, leaf) in &of.history {
        let (state, leaf) = (state_of(automaton, state)?, leaf_of(automaton, leaf.as_str().unwrap_or_default())?);
        if !automaton.is_in(leaf, state) {
            return Err(Error::unknown(
                format!("leaf state inside {} of {}", automaton.states[state].name, automaton.name),
                &automaton.states[leaf].name,
                [],
            ));
        }
        history[state.index()] = Some(leaf);
    }
    let kept = of.deferred.iter().map(|kept| {
        let event = interpreter.event(address.automaton, &kept.event)?;
        let fields = interpreter.fields(&automaton.events[event], &kept.fields)?;
        Ok(Kept { event, fields, cause: kept.cause })
    });
    let timers = of.timers.iter().map(|timer| {
        let id = timer_of(automaton, &timer.timer)?;
        let (deadline_ms, interval_ms) = (timer.due_ms, timer.interval_ms.unwrap_or(0));
        Ok(Running { timer: id, deadline_ms, interval_ms, order: timer.order })
    });
    Ok(interpreter::Snapshot {
        state: leaf_of(automaton, &of.state)?,
        parameters: parameters(interpreter, address.automaton, &of.parameters)?,
        variables: variables(interpreter, automaton, &of.variables)?,
        history,
        kept: kept.collect::<Result<_, Error>>()?,
        timers: timers.collect::<Result<_, Error>>()?,
        address,
    })
}

fn parameters(interpreter: &Interpreter, id: AutomatonId, given: &Map<String, Json>) -> Result<Vec<Value>, Error> {
    let automaton = &interpreter.system().automata[id];
    let read = interpreter.parameters(id, given)?;
    let find = |index: u32| read.iter().find(|(id, _)| *id == ParameterId(index)).map(|(_, value)| value.clone());
    let missing = |name: &str, of: Type| missing(interpreter, "parameter", automaton, name, of);
    let places = automaton.parameters.iter().zip(0..);
    places.map(|(parameter, index)| find(index).ok_or_else(|| missing(&parameter.name, parameter.r#type))).collect()
}

fn variables(interpreter: &Interpreter, automaton: &Automaton, given: &Map<String, Json>) -> Result<Vec<Value>, Error> {
    let known = || automaton.variables.iter().map(|variable| variable.name.as_str());
    if let Some(name) = given.keys().find(|name| known().all(|known| known != *name)) {
        return Err(Error::unknown(format!("variable of {}", automaton.name), name, known()));
    }
    let read = |variable: &crate::model::Variable| {
        let what = || format!("variable {} of {}", variable.name, automaton.name);
        match given.get(&variable.name) {
            Some(json) => interpreter.value(variable.r#type, json, what),
            None => Err(missing(interpreter, "variable", automaton, &variable.name, variable.r#type)),
        }
    };
    automaton.variables.iter().map(read).collect()
}

fn missing(interpreter: &Interpreter, kind: &str, automaton: &Automaton, name: &str, of: Type) -> Error {
    let expected = interpreter::expected(interpreter.system(), of);
    Error::Missing { what: format!("{kind} {name} of {}", automaton.name), expected }
}

fn state_of(automaton: &Automaton, name: &str) -> Result<StateId, Error> {
    let known = || automaton.states.iter().skip(1).map(|state| state.name.as_str());
    automaton.state(name).ok_or_else(|| Error::unknown(format!("state of {}", automaton.name), name, known()))
}

/// The empty name means a root without states.
fn leaf_of(automaton: &Automaton, name: &str) -> Result<StateId, Error> {
    let known = || automaton.leaves().map(|leaf| automaton.states[leaf].name.as_str());
    let leaf = automaton.leaves().find(|&leaf| automaton.states[leaf].name == name);
    leaf.ok_or_else(|| Error::unknown(format!("leaf state of {}", automaton.name), name, known()))
}

fn timer_of(automaton: &Automaton, label: &str) -> Result<TimerId, Error> {
    let labels: Vec<String> = (0..automaton.timers.len() as u32).map(|id| automaton.timer_label(TimerId(id))).collect();
    let index = labels.iter().position(|known| known == label);
    let known = || labels.iter().map(String::as_str);
    index
        .map(|index| TimerId(index as u32))
        .ok_or_else(|| Error::unknown(format!("timer of {}", automaton.name), label, known()))
}
