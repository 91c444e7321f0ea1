//! What a service knows of itself.

use crate::automata::system::System;
use crate::name::ServiceName;
use crate::world::World;

/// A service.
pub struct Service {
    /// Its name, as in `services/<name>/enabled`.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// What it is switched on for: the summary of its setting.
    pub purpose: &'static str,
    /// What is not done while it is off.
    pub while_off: &'static str,
    /// Whether it is on unless the user says otherwise.
    pub is_enabled: bool,
    /// Services that must be on before it.
    pub depends_on: &'static [&'static str],
    /// Begins its work.
    pub start: fn(&mut World, &System),
    /// Ends its work.
    pub stop: fn(&mut World, &System),
    /// Whether it has found out, once it is on, whether it can do what it is for.
    pub is_settled: fn(&System) -> bool,
    /// Why it does not do what it is for although it is on. It stays on, since it tries again by itself.
    pub problem: fn(&World, &System) -> Option<String>,
}

/// What a service need not say. It is on by default, needs no other, does nothing when it starts or stops, and nothing
/// stands in its way.
pub(super) const USUAL: Service = Service {
    name: "",
    summary: "",
    purpose: "",
    while_off: "",
    is_enabled: true,
    depends_on: &[],
    start: |_, _| {},
    stop: |_, _| {},
    is_settled: |_| true,
    problem: |_, _| None,
};

impl Service {
    /// Its name, as automata carry it.
    #[must_use]
    pub fn service_name(&self) -> ServiceName {
        self.name.parse().expect("the names of the list are names")
    }

    /// The path of the setting that says whether it is on.
    #[must_use]
    pub fn setting(&self) -> String {
        format!("services/{}/enabled", self.name)
    }
}
