//! The *Automata room*: a page that shows automata live, from a trace, or simulated, for any program that can serve it.
//!
//! Three things, all pure: [`ASSETS`], the files of the page; [`page`], the page itself; and [`definitions`], what the
//! page has to know of the definitions. Who serves them, and where the deliveries come from, is the program's business:
//! the page takes a *source* (`assets/source.js` says what that is). There is no build step, and nothing is loaded from
//! elsewhere.

mod assets;
mod automaton;
mod definitions;
mod expression;
mod finding;
mod page;

pub use assets::{ASSETS, Asset, CONTENT_SECURITY_POLICY, asset};
pub use automaton::{AutomatonView, EventView, FieldView, StateView, TimerView, TransitionView, VariableView};
pub use definitions::{Definitions, TypeView, definitions};
pub use finding::{Finding, findings};
pub use page::page;
