//! Deliveries that a trace leaves out, and the line that stands in their place.
//!
//! A recorder that is told to leave out counts, and remembers which instances may be others than before. The line says
//! what these are now, as a snapshot does, so a replay goes on from there exactly as the bus did. It is written between
//! two inputs, when the queue of the bus is empty, so there is nothing else to tell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{InstanceSnapshot, instance, line};
use crate::automaton::{Automaton, State};
use crate::bus::{Bus, Member, System, Visitor};
use crate::delivery::{Delivery, Incoming, InstanceName, Receiver, Recorder};
use crate::instances::Table;
use crate::record::Outcome;
use crate::secret::{self, Key};

/// What a line calls the source of deliveries that several have caused.
pub const SEVERAL: &str = "several";

/// The line of deliveries that were left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOutLine {
    /// What was left out, and what it came to.
    pub left_out: LeftOut,
}

/// Deliveries that were left out, and what they came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Number of the first of them.
    pub sequence: u64,
    /// How many they are, at least one: the next line has the number `sequence + deliveries`.
    pub deliveries: u64,
    /// The time of the first.
    pub from_ms: u64,
    /// The time that was given to the bus last.
    pub at_ms: u64,
    /// Who has caused them, in the words of the program; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Whether the system has been started.
    pub started: bool,
    /// Number of the next start of a timer.
    pub timer_order: u64,
    /// Instances that existed before and have ended, by automaton. One that was made again is among the instances too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
    /// Instances that exist now and may be others than before: by automaton, in the order of their names; then in the
    /// order of creation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceSnapshot>,
}

/// What a recorder remembers of deliveries that it leaves out.
#[derive(Debug, Default)]
pub struct Span {
    sequence: u64,
    deliveries: u64,
    from_ms: u64,
    source: String,
    /// By automaton, then by label.
    changed: BTreeMap<&'static str, BTreeMap<String, Changed>>,
    instances: usize,
}

/// An instance that may be another than before.
#[derive(Clone, Copy, Debug)]
struct Changed {
    existed_before: bool,
    has_ended: bool,
}

impl Span {
    pub(super) fn add_source(&mut self, source: &str) {
        if self.source.is_empty() {
            source.clone_into(&mut self.source);
        } else if self.source != source {
            SEVERAL.clone_into(&mut self.source);
        }
    }

    /// Deliveries so far.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// Instances that may be others than before. The line grows with their number, so it should be written in time.
    #[must_use]
    pub fn instances(&self) -> usize {
        self.instances
    }

    /// Who has caused them; [`SEVERAL`] if that is not one.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    #[cold]
    #[inline(never)]
    pub(super) fn note<A: Automaton>(&mut self, delivery: &Delivery<'_, A>, key: &Key) {
        if self.deliveries == 0 {
            (self.sequence, self.from_ms) = (delivery.sequence, delivery.at_ms);
        }
        self.deliveries += 1;
        let (Receiver::Of(receiver), Some(after)) = (delivery.receiver, delivery.after) else { return };
        if changes_nothing(delivery) {
            return;
        }
        let label = secret::with_key(key, || InstanceName::new(A::NAME, receiver).to_string());
        let instances = &mut self.instances;
        let changed = self.changed.entry(A::NAME).or_default().entry(label).or_insert_with(|| {
            *instances += 1;
            Changed { existed_before: delivery.before.is_some(), has_ended: false }
        });
        changed.has_ended |= after.is_final();
    }

    fn gone(&self) -> Vec<String> {
        let all = self.changed.values().flatten();
        let gone = all.filter(|(_, changed)| changed.existed_before && changed.has_ended);
        gone.map(|(label, _)| label.clone()).collect()
    }
}

/// Whether the instance is as it was before, in everything that a snapshot shows: as far as a delivery tells, for one
/// that only looks as if something had changed costs no more than its place in the line.
fn changes_nothing<A: Automaton>(delivery: &Delivery<'_, A>) -> bool {
    let Incoming::Event(event) = delivery.incoming else { return delivery.outcome == Outcome::AlreadyThere };
    let is_quiet = match delivery.outcome {
        Outcome::Ignored | Outcome::Unexpected => true,
        // Nothing is left or entered, unless something else follows from it.
        Outcome::Internal => !A::HAS_ALWAYS && delivery.raised.is_empty() && delivery.timers.is_empty(),
        _ => false,
    };
    // One that was kept is kept no more.
    let may_have_been_kept = || A::State::ALL.iter().any(|state| A::defers(*state, event));
    is_quiet
        && delivery.before == delivery.after
        && delivery.variables_before == delivery.variables_after
        && !may_have_been_kept()
}

/// Appends the line of these deliveries, which were the last ones of this bus.
///
/// # Panics
/// If a type of the definitions does not serialise to JSON.
pub fn left_out<S: System, R: Recorder>(bus: &Bus<S, R>, span: &Span, out: &mut Vec<u8>) {
    struct Collect<'a, S: System, R> {
        bus: &'a Bus<S, R>,
        span: &'a Span,
        instances: Vec<InstanceSnapshot>,
    }
    impl<S: System, R> Visitor<S> for Collect<'_, S, R> {
        fn member<A: Automaton>(&mut self)
        where
            S: Member<A>,
        {
            let Some(changed) = self.span.changed.get(A::NAME) else { return };
            let table = Member::<A>::table(&self.bus.system);
            let is_changed = |key| changed.contains_key(&InstanceName::new(A::NAME, key).to_string());
            let slots = table.slots().filter(|slot| is_changed(table.key(*slot)));
            let snapshots = slots.map(|slot| instance::<A, S>(&self.bus.timers, table.key(slot), table.instance(slot)));
            self.instances.extend(snapshots);
        }
    }
    let collected = || {
        let mut collect = Collect { bus, span, instances: Vec::new() };
        S::visit(&mut collect);
        collect.instances
    };
    let instances = match bus.recorder().secret_key() {
        Some(key) => secret::with_key(key, collected),
        None => collected(),
    };
    let left_out = LeftOut {
        sequence: span.sequence,
        deliveries: span.deliveries,
        from_ms: span.from_ms,
        at_ms: bus.now_ms(),
        source: span.source.clone(),
        started: bus.is_started(),
        timer_order: bus.timers.starts(),
        gone: span.gone(),
        instances,
    };
    line(out, &Key::default(), &LeftOutLine { left_out });
}
