//! Sealed messages: as they come, and as a writer who means ill could make them, with anything inside.

#![no_main]

use bitpie::codec::encode;
use bitpie::identity::Signed;
use bitpie::identity::{Domain, IdentityKey, SealingKey};
use bitpie::messages::{Expected, MessageHeader, OpenError, TEXT_BYTES, open};
use bitpie::wire::PacketId;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hpke::aead::ExportOnlyAead;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, OpModeS, Serializable as _};
use libfuzzer_sys::fuzz_target;

/// The time of the test vectors, which are the seeds.
const NOW_UNIX_MS: u64 = 1_700_000_000_123;

fuzz_target!(|data: &[u8]| {
    let (alice, bob) = (IdentityKey::from_seed(&[1; 32]), IdentityKey::from_seed(&[2; 32]));
    let keys = [SealingKey::derive(&bob, 1), SealingKey::derive(&bob, 0)];
    let expected = Expected { sender: alice.id(), recipient: bob.id(), message: PacketId([3; 16]) };
    let _ = open(&keys, &expected, data);

    let header = MessageHeader::new(alice.id(), bob.id(), expected.message, NOW_UNIX_MS, NOW_UNIX_MS + 604_800_000);
    let open_with = |inside: &[u8]| open(&keys, &expected, &sealed(&keys[1], &encode(&header), inside));
    let opened = open_with(data);
    assert!(opened.is_err(), "forged");
    let opened = open_with(Signed::sign(&alice, Domain::Message, data).as_bytes());
    assert!(!matches!(opened, Err(OpenError::Unreadable | OpenError::Signature(_))), "{opened:?}");
    if let Ok(opened) = opened {
        assert_eq!(opened.header, header);
        assert!((1..=TEXT_BYTES).contains(&opened.text.as_str().len()));
    }
});

/// What `seal` makes, with anything inside.
fn sealed(to: &SealingKey, header: &[u8], inside: &[u8]) -> Vec<u8> {
    let public = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&to.public().key).expect("a key");
    let (encapsulated, context) = hpke::setup_sender_with_rng::<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        b"bitpie/sealed/2",
        &mut Same,
    )
    .expect("a sound key");
    let mut key = [0; 32];
    context.export(b"bitpie/message-key/1\0\0\0\0\0", &mut key).expect("it is short");
    let payload = Payload { msg: inside, aad: header };
    let ciphertext = ChaCha20Poly1305::new(&key.into()).encrypt(&Nonce::from([0; 12]), payload).expect("it is short");
    let bytes = |bytes: &[u8]| minicbor::bytes::ByteVec::from(bytes.to_vec());
    let fields = [bytes(&encapsulated.to_bytes()), bytes(header), bytes(&ciphertext)];
    // {0: rotation, 1: encapsulated key, 2: header, 3: ciphertext, 4: number}
    let mut envelope = vec![0xa5, 0, 0];
    for (field, number) in fields.iter().zip(1..) {
        envelope.push(number);
        envelope.extend(encode(field));
    }
    envelope.extend([4, 0]);
    envelope
}

/// The same key for each message: an input does the same whenever it is tried.
struct Same;

impl hpke::rand_core::TryRng for Same {
    type Error = hpke::rand_core::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(0x42);
        Ok(())
    }
}

impl hpke::rand_core::TryCryptoRng for Same {}
