//! Strangers that go away, or fall silent, at each step of the way to a session.

use bitpie::wire::Refusal;

use super::misbehaviour::{Case, Counter, Deed};
use super::refusals::Friends;
use super::stranger::Stage;

const ENDED_REMOTE: (Counter, &str) = (Counter::Ended, "remote");
const ENDED_LOCAL: (Counter, &str) = (Counter::Ended, "local");
const TIMED_OUT: (Counter, &str) = (Counter::Refused, "timed_out");

/// A step, and what a node counts when its peer goes away there: in which state the session was.
type Step = (&'static str, Stage, &'static [(Counter, &'static str)]);

const STEPS: [Step; 10] = [
    ("before Noise's first message", Stage::Connected, &[ENDED_REMOTE, (Counter::BrokenOff, "server")]),
    ("in the middle of Noise's first message", Stage::PartOfFirst, &[ENDED_REMOTE, (Counter::BrokenOff, "server")]),
    ("after Noise's first message", Stage::First, &[ENDED_REMOTE, (Counter::BrokenOff, "server")]),
    ("in the middle of Noise's last message", Stage::PartOfThird, &[ENDED_REMOTE, (Counter::BrokenOff, "server")]),
    ("after Noise and before HELLO", Stage::Third, &[ENDED_REMOTE, (Counter::BrokenOff, "await_hello")]),
    ("in the middle of HELLO", Stage::PartOfHello, &[ENDED_REMOTE, (Counter::BrokenOff, "await_hello")]),
    ("after HELLO", Stage::Hello, &[ENDED_REMOTE, (Counter::BrokenOff, "await_peer_id")]),
    ("in the middle of PEER-ID", Stage::PartOfPeerId, &[ENDED_REMOTE, (Counter::BrokenOff, "await_peer_id")]),
    ("after PEER-ID and before READY", Stage::PeerId, &[ENDED_REMOTE, (Counter::BrokenOff, "await_ready")]),
    ("after READY", Stage::Ready, &[ENDED_REMOTE]),
];

#[test]
fn a_stranger_vanishes_at_each_step_and_leaves_nothing_behind() {
    vanish_by(Deed::Vanish);
}

#[test]
fn a_stranger_is_cut_off_at_each_step_and_leaves_nothing_behind() {
    vanish_by(Deed::Reset);
}

fn vanish_by(deed: Deed) {
    let mut friends = Friends::with_wide_doors(&[]);
    for (what, stage, counted) in STEPS {
        friends.endure(what, &[Case { what, stage, deed, told: None, counted }], 8);
    }
}

/// Nobody tells the node that they have gone, and it has to come to it by itself.
#[test]
fn a_stranger_falls_silent_at_each_step_and_is_not_waited_for() {
    let mut friends = Friends::with_wide_doors(&[
        ("testing/handshake-timeout", "\"2s\""),
        ("testing/ping-interval", "\"500ms\""),
        // Later than what the node waits for after the handshake, so that it is known what comes first.
        ("testing/frame-timeout", "\"20s\""),
    ]);
    let silent = STEPS.map(|(what, stage, _)| {
        // Before the stranger has opened the stream for frames, there is no way to tell it.
        let told = (stage > Stage::Third).then_some(Refusal::TimedOut);
        Case { what, stage, deed: Deed::Say(|_| Vec::new()), told, counted: &[ENDED_LOCAL, TIMED_OUT] }
    });
    friends.endure("silence at each step", &silent, 16);
}
