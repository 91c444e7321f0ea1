//! Other definitions beside those that a trace is replayed under: they get the same inputs and answers, and what comes
//! of each is compared.
//!
//! A replay follows the trace as far as its definitions do what the trace says. The other ones follow nothing: after
//! the first difference they are in a situation of their own, their own timers fire, and a later input may lead to the
//! same again, or to something else.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use automata_runtime::Record;
use automata_runtime::trace::LeftOut;
use serde_json::{Map, Value as Json};

use super::differences::differences;
use super::opening::{Opening, meanwhile, resume};
use super::reader::Line;
use super::replay::Watch;
use crate::interpreter::{
    ConditionAsked, Delivery, Error, Host, Interpreter, Meanwhile, SECRET, Value, is_stamp, object,
};
use crate::model::{AutomatonId, EventKind, StateId, System};

/// Timers of the other definitions, at most, that fire on the way to one input.
const OWN_TIMERS: u32 = 100_000;

/// An input with all that follows from it, under both.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The line of the input in the trace. None: a timer that is due then under the other definitions only.
    pub line: Option<u64>,
    /// Under the definitions of the replay.
    pub here: Vec<Record>,
    /// Under the other ones.
    pub there: Vec<Record>,
}

impl Step {
    /// The first deliveries that are not the same. A side that delivers no more has none.
    #[must_use]
    pub fn first_difference(&self) -> Option<(Option<&Record>, Option<&Record>)> {
        let length = self.here.len().max(self.there.len());
        let pairs = (0..length).map(|index| (self.here.get(index), self.there.get(index)));
        pairs.into_iter().find(|pair| !matches!(pair, (Some(here), Some(there)) if are_same(here, there)))
    }

    /// What it begins with.
    #[must_use]
    pub fn first(&self) -> Option<&Record> {
        self.here.first().or(self.there.first())
    }
}

/// Numbers of deliveries are others after the first difference, and properties are told apart.
fn are_same(here: &Record, there: &Record) -> bool {
    let compared = |record: &Record| Record {
        sequence: 0,
        cause: record.cause.map(|_| 0),
        violated: Vec::new(),
        ..record.clone()
    };
    differences(&compared(here), &compared(there)).is_empty()
}

/// What the comparison came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Inputs that led to the same under both.
    pub same: u64,
    /// Those that did not, and timers that one side has alone.
    pub different: u64,
    /// The first of these.
    pub steps: Vec<Step>,
    /// How many of them begin with each `automaton ← event`.
    pub kinds: BTreeMap<String, u64>,
    /// Why the other definitions could not be followed to the end, and the line of the input.
    pub stopped: Option<(u64, String)>,
    /// Instances that are not the same after the last input: name, state here, state there (none: it does not exist).
    pub apart: Vec<(String, Option<String>, Option<String>)>,
}

/// Runs the other definitions beside a replay. It is the [`Watch`] of that.
pub struct Beside {
    other: Interpreter,
    is_started: bool,
    /// Of the input at hand.
    line: u64,
    here: Vec<Record>,
    answers: Answers,
    /// Steps to keep, at most.
    limit: usize,
    comparison: Comparison,
}

impl Beside {
    /// In the situation with which the trace begins. At most `limit` differing steps are kept; all are counted.
    ///
    /// # Errors
    /// If it is no situation of these definitions.
    pub fn new(system: &Arc<System>, opening: &Opening, limit: usize) -> Result<Self, Error> {
        Ok(Self {
            other: resume(system, opening)?,
            is_started: opening.snapshot.started,
            line: 0,
            here: Vec::new(),
            answers: Answers::default(),
            limit,
            comparison: Comparison::default(),
        })
    }

    /// What it came to. `here` is the interpreter of the replay, at its end.
    #[must_use]
    pub fn finish(self, here: &Interpreter) -> Comparison {
        let (mine, others) = (states(here), states(&self.other));
        let mut apart = Vec::new();
        for name in mine.keys().chain(others.keys().filter(|name| !mine.contains_key(*name))) {
            let (here, there) = (mine.get(name), others.get(name));
            if here != there {
                apart.push((name.clone(), here.cloned(), there.cloned()));
            }
        }
        Comparison { apart, ..self.comparison }
    }

