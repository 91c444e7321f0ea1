//! What travels, as both kinds of tests need it: each frame once, as it stands in the vectors, and frames at random.

use bitpie::codec::Text;
use bitpie::identity::{DOCUMENT_BYTES, Entrypoint, IdentityDocument, IdentityKey, SealingKey};
use bitpie::wire::{Frame, Hello, Meeting, Packet, PacketId, PacketKind, PeerHint, PeerId, Refusal, Role};
use proptest::collection::vec;
use proptest::prelude::*;

/// The time of all vectors.
pub const NOW_UNIX_MS: u64 = 1_700_000_000_123;
pub const HANDSHAKE_HASH: [u8; 32] = [0x5a; 32];

pub fn alice() -> IdentityKey {
    IdentityKey::from_seed(&[1; 32])
}

pub fn bob() -> IdentityKey {
    IdentityKey::from_seed(&[2; 32])
}

pub fn document(key: &IdentityKey) -> IdentityDocument {
    IdentityDocument::new(key.id(), SealingKey::derive(key, 0).public(), 1, NOW_UNIX_MS)
}

pub fn packet(kind: PacketKind, payload: Vec<u8>) -> Packet {
    Packet {
        kind,
        id: PacketId(std::array::from_fn(|index| index as u8)),
        sender: alice().id(),
        recipient: bob().id(),
        time_unix_ms: NOW_UNIX_MS,
        answers: Some(PacketId([0xff; 16])),
        payload,
    }
}

pub fn entrypoints() -> Vec<Entrypoint> {
    let texts = ["tcp://203.0.113.5:7771", "udp://[2001:db8::5]:7772"];
    texts.iter().map(|text| text.parse().expect("an entrypoint")).collect()
}

/// Each frame once.
pub fn frames() -> Vec<Frame> {
    let signed = document(&alice()).sign(&alice()).0;
    let mut hello = Hello::new("main", NOW_UNIX_MS, Some(entrypoints()[0].clone()));
    hello.agent = Text::cut("bitpie/0.1.0");
    hello.capabilities = vec![Text::cut("relay"), Text::cut("commons")].into();
    let peer_id = PeerId::new(&alice(), &signed, &HANDSHAKE_HASH, Role::Initiator, entrypoints());
    let hints = [(alice(), entrypoints()), (bob(), Vec::new())];
    let hints = hints.into_iter().map(|(key, at)| PeerHint { id: key.id(), entrypoints: at.into() }).collect();
    let packet = packet(PacketKind::Ack, Vec::new()).sign(&alice()).expect("it is short");
    vec![
        Frame::Hello(hello),
        Frame::PeerId(peer_id),
        Frame::Ready,
        Frame::Refused(Refusal::ClocksApart),
        Frame::Ping(0x0102_0304_0506_0708),
        Frame::Pong(7),
        Frame::GetPeers,
        Frame::Peers(hints),
        Frame::Introduce(bob().id()),
        Frame::Sought(alice().id()),
        Frame::Meet(Meeting { peer: bob().id(), at: entrypoints()[1].clone(), first: true }),
        Frame::Packet(packet.as_bytes().to_vec()),
        Frame::Goodbye,
        Frame::YourDocument(signed.as_bytes().to_vec()),
        Frame::Unknown(1000),
    ]
}

/// Any frame.
pub fn any_frame() -> impl Strategy<Value = Frame> {
    let id = || any::<u8>().prop_map(|seed| IdentityKey::from_seed(&[seed; 32]).id());
    let hint = (id(), vec(any_entrypoint(), 0..9)).prop_map(|(id, at)| PeerHint { id, entrypoints: at.into() });
    let peer_id = (vec(any::<u8>(), 0..1000), any::<[u8; 64]>(), vec(any_entrypoint(), 0..17));
    prop_oneof![
        hello().prop_map(Frame::Hello),
        peer_id.prop_map(|(document, proof, at)| Frame::PeerId(PeerId { document, proof, entrypoints: at.into() })),
        Just(Frame::Ready),
        any::<u16>().prop_map(|code| Frame::Refused(Refusal::from_code(code))),
        any::<u64>().prop_map(Frame::Ping),
        any::<u64>().prop_map(Frame::Pong),
        Just(Frame::GetPeers),
        vec(hint, 0..40).prop_map(|hints| Frame::Peers(hints.into())),
        vec(any::<u8>(), 0..2000).prop_map(Frame::Packet),
        Just(Frame::Goodbye),
        vec(any::<u8>(), 0..DOCUMENT_BYTES).prop_map(Frame::YourDocument),
        (11_u64..).prop_map(Frame::Unknown),
    ]
}

fn hello() -> impl Strategy<Value = Hello> {
    let lists = (vec(any::<u16>(), 0..9), vec("\\PC{0,20}", 0..40));
    ("\\PC{0,40}", lists, any::<[u8; 32]>(), any::<u64>(), proptest::option::of(any_entrypoint()), "\\PC{0,90}")
        .prop_map(|(network, (versions, capabilities), constants, time_unix_ms, observed, agent)| Hello {
            network: Text::cut(&network),
            versions: versions.into(),
            constants,
            time_unix_ms,
            capabilities: capabilities.iter().map(|name| Text::cut(name)).collect(),
            observed,
            agent: Text::cut(&agent),
        })
}

pub fn any_entrypoint() -> impl Strategy<Value = Entrypoint> {
    let ip = prop_oneof![any::<[u8; 4]>().prop_map(Into::into), any::<[u8; 16]>().prop_map(Into::into)];
    ("[a-z]{1,9}", ip, 1_u16..).prop_map(|(transport, ip, port): (String, std::net::IpAddr, u16)| Entrypoint {
        transport: transport.parse().expect("a name"),
        address: (ip, port).into(),
    })
}
