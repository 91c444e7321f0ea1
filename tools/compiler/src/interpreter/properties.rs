//! Properties, looked at after every delivery (`docs/SEMANTICS.md`, section 6).
//!
//! A property can change because of its own instance, or, if it looks at states of others, because of a change of such
//! a state. So only these are checked; what is already violated is remembered, and reported once.

use std::collections::BTreeSet;

use super::bus::Bus;
use super::delivery::{Address, Delivery, Who};
use super::instances::{Data, Entry};
use super::look;
use super::program::Program;
use super::value::Value;
use super::watchers::{Instances, OfInstance, StateLook};
use crate::model::{AutomatonId, PropertyKind, StateId};

impl Bus {
    /// Checks what may have changed in a delivery to that instance, and notes what is violated now and was not before.
    pub fn look_at_properties(
        &mut self,
        program: &Program,
        automaton: AutomatonId,
        number: u64,
        delivery: &mut Delivery,
    ) {
        let own = program.system.automata[automaton].properties.iter().enumerate().filter(|(_, of)| of.is_looked_at());
        let mut changed: BTreeSet<OfInstance> = own.map(|(index, _)| (automaton, number, index)).collect();
        if delivery.before != delivery.after {
            for watcher in &program.watching[automaton.index()] {
                let looks = watcher.looks.iter().filter(|look| self.may_change(program, look, delivery));
                let (own_key, others): (Vec<&StateLook>, Vec<&StateLook>) =
                    looks.partition(|look| look.at == Instances::OfOwnKey);
                let table = &self.tables[watcher.of.index()];
                if !others.is_empty() {
                    changed.extend(table.iter().map(|(number, _)| (watcher.of, number, watcher.property)));
                } else if !own_key.is_empty() {
                    let same_key = table.number(delivery.address.key.as_ref());
                    changed.extend(same_key.map(|number| (watcher.of, number, watcher.property)));
                }
            }
        }
        for of in changed {
            match self.is_violated(program, of) {
                Some(true) if self.violated.insert(of) => delivery.violated.extend(self.named(of)),
                Some(true) => {}
                Some(false) | None => {
                    self.violated.remove(&of);
                }
            }
        }
    }

    /// Whether a delivery that changed the state of its instance may have changed what is seen.
    fn may_change(&self, program: &Program, look: &StateLook, delivery: &Delivery) -> bool {
        let id = delivery.address.automaton.index();
        let (table, plan) = (&self.tables[id], &program.plans[id]);
        let is_in = |leaf: StateId| plan.is_in(leaf, look.state) != (look.at == Instances::All);
        // A final state is in no table.
        let exists = table.number(delivery.address.key.as_ref()).is_some();
        let (before, after) = (delivery.before.is_some_and(is_in), exists && delivery.after.is_some_and(is_in));
        if before == after {
            return false;
        }
        match look.at {
            Instances::Some | Instances::OfOwnKey => true,
            Instances::Any | Instances::All => {
                let count: u64 = table.leaves().filter(|(leaf, _)| is_in(*leaf)).map(|(_, count)| count).sum();
                count <= 1
            }
        }
    }

    /// Remembers what is violated now, without reporting it: after instances were put into situations.
    pub fn take_properties_as_they_are(&mut self, program: &Program) {
        let mut all = BTreeSet::new();
        for (id, automaton) in (0..).map(AutomatonId).zip(&program.system.automata) {
            for (index, _) in automaton.properties.iter().enumerate().filter(|(_, of)| of.is_looked_at()) {
                all.extend(self.tables[id.index()].iter().map(|(number, _)| (id, number, index)));
            }
        }
        self.violated = all.into_iter().filter(|&of| self.is_violated(program, of) == Some(true)).collect();
    }

    fn named(&self, (automaton, number, index): OfInstance) -> Option<(Address, usize)> {
        let key = self.tables[automaton.index()].get(number)?.key.clone();
        Some((Address { automaton, key }, index))
    }

    /// `None` if the instance does not exist, or is being started.
    fn is_violated(&self, program: &Program, (automaton, number, index): OfInstance) -> Option<bool> {
        let entry = self.tables[automaton.index()].get(number)?;
        let (Entry { key, leaf: Some(leaf), .. }, Data { parameters, variables, .. }) = (entry, entry.data.as_deref()?)
        else {
            return None;
        };
        let property = &program.system.automata[automaton].properties[index];
        let in_state = |who: Who, of: AutomatonId, state: StateId| {
            let (table, plan) = (&self.tables[of.index()], &program.plans[of.index()]);
            let is_in = |leaf: Option<StateId>| leaf.is_some_and(|leaf| plan.is_in(leaf, state));
            let mut leaves = table.leaves().map(|(leaf, _)| leaf);
            let of_key = |key| table.number(key).and_then(|number| table.get(number)).and_then(|entry| entry.leaf);
            Some(match who {
                Who::Itself => is_in(Some(*leaf)),
                Who::One => is_in(of_key(None)),
                Who::Keyed(key) => is_in(of_key(Some(&key))),
                Who::Any => leaves.any(|leaf| plan.is_in(leaf, state)),
                Who::All => leaves.all(|leaf| plan.is_in(leaf, state)),
                Who::No => !leaves.any(|leaf| plan.is_in(leaf, state)),
            })
        };
        let mut look =
            look::Look { key: key.as_ref(), parameters, variables, in_state: &in_state, divided_by_zero: false };
        let holds = look.value(&property.expression)? == Value::Bool(true) && !look.divided_by_zero;
        Some(holds == (property.kind == PropertyKind::Never))
    }
}
