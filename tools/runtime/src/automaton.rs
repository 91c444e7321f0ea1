//! What the generator says about one automaton, as traits. The bus knows only this about it.

use std::fmt::Debug;
use std::hash::Hash;

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::deferral::Deferral;
use crate::timers::TimerHandle;
use crate::value::{Faults, Milliseconds};

/// A leaf state.
pub trait State: Copy + Eq + Debug + 'static {
    /// Every leaf, in the order of the file.
    const ALL: &'static [Self];

    /// As in the YAML.
    fn name(self) -> &'static str;

    /// Its place in [`State::ALL`].
    fn index(self) -> usize;

    /// Whether entering it ends the instance.
    fn is_final(self) -> bool;
}

/// An input that is not a timer. Serialises as `{"event": …, "fields": {…}}`, without `fields` if it has none.
pub trait Event: Clone + Debug + Serialize + 'static {
    /// Whether it is an observation of another automaton's change of state.
    fn is_observation(&self) -> bool {
        false
    }

    /// Whether it makes the instance of a key that has none.
    fn starts(&self) -> bool {
        false
    }
}

impl Event for crate::value::Never {}

/// A timer of a state.
pub trait Timer: Copy + Eq + Debug + 'static {
    /// All timers of its automaton, in the order of [`Timer::index`].
    const ALL: &'static [Self];

    /// Its place among the timers of its automaton.
    fn index(self) -> usize;

    /// As in records: `after name in STATE`.
    fn label(self) -> &'static str;
}

impl Timer for crate::value::Never {
    const ALL: &'static [Self] = &[];

    fn index(self) -> usize {
        match self {}
    }

    fn label(self) -> &'static str {
        match self {}
    }
}

/// The parameters that a start gives. Serialises as an object of exactly those.
pub trait Given: Clone + Debug + Serialize + 'static {
    /// Whether it gives none.
    fn is_empty(&self) -> bool;
}

impl Given for () {
    fn is_empty(&self) -> bool {
        true
    }
}

/// The memory of an instance. Serialises as an object, `()` aside.
pub trait Variables: Clone + PartialEq + Debug + Serialize + 'static {
    /// Writes an entry `name: [before, after]` for each variable that differs. Without a `before` it writes all of
    /// them, from `null`.
    ///
    /// # Errors
    /// Those of the serializer.
    fn serialize_changes<M: SerializeMap>(&self, before: Option<&Self>, changes: &mut M) -> Result<(), M::Error>;

    /// Whether the automaton has no variables.
    const NONE: bool = false;
}

impl Variables for () {
    fn serialize_changes<M: SerializeMap>(&self, _: Option<&Self>, _: &mut M) -> Result<(), M::Error> {
        Ok(())
    }

    const NONE: bool = true;
}

/// What `history` remembers about states that were left.
pub trait History: Clone + Default + Debug + 'static {
    /// Calls `tell` for each state that was left, with its name and where its `history` leads.
    fn each(&self, tell: &mut dyn FnMut(&'static str, &'static str)) {
        let _ = tell;
    }
}

impl History for () {}

/// What an instance puts on the bus. Serialises as `{"to": …, "event": …, "fields": {…}}`, unless it is an observation.
pub trait Sent: Clone + Serialize + Debug + 'static {
    /// Whether it is an observation. Records leave those out, since they follow from the states before and after.
    fn is_observation(&self) -> bool {
        false
    }
}

impl Sent for crate::value::Never {}

/// What a machine reacts to.
#[derive(Debug, PartialEq, Eq)]
pub enum Trigger<'a, E, T> {
    /// An event, delivered or raised.
    Event(&'a E),
    /// A timer that is due.
    Timer(T),
    /// After a transition: is there another that needs no event?
    Always,
    /// As [`Trigger::Always`] after too many microsteps: guards are evaluated, but nothing is performed.
    Exhausted,
}

impl<E, T: Copy> Clone for Trigger<'_, E, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, T: Copy> Copy for Trigger<'_, E, T> {}

