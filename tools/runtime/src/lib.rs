//! What generated automata need to run: the bus, timers, the table of instances, and the record of what happened.
//!
//! It does not depend on any particular automaton. The rules it follows are in `docs/SEMANTICS.md`. Generated code
//! reaches everything it needs through this crate ([`serde`], [`serde_json`] and [`statig`] included), so a program
//! that includes it needs no other dependency.
//!
//! A program makes a [`Bus`] of the generated `System`, starts it, and then makes one of two calls whenever something
//! happens:
//!
//! ```text
//! let mut bus = Bus::new(System::new(Settings::default()));   // or Bus::with_recorder(system, recorder)
//! bus.start(now_ms, &mut host, &mut actions);
//! loop {
//!     // perform and clear `actions`; sleep until the next input or bus.deadline(), whichever is first
//!     bus.receive(now_ms, message, &mut host, &mut actions);  // an input, made by `senders::<part>::<automaton>::<event>`
//!     bus.advance(now_ms, &mut host, &mut actions);           // no input: the deadline has come
//! }
//! ```
//!
//! `host` answers the conditions: it is any type that implements the generated `Conditions` trait of each automaton
//! that has some. Actions are returned as values, in order. The caller gives the time, in milliseconds. Each call
//! returns [`Handled`]: the outcome of the message, and whether anything was unexpected.
//!
//! Every delivery can be recorded: see [`Recorder`], [`Delivery`] (typed; serialises straight to a line of a trace) and
//! [`Record`]. A whole trace, which `automata replay` can run again, is written by [`trace::Trace`].

pub mod automaton;
pub mod bus;
pub mod deferral;
pub mod delivery;
pub mod dynamic;
pub mod generated;
mod handled;
pub mod instances;
mod line;
pub mod metadata;
pub mod opaque;
mod opening;
mod properties;
pub mod record;
pub mod secret;
pub mod timers;
pub mod trace;
pub mod value;
mod violations;

pub use automaton::{Answer, Automaton, Input, Instance, Trigger};
pub use bus::{Bus, Member, Outbox, System};
pub use delivery::{Delivery, Incoming, InstanceName, Off, Receiver, Recorder, Records};
pub use handled::Handled;
pub use instances::{Instances, Single, Slot, StateCounts, StateTable, Table};
pub use record::{Ask, Fault, Outcome, Performed, Raised, Record, Sent};
pub use timers::Timers;
pub use value::{Bytes, Milliseconds};
pub use violations::Violation;

pub use {serde, serde_json, statig};
