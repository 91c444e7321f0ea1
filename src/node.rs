//! The root of the node's deterministic core.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Somebody waits for the outcome of this request. Numbered by the node, from 1, and never used again in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
