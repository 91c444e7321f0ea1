//! What goes round for ever, found by trial runs: the interpreter runs the system, one automaton gets its events with
//! values that can make a difference, and a run that is stopped by a limit is told with the inputs that led to it.
//!
//! So is a message that is lost because its receiver is started only after it.
//!
//! That finds what the other checks do not follow: guards, `raise`, sends behind questions, history, counting. They
//! still find what lies deeper than a trial goes. Only automata that can go round at all are tried.

mod findings;
mod outcome;
mod relations;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use automata_runtime::record::{DELIVERY_LIMIT, Fault, Outcome};

use self::outcome::{Early, Round, Stopped};
use self::relations::Relations;
use super::subject::Subject;
use super::zero_timers;
use crate::codes::Code;
use crate::codes::{check_errors, warnings};
use crate::diagnostic::Diagnostic;
use crate::interpreter::{Address, ConditionAsked, Delivery, Host, Interpreter, Message, Sending, Value};
use crate::model::{
    AutomatonId, BaseType, EventId, EventKind, ParameterId, Partner, System, TimerId, TimerKind, Trigger, Type,
};
use crate::source::Span;
use crate::worlds::{Constants, Extent};

/// Deliveries of one automaton's trials, those of long runs beyond [`COST`] not counted.
const MOST_DELIVERIES: u64 = 1_000;
const COST: u64 = 125;
/// What all trials of a system share, if there are many.
const MOST_IN_ALL: u64 = 50_000;
/// What each has in any case.
const LEAST_DELIVERIES: u64 = 100;
/// Runs that seem not to end, of all trials of a system, that are followed to their limit.
const MOST_LONG_RUNS: usize = 32;
/// Automata that are there in one trial.
const MOST_THERE: usize = 16;
/// Deliveries of one input after which it seems not to end.
const SOON: u32 = 1_000;
/// Situations that a trial explores.
const MOST_POINTS: usize = 200;
/// Automata that get inputs in one trial.
const MOST_AUTOMATA: usize = 4;
/// Values that are tried of each field.
const MOST_VALUES: usize = 12;
/// The longest duration that is tried, in milliseconds: a day.
const LONGEST_MS: i128 = 86_400_000;
/// Ways in which the host answers.
const WAYS: usize = 4;

/// Warnings of the same kind: what one of them names needs no other.
const ALIKE: [&Code; 4] =
    [&warnings::ENDLESS, &warnings::ENDLESS_TIMER, &warnings::ALWAYS_TOO_LONG, &check_errors::ALWAYS_CYCLE];

pub fn check(subjects: &[Subject], findings: &mut Vec<Diagnostic>) {
    let relations = Relations::of(subjects);
    let cyclic = relations.cyclic();
    let is_tried = |of: &&Subject| cyclic.contains(&of.id) || goes_on(of) || sends_and_starts(of);
    let tried: Vec<&Subject> = subjects.iter().filter(is_tried).collect();
    // What goes round for certain would stop every trial.
    let is_certain = |finding: &Diagnostic| finding.code == &check_errors::ALWAYS_CYCLE;
    if tried.is_empty() || findings.iter().any(is_certain) {
        return;
    }
    let interpreter = Interpreter::new(Arc::new(tried[0].system.clone()));
    let most = (MOST_IN_ALL / tried.len() as u64).clamp(LEAST_DELIVERIES, MOST_DELIVERIES);
    let mut long_runs_left = MOST_LONG_RUNS;
    for subject in tried {
        let mut trial = Trial::new(subjects, &relations, subject.id, interpreter.clone(), most);
        trial.long_runs_left = long_runs_left;
        trial.run();
        long_runs_left = trial.long_runs_left;
        // Where somebody else starts the receiver too, it may be there already.
        let lost = trial.early.iter().filter(|(early, is_lost)| **is_lost && is_only_starter(subjects, early));
        for (early, _) in lost {
            let finding = self::findings::lost(&subjects[early.from.index()], early);
            findings.extend(finding.filter(|finding| !findings.iter().any(|other| is_same(other, finding))));
        }
        for finding in trial.stopped.iter().map(|stopped| self::findings::finding(subjects, stopped)) {
            let places: BTreeSet<Span> = places(&finding).collect();
            let is_told = |other: &Diagnostic| {
                ALIKE.contains(&other.code) && self::places(other).any(|place| places.contains(&place))
            };
            if !findings.iter().any(is_told) {
                findings.push(finding);
            }
        }
    }
}

fn is_same(one: &Diagnostic, other: &Diagnostic) -> bool {
    one.code == other.code && one.span == other.span
}

fn places(finding: &Diagnostic) -> impl Iterator<Item = Span> {
    [finding.span].into_iter().chain(finding.related.iter().map(|(span, _)| *span))
}