/// What the active states answered to a trigger, before limits are checked. One byte, so that it travels in a register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// No active state answers it.
    #[default]
    None,
    /// A transition with a target was performed.
    Taken,
    /// A transition without a target was performed.
    Internal,
    /// The definition says that it means nothing here.
    Ignored,
    /// The event is to be kept, if fewer than [`Effects::defer_limit`] of its kind are kept already.
    Deferred,
}

impl Answer {
    /// Whether a transition was performed.
    #[must_use]
    pub const fn is_performed(self) -> bool {
        matches!(self, Answer::Taken | Answer::Internal)
    }
}

/// A request of an instance to the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerChange<T> {
    /// Starts, or starts again.
    Start {
        /// Which.
        timer: T,
        /// How long until it is due.
        length: Milliseconds,
        /// Whether it fires repeatedly.
        repeats: bool,
    },
    /// Stops.
    Stop(T),
}

/// The effects of a step, in order. The buffers are reused from delivery to delivery.
#[derive(Debug)]
pub struct Effects<A: Automaton> {
    /// For the host.
    pub actions: Vec<A::Action>,
    /// For the bus, observations among them.
    pub sends: Vec<A::Sent>,
    /// For the instance itself, handled before anything on the bus.
    pub raised: std::collections::VecDeque<A::Event>,
    /// For the clock.
    pub timers: Vec<TimerChange<A::Timer>>,
    /// What went wrong.
    pub faults: Faults,
    /// After [`Answer::Deferred`]: at most so many of that event may be kept.
    pub defer_limit: u32,
}

impl<A: Automaton> Default for Effects<A> {
    fn default() -> Self {
        Self {
            actions: Vec::new(),
            sends: Vec::new(),
            raised: std::collections::VecDeque::new(),
            timers: Vec::new(),
            faults: Faults::default(),
            defer_limit: 0,
        }
    }
}

impl<A: Automaton> Effects<A> {
    /// Adds a request to the host.
    #[inline]
    pub fn act(&mut self, action: A::Action) {
        self.actions.push(action);
    }

    /// Puts something on the bus.
    #[inline]
    pub fn send(&mut self, sent: A::Sent) {
        self.sends.push(sent);
    }

    /// Raises an event.
    #[inline]
    pub fn raise(&mut self, event: A::Event) {
        self.raised.push_back(event);
    }

    /// Starts a timer that fires once.
    #[inline]
    pub fn start_after(&mut self, timer: A::Timer, length: Milliseconds) {
        self.timers.push(TimerChange::Start { timer, length, repeats: false });
    }

    /// Starts a timer that fires repeatedly.
    #[inline]
    pub fn start_every(&mut self, timer: A::Timer, interval: Milliseconds) {
        self.timers.push(TimerChange::Start { timer, length: interval, repeats: true });
    }

    /// Stops a timer.
    #[inline]
    pub fn stop(&mut self, timer: A::Timer) {
        self.timers.push(TimerChange::Stop(timer));
    }
}

/// What was asked in a delivery, with the answers. All guards of the delivery get the same answers from it, and records
/// list it.
#[derive(Debug)]
pub struct Asked<Q> {
    /// In the order asked.
    pub questions: Vec<Q>,
    /// Whether there is a recorder, so that reads of states are noted too.
    pub is_recording: bool,
}

impl<Q> Default for Asked<Q> {
    fn default() -> Self {
        Self { questions: Vec::new(), is_recording: false }
    }
}

impl<Q: PartialEq> Asked<Q> {
    /// Notes a read of the table of states, once, if there is a recorder.
    #[inline]
    pub fn note_read(&mut self, question: impl FnOnce() -> Q) {
        if self.is_recording {
            let question = question();
            if !self.questions.contains(&question) {
                self.questions.push(question);
            }
        }
    }
}

/// The running timers of an instance: a handle for each.
#[derive(Clone, Copy, Debug)]
pub struct TimerHandles<const COUNT: usize>([Option<TimerHandle>; COUNT]);

impl<const COUNT: usize> Default for TimerHandles<COUNT> {
    fn default() -> Self {
        Self([None; COUNT])
    }
}

