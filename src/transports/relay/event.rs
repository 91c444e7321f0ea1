//! What is told of circuits.

use crate::identity::NodeId;
use crate::transports::SessionNumber;

/// A circuit of this node: one that it carries, or one by which it is called.
pub type CircuitNumber = u64;

/// What happened.
#[derive(Debug)]
pub enum RelayEvent {
    /// A peer wants a session with another node, and asks us to carry it.
    Asked {
        /// A number for it.
        circuit: CircuitNumber,
        /// Who asks.
        by: NodeId,
        /// By which session.
        session: SessionNumber,
        /// Whom it wants to reach.
        target: NodeId,
    },
    /// Somebody wants a session with us, and a peer carries it.
    Called {
        /// A number for it.
        circuit: CircuitNumber,
        /// Who carries it.
        by: NodeId,
        /// By which session.
        session: SessionNumber,
        /// Who has called, as that node says.
        caller: NodeId,
    },
    /// An answer to `offer`: the other side takes the session.
    Taken {
        /// Which.
        circuit: CircuitNumber,
    },
    /// The other answer.
    NotTaken {
        /// Which.
        circuit: CircuitNumber,
    },
    /// A circuit has ended.
    Ended {
        /// Which.
        circuit: CircuitNumber,
        /// Bytes that were passed, in both directions.
        bytes: u64,
    },
}
