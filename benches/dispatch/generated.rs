//! The machines that `build.rs` made from `benches/automata/`, driven without a bus: selection, transition, exits and
//! entries.

/// What the generated code refers to.
#[allow(dead_code, missing_docs, reason = "the benchmark uses a part of what is generated")]
pub mod automata {
    include!(concat!(env!("OUT_DIR"), "/automata/mod.rs"));
}

use automata_runtime::automaton::{Asked, Effects};
use automata_runtime::instances::Parts;
use automata_runtime::{Answer, Trigger};

use crate::hand;

macro_rules! machine {
    ($(#[$doc:meta])* $name:ident, $module:ident) => {
        $(#[$doc])*
        pub struct $name {
            instance: automata::$module::Instance,
            effects: Effects<automata::$module::Machine>,
            asked: Asked<automata_runtime::value::Never>,
        }

        impl $name {
            pub fn new() -> Self {
                let (mut effects, mut asked) = (Effects::default(), Asked::default());
                let instance = automata::$module::create(&(), (), &mut effects, &mut asked);
                Self { instance, effects, asked }
            }

            /// The same event, as this machine calls it.
            pub fn event(event: hand::Event) -> automata::$module::Event {
                match event {
                    hand::Event::Tick => automata::$module::Event::Tick,
                    hand::Event::RootTick => automata::$module::Event::RootTick,
                    hand::Event::Sibling => automata::$module::Event::Sibling,
                    hand::Event::Far => automata::$module::Event::Far,
                    hand::Event::Report => automata::$module::Event::Report,
                }
            }

            #[inline]
            pub fn handle(&mut self, event: &automata::$module::Event) -> Answer {
                let Self { instance, effects, asked } = self;
                automata::$module::step(Parts { key: &(), instance, effects, asked }, Trigger::Event(event))
            }

            /// How many actions there were.
            pub fn actions(&self) -> usize {
                self.effects.actions.len()
            }

            /// Ticks, states entered, states left.
            pub fn counters(&self) -> (u64, u64, u64) {
                let variables = &self.instance.variables;
                (variables.count, variables.entered, variables.left)
            }
        }
    };
}

machine!(
    /// Leaves at depth 1.
    Depth1, depth_1
);
machine!(
    /// Leaves at depth 3.
    Depth3, depth_3
);
machine!(
    /// Leaves at depth 6.
    Depth6, depth_6
);
