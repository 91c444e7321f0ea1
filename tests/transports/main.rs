//! The transports over real sockets on loopback. What every transport has to do is told once, and done over each: two
//! of them talk, streams carry bulk data, a third carries a session of two others, limits hold. What only one of them can get wrong stands in its own folder.

/// The same scenarios, over one transport.
macro_rules! over {
    ($transport:ty) => {
        /// The transport under test.
        pub type Kind = $transport;

        #[path = "../bulk.rs"]
        mod bulk;
        #[path = "../places.rs"]
        mod places;
        #[path = "../relay.rs"]
        mod relay;
        #[path = "../sides.rs"]
        pub mod sides;
        #[path = "../talk.rs"]
        mod talk;
    };
}

#[allow(clippy::duplicate_mod, reason = "the scenarios are the same on purpose")]
mod tcp {
    over!(bitpie::transports::tcp::TcpTransport);
    mod limits;
    #[allow(dead_code, reason = "the tests of whole nodes use more of it")]
    pub mod raw;
    mod vanish;
    mod wrong;
}

#[allow(clippy::duplicate_mod, reason = "the scenarios are the same on purpose")]
mod quic {
    over!(bitpie::transports::quic::QuicTransport);
    mod raw;
    mod stun;
    mod wrong;
}
