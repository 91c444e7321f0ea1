//! Sessions that another node carries, as the transport that makes them of a stream sees them.

use std::net::SocketAddr;
use std::pin::Pin;

use super::bulk::BulkStream;
use crate::identity::NodeId;

/// A line that another node is to carry.
pub type OpeningLine = Pin<Box<dyn Future<Output = Result<BulkStream, String>> + Send>>;

/// Who has called by a line that another node carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who has called, as the node says that carries the session.
    pub caller: NodeId,
    /// That node.
    pub through: NodeId,
    /// Its address.
    pub remote: SocketAddr,
}
