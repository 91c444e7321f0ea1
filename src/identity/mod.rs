//! Who a node is: its keys, its id, its identity document. Pure: no files, no sockets, no clock.

mod node_id;

pub use node_id::{NodeId, ParseNodeIdError};
