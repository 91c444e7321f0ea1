//! What is said too slowly, is cut off, is too long, is nothing at all, or was said before.

use std::time::Duration;

use bitpie::wire::{Frame, Refusal};

use super::misbehaviour::{Case, Counter, Deed};
use super::raw::{DATA, OPENS, frame, yamux};
use super::refusals::Friends;
use super::stranger::{Stage, Stranger, hello, peer_id};

/// The longest pause between two bytes.
const PACE: Duration = Duration::from_millis(250);

/// A frame that the transport takes, as it goes over the socket, in as many Noise messages as it needs.
fn sealed(stranger: &mut Stranger, control: &[u8]) -> Vec<u8> {
    let parts = control.chunks(60_000).map(|part| yamux(DATA, 0, 1, part));
    let parts: Vec<Vec<u8>> = parts.collect();
    parts.iter().flat_map(|part| stranger.session().message(part)).collect()
}

fn ping() -> Vec<u8> {
    frame(&Frame::Ping(7).encode())
}

fn one_by_one(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.iter().map(|byte| vec![*byte]).collect()
}

const VIOLATION: &[(Counter, &str)] = &[(Counter::Refused, "violation"), (Counter::Ended, "local")];
/// The transport has seen it, and closed the session before the reason could be told.
const BELOW_FRAMES: &[(Counter, &str)] = &[(Counter::Refused, "violation"), (Counter::Ended, "violation")];
const NO_HANDSHAKE: &[(Counter, &str)] = &[(Counter::Refused, "bad_handshake"), (Counter::Ended, "bad_handshake")];
const SPOILT: &[(Counter, &str)] = &[(Counter::Ended, "spoilt")];
const GONE: &[(Counter, &str)] = &[(Counter::Ended, "remote")];

