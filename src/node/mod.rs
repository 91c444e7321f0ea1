//! The root of the node's deterministic core: it owns the bus and the world, and touches nothing.
//!
//! An [`Input`] goes in with the time at which it happened; [`Command`]s come out. The same inputs at the same times
//! make the same run, byte for byte. Whoever drives it looks like this:
//!
//! ```text
//! node.handle(now, input);
//! while let Some(command) = node.poll_command() { /* carry it out; what comes of it is an input */ }
//! // sleep until node.poll_deadline() or the next input; then node.advance(now)
//! ```

mod actions;
mod inputs;

use automata_runtime::{Bus, Recorder};

use crate::automata::system::{Action, Settings, System};
use crate::world::{Beginning, Command, Input, Now, World};

/// The core of a node.
pub struct Node<R = automata_runtime::Off> {
    bus: Bus<System, R>,
    world: World,
    actions: Vec<Action>,
}

impl<R: Recorder> Node<R> {
    /// A node that knows what it knew last time, and has not begun.
    #[must_use]
    pub fn new(beginning: Beginning, settings: Settings, recorder: R) -> Self {
        Self {
            bus: Bus::with_recorder(System::new(settings), recorder),
            world: World::new(beginning),
            actions: Vec::new(),
        }
    }

    /// Something happened.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.world.now = now;
        if matches!(input, Input::Begin) {
            self.bus.start(now.ms, &mut self.world, &mut self.actions);
        }
        inputs::receive(&mut self.world, self.bus.system(), input);
        self.settle();
    }

    /// Time has passed.
    pub fn advance(&mut self, now: Now) {
        self.world.now = now;
        self.bus.advance(now.ms, &mut self.world, &mut self.actions);
        self.settle();
    }

    /// Tells the automata what is to be told, and performs what they ask for, until nothing is left. Ends, since an
    /// action tells something only in answer to a request that led to it, and the bus bounds what one message may lead
    /// to.
    fn settle(&mut self) {
        loop {
            for action in std::mem::take(&mut self.actions) {
                actions::perform(&mut self.world, self.bus.system(), action);
            }
            if !self.world.has_messages() {
                inputs::look_around(&mut self.world, self.bus.system());
            }
            let Some(message) = self.world.next_message() else { break };
            self.bus.handle(self.world.now.ms, message, &mut self.world, &mut self.actions);
        }
    }

    /// Everything has come to rest, as was asked for.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.bus.sequence() > 0 && self.system().node_life.get().is_none()
    }

    /// The next thing to be done.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.world.next_command()
    }

    /// When [`Node::advance`] has something to do, in milliseconds since the node was started.
    #[must_use]
    pub fn poll_deadline(&self) -> Option<u64> {
        self.bus.deadline()
    }

    /// All automata, to be looked at.
    #[must_use]
    pub fn system(&self) -> &System {
        self.bus.system()
    }

    /// What the automata work with, to be looked at.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The bus, for its recorder and for snapshots.
    #[must_use]
    pub fn bus(&self) -> &Bus<System, R> {
        &self.bus
    }

    /// The recorder.
    pub fn recorder_mut(&mut self) -> &mut R {
        self.bus.recorder_mut()
    }

    /// Deliveries so far.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.bus.sequence()
    }
}
