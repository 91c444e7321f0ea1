//! Runs a trace again and compares every delivery with its line.
//!
//! A line without a cause is an input, unless the interpreter still has to deliver it: a recalled event keeps its
//! cause, and everything due at one time is one input. So the interpreter gets an input only when it has finished the
//! one before. While it runs, it asks for the lines as it reaches them: the answers to its conditions are in the line
//! of the delivery that it is about to make.

use std::sync::Arc;

use automata_runtime::Record;
use automata_runtime::trace::{LeftOut, Snapshot};
use serde_json::{Map, Value as Json};

use super::differences::{differences, parts_at_ms};
use super::input::{Input, plain_fields, plain_value};
use super::line::Writer;
use super::opening::{Opening, meanwhile, resume};
use super::reader::{Block, Ending, Line, TraceError};
use super::scan::behind;
use crate::hash::model_hash;
use crate::interpreter::{
    Address, ConditionAsked, Delivery, Error, Host, Interpreter, Pending, SECRET, Value, is_stamp,
};
use crate::model::{EventId, EventKind, System, Type};

/// Where the definitions and the trace differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Parting {
    /// The line of the file, from 1.
    pub line: u64,
    /// What the trace says; none: it has ended, or leaves something out.
    pub expected: Option<Box<Record>>,
    /// What the definitions do.
    pub why: Why,
}

/// How they differ.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// The delivery is another, or has other effects.
    Differs(Box<Record>),
    /// There is no such delivery: the definitions have nothing to deliver here.
    NoDelivery,
    /// A timer is due before this line, and the trace, which does not say when it was due there, has no such delivery.
    Due {
        /// `name[key]`.
        instance: String,
        /// `after name in STATE`.
        timer: String,
        /// When.
        due_ms: u64,
    },
    /// A condition is asked that the line has no answer for: of that instance, as a person would write it.
    Unanswered {
        /// `name[key]`.
        instance: String,
        /// `best_transport(tcp)`.
        question: String,
    },
    /// An input or a situation is not of these definitions: there is no such event, state, field and so on.
    Unknown(String),
}

impl Parting {
    /// The time from which the two differ in effect, in milliseconds: for a timer that is due at another time, the
    /// earlier one. None where a situation is not of these definitions.
    #[must_use]
    pub fn at_ms(&self) -> Option<u64> {
        match (&self.why, &self.expected) {
            (Why::Due { due_ms, .. }, _) => Some(*due_ms),
            (Why::Differs(found), Some(expected)) => Some(parts_at_ms(expected, found)),
            (Why::Differs(found), None) => Some(found.at_ms),
            (_, expected) => expected.as_ref().map(|expected| expected.at_ms),
        }
    }
}

/// The result of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Deliveries that agree.
    pub verified: u64,
    /// Inputs among them.
    pub inputs: u64,
    /// Time of the last of them.
    pub at_ms: u64,
    /// Deliveries that the trace leaves out: what came of them was taken over from it.
    pub left_out: u64,
    /// The first place where something differs.
    pub parting: Option<Parting>,
    /// The trace ends within an input: what followed from it was no longer written.
    pub is_incomplete: bool,
    /// How the trace ended, if the replay reached its end.
    pub ending: Option<Ending>,
    /// What is wrong with the line after the last one read.
    pub error: Option<TraceError>,
    /// The first properties that these definitions say are violated, each with the number of the delivery.
    pub violated: Vec<(u64, String)>,
}

/// Violated properties in a summary, at most.
const VIOLATIONS_SHOWN: usize = 100;

impl Summary {
    /// The situation of the snapshot is not of these definitions.
    #[must_use]
    pub fn parted(parting: Parting) -> Self {
        Self { parting: Some(parting), ..Self::nothing() }
    }

    fn nothing() -> Self {
        Self {
            verified: 0,
            inputs: 0,
            at_ms: 0,
            left_out: 0,
            parting: None,
            is_incomplete: false,
            ending: None,
            error: None,
            violated: Vec::new(),
        }
    }
}