/// Whether something in it can follow from itself without anybody else.
fn goes_on(subject: &Subject) -> bool {
    let automaton = subject.automaton;
    let has_always = automaton.transitions.iter().any(|transition| transition.trigger == Trigger::Always);
    let raises = automaton.all_effects().any(|effects| effects.raises().next().is_some());
    let may_be_zero = (0..automaton.timers.len() as u32)
        .map(TimerId)
        .any(|timer| automaton.timers[timer].kind == TimerKind::After && zero_timers::lengths(subject, timer).0 <= 0);
    has_always || raises || may_be_zero
}

/// Whether it may send something to what it starts itself.
fn sends_and_starts(subject: &Subject) -> bool {
    let effects = || subject.automaton.all_effects();
    let started: BTreeSet<AutomatonId> = effects().flat_map(|of| of.starts()).map(|start| start.automaton).collect();
    effects().flat_map(|of| of.sends()).any(|send| started.contains(&send.to.automaton))
}

fn is_only_starter(subjects: &[Subject], early: &Early) -> bool {
    let others = subjects.iter().filter(|of| of.id != early.from).flat_map(|of| of.automaton.all_effects());
    others.flat_map(|effects| effects.starts()).all(|start| start.automaton != early.to)
}

struct Trial<'s, 'a> {
    subjects: &'s [Subject<'a>],
    system: Arc<System>,
    /// Before the start.
    interpreter: Interpreter,
    /// Who gets inputs.
    to: Vec<Address>,
    /// Who is there. What the others do would only stop the trial earlier.
    there: Vec<AutomatonId>,
    constants: Constants,
    values: RefCell<HashMap<Type, Rc<[Value]>>>,
    deliveries_left: u64,
    long_runs_left: usize,
    stopped: Vec<Stopped>,
    /// What went round in them: each is looked at once.
    rounds: BTreeSet<Round>,
    /// Whether it was lost whenever it was sent.
    early: BTreeMap<Early, bool>,
}

/// One input, done.
struct Run {
    next: Reached,
    is_done: bool,
    was_asked: bool,
    deliveries: Vec<Delivery>,
}

/// Where a run is, and how it got there.
#[derive(Clone)]
struct Reached {
    interpreter: Interpreter,
    inputs: Vec<String>,
}

enum Input {
    System,
    Instance(Address, Vec<(ParameterId, Value)>),
    Event(Address, EventId, Vec<Value>),
    Time(u64),
}

