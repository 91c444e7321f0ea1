//! What happens from outside, and when.

use super::world::World;
use crate::automata::senders;

/// A moment of the story.
pub struct Chapter {
    /// When.
    pub at_ms: u64,
    /// What a person would say of it.
    pub text: &'static str,
    /// What it is.
    pub deed: Deed,
}

/// What happens at such a moment.
#[derive(Clone, Copy)]
pub enum Deed {
    /// The automata that have one instance begin.
    Start,
    /// Something in the world around them.
    World(fn(&mut World, u64)),
}

/// The story is over.
pub const END_MS: u64 = 400_000;

const fn chapter(at_ms: u64, text: &'static str, deed: fn(&mut World, u64)) -> Chapter {
    Chapter { at_ms, text, deed: Deed::World(deed) }
}

/// All of it, in order.
pub const CHAPTERS: &[Chapter] = &[
    Chapter { at_ms: 0, text: "The node starts; what there is one of begins.", deed: Deed::Start },
    chapter(10, "It knows its services. Private messages are wanted, and need others first.", |world, now_ms| {
        world.register_services(now_ms);
        world.request_start(now_ms, "private-messages");
    }),
    chapter(20_000, "The user looks for Alice by her nickname. She is away.", |world, now_ms| {
        let nickname = world.alice_nickname();
        world.tell(now_ms, senders::private_messages::nickname_observer::find_one(1, nickname));
    }),
    chapter(50_000, "Alice comes home, and her node opens a session.", |world, now_ms| {
        world.alice_is_awake = true;
        world.open_session(now_ms, 1);
    }),
    chapter(55_000, "She writes.", |world, now_ms| world.packet_of_alice(now_ms, 1, 420)),
    chapter(60_000, "She writes again. Then her machine falls asleep, and says nothing of it.", |world, now_ms| {
        world.packet_of_alice(now_ms, 1, 96);
        world.alice_is_awake = false;
    }),
    chapter(185_000, "The session has been dead for long, and is closed.", |world, now_ms| {
        world.tell(now_ms, senders::gateway::tcp_connection::disconnect(1));
    }),
    chapter(200_000, "Somebody pulls the plug of the network.", |world, now_ms| world.unplug(now_ms)),
    chapter(290_000, "The plug is back. Nobody tells the node; it looks now and then.", |world, _| {
        world.network_is_plugged = true;
    }),
    chapter(345_000, "Alice wakes up, and opens a session.", |world, now_ms| {
        world.alice_is_awake = true;
        world.open_session(now_ms, 2);
    }),
    chapter(380_000, "The user switches the gateway off. What depends on it goes first.", |world, now_ms| {
        world.request_stop(now_ms, "gateway");
    }),
];