/// Sees what was verified.
pub trait Watch {
    /// A delivery that agrees with its line. False: neither this one nor any more is needed.
    fn verified(&mut self, system: &System, delivery: &Delivery, line: Line<'_>) -> bool;

    /// Deliveries that the trace leaves out; the interpreter has taken over what came of them. False: no more is needed.
    fn left_out(&mut self, interpreter: &Interpreter, left_out: &LeftOut, line: Line<'_>) -> bool {
        let _ = (interpreter, left_out, line);
        true
    }

    /// An input comes next, or something was left out, at that time; the interpreter is as the one before left it.
    fn before(&mut self, interpreter: &Interpreter, at_ms: u64) {
        let _ = (interpreter, at_ms);
    }

    /// All that follows from an input was verified, and the interpreter is as the input left it.
    fn settled(&mut self, interpreter: &Interpreter) {
        let _ = interpreter;
    }
}

/// Sees nothing.
impl Watch for () {
    fn verified(&mut self, _: &System, _: &Delivery, _: Line<'_>) -> bool {
        true
    }
}

/// Where lines come from: the next ones, or how the trace ended.
pub type Blocks<'a> = dyn FnMut() -> Result<Next, TraceError> + 'a;

/// What comes next.
pub enum Next {
    /// Some lines.
    Block(Block),
    /// None.
    End(Ending),
}

/// A replay of a trace under some definitions.
pub struct Replay {
    interpreter: Interpreter,
    is_started: bool,
    /// The lines say which timers started, and when they are due.
    tells_timers: bool,
    /// The snapshot says which number the next start of a timer has.
    tells_order: bool,
    /// Timers may come late: the trace was made under these definitions, or says when they are due.
    may_be_late: bool,
}

impl Replay {
    /// In the situation of the snapshot.
    ///
    /// # Errors
    /// If it is not of these definitions: they differ before the first delivery.
    pub fn new(system: &Arc<System>, opening: &Opening) -> Result<Self, Parting> {
        match resume(system, opening) {
            Ok(interpreter) => {
                let tells_timers = opening.first.timers;
                let may_be_late = tells_timers || opening.first.model == model_hash(system);
                let Snapshot { started: is_started, timer_order, .. } = opening.snapshot;
                let tells_order = timer_order.is_some();
                Ok(Self { interpreter, is_started, tells_timers, tells_order, may_be_late })
            }
            Err(error) => Err(Parting { line: 2, expected: None, why: Why::Unknown(error.to_string()) }),
        }
    }

    /// As it is now.
    #[must_use]
    pub fn interpreter(&self) -> &Interpreter {
        &self.interpreter
    }

    /// Runs until the trace ends or cannot be read, something differs, or no more is needed.
    pub fn run(&mut self, blocks: &mut Blocks<'_>, watch: &mut dyn Watch) -> Summary {
        let system = Arc::clone(self.interpreter.system());
        let mut host = Lines {
            feed: Feed { blocks, block: Block::default(), index: 0, later: None, ending: None, error: None },
            writer: if self.tells_timers { Writer::new(&system) } else { Writer::without_timers(&system) },
            written: Vec::new(),
            tells_timers: self.tells_timers,
            summary: Summary::nothing(),
            given: Vec::new(),
            is_over: false,
            watch,
        };
        while !host.is_over
            && let Some(line) = host.feed.peek(0)
        {
            let (number, at_ms, is_input) = (line.number(), line.at_ms(), line.cause().is_none());
            if line.left_out().is_some() {
                self.take_over(&mut host);
                continue;
            }
            let before = host.feed.taken();
            if let Some(why) = self.overdue(at_ms).filter(|_| is_input) {
                host.part(number, why);
                break;
            }
            host.watch.before(&self.interpreter, at_ms);
            let outcome = self.input(&mut host);
            host.summary.inputs += u64::from(host.feed.taken() != before);
            if host.is_over || host.feed.error.is_some() {
                break;
            }
            let why = match outcome {
                Err(Error::Unanswered { instance, question, .. }) => Why::Unanswered { instance, question },
                Err(error) => Why::Unknown(error.to_string()),
                // Nothing was delivered.
                Ok(()) if host.feed.taken() == before => Why::NoDelivery,
                Ok(()) => {
                    host.watch.settled(&self.interpreter);
                    continue;
                }
            };
            let number = host.feed.peek(0).map_or(number, |line| line.number());
            host.part(number, why);
        }
        let (ending, error) = (host.feed.ending, host.feed.error);
        Summary { ending, error, ..host.summary }
    }

