//! Properties, looked at after every delivery (`docs/SEMANTICS.md`, section 6).
//!
//! A property can change because of its own instance, or, if it looks at states of others, because of a change of such a state. So only
//! these are checked; what is already violated is remembered, and reported once.

use std::collections::BTreeSet;

use super::bus::World;
use super::delivery::{Address, Delivery, Who};
use super::instances::{Data, Entry};
use super::look::Look;
use super::program::Program;
use super::value::Value;
use crate::model::{Automaton, AutomatonId, ExpressionKind, Observed, PropertyKind, StateId};

/// A property of an instance: automaton, number of the instance, index of the property.
pub(super) type OfInstance = (AutomatonId, u64, usize);

/// Properties that look at the states of an automaton, by that automaton: whose they are, and which.
pub(super) fn watching(automata: &[Automaton]) -> Vec<Vec<(AutomatonId, usize)>> {
    let mut watching = vec![Vec::new(); automata.len()];
    for (id, automaton) in (0..).map(AutomatonId).zip(automata) {
        for (index, property) in automaton.properties.iter().enumerate().filter(|(_, of)| of.is_looked_at()) {
            let mut observed = BTreeSet::new();
            property.expression.visit(&mut |part| {
                if let ExpressionKind::InState { who, automaton, .. } = &part.kind
                    && *who != Observed::Itself
                {
                    observed.insert(*automaton);
                }
            });
            observed.into_iter().for_each(|of: AutomatonId| watching[of.index()].push((id, index)));
        }
    }
    watching
}

impl World {
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
            for &(of, index) in &program.watching[automaton.index()] {
                changed.extend(self.tables[of.index()].iter().map(|(number, _)| (of, number, index)));
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
            let mut leaves = table.iter().filter_map(|(_, entry)| entry.leaf);
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
        let mut look = Look { key: key.as_ref(), parameters, variables, in_state: &in_state, divided_by_zero: false };
        let holds = look.value(&property.expression)? == Value::Bool(true) && !look.divided_by_zero;
        Some(holds == (property.kind == PropertyKind::Never))
    }
}
