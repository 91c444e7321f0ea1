//! The bus: one queue, one table of instances for each automaton, timers on a given time (`docs/SEMANTICS.md`, section
//! 4).

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use automata_runtime::record::{DELIVERY_LIMIT, Fault, Outcome, QUEUE_LIMIT};

use super::delivery::{Address, Delivery, Message};
use super::error::Evaluated;
use super::host::Host;
use super::instances::{Data, Entry, KeptEvents, Table};
use super::program::Program;
use super::queue::{Destination, Queue, Queued};
use super::step::Step;
use super::timers::Timers;
use super::value::Value;
use super::watchers::OfInstance;
use crate::model::{AutomatonId, BaseType, ParameterId, StateId, TimerId, TimerKind};

/// Everything that changes.
#[derive(Clone, Debug)]
pub(super) struct Bus {
    /// By [`AutomatonId`]. Copies of a bus share what they do not change.
    pub tables: Vec<Arc<Table>>,
    pub queue: Queue,
    /// Of one input.
    pub delivery_limit: u32,
    pub timers: Timers,
    pub now_ms: u64,
    /// Deliveries so far.
    pub sequence: u64,
    /// Instances so far.
    pub created: u64,
    /// By automaton, then parameter: what an instance has unless its start says otherwise.
    pub settings: Arc<Vec<Vec<Option<Value>>>>,
    /// The properties that are violated now.
    pub violated: BTreeSet<OfInstance>,
    /// The last delivery, whose eight lists keep their memory.
    spare: Option<Box<Delivery>>,
}

/// How many deliveries one input may still cause, and up to when timers belong to it.
struct Allowance {
    deliveries: u32,
    timers_until_ms: Option<u64>,
}

impl Bus {
    pub fn new(program: &Program) -> Self {
        let settings = program.system.automata.iter().map(|automaton| {
            automaton.parameters.iter().map(|parameter| parameter.default.as_ref().map(Value::from)).collect()
        });
        Self {
            tables: vec![Arc::default(); program.plans.len()],
            queue: Queue { messages: VecDeque::new(), limit: QUEUE_LIMIT },
            delivery_limit: DELIVERY_LIMIT,
            timers: Timers::default(),
            now_ms: 0,
            sequence: 0,
            created: 0,
            settings: Arc::new(settings.collect()),
            violated: BTreeSet::new(),
            spare: None,
        }
    }

    /// Handles what is in the queue, which one input from outside put there, and all that follows.
    pub fn input(&mut self, program: &Program, host: &mut dyn Host) -> Evaluated<()> {
        self.drain(program, host, &mut Allowance { deliveries: self.delivery_limit, timers_until_ms: None })
    }

    /// Delivers what is due, each with all that follows from it before the next.
    pub fn advance(&mut self, program: &Program, now_ms: u64, host: &mut dyn Host) -> Evaluated<()> {
        self.now_ms = now_ms;
        let mut allowance = Allowance { deliveries: self.delivery_limit, timers_until_ms: Some(now_ms) };
        while allowance.deliveries > 0
            && let Some((deadline_ms, (automaton, number, timer))) = self.timers.first()
            && deadline_ms <= now_ms
        {
            let kind = program.system.automata[automaton].timers[timer].kind;
            self.timer_fires(kind, automaton, number, timer);
            self.existing(program, automaton, number, Message::Timer(timer), None, host, &mut allowance)?;
            self.drain(program, host, &mut allowance)?;
        }
        Ok(())
    }

    /// `after` is over; `every` is due again at its first beat after now.
    fn timer_fires(&mut self, kind: TimerKind, automaton: AutomatonId, number: u64, timer: TimerId) {
        let now_ms = self.now_ms;
        let Some(data) =
            Arc::make_mut(&mut self.tables[automaton.index()]).get_mut(number).and_then(|entry| entry.data.as_mut())
        else {
            return;
        };
        let Some(index) = data.running.iter().position(|running| running.timer == timer) else { return };
        let running = data.running[index];
        self.timers.stop(running.deadline_ms, running.order);
        let next_ms = match kind {
            TimerKind::After => None,
            TimerKind::Every => next_beat(running.deadline_ms, running.interval_ms, now_ms),
        };
        match next_ms {
            Some(deadline_ms) => {
                data.running[index].deadline_ms = deadline_ms;
                self.timers.repeat(deadline_ms, running.order, automaton, number, timer);
            }
            None => {
                data.running.remove(index);
            }
        }
    }

