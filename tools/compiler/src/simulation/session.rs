//! The interactive session as a pure core: a line in, a text out. Nothing here touches a terminal.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use automata_runtime::record::Record;
use automata_runtime::secret::Key;

use super::answers::question_text;
use super::choices::{Choice, choices};
use super::describe::{moment, shown};
use super::{Input, Journal, OpenQuestion, Refusal, Simulation, describe};
use crate::interpreter::{Address, Delivery, Error, InstanceView, Value};
use crate::model::{StateId, System};
use crate::printer::Printer;
use crate::trace::Recording;

/// How many inputs can be undone.
const UNDO_LIMIT: usize = 1000;

/// The reply of the session to a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// To be shown; may be empty.
    pub text: String,
    /// What was delivered.
    pub records: Vec<Record>,
    /// A file that is to be written.
    pub save: Option<Saved>,
    /// The session has ended.
    pub quit: bool,
}

impl Reply {
    pub(super) fn says(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// Which file is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// With [`Session::script`].
    Script(String),
    /// With [`Session::write_trace`].
    Trace(String),
}

/// A person steps through a system, looking at one of its instances.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) simulation: Simulation,
    /// The instance that is looked at, existing or not.
    pub(super) focus: Address,
    /// What was done so far, without what was undone, and the deliveries that it caused.
    pub(super) done: Vec<(Input, Vec<Delivery>)>,
    /// The simulation before each of the last inputs.
    pub(super) before: Vec<Simulation>,
    /// An input that waits for the answer to a question.
    pub(super) waiting: Option<(Input, OpenQuestion)>,
    pub(super) started: bool,
}

