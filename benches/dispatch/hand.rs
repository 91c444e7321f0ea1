//! What a careful person would write without any library: a nested `match`, the work of exits and entries inlined.
//!
//! `DEPTH` is the depth of the leaves. Every state has an entry and an exit that count, as in the definitions.

/// The events of all contenders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Handled by the leaf.
    Tick,
    /// Handled by the root.
    RootTick,
    /// From `A_ONE` to its sibling and back.
    Sibling,
    /// From `A_ONE` to `B_ONE`, which shares nothing but the root with it, and back.
    Far,
    /// Handled by the root with an action, the only one. It is not measured, but whoever can do it has the code for it.
    Report,
}

/// The leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    AOne,
    ATwo,
    BOne,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken,
    Internal,
    Unexpected,
}

/// State and memory.
#[derive(Clone, Debug)]
pub struct Machine<const DEPTH: u64> {
    pub state: State,
    pub count: u64,
    pub entered: u64,
    pub left: u64,
    /// Actions: what was counted.
    pub actions: Vec<(u64, u64, u64)>,
}

impl<const DEPTH: u64> Machine<DEPTH> {
    pub fn new() -> Self {
        Self { state: State::AOne, count: 0, entered: DEPTH, left: 0, actions: Vec::new() }
    }

    pub fn handle(&mut self, event: Event) -> Outcome {
        match self.state {
            State::AOne => match event {
                Event::Tick => self.tick(),
                Event::Sibling => self.go(State::ATwo, 1),
                Event::Far => self.go(State::BOne, DEPTH),
                Event::RootTick => self.tick(),
                Event::Report => self.report(),
            },
            State::ATwo => match event {
                Event::Sibling => self.go(State::AOne, 1),
                Event::RootTick => self.tick(),
                Event::Report => self.report(),
                Event::Tick | Event::Far => Outcome::Unexpected,
            },
            State::BOne => match event {
                Event::Far => self.go(State::AOne, DEPTH),
                Event::RootTick => self.tick(),
                Event::Report => self.report(),
                Event::Tick | Event::Sibling => Outcome::Unexpected,
            },
        }
    }

    fn tick(&mut self) -> Outcome {
        self.count = self.count.saturating_add(1);
        Outcome::Internal
    }

    fn report(&mut self) -> Outcome {
        self.actions.push((self.count, self.entered, self.left));
        Outcome::Internal
    }

    fn go(&mut self, to: State, levels: u64) -> Outcome {
        for _ in 0..levels {
            self.left = self.left.saturating_add(1);
        }
        self.state = to;
        for _ in 0..levels {
            self.entered = self.entered.saturating_add(1);
        }
        Outcome::Taken
    }
}
