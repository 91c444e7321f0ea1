//! Those who do not fit, and those who are not who they say, come again and again: each is told the reason by its name,
//! each is counted, and the node's memory stays as it was.

use bitpie::identity::CLOCK_SKEW_MS;
use bitpie::identity::{DOCUMENT_VALIDITY_S, IdentityKey};
use bitpie::peers::{KnownPeer, MISBEHAVIOUR_LIMIT, PeerSource};
use bitpie::wire::{Frame, Hello, Refusal, Role};

use super::misbehaviour::{Case, Counter, Deed, keys};
use super::peer::now_unix_ms;
use super::raw::{DATA, OPENS, frame, yamux};
use super::refusals::Friends;
use super::stranger::{Stage, Stranger, document, peer_id, peer_id_with};

/// How many of each kind there are at a time.
const AT_A_TIME: usize = 8;

/// An hour.
const HOUR_MS: u64 = 3_600_000;

const ENDED: (Counter, &str) = (Counter::Ended, "local");
const BAD_DOCUMENT: &[(Counter, &str)] = &[(Counter::Refused, "bad_document"), ENDED];

/// HELLO, changed, behind what opens the stream.
fn hello_with(stranger: &mut Stranger, alter: impl FnOnce(&mut Hello)) -> Vec<u8> {
    let mut hello = Hello::new("test", now_unix_ms(), None);
    alter(&mut hello);
    let control = frame(&Frame::Hello(hello).encode());
    stranger.session().message(&yamux(DATA, OPENS, 1, &control))
}

/// PEER-ID, made of the key and the hash of the session.
fn peer_id_made(stranger: &mut Stranger, make: impl FnOnce(&IdentityKey, &[u8; 32]) -> Vec<u8>) -> Vec<u8> {
    let hash = stranger.session().handshake_hash;
    let said = make(&stranger.key, &hash);
    stranger.session().message(&yamux(DATA, 0, 1, &frame(&said)))
}

const HELLOS: &[Case] = &[
    Case {
        what: "another network",
        stage: Stage::Third,
        deed: Deed::Say(|stranger| hello_with(stranger, |hello| *hello = Hello::new("other", now_unix_ms(), None))),
        told: Some(Refusal::WrongNetwork),
        counted: &[(Counter::Refused, "wrong_network"), ENDED],
    },
    Case {
        what: "other constants",
        stage: Stage::Third,
        deed: Deed::Say(|stranger| hello_with(stranger, |hello| hello.constants = [7; 32])),
        told: Some(Refusal::ConstantsDiffer),
        counted: &[(Counter::Refused, "constants_differ"), ENDED],
    },
    Case {
        what: "a clock that is late",
        stage: Stage::Third,
        deed: Deed::Say(|stranger| hello_with(stranger, |hello| hello.time_unix_ms -= CLOCK_SKEW_MS + 60_000)),
        told: Some(Refusal::ClocksApart),
        counted: &[(Counter::Refused, "clocks_apart"), ENDED],
    },
    Case {
        what: "a clock that is early",
        stage: Stage::Third,
        deed: Deed::Say(|stranger| hello_with(stranger, |hello| hello.time_unix_ms += CLOCK_SKEW_MS + 60_000)),
        told: Some(Refusal::ClocksApart),
        counted: &[(Counter::Refused, "clocks_apart"), ENDED],
    },
    Case {
        what: "a version of later",
        stage: Stage::Third,
        deed: Deed::Say(|stranger| hello_with(stranger, |hello| hello.versions = vec![2, 99].into())),
        told: Some(Refusal::NoCommonVersion),
        counted: &[(Counter::Refused, "no_common_version"), ENDED],
    },
];

