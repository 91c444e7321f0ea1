//! Putting a system into a situation as a whole: that of a snapshot, or what came of deliveries that nobody tells of.

use std::collections::BTreeSet;

use super::Interpreter;
use super::delivery::Address;
use super::error::Error;
use super::view::Snapshot;

/// Deliveries and starts of timers are counted up to here at most, so no count ever overflows.
const COUNT_LIMIT: u64 = 1 << 63;

/// What a system is after deliveries that are not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meanwhile {
    /// The time that was given last.
    pub now_ms: u64,
    /// How many deliveries there were, all in all.
    pub deliveries: u64,
    /// Number of the next start of a timer.
    pub timer_order: u64,
    /// Instances that have ended.
    pub gone: Vec<Address>,
    /// Instances that may be others than before. Those that exist keep their places in the order of creation; others
    /// come to be in the order given.
    pub instances: Vec<Snapshot>,
}

impl Interpreter {
    /// Puts a system that has not run yet into a situation: that time, that many deliveries, those instances. They come
    /// to be in the order given; the `order` of their timers is that of all of them together, and `timer_order` the
    /// number of the next start, if it is known.
    ///
    /// # Errors
    /// As [`Interpreter::take_over`].
    pub fn resume(
        &mut self,
        now_ms: u64,
        deliveries: u64,
        timer_order: Option<u64>,
        instances: Vec<Snapshot>,
    ) -> Result<(), Error> {
        let last = instances.iter().flat_map(|of| &of.timers).map(|timer| timer.order).max();
        let next = timer_order.unwrap_or_else(|| last.map_or(0, |last| last.saturating_add(1)));
        self.take_over(Meanwhile { now_ms, deliveries, timer_order: next, gone: Vec::new(), instances })
    }

    /// Takes over what came of deliveries that this system has not made: nothing is run, asked or reported.
    ///
    /// # Errors
    /// [`Error::Key`] if an address is none of its automaton; [`Error::NoSuchInstance`] if one that is gone was not
    /// there; [`Error::WrongType`] if a variable or parameter has another type, a state is not a leaf, or something is
    /// there twice; [`Error::TimeBackwards`]. The system may then be anything.
    pub fn take_over(&mut self, meanwhile: Meanwhile) -> Result<(), Error> {
        self.guard()?;
        self.pass(meanwhile.now_ms)?;
        for (what, count) in [("deliveries", meanwhile.deliveries), ("starts of timers", meanwhile.timer_order)] {
            if count > COUNT_LIMIT {
                return Err(wrong(format!("the number of {what}"), "at most 2^63".to_owned(), count.to_string()));
            }
        }
        for address in &meanwhile.gone {
            if self.instance(address).is_none() {
                return Err(Error::NoSuchInstance { instance: address.name(self.system()) });
            }
            self.remove(address);
        }
        let mut seen = BTreeSet::new();
        for snapshot in &meanwhile.instances {
            self.check_snapshot(snapshot)?;
            let name = snapshot.address.name(self.system());
            // Others take its place, or the same ones.
            self.bus.stop_timers(&snapshot.address);
            if !seen.insert(name.clone()) {
                return Err(twice(format!("a list of instances with {name}")));
            }
        }
        let mut orders = self.bus.timers.orders();
        for snapshot in &meanwhile.instances {
            let name = || snapshot.address.name(self.system());
            let mut timers = snapshot.timers.iter();
            if timers.any(|timer| !orders.insert(timer.order)) {
                return Err(twice(format!("the orders of the timers of {}", name())));
            }
            if let Some(later) = snapshot.timers.iter().find(|timer| timer.order >= meanwhile.timer_order) {
                let expected = format!("a number below {}, the next one", meanwhile.timer_order);
                return Err(wrong(format!("the order of a timer of {}", name()), expected, later.order.to_string()));
            }
        }
        if meanwhile.timer_order < self.bus.timers.starts() {
            let what = "the number of the next start of a timer".to_owned();
            let expected = format!("at least {}", self.bus.timers.starts());
            return Err(wrong(what, expected, meanwhile.timer_order.to_string()));
        }
        self.bus.sequence = meanwhile.deliveries;
        for snapshot in meanwhile.instances {
            self.bus.restore(snapshot, true);
        }
        self.bus.timers.continue_at(meanwhile.timer_order);
        self.bus.take_properties_as_they_are(&self.program);
        Ok(())
    }
}

fn twice(what: String) -> Error {
    wrong(what, "each once".to_owned(), "one twice".to_owned())
}

fn wrong(what: String, expected: String, got: String) -> Error {
    Error::WrongType { what, expected, got }
}
