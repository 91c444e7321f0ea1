//! What a service knows of itself.

use crate::automata::system::System;
use crate::name::ServiceName;
use crate::world::World;

/// A service.
pub struct Service {
    /// Its name, as in `services/<name>/enabled`.
    pub name: &'static str,
    /// What it is for, in one sentence.
    pub summary: &'static str,
    /// Services that must be on before it.
    pub depends_on: &'static [&'static str],
    /// Begins its work.
    pub start: fn(&mut World, &System),
    /// Ends its work.
    pub stop: fn(&mut World, &System),
}

impl Service {
    /// Its name, as automata carry it.
    #[must_use]
    pub fn service_name(&self) -> ServiceName {
        self.name.parse().expect("the names of the list are names")
    }
}
