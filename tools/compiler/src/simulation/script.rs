//! Scripts: JSON Lines, each an input with the time and the answers that belong to it.
//!
//! `{"at_ms": 5000, "instance": "contact_status[alice]", "event": "ping_now", "fields": {}, "conditions":
//! {"peers_known": true}}`. No key may be given twice. All keys are optional: without `at_ms` no time passes and no
//! timer fires, without `event` there are only time and answers, without `instance` the event is for the instance named
//! on the command line. `"jump": true` lets time jump to `at_ms`, as on a machine that slept, so that timers come late.
//! Answers hold from their line on, for the timers that become due on the way to `at_ms` too. Empty lines and lines
//! that begin with `#` are skipped. See `docs/SEMANTICS.md` for all of it.

use std::fmt;
use std::sync::Arc;

use automata_runtime::record::Record;
use serde_json::{Map, Value as Json};

use super::answers::question_text;
use super::{Done, Input, Refusal, Simulation};
use crate::interpreter::{Address, Error};
use crate::json::{repeated_key, with_column};
use crate::model::{EventId, EventKind, System};
use crate::nearest::nearest;

/// What is wrong with a script, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// From 1.
    pub line: usize,
    /// What is wrong, and what is possible.
    pub message: String,
    /// The condition that has no answer, as `conditions` names it: `door.locked`, `best.of(tcp)`.
    pub question: Option<String>,
}

impl std::error::Error for ScriptError {}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

const KEYS: [&str; 6] = ["at_ms", "jump", "instance", "event", "fields", "conditions"];

/// Starts the system (with the answers of the first line), does every line, and hands out the record of each delivery.
///
/// # Errors
/// The first line that cannot be done; what came before it has been handed out.
pub fn run_script(
    system: Arc<System>,
    script: &str,
    mut record: impl FnMut(Record),
) -> Result<Simulation, ScriptError> {
    let names = Arc::clone(&system);
    play(system, None, script, &mut |_, deliveries| {
        deliveries.iter().for_each(|delivery| record(delivery.record(&names)));
    })
}

/// Likewise, with `name` or `name[key]` for the lines that name no instance; hands out each input with the deliveries
/// that it led to.
///
/// # Errors
/// The first line that cannot be done; what came before it has been handed out.
pub fn play(
    system: Arc<System>,
    name: Option<&str>,
    script: &str,
    done: &mut Done<'_>,
) -> Result<Simulation, ScriptError> {
    let mut simulation = Simulation::new(system);
    let mut started = false;
    // Some editors begin a file with a mark of the order of bytes.
    let script = script.strip_prefix('\u{feff}').unwrap_or(script);
    let lines = script.lines().zip(1..).filter(|(text, _)| !text.trim().is_empty() && !text.trim().starts_with('#'));
    for (text, line) in lines {
        let at = |message: String| ScriptError { line, message, question: None };
        let not_done = |refusal: NotDone| ScriptError { line, message: refusal.message, question: refusal.question };
        let object = parse(text).map_err(at)?;
        answers(&mut simulation, &object).map_err(at)?;
        if !started {
            started = true;
            perform(&mut simulation, &Input::Start, done).map_err(not_done)?;
        }
        if let Some(passing) = time(&object).map_err(at)? {
            perform(&mut simulation, &passing, done).map_err(not_done)?;
        }
        if let Some(input) = input(&simulation, name, &object).map_err(at)? {
            perform(&mut simulation, &input, done).map_err(not_done)?;
        }
    }
    if !started {
        let not_done = |refusal: NotDone| ScriptError { line: 1, message: refusal.message, question: refusal.question };
        perform(&mut simulation, &Input::Start, done).map_err(not_done)?;
    }
    Ok(simulation)
}

/// Why an input of a script was not done.
struct NotDone {
    message: String,
    question: Option<String>,
}

fn perform(simulation: &mut Simulation, input: &Input, done: &mut Done<'_>) -> Result<(), NotDone> {
    simulation.perform_for_good(input, done).map_err(|refusal| match &refusal {
        Refusal::Question(open, Error::Unanswered { question, .. }) => {
            let message = format!("{refusal}; answer it in this line or before: \"conditions\": {{\"{question}\": …}}");
            let system = simulation.interpreter().system();
            let question = question_text(system, open.automaton, open.condition, &open.arguments);
            NotDone { message, question: Some(question) }
        }
        _ => NotDone { message: refusal.to_string(), question: None },
    })
}

