//! Numbers and ids that the core gives out.

use sha2::{Digest as _, Sha256};

use super::ids::RequestId;
use crate::wire::PacketId;

/// Numbers and ids that were given out.
#[derive(Clone, Debug)]
pub struct Numbers {
    chance: [u8; 32],
    packets: u64,
    requests: u64,
    places: u64,
}

impl Numbers {
    /// None yet. Ids of packets are made of this chance.
    pub(super) fn new(chance: [u8; 32]) -> Self {
        Self { chance, packets: 0, requests: 0, places: 0 }
    }

    /// An id for a packet of ours, which nobody else can foresee.
    pub fn packet_id(&mut self) -> PacketId {
        self.packets += 1;
        let digest = Sha256::new().chain_update(self.chance).chain_update(self.packets.to_be_bytes()).finalize();
        PacketId(std::array::from_fn(|index| digest[index]))
    }

    /// Chance, for an order that says nothing.
    pub fn chance(&mut self) -> u64 {
        let PacketId([a, b, c, d, e, f, g, h, ..]) = self.packet_id();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// A number for a request of the node itself. Odd, so that those of the user never meet them.
    pub fn request_id(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(2 * self.requests - 1)
    }

    /// The place of a message in its line.
    pub fn place(&mut self) -> u64 {
        self.places += 1;
        self.places
    }
}
