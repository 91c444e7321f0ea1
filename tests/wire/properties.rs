//! What must hold for anything that travels: it survives being written and read, and no bytes make reading fall over.

use bitpie::codec::{AtMost, Text, decode, encode};
use bitpie::identity::Signed;
use bitpie::identity::{GREATEST_REVISION, IdentityDocument, IdentityKey, SealingKey, VerifiedDocument};
use bitpie::messages::{Expected, open};
use bitpie::wire::{Ack, FRAME_BYTES, Fail, FailReason, Frame, Packet, PacketId, PacketKind, Refusal, VerifiedPacket};
use proptest::collection::vec;
use proptest::prelude::*;

use super::samples::{any_entrypoint, any_frame};

const NOW_UNIX_MS: u64 = 1_700_000_000_000;

fn key() -> IdentityKey {
    IdentityKey::from_seed(&[1; 32])
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
    let lists = (vec(any_entrypoint(), 0..20), vec("[a-z]{1,20}", 0..40), vec(any_entrypoint(), 0..6));
    ("\\PC{1,32}", any::<u32>(), lists, 0..=GREATEST_REVISION).prop_map(
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
    let _ = Ack::decode(bytes);
    let _ = decode::<IdentityDocument>(bytes);
    assert!(VerifiedDocument::verify(bytes, NOW_UNIX_MS).is_err(), "forged");
    assert!(VerifiedPacket::verify(bytes).is_err(), "forged");
    let bob = IdentityKey::from_seed(&[2; 32]);
    let expected = Expected { sender: key().id(), recipient: bob.id(), message: PacketId([3; 16]) };
    assert!(open(&[SealingKey::derive(&bob, 0)], &expected, bytes).is_err(), "forged");
}

proptest! {
    #[test]
    fn frames_survive(frame in any_frame()) {
        let bytes = frame.encode();
        prop_assert!(bytes.len() <= FRAME_BYTES);
        prop_assert_eq!(Frame::decode(&bytes), Ok(frame));
    }

    #[test]
    fn bytes_that_are_changed_are_refused_or_read_as_another_frame(
        frame in any_frame(), at in any::<prop::sample::Index>(), to in any::<u8>(),
    ) {
        let mut bytes = frame.encode();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        if let Ok(other) = Frame::decode(&bytes) {
            // Fields that nobody knows are skipped, and all reasons that nobody knows are one.
            let says_nothing =
                matches!(other, Frame::Ready | Frame::GetPeers | Frame::Goodbye | Frame::Unknown(_) | Frame::Refused(Refusal::Other));
            prop_assert!(other != frame || says_nothing);
        }
        read_everything(&bytes);
    }

    #[test]
    fn noise_is_refused(bytes in vec(any::<u8>(), 0..300)) {
        read_everything(&bytes);
    }

    #[test]
    fn what_is_cut_off_or_longer_is_refused(frame in any_frame(), at in any::<prop::sample::Index>(), more in any::<u8>()) {
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
