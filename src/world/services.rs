//! What services are doing, and who waits for them. What each *is* only its `local_service` knows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::automata::local_service::State;
use crate::automata::system::System;
use crate::name::ServiceName;

use super::ids::RequestId;

/// What starting or stopping a service came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ServiceResult {
    /// It is on.
    Started,
    /// It is off, and so is what needs it.
    Stopped,
    /// This program was made without it.
    NotInstalled,
    /// Something that it needs is off; it starts once that is on.
    DependsOff,
    /// Its start took too long; it is tried again.
    TimedOut,
}

/// Services and requests that wait for other services to come to rest.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// Requests to be answered, by their service.
    pub requests: BTreeMap<ServiceName, Vec<RequestId>>,
    /// Services that wait for what they depend on.
    pub for_dependencies: BTreeSet<ServiceName>,
    /// Services that start once all is on that they depend on.
    pub until_dependencies: BTreeSet<ServiceName>,
    /// Services that wait for those that depend on them.
    pub for_dependents: BTreeSet<ServiceName>,
}

/// What a service is doing; off if the node has not begun.
#[must_use]
pub fn state(system: &System, name: &str) -> State {
    let instance = name.parse::<ServiceName>().ok().and_then(|name| system.local_service.get(&name));
    instance.map_or(State::Off, |instance| instance.state())
}

/// It is on.
#[must_use]
pub fn is_on(system: &System, name: &str) -> bool {
    state(system, name) == State::On
}
