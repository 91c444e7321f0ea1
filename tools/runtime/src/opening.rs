//! How a trace begins: what the caller says of a run, and the first lines, for a recorder to write when it will.

use serde::{Deserialize, Serialize};

use crate::secret::Key;

/// What the caller says about a run. It goes into the first line of a trace, with what the bus knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The program and its version: `bitpie 0.1.0`.
    pub program: String,
    /// The network that the node belongs to; may be empty.
    pub network: String,
    /// The node's id; may be empty.
    pub node: String,
    /// The wall clock at 0 ms of the bus: milliseconds since 1970, UTC.
    pub started_unix_ms: u64,
}

/// The first two lines of a trace, as [`Recorder::open`](crate::Recorder::open) gets them.
pub struct Opening<'a>(pub(crate) &'a WriteOpening<'a>);

/// Writes the first lines of a trace: for that program, with secrets under that key.
pub(crate) type WriteOpening<'a> = dyn Fn(&Header, Option<&Key>, &mut Vec<u8>) + 'a;

impl Opening<'_> {
    /// Appends them. Secrets are hidden altogether without a key.
    pub fn write(&self, header: &Header, key: Option<&Key>, out: &mut Vec<u8>) {
        (self.0)(header, key, out);
    }
}
