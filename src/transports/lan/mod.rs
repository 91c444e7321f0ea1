//! Discovery in the local network: multicast DNS (RFC 6762) with service discovery (RFC 6763), by `mdns-sd`, whose
//! daemon is a thread of its own.
//!
//! [`LanDiscovery`] is told what to announce and where to look, and reports what it hears as [`LanEvent`]s. Nothing
//! that it hears is proved. How much of it is kept and how often something is told is bounded, here and not in the
//! core, so that a noisy neighbour keeps only this task busy.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the rim: sockets and time-outs are its business"
)]

mod announcement;
mod event;
mod interfaces;
mod neighbours;
mod search;

use tokio::sync::{mpsc, watch};

pub use announcement::{Announcement, Ignored, LAN_ENTRYPOINTS, Ports, Received, SERVICE_TYPE, read, txt};
pub use event::LanEvent;
pub use interfaces::Subnet;
pub use neighbours::{LAN_NODES, TELL_INTERVAL_MS};
pub use search::{CACHED_RECORDS, Ourselves, WITHDRAWAL_PATIENCE, Wanted};

/// The port of multicast DNS.
pub const MDNS_PORT: u16 = 5353;

/// A handle to the task that looks around. When it is dropped, that ends.
#[derive(Debug)]
pub struct LanDiscovery {
    wanted: watch::Sender<Option<Wanted>>,
    is_resting: watch::Receiver<bool>,
}

impl LanDiscovery {
    /// Nothing happens before [`LanDiscovery::search`]. To be called within a tokio runtime. What happens is told to
    /// `events`.
    #[must_use]
    pub fn new(ourselves: Ourselves, events: mpsc::Sender<LanEvent>) -> Self {
        let (wanted, orders) = watch::channel(None);
        let (rests, is_resting) = watch::channel(true);
        tokio::spawn(search::run(ourselves, orders, rests, events));
        Self { wanted, is_resting }
    }

    /// Looks there and announces that, from now on.
    pub fn search(&self, wanted: Wanted) {
        self.wanted.send_replace(Some(wanted));
    }

    /// The interfaces on which to look have changed.
    pub fn use_interfaces(&self, interfaces: Vec<String>) {
        self.wanted.send_if_modified(|wanted| match wanted {
            Some(wanted) if wanted.interfaces != interfaces => {
                wanted.interfaces = interfaces;
                true
            }
            _ => false,
        });
    }

    /// Looks no more, and withdraws what was announced. The future ends when that is done, after
    /// [`WITHDRAWAL_PATIENCE`] at the latest; it need not be awaited.
    pub fn stop(&self) -> impl Future<Output = ()> + use<> {
        self.wanted.send_replace(None);
        let mut is_resting = self.is_resting.clone();
        async move {
            // Either way there is nothing left to wait for.
            let _ = tokio::time::timeout(WITHDRAWAL_PATIENCE, is_resting.wait_for(|rests| *rests)).await;
        }
    }
}