    /// Hands the input of these deliveries to the other definitions.
    fn hand_over(&mut self) -> Result<(), Error> {
        let Some(first) = self.here.first().cloned() else { return Ok(()) };
        // A start right before the event that makes the instance belongs to that event.
        let next = self.here.get(1).filter(|next| next.cause.is_none() && next.instance == first.instance);
        let made_for = next.filter(|next| self.starts(next)).cloned();
        let host = &mut self.answers;
        if first.event.starts_with("after ") || first.event.starts_with("every ") {
            return self.other.advance(first.at_ms, host);
        }
        self.other.pass(first.at_ms.max(self.other.now_ms()))?;
        if first.event != "start" {
            return deliver(&mut self.other, &first, host);
        }
        if !self.is_started && !first.instance.contains('[') && first.fields.is_empty() {
            self.is_started = true;
            return self.other.start(host);
        }
        if let Some(event) = made_for {
            return deliver(&mut self.other, &event, host);
        }
        let address = self.other.exact_address(&first.instance)?;
        let parameters = self.other.parameters(address.automaton, &first.fields)?;
        self.other.start_instance(address, parameters, host)
    }

    /// Nobody knows what the other definitions would have made of inputs that were left out. So what had a part in them
    /// is taken over as it is under the definitions of the replay.
    fn take_over(&mut self, left_out: &LeftOut) -> Result<(), Error> {
        let Meanwhile { now_ms, timer_order, mut gone, instances, .. } = meanwhile(&self.other, left_out)?;
        gone.retain(|address| self.other.instance(address).is_some());
        self.is_started = left_out.started;
        // After a difference it has counted otherwise.
        self.other.take_over(Meanwhile {
            now_ms: now_ms.max(self.other.now_ms()),
            deliveries: self.other.deliveries().saturating_add(left_out.deliveries),
            timer_order: timer_order.max(self.other.timer_starts()),
            gone,
            instances,
        })
    }

    fn starts(&self, record: &Record) -> bool {
        let name = record.instance.split('[').next().unwrap_or_default();
        let system = self.other.system();
        let automaton = system.automaton(name).map(|id| &system.automata[id]);
        let mut events = automaton.into_iter().flat_map(|automaton| &automaton.events);
        events.any(|event| event.name == record.event && matches!(event.kind, EventKind::Declared { starts: true, .. }))
    }

    /// Timers of the other definitions that are due before that time, and before any timer of the replay: those are
    /// late then, and so may these be.
    fn fire_own(&mut self, until_ms: u64, next_here_ms: Option<u64>) -> Result<(), Error> {
        let mut fired = 0;
        let until_ms = next_here_ms.map_or(until_ms, |next_ms| until_ms.min(next_ms));
        while let Some(deadline_ms) = self.other.next_deadline_ms().filter(|&deadline_ms| deadline_ms < until_ms) {
            fired += 1;
            if fired > OWN_TIMERS {
                self.stop(format!("more than {OWN_TIMERS} timers of its own are due before this input"));
                return Ok(());
            }
            self.other.advance(deadline_ms.max(self.other.now_ms()), &mut self.answers)?;
            let there = std::mem::take(&mut self.answers.deliveries);
            self.note(Step { line: None, here: Vec::new(), there });
        }
        Ok(())
    }

    fn note(&mut self, step: Step) {
        if step.first_difference().is_none() {
            self.comparison.same += 1;
            return;
        }
        self.comparison.different += 1;
        if let Some(first) = step.first() {
            let automaton = first.instance.split('[').next().unwrap_or_default();
            *self.comparison.kinds.entry(format!("{automaton} ← {}", first.event)).or_default() += 1;
        }
        if self.comparison.steps.len() < self.limit {
            self.comparison.steps.push(step);
        }
    }

    fn stop(&mut self, why: String) {
        self.comparison.stopped = Some((self.line, why));
    }
}

fn deliver(other: &mut Interpreter, record: &Record, host: &mut Answers) -> Result<(), Error> {
    let address = other.exact_address(&record.instance)?;
    let event = other.event(address.automaton, &record.event)?;
    let system = Arc::clone(other.system());
    let fields = other.fields(&system.automata[address.automaton].events[event], &record.fields)?;
    other.deliver(address, event, fields, host)
}