    /// The next line says what was left out.
    fn take_over(&mut self, host: &mut Lines<'_, '_>) {
        let Lines { feed, watch, summary, is_over, .. } = host;
        let Some(line) = feed.peek(0) else { return };
        let Some(left_out) = line.left_out() else { return };
        if !self.tells_order {
            let problem = "the line leaves something out, but the snapshot of this trace has no `timer_order`";
            feed.error = Some(TraceError::new(line.number(), problem));
            *is_over = true;
            return;
        }
        watch.before(&self.interpreter, left_out.from_ms);
        let taken = meanwhile(&self.interpreter, left_out).and_then(|meanwhile| self.interpreter.take_over(meanwhile));
        if let Err(error) = taken {
            let number = line.number();
            return host.part(number, Why::Unknown(error.to_string()));
        }
        self.is_started = left_out.started;
        *is_over = !watch.left_out(&self.interpreter, left_out, line);
        if !*is_over {
            summary.left_out += left_out.deliveries;
            feed.index += 1;
        }
    }

    /// The timer that is due before that time, if only another length can explain it: under its own definitions a trace
    /// may have late timers, and a trace that says when they are due is compared by that.
    fn overdue(&self, at_ms: u64) -> Option<Why> {
        let is_overdue = |first: &Pending| !self.may_be_late && first.deadline_ms < at_ms;
        let first = self.interpreter.next_timer().filter(is_overdue)?;
        let system = self.interpreter.system();
        let timer = system.automata[first.address.automaton].timer_label(first.timer);
        Some(Why::Due { instance: first.address.name(system), timer, due_ms: first.deadline_ms })
    }

    /// Hands the input of the next line to the interpreter.
    fn input(&mut self, host: &mut Lines<'_, '_>) -> Result<(), Error> {
        let Some(line) = host.feed.peek(0).filter(|line| line.cause().is_none()) else { return Ok(()) };
        let at_ms = line.at_ms();
        if let Some(Input { address, event, fields }) = host.feed.take_input() {
            self.interpreter.pass(at_ms)?;
            return self.interpreter.deliver(address, event, fields, host);
        }
        let Some(line) = host.feed.peek(0) else { return Ok(()) };
        let event = line.event();
        if is_timer(&event) {
            return self.interpreter.advance(at_ms, host);
        }
        self.interpreter.pass(at_ms)?;
        if event != "start" {
            let (address, event, fields) = self.event(line)?;
            return self.interpreter.deliver(address, event, fields, host);
        }
        let instance = line.instance();
        if !self.is_started && !instance.contains('[') && line.fields().is_empty() {
            self.is_started = true;
            return self.interpreter.start(host);
        }
        let address = self.interpreter.exact_address(&instance)?;
        let fields = object(line.fields());
        if fields.is_empty() && self.interpreter.instance(&address).is_none() {
            let instance = instance.into_owned();
            let next = host.feed.peek(1).filter(|next| next.cause().is_none() && next.at_ms() == at_ms);
            if let Some(next) = next.filter(|next| self.makes(&address, next) && next.instance() == instance) {
                let (address, event, fields) = self.event(next)?;
                return self.interpreter.deliver(address, event, fields, host);
            }
        }
        let parameters = self.interpreter.parameters(address.automaton, &fields)?;
        self.interpreter.start_instance(address, parameters, host)
    }

    /// The event of a line, by the names of these definitions.
    fn event(&self, line: Line<'_>) -> Result<(Address, EventId, Vec<Value>), Error> {
        let address = self.interpreter.exact_address(&line.instance())?;
        let event = self.interpreter.event(address.automaton, &line.event())?;
        let system = self.interpreter.system();
        let declared = &system.automata[address.automaton].events[event];
        let fields = match plain_fields(system, &declared.fields, line.fields()) {
            Some(fields) => fields,
            None => self.interpreter.fields(declared, &object(line.fields()))?,
        };
        Ok((address, event, fields))
    }

