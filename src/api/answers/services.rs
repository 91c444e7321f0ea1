//! Services.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::ServiceName;
use crate::world::services::ServiceResult;

/// `service.list`: the services of this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Services {
    /// In the order in which they are started.
    pub services: Vec<Service>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Which.
    pub name: ServiceName,
    /// What it is for, in one sentence.
    pub summary: String,
    /// The state of its `local_service`.
    pub state: String,
    /// Whether the user wants it: `services/<name>/enabled`.
    pub enabled: bool,
    /// Why it is not on, if it should be.
    pub problem: Option<String>,
    /// What has to be on before it.
    pub depends_on: Vec<ServiceName>,
    /// What needs it.
    pub dependents: Vec<ServiceName>,
}

/// `service.start`, `service.stop`, `service.enable`, `service.disable`: what it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceChange {
    /// Which service.
    pub name: ServiceName,
    /// What it came to.
    #[serde(with = "crate::words::in_json")]
    #[schemars(with = "String")]
    pub result: ServiceResult,
    /// Whether the user wants it, from now on.
    pub enabled: bool,
    /// Why, if it is not what was asked for; of a service that is on, what keeps it from doing what it is for.
    pub why: Option<String>,
    /// Services that need it, are wanted by the settings, and are still off; a start of this one does not start them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still_off: Vec<ServiceName>,
}