fn states(interpreter: &Interpreter) -> BTreeMap<String, String> {
    let system = interpreter.system();
    let instances = interpreter.instances();
    let name = |automaton: AutomatonId, state: StateId| system.automata[automaton].states[state].name.clone();
    instances.map(|view| (view.name(), name(view.address().automaton, view.state()))).collect()
}

impl Watch for Beside {
    fn before(&mut self, here: &Interpreter, at_ms: u64) {
        self.here.clear();
        if self.comparison.stopped.is_none()
            && let Err(error) = self.fire_own(at_ms, here.next_deadline_ms())
        {
            self.stop(error.to_string());
        }
    }

    fn verified(&mut self, system: &System, delivery: &Delivery, line: Line<'_>) -> bool {
        if self.here.is_empty() {
            self.line = line.number();
        }
        if self.comparison.stopped.is_none() {
            let record = delivery.traced(system);
            self.answers.learn(&record);
            self.here.push(record);
        }
        true
    }

    fn left_out(&mut self, _: &Interpreter, left_out: &LeftOut, line: Line<'_>) -> bool {
        if self.comparison.stopped.is_none() {
            self.line = line.number();
            if let Err(error) = self.take_over(left_out) {
                self.stop(format!("what was left out there cannot be taken over: {error}"));
            }
        }
        true
    }

    fn settled(&mut self, _: &Interpreter) {
        if self.comparison.stopped.is_some() || self.here.is_empty() {
            return;
        }
        if let Err(error) = self.hand_over() {
            self.stop(error.to_string());
            return;
        }
        self.answers.age();
        let (here, there) = (std::mem::take(&mut self.here), std::mem::take(&mut self.answers.deliveries));
        self.note(Step { line: Some(self.line), here, there });
    }
}

/// Answers as the trace does: each delivery of an input gets what the same question of the same instance got in the
/// trace, in order; without such an answer, the last one before it.
#[derive(Default)]
struct Answers {
    fresh: HashMap<(String, String), VecDeque<Json>>,
    known: HashMap<(String, String), Json>,
    deliveries: Vec<Record>,
}

impl Answers {
    fn learn(&mut self, record: &Record) {
        for asked in record.conditions.iter().filter(|asked| !asked.ask.contains(' ')) {
            let mut learn = |arguments: &Map<String, Json>| {
                let question = (record.instance.clone(), question(&asked.ask, arguments));
                self.fresh.entry(question).or_default().push_back(asked.answer.clone());
            };
            learn(&asked.arguments);
            // A secret that stands in the definitions is asked about as itself, and shown as any.
            if asked.arguments.values().any(is_stamp) {
                let hide = |json: &Json| if is_stamp(json) { Json::from(SECRET) } else { json.clone() };
                learn(&asked.arguments.iter().map(|(name, json)| (name.clone(), hide(json))).collect());
            }
        }
    }

    /// The input is over.
    fn age(&mut self) {
        for (question, mut answers) in self.fresh.drain() {
            if let Some(last) = answers.pop_back() {
                self.known.insert(question, last);
            }
        }
    }
}

fn question(condition: &str, arguments: &Map<String, Json>) -> String {
    format!("{condition}{}", Json::from(arguments.clone()))
}

impl Host for Answers {
    fn answer(&mut self, asked: &ConditionAsked<'_>) -> Option<Value> {
        let condition = &asked.system.automata[asked.address.automaton].conditions[asked.condition];
        let arguments = object(asked.system, &condition.arguments, asked.arguments);
        let instance = asked.address.name(asked.system);
        let question = (instance, question(&condition.name, &arguments));
        if let Some(answer) = self.fresh.get_mut(&question).and_then(VecDeque::pop_front) {
            self.known.insert(question.clone(), answer);
        }
        Value::from_json(asked.system, condition.r#type, self.known.get(&question)?)
    }

    fn delivered(&mut self, system: &System, delivery: &Delivery) {
        self.deliveries.push(delivery.traced(system));
    }
}
