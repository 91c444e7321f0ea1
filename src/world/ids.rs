//! Numbers by which things are known.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Somebody waits for the outcome of this request: an even number for one of the user, an odd one for one of the node
/// itself. Never used again in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A session: even if we opened it, odd if the peer did.
pub type SessionId = u64;
