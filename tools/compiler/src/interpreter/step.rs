//! One delivery inside one instance: selection, transitions, `always`, raised events (`docs/SEMANTICS.md`, sections 2
//! and 3).

use std::collections::VecDeque;
use std::sync::Arc;

use automata_runtime::record::{Fault, MICROSTEP_LIMIT, Outcome};

use super::delivery::{Address, Changed, Delivery, Message, Sending, Who};
use super::error::Evaluated;
use super::host::Host;
use super::instances::{Data, Kept, Running, Table};
use super::program::{Plan, Program};
use super::queue::{Destination, Queue};
use super::timers::Timers;
use super::value::Value;
use crate::model::{
    Automaton, Effect, Effects, EventId, Expression, Field, History, Instances, Reaction, Recipient, Response, StateId,
    Target, TimerId, TimerKind, TransitionId, VariableId,
};

/// The answer of a state to an event.
enum Answer {
    Transition(TransitionId),
    Defer { limit: u32 },
    Ignore,
}

/// The state of one delivery in progress.
pub(super) struct Step<'a> {
    pub program: &'a Program,
    pub plan: &'a Plan,
    pub automaton: &'a Automaton,
    /// Which instance of the automaton.
    pub number: u64,
    pub data: &'a mut Data,
    pub tables: &'a [Arc<Table>],
    pub queue: &'a mut Queue,
    pub timers: &'a mut Timers,
    pub delivery: &'a mut Delivery,
    pub host: &'a mut dyn Host,
    raised: VecDeque<(EventId, Vec<Value>)>,
    /// First values of the variables that were set.
    written: Vec<(VariableId, Value)>,
    microsteps: u32,
    /// The number of the first timer that this delivery starts.
    first_start: u64,
    pub divided_by_zero: bool,
    /// A final state was entered.
    pub finished: bool,
}

impl<'a> Step<'a> {
    #[allow(clippy::too_many_arguments, reason = "each is a part of the bus, borrowed apart from the others")]
    pub fn new(
        program: &'a Program,
        number: u64,
        data: &'a mut Data,
        tables: &'a [Arc<Table>],
        queue: &'a mut Queue,
        timers: &'a mut Timers,
        delivery: &'a mut Delivery,
        host: &'a mut dyn Host,
    ) -> Self {
        let id = delivery.address.automaton;
        let first_start = timers.starts();
        Self {
            program,
            plan: &program.plans[id.index()],
            automaton: &program.system.automata[id],
            number,
            data,
            tables,
            queue,
            timers,
            delivery,
            host,
            raised: VecDeque::new(),
            written: Vec::new(),
            microsteps: 0,
            first_start,
            divided_by_zero: false,
            finished: false,
        }
    }

    /// Handles a message with all that follows from it inside the instance; its outcome is in the delivery.
    pub fn handle(&mut self, message: &Message) -> Evaluated<()> {
        self.delivery.outcome = match message {
            Message::Event { event, fields } => {
                let cause = self.delivery.cause;
                let (outcome, answered_by) = self.event(*event, fields, cause)?;
                self.delivery.answered_by = answered_by;
                outcome
            }
            Message::Timer(timer) => {
                let automaton = self.automaton;
                match self.first_that_holds(&automaton.timers[*timer].cases, &[])? {
                    Some(transition) => {
                        self.delivery.answered_by = Some(automaton.timers[*timer].state);
                        self.perform(transition, &[])?
                    }
                    None => Outcome::Idle,
                }
            }
            Message::Start { .. } => {
                self.enter(StateId::ROOT)?;
                self.enter_by_default(StateId::ROOT)?;
                Outcome::Started
            }
        };
        if matches!(self.delivery.outcome, Outcome::Taken | Outcome::Internal | Outcome::Started) {
            self.settle()?;
        }
        while !self.finished
            && let Some((event, fields)) = self.raised.pop_front()
        {
            if !self.microstep() {
                break;
            }
            let cause = Some(self.delivery.sequence);
            let (outcome, _) = self.event(event, &fields, cause)?;
            self.delivery.raised.push((event, fields, outcome));
            if matches!(outcome, Outcome::Taken | Outcome::Internal) {
                self.settle()?;
            }
        }
        self.report_variables();
        self.report_timers();
        Ok(())
    }

    /// The kind of the oldest kept event that no active state defers.
    pub fn recallable(&self) -> Option<EventId> {
        self.data.kept.oldest(|event| self.is_deferred(event))
    }