const AT_ONCE: &[Case] = &[
    Case {
        what: "bytes that are no handshake",
        stage: Stage::Connected,
        deed: Deed::Say(|_| b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        told: None,
        counted: NO_HANDSHAKE,
    },
    Case {
        what: "a last message of the handshake that is noise",
        stage: Stage::First,
        deed: Deed::Say(|_| [&[0, 160][..], &[0xa5; 160]].concat()),
        told: None,
        counted: NO_HANDSHAKE,
    },
    Case { what: "noise", stage: Stage::Ready, deed: Deed::Say(|_| vec![0xa5; 70_000]), told: None, counted: SPOILT },
    Case {
        what: "a message that was damaged on its way",
        stage: Stage::Ready,
        deed: Deed::Say(|stranger| {
            let mut frame = sealed(stranger, &ping());
            *frame.last_mut().expect("it is not empty") ^= 1;
            frame
        }),
        told: None,
        counted: SPOILT,
    },
    Case {
        what: "a message that was said before, byte for byte",
        stage: Stage::Ready,
        deed: Deed::Say(|stranger| sealed(stranger, &ping()).repeat(2)),
        told: None,
        counted: SPOILT,
    },
    Case {
        what: "a frame of yamux that is none",
        stage: Stage::Ready,
        deed: Deed::Say(|stranger| stranger.session().message(&[0xff; 12])),
        told: None,
        counted: BELOW_FRAMES,
    },
    Case {
        what: "a frame that announces too much",
        stage: Stage::Ready,
        deed: Deed::Say(|stranger| sealed(stranger, &[0xff; 4])),
        told: None,
        counted: BELOW_FRAMES,
    },
    Case {
        what: "a frame that is too long, with all that is in it",
        stage: Stage::Ready,
        deed: Deed::Say(|stranger| sealed(stranger, &frame(&[0; 100_000]))),
        told: None,
        counted: BELOW_FRAMES,
    },
    Case {
        what: "a frame of nothing",
        stage: Stage::Ready,
        deed: Deed::Say(|stranger| sealed(stranger, &frame(&[]))),
        told: None,
        counted: BELOW_FRAMES,
    },
    Case {
        what: "a frame of garbage",
        stage: Stage::Ready,
        deed: Deed::Say(|stranger| sealed(stranger, &frame(&[0xff; 40]))),
        told: Some(Refusal::Violation),
        counted: VIOLATION,
    },
    Case {
        what: "the longest frame of garbage that there may be",
        stage: Stage::Ready,
        deed: Deed::Say(|stranger| sealed(stranger, &frame(&[0xff; 65_536]))),
        told: Some(Refusal::Violation),
        counted: VIOLATION,
    },
    Case {
        what: "garbage in place of HELLO",
        stage: Stage::Third,
        deed: Deed::Say(|stranger| stranger.session().message(&yamux(DATA, OPENS, 1, &frame(&[0xff; 40])))),
        told: Some(Refusal::Violation),
        counted: VIOLATION,
    },
    Case {
        what: "HELLO, which was said before",
        stage: Stage::Ready,
        deed: Deed::Say(|stranger| sealed(stranger, &frame(&hello()))),
        told: Some(Refusal::Violation),
        counted: VIOLATION,
    },
    Case {
        what: "PEER-ID, which was said before in another session",
        stage: Stage::Hello,
        deed: Deed::Say(|stranger| {
            let said = peer_id(&stranger.key, &[7; 32]);
            sealed(stranger, &frame(&said))
        }),
        told: Some(Refusal::BadProof),
        counted: &[(Counter::Refused, "bad_proof"), (Counter::Ended, "local")],
    },
    Case {
        what: "a frame that is cut off",
        stage: Stage::Ready,
        deed: Deed::SayAndVanish(|stranger| sealed(stranger, &[0, 0, 200, 0, 1])),
        told: None,
        counted: GONE,
    },
    Case {
        what: "a message that is cut off",
        stage: Stage::Ready,
        deed: Deed::SayAndVanish(|_| vec![0xff; 30_000]),
        told: None,
        counted: GONE,
    },
];

#[test]
fn what_is_no_frame_or_was_said_before_ends_the_session_and_leaves_nothing_behind() {
    for case in AT_ONCE {
        // A node for each: it remembers who misbehaved, and the list of them is long enough without those of the
        // others.
        let mut friends = Friends::with_wide_doors(&[]);
        friends.endure(case.what, std::slice::from_ref(case), 8);
    }
}

/// In a session that is ready, the transport sees it first, which has no word for it; before, the automata do.
const SLOW: &[Case] = &[
    Case {
        what: "a handshake, byte by byte",
        stage: Stage::Connected,
        deed: Deed::SayAtAPace(|stranger| one_by_one(&stranger.first_message()), PACE),
        told: None,
        counted: &[(Counter::Refused, "timed_out"), (Counter::Ended, "local")],
    },
    Case {
        what: "HELLO, byte by byte",
        stage: Stage::PartOfHello,
        deed: Deed::SayAtAPace(|stranger| hello()[5..].iter().map(|byte| sealed(stranger, &[*byte])).collect(), PACE),
        told: Some(Refusal::TimedOut),
        counted: &[(Counter::Refused, "timed_out"), (Counter::Ended, "local")],
    },
    Case {
        what: "a frame, byte by byte",
        stage: Stage::Ready,
        deed: Deed::SayAtAPace(
            |stranger| frame(&[0xff; 40]).iter().map(|byte| sealed(stranger, &[*byte])).collect(),
            PACE,
        ),
        told: None,
        counted: &[(Counter::Refused, "timed_out"), (Counter::Ended, "timed_out")],
    },
    Case {
        what: "a message, byte by byte",
        stage: Stage::Ready,
        deed: Deed::SayAtAPace(|stranger| one_by_one(&sealed(stranger, &ping())), PACE),
        told: None,
        counted: &[(Counter::Refused, "timed_out"), (Counter::Ended, "timed_out")],
    },
];

#[test]
fn what_is_slower_than_it_may_be_ends_the_session_and_leaves_nothing_behind() {
    let mut friends =
        Friends::with_wide_doors(&[("testing/handshake-timeout", "\"3s\""), ("testing/frame-timeout", "\"4s\"")]);
    friends.endure("byte by byte", SLOW, 32);
}
