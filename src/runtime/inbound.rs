//! Frames that came in, decoded and verified, as the core is told of them.

use crate::codec::DecodeError;
use crate::identity::NodeId;
use crate::wire::{Fail, Frame, Hello, PacketKind, PeerId, PeerIdError, Refusal, Role, VerifiedPacket};
use crate::world::{FrameContent, IncomingPacket, PacketContent};

/// What a session's transport has proved.
#[derive(Clone, Copy, Debug)]
pub struct Proved {
    /// Who is there.
    pub peer: NodeId,
    /// The hash of the handshake.
    pub handshake_hash: [u8; 32],
    /// We opened it.
    pub is_outgoing: bool,
}

impl Proved {
    /// Our side of it.
    pub fn role(&self) -> Role {
        if self.is_outgoing { Role::Initiator } else { Role::Responder }
    }
}

/// What a frame says.
pub fn content(
    frame: Result<Frame, DecodeError>,
    proved: &Proved,
    network: &str,
    me: &NodeId,
    now_unix_ms: u64,
) -> FrameContent {
    match frame {
        Ok(Frame::Hello(hello)) => greeting(&Hello::new(network, now_unix_ms, None), &hello, now_unix_ms),
        Ok(Frame::PeerId(peer_id)) => peer_content(&peer_id, proved, now_unix_ms),
        Ok(Frame::Ready) => FrameContent::Ready,
        Ok(Frame::Refused(reason)) => FrameContent::Refused(reason),
        Ok(Frame::Ping(nonce)) => FrameContent::Ping(nonce),
        Ok(Frame::Pong(nonce)) => FrameContent::Pong(nonce),
        Ok(Frame::GetPeers) => FrameContent::GetPeers,
        Ok(Frame::Peers(hints)) => {
            FrameContent::Peers(hints.into_iter().map(|hint| (hint.id, hint.entrypoints.into_vec())).collect())
        }
        Ok(Frame::Packet(bytes)) => packet(&bytes, me),
        Ok(Frame::Goodbye) => FrameContent::Refused(Refusal::Stopping),
        Ok(Frame::Unknown(_)) => FrameContent::Unknown,
        Err(error) => FrameContent::Violation(error.to_string()),
    }
}

fn greeting(ours: &Hello, theirs: &Hello, now_unix_ms: u64) -> FrameContent {
    let compared = ours.compare(theirs, now_unix_ms);
    FrameContent::Hello {
        same_network: compared.same_network,
        same_constants: compared.same_constants,
        common_version: compared.common_version.is_some(),
        skew_ms: compared.skew_ms,
        observed: theirs.observed.clone(),
        agent: theirs.agent.as_str().to_owned(),
    }
}

fn peer_content(peer_id: &PeerId, proved: &Proved, now_unix_ms: u64) -> FrameContent {
    let verified = peer_id.verify(&proved.handshake_hash, proved.role().other(), &proved.peer, now_unix_ms);
    // Who it says it is; that this is not who the transport has found there, the core sees.
    let peer = match verified {
        Err(PeerIdError::OfAnother { found, .. }) => found,
        _ => proved.peer,
    };
    FrameContent::PeerId {
        peer,
        is_proven: !matches!(verified, Err(PeerIdError::BadProof { .. })),
        is_document_valid: matches!(verified, Ok(_) | Err(PeerIdError::OfAnother { .. })),
        entrypoints: peer_id.entrypoints.to_vec(),
    }
}

fn packet(bytes: &[u8], me: &NodeId) -> FrameContent {
    let packet = match VerifiedPacket::verify(bytes) {
        Ok(packet) => packet.into_packet(),
        Err(error) => return FrameContent::Violation(error.to_string()),
    };
    if packet.recipient != *me {
        return FrameContent::Violation(format!("a packet for {} came to us", packet.recipient));
    }
    let content = match (packet.kind, packet.answers) {
        (PacketKind::Identity, _) => PacketContent::Identity(packet.payload.into()),
        (PacketKind::Message, _) => PacketContent::Message(packet.payload.into()),
        (PacketKind::Ack, Some(of)) => PacketContent::Ack(of),
        (PacketKind::Read, Some(of)) => PacketContent::Read(of),
        (PacketKind::Fail, Some(of)) => match Fail::decode(&packet.payload) {
            Ok(fail) => PacketContent::Fail(of, fail.reason),
            Err(error) => return FrameContent::Violation(error.to_string()),
        },
        (PacketKind::Ack | PacketKind::Read | PacketKind::Fail, None) => {
            return FrameContent::Violation("an answer that names no packet".to_owned());
        }
        _ => PacketContent::Unknown,
    };
    FrameContent::Packet(IncomingPacket { id: packet.id, sender: packet.sender, content })
}
