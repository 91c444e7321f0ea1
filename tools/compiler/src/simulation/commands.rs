//! The commands of an interactive session.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::answers::split;
use super::script::message;
use super::session::{Reply, Saved, Session, sample, state_path};
use super::{Input, describe};
use crate::durations::duration_of;
use crate::interpreter::Value;
use crate::model::{BaseType, Field, System, Type};
use crate::nearest::nearest;

/// Where explanations begin.
const COLUMN: usize = 21;

const COMMANDS: [&str; 11] =
    ["wait", "start", "answer", "on", "states", "trace", "save", "undo", "help", "quit", "exit"];

impl Session {
    /// Takes a line that the person typed.
    pub fn line(&mut self, line: &str) -> Reply {
        let line = line.trim();
        match self.waiting.take() {
            Some((input, question)) => self.at_question(line, input, question),
            None => run(self, line),
        }
    }
}

/// Runs the command in the line. A command takes precedence over an event of the same name, which still has its number.
pub(super) fn run(session: &mut Session, line: &str) -> Reply {
    let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
    match word {
        "" => Reply::default(),
        "help" | "?" => Reply::says(help(session)),
        "quit" | "exit" => Reply { quit: true, ..Reply::default() },
        "wait" => wait(session, rest),
        "answer" => answer(session, rest),
        "on" => look_at(session, rest),
        "states" => states(session),
        "trace" if rest.is_empty() => trace(session),
        "trace" => save(Saved::Trace(rest.to_owned())),
        "save" if rest.is_empty() => Reply::says("`save` needs a file, such as `save steps.jsonl`."),
        "save" => save(Saved::Script(rest.to_owned())),
        "undo" => undo(session),
        _ => event(session, line),
    }
}