impl<const COUNT: usize> AsMut<[Option<TimerHandle>]> for TimerHandles<COUNT> {
    fn as_mut(&mut self) -> &mut [Option<TimerHandle>] {
        &mut self.0
    }
}

impl<const COUNT: usize> AsRef<[Option<TimerHandle>]> for TimerHandles<COUNT> {
    fn as_ref(&self) -> &[Option<TimerHandle>] {
        &self.0
    }
}

/// One automaton: its types, and what the bus must know about it.
pub trait Automaton: Sized + Debug + 'static {
    /// As in the YAML.
    const NAME: &'static str;
    /// Whether some state has `always`.
    const HAS_ALWAYS: bool;
    /// Whether some of its events are observations.
    const OBSERVES: bool;
    /// The names of the properties that are looked at after every delivery, in the order of declaration; none unless
    /// the generator was asked for it.
    const PROPERTIES: &'static [&'static str] = &[];

    /// The key that tells its instances apart; `()` if there is only one.
    type Key: Clone + Eq + Hash + Debug + Serialize + 'static;
    /// Leaf states.
    type State: State;
    /// Inputs.
    type Event: Event;
    /// Timers.
    type Timer: Timer;
    /// Requests to the host. Serialises as `{"action": …, "arguments": {…}}`.
    type Action: Clone + Debug + Serialize + 'static;
    /// What it puts on the bus.
    type Sent: Sent;
    /// A question to the host or to the table of states, with its answer. Serialises as in records.
    type Question: Debug + PartialEq + Serialize + 'static;
    /// Constants of an instance. Serialises as an object, `()` aside.
    type Parameters: Clone + Debug + Serialize + 'static;
    /// Those that a start gives.
    type Given: Given;
    /// Memory of an instance.
    type Variables: Variables;
    /// What `history` remembers.
    type History: History;
    /// Deferred events.
    type Kept: Deferral<Self::Event> + Debug;
    /// Handles of running timers.
    type Timers: Default + AsMut<[Option<TimerHandle>]> + AsRef<[Option<TimerHandle>]> + Debug;
    /// A start that gives no parameters; none if a parameter has no default.
    fn nothing_given() -> Option<Self::Given>;

    /// Whether a state that is active in `state` defers the event.
    fn defers(state: Self::State, event: &Self::Event) -> bool {
        let _ = (state, event);
        false
    }

    /// Starts the timers of the states that are active in `state`, from the outside in, as if these were entered now.
    fn timers_of(
        state: Self::State,
        parameters: &Self::Parameters,
        variables: &Self::Variables,
        effects: &mut Effects<Self>,
    ) {
        let _ = (state, parameters, variables, effects);
    }
}

/// One instance of an automaton.
pub struct Instance<A: Automaton> {
    /// The current leaf.
    pub state: A::State,
    /// Its constants.
    pub parameters: A::Parameters,
    /// Its memory.
    pub variables: A::Variables,
    /// What `history` remembers.
    pub history: A::History,
    /// Deferred events.
    pub kept: A::Kept,
    /// Its running timers.
    pub timers: A::Timers,
}

impl<A: Automaton> Instance<A> {
    /// A new one, with nothing deferred and no timer running.
    #[must_use]
    pub fn new(state: A::State, parameters: A::Parameters, variables: A::Variables, history: A::History) -> Self {
        Self { state, parameters, variables, history, kept: A::Kept::default(), timers: A::Timers::default() }
    }

    /// The current leaf state.
    #[must_use]
    pub fn state(&self) -> A::State {
        self.state
    }
}

/// For one instance: an event, or its start.
#[derive(Debug)]
pub enum Input<A: Automaton> {
    /// An event.
    Event(A::Event),
    /// Makes the instance.
    Start(A::Given),
}

impl<A: Automaton> Clone for Input<A> {
    fn clone(&self) -> Self {
        match self {
            Input::Event(event) => Input::Event(event.clone()),
            Input::Start(given) => Input::Start(given.clone()),
        }
    }
}