impl Session {
    /// Starts the system, to look at `name` or `name[key]`; a key that is missing is made up. The reply says what the
    /// start did.
    ///
    /// # Errors
    /// If there is no such automaton, or the key is not valid for it.
    pub fn new(system: Arc<System>, name: &str) -> Result<(Self, Reply), Error> {
        let simulation = Simulation::new(system);
        let interpreter = simulation.interpreter();
        let focus = match interpreter.automaton(name) {
            Ok(automaton) => {
                let key = interpreter.system().automata[automaton].key.as_ref();
                Address { automaton, key: key.map(|key| sample(interpreter.system(), key.r#type)) }
            }
            Err(_) => interpreter.address(name)?,
        };
        let mut session =
            Self { simulation, focus, done: Vec::new(), before: Vec::new(), waiting: None, started: false };
        let reply = session.perform(Input::Start);
        Ok((session, reply))
    }

    /// What happened so far, without what was undone.
    #[must_use]
    pub fn trace(&self) -> Vec<Record> {
        self.records(self.done.iter().flat_map(|(_, deliveries)| deliveries))
    }

    fn records<'a>(&self, deliveries: impl IntoIterator<Item = &'a Delivery>) -> Vec<Record> {
        let system = self.simulation.interpreter().system();
        deliveries.into_iter().map(|delivery| delivery.record(system)).collect()
    }

    /// A script that does again what was done so far, without what was undone.
    #[must_use]
    pub fn script(&self) -> String {
        let mut journal = Journal::new(self.simulation.interpreter().system());
        let mut script = String::new();
        self.done.iter().for_each(|(input, deliveries)| journal.input(input, deliveries, &mut script));
        script
    }

    /// A trace of what happened so far, without what was undone; program and key are those of [`Recording::begin`].
    #[must_use]
    pub fn write_trace(&self, program: &str, key: Key) -> Vec<u8> {
        let mut recording = Recording::begin(self.simulation.interpreter().system(), program, key);
        let deliveries = self.done.iter().flat_map(|(_, deliveries)| deliveries);
        deliveries.for_each(|delivery| recording.delivery(delivery));
        recording.end()
    }

    /// The simulation as it is now.
    #[must_use]
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// The prompt.
    #[must_use]
    pub fn prompt(&self) -> String {
        match &self.waiting {
            Some((_, question)) => format!("{}? ", self.question(question)),
            None => "> ".to_owned(),
        }
    }

    /// The situation: state, variables, timers, and the events accepted here with their numbers.
    #[must_use]
    pub fn situation(&self) -> String {
        let interpreter = self.simulation.interpreter();
        let system = interpreter.system();
        let automaton = &system.automata[self.focus.automaton];
        let name = self.focus.name(system);
        let now = moment(interpreter.now_ms());
        let mut text = String::new();
        let Some(view) = interpreter.instance(&self.focus) else {
            write_line(&mut text, format!("{now}  {name} does not exist now"));
            write_choices(&mut text, &self.choices());
            if self.can_be_started_by_hand() {
                write_line(&mut text, format!("  start  starts it{}", self.parameters()));
            }
            return text;
        };
        write_line(&mut text, format!("{now}  {name} is in {}", state_path(automaton, view.state())));
        let values = |names: Vec<(&str, crate::model::Type)>, values: &[Value]| -> Vec<String> {
            let pairs = names.into_iter().zip(values);
            pairs.map(|((name, of), value)| format!("{name} = {}", shown(&value.shown(system, of)))).collect()
        };
        let variables = automaton.variables.iter().map(|variable| (variable.name.as_str(), variable.r#type)).collect();
        let variables = values(variables, view.variables());
        if !variables.is_empty() {
            write_line(&mut text, format!("  variables: {}", variables.join(", ")));
        }
        let timers: Vec<String> = timers(&view, automaton);
        if !timers.is_empty() {
            write_line(&mut text, format!("  timers: {}", timers.join(", ")));
        }
        let kept: Vec<&str> = view.kept().iter().map(|kept| automaton.events[kept.event].name.as_str()).collect();
        if !kept.is_empty() {
            write_line(&mut text, format!("  kept for later: {}", kept.join(", ")));
        }
        write_choices(&mut text, &self.choices());
        text
    }

    /// The events that the instance accepts from outside, in the order of their numbers; where there is no instance,
    /// those that make one.
    #[must_use]
    pub fn choices(&self) -> Vec<Choice> {
        let interpreter = self.simulation.interpreter();
        let system = interpreter.system();
        let automaton = &system.automata[self.focus.automaton];
        if let Some(view) = interpreter.instance(&self.focus) {
            let mut choices = choices(system, automaton, view.state());
            choices.retain(|choice| choice.from_outside);
            return choices;
        }
        let first = automaton.default_entries(StateId::ROOT).last().copied().unwrap_or(StateId::ROOT);
        let mut choices = choices(system, automaton, first);
        choices.retain(|choice| {
            let kind = &automaton.events[choice.event].kind;
            matches!(kind, crate::model::EventKind::Declared { starts: true, .. })
        });
        choices
    }

    pub(super) fn can_be_started_by_hand(&self) -> bool {
        let automaton = &self.simulation.interpreter().system().automata[self.focus.automaton];
        automaton.events.iter().all(|event| event.name != "start")
    }

    /// What a start takes: `, with delay: duration = 20s`.
    fn parameters(&self) -> String {
        let system = self.simulation.interpreter().system();
        let automaton = &system.automata[self.focus.automaton];
        let printer = Printer::new(system, automaton);
        let parameters = automaton.parameters.iter().map(|parameter| {
            let of = format!("{}: {}", parameter.name, system.type_name(parameter.r#type));
            parameter.default.as_ref().map_or(of.clone(), |default| format!("{of} = {}", printer.value(default)))
        });
        let parameters: Vec<String> = parameters.collect();
        if parameters.is_empty() { String::new() } else { format!(", with {}", parameters.join(", ")) }
    }

    /// Does an input, or asks the question that it needs answered.
    pub(super) fn perform(&mut self, input: Input) -> Reply {
        let before = self.simulation.clone();
        match self.simulation.perform(&input) {
            Ok(deliveries) => {
                // The start itself cannot be undone.
                if self.started {
                    if self.before.len() == UNDO_LIMIT {
                        self.before.remove(0);
                    }
                    self.before.push(before);
                }
                self.started = true;
                let records = self.records(&deliveries);
                let text = if input == Input::Start { self.opening(&records) } else { describe_all(&records) };
                self.done.push((input, deliveries));
                Reply { text, records, ..Reply::default() }
            }
            Err(Refusal::Question(question, error)) => {
                let expected = if let Error::Unanswered { expected, .. } = error { expected } else { String::new() };
                let text = format!("Asked: {} ({expected}; `cancel` gives up)", self.question(&question));
                self.waiting = Some((input, *question));
                Reply::says(text)
            }
            Err(Refusal::Error(error)) => Reply::says(error.to_string()),
            Err(long) => Reply::says(format!("Nothing was done: {long}.")),
        }
    }

    /// What the start of the system did, as far as it is about the automaton that is looked at, or went wrong.
    fn opening(&self, records: &[Record]) -> String {
        let own = &self.simulation.interpreter().system().automata[self.focus.automaton].name;
        let automaton = |record: &Record| record.instance.split('[').next().unwrap_or_default().to_owned();
        let shown = |record: &&Record| automaton(record) == *own || !record.faults.is_empty();
        let (shown, folded): (Vec<&Record>, Vec<&Record>) = records.iter().partition(shown);
        let others: BTreeSet<String> = folded.into_iter().map(automaton).collect();
        let line = match others.len() {
            0 => None,
            1 => Some("1 other automaton has started; `trace` shows it".to_owned()),
            count => Some(format!("{count} other automata have started; `trace` shows them")),
        };
        shown.into_iter().map(describe).chain(line).collect::<Vec<_>>().join("\n")
    }

    /// What to say when there are no more lines: nothing, unless a question is open.
    #[must_use]
    pub fn at_end_of_input(&self) -> Option<String> {
        let (_, question) = self.waiting.as_ref()?;
        Some(format!("{} was not answered: the step that asked for it was not done.", self.question(question)))
    }

    pub(super) fn question(&self, question: &OpenQuestion) -> String {
        let system = self.simulation.interpreter().system();
        question_text(system, question.automaton, question.condition, &question.arguments)
    }
}

fn describe_all<'a>(records: impl IntoIterator<Item = &'a Record>) -> String {
    records.into_iter().map(describe).collect::<Vec<_>>().join("\n")
}

/// A key to start with, if the person gave none.
pub(super) fn sample(system: &System, of: crate::model::Type) -> Value {
    ["1", "a"].iter().find_map(|text| Value::from_bare(system, of, text)).unwrap_or_else(|| Value::least(system, of))
}

/// `WORKING / KNOWN / CONNECTED`.
pub(super) fn state_path(automaton: &crate::model::Automaton, leaf: StateId) -> String {
    let mut names: Vec<&str> = automaton.outwards(leaf).map(|state| automaton.states[state].name.as_str()).collect();
    names.retain(|name| !name.is_empty());
    names.reverse();
    if names.is_empty() { "its only state".to_owned() } else { names.join(" / ") }
}

fn timers(view: &InstanceView<'_>, automaton: &crate::model::Automaton) -> Vec<String> {
    let mut running = view.timers();
    running.sort_by_key(|running| (running.deadline_ms, running.order));
    let of = |running: &crate::interpreter::Running| {
        format!("{} at {}", automaton.timer_label(running.timer), moment(running.deadline_ms))
    };
    running.iter().map(of).collect()
}

fn write_line(text: &mut String, line: String) {
    writeln!(text, "{line}").expect("writing to a String cannot fail");
}

fn write_choices(text: &mut String, choices: &[Choice]) {
    for (choice, number) in choices.iter().zip(1..) {
        write_line(text, format!("  {number:>2}  {}", choice.signature));
        for reaction in &choice.reactions {
            let from = if reaction.state.is_empty() { "everywhere" } else { &reaction.state };
            write_line(
                text,
                format!("        {} (in {from})", reaction.text).replace("(in everywhere)", "(everywhere)"),
            );
        }
    }
}
