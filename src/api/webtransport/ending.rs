//! When it is over, and why.

use tokio::sync::watch;

/// Completes when that says so, or nobody can say so any more.
pub(super) async fn ends(ending: &mut watch::Receiver<bool>) {
    let _ = ending.wait_for(|ends| *ends).await;
}

/// Why a session or a stream ends, as the close codes of WebSocket have it (RFC 6455, section 7.4.1).
pub(super) mod code {
    /// The node is stopping, or the port is closed.
    pub(crate) const AWAY: u32 = 1001;
    /// Nobody hears what is said there.
    pub(crate) const UNSUPPORTED: u32 = 1003;
    /// Requests come too fast.
    pub(crate) const POLICY: u32 = 1008;
    /// A line is too long.
    pub(crate) const SIZE: u32 = 1009;
    /// Another needs this place.
    pub(crate) const AGAIN: u32 = 1013;
}
