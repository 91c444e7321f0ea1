//! What has been counted since the node was started.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::words::snake_case;

/// What has been counted since the node was started.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counters {
    /// Frames that came in.
    pub frames_in: u64,
    /// Packets that came in.
    pub packets_in: u64,
    /// Packets that a session has taken.
    pub packets_out: u64,
    /// Packets that no session took.
    pub packets_failed: u64,
    /// Signs of life below the protocol.
    pub keep_alives: u64,
    /// Violations of the protocol.
    pub violations: u64,
    /// Peers that we refused, by the reason.
    pub refused: BTreeMap<String, u64>,
    /// Peers that refused us, by the reason.
    pub refused_by_peers: BTreeMap<String, u64>,
    /// Sessions that ended, by the reason.
    pub sessions_ended: BTreeMap<String, u64>,
    /// Sessions whose peer went away before they were ready, by the state in which they were.
    pub broken_off: BTreeMap<String, u64>,
}

impl Counters {
    /// One more of that reason; reasons are a closed list.
    pub fn count(of: &mut BTreeMap<String, u64>, reason: impl Serialize) {
        *of.entry(snake_case(&reason)).or_default() += 1;
    }
}