    fn drain(&mut self, program: &Program, host: &mut dyn Host, allowance: &mut Allowance) -> Evaluated<()> {
        while allowance.deliveries > 0
            && let Some(mut queued) = self.queue.messages.pop_front()
        {
            let (automaton, number) = match &queued.to {
                Destination::Instance(automaton, number) => (*automaton, Some(*number)),
                Destination::Address(address) => {
                    (address.automaton, self.tables[address.automaton.index()].number(address.key.as_ref()))
                }
            };
            match (number, &queued.message) {
                (Some(_), Message::Start { .. }) => {
                    self.without_step(program, queued, Outcome::AlreadyThere, host, allowance);
                }
                (Some(number), _) => {
                    self.existing(program, automaton, number, queued.message, queued.cause, host, allowance)?;
                }
                (None, _) if !can_exist(program, &queued.to) => {
                    self.without_step(program, queued, Outcome::NoSuchInstance, host, allowance);
                }
                (None, Message::Start { .. }) => self.start(program, queued, host, allowance)?,
                (None, Message::Event { event, .. })
                    if program.plans[automaton.index()].starts[event.index()] && !queued.started =>
                {
                    let start =
                        Queued { message: Message::Start { parameters: Vec::new() }, to: queued.to.clone(), ..queued };
                    queued.started = true;
                    self.queue.messages.push_front(queued);
                    self.start(program, start, host, allowance)?;
                }
                (None, Message::Event { event, .. })
                    if program.plans[automaton.index()].is_observation[event.index()] => {}
                (None, _) => self.without_step(program, queued, Outcome::NoSuchInstance, host, allowance),
            }
        }
        Ok(())
    }

    /// A delivery that reaches no instance, or changes nothing in it.
    fn without_step(
        &mut self,
        program: &Program,
        queued: Queued,
        outcome: Outcome,
        host: &mut dyn Host,
        allowance: &mut Allowance,
    ) {
        let Destination::Address(address) = queued.to else { return };
        let table = &self.tables[address.automaton.index()];
        let leaf = table.number(address.key.as_ref()).and_then(|number| table.get(number)).and_then(|entry| entry.leaf);
        let mut delivery = self.delivery(address, queued.message, queued.cause);
        (delivery.outcome, delivery.before, delivery.after) = (outcome, leaf, leaf);
        self.complete(program, delivery, false, host, allowance);
    }

