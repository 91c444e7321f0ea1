//! The house: doors that take people in and out, buttons that they press, and the loop that drives the automata.
//!
//! Nothing here decides where a car goes. The house answers which car usually serves a floor, performs what the automata say, and people
//! in it walk in when a door opens, press a button, and walk out when they are there.

use std::collections::BTreeMap;

use automata_runtime::{Bus, Milliseconds, Recorder};
use serde::Serialize;

use crate::automata::system::{Action, Message, Settings, System};
use crate::automata::{dispatcher, door, elevator, senders};

/// Somebody who wants to go somewhere. An opaque type of the definitions: see `automata/types.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Passenger {
    /// What the trace calls them.
    pub name: &'static str,
    /// The floor where they want to be.
    pub destination: i8,
}

impl From<Passenger> for String {
    fn from(passenger: Passenger) -> Self {
        format!("{} for {}", passenger.name, passenger.destination)
    }
}

/// From the first gap in the door to the moment when people walk through it.
const STEP_MS: u64 = 1_500;

/// The highest floor that usually belongs to car 1.
const LOW_FLOORS: i8 = 2;

/// Everything outside the automata: it answers their questions, and their actions change it.
#[derive(Debug, Default)]
pub struct House {
    /// Where each car is.
    floors: BTreeMap<u8, i8>,
    /// Who waits where.
    waiting: Vec<(i8, Passenger)>,
    /// Who is in which car.
    riding: Vec<(u8, Passenger)>,
    /// Who got out, and where.
    arrived: Vec<(&'static str, i8)>,
    /// The last car has gone to sleep.
    is_locked: bool,
    agenda: Agenda,
}

/// What will happen, by time and then in the order in which it was planned.
#[derive(Debug, Default)]
struct Agenda {
    planned: u64,
    messages: BTreeMap<(u64, u64), Message>,
}

impl Agenda {
    fn plan(&mut self, at_ms: u64, message: Message) {
        self.planned += 1;
        self.messages.insert((at_ms, self.planned), message);
    }

    fn next_ms(&self) -> Option<u64> {
        self.messages.keys().next().map(|(at_ms, _)| *at_ms)
    }

    fn due(&mut self, now_ms: u64) -> Option<Message> {
        let entry = self.messages.first_entry()?;
        (entry.key().0 <= now_ms).then(|| entry.remove())
    }
}

impl dispatcher::Conditions for House {
    fn usual_car(&mut self, floor: i8) -> u8 {
        if floor <= LOW_FLOORS { 1 } else { 2 }
    }
}

impl House {
    /// What the automata asked for. Most of it does nothing: there is no real motor here.
    fn perform(&mut self, now_ms: u64, action: Action) {
        match action {
            Action::Dispatcher(dispatcher::Action::Welcome { passenger, floor }) => {
                self.waiting.push((floor, passenger));
            }
            Action::Dispatcher(dispatcher::Action::Lock) => self.is_locked = true,
            Action::Elevator(car, elevator::Action::ShowFloor { floor } | elevator::Action::ShowVacant { floor }) => {
                self.floors.insert(car, floor);
            }
            Action::Door(car, door::Action::OpenLeaves) => self.pass_through(now_ms, car),
            Action::Elevator(..) | Action::Door(..) => {}
        }
    }

    /// The door of a car opens: some get out, some get in, and press the button of their floor.
    fn pass_through(&mut self, now_ms: u64, car: u8) {
        let here = self.floors.get(&car).copied().unwrap_or_default();
        for (_, passenger) in self.riding.extract_if(.., |(of, passenger)| *of == car && passenger.destination == here)
        {
            self.arrived.push((passenger.name, here));
        }
        for (_, passenger) in self.waiting.extract_if(.., |(floor, _)| *floor == here) {
            let at_ms = now_ms + STEP_MS;
            self.agenda.plan(at_ms, senders::cabin::door::beam_broken(car));
            self.agenda.plan(at_ms, senders::cabin::elevator::floor_chosen(car, passenger.destination));
            self.riding.push((car, passenger));
        }
    }
}

/// The house with its automata.
pub struct Building<R: Recorder> {
    bus: Bus<System, R>,
    house: House,
    actions: Vec<Action>,
    is_clean: bool,
}

impl<R: Recorder> Building<R> {
    /// At night, before anything happened.
    pub fn new(recorder: R) -> Self {
        let mut settings = Settings::default();
        settings.elevator.patience = Milliseconds(8_000);
        let bus = Bus::with_recorder(System::new(settings), recorder);
        Self { bus, house: House::default(), actions: Vec::new(), is_clean: true }
    }

    /// Something will happen.
    pub fn plan(&mut self, at_ms: u64, message: Message) {
        self.house.agenda.plan(at_ms, message);
    }

    /// Somebody will press the button at a floor.
    pub fn plan_call(&mut self, at_ms: u64, floor: i8, name: &'static str, destination: i8) {
        self.plan(at_ms, senders::halls::dispatcher::called(floor, Passenger { name, destination }));
    }

    /// Runs until the house is locked, or nothing more can happen. `wait` waits until that time, and returns the time.
    pub fn run(&mut self, mut wait: impl FnMut(u64) -> u64) {
        let mut now_ms = wait(0);
        self.bus.start(now_ms, &mut self.house, &mut self.actions);
        self.perform(now_ms);
        while !self.house.is_locked
            && let Some(next_ms) = self.next_ms()
        {
            now_ms = wait(next_ms);
            let handled = match self.house.agenda.due(now_ms) {
                Some(message) => self.bus.receive(now_ms, message, &mut self.house, &mut self.actions),
                None => self.bus.advance(now_ms, &mut self.house, &mut self.actions),
            };
            self.is_clean &= handled.is_clean();
            self.perform(now_ms);
        }
    }

    /// When something is due: a timer of an automaton, or what people do.
    fn next_ms(&self) -> Option<u64> {
        self.bus.deadline().into_iter().chain(self.house.agenda.next_ms()).min()
    }

    fn perform(&mut self, now_ms: u64) {
        for action in self.actions.drain(..) {
            self.house.perform(now_ms, action);
        }
    }

    /// Who got out where, in this order.
    pub fn arrived(&self) -> &[(&'static str, i8)] {
        &self.house.arrived
    }

    /// Whether the definitions had an answer to everything.
    pub fn is_clean(&self) -> bool {
        self.is_clean
    }

    /// All instances.
    pub fn system(&self) -> &System {
        self.bus.system()
    }

    /// What recorded the run.
    pub fn recorder_mut(&mut self) -> &mut R {
        self.bus.recorder_mut()
    }

    /// What recorded the run, when the house is done with.
    pub fn into_recorder(self) -> R {
        self.bus.into_recorder()
    }
}

/// A day with some traffic: calls that wait, somebody who is late, and somebody who pulls the red handle.
pub fn a_day<R: Recorder>(building: &mut Building<R>) {
    use senders::building::dispatcher::{closed, opened};
    use senders::cabin;

    building.plan(0, opened());
    building.plan_call(1_000, 3, "Ada", 0);
    building.plan_call(1_500, 1, "Kurt", 5);
    building.plan_call(2_000, 4, "Emmy", 2);
    // Somebody is late: the door is closing already.
    building.plan(8_500, cabin::door::beam_broken(1));
    // Kurt is on his way up.
    building.plan(18_000, cabin::elevator::stop_pulled(1));
    building.plan(20_000, cabin::elevator::stop_released(1));
    building.plan(40_000, closed());
}
