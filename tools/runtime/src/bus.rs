//! The bus: holds every instance of a system, and delivers one message at a time. Nothing but its inputs decides the
//! order.
//!
//! The rules are those of `docs/SEMANTICS.md`, sections 2 to 4. The bus is generic over the generated [`System`], so
//! every message, table and action is typed, and over the [`Recorder`], so running without one costs nothing.

use std::collections::VecDeque;

use serde::Serialize;

use crate::automaton::{Answer, Automaton, Event, Input, Instance, State, Timer, TimerChange, Trigger};
use crate::deferral::Deferral;
use crate::delivery::{Delivery, Incoming, Off, Receiver, Recorder};
use crate::handled::Handled;
use crate::instances::{Buffers, Serial, Slot, Table};
use crate::record::{DELIVERY_LIMIT, Fault, MICROSTEP_LIMIT, Outcome, QUEUE_LIMIT};
use crate::timers::Timers;
use crate::value::{Faults, Milliseconds};
use crate::violations::Violated;

/// A generated system: all instance tables, and the routing between automata.
pub trait System: Sized {
    /// A message for one instance of one automaton.
    type Message;
    /// A request to the host, with the instance that made it.
    type Action;
    /// A timer of an instance.
    type Alarm: Copy;
    /// What answers the conditions.
    type Host<'h>: ?Sized;
    /// Parameters of instances, unless their start gives others. Serialises as an object of objects, by automaton and
    /// parameter.
    type Settings: Serialize + Default;

    /// Identifies the definitions: SHA-256 of the resolved model without its texts, in hexadecimal.
    const MODEL_HASH: &'static str;

    /// Whether properties are looked at after every delivery.
    const LOOKS_AT_PROPERTIES: bool = false;

    /// The settings that the system was made with.
    fn settings(&self) -> &Self::Settings;

    /// Shows every automaton to the visitor, in the order of their names.
    fn visit<V: Visitor<Self>>(visitor: &mut V);

    /// The starts of all automata with one instance, in the order of their names.
    fn starts(&self) -> Vec<Self::Message>;

    /// Hands a message to [`Bus::deliver_to`] with the types of its automaton.
    fn deliver<R: Recorder>(
        bus: &mut Bus<Self, R>,
        message: Self::Message,
        origin: Origin,
        host: &mut Self::Host<'_>,
        actions: &mut Vec<Self::Action>,
    );

    /// Hands a timer to [`Bus::fire_at`] with the types of its automaton.
    fn fire<R: Recorder>(
        bus: &mut Bus<Self, R>,
        alarm: Self::Alarm,
        host: &mut Self::Host<'_>,
        actions: &mut Vec<Self::Action>,
    );

    /// Calls [`Bus::look_at_all`] for each automaton with properties that look at the states of this one.
    fn look_at_watchers<R: Recorder>(bus: &mut Bus<Self, R>, automaton: usize) {
        let _ = (bus, automaton);
    }
}

/// Sees the automata of a system, each with its types.
pub trait Visitor<S: System> {
    /// One automaton.
    fn member<A: Automaton>(&mut self)
    where
        S: Member<A>;
}

/// What a system knows about one of its automata.
pub trait Member<A: Automaton>: System {
    /// Its place among the automata.
    const INDEX: usize;

    /// Its instances.
    type Table: Table<A>;

    /// Its instances.
    fn table(&self) -> &Self::Table;

    /// Its instances.
    fn table_mut(&mut self) -> &mut Self::Table;

