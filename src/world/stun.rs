//! What is known by STUN.

use std::collections::BTreeSet;

use crate::identity::{Entrypoint, NodeId};
use crate::stun::Observations;

/// Clients with a socket at a time, at most. Some observers in different networks are enough; each costs a packet in 20
/// seconds, both ways.
pub const STUN_CLIENTS: usize = 16;

/// What is known by STUN.
#[derive(Clone, Debug, Default)]
pub struct Stun {
    /// What others see of us.
    pub observations: Observations,
    /// Where others can ask us.
    pub entrypoints: Vec<Entrypoint>,
    /// Why they cannot.
    pub problem: Option<String>,
    /// Peers for which there is a client with a socket.
    pub clients: BTreeSet<NodeId>,
}

impl Stun {
    /// Nothing yet.
    #[must_use]
    pub fn new(is_private_network: bool) -> Self {
        Self { observations: Observations::new(is_private_network), ..Self::default() }
    }
}