    fn is_deferred(&self, event: EventId) -> bool {
        let mut handlers = self.plan.handlers[self.data.active.index()][event.index()].iter();
        handlers.any(|&(state, index)| {
            matches!(self.automaton.states[state].handlers[index].response, Response::Defer { .. })
        })
    }

    /// The outcome of an event, and which state decided it.
    fn event(&mut self, event: EventId, fields: &[Value], cause: Option<u64>) -> Evaluated<(Outcome, Option<StateId>)> {
        let Some((state, answer)) = self.select(event, fields)? else {
            if self.plan.only_keyed[event.index()] && !self.is_awaited(event, fields)? {
                return Ok((Outcome::Ignored, None));
            }
            let others = self.plan.others[self.data.active.index()];
            return Ok((if others.is_some() { Outcome::Ignored } else { Outcome::Unexpected }, others));
        };
        let outcome = match answer {
            Answer::Transition(transition) => self.perform(transition, fields)?,
            Answer::Ignore => Outcome::Ignored,
            Answer::Defer { limit } => {
                if self.data.kept.count(event) >= limit as usize {
                    Outcome::DeferFull
                } else {
                    self.data.kept.push(Kept { event, fields: fields.to_vec(), cause });
                    Outcome::Deferred
                }
            }
        };
        Ok((outcome, Some(state)))
    }

    fn select(&mut self, event: EventId, fields: &[Value]) -> Evaluated<Option<(StateId, Answer)>> {
        let (plan, automaton) = (self.plan, self.automaton);
        for &(state, index) in &plan.handlers[self.data.active.index()][event.index()] {
            let handler = &automaton.states[state].handlers[index];
            if !self.matches(handler.key.as_ref(), fields)? {
                continue;
            }
            match &handler.response {
                Response::Cases(cases) => {
                    if let Some(transition) = self.first_that_holds(cases, fields)? {
                        return Ok(Some((state, Answer::Transition(transition))));
                    }
                }
                Response::Defer { limit } => return Ok(Some((state, Answer::Defer { limit: *limit }))),
                Response::Ignore { .. } => return Ok(Some((state, Answer::Ignore))),
            }
        }
        Ok(None)
    }

    fn matches(&mut self, key: Option<&Expression>, fields: &[Value]) -> Evaluated<bool> {
        key.map_or(Ok(true), |key| self.key_matches(key, fields))
    }