    /// A new instance, in its initial state. Effects of entering it are in the buffers of the table.
    fn create(&mut self, key: &A::Key, given: &A::Given, host: &mut Self::Host<'_>) -> Instance<A>;

    /// The parameters of an instance that was started with these.
    fn parameters(&self, given: &A::Given) -> A::Parameters;

    /// Selects an answer to the trigger and performs it. Effects are in the buffers of the table.
    fn step(&mut self, slot: Slot, trigger: Trigger<'_, A::Event, A::Timer>, host: &mut Self::Host<'_>) -> Answer;

    /// Puts the messages of the instance on the bus: one for each receiver.
    fn route(&self, slot: Slot, sent: A::Sent, outbox: &mut Outbox<'_, Self>);

    /// Keeps the table of states up to date.
    fn moved(&mut self, slot: Slot, before: Option<A::State>, after: Option<A::State>) {
        let _ = (slot, before, after);
    }

    /// Whether the instance violates one of [`Automaton::PROPERTIES`].
    fn violates(&self, slot: Slot, property: usize) -> bool {
        let _ = (slot, property);
        false
    }

    /// A request of that instance to the host.
    fn action(key: &A::Key, action: A::Action) -> Self::Action;

    /// A timer of that instance.
    fn alarm(slot: Slot, timer: A::Timer) -> Self::Alarm;
}

/// Where a message comes from, and for whom it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    cause: Option<u64>,
    /// An observation is for the instance that existed when it arose (the automaton's index, its serial), and is
    /// dropped when that ends.
    only_for: Option<(usize, Serial)>,
    /// A start was delivered for it already, so it causes no second one.
    has_started: bool,
}

struct Envelope<M> {
    message: M,
    origin: Origin,
}

/// Where [`Member::route`] puts messages.
pub struct Outbox<'a, S: System> {
    queue: &'a mut VecDeque<Envelope<S::Message>>,
    limit: usize,
    cause: u64,
    faults: Faults,
}

impl<S: System> Outbox<'_, S> {
    /// Puts it at the end of the queue.
    pub fn send(&mut self, message: S::Message) {
        self.push(message, None);
    }

    /// Puts it at the end of the queue, for this one instance only.
    pub fn observe<A: Automaton>(&mut self, message: S::Message, observer: Serial)
    where
        S: Member<A>,
    {
        self.push(message, Some((S::INDEX, observer)));
    }

    fn push(&mut self, message: S::Message, only_for: Option<(usize, Serial)>) {
        if self.queue.len() >= self.limit {
            self.faults.note(Fault::QueueFull);
            return;
        }
        let origin = Origin { cause: Some(self.cause), only_for, has_started: false };
        self.queue.push_back(Envelope { message, origin });
    }
}

/// Holds every instance, and delivers one message at a time.
pub struct Bus<S: System, R = Off> {
    pub(crate) system: S,
    pub(crate) recorder: R,
    queue: VecDeque<Envelope<S::Message>>,
    pub(crate) queue_limit: usize,
    pub(crate) timers: Timers<S::Alarm>,
    pub(crate) now_ms: u64,
    /// Number of the next delivery.
    pub(crate) sequence: u64,
    /// Deliveries of the current input so far.
    delivered: u32,
    /// The result of the current input so far.
    handled: Handled,
    /// What is violated now.
    pub(crate) violated: Violated,
    /// Whether the current input is the passing of time.
    is_advancing: bool,
    /// Whether [`Bus::start`] was called.
    pub(crate) is_started: bool,
    /// Whether [`Recorder::open`] was called.
    pub(crate) is_open: bool,
}

impl<S: System> Bus<S> {
    /// Without a recorder. Nothing runs until [`Bus::start`].
    #[must_use]
    pub fn new(system: S) -> Self {
        Self::with_recorder(system, Off)
    }
}

impl<S: System, R: Recorder> Bus<S, R> {
    /// With a recorder. Nothing runs until [`Bus::start`].
    #[must_use]
    pub fn with_recorder(system: S, recorder: R) -> Self {
        Self {
            system,
            recorder,
            queue: VecDeque::new(),
            queue_limit: QUEUE_LIMIT,
            timers: Timers::new(),
            now_ms: 0,
            sequence: 0,
            delivered: 0,
            handled: Handled::default(),
            violated: Violated::default(),
            is_advancing: false,
            is_started: false,
            is_open: false,
        }
    }

    /// Sets how many messages the queue holds at most. What does not fit is dropped, with a fault on the delivery that
    /// sent it.
    #[must_use]
    pub fn queue_limit(mut self, limit: usize) -> Self {
        self.queue_limit = limit;
        self
    }

