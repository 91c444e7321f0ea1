//! What generated modules import, by `use automata_runtime::generated::*`.
//!
//! A glob import yields to whatever a module declares itself, and none of it counts as unused; so the generator need
//! not know which of these a module uses, and no name of a definition can conflict with them.

pub use crate::automaton::{self, Answer, Asked, Effects, Input, Trigger};
pub use crate::bus::{Bus, Member, Origin, Outbox, Visitor};
pub use crate::delivery::{self, InstanceName, Recorder};
pub use crate::instances::{Instances, Parts, Single, Slot, Table as _};
pub use crate::metadata::{AutomatonMetadata, EventMetadata, Place, StateMetadata, TransitionMetadata};
pub use crate::secret::Secret;
pub use crate::value::{Bytes, Faults, Integer, Milliseconds, Never};
pub use serde;
pub use statig::blocking::{self, State as _};
