//! Transports: the ways to carry bytes between nodes, and what all of them report.
//!
//! A transport knows sockets, handshakes and frames of bytes. It decides nothing: it is told what to do by method
//! calls, which return at once, and reports what happened as [`TransportEvent`]s through a bounded channel. What is
//! inside of a frame it does not know.

mod bind;
mod events;
pub mod lan;
pub mod port_mapping;
pub mod quic;
pub mod relay;
pub mod router_probe;
mod sessions;
pub mod stun;
pub mod tcp;
mod transport;

pub(crate) use events::ReceiveWindow;
pub use events::{CloseReason, ListenError, RefusedWhy, SessionNumber, TransportEvent, Waiting};
pub use port_mapping::MappingProtocol;
pub use sessions::{
    BulkStream, Caller, INCOMING_BULK_STREAMS, IncomingBulk, Limits, OpenBulkError, SessionCounts,
    raise_descriptor_limit,
};
pub use transport::{OpeningBulk, PacketCounts, SendRefused, SessionNumbers, Transport};