const PEER_IDS: &[Case] = &[
    Case {
        what: "a document that has expired",
        stage: Stage::Hello,
        deed: Deed::Say(|stranger| {
            peer_id_made(stranger, |key, hash| {
                let old = document(key, now_unix_ms() - DOCUMENT_VALIDITY_S * 1_000 - HOUR_MS);
                peer_id_with(key, &old, hash, Role::Initiator)
            })
        }),
        told: Some(Refusal::BadDocument),
        counted: BAD_DOCUMENT,
    },
    Case {
        what: "the document of somebody else",
        stage: Stage::Hello,
        deed: Deed::Say(|stranger| {
            peer_id_made(stranger, |key, hash| {
                let other = document(&IdentityKey::from_seed(&[3; 32]), now_unix_ms());
                peer_id_with(key, &other, hash, Role::Initiator)
            })
        }),
        told: Some(Refusal::UnexpectedId),
        counted: &[(Counter::Refused, "unexpected_id"), ENDED],
    },
    Case {
        what: "a proof for the other side of the session",
        stage: Stage::Hello,
        deed: Deed::Say(|stranger| {
            peer_id_made(stranger, |key, hash| peer_id_with(key, &document(key, now_unix_ms()), hash, Role::Responder))
        }),
        told: Some(Refusal::BadProof),
        counted: &[(Counter::Refused, "bad_proof"), ENDED],
    },
];

#[test]
fn whose_hello_does_not_fit_is_refused_however_often_it_comes() {
    Friends::with_wide_doors(&[]).endure("HELLO that does not fit", HELLOS, AT_A_TIME);
}

#[test]
fn who_is_not_whom_its_peer_id_says_is_refused_however_often_it_comes() {
    Friends::with_wide_doors(&[]).endure("PEER-ID that does not prove it", PEER_IDS, AT_A_TIME);
}

#[test]
fn who_says_to_be_the_node_itself_is_refused_however_often_it_comes() {
    let mut friends = Friends::with_wide_doors(&[]);
    friends.strangers_have_its_key = true;
    let myself = Case {
        what: "the node's own id",
        stage: Stage::Hello,
        deed: Deed::Say(|stranger| peer_id_made(stranger, peer_id)),
        told: Some(Refusal::IsMyself),
        counted: &[(Counter::Refused, "is_myself"), ENDED],
    };
    friends.endure(myself.what, &[myself], AT_A_TIME);
}

#[test]
fn who_shows_an_older_document_than_before_is_refused_however_often_it_comes() {
    const WHAT: &str = "a rollback";
    let mut friends = Friends::with_wide_doors(&[]);
    let honest = Case {
        what: WHAT,
        stage: Stage::Ready,
        deed: Deed::Vanish,
        told: None,
        counted: &[(Counter::Ended, "remote")],
    };
    // Once with each of the keys.
    friends.endure_rounds(WHAT, &[honest], keys(&honest, AT_A_TIME).len(), AT_A_TIME);
    let rollback = Case {
        what: WHAT,
        stage: Stage::Hello,
        deed: Deed::Say(|stranger| {
            peer_id_made(stranger, |key, hash| {
                peer_id_with(key, &document(key, now_unix_ms() - HOUR_MS), hash, Role::Initiator)
            })
        }),
        told: Some(Refusal::BadDocument),
        counted: BAD_DOCUMENT,
    };
    friends.endure(WHAT, &[rollback], AT_A_TIME);
}

#[test]
fn who_has_misbehaved_is_refused_however_often_it_comes() {
    let case = Case {
        what: "somebody who has misbehaved",
        stage: Stage::Hello,
        deed: Deed::Say(|stranger| peer_id_made(stranger, peer_id)),
        told: Some(Refusal::Misbehaved),
        counted: &[(Counter::Refused, "misbehaved"), ENDED],
    };
    let mut friends = Friends::with_wide_doors(&[]);
    friends.with_store(|store| {
        let now_unix_ms = now_unix_ms();
        for key in keys(&case, AT_A_TIME) {
            let mut peer = KnownPeer::heard_of(key.id(), PeerSource::Itself, &[], now_unix_ms);
            // So much that none of it matters which leaks away meanwhile.
            peer.misbehaviour.add(100 * MISBEHAVIOUR_LIMIT, now_unix_ms);
            store.save_peer(&peer, now_unix_ms).expect("kept");
        }
    });
    friends.endure(case.what, &[case], AT_A_TIME);
}