    fn start(
        &mut self,
        program: &Program,
        queued: Queued,
        host: &mut dyn Host,
        allowance: &mut Allowance,
    ) -> Evaluated<()> {
        let Destination::Address(Address { automaton, key }) = queued.to else { return Ok(()) };
        let declared = &program.system.automata[automaton];
        let given = |id: ParameterId| match &queued.message {
            Message::Start { parameters } => parameters.iter().find(|(with, _)| *with == id).map(|(_, value)| value),
            _ => None,
        };
        let settings = self.settings[automaton.index()].iter();
        let parameters = settings.zip(0..).map(|(setting, index)| {
            given(ParameterId(index)).or(setting.as_ref()).cloned().unwrap_or_else(|| {
                // The compiler refuses starts that leave such a parameter out, and so does the interface to the
                // outside.
                Value::least(&program.system, declared.parameters[index as usize].r#type)
            })
        });
        let data = Box::new(Data {
            active: StateId::ROOT,
            parameters: parameters.collect(),
            variables: declared.variables.iter().map(|variable| Value::from(&variable.initial)).collect(),
            history: vec![None; declared.states.len()],
            kept: KeptEvents::default(),
            running: Vec::new(),
        });
        let number = self.created;
        self.created += 1;
        Arc::make_mut(&mut self.tables[automaton.index()]).insert(number, Entry { key, leaf: None, data: Some(data) });
        self.existing(program, automaton, number, queued.message, queued.cause, host, allowance)
    }

    /// A delivery to an instance that exists, and the recalls that it makes possible.
    #[allow(clippy::too_many_arguments, reason = "a delivery is all of these")]
    fn existing(
        &mut self,
        program: &Program,
        automaton: AutomatonId,
        number: u64,
        message: Message,
        cause: Option<u64>,
        host: &mut dyn Host,
        allowance: &mut Allowance,
    ) -> Evaluated<()> {
        let (mut message, mut cause) = (message, cause);
        loop {
            let Some(entry) = Arc::make_mut(&mut self.tables[automaton.index()]).get_mut(number) else { return Ok(()) };
            let Some(mut data) = entry.data.take() else { return Ok(()) };
            let (before, key) = (entry.leaf, entry.key.clone());
            // The message is moved out once it has been handled.
            let nothing = Message::Start { parameters: Vec::new() };
            let mut delivery = self.delivery(Address { automaton, key }, nothing, cause);
            delivery.before = before;
            let mut step = Step::new(
                program,
                number,
                &mut data,
                &self.tables,
                &mut self.queue,
                &mut self.timers,
                &mut delivery,
                host,
            );
            step.handle(&message)?;
            let finished = step.finished;
            let recall = if finished { None } else { step.recallable() };
            delivery.message = message;
            delivery.after = Some(data.active);
            if finished {
                self.remove(automaton, number, &data);
            } else {
                let recalled = recall.filter(|_| allowance.deliveries > 1).and_then(|event| data.kept.take(event));
                let table = Arc::make_mut(&mut self.tables[automaton.index()]);
                table.move_to(number, data.active);
                if let Some(entry) = table.get_mut(number) {
                    entry.data = Some(data);
                }
                if let Some(kept) = recalled {
                    self.look_at_properties(program, automaton, number, &mut delivery);
                    self.complete(program, delivery, true, host, allowance);
                    message = Message::Event { event: kept.event, fields: kept.fields };
                    cause = kept.cause;
                    continue;
                }
            }
            self.look_at_properties(program, automaton, number, &mut delivery);
            self.complete(program, delivery, recall.is_some(), host, allowance);
            return Ok(());
        }
    }

    pub fn remove(&mut self, automaton: AutomatonId, number: u64, data: &Data) {
        for running in &data.running {
            self.timers.stop(running.deadline_ms, running.order);
        }
        Arc::make_mut(&mut self.tables[automaton.index()]).remove(number);
        let is_for_it = |queued: &Queued| match queued.to {
            Destination::Instance(of, which) => of == automaton && which == number,
            Destination::Address(_) => false,
        };
        self.queue.messages.retain(|queued| !is_for_it(queued));
    }

    fn delivery(&mut self, address: Address, message: Message, cause: Option<u64>) -> Box<Delivery> {
        let sequence = self.sequence;
        self.sequence += 1;
        match self.spare.take() {
            Some(mut spare) => {
                spare.begin(sequence, self.now_ms, cause, address, message);
                spare
            }
            None => Box::new(Delivery::new(sequence, self.now_ms, cause, address, message)),
        }
    }

    /// Counts the delivery, ends the input if it was the last one allowed, and reports it.
    fn complete(
        &mut self,
        program: &Program,
        mut delivery: Box<Delivery>,
        recall_waits: bool,
        host: &mut dyn Host,
        allowance: &mut Allowance,
    ) {
        allowance.deliveries -= 1;
        if allowance.deliveries == 0 {
            let is_due = |until_ms| self.timers.first().is_some_and(|(deadline_ms, _)| deadline_ms <= until_ms);
            if recall_waits || self.queue.len() > 0 || allowance.timers_until_ms.is_some_and(is_due) {
                delivery.note(Fault::DeliveryLimit);
                self.queue.messages.clear();
            }
        }
        host.delivered(&program.system, &delivery);
        self.spare = Some(delivery);
    }
}

/// Whether an instance can have that key: a number may be outside of the key's type.
fn can_exist(program: &Program, to: &Destination) -> bool {
    let Destination::Address(Address { automaton, key: Some(Value::Integer(key)) }) = to else { return true };
    match program.system.automata[*automaton].key.as_ref().map(|key| key.r#type.base) {
        Some(BaseType::Integer(of)) => (of.bounds().0..=of.bounds().1).contains(key),
        _ => true,
    }
}

/// The first beat after `now_ms` of an `every` that was due at `deadline_ms`; `None` if time ends before it.
fn next_beat(deadline_ms: u64, interval_ms: u64, now_ms: u64) -> Option<u64> {
    let beats = (now_ms.saturating_sub(deadline_ms) / interval_ms.max(1)).checked_add(1)?;
    deadline_ms.checked_add(interval_ms.checked_mul(beats)?)
}
