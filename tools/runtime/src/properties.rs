//! Properties, looked at after every delivery (`docs/SEMANTICS.md`, section 6), if the generator was asked for it.
//!
//! A property can change by what its own instance did, and, where it looks at states of others, by a change of such a
//! state. So only these are looked at; what is violated already is remembered, and is told once.

use crate::automaton::{Automaton, State};
use crate::bus::{Bus, Member, System};
use crate::delivery::{InstanceName, Recorder};
use crate::instances::{Slot, Table};

impl<S: System, R: Recorder> Bus<S, R> {
    /// The properties that are violated now, as `name.property` or `name[key].property`, in the order of the automata's
    /// names, of the instances' creation, and of declaration. Empty if the Rust was generated without looking at
    /// properties.
    pub fn violated(&self) -> impl Iterator<Item = &str> {
        self.violated.names()
    }

    /// Looks at what a delivery to that instance may have changed.
    pub(crate) fn look_at_properties<A: Automaton>(&mut self, slot: Slot, before: Option<A::State>, after: A::State)
    where
        S: Member<A>,
    {
        self.violated.clear_begun();
        if after.is_final() {
            let ended = self.system().table().serial(slot);
            self.violated.forget(<S as Member<A>>::INDEX, ended);
        } else {
            (0..A::PROPERTIES.len()).for_each(|property| self.look_at::<A>(slot, property));
        }
        if before != Some(after) {
            S::look_at_watchers(self, <S as Member<A>>::INDEX);
        }
    }

    /// Looks at these properties of every instance. Called by [`System::look_at_watchers`] only.
    pub fn look_at_all<A: Automaton>(&mut self, properties: &[usize])
    where
        S: Member<A>,
    {
        let slots: Vec<Slot> = self.system().table().slots().collect();
        for slot in slots {
            if !self.system().table().instance(slot).state().is_final() {
                properties.iter().for_each(|&property| self.look_at::<A>(slot, property));
            }
        }
    }

    fn look_at<A: Automaton>(&mut self, slot: Slot, property: usize)
    where
        S: Member<A>,
    {
        let Self { system, violated, .. } = self;
        let table = Member::<A>::table(&*system);
        let of = (<S as Member<A>>::INDEX, table.serial(slot), property);
        let name = || format!("{}.{}", InstanceName::new(A::NAME, table.key(slot)), A::PROPERTIES[property]);
        violated.note(of, system.violates(slot, property), name);
    }
}
