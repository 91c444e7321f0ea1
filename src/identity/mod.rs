//! Who a node is: its keys, its id, its identity document. Pure: no files, no sockets, no clock.

mod entrypoint;
mod keys;
mod node_id;

pub use entrypoint::{ENTRYPOINT_CHARACTERS, Entrypoint, ParseEntrypointError};
pub use keys::{BadSignature, Domain, IdentityKey, SEED_BYTES, SIGNATURE_BYTES, verify};
pub use node_id::{NODE_ID_BYTES, NodeId, ParseNodeIdError};
