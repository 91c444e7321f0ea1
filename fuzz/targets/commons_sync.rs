//! What a peer says while two nodes compare their databases: each message alone, and several as the answers to a walk
//! and to a stream. Nothing falls over, nothing goes on for ever, and what is listed stays within its bounds.

#![no_main]

use bitpie::commons::digest::{DigestTree, InclusionProof, VerifiedAttestation};
use bitpie::commons::sync::{Fetch, LISTED, SyncMessage, Walk};
use bitpie::commons::{Place, StatementId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    read(data);
    let tree: DigestTree = (0..40_u32).map(|number| StatementId::of(&number.to_be_bytes())).collect();
    let root = tree.root();
    if let Ok(proof) = InclusionProof::decode(data) {
        assert_eq!(InclusionProof::decode(&proof.encode()).as_ref(), Ok(&proof));
        let absent = StatementId([7; 32]);
        assert!(proof.check(&absent, &root).is_err(), "a proof of what is not there");
    }
    if let Ok(attestation) = VerifiedAttestation::verify(data) {
        assert_eq!(attestation.as_bytes(), data);
    }

    let mut walk = Walk::new(tree, [9; 16], 1000);
    let mut fetch = Fetch::after(Place::FIRST);
    let mut messages = Messages(data);
    while let Some(message) = messages.next() {
        let _ = walk.ask();
        if let SyncMessage::Parts(parts) = &message {
            let _ = walk.answered(parts);
        }
        if let SyncMessage::State(state) = &message {
            let _ = walk.compare(state);
        }
        assert!(walk.lacking().len() <= LISTED && walk.offers().len() <= LISTED);
        if let SyncMessage::AskAfter(place) = &message {
            let _ = fetch.placed(*place, None);
        }
        let _ = fetch.ask();
        let _ = fetch.received(message);
    }
});

/// Messages, each behind its length in two bytes.
struct Messages<'a>(&'a [u8]);

impl Messages<'_> {
    fn next(&mut self) -> Option<SyncMessage> {
        loop {
            let (length, rest) = self.0.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
            let (message, rest) = rest.split_at(length);
            self.0 = rest;
            if let Some(message) = read(message) {
                return Some(message);
            }
        }
    }
}

fn read(bytes: &[u8]) -> Option<SyncMessage> {
    let message = SyncMessage::decode(bytes).ok()?;
    assert_eq!(SyncMessage::decode(&message.encode()).as_ref(), Ok(&message));
    Some(message)
}