    /// Whether a start is made for that event: one that `starts`, and comes right after it.
    fn makes(&self, address: &Address, next: &Line<'_>) -> bool {
        let name = next.event();
        let events = &self.interpreter.system().automata[address.automaton].events;
        let declared = events.iter().find(|event| event.name == name);
        declared.is_some_and(|event| matches!(event.kind, EventKind::Declared { starts: true, .. }))
    }
}

/// `after length in STATE`, `every length in STATE`: events have no spaces in their names, and no automaton is called
/// so.
fn is_timer(event: &str) -> bool {
    event.starts_with("after ") || event.starts_with("every ")
}

fn object(text: &str) -> Map<String, Json> {
    if text.is_empty() { Map::new() } else { serde_json::from_str(text).unwrap_or_default() }
}

/// The lines, with those read ahead.
struct Feed<'b, 'f> {
    blocks: &'b mut Blocks<'f>,
    block: Block,
    index: usize,
    later: Option<Block>,
    ending: Option<Ending>,
    error: Option<TraceError>,
}

impl Feed<'_, '_> {
    /// The line that comes next (0), or the one after it (1).
    fn peek(&mut self, ahead: usize) -> Option<Line<'_>> {
        while self.index >= self.block.len() && self.fetch_next() {}
        let beyond = (self.index + ahead).checked_sub(self.block.len());
        match beyond {
            None => self.block.line(self.index + ahead),
            Some(_) if self.block.is_empty() => None,
            Some(place) => {
                if self.later.is_none() {
                    self.later = self.fetch();
                }
                self.later.as_ref()?.line(place)
            }
        }
    }

    /// Moves to the next block; false: there is none.
    fn fetch_next(&mut self) -> bool {
        match self.later.take().or_else(|| self.fetch()) {
            Some(block) => {
                (self.block, self.index) = (block, 0);
                true
            }
            None => false,
        }
    }

    fn fetch(&mut self) -> Option<Block> {
        while self.ending.is_none() && self.error.is_none() {
            match (self.blocks)() {
                Ok(Next::Block(block)) if block.is_empty() => {}
                Ok(Next::Block(block)) => return Some(block),
                Ok(Next::End(ending)) => self.ending = Some(ending),
                Err(error) => self.error = Some(error),
            }
        }
        None
    }

    /// The next line as an input, if the reader has made one of it.
    fn take_input(&mut self) -> Option<Input> {
        self.block.take_input(self.index)
    }

    /// Identifies a place in the trace.
    fn taken(&self) -> u64 {
        self.block.line(self.index).map_or(0, |line| line.number())
    }
}

/// The host of a replay: gives the recorded answers, and compares.
struct Lines<'w, 'f> {
    feed: Feed<'w, 'f>,
    writer: Writer,
    written: Vec<u8>,
    tells_timers: bool,
    summary: Summary,
    /// Places of the answers that this delivery has been given.
    given: Vec<usize>,
    /// Nothing more is to be compared.
    is_over: bool,
    watch: &'w mut dyn Watch,
}

#[derive(serde::Deserialize)]
struct Answer {
    ask: String,
    #[serde(default)]
    arguments: Map<String, Json>,
    answer: Json,
}

impl Lines<'_, '_> {
    fn part(&mut self, line: u64, why: Why) {
        self.is_over = true;
        let delivery = self.feed.peek(0).filter(|line| line.left_out().is_none());
        match delivery.map(|line| line.record()).transpose() {
            Ok(expected) => self.summary.parting = Some(Parting { line, expected: expected.map(Box::new), why }),
            // Nothing can be said about a line that means nothing.
            Err(error) => self.feed.error = Some(error),
        }
    }

    /// What the line would be, in the version of the trace.
    fn traced(&self, system: &System, delivery: &Delivery) -> Record {
        if self.tells_timers { delivery.traced(system) } else { delivery.record(system) }
    }

    /// The definitions continue where the trace does not: it is cut off, or they do more.
    fn nothing_left(&mut self, why: Why) {
        self.is_over = true;
        if self.feed.ending == Some(Ending::Ended) {
            let last = self.feed.block.len().checked_sub(1).and_then(|last| self.feed.block.line(last));
            let line = last.map_or(3, |last| last.number() + 1);
            self.summary.parting = Some(Parting { line, expected: None, why });
        } else {
            self.summary.is_incomplete = true;
        }
    }
}

