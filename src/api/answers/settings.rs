//! Settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `config.list`: every setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// By path.
    pub settings: Vec<Setting>,
}

/// A setting; the answer to `config.get` and `config.set` too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// Its path: `services/tcp-transport/port`.
    pub path: String,
    /// What it is set to.
    pub value: Value,
    /// What it is if nobody sets it.
    pub default: Value,
    /// Whether somebody has set it.
    pub is_set: bool,
    /// What may stand there: `port`, `true or false`, `duration`.
    pub kind: String,
    /// What it does, in one sentence.
    pub summary: String,
    /// Whether it counts from the node's next start only.
    pub needs_restart: bool,
}
