//! What must hold for anything that travels: it survives being written and read, and no bytes make reading fall over.

use bitpie::codec::{AtMost, Text, decode, encode};
use bitpie::identity::Signed;
use bitpie::identity::{Entrypoint, IdentityDocument, IdentityKey, SealingKey, VerifiedDocument};
use bitpie::messages::{Expected, open};
use bitpie::wire::{
    FRAME_BYTES, Fail, FailReason, Frame, Hello, Packet, PacketId, PacketKind, PeerHint, PeerId, Refusal,
    VerifiedPacket,
};
use proptest::collection::vec;
use proptest::prelude::*;

const NOW_UNIX_MS: u64 = 1_700_000_000_000;

fn key() -> IdentityKey {
    IdentityKey::from_seed(&[1; 32])
}

fn entrypoint() -> impl Strategy<Value = Entrypoint> {
    let ip = prop_oneof![any::<[u8; 4]>().prop_map(Into::into), any::<[u8; 16]>().prop_map(Into::into)];
    ("[a-z]{1,9}", ip, 1_u16..).prop_map(|(transport, ip, port): (String, std::net::IpAddr, u16)| Entrypoint {
        transport: transport.parse().expect("a name"),
        address: (ip, port).into(),
    })
}

fn hello() -> impl Strategy<Value = Hello> {
    let lists = (vec(any::<u16>(), 0..9), vec("\\PC{0,20}", 0..40));
    ("\\PC{0,40}", lists, any::<[u8; 32]>(), any::<u64>(), proptest::option::of(entrypoint()), "\\PC{0,90}").prop_map(
        |(network, (versions, capabilities), constants, time_unix_ms, observed, agent)| Hello {
            network: Text::cut(&network),
            versions: versions.into(),
            constants,
            time_unix_ms,
            capabilities: capabilities.iter().map(|name| Text::cut(name)).collect(),
            observed,
            agent: Text::cut(&agent),
        },
    )
}

fn frame() -> impl Strategy<Value = Frame> {
    let id = || any::<u8>().prop_map(|seed| IdentityKey::from_seed(&[seed; 32]).id());
    let hint = (id(), vec(entrypoint(), 0..9)).prop_map(|(id, at)| PeerHint { id, entrypoints: at.into() });
    let peer_id = (vec(any::<u8>(), 0..1000), any::<[u8; 64]>(), vec(entrypoint(), 0..17));
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
        (10_u64..).prop_map(Frame::Unknown),
    ]
}

fn packet() -> impl Strategy<Value = Packet> {
    let ids = (any::<[u8; 16]>(), any::<Option<[u8; 16]>>());
    (any::<u8>(), ids, any::<[u8; 32]>(), any::<u64>(), vec(any::<u8>(), 0..500)).prop_map(
        |(kind, (id, answers), recipient, time_unix_ms, payload)| Packet {
            kind: PacketKind::from_code(kind),
            id: PacketId(id),
            sender: key().id(),
            recipient: bitpie::identity::NodeId::from_bytes(recipient),
            time_unix_ms,
            answers: answers.map(PacketId),
            payload,
        },
    )
}

fn document() -> impl Strategy<Value = IdentityDocument> {
    let lists = (vec(entrypoint(), 0..20), vec("[a-z]{1,20}", 0..40), vec(entrypoint(), 0..6));
    ("\\PC{1,32}", any::<u32>(), lists, any::<u64>()).prop_map(
        |(name, rotation, (contacts, services, external), revision)| {
            let sealing_key = SealingKey::derive(&key(), rotation).public();
            IdentityDocument {
                name: name.parse().ok(),
                contacts: contacts.into(),
                services: services.iter().map(|name| name.parse().expect("a name")).collect(),
                external: external.into(),
                ..IdentityDocument::new(key().id(), sealing_key, revision, NOW_UNIX_MS)
            }
        },
    )
}

/// All that is read from outside.
fn read_everything(bytes: &[u8]) {
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame));
    }
    let _ = Signed::parse(bytes);
    let _ = Fail::decode(bytes);
    let _ = decode::<IdentityDocument>(bytes);
    assert!(VerifiedDocument::verify(bytes, NOW_UNIX_MS).is_err(), "forged");
    assert!(VerifiedPacket::verify(bytes).is_err(), "forged");
    let bob = IdentityKey::from_seed(&[2; 32]);
    let expected = Expected { sender: key().id(), recipient: bob.id(), message: PacketId([3; 16]) };
    assert!(open(&[SealingKey::derive(&bob, 0)], &expected, bytes).is_err(), "forged");
}

proptest! {
    #[test]
    fn frames_survive(frame in frame()) {
        let bytes = frame.encode();
        prop_assert!(bytes.len() <= FRAME_BYTES);
        prop_assert_eq!(Frame::decode(&bytes), Ok(frame));
    }

    #[test]
    fn bytes_that_are_changed_are_refused_or_read_as_another_frame(
        frame in frame(), at in any::<prop::sample::Index>(), to in any::<u8>(),
    ) {
        let mut bytes = frame.encode();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        if let Ok(other) = Frame::decode(&bytes) {
            prop_assert!(other != frame || matches!(other, Frame::Ready | Frame::GetPeers | Frame::Goodbye | Frame::Unknown(_)));
        }
        read_everything(&bytes);
    }

    #[test]
    fn noise_is_refused(bytes in vec(any::<u8>(), 0..300)) {
        read_everything(&bytes);
    }

    #[test]
    fn what_is_cut_off_or_longer_is_refused(frame in frame(), at in any::<prop::sample::Index>(), more in any::<u8>()) {
        let bytes = frame.encode();
        prop_assert!(Frame::decode(&bytes[..at.index(bytes.len())]).is_err());
        prop_assert!(Frame::decode(&[&bytes[..], &[more]].concat()).is_err());
    }

    #[test]
    fn packets_survive(packet in packet()) {
        let signed = packet.sign(&key()).expect("it is short");
        let verified = VerifiedPacket::verify(signed.as_bytes());
        prop_assert_eq!(verified.as_ref().map(VerifiedPacket::packet), Ok(&packet));
    }

    #[test]
    fn documents_survive_whatever_there_is_room_for(document in document()) {
        let (signed, left_out) = document.clone().sign(&key());
        let verified = VerifiedDocument::verify(signed.as_bytes(), NOW_UNIX_MS);
        prop_assert_eq!(verified.as_ref(), Ok(&signed));
        let kept = signed.document();
        prop_assert_eq!(kept.contacts.len() + left_out.contacts.len(), document.contacts.len());
        prop_assert_eq!(kept.services.len() + left_out.services.len(), document.services.len());
        prop_assert_eq!(&*kept.contacts, &document.contacts[..kept.contacts.len()]);
    }

    #[test]
    fn failures_survive(code in any::<u16>(), text in "\\PC{0,300}") {
        let fail = Fail { reason: FailReason::from_code(code), text: Text::cut(&text) };
        prop_assert_eq!(Fail::decode(&fail.encode()), Ok(fail));
    }

    #[test]
    fn lists_are_what_they_were(numbers in vec(any::<u64>(), 0..8)) {
        let list: AtMost<u64, 8> = numbers.into();
        prop_assert_eq!(decode(&encode(&list)), Ok(list));
    }
}