impl Host for Lines<'_, '_> {
    fn answer(&mut self, asked: &ConditionAsked<'_>) -> Option<Value> {
        if self.is_over {
            return None;
        }
        let condition = &asked.system.automata[asked.address.automaton].conditions[asked.condition];
        let Some(line) = self.feed.peek(0) else {
            self.nothing_left(Why::Unanswered {
                instance: asked.address.name(asked.system),
                question: asked.question(),
            });
            return None;
        };
        // Nearly always it is as our own writer would write it.
        self.written.clear();
        let (system, asking) = (asked.system, asked.address.automaton);
        self.writer.question(system, asking, asked.condition, asked.arguments, &mut self.written);
        let plain = behind(line.conditions(), &self.written);
        if let Some((answer, _)) = plain.and_then(|text| plain_value(asked.system, condition.r#type, text)) {
            return Some(answer);
        }
        let answers: Vec<Answer> = serde_json::from_str(line.conditions()).ok()?;
        let is_as_asked = |answer: &Answer, agree: &dyn Fn(Type, &Json, &Value) -> bool| {
            answer.ask == condition.name
                && answer.arguments.len() == condition.arguments.len()
                && condition.arguments.iter().zip(asked.arguments).all(|(place, value)| {
                    answer.arguments.get(&place.name).is_some_and(|json| agree(place.r#type, json, value))
                })
        };
        let equal =
            |of: Type, json: &Json, value: &Value| Value::from_json(asked.system, of, json).as_ref() == Some(value);
        // A secret that stands in the definitions is known here, and hidden in the trace. Its questions come in the
        // order of the trace.
        let alike = |of: Type, json: &Json, value: &Value| {
            equal(of, json, value) || is_stamp(json) && value.shown(asked.system, of).as_str() == Some(SECRET)
        };
        let place = answers.iter().position(|answer| is_as_asked(answer, &equal)).or_else(|| {
            let alike: Vec<usize> = (0..answers.len()).filter(|&at| is_as_asked(&answers[at], &alike)).collect();
            alike.iter().find(|at| !self.given.contains(at)).or(alike.last()).copied()
        })?;
        self.given.push(place);
        Value::from_json(asked.system, condition.r#type, &answers[place].answer)
    }

    fn delivered(&mut self, system: &System, delivery: &Delivery) {
        if self.is_over {
            return;
        }
        self.given.clear();
        self.written.clear();
        self.writer.write(system, delivery, &mut self.written);
        let Some(line) = self.feed.peek(0) else {
            let found = self.traced(system, delivery);
            return self.nothing_left(Why::Differs(Box::new(found)));
        };
        // What is left out begins with an input, so nothing of the one at hand is missing.
        if line.left_out().is_some() {
            let number = line.number();
            let found = self.traced(system, delivery);
            return self.part(number, Why::Differs(Box::new(found)));
        }
        if line.text().as_bytes() != self.written.as_slice() {
            let number = line.number();
            match line.record() {
                Ok(expected) => {
                    let found = self.traced(system, delivery);
                    // Not every program checks its properties; what these definitions say about them is in the summary.
                    let without = |record: &Record| Record { violated: Vec::new(), ..record.clone() };
                    if !differences(&without(&expected), &without(&found)).is_empty() {
                        self.part(number, Why::Differs(Box::new(found)));
                        return;
                    }
                }
                Err(error) => {
                    self.feed.error = Some(error);
                    self.is_over = true;
                    return;
                }
            }
        }
        if let Some(line) = self.feed.block.line(self.feed.index)
            && !self.watch.verified(system, delivery, line)
        {
            self.is_over = true;
            return;
        }
        if !delivery.violated.is_empty() && self.summary.violated.len() < VIOLATIONS_SHOWN {
            let properties = delivery.violations(system).into_iter();
            self.summary.violated.extend(properties.map(|property| (delivery.sequence, property)));
        }
        self.summary.verified += 1;
        self.summary.at_ms = delivery.at_ms;
        self.feed.index += 1;
    }
}
