//! The *Automata room*: a page that shows automata live, from a trace, or simulated, for any program that can serve it.
//!
//! Three things, all pure: [`ASSETS`], the files of the page; `page`, the page itself; and `definitions`, what the
//! page has to know of the definitions. Who serves them, and where the deliveries come from, is the program's business:
//! the page takes a *source* (`assets/source.js` says what that is). There is no build step, and nothing is loaded from
//! elsewhere.
//!
//! Without the feature `definitions` only [`ASSETS`] is here, and no dependency: a program that serves the room takes
//! what the page has to know from `generated/web/definitions.json`.

mod assets;
#[cfg(feature = "definitions")]
mod automaton;
#[cfg(feature = "definitions")]
mod definitions;
#[cfg(feature = "definitions")]
mod expression;
#[cfg(feature = "definitions")]
mod finding;
#[cfg(feature = "definitions")]
mod page;

pub use assets::{ASSETS, Asset, CONTENT_SECURITY_POLICY, asset};
#[cfg(feature = "definitions")]
pub use automaton::{AutomatonView, EventView, FieldView, StateView, TimerView, TransitionView, VariableView};
#[cfg(feature = "definitions")]
pub use definitions::{Definitions, Pictures, TypeView, definitions, definitions_with, file};
#[cfg(feature = "definitions")]
pub use finding::{Finding, findings};
#[cfg(feature = "definitions")]
pub use page::page;
