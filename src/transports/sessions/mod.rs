//! What every transport of sessions is built of: places among the sessions, the orders that a session is given, bulk
//! streams, and what the tasks of a transport share.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the rim: sockets and time-outs are its business"
)]

mod bulk;
mod carried;
mod limits;
mod lock;
mod orders;
mod refusals;
mod shared;

pub(super) use bulk::{BULK_STREAMS_AT_THE_MOST, ByteStream, OpenStreams, REFUSED_BULK_STREAMS};
pub(super) use carried::OpeningLine;
pub(super) use limits::Place;
pub(super) use lock::lock;
pub(super) use orders::{End, Orders};
pub(super) use refusals::Refusals;
pub(super) use shared::{Ended, KEEP_ALIVE_INTERVAL, REST_HANDED_OUT, Shared, failed, ordered};

pub use bulk::{BulkStream, INCOMING_BULK_STREAMS, IncomingBulk, OpenBulkError};
pub use carried::Caller;
pub use limits::{Limits, SessionCounts, raise_descriptor_limit};