    /// Whether any `[expr]` of the whole definition is the key of this observation.
    fn is_awaited(&mut self, event: EventId, fields: &[Value]) -> Evaluated<bool> {
        let automaton = self.automaton;
        for handler in automaton.states.iter().flat_map(|state| &state.handlers) {
            if handler.event == event && self.matches(handler.key.as_ref(), fields)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn first_that_holds(&mut self, cases: &[TransitionId], fields: &[Value]) -> Evaluated<Option<TransitionId>> {
        let automaton = self.automaton;
        for &case in cases {
            let holds = match &automaton.transitions[case].guard {
                Some(guard) => self.holds(guard, fields)?,
                None => true,
            };
            if holds {
                return Ok(Some(case));
            }
        }
        Ok(None)
    }

    /// Counts the next microstep; returns false, and notes the fault, if it would be one too many.
    fn microstep(&mut self) -> bool {
        if self.microsteps == MICROSTEP_LIMIT {
            self.delivery.note(Fault::MicrostepLimit);
            self.raised.clear();
            return false;
        }
        self.microsteps += 1;
        true
    }

    /// Performs `always` transitions until none holds.
    fn settle(&mut self) -> Evaluated<()> {
        let plan = self.plan;
        while !self.finished
            && let Some(transition) = self.first_that_holds(&plan.always[self.data.active.index()], &[])?
        {
            if !self.microstep() || self.perform(transition, &[])? == Outcome::Ignored {
                break;
            }
        }
        Ok(())
    }

    fn perform(&mut self, transition: TransitionId, fields: &[Value]) -> Evaluated<Outcome> {
        let (automaton, plan) = (self.automaton, self.plan);
        let taken = &automaton.transitions[transition];
        self.delivery.cases.push(transition);
        let target = match &taken.reaction {
            Reaction::Ignore { .. } => return Ok(Outcome::Ignored),
            Reaction::Internal { .. } => {
                self.effects(&taken.effects, fields)?;
                return Ok(Outcome::Internal);
            }
            Reaction::To(target) => *target,
        };
        let scope = plan.scopes[transition.index()];
        let leaf = self.data.active;
        for &state in plan.outwards[leaf.index()].iter().take_while(|&&state| state != scope) {
            self.leave(state, leaf)?;
        }
        self.effects(&taken.effects, fields)?;
        for state in plan.path(scope, target.state()) {
            self.enter(state)?;
        }
        match target {
            Target::State(state) => self.enter_by_default(state)?,
            Target::History(state) => self.enter_by_history(state)?,
        }
        Ok(Outcome::Taken)
    }

    fn enter_by_default(&mut self, state: StateId) -> Evaluated<()> {
        let plan = self.plan;
        plan.defaults[state.index()].iter().try_for_each(|&inner| self.enter(inner))
    }

    fn enter_by_history(&mut self, state: StateId) -> Evaluated<()> {
        let (automaton, plan) = (self.automaton, self.plan);
        let Some(leaf) = self.data.history[state.index()] else { return self.enter_by_default(state) };
        match automaton.states[state].history {
            History::None => self.enter_by_default(state),
            History::Deep => plan.path(state, leaf).try_for_each(|inner| self.enter(inner)),
            History::Shallow => {
                let Some(child) = plan.path(state, leaf).next() else { return Ok(()) };
                self.enter(child)?;
                self.enter_by_default(child)
            }
        }
    }

    fn leave(&mut self, state: StateId, leaf: StateId) -> Evaluated<()> {
        let (automaton, plan) = (self.automaton, self.plan);
        let left = &automaton.states[state];
        if left.history != History::None {
            self.data.history[state.index()] = Some(leaf);
        }
        self.effects(&left.exit, &[])?;
        for &timer in &left.timers {
            self.stop_timer(timer);
        }
        self.observe(&plan.left[state.index()]);
        self.data.active = left.parent.unwrap_or(StateId::ROOT);
        Ok(())
    }

    fn enter(&mut self, state: StateId) -> Evaluated<()> {
        let (automaton, plan) = (self.automaton, self.plan);
        let entered = &automaton.states[state];
        self.data.active = state;
        self.delivery.entered.push(state);
        self.observe(&plan.entered[state.index()]);
        if entered.is_final {
            self.finished = true;
            return Ok(());
        }
        self.effects(&entered.entry, &[])?;
        entered.timers.iter().try_for_each(|&timer| self.start_timer(timer))
    }

    /// A part's effects, in order; each sees what those before it did.
    fn effects(&mut self, effects: &Effects, fields: &[Value]) -> Evaluated<()> {
        effects.iter().try_for_each(|effect| self.effect(effect, fields))
    }

    fn effect(&mut self, effect: &Effect, fields: &[Value]) -> Evaluated<()> {
        let (automaton, program) = (self.automaton, self.program);
        match effect {
            Effect::Assign(assignment) => {
                let value = self.evaluate(&assignment.value, fields)?;
                self.set(assignment.variable, value);
            }
            Effect::Act(call) => {
                let arguments = self.arguments(&call.arguments, &automaton.actions[call.action].arguments, fields)?;
                self.delivery.actions.push((call.action, arguments));
            }
            Effect::Send(send) => {
                let who = self.recipient(&send.to, fields)?;
                let receiver = &program.system.automata[send.to.automaton];
                let arguments = self.arguments(&send.arguments, &receiver.events[send.event].fields, fields)?;
                let message = Message::Event { event: send.event, fields: arguments };
                self.send(Sending { to: send.to.automaton, who, message });
            }
            Effect::Start(start) => {
                let who = match &start.key {
                    None => Who::One,
                    Some(key) => Who::Keyed(self.evaluate(key, fields)?),
                };
                let places = &program.system.automata[start.automaton].parameters;
                let mut parameters = Vec::with_capacity(start.parameters.len());
                for (id, value) in &start.parameters {
                    parameters.push((*id, self.pass(value, fields, places[*id].r#type)?));
                }
                self.send(Sending { to: start.automaton, who, message: Message::Start { parameters } });
            }
            Effect::Raise(raise) => {
                let arguments = self.arguments(&raise.arguments, &automaton.events[raise.event].fields, fields)?;
                self.raised.push_back((raise.event, arguments));
            }
            Effect::Restart(restart) => {
                if self.plan.is_in(self.data.active, automaton.timers[restart.timer].state) {
                    self.start_timer(restart.timer)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn arguments(
        &mut self,
        given: &[Expression],
        places: &[Field],
        fields: &[Value],
    ) -> Evaluated<Vec<Value>> {
        let mut arguments = Vec::with_capacity(given.len());
        for (argument, place) in given.iter().zip(places) {
            arguments.push(self.pass(argument, fields, place.r#type)?);
        }
        Ok(arguments)
    }

    fn recipient(&mut self, to: &Recipient, fields: &[Value]) -> Evaluated<Who> {
        Ok(match &to.instances {
            Instances::One => Who::One,
            Instances::All => Who::All,
            Instances::Keyed(key) => Who::Keyed(self.evaluate(key, fields)?),
        })
    }

    fn set(&mut self, variable: VariableId, value: Value) {
        let declared = &self.automaton.variables[variable];
        let value = match (value, declared.bounds) {
            (Value::Integer(value), Some((low, high))) => Value::Integer(value.clamp(low, high)),
            (Value::Duration(value), Some((low, high))) => {
                let clamped = i128::from(value).clamp(low, high);
                Value::Duration(u64::try_from(clamped).unwrap_or(u64::MAX))
            }
            (value, _) => value.passed_to(declared.r#type),
        };
        let before = std::mem::replace(&mut self.data.variables[variable.index()], value);
        if !self.written.iter().any(|(known, _)| *known == variable) {
            self.written.push((variable, before));
        }
    }

    fn report_variables(&mut self) {
        if self.delivery.outcome == Outcome::Started {
            let all = self.data.variables.iter().zip(0..).map(|(value, index)| Changed {
                variable: VariableId(index),
                before: None,
                after: value.clone(),
            });
            self.delivery.changed.extend(all);
            return;
        }
        self.written.sort_by_key(|(variable, _)| *variable);
        for (variable, before) in self.written.drain(..) {
            let after = &self.data.variables[variable.index()];
            if *after != before {
                self.delivery.changed.push(Changed { variable, before: Some(before), after: after.clone() });
            }
        }
    }

    /// Those that started and still run; none if the instance ends.
    fn report_timers(&mut self) {
        if self.finished {
            return;
        }
        let begun = self.data.running.iter().filter(|running| running.order >= self.first_start);
        self.delivery.timers.extend(begun.map(|running| (running.timer, running.deadline_ms)));
        self.delivery.timers.sort_unstable();
    }

    fn send(&mut self, sending: Sending) {
        let cause = Some(self.delivery.sequence);
        let mut all_fit = true;
        match &sending.who {
            Who::All => {
                for (_, entry) in self.tables[sending.to.index()].iter() {
                    let address = Address { automaton: sending.to, key: entry.key.clone() };
                    all_fit &= self.queue.push(Destination::Address(address), sending.message.clone(), cause);
                }
            }
            who => {
                let key = if let Who::Keyed(key) = who { Some(key.clone()) } else { None };
                let address = Address { automaton: sending.to, key };
                all_fit = self.queue.push(Destination::Address(address), sending.message.clone(), cause);
            }
        }
        if !all_fit {
            self.delivery.note(Fault::QueueFull);
        }
        self.delivery.sends.push(sending);
    }

    /// Notifies every instance of every automaton that mentions this change.
    fn observe(&mut self, observers: &[(crate::model::AutomatonId, EventId)]) {
        for &(observer, event) in observers {
            for (number, _) in self.tables[observer.index()].iter() {
                let fields = self.delivery.address.key.iter().cloned().collect();
                let to = Destination::Instance(observer, number);
                if !self.queue.push(to, Message::Event { event, fields }, Some(self.delivery.sequence)) {
                    self.delivery.note(Fault::QueueFull);
                }
            }
        }
    }

    /// Starts a timer, or restarts it if it is running: its length is read now.
    fn start_timer(&mut self, id: TimerId) -> Evaluated<()> {
        self.stop_timer(id);
        let timer = &self.automaton.timers[id];
        let length = self.evaluate(&timer.length, &[])?;
        let length_ms = if let Value::Duration(milliseconds) = length { milliseconds } else { 0 };
        let interval_ms = if timer.kind == TimerKind::Every { length_ms.max(1) } else { length_ms };
        let deadline_ms = self.delivery.at_ms.saturating_add(interval_ms);
        let order = self.timers.start(deadline_ms, self.delivery.address.automaton, self.number, id);
        self.data.running.push(Running { timer: id, deadline_ms, interval_ms, order });
        Ok(())
    }

    fn stop_timer(&mut self, id: TimerId) {
        if let Some(index) = self.data.running.iter().position(|running| running.timer == id) {
            let running = self.data.running.remove(index);
            self.timers.stop(running.deadline_ms, running.order);
        }
    }
}
