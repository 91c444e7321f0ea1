//! How two nodes come to hold the same: what they say to each other, and what each makes of it. Pure.
//!
//! One side asks, the other answers from its tree and its store and remembers nothing. Both do the asking, each for
//! itself. [`Walk`] finds where the two differ; [`Fetch`] gets what is missing, parents first; [`Serving`] sends it.
//! Why this is not the crate `negentropy` is said in `docs/decisions/0017-the-commons.md`.

mod fault;
mod fetch;
mod message;
mod serve;
mod walk;

pub use fault::SyncFault;
pub use fetch::{Fetch, FetchEvent};
pub use message::{
    ANNOUNCED_IDS, ASKED_IDS, ASKED_PARTS, FINGERPRINT_BYTES, Fingerprint, PartAnswer, PeerState, STATE_TIPS, Salt,
    StreamEnd, SyncMessage, fingerprint,
};
pub use serve::{STREAM_BYTES, STREAM_STATEMENTS, Serving, parts, state};
pub use walk::{LISTED, QUESTIONS_UNDER_WAY, Walk};
