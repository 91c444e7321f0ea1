//! What packets of ours say.

use super::{Ack, Fail, FailReason, PacketId, PacketKind};
use crate::codec::Text;

/// What a packet of ours says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketBody {
    /// What it is about.
    pub kind: PacketKind,
    /// Which packet it answers.
    pub answers: Option<PacketId>,
    /// What the kind needs.
    pub payload: Vec<u8>,
}

impl PacketBody {
    /// We have what that packet brought.
    #[must_use]
    pub fn ack(of: PacketId) -> Self {
        Self::acks(of, &[])
    }

    /// We have what these packets brought: the one, and [`ACK_FURTHER`](super::ACK_FURTHER) others at most. Whatever is
    /// more than that is left out.
    #[must_use]
    pub fn acks(of: PacketId, further: &[PacketId]) -> Self {
        let payload = Ack { further: further.iter().copied().collect() }.encode();
        Self { kind: PacketKind::Ack, answers: Some(of), payload }
    }

    /// We do not take it.
    #[must_use]
    pub fn fail(of: PacketId, reason: FailReason) -> Self {
        let payload = Fail { reason, text: Text::cut(reason.in_words()) }.encode();
        Self { kind: PacketKind::Fail, answers: Some(of), payload }
    }

    /// Our user has read that message.
    #[must_use]
    pub fn read(of: PacketId) -> Self {
        Self { kind: PacketKind::Read, answers: Some(of), payload: Vec::new() }
    }
}