fn parse(text: &str) -> Result<Map<String, Json>, String> {
    if let Some(problem) = repeated_key(text) {
        return Err(problem);
    }
    let object: Map<String, Json> =
        serde_json::from_str(text).map_err(|error| format!("this is not a JSON object: {}", with_column(&error)))?;
    match object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        None => Ok(object),
        Some(key) => {
            let near = nearest(key, KEYS).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            Err(format!("there is no key `{key}` in a script{near} (there are: {})", KEYS.join(", ")))
        }
    }
}

fn answers(simulation: &mut Simulation, object: &Map<String, Json>) -> Result<(), String> {
    let Some(conditions) = object.get("conditions") else { return Ok(()) };
    let conditions = conditions.as_object().ok_or_else(|| {
        format!("`conditions` wants an object, such as {{\"peers_known\": true}}, but it got {conditions}")
    })?;
    let system = Arc::clone(simulation.interpreter().system());
    for (question, answer) in conditions {
        simulation.answers_mut().set(&system, question, answer).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn time(object: &Map<String, Json>) -> Result<Option<Input>, String> {
    let jump = match object.get("jump") {
        None => false,
        Some(Json::Bool(jump)) => *jump,
        Some(other) => return Err(format!("`jump`: expected true or false, got {other}")),
    };
    match object.get("at_ms") {
        None if jump => Err("`jump` needs `at_ms`".to_owned()),
        None => Ok(None),
        Some(at_ms) => {
            let at_ms = at_ms.as_u64().ok_or_else(|| {
                format!("`at_ms`: expected milliseconds since the start, a whole number from 0, got {at_ms}")
            })?;
            Ok(Some(if jump { Input::Jump(at_ms) } else { Input::Until(at_ms) }))
        }
    }
}

fn input(simulation: &Simulation, name: Option<&str>, object: &Map<String, Json>) -> Result<Option<Input>, String> {
    let text = |key: &str| match object.get(key) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.as_str())),
        Some(other) => Err(format!("`{key}`: expected a text, got {other}")),
    };
    let (instance, event) = match (text("instance")?, text("event")?) {
        (Some(instance), Some(event)) => (instance, event),
        (None, None) if object.contains_key("fields") => {
            return Err("there are `fields`, but neither `instance` nor `event`".to_owned());
        }
        (None, None) => return Ok(None),
        (Some(instance), None) => return Err(format!("`event` is missing: what is sent to {instance}?")),
        (None, Some(event)) => (looked_at(simulation, name, event)?, event),
    };
    let none = Map::new();
    let fields = match object.get("fields") {
        None => &none,
        Some(Json::Object(fields)) => fields,
        Some(other) => return Err(format!("`fields`: expected an object, got {other}")),
    };
    let address = simulation.interpreter().address(instance).map_err(|error| error.to_string())?;
    message(simulation, address, event, fields).map(Some).map_err(|error| error.to_string())
}

/// The instance named on the command line, which must be exactly one.
fn looked_at<'a>(simulation: &Simulation, name: Option<&'a str>, event: &str) -> Result<&'a str, String> {
    let Some(name) = name else { return Err(format!("`instance` is missing: which one gets {event}?")) };
    let interpreter = simulation.interpreter();
    match interpreter.automaton(name).map(|id| &interpreter.system().automata[id].key) {
        Ok(Some(key)) => Err(format!(
            "`instance` is missing: which one gets {event}? There is one {name} for each {}; write \"instance\": \"{name}[…]\", or \
             `{name}[…]` in place of `{name}` on the command line",
            key.name
        )),
        _ => Ok(name),
    }
}

/// An event by its name, or `start` if the automaton declares no event of that name.
pub(super) fn message(
    simulation: &Simulation,
    address: Address,
    name: &str,
    fields: &Map<String, Json>,
) -> Result<Input, Error> {
    let interpreter = simulation.interpreter();
    let automaton = &interpreter.system().automata[address.automaton];
    if name == "start" && automaton.events.iter().all(|event| event.name != name) {
        let parameters = interpreter.parameters(address.automaton, fields)?;
        return Ok(Input::StartInstance(address, parameters));
    }
    let event: EventId = interpreter.event(address.automaton, name)?;
    let declared = &automaton.events[event];
    if matches!(&declared.kind, EventKind::Declared { from, .. } if from.is_empty()) {
        let outside = automaton.events.iter().filter(|event| match &event.kind {
            EventKind::Declared { from, .. } => !from.is_empty(),
            EventKind::Observation { .. } => true,
        });
        let kind =
            format!("event of {} that comes from outside (it has no `from`, so it is only raised)", automaton.name);
        return Err(Error::unknown(kind, name, outside.map(|event| event.name.as_str())));
    }
    let fields = interpreter.fields(declared, fields)?;
    Ok(Input::Event(address, event, fields))
}
