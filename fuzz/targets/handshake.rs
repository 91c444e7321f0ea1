//! What is said before a session is ready: HELLO and PEER-ID. The proof is set right, so that what lies behind it is
//! reached.

#![no_main]

use bitpie::codec::decode;
use bitpie::identity::{Domain, IdentityKey};
use bitpie::wire::{Frame, Hello, PROTOCOL_VERSIONS, PeerId, Role};
use libfuzzer_sys::fuzz_target;

/// The time and the session of the test vectors, which are the seeds.
const NOW_UNIX_MS: u64 = 1_700_000_000_123;
const HANDSHAKE_HASH: [u8; 32] = [0x5a; 32];

fuzz_target!(|data: &[u8]| {
    match Frame::decode(data) {
        Ok(Frame::Hello(hello)) => compare(&hello),
        Ok(Frame::PeerId(peer_id)) => identify(peer_id),
        _ => {}
    }
    if let Ok(hello) = decode::<Hello>(data) {
        compare(&hello);
    }
    if let Ok(peer_id) = decode::<PeerId>(data) {
        identify(peer_id);
    }
});

fn compare(theirs: &Hello) {
    let ours = Hello::new("main", NOW_UNIX_MS, None);
    let seen_by_us = ours.compare(theirs, NOW_UNIX_MS);
    let seen_by_them = theirs.compare(&ours, theirs.time_unix_ms);
    assert_eq!(seen_by_us, seen_by_them, "both sides see the same");
    assert!(seen_by_us.common_version.is_none_or(|version| PROTOCOL_VERSIONS.contains(&version)));
}

fn identify(mut peer_id: PeerId) {
    let key = IdentityKey::from_seed(&[1; 32]);
    let proved = [&HANDSHAKE_HASH[..], &[0]].concat();
    peer_id.proof = key.sign(Domain::PeerId, &proved);
    match peer_id.verify(&HANDSHAKE_HASH, Role::Initiator, &key.id(), NOW_UNIX_MS) {
        Ok(document) => assert_eq!(document.as_bytes(), peer_id.document),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert!(peer_id.verify(&HANDSHAKE_HASH, Role::Responder, &key.id(), NOW_UNIX_MS).is_err());
}
