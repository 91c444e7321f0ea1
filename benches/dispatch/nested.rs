//! The same machine in `statig` as it is usually used: superstates, and handlers that pass on to them.
//!
//! Written on the traits, not with the macro, so that one implementation serves all depths; the calls are those that
//! the macro makes.

use statig::Outcome;
use statig::blocking::{self, IntoStateMachine};

use crate::hand::Event;

/// State-independent memory.
#[derive(Default)]
pub struct Nested<const DEPTH: u8> {
    pub count: u64,
    pub entered: u64,
    pub left: u64,
    /// Actions: what was counted.
    pub actions: Vec<(u64, u64, u64)>,
}

#[derive(Clone, Copy)]
pub enum Leaf {
    AOne,
    ATwo,
    BOne,
}

/// `A1` and `B1` are outermost. A depth of 6 uses all of them, a depth of 1 none.
pub enum Superstate {
    A1,
    A2,
    A3,
    A4,
    A5,
    B1,
    B2,
    B3,
    B4,
    B5,
    Root,
}

impl<const DEPTH: u8> Nested<DEPTH> {
    fn tick<S>(&mut self) -> Outcome<S> {
        self.count = self.count.saturating_add(1);
        Outcome::Handled
    }

    fn report<S>(&mut self) -> Outcome<S> {
        self.actions.push((self.count, self.entered, self.left));
        Outcome::Handled
    }

    fn enter(&mut self) {
        self.entered = self.entered.saturating_add(1);
    }

    fn leave(&mut self) {
        self.left = self.left.saturating_add(1);
    }
}

impl<const DEPTH: u8> IntoStateMachine for Nested<DEPTH> {
    type Event<'event> = Event;
    type Context<'context> = ();
    type State = Leaf;
    type Superstate<'superstate> = Superstate;

    fn initial() -> Leaf {
        Leaf::AOne
    }
}

impl<const DEPTH: u8> blocking::State<Nested<DEPTH>> for Leaf {
    fn call_handler(&mut self, memory: &mut Nested<DEPTH>, event: &Event, (): &mut ()) -> Outcome<Leaf> {
        match (self, event) {
            (Leaf::AOne, Event::Tick) => memory.tick(),
            (Leaf::AOne, Event::Sibling) => Outcome::Transition(Leaf::ATwo),
            (Leaf::AOne, Event::Far) => Outcome::Transition(Leaf::BOne),
            (Leaf::ATwo, Event::Sibling) | (Leaf::BOne, Event::Far) => Outcome::Transition(Leaf::AOne),
            _ => Outcome::Super,
        }
    }

    fn call_entry_action(&mut self, memory: &mut Nested<DEPTH>, (): &mut ()) {
        memory.enter();
    }

    fn call_exit_action(&mut self, memory: &mut Nested<DEPTH>, (): &mut ()) {
        memory.leave();
    }

    fn superstate(&mut self) -> Option<Superstate> {
        Some(match (self, DEPTH) {
            (Leaf::AOne | Leaf::ATwo, 3) => Superstate::A2,
            (Leaf::AOne | Leaf::ATwo, 6) => Superstate::A5,
            (Leaf::BOne, 3) => Superstate::B2,
            (Leaf::BOne, 6) => Superstate::B5,
            _ => Superstate::Root,
        })
    }
}

impl<const DEPTH: u8> blocking::Superstate<Nested<DEPTH>> for Superstate {
    fn call_handler(&mut self, memory: &mut Nested<DEPTH>, event: &Event, (): &mut ()) -> Outcome<Leaf> {
        match (self, event) {
            (Superstate::Root, Event::RootTick) => memory.tick(),
            (Superstate::Root, Event::Report) => memory.report(),
            _ => Outcome::Super,
        }
    }

    fn call_entry_action(&mut self, memory: &mut Nested<DEPTH>, (): &mut ()) {
        if !matches!(self, Superstate::Root) {
            memory.enter();
        }
    }

    fn call_exit_action(&mut self, memory: &mut Nested<DEPTH>, (): &mut ()) {
        if !matches!(self, Superstate::Root) {
            memory.leave();
        }
    }

    fn superstate(&mut self) -> Option<Superstate> {
        Some(match self {
            Superstate::A5 => Superstate::A4,
            Superstate::A4 => Superstate::A3,
            Superstate::A3 => Superstate::A2,
            Superstate::A2 => Superstate::A1,
            Superstate::B5 => Superstate::B4,
            Superstate::B4 => Superstate::B3,
            Superstate::B3 => Superstate::B2,
            Superstate::B2 => Superstate::B1,
            Superstate::A1 | Superstate::B1 => Superstate::Root,
            Superstate::Root => return None,
        })
    }
}