/// The help, with names of the automaton in focus.
fn help(session: &Session) -> String {
    let system = session.simulation.interpreter().system();
    let automaton = &system.automata[session.focus.automaton];
    let line = |command: &str, explanation: &str| match command.len() < COLUMN - 2 {
        true => format!("  {command:<width$}{explanation}", width = COLUMN),
        false => format!("  {command}\n{:width$}{explanation}", "", width = COLUMN + 2),
    };
    let mut lines = Vec::new();
    let choices = session.choices();
    if let Some(choice) = choices.first() {
        let event = &automaton.events[choice.event];
        let fields = event.fields.iter().map(|field| format!(" {}", assigned(system, &field.name, field.r#type)));
        lines.push(line("1", "sends the event with that number; fields as name=value, or as values in order"));
        lines.push(line(&format!("{}{}", event.name, fields.collect::<String>()), "sends an event by name"));
    }
    lines.push(line("wait 20s", "lets time pass (500ms 20s 5min 2h 1d); timers fire as they become due"));
    if session.can_be_started_by_hand() && automaton.key.is_some() {
        let parameter = automaton.parameters.first();
        let parameter = parameter.map(|of| format!(" {}", assigned(system, &of.name, of.r#type))).unwrap_or_default();
        let takes = if parameter.is_empty() { "starts the instance" } else { "starts the instance, with parameters" };
        lines.push(line(&format!("start{parameter}"), takes));
    }
    let mut all = [automaton].into_iter().chain(&system.automata).flat_map(|automaton| &automaton.conditions);
    if let Some(condition) = all.next() {
        let answer = format!("answer {}", assigned(system, &condition.name, condition.r#type));
        let arguments: Vec<String> =
            condition.arguments.iter().map(|place| sample(system, place.r#type).bare(system, place.r#type)).collect();
        let for_some = match arguments.is_empty() {
            true => String::new(),
            false => format!(", or for some: `{}({})=…`", condition.name, arguments.join(", ")),
        };
        lines.push(line(&answer, &format!("sets the answer of a condition{for_some}; alone: lists all answers")));
    }
    let key = automaton.key.as_ref().map_or("", |_| "[key]");
    lines.push(line(&format!("on {}{key}", automaton.name), "looks at that instance, or at another"));
    lines.push(line("states", "lists all instances and their states"));
    lines.push(line("trace", "what happened so far; with a file (`trace run.trace`), saves it for `automata replay`"));
    lines.push(line("save steps.jsonl", "saves what you did so far as a script, for `automata simulate --script`"));
    lines.push(line("undo", "undoes the last input"));
    lines.push("  help, quit".to_owned());
    lines.join("\n")
}

/// `peer=1`, with some value of the type.
fn assigned(system: &System, name: &str, of: Type) -> String {
    let value = match (of.optional, of.base) {
        (true, _) => "none".to_owned(),
        (false, BaseType::Bool) => "true".to_owned(),
        (false, BaseType::Duration) => "20s".to_owned(),
        (false, _) => sample(system, of).bare(system, of),
    };
    format!("{name}={value}")
}

fn wait(session: &mut Session, text: &str) -> Reply {
    let Some(length_ms) = duration_of(text) else {
        return Reply::says(format!("`wait`: expected a length such as 500ms, 20s, 5min, 2h or 1d, got `{text}`"));
    };
    let now_ms = session.simulation.interpreter().now_ms();
    let reply = session.perform(Input::Until(now_ms.saturating_add(length_ms)));
    if reply.text.is_empty() { Reply::says("Nothing was due.") } else { reply }
}

fn answer(session: &mut Session, text: &str) -> Reply {
    let system = Arc::clone(session.simulation.interpreter().system());
    if text.is_empty() {
        let known = session.simulation.answers().list(&system);
        let lines: Vec<String> = known.iter().map(|(question, answer)| format!("{question} = {answer}")).collect();
        let nothing = "No answers yet.".to_owned();
        return Reply::says(if lines.is_empty() { nothing } else { lines.join("\n") });
    }
    let Some((question, value)) = text.rsplit_once('=') else {
        return Reply::says("`answer` needs a condition and its answer, such as `answer peers_known=true`");
    };
    let value = serde_json::from_str(value.trim()).unwrap_or_else(|_| Json::from(value.trim()));
    match session.simulation.answers_mut().set(&system, question.trim(), &value) {
        Ok(()) => Reply::says(format!("{} = {value} from now on", question.trim())),
        Err(error) => Reply::says(error.to_string()),
    }
}

fn look_at(session: &mut Session, text: &str) -> Reply {
    match session.simulation.interpreter().address(text) {
        Ok(address) => {
            session.focus = address;
            Reply::default()
        }
        Err(error) => Reply::says(error.to_string()),
    }
}

fn states(session: &Session) -> Reply {
    let interpreter = session.simulation.interpreter();
    let line = |view: crate::interpreter::InstanceView<'_>| {
        let automaton = &interpreter.system().automata[view.address().automaton];
        format!("{}: {}", view.name(), state_path(automaton, view.state()))
    };
    let lines: Vec<String> = interpreter.instances().map(line).collect();
    Reply::says(if lines.is_empty() { "There are no instances.".to_owned() } else { lines.join("\n") })
}

fn trace(session: &Session) -> Reply {
    let lines: Vec<String> = session.trace().iter().map(describe).collect();
    Reply::says(if lines.is_empty() { "Nothing has happened yet.".to_owned() } else { lines.join("\n") })
}

/// The caller writes the file, and reports it.
fn save(file: Saved) -> Reply {
    Reply { save: Some(file), ..Reply::default() }
}

fn undo(session: &mut Session) -> Reply {
    let Some(simulation) = session.before.pop() else { return Reply::says("There is nothing to undo.") };
    // Answers come from the person, not from the system: they stay.
    let answers = session.simulation.answers().clone();
    session.simulation = simulation;
    *session.simulation.answers_mut() = answers;
    session.done.pop();
    Reply::says("Undone.")
}

fn event(session: &mut Session, line: &str) -> Reply {
    let interpreter = session.simulation.interpreter();
    let system = Arc::clone(interpreter.system());
    let automaton = &system.automata[session.focus.automaton];
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (name, rest) = if let Ok(number) = word.parse::<usize>() {
        let choices = session.choices();
        match number.checked_sub(1).and_then(|index| choices.get(index)) {
            Some(choice) => (automaton.events[choice.event].name.clone(), rest),
            None => return Reply::says(format!("There is no number {number}: the last is {}", choices.len())),
        }
    } else {
        // Names of observations have spaces in them.
        let mut names = automaton.events.iter().map(|event| event.name.as_str());
        let whole =
            names.find(|name| line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')));
        match whole {
            Some(name) => (name.to_owned(), &line[name.len()..]),
            None if word == "start" => (word.to_owned(), rest),
            None => {
                let known = automaton.events.iter().map(|event| event.name.as_str()).chain(COMMANDS);
                let near = nearest(word, known).map_or(String::new(), |near| format!(" Did you mean `{near}`?"));
                return Reply::says(format!(
                    "`{word}` is neither a command nor an event of {}.{near} `help` lists both.",
                    automaton.name
                ));
            }
        }
    };
    let declared = automaton.events.iter().find(|event| event.name == name);
    let places: Vec<Field> = match declared {
        Some(event) => event.fields.clone(),
        None => {
            let parameters = automaton.parameters.iter();
            parameters.map(|of| Field { name: of.name.clone(), r#type: of.r#type, span: of.span }).collect()
        }
    };
    match fields(&system, &places, rest).and_then(|fields| {
        message(&session.simulation, session.focus.clone(), &name, &fields).map_err(|error| error.to_string())
    }) {
        Ok(input) => session.perform(input),
        Err(message) => Reply::says(message),
    }
}

/// `name=value` in any order, or values in the order of declaration.
fn fields(system: &System, places: &[Field], text: &str) -> Result<Map<String, Json>, String> {
    let mut given = Map::new();
    for part in split(text, ' ').into_iter().filter(|part| !part.is_empty()) {
        let named = part.split_once('=').filter(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || c == '_'));
        let (name, value) = match named {
            Some((name, value)) => (name.to_owned(), value),
            None => match places.iter().find(|place| !given.contains_key(&place.name)) {
                Some(place) => (place.name.clone(), part.as_str()),
                None => return Err(format!("`{part}` is one value too many")),
            },
        };
        let json = match places.iter().find(|place| place.name == name) {
            // What cannot be read stays a text, so that the error says what is expected.
            Some(place) => self::value(system, place.r#type, value)
                .map_or(Json::from(value), |value| value.to_json(system, place.r#type)),
            None => Json::from(value),
        };
        given.insert(name, json);
    }
    Ok(given)
}

/// A value as a person types it: bare texts, lengths with their unit, `none`.
pub(super) fn value(system: &System, of: Type, text: &str) -> Option<Value> {
    match (of.base, text) {
        (_, "none") if of.optional => Some(Value::None),
        (BaseType::Bool, "yes" | "y") => Some(Value::Bool(true)),
        (BaseType::Bool, "no" | "n") => Some(Value::Bool(false)),
        (BaseType::Duration, _) => {
            duration_of(text).map(Value::Duration).or_else(|| Value::from_bare(system, of, text))
        }
        _ => Value::from_bare(system, of, text),
    }
}
