//! Which way something goes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which way something goes, as this node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the other.
    Incoming,
    /// From this node.
    Outgoing,
}
