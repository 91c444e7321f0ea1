//! The TCP transport over real sockets on loopback: two of them talk; a peer of our own making breaks every rule;
//! limits hold.

mod bulk;
mod limits;
#[allow(dead_code, reason = "the tests of whole nodes use more of it")]
mod raw;
mod sides;
mod talk;
mod vanish;
mod wrong;