impl<'s, 'a> Trial<'s, 'a> {
    fn new(
        subjects: &'s [Subject<'a>],
        relations: &Relations,
        id: AutomatonId,
        interpreter: Interpreter,
        most: u64,
    ) -> Self {
        let to: Vec<AutomatonId> = relations.reaching(id).take(MOST_AUTOMATA).collect();
        let mut there: Vec<AutomatonId> = relations.around(id).take(MOST_THERE).collect();
        there.retain(|id| subjects[id.index()].automaton.key.is_none());
        there.sort();
        let of = |id: &AutomatonId| subjects[id.index()].automaton;
        let constants = Constants::of(to.iter().flat_map(|id| of(id).expressions()), 2);
        let mut trial = Trial {
            subjects,
            system: Arc::clone(interpreter.system()),
            interpreter,
            to: Vec::new(),
            there,
            constants,
            values: RefCell::default(),
            deliveries_left: most,
            long_runs_left: 0,
            stopped: Vec::new(),
            rounds: BTreeSet::new(),
            early: BTreeMap::new(),
        };
        let address = |id: AutomatonId| {
            let key = of(&id).key.as_ref().map(|key| trial.some_value(key.r#type));
            Address { automaton: id, key }
        };
        trial.to = to.into_iter().map(address).collect();
        trial
    }

    fn run(&mut self) {
        let nowhere = Reached { interpreter: self.interpreter.clone(), inputs: Vec::new() };
        let mut open: VecDeque<Reached> = self.after(&nowhere, &Input::System).into();
        for address in self.to.clone().into_iter().filter(|address| address.key.is_some()) {
            let parameters = self.subjects[address.automaton.index()].automaton.parameters.iter().zip(0..);
            let given = parameters.filter(|(parameter, _)| parameter.default.is_none());
            let given = given.map(|(parameter, id)| (ParameterId(id), self.some_value(parameter.r#type))).collect();
            let start = Input::Instance(address, given);
            open = open.iter().flat_map(|place| self.after(place, &start)).collect();
        }
        let mut seen = HashSet::new();
        open.retain(|place| seen.insert(self.situation(place)));
        let mut points = 0;
        while let Some(place) = open.pop_front() {
            points += 1;
            for input in self.inputs(&place) {
                if points > MOST_POINTS || self.deliveries_left == 0 {
                    return;
                }
                let next = self.after(&place, &input);
                open.extend(next.into_iter().filter(|place| seen.insert(self.situation(place))));
            }
        }
    }

    /// What may come next: each event that comes from outside, with some values, and the time of the next timer.
    fn inputs(&self, place: &Reached) -> Vec<Input> {
        let mut inputs: Vec<Input> = place.interpreter.next_deadline_ms().into_iter().map(Input::Time).collect();
        for address in &self.to {
            for (id, event) in self.subjects[address.automaton.index()].declared_events() {
                let EventKind::Declared { from, .. } = &event.kind else { continue };
                if !from.iter().any(|from| matches!(from, Partner::Part(_))) {
                    continue;
                }
                let base: Vec<Value> = event.fields.iter().map(|field| self.some_value(field.r#type)).collect();
                inputs.push(Input::Event(address.clone(), id, base.clone()));
                for (index, field) in event.fields.iter().enumerate() {
                    for value in self.values(field.r#type).iter().filter(|value| **value != base[index]) {
                        let mut fields = base.clone();
                        fields[index] = value.clone();
                        inputs.push(Input::Event(address.clone(), id, fields));
                    }
                }
            }
        }
        inputs
    }

    /// What tells one situation from another. The time does not matter, only what is still to come.
    fn situation(&self, place: &Reached) -> String {
        let of = |address: &Address| {
            let Some(view) = place.interpreter.instance(address) else { return "gone".to_owned() };
            let timers: Vec<TimerId> = view.timers().iter().map(|running| running.timer).collect();
            format!("{:?} {:?} {:?} {:?} {timers:?}", view.state(), view.variables(), view.history(), view.kept())
        };
        self.to.iter().map(of).collect::<Vec<_>>().join("; ")
    }

    fn some_value(&self, of: Type) -> Value {
        self.values(of).first().cloned().unwrap_or(Value::None)
    }

    /// Values from outside. Nobody outside gives a length of 0, or one that time never gets to.
    fn values(&self, of: Type) -> Rc<[Value]> {
        let known = self.values.borrow().get(&of).cloned();
        known.unwrap_or_else(|| {
            let values: Rc<[Value]> = self.some_values(of).into();
            self.values.borrow_mut().insert(of, Rc::clone(&values));
            values
        })
    }

    fn some_values(&self, of: Type) -> Vec<Value> {
        let bounds = match of.base {
            BaseType::Integer(integer) => integer.bounds(),
            _ => (1, LONGEST_MS),
        };
        let values = self.constants.samples(&self.system, of, bounds, Extent::Few).values;
        if values.len() <= MOST_VALUES {
            return values;
        }
        // The simple ones, and the largest.
        let (first, last) = (values.iter().take(MOST_VALUES - 2), values.iter().rev().take(2));
        first.chain(last).cloned().collect()
    }

    /// The places to which an input leads, for different answers.
    fn after(&mut self, place: &Reached, input: &Input) -> Vec<Reached> {
        let mut places = Vec::new();
        for way in 0..WAYS {
            let Run { next, is_done, was_asked, deliveries } = self.run_one(place, input, way, SOON);
            for (early, is_lost) in too_early(&deliveries) {
                *self.early.entry(early).or_insert(true) &= is_lost;
            }
            self.deliveries_left = self.deliveries_left.saturating_sub((deliveries.len() as u64).clamp(1, COST));
            match stopped(deliveries, &next.inputs) {
                Some(stopped) => self.stop(stopped, place, input, way),
                None if is_done => places.push(next),
                None => {}
            }
            if !was_asked || self.deliveries_left == 0 {
                break;
            }
        }
        places
    }

    /// Remembers a run that was stopped, if it is another one; where it was stopped early, only if it does not end
    /// later.
    fn stop(&mut self, stopped: Stopped, place: &Reached, input: &Input, way: usize) {
        let round = self::findings::round_of(&stopped);
        if self.rounds.contains(&round) {
            return;
        }
        let stopped = match stopped.by {
            Fault::DeliveryLimit if self.long_runs_left == 0 => return,
            Fault::DeliveryLimit => {
                self.long_runs_left -= 1;
                let Run { next, deliveries, .. } = self.run_one(place, input, way, DELIVERY_LIMIT);
                self::stopped(deliveries, &next.inputs)
            }
            _ => Some(stopped),
        };
        self.rounds.insert(round);
        self.stopped.extend(stopped);
    }

    fn run_one(&self, place: &Reached, input: &Input, way: usize, limit: u32) -> Run {
        let mut next = place.clone();
        next.interpreter.set_delivery_limit(limit);
        let mut host = Answers { trial: self, way, first: None, deliveries: Vec::new() };
        let outcome = match input {
            Input::System => {
                let all = self.there.iter().map(|&automaton| Address { automaton, key: None });
                all.into_iter().try_for_each(|of| next.interpreter.start_instance(of, Vec::new(), &mut host))
            }
            Input::Instance(address, given) => {
                next.interpreter.start_instance(address.clone(), given.clone(), &mut host)
            }
            Input::Event(address, event, fields) => {
                next.interpreter.deliver(address.clone(), *event, fields.clone(), &mut host)
            }
            Input::Time(at_ms) => next.interpreter.advance(*at_ms, &mut host),
        };
        let (first, deliveries) = (host.first, host.deliveries);
        next.inputs.push(self.shown(input, first.as_ref()));
        Run { next, is_done: outcome.is_ok(), was_asked: first.is_some(), deliveries }
    }

    fn shown(&self, input: &Input, answer: Option<&(String, String)>) -> String {
        let mut text = match input {
            Input::System => "the start".to_owned(),
            Input::Instance(address, _) => {
                format!("the start of a `{}`", self.system.automata[address.automaton].name)
            }
            Input::Time(_) => "some time".to_owned(),
            Input::Event(address, event, fields) => {
                let event = &self.system.automata[address.automaton].events[*event];
                let values = event.fields.iter().zip(fields);
                let values: Vec<String> =
                    values.map(|(field, value)| shown(&self.system, value, field.r#type)).collect();
                if values.is_empty() {
                    format!("`{}`", event.name)
                } else {
                    format!("`{}({})`", event.name, values.join(", "))
                }
            }
        };
        if let Some((question, answer)) = answer {
            text.push_str(&format!(" (where `{question}` is {answer})"));
        }
        text
    }
}

/// A host that answers in one way throughout.
struct Answers<'t, 's, 'a> {
    trial: &'t Trial<'s, 'a>,
    way: usize,
    /// The first question, and its answer, in words.
    first: Option<(String, String)>,
    deliveries: Vec<Delivery>,
}

impl Host for Answers<'_, '_, '_> {
    fn answer(&mut self, asked: &ConditionAsked<'_>) -> Option<Value> {
        let condition = &asked.system.automata[asked.address.automaton].conditions[asked.condition];
        let values = self.trial.values(condition.r#type);
        // The last value to everything, the first to everything, and two mixtures.
        let number = match self.way {
            0 => values.len().checked_sub(1)?,
            1 => 0,
            way => asked.condition.index() + way,
        };
        let value = values.get(number % values.len())?.clone();
        let (name, system) = (&condition.name, asked.system);
        self.first.get_or_insert_with(|| (name.clone(), shown(system, &value, condition.r#type)));
        Some(value)
    }

    fn delivered(&mut self, _: &System, delivery: &Delivery) {
        self.deliveries.push(delivery.clone());
    }
}

/// The run as far as the delivery that a limit has stopped, if there is one.
fn stopped(mut deliveries: Vec<Delivery>, inputs: &[String]) -> Option<Stopped> {
    let limit =
        |of: &Delivery| [Fault::MicrostepLimit, Fault::DeliveryLimit].into_iter().find(|by| of.faults.contains(by));
    let at = deliveries.iter().position(|of| limit(of).is_some())?;
    let (by, automaton) = (limit(&deliveries[at])?, deliveries[at].address.automaton);
    deliveries.truncate(at + 1);
    Some(Stopped { automaton, by, last: deliveries, inputs: inputs.to_vec() })
}

/// Messages that were sent before their sender started the receiver in the same delivery, and whether each was lost.
fn too_early(deliveries: &[Delivery]) -> Vec<(Early, bool)> {
    let mut found = Vec::new();
    for sender in deliveries {
        for (at, sent) in sender.sends.iter().enumerate() {
            let Message::Event { event, .. } = sent.message else { continue };
            let starts_it = |later: &Sending| {
                matches!(later.message, Message::Start { .. }) && (later.to, &later.who) == (sent.to, &sent.who)
            };
            if !sender.sends[at + 1..].iter().any(starts_it) {
                continue;
            }
            let is_it = |of: &&Delivery| {
                of.cause == Some(sender.sequence)
                    && of.address.automaton == sent.to
                    && matches!(of.message, Message::Event { event: of, .. } if of == event)
            };
            let is_lost = deliveries.iter().find(is_it).is_some_and(|of| of.outcome == Outcome::NoSuchInstance);
            found.push((Early { from: sender.address.automaton, to: sent.to, event }, is_lost));
        }
    }
    found
}

/// A value in an example; one that only is what it is has no name.
fn shown(system: &System, value: &Value, of: Type) -> String {
    match value {
        Value::String(_) | Value::Bytes(_) | Value::Opaque(_) => "…".to_owned(),
        Value::None => "none".to_owned(),
        value => {
            let json = value.shown(system, of);
            json.as_str().map_or_else(|| json.to_string(), str::to_owned)
        }
    }
}