    /// All instances.
    pub fn system(&self) -> &S {
        &self.system
    }

    /// The recorder.
    pub fn recorder(&self) -> &R {
        &self.recorder
    }

    /// The recorder.
    pub fn recorder_mut(&mut self) -> &mut R {
        &mut self.recorder
    }

    /// Drops all instances and returns the recorder.
    #[must_use]
    pub fn into_recorder(self) -> R {
        self.recorder
    }

    /// When the next timer is due, in milliseconds: time for [`Bus::advance`].
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.timers.deadline_ms()
    }

    /// How many deliveries there have been, which is the number of the next one.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The latest time that the bus was given, in milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Whether [`Bus::start`] was called.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.is_started
    }

    /// Starts every automaton that has one instance, and handles all that follows. Actions are added to `actions`, in
    /// order.
    pub fn start(&mut self, now_ms: u64, host: &mut S::Host<'_>, actions: &mut Vec<S::Action>) -> Handled {
        self.begin(now_ms);
        self.is_started = true;
        for message in self.system.starts() {
            self.queue.push_back(Envelope { message, origin: Origin::default() });
        }
        self.run(host, actions);
        self.handled.of_no_message()
    }

    /// Hands a message from outside to its instance, at this time: first come the timers that are due by then
    /// ([`Bus::advance`]), then the message, each with all that follows from it ([`Bus::handle`]). This is what a
    /// program calls when something has happened.
    ///
    /// The actions of both are added to `actions`, in order. If a condition asks about something that the actions of a
    /// timer change, call [`Bus::advance`] and perform them first; then nothing is due any more, and this only hands
    /// the message over.
    pub fn receive(
        &mut self,
        now_ms: u64,
        message: S::Message,
        host: &mut S::Host<'_>,
        actions: &mut Vec<S::Action>,
    ) -> Handled {
        if !self.timers.is_due(self.now_ms.max(now_ms)) {
            return self.handle(now_ms, message, host, actions);
        }
        let before = self.advance(now_ms, host, actions);
        self.handle(now_ms, message, host, actions).after(&before)
    }

    /// Delivers every timer that is due, each with all that follows from it. This is what a program calls when
    /// [`Bus::deadline`] has come. Time does not run backwards: an earlier `now_ms` counts as the latest.
    pub fn advance(&mut self, now_ms: u64, host: &mut S::Host<'_>, actions: &mut Vec<S::Action>) -> Handled {
        self.begin(now_ms);
        self.is_advancing = true;
        while self.delivered < DELIVERY_LIMIT
            && let Some(fired) = self.timers.fire(self.now_ms)
        {
            S::fire(self, fired.what, host, actions);
            self.run(host, actions);
        }
        self.is_advancing = false;
        self.handled.of_no_message()
    }

    /// Hands a message from outside to its instance, with all that follows from it, and leaves timers that are due to
    /// the next [`Bus::advance`] or [`Bus::receive`]. For several messages of one moment, after that moment's timers
    /// were served.
    pub fn handle(
        &mut self,
        now_ms: u64,
        message: S::Message,
        host: &mut S::Host<'_>,
        actions: &mut Vec<S::Action>,
    ) -> Handled {
        self.begin(now_ms);
        S::deliver(self, message, Origin::default(), host, actions);
        self.run(host, actions);
        self.handled
    }

    /// Puts an instance into a state, with these variables, without running anything: no entry, no observation, nothing
    /// recorded. The timers of the states that it is in start now. An existing instance of that key is replaced. For
    /// replays and tests.
    pub fn place<A: Automaton>(&mut self, key: A::Key, given: &A::Given, state: A::State, variables: A::Variables)
    where
        S: Member<A>,
    {
        if let Some(slot) = self.system.table().find(&key) {
            let before = self.system.table().instance(slot).state();
            self.system.moved(slot, Some(before), None);
            self.violated.forget(S::INDEX, self.system.table().serial(slot));
            self.remove::<A>(slot);
        }
        let parameters = self.system.parameters(given);
        let instance = Instance::new(state, parameters, variables, A::History::default());
        let table = self.system.table_mut();
        let slot = table.insert(key, instance);
        let parts = table.parts(slot);
        A::timers_of(state, &parts.instance.parameters, &parts.instance.variables, parts.effects);
        self.change_timers::<A>(slot);
        self.system.table_mut().buffers_mut().clear();
        self.system.moved(slot, None, Some(state));
        if S::LOOKS_AT_PROPERTIES {
            self.look_at_properties::<A>(slot, None, state);
        }
    }

    fn begin(&mut self, now_ms: u64) {
        if self.recorder.is_on() && !self.is_open {
            self.open();
        }
        self.now_ms = self.now_ms.max(now_ms);
        self.delivered = 0;
        self.handled = Handled::default();
    }

    /// Delivers until the queue is empty or the limit is reached.
    fn run(&mut self, host: &mut S::Host<'_>, actions: &mut Vec<S::Action>) {
        while self.delivered < DELIVERY_LIMIT
            && let Some(Envelope { message, origin }) = self.queue.pop_front()
        {
            S::deliver(self, message, origin, host, actions);
        }
        self.queue.clear();
    }

    /// Delivers to the instance of that key. Called by [`System::deliver`] only.
    #[inline]
    pub fn deliver_to<A: Automaton>(
        &mut self,
        key: A::Key,
        input: Input<A>,
        origin: Origin,
        wrap: impl FnOnce(A::Key, Input<A>) -> S::Message,
        host: &mut S::Host<'_>,
        actions: &mut Vec<S::Action>,
    ) where
        S: Member<A>,
    {
        match (input, self.system.table().find(&key)) {
            (Input::Event(event), Some(slot)) => {
                self.deliver_event::<A>(slot, event, origin.cause, host, actions);
            }
            (Input::Event(event), None) => self.deliver_to_nobody::<A>(key, event, origin, wrap, host, actions),
            (Input::Start(given), None) => self.deliver_start::<A>(key, &given, origin.cause, host, actions),
            (Input::Start(given), Some(slot)) => {
                let state = self.system.table().instance(slot).state();
                let incoming = Incoming::Start(&given);
                self.refuse::<A>(Receiver::Of(&key), incoming, origin.cause, Some(state), Outcome::AlreadyThere);
            }
        }
    }

    /// Delivers to a key that no instance can have. Called by [`System::deliver`] only.
    pub fn deliver_beyond<A: Automaton>(&mut self, key: i128, input: &Input<A>, origin: Origin)
    where
        S: Member<A>,
    {
        let incoming = match input {
            Input::Event(event) => Incoming::Event(event),
            Input::Start(given) => Incoming::Start(given),
        };
        self.refuse::<A>(Receiver::Nobody(key), incoming, origin.cause, None, Outcome::NoSuchInstance);
    }

    /// Delivers a timer. Called by [`System::fire`] only.
    pub fn fire_at<A: Automaton>(
        &mut self,
        slot: Slot,
        timer: A::Timer,
        host: &mut S::Host<'_>,
        actions: &mut Vec<S::Action>,
    ) where
        S: Member<A>,
    {
        let before = self.before::<A>(slot);
        let outcome = match self.system.step(slot, Trigger::Timer(timer), host) {
            Answer::None | Answer::Deferred => Outcome::Idle,
            Answer::Taken => Outcome::Taken,
            Answer::Internal => Outcome::Internal,
            Answer::Ignored => Outcome::Ignored,
        };
        if matches!(outcome, Outcome::Taken | Outcome::Internal) {
            self.complete::<A>(slot, host);
        }
        if self.finish::<A>(slot, Incoming::Timer(timer), None, Some(before), outcome, actions) {
            self.recall::<A>(slot, host, actions);
        }
    }

    fn deliver_event<A: Automaton>(
        &mut self,
        slot: Slot,
        event: A::Event,
        cause: Option<u64>,
        host: &mut S::Host<'_>,
        actions: &mut Vec<S::Action>,
    ) where
        S: Member<A>,
    {
        if self.deliver_one::<A>(slot, event, cause, host, actions) {
            self.recall::<A>(slot, host, actions);
        }
    }

    /// Delivers kept events that are no longer deferred, oldest first, each on its own.
    fn recall<A: Automaton>(&mut self, slot: Slot, host: &mut S::Host<'_>, actions: &mut Vec<S::Action>)
    where
        S: Member<A>,
    {
        while self.delivered < DELIVERY_LIMIT {
            let instance = self.system.table_mut().parts(slot).instance;
            let state = instance.state();
            let Some((event, cause)) = instance.kept.recall(|event| A::defers(state, event)) else { return };
            if !self.deliver_one::<A>(slot, event, cause, host, actions) {
                return;
            }
        }
    }

    /// One delivery of an event. Returns whether the instance still exists.
    #[inline]
    fn deliver_one<A: Automaton>(
        &mut self,
        slot: Slot,
        event: A::Event,
        cause: Option<u64>,
        host: &mut S::Host<'_>,
        actions: &mut Vec<S::Action>,
    ) -> bool
    where
        S: Member<A>,
    {
        let before = self.before::<A>(slot);
        let answer = self.system.step(slot, Trigger::Event(&event), host);
        if answer == Answer::Deferred {
            let record = self.recorder.is_on().then(|| event.clone());
            let outcome = self.keep::<A>(slot, event, cause);
            return match record {
                Some(event) => self.finish::<A>(slot, Incoming::Event(&event), cause, Some(before), outcome, actions),
                None => self.finish_unseen::<A>(slot, Some(before.state), outcome, actions),
            };
        }
        if answer.is_performed() {
            self.complete::<A>(slot, host);
        }
        self.finish::<A>(slot, Incoming::Event(&event), cause, Some(before), outcome_of_event(answer), actions)
    }

    fn deliver_start<A: Automaton>(
        &mut self,
        key: A::Key,
        given: &A::Given,
        cause: Option<u64>,
        host: &mut S::Host<'_>,
        actions: &mut Vec<S::Action>,
    ) where
        S: Member<A>,
    {
        self.system.table_mut().buffers_mut().asked.is_recording = self.recorder.is_on();
        let instance = self.system.create(&key, given, host);
        let slot = self.system.table_mut().insert(key, instance);
        self.complete::<A>(slot, host);
        if self.finish::<A>(slot, Incoming::Start(given), cause, None, Outcome::Started, actions) {
            self.recall::<A>(slot, host, actions);
        }
    }

    #[cold]
    fn deliver_to_nobody<A: Automaton>(
        &mut self,
        key: A::Key,
        event: A::Event,
        origin: Origin,
        wrap: impl FnOnce(A::Key, Input<A>) -> S::Message,
        host: &mut S::Host<'_>,
        actions: &mut Vec<S::Action>,
    ) where
        S: Member<A>,
    {
        if event.is_observation() {
            return;
        }
        match A::nothing_given() {
            // The event goes right after the start, before the queue.
            Some(given) if event.starts() && !origin.has_started => {
                let message = wrap(key.clone(), Input::Event(event));
                self.queue.push_front(Envelope { message, origin: Origin { has_started: true, ..origin } });
                self.deliver_start::<A>(key, &given, origin.cause, host, actions);
                // The outcome of an input is that of the event, which comes next.
                if origin.cause.is_none() {
                    self.handled = self.handled.of_no_message();
                }
            }
            _ => self.refuse::<A>(
                Receiver::Of(&key),
                Incoming::Event(&event),
                origin.cause,
                None,
                Outcome::NoSuchInstance,
            ),
        }
    }

    /// After a start or a transition: performs `always`, then handles the oldest raised event, until nothing is left to
    /// do.
    fn complete<A: Automaton>(&mut self, slot: Slot, host: &mut S::Host<'_>)
    where
        S: Member<A>,
    {
        let mut microsteps = 0;
        let mut is_settled = !A::HAS_ALWAYS;
        loop {
            if self.system.table().instance(slot).state().is_final() {
                break;
            }
            if !is_settled {
                let is_exhausted = microsteps == MICROSTEP_LIMIT;
                let trigger = if is_exhausted { Trigger::Exhausted } else { Trigger::Always };
                let answer = self.system.step(slot, trigger, host);
                is_settled = !answer.is_performed();
                if answer == Answer::None {
                    continue;
                }
                if is_exhausted {
                    self.system.table_mut().buffers_mut().effects.faults.note(Fault::MicrostepLimit);
                    break;
                }
                microsteps += 1;
                continue;
            }
            let Some(event) = self.system.table_mut().buffers_mut().effects.raised.pop_front() else { break };
            if microsteps == MICROSTEP_LIMIT {
                self.system.table_mut().buffers_mut().effects.faults.note(Fault::MicrostepLimit);
                break;
            }
            microsteps += 1;
            is_settled = !(self.handle_raised::<A>(slot, event, host) && A::HAS_ALWAYS);
        }
        self.system.table_mut().buffers_mut().effects.raised.clear();
    }

    /// Returns whether a transition was performed.
    fn handle_raised<A: Automaton>(&mut self, slot: Slot, event: A::Event, host: &mut S::Host<'_>) -> bool
    where
        S: Member<A>,
    {
        let answer = self.system.step(slot, Trigger::Event(&event), host);
        let record = self.recorder.is_on().then(|| event.clone());
        let outcome = match answer {
            Answer::Deferred => self.keep::<A>(slot, event, Some(self.sequence)),
            answer => outcome_of_event(answer),
        };
        self.handled.note_raised(outcome);
        if let Some(event) = record {
            self.system.table_mut().buffers_mut().handled.push((event, outcome));
        }
        answer.is_performed()
    }

    fn keep<A: Automaton>(&mut self, slot: Slot, event: A::Event, cause: Option<u64>) -> Outcome
    where
        S: Member<A>,
    {
        let parts = self.system.table_mut().parts(slot);
        if parts.instance.kept.keep(event, cause, parts.effects.defer_limit) {
            Outcome::Deferred
        } else {
            Outcome::DeferFull
        }
    }

    #[inline]
    fn before<A: Automaton>(&mut self, slot: Slot) -> Before<A>
    where
        S: Member<A>,
    {
        let is_recording = self.recorder.is_on();
        let parts = self.system.table_mut().parts(slot);
        parts.asked.is_recording = is_recording;
        Before { state: parts.instance.state(), variables: is_recording.then(|| parts.instance.variables.clone()) }
    }

    /// Ends a delivery: updates the tables, puts messages on the bus, writes the record, hands out the actions. Returns
    /// whether the instance still exists.
    #[inline]
    fn finish<A: Automaton>(
        &mut self,
        slot: Slot,
        incoming: Incoming<'_, A>,
        cause: Option<u64>,
        before: Option<Before<A>>,
        outcome: Outcome,
        actions: &mut Vec<S::Action>,
    ) -> bool
    where
        S: Member<A>,
    {
        if !self.recorder.is_on() {
            return self.finish_unseen::<A>(slot, before.map(|before| before.state), outcome, actions);
        }
        let state_before = before.as_ref().map(|before| before.state);
        let after = self.keep_state::<A>(slot, state_before);
        let faults = self.send_all::<A>(slot);
        self.note_timers::<A>(after.is_final());
        let faults =
            if self.delivered + 1 == DELIVERY_LIMIT { self.at_limit::<A>(slot, after, faults) } else { faults };
        self.handled.note(outcome, faults);
        let table = self.system.table();
        let buffers = table.buffers();
        self.recorder.record(&Delivery::<A> {
            sequence: self.sequence,
            at_ms: self.now_ms,
            cause,
            receiver: Receiver::Of(table.key(slot)),
            incoming,
            outcome,
            before: state_before,
            after: Some(after),
            questions: &buffers.asked.questions,
            variables_before: before.as_ref().and_then(|before| before.variables.as_ref()),
            variables_after: Some(&table.instance(slot).variables),
            actions: &buffers.effects.actions,
            sends: &buffers.effects.sends,
            raised: &buffers.handled,
            timers: &buffers.begun,
            faults,
            violated: self.violated.begun(),
        });
        self.close::<A>(slot, after, actions)
    }

    #[inline]
    fn finish_unseen<A: Automaton>(
        &mut self,
        slot: Slot,
        before: Option<A::State>,
        outcome: Outcome,
        actions: &mut Vec<S::Action>,
    ) -> bool
    where
        S: Member<A>,
    {
        let after = self.keep_state::<A>(slot, before);
        let effects = &self.system.table().buffers().effects;
        let mut faults = effects.faults;
        if !effects.sends.is_empty() {
            faults = self.send_all::<A>(slot);
        }
        if self.delivered + 1 == DELIVERY_LIMIT {
            faults = self.at_limit::<A>(slot, after, faults);
        }
        self.handled.note(outcome, faults);
        self.close::<A>(slot, after, actions)
    }

    #[inline]
    fn keep_state<A: Automaton>(&mut self, slot: Slot, before: Option<A::State>) -> A::State
    where
        S: Member<A>,
    {
        let after = self.system.table().instance(slot).state();
        if before != Some(after) {
            self.system.moved(slot, before, (!after.is_final()).then_some(after));
        }
        if S::LOOKS_AT_PROPERTIES {
            self.look_at_properties::<A>(slot, before, after);
            if !self.violated.begun().is_empty() {
                self.handled.note_violations(self.violated.begun().len());
            }
        }
        after
    }

    /// Expands what was sent into messages, one for each receiver. The list is kept if there is a recorder.
    fn send_all<A: Automaton>(&mut self, slot: Slot) -> Faults
    where
        S: Member<A>,
    {
        let buffers = self.system.table_mut().buffers_mut();
        let faults = buffers.effects.faults;
        let mut sends = std::mem::take(&mut buffers.effects.sends);
        let mut outbox = Outbox { queue: &mut self.queue, limit: self.queue_limit, cause: self.sequence, faults };
        if self.recorder.is_on() {
            for sent in &sends {
                self.system.route(slot, sent.clone(), &mut outbox);
            }
        } else {
            for sent in sends.drain(..) {
                self.system.route(slot, sent, &mut outbox);
            }
        }
        let faults = outbox.faults;
        self.system.table_mut().buffers_mut().effects.sends = sends;
        faults
    }

    /// The last delivery that the limit allows: notes a fault if something is left to deliver.
    #[cold]
    fn at_limit<A: Automaton>(&mut self, slot: Slot, after: A::State, mut faults: Faults) -> Faults
    where
        S: Member<A>,
    {
        // First: what this delivery starts may be due at once, and what it stops is no longer due.
        self.change_timers::<A>(slot);
        if after.is_final() {
            self.release::<A>(slot);
        }
        let instance = self.system.table().instance(slot);
        let can_recall = !after.is_final() && instance.kept.can_recall(|event| A::defers(after, event));
        if can_recall || self.is_more_to_do() {
            faults.note(Fault::DeliveryLimit);
        }
        faults
    }

    fn is_more_to_do(&self) -> bool {
        !self.queue.is_empty() || (self.is_advancing && self.timers.is_due(self.now_ms))
    }

    #[inline]
    fn close<A: Automaton>(&mut self, slot: Slot, after: A::State, actions: &mut Vec<S::Action>) -> bool
    where
        S: Member<A>,
    {
        let parts = self.system.table_mut().parts(slot);
        if !parts.effects.actions.is_empty() {
            actions.extend(parts.effects.actions.drain(..).map(|action| S::action(parts.key, action)));
        }
        if !parts.effects.timers.is_empty() {
            self.change_timers::<A>(slot);
        }
        self.system.table_mut().buffers_mut().clear();
        self.sequence += 1;
        self.delivered += 1;
        if after.is_final() {
            self.remove::<A>(slot);
        }
        !after.is_final()
    }

    /// Records a delivery that involves no instance.
    fn refuse<A: Automaton>(
        &mut self,
        receiver: Receiver<'_, A::Key>,
        incoming: Incoming<'_, A>,
        cause: Option<u64>,
        state: Option<A::State>,
        outcome: Outcome,
    ) where
        S: Member<A>,
    {
        let mut faults = Faults::default();
        if self.delivered + 1 == DELIVERY_LIMIT && self.is_more_to_do() {
            faults.note(Fault::DeliveryLimit);
        }
        self.handled.note(outcome, faults);
        if self.recorder.is_on() {
            self.recorder.record(&Delivery::<A> {
                sequence: self.sequence,
                at_ms: self.now_ms,
                cause,
                receiver,
                incoming,
                outcome,
                before: state,
                after: state,
                questions: &[],
                variables_before: None,
                variables_after: None,
                actions: &[],
                sends: &[],
                raised: &[],
                timers: &[],
                faults,
                violated: &[],
            });
        }
        self.sequence += 1;
        self.delivered += 1;
    }

    /// Notes for the record which timers start now, in the order of their declaration.
    fn note_timers<A: Automaton>(&mut self, is_final: bool)
    where
        S: Member<A>,
    {
        let now_ms = self.now_ms;
        let Buffers { effects, begun, .. } = Member::<A>::table_mut(&mut self.system).buffers_mut();
        for change in effects.timers.iter().filter(|_| !is_final) {
            let (TimerChange::Start { timer, .. } | TimerChange::Stop(timer)) = *change;
            begun.retain(|(known, _)| *known != timer);
            if let TimerChange::Start { length, repeats, .. } = *change {
                begun.push((timer, now_ms.saturating_add(length_ms(length, repeats))));
            }
        }
        begun.sort_unstable_by_key(|(timer, _)| timer.index());
    }

    fn change_timers<A: Automaton>(&mut self, slot: Slot)
    where
        S: Member<A>,
    {
        let parts = self.system.table_mut().parts(slot);
        let handles = parts.instance.timers.as_mut();
        for change in parts.effects.timers.drain(..) {
            let (TimerChange::Start { timer, .. } | TimerChange::Stop(timer)) = change;
            if let Some(handle) = handles[timer.index()].take() {
                self.timers.cancel(handle);
            }
            if let TimerChange::Start { timer, length, repeats } = change {
                let length_ms = length_ms(length, repeats);
                let deadline_ms = self.now_ms.saturating_add(length_ms);
                let interval_ms = repeats.then_some(length_ms);
                handles[timer.index()] = Some(self.timers.start(S::alarm(slot, timer), deadline_ms, interval_ms));
            }
        }
    }

    fn remove<A: Automaton>(&mut self, slot: Slot)
    where
        S: Member<A>,
    {
        self.release::<A>(slot);
        self.system.table_mut().remove(slot);
    }

    /// Stops the timers of an instance, and drops the observations on their way to it.
    fn release<A: Automaton>(&mut self, slot: Slot)
    where
        S: Member<A>,
    {
        for handle in self.system.table_mut().parts(slot).instance.timers.as_mut() {
            if let Some(handle) = handle.take() {
                self.timers.cancel(handle);
            }
        }
        if A::OBSERVES && !self.queue.is_empty() {
            let ended = Some((S::INDEX, self.system.table().serial(slot)));
            self.queue.retain(|envelope| envelope.origin.only_for != ended);
        }
    }
}

/// An instance before a delivery.
struct Before<A: Automaton> {
    state: A::State,
    /// Only if there is a recorder.
    variables: Option<A::Variables>,
}

/// An interval of 0 counts as 1 ms.
fn length_ms(length: Milliseconds, repeats: bool) -> u64 {
    if repeats { length.0.max(1) } else { length.0 }
}

fn outcome_of_event(answer: Answer) -> Outcome {
    match answer {
        Answer::None => Outcome::Unexpected,
        Answer::Taken => Outcome::Taken,
        Answer::Internal => Outcome::Internal,
        Answer::Ignored => Outcome::Ignored,
        Answer::Deferred => Outcome::Deferred,
    }
}
