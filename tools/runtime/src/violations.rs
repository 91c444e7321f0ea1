//! Which properties are violated.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Serialize, Serializer};

use crate::instances::Serial;

/// A property of an instance: the automaton's index, the instance, the property's index.
pub(crate) type OfInstance = (usize, Serial, usize);

/// A property that an instance violates. Serialises as its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    of: OfInstance,
    name: String,
}

impl Violation {
    /// `name.property` or `name[key].property`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Serialize for Violation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

/// What is violated now.
#[derive(Debug, Default)]
pub(crate) struct Violated {
    all: BTreeMap<OfInstance, String>,
    /// Those that the delivery at hand began, in order.
    begun: Vec<Violation>,
}

impl Violated {
    /// In the order of the automata's names, of creation, and of declaration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.values().map(String::as_str)
    }

    pub fn begun(&self) -> &[Violation] {
        &self.begun
    }

    pub fn clear_begun(&mut self) {
        self.begun.clear();
    }

    /// An ended instance violates nothing.
    pub fn forget(&mut self, automaton: usize, instance: Serial) {
        if !self.all.is_empty() {
            self.all.retain(|&(of, which, _), _| (of, which) != (automaton, instance));
        }
    }

    pub fn note(&mut self, of: OfInstance, is_violated: bool, name: impl FnOnce() -> String) {
        if !is_violated {
            self.all.remove(&of);
        } else if let Entry::Vacant(vacant) = self.all.entry(of) {
            let name = vacant.insert(name()).clone();
            let place = self.begun.partition_point(|earlier| earlier.of < of);
            self.begun.insert(place, Violation { of, name });
        }
    }
}
