//! The root of the node's deterministic core: it owns the bus and the hosts, and touches nothing.
//!
//! An [`Input`] goes in with the time at which it happened; [`Command`]s come out. The same inputs at the same times make the same run, octet for
//! octet. Whoever drives it looks like this:
//!
//! ```text
//! node.handle(now, input);
//! while let Some(command) = node.poll_command() { /* carry it out; what comes of it is an input */ }
//! // sleep until node.poll_deadline() or the next input; then node.advance(now)
//! ```

mod command;
mod dht;
mod gateway;
mod input;
mod lan;
mod lines;
mod peers;
mod sessions;
mod stability;
mod world;

use std::fmt;

use automata_runtime::{Bus, Recorder};
use serde::{Deserialize, Serialize};

use crate::automata::system::{Action, Settings, System};

pub use command::{Command, OutgoingFrame, OutgoingPacket};
pub use gateway::{Counters, Purpose};
pub use input::{
    Beginning, DhtInput, FrameContent, IncomingPacket, Input, LanInput, Now, PacketContent, QueuedMessage,
    SessionInput, TransportInput, UserRequest,
};
pub use lan::{LAN_PEERS, Lan};
pub use lines::{Lines, MESSAGES_ON_THEIR_WAY};
pub use peers::{Peers, VIOLATION_POINTS};
pub use sessions::{Session, SessionId, Sessions};
pub use stability::{Stabilities, Stability};
pub use world::{OwnIdentity, World};

/// Somebody waits for the outcome of this request. Numbered by the node, from 1, and never used again in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

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
        self.world.receive(self.bus.system(), input);
        self.settle();
    }

    /// Time has passed.
    pub fn advance(&mut self, now: Now) {
        self.world.now = now;
        self.bus.advance(now.ms, &mut self.world, &mut self.actions);
        self.settle();
    }

    /// Tells the automata what is to be told, and performs what they ask for, until nothing is left. Ends, since an action tells something only in
    /// answer to a request that led to it, and the bus bounds what one message may lead to.
    fn settle(&mut self) {
        loop {
            for action in std::mem::take(&mut self.actions) {
                crate::hosts::perform(&mut self.world, self.bus.system(), action);
            }
            let Some(message) = self.world.next_message() else { break };
            self.bus.handle(self.world.now.ms, message, &mut self.world, &mut self.actions);
        }
        self.world.look_around(self.bus.system());
        if self.world.has_messages() {
            self.settle();
        }
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
